"""Weighted effects for population-adjusted comparisons: hazard, odds and risk ratios, risk and mean differences."""

from __future__ import annotations

from dataclasses import dataclass
from math import log, sqrt

import numpy as np
from numpy.typing import ArrayLike, NDArray

from resurvey.arrays import unmasked
from resurvey.errors import InputError, NotEstimable
from resurvey.survival import check_patients
from resurvey.survival.cox import log_ratio_of_sets, sums

Floats = NDArray[np.float64]
MEASURES = ("hr", "or", "rr", "rd", "md")


@dataclass(frozen=True)
class WeightedEffect:
    """Weighted effect of treated (1) versus not treated (0): estimate, model-based and robust standard errors."""

    estimate: float
    se_model: float
    se_robust: float


def weighted_cox(
    time: ArrayLike, event: ArrayLike, treated: ArrayLike, weights: ArrayLike | None = None
) -> WeightedEffect:
    """Weighted Cox log hazard ratio of one binary covariate: Efron's method for ties, robust (Lin-Wei) variance.

    Parameters
    ----------
    time, event, treated : (n,) array_like
        Times (non-negative), event indicators (1 event, 0 censored), group (1 versus 0).
    weights : (n,) array_like, optional
        Case weights, non-negative. Default 1.

    Raises
    ------
    InputError
        If an array is malformed.
    NotEstimable
        If a group is empty or has no events, or the likelihood has no finite maximum.

    References
    ----------
    .. [1] Efron, B. (1977). Journal of the American Statistical Association 72, 557-565.
    .. [2] Lin, D. Y. and Wei, L. J. (1989). Journal of the American Statistical Association 84, 1074-1078.
    """
    t, e = check_patients(time, event)
    z, w = check_groups(treated, weights, t.size)
    order = np.argsort(t, kind="stable")
    return cox_sorted(t[order], e[order], z[order], w[order])


def check_groups(treated: ArrayLike, weights: ArrayLike | None, n: int) -> tuple[Floats, Floats]:
    """Validate the group indicators and the weights, and return them as arrays of shape (n,).

    Raises
    ------
    InputError
        If there is not one group indicator (0 or 1) and one finite, non-negative weight for each patient.
    NotEstimable
        If a group has no patient with a weight above 0.
    """
    z = np.asarray(unmasked(treated, "treated"), dtype=float)
    w = np.ones(n) if weights is None else np.asarray(unmasked(weights, "weights"), dtype=float)
    if z.shape != (n,) or w.shape != (n,):
        raise InputError(f"treated and weights must have one value a patient ({n}), found {z.shape} and {w.shape}")
    if not np.all((z == 0) | (z == 1)):
        raise InputError(f"treated must be 0 or 1, found {z[(z != 0) & (z != 1)][0]}")
    if not np.all(np.isfinite(w)) or np.any(w < 0):
        raise InputError("weights must be finite and not negative")
    for group in (0, 1):
        if not np.any(w[z == group] > 0):
            raise NotEstimable(f"no patient with a weight above 0 has treated = {group}")
    return z, w


def cox_sorted(t: Floats, e: Floats, z: Floats, w: Floats) -> WeightedEffect:
    """`weighted_cox` for validated patients sorted by time."""
    beta, model, robust = (float(part[0]) for part in cox_stack(*(column[None, :] for column in (t, e, z, w))))
    return WeightedEffect(beta, model, robust)


def cox_stack(t: Floats, e: Floats, z: Floats, w: Floats) -> tuple[Floats, Floats, Floats]:
    """`weighted_cox` for many tables of patients at once: one table per row, each row sorted by time.

    Parameters
    ----------
    t, e, z, w : (tables, n) ndarray
        Times, event indicators, groups and weights; a patient with weight 0 is ignored.

    Returns
    -------
    tuple of ndarray, shape (tables,)
        Log hazard ratio, its model-based standard error and its robust standard error.

    Raises
    ------
    NotEstimable
        If in any table a group has no events or the likelihood has no finite maximum.
    """
    tables, n = t.shape
    e = np.where(w > 0, e, 0.0)
    new = np.ones(t.shape, dtype=bool)
    new[:, 1:] = t[:, 1:] != t[:, :-1]
    starts, tie = np.flatnonzero(new), np.cumsum(new) - 1  # distinct times are numbered consecutively across all tables
    at_risk = [np.cumsum(part[:, ::-1], axis=1)[:, ::-1].ravel()[starts] for part in (w * z, w * (1 - z))]
    dying = [sums(tie, part.ravel(), starts.size) for part in (w * e * z, w * e * (1 - z))]
    table = starts // n
    observed = [sums(table, part, tables) for part in dying]
    for empty in (1, 0):
        if np.any(observed[1 - empty] == 0):
            raise NotEstimable(
                f"no events among patients with treated = {empty}: the hazard ratio has no finite estimate"
            )
    deaths = np.bincount(tie, e.ravel()).astype(np.intp)
    rep = np.repeat(np.arange(starts.size), deaths)
    turn = np.arange(rep.size) - np.repeat(np.cumsum(deaths) - deaths, deaths)
    share = turn / deaths[rep]  # Efron: the risk set of the r-th of d tied deaths excludes r / d of the ties
    a, b = (risk[rep] - share * dead[rep] for risk, dead in zip(at_risk, dying, strict=True))
    mean_weight = (dying[0] + dying[1])[rep] / deaths[rep]
    row = table[rep]
    beta, p, information = log_ratio_of_sets(a, b, mean_weight, row, observed[0])
    hazard = mean_weight / (a * np.exp(beta[row]) + b)

    def running(part: Floats) -> Floats:
        """Cumulative sum within a table over the distinct times up to each patient's own."""
        total = np.cumsum(np.bincount(rep, part, minlength=deaths.size))
        before = np.concatenate(([0.0], total))[np.searchsorted(starts, np.arange(tables) * n)]
        return (total[tie].reshape(t.shape)) - before[:, None]

    def tied(part: Floats) -> Floats:
        return np.bincount(rep, share * part, minlength=deaths.size)[tie].reshape(t.shape)

    mean_p = (np.bincount(rep, p, minlength=deaths.size) / np.maximum(deaths, 1))[tie].reshape(t.shape)
    # Each patient's score residual (Lin and Wei), with Efron's fractions for deaths at tied times.
    expected = z * (running(hazard) - e * tied(hazard)) - (running(hazard * p) - e * tied(hazard * p))
    residual = e * (z - mean_p) - np.exp(beta[:, None] * z) * expected
    return beta, 1 / np.sqrt(information), np.sqrt(((w * residual) ** 2).sum(axis=1)) / information


def weighted_means(
    response: ArrayLike, treated: ArrayLike, weights: ArrayLike | None = None, *, measure: str = "or"
) -> WeightedEffect:
    """Weighted effect on a binary or continuous response: log odds ratio, log risk ratio, risk or mean difference.

    Parameters
    ----------
    response : (n,) array_like
        0/1 for "or", "rr" and "rd"; any number for "md".
    treated, weights : as in `weighted_cox`
    measure : {"or", "rr", "rd", "md"}

    Returns
    -------
    WeightedEffect
        The robust standard error has the HC3 correction (residuals divided by 1 - leverage).

    Raises
    ------
    InputError, NotEstimable
        If an array is malformed; if all or none of a group respond, so that a log ratio is infinite.

    References
    ----------
    .. [1] MacKinnon, J. G. and White, H. (1985). Journal of Econometrics 29, 305-325 (HC3).
    """
    y = np.asarray(unmasked(response, "response"), dtype=float)
    if y.ndim != 1 or y.size == 0 or not np.all(np.isfinite(y)):
        raise InputError("response must be a vector of finite numbers")
    z, w = check_groups(treated, weights, y.size)
    if measure not in ("or", "rr", "rd", "md"):
        raise InputError(f"measure must be or, rr, rd or md, found {measure!r}")
    if measure != "md" and not np.all((y == 0) | (y == 1)):
        raise InputError(f"response must be 0 or 1 for {measure}, found {y[(y != 0) & (y != 1)][0]}")
    return means_effect(y, z, w, measure)


def means_effect(y: Floats, z: Floats, w: Floats, measure: str) -> WeightedEffect:
    """`weighted_means` for validated responses."""
    values, model, robust = [], 0.0, 0.0
    for group in (1, 0):
        part = z == group
        value, own_model, own_robust = _one_mean(y[part], w[part], measure, group)
        values.append(value)
        model, robust = model + own_model, robust + own_robust
    return WeightedEffect(values[0] - values[1], sqrt(model), sqrt(robust))


def _one_mean(y: Floats, w: Floats, measure: str, group: int) -> tuple[float, float, float]:
    """Transformed mean of one group, with its model-based and robust variances."""
    total = w.sum()
    mean = float(w @ y / total)
    leverage = np.minimum(w / total, 1 - 1e-12)
    robust = float(np.sum((w * (y - mean) / (1 - leverage)) ** 2)) / total**2
    if measure == "md":
        return mean, float(w @ (y - mean) ** 2 / max(total - 1, 1e-12)) / total, robust
    if measure == "rd":
        return mean, mean * (1 - mean) / total, robust
    if not 0 < mean < 1:
        kind = "odds" if measure == "or" else "risk"
        raise NotEstimable(
            f"treated = {group}: all or no patients respond, so the {kind} ratio is 0 or infinite; use rd"
        )
    slope = 1 / (mean * (1 - mean)) if measure == "or" else 1 / mean
    value = log(mean / (1 - mean)) if measure == "or" else log(mean)
    return value, mean * (1 - mean) / total * slope**2, robust * slope**2
