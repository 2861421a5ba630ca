"""`resurvey made`: what the last run made, and where to look."""

from __future__ import annotations

import argparse
import csv
import sys
from collections import Counter
from pathlib import Path


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("folder", type=Path, nargs="?", default=Path("results"), help="folder of the results")


def _column(path: Path, column: str) -> Counter[str]:
    if not path.is_file():
        return Counter()
    with path.open(encoding="utf-8", newline="") as stream:
        return Counter(row[column] for row in csv.DictReader(stream))


def run(arguments: argparse.Namespace) -> int:
    """Say in a few lines what there is."""
    folder = arguments.folder
    verdicts = _column(folder / "audit" / "checks.csv", "verdict")
    arms = _column(folder / "reconstruction" / "accuracy.csv", "status")
    comparisons = _column(folder / "comparisons" / "comparisons.csv", "comparison_id")
    lines = [
        f"audit           {sum(verdicts.values())} checks: " + ", ".join(f"{n} {v}" for v, n in verdicts.most_common()),
        f"reconstruction  {arms['rebuilt']} groups rebuilt, {arms['refused']} refused with a reason",
        f"comparisons     {len(comparisons)}, {sum(comparisons.values())} estimates",
        f"report          {folder / 'report' / 'index.html'}  (open it in a browser; also .docx and .pdf beside it)",
        f"notebooks       {folder / 'notebooks'}",
    ]
    sys.stdout.write("\n".join(lines) + "\n")
    return 0
