"""Speed of the comparison methods on simulated data; one core.

OMP_NUM_THREADS=1 python benchmarks/compare/speed.py
"""

import sys
import time

import numpy as np
import pandas as pd

from resurvey.compare import (
    contributions,
    decompose_q,
    funnel,
    league,
    maic,
    maic_unanchored,
    max_ess_weights,
    net_heat,
    network,
    node_split,
    prediction_intervals,
    rank_probabilities,
)


def simulated_network(studies=200, treatments=40, seed=1):
    """A connected network; a fifth of the studies have three or four arms."""
    rng = np.random.default_rng(seed)
    rows = []
    for k in range(studies):
        arms = rng.choice(treatments, rng.choice([2, 3, 4], p=[0.8, 0.15, 0.05]), replace=False)
        arms = np.array([k, k + 1]) if k < treatments - 1 else arms
        means, variances = rng.normal(0, 0.1, arms.size) + 0.01 * arms, rng.uniform(0.02, 0.2, arms.size)
        for i in range(arms.size):
            for j in range(i):
                se = np.sqrt(variances[i] + variances[j])
                rows.append((f"s{k}", f"t{arms[i]:02d}", f"t{arms[j]:02d}", means[i] - means[j], se))
    return pd.DataFrame(rows, columns=["study", "treatment", "comparator", "estimate", "se"])


def all_outputs(contrasts):
    """Every output of a network."""
    result = network(contrasts)
    order = sorted(set(contrasts["treatment"]) | set(contrasts["comparator"]))
    for model in ("common", "random"):
        league(result, model), node_split(result, model), net_heat(result, model)
        contributions(result, model), funnel(result, order, model)
    return result.ranking, rank_probabilities(result), decompose_q(result), prediction_intervals(result)


def timed(name, call, repeats):
    """Median wall and processor seconds of several calls, after one that loads what is loaded late."""
    call()
    wall, processor = [], []
    for _ in range(repeats):
        begin = time.perf_counter(), time.process_time()
        call()
        wall.append(time.perf_counter() - begin[0])
        processor.append(time.process_time() - begin[1])
    sys.stdout.write(f"{name}: {np.median(wall):.4f} s, processor {np.median(processor):.4f} s (median of {repeats})\n")


def main():
    rng = np.random.default_rng(0)
    contrasts = simulated_network()
    timed("network of 200 studies, 40 treatments, all outputs of both models", lambda: all_outputs(contrasts), 5)
    patients = pd.DataFrame(rng.standard_normal((2000, 10)), columns=[f"x{i}" for i in range(10)])
    targets = dict.fromkeys(patients, 0.15)
    timed("maic, 2,000 patients, 10 moments", lambda: maic(patients, targets), 21)
    timed("maximum-ESS weights, the same", lambda: max_ess_weights(patients, targets), 21)
    time_to_event = rng.exponential(np.exp(-0.3 * patients["x0"]))
    own = patients.assign(time=np.minimum(time_to_event, 2), event=(time_to_event < 2).astype(float))
    other = pd.DataFrame({"time": rng.uniform(0.1, 2, 500), "event": rng.integers(0, 2, 500)})
    for n in (500, 2000):
        part = own.iloc[:n]
        timed(
            f"bootstrap of 2,000 replicates, {n} patients, 10 moments, 500 in the comparator",
            lambda part=part: maic_unanchored(part, targets, other, replicates=2000),
            1,
        )


if __name__ == "__main__":
    main()
