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
    assert cells("Grade 3 tumours were found in 12% of women.", "proportion", "kind") == [("flow",)]


def test_a_score_up_to_100_is_no_percentage():
    sentence = "Of the patients, 90% had a Karnofsky score of 90-100, 18% had weight loss."
    assert cells(sentence, "proportion", "percent") == [("90",), ("18",)]
    assert cells(sentence, "quantity", "lower") == []
