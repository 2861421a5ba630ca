"""Groups of reconstructed patients, and two of them side by side."""

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

# Data cut under which patients that others rebuilt from published curves are kept.
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
        Where the group was not rebuilt.
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
    """Kind of hazard of each replicate of a group that was rebuilt; none where its shape was not drawn."""
    rows = _rows_of(patients[group.study], group, group.population)
    if "shape" not in rows:
        return ()
    first = rows["replicate"].ne(rows["replicate"].shift()).to_numpy()
    shapes = tuple(rows.loc[first, "shape"].astype(str))
    return shapes if all(shapes) else ()


def _rows_of(rows: pd.DataFrame, group: Group, population: str) -> pd.DataFrame:
    wanted = {"population": population, "endpoint": group.endpoint, "arm_id": group.arm, "data_cut": group.data_cut}
    # all at once: comparing categories is quick, copying the rows of a large study is not
    return rows[np.logical_and.reduce([(rows[column] == value).to_numpy() for column, value in wanted.items()])]


def check_group(typed: Tables, group: Group) -> None:
    """Refuse a group whose study or arm no table knows: a slip, not a lack of evidence.

    Raises
    ------
    InputError
        With the ids that the tables know.
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
    """How to call a group: treatment, study, and population where it is a subgroup."""
    arms = typed["arms"]
    found = arms[(arms["study_id"] == group.study) & (arms["arm_id"] == group.arm)]
    names = typed["treatments"].set_index("treatment_id")["label"]
    treatment = names.get(found.iloc[0]["treatment_id"], group.arm) if len(found) else group.arm
    acronym = typed["studies"].set_index("study_id")["acronym"].get(group.study, group.study)
    population = "" if group.population == "all" else f", {group.population}"
    return f"{treatment} ({acronym}{population})"


def labels_of(typed: Tables, first: Group, second: Group) -> tuple[str, str]:
    """What two groups are called: by treatment, and by what else tells them apart where that is the same.

    Arms of one study that got the same treatment go by the name that the document gives them; two looks at one arm
    by their data cut.
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
    """Evidence grade of a group: `curve` where it was rebuilt from a digitised curve, else `summary`.

    What counts is how the patients were made, not whether there is a curve: one that could not be used is none.
    """
    if group.data_cut == GIVEN_CURVE:
        return "curve"
    rows = _rows_of(patients[group.study], group, group.population)
    return "curve" if (rows["evidence"] == "curve").all() else "summary"


@dataclass(frozen=True)
class Pair:
    """Two groups of rebuilt patients, and what every row about them says.

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
        Kind of hazard of each replicate of both groups; empty where it was not drawn.
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
        """Arrays of both groups, replicate beside replicate."""
        a, b = (patient_stack(part, name) for part, name in zip((self.first, self.second), self.labels, strict=True))
        return match_replicates(a, b, self.labels)[:2]

    @cached_property
    def sets(self) -> RiskSets:
        """Risk sets of both groups."""
        return pair_risk_sets(*self.stacks)

    def row(self, what: What, estimate: float, lower: float, upper: float, p: float, **extra: Any) -> dict[str, Any]:
        """A row with this pair's facts and grade."""
        facts: dict[str, Any] = {"evidence": self.evidence, **self.facts, **extra}
        return row(self.entry, what, estimate, lower, upper, p, **facts)

    def refused(self, what: What, reason: str, **extra: Any) -> dict[str, Any]:
        """A row that says why there is no estimate."""
        return refused_row(self.entry, what, reason, **{"evidence": self.evidence, **self.facts, **extra})


def pair_of(entry: PatientComparison, typed: Tables, patients: Mapping[str, pd.DataFrame]) -> Pair:
    """Both groups of a comparison of patients.

    Raises
    ------
    InputError
        Where a group names a study or an arm that no table has.
    NotEstimable
        Where a group was not reconstructed.
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
