"""Confidence intervals for a proportion, by every standard method, and for a difference of two; for arrays."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike, NDArray

from resurvey.errors import InputError

Floats = NDArray[np.float64]
Interval = tuple[Floats, Floats]


def _z(level: Floats) -> Floats:
    from scipy.special import ndtri

    return ndtri(0.5 + np.asarray(level, dtype=float) / 2)


def clopper_pearson(x: Floats, n: Floats, level: Floats) -> Interval:
    """Exact interval: beta quantiles B(a/2; x, n-x+1) and B(1-a/2; x+1, n-x)."""
    from scipy.special import betaincinv

    alpha = 1 - level
    with np.errstate(invalid="ignore"):
        lower = np.where(x == 0, 0.0, betaincinv(np.maximum(x, 1), n - x + 1, alpha / 2))
        upper = np.where(x == n, 1.0, betaincinv(x + 1, np.maximum(n - x, 1), 1 - alpha / 2))
    return lower, upper


def wilson(x: Floats, n: Floats, level: Floats) -> Interval:
    """Score interval (2np + z^2 -+ z sqrt(z^2 + 4npq)) / 2(n + z^2)."""
    z = _z(level)
    p = x / n
    half = z * np.sqrt(z**2 + 4 * n * p * (1 - p))
    return (2 * n * p + z**2 - half) / (2 * (n + z**2)), (2 * n * p + z**2 + half) / (2 * (n + z**2))


def wilson_continuity(x: Floats, n: Floats, level: Floats) -> Interval:
    """Score interval with continuity correction (Newcombe's method 4)."""
    z = _z(level)
    p, q = x / n, 1 - x / n
    low = 2 * n * p + z**2 - 1 - z * np.sqrt(np.maximum(0, z**2 - 2 - 1 / n + 4 * p * (n * q + 1)))
    high = 2 * n * p + z**2 + 1 + z * np.sqrt(np.maximum(0, z**2 + 2 - 1 / n + 4 * p * (n * q - 1)))
    scale = 2 * (n + z**2)
    return np.where(x == 0, 0.0, np.maximum(0, low / scale)), np.where(x == n, 1.0, np.minimum(1, high / scale))


def wald(x: Floats, n: Floats, level: Floats) -> Interval:
    """Simple asymptotic interval p -+ z sqrt(pq/n), truncated to 0..1."""
    p = x / n
    half = _z(level) * np.sqrt(p * (1 - p) / n)
    return np.maximum(0, p - half), np.minimum(1, p + half)


def agresti_coull(x: Floats, n: Floats, level: Floats) -> Interval:
    """Wald's interval about (x + z^2/2) / (n + z^2), truncated to 0..1."""
    z = _z(level)
    return wald(x + z**2 / 2, n + z**2, level)


def jeffreys(x: Floats, n: Floats, level: Floats) -> Interval:
    """Equal-tailed quantiles of Beta(x + 1/2, n - x + 1/2); 0 at x = 0 and 1 at x = n."""
    from scipy.special import betaincinv

    alpha = 1 - level
    lower = betaincinv(x + 0.5, n - x + 0.5, alpha / 2)
    upper = betaincinv(x + 0.5, n - x + 0.5, 1 - alpha / 2)
    return np.where(x == 0, 0.0, lower), np.where(x == n, 1.0, upper)


def mid_p(x: Floats, n: Floats, level: Floats) -> Interval:
    """Exact interval with half the probability of the observed count (Newcombe's method 6), by bisection."""
    from scipy.special import bdtr

    alpha = (1 - level) / 2

    def solve(upper_limit: bool) -> Floats:
        low, high = np.zeros_like(x, dtype=float), np.ones_like(x, dtype=float)
        for _ in range(60):
            mid = (low + high) / 2
            below = np.where(x > 0, bdtr(np.maximum(x - 1, 0), n.astype(int), mid), 0.0)
            at = bdtr(x, n.astype(int), mid) - below
            # Upper limit: P(X < x) + P(X = x)/2 falls to alpha; lower: P(X > x) + P(X = x)/2 rises to alpha.
            tail = below + at / 2 if upper_limit else 1 - below - at / 2
            step = tail > alpha if upper_limit else tail < alpha
            low, high = np.where(step, mid, low), np.where(step, high, mid)
        return (low + high) / 2

    return np.where(x == 0, 0.0, solve(False)), np.where(x == n, 1.0, solve(True))


METHODS: dict[str, Callable[[Floats, Floats, Floats], Interval]] = {
    "Clopper-Pearson": clopper_pearson,
    "Wilson": wilson,
    "Wald": wald,
    "Agresti-Coull": agresti_coull,
    "Jeffreys": jeffreys,
    "Wilson with continuity correction": wilson_continuity,
    "mid-P": mid_p,
}


def interval(x: ArrayLike, n: ArrayLike, *, level: ArrayLike = 0.95, method: str = "Clopper-Pearson") -> Interval:
    """Confidence interval for a proportion.

    Parameters
    ----------
    x, n : array_like of whole numbers
        Count and denominator, 0 <= x <= n, n > 0.
    level : array_like of float
        Two-sided confidence level, between 0 and 1.
    method : str
        One of `METHODS`.

    Returns
    -------
    lower, upper : ndarray
        Limits as proportions (0 to 1).

    Raises
    ------
    InputError
        If a count is outside 0..n, n is not positive, a level is outside 0..1, or the method is unknown.

    References
    ----------
    .. [1] Newcombe, R. G. (1998). Two-sided confidence intervals for the single proportion. Statistics in Medicine
       17, 857-872.
    .. [2] Brown, L. D., Cai, T. T. and DasGupta, A. (2001). Interval estimation for a binomial proportion.
       Statistical Science 16, 101-133.
    """
    if method not in METHODS:
        raise InputError(f"method {method!r} is unknown: expected one of {', '.join(METHODS)}")
    count, size, width = np.broadcast_arrays(*(np.asarray(a, dtype=float) for a in (x, n, level)))
    if np.any(~(size > 0)) or np.any(~(count >= 0)) or np.any(count > size):
        bad = np.flatnonzero(~((size > 0) & (count >= 0) & (count <= size)).ravel())[0]
        raise InputError(f"count {count.ravel()[bad]:g} of {size.ravel()[bad]:g}: expected 0 <= count <= N and N > 0")
    if np.any(~((width > 0) & (width < 1))):
        raise InputError(f"confidence level {width[~((width > 0) & (width < 1))][0]:g}: expected between 0 and 1")
    return METHODS[method](count, size, width)


def newcombe(
    x1: ArrayLike, n1: ArrayLike, x2: ArrayLike, n2: ArrayLike, *, level: float = 0.95
) -> tuple[Floats, Floats, Floats]:
    """Difference between two proportions (first minus second), with its interval from their score intervals.

    Parameters
    ----------
    x1, n1, x2, n2 : array_like of whole numbers
        Counts and denominators of the two proportions.
    level : float, default 0.95
        Two-sided confidence level.

    Returns
    -------
    difference, lower, upper : ndarray

    Raises
    ------
    InputError
        As for `interval`.

    References
    ----------
    .. [1] Newcombe, R. G. (1998). Interval estimation for the difference between independent proportions. Statistics in
       Medicine 17, 873-890. Method 10.
    """
    p1, p2 = np.asarray(x1, float) / np.asarray(n1, float), np.asarray(x2, float) / np.asarray(n2, float)
    (l1, u1), (l2, u2) = (interval(x, n, level=level, method="Wilson") for x, n in ((x1, n1), (x2, n2)))
    difference = p1 - p2
    return difference, difference - np.hypot(p1 - l1, u2 - p2), difference + np.hypot(u1 - p1, p2 - l2)
