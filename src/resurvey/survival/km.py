"""Product-limit estimation, medians and restricted means, as arrays in and small dataclasses out.

Times are in one unit of the caller's choice; `event` is 1 for an event and 0 for a right-censored time.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from resurvey.errors import InputError

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class KaplanMeier:
    """A product-limit curve at the distinct observed times.

    Attributes
    ----------
    time, survival, at_risk, events, censored : ndarray, shape (k,)
        Distinct times in increasing order; S just after each; patients at risk just before each; events and
        censorings at each.
    greenwood : ndarray, shape (k,)
        Running Greenwood sum d / (n (n - d)); the variance of S is S^2 times it. Infinite where S reaches 0.
    """

    time: Floats
    survival: Floats
    at_risk: Floats
    events: Floats
    censored: Floats
    greenwood: Floats

    def at(self, times: ArrayLike) -> Floats:
        """Survival at each of `times` (right-continuous step function, 1 before the first time)."""
        place = np.searchsorted(self.time, np.asarray(times, dtype=float), side="right")
        return np.concatenate(([1.0], self.survival))[place]

    def quantile(self, level: float = 0.5) -> float:
        """Smallest time with S <= `level` (infinite where the curve does not get there)."""
        below = np.flatnonzero(self.survival <= level + 1e-12)
        return float(self.time[below[0]]) if below.size else float("inf")


def check_patients(time: ArrayLike, event: ArrayLike) -> tuple[Floats, Floats]:
    """Arrays of times and event marks, refused by name when they are not a patient table."""
    t = np.asarray(time, dtype=float)
    e = np.asarray(event, dtype=float)
    if t.ndim != 1 or t.shape != e.shape:
        raise InputError(f"time and event must be vectors of one length, found shapes {t.shape} and {e.shape}")
    if t.size == 0:
        raise InputError("time and event are empty: an arm needs at least one patient")
    if not np.all(np.isfinite(t)) or np.any(t < 0):
        raise InputError(f"time must be finite and not negative, found {t[~np.isfinite(t) | (t < 0)][0]}")
    if not np.all((e == 0) | (e == 1)):
        raise InputError(f"event must be 0 (censored) or 1 (event), found {e[(e != 0) & (e != 1)][0]}")
    return t, e


def kaplan_meier(time: ArrayLike, event: ArrayLike) -> KaplanMeier:
    """Product-limit estimate; at a tied time events come before censorings.

    Parameters
    ----------
    time, event : array-like, shape (n,)
        Follow-up times (not negative) and marks (1 event, 0 censored).

    Raises
    ------
    InputError
        If lengths differ, a time is negative or not finite, or a mark is neither 0 nor 1.

    References
    ----------
    .. [1] Kaplan, E. L. and Meier, P. (1958). Journal of the American Statistical Association 53, 457-481.
    """
    t, e = check_patients(time, event)
    distinct, place = np.unique(t, return_inverse=True)
    events: Floats = np.bincount(place, weights=e, minlength=distinct.size).astype(float)
    censored: Floats = np.bincount(place, weights=1 - e, minlength=distinct.size).astype(float)
    leaving = events + censored
    at_risk = t.size - np.concatenate(([0.0], np.cumsum(leaving)[:-1]))
    survival = np.cumprod(1 - events / at_risk)
    with np.errstate(divide="ignore"):
        greenwood = np.cumsum(events / (at_risk * (at_risk - events)))
    return KaplanMeier(distinct, survival, at_risk, events, censored, greenwood)
