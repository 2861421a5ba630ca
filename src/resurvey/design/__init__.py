"""Single-arm designs: named formulas, what they need and imply, and whether a printed sample size follows from them."""

from resurvey.design.binomial import BinomialDesign, SimonDesign, binomial_one_stage, simon_designs, simon_two_stage
from resurvey.design.claim import DesignClaim, check_claim, implied_event_probability
from resurvey.design.course import (
    DROPOUT_READINGS,
    READINGS,
    Accrual,
    Course,
    dropout_hazard,
    event_probability,
    expected_events,
    read_course,
    time_of_event,
)
from resurvey.design.methods import METHODS, Method, find_method
from resurvey.design.single import (
    HYPOTHESES,
    Design,
    alpha_given_events,
    detectable_median,
    follow_up_for_events,
    method_names,
    power_given_events,
    single_arm,
)

__all__ = [
    "DROPOUT_READINGS",
    "HYPOTHESES",
    "METHODS",
    "READINGS",
    "Accrual",
    "BinomialDesign",
    "Course",
    "Design",
    "DesignClaim",
    "Method",
    "SimonDesign",
    "alpha_given_events",
    "binomial_one_stage",
    "check_claim",
    "detectable_median",
    "dropout_hazard",
    "event_probability",
    "expected_events",
    "find_method",
    "follow_up_for_events",
    "implied_event_probability",
    "method_names",
    "power_given_events",
    "read_course",
    "simon_designs",
    "simon_two_stage",
    "single_arm",
    "time_of_event",
]
