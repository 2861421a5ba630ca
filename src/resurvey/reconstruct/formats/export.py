"""Patients as tables that other programs read."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Literal

import pandas as pd

from resurvey import inert
from resurvey.errors import InputError
from resurvey.reconstruct.result import Reconstruction

Layout = Literal["plain", "multinma", "maicplus"]


def export_patients(
    arms: Mapping[str, Reconstruction], *, study: str = "", layout: Layout = "plain", replicate: int | None = None
) -> pd.DataFrame:
    """Patients of several arms as one table.

    Parameters
    ----------
    arms : mapping of treatment to Reconstruction
    study : str
        Name of the study, if the layout has a column for it.
    layout : {'plain', 'multinma', 'maicplus'}
        plain: arm, replicate, time, event. multinma (`set_ipd` with `Surv(time, status)`): .study, .trt, time, status.
        maicplus: USUBJID, ARM, TIME, EVENT (times in the unit of the input; maicplus takes days).
    replicate : int, optional
        The replicate to export; by default all in the plain layout, and the first in the others, which have no column
        for it.

    Raises
    ------
    InputError
        If the layout is not known, there is no arm, or an arm has no such replicate.
    """
    if layout not in ("plain", "multinma", "maicplus"):
        raise InputError(f"layout must be plain, multinma or maicplus, found {layout!r}")
    frames = []
    for name, arm in arms.items():
        chosen = 0 if replicate is None and layout != "plain" else replicate
        rows = arm.patients if chosen is None else arm.patients[arm.patients["replicate"] == chosen]
        if rows.empty:
            raise InputError(f"arm {name!r} has no replicate {chosen}: it has {arm.n_replicates}, from 0")
        frames.append(rows.assign(arm=name))
    if not frames:
        raise InputError("there is no arm to export")
    table = pd.concat(frames, ignore_index=True)
    if layout == "plain":
        return table[["arm", "replicate", "time", "event"]]
    if layout == "multinma":
        columns = {".study": study, ".trt": table["arm"], "time": table["time"], "status": table["event"]}
        return pd.DataFrame(columns)
    number = table.groupby("arm", sort=False).cumcount() + 1
    identity = table["arm"].astype(str) + "-" + number.astype(str)
    columns = {"USUBJID": identity, "ARM": table["arm"], "TIME": table["time"], "EVENT": table["event"]}
    return pd.DataFrame(columns)


def write_patients(table: pd.DataFrame, path: str | Path) -> None:
    """Write a table of patients as CSV or Parquet, by the extension of the path; the same table gives the same bytes.

    In CSV, a name that a spreadsheet would take for a formula stands behind a quote; Parquet keeps it exactly.

    Raises
    ------
    InputError
        If the name has another extension.
    """
    file = Path(path)
    if file.suffix == ".csv":
        inert.cells(table).to_csv(file, index=False, lineterminator="\n", float_format="%.10g")
    elif file.suffix == ".parquet":
        table.to_parquet(file, index=False)
    else:
        raise InputError(f"{file.name}: patients are written as .csv or .parquet, by the ending of the name")
