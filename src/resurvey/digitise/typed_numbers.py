"""Values in a project's typed tables for the arms whose curves appear in one figure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from resurvey.digitise.print_checks import Printed
from resurvey.errors import InputError
from resurvey.reconstruct.formats import read_at_risk
from resurvey.vocabulary import months_per, to_proportion

ARM = ["study_id", "arm_id", "population", "endpoint", "data_cut"]


def printed_of(typed: Mapping[str, pd.DataFrame], figure: str, folder: Path) -> tuple[Printed, ...]:
    """Medians, survival rates, numbers of patients, numbers at risk and hazard ratios for the arms of a figure.

    Parameters
    ----------
    typed : dict of DataFrame
        Typed tables of the studies whose curves the figure shows: curves, medians, survival_rates, risk_tables and
        hazard_ratios.
    figure : str
        The name of the figure's file, as in the table of curves.
    folder : Path
        The folder of the files of numbers at risk named in the table of curves.

    Returns
    -------
    tuple of Printed
        Rows with the same study, arm, population, endpoint and data cut as a row of the table of curves; times are as
        printed, with the length of their unit on the figure's axis.
    """
    rows = typed["curves"]
    curves = rows[rows["file"] == figure]
    found: list[Printed] = []
    for _, row in curves.iterrows():
        found += _of_arm(typed, row)
        found += _of_file(row, folder)
        found += _ratios(typed["hazard_ratios"], row, curves)
    return tuple(dict.fromkeys(found))


def _of_arm(typed: Mapping[str, pd.DataFrame], curve: pd.Series) -> Iterator[Printed]:
    name = str(curve["curve"])
    if curve["n_text"]:
        yield Printed(name, "n", curve["n_text"])
    for _, row in _about(typed["medians"], curve).iterrows():
        if row["value_text"]:
            yield Printed(name, "median", row["value_text"], scale=_units(row["unit"], curve))
    for _, row in _about(typed["survival_rates"], curve).iterrows():
        per_cent = "%" if row["value_text"] and to_proportion(row["unit"]) != 1 else ""
        yield from _timed(name, "survival", f"{row['value_text']}{per_cent}", row, curve)
    for _, row in _about(typed["risk_tables"], curve).iterrows():
        yield from _timed(name, "at risk", row["n_at_risk_text"], row, curve)


def _timed(name: str, quantity: str, value: str, row: pd.Series, curve: pd.Series) -> Iterator[Printed]:
    if value and np.isfinite(row["time"]):
        yield Printed(name, quantity, value, float(row["time"]), scale=_units(row["time_unit"], curve))


def _of_file(curve: pd.Series, folder: Path) -> Iterator[Printed]:
    """Numbers at risk typed into a separate file; errors in it are reported when patients are reconstructed."""
    try:
        tables = read_at_risk(folder / curve["at_risk_file"]) if curve["at_risk_file"] else []
    except InputError:
        return
    wanted = curve["at_risk_arm"]
    for table in tables:
        if len(tables) == 1 or table.name == wanted:
            scale = _units(table.time_unit or curve["time_unit"], curve)
            for time, count in zip(table.times, table.counts, strict=True):
                if np.isfinite(time) and np.isfinite(count):
                    yield Printed(str(curve["curve"]), "at risk", f"{count:g}", float(time), scale=scale)


def _ratios(table: pd.DataFrame, curve: pd.Series, curves: pd.DataFrame) -> Iterator[Printed]:
    """Hazard ratios of an arm against another whose curve is in the same figure."""
    rows = _about(table, curve)
    for _, row in rows[rows["measure"] == "HR"].iterrows():
        against = {
            "arm_id": row["comparator_arm_id"],
            "population": row["comparator_population"] or curve["population"],
        }
        for other in _about(curves, pd.Series({**curve[ARM], **against}))["curve"]:
            if other and row["value_text"]:
                yield Printed(str(curve["curve"]), "hazard ratio", row["value_text"], other=str(other))


def _about(table: pd.DataFrame, curve: pd.Series) -> pd.DataFrame:
    """Rows of a table for the arm of a curve."""
    return table[(table[ARM].fillna("") == curve[ARM].fillna("")).all(axis=1)]


def _units(unit: str, curve: pd.Series) -> float:
    """Number of units of the figure's axis in one unit of time."""
    return float(months_per(unit) or 1.0) / float(months_per(curve["time_unit"]) or 1.0)
