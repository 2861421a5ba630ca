"""Grades of the evidence behind a comparison, the strongest first."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum

import pandas as pd

from resurvey.plan import AnyComparison, BucherComparison, NetworkComparison, TimedComparison

RANDOMISED = "randomised"


class Grade(StrEnum):
    """Grade of the evidence behind a comparison, the strongest first; the values are shown to readers."""

    POOLED = "randomised trials of both treatments, their printed ratios pooled"
    RANDOMISED_CURVE = "one randomised trial, patients reconstructed from curves"
    RANDOMISED_SUMMARY = "one randomised trial, patients reconstructed from printed numbers"
    INDIRECT = "indirect, through a treatment common to randomised trials, from their printed ratios"
    NETWORK = "network of randomised trials, from their printed ratios"
    RANDOMISED_NETWORK = "network of randomised trials, patients reconstructed"
    PRINTED = "printed ratios, not all of them from randomised trials"
    OBSERVED_NETWORK = "network of studies, not all of them randomised, patients reconstructed"
    OBSERVED = "one study, not randomised, patients reconstructed"
    UNANCHORED_CURVE = "groups of different studies, patients reconstructed from curves"
    UNANCHORED_SUMMARY = "groups of different studies, patients reconstructed from printed numbers"
    COUNTS = "printed counts or medians side by side"


#: Grades of comparisons that are not randomised.
UNPROTECTED = (
    *(Grade.PRINTED, Grade.OBSERVED_NETWORK, Grade.OBSERVED, Grade.UNANCHORED_CURVE, Grade.UNANCHORED_SUMMARY),
    Grade.COUNTS,
)


@dataclass(frozen=True)
class Bases:
    """Information from which grades are derived.

    Attributes
    ----------
    evidence : dict of set of str
        Evidence of the estimates of each comparison, as `comparisons.csv` names it.
    designs : dict of str
        Design of each study.
    study_of : dict of str
        Study of each printed number, by claim id.
    """

    evidence: Mapping[str, Collection[str]]
    designs: Mapping[str, str]
    study_of: Mapping[str, str]

    @classmethod
    def from_tables(cls, estimates: pd.DataFrame, studies: pd.DataFrame, claims: pd.DataFrame) -> Bases:
        """From comparisons.csv, studies.csv, and the printed ratios (`hazard_ratios.csv`, or all of `claims.csv`)."""
        evidence = estimates.groupby("comparison_id")["evidence"].agg(set).to_dict() if len(estimates) else {}
        return cls(evidence, _pairs(studies, "study_id", "design"), _pairs(claims, "claim_id", "study_id"))

    def grade(self, entry: AnyComparison) -> Grade:
        """Grade of the evidence behind a comparison."""
        if isinstance(entry, TimedComparison):
            trials = all(self._randomised(group.study) for group in entry.groups)
            return Grade.RANDOMISED_NETWORK if trials else Grade.OBSERVED_NETWORK
        if entry.patient_groups:
            return self._of_patients(entry)
        if not entry.ratios:
            return Grade.COUNTS
        if not all(self._randomised(self.study_of.get(claim, "")) for claim in entry.ratios):
            return Grade.PRINTED
        if isinstance(entry, NetworkComparison):
            return Grade.NETWORK
        return Grade.INDIRECT if isinstance(entry, BucherComparison) else Grade.POOLED

    def _randomised(self, study: str) -> bool:
        return self.designs.get(study) == RANDOMISED

    def _of_patients(self, entry: AnyComparison) -> Grade:
        studies = [group.study for group in entry.patient_groups]
        curve = "curve" in self.evidence.get(entry.id, ())
        if len(studies) != 2 or len(set(studies)) != 1:
            return Grade.UNANCHORED_CURVE if curve else Grade.UNANCHORED_SUMMARY
        if self._randomised(studies[0]):
            return Grade.RANDOMISED_CURVE if curve else Grade.RANDOMISED_SUMMARY
        return Grade.OBSERVED


def _pairs(table: pd.DataFrame, key: str, value: str) -> dict[str, str]:
    return {} if table.empty else dict(zip(table[key].astype(str), table[value].fillna("").astype(str), strict=True))


#: Confidence in a network estimate as graded by CINeMA, the highest first.
CONFIDENCE = ("high", "moderate", "low", "very low")


def confidence_of(table: pd.DataFrame | None) -> dict[frozenset[str], str]:
    """Judged confidence in each network estimate, by pair of treatments.

    Parameters
    ----------
    table : DataFrame, optional
        Columns treatment, comparator, domain, judged.
    """
    if table is None or table.empty:
        return {}
    whole = table[(table["domain"] == "confidence") & table["judged"].isin(CONFIDENCE)]
    return {frozenset((row.treatment, row.comparator)): str(row.judged) for row in whole.itertuples()}
