"""Data for the figures of a design: operating characteristics, events over time, and the map of alpha and power."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from resurvey.arrays import unmasked
from resurvey.design import arguments
from resurvey.design.binomial import quantiles
from resurvey.design.claim import DesignClaim
from resurvey.design.course import Course, event_probability
from resurvey.design.equation import power_at, required_size
from resurvey.design.methods import METHODS, find_method
from resurvey.design.simulate import rejection_rates, simulate_trials
from resurvey.design.single import size_from_events
from resurvey.errors import InputError

# The test that each formula plans, by its name in `simulate.TESTS`.
TEST_OF = {
    "log_hazard": "log_hazard",
    "hazard_both": "hazard_null",
    "median_both": "median",
    "square_root": "square_root",
    "cube_root": "cube_root",
    "exact_chi_square": "exact_chi_square",
    "wu": "one_sample_log_rank",
}


def _events(claim: DesignClaim) -> int:
    if claim.events is None:
        raise InputError("the claim needs events: the curves are drawn for that many")
    return claim.events


def _grid(name: str, values: ArrayLike) -> list[float]:
    grid = np.atleast_1d(np.asarray(unmasked(values, name), dtype=float))
    if grid.size == 0:
        raise InputError(f"{name} is empty")
    return [arguments.positive(f"a value of {name}", value) for value in grid.tolist()]


def operating_characteristics(
    claim: DesignClaim,
    medians: ArrayLike,
    *,
    methods: tuple[str, ...] = tuple(TEST_OF),
    sides: tuple[int, ...] = (1, 2),
) -> pd.DataFrame:
    """Power of a trial with the claimed events as a function of the true median, by formula.

    Parameters
    ----------
    claim : DesignClaim
        With `events`. A formula that counts patients uses the number that gives these events under the alternative.
    medians : (k,) array_like
        True medians; at the null median the power is the nominal level of the formula.
    methods, sides : tuple

    Returns
    -------
    DataFrame
        method, label, sides, true_median, power.
    """
    grid, events = _grid("medians", medians), _events(claim)
    plan = claim.plan()
    longer = claim.alternative_median > claim.null_median
    rows = []
    for method in (find_method(name) for name in methods):
        size = size_from_events(method, plan, events)
        for side in sides:
            for median in grid:
                setting = replace(plan.setting, alternative_median=median)
                power = _signed_power(method, setting, size, claim.alpha, side, longer)
                rows.append((method.name, method.label, side, median, power))
    return pd.DataFrame(rows, columns=["method", "label", "sides", "true_median", "power"])


def _signed_power(method, setting, size: float, alpha: float, sides: int, longer: bool) -> float:
    """Power in the direction of the design, also for true medians on the other side of the null."""
    from scipy.special import ndtr, ndtri

    if np.isclose(setting.alternative_median, setting.null_median, rtol=1e-9):
        return alpha / sides
    if (setting.alternative_median > setting.null_median) == longer:
        return power_at(method, setting, size, alpha=alpha, sides=sides)
    if method.effect is None:
        return _wrong_side_exact(method, setting, size, alpha / sides, longer)
    effect = method.effect(setting)
    z = -abs(effect.shift) * np.sqrt(size) + float(ndtri(alpha / sides)) * effect.sd_null
    return float(ndtr(z / effect.sd_alternative))


def _wrong_side_exact(method, setting, size: float, tail: float, longer: bool) -> float:
    """Power of the exact chi-square test in the planned direction if the true median is on the other side."""
    from scipy.special import gammainc, gammaincc, gammainccinv, gammaincinv

    ratio = setting.hazard_ratio
    if longer:
        return float(gammaincc(size, ratio * gammainccinv(size, tail)))
    return float(gammainc(size, ratio * gammaincinv(size, tail)))


def simulated_characteristics(
    claim: DesignClaim,
    medians: ArrayLike,
    rng: np.random.Generator,
    *,
    trials: int = 20_000,
    patients: int | None = None,
    sides: tuple[int, ...] = (1, 2),
) -> pd.DataFrame:
    """Simulated power of every test at the claimed number of events, with Monte-Carlo error.

    Parameters
    ----------
    claim : DesignClaim
        With `events`; the claimed number of patients is used unless `patients` is given.
    medians : (k,) array_like
        True medians.
    rng : numpy.random.Generator
    trials, patients, sides : int, int, tuple

    Returns
    -------
    DataFrame
        method (the formula that plans the test), test, sides, true_median, power, monte_carlo_se, lower, upper,
        trials. The analysis is at the claimed number of events; entry is uniform over the printed enrolment period,
        without dropout.

    Raises
    ------
    InputError
        If the claim has no number of patients.
    """
    size = patients if patients is not None else claim.patients
    if size is None:
        raise InputError("give patients: the claim has none to simulate")
    plan = claim.plan(dropout_reading="none")
    assert plan.setting.course is not None
    rows = []
    for median in _grid("medians", medians):
        drawn = simulate_trials(
            rng,
            trials=trials,
            patients=size,
            median=median,
            null_median=claim.null_median,
            shape=claim.shape,
            accrual=plan.setting.course.accrual,
            at_events=_events(claim),
        )
        for side in sides:
            longer = claim.alternative_median > claim.null_median
            rates = rejection_rates(drawn, alpha=claim.alpha, sides=side, tests=TEST_OF.values(), longer=longer)
            rows.append(rates.assign(method=list(TEST_OF), sides=side, true_median=median))
    table = pd.concat(rows, ignore_index=True).rename(columns={"rejection": "power"})
    columns = ["method", "test", "sides", "true_median", "power", "monte_carlo_se", "lower", "upper", "trials"]
    return table[columns]


def events_by_time(
    course: Course,
    patients: int,
    medians: dict[str, float],
    times: ArrayLike,
    *,
    shape: float = 1.0,
    ci_level: float = 0.95,
) -> pd.DataFrame:
    """Expected events by calendar time, with a prediction interval for the count in one trial.

    Parameters
    ----------
    course : Course
        Entry, dropout and maximum follow-up; its end is not used.
    patients : int
    medians : dict of str to float
        Name of each curve (null, alternative, observed) and its median.
    times : (k,) array_like
        Calendar times from the first entry, 0 or more.

    Returns
    -------
    DataFrame
        hypothesis, median, time, expected_events, lower, upper (binomial quantiles), entered (patients so far).
    """
    patients = arguments.whole("patients", patients)
    arguments.proportion("ci_level", ci_level)
    at = [
        arguments.not_negative("a value of times", t)
        for t in np.atleast_1d(np.asarray(unmasked(times, "times"), float)).tolist()
    ]
    rows = []
    for name, median in medians.items():
        probability = np.array([event_probability(course, median, shape=shape, at=t) for t in at])
        low, high = (quantiles(q, patients, probability) for q in ((1 - ci_level) / 2, (1 + ci_level) / 2))
        rows.append(
            pd.DataFrame(
                {
                    "hypothesis": name,
                    "median": median,
                    "time": at,
                    "expected_events": patients * probability,
                    "lower": low,
                    "upper": high,
                    "entered": patients * course.accrual.entered(at),
                }
            )
        )
    return pd.concat(rows, ignore_index=True)


def alpha_power_map(
    claim: DesignClaim, alphas: ArrayLike, powers: ArrayLike, *, method: str = "log_hazard", sides: int = 1
) -> pd.DataFrame:
    """Events needed over a grid of alpha and power.

    Returns
    -------
    DataFrame
        method, sides, alpha, power, events_raw; one row per pair with power above alpha.
    """
    chosen, plan = find_method(method), claim.plan()
    factor = 1.0 if chosen.unit == "events" else plan.event_probability
    rows = []
    for alpha in _grid("alphas", alphas):
        arguments.errors_and_sides(alpha, None, sides)
        for power in _grid("powers", powers):
            if arguments.proportion("power", power) > alpha:
                size = required_size(chosen, plan.setting, alpha=alpha, power=power, sides=sides)
                rows.append((chosen.name, sides, alpha, power, size * factor))
    return pd.DataFrame(rows, columns=["method", "sides", "alpha", "power", "events_raw"])


def alpha_power_contour(
    claim: DesignClaim, alphas: ArrayLike, *, methods: tuple[str, ...] = tuple(METHODS), sides: int = 1
) -> pd.DataFrame:
    """For each alpha, the power for which exactly the claimed events are needed.

    Returns
    -------
    DataFrame
        method, label, sides, alpha, power.
    """
    plan, events = claim.plan(), _events(claim)
    rows = []
    for method in (find_method(name) for name in methods):
        size = size_from_events(method, plan, events)
        for alpha in _grid("alphas", alphas):
            arguments.errors_and_sides(alpha, None, sides)
            power = power_at(method, plan.setting, size, alpha=alpha, sides=sides)
            rows.append((method.name, method.label, sides, alpha, power))
    return pd.DataFrame(rows, columns=["method", "label", "sides", "alpha", "power"])
