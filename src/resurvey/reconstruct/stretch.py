"""Medians and confidence limits of many replicates at once, and the stretching of time that moves them as printed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from resurvey import steady
from resurvey.reconstruct.survival_summary import SurvivalSummary

Floats = NDArray[np.float64]

LOG_2 = steady.log(2.0)
MOST_HAZARD = 27.0
#: A cumulative hazard this near to log 2 counts as a survival of exactly one half.
HALF = 1e-9


def limits(time: Floats, event: Floats, z: float, transform: str) -> tuple[Floats, Floats, Floats]:
    """Median and Brookmeyer-Crowley limits of every row of sorted patients; infinite where not reached.

    The limits are those of `survival.stack.CurveStack` in less than half the time: rows are already sorted and have no
    ties, as each patient leaves separately. They are computed thousands of times per fit.

    References
    ----------
    .. [1] Brookmeyer, R. and Crowley, J. (1982). Biometrics 38, 29-41.
    """
    at_risk = time.shape[1] - np.arange(time.shape[1])
    with np.errstate(divide="ignore", invalid="ignore"):
        # patients leave one at a time, so factors of survival and terms of Greenwood's sum depend on the position alone
        step = np.append(-steady.log(1 - 1 / at_risk[:-1]), 2 * MOST_HAZARD)
        hazard = np.cumsum(event * step, axis=1)
        root = np.sqrt(np.cumsum(event * np.append(1 / (at_risk[:-1] * (at_risk[:-1] - 1.0)), 1e12), axis=1))
        if transform == "log-log":
            log_hazard, wide = steady.log(hazard), z * root / hazard
            half = steady.log(LOG_2)
            low, high = log_hazard + wide >= half, log_hazard - wide >= half
        elif transform == "log":
            low, high = hazard + z * root >= LOG_2, hazard - z * root >= LOG_2
        else:
            survival = steady.exp(-hazard)
            low, high = survival * (1 - z * root) <= 0.5, survival * (1 + z * root) <= 0.5
    low, high = (low | (hazard >= MOST_HAZARD)) & (hazard > 1e-12), high & (hazard < MOST_HAZARD)
    return _median(time, hazard), _first(time, low), _first(time, high)


def crossings(s: SurvivalSummary, time: Floats, event: Floats, transform: str) -> list[tuple[Floats, float]]:
    """Current time of every printed crossing in rows of sorted patients, and its printed time; in order of time."""
    middle, low, high = limits(time, event, s.z, transform)
    # limits printed at the same time as the median keep their order around it
    early = [(v, t) for v, t in s.quantiles if v > 0.5]
    late = [(v, t) for v, t in s.quantiles if v <= 0.5]
    reached = dict(zip(s.quantiles, quantile_times(time, event, [v for v, _ in s.quantiles]).T, strict=True))
    found = [(reached[one], one[1]) for one in early]
    found += [
        (now, printed) for now, printed in ((low, s.lower), (middle, s.median), (high, s.upper)) if printed is not None
    ]
    found += [(reached[one], one[1]) for one in late]
    return sorted(found, key=lambda pair: pair[1])


def quantile_times(time: Floats, event: Floats, levels: list[float]) -> Floats:
    """Time at which every row of sorted patients reaches each survival, shape (rows, levels); infinite if never."""
    if not levels:
        return np.empty((len(time), 0))
    left = time.shape[1] - np.arange(time.shape[1])
    survival = np.cumprod(1 - event / left, axis=1)
    return np.column_stack([_first(time, survival <= level + HALF) for level in levels])


def _median(time: Floats, hazard: Floats) -> Floats:
    """Median of each curve as papers print it: if the curve equals one half on a stretch, the middle of it."""
    start = _first(time, hazard >= LOG_2 - HALF)
    after = _first(time, hazard > LOG_2 + HALF)
    reached = np.where(hazard >= LOG_2 - HALF, hazard, np.inf).min(axis=1)
    end = np.where(np.isfinite(after), after, time[:, -1])
    return np.where(reached <= LOG_2 + HALF, (start + end) / 2, start)


def by_time(time: Floats, event: Floats) -> tuple[Floats, Floats]:
    """Patients of every row sorted by time; at tied times they keep their order."""
    size, n = time.shape
    order = np.argsort(time, axis=1, kind="stable") + n * np.arange(size)[:, None]
    return time.take(order), event.take(order)


def _first(time: Floats, reached: NDArray[np.bool_]) -> Floats:
    rows, place = np.arange(time.shape[0]), np.argmax(reached, axis=1)
    return np.where(reached[rows, place], time[rows, place], np.inf)


def survival_at(time: Floats, event: Floats, times: list[float]) -> Floats:
    """Product-limit survival of every row of sorted patients at `times`, shape (rows, times)."""
    size, n = time.shape
    survival = np.cumprod(1 - event / (n - np.arange(n)), axis=1)
    survival = np.concatenate([np.ones((size, 1)), survival], axis=1)
    return np.column_stack([survival[np.arange(size), (time <= t).sum(axis=1)] for t in times])


def interpolate(x: Floats, xp: Floats, fp: Floats) -> Floats:
    """Row-wise linear interpolation in one call: rows are kept apart on one axis by an offset."""
    low, high = xp[:, :1], xp[:, -1:]
    apart = 2.0 * np.arange(xp.shape[0])[:, None]
    scaled = (xp - low) / (high - low) + apart
    query = np.minimum(np.maximum((x - low) / (high - low), 0), 1) + apart
    return np.interp(query.ravel(), scaled.ravel(), np.ascontiguousarray(fp).ravel()).reshape(x.shape)


@dataclass(frozen=True)
class Stretch:
    """A monotone map of time from `source` to `goal` for each replicate; the identity where it is not `possible`."""

    source: Floats
    goal: Floats
    possible: NDArray[np.bool_]

    def apply(self, time: Floats) -> Floats:
        """Mapped times, of the same shape; times at or after the last held time are returned unchanged."""
        use = np.flatnonzero(self.possible)
        if not use.size or not self.source.shape[1]:
            return time
        out, moved, goal = time.copy(), time[use], self.goal[use]
        out[use] = np.where(moved >= goal[:, -1:], moved, interpolate(moved, self.source[use], goal))
        return out


def stretch_to(
    s: SurvivalSummary, moved: list[tuple[Floats, float]], held: Floats, rng: np.random.Generator
) -> Stretch:
    """Stretch time between the `held` times (replicates, k) so that the median and its limits are as printed.

    `moved` holds their current and printed times, as returned by `crossings`.

    A monotone map of time changes neither survival nor Greenwood's sum at any patient, so it moves the median and its
    limits. Numbers at risk and landmarks do not change because their times are held.
    """
    size = held.shape[0]
    if not moved:
        return Stretch(np.empty((size, 0)), np.empty((size, 0)), np.ones(size, dtype=bool))
    source = np.column_stack([held, *(a for a, _ in moved)])
    jitter = 0.9 * s.time_half_unit * (2 * rng.random((size, len(moved))) - 1)
    goal = np.column_stack([held, np.sort(np.array([b for _, b in moved]) + jitter, axis=1)])
    end = held.max(axis=1, keepdims=True)
    possible = np.isfinite(source).all(axis=1)
    order = np.argsort(np.where(np.isfinite(source), source, 2 * end), axis=1, kind="stable")
    x, y = np.take_along_axis(source, order, axis=1), np.take_along_axis(goal, order, axis=1)
    gap = 1e-9 * end
    possible &= (np.diff(y, axis=1) > gap).all(axis=1)
    possible &= (np.diff(np.where(np.isfinite(x), x, 0), axis=1) > gap).all(axis=1)
    return Stretch(x, y, possible)
