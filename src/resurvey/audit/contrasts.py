"""Comparisons and their p values: groups, time origin, multiplicity correction, and the p implied by the medians."""

from __future__ import annotations

import numpy as np
import pandas as pd

from resurvey import tables2x2
from resurvey.audit.context import Context, grouped, records
from resurvey.audit.denominators import denominators
from resurvey.audit.quantities import p_quantities
from resurvey.audit.registry import register
from resurvey.audit.verdicts import (
    CONCLUSION,
    DISCREPANT,
    MINOR,
    NONE,
    OTHER_METHOD,
    REPRODUCED,
    UNCHECKABLE,
    Ledger,
)
from resurvey.audit.wald import quantile
from resurvey.reported import show

LEVEL = 0.05
SLACK = 1e-9
# Largest number of comparisons considered for a multiplicity correction.
MOST_COMPARISONS = 20
# The p value of two medians from their intervals is approximate: it is reported when it differs from the printed p by
# more than this factor.
ROUGH = 10.0
CAPPED = 0.99
# Comparing an interval with a fixed number is not a test: it can support a claim, but not confirm it.
FIXED = "the interval of the median, roughly and against a fixed number,"


def claims_of(text: str) -> list[str]:
    """Claim ids of a cell."""
    return [claim.strip() for claim in text.split(";") if claim.strip()]


@register("overall-p", "a p of k > 2 groups says that some differ, not which two")
def check_overall(context: Context) -> pd.DataFrame:
    """A sentence or row about two groups that quotes the overall p value of all groups."""
    ledger = Ledger("overall-p")
    frame = context["p_values"]
    tests = [(record, claims_of(record["claims"])) for record in records(frame[frame["p_op"] != ""])]
    overall = [(record, set(ids)) for record, ids in tests if len(_groups(context, ids)) > 2]
    pairs = {(record["source_id"], frozenset(ids)): record for record, ids in tests if len(ids) == 2}
    for record, ids in overall:
        if record["comparator_arm_id"] and record["arm_id"] not in ("", "all"):
            _note_overall(ledger, record, record, len(_groups(context, list(ids))), "the row names two of them")
    for sentence in records(context["differences"]):
        pair = set(claims_of(sentence["claims"]))
        if len(pair) != 2 or not sentence["direction"]:
            continue
        own = pairs.get((sentence["source_id"], frozenset(pair)))
        wider = [
            (record, len(_groups(context, list(ids))))
            for record, ids in overall
            if pair < ids and record["source_id"] == sentence["source_id"]
        ]
        beside = [entry for entry in wider if _is_beside(sentence, entry[0])]
        if beside:
            _judge_beside(ledger, sentence, *beside[0], own)
        elif wider and own is None:
            _note_overall(ledger, sentence, *wider[0], f"no p of the two said to be {sentence['direction']}")
    return ledger.frame()


def _is_beside(sentence: dict, test: dict) -> bool:
    """Whether sentence and p value share place and subject; a sentence about all groups may quote the overall p."""
    return all(test[name] == sentence[name] for name in ("locator", "item"))


def _judge_beside(ledger: Ledger, sentence: dict, overall: dict, groups: int, own: dict | None) -> None:
    """Record that the p value quoted for two groups is the overall p value of all groups."""
    if own is not None and overall["p_text"] == own["p_text"]:
        return
    words = f"beside a sentence about two groups stands p {overall['p_text']}, of {groups} groups together; "
    words += f"that of the two is {own['p_text']} ({own['locator']})" if own else "no p of the two is printed"
    sides = [row is not None and (row["p_op"] in ("<", "<=") or row["p_max"] < LEVEL) for row in (overall, own)]
    ledger.judge(
        sentence,
        [sentence["claim_id"], overall["claim_id"], *([own["claim_id"]] if own else [])],
        named=[sentence["claim_id"], overall["claim_id"]],
        reported=f"p {overall['p_text']}",
        recomputed=f"p {own['p_text']}" if own else "",
        verdict=DISCREPANT,
        severity=MINOR if sides[0] == sides[1] else CONCLUSION,
        explanation=words,
    )


def _groups(context: Context, ids: list[str]) -> set[tuple[str, str]]:
    rows = [found[1] for claim in ids if (found := context.claim(claim))]
    return {(row["arm_id"], row["population"]) for row in rows}


def _note_overall(ledger: Ledger, about: dict, test: dict, groups: int, why: str) -> None:
    ledger.judge(
        about,
        [about["claim_id"], test["claim_id"]],
        reported=f"p {test['p_text']}",
        recomputed="",
        verdict=UNCHECKABLE,
        severity=MINOR,
        explanation=f"p {test['p_text']} is of {groups} groups together; {why}, and it does not say that these differ",
    )


@register(
    "unsupported-significance", "a result called significant: with its p, or with counts or intervals that show it"
)
def check_unsupported(context: Context) -> pd.DataFrame:
    """`Significant` without a p value: whether the numbers it refers to can support it."""
    ledger = Ledger("unsupported-significance")
    frame = context["p_values"]
    tested = {frozenset(claims_of(text)) for text in frame.loc[frame["p_op"] != "", "claims"] if text}
    for record in records(frame[frame["statement"].isin(["significant", "not significant"]) & (frame["p_op"] == "")]):
        known = [found for claim in claims_of(record["claims"]) if (found := context.claim(claim))]
        low, high, how = _bounds(context, known)
        # "Not significant" is often stated without a p value; a p value printed elsewhere is checked there.
        if (not how and record["statement"] != "significant") or frozenset(claims_of(record["claims"])) in tested:
            continue
        verdict, severity, words = _supported(record, low, high, how)
        ledger.judge(
            record,
            [record["claim_id"], *(row["claim_id"] for _, row in known)],
            named=[record["claim_id"]],
            reported=record["statement"],
            recomputed=f"p {show(low, 2)}-{show(high, 2)}" if how else "",
            verdict=verdict,
            severity=severity,
            explanation=words,
        )
    return ledger.frame()


def _bounds(context: Context, known: list[tuple[str, dict]]) -> tuple[float, float, str]:
    """Smallest and largest p value that the numbers of a comparison give, and the method used."""
    if len(known) == 2 and all(table == "proportions" for table, _ in known):
        values = _counts_p(context, [row for _, row in known])
        if values:
            return min(values), max(values), "the usual tests of the counts"
    if len(known) == 2 and all(table == "medians" for table, _ in known):
        p = medians_p(known[0][1], known[1][1])
        if p is not None:
            return p / ROUGH, min(1.0, p * ROUGH), "the intervals of the medians, roughly"
    if len(known) == 2 and known[0][0] == "medians" and known[1][0] == "quantities":
        p = constant_p(_with_interval(context, known[0][1]), known[1][1]["value"])
        if p is not None:
            return p / ROUGH, min(1.0, p * ROUGH), FIXED
    return float("nan"), float("nan"), ""


def _with_interval(context: Context, row: dict) -> dict:
    """The same median where the document prints it with its interval."""
    same = ("source_id", "study_id", "arm_id", "population", "endpoint", "value_text")
    whole = (
        other
        for other in context.records("medians")
        if other["lower_op"] and other["upper_op"] and all(other[name] == row[name] for name in same)
    )
    return row if row["lower_op"] else next(whole, row)


def constant_p(row: dict, fixed: float) -> float | None:
    """Approximate two-sided p of a median against a fixed number of months, from its interval on the log scale."""
    from scipy.special import ndtr

    ends = [row[f"{column}_months"] for column in ("value", "lower", "upper")]
    if any(row[f"{column}_op"] != "=" for column in ("value", "lower", "upper")) or not min(*ends, fixed) > 0:
        return None
    z = float(quantile(np.array([row["ci_level"]]))[0])
    error = np.log(ends[2] / ends[1]) / (2 * z)
    return float(2 * ndtr(-abs(np.log(ends[0] / fixed)) / error)) if error > 0 else None


def _supported(record: dict, low: float, high: float, how: str) -> tuple[str, str, str]:
    called = f"called {record['statement']} without a p"
    if not how:
        test = f" ({record['test']} is named)" if record["test"] else ", and no test is named"
        return UNCHECKABLE, MINOR, called + test + "; nothing printed shows it"
    significant = record["statement"] == "significant"
    against = low >= LEVEL if significant else high < LEVEL
    words = (
        f"{called}; {how} give{'' if 'tests' in how or 'intervals' in how else 's'} p {show(low, 2)} to {show(high, 2)}"
    )
    if against:
        return DISCREPANT, CONCLUSION, words + ", on the other side of 0.05"
    clear = high < LEVEL if significant else low >= LEVEL
    if how == FIXED:
        return UNCHECKABLE, MINOR, words + "; no test against it is printed"
    return (REPRODUCED, NONE, words) if clear else (UNCHECKABLE, MINOR, words + "; both sides of 0.05 are open")


def _counts_p(context: Context, rows: list[dict]) -> list[float]:
    """p values comparing two counts by Pearson's, Yates' and Fisher's tests."""
    frame = pd.DataFrame(rows)
    total, _ = denominators(context, frame)
    counts = np.array([row["n"] if row["n_op"] == "=" else np.nan for row in rows], dtype=float)
    if np.isnan(total).any() or np.isnan(counts).any() or (counts > total).any():
        return []
    values = tables2x2.p_values(np.array([counts, total - counts]))
    return [values[name] for name in ("Pearson chi-square", "Yates chi-square", "Fisher exact") if name in values]


@register(
    "direction-chance", "a direction said of two shares whose difference chance explains (Pearson, Yates, Fisher)"
)
def check_chance(context: Context) -> pd.DataFrame:
    """Words such as `younger` or `more often` about two counts that no usual test separates, without a p; a hint."""
    ledger = Ledger("direction-chance")
    tested = {frozenset(claims_of(text)) for text in context["p_values"]["claims"]}
    for record in records(context["differences"]):
        ids = claims_of(record["claims"])
        known = [found for claim in ids if (found := context.claim(claim))]
        if record["direction"] in ("", "similar") or len(known) != 2 or frozenset(ids) in tested:
            continue
        values = _counts_p(context, [row for _, row in known]) if all(t == "proportions" for t, _ in known) else []
        if values and min(values) >= LEVEL:
            shares = " and ".join(f"{row['n_text']} ({row['percent_text'] or '?'} %)" for _, row in known)
            ledger.judge(
                record,
                [record["claim_id"], *ids],
                named=[record["claim_id"]],
                reported=record["direction"],
                recomputed=f"p {show(min(values), 2)}-{show(max(values), 2)}",
                verdict=UNCHECKABLE,
                severity=MINOR,
                explanation=f"said to be {record['direction']}: {shares}; chance alone explains it, "
                f"p {show(min(values), 2)} to {show(max(values), 2)}",
            )
    return ledger.frame()


def medians_p(first: dict, second: dict) -> float | None:
    """Approximate two-sided p of two medians from their intervals on the log scale; None where these are not printed.

    The standard error of a log median is taken as the width of its log interval over 2 z, as if the interval were
    symmetric on that scale (Brookmeyer-Crowley intervals are symmetric only in large groups).
    """
    from scipy.special import ndtr

    logs, variance = [], 0.0
    for row in (first, second):
        ends = [row[f"{column}_months"] for column in ("value", "lower", "upper")]
        if any(row[f"{column}_op"] != "=" for column in ("value", "lower", "upper")) or not min(ends) > 0:
            return None
        z = float(quantile(np.array([row["ci_level"]]))[0])
        logs.append(np.log(ends[0]))
        variance += (np.log(ends[2] / ends[1]) / (2 * z)) ** 2
    return float(2 * ndtr(-abs(logs[0] - logs[1]) / np.sqrt(variance))) if variance > 0 else None


@register(
    "medians-p", "p about 2 Phi(-|ln m1 - ln m2| / se), se from the intervals on the log scale; a hint", "Tierney 2007"
)
def check_medians_p(context: Context) -> pd.DataFrame:
    """The printed p of two medians beside the approximate one from their intervals; never a finding."""
    ledger = Ledger("medians-p")
    frame = context["p_values"]
    for record in records(frame[frame["p_op"].isin(["=", "<", "<="])]):
        known = [found for claim in claims_of(record["claims"]) if (found := context.claim(claim))]
        if len(known) != 2 or any(table != "medians" for table, _ in known):
            continue
        p = medians_p(known[0][1], known[1][1])
        if p is not None:
            _judge_medians_p(ledger, record, [row for _, row in known], p)
    return ledger.frame()


def _judge_medians_p(ledger: Ledger, record: dict, rows: list[dict], p: float) -> None:
    low = 0.0 if record["p_op"] != "=" else record["p_min"]
    near = low / ROUGH <= p <= record["p_max"] * ROUGH
    shown = " and ".join(f"{row['value_text']} ({row['lower_text']}-{row['upper_text']})" for row in rows)
    words = f"{shown} give p of about {show(p, 2)}, printed {record['p_text']}"
    words += "" if near else "; more than tenfold apart: a bound only, since curves may cross or a correction be hidden"
    ledger.judge(
        record,
        [record["claim_id"], *(row["claim_id"] for row in rows)],
        named=[record["claim_id"]],
        reported=f"p {record['p_text']}",
        recomputed=f"about {show(p, 2)}",
        verdict=REPRODUCED if near else UNCHECKABLE,
        severity=NONE if near else MINOR,
        explanation=words,
    )


@register("adjusted-multiple", "adjusted p = k times the raw p, one k throughout", "Bonferroni 1936; Dunn 1961")
def check_multiple(context: Context) -> pd.DataFrame:
    """Adjusted and raw p values of the same comparisons: one number of comparisons must explain all of them."""
    ledger = Ledger("adjusted-multiple")
    pairs: dict[str, list[tuple[dict, dict]]] = {}
    for group in grouped(p_quantities(context), ["source_id", "study_id", "key", "cut"]).values():
        raw = [row for row in group if row["kind"].startswith("unadjusted") and np.isfinite(row["low"])]
        adjusted = [row for row in group if row["kind"].startswith("adjusted") and np.isfinite(row["low"])]
        adjusted = [row for row in adjusted if "cox" not in row["kind"].lower()]
        if raw and adjusted:
            pairs.setdefault(group[0]["source_id"], []).append((raw[0], adjusted[0]))
    for found in pairs.values():
        _judge_multiple(ledger, found)
    return ledger.frame()


def _judge_multiple(ledger: Ledger, pairs: list[tuple[dict, dict]]) -> None:
    fitting = [k for k in range(2, MOST_COMPARISONS + 1) if all(_is_multiple(a, b, k) for a, b in pairs)]
    shown = ", ".join(f"{a['text']} and {b['text']}" for a, b in pairs)
    first = pairs[0][1]
    words = f"raw and adjusted p {shown}: "
    if fitting and len(pairs) > 1:
        words += f"{fitting[0]} times throughout, a Bonferroni correction for {fitting[0]} comparisons"
        words += f" ({', '.join(map(str, fitting[1:]))} would fit too)" if len(fitting) > 1 else ""
    else:
        words += "no one multiple gives them all" if len(pairs) > 1 else f"{fitting or 'no whole'} times; one pair only"
    ledger.judge(
        first,
        [row["claim_id"] for pair in pairs for row in pair],
        named=[first["claim_id"]],
        reported=shown,
        recomputed=f"times {fitting[0]}" if fitting else "",
        verdict=REPRODUCED if fitting and len(pairs) > 1 else UNCHECKABLE,
        severity=NONE if fitting else MINOR,
        explanation=words,
    )


def _is_multiple(raw: dict, adjusted: dict, k: int) -> bool:
    if adjusted["high"] > CAPPED and k * raw["high"] >= 1:
        return True  # 1, or printed as 0.99
    return bool(k * raw["low"] < adjusted["high"] and adjusted["low"] < k * raw["high"])


@register("clock-choice", "the p of one comparison from the start of the study, and from a later start", "Suissa 2008")
def check_clock_choice(context: Context) -> pd.DataFrame:
    """One comparison from two time origins: with an origin before treatment, the difference may arise before it."""
    ledger = Ledger("clock-choice")
    later = _later_clocks(context)
    frame = context["p_values"]
    tests: dict[tuple[tuple[str, ...], str], dict] = {}
    for record in records(frame[(frame["p_op"] != "") & (frame["adjusted"] != "yes")]):
        place = tuple(record[c] for c in ("source_id", "study_id", "arm_id", "population", "comparator_arm_id"))
        tests.setdefault((place, record["endpoint"]), record)
    for (place, endpoint), first in tests.items():
        for other in later.get(endpoint, []):
            second = tests.get((place, other))
            if second is not None:
                _judge_clocks(ledger, first, second)
    return ledger.frame()


def _later_clocks(context: Context) -> dict[str, list[str]]:
    """Endpoints such as `OS` and `OS from T-DM1`: the same event measured from a later time origin."""
    kinds = context["endpoints"]
    later = kinds.loc[kinds["clock_start"] == "later", "endpoint"]
    found: dict[str, list[str]] = {}
    for name in later:
        found.setdefault(name.split(" from ")[0], []).append(name)
    return {name: others for name, others in found.items() if name not in others}


def _judge_clocks(ledger: Ledger, first: dict, second: dict) -> None:
    sides = [record["p_op"] in ("<", "<=") or record["p_max"] < LEVEL for record in (first, second)]
    words = f"p {first['p_text']} for {first['endpoint']}, {second['p_text']} for {second['endpoint']}"
    apart = sides[0] != sides[1]
    words += (
        "; significance depends on the clock: time before the later start is not an effect of the treatment"
        if apart
        else ""
    )
    ledger.judge(
        first,
        [first["claim_id"], second["claim_id"]],
        reported=f"p {first['p_text']} and {second['p_text']}",
        recomputed="",
        verdict=OTHER_METHOD if apart else REPRODUCED,
        severity=CONCLUSION if apart else NONE,
        explanation=words,
    )
