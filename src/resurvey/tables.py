"""Reading, checking and writing of every table, once each.

Checks collect all faults of all tables and raise once; nothing is repaired in silence and nothing is guessed.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import isfinite
from pathlib import Path

import pandas as pd

from resurvey import reported, steady
from resurvey.errors import InputError
from resurvey.schema import CLAIM_TABLES, KINDS, TABLES, Column, Table

Tables = dict[str, pd.DataFrame]
IDENTIFIER = re.compile(r"^[a-z0-9][a-z0-9_-]{0,63}$")
DATE = re.compile(r"^(\d{4})(-(0[1-9]|1[0-2])(-(0[1-9]|[12]\d|3[01]))?)?$", re.ASCII)
FILE = re.compile(r"^[A-Za-z0-9][A-Za-z0-9_.-]*$")
CONTROL = re.compile(r"[\x00-\x1f]")
MAX_BYTES = 200_000_000
# What a review types by hand stays far below; checking as many takes a third of a gigabyte.
MAX_ROWS = 100_000
MAX_CELL = 20_000
SHOWN_FAULTS = 200
#: Significant digits of what the chain computes: beyond them, last bits that differ between processors may show. What
#: was typed is kept as typed, and its conversions to one unit are exact to more.
RESULT_DIGITS, TYPED_DIGITS = 7, 10


@dataclass(frozen=True, order=True)
class Fault:
    """One thing wrong in one place, with what to do about it."""

    file: str
    row: int
    column: str
    value: str
    rule: str
    advice: str

    def __str__(self) -> str:
        place = f"{self.file}, row {self.row}, column {self.column}" if self.row else f"{self.file}"
        value = f", value {self.value[:80]!r}" if self.row else ""
        return f"{place}{value}: {self.rule}. {self.advice}"


class TableFaults(InputError):
    """All faults of all tables, raised once; `faults` is the sorted list."""

    def __init__(self, faults: Iterable[Fault]):
        self.faults = sorted(set(faults))
        shown = [f"  {fault}" for fault in self.faults[:SHOWN_FAULTS]]
        more = len(self.faults) - len(shown)
        if more > 0:
            shown.append(f"  and {more} more")
        super().__init__(f"{len(self.faults)} fault(s) in the tables; nothing was written:\n" + "\n".join(shown))


def read_csv(path: Path) -> pd.DataFrame:
    """A CSV file as text cells, exactly as typed (stripped of surrounding blanks), with the line of each row as index.

    Raises
    ------
    TableFaults
        If the file is missing, not UTF-8, empty, ragged, has a repeated or blank column name, NUL characters, or cells
        or rows beyond what any table needs.
    """
    name = path.name
    if not path.is_file():
        raise TableFaults(
            [Fault(name, 0, "", "", "the file is missing", f"put it into {path.parent.name}/ or restore it")]
        )
    if path.stat().st_size > MAX_BYTES:
        raise TableFaults([Fault(name, 0, "", "", f"the file is over {MAX_BYTES} bytes", "split it")])
    content = path.read_bytes()
    if b"\x00" in content:
        raise TableFaults([Fault(name, 0, "", "", "it holds NUL characters", "save the file as UTF-8 CSV")])
    try:
        return _parse_csv(content, name)
    except UnicodeDecodeError:
        raise TableFaults([Fault(name, 0, "", "", _not_utf8(content), "save the file as UTF-8 CSV")]) from None


def _not_utf8(content: bytes) -> str:
    """Where the text ends that can be read; the error met in passing counts from the start of a piece."""
    try:
        content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        return f"byte {error.start} is not UTF-8"
    return "it is not UTF-8"


def _parse_csv(content: bytes, name: str) -> pd.DataFrame:
    csv.field_size_limit(MAX_BYTES)
    # line by line: a whole text in memory takes up to four bytes a letter, twice
    reader = csv.reader(io.TextIOWrapper(io.BytesIO(content), encoding="utf-8-sig", newline=""), strict=True)
    rows: list[list[str]] = []
    lines: list[int] = []
    faults: list[Fault] = []
    try:
        header = [cell.strip() for cell in next(reader, [])]
        for cells in reader:
            if not any(cell.strip() for cell in cells):
                continue
            if len(rows) + len(faults) == MAX_ROWS:
                rule = f"it has more than {MAX_ROWS:,} rows"
                raise TableFaults([Fault(name, 0, "", "", rule, "split the review, or remove what was repeated")])
            if len(cells) != len(header):
                rule = f"it has {len(cells)} cells, the header {len(header)}"
                faults.append(Fault(name, reader.line_num, "", ",".join(cells), rule, "quote cells that hold commas"))
                continue
            rows.append([cell.strip() for cell in cells])
            lines.append(reader.line_num)
    except csv.Error as error:
        rule = f"it is not a readable CSV ({error})"
        raise TableFaults(
            [*faults, Fault(name, reader.line_num, "", "", rule, "check the quotes around there")]
        ) from None
    repeated = {cell for cell in header if header.count(cell) > 1}
    if not header or "" in header or repeated:
        rule = "the header row is empty" if not header else f"the header has blank or repeated names {sorted(repeated)}"
        faults.append(Fault(name, 0, "", "", rule, "give every column one name"))
    if faults:
        raise TableFaults(faults)
    return pd.DataFrame(rows, columns=header, index=pd.Index(lines, name="row"), dtype=object)


def file_of(table: Table) -> str:
    """Path of a table inside the folder of raw tables."""
    return f"{table.folder}/{table.name}.csv" if table.folder else f"{table.name}.csv"


def read_raw(folder: Path) -> Tables:
    """All raw tables of a folder, checked; raises one `TableFaults` with everything that is wrong."""
    tables: Tables = {}
    faults: list[Fault] = []
    known = {file_of(table) for table in TABLES.values()}
    for stray in sorted(path.relative_to(folder).as_posix() for path in folder.glob("*.csv")):
        if stray not in known:
            faults.append(
                Fault(stray, 0, "", "", "it is not one of the tables", f"rename or remove it; tables: {sorted(known)}")
            )
    for name, table in TABLES.items():
        try:
            tables[name] = read_csv(folder / file_of(table))
        except TableFaults as error:
            faults.extend(error.faults)
    return check(tables, faults)


def check(tables: Tables, faults: Iterable[Fault] = ()) -> Tables:
    """The tables, when every cell, key and cross-column rule holds.

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
    found = list(faults)
    for name, frame in tables.items():
        found.extend(_check_table(TABLES[name], frame))
    found.extend(_check_keys(tables))
    if found:
        raise TableFaults(found)
    return tables


def _check_table(table: Table, frame: pd.DataFrame) -> list[Fault]:
    file = file_of(table)
    missing = [name for name in table.names if name not in frame.columns]
    unknown = [name for name in frame.columns if name not in table.names]
    faults = [Fault(file, 0, "", "", f"the column {name} is missing", "add it to the header") for name in missing]
    advice = f"columns of this table: {', '.join(table.names)}"
    faults += [Fault(file, 0, "", "", f"unknown column {name!r}", advice) for name in unknown]
    for column in table.columns:
        if column.name in frame.columns:
            faults += _check_column(file, column, frame)
    if not missing:
        faults += _check_rows(table, file, frame)
    return faults


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


def expected(column: Column) -> str:
    """What a cell of the column may hold, in words."""
    return f"one of {', '.join(column.choices)}" if column.kind == "choice" else KINDS[column.kind]


def check_cell(column: Column, value: str) -> str:
    """The rule that a cell breaks, or an empty text."""
    if not value:
        return "it must not be empty" if column.required else ""
    if len(value) > MAX_CELL or CONTROL.search(value):
        return "it holds control characters or is far too long"
    if column.kind == "choice":
        return "" if value in column.choices else "it is not one of the choices"
    if column.kind in ("number", "count", "size", "percent", "p", "level"):
        return _check_number(column.kind, value)
    pattern = {"id": IDENTIFIER, "date": DATE, "file": FILE}.get(column.kind)
    if pattern is not None and not pattern.match(value):
        return f"it is not a {column.kind}"
    if column.kind == "ids" and not all(IDENTIFIER.match(part.strip()) for part in value.split(";")):
        return "it is not a list of ids"
    return ""


LIMITS = {
    "count": (0.0, 1e9),
    "size": (1.0, 1e9),
    "percent": (0.0, 100.0),
    "p": (0.0, 1.0),
    "level": (50.0, 99.99),
    "number": (-1e12, 1e12),
}


def _check_number(kind: str, value: str) -> str:
    try:
        number = reported.parse(value)
    except InputError as error:
        return str(error)
    if number.operator == "NR":
        return "" if kind in ("number", "percent") else "not reached is no such number"
    if kind in ("count", "size") and number.decimals > 0:
        return "it is not a whole number"
    low, high = LIMITS[kind]
    return "" if low <= number.value <= high else f"outside {low:g} to {high:g}"


def _check_rows(table: Table, file: str, frame: pd.DataFrame) -> list[Fault]:
    faults = []
    keys = list(table.unique)
    for row, key in frame.loc[frame.duplicated(keys, keep="first"), keys].iterrows():
        first = frame.index[(frame[keys] == key).all(axis=1)][0]
        advice = f"it is already in row {first}: give this row a key of its own"
        faults.append(Fault(file, int(row), "+".join(keys), " ".join(key), "the key is repeated", advice))
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
    """Every (study, arm) a claim names must be in arms; `all` stands for the whole study and needs no row."""
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
    """Typed tables with every number to ten significant digits, as they are written and read again."""
    return {name: frame.assign(**_settled_columns(frame)) for name, frame in typed.items()}


def _settled_columns(frame: pd.DataFrame) -> dict[str, pd.Series]:
    numbers = frame.select_dtypes("float")
    return {name: pd.Series(steady.settled_array(column), index=frame.index) for name, column in numbers.items()}


def counted(cells: pd.Series) -> pd.Series:
    """How often each value stands in a column, the most frequent first; of two as frequent, the first met."""
    return cells.value_counts(sort=False).sort_values(ascending=False, kind="stable")


def write_csv(frame: pd.DataFrame, path: Path, *, digits: int = RESULT_DIGITS) -> None:
    """Write a table so that the same content gives the same bytes, whole or not at all.

    Numbers have `digits` significant digits: as many as are the same on every processor.
    """
    text = frame.to_csv(index=False, lineterminator="\n", float_format=f"%.{digits}g")
    write_text(text, path)


def write_json(value: object, path: Path) -> None:
    """Write nested lists and dicts as JSON, numbers as in the tables of results."""
    write_text(json.dumps(_shortened(value), indent=1, ensure_ascii=False) + "\n", path)


def _shortened(value: object) -> object:
    if isinstance(value, float) and isfinite(value):
        return float(f"{value:.{RESULT_DIGITS}g}")
    if isinstance(value, dict):
        return {key: _shortened(part) for key, part in value.items()}
    return [_shortened(part) for part in value] if isinstance(value, list | tuple) else value


def write_text(text: str, path: Path) -> None:
    """Write text through a temporary neighbour, so that a killed run never leaves half a file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.part")
    part.write_text(text, encoding="utf-8", newline="")
    part.replace(path)


def read_table(path: Path, text: Iterable[str] = ()) -> pd.DataFrame:
    """A table that an earlier step wrote; columns named in `text`, and all that end in `_text` or `_id`, stay text."""
    with path.open(newline="", encoding="utf-8") as file:
        header = next(csv.reader(file), [])
    kept = {name: str for name in header if name.endswith(("_text", "_id", "_ids", "_unit")) or name in set(text)}
    frame = pd.read_csv(path, dtype=kept, keep_default_na=False, na_values={n: [""] for n in header if n not in kept})
    return frame


def stack(paths: Iterable[Path]) -> pd.DataFrame:
    """Tables of one layout below each other; columns that some lack are empty there."""
    return pd.concat([pd.read_csv(path, dtype=str, keep_default_na=False) for path in paths], ignore_index=True).fillna(
        ""
    )


def write_parquet(frame: pd.DataFrame, path: Path) -> None:
    """Write a large table as Parquet, whole or not at all; texts that repeat are stored once."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.part")
    table = pa.Table.from_pandas(frame, preserve_index=False)
    # Categories are our own shortcut: any other program finds plain text, without what pandas would say of it.
    plain = [pa.string() if pa.types.is_dictionary(field.type) else field.type for field in table.schema]
    table = table.cast(pa.schema(list(zip(table.column_names, plain, strict=True)))).replace_schema_metadata(None)
    pq.write_table(table, part, compression="zstd")
    part.replace(path)


def read_parquet(path: Path) -> pd.DataFrame:
    """A table written by `write_parquet`; text columns come as categories, which are quick to choose rows by."""
    import pyarrow.parquet as pq

    names = pq.read_schema(path).names
    return pq.read_table(path, read_dictionary=names).to_pandas()
