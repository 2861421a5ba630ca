"""Censoring marks on a traced curve: short strokes that protrude above (and mostly below) its line."""

from __future__ import annotations

import numpy as np

from resurvey.digitise.traced import Traced

ALIKE = 0.5  # share of protrusions of similar height that must have the same height
FAINT = 0.45  # the same, for marks on both sides of a smooth line
FEWEST = 3
# Smallest visible share of a mark's height, and of half of it on the shorter side, as the level may be off by a pixel.
TALL, SHORTER = 0.6, 0.4
STEEP = 1.0  # share of half a mark's height that the line falls on either side, from which it hides a mark
LEAST = 1.0  # smallest protrusion in pixels, for marks on both sides; twice that for marks on one side


def censor_columns(curve: Traced, height: int) -> np.ndarray:
    """Columns (with subpixel precision) of the marks on a curve.

    A mark appears as ink that extends beyond the line's edge by the same length for every mark; where the curve falls,
    the edge is that of the higher level.
    """
    columns = np.arange(max(0, int(curve.steps.columns[0])), min(curve.ink.shape[1], int(curve.steps.end) + 3))
    if len(columns) < 8:
        return np.array([])
    most = max(8, round(0.035 * height))
    up, down = _about_the_line(curve, columns, most)
    half = _half_height(up, down, _falls(curve, columns))
    if half is not None:
        strength = np.where(_crossing(curve, columns, up, down, half), np.minimum(up, half) + np.minimum(down, half), 0)
        return columns[0] + _middles(strength, _soft(curve, columns, half))
    rise, drop = _standing_out(curve, columns, most)
    tall = _typical(np.minimum(rise, 99))
    if tall is None:
        return np.array([])
    two_sided = _two_sided(rise, drop, tall)
    if not two_sided and tall < 2 * LEAST:
        return np.array([])
    good = (rise >= 0.65 * tall) & (rise <= 1.6 * tall + 1)
    if two_sided:
        good &= (drop >= 0.4 * tall) | _at_falls(curve, columns, tall)
    strength = np.where(good, np.minimum(rise, tall) + (np.minimum(drop, tall) if two_sided else 0), 0.0)
    return columns[0] + _middles(strength, _soft(curve, columns, tall))


def _levels(curve: Traced, columns: np.ndarray) -> np.ndarray:
    place = np.searchsorted(curve.steps.columns, columns + 0.5, side="right") - 1
    return curve.steps.rows[np.clip(place, 0, None)]


def _about_the_line(curve: Traced, columns: np.ndarray, most: int) -> tuple[np.ndarray, np.ndarray]:
    """How far ink extends above and below the line's own level, column by column."""
    level = _levels(curve, columns)
    return _run_of_ink(curve, level, columns, -1, most), _run_of_ink(curve, level, columns, 1, most)


def _falls(curve: Traced, columns: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """How far above and below its own level the line runs within a stroke's width of each column, as next to a fall."""
    level = _levels(curve, columns)
    reach = round(curve.steps.width / 2) + 2
    windows = np.lib.stride_tricks.sliding_window_view(np.pad(level, reach, mode="edge"), 2 * reach + 1)
    return level - windows.min(axis=1), windows.max(axis=1) - level


def _half_height(up: np.ndarray, down: np.ndarray, falls: tuple[np.ndarray, np.ndarray]) -> float | None:
    """Half the height of marks that cross the line: the commonest protrusion that is equal on both sides of a level.

    None if there are too few.
    """
    level = (falls[0] < 0.5) & (falls[1] < 0.5)
    if not level.any():
        return None
    rough = float(np.percentile(np.minimum(up, down)[level], 40))
    least = FAINT + 3 * rough
    both = np.where(level & (np.abs(up - down) <= 0.3 * np.maximum(up, down) + 0.8), (up + down) / 2, 0.0)
    edges = np.flatnonzero(np.diff(np.concatenate(([0], (both >= least).astype(np.int8), [0]))))
    heights = np.array([float(both[a:b].max()) for a, b in zip(edges[::2], edges[1::2], strict=True)])
    if len(heights) < FEWEST:
        return None
    alike = np.abs(heights[None, :] - heights[:, None]) <= 0.12 * heights[:, None] + 0.3
    counts = alike.sum(axis=1)
    best = int(np.lexsort((heights, counts))[-1])
    return float(np.median(heights[alike[best]])) if counts[best] >= max(FEWEST, ALIKE * len(heights)) else None


def _crossing(curve: Traced, columns: np.ndarray, up: np.ndarray, down: np.ndarray, half: float) -> np.ndarray:
    """Columns in which ink protrudes on both sides by half a mark, more than falls explain on either side."""
    above, below = _falls(curve, columns)
    steep = (above >= STEEP * half) & (below >= STEEP * half)
    far = (np.minimum(up, down) >= SHORTER * half) & (up + down >= TALL * 2 * half)
    short = (up <= np.maximum(1.4 * half + 1, above + 1.5)) & (down <= np.maximum(1.4 * half + 1, below + 1.5))
    return far & short & ~steep


def _at_falls(curve: Traced, columns: np.ndarray, tall: float) -> np.ndarray:
    """Columns next to a fall, whose stroke hides the lower half of a mark."""
    level = _levels(curve, columns)
    reach = round(curve.steps.width / 2) + 2
    windows = np.lib.stride_tricks.sliding_window_view(np.pad(level, reach, mode="edge"), 2 * reach + 1)
    return np.ptp(windows, axis=1) > 0.5 * min(tall, 4.0)


def _standing_out(curve: Traced, columns: np.ndarray, most: int) -> tuple[np.ndarray, np.ndarray]:
    """How far ink extends above and below the line, column by column, beyond the line itself."""
    level = _levels(curve, columns)
    reach = round(curve.steps.width / 2) + 2
    windows = np.lib.stride_tricks.sliding_window_view(np.pad(level, reach, mode="edge"), 2 * reach + 1)
    up = _run_of_ink(curve, windows.min(axis=1), columns, -1, most)
    down = _run_of_ink(curve, windows.max(axis=1), columns, 1, most)
    return up, down


def _run_of_ink(curve: Traced, level: np.ndarray, columns: np.ndarray, step: int, most: int) -> np.ndarray:
    """Length of unbroken ink from a level on, less half the line's own width; 0 beyond `most`."""
    start = np.round(level).astype(int)
    own = curve.steps.width / 2 + 0.5 - step * (start - level)
    total = np.zeros(len(columns))
    on = np.ones(len(columns), dtype=bool)
    for k in range(most + round(curve.steps.width / 2)):
        rows = start + step * k
        within = (rows >= 0) & (rows < len(curve.ink))
        cover = np.where(within, curve.ink[np.clip(rows, 0, len(curve.ink) - 1), columns], 0.0)
        on &= (cover > 0.2) | (k == 0)
        total += np.where(on, cover, 0.0)
    return np.where(on, 0.0, np.clip(total - own, 0, None))


def _typical(rise: np.ndarray) -> float | None:
    """The commonest height of protrusions, taking the highest column of each.

    None if there are too few, or if those of similar or greater height vary too much to be marks of one kind.
    """
    out = rise >= LEAST
    edges = np.flatnonzero(np.diff(np.concatenate(([0], out.astype(np.int8), [0]))))
    heights = np.array([float(rise[a:b].max()) for a, b in zip(edges[::2], edges[1::2], strict=True)])
    heights = heights[heights < 99]
    if not len(heights):
        return None
    alike = np.abs(heights[None, :] - heights[:, None]) <= 0.12 * heights[:, None] + 0.3
    counts = alike.sum(axis=1)
    # Of equally common heights, take the larger: roughness of the line protrudes by a pixel or two everywhere.
    best = int(np.lexsort((heights, counts))[-1])
    usual = float(np.median(heights[alike[best]]))
    near = (heights >= 0.65 * usual) & (heights <= 1.6 * usual + 1)
    enough = counts[best] >= min(FEWEST, len(heights))
    return usual if enough and counts[best] >= ALIKE * near.sum() else None


def _two_sided(rise: np.ndarray, drop: np.ndarray, tall: float) -> bool:
    out = rise >= 0.65 * tall
    return bool(out.any() and np.median(drop[out]) >= 0.4 * tall)


def _soft(curve: Traced, columns: np.ndarray, tall: float) -> np.ndarray:
    """Ink above the line within a mark's height, one value per column."""
    top = np.floor(_levels(curve, columns) - curve.steps.width / 2 - 0.5).astype(int)
    rows = top[:, None] - np.arange(max(1, round(tall)))[None, :]
    return curve.ink[np.clip(rows, 0, len(curve.ink) - 1), columns[:, None]].sum(axis=1)


def _middles(strength: np.ndarray, soft: np.ndarray) -> np.ndarray:
    """Centres of runs; a run wider than one mark is split at its weakest columns."""
    edges = np.flatnonzero(np.diff(np.concatenate(([0], (strength > 0).astype(np.int8), [0]))))
    runs = list(zip(edges[::2], edges[1::2], strict=True))
    if not runs:
        return np.array([])
    widths = np.array([b - a for a, b in runs])
    # Roughness of a thick line makes runs of a column or two, which are no measure of a mark.
    usual = float(np.percentile(widths[widths >= 0.5 * np.median(widths)], 25))
    found: list[float] = []
    for a, b in runs:
        weight = soft[a:b].astype(float) + 1e-6
        if b - a <= 1.7 * usual + 1:
            found.append(float((np.arange(a, b) * weight).sum() / weight.sum()))
        else:
            found += _tops(weight, a, max(2.0, usual))
    return np.array(found)


def _tops(weight: np.ndarray, first: int, apart: float) -> list[float]:
    """Middles of the highest stretches of a run, separated by a minimum distance, from its first column on."""
    padded = np.concatenate(([-np.inf], weight, [-np.inf]))
    high = (weight >= padded[:-2] - 1e-6) & (weight >= padded[2:] - 1e-6)
    edges = np.flatnonzero(np.diff(np.concatenate(([0], high.astype(np.int8), [0]))))
    found: list[float] = []
    for begin, end in zip(edges[::2], edges[1::2], strict=True):
        middle = first + (begin + end - 1) / 2
        if not found or middle - found[-1] >= apart:
            found.append(float(middle))
    return found
