"""Times to an event that are not called medians: `PFS (5.4 v 3.0 months)`."""

from __future__ import annotations

import re

from resurvey.read.grammar import Found, cells_of, interval_after, take, words_before
from resurvey.read.lexer import Line
from resurvey.read.rules import TextRule
from resurvey.read.text_times import AT, CHANGED, HOW_MUCH, OR_MORE
from resurvey.read.word_lists import TIME_TO_EVENT, UNITS, endpoints_in, time_unit


def times_alone(line: Line) -> list[Found]:
    """Times to an event that are not called medians: `PFS (5.4 v 3.0 months)`."""
    found: list[Found] = []
    if "mean" in line.lower():
        return found
    for i in line.free():
        token = line.tokens[i]
        before = words_before(line, i, 1)
        unit = token.unit if token.unit in UNITS else _unit_of_list(line, i)
        if token.used or not unit or token.op or (before and before[0] in AT):
            continue
        limit = any(t.kind in ("level", "ci") for t in line.tokens[max(0, i - 4) : i])
        if limit or HOW_MUCH.match(line.text, token.end):
            continue
        if "." not in token.value and not _said_of_endpoint(line, i, found):
            continue
        if CHANGED.search(line.text[max(0, token.start - 120) : token.start].lower()) and before[0] not in (
            "to",
            "from",
        ):
            continue
        reach = 150 if before[:1] == ["("] and ";" not in line.text[max(0, token.start - 150) : token.start] else 70
        near = [name for _, end, name in endpoints_in(line.text) if 0 <= token.start - end < reach]
        timed = [name for name in near if name in TIME_TO_EVENT]
        if not timed and not found:
            continue
        if not timed and line.tokens[found[-1].tokens[-1]].end + 40 < token.start:
            continue
        interval = interval_after(line, i)
        limits = (interval.low, interval.high) if interval else ()
        name = timed[-1] if timed else found[-1].cells["endpoint"]
        cells = {"endpoint": name, "value": token.printed, "unit": unit} | cells_of(interval, unit=token.unit)
        found.append(
            Found(
                "median",
                cells,
                take(line, i, *limits),
                TextRule.TIME_ALONE,
                ["the paper does not call it a median here"],
            )
        )
    return found


def _said_of_endpoint(line: Line, i: int, found: list[Found]) -> bool:
    """`PFS was 11 months for A and 9 months for B`: a whole number directly after its endpoint, or joined to such."""
    token = line.tokens[i]
    if found and JOINED_TIME.search(line.text[line.tokens[found[-1].tokens[-1]].end : token.start]):
        return True
    named = [end for _, end, name in endpoints_in(line.text[: token.start]) if name in TIME_TO_EVENT]
    return (
        bool(named)
        and SAID.fullmatch(line.text[named[-1] : token.start]) is not None
        and not OR_MORE.match(line.text, token.end)
    )


SAID = re.compile(r"(?: times?)?(?: \([A-Z]{2,5}\))? (?:was|were|being) (?:only )?(?:\d{1,2} (?:and|v|vs\.?|versus) )?")
JOINED_TIME = re.compile(
    r"^\s?(?:months|weeks|years|days)?(?: (?:for|in|with) [^,;:()\d]{1,40}?)? "
    r"(?:and|v|vs\.?|versus|compared (?:with|to)) $"
)


def _unit_of_list(line: Line, i: int) -> str:
    """The unit printed with a later value of a list: `3.5 (95% CI 2.8-4.3) v 12.7 (95% CI 6.9-18.4) months`."""
    if line.tokens[i].unit or interval_after(line, i, bare=False) is None:
        return ""
    return next((t.unit for t in line.tokens[i + 1 : i + 16] if t.kind == "num" and t.unit in UNITS), "") or next(
        (unit for t in line.tokens[i + 1 : i + 16] if t.kind == "word" and (unit := time_unit(t.text))), ""
    )
