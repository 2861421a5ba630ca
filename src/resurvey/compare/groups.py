"""Groups of reconstructed patients, and pairs of groups to compare."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from resurvey.compare.outcome import What, refused_row, row
from resurvey.compare.pairwise import match_replicates
from resurvey.errors import InputError, NotEstimable
from resurvey.labels import Labels
from resurvey.plan import Group, PatientComparison
from resurvey.survival.risksets import RiskSets
from resurvey.survival.stack import PatientStack, pair_risk_sets, patient_stack
from resurvey.tables import Tables

# Data cut assigned to patients that others reconstructed from published curves.
GIVEN_CURVE = "kmdata"


def group_of(patients: Mapping[str, pd.DataFrame], group: Group, population: str = "") -> pd.DataFrame:
    """Patients of one group: replicate, time (months), event.

    Parameters
    ----------
    patients : mapping of DataFrame
        Reconstructed patients by study id.
    group : Group
    population : str, optional
        Another population of the same arm; by default that of the group.

    Raises
    ------
    NotEstimable
        If the group was not reconstructed.
    """
    chosen = population or group.population
    words = " / ".join(filter(None, (group.study, group.arm, chosen, group.endpoint, group.data_cut)))
    missing = NotEstimable(
        f"no patients of {words} were rebuilt: see results/reconstruction/accuracy.csv for the reason"
    )
    if group.study not in patients:
        raise missing
    rows = _rows_of(patients[group.study], group, chosen)
    if rows.empty:
        raise missing
    return rows[["replicate", "time", "event"]]


def shapes_of(patients: Mapping[str, pd.DataFrame], group: Group) -> tuple[str, ...]:
    """Hazard shape of each replicate of a reconstructed group; empty if the shapes were not sampled."""
    rows = _rows_of(patients[group.study], group, group.population)
    if "shape" not in rows:
        return ()
    first = rows["replicate"].ne(rows["replicate"].shift()).to_numpy()
    shapes = tuple(rows.loc[first, "shape"].astype(str))
    return shapes if all(shapes) else ()


def _rows_of(rows: pd.DataFrame, group: Group, population: str) -> pd.DataFrame:
    wanted = {"population": population, "endpoint": group.endpoint, "arm_id": group.arm, "data_cut": group.data_cut}
    # one selection: comparing categories is fast, copying the rows of a large study is slow
    return rows[np.logical_and.reduce([(rows[column] == value).to_numpy() for column, value in wanted.items()])]


def check_group(typed: Tables, group: Group) -> None:
    """Check that the study and the arm of a group exist; an unknown id is an input error, not missing evidence.

    Raises
    ------
    InputError
        If the study or the arm is unknown; for an unknown arm the message lists the arms of the study.
    """
    if group.study not in set(typed["studies"]["study_id"]):
        raise InputError(f"there is no study {group.study!r} in studies.csv")
    arms = typed["arms"].loc[typed["arms"]["study_id"] == group.study, "arm_id"]
    known = sorted({str(arm) for arm in arms})
    if group.arm not in known:
        raise InputError(
            f"study {group.study!r} has no arm {group.arm!r} in arms.csv, only {', '.join(known) or 'none'}"
        )


def label_of(typed: Tables, group: Group) -> str:
    """Label of a group: treatment, study, and population if it is a subgroup."""
    arms = typed["arms"]
    found = arms[(arms["study_id"] == group.study) & (arms["arm_id"] == group.arm)]
    names = typed["treatments"].set_index("treatment_id")["label"]
    treatment = names.get(found.iloc[0]["treatment_id"], group.arm) if len(found) else group.arm
    acronym = typed["studies"].set_index("study_id")["acronym"].get(group.study, group.study)
    population = "" if group.population == "all" else f", {group.population}"
    return f"{treatment} ({acronym}{population})"


def labels_of(typed: Tables, first: Group, second: Group) -> tuple[str, str]:
    """Labels of two groups: their treatments, with further detail if these are the same.

    Arms of one study with the same treatment are labelled by their names in the publication, and two analyses of the
    same arm by endpoint and data cut.
    """
    labels = label_of(typed, first), label_of(typed, second)
    if labels[0] == labels[1]:
        labels = _by_arm(typed, first), _by_arm(typed, second)
    if labels[0] == labels[1]:
        labels = _by_cut(labels[0], first), _by_cut(labels[1], second)
    return labels


def _by_arm(typed: Tables, group: Group) -> str:
    names = Labels.from_tables(typed)
    part = "" if group.population == "all" else f", {names.population(group.population)}"
    return f"{names.arm(group.study, group.arm)} ({names.study(group.study)}{part})"


def _by_cut(label: str, group: Group) -> str:
    return " ".join(part for part in (label, group.endpoint, group.data_cut) if part)


def grade_of(patients: Mapping[str, pd.DataFrame], group: Group) -> str:
    """Evidence grade of a group: `curve` if it was reconstructed from a digitised curve, otherwise `summary`.

    The grade depends on how the patients were reconstructed; a curve that could not be used does not count.
    """
    if group.data_cut == GIVEN_CURVE:
        return "curve"
    rows = _rows_of(patients[group.study], group, group.population)
    return "curve" if (rows["evidence"] == "curve").all() else "summary"


@dataclass(frozen=True)
class Pair:
    """Two groups of reconstructed patients, and the facts common to all result rows about them.

    Attributes
    ----------
    entry : PatientComparison
    first, second : DataFrame
        Patients: replicate, time, event.
    labels : (str, str)
    facts : dict
        treatment, comparator, endpoint, population, n_treatment, n_comparator.
    evidence : str
        The weaker grade of the two groups.
    shapes : (tuple of str, tuple of str)
        Hazard shape of each replicate of both groups; empty if the shapes were not sampled.
    """

    entry: PatientComparison
    first: pd.DataFrame
    second: pd.DataFrame
    labels: tuple[str, str]
    facts: dict[str, Any]
    evidence: str
    shapes: tuple[tuple[str, ...], tuple[str, ...]] = ((), ())

    @cached_property
    def stacks(self) -> tuple[PatientStack, PatientStack]:
        """Arrays of both groups, with matched replicates."""
        a, b = (patient_stack(part, name) for part, name in zip((self.first, self.second), self.labels, strict=True))
        return match_replicates(a, b, self.labels)[:2]

    @cached_property
    def sets(self) -> RiskSets:
        """Risk sets of both groups."""
        return pair_risk_sets(*self.stacks)

    def row(self, what: What, estimate: float, lower: float, upper: float, p: float, **extra: Any) -> dict[str, Any]:
        """Result row with this pair's facts and evidence grade."""
        facts: dict[str, Any] = {"evidence": self.evidence, **self.facts, **extra}
        return row(self.entry, what, estimate, lower, upper, p, **facts)

    def refused(self, what: What, reason: str, **extra: Any) -> dict[str, Any]:
        """Result row with the reason why there is no estimate."""
        return refused_row(self.entry, what, reason, **{"evidence": self.evidence, **self.facts, **extra})


def pair_of(entry: PatientComparison, typed: Tables, patients: Mapping[str, pd.DataFrame]) -> Pair:
    """Collect both groups of a comparison of patients.

    Raises
    ------
    InputError
        If a group names an unknown study or arm.
    NotEstimable
        If a group was not reconstructed.
    """
    groups = (entry.treatment, entry.comparator)
    for group in groups:
        check_group(typed, group)
    first, second = (group_of(patients, group) for group in groups)
    labels = labels_of(typed, *groups)
    facts = {
        "treatment": labels[0],
        "comparator": labels[1],
        "endpoint": groups[0].endpoint,
        "population": groups[0].population,
        "n_treatment": _size(first),
        "n_comparator": _size(second),
    }
    grades = {grade_of(patients, group) for group in groups}
    shapes = shapes_of(patients, groups[0]), shapes_of(patients, groups[1])
    return Pair(entry, first, second, labels, facts, "summary" if "summary" in grades else "curve", shapes)


def _size(patients: pd.DataFrame) -> int:
    return int((patients["replicate"] == patients["replicate"].iloc[0]).sum())
