"""Lists, clauses and arms of running text: one made-up sentence for each class of failure found by reading papers."""

from __future__ import annotations

import pytest

from resurvey.read import claims, prose
from resurvey.read.lexicon import Arm, Lexicon, learn
from resurvey.read.objects import Claim, Paragraph
from resurvey.read.sources import from_bytes
from tests.made_papers import jats

ARMS = Lexicon(
    tuple(Arm(name.replace(" ", "_"), name, (name,)) for name in ("drug a", "drug b")),
    sizes={"drug_a": ("120",), "drug_b": ("118",)},
    totals=("238",),
)


def read(sentence: str, *, section: str = "Results", lexicon: Lexicon = ARMS) -> list[Claim]:
    return prose.claims(Paragraph("p1", (section,), 1, sentence, "text", f"{section}, par. 1"), lexicon)


def cells(sentence: str, kind: str, *names: str, **options) -> list[tuple[str, ...]]:
    return [tuple(c.cells.get(name, "") for name in names) for c in read(sentence, **options) if c.kind == kind]


@pytest.mark.parametrize(
    ("sentence", "expected"),
    [
        ("OS and DSS rates at 3 years were 70 % and 80 %.", [("OS", "3", "70"), ("CSS", "3", "80")]),
        (
            "The 5-year OS, DFS and LC rates were 71%, 60% and 90%, respectively.",
            [("OS", "5", "71"), ("DFS", "5", "60"), ("LC", "5", "90")],
        ),
        (
            "Five-year OS and DSS rates for these groups were 71%, 59%, and 42% (P<0.001), and 86%, 81%, and 71%.",
            [("OS", "5", v) for v in ("71", "59", "42")] + [("CSS", "5", v) for v in ("86", "81", "71")],
        ),
        (
            "The 5-year OS and DSS rates for those with losses were 62% and 82%, compared with 70% and 89% without.",
            [("OS", "5", "62"), ("CSS", "5", "82"), ("OS", "5", "70"), ("CSS", "5", "89")],
        ),
        ("1 year overall survival was 14% (95% CI 10-18) with drug A.", [("OS", "1", "14")]),
    ],
)
def test_rates_go_with_the_endpoints_of_their_list(sentence, expected):
    assert cells(sentence, "rate", "endpoint", "time", "value") == expected


def test_lists_of_each_arm_are_lists_of_their_own():
    sentence = "OS at 1 and 3 years was 90% and 70% in the drug A group and 80% and 60% in the drug B group."
    assert cells(sentence, "rate", "arm", "time", "value") == [
        ("drug_a", "1", "90"),
        ("drug_a", "3", "70"),
        ("drug_b", "1", "80"),
        ("drug_b", "3", "60"),
    ]
    assert {c.rule for c in read(sentence)} == {"text-rate"}


def test_an_abbreviation_the_vocabulary_lacks_stands_for_itself():
    assert cells("The median OS and SBP were 30.8 and 19.6 months.", "median", "endpoint", "value") == [
        ("OS", "30.8"),
        ("SBP", "19.6"),
    ]


@pytest.mark.parametrize(
    ("sentence", "expected"),
    [
        (
            "Of these, 3 patients (2 in the drug A group and 1 in the drug B group) were excluded.",
            [("3", ""), ("2", "drug_a"), ("1", "drug_b")],
        ),
        (
            "There were fewer deaths in the drug A group (101 [9%] deaths in the drug A group vs 123 [11%] deaths in "
            "the drug B group), with no difference later (250 [22%] vs 249 [21%]).",
            [("101", "drug_a"), ("123", "drug_b"), ("250", ""), ("249", "")],
        ),
        ("We studied drug C (n = 201) compared with drug A in 40 patients.", [("201", ""), ("40", "")]),
    ],
)
def test_a_count_has_the_arm_that_the_words_tie_to_it(sentence, expected):
    found = [c for c in read(sentence) if c.kind in ("proportion", "arm")]
    assert [(c.cells["n"], c.cells.get("arm", "")) for c in found] == expected


def test_responses_of_a_list_and_those_said_after_a_count():
    sentence = "RR and DCR of the 47 patients were 61.7 and 89.4 % (five patients had CR, 24 patients had PR)."
    assert cells(sentence, "proportion", "endpoint", "n", "percent", "total") == [
        ("", "47", "", ""),
        ("ORR", "", "61.7", "47"),
        ("DCR", "", "89.4", "47"),
        ("CR", "5", "", ""),
        ("PR", "24", "", ""),
    ]


def test_a_share_without_words_is_of_the_same_thing_as_its_neighbour():
    sentence = "Grade 3 diarrhoea was more common with drug A than with drug B (8% [28 of 334] v 1% [four of 313])."
    assert cells(sentence, "proportion", "kind", "grade", "n", "arm") == [
        ("adverse_event", "3", "28", "drug_a"),
        ("adverse_event", "3", "4", "drug_b"),
    ]
    both = "31 patients (59.6%) in the drug A group and 27 patients (62.8%) in the drug B group had a grade 3 toxicity."
    assert cells(both, "proportion", "kind", "grade") == [("adverse_event", "3")] * 2
    reasons = (
        "Treatment ended because of progression in 21 patients (44.7 %) and adverse events in 14 patients (29.8 %)."
    )
    assert cells(reasons, "proportion", "kind", "item") == [
        ("flow", "treatment ended because progression"),
        ("adverse_event", "adverse events"),
    ]


def test_the_denominator_is_the_only_size_that_gives_the_percentage():
    assert cells("Rash was seen in 12 patients (10.2%) in the drug B group.", "proportion", "n", "total") == [
        ("12", "118")
    ]
    unknown = read("Rash was seen in 12 patients (10.4%) in the drug B group.")
    assert [c.cells.get("total", "") for c in unknown] == [""]
    # Two sizes give 5 %: none is linked.
    assert cells("Rash was seen in 6 patients (5%).", "proportion", "total") == [("",)]


def test_numbers_in_words_thousands_and_units():
    assert cells("Two hundred and seven patients (37.4 %) died.", "proportion", "n", "percent") == [("207", "37.4")]
    assert cells("Eighteen percent of the patients had stage I.", "proportion", "percent") == [("18",)]
    assert cells("There were 452 000 deaths among 40 138 participants.", "proportion", "n") == [("452000",), ("40138",)]
    assert cells("They had a median of eight cycles (range, 2-28).", "median", "value", "unit", "range_upper") == [
        ("8", "cycles", "28")
    ]
    assert cells("The median time to treatment was 3.6 h (IQR 2.6-5.0).", "median", "value", "unit") == [
        ("3.6", "hours")
    ]
    assert read("Doses were given within 8 h because some patients came late.") == []


def test_the_measure_of_earlier_sentences_goes_on_where_the_numbers_are_those_of_a_ratio():
    sentence = (
        "Survival was better with rash (HR 0.76, 95% CI 0.63-0.92). "
        "Overall survival was worse without rash (1.30, 1.05-1.61, p=0.017)."
    )
    assert cells(sentence, "ratio", "measure", "value", "lower", "p") == [
        ("HR", "0.76", "0.63", ""),
        ("HR", "1.30", "1.05", "0.017"),
    ]
    other = sentence.replace("1.30, 1.05-1.61", "1.30, 1.25-1.91")
    assert len(cells(other, "ratio", "value")) == 1


def test_an_endpoint_right_after_a_ratio_is_its_own():
    sentence = "The HRs were 1.30 (95% CI 1.05-1.61) for overall survival and 1.09 (0.89-1.36) for PFS."
    assert cells(sentence, "ratio", "value", "endpoint") == [("1.30", "OS"), ("1.09", "PFS")]


def test_sample_size_sentences_of_a_paragraph_are_one_design():
    text = (
        "We hypothesised that drug A would improve the 3-year RFS rate from 20% to 35%. Under the assumption that "
        "accrual takes 3 years, 180 patients were required with a type I error level of 5% (2-sided) and 75% power."
    )
    names = ("endpoint", "null_rate", "alternative_rate", "landmark", "patients", "alpha", "sides", "power")
    assert cells(text, "design", *names, section="Methods") == [("RFS", "20", "35", "3", "180", "5", "2", "75")]
    assert not [c for c in read(text, section="Methods") if c.kind in ("rate", "proportion")]


def test_dates_in_figures_need_one_that_shows_the_order():
    shown = "From 2/2/2004 to 28/12/2010, 180 patients were enrolled."
    assert cells(shown, "follow_up", "value") == [("2004-02-02",), ("2010-12-28",)]
    assert cells("From 2/2/2004 to 8/12/2010, 180 patients were enrolled.", "follow_up", "value") == []


def test_differences_thresholds_and_changes_are_no_results_of_their_own():
    assert cells("There was a 66% reduction in the risk of death.", "difference", "value", "unit") == [("66", "%")]
    assert read("Events seen in 10% or more of the patients are listed.") == []
    assert read("After adjustment, >10% weight loss before treatment mattered.") == []
    assert cells("Median OS was improved by 3.6 months in women and 1.1 months in men.", "median", "value") == []


def test_a_letter_may_end_a_sentence():
    sentence = "The median OS was 15.1 months in arm B. At 1 year, the survival rate was 75% in arm A."
    assert cells(sentence, "rate", "time", "value") == [("1", "75")]


def test_arms_are_learnt_from_lists_and_subgroups_are_none():
    text = (
        "<sec><title>Results</title><p>The drug A and control groups were alike. The drug A group had 10 and the "
        "control group 12 events. In the drug A group and in the control group all was well.</p></sec>"
    )
    known = learn(from_bytes(jats(text).encode(), "a.nxml"))
    assert {arm.arm_id for arm in known.arms} == {"drug_a", "control"}


def test_citations_beside_a_result_of_the_discussion_in_every_form():
    for cite in ("[12]", "[^12-14]", "(Smith et al, 2010)"):
        found = read(f"Others reported a median OS of 9.1 months {cite}.", section="Discussion")
        assert [c.cells.get("cited") for c in found] == ["yes"]
    own = read("In our study the median OS was 9.1 months, as in [12].", section="Discussion")
    assert [c.cells.get("cited") for c in own] == [None]


def test_reading_takes_time_in_proportion_to_the_length():
    body = (
        "<sec><title>Results</title>" + "<p>HR 0.71 (95% CI 0.55-0.92) in 12 of 40 patients (30%).</p>" * 3 + "</sec>"
    )
    counts = []
    for times in (1, 2, 4):
        made = from_bytes(jats(body * times).encode(), "a.nxml")
        counts.append(len(claims(made)))
    assert counts[1] == 2 * counts[0] and counts[2] == 4 * counts[0]
