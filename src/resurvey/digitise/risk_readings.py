"""Read numbers at risk up to three times: cells that agree are accepted, others resolved by their row or flagged.

Digits of few pixels are read a fourth time, by their shapes.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from resurvey.digitise import ocr
from resurvey.digitise.digitised import Panel, RiskRow, Word
from resurvey.digitise.numbers import plain
from resurvey.digitise.risk_cells import Band, Columns, bands_of_numbers, read_cells
from resurvey.digitise.risk_rows import (
    LEAST_HEIGHT,
    MOST_ROWS,
    SURE,
    TITLE,
    PlacedRow,
    flags,
    placed_rows,
    row_of_cells,
)
from resurvey.digitise.risk_small import Told, by_shapes
from resurvey.digitise.sheets import Page, scaled

# Letters below this height are enlarged three times, others twice, unless the picture would become too large.
SMALL = 9.0
LARGEST = 4_000
UNREADABLE = 4.0  # height in pixels, first row to last, below which letters are not relied on at all
SURE_OF_THREE = 0.9  # best OCR score of three equal readings from which small letters count


def rows_at_risk(panel: Panel, page: Page) -> list[RiskRow]:
    """Rows of numbers under the time axis; those of a picture are read up to three times.

    The second reading is of the picture enlarged. In the third, every cell that the first two leave open is cut out at
    its column and read by itself, as are lines of numbers that neither found.
    """
    first = placed_rows(panel, page.words, page.picture)
    if page.drawing is not None or not (first or _announced(panel, page.words)):
        return [placed.row for placed in first]
    second = placed_rows(panel, _enlarged_words(panel, page), page.picture)
    third = _by_cells(panel, page, _grouped((first, second)))
    rows = _by_shapes(panel, page, united(first, second, third), _grouped((first, second, third)))
    return [placed.row for placed in rows]


def _by_shapes(
    panel: Panel, page: Page, rows: list[PlacedRow], groups: Sequence[Sequence[PlacedRow]]
) -> list[PlacedRow]:
    """The rows, those of small digits read once more by their shapes; `groups` are the readings of each by letters."""
    columns = _columns(panel, groups)
    if columns is None:
        return rows
    bands = _bands(panel, page, columns)
    cells = [[_at(time, _known(band, groups)) for time in columns.times] for band in bands]
    told = [[Told(tuple(one.count for one in cell), not _open(cell)) for cell in line] for line in cells]
    return by_shapes(page, columns, bands, told, rows, _labels(panel, page.words))


def _labels(panel: Panel, words: Sequence[Word]) -> list[Word]:
    """Words that are labels of the time axis and whole numbers as they are read."""
    tall = _label_height(panel, words)
    return [
        word
        for label in panel.x.labels
        for word in words
        if word.text == label.text and word.text.isdigit() and word.upright
        if abs(word.x - label.pixel) < tall and abs(word.y - panel.row) < 1.5 * tall
    ]


def _announced(panel: Panel, words: Sequence[Word]) -> bool:
    return any(word.y > panel.row and re.search(TITLE, word.text, re.IGNORECASE) for word in words)


def _enlarged_words(panel: Panel, page: Page) -> list[Word]:
    """Words under the time axis, its labels among them, read in an enlarged picture."""
    tall = _label_height(panel, page.words)
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


def _label_height(panel: Panel, words: Sequence[Word]) -> float:
    """Height of the labels of the time axis."""
    near = (word for word in words if abs(word.top - panel.row) < 2 * max(word.height, 1.0))
    labels = [word.height for word in near if plain(word.text) and word.upright]
    return float(np.median(labels)) if labels else 10.0


def _by_cells(panel: Panel, page: Page, rows: Sequence[Sequence[PlacedRow]]) -> list[PlacedRow]:
    """Cells that the readings of a row leave open, and lines of numbers that are in no row, read one by one."""
    columns = _columns(panel, rows)
    if columns is None:
        return []
    times, found = columns.times, []
    for band in _bands(panel, page, columns):
        known = _known(band, rows)
        wanted = [_open(_at(time, known)) for time in times]
        cells = read_cells(page.picture, band, columns, wanted)
        kind = known[0].row.kind if known else None
        placed = row_of_cells(cells, columns.times, float(columns.places[0]), band.y, page.words, page.picture, kind)
        if placed is not None:
            found.append(placed)
    return found


def _columns(panel: Panel, rows: Sequence[Sequence[PlacedRow]]) -> Columns | None:
    """Columns of the rows found, or of the labels of the axis; None if there are fewer than two."""
    times = sorted({time for group in rows for placed in group for time in placed.row.times})
    times = times or [label.value for label in panel.x.labels]
    return Columns.of(panel, times) if len(times) > 1 else None


def _bands(panel: Panel, page: Page, columns: Columns) -> list[Band]:
    tall = _label_height(panel, page.words)
    return bands_of_numbers(page.picture, panel.row + 0.8 * tall, tall, columns)[:MOST_ROWS]


def _known(band: Band, rows: Sequence[Sequence[PlacedRow]]) -> Sequence[PlacedRow]:
    """The readings of the row in a band."""
    return next((group for group in rows if abs(group[0].y - band.y) < 0.6 * max(band.height, 5.0)), [])


@dataclass(frozen=True)
class _Reading:
    """One reading of a cell, the height of its letters in pixels, and the OCR score."""

    count: int
    height: float
    score: float

    @property
    def small(self) -> bool:
        """Whether the letters are too small to rely on one reading."""
        return self.height < LEAST_HEIGHT


def _at(time: float, group: Sequence[PlacedRow]) -> list[_Reading]:
    """The readings of a cell, in the order of the rows they are in."""
    found = []
    for placed in group:
        k = placed.row.times.index(time) if time in placed.row.times else None
        count = placed.row.counts[k] if k is not None else None
        if k is not None and count is not None:
            found.append(_Reading(count, placed.heights[k], placed.scores[k]))
    return found


def _open(readings: Sequence[_Reading]) -> bool:
    """Whether a cell should be read once more: unless two readings agree on letters that are large enough."""
    agree = len(readings) > 1 and len({reading.count for reading in readings}) == 1
    return not agree or any(reading.small for reading in readings)


def united(*readings: Sequence[PlacedRow]) -> list[PlacedRow]:
    """Rows of all readings; rows at the same height are merged."""
    groups = _grouped(readings)
    return sorted((_settled(group) if len(group) > 1 else group[0] for group in groups), key=lambda placed: placed.y)


def _grouped(readings: Sequence[Sequence[PlacedRow]]) -> list[list[PlacedRow]]:
    """Rows of several readings, those at the same height together."""
    gaps = next((np.diff([placed.y for placed in rows]) for rows in readings if len(rows) > 1), np.array([]))
    near = 0.5 * float(gaps.min()) if len(gaps) else 8.0
    groups: list[list[PlacedRow]] = []
    for placed in (placed for rows in readings for placed in rows):
        home = next((group for group in groups if abs(group[0].y - placed.y) < near), None)
        if home is None:
            groups.append([placed])
        else:
            home.append(placed)
    return groups


def _settled(group: Sequence[PlacedRow]) -> PlacedRow:
    """A row merged from several readings, over the times of all."""
    first = group[0]
    times = tuple(sorted({time for placed in group for time in placed.row.times}))
    cells = [_at(time, group) for time in times]
    agreed = [_agreed(readings) for readings in cells]
    sign = 1 if first.row.kind == "at risk" else -1
    chosen = [_chosen(readings, agreed, k, sign) for k, readings in enumerate(cells)]
    counts = [count for count, _ in chosen]
    weak = [_weak(readings, count) for readings, count in zip(cells, counts, strict=True)]
    forced = _forced([None if bad else told for told, bad in zip(agreed, weak, strict=True)], counts, first.row.kind)
    doubtful = [(doubt or bad) and not sure for (_, doubt), bad, sure in zip(chosen, weak, forced, strict=True)]
    marked = [bad or doubt for bad, doubt in zip(flags(counts, first.row.kind), doubtful, strict=True)]
    row = replace(
        first.row,
        label=next((placed.row.label for placed in group if placed.row.label), ""),
        times=times,
        counts=tuple(counts),
        flagged=tuple(marked),
        colour=next((placed.row.colour for placed in group if placed.row.colour), None),
    )
    heights = [min((reading.height for reading in readings), default=np.inf) for readings in cells]
    scores = [max((reading.score for reading in readings), default=0.0) for readings in cells]
    return PlacedRow(first.y, row, tuple(heights), tuple(scores))


def _weak(readings: Sequence[_Reading], count: int | None) -> bool:
    """Whether readings of small letters do not suffice for a count.

    Two that agree do if one has a high score; for three a lower score is enough. None do for the smallest letters,
    whose readings agree on what is wrong.
    """
    same = [reading for reading in readings if reading.count == count]
    if any(reading.height < UNREADABLE for reading in same):
        return True
    if len(same) < 2 or not any(reading.small for reading in readings):
        return bool(same) and any(reading.small for reading in readings)
    return max(reading.score for reading in same) < (SURE if len(same) == 2 else SURE_OF_THREE)


def _forced(agreed: Sequence[int | None], counts: Sequence[int | None], kind: str) -> list[bool]:
    """Whether the agreed cells around each cell leave its count no other value: equal ones, or a 0 before it."""
    found = []
    for k, count in enumerate(counts):
        before = next((cell for cell in reversed(agreed[:k]) if cell is not None), None)
        after = next((cell for cell in agreed[k + 1 :] if cell is not None), 0 if kind == "at risk" else None)
        found.append(count is not None and before == count == after)
    return found


def _agreed(readings: Sequence[_Reading]) -> int | None:
    """The count that two or more readings gave, and more than any other; None if there is none."""
    ranked = Counter(reading.count for reading in readings).most_common(2)
    if not ranked or ranked[0][1] < 2 or (len(ranked) > 1 and ranked[1][1] == ranked[0][1]):
        return None
    return ranked[0][0]


def _chosen(
    readings: Sequence[_Reading], agreed: Sequence[int | None], place: int, sign: int
) -> tuple[int | None, bool]:
    """The count of a cell, and whether it is in doubt: what most readings gave, or the only one that fits its row."""
    if agreed[place] is not None:
        return agreed[place], False
    read = list(dict.fromkeys(reading.count for reading in readings))
    if len(read) < 2:
        return (read[0] if read else None), False
    signed = [None if count is None else sign * count for count in agreed]
    fits = [count for count in read if _between(sign * count, signed, place)]
    return (fits or read)[0], len(fits) != 1


def _between(value: int, agreed: Sequence[int | None], place: int) -> bool:
    """Whether a value lies between the nearest agreed values on both sides."""
    before = [cell for cell in agreed[:place] if cell is not None]
    after = [cell for cell in agreed[place + 1 :] if cell is not None]
    return (not before or value <= min(before)) and (not after or value >= max(after))
