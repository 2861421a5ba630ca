"""What a share of running text counts, and whether a percentage is a share of patients; the sentences are made up."""

from __future__ import annotations

import pytest

from resurvey.read import drafting, prose
from resurvey.read.lexicon import Lexicon
from resurvey.read.objects import Claim, Paragraph


def read(sentence: str) -> list[Claim]:
    return list(prose.claims(Paragraph("p1", ("Abstract",), 1, sentence, "text", "Abstract, par. 1"), Lexicon()))


def kinds(sentence: str) -> list[tuple[str, str]]:
    return [
        (c.cells.get("n") or c.cells["percent"], c.cells.get("kind", ""))
        for c in read(sentence)
        if c.kind == "proportion"
    ]


@pytest.mark.parametrize(
    ("sentence", "expected"),
    [
        ("Support of the partner was seen in 12% and 9%.", [("12", ""), ("9", "")]),
        ("Help from the family was wanted by 45 patients (38%).", [("45", "")]),
        ("The recurrence rate was 12% at 5 years.", [("12", "")]),
        ("Of 120 women, 97 patients with stage II disease were enrolled.", [("120", ""), ("97", "flow")]),
        ("We enrolled 120 women.", [("120", "flow")]),
        ("The drop-out rate in the control arm was 12%.", [("12", "flow")]),
        ("Overall, 81 evaluable patients were seen.", [("81", "flow")]),
        ("Patients were randomised to drug A (n = 45) or drug C (n = 43).", [("45", "flow"), ("43", "flow")]),
        ("At one year, 9 (5%) were lost to follow-up and 4 (2%) withdrew.", [("9", "flow"), ("4", "flow")]),
        ("At baseline, 34 patients (40%) smoked.", [("34", "baseline")]),
        ("Fewer of the patients randomised to drug A wanted help (10% v 23%).", [("10", ""), ("23", "")]),
    ],
)
def test_a_share_is_of_the_flow_of_patients_only_where_its_words_say_so(sentence, expected):
    assert kinds(sentence) == expected


def test_a_kind_that_nothing_names_is_empty_in_the_draft():
    (row,) = drafting.drafts(read("Help was wanted by 45 patients (38%)."), "paper", "study")
    assert (row.cells["kind"], row.cells["n"]) == ("", "45")


@pytest.mark.parametrize(
    ("sentence", "expected"),
    [
        ("Mean weight loss was greater in the A arm (5.3% v 0.7%).", [("quantity", "5.3"), ("quantity", "0.7")]),
        ("The median Ki-67 was 15% (5-20) with drug A.", [("quantity", "15")]),
        ("Values for hair thickness were 19.8 and 35.6%.", [("quantity", "35.6"), ("quantity", "19.8")]),
        ("Patients lost a greater percentage of body fat (5.3% v 1.0%).", [("quantity", "5.3"), ("quantity", "1.0")]),
        ("Adherence rose in both groups (+ 22.5% v + 2.7%).", [("difference", "22.5"), ("difference", "2.7")]),
        ("The reduction in the lesion count was 57% with drug A.", [("difference", "57")]),
        ("The sensitivity of the test was 83%.", [("quantity", "83")]),
    ],
)
def test_a_percentage_of_what_is_measured_is_no_share_of_patients(sentence, expected):
    found = [(c.kind, c.cells["value"]) for c in read(sentence) if c.kind in ("quantity", "difference")]
    assert sorted(found) == sorted(expected)
    assert kinds(sentence) == []


@pytest.mark.parametrize(
    "sentence",
    [
        "Mean age was 61 years, 18% had weight loss.",
        "The median time was 6 months, with a relapse rate of 18% in both groups.",
        "A decrease in pain scores was seen in 18% of the patients.",
        "The percentage of patients with lower scores was 18% with drug A.",
        "Increased levels of an enzyme were found in 18%.",
    ],
)
def test_a_share_of_patients_stays_one_beside_what_is_measured(sentence):
    assert [value for value, _ in kinds(sentence)] == ["18"]


@pytest.mark.parametrize(
    "sentence",
    [
        "They received lidocaine 2% before surgery.",
        "A cream 1% was given to all.",
        "They ran at 80% of their heart rate reserve.",
        "They trained at 70% of the maximum.",
    ],
)
def test_a_strength_or_an_intensity_is_no_result(sentence):
    assert [c for c in read(sentence) if c.kind in ("proportion", "quantity")] == []


@pytest.mark.parametrize(
    ("sentence", "expected"),
    [
        ("After 18 months of follow-up, all were alive.", ["18"]),
        ("They were followed for at least 24 months.", ["24"]),
        ("They were treated for 24 weeks and followed up for 12 weeks.", ["12"]),
        ("All had a follow-up telephone survey 2 weeks after the visit.", []),
        ("No effect was seen in the first 2 years of follow-up.", []),
        ("Drug A was given for 6 weeks until surgery or follow-up treatment.", []),
    ],
)
def test_a_time_is_of_the_follow_up_only_beside_the_word(sentence, expected):
    assert [c.cells["value"] for c in read(sentence) if c.kind == "follow_up"] == expected


@pytest.mark.parametrize(
    ("sentence", "expected"),
    [
        ("The risk was lower (RR 0.89, 95% CI 0.51 to 1.54), as was pain (35% v 38%).", [("35", ""), ("38", "")]),
        ("The RR was 61.7% with drug A.", [("61.7", "response")]),
        ("The response rate (RR) was 40%.", [("40", "response")]),
        ("The risk ratio (RR) was 1.2 and thirst was seen in 40%.", [("40", "")]),
        ("In all, 30 males were treated.", [("30", "flow")]),
        ("Of those with gout at baseline, 60% smoked.", [("60", "")]),
    ],
)
def test_an_abbreviation_is_a_response_and_a_sex_a_baseline_only_where_the_words_say_so(sentence, expected):
    assert kinds(sentence) == expected


@pytest.mark.parametrize(
    "sentence",
    [
        "Pain scores were 1/10 and 2/10.",
        "Patients called one of six French centres.",
        "Success (<30% residual stenosis) was defined first.",
        "They breathed a mixture (FiO2 = 20.9%).",
        "They used chlorhexidine (CHX) 0.2% alone.",
    ],
)
def test_scales_groups_and_definitions_are_no_shares(sentence):
    assert kinds(sentence) == []


def test_a_percentage_behind_a_percentage_of_the_same_subject_is_of_that_subject():
    sentence = "The median A1C was 6.4% at baseline; at 5 years, it was 6.2% with drug A and 6.5% with drug B."
    assert [c.cells["value"] for c in read(sentence) if c.kind == "quantity"] == ["6.4", "6.2", "6.5"]


def test_a_size_behind_its_percentage_is_no_row_of_its_own():
    found = read("Help was wanted by 23.2% of 203 women.")
    assert [(c.cells["percent"], c.cells["total"]) for c in found] == [("23.2", "203")]


def test_what_was_known_before_the_study_is_of_others():
    known = "BACKGROUND: Thirst occurs in 95% of patients. "
    text = known + "METHODS: We studied 45 patients. RESULTS: Thirst was seen in 12%."
    found = [(c.cells.get("percent", ""), c.cells.get("cited", "")) for c in read(text) if c.kind == "proportion"]
    assert ("95", "yes") in found and ("12", "") in found and ("", "yes") not in found


def test_p_is_no_letter_of_a_name():
    found = read("The outbreaks were shorter (T = 24 days, T&P = 11 days, p = 0.04).")
    assert [c.cells["p"] for c in found if c.kind == "p"] == ["0.04"]


def test_how_many_groups_there_are_is_no_count_of_their_patients():
    assert kinds("They formed two groups of 24 subjects each.") == [("24", "")]


@pytest.mark.parametrize(
    ("sentence", "expected"),
    [
        ("The size of the effect was 37% at 3 months (95%CI: 21-54%).", []),
        ("Hot flushes improved in 42% (95% CI, -28 to 18%).", ["42"]),
        ("Ten of 17 women improved by more than 25 per cent.", []),
        ("Oedema was seen in 13 patients (9.3% group 1 and 12.7% group 2).", ["9.3", "12.7"]),
        ("The volumes were 2.49 mL (58.4%) and 1.89 mL (69.5%).", []),
        ("A reduction of ≥ 50% was reported.", []),
        ("It was achieved in over 85% of patients.", []),
        ("They were given 6.0% dextran.", []),
    ],
)
def test_percentages_that_are_shares(sentence, expected):
    assert [c.cells["percent"] for c in read(sentence) if c.kind == "proportion" and "percent" in c.cells] == expected


def test_a_plan_and_what_an_abstract_begins_with_are_no_results_of_the_study():
    assert kinds("We will recruit 334 children from 40 schools.") == []
    text = "Thirst, with an incidence of 32%, is the most frequent complaint. We studied 48 women; 12% had thirst."
    assert [(c.cells.get("percent", ""), c.cells.get("cited", "")) for c in read(text) if "percent" in c.cells] == [
        ("32", "yes"),
        ("12", ""),
    ]


@pytest.mark.parametrize(
    ("sentence", "expected"),
    [
        ("The risk was lower (43% v 53%; RD 9.6%).", [("9.6", "")]),
        ("Attendance was lower with drug A (- 1.4%).", [("-1.4", "")]),
        ("They rose (+ 2.7% with drug A).", [("2.7", "")]),
    ],
)
def test_a_difference_keeps_its_sign(sentence, expected):
    found = [(c.cells["value"], c.cells.get("lower", "")) for c in read(sentence) if c.kind == "difference"]
    assert found == expected


def test_numbers_needed_and_limits_are_no_ratios():
    found = read("The relative risk was 0.25 (95% CI 0.08-0.80), giving a NNT of 3.0 (95% CI 1.7-11.0).")
    assert [c.cells["value"] for c in found if c.kind == "ratio"] == ["0.25"]
    found = read("Times were alike (hazard ratio 1.3, 0.6 to 2.5; P = 0.49).")
    assert [c.cells["value"] for c in found if c.kind == "ratio"] == ["1.3"]


@pytest.mark.parametrize(
    "sentence",
    [
        "Participants completed 90% of the prescribed workouts.",
        "There was 100% compliance with drug A.",
        "Age explained 68% of its variability.",
    ],
)
def test_percentages_of_sessions_and_of_variance_are_no_shares_of_patients(sentence):
    assert kinds(sentence) == []


def test_a_difference_between_shares_is_not_passed_on_to_the_next_share():
    sentence = "Thirst was rarer with drug A (1.9% v 8.9%; RD 7.0%) and at 42 days (6.9% v 16%)."
    assert [value for value, _ in kinds(sentence)] == ["1.9", "8.9", "6.9", "16"]


def test_a_drug_before_brackets_names_a_group_and_no_strength():
    assert [value for value, _ in kinds("It was found in all: saline (96%), lidocaine (90%).")] == ["96", "90"]


def test_a_size_before_the_shares_of_its_parts_is_no_count_of_one():
    found = read("They were 266 healthy women (50% normal weight, 30% overweight).")
    assert [(c.cells.get("n", ""), c.cells.get("percent", "")) for c in found] == [("266", ""), ("", "50"), ("", "30")]


def test_data_on_harms_that_are_available_are_no_harms():
    assert kinds("Toxicity data were available for 174 patients.") == [("174", "")]


def test_an_interval_with_a_misread_letter_is_an_interval():
    found = read(
        "The mean was 1.3 visits (95% Cl 0.4 to 2.2) and thirst was seen in 30% (95% Cl for this = 10% to 24%)."
    )
    assert [c.cells["percent"] for c in found if c.kind == "proportion"] == ["30"]
