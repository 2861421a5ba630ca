"""Straighten skewed scans: the axis lines give the skew, and pixels and words are moved together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from resurvey.digitise.digitised import Panel, Word
from resurvey.digitise.extras import extra

STEEPEST = 0.05  # steepest slope of an axis line, in rows per column
LEAST_SHIFT = 1.6  # shift in pixels from end to end below which a line counts as straight
LEAST_COVER = 0.7  # share of an axis that its line must cover once straightened
GAIN = 1.25  # factor by which the coverage must improve


@dataclass(frozen=True)
class Skew:
    """Rows per column that the time axis falls, columns per row that the survival axis leans right, and the corner."""

    across: float
    down: float
    corner: tuple[float, float]


def skew_of(dark: np.ndarray, panel: Panel) -> Skew | None:
    """Skew of the axis lines of a panel; None if they are straight or not visible."""
    left, top, right, bottom = panel.box
    room = max(12.0, 0.05 * (bottom - top))
    across = _slope(dark, (bottom - room, max(panel.row, bottom + 6)), (left, right))
    aside = max(12.0, 0.05 * (right - left))
    down = _slope(dark.T, (min(panel.column, left - aside), left + aside), (top, bottom))
    if not across and not down:
        return None
    return Skew(across, down, (left, bottom))


def _slope(dark: np.ndarray, rows: tuple[float, float], across: tuple[float, float]) -> float:
    """Slope of the line that covers most of a band, if it covers much more than a line without slope; otherwise 0."""
    first, start = max(0, int(rows[0])), max(0, int(across[0]))
    band = dark[first : max(first, int(rows[1]) + 1), start : max(start, int(across[1]) + 1)] > 0.35
    if min(band.shape) < 4 or band.shape[1] < 40:
        return 0.0
    row, column = np.nonzero(band)
    if not len(row):
        return 0.0
    width = band.shape[1]
    steps = int(STEEPEST * width * 2)
    slopes = np.arange(-steps, steps + 1) / (2.0 * width)
    covers = np.array([_cover(row, column - width / 2, slope, len(band), width) for slope in slopes])
    straight = covers[steps]
    best = covers.max()
    # Take the middle of equally good slopes, so that thick lines do not lean.
    slope = float(slopes[np.flatnonzero(covers >= 0.995 * best)].mean())
    if best < LEAST_COVER or best < GAIN * straight or abs(slope) * width < LEAST_SHIFT:
        return 0.0
    return slope


def _cover(row: np.ndarray, column: np.ndarray, slope: float, height: int, width: int) -> float:
    """Largest share of columns with ink in a single row, after shifting along a slope."""
    moved = np.round(row - slope * column).astype(int) + height
    return float(np.bincount(moved.clip(0, 3 * height)).max() / width)


def straightened(picture: np.ndarray, words: Sequence[Word], skew: Skew) -> tuple[np.ndarray, list[Word]]:
    """Picture and words with the axis lines made horizontal and vertical about their corner."""
    cv2 = extra("cv2")
    x, y = skew.corner
    matrix = np.array([[1.0, -skew.down, skew.down * y], [-skew.across, 1.0, skew.across * x]])
    height, width = picture.shape[:2]
    straight = cv2.warpAffine(
        np.ascontiguousarray(picture), matrix, (width, height), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
    return straight, [_moved(word, skew) for word in words]


def _moved(word: Word, skew: Skew) -> Word:
    aside = -skew.down * (word.y - skew.corner[1])
    below = -skew.across * (word.x - skew.corner[0])
    return replace(
        word, left=word.left + aside, right=word.right + aside, top=word.top + below, bottom=word.bottom + below
    )
