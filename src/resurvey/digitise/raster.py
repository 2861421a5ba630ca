"""Convert a picture to curves: panels from its words, values from its paths, and checks of the ink."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from resurvey.digitise.axes import AxisSearch, search_axes
from resurvey.digitise.axis_ticks import snap
from resurvey.digitise.digitised import Panel, TracedCurve, Word
from resurvey.digitise.ends import level_until
from resurvey.digitise.ink import darkness
from resurvey.digitise.left_over import SAMPLE
from resurvey.digitise.marks import censor_columns
from resurvey.digitise.match import Meeting
from resurvey.digitise.region import Region
from resurvey.digitise.traced import Traced, blank, on_ink

# Share of their length over which two curves of one ink may touch.
TOGETHER = 0.4
# Share of a curve's length by which its end may be uncertain.
UNCERTAIN = 0.05
# Darkness of an upright line, and how far it reaches above and below the end of a curve that it may hide, as a share of
# the plot's height; strokes of censoring are shorter.
LINE, UPRIGHT = 0.4, 0.06


def panels_of(picture: np.ndarray, words: Sequence[Word]) -> AxisSearch:
    """Calibrated panels of a picture."""
    dark = darkness(picture)
    search = search_axes(words)
    return replace(search, panels=tuple(snap(panel, dark) for panel in search.panels))


def to_values(traced: Traced, region: Region, panel: Panel, name: str) -> TracedCurve:
    """A traced curve in units of time and survival, from (0, 1)."""
    times = np.asarray(panel.x.value(traced.steps.columns + region.left), float)
    survival = np.asarray(panel.y.value(traced.steps.rows + region.top), float)
    times = np.maximum.accumulate(np.clip(times, 0, None))
    survival = np.minimum.accumulate(np.clip(survival, 0, 1))
    end = max(float(panel.x.value(traced.steps.end + region.left)), times[-1])
    times = np.concatenate(([0.0], times, [end]))
    survival = np.concatenate(([1.0], survival, survival[-1:]))
    marks = np.asarray(panel.x.value(censor_columns(traced, region.shape[0]) + region.left), float)
    return TracedCurve(
        name,
        times,
        survival,
        _spread(traced, panel, len(times)),
        np.clip(marks, 0, end),
        colour=traced.colour,
        dashed=traced.dashed,
        coverage=traced.coverage,
    )


def _spread(traced: Traced, panel: Panel, count: int) -> np.ndarray:
    """Standard deviation of survival, from the centre of the stroke and the axis; larger where gaps are bridged."""
    middle = 0.3 + 0.1 * traced.steps.width
    axis = panel.y.residual / 2
    bridged = 1.0 + 2.0 * (1.0 - traced.coverage)
    return np.full(count, abs(panel.y.slope) * bridged * float(np.hypot(middle, axis)))


def starts_of(traced: Sequence[Traced], region: Region) -> list[tuple[float, float]]:
    """First position of every path: share of the plot's width from time 0, and survival there."""
    height = max(region.bottom - region.start[1], 1)
    return [
        (
            (curve.path.start - region.start[0]) / region.shape[1],
            1 - (float(curve.steps.rows[0]) - region.start[1]) / height,
        )
        for curve in traced
    ]


def hidden_ends(traced: Sequence[Traced], region: Region) -> list[int]:
    """Curves whose end is uncertain: under another curve, at a legend, or at a plot edge without an axis line."""
    found = []
    for k, curve in enumerate(traced):
        open_end = curve.path.stop >= curve.ink.shape[1] - 1 and not region.closed
        least = UNCERTAIN * len(curve.path.rows)
        hidden = max((_hidden_beyond(curve, other) for other in traced if other is not curve), default=0)
        if open_end or max(curve.assumed, hidden) > least or _doubtful_end(curve, region):
            found.append(k)
    return found


def _hidden_beyond(curve: Traced, other: Traced) -> int:
    """Number of columns after the end of a curve over which another's stroke would hide it.

    Where the other leaves the level, the curve would be seen again.
    """
    end, row = curve.path.stop - 1, int(curve.path.rows[-1])
    return level_until(other, end, row, max(curve.steps.width, other.steps.width) + 2, 3) - end


def _doubtful_end(curve: Traced, region: Region) -> bool:
    """Whether a curve ends in a legend or at the side of an inset, or runs along the time axis in the axis's colour."""
    height, width = region.shape
    last = curve.steps.end - float(curve.steps.columns[-1])
    low = curve.steps.rows[-1] >= region.bottom - max(4.0, 0.02 * height)
    along = curve.grey and low and last > 0.1 * width
    place = curve.path.stop - 1, int(curve.path.rows[-1])
    return bool(along) or _in_legend(*place, region) or _at_upright(*place, region)


def _at_upright(column: int, row: int, region: Region) -> bool:
    """Whether an upright line reaches far above and below a position, as the side of an inset does."""
    reach = round(UPRIGHT * region.shape[0])
    beyond = (slice(row - reach, row + reach + 1), slice(column, column + 4))
    if row < reach or row + reach >= region.shape[0]:
        return False
    ink = darkness(region.picture[beyond], region.paper) > LINE
    return bool((ink & ~region.posts[beyond]).all(axis=0).any())


def _in_legend(column: int, row: int, region: Region) -> bool:
    """Whether a position lies within a text, or its sample, that is aligned with another text above or below."""
    for k, (x0, y0, x1, y1) in enumerate(region.boxes):
        tall = max(y1 - y0, 6.0)
        inside = x0 - SAMPLE * tall <= column <= x1 and y0 - 0.6 * tall <= row <= y1 + 0.6 * tall
        aligned = any(j != k and abs(other[0] - x0) <= 3 for j, other in enumerate(region.boxes))
        if inside and aligned:
            return True
    return False


def redrawn(traced: Sequence[Traced]) -> tuple[float, int]:
    """Smallest share of a redrawn curve's steps that falls on its own ink or may be hidden, and the curve's number."""
    return min((min(1.0, on_ink(curve) / (0.6 if curve.dashed else 1.0)), k) for k, curve in enumerate(traced))


def longest_blank(traced: Sequence[Traced]) -> tuple[float, int]:
    """The longest stretch without ink of any redrawn curve, as a share of its length, and the curve's number."""
    return max(((blank(curve), k) for k, curve in enumerate(traced)), key=lambda one: one[0])


def crossings(traced: Sequence[Traced], region: Region, panel: Panel) -> list[Meeting]:
    """Pairs of curves of one ink and style that meet after their start and separate again."""
    found = []
    for i, first in enumerate(traced):
        for j in range(i):
            columns = _meetings(first, traced[j]) if _one_ink(first, traced[j]) else []
            if columns:
                found.append(Meeting(j, i, float(panel.x.value(columns[-1] + region.left)), len(columns)))
    return found


def together(traced: Sequence[Traced]) -> list[tuple[int, int]]:
    """Pairs of curves of one ink that end in one stroke, or share one for long, and cannot be told apart there."""
    return [
        (j, i)
        for i, first in enumerate(traced)
        for j, other in enumerate(traced[:i])
        if _alike(first, other) and (_end_together(first, other) or _touching(first, other) > TOGETHER)
    ]


def _end_together(a: Traced, b: Traced) -> bool:
    reach = max(a.steps.width, b.steps.width) + 2
    close = abs(a.path.stop - b.path.stop) <= max(3, 0.015 * a.ink.shape[1])
    return close and abs(int(a.path.rows[-1]) - int(b.path.rows[-1])) <= reach


def _touching(a: Traced, b: Traced) -> float:
    """Share of the common length of two curves, after its first tenth, over which their strokes touch."""
    first, last = max(a.path.start, b.path.start), min(a.path.stop, b.path.stop)
    columns = np.arange(first + (last - first) // 10, last)
    if not len(columns):
        return 0.0
    apart = np.abs(a.path.rows[columns - a.path.start] - b.path.rows[columns - b.path.start])
    return float((apart <= (a.steps.width + b.steps.width) / 2 + 1).mean())


def tangled(traced: Sequence[Traced]) -> bool:
    """Whether three or more curves share one ink, or two of one ink and style meet again."""
    alike = [(a, b) for i, a in enumerate(traced) for b in traced[:i] if _alike(a, b)]
    return len(alike) > 1 or any(_meetings(a, b) for a, b in alike if a.dashed == b.dashed)


def _alike(a: Traced, b: Traced) -> bool:
    return max(abs(x - y) for x, y in zip(a.colour, b.colour, strict=True)) < 40


def _one_ink(a: Traced, b: Traced) -> bool:
    return _alike(a, b) and a.dashed == b.dashed


def _meetings(a: Traced, b: Traced) -> list[int]:
    """The last column of each stretch in which two curves touch, if they are apart both before and after it."""
    first, last = max(a.path.start, b.path.start), min(a.path.stop, b.path.stop)
    if last - first < 20:
        return []
    columns = np.arange(first, last)
    apart = np.abs(a.path.rows[columns - a.path.start] - b.path.rows[columns - b.path.start])
    clear = apart > a.steps.width + 4
    edges = np.flatnonzero(np.diff(np.r_[0, clear.astype(np.int8), 0]))
    least = max(4, round(0.015 * a.ink.shape[1]))
    runs = [(begin, end) for begin, end in zip(edges[::2], edges[1::2], strict=True) if end - begin >= least]
    return [int(columns[begin]) for begin, _ in runs[1:]]
