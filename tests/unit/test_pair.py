"""Two arms brought together by a printed hazard ratio."""

import numpy as np
import pytest

from resurvey.errors import InconsistentReport, InputError, NotEstimable
from resurvey.reconstruct import HazardRatio, SurvivalSummary, from_pair, from_summary
from resurvey.survival import cox


@pytest.fixture(scope="module")
def arms():
    facts = {"n": 150, "longest_follow_up": 30.0}
    first = from_summary(
        SurvivalSummary(**facts, events=110, median=8.2, lower=6.6, upper=9.9),
        replicates=40,
        rng=np.random.default_rng(1),
    )
    second = from_summary(
        SurvivalSummary(**facts, events=125, median=5.5, lower=4.4, upper=6.6),
        replicates=40,
        rng=np.random.default_rng(2),
    )
    return first, second


def ratio(pair, index: int) -> float:
    a, b = pair.first.replicate(index), pair.second.replicate(index)
    mark = np.r_[np.ones(len(a)), np.zeros(len(b))]
    return cox(np.r_[a["time"], b["time"]], np.r_[a["event"], b["event"]], mark).hr


def test_printed_ratio_holds_in_every_pair(arms) -> None:
    pair = from_pair(*arms, HazardRatio(0.7, 0.54, 0.91, 0.007))
    assert pair.holds
    assert not pair.undetermined or "few pairs" in pair.undetermined[0]
    for index in range(0, 40, 5):
        assert abs(ratio(pair, index) - 0.7) <= 0.005 + 1e-9
    assert pair.accuracy["fact"].tolist() == [
        "hazard ratio",
        "hazard ratio, lower limit",
        "hazard ratio, upper limit",
        "hazard ratio, p",
    ]


def test_arms_keep_what_they_satisfy(arms) -> None:
    pair = from_pair(*arms, 0.7)
    assert (pair.first.events == 110).all()
    assert (pair.second.events == 125).all()
    originals = {arms[0].replicate(i)["time"].sum() for i in range(40)}
    assert {pair.first.replicate(i)["time"].sum() for i in range(40)} <= originals


def test_single_replicate_serves_in_all_pairs(arms) -> None:
    one = from_summary(SurvivalSummary(n=100, events=80, median=6.0), replicates=1)
    pair = from_pair(arms[0], one, 0.75)
    assert pair.second.n_replicates == pair.first.n_replicates == 40


def test_a_ratio_out_of_reach_is_said_so(arms) -> None:
    pair = from_pair(*arms, 1.9)
    assert not pair.holds
    assert "1.9 is not met in every pair" in pair.undetermined[0]
    assert "holds in 0 of 40 replicates" in pair.accuracy["note"].iloc[0]


def test_same_seed_same_pairs(arms) -> None:
    one, two = (from_pair(*arms, 0.72, rng=np.random.default_rng(9)) for _ in range(2))
    assert one.first.patients.to_csv() == two.first.patients.to_csv()
    assert one.second.patients.to_csv() == two.second.patients.to_csv()


@pytest.mark.parametrize(
    ("printed", "error", "message"),
    [
        (HazardRatio(-1), InputError, "hazard ratio is -1, expected a number greater than 0"),
        (HazardRatio(0.7, lower=float("nan")), InputError, "lower limit is nan"),
        (HazardRatio(0.7, p=1.2), InputError, "p is 1.2, expected a number between 0 and 1"),
        (HazardRatio(0.7, ci_level=95), InputError, "ci_level is 95"),
        (HazardRatio(0.7, 0.8, 0.9), InconsistentReport, "0.7 lies outside its own interval"),
    ],
)
def test_refusals(arms, printed, error, message) -> None:
    with pytest.raises(error, match=message):
        from_pair(*arms, printed)


def test_an_arm_without_events_has_no_ratio(arms) -> None:
    none = from_summary(SurvivalSummary(n=20, events=0, longest_follow_up=10.0), replicates=40)
    with pytest.raises(NotEstimable, match="the second arm has no events"):
        from_pair(arms[0], none, 0.7)
