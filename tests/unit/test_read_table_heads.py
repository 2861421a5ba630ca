"""Headings inside the body of a table: other measures, other sizes, a p value beside them."""

from __future__ import annotations

import pytest

from resurvey.read import claims
from resurvey.read.sources import from_bytes
from tests.made_papers import jats, results, table

ARMS = (
    "Patients were assigned to the alfa arm or the beta arm. The alfa arm was older, as the beta arm was not. "
    "In the alfa arm more responded than in the beta arm."
)
TWICE = "<td colspan='2'>{}</td>"


def read(rows, text=ARMS, **options):
    found = claims(from_bytes(jats(results(text) + table(rows, **options)).encode(), "made.nxml"))
    return [c for c in found if ".r" in c.spans[0].block]


def of_kind(found, kind, *names):
    return [tuple(c.cells.get(name, "") for name in names) for c in found if c.kind == kind]


def panels(first="OR (95% CI)", second="MD (95% CI)"):
    """Counts above means, each under its own measures; the second analysis has fewer patients."""
    return [
        ["All patients", "Alfa (n = 200)", "Beta (n = 400)", "", ""],
        ["", TWICE.format("n (%)"), "p", first],
        ["Small", "8 (4.0)", "22 (5.5)", "0.42", "0.7 (0.3; 1.6)"],
        ["", TWICE.format("mean (SD)"), "", second],
        ["Weight", "48.2 ± 2.6", "48.4 ± 2.2", "0.33", "0.2 (-0.2; 0.6)"],
        ["Per protocol", "n = 80", "n = 400", "", ""],
        ["", TWICE.format("n (%)"), "", first],
        ["Small", "4 (5.0)", "22 (5.5)", "0.79", "0.9 (0.3; 2.6)"],
        ["Sex", "", "", "0.68", ""],
        ["Men", "40 (50.0)", "210 (52.5)", "", "0.9 (0.6; 1.5)"],
        ["", TWICE.format("mean (SD)"), "", second],
        ["Weight", "48.6 ± 2.4", "48.5 ± 2.2", "0.52", "-0.2 (-0.7; 0.4)"],
    ]


@pytest.mark.parametrize(
    ("first", "measure"), [("OR (95% CI)", "OR"), ("RR (95% CI)", "RR"), ("Hazard ratio (95% CI)", "HR")]
)
@pytest.mark.parametrize("second", ["MD (95% CI)", "Mean difference (95% CI)"])
def test_each_panel_is_read_under_its_own_measures(first, measure, second):
    found = read(panels(first, second), caption="Outcomes")
    assert of_kind(found, "ratio", "measure", "value", "lower", "upper", "p") == [
        (measure, "0.7", "0.3", "1.6", "0.42"),
        (measure, "0.9", "0.3", "2.6", "0.79"),
        (measure, "0.9", "0.6", "1.5", ""),
    ]
    assert of_kind(found, "difference", "value", "lower", "upper", "p") == [
        ("0.2", "-0.2", "0.6", "0.33"),
        ("-0.2", "-0.7", "0.4", "0.52"),
    ]
    assert of_kind(found, "proportion", "n", "total") == [
        *(("8", "200"), ("22", "400")),
        *(("4", "80"), ("22", "400"), ("40", "80"), ("210", "400")),
    ]
    assert of_kind(found, "p", "p") == [("0.68",)]
    assert [value for (value,) in of_kind(found, "quantity", "value")] == ["48.2", "48.4", "48.6", "48.5"]


def test_the_rows_of_every_panel_keep_their_places():
    found = read(panels(), caption="Outcomes")
    rows = {c.spans[0].block.split(".")[1] for c in found}
    assert rows == {"r2", "r4", "r7", "r8", "r9", "r11"}


def test_the_measure_of_the_first_heading_does_not_reach_below_a_second():
    rows = [["Outcome", "Alfa", "Beta", "Mean difference (95% CI)", "P value"]]
    rows += [["Score", "86.7 (77.7-95.7)", "83.9 (71.3-96.5)", "2.8 (-11.9, 17.5)", "0.70"]]
    rows += [["", TWICE.format("no./total no. (%)"), "Relative risk", ""]]
    rows += [["Oxygen", "3/20 (15)", "2/17 (12)", "1.28 (0.24, 6.76)", "1.00"]]
    found = read(rows, caption="Other outcomes")
    assert of_kind(found, "difference", "value", "p") == [("2.8", "0.70")]
    assert of_kind(found, "ratio", "measure", "value", "p") == [("RR", "1.28", "1.00")]


def test_a_p_value_in_the_row_of_measures_is_read_and_names_no_column():
    rows = [["", "Alfa (n = 198)", "Beta (n = 396)", "p", ""], ["", TWICE.format("n (%)"), "0.73", "OR (95% CI)"]]
    rows += [["Early", "26 (13.1)", "48 (12.1)", "", "1.1 (0.7-1.8)"]]
    found = read(rows, caption="Births")
    assert of_kind(found, "p", "p") == [("0.73",)]
    assert of_kind(found, "ratio", "measure", "value") == [("OR", "1.1")]
    assert of_kind(found, "proportion", "n", "total") == [("26", "198"), ("48", "396")]


@pytest.mark.parametrize("sizes", [["n = 85<sup>a</sup>", "n = 407", ""], ["n = 85", "n = 407", "0.84"]])
def test_a_row_of_sizes_with_a_mark_or_a_p_value_gives_the_sizes_below_it(sizes):
    rows = [["", "Alfa (n = 205)", "Beta (n = 407)", "p"], ["Early", "16 (7.8)", "31 (7.6)", "0.9"]]
    rows += [["Per protocol", *sizes], ["Late", "7 (8.2)", "31 (7.6)", "0.8"]]
    found = read(rows, caption="Outcomes, n (%)")
    assert of_kind(found, "proportion", "n", "total")[2:] == [("7", "85"), ("31", "407")]
    assert len(of_kind(found, "p", "p")) == 2 + bool(sizes[2])


@pytest.mark.parametrize("dose", ["750-mg", "750 mg", "750mg"])
def test_a_dose_in_the_name_of_a_group_is_no_unit_of_its_counts(dose):
    rows = [["", f"Gamma {dose} group (N = 39)", "Placebo group (N = 37)"], ["<td colspan='3'>Disease (n)</td>"]]
    rows += [["Diabetes", "14", "14"], ["Nephritis", "12", "11"]]
    found = read(rows, caption="Patients")
    assert of_kind(found, "proportion", "n", "total") == [("14", "39"), ("14", "37"), ("12", "39"), ("11", "37")]


def test_a_mean_with_the_number_measured_and_a_median_above_its_own():
    rows = [["", "Alfa (n = 39)", "Beta (n = 37)"], ["<td colspan='3'>Phosphorus, mean ± SD (N)</td>"]]
    rows += [
        ["Week 0", "5.71 ± 1.22 (39)", "5.58 ± 1.08 (36)"],
        ["<td colspan='3'>Ferritin, median (quartiles) (N)</td>"],
    ]
    rows += [["Week 0", "39.9 (18.0, 103.9)<break/>(39)", "96.0 (30.4, 177.8)<break/>(37)"]]
    found = read(rows, caption="Laboratory")
    assert of_kind(found, "quantity", "value") == [("5.71",), ("5.58",)]
    assert "of 36 patients" in " ".join(note for c in found for note in c.notes)
    assert of_kind(found, "median", "value") == [("39.9",), ("96.0",)]


def test_a_note_that_says_n_with_a_point_says_counts_with_percentages():
    rows = [
        ["", "Alfa (n = 199)", "Beta (n = 399)"],
        ["Age", "27.2 ± 5.3", "27.1 ± 5.7"],
        ["Smoker", "13 (6.9)", "16 (4.4)"],
    ]
    found = read(rows, caption="Baseline", notes="Data are expressed as means with standard deviation (SD) and n. (%).")
    assert of_kind(found, "proportion", "n", "percent") == [("13", "6.9"), ("16", "4.4")]


def test_times_under_a_heading_with_their_unit_are_no_counts():
    rows = [["Study", "Alfa (N)", "Infusion time (minutes)"], ["First", "92", "30"], ["Second", "30", "45"]]
    assert of_kind(read(rows, caption="Number of patients"), "proportion", "n") == [("92",), ("30",)]


def test_a_median_at_follow_up_is_not_its_length():
    rows = [
        ["", "Alfa (n = 28)", "Beta (n = 29)"],
        ["Age at follow-up (months), median (IQR)", "19.4 (18.3-21.3)", "18.6 (18.2-23.5)"],
    ]
    found = read(rows, caption="Characteristics")
    assert of_kind(found, "follow_up", "value") == []
    assert of_kind(found, "median", "value") == [("19.4",), ("18.6",)]


EFFECTS = (
    "Effect sizes: continuous variables as mean difference (95% CI), categorised variables as odds ratios (95% CI)."
)


def test_an_effect_size_is_what_the_notes_say_of_rows_of_its_kind():
    rows = [["Variable", "Alfa (n = 79)", "Beta (n = 156)", "Effect size (95% CI)", "p value"]]
    rows += [["Birth length (cm)", "51.7 ± 2.4", "51.4 ± 2.4", "-0.3 (-0.9 to 0.3)", "0.351"]]
    rows += [["Preterm birth", "5 (6.3)", "4 (2.6)", "0.4 (0.1 to 1.5)", "0.169"]]
    found = read(rows, caption="Outcomes, mean ± SD or number (%)", notes=EFFECTS)
    assert of_kind(found, "difference", "value", "lower", "upper", "p") == [("-0.3", "-0.9", "0.3", "0.351")]
    assert of_kind(found, "ratio", "measure", "value", "lower", "upper", "p") == [("OR", "0.4", "0.1", "1.5", "0.169")]
    assert not of_kind(found, "median", "value")


def test_where_nothing_says_what_an_effect_is_it_is_no_ratio_and_no_difference():
    rows = [["Variable", "Alfa (n = 79)", "Beta (n = 156)", "Effect size (95% CI)"]]
    rows += [["Preterm birth", "5 (6.3)", "4 (2.6)", "0.4 (0.1 to 1.5)"]]
    found = read(rows, caption="Outcomes, number (%)")
    assert not of_kind(found, "ratio", "value")
    assert not of_kind(found, "difference", "value")


def test_a_difference_with_its_standard_error_has_the_limits_and_the_p_value_of_the_rows_below():
    rows = [["Weight", "Alfa (N = 74)", "Beta (N = 71)"], ["LS mean (SEM)", "-1.35 (0.384)", "-3.84 (0.387)"]]
    rows += [
        ["LS mean difference (SEM)", "-", "-2.49 (0.548)"],
        ["95% CI", "-", "(-3.570 to -1.403)"],
        ["P value", "-", "0.002"],
    ]
    found = of_kind(read(rows, caption="Change in weight"), "difference", "value", "lower", "upper", "ci_level", "p")
    assert found == [("-2.49", "-3.570", "-1.403", "95", "0.002")]


def test_limits_in_their_own_column_are_those_of_the_ratio_beside_them_whatever_the_label_names():
    rows = [["", "Alfa", "Beta", "P-value", "OR", "(95% CI)"]]
    rows += [["Death", "18/123", "14/41", "0.006", "3.03", "(1.34-6.84)"]]
    rows += [["Burst rate in the 1st quartile", "21/103", "12/28", "0.015", "2.93", "(1.20-7.12)"]]
    found = of_kind(read(rows, caption="Outcomes"), "ratio", "value", "lower", "upper")
    assert found == [("3.03", "1.34", "6.84"), ("2.93", "1.20", "7.12")]


def test_a_note_named_by_a_letter_in_a_bracket_gives_the_size_of_its_row():
    rows = [
        ["", "Alfa n = 79", "Beta n = 156"],
        ["Preterm", "5 (6.3)", "4 (2.6)"],
        ["Diabetes<sup>c)</sup>", "9 (12.2)", "8 (5.4)"],
    ]
    note = "Number (%). a) Unadjusted. c) In 221 (alfa n = 74, beta n = 147) women a test was done."
    found = read(rows, caption="Outcomes", notes=note)
    assert of_kind(found, "proportion", "n", "total")[2:] == [("9", "74"), ("8", "147")]


def test_the_number_measured_beside_a_median_is_no_median():
    rows = [["Variable", "n", "Alfa", "n", "Beta"], ["Stay, days, median (IQR)", "48", "11 (6-17)", "51", "12 (5-17)"]]
    assert of_kind(read(rows, caption="Outcomes"), "median", "value") == [("11",), ("12",)]


def test_comorbidities_are_no_harms():
    rows = [["", "Alfa (n = 324)", "Overall (n = 642)"], ["Hypertension, n (%)", "42 (13.0)", "93 (14.5)"]]
    found = read(rows, caption="Demographic characteristics and comorbidities")
    assert of_kind(found, "proportion", "kind", "arm") == [("baseline", "alfa"), ("baseline", "all")]


@pytest.mark.parametrize(("printed", "measure"), [("OR = ", "OR"), ("IRR = ", "RR"), ("aOR: ", "OR"), ("aHR ", "HR")])
@pytest.mark.parametrize("label", ["Violence", "% using contraception"])
def test_a_ratio_with_limits_and_p_value_on_lines_of_one_cell(printed, measure, label):
    rows = [["", "Alfa (n = 590)", "Beta (n = 533)", "Unadjusted"]]
    rows += [
        [
            label,
            "342<break/>(57.97%)",
            "186<break/>(34.90%)<break/>",
            f"{printed}0.38<break/>(0.29-0.50)<break/>p&lt;0.001",
        ]
    ]
    found = read(rows, caption="Effect of the intervention")
    assert of_kind(found, "ratio", "measure", "value", "lower", "upper", "p") == [
        (measure, "0.38", "0.29", "0.50", "<0.001")
    ]
    assert of_kind(found, "proportion", "n", "total") == [("342", "590"), ("186", "533")]
    assert not of_kind(found, "p", "p")


def test_two_sizes_in_a_heading_are_those_of_the_rows_that_they_fit():
    rows = [["", "Alfa (n = 590 men, 605 women)", "Beta (n = 533 men, 557 women)"]]
    rows += [["Men's reports", "382 (64.75)", "401 (75.23)"], ["Women's reports", "364 (60.17)", "195 (35.01)"]]
    found = read(rows, caption="Outcomes, n (%)")
    assert of_kind(found, "proportion", "n", "total") == [
        ("382", "590"),
        ("401", "533"),
        ("364", "605"),
        ("195", "557"),
    ]


@pytest.mark.parametrize("sex", ["Sex", "Gender"])
def test_a_list_of_patients_with_their_age_and_sex_counts_nobody(sex):
    rows = [["Centre", "Random number", "Group", sex, "Age", "Day"]]
    rows += [["01", "053", "Alfa", "Male", "77", "70"], ["01", "054", "Alfa", "Female", "71", "62"]]
    rows += [["02", "068", "Beta", "Male", "57", "95"], ["02", "069", "Beta", "Male", "64", "126"]]
    assert not of_kind(read(rows, caption="Patients deviating from the protocol"), "proportion", "n")


def test_how_the_numbers_of_a_column_are_given_is_no_part_of_its_arm():
    how = "(mean (SD), N (%) or median (25Q-75Q))"
    rows = [["", f"Alfa (n = 50) {how}", f"Beta (n = 49) {how}"], ["Female (%)", "42 (84.0)", "39 (79.6)"]]
    found = read(rows, caption="Baseline characteristics")
    assert of_kind(found, "proportion", "arm", "n", "total") == [("alfa", "42", "50"), ("beta", "39", "49")]
