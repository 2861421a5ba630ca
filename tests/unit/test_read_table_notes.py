"""Tables whose numbers belong together by a mark, a note, a statistic in the cell or the words of a row."""

from __future__ import annotations

import pytest

from resurvey.read import claims, draft
from resurvey.read.sources import from_bytes
from resurvey.read.table_cells import parse
from resurvey.read.table_notes import explained, marks, size_giving
from tests.made_papers import TWO_ARMS, jats, of_table, read_table, results, table


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("39 (40.6%)^f", {"f"}),
        ("22 (21.4)^a-c", {"a", "b", "c"}),
        ("Fever^a,c", {"a", "c"}),
        ("Age†", {"†"}),
        ("m^2", set()),
        ("Age (years)", set()),
    ],
)
def test_marks_of_cells_and_labels(text, expected):
    assert marks(text) == expected


def test_the_notes_are_parted_at_their_marks():
    said = explained("AE, adverse event. ^a n = 96 for fever. ^b Of 18 patients readmitted. * In total 40.")
    assert {mark: text.strip() for mark, text in said.items()} == {
        "a": "n = 96 for fever.",
        "b": "Of 18 patients readmitted.",
        "*": "In total 40.",
    }
    assert explained("No marks here: 45 patients.") == {}


def test_of_the_numbers_of_a_note_only_the_one_that_gives_the_percentage_is_a_size():
    text = "Data were available for 82 patients of alfa, 77 of beta (95% of all) and 1,082 of gamma"
    assert size_giving(text, "66", "80.5") == "82"
    assert size_giving(text, "56", "72.7") == "77"
    assert size_giving(text, "12", "50.0") == ""
    assert size_giving("80 or 81 patients", "40", "50") == ""


def test_a_marked_cell_has_the_size_of_its_note_and_a_misprint_in_it_has_not():
    rows = [["", "Alfa (n = 103)", "Beta (n = 97)"]]
    rows += [["Male", "60 (58.3%)", "59 (60.8%)"], ["MRSA", "37 (35.9%)", "39 (40.6%)<sup>a</sup>"]]
    rows += [["Fever", "10 (9.7%)", "18 (15.2%)<sup>a</sup>"]]
    found = read_table(rows, caption="Baseline", notes="<sup>a</sup> n = 96.")
    *known, misprinted = [total for (total,) in of_table(found, "total")]
    assert known == ["103", "97", "103", "96", "103"]
    assert misprinted != "96"


def test_a_marked_row_has_the_sizes_of_its_note_column_by_column():
    rows = [["", "Alfa (n = 102)", "Beta (n = 99)"], ["Multiplex", "27 (26.5)", "24 (24.2)"]]
    rows += [["Farr assay<sup>e</sup>", "66 (80.5)", "56 (72.7)"]]
    note = "<sup>e</sup>Data were available for 82 patients receiving alfa and 77 patients receiving beta."
    assert [t for (t,) in of_table(read_table(rows, caption="Baseline, n (%)", notes=note), "total")] == [
        "102",
        "99",
        "82",
        "77",
    ]


def test_sizes_of_arms_that_add_up_to_the_number_of_the_caption_are_those_of_the_columns():
    first = table([["", "Alfa (n = 177)", "Beta (n = 174)"], ["Male", "15 (8.5)", "18 (10.3)"]], caption="Patients")
    rows = [["", "Alfa", "Beta"], ["Recurrence", "1 (0.6)", "2 (1.1)"], ["Nerve injury", "4 (1.1)", "5 (1.4)"]]
    second = table(rows, caption="Outcomes of 351 patients who completed the study, n (%)", label="Table 2")
    found = claims(from_bytes(jats(results(TWO_ARMS) + first + second).encode(), "made.nxml"))
    late = [c for c in found if c.locator.startswith("Table 2")]
    assert [c.cells.get("total", "") for c in late] == ["177", "174", "", ""]


def test_a_title_over_a_whole_row_is_no_size_of_an_arm():
    first = [["", "Alfa", "Beta"], ["<td colspan='3'>Risk of surgery (n = 600)</td>"], ["n", "300", "300"]]
    first += [["Bleeding", "3 (1.0)", "6 (2.0)"]]
    second = table(
        [["", "Alfa", "Beta"], ["Lost", "23 (7.7)", "26 (8.7)"]], caption="Follow-up, n (%)", label="Table 2"
    )
    text = jats(results(TWO_ARMS) + table(first, caption="Risks") + second)
    found = claims(from_bytes(text.encode(), "made.nxml"))
    assert [c.cells.get("total", "") for c in found if c.locator.startswith("Table 2")] == ["300", "300"]


@pytest.mark.parametrize(
    ("label", "value"),
    [
        ("Adjusted difference vs placebo (95% CI)", "-0.40 (-0.58, -0.21)"),
        ("Treatment difference in change from baseline (95% CI)", "-0.40 (-0.58 to -0.21)"),
        ("Difference versus alfa, mean (SE), (95% CI)", "-0.40 (0.10), (-0.58, -0.21)"),
        ("Mean difference between groups (95% CI)", "-0.40 (-0.58, -0.21); DF = 12, t = 1.8"),
    ],
)
def test_a_row_of_differences_between_groups(label, value):
    rows = [
        ["", "Alfa (n = 50)", "Beta (n = 50)"],
        ["Baseline, mean (SD)", "4.1 (1.1)", "4.2 (1.2)"],
        [label, "-", value],
    ]
    found = of_table(read_table(rows, caption="Outcomes"), "value", "lower", "upper", "ci_level", kind="difference")
    assert found == [("-0.40", "-0.58", "-0.21", "95")]


@pytest.mark.parametrize("label", ["Difference from baseline (95% CI)", "Change from baseline (95% CI)"])
def test_a_change_within_a_group_is_no_difference_between_groups(label):
    rows = [["", "Alfa", "Beta"], ["Mean weight (SD)", "74.1 (1.1)", "74.2 (1.2)"]]
    rows += [[label, "-0.4 (-0.8, -0.1)", "-0.2 (-0.5, 0.1)"]]
    assert of_table(read_table(rows, caption="Mean outcomes"), "value", kind="difference") == []


def test_differences_below_a_title_that_says_so_with_their_p_values():
    rows = [["", "Alfa", "Beta"], ["<td colspan='3'>LS mean (95% CI) treatment differences</td>"]]
    rows += [["Alfa vs beta", "-", "-2.1 (-4.3, 0.2); DF = 414, t statistic = 1.81;<break/>p = 0.0717; ES = -0.20"]]
    found = of_table(read_table(rows, caption="Outcomes"), "value", "lower", "upper", "p", kind="difference")
    assert found == [("-2.1", "-4.3", "0.2", "0.0717")]


@pytest.mark.parametrize(
    "text",
    ["DF = 1, CMH statistic = 0.2508; p = 0.04", "χ2 = 4.32, p = 0.04", "F(1,38) = 5.2, P = 0.04", "t = 2.1; p=0.04"],
)
def test_of_a_test_statistic_with_its_p_value_the_p_value_is_read(text):
    assert [n.text for n in parse(text).numbers] == ["0.04"]
    assert text[parse(text).numbers[0].start :].startswith("0.04")


def test_a_ratio_before_a_p_value_is_no_test_statistic():
    assert [n.text for n in parse("HR 0.85; p = 0.04").numbers] == ["0.85", "0.04"]


def test_a_mean_with_standard_error_and_limits_has_both():
    rows = [["", "Alfa", "Beta"], ["Change, mean (SE), (95% CI)", "0.2 (0.25), (-0.3, 0.7)", "0.6 (0.25), (0.1, 1.1)"]]
    drafts = draft(read_table(rows, caption="Blood pressure"))
    rows = [d.cells for d in drafts if d.table == "quantities"]
    assert [(r["value"], r["lower"], r["upper"]) for r in rows] == [("0.2", "-0.3", "0.7"), ("0.6", "0.1", "1.1")]
    assert "0.25" in rows[0]["note"]
    assert "95 % confidence interval" in rows[0]["note"]


@pytest.mark.parametrize("label", ["Sex ratio (M:F)", "Sex (M/F)", "M:F"])
def test_a_ratio_of_two_categories_is_their_two_counts(label):
    rows = [["", "Alfa (n = 177)", "Beta (n = 174)"], [label, "15:162", "18:156"], ["Old", "5 (2.8)", "4 (2.3)"]]
    rows[1] = [cell.replace(":", "/") if "/" in label else cell for cell in rows[1]]
    found = of_table(read_table(rows, caption="Patients"), "item", "n", "total")
    assert found[:3] == [("M", "15", "177"), ("F", "162", "177"), ("M", "18", "174")]


@pytest.mark.parametrize(
    ("label", "value"), [("Blood pressure (systolic/diastolic)", "140/90"), ("Time to sleep (h:min)", "10:30")]
)
def test_measurements_and_times_of_day_are_no_counts(label, value):
    rows = [["", "Alfa (n = 54)", "Beta (n = 60)"], [label, value, value], ["Male", "12 (22.2)", "15 (25.0)"]]
    assert [n for (n,) in of_table(read_table(rows, caption="Patients"), "n")] == ["12", "15"]


def test_doses_below_the_name_of_their_drug_are_arms_and_not_the_drug():
    head = ["<th></th>", "<th></th>", "<th colspan='3'>Gamma</th>", "<th></th>"]
    rows = [head, ["", "Placebo (n = 80)", "25 mg (n = 40)", "50 mg (n = 50)", "Total (n = 90)", "Delta 4 mg (n = 45)"]]
    rows += [["Headache", "8 (10.0)", "6 (15.0)", "10 (20.0)", "16 (17.8)", "9 (20.0)"]]
    text = (
        "Patients in the gamma group took it daily. The gamma group had more events than the placebo group. "
        "In the gamma group few stopped, in the delta 4 mg group many. The gamma 25 mg group had few events."
    )
    one = table(rows, heads=2, caption="Adverse events, n (%)")
    other = [["", "Placebo (n = 80)", "Gamma 50 mg (n = 50)"], ["Male", "40 (50.0)", "30 (60.0)"]]
    paper = jats(results(text) + one + table(other, caption="Patients, n (%)", label="Table 2"))
    found = claims(from_bytes(paper.encode(), "made.nxml"))
    arms = [c.cells.get("arm", "") for c in found if c.locator.startswith("Table 1")]
    assert arms == ["placebo", "gamma_25_mg", "gamma_50_mg", "gamma", "delta_4_mg"]
    assert {c.cells.get("arm") for c in found if c.locator.startswith("Table 2")} == {"placebo", "gamma_50_mg"}


def test_a_heading_that_compares_two_arms_gives_both_to_the_ratios_below_it():
    head = ["<th></th>", "<th></th>", "<th></th>", "<th colspan='2'>Gamma 1,000 mg versus placebo</th>"]
    rows = [head, ["", "Placebo (n = 80)", "Gamma 1,000 mg (n = 80)", "OR (90% CI)", "P"]]
    rows += [["Response", "8 (10.0)", "16 (20.0)", "2.25 (1.10-4.60)", "0.04"]]
    text = "The placebo group did worse. The gamma 1,000 mg group did better than the placebo group."
    other = table(
        [["", "Placebo (n = 80)", "Gamma 1,000 mg (n = 80)"], ["Male", "40 (50.0)", "40 (50.0)"]], label="Table 2"
    )
    paper = jats(results(text) + table(rows, heads=2, caption="Responses, n (%)") + other)
    (ratio,) = [c.cells for c in claims(from_bytes(paper.encode(), "made.nxml")) if c.kind == "ratio"]
    assert (ratio["arm"], ratio["comparator_arm_id"], ratio["ci_level"]) == ("gamma_1_000_mg", "placebo", "90")


PMC_TABLE = """<section class="tw xbox font-sm" id="T1"><h4 class="obj_head">Table 1.</h4>
<div class="caption p"><p>Baseline of 200 patients</p></div>
<div class="tbl-box p" tabindex="0"><table class="content">
<thead><tr><th></th><th>Alfa (n = 103)</th><th>Beta (n = 97)</th></tr></thead>
<tbody><tr><td>Smith et al<a href="#b13">13</a>, male</td><td>60 (58.3)</td><td>59 (60.8)</td></tr>
<tr><td>Fever<a href="#fn1">a</a></td><td>18 (17.6)</td><td>18 (18.8)</td></tr></tbody></table></div>
<div class="tw-foot p"><div class="fn" id="fn1"><sup>a</sup>
<p>Known in 102 patients of alfa and 96 patients of beta; P &lt; .05.</p></div></div>
</section>"""


def test_html_as_pmc_serves_it_gives_the_rows_of_the_xml_and_reads_caption_and_notes_once():
    text = "".join(f"<p>{sentence}.</p>" for sentence in TWO_ARMS.rstrip(".").split(". "))
    page = (
        "<!DOCTYPE html><html><head><title>Alfa against beta</title></head><body><main><article>"
        f"<section><h2>Results</h2>{text}{PMC_TABLE}<p>Nothing else was found.</p></section>"
        "</article></main></body></html>"
    )
    found = claims(from_bytes(page.encode(), "made.html"))
    assert of_table(found, "n", "total", kind="proportion") == [
        ("60", "103"),
        ("59", "97"),
        ("18", "102"),
        ("18", "96"),
    ]
    assert not [c for c in found if ".r" not in c.spans[0].block and c.kind != "name"]
    assert {c.locator.split(", ")[0] for c in found if ".r" in c.spans[0].block} == {"Table 1"}
    assert any("Smith et al[13], male" in c.locator for c in found)


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("2,878 (2,903.2)", ["2878", "2903.2"]),
        ("1,234,567.5", ["1234567.5"]),
        ("1,074 (88)", ["1074", "88"]),
        ("0.1,0.35", ["0.1", "0.35"]),
    ],
)
def test_a_number_with_thousands_and_decimals_is_one(text, numbers):
    assert [n.text for n in parse(text).numbers] == numbers


def test_counts_printed_with_a_decimal_are_counts_where_their_percentages_bear_it_out():
    rows = [["", "Alfa (n = 50)", "Beta (n = 49)"], ["Female (%)", "42.0 (84.0)", "39.0 (79.6)"]]
    rows += [["Ejection fraction (%), mean (SD)", "50.0 (12.0)", "49.0 (11.0)"], ["Age", "47.0 (8.9)", "46.0 (12.4)"]]
    found = read_table(rows, caption="Baseline characteristics, mean (SD) or N (%)")
    assert of_table(found, "n", "percent", "total", kind="proportion") == [("42", "84.0", "50"), ("39", "79.6", "49")]
    assert any("42.0" in note for claim in found for note in claim.notes)
    assert [v for (v,) in of_table(found, "value", kind="quantity")] == ["50.0", "49.0", "47.0", "46.0"]


BARE = (
    "<table><tr><th></th><th>Alfa (n = 103)</th></tr><tr><td>Fever</td><td>18 (17.5)</td></tr>"
    "<tr><td>Pain<a class='footnote'>a</a></td><td>9 (8.7)</td></tr></table>"
)


@pytest.mark.parametrize(
    ("around", "notes"),
    [
        (f"{BARE}<p class='tfoot'>a Known in 102.</p><p class='tfoot'>b Of 97.</p>", "a Known in 102. b Of 97."),
        (f"<div class='table-wrap'>{BARE}<p class='footnote'>a Known.</p><p class='footnote'>b Of 97.</p></div>",
         "a Known. b Of 97."),
        (f"{BARE}<p>Between.</p><div class='footnote'>Overall, 12% (9/75) left the study.</div>", ""),
    ],
)  # fmt: skip
def test_all_notes_of_an_html_table_are_its_notes_and_other_words_stay_text(around, notes):
    figure = "<div class='fig-caption'>Figure 2. Overall survival (HR 0.71, 95% CI 0.55 to 0.92).</div>"
    page = f"<html><body><h2>Results</h2>{figure}<p>Table 2. Events, n (%)</p>{around}</body></html>"
    document = from_bytes(page.encode(), "made.html")
    assert [table.notes for table in document.tables] == [notes]
    told = " ".join(paragraph.text for paragraph in document.paragraphs)
    assert "HR 0.71" in told
    assert ("12% (9/75)" in told) == (not notes)
