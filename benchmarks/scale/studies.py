"""Time, memory and size of page of whole projects against the number of studies, on made reviews.

Run: python benchmarks/scale/studies.py [--sizes 10 50 200 500 2000] [--cores 2] [--seed 1] [--keep FOLDER]
Each size is a project of two-arm trials of twelve treatments with everything that papers print of them; up to 60 are
rebuilt. It is run from nothing by `snakemake`, and the peak is that of the largest process.
"""

import argparse
import csv
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import yaml

from resurvey.schema import TABLES
from resurvey.survival import kaplan_meier
from resurvey.workflow import snakefile

TREATMENTS = 12
REBUILT = 60
HERE = Path(__file__).resolve().parent


def project(folder: Path, studies: int, seed: int, *, rebuilt: int = REBUILT, pages: int = 3) -> None:
    """Write a made review that `snakemake` runs as it is."""
    rng = np.random.default_rng([seed, studies])
    rows: dict[str, list[dict[str, Any]]] = {name: [] for name in TABLES}
    log_hazard = np.concatenate(([0.0], rng.normal(-0.3, 0.2, TREATMENTS - 1)))
    rows["treatments"] = [
        {"treatment_id": f"t{k:02d}", "label": f"regimen {k}", "components": f"drug {k}", "classes": "made"}
        for k in range(TREATMENTS)
    ]
    rows["endpoints"] = [
        {"endpoint": "PFS", "label": "progression-free survival", "family": "time_to_event", "clock_start": "entry"},
        {"endpoint": "ORR", "label": "objective response rate", "family": "response"},
    ]
    for number in range(studies):
        _study(rows, number, rng, log_hazard)
    for name, table in TABLES.items():
        path = folder / "data/raw" / table.file
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("w", encoding="utf-8", newline="") as stream:
            writer = csv.DictWriter(stream, table.names, restval="", lineterminator="\n")
            writer.writeheader()
            writer.writerows(rows[name])
    names = [row["study_id"] for row in rows["studies"]]
    ratios = [row["claim_id"] for row in rows["hazard_ratios"]]
    alike = [row["claim_id"] for row in rows["hazard_ratios"] if row["note"] == "t01 t00"]
    (folder / "config.yaml").write_text(yaml.safe_dump(_config(names, rebuilt, pages, seed), sort_keys=False))
    (folder / "comparisons.yaml").write_text(yaml.safe_dump(_plan(names[:rebuilt], ratios, alike), sort_keys=False))


def _study(rows: dict[str, list[dict[str, Any]]], number: int, rng: np.random.Generator, effects: np.ndarray) -> None:
    """Rows of one trial, whose printed numbers are those of patients that were drawn."""
    study, source = f"s{number:04d}", f"s{number:04d}-report"
    # every third a trial against the reference, so that the network hangs together
    arms = (1 + number % (TREATMENTS - 1), 0) if number % 3 == 0 else tuple(rng.choice(TREATMENTS, 2, replace=False))
    if number % 20 == 0:
        arms = (1, 0)
    sizes = rng.integers(80, 400, 2)
    base = {"source_id": source, "locator": "Results, par. 1", "study_id": study, "population": "all"}
    rows["sources"].append(
        {"source_id": source, "citation": f"Author {number}. A made trial. 2020", "year": "2020", "kind": "trial"}
    )
    rows["studies"].append(
        {"study_id": study, "acronym": f"MADE-{number}", "design": "randomised", "source_id": source, "phase": "3"}
    )
    scale = rng.uniform(6, 14)
    follow_up = rng.uniform(18, 36)
    counts = []
    for place, (arm, n) in enumerate(zip(arms, sizes, strict=True)):
        name = f"t{arm:02d}"
        own = {**base, "arm_id": name}
        claim = f"{source}-{place + 1}"
        time_ = rng.exponential(scale / np.exp(effects[arm]), n)
        leave = rng.uniform(follow_up / 2, follow_up, n)
        event = (time_ <= leave).astype(float)
        curve = kaplan_meier(np.minimum(time_, leave), event)
        counts.append(int(event.sum()))
        rows["arms"].append({**own, "claim_id": f"{claim}a", "treatment_id": name, "n": n})
        below = curve.time[curve.survival <= 0.5]
        median = below[0] if below.size else follow_up
        half = 1.96 * median / np.sqrt(event.sum())
        rows["medians"].append({
            **own, "claim_id": f"{claim}m", "endpoint": "PFS", "value": f"{median:.1f}",
            "lower": f"{median - half:.1f}", "upper": f"{median + half:.1f}", "ci_level": "95", "unit": "months",
            "n": n, "events": int(event.sum()),
        })  # fmt: skip
        rows["survival_rates"].append({
            **own, "claim_id": f"{claim}r", "endpoint": "PFS", "time": "12", "time_unit": "months",
            "value": f"{100 * float(curve.at([12])[0]):.1f}", "unit": "%",
        })  # fmt: skip
        for item, share in (("ORR", 0.4), ("women", 0.5), ("aged over 65", 0.3)):
            hit = int(rng.binomial(n, share))
            kind, endpoint = ("response", "ORR") if item == "ORR" else ("baseline", "")
            rows["proportions"].append({
                **own, "claim_id": f"{claim}p{item[0].lower()}", "kind": kind, "endpoint": endpoint, "item": item,
                "n": hit, "total": n, "percent": f"{100 * hit / n:.1f}",
            })  # fmt: skip
    log_ratio = effects[arms[0]] - effects[arms[1]] + rng.normal(0, 0.08)
    se = np.sqrt(sum(1 / max(count, 1) for count in counts))
    low, high = np.exp(log_ratio - 1.96 * se), np.exp(log_ratio + 1.96 * se)
    rows["hazard_ratios"].append({
        **base, "arm_id": f"t{arms[0]:02d}", "claim_id": f"{source}-hr", "comparator_arm_id": f"t{arms[1]:02d}",
        "endpoint": "PFS", "measure": "HR", "value": f"{np.exp(log_ratio):.2f}", "lower": f"{low:.2f}",
        "upper": f"{high:.2f}", "ci_level": "95", "note": f"t{arms[0]:02d} t{arms[1]:02d}",
    })  # fmt: skip


def _config(names: list[str], rebuilt: int, pages: int, seed: int) -> dict[str, Any]:
    return {
        "raw": "data/raw",
        "seed": seed,
        "audit": {"pages": [f"{name}-report" for name in names[:pages]]},
        "reconstruction": {"studies": names[:rebuilt], "replicates": 50, "partitions": {}},
        "design": [],
        "comparisons": "comparisons.yaml",
        "report": {"title": f"A made review of {len(names)} trials", "question": "Does it scale?"},
    }


def _plan(rebuilt: list[str], ratios: list[str], alike: list[str]) -> dict[str, Any]:
    assumed = ["the trials were made alike"]
    entries: list[dict[str, Any]] = [
        {"id": "network", "kind": "network", "question": "All of them at once", "claims": ratios, "reference": "t00",
         "assumptions": assumed},
        {"id": "pool", "kind": "pool", "question": "The first against the reference", "claims": alike,
         "assumptions": assumed},
    ]  # fmt: skip
    return {"comparisons": entries}


def measure(folder: Path, cores: int) -> dict[str, Any]:
    """One run from nothing: seconds, processor seconds, peak memory, and the sizes of what a person opens."""
    command = [sys.executable, "-m", "snakemake", "--snakefile", snakefile(), "--directory", str(folder)]
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    start = time.perf_counter()
    run = subprocess.run(
        [*command, "-c", str(cores), "--workflow-profile", "none", "--quiet", "all", "--until", "report"],
        env={**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    if run.returncode:
        raise SystemExit(run.stdout + run.stderr)
    wall = time.perf_counter() - start
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return {
        "wall_s": round(wall, 1),
        "cpu_s": round(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, 1),
        "peak_mb": round(after.ru_maxrss / 1024),
        "html_mb": round((folder / "results/report/index.html").stat().st_size / 1e6, 2),
        "results_mb": round(sum(p.stat().st_size for p in (folder / "results").rglob("*") if p.is_file()) / 1e6, 1),
    }


def main() -> None:
    """Measure every size and write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", type=int, nargs="+", default=[10, 50, 200, 500])
    parser.add_argument("--cores", type=int, default=2)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--keep", type=Path, help="folder that the projects are left in")
    parser.add_argument("--write-only", action="store_true", help="write the projects into --keep and run nothing")
    parser.add_argument("--output", type=Path, default=HERE / "studies.csv")
    arguments = parser.parse_args()
    rows = []
    for size in arguments.sizes:
        with tempfile.TemporaryDirectory() as name:
            folder = (arguments.keep or Path(name)) / f"studies-{size}"
            project(folder, size, arguments.seed)
            if arguments.write_only:
                continue
            rows.append({"studies": size, **measure(folder, arguments.cores)})
        pd.DataFrame(rows).to_csv(arguments.output, index=False, lineterminator="\n")
        sys.stdout.write(f"{rows[-1]}\n")


if __name__ == "__main__":
    main()
