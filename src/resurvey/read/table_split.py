"""Split rows that put several categories in one cell: `Male/Female` with `52/17`."""

from __future__ import annotations

import re
from dataclasses import replace

from resurvey.read.table_cells import Number
from resurvey.read.table_layout import is_size_label
from resurvey.read.table_places import Row


def split_counts(row: Row) -> list[tuple[Row, int, str, Number]] | None:
    """Counts of a row whose label names as many categories as its cells hold numbers; None for other rows."""
    shapes = {place.value.shape for place in row.cells.values() if len(place.value.numbers) > 1}
    if len(shapes) != 1 or not re.fullmatch(r"n(?:/n){1,7}|n(?:,n){1,7}|n:n", next(iter(shapes)).replace(" ", "")):
        return None
    count = len(next(place.value.numbers for place in row.cells.values() if len(place.value.numbers) > 1))
    label = next((part for part in (row.label, *reversed(row.section)) if part.count("/") >= count - 1), "")
    names = [name.strip(" ,;:()") for name in label.split("/")]
    if len(names) != count or not all(names) or is_size_label(names[-1]):
        return None
    made = []
    for c, place in row.cells.items():
        if len(place.value.numbers) != count or not all(number.whole for number in place.value.numbers):
            continue
        for name, number in zip(names, place.value.numbers, strict=True):
            made.append((replace(row, label=name), c, name, number))
    return made or None
