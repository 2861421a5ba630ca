"""Words that carry a number: thresholds, `none`, plans, and the role a number has."""

from __future__ import annotations

import re

import pandas as pd

from resurvey.audit.context import Context, grouped, records
from resurvey.audit.contrasts import LEVEL, claims_of
from resurvey.audit.dates import months_between, period
from resurvey.audit.registry import register
from resurvey.audit.values import value_of
from resurvey.audit.verdicts import CONCLUSION, CONFLICT, DISCREPANT, MINOR, NONE, REPRODUCED, UNCHECKABLE, Ledger
from resurvey.reported import show

SIGN = re.compile(r"(<=|>=|≤|≥|<|>)\s*(\d+(?:\.\d+)?)")
PLAIN = {"≤": "<=", "≥": ">="}
# Plan and conduct a month apart are rounding of whole months.
MONTHS = 1.0


# Signs in words, and words that say nothing of what is counted.
SPOKEN = (
    (r"\b(?:more|greater|higher|longer|larger) than\s+(?=\d)|\bover\s+(?=\d)|\babove\s+(?=\d)", ">"),
    (r"\bolder than\s+(?=\d)", "age >"),
    (r"\byounger than\s+(?=\d)", "age <"),
    (r"\b(?:less|fewer|lower|shorter) than\s+(?=\d)|\bunder\s+(?=\d)|\bbelow\s+(?=\d)", "<"),
    (r"\bat least\s+(?=\d)", ">="),
    (r"\b(?:at most|up to)\s+(?=\d)", "<="),
    (r"(\d+(?:\.\d+)?)\s*(?:years?\s*)?(?:or|and) (?:more|older|over|above|greater)\b", r">=\1"),
    (r"(\d+(?:\.\d+)?)\s*(?:or|and) (?:less|fewer|younger|under|below)\b", r"<=\1"),
)
EMPTY_WORDS = frozenset(
    {"number", "of", "in", "the", "at", "year", "years", "month", "months", "no", "and", "or", "with"}
)


def _threshold(text: str) -> tuple[frozenset[str], str, str] | None:
    """Telling words around a threshold, its sign and its number; None without exactly one threshold."""
    text = text.lower().partition(",")[0]
    for pattern, sign in SPOKEN:
        text = re.sub(pattern, sign, text)
    found = SIGN.findall(text)
    if len(found) != 1:
        return None
    sign, number = found[0]
    words = frozenset(re.findall(r"[a-z]+", SIGN.sub(" ", text))) - EMPTY_WORDS
    return words, PLAIN.get(sign, sign), f"{float(number):g}"


@register("threshold", "`>3` and `>=3` are two groups: one count cannot be of both, and one label is not the other")
def check_threshold(context: Context) -> pd.DataFrame:
    """The sign of a threshold in two places of a document: at least, more than."""
    ledger = Ledger("threshold")
    groups: dict[tuple[object, ...], list[tuple[str, dict]]] = {}
    for row in [*context.records("proportions"), *context.records("differences"), *context.records("quantities")]:
        found = _threshold(_said(row))
        if found:
            words, sign, number = found
            key = row["source_id"], row["study_id"], words, number, sign[0]
            groups.setdefault(key, []).append((sign, row))
    for signs in groups.values():
        others = {sign: row for sign, row in signs[:0:-1] if sign != signs[0][0]}
        for sign, row in others.items():
            _judge_sign(ledger, signs[0], (sign, row))
    return ledger.frame()


def _judge_sign(ledger: Ledger, first: tuple[str, dict], second: tuple[str, dict]) -> None:
    if first[0] == second[0]:
        return
    texts = [_said(row) for _, row in (first, second)]
    ledger.add(
        first[1]["source_id"],
        first[1]["study_id"],
        [first[1]["claim_id"], second[1]["claim_id"]],
        reported=f"{texts[0]} and {texts[1]}",
        recomputed="",
        verdict=CONFLICT,
        severity=MINOR,
        explanation=f"{texts[0]} ({first[1]['locator']}) and {texts[1]} ({second[1]['locator']}): "
        "who stands at the threshold is in one group there and in the other here",
    )


def _said(row: dict) -> str:
    """The item, with its value where that carries the sign."""
    bound = row.get("value_op", "") in ("<", "<=", ">", ">=")
    return f"{row['item']} {row['value_text']}" if bound else str(row["item"])


@register("none-significant", "`no positive result` beside a p below 0.05 of the same comparisons")
def check_none(context: Context) -> pd.DataFrame:
    """A sentence that denies every effect, against the p values and ratios it is about."""
    ledger = Ledger("none-significant")
    frame = context["statements"]
    for record in records(frame[(frame["kind"] == "none") & (frame["claims"] != "")]):
        known = [found for claim in claims_of(record["claims"]) if (found := context.claim(claim))]
        tests = [row for table, row in known if table in ("p_values", "hazard_ratios") and row["p_op"]]
        small = [row for row in tests if row["p_op"] in ("<", "<=") or row["p_max"] < LEVEL]
        if tests:
            _judge_none(ledger, record, tests, small)
    return ledger.frame()


def _judge_none(ledger: Ledger, record: dict, tests: list[dict], small: list[dict]) -> None:
    shown = ", ".join(row["p_text"] for row in tests)
    words = f"none: {record['item']}; the p values are {shown}"
    words += f", of which {', '.join(row['p_text'] for row in small)} below 0.05" if small else ""
    ledger.add(
        record["source_id"],
        record["study_id"],
        [record["claim_id"], *(row["claim_id"] for row in tests)],
        named=[record["claim_id"]],
        reported="none",
        recomputed=f"{len(small)} of {len(tests)} below 0.05",
        verdict=DISCREPANT if small else REPRODUCED,
        severity=CONCLUSION if small else NONE,
        explanation=words,
    )


@register("plan-conduct", "planned accrual and follow-up beside what was done; a hint")
def check_plan(context: Context) -> pd.DataFrame:
    """What a sample-size statement assumed, against how long the study enrolled and followed; never a finding."""
    ledger = Ledger("plan-conduct")
    done = grouped(context["follow_up"], ["source_id", "study_id"])
    for record in records(context["designs"]):
        rows = done.get((record["source_id"], record["study_id"]), [])
        _judge_accrual(ledger, record, rows)
        followed = [row for row in rows if row["item"] == "follow-up" and row["statistic"] == "median"]
        if followed and record["follow_up_months_min"] == record["follow_up_months_min"]:
            row = followed[0]
            _note_plan(ledger, record, row, "follow-up", record["follow_up_text"], row["value_months"], "follow_up")
        least = _least_follow_up(rows)
        if least and record["follow_up_months_min"] == record["follow_up_months_min"]:
            words = "follow-up after the last enrolment"
            _note_plan(ledger, record, least[1], words, record["follow_up_text"], least[0], "follow_up", "least")
    return ledger.frame()


def _least_follow_up(rows: list[dict]) -> tuple[float, dict] | None:
    """Months from the last enrolment to the cut-off: what the patient enrolled last was followed."""
    spans = {row["item"]: (period(row["value_text"]), row) for row in rows if row["statistic"] == "date"}
    end, cut = spans.get("enrolment end"), spans.get("data cut-off")
    if not (end and cut and end[0] and cut[0]):
        return None
    low, high = months_between(end[0], cut[0])
    return (low + high) / 2, cut[1]


def _judge_accrual(ledger: Ledger, record: dict, rows: list[dict]) -> None:
    if record["accrual_months_min"] != record["accrual_months_min"]:
        return
    duration = next((row for row in rows if row["item"] == "enrolment duration"), None)
    if duration is not None and duration["value_months"] == duration["value_months"]:
        _note_plan(ledger, record, duration, "accrual", record["accrual_text"], duration["value_months"], "accrual")
        return
    spans = {row["item"]: (period(row["value_text"]), row) for row in rows if row["statistic"] == "date"}
    start, end = spans.get("enrolment start"), spans.get("enrolment end")
    if start and end and start[0] and end[0]:
        low, high = months_between(start[0], end[0])
        _note_plan(ledger, record, end[1], "accrual", record["accrual_text"], (low + high) / 2, "accrual")


def _note_plan(
    ledger: Ledger, plan: dict, row: dict, what: str, planned: str, done: float, column: str, which: str = ""
) -> None:
    near = plan[f"{column}_months_min"] - MONTHS <= done <= plan[f"{column}_months_max"] + MONTHS
    words = f"{what} planned {planned} {plan['unit']}, done {show(done, 3)} months"
    ledger.add(
        plan["source_id"],
        plan["study_id"],
        [plan["claim_id"], row["claim_id"]],
        named=[plan["claim_id"], *([which] if which else []), column.replace("_", "-")],
        reported=f"{planned} {plan['unit']}",
        recomputed=f"{show(done, 3)} months",
        verdict=REPRODUCED if near else UNCHECKABLE,
        severity=NONE if near else MINOR,
        explanation=words + ("" if near else "; events and power are not those of the plan"),
    )


@register("planned-test", "the test named in a sample-size statement is reported with a p", "CONSORT 2010, 7a and 12a")
def check_planned_test(context: Context) -> pd.DataFrame:
    """A planned test whose p is printed nowhere: silence about the primary analysis; a hint."""
    ledger = Ledger("planned-test")
    for record in records(context["designs"]):
        frame = context["p_values"]
        own = frame[(frame["source_id"] == record["source_id"]) & (frame["study_id"] == record["study_id"])]
        own = own[(own["endpoint"] == record["endpoint"]) & (own["p_op"] != "")]
        ratios = context["hazard_ratios"]
        ratios = ratios[(ratios["source_id"] == record["source_id"]) & (ratios["study_id"] == record["study_id"])]
        ratios = ratios[(ratios["endpoint"] == record["endpoint"]) & (ratios["p_op"] != "")]
        told = [*own["claim_id"], *ratios["claim_id"]]
        ledger.add(
            record["source_id"],
            record["study_id"],
            [record["claim_id"], *told[:1]],
            named=[record["claim_id"]],
            reported=record["test"] or "a test",
            recomputed="",
            verdict=REPRODUCED if told else UNCHECKABLE,
            severity=NONE if told else MINOR,
            explanation=f"{record['test'] or 'a test'} of {record['endpoint']} was planned; "
            + ("its p is printed" if told else "no p of it is printed anywhere"),
        )
    return ledger.frame()


@register("number-role", "a boundary to be crossed is not the alternative to be shown, unless the plan says so")
def check_role(context: Context) -> pd.DataFrame:
    """One number as the boundary that the result must cross and as the alternative that was planned for; a hint."""
    ledger = Ledger("number-role")
    plans = grouped(context["designs"], ["source_id", "study_id"])
    met = context["statements"]
    for record in records(met[met["kind"] == "primary_endpoint_met"]):
        values = [value for claim in claims_of(record["claims"]) if (value := value_of(context, claim))]
        for plan in plans.get((record["source_id"], record["study_id"]), []) if len(values) == 2 else []:
            roles = {"alternative": plan["alternative_median"], "null": plan["null_median"]}
            same = [name for name, value in roles.items() if value == values[1].value]
            if same:
                _note_role(ledger, record, plan, values[1].text, same[0])
    return ledger.frame()


def _note_role(ledger: Ledger, record: dict, plan: dict, text: str, role: str) -> None:
    words = f"{text} is the boundary said to be crossed and the {role} of the sample size"
    words += "; a result at the alternative is more than is needed to reject the null" if role == "alternative" else ""
    ledger.add(
        record["source_id"],
        record["study_id"],
        [record["claim_id"], plan["claim_id"]],
        named=[record["claim_id"], plan["claim_id"]],
        reported=text,
        recomputed=f"null {plan['null_median_text']}, alternative {plan['alternative_median_text']}",
        verdict=UNCHECKABLE,
        severity=MINOR,
        explanation=words,
    )
