"""The body of a table: its rows, each with the titles, the label and the sizes above it."""

from __future__ import annotations

from dataclasses import dataclass

from resurvey.read.normal import plain
from resurvey.read.objects import Cell
from resurvey.read.table_cells import parse
from resurvey.read.table_hints import SIZE, hints, is_size_label, size_in
from resurvey.read.table_lines import split_lines
from resurvey.read.table_notes import marks
from resurvey.read.table_places import REFERENCE, Layout, Place, Reference, Row, clean
from resurvey.read.word_lists import endpoints_in


@dataclass(frozen=True)
class Title:
    """A title of the rows below it: how far it is set in, its words, and the size that it prints."""

    depth: float
    words: str
    size: str = ""


def read_body(layout: Layout, heads: int, first: int) -> None:
    """Read the rows below the headings into the layout, each with the titles and sizes above it."""
    body = _Body(layout, layout.table.grid[heads:])
    for k in range(len(body.rows)):
        body.add(k, heads + first + k)


class _Body:
    """The rows of a table while they are read from the top: open titles, the label that spans rows, sizes in force."""

    def __init__(self, layout: Layout, rows: tuple[tuple[Cell | None, ...], ...]):
        self.layout, self.rows, self.stub = layout, rows, layout.stub
        self.titles: list[Title] = []
        self.spanning: Title | None = None
        self.sizes: dict[int, str] = {}
        self.earlier: dict[int, str] = {}
        self.indents = [_indent(row, self.stub) for row in rows]
        self.stepped = len({i for i, row in zip(self.indents, rows, strict=True) if label_of(row, self.stub)}) > 1

    def add(self, k: int, number: int) -> None:
        """Take up row `k`, which is row `number` of the whole table."""
        row = self.rows[k]
        label, cells, against = label_of(row, self.stub), _cells(self.layout, number, row), _against(self.layout, row)
        if cells:
            self._values(k, number, label, cells, against)
        elif against:
            above = [one for one in self.titles if not self.stepped or one.depth < self.indents[k]]
            self.layout.references.append(Reference(_words_of(above), label, against))
        else:
            self._title(k, _spanning(row) or label)

    def _title(self, k: int, words: str) -> None:
        """A row without numbers: a second heading or a title."""
        if _new_heads(self.layout, self.rows[k], words):
            self.titles = []
        elif words:
            self.earlier, self.sizes = self.earlier | self.sizes, {}
            self._open(Title(_title_depth(self.rows[k], self.indents[k:]), words, size_in(words)))

    def _open(self, title: Title) -> None:
        self.titles = [*_outer_titles(self.titles, title.words, title.depth if self.stepped else None), title]

    def _values(self, k: int, number: int, label: str, cells: dict[int, Place], against: frozenset[int]) -> None:
        """A row with numbers."""
        row, outer, indent = self.rows[k], _outer(self.rows[k], self.stub), self.indents[k]
        if not label and not outer:
            label = self.layout.rows[-1].label if self.layout.rows and _continuation(cells) else ""
        if self.stepped:
            self.titles = [one for one in self.titles if one.depth < indent]
        elif self.titles and _of_another_endpoint(label, [one.words for one in self.titles]):
            self.titles = []
        sections, size = self._section(row, label, outer, cells)
        if against:
            self.layout.references.append(Reference(sections, label, against))
        if len(cells) > 1 and (found := _row_of_sizes(cells)):
            self.sizes = found
            # A p value beside the sizes is that of the rows below.
            cells = {c: place for c, place in cells.items() if c not in found}
            if label:
                self.titles = [*(self.titles if self.stepped else ()), Title(indent, label)]
            if not cells:
                return
        if is_size_label(label) and (found := _counts_only(cells)):
            self.sizes = {**self.sizes, **found}
        depth = _indent(row, self.stub, innermost=True)
        made = Row(
            number, sections, label, cells, size, depth, dict(self.sizes), dict(self.earlier), _marks(row, self.stub)
        )
        self.layout.rows += split_lines(made, row, self.stub)
        if label and _only_p(self.layout, cells):
            self._open(Title(indent, label, size_in(label)))

    def _section(
        self, row: tuple[Cell | None, ...], label: str, outer: str, cells: dict[int, Place]
    ) -> tuple[tuple[str, ...], str]:
        """The titles over a row, from the outermost inwards, and the size that the nearest of them prints."""
        if outer and outer != label:
            self.spanning = Title(0, outer, size_in(outer))
        elif self.stub == 1 or not label or _first_filled(row, self.stub):
            self.spanning = None
        if not self.stepped and not outer and _only_p(self.layout, cells) and "p" not in hints(label):
            over = [one for one in self.titles if one.size]
        else:
            over = [*self.titles, *([self.spanning] if self.spanning else [])]
        return _words_of(over), next((one.size for one in reversed(over) if one.size), "")


def _words_of(titles: list[Title]) -> tuple[str, ...]:
    return tuple(one.words for one in titles)


def _title_depth(row: tuple[Cell | None, ...], indents: list[int]) -> float:
    """How far a title is set in; one over the whole width is above the next row, even if that is set in no further."""
    wide = len({id(cell) for cell in row if cell is not None}) == 1
    return min(indents[0], indents[1] - 0.5) if wide and len(indents) > 1 else indents[0]


def _outer_titles(titles: list[Title], words: str, indent: float | None) -> list[Title]:
    """Titles that a new one comes under: those set in less; without indents, those that name a group by its size."""
    if indent is not None:
        return [one for one in titles if one.depth < indent]
    return [one for one in titles if one.size and not size_in(words)]


def _of_another_endpoint(label: str, sections: list[str]) -> bool:
    """Whether a label names another endpoint than the sections it would belong to."""
    own = {name for *_, name in endpoints_in(label)}
    theirs = {name for section in sections for *_, name in endpoints_in(section)}
    return bool(own) and bool(theirs) and not own & theirs


def _against(layout: Layout, row: tuple[Cell | None, ...]) -> frozenset[int]:
    """Columns of a row whose cells say that it is the reference of its section."""
    return frozenset(
        c
        for c, cell in enumerate(row)
        if c >= layout.stub and cell is not None and REFERENCE.fullmatch(plain(clean(cell.text)))
    )


def _counts_only(cells: dict[int, Place]) -> dict[int, str]:
    """Sizes from a row labelled as sizes (`No. of patients`): its whole numbers."""
    return {
        c: place.value.numbers[0].text
        for c, place in cells.items()
        if (place.value.shape == "n" or (place.value.shape in ("n(p)", "n(n)") and place.value.numbers[1].value == 100))
        and place.value.numbers[0].text.isdigit()
        and place.value.numbers[0].text != "0"
    }


def _row_of_sizes(cells: dict[int, Place]) -> dict[int, str]:
    """Sizes from a row whose cells all print `n = 361`, but for a p value: of the groups of the rows below."""
    texts = {c: plain(clean(place.text)).strip().strip("()") for c, place in cells.items()}
    found = {c: size_in(text) for c, text in texts.items() if "=" in text and SIZE.fullmatch(text)}
    others = [place.value for c, place in cells.items() if c not in found]
    p = all(
        value.shape in ("n", "Pn") and not value.numbers[0].whole and value.numbers[0].value <= 1 for value in others
    )
    return found if len(found) > 1 and len(others) <= 1 and p else {}


def _first_filled(row: tuple[Cell | None, ...], stub: int) -> bool:
    """Whether the label is in the first column, so that it starts a new item and does not continue the label before."""
    return row[0] is not None and bool(clean(row[0].text))


def _only_p(layout: Layout, cells: dict[int, Place]) -> bool:
    """Whether a row prints only its p value and so is the title of the rows below."""
    filled = [c for c, place in cells.items() if place.value.numbers]
    return (
        bool(filled)
        and all("p" in hints(layout.leaf(c)) for c in filled)
        and len(layout.heads) - layout.stub > len(filled)
    )


def _indent(row: tuple[Cell | None, ...], stub: int, *, innermost: bool = False) -> int:
    """How far the first label of a row is set in, or its last; a column of labels counts ten steps."""
    depths = [
        10 * c + cell.indent
        for c, cell in enumerate(row[:stub])
        if cell is not None and clean(cell.text) and cell.column == c
    ]
    return depths[-1 if innermost else 0] if depths else 0


def label_of(row: tuple[Cell | None, ...], stub: int) -> str:
    """The innermost label of a row."""
    for c in range(stub - 1, -1, -1):
        cell = row[c]
        if cell is not None and cell.columns <= max(stub, 1) + 1 and clean(cell.text):
            return clean(cell.text)
    return ""


def _marks(row: tuple[Cell | None, ...], stub: int) -> frozenset[str]:
    """Footnote marks of the labels of a row."""
    return frozenset().union(*(marks(cell.text) for cell in row[:stub] if cell is not None))


def _outer(row: tuple[Cell | None, ...], stub: int) -> str:
    """The label before the innermost one, printed in the row or spanning down to it."""
    own = label_of(row, stub)
    parts = []
    for c in range(stub):
        cell = row[c]
        if cell is not None and clean(cell.text) and clean(cell.text) != own and cell.columns <= stub:
            parts.append(clean(cell.text))
    return " / ".join(dict.fromkeys(parts))


def _spanning(row: tuple[Cell | None, ...]) -> str:
    """The text of a row that is one cell over all columns or has only one filled cell."""
    filled = {id(cell): cell for cell in row if cell is not None and clean(cell.text)}
    return clean(next(iter(filled.values())).text) if len(filled) == 1 else ""


def _cells(layout: Layout, number: int, row: tuple[Cell | None, ...]) -> dict[int, Place]:
    cells: dict[int, Place] = {}
    seen: set[int] = set()
    wide = len({id(cell) for cell in row if cell is not None}) == 1
    for c in range(layout.stub, len(row)):
        cell = row[c]
        if cell is None or id(cell) in seen or not cell.text.strip():
            continue
        seen.add(id(cell))
        text, offset = _line_of(cell, number)
        if cell.column < layout.stub or (cell.row != number and text == cell.text) or wide:
            continue
        value = parse(text)
        if value.numbers or value.shape:
            cells[c] = Place(number, c, cell, text, offset, value)
    return cells if any(place.value.numbers for place in cells.values()) else {}


def _line_of(cell: Cell, number: int) -> tuple[str, int]:
    """The line of a multi-row cell that belongs to one row, if it has a line for each row; otherwise its whole text."""
    lines = cell.text.split("\n")
    if cell.rows == 1 or len(lines) != cell.rows:
        return cell.text, 0
    k = number - cell.row
    return lines[k], sum(len(line) + 1 for line in lines[:k])


def _continuation(cells: dict[int, Place]) -> bool:
    """Whether a row without a label holds bracketed limits and so belongs to the row above."""
    shapes = [place.value.shape for place in cells.values() if place.value.numbers]
    return all(shape.strip("()C") in ("n-n", "p-p", "n,n", "n-R") for shape in shapes)


def _new_heads(layout: Layout, row: tuple[Cell | None, ...], words: str) -> bool:
    """A second heading inside the body: several filled cells without results, at least one with a measure or a size."""
    filled = [
        (c, clean(cell.text))
        for c, cell in enumerate(row)
        if cell is not None and c >= layout.stub and clean(cell.text) and cell.columns < len(row)
    ]
    if len({text for _, text in filled}) < 2:
        return False
    if not any(
        hints(text) & {"n", "n_pct", "pct", "hr", "p", "ci", "median"} or SIZE.search(plain(text)) for _, text in filled
    ):
        return False
    for c, text in filled:
        old = layout.heads[c]
        layout.heads[c] = (
            (*old[:-1], text)
            if hints(text) & {"n", "n_pct", "pct", "hr", "p", "ci", "median"} and len(old) > 1
            else (text,)
            if SIZE.search(plain(text))
            else (*old, text)
        )
    return True
