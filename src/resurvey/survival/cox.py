"""Cox proportional hazards model of one arm versus another, for one table or a stack of replicates."""

from __future__ import annotations

from dataclasses import dataclass
from math import exp
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtr

from resurvey import steady
from resurvey.errors import InputError, NotEstimable
from resurvey.steady import critical_value
from resurvey.survival.km import Floats
from resurvey.survival.risksets import RiskSets, risk_sets

Ties = Literal["efron", "breslow"]


@dataclass(frozen=True)
class CoxRatio:
    """Hazard ratio of the first arm versus the second from a Cox model.

    Attributes
    ----------
    log_hr, se : float
        Log hazard ratio and its standard error; negative: lower hazard in the first arm.
    hr, lower, upper : float
        Hazard ratio and its Wald confidence limits at `level`.
    p : float
        Two-sided Wald p.
    log_likelihood : float
        Log partial likelihood at the estimate.
    events : tuple of int
        Numbers of events in the first and the second arm.
    level : float
        Two-sided confidence level.
    ties : str
        How tied deaths are handled.
    """

    log_hr: float
    se: float
    hr: float
    lower: float
    upper: float
    p: float
    log_likelihood: float
    events: tuple[int, int]
    level: float = 0.95
    ties: str = "efron"

    @property
    def estimate(self) -> float:
        """The log hazard ratio, under the name that pooling and indirect comparison use."""
        return self.log_hr


def cox(
    time: ArrayLike,
    event: ArrayLike,
    first: ArrayLike,
    *,
    strata: ArrayLike | None = None,
    ties: Ties = "efron",
    level: float = 0.95,
) -> CoxRatio:
    """Estimate the hazard ratio of the first arm versus the second by Cox's partial likelihood.

    Parameters
    ----------
    time, event, first : (n,) array_like
        Follow-up times, event indicators (1, 0) and indicators of the first arm (1, 0).
    strata : (n,) array_like, optional
        Stratum of each patient; each stratum has its own baseline hazard.
    ties : {'efron', 'breslow'}
    level : float, default 0.95
        Two-sided level of the interval.

    Raises
    ------
    InputError
        If the vectors are not a table of two arms.
    NotEstimable
        If the estimate is 0, infinite or undefined; the message says which arm lacks events.

    References
    ----------
    .. [1] Cox, D. R. (1972). Journal of the Royal Statistical Society B 34, 187-220.
    .. [2] Efron, B. (1977). Journal of the American Statistical Association 72, 557-565.
    """
    check_level(level)
    sets = risk_sets(time, event, first, strata)
    log_hr, se = (float(part[0]) for part in stack_cox(sets, ties))
    events = (int((sets.death & sets.first).sum()), int((sets.death & ~sets.first).sum()))
    if not np.isfinite(se):
        raise NotEstimable(_why_not(log_hr, events))
    half = critical_value(level) * se
    loglik = float(_log_likelihood(sets, np.array([log_hr]), ties)[0])
    p = float(2 * ndtr(-abs(log_hr) / se))
    return CoxRatio(
        log_hr, se, exp(log_hr), exp(log_hr - half), exp(log_hr + half), p, loglik, events, float(level), ties
    )


def check_level(level: float) -> None:
    """Raise an error unless the confidence level is strictly between 0 and 1.

    Raises
    ------
    InputError
        If it is not strictly between 0 and 1.
    """
    if not 0 < level < 1:
        raise InputError(f"level must be strictly between 0 and 1 (0.95, not 95), found {level!r}")


def stack_cox(sets: RiskSets, ties: Ties = "efron", *, tolerance: float = 1e-12) -> tuple[Floats, Floats]:
    """Log hazard ratio and standard error of each replicate, each of shape (replicates,).

    Where the likelihood has no maximum, the log hazard ratio is -inf, inf or NaN and the standard error is infinite.
    Finds the same root as `log_ratio_of_sets`, which allows weights but takes up to three times as long: here each
    replicate is a row, and sums along rows need no index.
    """
    m1, m2 = efron_counts(sets, ties)
    deaths = (sets.death & sets.first).sum(axis=1)
    beta, information = np.zeros(len(deaths)), np.zeros(len(deaths))
    limit = _limits(sets, m1, m2, deaths)
    open_ = np.flatnonzero(np.isnan(limit[0]))
    m1, m2, deaths = m1[open_], m2[open_], deaths[open_]
    b = np.zeros(open_.size)
    for _ in range(100):
        share = _share(m1, m2, b)
        info = (share * (1 - share)).sum(axis=1)
        step = np.clip((deaths - share.sum(axis=1)) / info, -1.5, 1.5)
        b = b + step
        if not open_.size or np.abs(step).max() < tolerance:
            break
    share = _share(m1, m2, b)
    beta[:], information[:] = limit[1], 0.0
    beta[open_], information[open_] = b, (share * (1 - share)).sum(axis=1)
    with np.errstate(divide="ignore"):
        return beta, 1 / np.sqrt(information)


def efron_counts(sets: RiskSets, ties: Ties) -> tuple[Floats, Floats]:
    """Patients of each arm in the denominator for each death: the risk set, reduced within ties for Efron.

    Raises
    ------
    InputError
        If `ties` is neither "efron" nor "breslow".
    """
    if ties not in ("efron", "breslow"):
        raise InputError(f"ties must be 'efron' or 'breslow', found {ties!r}")
    part = np.zeros_like(sets.rank)
    if ties == "efron":
        part = np.divide(sets.rank, sets.d1 + sets.d2, out=part, where=sets.death)
    m1, m2 = np.where(sets.death, sets.n1 - part * sets.d1, 0.0), np.where(sets.death, sets.n2 - part * sets.d2, 0.0)
    return m1, m2


def _share(m1: Floats, m2: Floats, beta: Floats) -> Floats:
    """Probability that each death is in the first arm, at log hazard ratio `beta`."""
    hazard = m1 * steady.exp(beta)[:, None]
    total = hazard + m2
    return np.divide(hazard, total, out=np.zeros_like(total), where=total > 0)


def _limits(sets: RiskSets, m1: Floats, m2: Floats, deaths: Floats) -> tuple[Floats, Floats]:
    """Mark replicates without a finite estimate (1; NaN elsewhere), and give the limit of their log hazard ratio."""
    least = (sets.death & (m2 <= 0) & (m1 > 0)).sum(axis=1)
    most = (sets.death & (m1 > 0)).sum(axis=1)
    low, high = deaths == least, deaths == most
    limit = np.where(low & high, np.nan, np.where(low, -np.inf, np.inf))
    return np.where(low | high, 1.0, np.nan), limit


def _log_likelihood(sets: RiskSets, beta: Floats, ties: Ties) -> Floats:
    """Log partial likelihood of each replicate."""
    m1, m2 = efron_counts(sets, ties)
    total = np.where(sets.death, m1 * steady.exp(beta)[:, None] + m2, 1.0)
    return beta * (sets.death & sets.first).sum(axis=1) - np.log(total).sum(axis=1)


def _why_not(log_hr: float, events: tuple[int, int]) -> str:
    """Why the partial likelihood has no maximum, in words."""
    counts = f"events: {events[0]} in the first arm, {events[1]} in the second"
    if np.isnan(log_hr):
        return f"no event happens while both arms are at risk, so the hazard ratio is undetermined ({counts})"
    which, value = ("first", "0") if log_hr < 0 else ("second", "infinite")
    return (
        f"the {which} arm has no event while both arms are at risk, so the hazard ratio is {value} and has no "
        f"interval ({counts}); use the log-rank test or a difference of restricted means instead"
    )


def sums(place: NDArray[np.intp], values: Floats, size: int) -> Floats:
    """Sum of the values at each index."""
    return np.bincount(place, values, minlength=size).astype(float, copy=False)


def log_ratio_of_sets(
    a: Floats, b: Floats, weight: Floats, row: NDArray[np.intp], observed: Floats
) -> tuple[Floats, Floats, Floats]:
    """Solve the score equation of each weighted two-group table: log hazard ratio, expected shares and information.

    Newton's method with one parameter per table; the score is monotone, so steps only need to be limited in size.

    Parameters
    ----------
    a, b : (k,) ndarray
        Weight at risk in the first and the second group at each event.
    weight : (k,) ndarray
        Weight of each event.
    row : (k,) ndarray of int
        Table to which each event belongs.
    observed : (tables,) ndarray
        Total weight of the events in the first group.

    Raises
    ------
    NotEstimable
        If a ratio has no finite maximum.
    """
    beta = np.zeros(observed.size)
    for _ in range(100):
        hazard = a * np.exp(beta)[row]
        p = hazard / (hazard + b)
        score = observed - sums(row, weight * p, observed.size)
        information = sums(row, weight * p * (1 - p), observed.size)
        if np.any((information < 1e-12 * observed) | (np.abs(beta) > 30)):
            break
        step = score / information
        if np.all(np.abs(step) < 1e-12):
            return beta, p, information
        beta = beta + np.clip(np.where(np.abs(step) < 1e-12, 0.0, step), -2.0, 2.0)
    raise NotEstimable(
        "the hazard ratio has no finite maximum: the groups are never at risk together when events occur"
    )
