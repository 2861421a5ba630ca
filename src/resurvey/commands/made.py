"""`resurvey made`: what the last run produced, and where to find it."""

from __future__ import annotations

import argparse
import csv
import sys
from collections import Counter
from pathlib import Path

from resurvey.errors import InputError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("folder", type=Path, nargs="?", default=Path("results"), help="folder of the results")


def run(arguments: argparse.Namespace) -> int:
    """Print a short summary of the results."""
    sys.stdout.write(made(arguments.folder) + "\n")
    return 0


def made(folder: Path) -> str:
    """The contents of a results folder, one line per stage; stages that have not run are omitted.

    Raises
    ------
    InputError
        If the folder holds no results of a run.
    """
    stages = [_audit(folder), _reconstruction(folder), _comparisons(folder), _report(folder), _notebooks(folder)]
    lines = [line for line in stages if line]
    if not lines:
        raise InputError(
            f"{folder} has no results of a run{'' if folder.is_dir() else ' (there is no such folder)'}: go to the "
            "folder of the project and run `snakemake`, or name its results, `resurvey made FOLDER`"
        )
    return "\n".join(lines)


def _count(path: Path, column: str) -> Counter[str]:
    if not path.is_file():
        return Counter()
    with path.open(encoding="utf-8", newline="") as stream:
        return Counter(row.get(column) or "" for row in csv.DictReader(stream))


def _audit(folder: Path) -> str:
    verdicts = _count(folder / "audit" / "checks.csv", "verdict")
    counted = ", ".join(f"{number} {verdict}" for verdict, number in verdicts.most_common())
    return f"audit           {verdicts.total()} checks: {counted}" if verdicts else ""


def _reconstruction(folder: Path) -> str:
    arms = _count(folder / "reconstruction" / "accuracy.csv", "status")
    summary = f"{arms['rebuilt']} groups rebuilt, {arms['refused']} refused with a reason"
    left = _count(folder / "reconstruction" / "accuracy.csv", "not_used")
    without = sum(number for reason, number in left.items() if reason)
    summary += f", {without} without something that was given for them (column not_used)" if without else ""
    return f"reconstruction  {summary}" if arms else ""


def _comparisons(folder: Path) -> str:
    found = _count(folder / "comparisons" / "comparisons.csv", "comparison_id")
    return f"comparisons     {len(found)}, {found.total()} estimates" if found else ""


def _report(folder: Path) -> str:
    page = folder / "report" / "index.html"
    others = [page.with_name(f"resurvey{suffix}") for suffix in (".docx", ".pdf", ".xlsx")]
    beside = [path.suffix for path in others if path.is_file()]
    also = f"; beside it {', '.join(beside)}" if beside else ""
    return f"report          {page}  (open it in a browser{also})" if page.is_file() else ""


def _notebooks(folder: Path) -> str:
    place = folder / "notebooks"
    return f"notebooks       {place}" if any(place.glob("*.html")) else ""
