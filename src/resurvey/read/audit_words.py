"""Checks needed for drafts but not for confirmed rows: reversed limits, near repeats, broken numbers."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence

from resurvey.read.normal import plain
from resurvey.read.objects import Document, Draft, Finding
from resurvey.read.sentences import split
from resurvey.read.slips import one_slip

BROKEN = re.compile(
    r"(?<![\w./:-])(?:\d{1,4}\.\d{1,4}\.\d{1,4}|\d{1,3}\.\d{1,4}-\d{1,3}-\d{1,3}|"
    r"\d{1,3}-\d{1,3}\.\d{1,4}-\d{1,3}(?:\.\d{1,4})?)(?![\w./:-])"
)
DAY = re.compile(r"(?:0?[1-9]|[12]\d|3[01])\.(?:0?[1-9]|1[0-2])\.(?:19|20)?\d{2}")
VERSION = re.compile(
    r"\b(?:version|ver\.?|v\.?|release|SAS|SPSS|R|Stata|software|Python|ICD|NCT|doi|package)\b", re.IGNORECASE
)
RESULT = re.compile(r"\b(?:HR|OR|RR|CI|median|ratio|months|years|survival|response)\b|%")


def _number(text: str) -> float | None:
    body = text.lstrip("<>≤≥~")
    try:
        return float(body)
    except ValueError:
        return None


# Tables whose values no audit rule compares with their limits; ranges of medians are not compared either.
OWN_LIMITS = ("survival_rates", "follow_up", "proportions", "differences")


def reversed_limits(drafts: Iterable[Draft]) -> list[Finding]:
    """Find limits in the wrong order, and values outside their limits, in rows that the audit rules do not check.

    A decrease of 2.5 with limits -5 and 0 counts as inside its limits.
    """
    found = []
    for draft in drafts:
        for low_name, high_name in (("lower", "upper"), ("range_lower", "range_upper")):
            low, high = _number(draft.cells.get(low_name, "")), _number(draft.cells.get(high_name, ""))
            if low is None or high is None:
                continue
            value = _number(draft.cells.get("value", "") or draft.cells.get("percent", ""))
            own = draft.cells.get("value") or draft.cells.get("percent", "")
            printed = f"{own} ({draft.cells[low_name]}-{draft.cells[high_name]})".strip()
            if low > high:
                found.append(
                    _one(
                        "limits",
                        "impossible",
                        draft,
                        printed,
                        "",
                        f"the lower limit {draft.cells[low_name]} exceeds the upper {draft.cells[high_name]}",
                    )
                )
            elif (
                value is not None
                and (
                    draft.table in OWN_LIMITS
                    or (draft.table == "medians" and low_name == "range_lower")
                    or (draft.table == "quantities" and draft.claim.rule.startswith("text"))
                )
                and not any(low - 1e-9 <= one <= high + 1e-9 for one in (value, -value))
                and not draft.cells.get("total")
            ):
                found.append(
                    _one(
                        "limits",
                        "impossible",
                        draft,
                        printed,
                        "",
                        f"{draft.cells.get('value') or draft.cells.get('percent')} "
                        f"lies outside {draft.cells[low_name]} to {draft.cells[high_name]}",
                    )
                )
    return found


def _one(rule: str, verdict: str, draft: Draft, reported: str, recomputed: str, words: str) -> Finding:
    return Finding(rule, verdict, "major", (draft.claim_id,), (draft.cells["locator"],), reported, recomputed, words)


FIELDS = {"hazard_ratios": ("value", "lower", "upper", "p"), "medians": ("value", "lower", "upper")}


def repeats(drafts: Sequence[Draft]) -> list[Finding]:
    """Find a ratio or median printed in two places with all numbers but one identical."""
    found: list[Finding] = []
    for table, fields in FIELDS.items():
        rows = [
            d
            for d in drafts
            if d.table == table
            and sum(bool(d.cells.get(f)) for f in fields) == len(fields)
            and not d.cells.get("cited")
        ]
        groups: dict[tuple[str, ...], list[Draft]] = defaultdict(list)
        for draft in rows:
            for left in range(len(fields)):
                rest = tuple(draft.cells[f] for k, f in enumerate(fields) if k != left)
                groups[
                    (table, fields[left], draft.cells.get("endpoint", ""), draft.cells.get("measure", ""), *rest)
                ].append(draft)
        for (_, field, *_rest), group in groups.items():
            found += _differ(field, group, fields)
    return found


# Sections that repeat results. Two different results in the body of a paper may well share most numbers.
SUMMARY = re.compile(r"abstract|legend|discussion|conclusion|summary", re.IGNORECASE)


def _differ(field: str, group: list[Draft], fields: tuple[str, ...]) -> list[Finding]:
    values = {draft.cells[field] for draft in group}
    places = {draft.cells["locator"] for draft in group}
    if len(values) != 2 or len(places) < 2 or len(fields) < 3:
        return []
    summed = {SUMMARY.search(place) is not None for place in places} == {True, False}
    if len({draft.cells.get("population", "") for draft in group} - {""}) > 1:
        return []
    first, second = group[0], next(d for d in group if d.cells[field] != group[0].cells[field])
    a, b = first.cells[field], second.cells[field]
    slip = one_slip(a, b)
    if (
        not (slip and summed if len(fields) == 3 else slip or summed)
        or same_rounded(a, b)
        or (
            first.claim.spans[0].block.split(".")[0] == second.claim.spans[0].block.split(".")[0]
            and first.claim.spans[0].block.startswith("t")
        )
    ):
        return []
    shown = f"{field} {a} and {b}, beside {', '.join(first.cells[f] for f in fields if f != field)}"
    return [
        Finding(
            "repeat",
            "conflict",
            "major",
            (first.claim_id, second.claim_id),
            (first.cells["locator"], second.cells["locator"]),
            shown,
            "",
            f"the same numbers are printed with {field} {a} in one place and {b} in the other",
        )
    ]


def same_rounded(a: str, b: str) -> bool:
    """Whether one printed number may be the rounded form of the other."""
    if a[:1] in "<>≤≥" or b[:1] in "<>≤≥":
        low, plain_one = (a, b) if a[:1] in "<>≤≥" else (b, a)
        limit, value = _number(low), _number(plain_one)
        return (
            limit is None
            or value is None
            or plain_one[:1] in "<>≤≥"
            or (value <= limit if low[:1] in "<≤" else value >= limit)
        )
    first, second = _number(a), _number(b)
    if first is None or second is None:
        return True
    digits = min(len(x.partition(".")[2]) for x in (a, b))
    return abs(first - second) <= 0.5 * 10.0**-digits + 1e-9 and len(a) != len(b)


def response_sums(drafts: Sequence[Draft]) -> list[Finding]:
    """Check that complete and partial responses add up to the responders, within one column of one table."""
    columns: dict[tuple[str, str], dict[str, list[Draft]]] = defaultdict(lambda: defaultdict(list))
    for draft in drafts:
        cells = draft.cells
        if (
            draft.table == "proportions"
            and draft.claim.rule.startswith("table")
            and cells.get("endpoint") in ("CR", "PR", "ORR")
            and cells.get("n", "").isdigit()
        ):
            block = draft.claim.spans[0].block
            columns[(block.split(".")[0], block.rpartition(".")[2])][cells["endpoint"]].append(draft)
    found = []
    for group in columns.values():
        if all(len(group[name]) == 1 for name in ("CR", "PR", "ORR")):
            cr, pr, orr = (group[name][0] for name in ("CR", "PR", "ORR"))
            added = int(cr.cells["n"]) + int(pr.cells["n"])
            if added != int(orr.cells["n"]) and cr.cells.get("total") == pr.cells.get("total") == orr.cells.get(
                "total"
            ):
                words = f"{cr.cells['n']} complete and {pr.cells['n']} partial responses are {added}"
                words += f", printed {orr.cells['n']}"
                ids = (cr.claim_id, pr.claim_id, orr.claim_id)
                found.append(
                    Finding(
                        "response-sum",
                        "discrepant",
                        "major",
                        ids,
                        (orr.cells["locator"],),
                        f"{cr.cells['n']} + {pr.cells['n']} = {orr.cells['n']}",
                        str(added),
                        words,
                    )
                )
    return found


def broken_numbers(document: Document) -> list[Finding]:
    """Find numbers with two decimal points or two dashes beside a result: misprints that no row can represent."""
    found = [*_broken_cells(document)]
    for paragraph in document.paragraphs:
        text = plain(paragraph.text)
        for start, end in split(text):
            sentence = text[start:end]
            for match in BROKEN.finditer(sentence):
                near = sentence[max(0, match.start() - 60) : match.end() + 60]
                if RESULT.search(near) and not VERSION.search(near) and not DAY.fullmatch(match.group()):
                    found.append(
                        Finding(
                            "broken-number",
                            "impossible",
                            "minor",
                            (),
                            (paragraph.locator,),
                            match.group(),
                            "",
                            f"{match.group()} is neither a number nor a range",
                        )
                    )
    return found


def _broken_cells(document: Document) -> Iterator[Finding]:
    """Find numbers with two decimal points in the body of a table."""
    for table in document.tables:
        for row in table.grid[max(1, table.heads) :]:
            for cell in row[1:]:
                for match in BROKEN.finditer(plain(cell.text)) if cell is not None else ():
                    if match.group().count(".") == 2 and not DAY.fullmatch(match.group()):
                        yield Finding(
                            "broken-number",
                            "impossible",
                            "minor",
                            (),
                            (table.locator,),
                            match.group(),
                            "",
                            f"{match.group()} is neither a number nor a range",
                        )
