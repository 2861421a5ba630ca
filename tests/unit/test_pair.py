"""Two arms brought together by a printed hazard ratio."""

from dataclasses import replace
from statistics import NormalDist
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from resurvey.errors import InconsistentReport, InputError, NotEstimable
from resurvey.reconstruct import HazardRatio, SurvivalSummary, from_pair, from_summary, ratio_refinement
from resurvey.reconstruct.pairing import Stack
from resurvey.reconstruct.result import Reconstruction, accuracy_table, patients_table
from resurvey.reconstruct.stretch import limits
from resurvey.results import count_held
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
    for made, original, printed in ((pair.first, arms[0], (8.2, 6.6, 9.9)), (pair.second, arms[1], (5.5, 4.4, 6.6))):
        transform = made.method.rsplit(" ", 1)[1]
        time, event = (made.patients[name].to_numpy(float).reshape(40, 150) for name in ("time", "event"))
        for rebuilt, number in zip(limits(time, event, NormalDist().inv_cdf(0.975), transform), printed, strict=True):
            assert np.abs(rebuilt - number).max() <= 0.05 + 1e-9
        # each replicate is one of the original's, its patients in the same order
        orders = {tuple(original.replicate(index)["event"]) for index in range(40)}
        assert {tuple(row) for row in event.astype(int)} <= orders


@pytest.mark.parametrize("printed", [HazardRatio(0.7123, rounding=5e-5), HazardRatio(0.68, rounding=5e-4)])
def test_a_ratio_printed_finely_is_met_by_shifting(arms, printed) -> None:
    pair = from_pair(*arms, printed)
    assert pair.holds
    assert max(abs(ratio(pair, index) - printed.value) for index in range(40)) <= printed.half_unit * (1 + 1e-6)


def test_patients_from_a_curve_are_not_shifted(arms) -> None:
    curve = replace(arms[0], printed=None)
    pair = from_pair(curve, arms[1], HazardRatio(0.7123, rounding=5e-5))
    times = {arms[0].replicate(index)["time"].sum() for index in range(40)}
    assert {pair.first.replicate(index)["time"].sum() for index in range(40)} <= times


@given(st.integers(0, 2**32 - 1), st.floats(-0.95, 0.95))
@settings(max_examples=60, deadline=None)
def test_shifted_patients_neither_pass_each_other_nor_a_printed_time(seed, part) -> None:
    rng = np.random.default_rng(seed)
    time = np.sort(rng.exponential(6.0, (3, 40)), axis=1)
    printed = SimpleNamespace(times=(2.0, 5.0), within=0.05)
    room = ratio_refinement._Room.of(Stack(time, np.ones_like(time)), printed)
    moved = room.moved(np.arange(3), ratio_refinement._scattered(np.full(3, part), 40, rng)).time
    assert (np.diff(moved, axis=1) >= 0).all()
    assert (moved[:, -1] == time[:, -1]).all()
    for pin in printed.times:
        assert ((moved >= pin) == (time >= pin)).all()
        near = np.abs(time - pin) <= printed.within
        assert (moved[near] == time[near]).all()


def test_the_interval_chooses_among_replicates_with_unlike_events() -> None:
    facts = {"n": 150, "longest_follow_up": 30.0}
    first = from_summary(SurvivalSummary(**facts, events_about=(105, 12), median=8.2), replicates=120)
    second = from_summary(SurvivalSummary(**facts, events_about=(118, 12), median=5.5), replicates=120)
    printed = HazardRatio(0.70, 0.54, 0.91)
    with_interval, without = (from_pair(first, second, hr) for hr in (printed, HazardRatio(0.70)))

    assert with_interval.accuracy["holds"].all()
    variances = [1 / pair.first.events + 1 / pair.second.events for pair in (with_interval, without)]
    assert variances[0].std() < 0.6 * variances[1].std()


@pytest.mark.parametrize(
    ("printed", "sides"),
    [
        # BOLERO-3, overall survival (public facts): z is 0.41, so 0.68 from two sides and 0.34 from one
        (HazardRatio(0.96, 0.79, 1.17, p=0.3392), 1),
        (HazardRatio(0.96, 0.79, 1.17, p=0.684), 2),
        (HazardRatio(0.96, 0.79, 1.17, p=0.05), 2),  # neither: the usual one
        (HazardRatio(0.96, 0.79, 1.17, p=0.3392, p_sided=2), 2),
        (HazardRatio(0.96, p=0.3392), 2),
    ],
)
def test_sides_of_a_printed_p(printed, sides) -> None:
    assert printed.sides == sides


@pytest.mark.parametrize(
    "printed",
    [HazardRatio(0.7, p=0.0), HazardRatio(0.7, p=1e-10), HazardRatio(0.7, p=7.8e-22, p_rounding=5e-24)],
)
def test_a_tiny_p_does_not_hold_by_itself(arms, printed) -> None:
    p = from_pair(*arms, printed).accuracy.iloc[1]
    assert p["rebuilt"] > 0.006  # as 0.7 with some 235 events has it
    assert not p["holds"]


def test_what_two_groups_cannot_have_does_not_bind(arms) -> None:
    table = from_pair(*arms, HazardRatio(0.70, 0.54, 0.91, 0.007)).accuracy
    assert table["kind"].tolist() == ["hazard ratio", "ratio limit", "ratio limit", "p"]
    assert table["limit"].tolist() == ["", "lower", "upper", ""]
    assert table["binding"].tolist() == [True, True, True, False], "beside an interval p says nothing new"
    alone = from_pair(*arms, HazardRatio(0.70, p=0.007)).accuracy
    assert alone["kind"].tolist() == ["hazard ratio", "p"] and alone["binding"].all()
    strata = from_pair(*arms, HazardRatio(0.70, 0.54, 0.91, 0.007, stratified=True)).accuracy
    assert strata["binding"].tolist() == [True, False, False, False]
    assert (table["held"] <= table["replicates"]).all() and (table["replicates"] == 40).all()


def test_facts_between_two_groups_are_counted_once() -> None:
    own = {"study_id": "s", "claim_id": "", "kind": "median", "limit": "", "binding": True}
    ratio = {"study_id": "s", "claim_id": "hr-1", "kind": "hazard ratio", "limit": "", "binding": True}
    soft = {**own, "kind": "median follow-up", "binding": False, "holds": False}
    rows = [{**own, "holds": True}, {**own, "holds": False}, soft, {**ratio, "holds": True}, {**ratio, "holds": True}]
    assert count_held(pd.DataFrame(rows)) == (2, 3)
    assert count_held(pd.DataFrame(rows).iloc[:0]) == (0, 0)


def test_variance_that_the_printed_interval_shows() -> None:
    # ln(0.91 / 0.54) / (2 x 1.959964) = 0.13314; with limits 0.545 to 0.905 0.12937, with 0.535 to 0.915 0.13692
    assert np.sqrt(HazardRatio(0.70, 0.54, 0.91).variances) == pytest.approx([0.12937, 0.13314, 0.13692], abs=5e-5)
    fine = HazardRatio(0.7000, 0.5400, 0.9100, rounding=5e-5, limits_rounding=(5e-5, 5e-3))
    assert np.sqrt(fine.variances) == pytest.approx([0.13171, 0.13314, 0.13456], abs=5e-5)
    assert HazardRatio(0.70).variances is None
    assert HazardRatio(0.70, 0.70, 0.70).variances is None


def test_single_replicate_serves_in_all_pairs(arms) -> None:
    one = from_summary(SurvivalSummary(n=100, events=80, median=6.0), replicates=1)
    pair = from_pair(arms[0], one, 0.75)
    assert pair.second.n_replicates == pair.first.n_replicates == 40


def test_a_ratio_out_of_reach_is_said_so(arms) -> None:
    pair = from_pair(*arms, 1.9)
    assert not pair.holds
    assert "1.9 is not met in every pair" in pair.undetermined[0]
    assert pair.off > 3.5 > from_pair(*arms, 0.7).off
    assert "holds in 0 of 40 replicates" in pair.accuracy["note"].iloc[0]


def test_a_ratio_out_of_reach_is_not_chased_with_a_few_replicates(arms) -> None:
    pair = from_pair(*arms, 1.9)
    for made in (pair.first, pair.second):
        orders = pd.Series([tuple(made.replicate(index)["event"]) for index in range(40)])
        assert orders.value_counts().max() <= 5
        assert orders.nunique() >= 8


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
        (HazardRatio(0.7, rounding=0.0), InputError, r"\(rounding\) is 0.0, expected a number greater than 0"),
        (HazardRatio(0.7, p=0.1, p_rounding=-1.0), InputError, r"\(p_rounding\) is -1.0"),
        (HazardRatio(0.7, 0.6, 0.8, limits_rounding=(float("nan"), 0.005)), InputError, r"\(lower\) is nan"),
        (HazardRatio(0.7, p_sided=3), InputError, "p_sided is 3, expected 1, 2 or None"),
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


def placed(*replicates) -> Reconstruction:
    """An arm with these times of events."""
    times = [np.array(times, dtype=float) for times in replicates]
    return Reconstruction(patients_table(times, [np.ones(len(t)) for t in times]), accuracy_table([]))


def test_arms_that_are_never_at_risk_together_have_no_ratio() -> None:
    with pytest.raises(NotEstimable, match="in no pair do both arms have events"):
        from_pair(placed([1, 2, 3]), placed([5, 6, 7]), HazardRatio(0.7, 0.4, 1.2, p=0.2))


def test_pairs_without_a_ratio_give_way_to_others() -> None:
    first, second = placed([5, 6, 7], [2, 4, 6]), placed([1, 2, 3], [1, 3, 5])
    pair = from_pair(first, second, HazardRatio(0.5, 0.1, 2.6, p=0.4), pairs=2)
    assert np.isfinite(pair.accuracy["rebuilt"]).all()
    assert "no hazard ratio" not in " ".join(pair.undetermined)


def test_pairs_left_without_a_ratio_are_counted() -> None:
    # the first replicate is gone before anybody of the other arm has an event
    pair = from_pair(placed([1, 2, 3], [4, 6, 8]), placed([5, 7, 9]), HazardRatio(0.1, 0.01, 0.9, p=0.01))
    assert np.isfinite(pair.accuracy["rebuilt"]).all()
    assert not pair.accuracy["holds"].any()
    assert "1 of 2 pairs have no hazard ratio" in " ".join(pair.undetermined)
