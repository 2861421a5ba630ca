"""Quartiles, numbers censored, intervals of medians by named methods and early progressors, against other numbers."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pandas as pd

from resurvey.audit.context import Context, records
from resurvey.audit.medians import lies_evenly
from resurvey.audit.registry import register
from resurvey.audit.verdicts import DISCREPANT, IMPOSSIBLE, MAJOR, MINOR, NONE, REPRODUCED, Ledger
from resurvey.reported import show

SLACK = 1e-9
PLACE = ("source_id", "study_id", "arm_id", "population", "endpoint", "data_cut")
# Survival at each quartile of the event times.
NAMES = {"lower_quartile": "lower quartile", "value": "median", "upper_quartile": "upper quartile"}
LEVELS = {"lower_quartile": 0.75, "value": 0.5, "upper_quartile": 0.25}


@register("quartile-order", "lower quartile <= median <= upper quartile, with not reached as infinity")
def check_quartile_order(context: Context) -> pd.DataFrame:
    """The first quartile of the times cannot exceed the median, nor the median the third quartile."""
    ledger = Ledger("quartile-order")
    for record in context.records("medians"):
        known = [name for name in LEVELS if record[f"{name}_op"]]
        if len(known) < 2:
            continue
        wrong = any(record[f"{early}_min"] > record[f"{late}_max"] + SLACK for early, late in pairwise(known))
        shown = ", ".join(f"{NAMES[name]} {record[f'{name}_text']}" for name in known)
        _note(ledger, [record], shown, "", wrong, shown + (": not in this order in any patients" if wrong else ""))
    return ledger.frame()


@register("quartile-landmark", "S(t) <= level where the quartile is at most t, S(t) >= level where it is beyond t")
def check_quartile_landmark(context: Context) -> pd.DataFrame:
    """Survival at a time and a quartile of the same curve must lie on the same side of 75 or 25 %."""
    ledger = Ledger("quartile-landmark")
    rates = _by_place(context, "survival_rates")
    for record in context.records("medians"):
        for name in ("lower_quartile", "upper_quartile"):
            for rate in rates.get(_place(record), []) if record[f"{name}_op"] else []:
                _judge_landmark(ledger, record, name, rate)
    return ledger.frame()


def _judge_landmark(ledger: Ledger, record: dict, name: str, rate: dict) -> None:
    time, level = rate["time_months"], LEVELS[name]
    if rate["value_op"] != "=" or not np.isfinite(time):
        return
    before = record[f"{name}_months_max"] < time - SLACK
    after = record[f"{name}_months_min"] > time + SLACK
    low, high = rate["value_prop_min"], rate["value_prop_max"]
    wrong = bool((before and low > level + SLACK) or (after and high < level - SLACK))
    place = "before" if before else "after" if after else "at about"
    words = f"the {NAMES[name]} {record[f'{name}_text']} {record['unit']} comes {place} {rate['time_text']} "
    words += f"{rate['time_unit']}, where survival is printed as {rate['value_text']} {rate['unit']}"
    bound = "at most" if before else "at least" if after else "about"
    _note(
        ledger,
        [rate, record],
        f"S({rate['time_text']} {rate['time_unit']}) {rate['value_text']} {rate['unit']}",
        f"{bound} {level:.0%}",
        wrong,
        words + ("; one curve cannot do both" if wrong else ""),
        named=[rate["claim_id"], record["claim_id"], name],
    )


@register("events-censored", "events + censored = n")
def check_censored(context: Context) -> pd.DataFrame:
    """Every patient either has had the event or is censored."""
    ledger = Ledger("events-censored")
    for record in context.records("medians"):
        if record["events_op"] != "=" or record["censored_op"] != "=":
            continue
        n, claims = _patients(context, record)
        if n is None:
            continue
        total = record["events"] + record["censored"]
        words = f"{record['events_text']} events and {record['censored_text']} censored are {total:g} of {n:g} patients"
        reported = f"{record['events_text']} + {record['censored_text']} of {n:g}"
        _note(ledger, [record, *claims], reported, f"{total:g}", total != n, words)
    return ledger.frame()


def _patients(context: Context, record: dict) -> tuple[float | None, list[dict]]:
    """Number of patients of a row, or of its group, and the claim that prints it."""
    if record["n_op"] == "=":
        return record["n"], []
    size = context.size(record["source_id"], record["study_id"], record["arm_id"], record["population"])
    return (size[0], [{"claim_id": size[1]}]) if size else (None, [])


@register("median-evenness", "median - L = U - median where the interval is said to be made from a standard error")
def check_evenness(context: Context) -> pd.DataFrame:
    """An interval from the standard error of a median is symmetric about it; one read from a band need not be."""
    ledger = Ledger("median-evenness")
    for record in context.records("medians"):
        ends = [record[f"{column}_op"] == "=" for column in ("value", "lower", "upper")]
        if record["ci_method"] != "standard error" or not all(ends):
            continue
        even = lies_evenly(record)
        shown = f"{record['value_text']} ({record['lower_text']}-{record['upper_text']})"
        words = (
            f"{shown} {'lies' if even else 'does not lie'} evenly around its median, as an interval from its standard "
        )
        ledger.judge(
            record,
            reported=shown,
            recomputed="",
            verdict=REPRODUCED if even else DISCREPANT,
            severity=NONE if even else MINOR,
            explanation=words + ("error does" if even else "error does: another method made it, or a digit is wrong"),
        )
    return ledger.frame()


@register("early-progressors", "d(t) / n <= 1 - S(u) for u >= t; at most a half before the median")
def check_early(context: Context) -> pd.DataFrame:
    """Patients with an event by a given time, against survival then or later and the median of the same curve."""
    ledger = Ledger("early-progressors")
    rates, medians = _by_place(context, "survival_rates"), _by_place(context, "medians")
    counts = context["proportions"]
    for record in records(counts[(counts["kind"] == "progression") & (counts["time_months"] > 0)]):
        share = _share(context, record)
        if share is None:
            continue
        for rate in rates.get(_place(record), []):
            if rate["value_op"] == "=" and rate["time_months"] >= record["time_months"] - SLACK:
                limit = f"S({rate['time_text']} {rate['time_unit']}) {rate['value_text']} {rate['unit']}"
                _judge_count(ledger, record, share, 1 - rate["value_prop_min"], rate, limit)
        for median in medians.get(_place(record), []):
            if median["value_months_min"] > record["time_months"] + SLACK:
                limit = f"a median of {median['value_text']} {median['unit']}"
                _judge_count(ledger, record, share, 0.5, median, limit)
    return ledger.frame()


def _share(context: Context, record: dict) -> float | None:
    """Smallest share of the patients that a count or percentage may stand for, given its rounding."""
    if record["n_op"] == "=":
        n = record["total"] if record["total_op"] == "=" else _patients(context, record | {"n_op": ""})[0]
        return None if n is None else record["n"] / n
    return record["percent_prop_min"] if record["percent_op"] in ("=", "~") else None


def _judge_count(ledger: Ledger, record: dict, share: float, most: float, other: dict, limit: str) -> None:
    wrong = share > most + SLACK
    said = record["n_text"] or f"{record['percent_text']} %"
    by = f"by {record['time_text']} {record['time_unit']}"
    words = f"{said} had had the event {by}; {limit} leaves at most {show(most, 3)} of all"
    _note(
        ledger,
        [record, other],
        f"{said} {by}",
        f"at most {show(most, 3)}",
        wrong,
        words + (", and a curve loses no less than its patients" if wrong else ""),
    )


def _place(record: dict) -> tuple[str, ...]:
    return tuple(record[column] for column in PLACE)


def _by_place(context: Context, table: str) -> dict[tuple[str, ...], list[dict]]:
    """Rows with a number, by group and endpoint."""
    found: dict[tuple[str, ...], list[dict]] = {}
    for record in context.records(table):
        if record["value_op"]:
            found.setdefault(_place(record), []).append(record)
    return found


def _note(
    ledger: Ledger,
    claims: list[dict],
    reported: str,
    recomputed: str,
    wrong: bool,
    words: str,
    named: list[str] | None = None,
) -> None:
    ledger.add(
        claims[0]["source_id"],
        claims[0]["study_id"],
        [row["claim_id"] for row in claims],
        named=named,
        reported=reported,
        recomputed=recomputed,
        verdict=IMPOSSIBLE if wrong else REPRODUCED,
        severity=MAJOR if wrong else NONE,
        explanation=words,
    )
