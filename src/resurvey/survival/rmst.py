"""Restricted mean survival time: one arm, two arms, and a range of horizons."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from math import exp, log, sqrt

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy.special import ndtr

from resurvey.errors import InputError, NotEstimable
from resurvey.steady import critical_value
from resurvey.survival.km import check_patients
from resurvey.survival.risksets import check_first
from resurvey.survival.stack import CurveStack, PatientStack, curve_stack


@dataclass(frozen=True)
class RestrictedMean:
    """Restricted mean survival time of one arm.

    Attributes
    ----------
    mean, se, lower, upper : float
        Area under the product-limit curve up to the horizon, its Greenwood standard error and Wald confidence limits.
    lost : float
        Restricted mean time lost, horizon minus mean.
    horizon : float
        Upper limit of integration, in the unit of the times.
    level : float
        Two-sided confidence level.
    """

    mean: float
    se: float
    lower: float
    upper: float
    horizon: float
    level: float = 0.95

    @property
    def lost(self) -> float:
        """Restricted mean time lost."""
        return self.horizon - self.mean


@dataclass(frozen=True)
class RestrictedMeanComparison:
    """Restricted mean survival times of two arms, first versus second.

    Attributes
    ----------
    first, second : RestrictedMean
        The arms.
    difference, difference_se, difference_lower, difference_upper, difference_p : float
        First minus second; positive: longer in the first arm.
    ratio, ratio_lower, ratio_upper, ratio_p : float
        First divided by second; confidence limits and p from the log scale (delta method).
    lost_ratio, lost_ratio_lower, lost_ratio_upper, lost_ratio_p : float
        Ratio of restricted mean time lost, first to second arm; below 1: less time lost in the first arm.
    horizon, level : float
        Common horizon, and two-sided confidence level.
    """

    first: RestrictedMean
    second: RestrictedMean
    difference: float
    difference_se: float
    difference_lower: float
    difference_upper: float
    difference_p: float
    ratio: float
    ratio_lower: float
    ratio_upper: float
    ratio_p: float
    lost_ratio: float
    lost_ratio_lower: float
    lost_ratio_upper: float
    lost_ratio_p: float
    horizon: float
    level: float = 0.95


def restricted_mean(time: ArrayLike, event: ArrayLike, horizon: float, *, level: float = 0.95) -> RestrictedMean:
    r"""Restricted mean survival time of one arm.

    :math:`\hat\mu = \int_0^\tau \hat S`, with variance
    :math:`\sum_{t_j \le \tau} \bigl(\int_{t_j}^\tau \hat S\bigr)^2 d_j / (n_j (n_j - d_j))`.

    Parameters
    ----------
    time, event : (n,) array_like
        Follow-up times and event indicators.
    horizon : float
        Upper limit of integration, greater than 0 and within the follow-up, unless the curve has reached 0.
    level : float, default 0.95
        Two-sided level.

    Raises
    ------
    InputError
        If the vectors are not a patient table, or the horizon is not greater than 0 or lies beyond the follow-up.

    References
    ----------
    .. [1] Klein, J. P. and Moeschberger, M. L. (2003). Survival Analysis, 2nd ed. Springer. Formulas 4.5.1-4.5.3.
    """
    curve = _curve(time, event)
    _check_horizon(horizon, {"arm": curve})
    mean, se = _mean_and_se(curve, horizon)
    return _with_interval(mean, se, horizon, level)


def compare_restricted_means(
    time: ArrayLike, event: ArrayLike, first: ArrayLike, horizon: float | None = None, *, level: float = 0.95
) -> RestrictedMeanComparison:
    """Difference and ratios of restricted mean survival times, first arm versus second.

    Parameters
    ----------
    time, event, first : (n,) array_like
        Follow-up times, event indicators (1, 0) and indicators of the first arm (1, 0).
    horizon : float, optional
        Common horizon; by default the longest that the follow-up of both arms allows.
    level : float, default 0.95
        Two-sided level.

    Raises
    ------
    InputError
        If the vectors are not a table of two arms, or the horizon lies beyond the follow-up of an arm.
    NotEstimable
        If neither arm has an event up to the horizon, so that the variance is 0.

    References
    ----------
    .. [1] Uno, H. et al. (2014). Journal of Clinical Oncology 32, 2380-2385.
    """
    curves = _two_curves(time, event, first)
    tau = common_horizon(*curves) if horizon is None else float(horizon)
    _check_horizon(tau, dict(zip(("first arm", "second arm"), curves, strict=True)))
    return _compare(*(_with_interval(*_mean_and_se(c, tau), tau, level) for c in curves))


def restricted_means_over(
    time: ArrayLike, event: ArrayLike, first: ArrayLike, horizons: Iterable[float] | None = None, *, level: float = 0.95
) -> pd.DataFrame:
    """Difference and ratio of restricted means over a range of horizons, to show how much the choice matters.

    Parameters
    ----------
    time, event, first, level
        As for `compare_restricted_means`.
    horizons : iterable of float, optional
        Horizons; by default 20 equal steps up to the longest that both arms allow. Horizons before the first event are
        omitted, because the curves do not yet differ.

    Returns
    -------
    DataFrame
        Columns horizon, first, first_se, second, second_se, difference, difference_lower, difference_upper,
        difference_p, ratio, ratio_lower, ratio_upper, ratio_p; one row per horizon.

    Raises
    ------
    NotEstimable
        If there is no event up to the longest horizon.
    """
    curves = _two_curves(time, event, first)
    greatest = common_horizon(*curves)
    chosen = np.linspace(0, greatest, 21)[1:] if horizons is None else np.asarray(list(horizons), dtype=float)
    rows = []
    for tau in chosen:
        _check_horizon(float(tau), dict(zip(("first arm", "second arm"), curves, strict=True)))
        arms = [_with_interval(*_mean_and_se(c, tau), float(tau), level) for c in curves]
        if not max(arm.se for arm in arms) > 0:
            continue
        result = _compare(*arms)
        names = [f"{measure}{part}" for measure in ("difference", "ratio") for part in ("", "_lower", "_upper", "_p")]
        means = {"first": arms[0].mean, "first_se": arms[0].se, "second": arms[1].mean, "second_se": arms[1].se}
        rows.append({"horizon": float(tau), **means, **{name: getattr(result, name) for name in names}})
    if not rows:
        raise NotEstimable(f"no event happens up to the greatest horizon, {max(chosen):g}: choose later horizons")
    return pd.DataFrame(rows)


def common_horizon(a: CurveStack, b: CurveStack) -> float:
    """Longest horizon at which the curves of both arms are defined in every replicate.

    A curve is defined up to the longest follow-up, and at all times once it has reached 0.
    """
    reach = min(float(curve.reach.min()) for curve in (a, b))
    if np.isfinite(reach):
        return reach
    return float(max(a.last.max(), b.last.max()))


def _curve(time: ArrayLike, event: ArrayLike) -> CurveStack:
    """The curve of one table, as a stack with one replicate."""
    t, e = check_patients(time, event)
    order = np.lexsort((-e, t))
    return curve_stack(PatientStack(t[None, order], e[None, order]))


def _two_curves(time: ArrayLike, event: ArrayLike, first: ArrayLike) -> tuple[CurveStack, CurveStack]:
    """Curves of the first and the second arm."""
    t, e = check_patients(time, event)
    x = check_first(first, t.size)
    return _curve(t[x], e[x]), _curve(t[~x], e[~x])


def _check_horizon(horizon: float, curves: dict[str, CurveStack]) -> None:
    """Raise an error for a horizon that is not a time above 0, or at which a curve is not defined."""
    if not (np.isfinite(horizon) and horizon > 0):
        raise InputError(f"horizon must be a time greater than 0, found {horizon!r}")
    for name, curve in curves.items():
        reach = float(curve.reach.min())
        if horizon > reach:
            raise InputError(
                f"horizon {horizon:g} is beyond the follow-up of the {name}, which ends at {reach:g} with patients "
                "still event-free: the area there is not determined; choose a horizon no greater than that"
            )


def _mean_and_se(curve: CurveStack, horizon: float) -> tuple[float, float]:
    mean, variance = curve.restricted_mean(float(horizon))
    return float(mean[0]), sqrt(float(variance[0]))


def _with_interval(mean: float, se: float, horizon: float, level: float) -> RestrictedMean:
    if not 0 < level < 1:
        raise InputError(f"level must be strictly between 0 and 1 (0.95, not 95), found {level!r}")
    half = critical_value(level) * se
    return RestrictedMean(mean, se, mean - half, mean + half, float(horizon), float(level))


def _compare(first: RestrictedMean, second: RestrictedMean) -> RestrictedMeanComparison:
    """Difference, ratio and ratio of time lost, with delta-method intervals."""
    se = sqrt(first.se**2 + second.se**2)
    if not se > 0:
        raise NotEstimable(
            f"neither arm has an event up to the horizon {first.horizon:g}, so the restricted means have no variance: "
            "choose a later horizon"
        )
    z = critical_value(first.level)
    difference = first.mean - second.mean
    ratio = _log_ratio(first.mean, first.se, second.mean, second.se, z)
    lost = _log_ratio(first.lost, first.se, second.lost, second.se, z)
    p = float(2 * ndtr(-abs(difference) / se))
    limits = (difference - z * se, difference + z * se)
    return RestrictedMeanComparison(
        first, second, difference, se, *limits, p, *ratio, *lost, first.horizon, first.level
    )


def _log_ratio(a: float, a_se: float, b: float, b_se: float, z: float) -> tuple[float, float, float, float]:
    """Ratio, confidence limits and p from the log scale; NaN where an arm has lost no time (no event)."""
    if not (a > 0 and b > 0 and (a_se > 0 or b_se > 0)):
        return (float("nan"),) * 4
    centre, se = log(a / b), sqrt((a_se / a) ** 2 + (b_se / b) ** 2)
    return exp(centre), exp(centre - z * se), exp(centre + z * se), float(2 * ndtr(-abs(centre) / se))
