"""Rows whose cells hold several lines or results: one row for each."""

from __future__ import annotations

from dataclasses import replace

from resurvey.read.objects import Cell
from resurvey.read.table_cells import ONE_P, is_numeric, parse
from resurvey.read.table_places import Row, clean


def split_lines(row: Row, cells: tuple[Cell | None, ...], stub: int) -> list[Row]:
    """Split a row whose cells hold several lines each into one row per line, if labels and cells have equally many."""
    row = _with_brackets(row)
    broken = {c: place.text.split("\n") for c, place in row.cells.items() if "\n" in place.text}
    if not broken:
        return _two_results(row)
    labels = _label_lines(cells, stub)
    count = max(len(lines) for lines in broken.values())
    if not all(
        is_numeric(line) or not line.strip() or not any(ch.isdigit() for ch in line)
        for lines in broken.values()
        for line in lines
    ):
        return [row]
    if len({len(lines) for lines in broken.values()}) > 1 or (len(labels) not in (1, count)):
        full = {c: [line for line in lines if line.strip()] for c, lines in broken.items()}
        counts = {len(lines) for lines in full.values()}
        if len(counts) != 1 or counts == {1}:
            return [row]
        return _filled_lines(row, counts.pop(), [label for label in labels if label])
    made = []
    section = row.section
    for k in range(count):
        label = labels[k] if len(labels) == count else row.label
        places = {}
        for c, lines in broken.items():
            if lines[k].strip():
                offset = sum(len(line) + 1 for line in lines[:k])
                places[c] = replace(row.cells[c], text=lines[k], offset=offset, value=parse(lines[k]), part=k)
        places |= {c: place for c, place in row.cells.items() if c not in broken and k == 0}
        if not places and label:
            section = (*row.section, label)
        elif places:
            made.append(replace(row, section=section, label=label, cells=places))
    return made


def _with_brackets(row: Row) -> Row:
    """The row with cells that only break before a bracket (`57.3`, below it `(35.4–100)`) or a p value on one line."""
    if not any("\n(" in place.text or "\n[" in place.text for place in row.cells.values()):
        return row
    cells = {}
    for c, place in row.cells.items():
        first, *rest = (line for line in place.text.split("\n") if line.strip())
        joined = all(line[:1] in ("(", "[") or ONE_P.fullmatch(line.strip()) for line in rest)
        whole = bool(rest) and joined and not set("([") & set(first) and is_numeric(first)
        text = place.text.replace("\n", " ")
        cells[c] = replace(place, text=text, value=parse(text)) if whole else place
    return replace(row, cells=cells)


def _two_results(row: Row) -> list[Row]:
    """Split cells that print two results of one row, `180 (120/414); 266 ± 55`, each with its spread."""
    parts = {c: _at_semicolons(place.text) for c, place in row.cells.items()}
    double = {c: part for c, part in parts.items() if len(part) > 1}
    if not double or {len(part) for part in double.values()} != {2}:
        return [row]
    if not all(_with_spread(text) for part in double.values() for _, text in part):
        return [row]
    made = []
    for k in range(2):
        places = {c: place for c, place in row.cells.items() if c not in double and k == 0}
        for c, part in double.items():
            offset, text = part[k]
            places[c] = replace(row.cells[c], text=text, offset=row.cells[c].offset + offset, value=parse(text), part=k)
        made.append(replace(row, cells=dict(sorted(places.items()))))
    return made


def _at_semicolons(text: str) -> list[tuple[int, str]]:
    """The parts of a text between semicolons outside brackets, with their offsets."""
    if ";" not in text:
        return [(0, text)]
    depth, start, parts = 0, 0, []
    for k, char in enumerate(text):
        depth += (char in "([") - (char in ")]")
        if char == ";" and depth <= 0:
            parts.append((start, text[start:k]))
            start = k + 1
    return [*parts, (start, text[start:])]


def _with_spread(text: str) -> bool:
    value = parse(text)
    return len(value.numbers) >= 2 and not value.words and ("(" in value.shape or "±" in value.shape)


def _filled_lines(row: Row, count: int, labels: list[str]) -> list[Row]:
    """Rows from the filled lines of cells that differ in blank lines; labels are kept if equally many."""
    made = []
    for k in range(count):
        places = {}
        for c, place in row.cells.items():
            start = 0
            filled = []
            for line in place.text.split("\n"):
                if line.strip():
                    filled.append((start, line))
                start += len(line) + 1
            if len(filled) == count:
                offset, line = filled[k]
                places[c] = replace(place, text=line, offset=offset, value=parse(line), part=k)
            elif k == 0:
                places[c] = place
        label = labels[k] if len(labels) == count else row.label
        made.append(replace(row, label=label, cells=places))
    return made


def _label_lines(cells: tuple[Cell | None, ...], stub: int) -> list[str]:
    for c in range(stub - 1, -1, -1):
        cell = cells[c]
        if cell is not None and clean(cell.text):
            return [clean(line) for line in cell.text.split("\n")]
    return [""]
