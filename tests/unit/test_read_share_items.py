"""What a share of running text is of: its own words, not the name of a group nor another part of a list."""

from __future__ import annotations

import pytest

from resurvey.read import claims, prose
from resurvey.read.lexicon import Lexicon
from resurvey.read.objects import Paragraph
from resurvey.read.sources import from_bytes
from tests.made_papers import jats, results


def items(sentence: str) -> list[tuple[str, str]]:
    found = prose.claims(Paragraph("p1", ("Abstract",), 1, sentence, "text", "Abstract, par. 1"), Lexicon())
    return [(c.cells.get("n") or c.cells["percent"], c.cells.get("item", "")) for c in found if c.kind == "proportion"]


@pytest.mark.parametrize(
    ("sentence", "expected"),
    [
        (
            "Thirst was more common in the alfa group (12%) than in the untreated group (5%).",
            [("12", "thirst"), ("5", "thirst")],
        ),
        (
            "The use of crutches was similar between groups (12% for alfa and 5% for beta).",
            [("12", "use crutches"), ("5", "use crutches")],
        ),
        ("These were higher than those of the alfa group (12% and 5%).", [("12", ""), ("5", "")]),
        (
            "They were assigned to alfa plus beta (AlfaBet; 31 women) or beta alone (Bet; 33 women).",
            [("31", "women"), ("33", "women")],
        ),
        (
            "Thirst, cold feet and loss of voice were reported by 50%, 40% and 30% of them, respectively.",
            [("50", "thirst"), ("40", "cold feet"), ("30", "loss voice")],
        ),
        (
            "Thirst was significantly more common with alfa than with beta (50% vs. 15%).",
            [("50", "thirst"), ("15", "thirst")],
        ),
        (
            "In the alfa group 42% (16/38) slept compared to 47% (17/36) in the beta group.",
            [("16", "slept"), ("17", "slept")],
        ),
        (
            "The rates of thirst in groups A and B were 50% and 40%, respectively.",
            [("50", "thirst b"), ("40", "thirst b")],
        ),
    ],
)
def test_the_item_of_a_share(sentence, expected):
    assert items(sentence) == expected


def test_a_grade_before_the_next_number_is_that_of_the_next():
    sentence = "The rash progressed to blisters in 26% (grade 1: 28%; grade 2: 46%)."
    found = prose.claims(Paragraph("p1", ("Abstract",), 1, sentence, "text", "Abstract, par. 1"), Lexicon())
    assert [(c.cells["percent"], c.cells.get("grade", "")) for c in found] == [("26", ""), ("28", "1"), ("46", "2")]


def test_patients_who_are_divided_into_arms_are_of_none():
    sentence = "A total of 240 patients were randomised into two groups (Group A - daily and Group B - alternate days)."
    body = results(sentence, "The pain was less in Group A (12 patients) than in Group B (20 patients).")
    found = claims(from_bytes(jats(body).encode(), "made.nxml"))
    assert {c.cells["n"]: c.cells.get("arm", "") for c in found if "n" in c.cells} == {
        "240": "",
        "12": "group_a",
        "20": "group_b",
    }


def test_groups_in_a_list_are_not_the_things_counted():
    sentence = "The rates of thirst in the alfa group, beta group and gamma group were 7%, 4% and 6%, respectively."
    assert len({item for _, item in items(sentence)}) == 1
