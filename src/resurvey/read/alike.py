"""Rows that the words of their tables do not tell apart, though they print different numbers.

A paragraph or a table that gives two values of one quantity speaks of two groups of patients, of two times or of two
things counted, and an arm has one size. Confirmed as they are, such rows would contradict each other in the audit.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

from resurvey.read.draft_folder import Line
from resurvey.read.objects import Span
from resurvey.read.slips import number_in, same_rounded
from resurvey.schema import TABLES

# What each table prints of a quantity.
NUMBERS = {
    "medians": ("value",),
    "hazard_ratios": ("value",),
    "survival_rates": ("value",),
    "proportions": ("n", "percent"),
    "arms": ("n",),
}
# Columns that say nothing of what a number is.
SILENT = frozenset(
    [
        *("claim_id", "locator", "note", "partition", "label", "total", "value", "n", "percent", "lower", "upper"),
        *("range_lower", "range_upper", "range_kind", "ci_level", "ci_method", "p", "test"),
    ]
)


def words_of(table: str) -> tuple[str, ...]:
    """The columns of a table that say what a number is, as opposed to its value."""
    return tuple(column for column in TABLES[table].names if column not in SILENT)


def alike(lines: Sequence[Line], cells: Mapping[str, Mapping[str, str]]) -> dict[str, list[str]]:
    """Ids of the rows that have the words of a row and other numbers, by its id.

    Rows are compared within one paragraph or one table; sizes within the whole paper, of which the largest is taken to
    be that of the arm and is not among the keys. Rows whose note begins with `sic` are what the paper prints.

    Parameters
    ----------
    lines : sequence of Line
        Rows of one paper.
    cells : mapping
        The cells of each row by its claim id, with the changes of a person.
    """
    groups: dict[tuple[str, ...], list[str]] = defaultdict(list)
    for line in lines:
        table, name = line.about["table"], line.about["claim_id"]
        row = cells[name]
        if table not in NUMBERS or not line.about["span"] or row.get("note", "").startswith("sic"):
            continue
        place = "" if table == "arms" else Span.read(line.about["span"].split(" ")[0]).part
        words = (row.get(column, "").strip() for column in words_of(table))
        groups[table, place, *words].append(name)
    found: dict[str, list[str]] = {}
    for (table, *_), names in groups.items():
        rows = {name: [cells[name].get(column, "").strip() for column in NUMBERS[table]] for name in names}
        whole = max(number_in(row[0]) or 0.0 for row in rows.values()) if table == "arms" else None
        for name, own in rows.items():
            others = [other for other, row in rows.items() if _apart(own, row)]
            if others and (whole is None or number_in(own[0]) != whole):
                found[name] = others
    return found


def _apart(one: Sequence[str], other: Sequence[str]) -> bool:
    """Whether two rows print different numbers, not one number with more digits."""
    return any(a and b and a != b and not same_rounded(a, b) for a, b in zip(one, other, strict=True))
