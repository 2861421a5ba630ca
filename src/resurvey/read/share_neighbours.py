"""What stands around a share of a table: whether its column, row or section explain that it misses its denominator."""

from __future__ import annotations

import math
import re
from collections import defaultdict
from collections.abc import Sequence

from resurvey.read.draft_places import column_of, part_of, row_of, section_of
from resurvey.read.objects import Draft
from resurvey.read.slips import misprint_fits, percent_fits

# Percentages of a column, and of a row, that are enough to tell how they were made.
OTHERS, OF_ROW = 3, 2
# Shares of a column that must be of its size, and the part of them that need not, before it counts as complete.
ENOUGH, EXCEPTION = 6, 0.05
# Decimal logarithm of the chance against which fits must confirm a denominator.
CONFIRMED = 2.0


class Neighbours:
    """The counts of a paper by table, column, row and section, for rules that judge one by those around it."""

    def __init__(self, drafts: Sequence[Draft]):
        self.tables: dict[str, list[Draft]] = defaultdict(list)
        self.columns: dict[tuple[str, int | None], list[Draft]] = defaultdict(list)
        self.rows: dict[tuple[str, int] | None, list[Draft]] = defaultdict(list)
        self.measured: set[tuple[str, int] | None] = set()
        self.sections: dict[tuple[tuple[str, int | None], str], list[Draft]] = defaultdict(list)
        for draft in drafts:
            if draft.table in ("medians", "quantities") and draft.claim.in_table:
                self.measured.add(row_of(draft))
            if draft.table != "proportions" or not draft.cells["n"].isdigit():
                continue
            self.sections[column_of(draft), section_of(draft)].append(draft)
            if tells(draft):
                self.tables[part_of(draft)].append(draft)
                self.columns[column_of(draft)].append(draft)
                self.rows[row_of(draft)].append(draft)

    def explain(self, draft: Draft) -> bool:
        """Whether a share that misses is one of many: rounded otherwise, without missing data."""
        return self._whole_numbers(draft) or self._sum_explains(draft)

    def column_misread(self, draft: Draft) -> bool:
        """Whether most percentages of the column miss its size, or count and percentage change places in the table."""
        if draft.claim.beside_its_total:
            return False
        column = [one for one in self.columns[column_of(draft)] if one is not draft and one.cells["total"]]
        table = self.tables[part_of(draft)]
        if len(table) > OTHERS and len({one.claim.percent_first for one in table}) > 1:
            return True
        return len(column) >= OTHERS and 2 * sum(fits(one) for one in column) < len(column)

    def complete(self, draft: Draft) -> bool:
        """Whether all other shares of the row and nearly all of the column are of the whole column."""
        total = draft.cells["total"]
        column = [one for one in self.columns[column_of(draft)] if one is not draft]
        row = [one for one in self.rows[row_of(draft)] if one is not draft]
        whole = sum(fits(one) and one.cells["total"] == total for one in column)
        return whole >= ENOUGH and len(column) - whole <= EXCEPTION * len(column) and all(fits(one) for one in row)

    def confirm(self, draft: Draft) -> bool:
        """Whether the shares around show how the denominator was read: fits that chance would seldom give.

        A percentage read beside a count that it does not belong to fits by chance about as often as it has values
        below the printed one: a `1` nearly always, a `37.4` seldom.
        """
        if draft.claim.beside_its_total:
            return True
        if row_of(draft) in self.measured and not any(fits(one) for one in self.rows[row_of(draft)]):
            return False
        column = [one for one in self.columns[column_of(draft)] if one.cells["total"] == draft.cells["total"]]
        around = {id(one): one for one in (*column, *self.rows[row_of(draft)]) if one is not draft and fits(one)}
        return sum(weight(one.cells["percent"]) for one in around.values()) >= CONFIRMED

    def _whole_numbers(self, draft: Draft) -> bool:
        """Whether the percentages of the row are whole numbers printed with a zero after the point: `27.0` for 26.7."""
        row = self.rows[row_of(draft)]
        whole = [one.cells["percent"].partition(".")[0] for one in row]
        zeros = all(re.fullmatch(r"\d+\.0+", one.cells["percent"]) for one in row)
        fitting = [
            percent_fits(one.cells["n"], text, float(one.cells["total"]))
            for one, text in zip(row, whole, strict=True)
            if one.cells["total"].isdigit()
        ]
        return zeros and len(row) >= OF_ROW and len(fitting) == len(row) and all(fitting)

    def _sum_explains(self, draft: Draft) -> bool:
        """Whether the categories of a section are fewer than the denominator and their sum gives the percentage."""
        counts = [int(one.cells["n"]) for one in self.sections[column_of(draft), section_of(draft)]]
        known = sum(counts)
        return (
            bool(section_of(draft))
            and len(counts) > 1
            and 0 < known < float(draft.cells["total"])
            and percent_fits(draft.cells["n"], draft.cells["percent"], known)
        )

    def alone(self, draft: Draft) -> bool:
        """Whether the other categories of the section fit, so that no patient is without data."""
        section = self.sections[column_of(draft), section_of(draft)]
        others = [one for one in section if one is not draft and tells(one)]
        return bool(section_of(draft) and others) and all(fits(one) for one in others)


def one_misprint(draft: Draft) -> bool:
    """Whether one misprint explains a share; where none does, a number of patients may stand beside a mean."""
    n, percent, total = (draft.cells[name] for name in ("n", "percent", "total"))
    return counted(draft) and n != total and misprint_fits(n, percent, float(total))


def counted(draft: Draft) -> bool:
    """Whether a draft has a count above 0 and a percentage."""
    cells = draft.cells
    return cells["n"].isdigit() and int(cells["n"]) > 0 and cells["percent"].replace(".", "", 1).isdigit()


def tells(draft: Draft) -> bool:
    """Whether a draft has a count and a percentage that depends on its denominator."""
    return counted(draft) and float(draft.cells["percent"]) not in (0, 100)


def fits(draft: Draft) -> bool:
    """Whether the percentage of a share is that of its denominator."""
    n, percent, total = (draft.cells[name] for name in ("n", "percent", "total"))
    return total.isdigit() and counted(draft) and percent_fits(n, percent, int(total))


def weight(percent: str) -> float:
    """Decimal logarithm of the number of percentages from 0 to a printed one."""
    decimals = len(percent.partition(".")[2])
    return math.log10(max(1.0, float(percent) * 10**decimals))
