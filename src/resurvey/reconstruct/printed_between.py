"""Comparisons printed between two groups of a study: a hazard ratio, or the p of a log-rank test without one."""

from __future__ import annotations

import numpy as np
import pandas as pd

from resurvey.reconstruct.pair import HazardRatio
from resurvey.reconstruct.pair_by_test import LogRankTest
from resurvey.tables import Tables
from resurvey.vocabulary import LOG_RANK


def printed_tests(typed: Tables, study_id: str) -> list[tuple[pd.Series, LogRankTest]]:
    """Log-rank tests between two groups of a study, those with an exact p before those with only a bound.

    These are rows of p_values, and rows of hazard_ratios without a ratio; adjusted and unnamed tests are left out.
    """
    found = []
    for name in ("p_values", "hazard_ratios"):
        rows = typed[name][typed[name]["study_id"] == study_id].fillna({"data_cut": ""})
        rows = rows[rows["test"].fillna("").str.lower().isin(LOG_RANK) & np.isfinite(rows["p"])]
        if name == "p_values":
            rows = rows[rows["comparator_study_id"].isin(["", study_id]) & (rows["adjusted"] != "yes")]
        else:
            rows = rows[rows["value_op"].fillna("") == ""]
        found += [row for _, row in rows[rows["comparator_arm_id"].fillna("") != ""].iterrows()]
    found.sort(key=lambda row: (row["p_op"] != "=", row["claim_id"]))
    return [(row, _test_of(row)) for row in found]


def _test_of(row: pd.Series) -> LogRankTest:
    low, high = (min(max(float(row[f"p_{end}"]), 0.0), 1.0) for end in ("min", "max"))
    return LogRankTest(low, high, float(row["p"]), int(row["p_sided"]) if row["p_sided"] else 2)


def printed_ratios(ratios: pd.DataFrame, study_id: str) -> list[pd.Series]:
    """One unadjusted or stratified ratio for each pair of groups of a study: the one printed with most digits."""
    rows = ratios[(ratios["study_id"] == study_id) & (ratios["measure"] == "HR") & np.isfinite(ratios["value"])]
    rows = rows[~rows["model"].isin(["multivariable", "matched"])]
    digits = rows["value_text"].str.len() + rows["lower_text"].str.len()
    rows = rows.assign(digits=digits).sort_values(["digits", "claim_id"], ascending=[False, True], kind="stable")
    pair = ["arm_id", "population", "comparator_arm_id", "comparator_population", "endpoint", "data_cut"]
    return [row for _, row in rows.drop_duplicates(pair).sort_values("claim_id", kind="stable").iterrows()]


def hazard_ratio_of(row: pd.Series) -> HazardRatio:
    """The printed ratio, each number with its own rounding."""

    def number(column: str) -> float | None:
        return float(row[column]) if np.isfinite(row[column]) else None

    def half_unit(column: str) -> float:
        return float(row[f"{column}_max"] - row[f"{column}_min"]) / 2

    both = np.isfinite(row["lower"]) and np.isfinite(row["upper"])
    return HazardRatio(
        value=float(row["value"]),
        lower=number("lower"),
        upper=number("upper"),
        p=number("p") if row["p_op"] == "=" else None,
        ci_level=float(row["ci_level"]) / 100 if np.isfinite(row["ci_level"]) else 0.95,
        rounding=half_unit("value"),
        limits_rounding=(half_unit("lower"), half_unit("upper")) if both else None,
        p_rounding=half_unit("p") if row["p_op"] == "=" else None,
        p_sided=int(row["p_sided"]) if row["p_sided"] else None,
        # a document that does not say how its ratio was estimated may have stratified it
        stratified=row["model"] != "unadjusted",
    )
