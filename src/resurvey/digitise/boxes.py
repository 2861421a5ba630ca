"""Boxes drawn within a plot that hide what lies behind them: insets, and frames of legends and notes."""

from __future__ import annotations

from itertools import permutations

import numpy as np

# Smallest width and height of a box as shares of the plot's; no box exceeds the last share in both directions.
LEAST_WIDTH, LEAST_HEIGHT, MOST = 0.1, 0.06, 0.8
DRAWN = 0.85  # share of a side that must be visible
THIN = 4  # maximum thickness of a side in pixels
ALIKE = 3  # pixels by which the ends of the two horizontal sides may fall short
MOST_SIDES = 60


def boxes_in(ink: np.ndarray) -> list[tuple[int, int, int, int]]:
    """Boxes (left, top, right, bottom) with four thin sides, in pixels of the plot; nested boxes are left out."""
    height, width = ink.shape
    sides = _level_sides(ink, round(LEAST_WIDTH * width))[:MOST_SIDES]
    found: list[tuple[int, int, int, int]] = []
    for (row, left, right), (other, begin, end) in permutations(sides, 2):
        top, bottom = sorted((row, other))
        # One horizontal side may be longer, where a curve or a tick continues from it.
        if bottom - top < max(12, LEAST_HEIGHT * height) or begin > left + ALIKE or end < right - ALIKE:
            continue
        if right - left > MOST * width and bottom - top > MOST * height:
            continue
        if _upright(ink, left, top, bottom) and _upright(ink, right, top, bottom):
            found.append((left, top, right, bottom))
    found = list(dict.fromkeys(found))
    return [box for box in found if not any(_holds(other, box) for other in found if other != box)]


def _level_sides(ink: np.ndarray, least: int) -> list[tuple[int, int, int]]:
    """Thin horizontal lines as (row, first column, last column), from the top; a thick line is listed once."""
    found: list[tuple[int, int, int]] = []
    for row in range(len(ink)):
        edges = np.flatnonzero(np.diff(np.r_[0, ink[row].astype(np.int8), 0]))
        for first, last in zip(edges[::2], edges[1::2] - 1, strict=True):
            if last - first < least:
                continue
            near = [one for one in found if row - one[0] <= THIN]
            if not any(abs(one[1] - first) <= ALIKE and abs(one[2] - last) <= ALIKE for one in near):
                found.append((row, int(first), int(last)))
    return found


def _upright(ink: np.ndarray, column: int, top: int, bottom: int) -> bool:
    """Whether there is a thin vertical line in a column between two rows."""
    inner = slice(top + 2, bottom - 1)
    at = ink[inner, max(0, column - 2) : column + 3].any(axis=1).mean()
    sides = [ink[inner, max(0, place) : max(0, place) + 2] for place in (column - 2 * THIN, column + 2 * THIN - 1)]
    return bool(at >= DRAWN and any(side.size == 0 or side.mean() < 0.6 for side in sides))


def _holds(outer: tuple[int, int, int, int], inner: tuple[int, int, int, int]) -> bool:
    return outer[0] <= inner[0] and outer[1] <= inner[1] and outer[2] >= inner[2] and outer[3] >= inner[3]
