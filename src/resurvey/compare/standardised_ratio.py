"""An unanchored marginal hazard ratio: one arm standardised to the population of the other study."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from resurvey.arrays import MOST_REPLICATES, check_count
from resurvey.compare.estimates import Estimate, check_level, interval
from resurvey.compare.outcome_models import covariates, cox_fit, survival_columns
from resurvey.compare.standardise import efron_baseline
from resurvey.errors import NotEstimable
from resurvey.survival import KaplanMeier, kaplan_meier
from resurvey.survival.cox import log_ratio_of_sets

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class _Arm:
    """Checked patients with covariates, and the population to which they are standardised."""

    time: Floats
    event: Floats
    x: Floats
    target: Floats
    names: list[str]


def standardised_hazard_ratio(
    patients: pd.DataFrame,
    population: pd.DataFrame,
    comparator: pd.DataFrame,
    *,
    replicates: int = 200,
    rng: np.random.Generator | None = None,
    level: float = 0.95,
) -> Estimate:
    r"""Marginal hazard ratio of one arm, standardised to a target population, against patients from that population.

    Estimand: the log hazard ratio in a Cox model if all members of `population` were treated as `patients` were,
    against `comparator`, with the comparator's follow-up. A Cox model of the covariates gives every member a survival
    curve; their mean S(t) represents a large arm in which the proportion uncensored at t is that of the comparator.
    The score :math:`\sum_t dN_1 - (dN_1 + dN_0) Y_1 e^\beta / (Y_1 e^\beta + Y_0)` is solved with
    :math:`dN_1 = Y_1 d\Lambda_1`. Without a common comparator the estimate is not protected
    against confounding by unmeasured factors.

    Parameters
    ----------
    patients : DataFrame
        time, event and the covariates of `population`, for the patients of one arm.
    population : DataFrame, shape (m, p)
        Covariates of the comparator's population: its patients, or draws (`simulate_population`).
    comparator : DataFrame
        time and event of the other arm (given or rebuilt).
    replicates : int, default 200
        Number of bootstrap samples of both arms for the standard error.
    rng : numpy.random.Generator, optional
        By default with a fixed seed.
    level : float

    Returns
    -------
    Estimate
        Log hazard ratio, `patients` against `comparator`.

    Raises
    ------
    InputError
        If a table is malformed, or there are fewer than 50 bootstrap samples.
    NotEstimable
        If the Cox model does not converge, the ratio is not finite, or more than 10 % of the bootstrap samples fail.

    References
    ----------
    .. [1] Remiro-Azócar, A., Heath, A. and Baio, G. (2022). Research Synthesis Methods 13, 716-744.
    .. [2] Struthers, C. A. and Kalbfleisch, J. D. (1986). Biometrika 73, 363-369 (the limit of Cox's estimate).
    """
    check_level(level)
    check_count("replicates", replicates, 50, MOST_REPLICATES)
    names = list(population.columns)
    arm = _Arm(
        *survival_columns(patients, "patients"),
        covariates(patients, names, "patients"),
        covariates(population, names, "population"),
        names,
    )
    other = survival_columns(comparator, "comparator")
    estimate = _ratio(arm, *other)
    rng = np.random.default_rng(20_240_229) if rng is None else rng
    made = [_drawn(arm, other, rng) for _ in range(replicates)]
    usable = np.array([value for value in made if value is not None])
    if usable.size < 0.9 * replicates:
        raise NotEstimable(f"{replicates - usable.size} of {replicates} bootstrap samples have no finite ratio")
    return interval(estimate, float(usable.std(ddof=1)), level=level, label="standardised, marginal")


def _drawn(arm: _Arm, other: tuple[Floats, Floats], rng: np.random.Generator) -> float | None:
    """The log ratio in one bootstrap sample of both arms; None where it is not finite."""
    own = rng.integers(arm.time.size, size=arm.time.size)
    theirs = rng.integers(other[0].size, size=other[0].size)
    sample = _Arm(arm.time[own], arm.event[own], arm.x[own], arm.target, arm.names)
    try:
        return _ratio(sample, other[0][theirs], other[1][theirs])
    except NotEstimable:
        return None


def _ratio(arm: _Arm, time: Floats, event: Floats) -> float:
    """Log hazard ratio of the standardised arm against the comparator's patients."""
    frame = pd.DataFrame(arm.x, columns=arm.names).assign(time=arm.time, event=arm.event)
    centre = arm.x.mean(axis=0)
    beta = cox_fit(frame, arm.names).params_[arm.names].to_numpy()
    steps, cumulative = efron_baseline(arm.time, arm.event, (arm.x - centre) @ beta)
    relative = np.exp((arm.target - centre) @ beta)
    survival = np.exp(-cumulative[:, None] * relative).mean(axis=1)
    end = min(float(arm.time.max()), float(time.max()))
    known = steps <= end
    hazard = -np.diff(np.log(np.concatenate(([1.0], survival[known]))))
    followed = kaplan_meier(time, 1 - event)  # the comparator's censoring
    before = np.concatenate(([1.0], survival[known]))[:-1]
    weight = time.size * before * followed.at(np.nextafter(steps[known], 0))
    own = _Events(steps[known], weight * (1 - np.exp(-hazard)))
    return _solved(own, _comparator_events(time, event, end), (steps, survival), followed, time)


@dataclass(frozen=True)
class _Events:
    """Times and (expected) numbers of events."""

    time: Floats
    number: Floats


def _comparator_events(time: Floats, event: Floats, end: float) -> _Events:
    at, number = np.unique(time[(event > 0) & (time <= end)], return_counts=True)
    return _Events(at, number.astype(float))


def _solved(own: _Events, theirs: _Events, curve: tuple[Floats, Floats], followed: KaplanMeier, time: Floats) -> float:
    """Root of the score in the log ratio, by Newton's method."""
    if not own.number.sum() > 0 or not theirs.number.sum() > 0:
        raise NotEstimable("an arm has no event while both are followed: the ratio is not finite")
    at = np.concatenate((own.time, theirs.time))
    events = np.concatenate((own.number, theirs.number))
    standing = np.concatenate(([1.0], curve[1]))[np.searchsorted(curve[0], at, side="left")]
    still = followed.at(np.nextafter(at, 0))
    first = time.size * standing * still
    order = np.sort(time)
    second = time.size - np.searchsorted(order, at, side="left").astype(float)
    inside = (first > 0) & (second > 0)
    first, second, events = first[inside], second[inside], events[inside]
    observed = np.concatenate((own.number, np.zeros(theirs.time.size)))[inside].sum(keepdims=True)
    found, _, _ = log_ratio_of_sets(first, second, events, np.zeros(events.size, dtype=np.intp), observed)
    return float(found[0])
