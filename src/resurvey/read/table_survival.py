"""Rows that complete a median of time to event in the same column: quartiles, events, patients censored."""

from __future__ import annotations

import re
from collections.abc import Iterable

from resurvey.read.normal import plain
from resurvey.read.table_found import Found
from resurvey.read.table_places import Layout, Row
from resurvey.read.word_lists import TIME_TO_EVENT, endpoints_in

_OF = r"(?:\s?(?:%|per ?cent))?(?:th|st|rd)?(?:[- ]?(?:percentile|quartile|quantile))?"
LOWER = re.compile(rf"(?:0?\.25|25{_OF}|Q1|(?:lower|first|1st) quartile)", re.IGNORECASE)
UPPER = re.compile(rf"(?:0?\.75|75{_OF}|Q3|(?:upper|third|3rd) quartile)", re.IGNORECASE)
BOTH = re.compile(
    r"(?:\bQ1|\b25(?:th)?\s?%?)\s?(?:[-,;/]|to|and)\s?(?:Q3|75(?:th)?\s?%?)|\bIQR\b|"
    r"\bquartiles\b|\binterquartile range\b",
    re.IGNORECASE,
)
# A label without its endpoint, unit and the interval it is printed with: `25 % quartile (95 % CI), months`.
SPARE = re.compile(
    r"[(\[][^()\[\]]*(?:C\.?I\b|confidence|months?|weeks?|days?|years?)[^()\[\]]*[)\]]|,?\s?95\s?% ?CI\b|"
    r"[,\s]\s?(?:in )?(?:months|weeks|days|years|mo)\b|\b(?:PFS|OS|DFS|EFS|survival|time)\b",
    re.IGNORECASE,
)
CENSORED = re.compile(
    r"(?:(?:no\.?|number|patients|pts|subjects)(?: of)?(?: patients| subjects)? |"
    r"patients |n )?censored(?: patients| observations)?|"
    r"(?:patients |subjects )?without (?:an )?event",
    re.IGNORECASE,
)
EVENTS = re.compile(
    r"(?:(?:no\.?|number|patients|total)(?: of)? |patients with (?:an )?|n )?(?:events?|deaths)(?: observed)?",
    re.IGNORECASE,
)
NOTATION = re.compile(
    r"[,;:]?\s?(?:\b(?:n|no\.?|number)\s?)?[(\[]\s?(?:%|n|no\.?|per ?cent)\s?[)\]]|,\s?(?:n|no\.?|%)\s*$", re.IGNORECASE
)


def quartiles_of(row: Row) -> tuple[str, ...]:
    """Columns of a median that a row of quartiles fills, in the order of its numbers; empty for any other row."""
    label = _bare(row.label)
    if BOTH.search(label) and not re.search(r"\bmedian|\bmean", label, re.IGNORECASE):
        return ("lower_quartile", "upper_quartile")
    return ("lower_quartile",) if LOWER.fullmatch(label) else ("upper_quartile",) if UPPER.fullmatch(label) else ()


def is_quartiles(layout: Layout, row: Row) -> bool:
    """Whether a row prints quartiles of a time to event named by its label, its sections or the caption."""
    return bool(quartiles_of(row)) and _of_time(row.path, layout.table.caption)


def join(layout: Layout, found: Iterable[Found]) -> None:
    """Give the medians of time to event their quartiles, events and censored patients, where the table has the rows."""
    held = list(found)
    medians = [one for one in held if one.kind == "median" and one.cells.get("endpoint") in TIME_TO_EVENT]
    for row in layout.rows:
        if is_quartiles(layout, row):
            _give_quartiles(row, medians)
    for one in held:
        name = _counted(one)
        target = _median_of(one.row, one.column, medians) if name else None
        if target is not None:
            target.cells.setdefault(name, one.cells["n"])


def _give_quartiles(row: Row, medians: list[Found]) -> None:
    names = quartiles_of(row)
    for c, place in row.cells.items():
        target = _median_of(row, c, medians)
        numbers = place.value.numbers
        if target is None or len(numbers) < len(names):
            continue
        for name, number in zip(names, numbers, strict=False):
            target.cells[name] = number.text
            target.numbers.append((place, number))


def _median_of(row: Row, column: int, medians: list[Found]) -> Found | None:
    """The one median of a row's column under the same sections, or of the endpoint that the row names."""
    named = {name for *_, name in endpoints_in(row.path) if name in TIME_TO_EVENT}
    near = [
        one
        for one in medians
        if one.column == column
        and (one.row.section == row.section or one.row.section[: len(row.section)] == row.section or named)
        and (not named or one.cells["endpoint"] in named)
    ]
    return near[0] if len(near) == 1 else None


def _counted(one: Found) -> str:
    """`censored` or `events` if a row counts these."""
    if one.kind != "proportion" or not one.cells.get("n", "").isdigit():
        return ""
    label = _bare(NOTATION.sub("", one.row.label))
    return "censored" if CENSORED.fullmatch(label) else "events" if EVENTS.fullmatch(label) else ""


def _of_time(*texts: str) -> bool:
    return any(name in TIME_TO_EVENT for text in texts for *_, name in endpoints_in(text))


def _bare(label: str) -> str:
    return " ".join(SPARE.sub(" ", plain(label)).split()).strip(" ,;:-")
