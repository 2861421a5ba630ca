"""The same quantity in two places, with regard to data cuts; and names."""

import numpy as np
import pytest

from resurvey.audit.agreement import agree, agreement
from resurvey.audit.handlers import alone
from resurvey.audit.naming import phase_of


def median(value, source="mine", cut="", place="text", arm="a", **cells):
    row = {"endpoint": "OS", "value": value, "unit": "months", "source_id": source, "data_cut": cut, "locator": place}
    return row | {"arm_id": arm, **cells}


ARMS = [{"arm_id": name, "label": name} for name in "ab"]


def only(rule, **tables):
    return alone({"arms": ARMS, **tables}, [rule])


@pytest.mark.parametrize(
    ("first", "second", "verdict"),
    [((18.885, 18.895), (18.85, 18.95), "reproduced"), ((10.35, 10.45), (10.75, 10.85), "conflict")],
)
def test_agreement(first, second, verdict):
    assert agree(*first, *second) == verdict
    assert agreement(*(np.array([x]) for x in (*first, *second)))[0] == verdict


def test_digits_cut_off_in_the_coarser_print():
    # 0.6632 printed as 0.67: one unit of the coarser print away.
    assert agree(0.66315, 0.66325, 0.665, 0.675) == "rounding"


def test_repeat_and_the_difference_that_decides():
    medians = [
        median("23.9", place="text"),
        median("18.5", place="text", arm="b"),
        median("28.5", place="Table 1"),
        median("23.9", place="Table 1", arm="b"),
    ]
    said = {"endpoint": "OS", "item": "gain", "value": "4.6", "unit": "months", "direction": "longer", "arm_id": "a"}
    said["claims"] = "mine-medians-001;mine-medians-002"
    checks = only("repeat", medians=medians, differences=[said])
    assert checks["verdict"].tolist() == ["conflict", "conflict"]
    assert "fits only 28.5 (mine-medians-003)" in checks.iloc[0]["explanation"]
    stated = only("stated-difference", medians=medians, differences=[said]).iloc[0]
    assert "it fits 28.5 minus 23.9" in stated["explanation"]


def test_two_values_of_one_arm_are_not_the_two_sides_of_a_difference():
    medians = [
        median("23.9", place="text", cut="2020"),
        median("28.5", place="Table 1", cut="2020"),
        median("23.9", place="Table 1", cut="2021"),
        median("1.0", place="abstract", arm="b", cut="2020"),
    ]
    said = {"endpoint": "OS", "item": "gain", "value": "4.6", "unit": "months", "direction": "longer", "arm_id": "a"}
    checks = only("repeat", medians=medians, differences=[said | {"claims": "mine-medians-001;mine-medians-004"}])
    assert checks["verdict"].tolist() == ["conflict"]
    assert "fits only" not in checks.iloc[0]["explanation"]


def across(cut_here, value, *others):
    """The verdict on a number of a citing document that also speaks of another study."""
    medians = [median(value, "citing", cut_here), median("1.0", "citing", study_id="elsewhere", arm_id="")]
    medians += [median(other, f"trial{place}", cut) for place, (other, cut) in enumerate(others)]
    return only("across", medians=medians)["verdict"].tolist()


def test_data_cuts():
    assert across("final", "30.9", ("30.9", "final")) == ["reproduced"]
    assert across("final", "30.9", ("29.9", "final")) == ["conflict"]
    assert across("", "30.9", ("29.9", "final")) == ["uncheckable"]
    assert across("", "30.9", ("29.9", "final"), ("30.9", "interim")) == ["reproduced"]
    assert across("interim", "30.9", ("29.9", "final")) == []


def test_a_document_that_prints_the_medians_of_a_cut_has_cited_it():
    def p(value, source, cut=""):
        row = {"endpoint": "PFS", "item": "PFS", "arm_id": "a", "comparator_arm_id": "b", "p": value}
        return row | {"source_id": source, "data_cut": cut}

    medians = [median("1.0", "citing", study_id="elsewhere", arm_id="")]
    for source, cut in (("citing", ""), ("trial", "final")):
        medians += [median("11.3", source, cut, endpoint="PFS"), median("9.0", source, cut, endpoint="PFS", arm="b")]
    found = only("across-p", medians=medians, p_values=[p("0.03", "citing"), p("0.001", "trial", "final")])
    assert found["verdict"].tolist() == ["conflict"]
    medians[1]["value"] = "12.3"
    found = only("across-p", medians=medians, p_values=[p("0.03", "citing"), p("0.001", "trial", "final")])
    assert found["verdict"].tolist() == ["uncheckable"]


def repeat_p(*rows):
    start = {"endpoint": "PFS", "item": "PFS", "arm_id": "a", "comparator_arm_id": "b"}
    checks = only("repeat-p", p_values=[start | row for row in rows])
    return list(zip(checks["verdict"], checks["severity"], strict=True))


def test_two_p_of_one_comparison():
    plain, adjusted = {"p": "0.03", "test": "log-rank"}, {"p": "0.06", "adjusted": "yes"}
    assert repeat_p(plain, adjusted) == [("conflict", "conclusion")]
    assert repeat_p({"p": "0.22"}, {"p": "0.44", "adjusted": "yes"}) == [("other-method", "none")]
    assert repeat_p({"p": "0.001"}, {"p": "0.03"}) == [("conflict", "minor")]
    assert repeat_p({"p": "0.0006"}, {"p": "0.001"}) == [("reproduced", "none")]


def test_ratio_without_an_endpoint():
    def ratio(endpoint, value, lower, upper):
        row = {"measure": "HR", "endpoint": endpoint, "value": value, "lower": lower, "upper": upper}
        return row | {"arm_id": "a", "comparator_arm_id": "b"}

    rows = [
        ratio("", "0.74", "0.58", "0.96"),
        ratio("PFS", "0.73", "0.58", "0.91"),
        ratio("OS", "0.71", "0.53", "0.96"),
    ]
    check = alone({"arms": ARMS, "hazard_ratios": rows}, ["unnamed-endpoint"]).iloc[0]
    assert check["verdict"] == "conflict"
    assert "lower of PFS" in check["explanation"] and "upper of OS" in check["explanation"]
    rows[0] = ratio("", "0.73", "0.58", "0.91")
    assert alone({"arms": ARMS, "hazard_ratios": rows}, ["unnamed-endpoint"])["verdict"].tolist() == ["reproduced"]


STUDIES = [
    {"study_id": "patina", "acronym": "PATINA", "design": "randomised", "phase": "3"},
    {"study_id": "patricia", "acronym": "PATRICIA", "design": "single arm", "phase": "2"},
    {"study_id": "ma31", "acronym": "MA.31", "design": "randomised", "phase": "3"},
    {"study_id": "mine", "acronym": "MINE", "design": "single arm", "phase": "2"},
]
TREATMENTS = [
    {"treatment_id": name, "label": name, "components": name, "classes": "drug"}
    for name in ("trastuzumab", "anastrozole", "lapatinib", "capecitabine", "docetaxel")
] + [
    {"treatment_id": "tdm1", "label": "T-DM1 (trastuzumab emtansine)", "components": "trastuzumab emtansine",
     "classes": "antibody-drug conjugate"}
]  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "first", "second", "verdict"),
    [
        ("trial", "DESTINY-Breast03", "DESTINY-Breast 03", "reproduced"),
        ("trial", "SYSUC-002", "SYSUCC-002", "uncheckable"),
        ("trial", "PATINA", "PATRICIA", "conflict"),
        ("trial", "III", "phase 2", "conflict"),
        ("trial", "phase Ib", "I", "reproduced"),
        ("reference", "PATINA", "SOLTI-1303 trial", "conflict"),
        ("arm", "luminal B", "Luminal A", "conflict"),
        ("arm", "trastuzumab monotherapy", "anastrozole alone", "conflict"),
        ("arm", "trastuzumab plus lapatinib", "trastuzumab combined with capecitabine", "conflict"),
        ("arm", "trastuzumab plus chemotherapy", "trastuzumab + docetaxel", "uncheckable"),
        ("arm", "trastuzumab plus chemotherapy", "trastuzumab + anastrozole", "uncheckable"),
        ("drug", "T-DM1", "TDM-1", "reproduced"),
        ("drug", "trastuzumab emtansine (X-1)", "T-DM1", "reproduced"),
        ("drug", "T-DM1", "ado-trastuzumab emtansine", "reproduced"),
        ("drug", "T-DM1", "T-DM", "uncheckable"),
        ("drug", "T-DM1 + lapatinib", "T-DM1", "uncheckable"),
        ("trial", "DB03", "DESTINY-Breast03", "reproduced"),
        ("trial", "DB04", "DESTINY-Breast03", "uncheckable"),
        ("trial", "GBG26/BIG 3–05", "german breast group 26/breast international group 03–05", "reproduced"),
        ("drug", "receptor degrader of choice (RDC)", "receptor down-regulation compound", "uncheckable"),
        ("trial", "NCIC CTG MA.31", "NCIC MA.31", "reproduced"),
        ("trial", "NCIC CTG MA.31", "NCIC MA.33", "uncheckable"),
    ],
)
def test_names(kind, first, second, verdict):
    rows = [{"kind": kind, "entity": "thing", "printed": printed} for printed in (first, second)]
    tables = {"studies": STUDIES, "treatments": TREATMENTS, "names": rows}
    assert alone(tables, ["name"])["verdict"].tolist() == [verdict]


def test_phase_against_the_study():
    assert [phase_of(text) for text in ("III", "phase 2", "Phase 1b", "I/II", "MA.31")] == ["3", "2", "1", "", ""]
    rows = [{"kind": "trial", "entity": "phase", "printed": "III"}]
    assert alone({"studies": STUDIES, "names": rows}, ["phase"])["verdict"].tolist() == ["conflict"]


def test_few_or_none():
    rows = [
        {"kind": "none", "endpoint": "prior therapy", "item": f"patients with prior pertuzumab {place}", "value": value}
        for place, value in (("before", "few"), ("earlier", "none"))
    ]
    assert alone({"statements": rows}, ["few-or-none"])["verdict"].tolist() == ["conflict"]
    rows[0]["value"] = "no"
    assert alone({"statements": rows}, ["few-or-none"])["verdict"].tolist() == ["reproduced"]
