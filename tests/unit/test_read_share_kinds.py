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
