"""What a share of running text is of: its own words, not the name of a group nor another part of a list."""

from __future__ import annotations

import pytest

from resurvey.read import prose
from resurvey.read.lexicon import Lexicon
from resurvey.read.objects import Paragraph


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
            "The rates of thirst in groups A and B were 50% and 40%, respectively.",
            [("50", "thirst b"), ("40", "thirst b")],
        ),
    ],
)
def test_the_item_of_a_share(sentence, expected):
    assert items(sentence) == expected
