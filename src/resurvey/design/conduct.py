"""Analyses of the trial as conducted: the planned tests, and the expected number of events."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import ArrayLike

from resurvey.design import arguments
from resurvey.design.course import LN2, Course, Weibull, event_probability, read_course, time_of_event
from resurvey.design.single import power_given_events
from resurvey.errors import InputError, NotEstimable
from resurvey.survival import check_patients


@dataclass(frozen=True)
class OneSampleLogRank:
    """One-sample log-rank test of a sample against a known survival curve.

    `expected` is the sum of the null cumulative hazards at the observed times. `z` = (expected - observed) /
    sqrt(expected), positive when patients do better than the null; `z_wu` divides by sqrt((observed + expected) / 2).
    `p_one_sided` (better than the null) and `p_two_sided` are from `z`; `p_exact` is the Poisson probability of as few
    events or fewer, treating `expected` as fixed. `smr` is observed / expected with exact confidence limits.
    """

    observed: int
    expected: float
    z: float
    z_wu: float
    p_one_sided: float
    p_two_sided: float
    p_exact: float
    smr: float
    smr_lower: float
    smr_upper: float
    ci_level: float


def one_sample_log_rank(
    time: ArrayLike, event: ArrayLike, *, null_median: float, shape: float = 1.0, ci_level: float = 0.95
) -> OneSampleLogRank:
    """Test a sample against a Weibull null of a given median (exponential for shape 1).

    Parameters
    ----------
    time, event : (n,) array_like
        Follow-up times in the unit of `null_median`; 1 event, 0 censored.
    null_median : float
    shape : float, default 1
    ci_level : float, default 0.95
        Two-sided level of the confidence limits of `smr`.

    Raises
    ------
    InputError
        If the patients or parameters are out of range.
    NotEstimable
        If all times are 0, so that no event is expected.

    References
    ----------
    .. [1] Finkelstein, D. M., Muzikansky, A. and Schoenfeld, D. A. (2003). JNCI 95, 1434-1439.
    .. [2] Wu, J. (2014). A new one-sample log-rank test. Journal of Biometrics and Biostatistics 5, 210.
    """
    t, e = check_patients(time, event)
    arguments.positive("null_median", null_median)
    arguments.weibull_shape(shape)
    expected = float(np.sum(Weibull(null_median, shape).cumulative(t)))
    return log_rank_from_counts(int(e.sum()), expected, ci_level=ci_level)


def log_rank_from_counts(observed: int, expected: float, *, ci_level: float = 0.95) -> OneSampleLogRank:
    """The one-sample log-rank test from the observed and expected numbers of events.

    Raises
    ------
    NotEstimable
        If no events are expected under the null in this follow-up.
    """
    from scipy.special import ndtr, pdtr

    observed = arguments.whole("observed", observed, 0)
    arguments.proportion("ci_level", ci_level)
    if not expected > 0:
        raise NotEstimable(f"the null expects {expected:g} events in this follow-up: nothing can be tested")
    z = (expected - observed) / math.sqrt(expected)
    lower, upper = _poisson_limits(observed, ci_level)
    return OneSampleLogRank(
        observed=observed,
        expected=expected,
        z=z,
        z_wu=(expected - observed) / math.sqrt((expected + observed) / 2),
        p_one_sided=float(ndtr(-z)),
        p_two_sided=2 * float(ndtr(-abs(z))),
        p_exact=float(pdtr(observed, expected)),
        smr=observed / expected,
        smr_lower=lower / expected,
        smr_upper=upper / expected,
        ci_level=ci_level,
    )


def _poisson_limits(events: int, level: float) -> tuple[float, float]:
    """Exact (Garwood) limits of a Poisson mean."""
    from scipy.special import gammainccinv, gammaincinv

    tail = (1 - level) / 2
    lower = float(gammaincinv(events, tail)) if events > 0 else 0.0
    return lower, float(gammainccinv(events + 1, tail))


@dataclass(frozen=True)
class ExponentialTest:
    """Exact exponential test of a median from events d and person-time T.

    `median` = ln 2 T / d with exact confidence limits (2 d median_hat / median is chi-square with 2 d degrees of
    freedom: exactly if the analysis is at the d-th event, approximately if it is at a fixed date); `p_one_sided` is for
    a median above the null; `lower_one_sided` is the lower limit that corresponds to a one-sided test at level 1 -
    `one_sided_level`.
    """

    events: int
    person_time: float
    null_median: float
    median: float
    lower: float
    upper: float
    ci_level: float
    p_one_sided: float
    p_two_sided: float
    lower_one_sided: float
    one_sided_level: float


def exact_exponential_test(
    time: ArrayLike, event: ArrayLike, *, null_median: float, ci_level: float = 0.95, one_sided_level: float = 0.95
) -> ExponentialTest:
    """Exact exponential test of a median on patient data.

    Parameters
    ----------
    time, event : (n,) array_like
        Follow-up times in the unit of `null_median`; 1 event, 0 censored.
    null_median : float
    ci_level, one_sided_level : float, default 0.95

    Raises
    ------
    InputError
        If the patients or parameters are out of range.
    NotEstimable
        If there is no event, or no person-time.

    References
    ----------
    .. [1] Epstein, B. and Sobel, M. (1953). Life testing. JASA 48, 486-502.
    """
    from scipy.special import gammainc, gammaincc

    t, e = check_patients(time, event)
    arguments.positive("null_median", null_median)
    events, person_time = int(e.sum()), float(t.sum())
    if events == 0 or person_time == 0:
        raise NotEstimable(f"{events} events in {person_time:g} of person-time: an exponential median needs both")
    median = LN2 * person_time / events
    lower, upper = median_interval(events, median, ci_level=ci_level)
    statistic = LN2 * person_time / null_median
    above, below = float(gammaincc(events, statistic)), float(gammainc(events, statistic))
    one_sided, _ = median_interval(events, median, ci_level=2 * one_sided_level - 1)
    return ExponentialTest(
        events=events,
        person_time=person_time,
        null_median=null_median,
        median=median,
        lower=lower,
        upper=upper,
        ci_level=ci_level,
        p_one_sided=above,
        p_two_sided=min(1.0, 2 * min(above, below)),
        lower_one_sided=one_sided,
        one_sided_level=one_sided_level,
    )


def median_interval(
    events: float, median: float, *, ci_level: float = 0.95, method: str = "exact"
) -> tuple[float, float]:
    """Confidence limits of an exponential median from its estimate and the number of events.

    Parameters
    ----------
    events : float
        Events d, above 0.
    median : float
        Estimate, in any unit; the limits are in the same unit.
    ci_level : float, default 0.95
    method : {"exact", "log", "wald", "cube_root"}
        Chi-square with 2 d degrees of freedom; or a normal approximation for the log, the median itself, or its cube
        root.
    """
    from scipy.special import gammaincinv, ndtri

    arguments.positive("events", events)
    arguments.positive("median", median)
    arguments.proportion("ci_level", ci_level)
    arguments.choice("method", method, ("exact", "log", "wald", "cube_root"))
    tail = (1 - ci_level) / 2
    z = float(-ndtri(tail))
    if method == "log":
        factor = math.exp(z / math.sqrt(events))
        return median / factor, median * factor
    if method == "wald":
        return max(0.0, median * (1 - z / math.sqrt(events))), median * (1 + z / math.sqrt(events))
    if method == "cube_root":
        half = z / (3 * math.sqrt(events))
        return median * max(0.0, 1 - half) ** 3, median * (1 + half) ** 3
    return (
        median * events / float(gammaincinv(events, 1 - tail)),
        median * events / float(gammaincinv(events, tail)),
    )


@dataclass(frozen=True, kw_only=True)
class Observed:
    """A trial as it was conducted.

    Attributes
    ----------
    patients, events : int
        Patients enrolled, and events at the cut-off.
    accrual, cut_off : float
        Times of the last entry and of the cut-off, both from the first entry, in the unit of the medians.
        `months_between` computes them from dates.
    median : float
    printed_lower, printed_upper : float, optional
        The printed confidence limits of the median, kept for the table.
    ci_level : float
    """

    patients: int
    events: int
    accrual: float
    cut_off: float
    median: float
    printed_lower: float | None = None
    printed_upper: float | None = None
    ci_level: float = 0.95

    def check(self) -> None:
        """Raise an error if the values are impossible.

        Raises
        ------
        InputError
            If a number is out of range, events exceed patients, or the cut-off is before the last entry.
        """
        arguments.whole("patients", self.patients)
        if arguments.whole("events", self.events) > self.patients:
            raise InputError(f"events ({self.events}) exceed patients ({self.patients})")
        arguments.positive("observed_median", self.median)
        if arguments.positive("cut_off", self.cut_off) < arguments.positive("accrual", self.accrual):
            raise InputError(
                f"the cut-off ({self.cut_off:g}) is before the last entry ({self.accrual:g}); both count from the first"
            )


@dataclass(frozen=True)
class RealCourse:
    """A trial as conducted, compared with its design. Times in the unit of the medians, from the first entry.

    Attributes
    ----------
    patients, events, accrual, cut_off : int, int, float, float
        Observed values (entry is assumed uniform between the first and the last patient).
    expected_null, expected_alternative, expected_observed : float
        Expected events by the cut-off under the null, the alternative and the observed median.
    sd_null, sd_alternative : float
        Binomial standard deviations of those numbers (patients are independent).
    p_at_most_null, p_at_most_alternative : float
        Exact binomial probability of as few events or fewer.
    time_of_planned_events_null, time_of_planned_events_alternative : float or None
        Time at which the planned number of events is expected (None if never).
    observed_median, printed_lower, printed_upper, ci_level : float
    exponential_lower, exponential_upper : float
        Exact exponential confidence limits of the median from the observed events.
    power_at_events : float
        Power of the log-hazard test at the planned level with the observed events.
    """

    patients: int
    events: int
    accrual: float
    cut_off: float
    expected_null: float
    expected_alternative: float
    expected_observed: float
    sd_null: float
    sd_alternative: float
    p_at_most_null: float
    p_at_most_alternative: float
    time_of_planned_events_null: float | None
    time_of_planned_events_alternative: float | None
    observed_median: float
    printed_lower: float | None
    printed_upper: float | None
    ci_level: float
    exponential_lower: float
    exponential_upper: float
    power_at_events: float


def real_course(
    observed: Observed,
    *,
    null_median: float,
    alternative_median: float,
    planned_events: int | None = None,
    alpha: float = 0.05,
    sides: int = 1,
    dropout_hazard: float = 0.0,
) -> RealCourse:
    """Expected events by the actual cut-off under both hypotheses, and exponential confidence limits of the median.

    Parameters
    ----------
    observed : Observed
        The trial as conducted.
    null_median, alternative_median : float
    planned_events : int, optional
    alpha, sides : float, int
        Level and sides of the planned test, for `power_at_events`.
    dropout_hazard : float
        Constant hazard of loss to follow-up.

    Raises
    ------
    InputError
        If a number is out of range, events exceed patients, or the cut-off is before the last entry.
    """
    observed.check()
    arguments.medians(null_median, alternative_median)
    patients, events, follow_up = observed.patients, observed.events, observed.cut_off - observed.accrual
    arguments.same_unit(null_median, alternative_median, observed.accrual, follow_up)
    course = read_course(observed.accrual, follow_up, dropout_hazard=dropout_hazard)
    null, other, seen = (
        event_probability(course, median) for median in (null_median, alternative_median, observed.median)
    )
    lower, upper = median_interval(events, observed.median, ci_level=observed.ci_level)
    return RealCourse(
        patients=patients,
        events=events,
        accrual=observed.accrual,
        cut_off=observed.cut_off,
        expected_null=patients * null,
        expected_alternative=patients * other,
        expected_observed=patients * seen,
        sd_null=math.sqrt(patients * null * (1 - null)),
        sd_alternative=math.sqrt(patients * other * (1 - other)),
        p_at_most_null=_at_most(events, patients, null),
        p_at_most_alternative=_at_most(events, patients, other),
        time_of_planned_events_null=_when(course, patients, null_median, planned_events),
        time_of_planned_events_alternative=_when(course, patients, alternative_median, planned_events),
        observed_median=observed.median,
        printed_lower=observed.printed_lower,
        printed_upper=observed.printed_upper,
        ci_level=observed.ci_level,
        exponential_lower=lower,
        exponential_upper=upper,
        power_at_events=_power(null_median, alternative_median, events, alpha, sides),
    )


def _at_most(events: int, patients: int, probability: float) -> float:
    from scipy.special import bdtr

    return float(bdtr(events, patients, probability))


def _when(course: Course, patients: int, median: float, events: int | None) -> float | None:
    if events is None:
        return None
    try:
        return time_of_event(course, patients, median, events)
    except NotEstimable:
        return None


def _power(null_median: float, alternative_median: float, events: int, alpha: float, sides: int) -> float:
    return power_given_events(null_median, alternative_median, events=events, alpha=alpha, sides=sides)


def months_between(first: str, last: str) -> float:
    """Months (of 365.25 / 12 days) between two dates written YYYY-MM-DD.

    Raises
    ------
    InputError
        If a date is invalid, or the second is before the first.
    """
    try:
        days = (date.fromisoformat(last) - date.fromisoformat(first)).days
    except ValueError as error:
        raise InputError(f"dates must be written YYYY-MM-DD, found {first!r} and {last!r}: {error}") from None
    if days < 0:
        raise InputError(f"{last} is before {first}")
    return days / (365.25 / 12)
