"""Product-limit curves, their intervals, quantiles, and the table of numbers at risk."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from resurvey.errors import InputError
from resurvey.survival import check_patients, kaplan_meier, numbers_at_risk, quantile, survival_at
from resurvey.survival.curves import quantile_limits
from resurvey.survival.transforms import TRANSFORMS, interval_limits

# Five patients: deaths at 1, 3, 3; censored at 2 and 5. S = 4/5, then 4/5 * (1 - 2/3) = 4/15.
TIME, EVENT = [3, 1, 2, 5, 3], [1, 1, 0, 0, 1]

patients = st.lists(st.tuples(st.integers(0, 12), st.booleans()), min_size=1, max_size=25)


def test_curve_by_hand():
    curve = kaplan_meier(TIME, EVENT)
    assert curve.time.tolist() == [1, 2, 3, 5]
    assert curve.survival.tolist() == pytest.approx([4 / 5, 4 / 5, 4 / 15, 4 / 15])
    assert curve.at_risk.tolist() == [5, 4, 3, 1]
    assert curve.events.tolist() == [1, 0, 2, 0]
    assert curve.censored.tolist() == [0, 1, 0, 1]
    assert curve.greenwood.tolist() == pytest.approx([1 / 20, 1 / 20, 1 / 20 + 2 / 3, 1 / 20 + 2 / 3])
    assert curve.at([0, 0.9, 1, 2.9, 3, 9]).tolist() == pytest.approx([1, 1, 0.8, 0.8, 4 / 15, 4 / 15])


def test_events_come_before_censorings_at_a_tie():
    assert kaplan_meier([2, 2], [0, 1]).survival.tolist() == [0.5]


@pytest.mark.parametrize(
    ("time", "event", "message"),
    [
        ([1, 2], [1], "vectors of the same length"),
        ([], [], "at least one patient"),
        ([1, -2], [1, 0], "found -2"),
        ([1, math.nan], [1, 0], "finite and not negative"),
        ([1, 2], [1, 2], "event must be 0"),
    ],
)
def test_no_patient_table(time, event, message):
    with pytest.raises(InputError, match=message):
        check_patients(time, event)


@pytest.mark.parametrize(
    ("transform", "lower", "upper"),
    [
        # S = 0.8 with Greenwood sum 1/20, z = 1.959964: se(S) = 0.1788854
        ("plain", 0.8 - 1.959964 * 0.1788854, 1.0),
        ("log", 0.8 * math.exp(-1.959964 * math.sqrt(0.05)), 1.0),
        (
            "log-log",
            0.8 ** math.exp(1.959964 * math.sqrt(0.05) / -math.log(0.8)),
            0.8 ** math.exp(-1.959964 * math.sqrt(0.05) / -math.log(0.8)),
        ),
        (
            "logit",
            1 / (1 + math.exp(-(math.log(4) - 1.959964 * math.sqrt(0.05) / 0.2))),
            1 / (1 + math.exp(-(math.log(4) + 1.959964 * math.sqrt(0.05) / 0.2))),
        ),
        (
            "arcsine",
            math.sin(math.asin(math.sqrt(0.8)) - 1.959964 / 2 * math.sqrt(0.05) * 2) ** 2,
            math.sin(math.asin(math.sqrt(0.8)) + 1.959964 / 2 * math.sqrt(0.05) * 2) ** 2,
        ),
    ],
)
def test_intervals_by_formula(transform, lower, upper):
    limits = interval_limits([0.8], [0.05], transform=transform)
    assert limits[0][0] == pytest.approx(lower, abs=1e-6)
    assert limits[1][0] == pytest.approx(upper, abs=1e-6)


@pytest.mark.parametrize("transform", list(TRANSFORMS))
def test_interval_at_one_and_zero(transform):
    lower, upper = interval_limits([1.0, 0.0], [0.0, np.inf], transform=transform)
    assert lower.tolist() == [1.0, 0.0]
    assert upper.tolist() == [1.0, 1.0]


@settings(max_examples=50, deadline=None)
@given(patients, st.sampled_from(sorted(TRANSFORMS)))
def test_interval_holds_the_estimate(rows, transform):
    table = survival_at(kaplan_meier(*zip(*rows, strict=True)), transform=transform)
    assert (table["lower"] <= table["survival"] + 1e-12).all()
    assert (table["survival"] <= table["upper"] + 1e-12).all()
    assert table[["survival", "se", "lower", "upper"]].notna().all(axis=None)


def test_time_beyond_the_follow_up_is_refused():
    with pytest.raises(InputError, match="time 6 is not within the follow-up, 0 to 5"):
        survival_at(kaplan_meier(TIME, EVENT), [1, 6])
    assert survival_at(kaplan_meier([1, 2], [1, 1]), [9])["survival"].tolist() == [0]  # known: all have died


def test_bad_choices_are_refused():
    curve = kaplan_meier(TIME, EVENT)
    with pytest.raises(InputError, match="transform must be one of plain, log, log-log"):
        survival_at(curve, transform="loglog")
    with pytest.raises(InputError, match=r"0\.95, not 95"):
        survival_at(curve, level=95)
    with pytest.raises(InputError, match="survival must be strictly between 0 and 1"):
        quantile(TIME, EVENT, 50)


def test_quantile_not_reached():
    result = quantile([1, 2, 3, 4], [1, 0, 0, 0])
    assert result.time == result.upper == math.inf


def test_numbers_at_risk_by_hand():
    # at 3 those who leave at 3 are still at risk: 3, 3 and 5; before it one death (1) and one censoring (2)
    table = numbers_at_risk({"A": (TIME, EVENT)}, [0, 1, 3, 3.5, 6])
    assert table["at_risk"].tolist() == [5, 5, 3, 1, 0]
    assert table["censored"].tolist() == [0, 0, 1, 1, 2]
    assert table["events"].tolist() == [0, 0, 1, 3, 3]


@settings(max_examples=40, deadline=None)
@given(patients, st.lists(st.floats(0, 15), min_size=1, max_size=6))
def test_numbers_at_risk_add_up(rows, times):
    table = numbers_at_risk({"A": tuple(zip(*rows, strict=True))}, times)
    assert (table["at_risk"] + table["censored"] + table["events"] == len(rows)).all()
    expected = [sum(time >= at for time, _ in rows) for at in times]
    assert table["at_risk"].tolist() == expected


def test_numbers_at_risk_refuses():
    with pytest.raises(InputError, match="at least one arm"):
        numbers_at_risk({}, [1])
    with pytest.raises(InputError, match="times must be finite"):
        numbers_at_risk({"A": (TIME, EVENT)}, [-1])


def test_limits_of_a_median():
    # ten deaths at 1..10: S - 1.96 sqrt(S (1 - S) / 10) is 0.552 at 2 and 0.416 at 3,
    # S + 1.96 sqrt(S (1 - S) / 10) is 0.584 at 7 and 0.448 at 8
    time, event = np.arange(1.0, 11.0), np.ones(10)
    assert quantile_limits(kaplan_meier(time, event), transform="plain") == (3.0, 8.0)
    low, high = quantile_limits(kaplan_meier(time, event))
    assert low <= 5 <= high
