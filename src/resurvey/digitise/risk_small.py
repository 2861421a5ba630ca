"""Rows of numbers at risk whose digits are a few pixels high: read by shapes beside what was read by letters."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from resurvey.digitise.digitised import Word
from resurvey.digitise.risk_cells import Band, Columns
from resurvey.digitise.risk_rows import PlacedRow, row_of_cells
from resurvey.digitise.risk_sequence import Sequenced, likeliest
from resurvey.digitise.risk_shapes import ShapedCell, read_shapes
from resurvey.digitise.sheets import Page

# Height in pixels below which digits are read by their shapes, and the share of ink from which these do not fit.
SMALL_DIGITS, MOST_UNEXPLAINED = 6.0, 0.12
MOST_DOUBTFUL = 0.5  # share of flagged cells of a row that only shapes show
# What one reading by letters counts for, in mean digits of the table and in the share of ink the shapes leave; one of a
# settled cell counts more.
VOTE, VOTE_OF_LEFT, SETTLED = 0.004, 0.25, 5
# The least margins, in the same units, by which a count must fit better than any other: if it was read by letters too,
# if it was not, and if two readings by letters are another.
VOTED, ALONE, AGAINST = (0.015, 0.3), (0.02, 0.8), (0.03, 1.5)


@dataclass(frozen=True)
class Told:
    """Counts that were read by letters in a cell, and whether they settle it."""

    counts: tuple[int, ...] = ()
    settled: bool = False


def by_shapes(
    page: Page,
    columns: Columns,
    bands: Sequence[Band],
    told: Sequence[Sequence[Told]],
    rows: Sequence[PlacedRow],
    labels: Sequence[Word],
) -> list[PlacedRow]:
    """Rows with small numbers read once more by the shapes of their digits, and rows that only these shapes show.

    Parameters
    ----------
    page
        The page with its picture and words.
    columns, bands
        Where the numbers stand.
    told
        What was read by letters, by band and column.
    rows
        The rows as read by letters.
    labels
        Labels of the time axis that are whole numbers.
    """
    free = [k for k, band in enumerate(bands) if not any(word.top <= band.y <= word.bottom for word in labels)]
    small = [k for k in free if bands[k].height < SMALL_DIGITS]
    if not small or all(cell.settled for k in small for cell in told[k]):
        return list(rows)
    hints = [[cell.counts for cell in told[k]] for k in small]
    table = read_shapes(page.picture, [bands[k] for k in small], columns, hints, labels)
    if table is None or table.unexplained > MOST_UNEXPLAINED:
        return list(rows)
    found = []
    for k, cells in zip(small, table.cells, strict=True):
        old = next((row for row in rows if abs(row.y - bands[k].y) < 0.6 * max(bands[k].height, 5.0)), None)
        made = _row(bands[k], cells, told[k], columns, page, old, table.unexplained)
        if made is not None:
            found.append(made)
    kept = [row for row in rows if not any(abs(row.y - new.y) < 3 for new in found)]
    return sorted([*kept, *found], key=lambda placed: placed.y)


def _row(
    band: Band,
    cells: Sequence[ShapedCell | None],
    told: Sequence[Told],
    columns: Columns,
    page: Page,
    old: PlacedRow | None,
    left: float,
) -> PlacedRow | None:
    """A row by its shapes; None for one that letters did not show either and that may be no row of numbers."""
    read, kind = _sequence(cells, told, old, left)
    unsure = [_unsure(*cell, left) for cell in zip(read.counts, read.margins, told, strict=True)]
    words = [
        None if count is None else Word(str(count), place, band.top, place, band.bottom - 1, 0.0 if bad else 1.0)
        for count, place, bad in zip(read.counts, columns.places.tolist(), unsure, strict=True)
    ]
    first = float(columns.places[0])
    return row_of_cells(words, columns.times, first, band.y, page.words, page.picture, kind, most_flagged=MOST_DOUBTFUL)


def _sequence(
    cells: Sequence[ShapedCell | None], told: Sequence[Told], old: PlacedRow | None, left: float
) -> tuple[Sequenced, str | None]:
    """The likeliest counts of a row, and what it counts; a row of events without a name may be one at risk."""
    counts = [cell.counts if cell else () for cell in cells]
    costs = [_costs(cell, one, left) for cell, one in zip(cells, told, strict=True)]
    falling = likeliest(counts, costs)
    if old is None or old.row.kind == "at risk":
        return falling, old.row.kind if old else None
    rising = likeliest(counts, costs, falling=False)
    if falling.cost < rising.cost and not old.row.label:
        return falling, "at risk"
    return rising, old.row.kind


def _costs(cell: ShapedCell | None, told: Told, left: float) -> list[float]:
    """Misfits of a cell's counts, less what was read by letters."""
    if cell is None:
        return []
    vote = max(VOTE, VOTE_OF_LEFT * left) * (SETTLED if told.settled else 1)
    return [misfit - vote * told.counts.count(count) for count, misfit in zip(cell.counts, cell.misfits, strict=True)]


def _unsure(count: int | None, margin: float, told: Told, left: float) -> bool:
    """Whether another count fits nearly as well."""
    if count is None:
        return False
    agreed = len(told.counts) > len(set(told.counts))
    least, share = VOTED if count in told.counts else AGAINST if agreed else ALONE
    return margin < max(least, share * left)
