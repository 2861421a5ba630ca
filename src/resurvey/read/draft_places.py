"""Where the main number of a draft stands: its table or paragraph, its row, column and section."""

from __future__ import annotations

from resurvey.read.objects import Draft, Position


def position_of(draft: Draft) -> Position | None:
    """The cell of the main number; None in running text."""
    return draft.claim.spans[0].position


def part_of(draft: Draft) -> str:
    """The table or paragraph of the main number."""
    return draft.claim.spans[0].part


def row_of(draft: Draft) -> tuple[str, int] | None:
    """Table and row of the main number; None in running text."""
    position = position_of(draft)
    return None if position is None else (position.table, position.row)


def column_of(draft: Draft) -> tuple[str, int | None]:
    """Table and column of the main number; the paragraph and None in running text."""
    position = position_of(draft)
    return part_of(draft), None if position is None else position.column


def section_of(draft: Draft) -> str:
    """The heading of the section a category belongs to, empty if none."""
    return draft.cells.get("item", "").rpartition(", ")[0]
