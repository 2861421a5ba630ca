"""Sets of the KMDATA collection: patients that others rebuilt from digitised curves."""

from __future__ import annotations

import warnings
from pathlib import Path

import pandas as pd

from resurvey.errors import InputError
from resurvey.reconstruct.result import Reconstruction, accuracy_table, patients_table


def read_kmdata(path: str | Path) -> dict[str, Reconstruction]:
    """Read the arms of one KMDATA set (`.rda` with columns time, event, arm), as evidence of kind curve.

    The collection holds patients that others rebuilt from digitised curves; they are used unchanged.

    Raises
    ------
    InputError
        If the file does not hold such a table.
    """
    table = _rda_table(path, {"time", "event", "arm"})
    arms = {}
    for name, rows in table.groupby(table["arm"].astype(str), sort=True):
        patients = patients_table([rows["time"].to_numpy(float)], [rows["event"].to_numpy(float)])
        arms[str(name)] = Reconstruction(
            patients=patients,
            accuracy=accuracy_table([]),
            undetermined=[
                "how well these patients fit the published curve: the collection does not include its points"
            ],
            evidence="curve",
            method=f"as rebuilt in the KMDATA collection, {Path(path).stem}",
        )
    return arms


def read_kmdata_key(path: str | Path) -> pd.DataFrame:
    """Read the key of the KMDATA collection: one row per figure, with published hazard ratio, outcome, units and arms.

    Raises
    ------
    InputError
        If the file is not a key of the collection.
    """
    table = _rda_table(path, {"name", "HazardRatio", "Arms"})
    return table.rename(columns=str).reset_index(drop=True)


def _rda_table(path: str | Path, wanted: set[str]) -> pd.DataFrame:
    import rdata

    file = Path(path)
    try:
        with warnings.catch_warnings():
            # the reader warns about R classes that it reads as their base class
            warnings.simplefilter("ignore")
            objects = rdata.read_rda(file)
    except Exception as error:  # the reader raises many kinds of exception; all mean that the file is not of this kind
        raise InputError(f"{file.name}: cannot be read as an R data file ({type(error).__name__}: {error})") from None
    for value in objects.values():
        if isinstance(value, pd.DataFrame) and wanted <= {str(name) for name in value.columns}:
            return value
    raise InputError(f"{file.name}: has no table with the columns {', '.join(sorted(wanted))}")
