"""Numbers of patients and events of a row, against its group, its arm and the other parts of the whole."""

from __future__ import annotations

import re
from itertools import combinations

import pandas as pd

from resurvey.audit.context import Context, grouped
from resurvey.audit.registry import register
from resurvey.audit.verdicts import (
    CONFLICT,
    DISCREPANT,
    IMPOSSIBLE,
    MAJOR,
    MINOR,
    NONE,
    REPRODUCED,
    UNCHECKABLE,
    Ledger,
)

# Pairs of words that divide a group in two; those of the first list are exhaustive, those of the second may not be.
EXHAUSTIVE = (
    ("positive", "negative"),
    ("primary", "secondary"),
    ("with", "without"),
    ("yes", "no"),
    ("male", "female"),
    ("males", "females"),
    ("men", "women"),
    ("man", "woman"),
    ("present", "absent"),
    ("visceral", "non-visceral"),
    ("mutated", "wild-type"),
    ("mutant", "wild-type"),
    ("mutant", "wild type"),
)
EXCLUSIVE = (
    ("younger", "older"),
    ("premenopausal", "postmenopausal"),
    ("pre-menopausal", "post-menopausal"),
    ("low", "high"),
    ("left", "right"),
    ("naive", "pretreated"),
    ("responders", "non-responders"),
)
THRESHOLD = re.compile(r"(<=|>=|<|>|≤|≥)\s*(\d+(?:\.\d+)?)")
OTHER_SIDE = {"<": ">=", ">=": "<", "<=": ">", ">": "<="}
NEGATION = re.compile(r"^(?:no |not |non-|non |without )")


def complements(first: str, second: str) -> bool:
    """Whether two subgroups are complements by their names (`hormone receptor positive`, `... negative`)."""
    a, b = sorted((first.lower(), second.lower()))
    return _paired(a, b, EXHAUSTIVE) or _thresholds(a, b) or _negated(a, b)


def exclusive(first: str, second: str) -> bool:
    """Whether two subgroups are mutually exclusive, by their names."""
    a, b = sorted((first.lower(), second.lower()))
    return complements(a, b) or _paired(a, b, EXCLUSIVE)


def _paired(a: str, b: str, pairs: tuple[tuple[str, str], ...]) -> bool:
    for one, other in pairs:
        for x, y in ((one, other), (other, one)):
            if f" {x} " in f" {a} " and f" {a} ".replace(f" {x} ", f" {y} ") == f" {b} ":
                return True
    return False


def _thresholds(a: str, b: str) -> bool:
    """Whether two names are complementary thresholds, as `age <65` and `age >=65`."""
    signs = {"≤": "<=", "≥": ">="}
    a, b = ("".join(signs.get(c, c) for c in text) for text in (a, b))
    first, second = THRESHOLD.search(a), THRESHOLD.search(b)
    if not (first and second) or OTHER_SIDE[first[1]] != second[1] or float(first[2]) != float(second[2]):
        return False
    return THRESHOLD.sub("", a).split() == THRESHOLD.sub("", b).split()


def _negated(a: str, b: str) -> bool:
    return any(NEGATION.search(x) is not None and NEGATION.sub("", x) == y for x, y in ((a, b), (b, a)))


@register("parts-sum", "n and events of complementary subgroups together <= those of the whole; with all n, all events")
def check_parts_sum(context: Context) -> pd.DataFrame:
    """Patients and events of two mutually exclusive parts of a group, against the whole."""
    ledger = Ledger("parts-sum")
    for rows in _tables_with_sizes(context):
        first = {row["population"]: row for row in rows[::-1]}
        whole = first.get("all")
        for a, b in combinations([name for name in first if name != "all"], 2):
            if whole and exclusive(a, b):
                _judge_sums(ledger, whole, first[a], first[b])
    return ledger.frame()


def _tables_with_sizes(context: Context) -> list[list[dict]]:
    """Rows that differ only in their subgroup, by table: medians, and ratios not compared with another group."""
    place = ["source_id", "study_id", "arm_id", "endpoint", "data_cut"]
    ratios = context["hazard_ratios"]
    ratios = ratios[
        ratios["comparator_population"].isin([""]) | (ratios["comparator_population"] == ratios["population"])
    ]
    found = [*grouped(context["medians"], place).values()]
    found += grouped(ratios, [*place, "comparator_arm_id", "measure"]).values()
    return found


def _judge_sums(ledger: Ledger, whole: dict, a: dict, b: dict) -> None:
    full = False
    for column in ("n", "events"):
        if any(row[f"{column}_op"] != "=" for row in (whole, a, b)):
            continue
        both, most = a[column] + b[column], whole[column]
        everyone = column == "n" and both == most
        verdict, why = _verdict(both, most, column, full)
        full = full or everyone
        words = f"{a['population']} {a[f'{column}_text']} and {b['population']} {b[f'{column}_text']} are "
        words += f"{int(both)} {'patients' if column == 'n' else 'events'} together, the whole has {int(most)}{why}"
        ledger.judge(
            whole,
            [a["claim_id"], b["claim_id"], whole["claim_id"]],
            named=[a["claim_id"], b["claim_id"], *(["events"] if column == "events" else [])],
            reported=f"{a[f'{column}_text']} + {b[f'{column}_text']} of {whole[f'{column}_text']}",
            recomputed=str(int(both)),
            verdict=verdict,
            severity=NONE if verdict == REPRODUCED else MINOR if verdict == UNCHECKABLE else MAJOR,
            explanation=words,
        )


def _verdict(both: float, most: float, column: str, full: bool) -> tuple[str, str]:
    if both > most:
        return IMPOSSIBLE, ", though nobody is in both parts"
    if both == most:
        return REPRODUCED, ""
    if column == "events" and full:
        return DISCREPANT, ", though the two parts hold all patients"
    return UNCHECKABLE, f"; {int(most - both)} in neither: unknown, or a part that is not printed"


# Groups at least as large as the arm, and sizes that count something other than the patients of the arm.
WIDER = re.compile(r"randomi[sz]ed|screened|enrolled|intention|itt|full analysis", re.IGNORECASE)


@register("group-size", "n of a result <= n of its group; events <= n; a subgroup is no larger than its arm")
def check_group_size(context: Context) -> pd.DataFrame:
    """Patients and events of a median, rate or ratio, against the size that the document prints for the group."""
    ledger = Ledger("group-size")
    for table in ("medians", "survival_rates", "hazard_ratios"):
        for record in context.records(table):
            size = _group(context, record)
            if size:
                _judge_size(ledger, record, *size)
    return ledger.frame()


def _group(context: Context, record: dict) -> tuple[float, list[str], bool] | None:
    """Size of the group of a row (both groups of a ratio), the claims printing it, and whether it is a wider arm."""
    place = record["source_id"], record["study_id"]
    arms = [record["arm_id"]]
    if "comparator_arm_id" in record:
        if record["comparator_population"] not in ("", record["population"]):
            return None
        other = record["comparator_arm_id"]
        arms = ["all"] if other in ("", record["arm_id"]) else [record["arm_id"], other]
    for population in dict.fromkeys((record["population"], "all")):
        sizes = [context.size(*place, arm, population) for arm in arms]
        if all(sizes) and not WIDER.search(record["population"]):
            total = sum(size[0] for size in sizes if size)
            return total, [size[1] for size in sizes if size], population != record["population"]
    return None


def _judge_size(ledger: Ledger, record: dict, size: float, claims: list[str], wider: bool) -> None:
    group = "arm" if wider else "group"
    if record["n_op"] == "=" and record["n"] != size and not (wider and record["n"] < size):
        over = record["n"] > size
        verdict = UNCHECKABLE if not over else IMPOSSIBLE if wider else CONFLICT
        words = f"a result of {record['n_text']} patients, in a{'n' if wider else ''} {group} of {int(size)}"
        words += "" if over else "; an analysed part, or a slip: a hint only"
        _note(ledger, record, claims, f"n {record['n_text']}", verdict, words, size)
    if record.get("events_op") == "=" and record["n_op"] != "=" and record["events"] > size:
        words = f"{record['events_text']} events in a{'n' if wider else ''} {group} of {int(size)} patients"
        _note(ledger, record, claims, f"{record['events_text']} events", IMPOSSIBLE, words, size)


def _note(
    ledger: Ledger, record: dict, claims: list[str], reported: str, verdict: str, words: str, size: float
) -> None:
    ledger.judge(
        record,
        [record["claim_id"], *claims],
        named=[record["claim_id"], reported.split()[-1]] if reported.endswith("events") else [record["claim_id"]],
        reported=reported,
        recomputed=f"at most {int(size)}",
        verdict=verdict,
        severity=MINOR if verdict == UNCHECKABLE else MAJOR,
        explanation=words,
    )


RESPONSE_TIME = re.compile(r"^(dor|duration of (overall |objective |complete )?response)$", re.IGNORECASE)


@register("response-duration", "patients of a duration of response <= responders")
def check_response_duration(context: Context) -> pd.DataFrame:
    """The patients in a duration of response cannot outnumber the responders."""
    ledger = Ledger("response-duration")
    place = ["source_id", "study_id", "arm_id", "population"]
    counts = context["proportions"]
    counts = counts[(counts["n_op"] == "=") & ((counts["item"] == "ORR") | (counts["endpoint"] == "ORR"))]
    responders = grouped(counts[~counts["item"].isin(["CR", "PR"])], place)
    for record in context.records("medians"):
        found = responders.get(tuple(record[c] for c in place), [])
        if RESPONSE_TIME.match(record["endpoint"]) and found:
            _judge_duration(ledger, record, found)
    return ledger.frame()


def _judge_duration(ledger: Ledger, record: dict, responders: list[dict]) -> None:
    most = max(row["n"] for row in responders)
    for column in ("n", "events"):
        if record[f"{column}_op"] != "=":
            continue
        wrong = record[column] > most
        what = "patients" if column == "n" else "events"
        words = f"duration of response in {record[f'{column}_text']} {what}, {int(most)} responders"
        ledger.judge(
            record,
            [record["claim_id"], *(row["claim_id"] for row in responders)],
            named=[record["claim_id"], *([column] if column == "events" else [])],
            reported=f"{record[f'{column}_text']} of {int(most)}",
            recomputed=f"at most {int(most)}",
            verdict=IMPOSSIBLE if wrong else REPRODUCED,
            severity=MAJOR if wrong else NONE,
            explanation=words + (": more than the responders" if wrong else ""),
        )
