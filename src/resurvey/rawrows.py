"""A row of a raw table as used by the plausibility checks."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import pandas as pd

from resurvey import reported
from resurvey.errors import InputError
from resurvey.faults import Fault
from resurvey.schema import TABLES
from resurvey.vocabulary import months_per

SIC = "check the source; if it is printed so, start the note with 'sic'"


@dataclass(frozen=True)
class Row:
    """A row of a raw table: its cells, and the numbers they contain."""

    table: str
    line: int
    cells: Mapping[str, str]

    @property
    def printed_so(self) -> bool:
        """Whether the note states that the paper prints the row like this."""
        return self.cells.get("note", "").lower().startswith("sic")

    def number(self, column: str) -> float:
        """The value of a cell; NaN where none is printed, infinite where it was not reached."""
        try:
            return reported.parse(self.cells.get(column, "")).value
        except InputError:
            return math.nan

    def exact(self, column: str) -> float:
        """The value of a cell that holds a number without `<`, `>` or `~`; otherwise NaN."""
        try:
            number = reported.parse(self.cells.get(column, ""))
        except InputError:
            return math.nan
        return number.value if number.operator == "=" else math.nan

    def months(self, column: str, unit: str) -> float:
        """A time in months; NaN where the unit is not a unit of time."""
        factor = months_per(self.cells[unit])
        return math.nan if factor is None else self.number(column) * factor

    def fault(self, column: str, rule: str, advice: str = SIC) -> Fault:
        """Make a fault for one of its cells."""
        return Fault(TABLES[self.table].file, self.line, column, self.cells.get(column, ""), rule, advice)


def rows_of(name: str, frame: pd.DataFrame) -> Iterator[Row]:
    """Rows of a table."""
    columns = [str(column) for column in frame.columns]
    for line, *cells in zip(frame.index, *(frame[column] for column in columns), strict=True):
        yield Row(name, int(line), dict(zip(columns, cells, strict=True)))
