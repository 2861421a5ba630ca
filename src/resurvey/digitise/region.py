"""The plot area inside the axes: where curves may run, and what in it is not a curve."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from resurvey.digitise.axis_ticks import axis_lines
from resurvey.digitise.boxes import boxes_in
from resurvey.digitise.digitised import Panel, Word
from resurvey.digitise.ink import darkness, paper_colour
from resurvey.digitise.legend_samples import sample_boxes

MARGIN = 6
STRONG = 90  # smallest contrast of the sides of a box, in grey levels below the paper
COLOURED = 50  # smallest difference between the channels of a coloured ink


@dataclass(frozen=True)
class Region:
    """The plot cut out of a picture; `left` and `top` give its corner in the picture.

    `closed` says that an axis line shows where the plot ends on the right; `boxes` are those of texts, in pixels of the
    region; `samples` is the number of line samples in a legend. `usable` marks pixels where curves may be, `rules` and
    `posts` those of straight horizontal and vertical lines.
    """

    picture: np.ndarray
    paper: np.ndarray
    usable: np.ndarray
    text: np.ndarray
    rules: np.ndarray
    posts: np.ndarray
    left: int
    top: int
    start: tuple[int, float]
    bottom: float
    closed: bool = True
    boxes: tuple[tuple[float, ...], ...] = ()
    samples: int = 0

    @property
    def shape(self) -> tuple[int, int]:
        """Height and width."""
        return self.usable.shape[0], self.usable.shape[1]


def cut_out(
    picture: np.ndarray, panel: Panel, words: Sequence[Word], masks: Sequence[tuple[float, ...]] = ()
) -> Region:
    """The region of a panel with its frame, straight reference lines, texts and `masks` (boxes) removed."""
    dark = darkness(picture, paper_colour(picture, panel.box))
    left, top, right, bottom = _bounds(dark, panel)
    line = axis_lines(panel, dark)[0]
    part = picture[top:bottom, left:right]
    paper = paper_colour(part)
    usable = np.ones(part.shape[:2], dtype=bool)
    ink = np.abs(paper - part.astype(np.float32)).max(axis=2) > 20
    start = (round(panel.box[0]) - left, panel.box[1] - top)
    rules, posts = _straight(ink, start)
    rules |= _axis_left(ink & (np.ptp(part.astype(np.int16), axis=2) < COLOURED), start[0])
    posts[:, : max(0, start[0]) + 2] |= ink[:, : max(0, start[0]) + 2]
    usable &= ~(rules | posts)
    text = np.zeros_like(usable)
    fall = np.abs(paper - part.astype(np.float32)).max(axis=2)
    strong = fall > 0.5 * float(np.percentile(fall[fall > 20], 95)) if ink.any() else ink
    boxes = []
    for box in _texts(words, panel, (left, top, right, bottom)):
        place = _slice(box, left, top)
        if not _crossed(strong, place):
            text[place] = True
            boxes.append((box[0] - left, box[1] - top, box[2] - left, box[3] - top))
    samples = sample_boxes(ink & usable, boxes)
    for x0, y0, x1, y1 in [*boxes_in(fall > STRONG), *samples]:
        text[y0 : y1 + 1, x0 : x1 + 1] = True
    for box in masks:
        usable[_slice(box, left, top)] = False
    zero = float(panel.y.pixel(0.0)) - top
    closed = line is not None
    return Region(part, paper, usable, text, rules, posts, left, top, start, zero, closed, tuple(boxes), len(samples))


def _slice(box: Sequence[float], left: int, top: int) -> tuple[slice, slice]:
    x0, y0, x1, y1 = box
    return (
        slice(max(0, int(y0) - top - 1), max(0, int(np.ceil(y1)) - top + 2)),
        slice(max(0, int(x0) - left - 1), max(0, int(np.ceil(x1)) - left + 2)),
    )


def _bounds(dark: np.ndarray, panel: Panel) -> tuple[int, int, int, int]:
    """Bounds of the plot: up to the axis lines, and to the right as far as the time axis is drawn."""
    height, width = dark.shape
    rows, columns = axis_lines(panel, dark)
    x0, y1, x_last, y_last = panel.box
    left = max(0, round(x0) - MARGIN)
    if columns is not None and columns[1] < x0 + 2:
        left = max(left, columns[1] + 1)
    labels = sorted(label.pixel for label in panel.x.labels)
    spacing = float(np.median(np.diff(labels)))
    right = min(width, round(x_last + 0.5 * spacing))
    if rows is not None:
        # The last labels may not have been read: the axis line itself shows how far the plot extends.
        end = min(_end_of_line(dark, rows, round(x_last), width), round(x_last + 4 * spacing))
        right = max(round(x_last) + 2, end)
    zero = float(panel.y.pixel(0.0))
    low = zero if zero < (panel.row if rows is None else rows[0]) + 4 else y_last
    bottom = min(height, round(max(low, y_last)) + 3)
    if rows is not None:
        bottom = min(bottom, rows[0]) if rows[0] > y_last - 3 else bottom
    return left, max(0, round(y1) - MARGIN), min(right, width), max(bottom, round(y1) + 10)


def _end_of_line(dark: np.ndarray, rows: tuple[int, int], start: int, width: int) -> int:
    """Where the axis line ends to the right of its last label."""
    band = dark[rows[0] : rows[1] + 1].max(axis=0)
    column = min(start, width - 1)
    while column + 1 < width and band[column + 1] > 0.3:
        column += 1
    return column


def _straight(ink: np.ndarray, start: tuple[int, float]) -> tuple[np.ndarray, np.ndarray]:
    """Frame, grid and reference lines: rows and columns with ink from end to end.

    The row of S = 1 is kept where it holds ink only in its first part, as the start of a curve does.
    """
    height, width = ink.shape
    rules, posts = np.zeros_like(ink), np.zeros_like(ink)
    inner = ink[:, max(0, start[0]) :]
    ends = max(4, round(0.06 * width))
    for row in range(height):
        line = inner[row]
        if line.mean() > 0.45 and line[:ends].mean() > 0.3 and line[-ends:].mean() > 0.3 and _even(line):
            rules[row] = True
    tall = max(4, round(0.06 * height))
    for column in range(width):
        line = ink[:, column]
        if line.mean() > 0.75 and line[:tall].mean() > 0.5 and line[-tall:].mean() > 0.5:
            posts[:, column] = True
    return rules, posts


def _axis_left(grey: np.ndarray, start: int) -> np.ndarray:
    """Remains of the time axis: the last rows, if grey ink fills half of them."""
    height = len(grey)
    rows = np.zeros_like(grey)
    for row in range(max(0, height - max(4, round(0.015 * height))), height):
        rows[row] = grey[row, max(0, start) :].mean() > 0.5
    return rows


def _even(line: np.ndarray, parts: int = 12) -> bool:
    """Whether ink is spread evenly over the whole line, solid or dashed."""
    shares = [part.mean() for part in np.array_split(line, parts) if len(part)]
    return min(shares) > 0.2


def _crossed(strong: np.ndarray, place: tuple[slice, slice]) -> bool:
    """Whether a line runs through a box and beyond it on both sides, so that its `letters` are marks on a curve.

    In a small or blurred picture letters can also fill a row, but not beyond the box.
    """
    rows, columns = place
    inner = strong[rows, columns]
    if len(inner) > 8:
        inner, rows = inner[2:-2], slice(rows.start + 2, rows.stop - 2)
    if not len(inner) or not inner.shape[1]:
        return False
    height = max(4, len(inner) // 2)
    before = strong[rows, max(0, columns.start - height) : columns.start]
    after = strong[rows, columns.stop : columns.stop + height]
    for row in np.flatnonzero(inner.mean(axis=1) > 0.85):
        near = slice(max(0, int(row) - 1), int(row) + 2)
        sides = [side[near].any(axis=0).mean() > 0.8 for side in (before, after) if side.shape[1]]
        if any(sides):
            return True
    return False


def _texts(words: Sequence[Word], panel: Panel, bounds: tuple[int, int, int, int]) -> list[tuple[float, ...]]:
    """Boxes of words within the plot that can be taken as text: with letters or digits, and no taller than a line."""
    left, top, right, bottom = bounds
    found: list[tuple[float, ...]] = []
    for word in words:
        inside = left < word.x < right and top < word.y < bottom
        real = re.search(r"[A-Za-z0-9]{2}|[A-Za-z0-9]", word.text) and word.score > 0.6
        small = word.height < 0.15 * (bottom - top)
        single = len(word.text) == 1 and word.score < 0.9
        if inside and real and small and not single:
            found.append((word.left, word.top, word.right, word.bottom))
    return found
