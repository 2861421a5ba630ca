"""Kinds of hazards and how frequent each is, from the package's table or one supplied by the user."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from resurvey.errors import InputError
from resurvey.reconstruct.formats.cells import number_of
from resurvey.reconstruct.prior import LOG_2, PRIOR, HazardPrior
from resurvey.sheet import read_sheet

TABLE = Path(__file__).with_name("hazard_shapes.csv")
SHARES, SPREADS = ("share_progression", "share_death"), ("slope", "early", "wiggle")
NODES = tuple(f"u{node:g}" for node in PRIOR.nodes)
COLUMNS = ("shape", *SHARES, *SPREADS, *NODES, "provenance")


@dataclass(frozen=True)
class Shape:
    """One kind of hazard.

    Attributes
    ----------
    name : str
    share_progression, share_death : float
        Share of this kind among arms with a progression endpoint and with a death endpoint.
    prior : HazardPrior
    provenance : str
    """

    name: str
    share_progression: float
    share_death: float
    prior: HazardPrior
    provenance: str

    def share(self, death: bool | None) -> float:
        """Share of this kind among arms with a death endpoint, another endpoint, or an unknown one (None)."""
        if death is None:
            return 0.5 * (self.share_death + self.share_progression)
        return self.share_death if death else self.share_progression


def read_shapes(path: Path = TABLE) -> tuple[Shape, ...]:
    """Read kinds of hazards from a table; the first row is the usual kind, the only one tried with all visit schedules.

    Columns: shape; share_progression, share_death (each adds up to 1); standard deviations of slope, start and smooth
    departure; the log of the mean hazard times the median at times of 0.05 to 6 medians; provenance; and,
    optionally, `drop`: the cumulative hazard of a drop at the first scan, empty if there is none.

    Raises
    ------
    InputError
        If the file is not a table or has no row, a column is missing, a cell is not a number, shares are negative or do
        not add up to 1, a drop is negative or not below log 2, or the usual kind has a drop.
    """
    table = read_sheet(path)
    lacking = [name for name in COLUMNS if name not in table]
    if lacking:
        raise InputError(f"{path.name}: columns {', '.join(lacking)} are missing; expected {', '.join(COLUMNS)}")
    if table.empty:
        raise InputError(f"{path.name}: it has no row; give at least the usual kind")
    rows = zip(table.index, table.to_dict("records"), strict=True)
    shapes = tuple(_shape(path.name, int(line), row) for line, row in rows)
    if shapes[0].prior.drop:
        raise InputError(f"{path.name}, row 2, column drop: the first kind is the usual one, and has none")
    for name in SHARES:
        shares = [getattr(shape, name) for shape in shapes]
        if min(shares) < 0 or abs(sum(shares) - 1) > 1e-6:
            raise InputError(f"{path.name}, column {name}: shares {shares}, expected none below 0 and a sum of 1")
    return shapes


def _shape(file: str, line: int, row: Mapping[Hashable, str]) -> Shape:
    values = {name: _number(file, line, name, row[name]) for name in (*SHARES, *SPREADS, *NODES)}
    mean = tuple(values[name] for name in NODES)
    spreads = {name: values[name] for name in SPREADS}
    prior = replace(PRIOR, shape=mean, slope=spreads["slope"], early=spreads["early"], wiggle=spreads["wiggle"])
    if row.get("drop"):
        drop = _number(file, line, "drop", row["drop"])
        if not 0 <= drop < LOG_2:
            raise InputError(f"{file}, row {line}, column drop, value {row['drop']!r}: expected 0 or more, below log 2")
        prior = replace(prior, drop=drop)
    if mean != PRIOR.shape:  # the length of follow-up is informative for the usual kind only
        prior = replace(prior, tilt=(0.0,) * len(NODES))
    return Shape(row["shape"], values[SHARES[0]], values[SHARES[1]], prior, row["provenance"])


def _number(file: str, line: int, column: str, cell: str) -> float:
    value = number_of(cell, ".")
    if value is None:
        raise InputError(f"{file}, row {line}, column {column}, value {cell!r}: expected a number")
    return value


SHAPES = read_shapes()
