"""Table of the report editions that a run could not make, read by the last step and by the next run."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from resurvey.tables import read_table, write_csv

#: What is found in the place of an edition that could not be made.
EARLIER, REASON = "the edition of an earlier run", "a page with the reason"
COLUMNS = ("edition", "in_its_place", "reason")


def read(path: Path) -> pd.DataFrame:
    """Read the table of editions that a run could not make; empty if the file does not exist."""
    found = read_table(path, text=COLUMNS) if path.is_file() else pd.DataFrame()
    return found.reindex(columns=list(COLUMNS))


def write(rows: list[tuple[str, str, str]], path: Path) -> None:
    """Write the table; it has only a header if every edition was made.

    Parameters
    ----------
    rows : list of tuple
        Edition, what is found in its place, why it could not be made.
    path : Path
    """
    write_csv(pd.DataFrame(rows, columns=list(COLUMNS)), path)


def complaint(missing: pd.DataFrame) -> str:
    """Message for the user: each edition that could not be made, why, and what is found in its place."""
    lines = [f"  {one.edition}: {one.reason} (in its place: {one.in_its_place})" for one in missing.itertuples()]
    return "not every edition of the report could be made; the others are in results/report:\n" + "\n".join(lines)
