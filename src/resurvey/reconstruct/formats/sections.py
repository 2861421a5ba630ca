"""Runs of data rows in a file, each with the headings above it."""

from __future__ import annotations

from dataclasses import dataclass

from resurvey.reconstruct.formats.cells import Page, Row, is_missing, is_number, list_faults
from resurvey.reconstruct.formats.column_names import UNIT_WORDS, heading


@dataclass(frozen=True)
class Section:
    """Consecutive data rows with their headings.

    Attributes
    ----------
    names : tuple of str
        Headings of the columns; empty if there are none.
    titles : tuple of str
        Cells of the row above the headings (names of data sets), or one title.
    rows : tuple of Row
        All of the same width.
    headed : bool
        Whether the section has its own headings.
    remark : bool
        Whether the titles are comments, which name curves only if there are several.
    """

    names: tuple[str, ...]
    titles: tuple[str, ...]
    rows: tuple[Row, ...]
    headed: bool = False
    remark: bool = False

    @property
    def width(self) -> int:
        """Number of columns."""
        return len(self.rows[0].cells)


def sections_of(page: Page) -> list[Section]:
    """Sections of a page; a later section without headings takes those of the previous one.

    Raises
    ------
    InputError
        If no row holds two numbers, or rows differ in width from their heading (every such line is listed).
    """
    made: list[Section] = []
    faults: list[str] = []
    for heads, rows in _runs(page):
        before = made[-1] if made else None
        section = _section(heads, rows, before, page, faults)
        if section is not None:
            made.append(section)
    if faults:
        raise list_faults(page.name, faults)
    if not made:
        first = next((", ".join(row.filled) for row in page.rows if row.filled), "")
        raise list_faults(page.name, [f"no {page.where} has two numbers; the first is {first[:60]!r}"])
    return made


def is_data(row: Row, inside: bool, divider: str | None = ",") -> bool:
    """Whether a row holds data (perhaps damaged) rather than a heading or title."""
    filled = row.filled
    if row.comment or not filled:
        return False
    numbers = sum(is_number(cell) for cell in filled)
    words = [cell for cell in filled if not is_number(cell) and not is_missing(cell)]
    if numbers >= 2:
        return not any(heading(cell).role in ("time", "counter") for cell in words if not inside)
    if not words:
        return numbers == 1 or inside
    if numbers == 1:
        # with blanks as delimiter, a title of words may end in a number
        titled = divider is None and words[0].isalpha() and len(words[0]) > 2
        return any(letter.isdigit() for letter in words[0]) or is_number(filled[0]) or (inside and not titled)
    # digits without words, or a digit in every cell: a point that cannot be read, not a title
    plain = not any(letter.isalpha() for cell in filled for letter in cell)
    figures = [any(letter.isdigit() for letter in cell) for cell in filled]
    return inside and ((plain and any(figures)) or (len(filled) >= 2 and all(figures)))


def after_the_points(page: Page) -> list[str]:
    """Lines of text after the last point of a file."""
    runs = _runs(page)
    last = runs[-1][1][-1].line if runs else 0
    return [" ".join(row.filled) for row in page.rows if row.line > last and row.filled and not row.comment]


def _runs(page: Page) -> list[tuple[list[Row], list[Row]]]:
    """Heading rows and data rows of each run; a blank line between data rows separates runs."""
    runs: list[tuple[list[Row], list[Row]]] = []
    heads: list[Row] = []
    rows: list[Row] = []
    for row in page.rows:
        if is_data(row, bool(rows), page.divider):
            rows.append(row)
            continue
        if rows:
            runs.append((heads, rows))
            heads, rows = [], []
        if row.filled:
            heads.append(row)
    return [*runs, (heads, rows)] if rows else runs


def _section(
    heads: list[Row], rows: list[Row], before: Section | None, page: Page, faults: list[str]
) -> Section | None:
    width = max(_width(row.cells) for row in rows)
    if width < 2:
        faults.append(
            f"{page.where} {rows[0].line}: expected two columns (time, survival), found one; the delimiter may be "
            "unusual"
        )
        return None
    names, titles = _headings(heads, width, blanks=page.divider is None)
    if len(names) >= 4 and all(names[::2]) and not any(names[1::2]):
        names, titles = (), names  # names of curves above pairs of columns
    headed = bool(names)
    if not names and before is not None and before.width == width:
        names = before.names
    named = max((place + 1 for place, name in enumerate(names) if name), default=0)
    named = width if len(names) >= width and named else named
    if named and width > named and not (width == named + 1 and _row_names(rows)):
        faults += _wide(rows, named, page.where)
        return None
    if named and width == named + 1 and len(names) <= named:
        names = ("", *names[:named])
        titles = ("", *titles) if len(titles) > 1 else titles
    full = max(width, named)
    short = [row for row in rows if _damaged(row, width)]
    faults += [
        f"{page.where} {row.line}: {len(row.filled)} cells ({', '.join(row.filled)}), the others have {width}"
        for row in short
    ]
    padded = tuple(Row(row.line, (*row.cells, *[""] * full)[:full]) for row in rows)
    remark = all(row.comment for row in heads if not row.filled or row.cells != names)
    return Section(tuple((*names, *[""] * full)[:full]) if names else (), titles, padded, headed, remark)


def _width(cells: tuple[str, ...]) -> int:
    return max((place + 1 for place, cell in enumerate(cells) if cell), default=0)


def _damaged(row: Row, width: int) -> bool:
    """Whether a row lacks a cell altogether (an empty cell between delimiters only marks a missing number).

    If curves are in pairs of columns, one of them may end before the others.
    """
    pairs = width >= 4 and width % 2 == 0 and len(row.cells) % 2 == 0
    return len(row.cells) < width and not pairs


def _row_names(rows: list[Row]) -> bool:
    """Whether the first cells are row names as written by R: text, or 1, 2, 3 and so on."""
    first = [row.cells[0] for row in rows]
    return len(set(first)) == len(first) and (
        not any(is_number(cell) for cell in first) or first == [str(place) for place in range(1, len(first) + 1)]
    )


def _wide(rows: list[Row], named: int, where: str) -> list[str]:
    wide = [row for row in rows if _width(row.cells) > named]
    hint = ""
    if all(_width(row.cells) == 2 * named and all(cell.isdigit() for cell in row.filled) for row in wide):
        hint = "; are these decimal commas? Then save the file with semicolons or decimal points"
    return [
        f"{where} {row.line}: {_width(row.cells)} cells ({', '.join(row.cells)[:60]}), the heading has {named}{hint}"
        for row in wide
    ]


def _only_units(names: tuple[str, ...]) -> bool:
    """Whether a row holds only units."""
    return all(not name or name.strip("()[]").lower() in UNIT_WORDS or name.strip("()[] ") == "%" for name in names)


def _numbered_title(row: Row) -> bool:
    """Whether words between blanks are the title of a curve with its number (`Line #1`), not headings of columns."""
    *words, last = row.filled
    return last.lstrip("#").isdigit() and heading(" ".join(words)).role in ("", "group")


def _headings(heads: list[Row], width: int, *, blanks: bool) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Names of the columns, and the names of curves above them; `blanks` if cells are divided by blanks."""
    wide = [row for row in heads if len(row.filled) >= 2 and _width(row.cells) >= width - 1]
    wide = [row for row in wide if not (blanks and _numbered_title(row))]
    plain = [row for row in wide if not row.comment] or wide
    names = plain[-1].cells if plain else ()
    above = [row for row in heads if row is not (plain[-1] if plain else None)]
    if not above:
        return names, ()
    rich = [row for row in above if len(row.filled) >= 2 and len(row.cells) >= width - 1 and not row.comment]
    if rich and _only_units(names):
        # a row of units under the headings
        return tuple(
            f"{name} ({unit})" if unit else name for name, unit in zip(rich[-1].cells, names, strict=False)
        ), ()
    if rich:
        return names, rich[-1].cells
    return names, (" ".join(above[-1].filled).strip("[]<>:; "),)
