"""Findings on papers that nobody chose: the audit over the drafts that `resurvey read` is sure of.

python benchmarks/audit/wild.py FOLDER ...    # folders of papers, or one of drafts that `resurvey read` wrote

A person who confirms drafts gives each row its group. Here nobody does: a row of a table stays in its table and column,
every other row is alone, so that the rules of one row, of one column and of one set of categories speak, and no rule
joins what only a reader could join. Prints every finding with its place; WILD.md judges by hand which are real.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from collections import defaultdict
from pathlib import Path

import pandas as pd

from resurvey.audit import RULES, needs_ruling, run
from resurvey.audit.causes import with_causes
from resurvey.schema import TABLES
from resurvey.tables import TableFaults

READ = ("medians", "hazard_ratios", "proportions", "p_values", "survival_rates", "follow_up", "quantities")
NEEDED = {"medians": "endpoint", "hazard_ratios": "endpoint", "survival_rates": "endpoint", "proportions": "arm_id"}
# One label under two headings of a column is told apart by a person, so what is printed twice is not compared.
UNCONFIRMED = frozenset({"repeat", "repeat-p"})
Frames = dict[str, pd.DataFrame]


def sure(folder: Path) -> Frames:
    """Rows of one paper that the reader is sure of, with their table and column as their group."""
    drafts = pd.read_csv(folder / "drafts.csv", dtype=str, keep_default_na=False)
    known = set(drafts.loc[drafts["certainty"] == "sure", "claim_id"])
    found = {}
    for name in READ:
        path = folder / f"{name}.csv"
        if path.is_file():
            frame = pd.read_csv(path, dtype=str, keep_default_na=False)
            frame = whole_sets(frame, known) if "partition" in frame else frame[frame["claim_id"].isin(known)]
            frame = frame[frame["study_id"] != ""]
            frame = frame[frame[NEEDED[name]] != ""] if name in NEEDED else frame
            if len(frame):
                found[name] = grouped(name, frame)
    return found


def whole_sets(frame: pd.DataFrame, known: set[str]) -> pd.DataFrame:
    """Rows that the reader is sure of, without sets of categories of which a row is not: what is left never adds up."""
    unsure = set(frame.loc[~frame["claim_id"].isin(known), "partition"]) - {""}
    return frame[frame["claim_id"].isin(known) & ~frame["partition"].isin(unsure)]


def grouped(name: str, frame: pd.DataFrame) -> pd.DataFrame:
    """Rows whose population is their table and column; those of sentences, and of other tables, stand alone."""
    frame = frame.reindex(columns=TABLES[name].names, fill_value="").assign(note="sic")
    if name == "quantities":
        return frame
    if name != "proportions":
        return frame.assign(population=frame["claim_id"])
    parts = frame["locator"].str.split(", ")
    section = parts.map(lambda words: ", ".join(words[1:-2]) if len(words) > 3 else "").where(
        frame["partition"] == "", ""
    )
    column = frame["population"] + " " + parts.str[0] + " | " + parts.str[-1] + section
    filled = {"item": frame["item"].replace("", "item"), "kind": frame["kind"].replace("", "baseline")}
    return frame.assign(population=column.where(parts.str.len() > 2, frame["claim_id"]), **filled)


def audited(frames: Frames) -> pd.DataFrame | None:
    """The checks of one paper; rows that the gate refuses are left out. None where nothing is left."""
    while frames:
        try:
            return with_causes(run(frames, rules=[name for name in RULES if name not in UNCONFIRMED]), frames)
        except TableFaults as faults:
            bad = defaultdict(set)
            for fault in faults.faults:
                bad[fault.file.removesuffix(".csv")].add(fault.row)
            if not any(bad.values()):
                return None
            kept = {name: frame.drop(index=[*bad[name] & set(frame.index)]) for name, frame in frames.items()}
            frames = {name: frame.reset_index(drop=True) for name, frame in kept.items() if len(frame)}
    return None


def main() -> None:
    """Print each finding, and how many there are by rule and verdict."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", type=Path, nargs="+", metavar="folder")
    folders = parser.parse_args().folders
    with tempfile.TemporaryDirectory() as drafts:
        if not any(folders[0].glob("*/drafts.csv")):
            command = [sys.executable, "-m", "resurvey.cli", "read", *map(str, folders), "--into", drafts]
            subprocess.run(
                command, stdout=subprocess.DEVNULL, check=False
            )  # its exit status 1 says that it found something
            folders = [Path(drafts)]
        report(folders[0])


def report(folder: Path) -> None:
    """Each finding of the papers whose drafts lie in a folder, and how many there are."""
    papers, rows, kept = 0, 0, []
    for path in sorted(folder.glob("*/drafts.csv")):
        frames = sure(path.parent)
        checks = audited({name: frame.reset_index(drop=True) for name, frame in frames.items()})
        papers, rows = papers + 1, rows + sum(map(len, frames.values()))
        if checks is not None:
            place = {row["claim_id"]: row["locator"] for frame in frames.values() for row in frame.to_dict("records")}
            found = checks[needs_ruling(checks)]
            first = found["claim_ids"].str.split(";").str[0].map(place)
            kept.append(found.assign(paper=path.parent.name, place=first))
    table = pd.concat(kept, ignore_index=True)
    for row in table.to_dict("records"):
        sys.stdout.write(f"{row['paper']} {row['check_id']} [{row['verdict']}] {row['place']}: {row['explanation']}\n")
    counts = table.groupby(["rule", "verdict"]).agg(checks=("check_id", "size"), papers=("paper", "nunique"))
    sys.stdout.write(f"{papers} papers, {rows} rows\n{counts.to_string()}\n")


if __name__ == "__main__":
    main()
