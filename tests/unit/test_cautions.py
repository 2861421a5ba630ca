"""What findings bear on which comparison, and on what a comparison rests."""

import pandas as pd
import pytest

from resurvey import plan
from resurvey.cautions import Caution, cautions, endpoints_of, marks_of, rests_on
from resurvey.evidence_grade import Bases, Grade
from resurvey.labels import brief, without_brackets, without_number


def group(study, arm="a", endpoint="OS"):
    return {"study": study, "arm": arm, "population": "all", "endpoint": endpoint}


def patients(name, first, second, **more):
    return plan.comparison(
        {"id": name, "kind": "patients", "question": "?", "assumptions": ["they are alike"]}
        | {"treatment": first, "comparator": second}
        | more
    )


def check(name, claims, verdict="discrepant", severity="major", rule="r", study="s", cause=""):
    row = {"check_id": name, "rule": rule, "study_id": study, "claim_ids": claims, "verdict": verdict}
    return row | {"severity": severity, "cause": cause}


ENTRY = patients("one", group("s"), group("t"))


def found(*checks, entries=(ENTRY,), resting=None, endpoint_of=None):
    return cautions(entries, resting or {"one": ["x"]}, pd.DataFrame(list(checks)), endpoint_of or {})


@pytest.mark.parametrize(
    ("made", "bears"),
    [
        (check("k", "x"), True),
        (check("k", "x;y"), True),
        (check("k", "y;x"), False),  # x served to judge y
        (check("k", "y;x", verdict="conflict"), True),
        (check("k", "x", severity="minor"), False),
        (check("k", "x", verdict="reproduced"), False),
        (check("k", "z"), False),
    ],
)
def test_a_finding_bears_on_the_comparison_whose_number_it_speaks_against(made, bears):
    assert bool(found(made)) == bears


@pytest.mark.parametrize(
    ("rule", "study", "endpoint", "bears"),
    [("clock-start", "s", "OS", True), ("clock-start", "s", "PFS", False), ("clock-start", "u", "OS", False),
     ("repeat", "s", "OS", False)],
)  # fmt: skip
def test_a_finding_about_the_clock_bears_on_every_comparison_of_that_outcome(rule, study, endpoint, bears):
    made = check("k", "n1;n2", verdict="conflict", rule=rule, study=study)
    assert bool(found(made, endpoint_of={"n1": endpoint, "n2": endpoint})) == bears


def test_two_outcomes_in_one_comparison_are_a_caution_of_their_own():
    mixed = patients("mixed", group("s", endpoint="PFS"), group("t", endpoint="TTP"))
    assert found(check("k", "z"), entries=[mixed]) == [Caution("a", ("mixed",), endpoints=("PFS", "TTP"))]
    assert cautions([ENTRY], {}, pd.DataFrame(), {}) == []


def test_letters_follow_the_comparisons_and_a_cause_has_one_its_gravest_check():
    entries = [ENTRY, patients("two", group("s"), group("t"))]
    checks = [check("k1", "x", cause="c"), check("k2", "x", severity="conclusion", cause="c"), check("k3", "y")]
    made = found(*checks, entries=entries, resting={"one": ["x"], "two": ["x", "y"]})
    assert made == [Caution("a", ("one", "two"), "k2"), Caution("b", ("two",), "k3")]
    assert marks_of(made) == {"one": "a", "two": "a, b"}
    many = found(*(check(f"k{n}", "x") for n in range(28)))
    assert [one.mark for one in many[25:]] == ["z", "aa", "ab"]


def test_a_comparison_rests_on_what_its_rows_groups_and_plan_name():
    estimates = pd.DataFrame({"comparison_id": ["one", "one", "other"], "claim_ids": ["r1;r2", None, "no"]})
    arm = {"study_id": "s", "arm_id": "a", "population": "all", "endpoint": "OS", "data_cut": ""}
    accuracy = pd.DataFrame([arm | {"claim_ids": "g1; r1"}, arm | {"endpoint": "PFS", "claim_ids": "no"}])
    entry = patients("one", group("s"), group("t"), printed=["p-1"])
    assert rests_on(entry, estimates, accuracy) == ("r1", "r2", "g1", "p-1")
    assert rests_on(entry, pd.DataFrame(), pd.DataFrame()) == ("p-1",)
    tables = [pd.DataFrame({"claim_id": ["n"], "endpoint": [None]}), pd.DataFrame({"claim_id": ["m"]})]
    assert endpoints_of(tables) == {"n": ""}


def test_an_indirect_comparison_of_trials_is_not_called_a_direct_one():
    studies = pd.DataFrame({"study_id": ["r", "o"], "design": ["randomised", "cohort"]})
    claims = pd.DataFrame({"claim_id": ["r-1", "r-2", "o-1"], "study_id": ["r", "r", "o"]})
    bases = Bases.from_tables(pd.DataFrame(), studies, claims)

    def grade(*ratios, **raw):
        return bases.grade(plan.comparison({"id": "x", "question": "?", "assumptions": ["they are alike"], **raw}))

    through = {"kind": "bucher", "path": ["a", "c", "b"]}
    assert grade(**through, first="r-1", second="r-2") is Grade.INDIRECT
    assert grade(**through, first="r-1", second="o-1") is Grade.PRINTED
    assert grade(kind="pool", claims=["r-1", "r-2"]) is Grade.POOLED
    assert grade(kind="network", reference="a", claims=["r-1", "r-2"]) is Grade.NETWORK
    assert list(Grade).index(Grade.POOLED) == 0, "the firmest first"


@pytest.mark.parametrize(
    ("label", "name"),
    [("Group 3: First line with P", "first line with P"), ("Arm B - T-DM1", "T-DM1"), ("Cohort IV: x", "x"),
     ("Group 3", "Group 3"), ("Armour 3: x", "Armour 3: x"), ("Group of 3: x", "Group of 3: x")],
)  # fmt: skip
def test_a_group_is_named_without_the_number_that_only_its_document_knows(label, name):
    assert without_number(label) == name


def test_names_in_short():
    assert without_brackets("T (long) or U (longer)") == "T or U" and without_brackets("(all of it)") == "(all of it)"
    assert brief("T (long) (S, young)") == "T (S, young)" and brief("T (S)") == "T (S)"
