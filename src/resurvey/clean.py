"""Typed tables from checked raw ones: printed text with values and rounding intervals, in common units."""

from __future__ import annotations

import pandas as pd

from resurvey import reported
from resurvey.errors import InputError
from resurvey.schema import CLAIM_TABLES, TABLES
from resurvey.tables import Fault, TableFaults, Tables, file_of
from resurvey.vocabulary import months_per, to_proportion

NUMERIC = ("number", "count", "size", "percent", "p", "level")
# Columns that hold a time in the unit of the row, by table, with the name of the unit column.
TIMES = {
    "medians": (
        ("value", "lower", "upper", "range_lower", "range_upper", "lower_quartile", "upper_quartile"),
        "unit",
    ),
    "survival_rates": (("time",), "time_unit"),
    "designs": (("null_median", "alternative_median", "accrual", "follow_up", "landmark"), "unit"),
    "follow_up": (("value", "lower", "upper", "range_lower", "range_upper"), "unit"),
    "risk_tables": (("time",), "time_unit"),
    "proportions": (("time",), "time_unit"),
    "differences": (("value",), "unit"),
}
# Columns that hold a proportion or percentage, by table, with the name of the unit column or the unit itself.
PROPORTIONS = {
    "survival_rates": (("value", "lower", "upper"), "unit"),
    "proportions": (("percent", "lower", "upper"), "%"),
}
PRINTED_NUMBERS = {"follow_up": ("value",), "statements": ("value",), "quantities": ("value",)}


def tidy(tables: Tables) -> Tables:
    """Make typed tables, one for each raw table, sorted by key.

    Parameters
    ----------
    tables : dict of DataFrame
        Raw tables that have passed `tables.check`.

    Returns
    -------
    dict of DataFrame
        For every numeric column `c`: `c_text` (as printed), `c` (value; infinite for not reached), `c_min`, `c_max`
        (values its rounding allows) and `c_op` (`=`, `<`, `~`, `NR` ...). Times get `c_months` with `_min` and `_max`
        where the unit of the row is one of time; percentages get `c_prop` (0 to 1) in the same way.

    Raises
    ------
    TableFaults
        If a table of times has a unit that is neither a unit of time nor an allowed alternative.
    """
    faults: list[Fault] = []
    typed = {name: _tidy_table(name, frame, faults) for name, frame in tables.items()}
    if faults:
        raise TableFaults(faults)
    return typed


def _tidy_table(name: str, frame: pd.DataFrame, faults: list[Fault]) -> pd.DataFrame:
    table = TABLES[name]
    numeric = [column.name for column in table.columns if column.kind in NUMERIC]
    numeric += [column for column in PRINTED_NUMBERS.get(name, ()) if column not in numeric]
    parts: dict[str, pd.Series] = {}
    for column in table.names:
        if column in numeric:
            parts |= _typed(column, frame[column])
        else:
            parts[column] = frame[column]
    typed = pd.DataFrame(parts, index=frame.index)
    _add_times(name, typed, faults)
    _add_proportions(name, typed)
    return typed.sort_values(list(table.unique), kind="stable").reset_index(drop=True)


def _typed(column: str, cells: pd.Series) -> dict[str, pd.Series]:
    known = {text: _read(text) for text in cells.unique()}
    numbers = [known[text] for text in cells]
    return {
        f"{column}_text": cells,
        column: pd.Series([n.value for n in numbers], index=cells.index, dtype=float),
        f"{column}_min": pd.Series([n.lower for n in numbers], index=cells.index, dtype=float),
        f"{column}_max": pd.Series([n.upper for n in numbers], index=cells.index, dtype=float),
        f"{column}_op": pd.Series([n.operator for n in numbers], index=cells.index, dtype=object),
    }


def _read(text: str) -> reported.Reported:
    try:
        return reported.parse(text)
    except InputError:
        # The value column of follow_up and statements may hold dates and words: only the text is kept.
        return reported.EMPTY


def _add_times(name: str, typed: pd.DataFrame, faults: list[Fault]) -> None:
    columns, unit_column = TIMES.get(name, ((), ""))
    if not columns:
        return
    factors = {unit: months_per(unit) for unit in typed[unit_column].unique()}
    if name in ("survival_rates", "risk_tables"):
        for row, unit in typed[unit_column].items():
            if factors[unit] is None:
                advice = "expected days, weeks, months or years"
                faults.append(
                    Fault(file_of(TABLES[name]), int(row), unit_column, unit, "it is not a unit of time", advice)
                )
    factor = typed[unit_column].map(factors).astype(float)
    for column in columns:
        for end in ("", "_min", "_max"):
            typed[f"{column}_months{end}"] = typed[f"{column}{end}"] * factor


def _add_proportions(name: str, typed: pd.DataFrame) -> None:
    columns, unit = PROPORTIONS.get(name, ((), ""))
    for column in columns:
        factor = typed[unit].map(to_proportion).astype(float) if unit in typed else to_proportion(unit)
        for end in ("", "_min", "_max"):
            typed[f"{column}_prop{end}"] = typed[f"{column}{end}"] * factor


def claims(typed: Tables) -> pd.DataFrame:
    """All printed numbers in one table: claim_id, table, source, locator, study, arm, population, what and text."""
    parts = []
    for name in CLAIM_TABLES:
        if name not in typed or typed[name].empty:
            continue
        frame = typed[name]
        what = [column for column in ("endpoint", "measure", "item", "grade", "title", "printed") if column in frame]
        part = frame[["claim_id", "source_id", "locator", "study_id", "arm_id", "population"]].copy()
        part.insert(1, "table", name)
        part["what"] = (
            frame[what].astype(str).agg(lambda cells: " ".join(cell for cell in cells if cell), axis=1) if what else ""
        )
        part["printed"] = _printed(frame)
        parts.append(part)
    return pd.concat(parts, ignore_index=True).sort_values("claim_id", kind="stable", ignore_index=True)


def _printed(frame: pd.DataFrame) -> pd.Series:
    """The printed numbers of each row in words, as `value 11.8; lower 8.4; upper 15.1`."""
    texts = [column for column in frame.columns if column.endswith("_text")]

    def words(row: pd.Series) -> str:
        return "; ".join(f"{column.removesuffix('_text')} {row[column]}" for column in texts if row[column])

    return frame[texts].apply(words, axis=1) if texts else pd.Series("", index=frame.index)
