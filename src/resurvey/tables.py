"""Reading, checking and writing of all tables.

Checks collect all faults of all tables and raise once; nothing is silently repaired or guessed.
"""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from math import isfinite
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from resurvey import inert, reported, steady
from resurvey.errors import InputError
from resurvey.faults import Fault, TableFaults
from resurvey.places import PUT, misplaced
from resurvey.plausible import implausible, unusable
from resurvey.rawcells import DATE, check_cell, expected
from resurvey.schema import CLAIM_TABLES, TABLES, Column, Table
from resurvey.sheet import read_sheet
from resurvey.spelling import misspelt
from resurvey.writing import beside, write_text

Tables = dict[str, pd.DataFrame]
#: Significant digits of computed values: beyond them, differences between processors in the last bits may show. Typed
#: values are kept as typed, and their unit conversions are more precise than this.
RESULT_DIGITS, TYPED_DIGITS = 7, 10
# Kinds of cell whose printed digits matter: a workbook must hold them as text.
PRINTED = ("number", "percent", "p")
# Suffixes of files that may be a table under another name.
SHEETS = (".csv", ".tsv", ".xlsx", ".xls", ".ods")
# Columns that name groups of patients and their measurements; always text, even if the names look like numbers.
WORDS = frozenset(
    ("population", "comparator_population", "data_cut", "endpoint", "acronym", "label", "item", "grade", "unit")
)


def file_of(table: Table) -> str:
    """Path of a table inside the folder of raw tables."""
    return table.file


def read_raw(folder: Path, *, plausible: bool = True) -> Tables:
    """Read and check all raw tables of a folder.

    Parameters
    ----------
    folder : Path
    plausible : bool, default True
        Whether contradictory or impossible numbers are faults as well; the audit, which judges them one by one, turns
        this off.

    Raises
    ------
    InputError
        If there is no such folder.
    TableFaults
        With everything that is wrong in any table.
    """
    if not folder.is_dir():
        raise InputError(
            f"{folder}: there is no such folder; name the folder of the tables, usually data/raw "
            "(`resurvey init` makes a project with one)"
        )
    tables: Tables = {}
    faults = _stray(folder)
    for name, table in TABLES.items():
        if rule := misplaced(table.path_in(folder), folder):
            faults.append(Fault(file_of(table), 0, "", "", rule, PUT))
            continue
        if table.optional and not table.path_in(folder).is_file():
            tables[name] = pd.DataFrame({column: pd.Series(dtype=object) for column in table.names})
            continue
        try:
            frame = read_sheet(table.path_in(folder), [c.name for c in table.columns if c.kind in PRINTED])
            tables[name] = _with_spare(table, inert.exact_cells(frame))
        except TableFaults as error:
            faults.extend(error.faults)
    faults += faults_of(tables)
    if len(tables) == len(TABLES) and not faults:
        # only when every cell is valid by itself, since these checks compare cells
        faults += misspelt(tables) + unusable(tables) + (implausible(tables) if plausible else [])
    if faults:
        raise TableFaults(faults)
    return tables


def _with_spare(table: Table, frame: pd.DataFrame) -> pd.DataFrame:
    """Add missing spare columns, empty; a file that is a different table is returned unchanged."""
    spare = [column.name for column in table.columns if column.spare and column.name not in frame]
    own = any(name in frame for name in table.names)
    return frame.assign(**dict.fromkeys(spare, "")) if spare and own else frame


def _stray(folder: Path) -> list[Fault]:
    """Files that look like tables but are not, or that duplicate a table."""
    known = {file_of(table) for table in TABLES.values()}
    books = {Path(name).with_suffix(".xlsx").as_posix() for name in known}
    found = [path.relative_to(folder).as_posix() for path in folder.iterdir()] if folder.is_dir() else []
    advice = f"rename or remove it; the tables are {', '.join(sorted(known))}"
    faults = [
        Fault(stray, 0, "", "", "it is not one of the tables", advice)
        for stray in sorted(found)
        if Path(stray).suffix.lower() in SHEETS and stray not in known | books and not stray.startswith(("~$", "."))
    ]
    for name in sorted(known):
        book = Path(name).with_suffix(".xlsx").as_posix()
        if (folder / name).is_file() and (folder / book).is_file():
            faults.append(Fault(book, 0, "", "", f"{name} is the same table", "keep one of the two"))
    return faults


def check(tables: Tables, faults: Iterable[Fault] = ()) -> Tables:
    """Return the tables if every cell, key and cross-column rule holds.

    Parameters
    ----------
    tables : dict of DataFrame
        Raw tables as text, by name.
    faults : iterable of Fault
        Faults already found while reading.

    Raises
    ------
    TableFaults
        With every fault of every table.
    """
    found = [*faults, *faults_of(tables)]
    if found:
        raise TableFaults(found)
    return tables


def faults_of(tables: Tables) -> list[Fault]:
    """All violations of cell, key and cross-column rules."""
    found: list[Fault] = []
    for name, frame in tables.items():
        found.extend(_check_table(TABLES[name], frame))
    return found + _check_keys(tables)


def _check_table(table: Table, frame: pd.DataFrame) -> list[Fault]:
    file = file_of(table)
    missing = [name for name in table.names if name not in frame.columns]
    unknown = [name for name in frame.columns if name not in table.names]
    if len(missing) == len(table.names):
        advice = f"the first line must be {','.join(table.names)}"
        header = ",".join(map(str, frame.columns))[:80]
        return [Fault(file, 0, "", "", f"its header {header!r} is not that of this table", advice)]
    faults = [Fault(file, 0, "", "", f"the column {name} is missing", "add it to the header") for name in missing]
    faults += [
        Fault(file, 0, "", "", f"unknown column {name!r}", _meant_column(name, missing, table)) for name in unknown
    ]
    for column in table.columns:
        if column.name in frame.columns:
            faults += _check_column(file, column, frame)
    if not missing:
        faults += _check_rows(table, file, frame)
    return faults


def _meant_column(name: str, missing: list[str], table: Table) -> str:
    """Advice about an unknown column: the most similar missing one, otherwise all that there are."""
    near = get_close_matches(re.sub(r"[\s-]+", "_", name.casefold()), missing, n=1, cutoff=0.75)
    return f"did you mean {near[0]}?" if near else f"columns of this table: {', '.join(table.names)}"


def _check_column(file: str, column: Column, frame: pd.DataFrame) -> list[Fault]:
    values = frame[column.name]
    broken = {value: rule for value in values.unique() if (rule := check_cell(column, value))}
    if not broken:
        return []
    faults = []
    sic = frame["note"].str.startswith("sic") if "note" in frame else pd.Series(False, index=frame.index)
    for row, value in values[values.isin(broken)].items():
        if not (sic[row] and broken[value].startswith("outside")):
            faults.append(Fault(file, int(row), column.name, value, broken[value], f"expected {expected(column)}"))
    return faults


def _check_rows(table: Table, file: str, frame: pd.DataFrame) -> list[Fault]:
    faults = []
    keys = list(table.unique)
    for row, key in frame.loc[frame.duplicated(keys, keep="first"), keys].iterrows():
        first = frame.index[(frame[keys] == key).all(axis=1)][0]
        advice = f"it is already in row {first}: give this row a key of its own"
        faults.append(Fault(file, int(row), "+".join(keys), " ".join(key), "the key is repeated", advice))
    for column, value, other, allowed in table.allowed:
        wrong = frame[(frame[column] == value) & (frame[other] != "") & ~frame[other].isin(allowed)]
        for row, cell in wrong[other].items():
            advice = f"with {column} {value!r} expected one of {', '.join(allowed)}"
            faults.append(Fault(file, int(row), other, cell, f"does not go with {column} {value!r}", advice))
    for low, high in table.ordered:
        both = frame[(frame[low] != "") & (frame[high] != "") & ~frame["note"].str.startswith("sic")]
        for row, cells in both[[low, high]].iterrows():
            if _exceeds(cells[low], cells[high]):
                advice = f"{high} is {cells[high]}: check the source; if it is printed so, start the note with 'sic'"
                faults.append(Fault(file, int(row), low, cells[low], f"{low} exceeds {high}", advice))
    return faults


def _exceeds(low: str, high: str) -> bool:
    if DATE.match(low) and DATE.match(high):
        return low[: len(high)] > high[: len(low)]
    try:
        return reported.parse(low).value > reported.parse(high).value
    except InputError:
        return False


def _check_keys(tables: Tables) -> list[Fault]:
    faults = []
    seen: dict[str, str] = {}
    for name in CLAIM_TABLES:
        for row, claim in (
            tables.get(name, pd.DataFrame({"claim_id": []})).get("claim_id", pd.Series(dtype=str)).items()
        ):
            place = f"{file_of(TABLES[name])}, row {row}"
            if claim in seen and not seen[claim].startswith(file_of(TABLES[name])):
                advice = f"it is already in {seen[claim]}: claim ids are unique over all tables"
                faults.append(Fault(file_of(TABLES[name]), int(row), "claim_id", claim, "the id is repeated", advice))
            seen.setdefault(claim, place)
    for name, frame in tables.items():
        for column in TABLES[name].columns:
            if column.name in frame.columns and column.key:
                faults += _check_foreign(tables, name, column)
            elif column.name in frame.columns and column.kind == "ids":
                faults += _check_claims(name, column.name, frame, seen)
    return faults + _check_arms(tables)


def _check_foreign(tables: Tables, name: str, column: Column) -> list[Fault]:
    target, _, key = column.key.partition(".")
    if target not in tables or key not in tables[target].columns:
        return []
    known = set(tables[target][key])
    cells = tables[name][column.name]
    advice = f"add it to {file_of(TABLES[target])} or correct the spelling"
    return [
        Fault(file_of(TABLES[name]), int(row), column.name, value, f"no such {key} in {target}", advice)
        for row, value in cells.items()
        if value and value not in known
    ]


def _check_claims(name: str, column: str, frame: pd.DataFrame, seen: Mapping[str, str]) -> list[Fault]:
    return [
        Fault(file_of(TABLES[name]), int(row), column, part.strip(), "no such claim", "name an existing claim_id")
        for row, value in frame[column].items()
        for part in value.split(";")
        if value and part.strip() not in seen
    ]


def _check_arms(tables: Tables) -> list[Fault]:
    """Every (study, arm) that a claim names must be in arms.csv; `all` means the whole study and needs no row."""
    needed = {"study_id", "arm_id"}
    if "arms" not in tables or not needed <= set(tables["arms"].columns):
        return []
    known = set(zip(tables["arms"]["study_id"], tables["arms"]["arm_id"], strict=True))
    faults = []
    for name in CLAIM_TABLES:
        frame = tables.get(name)
        if frame is None or not needed <= set(frame.columns):
            continue
        for study, arm, row in zip(frame["study_id"], frame["arm_id"], frame.index, strict=True):
            if arm not in ("", "all") and (study, arm) not in known:
                advice = "add a row for it to arms.csv or correct the spelling"
                faults.append(
                    Fault(file_of(TABLES[name]), int(row), "arm_id", arm, f"study {study} has no such arm", advice)
                )
    return faults


def settled(typed: Tables) -> Tables:
    """Typed tables with every number rounded to ten significant digits, as if written and read again."""
    return {name: frame.assign(**_settled_columns(frame)) for name, frame in typed.items()}


def _settled_columns(frame: pd.DataFrame) -> dict[str, pd.Series]:
    numbers = frame.select_dtypes("float")
    return {name: pd.Series(steady.settled_array(column), index=frame.index) for name, column in numbers.items()}


def counted(cells: pd.Series) -> pd.Series:
    """Count the values of a column, most frequent first; ties are in order of first occurrence."""
    return cells.value_counts(sort=False).sort_values(ascending=False, kind="stable")


def write_csv(frame: pd.DataFrame, path: Path, *, digits: int = RESULT_DIGITS) -> None:
    """Write a table atomically, so that the same content gives the same bytes.

    Numbers have `digits` significant digits, as many as are identical on every processor. Text that a spreadsheet would
    take for a formula is preceded by a quote, which `read_table` removes. A zero has no sign.
    """
    unsigned = {name: frame[name] + 0.0 for name in frame.select_dtypes("float").columns}
    text = inert.cells(frame.assign(**unsigned)).to_csv(index=False, lineterminator="\n", float_format=f"%.{digits}g")
    write_text(text, path)


def write_json(value: object, path: Path) -> None:
    """Write nested lists and dicts as JSON, with numbers as in the result tables."""
    write_text(json.dumps(_shortened(value), indent=1, ensure_ascii=False) + "\n", path)


def _shortened(value: object) -> object:
    if isinstance(value, float) and isfinite(value):
        return float(f"{value:.{RESULT_DIGITS}g}") + 0.0
    if isinstance(value, dict):
        return {key: _shortened(part) for key, part in value.items()}
    return [_shortened(part) for part in value] if isinstance(value, list | tuple) else value


def read_table(path: Path, text: Iterable[str] = ()) -> pd.DataFrame:
    """Read a table written by an earlier step.

    Names of groups remain text, even if they look like numbers (a data cut may be called `2012`), as do columns named
    in `text` and all whose names end in `_text` or `_id`.
    """
    with path.open(newline="", encoding="utf-8") as file:
        header = next(csv.reader(file), [])
    words = WORDS | set(text)
    texts = {name: str for name in header if name.endswith(("_text", "_id", "_ids", "_unit")) or name in words}
    frame = pd.read_csv(path, dtype=texts, keep_default_na=False, na_values={n: [""] for n in header if n not in texts})
    return inert.exact_cells(frame)


def stack(paths: Iterable[Path]) -> pd.DataFrame:
    """Concatenate tables of one layout; columns that a table lacks are empty for its rows."""
    parts = [inert.exact_cells(pd.read_csv(path, dtype=str, keep_default_na=False)) for path in paths]
    return pd.concat(parts, ignore_index=True).fillna("")


def write_parquet(frame: pd.DataFrame, path: Path) -> None:
    """Write a large table as Parquet, atomically; repeated texts are stored once."""
    table = pa.Table.from_pandas(frame, preserve_index=False)
    # Categories are used internally: other programs find plain text, without metadata from pandas.
    plain = [pa.string() if pa.types.is_dictionary(field.type) else field.type for field in table.schema]
    table = table.cast(pa.schema(list(zip(table.column_names, plain, strict=True)))).replace_schema_metadata(None)
    with beside(path) as part:
        pq.write_table(table, part, compression="zstd")


def read_parquet(path: Path) -> pd.DataFrame:
    """Read a table written by `write_parquet`; text columns become categories, which are fast to select by."""
    names = pq.read_schema(path).names
    return pq.read_table(path, read_dictionary=names).to_pandas()
