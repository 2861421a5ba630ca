"""Figures from the drawing steps, as blocks of the document."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from resurvey.report.document import PAPER_RANK, Figure
from resurvey.report.inputs import Record, Results, rows


def figure(row: Record, claims: tuple[str, ...] = (), rank: int = 0) -> Figure:
    """Make a figure from one row of figures.csv."""
    return Figure(
        anchor=f"fig-{row['figure_id']}",
        title=str(row["title"]),
        caption=str(row["caption"]),
        alt=str(row["alt"]),
        svg=Path(row["svg_path"]),
        png=Path(row["png_path"]),
        data=str(row["data"]),
        claims=claims,
        rank=rank,
    )


def group_rows(results: Results, group: str) -> list[Record]:
    """Rows of figures.csv for one group."""
    table = results.figures
    return rows(table[table["group"] == group]) if len(table) else []


# Number of figures printed per comparison; the HTML edition has all.
MOST_PRINTED = 2


def figures_of(results: Results, group: str, claims: tuple[str, ...] = (), section: str = "") -> Iterator[Figure]:
    """The figures of one group, optionally only those of one section."""
    for place, row in enumerate(group_rows(results, group)):
        if not section or row["section"] == section:
            yield figure(row, claims, rank=_rank(group, place))


def _rank(group: str, place: int) -> int:
    """Priority of a figure by its place in the group; later figures of a comparison are in the HTML edition only."""
    if group.startswith("comparison-") and place >= MOST_PRINTED:
        return PAPER_RANK + 1
    return min(place, PAPER_RANK)
