"""Sentences as abstracts of trials print them: made-up examples, one for each kind of fault seen in real ones."""

from __future__ import annotations

import pytest

from resurvey.read import prose, sentences
from resurvey.read.lexicon import Lexicon
from resurvey.read.normal import plain
from resurvey.read.objects import Claim, Paragraph


def read(sentence: str) -> list[Claim]:
    return list(prose.claims(Paragraph("p1", ("Abstract",), 1, sentence, "text", "Abstract, par. 1"), Lexicon()))


def cells(sentence: str, kind: str, *names: str) -> list[tuple[str, ...]]:
    return [tuple(c.cells.get(name, "") for name in names) for c in read(sentence) if c.kind == kind]


@pytest.mark.parametrize(
    ("printed", "same"), [("> or = 3", "    >= 3"), ("P < /= 0.05", "P   <= 0.05"), ("a >/=2", "a  >=2")]
)
def test_a_sign_spelt_out_is_a_sign_and_keeps_the_length(printed, same):
    assert plain(printed) == same


def test_a_grade_with_a_sign_spelt_out_is_no_count():
    sentence = "Toxicity included grade > or = 3 neutropenia (2% and 45%; P < or = 0.01)."
    assert cells(sentence, "proportion", "n", "percent", "grade") == [("", "2", ">=3"), ("", "45", ">=3")]
    assert cells(sentence, "p", "p") == [("≤0.01",)]


@pytest.mark.parametrize(
    "sentence",
    [
        "Weight loss of more than 5% was frequent.",
        "Grade 3 toxicity did not exceed 15% in either arm.",
        "Response was defined by at least a 50% decrease of the marker.",
        "Most patients had a performance status > or = 70%.",
    ],
)
def test_a_threshold_is_no_result(sentence):
    assert cells(sentence, "proportion", "percent") == []


def test_an_abbreviation_in_capitals_ends_a_sentence():
    text = "Rates were 11% for those receiving ST. After two years, 79 deaths were observed."
    assert [text[a:b].strip() for a, b in sentences.split(text)] == [text[:38], text[39:]]
    assert len(sentences.split("The St. Mary score and Dr. Green agreed.")) == 1


def test_counts_of_scores_keep_their_counts():
    sentence = "Performance status was 0 in 79 (42%) patients, 1 in 77 (41%) patients, and 2 in 32 (17%) patients."
    assert cells(sentence, "proportion", "n", "percent") == [("79", "42"), ("77", "41"), ("32", "17")]


def test_percentages_that_divide_the_patients_counted_are_not_joined_to_their_number():
    sentence = "Seventy-three patients with locally advanced stage III (22%) or IV (78%) disease were randomised."
    assert cells(sentence, "proportion", "n", "percent") == [("73", ""), ("", "22"), ("", "78")]
    sentence = "Seventy-three patients with rash (22%) and 18 patients with fever (78%) were seen."
    assert cells(sentence, "proportion", "n", "percent") == [("73", "22"), ("18", "78")]


def test_a_percentage_behind_its_sentence_belongs_to_the_counts_that_give_it():
    sentence = "Fifty-one of 84 couples assigned to treatment completed the intervention ({}%)."
    assert cells(sentence.format(61), "proportion", "n", "total", "percent") == [("51", "84", "61")]
    assert cells(sentence.format(90), "proportion", "n", "total", "percent")[0] != ("51", "84", "90")


def test_counts_that_complete_a_sum_or_an_assignment_are_read():
    sentence = "Overall, 107 patients were accrued; 46 had limited disease and 61 extensive disease."
    assert cells(sentence, "proportion", "n") == [("107",), ("46",), ("61",)]
    assert ("62",) not in cells(sentence.replace("61", "62"), "proportion", "n")
    sentence = "In all, 224 patients were randomly assigned: 110 to high-dose therapy and 114 to standard therapy."
    assert cells(sentence, "proportion", "n") == [("224",), ("110",), ("114",)]
    assert cells("There were 32 male and 41 female, all treated.", "proportion", "n") == [("32",), ("41",)]
    assert cells("Numbers were lower (n = 11 v 20) in arm A.", "proportion", "n") == [("11",), ("20",)]


@pytest.mark.parametrize(
    ("sentence", "expected"),
    [
        (
            "Hazard ratios (HRs; B to A) were 0.93 for EFS (95% CI, 0.71 to 1.22; P =.62) and "
            "0.97 for OS (95% CI, 0.69 to 1.37; P =.86).",
            [("0.93", "0.71", "1.22", ".62", "EFS"), ("0.97", "0.69", "1.37", ".86", "OS")],
        ),
        (
            "PFS differed (HR, 0.6 in favor of drug A; 95% CI, 0.5 to 0.9; P =.006).",
            [("0.6", "0.5", "0.9", ".006", "PFS")],
        ),
        (
            "PFS was prolonged, both overall (hazard ratio 0.57; p=0.007) and in women (HR=0.50; p=0.006).",
            [("0.57", "", "", "0.007", "PFS"), ("0.50", "", "", "0.006", "PFS")],
        ),
    ],
)
def test_a_ratio_keeps_limits_and_endpoint_behind_words(sentence, expected):
    assert cells(sentence, "ratio", "value", "lower", "upper", "p", "endpoint") == expected


@pytest.mark.parametrize(
    ("sentence", "expected"),
    [
        ("PFS was 11 months for drug A and 9 months for drug B.", [("11", "PFS"), ("9", "PFS")]),
        ("PFS at 24 months was worse and OS of 12 months was expected.", []),
        (
            "Time to progression was longer for patients given docetaxel than for those given supportive care alone "
            "(10.6 v 6.7 weeks; P <.001).",
            [("10.6", "TTP"), ("6.7", "TTP")],
        ),
        (
            "Survival was longer (median not reached) than with drug B (median survival not reached v 123.4 weeks).",
            [("NR", "OS"), ("123.4", "OS")],
        ),
        ("Median survival was 9.1 months in patients 70 years of age or older.", [("9.1", "OS")]),
    ],
)
def test_times_take_the_endpoint_they_are_said_of(sentence, expected):
    assert cells(sentence, "median", "value", "endpoint") == expected


def test_brackets_of_another_outcome_end_a_list_of_survival_rates():
    sentence = (
        "Survival at 2 years was similar (64.2% and 68.9%), and so were objective tumour responses (58.7% and 59.5%)."
    )
    assert cells(sentence, "rate", "value") == [("64.2",), ("68.9",)]
    assert cells(sentence, "proportion", "percent") == [("58.7",), ("59.5",)]


def test_parts_of_a_response_in_brackets_do_not_name_the_next_response():
    sentence = "Responses were seen in 19% (6% complete plus 13% partial) with drug A versus 36% (15% complete) with B."
    assert cells(sentence, "proportion", "percent", "endpoint") == [
        ("19", "ORR"),
        ("6", "CR"),
        ("13", "PR"),
        ("36", "ORR"),
        ("15", "CR"),
    ]
    sentence = "The proportions with partial or complete response (21.5% versus 23.3%) were alike."
    assert cells(sentence, "proportion", "endpoint") == [("ORR",), ("ORR",)]


def test_a_p_value_takes_the_endpoint_of_the_value_before_it():
    sentence = (
        "Overall survival was longer (median, 24.4 v 20 months; P =.003), as were response rates (47% and 24%; P =.01)."
    )
    assert cells(sentence, "p", "endpoint", "p") == [("OS", ".003"), ("ORR", ".01")]
    sentence = "Effects were seen on survival (p=0.01), weight loss (p=0.02), and pain (p=0.03)."
    assert cells(sentence, "p", "endpoint") == [("OS",), ("",), ("",)]
    sentence = "Responses were seen in 19% (6% complete) with drug A versus 36% (15% complete) with B (P =.002)."
    assert cells(sentence, "p", "endpoint") == [("ORR",)]


def test_harms_are_known_by_what_happened_and_by_their_grade():
    assert cells("Febrile neutropenia occurred in 11 patients.", "proportion", "kind") == [("adverse_event",)]
    sentence = "Grade 3 or 4 weight changes were more common with drug A (17.1% v 7.6%)."
    assert cells(sentence, "proportion", "kind", "grade") == [("adverse_event", "3-4")] * 2
    assert cells("Grade 3 tumours were found in 12% of women.", "proportion", "kind") == [("",)]


def test_a_score_up_to_100_is_no_percentage():
    sentence = "Of the patients, 90% had a Karnofsky score of 90-100, 18% had weight loss."
    assert cells(sentence, "proportion", "percent") == [("90",), ("18",)]
    assert cells(sentence, "quantity", "lower") == []


@pytest.mark.parametrize(
    ("sentence", "expected"),
    [
        ("It yielded a 26.5% response rate and a 29% survival rate at 1 year.", [("29", "1", "OS")]),
        (
            "There were 59% and 65% survival rates of 1 year and 27% and 28% survival rates of 2 years.",
            [("59", "1", "OS"), ("65", "1", "OS"), ("27", "2", "OS"), ("28", "2", "OS")],
        ),
        (
            "The one, two, three and five-year survival was 72%, 39%, 17% and 3.5%.",
            [("72", "1", "OS"), ("39", "2", "OS"), ("17", "3", "OS"), ("3.5", "5", "OS")],
        ),
        ("The 5-year overall survival was 68% (+/- 3% SEM).", [("68", "5", "OS")]),
        ("Many patients (24%) failed to complete at least 6 weeks of therapy before death.", []),
    ],
)
def test_a_rate_takes_the_name_and_the_time_that_belong_to_it(sentence, expected):
    assert cells(sentence, "rate", "value", "time", "endpoint") == expected


@pytest.mark.parametrize(
    ("sentence", "expected"),
    [
        (
            "Median PFS and OS were 3.2 months (95% CI, 1.8 to 4.6) and 6.8 months (95% CI, 2.6 to 11.1) with A; "
            "4.9 months (95% CI, 3.5 to 6.3) and 9.5 months (95% CI, 6.9 to 12.2) with B.",
            [("3.2", "PFS"), ("6.8", "OS"), ("4.9", "PFS"), ("9.5", "OS")],
        ),
        (
            "Median PFS and OS were 5.1 v 6.2 months and 10.3 v 12.4 months.",
            [("5.1", "PFS"), ("6.2", "PFS"), ("10.3", "OS"), ("12.4", "OS")],
        ),
        ("No differences were seen in median survival rates of 1 and 2 years.", []),
        ("Survival after relapse was shorter (3.6 months less; 95% CI 0.9-6.3 months).", []),
        (
            "Median survival was longer with a pressure of 90 mm Hg: 20.7 months (95% CI 18.4-24.6) v 12.9 months.",
            [("20.7", "OS"), ("12.9", "OS")],
        ),
    ],
)
def test_medians_of_two_endpoints_and_what_is_no_median(sentence, expected):
    assert cells(sentence, "median", "value", "endpoint") == expected


def test_limits_whose_end_is_censored_are_a_range():
    sentence = "Median survival was 10.6 (1.3-92.7) months and 17.3 (0.4-96.9+) months."
    assert cells(sentence, "median", "lower", "range_lower", "range_upper") == [
        ("", "1.3", "92.7"),
        ("", "0.4", "96.9"),
    ]


@pytest.mark.parametrize(
    ("sentence", "expected"),
    [
        (
            "Therapy reduced the risk of relapse by 34% (95% CI, 12% to 50%; P =.002).",
            [("34", "12", "50", ".002")],
        ),
        (
            "A difference was seen (mean difference, 3.4 MET hr per week; 95% CI, 0.7-6.1; p =.011).",
            [("3.4", "0.7", "6.1", ".011")],
        ),
    ],
)
def test_a_difference_keeps_its_limits(sentence, expected):
    assert cells(sentence, "difference", "value", "lower", "upper", "p") == expected


@pytest.mark.parametrize(
    ("sentence", "expected"),
    [
        (
            "In all, 724 patients (51% with limited and 49% with extensive disease) were seen.",
            [("724", ""), ("", "51"), ("", "49")],
        ),
        ("Performance status (PS) 2 patients had more pain.", []),
        ("The analysis was based on a 10% difference (types I/II error rates: 5%/20%).", []),
        ("A decline was defined as a 10% decrease from baseline.", []),
        ("He was not interested (83, 14%) or had moved (44, 7%).", [("83", "14"), ("44", "7")]),
    ],
)
def test_shares_are_joined_only_to_the_count_they_belong_to(sentence, expected):
    assert cells(sentence, "proportion", "n", "percent") == expected


@pytest.mark.parametrize(
    ("sentence", "expected"),
    [
        (
            "We enrolled 382 (23%) with negative tumours, 1217 (73%) with positive tumours, and 70 (4%) with others.",
            ["negative tumours", "positive tumours", "others"],
        ),
        (
            "Neutropenia (6% v 23%), vomiting (4% v 17%) and deaths (one v four) occurred.",
            ["neutropenia"] * 2 + ["vomiting"] * 2,
        ),
        (
            "There was partial remission in 341 (64%), and 15 patients (3%) had undergone surgery.",
            ["PR", "undergone surgery"],
        ),
        (
            "Of the children 24% (28/116) were treated by surgery, 29% (34/116) were treated by drugs.",
            ["treated surgery", "treated drugs"],
        ),
    ],
)
def test_each_share_has_the_words_of_its_own(sentence, expected):
    assert [item for (item,) in cells(sentence, "proportion", "item")] == expected


@pytest.mark.parametrize(
    ("sentence", "expected"),
    [
        ("ORR, stable disease were 4.4% versus 5.5%, 36.0% versus 39.6%.", ["ORR", "ORR", "SD", "SD"]),
        ("Rates were higher (23.5% vs 11.8% for ORR; 58.8% vs 35.3% for DCR).", ["ORR", "ORR", "DCR", "DCR"]),
        ("An objective response (complete [CR] or partial [PR]) was obtained in 55% and 48%.", ["ORR", "ORR"]),
        ("Responses: 2 PR (5.3%) and 16 SD (42.1%).", ["PR", "SD"]),
        ("Among these 32 patients, 8 had a partial response.", ["", "PR"]),
    ],
)
def test_responses_are_named_by_the_words_beside_them(sentence, expected):
    assert [name for (name,) in cells(sentence, "proportion", "endpoint")] == expected


def test_the_size_behind_a_list_of_harms_is_no_harm():
    sentence = "Common grade 3 events were pain (60 [17%]) and fatigue (37 [10%]) in 359 treated patients."
    assert cells(sentence, "proportion", "n", "kind")[-1] == ("359", "flow")
    assert cells("Forty patients were assessable for toxicity.", "proportion", "kind") == [("flow",)]


def test_a_p_value_takes_the_endpoint_directly_behind_it():
    assert cells("Tests gave P =.01 for disease-free survival and P =.07 for overall survival.", "p", "endpoint") == [
        ("DFS",),
        ("OS",),
    ]


def test_the_name_of_a_group_stands_before_the_brackets_of_its_dose():
    sentence = "Patients received axitinib (5 mg twice daily; n=361) or sorafenib (400 mg twice daily; n=362)."
    assert cells(sentence, "proportion", "n", "item") == [("361", "axitinib"), ("362", "sorafenib")]


def test_a_symptom_that_progresses_is_not_the_disease():
    sentence = "Median time to progression of mean pain was longer (26.7 v 18.4 months; hazard ratio 0.82)."
    assert cells(sentence, "median", "endpoint") == [("time to progression of mean pain",)] * 2
    assert cells(sentence, "ratio", "endpoint") == [("",)]
    assert cells("Time to progression in the liver was 5.1 months.", "median", "endpoint") == [("TTP",)]


def test_brackets_after_the_first_named_interval_are_intervals_too():
    sentence = "Median time to deterioration was longer (12.7 months [95% CI 11.1-14.0] vs 8.3 months [7.4-10.6])."
    assert cells(sentence, "median", "lower", "range_lower") == [("11.1", ""), ("7.4", "")]


def test_a_group_named_beside_a_median_is_not_what_was_measured():
    sentence = "Survival did not differ (median FU + LV, 11.1 months; FU24h, 13.0 months)."
    assert cells(sentence, "median", "endpoint") == [("OS",), ("OS",)]


@pytest.mark.parametrize(
    ("sentence", "dates"),
    [
        ("From June 2003 to December 2003, the 10-year follow-up was conducted.", []),
        ("From June 1994 to July 1997, 153 patients were randomised.", ["1994-06", "1997-07"]),
    ],
)
def test_two_dates_are_enrolment_only_where_patients_entered(sentence, dates):
    assert [value for (value,) in cells(sentence, "follow_up", "value")] == dates


def test_a_share_behind_other_words_for_its_group_refers_to_the_same():
    sentence = "Responses were achieved by 12% of patients treated with drug A and 6% of patients treated with drug B."
    assert len(set(cells(sentence, "proportion", "kind", "endpoint", "item"))) == 1
    sentence = (
        "Toxicity was neutropenia (82.9% for drug A; 69.2% for drug B) and leukopenia (58.0% for A; 51.7% for B)."
    )
    assert [kind for (kind,) in cells(sentence, "proportion", "kind")] == ["adverse_event"] * 4


def test_steps_are_numbers_of_names_and_a_trend_is_no_test():
    sentence = "In all, 402 patients were registered to step 1, and 223 patients to step 2."
    assert cells(sentence, "proportion", "n") == [("402",), ("223",)]
    assert cells("There was a trend in overall survival (P =.13, log-rank test).", "p", "test") == [("log-rank",)]
    assert cells("Survival differed (P for trend = .13).", "p", "test") == [("trend",)]
    assert cells("There was a reduction of 43% and 51%, respectively.", "difference", "value") == [("43",), ("51",)]


@pytest.mark.parametrize(
    ("sentence", "kind", "expected"),
    [
        ("There was a difference in median survival of 6 weeks.", "median", []),
        ("There was a difference in median survival of 6 weeks.", "difference", ["6"]),
        ("Drug A prolonged progression-free and overall survival by 41% and 23%.", "difference", ["41", "23"]),
        ("Improvements in absolute OS rates were 10% at 6 months and 15% at 12 months.", "rate", []),
        ("The 5-year overall mortality was 19.0% and 15.2%, respectively.", "rate", []),
        ("The 10-year EFS and OS were 29 ± 6.5% and 37.5 ± 7%.", "rate", ["29", "37.5"]),
        ("Patients had fewer than three metastatic sites.", "quantity", []),
        ("Costs had a 6% annual discount rate.", "proportion", []),
    ],
)
def test_what_a_number_is(sentence, kind, expected):
    assert [value for (value,) in cells(sentence, kind, "value")] == expected


def test_two_times_and_two_groups_are_told_apart_by_what_survival_can_do():
    sentence = "The 1- and 2-year survival rates were 31 and 36%, and 10 and 11% respectively."
    assert cells(sentence, "rate", "value", "time") == [("31", "1"), ("36", "1"), ("10", "2"), ("11", "2")]
    sentence = "The 1- and 2-year survival rates were 60 and 36%, and 55 and 31% respectively."
    assert cells(sentence, "rate", "value", "time") == [("60", "1"), ("36", "2"), ("55", "1"), ("31", "2")]


def test_another_groups_share_refers_to_the_same():
    sentence = "There was a benefit in subjective response (70%) compared with castration (58%)."
    assert cells(sentence, "proportion", "endpoint") == [("ORR",), ("ORR",)]
    sentence = "Response rates were 64% (complete response [CR], 9%) for A versus 52% (CR, 7%) for B."
    assert cells(sentence, "proportion", "endpoint") == [("ORR",), ("CR",), ("ORR",), ("CR",)]


def test_an_endpoint_that_is_not_in_the_vocabulary_keeps_its_name():
    sentence = "Median PFS (11 months v 9.1 months) and TFS (15 months v 11 months) differed."
    assert cells(sentence, "median", "endpoint") == [("PFS",), ("PFS",), ("TFS",), ("TFS",)]


def test_a_difference_in_brackets_and_the_length_of_a_treatment_are_neither_median_nor_time():
    sentence = (
        "Median survival was 10 months with A and 7.6 months with B (difference, 2.4 months; 95% CI, 1.0 to 4.0)."
    )
    assert cells(sentence, "median", "value") == [("10",), ("7.6",)]
    assert cells(sentence, "difference", "value", "lower") == [("2.4", "1.0")]
    sentence = "The 4-year survival rate was 78.1% with the 16-week regimen versus 71.4% with drug B."
    assert cells(sentence, "rate", "value", "time") == [("78.1", "4"), ("71.4", "4")]
    sentence = "Response rates were similar (42% for drug A v 41% for drug B)."
    assert cells(sentence, "proportion", "endpoint") == [("ORR",), ("ORR",)]


def test_a_change_keeps_named_limits_and_the_p_value_before_them():
    sentence = "There was a significant increase for group X 3.0 mmHg (p = 0.053, 95% CI -0.04, 6.14)."
    assert cells(sentence, "difference", "value", "lower", "upper", "p") == [("3.0", "-0.04", "6.14", "0.053")]
