"""Quantities read from a product-limit curve: confidence limits, quantiles, and the table of numbers at risk."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from resurvey.arrays import unmasked
from resurvey.errors import InputError
from resurvey.survival.km import Flat, Floats, KaplanMeier, check_patients, kaplan_meier
from resurvey.survival.transforms import interval_limits


@dataclass(frozen=True)
class Quantile:
    """A quantile of survival time with its Brookmeyer-Crowley confidence interval.

    Attributes
    ----------
    time : float
        Time at which S reaches `survival`; infinite where not reached.
    lower, upper : float
        Confidence limits: the range of times at which S = `survival` is not rejected; `upper` is infinite where not
        reached.
    survival : float
        The survival level the quantile belongs to (0.5 for the median).
    level : float
        Two-sided confidence level.
    transform : str
        Scale of the test.
    """

    time: float
    lower: float
    upper: float
    survival: float = 0.5
    level: float = 0.95
    transform: str = "log-log"


def survival_at(
    curve: KaplanMeier, times: ArrayLike | None = None, *, level: float = 0.95, transform: str = "log-log"
) -> pd.DataFrame:
    """Survival, Greenwood standard error and pointwise confidence limits.

    Parameters
    ----------
    curve : KaplanMeier
        Product-limit curve.
    times : array_like, optional
        Requested times, within the follow-up; by default the times of the curve.
    level : float, default 0.95
        Two-sided level.
    transform : {'plain', 'log', 'log-log', 'logit', 'arcsine'}
        Scale on which the interval is symmetric.

    Returns
    -------
    DataFrame
        Columns time, survival, se, lower, upper.

    Raises
    ------
    InputError
        If a time is negative, not finite, or beyond the longest follow-up of a curve that has not reached 0.

    References
    ----------
    .. [1] Borgan, O. and Liestol, K. (1990). Scandinavian Journal of Statistics 17, 35-41.
    """
    t = curve.time if times is None else np.atleast_1d(np.asarray(unmasked(times, "times"), dtype=float))
    last = float(curve.time[-1])
    bad = ~np.isfinite(t) | (t < 0) | ((t > last) & (curve.survival[-1] > 0))
    if bad.any():
        raise InputError(f"time {t[bad][0]:g} is not within the follow-up, 0 to {last:g}: the curve ends there")
    survival, greenwood = curve.at(t), _step(curve.time, curve.greenwood, t, 0.0)
    lower, upper = interval_limits(survival, greenwood, level=level, transform=transform)
    se = np.where(survival > 0, survival * np.sqrt(np.where(survival > 0, greenwood, 0.0)), 0.0)
    return pd.DataFrame({"time": t, "survival": survival, "se": se, "lower": lower, "upper": upper})


def _step(knots: Floats, values: Floats, at: Floats, before: float) -> Floats:
    """Evaluate a right-continuous step function."""
    return np.concatenate(([before], values))[np.searchsorted(knots, at, side="right")]


def quantile_limits(
    curve: KaplanMeier, survival: float = 0.5, *, level: float = 0.95, transform: str = "log-log"
) -> tuple[float, float]:
    """Brookmeyer-Crowley limits of a quantile: the range of times at which S(t) = `survival` is not rejected."""
    lower, upper = interval_limits(curve.survival, curve.greenwood, level=level, transform=transform)
    limits = np.flatnonzero(lower <= survival + 1e-12), np.flatnonzero(upper < survival - 1e-12)
    low, high = (float(curve.time[place[0]]) if place.size else float("inf") for place in limits)
    return low, high


def quantile(
    time: ArrayLike,
    event: ArrayLike,
    survival: float = 0.5,
    *,
    level: float = 0.95,
    transform: str = "log-log",
    flat: Flat = "midpoint",
) -> Quantile:
    """Median, or another quantile, with the Brookmeyer-Crowley confidence interval.

    Parameters
    ----------
    time, event : (n,) array_like
        Follow-up times and event indicators.
    survival : float, default 0.5
        Survival level, strictly between 0 and 1.
    level : float, default 0.95
        Two-sided level.
    transform : {'plain', 'log', 'log-log', 'logit', 'arcsine'}
        Scale of the test that the interval inverts.
    flat : {"midpoint", "first"}
        Definition of the quantile where S equals `survival` exactly over an interval of time: the midpoint of the
        interval (as R and SAS print it) or its beginning.

    Raises
    ------
    InputError
        If the vectors are not a patient table, or a level is not between 0 and 1.

    References
    ----------
    .. [1] Brookmeyer, R. and Crowley, J. (1982). Biometrics 38, 29-41.
    """
    if not 0 < survival < 1:
        raise InputError(f"survival must be strictly between 0 and 1 (0.5 for the median), found {survival!r}")
    curve = kaplan_meier(time, event)
    low, high = quantile_limits(curve, survival, level=level, transform=transform)
    return Quantile(curve.quantile(survival, flat=flat), low, high, float(survival), float(level), transform)


def numbers_at_risk(arms: Mapping[Any, tuple[ArrayLike, ArrayLike]], times: ArrayLike) -> pd.DataFrame:
    """The table below a Kaplan-Meier figure: numbers at risk, censored and with an event, for each arm and time.

    At risk counts patients with a time at or after t, so those who leave at t are still counted; censored and events
    count those who left **before** t. At every t the three sum to the number of patients in the arm.

    Parameters
    ----------
    arms : mapping of label to (time, event)
        Patients of each arm.
    times : array_like
        Times of the table, not negative.

    Returns
    -------
    DataFrame
        Columns arm, time, at_risk, censored, events (integers); one row per arm and time.

    Raises
    ------
    InputError
        If there is no arm, an arm is not a patient table, or a time is negative or not finite.

    References
    ----------
    .. [1] Morris, T. P. et al. (2019). BMJ Open 9, e030215 (the KMunicate study).
    """
    t = np.atleast_1d(np.asarray(unmasked(times, "times"), dtype=float))
    if not np.all(np.isfinite(t)) or np.any(t < 0):
        raise InputError(f"times must be finite and not negative, found {t[~np.isfinite(t) | (t < 0)][0]}")
    if not arms:
        raise InputError("arms is empty: the table needs at least one arm")
    tables = []
    for label, (time, event) in arms.items():
        left, mark = check_patients(time, event)
        deaths, losses = np.sort(left[mark == 1]), np.sort(left[mark == 0])
        events, censored = np.searchsorted(deaths, t), np.searchsorted(losses, t)
        at_risk = left.size - events - censored
        tables.append(
            pd.DataFrame({"arm": label, "time": t, "at_risk": at_risk, "censored": censored, "events": events})
        )
    return pd.concat(tables, ignore_index=True)
