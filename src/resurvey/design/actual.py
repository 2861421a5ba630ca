"""Actual level and power of the test at a planned sample size, exact where available, otherwise simulated.

The formulas are approximations. `power_at` gives their nominal power; this module gives the level and power of the test
that a formula plans, applied to data from the exponential (or Weibull) trial it is planned for.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from resurvey.design.binomial import binomial_critical, upper_tail
from resurvey.design.course import Course
from resurvey.design.methods import Method, Setting, exact_binomial_power
from resurvey.design.simulate import rejection_rates, simulate_trials
from resurvey.seeds import generator

TRIALS = 20_000
SEED = 20_011_982

# Reject when, after d events, the null cumulative hazard E is at least this (longer median; shorter: at most, with -z).
CRITICAL: dict[str, Callable[[float, float], float]] = {
    "log_hazard": lambda d, z: d * math.exp(z / math.sqrt(d)),
    "hazard_null": lambda d, z: _over(d, 1 - z / math.sqrt(d), 1),
    "median": lambda d, z: d * (1 + z / math.sqrt(d)),
    "square_root": lambda d, z: _over(d, 1 - z / (2 * math.sqrt(d)), 2),
    "cube_root": lambda d, z: _over(d, 1 - z / (3 * math.sqrt(d)), 3),
    "cube_root_median": lambda d, z: d * max(1 + z / (3 * math.sqrt(d)), 0.0) ** 3,
}
# The test that each formula plans.
TEST_AFTER_EVENTS = {
    "log_hazard": "log_hazard",
    "hazard_null": "hazard_null",
    "hazard_alternative": "median",
    "hazard_both": "hazard_null",
    "median_null": "median",
    "median_alternative": "hazard_null",
    "median_both": "median",
    "square_root": "square_root",
    "cube_root": "cube_root",
    "cube_root_median": "cube_root_median",
    "exact_chi_square": "exact_chi_square",
    "exact_chi_square_smallest": "exact_chi_square",
}
TEST_AT_DATE = {
    "swog": "cube_root",
    "log_hazard_both": "log_hazard",
    "hazard_patients": "hazard_null",
    "finkelstein": "one_sample_log_rank",
    "kwak_jung": "one_sample_log_rank",
    "wu": "one_sample_log_rank",
    "landmark_arcsine": "landmark_arcsine",
    "landmark_log_log": "landmark_log_log",
    "landmark_logit": "landmark_logit",
    "landmark_log": "landmark_log",
    "landmark_identity": "landmark_identity",
    "landmark_log_both": "landmark_log",
}


@dataclass(frozen=True)
class Attained:
    """Actual level and power at a sample size.

    Attributes
    ----------
    level, power : float
        Probability of rejection in the direction of the alternative, under the null and under the alternative.
    level_se, power_se : float
        Monte Carlo standard errors; 0 where the values are exact.
    how : str
        `exact`, or `simulated`.
    test : str
        The test.
    """

    level: float
    power: float
    level_se: float
    power_se: float
    how: str
    test: str


def _over(d: float, base: float, exponent: float) -> float:
    """d / base^exponent; infinite where the base is not above 0, that is, where no data lead to rejection."""
    return d / base**exponent if base > 0 else math.inf


def attained(
    method: Method, setting: Setting, size: int, *, alpha: float, sides: int, trials: int = TRIALS
) -> Attained | None:
    """Actual level and power for a whole number of events or of patients, whichever the method counts.

    Parameters
    ----------
    method : Method
        The formula; its test is in `TEST_AFTER_EVENTS` (done after exactly `size` events) or in `TEST_AT_DATE` (done on
        `size` patients at the planned date).
    setting : Setting
        Needs a course if the formula counts patients.
    size : int
        Events, or patients before a flat allowance for dropout.
    alpha, sides : float, int
        Level of the test.
    trials : int, default 20000
        Simulated trials under each hypothesis; with the default, the Monte Carlo standard error of a power of 0.8 is
        0.003.

    Returns
    -------
    Attained or None
        None for formulas for other kinds of trial, and for a formula that counts patients if there is no course.
    """
    tail = alpha / sides
    if method.name in TEST_AFTER_EVENTS and setting.shape == 1:
        return _after_events(TEST_AFTER_EVENTS[method.name], setting, size, tail)
    if method.name == "landmark_binomial":
        return _binomial(method, setting, size, tail)
    if method.name in TEST_AT_DATE and setting.course is not None:
        return _at_date(TEST_AT_DATE[method.name], setting, setting.course, size, alpha, sides, trials)
    return None


def _after_events(test: str, setting: Setting, events: int, tail: float) -> Attained:
    """Exact: after d events the null cumulative hazard is gamma(d), multiplied by 1 / HR under the alternative."""
    from scipy.special import gammainc, gammaincc, gammainccinv, gammaincinv, ndtri

    ratio, longer = setting.hazard_ratio, setting.hazard_ratio < 1
    if test == "exact_chi_square":
        bound = float(gammainccinv(events, tail) if longer else gammaincinv(events, tail))
    else:
        bound = CRITICAL[test](float(events), float(-ndtri(tail)) * (1 if longer else -1))
    reject = gammaincc if longer else gammainc
    return Attained(float(reject(events, bound)), float(reject(events, bound * ratio)), 0.0, 0.0, "exact", test)


def _binomial(method: Method, setting: Setting, patients: int, tail: float) -> Attained:
    p0, p1 = setting.survival(setting.null_median), setting.survival(setting.alternative_median)
    if p1 < p0:
        p0, p1 = 1 - p0, 1 - p1
    level = upper_tail(patients, binomial_critical(patients, p0, tail), p0)
    power = float(exact_binomial_power(setting, np.array([float(patients)]), tail)[0])
    return Attained(level, power, 0.0, 0.0, "exact", method.name)


def _at_date(
    test: str, setting: Setting, course: Course, patients: int, alpha: float, sides: int, trials: int
) -> Attained:
    """Simulated: every trial is analysed at the planned date."""
    found = []
    for median in (setting.null_median, setting.alternative_median):
        drawn = simulate_trials(
            generator(SEED, "attained", test, f"{median:.12g}", str(patients)),
            trials=trials,
            patients=patients,
            median=median,
            null_median=setting.null_median,
            accrual=course.accrual,
            shape=setting.shape,
            dropout_hazard=course.dropout_hazard,
            at_time=course.end,
            per_patient=course.per_patient,
            landmark=setting.landmark if test.startswith("landmark") else None,
        )
        longer = setting.alternative_median > setting.null_median
        found.append(rejection_rates(drawn, alpha=alpha, sides=sides, tests=[test], longer=longer).iloc[0])
    level, power = found
    return Attained(
        float(level["rejection"]),
        float(power["rejection"]),
        float(level["monte_carlo_se"]),
        float(power["monte_carlo_se"]),
        "simulated",
        test,
    )
