"""Running text: one made-up sentence or two for each class of failure."""

from __future__ import annotations

import pytest

from resurvey.read import prose
from resurvey.read.lexicon import Arm, Lexicon
from resurvey.read.normal import plain
from resurvey.read.objects import Claim, Paragraph

ARMS = Lexicon(tuple(Arm(name.replace(" ", "_"), name, (name,)) for name in ("drug a", "drug b")))


def read(sentence: str, *, section: str = "Results", lexicon: Lexicon = ARMS) -> list[Claim]:
    return list(prose.claims(Paragraph("p1", (section,), 1, sentence, "text", f"{section}, par. 1"), lexicon))


def cells(sentence: str, kind: str, *names: str, **options) -> list[tuple[str, ...]]:
    return [tuple(c.cells.get(name, "") for name in names) for c in read(sentence, **options) if c.kind == kind]


RATIO = ("measure", "value", "lower", "upper", "ci_level", "p")


@pytest.mark.parametrize(
    ("sentence", "expected"),
    [
        ("HR 0.71, 95% CI 0.55-0.92, P=0.010", ("HR", "0.71", "0.55", "0.92", "95", "0.010")),
        (
            "Hazard ratio for death, 0.74 (95.4% CI, 0.61 to 0.91; P = 0.004)",
            ("HR", "0.74", "0.61", "0.91", "95.4", "0.004"),
        ),
        ("hazard ratio: 0.923; 95% CI: 0.869–0.980; P<0.009", ("HR", "0.923", "0.869", "0.980", "95", "<0.009")),
        ("odds ratio [OR], 1·37 [95% confidence interval 0·56, 3·46]", ("OR", "1.37", "0.56", "3.46", "95", "")),
        ("the relative risk was 1.20 (0.90 to 1.60)", ("RR", "1.20", "0.90", "1.60", "", "")),
        ("the hazard ratio was 0,71 (95% CI, 0,55 to 0,92; P = 0,009)", ("HR", "0.71", "0.55", "0.92", "95", "0.009")),
        ("(P = 0.03; HR 0.54 [95% CI 0.30–0.99])", ("HR", "0.54", "0.30", "0.99", "95", "0.03")),
        (
            "HR with drug A compared with drug B was 0.82 (95% confidential interval 0.67-0.1)",
            ("HR", "0.82", "0.67", "0.1", "95", ""),
        ),
    ],
)
def test_a_ratio_keeps_its_interval_and_p_in_every_form(sentence, expected):
    assert cells(f"There was a difference ({sentence}).", "ratio", *RATIO) == [expected]


def test_two_ratios_and_one_p_are_not_forced_together():
    sentence = "HRs were 0.9 and 0.8 for PFS and OS (P&lt;0.001).".replace("&lt;", "<")
    assert cells(sentence, "ratio", "value", "endpoint", "p") == [("0.9", "PFS", ""), ("0.8", "OS", "")]
    assert cells(sentence, "p", "p") == [("<0.001",)]


def test_numbers_without_a_noun_share_that_of_the_list():
    assert cells(
        "Patients were randomised, with 301 in the drug A arm and 297 in the drug B arm.", "proportion", "n", "arm"
    ) == [
        ("301", "drug_a"),
        ("297", "drug_b"),
    ]
    assert cells("A total of 300 patients (150 in each arm) took part.", "proportion", "n") == [("300",), ("150",)]
    assert cells("Diarrhoea was seen in five, nine and two of the patients.", "proportion", "n") == [
        ("5",),
        ("9",),
        ("2",),
    ]


def test_an_interval_in_brackets_needs_no_words():
    assert cells(
        "The 3-year survival was 31.0% (22.1-40.2) versus 44.5% (35.0-54.1).", "rate", "time", "value", "lower", "upper"
    ) == [
        ("3", "31.0", "22.1", "40.2"),
        ("3", "44.5", "35.0", "54.1"),
    ]


def test_a_range_is_one_row_and_never_two_values():
    claims = read("Response rates range from 12 to 40% and relapse follows in >5-10% of patients after 1 to 3 months.")
    assert [(c.kind, c.cells["lower"], c.cells["upper"]) for c in claims] == [
        ("quantity", "12", "40"),
        ("quantity", ">5", "10"),
    ]


def test_a_time_of_a_rate_is_no_median():
    claims = read("PFS at 2 and 3 years was 45% and 38%; the 2-year and 3-year OS were 61% and 52%.")
    assert [(c.kind, c.cells["endpoint"], c.cells["time"], c.cells["value"]) for c in claims] == [
        ("rate", "PFS", "2", "45"),
        ("rate", "PFS", "3", "38"),
        ("rate", "OS", "2", "61"),
        ("rate", "OS", "3", "52"),
    ]


@pytest.mark.parametrize(
    ("sentence", "expected"),
    [
        ("OS at 1, 3 and 5 years was 90%, 70% and 61%.", [("1", "90"), ("3", "70"), ("5", "61")]),
        (
            "The 1-, 3-, and 5-year OS rates were 90%, 70% and 61%, respectively.",
            [("1", "90"), ("3", "70"), ("5", "61")],
        ),
        ("OS was 61% at 3 years and 52% at 5 years.", [("3", "61"), ("5", "52")]),
    ],
)
def test_lists_of_times_and_values_are_paired_in_order(sentence, expected):
    assert cells(sentence, "rate", "time", "value") == expected


def test_lists_that_cannot_be_paired_for_sure_are_marked_so():
    claims = read("OS rates at 1 and 2 years were 68.5, 41.4 and 56.8, 26.2%.")
    assert {c.rule for c in claims} == {"text-rate-loose"}


def test_names_with_digits_are_no_results():
    assert (
        read("Patients had S-1, 5-FU and IL-6 with grade 3/4 toxicity at 40 mg/cm^2 in study 302, per 1000 units.")
        == []
    )
    assert read("Table 2 and Figure 3 show days 1, 8 and 15 of each 21-day cycle of T-DM1.") == []


def test_an_abbreviation_means_what_the_paper_says():
    lexicon = Lexicon(short={"HR": frozenset({"hormone receptor"})})
    assert cells("HR was 0.80 in most.", "ratio", "value", lexicon=lexicon) == []
    assert cells(
        "The response rate (RR) was 42.5% (51 of 120).", "proportion", "n", "total", "percent", "endpoint"
    ) == [("51", "120", "42.5", "ORR")]


def test_a_misprint_is_kept_as_printed():
    assert cells("The median OS was 8.0 months (95% CI 8.6-7.6).", "median", "value", "lower", "upper") == [
        ("8.0", "8.6", "7.6")
    ]


def test_another_studys_result_is_marked():
    claims = read("In earlier work [12], median PFS was 9.6 months with drug A.", section="Discussion")
    assert claims[0].cells["cited"] == "yes" and "another study" in claims[0].notes[0]
    assert "cited" not in read("Median PFS was 9.6 months with drug A.")[0].cells


def test_a_design_sentence_is_one_row_with_all_it_assumes():
    sentence = (
        "We assumed a median PFS of 5.0 months in the control arm; "
        "64 events gave 80% power to detect a hazard ratio of 0.70 "
        "at a two-sided alpha of 5%, requiring 120 patients."
    )
    (claim,) = read(sentence, section="Methods")
    assert claim.kind == "design"
    expected = {"power": "80", "alpha": "5", "hazard_ratio": "0.70", "events": "64", "patients": "120", "sides": "2"}
    assert claim.cells.items() >= (expected | {"null_median": "5.0"}).items()


@pytest.mark.parametrize(
    ("sentence", "expected"),
    [
        ("The objective response rate was 70.0% (70/100; 95% CI 60.0–78.8).", ("70", "100", "70.0", "60.0", "78.8")),
        ("Of the 120 patients, 51 (42.5%) had a response.", ("51", "120", "42.5", "", "")),
        ("Four of 28 (14.3%) patients had symptoms.", ("4", "28", "14.3", "", "")),
        ("Fever was seen in three patients (8.8%).", ("3", "", "8.8", "", "")),
        ("24 (24%) of 100 patients had fever.", ("24", "100", "24", "", "")),
    ],
)
def test_counts_percentages_and_denominators_belong_together(sentence, expected):
    found = cells(sentence, "proportion", "n", "total", "percent", "lower", "upper")
    assert expected in found
    assert len(found) <= 2


def test_medians_follow_up_and_age():
    assert cells(
        "Median follow-up was 20.1 months (range, 1.3–38.2).", "follow_up", "value", "range_lower", "range_upper"
    ) == [("20.1", "1.3", "38.2")]
    assert cells(
        "Median age was 61 years (range 34–79).", "median", "endpoint", "value", "range_lower", "range_upper"
    ) == [("age", "61", "34", "79")]
    assert cells("Median PFS and OS were 8.4 and 20.1 months.", "median", "endpoint", "value") == [
        ("PFS", "8.4"),
        ("OS", "20.1"),
    ]
    assert cells("The median OS was not reached (95% CI 24.1-NR).", "median", "value", "lower", "upper") == [
        ("NR", "24.1", "NR")
    ]


def test_an_arm_is_given_where_the_words_leave_no_doubt_and_else_left_empty():
    paired = "The median PFS was 8.4 months in the drug A arm and 6.1 months in the drug B arm."
    assert cells(paired, "median", "value", "arm") == [("8.4", "drug_a"), ("6.1", "drug_b")]
    runs = "Compliance was 85%, 86% and 84% with drug A and 69%, 70% and 71% with drug B."
    assert [arm for (arm,) in cells(runs, "proportion", "arm")] == ["drug_a"] * 3 + ["drug_b"] * 3
    loose = "Compliance was 85%, 86% and 84% with drug A or drug B."
    assert {arm for (arm,) in cells(loose, "proportion", "arm")} == {""}


def test_dates_and_registry_numbers():
    claims = read("Between February 2008 and 3 March 2010, 80 patients were enrolled (NCT00000001).")
    assert [(c.kind, c.cells.get("value") or c.cells.get("registry_id") or c.cells.get("n")) for c in claims] == [
        ("follow_up", "2008-02"),
        ("follow_up", "2010-03-03"),
        ("proportion", "80"),
        ("trial", "NCT00000001"),
    ]


def test_spans_mark_the_printed_numbers():
    sentence = "First, nothing. The hazard ratio was 0·71 (95% CI 0·55–0·92)."
    (claim,) = [c for c in read(sentence) if c.kind == "ratio"]
    assert [sentence[span.start : span.end] for span in claim.spans] == ["0·71", "0·55", "0·92"]


@pytest.mark.parametrize(
    "piece", ["HR ", "95% CI ", "1, ", "median (", "12 of ", "0.5-", "p=", "a ", "1-year ", "(((", "respectively "]
)
def test_long_lines_take_linear_time(piece):
    """No timing here: a pattern that backtracks would not come back from these at all."""
    read(piece * 6000)


@pytest.mark.parametrize(
    ("printed", "expected"),
    [
        ("HR 0,64 (95% CI 0,5-0,82)", "HR 0.64 (95% CI 0.5-0.82)"),
        ("a median of 8,4 months (6,2-10,1)", "a median of 8.4 months (6.2-10.1)"),
        ("p=0,001 with 1,2 of HR 0.64", "p=0.001 with 1,2 of HR 0.64"),
        ("0,64 (0,50-0,82), p=0.03", "0.64 (0.50-0.82), p=0.03"),
        ("1,035 patients, ECOG 0,1 or 2, grades 1,2 and 3", "1,035 patients, ECOG 0,1 or 2, grades 1,2 and 3"),
        (
            "as in trials1,2 months later [1,2-5,6] and ^1,2 years",
            "as in trials1,2 months later [1,2-5,6] and ^1,2 years",
        ),
        ("10,000 to 12,000 and 0,1,2", "10,000 to 12,000 and 0,1,2"),
    ],
)
def test_a_decimal_comma_is_a_point_where_it_can_be_nothing_else(printed, expected):
    assert plain(printed) == expected and len(plain(printed)) == len(printed)


@pytest.mark.parametrize(
    ("sentence", "expected"),
    [
        (
            "Patients were enrolled between 3 March 2012 and 5 June 2014.",
            [("enrolment start", "2012-03-03"), ("enrolment end", "2014-06-05")],
        ),
        (
            "The primary data cut of 21 March 2014 came before 3 randomised patients of 16 March 2016.",
            [("data cut-off", "2014-03-21")],
        ),
        ("Three patients were included on 2 May 2012, 3 May 2012 and two withdrew.", []),
    ],
)
def test_dates_of_enrolment_are_two_that_a_word_joins(sentence, expected):
    assert cells(sentence, "follow_up", "item", "value") == expected


@pytest.mark.parametrize("text", ["2%", "(2%).", "[2%]", ": 2%"])
def test_a_sentence_that_begins_with_its_number_is_read(text):
    assert [c.cells["percent"] for c in read(text) if c.kind == "proportion"] in ([], ["2"])
