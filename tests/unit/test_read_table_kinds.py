"""Kinds of tables that keys of unseen papers showed to be misread: one made-up table for each."""

from __future__ import annotations

import pytest

from resurvey.read import claims, draft
from resurvey.read.sources import from_bytes
from tests.made_papers import jats, of_table, read_table, table


def test_categories_that_add_up_twice_prove_a_denominator_the_table_does_not_print():
    rows = [["", "Number", "Percent"], ["<td colspan='3'>Sex</td>"], ["Female", "30", "37.5"], ["Male", "50", "62.5"]]
    rows += [["<td colspan='3'>Stage</td>"], ["II", "20", "25.0"], ["III", "60", "75.0"]]
    found = read_table(rows, caption="Baseline")
    assert of_table(found, "n", "total")[0] == ("30", "80")
    assert any("sum of the categories" in note for claim in found for note in claim.notes)


def test_one_section_proves_nothing():
    rows = [["", "Number", "Percent"], ["<td colspan='3'>Sex</td>"], ["Female", "30", "37.5"], ["Male", "50", "62.5"]]
    assert {total for (total,) in of_table(read_table(rows, caption="Baseline"), "total")} == {""}


def test_a_size_in_the_text_that_alone_explains_the_percentages_is_their_denominator():
    text = "A total of 48 patients were enrolled. Of these 46 patients were evaluable."
    rows = [["", "No. of patients (%)"], ["Complete response", "7 (15)"], ["Partial", "27 (56)"], ["Stable", "9 (19)"]]
    assert {total for (total,) in of_table(read_table(rows, text, caption="Responses"), "total")} == {"48"}


def test_sizes_in_a_note_are_those_of_the_arms_and_a_second_one_of_the_row_it_explains():
    rows = [["Outcome", "Alfa arm, n (percent)", "Beta arm, n (percent)"]]
    rows += [["Active", "70 (70.0)", "62 (62.0)"], ["Vaccinated", "55 (55.0)", "51 (51.0)"]]
    rows += [["Screened", "20 (25.0)", "10 (12.5)"]]
    note = "Analysis of all (alfa arm, n = 100; beta arm, n = 100). Screened: (alfa arm, n = 80; beta arm, n = 80)."
    found = read_table(rows, caption="Outcomes", notes=note)
    assert [total for (total,) in of_table(found, "total")] == ["100"] * 4 + ["80"] * 2


def test_a_row_of_sizes_with_its_notation_in_brackets_is_the_denominator_of_split_counts():
    rows = [["", "Alfa", "Beta"], ["Patients treated (n)", "12", "14"], ["Male/female", "8/4", "10/4"]]
    assert of_table(read_table(rows, caption="Patients"), "n", "total")[2:4] == [("8", "12"), ("4", "12")]


def test_counts_and_means_under_one_head_are_told_by_arithmetic():
    rows = [
        ["Factor", "n (Percent) or Mean ± SD"],
        ["Falls", "50 (6.7)"],
        ["Pain", "166 (22.2)"],
        ["BMI", "27.2 ± 4.5"],
    ]
    found = read_table(rows, caption="Risks of all (n = 748)")
    assert [(c.kind, c.cells.get("total", "")) for c in found if ".r" in c.spans[0].block] == [
        ("proportion", "748"),
        ("proportion", "748"),
        ("quantity", ""),
    ]


def test_a_daily_average_in_a_label_is_no_mean():
    rows = [
        ["Outcome", "Alfa (n=100)", "Odds ratio (95% CI)"],
        ["Active (daily average ≥ 30 min)", "70 (70)", "1.4 (1.2-1.8)"],
    ]
    assert [c.kind for c in read_table(rows) if ".r" in c.spans[0].block] == ["proportion", "ratio"]


def test_a_ratio_per_step_of_a_covariate_is_read():
    rows = [
        ["Factor", "HR", "95% CI", "P"],
        ["Age", "1.02/y", "1.01-1.04", "0.01"],
        ["Class", "1.2/class", "1.0-1.4", "0.04"],
    ]
    found = of_table(read_table(rows, caption="Cox model"), "value", "lower", "upper", "p", kind="ratio")
    assert found == [("1.02", "1.01", "1.04", "0.01"), ("1.2", "1.0", "1.4", "0.04")]


def test_rates_per_person_time_are_no_ratios_or_survival():
    rows = [["Cause", "Deaths", "Rate per 100 person-years (95% CI)"], ["Heart", "81", "1.32 (1.07-1.65)"]]
    found = read_table(rows, caption="Mortality")
    assert of_table(found, "value", "lower", "upper", "unit", kind="quantity") == [
        ("1.32", "1.07", "1.65", "per 100 person-years")
    ]


QUARTILES = [
    ["", "Alfa (n=40)", "Beta (n=40)"],
    ["<td colspan='3'>Progression-free survival</td>"],
    ["Events, n (%)", "30 (75)", "34 (85)"],
    ["Censored, n (%)", "10 (25)", "6 (15)"],
    ["25% quantile (95% CI), months", "5.5 (3.9-7.2)", "2.8 (1.9-3.6)"],
    ["Median (95% CI), months", "12.9 (10.8-15.1)", "7.4 (5.6-9.1)"],
    ["75% quantile (95% CI), months", "24.1 (20.2-NE)", "NR (12.9-NE)"],
]


def test_quartiles_events_and_censored_patients_join_the_median():
    names = ("value", "lower_quartile", "upper_quartile", "events", "censored")
    assert of_table(read_table(QUARTILES, caption="Efficacy"), *names, kind="median") == [
        ("12.9", "5.5", "24.1", "30", "10"),
        ("7.4", "2.8", "NR", "34", "6"),
    ]
    drafts = [row.cells for row in draft(read_table(QUARTILES)) if row.table == "medians"]
    assert [(row["lower_quartile"], row["censored"]) for row in drafts] == [("5.5", "10"), ("2.8", "6")]


def test_quartiles_in_brackets_beside_a_median_of_time_and_a_second_result_in_the_cell():
    rows = [["", "Alfa", "Beta", "p"], ["PFS", "180 (120/414); 266 ± 55", "216 (88/355); 237 ± 49", "0.62"]]
    rows += [["OS", "592 (192/–); 437 ± 72", "788 (178/950); 583 ± 119", "0.93"]]
    note = "The median number of days (Q1/Q3) and mean ± standard errors are shown."
    found = read_table(rows, caption="Outcome", notes=note)
    assert of_table(found, "endpoint", "value", "lower_quartile", "upper_quartile", kind="median") == [
        ("PFS", "180", "120", "414"),
        ("PFS", "216", "88", "355"),
        ("OS", "592", "192", ""),
        ("OS", "788", "178", "950"),
    ]
    assert [value for (value,) in of_table(found, "value", kind="quantity")] == ["266", "237", "437", "583"]


@pytest.mark.parametrize(
    "cell",
    ["61 (40.7 [32.7-49.0])", "61 (40.7; 32.7-49.0)", "61 (40.7%) [32.7-49.0]", "61 (40.7%; 95% CI 32.7-49.0)"],
)
def test_a_count_with_its_percentage_and_interval_in_the_styles_of_journals(cell):
    found = read_table([["", "Alfa (n=150)"], ["Response, no. (% [95% CI])", cell]], caption="Efficacy")
    assert of_table(found, "n", "percent", "lower", "upper", "total") == [("61", "40.7", "32.7", "49.0", "150")]


def test_a_share_with_total_and_interval_in_one_cell():
    found = read_table([["", "Alfa"], ["Objective response", "61/140 (44%, 35-52)"]], caption="Efficacy")
    assert of_table(found, "n", "total", "percent", "lower", "upper") == [("61", "140", "44", "35", "52")]


def test_the_reference_of_a_section_is_what_its_ratios_are_against():
    rows = [["Factor", "HR", "95% CI"], ["<td colspan='3'>ECOG</td>"], ["0", "Reference", "-"], ["1", "1.5", "1.1-2.1"]]
    rows += [["Age (≥65 vs &lt;65)", "1.3", "1.0-1.7"]]
    found = of_table(
        read_table(rows, caption="Cox model of overall survival"), "population", "comparator_population", kind="ratio"
    )
    assert found[0] == ("ecog, 1", "ecog, 0")
    assert [part.rpartition(", ")[2] for part in found[1]] == ["≥65", "<65"]


def test_the_reference_may_be_an_arm():
    rows = [["Arm", "N", "Deaths", "HR (95% CI)"], ["Alfa", "40", "20", "0.7 (0.5-0.9)"], ["Beta", "38", "28", "1"]]
    found = read_table(rows, caption="Overall survival")
    assert of_table(found, "arm", "comparator_arm_id", kind="ratio") == [("alfa", "beta")]
    assert of_table(found, "n", "total", "kind", "endpoint", kind="proportion")[1] == ("20", "40", "progression", "OS")


def test_events_over_patients_under_an_arm_belong_to_the_arm_and_the_subgroup_of_the_row():
    rows = [["Subgroup", "Alfa events/N", "Beta events/N", "HR (95% CI)"], ["<td colspan='4'>Age</td>"]]
    rows += [["&lt;65 yr", "50/94", "68/100", "0.57 (0.39-0.82)"]]
    found = read_table(rows, caption="Subgroups of progression-free survival")
    assert of_table(found, "arm", "population", "n", "total", "endpoint", kind="proportion") == [
        ("alfa", "age, <65 yr", "50", "94", "PFS"),
        ("beta", "age, <65 yr", "68", "100", "PFS"),
    ]


def test_a_word_of_the_heading_is_no_group_of_patients():
    rows = [["<th rowspan='3'>Event</th>", "<th colspan='2'>Alfa (n=40)</th>"], ["<th colspan='2'>Grade</th>"]]
    rows += [["1-2", "3-4"], ["Nausea", "10", "2"]]
    found = read_table(rows, heads=3, caption="Toxicity")
    assert of_table(found, "population", "grade") == [("", "1-2"), ("", "3-4")]


def test_rows_of_other_work_are_not_the_studys_own():
    rows = [
        ["Study", "Patients", "Median OS (months)"],
        ["Loehrer et al, 2008", "74", "11.0"],
        ["This study", "40", "9.6"],
    ]
    drafts = [row.cells["study_id"] for row in draft(read_table(rows), "paper", "own") if row.table == "medians"]
    assert drafts == ["", "own"]


def test_a_flat_section_ends_where_its_categories_are_complete():
    rows = [
        ["", "Alfa (n=40)"],
        ["Sex, n (%)", ""],
        ["Male", "10 (25)"],
        ["Female", "30 (75)"],
        ["Bone disease", "12 (30)"],
    ]
    found = read_table(rows, caption="Baseline characteristics")
    assert [item for (item,) in of_table(found, "item")] == ["Sex, n (%), Male", "Sex, n (%), Female", "Bone disease"]


def test_a_ratio_column_beats_the_median_of_the_row_and_the_measure_follows_the_endpoint():
    rows = [
        ["", "Alfa", "Hazard ratio or odds ratio (95% CI)"],
        ["Median PFS, months", "12.9 (10.8-15.1)", "0.6 (0.4-0.8)"],
    ]
    rows += [["Objective response", "61/140 (44%)", "1.9 (1.2-3.1)"]]
    assert of_table(read_table(rows), "measure", "endpoint", kind="ratio") == [("HR", "PFS"), ("OR", "ORR")]


def test_a_plus_of_a_running_time_is_no_sign():
    found = read_table([["", "Alfa"], ["Duration of response, median (range), months", "7.6 (0.9+-25.1+)"]])
    assert of_table(found, "value", "range_lower", "range_upper") == [("7.6", "0.9", "25.1")]


def test_a_receptor_is_no_response():
    rows = [["Factor", "HR (95% CI)"], ["ER/PR positive", "0.7 (0.5-0.9)"], ["PR-negative", "1.2 (0.9-1.6)"]]
    found = read_table(rows, caption="Cox model of overall survival")
    assert of_table(found, "endpoint", kind="ratio") == [("OS",), ("OS",)]


def test_each_part_of_a_table_is_read_under_its_own_heading():
    rows = [["", "Alfa arm (n=95)", "Beta arm (n=99)"], ["Safety outcomes", "", ""], ["Bleeding", "19 (20)", "9 (9)"]]
    rows += [["Falls", "38 (40)", "33 (33)"], ["", "Alfa arm", "Beta arm"], ["", "(all) (n=100)", "(all) (n=110)"]]
    rows += [["Efficacy outcomes", "", ""], ["Stroke", "4 (4)", "11 (10)"], ["Death", "10 (10)", "22 (20)"]]
    found = read_table(rows, caption="Efficacy and safety, n (%)")
    assert of_table(found, "n", "total") == [
        ("19", "95"),
        ("9", "99"),
        ("38", "95"),
        ("33", "99"),
        ("4", "100"),
        ("11", "110"),
        ("10", "100"),
        ("22", "110"),
    ]
    block = next(claim.spans[0].block for claim in found if claim.cells.get("n") == "22")
    assert block == "t1.r8.c2"
    assert [kind for (kind,) in of_table(found, "kind")][:1] == ["adverse_event"]
    assert "adverse_event" not in [kind for (kind,) in of_table(found, "kind")][4:]


def test_a_ratio_of_one_is_an_estimate_where_its_limits_have_columns():
    rows = [["", "HR", "95% CI lower", "95% CI upper", "P"], ["Score", "1.0", "0.9", "1.2", ".65"]]
    found = of_table(read_table(rows, caption="Cox model"), "value", "lower", "upper", "p", kind="ratio")
    assert found == [("1.0", "0.9", "1.2", ".65")]


def test_the_dose_in_the_name_of_a_group_makes_no_measurement_of_its_counts():
    rows = [["", "Alfa 10 mg (n=95)", "Placebo (n=99)"], ["Type 3", "5 (5)", "6 (6)"], ["Type 5", "0", "0"]]
    assert of_table(read_table(rows, caption="Bleeding, n (%)"), "n", "total")[2:] == [("0", "95"), ("0", "99")]


def test_a_size_after_n_and_a_point():
    assert of_table(read_table([["", "Pts n.912"], ["Female, n (%)", "835 (91.6)"]]), "n", "total") == [("835", "912")]


def test_an_arm_and_a_grade_in_one_heading():
    found = read_table(
        [["", "Alfa, grade 3-4 (n=39)", "All grades, beta (n=40)"], ["Nausea", "2 (5)", "1 (2)"]], caption="Toxicity"
    )
    assert of_table(found, "arm", "grade", "total") == [("alfa", "3-4", "39"), ("beta", "any", "40")]


@pytest.mark.parametrize(
    ("label", "groups"),
    [
        ("ECOG 1 versus 0", ("ecog, 1", "ecog, 0")),
        ("Nodes positive vs negative", ("nodes, positive", "nodes, negative")),
        ("Stage (IV v III)", ("stage, iv", "stage, iii")),
        ("Alfa versus beta", ("", "")),
    ],
)
def test_the_two_groups_of_a_ratio_in_its_label(label, groups):
    found = read_table([["Factor", "HR (95% CI)"], [label, "1.5 (1.1-2.2)"]], caption="Cox model of overall survival")
    assert of_table(found, "population", "comparator_population", kind="ratio") == [groups]


def test_a_time_in_a_label_is_no_group_of_patients():
    rows = [
        ["", "Alfa", "Beta"],
        ["OS rate, % (95% CI)", "", ""],
        ["12 months", "82.1 (75.0-87.4)", "74.0 (66.2-80.3)"],
    ]
    rows += [["PFS, median, mo", "12.9", "7.4"]]
    found = read_table(rows, caption="Survival estimates")
    assert of_table(found, "endpoint", "time", "population", kind="rate") == [("OS", "12", "")] * 2
    assert of_table(found, "endpoint", "value", kind="median") == [("PFS", "12.9"), ("PFS", "7.4")]


def test_arms_in_rows_and_responses_in_columns():
    rows = [
        ["Treatment", "N", "CR", "SD", "PD", "ORR, % (95% CI)"],
        ["Alfa", "140", "6 (4)", "50 (36)", "20 (14)", "44 (35-52)"],
    ]
    found = read_table(rows, caption="Response by arm")
    shares = of_table(found, "endpoint", "n", "total", "percent", kind="proportion")[1:]
    assert shares == [
        ("CR", "6", "140", "4"),
        ("SD", "50", "140", "36"),
        ("PD", "20", "140", "14"),
        ("ORR", "", "140", "44"),
    ]


def test_stable_disease_is_no_standard_deviation():
    rows = [["", "Alfa (n=140)"], ["PR", "55 (39)"], ["SD", "50 (36)"]]
    assert of_table(read_table(rows, caption="Best response"), "endpoint", "n", "percent") == [
        ("PR", "55", "39"),
        ("SD", "50", "36"),
    ]


def test_deaths_over_patients_is_a_count_of_its_total():
    rows = [["", "Alfa", "Beta"], ["Deaths/patients", "72/150", "90/151"]]
    assert of_table(read_table(rows), "n", "total") == [("72", "150"), ("90", "151")]


def test_medians_take_unit_and_size_from_the_headings_of_their_group():
    rows = [
        [
            "<th rowspan='2'>Subgroup</th>",
            "<th colspan='2'>No. of patients</th>",
            "<th colspan='2'>Median OS, months</th>",
        ]
    ]
    rows += [["Alfa", "Beta", "Alfa", "Beta"], ["ECOG 0", "90", "88", "33.0 (28.1-NE)", "25.2 (20.9-31.0)"]]
    found = read_table(rows, heads=2, caption="Subgroups")
    assert of_table(found, "arm", "unit", "n", kind="median") == [("alfa", "months", "90"), ("beta", "months", "88")]


def test_a_percentage_with_its_quartiles_is_no_share():
    rows = [["", "Alfa (n=150)"], ["Ki-67 (%)", "20 (10-35)"]]
    found = read_table(rows, caption="Baseline characteristics", notes="Data are n (%) or median (IQR).")
    assert [c.kind for c in found if ".r" in c.spans[0].block] == ["median"]


def test_a_table_without_cells_is_passed_over():
    empty = "<table><thead><tr/></thead><tbody><tr/><tr/><tr/><tr/></tbody></table>"
    empty = f"<table-wrap><label>Table 2</label>{empty}</table-wrap>"
    found = claims(from_bytes(jats(empty + table([["", "A (n=40)"], ["Old", "10 (25)"]])).encode(), "made.nxml"))
    assert of_table(found, "n", "total") == [("10", "40")]


def test_sizes_of_a_section_are_not_lost_to_one_printed_elsewhere():
    text = (
        "In the alfa arm (n = 136) and the beta arm (n = 129) most were older. The alfa arm and the beta arm did well."
    )
    rows = [["", "Alfa", "Beta"], ["FOSI", "n=117", "n=115"], ["Improved", "20 (17.1)", "17 (14.8)"]]
    rows += [["Same", "74 (63.2)", "74 (64.3)"], ["Worse", "20 (17.1)", "21 (18.3)"], ["TOI", "n=115", "n=115"]]
    rows += [
        ["Improved", "23 (20.0)", "20 (17.4)"],
        ["Same", "60 (52.2)", "65 (56.5)"],
        ["Worse", "32 (27.8)", "30 (26.1)"],
    ]
    totals = [total for (total,) in of_table(read_table(rows, text, caption="Quality of life, n (%)"), "total")]
    assert totals == ["117", "115"] * 3 + ["115", "115"] * 3


def test_a_time_point_is_no_unit_and_the_reference_no_estimate():
    rows = [["Factor", "OR", "95% CI lower", "OR (adjusted)"], ["No", "1", "", "1"], ["Yes", "1.6", "1.1", "1.4"]]
    assert [c.cells["value"] for c in read_table(rows, caption="Logistic model") if c.kind == "ratio"] == ["1.6", "1.4"]
    rows = [["", "6 months", "18 months"], ["Ferritin, median (IQR)", "9.6 (8.0-11.1)", "8.7 (7.0-10.1)"]]
    assert of_table(read_table(rows, caption="Iron"), "unit") == [("",), ("",)]


def test_a_size_in_the_label_of_a_row_is_its_own():
    rows = [
        ["", "All (n = 199)", "Deceased (n = 79)"],
        ["Female", "148 (74)", "53"],
        ["Smoker (n = 169)", "6 (4)", "2"],
    ]
    assert of_table(read_table(rows, caption="Baseline characteristics, n (%)"), "n", "total") == [
        ("148", "199"),
        ("53", "79"),
        ("6", "169"),
        ("2", ""),
    ]


def test_a_head_of_ratio_or_difference_is_told_by_the_row():
    rows = [["", "Alfa (n=161)", "Beta (n=163)", "RR^*or difference^†(95% CI)"]]
    rows += [["Mortality", "55 (34%)", "38 (23%)", "1·47^* (1·03 to 2·08)"]]
    rows += [["Days free of it", "8·5 (8·8)", "11·1 (9·3)", "−2·7^† (−4·7 to −0·7)"]]
    found = read_table(rows, caption="Outcomes")
    assert [(c.kind, c.cells["value"]) for c in found if c.cells.get("lower")] == [
        ("ratio", "1.47"),
        ("difference", "-2.7"),
    ]


def test_events_above_the_size_of_their_column_take_no_denominator_and_cost_the_others_none():
    rows = [
        ["", "Early (n = 76)", "Late (n = 49)"],
        ["Infection", "51", "38"],
        ["Stroke", "2", "10"],
        ["Fracture", "4", "2"],
    ]
    rows += [["Fallers", "53", "46"], ["Anaemia", "7", "3"], ["Number of falls", "70", "208"]]
    totals = [total for (total,) in of_table(read_table(rows, caption="Complications"), "total")]
    assert totals == ["76", "49"] * 5 + ["", ""]


def test_to_set_close_to_its_number_and_a_caption_whose_years_are_not_the_unit():
    rows = [["", "Alfa, mean (95% CI)"], ["MMSE score", "−0.69(−1.18to −0.20)"]]
    found = read_table(rows, caption="Changes of scores, adjusted for age in years")
    assert of_table(found, "value", "lower", "upper", "unit") == [("-0.69", "-1.18", "-0.20", "")]


@pytest.mark.parametrize(("total", "expected"), [("40", {"40"}), ("0", {""})])
def test_a_row_of_the_total_of_a_section_is_its_denominator(total, expected):
    rows = [["", "Number (%)"], ["<td colspan='2'>Grade of those who were graded</td>"]]
    rows += [["One", "10 (25.0)"], ["Two", "30 (75.0)"], ["Total", f"{total} (100)"]]
    found = of_table(read_table(rows, "Eighty patients were seen.", caption="Baseline"), "n", "total")
    assert {size for n, size in found if n in ("10", "30")} == expected


def test_a_dose_names_a_group_and_a_pair_is_read_as_its_row():
    rows = [["Dosage", "3 mg kg^−1 q3w", "6 mg kg^−1 q3w", "Total"], ["Patients treated", "17", "20", "37"]]
    rows += [["Male", "8 (47)", "17 (85)", "26 (68)"], ["Death", "0", "2 (10)", "2 (5)"]]
    found = read_table(rows, caption="Summary of the patients")
    assert of_table(found, "n", "percent", "total")[3:] == [
        ("8", "47", "17"),
        ("17", "85", "20"),
        ("26", "68", "37"),
        ("0", "", "17"),
        ("2", "10", "20"),
        ("2", "5", "37"),
    ]
