"""Numbers at risk printed under a figure: rows of whole numbers below the labels of the time axis."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from resurvey.digitise.digitised import Panel, RiskRow, Word
from resurvey.digitise.numbers import whole

KINDS = (("events", r"event|died|death"), ("censored", r"censor"))
TITLE = r"(at|a)\s*ri[sz]k|number|^no\.?$|^no\.? |patients"


def rows_below(panel: Panel, words: Sequence[Word], picture: np.ndarray | None = None) -> list[RiskRow]:
    """Rows of numbers under the time axis, the uppermost first, a cell a tick label of the axis."""
    places = np.array([label.pixel for label in panel.x.labels])
    times = [label.value for label in panel.x.labels]
    if len(places) < 2:
        return []
    spacing = float(np.median(np.diff(places)))
    below = [word for word in _cut(words, panel, spacing) if word.top > panel.row + 0.8 * _height(panel, words)]
    found = []
    for line in _lines(below):
        made = _row(line, places, times, spacing, picture)
        if made is not None:
            found.append((float(np.median([word.y for word in line])), made))
    return _first_block(found, panel)


def _height(panel: Panel, words: Sequence[Word]) -> float:
    heights = [word.height for word in words if abs(word.top - panel.row) < 2 * max(word.height, 1)]
    return float(np.median(heights)) if heights else 10.0


def _cut(words: Sequence[Word], panel: Panel, spacing: float) -> list[Word]:
    """Words with a number glued to a name in front (`Arm A741`) taken apart."""
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
) -> RiskRow | None:
    cells: list[int | None] = [None] * len(places)
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
    filled = [cell for cell in cells if cell is not None]
    if len(filled) < max(2, 0.4 * len(cells)) or _times_again(cells, times):
        return None
    names = [word for word in line if id(word) not in used and word.x < places[0] - 0.1 * spacing]
    label = " ".join(word.text for word in names).strip(" :")
    kind = next((kind for kind, pattern in KINDS if re.search(pattern, label, re.IGNORECASE)), "at risk")
    flagged = _flags(cells) if kind == "at risk" else _flags([None if c is None else -c for c in cells])
    colour = _colour(names, picture) if picture is not None and names else None
    return RiskRow(label, tuple(times), tuple(cells), tuple(flagged), colour, kind)


def _times_again(cells: list[int | None], times: list[float]) -> bool:
    """Whether a row repeats the labels of the axis, or grows as no number at risk does."""
    both = [(cell, time) for cell, time in zip(cells, times, strict=True) if cell is not None]
    same = sum(cell == time for cell, time in both)
    return same > 0.6 * len(both)


def _flags(cells: list[int | None]) -> list[bool]:
    """Cells outside the longest row that never grows."""
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


def _colour(names: list[Word], picture: np.ndarray) -> tuple[int, int, int] | None:
    """Colour of the letters of a name; None for black and grey."""
    parts = [picture[int(w.top) : int(w.bottom) + 1, int(w.left) : int(w.right) + 1].reshape(-1, 3) for w in names]
    pixels = np.concatenate(parts).astype(float) if parts else np.empty((0, 3))
    if not len(pixels):
        return None
    dark = pixels[pixels.min(axis=1) < np.percentile(pixels.min(axis=1), 20) + 20]
    colour = np.median(dark, axis=0)
    if np.ptp(colour) < 50:
        return None
    return int(colour[0]), int(colour[1]), int(colour[2])


def _first_block(found: list[tuple[float, RiskRow]], panel: Panel) -> list[RiskRow]:
    """Rows that follow each other at one distance; a caption's numbers further down are left."""
    rows: list[RiskRow] = []
    last = None
    gap = None
    for y, row in found:
        if last is not None and gap is not None and y - last > 3.2 * gap:
            break
        if last is not None:
            gap = min(gap, y - last) if gap is not None else y - last
        rows.append(row)
        last = y
        if len(rows) == 12:
            break
    return rows
