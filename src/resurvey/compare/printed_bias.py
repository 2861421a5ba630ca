"""Bias analysis of a comparison of printed ratios: the same tables and rows as for rebuilt patients."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from resurvey.compare.estimates import from_interval
from resurvey.compare.outcome import Outcome, What, refused_row, row
from resurvey.compare.sensitivity import leading_rows
from resurvey.compare.shapes import bias_rows, bias_tables
from resurvey.plan import Comparison, NetworkComparison, PrintedComparison
from resurvey.results import Role

FACTS = ("treatment", "comparator", "endpoint", "population", "claim_ids")


@dataclass(frozen=True)
class PrintedRatio:
    """An estimate based on printed ratios, and the fields common to all rows about it.

    Attributes
    ----------
    entry : Comparison
    line : mapping
        Its row of comparisons.csv.
    """

    entry: Comparison
    line: Mapping[str, Any]

    @property
    def effect(self) -> tuple[float, float]:
        """Log ratio, and the standard error whose normal interval equals the interval of the row.

        A Hartung-Knapp interval uses t with few degrees of freedom; the analysis asks which bias moves that interval
        to 1.
        """
        ends = (float(self.line[key]) for key in ("estimate", "lower", "upper"))
        return from_interval(*ends, level=float(self.line["ci_level"]))

    def row(self, what: What, estimate: float, lower: float, upper: float, p: float, **extra: Any) -> dict[str, Any]:
        """A row about this ratio; its note ends with the method by which the ratio was estimated."""
        note = "; ".join(part for part in (extra.pop("note", ""), f"of {self.line['method']}") if part)
        facts = {**self._facts(), **extra, "note": note}
        return row(self.entry, what, estimate, lower, upper, p, "printed ratios", **facts)

    def refused(self, what: What, reason: str, **extra: Any) -> dict[str, Any]:
        """A row that says why there is no estimate."""
        return refused_row(self.entry, what, reason, "printed ratios", **self._facts(), **extra)

    def _facts(self) -> dict[str, Any]:
        return {key: self.line[key] for key in FACTS if key in self.line}


def with_bias(entry: PrintedComparison, made: Outcome) -> Outcome:
    """Add E-values, the bias needed, the bias array and the shifted null to a comparison of printed ratios.

    The analysis concerns the leading estimates of the comparison (in a network, each treatment against the
    reference). The tables of a network name treatment and comparator.
    """
    ratios = [PrintedRatio(entry, line) for line in judged(made.estimates)]
    rows: list[dict[str, Any]] = []
    parts: dict[str, list[pd.DataFrame]] = {}
    for one in ratios:
        tables = bias_tables(one.effect)
        rows += bias_rows(one, tables)
        for name, table in tables.items():
            parts.setdefault(name, []).append(_named(one, table) if isinstance(entry, NetworkComparison) else table)
    joined = {name: pd.concat(tables, ignore_index=True) for name, tables in parts.items()}
    estimates = pd.concat([made.estimates, pd.DataFrame(rows)], ignore_index=True) if rows else made.estimates
    return Outcome(estimates, {**made.tables, **joined})


def judged(estimates: pd.DataFrame) -> list[dict[str, Any]]:
    """The ratios to which the bias analysis applies: the main ones, or common-effect ones where there are no others."""
    lines = leading_rows(estimates)
    return [line for line in lines if line["role"] == Role.MAIN] or lines


def _named(one: PrintedRatio, table: pd.DataFrame) -> pd.DataFrame:
    names = {key: one.line[key] for key in ("treatment", "comparator")}
    return table.assign(**names)[[*names, *table.columns]]
