"""What drafts contradict before anybody has confirmed one: places against each other, shares without a denominator."""

from __future__ import annotations

import pytest

from resurvey.read import claims, draft
from resurvey.read.contradictions import findings
from resurvey.read.slips import denominators, one_slip_fits, percent_fits, slips
from resurvey.read.sources import from_bytes
from tests.made_papers import jats, results, table

ARMS = "Patients were assigned to the drug A arm (n=120) or the drug B arm (n=118)."


def found_in(body: str, abstract: str = "") -> list[tuple[str, str, str]]:
    opened = from_bytes(jats(body, abstract=f"<p>{abstract}</p>" if abstract else "").encode(), "made.nxml")
    return [(one.rule, one.verdict, one.reported) for one in findings(opened, draft(claims(opened), "made"))]


@pytest.mark.parametrize(
    ("abstract", "text", "told"),
    [
        (
            "Median OS was 15.9 months in the drug A arm.",
            "Median OS was 15.3 months (95% CI 12.1-18.5) in the drug A arm.",
            "median OS 15.9 months and median OS 15.3 months",
        ),
        ("The hazard ratio for OS was 0.74.", "The hazard ratio for OS was 0.47.", "HR of OS 0.74 and HR of OS 0.47"),
        (
            "The 2-year overall survival rate was 62% in the drug B arm.",
            "The 2-year overall survival rate was 68% in the drug B arm.",
            "OS at 2 years 62 % and OS at 2 years 68 %",
        ),
        (
            "The objective response rate was 27.6% in the drug A arm.",
            "The objective response rate was 29.0% in the drug A arm.",
            "ORR 27.6 % and ORR 29.0 %",
        ),
        (
            "Median follow-up was 31.2 months.",
            "The median follow-up was 32.1 months.",
            "median follow-up 31.2 months and median follow-up 32.1 months",
        ),
    ],
)
def test_abstract_and_text_print_the_same_quantity_differently(abstract, text, told):
    assert found_in(results(ARMS, text), f"{ARMS} {abstract}") == [("said-again", "conflict", told)]
    same = abstract.replace(told.split(" and ")[0].split()[-2], told.split(" and ")[1].split()[-2])
    if "HR" not in told:
        assert found_in(results(ARMS, text), f"{ARMS} {same}") == []


@pytest.mark.parametrize(
    ("abstract", "text"),
    [
        ("Median OS was 16 months in the drug A arm.", "Median OS was 15.9 months in the drug A arm."),  # rounded
        ("Median OS was 15.9 months in the drug A arm.", "Median OS was 15.3 months in the drug B arm."),  # another arm
        ("Median OS was 15.9 months in the drug A arm.", "Median PFS was 15.3 months in the drug A arm."),
        (  # both numbers stand in the text: two analyses
            "Median OS was 15.9 months in the drug A arm.",
            "Median OS was 15.3 months in the drug A arm. Without crossover it was 15.9 months.",
        ),
        (  # two populations with intervals of their own
            "Median OS was 15.9 months (95% CI 13.0-18.0) in the drug A arm.",
            "Median OS was 15.3 months (95% CI 12.1-18.5) in the drug A arm.",
        ),
    ],
)
def test_what_may_well_be_printed_differently_is_not_told(abstract, text):
    assert found_in(results(ARMS, text), f"{ARMS} {abstract}") == []


def test_text_against_table():
    body = results(ARMS, "Median OS was 15.9 months in the drug A arm.") + table(
        [
            ["", "Drug A (n=120)", "Drug B (n=118)"],
            ["Median OS, months (95% CI)", "15.3 (12.1-18.5)", "19.2 (16.8-21.6)"],
        ],
        caption="Survival",
    )
    assert ("said-again", "conflict", "median OS 15.9 months and median OS 15.3 months") in found_in(body)


def test_what_a_plan_says_is_no_result_of_the_text():
    plan = "<sec><title>Methods</title><p>A hazard ratio of 0.71 for PFS was looked for.</p></sec>"
    assert found_in(plan + results("The hazard ratio for PFS was 0.79."), "The hazard ratio for PFS was 0.79.") == []


@pytest.mark.parametrize(
    ("sentence", "verdict", "told"),
    [
        ("Sixteen patients (93%) completed treatment.", "impossible", "16 (93 %)"),
        ("Of the 135 patients enrolled, 90 (76.2%) had a response.", "discrepant", "90 (76.2 %)"),
        ("90 (67.2%) of 135 patients responded.", "discrepant", "90 (67.2 %)"),
        ("Among these, 33 patients (69.1% of total 54) had metastases.", "discrepant", "33 (69.1 %)"),
        ("A response was seen in 62 patients (36%) out of the 99 treated.", "discrepant", "62 (36 %)"),
        (
            "135 patients were enrolled. 45 (33.3%) were men and 90 (67.2%) were women.",
            "discrepant",
            "90 (67.2 %)",
        ),
        (f"{ARMS} A response was seen in 51 (45.2%) in the drug A arm.", "discrepant", "51 (45.2 %)"),
    ],
)
def test_shares_that_no_denominator_gives(sentence, verdict, told):
    assert found_in(results(sentence)) == [("percentage", verdict, told)]


@pytest.mark.parametrize(
    "sentence",
    [
        "Mortality did not differ between the two groups (32.2% versus 30.9%).",
        "A loading dose was given in one trial (6%) and not in others.",
        "Data were there for 385/1410 (27.3%), 318/2236 (14.2%) and 161/2215 (7.3%) patients.",
        "Pain was reported during cycles 1, 2, and 4 (93, 74, and 71%, respectively).",
        f"{ARMS} Of 98 with data, 51 (52.0%) in the drug A arm responded.",
        "All seven patients (100%) with pain improved, and 10 of 17 patients (58.8%) benefited.",
    ],
)
def test_shares_of_other_patients_are_not_told(sentence):
    assert found_in(results(sentence)) == []


def test_limits_of_another_unit_stand_beside_no_value():
    sentence = "The median follow-up was 2 years (range 5 to 76 months)."
    assert found_in(results(sentence)) == []
    opened = from_bytes(jats(results(sentence)).encode(), "made.nxml")
    (row,) = draft(claims(opened), "made")
    assert (row.cells["value"], row.cells["range_lower"]) == ("2", "")
    assert "months: 5 to 76" in row.cells["note"]


def test_arithmetic_of_slips():
    assert set(slips("12")) >= {"13", "22", "1", "2", "21"}
    assert one_slip_fits("51", "45.2", 120) and not one_slip_fits("51", "61.9", 120)  # 42.5 as 45.2
    assert denominators(16, "93", 1000) == [] and denominators(90, "67.2", 1000) == [134]
    assert not percent_fits("0", "0", 0)


def test_p_that_miss_most_ratios_of_a_table_test_something_else():
    rows = [["Old", "0.50 (0.40-0.62)", "0.81"], ["Young", "0.60 (0.48-0.75)", "0.74"],
            ["Men", "0.55 (0.44-0.69)", "0.64"],
            ["Women", "0.70 (0.57-0.86)", "0.34"]]  # fmt: skip
    body = table([["", "HR (95% CI)", "p"], *rows], caption="Hazard ratios")
    assert found_in(body) == []
    one = [*rows[:1], *([name, ratio, "&lt;0.001"] for name, ratio, _ in rows[1:])]
    assert [rule for rule, *_ in found_in(table([["", "HR (95% CI)", "p"], *one], caption="Hazard ratios"))] == [
        "ratio-p"
    ]


def _baseline(*rows: tuple[str, str]) -> list[tuple[str, str, str]]:
    made = [["Characteristic", "Drug A (n=120), n (%)", "Drug B (n=118), n (%)"]]
    made += [["Sex", "", ""], ["  Male", "70 (58.3)", "60 (50.8)"], ["  Female", "50 (41.7)", "58 (49.2)"]]
    made += [["Stage", "", ""], *(["  " + name, first, "40 (33.9)"] for name, first in rows)]
    made += [["Smoker", "", ""], ["  Yes", "84 (70.0)", "79 (66.9)"], ["  No", "36 (30.0)", "39 (33.1)"]]
    return found_in(results("") + table(made, caption="Baseline characteristics"))


def test_a_cell_that_misses_while_its_section_and_row_fit_is_a_misprint():
    assert _baseline(("I", "48 (40.0)"), ("II", "42 (35.0)"), ("III", "30 (25.0)")) == []
    told = _baseline(("I", "48 (40.0)"), ("II", "42 (55.0)"), ("III", "30 (25.0)"))
    assert told == [("percentage", "discrepant", "42 (55.0 %)")]


def test_a_section_of_fewer_patients_is_no_misprint():
    assert _baseline(("I", "48 (42.1)"), ("II", "42 (36.8)"), ("III", "24 (21.1)")) == []


@pytest.mark.parametrize(
    "sentence",
    [
        "Rash was seen in 824 (80.6%) of 278 patients.",
        "The hazard ratio for OS was 0.80 (95% CI 0.60-1.07), and 6.21 (95% CI 0.97-1.50) for PFS.",
    ],
)
def test_a_misprint_that_breaks_a_row_apart_is_still_told(sentence):
    assert len(found_in(results(sentence))) == 1


def test_limits_that_miss_in_every_row_of_a_table_were_misread():
    heads = ["Marker", "Drug A", "Drug B", "95% CI"]
    made = [[f"Marker {k}", f"0.7{k}", f"0.6{k}", f"-0.1{k} to -0.0{k}"] for k in range(1, 7)]
    assert found_in(results("") + table([heads, *made], caption="Mean levels of markers")) == []


def test_the_arms_of_a_comparison_that_names_the_control_first():
    body = results(
        "The drug A arm and the drug B arm were compared. In the drug A arm and the drug B arm all were seen.",
        "Compared with patients in the drug A arm, patients in the drug B arm had more infections (5.1% versus 2.7%).",
    )
    rows = draft(claims(from_bytes(jats(body).encode(), "made.nxml")), "made")
    shares = [(row.cells["percent"], row.cells["arm_id"]) for row in rows if row.cells.get("percent")]
    assert shares == [("5.1", "drug_b"), ("2.7", "drug_a")]
