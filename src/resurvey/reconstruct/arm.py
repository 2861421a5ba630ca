"""The input for one arm: checked, brought to one scale, and with contradictions between its parts listed."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from resurvey.reconstruct import curve_input
from resurvey.reconstruct.before_drops import at_the_foot
from resurvey.reconstruct.decode import exact_rows
from resurvey.reconstruct.monotone import Floats, MonotoneCurve, anchored, monotone_curve
from resurvey.reconstruct.placement import Frame, RiskTable

#: Largest distance (in survival) by which the rebuilt curve may depart from the given one to meet a printed count.
BEND = 0.05


@dataclass(frozen=True)
class Arm:
    """All input for one arm, checked and on one scale."""

    points: curve_input.Points
    curve: MonotoneCurve
    table: RiskTable
    given_table: RiskTable
    n: int
    events: int | None
    ticks: Floats
    end: float
    median: tuple[float, float, float] | None
    landmarks: tuple[tuple[float, float], ...]
    repairs: list[str]
    conflicts: list[str]


def read_arm(
    times: ArrayLike,
    survival: ArrayLike,
    n: int,
    *,
    at_risk_times: ArrayLike | None = None,
    at_risk: ArrayLike | None = None,
    events: int | None = None,
    censor_times: ArrayLike | None = None,
    median: float | Sequence[float] | None = None,
    landmarks: Sequence[tuple[float, float]] | None = None,
    end_of_follow_up: float | None = None,
) -> Arm:
    """Check all input and bring it to one scale; arguments as in `from_curve`."""
    patients = curve_input.whole_number(n, "n", least=1)
    points = curve_input.read_points(times, survival)
    repairs = list(points.repairs)
    conflicts: list[str] = []
    table = curve_input.read_table(patients, at_risk_times, at_risk, repairs, conflicts)
    curve_input.check_units(points, table)
    points = at_the_foot(points, table, repairs)
    given = curve_input.legible_rows(at_risk_times, at_risk)
    total = curve_input.check_events(events, patients)
    ticks = curve_input.read_ticks(censor_times, repairs)
    curve = monotone_curve(points.time, points.survival)
    curve_input.refuse_scatter(curve.noise)
    if curve.strays:
        repairs.append(f"{curve.strays} stray points off the curve of their neighbours were left out")
    if points.survival[0] < 0.97:
        repairs.append(f"the curve starts at {points.survival[0]:.3g}, not at 1: the point (0, 1) was added")
    middle = curve_input.read_median(median)
    rates = curve_input.read_landmarks(landmarks)
    curve = anchored(curve, curve_input.anchors(middle, rates), conflicts)
    end = curve_input.last_time(curve.end, table, ticks, end_of_follow_up, conflicts)
    # a censoring mark at time 0 is moved to just after it: all patients are at risk at time 0
    ticks = np.maximum(ticks[ticks <= end], 1e-9 * end)
    table = exact_rows(curve, curve_input.reconcile(table, curve, end, conflicts), patients)
    return Arm(points, curve, table, given, patients, total, ticks, end, middle, rates, repairs, conflicts)


def feasible_total(arm: Arm, cut: Frame) -> int | None:
    """The printed total of events, or the nearest one that bends the curve by at most `BEND`; None if not given.

    Without censoring, the deaths in a gap are its relative drop times the number of patients entering it. That is the
    maximum, apart from the deviation that `BEND` allows.
    """
    if arm.events is None:
        return None
    level = cut.survival[cut.edge]
    drop = 1 - (level[1:]) / np.maximum(level[:-1], 1e-12)
    slack = np.ceil(BEND / np.maximum(level[:-1], BEND) * cut.entering) + 1
    falls = int(np.count_nonzero(arm.curve.drops > 1e-9))
    least = fewest_deaths(level, cut.entering, falls)
    most = max(int(np.minimum(cut.leaving, np.floor(cut.entering * drop) + slack).sum()), least)
    total = min(max(arm.events, least), most)
    if total != arm.events:
        arm.conflicts.append(
            f"events: {arm.events} were printed, but a curve that ends at {level[-1]:.3g} with n = {arm.n} and these "
            f"numbers at risk allows {least} to {most}; {total} were placed. Check whether the curve, n and events "
            "are of one arm and one data cut"
        )
    return total


def fewest_deaths(level: Floats, entering: Floats, falls: int) -> int:
    """Fewest deaths with which a product-limit curve can come within `BEND` of the levels, whatever the censoring.

    A curve with d deaths has d steps, so its largest distance from the given curve is at least half a step, unless the
    given curve itself has no more than d falls. If n patients are still at risk at the end of a gap, a fall from S to
    S' takes at least n (S / S' - 1) deaths.
    """
    steps = min(math.ceil((1 - level[-1] - BEND) / (2 * BEND)), falls)
    after = np.concatenate((entering[1:], [0.0]))
    fall = np.maximum(level[:-1] - level[1:] - 2 * BEND, 0.0)
    gaps = np.floor(after * fall / np.maximum(level[1:] + BEND, BEND)).sum()
    return int(min(max(steps, gaps, 0), entering[0]))
