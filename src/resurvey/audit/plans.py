"""Plan against conduct: what a study planned, and what it did or reported."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from resurvey.audit.context import Context, grouped, records
from resurvey.audit.contrasts import claims_of
from resurvey.audit.dates import months_between, period
from resurvey.audit.registry import register
from resurvey.audit.values import value_of
from resurvey.audit.verdicts import CONFLICT, DISCREPANT, MAJOR, MINOR, NONE, REPRODUCED, UNCHECKABLE, Ledger
from resurvey.reported import show

# A difference of one month between plan and conduct is attributed to rounding to whole months.
MONTHS = 1.0
SLACK = 1e-9
# Tables that hold results of endpoints, and those that hold comparisons.
RESULTS = ("medians", "survival_rates", "hazard_ratios", "p_values", "proportions", "measurements")
COMPARISONS = ("hazard_ratios", "p_values")
WHOLE = ("", "all")


@register("plan-conduct", "planned accrual and follow-up beside what was done; a hint")
def check_plan(context: Context) -> pd.DataFrame:
    """Assumptions of a sample-size statement against actual enrolment and follow-up times; never a finding."""
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
    """Months from the end of enrolment to the data cut-off: the follow-up of the patient enrolled last."""
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
    ledger.judge(
        plan,
        [plan["claim_id"], row["claim_id"]],
        named=[plan["claim_id"], *([which] if which else []), column.replace("_", "-")],
        reported=f"{planned} {plan['unit']}",
        recomputed=f"{show(done, 3)} months",
        verdict=REPRODUCED if near else UNCHECKABLE,
        severity=NONE if near else MINOR,
        explanation=words + ("" if near else "; events and power are not those of the plan"),
    )


@register(
    "planned-test", "the test that the sample size is for is reported of all patients", "CONSORT 2010, 7a, 12a and 17a"
)
def check_planned_test(context: Context) -> pd.DataFrame:
    """The planned test must have a p value, in all patients, against the comparator of the sample-size plan."""
    ledger = Ledger("planned-test")
    for plan in records(context["designs"]):
        if not _results(context, plan | {"population": ""}, RESULTS):
            continue  # only a plan: its results are not among the rows
        tests = [row for row in _tests(context, plan["source_id"], plan["study_id"]) if _of(row, plan["endpoint"])]
        alone = _has_one_group(context, plan)
        told = [row for row in tests if _is_planned(plan, row, alone)]
        name = plan["test"] or "a test"
        words = f"the sample size is for {name} of {plan['endpoint']}"
        words += f" against {plan['null_median_text']} {plan['unit']}" if alone and plan["null_median_op"] else ""
        if told:
            words += f"; its p is printed ({told[0]['claim_id']})"
        else:
            words += "; no p of it is among the rows"
            words += f", only p of parts of the patients ({len(tests)})" if tests else ""
        ledger.judge(
            plan,
            [plan["claim_id"], *(row["claim_id"] for row in told[:1])],
            named=[plan["claim_id"]],
            reported=name,
            recomputed="",
            verdict=REPRODUCED if told else DISCREPANT,
            severity=NONE if told else MAJOR,
            explanation=words,
        )
    return ledger.frame()


def _tests(context: Context, source: str, study: str) -> Iterator[dict]:
    """Rows of a study in a document that have a p value or a statement about significance."""
    for table in COMPARISONS:
        for row in context.records(table):
            if (row["source_id"], row["study_id"]) == (source, study) and row["p_op"]:
                yield row


def _of(row: dict, endpoint: str) -> bool:
    return row["endpoint"] == endpoint


def _has_one_group(context: Context, plan: dict) -> bool:
    """Whether a plan compares one group with a fixed value, by the study design or else by the printed arms."""
    designs = dict(zip(context["studies"]["study_id"], context["studies"]["design"], strict=True))
    if designs.get(plan["study_id"]) in ("single arm", "randomised"):
        return designs[plan["study_id"]] == "single arm"
    own = [row for row in context.records("arms") if row["study_id"] == plan["study_id"]]
    return len({row["arm_id"] for row in own} - {"", "all"}) < 2


def _is_planned(plan: dict, row: dict, alone: bool) -> bool:
    """Whether a p value is for all patients and the planned comparison (historical control or value, or two arms)."""
    if row["population"] not in WHOLE:
        return False
    other = row.get("comparator_study_id", "") or row["study_id"]
    if alone:
        return other != row["study_id"] or not row["comparator_arm_id"]
    same_patients = other == row["study_id"] and row["comparator_arm_id"] == row["arm_id"]
    return not same_patients and bool(row["comparator_arm_id"] or row["arm_id"] in WHOLE)


@register(
    "announced",
    "an endpoint or analysis announced in the methods has a result in the same document",
    "CONSORT 2010, 6a, 17a and 18; COMPare 2019",
)
def check_announced(context: Context) -> pd.DataFrame:
    """Statements of kind `planned`: results that were announced but are not printed in the document."""
    ledger = Ledger("announced")
    for record in records(context["statements"].query("kind == 'planned'")):
        named = [claim[1] for name in claims_of(record["claims"]) if (claim := context.claim(name))]
        tables = COMPARISONS if record["value_text"] == "comparison" else RESULTS
        found = named or _results(context, record, tables)
        what = f"{record['item']} ({record['locator']})"
        words = f"announced: {what}; "
        words += f"printed ({found[0]['locator']})" if found else "no result of it is printed in this document"
        ledger.judge(
            record,
            [record["claim_id"], *(row["claim_id"] for row in found[:3])],
            named=[record["claim_id"]],
            reported=record["item"],
            recomputed="" if found else "nothing",
            verdict=REPRODUCED if found else DISCREPANT,
            severity=NONE if found else MINOR,
            explanation=words,
        )
    return ledger.frame()


def _results(context: Context, record: dict, tables: tuple[str, ...]) -> list[dict]:
    """Rows of the same document with a result of the endpoint in the group named."""
    found = []
    for table in tables if record["endpoint"] else ():
        for row in context.records(table):
            here = (row["source_id"], row["study_id"]) == (record["source_id"], record["study_id"])
            subject = row["endpoint"] == record["endpoint"] or row.get("item") == record["endpoint"]
            group = record["population"] in WHOLE or row["population"] == record["population"]
            compared = table != "p_values" or row["p_op"] or row["statement"]
            if here and subject and group and compared:
                found.append(row)
    return found


@register(
    "number-role",
    "boundary, alternative, null, historical control and target of one plan: each the number of its own role",
)
def check_role(context: Context) -> pd.DataFrame:
    """The role of a number: a boundary is not the alternative, a historical control is the null value."""
    ledger = Ledger("number-role")
    plans = grouped(context["designs"], ["source_id", "study_id"])
    for record, role, value, text, claim in _roles(context):
        for plan in plans.get((record["source_id"], record["study_id"]), []):
            _judge_role(ledger, plan, record, (role, value, text, claim))
    return ledger.frame()


ROLES = ("boundary", "alternative", "null", "historical control", "target")


def _roles(context: Context) -> Iterator[tuple[dict, str, float, str, str]]:
    """Numbers with a role: from statements of kind `role`, and boundaries stated to be crossed."""
    for record in context.records("statements"):
        claims = claims_of(record["claims"])
        if record["kind"] == "primary_endpoint_met" and len(claims) == 2:
            limit = value_of(context, claims[1])
            if limit is not None and limit.operator in ("=", "~"):
                yield record, "boundary", limit.value, limit.text, limit.claim
        role = record["item"].strip().lower()
        if record["kind"] == "role" and role in ROLES and record["value_op"] in ("=", "~"):
            yield record, role, record["value"], record["value_text"], record["claim_id"]


def _judge_role(ledger: Ledger, plan: dict, record: dict, number: tuple[str, float, str, str]) -> None:
    role, value, text, claim = number
    null, alternative = (_planned(plan, name) for name in ("null_median", "alternative_median"))
    if null != null and alternative != alternative:
        null, alternative = (_planned(plan, name) for name in ("null_rate", "alternative_rate"))
    clash = _clash(role, value, null, alternative)
    if clash is None or (null != null and alternative != alternative):
        return
    values = {"null": null, "alternative": alternative}
    shown = ", ".join(f"{name} {show(one)}" for name, one in values.items() if one == one)
    ledger.judge(
        record,
        [record["claim_id"], plan["claim_id"], *([claim] if claim != record["claim_id"] else [])],
        named=[record["claim_id"], plan["claim_id"]],
        reported=f"{role} {text}",
        recomputed=shown,
        verdict=CONFLICT if clash else REPRODUCED,
        severity=MINOR if clash else NONE,
        explanation=f"{text} is called the {role}; the sample size has {shown}" + (f": {clash}" if clash else ""),
    )


def _planned(plan: dict, name: str) -> float:
    """A planned value; NaN where it is not a number, since no trial is planned with a bound or with "not reached"."""
    return float(plan[name]) if plan.get(f"{name}_op") in ("=", "~") else float("nan")


def _clash(role: str, value: float, null: float, alternative: float) -> str | None:
    """Why a number cannot have its stated role; empty when it can, None where the plan gives no value."""
    own = {"null": null, "historical control": null, "alternative": alternative, "target": alternative}
    if role in own:
        if own[role] != own[role]:
            return None
        kind = "null value" if role in ("null", "historical control") else "alternative"
        return "" if abs(own[role] - value) <= SLACK else f"a different number from the {kind} of the plan"
    if alternative == alternative and abs(alternative - value) <= SLACK:
        return "one number as the boundary and as the alternative; a result at the alternative is more than is needed"
    if null == null and alternative == alternative and not min(null, alternative) <= value <= max(null, alternative):
        return "outside the two values that the trial was to tell apart"
    return ""
