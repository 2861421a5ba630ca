"""Simulation of single-arm trials: entry, events, dropout, and analysis at a number of events or at a date."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from resurvey.arrays import MOST_DRAWS
from resurvey.design import arguments
from resurvey.design.course import LN2, Accrual, Floats
from resurvey.design.methods import TRANSFORMS
from resurvey.errors import InputError
from resurvey.steady import critical_value

TESTS = (
    "log_hazard",
    "hazard_null",
    "hazard_alternative",
    "median",
    "square_root",
    "cube_root",
    "exact_chi_square",
    "one_sample_log_rank",
    "one_sample_log_rank_wu",
    *(f"landmark_{name}" for name in TRANSFORMS),
)
# Trials are drawn in blocks of about this many patients, to fit in the processor's cache.
BLOCK = 200_000


@dataclass(frozen=True)
class SimulatedTrials:
    """Sufficient statistics of every simulated trial, as arrays of shape (trials,).

    `events` observed events d; `person_time` total follow-up; `expected_null` sum of the null cumulative hazards;
    `time` calendar time of the analysis; `landmark_survival`, `landmark_greenwood` the Kaplan-Meier estimate at the
    landmark and its Greenwood sum (None without a landmark). `unreached` marks trials that never reached the planned
    number of events and were analysed at the last possible time.
    """

    events: Floats
    person_time: Floats
    expected_null: Floats
    time: Floats
    unreached: np.ndarray
    null_median: float
    shape: float
    landmark: float | None = None
    landmark_survival: Floats | None = None
    landmark_greenwood: Floats | None = None


def simulate_trials(
    rng: np.random.Generator,
    *,
    trials: int,
    patients: int,
    median: float,
    null_median: float,
    accrual: float | Accrual,
    shape: float = 1.0,
    dropout_hazard: float = 0.0,
    at_events: int | None = None,
    at_time: float | None = None,
    per_patient: float = math.inf,
    landmark: float | None = None,
) -> SimulatedTrials:
    """Simulate trials and analyse each at the d-th event, at a date, or at whichever comes first.

    Parameters
    ----------
    rng : numpy.random.Generator
    trials, patients : int
    median, null_median : float
        True and null median, both for a Weibull distribution with `shape`.
    accrual : float or Accrual
        Enrolment period or pattern, in the unit of the medians; 0 if all enter at once.
    dropout_hazard : float
        Constant hazard of loss to follow-up.
    at_events : int, optional
        Analyse at this event; a trial that never reaches it is analysed when its last patient leaves (or at `at_time`).
    at_time : float, optional
        Analyse at this calendar time.
    per_patient : float
        Maximum follow-up per patient.
    landmark : float, optional
        Also estimate survival at this time.

    Returns
    -------
    SimulatedTrials

    Raises
    ------
    InputError
        If an argument is out of range, or neither `at_events` nor `at_time` is given.
    """
    trials, patients = arguments.whole("trials", trials), arguments.whole("patients", patients)
    if trials > MOST_DRAWS or patients > MOST_DRAWS or trials * patients > 100 * MOST_DRAWS:
        raise InputError(f"{trials:,} trials of {patients:,} patients are too many: ask for a billion patients at most")
    for name, value in (("median", median), ("null_median", null_median)):
        arguments.positive(name, value)
    arguments.weibull_shape(shape)
    arguments.not_negative("dropout_hazard", dropout_hazard)
    if at_events is None and at_time is None:
        raise InputError("say when to analyse: at_events, at_time or both")
    if at_events is not None and arguments.whole("at_events", at_events) > patients:
        raise InputError(f"at_events ({at_events}) exceeds patients ({patients}): it would never be reached")
    if at_time is not None:
        arguments.positive("at_time", at_time)
    if landmark is not None:
        arguments.positive("landmark", landmark)
    if isinstance(accrual, Accrual):
        pattern = accrual
    else:
        pattern = Accrual.uniform(max(arguments.not_negative("accrual", accrual), 1e-9))
    rule = _Rule(pattern, median, null_median, shape, dropout_hazard, at_events, at_time, per_patient, landmark)
    size = max(1, BLOCK // patients)
    blocks = [_block(rng, min(size, trials - start), patients, rule) for start in range(0, trials, size)]
    columns = [np.concatenate(column) for column in zip(*blocks, strict=True)]
    events, person_time, expected, time, unreached, *curve = columns
    survival, greenwood = curve or (None, None)
    return SimulatedTrials(
        events, person_time, expected, time, unreached.astype(bool), null_median, shape, landmark, survival, greenwood
    )


@dataclass(frozen=True)
class _Rule:
    accrual: Accrual
    median: float
    null_median: float
    shape: float
    dropout_hazard: float
    at_events: int | None
    at_time: float | None
    per_patient: float
    landmark: float | None


def _block(rng: np.random.Generator, trials: int, patients: int, rule: _Rule) -> tuple[np.ndarray, ...]:
    shape = (trials, patients)
    entry = rule.accrual.draw(shape, rng)
    event = rng.standard_exponential(shape)
    event *= 1 / LN2
    if rule.shape != 1:
        np.power(event, 1 / rule.shape, out=event)
    event *= rule.median
    leave = _leaving(rng, shape, rule)
    ended, unreached = _analysis_time(entry, event, leave, rule)
    follow = np.subtract(ended[:, None], entry)
    np.clip(follow, 0, leave, out=follow)
    seen = event <= follow
    # A patient who enters at or after the analysis has no follow-up and no event.
    time = np.minimum(event, follow, out=follow)
    if rule.shape == 1:
        person_time = time.sum(axis=1)
        expected = LN2 / rule.null_median * person_time
    else:
        person_time = time.sum(axis=1)
        expected = LN2 * np.power(time / rule.null_median, rule.shape).sum(axis=1)
    result = (seen.sum(axis=1).astype(float), person_time, expected, ended, unreached)
    return result if rule.landmark is None else (*result, *_landmark(time, seen, rule.landmark))


def _leaving(rng: np.random.Generator, shape: tuple[int, int], rule: _Rule) -> Floats | float:
    """Time from entry to loss to follow-up or to maximum follow-up."""
    if rule.dropout_hazard == 0:
        return rule.per_patient
    lost = rng.standard_exponential(shape)
    lost /= rule.dropout_hazard
    return np.minimum(lost, rule.per_patient, out=lost)


def _analysis_time(entry: Floats, event: Floats, leave: Floats | float, rule: _Rule) -> tuple[Floats, np.ndarray]:
    trials = entry.shape[0]
    if rule.at_events is None:
        return np.full(trials, float(rule.at_time or 0)), np.zeros(trials, dtype=bool)
    calendar = entry + event
    if isinstance(leave, np.ndarray) or not math.isinf(leave):
        calendar[event > leave] = np.inf
    calendar.partition(rule.at_events - 1, axis=1)
    ended = calendar[:, rule.at_events - 1].copy()
    # The d-th event must be included in the analysis although entry + event - entry may round below event.
    ended = np.nextafter(ended * (1 + 1e-12), np.inf)
    latest = np.full(trials, np.inf if rule.at_time is None else rule.at_time)
    unreached = ended > latest if rule.at_time is not None else np.isinf(ended)
    if rule.at_time is None and unreached.any():
        left = leave[unreached] if isinstance(leave, np.ndarray) else leave
        gone = entry[unreached] + np.minimum(event[unreached], left)
        ended[unreached] = gone.max(axis=1)
    return np.minimum(ended, latest), unreached


def _landmark(time: Floats, seen: np.ndarray, landmark: float) -> tuple[Floats, Floats]:
    """Kaplan-Meier estimate and Greenwood sum at the landmark, by row (times are continuous, so there are no ties)."""
    order = np.argsort(time, axis=1, kind="stable")
    sorted_time = np.take_along_axis(time, order, axis=1)
    sorted_seen = np.take_along_axis(seen, order, axis=1) & (sorted_time <= landmark)
    at_risk = np.arange(time.shape[1], 0, -1, dtype=float)
    survival = np.prod(np.where(sorted_seen, 1 - 1 / at_risk, 1.0), axis=1)
    last = np.maximum(at_risk * (at_risk - 1), 1e-300)
    return survival, np.sum(np.where(sorted_seen, 1 / last, 0.0), axis=1)


def z_scores(trials: SimulatedTrials, test: str) -> Floats:
    """Standardised statistic of each trial, positive when patients do better than the null; shape (trials,).

    The exact chi-square test is expressed as the normal deviate of its one-sided p. Where the test is undefined because
    a trial has no event, the deviate is infinite, the strongest possible evidence.
    """
    arguments.choice("test", test, TESTS)
    with np.errstate(divide="ignore", invalid="ignore"):
        z = _landmark_z(trials, test) if test.startswith("landmark") else _exponential_z(trials, test)
    return np.where(np.isnan(z), np.inf, z)


def _exponential_z(trials: SimulatedTrials, test: str) -> Floats:
    from scipy.special import gammaincc, ndtri

    d, e = trials.events, trials.expected_null
    ratio = d / e  # estimated hazard / null hazard
    if test == "exact_chi_square":
        return np.where(d > 0, -ndtri(gammaincc(np.maximum(d, 1), e)), np.inf)
    statistic = {
        "log_hazard": lambda: -np.log(ratio) * np.sqrt(d),
        "hazard_null": lambda: (1 - ratio) * np.sqrt(d),
        "hazard_alternative": lambda: (1 / ratio - 1) * np.sqrt(d),
        "median": lambda: (1 / ratio - 1) * np.sqrt(d),
        "square_root": lambda: 2 * (1 - np.sqrt(ratio)) * np.sqrt(d),
        "cube_root": lambda: 3 * (1 - np.cbrt(ratio)) * np.sqrt(d),
        "one_sample_log_rank": lambda: (e - d) / np.sqrt(e),
        "one_sample_log_rank_wu": lambda: (e - d) / np.sqrt((e + d) / 2),
    }
    return statistic[test]()


def _landmark_z(trials: SimulatedTrials, test: str) -> Floats:
    if trials.landmark_survival is None or trials.landmark is None or trials.landmark_greenwood is None:
        raise InputError(f"test {test!r} needs trials simulated with a landmark")
    name = test.removeprefix("landmark_")
    s = trials.landmark_survival
    null = math.exp(-LN2 * (trials.landmark / trials.null_median) ** trials.shape)
    se = s * np.sqrt(trials.landmark_greenwood)
    g = {
        "identity": (s - null, se),
        "log": (np.log(s) - math.log(null), se / s),
        "log_log": (math.log(-math.log(null)) - np.log(-np.log(s)), se / (s * -np.log(s))),
        "logit": (np.log(s / (1 - s)) - math.log(null / (1 - null)), se / (s * (1 - s))),
        "arcsine": (np.arcsin(np.sqrt(s)) - math.asin(math.sqrt(null)), se / (2 * np.sqrt(s * (1 - s)))),
    }[name]
    z = g[0] / g[1]
    # A curve at 0 or 1 has no standard error, but is below or above every null value in between.
    return np.where(s <= 0, -np.inf, np.where(s >= 1, np.inf, z))


def rejection_rates(
    trials: SimulatedTrials, *, alpha: float, sides: int, tests: Iterable[str] | None = None, longer: bool = True
) -> pd.DataFrame:
    """Proportion of simulated trials in which each test rejects in the direction of the alternative.

    Parameters
    ----------
    trials : SimulatedTrials
    alpha, sides : float, int
        Level of the test; two-sided tests reject beyond z of alpha / 2, and only rejections on the side of the
        alternative count.
    tests : iterable of str, optional
        Of `TESTS`; all that the trials allow by default.
    longer : bool, default True
        Whether the alternative is a longer median.

    Returns
    -------
    DataFrame
        test, rejection, monte_carlo_se, lower, upper (95 % Wilson interval), trials.
    """
    from scipy.special import ndtri

    arguments.errors_and_sides(alpha, None, sides)
    bound = float(-ndtri(alpha / sides))
    usable = [t for t in TESTS if trials.landmark is not None or not t.startswith("landmark")]
    rows = []
    for test in usable if tests is None else tests:
        z = z_scores(trials, test)
        rate = float(np.mean(z >= bound if longer else z <= -bound))
        rows.append((test, rate, *_wilson(rate, z.size), z.size))
    return pd.DataFrame(rows, columns=["test", "rejection", "monte_carlo_se", "lower", "upper", "trials"])


def _wilson(rate: float, size: int) -> tuple[float, float, float]:
    z = critical_value(0.95)
    centre = (rate + z * z / (2 * size)) / (1 + z * z / size)
    half = z * math.sqrt(rate * (1 - rate) / size + z * z / (4 * size * size)) / (1 + z * z / size)
    return math.sqrt(rate * (1 - rate) / size), centre - half, centre + half
