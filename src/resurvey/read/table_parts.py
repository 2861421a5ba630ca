"""Tables that print a second heading inside: each part is read under its own heading.

`Asundexian (n = 395) | Placebo (n = 399)` above the outcomes of safety, and `(n = 397) | (n = 401)` above those of
efficacy: the sizes, and sometimes the groups, differ.
"""

from __future__ import annotations

import re
from dataclasses import replace

from resurvey.read.normal import plain
from resurvey.read.objects import Cell, Table
from resurvey.read.table_cells import is_numeric
from resurvey.read.table_hints import SIZE, size_in
from resurvey.read.table_places import clean

Grid = tuple[tuple[Cell | None, ...], ...]


def parts(table: Table) -> list[tuple[Table, int]]:
    """A table as its parts, each with the number of its first row in the whole."""
    inner = _inner_heads(table)
    if not inner or table.fault:
        return [(table, 0)]
    bounds = [0, *(first for first, _ in inner), len(table.grid)]
    made = [(replace(table, grid=table.grid[: bounds[1]]), 0)]
    for (first, last), stop in zip(inner, bounds[2:], strict=True):
        head, body = _one_row(table.grid[first : last + 1]), table.grid[last + 1 : stop]
        if _unlabelled(table.grid[last]):
            made.append((replace(table, grid=(head, *body), heads=1), last))
        else:
            # The label of the heading is the title of the rows below it.
            made.append((replace(table, grid=(head, _title(table.grid[last]), *body), heads=1), last - 1))
    return made


def _title(row: tuple[Cell | None, ...]) -> tuple[Cell | None, ...]:
    first = row[0]
    return (first, *(replace(first, column=c, text="") if first is not None else None for c in range(1, len(row))))


def _inner_heads(table: Table) -> list[tuple[int, int]]:
    """First and last row of each heading inside the body."""
    grid, found = table.grid, []
    for r in range(max(table.heads, 1) + 2, len(grid) - 1):
        if not _of_sizes(grid[r]) or not (_names_groups(grid[r]) or (_unlabelled(grid[r]) and _of_words(grid[r - 1]))):
            continue
        first = r
        while _unlabelled(grid[r]) and first - 1 > table.heads and _of_words(grid[first - 1]):
            first -= 1
        found.append((first, r))
    return found


def _filled(row: tuple[Cell | None, ...]) -> list[str]:
    cells = {id(cell): cell for cell in row[1:] if cell is not None and clean(cell.text)}
    return [clean(cell.text) for cell in cells.values()]


def _unlabelled(row: tuple[Cell | None, ...]) -> bool:
    return not row or row[0] is None or not clean(row[0].text)


def _of_sizes(row: tuple[Cell | None, ...]) -> bool:
    """Whether a row prints sizes in two cells or more, and in the others nothing but words."""
    filled = _filled(row)
    sized = _sized(filled)
    return len(sized) >= 2 and not any(is_numeric(text) for text in filled if text not in sized)


def _sized(filled: list[str]) -> list[str]:
    return [text for text in filled if "=" in plain(text) and size_in(text)]


def _names_groups(row: tuple[Cell | None, ...]) -> bool:
    """Whether every size of a row follows a name: `Placebo (n = 401)`."""
    return all(re.search(r"[A-Za-z]", SIZE.sub("", plain(text)).partition("(")[0]) for text in _sized(_filled(row)))


def _of_words(row: tuple[Cell | None, ...]) -> bool:
    filled = _filled(row)
    return _unlabelled(row) and bool(filled) and not any(is_numeric(text) for text in filled)


def _one_row(rows: Grid) -> tuple[Cell | None, ...]:
    """The lines of a heading as one row: its words column by column."""
    made: list[Cell | None] = []
    for c in range(len(rows[0])):
        texts = [clean(cell.text) for row in rows if (cell := row[c]) is not None and cell.column == c]
        made.append(Cell(0, c, 1, 1, " ".join(text for text in texts if text), header=True))
    return tuple(made)
