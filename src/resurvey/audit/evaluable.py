"""Response rates of evaluable patients and of all patients: the same responders over two denominators."""

from __future__ import annotations

import re

import pandas as pd

from resurvey.audit.context import Context, grouped
from resurvey.audit.denominators import denominators
from resurvey.audit.registry import register
from resurvey.audit.verdicts import DISCREPANT, IMPOSSIBLE, MAJOR, NONE, REPRODUCED, Ledger
from resurvey.reported import show

SLACK = 1e-9
EVALUABLE = re.compile(r"evaluable|evaluated|assessable|measurable", re.IGNORECASE)
WHOLE = ("", "all")
PLACE = ["source_id", "study_id", "arm_id", "data_cut", "subject"]


@register(
    "evaluable-response",
    "responders of all = responders of the evaluable; n / N and n / N evaluable",
    "RECIST 1.1, 4.5",
)
def check_evaluable(context: Context) -> pd.DataFrame:
    """Response rates of evaluable and of all patients: a patient who was not evaluated cannot be a responder."""
    ledger = Ledger("evaluable-response")
    frame = context["proportions"]
    frame = frame.assign(whole=denominators(context, frame)[0])
    frame = frame[(frame["kind"] == "response") & ((frame["n_op"] == "=") | (frame["percent_op"] == "="))]
    frame = frame.assign(subject=frame["item"].where(frame["endpoint"] == "", frame["endpoint"] + " " + frame["item"]))
    for group in grouped(frame, PLACE).values():
        every = [row for row in group if row["population"] in WHOLE]
        able = [row for row in group if EVALUABLE.search(row["population"])]
        if every and able:
            _judge(ledger, every[0], able[0])
    return ledger.frame()


def _judge(ledger: Ledger, every: dict, able: dict) -> None:
    wrong = _why_not(every, able)
    words = f"{_shown(able)} of the evaluable, {_shown(every)} of all"
    ledger.judge(
        every,
        [every["claim_id"], able["claim_id"]],
        reported=words,
        recomputed="",
        verdict=wrong[0] if wrong else REPRODUCED,
        severity=MAJOR if wrong else NONE,
        explanation=words + (f": {wrong[1]}" if wrong else ", as the same responders give"),
    )


def _why_not(every: dict, able: dict) -> tuple[str, str] | None:
    """Verdict and reason where the two rates cannot have the same responders; None where they can."""
    if every["whole"] < able["whole"]:
        return IMPOSSIBLE, "more were evaluable than there are"
    if every["n_op"] == able["n_op"] == "=":
        more = every["n"] - able["n"]
        if more < 0:
            return IMPOSSIBLE, "fewer responders among all than among the evaluable"
        return (DISCREPANT, f"{show(more)} responders who were not evaluable") if more else None
    if every["percent_op"] == able["percent_op"] == "=":
        if every["percent_min"] > able["percent_max"] + SLACK:
            return DISCREPANT, "a larger share of all, though those who could not be evaluated did not respond"
        ratio = _ratio(every, able)
        if ratio and not _meets(every, able, ratio):
            return DISCREPANT, f"the same responders would be {show(able['percent'] * ratio)} % of all"
    return None


def _ratio(every: dict, able: dict) -> float:
    """Share of all patients who were evaluable; 0 where a size is not printed."""
    known = every["whole"] > 0 and able["whole"] > 0
    return float(able["whole"] / every["whole"]) if known else 0.0


def _meets(every: dict, able: dict, ratio: float) -> bool:
    low, high = able["percent_min"] * ratio, able["percent_max"] * ratio
    return bool(low <= every["percent_max"] + SLACK and every["percent_min"] <= high + SLACK)


def _shown(row: dict) -> str:
    count = f"{row['n_text']}/{row['whole']:.0f}" if row["n_op"] == "=" and row["whole"] > 0 else row["n_text"]
    return f"{count} ({row['percent_text']} %)" if row["percent_text"] else count
