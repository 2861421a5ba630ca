"""Ratios compared with the events they are based on and with the medians of their groups."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd

from resurvey.audit import wald
from resurvey.audit.context import Context, records
from resurvey.audit.ratio_checks import LEVELS, with_interval
from resurvey.audit.registry import register
from resurvey.audit.verdicts import (
    CONCLUSION,
    DISCREPANT,
    IMPOSSIBLE,
    MAJOR,
    MINOR,
    NONE,
    REPRODUCED,
    ROUNDING,
    UNCHECKABLE,
    Ledger,
)
from resurvey.audit.wald import Box
from resurvey.reported import show

# Printed events and those implied by the width agree when they are within this factor of each other: unequal arms and
# strata widen an interval, and heavy censoring does not narrow it.
EVENTS_FACTOR = 1.35
# Standard errors not derived from a partial likelihood: the events imply no minimum for them.
ROBUST = re.compile(r"robust|sandwich|weight|bootstrap|iptw|matched|bayes|firth", re.IGNORECASE)
# Factor by which a group may exceed a size taken from another row.
INFERRED = 1.1
MOST = 1e6


@register(
    "ratio-events",
    "se of a log hazard ratio >= 2 / sqrt(events): each event adds at most 1/4 to the information",
    "Parmar 1998; Tierney 2007; Schoenfeld 1983",
)
def check_ratio_events(context: Context) -> pd.DataFrame:
    """The width of the interval of a hazard ratio against the number of events, or patients, behind it."""
    frame = with_interval(context)
    frame = frame[(frame["measure"] == "HR") & (frame["lower"] > 0)].reset_index(drop=True)
    ledger = Ledger("ratio-events")
    lower, upper = Box.of(frame, "lower"), Box.of(frame, "upper")
    z = wald.quantile(frame["ci_level"].to_numpy(float))
    se, loose = wald.standard_error(lower, upper, z), wald.standard_error(lower.widened(), upper.widened(), z)
    known = _median_events(context)
    for row, record in enumerate(records(frame)):
        counted = _events(known, record)
        _judge_events(ledger, context, record, counted, (se[0][row], se[1][row]), loose[1][row])
    return ledger.frame()


def _judge_events(
    ledger: Ledger,
    context: Context,
    record: dict,
    counted: tuple[float, list[str], str],
    se: tuple[float, float],
    loose: float,
) -> None:
    fewest, most = 4 / se[1] ** 2, 4 / se[0] ** 2
    span = f"about {_span(fewest, most)} events (4 over the variance)"
    events, claims, told = counted
    patients = record["n"] if record["n_op"] == "=" else _patients(context, record)
    verdict, severity, words = _verdict(record, (fewest, most), 4 / loose**2, events, patients)
    ledger.judge(
        record,
        [record["claim_id"], *claims],
        named=[record["claim_id"]],
        reported=f"{record['lower_text']}-{record['upper_text']}" + (f", {told}" if told else ""),
        recomputed=f"{_span(fewest, most)} events",
        verdict=verdict,
        severity=severity,
        explanation=f"the width implies {span}{words}",
    )


def _span(fewest: float, most: float) -> str:
    """Number of events in words: a range where the limits are printed precisely enough to bound it."""
    if most > MOST or most > 50 * fewest:
        return f"{show(fewest, 3)} or more"
    return f"{show(fewest, 3)} to {show(most, 3)}"


def _events(known: dict[tuple[str, ...], tuple[float, str]], record: dict) -> tuple[float, list[str], str]:
    """Events of both groups together, printed with the ratio or with both medians, and the claims printing them."""
    if record["events_op"] == "=":
        return record["events"], [], f"{record['events_text']} events"
    key = (record["source_id"], record["study_id"], record["endpoint"], record["data_cut"])
    arms = (record["arm_id"], record["population"]), _comparator(record)
    pair = [known.get((*key, *arm)) for arm in arms]
    if arms[0] == arms[1] or None in pair:
        return float("nan"), [], ""
    (first, a), (second, b) = pair  # type: ignore[misc]
    return first + second, [a, b], f"{first:.0f} + {second:.0f} events"


def _comparator(record: dict) -> tuple[str, str]:
    arm = record["comparator_arm_id"] or record["arm_id"]
    return arm, record["comparator_population"] or record["population"]


def _median_events(context: Context) -> dict[tuple[str, ...], tuple[float, str]]:
    """Events printed with the median of each group, and the claim that prints them."""
    frame = context["medians"]
    frame = frame[frame["events_op"] == "="]
    columns = ("source_id", "study_id", "endpoint", "data_cut", "arm_id", "population")
    return {tuple(r[c] for c in columns): (r["events"], r["claim_id"]) for r in records(frame[::-1])}


def _patients(context: Context, record: dict) -> float:
    """Patients of both groups together, where both sizes or the total size are printed."""
    source, study = record["source_id"], record["study_id"]
    other_arm, other_population = _comparator(record)
    first = context.size(source, study, record["arm_id"], record["population"], elsewhere=True)
    second = context.size(source, study, other_arm, other_population, elsewhere=True)
    if first and second:
        return first[0] + second[0]
    whole = context.size(source, study, "all", record["population"], elsewhere=True)
    return whole[0] if whole else float("nan")


def _verdict(
    record: dict, implied: tuple[float, float], loose: float, events: float, patients: float
) -> tuple[str, str, str]:
    """Verdict, severity and clause; `loose` is the minimum number of events if limits were truncated or rounded up."""
    fewest, most = implied
    robust = record["model"] == "matched" or bool(ROBUST.search(f"{record['test']} {record['note']}"))
    own = record["n_op"] == "="
    bounds = [(events, f"the {show(events, 6)} printed")] if events == events else []
    if patients == patients:
        bounds.append((patients * (1 if own else INFERRED), f"the {show(patients, 6)} patients compared"))
    for bound, what in bounds:
        if fewest > bound * (1 + 1e-9):
            if robust:
                return UNCHECKABLE, NONE, f", more than {what}; a robust or weighted standard error can be as small"
            if loose <= bound:
                return ROUNDING, NONE, f", not more than {what} when digits were cut off or rounded up"
            sure = what.endswith("printed") or own
            words = f", more than {what}: a Cox model of two groups cannot have so narrow an interval"
            return IMPOSSIBLE if sure else DISCREPANT, MAJOR, words + _other_level(record, implied, bound)
    if events == events:
        close = fewest <= events <= most * EVENTS_FACTOR
        words = f", printed {show(events, 6)}" + ("" if close else "; a hint only: arms, strata and covariates matter")
        return REPRODUCED if close else UNCHECKABLE, NONE, words
    if patients == patients:
        return REPRODUCED, NONE, f", possible among {show(patients, 6)} patients"
    return UNCHECKABLE, NONE, "; neither events nor patients are printed"


def _other_level(record: dict, implied: tuple[float, float], bound: float) -> str:
    """Confidence levels at which the same limits would be possible and usual."""
    z = wald.quantile(np.array([record["ci_level"], *LEVELS]))
    scaled = {level: (z[1 + place] / z[0]) ** 2 for place, level in enumerate(LEVELS)}
    fitting = [
        f"{level:g}"
        for level, factor in scaled.items()
        if implied[0] * factor <= bound <= implied[1] * factor * EVENTS_FACTOR and level != record["ci_level"]
    ]
    return f"; as an interval of {' or '.join(fitting)} % it could be" if fitting else ""


@register("ratio-medians", "under exponential survival HR = median(comparator) / median(group); a hint", "Tierney 2007")
def check_ratio_medians(context: Context) -> pd.DataFrame:
    """A hazard ratio beside the inverse ratio of the medians: a hint about direction and size, never a finding."""
    ratios = context["hazard_ratios"]
    ratios = ratios[(ratios["value_op"] == "=") & (ratios["measure"] == "HR")]
    medians = _first_medians(context)
    ledger = Ledger("ratio-medians")
    for record in records(ratios):
        base = (record["source_id"], record["study_id"])
        here = medians.get((*base, record["arm_id"], record["population"], record["endpoint"]))
        other_arm = record["comparator_arm_id"] or record["arm_id"]
        there = medians.get(
            (*base, other_arm, record["comparator_population"] or record["population"], record["endpoint"])
        )
        if here and there and here is not there:
            _judge_medians(ledger, record, here, there)
    return ledger.frame()


def _first_medians(context: Context) -> dict[tuple[str, ...], dict]:
    frame = context["medians"]
    frame = frame[(frame["value_op"] == "=") & (frame["value"] > 0)]
    key = ["source_id", "study_id", "arm_id", "population", "endpoint"]
    return {tuple(record[column] for column in key): record for record in records(frame[::-1])}


def _judge_medians(ledger: Ledger, record: dict, here: dict, there: dict) -> None:
    implied = there["value"] / here["value"]
    has_interval = record["lower_op"] == "=" and record["upper_op"] == "="
    inside = has_interval and record["lower"] <= implied <= record["upper"]
    same_side = (implied - 1) * (record["value"] - 1) >= 0
    words = (
        f"medians {here['value_text']} and {there['value_text']} would mean {show(implied, 3)} if hazards were constant"
    )
    verdict = REPRODUCED if same_side and (inside or not has_interval) else UNCHECKABLE
    severity = NONE if same_side else MINOR
    if not same_side and _apart(here, there) and (record["value_max"] <= 1 or record["value_min"] >= 1):
        verdict, severity = DISCREPANT, CONCLUSION
        words += (
            "; the intervals of the medians do not meet, and the ratio points the other way: its groups are exchanged"
        )
    elif not same_side:
        words += "; ratio and medians point opposite ways (curves that cross, or a ratio the other way round)"
    elif not inside and has_interval:
        words += ", outside the interval: hazards are not constant or not proportional; a hint only"
    ledger.judge(
        record,
        [record["claim_id"], here["claim_id"], there["claim_id"]],
        named=[record["claim_id"]],
        reported=f"HR {record['value_text']}",
        recomputed=show(implied, 3),
        verdict=verdict,
        severity=severity,
        explanation=words,
    )


def _apart(here: dict, there: dict) -> bool:
    """Whether the intervals of two medians share no value (`not reached` as infinity; blank limits never do)."""
    return bool(here["lower_min"] > there["upper_max"] or there["lower_min"] > here["upper_max"])
