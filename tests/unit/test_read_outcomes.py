"""What a number of running text is of: outcomes, groups compared, times, criteria (made-up sentences)."""

from __future__ import annotations

import pytest

from resurvey.read import prose
from resurvey.read.lexicon import Arm, Lexicon
from resurvey.read.objects import Claim, Paragraph
from resurvey.read.outcomes import outcomes_in
from resurvey.read.share_groups import joins_groups

TWO = Lexicon((Arm("alfa", "alfa", ("alfa",)), Arm("beta", "beta", ("beta",))))


NONE = Lexicon()


def read(sentence: str, lexicon: Lexicon = NONE) -> list[Claim]:
    return list(prose.claims(Paragraph("p1", ("Abstract",), 1, sentence, "text", "Abstract, par. 1"), lexicon))


def cells(sentence: str, kind: str, *names: str) -> list[tuple[str, ...]]:
    return [tuple(c.cells.get(name, "") for name in names) for c in read(sentence) if c.kind == kind]


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("overall survival and lung cancer mortality", ["OS", ""]),
        ("death from any cause", ["OS"]),
        ("death from heart failure", [""]),
        ("treatment-related deaths", [""]),
        ("distant disease-free survival, then disease-free survival", ["DDFS", "DFS"]),
        ("amputation-free survival", [""]),
        ("time to first transfusion", [""]),
        ("time to progression", ["TTP"]),
        ("TtP and OS", ["TTP", "OS"]),
        ("local relapse after local relapse-free survival", ["", "LRFS"]),
        ("cumulative incidence of stroke", [""]),
        ("12 deaths v 15 deaths", []),
        ("a CR-QoL score", []),
    ],
)
def test_an_outcome_without_a_name_of_ours_displaces_what_it_contains(text, names):
    assert [name for *_, name in outcomes_in(text)] == names


def test_the_endpoint_of_a_ratio_is_the_outcome_nearest_to_it_or_nothing():
    sentence = (
        "Overall survival was longer with alfa (HR 0.71; 95% CI 0.60-0.84) and so was the time to first transfusion "
        "(HR 0.64; 95% CI 0.50-0.82), but not bone marrow relapse-free survival (HR 0.97; 95% CI 0.80-1.18)."
    )
    assert [one for (one,) in cells(sentence, "ratio", "endpoint")][:2] == ["OS", ""]


@pytest.mark.parametrize("level", ["90 percent confidence interval,", "90 per cent CI", "90% CI", "and 90% CI ="])
def test_the_level_of_limits_may_be_in_words(level):
    sentence = f"The hazard ratio for relapse in the alfa group was 0.77, {level} 0.58 to 1.02."
    assert cells(sentence, "ratio", "value", "lower", "upper", "ci_level") == [("0.77", "0.58", "1.02", "90")]


def test_limits_follow_an_abbreviation_in_brackets_and_a_step():
    sentence = "Ratios (HR) were 0.93 for disease-free survival (DFS) (95%CI: 0.71-1.22; p=0.6)."
    assert cells(sentence, "ratio", "value", "lower", "upper", "p") == [("0.93", "0.71", "1.22", "0.6")]
    sentence = "PFS was shorter (HR = 1.31 per 10% increase in the share, 95% CI = 1.12 to 1.53)."
    assert cells(sentence, "ratio", "value", "lower", "upper") == [("1.31", "1.12", "1.53")]
    assert not cells(sentence, "difference", "value")


@pytest.mark.parametrize(
    "sentence",
    [
        "Superiority required a hazard ratio of 0.66 or less.",
        "It was tested whether the hazard ratio was less than 1.80.",
    ],
)
def test_a_criterion_is_no_ratio(sentence):
    assert not cells(sentence, "ratio", "value")


def test_two_words_for_one_ratio_do_not_take_a_rate_of_another_group():
    sentence = (
        "It was 3.1 (hazard ratio [HR], 0.44 [95% CI 0.22-0.88]) and 4.7 in the others (HR, 0.72 [95% CI 0.4-1.3])."
    )
    assert cells(sentence, "ratio", "value") == [("0.44",), ("0.72",)]


def test_a_survival_without_a_time_is_a_rate_whose_time_is_empty():
    sentence = "DFS was 81 percent in the alfa group and 77 percent in the beta group (OS 91% v 90%)."
    assert cells(sentence, "rate", "endpoint", "value", "time") == [
        ("DFS", "81", ""),
        ("DFS", "77", ""),
        ("OS", "91", ""),
        ("OS", "90", ""),
    ]


def test_those_with_an_event_by_a_time_are_no_survival():
    sentence = "The relapse rates at 2 and at 4 years were 12 and 19%, respectively, with alfa and 9 and 14% with beta."
    assert cells(sentence, "proportion", "percent", "time", "item") == [
        ("12", "2", "relapse"),
        ("19", "4", "relapse"),
        ("9", "2", "relapse"),
        ("14", "4", "relapse"),
    ]
    assert not cells(sentence, "rate", "value")


@pytest.mark.parametrize(
    ("sentence", "expected"),
    [
        ("The 3-year rate of local control was 88% with alfa.", [("", "88", "3")]),
        ("PFS at week 16 was 52.5% (alfa) and 50.1% (beta).", [("PFS", "52.5", "16"), ("PFS", "50.1", "16")]),
        ("They lost such cells by 12 months compared with the controls (67% v 35%).", []),
        ("Hair was kept at 6 weeks in 70% of the alfa and 20% of the control group.", []),
        ("Non-inferiority in 24-week PFS needed a lower limit above -12.5%.", []),
        ("The 5-year differences in survival compared with the control group were -0.7% (-1.2 to 0.3).", []),
        ("There was a 44% relative risk reduction in survival at 5 years.", []),
    ],
)
def test_only_survival_at_a_time_is_a_rate(sentence, expected):
    assert cells(sentence, "rate", "endpoint", "value", "time") == expected


@pytest.mark.parametrize(
    "between",
    [
        "% versus ",
        "% for alfa compared with ",
        "% versus alfa plus beta, ",
        " percent in the alfa group and ",
        " percent of the patients who received alfa and ",
        "% alfa vs ",
        "% in treated patients (n = 25) versus ",
        "% (9 events) with alfa versus ",
    ],
)
def test_words_that_name_groups_join_two_percentages(between):
    assert joins_groups(between)


@pytest.mark.parametrize(
    "between", ["% and rash in ", "% had died and ", "%; ", "%, overall survival was ", "% of whom "]
)
def test_words_that_say_more_do_not(between):
    assert not joins_groups(between)


@pytest.mark.parametrize(
    "sentence",
    [
        "The response rate (alfa, 31% versus beta plus gamma, 44%) was lower.",
        "ORR was 31% for alfa compared with 44% for alfa + beta.",
        "The overall response rate was 31 percent with alfa and 44 percent of those who received beta.",
    ],
)
def test_the_second_of_two_groups_has_the_endpoint_of_the_first(sentence):
    assert cells(sentence, "proportion", "endpoint", "percent") == [("ORR", "31"), ("ORR", "44")]


def test_an_adverse_event_is_called_by_its_name():
    sentence = (
        "Grade 3/4 leucopenia occurred more often with alfa (61% versus 43%; P = 0.02); neutropaenia was seen in "
        "24 percent of the patients who received alfa and 12 percent of those who received beta."
    )
    assert cells(sentence, "proportion", "item", "kind", "percent") == [
        ("leucopenia", "adverse_event", "61"),
        ("leucopenia", "adverse_event", "43"),
        ("neutropaenia", "adverse_event", "24"),
        ("neutropaenia", "adverse_event", "12"),
    ]
    assert cells(sentence, "p", "item", "p") == [("leucopenia", "0.02")]


def test_the_percentages_of_groups_are_not_of_all_patients():
    sentence = "Out of 130 evaluable patients, an improvement occurred in 61% for alfa and 50% for beta."
    assert cells(sentence, "proportion", "percent", "total") == [("", ""), ("61", ""), ("50", "")]
    sentence = "A total of 80 women (an accrual rate of 9.5%) took part; RR of the 80 women was 55%."
    assert ("9.5", "") in cells(sentence, "proportion", "percent", "total")


def test_a_yearly_rate_and_an_index_are_no_shares():
    sentence = (
        "There were 38 cases (annualized rate, 0.21%) among 9000 women, and the Ki-67 index fell from 40 to 12.5%."
    )
    assert cells(sentence, "quantity", "value", "unit") == [("0.21", "% per year"), ("40", "%"), ("12.5", "%")]


@pytest.mark.parametrize(
    ("sentence", "counted"),
    [
        ("Fifty patients were entered of a planned total of 170 patients.", ["50"]),
        ("Between 03/94 and 11/97, 61 patients were randomised.", ["61"]),
        ("Biopsies came from 2 mirror-image sites of 40 patients.", ["40"]),
        ("Patients with IHC 1+/2+ tumours improved in two patient domains.", []),
    ],
)
def test_numbers_that_count_no_patients_of_the_trial(sentence, counted):
    assert [n for (n,) in cells(sentence, "proportion", "n")] == counted


def test_responses_need_no_noun():
    sentence = "There were 2 CR, 7 PR and 9 SD."
    assert cells(sentence, "proportion", "n", "endpoint")[:2] == [("2", "CR"), ("7", "PR")]


def test_results_that_mention_the_level_are_no_plan():
    sentence = (
        "Median PFS was 5.1 v 3.0 months (HR, 0.70; 95% CI, 0.49 to 1.01; one-sided P = .03 "
        "[significance level of .10])."
    )
    assert not cells(sentence, "design", "alpha")
    assert cells(sentence, "median", "value") == [("5.1",), ("3.0",)]


def test_a_count_that_no_rule_read_keeps_its_arm():
    """The size of the whole trial takes no arm from the brackets that divide it, nor a subgroup from a sum."""
    sentence = "In all 300 patients were treated (of these 160 by alfa and 140 by beta)."
    arms = {c.cells["n"]: c.cells.get("arm", "") for c in read(sentence, TWO) if c.kind == "proportion"}
    assert arms["300"] == ""
    sentence = "We studied the efficacy of alfa combined with gamma in 450 women."
    assert [c.cells.get("arm", "") for c in read(sentence, TWO)] == [""]


def test_a_later_subject_is_not_follow_up():
    sentence = "At a median follow-up of 40.0 months, response (20% v 22%) and PFS (6 months v 7 months)."
    assert cells(sentence, "follow_up", "value") == [("40.0",)]
    assert cells(sentence, "median", "endpoint", "value") == [("PFS", "6"), ("PFS", "7")]
    sentence = "They were monitored for relapses and deaths for up to 15 years (median 9.7 years)."
    assert cells(sentence, "follow_up", "value") == [("9.7",)]


def test_p_values_in_the_order_of_their_endpoints_and_as_powers_of_ten():
    sentence = "DFS and OS were better with alfa (P = 0.021 and P = 0.043, respectively)."
    assert cells(sentence, "p", "endpoint", "p") == [("DFS", "0.021"), ("OS", "0.043")]
    assert cells("Survival was longer (P = 2×10-6).", "p", "p") == [("2e-6",)]


def test_a_mean_beside_its_deviation_in_words():
    sentence = (
        "Women attended 71% (± standard deviation [SD], 26%) of sessions; fatigue fell [mean (SD) 5.7 (2.5) points]."
    )
    assert cells(sentence, "quantity", "value") == [("71",), ("5.7",)]


def test_a_size_is_named_before_its_dose():
    sentence = "They were assigned to alfa 2 mg daily (n = 101) or beta 40 mg twice weekly (n = 99)."
    assert [item for (item,) in cells(sentence, "proportion", "item")] == ["alfa", "beta"]


def test_dates_have_no_arm():
    sentence = "Women were enrolled in the alfa group from March 2011 to May 2013."
    assert {c.cells.get("arm", "") for c in read(sentence, TWO)} == {""}


@pytest.mark.parametrize(
    ("sentence", "kind"),
    [
        ("The hazard ratio for each additional 5% of the dose was 0.72 (95% CI, 0.57-0.90).", "proportion"),
        ("The difference between the groups was larger than 2.5%.", "proportion"),
        ("This analysis was planned at 380 deaths.", "proportion"),
        ("Equivalence needed 90% and 95% confidence intervals within a day.", "proportion"),
        ("It closed before the target enrollment (N = 200) was reached.", "proportion"),
        ("Both received 20 mL of 0.25% bupivacaine.", "proportion"),
        (
            "Adults with early disease who were advised to take alfa will be assigned; 90 patients will be needed.",
            "arm",
        ),
        ("During follow-up, women aged 50 to 59 years had a reduction in mortality.", "follow_up"),
        ("They had a median follow-up of 2 years and 5 months (IQR 12-52 months).", "follow_up"),
        ("The change was compared with samples collected at 3 months (from another site).", "difference"),
        ("The difference was seen in stage II (90% in the alfa group vs. 64% in the beta group).", "difference"),
    ],
)
def test_numbers_that_are_no_results(sentence, kind):
    assert [c for c in read(sentence) if c.kind == kind and {"value", "n", "percent"} & set(c.cells)] == []


def test_endpoints_and_ratios_in_the_same_order():
    sentence = (
        "The hazard ratios for OS and relapse-free survival (RFS) were 0.61 (95% CI 0.31-1.20; p = 0.2) and 0.47 "
        "(95% CI 0.26-0.85; p = 0.01), respectively."
    )
    assert cells(sentence, "ratio", "endpoint", "value") == [("OS", "0.61"), ("RFS", "0.47")]


def test_values_in_brackets_are_of_the_value_before_them():
    sentence = "The 5-year OS and RFS were 76% (ER+ 87%, ER- 53%) and 54% (ER+ 59%, ER- 42%)."
    assert [one for (one,) in cells(sentence, "rate", "endpoint")] == ["OS"] * 3 + ["RFS"] * 3


@pytest.mark.parametrize(
    ("sentence", "rule"),
    [
        ("No difference was seen in overall survival (HR = 1.07; 95% CI, 0.87 to 1.33).", "text-ratio-interval-said"),
        ("Cardiac survival (HR = 1.07; 95% CI, 0.87 to 1.33) was the same.", "text-ratio-interval"),
        ("PFS was 7 v 8 months (hazard ratio [HR], 1.1; 95% CI, 0.9 to 1.3; P = .4).", "text-ratio-interval-p-said"),
        ("PFS and OS did not differ (HR, 1.1; 95% CI, 0.9 to 1.3; P = .4).", "text-ratio-interval-p"),
    ],
)
def test_the_rule_of_a_ratio_says_whether_its_endpoint_is_plainly_named(sentence, rule):
    assert [c.rule for c in read(sentence) if c.kind == "ratio"] == [rule]


@pytest.mark.parametrize(
    ("sentence", "rule"),
    [
        ("Median overall survival was 13 months.", "text-median-said"),
        ("Alfa prolonged PFS (median, 4 months).", "text-median"),
        ("Median PFS was 6.2 months (2-12).", "text-median-interval-bare"),
        ("Five-year OS was 62%.", "text-rate-said"),
        ("Five-year OS of all randomised patients was 62%.", "text-rate"),
        ("The median follow-up was 8 years.", "text-follow-up-said"),
        ("A total of 118 patients were randomised.", "text-n-noun-entered"),
        ("There were 118 patients with stage II disease.", "text-n-noun"),
        ("The response rate was 31%.", "text-percent-response"),
    ],
)
def test_the_rule_says_how_directly_a_number_stands_behind_what_it_is_of(sentence, rule):
    assert [c.rule for c in read(sentence)] == [rule]


def test_a_p_of_an_interaction_belongs_to_no_ratio():
    sentence = "Rates were alike (HR = 0.93; 95% CI, 0.84 to 1.03; P for interaction = .12)."
    assert cells(sentence, "ratio", "p") == [("",)]
    assert cells(sentence, "p", "p", "test") == [(".12", "interaction")]


def test_limits_glued_to_their_word_and_digits_parted_by_a_blank():
    sentence = "DFS was worse (HR 2.61; 95 % CI1.17-5.82; P<0.000 1)."
    assert cells(sentence, "ratio", "value", "lower", "upper", "p") == [("2.61", "1.17", "5.82", "<0.0001")]


@pytest.mark.parametrize("words", ["Two-hundred", "Two hundred", "Two-hundred and six", "One thousand two-hundred"])
def test_hundreds_with_a_hyphen_are_read_once(words):
    assert [n for (n,) in cells(f"{words} women were randomly allocated.", "proportion", "n")] in (
        [["200"], ["206"], ["1200"]]
    )


def test_p_values_listed_behind_one_letter_and_of_a_trend_by_age():
    sentence = "The groups did not differ (P=0.112, 0.098, and 0.089, respectively)."
    assert cells(sentence, "p", "p") == [("0.112",), ("0.098",), ("0.089",)]
    assert cells("The index rose in older women (P trend by age = 0.016).", "p", "p", "test") == [("0.016", "trend")]


def test_an_index_is_measured_and_patients_by_it_are_counted():
    sentence = "Response was alike in patients with low Ki67 (alfa: 63%, beta: 58%)."
    assert not cells(sentence, "quantity", "value")
    sentence = "Responses (58% for alfa and 62% for beta) and decrease in area (61% for alfa and 55% for beta)."
    assert [one for (one,) in cells(sentence, "proportion", "endpoint")][:2] == ["ORR", "ORR"]
    assert "ORR" not in [one for (one,) in cells(sentence, "proportion", "endpoint")][2:]


def test_a_count_with_a_verb_or_a_total_of_its_own():
    sentence = "Thirty-three patients received alfa, 31 received beta, and 30 received gamma."
    assert [one for (one,) in cells(sentence, "proportion", "item")] == [
        "received alfa",
        "received beta",
        "received gamma",
    ]
    sentence = (
        "Four (4%) of the 99 patients of one group had infections, as did 5 (6%) of the 82 patients of the other."
    )
    assert cells(sentence, "proportion", "n", "total") == [("4", "99"), ("5", "82")]


def test_a_response_by_trait_and_adverse_events_said_without_the_word():
    sentence = "pCR was seen in 10% of patients with trait A, 13% with trait B, and 33% with trait C."
    assert cells(sentence, "proportion", "endpoint", "percent") == [("pCR", "10"), ("pCR", "13"), ("pCR", "33")]
    sentence = "Dermatitis (36% v 69%), pruritus (54% v 81%) and fatigue (9% v 17%) were lower."
    assert {one for (one,) in cells(sentence, "proportion", "kind")} == {"adverse_event"}
