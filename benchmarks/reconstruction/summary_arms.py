"""Rebuild arms from summary numbers and measure how far the mean curve lies from the patients' own.

    python summary_arms.py BENCHMARK_FOLDER [--every K] [--start I] [--replicates R] [--write RECON.parquet]
    python summary_arms.py --simulated 60

BENCHMARK_FOLDER holds summary_inputs.csv and bench_truth.csv.gz. With --write the patients are written in the layout
that the folder's own scorer reads. Without a folder the arms are simulated (Weibull times, uniform enrolment), so that
the script runs anywhere. `--every 2 --start 1` takes the half of the arms that the prior was not learnt on.
"""

from __future__ import annotations

import argparse
import sys
import time as clock
from pathlib import Path

import numpy as np
import pandas as pd

from resurvey.errors import ResurveyError
from resurvey.reconstruct import SurvivalSummary, from_summary
from resurvey.reconstruct.stretch import limits, survival_at

VARIANTS = ("abstract", "landmarks", "risk-table")


def summary_of(arm: pd.Series, variant: str) -> SurvivalSummary:
    """The facts of one arm that a variant gives."""
    facts = {
        "n": int(arm.n),
        "events": int(arm.events),
        "median": arm["median"],
        "lower": arm.lower,
        "upper": np.inf if np.isnan(arm.upper) else arm.upper,
        "longest_follow_up": arm.longest_followup,
    }
    if variant == "landmarks":
        facts["landmarks"] = [(arm[f"landmark{i}_time"], arm[f"landmark{i}_survival"]) for i in (1, 2)]
    if variant == "risk-table":
        facts["at_risk_times"] = [float(t) for t in arm.risk_times.split(";")]
        facts["at_risk"] = [int(y) for y in arm.risk_counts.split(";")]
    return SurvivalSummary(**facts)


def simulated(count: int) -> tuple[pd.DataFrame, dict[str, pd.DataFrame]]:
    """Arms with known patients, and what a paper would print of them."""
    rng = np.random.default_rng(20)
    rows, truth = [], {}
    while len(rows) < count:
        n = int(rng.integers(40, 500))
        event_time = rng.uniform(4, 25) * rng.weibull(rng.uniform(0.9, 1.6), n)
        shortest = rng.uniform(5, 20)
        censor = rng.uniform(shortest, shortest + rng.uniform(10, 24), n)
        event = (event_time <= censor).astype(int)
        time = np.minimum(event_time, censor)
        order = np.argsort(time)
        time, event = time[order], event[order]
        median, lower, upper = (float(v[0]) for v in limits(time[None], event[None], 1.959964, "log-log"))
        if not np.isfinite(median) or not np.isfinite(lower):
            continue
        tau = np.floor(time[-1])
        marks = np.rint([0.3 * tau, 0.8 * tau])
        survival = survival_at(time[None], event[None], list(marks))[0]
        table = np.linspace(0, tau, 8).round()
        rows.append(
            {
                "arm_id": f"S{len(rows)}",
                "n": n,
                "events": event.sum(),
                "median": round(median, 1),
                "lower": round(lower, 1),
                "upper": round(upper, 1) if np.isfinite(upper) else np.nan,
                "longest_followup": round(time[-1], 1),
                "tau": tau,
                "landmark1_time": marks[0],
                "landmark2_time": marks[1],
                "landmark1_survival": round(survival[0], 3),
                "landmark2_survival": round(survival[1], 3),
                "risk_times": ";".join(f"{t:g}" for t in table),
                "risk_counts": ";".join(str((time >= t).sum()) for t in table),
            }
        )
        truth[rows[-1]["arm_id"]] = pd.DataFrame({"time": time, "event": event})
    return pd.DataFrame(rows).set_index("arm_id"), truth


def curve(time: np.ndarray, event: np.ndarray, grid: np.ndarray) -> np.ndarray:
    """Product-limit survival on a grid, ties in any order."""
    order = np.lexsort((-event, time))
    return survival_at(time[order][None], event[order][None].astype(float), list(grid))[0]


def scored(arm: pd.Series, made, truth: pd.DataFrame) -> dict[str, float]:
    """Distances of the mean curve, and how much of the time the 5-95 % band holds the truth."""
    grid = np.linspace(0, arm.tau, 400)[1:]
    shape = (made.n_replicates, made.n)
    time = made.patients["time"].to_numpy().reshape(shape)
    event = made.patients["event"].to_numpy().reshape(shape).astype(float)
    curves = survival_at(time, event, list(grid))
    mean, true = curves.mean(axis=0), curve(truth["time"].to_numpy(), truth["event"].to_numpy(), grid)
    low, high = np.quantile(curves, [0.05, 0.95], axis=0)
    area = [np.trapezoid(np.r_[1, v], np.r_[0, grid]) for v in (mean, true)]
    return {
        "sup": np.abs(mean - true).max(),
        "rmse": np.sqrt(np.mean((mean - true) ** 2)),
        "rmst": abs(area[0] / area[1] - 1),
        "cover": np.mean((true >= low - 1e-9) & (true <= high + 1e-9)),
        "events_exact": float((made.events == arm.events).mean()),
        "all_facts_hold": float(made.holds),
    }


def main() -> None:
    """Run, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", nargs="?", type=Path)
    parser.add_argument("--simulated", type=int, default=60)
    parser.add_argument("--every", type=int, default=1)
    parser.add_argument("--start", type=int, default=0)
    parser.add_argument("--replicates", type=int, default=200)
    parser.add_argument("--write", type=Path)
    opt = parser.parse_args()
    if opt.folder:
        arms = pd.read_csv(opt.folder / "summary_inputs.csv").set_index("arm_id")
        patients = pd.read_csv(opt.folder / "bench_truth.csv.gz")
        truth = {str(name): rows for name, rows in patients.groupby("arm_id") if name in arms.index}
    else:
        arms, truth = simulated(opt.simulated)
    rows, kept = [], []
    for variant in VARIANTS:
        for name, arm in arms.iloc[opt.start :: opt.every].iterrows():
            begin = clock.perf_counter()
            try:
                made = from_summary(summary_of(arm, variant), replicates=opt.replicates)
            except ResurveyError as error:
                sys.stderr.write(f"{variant} {name}: {error}\n")
                continue
            seconds = clock.perf_counter() - begin
            rows.append({"variant": variant, "arm": name, "seconds": seconds, **scored(arm, made, truth[str(name)])})
            if opt.write:
                kept.append(made.patients.assign(variant=variant, arm_id=name))
    table = pd.DataFrame(rows).groupby("variant")
    shown = table[["sup", "rmse", "rmst", "seconds"]].quantile([0.5, 0.9]).unstack().round(4)
    shares = table[["cover", "events_exact", "all_facts_hold"]].mean().round(3)
    sys.stdout.write(shown.to_string() + "\n" + shares.to_string() + "\n")
    if opt.write:
        pd.concat(kept).to_parquet(opt.write)


if __name__ == "__main__":
    main()
