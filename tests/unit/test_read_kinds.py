"""Kinds of numbers told apart: what is no result, what belongs together, whose it is. All sentences are made up."""

from __future__ import annotations

import pytest

from resurvey.read import claims
from resurvey.read.sources import from_bytes
from resurvey.read.word_lists import grade_in
from tests.made_papers import jats, results, table

ARMS = "Patients were assigned to the drug A arm (n=120) or the drug B arm (n=118). The drug A arm and the drug B arm."


def read(body: str) -> list[tuple[str, dict[str, str]]]:
    return [(claim.kind, claim.cells) for claim in claims(from_bytes(jats(body).encode(), "made.nxml"))]


def numbers(*sentences: str) -> list[tuple[str, dict[str, str]]]:
    """Kind and numbers of the claims of a section of results, without words."""
    kept = ("measure", "value", "lower", "upper", "range_lower", "range_upper", "n", "percent", "total", "p", "time")
    return [(kind, {k: v for k, v in cells.items() if k in kept}) for kind, cells in read(results(*sentences))]


@pytest.mark.parametrize(
    "sentence",
    [
        "A total of 300 patients will be recruited.",
        "Sixty participants in each group were calculated to be required.",
        "The planned enrolment rate is 500 patients over four years.",
        "Another 20 patients may be added.",
        "The vials were rinsed with 0.9% sodium chloride.",
        "There is a 66% probability of this being so.",
        "Training went to an intensity of 80% of the one-repetition maximum.",
        "Patients with more than 4 or 5 lesions were not treated.",
        "Groups of five to nine participants followed the programme.",
        "The disease is seen in 1 in 10 000 individuals.",
        "The trial RTOG 0631 is still accruing patients.",
        "Killip class 1 patients did well.",
        "Scores at week 52 as responses are shown.",
    ],
)
def test_numbers_that_are_no_results_make_no_row(sentence):
    assert numbers(sentence) == []


@pytest.mark.parametrize(
    ("sentence", "expected"),
    [
        ("Ninety three patients were randomised.", [("proportion", {"n": "93"})]),
        ("The HR was 1.35; 95% nominal confidence interval [CI]: 1.07-1.70.",
         [("ratio", {"measure": "HR", "value": "1.35", "lower": "1.07", "upper": "1.70"})]),
        ("The HR was 0.72 (CI 95%, 0.41-1.27).",
         [("ratio", {"measure": "HR", "value": "0.72", "lower": "0.41", "upper": "1.27"})]),
        ("Two year PFS was 63%.", [("rate", {"time": "2", "value": "63"})]),
        ("OS was higher after 1 and 2 years (96% vs. 87% and 85% vs. 75%, respectively).",
         [("rate", {"time": "1", "value": "96"}), ("rate", {"time": "1", "value": "87"}),
          ("rate", {"time": "2", "value": "85"}), ("rate", {"time": "2", "value": "75"})]),
        ("It went with the score (P = 0,02).", [("p", {"p": "0.02"})]),
        ("Survival rates at five years were between 70% and 80%.", [("quantity", {"lower": "70", "upper": "80"})]),
        ("The ORR was 23% (95% CI 13-37%) for 52 patients treated.",
         [("proportion", {"percent": "23", "lower": "13", "upper": "37", "total": "52"}), ("proportion", {"n": "52"})]),
        ("Eighteen AB01183-treated patients (36% of patients with two cycles) stopped.",
         [("proportion", {"n": "18", "percent": "36"})]),
        ("There was a 47% (P=0.03) and 19% (P=0.26) respective reduction in risk.",
         [("difference", {"value": "47"}), ("p", {"p": "0.03"}),
          ("difference", {"value": "19"}), ("p", {"p": "0.26"})]),
        ("There were 50% fewer visits.", [("difference", {"value": "50"})]),
        ("The median index fell from 12.5% (range, 6-23%) to 4% (range, 1-8%).",
         [("median", {"value": "12.5", "range_lower": "6", "range_upper": "23"}),
          ("median", {"value": "4", "range_lower": "1", "range_upper": "8"})]),
        ("Of the responses, 23% lasted 6 months or more.", [("proportion", {"percent": "23"})]),
        ("Data were there in nine of 23 or eight of 25 patients.",
         [("proportion", {"n": "9", "total": "23"}), ("proportion", {"n": "8", "total": "25"})]),
    ],
)  # fmt: skip
def test_what_belongs_together(sentence, expected):
    assert numbers(sentence) == expected


def test_what_the_methods_assume_is_no_result():
    text = (
        "<sec><title>Methods</title><p>On the assumption of a gain in median PFS to 7 months from 5 months.</p></sec>"
    )
    assert [kind for kind, _ in read(text)] in ([], ["design"])


def test_responses_in_a_list_have_their_own_names():
    found = read(results("The ORR was 8% (CR, N = 0; PR, N = 4; SD, N = 18)."))
    assert [(cells.get("n"), cells["endpoint"]) for _, cells in found[1:]] == [("0", "CR"), ("4", "PR"), ("18", "SD")]


def test_counts_beside_the_names_of_their_arms():
    found = read(results(ARMS, "Data were there of 65 patients (33 in the drug A arm and 32 in the drug B arm)."))
    counts = {cells["n"]: cells.get("arm", "") for kind, cells in found if kind == "proportion"}
    assert (counts["33"], counts["32"], counts["65"]) == ("drug_a", "drug_b", "")


def test_pairs_after_two_arms_are_of_the_arms_in_turn():
    text = "Rash was seen more often in the drug A arm compared with the drug B arm (4.5% vs 0.7%, 3.0% vs 0.2%)."
    shares = [cells for kind, cells in read(results(ARMS, text)) if cells.get("percent")]
    assert [cells["arm"] for cells in shares] == ["drug_a", "drug_b", "drug_a", "drug_b"]


def test_a_controlled_trial_is_not_the_arm_of_its_control():
    text = (
        "The placebo group (n=20), the placebo arm and the placebo group. It was a placebo-controlled trial in 69 men."
    )
    assert all(cells.get("arm") is None for _, cells in read(results(text)) if cells.get("n") == "69")


def test_letters_that_the_paper_defines_otherwise_are_no_endpoint():
    text = "The femoral osteosarcoma (OS) recurred. The 2-year rates of OS recurrence were 44.9% and 8%."
    assert all("endpoint" not in cells for kind, cells in read(results(text)) if kind == "rate")


def test_the_ratio_of_rates_is_no_response_rate():
    ((_, cells),) = read(results("More were seen (rate ratio [RR] 0.88, 95% CI 0.70-1.10)."))
    assert "endpoint" not in cells


@pytest.mark.parametrize(
    ("text", "grade"),
    [("Grade 3 or Grade 4 AEs", "3-4"), ("All AEs", "any"), ("grades 3 and 4", "3-4"), ("Grade ≥3", ">=3")],
)
def test_grades_of_heads(text, grade):
    assert grade_in(text) == grade


def test_the_total_of_a_section_is_its_denominator():
    body = table(
        [
            ["Assay", "Patients, n (%)"],
            ["FISH", ""],
            ["Negative", "130 (80%)"],
            ["Positive", "32 (20%)"],
            ["Total", "162 (100%)"],
            ["Stain", ""],
            ["Negative", "63 (40%)"],
            ["Positive", "95 (60%)"],
            ["Total", "158 (100%)"],
        ],
        caption="Assays",
    )
    shares = [cells for _, cells in read(body)]
    assert [(cells["n"], cells["total"]) for cells in shares if cells["n"] in ("130", "63")] == [
        ("130", "162"),
        ("63", "158"),
    ]


def test_a_size_that_only_the_text_prints_is_the_denominator_of_its_column():
    body = results(ARMS.replace("120", "20").replace("118", "21")) + table(
        [
            ["", "Drug A arm", "Drug B arm"],
            ["Sex", "", ""],
            ["Women", "12", "10"],
            ["Men", "8", "11"],
            ["Race", "", ""],
            ["White", "16", "16"],
            ["Black", "4", "5"],
        ],
        caption="Characteristics",
    )
    shares = [cells for kind, cells in read(body) if kind == "proportion" and "partition" in cells]
    assert {(cells["arm"], cells["total"]) for cells in shares} == {("drug_a", "20"), ("drug_b", "21")}


@pytest.mark.parametrize(
    ("cell", "n", "percent"),
    [("24 (46%", "24", "46"), ("10 059 (4.5%)", "10059", "4.5"), ("3 (4.5)", "3", "4.5")],
)
def test_cells_with_faults_and_thousands(cell, n, percent):
    body = table([["", "Drug A, n (%)"], ["Nausea", cell], ["Rash", "12 (5.1)"], ["Pain", "9 (3.8)"]], caption="Harms")
    first = read(body)[0][1]
    assert (first["n"], first["percent"]) == (n, percent)


def test_limits_are_not_joined_across_a_number_of_no_known_kind():
    body = table(
        [["", "Drug A", "", "Drug B", "", "Δ", "(95% CI)", "p"], ["", "Mean", "(SD)", "Mean", "(SD)", "", "", ""],
         ["Visits", "3.41", "(17.90)", "2.84", "(11.64)", "0.57", "(-2.20 to 3.68)", "0.76"],
         ["Stays", "0.16", "(0.56)", "0.15", "(0.55)", "0.00", "(-0.11 to 0.11)", "0.94"]],
        heads=2, caption="Resources",
    )  # fmt: skip
    assert all("lower" not in cells for kind, cells in read(body) if kind == "quantity")


def test_a_ratio_of_one_with_limits_is_measured_and_its_logarithm_is_none():
    body = table(
        [
            ["", "HR", "95% CI", "p value", "Log(HR)"],
            ["Age", "1.00", "0.99-1.01", "0.90", ""],
            ["Syncope", "5.92", "4.05-8.63", "&lt;0.001", "1.15"],
            ["Male", "1.00", "", "", ""],
        ],
        caption="Hazard ratios",
    )
    ratios = [cells for kind, cells in read(body) if kind == "ratio"]
    assert [(cells["value"], cells["lower"], cells["p"]) for cells in ratios] == [
        ("1.00", "0.99", "0.90"),
        ("5.92", "4.05", "<0.001"),
    ]
