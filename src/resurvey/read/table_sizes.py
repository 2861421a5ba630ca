"""Every place where the number of patients behind a share may be printed, and the number each of them offers."""

from __future__ import annotations

import itertools
import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from functools import cached_property, lru_cache

from resurvey.read.lexicon import sizes_said
from resurvey.read.normal import plain
from resurvey.read.size_places import SizePlace, Source
from resurvey.read.slips import magnitude, sizes_giving
from resurvey.read.table_found import Found
from resurvey.read.table_hints import hints, is_size_label, size_in, sizes_in
from resurvey.read.table_notes import explained, marks, size_giving
from resurvey.read.table_places import Layout, Row

TOTAL = re.compile(r"(?:sub-?)?totals?|all(?: patients)?|overall", re.IGNORECASE)
# Rows above a share that may print its denominator, and sections whose sum may be the size of the column.
ROWS_ABOVE, SUMS = 12, 6
# Arms and sizes of each that are tried for a sum.
MOST_ARMS, MOST_SIZES = 5, 4
# Different percentages that a size said of some group must explain.
TELLING = 3


Offers = dict[Source, dict[int, str]]


class Sizes:
    """The sizes that a table, its caption, its notes and the rest of the paper print."""

    def __init__(
        self,
        layout: Layout,
        elsewhere: Mapping[int, tuple[str, ...]] | None = None,
        noted: Mapping[int, tuple[str, ...]] | None = None,
        said: frozenset[str] = frozenset(),
    ):
        self.layout, self.said = layout, said
        self.elsewhere = dict(elsewhere or {})
        self.noted = dict(noted or {})
        self._adding_up: dict[str, dict[int, str]] = {}
        self._size_columns: dict[int, tuple[int, ...]] = {}
        self._of_columns: dict[int, list[tuple[Source, str]]] = {}
        self.caption = size_in(layout.table.caption)
        self.in_notes = sizes_in(re.sub(r"\^\s?[a-z*†‡§]", " ", layout.table.notes))

    @cached_property
    def numbers_in_notes(self) -> frozenset[str]:
        """Whole numbers of the notes."""
        return frozenset(re.findall(r"(?<![\d.])\d+(?![\d.%]*\d|%)", plain(self.layout.table.notes)))

    def printed(self, column: int) -> str:
        """The size that the table prints for a column: in its head, a row of sizes, its notes or its caption."""
        own = self.layout.sizes.get(column, "") or self._whole(column) or next(iter(self.noted.get(column, ())), "")
        return own or self._of_caption() or self._beside(column)

    def in_row(self, row: Row, column: int) -> str:
        """The size that a row prints under `N` or `No. of patients`: to the left, or for the same group of patients."""
        for c in self._columns_of_sizes(column):
            place = row.cells.get(c)
            if place is not None and place.value.shape == "n" and place.value.numbers[0].text.strip("0").isdigit():
                return place.value.numbers[0].text
        return ""

    def _columns_of_sizes(self, column: int) -> tuple[int, ...]:
        """The columns to the left that may hold sizes of a column, the nearest first."""
        if column not in self._size_columns:
            heads, leaf = self.layout.heads, self.layout.leaf(column)
            self._size_columns[column] = tuple(
                c
                for c in range(column - 1, self.layout.stub - 1, -1)
                if is_size_label(self.layout.leaf(c))
                or (len(heads[c]) > 1 and heads[c][-1] == leaf and is_size_label(heads[c][0]))
            )
        return self._size_columns[column]

    def offers(self, shares: list[Found]) -> Offers:
        """The size that each place offers to each share, by the number of the share in the list."""
        made: Offers = defaultdict(dict)
        for k, one in enumerate(shares):
            for source, size in self._printed_for(one):
                if size.strip("0").isdigit():
                    made[source][k] = size
        _sums(shares, made)
        _above(shares, made)
        _same(shares, made)
        _beside(shares, made)
        _said(shares, self.said, made)
        return made

    def _printed_for(self, one: Found) -> Iterator[tuple[Source, str]]:
        row, column = one.row, one.column
        yield Source(SizePlace.BODY), row.sizes.get(column, "")
        yield Source(SizePlace.EARLIER), row.earlier.get(column, "")
        yield Source(SizePlace.SECTION), row.section_size
        if column not in self._of_columns:
            self._of_columns[column] = list(self._printed_over(column))
        yield from self._of_columns[column]
        for text in (self.layout.table.caption, *row.section):
            yield Source(SizePlace.TOGETHER), self._together(text).get(column, "")
        if {"n", "percent"} <= set(one.cells):
            yield Source(SizePlace.LABEL), size_in(row.label)
            yield Source(SizePlace.MARKED), self._marked(one)
            yield Source(SizePlace.ROW), self.in_row(row, column)

    def _printed_over(self, column: int) -> Iterator[tuple[Source, str]]:
        """The sizes that head, caption, notes and the rest of the paper offer to all shares of a column."""
        yield Source(SizePlace.HEAD), self.layout.sizes.get(column, "")
        for k, text in enumerate(self.layout.heads[column]):
            yield Source(SizePlace.SPAN, (k,)), size_in(text)
            yield Source(SizePlace.BRACKET, (k,)), _bracketed(text)
            # `(n = 590 men, 605 women)`
            for j, size in enumerate(sorted(sizes_said(text) - {size_in(text)})):
                yield Source(SizePlace.BRACKET, (k, j)), size
        yield Source(SizePlace.BESIDE), self._beside(column)
        yield Source(SizePlace.WHOLE), self._whole(column)
        yield Source(SizePlace.CAPTION), self._of_caption()
        yield self._of_all(column)
        for k, size in enumerate(self.in_notes):
            yield Source(SizePlace.ANY_NOTE, (k,)), size
        for k, size in enumerate(self.noted.get(column, ())):
            yield Source(SizePlace.NOTE, (k,)), size
        for k, size in enumerate(dict.fromkeys(self.elsewhere.get(column, ()))):
            yield Source(SizePlace.ELSEWHERE, (k,)), size

    def _together(self, text: str) -> dict[int, str]:
        """The sizes that the paper prints for the arms of the columns and that add up to one that a text prints."""
        if text not in self._adding_up:
            totals = sizes_said(text) | set(sizes_in(text))
            self._adding_up[text] = self._parts_of(totals)
        return self._adding_up[text]

    def _parts_of(self, totals: frozenset[str]) -> dict[int, str]:
        columns = {c: self.layout.heads[c][0] for c, sizes in self.elsewhere.items() if sizes and self.layout.heads[c]}
        arms = {head: tuple(dict.fromkeys(self.elsewhere[c]))[:MOST_SIZES] for c, head in columns.items()}
        if not totals or not 2 <= len(arms) <= MOST_ARMS:
            return {}
        found = {
            sizes for sizes in itertools.product(*arms.values()) if str(sum(int(size) for size in sizes)) in totals
        }
        chosen = dict(zip(arms, found.pop(), strict=True)) if len(found) == 1 else {}
        return {c: chosen[head] for c, head in columns.items() if head in chosen}

    @cached_property
    def _explained(self) -> dict[str, str]:
        return explained(self.layout.table.notes)

    def _marked(self, one: Found) -> str:
        """The size in a note to the cell or to its row, of several the only one that gives the percentage."""
        if not self._explained:
            return ""
        own = marks(one.row.cells[one.column].text) | one.row.marks
        said = " ".join(self._explained[mark] for mark in sorted(own) if mark in self._explained)
        return size_giving(said, one.cells["n"], one.cells["percent"]) if said else ""

    def _of_caption(self) -> str:
        """The size of the caption, in a table of one group."""
        return self.caption if not self.layout.sizes else ""

    def _beside(self, column: int) -> str:
        """The size above the columns to the left that share the upper headings of a column of percentages."""
        parents = self.layout.parents
        left = [c for c in self.layout.sizes if c < column and parents[c] and parents[c] == parents[column]]
        return self.layout.sizes[left[-1]] if left and "pct" in hints(self.layout.leaf(column)) else ""

    def _whole(self, column: int) -> str:
        """The count that one of the first two rows prints as 100 % of a column."""
        for row in self.layout.rows[:2]:
            place = row.cells.get(column)
            if place is not None and place.value.shape in ("n(n)", "n(p)"):
                first, second = place.value.numbers
                if second.value == 100 and first.whole and first.value > 3:
                    return first.text
        return ""

    def _of_all(self, column: int) -> tuple[Source, str]:
        """The sum of the sizes of the columns: for one of all patients without a size of its own, or by percentages."""
        others = list(self.layout.sizes.values())
        total = str(sum(int(size) for size in others)) if len(others) > 1 else ""
        heads = self.layout.heads[column]
        of_all = column not in self.layout.sizes and any(TOTAL.fullmatch(part.strip()) for part in heads)
        return Source(SizePlace.HEADS if of_all else SizePlace.EVERYONE), total


@lru_cache(maxsize=4096)
def _bracketed(text: str) -> str:
    """A bare number in brackets behind a name, `Sleeve (28)`: perhaps the size of the group."""
    match = re.search(r"[A-Za-z][^()]*[(\[](\d{2,5})[)\]]\s*$", plain(text))
    return match[1] if match else ""


def row_of(one: Found) -> tuple[int, int]:
    """The printed row of a share: its number and, where a cell holds several lines, which of them."""
    return one.row.number, one.numbers[0][0].part


def section_of(one: Found) -> tuple[object, ...]:
    """Rows under one title and at one indent belong together."""
    return (*one.row.section, one.row.indent)


def counted(one: Found) -> bool:
    """Whether a share has a whole count, not of events above the patients or in a row of sizes."""
    return one.cells.get("n", "").isdigit() and not (is_size_label(one.row.label) and "percent" not in one.cells)


def _sums(shares: list[Found], made: Offers) -> None:
    """Sums of the categories of a section, its row of totals, and the sums of other sections of the column."""
    parts: dict[tuple[tuple[object, ...], int], list[int]] = defaultdict(list)
    columns: dict[int, list[int]] = defaultdict(list)
    for k, one in enumerate(shares):
        columns[one.column].append(k)
        if counted(one):
            parts[section_of(one), one.column].append(k)
    sums: dict[int, dict[tuple[object, ...], str]] = defaultdict(dict)
    for (section, column), members in parts.items():
        total = _total_row([shares[k] for k in members])
        members = [k for k in members if not _sums_up(shares[k])]
        both = [k for k in members if "percent" in shares[k].cells]
        added = both or members
        size = sum(int(shares[k].cells["n"]) for k in added)
        if len(added) < 2 or not size:
            continue
        sums[column][section] = str(size)
        made[Source(SizePlace.SUM)] |= dict.fromkeys(both, str(size))
        if total:
            made[Source(SizePlace.TOTAL)] |= dict.fromkeys(members, total)
    agreeing = Counter(
        section
        for by_section in sums.values()
        for section, size in by_section.items()
        for other in by_section.values()
        if other == size
    )
    for number, (section, _) in enumerate(agreeing.most_common(SUMS)):
        for column, by_section in sums.items():
            if section in by_section:
                made[Source(SizePlace.SUMS, (number,))] |= dict.fromkeys(columns[column], by_section[section])


def _sums_up(one: Found) -> bool:
    return TOTAL.fullmatch(one.row.label.strip(" ,:()")) is not None or is_size_label(one.row.label)


def _total_row(part: list[Found]) -> str:
    """The count in the row that gives the total of a section: `Total 162 (100%)`."""
    rows = [
        one.cells["n"]
        for one in part
        if one.row.section
        and one.cells.get("n", "").isdigit()
        and (
            is_size_label(one.row.label)
            or (_sums_up(one) and one.cells.get("percent", "100").rstrip("0").rstrip(".") in ("1", "100"))
        )
    ]
    return rows[0] if len(rows) == 1 and len(part) > 2 and rows[0] != "0" else ""


def _above(shares: list[Found], made: Offers) -> None:
    """Counts of the rows above a share in its column: `CT done 121`, then `spot positive 24 (20%)`."""
    columns: dict[int, list[int]] = defaultdict(list)
    for k, one in enumerate(shares):
        if counted(one) and not row_of(one)[1]:
            columns[one.column].append(k)
    for members in columns.values():
        for place, k in enumerate(members):
            if "percent" not in shares[k].cells:
                continue
            for above in members[max(0, place - ROWS_ABOVE) : place]:
                if int(shares[above].cells["n"]) >= int(shares[k].cells["n"]):
                    made[Source(SizePlace.ABOVE, (shares[above].row.number,))][k] = shares[above].cells["n"]


def _same(shares: list[Found], made: Offers) -> None:
    """Counts without percentages of an earlier section with the same labels: `Patients | Alfa 111`, `Men | Alfa 63`."""
    first: dict[tuple[str, int], int] = {}
    for k, one in enumerate(shares):
        if not counted(one) or not one.row.label:
            continue
        key = (one.row.label, one.column)
        if "percent" not in one.cells:
            first.setdefault(key, k)
        elif key in first and shares[first[key]].row.section != one.row.section:
            made[Source(SizePlace.SAME)][k] = shares[first[key]].cells["n"]


def _said(shares: list[Found], sizes: frozenset[str], made: Offers) -> None:
    """Sizes of any group of the paper that explain half of the percentages of a column, or of the whole table."""
    columns: dict[int, list[int]] = defaultdict(list)
    for k, one in enumerate(shares):
        if "percent" in one.cells and counted(one):
            columns[one.column].append(k)
    whole = [k for members in columns.values() for k in members]
    offered = [(float(size), size) for size in sorted(sizes, key=int)]
    for members in (*columns.values(), whole):
        pairs = {(shares[k].cells["n"], shares[k].cells["percent"]) for k in members if shares[k].cells["n"] != "0"}
        ranges = [sizes_giving(n, percent) for n, percent in pairs]
        for number, (value, size) in enumerate(offered):
            right = sum(low < value < high for low, high in ranges)
            if right >= TELLING and 2 * right >= len(ranges):
                made[Source(SizePlace.SAID, (number,))] |= dict.fromkeys(members, size)


def _beside(shares: list[Found], made: Offers) -> None:
    """Counts of other columns in the row, `all 937, alive 595 (64), dead 342 (36)`, and their sum if it is 100 %."""
    rows: dict[tuple[int, int], list[int]] = defaultdict(list)
    for k, one in enumerate(shares):
        if counted(one):
            rows[row_of(one)].append(k)
    for members in rows.values():
        both = [k for k in members if "percent" in shares[k].cells]
        for base in members[:ROWS_ABOVE]:
            for k in both:
                if k != base and int(shares[base].cells["n"]) >= int(shares[k].cells["n"]):
                    made[Source(SizePlace.COLUMN, (shares[base].column,))][k] = shares[base].cells["n"]
        shared = sum(magnitude(shares[k].cells["percent"]) for k in both)
        if len(both) > 1 and abs(shared - 100) <= 0.5 * len(both):
            made[Source(SizePlace.ACROSS)] |= dict.fromkeys(both, str(sum(int(shares[k].cells["n"]) for k in both)))


__all__ = ["TOTAL", "Offers", "Sizes", "counted", "row_of", "section_of"]
