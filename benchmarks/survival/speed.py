"""Time the pairwise comparison of an ensemble and the parametric fits of an arm, beside lifelines where it has them.

Usage: OMP_NUM_THREADS=1 python benchmarks/survival/speed.py
"""

import sys
import time
import warnings
from collections.abc import Callable

import numpy as np
import pandas as pd
from lifelines import CoxPHFitter
from lifelines.statistics import logrank_test

from resurvey.compare.pairwise import pairwise
from resurvey.compare.rubin import rubin
from resurvey.survival import fit_models
from resurvey.survival.cox import stack_cox
from resurvey.survival.logrank import stack_z
from resurvey.survival.stack import pair_risk_sets, patient_stack


def ensemble(rng: np.random.Generator, scale: float, replicates: int, n: int) -> pd.DataFrame:
    """An arm of exponential times with uniform censoring, to one decimal."""
    time_to = rng.exponential(scale, (replicates, n)).round(1) + 0.1
    censor = rng.uniform(5, 30, (replicates, n)).round(1)
    columns = {"time": np.minimum(time_to, censor).ravel(), "event": (time_to <= censor).astype(int).ravel()}
    return pd.DataFrame({"replicate": np.repeat(np.arange(replicates), n), **columns})


def best_of(function: Callable[[], object], repeats: int = 3) -> float:
    """Shortest of a few runs, in seconds of processor time (other work on the machine does not count)."""
    spans = []
    for _ in range(repeats):
        start = time.process_time()
        function()
        spans.append(time.process_time() - start)
    return min(spans)


def core(a: pd.DataFrame, b: pd.DataFrame) -> None:
    """Log hazard ratio, log-rank test and restricted means over all replicates, pooled."""
    first, second = patient_stack(a, "first"), patient_stack(b, "second")
    sets = pair_risk_sets(first, second)
    log_hr, se = stack_cox(sets)
    rubin(log_hr, se**2)
    rubin(stack_z(sets), np.ones(len(log_hr)))
    (m1, v1), (m2, v2) = (arm.curves.restricted_mean(20) for arm in (first, second))
    rubin(m1 - m2, v1 + v2)


def with_lifelines(a: pd.DataFrame, b: pd.DataFrame) -> None:
    """The hazard ratio and the log-rank test of each replicate by lifelines, one after another."""
    for replicate in a["replicate"].unique():
        one, two = a[a["replicate"] == replicate], b[b["replicate"] == replicate]
        both = pd.concat([one.assign(first=1), two.assign(first=0)])
        CoxPHFitter().fit(both[["time", "event", "first"]], "time", "event")
        logrank_test(one["time"], two["time"], one["event"], two["event"])


def main() -> None:
    warnings.simplefilter("ignore")
    rng = np.random.default_rng(20)
    a, b = ensemble(rng, 14, 200, 260), ensemble(rng, 10, 200, 260)
    few = a[a["replicate"] < 10], b[b["replicate"] < 10]
    arm = a[a["replicate"] == 0]
    rows = {
        "log HR + log-rank + RMST, 200 replicates of 2 x 260": best_of(lambda: core(a, b)),
        "pairwise(), all measures, 200 replicates of 2 x 260": best_of(lambda: pairwise(a, b, landmarks=[6, 12])),
        "lifelines Cox + log-rank, 200 replicates (10 timed)": 20 * best_of(lambda: with_lifelines(*few), 1),
        "15 parametric models of one arm of 260": best_of(lambda: fit_models({"arm": (arm["time"], arm["event"])}), 1),
    }
    for label, seconds in rows.items():
        sys.stdout.write(f"| {label} | {seconds:.3f} s |\n")


if __name__ == "__main__":
    main()
