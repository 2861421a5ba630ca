"""The designed tests on patients, the real course, and simulation of whole trials."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binom, chi2, poisson

from resurvey.design import (
    TESTS,
    Accrual,
    Observed,
    event_probability,
    exact_exponential_test,
    log_rank_from_counts,
    median_interval,
    months_between,
    one_sample_log_rank,
    power_given_events,
    read_course,
    real_course,
    rejection_rates,
    simulate_trials,
)
from resurvey.design.binomial import quantiles
from resurvey.errors import InputError, NotEstimable


def test_log_rank_of_the_package_onearm2stage():
    # OneArm2stage, LRT(1, 0.62, 2, kj1_final): O 18, E 16.3598, Z -0.4055; dat2: E 16.0611, Z -0.4838 (O is then 18).
    # The patients are not at hand; the statistic follows from the printed O and E. (dat1 prints no O and E.)
    assert log_rank_from_counts(18, 16.3598).z == pytest.approx(-0.4055, abs=5e-5)
    assert log_rank_from_counts(18, 16.0611).z == pytest.approx(-0.4838, abs=5e-5)


def test_log_rank_by_hand():
    # Null hazard ln 2 / 4; follow-up 2 + 4 + 8 + 6 = 20, so E = 5 ln 2; three events.
    found = one_sample_log_rank([2, 4, 8, 6], [1, 1, 0, 1], null_median=4)
    expected = 5 * math.log(2)
    assert (found.observed, found.expected) == (3, pytest.approx(expected))
    assert found.z == pytest.approx((expected - 3) / math.sqrt(expected))
    assert found.z_wu == pytest.approx((expected - 3) / math.sqrt((expected + 3) / 2))
    assert found.p_exact == pytest.approx(poisson.cdf(3, expected))
    assert found.smr_upper * expected == pytest.approx(chi2.ppf(0.975, 8) / 2)


def test_log_rank_with_weibull_null():
    found = one_sample_log_rank([2, 4], [1, 0], null_median=4, shape=2)
    assert found.expected == pytest.approx(math.log(2) * (0.25 + 1))


def test_no_events_at_all():
    found = one_sample_log_rank([2, 4], [0, 0], null_median=4)
    assert found.smr == found.smr_lower == 0 and found.p_one_sided < 0.5
    with pytest.raises(NotEstimable, match="needs both"):
        exact_exponential_test([2, 4], [0, 0], null_median=4)
    with pytest.raises(NotEstimable, match="nothing can be tested"):
        one_sample_log_rank([0, 0], [0, 0], null_median=4)


def test_exact_exponential_by_hand():
    # 10 events in 100: median 10 ln 2; 2 lambda T is chi-square with 20 degrees of freedom.
    time, event = np.full(10, 10.0), np.ones(10)
    found = exact_exponential_test(time, event, null_median=5)
    assert found.median == pytest.approx(10 * math.log(2))
    assert found.p_one_sided == pytest.approx(chi2.sf(2 * math.log(2) / 5 * 100, 20))
    assert found.lower == pytest.approx(2 * 100 * math.log(2) / chi2.ppf(0.975, 20))
    assert found.upper == pytest.approx(2 * 100 * math.log(2) / chi2.ppf(0.025, 20))
    assert found.lower_one_sided == pytest.approx(2 * 100 * math.log(2) / chi2.ppf(0.95, 20))


@settings(max_examples=30, deadline=None)
@given(events=st.integers(1, 300), median=st.floats(0.1, 100), level=st.floats(0.5, 0.99))
def test_median_intervals_hold_the_estimate(events, median, level):
    for method in ("exact", "log", "wald", "cube_root"):
        lower, upper = median_interval(events, median, ci_level=level, method=method)
        assert 0 <= lower < median < upper or (events < 3 and method == "exact" and upper > lower)


def test_exact_test_and_interval_say_the_same():
    rng = np.random.default_rng(5)
    time = rng.exponential(10, 40)
    found = exact_exponential_test(time, np.ones(40), null_median=1.0)
    again = exact_exponential_test(time, np.ones(40), null_median=found.lower_one_sided)
    assert again.p_one_sided == pytest.approx(0.05, rel=1e-9)


def test_picture_as_it_went():
    # 20 June 2019 to 19 September 2021, cut-off 31 August 2022; 100 patients, 66 events, median 11.8 (8.4 to 15.1).
    accrual, cut_off = months_between("2019-06-20", "2021-09-19"), months_between("2019-06-20", "2022-08-31")
    assert accrual == pytest.approx(822 / 30.4375) and cut_off == pytest.approx(1168 / 30.4375)
    observed = Observed(
        patients=100,
        events=66,
        accrual=accrual,
        cut_off=cut_off,
        median=11.8,
        printed_lower=8.4,
        printed_upper=15.1,
    )
    course = real_course(observed, null_median=5.78, alternative_median=8, planned_events=64)
    assert course.expected_alternative == pytest.approx(
        100 * event_probability(read_course(accrual, cut_off - accrual), 8)
    )
    assert course.expected_null > course.expected_alternative > course.expected_observed > 66
    assert course.exponential_lower == pytest.approx(11.8 * 132 / chi2.ppf(0.975, 132))
    assert course.p_at_most_null < course.p_at_most_alternative < 1e-5
    assert course.time_of_planned_events_null < course.time_of_planned_events_alternative < cut_off


def test_real_course_refuses():
    for change, alternative, message in (
        ({"events": 101}, 8, "exceed patients"),
        ({"cut_off": 20}, 8, "before the last entry"),
        ({"median": -1}, 8, "observed_median must be above 0"),
        ({}, 5.78, "both 5.78"),
    ):
        observed = Observed(**{"patients": 100, "events": 66, "accrual": 27, "cut_off": 38, "median": 11.8, **change})
        with pytest.raises(InputError, match=message):
            real_course(observed, null_median=5.78, alternative_median=alternative)
    with pytest.raises(InputError, match="YYYY-MM-DD"):
        months_between("20 June 2019", "2021-09-19")
    with pytest.raises(InputError, match="is before"):
        months_between("2021-09-19", "2019-06-20")


def simulate(seed=1, **change):
    settings_ = {"trials": 4000, "patients": 96, "median": 8.0, "null_median": 5.78, "accrual": 32.0} | change
    return simulate_trials(np.random.default_rng(seed), **settings_)


def test_analysis_at_the_event_has_exactly_that_many():
    for change in ({}, {"dropout_hazard": 0.002}, {"shape": 1.4}):
        assert (simulate(at_events=64, **change).events == 64).all()


def test_simulated_events_at_a_date_are_the_expected_ones():
    for change, probability in (
        ({}, event_probability(read_course(32, 24), 8)),
        ({"dropout_hazard": 0.03}, event_probability(read_course(32, 24, dropout_hazard=0.03), 8)),
        ({"shape": 1.5}, event_probability(read_course(32, 24), 8, shape=1.5)),
        ({"per_patient": 6.0}, event_probability(read_course(32, 6, reading="per_patient"), 8)),
    ):
        events = simulate(at_time=56.0, **change).events
        assert events.mean() == pytest.approx(96 * probability, abs=5 * events.std() / math.sqrt(events.size))


def test_piecewise_entry_in_simulation():
    pattern = Accrual.piecewise([16, 16], [1, 3])
    events = simulate(at_time=32.0, accrual=pattern).events
    from resurvey.design import Course

    probability = event_probability(Course(pattern, 32), 8)
    assert events.mean() == pytest.approx(96 * probability, abs=5 * events.std() / math.sqrt(events.size))


def test_exact_test_keeps_its_level_and_power_in_simulation():
    at_null = rejection_rates(simulate(median=5.78, at_events=64, trials=20000), alpha=0.05, sides=1)
    row = at_null.set_index("test").loc["exact_chi_square"]
    assert abs(row["rejection"] - 0.05) < 4 * row["monte_carlo_se"]
    power = rejection_rates(simulate(at_events=64, trials=20000), alpha=0.05, sides=1).set_index("test")
    exact = power_given_events(5.78, 8, events=64, alpha=0.05, sides=1, method="exact_chi_square")
    row = power.loc["exact_chi_square"]
    assert abs(row["rejection"] - exact) < 4 * row["monte_carlo_se"]
    assert row["lower"] < row["rejection"] < row["upper"]


def test_every_test_runs_with_a_landmark():
    rates = rejection_rates(simulate(at_time=56.0, landmark=6.0), alpha=0.05, sides=1)
    assert list(rates["test"]) == list(TESTS)
    assert rates["rejection"].between(0.3, 1).all()


def test_landmark_estimate_is_kaplan_meier():
    from resurvey.design.simulate import _landmark
    from resurvey.survival import kaplan_meier

    rng = np.random.default_rng(3)
    time, seen = rng.exponential(5, (1, 60)), rng.random((1, 60)) < 0.7
    survival, greenwood = _landmark(time, seen, 4.0)
    curve = kaplan_meier(time[0], seen[0].astype(float))
    place = np.searchsorted(curve.time, 4.0, side="right") - 1
    assert survival[0] == pytest.approx(curve.survival[place])
    assert greenwood[0] == pytest.approx(curve.greenwood[place])


def test_unreached_events_are_marked_and_analysed_at_the_end():
    drawn = simulate(at_events=90, dropout_hazard=0.1, trials=200)
    assert drawn.unreached.all() and (drawn.events < 90).all() and np.isfinite(drawn.time).all()
    either = simulate(at_events=90, at_time=40.0, trials=200)
    assert either.unreached.any() and (either.time <= 40.0).all()


def test_same_seed_same_trials():
    a, b = simulate(seed=9, at_events=64), simulate(seed=9, at_events=64)
    assert np.array_equal(a.person_time, b.person_time)


def test_simulation_refuses():
    with pytest.raises(InputError, match="say when to analyse"):
        simulate()
    with pytest.raises(InputError, match=r"at_events \(97\) exceeds patients \(96\)"):
        simulate(at_events=97)
    with pytest.raises(InputError, match="needs trials simulated with a landmark"):
        rejection_rates(simulate(at_events=64, trials=10), alpha=0.05, sides=1, tests=["landmark_log"])
    with pytest.raises(InputError, match="test 'guess' is not known"):
        rejection_rates(simulate(at_events=64, trials=10), alpha=0.05, sides=1, tests=["guess"])


@pytest.mark.parametrize("n", [1, 5, 64, 300])
def test_binomial_quantiles_are_the_fewest_events_with_the_probability(n):
    p = np.concatenate(([0.0, 1.0], np.random.default_rng(1).random(50)))
    for probability in (0.025, 0.5, 0.975):
        found = quantiles(probability, n, p)
        assert np.all(binom.cdf(found, n, p) >= probability)
        assert np.all((found == 0) | (binom.cdf(found - 1, n, p) < probability))
