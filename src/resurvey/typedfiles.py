"""Typed tables in small files, written by the gate only when their content changes, and read by every step."""

from __future__ import annotations

import csv
import io
import math
from collections import defaultdict
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd

from resurvey import clean, inert
from resurvey.errors import InputError
from resurvey.pieces import LABEL_COLUMNS, PARTLY_OF_PATIENTS, Claim, Pieces
from resurvey.schema import CLAIM_TABLES, TABLES
from resurvey.tables import Tables
from resurvey.vocabulary import LOG_RANK, PROGRESSION, RESPONDERS
from resurvey.writing import write_bytes

NOTE = "note"


def write(raw: Tables, typed: Tables, folder: Path, curves: Path) -> Pieces:
    """Write all pieces whose content changed, and remove those that are no longer needed.

    Parameters
    ----------
    raw : dict of DataFrame
        Checked raw tables.
    typed : dict of DataFrame
        The same tables, typed by `clean.tidy`.
    folder : Path
        Folder of the pieces.
    curves : Path
        Folder of the curve files that the table of curves names.

    Returns
    -------
    Pieces
    """
    texts = dict(_texts_of(raw, typed))
    for path, text in texts.items():
        _write_changed(folder / path, text.encode())
    copies = _curve_files(typed["curves"])
    for name in sorted({name for names in copies.values() for name in names}):
        _write_changed(folder / "curves" / name, (curves / name).read_bytes())
        texts[f"curves/{name}"] = ""
    for there in [there for there in folder.rglob("*") if there.is_file()]:
        if there.relative_to(folder).as_posix() not in texts:
            there.unlink()
    return Pieces(folder.as_posix(), frozenset(texts), dict(_claims(typed)), copies)


def _write_changed(path: Path, content: bytes) -> None:
    if path.is_file() and path.read_bytes() == content:
        return
    write_bytes(content, path)


def _texts_of(raw: Tables, typed: Tables) -> Iterator[tuple[str, str]]:
    """Path and content of every piece."""
    for name, frame in typed.items():
        header = [str(column) for column in frame.columns]
        noted = [[_cell(cell) for cell in cells] for cells in zip(*(frame[c].tolist() for c in header), strict=True)]
        plain = noted
        if NOTE in header:
            place = header.index(NOTE)
            plain = [[*cells[:place], "", *cells[place + 1 :]] for cells in noted]
        yield f"tables/{name}.csv", _csv(header, plain)
        yield f"noted/{name}.csv", _csv(header, noted)
        of_patients = set(np.flatnonzero(_bears_on_patients(frame))) if name in PARTLY_OF_PATIENTS else set()
        for study, places in _studies(name, frame, typed["studies"]).items():
            yield f"studies/{study}/{name}.csv", _csv(header, [plain[place] for place in places])
            yield f"studies/{study}/noted/{name}.csv", _csv(header, [noted[place] for place in places])
            bearing = [place for place in places if place in of_patients]
            if bearing:
                yield f"studies/{study}/patients/{name}.csv", _csv(header, [plain[place] for place in bearing])
        if name == "adjudications":
            for source, places in _sources_of_rulings(frame, typed["sources"]).items():
                yield f"rulings/{source}/{name}.csv", _csv(header, [plain[place] for place in places])
    for name, columns in LABEL_COLUMNS.items():
        rows = raw[name][list(columns)].to_numpy().tolist()
        yield f"labels/{name}.csv", _csv(columns, rows)
        if "study_id" in columns:
            for study in dict.fromkeys(row[0] for row in rows):
                yield f"labels/{study}/{name}.csv", _csv(columns, (row for row in rows if row[0] == study))


def _cell(value: object) -> str:
    if isinstance(value, float):
        # the shortest representation that reads back as the same number
        return "" if math.isnan(value) else repr(value)
    return str(value)


def _csv(header: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(header)
    writer.writerows([inert.cell(text) for text in cells] for cells in rows)  # a person may open the piece, too
    return stream.getvalue()


def _studies(name: str, frame: pd.DataFrame, studies: pd.DataFrame) -> dict[str, list[int]]:
    """Positions of the rows about each study; in the table of sources, of the document that reports it."""
    found: dict[str, list[int]] = defaultdict(list)
    if name == "sources":
        place = {source: row for row, source in enumerate(frame["source_id"])}
        return {study: [place[source]] for study, source in zip(studies["study_id"], studies["source_id"], strict=True)}
    for row, study in enumerate(frame.get("study_id", ())):
        found[study].append(row)
    return found


def _bears_on_patients(frame: pd.DataFrame) -> pd.Series:
    """Whether a count is of early progressors or responders, or a p value from a log-rank test between two arms."""
    if "test" in frame:
        return frame["test"].str.lower().isin(LOG_RANK) & (frame["p_op"] != "") & (frame["comparator_arm_id"] != "")
    counted = (frame["kind"] == "progression") & (frame["time_op"] != "")
    return counted | ((frame["kind"] == "response") & frame["item"].str.lower().isin([*PROGRESSION, *RESPONDERS]))


def _sources_of_rulings(rulings: pd.DataFrame, sources: pd.DataFrame) -> dict[str, list[int]]:
    """Positions of the rulings on checks of each document, whose id is part of the check id."""
    found: dict[str, list[int]] = defaultdict(list)
    for source in sources["source_id"]:
        for row, check in enumerate(rulings["check_id"]):
            if f"-{source}-" in check:
                found[source].append(row)
    return found


def _curve_files(curves: pd.DataFrame) -> dict[str, tuple[str, ...]]:
    found: dict[str, set[str]] = defaultdict(set)
    for study, *names in zip(curves["study_id"], curves["file"], curves["at_risk_file"], strict=True):
        found[study].update(name for name in names if name)
    return {study: tuple(sorted(names)) for study, names in found.items()}


def _claims(typed: Tables) -> Iterator[tuple[str, Claim]]:
    for name in CLAIM_TABLES:
        frame = typed[name]
        listed = frame["claims"] if "claims" in frame else [""] * len(frame)
        for claim, study, source, others in zip(
            frame["claim_id"], frame["study_id"], frame["source_id"], listed, strict=True
        ):
            yield claim, Claim(name, study, source, tuple(part.strip() for part in others.split(";") if part.strip()))


@cache
def blank(name: str) -> pd.DataFrame:
    """An empty typed table."""
    raw = pd.DataFrame({column: pd.Series(dtype=object) for column in TABLES[name].names})
    return clean.tidy({name: raw})[name]


def read(paths: Iterable[str | Path]) -> Tables:
    """Read typed tables from their pieces, exactly as made by `clean.tidy`; tables without pieces are empty.

    Parameters
    ----------
    paths : iterable of paths
        Pieces; those of one table (by file name) are combined.

    Raises
    ------
    InputError
        If a piece does not belong to a known table or does not have its columns.
    """
    rows: dict[str, dict[tuple[str, ...], list[str]]] = defaultdict(dict)
    for path in map(Path, paths):
        if path.stem not in TABLES:
            raise InputError(f"{path} is not a piece of a table: the gate writes them; start the run again")
        rows[path.stem] |= _rows(path)
    return {name: _frame(name, list(rows[name].values())) if name in rows else blank(name).copy() for name in TABLES}


def _rows(path: Path) -> dict[tuple[str, ...], list[str]]:
    """Rows of a piece by the key of their table; a row that occurs in two pieces counts once."""
    with path.open(encoding="utf-8", newline="") as stream:
        reader = csv.reader(stream)
        header = next(reader, [])
        if header != [str(column) for column in blank(path.stem).columns]:
            raise InputError(
                f"{path} does not have the columns of its table: delete its folder and start the run again"
            )
        places = [header.index(column) for column in TABLES[path.stem].unique]
        rows = ([inert.exact(text) for text in cells] for cells in reader)
        return {tuple(cells[place] for place in places): cells for cells in rows}


def _frame(name: str, rows: list[list[str]]) -> pd.DataFrame:
    empty = blank(name)
    columns = {
        str(column): _column([cells[place] for cells in rows], empty[column].dtype == float)
        for place, column in enumerate(empty.columns)
    }
    frame = pd.DataFrame(columns)
    return frame.sort_values(list(TABLES[name].unique), kind="stable").reset_index(drop=True)


def _column(cells: list[str], number: bool) -> np.ndarray:
    if number:
        return np.array([float(cell) if cell else math.nan for cell in cells], dtype=float)
    return np.array(cells, dtype=object)
