"""Whether the studies of a comparison are similar enough to be compared: one row per study, and their differences."""

from __future__ import annotations

import pandas as pd

from resurvey.tables import Tables

# Columns of studies.csv with possible effect modifiers and features of the design.
ATTRIBUTES = {
    "design": "design",
    "line": "line of treatment",
    "prior_exposure": "prior exposure",
    "entry_definition": "definition of entry",
    "region": "region",
}
PLACES = ("enrolment_start", "enrolment_end", "data_cutoff", "registry_id")
UNKNOWN = "not found in the documents at hand"


def transitivity(typed: Tables, used: pd.DataFrame) -> pd.DataFrame:
    """Characteristics of the studies of a comparison, one row per study.

    Parameters
    ----------
    typed : dict of DataFrame
    used : DataFrame
        study, and the columns that identify its arms: arm_id, or treatment and comparator.

    Returns
    -------
    DataFrame
        study_id, acronym, compares, design, line, prior_exposure, entry_definition, region, enrolment_start,
        enrolment_end, data_cutoff, registry_id, source_year. A cell says so where no document gives the value.
    """
    studies = typed["studies"].set_index("study_id")
    years = typed["sources"].set_index("source_id")["year"]
    sides = [column for column in ("treatment", "comparator", "arm_id") if column in used]
    rows = []
    for study, part in used.groupby("study", sort=False):
        arms = " and ".join(dict.fromkeys(str(value) for value in part[sides].to_numpy().ravel()))
        known = studies.loc[study] if study in studies.index else pd.Series(dtype=object)
        row = {"study_id": study, "acronym": known.get("acronym", study), "compares": arms}
        row |= {name: _text(known.get(name)) for name in (*ATTRIBUTES, *PLACES)}
        rows.append({**row, "source_year": _text(years.get(known.get("source_id")))})
    return pd.DataFrame(rows)


def _text(value: object) -> str:
    words = "" if value is None or (isinstance(value, float) and value != value) else str(value).strip()
    return words.removesuffix(".0") or UNKNOWN


def messages(table: pd.DataFrame) -> list[str]:
    """Differences between the studies, and characteristics that are not known, in words."""
    made = []
    for column, name in ATTRIBUTES.items():
        known = table[table[column] != UNKNOWN]
        groups = {value: ", ".join(part["acronym"]) for value, part in known.groupby(column, sort=False)}
        missing = len(table) - len(known)
        lack = f"; not known for {missing} of {len(table)} studies" if missing else ""
        if len(groups) > 1:
            made.append(f"{name} differs: " + "; ".join(f"{value} ({who})" for value, who in groups.items()) + lack)
        elif missing:
            made.append(f"{name}{lack.replace('; ', ': ', 1)}")
    return made
