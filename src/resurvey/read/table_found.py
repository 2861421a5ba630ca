"""A match found in a table, before it becomes a claim."""

from __future__ import annotations

from dataclasses import dataclass, field

from resurvey.read.objects import ClaimKind
from resurvey.read.table_cells import Number
from resurvey.read.table_places import Place, Row


@dataclass
class Found:
    """A match in a table: cells of a claim, the numbers used, and the position of its value."""

    kind: ClaimKind
    cells: dict[str, str]
    row: Row
    column: int
    numbers: list[tuple[Place, Number]]
    rule: str
    notes: list[str] = field(default_factory=list)
