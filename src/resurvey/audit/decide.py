"""Other printed numbers that support only one of two conflicting values of a quantity."""

from __future__ import annotations

import pandas as pd

from resurvey.audit.context import Context, records
from resurvey.audit.quantities import p_quantities, quantities
from resurvey.audit.values import value_in

SLACK = 1e-9


def decide(context: Context, first: dict, second: dict) -> str:
    """Return a clause saying which of two values other printed numbers support; empty when none does.

    Medians are first compared with stated differences; otherwise (except for counts and shares) the clause names other
    rows of the same document that print one of the values for something else, and then other documents.
    """
    words = _by_difference(context, first, second) if first["table"] == "median" else ""
    if words or first["table"] in ("count", "share"):
        return words
    return _printed_for(context, first, second) + _by_documents(context, first, second)


def _by_difference(context: Context, first: dict, second: dict) -> str:
    frame = context["differences"]
    same = frame[(frame["study_id"] == second["study_id"]) & (frame["value_op"] == "=")]
    endpoint = first["key"].split("|")[3]
    same = same[(same["endpoint"] == endpoint) & same["source_id"].isin([first["source_id"], second["source_id"]])]
    for record in records(same):
        stated = value_in("differences", record)
        if stated is None:
            continue
        fits = [_has_partner(context, candidate, stated.low, stated.high) for candidate in (first, second)]
        if fits[0] != fits[1]:
            chosen = first if fits[0] else second
            named = f"{chosen['text']} ({chosen['claim_id']})"
            return f"; the stated difference {stated.text} ({stated.claim}) fits only {named}"
    return ""


def _has_partner(context: Context, candidate: dict, low: float, high: float) -> bool:
    """Whether the median of another arm in the same place differs from the candidate by the stated difference."""
    frame = quantities(context)
    arm, endpoint = candidate["key"].split("|")[1], candidate["key"].split("|")[3]
    beside = frame[(frame["source_id"] == candidate["source_id"]) & (frame["study_id"] == candidate["study_id"])]
    beside = beside[(beside["table"] == "median") & (beside["locator"] == candidate["locator"])]
    for key, least, most in zip(beside["key"], beside["low"], beside["high"], strict=True):
        parts = key.split("|")
        if parts[1] == arm or parts[3] != endpoint:
            continue
        for a, b in (
            (candidate["low"] - most, candidate["high"] - least),
            (least - candidate["high"], most - candidate["low"]),
        ):
            if a <= high + SLACK and low <= b + SLACK:
                return True
    return False


def _by_documents(context: Context, first: dict, second: dict) -> str:
    frame = p_quantities(context) if first["table"] == "p" else quantities(context)
    same = frame[(frame["study_id"] == second["study_id"]) & (frame["key"] == second["key"])]
    same = same[~same["source_id"].isin([first["source_id"], second["source_id"]])]
    found = [_meeting(same, candidate) for candidate in (first, second)]
    if found[0].empty == found[1].empty:
        return ""
    chosen, documents = (first, found[0]) if len(found[0]) else (second, found[1])
    names = sorted(set(documents["source_id"]))
    return f"; {', '.join(names)} also print{'s' if len(names) == 1 else ''} {chosen['text']}"


def _meeting(frame: pd.DataFrame, candidate: dict) -> pd.DataFrame:
    return frame[(frame["low"] <= candidate["high"] + SLACK) & (candidate["low"] <= frame["high"] + SLACK)]


def _printed_for(context: Context, first: dict, second: dict) -> str:
    frame = p_quantities(context) if first["table"] == "p" else quantities(context)
    for candidate in (second, first):
        same = frame[(frame["source_id"] == candidate["source_id"]) & (frame["study_id"] == candidate["study_id"])]
        same = same[(same["table"] == candidate["table"]) & (same["text"] == candidate["text"])]
        other = same[(same["key"] != candidate["key"]) & ~same["what"].str.contains("baseline")]
        if len(other) and "." in candidate["text"]:
            row = other.iloc[0]
            return f"; {candidate['text']} is printed for {row['what']} as well ({row['claim_id']})"
    return ""
