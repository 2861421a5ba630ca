"""Ends of curves that run on under another curve: where two strokes join, only one of them is seen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from resurvey.digitise.region import Region
from resurvey.digitise.trace import Path, dash_gap
from resurvey.digitise.traced import Traced, alike

# Columns that another curve must share, as a share of the plot's width, before a curve counts as hidden by it.
LEAST_SHARED = 0.02
# Distance, in strokes, between the end of a curve and the fall with which two curves join.
JOIN = 2.0
# Share of the plot's height within which censoring marks lie around their curve.
MARK_REACH = 0.018


def under_others(curves: Sequence[Traced], region: Region) -> list[Traced]:
    """Curves with hidden ends run on under the curve that hides them.

    A curve whose ink ends exactly where another falls onto its level, or where it falls onto another's, has not ended
    there: from the join on, both share one stroke. Marks in its own ink show how far it runs; without them it is
    taken to run as far as the other stays level, and to the middle of that stretch if the other then falls, since
    it would be seen beyond. `assumed` records the columns that no ink of its own supports.
    """
    return [_run_on(curve, curves, region) for curve in curves]


def _run_on(curve: Traced, curves: Sequence[Traced], region: Region) -> Traced:
    reaches = [reach for other in curves if other is not curve and (reach := _hidden_to(curve, other, region))]
    if not reaches:
        return curve
    stop, seen = max(reaches)
    return _longer(curve, stop, max(0, stop - max(seen, curve.path.stop)))


def _hidden_to(curve: Traced, other: Traced, region: Region) -> tuple[int, int] | None:
    """Column before which a curve ends that joins another, and the last that its own marks support."""
    end, row = curve.path.stop - 1, round(float(curve.steps.rows[-1]))
    gap = dash_gap(region.shape[1]) if curve.dashed else 0
    reach = max(curve.steps.width, other.steps.width) + 2
    shared = max(level_until(other, end, row, reach, gap), _mixed_until(curve, other, row, reach))
    if shared - end < max(6, LEAST_SHARED * region.shape[1]) or not _joins(curve, other, gap):
        return None
    marks = 0 if alike(curve, other) else _last_mark(curve, row, end, region)
    falls = end < other.path.stop - 1 and shared < other.path.stop
    stop = (end + shared) // 2 if falls else shared
    return max(marks, stop), marks


def level_until(other: Traced, end: int, row: int, reach: float, gap: int) -> int:
    """One past the last column to which a curve stays on a row that it takes up within a gap after a column.

    The column itself if it does not.
    """
    begin = end + 3
    if not other.path.start <= begin < other.path.stop:
        return end
    near = np.abs(other.path.rows[begin - other.path.start :] - row) <= reach
    first = np.flatnonzero(near[: gap + 1])
    if not len(first):
        return end
    apart = np.flatnonzero(~near[first[0] :])
    return begin + int(first[0] + apart[0]) if len(apart) else other.path.stop


def _mixed_until(curve: Traced, other: Traced, row: int, reach: float) -> int:
    """One past the last column of ink on the level at which two curves end together, as their inks mix from there."""
    end = curve.path.stop - 1
    if abs(other.path.stop - curve.path.stop) > reach or abs(float(other.steps.rows[-1]) - row) > reach:
        return end
    near = round(reach)
    band = curve.anything[max(0, row - near) : row + near + 1, end + 1 :].any(axis=0)
    inked = np.flatnonzero(band)
    gaps = np.flatnonzero(np.diff(np.r_[-1, inked]) > dash_gap(curve.ink.shape[1]))
    inked = inked[: gaps[0]] if len(gaps) else inked
    return end + 2 + int(inked[-1]) if len(inked) else end


def _joins(curve: Traced, other: Traced, gap: int) -> bool:
    """Whether one of two curves falls onto the stroke of the other where the first is seen to end, within a gap."""
    end = curve.path.stop - 1
    slack = JOIN * max(curve.steps.width, other.steps.width) + 2 + gap
    return any(_falls_at(one, end, slack) for one in (curve, other))


def _falls_at(curve: Traced, column: int, slack: float) -> bool:
    """Whether a curve has a fall of its own, higher than a stroke, near a column."""
    near = np.abs(curve.steps.columns[1:] - column) <= slack
    return bool((np.diff(curve.steps.rows)[near] > curve.steps.width + 1).any())


def _last_mark(curve: Traced, row: int, end: int, region: Region) -> int:
    """One past the last column in which ink of a curve's own colour stands on its level beyond its end; 0 if none."""
    reach = round(MARK_REACH * region.shape[0] + curve.steps.width)
    band = curve.ink[max(0, row - reach) : row + reach + 1, end + 3 :]
    marked = np.flatnonzero((band > 0.4).sum(axis=0) >= 2)
    return end + 4 + int(marked[-1]) if len(marked) else 0


def _longer(curve: Traced, stop: int, assumed: int) -> Traced:
    more = stop - curve.path.stop
    if more <= 0:
        return curve
    rows = np.concatenate((curve.path.rows, np.full(more, round(float(curve.steps.rows[-1])))))
    path = Path(curve.path.start, rows, curve.path.gain)
    return replace(curve, path=path, steps=replace(curve.steps, end=float(stop - 1)), assumed=assumed)
