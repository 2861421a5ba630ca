"""Pooling over replicates of rebuilt patients by Rubin's rules, separately by side where intervals are asymmetric."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import inf, sqrt

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import ndtr, stdtr

from resurvey.arrays import check_size, unmasked
from resurvey.errors import InputError, NotEstimable
from resurvey.montecarlo import barnard_rubin, limit_error, t_quantile
from resurvey.steady import critical_value
from resurvey.survival.cox import check_level


@dataclass(frozen=True)
class EnsembleEstimate:
    """An estimate pooled over replicates, with its uncertainty by source.

    Attributes
    ----------
    estimate, se : float
        Mean over replicates and its total standard error, sqrt(within + (1 + 1/m) between).
    lower, upper, p : float
        Interval at `level` and two-sided p value for the null value 0, from t with `df` degrees of freedom.
    within, between : float
        Mean sampling variance, and variance of the estimate over the replicates (0 with one replicate).
    missing_information : float
        Fraction of the information that is missing because patients were rebuilt, not observed (Rubin's gamma, with
        the correction for finite df); 0 with one replicate.
    df : float
        Barnard-Rubin degrees of freedom; infinite (normal) where the replicates do not differ.
    replicates : int
        Number of replicates m.
    level : float
        Two-sided confidence level.
    """

    estimate: float
    se: float
    lower: float
    upper: float
    p: float
    within: float
    between: float
    missing_information: float
    df: float
    replicates: int
    level: float = 0.95

    @property
    def monte_carlo(self) -> float:
        """Monte Carlo error of the estimate from the number of replicates, as a share of its standard error.

        This is the standard deviation of a mean of m replicates, sqrt(between / m).
        """
        return sqrt(self.between / self.replicates) / self.se

    @property
    def monte_carlo_limits(self) -> float:
        """The same for a confidence limit, including the error in the variance between replicates."""
        return limit_error(self.between, self.se, self.replicates, t_quantile(0.5 + self.level / 2, self.df))


def rubin(
    estimates: ArrayLike, variances: ArrayLike, *, complete_df: float = inf, level: float = 0.95
) -> EnsembleEstimate:
    r"""Pool estimates over replicates by Rubin's rules.

    :math:`T = \bar W + (1 + 1/m) B`; degrees of freedom by Barnard and Rubin, with `complete_df` for the complete data.

    Parameters
    ----------
    estimates, variances : (m,) array_like
        Estimate and sampling variance of each replicate, on a scale on which the estimate is approximately normal.
    complete_df : float, default infinite
        Degrees of freedom that observed patients would give.
    level : float, default 0.95
        Two-sided level of the interval.

    Raises
    ------
    InputError
        If the vectors differ in length, are empty or contain a non-finite number or a negative variance.
    NotEstimable
        If the total variance is 0.

    References
    ----------
    .. [1] Rubin, D. B. (1987). Multiple Imputation for Nonresponse in Surveys. Wiley. Section 3.3.
    .. [2] Barnard, J. and Rubin, D. B. (1999). Biometrika 86, 948-955.
    """
    check_level(level)
    q, w = _vectors(estimates, variances)
    within = float(w.mean())
    return _pool(q, within, within, complete_df, level)


def rubin_limits(
    estimates: ArrayLike, lower: ArrayLike, upper: ArrayLike, *, complete_df: float = inf, level: float = 0.95
) -> EnsembleEstimate:
    """Pool estimates with asymmetric intervals: Rubin's rules are applied to each side separately.

    The distance of the estimate from its limit, divided by the normal quantile, serves as the within standard error
    of that side; the pooled limit is infinite if more than half of the replicates have an infinite one; otherwise
    infinite limits are left out of that side's mean. `se` is that of the side towards 0, which also gives p.

    Parameters
    ----------
    estimates, lower, upper : (m,) array_like
        Estimate and limits at `level` of each replicate.

    Raises
    ------
    InputError, NotEstimable
        As `rubin`; NotEstimable also if the interval is infinite on both sides.
    """
    check_level(level)
    _vectors(estimates, np.zeros_like(np.asarray(estimates, dtype=float)))
    q, low, high = (np.atleast_1d(np.asarray(unmasked(v), dtype=float)) for v in (estimates, lower, upper))
    if not q.shape == low.shape == high.shape:
        raise InputError(
            f"estimates and limits must have one length, found shapes {q.shape}, {low.shape}, {high.shape}"
        )
    z = critical_value(level)
    for name, limit in (("lower", low), ("upper", high)):
        check_size(f"{name} limit", float(np.abs(limit[np.isfinite(limit)]).max(initial=0.0)))
    below, above = _side_variance((q - low) / z), _side_variance((high - q) / z)
    if not min(below, above) < inf:
        raise NotEstimable("the interval is open on both sides in most replicates: too few events for a limit")
    return _pool(q, below, above, complete_df, level)


def rubin_survival(
    survival: ArrayLike, lower: ArrayLike, upper: ArrayLike, *, complete_df: float = inf, level: float = 0.95
) -> EnsembleEstimate:
    """Pool survival probabilities with log-log limits; the pooled limits are log-log too, so they stay within 0 to 1.

    The estimate is the mean survival; its limits are computed on the log-log scale, with the total variance from
    Rubin's rules on that scale. Where survival is 0 or 1 in a replicate, the sides are pooled as in `rubin_limits`
    and truncated to 0 and 1. `se`, `within` and `between` refer to the probability.

    Parameters
    ----------
    survival, lower, upper : (m,) array_like
        Survival of each replicate and its log-log limits at `level`.

    Raises
    ------
    InputError, NotEstimable
        As `rubin_limits`.
    """
    pooled = rubin_limits(survival, lower, upper, complete_df=complete_df, level=level)
    s, low = np.atleast_1d(np.asarray(survival, dtype=float)), np.atleast_1d(np.asarray(lower, dtype=float))
    if np.any((s <= 0) | (s >= 1) | (low <= 0)):
        return replace(pooled, lower=max(pooled.lower, 0.0), upper=min(pooled.upper, 1.0))
    eta = np.log(-np.log(s))
    se = (np.log(-np.log(low)) - eta) / critical_value(level)
    total = rubin(eta, se**2, complete_df=complete_df, level=level)
    half, centre = total.upper - total.estimate, np.log(-np.log(pooled.estimate))
    with np.errstate(over="ignore"):  # few and very different replicates can give limits of 0 and 1
        limits = np.exp(-np.exp(np.array([centre + half, centre - half])))
    return replace(pooled, lower=float(limits[0]), upper=float(limits[1]))


def _vectors(estimates: ArrayLike, variances: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    """Check both vectors."""
    q, w = (np.atleast_1d(np.asarray(unmasked(v), dtype=float)) for v in (estimates, variances))
    if q.ndim != 1 or q.shape != w.shape or not q.size:
        raise InputError(
            f"estimates and variances must be vectors of the same length, found shapes {q.shape}, {w.shape}"
        )
    if not np.all(np.isfinite(q)) or not np.all(np.isfinite(w)) or np.any(w < 0):
        bad = int(np.flatnonzero(~(np.isfinite(q) & np.isfinite(w) & (w >= 0)))[0])
        raise InputError(
            f"replicate {bad} has estimate {q[bad]} and variance {w[bad]}: both must be finite, the variance not "
            "negative; leave replicates without an estimate out and say how many"
        )
    check_size(f"replicate {int(np.argmax(np.abs(q)))}: estimate", float(np.abs(q).max()))
    check_size(f"replicate {int(np.argmax(w))}: standard error", sqrt(float(w.max())))
    return q, w


def _side_variance(distance: np.ndarray) -> float:
    """Mean squared distance to the limit on one side; infinite where most replicates have no finite limit."""
    finite = np.isfinite(distance)
    return float((distance[finite] ** 2).mean()) if finite.mean() > 0.5 else inf


def _pool(q: np.ndarray, below: float, above: float, complete_df: float, level: float) -> EnsembleEstimate:
    """Pool, with the within variance of the lower and of the upper side."""
    m, estimate = q.size, float(q.mean())
    between = float(q.var(ddof=1)) if m > 1 else 0.0
    if between <= 1e-20 * max(estimate**2, 1e-300):
        between = 0.0  # the mean of equal numbers can differ from them in the last digit
    within = below if (estimate >= 0 and below < inf) or above == inf else above
    totals = [side + (1 + 1 / m) * between for side in (below, above)]
    total = within + (1 + 1 / m) * between
    if not total > 0:
        raise NotEstimable("the total variance is 0: no events, or one replicate without a sampling variance")
    df, missing = barnard_rubin(total, (1 + 1 / m) * between, m, complete_df)
    se, t = sqrt(total), t_quantile(0.5 + level / 2, df)
    lower, upper = estimate - t * sqrt(totals[0]), estimate + t * sqrt(totals[1])
    statistic = -abs(estimate) / se
    p = 2 * float(ndtr(statistic) if df == inf else stdtr(df, statistic))
    return EnsembleEstimate(estimate, se, lower, upper, p, within, between, missing, df, m, float(level))
