r"""Kaplan-Meier, log-rank and Cox methods for delayed entry, weights and several intervals per patient.

A row is a weighted interval (entry, time] in which a patient is at risk; a patient may have several rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy.special import chdtrc, ndtr

from resurvey.arrays import unmasked
from resurvey.errors import InputError, NotEstimable
from resurvey.steady import critical_value
from resurvey.survival.cox import Ties, check_level
from resurvey.survival.km import Floats, check_patients

STEPS = 50


@dataclass(frozen=True)
class AtRisk:
    """Validated intervals at risk.

    Attributes
    ----------
    entry, time, event, weight : (n,) ndarray
        A row is at risk after `entry` and up to and including `time`.
    """

    entry: Floats
    time: Floats
    event: Floats
    weight: Floats


def at_risk_rows(
    time: ArrayLike, event: ArrayLike, entry: ArrayLike | None = None, weights: ArrayLike | None = None
) -> AtRisk:
    """Validate patient rows and return them as `AtRisk`.

    Raises
    ------
    InputError
        If vectors differ in length, an entry is not before its time, or a weight is not above 0.
    """
    t, e = check_patients(time, event)
    parts = []
    for name, given, usual in (("entry", entry, 0.0), ("weights", weights, 1.0)):
        values = np.full(t.size, usual) if given is None else np.asarray(unmasked(given, name), dtype=float)
        if values.shape != t.shape or not np.all(np.isfinite(values)):
            raise InputError(
                f"{name} must be {t.size} finite numbers, one for each patient; found shape {values.shape}"
            )
        parts.append(values)
    late = np.flatnonzero((parts[0] >= t) & ~((t == 0) & (parts[0] == 0)))
    if late.size:
        row = int(late[0])
        raise InputError(f"row {row}: entry {parts[0][row]:g} must be before its time {t[row]:g}")
    light = np.flatnonzero(parts[1] <= 0)
    if light.size:
        raise InputError(f"row {int(light[0])}: a weight must be above 0, found {parts[1][light[0]]:g}")
    return AtRisk(parts[0], t, e, parts[1])


def _sums(rows: AtRisk, at: Floats, values: Floats) -> Floats:
    """Sum of `values` over the rows at risk at each of the sorted times `at`."""
    order, back = np.argsort(rows.entry, kind="stable"), np.argsort(rows.time, kind="stable")
    zero = np.zeros((1, *values.shape[1:]))
    entered = np.concatenate((zero, np.cumsum(values[order], axis=0)))
    left = np.concatenate((zero, np.cumsum(values[back], axis=0)))
    # at time 0 everyone who enters at 0 is at risk
    inside = np.searchsorted(rows.entry[order], at, side="left")
    inside = np.where(at <= 0, np.searchsorted(rows.entry[order], at, side="right"), inside)
    summed: Floats = entered[inside] - left[np.searchsorted(rows.time[back], at, side="left")]
    return summed


def kaplan_meier_late(
    time: ArrayLike, event: ArrayLike, *, entry: ArrayLike | None = None, weights: ArrayLike | None = None,
    level: float = 0.95,
) -> pd.DataFrame:  # fmt: skip
    """Product-limit curve with delayed entry and weights.

    Survival is conditional on being alive at the first entry. Standard errors are Greenwood's with weighted counts,
    which is valid for frequency weights; confidence limits are on the log-log scale.

    Returns
    -------
    DataFrame
        time, at_risk, events, survival, se, lower, upper: one row per event time.

    Raises
    ------
    InputError
        As `at_risk_rows`.
    NotEstimable
        If there is no event.

    References
    ----------
    .. [1] Tsai, W.-Y., Jewell, N. P. and Wang, M.-C. (1987). Biometrika 74, 883-886.
    """
    check_level(level)
    rows = at_risk_rows(time, event, entry, weights)
    at = np.unique(rows.time[rows.event == 1])
    if not at.size:
        raise NotEstimable("nobody has an event")
    risk = _sums(rows, at, rows.weight)
    died = _deaths(rows, at, rows.weight)
    survival = np.cumprod(np.maximum(1 - died / risk, 0.0))
    left = risk - died
    greenwood = np.cumsum(np.divide(died, risk * left, out=np.zeros_like(died), where=left > 1e-12 * risk))
    se = survival * np.sqrt(greenwood)
    inner = (survival > 0) & (survival < 1)
    lower, upper = np.where(survival >= 1, 1.0, 0.0), np.where(survival > 0, 1.0, 0.0)
    log_s = np.log(survival[inner])
    half = critical_value(level) * np.sqrt(greenwood[inner]) / -log_s
    lower[inner], upper[inner] = np.exp(log_s * np.exp(half)), np.exp(log_s * np.exp(-half))
    return pd.DataFrame({"time": at, "at_risk": risk, "events": died, "survival": survival, "se": se,
                         "lower": lower, "upper": upper})  # fmt: skip


def _deaths(rows: AtRisk, at: Floats, values: Floats) -> Floats:
    """Sum of values over the rows with an event at each of the sorted times."""
    dead = rows.event == 1
    summed = np.zeros((at.size, *values.shape[1:]))
    np.add.at(summed, np.searchsorted(at, rows.time[dead]), values[dead])
    return summed


@dataclass(frozen=True)
class CountingCox:
    """Result of a Cox regression on intervals at risk.

    Attributes
    ----------
    coefficients : DataFrame
        covariate, log_hr, se (robust where weights are not counts, or patients have several rows), naive_se, hr, lower,
        upper, p.
    covariance, naive : (p, p) ndarray
        Covariance from which `se` is taken, and the inverse information.
    log_likelihood : float
    score_test, df, p : float
        Score test that all coefficients are 0, with the information at 0; for a single arm indicator, the log-rank
        test.
    robust : bool
    """

    coefficients: pd.DataFrame
    covariance: Floats
    naive: Floats
    log_likelihood: float
    score_test: float
    df: int
    p: float
    robust: bool


def cox_counting(
    rows: AtRisk,
    covariates: ArrayLike,
    names: Sequence[str],
    *,
    patient: ArrayLike | None = None,
    robust: bool | None = None,
    ties: Ties = "efron",
    level: float = 0.95,
) -> CountingCox:
    """Fit a Cox regression to weighted intervals at risk.

    Parameters
    ----------
    rows : AtRisk
    covariates : (n, p) array_like
    names : sequence of str
    patient : array_like, optional
        Patient identifier of each row, for robust standard errors; by default each row is a patient.
    robust : bool, optional
        Use sandwich standard errors; by default if any weight is not a whole number, or a patient has several rows.
    ties : {"efron", "breslow"}
    level : float, default 0.95

    Raises
    ------
    InputError
        If the covariates are not numeric, do not have one row per interval, or `ties` is unknown.
    NotEstimable
        If the partial likelihood has no maximum.

    References
    ----------
    .. [1] Andersen, P. K. and Gill, R. D. (1982). Annals of Statistics 10, 1100-1120.
    .. [2] Binder, D. A. (1992). Biometrika 79, 139-147 (weights).
    .. [3] Lin, D. Y. and Wei, L. J. (1989). JASA 84, 1074-1078 (robust covariance).
    """
    check_level(level)
    x = _covariates(covariates, rows.time.size, names)
    if ties not in ("efron", "breslow"):
        raise InputError(f"ties must be 'efron' or 'breslow', found {ties!r}")
    if not np.any(rows.event == 1):
        raise NotEstimable("nobody has an event")
    centred = x - np.average(x, axis=0, weights=rows.weight)
    beta = np.zeros(x.shape[1])
    value, gradient, information = _partial(rows, centred, beta, ties)
    if np.linalg.eigvalsh(information)[0] <= 1e-10 * max(float(np.trace(information)), 1e-300):
        raise NotEstimable(f"{', '.join(names)}: a covariate does not vary among patients at risk, or others imply it")
    test = float(gradient @ np.linalg.solve(information, gradient))
    for _ in range(STEPS):
        step = np.linalg.solve(information, gradient)
        if float(gradient @ step) < 1e-18:
            break
        share, tried = 1.0, _partial(rows, centred, beta + step, ties)
        while tried[0] < value - 1e-12 * abs(value) and share > 1e-6:
            share /= 2
            tried = _partial(rows, centred, beta + share * step, ties)
        beta = beta + share * step
        value, gradient, information = tried
        size = np.linalg.eigvalsh(information)
        if size[0] <= 1e-9 * max(size[-1], 1e-300) or np.abs(beta * np.std(centred, axis=0)).max() > 25:
            raise NotEstimable(
                f"{', '.join(names)}: the partial likelihood has no maximum; a covariate separates patients with "
                "events from those without"
            )
    naive: Floats = np.linalg.inv(information).astype(np.float64)
    several = patient is not None and len(np.unique(np.asarray(unmasked(patient, "patient")))) < rows.time.size
    sandwich = bool(several or np.any(rows.weight % 1 != 0)) if robust is None else robust
    covariance = naive
    if sandwich:
        who = (
            np.arange(rows.time.size)
            if patient is None
            else np.unique(np.asarray(unmasked(patient, "patient")), return_inverse=True)[1]
        )
        moved = _residuals(rows, centred, beta, ties) * rows.weight[:, None] @ naive
        summed = np.zeros((int(who.max()) + 1, x.shape[1]))
        np.add.at(summed, who, moved)
        covariance = summed.T @ summed
    table = _table(names, beta, covariance, naive, level)
    return CountingCox(table, covariance, naive, value, test, beta.size, float(chdtrc(beta.size, test)), sandwich)


def _covariates(covariates: ArrayLike, size: int, names: Sequence[str]) -> Floats:
    x = np.asarray(unmasked(covariates, "covariates"), dtype=float)
    x = x[:, None] if x.ndim == 1 else x
    if x.shape != (size, len(names)) or not np.all(np.isfinite(x)):
        raise InputError(f"covariates must be finite numbers of shape ({size}, {len(names)}), found {x.shape}")
    return x


def _table(names: Sequence[str], beta: Floats, covariance: Floats, naive: Floats, level: float) -> pd.DataFrame:
    z, rows = critical_value(level), []
    for i, name in enumerate(names):
        se = sqrt(covariance[i, i])
        limits = np.exp(beta[i] + z * se * np.array([0, -1, 1]))
        rows.append({
            "covariate": name, "log_hr": float(beta[i]), "se": se, "naive_se": sqrt(naive[i, i]), "hr": limits[0],
            "lower": limits[1], "upper": limits[2], "p": float(2 * ndtr(-abs(beta[i]) / se)),
        })  # fmt: skip
    return pd.DataFrame(rows)


@dataclass(frozen=True)
class _Sums:
    """Weighted sums over the risk set at each death (reduced within ties for Efron), and the weights of the deaths."""

    place: np.ndarray
    part: Floats
    weight: Floats
    s0: Floats
    s1: Floats
    s2: Floats


def _risk_sums(rows: AtRisk, x: Floats, beta: Floats, ties: str) -> _Sums:
    at, start, count = np.unique(np.sort(rows.time[rows.event == 1]), return_index=True, return_counts=True)
    hazard = rows.weight * np.exp(np.clip(x @ beta, -300.0, 300.0))
    pairs = (x[:, :, None] * x[:, None, :]).reshape(x.shape[0], -1)
    wide = np.column_stack((np.ones(x.shape[0]), x, pairs)) * hazard[:, None]
    risk, tied = _sums(rows, at, wide), _deaths(rows, at, wide)
    place = np.repeat(np.arange(at.size), count)
    part = (np.arange(place.size) - start[place]) / count[place] if ties == "efron" else np.zeros(place.size)
    sums = risk[place] - part[:, None] * tied[place]
    # the weight of a tie is shared equally among its deaths
    weight = _deaths(rows, at, rows.weight)[place] / count[place]
    p = x.shape[1]
    return _Sums(place, part, weight, sums[:, 0], sums[:, 1 : p + 1], sums[:, p + 1 :].reshape(-1, p, p))


def _partial(rows: AtRisk, x: Floats, beta: Floats, ties: str) -> tuple[float, Floats, Floats]:
    """Log partial likelihood, its gradient and information."""
    sums, dead = _risk_sums(rows, x, beta, ties), rows.event == 1
    mean = sums.s1 / sums.s0[:, None]
    observed = rows.weight[dead] @ x[dead]
    value = float(observed @ beta - sums.weight @ np.log(sums.s0))
    spread = sums.s2 / sums.s0[:, None, None] - mean[:, :, None] * mean[:, None, :]
    return value, observed - sums.weight @ mean, np.tensordot(sums.weight, spread, axes=1)


def _residuals(rows: AtRisk, x: Floats, beta: Floats, ties: str) -> Floats:
    """Score residual of each row, without its weight."""
    sums = _risk_sums(rows, x, beta, ties)
    at = np.unique(rows.time[rows.event == 1])
    mean = sums.s1 / sums.s0[:, None]
    steps = sums.weight / sums.s0
    size = (at.size,)
    whole, whole_mean = np.zeros(size), np.zeros((*size, x.shape[1]))
    ours, ours_mean, centre = np.zeros(size), np.zeros((*size, x.shape[1])), np.zeros((*size, x.shape[1]))
    np.add.at(whole, sums.place, steps)
    np.add.at(whole_mean, sums.place, steps[:, None] * mean)
    np.add.at(ours, sums.place, steps * (1 - sums.part))  # tied deaths count as partly at risk
    np.add.at(ours_mean, sums.place, (steps * (1 - sums.part))[:, None] * mean)
    count = np.bincount(sums.place, minlength=at.size)
    np.add.at(centre, sums.place, mean / count[sums.place][:, None])
    dead = rows.event == 1
    first = np.searchsorted(at, rows.entry, side="right")
    first = np.where(rows.entry <= 0, 0, first)
    last = np.searchsorted(at, rows.time, side="right")
    total, total_mean = _between(whole, first, last), _between(whole_mean, first, last)
    own = np.minimum(np.searchsorted(at, rows.time), at.size - 1)
    total = total - np.where(dead, whole[own] - ours[own], 0.0)
    total_mean = total_mean - np.where(dead[:, None], whole_mean[own] - ours_mean[own], 0.0)
    hazard = np.exp(x @ beta)
    residual = np.where(dead[:, None], x - centre[own], 0.0)
    residuals: Floats = residual - hazard[:, None] * (x * total[:, None] - total_mean)
    return residuals


def _between(values: Floats, first: np.ndarray, last: np.ndarray) -> Floats:
    """Sums of `values` from index `first` up to, but not including, `last`."""
    running = np.concatenate((np.zeros((1, *values.shape[1:])), np.cumsum(values, axis=0)))
    summed: Floats = running[last] - running[np.minimum(first, last)]
    return summed


def logrank_late(
    time: ArrayLike, event: ArrayLike, first: ArrayLike, *, entry: ArrayLike | None = None,
    weights: ArrayLike | None = None,
) -> tuple[float, float]:  # fmt: skip
    """Log-rank z (first arm versus second) and two-sided p, with delayed entry and frequency weights.

    Raises
    ------
    InputError
        As for `at_risk_rows`, and if there are not two arms.
    NotEstimable
        If the variance of the test is 0.

    References
    ----------
    .. [1] Mantel, N. (1966). Cancer Chemotherapy Reports 50, 163-170 (hypergeometric variance at ties).
    """
    rows = at_risk_rows(time, event, entry, weights)
    mark = np.asarray(unmasked(first, "first"), dtype=float)
    if mark.shape != rows.time.shape or set(np.unique(mark)) != {0.0, 1.0}:
        raise InputError("first must be a vector of 0 and 1, with patients in both arms")
    at = np.unique(rows.time[rows.event == 1])
    both = np.column_stack((rows.weight, rows.weight * mark))
    (n, n1), (d, d1) = _sums(rows, at, both).T, _deaths(rows, at, both).T
    share = n1 / n
    variance = np.divide(d * share * (1 - share) * (n - d), n - 1, out=np.zeros_like(d), where=n > 1)
    if not variance.sum() > 0:
        raise NotEstimable("no event happens while both arms are at risk")
    z = float((d1 - d * share).sum() / np.sqrt(variance.sum()))
    return z, float(2 * ndtr(-abs(z)))
