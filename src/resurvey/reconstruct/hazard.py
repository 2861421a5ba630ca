"""The smoothest pair of hazards, event and censoring, that satisfies what a summary prints.

The arm is a state on a grid of time: the log hazard of an event and of censoring in each bin (smooth, Gaussian prior)
and the sampling noise of each bin's cumulative hazard (independent, variance of the Nelson-Aalen increment). Every
printed number is a function of that state; the state given the numbers is found by Gauss-Newton steps, and draws around
it carry the uncertainty that is left.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from resurvey import steady
from resurvey.reconstruct.prior import PRIOR, HazardPrior

Floats = NDArray[np.float64]

LOG_LOG_2 = steady.log(steady.log(2.0))
STEPS = 12
LARGEST_STEP = 1.0
SMALLEST_STEP = 5e-3
# a draw is corrected no further once every fact is nearer than this share of its standard deviation
NEAR_ENOUGH = 0.1
# steps up and down of the one and then of the other argument of a band
HAZARD_STEPS = np.array([[1.0], [-1.0], [0.0], [0.0]])
GREENWOOD_STEPS = np.array([[0.0], [0.0], [1.0], [-1.0]])


@dataclass(frozen=True)
class Fact:
    """One printed number as a condition on the state.

    Attributes
    ----------
    kind : {'survival', 'band', 'spread', 'at_risk', 'events', 'censoring'}
        spread: log of Greenwood's sum at t, as the interval of a survival shows it;
        survival: log H(t) is `target`; band: the upper or lower confidence band of S crosses one half at t; at_risk:
        log of the patients at risk at t; events: total events; censoring: the censoring curve's cumulative hazard at t
        on the log scale.
    edge : int
        Index of the grid edge at the fact's time.
    target, sd : float
        Value on the fact's scale and the standard deviation that rounding and the steps of the curve leave.
    z : float
        Signed normal quantile, for a band (positive: the lower limit of the median).
    at_most : bool
        An inequality: in force only where the value would exceed `target`.
    crossing : bool
        The time was read off a curve at a given height (a median or a limit), rather than the height at a given time.
    soft : bool
        A usual value rather than a printed one.
    """

    kind: str
    edge: int
    target: float
    sd: float
    z: float = 0.0
    transform: str = "log-log"
    at_most: bool = False
    crossing: bool = False
    soft: bool = False


@dataclass(frozen=True)
class FactList:
    """Facts as vectors.

    Attributes
    ----------
    target, sd : (facts,) ndarray
    at_most : (facts,) ndarray of bool
    hazard, edge : (facts,) ndarray of int
        The hazard that a fact speaks of (0: event, 1: censoring), and the edge of the grid at its time.
    before : (facts, 1, bins) ndarray
        1 for the bins until a fact's time, 0 after it.
    log_hazard, at_risk : (facts, 2) ndarray
        1 for the facts on the log of a cumulative hazard, at that hazard; 1 for those on the patients at risk.
    rows : dict of str to ndarray of int
        Places of the facts of each kind in the list.
    transform, z : str, ndarray
        Of the bands: the transformation is one for all limits of an arm.
    """

    target: Floats
    sd: Floats
    at_most: NDArray[np.bool_]
    hazard: NDArray[np.intp]
    edge: NDArray[np.intp]
    before: Floats
    log_hazard: Floats
    at_risk: Floats
    rows: dict[str, NDArray[np.intp]]
    transform: str
    z: Floats


def _listed(facts: list[Fact], bins: int) -> FactList:
    edge = np.array([fact.edge for fact in facts])
    kinds = [fact.kind for fact in facts]
    bands = [fact for fact in facts if fact.kind == "band"]
    return FactList(
        target=np.array([fact.target for fact in facts]),
        sd=np.array([fact.sd for fact in facts]),
        at_most=np.array([fact.at_most for fact in facts]),
        hazard=np.array([int(kind == "censoring") for kind in kinds]),
        edge=edge,
        before=(np.arange(bins) < edge[:, None, None]).astype(float),
        log_hazard=np.array([[kind == "survival", kind == "censoring"] for kind in kinds], dtype=float),
        at_risk=np.array([[kind == "at_risk"] * 2 for kind in kinds], dtype=float),
        rows={kind: np.array([row for row, own in enumerate(kinds) if own == kind]) for kind in dict.fromkeys(kinds)},
        transform=bands[0].transform if bands else "",
        z=np.array([fact.z for fact in bands]),
    )


@dataclass(frozen=True)
class Arm:
    """A grid, the prior on it and the facts; n patients.

    `shared`, shape (COMMON, bins), is what the arms of one trial have in common of the departure from the mean, and
    `own_event` the covariance of what each has for itself.
    """

    n: float
    edges: Floats
    facts: list[Fact]
    mean: Floats
    cov_event: Floats
    cov_censor: Floats
    prior: HazardPrior = field(default=PRIOR)
    shared: Floats = field(default_factory=lambda: np.empty((0, 0)))
    own_event: Floats = field(default_factory=lambda: np.empty((0, 0)))

    @property
    def bins(self) -> int:
        """Number of bins."""
        return self.edges.size - 1

    @cached_property
    def width(self) -> Floats:
        """Width of each bin."""
        return np.diff(self.edges)

    @cached_property
    def listed(self) -> FactList:
        """The facts as vectors."""
        return _listed(self.facts, self.bins)


@dataclass(frozen=True)
class Paths:
    """Increments and running values of the cumulative hazards behind a state.

    Attributes
    ----------
    smooth, increment : (..., 2, bins) ndarray
        Increments of the event and the censoring hazard without and with noise.
    running : (..., 2, bins + 1) ndarray
        Their sums up to each edge.
    log_at_risk : (..., bins + 1) ndarray
    at_risk_mid : (..., bins) ndarray
        Patients at risk in the middle of each bin.
    """

    smooth: Floats
    increment: Floats
    running: Floats
    log_at_risk: Floats
    at_risk_mid: Floats

    @property
    def event(self) -> Floats:
        """Increments of the event hazard."""
        return self.increment[..., 0, :]

    @property
    def censor(self) -> Floats:
        """Increments of the censoring hazard."""
        return self.increment[..., 1, :]

    @property
    def cum_event(self) -> Floats:
        """Cumulative event hazard."""
        return self.running[..., 0, :]

    @property
    def cum_censor(self) -> Floats:
        """Cumulative censoring hazard."""
        return self.running[..., 1, :]

    @cached_property
    def greenwood(self) -> Floats:
        """Greenwood sum up to each edge."""
        return _running(self.event / np.maximum(self.at_risk_mid, 0.3))


@dataclass(frozen=True)
class Fit:
    """The most probable state, the facts there and linearised there, and the log evidence of the facts."""

    arm: Arm
    state: Floats
    value: Floats
    linear: Linear
    evidence: float


def paths(arm: Arm, state: Floats) -> Paths:
    """Cumulative hazards, patients at risk and Greenwood sum behind a state."""
    # both hazards at once, on an axis of their own
    kinds = (*state.shape[:-1], 4, arm.bins)
    log_rate, noise = state.reshape(kinds)[..., :2, :], state.reshape(kinds)[..., 2:, :]
    smooth = steady.exp(np.minimum(np.maximum(log_rate, -30.0), 30.0)) * arm.width
    # a bin's noise may not turn its hazard negative: what it takes away ends at 98 % of the smooth part
    increment = np.maximum(smooth + noise, 0.02 * smooth)
    running = _running(increment)
    log_at_risk = steady.log(float(arm.n)) - running[..., 0, :] - running[..., 1, :]
    mid = steady.exp(np.maximum(0.5 * (log_at_risk[..., 1:] + log_at_risk[..., :-1]), -20.0))
    return Paths(smooth, increment, running, log_at_risk, mid)


def _running(increments: Floats) -> Floats:
    out = np.zeros((*increments.shape[:-1], increments.shape[-1] + 1))
    np.cumsum(increments, axis=-1, out=out[..., 1:])
    return out


def predict(arm: Arm, path: Paths) -> Floats:
    """The value of every fact on its own scale, shape (..., facts)."""
    facts = arm.listed
    hazard = np.maximum(path.running[..., facts.hazard, facts.edge], 1e-6)
    value = steady.log(hazard)
    for kind, rows in facts.rows.items():
        if kind == "band":
            greenwood = path.greenwood[..., facts.edge[rows]]
            value[..., rows] = _band(facts.transform, facts.z, hazard[..., rows], greenwood)
        elif kind == "at_risk":
            value[..., rows] = path.log_at_risk[..., facts.edge[rows]]
        elif kind == "spread":
            value[..., rows] = steady.log(np.maximum(path.greenwood[..., facts.edge[rows]], 1e-12))
        elif kind == "events":
            value[..., rows] = (path.event * path.at_risk_mid).sum(axis=-1, keepdims=True)
    return value


def _band(transform: str, z: Floats, hazard: Floats, greenwood: Floats) -> Floats:
    """log of the cumulative hazard that the confidence bands show at their crossings of one half."""
    root = np.sqrt(np.maximum(greenwood, 1e-12))
    if transform == "log-log":
        return steady.log(hazard) + z * root / hazard
    if transform == "log":
        return steady.log(np.maximum(hazard + z * root, 1e-3))
    band = steady.exp(-hazard) * (1 - z * root)
    return steady.log(-steady.log(np.clip(band, 1e-3, 1 - 1e-3)))


def _band_slopes(transform: str, z: Floats, hazard: Floats, greenwood: Floats) -> tuple[Floats, Floats]:
    """Derivatives of the bands with respect to the cumulative hazard and the Greenwood sum, by central difference."""
    dh, dg = 1e-4 * hazard, 1e-4 * greenwood + 1e-12
    up, down, up_g, down_g = _band(transform, z, hazard + HAZARD_STEPS * dh, greenwood + GREENWOOD_STEPS * dg)
    return (up - down) / (2 * dh), (up_g - down_g) / (2 * dg)


def slopes(arm: Arm, path: Paths) -> Floats:
    """Derivative of every fact with respect to the event and the censoring increments, shape (facts, 2, bins)."""
    facts = arm.listed
    hazard = np.maximum(path.running[facts.hazard, facts.edge], 1e-6)
    found = (facts.log_hazard / hazard[:, None] - facts.at_risk)[:, :, None] * facts.before
    for kind, rows in facts.rows.items():
        if kind == "band":
            greenwood = path.greenwood[facts.edge[rows]]
            to_hazard, to_greenwood = _band_slopes(facts.transform, facts.z, hazard[rows], greenwood)
            # one more increment lowers the patients at risk, and so widens, in all later bins up to the crossing
            at_risk = np.maximum(path.at_risk_mid, 0.3)
            later = greenwood[:, None] - path.greenwood[1:] + 0.5 * (path.event / at_risk)
            found[rows, 0] = to_hazard[:, None] + to_greenwood[:, None] * (1 / at_risk + later)
            found[rows, 1] = to_greenwood[:, None] * later
            found[rows] *= facts.before[rows]
        elif kind == "spread":
            found[rows] = _spread_slopes(path, facts.edge[rows]) * facts.before[rows]
        elif kind == "events":
            own = path.at_risk_mid * path.event
            later_events = _running(own[:0:-1])[::-1]
            found[rows, 0] = path.at_risk_mid - later_events - 0.5 * own
            found[rows, 1] = -later_events - 0.5 * own
    return found


def _spread_slopes(path: Paths, edge: NDArray[np.intp]) -> Floats:
    """Derivative of the log of Greenwood's sum at some edges with respect to the increments, shape (edges, 2, bins)."""
    at_risk = np.maximum(path.at_risk_mid, 0.3)
    greenwood = np.maximum(path.greenwood[edge], 1e-12)[:, None]
    # one more increment lowers the patients at risk in all later bins
    later = greenwood - path.greenwood[1:] + 0.5 * (path.event / at_risk)
    return np.stack([1 / at_risk + later, later], axis=1) / greenwood[:, :, None]


@dataclass(frozen=True)
class Linear:
    """The facts linearised at a state.

    Attributes
    ----------
    jacobian : (facts, 4 bins) ndarray
        Derivative of every fact with respect to the state.
    cross : (4 bins, facts) ndarray
        Prior covariance of the state and the facts.
    spread : (facts, facts) ndarray
        Prior covariance of the facts.
    noise : (2 bins,) ndarray
        Variance of the sampling noise of the increments.
    """

    jacobian: Floats
    cross: Floats
    spread: Floats
    noise: Floats

    def gain(self, sd: Floats) -> Floats:
        """Kalman gain, shape (4 bins, facts), for facts known to `sd`."""
        return steady.solve(self.spread + np.diag(sd**2), self.cross.T).T


def _linear(arm: Arm, path: Paths) -> Linear:
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
    return Linear(jacobian, cross, steady.product(jacobian, cross), noise)


def fit(arm: Arm, start: Fit | None = None) -> Fit:
    """Most probable state given the facts, by damped Gauss-Newton steps in the space of the facts.

    A fit to the same facts under other assumptions may be given to `start` from.
    """
    mean = arm_mean(arm)
    state = mean.copy() if start is None else _carried(start, arm)
    target, sd, always = arm.listed.target, arm.listed.sd, ~arm.listed.at_most
    path = paths(arm, state)
    for step in range(STEPS):
        value = predict(arm, path)
        known = np.where(always | (value > target), sd, 1e3)
        linear = _linear(arm, path)
        residual = target - value + steady.product(linear.jacobian, state - mean)
        pull = steady.solve(linear.spread + np.diag(known**2), residual)
        move = mean + steady.product(linear.cross, pull) - state
        largest = np.abs(move[: 2 * arm.bins]).max()
        state = state + move * min(1.0, LARGEST_STEP / max(largest, 1e-12))
        path = paths(arm, state)
        if largest < SMALLEST_STEP and (step > 2 or start is not None):
            break
    value, linear = predict(arm, path), _linear(arm, path)
    surprise = target - value + steady.product(linear.jacobian, state - mean)
    return Fit(arm, state, value, linear, _evidence(arm, path, linear.spread + np.diag(known**2), surprise))


def expected_events(found: Fit) -> tuple[float, float]:
    """Events that a fit foretells, and their standard deviation given everything the fit rests on (linearised)."""
    arm = found.arm
    counted = replace(arm, facts=[*arm.facts, Fact("events", arm.bins, 0.0, 1.0)])
    path = paths(counted, found.state)
    value = predict(counted, path)
    # an inequality that holds by itself tells nothing
    sd = [1e3 if fact.at_most and v < fact.target else fact.sd for fact, v in zip(arm.facts, value, strict=False)]
    spread = _linear(counted, path).spread
    known = spread[:-1, :-1] + np.diag(np.square(sd))
    variance = spread[-1, -1] - (spread[-1, :-1] * steady.solve(known, spread[:-1, -1])).sum()
    return float(value[-1]), float(np.sqrt(max(variance, 0.0)))


def _carried(start: Fit, arm: Arm) -> Floats:
    """The state of another fit on the grid of `arm`: the same departures of the log hazards from the prior."""
    other = start.arm
    if np.array_equal(other.edges, arm.edges):
        return start.state.copy()
    k, m = arm.bins, other.bins
    here, there = 0.5 * (arm.edges[1:] + arm.edges[:-1]), 0.5 * (other.edges[1:] + other.edges[:-1])
    departure = start.state[: 2 * m] - other.mean
    moved = [np.interp(here, there, part) for part in (departure[:m], departure[m:])]
    return np.concatenate([arm.mean + np.concatenate(moved), np.zeros(2 * k)])


def _evidence(arm: Arm, path: Paths, spread: Floats, surprise: Floats) -> float:
    """Log density of the facts under the prior, linearised at the best state: `surprise` has the covariance `spread`.

    A median and its limits are times of a crossing: their density is that of the curve's value there times its slope,
    so a time in a stretch with many events is the likelier.
    """
    solved, log_determinant = steady.solve_with_log_determinant(spread, surprise)
    value = -0.5 * (surprise * solved).sum() - 0.5 * log_determinant
    for fact in arm.facts:
        if fact.crossing and not fact.at_most:
            near = slice(max(fact.edge - 1, 0), fact.edge + 1)
            value += steady.log(float(path.event[near].sum() / arm.width[near].sum()))
    return float(value)


def arm_mean(arm: Arm) -> Floats:
    """Prior mean of the whole state: the noise has mean 0."""
    return np.concatenate([arm.mean, np.zeros(2 * arm.bins)])


def draw(found: Fit, size: int, rng: np.random.Generator, corrections: int = 5, common: Floats | None = None) -> Floats:
    """States given the facts, shape (size, 4 bins): perturbed prior draws, corrected with the best gain.

    `common`, shape (size, COMMON), are standard normals that the other arms of the trial are drawn with, too.
    """
    arm = found.arm
    k = arm.bins
    target, sd, above = arm.listed.target, arm.listed.sd, arm.listed.at_most
    dormant, linear = above & (found.value < target), found.linear
    gain = linear.gain(np.where(dormant, 1e3, sd))
    spread = np.hstack(
        [
            _departure(arm, size, rng, common),
            _correlated(arm.cov_censor, size, rng),
            opposite_normals(size, 2 * k, rng) * np.sqrt(linear.noise),
        ]
    )
    spread *= arm.prior.inflation
    full_gain = linear.gain(sd) if dormant.any() else gain
    # what is printed sharply is met exactly here: rounding to whole patients gives the noise that its `sd` stands for
    soft = np.array([fact.soft for fact in arm.facts])
    error = opposite_normals(size, len(arm.facts), rng) * np.where(soft, sd, 0.0)
    missed = steady.product(spread, linear.jacobian.T) + error
    state = found.state + spread - steady.product(missed, gain.T)
    # the gain holds near the best state: a correction is taken in steps
    most = np.array([max(0.15 * abs(fact.target), 2.0) if fact.kind == "events" else 0.5 for fact in arm.facts])
    # a draw that once broke an inequality is held at it from then on
    held = np.zeros(size, dtype=bool)
    rows, own = np.arange(size), state
    for _ in range(corrections):
        left = target + error[rows] - predict(arm, paths(arm, own))
        if above.any():
            broken = above & (left < 0)
            held[rows] |= broken.any(axis=1)
            left = np.where(above & ~broken, 0.0, left)
        left = np.minimum(np.maximum(left, -most), most)
        off = (np.abs(left) > NEAR_ENOUGH * sd).any(axis=1)
        if not off.any():
            break
        rows, left = rows[off], left[off]
        moved = steady.product(left, gain.T)
        if dormant.any():
            moved = np.where(held[rows, None], steady.product(left, full_gain.T), moved)
        own = own[off] + moved
        state[rows] = own
    return state


def _correlated(cov: Floats, size: int, rng: np.random.Generator) -> Floats:
    """Normal draws with a covariance, shape (size, bins)."""
    lower = steady.cholesky(cov + 1e-9 * np.eye(len(cov)))
    return steady.product(opposite_normals(size, len(cov), rng), lower.T)


def _departure(arm: Arm, size: int, rng: np.random.Generator, common: Floats | None) -> Floats:
    """Draws of the departure of the log hazard from its mean; a part of it is `common` to the arms of a trial."""
    if common is None:
        return _correlated(arm.cov_event, size, rng)
    return _correlated(arm.own_event, size, rng) + steady.product(common, arm.shared)


def opposite_normals(size: int, count: int, rng: np.random.Generator) -> Floats:
    """Standard normals, shape (size, count), the second half the first with the other sign (antithetic draws).

    What they move the one way in one replicate they move the other way in another, so that means over replicates hang
    less on the draw.
    """
    half = rng.standard_normal(((size + 1) // 2, count))
    return np.concatenate([half, -half])[:size]
