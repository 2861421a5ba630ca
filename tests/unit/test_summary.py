"""Patients from printed numbers: every fact kept, the same seed the same bytes, every refusal with its reasons."""

import math
import re

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from resurvey.errors import InconsistentReport, InputError, NotEstimable, ResurveyError
from resurvey.reconstruct import SurvivalSummary, from_summary, sample
from resurvey.reconstruct.stretch import limits, survival_at
from resurvey.survival import kaplan_meier

ABSTRACT = {"n": 120, "events": 90, "median": 6.4, "lower": 5.2, "upper": 8.1, "longest_follow_up": 30.0}


def rebuild(replicates: int = 30, seed: int = 1, **facts: object):
    return from_summary(SurvivalSummary(**facts), replicates=replicates, rng=np.random.default_rng(seed))  # type: ignore[arg-type]


def test_abstract_is_kept_in_every_replicate() -> None:
    made = rebuild(**ABSTRACT)
    assert made.evidence == "summary"
    assert made.n_replicates == 30
    for index in range(30):
        rows = made.replicate(index)
        assert len(rows) == 120
        assert rows["event"].sum() == 90
        assert rows["time"].max() == 30.0
        assert made.kaplan_meier(index).quantile() == pytest.approx(6.4, abs=0.05)
    assert made.holds, made.accuracy.to_string()


def test_replicates_differ_where_the_paper_is_silent() -> None:
    made = rebuild(**ABSTRACT)
    at = [made.kaplan_meier(index).at([2.0, 15.0]) for index in range(30)]
    assert (np.std(at, axis=0) > 0.01).all()


def test_limits_are_those_of_an_independent_program() -> None:
    from lifelines import KaplanMeierFitter
    from lifelines.utils import median_survival_times

    rng = np.random.default_rng(5)
    time, censor = rng.weibull(1.2, 80) * 10, rng.uniform(5, 25, 80)
    event = (time <= censor).astype(float)
    time = np.minimum(time, censor)
    order = np.argsort(time)
    median, lower, upper = limits(time[order][None], event[order][None], 1.959964, "log-log")
    fitted = KaplanMeierFitter().fit(time, event)
    found = median_survival_times(fitted.confidence_interval_).to_numpy().ravel()
    assert median[0] == pytest.approx(fitted.median_survival_time_, abs=1e-6)
    assert lower[0] == pytest.approx(found[0], abs=1e-6)
    assert upper[0] == pytest.approx(found[1], abs=1e-6)


def test_limits_by_hand_with_the_plain_and_the_log_band() -> None:
    # ten events at 1, ..., 10: S(t) = 1 - t/10 and Greenwood's variance is S (1 - S) / 10
    time, event = np.arange(1.0, 11.0)[None], np.ones((1, 10))
    # plain: S - 1.96 sqrt(S(1-S)/10) <= 0.5 first at S = 0.7 (0.416; at 0.8 it is 0.552); S + ... <= 0.5 first at 0.2
    # (0.448)
    assert [float(v[0]) for v in limits(time, event, 1.96, "linear")] == [5.5, 3.0, 8.0]
    # log: 0.8 exp(-1.96 sqrt(0.2/8)) = 0.587 and 0.7 exp(-1.96 sqrt(0.3/7)) = 0.466; 0.2 exp(1.96 sqrt(0.8/2)) = 0.691
    # and
    # 0.1 exp(1.96 sqrt(0.9)) = 0.642: never at most 0.5 while anyone lives
    assert [float(v[0]) for v in limits(time, event, 1.96, "log")] == [5.5, 3.0, math.inf]


def test_landmarks_within_their_rounding() -> None:
    made = rebuild(**ABSTRACT, landmarks=[(6.0, 0.53), (12.0, 0.29)])
    assert made.holds, made.accuracy.to_string()
    for index in range(30):
        at = made.kaplan_meier(index).at([6.0, 12.0])
        assert np.abs(at - [0.53, 0.29]).max() <= 0.005 + 1e-9


def test_numbers_at_risk_are_exact() -> None:
    times, counts = [0, 6, 12, 18, 24], [120, 60, 30, 12, 4]
    made = rebuild(**ABSTRACT, at_risk_times=times, at_risk=counts)
    for index in range(30):
        rows = made.replicate(index)
        assert [(rows["time"] >= t).sum() for t in times] == counts
    assert made.holds, made.accuracy.to_string()


def test_median_not_reached_keeps_the_curve_above_one_half() -> None:
    made = rebuild(n=200, events=60, median=math.inf, landmarks=[(12, 0.78)], longest_follow_up=36.0)
    assert all(made.kaplan_meier(index).quantile() == math.inf for index in range(30))
    flagged = rebuild(n=200, events=60, median_not_reached=True, landmarks=[(12, 0.78)], longest_follow_up=36.0)
    pd.testing.assert_frame_equal(made.patients, flagged.patients)


def test_upper_limit_not_reached_is_kept() -> None:
    made = rebuild(
        n=60, events=26, median=20.0, lower=14.0, upper=math.inf, longest_follow_up=30.0, ci_method="log-log"
    )
    assert made.accuracy.set_index("fact").loc["upper", "holds"]


def test_missing_numbers_may_be_nan() -> None:
    made = rebuild(**(ABSTRACT | {"upper": math.nan}))
    pd.testing.assert_frame_equal(made.patients, rebuild(**(ABSTRACT | {"upper": None})).patients)


def test_no_events_and_all_events() -> None:
    none = rebuild(n=20, events=0, longest_follow_up=10.0, landmarks=[(5, 1.0)])
    assert none.events.sum() == 0
    every = rebuild(n=20, events=20, median=5.0, longest_follow_up=18.0)
    assert (every.events == 20).all()
    assert every.patients.groupby("replicate")["time"].max().eq(18.0).all()


def test_enrolment_and_cut_off_place_the_censoring() -> None:
    made = rebuild(n=300, events=168, median=14.0, accrual=12.0, follow_up_after_accrual=12.0)
    censored = made.patients.loc[made.patients["event"] == 0, "time"]
    assert censored.max() <= 24.0 + 1e-9
    # uniform between 12 and 24 months apart from drop-out
    assert (censored > 11.9).mean() > 0.75


def test_median_follow_up_moves_the_censoring() -> None:
    facts = {"n": 300, "events": 190, "median": 10.0, "longest_follow_up": 30.0}
    early, late = rebuild(**facts, median_follow_up=12.0), rebuild(**facts, median_follow_up=20.0)

    def follow_up(made) -> float:
        return float(made.accuracy.set_index("fact").loc["median follow-up", "rebuilt"])

    assert follow_up(early) < follow_up(late) - 3


def test_a_known_schedule_gathers_events_after_visits() -> None:
    facts = {"n": 400, "events": 350, "median": 4.3, "lower": 4.1, "upper": 4.5, "longest_follow_up": 24.0}
    visits, plain = rebuild(**facts, assessment_interval=2.0), rebuild(**facts, assessment_interval=0)

    def near(made) -> float:
        t = made.patients.loc[made.patients["event"] == 1, "time"]
        t = t[t < 8.5]
        return float(((t % 2.0) < 0.5).mean())

    assert near(visits) > near(plain) + 0.05


def test_schedule_is_tried_in_the_unit_of_the_summary() -> None:
    weeks = {k: (v * 4.0 if k in ("median", "lower", "upper", "longest_follow_up") else v) for k, v in ABSTRACT.items()}
    with pytest.raises(
        InputError, match="time_unit is 'fortnights', expected one of days, weeks, months, years or None"
    ):
        rebuild(**weeks, time_unit="fortnights")
    assert rebuild(**weeks, time_unit="weeks").holds


def test_which_interval_fits_is_found() -> None:
    # limits of the plain band of an arm with heavy censoring, where the conventions lie far apart
    rng = np.random.default_rng(2)
    time, censor = rng.exponential(10, 60), rng.uniform(2, 30, 60)
    event = (time <= censor).astype(float)
    time = np.minimum(time, censor)
    order = np.argsort(time)
    for name in ("log-log", "log", "linear"):
        m, low, high = (round(float(v[0]), 2) for v in limits(time[order][None], event[order][None], 1.959964, name))
        named = rebuild(
            n=60, events=int(event.sum()), median=m, lower=low, upper=high, longest_follow_up=30.0, ci_method=name
        )
        assert name in named.method
        guessed = rebuild(n=60, events=int(event.sum()), median=m, lower=low, upper=high, longest_follow_up=30.0)
        assert re.search("read as (log-log|log|linear)$", guessed.method)


def test_same_seed_same_bytes_and_another_seed_another_result() -> None:
    one, two, three = rebuild(seed=3, **ABSTRACT), rebuild(seed=3, **ABSTRACT), rebuild(seed=4, **ABSTRACT)
    assert one.patients.to_csv() == two.patients.to_csv()
    assert one.patients.to_csv() != three.patients.to_csv()


def test_what_is_not_determined_is_said() -> None:
    made = rebuild(n=80, median=7.0)
    said = " ".join(made.undetermined)
    assert "number of events was not printed" in said
    assert "longest follow-up was not printed" in said


REFUSED = [
    ({"n": 0}, InputError, "n is 0, expected a whole number of patients, 1 or more"),
    ({"n": 50.5, "median": 3}, InputError, "n is 50.5"),
    ({"n": 50, "events": -1, "median": 3}, InputError, "events is -1, expected a whole number, 0 or more"),
    ({"n": 50, "median": -3}, InputError, "median is -3, expected a time greater than 0"),
    ({"n": 50, "median": "3"}, InputError, "median is '3', expected a number"),
    (
        {"n": 50, "median": 3, "longest_follow_up": math.inf},
        InputError,
        "longest_follow_up is inf, expected a finite time",
    ),
    ({"n": 50, "landmarks": [(6, 33.0)]}, InputError, "survival 33 at time 6 looks like a percentage: .* 0.33"),
    ({"n": 50, "landmarks": [(6, -0.1)]}, InputError, "survival -0.1 at time 6, expected a proportion"),
    (
        {"n": 50, "median": 3, "at_risk_times": True, "at_risk": [5]},
        InputError,
        "at_risk_times is True, expected a list",
    ),
    ({"n": 50, "landmarks": 0.5}, InputError, "landmarks is 0.5, expected a list"),
    ({"n": 50, "lower": 0.04, "upper": 1e12}, InputError, r"upper \(1e\+12\) is more than 100000 times lower \(0.04\)"),
    ({"n": 50, "landmarks": [6]}, InputError, r"landmark 6, expected a pair \(time, survival\)"),
    ({"n": 50, "landmarks": [(math.nan, 0.5)]}, InputError, "landmark time nan"),
    ({"n": 50, "median": 3, "at_risk": [50]}, InputError, "belong together: one of them is missing"),
    ({"n": 50, "median": 3, "at_risk": [50, 3], "at_risk_times": [0]}, InputError, "1 entries and at_risk 2"),
    ({"n": 50, "median": 3, "at_risk": [-1], "at_risk_times": [2]}, InputError, "-1 at risk at time 2"),
    ({"n": 50, "median": 3, "ci_level": 95}, InputError, "ci_level is 95, .* divided by 100"),
    ({"n": 50, "median": 3, "ci_method": "arcsin"}, InputError, "ci_method is 'arcsin'"),
    ({"n": 50, "median": 3, "time_rounding": -1}, InputError, "time_rounding is -1"),
    ({"n": 50, "events": 51, "median": 3}, InconsistentReport, r"events \(51\) exceed n \(50\)"),
    ({"n": 50, "median": 3, "lower": 4}, InconsistentReport, r"lower limit \(4\) lies above the median \(3\)"),
    ({"n": 50, "median": 3, "upper": 2}, InconsistentReport, r"upper limit \(2\) lies below the median \(3\)"),
    ({"n": 50, "lower": 4, "upper": 2}, InconsistentReport, r"lower limit \(4\) lies above the upper limit \(2\)"),
    (
        {"n": 50, "median": 3, "median_not_reached": True},
        InconsistentReport,
        "said not to be reached, yet it is printed",
    ),
    ({"n": 50, "median": 3, "upper": 5, "upper_not_reached": True}, InconsistentReport, "not to be reached, yet 5 is"),
    ({"n": 50, "median": 3, "events": 0}, InconsistentReport, "there are no events, yet a median"),
    (
        {"n": 50, "landmarks": [(3, 0.4), (6, 0.5)]},
        InconsistentReport,
        "survival rises from 0.4 at time 3 to 0.5 at time 6",
    ),
    (
        {"n": 50, "median": 9, "landmarks": [(3, 0.4)]},
        InconsistentReport,
        "0.4 at time 3, below one half before the median",
    ),
    (
        {"n": 50, "median": 3, "landmarks": [(9, 0.6)]},
        InconsistentReport,
        "0.6 at time 9, above one half after the median",
    ),
    (
        {"n": 50, "median": math.inf, "landmarks": [(9, 0.3)]},
        InconsistentReport,
        "survival is 0.3 at time 9, yet the median is said not to be reached",
    ),
    ({"n": 50, "events": 0, "landmarks": [(9, 0.9)]}, InconsistentReport, "0.9 at time 9, yet there are no events"),
    (
        {"n": 50, "median": 3, "at_risk_times": [0, 3, 6], "at_risk": [50, 20, 30]},
        InconsistentReport,
        "numbers at risk rise from 20 at time 3 to 30 at time 6",
    ),
    (
        {"n": 50, "median": 9, "at_risk_times": [1], "at_risk": [60]},
        InconsistentReport,
        r"60 at risk at time 1 exceed n",
    ),
    (
        {"n": 50, "median": 9, "at_risk_times": [0], "at_risk": [40]},
        InconsistentReport,
        "40 at risk at time 0, but n is 50",
    ),
    (
        {"n": 50, "median": 9, "longest_follow_up": 5},
        InconsistentReport,
        "median .9. lies beyond the longest follow-up .5.",
    ),
    (
        {"n": 50, "landmarks": [(24, 0.5)], "longest_follow_up": 5},
        InconsistentReport,
        "a survival is printed at time 24, beyond the longest follow-up",
    ),
    (
        {"n": 50, "median": 3, "longest_follow_up": 9, "at_risk_times": [12], "at_risk": [4]},
        InconsistentReport,
        "4 at risk at time 12, beyond the longest follow-up",
    ),
    (
        {"n": 50, "median": 3, "longest_follow_up": 90, "accrual": 12, "follow_up_after_accrual": 6},
        InconsistentReport,
        "exceeds the time from first enrolment to cut-off .18.: check the unit",
    ),
    (
        {"n": 50, "median": 3, "accrual": 0, "follow_up_after_accrual": 0},
        InconsistentReport,
        "nobody could be followed",
    ),
    (
        {"n": 50, "median": 3, "at_risk_times": [6], "at_risk": [40]},
        InconsistentReport,
        "the median is 3, but 40 of 50 are still at risk at time 6",
    ),
    (
        {"n": 100, "events": 10, "median": 3, "at_risk_times": [6], "at_risk": [40]},
        InconsistentReport,
        "the median is 3, which 10 events cannot bring about while 40 are still at risk at time 6",
    ),
    ({"n": 50}, NotEstimable, "n = 50 does not place a curve .* it needs a median or a limit"),
    ({"n": 50, "events": 30}, NotEstimable, "together with numbers at risk or the longest follow-up"),
    ({"n": 50, "at_risk_times": [0, 6], "at_risk": [50, 20]}, NotEstimable, "the events together with numbers at risk"),
]


@pytest.mark.parametrize(("facts", "error", "message"), REFUSED, ids=[message[:40] for *_, message in REFUSED])
def test_refusals(facts: dict, error: type[ResurveyError], message: str) -> None:
    with pytest.raises(error, match=message):
        rebuild(**facts)


def test_all_faults_are_named_at_once() -> None:
    with pytest.raises(
        InconsistentReport, match=r"beta: .*\(1\) events .51. exceed n .50.; \(2\) .*\(3\) survival rises"
    ):
        rebuild(n=50, events=51, median=5, lower=7, landmarks=[(3, 0.6), (4, 0.7)], label="beta")


@pytest.mark.parametrize("replicates", [0, -1, 2.5, True])
def test_replicates_must_be_a_count(replicates: object) -> None:
    with pytest.raises(InputError, match=r"replicates is .*, expected a whole number, 1 or more"):
        from_summary(SurvivalSummary(**ABSTRACT), replicates=replicates)  # type: ignore[arg-type]


def test_too_many_rows_are_refused() -> None:
    with pytest.raises(InputError, match=r"200 replicates of 500000 patients .* at most 40 replicates"):
        from_summary(SurvivalSummary(n=500_000, median=5.0), replicates=200)


def printed_of(time: np.ndarray, event: np.ndarray, draw, rng: np.random.Generator) -> dict:
    """A random subset of what a paper could print of these patients."""
    order = np.lexsort((-event, time))
    t, e = time[order][None], event[order][None]
    median, lower, upper = (round(float(v[0]), 1) for v in limits(t, e, 1.959964, "log-log"))
    end = float(time.max())
    marks = [round(f * end, 1) for f in (0.3, 0.6)]
    table = [round(f * end, 1) for f in (0, 0.25, 0.5, 0.75)]
    could = {
        "events": int(event.sum()),
        "median": median,
        "lower": lower if math.isfinite(lower) else None,
        "upper": upper,
        "longest_follow_up": end,
        "landmarks": [(m, round(float(survival_at(t, e, [m])[0, 0]), 2)) for m in marks],
        "risk": {"at_risk_times": table, "at_risk": [int((time >= x).sum()) for x in table]},
        "median_follow_up": round(0.6 * end, 1),
        "shortest_follow_up": round(0.2 * end, 1),
    }
    chosen = {name: could[name] for name in could if draw(st.booleans(), label=name)}
    chosen |= chosen.pop("risk", {})
    return {"n": time.size, **chosen}


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True)
@given(seed=st.integers(0, 10_000), n=st.integers(5, 150), shape=st.floats(0.6, 2.0), data=st.data())
def test_any_subset_of_true_facts_works_or_is_refused_with_a_reason(seed: int, n: int, shape: float, data) -> None:
    rng = np.random.default_rng(seed)
    time, censor = 8 * rng.weibull(shape, n) + 0.5, rng.uniform(3, 20, n)
    event = (time <= censor).astype(float)
    facts = printed_of(np.round(np.minimum(time, censor), 1), event, data.draw, rng)
    try:
        made = rebuild(replicates=5, **facts)
    except ResurveyError as error:
        assert len(str(error)) > 30
        return
    assert len(made.patients) == 5 * n
    assert np.isfinite(made.patients["time"]).all()
    if "events" in facts:
        assert (made.events == facts["events"]).all()
    for index in range(5):
        rows = made.replicate(index)
        curve = kaplan_meier(rows["time"], rows["event"])
        assert (np.diff(curve.survival) <= 1e-12).all()
    if made.holds and "at_risk_times" in facts:
        rows = made.replicate(0)
        assert [(rows["time"] >= t).sum() for t in facts["at_risk_times"]] == facts["at_risk"]


def test_nobody_is_followed_for_more_than_twice_the_median_unless_more_is_printed() -> None:
    given = {"n": 260, "median": 52.6, "lower": 48.7, "upper": np.inf}
    free = from_summary(SurvivalSummary(**given), replicates=5)
    bound = from_summary(SurvivalSummary(**given, median_follow_up=44.0), replicates=5)
    assert free.patients["time"].max() > 110 >= 88.5 > bound.patients["time"].max() > 52.6
    short = from_summary(SurvivalSummary(**given, median_follow_up=20.0), replicates=5)
    assert short.patients["time"].max() == pytest.approx(1.1 * 52.6, rel=0.02)


def test_near_choices_settle_what_all_choices_would(monkeypatch: pytest.MonkeyPatch) -> None:
    # few patients and three decimals: in many replicates only a choice further off gives the printed survival
    summary = SurvivalSummary(n=45, events=30, median=9.0, landmarks=[(6, 0.643), (18, 0.237)], longest_follow_up=36.0)
    made = from_summary(summary, replicates=40).patients
    monkeypatch.setattr(sample, "NEAR_OFFSET", 100)
    pd.testing.assert_frame_equal(from_summary(summary, replicates=40).patients, made, check_exact=True)


def test_quartiles_are_met_and_place_the_curve():
    """Of an exponential curve with median 6 the quartiles are 2.49 and 12; a later one speaks for a flat tail."""
    facts = {"n": 200, "events": 170, "median": 6.0, "lower": 5.1, "upper": 7.2, "time_rounding": 0.05}
    made = from_summary(SurvivalSummary(**facts, quantiles=[(0.25, 12.0), (0.75, 2.5)]), replicates=30)
    assert made.holds
    kinds = made.accuracy.set_index("fact")["kind"]
    assert (kinds[["survival reaches 0.75", "survival reaches 0.25"]] == "quantile").all()
    # reached at a time that is printed as 2.5, in every replicate
    early = np.array([made.kaplan_meier(index).at([2.449, 2.551]) for index in range(10)])
    assert (early[:, 0] > 0.75).all()
    assert (early[:, 1] <= 0.75 + 1e-9).all()
    later = from_summary(SurvivalSummary(**facts, quantiles=[(0.25, 18.0), (0.75, 2.5)]), replicates=30)
    at_12 = [np.mean([one.kaplan_meier(index).at([12.0])[0] for index in range(30)]) for one in (made, later)]
    assert at_12[1] > at_12[0] + 0.04


def test_the_number_censored_stands_for_the_events():
    facts = {"n": 120, "median": 6.0, "lower": 4.9, "upper": 7.4}
    by_events = from_summary(SurvivalSummary(**facts, events=90), replicates=5)
    assert by_events.patients.equals(from_summary(SurvivalSummary(**facts, censored=30), replicates=5).patients)


def test_patients_who_progressed_at_the_first_scan_make_the_curve_drop_there():
    facts = {"n": 150, "events": 120, "median": 6.0, "lower": 4.6, "upper": 7.9}
    alone = from_summary(SurvivalSummary(**facts), replicates=40)
    hinted = from_summary(SurvivalSummary(**facts, early_progressors=(1.84, 0.35)), replicates=40)
    at_first = [survival_at(*made.stacked(), [2.2]).mean() for made in (alone, hinted)]
    assert at_first[1] < at_first[0] - 0.05
    assert 0.6 < at_first[1] < 0.78


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"quantiles": [(75, 2.0)]}, "quantiles holds"),
        ({"quantiles": [0.75]}, "quantiles holds"),
        ({"quantiles": [(0.75, 7.0)]}, "the lower 0.5 before it, at 6"),
        ({"quantiles": [(0.25, 5.0)]}, "to reach 0.5 at 6 and the lower 0.25 before it"),
        ({"quantiles": [(0.75, 3.0)], "landmarks": [(2.0, 0.6)]}, "but survival is 0.6 at time 2"),
        ({"events": 60, "censored": 30}, "make 90 patients, n is 100"),
        ({"censored": -1}, "censored is -1"),
        ({"early_progressors": (1.8, 35)}, "a share between 0 and 1"),
        ({"early_progressors": 0.3}, "expected (time of the first scan, share)"),
    ],
)
def test_more_printed_numbers_that_cannot_be_are_refused(more, said):
    with pytest.raises(ResurveyError, match=re.escape(said)):
        from_summary(SurvivalSummary(**{"n": 100, "median": 6.0, "lower": 5.0, "upper": 7.0, **more}), replicates=2)
