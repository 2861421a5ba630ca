"""Compare a printed sample size with every formula, in one table."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import product

import pandas as pd

from resurvey.design import arguments
from resurvey.design.actual import TRIALS, attained
from resurvey.design.course import DROPOUT_READINGS, READINGS, deflate, inflate, reading_applies
from resurvey.design.equation import alpha_at, power_at, round_up
from resurvey.design.methods import Method, find_method
from resurvey.design.single import HYPOTHESES, Plan, design_of, make_plan, method_names, size_from_events
from resurvey.errors import InputError, NotEstimable

COLUMNS = [
    "method",
    "sides",
    "alpha",
    "power",
    "events",
    "patients",
    "reproduces_events",
    "reproduces_patients",
    "reading",
    "events_raw",
    "patients_raw",
    "power_at_claimed_events",
    "alpha_implied",
    "patients_from_claimed_events",
    "events_difference",
    "patients_difference",
    "tolerance",
    "dropout",
    "dropout_reading",
    "hypothesis",
    "event_probability",
    "total_time",
    "label",
    "unit",
    "misuse",
    "formula",
    "reference",
]
COUNTS = ("events", "patients", "patients_from_claimed_events", "events_difference", "patients_difference")


@dataclass(frozen=True)
class DesignClaim:
    """What a paper reports about its sample size; times in one unit, rates as proportions.

    `sides`, `events` and `patients` are None where the paper does not report them.
    """

    null_median: float
    alternative_median: float
    alpha: float
    power: float
    accrual: float
    follow_up: float
    dropout: float = 0.0
    sides: int | None = None
    events: int | None = None
    patients: int | None = None
    shape: float = 1.0
    landmark: float | None = None
    check_units: bool = True

    def __post_init__(self) -> None:
        arguments.errors_and_sides(self.alpha, self.power, 1 if self.sides is None else self.sides)
        for name in ("events", "patients"):
            if getattr(self, name) is not None:
                arguments.whole(f"claimed {name}", getattr(self, name))
        if self.events is not None and self.patients is not None and self.events > self.patients:
            raise InputError(f"claimed events ({self.events}) exceed claimed patients ({self.patients})")
        arguments.weibull_shape(self.shape)
        self.plan()

    @property
    def sides_to_try(self) -> tuple[int, ...]:
        """The printed number of sides, or both."""
        return (1, 2) if self.sides is None else (self.sides,)

    def plan(
        self, *, reading: str = "additional", dropout_reading: str = "divide", hypothesis: str = "alternative"
    ) -> Plan:
        """The setting for the formulas under the given readings."""
        return make_plan(
            self.null_median,
            self.alternative_median,
            accrual=self.accrual,
            follow_up=self.follow_up,
            dropout=self.dropout,
            dropout_reading=dropout_reading,
            reading=reading,
            hypothesis=hypothesis,
            shape=self.shape,
            landmark=self.null_median if self.landmark is None else self.landmark,
            check_units=self.check_units,
        )


def check_claim(
    claim: DesignClaim,
    *,
    methods: Iterable[str] | None = None,
    readings: Iterable[str] | None = None,
    dropout_readings: Iterable[str] = ("divide",),
    hypotheses: Iterable[str] = ("alternative",),
    tolerance: int = 0,
) -> pd.DataFrame:
    """Compute events and patients for every method, number of sides and reading of the accrual sentence.

    Parameters
    ----------
    claim : DesignClaim
    methods, readings, dropout_readings, hypotheses : iterable of str, optional
        Keys to combine; by default all methods, and all readings that make sense for the times.
    tolerance : int, default 0
        Largest difference, in whole events or patients, that counts as reproduced.

    Returns
    -------
    DataFrame
        One row per combination; columns `COLUMNS`. `alpha` and `power` are the printed ones; `alpha_implied` is the
        level (of a test with `sides` sides) at which the claimed events give the printed power;
        `power_at_claimed_events` is at the printed level; `patients_from_claimed_events` starts from the claimed
        events. Columns about the claim are missing where the paper gives no number, and all numbers are missing where a
        method does not apply under a reading (a landmark beyond all follow-up).
    """
    chosen = [find_method(name) for name in (method_names() if methods is None else methods)]
    wanted = READINGS if readings is None else readings
    readings_used = [name for name in wanted if reading_applies(claim.accrual, claim.follow_up, name)]
    tolerance = arguments.whole("tolerance", tolerance, 0)
    rows = []
    for reading in readings_used:
        for dropout_reading in dropout_readings:
            for hypothesis in hypotheses:
                plan = claim.plan(reading=reading, dropout_reading=dropout_reading, hypothesis=hypothesis)
                rows += [
                    _row(claim, method, plan, sides, tolerance) for method in chosen for sides in claim.sides_to_try
                ]
    table = pd.DataFrame(rows, columns=COLUMNS).astype(
        dict.fromkeys(COUNTS, "Int64") | {"reproduces_events": "boolean", "reproduces_patients": "boolean"}
    )
    order = {method.name: i for i, method in enumerate(chosen)}
    return table.sort_values(
        ["method", "sides", "reading"], key=lambda c: c.map(order) if c.name == "method" else c, kind="stable"
    ).reset_index(drop=True)


def _row(claim: DesignClaim, method: Method, plan: Plan, sides: int, tolerance: int) -> dict[str, object]:
    row: dict[str, object] = {
        "method": method.name,
        "sides": sides,
        "alpha": claim.alpha,
        "power": claim.power,
        "reading": plan.reading,
        "tolerance": tolerance,
        "dropout": plan.dropout,
        "dropout_reading": plan.dropout_reading,
        "hypothesis": plan.hypothesis,
        "label": method.label,
        "unit": method.unit,
        "misuse": method.misuse,
        "formula": method.formula,
        "reference": method.reference,
        "event_probability": plan.event_probability,
        "total_time": plan.setting.course.end if plan.setting.course else None,
    }
    try:
        row |= _numbers(claim, method, plan, sides, tolerance)
    except NotEstimable:
        return row
    return row


def _numbers(claim: DesignClaim, method: Method, plan: Plan, sides: int, tolerance: int) -> dict[str, object]:
    design = design_of(method, plan, alpha=claim.alpha, power=claim.power, sides=sides)
    assert design.events is not None and design.patients is not None
    row: dict[str, object] = {
        "events": design.events,
        "patients": design.patients,
        "events_raw": design.events_raw,
        "patients_raw": design.patients_raw,
    }
    if claim.events is not None:
        size = size_from_events(method, plan, claim.events)
        patients = inflate(claim.events / plan.event_probability, plan.dropout, plan.dropout_reading)
        row |= {
            "reproduces_events": abs(design.events - claim.events) <= tolerance,
            "events_difference": design.events - claim.events,
            "power_at_claimed_events": power_at(method, plan.setting, size, alpha=claim.alpha, sides=sides),
            "alpha_implied": alpha_at(method, plan.setting, size, power=claim.power, sides=sides),
            "patients_from_claimed_events": round_up(patients),
        }
    if claim.patients is not None:
        row |= {
            "reproduces_patients": abs(design.patients - claim.patients) <= tolerance,
            "patients_difference": design.patients - claim.patients,
        }
    return row


ATTAINED = ["nominal_power", "actual_power", "actual_level", "actual_by"]


def with_attained(claim: DesignClaim, table: pd.DataFrame, *, trials: int = TRIALS) -> pd.DataFrame:
    """Add to rows of `check_claim` the nominal and actual power at the formula's own rounded sample size.

    Returns
    -------
    DataFrame
        The rows with nominal_power, actual_power, actual_level and actual_by ("exact", or "simulated, +- 2 Monte Carlo
        standard errors of the power"; missing where a formula does not plan a single-arm test). See `attained`.
    """
    found = [_attained_row(claim, row, trials) for _, row in table.iterrows()]
    return table.assign(**{name: [row[place] for row in found] for place, name in enumerate(ATTAINED)})


def _attained_row(claim: DesignClaim, row: pd.Series, trials: int) -> tuple[float, float, float, str]:
    nothing = float("nan")
    if pd.isna(row["events_raw"]):
        return nothing, nothing, nothing, ""
    method, sides = find_method(row["method"]), int(row["sides"])
    keys = {name: row[name] for name in ("reading", "dropout_reading", "hypothesis")}
    plan = claim.plan(**keys)
    raw = (
        row["events_raw"]
        if method.unit == "events"
        else deflate(row["patients_raw"], plan.dropout, keys["dropout_reading"])
    )
    size = round_up(float(raw))
    nominal = power_at(method, plan.setting, size, alpha=claim.alpha, sides=sides)
    reached = attained(method, plan.setting, size, alpha=claim.alpha, sides=sides, trials=trials)
    if reached is None:
        return nominal, nothing, nothing, ""
    how = reached.how if reached.how == "exact" else f"{reached.how}, +- {2 * reached.power_se:.3f}"
    return nominal, reached.power, reached.level, how


def median_of_rate(rate: float, landmark: float, *, shape: float = 1.0, name: str = "rate") -> float:
    """Median of the exponential (or Weibull) distribution with a given survival at a given time.

    Raises
    ------
    InputError
        If the rate is not strictly between 0 and 1, or the time not above 0.
    """
    share, time = arguments.proportion(name, rate), arguments.positive("landmark", landmark)
    return time * float((math.log(2.0) / -math.log(share)) ** (1 / arguments.weibull_shape(shape)))


def implied_event_probability(claim: DesignClaim) -> pd.DataFrame:
    """Event probability that links the claimed events and patients, compared with that under each reading.

    Returns
    -------
    DataFrame
        dropout_reading, lower, upper (the probability lies in [lower, upper)), reading, hypothesis, event_probability
        (computed from the printed times and medians) and `inside`.

    Raises
    ------
    InputError
        If the claim has no events or no patients.
    """
    if claim.events is None or claim.patients is None:
        raise InputError("the claim needs both events and patients")
    rows = []
    for dropout_reading in DROPOUT_READINGS:
        evaluable = [deflate(n, claim.dropout, dropout_reading) for n in (claim.patients, claim.patients - 1)]
        lower, upper = claim.events / evaluable[0], claim.events / evaluable[1] if evaluable[1] > 0 else float("inf")
        for reading in READINGS:
            if not reading_applies(claim.accrual, claim.follow_up, reading):
                continue
            for hypothesis in HYPOTHESES:
                plan = claim.plan(reading=reading, dropout_reading=dropout_reading, hypothesis=hypothesis)
                value = plan.event_probability
                rows.append((dropout_reading, lower, upper, reading, hypothesis, value, lower <= value < upper))
    columns = ["dropout_reading", "lower", "upper", "reading", "hypothesis", "event_probability", "inside"]
    return pd.DataFrame(rows, columns=columns)


def events_of_claimed_patients(claim: DesignClaim) -> pd.DataFrame:
    """Expected events among the claimed patients, by reading of the accrual sentence, dropout and hypothesis.

    The reverse of a design calculation: the number of patients is fixed first (accrual rate times enrolment period),
    and the number of events follows.

    Returns
    -------
    DataFrame
        reading, dropout_reading, hypothesis, patients_kept (after a flat allowance), event_probability, events_raw,
        total_time, entry_rate (claimed patients per unit of enrolment), and `reproduces_events` (rounded up or to
        the nearest; empty without claimed events).

    Raises
    ------
    InputError
        If the claim has no patients.
    """
    if claim.patients is None:
        raise InputError("the claim needs patients")
    rows = []
    readings_used = [name for name in READINGS if reading_applies(claim.accrual, claim.follow_up, name)]
    for reading, dropout_reading, hypothesis in product(readings_used, DROPOUT_READINGS, HYPOTHESES):
        if claim.follow_up == 0 and dropout_reading == "hazard_over_follow_up":
            continue
        plan = claim.plan(reading=reading, dropout_reading=dropout_reading, hypothesis=hypothesis)
        patients = deflate(claim.patients, claim.dropout, dropout_reading)
        events = patients * plan.event_probability
        hit = pd.NA if claim.events is None else claim.events in (round_up(events), round(events))
        end = plan.setting.course.end if plan.setting.course else None
        rate = claim.patients / claim.accrual if claim.accrual > 0 else None
        rows.append((reading, dropout_reading, hypothesis, patients, plan.event_probability, events, end, rate, hit))
    columns = ["reading", "dropout_reading", "hypothesis", "patients_kept", "event_probability", "events_raw"]
    table = pd.DataFrame(rows, columns=[*columns, "total_time", "entry_rate", "reproduces_events"])
    return table.astype({"reproduces_events": "boolean"})
