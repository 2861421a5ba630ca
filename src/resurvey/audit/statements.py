"""Stated differences, directions and significance, against the numbers."""

from __future__ import annotations

import math

import pandas as pd

from resurvey.audit.context import Context, records
from resurvey.audit.likeness import unlike
from resurvey.audit.registry import register
from resurvey.audit.values import Value, value_in, value_of
from resurvey.audit.verdicts import (
    CONCLUSION,
    DISCREPANT,
    IMPOSSIBLE,
    MINOR,
    NONE,
    REPRODUCED,
    ROUNDING,
    UNCHECKABLE,
    Ledger,
)
from resurvey.reported import show

SLACK = 1e-9
# Limits for imprecise words: "similar" is within a quarter either way, "doubled" is 1.75 to 2.5 times.
SIMILAR, DOUBLED = (0.75, 1.34), (1.75, 2.5)
HIGHER, LOWER = ("longer", "higher"), ("shorter", "lower")


def _pair(context: Context, record: dict) -> tuple[Value, Value] | None:
    claims = [claim.strip() for claim in record["claims"].split(";") if claim.strip()]
    if len(claims) != 2:
        return None
    first, second = value_of(context, claims[0]), value_of(context, claims[1])
    if first is None or second is None:
        return None
    # "Not reached" has no unit.
    if not first.comparable(second) and "NR" not in (first.operator, second.operator):
        return None
    return first, second


@register("stated-difference", "first - second, each within its rounding, against the difference stated")
def check_difference(context: Context) -> pd.DataFrame:
    """A printed difference, recomputed from the two numbers."""
    ledger = Ledger("stated-difference")
    for record in records(context["differences"]):
        pair = _pair(context, record)
        stated = value_in("differences", record)
        if pair and stated and all(v.operator in ("=", "~") for v in (*pair, stated)):
            _judge_difference(context, ledger, record, stated, *pair)
    return ledger.frame()


def _judge_difference(context: Context, ledger: Ledger, record: dict, stated: Value, a: Value, b: Value) -> None:
    low, high = a.low - b.high, a.high - b.low
    flips = low > 0 or high < 0
    sizes = [(low, high)] if record["direction"] in ("longer", "higher", "") else [(low, high), (-high, -low)]
    fits = any(x <= stated.high + SLACK and stated.low <= y + SLACK for x, y in sizes)
    unit = stated.high - stated.low
    near = any(x - unit / 2 <= stated.high + SLACK and stated.low <= y + unit / 2 + SLACK for x, y in sizes)
    verdict = REPRODUCED if fits else ROUNDING if near else DISCREPANT
    words = (
        f"{a.text} minus {b.text} is {show(a.value - b.value)} ({show(low)} to {show(high)}), stated as {stated.text}"
    )
    if verdict == DISCREPANT:
        words += _fits_elsewhere(context, record, stated, a, b)
    ledger.judge(
        record,
        [record["claim_id"], a.claim, b.claim],
        named=[record["claim_id"]],
        reported=stated.text,
        recomputed=show(a.value - b.value),
        verdict=verdict,
        severity=NONE if verdict != DISCREPANT or not flips else MINOR,
        explanation=words,
    )


def _fits_elsewhere(context: Context, record: dict, stated: Value, a: Value, b: Value) -> str:
    """Clause naming two other printed medians of the same endpoint that the stated difference fits; empty if none."""
    if a.table != "medians" or b.table != "medians":
        return ""
    frame = context["medians"]
    same = frame[(frame["source_id"] == record["source_id"]) & (frame["study_id"] == record["study_id"])]
    same = same[(same["endpoint"] == record["endpoint"]) & same["value_op"].isin(["=", "~"])]
    values = [(r, value_in("medians", r)) for r in records(same)]
    for r, first in values:
        for s, second in values:
            if first is None or second is None or r["arm_id"] == s["arm_id"]:
                continue
            if first.low - second.high <= stated.high + SLACK and stated.low <= first.high - second.low + SLACK:
                place = r["locator"] if r["locator"] == s["locator"] else f"{r['locator']} and {s['locator']}"
                return f"; it fits {first.text} minus {second.text} ({place}: {first.claim}, {second.claim})"
    return ""


@register("stated-direction", "longer, higher, similar, doubled, better or worse against the two numbers or the ratio")
def check_direction(context: Context) -> pd.DataFrame:
    """A stated direction against the numbers it refers to."""
    ledger = Ledger("stated-direction")
    for record in records(context["differences"]):
        if not record["direction"]:
            continue
        pair = _pair(context, record)
        if pair:
            _judge_pair(context, ledger, record, *pair)
        else:
            _judge_ratio(context, ledger, record)
    return ledger.frame()


def _judge_pair(context: Context, ledger: Ledger, record: dict, a: Value, b: Value) -> None:
    word = record["direction"]
    known = all(v.value == v.value and v.operator in ("=", "~", "NR", "<", ">") for v in (a, b))
    if not known or a.value == b.value == float("inf"):
        return
    tail = ""
    if word in ("similar", "doubled"):
        low, high = SIMILAR if word == "similar" else DOUBLED
        ratio = a.value / b.value if b.value else math.inf
        agrees = low <= ratio <= high
        tail = f" ({show(ratio, 3)} times)" if math.isfinite(ratio) else ""
        # What counts as similar is a matter of judgement, for a reader rather than for a check.
        verdict = REPRODUCED if agrees else UNCHECKABLE
    else:
        more = _means_more(context, record, a)
        agrees = a.high > b.low if more else a.low < b.high
        verdict = REPRODUCED if agrees else DISCREPANT
    words = f"said to be {word}: {a.text} against {b.text}{tail}"
    words += "" if agrees else ("; the numbers point the other way" if verdict == DISCREPANT else "; a matter of words")
    severity = CONCLUSION if verdict == DISCREPANT else NONE
    other = unlike(context, record, [a, b])
    if other:
        verdict, severity = UNCHECKABLE, MINOR
        words += f"; but {other}: these numbers do not decide it"
    ledger.judge(
        record,
        [record["claim_id"], a.claim, b.claim],
        named=[record["claim_id"]],
        reported=word,
        recomputed=f"{a.text} against {b.text}",
        verdict=verdict,
        severity=severity,
        explanation=words,
    )


HARMS = ("AE", "TEAE", "adverse", "toxic", "side effect", "progression", "recurrence", "death", "mortality")


def _means_more(context: Context, record: dict, first: Value) -> bool:
    """Whether the word says that the first number is the larger one."""
    word = record["direction"]
    if word in HIGHER or word in LOWER:
        return word in HIGHER
    found = context.claim(first.claim)
    row = found[1] if found else {}
    text = f"{record['endpoint']} {record['item']} {row.get('kind', '')}".lower()
    harmful = first.table == "proportions" and (
        row.get("kind") == "adverse_event" or any(w.lower() in text for w in HARMS)
    )
    return (word == "better") != harmful


def _judge_ratio(context: Context, ledger: Ledger, record: dict) -> None:
    """A direction beside one ratio: below 1 means fewer events, later events or a better outcome in the numerator."""
    claims = [claim.strip() for claim in record["claims"].split(";") if claim.strip()]
    value = value_of(context, claims[0]) if len(claims) == 1 else None
    if value is None or value.table != "hazard_ratios" or record["direction"] in ("similar", "doubled"):
        return
    found = context.claim(value.claim)
    if found is None or found[1]["arm_id"] != record["arm_id"]:
        return
    below = record["direction"] in ("lower", "better", "longer")
    agrees = value.low < 1 if below else value.high > 1
    other = unlike(context, record, [value])
    ledger.judge(
        record,
        [record["claim_id"], value.claim],
        named=[record["claim_id"]],
        reported=record["direction"],
        recomputed=f"ratio {value.text}",
        verdict=UNCHECKABLE if other else REPRODUCED if agrees else DISCREPANT,
        severity=MINOR if other else NONE if agrees else CONCLUSION,
        explanation=f"said to be {record['direction']}, ratio {value.text}"
        + ("" if agrees else " points the other way")
        + (f"; but {other}: it does not decide it" if other else ""),
    )


@register("significance-word", "significant: p < 0.05 (or the level named); not significant, trend: p >= 0.05")
def check_significance(context: Context) -> pd.DataFrame:
    """Statements about significance against the p value beside them."""
    ledger = Ledger("significance-word")
    frame = context["p_values"]
    for record in records(frame[(frame["statement"] != "") & (frame["p_op"] != "")]):
        significant = record["statement"] == "significant"
        low = 0.0 if record["p_op"] in ("<", "<=") else record["p_min"]
        # A printed 0.05 may lie on either side.
        agrees = low < 0.05 + SLACK if significant else record["p_max"] >= 0.05 - SLACK
        words = f"p {record['p_text']} is called {record['statement']}"
        ledger.judge(
            record,
            reported=f"p {record['p_text']}, {record['statement']}",
            recomputed="p < 0.05" if record["p_max"] < 0.05 else "p >= 0.05",
            verdict=REPRODUCED if agrees else DISCREPANT,
            severity=NONE if agrees else CONCLUSION,
            explanation=words + ("" if agrees else ", against the usual level of 0.05"),
        )
    return ledger.frame()


@register("p-range", "0 < p: a p printed as 0.000 is below 0.0005 and should say so", "ICMJE; Wasserstein 2016")
def check_p_range(context: Context) -> pd.DataFrame:
    """A p value cannot be exactly 0; only errors are listed."""
    ledger = Ledger("p-range")
    for table in ("hazard_ratios", "p_values"):
        frame = context[table]
        for record in records(frame[(frame["p_op"].isin(["=", "<"])) & (frame["p"] == 0)]):
            bound = f"below {show(record['p_max'])}" if record["p_op"] == "=" else "above 0"
            ledger.judge(
                record,
                reported=f"p {record['p_text']}",
                recomputed=bound,
                verdict=IMPOSSIBLE,
                severity=MINOR,
                explanation=f"p {record['p_text']} cannot be: no p is 0; {bound} is meant, as programs print it",
            )
    return ledger.frame()


@register("direction-p", "a difference said to have a direction, and the p of the same two numbers; a hint")
def check_direction_p(context: Context) -> pd.DataFrame:
    """A result described as a gain whose p value, in the same document, is not below 0.05; never a finding."""
    ledger = Ledger("direction-p")
    frame = context["p_values"]
    frame = frame[(frame["p_op"] != "") & (frame["statement"] == "")]
    tested = {(record["source_id"], _pair_of(record["claims"])): record for record in records(frame)}
    for record in records(context["differences"]):
        test = tested.get((record["source_id"], _pair_of(record["claims"])))
        if test is None or record["direction"] in ("", "similar") or len(_pair_of(record["claims"])) != 2:
            continue
        small = test["p_op"] in ("<", "<=") or test["p_min"] < 0.05
        words = f"said to be {record['direction']}; p {test['p_text']} for the same two numbers"
        ledger.judge(
            record,
            [record["claim_id"], test["claim_id"]],
            reported=f"{record['direction']}, p {test['p_text']}",
            recomputed="p < 0.05" if small else "p >= 0.05",
            verdict=REPRODUCED if small else UNCHECKABLE,
            severity=NONE if small else MINOR,
            explanation=words + ("" if small else "; a hint: told as a difference, not significant at 0.05"),
        )
    return ledger.frame()


def _pair_of(claims: str) -> frozenset[str]:
    return frozenset(claim.strip() for claim in claims.split(";") if claim.strip())
