"""One set of patients for an arm: the most plausible one, or one drawn from all that satisfy what was printed."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from resurvey import steady
from resurvey.reconstruct import curve_input
from resurvey.reconstruct.arm import Arm, feasible_total
from resurvey.reconstruct.censoring import known_events, step_heights, unknown_events
from resurvey.reconstruct.monotone import Floats, anchored, monotone_curve
from resurvey.reconstruct.placement import (
    Followed,
    Frame,
    at_points,
    flow,
    followed,
    foreseen_theta,
    frame,
    open_path,
    pin,
    settle,
    solve_open_path,
    tail_deaths,
    times_in_gaps,
    whole_deaths,
)

#: Log standard deviations between replicates: of the censoring hazard after the last row, and of where in a gap
#: censorings concentrate.
TAIL_SPREAD, GAP_SPREAD = 0.7, 0.3
#: A printed rate or median further than this (in survival) from the curve is not imposed.
NEAR = 0.02


def rebuild(arm: Arm, rng: np.random.Generator | None = None) -> tuple[Floats, Floats]:
    """Times and event indicators of the most plausible set of patients, or of a random one if `rng` is given."""
    cut = frame(arm.curve, arm.table, arm.end, arm.ticks)
    total = feasible_total(arm, cut)
    known = followed(cut)
    silent = cut.gaps == 1 and not arm.ticks.size
    path = silent_path(arm, cut, total, rng) if silent else tail_path(cut, known, rng)
    streams = flow(cut, known, path)
    carried = 0.0 if rng is None else float(rng.uniform(-0.5, 0.5))
    deaths = whole_deaths(streams.expected, cut.leaving, cut.survival[cut.edge], arm.curve.noise, total, carried)
    marked = arm.ticks.size > 0 and arm.ticks[-1] >= cut.knot[cut.edge[-2]]
    if (cut.gaps > 1 and not marked) or (cut.gaps == 1 and marked and total is not None):
        aim = tail_deaths(cut, float(streams.expected[-1]), float(deaths[-1]), arm.curve.noise)
        streams = flow(cut, known, open_path(known.place, solve_open_path(known.place, known.drop, aim)))
    censored = cut.leaving.astype(np.int64) - deaths
    levels = None if rng is None else scattered_levels(censored, rng)
    lost = times_in_gaps(cut, streams.censored, censored, levels)
    died = settle(cut, times_in_gaps(cut, streams.deaths, deaths), lost, deaths)
    if arm.curve.exact and died.size:
        points = arm.curve.drop_times[arm.curve.drops > 1e-9]
        died = at_points(cut, died, points, arm.curve.shoulder(points))
    died = pinned(arm, cut, died, lost)
    return np.concatenate((died, lost)), np.concatenate((np.ones(died.size), np.zeros(lost.size)))


def pinned(arm: Arm, cut: Frame, died: Floats, lost: Floats) -> Floats:
    """Move deaths within the noise of the curve so that the printed rates and the printed median hold."""
    for when, rate in arm.landmarks:
        if 0 < when <= arm.end and abs(float(arm.curve.at(when)) - rate) <= NEAR:
            died = pin(cut, died, lost, when, rate, crossing=False)
    if arm.median is not None and arm.median[0] <= arm.end and abs(float(arm.curve.at(arm.median[0])) - 0.5) <= NEAR:
        died = pin(cut, died, lost, arm.median[0], 0.5, crossing=True)
    return died


def silent_path(arm: Arm, cut: Frame, total: int | None, rng: np.random.Generator | None) -> Floats:
    """G at the knots of an arm without numbers at risk: the mean over candidates, or a randomly drawn one."""
    u = cut.knot / arm.end
    steps = step_heights(arm.curve, arm.n, arm.end)
    candidates = unknown_events(steps) if total is None else known_events(steps, u, arm.n * cut.fall, total)
    if rng is None:
        return candidates.mean_path(u)
    return candidates.paths(u, rng.choice(candidates.weight.size, size=1, p=candidates.weight))[0]


def tail_path(cut: Frame, known: Followed, rng: np.random.Generator | None) -> Floats:
    """G after the last row: the censoring hazard of the previous gap continues, times a random factor if drawn."""
    theta = foreseen_theta(cut, known)
    if rng is not None and theta < 1.0:
        kept = steady.exp(float(rng.normal(0.0, TAIL_SPREAD))) * steady.log(1.0 - theta)
        theta = 1.0 - steady.exp(kept)
    return open_path(known.place, theta)


def scattered_levels(count: NDArray[np.int64], rng: np.random.Generator) -> Floats:
    """Random levels for the censorings of each gap, earlier in some gaps and later in others.

    The last gap is open: where its censorings concentrate is already drawn with its path.
    """
    bend = steady.exp(rng.normal(0.0, GAP_SPREAD, count.size))
    bend[-1] = 1.0
    gap = np.repeat(np.arange(count.size), count)
    before = np.cumsum(count) - count
    return np.sort(before[gap] + count[gap] * steady.power(rng.random(gap.size), bend[gap]))


def redrawn(arm: Arm, rng: np.random.Generator) -> Arm:
    """The arm with its curve redrawn within the noise of the points (a parametric bootstrap)."""
    if arm.curve.exact:
        return arm
    fitted = np.interp(arm.points.time, arm.curve.drop_times, 1.0 - np.cumsum(arm.curve.drops))
    curve = monotone_curve(arm.points.time, fitted + rng.normal(0.0, arm.curve.noise, fitted.size))
    curve = anchored(curve, curve_input.anchors(arm.median, arm.landmarks), [])
    # noise and steps are properties of the given points, not of the drawn ones
    curve = replace(curve, noise=arm.curve.noise, drop_times=arm.curve.drop_times, drops=arm.curve.drops)
    return replace(arm, curve=curve, conflicts=[])
