"""What a comparison returns: rows for comparisons.csv, and the tables behind them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
import pandas as pd

from resurvey.plan import Comparison

COLUMNS = [
    "comparison_id",
    "method",
    "measure",
    "estimate",
    "lower",
    "upper",
    "p",
    "evidence",
    "assumptions",
    "kind",
    "status",
    "treatment",
    "comparator",
    "endpoint",
    "population",
    "n_treatment",
    "n_comparator",
    "ci_level",
    "claim_ids",
    "note",
    "orientation",
    "main",
    "missing_information",
    "monte_carlo",
    "rests_on",
]

# What a comparison of each kind is known by, in the report, its tables and all figures: method and measure; the first
# that could be estimated.
MAIN = {
    "patients": [("Cox (Efron), unadjusted", "HR")],
    "bucher": [("Bucher", "HR")],
    "pool": [("random effects, REML, Hartung-Knapp", "HR"), ("common effect", "HR")],
    "network": [("network, random effects", "HR")],
    "rates": [("Newcombe; p by Fisher", "difference in proportions")],
    "ratios": [("ratio of medians", "median ratio")],
}
WHOLE = ("pool",)  # kinds with estimates of groups beside that of all
YES = "yes"
# Above this share of missing information an estimate rests on the assumed shape of hazards more than on print.
MOSTLY_ASSUMED = 0.5
ASSUMED_SHAPE, PRINTED = "assumed shape", "printed numbers"

RATIOS = ("HR", "TTP HR")
NOTHING = (np.nan, np.nan, np.nan, np.nan)


@dataclass(frozen=True)
class Outcome:
    """One comparison.

    Attributes
    ----------
    estimates : DataFrame
        Rows as made by `row`.
    tables : dict of DataFrame
        What figures and readers need beside them, by name.
    """

    estimates: pd.DataFrame
    tables: dict[str, pd.DataFrame] = field(default_factory=dict)

    def rows(self) -> pd.DataFrame:
        """The estimates with the promised columns, in order; `main` marks what the comparison is known by."""
        return self.estimates.assign(main=np.where(main_rows(self.estimates), YES, "")).reindex(columns=COLUMNS)


def main_rows(estimates: pd.DataFrame) -> np.ndarray:
    """Which rows a comparison of one kind is known by, shape (rows,): one ratio, or one each regimen or group."""
    nothing = np.zeros(len(estimates), dtype=bool)
    if estimates.empty:
        return nothing
    kind = str(estimates["kind"].iloc[0])
    usable = (estimates["status"] == "estimated").to_numpy()
    if kind in WHOLE and "population" in estimates:
        usable &= (estimates["population"] == "all").to_numpy()
    for method, measure in MAIN.get(kind, ()):
        found = usable & ((estimates["method"] == method) & (estimates["measure"] == measure)).to_numpy()
        if found.any():
            return found
    return nothing


class RowMaker(Protocol):
    """Whoever knows what is compared, and makes rows that say so."""

    def row(
        self, method: str, measure: str, estimate: float, lower: float, upper: float, p: float, **extra: Any
    ) -> dict[str, Any]:
        """A row of comparisons.csv."""

    def refused(self, method: str, measure: str, reason: str, **extra: Any) -> dict[str, Any]:
        """A row that says why there is no estimate."""


def row(
    entry: Comparison,
    method: str,
    measure: str,
    estimate: float,
    lower: float,
    upper: float,
    p: float,
    evidence: str,
    **extra: Any,
) -> dict[str, Any]:
    """One row of comparisons.csv of a comparison; ratios and proportions on their own scale."""
    made = {
        "comparison_id": entry.id,
        "method": method,
        "measure": measure,
        "estimate": estimate,
        "lower": lower,
        "upper": upper,
        "p": p,
        "evidence": evidence,
        "assumptions": "; ".join(entry.assumptions),
        "kind": entry.kind,
        "status": "estimated",
        "ci_level": 0.95,
        **extra,
    }
    words = orientation(measure, str(made.get("treatment", "")), str(made.get("comparator", "")))
    return {"orientation": words, **made}


def refused_row(
    entry: Comparison, method: str, measure: str, reason: str, evidence: str = "none", **extra: Any
) -> dict[str, Any]:
    """A row for what could not be estimated, with the reason in its note."""
    return {**row(entry, method, measure, *NOTHING, evidence, **extra), "status": "refused", "note": reason}


def refused(entry: Comparison, reason: str) -> Outcome:
    """A comparison that could not be made is a row with its reason."""
    return Outcome(pd.DataFrame([refused_row(entry, entry.kind, "none", reason)]))


def orientation(measure: str, treatment: str, comparator: str) -> str:
    """Which way to read an estimate, in words; empty where a measure has no direction."""
    first = treatment or "the first group"
    against = f"{first} against {comparator or 'the second group'}"
    if measure in RATIOS or measure.startswith("hazard ratio"):
        return f"{against}; below 1 favours {first} (lower hazard)"
    if "minus" in measure:
        return f"{measure}, of {against}; above 0 the first named of the two numbers is the greater"
    if measure.startswith(("median ratio", "ratio")):
        return f"{against}; above 1 favours {first} (longer)"
    if measure.startswith("difference"):
        return f"{against}, first minus second; above 0 favours {first}"
    if measure in ("z", "greatest |z|"):
        return f"{against}; z below 0 is fewer events with {first} than expected" if measure == "z" else against
    return f"{measure}, {against}" if comparator else measure


def frame(rows: Iterable[Mapping[str, Any]], columns: Iterable[str] = ()) -> pd.DataFrame:
    """A table of rows that keeps its columns where there are none."""
    made = pd.DataFrame(list(rows))
    return made if len(made) or not columns else pd.DataFrame(columns=list(columns))
