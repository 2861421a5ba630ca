"""Find the cheapest falling path through ink, from where every survival curve starts, by dynamic programming."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

# Costs per pixel: a path gains from ink, pays for bare paper (little, so that gaps between dashes are bridged), pays
# almost nothing where something else may hide it, and pays much for falling where no line falls.
BARE = 0.4
HIDDEN = 0.12
FALL_BARE = 1.0
FALL_HIDDEN = 0.15
UNDER = 0.03  # per column or row under a curve of the same ink that is already traced
RISE = 0.7
GATE = 3
PRIZE = 1000.0  # reward for passing a gate, so that the path reaches the last one


@dataclass(frozen=True)
class Path:
    """Rows of a path, one per column from column `start`; `gain` is the ink it explains less the cost of gaps."""

    start: int
    rows: np.ndarray
    gain: float

    @property
    def stop(self) -> int:
        """One past the last column."""
        return self.start + len(self.rows)

    @property
    def columns(self) -> np.ndarray:
        """Columns of the path."""
        return np.arange(self.start, self.stop)


def falling_path(
    ink: np.ndarray,
    hidden: np.ndarray,
    start: tuple[int, float],
    slack: float,
    *,
    shut: np.ndarray | None = None,
    under: np.ndarray | None = None,
    late: int = 0,
    bare: float = BARE,
    fall_bare: float = FALL_BARE,
    gates: Sequence[tuple[int, int]] = (),
) -> Path | None:
    """The path with the largest gain, from near `start` (column, row) to where extending it gains nothing more.

    Parameters
    ----------
    ink
        Ink of the curve's own colour, 0 to 1, height x width.
    hidden
        How far each pixel may hide the curve (other curves, text), 0 to 1.
    start
        Column and row of (0, 1).
    slack
        Tolerance of the start, in rows.
    shut
        Pixels of vertical lines (axes, frame, grid), along which no curve may fall.
    under
        Strokes of curves of the same ink, under which this one may run unseen.
    late
        Number of columns after `start` within which the path may begin.
    bare, fall_bare
        Cost of a column without ink, and of falling by one row without ink.
    gates
        Positions (column, row) that the path must pass within three rows.
    """
    height, width = ink.shape
    first = max(0, start[0])
    if first >= width:
        return None
    ink, hidden = ink.astype(np.float32), hidden.astype(np.float32)
    free = (1 - ink) * (1 - hidden)
    here = bare * free + HIDDEN * hidden * (1 - ink) - ink
    fall = fall_bare * free + FALL_HIDDEN * hidden * (1 - ink)
    if under is not None:
        unseen = under & (ink < 0.3)
        here = np.where(unseen, UNDER, here).astype(np.float32)
        fall = np.where(unseen, UNDER, fall).astype(np.float32)
    if shut is not None:
        fall = np.where(shut, FALL_BARE, fall).astype(np.float32)
    rows = np.arange(height)
    for column, row in gates:
        if 0 <= column < width:
            here[:, column] = np.where(np.abs(rows - row) <= GATE, here[:, column] - PRIZE, np.inf)
    entry = np.where(np.abs(rows - start[1]) <= slack, 0.05 * np.abs(rows - start[1]), np.inf).astype(np.float32)
    back = np.zeros((width, height), dtype=np.int32)
    total = np.full((width, height), np.inf, dtype=np.float32)
    total[first] = here[:, first] + _down(entry, fall[:, first])[0]
    back[first] = -1
    for column in range(first + 1, width):
        best, source = _down(total[column - 1], fall[:, column])
        risen = np.append(total[column - 1][1:], np.inf) + RISE
        up = risen < best
        best, source = np.where(up, risen, best), np.where(up, rows + 1, source)
        if column - first <= late:
            begin, _ = _down(entry + BARE * 0.5 * (column - first), fall[:, column])
            new = begin < best
            best, source = np.where(new, begin, best), np.where(new, -1, source)
        total[column] = here[:, column] + best
        back[column] = source
    return _followed(total, back, first)


def _down(total: np.ndarray, fall: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Cheapest way to each row from the same or a higher row, and the row it comes from."""
    height = len(total)
    run = np.concatenate(([np.float32(0)], np.cumsum(fall[1:], dtype=np.float32)))
    reduced = total - run
    lowest = np.minimum.accumulate(reduced)
    change = np.concatenate(([True], reduced[1:] < lowest[:-1]))
    source = np.maximum.accumulate(np.where(change, np.arange(height), 0))
    return lowest + run, source


def _followed(total: np.ndarray, back: np.ndarray, first: int) -> Path | None:
    column, row = np.unravel_index(int(np.argmin(total)), total.shape)
    gain = -float(total[column, row])
    if not np.isfinite(gain) or gain <= 0:
        return None
    rows = []
    while row >= 0 and column >= first:
        rows.append(row)
        row = back[column, row]
        column -= 1
    return Path(int(column) + 1, np.array(rows[::-1]), gain)


def covered(path: Path, ink: np.ndarray, reach: int = 1) -> np.ndarray:
    """Darkest ink within `reach` rows of the path, one value per column."""
    best = np.zeros(len(path.rows), dtype=np.float32)
    for shift in range(-reach, reach + 1):
        rows = np.clip(path.rows + shift, 0, len(ink) - 1)
        best = np.maximum(best, ink[rows, path.columns])
    return best


def stroke(path: Path, shape: tuple[int, int], half: float) -> np.ndarray:
    """Pixels within `half` of the path, including its vertical parts."""
    mask = np.zeros(shape, dtype=bool)
    before = np.concatenate((path.rows[:1], path.rows[:-1]))
    top = np.floor(np.minimum(path.rows, before) - half).astype(int).clip(0)
    bottom = np.ceil(np.maximum(path.rows, before) + half).astype(int)
    side = round(half)
    for column, a, b, falls in zip(path.columns, top, bottom, path.rows != before, strict=True):
        spread = side if falls else 0
        mask[a : b + 1, max(0, column - spread) : column + spread + 1] = True
    return mask


def dash_gap(width: int) -> int:
    """Widest gap, in pixels, between the dashes or dots of one line in a plot of this width."""
    return round(0.015 * width) + 4
