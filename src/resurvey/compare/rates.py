"""Printed response rates and printed medians side by side, by study, without pooling."""

from __future__ import annotations

from collections.abc import Mapping
from math import isfinite
from typing import Any

import numpy as np
import pandas as pd

from resurvey.compare.claims import claim, rulings, treatment_of
from resurvey.compare.outcome import Outcome, What, refused_row, row
from resurvey.errors import NotEstimable
from resurvey.plan import Comparison, RateComparison, RatioComparison
from resurvey.proportion_limits import interval, newcombe
from resurvey.results import Contrast, Model, Quantity, Role
from resurvey.tables import Tables
from resurvey.tables2x2 import fisher

SHARE = What("Clopper-Pearson", "proportion", Role.SECONDARY, Quantity.PROPORTION, Contrast.TREATMENT, Model.BINOMIAL)
DIFFERENCE = What(
    "Newcombe; p by Fisher",
    "difference in proportions",
    Role.MAIN,
    Quantity.PROPORTION,
    Contrast.DIFFERENCE,
    Model.BINOMIAL,
)
MEDIANS = What("ratio of medians", "median ratio", Role.MAIN, Quantity.MEDIAN, Contrast.RATIO, Model.PRINTED)


def compare_rates(entry: RateComparison, typed: Tables) -> Outcome:
    """Compare response rates side by side: exact intervals, differences with Newcombe intervals, no adjustment."""
    groups = [_rate(typed, name) for name in (entry.treatment, *entry.comparators)]
    rates = pd.DataFrame(groups)
    rows = []
    for rate in groups:
        values = (rate["percent"] / 100, rate["lower"], rate["upper"], np.nan)
        facts = {"treatment": rate["label"], "claim_ids": rate["claim_id"], "n_treatment": rate["total"]}
        rows.append(row(entry, SHARE, *values, evidence="printed counts", **facts))
    for rate in groups[1:]:
        rows.append(_difference(entry, groups[0], rate))
    return Outcome(pd.DataFrame(rows), {"rates": rates})


def counted(typed: Tables, claim_id: str) -> tuple[int, int]:
    """Count and patients of a printed proportion; where missing, from its percentage and the size of the arm.

    Raises
    ------
    NotEstimable
        If the size of the arm is not printed, or neither a count nor a percentage is.
    """
    found = claim(typed, "proportions", claim_id)
    total = found["total"]
    if not isfinite(total):
        arms = typed["arms"]
        same = (arms["study_id"] == found["study_id"]) & (arms["arm_id"] == found["arm_id"])
        sizes = arms.loc[same & (arms["population"] == found["population"]) & np.isfinite(arms["n"]), "n"]
        if sizes.empty:
            raise NotEstimable(f"{claim_id} prints a percentage without a total, and arms.csv has no size for it")
        total = sizes.iloc[0]
    if not isfinite(found["n"]) and not isfinite(found["percent"]):
        raise NotEstimable(f"{claim_id} prints neither a count nor a percentage")
    count = found["n"] if isfinite(found["n"]) else round(total * found["percent"] / 100)
    return int(count), int(total)


def _rate(typed: Tables, claim_id: str) -> dict[str, Any]:
    found = claim(typed, "proportions", claim_id)
    count, total = counted(typed, claim_id)
    lower, upper = map(float, interval(count, total))
    note = "" if isfinite(found["n"]) else "count from the printed percentage and the size of the arm"
    return {
        "claim_id": claim_id,
        "label": f"{found['study_id']} {found['arm_id']}",
        "n": count,
        "total": total,
        "percent": 100 * count / total,
        "lower": lower,
        "upper": upper,
        "note": note,
    }


def _difference(entry: Comparison, first: Mapping[str, Any], second: Mapping[str, Any]) -> dict[str, Any]:
    counts = (first["n"], first["total"], second["n"], second["total"])
    difference, lower, upper = map(float, newcombe(*counts))
    table = [[first["n"], first["total"] - first["n"]], [second["n"], second["total"] - second["n"]]]
    p = fisher(np.array(table, dtype=float))
    return row(
        entry,
        DIFFERENCE,
        difference,
        lower,
        upper,
        p,
        evidence="printed counts",
        treatment=first["label"],
        comparator=second["label"],
        n_treatment=first["total"],
        n_comparator=second["total"],
        claim_ids=f"{first['claim_id']};{second['claim_id']}",
        note=second["note"],
    )


def compare_ratios(entry: RatioComparison, typed: Tables) -> Outcome:
    """Compare printed hazard ratios with ratios of printed medians (whose inverse is the exponential hazard ratio)."""
    rows = []
    for pair in entry.pairs:
        first, second = (claim(typed, "medians", name) for name in pair.medians)
        facts = {
            "treatment": treatment_of(typed, first["study_id"], first["arm_id"]),
            "comparator": treatment_of(typed, second["study_id"], second["arm_id"]),
            "endpoint": first["endpoint"],
            "population": pair.label,
        }
        rows.append(_median_ratio(entry, typed, first, second, facts))
        if pair.ratio is not None:
            rows.append(_printed_ratio(entry, typed, pair.ratio, facts))
    return Outcome(pd.DataFrame(rows), {})


def _median_ratio(
    entry: Comparison, typed: Tables, first: pd.Series, second: pd.Series, facts: Mapping[str, Any]
) -> dict[str, Any]:
    ids = {"claim_ids": f"{first['claim_id']};{second['claim_id']}"}
    a, b = first["value_months"], second["value_months"]
    if not (isfinite(a) and isfinite(b) and b > 0):
        reason = "; ".join(["a median that was not reached has no ratio", *rulings(typed, ids["claim_ids"].split(";"))])
        return refused_row(entry, MEDIANS, reason, "printed medians", **ids, **facts)
    lower = first["value_months_min"] / second["value_months_max"]
    upper = first["value_months_max"] / second["value_months_min"]
    note = "; ".join(["limits are those of rounding, not of sampling", *rulings(typed, ids["claim_ids"].split(";"))])
    return row(entry, MEDIANS, a / b, lower, upper, np.nan, "printed medians", note=note, **ids, **facts)


def _printed_ratio(entry: Comparison, typed: Tables, claim_id: str, facts: Mapping[str, Any]) -> dict[str, Any]:
    found = claim(typed, "hazard_ratios", claim_id)
    words = [f"p {found['p_text']}"] if found["p_text"] else []
    words += [] if isfinite(found["lower"]) else ["printed without an interval"]
    words += rulings(typed, [claim_id])
    level = found["ci_level"] / 100 if isfinite(found["ci_level"]) else 0.95
    more: dict[str, Any] = {"claim_ids": claim_id, "note": "; ".join(words), "ci_level": level}
    more |= facts
    what = What("as printed", str(found["measure"]), Role.PRINTED, Quantity.HAZARD_RATIO, Contrast.RATIO, Model.PRINTED)
    if not isfinite(found["value"]):
        return refused_row(entry, what, "no ratio is printed", "printed ratios", **more)
    values = (found["value"], found["lower"], found["upper"], found["p"])
    return row(entry, what, *values, "printed ratios", **more)
