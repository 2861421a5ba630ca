"""The course of a trial: entry, follow-up, dropout, expected events."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from resurvey.design import (
    Accrual,
    Course,
    dropout_hazard,
    event_probability,
    expected_events,
    follow_up_for_events,
    read_course,
    time_of_event,
)
from resurvey.errors import InputError, NotEstimable


def lachin(rate, accrual, follow_up):
    """P(event) with uniform entry, in the textbook form."""
    return 1 - math.exp(-rate * follow_up) * (1 - math.exp(-rate * accrual)) / (rate * accrual)


def test_uniform_entry_is_the_textbook_formula():
    course = read_course(32, 24)
    assert event_probability(course, 8) == pytest.approx(lachin(math.log(2) / 8, 32, 24), rel=1e-13)


def test_all_at_once_is_plain_survival():
    assert event_probability(read_course(0, 10), 10) == pytest.approx(0.5, abs=1e-9)


@pytest.mark.parametrize(
    ("reading", "entry", "end"),
    [
        ("additional", 32, 56),
        ("total", 24, 24),
        ("within_enrolment", 8, 32),
        ("per_patient", 32, 56),
        ("end_of_enrolment", 32, 32),
    ],
)
def test_readings(reading, entry, end):
    course = read_course(32, 24, reading=reading)
    assert (course.accrual.duration, course.end) == (entry, end)


def test_fixed_follow_up_of_each_patient():
    # Everybody is followed for 8, the median, whatever the entry.
    assert event_probability(read_course(32, 8, reading="per_patient"), 8) == pytest.approx(0.5, rel=1e-12)


def test_exponential_dropout_competes():
    rate, loss = math.log(2) / 8, 0.05
    expected = rate / (rate + loss) * lachin(rate + loss, 32, 24)
    assert event_probability(read_course(32, 24, dropout_hazard=loss), 8) == pytest.approx(expected, rel=1e-13)


@pytest.mark.parametrize(
    ("reading", "period"),
    [("hazard_over_trial", 56), ("hazard_over_follow_up", 24), ("hazard_per_year", 12), ("hazard_per_unit", 1)],
)
def test_dropout_hazard_loses_the_proportion_over_its_period(reading, period):
    assert 1 - math.exp(-period * dropout_hazard(0.05, reading, 32, 24)) == pytest.approx(0.05, rel=1e-12)


def test_flat_readings_have_no_hazard():
    assert dropout_hazard(0.05, "divide", 32, 24) == 0


def test_dropout_over_no_follow_up_is_refused():
    with pytest.raises(InputError, match="needs a follow-up above 0"):
        dropout_hazard(0.05, "hazard_over_follow_up", 32, 0)


def test_two_equal_pieces_are_uniform():
    pieces = Course(Accrual.piecewise([10, 22], [3, 3]), 56)
    assert event_probability(pieces, 8) == pytest.approx(event_probability(read_course(32, 24), 8), rel=1e-13)


def test_piecewise_entry_by_hand():
    # One patient in four enters over (0, 2), the others over (2, 4); the analysis is at 4.
    rate = math.log(2) / 3
    early, late = lachin(rate, 2, 2), lachin(rate, 2, 0)
    course = Course(Accrual.piecewise([2, 2], [1, 3]), 4)
    assert event_probability(course, 3) == pytest.approx(0.25 * early + 0.75 * late, rel=1e-13)


def test_weibull_quadrature_agrees_with_the_closed_form():
    course = read_course(32, 24, dropout_hazard=0.01)
    assert event_probability(course, 8, shape=1 + 1e-12) == pytest.approx(event_probability(course, 8), rel=1e-9)


@pytest.mark.parametrize("shape", [0.4, 0.9, 1.22, 3.7])
def test_weibull_quadrature_against_scipy(shape):
    from scipy.integrate import quad

    def watched(entry):
        return 1 - math.exp(-math.log(2) * ((56 - entry) / 8) ** shape)

    expected = quad(watched, 0, 32, epsabs=1e-13, epsrel=1e-12)[0] / 32
    assert event_probability(read_course(32, 24), 8, shape=shape) == pytest.approx(expected, rel=1e-8)


@settings(max_examples=40, deadline=None)
@given(
    median=st.floats(0.5, 60),
    accrual=st.floats(0.1, 60),
    follow_up=st.floats(0, 60),
    loss=st.floats(0, 0.2),
)
def test_event_probability_is_a_probability_and_grows_with_time(median, accrual, follow_up, loss):
    course = read_course(accrual, follow_up, dropout_hazard=loss)
    values = [event_probability(course, median, at=t) for t in np.linspace(0, accrual + follow_up, 7)]
    assert values[0] == 0
    assert np.all(np.diff(values) >= -1e-12)
    assert values[-1] <= 1


@settings(max_examples=30, deadline=None)
@given(median=st.floats(1, 30), events=st.floats(1, 95))
def test_time_of_event_inverts_expected_events(median, events):
    course = read_course(32, 24)
    time = time_of_event(course, 96, median, events)
    assert expected_events(course, 96, median, time)[0] == pytest.approx(events, rel=1e-8)


def test_small_hazards_do_not_cancel():
    # To first order the probability is the hazard times the mean follow-up, 40.
    median = 1e9
    assert event_probability(read_course(32, 24), median) == pytest.approx(math.log(2) / median * 40, rel=1e-6)


def test_never_expected_events_are_refused():
    course = read_course(32, 24, dropout_hazard=0.1)
    with pytest.raises(NotEstimable, match="never expected"):
        time_of_event(course, 96, 8, 60)


def test_follow_up_for_events():
    follow_up = follow_up_for_events(96, 8, events=80, accrual=32)
    assert 96 * event_probability(read_course(32, follow_up), 8) == pytest.approx(80, rel=1e-9)
    with pytest.raises(NotEstimable, match="before the last"):
        follow_up_for_events(96, 8, events=30, accrual=32)


def test_nonsense_is_refused():
    with pytest.raises(InputError, match="accrual must not be negative, found -1"):
        read_course(-1, 24)
    with pytest.raises(InputError, match="follow_up must be finite"):
        read_course(32, math.nan)
    with pytest.raises(InputError, match="reading 'sometime' is not known"):
        read_course(32, 24, reading="sometime")
    with pytest.raises(InputError, match="cannot contain a follow-up"):
        read_course(12, 24, reading="within_enrolment")
    with pytest.raises(InputError, match="observes nobody"):
        read_course(12, 0, reading="per_patient")
    with pytest.raises(InputError, match="all accrual rates are 0"):
        Accrual.piecewise([1, 2], [0, 0])
    with pytest.raises(InputError, match="one rate a piece"):
        Accrual.piecewise([1, 2], [1])
