"""Events read from the width of a printed ratio's interval."""

from dataclasses import replace

import numpy as np
import pytest

from resurvey.errors import InconsistentReport, InputError
from resurvey.reconstruct import HazardRatio, SurvivalSummary, from_summary
from resurvey.reconstruct.ratio_events import VARIANCE_FACTOR, forecast_events, with_implied_events
from resurvey.reconstruct.stretch import survival_at

# Public facts that print the events of both arms: EMILIA (label; PFS, OS), DESTINY-Breast03 (OS), GBG-26 (TTP).
TRIALS = {
    "EMILIA PFS": ((495, 265, 9.6), (496, 304, 6.4), HazardRatio(0.650, 0.549, 0.771)),
    "EMILIA OS": ((495, 149, 30.9), (496, 182, 25.1), HazardRatio(0.682, 0.548, 0.849)),
    "GBG-26 TTP": ((78, 62, 8.2), (78, 65, 5.6), HazardRatio(0.69, 0.48, 0.97)),
}


@pytest.mark.parametrize("trial", TRIALS)
def test_events_that_trials_print_are_read_from_their_intervals(trial) -> None:
    first, second, ratio = TRIALS[trial]
    arms = [SurvivalSummary(n, median=median) for n, _, median in (first, second)]
    told = [arm.events_about for arm in with_implied_events(*arms, ratio)]
    assert sum(events for events, _ in told) == pytest.approx(first[1] + second[1], rel=0.08)
    for (events, sd), (_, actual, _) in zip(told, (first, second), strict=True):
        assert abs(events - actual) < 2.5 * sd


def test_one_arm_known_leaves_one_unknown() -> None:
    # 1 / d2 is what of the variance the known arm leaves; d2 is then known nearly as well as the variance
    variance = 1 / 150 + 1 / 120
    half = 1.959964 * np.sqrt(variance / VARIANCE_FACTOR)
    ratio = HazardRatio(0.8, 0.8 * np.exp(-half), 0.8 * np.exp(half), rounding=1e-9)
    known, unknown = with_implied_events(
        SurvivalSummary(200, events=150, median=9.0), SurvivalSummary(200, median=7.0), ratio
    )
    assert known.events_about is None
    assert unknown.events_about[0] == pytest.approx(120, rel=0.06)


def test_printed_events_are_left_alone() -> None:
    arms = SurvivalSummary(100, events=80, median=9.0), SurvivalSummary(100, events=85, median=7.0)
    assert with_implied_events(*arms, HazardRatio(0.8, 0.58, 1.1)) == arms


@pytest.mark.parametrize("ratio", [HazardRatio(0.8), HazardRatio(0.8, 0.7, 0.914), HazardRatio(0.8, 0.1, 6.4)])
def test_an_interval_of_other_curves_tells_nothing(ratio) -> None:
    # none; one that asks for 860 events of 200 patients (an adjusted or a pooled ratio); one that asks for 4
    arms = SurvivalSummary(100, median=9.0), SurvivalSummary(100, median=7.0)
    assert with_implied_events(*arms, ratio) == arms


@pytest.mark.parametrize(
    ("ratio", "error"),
    [
        (HazardRatio(0.8, 0.7, np.inf), InputError),
        (HazardRatio(np.nan, 0.6, 1.07), InputError),
        (HazardRatio(0.8, 0.6, 1.07, ci_level=1.0), InputError),
        (HazardRatio(0.8, 0.9, 1.07), InconsistentReport),
    ],
)
def test_a_ratio_that_cannot_be_one_is_refused(ratio, error) -> None:
    arms = SurvivalSummary(100, median=9.0), SurvivalSummary(100, median=7.0)
    with pytest.raises(error):
        with_implied_events(*arms, ratio)


def test_the_forecast_of_printed_events_is_certain() -> None:
    assert forecast_events(SurvivalSummary(100, events=80, median=9.0)) == (pytest.approx(np.log(80)), 0.0)
    log_events, sd = forecast_events(SurvivalSummary(100, median=9.0, longest_follow_up=40.0))
    assert 50 < np.exp(log_events) < 100
    assert sd > 0.05


def test_replicates_spread_about_events_that_are_known_about() -> None:
    summary = SurvivalSummary(200, median=9.0, longest_follow_up=40.0, events_about=(150.0, 6.0))
    events = from_summary(summary, replicates=200).events
    assert events.mean() == pytest.approx(150, abs=3)
    assert 4 < events.std() < 9
    assert "the interval of a printed ratio implies 150 (standard deviation 6)" in " ".join(
        from_summary(summary, replicates=2).undetermined
    )
    printed = from_summary(replace(summary, events=120), replicates=20)
    assert (printed.events == 120).all()


@pytest.mark.parametrize("about", [(150.0,), (0.0, 5.0), (150.0, np.nan), "150", (150.0, -1.0)])
def test_events_about_must_be_a_number_and_a_deviation(about) -> None:
    with pytest.raises(ValueError, match=r"events_about is .*, expected two numbers above 0"):
        from_summary(SurvivalSummary(200, median=9.0, events_about=about))


def test_more_events_than_patients_are_refused() -> None:
    with pytest.raises(ValueError, match=r"events_about \(250\) exceeds n \(200\)"):
        from_summary(SurvivalSummary(200, median=9.0, events_about=(250.0, 5.0)))


def test_replicates_spread_about_a_survival_that_is_known_about() -> None:
    summary = SurvivalSummary(200, median=9.0, longest_follow_up=40.0, landmarks_about=((6.0, 0.72, 0.015),))
    rebuilt = from_summary(summary, replicates=200)
    at = survival_at(*rebuilt.stacked(), [6.0])[:, 0]
    assert at.mean() == pytest.approx(0.72, abs=0.01)
    assert 0.008 < at.std() < 0.03
    assert "survival at 6 is known only about" in " ".join(rebuilt.undetermined)
    assert not rebuilt.accuracy["fact"].str.startswith("survival").any()


@pytest.mark.parametrize(
    "about", [((6.0, 0.7),), ((6.0, 0.7, 0.0),), ((6.0, 1.0, 0.1),), ((-1.0, 0.7, 0.1),), ((6.0, np.nan, 0.1),), (6.0,)]
)
def test_survivals_about_must_be_triples(about) -> None:
    with pytest.raises(InputError, match="landmarks_about holds"):
        from_summary(SurvivalSummary(200, median=9.0, landmarks_about=about))


def test_a_printed_survival_goes_before_one_known_about() -> None:
    facts = {"median": 9.0, "longest_follow_up": 40.0, "landmarks": ((6.0, 0.70),)}
    summary = SurvivalSummary(200, **facts, landmarks_about=((6.0, 0.80, 0.01),))
    assert from_summary(summary, replicates=20).holds


def test_a_survival_known_about_beyond_the_end_of_follow_up_is_left_aside() -> None:
    plain = SurvivalSummary(80, events=60, median=9.0, longest_follow_up=20.0)
    with_more = replace(plain, landmarks_about=((30.0, 0.02, 0.005),))
    one, two = (from_summary(summary, replicates=5) for summary in (plain, with_more))
    assert one.patients.equals(two.patients)
    assert one.undetermined == two.undetermined
