"""`resurvey confirm FOLDER`: move confirmed draft rows to data/raw."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from resurvey.errors import InputError, plural

if TYPE_CHECKING:
    from resurvey.read.draft_folder import Reading


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("folder", type=Path, help="folder of `resurvey read --into`, or one paper's folder in it")
    parser.add_argument(
        "--rulings",
        type=Path,
        action="append",
        default=[],
        metavar="CSV",
        help="CSV saved by read.html (may be given several times); one in the paper's folder is found automatically",
    )
    parser.add_argument(
        "--data",
        type=Path,
        default=Path("data/raw"),
        metavar="FOLDER",
        help="folder of the raw tables (default data/raw)",
    )


def run(arguments: argparse.Namespace) -> int:
    """Apply rulings and move confirmed rows; nothing is written if any row has a fault."""
    from resurvey.read import confirmation, draft_folder

    readings = [draft_folder.load(folder) for folder in _folders(arguments.folder)]
    ruled = 0
    for path in arguments.rulings or [found for reading in readings for found in _saved(reading)]:
        ruled += confirmation.apply_rulings(_reading_of(path, readings), path)
    moved = confirmation.confirm(readings, arguments.data)
    rows = sum(moved.rows.values())
    parts = ", ".join(f"{count} {name}" for name, count in sorted(moved.rows.items()))
    sys.stdout.write(f"{plural(rows, 'row')} moved into {arguments.data}{': ' + parts if parts else ''}\n")
    sys.stdout.write(
        f"{plural(moved.waiting, 'draft row')} without a ruling, {moved.dropped} dropped; "
        "nothing unconfirmed was moved\n"
    )
    if rows == 0 and not ruled:
        sys.stdout.write(
            "No row is marked confirm or change: mark them in read.html, save the CSV and name it with --rulings.\n"
        )
    if rows:
        sys.stdout.write(_next(readings, arguments.data))
    return 0


def _next(readings: Sequence[Reading], data: Path) -> str:
    """What is left to do before a run: sizes and treatments of arms, and the names that the configuration asks for."""
    from resurvey.tables import read_raw

    moved = [line for reading in readings for line in reading.lines if line.about["confirmed_as"]]
    documents, studies = (
        sorted({line.cells[column] for line in moved if line.about["table"] == table})
        for table, column in (("sources", "source_id"), ("studies", "study_id"))
    )
    own = set(studies)
    arms = [
        row["arm_id"]
        for row in read_raw(data)["arms"].to_dict("records")
        if row["study_id"] in own and not (row["n"] and row["treatment_id"])
    ]
    lines = []
    if arms:
        lines.append(
            "Next: give these arms their n and treatment_id in arms.csv, and one name where two are the same arm: "
            f"{', '.join(dict.fromkeys(arms))}"
        )
    lines.append(
        f"Next: in config.yaml, add {', '.join(documents)} to `pages` (below `audit`) and {', '.join(studies)} to "
        "`studies` (below `reconstruction`); then run `resurvey check` and `snakemake`"
    )
    return "".join(f"{line}\n" for line in lines)


def _folders(folder: Path) -> list[Path]:
    if (folder / "drafts.csv").is_file():
        return [folder]
    inside = sorted(path.parent for path in folder.glob("*/drafts.csv")) if folder.is_dir() else []
    if not inside:
        raise InputError(
            f"{folder}: no drafts.csv in it or in its folders; run `resurvey read FILE --into {folder}` first"
        )
    return inside


def _saved(reading: Reading) -> list[Path]:
    """CSVs saved from the page into the folder of a paper; if there are several, the last one saved."""
    found = sorted(
        reading.folder.glob(f"rulings-{reading.name}*.csv"), key=lambda path: (path.stat().st_mtime_ns, path.name)
    )
    return found[-1:]


def _reading_of(path: Path, readings: list[Reading]) -> Reading:
    """The reading to which a CSV of rulings belongs, from its claim ids."""
    from resurvey.read.draft_folder import read_rows

    rows = read_rows(path)
    first = rows[0].get("claim_id", "") if rows else ""
    for reading in readings:
        if any(line.about["claim_id"] == first for line in reading.lines):
            return reading
    raise InputError(
        f"{path}: its first claim {first!r} is not a draft of any of {', '.join(reading.name for reading in readings)}"
    )
