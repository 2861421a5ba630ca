"""The layout of a table: heading rows, label columns, sections, and the headings and labels of each cell."""

from __future__ import annotations

import itertools
import re

from resurvey.read.normal import plain
from resurvey.read.objects import Cell, Table
from resurvey.read.table_body import label_of, read_body
from resurvey.read.table_cells import is_numeric
from resurvey.read.table_hints import SIZE, hints, is_size_label, size_in
from resurvey.read.table_places import EMPTY, Layout, Row, clean


def lay_out(table: Table, first: int = 0) -> Layout | None:
    """The layout of a table, or of the part of one that begins at row `first`; None if it has no body of numbers."""
    grid = table.grid
    if table.fault or len(grid) < 2 or not grid[0]:
        return None
    heads = _heading_rows(table)
    stub = _stub_width(table, heads)
    columns = len(grid[0])
    if stub >= columns:
        return None
    paths = _aligned([_path(grid, heads, c) for c in range(columns)], grid[heads:], stub)
    layout = Layout(table, stub, paths, [], [])
    _sizes(layout, heads)
    read_body(layout, heads, first)
    if len(layout.rows) > 2 and _ranges_as_heads(layout.rows[0], layout.rows[1:]):
        for c, place in layout.rows[0].cells.items():
            layout.heads[c] = (*layout.heads[c], place.text)
        layout.rows = layout.rows[1:]
    _mend_limits(layout)
    layout.parents = [_parent(path) for path in layout.heads]
    return layout


def _aligned(
    paths: list[tuple[str, ...]], body: tuple[tuple[Cell | None, ...], ...], stub: int
) -> list[tuple[str, ...]]:
    """Headings over the columns they belong to, where blank columns were put between those of the body only.

    `All | Alfa | Beta` over `(blank) 35 (74) (blank) 21 (69) (blank) 14 (78)`: as many headings as filled columns.
    """
    named = [c for c in range(stub, len(paths)) if paths[c]]
    filled = [
        c
        for c in range(stub, len(paths))
        if any((cell := row[c]) is not None and cell.column == c and is_numeric(cell.text) for row in body)
    ]
    if len(named) != len(filled) or named == filled or all(paths[c] for c in filled):
        return paths
    made = [*paths[:stub], *[()] * (len(paths) - stub)]
    for name, c in zip(named, filled, strict=True):
        made[c] = paths[name]
    return made


def _mend_limits(layout: Layout) -> None:
    """Extend an interval heading over its second limit if a lone limit is followed by "p values" above 1."""
    for c in range(layout.stub, len(layout.heads) - 1):
        if "ci" not in hints(layout.leaf(c)) or "p" not in hints(layout.leaf(c + 1)):
            continue
        singles = [row.cells[c].value.shape == "n" for row in layout.rows if c in row.cells]
        right = [row.cells[c + 1].value for row in layout.rows if c + 1 in row.cells]
        if singles and all(singles) and any(value.shape == "n" and value.numbers[0].value > 1 for value in right):
            layout.heads[c + 1] = layout.heads[c]


def _heading_rows(table: Table) -> int:
    """Number of heading rows: those marked in the file, and following rows with only sizes, grades or times."""
    grid = table.grid
    heads = table.heads
    if heads == 0:
        heads = 1
    while heads < len(grid) - 1 and heads < 6 and _continues(grid[heads]):
        heads += 1
    return heads


# What the cells of a second heading row name.
MEASURED = frozenset({"n_pct", "pct_n", "pct", "n", "p", "hr", "or", "rr", "ci"})
# Titles of the column of labels.
TITLE = re.compile(
    r"(?:baseline |clinical |patients?'? )?"
    r"(?:characteristics?|variables?|parameters?|factors?|outcomes?|events?|items?)",
    re.IGNORECASE,
)


def _continues(row: tuple[Cell | None, ...]) -> bool:
    """Whether a body row is a heading: first cell blank, the others sizes (`n = 45`) or measures (`n (%)`, `%`)."""
    texts = [clean(cell.text) for cell in row if cell is not None]
    first = clean(row[0].text) if row[0] is not None else ""
    rest = [clean(cell.text) for cell in row[1:] if cell is not None and clean(cell.text)]
    titled = TITLE.fullmatch(first) is not None and any(SIZE.search(plain(text)) for text in rest)
    if (first and not titled) or len(rest) < 1 or len(texts) < 2:
        return False
    measures = [text for text in rest if not re.search(r"\d", text) and hints(text) & MEASURED]
    if len(measures) >= 4 and len(measures) >= len(rest) - 1:
        return True
    return all(
        SIZE.fullmatch(text.strip("()"))
        or (
            not is_numeric(text)
            and not re.search(r"\d", text)
            and bool(hints(text) & {"n_pct", "pct_n", "pct", "n", "p", "hr", "ci"})
        )
        or (SIZE.search(f"({text.strip('()')})") and "=" in text)
        for text in rest
    )


def _stub_width(table: Table, heads: int) -> int:
    """Number of leading label columns: the first, and others where those before are mostly blank or span rows."""
    grid = table.grid
    body = grid[heads:]
    if not body or len(grid[0]) < 2:
        return 1
    width = 1
    while width < min(STEPS, len(grid[0]) - 1) and _is_label_column(body, grid[:heads], width):
        # From the fourth column on, a label column is a level of indentation without a title of its own.
        if width >= 3 and _titled(grid[:heads], width):
            break
        width += 1
    return width


def _titled(head: tuple[tuple[Cell | None, ...], ...], c: int) -> bool:
    """Whether a column has a title that it does not share with the columns before it."""
    return any(cell is not None and cell.column == c and clean(cell.text) for cell in (row[c] for row in head))


# Maximum number of columns used as indentation by empty cells.
STEPS = 5


def _labels_sizes(cell: Cell, head: tuple[tuple[Cell | None, ...], ...]) -> bool:
    """Whether a heading `No. of patients` labels the sizes to its right in the same heading row."""
    row = next((row for row in head if any(other is cell for other in row)), None)
    if not is_size_label(clean(cell.text)) or row is None:
        return False
    right = [clean(other.text) for other in row[cell.column + 1 :] if other is not None]
    return bool(right) and all(text.replace(",", "").isdigit() for text in right if text)


def _is_label_column(
    body: tuple[tuple[Cell | None, ...], ...], head: tuple[tuple[Cell | None, ...], ...], c: int
) -> bool:
    below = [cell for row in body if (cell := row[c]) is not None and cell.column == c]
    cells = [cell for cell in below if clean(cell.text) and not EMPTY.fullmatch(plain(clean(cell.text)))]
    above = [cell for row in head if (cell := row[c]) is not None]
    if not cells:
        return not any(clean(cell.text) for cell in above)
    numeric = sum(is_numeric(cell.text) for cell in cells) / len(cells)
    titles = [clean(cell.text) for cell in above if not _labels_sizes(cell, head)]
    if any(
        title and (hints(title) & {"n", "pct", "n_pct", "hr", "p", "median", "ci", "mean"} or SIZE.search(plain(title)))
        for title in titles
    ):
        return False
    shared = any(cell.column < c for cell in above)
    before = [row[c - 1] for row in body if (cell := row[c]) is not None and clean(cell.text)]
    blank = sum(1 for cell in before if cell is None or not clean(cell.text) or cell.rows > 1) / max(1, len(before))
    untitled = not any(titles)
    if numeric <= 0.35:
        return True
    return (untitled or shared) and blank >= 0.4 and numeric < 0.95


def _path(grid: tuple[tuple[Cell | None, ...], ...], heads: int, c: int) -> tuple[str, ...]:
    path: list[str] = []
    for row in grid[:heads]:
        cell = row[c]
        text = clean(cell.text) if cell is not None else ""
        if text and (not path or path[-1] != text):
            path.append(text)
    return tuple(path)


def _sizes(layout: Layout, heads: int) -> None:
    """Sizes of columns: from their headings, otherwise from a row of sizes among the last headings or first rows."""
    grid = layout.table.grid
    for c, path in enumerate(layout.heads):
        found = [size_in(text) for text in path if size_in(text)] or _bare_sizes(path)
        if found:
            layout.sizes[c] = found[-1]
    for r in range(min(heads + 2, len(grid))):
        label = label_of(grid[r], layout.stub)
        if not is_size_label(label):
            continue
        for c in range(layout.stub, len(grid[r])):
            cell = grid[r][c]
            text = plain(clean(cell.text)).replace(",", "").strip() if cell is not None else ""
            text = re.sub(r"^[nN]\s?=\s?|\s?\(100(?:\.0+)?\s?%?\)$", "", text)
            if text.isdigit() and int(text) > 0:
                layout.sizes.setdefault(c, text)


def _bare_sizes(path: tuple[str, ...]) -> list[str]:
    """A size in a heading row of its own, `175` below `N`."""
    return [
        below
        for above, below in itertools.pairwise(path)
        if is_size_label(above) and below.strip("0") and below.isdigit()
    ]


def _parent(path: tuple[str, ...]) -> str:
    """The headings above the innermost one: columns that share them belong together."""
    return " / ".join(path[:-1]) if len(path) > 1 else ""


def _ranges_as_heads(row: Row, following: list[Row]) -> bool:
    """Whether a first row of ranges (`0`, `1-4`, `5-8`) above rows of counts is a heading."""
    ranges = sum(place.value.shape == "n-n" for place in row.cells.values())
    return (
        ranges >= 2
        and bool(following)
        and all(place.value.shape in ("n", "n(p)", "n(n)") for other in following for place in other.cells.values())
    )
