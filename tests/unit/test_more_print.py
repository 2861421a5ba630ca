"""Quartiles, numbers censored, named intervals, early progressors and log-rank tests: from the tables to patients."""

import math
from statistics import NormalDist

import numpy as np
import pandas as pd
import pytest

from resurvey import clean, tables
from resurvey.audit.handlers import alone
from resurvey.errors import InconsistentReport, InputError, NotEstimable
from resurvey.reconstruct import LogRankTest, SurvivalSummary, from_log_rank, from_summaries, from_summary
from resurvey.reconstruct.printed_between import printed_tests
from resurvey.reconstruct.printed_facts import gather
from resurvey.reconstruct.study import rebuild_study
from resurvey.reconstruct.summary_checks import checked
from resurvey.reconstruct.summary_facts import arms_of
from resurvey.schema import TABLES
from resurvey.survival import kaplan_meier, logrank
from tests.project import claim, small_tables, write_tables

PFS = {"arm_id": "new", "endpoint": "PFS"}


def typed(rows):
    return clean.tidy(
        {
            name: pd.DataFrame(rows.get(name, []), columns=table.names, dtype=object).fillna("")
            for name, table in TABLES.items()
        }
    )


def summary(rows):
    """What is gathered of the progression of the new drug's arm."""
    (arm,) = [arm for arm in gather(typed(rows), "alpha") if (arm.arm_id, arm.endpoint) == ("new", "PFS")]
    return arm.summary


def with_median(**cells):
    rows = small_tables()
    rows["medians"][0] |= cells
    return rows


def faults(rows, folder):
    write_tables(rows, folder)
    with pytest.raises(tables.TableFaults) as error:
        tables.read_raw(folder)
    return {(fault.file, fault.row, fault.column, fault.value) for fault in error.value.faults}


# From the tables to what is known of an arm.


def test_quartiles_and_the_number_censored_are_facts():
    found = summary(with_median(events="", censored="34", lower_quartile="5.2", upper_quartile="NR"))
    assert found.quantiles == ((0.75, 5.2),)
    assert found.stays_above == (0.25,)
    assert checked(found).events == 66


@pytest.mark.parametrize(
    ("named", "read"),
    [("log-log", "log-log"), ("log", "log"), ("plain", "linear"), ("standard error", "linear"),
     ("Brookmeyer-Crowley", None), ("Greenwood", None), ("", None)],
)  # fmt: skip
def test_the_interval_is_read_by_the_scale_that_is_named(named, read):
    assert summary(with_median(ci_method=named)).ci_method == read


def test_an_unknown_method_is_a_fault(tmp_path):
    found = faults(with_median(ci_method="bootstrap"), tmp_path)
    assert found == {("medians.csv", 2, "ci_method", "bootstrap")}


@pytest.mark.parametrize(
    ("cells", "column"),
    [
        ({"n": "100", "events": "66", "censored": "101"}, "censored"),
        ({"n": "100", "events": "66", "censored": "35"}, "censored"),
        ({"lower_quartile": "12.0"}, "lower_quartile"),
        ({"upper_quartile": "11.0"}, "value"),
        ({"lower_quartile": "-1"}, "lower_quartile"),
        ({"upper_quartile": "990"}, "upper_quartile"),
    ],
)
def test_what_cannot_be_stops_at_the_gate(tmp_path, cells, column):
    assert {(file, row, name) for file, row, name, _ in faults(with_median(**cells), tmp_path)} == {
        ("medians.csv", 2, column)
    }


def counted(**cells):
    rows = small_tables()
    rows["proportions"] = [claim("prop-009", **PFS, kind="progression", item="early progressors", **cells)]
    return rows


def test_a_count_of_early_progressors_is_survival_about():
    ((time, survival, sd),) = summary(counted(n="18", total="100", time="2", time_unit="months")).landmarks_about
    assert (time, survival) == (2.0, pytest.approx(0.82))
    assert sd == pytest.approx(math.hypot(0.15 * 0.18, 0.005))
    ((_, _, of_percent),) = summary(counted(percent="18", time="2", time_unit="months")).landmarks_about
    assert of_percent == pytest.approx(math.hypot(0.15 * 0.18, 0.005))


def test_events_without_a_time_are_no_early_progressors():
    assert summary(counted(n="18", total="100")).landmarks_about == ()


@pytest.mark.parametrize(
    ("cells", "column"),
    [
        ({"time": "2"}, "time_unit"),
        ({"time": "0", "time_unit": "months"}, "time"),
        ({"time": "-1", "time_unit": "weeks"}, "time"),
    ],
)
def test_the_time_of_a_count_has_a_unit_and_is_later_than_0(tmp_path, cells, column):
    found = faults(counted(n="18", total="100", **cells), tmp_path)
    assert {(file, name) for file, _, name, _ in found} == {("proportions.csv", column)}


def test_progression_as_best_response_is_a_hint_at_the_first_scan():
    rows = small_tables()
    rows["proportions"].append(claim("prop-009", arm_id="new", kind="response", item="PD", n="15", total="100"))
    assert summary(rows).early_progressors is None  # nobody knows when the first scan was
    scan = claim("fu-009", item="assessment interval", statistic="duration", value="6", unit="weeks")
    rows["follow_up"].append(scan)
    time, share = summary(rows).early_progressors
    assert (time, share) == (pytest.approx(42 / 30.4375), 0.15)
    rows["follow_up"].append(scan | {"claim_id": "alpha2020-fu-010", "item": "first scan", "value": "8"})
    assert summary(rows).early_progressors[0] == pytest.approx(56 / 30.4375)
    rows["endpoints"][0]["event"] = "death"
    assert summary(rows).early_progressors is None


# What they do to the patients.

PLAIN = {"n": 120, "events": 90, "median": 8.0, "lower": 6.5, "upper": 9.6}


def mean_survival(time, **facts):
    made = from_summary(SurvivalSummary(**PLAIN, **facts), replicates=40, rng=np.random.default_rng(5))
    return (made.patients["time"] > time).groupby(made.patients["replicate"]).mean().mean(), made


def test_a_quartile_not_reached_keeps_the_curve_above():
    facts = PLAIN | {"events": 70, "longest_follow_up": 20.0}
    free, kept = (
        from_summary(SurvivalSummary(**facts, **more), replicates=40, rng=np.random.default_rng(1))
        for more in ({}, {"stays_above": (0.25,)})
    )

    def lowest(made):
        return np.array(
            [kaplan_meier(a["time"], a["event"]).survival[-1] for _, a in made.patients.groupby("replicate")]
        )

    assert np.mean(lowest(free) <= 0.25) > 0.3
    above = lowest(kept) > 0.25
    assert above.mean() >= 0.95  # where nobody is censored late enough, a curve may fall lower, and is told
    row = kept.accuracy.set_index("fact").loc["survival reaches 0.25"]
    assert (row["held"], np.isinf(row["printed"])) == (above.sum(), True)


def test_early_progressors_bring_the_curve_down():
    free, _ = mean_survival(2.0)
    known, _ = mean_survival(2.0, landmarks_about=((2.0, 0.7, 0.03),))
    assert free > 0.85
    assert known == pytest.approx(0.7, abs=0.05)


@pytest.mark.parametrize("method", ["log-log", "log", "linear"])
def test_the_interval_of_a_survival_is_read_by_its_scale(method):
    """Limits made of one variance on each scale give that variance back."""
    s, variance, z = 0.6, 0.012, NormalDist().inv_cdf(0.975)
    root = z * math.sqrt(variance)
    made = {
        "log-log": [math.exp(-math.exp(math.log(-math.log(s)) + k * root / -math.log(s))) for k in (1, -1)],
        "log": [s * math.exp(-root), s * math.exp(root)],
        "linear": [s * (1 - root), s * (1 + root)],
    }[method]
    known = checked(
        SurvivalSummary(
            100, events=50, landmarks=((6.0, s),), landmark_limits=((6.0, *made),), landmark_ci_method=method
        )
    )
    (arm,) = arms_of([known])
    (fact,) = [fact for fact in arm.facts if fact.kind == "spread"]
    assert fact.target == pytest.approx(math.log(variance), abs=1e-6)
    assert fact.sd < 0.15


def test_faults_of_the_new_facts_are_told():
    with pytest.raises(InputError, match="stays_above holds 25"):
        checked(SurvivalSummary(100, median=8.0, stays_above=(25,)))
    with pytest.raises(InputError, match="landmark_ci_method is 'plain'"):
        checked(SurvivalSummary(100, median=8.0, landmark_ci_method="plain"))
    with pytest.raises(InconsistentReport, match=r"reach 0\.2 at 20, yet not to reach 0\.25"):
        checked(SurvivalSummary(100, median=8.0, quantiles=((0.2, 20.0),), stays_above=(0.25,)))


# The p of a log-rank test.


def arms_of_one_trial(replicates=120):
    facts = [SurvivalSummary(150, events=110, median=9.0, lower=7.4, upper=10.9),
             SurvivalSummary(150, events=120, median=7.0, lower=5.9, upper=8.3)]  # fmt: skip
    return from_summaries(facts, replicates=replicates, rng=np.random.default_rng(2))


def p_values(made):
    first, second = (arm.patients for arm in (made.first, made.second))
    return np.array(
        [
            logrank(*(np.append(a[name], b[name]) for name in ("time", "event")), np.repeat([0, 1], [len(a), len(b)])).p
            for (_, a), (_, b) in zip(first.groupby("replicate"), second.groupby("replicate"), strict=True)
        ]
    )


@pytest.fixture(scope="module")
def arms():
    return arms_of_one_trial()


def test_deviates_of_a_p():
    low, high = LogRankTest(0.045, 0.055, 0.05).deviates()
    assert (low, high) == (pytest.approx(1.9189, abs=1e-4), pytest.approx(2.0047, abs=1e-4))
    assert LogRankTest(0.0, 0.001, 0.001).deviates() == (pytest.approx(3.2905, abs=1e-4), math.inf)
    assert LogRankTest(0.02, 0.03, 0.025, sides=1).deviates()[0] == pytest.approx(1.8808, abs=1e-4)


@pytest.mark.parametrize("p", [0.004, 0.03, 0.2, 0.6])
def test_pairs_have_about_the_printed_p(arms, p):
    made = from_log_rank(*arms, LogRankTest(p - 0.0005, p + 0.0005, p), pairs=60, rng=np.random.default_rng(1))
    z = np.array([-NormalDist().inv_cdf(value / 2) for value in p_values(made)])
    wanted = -NormalDist().inv_cdf(p / 2)
    # the medians alone give a deviate of 1.6: within the doubt about the test, the larger ones are the likelier
    assert np.median(z) == pytest.approx(wanted, abs=0.4)
    assert np.std(z) < 0.45
    assert made.first.n_replicates == made.second.n_replicates == 60
    (row,) = made.accuracy.to_dict("records")
    assert (row["kind"], row["printed"], row["binding"]) == ("p", p, False)
    assert row["rebuilt"] == pytest.approx(p_values(made).mean(), rel=1e-6)


def test_a_bound_cuts_what_is_beyond_it_and_leaves_the_rest(arms):
    random = from_log_rank(*arms, LogRankTest(0.0, 1.0, 1.0), pairs=60, rng=np.random.default_rng(1))
    bound = from_log_rank(*arms, LogRankTest(0.0, 0.05, 0.05), pairs=60, rng=np.random.default_rng(1))
    assert np.mean(p_values(random) < 0.05) < 0.85
    assert np.mean(p_values(bound) < 0.07) > 0.9
    assert np.std(p_values(bound)) > 0.005


def test_a_p_that_all_else_contradicts_is_refused(arms):
    with pytest.raises(NotEstimable, match="standard deviations from what everything else"):
        from_log_rank(*arms, LogRankTest(0.0, 1e-12, 1e-12), pairs=60)
    with pytest.raises(InputError, match="expected 0 <= low"):
        from_log_rank(*arms, LogRankTest(0.3, 0.2, 0.25))


def with_test(**cells):
    rows = small_tables()
    rows["hazard_ratios"] = []
    base = {**PFS, "comparator_arm_id": "old", "p": "0.020", "test": "log-rank"}
    rows["p_values"] = [claim("p-001", **base | cells)]
    return rows


@pytest.mark.parametrize(
    ("cells", "number"),
    [({}, 1), ({"test": "stratified log-rank"}, 1), ({"test": ""}, 0), ({"test": "Cox"}, 0), ({"adjusted": "yes"}, 0),
     ({"p": "", "statement": "significant"}, 0), ({"comparator_arm_id": ""}, 0)],
)  # fmt: skip
def test_which_tests_are_used(cells, number):
    assert len(printed_tests(typed(with_test(**cells)), "alpha")) == number


def test_a_ratio_without_a_value_is_a_test():
    rows = small_tables()
    rows["hazard_ratios"][0] |= {"value": "", "lower": "", "upper": "", "p": "0.02", "test": "log-rank"}
    ((row, test),) = printed_tests(typed(rows), "alpha")
    assert (row["claim_id"], test) == ("alpha2020-hr-001", LogRankTest(0.015, 0.025, 0.02))


def test_arms_of_a_study_are_paired_by_their_test():
    made = rebuild_study(typed(with_test()), "alpha", replicates=30, seed=3)
    rows = made.facts[made.facts["claim_id"] == "alpha2020-p-001"]
    assert set(rows["arm_id"]) == {"new", "old"}
    assert rows["rebuilt"].iloc[0] == pytest.approx(0.02, abs=0.015)
    without = rebuild_study(typed(with_test(test="")), "alpha", replicates=30, seed=3)
    assert not (without.facts["claim_id"] == "alpha2020-p-001").any()


def test_a_printed_ratio_goes_before_a_test():
    rows = small_tables()
    rows["p_values"] = with_test()["p_values"]
    made = rebuild_study(typed(rows), "alpha", replicates=10, seed=3)
    assert set(made.facts["claim_id"]) - {""} == {"alpha2020-hr-001"}


def test_a_test_that_cannot_be_is_told():
    rows = with_test(p="0.99")
    rows["medians"][0] |= {"value": "24.0", "lower": "22.0", "upper": "26.0"}
    made = rebuild_study(typed(rows), "alpha", replicates=10, seed=3)
    said = made.accuracy.set_index(["arm_id", "endpoint"]).loc[("new", "PFS"), "undetermined"]
    assert "the printed log-rank test of alpha2020-p-001 could not be honoured" in said


# What contradicts it is found.

ARMS = [{"arm_id": name, "label": name, "n": "100"} for name in "ab"]


def verdicts(rule, **rows):
    return alone({"arms": ARMS, **rows}, [rule])["verdict"].tolist()


def median(**cells):
    row = {"endpoint": "PFS", "arm_id": "a", "value": "8.0", "unit": "months", "note": "sic"}
    return row | cells


def rate(value, time="3", **cells):
    row = {"endpoint": "PFS", "arm_id": "a", "time": time, "time_unit": "months", "value": value, "unit": "%"}
    return row | cells


def early(**cells):
    row = {"kind": "progression", "endpoint": "PFS", "item": "by the first scan", "arm_id": "a", "time": "2"}
    return row | {"time_unit": "months"} | cells


@pytest.mark.parametrize(
    ("cells", "verdict"),
    [
        ({"lower_quartile": "3.1", "upper_quartile": "15"}, ["reproduced"]),
        ({"lower_quartile": "8.2"}, ["impossible"]),
        ({"upper_quartile": "7.8"}, ["impossible"]),
        ({"value": "NR", "upper_quartile": "20"}, ["impossible"]),
        ({"upper_quartile": "NR"}, ["reproduced"]),
        ({}, []),
    ],
)
def test_quartiles_come_in_order(cells, verdict):
    assert verdicts("quartile-order", medians=[median(**cells)]) == verdict


@pytest.mark.parametrize(
    ("value", "time", "verdict"),
    [
        ("74.0", "4", "reproduced"),
        ("76.0", "4", "impossible"),
        ("74.0", "2", "impossible"),
        ("76.0", "2", "reproduced"),
    ],
)
def test_quartiles_and_survival_are_of_one_curve(value, time, verdict):
    rows = {"medians": [median(lower_quartile="3.1")], "survival_rates": [rate(value, time)]}
    assert verdicts("quartile-landmark", **rows) == [verdict]


@pytest.mark.parametrize(("censored", "verdict"), [("34", "reproduced"), ("35", "impossible"), ("33", "impossible")])
def test_events_and_censored_are_all_patients(censored, verdict):
    assert verdicts("events-censored", medians=[median(events="66", censored=censored)]) == [verdict]
    own = median(events="56", censored=str(int(censored) - 10), n="80")
    assert verdicts("events-censored", medians=[own]) == [verdict]


@pytest.mark.parametrize(
    ("limits", "named", "verdict"),
    [
        (("6.0", "10.0"), "standard error", ["reproduced"]),
        (("6.0", "10.1"), "standard error", ["reproduced"]),  # half units add up to 0.2
        (("6.0", "10.4"), "standard error", ["discrepant"]),
        (("6.0", "10.4"), "log-log", []),
    ],
)
def test_an_interval_from_a_standard_error_is_even(limits, named, verdict):
    row = median(lower=limits[0], upper=limits[1], ci_method=named)
    assert verdicts("median-evenness", medians=[row]) == verdict


@pytest.mark.parametrize(
    ("count", "rates", "verdict"),
    [
        ({"n": "18", "total": "100"}, [rate("80")], ["reproduced", "reproduced"]),
        ({"n": "22", "total": "100"}, [rate("80")], ["reproduced", "impossible"]),  # 20 % and half a per cent at most
        ({"percent": "22"}, [rate("80")], ["reproduced", "impossible"]),
        ({"n": "22", "total": "100"}, [rate("80", "1")], ["reproduced"]),  # survival of an earlier time says nothing
        ({"n": "51"}, [], ["impossible"]),
        ({"n": "18", "time": "9"}, [], []),
    ],
)
def test_early_progressors_are_no_more_than_the_curve_has_lost(count, rates, verdict):
    rows = {"proportions": [early(**count)], "medians": [median()], "survival_rates": rates}
    assert verdicts("early-progressors", **rows) == verdict


# Whatever is typed of an arm has a consequence.


def with_rows(**tables_):
    """The small tables without follow-up or ratio, with further rows."""
    rows = small_tables() | {"follow_up": [], "hazard_ratios": []}
    return rows | {name: [*rows.get(name, []), *more] for name, more in tables_.items()}


def follow_up(statistic, value, **cells):
    return claim("fu-009", item="follow-up", statistic=statistic, value=value, unit="months", **cells)


def of_new(rows):
    """Patients of the new drug's arm, and its printed facts."""
    made = rebuild_study(typed(rows), "alpha", replicates=4, seed=2)
    arm = made.patients[(made.patients["arm_id"] == "new") & (made.patients["endpoint"] == "PFS")]
    return arm[["time", "event"]].to_numpy()


@pytest.fixture(scope="module")
def patients_before():
    return of_new(with_rows())


KINDS = {
    "method of the interval of the median": with_median(ci_method="plain") | {"follow_up": [], "hazard_ratios": []},
    "lower quartile": with_median(lower_quartile="5.0") | {"follow_up": [], "hazard_ratios": []},
    "upper quartile not reached": with_median(upper_quartile="NR") | {"follow_up": [], "hazard_ratios": []},
    "number censored": with_median(events="", censored="40") | {"follow_up": [], "hazard_ratios": []},
    "interval of a rate": with_rows() | {
        "survival_rates": [small_tables()["survival_rates"][0] | {"lower": "58.0", "upper": "83.0", "ci_level": "95"}]
    },
    "median follow-up": with_rows(follow_up=[follow_up("median", "14.0")]),
    "maximum follow-up": with_rows(follow_up=[follow_up("maximum", "24.0")]),
    "minimum follow-up": with_rows(follow_up=[follow_up("minimum", "13.0")]),
    "first scan and progression as best response": with_rows(
        follow_up=[claim("fu-009", item="first scan", statistic="duration", value="6", unit="weeks")],
        proportions=[claim("prop-009", arm_id="new", kind="response", item="PD", n="20", total="100")],
    ),
    "early progressors": with_rows(
        proportions=[claim("prop-009", arm_id="new", kind="progression", endpoint="PFS", item="early", n="12",
                           total="100", time="2", time_unit="months")],
    ),
    "numbers at risk": with_rows(
        risk_tables=[claim("risk-009", arm_id="new", endpoint="PFS", time="6", time_unit="months", n_at_risk="66")]
    ),
    "log-rank p": with_rows(
        p_values=[claim("p-009", arm_id="new", endpoint="PFS", item="PFS", comparator_study_id="alpha",
                        comparator_arm_id="old", comparator_population="all", p="0.30", test="log-rank")],
    ),
    "ratio": with_rows() | {"hazard_ratios": small_tables()["hazard_ratios"]},
}  # fmt: skip


@pytest.mark.parametrize("rows", KINDS.values(), ids=KINDS)
def test_whatever_is_typed_of_an_arm_moves_its_patients(patients_before, rows):
    after = of_new(rows)
    assert after.shape == patients_before.shape or len(after)
    assert not np.array_equal(after, patients_before)


def test_a_minimum_and_a_maximum_of_the_follow_up_are_facts_of_the_arm():
    found = summary(with_rows(follow_up=[follow_up("maximum", "24.0"), follow_up("minimum", "3.0", arm_id="new")]))
    assert (found.longest_follow_up, found.shortest_follow_up) == (24.0, 3.0)
    other_cut = follow_up("maximum", "24.0", data_cut="2019")
    assert summary(with_rows(follow_up=[other_cut])).longest_follow_up is None
    # the longest time printed as the maximum goes before the end of a range
    ranged = follow_up("median", "14.0", range_upper="23.9", range_lower="1.0") | {"claim_id": "alpha2020-fu-008"}
    assert summary(with_rows(follow_up=[ranged, follow_up("maximum", "24.0")])).longest_follow_up == 24.0


def test_a_duration_of_response_is_rebuilt_of_its_responders():
    rows = with_rows()
    rows["endpoints"] = [*rows["endpoints"], {"endpoint": "DoR", "label": "duration of response",
                                              "family": "time_to_event", "clock_start": "response"}]  # fmt: skip
    rows["medians"] = [*rows["medians"], claim("med-009", arm_id="new", endpoint="DoR", value="9.0", unit="months",
                                               lower="7.0", upper="12.0", n="40", events="25")]  # fmt: skip
    made = rebuild_study(typed(rows), "alpha", replicates=4, seed=2)
    arm = made.accuracy.set_index(["arm_id", "endpoint"]).loc[("new", "DoR")]
    assert (arm["status"], arm["n"], arm["events_mean"]) == ("rebuilt", 40, 25)


@pytest.mark.parametrize(
    ("counts", "size"),
    [
        ((("ORR", "43", "100"),), 43),
        ((("Objective response", "43", "100"), ("CR", "9", "100")), 43),
        ((("ORR", "43", "100"), ("ORR", "44", "102")), None),  # which of them are the responders is not known
        ((("CR", "9", "100"),), None),
    ],
)
def test_the_responders_are_counted_where_the_duration_of_their_response_does_not_say(counts, size):
    rows = with_rows()
    rows["endpoints"] = [*rows["endpoints"], {"endpoint": "DoR", "label": "duration of response",
                                              "family": "time_to_event", "clock_start": "response"}]  # fmt: skip
    rows["medians"] = [*rows["medians"], claim("med-009", arm_id="new", endpoint="DoR", value="9.0", unit="months",
                                               lower="7.0", upper="12.0")]  # fmt: skip
    rows["proportions"] = [
        claim(f"prop-01{number}", arm_id="new", kind="response", item=item, n=n, total=total)
        for number, (item, n, total) in enumerate(counts)
    ]
    found = next(one for one in gather(typed(rows), "alpha") if (one.arm_id, one.endpoint) == ("new", "DoR"))
    assert (found.summary and found.summary.n) == size
    assert ("alpha2020-prop-010" in found.claims) == (size is not None)
