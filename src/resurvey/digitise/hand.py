"""Apply corrections by hand: axes, curves through given positions, swaps and cells."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from resurvey.digitise.corrections import Corrections, Pair
from resurvey.digitise.digitised import Axis, Label, Panel, RiskRow, TracedCurve
from resurvey.digitise.extract import trace_through
from resurvey.digitise.label_lines import refit
from resurvey.digitise.match import exchanged
from resurvey.digitise.region import Region
from resurvey.digitise.traced import Traced
from resurvey.errors import InputError


def corrected_panel(panel: Panel | None, fixed: Corrections) -> Panel:
    """The panel with the axes set by a person.

    Raises
    ------
    InputError
        If only one axis is set and the other was not found, or an axis runs backwards.
    """
    x = _axis(fixed.x, panel.x.percent if panel else False) if fixed.x else None
    y = _axis(fixed.y, panel.y.percent if panel else False) if fixed.y else None
    if panel is None and (x is None or y is None):
        raise InputError("the corrections set one axis, and the figure's other was not found: set both")
    x = x or panel.x  # type: ignore[union-attr]
    y = y or panel.y  # type: ignore[union-attr]
    if x.slope <= 0 or y.slope >= 0:
        raise InputError("corrected axes: time must grow to the right and survival upwards")
    right = max(label.pixel for label in x.labels)
    bottom = max(label.pixel for label in y.labels)
    box = (float(x.pixel(0.0)), float(y.pixel(1.0)), right, bottom)
    if panel is None:
        return Panel(x, y, box, bottom + 6, box[0] - 6, given=True)
    return replace(panel, x=x, y=y, box=box, given=bool(fixed.x or fixed.y) or panel.given)


def _axis(ticks: Sequence[Pair], percent: bool) -> Axis:
    labels = tuple(Label(pixel, value, f"{value:g}", snapped=True) for pixel, value in sorted(ticks))
    return replace(refit(Axis(0.0, 1.0, labels), labels), percent=percent)


def by_hand(region: Region, panel: Panel, fixed: Corrections) -> tuple[list[TracedCurve], list[Traced]]:
    """Curves read entirely by hand, and curves traced through given positions.

    Raises
    ------
    InputError
        If no path passes through the given positions of a curve.
    """
    curves = [_points(points, panel, str(k + 1)) for k, points in enumerate(fixed.points)]
    traced = []
    for k, places in enumerate(fixed.through):
        moved = [(x - region.left, y - region.top) for x, y in places]
        made = trace_through(region, moved)
        if made is None:
            raise InputError(
                f"corrections, through: no path from (0, 1) passes through the given places of curve {k + 1}"
            )
        traced.append(made)
    return curves, traced


def _points(points: Sequence[Pair], panel: Panel, name: str) -> TracedCurve:
    places = np.array(sorted(points))
    times = np.maximum.accumulate(np.asarray(panel.x.value(places[:, 0])).clip(0))
    survival = np.minimum.accumulate(np.asarray(panel.y.value(places[:, 1])).clip(0, 1))
    times, survival = np.concatenate(([0.0], times)), np.concatenate(([1.0], survival))
    return TracedCurve(name, times, survival, np.full(len(times), abs(panel.y.slope)))


def swapped(curves: Sequence[TracedCurve], panel: Panel, fixed: Corrections) -> list[TracedCurve]:
    """Curves with their parts exchanged after given positions.

    Raises
    ------
    InputError
        If a swap names a curve that does not exist.
    """
    found = list(curves)
    for a, b, pixel in fixed.swaps:
        if not (0 <= a < len(found) and 0 <= b < len(found) and a != b):
            raise InputError(f"corrections, swaps: there are {len(found)} curves, no pair {a + 1}, {b + 1}")
        at = float(panel.x.value(pixel))
        found[a], found[b] = exchanged(found[a], found[b], at), exchanged(found[b], found[a], at)
    return found


def corrected_rows(rows: Sequence[RiskRow], fixed: Corrections) -> list[RiskRow]:
    """Rows with corrected cells, which are no longer flagged.

    Raises
    ------
    InputError
        If a corrected cell lies outside the numbers at risk.
    """
    found = list(rows)
    for row, column, count in fixed.cells:
        if not (0 <= row < len(found) and 0 <= column < len(found[row].counts)):
            raise InputError(f"corrections, cells: the numbers at risk have no cell ({row + 1}, {column + 1})")
        counts, flagged = list(found[row].counts), list(found[row].flagged)
        counts[column], flagged[column] = count, False
        found[row] = replace(found[row], counts=tuple(counts), flagged=tuple(flagged))
    return found
