"""What a comparison returns: rows for comparisons.csv, and the tables behind them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

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
]


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
        """The estimates with the promised columns, in order."""
        return self.estimates.reindex(columns=COLUMNS)


def row(
    entry: Mapping[str, Any],
    method: str,
    measure: str,
    estimate: float,
    lower: float,
    upper: float,
    p: float,
    evidence: str,
    **extra: Any,
) -> dict[str, Any]:
    """One row of comparisons.csv for an entry of the config; ratios and proportions on their own scale."""
    return {
        "comparison_id": entry["id"],
        "method": method,
        "measure": measure,
        "estimate": estimate,
        "lower": lower,
        "upper": upper,
        "p": p,
        "evidence": evidence,
        "assumptions": "; ".join(entry["assumptions"]),
        "kind": entry["kind"],
        "status": "estimated",
        "ci_level": 0.95,
        **extra,
    }


def refused(entry: Mapping[str, Any], reason: str) -> Outcome:
    """A comparison that could not be made is a row with its reason."""
    made = row(entry, entry["kind"], "none", *([np.nan] * 4), evidence="none", note=reason)
    return Outcome(pd.DataFrame([{**made, "status": "refused"}]))
