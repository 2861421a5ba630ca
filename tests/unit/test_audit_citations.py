"""Citations, clocks, means called medians, unknown values and designs: what must and what must not pass."""

import pandas as pd
import pytest

from resurvey.audit.causes import causes, with_causes
from resurvey.audit.handlers import alone

SOURCES = [
    {"source_id": name, "citation": name, "year": year, "kind": "trial"}
    for name, year in (("mine", "2020"), ("cited", "2015"), ("late", "2024"))
]
STUDIES = [
    {"study_id": name, "acronym": name.upper(), "design": "randomised", "source_id": source}
    for name, source in (("mine", "mine"), ("other", "cited"))
]
ARMS = [{"arm_id": arm, "label": arm, "n": "100", "study_id": s} for arm in "ab" for s in ("mine", "other")]
BASE = {"sources": SOURCES, "studies": STUDIES, "arms": ARMS}


def only(rule, **tables):
    return alone(BASE | tables, [rule])["verdict"].tolist()


def cites(document="cited", study="other", claims=""):
    return {"kind": "cites", "item": "reference", "value": document, "study_id": study, "claims": claims}


def median(value, source="mine", study="other", **cells):
    row = {"endpoint": "PFS", "arm_id": "a", "value": value, "unit": "months"}
    return row | {"source_id": source, "study_id": study} | cells


@pytest.mark.parametrize(
    ("statement", "verdicts"),
    [
        (cites(), ["reproduced"]),
        (cites(study="mine"), ["conflict"]),
        (cites(document="unknown"), []),
        (cites(document="late"), []),
    ],
)
def test_the_study_of_a_citation(statement, verdicts):
    assert only("cited-study", statements=[statement]) == verdicts


@pytest.mark.parametrize(("year", "verdicts"), [("late", ["impossible"]), ("cited", [])])
def test_no_document_cites_a_later_one(year, verdicts):
    assert only("cited-year", statements=[cites(document=year)]) == verdicts


@pytest.mark.parametrize(("printed", "verdict"), [("5.6", "reproduced"), ("5.8", "conflict"), ("NR", "conflict")])
def test_a_number_is_printed_where_it_is_cited_from(printed, verdict):
    medians = [median("5.6"), median(printed, "cited")]
    assert only("cited-value", medians=medians, statements=[cites(claims="mine-medians-001")]) == [verdict]


@pytest.mark.parametrize(("stated", "verdict"), [("3.0", "reproduced"), ("4.6", "conflict")])
def test_a_cited_difference_is_that_of_the_cited_medians(stated, verdict):
    medians = [median("9.0", "cited"), median("6.0", "cited", arm_id="b")]
    said = {"item": "gain", "endpoint": "PFS", "value": stated, "unit": "months", "study_id": "other", "arm_id": "a"}
    statement = cites(claims="mine-differences-001")
    assert only("cited-value", medians=medians, differences=[said], statements=[statement]) == [verdict]


@pytest.mark.parametrize(("starts", "verdicts"), [(("a", "a"), ["reproduced"]), (("a", "b"), ["conflict"])])
def test_one_clock_has_one_start(starts, verdicts):
    said = [{"kind": "clock", "item": "PFS", "endpoint": "PFS", "value": start} for start in starts]
    assert only("clock-start", statements=said) == verdicts


@pytest.mark.parametrize(
    ("meanings", "counted", "verdicts"),
    [
        (("negative", "Negative"), "1", ["reproduced", "reproduced"]),
        (("negative", "not tested"), "1", ["reproduced", "conflict"]),
        (("negative", "negative"), "2", ["discrepant", "reproduced"]),
    ],
)
def test_one_sign_of_a_table_has_one_meaning_as_often_as_is_counted(meanings, counted, verdicts):
    cells = [{"kind": "laboratory", "item": "FISH", "value": "-"}, {"kind": "laboratory", "item": "FISH", "value": "-"}]
    counts = [{"kind": "baseline", "item": "negative", "n": counted, "total": "4"}]
    named = ("mine-quantities-001;mine-proportions-001", "mine-quantities-002")
    said = [
        {"kind": "sign", "item": "dash, Table 1", "value": value, "claims": claims}
        for value, claims in zip(meanings, named, strict=True)
    ]
    assert only("sign-meaning", quantities=cells, proportions=counts, statements=said) == verdicts


@pytest.mark.parametrize(("value", "verdicts"), [("8.8", ["conflict"]), ("5.6", []), ("5.7", [])])
def test_a_mean_is_no_median(value, verdicts):
    mean = {"item": "PFS, restricted mean", "statistic": "mean", "value": "8.8", "unit": "months"}
    mean |= {"source_id": "cited", "study_id": "other", "arm_id": "a"}
    medians = [median("5.6", "cited"), median(value)]
    assert only("mean-as-median", medians=medians, follow_up=[mean]) == verdicts


@pytest.mark.parametrize(("missing", "verdict"), [((59, 43), "other-method"), ((20, 20), "reproduced")])
def test_significance_by_the_unknown(missing, verdict):
    # 59/255 and 95/299: p 0.024; among 196 and 256 known p 0.12.
    rows = []
    for arm, n, size, unknown in zip("ab", (59, 95), (255, 299), missing, strict=True):
        counts = (("old", n), ("young", size - n - unknown), ("unknown", unknown))
        rows += [
            {"kind": "baseline", "item": item, "arm_id": arm, "n": str(k), "total": str(size), "partition": "age"}
            for item, k in counts
        ]
    test = {"item": "age", "arm_id": "a", "comparator_arm_id": "b", "p": "0.024"}
    test["claims"] = "mine-proportions-001;mine-proportions-004"
    assert only("unknown-choice", proportions=rows, p_values=[test]) == [verdict]


@pytest.mark.parametrize(
    ("printed", "verdicts"),
    [
        ("randomised trial", ["reproduced"]),
        ("non-randomised study", ["conflict"]),
        ("single-arm trial", ["conflict"]),
        ("OTHER", []),
    ],
)
def test_the_design_a_document_gives_a_study(printed, verdicts):
    name = {"kind": "trial", "entity": "design", "printed": printed, "study_id": "other"}
    assert only("design-word", names=[name]) == verdicts


TREATMENTS = [
    {
        "treatment_id": "x",
        "label": "T-X (alphamab emtansine)",
        "components": "alphamab emtansine",
        "classes": "conjugate",
    },
    {"treatment_id": "y", "label": "Y", "components": "alphamab;betalimus", "classes": "antibody;inhibitor"},
]


@pytest.mark.parametrize(
    ("first", "second", "verdict"),
    [
        ("T-X in second line", "betalimus against alphamab", "conflict"),
        ("T-X in second line", "alphamab emtansine alone", "uncheckable"),
        ("Abel and colleagues", "Berg B, Moe C, 2011", "conflict"),
        ("Abel and colleagues", "Abel B, Moe C, 2011", "reproduced"),
        ("the report of 2012", "Annals 2014; 3: 5", "conflict"),
        ("MINE", "OTHER: a trial", "conflict"),
    ],
)
def test_a_reference_against_what_it_is_cited_for(first, second, verdict):
    kinds = ("reference", "trial") if first == "MINE" else ("reference", "reference")
    rows = [{"kind": k, "entity": "r7", "printed": p} for k, p in zip(kinds, (first, second), strict=True)]
    assert only("name", names=rows, treatments=TREATMENTS)[0] == verdict


def test_names_that_contradict_are_one_finding_with_their_places():
    printed = ("alphamab", "alphamab group", "betalimus", "betalimus alone", "betalimus group")
    rows = [{"kind": "arm", "entity": "arm", "printed": text, "arm_id": "a"} for text in printed]
    checks = alone(BASE | {"names": rows, "treatments": TREATMENTS}, ["name"])
    assert checks["verdict"].tolist().count("conflict") == 1
    assert checks.query("verdict == 'conflict'")["claim_ids"].iloc[0].count(";") == 4


def test_one_slip_of_two_arms_is_one_cause():
    rows = [median("9.9", locator="Table"), median("5.1", arm_id="b", locator="Table")]
    rows += [median("10.1", locator="Text"), median("5.4", arm_id="b", locator="Text")]
    tables = BASE | {"medians": rows}
    checks = alone(tables, ["repeat"])
    assert causes(checks).nunique() == 2
    frame = pd.DataFrame(rows).assign(claim_id=[f"mine-medians-{k:03}" for k in range(1, 5)], population="all")
    assert with_causes(checks, {"medians": frame})["cause"].nunique() == 1
