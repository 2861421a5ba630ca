"""Curve evidence read from files: digitised points of a review, and sets of the KMDATA collection."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from resurvey.errors import InputError, ResurveyError
from resurvey.faults import Fault
from resurvey.reconstruct.formats import read_at_risk, read_curves, read_kmdata
from resurvey.reconstruct.result import Reconstruction
from resurvey.reconstruct.study import Curve, Key
from resurvey.schema import TABLES
from resurvey.vocabulary import months_per

KMDATA_CUT = "kmdata"
# A digitised point may lie a little above the axis.
HIGHEST = {"%": 120.0, "proportion": 1.2}


def curves_of(table: pd.DataFrame, study_id: str, folder: Path) -> dict[str, Curve]:
    """Digitised curves of a study, by claim id, with times in months.

    Raises
    ------
    InputError
        If a file cannot be read, holds several curves, or the unit is no unit of time.
    """
    found = {}
    for _, row in table[table["study_id"] == study_id].iterrows():
        factor = months_per(row["time_unit"])
        if factor is None:
            raise InputError(f"curves.csv, {row['claim_id']}: time_unit {row['time_unit']!r} is no unit of time")
        curves = read_curves(folder / row["file"])
        if len(curves) != 1:
            raise InputError(f"{row['file']} holds {len(curves)} curves: give one file an arm")
        times, counts = read_at_risk(folder / row["at_risk_file"]) if row["at_risk_file"] else (None, None)
        found[row["claim_id"]] = Curve(
            curves[0].times * factor,
            curves[0].survival / (100 if row["survival_unit"] == "%" else 1),
            None if times is None else times * factor,
            counts,
        )
    return found


def faults_of_curves(table: pd.DataFrame, folder: Path) -> list[Fault]:
    """What is wrong with the files that the table of curves names: missing, unreadable, or not in their unit.

    Parameters
    ----------
    table : DataFrame
        Raw table of curves.
    folder : Path
        Folder of the files.
    """
    return [fault for row, cells in table.iterrows() for fault in _faults_of_curve(int(row), cells, folder)]


def _faults_of_curve(row: int, cells: pd.Series, folder: Path) -> Iterator[Fault]:
    def fault(column: str, rule: str, advice: str) -> Fault:
        return Fault(TABLES["curves"].file, row, column, str(cells[column]), rule, advice)

    named = [column for column in ("file", "at_risk_file") if cells[column]]
    missing = [column for column in named if not (folder / cells[column]).is_file()]
    for column in missing:
        yield fault(column, "there is no such file in the folder curves", "put it there or correct the name")
    if missing:
        return
    try:
        points = read_curves(folder / cells["file"])
    except ResurveyError as error:
        yield fault("file", str(error), "export the curve as two columns, time and survival")
    else:
        top = max((float(np.nanmax(curve.survival)) for curve in points if curve.survival.size), default=0.0)
        if top > HIGHEST[cells["survival_unit"]] or (cells["survival_unit"] == "%" and top <= 1):
            yield fault("survival_unit", f"the highest survival of {cells['file']} is {top:g}", "correct the unit")
    if cells["at_risk_file"]:
        try:
            read_at_risk(folder / cells["at_risk_file"])
        except ResurveyError as error:
            yield fault("at_risk_file", str(error), "give two columns, time and number at risk")


def kmdata_of(settings: Mapping[str, Any] | None, study_id: str) -> dict[Key, Reconstruction]:
    """Arms of a study taken from the KMDATA collection, by key; none where the config names no folder.

    Raises
    ------
    InputError
        If a set is missing or has no such arm; the message names both.
    """
    found: dict[Key, Reconstruction] = {}
    if not settings or not settings.get("folder"):
        return found
    for chosen in settings["sets"]:
        if chosen["study"] != study_id:
            continue
        arms = read_kmdata(Path(settings["folder"]) / f"{chosen['file']}.rda")
        factor = months_per(chosen["time_unit"])
        for label, arm_id in chosen["arms"].items():
            if label not in arms:
                raise InputError(f"{chosen['file']} has no arm {label!r}; its arms are {', '.join(sorted(arms))}")
            patients = arms[label].patients.assign(time=arms[label].patients["time"] * factor)
            found[(study_id, arm_id, "all", chosen["endpoint"], KMDATA_CUT)] = replace(arms[label], patients=patients)
    return found
