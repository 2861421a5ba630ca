"""Time and memory of `resurvey reconstruct FOLDER` against the number of arms, on simulated curves.

Run: python benchmarks/scale/scale.py [--sizes 10 100 1000] [--folder DIR] [--output scale.csv]
Each size runs in a process of its own, on one core; the peak is that of the process (resident set).
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd

from resurvey.survival import kaplan_meier


def write_folder(folder: Path, arms: int) -> None:
    """Arms of 100 to 400 patients, Weibull times, uniform censoring; 120 points to three decimals, 7 risk counts."""
    rng = np.random.default_rng(arms)
    rows = []
    for index in range(arms):
        n, shape, scale = int(rng.integers(100, 401)), rng.uniform(0.8, 1.6), rng.uniform(6, 20)
        death, leave = scale * rng.weibull(shape, n), rng.uniform(12, 36, n)
        time_, event = np.minimum(death, leave), (death <= leave).astype(int)
        points = np.linspace(0, time_.max(), 120)
        survival = np.clip(kaplan_meier(time_, event).at(points) + rng.normal(0, 0.002, 120), 0, 1)
        table = pd.DataFrame({"time": points.round(3), "survival": survival.round(3)})
        table.to_csv(folder / f"a{index:06d}.csv", index=False)
        marks = np.linspace(0, time_.max() * 0.9, 7)
        counts = [(time_ >= mark).sum() for mark in marks]
        risk = pd.DataFrame({"time": marks, "at_risk": counts})
        risk.to_csv(folder / f"a{index:06d}_risk.csv", index=False)
        rows.append({"file": f"a{index:06d}.csv", "n": n, "at_risk": f"a{index:06d}_risk.csv", "events": event.sum()})
    pd.DataFrame(rows).to_csv(folder / "arms.csv", index=False)


def measure(folder: Path) -> dict[str, float]:
    """Wall and processor seconds and peak memory of one run of the command."""
    command = [sys.executable, "-m", "resurvey.cli", "reconstruct", str(folder), "--output", str(folder / "out")]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    start = time.perf_counter()
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    if os.waitstatus_to_exitcode(status) != 0:
        raise SystemExit(f"the command failed on {folder}")
    rows = pd.read_csv(folder / "out/accuracy.csv")
    return {
        "arms": len(rows),
        "refused": int((rows["status"] == "refused").sum()),
        "wall_s": round(time.perf_counter() - start, 2),
        "cpu_s": round(usage.ru_utime + usage.ru_stime, 2),
        "peak_mb": round(usage.ru_maxrss / 1024),
    }


def main() -> None:
    """Measure every size and write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", type=int, nargs="+", default=[10, 100, 1000])
    parser.add_argument("--output", type=Path, default=Path(__file__).with_name("scale.csv"))
    arguments = parser.parse_args()
    rows = []
    for size in arguments.sizes:
        with tempfile.TemporaryDirectory() as name:
            write_folder(Path(name), size)
            rows.append(measure(Path(name)))
        pd.DataFrame(rows).to_csv(arguments.output, index=False, lineterminator="\n")


if __name__ == "__main__":
    main()
