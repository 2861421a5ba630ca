"""Censoring in an arm without numbers at risk, inferred from the steps of its curve, its end and its events.

A single death lowers the curve by S / N = 1 / (n G), so the height of the steps gives the share of patients still
followed, whatever the survival. Steps are visible only where they exceed the noise. They are therefore combined with a
prior over shapes of G and, if printed, the total number of events, which fixes the mean of G over the deaths.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from resurvey import steady
from resurvey.reconstruct.monotone import Floats, MonotoneCurve

#: Shapes b of G(u) = 1 - theta u^b and their prior: from heavy early censoring (0.5) to a common cut-off (12).
SHAPES = np.array([0.5, 0.75, 1.0, 1.5, 2.0, 3.0, 4.5, 7.0])
SHAPE_PRIOR = np.array([0.06, 0.09, 0.15, 0.20, 0.20, 0.15, 0.10, 0.05])
#: G just before the end of follow-up, and its prior, Beta(0.4, 1.5) in cells: most curves are drawn to their last
#: patients (G near 0), some are cut off with many patients still followed.
ENDS = np.array([0.001, 0.01, 0.03, 0.06, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.97])
END_PRIOR = np.array(
    [0.164, 0.135, 0.103, 0.091, 0.081, 0.071, 0.092, 0.083, 0.061, 0.045, 0.033, 0.022, 0.013, 0.006, 0.001]
)
#: Theta, shape and log prior of every combination of a shape and an end.
OPEN_SHAPE, OPEN_THETA = np.repeat(SHAPES, ENDS.size), np.tile(1 - ENDS, SHAPES.size)
OPEN_PRIOR = steady.log(np.outer(SHAPE_PRIOR, END_PRIOR).ravel())
#: Grid, denser at the start, on which the mean over candidates is computed.
PLACES = np.linspace(0.0, 1.0, 129) ** 2
#: Shapes and their prior if the number of events is known and determines theta.
SOLVED_SHAPES = np.array([0.5, 1.0, 2.0, 3.0, 4.5, 7.0, 12.0])
SOLVED_PRIOR = np.array([0.5, 1.0, 1.0, 1.0, 1.0, 1.0, 0.5]) / 6.0
#: Windows of follow-up in which steps are measured, and how a measured step relates to the true one: the bias and the
#: log standard deviation allow for steps of several deaths and for blocks split by noise.
WINDOWS = (1 / 3, 2 / 3, 1.0001)
STEP_BIAS, STEP_SD, NOISE_SHARE = 0.9, 0.35, 0.8
#: A curve with fewer points than this and a smaller share of flat parts was clicked at only some of its drops: the
#: falls between neighbours then comprise several deaths and do not show how many patients are left.
DENSE, FLAT_SHARE = 40, 0.2


@dataclass(frozen=True)
class StepHeights:
    """Share of patients still followed, from the steps: at `place` (0 to 1), with a log standard deviation."""

    place: Floats
    followed: Floats
    log_sd: Floats


def step_heights(curve: MonotoneCurve, n: int, end: float) -> StepHeights:
    """Mean step of the least-squares monotone curve, weighted by step height, in each window of follow-up."""
    drop, place = curve.drops, curve.drop_times / end
    found: list[tuple[float, float, float]] = []
    if 1 < drop.size < DENSE and (drop[1:] < 0.25 * drop.mean()).mean() < FLAT_SHARE:
        return StepHeights(*np.empty((3, 0)))
    for low, high in pairwise(WINDOWS):
        inside = (place >= low) & (place < high)
        d = drop[inside]
        total, squares = float(d.sum()), float((d * d).sum())
        if total < 0.015:
            continue
        mean = squares / total
        height = np.sqrt(max(mean**2 - (NOISE_SHARE * curve.noise) ** 2, (0.3 * mean) ** 2))
        log_sd = np.sqrt(STEP_SD**2 + 0.3 * squares / total**2) * min((mean / height) ** 2, 10.0)
        at = float((d * d * place[inside]).sum() / squares)
        found.append((min(at, 1.0), min(1 / (n * height * STEP_BIAS), 1.0), log_sd))
    columns = np.array(found).reshape(-1, 3).T
    return StepHeights(*columns)


def _misfit(theta: Floats, shape: Floats, steps: StepHeights) -> Floats:
    """Log likelihood of the steps for each (theta, shape); theta above 1 changes the shape as in `open_path`."""
    bend = shape / np.maximum(theta, 1.0)
    g = 1 - np.minimum(theta, 1.0)[:, None] * steady.power(steps.place[None, :], bend[:, None])
    apart = (steady.log(np.maximum(g, 1e-4)) - steady.log(steps.followed)) / steps.log_sd
    return -np.minimum(apart**2 / 2, 8.0).sum(axis=1)


@dataclass(frozen=True)
class FollowUp:
    """Candidate shapes of censoring and their weights (which sum to 1)."""

    theta: Floats
    shape: Floats
    weight: Floats

    def paths(self, u: Floats, index: NDArray[np.intp] | slice = slice(None)) -> Floats:
        """G of the candidates at the places u, one row per candidate."""
        theta, shape = self.theta[index], self.shape[index]
        # many candidates share a shape, and powers take most of the time
        power, which = np.unique(shape / np.maximum(theta, 1.0), return_inverse=True)
        bent = steady.power(np.maximum(u, 0.0)[None, :], power[:, None])
        return 1 - np.minimum(theta, 1.0)[:, None] * bent[which]

    def mean_path(self, u: Floats) -> Floats:
        """Weighted mean of the candidates at the places u (interpolated on a grid of 129 places)."""
        likely = np.flatnonzero(self.weight > 1e-4)
        weight = self.weight[likely]
        return np.interp(u, PLACES, steady.product(weight, self.paths(PLACES, likely)) / weight.sum())


def unknown_events(steps: StepHeights) -> FollowUp:
    """Candidates if the number of events is unknown: all shapes and ends, weighted by prior and steps."""
    return _weighted(OPEN_THETA, OPEN_SHAPE, OPEN_PRIOR + _misfit(OPEN_THETA, OPEN_SHAPE, steps))


def known_events(steps: StepHeights, u: Floats, drop: Floats, deaths: float) -> FollowUp:
    """Candidates with the given number of deaths: one theta per shape.

    `drop` (k - 1,) is the number of deaths between the places u (k,) if nobody were censored.
    """
    middle, drop = (u[1:] + u[:-1]) / 2, np.maximum(drop, 0.0)
    # sixty places of equal drop suffice to solve for theta
    running = np.concatenate(([0.0], np.cumsum(drop)))
    levels = (np.arange(60) + 0.5) / 60 * running[-1]
    place = np.interp(levels, (running[1:] + running[:-1]) / 2, middle) if running[-1] > 0 else np.linspace(0, 1, 60)
    wanted = deaths / max(running[-1], 1e-12)
    log_place = steady.log(np.maximum(place, 1e-9))

    def lost(power: Floats) -> Floats:
        """Mean over deaths of the share censored before a death, for theta of 1 or more."""
        return steady.exp(power[..., None] * log_place).sum(axis=-1) / log_place.size

    gone = lost(SOLVED_SHAPES)
    theta = np.clip((1 - wanted) / np.maximum(1 - (1 - gone), 1e-12), 0.0, 1.0)
    beyond = np.flatnonzero(wanted < 1 - gone)
    if beyond.size:
        # log theta from 0 to 6, by dividing the interval into eighths six times
        log_theta, step = np.zeros((beyond.size, 1)), 6.0
        for _ in range(6):
            step /= 8
            more = 1 - lost(SOLVED_SHAPES[beyond, None] / steady.exp(log_theta + step * np.arange(1, 8))) > wanted
            log_theta += step * more.sum(axis=1, keepdims=True)
        theta[beyond] = steady.exp(log_theta[:, 0] + step / 2)
    return _weighted(theta, SOLVED_SHAPES, steady.log(SOLVED_PRIOR) + _misfit(theta, SOLVED_SHAPES, steps))


def _weighted(theta: Floats, shape: Floats, log_weight: Floats) -> FollowUp:
    weight = steady.exp(log_weight - log_weight.max())
    return FollowUp(theta, shape, weight / weight.sum())
