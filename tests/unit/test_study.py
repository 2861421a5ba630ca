"""What is printed of each arm, gathered, and all arms of a study rebuilt together."""

import math
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from resurvey import clean, tables
from resurvey.batches import batches
from resurvey.errors import NotEstimable
from resurvey.jobs import STUDY_STEPS, block_sizes, shared_out, study_batches
from resurvey.reconstruct import Reconstruction, blocks, from_pair, from_summary, study
from resurvey.reconstruct.arm_curve import Curve
from resurvey.reconstruct.printed_between import hazard_ratio_of, printed_ratios
from resurvey.reconstruct.printed_facts import gather
from resurvey.reconstruct.result import accuracy_table
from resurvey.reconstruct.study import rebuild_study
from resurvey.reconstruct.study_tables import ARM_COLUMNS, RebuiltStudy, ensemble_curves, ensemble_numbers
from resurvey.schema import TABLES
from tests.project import claim, small_tables


def typed(rows):
    return clean.tidy(
        {
            name: pd.DataFrame(rows.get(name, []), columns=table.names, dtype=object).fillna("")
            for name, table in TABLES.items()
        }
    )


def facts(rows, **key):
    found = [arm for arm in gather(typed(rows), "alpha") if all(getattr(arm, k) == v for k, v in key.items())]
    assert len(found) == 1
    return found[0]


def test_everything_printed_of_an_arm_is_gathered():
    arm = facts(small_tables(), arm_id="new", endpoint="PFS")
    assert arm.summary.n == 100
    assert arm.summary.events == 66
    assert (arm.summary.median, arm.summary.lower, arm.summary.upper) == (11.8, 8.4, 15.1)
    assert arm.summary.landmarks == ((6.0, 0.72),)
    assert arm.summary.longest_follow_up == 38.2
    assert arm.summary.time_rounding == pytest.approx(0.005)
    assert set(arm.claims) >= {"alpha2020-med-001", "alpha2020-arm-001", "alpha2020-rate-001", "alpha2020-fu-001"}


def test_days_become_months():
    assert facts(small_tables(), arm_id="new", endpoint="OS").summary.median == pytest.approx(20.041, abs=1e-3)


def test_an_arm_without_a_size_has_a_reason():
    rows = small_tables()
    rows["arms"][0]["n"] = ""
    arm = facts(rows, arm_id="new", endpoint="PFS")
    assert arm.summary is None
    assert "number of patients" in arm.reason


def test_a_median_not_reached_with_nothing_else_has_a_reason():
    rows = small_tables()
    rows["follow_up"] = []
    assert "not reached" in facts(rows, arm_id="old", endpoint="OS").reason


def test_rows_without_a_data_cut_stand_aside_where_the_study_has_named_ones():
    rows = small_tables()
    rows["medians"].append(
        {**rows["medians"][0], "claim_id": "alpha2020-med-009", "value": "12.4", "data_cut": "update"}
    )
    found = [arm for arm in gather(typed(rows), "alpha") if arm.arm_id == "new" and arm.endpoint == "PFS"]
    assert [(arm.data_cut, arm.summary.median) for arm in found] == [("update", 12.4)]


def follow_up_of_a_later_cut(*more):
    rows = small_tables()
    median = {**rows["medians"][0], "claim_id": "alpha2020-med-009", "value": "12.4", "data_cut": "update"}
    rows["medians"] = [median]
    first = {**rows["follow_up"][0], "data_cut": "first", "value": "16.2", "range_lower": "", "range_upper": ""}
    dates = [
        claim(name, arm_id="all", item="data cut-off", statistic="date", value=value, data_cut=cut)
        for name, value, cut in more
    ]
    rows["follow_up"] = [first, *dates]
    return facts(rows, arm_id="new", endpoint="PFS")


def test_follow_up_of_a_later_cut_is_that_of_the_earlier_and_the_time_between():
    arm = follow_up_of_a_later_cut(("fu-008", "2021-05", "first"), ("fu-009", "2023-11-08", "update"))
    assert arm.summary.median_follow_up == pytest.approx(16.2 + 914 / 30.4375)  # 1 May 2021 to 1 November 2023
    assert set(arm.claims) >= {"alpha2020-fu-001", "alpha2020-fu-008", "alpha2020-fu-009"}


def rates_of_two_cuts(first, update, n="100"):
    """PFS of the arm `new` at a later cut: survivals printed at the first cut and at the later one."""
    rows = small_tables()
    base = rows["survival_rates"][0]
    made = [("first", time, value) for time, value in first] + [("update", time, value) for time, value in update]
    rows["survival_rates"] = [
        {**base, "claim_id": f"alpha2020-rate-{100 + k}", "data_cut": cut, "time": time, "value": value, "n": n}
        for k, (cut, time, value) in enumerate(made)
    ]
    rows["medians"] = [{**rows["medians"][0], "data_cut": cut, "claim_id": f"m-{cut}"} for cut in ("first", "update")]
    rows["follow_up"] = [
        claim(f"fu-{cut}", arm_id="all", item="data cut-off", statistic="date", value=value, data_cut=cut)
        for cut, value in (("first", "2021-05"), ("update", "2023-11"))
    ]
    return {cut: facts(rows, arm_id="new", endpoint="PFS", data_cut=cut) for cut in ("first", "update")}


def test_survival_of_an_earlier_cut_is_known_about_at_a_later_one():
    arms = rates_of_two_cuts([("6", "72"), ("12", "50")], [("12", "49"), ("24", "20")])
    ((time, rate, sd),) = arms["update"].summary.landmarks_about
    assert (time, rate) == (6.0, pytest.approx(0.72))
    assert sd == pytest.approx(0.5 * np.sqrt(0.72 * 0.28 / 100))
    assert "alpha2020-rate-100" in arms["update"].claims
    # a later cut says nothing about an earlier one, whose patients were followed for less
    assert arms["first"].summary.landmarks_about == ()


@pytest.mark.parametrize(("printed", "half_unit"), [("0.0040", 5e-5), ("7.8e-22", 5e-24), ("< 0.001", None)])
def test_a_printed_p_has_its_own_rounding(printed, half_unit):
    rows = small_tables()
    rows["hazard_ratios"][0]["p"] = printed
    (row,) = printed_ratios(typed(rows)["hazard_ratios"], "alpha")
    assert hazard_ratio_of(row).p_rounding == (None if half_unit is None else pytest.approx(half_unit))


@pytest.mark.parametrize(("printed", "held"), [("100", 0.9975), ("0", 0.0025)])
def test_all_or_nobody_alive_at_an_earlier_cut_does_not_refuse_the_arm(printed, held):
    arm = rates_of_two_cuts([("3", printed)], [("12", "49")])["update"]
    assert arm.summary.landmarks_about == ((3.0, pytest.approx(held), pytest.approx(0.0025, rel=2e-3)),)
    assert from_summary(arm.summary, replicates=2).n == 100


def test_survival_of_other_patients_is_not_carried_on():
    assert rates_of_two_cuts([("6", "72")], [("12", "49")], n="90")["update"].summary.landmarks_about == ()


def test_without_both_dates_nothing_is_carried_on():
    assert follow_up_of_a_later_cut(("fu-009", "2023-11", "update")).summary.median_follow_up is None
    assert follow_up_of_a_later_cut(("fu-008", "2021-05", "first")).summary.median_follow_up is None


def test_the_fullest_print_of_a_median_is_taken():
    rows = small_tables()
    bare = {**rows["medians"][0], "claim_id": "alpha2020-med-000", "lower": "", "upper": "", "events": ""}
    rows["medians"].append(bare)
    assert facts(rows, arm_id="new", endpoint="PFS").summary.events == 66


def test_a_duration_of_response_is_not_given_the_size_of_the_arm():
    rows = small_tables()
    rows["endpoints"].append(
        {"endpoint": "DoR", "label": "duration", "family": "time_to_event", "clock_start": "response"}
    )
    rows["medians"].append(claim("med-007", arm_id="new", endpoint="DoR", value="9.0", unit="months"))
    assert facts(rows, arm_id="new", endpoint="DoR").summary is None


def test_the_most_precise_unadjusted_ratio_is_honoured():
    rows = small_tables()
    rows["hazard_ratios"].append(
        {**rows["hazard_ratios"][0], "claim_id": "alpha2020-hr-002", "value": "0.5512", "lower": "0.3911"}
    )
    rows["hazard_ratios"].append({**rows["hazard_ratios"][0], "claim_id": "alpha2020-hr-003", "model": "multivariable"})
    assert [row["claim_id"] for row in printed_ratios(typed(rows)["hazard_ratios"], "alpha")] == ["alpha2020-hr-002"]


@pytest.fixture(scope="module")
def rebuilt():
    return rebuild_study(typed(small_tables()), "alpha", replicates=12, seed=3)


def test_every_arm_is_a_row_and_the_refused_say_why(rebuilt):
    accuracy = rebuilt.accuracy.set_index(["arm_id", "endpoint"])
    assert len(accuracy) == 4
    assert accuracy.loc[("new", "PFS"), "status"] == "rebuilt"
    assert accuracy.loc[("new", "PFS"), ["n", "events_min", "events_max", "replicates"]].tolist() == [100, 66, 66, 12]
    refused = accuracy[accuracy["status"] == "refused"]
    assert (refused["reason"] != "").all()


def test_every_replicate_has_all_patients(rebuilt):
    sizes = rebuilt.patients.groupby(["arm_id", "endpoint", "replicate"], observed=True).size().unstack()
    assert (sizes.loc[("new", "PFS")] == 100).all()
    assert (sizes.loc[("old", "PFS")] == 98).all()


def test_the_printed_ratio_is_among_the_facts(rebuilt):
    of_ratio = rebuilt.facts[rebuilt.facts["fact"] == "hazard ratio"]
    assert set(of_ratio["arm_id"]) == {"new", "old"}


def test_the_same_seed_gives_the_same_patients_and_another_does_not(rebuilt):
    again = rebuild_study(typed(small_tables()), "alpha", replicates=12, seed=3)
    other = rebuild_study(typed(small_tables()), "alpha", replicates=12, seed=4)
    assert again.patients.equals(rebuilt.patients)
    assert not other.patients.equals(rebuilt.patients)


def test_curves_fall_from_one_and_bands_hold_the_middle(rebuilt):
    curves = ensemble_curves(rebuilt.patients)
    for _, arm in curves.groupby(["arm_id", "endpoint"]):
        assert arm["survival"].iloc[0] == 1
        assert (np.diff(arm["survival"]) <= 1e-12).all()
        assert (arm["lower"] <= arm["survival"]).all()
        assert (arm["survival"] <= arm["upper"]).all()


def test_a_digitised_curve_is_evidence_of_its_own():
    rows = small_tables()
    rows["curves"] = [
        claim(
            "curve-001",
            arm_id="new",
            file="new.csv",
            endpoint="PFS",
            n="100",
            events="66",
            time_unit="months",
            survival_unit="%",
        )
    ]
    times = np.linspace(0, 38, 77)
    curve = Curve(times, np.exp(-np.log(2) * times / 11.8), np.array([0.0, 12, 24]), np.array([100, 48, 18]))
    made = rebuild_study(typed(rows), "alpha", replicates=3, seed=1, curves={"alpha2020-curve-001": curve})
    accuracy = made.accuracy.set_index(["arm_id", "endpoint"])
    assert accuracy.loc[("new", "PFS"), "evidence"] == "curve"
    assert accuracy.loc[("new", "PFS"), "events_max"] == 66
    assert accuracy.loc[("old", "PFS"), "evidence"] == "summary"


@pytest.mark.parametrize("median", ["11.8", ""])
def test_numbers_at_risk_typed_into_their_table_go_with_a_curve_without_a_file_of_them(median):
    rows = small_tables()
    cells = {"arm_id": "new", "file": "new.csv", "endpoint": "PFS", "n": "100", "events": "66"}
    rows["curves"] = [claim("curve-001", time_unit="months", survival_unit="%", **cells)]
    rows["risk_tables"] = [
        claim(f"risk-{k}", arm_id="new", endpoint="PFS", time=str(time), time_unit="months", n_at_risk=str(count))
        for k, (time, count) in enumerate(((0, 100), (12, 43), (24, 13)), start=1)
    ]
    if not median:
        rows["medians"] = [row for row in rows["medians"] if row["arm_id"] != "new" or row["endpoint"] != "PFS"]
        rows["hazard_ratios"] = []
    times = np.linspace(0, 38, 77)
    plain = Curve(times, np.exp(-np.log(2) * times / 11.8))
    with_file = replace(plain, at_risk_times=np.array([0.0, 12, 24]), at_risk=np.array([100, 43, 13]))
    first, second = (
        rebuild_study(typed(rows), "alpha", replicates=2, seed=1, curves={"alpha2020-curve-001": curve})
        for curve in (plain, with_file)
    )
    pd.testing.assert_frame_equal(first.patients, second.patients)
    row = first.accuracy.set_index(["arm_id", "endpoint"]).loc[("new", "PFS")]
    assert row["evidence"] == "curve" and "no numbers at risk were given" not in row["undetermined"]
    assert {"alpha2020-curve-001", "alpha2020-risk-1", "alpha2020-risk-3"} <= set(row["claim_ids"].split(";"))


@pytest.mark.parametrize("median", ["11.8", ""])
def test_a_curve_that_cannot_be_used_is_told(median):
    rows = small_tables()
    cells = {"arm_id": "new", "file": "new.csv", "endpoint": "PFS", "n": "100", "events": "66"}
    rows["curves"] = [claim("curve-001", time_unit="months", survival_unit="%", **cells)]
    if not median:
        rows["medians"] = [row for row in rows["medians"] if row["arm_id"] != "new" or row["endpoint"] != "PFS"]
        rows["hazard_ratios"] = []
    # the table of numbers at risk is in days, the curve in months
    curve = Curve(np.array([0, 5.0, 20]), np.array([1, 0.7, 0.3]), np.array([0.0, 180, 540]), np.array([100, 60, 20]))
    made = rebuild_study(typed(rows), "alpha", replicates=3, seed=1, curves={"alpha2020-curve-001": curve})
    row = made.accuracy.set_index(["arm_id", "endpoint"]).loc[("new", "PFS")]
    assert (
        "the digitised curve new.csv (alpha2020-curve-001) was not used: the curve ends at time 20" in row["not_used"]
    )
    if median:
        arm = made.patients[(made.patients["arm_id"] == "new") & (made.patients["endpoint"] == "PFS")]
        assert (row["status"], row["evidence"], set(arm["evidence"])) == ("rebuilt", "summary", {"summary"})
    else:
        assert row["status"] == "refused" and row["not_used"] in row["reason"]


def test_subgroups_that_make_up_an_arm_add_up_to_it():
    rows = small_tables()
    for number, (name, n, median) in enumerate((("young", "60", "13.0"), ("old age", "40", "9.5")), start=11):
        rows["arms"].append(claim(f"arm-{number:03}", arm_id="new", population=name, treatment_id="new", n=n))
        rows["medians"].append(
            claim(f"med-{number:03}", arm_id="new", population=name, endpoint="PFS", unit="months", value=median)
        )
    made = rebuild_study(typed(rows), "alpha", replicates=8, seed=1, partitions=[["young", "old age"]])
    arms = made.patients[(made.patients["arm_id"] == "new") & (made.patients["endpoint"] == "PFS")]
    events = arms.groupby(["population", "replicate"], observed=True)["event"].sum().unstack(0)
    assert (events["young"] + events["old age"] == 66).all()


class TestARatioFarOff:
    """A ratio that too few pairs meet draws more replicates, where that can help."""

    @pytest.fixture
    def calls(self, monkeypatch):
        found = []

        def counted(first, second, ratio, **options):
            found.append((first.n_replicates, second.n_replicates))
            return from_pair(first, second, ratio, **options)

        monkeypatch.setattr(study, "from_pair", counted)
        return found

    def far(self):
        rows = small_tables()
        rows["hazard_ratios"][0] |= {"value": "3.55", "lower": "2.39", "upper": "5.27"}
        return rows

    def test_more_are_drawn(self, calls, monkeypatch):
        monkeypatch.setattr(study, "TOO_FAR", math.inf)
        rebuild_study(typed(self.far()), "alpha", replicates=6, seed=1)
        assert calls == [(12, 12), (48, 48)]

    def test_not_where_more_would_not_do_either(self, calls):
        rebuild_study(typed(self.far()), "alpha", replicates=6, seed=1)
        assert calls == [(12, 12)]

    def test_not_where_no_arm_can_have_more(self, calls, monkeypatch):
        monkeypatch.setattr(study, "TOO_FAR", math.inf)
        monkeypatch.setattr(study, "MOST_PATIENTS", 1)
        rebuild_study(typed(self.far()), "alpha", replicates=6, seed=1)
        assert calls == [(12, 12)]

    def test_the_first_pairs_stay_where_the_others_cannot_be_made(self, monkeypatch):
        tried = []

        def second_fails(*arms, **options):
            tried.append(arms)
            if len(tried) > 1:
                raise NotEstimable("the first arm has no events in some replicate")
            return from_pair(*arms, **options)

        monkeypatch.setattr(study, "from_pair", second_fails)
        monkeypatch.setattr(study, "TOO_FAR", math.inf)
        made = rebuild_study(typed(self.far()), "alpha", replicates=6, seed=1)
        assert len(tried) == 2
        assert "hazard ratio" in set(made.facts["fact"])


def bytes_of(made: RebuiltStudy, folder: Path) -> list[bytes]:
    tables.write_parquet(made.patients, folder / "patients.parquet")
    tables.write_csv(made.accuracy, folder / "accuracy.csv")
    tables.write_csv(made.facts, folder / "facts.csv")
    return [path.read_bytes() for path in sorted(folder.iterdir())]


def through_files(part: RebuiltStudy, folder: Path) -> RebuiltStudy:
    for name in blocks.PARTS:
        tables.write_parquet(getattr(part, name), folder / name)
    return RebuiltStudy(*(tables.read_parquet(folder / name) for name in blocks.PARTS))


@pytest.fixture(scope="module")
def rows():
    """A paired ratio, subgroups that add up, a curve, an arm that cannot be rebuilt."""
    rows = small_tables()
    rows["arms"] += [
        claim("arm-008", arm_id="new", population="young", n="60"),
        claim("arm-009", arm_id="new", population="old age", n="40"),
    ]
    rows["medians"] += [
        claim("med-008", arm_id="new", population="young", endpoint="PFS", value="13.0", unit="months"),
        claim("med-009", arm_id="new", population="old age", endpoint="PFS", value="9.0", unit="months"),
        claim("med-010", arm_id="absent", endpoint="PFS", value="9.0", unit="months"),
    ]
    return rows


def renamed(rows, old, new):
    """The same tables with another name of an arm."""
    columns = ("arm_id", "comparator_arm_id")
    return {
        name: [{**row, **{column: new for column in columns if row.get(column) == old}} for row in table]
        for name, table in rows.items()
    }


@pytest.mark.parametrize(("old", "new"), [("new", "zeta"), ("new", "a"), ("old", "a")])
def test_a_renamed_arm_has_the_same_patients(rows, old, new):
    made = [
        rebuild_study(typed(tables_), "alpha", replicates=6, seed=3, partitions=[["young", "old age"]]).patients
        for tables_ in (rows, renamed(rows, old, new))
    ]
    before, after = (
        {
            key[1:]: part[["replicate", "time", "event"]].to_numpy()
            for key, part in table.groupby(ARM_COLUMNS, observed=True)
        }
        for table in made
    )
    for key, patients in before.items():
        np.testing.assert_array_equal(patients, after[(new if key[0] == old else key[0], *key[1:])])
    assert before.keys() == {(old if key[0] == new else key[0], *key[1:]) for key in after}


@pytest.fixture(scope="module")
def settings():
    patients = pd.DataFrame({"replicate": 0, "time": [1.0, 4.0, 9.0], "event": [1, 0, 1]})
    given = Reconstruction(patients, accuracy_table([]), evidence="curve")
    return {
        "replicates": 22,
        "block": 5,
        "seed": 3,
        "partitions": [["young", "old age"]],
        "given": {("alpha", "seen", "all", "PFS", "kmdata"): given},
    }


@pytest.fixture(scope="module")
def whole(rows, settings):
    return blocks.join_blocks(blocks.rebuild_blocks(typed(rows), "alpha", **settings))


class TestBlocks:
    """The ensemble is the same whoever draws its blocks."""

    @pytest.mark.parametrize("jobs", [1, 2, 4])
    def test_any_number_of_jobs_gives_the_same_bytes(self, rows, settings, whole, jobs, tmp_path):
        parts = []
        for job, which in enumerate(shared_out(4, jobs)):
            part = blocks.stacked(blocks.rebuild_blocks(typed(rows), "alpha", which=which, **settings))
            parts.append(through_files(part, tmp_path / str(job)))
        joined = blocks.join_blocks(blocks.unstacked(parts[::-1]))
        assert bytes_of(joined, tmp_path / "joined") == bytes_of(whole, tmp_path / "whole")

    def test_all_replicates_are_there_and_differ_between_blocks(self, whole):
        arm = whole.patients[(whole.patients["arm_id"] == "new") & (whole.patients["endpoint"] == "OS")]
        assert sorted(arm["replicate"].unique()) == list(range(22))
        drawn = {tuple(times) for _, times in arm.groupby("replicate")["time"]}
        assert len(drawn) == 22

    def test_an_arm_that_others_rebuilt_is_there_once(self, whole):
        row = whole.accuracy[whole.accuracy["arm_id"] == "seen"].iloc[0]
        assert (row["n"], row["replicates"]) == (3, 1)

    def test_an_arm_that_cannot_be_rebuilt_keeps_its_reason(self, whole):
        row = whole.accuracy[whole.accuracy["arm_id"] == "absent"].iloc[0]
        assert row["status"] == "refused"
        assert "number of patients" in row["reason"]

    def test_one_block_is_the_ensemble_drawn_at_once(self, rows, tmp_path):
        at_once = rebuild_study(typed(rows), "alpha", replicates=8, seed=3)
        joined = blocks.join_blocks(blocks.rebuild_blocks(typed(rows), "alpha", replicates=8, seed=3))
        assert bytes_of(joined, tmp_path / "joined") == bytes_of(at_once, tmp_path / "at once")

    def test_a_longer_ensemble_begins_with_the_same_blocks(self, rows):
        made = [
            blocks.rebuild_blocks(typed(rows), "alpha", replicates=size, block=5, seed=3, which=[1])[1].patients
            for size in (15, 40)
        ]
        pd.testing.assert_frame_equal(*made)

    def test_an_ensemble_grows_until_another_draw_would_not_matter(self, rows, tmp_path):
        start = rebuild_study(typed(rows), "alpha", replicates=20, seed=3)
        assert start.accuracy["monte_carlo"].max() > 0.2
        made = blocks.grown({0: start}, typed(rows), "alpha", replicates=20, more=600, seed=3)
        assert made.accuracy["monte_carlo"].max() <= 0.1
        rebuilt = made.accuracy[made.accuracy["status"] == "rebuilt"]
        assert rebuilt["replicates"].nunique() == 1
        assert 100 < rebuilt["replicates"].iloc[0] < 500
        # the whole as the pipeline asks for it: in blocks, where there are many replicates
        asked = int(rebuilt["replicates"].iloc[0])
        at_once = blocks.join_blocks(blocks.rebuild_blocks(typed(rows), "alpha", replicates=asked, seed=3))
        assert bytes_of(made, tmp_path / "grown") == bytes_of(at_once, tmp_path / "at once")

    @pytest.mark.parametrize("more", [1, 4])
    def test_what_has_grown_has_the_bytes_of_what_was_asked_for_at_once(self, rows, settings, more, tmp_path):
        """Of blocks of 5 and 7 replicates the first is kept, and the last drawn anew as one of 8, or as 5 and 6."""
        given = {name: value for name, value in settings.items() if name != "replicates"}
        parts = blocks.rebuild_blocks(typed(rows), "alpha", replicates=12, **given)
        made = blocks.grown(parts, typed(rows), "alpha", replicates=12, more=more, **given)
        at_once = blocks.join_blocks(blocks.rebuild_blocks(typed(rows), "alpha", replicates=12 + more, **given))
        assert bytes_of(made, tmp_path / "grown") == bytes_of(at_once, tmp_path / "at once")
        assert set(made.accuracy["replicates"].dropna()) == {12 + more, 1}

    @pytest.mark.parametrize(("more", "replicates"), [(0, 20), (7, 27)])
    def test_it_does_not_grow_beyond_what_is_allowed(self, rows, more, replicates):
        start = rebuild_study(typed(rows), "alpha", replicates=20, seed=3)
        made = blocks.grown({0: start}, typed(rows), "alpha", replicates=20, more=more, seed=3)
        assert set(made.accuracy["replicates"].dropna()) == {replicates}
        assert made.accuracy["monte_carlo"].max() > 0.1

    def test_replicates_that_do_not_differ_have_no_error(self):
        patients = pd.DataFrame({"replicate": 0, "time": [1.0, 4.0, 9.0], "event": [1, 0, 1]})
        assert ensemble_numbers(patients)["monte_carlo"] == 0.0
        same = pd.concat([patients.assign(replicate=number) for number in range(5)], ignore_index=True)
        assert ensemble_numbers(same)["monte_carlo"] == 0.0

    def test_facts_of_blocks_become_facts_of_the_whole(self):
        facts = [
            {
                "fact": "median",
                "printed": 5.0,
                "rebuilt": 5.0,
                "difference": 0.0,
                "holds": True,
                "note": "",
                "held": 20,
                "replicates": 20,
            },
            {
                "fact": "median",
                "printed": 5.0,
                "rebuilt": 5.3,
                "difference": 0.3,
                "holds": False,
                "note": "log limit; holds in 6 of 10 replicates",
                "held": 6,
                "replicates": 10,
            },
        ]
        typed_columns = {"kind": "median", "time_months": np.nan, "limit": "", "binding": True, "claim_id": ""}
        key = dict.fromkeys(ARM_COLUMNS, "a")
        parts = {}
        for number, (row, replicates) in enumerate(zip(facts, (10, 5), strict=True)):
            patients = pd.DataFrame(
                {**key, "replicate": np.arange(replicates), "time": 5.0 + np.arange(replicates), "event": 1}
            )
            accuracy = {"status": "rebuilt", "replicates": replicates, "repairs": "", "undetermined": "x; y"}
            accuracy |= {"facts_binding": 1, "facts_binding_held": int(row["holds"])}
            parts[number] = RebuiltStudy(
                patients, pd.DataFrame([{**key, **accuracy}]), pd.DataFrame([{**key, **row, **typed_columns}])
            )
        joined = blocks.join_blocks(parts)
        found = joined.facts.iloc[0]
        assert found["rebuilt"] == pytest.approx(5.1)
        assert found["difference"] == pytest.approx(0.1)
        assert not found["holds"]
        # both blocks had twice their replicates to choose among
        assert found["note"] == "log limit; holds in 26 of 30 replicates"
        assert (found["held"], found["replicates"]) == (26, 30)
        assert joined.accuracy[["facts_binding", "facts_binding_held"]].iloc[0].tolist() == [1, 0]
        assert joined.accuracy["undetermined"].tolist() == ["x; y"]


def test_comparisons_are_shared_out_by_their_first_study():
    studies = ["a"] * 6 + [""] * 2 + ["b", "c", "d", "c", "e"]
    groups = [(SimpleNamespace(study=name),) if name else () for name in studies]
    entries = [SimpleNamespace(id=number, patient_groups=group) for number, group in enumerate(groups)]

    def shared(jobs):
        return {name: [entry.id for entry in part] for name, part in batches(entries, jobs).items()}

    assert shared(4) == {"a": [0, 1, 2, 3, 4, 5], "b": [8, 10], "c": [9, 11, 12], "printed": [6, 7]}
    assert shared(2) == {"a": [0, 1, 2, 3, 4, 5, 8, 9, 11, 10, 12], "printed": [6, 7]}
    assert len(shared(10)) == 6
    assert batches([]) == {}


def test_blocks_are_shared_out_whole():
    assert block_sizes(199) == [199]
    assert block_sizes(1050) == [200, 200, 200, 200, 250]
    assert block_sizes(7, 3) == [3, 4]
    for count in range(1, 12):
        for jobs in range(1, 15):
            shares = shared_out(count, jobs)
            assert [block for share in shares for block in share] == list(range(count))
            assert all(shares) and len(shares) == min(jobs, count)


def test_the_band_of_an_arm_holds_one_more_replicate_as_often_as_it_says():
    """Survival is 0.1 to 0.9 in nine replicates of ten patients: with ranks k / 10 the 80 % band is 0.1 to 0.9."""
    rows = []
    for replicate, early in enumerate(range(1, 10)):
        time = np.where(np.arange(10) < early, 1.0, 10.0)
        key = dict.fromkeys(ARM_COLUMNS, "x")
        rows.append(pd.DataFrame({**key, "replicate": replicate, "time": time, "event": (time < 10).astype(int)}))
    curves = ensemble_curves(pd.concat(rows, ignore_index=True), points=3, level=0.8)
    middle = curves[curves["time"] == 5.0].iloc[0]
    assert (middle["lower"], middle["survival"], middle["upper"]) == pytest.approx((0.1, 0.5, 0.9))


def test_studies_share_a_step_only_where_they_are_many():
    few = [f"s{number}" for number in range(STUDY_STEPS)]
    assert study_batches(few) == {study: [study] for study in few}
    assert study_batches([]) == {}
    many = [f"s{number}" for number in range(500)]
    made = study_batches(many)
    assert [study for batch in made.values() for study in batch] == many
    assert len(made) == STUDY_STEPS and max(map(len, made.values())) - min(map(len, made.values())) <= 1
    assert all(name == batch[0] for name, batch in made.items())
