"""Identify the columns of time and survival of each curve by their headings, otherwise by their values."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from resurvey.errors import InputError
from resurvey.reconstruct.formats.behaviour import Floats, Shape, is_counter, is_group, shape
from resurvey.reconstruct.formats.cells import Page, is_missing, is_number, list_faults, number_of, two_meanings
from resurvey.reconstruct.formats.column_names import Heading, heading
from resurvey.reconstruct.formats.doubtful_times import date_of, grouped_time, serial_date
from resurvey.reconstruct.formats.sections import Section

RESOLVE = (
    "head the columns time and survival, or name them with --time-column and --survival-column (a heading, or a place "
    "from 1)"
)


@dataclass(frozen=True)
class DigitisedCurve:
    """One curve of a file.

    Attributes
    ----------
    name : str
        Name in the file; empty if it has a single curve without a name.
    times, survival : (k,) ndarray
        As in the file.
    unit : str
        Unit of survival: `%` or `proportion` if heading or cells say so, otherwise empty.
    time_unit : str
        Unit of time that the heading names, otherwise empty.
    notes : tuple of str
        Decisions made in reading the file, in words.
    heading : str
        Heading of the column of survival, which names the curve if nothing else does.
    incomplete : tuple of str
        Rows that were left out because a coordinate is missing, with their line; not given if several curves share a
        time, as each then has gaps at the times of the others.
    """

    name: str
    times: np.ndarray
    survival: np.ndarray
    unit: str = ""
    time_unit: str = ""
    notes: tuple[str, ...] = ()
    heading: str = ""
    incomplete: tuple[str, ...] = ()


@dataclass(frozen=True)
class Choice:
    """Columns that the caller named, by heading or by position from 1, and a sheet of a workbook."""

    time_column: str = ""
    survival_column: str = ""
    sheet: str = ""


@dataclass
class Column:
    """One column of a section: its position, heading, texts, and numbers if it has any."""

    place: int
    heading: Heading
    cells: list[str]
    values: Floats
    bad: list[int] = field(default_factory=list)

    @property
    def text(self) -> bool:
        """Whether most of its filled cells are words."""
        filled = sum(not is_missing(cell) for cell in self.cells)
        return filled > 0 and 2 * len(self.bad) > filled

    @property
    def called(self) -> str:
        """Its heading, or its position."""
        return self.heading.text or f"column {self.place + 1}"

    @property
    def percent(self) -> bool:
        """Whether every filled cell ends in a percent sign."""
        filled = [cell for cell in self.cells if not is_missing(cell)]
        return bool(filled) and all(cell.endswith("%") for cell in filled)


Pair = tuple[Column, Column]
Rows = NDArray[np.intp]


def curves_of_section(section: Section, page: Page, decimal: str, choice: Choice) -> list[DigitisedCurve]:
    """Curves of one section.

    Raises
    ------
    InputError
        If a cell is not a number (every such line and column is listed), if the columns can be read in no way or in
        several, or if the times may be dates or grouped thousands.
    """
    columns = _columns(section, decimal)
    groups, numeric = _groups(columns)
    if len(numeric) < 2:
        raise InputError(_too_few(columns, numeric, section, page))
    parts = [rows for _, rows in _split(groups, len(section.rows))]
    pairs, left, note = _pairs(numeric, parts, choice, page)
    used = {column.place for pair in pairs for column in pair}
    rest = [column for column in groups if column.place not in used]
    if not groups and not choice.survival_column:
        rest = [column for column in left if column.heading.role in ("group", "") and _splits(column, pairs)]
        left = [column for column in left if column not in rest]
    _refuse_damaged([column for pair in pairs for column in pair], section, page, decimal)
    _refuse_doubtful([time for time, _ in pairs], section, page)
    notes = [*page.notes, *note, *_left_out(left, parts)]
    lines = [f"{page.where} {row.line}" for row in section.rows]
    shared = len({time.place for time, _ in pairs}) < len(pairs)
    made: list[DigitisedCurve] = []
    for name, rows in _split(rest, len(section.rows)):
        for time, survival in pairs:
            title = _name(name, time, survival, section, len(pairs))
            gaps = [] if shared else list(_gaps(time, survival, rows, lines))
            made += _curve(title, time, survival, rows, notes, gaps)
    return made


def _columns(section: Section, decimal: str) -> list[Column]:
    made = []
    for place in range(section.width):
        text = section.names[place] if section.names else ""
        cells = [row.cells[place] for row in section.rows]
        if not text and all(not cell for cell in cells):
            continue
        values = np.full(len(cells), np.nan)
        bad = []
        for index, cell in enumerate(cells):
            number = None if is_missing(cell) else number_of(cell, decimal)
            if number is not None:
                values[index] = number
            elif not is_missing(cell):
                bad.append(index)
        made.append(Column(place, heading(text) if text else Heading(""), cells, values, bad))
    return made


def _groups(columns: list[Column]) -> tuple[list[Column], list[Column]]:
    """Columns that name the curve of a row, and columns of numbers; row names without a heading are neither."""
    groups, numeric = [], []
    for column in columns:
        named = column.heading.role == "group"
        if named and (column.text or len(set(column.cells)) < len(column.cells)):
            groups.append(column)
        elif column.text:
            if column.heading.role in ("", "counter") and len(set(column.cells)) < len(column.cells):
                groups.append(column)
        elif not np.isnan(column.values).all() or column.bad:
            numeric.append(column)
    chosen = [column for column in groups if column.heading.role == "group"] or groups
    return [column for column in chosen if len(set(column.cells)) > 1] or chosen[:1], numeric


def _splits(column: Column, pairs: list[Pair]) -> bool:
    """Whether a column of numbers divides the rows into groups each of which is a curve."""
    if not is_group(column.values):
        return False
    return all(
        shape(time.values[column.values == value], survival.values[column.values == value]) is not None
        for value in np.unique(column.values)
        for time, survival in pairs
    )


def _pairs(
    numeric: list[Column], parts: list[Rows], choice: Choice, page: Page
) -> tuple[list[Pair], list[Column], list[str]]:
    """Pairs of time and survival, the columns left out, and notes on what was decided."""
    if choice.time_column or choice.survival_column:
        return _chosen(numeric, choice, page)
    found = _by_name(numeric, parts)
    if found is not None:
        used = {id(column) for pair in found for column in pair}
        return found, [column for column in numeric if id(column) not in used], []
    return _by_behaviour(numeric, parts, page)


def _chosen(numeric: list[Column], choice: Choice, page: Page) -> tuple[list[Pair], list[Column], list[str]]:
    """The columns that the caller named; if only one is named, exactly one other column must fit it."""
    time = _column(numeric, choice.time_column, page) if choice.time_column else None
    survival = _column(numeric, choice.survival_column, page) if choice.survival_column else None
    if time is None:
        named = [column for column in numeric if column is not survival and column.heading.role == "time"]
        time = _only([column for column in numeric if column is not survival and column in (named or numeric)], page)
    if survival is None:
        named = [column for column in numeric if column is not time and column.heading.role == "survival"]
        fits = [column for column in numeric if column is not time and shape(time.values, column.values)]
        survival = _only(named or fits, page)
    if time is survival:
        raise InputError(f"{page.name}: time and survival are one column, {time.called}; {RESOLVE}")
    return [(time, survival)], [column for column in numeric if column not in (time, survival)], []


def _only(columns: list[Column], page: Page) -> Column:
    if len(columns) != 1:
        names = ", ".join(column.called for column in columns) or "none"
        raise InputError(f"{page.name}: one column was named, and the other may be {names}; {RESOLVE}")
    return columns[0]


def _column(columns: list[Column], wanted: str, page: Page) -> Column:
    same = [column for column in columns if column.heading.text.casefold() == wanted.strip().casefold()]
    if not same and wanted.isdigit():
        same = [column for column in columns if column.place + 1 == int(wanted)]
    if len(same) != 1:
        names = ", ".join(column.called for column in columns)
        raise InputError(f"{page.name}: no single column of numbers is {wanted!r}; the columns are {names}")
    return same[0]


def _counts(column: Column, parts: list[Rows]) -> bool:
    """Whether a column counts the rows of the file, or of each curve in it."""
    return is_counter(column.values) or all(is_counter(column.values[rows]) for rows in parts)


def _shape(time: Column, survival: Column, parts: list[Rows]) -> Shape | None:
    """What the rows of all curves look like; None if they differ."""
    shapes = {shape(time.values[rows], survival.values[rows]) for rows in parts}
    return shapes.pop() if len(shapes) == 1 else None


def _by_name(numeric: list[Column], parts: list[Rows]) -> list[Pair] | None:
    """Pairs by headings; None if the headings do not identify them."""
    times = [column for column in numeric if column.heading.role == "time"]
    strong = [column for column in times if not column.heading.weak]
    if strong and len(strong) < len(times):
        times = [column for column in times if not column.heading.weak or not _counts(column, parts)]
    survivals = [column for column in numeric if column.heading.role == "survival"]
    unknown = [column for column in numeric if column.heading.role == ""]
    if len(times) > 1:
        return _interleaved(times, [column for column in numeric if column not in times], survivals)
    unknown = [column for column in unknown if not _counts(column, parts)] or unknown
    if not times:
        return [(unknown[0], column) for column in survivals] if len(unknown) == 1 else None
    time = times[0]
    kinds = {column.place: _shape(time, column, parts) for column in (*unknown, *survivals)}
    curves = [column for column in unknown if kinds[column.place] is not None]
    if survivals:
        # a column of unknown name beside a named survival is another curve if it has the same shape
        alike = [one for one in curves if {kinds[one.place]} == {kinds[column.place] for column in survivals}]
        return [(time, column) for column in numeric if any(column is one for one in (*survivals, *alike))]
    if len(unknown) == 1:
        return [(time, unknown[0])]
    return [(time, column) for column in curves] if len({kinds[one.place] for one in curves}) == 1 else None


def _interleaved(times: list[Column], others: list[Column], survivals: list[Column]) -> list[Pair] | None:
    """Each time with the survival of the same owner, or with the column to its right."""
    owners = {column.heading.owner.casefold(): column for column in times}
    mates = {column.heading.owner.casefold(): column for column in survivals}
    if len(owners) == len(times) and set(owners) == set(mates) and len(mates) == len(survivals):
        return [(owners[owner], mates[owner]) for owner in owners]
    right = {column.place: column for column in others}
    pairs = [(time, right[time.place + 1]) for time in times if time.place + 1 in right]
    if len(pairs) != len(times) or any(column not in [mate for _, mate in pairs] for column in survivals):
        return None
    return pairs


def _by_behaviour(numeric: list[Column], parts: list[Rows], page: Page) -> tuple[list[Pair], list[Column], list[str]]:
    """The only way of reading the columns in which every pair is a curve."""
    free = [column for column in numeric if column.heading.role not in ("counter", "extra", "group")]
    free = free if len(free) >= 2 else numeric
    filled = [column for column in free if np.nan_to_num(column.values).any()]
    free = filled if len(filled) >= 2 else free
    ways = []
    for divided, rest in _dividers(free, parts):
        counters = [column for column in rest if len(rest) > 2 and _counts(column, divided)]
        for dropped in [None, *counters]:
            left = [column for column in rest if column is not dropped]
            ways += [way for way in _ways(left) if _holds(way, divided)]
    ways = _distinct(ways)
    if not ways and len(numeric) == 2:
        swapped = [(numeric[1], numeric[0])]
        if _holds(swapped, parts):
            return swapped, [], [f"{numeric[0].called} falls and {numeric[1].called} rises: read as survival and time"]
        ways = [[(numeric[0], numeric[1])]]
    if len(ways) != 1:
        raise InputError(f"{page.name}: {_seen(numeric, parts, ways)}; {RESOLVE}")
    _refuse_other_quantity([survival for _, survival in ways[0]], page)
    used = {id(column) for pair in ways[0] for column in pair}
    left = [column for column in numeric if id(column) not in used]
    named = any(column.heading.text for column in numeric)
    note = [f"read by how the columns behave: {_way(ways[0])}"] if left or named or len(ways[0]) > 1 else []
    return ways[0], left, note


def _dividers(columns: list[Column], parts: list[Rows]) -> list[tuple[list[Rows], list[Column]]]:
    """The rows undivided and, for each column that may name groups, its groups and the other columns."""
    found = [(parts, columns)]
    for divider in columns:
        if len(parts) == 1 and len(columns) > 2 and is_group(divider.values):
            groups = [np.flatnonzero(divider.values == value) for value in np.unique(divider.values)]
            found.append((groups, [column for column in columns if column is not divider]))
    return found


def _ways(columns: Sequence[Column]) -> list[list[Pair]]:
    """Pairs of columns, or one time and several survivals."""
    ways = [[(columns[0], column) for column in columns[1:]]]
    if len(columns) >= 4 and len(columns) % 2 == 0:
        ways.append(list(zip(columns[::2], columns[1::2], strict=True)))
    return ways


def _holds(way: list[Pair], parts: list[Rows]) -> bool:
    """Whether all pairs are curves of one kind and scale."""
    shapes = {_shape(time, survival, parts) for time, survival in way}
    return len(shapes) == 1 and None not in shapes


def _distinct(ways: list[list[Pair]]) -> list[list[Pair]]:
    places = {tuple((t.place, s.place) for t, s in way): way for way in ways}
    return list(places.values())


def _way(way: list[Pair]) -> str:
    return ", ".join(f"{time.called} as time with {survival.called} as survival" for time, survival in way)


def _seen(numeric: list[Column], parts: list[Rows], ways: list[list[Pair]]) -> str:
    """Description of the columns, for an error message."""
    looks = []
    for column in numeric:
        finite = column.values[np.isfinite(column.values)]
        kind = " (counts the rows)" if _counts(column, parts) else ""
        looks.append(f"{column.called} from {finite[0]:g} to {finite[-1]:g}{kind}" if finite.size else column.called)
    if not ways:
        return f"{len(numeric)} columns of numbers, none of which are plainly a time and a survival: {', '.join(looks)}"
    readings = "; or ".join(_way(way) for way in ways)
    return f"the columns ({', '.join(looks)}) can be read in {len(ways)} ways: {readings}"


def _refuse_damaged(columns: list[Column], section: Section, page: Page, decimal: str) -> None:
    used = {column.place: column for column in columns}
    words = []
    for index, row in enumerate(section.rows):
        for place, column in sorted(used.items()):
            why = _why_damaged(column, index, decimal if len(page.decimals) == 1 else "")
            if why:
                words.append(f"{page.where} {row.line}, column {place + 1} holds {column.cells[index]!r}, {why}")
    if words:
        raise list_faults(page.name, words)


def _why_damaged(column: Column, index: int, decimal: str) -> str:
    """Why a cell is not the number it seems; a comma of two meanings counts where the decimal mark is known."""
    cell = column.cells[index]
    if index in column.bad:
        return "a decimal mark unlike the others" if is_number(cell) else "not a number"
    meanings = two_meanings(cell, decimal) if decimal else ""
    return f"which {meanings}: leave out the separator of thousands, or use the other decimal mark" if meanings else ""


def _too_few(columns: list[Column], numeric: list[Column], section: Section, page: Page) -> str:
    """What to say of a table with fewer than two columns of numbers: the columns of words, each with an example."""
    found = f"{page.name}: expected two columns of numbers (time, survival), found {len(numeric)}"
    words = [column for column in columns if all(column is not one for one in numeric) and column.bad]
    looks = [
        f"in {page.where} {section.rows[column.bad[0]].line}, {column.called} holds {column.cells[column.bad[0]]!r}"
        for column in words
    ]
    return f"{found}; {'; '.join(looks)}" if looks else found


def _refuse_other_quantity(survivals: list[Column], page: Page) -> None:
    """Refuse a column as survival that its heading calls an event indicator, a hazard, a limit or the like."""
    other = [column.called for column in survivals if column.heading.role == "extra"]
    if other:
        raise InputError(
            f"{page.name}: no column is called survival, and by its heading {' and '.join(other)} is something else "
            "(an event indicator, a hazard, a limit ...); if it is a survival, choose it with --survival-column"
        )


def _refuse_doubtful(times: list[Column], section: Section, page: Page) -> None:
    """Refuse times that a spreadsheet may have turned into dates, or whose points may group thousands."""
    words = {}
    for column in times:
        serial = serial_date(column.values)
        if serial is not None:
            where = f"{page.where} {section.rows[serial].line}, column {column.place + 1}"
            words[column.place] = (
                f"{where} holds {column.cells[serial]!r}: a spreadsheet may have taken a number for a date "
                f"({date_of(column.values[serial])}); type it again, in a column formatted as text"
            )
        elif grouped := grouped_time(column.cells):
            words[column.place] = (
                f"column {column.place + 1} holds {grouped!r} beside whole numbers without a point: its points may "
                "separate thousands or be decimal points; write the times without separators of thousands"
            )
    if words:
        raise list_faults(page.name, list(words.values()))


def _left_out(columns: list[Column], parts: list[Rows]) -> list[str]:
    """A note that names the columns not used, apart from those that count rows."""
    told = [column.called for column in columns if not _counts(column, parts)]
    return [f"columns that are not a curve were not read: {', '.join(told)}"] if told else []


def _split(groups: list[Column], size: int) -> list[tuple[str, np.ndarray]]:
    """Names of the groups in the order of the file, and their rows."""
    if not groups:
        return [("", np.arange(size))]
    names = [" ".join(column.cells[index] for column in groups).strip() for index in range(size)]
    return [(name, np.array([index for index in range(size) if names[index] == name])) for name in dict.fromkeys(names)]


def _name(group: str, time: Column, survival: Column, section: Section, pairs: int) -> str:
    if pairs == 1:
        title = section.titles[0] if len(section.titles) == 1 else _title(section, time, survival)
        return group or ("" if heading(title).role in ("time", "survival") else title)
    own = _title(section, time, survival) or survival.heading.owner or time.heading.owner or survival.heading.text
    own = own or f"curve {survival.called.removeprefix('column ')}"
    return f"{group} {own}".strip()


def _title(section: Section, time: Column, survival: Column) -> str:
    """The name above either column of a pair."""
    if len(section.titles) < 2:
        return ""
    above = [section.titles[c.place] if c.place < len(section.titles) else "" for c in (time, survival)]
    return above[0] or above[1]


def _curve(
    name: str, time: Column, survival: Column, rows: np.ndarray, notes: list[str], gaps: list[str]
) -> list[DigitisedCurve]:
    t, s = time.values[rows], survival.values[rows]
    filled = np.isfinite(t) & np.isfinite(s)
    if not filled.any():
        return []
    if gaps:
        notes = [*notes, f"{len(gaps)} rows with one coordinate only were left out"]
    unit = "%" if survival.percent or survival.heading.unit == "%" else ""
    time_unit = time.heading.unit if time.heading.unit != "%" else ""
    return [
        DigitisedCurve(name, t[filled], s[filled], unit, time_unit, tuple(notes), survival.heading.text, tuple(gaps))
    ]


def _gaps(time: Column, survival: Column, rows: np.ndarray, lines: list[str]) -> Iterator[str]:
    """Rows that have one coordinate but not the other."""
    for row in rows:
        if np.isfinite(time.values[row]) and not np.isfinite(survival.values[row]):
            yield f"{lines[row]}: time {time.cells[row]} has no survival (the cell is {survival.cells[row]!r})"
        elif np.isfinite(survival.values[row]) and not np.isfinite(time.values[row]):
            yield f"{lines[row]}: survival {survival.cells[row]} has no time (the cell is {time.cells[row]!r})"
