"""Survival rates against their intervals, numbers of patients, rates at other times, and numbers at risk."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import numpy as np
import pandas as pd

from resurvey.audit.context import Context, grouped, records
from resurvey.audit.registry import register
from resurvey.audit.verdicts import (
    CONFLICT,
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
from resurvey.audit.wald import quantile
from resurvey.reported import show

SLACK = 1e-9
GROUP = ["source_id", "study_id", "arm_id", "population", "endpoint", "data_cut"]
# Factor by which a group may exceed a size taken from another row.
INFERRED = 1.1
# Widths are compared with a large-sample standard error, with some tolerance for small groups.
WIDTH_ROOM = 0.95
# Patients at risk at t had no event before t; those with an event at t itself are still counted, although S(t) has
# already dropped. Visits are up to this many months apart, and events between two visits are recorded at the later one;
# the number of such events varies by chance (in standard deviations).
VISITS = 2.0
CHANCE = 2.5
TIED = 0.02
SAME_TIME = 0.05
# A survival rate printed as a percentage below this value, with two decimals, is taken for a proportion.
SHARE = 1.0


@register("rate-interval", "0 <= L <= S(t) <= U <= 100 %; a survival below 1 % with two decimals is a proportion")
def check_rate_interval(context: Context) -> pd.DataFrame:
    """A survival rate must lie between 0 and 100 % and within its own interval."""
    ledger = Ledger("rate-interval")
    frame = context["survival_rates"]
    for record in records(frame[frame["value_op"].isin(["=", "~"])]):
        wrong = _wrong_share(record)
        if wrong or record["lower_op"] or record["upper_op"]:
            verdict = wrong[0] if wrong else REPRODUCED
            words = wrong[1] if wrong else "lies within its interval"
            _note(ledger, [record], f"{_text(record)} {_span(record)}", "", verdict, f"{_text(record)} {words}")
    return ledger.frame()


def _wrong_share(record: dict) -> tuple[str, str] | None:
    low, high = record["value_prop_min"], record["value_prop_max"]
    if low >= 1 or high <= 0:
        return IMPOSSIBLE, "is not a proportion of patients"
    if low >= record["upper_prop_max"] - SLACK or high <= record["lower_prop_min"] + SLACK:
        return IMPOSSIBLE, f"lies outside its own interval {_span(record)}"
    decimals = len(record["value_text"].partition(".")[2])
    if record["unit"] == "%" and 0 < record["value"] < SHARE and decimals > 1:
        return DISCREPANT, "is below 1 %: a proportion written with a per cent sign?"
    return None


def _text(record: dict) -> str:
    unit = " %" if record["unit"] == "%" else ""
    return f"S({record['time_text']} {record['time_unit']}) = {record['value_text']}{unit}"


def _span(record: dict) -> str:
    if not (record["lower_text"] or record["upper_text"]):
        return ""
    return f"({record['lower_text'] or '?'}-{record['upper_text'] or '?'})"


def _note(
    ledger: Ledger, rows: list[dict], reported: str, recomputed: str, verdict: str, words: str, severity: str = ""
) -> None:
    grave = MINOR if verdict == UNCHECKABLE else MAJOR
    fine = verdict in (REPRODUCED, ROUNDING)
    ledger.add(
        rows[0]["source_id"],
        rows[0]["study_id"],
        [row["claim_id"] for row in rows],
        reported=reported.strip(),
        recomputed=recomputed,
        verdict=verdict,
        severity=NONE if fine else severity or grave,
        explanation=words,
    )


Curve = Callable[[float], float]


def _logit(s: float) -> float:
    return float(np.log(s / (1 - s)))


# Scales on which intervals of survival are computed, and the derivative that converts a standard error to survival.
SCALES: tuple[tuple[str, Curve, Curve], ...] = (
    ("plain", lambda s: s, lambda s: 1.0),
    ("log", lambda s: float(np.log(s)), lambda s: s),
    ("log-log", lambda s: float(np.log(-np.log(s))), lambda s: abs(s * np.log(s))),
    ("logit", _logit, lambda s: s * (1 - s)),
    ("arcsine", lambda s: float(np.arcsin(np.sqrt(s))), lambda s: 2 * float(np.sqrt(s * (1 - s)))),
)


@register(
    "rate-width",
    "se of S(t) >= sqrt(S (1 - S) / n), from the interval on the plain, log, log-log, logit and arcsine scales",
    "Greenwood 1926; Borgan and Liestol 1990",
)
def check_rate_width(context: Context) -> pd.DataFrame:
    """An interval of survival cannot be narrower than it would be without censoring."""
    ledger = Ledger("rate-width")
    frame = context["survival_rates"]
    plain = (frame["value_op"] == "=") & (frame["lower_op"] == "=") & (frame["upper_op"] == "=")
    inner = (frame["lower_prop"] > 0) & (frame["upper_prop"] < 1) & (frame["lower_prop"] < frame["upper_prop"])
    for record in records(frame[plain & inner]):
        if record["lower_prop"] <= record["value_prop"] <= record["upper_prop"]:
            n, claims, own = _patients(context, record)
            if n:
                _judge_width(ledger, record, n, claims, own)
    return ledger.frame()


def _patients(context: Context, record: dict) -> tuple[float, list[dict], bool]:
    """Number of patients of the row or of its group, and whether the row itself prints it."""
    if record["n_op"] == "=":
        return record["n"], [], True
    size = context.size(record["source_id"], record["study_id"], record["arm_id"], record["population"])
    return (size[0], [{"claim_id": size[1]}], False) if size else (0.0, [], False)


def _judge_width(ledger: Ledger, record: dict, n: float, claims: list[dict], own: bool) -> None:
    z = float(quantile(np.array([record["ci_level"]]))[0])
    low, high = max(record["lower_prop_min"], 1e-6), min(record["upper_prop_max"], 1 - 1e-6)
    s = min(max(record["value_prop"], 1e-6), 1 - 1e-6)
    errors = {name: abs(scale(high) - scale(low)) / (2 * z) * back(s) for name, scale, back in SCALES}
    widest = max(errors, key=lambda name: errors[name])
    ends = [min(max(record[f"value_prop{end}"], 0.0), 1.0) for end in ("_min", "_max")]
    least = float(np.sqrt(min(end * (1 - end) for end in ends) / (n * (1 if own else INFERRED))))
    wrong = errors[widest] < WIDTH_ROOM * least
    words = (
        f"{_span(record)} means a standard error of at most {show(100 * errors[widest], 3)} points ({widest} scale); "
    )
    words += f"{show(n, 6)} patients give at least {show(100 * least, 3)}, even without censoring"
    verdict = REPRODUCED if not wrong else IMPOSSIBLE if own else DISCREPANT
    needed = f"n at least {show(float(np.ceil(s * (1 - s) / errors[widest] ** 2)), 6)}"
    _note(ledger, [record, *claims], f"{_text(record)} {_span(record)}, n = {show(n, 6)}", needed, verdict, words)


@register("rate-order", "S(t) never rises with t")
def check_rate_order(context: Context) -> pd.DataFrame:
    """Survival in a group cannot be higher at a later time than at an earlier one."""
    ledger = Ledger("rate-order")
    frame = context["survival_rates"]
    frame = frame[(frame["value_op"] == "=") & frame["time_months"].notna()].sort_values("time_months", kind="stable")
    for group in grouped(frame, GROUP).values():
        for first, second in pairwise(group):
            if second["time_months"] > first["time_months"] + SLACK:
                rises = second["value_prop_min"] >= first["value_prop_max"] - SLACK
                rises = rises and second["value_prop"] > first["value_prop"]
                words = f"{_text(first)} and {_text(second)}" + (": survival cannot rise" if rises else "")
                verdict = IMPOSSIBLE if rises else REPRODUCED
                _note(ledger, [first, second], words.partition(":")[0], "", verdict, words)
    return ledger.frame()


def _risk_groups(context: Context) -> list[list[dict]]:
    """Numbers at risk by group, in order of time; a group with a repeated time is split by place in the document."""
    frame = context["risk_tables"]
    frame = frame[(frame["n_at_risk_op"] == "=") & frame["time_months"].notna()]
    found = []
    for group in grouped(frame.sort_values("time_months", kind="stable"), GROUP).values():
        if len({row["time_months"] for row in group}) == len(group):
            found.append(group)
            continue
        places: dict[str, list[dict]] = {}
        for row in group:
            places.setdefault(row["locator"].split(",")[0], []).append(row)
        found += [rows for rows in places.values() if len({row["time_months"] for row in rows}) == len(rows)]
    return found


def _at(row: dict) -> str:
    return f"{row['n_at_risk_text']} at {row['time_text']} {row['time_unit']}"


@register("risk-order", "the number at risk never rises with time")
def check_risk_order(context: Context) -> pd.DataFrame:
    """Numbers at risk cannot rise; one row per group, or one per rise."""
    ledger = Ledger("risk-order")
    for group in _risk_groups(context):
        rises = [(a, b) for a, b in pairwise(group) if b["n_at_risk"] > a["n_at_risk"]]
        for first, second in rises:
            words = f"{_at(first)}, {_at(second)}: the number at risk cannot rise"
            _note(ledger, [first, second], f"{_at(first)}, {_at(second)}", "", IMPOSSIBLE, words)
        if not rises and len(group) > 1:
            words = f"{len(group)} numbers at risk, from {_at(group[0])} to {_at(group[-1])}, never rise"
            _note(ledger, [group[0], group[-1]], f"{_at(group[0])}, {_at(group[-1])}", "", REPRODUCED, words)
    return ledger.frame()


@register("risk-start", "the number at risk at time 0 is the size of the group")
def check_risk_start(context: Context) -> pd.DataFrame:
    """The number at risk at time 0 must equal the size of the group; otherwise two rows may be exchanged."""
    ledger = Ledger("risk-start")
    starts = [group[0] for group in _risk_groups(context) if group[0]["time_months"] <= SLACK]
    for row in starts:
        place = row["source_id"], row["study_id"], row["arm_id"], row["population"]
        size = context.size(*place)
        if size:
            _judge_start(ledger, row, size, _exchanged(context, starts, row, size[0]))
    return ledger.frame()


def _exchanged(context: Context, starts: list[dict], row: dict, size: float) -> str:
    """The other arm, if each of the two arms has the other's size as its number at risk at time 0; else empty."""
    same = ("source_id", "study_id", "population", "endpoint", "data_cut")
    for other in starts:
        if other is not row and all(other[c] == row[c] for c in same) and other["n_at_risk"] == size:
            theirs = context.size(*(other[c] for c in ("source_id", "study_id", "arm_id", "population")))
            if theirs and theirs[0] == row["n_at_risk"]:
                return str(other["arm_id"])
    return ""


def _judge_start(ledger: Ledger, row: dict, size: tuple[float, str], exchanged: str) -> None:
    start, n = row["n_at_risk"], size[0]
    words = f"{_at(row)}, and {show(n, 6)} patients in the group"
    verdict = REPRODUCED
    if start != n:
        verdict = CONFLICT if exchanged or start > n else DISCREPANT
        words += f"; the rows of {row['arm_id']} and {exchanged} seem to be exchanged" if exchanged else ""
        words += "; a curve starts with its whole group" if not exchanged else ""
    rows = [row, {"claim_id": size[1]}]
    _note(ledger, rows, f"{_at(row)}, n = {show(n, 6)}", show(n, 6), verdict, words, MINOR if start < n else MAJOR)


@register(
    "risk-survival",
    "number at risk after t <= n S(t), at t itself <= n S(t - 2 months): who is at risk has had no event",
)
def check_risk_survival(context: Context) -> pd.DataFrame:
    """Numbers at risk against survival rates and medians of the same curve."""
    ledger = Ledger("risk-survival")
    rates = context["survival_rates"]
    rates = rates[(rates["value_op"] == "=") & rates["time_months"].notna()]
    medians = context["medians"]
    medians = medians[(medians["value_op"] == "=") & medians["value_months"].notna()]
    by_rate, by_median = grouped(rates, GROUP), grouped(medians, GROUP)
    for group in _risk_groups(context):
        key = tuple(group[0][column] for column in GROUP)
        n = _start(context, group)
        if not n:
            continue
        for rate in by_rate.get(key, []):
            bound = (rate["time_months"], rate["value_prop_max"], _text(rate))
            _judge_risk(ledger, group, rate, n, bound)
        for median in by_median.get(key, [])[:1]:
            words = f"the median {median['value_text']} {median['unit']}"
            _judge_risk(ledger, group, median, n, (median["value_months_max"], 0.5, words))
    return ledger.frame()


def _start(context: Context, group: list[dict]) -> float:
    first = group[0]
    if first["time_months"] <= SLACK:
        return float(first["n_at_risk"])
    size = context.size(*(first[c] for c in ("source_id", "study_id", "arm_id", "population")))
    return size[0] if size else 0.0


def _judge_risk(ledger: Ledger, group: list[dict], fact: dict, n: float, bound: tuple[float, float, str]) -> None:
    time, share, words = bound
    # The curve may drop far below one half at the median, so the number at risk before it is not bounded.
    first = time + SAME_TIME if "events" in fact else time - SAME_TIME
    row = next((row for row in group if row["time_months"] >= first), None)
    if row is None or row["time_months"] <= SLACK:
        return
    share = min(max(share, 0.0), 1.0)
    over = row["n_at_risk"] > n * share + max(1.0, TIED * n)
    before, room = share, TIED * n
    if row["time_months"] <= time + SAME_TIME:
        before = share ** max(0.0, 1 - VISITS / time)
        room = CHANCE * float(np.sqrt(n * before * (1 - before)))
    wrong = over and row["n_at_risk"] > n * before + max(1.0, room)
    sentence = (
        f"{_at(row)} of {show(n, 6)}; {words} leaves {show(float(np.floor(n * share + SLACK)), 6)} without an event"
    )
    sentence += ": more are at risk" if over else ""
    sentence += ", which only events found on that very day could explain: a hint" if over and not wrong else ""
    verdict = DISCREPANT if wrong else UNCHECKABLE if over else REPRODUCED
    _note(ledger, [fact, row], f"{_at(row)}, {words}", f"at most {show(n * share)}", verdict, sentence)
