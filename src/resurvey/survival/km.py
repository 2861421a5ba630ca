"""Product-limit estimation and quantiles; takes arrays and returns small dataclasses.

Times are in one unit of the caller's choice; `event` is 1 for an event and 0 for a right-censored time.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from resurvey.arrays import unmasked
from resurvey.errors import InputError

Floats = NDArray[np.float64]
Flat = Literal["midpoint", "first"]
FLATS = ("midpoint", "first")
#: Survival within this distance of a level counts as equal to it: products of (n - d) / n are no more precise.
EXACT = 1e-9
#: Times closer than this share of the longest are equal: 0.1 + 0.2 and 0.3 differ only in the last bit.
SAME_TIME = 1e-10


@dataclass(frozen=True)
class KaplanMeier:
    """A product-limit curve at the distinct observed times.

    Attributes
    ----------
    time, survival, at_risk, events, censored : (k,) ndarray
        Distinct times in increasing order; S just after each; patients at risk just before each; events and
        censorings at each.
    greenwood : (k,) ndarray
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
        place = np.searchsorted(self.time, np.asarray(unmasked(times, "times"), dtype=float), side="right")
        return np.concatenate(([1.0], self.survival))[place]

    def quantile(self, level: float = 0.5, *, flat: Flat = "midpoint") -> float:
        """Time at which S reaches `level` (infinite where the curve does not get there).

        Parameters
        ----------
        level : float, default 0.5
            Survival level.
        flat : {"midpoint", "first"}
            Definition where S equals the level exactly over an interval of time: the midpoint of the interval, as R and
            SAS print it, or its beginning, the smallest time with S <= `level`.
        """
        return crossing(self.time, self.survival, level, flat=flat)


def crossing(
    time: Floats, survival: Floats, level: float = 0.5, *, flat: Flat = "midpoint", end: float | None = None
) -> float:
    """As `KaplanMeier.quantile`, for any decreasing step curve; the curve ends at `end` (by default the last time)."""
    check_flat(flat)
    below = np.flatnonzero(survival <= level + EXACT)
    if not below.size:
        return float("inf")
    start = float(time[below[0]])
    if flat == "first" or survival[below[0]] < level - EXACT:
        return start
    after = np.flatnonzero(survival < level - EXACT)
    last = float(time[-1]) if end is None else end
    return (start + (float(time[after[0]]) if after.size else last)) / 2


def check_flat(flat: str) -> None:
    """Raise an error unless `flat` is "midpoint" or "first".

    Raises
    ------
    InputError
        If it is neither of the two.
    """
    if flat not in FLATS:
        raise InputError(f"flat must be one of {', '.join(FLATS)}, found {flat!r}")


def one_time(time: Floats) -> Floats:
    """Merge times that differ only by floating-point error; each becomes the smallest of its group."""
    order = np.sort(time, axis=None)
    gap = np.diff(order)
    close = gap <= SAME_TIME * max(abs(float(order[-1])), abs(float(order[0]))) if order.size else gap > 0
    if not np.any(close & (gap > 0)):
        return time
    start = np.concatenate(([True], ~close))
    first = order[np.maximum.accumulate(np.where(start, np.arange(order.size), 0))]
    return first[np.searchsorted(order, time)]


def _as_numbers(name: str, values: ArrayLike, wanted: str) -> Floats:
    """Convert the values to floats; the error names the first that is not a number."""
    unmasked(values, name)
    try:
        return np.asarray(values, dtype=float)
    except (TypeError, ValueError):
        pass
    for place, value in enumerate(np.ravel(np.asarray(values, dtype=object))):
        try:
            float(value)
        except (TypeError, ValueError):
            raise InputError(f"{name} must be {wanted}, found {value!r} at place {place}") from None
    raise InputError(f"{name} must be {wanted}, found rows of different length")


def check_patients(time: ArrayLike, event: ArrayLike) -> tuple[Floats, Floats]:
    """Check times and event indicators and return them as arrays.

    Raises
    ------
    InputError
        If lengths differ, there are no patients, a time is negative or not finite, or an indicator is neither 0 nor 1.
    """
    t = _as_numbers("time", time, "numbers")
    e = _as_numbers("event", event, "0 (censored) or 1 (event)")
    if t.ndim != 1 or t.shape != e.shape:
        raise InputError(f"time and event must be vectors of the same length, found shapes {t.shape} and {e.shape}")
    if t.size == 0:
        raise InputError("time and event are empty: an arm needs at least one patient")
    if not np.all(np.isfinite(t)) or np.any(t < 0):
        raise InputError(f"time must be finite and not negative, found {t[~np.isfinite(t) | (t < 0)][0]}")
    if not np.all((e == 0) | (e == 1)):
        raise InputError(f"event must be 0 (censored) or 1 (event), found {e[(e != 0) & (e != 1)][0]}")
    return one_time(t), e


def kaplan_meier(time: ArrayLike, event: ArrayLike) -> KaplanMeier:
    """Product-limit estimate; at tied times events precede censorings.

    Parameters
    ----------
    time, event : (n,) array_like
        Follow-up times (not negative) and event indicators (1 event, 0 censored).

    Raises
    ------
    InputError
        If lengths differ, a time is negative or not finite, or an indicator is neither 0 nor 1.

    References
    ----------
    .. [1] Kaplan, E. L. and Meier, P. (1958). Journal of the American Statistical Association 53, 457-481.
    """
    return product_limit(*check_patients(time, event))


def product_limit(t: Floats, e: Floats) -> KaplanMeier:
    """As `kaplan_meier`, for patient data already validated; nothing is checked."""
    distinct, place = np.unique(t, return_inverse=True)
    events: Floats = np.bincount(place, weights=e, minlength=distinct.size).astype(float)
    censored: Floats = np.bincount(place, weights=1 - e, minlength=distinct.size).astype(float)
    leaving = events + censored
    at_risk = t.size - np.concatenate(([0.0], np.cumsum(leaving)[:-1]))
    survival = np.cumprod(1 - events / at_risk)
    with np.errstate(divide="ignore"):
        greenwood = np.cumsum(events / (at_risk * (at_risk - events)))
    return KaplanMeier(distinct, survival, at_risk, events, censored, greenwood)
