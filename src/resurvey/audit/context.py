"""The data that every check reads: typed tables, converted if needed, and the sizes of groups."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache, cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from resurvey import clean, schema
from resurvey import tables as raw_tables
from resurvey.clean import NUMERIC, PRINTED_NUMBERS
from resurvey.errors import InputError

PLACE = ["source_id", "study_id", "arm_id", "population"]


def numeric_columns(name: str) -> list[str]:
    """Columns of a table that are expanded as numbers (`c_text`, `c`, `c_min`, `c_max`, `c_op`)."""
    columns = [column.name for column in schema.TABLES[name].columns if column.kind in NUMERIC]
    return columns + [column for column in PRINTED_NUMBERS.get(name, ()) if column not in columns]


def word_columns(name: str) -> list[str]:
    """Columns of a typed table that hold words and must be read as text, never as numbers."""
    numeric = numeric_columns(name)
    words = [column.name for column in schema.TABLES[name].columns if column.name not in numeric]
    return words + [f"{column}{end}" for column in numeric for end in ("_text", "_op")]


def is_raw(name: str, frame: pd.DataFrame) -> bool:
    """Whether a table still holds only printed text."""
    numeric = numeric_columns(name)
    return bool(numeric) and f"{numeric[0]}_text" not in frame.columns


def prepare(tables: Mapping[str, pd.DataFrame]) -> dict[str, pd.DataFrame]:
    """Make typed tables from raw ones (checked first) or from typed ones (made by `clean.tidy`, or read from a file).

    Raises
    ------
    TableFaults
        If raw tables have faults; lists all of them.
    InputError
        If the name of a table is not in the schema.
    """
    unknown = sorted(set(tables) - set(schema.TABLES) - {"claims"})
    if unknown:
        raise InputError(f"unknown tables {', '.join(unknown)}: expected some of {', '.join(schema.TABLES)}")
    known = {name: frame for name, frame in tables.items() if name in schema.TABLES}
    raw = {name: frame for name, frame in known.items() if is_raw(name, frame)}
    typed = {name: frame for name, frame in known.items() if name not in raw}
    if raw:
        # Tables without numbers are identical raw and typed; keys are checked against all tables.
        plain = {name: frame for name, frame in typed.items() if not numeric_columns(name)}
        raw_tables.check({**plain, **raw})
        typed |= clean.tidy(raw)
    typed |= {name: _blank(name) for name in schema.TABLES if name not in typed}
    return {name: _words_as_text(name, frame) for name, frame in typed.items()}


@cache
def _blank(name: str) -> pd.DataFrame:
    """An empty typed table; made only once, since checks never change a table."""
    raw = pd.DataFrame({column: pd.Series(dtype=object) for column in schema.TABLES[name].names})
    return _words_as_text(name, clean.tidy({name: raw})[name])


def _words_as_text(name: str, frame: pd.DataFrame) -> pd.DataFrame:
    """Convert word columns back to text: read from a file, blank cells are NaN and `2` is 2.0."""
    spoilt = [column for column in word_columns(name) if column in frame and _is_spoilt(frame[column])]
    if not spoilt:
        return frame
    return frame.assign(**{column: frame[column].map(_text).astype(object) for column in spoilt})


def _is_spoilt(column: pd.Series) -> bool:
    return column.dtype != object or bool(column.isna().any())


def _text(value: object) -> str:
    if isinstance(value, float):
        return "" if np.isnan(value) else f"{value:g}"
    return "" if value is None else str(value)


def read_typed(path: Path) -> pd.DataFrame:
    """Read a typed table written by the clean step, with words as text."""
    return raw_tables.read_table(path, text=word_columns(path.stem)).pipe(
        lambda frame: _words_as_text(path.stem, frame)
    )


def records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Rows as dictionaries (several times as fast as the pandas method for this use)."""
    columns = list(frame.columns)
    return [dict(zip(columns, row, strict=True)) for row in zip(*(frame[c].tolist() for c in columns), strict=True)]


def standard_name(text: str, spellings: Mapping[str, str]) -> str:
    """The standard name that `text` stands for: that of the first spelling found in it, empty when there is none."""
    lower = text.lower()
    return next((name for spelling, name in spellings.items() if spelling in lower), "")


def grouped(frame: pd.DataFrame, keys: list[str]) -> dict[tuple[Any, ...], list[dict[str, Any]]]:
    """Rows as dictionaries, grouped by key in order of first appearance."""
    groups: dict[tuple[Any, ...], list[dict[str, Any]]] = {}
    for record, key in zip(records(frame), zip(*(frame[k].tolist() for k in keys), strict=True), strict=True):
        groups.setdefault(key, []).append(record)
    return groups


class Context:
    """Typed tables by name, and look-ups shared by several checks."""

    def __init__(self, tables: Mapping[str, pd.DataFrame]):
        self.tables = dict(tables)

    def __getitem__(self, name: str) -> pd.DataFrame:
        return self.tables[name]

    @cached_property
    def place_of(self) -> dict[str, tuple[str, int]]:
        """Table and row number of every claim."""
        found: dict[str, tuple[str, int]] = {}
        for name in schema.CLAIM_TABLES:
            for row, claim in enumerate(self.tables[name]["claim_id"]):
                found[claim] = (name, row)
        return found

    def claim(self, claim_id: str) -> tuple[str, dict[str, Any]] | None:
        """Table name and row of a claim, or None."""
        place = self.place_of.get(claim_id)
        if place is None:
            return None
        name, row = place
        return name, self._records(name)[row]

    def _records(self, name: str) -> list[dict[str, Any]]:
        cache = self.__dict__.setdefault("_record_cache", {})
        if name not in cache:
            cache[name] = records(self.tables[name])
        return cache[name]

    def records(self, name: str) -> list[dict[str, Any]]:
        """Rows of a table as dictionaries."""
        return self._records(name)

    @cached_property
    def sizes(self) -> dict[tuple[str, str, str, str], tuple[float, str]]:
        """Size of each (source, study, arm, population), with a claim that prints it.

        Where a document prints several sizes of one group, the most frequent is used; none when there is a tie.
        """
        arms = self.tables["arms"]
        arms = arms[arms["n_op"] == "="]
        if arms.empty:
            return {}
        counted = arms.groupby([*PLACE, "n"], sort=False).agg(places=("claim_id", "size"), claim=("claim_id", "first"))
        counted = counted.reset_index()
        most = counted.groupby(PLACE, sort=False)["places"].transform("max")
        counted = counted[counted["places"] == most]
        counted = counted[~counted.duplicated(PLACE, keep=False)]
        keys = zip(*(counted[column] for column in PLACE), strict=True)
        return dict(zip(keys, zip(counted["n"], counted["claim"], strict=True), strict=True))

    def size(
        self, source: str, study: str, arm: str, population: str, *, elsewhere: bool = False
    ) -> tuple[float, str] | None:
        """Printed size of a group, with a claim that prints it; `elsewhere` admits a unique size from other documents.

        Other documents may use another data cut, so denominators are never taken from them.
        """
        here = self.sizes.get((source, study, arm, population))
        if here is not None or not elsewhere:
            return here
        return self._size_elsewhere.get((study, arm, population))

    @cached_property
    def _size_elsewhere(self) -> dict[tuple[str, str, str], tuple[float, str]]:
        found: dict[tuple[str, str, str], tuple[float, str]] = {}
        clash = set()
        for (_, *place), (n, claim) in self.sizes.items():
            key = (place[0], place[1], place[2])
            if key in found and found[key][0] != n:
                clash.add(key)
            found.setdefault(key, (n, claim))
        return {key: value for key, value in found.items() if key not in clash}
