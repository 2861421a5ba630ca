"""Checks needed for drafts but not for confirmed rows: reversed limits, broken numbers."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace

from resurvey.read.draft_places import column_of, position_of
from resurvey.read.normal import plain
from resurvey.read.objects import Document, Doubt, Draft, Finding
from resurvey.read.sentences import split
from resurvey.read.slips import number_in

BROKEN = re.compile(
    r"(?<![\w./:-])(?:\d{1,4}\.\d{1,4}\.\d{1,4}|\d{1,3}\.\d{1,4}-\d{1,3}-\d{1,3}|"
    r"\d{1,3}-\d{1,3}\.\d{1,4}-\d{1,3}(?:\.\d{1,4})?)(?![\w./:-])"
)
# `00.1`, `07.5`: no clock time, which has two digits on both sides.
ZEROS = re.compile(r"(?<![\w./:,-])0\d+\.(?:\d|\d{3})(?![\w./:])")
# Limits without signs, the first after the second.
TURNED = re.compile(
    r"\b(?:CI|confidence intervals?)\b[^\w.-]{0,4}(?P<low>\d{1,4}\.\d+) ?%?(?: ?- ?| to |[,;] )"
    r"(?P<high>\d{1,4}\.\d+)(?![\d.])|"
    r"\b(?:IQR|(?:interquartile )?range)[,:=]? (?P<least>\d{1,4}(?:\.\d+)?) ?%?(?: ?- ?| to |[,;] )"
    r"(?P<most>\d{1,4}(?:\.\d+)?)(?![\d.%-])"
)
DAY = re.compile(r"(?:0?[1-9]|[12]\d|3[01])\.(?:0?[1-9]|1[0-2])\.(?:19|20)?\d{2}")
VERSION = re.compile(
    r"\b(?:version|ver\.?|v\.?|release|SAS|SPSS|R|Stata|software|Python|ICD|NCT|doi|package)\b", re.IGNORECASE
)
RESULT = re.compile(r"\b(?:HR|OR|RR|CI|median|ratio|months|years|survival|response)\b|%")


# Tables whose values no audit rule compares with their limits; ranges of medians are not compared either.
OWN_LIMITS = ("survival_rates", "follow_up", "proportions", "differences")


def reversed_limits(drafts: Sequence[Draft]) -> list[Finding]:
    """Find limits in the wrong order, and values outside their limits, in rows that the audit rules do not check.

    A decrease of 2.5 with limits -5 and 0 counts as inside its limits, but not in a table that prints its signs.
    """
    found = []
    signs = Counter(
        _block(draft) for draft in drafts if draft.cells.get("value", draft.cells.get("percent", ""))[:1] == "-"
    )
    turned = Counter(_block(draft) for draft in drafts if _turned(draft))
    for draft in drafts:
        signed = _block(draft) != "" and signs[_block(draft)] >= SIGNED and turned[_block(draft)] == 1
        for low_name, high_name in (("lower", "upper"), ("range_lower", "range_upper")):
            low, high = number_in(draft.cells.get(low_name, "")), number_in(draft.cells.get(high_name, ""))
            if low is None or high is None:
                continue
            value = number_in(draft.cells.get("value", "") or draft.cells.get("percent", ""))
            own = draft.cells.get("value") or draft.cells.get("percent", "")
            printed = f"{own} ({draft.cells[low_name]}-{draft.cells[high_name]})".strip()
            if low > high and (own or draft.table not in ("proportions", "quantities")):
                found.append(
                    _one(
                        "limits",
                        "impossible",
                        draft,
                        printed,
                        "",
                        f"the lower limit {draft.cells[low_name]} exceeds the upper {draft.cells[high_name]}",
                    )
                    if not _of_decrease(value, low, high)
                    else replace(
                        _one("limits", "impossible", draft, printed, "", "limits of a decrease in the order of size"),
                        doubt=Doubt.OTHER_METHOD,
                    )
                )
            elif (
                value is not None
                and (
                    draft.table in OWN_LIMITS
                    or (draft.table == "medians" and low_name == "range_lower")
                    or (
                        draft.table == "quantities"
                        and (draft.claim.in_text or draft.claim.rule.startswith("table-mean-limits"))
                    )
                )
                and not low - 1e-9 <= value <= high + 1e-9
                and (signed or not low - 1e-9 <= -value <= high + 1e-9)
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


def _of_decrease(value: float | None, low: float, high: float) -> bool:
    """Whether a decrease is printed without its sign, and its limits with theirs in the order of their size."""
    return value is not None and high < low < 0 and -low <= value <= -high


# Values of a table with a minus from which on its other values have lost theirs.
SIGNED = 2


def _block(draft: Draft) -> str:
    """The table of a draft, empty in running text."""
    position = position_of(draft)
    return "" if position is None else position.table


def _turned(draft: Draft) -> bool:
    """Whether a value without a sign lies inside its limits only with a minus."""
    low, high = number_in(draft.cells.get("lower", "")), number_in(draft.cells.get("upper", ""))
    value = number_in(draft.cells.get("value", "") or draft.cells.get("percent", ""))
    return low is not None and high is not None and value is not None and low <= -value <= high < value


def _one(rule: str, verdict: str, draft: Draft, reported: str, recomputed: str, words: str) -> Finding:
    return Finding(rule, verdict, "major", (draft.claim_id,), (draft.cells["locator"],), reported, recomputed, words)


def response_sums(drafts: Sequence[Draft]) -> list[Finding]:
    """Check that complete and partial responses add up to the responders, within one column of one table."""
    columns: dict[tuple[str, int | None], dict[str, list[Draft]]] = defaultdict(lambda: defaultdict(list))
    for draft in drafts:
        cells = draft.cells
        if (
            draft.table == "proportions"
            and draft.claim.in_table
            and cells.get("endpoint") in ("CR", "PR", "ORR")
            and cells.get("n", "").isdigit()
        ):
            columns[column_of(draft)][cells["endpoint"]].append(draft)
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


def misprinted_text(document: Document, drafts: Sequence[Draft]) -> Iterator[Finding]:
    """Find, in running text, limits in the wrong order that no row holds, and numbers that begin with two zeros."""
    held = {
        (draft.cells.get(f"{kind}lower", ""), draft.cells.get(f"{kind}upper", ""))
        for draft in drafts
        for kind in ("", "range_")
    }
    for paragraph in document.paragraphs:
        text = plain(paragraph.text)
        for match in TURNED.finditer(text):
            low, high = match["low"] or match["least"], match["high"] or match["most"]
            if float(low) > float(high) and (low, high) not in held:
                words = f"the lower limit {low} exceeds the upper {high}"
                yield _of_text("limits", paragraph.locator, f"({low}-{high})", words)
        for match in ZEROS.finditer(text):
            near = text[max(0, match.start() - 60) : match.end() + 60]
            if RESULT.search(near) and not VERSION.search(near):
                yield _of_text("broken-number", paragraph.locator, match.group(), f"{match.group()} begins with a zero")


def _of_text(rule: str, place: str, shown: str, words: str) -> Finding:
    return Finding(rule, "impossible", "minor", (), (place,), shown, "", words)


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
