"""Cumulative incidence of one cause among several (Aalen-Johansen)."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from resurvey.arrays import unmasked
from resurvey.errors import InputError, NotEstimable
from resurvey.steady import critical_value
from resurvey.survival.cox import check_level
from resurvey.survival.km import Floats, check_patients


def cumulative_incidence(time: ArrayLike, cause: ArrayLike, of: int = 1, *, level: float = 0.95) -> pd.DataFrame:
    """Cumulative incidence of a cause in the presence of competing causes.

    F(t) = sum S(t-) d_k / n over the event times of the cause, where S is survival free of every cause; variance by the
    delta method, confidence limits on the log-log scale. With a single cause it is 1 - S with Greenwood's variance.

    Parameters
    ----------
    time : (n,) array_like
        Follow-up times.
    cause : (n,) array_like of int
        0 for censored, otherwise the cause.
    of : int, default 1
        The cause of interest.
    level : float, default 0.95
        Two-sided level.

    Returns
    -------
    DataFrame
        Columns time, incidence, se, lower, upper, at_risk, events (of this cause); one row per event time of any cause.

    Raises
    ------
    InputError
        If the vectors are not a patient table, or a cause is not a whole number of at least 0.
    NotEstimable
        If there is no event of the cause.

    References
    ----------
    .. [1] Aalen, O. O. and Johansen, S. (1978). Scandinavian Journal of Statistics 5, 141-150.
    .. [2] Marubini, E. and Valsecchi, M. G. (1995). Analysing Survival Data. Wiley. Section 10.2.
    """
    check_level(level)
    marks = np.asarray(unmasked(cause, "cause"), dtype=float)
    if marks.ndim != 1 or not np.all(np.isfinite(marks)) or np.any(marks < 0) or np.any(marks != np.round(marks)):
        raise InputError("cause must be whole numbers: 0 for censored, 1, 2, ... for the causes")
    t, e = check_patients(time, (marks > 0).astype(float))
    if of < 1 or not np.any(marks == of):
        raise NotEstimable(f"nobody has an event of cause {of}; causes found: {sorted(set(marks[marks > 0].tolist()))}")
    times = np.unique(t[e == 1])
    at_risk = t.size - np.searchsorted(np.sort(t), times, side="left").astype(float)
    any_cause, this = (_counts(t[mark], times) for mark in (e == 1, marks == of))
    before = np.concatenate(([1.0], np.cumprod(1 - any_cause / at_risk)[:-1]))
    incidence = np.cumsum(before * this / at_risk)
    se = np.sqrt(_variance(incidence, before, at_risk, any_cause, this))
    lower, upper = _limits(incidence, se, critical_value(level))
    columns = {"time": times, "incidence": incidence, "se": se, "lower": lower, "upper": upper}
    return pd.DataFrame({**columns, "at_risk": at_risk.astype(int), "events": this.astype(int)})


def _counts(times: Floats, at: Floats) -> Floats:
    """Number of `times` equal to each of the sorted `at`."""
    ordered = np.sort(times)
    return (np.searchsorted(ordered, at, side="right") - np.searchsorted(ordered, at, side="left")).astype(float)


def _variance(incidence: Floats, before: Floats, at_risk: Floats, any_cause: Floats, this: Floats) -> Floats:
    """Delta-method variance at each time; Marubini and Valsecchi, formula 10.12, with the sums written out."""
    left = at_risk - any_cause
    greenwood = np.divide(any_cause, at_risk * left, out=np.zeros_like(left), where=left > 0)
    cross = before * this / at_risk**2
    first = incidence**2 * np.cumsum(greenwood) - 2 * incidence * np.cumsum(greenwood * incidence)
    first += np.cumsum(greenwood * incidence**2)
    second = np.cumsum(before**2 * (at_risk - this) * this / at_risk**3)
    third = 2 * (incidence * np.cumsum(cross) - np.cumsum(cross * incidence))
    return np.maximum(first + second - third, 0.0)


def _limits(incidence: Floats, se: Floats, z: float) -> tuple[Floats, Floats]:
    """Confidence limits on the scale of log(-log(1 - F)); 0 and 1 where that scale is undefined."""
    lower, upper = np.zeros_like(incidence), np.where(incidence > 0, 1.0, 0.0)
    inner = (incidence > 0) & (incidence < 1)
    f = 1 - incidence[inner]
    half = z * se[inner] / (f * np.abs(np.log(f)))
    centre = np.log(-np.log(f))
    lower[inner], upper[inner] = (1 - np.exp(-np.exp(centre + side * half)) for side in (-1, 1))
    return lower, upper
