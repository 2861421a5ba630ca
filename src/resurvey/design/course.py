"""The course of a trial: accrual, follow-up of each patient, and expected events.

Times are in one unit of the caller's choice, counted from the first entry; hazards are per that unit. Survival
distributions are Weibull, S(t) = exp(-ln 2 (t / median)^shape); shape 1 is the exponential.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from resurvey.arrays import unmasked
from resurvey.design import arguments
from resurvey.errors import InputError, NotEstimable

Floats = NDArray[np.float64]
LN2 = math.log(2.0)

READINGS = {
    "additional": "enrolment, then the whole follow-up after the last entry (total = enrolment + follow-up)",
    "total": "the follow-up is the length of the whole trial from the first entry; entry stops there if it is shorter",
    "within_enrolment": "the enrolment period contains the follow-up (entry over enrolment - follow-up)",
    "per_patient": "each patient is followed for exactly the follow-up time from his or her own entry",
    "end_of_enrolment": "the analysis is at the end of enrolment, with no further follow-up",
}

DROPOUT_READINGS = {
    "none": "no allowance for dropout",
    "divide": "flat inflation, patients / (1 - dropout)",
    "multiply": "flat inflation, patients x (1 + dropout)",
    "hazard_over_trial": "exponential dropout, the proportion lost by the end of the whole trial",
    "hazard_over_follow_up": "exponential dropout, the proportion lost by the end of the follow-up time",
    "hazard_per_year": "exponential dropout, the proportion lost in 12 time units (a year, times in months)",
    "hazard_per_unit": "exponential dropout, the proportion lost in 1 time unit (a month, times in months)",
}


@dataclass(frozen=True)
class Accrual:
    """Accrual at piecewise constant rates.

    Attributes
    ----------
    durations : tuple of float
        Length of each piece, above 0.
    rates : tuple of float
        Relative rate in each piece, 0 or more, not all 0. Only their ratios matter.
    """

    durations: tuple[float, ...]
    rates: tuple[float, ...]

    def __post_init__(self) -> None:
        if not self.durations or len(self.durations) != len(self.rates):
            raise InputError(
                f"accrual needs one rate a piece, found {len(self.durations)} durations, {len(self.rates)} rates"
            )
        for duration in self.durations:
            arguments.positive("an accrual duration", duration)
        for rate in self.rates:
            arguments.not_negative("an accrual rate", rate)
        if sum(self.rates) == 0:
            raise InputError("all accrual rates are 0: nobody enters the trial")

    @classmethod
    def uniform(cls, duration: float) -> Accrual:
        """One constant rate over `duration`."""
        return cls((arguments.positive("accrual", duration),), (1.0,))

    @classmethod
    def piecewise(cls, durations: ArrayLike, rates: ArrayLike) -> Accrual:
        """Constant `rates` (gsDesign's gamma) over `durations` (gsDesign's R)."""
        lengths, levels = np.atleast_1d(np.asarray(durations, float)), np.atleast_1d(np.asarray(rates, float))
        return cls(tuple(lengths.tolist()), tuple(levels.tolist()))

    @property
    def duration(self) -> float:
        """Time from the first to the last entry."""
        return float(sum(self.durations))

    @property
    def knots(self) -> tuple[Floats, Floats]:
        """Times at which the rate changes, and the proportion of patients entered by each."""
        times = np.concatenate(([0.0], np.cumsum(self.durations)))
        entered = np.concatenate(([0.0], np.cumsum(np.multiply(self.durations, self.rates))))
        return times, entered / entered[-1]

    def entered(self, time: ArrayLike) -> Floats:
        """Proportion of all patients who have entered by each `time`."""
        times, share = self.knots
        return np.interp(np.asarray(unmasked(time, "time"), dtype=float), times, share)

    def draw(self, size: int | tuple[int, ...], rng: np.random.Generator) -> Floats:
        """Random entry times, unsorted."""
        times, share = self.knots
        uniform = rng.random(size)
        return uniform * times[-1] if len(self.rates) == 1 else np.interp(uniform, share, times)


@dataclass(frozen=True)
class Course:
    """Accrual, censoring and time of analysis: everything but the event itself.

    Attributes
    ----------
    accrual : Accrual
        Entry pattern.
    end : float
        Calendar time of the analysis, from the first entry.
    per_patient : float
        Maximum follow-up per patient from entry (infinite: all are followed until `end`).
    dropout_hazard : float
        Constant hazard of loss to follow-up.
    """

    accrual: Accrual
    end: float
    per_patient: float = math.inf
    dropout_hazard: float = 0.0

    def __post_init__(self) -> None:
        arguments.positive("end", self.end)
        arguments.not_negative("dropout_hazard", self.dropout_hazard)
        if math.isnan(self.per_patient) or self.per_patient <= 0:
            raise InputError(f"per_patient follow-up must be above 0, found {self.per_patient}")

    def followed(self, time: ArrayLike) -> Floats:
        """Probability that administrative censoring leaves a patient under observation for at least `time`."""
        t = np.asarray(unmasked(time, "time"), dtype=float)
        return np.where(t <= self.per_patient, self.accrual.entered(self.end - t), 0.0)

    @property
    def longest(self) -> float:
        """Longest possible follow-up of one patient."""
        return min(self.end, self.per_patient)

    @property
    def breaks(self) -> tuple[float, ...]:
        """Follow-up times from 0 to `longest` at which `followed` has a kink."""
        corners = {self.end - knot for knot in self.accrual.knots[0].tolist()}
        inside = {corner for corner in corners if 0 < corner < self.longest}
        return tuple(sorted({0.0, self.longest} | inside))


def dropout_hazard(dropout: float, reading: str, accrual: float, follow_up: float) -> float:
    """Constant hazard that corresponds to a dropout proportion under one of `DROPOUT_READINGS` (0 for flat readings).

    Raises
    ------
    InputError
        If the reading needs a follow-up and none is given.
    """
    arguments.choice("dropout_reading", reading, DROPOUT_READINGS)
    share = arguments.dropout_proportion(dropout)
    period = {
        "hazard_over_trial": accrual + follow_up,
        "hazard_over_follow_up": follow_up,
        "hazard_per_year": 12.0,
        "hazard_per_unit": 1.0,
    }.get(reading)
    if period is None or share == 0:
        return 0.0
    if period <= 0:
        raise InputError(f"dropout_reading {reading!r} needs a follow-up above 0, found {period:g}")
    return -math.log1p(-share) / period


def inflate(patients: float, dropout: float, reading: str) -> float:
    """Number of patients after a flat allowance for dropout (unchanged for hazard readings and for `none`)."""
    if reading == "divide":
        return patients / (1 - dropout)
    return patients * (1 + dropout) if reading == "multiply" else patients


def deflate(patients: float, dropout: float, reading: str) -> float:
    """The inverse of `inflate`: number of patients without the flat allowance."""
    return patients / inflate(1.0, dropout, reading)


def read_course(
    accrual: float | Accrual, follow_up: float, *, reading: str = "additional", dropout_hazard: float = 0.0
) -> Course:
    """Course described by a sentence such as "enrolment 32 months, follow-up 24 months".

    Parameters
    ----------
    accrual : float or Accrual
        Length of enrolment (uniform entry), or an entry pattern. 0 means that all patients enter at once.
    follow_up : float
        The printed follow-up, in the same unit.
    reading : str
        One of `READINGS`.
    dropout_hazard : float
        Constant hazard of loss to follow-up, per unit.

    Raises
    ------
    InputError
        If a time is negative or not finite, the reading is unknown, or it makes no sense for these times.
    """
    arguments.choice("reading", reading, READINGS)
    follow_up = arguments.not_negative("follow_up", follow_up)
    # Entry of all at once is treated as a very short enrolment, so every formula applies (error < 1e-9 time units).
    pattern = accrual if isinstance(accrual, Accrual) else _uniform_or_at_once(accrual)
    length = pattern.duration
    if reading == "end_of_enrolment":
        return Course(pattern, length, dropout_hazard=dropout_hazard)
    if follow_up == 0 and reading in {"total", "per_patient"}:
        raise InputError(f"reading {reading!r} with a follow_up of 0 observes nobody")
    if reading == "total":
        return Course(_stop(pattern, follow_up), follow_up, dropout_hazard=dropout_hazard)
    if reading == "within_enrolment":
        if length <= follow_up:
            raise InputError(f"an enrolment of {length:g} cannot contain a follow-up of {follow_up:g}")
        return Course(_stop(pattern, length - follow_up), length, dropout_hazard=dropout_hazard)
    per_patient = follow_up if reading == "per_patient" else math.inf
    return Course(pattern, length + follow_up, per_patient, dropout_hazard)


def _uniform_or_at_once(accrual: float) -> Accrual:
    return Accrual.uniform(max(arguments.not_negative("accrual", accrual), 1e-9))


def _stop(pattern: Accrual, at: float) -> Accrual:
    """The entry pattern truncated at calendar time `at`."""
    if pattern.duration <= at:
        return pattern
    starts = np.concatenate(([0.0], np.cumsum(pattern.durations)))[:-1]
    pieces = [(min(d, at - s), r) for s, d, r in zip(starts, pattern.durations, pattern.rates, strict=True) if s < at]
    return Accrual(tuple(float(d) for d, _ in pieces), tuple(r for _, r in pieces))


def reading_applies(accrual: float, follow_up: float, reading: str) -> bool:
    """Whether a reading of the accrual sentence makes sense for these two times."""
    if reading == "within_enrolment":
        return accrual > follow_up
    if reading == "end_of_enrolment":
        return accrual > 0
    return follow_up > 0 if reading in {"total", "per_patient"} else accrual + follow_up > 0


def event_probability(course: Course, median: float, *, shape: float = 1.0, at: float | None = None) -> float:
    """Probability that a patient has an observed event by calendar time `at` (default: the analysis).

    It is the integral of h(t) S(t) exp(-eta t) G(t), with G the probability of being followed to t and eta the
    dropout hazard. Patients who have not entered by `at` have probability 0.

    Parameters
    ----------
    course : Course
    median : float
        Median of the time to the event, above 0.
    shape : float
        Weibull shape; 1 is the exponential (closed form).
    at : float, optional
        Calendar time from the first entry.

    References
    ----------
    .. [1] Lachin, J. M. and Foulkes, M. A. (1986). Biometrics 42, 507-519.
    """
    arguments.positive("median", median)
    arguments.weibull_shape(shape)
    if at is not None:
        if arguments.not_negative("at", at) == 0:
            return 0.0
        course = replace(course, end=float(at))
    return _event_probability(course, float(median), float(shape))


@lru_cache(maxsize=65536)
def _event_probability(course: Course, median: float, shape: float) -> float:
    if shape == 1.0:
        return _exponential_probability(course, LN2 / median)
    law = Weibull(median, shape)
    return integrate(course, lambda t: np.exp(-law.cumulative(t)) * law.hazard(t), law)


def _exponential_probability(course: Course, rate: float) -> float:
    """Closed form: one term per piece of the entry pattern, split where follow-up reaches its maximum."""
    total = rate + course.dropout_hazard
    times, entered = course.accrual.knots
    capped = course.per_patient < course.end
    capped_share = float(course.accrual.entered(course.end - course.longest)) if capped else 0.0
    watched = capped_share * -math.expm1(-total * course.longest)
    for i, length in enumerate(np.diff(times)):
        shortest = max(course.end - times[i + 1], 0.0)
        longest = min(course.end - times[i], course.longest)
        if longest <= shortest:
            continue
        # A complete piece has share exactly 1, so that a very short enrolment loses no precision.
        whole = times[i + 1] <= course.end and course.end - times[i] <= course.longest
        share = 1.0 if whole else (longest - shortest) / length
        watched += (entered[i + 1] - entered[i]) * share * _mean_loss(total, shortest, longest)
    return float(rate / total * watched)


def _mean_loss(rate: float, lower: float, upper: float) -> float:
    """Mean of 1 - exp(-rate x) over (lower, upper), without cancellation error for small rates or short intervals."""
    low, high = rate * lower, rate * upper
    if high < 1e-4:
        return (low + high) / 2 - (low * low + low * high + high * high) / 6
    span = high - low
    # (1 - exp(-s)) / s loses precision below s = 1e-5; three terms of its series are exact there.
    mean = 1 - span / 2 + span * span / 6 if span < 1e-5 else -math.expm1(-span) / span
    return 1 - math.exp(-low) * mean


@dataclass(frozen=True)
class Weibull:
    """S(t) = exp(-ln 2 (t / median)^shape)."""

    median: float
    shape: float = 1.0

    def cumulative(self, t: Any) -> Any:
        """Cumulative hazard at t (a number or an array)."""
        return LN2 * (t / self.median) ** self.shape

    def hazard(self, t: Any) -> Any:
        """Hazard at t (a number or an array)."""
        return LN2 * self.shape / self.median * (t / self.median) ** (self.shape - 1)


def integrate(course: Course, function: Callable[[Floats], Floats], law: Weibull, upper: float | None = None) -> float:
    """Integral over follow-up of `function(t)` times the probability of still being observed at t.

    Gauss-Legendre between the kinks of `Course.followed`, in pieces over which the cumulative hazards are small.
    """
    times, weights = _nodes(course, law, course.longest if upper is None else upper)
    observed = course.followed(times) * np.exp(-course.dropout_hazard * times)
    return float(np.sum(weights * observed * function(times)))


@lru_cache(maxsize=8)
def legendre(order: int) -> tuple[Floats, Floats]:
    """Gauss-Legendre nodes and weights on (0, 1)."""
    nodes, weights = np.polynomial.legendre.leggauss(order)
    return (nodes + 1) / 2, weights / 2


def _nodes(course: Course, law: Weibull, upper: float) -> tuple[Floats, Floats]:
    """Nodes and weights on (0, upper).

    A Weibull hazard t^(shape - 1) is not smooth at 0; substituting t = end x u^power makes the integrand smooth for
    every shape.
    """
    u, w = legendre(48)
    cuts = sorted({*(b for b in course.breaks if b < upper), upper})
    power = 1 if law.shape == 1 else math.ceil(8 / law.shape)
    times, weights = [], []
    for low, high in pairwise(cuts):
        burden = law.cumulative(high) - law.cumulative(low) + course.dropout_hazard * (high - low)
        edges = np.linspace(low, high, 2 + int(min(burden, 800.0) / 4))
        for left, right in pairwise(edges.tolist()):
            grade = power if left == 0 else 1
            times.append(left + (right - left) * u**grade)
            weights.append((right - left) * grade * u ** (grade - 1) * w)
    return np.concatenate(times), np.concatenate(weights)


def expected_events(course: Course, patients: float, median: float, times: ArrayLike, *, shape: float = 1.0) -> Floats:
    """Expected number of events by each calendar time, among `patients` planned in total.

    Parameters
    ----------
    course : Course
        Entry pattern, dropout and maximum follow-up; its `end` is not used.
    patients : float
        Number of patients planned, above 0.
    median : float
        Median time to the event.
    times : (k,) array_like
        Calendar times from the first entry.

    Returns
    -------
    ndarray, shape (k,)
    """
    arguments.positive("patients", patients)
    at = np.atleast_1d(np.asarray(unmasked(times, "times"), dtype=float))
    return np.array([patients * event_probability(course, median, shape=shape, at=t) for t in at.tolist()])


def time_of_event(course: Course, patients: float, median: float, events: float, *, shape: float = 1.0) -> float:
    """Calendar time at which `events` events are expected.

    It solves patients x P(event by t) = events; follow-up continues past `course.end` as long as needed.

    Raises
    ------
    NotEstimable
        If that many events are never expected (too few patients, dropout, or limited follow-up).
    """
    from scipy.optimize import brentq

    arguments.positive("events", events)
    arguments.positive("patients", patients)
    arguments.positive("median", median)

    def excess(t: float) -> float:
        return patients * event_probability(course, median, shape=shape, at=t) - events

    upper = course.accrual.duration + median
    for _ in range(60):
        # a number reached only in the limit has no finite time
        if excess(1e-9) < 0 and excess(upper) > 1e-9 * events:
            return float(brentq(excess, 1e-9, upper, xtol=1e-12, rtol=1e-14))
        upper *= 1.5
    ceiling = patients * event_probability(course, median, shape=shape, at=upper)
    raise NotEstimable(
        f"{events:g} events are never expected of {patients:g} patients: at most {ceiling:.1f} however long one waits"
    )
