"""Suppose for a cell of a table that was not read the row that it would have given had it been read as those around it.

A misprint often makes a cell unreadable: limits in the wrong order, a percentage above 100, a value beyond its limits.
Where the cells around it have the same shape and were read alike, the cell is checked as they are. Supposed rows are
never drafted; they only take part in the search for contradictions.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from resurvey.read.objects import Cell, Claim, Document, Draft, Span, Table
from resurvey.read.table_cells import CellValue, parse

# Columns of numbers that a cell may hold, in the order in which they are printed.
COLUMNS = ("n", "total", "value", "percent", "lower", "upper", "range_lower", "range_upper", "p")
# Tables of the drafts whose rows are checked by limits: one column of them says how its other cells are read.
WITH_LIMITS = ("hazard_ratios", "medians", "survival_rates", "differences", "quantities")
# Rows of one column that must have been read alike, and the share of its cells of that shape that may be unread.
ALIKE, UNREAD = 4, 0.2
PREFIX = "supposed-"


@dataclass(frozen=True)
class Part:
    """Where a number of a row stands: cells to the right of the main one, shape of the cell, which number of it."""

    apart: int
    shape: str
    which: int
    name: str


Pattern = tuple[Part, ...]
# Row and column; a line of the grid has ALL of one of them.
Place = tuple[int, int]
ALL = -1


def is_supposed(claim_id: str) -> bool:
    """Whether a claim id is that of a supposed row."""
    return claim_id.startswith(PREFIX)


def supposed(document: Document, drafts: Sequence[Draft]) -> list[Draft]:
    """Rows that unread cells would have given, had they been read as the cells beside or above and below them."""
    by_table: dict[str, list[Draft]] = defaultdict(list)
    for draft in drafts:
        blocks = [span.block.split(".") for span in draft.claim.spans]
        if blocks and all(len(block) == 3 for block in blocks):
            by_table[blocks[0][0]].append(draft)
    return [one for table in document.tables if table.id in by_table for one in _Grid(table, by_table[table.id]).rows()]


class _Grid:
    """A table with the values of its cells and the patterns by which its rows were read."""

    def __init__(self, table: Table, drafts: Sequence[Draft]):
        self.table = table
        self.read = {place for draft in drafts for place in map(_place, draft.claim.spans)}
        self.values: dict[Place, CellValue] = {
            (row, column): parse(cell.text)
            for row in range(table.heads, len(table.grid))
            for column, cell in enumerate(table.grid[row])
            if cell is not None and _alone(cell) and any(char.isdigit() for char in cell.text)
        }
        self.lines: dict[Place, list[Place]] = defaultdict(list)
        for row, column in self.values:
            self.lines[row, ALL].append((row, column))
            self.lines[ALL, column].append((row, column))
        self.unread: dict[tuple[Place, Pattern], int] = {}
        self.made = [(draft, pattern) for draft in drafts if (pattern := self._pattern(draft))]

    def rows(self) -> Iterator[Draft]:
        """One row at most for each unread cell: as the cells of its row were read, else as those of its column."""
        read: dict[Place, Counter[Pattern]] = defaultdict(Counter)
        first: dict[tuple[Place, Pattern], Draft] = {}
        for draft, pattern in self.made:
            row, column = _place(draft.claim.spans[0])
            lines = [(row, ALL)] + [(ALL, column)] * (draft.table in WITH_LIMITS)
            for line in lines if len(draft.claim.spans) > 1 else []:
                read[line][pattern] += 1
                first.setdefault((line, pattern), draft)
        for place, value in self.values.items():
            if place in self.read or not value.numbers or value.words:
                continue
            for line, least in (((place[0], ALL), 1), ((ALL, place[1]), ALIKE)):
                pattern = self._shared(place, line, read[line], least)
                if pattern:
                    yield self._supposed(first[line, pattern], pattern, place)
                    break

    def _shared(self, place: Place, line: Place, read: Counter[Pattern], least: int) -> Pattern:
        """The only pattern of a line that an unread cell has, if enough were read by it and hardly another was not."""
        has = [pattern for pattern in read if self._has(place, pattern)]
        if len(has) != 1 or read[has[0]] < least:
            return ()
        key = line, has[0]
        if key not in self.unread:
            self.unread[key] = sum(one not in self.read and self._has(one, has[0]) for one in self.lines[line])
        return has[0] if self.unread[key] <= max(1, UNREAD * read[has[0]]) else ()

    def _pattern(self, draft: Draft) -> Pattern:
        """Where the numbers of a row stand; empty if one of them is not found in its cell."""
        first = _place(draft.claim.spans[0])
        parts: list[Part] = []
        for span in draft.claim.spans:
            place = _place(span)
            value = self.values.get(place)
            which = _number_at(value, span) if value is not None else -1
            if value is None or which < 0 or place[0] != first[0]:
                return ()
            text = value.numbers[which].text
            taken = {part.name for part in parts}
            name = next((n for n in COLUMNS if n not in taken and _bare(draft.cells.get(n, "")) == _bare(text)), "")
            if not name:
                return ()
            parts.append(Part(place[1] - first[1], value.shape, which, name))
        return tuple(parts)

    def _has(self, place: Place, pattern: Pattern) -> bool:
        """Whether the cells from a place onwards have the shapes of a pattern."""
        return all(
            (value := self.values.get((place[0], place[1] + part.apart))) is not None
            and value.shape == part.shape
            and not value.words
            for part in pattern
        )

    def _supposed(self, mate: Draft, pattern: Pattern, place: Place) -> Draft:
        numbers = {part.name: self.values[place[0], place[1] + part.apart].numbers[part.which] for part in pattern}
        cells = {name: "" if name in (*COLUMNS, "arm_id", "arm") else text for name, text in mate.cells.items()}
        block = f"{self.table.id}.r{place[0]}.c{place[1]}"
        claim_id = f"{PREFIX}{block}"
        told = {name: number.text for name, number in numbers.items()}
        cells |= told | {"claim_id": claim_id, "locator": self._locator(mate, place)}
        spans = tuple(
            Span(
                f"{self.table.id}.r{place[0]}.c{place[1] + part.apart}",
                numbers[part.name].start,
                numbers[part.name].end,
            )
            for part in pattern
        )
        return replace(mate, claim_id=claim_id, cells=cells, claim=_claim(mate.claim, told, spans, cells["locator"]))

    def _locator(self, mate: Draft, place: Place) -> str:
        """The table and the labels of row and column, as printed."""
        label = self.table.grid[place[0]][0]
        heads = [row[place[1]] for row in self.table.grid[: self.table.heads] if place[1] < len(row)]
        texts = [cell.text for cell in (label, *(heads[-1:])) if cell is not None]
        return ", ".join([self.table.locator, *(" ".join(text.split()) for text in texts if text.strip())])


def _claim(claim: Claim, told: dict[str, str], spans: tuple[Span, ...], locator: str) -> Claim:
    cells = {name: text for name, text in claim.cells.items() if name not in COLUMNS}
    return replace(claim, cells=cells | told, spans=spans, locator=locator)


def _place(span: Span) -> Place:
    _, row, column = span.block.split(".")
    return int(row[1:]), int(column[1:])


def _alone(cell: Cell) -> bool:
    """Whether a cell covers one place of the grid and holds one line of numbers."""
    return cell.rows == 1 and cell.columns == 1 and "\n" not in cell.text.strip()


def _number_at(value: CellValue, span: Span) -> int:
    found = [k for k, number in enumerate(value.numbers) if number.start <= span.start < number.end]
    return found[0] if found else -1


def _bare(text: str) -> str:
    return text.lstrip("<>≤≥~=+")


def without_supposed(claim_ids: Iterable[str]) -> tuple[str, ...]:
    """Claim ids of rows that were read."""
    return tuple(one for one in claim_ids if not is_supposed(one))
