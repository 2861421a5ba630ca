"""Differences and ratios of medians and of landmark survival between two arms."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf, isfinite, log

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import ndtr

from resurvey.errors import InputError, NotEstimable
from resurvey.steady import critical_value
from resurvey.survival.curves import quantile as arm_quantile
from resurvey.survival.curves import survival_at
from resurvey.survival.km import Floats, check_patients, kaplan_meier
from resurvey.survival.risksets import check_first


@dataclass(frozen=True)
class Contrast:
    """An estimate in each arm and their contrast, first versus second.

    Attributes
    ----------
    first, second : tuple of float
        Estimate, lower and upper confidence limit in each arm.
    difference, lower, upper : float
        First minus second, with confidence limits; a limit is infinite where it depends on an infinite limit of an arm.
    ratio, ratio_lower, ratio_upper : float
        First divided by second, with confidence limits (NaN where the estimate of an arm is 0).
    p : float
        Two-sided p for no difference, from the limit of the interval on the side of 0.
    level : float
        Two-sided confidence level.
    """

    first: tuple[float, float, float]
    second: tuple[float, float, float]
    difference: float
    lower: float
    upper: float
    ratio: float
    ratio_lower: float
    ratio_upper: float
    p: float
    level: float = 0.95


def recovered_difference(estimate: Floats, lower: Floats, upper: Floats) -> tuple[Floats, Floats, Floats]:
    """Difference of two independent estimates, with confidence limits from those of each estimate.

    The distance from the difference to its lower limit is the root sum of squares of the distances from the first
    estimate to its lower limit and from the second to its upper limit; likewise for the upper limit. Skewed intervals
    give a skewed interval.

    Parameters
    ----------
    estimate, lower, upper : (2, ...) ndarray
        First and second estimate with their confidence limits.

    References
    ----------
    .. [1] Zou, G. Y. and Donner, A. (2008). Statistics in Medicine 27, 1693-1702. Equation (2).
    """
    with np.errstate(invalid="ignore"):  # an estimate that is not reached is infinite
        difference = estimate[0] - estimate[1]
        down = np.hypot(estimate[0] - lower[0], upper[1] - estimate[1])
        up = np.hypot(upper[0] - estimate[0], estimate[1] - lower[1])
        return difference, difference - down, difference + up


def compare_quantiles(
    time: ArrayLike,
    event: ArrayLike,
    first: ArrayLike,
    survival: float = 0.5,
    *,
    level: float = 0.95,
    transform: str = "log-log",
) -> Contrast:
    """Difference and ratio of medians (or other quantiles), first arm versus second.

    Parameters
    ----------
    time, event, first : (n,) array_like
        Follow-up times, event indicators (1, 0) and indicators of the first arm (1, 0).
    survival : float, default 0.5
        Survival level of the quantile.
    level, transform
        As for `quantile`; each arm's Brookmeyer-Crowley interval enters the interval of the difference.

    Raises
    ------
    InputError
        If the vectors are not a table of two arms.
    NotEstimable
        If an arm does not reach the quantile.
    """
    t, e = check_patients(time, event)
    x = check_first(first, t.size)
    arms = [arm_quantile(t[m], e[m], survival, level=level, transform=transform) for m in (x, ~x)]
    for name, arm in zip(("first", "second"), arms, strict=True):
        if not isfinite(arm.time):
            raise NotEstimable(
                f"the {name} arm does not come down to a survival of {survival:g}: its quantile is not reached, so "
                "there is no difference; compare restricted means or landmark survival instead"
            )
    return _contrast(*((arm.time, arm.lower, arm.upper) for arm in arms), level=level)


def compare_landmarks(
    time: ArrayLike,
    event: ArrayLike,
    first: ArrayLike,
    landmark: float,
    *,
    level: float = 0.95,
    transform: str = "log-log",
) -> Contrast:
    """Difference and ratio of survival at one time, first arm versus second.

    Parameters
    ----------
    time, event, first : (n,) array_like
        Follow-up times, event indicators (1, 0) and indicators of the first arm (1, 0).
    landmark : float
        The time, within the follow-up of both arms.
    level, transform
        As for `survival_at`; with transform 'plain' the interval of the difference is the usual Wald interval.

    Raises
    ------
    InputError
        If the vectors are not a table of two arms, or the landmark is beyond the follow-up of an arm.
    NotEstimable
        If neither arm has an event up to the landmark, or survival is 0 in one of them.
    """
    t, e = check_patients(time, event)
    x = check_first(first, t.size)
    arms = []
    for name, mark in (("first", x), ("second", ~x)):
        try:
            row = survival_at(kaplan_meier(t[mark], e[mark]), [landmark], level=level, transform=transform).iloc[0]
        except InputError as reason:
            raise InputError(f"{name} arm: {reason}") from None
        arms.append((float(row["survival"]), float(row["lower"]), float(row["upper"])))
    if min(arm[0] for arm in arms) >= 1:
        raise NotEstimable(f"no event happens up to {landmark:g} in either arm: survival has no variance there")
    if min(arm[0] for arm in arms) <= 0:
        raise NotEstimable(f"an arm's survival is 0 at {landmark:g}: Greenwood's variance does not exist there")
    return _contrast(*arms, level=level)


def _contrast(first: tuple[float, float, float], second: tuple[float, float, float], *, level: float) -> Contrast:
    """Difference and ratio from the estimates and confidence limits of both arms."""
    both = np.array([first, second], dtype=float)
    low, estimate, high = _ordered(recovered_difference(*both.T))
    logs = np.array([[log(v) if 0 < v < inf else (inf if v > 0 else -inf) for v in arm] for arm in both])
    ratios = (float("nan"),) * 3
    if np.all(np.isfinite(logs[:, 0])):
        with np.errstate(over="ignore"):
            ratios = _ordered(tuple(np.exp(v) for v in recovered_difference(*logs.T)))
    p = side_p(estimate, low, high, level=level)
    return Contrast(first, second, estimate, low, high, ratios[1], ratios[0], ratios[2], p, float(level))


def _ordered(values: tuple[Floats, ...]) -> tuple[float, float, float]:
    """Reorder (estimate, lower, upper) to (lower, estimate, upper), as floats."""
    return float(values[1]), float(values[0]), float(values[2])


def side_p(difference: float, lower: float, upper: float, *, level: float) -> float:
    """Two-sided p for a skewed interval: the difference divided by the standard error implied by the limit nearer 0.

    Raises
    ------
    NotEstimable
        If the variance of the difference is 0.
    """
    distance = difference - lower if difference >= 0 else upper - difference
    if not distance > 0:
        raise NotEstimable("the difference has no variance: no event in either arm up to there")
    se = distance / critical_value(level)
    return float(2 * ndtr(-abs(difference) / se))
