"""A whole and its parts agree in follow-up and events; a later clock ends with the study."""

import pandas as pd
import pytest

from resurvey import clean
from resurvey.errors import InconsistentReport
from resurvey.reconstruct import SurvivalSummary, from_summary
from resurvey.reconstruct.printed_facts import gather
from resurvey.reconstruct.study import rebuild_study
from resurvey.reconstruct.wholes import whole_of_parts
from resurvey.schema import TABLES
from tests.project import claim, small_tables


def typed(rows):
    return clean.tidy(
        {
            name: pd.DataFrame(rows.get(name, []), columns=table.names, dtype=object).fillna("")
            for name, table in TABLES.items()
        }
    )


def sequences():
    """A cohort that prints a median only, and three disjoint arms of it, one of which is followed far longer."""
    rows = small_tables()
    months = {"endpoint": "OS", "unit": "months"}
    rows["follow_up"] = []
    rows["arms"] = [
        claim("arm-001", arm_id="all", treatment_id="new", n="300"),
        claim("arm-002", arm_id="first", treatment_id="new", n="120"),
        claim("arm-003", arm_id="second", treatment_id="old", n="100"),
        claim("arm-004", arm_id="third", treatment_id="old", n="60"),
    ]
    rows["medians"] = [
        claim("med-001", arm_id="all", value="30", **months),
        claim("med-002", arm_id="first", value="30", lower="25", upper="38", ci_level="95", events="70", **months),
        claim("med-003", arm_id="second", value="24", lower="20", upper="28", ci_level="95", events="66", **months),
        claim("med-004", arm_id="third", value="60", lower="40", upper="110", ci_level="95", events="24", **months),
    ]
    return rows


@pytest.fixture(scope="module")
def cohort():
    partitions = [{"whole": "all", "arms": ["first", "second", "third", "absent"]}]
    return rebuild_study(typed(sequences()), "alpha", replicates=12, seed=5, partitions=partitions)


def test_a_whole_has_the_events_of_its_parts_in_every_replicate(cohort):
    events = cohort.patients.groupby(["arm_id", "replicate"], observed=True)["event"].sum().unstack(0)
    parts = events[["first", "second", "third"]].sum(axis=1)
    assert (parts == 160).all()
    beside = events["all"] - parts  # of the 20 patients in none of the parts
    assert beside.between(0, 20).all()


def test_a_whole_is_followed_as_long_as_its_parts(cohort):
    ends = cohort.patients.groupby("arm_id", observed=True)["time"].max()
    assert ends["all"] >= ends[["first", "second", "third"]].max() - 1e-9 > 110


def test_the_printed_median_of_the_whole_still_holds(cohort):
    facts = cohort.facts[cohort.facts["arm_id"] == "all"].set_index("fact")
    assert bool(facts.loc["median", "holds"])


def test_without_a_partition_a_whole_is_still_followed_as_long():
    made = rebuild_study(typed(sequences()), "alpha", replicates=3, seed=5)
    ends = made.patients.groupby("arm_id", observed=True)["time"].max()
    assert ends["all"] >= ends.max() - 1e-9


def test_parts_that_overflow_the_whole_are_told_and_the_whole_is_rebuilt_by_itself():
    rows = sequences()
    rows["arms"][0]["n"] = "150"
    made = rebuild_study(
        typed(rows), "alpha", replicates=3, seed=5, partitions=[{"whole": "all", "arms": ["first", "second"]}]
    )
    whole = made.accuracy.set_index("arm_id").loc["all"]
    assert whole["status"] == "rebuilt"
    assert "the parts hold 220 patients (first 120 + second 100), the whole 150" in whole["undetermined"]


def test_printed_events_of_the_whole_below_those_of_the_parts_are_refused():
    part = from_summary(SurvivalSummary(n=50, events=40, median=10.0), replicates=2)
    whole = SurvivalSummary(n=80, events=30, median=10.0)
    with pytest.raises(InconsistentReport, match="at least 40 events, the whole 30"):
        whole_of_parts(whole, {"part": part}, replicates=2, rng=None)


def responses(start="2019-06-15", cut="2021-10-10", upper="19.3"):
    rows = small_tables()
    rows["follow_up"] = []
    rows["studies"][0] |= {"enrolment_start": start, "data_cutoff": cut}
    rows["endpoints"].append(
        {"endpoint": "DoR", "label": "duration", "family": "time_to_event", "clock_start": "response"}
    )
    median = {"value": "13.8", "lower": "10.2", "upper": upper, "ci_level": "95", "n": "70", "unit": "months"}
    rows["medians"] = [claim("med-007", arm_id="new", endpoint="DoR", **median)]
    return typed(rows)


def test_a_duration_of_response_ends_with_the_study():
    made = rebuild_study(responses(), "alpha", replicates=10, seed=1)
    assert 19.3 < made.patients["time"].max() <= 27.9
    assert made.accuracy["facts_held"].tolist() == made.accuracy["facts"].tolist()


@pytest.mark.parametrize(("start", "cut", "most"), [("2019-06", "2021-10", 29.0), ("2019", "2021", 36.0)])
def test_dates_of_a_month_or_a_year_allow_the_most_they_can(start, cut, most):
    (arm,) = gather(responses(start, cut), "alpha")
    assert arm.summary.followed_at_most == pytest.approx(most, abs=0.1)


def test_a_duration_beyond_the_dates_is_refused_with_the_dates():
    made = rebuild_study(responses(upper="29.9"), "alpha", replicates=2, seed=1)
    assert made.accuracy["status"].tolist() == ["refused"]
    assert "upper (29.9) lies beyond the 27.8" in made.accuracy["reason"].iloc[0]
