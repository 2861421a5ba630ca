"""single_arm, its formulas and inverse questions, and what it refuses."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from resurvey.design import (
    METHODS,
    alpha_given_events,
    binomial_one_stage,
    detectable_median,
    method_names,
    power_given_events,
    simon_two_stage,
    single_arm,
)
from resurvey.errors import InputError, NotEstimable

PICTURE = {"alpha": 0.05, "power": 0.8, "accrual": 32, "follow_up": 24, "dropout": 0.05}
Z = 1.6448536269514722 + 0.8416212335729143
RATIO = 5.78 / 8
EVENT_METHODS = [n for n, m in METHODS.items() if m.unit == "events" and not m.discrete]


@pytest.mark.parametrize(
    ("method", "formula"),
    [
        ("log_hazard", (Z / math.log(RATIO)) ** 2),
        ("hazard_null", (Z / (1 - RATIO)) ** 2),
        ("hazard_alternative", (Z * RATIO / (1 - RATIO)) ** 2),
        ("median_null", (Z / (1 / RATIO - 1)) ** 2),
        ("square_root_person_time", RATIO * Z**2 / (4 * (1 - math.sqrt(RATIO)) ** 2)),
        ("schoenfeld_two_arm", 4 * (Z / math.log(RATIO)) ** 2),
        ("freedman_two_arm", (Z * (1 + RATIO) / (1 - RATIO)) ** 2),
    ],
)
def test_events_by_hand(method, formula):
    assert single_arm(5.78, 8, alpha=0.05, power=0.8, sides=1, method=method).events_raw == pytest.approx(
        formula, rel=1e-12
    )


def test_formulas_with_two_variances_by_hand():
    za, zb = 1.6448536269514722, 0.8416212335729143
    by_hand = {
        "hazard_both": ((za + zb * RATIO) / (1 - RATIO)) ** 2,
        "median_both": ((za + zb / RATIO) / (1 / RATIO - 1)) ** 2,
        "square_root": ((za + zb * RATIO**0.5) / (2 * (1 - RATIO**0.5))) ** 2,
        "cube_root": ((za + zb * RATIO ** (1 / 3)) / (3 * (1 - RATIO ** (1 / 3)))) ** 2,
    }
    for method, value in by_hand.items():
        design = single_arm(5.78, 8, alpha=0.05, power=0.8, sides=1, method=method)
        assert design.events_raw == pytest.approx(value, rel=1e-12)


@pytest.mark.parametrize(("sides", "events"), [(1, 59), (2, 75)])
def test_picture_by_the_usual_formula(sides, events):
    design = single_arm(5.78, 8, sides=sides, method="log_hazard", **PICTURE)
    assert design.events == events
    assert design.patients_raw == pytest.approx(design.events_raw / design.event_probability_alternative / 0.95)


def test_picture_by_the_one_sample_log_rank():
    # The printed 64: Wu (2015), one-sided, enrolment 32 and then 24 of follow-up; patients are then 70, not 96.
    design = single_arm(5.78, 8, sides=1, method="wu", **PICTURE)
    assert (design.events, design.patients) == (64, 70)


def test_finkelstein_is_the_hazard_wald_of_expected_events():
    # With v1 = HR v0 the null-variance formula asks for E = (z / (1 - HR))^2 expected, so HR E observed events.
    design = single_arm(5.78, 8, sides=1, method="finkelstein", **PICTURE)
    assert design.events_raw == pytest.approx(RATIO * (Z / (1 - RATIO)) ** 2, rel=1e-9)


def test_without_a_course_there_are_no_patients():
    design = single_arm(5.78, 8, alpha=0.05, power=0.8, sides=1)
    assert design.patients is None and design.event_probability_null is None


def test_dropout_readings():
    def n(reading):
        return single_arm(5.78, 8, sides=1, dropout_reading=reading, **PICTURE).patients_raw

    assert n("divide") == pytest.approx(n("none") / 0.95, rel=1e-12)
    assert n("multiply") == pytest.approx(n("none") * 1.05, rel=1e-12)
    assert n("none") < n("hazard_over_trial") < n("hazard_per_year") < n("hazard_per_unit")


@pytest.mark.parametrize("method", method_names())
@pytest.mark.parametrize("sides", [1, 2])
def test_every_formula_attains_its_power_and_inverts(method, sides):
    design = single_arm(5.78, 8, sides=sides, method=method, **PICTURE)
    assert design.nominal_power >= 0.8 - 1e-9
    assert design.events <= design.patients or METHODS[method].misuse
    arguments = {k: PICTURE[k] for k in ("accrual", "follow_up", "dropout")} | {"sides": sides, "method": method}
    if METHODS[method].discrete:
        return
    power = power_given_events(5.78, 8, events=design.events_raw, alpha=0.05, **arguments)
    assert power == pytest.approx(0.8, abs=1e-9)
    alpha = alpha_given_events(5.78, 8, events=design.events_raw, power=0.8, **arguments)
    assert alpha == pytest.approx(0.05, abs=1e-9)


@pytest.mark.parametrize("method", EVENT_METHODS)
def test_detectable_median_is_the_alternative_again(method):
    events = single_arm(5.78, 8, alpha=0.05, power=0.8, sides=1, method=method).events_raw
    found = detectable_median(5.78, events=events, alpha=0.05, power=0.8, sides=1, method=method)
    assert found == pytest.approx(8, rel=1e-7)


def test_detectable_shorter_median():
    found = detectable_median(8, events=60, alpha=0.05, power=0.8, sides=1, longer=False)
    assert found == pytest.approx(8 * math.exp(-Z / math.sqrt(60)), rel=1e-9)


def test_detectable_median_needs_a_formula_in_events():
    with pytest.raises(InputError, match="counts patients"):
        detectable_median(8, events=60, alpha=0.05, power=0.8, sides=1, method="wu", accrual=32, follow_up=24)


@settings(max_examples=30, deadline=None)
@given(
    null=st.floats(1, 30),
    ratio=st.floats(1.2, 3),
    power=st.floats(0.6, 0.95),
    method=st.sampled_from(["log_hazard", "cube_root", "exact_chi_square", "hazard_both", "median_both"]),
)
def test_more_power_smaller_alpha_or_smaller_effect_need_more_events(null, ratio, power, method):
    def d(**change):
        given = {"alpha": 0.05, "power": power, "sides": 1, "method": method} | change
        return single_arm(null, null * given.pop("ratio", ratio), **given).events_raw

    assert d(power=power + 0.02) > d()
    assert d(alpha=0.04) > d()
    assert d(sides=2) > d()
    assert d(ratio=ratio * 0.95) > d()
    # Only the ratio of the medians matters for events.
    assert single_arm(10 * null, 10 * null * ratio, alpha=0.05, power=power, sides=1, method=method).events_raw == (
        pytest.approx(d(), rel=1e-9)
    )


def test_exact_tests_agree_on_a_shorter_alternative():
    design = single_arm(8, 4, alpha=0.05, power=0.8, sides=1, method="exact_chi_square")
    from scipy.stats import chi2

    def power(d):
        return chi2.cdf(chi2.ppf(0.05, 2 * d) * 2, 2 * d)

    assert power(design.events) >= 0.8 > power(design.events - 1)


def test_exact_poisson_keeps_its_power_from_there_on():
    from scipy.stats import poisson

    def power(d):
        c = poisson.ppf(0.05, d / RATIO)
        c = c if poisson.cdf(c, d / RATIO) <= 0.05 else c - 1
        return poisson.cdf(c, d)

    smallest = single_arm(5.78, 8, alpha=0.05, power=0.8, sides=1, method="exact_poisson_smallest").events
    keeps = single_arm(5.78, 8, alpha=0.05, power=0.8, sides=1, method="exact_poisson").events
    assert power(smallest) >= 0.8 and all(power(d) < 0.8 for d in range(1, smallest))
    assert all(power(d) >= 0.8 for d in range(keeps, 300))


def test_one_stage_binomial_saw_tooth():
    # A'Hern-type design 0.2 v 0.4, 5 %, 80 %: 35 patients have the power by exact binomial, but 36 do not.
    from scipy.stats import binom

    def power(n):
        r = next(r for r in range(n + 2) if binom.sf(r - 1, n, 0.2) <= 0.05)
        return binom.sf(r - 1, n, 0.4)

    smallest = binomial_one_stage(0.2, 0.4, alpha=0.05, power=0.8)
    keeps = binomial_one_stage(0.2, 0.4, alpha=0.05, power=0.8, method="lasting")
    assert smallest.patients == next(n for n in range(1, 200) if power(n) >= 0.8)
    assert keeps.patients == max(n for n in range(1, 200) if power(n) < 0.8) + 1
    assert smallest.patients < keeps.patients
    assert smallest.power == pytest.approx(power(smallest.patients), rel=1e-10)


def test_aliases_and_spelling():
    names = ["MLE", "log hazard", "Log-Hazard"]
    designs = [single_arm(3, 7, alpha=0.05, power=0.8, sides=1, method=name) for name in names]
    assert {design.method for design in designs} == {"log_hazard"}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"alternative_median": 5.78}, "both 5.78"),
        ({"null_median": -1}, "null_median must be above 0, found -1"),
        ({"null_median": math.nan}, "null_median must be finite"),
        ({"null_median": "six"}, "null_median must be a number"),
        ({"alpha": 5}, r"alpha must lie strictly between 0 and 1, found 5: 5 looks like a percentage, give 0.05"),
        ({"power": 80}, "power must lie strictly between 0 and 1, found 80"),
        ({"power": 0.04}, r"power \(0.04\) must be above alpha \(0.05\)"),
        ({"power": 0.05}, "must be above alpha"),
        ({"sides": 3}, "sides must be 1 or 2, found 3"),
        ({"accrual": -32}, "accrual must not be negative, found -32"),
        ({"follow_up": -24}, "follow_up must not be negative"),
        ({"follow_up": math.inf}, "follow_up must be finite"),
        ({"dropout": -0.1}, "dropout must lie strictly"),
        ({"dropout": 5}, "looks like a percentage, give 0.05"),
        ({"accrual": 0, "follow_up": 0}, "of no duration"),
        ({"null_median": 173, "alternative_median": 240}, "a median of 240 with an accrual of 32.*mix-up of units"),
        ({"null_median": 0.48, "alternative_median": 0.67}, "a median of 0.48 .*years for months"),
        ({"method": "guess"}, "method 'guess' is not known; choose one of log_hazard"),
        ({"hypothesis": "both"}, "hypothesis 'both' is not known"),
        ({"dropout_reading": "some"}, "dropout_reading 'some' is not known"),
        ({"follow_up": None}, "accrual and follow_up belong together"),
        ({"shape": 0}, "shape must be above 0"),
    ],
)
def test_wrong_input_is_refused_with_a_reason(change, message):
    arguments = {"null_median": 5.78, "alternative_median": 8, "sides": 1, **PICTURE} | change
    with pytest.raises(InputError, match=message):
        single_arm(**arguments)


def test_unit_check_can_be_waived():
    arguments = {"null_median": 173, "alternative_median": 240, "sides": 1, **PICTURE}
    assert single_arm(**arguments, check_units=False).events == 58


def test_log_rank_without_a_course_is_refused():
    with pytest.raises(InputError, match="need accrual and follow_up"):
        single_arm(5.78, 8, alpha=0.05, power=0.8, sides=1, method="wu")


def test_landmark_beyond_all_follow_up():
    with pytest.raises(NotEstimable, match="nobody is followed for 60"):
        single_arm(5.78, 8, sides=1, method="landmark_log", landmark=60, **PICTURE)


def test_landmark_variance_grows_with_censoring_before_it():
    within = single_arm(5.78, 8, sides=1, method="landmark_log", landmark=12, **PICTURE)
    short = single_arm(5.78, 8, sides=1, method="landmark_log", landmark=12, **{**PICTURE, "follow_up": 2})
    assert short.patients_raw > within.patients_raw


def test_medians_too_close_for_an_exact_test():
    with pytest.raises(NotEstimable, match="check the medians"):
        single_arm(8, 8.001, alpha=0.05, power=0.8, sides=1, method="exact_poisson")


def test_simon_refuses():
    with pytest.raises(InputError, match="must be above null"):
        simon_two_stage(0.4, 0.2, alpha=0.05, power=0.8)
    with pytest.raises(NotEstimable, match="raise largest"):
        simon_two_stage(0.2, 0.25, alpha=0.05, power=0.9, largest=30)
