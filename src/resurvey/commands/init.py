"""`resurvey init FOLDER`: create a small project that can be run immediately."""

from __future__ import annotations

import argparse
import csv
import io
import sys
from functools import cache
from importlib import resources
from pathlib import Path

from resurvey.errors import InputError
from resurvey.schema import Column

Rows = dict[str, list[dict[str, str]]]
SOURCE = "loprinzi1994"
PROFILE = "cores: all\nrerun-incomplete: true\nshow-failed-logs: true\nlogger: resurvey\n"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("folder", type=Path, help="folder to create; it must not exist, or be empty")


def run(arguments: argparse.Namespace) -> int:
    """Write the project; existing files are not changed.

    Raises
    ------
    InputError
        If the folder exists and is not empty.
    """
    folder = arguments.folder
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise InputError(f"{folder} exists and is not empty: name a new folder")
    write(folder)
    sys.stdout.write(
        f"{folder} is ready. Run `snakemake` in it: the worked example runs as it is.\n"
        "Then type your own numbers into data/raw (data/raw/README.md explains every column),\n"
        "or draft them from a paper: `resurvey read paper.xml --into review`.\n"
    )
    return 0


def write(folder: Path) -> None:
    """Write config, Snakefile, README, profile, and all tables with their dictionary and one worked example arm."""
    from resurvey.schema import TABLES
    from resurvey.tables import file_of

    templates = resources.files("resurvey.commands") / "templates"
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("Snakefile", "config.yaml", "comparisons.yaml", "README.md"):
        (folder / name).write_text((templates / name).read_text(encoding="utf-8"), encoding="utf-8")
    profile = folder / "profiles/default/profile.yaml"
    profile.parent.mkdir(parents=True)
    profile.write_text(PROFILE, encoding="utf-8")
    for name, table in TABLES.items():
        path = folder / "data/raw" / file_of(table)
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("w", encoding="utf-8", newline="") as stream:
            writer = csv.DictWriter(stream, table.names, restval="", lineterminator="\n")
            writer.writeheader()
            writer.writerows(worked_arm().get(name, []))
    (folder / "data/raw/README.md").write_text(dictionary(), encoding="utf-8")


def dictionary() -> str:
    """The dictionary of tables and keys: the meaning and allowed values of each column."""
    from resurvey.schema import TABLES

    templates = resources.files("resurvey.commands") / "templates"
    lines = [(templates / "typing.md").read_text(encoding="utf-8"), "# Columns of the tables", ""]
    for table in TABLES.values():
        lines += [f"## {table.file}", "", f"A row is known by: {', '.join(table.unique)}.", ""]
        lines += ["| column | meaning | may hold |", "|---|---|---|"]
        for column in table.columns:
            lines.append(f"| `{column.name}` | {meaning(table.name, column.name)} | {_may_hold(column)} |")
        lines.append("")
    return "\n".join([*lines, (templates / "keys.md").read_text(encoding="utf-8")])


def _may_hold(column: Column) -> str:
    from resurvey.schema import KINDS

    kind = f"one of {', '.join(column.choices)}" if column.choices else KINDS[column.kind]
    key = f"; found in {column.key}" if column.key else ""
    empty = "" if column.required else "; may be empty"
    return f"{kind}{key}{empty}{', or left out of the table' if column.spare else ''}"


@cache
def _meanings() -> dict[tuple[str, str], str]:
    text = (resources.files("resurvey") / "meanings.csv").read_text(encoding="utf-8")
    return {(row["table"], row["column"]): row["meaning"] for row in csv.DictReader(io.StringIO(text))}


def meaning(table: str, column: str) -> str:
    """The meaning of a column of a table."""
    known = _meanings()
    return known.get((table, column)) or known["*", column]


def worked_arm() -> Rows:
    """Survival of 228 patients with advanced lung cancer, overall and by sex, as printed by the R package survival."""

    def claim(number: str, population: str = "all", **cells: str) -> dict[str, str]:
        place = {
            "source_id": SOURCE,
            "locator": "data set lung, survfit",
            "study_id": "ncctg",
            "arm_id": "all_patients",
        }
        return {"claim_id": f"{SOURCE}-{number}", **place, "population": population, **cells}

    def median(number: str, population: str, n: str, events: str, *values: str) -> dict[str, str]:
        value, lower, upper = values
        interval = {"value": value, "lower": lower, "upper": upper, "ci_level": "95", "unit": "days"}
        return claim(number, population, endpoint="OS", n=n, events=events, **interval)

    return {
        "sources": [
            {
                "source_id": SOURCE,
                "citation": "Loprinzi CL, Laurie JA, Wieand HS, et al. Prospective evaluation of prognostic variables "
                "from patient-completed questionnaires. J Clin Oncol 1994;12:601-607",
                "year": "1994",
                "kind": "cohort",
                "note": "as the data set lung of the R package survival",
            }
        ],
        "studies": [
            {
                "study_id": "ncctg",
                "acronym": "NCCTG lung",
                "design": "retrospective cohort",
                "setting": "advanced lung cancer",
                "source_id": SOURCE,
            }
        ],
        "treatments": [
            {"treatment_id": "usual_care", "label": "usual care", "components": "usual care", "classes": "usual care"}
        ],
        "endpoints": [
            {
                "endpoint": "OS",
                "label": "overall survival",
                "family": "time_to_event",
                "clock_start": "entry",
                "event": "death",
            }
        ],
        "arms": [
            claim("arm-001", treatment_id="usual_care", label="all patients", n="228"),
            claim("arm-002", "men", treatment_id="usual_care", label="men", n="138"),
            claim("arm-003", "women", treatment_id="usual_care", label="women", n="90"),
        ],
        "medians": [
            median("med-001", "all", "228", "165", "310", "285", "363"),
            median("med-002", "men", "138", "112", "270", "212", "310"),
            median("med-003", "women", "90", "53", "426", "348", "550"),
        ],
        "survival_rates": [
            claim("rate-001", endpoint="OS", time="1", time_unit="years", value="40.9", unit="%"),
        ],
        "proportions": [
            claim("prop-001", kind="baseline", item="men", n="138", total="228", percent="60.5", partition="sex"),
            claim("prop-002", kind="baseline", item="women", n="90", total="228", percent="39.5", partition="sex"),
        ],
    }
