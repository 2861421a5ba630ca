"""Tables: one made-up table for each class of failure."""

from __future__ import annotations

from resurvey.read import claims
from resurvey.read.sources import from_bytes
from tests.made_papers import jats, table


def read(rows, **options):
    document = from_bytes(jats(table(rows, **options)).encode(), "made.nxml")
    return claims(document)


def cells(found, *names):
    return [tuple(c.cells.get(name, "") for name in names) for c in found]


def test_x_y_is_read_by_head_words_then_by_the_size_of_the_column():
    named = read(
        [
            ["", "A (n=40)"],
            ["Male, n (%)", "10 (25)"],
            ["Age, mean (SD)", "60 (9)"],
            ["Age, median (range)", "61 (34-79)"],
        ]
    )
    assert [c.kind for c in named] == ["proportion", "quantity", "median"]
    by_sum = read([["Sex", "A (n=40)"], ["Male", "10 (25)"], ["Female", "30 (75)"]], caption="Patients")
    assert cells(by_sum, "n", "percent", "total") == [("10", "25", "40"), ("30", "75", "40")]
    turned = read([["Sex", "A (n=40), % (n)"], ["Male", "25 (10)"]])
    assert cells(turned, "n", "percent", "total") == [("10", "25", "40")]
    ratio = read([["Variable", "HR (95% CI)", "P"], ["Age", "0.71 (0.55-0.92)", "0.01"]])
    assert cells(ratio, "measure", "value", "lower", "upper", "p") == [("HR", "0.71", "0.55", "0.92", "0.01")]


def test_a_size_beside_a_rate_is_its_denominator():
    found = read(
        [["Group", "No. of patients", "Response rate (%)", "P"], ["Young", "108", "29", ""], ["Old", "50", "14", ""]],
        caption="Response",
    )
    assert cells(found, "percent", "total") == [("29", "108"), ("14", "50")]


def test_columns_of_counts_and_percentages_make_one_row():
    found = read(
        [
            ["<th rowspan='2'>Event</th>", "<th colspan='2'>A (N=50)</th>", "<th colspan='2'>B (N=40)</th>"],
            ["No.", "%", "No.", "%"],
            ["Nausea", "20", "40", "10", "25"],
        ],
        heads=2,
        caption="Adverse events",
    )
    assert cells(found, "n", "percent", "total", "kind") == [
        ("20", "40", "50", "adverse_event"),
        ("10", "25", "40", "adverse_event"),
    ]


def test_a_size_that_the_percentages_do_not_fit_is_not_linked():
    found = read(
        [
            ["", "A (n=100)"],
            ["<td colspan='2'>HER2</td>"],
            ["&#160;Positive", "30 (37.5)"],
            ["&#160;Negative", "50 (62.5)"],
        ],
        caption="Baseline, n (%)",
    )
    assert {total for (total,) in cells(found, "total")} == {""}
    assert "of 80" in found[0].notes[0]


def test_one_misprint_does_not_take_the_size_from_its_column():
    rows = [["", "A (n=100)"], *[[f"Item {k}", f"{k} ({k}.0)"] for k in range(20, 26)], ["Item 30", "30 (39.0)"]]
    assert {total for (total,) in cells(read(rows, caption="Baseline, n (%)"), "total")} == {"100"}


def test_limits_in_columns_of_their_own_and_p_left_or_right():
    found = read([["Variable", "HR", "Lower 95% CI", "Upper 95% CI", "P"], ["Age", "0.71", "0.55", "0.92", "0.01"]])
    assert cells(found, "value", "lower", "upper", "p") == [("0.71", "0.55", "0.92", "0.01")]
    left = read([["Variable", "P value", "Hazard ratio (95% CI)"], ["Age", "0.01", "0.71 (0.55-0.92)"]])
    assert cells(left, "value", "p") == [("0.71", "0.01")]


def test_limits_and_p_in_rows_below_their_value():
    found = read(
        [
            ["", "A", "B"],
            ["Median OS, months", "8.4", "6.1"],
            ["95% CI", "7.1-9.9", "5.0-7.2"],
            ["Hazard ratio", "0.71", ""],
            ["95% CI", "0.55-0.92", ""],
            ["P value", "0.01", ""],
        ]
    )
    assert cells(found, "value", "lower", "upper", "p") == [
        ("8.4", "7.1", "9.9", ""),
        ("6.1", "5.0", "7.2", ""),
        ("0.71", "0.55", "0.92", "0.01"),
    ]


def test_a_p_below_several_ratios_is_of_none_alone():
    found = read(
        [
            ["", "HR (95% CI)"],
            ["<td colspan='2'>Site</td>"],
            ["&#160;Limb", "1.00"],
            ["&#160;Trunk", "1.41 (1.09-1.81)"],
            ["&#160;Head", "1.23 (0.93-1.63)"],
            ["&#160;p value", "0.03"],
        ]
    )
    assert [(c.kind, c.cells.get("p", "")) for c in found] == [("ratio", ""), ("ratio", ""), ("p", "0.03")]


def test_groups_that_carry_a_size_and_second_heads_in_the_body():
    grouped = read(
        [
            ["", "A", "B"],
            ["<td colspan='3'>Women (n=70)</td>"],
            ["&#160;Responders, n (%)", "35 (50)", ""],
            ["<td colspan='3'>Men (n=30)</td>"],
            ["&#160;Responders, n (%)", "", "6 (20)"],
        ]
    )
    assert cells(grouped, "n", "total") == [("35", "70"), ("6", "30")]
    sized = read(
        [
            ["", "A", "B"],
            ["Whole group", "n = 40", "n = 50"],
            ["&#160;Responders, n (%)", "10 (25.0)", "20 (40.0)"],
            ["Elderly", "n = 20", "n = 10"],
            ["&#160;Responders, n (%)", "10 (50.0)", "2 (20.0)"],
        ]
    )
    assert cells(sized, "n", "total") == [("10", "40"), ("20", "50"), ("10", "20"), ("2", "10")]


def test_several_lines_in_a_cell_are_several_rows():
    found = read(
        [["", "A (n=40)"], ["<td>Sex<break/>Male<break/>Female</td>", "<td><break/>10 (25)<break/>30 (75)</td>"]],
        caption="n (%)",
    )
    assert cells(found, "item", "n", "percent") == [("Sex, Male", "10", "25"), ("Sex, Female", "30", "75")]


def test_two_categories_in_one_cell():
    found = read([["", "A"], ["Male/Female", "52/17"]], caption="Baseline characteristics")
    assert cells(found, "item", "n") == [("Male", "52"), ("Female", "17")]


def test_a_ragged_table_is_refused_by_name_and_the_rest_is_read():
    body = table([["", "A", "B"], ["Male", "10", "20"], ["Female", "5"], ["Old", "7", "8"]], label="Table 4") + table(
        [["", "A (n=40)"], ["Male, n (%)", "10 (25)"]], label="Table 5"
    )
    document = from_bytes(jats(body).encode(), "made.nxml")
    assert any("Table 4" in words and "row 3" in words for words in document.refused)
    assert {c.locator.split(",")[0] for c in claims(document)} == {"Table 5"}


def test_less_than_one_per_cent_keeps_its_sign():
    assert cells(
        read([["", "A (n=400)"], ["Rash, n (%)", "1 (&lt;1)"], ["Fever, n (%)", "1 (&lt;1%)"]]), "n", "percent"
    ) == [("1", "<1"), ("1", "<1")]


def test_a_row_that_is_not_indented_ends_the_section():
    found = read([["", "A (n=40)"], ["Sex", ""], ["&#160;&#160;Male, n (%)", "10 (25)"], ["Smoker, n (%)", "8 (20)"]])
    assert cells(found, "item") == [("Sex, Male, n (%)",), ("Smoker, n (%)",)]


def test_tables_that_are_not_survival_give_no_survival_rows():
    assert (
        read([["Item", "Cost ($)", "Kappa"], ["Drug", "1200.50", "0.83"], ["Visit", "80.25", "0.72"]], caption="Costs")
        == []
    )


def test_grades_of_adverse_events_from_heads():
    found = read(
        [
            ["<th rowspan='2'>Event</th>", "<th colspan='2'>A (n=50)</th>"],
            ["Grade 1-2", "Grade ≥3"],
            ["Nausea", "20 (40)", "5 (10)"],
        ],
        heads=2,
        caption="Adverse events, n (%)",
    )
    assert cells(found, "grade", "n", "item", "total") == [("1-2", "20", "Nausea", "50"), (">=3", "5", "Nausea", "50")]


def test_survival_at_times_under_one_head():
    found = read(
        [
            ["<th rowspan='2'>Group</th>", "<th colspan='2'>Years of follow-up</th>"],
            ["5", "10"],
            ["Controls", "0.46 (0.38-0.54)", "0.61 (0.52-0.69)"],
        ],
        heads=2,
        caption="Probability of recurrence (95% CI)",
    )
    assert cells(found, "time", "time_unit", "value", "lower", "upper", "unit") == [
        ("5", "years", "0.46", "0.38", "0.54", "proportion"),
        ("10", "years", "0.61", "0.52", "0.69", "proportion"),
    ]


def test_partitions_are_named_where_the_counts_add_up():
    found = read(
        [
            ["", "A (n=40)"],
            ["<td colspan='2'>Sex</td>"],
            ["&#160;Male", "10 (25)"],
            ["&#160;Female", "30 (75)"],
            ["<td colspan='2'>Sites</td>"],
            ["&#160;Liver", "20 (50)"],
            ["&#160;Bone", "30 (75)"],
        ],
        caption="Baseline, n (%)",
    )
    assert [bool(c.cells.get("partition")) for c in found] == [True, True, False, False]


def test_a_group_of_none_is_no_denominator():
    found = read([["", "A (n=0)"], ["Male", "10 (25)"], ["Female", "30 (75)"]], caption="Patients, n (%)")
    assert {c.cells.get("total", "") for c in found} == {""}


def test_a_range_below_a_count_is_not_its_interval():
    found = read([["", "A (n=40)"], ["Number of patients", "40"], ["Range", "51-82"]], caption="Baseline")
    assert all("lower" not in c.cells for c in found)


def test_a_p_of_an_interaction_is_not_that_of_the_ratio_beside_it():
    found = read([["Age", "HR (95% CI)", "P for interaction"], ["Young", "0.71 (0.55-0.92)", "0.40"]])
    assert [(c.kind, c.cells.get("p", "")) for c in found] == [("ratio", ""), ("p", "0.40")]


def test_numbers_at_risk_at_their_times():
    found = read(
        [["Months", "0", "6", "12"], ["Drug A", "120", "80", "31"], ["Drug B", "118", "60", "22"]],
        caption="Number at risk, overall survival (months)",
    )
    assert [(c.kind, c.cells["time"], c.cells["time_unit"], c.cells["n_at_risk"]) for c in found][:3] == [
        ("at_risk", "0", "months", "120"),
        ("at_risk", "6", "months", "80"),
        ("at_risk", "12", "months", "31"),
    ]


def test_a_huge_span_or_table_is_refused_and_not_built():
    document = from_bytes(jats(table([["a", "b"], ["<td rowspan='999' colspan='999'>1</td>"]])).encode(), "made.nxml")
    assert any("cells" in words for words in document.refused)


def test_lines_of_a_cell_over_several_rows_go_with_the_rows():
    found = read(
        [
            ["", "A (n=47)"],
            ["Median age, years", '<td rowspan="2">63<break/>40-74</td>'],
            ["Range", ""],
        ]
    )
    assert cells(found, "value", "range_lower", "range_upper") == [("63", "40", "74")]


def test_cells_that_say_what_they_are():
    found = read(
        [
            ["", "Effect (95% CI)", "P"],
            ["Death", "Binary OR 0.73 (0.53 to 0.99)", "0.04"],
            ["Volume", "MD −1.37 (−2.71 to −0.04)", "0.0432"],
        ],
        caption="Outcomes",
    )
    assert [(c.kind, c.cells["value"], c.cells["lower"], c.cells["p"]) for c in found] == [
        ("ratio", "0.73", "0.53", "0.04"),
        ("difference", "-1.37", "-2.71", "0.0432"),
    ]


def test_a_mean_with_its_spread_and_range_is_no_count():
    found = read([["", "A (n=1161)"], ["Age, mean (SD) [range]", "69.1 (13.7) [29–97]"], ["Score", "13 (7.5) [0–41]"]])
    assert all(c.kind == "quantity" for c in found) and found


def test_percentages_of_a_row_have_the_first_column_as_denominator():
    found = read(
        [
            ["", "All, n (%)", "Alive, n (%)", "Dead, n (%)"],
            ["Oral", "242 (50)", "140 (58)", "102 (42)"],
            ["Throat", "160 (33)", "99 (62)", "61 (38)"],
            ["Nose", "80 (17)", "60 (75)", "20 (25)"],
        ],
        caption="Survivors",
    )
    assert [c.cells.get("total") for c in found if c.cells.get("percent") in ("58", "38", "75")] == ["242", "160", "80"]


def test_a_row_above_is_the_denominator_of_the_rows_below_it():
    found = read(
        [
            ["", "A (n=1161)", "B (n=1164)"],
            ["Scan done", "121 (10%)", "128 (11%)"],
            ["Spot positive", "24 (20%)", "32 (25%)"],
            ["Spot negative", "97 (80%)", "96 (75%)"],
        ],
        caption="Baseline",
    )
    shares = [c.cells.get("total", "") for c in found]
    assert shares[2:] == ["121", "128", "121", "128"]


def test_grades_in_rows_and_rows_that_are_no_response():
    harms = read(
        [["", "A (n=40)"], ["Rash (maximum grade)", ""], ["1", "10 (25%)"], ["Any (grade 3–4)", "4 (10%)"]],
        caption="Adverse events",
    )
    assert cells(harms, "grade") == [("1",), ("3-4",)]
    responses = read(
        [["", "A (n=40)"], ["CR", "4 (10%)"], ["SD", "20 (50%)"], ["No CR", "36 (90%)"]], caption="Tumour response"
    )
    assert cells(responses, "kind", "endpoint") == [("response", "CR"), ("response", "SD"), ("response", "")]


def test_responders_by_another_name_are_not_complete_or_partial_ones():
    rows = [["", "A (n=40)"], ["CR/CRi", "4 (10%)"], ["n-PR", "5 (12.5%)"], ["PR", "6 (15%)"], ["SD", "20 (50%)"]]
    responses = read(rows, caption="Best overall response")
    assert [c.cells.get("endpoint", "") for c in responses][2:] == ["PR", "SD"]
    assert [c.cells["item"] for c in responses][:2] == ["CR/CRi", "n-PR"]


def test_an_interval_in_brackets_in_a_column_of_its_own():
    found = read([["", "n (%)", "(95% CI)"], ["CR", "21 (44.7)", "(30.2–59.9)"]], caption="Response (n=47)")
    assert cells(found, "n", "percent", "lower", "upper") == [("21", "44.7", "30.2", "59.9")]


def test_a_group_over_the_arms_is_the_population():
    found = read(
        [
            ["", '<th colspan="2">New lesions</th>', '<th colspan="2">Old lesions</th>'],
            ["", "Drug A (n=216)", "Drug B (n=204)", "Drug A (n=131)", "Drug B (n=112)"],
            ["Median OS, months (95% CI)", "14.6 (12.4-17.1)", "11.3 (9.2-13.4)", "18.0 (14.7-19.7)", "16.7 (14-20)"],
        ],
        heads=2,
    )
    assert [c.cells["population"] for c in found] == ["new lesions"] * 2 + ["old lesions"] * 2


def test_an_interval_on_the_line_below_its_median_belongs_to_it():
    found = read(
        [
            ["", "A (n=40)", "B (n=50)"],
            ["HOMA<break/>mean (SD)", "1.77 (0.77)", "1.82 (0.72)"],
            ["TSH<break/>median (IQR)", "57.3<break/>(35.4-100)", "94.5<break/>(62.1-120)"],
        ]
    )
    assert cells(found, "value", "range_lower", "range_upper") == [
        ("1.77", "", ""),
        ("1.82", "", ""),
        ("57.3", "35.4", "100"),
        ("94.5", "62.1", "120"),
    ]
