"""Labels of ids in figures, taken from the tables; an id without a label is shown as it is."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from resurvey.tables import read_table

BRACKETS = re.compile(r"\s*\([^()]*\)")
# A number or letter before the name of a group, meaningful only within its document: `Group 3: with ...`.
NUMBERED = re.compile(
    r"^(?:group|arm|cohort|sequence|stratum) (?:\d{1,2}|[a-z]|[ivx]{1,4})\s*[:–-]\s*(?=\S)", re.IGNORECASE
)


@dataclass(frozen=True)
class Labels:
    """Names of studies, treatments, endpoints, arms and populations.

    Attributes
    ----------
    studies, treatments, endpoints : dict of str
        Acronym or label by id.
    arms : dict
        Label by (study_id, arm_id).
    populations : dict of str
        Spelling by population, where the documents write it with internal capitals.
    """

    studies: Mapping[str, str] = field(default_factory=dict)
    treatments: Mapping[str, str] = field(default_factory=dict)
    endpoints: Mapping[str, str] = field(default_factory=dict)
    arms: Mapping[tuple[str, str], str] = field(default_factory=dict)
    populations: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def from_tables(cls, tables: Mapping[str, pd.DataFrame]) -> Labels:
        """Take names from the tables present: studies, treatments, endpoints, arms."""
        treatments = _column(tables, "treatments", "treatment_id", "label")
        return cls(
            studies=_column(tables, "studies", "study_id", "acronym"),
            treatments=treatments,
            endpoints=_column(tables, "endpoints", "endpoint", "label"),
            arms=_arms(tables["arms"], treatments) if "arms" in tables else {},
            populations=_populations(tables["arms"]) if "arms" in tables else {},
        )

    @classmethod
    def from_files(cls, paths: Iterable[str | Path]) -> Labels:
        """Take names from the files of such tables; files of the same table (by file name) are combined."""
        parts: dict[str, list[pd.DataFrame]] = {}
        for path in map(Path, paths):
            parts.setdefault(path.stem, []).append(read_table(path))
        return cls.from_tables({name: pd.concat(own, ignore_index=True) for name, own in parts.items()})

    def study(self, study_id: object) -> str:
        """Acronym of a study; text after a comma (`study, population`) is kept."""
        head, comma, rest = str(study_id).partition(",")
        return self.studies.get(head, head) + comma + rest

    def treatment(self, treatment_id: object) -> str:
        """Label of a regimen, or of several joined by `or`."""
        return " or ".join(self.treatments.get(one, one) for one in str(treatment_id).split(" or "))

    def endpoint(self, endpoint: object) -> str:
        """Label of an endpoint."""
        return self.endpoints.get(str(endpoint), str(endpoint))

    def arm(self, study_id: object, arm_id: object) -> str:
        """Treatment given in an arm, or the document's name of the arm where several arms had the same treatment."""
        if not str(arm_id):
            return "all arms"
        return self.arms.get((str(study_id), str(arm_id)), str(arm_id).replace("_", " "))

    def population(self, population: object) -> str:
        """A population as spelt in the documents: ids are in lower case, abbreviations are not."""
        return self.populations.get(str(population), str(population))

    def group(self, study_id: object, arm_id: object, population: object) -> str:
        """Label of an arm, with the population where it is a subgroup of the arm."""
        part = "" if population in ("", "all") else f", {self.population(population)}"
        return f"{self.arm(study_id, arm_id)}{part}"


def _column(tables: Mapping[str, pd.DataFrame], name: str, key: str, label: str) -> dict[str, str]:
    if name not in tables:
        return {}
    frame = tables[name]
    return {str(k): str(v) for k, v in zip(frame[key], frame[label], strict=True) if str(v) not in ("", "nan")}


def _populations(arms: pd.DataFrame) -> dict[str, str]:
    """Populations whose label differs only in capitals; an initial capital belongs to the label and is ignored."""
    pairs = arms[["population", "label"]].fillna("").astype(str).drop_duplicates()
    return {
        population: label
        for population, label in pairs.itertuples(index=False)
        if label.lower() == population and label[1:] != population[1:]
    }


def _arms(arms: pd.DataFrame, treatments: Mapping[str, str]) -> dict[tuple[str, str], str]:
    """Names of arms: the treatment where it is unique within the study, else the label printed in a table, then any."""
    # Plain lists, because every plotting step needs this and grouping a hundred small frames takes a tenth of a second.
    studies: dict[str, dict[str, list[list[str]]]] = {}
    columns = ["study_id", "arm_id", "population", "treatment_id", "label", "locator"]
    for study, arm, *row in arms[columns].fillna("").astype(str).to_numpy():
        studies.setdefault(study, {}).setdefault(arm, []).append(row)
    names: dict[tuple[str, str], str] = {}
    for study, groups in sorted(studies.items()):
        given = {arm: _first(treatment for _, treatment, _, _ in rows) for arm, rows in groups.items()}
        for arm, rows in sorted(groups.items()):
            if given[arm] and list(given.values()).count(given[arm]) == 1:
                names[(study, arm)] = treatments.get(given[arm], given[arm])
                continue
            printed = [row for row in rows if row[0] == "all"] or rows
            in_table = [label for _, _, label, locator in printed if locator.startswith("Table")]
            # The last row from a table: tables of results name groups more fully than titles do.
            label = in_table[-1] if in_table else _first(label for _, _, label, _ in printed)
            names[(study, arm)] = label or arm.replace("_", " ")
    return names


def _first(cells: Iterable[str]) -> str:
    return next(filter(None, cells), "")


def without_number(label: str) -> str:
    """The name of a group without the number given to it in its document; a number without a name is kept.

    Examples
    --------
    >>> without_number("Group 3: First-line with pertuzumab"), without_number("Group 3")
    ('first-line with pertuzumab', 'Group 3')
    """
    found = NUMBERED.match(label)
    if not found:
        return label
    rest = label[found.end() :]
    return rest[0].lower() + rest[1:] if rest[1:2].islower() else rest


def without_brackets(label: str) -> str:
    """A regimen without the text in brackets, which only explains its name.

    Examples
    --------
    >>> without_brackets("T-DXd (trastuzumab deruxtecan) or T-DM1")
    'T-DXd or T-DM1'
    """
    return " or ".join(BRACKETS.sub("", one).strip() or one for one in label.split(" or "))


def brief(label: str) -> str:
    """A group of patients without explanatory brackets and arm number; the last brackets, its study, are kept.

    Examples
    --------
    >>> brief("T-DXd (trastuzumab deruxtecan) (DESTINY-Breast03)"), brief("Group 3: With pertuzumab (SePHER)")
    ('T-DXd (DESTINY-Breast03)', 'with pertuzumab (SePHER)')
    """
    found = BRACKETS.findall(label)
    return without_number(label.replace(found[0], "", 1) if len(found) > 1 else label)
