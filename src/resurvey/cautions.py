"""Audit findings relevant to a comparison: about a number it is based on, or about the time origin of its outcome.

The same letters mark them wherever the comparison is shown; the text is composed where it is displayed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from string import ascii_lowercase

import pandas as pd

from resurvey.plan import AnyComparison, PatientComparison
from resurvey.results import SEVERITIES

FINDINGS = ("impossible", "conflict", "discrepant", "other-method")
#: Findings of these severities are reported, the most serious first.
GRAVE = SEVERITIES[:2]
#: Rules about the time origin of an outcome: their findings apply to every number of that outcome.
CLOCK_RULES = ("clock-choice", "clock-start")
ARM_KEY = ("study_id", "arm_id", "population", "endpoint", "data_cut")


@dataclass(frozen=True)
class Caution:
    """A finding, or a difference between two endpoints, and the comparisons it concerns.

    Attributes
    ----------
    mark : str
        A letter: a, b and so on, in the order of the comparisons.
    comparisons : tuple of str
        Ids of the comparisons.
    check_id : str
        Check id of the finding; empty where the two groups of a comparison have different endpoints.
    endpoints : tuple of str
        The differing endpoints; empty for a finding.
    """

    mark: str
    comparisons: tuple[str, ...]
    check_id: str = ""
    endpoints: tuple[str, ...] = ()


def rests_on(entry: AnyComparison, estimates: pd.DataFrame, accuracy: pd.DataFrame) -> tuple[str, ...]:
    """Printed numbers behind a comparison: those its rows name, and those its groups were reconstructed from.

    Parameters
    ----------
    entry : comparison of a plan
    estimates, accuracy : DataFrame
        comparisons.csv and accuracy.csv.
    """
    own = estimates.loc[estimates["comparison_id"] == entry.id, "claim_ids"].dropna() if len(estimates) else ()
    cells = [str(cell) for cell in own]
    for group in entry.patient_groups if len(accuracy) else ():
        key = (group.study, group.arm, group.population, group.endpoint, group.data_cut)
        found = accuracy[list(ARM_KEY)].fillna("").astype(str).eq(key).all(axis=1)
        cells += [str(cell) for cell in accuracy.loc[found, "claim_ids"].dropna()]
    if isinstance(entry, PatientComparison):
        cells += entry.printed
    ids = (name.strip() for cell in cells for name in cell.split(";"))
    return tuple(dict.fromkeys(name for name in ids if name))


def endpoints_of(tables: Iterable[pd.DataFrame]) -> dict[str, str]:
    """Endpoint of each printed number, by claim id, from the tables that have both columns."""
    made: dict[str, str] = {}
    for table in tables:
        if {"claim_id", "endpoint"} <= set(table.columns):
            made.update(zip(table["claim_id"].astype(str), table["endpoint"].fillna("").astype(str), strict=True))
    return made


def cautions(
    entries: Sequence[AnyComparison],
    resting: Mapping[str, Iterable[str]],
    checks: pd.DataFrame,
    endpoint_of: Mapping[str, str],
) -> list[Caution]:
    """Cautions for each comparison, each with a letter; checks with a common cause share a letter.

    Parameters
    ----------
    entries : sequence of comparisons
    resting : dict of iterable of str
        Printed numbers behind each comparison, by its id (`rests_on`).
    checks : DataFrame
        checks.csv.
    endpoint_of : dict of str
        Endpoint of each printed number that has one, by claim id.
    """
    grave = _grave(checks)
    found: dict[tuple[str, tuple[str, ...]], list[str]] = {}
    for entry in entries:
        numbers = set(resting.get(entry.id, ()))
        for row in grave:
            if numbers & set(subjects(row)) or _of_clock(row, entry, endpoint_of):
                found.setdefault((str(row["cause"]), ()), []).append(entry.id)
        endpoints = tuple(dict.fromkeys(group.endpoint for group in entry.patient_groups))
        if isinstance(entry, PatientComparison) and len(endpoints) > 1:
            found.setdefault(("", endpoints), []).append(entry.id)
    gravest = {str(row["cause"]): str(row["check_id"]) for row in reversed(grave)}
    return [
        Caution(mark, tuple(dict.fromkeys(names)), gravest.get(cause, ""), endpoints)
        for mark, ((cause, endpoints), names) in zip(_letters(), found.items(), strict=False)
    ]


def marks_of(found: Iterable[Caution]) -> dict[str, str]:
    """Letters of each comparison, by its id: `a, b`."""
    made: dict[str, list[str]] = {}
    for caution in found:
        for name in caution.comparisons:
            made.setdefault(name, []).append(caution.mark)
    return {name: ", ".join(marks) for name, marks in made.items()}


def _grave(checks: pd.DataFrame) -> list[dict[str, object]]:
    """Findings that affect a conclusion or a number in use, most serious first."""
    if checks.empty:
        return []
    rows = checks[checks["verdict"].isin(FINDINGS) & checks["severity"].isin(GRAVE)]
    rows = rows.sort_values("severity", key=lambda cells: cells.map(GRAVE.index), kind="stable")
    cause = rows["cause"].fillna("").astype(str) if "cause" in rows else pd.Series("", index=rows.index)
    rows = rows.assign(cause=cause.where(cause != "", rows["check_id"]))
    return [{str(key): cell for key, cell in row.items()} for row in rows.to_dict("records")]


def subjects(row: Mapping[str, object]) -> tuple[str, ...]:
    """The numbers that a finding calls into question: all of them in a conflict, otherwise only the first."""
    ids = tuple(part.strip() for part in str(row["claim_ids"]).split(";"))
    return ids if row["verdict"] == "conflict" else ids[:1]


def _of_clock(row: Mapping[str, object], entry: AnyComparison, endpoint_of: Mapping[str, str]) -> bool:
    """Whether a finding concerns the time origin of an outcome of the comparison."""
    if row["rule"] not in CLOCK_RULES:
        return False
    about = {(str(row["study_id"]), endpoint_of.get(name, "")) for name in subjects(row)}
    return any((group.study, group.endpoint) in about for group in entry.patient_groups)


def _letters() -> Iterator[str]:
    """a to z, then aa, ab and so on."""
    yield from ascii_lowercase
    for first in _letters():
        for last in ascii_lowercase:
            yield first + last
