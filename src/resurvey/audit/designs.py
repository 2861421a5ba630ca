"""Printed sample sizes against the formulas of single-arm survival designs."""

from __future__ import annotations

from typing import Any

import pandas as pd

from resurvey.audit.context import Context, records
from resurvey.audit.registry import register
from resurvey.audit.verdicts import DISCREPANT, MAJOR, MINOR, NONE, OTHER_METHOD, REPRODUCED, UNCHECKABLE, Ledger
from resurvey.errors import ResurveyError

Judged = tuple[pd.DataFrame, dict[str, Any]]
USUAL = ("log_hazard", "exact_chi_square", "ahern")
SEVERITY_OF = {REPRODUCED: NONE, OTHER_METHOD: MINOR, DISCREPANT: MAJOR}


@register("design-events", "events by log hazard, exact chi-square and further single-arm formulas", "resurvey.design")
def check_design_events(context: Context) -> pd.DataFrame:
    """Printed numbers of events, recomputed by every single-arm formula, one- and two-sided."""
    return _check(context, "design-events", "events")


@register("design-patients", "patients from events, accrual, follow-up and dropout", "resurvey.design")
def check_design_patients(context: Context) -> pd.DataFrame:
    """Printed numbers of patients, by every single-arm formula and interpretation of the accrual statement."""
    return _check(context, "design-patients", "patients")


def _check(context: Context, rule: str, number: str) -> pd.DataFrame:
    ledger = Ledger(rule)
    for place, record in enumerate(records(context["designs"])):
        if record[f"{number}_op"] == "=":
            _judge(ledger, record, number, _table(context, place, record))
    return ledger.frame()


def _table(context: Context, place: int, record: dict[str, Any]) -> Judged | str:
    """Results of all formulas for one printed design and its verdict, for both checks; a reason when none applies."""
    cache = context.__dict__.setdefault("_designs", {})
    if place not in cache:
        cache[place] = _compute(record)
    return cache[place]


def _compute(record: dict[str, Any]) -> Judged | str:
    from resurvey.design import (
        ProportionClaim,
        check_claim,
        check_proportion_claim,
        verdict_on_claim,
        verdict_on_proportions,
    )
    from resurvey.design.statement import claim_of

    try:
        claim = claim_of(record)
        if isinstance(claim, ProportionClaim):
            table = check_proportion_claim(claim)
            found = verdict_on_proportions(claim, table)
            return table, {**found, "verdict_patients": found["verdict"]}
        table = check_claim(claim)
        return table, verdict_on_claim(claim, table)
    except ResurveyError as error:
        return str(error)


def _judge(ledger: Ledger, record: dict[str, Any], number: str, judged: Judged | str) -> None:
    verdict, severity, recomputed = UNCHECKABLE, NONE, ""
    words = f"no formula applies: {judged}"
    if not isinstance(judged, str) and f"verdict_{number}" not in judged[1]:
        words = "a design for a proportion has no planned number of events"
    elif not isinstance(judged, str):
        table, found = judged
        verdict = found[f"verdict_{number}"]
        severity = SEVERITY_OF[verdict]
        recomputed = _usual(table, number)
        words = found["words"]
    ledger.judge(
        record,
        reported=f"{record[f'{number}_text']} {number}",
        recomputed=recomputed,
        verdict=verdict,
        severity=severity,
        explanation=words,
    )


def _usual(table: pd.DataFrame, number: str) -> str:
    """Results of the two most familiar formulas, under every interpretation of the accrual statement."""
    usual = table[table["method"].isin(USUAL)].dropna(subset=[number])
    spread = usual.groupby(["method", "sides"], sort=False)[number].agg(["min", "max"])
    return "; ".join(
        f"{method.replace('_', ' ')}, {sides}-sided, {low}" + ("" if low == high else f" to {high}")
        for (method, sides), (low, high) in zip(spread.index, spread.to_numpy(), strict=True)
    )
