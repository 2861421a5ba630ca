"""Coverage of the four standard errors of a MAIC of survival, over 108 scenarios of simulated trials.

    python benchmarks/compare/maic_coverage.py [--anchored] [--repeats 200] [--bootstrap 0] [--every 1] [--out FILE.csv]

Scenarios: patients an arm (100, 200, 400) x loss of effective sample size (25, 50, 77 %) x conditional hazard ratio
(1, 0.7, 0.5) x share of patients with an event (about 35 %, 70 %) x number of covariates (2, 6). All covariates are
prognostic; with --anchored the first also modifies the effect. The target means are those of the comparator's own
simulated patients, as in a publication. The estimand is the marginal hazard ratio in the comparator's population under
the same censoring, from 200,000 patients a scenario.
"""

import argparse
import itertools
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd

from resurvey.compare import maic_anchored, maic_unanchored, weighted_cox
from resurvey.errors import NotEstimable

SIZES = (100, 200, 400)
LOSSES = (0.25, 0.50, 0.77)
RATIOS = (1.0, 0.7, 0.5)
EVENT_SHARES = (0.35, 0.70)
COVARIATES = (2, 6)


MODIFIED = 0.3  # log hazard ratio of A a standard deviation of the first covariate, in anchored scenarios
B_AGAINST_C = np.log(0.8)


def arm(n, shift, p, effect, modified, ends, rng):
    """One arm: covariates around `shift`, exponential times with prognostic covariates, uniform censoring."""
    x = shift / np.sqrt(p) + rng.standard_normal((n, p))
    strength = np.full(p, 0.6 / np.sqrt(p))
    event_time = rng.exponential(1 / np.exp(x @ strength + effect + modified * x[:, 0]))
    censored = rng.uniform(0, ends, n)
    outcome = {"time": np.minimum(event_time, censored), "event": (event_time <= censored).astype(float)}
    return pd.DataFrame(x, columns=[f"x{i}" for i in range(p)]).assign(**outcome)


def ratio_of(one, other):
    """Log hazard ratio of two arms and its standard error."""
    both = pd.concat([one, other])
    fit = weighted_cox(both["time"], both["event"], np.repeat([1, 0], [len(one), len(other)]))
    return fit.estimate, fit.se_model


def one_study(n, shift, p, log_ratio, ends, anchored, bootstrap, rng):
    """Simulate and analyse one comparison."""
    names = [f"x{i}" for i in range(p)]
    if not anchored:
        patients = arm(n, 0.0, p, log_ratio, 0.0, ends, rng)
        comparator = arm(n, shift, p, 0.0, 0.0, ends, rng)
        targets = comparator[names].mean().to_dict()
        return maic_unanchored(patients, targets, comparator[["time", "event"]], replicates=bootstrap, rng=rng)
    own = [arm(n, 0.0, p, log_ratio, MODIFIED, ends, rng), arm(n, 0.0, p, 0.0, 0.0, ends, rng)]
    patients = pd.concat(own, ignore_index=True).assign(treated=np.repeat([1, 0], n))
    other = [arm(n, shift, p, B_AGAINST_C, 0.0, ends, rng), arm(n, shift, p, 0.0, 0.0, ends, rng)]
    targets = pd.concat(other)[names].mean().to_dict()
    return maic_anchored(patients, targets, ratio_of(*other), replicates=bootstrap, rng=rng)


def truth(shift, p, log_ratio, ends, anchored, rng):
    """Marginal log hazard ratio in the comparator's population (anchored: A against C less B against C)."""

    def big(effect, modified):
        return arm(100_000, shift, p, effect, modified, ends, rng)

    if not anchored:
        return ratio_of(big(log_ratio, 0.0), big(0.0, 0.0))[0]
    control = big(0.0, 0.0)
    return ratio_of(big(log_ratio, MODIFIED), control)[0] - ratio_of(big(B_AGAINST_C, 0.0), control)[0]


def scenario(n, loss, ratio, share, p, args, rng):
    """Coverage, mean standard error over empirical spread, and bias of every method."""
    # For normal covariates the effective share is about exp(-shift^2).
    shift, ends, log_ratio = np.sqrt(-np.log(1 - loss)), 1.0 if share < 0.5 else 5.0, np.log(ratio)
    true = truth(shift, p, log_ratio, ends, args.anchored, rng)
    rows, failed = [], 0
    for _ in range(args.repeats):
        try:
            result = one_study(n, shift, p, log_ratio, ends, args.anchored, args.bootstrap, rng)
        except NotEstimable:
            failed += 1
            continue
        table = result.estimates.assign(covers=lambda t: (t["lower"] <= true) & (true <= t["upper"]))
        rows.append(table.assign(share=result.weights.ess / result.weights.n))
    table = pd.concat(rows)
    by = table.groupby("method", sort=False)
    spread = {"bias": by["estimate"].mean() - true, "se_over_spread": by["se"].mean() / by["estimate"].std()}
    summary = pd.DataFrame({"coverage": by["covers"].mean(), **spread}).reset_index()
    head = {"n": n, "loss": loss, "ratio": ratio, "event_share": share, "covariates": p, "failed": failed}
    return summary.assign(**head, ess_share=table["share"].mean())


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--anchored", action="store_true")
    parser.add_argument("--repeats", type=int, default=200)
    parser.add_argument("--bootstrap", type=int, default=0)
    parser.add_argument("--every", type=int, default=1, help="only every so many scenarios")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path)
    args = parser.parse_args()
    grid = list(itertools.product(SIZES, LOSSES, RATIOS, EVENT_SHARES, COVARIATES))[:: args.every]
    seeds = np.random.SeedSequence(args.seed).spawn(len(grid))
    begin = time.perf_counter()
    rows = [scenario(*cell, args, np.random.default_rng(seed)) for cell, seed in zip(grid, seeds, strict=True)]
    table = pd.concat(rows, ignore_index=True)
    if args.out:
        table.to_csv(args.out, index=False, float_format="%.5f")
    inside = table["coverage"].between(0.94, 0.965)
    by = table.assign(inside=inside).groupby(["method", "loss"], sort=False)
    view = by.agg(coverage=("coverage", "mean"), lowest=("coverage", "min"), highest=("coverage", "max"),
                  inside=("inside", "mean"), se_over_spread=("se_over_spread", "mean"), bias=("bias", "mean"),
                  failed=("failed", "sum"), ess_share=("ess_share", "mean"))  # fmt: skip
    sys.stdout.write(view.round(3).to_string() + f"\n{len(grid)} scenarios, {args.repeats} repeats, ")
    sys.stdout.write(f"{time.perf_counter() - begin:.0f} s\n")


if __name__ == "__main__":
    main()
