"""Single-arm designs with a time-to-event endpoint: `single_arm` and its inverse problems."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

from resurvey.design import arguments
from resurvey.design.actual import Attained, attained
from resurvey.design.course import (
    DROPOUT_READINGS,
    READINGS,
    Accrual,
    dropout_hazard,
    inflate,
    read_course,
    time_of_event,
)
from resurvey.design.equation import alpha_at, median_at, power_at, required_size, round_up
from resurvey.design.methods import METHODS, Method, Setting, event_probabilities, find_method
from resurvey.errors import InputError, NotEstimable

HYPOTHESES = {
    "alternative": "events are counted as if the alternative held",
    "null": "events are counted as if the null held",
    "average": "the event probability is the mean of the two",
}


@dataclass(frozen=True)
class Plan:
    """Validated arguments of a design: the setting for the formulas and the readings of the accrual sentence."""

    setting: Setting
    accrual: float | None
    follow_up: float | None
    reading: str
    dropout: float
    dropout_reading: str
    hypothesis: str

    @property
    def event_probability(self) -> float:
        """Probability of an observed event under the chosen hypothesis."""
        null, alternative = event_probabilities(self.setting)
        return {"null": null, "alternative": alternative, "average": (null + alternative) / 2}[self.hypothesis]


@dataclass(frozen=True)
class Design:
    """A single-arm design, with unrounded and rounded sizes.

    Attributes
    ----------
    rule : Method
        The formula: key, table label, symbols and source.
    plan : Plan
        Medians, course of the trial and readings.
    sides, alpha, power : int, float, float
        As requested; alpha is for a test with `sides` sides.
    events_raw, events : float, int
        Events needed, unrounded and rounded up. For a formula that counts patients: events expected under the plan's
        hypothesis.
    patients_raw, patients : float or None, int or None
        Patients to enrol, including the allowance for dropout; None if accrual and follow-up were not given.
    nominal_power : float
        Power by the formula itself at the rounded number (events, or patients before a flat allowance, whichever it
        counts). An approximation: `actual` gives the actual power of the test.
    event_probability_null, event_probability_alternative : float or None
        Probability that an enrolled patient has an observed event by the analysis.
    size : int
        The rounded number that the formula counts.
    """

    rule: Method
    plan: Plan
    sides: int
    alpha: float
    power: float
    events_raw: float | None
    events: int | None
    patients_raw: float | None
    patients: int | None
    nominal_power: float
    event_probability_null: float | None
    event_probability_alternative: float | None
    size: int = field(repr=False)

    @property
    def method(self) -> str:
        """Key of the formula."""
        return self.rule.name

    @property
    def setting(self) -> Setting:
        """The setting used by the formula."""
        return self.plan.setting

    @property
    def hazard_ratio(self) -> float:
        """Hazard under the alternative divided by hazard under the null."""
        return self.setting.hazard_ratio

    @cached_property
    def actual(self) -> Attained | None:
        """Actual level and power of the test of this formula at the rounded number; see `attained`."""
        return attained(self.rule, self.setting, self.size, alpha=self.alpha, sides=self.sides)


def make_plan(
    null_median: float,
    alternative_median: float,
    *,
    accrual: float | Accrual | None = None,
    follow_up: float | None = None,
    dropout: float = 0.0,
    dropout_reading: str = "divide",
    reading: str = "additional",
    hypothesis: str = "alternative",
    shape: float = 1.0,
    landmark: float | None = None,
    check_units: bool = True,
) -> Plan:
    """Check all arguments but the error rates, and build the course of the trial (none without accrual and follow-up).

    Raises
    ------
    InputError
        If an argument is outside its range, or accrual is given without follow-up.
    """
    arguments.medians(null_median, alternative_median)
    arguments.weibull_shape(shape)
    arguments.choice("hypothesis", hypothesis, HYPOTHESES)
    arguments.choice("reading", reading, READINGS)
    arguments.choice("dropout_reading", dropout_reading, DROPOUT_READINGS)
    dropout = arguments.dropout_proportion(dropout)
    if landmark is not None:
        arguments.positive("landmark", landmark)
    if (accrual is None) != (follow_up is None):
        raise InputError("accrual and follow_up belong together: give both, or neither for the number of events alone")
    course, length = None, None
    if accrual is not None and follow_up is not None:
        length = accrual.duration if isinstance(accrual, Accrual) else arguments.not_negative("accrual", accrual)
        arguments.not_negative("follow_up", follow_up)
        if check_units:
            arguments.same_unit(null_median, alternative_median, length, follow_up)
        hazard = dropout_hazard(dropout, dropout_reading, length, follow_up)
        course = read_course(accrual, follow_up, reading=reading, dropout_hazard=hazard)
    setting = Setting(float(null_median), float(alternative_median), float(shape), course, landmark)
    return Plan(setting, length, follow_up, reading, dropout, dropout_reading, hypothesis)


def single_arm(
    null_median: float,
    alternative_median: float,
    *,
    alpha: float,
    power: float,
    sides: int,
    accrual: float | Accrual | None = None,
    follow_up: float | None = None,
    dropout: float = 0.0,
    method: str = "log_hazard",
    dropout_reading: str = "divide",
    reading: str = "additional",
    hypothesis: str = "alternative",
    shape: float = 1.0,
    landmark: float | None = None,
    check_units: bool = True,
) -> Design:
    r"""Events and patients for a single-arm trial with a time-to-event endpoint, by a named formula.

    Parameters
    ----------
    null_median, alternative_median : float
        Median under the null and under the alternative, in the same unit as all other times; above 0, not equal.
    alpha, power : float
        Level of the test (both tails together when `sides` is 2) and power, as proportions.
    sides : {1, 2}
    accrual : float or Accrual, optional
        Enrolment period (uniform entry) or entry pattern. Without it and `follow_up` the number of patients is not
        computed.
    follow_up : float, optional
        Printed follow-up; `reading` says how it is interpreted.
    dropout : float, default 0
        Proportion lost to follow-up; `dropout_reading` says how it is allowed for.
    method : str
        A key of `METHODS` or a common alias.
    reading, dropout_reading, hypothesis : str
        Keys of `READINGS`, `DROPOUT_READINGS`, `HYPOTHESES`.
    shape : float, default 1
        Weibull shape shared by both hypotheses.
    landmark : float, optional
        Time of comparison for the landmark methods; the null median by default.
    check_units : bool, default True
        Raise an error if medians and trial times seem to be in different units.

    Returns
    -------
    Design

    Raises
    ------
    InputError
        If an argument is out of range, or units seem to be mixed; the message names the argument.
    NotEstimable
        If no size gives the power (a landmark beyond all follow-up, or medians too close).

    Notes
    -----
    Patients are the unrounded events divided by the event probability, with the flat allowance added, rounded up once.
    """
    chosen = find_method(method)
    arguments.errors_and_sides(alpha, power, sides)
    if landmark is None and chosen.needs_landmark:
        landmark = null_median
    plan = make_plan(
        null_median,
        alternative_median,
        accrual=accrual,
        follow_up=follow_up,
        dropout=dropout,
        dropout_reading=dropout_reading,
        reading=reading,
        hypothesis=hypothesis,
        shape=shape,
        landmark=landmark,
        check_units=check_units,
    )
    return design_of(chosen, plan, alpha=alpha, power=power, sides=sides)


def design_of(method: Method, plan: Plan, *, alpha: float, power: float, sides: int) -> Design:
    """The design by a method for a validated plan."""
    setting = plan.setting
    size = required_size(method, setting, alpha=alpha, power=power, sides=sides)
    probabilities = event_probabilities(setting) if setting.course is not None else (None, None)
    events, patients = _both_counts(method, plan, size)
    return Design(
        rule=method,
        plan=plan,
        sides=sides,
        alpha=alpha,
        power=power,
        events_raw=events,
        events=None if events is None else round_up(events),
        patients_raw=patients,
        patients=None if patients is None else round_up(patients),
        nominal_power=power_at(method, setting, round_up(size), alpha=alpha, sides=sides),
        event_probability_null=probabilities[0],
        event_probability_alternative=probabilities[1],
        size=round_up(size),
    )


def _both_counts(method: Method, plan: Plan, size: float) -> tuple[float | None, float | None]:
    """Events and patients (with the flat allowance) from whichever number the method counts."""
    known = plan.setting.course is not None
    if method.unit == "events":
        patients = size / plan.event_probability if known else None
        return size, None if patients is None else inflate(patients, plan.dropout, plan.dropout_reading)
    events = size * plan.event_probability if known else None
    return events, inflate(size, plan.dropout, plan.dropout_reading)


def size_from_events(method: Method, plan: Plan, events: float) -> float:
    """The number that the method counts (events or patients) when `events` events are expected."""
    return events if method.unit == "events" else events / plan.event_probability


def power_given_events(
    null_median: float,
    alternative_median: float,
    *,
    events: float,
    alpha: float,
    sides: int,
    method: str = "log_hazard",
    **readings: object,
) -> float:
    """Power of a trial with that many events; `readings` are further keyword arguments of `single_arm`.

    A formula that counts patients uses the number of patients for which `events` events are expected.
    """
    arguments.positive("events", events)
    arguments.errors_and_sides(alpha, None, sides)
    chosen, plan = _plan(null_median, alternative_median, method, readings)
    return power_at(chosen, plan.setting, size_from_events(chosen, plan, events), alpha=alpha, sides=sides)


def alpha_given_events(
    null_median: float,
    alternative_median: float,
    *,
    events: float,
    power: float,
    sides: int,
    method: str = "log_hazard",
    **readings: object,
) -> float:
    """Significance level (of a test with `sides` sides) at which that many events give the power."""
    arguments.positive("events", events)
    arguments.proportion("power", power)
    arguments.errors_and_sides(0.5, None, sides)
    chosen, plan = _plan(null_median, alternative_median, method, readings)
    return alpha_at(chosen, plan.setting, size_from_events(chosen, plan, events), power=power, sides=sides)


def detectable_median(
    null_median: float,
    *,
    events: float,
    alpha: float,
    power: float,
    sides: int,
    method: str = "log_hazard",
    longer: bool = True,
    **readings: object,
) -> float:
    """Median (longer or shorter than the null) that `events` events detect with the given power.

    Methods that count patients are not allowed, because they need a number of patients for this.

    Raises
    ------
    InputError
        If the method counts patients rather than events.
    """
    arguments.positive("events", events)
    arguments.errors_and_sides(alpha, power, sides)
    chosen, plan = _plan(null_median, null_median * (1.5 if longer else 1 / 1.5), method, readings)
    if chosen.unit != "events":
        raise InputError(f"method {chosen.name} counts patients: the detectable median needs one that counts events")
    return median_at(chosen, plan.setting, events, alpha=alpha, power=power, sides=sides)


def _plan(null_median: float, alternative_median: float, method: str, readings: dict) -> tuple[Method, Plan]:
    chosen = find_method(method)
    if chosen.needs_landmark and readings.get("landmark") is None:
        readings = {**readings, "landmark": null_median}
    return chosen, make_plan(null_median, alternative_median, **readings)


def follow_up_for_events(
    patients: float,
    median: float,
    *,
    events: float,
    accrual: float | Accrual,
    shape: float = 1.0,
    dropout_hazard: float = 0.0,
) -> float:
    """Follow-up after the last entry at which `events` events are expected among `patients`.

    Raises
    ------
    NotEstimable
        If they are expected before enrolment ends (the message says when), or never.
    """
    arguments.positive("patients", patients)
    course = read_course(accrual, 1.0, dropout_hazard=dropout_hazard)
    time = time_of_event(course, patients, median, events, shape=shape)
    follow_up = time - course.accrual.duration
    if follow_up < 0:
        raise NotEstimable(
            f"{events:g} events are expected at {time:.2f}, before the last of {patients:g} patients enters at "
            f"{course.accrual.duration:g}: no follow-up is needed"
        )
    return follow_up


def method_names(*, misuse: bool = True) -> list[str]:
    """Keys of all methods, in the order of the tables."""
    return [name for name, method in METHODS.items() if misuse or not method.misuse]
