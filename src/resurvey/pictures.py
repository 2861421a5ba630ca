"""Rows of the table of curves whose file is a figure: the curve read by `resurvey digitise` provides the points."""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from resurvey.errors import InputError

FIGURES = (".png", ".jpg", ".jpeg", ".tif", ".tiff", ".bmp", ".gif", ".webp", ".svg", ".pdf", ".eps", ".ps")
CORRECTIONS = ".corrections.json"


@dataclass(frozen=True)
class ReadFigure:
    """Files of a curve read from a figure, its unit of time, its certainty in words, and its standard deviation.

    The standard deviation is that of the survival probability, due to reading error only.
    """

    curve: Path
    at_risk: Path | None
    time_unit: str
    note: str
    spread: float


def is_figure(file: str) -> bool:
    """Whether a file of the table of curves is a figure to be digitised."""
    return Path(file).suffix.lower() in FIGURES


def figures_of(table: Path) -> dict[str, list[str]]:
    """Figures named in the rows of a raw table of curves, by study."""
    found: dict[str, list[str]] = {}
    if table.is_file():
        with table.open(encoding="utf-8-sig", newline="") as stream:
            for row in csv.DictReader(stream):
                file, study = (row.get("file") or "").strip(), (row.get("study_id") or "").strip()
                if is_figure(file) and file not in found.setdefault(study, []):
                    found[study].append(file)
    return found


def studies_of(figures: Mapping[str, Sequence[str]], file: str) -> list[str]:
    """Studies with curves in a given figure, from the figures by study."""
    return sorted(study for study, files in figures.items() if file in files)


def read_figure(folder: Path, file: str, name: str) -> ReadFigure:
    """Find the curve that a row names in a digitised figure, by its name in the figure or its number from the top.

    Raises
    ------
    InputError
        If the figure was refused, or has no such curve; the message says what to do.
    """
    read = json.loads((folder / file / "digitised.json").read_text(encoding="utf-8"))
    mend = f"open {folder / file / 'review.html'}, correct it and save {file}{CORRECTIONS} beside the figure"
    if read["verdict"] == "refused":
        raise InputError(f"{file} was not digitised: {read['reason']}; {mend}")
    with (folder / file / "arms.csv").open(encoding="utf-8", newline="") as stream:
        arms = list(csv.DictReader(stream))
    place = _place(name, [arm["name"] for arm in arms])
    if place is None:
        names = ", ".join(f"{k + 1} {arm['name']!r}" for k, arm in enumerate(arms))
        raise InputError(f"{file} has no curve {name!r}; the column curve may name {names}; else {mend}")
    arm = arms[place]
    at_risk = folder / file / arm["at_risk"] if arm["at_risk"] else None
    note = f"read from the figure {file} by resurvey digitise, verdict {read['verdict']}"
    note += "" if read["verdict"] == "sure" else f" ({read['reason']})"
    path = folder / file / arm["file"]
    with path.open(encoding="utf-8", newline="") as stream:
        spread = median(float(row["uncertainty"]) for row in csv.DictReader(stream))
    return ReadFigure(path, at_risk, read["time_unit"], f"{note}; survival read to within {spread:.4f}", spread)


def _place(name: str, names: list[str]) -> int | None:
    if not name:
        return 0 if len(names) == 1 else None
    if name in names:
        return names.index(name)
    return int(name) - 1 if name.isdigit() and 1 <= int(name) <= len(names) else None
