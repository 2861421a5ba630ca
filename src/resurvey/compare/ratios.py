"""Printed ratios read for comparison: log scale, who against whom, and why one cannot be used."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from math import isfinite, nan
from typing import Any

import pandas as pd

from resurvey.compare.claims import claim, treatment_of
from resurvey.compare.estimates import from_interval
from resurvey.errors import InputError, NotEstimable
from resurvey.tables import Tables


def read_ratio(typed: Tables, claim_id: str) -> dict[str, Any]:
    """One printed ratio on the log scale, with who is in the numerator.

    Returns
    -------
    dict
        claim_id, study, arm, comparator_arm, treatment, comparator (treatment ids), estimate, se (log scale),
        endpoint, population, data_cut, model, ci_level, design, n and events (of both arms; NaN where not printed).

    Raises
    ------
    InputError
        If there is no such claim, or an arm of it has no treatment.
    NotEstimable
        If the claim prints no ratio, no interval, or an interval that is not around it.
    """
    found = claim(typed, "hazard_ratios", claim_id)
    level = float(found["ci_level"]) / 100 if isfinite(found["ci_level"]) else 0.95
    if not isfinite(found["value"]):
        raise NotEstimable(f"{claim_id} prints no ratio: leave it out or name a claim that does")
    if not (isfinite(found["lower"]) and isfinite(found["upper"])):
        p = f" and p {found['p_text']}" if found["p_text"] else ""
        raise NotEstimable(
            f"{claim_id} prints {found['value_text']}{p} without an interval: its standard error is unknown"
        )
    try:
        estimate, se = from_interval(float(found["value"]), float(found["lower"]), float(found["upper"]), level=level)
    except InputError as error:
        raise NotEstimable(f"{claim_id}: {error}") from None
    design = dict(zip(typed["studies"]["study_id"], typed["studies"]["design"], strict=True)).get(found["study_id"], "")
    return {
        "claim_id": claim_id,
        "study": found["study_id"],
        "arm": found["arm_id"],
        "comparator_arm": found["comparator_arm_id"],
        "treatment": treatment_of(typed, found["study_id"], found["arm_id"]),
        "comparator": treatment_of(typed, found["study_id"], found["comparator_arm_id"]),
        "estimate": estimate,
        "se": se,
        "endpoint": found["endpoint"],
        "population": found["population"],
        "data_cut": found["data_cut"],
        "model": found["model"],
        "ci_level": level,
        "design": design,
        "n": _patients(typed, found),
        "events": float(found["events"]),
    }


def _patients(typed: Tables, found: pd.Series) -> float:
    """Patients behind a ratio: as printed with it, otherwise those of its two arms where each has one number."""
    if isfinite(found["n"]):
        return float(found["n"])
    arms = typed["arms"]
    rows = arms[(arms["study_id"] == found["study_id"]) & (arms["population"] == found["population"])]
    sizes = [set(rows.loc[rows["arm_id"] == found[side], "n"].dropna()) for side in ("arm_id", "comparator_arm_id")]
    return float(sum(size.pop() for size in sizes)) if all(len(size) == 1 for size in sizes) else nan


def read_ratios(typed: Tables, claim_ids: Iterable[str]) -> tuple[pd.DataFrame, dict[str, str]]:
    """All ratios of a list that can be used, and by claim the reason why another cannot."""
    rows, reasons = [], {}
    for claim_id in claim_ids:
        try:
            rows.append(read_ratio(typed, claim_id))
        except NotEstimable as reason:
            reasons[claim_id] = str(reason)
    return pd.DataFrame(rows), reasons


def oriented(effect: Mapping[str, Any], treatment: str, comparator: str) -> tuple[float, float]:
    """Log ratio of `treatment` against `comparator`, whichever way it was printed.

    Raises
    ------
    InputError
        If the printed ratio compares other treatments.
    """
    pair = (effect["treatment"], effect["comparator"])
    if pair == (treatment, comparator):
        return effect["estimate"], effect["se"]
    if pair == (comparator, treatment):
        return -effect["estimate"], effect["se"]
    raise InputError(f"{effect['claim_id']} compares {pair[0]} with {pair[1]}, not {treatment} with {comparator}")


def mixed_endpoints(effects: pd.DataFrame) -> list[str]:
    """A message where the ratios are of different endpoints."""
    groups = {name: ", ".join(part["study"]) for name, part in effects.groupby("endpoint", sort=False)}
    if len(groups) < 2:
        return []
    return ["endpoints are mixed: " + "; ".join(f"{name} in {who}" for name, who in groups.items())]
