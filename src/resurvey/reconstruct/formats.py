"""Digitised curves in the formats that digitising programs write, and patients in those that other programs read."""

from __future__ import annotations

import csv
import re
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd

from resurvey.errors import InputError
from resurvey.reconstruct.result import Reconstruction, accuracy_table, patients_table

Layout = Literal["plain", "multinma", "maicplus"]
TIME_NAMES = ("time", "t", "x", "months", "years", "weeks", "days")
RISK_TIME_NAMES = ("trisk", "t.risk", "time", "risk_time")
RISK_COUNT_NAMES = ("nrisk", "n.risk", "at_risk", "n")
# Some 250,000 points, which take half a gigabyte to rebuild; a digitised curve has some hundred.
MOST_BYTES = 5_000_000


@dataclass(frozen=True)
class DigitisedCurve:
    """One curve of a file: its name there (empty where it has none), times and survivals as they stand."""

    name: str
    times: np.ndarray
    survival: np.ndarray


def read_curves(path: str | Path) -> list[DigitisedCurve]:
    """Curves of a text file in any of the known layouts.

    Known are two columns with or without a header, divided by comma, semicolon, tab or blanks, with decimal point or
    decimal comma (PlotDigitizer, DigitizeIt, IPDfromKM, plain); and the export of all data sets of WebPlotDigitizer,
    two columns a curve under a line of names and a line X,Y,X,Y.

    Raises
    ------
    InputError
        If the file is missing, too large, or has no two columns of numbers; the message names the file and the line.
    """
    file = Path(path)
    _refuse_large(file)
    try:
        text = file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{file.name}: cannot be read as text ({error})") from None
    rows = [line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    if not rows:
        raise InputError(f"{file.name}: the file is empty, expected two columns (time, survival)")
    divider = _divider(rows)
    cells = [_split(row, divider) for row in rows]
    start = next((i for i, row in enumerate(cells) if _is_numeric(row)), None)
    if start is None:
        raise InputError(f"{file.name}: no line holds two numbers; the first line is {rows[0][:60]!r}")
    width = max(len(row) for row in cells[start:])
    if width < 2:
        raise InputError(f"{file.name}: expected two columns (time, survival), found one; the divider may be unusual")
    table = _numbers(cells[start:], width, file.name, start)
    return _columns(table, cells[:start], width)


def _refuse_large(file: Path) -> None:
    if file.is_file() and file.stat().st_size > MOST_BYTES:
        raise InputError(
            f"{file.name}: {file.stat().st_size:,} bytes are no digitised curve; at most {MOST_BYTES:,} are read"
        )


def _divider(rows: list[str]) -> str | None:
    """Semicolon and tab win over comma, which may be a decimal comma; None stands for blanks."""
    sample = rows[-1]
    for mark in (";", "\t"):
        if mark in sample:
            return mark
    if "," in sample and not re.fullmatch(r"\s*-?\d+,\d+\s+-?\d+,\d+\s*", sample):
        return ","
    return None


def _split(row: str, divider: str | None) -> list[str]:
    cells = row.split(divider) if divider else row.split()
    cells = [cell.strip().strip('"') for cell in cells]
    return cells if divider == "," else [_decimal_point(cell) for cell in cells]


def _decimal_point(cell: str) -> str:
    return cell.replace(",", ".") if re.fullmatch(r"-?\d+,\d+(e-?\d+)?", cell, flags=re.IGNORECASE) else cell


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True


def _is_numeric(row: list[str]) -> bool:
    return sum(_is_number(cell) for cell in row) >= 2


def _numbers(rows: list[list[str]], width: int, name: str, offset: int) -> np.ndarray:
    table = np.full((len(rows), width), np.nan)
    for i, row in enumerate(rows):
        for j, cell in enumerate(row):
            if cell and cell.upper() not in ("NA", "NAN"):
                if not _is_number(cell):
                    raise InputError(f"{name}: data line {offset + i + 1}, column {j + 1} holds {cell!r}, not a number")
                table[i, j] = float(cell)
    return table


def _columns(table: np.ndarray, header: list[list[str]], width: int) -> list[DigitisedCurve]:
    names = [cell.lower() for cell in header[-1]] if header else []
    several = width >= 4 and width % 2 == 0 and (not names or names[:4:2] == names[:1] * 2)
    if several:
        titles = header[0] if len(header) > 1 else [""] * width
        pairs = range(0, width, 2)
        return [_curve(titles[j] if j < len(titles) else "", table[:, j], table[:, j + 1]) for j in pairs]
    # programs such as R write row names in a column of their own
    time = next((names.index(name) for name in TIME_NAMES if name in names), 0)
    if len(names) == width - 1:
        time += 1
    survival = time + 1 if time + 1 < width else 0
    return [_curve("", table[:, time], table[:, survival])]


def _curve(name: str, times: np.ndarray, survival: np.ndarray) -> DigitisedCurve:
    filled = np.isfinite(times) | np.isfinite(survival)
    return DigitisedCurve(name, times[filled], survival[filled])


def read_at_risk(path: str | Path) -> tuple[np.ndarray, np.ndarray]:
    """Times and numbers at risk of a CSV (IPDfromKM's trisk, nrisk; time, at_risk; or the first two columns).

    A table in Guyot's layout (columns t.risk, n.risk among others) is read by the names.
    """
    file = Path(path)
    _refuse_large(file)
    try:
        table = pd.read_csv(file, sep=None, engine="python")
    except (OSError, ValueError, csv.Error) as error:
        raise InputError(f"{file.name}: cannot be read as a table ({error})") from None
    names = {str(name).strip().lower(): name for name in table.columns}
    time = next((names[name] for name in RISK_TIME_NAMES if name in names), None)
    count = next((names[name] for name in RISK_COUNT_NAMES if name in names), None)
    if time is None or count is None:
        if table.shape[1] != 2:
            raise InputError(f"{file.name}: expected columns time and at_risk, found {', '.join(map(str, names))}")
        time, count = table.columns
    numeric = [pd.to_numeric(table[name], errors="coerce").to_numpy(float) for name in (time, count)]
    return numeric[0], numeric[1]


def read_kmdata(path: str | Path) -> dict[str, Reconstruction]:
    """Arms of one KMDATA set (`.rda` with columns time, event, arm), as evidence of kind curve.

    The collection holds patients that others rebuilt from digitised curves; they are taken as they are.

    Raises
    ------
    InputError
        If the file holds no such table.
    """
    table = _rda_table(path, {"time", "event", "arm"})
    arms = {}
    for name, rows in table.groupby(table["arm"].astype(str), sort=True):
        patients = patients_table([rows["time"].to_numpy(float)], [rows["event"].to_numpy(float)])
        arms[str(name)] = Reconstruction(
            patients=patients,
            accuracy=accuracy_table([]),
            undetermined=["how well these patients fit the published curve: the collection does not hold its points"],
            evidence="curve",
            method=f"as rebuilt in the KMDATA collection, {Path(path).stem}",
        )
    return arms


def read_kmdata_key(path: str | Path) -> pd.DataFrame:
    """The key of the KMDATA collection: a row a figure, with published hazard ratio, outcome, units and arms."""
    table = _rda_table(path, {"name", "HazardRatio", "Arms"})
    return table.rename(columns=str).reset_index(drop=True)


def _rda_table(path: str | Path, wanted: set[str]) -> pd.DataFrame:
    import rdata

    file = Path(path)
    try:
        with warnings.catch_warnings():
            # the reader warns about R classes that it reads as what they extend
            warnings.simplefilter("ignore")
            objects = rdata.read_rda(file)
    except Exception as error:  # the reader raises many kinds; all mean that this is no such file
        raise InputError(f"{file.name}: cannot be read as an R data file ({type(error).__name__}: {error})") from None
    for value in objects.values():
        if isinstance(value, pd.DataFrame) and wanted <= {str(name) for name in value.columns}:
            return value
    raise InputError(f"{file.name}: holds no table with the columns {', '.join(sorted(wanted))}")


def export_patients(
    arms: Mapping[str, Reconstruction], *, study: str = "", layout: Layout = "plain", replicate: int | None = None
) -> pd.DataFrame:
    """Patients of several arms as one table.

    Parameters
    ----------
    arms : mapping of treatment to Reconstruction
    study : str
        Name of the study, where the layout has a column for it.
    layout : {'plain', 'multinma', 'maicplus'}
        plain: arm, replicate, time, event. multinma (`set_ipd` with `Surv(time, status)`): .study, .trt, time, status.
        maicplus: USUBJID, ARM, TIME, EVENT (times in the unit of the input; maicplus takes days).
    replicate : int, optional
        One replicate only; all by default in the plain layout, the first in the others, which have no column for it.
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
    """Write a table of patients as CSV or Parquet, by the ending of the path; the same table gives the same bytes."""
    file = Path(path)
    if file.suffix == ".csv":
        table.to_csv(file, index=False, lineterminator="\n", float_format="%.10g")
    elif file.suffix == ".parquet":
        table.to_parquet(file, index=False)
    else:
        raise InputError(f"{file.name}: patients are written as .csv or .parquet, by the ending of the name")
