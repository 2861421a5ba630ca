"""Percentages, whole counts, denominators and binomial intervals, by hand-computed values and properties."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from resurvey import proportion_limits
from resurvey.audit.handlers import alone as every_check
from resurvey.audit.implied import possible_totals
from resurvey.audit.percentages import explain_rounding
from resurvey.errors import InputError

RULES = ["percentage", "category-sum", "percent-sum", "whole-count", "implied-total", "binomial-interval"]


def alone(rows):
    return every_check(rows, RULES)


def verdicts(checks, rule):
    return checks.loc[checks["rule"] == rule, "verdict"].tolist()


def proportion(**cells):
    return {"kind": "baseline", "item": "anything", **cells}


def percentage(n, total, percent):
    checks = alone({"proportions": [proportion(n=n, total=total, percent=percent)]})
    return checks[checks["rule"] == "percentage"].iloc[0]


@pytest.mark.parametrize(
    ("n", "total", "percent", "verdict"),
    [
        ("70", "100", "70.0", "reproduced"),
        ("1", "8", "12.5", "reproduced"),
        ("1", "8", "13", "reproduced"),  # half up
        ("1", "8", "12", "reproduced"),  # half even
        ("3", "8", "37", "rounding"),  # 37.5: 38 by half up and by half even, so digits were cut off
        ("3", "8", "38", "reproduced"),
        ("34", "37", "91.8", "rounding"),  # 91.89, digits cut off
        ("3", "37", "8.2", "rounding"),  # 8.108, rounded up
        ("3", "37", "8.3", "discrepant"),
        ("68", "299", "20.7", "discrepant"),  # 22.74
        ("101", "100", "100", "impossible"),
        ("24", "100", "24.1", "discrepant"),  # a whole unit off
    ],
)
def test_percentage_against_count(n, total, percent, verdict):
    assert percentage(n, total, percent)["verdict"] == verdict


def test_a_wrong_percentage_says_what_it_would_fit():
    check = percentage("68", "299", "20.7")
    assert "22.742 %" in check["explanation"]
    assert "62 of 299" in check["explanation"]
    assert check["check_id"] == "percentage-mine-proportions-001"


def round_half_even(x, digits):
    return float(round(x, digits))


def render(n, total, digits, rule):
    """A percentage as a careful writer prints it under one of four rules, by exact arithmetic."""
    scaled = Fraction(100 * n, total) * 10**digits
    floor = scaled.numerator // scaled.denominator
    rest = scaled - floor
    up = {
        "half up": rest >= Fraction(1, 2),
        "half even": rest > Fraction(1, 2) or (rest == Fraction(1, 2) and floor % 2),
        "cut off": False,
        "up": rest > 0,
    }[rule]
    return f"{(floor + int(up)) / 10**digits:.{digits}f}"


@settings(max_examples=60, deadline=None)
@given(
    total=st.integers(1, 3000),
    share=st.floats(0, 1),
    digits=st.integers(0, 2),
    rule=st.sampled_from(["half up", "half even", "cut off", "up"]),
)
def test_no_rule_of_rounding_is_flagged(total, share, digits, rule):
    n = round(share * total)
    value = float(render(n, total, digits, rule))
    half = 0.5 * 10.0**-digits
    how = explain_rounding(*(np.array([x]) for x in (value, value - half, value + half, 100 * n / total)))
    assert how[0] >= 0


def test_other_denominator_is_named():
    rows = [proportion(n=n, total="194", percent=p, partition="Ki-67") for n, p in (("45", "25.6"), ("131", "74.4"))]
    checks = alone({"proportions": rows})
    assert verdicts(checks, "percentage") == ["other-method", "other-method"]
    assert verdicts(checks, "category-sum") == ["other-method"]
    assert "18 of 194 unknown" in checks[checks["rule"] == "category-sum"].iloc[0]["explanation"]


def test_category_sum_names_the_count_that_repairs_it():
    rows = [
        proportion(n="62", total="299", percent="22.7", partition="m", item="pre"),
        proportion(n="204", total="299", percent="68.2", partition="m", item="post"),
        proportion(n="27", total="299", percent="9.0", partition="m", item="unknown"),
    ]
    check = alone({"proportions": rows}).query("rule == 'category-sum'").iloc[0]
    assert check["verdict"] == "discrepant"
    assert "with 68 (22.7 %)" in check["explanation"]


def test_categories_beyond_the_total_are_impossible():
    rows = [proportion(n=n, total="10", partition="m", item=n) for n in ("6", "5")]
    assert verdicts(alone({"proportions": rows}), "category-sum") == ["impossible"]


def test_whole_count():
    assert verdicts(alone({"proportions": [proportion(total="196", percent="63.8")]}), "whole-count") == ["reproduced"]
    assert verdicts(alone({"proportions": [proportion(total="25", percent="47.4")]}), "whole-count") == ["discrepant"]


def test_implied_total_of_a_group():
    rows = [proportion(n="6", percent="3.1", arm_id=""), proportion(n="100", percent="51.0", arm_id="")]
    check = alone({"proportions": rows}).query("rule == 'implied-total'").iloc[0]
    assert (check["verdict"], check["recomputed"]) == ("reproduced", "N 196-196")
    # Of fewer patients: those with a known value, perhaps.
    rows[0]["percent"] = "3.5"
    assert alone({"proportions": rows}).query("rule == 'implied-total'").iloc[0]["verdict"] == "uncheckable"


@pytest.mark.parametrize(
    ("percent", "verdict"), [("20.0", "reproduced"), ("18.0", "discrepant"), ("22.0", "uncheckable")]
)
def test_one_percentage_against_the_total_of_the_others(percent, verdict):
    counts = [("100", "50.0"), ("61", "30.5"), ("87", "43.5"), ("33", "16.5"), ("40", percent)]
    rows = [proportion(n=n, percent=share, arm_id="", item=n) for n, share in counts]
    assert alone({"proportions": rows}).query("rule == 'implied-total'")["verdict"].tolist() == [verdict]


def test_possible_totals_by_hand():
    # 8.3 % and 36.1 %: 36 is the only denominator up to 43 that has both (3/36, 13/36).
    assert possible_totals(np.array([8.25, 36.05]), np.array([8.35, 36.15]), 43) == [36]


@pytest.mark.parametrize("method", list(proportion_limits.METHODS))
def test_intervals_hold_the_estimate_and_mirror(method):
    x, n = np.array([0.0, 1.0, 7.0, 20.0]), np.array([20.0, 20.0, 20.0, 20.0])
    low, high = proportion_limits.interval(x, n, method=method)
    assert np.all(low <= x / n + 1e-9) and np.all(x / n <= high + 1e-9)
    mirrored = proportion_limits.interval(n - x, n, method=method)
    np.testing.assert_allclose(1 - mirrored[1], low, atol=1e-9)


def test_clopper_pearson_solves_its_equations():
    from scipy.stats import binom

    low, high = proportion_limits.interval(7, 20)
    assert binom.sf(6, 20, low) == pytest.approx(0.025, abs=1e-9)
    assert binom.cdf(7, 20, high) == pytest.approx(0.025, abs=1e-9)


@pytest.mark.parametrize(
    ("arguments", "match"),
    [
        ({"x": 5, "n": 0}, "N > 0"),
        ({"x": 5, "n": 4}, "0 <= count <= N"),
        ({"x": 1, "n": 4, "level": 1.5}, "confidence level 1.5"),
        ({"x": 1, "n": 4, "method": "Bayes"}, "'Bayes' is unknown"),
    ],
)
def test_interval_refuses(arguments, match):
    with pytest.raises(InputError, match=match):
        proportion_limits.interval(**arguments)


def test_interval_names_the_method_that_reproduces_it():
    cells = proportion(n="81", total="263", percent="30.8", lower="25.5", upper="36.6", ci_method="Clopper-Pearson")
    check = alone({"proportions": [cells]}).query("rule == 'binomial-interval'").iloc[0]
    assert check["verdict"] == "other-method"
    assert "Wilson of 81/263" in check["explanation"]
    cells["ci_method"] = ""
    assert verdicts(alone({"proportions": [cells]}), "binomial-interval") == ["reproduced"]
    cells["upper"] = "38.9"
    assert verdicts(alone({"proportions": [cells]}), "binomial-interval") == ["discrepant"]
    cells["lower"] = "31.5"
    assert verdicts(alone({"proportions": [cells]}), "binomial-interval") == ["impossible"]
