"""Denominators of a table: the size printed in a cell, section, heading or note, if the arithmetic agrees."""

from __future__ import annotations

import re
from collections import defaultdict

from resurvey.read.normal import slug
from resurvey.read.slips import magnitude, one_slip_fits, percent_fits
from resurvey.read.table_about import of_table
from resurvey.read.table_found import Found
from resurvey.read.table_hints import hints, size_in
from resurvey.read.table_layout import is_size_label
from resurvey.read.table_places import Layout, Row
from resurvey.read.word_lists import RESPONSES, endpoints_in

# Share of a section that must fit a size, and share of a column needed to apply it to a section that does not fit.
ENOUGH, MOST = 0.5, 0.8
# Different percentages needed to prove a size that the table itself does not print.
TELLING = 3


class Denominators:
    """Sizes of columns and sections, and whether the matches agree with them."""

    def __init__(
        self,
        layout: Layout,
        elsewhere: dict[int, tuple[str, ...]] | None = None,
        noted: dict[int, tuple[str, ...]] | None = None,
    ):
        self.layout = layout
        self.elsewhere = elsewhere or {}
        self.noted = noted or {}
        self.caption = size_in(layout.table.caption)
        self.partitions: dict[tuple[str, ...], str] = {}
        self._sizes_beside: dict[tuple[int, int], bool] = {}

    def is_size(self, count: int, percent: int) -> bool:
        """Whether the counts of a column are the denominators of the percentages beside them, not the numerators.

        They are if the headings say so (`No. of patients` beside `Response rate (%)`) or the counts are not
        proportional to the percentages.
        """
        key = (count, percent)
        if key not in self._sizes_beside:
            self._sizes_beside[key] = self._decide_size(count, percent)
        return self._sizes_beside[key]

    def _decide_size(self, count: int, percent: int) -> bool:
        head = self.layout.leaf(percent).lower()
        if not any(word in head for word in ("rate", "respon", "surviv", "positiv", "control", "failure", "relapse")):
            return False
        if is_size_label(self.layout.leaf(count)) and ("rate" in head or "respon" in head):
            return True
        pairs = []
        for row in self.layout.rows:
            if count in row.cells and percent in row.cells:
                a, b = row.cells[count].value.numbers, row.cells[percent].value.numbers
                if len(a) == 1 and len(b) == 1 and b[0].value > 0:
                    pairs.append(100 * a[0].value / b[0].value)
        return len(pairs) < 2 or max(pairs) > 1.15 * min(pairs)

    def settle(self, found: list[Found]) -> None:
        """Assign a denominator to every proportion and a name to every set of categories."""
        shares = [one for one in found if one.kind == "proportion"]
        by_column: dict[int, list[Found]] = defaultdict(list)
        for one in shares:
            by_column[one.column].append(one)
        printed = {id(one) for one in shares if "total" in one.cells}
        for column, group in by_column.items():
            self._column(column, group)
        self._take_back([one for one in shares if id(one) not in printed])
        _own_sizes([one for one in shares if id(one) not in printed])
        self._link_sizes_in_rows(found)
        _link_rows_above(shares)
        _link_across(shares)
        self._close_sections(shares)
        self._name_partitions(shares)

    def _column(self, column: int, group: list[Found]) -> None:
        sections: dict[tuple[object, ...], list[Found]] = defaultdict(list)
        for one in group:
            sections[(*one.row.section, one.row.indent)].append(one)
        printed = self.printed(column)
        bare = [one for one in group if not (one.row.sizes.get(column) or one.row.section_size)]
        if not printed and bare and (proven := self._elsewhere(column, bare, list(sections.values()))):
            misses = {id(one) for one in bare if {"n", "percent"} <= set(one.cells) and not _fits(one, proven)}
            group = [one for one in group if id(one) not in misses]
            sections = {key: [one for one in part if id(one) not in misses] for key, part in sections.items()}
            sections = {key: part for key, part in sections.items() if part}
            printed = proven
        column_fits = _share_that_fits(group, printed)
        for part in sections.values():
            best = self._best(part, column, printed)
            if best:
                _give(part, best)
            elif printed and (total := _sum_fits(part, printed)):
                for one in part:
                    one.notes.append(
                        f"the percentages are of {total}, the sum of the categories, not of the {printed} of the head"
                    )
            elif printed and column_fits >= MOST and not _other_patients(part, printed):
                _give(part, printed)

    def _best(self, part: list[Found], column: int, printed: str) -> str:
        """The printed size that explains most percentages of a section, at least half; the closest one in a tie."""
        first = part[0].row
        own = _total_row(part)
        offered = [size for size in (own, first.sizes.get(column, ""), first.section_size, printed) if size]
        if not offered:
            return ""
        fits = [_share_that_fits(part, size) for size in offered]
        best = max(fits)
        return offered[fits.index(best)] if best >= ENOUGH else ""

    def printed(self, column: int) -> str:
        """The size that the table prints for a column: in its head, a row of sizes, its notes or its caption."""
        own = self.layout.sizes.get(column, "") or self._whole(column) or next(iter(self.noted.get(column, ())), "")
        if own:
            return own
        # A size above several columns applies to those below it; a size in the caption, to a table of one group.
        if self.caption and not self.layout.sizes:
            return self.caption
        left = [
            c
            for c in self.layout.sizes
            if c < column and self.layout.parents[c] and self.layout.parents[c] == self.layout.parents[column]
        ]
        return self.layout.sizes[left[-1]] if left and "pct" in hints(self.layout.leaf(column)) else ""

    def _elsewhere(self, column: int, group: list[Found], sections: list[list[Found]]) -> str:
        """A size that the table does not print: one printed elsewhere for the column's group, or the sum of categories.

        The numbers must prove it: two sections add up to it, or it alone explains the percentages of the column. If
        several sizes qualify, none is used.
        """
        sums = [sum(magnitude(one.cells.get("n", "nan")) for one in part) for part in sections if len(part) > 1]
        offered = tuple(dict.fromkeys(self.elsewhere.get(column, ())))
        proven = [size for size in offered if sums.count(float(size)) >= 2] or [
            size for size in offered if _explains_alone(group, size)
        ]
        if proven:
            return proven[0] if len(proven) == 1 else ""
        common = max(sums, key=sums.count, default=0.0)
        counted = sums.count(common)
        # Counts alone prove less than counts with percentages: three sections must agree, and most of all.
        told = counted >= 2 and _explains_alone(group, f"{common:g}")
        if not told and not (
            counted >= 3 and 2 * counted > len(sums) and not any("percent" in one.cells for one in group)
        ):
            return ""
        for one in group:
            one.notes.append("the denominator is the sum of the categories; the table does not print it")
        return f"{common:g}"

    def _whole(self, column: int) -> str:
        """The count that one of the first two rows prints as 100 % of a column."""
        for row in self.layout.rows[:2]:
            place = row.cells.get(column)
            if place is not None and place.value.shape in ("n(n)", "n(p)"):
                first, second = place.value.numbers
                if second.value == 100 and first.whole and first.value > 3:
                    return first.text
        return ""

    def _take_back(self, shares: list[Found]) -> None:
        """Remove the size from rows that miss their percentages in most columns: they describe other patients.

        A further size printed in the notes for the same groups takes its place where it explains the whole row.
        """
        rows: dict[tuple[int, int], list[Found]] = defaultdict(list)
        for one in shares:
            if {"n", "percent", "total"} <= set(one.cells):
                rows[(one.row.number, one.numbers[0][0].part)].append(one)
        # A count above the size of its column counts events, and so do the others of its row.
        over = {
            one.row.number
            for one in shares
            if "percent" not in one.cells
            and magnitude(one.cells.get("n", "0")) > float(self.printed(one.column) or "inf")
        }
        for one in shares:
            if one.row.number in over and "percent" not in one.cells:
                one.cells.pop("total", "")
        for group in rows.values():
            bad = [one for one in group if not _fits(one, one.cells["total"])]
            if len(group) < 2 or 2 * len(bad) <= len(group):
                continue
            others = [[size for size in self.noted.get(one.column, ()) if _fits(one, size)] for one in group]
            if all(len(sizes) == 1 for sizes in others):
                for one, (size,) in zip(group, others, strict=True):
                    one.cells["total"] = size
                continue
            for one in bad:
                total = one.cells.pop("total")
                one.notes.append(f"the percentage is not of the {total} of the head")

    def size_in_row(self, row: Row, column: int) -> str:
        """The size that a row prints under `N` or `No. of patients`: to the left, or for the same group of patients."""
        heads = self.layout.heads
        for c in range(column - 1, self.layout.stub - 1, -1):
            grouped = len(heads[c]) > 1 and is_size_label(heads[c][0])
            if not (is_size_label(self.layout.leaf(c)) or (grouped and heads[c][-1] == heads[column][-1])):
                continue
            place = row.cells.get(c)
            if place is not None and place.value.shape == "n" and place.value.numbers[0].text.strip("0").isdigit():
                return place.value.numbers[0].text
        return ""

    def _link_sizes_in_rows(self, found: list[Found]) -> None:
        """Give counts of events, shares, medians and rates the size in their row: `N 151 | Deaths 90`."""
        for one in found:
            size = self.size_in_row(one.row, one.column)
            if not size:
                continue
            if one.kind in ("median", "rate"):
                one.cells.setdefault("n", size)
            elif one.kind == "proportion" and "total" not in one.cells and self._is_of(one, size):
                one.cells["total"] = size

    def _is_of(self, one: Found, size: str) -> bool:
        """Whether a share may be of the size in its row: its percentage says so, or its heading counts some of them."""
        if "n" not in one.cells:
            return any(name in RESPONSES for *_, name in endpoints_in(self.layout.leaf(one.column)))
        if "percent" in one.cells:
            return _fits(one, size)
        return COUNTED.search(self.layout.leaf(one.column)) is not None and 0 <= magnitude(one.cells["n"]) <= float(
            size
        )

    def _close_sections(self, shares: list[Found]) -> None:
        """End a section where its categories are complete, in a table that does not indent its rows.

        `Sex | Male 60 | Female 40 | Bone metastases 31` of 100: the last is no category of sex.
        """
        if not of_table(self.layout.table).baseline or len({row.indent for row in self.layout.rows}) > 1:
            return
        groups: dict[tuple[str, ...], dict[int, list[Found]]] = defaultdict(lambda: defaultdict(list))
        for one in shares:
            if one.row.section and {"n", "total"} <= set(one.cells):
                groups[one.row.section][one.column].append(one)
        for section, columns in groups.items():
            ends = [_complete_at(part) for part in columns.values()]
            if len(set(ends)) != 1 or not ends[0] or any(endpoints_in(part) for part in section):
                continue
            for row in (*self.layout.rows, *(one.row for one in shares)):
                if row.section == section and row.number > ends[0]:
                    row.section = section[:-1]

    def _name_partitions(self, shares: list[Found]) -> None:
        """Name categories under one title whose counts add up to the denominator in most columns."""
        groups: dict[tuple[str, ...], dict[int, list[Found]]] = defaultdict(lambda: defaultdict(list))
        for one in shares:
            if one.row.section and "n" in one.cells:
                groups[one.row.section][one.column].append(one)
        for section, columns in groups.items():
            adding = [c for c, part in columns.items() if len(part) > 1 and _adds_up(part)]
            if len(adding) * 2 >= len([c for c, part in columns.items() if len(part) > 1]) and adding:
                self.partitions[section] = slug(f"{self.layout.table.label} {section[-1]}", 60).replace("_", " ")

    def partition(self, found: Found) -> str:
        """Name of the set of categories a match belongs to; empty if it belongs to none."""
        if "n" not in found.cells or not found.cells.get("total"):
            return ""
        return self.partitions.get(found.row.section, "")


def _own_sizes(shares: list[Found]) -> None:
    """Rows that print a size in their label, `Current smoker (n = 169)`: it is theirs if it gives the percentage.

    Counts beside it without a percentage are of a part of the column that the table does not print.
    """
    for one in shares:
        size = size_in(one.row.label)
        if not size or "n" not in one.cells or one.cells.get("total") == size:
            continue
        if "percent" in one.cells:
            if _fits(one, size):
                one.cells["total"] = size
        elif "total" in one.cells:
            total = one.cells.pop("total")
            one.notes.append(f"of those of the {total} of the head for whom the label's {size} were asked")


def _complete_at(part: list[Found]) -> int:
    """Number of the row at which the counts of a section reach its denominator; 0 if they never do."""
    reached = 0.0
    for k, one in enumerate(sorted(part, key=lambda one: one.row.number)):
        reached += magnitude(one.cells["n"])
        if k and reached == float(one.cells["total"]):
            return one.row.number
    return 0


def _total_row(part: list[Found]) -> str:
    """The count in the row that gives the total of a section: `Total 162 (100%)`."""
    rows = [
        one.cells["n"]
        for one in part
        if one.row.section
        and TOTAL.fullmatch(one.row.label.strip(" ,:()"))
        and one.cells.get("n", "").isdigit()
        and one.cells.get("percent", "100").rstrip("0").rstrip(".") in ("1", "100")
    ]
    return rows[0] if len(rows) == 1 and len(part) > 2 and rows[0] != "0" else ""


# Headings of columns that count some of the patients of a row.
COUNTED = re.compile(
    r"\b(?:events?|deaths?|died|dead|relapses?|recurrences?|progress\w*|responses?|responders?|censored|failures?|DLTs?)\b|"
    r"\b(?:no\.?|n|number) with\b",
    re.IGNORECASE,
)
TOTAL = re.compile(r"(?:sub-?)?totals?|all(?: patients)?|overall", re.IGNORECASE)


def _other_patients(part: list[Found], size: str) -> bool:
    """Whether a group of rows all fail to fit the size, so that they describe a subgroup and are not misprinted."""
    both = [one for one in part if "n" in one.cells and "percent" in one.cells and "total" not in one.cells]
    return len(both) > 1 and _share_that_fits(part, size) == 0


def _fits(one: Found, size: str) -> bool:
    return percent_fits(one.cells["n"], one.cells["percent"], float(size))


def _share_that_fits(group: list[Found], size: str) -> float:
    """Share of rows with count and percentage that a denominator explains; with counts alone, 1 if all fit."""
    if not size:
        return 0.0
    total = float(size)
    both = [one for one in group if "n" in one.cells and "percent" in one.cells and "total" not in one.cells]
    if not both:
        counts = [magnitude(one.cells["n"]) for one in group if "n" in one.cells]
        share = sum(n <= total for n in counts) / max(1, len(counts))
        return share if share >= MOST else 0.0
    return sum(percent_fits(one.cells["n"], one.cells["percent"], total) for one in both) / len(both)


def _explains_alone(group: list[Found], size: str) -> bool:
    """Whether a size explains nearly all percentages of a column, `TELLING` different ones at least."""
    told = {
        (one.cells["n"], one.cells["percent"])
        for one in group
        if {"n", "percent"} <= set(one.cells) and one.cells["percent"].strip("<>≤≥") not in ("0", "100", "0.0", "100.0")
    }
    good = sum(percent_fits(n, percent, float(size)) for n, percent in told)
    return len(told) >= TELLING and good >= MOST * len(told)


def _sum_fits(part: list[Found], printed: str) -> str:
    """The sum of the categories, if it explains their percentages and differs from the printed size."""
    counts = [magnitude(one.cells["n"]) for one in part if "n" in one.cells]
    total = sum(counts)
    if len(counts) < 2 or total != total or total in (0, float(printed)):
        return ""
    return f"{total:g}" if _share_that_fits(part, f"{total:g}") >= 0.8 else ""


def _link_across(shares: list[Found]) -> None:
    """Link row percentages: `all 937, alive 595 (64), dead 342 (36)`, one column being the denominator of the others.

    It must explain nearly all percentages of the other columns, in at least three rows.
    """
    rows: dict[int, list[Found]] = defaultdict(list)
    for one in shares:
        if "n" in one.cells and one.cells["n"].isdigit() and not one.numbers[0][0].part:
            rows[one.row.number].append(one)
    columns = sorted({one.column for one in shares})
    for base in columns:
        pairs = [
            (one, first)
            for row in rows.values()
            for first in row
            if first.column == base
            for one in row
            if one.column != base and "total" not in one.cells and "percent" in one.cells
        ]
        told = [pair for pair in pairs if pair[0].cells["percent"].strip("<>≤≥") not in ("0", "100")]
        good = [(one, first) for one, first in told if _of(one, first)]
        if len({one.row.number for one, _ in good}) >= 3 and len(good) >= MOST * len(told):
            for one, first in pairs:
                if _of(one, first):
                    one.cells["total"] = first.cells["n"]
                    one.notes.append("the percentage is of the row: of the count in another column")
            return


def _of(one: Found, first: Found) -> bool:
    total = magnitude(first.cells["n"])
    return (
        total > 0 and total >= magnitude(one.cells["n"]) and percent_fits(one.cells["n"], one.cells["percent"], total)
    )


def _link_rows_above(shares: list[Found]) -> None:
    """Link rows that are proportions of a row above them: `CT done 121`, then `spot positive 24 (20%)`.

    The counts of that row must explain every percentage of a section, in all columns, and at least three of them.
    """
    counts: dict[int, dict[int, Found]] = defaultdict(dict)
    for one in shares:
        if one.cells.get("n", "").isdigit() and not one.numbers[0][0].part:
            counts[one.row.number].setdefault(one.column, one)
    parts: dict[tuple[str, ...], list[Found]] = defaultdict(list)
    for one in shares:
        if "total" not in one.cells and "n" in one.cells and "percent" in one.cells:
            parts[one.row.section].append(one)
    for part in parts.values():
        first = min(one.row.number for one in part)
        above = sorted((k for k in counts if k < first), reverse=True)[:12]
        inside = sorted({one.row.number for one in part})[:12]
        for number in (*above, *inside):
            below = [one for one in part if one.row.number > number]
            if _explains(counts.get(number, {}), below):
                for one in below:
                    one.cells["total"] = counts[number][one.column].cells["n"]
                    one.notes.append(
                        f"the denominator is the count of the row {counts[number][one.column].row.label!r}"
                    )
                break


def _explains(above: dict[int, Found], below: list[Found]) -> bool:
    """Whether the counts of a row give the percentages of the rows below it, at least three being informative.

    One exception is allowed if one wrong character explains it and five others fit.
    """
    telling = [one for one in below if one.cells["percent"].strip("<>≤≥") not in ("0", "100", "0.0", "100.0")]
    if any(one.column not in above for one in telling):
        return False
    missing = [one for one in telling if not _of(one, above[one.column])]
    slip = all(
        one_slip_fits(one.cells["n"], one.cells["percent"], magnitude(above[one.column].cells["n"])) for one in missing
    )
    return len(telling) - len(missing) >= (5 if missing else 3) and len(missing) <= 1 and slip


def _give(part: list[Found], size: str) -> None:
    for one in part:
        if is_size_label(one.row.label) and "percent" not in one.cells:
            continue
        if "total" not in one.cells and not (magnitude(one.cells.get("n", "0")) > float(size)):
            one.cells["total"] = size


def _adds_up(part: list[Found]) -> bool:
    counts = [magnitude(one.cells["n"]) for one in part]
    total = part[0].cells.get("total", "")
    return bool(total) and abs(sum(counts) - float(total)) < 0.5
