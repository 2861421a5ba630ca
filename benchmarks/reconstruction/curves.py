"""Accuracy and speed of `from_curve`, on the shared benchmark or on arms simulated here.

    python benchmarks/reconstruction/curves.py --benchmark FOLDER [--every 4] [--out DIR]
    python benchmarks/reconstruction/curves.py --simulate 200
    python benchmarks/reconstruction/curves.py --benchmark FOLDER --coverage 40 --every 4
    python benchmarks/reconstruction/curves.py --size

FOLDER holds bench_inputs.csv.gz, bench_truth.csv.gz and score_reconstruction.py, whose figures are printed. Set
OMP_NUM_THREADS=1 to time one core.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd

from resurvey.reconstruct import from_curve
from resurvey.survival import cox, kaplan_meier

VARIANTS = list(product(("clean", "typical"), ("table", "none"), ("known", "unknown")))


def arguments_of(rows: pd.DataFrame, digitisation: str, table: str, total: str) -> dict[str, object]:
    """What a program may see of one arm in one variant."""
    records = dict(list(rows.groupby("record")))
    points, risk = records[digitisation], records["nrisk"]
    given = {"times": points.x.to_numpy(), "survival": points.y.to_numpy(), "n": int(records["n_total"].y.iloc[0])}
    if table == "table":
        given |= {"at_risk_times": risk.x.to_numpy(), "at_risk": risk.y.to_numpy()}
    if total == "known":
        given["events"] = int(records["events_total"].y.iloc[0])
    return given


def simulated_inputs(pairs: int, seed: int = 20260101) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Two-arm sets with Weibull deaths and staggered entry, digitised as the shared benchmark is."""
    rng = np.random.default_rng(seed)
    inputs, truth = [], []
    for pair in range(pairs):
        n, shape, scale = int(rng.choice([50, 100, 200, 400])), rng.uniform(0.8, 1.4), rng.uniform(8, 40)
        ratio, window = rng.uniform(0.6, 1.1), rng.uniform(6, 24)
        for arm in range(2):
            name = f"S{pair:03d}{'AB'[arm]}"
            death = scale * rng.weibull(shape, n) * ratio ** (-arm / shape)
            follow = np.minimum(window + rng.uniform(0, 18, n), rng.exponential(150, n))
            t, e = np.round(np.minimum(death, follow), 2), (death <= follow).astype(int)
            truth.append(pd.DataFrame({"arm_id": name, "time": t, "event": e}))
            inputs.append(_records(name, f"S{pair:03d}", t, e, rng))
    return pd.concat(inputs, ignore_index=True), pd.concat(truth, ignore_index=True)


def _records(name: str, dataset: str, t: np.ndarray, e: np.ndarray, rng: np.random.Generator) -> pd.DataFrame:
    curve, width = kaplan_meier(t, e), float(np.ceil(t.max()))
    x = np.unique(np.concatenate((np.linspace(0, t.max(), 101), curve.time[curve.events > 0][::2])))
    y = curve.at(x)
    noisy_x = np.maximum(x + rng.uniform(-0.003, 0.003, x.size) * width, 0)
    order = np.argsort(noisy_x)
    noisy_y = np.round(y + rng.normal(0, 0.003, x.size), 3)
    rows = np.arange(0, t.max(), width / 8)
    parts = {
        "clean": (x, y),
        "typical": (np.round(noisy_x, 3)[order], noisy_y[order]),
        "nrisk": (rows, [(t >= row).sum() for row in rows]),
        "n_total": ([np.nan], [t.size]),
        "events_total": ([np.nan], [e.sum()]),
    }
    frames = [pd.DataFrame({"record": record, "x": xs, "y": ys}) for record, (xs, ys) in parts.items()]
    return pd.concat(frames).assign(arm_id=name, dataset=dataset, source="simulated", arm=name[-1])


def rebuild_all(inputs: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Patients and seconds of every arm in every variant."""
    patients, seconds = [], []
    for name, rows in inputs.groupby("arm_id"):
        for variant in VARIANTS:
            given = arguments_of(rows, *variant)
            key = dict(zip(("digitisation", "nrisk", "total"), variant, strict=True), arm_id=name)
            begin = time.process_time()
            rebuilt = from_curve(**given)
            seconds.append({**key, "seconds": time.process_time() - begin})
            patients.append(rebuilt.patients.drop(columns="replicate").assign(**key))
    return pd.concat(patients, ignore_index=True), pd.DataFrame(seconds)


def log_ratio(a: pd.DataFrame, b: pd.DataFrame) -> float:
    """Log hazard ratio of b against a."""
    both = pd.concat([b, a])
    return cox(both.time.to_numpy(), both.event.to_numpy(), np.repeat([1, 0], [len(b), len(a)])).log_hr


def coverage(inputs: pd.DataFrame, truth: pd.DataFrame, replicates: int) -> pd.DataFrame:
    """How often the 5 % to 95 % range of the ensemble's log hazard ratio holds the true one."""
    rows = []
    for variant in VARIANTS:
        inside, width = [], []
        for _, pair in inputs.groupby("dataset"):
            arms = list(pair.groupby("arm_id"))
            if len(arms) != 2:
                continue
            rng = np.random.default_rng(1)
            sets = [
                from_curve(**arguments_of(group, *variant), replicates=replicates, rng=rng).patients
                for _, group in arms
            ]
            ratios = [log_ratio(*(s[s.replicate == r] for s in sets)) for r in range(replicates)]
            true = log_ratio(*(truth[truth.arm_id == name] for name, _ in arms))
            low, high = np.quantile(ratios, [0.05, 0.95])
            inside.append(low <= true <= high)
            width.append(high - low)
        rows.append((*variant, len(inside), np.mean(inside), np.median(width)))
    return pd.DataFrame(rows, columns=["digitisation", "nrisk", "total", "pairs", "coverage", "median width"])


def score_simulated(patients: pd.DataFrame, seconds: pd.DataFrame, truth: pd.DataFrame) -> pd.DataFrame:
    """Error of the log hazard ratio and of the events in each variant."""
    rows = []
    true = dict(list(truth.groupby("arm_id")))
    for variant, group in patients.groupby(["digitisation", "nrisk", "total"]):
        arms = dict(list(group.groupby("arm_id")))
        names = sorted(arms)
        events = [abs(arms[name].event.sum() - true[name].event.sum()) for name in names]
        ratio = [
            abs(log_ratio(arms[a], arms[b]) - log_ratio(true[a], true[b]))
            for a, b in zip(names[::2], names[1::2], strict=True)
        ]
        rows.append((*variant, *np.quantile(ratio, [0.5, 0.9]), *np.quantile(events, [0.5, 0.9])))
    table = pd.DataFrame(
        rows, columns=["digitisation", "nrisk", "total", "log HR p50", "log HR p90", "events p50", "events p90"]
    )
    return table.merge(seconds.groupby(["digitisation", "nrisk", "total"]).seconds.median().reset_index())


def size() -> float:
    """Seconds for 50,000 patients and 8,000 points (best of three)."""
    rng = np.random.default_rng(0)
    x = np.sort(rng.uniform(0, 60, 8000))
    y = np.exp(-x / 40) + rng.normal(0, 0.003, x.size)
    taken = []
    for _ in range(3):
        begin = time.process_time()
        from_curve(x, y, n=50_000, at_risk_times=[0, 20, 40], at_risk=[50_000, 28_000, 12_000], events=35_000)
        taken.append(time.process_time() - begin)
    return min(taken)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--benchmark", type=Path)
    parser.add_argument("--simulate", type=int, default=100, metavar="PAIRS")
    parser.add_argument("--every", type=int, default=1, help="every how many two-arm sets")
    parser.add_argument("--coverage", type=int, metavar="REPLICATES")
    parser.add_argument("--size", action="store_true")
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    if options.size:
        sys.stdout.write(f"50,000 patients, 8,000 points: {size():.3f} s\n")
        return
    if options.benchmark:
        inputs = pd.read_csv(options.benchmark / "bench_inputs.csv.gz", dtype={"dataset": str, "arm": str})
        truth = pd.read_csv(options.benchmark / "bench_truth.csv.gz")
    else:
        inputs, truth = simulated_inputs(options.simulate)
    chosen = sorted(inputs.dataset.unique())[:: options.every]
    inputs = inputs[inputs.dataset.isin(chosen)]
    if options.coverage:
        sys.stdout.write(coverage(inputs, truth, options.coverage).to_string(index=False) + "\n")
        return
    patients, seconds = rebuild_all(inputs)
    if not options.benchmark:
        sys.stdout.write(score_simulated(patients, seconds, truth).to_string(index=False) + "\n")
        return
    with tempfile.TemporaryDirectory() as scratch:
        folder = options.out or Path(scratch)
        patients.to_csv(folder / "rebuilt.csv.gz", index=False)
        seconds.to_csv(folder / "seconds.csv", index=False)
        scorer = [sys.executable, options.benchmark / "score_reconstruction.py", folder / "rebuilt.csv.gz"]
        subprocess.run([*scorer, "--times", folder / "seconds.csv"], check=True)


if __name__ == "__main__":
    main()
