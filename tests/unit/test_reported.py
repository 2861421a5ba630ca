"""A number as printed and the interval it may stand for."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from resurvey import reported
from resurvey.errors import InputError


@pytest.mark.parametrize(
    ("text", "value", "operator", "lower", "upper"),
    [
        ("5.10", 5.10, "=", 5.095, 5.105),
        ("5.1", 5.1, "=", 5.05, 5.15),
        ("66", 66, "=", 65.5, 66.5),
        ("0·71", 0.71, "=", 0.705, 0.715),
        ("-3", -3, "=", -3.5, -2.5),
        ("−3.0", -3, "=", -3.05, -2.95),
        ("<0.001", 0.001, "<", -math.inf, 0.001),
        ("≥8.0", 8, ">=", 8, math.inf),
        (">20", 20, ">", 20, math.inf),
        ("~20", 20, "~", 18.5, 21.5),
        ("7.8e-22", 7.8e-22, "=", 7.75e-22, 7.85e-22),
        (".05", 0.05, "=", 0.045, 0.055),
        ("+4", 4, "=", 3.5, 4.5),
    ],
)
def test_interval_follows_the_printed_digits(text, value, operator, lower, upper):
    number = reported.parse(text)
    assert (number.value, number.operator) == (pytest.approx(value), operator)
    assert (number.lower, number.upper) == (pytest.approx(lower), pytest.approx(upper))


@pytest.mark.parametrize("text", ["NR", "N.R.", "not reached", "NE", "Not estimable"])
def test_not_reached_is_infinite_and_no_number(text):
    number = reported.parse(text)
    assert number.operator == "NR"
    assert math.isinf(number.value)
    assert not number.is_number
    assert number.is_reported


@pytest.mark.parametrize("text", ["", "  ", None])
def test_empty_is_not_reported(text):
    assert not reported.parse(text).is_reported


@pytest.mark.parametrize(
    "text", ["abc", "1.2.3", "5 months", "=1+1", "1,2", "--3", "<", "nan", "1e999", "9" * 60, "1_000", "٣", "0x10"]
)
def test_what_is_no_printed_number_is_refused(text):
    with pytest.raises(InputError, match=r"printed number"):
        reported.parse(text)


def test_a_float_is_refused_because_its_digits_are_lost():
    with pytest.raises(InputError, match="must be text"):
        reported.parse(5.1)


def test_truncation_cuts_towards_zero():
    assert reported.parse("61.9").interval("cut off") == pytest.approx((61.9, 62.0))
    assert reported.parse("-1.5").interval("cut off") == pytest.approx((-1.6, -1.5))


@pytest.mark.parametrize(
    ("text", "value", "rule", "held"),
    [
        ("33.3", 100 / 3, "nearest", True),
        ("66.6", 200 / 3, "nearest", False),
        ("66.6", 200 / 3, "truncate", True),
        ("66.6", 200 / 3, "any", True),
        ("0.2", 0.25, "nearest", True),  # half even
        ("0.3", 0.25, "nearest", True),  # half up
        ("0.5", 0.55, "nearest", False),  # both say 0.6: the interval is half open
        ("0.5", 0.55, "cut off", True),
        ("0.2", 0.25, "half up", False),
        ("0.3", 0.25, "half even", False),
        ("-0.3", -0.25, "half up", True),
        ("-0.2", -0.25, "half up", False),
        ("0.3", 0.21, "up", True),
        ("0.3", 0.2, "up", False),
        ("0.3", 0.4, "cut off", False),
        ("≥8.0", 8.0, "half up", True),
        ("<0.001", 0.0004, "nearest", True),
        ("<0.001", 0.002, "any", False),
        (">0.05", 0.04, "any", False),
    ],
)
def test_holds_by_rule(text, value, rule, held):
    assert reported.parse(text).holds(value, rule=rule) is held


def test_an_unknown_rule_of_rounding_is_refused():
    with pytest.raises(InputError, match="half up, half even, cut off, up"):
        reported.parse("0.5").prints(0.5, "half down")


@given(st.integers(-2000, 2000), st.sampled_from(["half up", "half even", "cut off", "up"]))
def test_each_rule_prints_a_value_in_one_way(eighths, rule):
    # Eighths are exact in binary, so that ties are ties.
    value = eighths / 8
    near = [reported.parse(f"{round(value * 10) / 10 + step / 10:.1f}") for step in range(-3, 4)]
    printed = {number.value for number in near if number.prints(value, rule)}
    assert len(printed) == 1


@given(st.decimals(min_value=-1000, max_value=1000, places=3, allow_nan=False, allow_infinity=False), st.integers(0, 3))
def test_a_number_is_held_by_its_own_rounding(value, places):
    text = f"{round(float(value), places):.{places}f}"
    assert reported.parse(text).holds(float(value), rule="any")


@given(st.text(max_size=60))
def test_any_text_is_read_or_refused(text):
    try:
        number = reported.parse(text)
    except InputError:
        return
    assert number.operator in ("", "=", "<", "<=", ">", ">=", "~", "NR")


def test_overlap_of_touching_intervals():
    assert reported.overlaps((0.1, 0.3), (0.3, 0.4))
    assert not reported.overlaps((0.1, 0.29), (0.3, 0.4))
    assert reported.overlaps((-math.inf, 0.001), (0.0005, 0.002))


def test_show_keeps_four_digits():
    assert reported.show(0.123456) == "0.1235"
    assert reported.show(12345.6) == "12346"
    assert reported.show(0.00001234) == "1.2e-05"
    assert reported.show(math.nan) == "not estimable"
