"""Curve evidence read from files: digitised points of a review, and sets of the KMDATA collection."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd

from resurvey.errors import InconsistentReport, InputError
from resurvey.faults import Fault
from resurvey.pictures import is_figure, read_figure
from resurvey.places import PUT, misplaced
from resurvey.reconstruct.arm_curve import Curve
from resurvey.reconstruct.arm_faults import CORRECT, MakeFault, fault_maker, faults_of_arm, incomplete_rows
from resurvey.reconstruct.files import ArmFiles, ReadArm, read_arms, refuse_exchanged
from resurvey.reconstruct.formats import read_at_risk, read_kmdata
from resurvey.reconstruct.result import Reconstruction
from resurvey.reconstruct.study_tables import Key
from resurvey.schema import TABLES
from resurvey.vocabulary import months_per

KMDATA_CUT = "kmdata"
FILE_COLUMNS = ("file", "at_risk_file")
# Columns that identify a figure: arms drawn together, whose numbers at risk may have been exchanged.
FIGURE = ["study_id", "endpoint", "data_cut", "time_unit"]


def curves_of(table: pd.DataFrame, study_id: str, folder: Path, digitised: Path | None = None) -> dict[str, Curve]:
    """Digitised curves of a study, by claim id, with times in months and survival as proportions.

    Parameters
    ----------
    table : DataFrame
        The table of curves, typed.
    study_id : str
    folder : Path
        Folder of the files.
    digitised : Path, optional
        Folder with what was digitised from the figures that rows name, one folder per figure.

    Raises
    ------
    InputError
        If a file cannot be read or does not match its row; the message lists every fault.
    """
    rows = table[table["study_id"] == study_id]
    read, faults = _read_rows(rows, folder, digitised)
    if faults:
        raise InputError("\n".join(map(str, faults)))
    return {claim: _curve(arm, str(unit)) for claim, (arm, unit) in read.items()}


def faults_of_curves(table: pd.DataFrame, folder: Path) -> list[Fault]:
    """Faults of the files that the table of curves names: missing, unreadable, or not matching their row.

    Parameters
    ----------
    table : DataFrame
        Raw table of curves, indexed by line.
    folder : Path
        Folder of the files.
    """
    return _read_rows(table, folder)[1]


def _read_rows(
    table: pd.DataFrame, folder: Path, digitised: Path | None = None
) -> tuple[dict[str, tuple[ReadArm, str]], list[Fault]]:
    """Arms by claim, with the unit of their times, and every fault; figures not yet digitised are left out."""
    read: dict[str, tuple[ReadArm, str]] = {}
    faults = []
    for line, row in table.iterrows():
        found = _read_row(row, folder, int(str(line)), digitised)
        if isinstance(found, ReadArm):
            read[row["claim_id"]] = found, row["time_unit"]
        else:
            faults += found
    exchanged: set[str] = set()
    for _, rows in table.groupby(FIGURE, sort=True, dropna=False):
        arms = [
            (read[c][0], int(float(n)), str(c)) for c, n in zip(rows["claim_id"], rows["n"], strict=True) if c in read
        ]
        try:
            refuse_exchanged(arms)
        except InconsistentReport as error:
            line = int(str(rows.index[0]))
            files = ", ".join(dict.fromkeys(file for file in rows["at_risk_file"] if file))
            faults.append(Fault(TABLES["curves"].file, line, "at_risk_file", files, str(error), "exchange them back"))
            exchanged.update(rows["claim_id"])
    for line, row in table.iterrows():
        claim = row["claim_id"]
        if claim in read and claim not in exchanged and not is_figure(row["file"]):
            faults += faults_of_arm(row, read[claim][0], int(str(line)))
    return read, faults


def _read_row(row: pd.Series, folder: Path, line: int, digitised: Path | None = None) -> ReadArm | list[Fault]:
    """The arm of one row, or its faults: an empty list if it is a figure that is not yet digitised."""
    fault = fault_maker(row, line)
    strange = [(column, misplaced(folder / row[column], folder)) for column in FILE_COLUMNS if row[column]]
    if any(rule for _, rule in strange):
        return [fault(column, rule, PUT) for column, rule in strange if rule]
    missing = [column for column in FILE_COLUMNS if row[column] and not (folder / row[column]).is_file()]
    if missing:
        words = "there is no such file in the folder curves", "put it there or correct the name"
        return [fault(column, *words) for column in missing]
    if is_figure(row["file"]):
        return _risk_file(row, folder, fault) if digitised is None else _read_figure(row, folder, digitised, fault)
    named = ArmFiles(
        folder / row["file"],
        folder / row["at_risk_file"] if row["at_risk_file"] else None,
        name=row["curve"],
        at_risk_arm=row["at_risk_arm"],
        survival_unit=row["survival_unit"],
    )
    try:
        arms = read_arms(named)
    except InputError as error:
        return [fault(_blamed(named), str(error), CORRECT)]
    if len(arms) > 1:
        names = ", ".join(arm.name for arm in arms)
        return [fault("curve", f"{row['file']} holds {len(arms)} curves", f"name one of {names}")]
    units = {row["file"]: arms[0].curve.time_unit, row["at_risk_file"]: arms[0].unit_at_risk}
    wrong = [f"the heading in {file} says {unit}" for file, unit in units.items() if unit and not _same(unit, row)]
    faults = [fault("time_unit", words, "correct the unit or the heading") for words in wrong]
    return faults or arms[0]


def _risk_file(row: pd.Series, folder: Path, fault: MakeFault) -> list[Fault]:
    """Faults of the typed numbers at risk of a figure that is not yet digitised."""
    if not row["at_risk_file"]:
        return []
    try:
        tables = read_at_risk(folder / row["at_risk_file"])
    except InputError as error:
        return [fault("at_risk_file", str(error), CORRECT)]
    return [one for table in tables for one in incomplete_rows(row, "at_risk_file", table.incomplete, fault)]


def _read_figure(row: pd.Series, folder: Path, digitised: Path, fault: MakeFault) -> ReadArm | list[Fault]:
    """The arm of a row whose file is a figure, from its digitised points; typed numbers at risk take precedence."""
    try:
        found = read_figure(digitised, row["file"], row["curve"])
    except InputError as error:
        return [fault("curve" if "no curve" in str(error) else "file", str(error), "correct the reading or the row")]
    if found.time_unit and months_per(found.time_unit) != months_per(row["time_unit"]):
        return [fault("time_unit", f"the axis of {row['file']} is in {found.time_unit}", "correct the unit")]
    at_risk = folder / row["at_risk_file"] if row["at_risk_file"] else found.at_risk
    arm = read_arms(ArmFiles(found.curve, at_risk, at_risk_arm=row["at_risk_arm"]))[0]
    curve = replace(arm.curve, notes=(found.note, *arm.curve.notes))
    return replace(arm, curve=curve, spread=found.spread)


def _blamed(files: ArmFiles) -> str:
    """The column of the row whose file or unit makes it unreadable."""
    for column, less in (
        ("at_risk_file", replace(files, at_risk=None, at_risk_arm="")),
        ("survival_unit", replace(files, at_risk=None, at_risk_arm="", survival_unit="")),
        ("curve", replace(files, at_risk=None, at_risk_arm="", survival_unit="", name="")),
    ):
        try:
            read_arms(less)
        except InputError:
            continue
        return column
    return "file"


def _same(unit: str, row: pd.Series) -> bool:
    return months_per(unit) == months_per(row["time_unit"])


def _curve(arm: ReadArm, time_unit: str) -> Curve:
    factor = months_per(time_unit)
    if factor is None:
        raise InputError(f"curves.csv: time_unit {time_unit!r} is not a unit of time")
    table = arm.at_risk
    return Curve(
        arm.curve.times * factor,
        arm.curve.survival,
        None if table is None else table.times * factor,
        None if table is None else table.counts,
        arm.notes,
        arm.spread,
    )


def kmdata_of(settings: Mapping[str, Any] | None, study_id: str) -> dict[Key, Reconstruction]:
    """Arms of a study taken from the KMDATA collection, by key; none if the config names no folder.

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
