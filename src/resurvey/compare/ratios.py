"""Printed ratios prepared for comparison: log scale, direction, and why a ratio cannot be used."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from math import isfinite, nan
from typing import Any

import pandas as pd

from resurvey.compare.claims import claim, treatment_of
from resurvey.compare.estimates import from_interval
from resurvey.errors import InputError, NotEstimable
from resurvey.tables import Tables


@dataclass(frozen=True)
class _Index:
    """Tables indexed by study and arm, so that reading many ratios does not search all rows for each."""

    typed: Tables

    @cached_property
    def place(self) -> dict[str, int]:
        """Position of each ratio in its table; the first where a claim is listed twice."""
        ids = self.typed["hazard_ratios"]["claim_id"].tolist()
        return {claim_id: place for place, claim_id in reversed(list(enumerate(ids)))}

    @cached_property
    def design(self) -> dict[str, str]:
        """Design of each study."""
        studies = self.typed["studies"]
        return dict(zip(studies["study_id"], studies["design"], strict=True))

    @cached_property
    def treatment(self) -> dict[tuple[str, str], str]:
        """Treatment of each arm, by study and arm."""
        arms = self.typed["arms"]
        rows = list(zip(arms["study_id"], arms["arm_id"], arms["treatment_id"], strict=True))
        return {(study, arm): str(treatment) for study, arm, treatment in reversed(rows) if treatment}

    @cached_property
    def sizes(self) -> dict[tuple[str, str, str], set[float]]:
        """Printed sizes of each group, by study, arm and population."""
        arms = self.typed["arms"]
        found: dict[tuple[str, str, str], set[float]] = {}
        for study, arm, part, n in zip(
            *(arms[name] for name in ("study_id", "arm_id", "population", "n")), strict=True
        ):
            found.setdefault((study, arm, part), set()).update([n] if isfinite(n) else [])
        return found

    def ratio(self, claim_id: str) -> pd.Series:
        """The row of a ratio."""
        if claim_id in self.place:
            return self.typed["hazard_ratios"].iloc[self.place[claim_id]]
        return claim(self.typed, "hazard_ratios", claim_id)  # which says where it is

    def treatment_of(self, study: str, arm: str) -> str:
        """Treatment of an arm."""
        return self.treatment.get((study, arm)) or treatment_of(self.typed, study, arm)  # which says what is missing

    def patients(self, found: pd.Series) -> float:
        """Patients behind a ratio: as printed with it, otherwise the sum of its arms where each has a single size."""
        if isfinite(found["n"]):
            return float(found["n"])
        sides = (found["arm_id"], found["comparator_arm_id"])
        sizes = [self.sizes.get((found["study_id"], side, found["population"]), set()) for side in sides]
        return float(sum(next(iter(size)) for size in sizes)) if all(len(size) == 1 for size in sizes) else nan


def read_ratio(typed: Tables, claim_id: str) -> dict[str, Any]:
    """One printed ratio on the log scale, with its numerator and denominator.

    Returns
    -------
    dict
        claim_id, study, arm, comparator_arm, treatment, comparator (treatment ids), estimate, se (log scale),
        endpoint, population, data_cut, model, ci_level, design, n and events (of both arms; NaN where not printed).

    Raises
    ------
    InputError
        If there is no such claim, or one of its arms has no treatment.
    NotEstimable
        If the claim prints no ratio or no interval, or the interval does not contain the ratio.
    """
    return _read(_Index(typed), claim_id)


def _read(index: _Index, claim_id: str) -> dict[str, Any]:
    found = index.ratio(claim_id)
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
    return {
        "claim_id": claim_id,
        "study": found["study_id"],
        "arm": found["arm_id"],
        "comparator_arm": found["comparator_arm_id"],
        "treatment": index.treatment_of(found["study_id"], found["arm_id"]),
        "comparator": index.treatment_of(found["study_id"], found["comparator_arm_id"]),
        "estimate": estimate,
        "se": se,
        "endpoint": found["endpoint"],
        "population": found["population"],
        "data_cut": found["data_cut"],
        "model": found["model"],
        "ci_level": level,
        "design": index.design.get(found["study_id"], ""),
        "n": index.patients(found),
        "events": float(found["events"]),
    }


def read_ratios(typed: Tables, claim_ids: Iterable[str]) -> tuple[pd.DataFrame, dict[str, str]]:
    """All usable ratios of a list and, by claim, the reason why any other cannot be used."""
    index = _Index(typed)
    rows, reasons = [], {}
    for claim_id in claim_ids:
        try:
            rows.append(_read(index, claim_id))
        except NotEstimable as reason:
            reasons[claim_id] = str(reason)
    return pd.DataFrame(rows), reasons


def oriented(effect: Mapping[str, Any], treatment: str, comparator: str) -> tuple[float, float]:
    """Log ratio of `treatment` against `comparator`, whichever direction was printed.

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
    """A message where the ratios refer to different endpoints."""
    groups = {name: ", ".join(part["study"]) for name, part in effects.groupby("endpoint", sort=False)}
    if len(groups) < 2:
        return []
    return ["endpoints are mixed: " + "; ".join(f"{name} in {who}" for name, who in groups.items())]
