"""The state of an arm, and every printed number as a function of that state.

The state on a grid of time consists of the log hazards of an event and of censoring in each bin (smooth, with a
Gaussian prior) and the sampling noise of each bin's cumulative hazard (independent, with the variance of the
Nelson-Aalen increment). `resurvey.reconstruct.fit` estimates it for all arms of a trial together.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from resurvey import steady
from resurvey.reconstruct.prior import HazardPrior

Floats = NDArray[np.float64]

LOG_LOG_2 = steady.log(steady.log(2.0))
# steps up and down in the first and then in the second argument of a band
HAZARD_STEPS = np.array([[1.0], [-1.0], [0.0], [0.0]])
GREENWOOD_STEPS = np.array([[0.0], [0.0], [1.0], [-1.0]])


@dataclass(frozen=True)
class Fact:
    """One printed number as a condition on the state.

    Attributes
    ----------
    kind : {'survival', 'band', 'spread', 'at_risk', 'events', 'censoring'}
        spread: log of Greenwood's sum at t, from the interval of a survival;
        survival: log H(t) is `target`; band: the upper or lower confidence band of S crosses one half at t; at_risk:
        log of the patients at risk at t; events: total events; censoring: the censoring curve's cumulative hazard at t
        on the log scale.
    edge : int
        Index of the grid edge at the fact's time.
    target, sd : float
        Value on the fact's scale, and the standard deviation due to rounding and the steps of the curve.
    z : float
        Signed normal quantile, for a band (positive: the lower limit of the median).
    at_most : bool
        An inequality: in force only where the value would exceed `target`.
    crossing : bool
        The fact is the time at a given height of the curve (a median or a limit), not the height at a given time.
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
        The hazard that a fact concerns (0: event, 1: censoring), and the edge of the grid at its time.
    before : (facts, 1, bins) ndarray
        1 for the bins up to a fact's time, 0 after it.
    log_hazard, at_risk : (facts, 2) ndarray
        Indicators: of the hazard, for facts on the log of a cumulative hazard; of facts on the patients at risk.
    rows : dict of str to ndarray of int
        Positions of the facts of each kind in the list.
    transform, z : str, ndarray
        Transformation (the same for all limits of an arm) and normal quantiles of the bands.
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
    """An arm of n patients: the grid, the prior on it and the facts.

    `cov_event` and `cov_censor` are the covariances of the components specific to the arm; `shared`, shape (q, 2 bins),
    holds the loadings of both log hazards on q standard normals common to the arms of its trial (none: q = 0).
    """

    n: float
    edges: Floats
    facts: list[Fact]
    mean: Floats
    cov_event: Floats
    cov_censor: Floats
    prior: HazardPrior
    shared: Floats

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
    """Increments and running values of the cumulative hazards implied by a state.

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

    @cached_property
    def greenwood(self) -> Floats:
        """Greenwood sum up to each edge."""
        return _running(self.event / np.maximum(self.at_risk_mid, 0.3))


def paths(arm: Arm, state: Floats) -> Paths:
    """Cumulative hazards, patients at risk and Greenwood sum implied by a state."""
    # both hazards at once, on a separate axis
    kinds = (*state.shape[:-1], 4, arm.bins)
    log_rate, noise = state.reshape(kinds)[..., :2, :], state.reshape(kinds)[..., 2:, :]
    smooth = steady.exp(np.minimum(np.maximum(log_rate, -30.0), 30.0)) * arm.width
    # a bin's noise may not make its hazard negative: it removes at most 98 % of the smooth part
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
    """Log of the cumulative hazard according to the confidence bands where they cross one half."""
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
            # a larger increment lowers the patients at risk, and so widens bands, in all later bins up to the crossing
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
    # a larger increment lowers the patients at risk in all later bins
    later = greenwood - path.greenwood[1:] + 0.5 * (path.event / at_risk)
    return np.stack([1 / at_risk + later, later], axis=1) / greenwood[:, :, None]
