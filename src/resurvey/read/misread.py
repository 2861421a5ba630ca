"""Doubt findings of limits and p values where those of the same column or paragraph show that it was misread."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace

from resurvey.read.objects import Doubt, Draft, Finding
from resurvey.read.slips import number_in

# Rules that compare a value with its limits or its p value.
OF_LIMITS = ("limits", "median-interval", "binomial-interval")
OF_COLUMNS = (*OF_LIMITS, "ratio-p")
# Findings of one rule in one table or in the text from which on its reading is in doubt; one of so many rows of a
# column that contradicts itself is a misprint, more are not; rows that confirm limits printed in a column of their own.
MANY, OF_ROWS, CONFIRMING = 4, 4, 2


def misread(found: Sequence[Finding], by_id: Mapping[str, Draft]) -> list[Finding]:
    """Findings, with those in doubt that many rows of a table or of the text share, or that no row of it confirms.

    Limits of a difference beside the values it compares, or the p value of an interaction, miss in every row; pairs of
    values with pairs of limits (`-8.5/-3.2; 95% CI -10.6, -6.4/-4.5, -1.9`) in every sentence.
    """
    counts: dict[tuple[str, str], int] = defaultdict(int)
    for one in found:
        if one.rule in OF_COLUMNS and one.doubt is None:
            counts[one.rule, _place(one, by_id)] += 1
    columns = _columns(by_id)
    return [
        replace(one, doubt=Doubt.MISREAD)
        if one.doubt is None
        and one.rule in OF_COLUMNS
        and one.claim_ids
        and (counts[one.rule, _place(one, by_id)] >= MANY or _of_column(by_id[one.claim_ids[0]], one.rule, columns))
        else one
        for one in found
    ]


def _place(one: Finding, by_id: Mapping[str, Draft]) -> str:
    draft = by_id.get(one.claim_ids[0]) if one.claim_ids else None
    block = draft.claim.spans[0].block if draft is not None else ""
    return block.partition(".")[0] if "." in block else "text" if block else ""


Columns = dict[tuple[str, str, str], list[Draft]]


def _columns(by_id: Mapping[str, Draft]) -> Columns:
    """Rows with limits by table, column and kind."""
    columns: Columns = defaultdict(list)
    for draft in by_id.values():
        if _inside(draft) is not None and "." in draft.claim.spans[0].block:
            columns[_column(draft)].append(draft)
    return columns


def _column(draft: Draft) -> tuple[str, str, str]:
    table, _, column = draft.claim.spans[0].block.split(".")
    return table, column, draft.table


def _of_column(draft: Draft, rule: str, columns: Columns) -> bool:
    """Whether the rows of the column contradict their limits too often, or limits of another column have no witness."""
    if rule not in OF_LIMITS or "." not in draft.claim.spans[0].block:
        return False
    others = [_inside(one) for one in columns[_column(draft)] if one is not draft]
    good, bad = others.count(True), others.count(False)
    if len({span.block for span in draft.claim.spans}) > 1:
        return good < CONFIRMING or good <= bad
    return bad > 0 and good < OF_ROWS * bad


def _inside(draft: Draft) -> bool | None:
    """Whether a value lies inside its limits; None without limits."""
    cells = draft.cells
    value = number_in(cells.get("value") or cells.get("percent", ""))
    for low_name, high_name in (("lower", "upper"), ("range_lower", "range_upper")):
        low, high = number_in(cells.get(low_name, "")), number_in(cells.get(high_name, ""))
        if low is not None and high is not None and value is not None:
            return low <= value <= high or (low <= -value <= high)
    return None
