"""Patients rebuilt from a curve: hand-made curves, everything printed honoured, properties, refusals."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from resurvey.errors import InconsistentReport, InputError, ResurveyError
from resurvey.reconstruct import from_curve, from_two_curves
from resurvey.survival import kaplan_meier


def simulated(seed=0, n=120, noise=0.003, table=True, points=100):
    """A Weibull arm with staggered entry: points of its curve, numbers at risk, events."""
    rng = np.random.default_rng(seed)
    death, loss = 12 * rng.weibull(1.2, n), rng.uniform(6, 24, n)
    time, event = np.minimum(death, loss), (death <= loss).astype(int)
    curve = kaplan_meier(time, event)
    at = np.linspace(0, time.max(), points)
    survival = curve.at(at) + rng.normal(0, noise, at.size) * (noise > 0)
    rows = np.arange(0.0, time.max(), 4.0)
    given = {"n": n, "events": int(event.sum())}
    if table:
        given |= {"at_risk_times": rows, "at_risk": [(time >= row).sum() for row in rows]}
    return at, survival, given, (time, event)


def test_seven_patients_by_hand():
    # deaths at 1, 2, 3 of 7 patients, nobody lost before 4: S = 6/7, 5/7, 4/7
    levels = np.repeat([1, 6 / 7, 5 / 7, 4 / 7], 2)[1:]
    r = from_curve([1, 1, 2, 2, 3, 3, 4], levels, n=7, events=3)
    patients = r.replicate()
    assert patients.loc[patients["event"] == 1, "time"].tolist() == [1, 2, 3]
    assert patients.loc[patients["event"] == 0, "time"].min() > 3
    assert r.evidence == "curve" and r.n_replicates == 1 and r.n == 7


def test_exact_digits_name_the_number_at_risk():
    # 10 patients: a death at 1 (9/10), two lost before 2, a death of 7 at 2: 0.9 * 6/7
    r = from_curve([0, 1, 1, 2, 2, 3], [1, 1, 0.9, 0.9, 0.9 * 6 / 7, 0.9 * 6 / 7], n=10)
    patients = r.replicate()
    assert (patients["time"] >= 2).sum() == 7
    assert patients.loc[patients["event"] == 1, "time"].tolist() == [1, 2]


@pytest.mark.parametrize("table", [True, False])
@pytest.mark.parametrize("noise", [0.0, 0.003])
def test_everything_printed_holds(table, noise):
    at, survival, given_, _ = simulated(1, noise=noise, table=table)
    r = from_curve(at, survival, **given_)
    exact = r.accuracy[~r.accuracy["fact"].str.startswith("distance")]
    assert exact["holds"].all()
    assert list(r.events) == [given_["events"]]
    assert len(exact) == 2 + len(given_.get("at_risk", []))


def test_rebuilt_curve_is_as_near_as_the_noise():
    at, survival, given_, (time, event) = simulated(2, n=300)
    r = from_curve(at, survival, **given_)
    middle = (at[1:] + at[:-1]) / 2
    apart = r.kaplan_meier().at(middle) - kaplan_meier(time, event).at(middle)
    assert np.sqrt(np.mean(apart**2)) < 0.01


def test_printed_median_and_rates_hold():
    at, survival, given_, (time, event) = simulated(3, n=200)
    truth = kaplan_meier(time, event)
    median = round(truth.quantile(0.5), 1)
    r = from_curve(at, survival, **given_, median=median, landmarks=[(6, round(float(truth.at([6])[0]), 2))])
    rows = r.accuracy.set_index("fact")
    assert rows.loc["median", "holds"] and rows.loc["survival at 6", "holds"]
    assert rows.loc["median", "rebuilt"] == pytest.approx(median)


def test_a_flat_tail_gets_no_deaths():
    rng = np.random.default_rng(5)
    at = np.linspace(0, 30, 120)
    survival = np.where(at < 10, 1 - 0.04 * at, 0.6) + rng.normal(0, 0.003, at.size)
    r = from_curve(at, survival, n=150, at_risk_times=[0, 10, 20, 29], at_risk=[150, 88, 60, 20])
    patients = r.replicate()
    assert patients.loc[patients["time"] > 11, "event"].sum() <= 1


def test_one_stray_click_changes_nothing_else():
    at, survival, given_, _ = simulated(6, n=200)
    clean = from_curve(at, survival, **given_)
    survival = survival.copy()
    survival[20] -= 0.4
    r = from_curve(at, survival, **given_)
    assert any("stray" in words for words in r.repairs)
    assert np.abs(r.kaplan_meier().at(at) - clean.kaplan_meier().at(at)).max() < 0.04


def test_a_last_true_drop_is_not_stray():
    r = from_curve(
        [0, 5, 10, 15, 20, 20.5], [1, 0.9, 0.8, 0.8, 0.8, 0.4], n=20, at_risk_times=[0, 20], at_risk=[20, 12]
    )
    assert not any("stray" in words for words in r.repairs)
    assert r.kaplan_meier().survival[-1] == pytest.approx(0.4, abs=0.06)


def test_censoring_marks_are_where_patients_leave():
    r = from_curve([1, 1, 4, 4, 6], [1, 0.9, 0.9, 0.75, 0.75], n=10, censor_times=[2, 3])
    patients = r.replicate()
    lost = patients.loc[patients["event"] == 0, "time"].tolist()
    assert [when for when in lost if when < 4] == [2, 3]


def test_incidence_per_cent_and_order_are_read():
    at, survival, given_, _ = simulated(7)
    base = from_curve(at, survival, **given_)
    shuffled = np.random.default_rng(0).permutation(at.size)
    for values, words in ((100 * survival, "per cent"), (1 - survival, "incidence"), (100 * (1 - survival), "inciden")):
        r = from_curve(at[shuffled], values[shuffled], **given_)
        np.testing.assert_allclose(r.patients.to_numpy(), base.patients.to_numpy(), atol=1e-6)
        assert any(words in repair for repair in r.repairs)


def test_contradictory_rows_are_named_and_the_rest_kept():
    at, survival, given_, _ = simulated(8, n=100)
    rows = list(given_["at_risk"])
    rows[2] = 99
    r = from_curve(at, survival, **{**given_, "at_risk": rows})
    assert any("at time 8" in words for words in r.repairs)
    assert r.events[0] == given_["events"] and len(r.patients) == 100


def test_more_events_than_the_curve_allows_is_said():
    at, survival, _given, _ = simulated(9, n=200)
    r = from_curve(at, 0.9 + 0.1 * np.clip(survival, 0, 1), n=200, events=180)
    assert any("180 were printed" in words for words in r.repairs)
    row = r.accuracy.set_index("fact").loc["events"]
    assert not row["holds"] and row["printed"] == 180


def test_an_arm_without_a_table_says_what_is_not_known():
    at, survival, given_, _ = simulated(10, table=False)
    r = from_curve(at, survival, **given_)
    assert any("no numbers at risk" in words for words in r.undetermined)


def test_replicates_share_what_was_printed_and_differ_elsewhere():
    at, survival, given_, _ = simulated(11)
    r = from_curve(at, survival, **given_, replicates=6, rng=np.random.default_rng(1))
    assert r.events.tolist() == [given_["events"]] * 6
    assert r.accuracy.loc[r.accuracy["fact"].str.startswith("at risk"), "holds"].all()
    times = [tuple(r.replicate(i)["time"]) for i in range(6)]
    assert len(set(times)) == 6
    again = from_curve(at, survival, **given_, replicates=6, rng=np.random.default_rng(1))
    assert r.patients.to_csv() == again.patients.to_csv()


def test_two_curves_meet_their_hazard_ratio():
    (at_a, s_a, a, _), (at_b, s_b, b, _) = simulated(12, table=False), simulated(13, table=False)
    arms = [{"times": t, "survival": s, **g} for t, s, g in ((at_a, s_a, a), (at_b, s_b, b))]
    free = [from_curve(**arm) for arm in arms]
    from resurvey.reconstruct.two_curves import _log_ratio

    ratio = round(float(np.exp(_log_ratio(*free)[0])), 2)
    pair = from_two_curves(*arms, hazard_ratio=ratio, replicates=30, rng=np.random.default_rng(2))
    assert pair.accuracy.set_index("fact").loc["hazard ratio", "holds"]
    one = from_curve(**arms[0], hazard_ratio=(ratio, free[1]), rng=np.random.default_rng(2))
    assert abs(one.accuracy.set_index("fact").loc["hazard ratio", "rebuilt"] - ratio) < 0.02
    assert any("from_two_curves" in words for words in from_curve(**arms[0], hazard_ratio=ratio).undetermined)


@pytest.mark.parametrize(
    ("change", "error", "words"),
    [
        ({"n": 0}, InputError, "n must lie between 1"),
        ({"n": 2.5}, InputError, "n must be a whole number"),
        ({"events": 41}, InconsistentReport, r"events \(41\) exceed"),
        ({"events": -1}, InputError, "events must lie"),
        ({"times": [0, 1]}, InputError, "the same length"),
        ({"times": ["a", "b", "c"]}, InputError, "times must hold numbers"),
        ({"times": [np.nan] * 3}, InputError, "no point with both"),
        ({"times": [0, 0, 0]}, InputError, "no length"),
        ({"times": [-5, 1, 2]}, InputError, "negative"),
        ({"survival": [1, 0.9, 130]}, InputError, "neither proportions"),
        ({"survival": [1, 0.5, -0.4]}, InputError, "calibration"),
        ({"survival": [0.6, 0.7, 0.95]}, InputError, "rises"),
        ({"survival": [0, 0.4, 1.8]}, InputError, "up to 1.8: .* cumulative hazard"),
        ({"times": [1, 2, 3, 4, 5], "survival": [1, 0, 1, 1, 0]}, InputError, "event indicator of individual patients"),
        ({"times": [1, 2, 3, 4], "survival": [1, 1, 2, 2]}, InputError, "only the values 1 and 2 at 4 times"),
        ({"times": range(1, 7), "survival": [1, 0.2, 0.9, 0.1, 0.8, 0.3]}, InputError, "scatter around"),
        ({"at_risk_times": [0, 1], "at_risk": [40]}, InputError, "the same length"),
        ({"at_risk_times": [0, 1], "at_risk": [40, -2]}, InputError, r"row \(time 1, -2\)"),
        ({"at_risk_times": [0, 12, 24], "at_risk": [40, 30, 20]}, InputError, "months against years"),
        ({"censor_times": [-1]}, InputError, "before time 0"),
        ({"median": -1}, InputError, "median must be a time"),
        ({"median": (5, 6, 7)}, InconsistentReport, "outside its interval"),
        ({"landmarks": [(1, 80)]}, InputError, "proportion"),
        ({"landmarks": [(1, 0.5), (2, 0.8)]}, InconsistentReport, "rise"),
        ({"end_of_follow_up": -3}, InputError, "end_of_follow_up"),
        ({"hazard_ratio": "0.8"}, InputError, "hazard_ratio must be"),
        ({"replicates": 0}, InputError, "replicates"),
    ],
)
def test_refusals_have_a_reason(change, error, words):
    arguments = {"times": [0, 1, 2], "survival": [1, 0.8, 0.5], "n": 40} | change
    with pytest.raises(error, match=words):
        from_curve(**arguments)


@st.composite
def inputs(draw):
    seed, n = draw(st.integers(0, 10_000)), draw(st.integers(1, 250))
    at, survival, arguments, _ = simulated(seed, n, draw(st.sampled_from([0.0, 0.003, 0.02])), draw(st.booleans()), 40)
    if draw(st.booleans()):
        arguments["events"] = draw(st.integers(0, n))
    return at, survival, arguments


@settings(max_examples=40, deadline=None)
@given(inputs())
def test_any_arm_keeps_its_promises(case):
    at, survival, arguments = case
    try:
        r = from_curve(at, survival, **arguments)
    except ResurveyError as refusal:
        assert len(str(refusal)) > 20
        return
    assert len(r.patients) == arguments["n"]
    assert np.isfinite(r.patients["time"]).all() and (r.patients["time"] >= 0).all()
    assert np.all(np.diff(r.kaplan_meier().survival) <= 1e-12)
    told = any("events" in words for words in r.repairs)
    assert r.events[0] == arguments["events"] or told
    assert r.patients.to_csv() == from_curve(at[::-1], survival[::-1], **arguments).patients.to_csv()


def test_marks_at_the_ends_of_follow_up_are_kept():
    at, survival, given_, (time, event) = simulated(14, n=80)
    marks = np.append(time[event == 0], [0.0])
    r = from_curve(at, survival, **given_, censor_times=marks)
    lost = np.sort(r.replicate().query("event == 0")["time"])
    assert np.abs(lost - np.sort(time[event == 0])).mean() < 0.1
    assert r.accuracy.loc[r.accuracy["fact"].str.startswith("at risk"), "holds"].all()


def test_units_that_differ_are_named():
    x = np.linspace(0, 24, 60)
    risk = {"at_risk_times": [0, 6, 12, 18], "at_risk": [100, 60, 40, 20]}
    with pytest.raises(InputError, match="months against years"):
        from_curve(x / 12, np.exp(-x / 15), n=100, **risk)
    with pytest.raises(InputError, match="weeks against months"):
        from_curve(x * 4.345, np.exp(-x / 15), n=100, **risk)


def test_an_empty_row_before_the_last_fall_is_said():
    x = np.linspace(0, 24, 60)
    r = from_curve(x, np.exp(-x / 15), n=100, at_risk_times=[0, 6, 12], at_risk=[100, 60, 0])
    assert any("nobody is left at time 12" in words for words in r.repairs)


@pytest.mark.parametrize(("n", "replicates"), [(100_000_000, 1), (100_000, 1000), (1000, 100_000)])
def test_more_patients_than_memory_holds_are_refused(n, replicates):
    with pytest.raises(
        InputError, match=r"n must lie between|more than the 20,000,000 that fit in the memory of an ordinary computer"
    ):
        from_curve([0, 5, 10], [1, 0.7, 0.4], n=n, replicates=replicates)


def test_few_clicks_keep_their_level_at_the_end():
    made = from_curve([0, 1.5, 3.2, 5.75, 9.1], [1, 0.95, 0.83, 0.61, 0.4], n=60)
    np.testing.assert_allclose(made.kaplan_meier().at(np.array([3.2, 9.1])), [0.83, 0.40], atol=1 / 60)
