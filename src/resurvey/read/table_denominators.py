"""Denominators of a table: of all sizes printed for a share, the one that its percentages bear out."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping
from functools import cached_property

from resurvey.read import table_partitions
from resurvey.read.size_places import COMPUTED, COUNTS, SizePlace, Source
from resurvey.read.slips import magnitude, percent_fits, sizes_giving
from resurvey.read.table_evidence import Choice, Evidence, fits, told
from resurvey.read.table_found import Found
from resurvey.read.table_hints import hints, is_size_label, size_in
from resurvey.read.table_places import Layout, Row
from resurvey.read.table_sizes import Sizes, row_of, section_of
from resurvey.read.word_lists import RESPONSES, endpoints_in

# Share of the percentages of a few rows that a size must explain to be theirs against that of their section.
MOST = 0.8
# Headings of columns that count some of the patients of a row.
COUNTED = re.compile(
    r"\b(?:events?|deaths?|died|dead|relapses?|recurrences?|progress\w*|responses?|responders?|censored|failures?|DLTs?)\b|"
    r"\b(?:no\.?|n|number) with\b",
    re.IGNORECASE,
)


# Headings of percentages of some of the patients counted beside them.
OF_SOME = ("rate", "respon", "surviv", "positiv", "control", "failure", "relapse")
# Rows needed to see that counts and percentages beside them have no denominator in common.
FEW = 4


class Denominators:
    """Sizes of columns and sections, and whether the matches agree with them."""

    def __init__(
        self,
        layout: Layout,
        elsewhere: Mapping[int, tuple[str, ...]] | None = None,
        noted: Mapping[int, tuple[str, ...]] | None = None,
        said: frozenset[str] = frozenset(),
    ):
        self.layout = layout
        self.sizes = Sizes(layout, elsewhere, noted, said)
        self.partitions: dict[tuple[str, ...], str] = {}
        self._sizes_beside: dict[tuple[int, int], bool] = {}

    def printed(self, column: int) -> str:
        """The size that the table prints for a column."""
        return self.sizes.printed(column)

    def size_in_row(self, row: Row, column: int) -> str:
        """The size that a row prints for a column."""
        return self.sizes.in_row(row, column)

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
        of_some = any(word in head for word in OF_SOME)
        of_all = is_size_label(self.layout.leaf(count))
        if not of_some and not of_all:
            return False
        if of_all and ("rate" in head or "respon" in head or self._shared_by_percentages(percent)):
            return True
        pairs, explained = [], 0
        for row in self.layout.rows:
            if count in row.cells and percent in row.cells:
                a, b = row.cells[count].value.numbers, row.cells[percent].value.numbers
                if len(a) == 1 and len(b) == 1 and a[0].whole and b[0].value > 0:
                    pairs.append((a[0].value, b[0].text))
                    size = size_in(row.label) or row.section_size or row.sizes.get(count, "")
                    explained += bool(size) and percent_fits(a[0].text, b[0].text, float(size))
        if of_some:
            ratios = [100 * n / magnitude(text) for n, text in pairs]
            return len(ratios) < 2 or max(ratios) > 1.15 * min(ratios)
        return len(pairs) >= FEW and 2 * max(_sharing_a_total(pairs), explained) < len(pairs)

    def _shared_by_percentages(self, percent: int) -> bool:
        """Whether two columns of percentages follow one column of sizes: `n | Much better (%) | Better (%)`."""
        heads = self.layout.heads
        pair = [self.layout.leaf(c).lower() for c in (percent, percent + 1) if c < len(heads)]
        return (
            len(pair) == 2
            and all(hints(leaf) & {"pct"} and "n_pct" not in hints(leaf) for leaf in pair)
            and not any("cumul" in leaf or "valid" in leaf for leaf in pair)
        )

    def settle(self, found: list[Found]) -> None:
        """Assign a denominator to every proportion and a name to every set of categories."""
        shares = [one for one in found if one.kind == "proportion"]
        _Settling(shares, self.sizes).settle()
        self._link_sizes_in_rows(found)
        table_partitions.close_sections(self.layout, shares)
        self.partitions = table_partitions.named(self.layout, shares)

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
            beside = any(self._sizes_beside.get((c, c + 1)) for c in range(one.column))
            return beside or any(name in RESPONSES for *_, name in endpoints_in(self.layout.leaf(one.column)))
        if "percent" in one.cells:
            return fits(one, size)
        return COUNTED.search(self.layout.leaf(one.column)) is not None and 0 <= magnitude(one.cells["n"]) <= float(
            size
        )

    def partition(self, found: Found) -> str:
        """Name of the set of categories a match belongs to; empty if it belongs to none."""
        if "n" not in found.cells or not found.cells.get("total"):
            return ""
        return self.partitions.get(found.row.section, "")


LABEL, MARKED = Source(SizePlace.LABEL), Source(SizePlace.MARKED)


class _Settling:
    """The choice of a place for every share of a table: by section and column, then by rows that do not fit it."""

    def __init__(self, shares: list[Found], sizes: Sizes):
        self.shares, self.sizes = shares, sizes
        self.offers = sizes.offers(shares)
        self.evidence = Evidence(shares, self.offers)
        self.open = [k for k, one in enumerate(shares) if "total" not in one.cells and not _of_sizes(one)]
        self.chosen: dict[int, Source] = {}

    def settle(self) -> None:
        """Write the denominators into the shares, with a note where a place other than a printed size was chosen."""
        waiting = set(self.open)
        for key, part in self.evidence.parts.items():
            if mine := [k for k in part if k in waiting]:
                self._take(mine, self.evidence.best(key, mine))
        self._take_labels()
        first = dict(self.chosen)
        doubtful = self._doubtful()
        for k in doubtful:
            self.chosen.pop(k, None)
        for run in _runs([self.shares[k] for k in doubtful], doubtful):
            self._take(run, self.evidence.of_rows(run, MOST))
            for row in _rows(self.shares, [k for k in run if k not in self.chosen]):
                self._take(row, self.evidence.of_rows(row, MOST))
        for row in _rows(self.shares, self.open):
            if len(alone := [k for k in row if told(self.shares[k])]) == 1 and alone[0] in first:
                self.chosen.setdefault(alone[0], first[alone[0]])
        self._write(first)

    def _take(self, part: list[int], choice: Choice | None) -> None:
        if choice is None:
            return
        for k in part:
            size = self.offers[choice.source].get(k, "")
            if size and not magnitude(self.shares[k].cells.get("n", "0")) > float(size):
                self.chosen[k] = choice.source

    def _take_labels(self) -> None:
        """A size in the label of a row, `Current smoker (n = 169)`, or in a note to it, if it gives the percentage."""
        waiting = set(self.open)
        for k, size in self.offers.get(LABEL, {}).items():
            if k in waiting and fits(self.shares[k], size):
                self.chosen[k] = LABEL
        for k in self.offers.get(MARKED, {}):
            if k in waiting and (k not in self.chosen or self._misses(k)):
                self.chosen[k] = MARKED

    def _misses(self, k: int) -> bool:
        return not fits(self.shares[k], self.offers[self.chosen[k]][k])

    def _doubtful(self) -> list[int]:
        """Shares without a denominator, and those that miss theirs in most columns of a row: of other patients."""
        found = [k for k in self.open if k not in self.chosen]
        for row in _rows(self.shares, self.open):
            telling = [k for k in row if k in self.chosen and {"n", "percent"} <= set(self.shares[k].cells)]
            bad = [k for k in telling if self._misses(k)]
            if 2 * len(bad) > len(telling):
                found += bad
        return sorted(found)

    def _write(self, first: dict[int, Source]) -> None:
        known = self.sizes.said | {
            size
            for source, sizes in self.offers.items()
            if source.kind not in COMPUTED | COUNTS
            for size in sizes.values()
        }
        for k in self.open:
            one, source = self.shares[k], self.chosen.get(k)
            if source is None:
                if k in first and (other := self.offers[first[k]][k]) in known:
                    one.notes.append(f"the percentage is not of the {other} of the head")
                continue
            size = self.offers[source][k]
            if (
                source.kind in COMPUTED
                and source.kind != SizePlace.SUMS
                and not (size in known or self._accounted(one, size))
            ):
                one.notes.append(self._computed(one, size))
                continue
            one.cells["total"] = size
            if note := self._note(source, size in known, k):
                one.notes.append(note)
        _without_events(self.shares, self.open, self.sizes)
        _own_sizes([self.shares[k] for k in self.open])

    def _accounted(self, one: Found, size: str) -> bool:
        """Whether the table prints a sum in its row, or the number of patients that it lacks of the size of the column.

        Those without data are in a note (`a Missing: 7 and 17`) or in a row of the section without percentages.
        """
        if any(number.text == size for place in one.row.cells.values() for number in place.value.numbers):
            return True
        printed = self.sizes.printed(one.column)
        missing = str(int(printed) - int(size)) if printed else "0"
        beside = self._bare[one.column, one.row.section]
        return missing.strip("0").isdigit() and (missing in beside or missing in self.sizes.numbers_in_notes)

    @cached_property
    def _bare(self) -> dict[tuple[int, tuple[str, ...]], set[str]]:
        """Counts without percentages, by column and section."""
        counts: dict[tuple[int, tuple[str, ...]], set[str]] = defaultdict(set)
        for one in self.shares:
            if "percent" not in one.cells:
                counts[one.column, one.row.section].add(one.cells.get("n", ""))
        return counts

    @cached_property
    def _labels(self) -> dict[int, str]:
        """Labels of rows by number; of the first part where a row was split."""
        return {one.row.number: one.row.label for one in reversed(self.shares)}

    def _computed(self, one: Found, size: str) -> str:
        printed = self.sizes.printed(one.column)
        otherwise = f"not of the {printed} of the head" if printed else "which the table does not print"
        return f"the percentages are of {size}, the sum of the categories, {otherwise}"

    def _note(self, source: Source, printed: bool, k: int) -> str:
        """How a denominator was found that no heading, note or caption prints for the share."""
        if source.kind == SizePlace.ABOVE:
            return f"the denominator is the count of the row {self._labels[source.key[0]]!r}"
        if source.kind == SizePlace.COLUMN:
            return "the percentage is of the row: of the count in another column"
        if source.kind == SizePlace.SUMS and not printed:
            return "the denominator is the sum of the categories; the table does not print it"
        return ""


def _sharing_a_total(pairs: list[tuple[float, str]]) -> int:
    """The largest number of counts whose percentages one denominator can give."""
    ranges = [sizes_giving(f"{n:g}", percent) for n, percent in pairs]
    return max(sum(low <= start <= high for low, high in ranges) for start, _ in ranges)


def _of_sizes(one: Found) -> bool:
    """Whether a share is itself a size of the groups: `No. of patients`."""
    return is_size_label(one.row.label) and "percent" not in one.cells


def _rows(shares: list[Found], chosen: list[int]) -> list[list[int]]:
    """Shares by printed row."""
    rows: dict[tuple[int, int], list[int]] = defaultdict(list)
    for k in chosen:
        rows[row_of(shares[k])].append(k)
    return list(rows.values())


def _runs(shares: list[Found], numbers: list[int]) -> list[list[int]]:
    """Shares of consecutive rows of one section."""
    runs: list[list[int]] = []
    last: tuple[tuple[object, ...], int] = ((), -2)
    for one, k in sorted(zip(shares, numbers, strict=True), key=lambda pair: (row_of(pair[0]), pair[1])):
        section, number = section_of(one), one.row.number
        if not runs or section != last[0] or number - last[1] > 1:
            runs.append([])
        runs[-1].append(k)
        last = section, number
    return runs


def _without_events(shares: list[Found], chosen: list[int], sizes: Sizes) -> None:
    """A count above the size of its column counts events, and so do the others of its row: none is of patients."""
    counts = [shares[k] for k in chosen if "percent" not in shares[k].cells]
    over = {
        one.row.number
        for one in counts
        if magnitude(one.cells.get("n", "0")) > float(sizes.printed(one.column) or "inf")
    }
    for one in counts:
        if one.row.number in over:
            one.cells.pop("total", "")


def _own_sizes(shares: list[Found]) -> None:
    """Counts without a percentage in a row that prints a size in its label, `Current smoker (n = 169)`.

    They are of a part of the column that the table does not print.
    """
    for one in shares:
        size = size_in(one.row.label)
        if size and "percent" not in one.cells and "n" in one.cells and one.cells.get("total", size) != size:
            total = one.cells.pop("total")
            one.notes.append(f"of those of the {total} of the head for whom the label's {size} were asked")
