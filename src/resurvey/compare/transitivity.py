"""Whether the studies of a comparison are alike enough to be compared: one row a study, and where they differ."""

from __future__ import annotations

import pandas as pd

from resurvey.tables import Tables

# What may modify an effect, or tells how a study was done, as studies.csv has it.
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
    """One row a study.

    Parameters
    ----------
    typed : dict of DataFrame
    used : DataFrame
        study, and what tells its arms: arm_id, or treatment and comparator.

    Returns
    -------
    DataFrame
        study_id, acronym, compares, design, line, prior_exposure, entry_definition, region, enrolment_start,
        enrolment_end, data_cutoff, registry_id, source_year. A cell that no document fills says so.
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
    """What differs between the studies, or is not known of them, in words."""
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
