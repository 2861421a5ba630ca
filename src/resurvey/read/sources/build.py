"""Assemble a document: numbers of blocks, locations of paragraphs, grids of tables with spans resolved."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from resurvey.read.objects import Block, Cell, Document, Paragraph, Table

MAX_CELLS = 20_000
MAX_PARAGRAPH = 60_000
MAX_BLOCKS = 20_000


@dataclass(frozen=True)
class RawCell:
    """A cell as written in the file."""

    text: str
    rows: int = 1
    columns: int = 1
    head: bool = False
    indent: int = 0
    header: bool = False
    bold: bool = False


@dataclass(frozen=True)
class Grid:
    """Cells at all the positions they cover, the number of heading rows, and any reason the table cannot be read."""

    places: tuple[tuple[Cell | None, ...], ...]
    heads: int
    fault: str = ""


def resolve(rows: Sequence[Sequence[RawCell]]) -> Grid:
    """Resolve spans into a grid. Rows of different width that no span explains are a fault; nothing is guessed."""
    taken: dict[tuple[int, int], Cell] = {}
    heads, widths = 0, []
    for r, row in enumerate(rows):
        c = 0
        for raw in row:
            while (r, c) in taken:
                c += 1
            if len(taken) + raw.rows * raw.columns > MAX_CELLS:
                return Grid((), 0, f"it has more than {MAX_CELLS:,} cells")
            cell = Cell(r, c, raw.rows, raw.columns, raw.text, raw.header or raw.head, raw.indent)
            below = min(raw.rows, len(rows) - r)
            taken.update({(r + i, c + j): cell for i in range(below) for j in range(raw.columns)})
            c += raw.columns
        while (r, c) in taken:
            c += 1
        widths.append(c)
        heads += heads == r and bool(row) and all(raw.head for raw in row)
    return _square(taken, widths, heads, rows)


def _square(
    taken: dict[tuple[int, int], Cell], widths: list[int], heads: int, rows: Sequence[Sequence[RawCell]]
) -> Grid:
    width = max(widths, default=0)
    if len(rows) * width > MAX_CELLS:
        return Grid((), 0, f"it has more than {MAX_CELLS:,} cells")
    places = tuple(tuple(taken.get((r, c)) for c in range(width)) for r in range(len(rows)))
    usual = Counter(widths[heads:]).most_common(1)[0][0] if widths[heads:] else width
    # A short row is common for a group title; a short row with numbers has lost a cell, and which one is unknown.
    ragged = [
        r
        for r, w in enumerate(widths)
        if r >= heads
        and w != usual
        and sum(any(ch.isdigit() for ch in raw.text) for raw in rows[r][1:]) > 0
        and (w > usual or w > 1)
    ]
    fault = ""
    if ragged:
        fault = f"row {ragged[0] + 1} has {widths[ragged[0]]} cells where the others have {usual}"
        fault += ", and no span says which are missing"
    return Grid(places, heads, fault)


@dataclass
class Builder:
    """Collects the blocks of one document."""

    name: str
    kind: str
    about: dict[str, str] = field(default_factory=dict)
    blocks: list[Block] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    counts: Counter[tuple[str, ...]] = field(default_factory=Counter)
    tables: int = 0

    def paragraph(self, section: tuple[str, ...], text: str, kind: str = "text") -> None:
        """Add a paragraph, unless it is empty."""
        if not text or len(self.blocks) >= MAX_BLOCKS:
            return
        if len(text) > MAX_PARAGRAPH:
            self.refuse(
                f"a paragraph of {', '.join(section) or 'the text'} has "
                f"over {MAX_PARAGRAPH:,} characters: the rest of it was not read"
            )
            text = text[:MAX_PARAGRAPH]
        self.counts[section] += 1
        index = self.counts[section]
        place = ", ".join(part[:60] for part in section[-3:]) or "Text"
        locator = place if kind in ("caption", "title", "note") else f"{place}, par. {index}"
        self.blocks.append(Paragraph(f"p{len(self.blocks) + 1}", section, index, text, kind, locator))

    def table(self, label: str, caption: str, grid: Grid, notes: str, section: tuple[str, ...]) -> None:
        """Add a table; a fault is listed among the refusals."""
        self.tables += 1
        name = label or f"Table {self.tables} (unnumbered)"
        table = Table(f"t{self.tables}", name, caption, grid.places, grid.heads, notes, section, grid.fault)
        if grid.fault:
            self.refuse(f"{name}: {grid.fault}; type its numbers by hand")
        self.blocks.append(table)

    def references(self, count: int) -> None:
        """Record how many references are listed."""
        self.about["references"] = str(int(self.about.get("references", "0")) + count)

    def refuse(self, words: str) -> None:
        """Record once that something was not read."""
        if words not in self.refused:
            self.refused.append(words)

    def document(self) -> Document:
        """The document so far."""
        return Document(self.name, self.kind, tuple(self.blocks), dict(self.about), tuple(self.refused))
