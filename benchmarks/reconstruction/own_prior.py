"""Are the errors of the rebuilding as large as the replicates claim where the prior itself is true?

    python benchmarks/reconstruction/own_prior.py [--trials 40] [--replicates 30] [--sizes 60 300 1000] [--seed 9]

Trials of two arms are drawn from the prior: a kind of hazard by its share among arms of progression, hazards of the
event and of censoring with all their departures, among them those that reach one half at the drawn medians. They are
reduced to an abstract, with the longest follow-up and without, and rebuilt with draws spread as the package spreads
them and with draws that are not widened (`HazardPrior.apart`). `z2` is the mean of the squared error against the
patients' own estimate, over the variance between replicates: 1 where replicates differ as much as they should. `error`
and `between` are both in units of the patients' own variance.
"""

import argparse
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from resurvey.reconstruct import SurvivalSummary, from_summaries
from resurvey.reconstruct.kinds import SHAPES
from resurvey.reconstruct.summary_checks import checked
from resurvey.reconstruct.summary_facts import arms_of

sys.path.insert(0, str(Path(__file__).parents[1] / "compare"))
import shapes

END, SCAN = 27.0, 2.07
TRIED, NEAR = 1500, 0.06
LEFT_LOG, LEFT_SD = 0.4, 0.7  # patients still followed at the end, as the prior has them
PLAIN = tuple(replace(one, prior=replace(one.prior, apart=1.0)) for one in SHAPES)


def hazards(rng):
    """The edges and the hazards of the event and of censoring of both arms of a trial."""
    shares = np.array([one.share_progression for one in SHAPES])
    kind = SHAPES[rng.choice(len(SHAPES), p=shares / shares.sum())]
    medians = (rng.uniform(7, 10), rng.uniform(5, 8))
    known = [checked(SurvivalSummary(n=500, events=350, median=m, longest_follow_up=END)) for m in medians]
    arms = arms_of(known, prior=kind.prior, scan=SCAN if kind.prior.drop else None)
    while True:
        common, made, off = rng.standard_normal((TRIED, len(arms[0].shared))), [], np.zeros(TRIED)
        for arm, median in zip(arms, medians, strict=True):
            parts = [
                rng.standard_normal((TRIED, arm.bins)) @ np.linalg.cholesky(cov + 1e-9 * np.eye(arm.bins)).T
                for cov in (arm.cov_event, arm.cov_censor)
            ]
            made.append(np.exp(arm.mean + common @ arm.shared + np.hstack(parts)))
            before = made[-1][:, : arm.bins] * arm.width * (arm.edges[1:] <= median + 1e-9)
            off = np.maximum(off, np.abs(np.log(before.sum(axis=1) / np.log(2))))
        best = int(np.argmin(off))
        if off[best] < NEAR:
            return [(arm.edges, *np.split(rows[best], 2)) for arm, rows in zip(arms, made, strict=True)]


def times(edges, hazard, n, rng):
    """Times with a hazard that is even within bins; infinite after the last edge."""
    cumulative = np.concatenate(([0.0], np.cumsum(hazard * np.diff(edges))))
    at = rng.exponential(size=n)
    return np.where(at < cumulative[-1], np.interp(at, cumulative, edges), np.inf)


def patients(edges, event, censoring, n, rng):
    """Sorted times and marks; of those who reach the end all but a few leave shortly before it."""
    happens, leaves = times(edges, event, n, rng), np.minimum(times(edges, censoring, n, rng), edges[-1])
    mark, time = (happens <= leaves).astype(float), np.minimum(happens, leaves)
    last = rng.permutation(np.flatnonzero(time >= edges[-1]))
    gone = last[round(np.exp(LEFT_LOG + LEFT_SD * rng.standard_normal())) :]
    time[gone] = rng.uniform(0.92 * edges[-1], edges[-1], gone.size)
    order = np.lexsort((-mark, time))
    return time[order], mark[order]


def one_trial(n, replicates, seed):
    """A row for each measure, way of drawing and follow-up."""
    rng = np.random.default_rng([*seed, 0])
    arms = [patients(*arm, n, rng) for arm in hazards(rng)]
    printed = [shapes.printed(*arm, "abstract") for arm in arms]
    full = shapes.measured(*(shapes.single(arm) for arm in arms))
    for follow_up in ("printed", "unknown"):
        ends = [float(arm[0].max()) if follow_up == "printed" else None for arm in arms]
        known = [replace(s, longest_follow_up=end) for s, end in zip(printed, ends, strict=True)]
        for drawn, kinds in (("not widened", PLAIN), ("as the package", None)):
            rng = np.random.default_rng([*seed, 1])
            made = from_summaries(known, replicates=replicates, rng=rng, shapes=kinds)
            found = shapes.measured(*(shapes.stacked(one) for one in made))
            for measure in ("log HR", "RMST"):
                (value, _), (own, variance) = found[measure], full[measure]
                error, between = (value.mean() - own[0]) ** 2, value.var(ddof=1)
                yield {
                    "measure": measure, "follow-up": follow_up, "draws": drawn, "n": n, "error": error / variance[0],
                    "between": between / variance[0], "z2": error / between,
                }  # fmt: skip


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--trials", type=int, default=40)
    parser.add_argument("--replicates", type=int, default=30)
    parser.add_argument("--sizes", type=int, nargs="+", default=[60, 300, 1000])
    parser.add_argument("--seed", type=int, default=9)
    args = parser.parse_args()
    rows = [
        row
        for number in range(args.trials)
        for n in args.sizes
        for row in one_trial(n, args.replicates, (args.seed, number, n))
    ]
    view = pd.DataFrame(rows).groupby(["measure", "follow-up", "draws", "n"], sort=False).mean()
    sys.stdout.write(view.round(2).to_string() + "\n")


if __name__ == "__main__":
    main()
