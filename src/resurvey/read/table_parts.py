"""Tables that print a second heading inside: each part is read under its own heading.

`Asundexian (n = 395) | Placebo (n = 399)` above the outcomes of safety, and `(n = 397) | (n = 401)` above those of
efficacy: the sizes, and sometimes the groups, differ.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from resurvey.read.normal import plain
from resurvey.read.objects import Cell, Table
from resurvey.read.table_cells import is_numeric
from resurvey.read.table_hints import SIZE, hints, size_in
from resurvey.read.table_places import clean

Grid = tuple[tuple[Cell | None, ...], ...]


def parts(table: Table) -> list[tuple[Table, int]]:
    """A table as its parts, each with the number of its first row in the whole."""
    if table.fault:
        return [(table, 0)]
    inner = _inner_heads(table)
    if not inner:
        return list(_by_measures(table, 0))
    bounds = [0, *(first for first, _ in inner), len(table.grid)]
    made = [(replace(table, grid=table.grid[: bounds[1]]), 0)]
    for (first, last), stop in zip(inner, bounds[2:], strict=True):
        head, body = _one_row(table.grid[first : last + 1]), table.grid[last + 1 : stop]
        if _unlabelled(table.grid[last]):
            made.append((replace(table, grid=(head, *body), heads=1), last))
        else:
            # The label of the heading is the title of the rows below it.
            made.append((replace(table, grid=(head, _title(table.grid[last]), *body), heads=1), last - 1))
    return [part for one, first in made for part in _by_measures(one, first)]


def _by_measures(table: Table, first: int) -> Iterator[tuple[Table, int]]:
    """A table, or a part that begins at row `first`, parted where a row names other measures for its columns.

    `n (%) | n (%) | OR (95% CI)` above the counts and `mean (SD) | mean (SD) | MD (95% CI)` above the means. The later
    part has the names of the groups from the top, and the last row of sizes and the titles directly above it.
    """
    grid, top = table.grid, max(table.heads, 1)
    while top < len(grid) and _of_measures(grid[top]):
        top += 1
    starts = [r for r in range(top - 1, len(grid) - 1) if r and _of_measures(grid[r])]
    if not starts or (starts == [top - 1] and not _values(grid[top - 1])):
        yield table, first
        return
    if starts[0] >= top:
        yield replace(table, grid=grid[: starts[0]]), first
    names = [row for row in grid[:top] if not _of_measures(row)]
    measures: list[tuple[Cell | None, ...]] = []
    for start, stop in zip(starts, [*starts[1:], len(grid)], strict=True):
        # A value beside the measures, such as the p value of all rows below, is read as a row of its own.
        begin = start if _values(grid[start]) else start + 1
        above = _above(grid, top, start)
        carried = [_at_row(grid[r], first + begin - len(above) + k) for k, r in enumerate(above)]
        measures = [_over(_words_of(grid[start]), measures)]
        made = (*(_without_measures(row, measures[0]) for row in names), *measures, *carried, *grid[begin:stop])
        heads = len(names) + 1
        yield replace(table, grid=made, heads=heads), first + begin - heads - len(carried)


MEASURED = frozenset({"n_pct", "pct_n", "pct", "n", "p", "hr", "or", "rr", "ci", "median", "mean", "sd"})


def _of_measures(row: tuple[Cell | None, ...]) -> bool:
    """Whether a row without a label names two measures or more, and prints at most one value, as of their p."""
    filled = _filled(row)
    words = {text for text in filled if not is_numeric(text)}
    if not _unlabelled(row) or len(words) < 2 or len(filled) - sum(text in words for text in filled) > 1:
        return False
    return all(hints(text) & MEASURED and not re.search(r"\d", LEVEL.sub("", text)) for text in words)


LEVEL = re.compile(r"9\d(?:\.\d)?\s?%")


def _above(grid: Grid, top: int, start: int) -> list[int]:
    """Rows above a heading inside the body that say of what its rows are: the last of sizes, and titles next to it."""
    found = [r for r in range(top, start) if _of_sizes(grid[r])][-1:]
    for r in range(start - 1, top - 1, -1):
        if _unlabelled(grid[r]) or _filled(grid[r]):
            break
        found.append(r)
    return sorted(set(found))


def _at_row(row: tuple[Cell | None, ...], number: int) -> tuple[Cell | None, ...]:
    """A row of the same cells at another place."""
    moved = {id(cell): replace(cell, row=number) for cell in row if cell is not None}
    return tuple(moved[id(cell)] if cell is not None else None for cell in row)


def _values(row: tuple[Cell | None, ...]) -> bool:
    return any(is_numeric(text) for text in _filled(row))


def _over(row: tuple[Cell | None, ...], before: Sequence[tuple[Cell | None, ...]]) -> tuple[Cell | None, ...]:
    """A row of measures, with those of the one before it where it has none, as a p that is printed once."""
    if not before:
        return row
    return tuple(
        old if (new is None or not clean(new.text)) and old is not None else new
        for new, old in zip(row, before[0], strict=True)
    )


def _without_measures(row: tuple[Cell | None, ...], below: tuple[Cell | None, ...]) -> tuple[Cell | None, ...]:
    """A row of headings without the measures of the columns for which a heading inside the body names others."""
    return tuple(
        replace(cell, text="")
        if cell is not None and cell.columns == 1 and c and _measure(cell) and new is not None and clean(new.text)
        else cell
        for c, (cell, new) in enumerate(zip(row, below, strict=True))
    )


def _measure(cell: Cell) -> bool:
    text = plain(clean(cell.text))
    return bool(hints(text) & MEASURED) and not SIZE.search(text)


def _words_of(row: tuple[Cell | None, ...]) -> tuple[Cell | None, ...]:
    """A row without its numbers."""
    return tuple(replace(cell, text="") if cell is not None and is_numeric(cell.text) else cell for cell in row)


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
