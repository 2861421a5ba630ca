"""The layout of a table: heading rows, label columns, sections, and the headings and labels of each cell."""

from __future__ import annotations

import itertools
import re
from functools import lru_cache

from resurvey.read.normal import plain
from resurvey.read.objects import Cell, Table
from resurvey.read.table_cells import is_numeric, parse
from resurvey.read.table_hints import SIZE, hints, size_in
from resurvey.read.table_lines import split_lines
from resurvey.read.table_notes import marks
from resurvey.read.table_places import EMPTY, REFERENCE, Layout, Place, Reference, Row, clean
from resurvey.read.word_lists import endpoints_in


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
    _body(layout, heads, first)
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


SIZE_LABEL = re.compile(
    r"(?:total )?(?:n|no\.|number|patients|total|all|all patients|"
    r"total patients|evaluable|subjects|cases)(?: of)?(?: evaluable| enrolled| included| eligible| analy[sz]ed|"
    r" assessable| treated| randomi[sz]ed)?(?: patients| pts\.?|"
    r" subjects| cases| women)?(?: \(n\)|, n)?",
    re.IGNORECASE,
)


@lru_cache(maxsize=4096)
def is_size_label(text: str) -> bool:
    """Whether a label names the size of the groups and nothing else: `No. of patients`, `Patients treated (n)`."""
    one = text.strip(" ,:")
    return SIZE_LABEL.fullmatch(one) is not None or SIZE_LABEL.fullmatch(one.strip(" ,:()")) is not None


def _sizes(layout: Layout, heads: int) -> None:
    """Sizes of columns: from their headings, otherwise from a row of sizes among the last headings or first rows."""
    grid = layout.table.grid
    for c, path in enumerate(layout.heads):
        found = [size_in(text) for text in path if size_in(text)] or _bare_sizes(path)
        if found:
            layout.sizes[c] = found[-1]
    for r in range(min(heads + 2, len(grid))):
        label = _label(grid[r], layout.stub)
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


def _body(layout: Layout, heads: int, first: int) -> None:
    grid, stub = layout.table.grid, layout.stub
    stack: list[tuple[float, str, str]] = []
    last_outer: tuple[str, str] = ("", "")
    sizes: dict[int, str] = {}
    earlier: dict[int, str] = {}
    indents = [_indent(row, stub) for row in grid[heads:]]
    stepped = len({i for i, row in zip(indents, grid[heads:], strict=True) if _label(row, stub)}) > 1
    for number, row in enumerate(grid[heads:], start=heads + first):
        label, outer = _label(row, stub), _outer(row, stub)
        cells = _cells(layout, number, row)
        indent = indents[number - heads - first]
        against = _against(layout, row)
        if against and not cells:
            sections = tuple(item[1] for item in stack if not stepped or item[0] < indent)
            layout.references.append(Reference(sections, label, against))
            continue
        if not cells:
            words = _spanning(row) or label
            if _new_heads(layout, row, words):
                stack = []
                continue
            if words:
                earlier, sizes = earlier | sizes, {}
                level = _title_depth(row, indents[number - heads - first :])
                stack = _outer_titles(stack, words, level if stepped else None)
                stack.append((level, words, size_in(words)))
            continue
        if not label and not outer:
            label = layout.rows[-1].label if layout.rows and _continuation(cells) else ""
        if stepped:
            stack = [item for item in stack if item[0] < indent]
        elif stack and _of_another_endpoint(label, [item[1] for item in stack]):
            stack = []
        sections = tuple(item[1] for item in stack)
        size = next((item[2] for item in reversed(stack) if item[2]), "")
        if outer and outer != label:
            last_outer = (outer, size_in(outer))
        elif stub == 1 or not label or _first_filled(row, stub):
            last_outer = ("", "")
        if last_outer[0]:
            sections, size = (*sections, last_outer[0]), last_outer[1] or size
        if not stepped and not outer and _only_p(layout, cells) and "p" not in hints(label):
            sections = tuple(item[1] for item in stack if item[2])
            size = next((item[2] for item in reversed(stack) if item[2]), "")
        if against:
            layout.references.append(Reference(sections, label, against))
        if len(cells) > 1 and (found := _row_of_sizes(cells)):
            sizes = found
            # A p value beside the sizes is that of the rows below.
            cells = {c: place for c, place in cells.items() if c not in found}
            if label:
                stack = [item for item in stack if item[0] < indent] if stepped else []
                stack.append((indent, label, ""))
            if not cells:
                continue
        if is_size_label(label) and (found := _counts_only(cells)):
            sizes = {**sizes, **found}
        depth = _indent(row, stub, innermost=True)
        made = Row(number, sections, label, cells, size, depth, dict(sizes), dict(earlier), _marks(row, stub))
        layout.rows += split_lines(made, row, stub)
        if label and _only_p(layout, cells):
            stack = _outer_titles(stack, label, indent if stepped else None)
            stack.append((indent, label, size_in(label)))


def _title_depth(row: tuple[Cell | None, ...], indents: list[int]) -> float:
    """How far a title is set in; one over the whole width is above the next row, even if that is set in no further."""
    wide = len({id(cell) for cell in row if cell is not None}) == 1
    return min(indents[0], indents[1] - 0.5) if wide and len(indents) > 1 else indents[0]


def _outer_titles(
    stack: list[tuple[float, str, str]], title: str, indent: float | None
) -> list[tuple[float, str, str]]:
    """Titles that a new one comes under: those set in less; without indents, those that name a group by its size."""
    if indent is not None:
        return [item for item in stack if item[0] < indent]
    return [item for item in stack if item[2] and not size_in(title)]


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


def _label(row: tuple[Cell | None, ...], stub: int) -> str:
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
    own = _label(row, stub)
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


def _ranges_as_heads(row: Row, following: list[Row]) -> bool:
    """Whether a first row of ranges (`0`, `1-4`, `5-8`) above rows of counts is a heading."""
    ranges = sum(place.value.shape == "n-n" for place in row.cells.values())
    return (
        ranges >= 2
        and bool(following)
        and all(place.value.shape in ("n", "n(p)", "n(n)") for other in following for place in other.cells.values())
    )


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
