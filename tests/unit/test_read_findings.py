"""Misprints that only the neighbours contradict, and what many rows miss in the same way, which is no misprint."""

from __future__ import annotations

import pytest

from resurvey.read import claims, draft
from resurvey.read.contradictions import findings
from resurvey.read.slips import misprint_fits, repairs
from resurvey.read.sources import from_bytes
from tests.made_papers import jats, results, table

ARMS = "Patients were assigned to the drug A arm (n=120) or the drug B arm (n=118)."
HEAD = ["Characteristic", "Drug A (n=120)", "Drug B (n=118)"]
ROWS = [
    ["Male, n (%)", "61 (50.8)", "55 (46.6)"],
    ["ECOG 1, n (%)", "31 (25.8)", "41 (34.7)"],
    ["Visceral disease, n (%)", "77 (64.2)", "70 (59.3)"],
    ["Prior surgery, n (%)", "19 (15.8)", "23 (19.5)"],
    ["Smoker, n (%)", "44 (36.7)", "37 (31.4)"],
    ["Diabetes, n (%)", "13 (10.8)", "17 (14.4)"],
    ["Hypertension, n (%)", "29 (24.2)", "31 (26.3)"],
]


def found_in(*parts: str, abstract: str = "") -> list[tuple[str, str]]:
    opened = from_bytes(jats("".join(parts), abstract=f"<p>{abstract}</p>" if abstract else "").encode(), "made.nxml")
    return [(one.rule, one.reported) for one in findings(opened, draft(claims(opened), "made"))]


def with_cell(row: int, column: int, text: str) -> str:
    rows = [list(cells) for cells in ROWS]
    rows[row][column] = text
    return table([HEAD, *rows])


def test_a_table_without_a_misprint_gives_no_finding():
    assert found_in(results(ARMS), table([HEAD, *ROWS])) == []


@pytest.mark.parametrize(
    ("cell", "told"),
    [
        ("91 (25.8)", "91 (25.8 %)"),  # a digit of the count
        ("31 (28.8)", "31 (28.8 %)"),  # a digit of the percentage
        ("13 (25.8)", "13 (25.8 %)"),  # transposed
        ("3 (25.8)", "3 (25.8 %)"),  # lost
        ("31 (258)", "31 (258 %)"),  # the point
        ("31 (2.58)", "31 (2.58 %)"),
        ("31 (34.7)", "31 (34.7 %)"),  # that of the other arm
        ("311 (25.8)", "311 (25.8 %)"),
    ],
)
def test_a_share_that_alone_misses_the_size_of_its_column(cell, told):
    assert found_in(results(ARMS), with_cell(1, 1, cell)) == [("percentage", told)]


def test_a_variable_with_fewer_patients_in_every_arm_is_no_misprint():
    rows = [list(cells) for cells in ROWS]
    rows[1][1:] = ["31 (26.7)", "41 (36.0)"]  # of 116 and 114
    assert found_in(results(ARMS), table([HEAD, *rows])) == []


def test_a_percentage_above_100_in_a_table_of_one_row():
    rows = [["Characteristic", "Drug A (n=14)", "Drug B (n=14)"], ["Female, n (%)", "4 (28.6)", "5 (357)"]]
    assert found_in(table(rows)) == [("percentage", "5 (357 %)")]


def test_a_count_after_its_percentage_is_no_percentage_above_100():
    rows = [["Characteristic", "Drug A (n=509)", "Drug B (n=505)"], ["Sex, % male (n)", "45 (229)", "41 (207)"]]
    assert found_in(table(rows)) == []


def test_two_lopsided_intervals_of_one_row_are_another_method():
    rows = [["Event", "A against C, RR (95% CI)", "B against C, RR (95% CI)"]]
    rows += [["Improved", "1.5 (1.03-1.77)", "1.66 (1.24-1.93)"], ["Worse", "1.00 (0.50-2.00)", "0.80 (0.40-1.60)"]]
    assert found_in(table(rows)) == []
    rows[1][2] = "1.55 (1.24-1.93)"
    assert found_in(table(rows)) == [("ratio-interval", "RR 1.5 (1.03-1.77)")]


def test_whole_percentages_printed_with_a_zero_are_a_convention():
    rows = [["", "Drug A", "Drug B"], ["Episode, n/N (%)", "88/388 (23.0)", "105/393 (27.0)"]]
    assert found_in(table(rows)) == []


def test_percentages_of_all_patients_are_not_of_the_column():
    rows = [
        ["Event, n (%)", "Drug A (n=79)", "Drug B (n=80)"],
        ["Pain", "26 (16)", "26 (16)"],
        ["Rash", "10 (6)", "7 (4)"],
        ["Fever", "9 (6)", "12 (8)"],
        ["Other", "1 (0.6)", "1 (0.6)"],
    ]
    assert found_in(table(rows)) == []


def test_categories_that_are_percentages_of_their_sum():
    rows = [
        ["", "Drug A", "%", "Drug B", "%"],
        ["Sex", "", "", "", ""],
        ["Male", "13", "43", "14", "47"],
        ["Female", "17", "57", "61", "53"],
    ]
    assert found_in(table(rows)) == [("percentage", "14 (47 %); 61 (53 %)")]
    rows[3][3] = "16"
    assert found_in(table(rows)) == []
    rows[2][4] = "74"
    assert found_in(table(rows)) == [("percentage", "14 (74 %)")]


def test_counts_of_arms_against_the_column_of_all():
    rows = [["Event", "Drug A (n=40)", "Drug B (n=42)", "All (n=82)"]]
    counts = {"one": (12, 9), "two": (4, 6), "three": (11, 3), "four": (8, 8), "five": (7, 5)}
    rows += [[f"Event {name}", str(a), str(b), str(a + b)] for name, (a, b) in counts.items()]
    assert found_in(table(rows)) == []
    rows[3][1] = "17"
    assert found_in(table(rows)) == [("row-sum", "17 + 3 = 14")]


def test_estimates_printed_with_the_number_of_events_are_no_misprints():
    text = "At one year 51.8% (8/17) had died in the drug A arm and 81.5% (14/18) in the drug B arm."
    assert found_in(results(text)) == []
    assert found_in(results(text.replace("81.5", "77.8"))) == [("percentage", "8 (51.8 %)")]


@pytest.mark.parametrize(
    "text",
    [
        "Health facility delivery was three times higher in the drug A arm (87%) than in the drug B arm (28%).",
        "Seven in ten (69.2%) were treated at once.",
        "Most participants reported at least 3 partners (72%).",
        "Of them 11/39 villages had 80%-99% coverage and 12/39 villages between 50% and 99%.",
        "Drug A at 10/20 (24.3%, 42.4%, and 52.6%, respectively) did better.",
        "It was highest with 2x the dose (5.4%) of drug B.",
    ],
)
def test_a_number_in_words_before_a_percentage_that_counts_no_patients(text):
    assert found_in(results(text)) == []


def test_pairs_of_values_with_pairs_of_limits_were_misread():
    pairs = [
        f"In group {k} the adjusted mean difference was -{a}/-{b} mmHg; 95% CI -{a + 2}, -{a - 2}/-{b + 2}, -{b - 2}."
        for k, a, b in ((1, 8.5, 3.2), (2, 6.9, 3.0), (3, 9.9, 3.4), (4, 11.3, 3.8), (5, 7.7, 2.7))
    ]
    assert found_in(results(*pairs)) == []


def test_percentages_of_fewer_patients_in_a_row_are_told_once_or_not_at_all():
    row = [
        ["", "Drug A (n=25)", "Drug B (n=25)"],
        ["Better, n (%)", "9 (38)", "13 (54)"],
        ["Worse, n (%)", "1 (4)", "7 (28)"],
    ]
    assert found_in(table(row)) == []
    head = [["", "Drug A (n=69)", "Drug B (n=70)"]]
    head += [[f"Event {k}, n (%)", f"{n} ({100 * n / 79:.0f})", f"{m} ({100 * m / 70:.0f})"] for k, n, m in
             ((1, 5, 7), (2, 22, 24), (3, 10, 11), (4, 21, 20), (5, 8, 9), (6, 30, 28))]  # fmt: skip
    assert len(found_in(table(head))) <= 1


DIFFERENCES = ["0.7 (-0.8 to 2.2)", "1.1 (-0.5 to 2.7)", "-0.4 (-1.9 to 1.1)", "0.2 (-1.2 to 1.6)"]


def differences(values: list[str], p: list[str]) -> str:
    rows = [["Score", "Mean difference (95% CI)", "P"]]
    return table([*rows, *([f"Score {k}", *cells] for k, cells in enumerate(zip(values, p, strict=True), start=1))])


def test_a_difference_off_the_middle_where_the_others_are_at_it():
    p = ["0.36", "0.18", "0.60", "0.78"]
    assert found_in(differences(DIFFERENCES, p)) == []
    assert found_in(differences([*DIFFERENCES[:3], "0.2 (-1.2 to 4.6)"], p)) == [
        ("difference-interval", "0.2 (-1.2 to 4.6)")
    ]
    assert found_in(differences(DIFFERENCES, ["0.36", "0.018", "0.60", "0.78"])) == [
        ("difference-p", "1.1 (-0.5 to 2.7), p 0.018")
    ]


@pytest.mark.parametrize("text", ["P = 3.06", "p&lt;05", "P = 09.4"])
def test_p_values_that_are_none(text):
    assert [rule for rule, _ in found_in(results(f"The difference was significant ({text})."))] == ["p-value"]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("The risk was higher (OR 1.510, 95% CI 2.161-1.056; P = 0.0240).", "2.161"),
        ("The hazard ratio for OS was 0.91 (95% CI 00.6-1.4).", "00.6"),
    ],
)
def test_what_no_row_can_hold(text, told):
    assert [told in shown for _, shown in found_in(results(text))] == [True]


def test_a_decimal_comma_and_a_ratio_of_three_are_no_limits():
    rows = [["", "Drug A (n=251)", "Drug B (n=251)"], ["Officer, n (%)", "97 (38.7)", "96 (38,2)"]]
    rows += [["Pilot, n (%)", "43 (17.1)", "42 (16,7)"], ["Never:rarely:often", "36:48:16", "30:50:20"]]
    assert found_in(table(rows)) == []


def test_another_clause_behind_a_percentage():
    text = "The completion rate was 91.6%; 10 of the 120 subjects (8.3%) did not complete the trial."
    assert found_in(results(text)) == []


def test_categories_of_which_a_patient_has_several():
    rows = [["", "All (n=120)", "Drug A (n=60)"], ["Sources", "", ""], ["Sauna", "93", "45"], ["Smoke", "28", "13"]]
    assert found_in(table(rows)) == []


def test_a_difference_that_was_observed_is_no_follow_up():
    text = "No difference was observed between the groups for OS (median, {} months (drug A) vs {} months (drug B))."
    again = "Median OS was 15.3 months (95% CI 12.1-18.5) in the drug A arm."
    found = found_in(results(ARMS, again), abstract=f"{ARMS} {text.format('15.9', '19.9')}")
    assert found == [("said-again", "median OS 15.9 months and median OS 15.3 months")]


def test_a_clock_is_no_misprint():
    assert found_in(results("The median time of the dose was 09.30 and the response was seen at 07.45.")) == []


def test_a_pressure_is_no_p_value():
    assert found_in(results("It was recorded (p = 12.5 mmHg) and (p = 0.05) at rest.")) == []


@pytest.mark.parametrize(
    ("summary", "text", "told"),
    [
        (
            "The mean difference was 3.6 (95% CI 2.4 to 4.8; P = 0.002).",
            "The mean difference was 3.6 (95% CI 2.4 to 7.8; P = 0.002).",
            "upper 4.8 and 7.8, beside 3.6, 2.4, 0.002",
        ),
        (
            "The hazard ratio for OS was 1.85 (95% CI 0.91-3.77).",
            "The hazard ratio for OS was 1.85 (95% CI 0.91-3.75).",
            "upper 3.75 and 3.77, beside 1.85, 0.91",
        ),
        (
            "In all 33 patients (82.5%) had a rash.",
            "In all 33 patients (28.5%) had a rash.",
            "33 (82.5 %) and 33 (28.5 %)",
        ),
    ],
)
def test_a_row_printed_again_with_one_number_changed(summary, text, told):
    assert ("repeat", told) in found_in(results(text), abstract=summary)
    assert [one for one in found_in(results(summary), abstract=summary) if one[0] == "repeat"] == []


def test_exact_intervals_lie_to_one_side():
    exact = ["0.54 (0.25-1.08)", "0.60 (0.18-1.72)", "0.56 (0.15-1.75)", "0.38 (0.20-0.67)", "0.35 (0.14-0.76)"]
    wald = ["0.54 (0.26-1.12)", "0.60 (0.20-1.80)", "0.56 (0.16-1.96)", "0.38 (0.21-0.69)", "0.35 (0.14-0.76)"]
    wald += ["0.70 (0.50-0.98)"]

    def of(cells: list[str]) -> list[tuple[str, str]]:
        return found_in(table([["Event", "OR (95% CI)"], *([f"Event {k}", cell] for k, cell in enumerate(cells))]))

    assert of(exact) == []
    assert of(wald) == [("ratio-interval", "OR 0.35 (0.14-0.76)")]


def test_what_one_misprint_may_have_been():
    assert {"28.9", "8.9"[::-1], "89"} & set(repairs("8.9")) == {"28.9", "9.8", "89"}
    assert misprint_fits("26", "8.9", 90)
    assert not misprint_fits("26", "51.3", 90)
