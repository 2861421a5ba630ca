"""Read numbers at risk from a file: rows of time and count, or the layout of figures, with times along the top."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from resurvey.errors import InputError
from resurvey.reconstruct.formats.behaviour import is_counter
from resurvey.reconstruct.formats.cells import COMMA_GROUPS, Page, Row, is_missing, list_faults, number_of, two_meanings
from resurvey.reconstruct.formats.column_names import Heading, heading
from resurvey.reconstruct.formats.columns import DigitisedCurve
from resurvey.reconstruct.formats.curve_files import page_of_file, plain

#: Guyot's columns without headings: interval, time, first and last point, number at risk.
GUYOT = 5
#: Words of a heading that mean number at risk and do not name the arm.
COUNT_WORDS = {"n", "no", "nr", "number", "numbers", "at", "risk", "nrisk", "atrisk", "patients", "count"}
BESIDE = re.compile(r"(\d[\d,. ]*)\s*[(\[]\s*\d+\s*[)\]]")
PLAINLY = "leave out the separator of thousands, and use a decimal point"
#: Line, and column from 0, of each cell of a row or column.
Places = list[tuple[int, int]]


@dataclass(frozen=True)
class AtRisk:
    """Numbers at risk of one arm.

    Attributes
    ----------
    name : str
        Name of the arm in the file; empty if it names none.
    times, counts : (r,) ndarray
        A missing count is nan.
    time_unit : str
        Unit that the heading names, otherwise empty.
    notes : tuple of str
        Decisions made in reading the file, in words.
    incomplete : tuple of str
        Rows with a count but no time, or with a time but no count for any arm, with their line.
    """

    name: str
    times: np.ndarray
    counts: np.ndarray
    time_unit: str = ""
    notes: tuple[str, ...] = ()
    incomplete: tuple[str, ...] = ()


def read_at_risk(path: str | Path, *, sheet: str = "") -> list[AtRisk]:
    """Read the numbers at risk of a file, one table per arm.

    The file may have columns of time and count (time, at_risk; IPDfromKM's trisk, nrisk; Guyot's and survHE's i, trisk,
    lower, upper, nrisk), with or without headings, with a column that names the arm or one column of counts per arm; or
    the layout of printed figures, with times along the top and one row per arm. A number in brackets after a count
    (censored patients or events) is ignored.

    Raises
    ------
    InputError
        If the file cannot be read, a cell is not a count (every such row is listed), or no row is legible.
    """
    file = Path(path)
    page = page_of_file(file, sheet)
    if not isinstance(page, Page):
        raise InputError(f"{file.name}: it is a project of a digitising program, not a table of numbers at risk")
    rows = [row for row in page.rows if row.filled and not row.comment]
    if not rows:
        raise InputError(f"{file.name}: the file is empty, expected columns time and at_risk")
    head, body = _split_heading(_arms_before_rows(rows))
    faults: list[str] = []
    made = _along_the_top(head, body, page, faults) or _in_columns(head, body, page, faults)
    if faults:
        raise list_faults(page.name, faults)
    illegible = [table.name or file.name for table in made if not _legible(table).any()]
    if illegible or not made:
        whose = "" if len(made) < 2 else f" of {', '.join(illegible)}"
        raise InputError(
            f"{page.name}: no row of the numbers at risk{whose} has a time and a count: correct the table, or leave it "
            "out if there is none"
        )
    return made


def _arms_before_rows(rows: list[Row]) -> list[Row]:
    """Rows with the arm added as a first cell if lines of words between them name the arms; otherwise unchanged."""
    titles = [place for place, row in enumerate(rows) if len(row.filled) == 1 and _count(row.filled[0]) is None]
    if not any(0 < place < len(rows) - 1 and _count(rows[place - 1].cells[0]) is not None for place in titles):
        return rows
    made, arm = [], ""
    for place, row in enumerate(rows):
        if place in titles:
            arm = row.filled[0].rstrip(":")
        else:
            heads = any(heading(cell).role in ("time", "count") for cell in row.filled)
            made.append(Row(row.line, ("arm" if heads else arm, *row.cells)))
    first = [row for row in made[:1] if row.cells[0] == "arm"]
    return [*first, *(row for row in made if row.cells[0] != "arm")]


def _legible(table: AtRisk) -> np.ndarray:
    return np.isfinite(table.times) & np.isfinite(table.counts)


def _split_heading(rows: list[Row]) -> tuple[Row | None, list[Row]]:
    """The heading (a first row with words rather than counts), and the remaining rows."""
    first = rows[0]
    words = [cell for cell in first.filled if _count(cell) is None and not is_missing(cell)]
    numbers = [cell for cell in first.filled if _count(cell) is not None]
    known = [heading(cell).role for cell in words]
    if not words or (numbers and not any(role in ("time", "count", "group", "counter") for role in known)):
        corner = len(words) == 1 or not first.cells[0]
        return (first, rows[1:]) if corner and _heads_arms(numbers, rows) else (None, rows)
    if len(rows) > 1 and not numbers and len(words) == 1 and len(rows[1].filled) > 1:
        return _split_heading(rows[1:])  # a title
    return first, rows[1:]


def _heads_arms(times: list[str], rows: list[Row]) -> bool:
    """Whether a first row that begins with a word holds the times of the arms below it."""
    names = [row.cells[0] for row in rows]
    falling = all(_falling([_number(cell) for cell in row.filled[1:]]) for row in rows[1:])
    return len(times) >= 2 and _rising(times) and falling and len(rows) > 1 and len(set(names)) == len(names)


def _rising(cells: Sequence[str]) -> bool:
    values = [_count(cell) for cell in cells]
    whole = [value for value in values if value is not None]
    return len(whole) == len(cells) and all(after > before for before, after in itertools.pairwise(whole))


def _count(cell: str) -> float | None:
    """The number in a cell, with decimal point or comma and perhaps a second number in brackets; None if none."""
    if cell.endswith("%"):
        return None
    text = _alone(cell)
    point = number_of(text, ".")
    return point if point is not None else number_of(text, ",")


def _along_the_top(head: Row | None, body: list[Row], page: Page, faults: list[str]) -> list[AtRisk]:
    """Arms of a printed layout: the first row holds the times, each later row a name and its counts."""
    top, rows = (head, body) if head is not None else (body[0], body[1:])
    times = [cell for cell in top.cells[1:] if cell]
    named = bool(top.cells and _count(top.cells[0]) is None)
    if not named:
        times = list(top.filled)
    if len(times) < 2 or not rows or not _rising(times) or (named and head is None):
        return []
    if not named:
        falls = [_falling([_number(cell) for cell in row.filled]) for row in rows]
        if len(rows) != 1 or len(rows[0].filled) != len(times) or not all(falls) or len(times) == 2:
            return []
    start = 1 if named else 0
    at = _times(times, [(top.line, place) for place, cell in enumerate(top.cells) if cell in times], page, faults)
    made = []
    for row in rows:
        cells = (list(row.cells[start:]) + [""] * len(times))[: len(times)]
        beyond = [cell for cell in row.cells[start + len(times) :] if cell]
        if beyond:
            faults.append(f"{page.where} {row.line}: {len(row.filled) - start} counts for {len(times)} times")
        counts = _counts(cells, [(row.line, start + place) for place in range(len(cells))], page, faults)
        name = row.cells[0] if named else ""
        role = heading(name).role
        name = "" if role == "count" and len(rows) == 1 else name
        made.append(AtRisk(name, at, counts, heading(top.cells[0]).unit if named else "", _notes(page, cells)))
    return made


def _falling(values: list[float]) -> bool:
    return all(after <= before for before, after in itertools.pairwise(values))


def _in_columns(head: Row | None, body: list[Row], page: Page, faults: list[str]) -> list[AtRisk]:
    """Arms of a table with one row per time."""
    if not body:
        return []
    width = max(len(row.filled and row.cells) for row in body)
    names = list(head.cells) if head is not None else []
    width = max(width, len(names))
    for row in body:
        extra = [cell for cell in row.cells[len(names) :] if cell]
        if len(names) > 1 and len(row.cells) == 1:
            faults.append(f"{page.where} {row.line}: one cell ({row.cells[0]}), the heading has {len(names)}; an empty "
                          "count keeps its delimiter")  # fmt: skip
        if names and extra:
            faults.append(f"{page.where} {row.line}: {len(row.cells)} cells ({', '.join(row.cells)}), the heading has "
                          f"{len(names)}")  # fmt: skip
    cells = [(list(row.cells) + [""] * width)[:width] for row in body]
    columns = [[row[place] for row in cells] for place in range(width)]
    said = [heading(name) for name in (names + [""] * width)[:width]]
    time, counts, group = _roles(said, columns, page, bool(names))
    lines = [row.line for row in body]
    at = _times(columns[time], [(line, time) for line in lines], page, faults)
    made = []
    whose = columns[group] if group is not None else [""] * len(body)
    for arm in dict.fromkeys(whose):
        rows = [index for index, name in enumerate(whose) if name == arm]
        own = [[columns[place][index] for index in rows] for place in (time, *counts)]
        gaps = tuple(_gaps([lines[index] for index in rows], own[0], own[1:], page))
        for place, column in zip(counts, own[1:], strict=True):
            found = _counts(column, [(lines[index], place) for index in rows], page, faults)
            name = " ".join(part for part in (arm, _arm_of(said[place], len(counts))) if part)
            unit = said[time].unit if said[time].unit != "%" else ""
            made.append(AtRisk(name, at[rows], found, unit, _notes(page, column), gaps))
    return made


def _gaps(lines: list[int], times: list[str], counts: list[list[str]], page: Page) -> Iterator[str]:
    """Rows that have a count but no time, or a time but no count."""
    for line, time, *row in zip(lines, times, *counts, strict=True):
        given = [cell for cell in row if not is_missing(cell)]
        if given and is_missing(time):
            yield f"{page.where} {line}: the number at risk {given[0]} has no time (the cell is {time!r})"
        elif not given and not is_missing(time):
            yield f"{page.where} {line}: time {time} has no number at risk (the cell is {row[0]!r})"


def _arm_of(said: Heading, columns: int) -> str:
    if columns == 1:
        return ""
    pieces = [piece for piece in re.split(r"[\s_.]+", said.text) if piece.lower() not in COUNT_WORDS]
    return " ".join(pieces) or said.text


def _roles(said: list[Heading], columns: list[list[str]], page: Page, named: bool) -> tuple[int, list[int], int | None]:
    """Positions of the columns of times, of counts (one per arm), and of names of arms if there are any."""
    words = [
        place for place, cells in enumerate(columns) if _words(cells) and said[place].role not in ("time", "count")
    ]
    numeric = [place for place in range(len(columns)) if place not in words and any(columns[place])]
    group = next((place for place, one in enumerate(said) if one.role == "group"), words[0] if words else None)
    numeric = [place for place in numeric if place != group]
    times = [place for place in numeric if said[place].role == "time"]
    counts = [place for place in numeric if said[place].role == "count"]
    if not counts and times:
        weak = [place for place in numeric if said[place].text.strip().lower() == "n"]
        counts = weak or [place for place in numeric if place not in times and said[place].role == ""]
    if len(times) == 1 and counts:
        return times[0], counts, group
    if len(numeric) == GUYOT and not named and is_counter(np.array([_number(c) for c in columns[numeric[0]]])):
        return numeric[1], [numeric[4]], group
    free = [place for place in numeric if said[place].role not in ("counter", "extra")]
    if not named and len(numeric) == 3 and is_counter(np.array([_number(c) for c in columns[numeric[0]]])):
        free = numeric[1:]
    free = free if len(free) == 2 else numeric
    if len(free) == 2 and not (times or counts):
        first, second = ([_number(cell) for cell in columns[place] if not is_missing(cell)] for place in free)
        # times rise and counts fall, whichever column comes first
        swapped = len(first) > 1 and _falling(first) and not _falling(second) and _falling(second[::-1])
        return (free[1], [free[0]], group) if swapped else (free[0], [free[1]], group)
    if len(free) == 2 and len(counts) == 1:
        return next(place for place in free if place not in counts), counts, group
    if len(free) == 2 and len(times) == 1:
        return times[0], [place for place in free if place not in times], group
    names = ", ".join(one.text or f"column {place + 1}" for place, one in enumerate(said))
    raise InputError(f"{page.name}: expected columns time and at_risk (and perhaps arm), found {names}")


def _words(cells: list[str]) -> bool:
    """Whether a column holds words: most of its cells are not numbers and do not begin with a digit."""
    filled = [cell for cell in cells if not is_missing(cell)]
    words = [cell for cell in filled if _count(cell) is None]
    plainly = [cell for cell in words if not cell[0].isdigit()]
    return bool(filled) and 2 * len(plainly) > len(filled)


def _number(cell: str) -> float:
    value = _count(cell)
    return np.nan if value is None else value


def _times(cells: list[str], places: Places, page: Page, faults: list[str]) -> np.ndarray:
    """Times, in the decimal mark of the file where its cells show it."""
    decimal = page.decimals[0] if len(page.decimals) == 1 else "."
    values = []
    for cell, place in zip(cells, places, strict=True):
        value = number_of(cell, decimal) if two_meanings(cell, "") else _count(cell)
        meanings = two_meanings(cell, decimal)
        if value is None and not is_missing(cell):
            faults.append(f"{page.where} {_place(place)}: the time {cell!r} is not a number")
        elif meanings:
            faults.append(f"{page.where} {_place(place)}: the time {cell!r} {meanings}: {PLAINLY}")
        values.append(np.nan if value is None else value)
    return np.array(values, dtype=float)


def _counts(cells: list[str], places: Places, page: Page, faults: list[str]) -> np.ndarray:
    """Whole numbers of patients."""
    values = []
    for cell, place in zip(cells, places, strict=True):
        value = np.nan if is_missing(cell) else _whole(cell)
        meanings = two_meanings(_alone(cell), "")
        if value is None or meanings:
            why = f"{meanings}: {PLAINLY}" if meanings else "is not a whole number of patients"
            faults.append(f"{page.where} {_place(place)}: the number at risk {cell!r} {why}")
            value = np.nan
        values.append(value)
    return np.array(values, dtype=float)


def _place(place: tuple[int, int]) -> str:
    """Line and column, both from 1."""
    line, column = place
    return f"{line}, column {column + 1}"


def _alone(cell: str) -> str:
    """A cell without a second number in brackets."""
    found = BESIDE.fullmatch(cell)
    return found.group(1).strip() if found else cell


def _whole(cell: str) -> float | None:
    text = _alone(cell)
    if text.endswith("%"):
        return None
    if COMMA_GROUPS.fullmatch(text):
        text = text.replace(".", "").replace(",", ".")
    value = number_of(text, ".")
    value = number_of(text, ",") if value is None else value
    return None if value is None or value < 0 or value % 1 else value


def _notes(page: Page, cells: list[str]) -> tuple[str, ...]:
    beside = sum(bool(BESIDE.fullmatch(cell)) for cell in cells)
    note = (f"numbers in brackets behind {beside} numbers at risk were left out",) if beside else ()
    return (*page.notes, *note)


def at_risk_of(tables: Sequence[AtRisk], curve: DigitisedCurve, name: str, file: str, curves: int = 1) -> AtRisk:
    """The numbers at risk of a curve: those of the same name, or the only ones if there is a single curve.

    Parameters
    ----------
    tables : sequence of AtRisk
    curve : DigitisedCurve
    name : str
        Arm that the caller asked for; if empty, the curve's own name.
    file : str
        Name of the table's file, for messages.
    curves : int, default 1
        Number of curves in the file that the curve is from.

    Raises
    ------
    InputError
        If the numbers at risk cannot be assigned to the curve.
    """
    wanted = name or curve.name
    found = [table for table in tables if table.name and plain(table.name) == plain(wanted)]
    if len(found) == 1:
        return found[0]
    if len(tables) == 1 and curves == 1 and not (tables[0].name and name):
        return tables[0]
    arms = ", ".join(table.name or "without a name" for table in tables)
    whose = f"the curve {wanted!r}" if wanted else "a curve without a name"
    raise InputError(
        f"{file}: it is unclear which numbers at risk belong to {whose}; its arms are {arms}. Name them as the "
        "curves are named, or choose with --at-risk-arm"
    )
