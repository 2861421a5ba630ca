"""Numbers at risk printed under a figure: rows of whole numbers below the labels of the time axis."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from resurvey.digitise.digitised import Axis, Panel, RiskRow, Word
from resurvey.digitise.ink import letters_colour
from resurvey.digitise.numbers import whole

KINDS = (("events", r"event|died|death"), ("censored", r"censor"))
MOST_ROWS = 12
# Letters below this height, in pixels, are often misread, unless the OCR score is at least the second value.
LEAST_HEIGHT, SURE = 5.0, 0.95
MOST_FLAGGED = 0.2  # share of flagged cells of a row that was found by its cells alone
TITLE = r"(at|a)\s*ri[sz]k|number|^no\.?$|^no\.? |patients"


@dataclass(frozen=True)
class PlacedRow:
    """A row, its vertical position in pixels, and the height of the letters and the OCR score of each of its cells."""

    y: float
    row: RiskRow
    heights: tuple[float, ...]
    scores: tuple[float, ...]


def placed_rows(panel: Panel, words: Sequence[Word], picture: np.ndarray | None = None) -> list[PlacedRow]:
    """Rows of numbers under the time axis with their positions, from the top, one cell per tick of the axis."""
    if len(panel.x.labels) < 2:
        return []
    times = _times(panel.x)
    places = np.asarray(panel.x.pixel(np.array(times)), float)
    spacing = float(np.median(np.diff(places)))
    below = [word for word in _cut(words, panel, spacing) if word.top > panel.row + 0.8 * _height(panel, words)]
    lines = _lines(below)
    shown = [k for k in range(len(times)) if _labelled(times[k], panel.x) or _stands_at(places[k], spacing, lines)]
    places, times = places[shown], [times[k] for k in shown]
    found = []
    for line in lines:
        made = _row(line, places, times, spacing, picture)
        if made is not None:
            found.append(made)
    return _first_block(found)


def _times(axis: Axis) -> list[float]:
    """Values of the labels, and, if evenly spaced, of labels between and after them that may not have been read."""
    values = sorted(label.value for label in axis.labels)
    gaps = np.diff(values)
    step = float(gaps.min())
    ratios = gaps / step
    if step <= 0 or np.abs(ratios - np.round(ratios)).max() > 0.02 or ratios.max() > 6:
        return values
    first, last = values[0], values[-1]
    before = [] if first <= 0 else [first - k * step for k in range(round(first / step), 0, -1)]
    between = [first + k * step for k in range(round((last - first) / step) + 1)]
    if len(before) > 3 or (first > 0 and abs(first / step - round(first / step)) > 0.02):
        before = []
    found = [*before, *between, last + step, last + 2 * step]
    return [_nearest(value, values, step) for value in found]


def _nearest(value: float, known: Sequence[float], step: float) -> float:
    """The label's own value where one is meant; otherwise the value without floating-point noise."""
    near = min(known, key=lambda one: abs(one - value))
    return near if abs(near - value) < 0.05 * step else round(value, 9)


def _labelled(time: float, axis: Axis) -> bool:
    return any(label.value == time for label in axis.labels)


def _stands_at(place: float, spacing: float, lines: Sequence[Sequence[Word]]) -> bool:
    """Whether a number of a line that has several is centred at a position without a label."""
    for line in lines:
        numbers = [word for word in line if whole(word.text) is not None]
        if len(numbers) > 2 and any(abs(word.x - place) < 0.12 * spacing + 1 for word in numbers):
            return True
    return False


def _height(panel: Panel, words: Sequence[Word]) -> float:
    heights = [word.height for word in words if abs(word.top - panel.row) < 2 * max(word.height, 1)]
    return float(np.median(heights)) if heights else 10.0


def _cut(words: Sequence[Word], panel: Panel, spacing: float) -> list[Word]:
    """Words split where a number is joined to the name in front of it (`Arm A741`)."""
    first = panel.x.labels[0].pixel
    found = []
    for word in words:
        parts = re.fullmatch(r"(.*?[A-Za-z)\]:.])\s*(\d{1,5})", word.text)
        if parts and word.upright and word.left < first - 0.3 * spacing and word.right > first - 0.25 * spacing:
            share = len(parts.group(2)) / len(word.text)
            middle = word.right - share * (word.right - word.left)
            found += [replace(word, text=parts.group(1), right=middle), replace(word, text=parts.group(2), left=middle)]
        else:
            found.append(word)
    return found


def _lines(words: Sequence[Word]) -> list[list[Word]]:
    """Words grouped into lines of text, from the top."""
    lines: list[list[Word]] = []
    for word in sorted(words, key=lambda word: (word.y, word.left)):
        if not word.upright and len(word.text) > 1:
            continue
        home = next((line for line in lines if abs(line[0].y - word.y) < 0.55 * max(word.height, line[0].height)), None)
        if home is None:
            lines.append([word])
        else:
            home.append(word)
    return [sorted(line, key=lambda word: word.left) for line in lines]


def _row(
    line: list[Word], places: np.ndarray, times: list[float], spacing: float, picture: np.ndarray | None
) -> PlacedRow | None:
    cells: list[int | None] = [None] * len(places)
    heights, scores = [np.inf] * len(places), [0.0] * len(places)
    distance = [np.inf] * len(places)
    used: set[int] = set()
    for word in line:
        count = whole(word.text)
        k = int(np.argmin(np.abs(places - word.x)))
        off = min(abs(places[k] - word.x), abs(places[k] - word.left), abs(places[k] - word.right))
        if count is None or word.text.startswith("(") or off > 0.38 * spacing + word.height:
            continue
        used.add(id(word))
        if off < distance[k]:
            cells[k], distance[k] = count, float(off)
            heights[k], scores[k] = word.height, word.score
    if sum(cell is not None for cell in cells) < max(2, 0.4 * len(cells)) or _times_again(cells, times):
        return None
    names = [word for word in line if id(word) not in used and word.x < places[0] - 0.1 * spacing]
    y = float(np.median([word.y for word in line]))
    row = _named(cells, times, names, picture, _weak(heights, scores), None)
    return None if _in_no_order(cells, row.kind) else PlacedRow(y, row, tuple(heights), tuple(scores))


def _named(
    cells: Sequence[int | None],
    times: Sequence[float],
    names: Sequence[Word],
    picture: np.ndarray | None,
    weak: Sequence[bool],
    kind: str | None,
) -> RiskRow:
    """A row with the words in front of it, which name its arm or say what is counted."""
    label = " ".join(word.text for word in names).strip(" :")
    label = label if any(letter.isalpha() for letter in label) else ""
    kind = kind or _kind(label, cells)
    marked = tuple(bad or unsure for bad, unsure in zip(flags(cells, kind), weak, strict=True))
    colour = _colour(names, picture) if picture is not None and names else None
    return RiskRow(label, tuple(times), tuple(cells), marked, colour, kind)


def _kind(label: str, cells: Sequence[int | None]) -> str:
    """What a row counts, by its name; a row without one that rises from 0 counts events."""
    named = next((kind for kind, pattern in KINDS if re.search(pattern, label, re.IGNORECASE)), None)
    filled = [cell for cell in cells if cell is not None]
    rises = cells[0] == 0 and filled[-1] > 0 and not any(flags(cells, "events"))
    return named or ("events" if rises else "at risk")


def row_of_cells(
    cells: Sequence[Word | None],
    times: Sequence[float],
    first: float,
    y: float,
    words: Sequence[Word],
    picture: np.ndarray,
    kind: str | None,
    *,
    most_flagged: float = MOST_FLAGGED,
) -> PlacedRow | None:
    """A row of cells that were read one by one; None if there are none, or for lack of a row that can be right.

    Parameters
    ----------
    cells
        The number at each time, or None.
    times
        Times of the columns.
    first, y
        Position of the first column, and of the row, in pixels.
    words, picture
        Words of the page, among which the row's name is sought, and its picture.
    kind
        What the row counts where another reading has found it; None for a row found by its cells alone.
    most_flagged
        Largest share of flagged cells of a row found by its cells alone.
    """
    counts = [None if cell is None else whole(cell.text) for cell in cells]
    read = [cell for cell in cells if cell is not None]
    if not read or (kind is None and (len(read) < max(2, 0.4 * len(cells)) or _times_again(counts, list(times)))):
        return None
    heights = [np.inf if cell is None else cell.height for cell in cells]
    scores = [0.0 if cell is None else cell.score for cell in cells]
    tall = max(cell.height for cell in read)
    names = [
        word
        for word in words
        if word.upright and abs(word.y - y) < 0.55 * max(tall, word.height) and word.right < first
    ]
    names.sort(key=lambda word: word.left)
    row = _named(counts, times, names, picture, _weak(heights, scores), kind)
    if kind is None and sum(row.flagged) > most_flagged * len(read):
        return None
    return PlacedRow(y, row, tuple(heights), tuple(scores))


def _weak(heights: Sequence[float], scores: Sequence[float]) -> list[bool]:
    """Whether each cell is of small letters that were read with a low score."""
    return [tall < LEAST_HEIGHT and score < SURE for tall, score in zip(heights, scores, strict=True)]


def _in_no_order(cells: Sequence[int | None], kind: str) -> bool:
    """Whether most cells do not fit a row of their kind, as in a table of other counts."""
    return sum(flags(cells, kind)) > 0.5 * sum(cell is not None for cell in cells)


def _times_again(cells: list[int | None], times: list[float]) -> bool:
    """Whether a row repeats the labels of the axis."""
    both = [(cell, time) for cell, time in zip(cells, times, strict=True) if cell is not None]
    same = sum(cell == time for cell, time in both)
    return same > 0.6 * len(both)


def flags(cells: Sequence[int | None], kind: str) -> list[bool]:
    """Flag cells outside the longest non-increasing sequence (non-decreasing for rows of events or censored)."""
    cells = cells if kind == "at risk" else [None if cell is None else -cell for cell in cells]
    places = [k for k, cell in enumerate(cells) if cell is not None]
    values = [cells[k] for k in places]
    best: list[tuple[int, int]] = []
    for k, value in enumerate(values):
        before = [(best[j][0], -j) for j in range(k) if values[j] >= value]  # type: ignore[operator]
        length, back = max(before, default=(0, 1))
        best.append((length + 1, -back if before else -1))
    keep: set[int] = set()
    k = max(range(len(best)), key=lambda j: best[j][0], default=-1)
    while k >= 0:
        keep.add(places[k])
        k = best[k][1]
    return [cells[k] is not None and k not in keep for k in range(len(cells))]


def _colour(names: Sequence[Word], picture: np.ndarray) -> tuple[int, int, int] | None:
    """Colour of the letters of a name; None for black and grey."""
    return letters_colour(
        [picture[int(w.top) : int(w.bottom) + 1, int(w.left) : int(w.right) + 1] for w in names if w.left >= 0]
    )


def _first_block(found: Sequence[PlacedRow]) -> list[PlacedRow]:
    """Consecutive rows at one spacing; numbers of a caption further down are left out."""
    rows: list[PlacedRow] = []
    gap = None
    for placed in found[:MOST_ROWS]:
        if rows:
            after = placed.y - rows[-1].y
            if gap is not None and after > 3.2 * gap:
                break
            gap = min(gap, after) if gap is not None else after
        rows.append(placed)
    return rows
