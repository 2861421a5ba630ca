"""Printed sample sizes against the formulas of single-arm survival designs."""

from __future__ import annotations

from typing import Any

import pandas as pd

from resurvey.audit.context import Context, records
from resurvey.audit.registry import register
from resurvey.audit.verdicts import DISCREPANT, MAJOR, MINOR, NONE, OTHER_METHOD, REPRODUCED, UNCHECKABLE, Ledger
from resurvey.errors import ResurveyError

# What a reader takes "exponential distribution" to mean, then the other formulas in print.
USUAL = ("log_hazard", "exact_chi_square", "exact_chi_square_smallest")
OTHERS = (
    "hazard_null",
    "hazard_alternative",
    "hazard_both",
    "square_root",
    "square_root_person_time",
    "cube_root",
    "exact_poisson",
    "finkelstein",
    "kwak_jung",
    "wu",
)
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


def _table(context: Context, place: int, record: dict[str, Any]) -> pd.DataFrame | str:
    """All formulas for one printed design, once for both checks; words when none applies."""
    cache = context.__dict__.setdefault("_designs", {})
    if place not in cache:
        cache[place] = _compute(record)
    return cache[place]


def _compute(record: dict[str, Any]) -> pd.DataFrame | str:
    missing = [name.removesuffix("_months") for name in NEEDED if record[name] != record[name]]
    if missing:
        return f"not printed: {', '.join(missing)}"
    from resurvey.design import DesignClaim, check_claim

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
        return check_claim(claim, methods=[*USUAL, *OTHERS])
    except ResurveyError as error:
        return str(error)


def _judge(ledger: Ledger, record: dict[str, Any], number: str, table: pd.DataFrame | str) -> None:
    printed = f"{record[f'{number}_text']} {number}"
    if isinstance(table, str):
        verdict, severity, recomputed, words = UNCHECKABLE, NONE, "", f"no formula can be tried: {table}"
    else:
        verdict, severity, recomputed, words = _verdict(record, number, table)
    ledger.add(
        record["source_id"],
        record["study_id"],
        [record["claim_id"]],
        reported=printed,
        recomputed=recomputed,
        verdict=verdict,
        severity=severity,
        explanation=words,
    )


def _verdict(record: dict[str, Any], number: str, table: pd.DataFrame) -> tuple[str, str, str, str]:
    hits = table[table[f"reproduces_{number}"].fillna(False).astype(bool)]
    usual = table[table["method"].isin(USUAL[:2])].dropna(subset=[number])
    spread = usual.groupby(["method", "sides"], sort=False)[number].agg(["min", "max"])
    shown = "; ".join(
        f"{method.replace('_', ' ')}, {sides}-sided, {low}" + ("" if low == high else f" to {high}")
        for (method, sides), (low, high) in zip(spread.index, spread.to_numpy(), strict=True)
    )
    if hits.empty:
        words = f"no formula tried gives {record[f'{number}_text']} {number}: {shown}"
        return DISCREPANT, MAJOR, shown, words
    named = hits[hits["method"].isin(USUAL)]
    best = (named if len(named) else hits).iloc[0]
    words = f"{best['label']}, {best['sides']}-sided"
    words += f", accrual read as {best['reading'].replace('_', ' ')}" if number == "patients" else ""
    words += f", gives {record[f'{number}_text']} {number} ({shown})"
    stated = len(named) > 0
    return (
        REPRODUCED if stated else OTHER_METHOD,
        NONE if stated else MINOR,
        f"{best[number]} ({best['method']})",
        words,
    )
