"""Find a row printed in two places with all its numbers the same but one."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations

from resurvey.read.draft_places import part_of
from resurvey.read.objects import Draft, Finding
from resurvey.read.share_forms import in_brackets
from resurvey.read.slips import number_in, one_slip, same_rounded

LIMITS = ("lower", "upper", "range_lower", "range_upper")
FIELDS = {
    "hazard_ratios": ("value", *LIMITS[:2], "p"),
    "medians": ("value", *LIMITS),
    "differences": ("value", *LIMITS[:2], "p"),
    "survival_rates": ("value", *LIMITS[:2], "time"),
}
# Columns in which two rows must not contradict each other to be the same quantity.
SAME = ("endpoint", "measure", "population", "arm_id", "comparator_arm_id", "unit", "data_cut")
# Sections that repeat results. Two different results in the body of a paper may well share most numbers.
SUMMARY = re.compile(r"abstract|legend|discussion|conclusion|summary", re.IGNORECASE)
# Digits that must agree: two rows share `2 (1-3)` by chance. Two analyses share all but the last digit of one number.
DIGITS, LAST = 5, 0.1
# Rows that share two numbers from which on these are too common to tell anything.
COMMON = 20


class Printed:
    """The places of a paper that print the same numbers, by the columns compared."""

    def __init__(self, rows: Sequence[Draft]):
        self.rows = rows
        self._places: dict[tuple[str, ...], dict[tuple[str, ...], set[str]]] = {}

    def elsewhere(self, draft: Draft, fields: Sequence[str]) -> bool:
        """Whether another place prints exactly these numbers."""
        names = tuple(fields)
        if names not in self._places:
            self._places[names] = defaultdict(set)
            for row in self.rows:
                self._places[names][_numbers(row, names)].add(part_of(row))
        return bool(self._places[names][_numbers(draft, names)] - {part_of(draft)})


def _numbers(draft: Draft, names: Sequence[str]) -> tuple[str, ...]:
    return tuple(draft.cells.get(name, "") for name in names)


def repeats(drafts: Sequence[Draft], texts: Mapping[str, str]) -> list[Finding]:
    """Rows of two places that agree in all their numbers but one, which one slip or a summary explains.

    Parameters
    ----------
    drafts : sequence of Draft
        All drafts of the paper.
    texts : mapping of str to str
        The text of each paragraph, by the id of its block.
    """
    found: list[Finding] = []
    for table, fields in FIELDS.items():
        rows = [one for one in drafts if one.table == table and not one.cells.get("cited") and one.cells["value"]]
        groups: dict[str, list[Draft]] = defaultdict(list)
        for draft in rows:
            told = [(name, draft.cells[name]) for name in fields if draft.cells.get(name)]
            for pair in combinations(told, 2):
                groups[str(pair)].append(draft)
        printed = Printed(rows)
        pairs = {
            (one.claim_id, other.claim_id): (one, other)
            for group in groups.values()
            if len(group) <= COMMON
            for one, other in combinations(group, 2)
            if part_of(one) != part_of(other)
        }
        found += [finding for one, other in pairs.values() for finding in _compared(one, other, fields, printed)]
    return [*found, *_shares(drafts, texts)]


def _shares(drafts: Sequence[Draft], texts: Mapping[str, str]) -> Iterator[Finding]:
    """A count and its percentage that a summary and the text print the same but for one wrong character."""
    rows = [one for one in drafts if one.table == "proportions" and one.claim.in_text]
    rows = [
        one for one in rows if one.cells["n"].isdigit() and number_in(one.cells["percent"]) and one.cells["study_id"]
    ]
    rows = [one for one in rows if in_brackets(one, texts.get(part_of(one), ""))]
    summed = [one for one in rows if SUMMARY.search(one.cells["locator"])]
    body = [one for one in rows if not SUMMARY.search(one.cells["locator"])]
    printed = (
        {(one.cells["n"], one.cells["percent"]) for one in body},
        {(one.cells["n"], one.cells["percent"]) for one in summed},
    )
    same: dict[tuple[str, str], list[Draft]] = defaultdict(list)
    for one in body:
        same["n", one.cells["n"]].append(one)
        same["percent", one.cells["percent"]].append(one)
    for one in summed:
        others = [other for name in ("n", "percent") for other in same[name, one.cells[name]]]
        near = [other for other in others[:COMMON] if _slipped(one, other) and _may_be_same(one, other)]
        own = (one.cells["n"], one.cells["percent"])
        if len(near) == 1 and own not in printed[0]:
            other = near[0]
            shown = f"{one.cells['n']} ({one.cells['percent']} %) and {other.cells['n']} ({other.cells['percent']} %)"
            if (other.cells["n"], other.cells["percent"]) not in printed[1]:
                words = f"one share is printed as {shown}, and each of them in one place only"
                yield _conflict(one, other, shown, words)


def _slipped(one: Draft, other: Draft) -> bool:
    """Whether two shares have the same count of two figures or percentage with a decimal, the other a slip apart."""
    first, second = ((draft.cells["n"], draft.cells["percent"]) for draft in (one, other))
    totals = {one.cells["total"], other.cells["total"]} - {""}
    if len(totals) > 1:
        return False
    if first[0] == second[0]:
        return len(first[0]) > 1 and one_slip(first[1], second[1]) and not same_rounded(first[1], second[1])
    return first[1] == second[1] and "." in first[1] and float(first[1]) < 100 and one_slip(first[0], second[0])


def _compared(one: Draft, other: Draft, fields: Sequence[str], printed: Printed) -> Iterator[Finding]:
    both = [name for name in fields if one.cells.get(name) and other.cells.get(name)]
    apart = [name for name in both if one.cells[name] != other.cells[name]]
    if len(both) < 3 or len(apart) != 1 or apart == ["time"] or not _may_be_same(one, other):
        return
    name = apart[0]
    a, b = one.cells[name], other.cells[name]
    rest = [one.cells[field] for field in both if field != name]
    if same_rounded(a, b) or _cut_off(a, b) or not _likely(one, other, (a, b), rest):
        return
    if printed.elsewhere(one, both) and printed.elsewhere(other, both):
        return
    if (
        _of_other_row(one, other)
        or _of_other_table(one, other, both, printed.rows)
        or _of_other_table(other, one, both, printed.rows)
    ):
        return
    shown = f"{name} {' and '.join(sorted((a, b)))}, beside {', '.join(rest)}"
    words = f"the same numbers are printed with {name} {a} in one place and {b} in the other"
    yield _conflict(one, other, shown, words)


def _of_other_row(one: Draft, other: Draft) -> bool:
    """Whether two rows of tables have little in common in their headings."""
    if not (one.claim.in_table and other.claim.in_table):
        return False
    first, second = ({*draft.claim.context.split()} - {"table"} for draft in (one, other))
    words = [{word for word in side if not word.isdigit()} for side in (first, second)]
    return len(words[0] & words[1]) < IN_COMMON * len(words[0] | words[1])


def _of_other_table(one: Draft, other: Draft, fields: Sequence[str], rows: Sequence[Draft]) -> bool:
    """Whether a row of text is printed as it stands in a table, in a row that is of something else than the other."""
    return (
        not one.claim.in_table
        and other.claim.in_table
        and any(
            row.claim.in_table
            and _of_other_row(row, other)
            and [row.cells.get(name) for name in fields] == [one.cells[name] for name in fields]
            for row in rows
        )
    )


# The share of the words of two rows of tables that they must have in common to be of one thing.
IN_COMMON = 0.34


def _conflict(one: Draft, other: Draft, shown: str, words: str) -> Finding:
    places = (one.cells["locator"], other.cells["locator"])
    return Finding("repeat", "conflict", "major", (one.claim_id, other.claim_id), places, shown, "", words)


def _cut_off(a: str, b: str) -> bool:
    """Whether one number is the other without its last decimals: `8.3` for `8.36`."""
    short, long = sorted((a, b), key=len)
    return "." in short and long.startswith(short)


def _likely(one: Draft, other: Draft, values: tuple[str, str], rest: Sequence[str]) -> bool:
    """Whether one wrong character, or a summary of the other place, explains the difference."""
    places = {SUMMARY.search(draft.cells["locator"]) is not None for draft in (one, other)}
    slip, summed = one_slip(*values), places == {True, False}
    if _nearly(*values) and one.cells.get("model", "") != other.cells.get("model", ""):
        return False
    if not (summed or (slip and (len(rest) > 2 or not _nearly(*values)))):
        return False
    digits = sum(len(re.sub(r"\D", "", text).lstrip("0")) for text in rest)
    return digits >= DIGITS or (len(rest) > 2 and slip)


def _nearly(a: str, b: str) -> bool:
    """Whether two numbers differ by little, as those of two analyses of the same patients do."""
    try:
        first, second = abs(float(a.lstrip("<>≤≥~"))), abs(float(b.lstrip("<>≤≥~")))
    except ValueError:
        return True
    return abs(first - second) <= LAST * max(first, second)


def _may_be_same(one: Draft, other: Draft) -> bool:
    return not any(one.cells.get(name) and other.cells.get(name) not in (one.cells[name], "", None) for name in SAME)
