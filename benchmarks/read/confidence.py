"""The share right of each rule: rows judged by reading beside the paper (`judged.csv`).

usage: python benchmarks/read/confidence.py > src/resurvey/read/confidence.csv

Rows that their own arithmetic proves are not counted: arithmetic proves the numbers, not that arm, endpoint and time
belong to them.
"""

from __future__ import annotations

import csv
import sys
from pathlib import Path

HERE = Path(__file__).parent


def main() -> None:
    """Write the table to standard output."""
    with (HERE / "judged.csv").open(encoding="utf-8", newline="") as stream:
        judged = list(csv.DictReader(stream))
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(["rule", "judged", "right", "source"])
    for row in sorted(judged, key=lambda row: row["rule"]):
        writer.writerow([row["rule"], row["judged"], row["right"], f"{row['judged']} by reading beside the paper"])


if __name__ == "__main__":
    main()
