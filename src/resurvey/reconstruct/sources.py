"""Curve evidence read from files: digitised points of a review, and sets of the KMDATA collection."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd

from resurvey.errors import InputError
from resurvey.reconstruct.formats import read_at_risk, read_curves, read_kmdata
from resurvey.reconstruct.result import Reconstruction
from resurvey.reconstruct.study import Curve, Key
from resurvey.vocabulary import months_per

KMDATA_CUT = "kmdata"


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
