"""The smoothest hazards of the arms of one trial that satisfy everything printed about them.

What the arms have in common (the shape of the hazard in time since entry, and how they are followed) is drawn once for
all arms, so that what is printed about one arm also informs the others. The most probable states are found by
Gauss-Newton steps in the space of the facts; draws around them represent the remaining uncertainty.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from resurvey import steady
from resurvey.reconstruct.hazard import Arm, Fact, Paths, paths, predict, slopes

Floats = NDArray[np.float64]

STEPS = 12
LARGEST_STEP = 1.0
SMALLEST_STEP = 5e-3
# standard deviation given to an inequality that is already satisfied, so that it carries no information
LOOSE = 1e3
# a draw is not corrected further once every fact is within this share of its standard deviation
NEAR_ENOUGH = 0.1
CORRECTIONS = 5


@dataclass(frozen=True)
class ArmLinear:
    """The facts of one arm, linearised at its state.

    Attributes
    ----------
    jacobian : (facts, 4 bins) ndarray
        Derivative of every fact with respect to the state.
    cross : (4 bins, facts) ndarray
        Prior covariance of the state and the facts, from the components specific to the arm.
    loading : (q, facts) ndarray
        Loadings of the facts on the components that the arms have in common.
    noise : (2 bins,) ndarray
        Variance of the sampling noise of the increments.
    """

    jacobian: Floats
    cross: Floats
    loading: Floats
    noise: Floats


@dataclass(frozen=True)
class Linear:
    """The linearised facts of all arms, one arm after another; `spread` is their prior covariance."""

    arms: tuple[ArmLinear, ...]
    spread: Floats

    @property
    def loading(self) -> Floats:
        """Loadings of all facts on the components that the arms have in common, shape (q, all facts)."""
        return np.concatenate([arm.loading for arm in self.arms], axis=1)

    def pulled(self, arms: Sequence[Arm], pull: Floats) -> list[Floats]:
        """Departure of each arm's state from its prior mean for a `pull` on the facts, shape (all facts, any)."""
        common = steady.product(self.loading, pull)
        moved = []
        for arm, linear, own in zip(arms, self.arms, split(pull, self.arms), strict=True):
            departure = steady.product(linear.cross, own)
            departure[: 2 * arm.bins] += steady.product(np.ascontiguousarray(arm.shared.T), common)
            moved.append(departure)
        return moved

    def gains(self, arms: Sequence[Arm], sd: Floats) -> list[Floats]:
        """Kalman gain of each arm's state, shape (4 bins, all facts), for facts with standard deviation `sd`."""
        return self.pulled(arms, steady.solve(self.spread + np.diag(sd**2), np.eye(sd.size)))


def split(values: Floats, arms: Sequence[ArmLinear]) -> list[Floats]:
    """Split the values for all facts by arm, along the first axis."""
    ends = np.cumsum([0, *(len(arm.jacobian) for arm in arms)])
    return [values[first:last] for first, last in pairwise(ends)]


@dataclass(frozen=True)
class Fit:
    """The most probable states of the arms, the facts and their linearisation there, and their log evidence."""

    arms: tuple[Arm, ...]
    states: tuple[Floats, ...]
    value: Floats
    linear: Linear
    evidence: float


def _arm_linear(arm: Arm, path: Paths) -> ArmLinear:
    k = arm.bins
    noise = (arm.prior.overdispersion * (path.smooth / np.maximum(path.at_risk_mid, 0.7))).ravel()
    by_increment = slopes(arm, path)
    jacobian = np.concatenate([by_increment * path.smooth, by_increment], axis=1).reshape(-1, 4 * k)
    turned = np.ascontiguousarray(jacobian.T)
    cross = np.concatenate(
        [
            steady.product(arm.cov_event, turned[:k]),
            steady.product(arm.cov_censor, turned[k : 2 * k]),
            noise[:, None] * turned[2 * k :],
        ]
    )
    return ArmLinear(jacobian, cross, steady.product(arm.shared, turned[: 2 * k]), noise)


def _linear(arms: Sequence[Arm], path: Sequence[Paths]) -> Linear:
    parts = tuple(_arm_linear(arm, one) for arm, one in zip(arms, path, strict=True))
    loading = np.concatenate([part.loading for part in parts], axis=1)
    spread = steady.product(np.ascontiguousarray(loading.T), loading)
    first = 0
    for part in parts:
        last = first + len(part.jacobian)
        spread[first:last, first:last] += steady.product(part.jacobian, part.cross)
        first = last
    return Linear(parts, spread)


def _facts(arms: Sequence[Arm], name: str) -> NDArray:
    """One attribute of the facts of all arms."""
    return np.concatenate([getattr(arm.listed, name) for arm in arms])


def _value(arms: Sequence[Arm], path: Sequence[Paths]) -> Floats:
    return np.concatenate([predict(arm, one) for arm, one in zip(arms, path, strict=True)], axis=-1)


def _surprise(arms: Sequence[Arm], states: Sequence[Floats], value: Floats, linear: Linear) -> Floats:
    """Printed values minus those predicted by the prior means, linearised at the states."""
    foretold = [
        steady.product(part.jacobian, state - arm_mean(arm))
        for arm, state, part in zip(arms, states, linear.arms, strict=True)
    ]
    return _facts(arms, "target") - value + np.concatenate(foretold)


def fit(arms: Sequence[Arm], start: Fit | None = None) -> Fit:
    """Most probable states given the facts, by damped Gauss-Newton steps in the space of the facts.

    A fit to the same facts under other assumptions may be given as the `start`.
    """
    states = [arm_mean(arm) for arm in arms] if start is None else _carried(start, arms)
    target, sd, always = _facts(arms, "target"), _facts(arms, "sd"), ~_facts(arms, "at_most")
    path = [paths(arm, state) for arm, state in zip(arms, states, strict=True)]
    for step in range(STEPS):
        value = _value(arms, path)
        known = np.where(always | (value > target), sd, LOOSE)
        linear = _linear(arms, path)
        pull = steady.solve(linear.spread + np.diag(known**2), _surprise(arms, states, value, linear))
        moves = [
            arm_mean(arm) + departure - state
            for arm, departure, state in zip(arms, linear.pulled(arms, pull), states, strict=True)
        ]
        largest = max(float(np.abs(move[: 2 * arm.bins]).max()) for arm, move in zip(arms, moves, strict=True))
        damping = min(1.0, LARGEST_STEP / max(largest, 1e-12))
        states = [state + move * damping for state, move in zip(states, moves, strict=True)]
        path = [paths(arm, state) for arm, state in zip(arms, states, strict=True)]
        if largest < SMALLEST_STEP and (step > 2 or start is not None):
            break
    value, linear = _value(arms, path), _linear(arms, path)
    surprise = _surprise(arms, states, value, linear)
    evidence = _evidence(arms, path, linear.spread + np.diag(known**2), surprise)
    return Fit(tuple(arms), tuple(states), value, linear, evidence)


def expected_events(found: Fit) -> tuple[float, float]:
    """Events predicted by a fit of one arm, and their standard deviation given the facts it rests on (linearised)."""
    (arm,), (state,) = found.arms, found.states
    counted = replace(arm, facts=[*arm.facts, Fact("events", arm.bins, 0.0, 1.0)])
    path = paths(counted, state)
    value = predict(counted, path)
    # an inequality that is already satisfied carries no information
    sd = [LOOSE if fact.at_most and v < fact.target else fact.sd for fact, v in zip(arm.facts, value, strict=False)]
    spread = _linear([counted], [path]).spread
    known = spread[:-1, :-1] + np.diag(np.square(sd))
    variance = spread[-1, -1] - (spread[-1, :-1] * steady.solve(known, spread[:-1, -1])).sum()
    return float(value[-1]), float(np.sqrt(max(variance, 0.0)))


def _carried(start: Fit, arms: Sequence[Arm]) -> list[Floats]:
    """The states of another fit on the grids of `arms`, with the same departures of the log hazards from the prior."""
    return [_moved(other, state, arm) for other, state, arm in zip(start.arms, start.states, arms, strict=True)]


def _moved(other: Arm, state: Floats, arm: Arm) -> Floats:
    if np.array_equal(other.edges, arm.edges):
        return state.copy()
    k, m = arm.bins, other.bins
    here, there = 0.5 * (arm.edges[1:] + arm.edges[:-1]), 0.5 * (other.edges[1:] + other.edges[:-1])
    departure = state[: 2 * m] - other.mean
    moved = [np.interp(here, there, part) for part in (departure[:m], departure[m:])]
    return np.concatenate([arm.mean + np.concatenate(moved), np.zeros(2 * k)])


def _evidence(arms: Sequence[Arm], path: Sequence[Paths], spread: Floats, surprise: Floats) -> float:
    """Log density of the facts under the prior, linearised at the best states: `surprise` has the covariance `spread`.

    A median and its limits are crossing times: their density is that of the curve's value there times its slope, so
    times in a stretch with many events are more likely.
    """
    solved, log_determinant = steady.solve_with_log_determinant(spread, surprise)
    value = -0.5 * (surprise * solved).sum() - 0.5 * log_determinant
    for arm, one in zip(arms, path, strict=True):
        for fact in arm.facts:
            if fact.crossing and not fact.at_most:
                near = slice(max(fact.edge - 1, 0), fact.edge + 1)
                value += steady.log(float(one.event[near].sum() / arm.width[near].sum()))
    return float(value)


def arm_mean(arm: Arm) -> Floats:
    """Prior mean of the whole state: the noise has mean 0."""
    return np.concatenate([arm.mean, np.zeros(2 * arm.bins)])


def draw(found: Fit, size: int, rng: np.random.Generator) -> list[Floats]:
    """States of each arm given the facts, shape (size, 4 bins): prior draws, corrected with the best gain."""
    arms, linear = found.arms, found.linear
    target, sd, above = _facts(arms, "target"), _facts(arms, "sd"), _facts(arms, "at_most")
    dormant = above & (found.value < target)
    gains = linear.gains(arms, np.where(dormant, LOOSE, sd))
    full_gains = linear.gains(arms, sd) if dormant.any() else gains
    common = opposite_normals(size, len(arms[0].shared), rng)
    spreads = [_prior_draw(arm, part, common, size, rng) for arm, part in zip(arms, linear.arms, strict=True)]
    # exactly printed numbers are met exactly here: rounding to whole patients adds the noise that their `sd` represents
    soft = np.array([fact.soft for arm in arms for fact in arm.facts])
    error = opposite_normals(size, target.size, rng) * np.where(soft, sd, 0.0)
    missed = error + np.concatenate(
        [steady.product(s, part.jacobian.T) for s, part in zip(spreads, linear.arms, strict=True)], axis=1
    )
    states = [
        state + spread - steady.product(missed, gain.T)
        for state, spread, gain in zip(found.states, spreads, gains, strict=True)
    ]
    _correct(arms, states, error, (gains, full_gains), bool(dormant.any()))
    return states


def _prior_draw(arm: Arm, part: ArmLinear, common: Floats, size: int, rng: np.random.Generator) -> Floats:
    """Departures of an arm's state from the mean, including what the arms have in `common`."""
    hazards = np.hstack([_correlated(arm.cov_event, size, rng), _correlated(arm.cov_censor, size, rng)])
    noise = opposite_normals(size, 2 * arm.bins, rng) * np.sqrt(part.noise)
    own = arm.prior.apart if len(arm.shared) else 1.0
    return np.hstack([own * hazards + steady.product(common, arm.shared), noise])


def _correct(
    arms: Sequence[Arm],
    states: list[Floats],
    error: Floats,
    gains: tuple[list[Floats], list[Floats]],
    inequalities: bool,
) -> None:
    """Move draws until the facts hold (in place); the gain is valid near the best state, so steps are short."""
    target, sd, above = _facts(arms, "target"), _facts(arms, "sd"), _facts(arms, "at_most")
    facts = [fact for arm in arms for fact in arm.facts]
    most = np.array([max(0.15 * abs(fact.target), 2.0) if fact.kind == "events" else 0.5 for fact in facts])
    # a draw that has once violated an inequality is held at its bound from then on
    held = np.zeros(len(error), dtype=bool)
    rows = np.arange(len(error))
    for _ in range(CORRECTIONS):
        value = _value(arms, [paths(arm, state[rows]) for arm, state in zip(arms, states, strict=True)])
        left = target + error[rows] - value
        if above.any():
            broken = above & (left < 0)
            held[rows] |= broken.any(axis=1)
            left = np.where(above & ~broken, 0.0, left)
        left = np.minimum(np.maximum(left, -most), most)
        off = (np.abs(left) > NEAR_ENOUGH * sd).any(axis=1)
        if not off.any():
            break
        rows, left = rows[off], left[off]
        for state, gain, full in zip(states, *gains, strict=True):
            moved = steady.product(left, gain.T)
            if inequalities:
                moved = np.where(held[rows, None], steady.product(left, full.T), moved)
            state[rows] += moved


def _correlated(cov: Floats, size: int, rng: np.random.Generator) -> Floats:
    """Normal draws with a given covariance, shape (size, bins)."""
    lower = steady.cholesky(cov + 1e-9 * np.eye(len(cov)))
    return steady.product(opposite_normals(size, len(cov), rng), lower.T)


def opposite_normals(size: int, count: int, rng: np.random.Generator) -> Floats:
    """Standard normals, shape (size, count); the second half is the first with opposite sign (antithetic draws).

    Their effects in one replicate are opposed by those in another, so that means over replicates vary less between
    draws.
    """
    half = rng.standard_normal(((size + 1) // 2, count))
    return np.concatenate([half, -half])[:size]
