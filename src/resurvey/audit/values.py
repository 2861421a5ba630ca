"""One claim as a number with its rounding interval, in the unit used for comparison."""

from __future__ import annotations

import math
from dataclasses import dataclass

from resurvey.audit.context import Context
from resurvey.reported import show

# Columns to look at by table, in order; the first that holds a number is used. `months` and `prop` are typed variants.
COLUMNS = {
    "medians": (("value", "value_months"), ("value", "value")),
    "follow_up": (("value", "value_months"), ("value", "value")),
    "differences": (("value", "value_months"), ("value", "value")),
    "survival_rates": (("value", "value_prop"),),
    "proportions": (("percent", "percent"), ("n", "n")),
    "hazard_ratios": (("value", "value"),),
    "arms": (("n", "n"),),
    "quantities": (("value", "value"),),
    "risk_tables": (("n_at_risk", "n_at_risk"),),
}


@dataclass(frozen=True)
class Value:
    """A printed number of a claim.

    Attributes
    ----------
    claim, table, text : str
        Claim id, name of the table, and the number as printed.
    value, low, high : float
        The number and the limits its rounding allows; months for times, per cent for shares.
    operator : str
        `=`, `<`, `~`, `NR` ...
    scale : str
        Scale of measurement: `months`, `share`, `count`, `ratio`, or the printed unit.
    """

    claim: str
    table: str
    text: str
    value: float
    low: float
    high: float
    operator: str
    scale: str = ""

    def comparable(self, other: Value) -> bool:
        """Whether both are on the same scale: times, shares, counts or ratios; an unknown scale is never comparable."""
        return self.scale == other.scale and self.scale != ""


def value_of(context: Context, claim: str) -> Value | None:
    """The number of a claim; None when the claim is unknown or has no number."""
    found = context.claim(claim)
    if found is None:
        return None
    table, record = found
    return value_in(table, record)


def value_in(table: str, record: dict) -> Value | None:
    """The number of a row of a table; None when it has none."""
    for printed, typed in COLUMNS.get(table, ()):
        operator = record.get(f"{printed}_op", "")
        value = record.get(typed, math.nan)
        if operator == "" or value != value:
            continue
        low, high = record[f"{typed}_min"], record[f"{typed}_max"]
        scale = _scale(table, typed, str(record.get("unit", "")))
        return Value(record["claim_id"], table, record[f"{printed}_text"], value, low, high, operator, scale)
    return None


def span(low: float, high: float, digits: int = 4) -> str:
    """A range of numbers in words; the upper end, or both ends, may be infinite."""
    if math.isfinite(high):
        return f"{show(low, digits)}-{show(high, digits)}"
    return f"{show(low, digits)} or more" if math.isfinite(low) else "not reached"


def _scale(table: str, typed: str, unit: str) -> str:
    if typed.endswith("_months") or (table == "quantities" and unit.startswith("month")):
        return "months"
    if typed in ("percent", "value_prop") or unit in ("%", "% of patients"):
        return "share"
    if typed in ("n", "n_at_risk"):
        return "count"
    return "ratio" if table == "hazard_ratios" else unit
