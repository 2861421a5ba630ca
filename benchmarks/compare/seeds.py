"""How far the draw matters: the ratios of the shipped comparisons over several seeds, and with an arm renamed.

python benchmarks/compare/seeds.py [--seeds 6] [--replicates 300] [--more 300] [--project FOLDER]

Every study is rebuilt anew with each seed, and grows as in a run. Printed for each comparison of two groups: its ratio
with each seed, the standard deviation of the log ratio and of its limits over the seeds in standard errors, and the
Monte Carlo error that the first seed claims. Then the first group's arm is renamed in all tables, and the ratio is to
be the same to the last digit.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pandas as pd
import yaml

from resurvey import clean, gate, plan
from resurvey.compare.groups import pair_of
from resurvey.compare.rubin import EnsembleEstimate
from resurvey.compare.sensitivity import log_hazard_ratio
from resurvey.reconstruct import blocks, curve_evidence
from resurvey.tables import Tables

ROOT = Path(__file__).resolve().parents[2]
ARM_COLUMNS = ("arm_id", "comparator_arm_id")
OTHER = "a_name_of_another_kind"


def rebuilt(typed: Tables, study: str, folder: Path, seed: int, asked: argparse.Namespace, sets: list) -> pd.DataFrame:
    """Patients of one study, as a run makes them."""
    curves = curve_evidence.curves_of(typed["curves"], study, folder / "data/raw/curves")
    sources = {
        "seed": seed,
        "partitions": sets,
        "curves": curves,
        "block": blocks.BLOCK,
        "replicates": asked.replicates,
    }
    made = blocks.rebuild_blocks(typed, study, **sources)
    return blocks.grown(made, typed, study, more=asked.more, **sources).patients


def ratios(
    entries: Iterable[plan.PatientComparison], typed: Tables, patients: dict[str, pd.DataFrame]
) -> dict[str, EnsembleEstimate]:
    """Pooled log hazard ratio of each comparison."""
    return {entry.id: log_hazard_ratio(pair_of(entry, typed, patients).sets) for entry in entries}


def renamed(typed: Tables, study: str, arm: str) -> Tables:
    """The tables with another id of an arm."""
    tables = dict(typed)
    for name, table in typed.items():
        for column in (column for column in ARM_COLUMNS if column in table and "study_id" in table):
            own = (table["study_id"] == study) & (table[column] == arm)
            table = table.assign(**{column: table[column].where(~own, OTHER)})
        tables[name] = table
    return tables


def with_arm(entry: plan.PatientComparison, study: str, arm: str) -> plan.PatientComparison:
    """The comparison with another id of an arm."""
    text = plan.plain(entry)
    for side in ("treatment", "comparator"):
        if (text[side]["study"], text[side]["arm"]) == (study, arm):
            text[side] = {**text[side], "arm": OTHER}
    made = plan.comparison(text)
    assert isinstance(made, plan.PatientComparison)
    return made


def table_of(made: list[dict[str, EnsembleEstimate]], anew: dict[str, EnsembleEstimate]) -> pd.DataFrame:
    """One row a comparison."""
    rows = []
    for name, first in made[0].items():
        every = [one[name] for one in made]
        ends = {part: np.array([getattr(one, part) for one in every]) for part in ("estimate", "lower", "upper")}
        moved = {part: float(values.std(ddof=1)) / first.se for part, values in ends.items()}
        shown = np.exp(ends["estimate"])
        rows.append({
            "comparison": name, "ratio": f"{shown[0]:.3f}", "least to most": f"{shown.min():.3f} to {shown.max():.3f}",
            "estimate moves": moved["estimate"], "limits move": max(moved["lower"], moved["upper"]),
            "claimed": first.monte_carlo_limits, "renamed": "the same" if anew[name] == first else "other",
            "replicates": first.replicates,
        })  # fmt: skip
    return pd.DataFrame(rows)


def main() -> None:
    """Rebuild, compare, and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=6)
    parser.add_argument("--replicates", type=int, default=300)
    parser.add_argument("--more", type=int, default=300)
    parser.add_argument("--project", type=Path, default=ROOT)
    asked = parser.parse_args()
    config = yaml.safe_load((asked.project / "config.yaml").read_text(encoding="utf-8"))
    typed = clean.tidy(gate.read_checked(asked.project / config["raw"]))
    known = set(config["reconstruction"]["studies"])
    entries = [
        entry
        for entry in plan.read(asked.project / "comparisons.yaml")
        if isinstance(entry, plan.PatientComparison)
        and not entry.needs_kmdata
        and {group.study for group in entry.patient_groups} <= known
    ]
    studies = sorted({group.study for entry in entries for group in entry.patient_groups})
    sets = config["reconstruction"].get("partitions", {})

    def patients(tables: Tables, seed: int, which: list[str]) -> dict[str, pd.DataFrame]:
        return {one: rebuilt(tables, one, asked.project, seed, asked, sets.get(one, [])) for one in which}

    first = config["seed"]
    drawn = [patients(typed, first + number, studies) for number in range(asked.seeds)]
    made = [ratios(entries, typed, one) for one in drawn]
    study, arm = entries[0].treatment.study, entries[0].treatment.arm
    other = renamed(typed, study, arm)
    anew = ratios([with_arm(entry, study, arm) for entry in entries], other, drawn[0] | patients(other, first, [study]))
    table = table_of(made, anew)
    most = {column: table[column].max() for column in ("estimate moves", "limits move", "claimed")}
    said = [
        f"{asked.seeds} seeds, {asked.replicates} replicates and up to {asked.more} more; renamed: {arm} of {study}",
        table.to_string(index=False, float_format=lambda value: f"{value:.3f}"),
        "largest: " + ", ".join(f"{column} {value:.3f}" for column, value in most.items()),
    ]
    sys.stdout.write("\n".join(said) + "\n")


if __name__ == "__main__":
    main()
