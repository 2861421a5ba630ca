"""Doubt findings of limits and p values where those of the same column or paragraph show that it was misread."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace

from resurvey.read.draft_places import column_of, part_of
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
    if draft is None:
        return ""
    return part_of(draft) if draft.claim.in_table else "text"


Column = tuple[str, int | None, str]


def _columns(by_id: Mapping[str, Draft]) -> Mapping[Column, Counter[bool]]:
    """How many rows with limits lie inside and outside them, by table, column and kind."""
    columns: dict[Column, Counter[bool]] = defaultdict(Counter)
    for draft in by_id.values():
        inside = _inside(draft)
        if inside is not None and draft.claim.in_table:
            columns[_column(draft)][inside] += 1
    return columns


def _column(draft: Draft) -> Column:
    return (*column_of(draft), draft.table)


def _of_column(draft: Draft, rule: str, columns: Mapping[Column, Counter[bool]]) -> bool:
    """Whether the rows of the column contradict their limits too often, or limits of another column have no witness."""
    if rule not in OF_LIMITS or not draft.claim.in_table:
        return False
    held, own = columns.get(_column(draft), Counter()), _inside(draft)
    good, bad = held[True] - (own is True), held[False] - (own is False)
    # A p value stands last, and often in a column of its own.
    numbers = draft.claim.spans[: len(draft.claim.spans) - bool(draft.cells.get("p"))]
    if len({span.block for span in numbers}) > 1:
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
