"""Read numbers at risk twice, the second time enlarged: cells that agree are accepted, others resolved or flagged."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import TypeVar

import numpy as np

from resurvey.digitise import ocr
from resurvey.digitise.digitised import Panel, RiskRow, Word
from resurvey.digitise.risk_rows import TITLE, PlacedRow, flags, placed_rows
from resurvey.digitise.sheets import Page, scaled

T = TypeVar("T")
# Letters below this height are enlarged three times, others twice, unless the picture would become too large.
SMALL = 9.0
LARGEST = 4_000


def rows_read_twice(panel: Panel, page: Page) -> list[RiskRow]:
    """Rows of numbers under the time axis; those of a picture are read a second time, enlarged.

    A cell found in only one reading is accepted. Where the readings differ, the value that keeps the row non-increasing
    is taken; the cell is flagged if both or neither would.
    """
    first = placed_rows(panel, page.words, page.picture)
    if page.drawing is not None or not (first or _announced(panel, page.words)):
        return [placed.row for placed in first]
    second = placed_rows(panel, _enlarged_words(panel, page), page.picture)
    return [placed.row for placed in united(first, second)]


def _announced(panel: Panel, words: Sequence[Word]) -> bool:
    return any(word.y > panel.row and re.search(TITLE, word.text, re.IGNORECASE) for word in words)


def _enlarged_words(panel: Panel, page: Page) -> list[Word]:
    """Words under the time axis, its labels among them, read in an enlarged picture."""
    labels = [word.height for word in page.words if abs(word.top - panel.row) < 2 * max(word.height, 1.0)]
    tall = float(np.median(labels)) if labels else 10.0
    top = max(0, round(panel.row - 0.5 * tall))
    strip = page.picture[top:]
    factor = 3 if tall < SMALL else 2
    while factor > 1 and factor * max(strip.shape[:2]) > LARGEST:
        factor -= 1
    if min(strip.shape[:2]) < 8:
        return []
    words = ocr.read_words(ocr.enlarged(strip, factor) if factor > 1 else np.ascontiguousarray(strip))
    smaller = (scaled(word, 1 / factor) for word in words)
    return [replace(word, top=word.top + top, bottom=word.bottom + top) for word in smaller]


def united(first: Sequence[PlacedRow], second: Sequence[PlacedRow]) -> list[PlacedRow]:
    """Rows of both readings; rows at the same height are merged."""
    found = list(first)
    gaps = np.diff([placed.y for placed in (first if len(first) > 1 else second)])
    near = 0.5 * float(gaps.min()) if len(gaps) else 8.0
    for placed in second:
        place = next((k for k, other in enumerate(found) if abs(other.y - placed.y) < near), None)
        if place is None:
            found.append(placed)
        else:
            found[place] = _settled(found[place], placed)
    return sorted(found, key=lambda placed: placed.y)


def _settled(first: PlacedRow, second: PlacedRow) -> PlacedRow:
    """A row merged from two readings, over the times of both."""
    times = tuple(sorted({*first.row.times, *second.row.times}))
    sign = 1 if first.row.kind == "at risk" else -1
    a, b = _over(times, first.row.times, first.row.counts), _over(times, second.row.times, second.row.counts)
    agreed = [sign * x if x is not None and x == y else None for x, y in zip(a, b, strict=True)]
    cells: list[int | None] = []
    doubtful: list[bool] = []
    for k, (x, y) in enumerate(zip(a, b, strict=True)):
        read = [value for value in dict.fromkeys((x, y)) if value is not None]
        fits = [value for value in read if _between(sign * value, agreed, k)] if len(read) > 1 else read
        chosen = fits or read
        cells.append(chosen[0] if chosen else None)
        doubtful.append(len(read) > 1 and len(fits) != 1)
    small = [bool(x or y) for x, y in _both(times, first, second, [first.small, second.small])]
    weak = [x is not False and y is not False for x, y in _both(times, first, second, [first.weak, second.weak])]
    alone = [tiny and x != y for tiny, x, y in zip(small, a, b, strict=True)]
    marked = [any(told) for told in zip(flags(cells, first.row.kind), doubtful, weak, alone, strict=True)]
    row = replace(
        first.row,
        label=first.row.label or second.row.label,
        times=times,
        counts=tuple(cells),
        flagged=tuple(marked),
        colour=first.row.colour or second.row.colour,
    )
    return PlacedRow(first.y, row, tuple(small), tuple(weak))


def _both(
    times: Sequence[float], first: PlacedRow, second: PlacedRow, values: Sequence[Sequence[bool]]
) -> list[tuple[bool | None, bool | None]]:
    """Values for the cells of each reading, over the times of both."""
    a, b = (_over(times, placed.row.times, told) for placed, told in zip((first, second), values, strict=True))
    return list(zip(a, b, strict=True))


def _over(times: Sequence[float], own: Sequence[float], values: Sequence[T]) -> list[T | None]:
    """Values extended to a longer list of times, None where not read."""
    known = dict(zip(own, values, strict=True))
    return [known.get(time) for time in times]


def _between(value: int, agreed: Sequence[int | None], place: int) -> bool:
    """Whether a value lies between the nearest agreed values on both sides."""
    before = [cell for cell in agreed[:place] if cell is not None]
    after = [cell for cell in agreed[place + 1 :] if cell is not None]
    return (not before or value <= min(before)) and (not after or value >= max(after))
