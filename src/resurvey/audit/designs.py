"""Printed sample sizes against the formulas of single-arm survival designs."""

from __future__ import annotations

from typing import Any

import pandas as pd

from resurvey.audit.context import Context, records
from resurvey.audit.registry import register
from resurvey.audit.verdicts import DISCREPANT, MAJOR, MINOR, NONE, OTHER_METHOD, REPRODUCED, UNCHECKABLE, Ledger
from resurvey.errors import ResurveyError

Judged = tuple[pd.DataFrame, dict[str, Any]]
USUAL = ("log_hazard", "exact_chi_square")
SEVERITY_OF = {REPRODUCED: NONE, OTHER_METHOD: MINOR, DISCREPANT: MAJOR}
NEEDED = ("null_median_months", "alternative_median_months", "alpha", "power", "accrual_months", "follow_up_months")


@register("design-events", "events by log hazard, exact chi-square and further single-arm formulas", "resurvey.design")
def check_design_events(context: Context) -> pd.DataFrame:
    """Printed numbers of events, by every single-arm formula, one- and two-sided."""
    return _check(context, "design-events", "events")


@register("design-patients", "patients from events, accrual, follow-up and dropout", "resurvey.design")
def check_design_patients(context: Context) -> pd.DataFrame:
    """Printed numbers of patients, by every single-arm formula and reading of the accrual sentence."""
    return _check(context, "design-patients", "patients")


def _check(context: Context, rule: str, number: str) -> pd.DataFrame:
    ledger = Ledger(rule)
    for place, record in enumerate(records(context["designs"])):
        if record[f"{number}_op"] == "=":
            _judge(ledger, record, number, _table(context, place, record))
    return ledger.frame()


def _table(context: Context, place: int, record: dict[str, Any]) -> Judged | str:
    """All formulas for one printed design and the verdict on it, once for both checks; words when none applies."""
    cache = context.__dict__.setdefault("_designs", {})
    if place not in cache:
        cache[place] = _compute(record)
    return cache[place]


def _compute(record: dict[str, Any]) -> Judged | str:
    missing = [name.removesuffix("_months") for name in NEEDED if record[name] != record[name]]
    if missing:
        return f"not printed: {', '.join(missing)}"
    from resurvey.design import DesignClaim, check_claim, verdict_on_claim

    def whole(name: str) -> int | None:
        return int(record[name]) if record[f"{name}_op"] == "=" else None

    try:
        claim = DesignClaim(
            null_median=record["null_median_months"],
            alternative_median=record["alternative_median_months"],
            alpha=record["alpha"] / 100,
            power=record["power"] / 100,
            accrual=record["accrual_months"],
            follow_up=record["follow_up_months"],
            dropout=0.0 if record["dropout"] != record["dropout"] else record["dropout"] / 100,
            sides=int(record["sides"]) if record["sides"] else None,
            events=whole("events"),
            patients=whole("patients"),
        )
        table = check_claim(claim)
        return table, verdict_on_claim(claim, table)
    except ResurveyError as error:
        return str(error)


def _judge(ledger: Ledger, record: dict[str, Any], number: str, judged: Judged | str) -> None:
    verdict, severity, recomputed = UNCHECKABLE, NONE, ""
    words = f"no formula can be tried: {judged}"
    if not isinstance(judged, str):
        table, found = judged
        verdict = found[f"verdict_{number}"]
        severity = SEVERITY_OF[verdict]
        recomputed = _usual(table, number)
        words = found["words"]
    ledger.add(
        record["source_id"],
        record["study_id"],
        [record["claim_id"]],
        reported=f"{record[f'{number}_text']} {number}",
        recomputed=recomputed,
        verdict=verdict,
        severity=severity,
        explanation=words,
    )


def _usual(table: pd.DataFrame, number: str) -> str:
    """What the two formulas that readers think of first give, under every reading of the accrual sentence."""
    usual = table[table["method"].isin(USUAL)].dropna(subset=[number])
    spread = usual.groupby(["method", "sides"], sort=False)[number].agg(["min", "max"])
    return "; ".join(
        f"{method.replace('_', ' ')}, {sides}-sided, {low}" + ("" if low == high else f" to {high}")
        for (method, sides), (low, high) in zip(spread.index, spread.to_numpy(), strict=True)
    )
