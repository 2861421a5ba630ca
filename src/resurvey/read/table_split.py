"""Split rows that put several categories in one cell: `Male/Female` with `52/17`, `Sex ratio (M:F)` with `15:162`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace

from resurvey.read.table_cells import Number
from resurvey.read.table_hints import is_size_label
from resurvey.read.table_places import Row

# `Time to bed (h:min)`: a time of day or a duration.
CLOCK = re.compile(r"\bh{1,2}(?:our)?s?:\s?m{1,2}(?:in)?|\bmin(?:utes)?:\s?s")
BRACKETED = re.compile(r"[(\[]([^()\[\]]+)[)\]]")


def split_counts(row: Row, sizes: Mapping[int, str]) -> list[tuple[Row, int, str, Number]] | None:
    """Counts of a row whose label names as many categories as its cells hold numbers; None for other rows.

    `sizes` are those of the columns, where printed: larger numbers, `120/80` of 54, are measurements.
    """
    shapes = {place.value.shape for place in row.cells.values() if len(place.value.numbers) > 1}
    if len(shapes) != 1 or not re.fullmatch(r"n(?:/n){1,7}|n(?:,n){1,7}", next(iter(shapes)).replace(" ", "")):
        return None
    count = len(next(place.value.numbers for place in row.cells.values() if len(place.value.numbers) > 1))
    names = next((found for part in (row.label, *reversed(row.section)) if (found := _categories(part, count))), [])
    if not names or is_size_label(names[-1]) or CLOCK.search(row.label) or _exceed(row, sizes):
        return None
    made = []
    for c, place in row.cells.items():
        if len(place.value.numbers) != count or not all(number.whole for number in place.value.numbers):
            continue
        for name, number in zip(names, place.value.numbers, strict=True):
            made.append((replace(row, label=name), c, name, number))
    return made or None


def _exceed(row: Row, sizes: Mapping[int, str]) -> bool:
    """Whether a number is above the size of its column."""
    most = {c: max((n.value for n in place.value.numbers), default=0) for c, place in row.cells.items()}
    return any(sizes.get(c, "").isdigit() and number > int(sizes[c]) for c, number in most.items())


def _categories(label: str, count: int) -> list[str]:
    """The names in a label that slashes or colons part, as many as there are numbers; those in brackets first."""
    for text in (*BRACKETED.findall(label), label):
        for sign in "/:":
            names = [name.strip(" ,;:()") for name in text.split(sign)]
            if len(names) == count and all(names):
                return names
    return []
