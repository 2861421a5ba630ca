"""Where the denominator of a share is printed, and how the percentages decide between the places."""

from __future__ import annotations

import math

import pytest

from resurvey.read.share_kinds import ShareKind
from resurvey.read.size_places import COUNTS, OUTSIDE, PRINTED, PRIOR, SizePlace
from resurvey.read.table_evidence import weight
from resurvey.schema import TABLES
from tests.made_papers import of_table, read_table


def totals(rows, *text, **options):
    return [total for (total,) in of_table(read_table(rows, *text, **options), "total", kind="proportion")]


def test_what_a_percentage_says_of_a_size_grows_with_its_digits():
    # 12 of 118 is 10.17 %: 10.2 leaves sizes within a range of 1 %, 10 within one of 10 %.
    assert weight("12", "10.2", "118") == pytest.approx(math.log(0.88 / (0.1 / 10.2 / 2)))
    assert weight("12", "10", "118") == pytest.approx(math.log(0.88 / (1 / 10 / 2)))
    # Cut off or rounded up: 12 of 119 is 10.08 %.
    assert weight("12", "10.0", "119") == pytest.approx(math.log(0.1 / (0.1 / 10 / 2)))
    assert weight("12", "10.2", "130") < -3 and weight("0", "0.0", "118") == 0 == weight("12", "", "118")


def test_headings_stand_over_the_columns_they_belong_to_where_the_body_has_blank_ones_between():
    rows = [["", "All (n = 47)", "Alfa (n = 30)", "Beta (n = 17)", "", "", ""]]
    rows += [["Corn", "", "45 (96)", "", "28 (93)", "", "17 (100)"], ["Rye", "", "2 (4)", "", "2 (7)", "", "0 (0)"]]
    rows += [["Meat", "", "16 (34)", "", "9 (30)", "", "7 (41)"]]
    assert totals(rows, caption="Meals, n (%)") == ["47", "30", "17"] * 3


def test_a_size_in_a_heading_row_of_its_own_below_n():
    rows = [["<th rowspan='3'>Group</th>", "<th colspan='2'>All</th>", "<th colspan='2'>Some</th>"]]
    rows += [["<th>N</th>", "<th>%</th>", "<th>n</th>", "<th>%</th>"], ["<th>175</th>", "", "<th>78</th>", ""]]
    rows += [["Female", "89", "50.9", "38", "48.7"], ["Male", "86", "49.1", "40", "51.3"]]
    assert totals(rows, caption="Sample", heads=3) == ["175", "78"] * 2


def test_an_inner_heading_with_a_title_of_its_own_brings_its_sizes():
    rows = [["First partner", "Alfa (n = 74)", "Beta (n = 80)", "P"], ["Male", "14 (19)", "14 (18)", "0.82"]]
    rows += [["Female", "3 (4)", "5 (6)", "0.72"], ["Other partner", "Alfa (n = 64)", "Beta (n = 55)", "P"]]
    rows += [["Male", "60 (94)", "38 (69)", "0.02"], ["Female", "5 (8)", "4 (7)", "0.74"]]
    found = read_table(rows, caption="Protection, n (%)")
    assert of_table(found, "total", kind="proportion") == [("74",), ("80",)] * 2 + [("64",), ("55",)] * 2
    assert "Other partner" in next(c for c in found if c.cells.get("n") == "60").locator


def test_rows_of_sizes_are_no_inner_heading():
    rows = [["", "Alfa", "Beta"], ["Overall", "n = 361", "n = 362"], ["Response", "70 (19.4)", "34 (9.4)"]]
    rows += [["Pretreated", "n = 126", "n = 125"], ["Response", "41 (32.5)", "17 (13.6)"]]
    found = of_table(read_table(rows, caption="Response, n (%)"), "arm", "total", kind="proportion")
    assert found == [("alfa", "361"), ("beta", "362"), ("alfa", "126"), ("beta", "125")]


def test_a_group_named_by_its_size_holds_for_the_titles_below_it():
    rows = [["", "Before (%)", "After (%)"], ["Alfa (n = 17)", "", ""], ["Outcome", "", ""]]
    rows += [["Good", "3 (17.7)", "10 (58.8)"], ["Bad", "14 (82.4)", "7 (41.2)"], ["Patient", "", ""]]
    rows += [["Absent", "5 (29.4)", "2 (11.8)"], ["Beta (n = 22)", "", ""], ["Outcome", "", ""]]
    rows += [["Good", "11 (50.0)", "11 (50.0)"]]
    assert totals(rows, caption="Questions") == ["17"] * 6 + ["22"] * 2


def test_counts_of_a_first_section_are_the_denominators_of_their_namesakes():
    rows = [["", "Alfa (n = 379)", "Beta (n = 202)"], ["Patients, n", "", ""], ["&#160;Mixed", "111", "67"]]
    rows += [["&#160;Sad", "45", "33"], ["Men, n (%)", "", ""], ["&#160;Mixed", "63 (56.8)", "30 (44.8)"]]
    rows += [["&#160;Sad", "22 (48.9)", "16 (48.5)"]]
    assert totals(rows, caption="Baseline")[4:] == ["111", "67", "45", "33"]


def test_one_size_of_the_text_serves_a_table_without_sizes_if_it_alone_explains_it():
    rows = [["", "3 mm", "6 mm"], ["Blunt", "0 (0%)", "1 (6.7%)"], ["Sharp", "3 (20%)", "6 (40%)"]]
    text = "There were four groups (n = 15 each), after 60 teeth had been drawn from 41 patients."
    assert totals(rows, text, caption="Defects") == ["15"] * 4
    # A size that explains them as well leaves it open.
    assert totals(rows, text.replace("41", "30"), caption="Defects") == ["15"] * 4
    rows = [["", "Number (%)"], ["Mild", "33 (32%)"], ["Grave", "21 (20%)"], ["Worst", "11 (11%)"]]
    assert totals(rows, "Of 103 patients were seen 104 patients.", caption="Harms") == [""] * 3


def test_a_set_that_adds_up_to_a_size_the_paper_prints_is_of_that_size():
    rows = [["Stent", "Mild", "Moderate", "Grave"], ["Apart", "27 (62.8%)", "12 (27.9%)", "4 (9.3%)"]]
    assert totals(rows, "Each group had (n = 43).", caption="Symptoms") == ["43"] * 3
    found = read_table(rows, "Each group had a stent.", caption="Symptoms")
    assert {total for (total,) in of_table(found, "total")} == {""}
    assert "43, the sum of the categories" in found[0].notes[0]


def test_sizes_beside_percentages_are_no_numerators():
    rows = [["", "n", "Before (%)", "After (%)"], ["Greens", "123", "26", "38"], ["Fruit", "119", "71", "83"]]
    rows += [["Crisps", "122", "13", "34"], ["Water", "126", "24", "40"]]
    found = of_table(read_table(rows, caption="Habits"), "n", "percent", "total", kind="proportion")
    assert ("", "26", "123") in found and not any(n and percent for n, percent, _ in found)
    rows = [["", "<th>N</th>", "<th>%</th>", "<th>N</th>", "<th>%</th>"], ["Ill (N = 30)", "29", "96.7", "1", "3.3"]]
    rows += [["Well (N = 40)", "6", "15.0", "34", "85.0"], ["Ill (N = 20)", "19", "95.0", "1", "5.0"]]
    rows += [["Well (N = 20)", "5", "25.0", "15", "75.0"]]
    found = of_table(read_table(rows, caption="Test"), "n", "total", kind="proportion")
    assert found == [
        *[("29", "30"), ("1", "30"), ("6", "40"), ("34", "40")],
        *[("19", "20"), ("1", "20"), ("5", "20"), ("15", "20")],
    ]


def test_a_mean_whose_share_would_need_more_patients_than_there_are_is_no_count():
    rows = [
        ["", "Alfa (n = 25)", "Beta (n = 25)"],
        ["Age (yr)", "44 (11)", "46 (11)"],
        ["Height (cm)", "164 (9)", "162 (7)"],
    ]
    assert of_table(read_table(rows, caption="Patients"), kind="proportion") == []
    rows += [["Male, n (%)", "5 (20)", "9 (36)"]]
    found = read_table(rows, caption="Patients", notes="All values are mean (SD) unless indicated as n (%).")
    assert of_table(found, "n", "total", kind="proportion") == [("5", "25"), ("9", "25")]
    assert [value for (value,) in of_table(found, "value", kind="quantity")] == ["44", "46", "164", "162"]


def test_a_confidence_level_makes_no_column_of_percentages():
    rows = [["", "N", "Mean", "<th colspan='2'>95 % confidence interval</th>"], ["Alfa", "202", "6.23", "5.90", "6.56"]]
    rows += [["Beta", "204", "6.39", "6.06", "6.71"]]
    assert not any(percent for (percent,) in of_table(read_table(rows, caption="Scores"), "percent", kind="proportion"))


def test_a_group_named_beta_and_beta_blockers_are_counted():
    rows = [["", "Alfa (n = 40)", "Interferon beta-1a (n = 41)"], ["Deaths", "4", "5"], ["Beta-blocker", "14", "15"]]
    assert totals(rows, caption="Patients") == ["40", "41"] * 2


def test_a_row_of_all_patients_holds_until_the_next_one():
    rows = [["", "Alfa, n (%)"], ["<td colspan='2'>Study 12.1</td>"], ["Total number of patients", "225 (100.0)"]]
    rows += [["Any", "153 (68.0)"], ["<td colspan='2'>Specific</td>"], ["Rash", "15 (6.7)"], ["Pain", "8 (3.6)"]]
    rows += [["<td colspan='2'>Study 12.2</td>"], ["Total number of patients", "235 (100.0)"], ["Any", "173 (73.6)"]]
    rows += [["<td colspan='2'>Specific</td>"], ["Rash", "12 (5.1)"], ["Pain", "9 (3.8)"]]
    assert [t for t in totals(rows, caption="Adverse events") if t] == ["225"] * 4 + ["235"] * 4


def test_a_title_over_the_whole_width_is_above_rows_that_are_set_in_no_further():
    rows = [["", "Alfa"], ["<td colspan='2'>&#160;Month 3</td>"], ["&#160;Any", "15"], ["&#160;&#160;Rash", "4"]]
    rows += [["<td colspan='2'>&#160;Month 6</td>"], ["&#160;Any", "19"]]
    items = [item for (item,) in of_table(read_table(rows, caption="Harms, numbers of patients"), "item")]
    found = read_table(rows, caption="Numbers of patients")
    assert len(items) == 3 and ["Month 3" in c.locator for c in found if c.cells.get("n") in ("15", "19")] == [
        True,
        False,
    ]


def test_a_second_heading_row_of_measures_where_the_file_marks_none():
    rows = [["", "Phase A", "", "Phase B", ""], ["", "N", "Good n (%)", "N", "Good n (%)"]]
    rows += [["Food", "57", "53 (93.0)", "38", "34 (89.5)"], ["Staff", "56", "46 (82.1)", "35", "23 (65.7)"]]
    found = of_table(read_table(rows, caption="Satisfaction", heads=0), "n", "total", kind="proportion")
    assert [pair for pair in found if pair[1]] == [("53", "57"), ("34", "38"), ("46", "56"), ("23", "35")]


def test_a_number_in_brackets_behind_a_name_may_be_the_size_of_the_group():
    rows = [["", "Sleeve (28)", "Bypass (27)"], ["Cured", "25 (89.3)", "25 (92.6)"], ["Better", "2 (7.1)", "1 (3.7)"]]
    assert totals(rows, caption="Outcomes, no. (%)") == ["28", "27"] * 2
    rows = [["", "Sleeve (36)", "Bypass (37)"], ["Cured", "25 (89.3)", "25 (92.6)"], ["Better", "2 (7.1)", "1 (3.7)"]]
    assert totals(rows, caption="Outcomes, no. (%)") == [""] * 4


def test_sizes_in_words_and_marked_sizes_in_notes():
    rows = [["", "Alfa (n = 205)", "Beta (n = 99)"], ["Bleeding, no. (%)", "9 (4.4)", "2 (2.0)"]]
    rows += [["Ejaculation, no. (%)^a", "3 (3.3)", "3 (5.5)"], ["Ileus, no. (%)", "2 (1.0)", "1 (1.0)"]]
    note = "^a Of 92 men in the alfa arm and 55 men in the beta arm."
    assert totals(rows, caption="Harms", notes=note) == ["205", "99", "92", "55", "205", "99"]
    rows = [["", "Agree, n (%)"], ["One", "16 (84)"], ["Two^a", "15 (83)"], ["Three", "13 (68)"], ["Four", "4 (21)"]]
    assert totals(rows, caption="Clinicians (n=19)", notes="^an=18.") == ["19", "18", "19", "19"]


def test_whole_numbers_of_a_list_of_patients_are_no_counts():
    rows = [["No.", "Age at implant", "Visits"]] + [[str(k), str(40 + k), "3"] for k in range(1, 8)]
    assert of_table(read_table(rows, caption="Characteristics of the patients"), "n", kind="proportion") == []
    rows = [["Domain", "Alfa (n = 25)"]] + [[f"{k}. Item", str(10 + k)] for k in range(1, 8)]
    assert totals(rows, caption="Number of patients who changed") == ["25"] * 7


def test_a_sum_short_of_the_column_by_the_patients_a_note_counts_as_missing_is_the_denominator():
    rows = [["", "", "Alfa (n = 505)"], ["Sex^a", "Male", "244 (49.0%)"], ["", "Female", "254 (51.0%)"]]
    assert totals(rows, caption="Baseline, n (%)", notes="^a Missing: 7.") == ["498"] * 2
    assert totals(rows, caption="Baseline, n (%)", notes="^a Missing: 8.") == [""] * 2
    rows = [["", "", "Alfa (n = 283)"], ["School", "None", "14 (5.6)"], ["", "Some", "238 (94.4)"]]
    assert totals([*rows, ["", "No answer", "31"]], caption="Baseline, n (%)")[:2] == ["252"] * 2


def test_the_number_of_patients_of_a_section_may_stand_in_any_of_its_rows():
    rows = [["", "Index", "All"], ["<td rowspan='3'>Illness</td>", "No n (%)", "269 (74.31%)"]]
    rows += [["Yes n (%)", "93 (25.69%)"], ["N", "362"]]
    assert totals(rows, caption="History")[:2] == ["362"] * 2


def test_percentages_of_a_row_are_of_the_sum_beside_them():
    rows = [["", "Yes", "No", "Sum", "Statistics"], ["Married", "197 (64.8%)", "107 (35.2%)", "304", "P = 0.77"]]
    rows += [["Single", "44 (66.7%)", "22 (33.3%)", "66", ""]]
    assert [t for t in totals(rows, caption="Exposure") if t] == ["304", "304", "66", "66"]


def test_one_column_of_sizes_serves_several_columns_of_percentages():
    rows = [["", "n", "Much better (%)", "Better (%)"], ["Alfa", "99", "27.3", "35.4"], ["Beta", "101", "30.7", "47.5"]]
    assert of_table(read_table(rows, caption="Change"), "percent", "total", kind="proportion")[:2] == [
        ("27.3", "99"),
        ("35.4", "99"),
    ]
    rows = [["", "n", "%", "Cumulative %"], ["Mild", "50", "50", "50"], ["Grave", "50", "50", "100"]]
    assert ("50", "50") in of_table(read_table(rows, caption="Grades"), "n", "percent", kind="proportion")


def test_one_misprint_beside_zeros_does_not_cost_its_column_the_size_of_the_head():
    rows = [
        ["", *(f"{name} (n = 30)" for name in ("Alfa", "Beta", "Gamma"))],
        ["At once", "9 (30)", "2 (6.2)", "3 (10)"],
    ]
    rows += [["Later", "13 (43.3)", "0 (0)", "1 (3.3)"], ["At last", "10 (33.3)", "0 (0)", "2 (6.7)"]]
    assert totals(rows, caption="Agitation, n (%)") == ["30"] * 9


def test_a_size_whose_sign_the_text_layer_of_a_pdf_lost():
    rows = [
        ["", "Poor (N 1110)", "Rich (N 863)"],
        ["Fever", "247 (22.3)", "500 (57.9)"],
        ["Stroke", "58 (5.2)", "125 (14.5)"],
    ]
    assert totals(rows, caption="History, n (%)") == ["1110", "863"] * 2


def test_a_broken_percentage_is_refused_and_says_nothing():
    assert weight("12", "5.1.5", "118") == 0
    rows = [["", "Alfa (n = 25)"], ["Fever", "4 (16)"], ["Score", "8 (30.80.012)"], ["Rash", "5 (20.1.5)"]]
    assert totals(rows, caption="Harms")[:1] == ["25"]


def test_every_kind_of_place_has_a_prior_and_those_printed_beside_a_share_more_than_the_rest():
    assert set(PRIOR) == set(SizePlace)
    assert min(PRIOR[place] for place in PRINTED) > 0 > max(PRIOR[place] for place in OUTSIDE | COUNTS)


def test_the_kinds_of_share_are_those_that_the_table_takes():
    kinds = {column.name: column.choices for column in TABLES["proportions"].columns}["kind"]
    assert set(ShareKind) - {ShareKind.UNSAID} <= set(kinds)
