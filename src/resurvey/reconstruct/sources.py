"""Curve evidence read from files: digitised points of a review, and sets of the KMDATA collection."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd

from resurvey.errors import InconsistentReport, InputError
from resurvey.reconstruct.files import ArmFiles, ReadArm, read_arms, refuse_exchanged
from resurvey.reconstruct.formats import read_kmdata
from resurvey.reconstruct.result import Reconstruction
from resurvey.reconstruct.study import Curve, Key
from resurvey.vocabulary import months_per

KMDATA_CUT = "kmdata"


def curves_of(table: pd.DataFrame, study_id: str, folder: Path) -> dict[str, Curve]:
    """Digitised curves of a study, by claim id, with times in months and survival as proportions.

    Raises
    ------
    InputError
        If a file cannot be read, does not hold the named curve or unit, or numbers at risk look exchanged between two
        arms; the message has every fault, each with its claim.
    """
    rows = table[table["study_id"] == study_id]
    read, faults = _read_rows(rows, folder)
    if faults:
        raise InputError("curves.csv: " + "\n".join(faults))
    return {claim: _curve(arm, str(row["time_unit"])) for claim, (arm, row) in read.items()}


def curve_faults(table: pd.DataFrame, folder: Path) -> list[str]:
    """What is wrong with the files of a table of curves, a line a fault; each begins with the claim."""
    return _read_rows(table, folder)[1]


def _read_rows(rows: pd.DataFrame, folder: Path) -> tuple[dict[str, tuple[ReadArm, pd.Series]], list[str]]:
    read: dict[str, tuple[ReadArm, pd.Series]] = {}
    faults = []
    for _, row in rows.iterrows():
        try:
            read[row["claim_id"]] = _read_row(row, folder), row
        except InputError as error:
            faults.append(f"{row['claim_id']}: {error}")
    figures = rows.groupby(["study_id", "endpoint", "data_cut", "time_unit"], sort=True, dropna=False)["claim_id"]
    for _, claims in figures:
        arms = [read[claim] for claim in claims if claim in read]
        try:
            refuse_exchanged([(arm, int(row["n"]), str(row["claim_id"])) for arm, row in arms])
        except InconsistentReport as error:
            faults.append(f"{', '.join(claims)}: {error}")
    return read, faults


def _read_row(row: pd.Series, folder: Path) -> ReadArm:
    """One curve of a row, checked against what the row says of its file."""
    at_risk = folder / row["at_risk_file"] if row["at_risk_file"] else None
    unit = str(row["survival_unit"]) or ""
    names = {name: str(row.get(name, "") or "") for name in ("curve", "at_risk_arm")}
    arms = read_arms(ArmFiles(folder / row["file"], at_risk, names["curve"], names["at_risk_arm"], survival_unit=unit))
    if len(arms) > 1:
        listed = ", ".join(arm.name for arm in arms)
        raise InputError(f"{row['file']} holds {len(arms)} curves ({listed}): name one in the column curve")
    for said, file in ((arms[0].curve.time_unit, row["file"]), (_unit_at_risk(arms[0]), row["at_risk_file"])):
        if said and months_per(said) != months_per(row["time_unit"]):
            raise InputError(f"time_unit is {row['time_unit']!r}, but the heading in {file} says {said}")
    return arms[0]


def _unit_at_risk(arm: ReadArm) -> str:
    return "" if arm.at_risk is None else arm.at_risk.time_unit


def _curve(arm: ReadArm, time_unit: str) -> Curve:
    factor = months_per(time_unit)
    if factor is None:
        raise InputError(f"curves.csv: time_unit {time_unit!r} is no unit of time")
    table = arm.at_risk
    return Curve(
        arm.curve.times * factor,
        arm.curve.survival,
        None if table is None else table.times * factor,
        None if table is None else table.counts,
        arm.notes,
    )


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
