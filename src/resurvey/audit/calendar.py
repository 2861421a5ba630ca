"""The order of a study's dates: enrolment, cut-off, and the dates of the manuscript."""

from __future__ import annotations

from itertools import pairwise

import pandas as pd

from resurvey.audit.context import Context, grouped
from resurvey.audit.dates import Span, period
from resurvey.audit.registry import register
from resurvey.audit.verdicts import IMPOSSIBLE, MAJOR, NONE, REPRODUCED, Ledger

ORDER = (
    "enrolment start",
    "enrolment end",
    "data cut-off",
    "manuscript received",
    "manuscript accepted",
    "published online",
)


@register("calendar-order", "first enrolment <= last <= cut-off <= received <= accepted <= published")
def check_order(context: Context) -> pd.DataFrame:
    """Dates of one document and study, each against the next; dates that overlap as printed count as in order."""
    ledger = Ledger("calendar-order")
    frame = context["follow_up"]
    for group in grouped(frame[frame["statistic"] == "date"], ["source_id", "study_id", "data_cut"]).values():
        known: dict[str, tuple[Span, dict]] = {}
        for row in group:
            span = period(row["value_text"])
            if span and row["item"] in ORDER:
                known.setdefault(row["item"], (span, row))
        for first, second in pairwise(item for item in ORDER if item in known):
            _judge_order(ledger, known[first], known[second])
    return ledger.frame()


def _judge_order(ledger: Ledger, first: tuple[Span, dict], second: tuple[Span, dict]) -> None:
    (before, a), (after, b) = first, second
    wrong = before[0] > after[1]
    words = f"{a['item']} {a['value_text']}, {b['item']} {b['value_text']}"
    ledger.judge(
        a,
        [a["claim_id"], b["claim_id"]],
        reported=words,
        recomputed="",
        verdict=IMPOSSIBLE if wrong else REPRODUCED,
        severity=MAJOR if wrong else NONE,
        explanation=words + (": the first cannot come after the second" if wrong else ", in the only possible order"),
    )
