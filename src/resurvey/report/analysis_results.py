"""Every computed number in one table, one row per result, with the printed rows it came from.

The layout follows the analysis results of CDISC ARS as far as it fits evidence synthesis: a result has an analysis, a
method, a population, a statistic, a raw and a formatted value and, in addition, the claims it is based on.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from math import isfinite

import pandas as pd

COLUMNS = [
    "result_id",
    "analysis",
    "method",
    "population",
    "statistic",
    "value",
    "formatted",
    "source_rows",
]
ESTIMATE_STATISTICS = ("estimate", "lower", "upper", "p")
ARM_STATISTICS = ("n", "events_mean", "median_rebuilt", "median_low", "median_high")
DESIGN_STATISTICS = ("events", "patients", "power_at_claimed_events", "alpha_implied")


def formatted(value: float, statistic: str) -> str:
    """A number as the report shows it: p with three decimals, counts whole, others with two (one from 10 upwards)."""
    if not isfinite(value):
        return "not reached" if value > 0 else "not estimable"
    if statistic == "p":
        return "<0.001" if value < 0.001 else f"{value:.3f}"
    if statistic in ("n", "events", "patients", "count"):
        return f"{value:.0f}"
    return f"{value:.2f}" if abs(value) < 10 else f"{value:.1f}"


def _melt(
    table: pd.DataFrame, analysis: str, key: Iterable[str], method: str, statistics: Iterable[str], sources: str
) -> list[dict[str, object]]:
    rows = []
    names = list(key)
    # Several rows may share a key (one method under several readings); a running number keeps ids unique.
    running = table.groupby(names, sort=False, dropna=False).cumcount()
    for number, (_, line) in zip(running, table.iterrows(), strict=True):
        words = [str(line[name]) for name in names if str(line[name]) not in ("", "nan")]
        for statistic in statistics:
            value = pd.to_numeric(line.get(statistic), errors="coerce")
            if statistic not in line or pd.isna(value):
                continue
            suffix = f"#{number + 1}" if number else ""
            rows.append(
                {
                    "result_id": "/".join([analysis, *words, statistic]) + suffix,
                    "analysis": analysis,
                    "method": str(line.get(method, "")),
                    "population": str(line.get("population", "") or "all"),
                    "statistic": statistic,
                    "value": float(value),
                    "formatted": formatted(float(value), statistic),
                    "source_rows": str(line.get(sources, "") or ""),
                }
            )
    return rows


def analysis_results(
    summary: pd.DataFrame, accuracy: pd.DataFrame, comparisons: pd.DataFrame, designs: Mapping[str, pd.DataFrame]
) -> pd.DataFrame:
    """All results of a run.

    Parameters
    ----------
    summary : DataFrame
        Counts of verdicts by document (`source_id` and one column per count).
    accuracy : DataFrame
        Reconstructed arms.
    comparisons : DataFrame
        Estimates.
    designs : dict of DataFrame
        Design tables by id.

    Returns
    -------
    DataFrame
        Columns `COLUMNS`, sorted by the unique result id.
    """
    counts = summary.melt(id_vars="source_id", var_name="what", value_name="count")
    rows = _melt(counts, "audit", ["source_id", "what"], "what", ["count"], "claim_ids")
    rebuilt = accuracy[accuracy["status"] == "rebuilt"]
    key = ["study_id", "arm_id", "population", "endpoint", "data_cut"]
    rows += _melt(rebuilt, "reconstruction", key, "method", ARM_STATISTICS, "claim_ids")
    key = ["comparison_id", "method", "measure", "treatment", "comparator", "population"]
    rows += _melt(comparisons, "comparison", key, "method", ESTIMATE_STATISTICS, "claim_ids")
    for name, table in designs.items():
        rows += _melt(
            table.assign(design=name), "design", ["design", "method", "sides"], "method", DESIGN_STATISTICS, "claim_id"
        )
    made = pd.DataFrame(rows, columns=COLUMNS).sort_values("result_id", kind="stable", ignore_index=True)
    return made
