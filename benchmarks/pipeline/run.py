"""Time and memory of the whole chain: from nothing, again, and after one cell was edited, in a copy of the project.

    python run.py [--cores 2]

The processor's pace is printed beside every time (seconds for a fixed loop, before and after), because shared machines
change theirs: two runs compare only at one pace.
"""

from __future__ import annotations

import argparse
import csv
import io
import re
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LEFT = shutil.ignore_patterns(".git", ".venv", ".snakemake", "results", "processed", "logs", "__pycache__", ".*_cache")


def pace() -> float:
    """Seconds for three million additions and multiplications."""
    begin, total = time.process_time(), 0
    for number in range(3_000_000):
        total += number * number
    return time.process_time() - begin


def timed(folder: Path, what: str, cores: int) -> dict[str, object]:
    """Run Snakemake in a folder and say what it took."""
    before, used, begin = pace(), resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    said = subprocess.run(["snakemake", f"-c{cores}"], cwd=folder, capture_output=True, text=True, check=True).stderr
    wall, after = time.perf_counter() - begin, resource.getrusage(resource.RUSAGE_CHILDREN)
    jobs = len(re.findall(r"^ *\d+ of \d+  ", said, re.MULTILINE))
    return {
        "run": what,
        "cores": cores,
        "steps": jobs,
        "wall, s": round(wall, 1),
        "processor, s": round(after.ru_utime + after.ru_stime - used.ru_utime - used.ru_stime, 1),
        "largest step so far, MB": after.ru_maxrss // 1024,
        "pace, s": f"{before:.2f} to {pace():.2f}",
    }


def one_cell(table: Path, column: str) -> None:
    """Add a word to a cell of the first row."""
    lines = table.read_text(encoding="utf-8").splitlines(keepends=True)
    names, row = (next(csv.reader([line])) for line in lines[:2])
    place = names.index(column)
    row[place] = f"{row[place]} (edited)".strip()
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerow(row)
    table.write_text("".join([lines[0], text.getvalue(), *lines[2:]]), encoding="utf-8", newline="")


def tell(cells: Iterable[object]) -> None:
    """Print a line of the table as soon as it is known."""
    sys.stdout.write("| " + " | ".join(map(str, cells)) + " |\n")
    sys.stdout.flush()


def main() -> None:
    """Print the table, a line a run."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cores", type=int, default=2)
    cores = parser.parse_args().cores
    with tempfile.TemporaryDirectory() as place:
        folder = Path(shutil.copytree(ROOT, Path(place) / "project", ignore=LEFT))
        first = timed(folder, "from nothing", cores)
        tell(first)
        tell(["---"] * len(first))
        tell(first.values())
        tell(timed(folder, "again, nothing to do", cores).values())
        for table, column in (("proportions", "note"), ("proportions", "locator"), ("medians", "locator")):
            one_cell(folder / "data" / "raw" / f"{table}.csv", column)
            tell(timed(folder, f"one {column} of {table}.csv edited", cores).values())


if __name__ == "__main__":
    main()
