"""Coverage of pooled intervals on real trials whose patients are known, rebuilt from what papers print.

    python benchmarks/compare/real_trials.py KMDATA_FOLDER [--every 5] [--start 1] [--trials 30]
        [--replicates 20] [--shapes FILE | --regression | --floor]

Every set of two arms whose medians are reached is reduced to print (an abstract with the longest follow-up; the same
with two survivals; the same as the abstract with numbers at risk at six times), both arms are rebuilt together, and
the pooled interval is asked for the estimate that the patients themselves give: log hazard ratio, and difference of
restricted means to 70 % of the shorter follow-up. Widths and errors are in units of the patients' own.

`--regression` asks instead how well any rule could do: the patients' log ratios are regressed on what an abstract
prints (ratio of medians, the same times the steepness that the intervals of the medians show, ratio of the events on
the scale of the cumulative hazard), each tenth of the trials foretold from the others.

`--floor` splits the squared errors of both, the rebuilding from abstracts and that regression, into a part that
shrinks with the trial (a share of the patients' own variance) and one that does not (what an abstract leaves open of
the shape), and says how wide an interval that claims as much is beside the patients' own in trials of any size.
"""

import argparse
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import shapes
from scipy.optimize import nnls

from resurvey.compare.rubin import rubin
from resurvey.errors import ResurveyError
from resurvey.reconstruct import SurvivalSummary, from_summaries
from resurvey.reconstruct.formats import read_kmdata, read_kmdata_key
from resurvey.reconstruct.kinds import TABLE, read_shapes
from resurvey.survival import kaplan_meier, quantile

MONTHS = {"years": 12.0, "weeks": 7 / 30.4375, "days": 1 / 30.4375, "months": 1.0}
MOST = 700  # patients an arm: larger ones take long and are like the others
SIZES = (60, 150, 300, 1000)
INPUTS, MEASURES = ("abstract", "landmarks", "risk table"), ("log HR", "RMST")


def trials(folder, start, every):
    """Name, whether the event is death, and sorted times and marks of both arms, in months."""
    key = read_kmdata_key(folder / "kmdata_key.rda").set_index("name")
    for path in sorted(folder.glob("*.rda"))[start::every]:
        name = path.stem if path.stem in key.index else path.stem.removeprefix("X")
        if name not in key.index:
            continue
        arms = []
        for made in read_kmdata(path).values():
            time = made.patients["time"].to_numpy(float) * MONTHS.get(str(key.loc[name, "Units"]), 1.0)
            mark = made.patients["event"].to_numpy(float)
            order = np.lexsort((-mark, time))
            arms.append((np.maximum(time[order], 0.01), mark[order]))
        reached = all(np.isfinite(quantile(*arm).time) and arm[0].size <= MOST for arm in arms)
        if len(arms) == 2 and reached:
            yield name, "OS" in str(key.loc[name, "Outcome"]), arms


def printed(time, mark, kind, death, tau):
    """What a paper prints of an arm."""
    found = quantile(time, mark)
    facts = {"n": time.size, "events": int(mark.sum()), "median": round(found.time, 1), "lower": round(found.lower, 1)}
    facts["upper"] = round(found.upper, 1) if np.isfinite(found.upper) else np.inf
    facts |= {"longest_follow_up": round(time.max(), 1), "assessment_interval": 0.0 if death else None}
    if kind == "landmarks":
        curve = kaplan_meier(time, mark)
        facts["landmarks"] = [(t, round(float(curve.at([t])[0]), 3)) for t in np.round([tau / 3, tau / 1.5]) if t > 0]
    if kind == "risk table":
        facts["at_risk_times"] = np.linspace(0, tau, 6).round()
        facts["at_risk"] = (time[:, None] >= facts["at_risk_times"]).sum(axis=0)
    return SurvivalSummary(**facts)


def rows_of(name, death, arms, replicates, rng, kinds, inputs=INPUTS):
    """A row an input and measure."""
    tau = shapes.HORIZON = 0.7 * min(arm[0].max() for arm in arms)
    full = shapes.measured(*(shapes.single(arm) for arm in arms))
    for kind in inputs:
        try:
            summaries = [printed(*arm, kind, death, tau) for arm in arms]
            made = from_summaries(summaries, replicates=replicates, rng=rng, shapes=kinds)
        except ResurveyError as reason:
            yield {"trial": name, "input": kind, "measure": "refused", "reason": str(reason)}
            continue
        found = shapes.measured(*(shapes.stacked(one) for one in made))
        for measure in MEASURES:
            pooled, own = rubin(*found[measure]), full[measure][0][0]
            se = np.sqrt(full[measure][1][0])
            yield {
                "trial": name, "input": kind, "measure": measure, "held": pooled.lower <= own <= pooled.upper,
                "error": (pooled.estimate - own) / se, "width": (pooled.upper - pooled.lower) / (3.92 * se),
                "missed": pooled.estimate - own, "se": se, "n": 0.5 * sum(arm[0].size for arm in arms), "death": death,
            }  # fmt: skip


def printed_contrasts(arms):
    """What the abstract of a trial says of its log ratio: the columns of the regression."""
    found = [quantile(*arm) for arm in arms]
    shares = [min(max(float(mark.mean()), 0.01), 0.985) for _, mark in arms]
    medians = np.log(found[1].time / found[0].time)
    # slope of the log cumulative hazard at the median: of limits z / (log 2 sqrt(n)) to either side there
    steep = [
        3.92 / (np.log(2) * np.sqrt(time.size) * np.log(one.upper / one.lower))
        for one, (time, _) in zip(found, arms, strict=True)
        if np.isfinite(one.upper) and one.upper > one.lower
    ]
    events = np.log(-np.log(1 - shares[0])) - np.log(-np.log(1 - shares[1]))
    steepness = min(max(float(np.mean(steep)), 0.6), 2.2) if steep else 1.2
    return [medians, medians * steepness, events, events * np.mean(shares)]


def regression(folder, start, every):
    """Errors of log ratios foretold from abstracts: on the log scale, and over the patients' own standard errors."""
    rows, known, error = [], [], []
    for _, _, arms in trials(folder, start, every):
        shapes.HORIZON = 0.7 * min(arm[0].max() for arm in arms)
        value, variance = shapes.measured(*(shapes.single(arm) for arm in arms))["log HR"]
        rows.append(printed_contrasts(arms))
        known.append(value[0])
        error.append(np.sqrt(variance[0]))
    rows, known, error = np.array(rows), np.array(known), np.array(error)
    missed = np.empty(known.size)
    for part in range(10):
        apart = np.arange(known.size) % 10 == part
        weight = 1 / np.sqrt(error[~apart] ** 2 + 0.12**2)
        slope = np.linalg.lstsq(rows[~apart] * weight[:, None], known[~apart] * weight, rcond=None)[0]
        missed[apart] = rows[apart] @ slope - known[apart]
    return missed, missed / error


def split_error(missed, error):
    """Share of the patients' variance, and standard deviation that does not shrink, in errors of log ratios."""
    variance = np.asarray(error) ** 2
    weight = 1 / (variance + np.mean(np.asarray(missed) ** 2))
    parts, _ = nnls(np.column_stack([variance, np.ones_like(variance)]) * weight[:, None], missed**2 * weight)
    return parts[0], np.sqrt(parts[1])


def floor_of(missed, error, size, rng):
    """Both parts of the error and the width at each of `SIZES`, with the middle nine tenths of 500 resamples."""
    one = np.median(error**2 * size)  # variance of a trial of one patient an arm

    def found(rows):
        share, spread = split_error(missed[rows], error[rows])
        return [share, spread, *(np.sqrt(1 + share + spread**2 * n / one) for n in SIZES)]

    again = [found(rng.integers(0, missed.size, missed.size)) for _ in range(500)]
    names = ["share of own variance", "spread of shape", *(f"width at {n}" for n in SIZES)]
    limits = np.quantile(again, [0.05, 0.95], axis=0)
    return pd.DataFrame({"found": found(np.arange(missed.size)), "5 %": limits[0], "95 %": limits[1]}, index=names)


def floors(folder, start, every, replicates, kinds):
    """How narrow an honest interval from an abstract could be, by the rebuilding and by the regression."""
    rng, rows = np.random.default_rng(0), []
    for name, death, arms in trials(folder, start, every):
        rows += rows_of(name, death, arms, replicates, rng, kinds, INPUTS[:1])
    made = pd.DataFrame(rows)
    made = made[made["measure"] == "log HR"]
    foretold, scaled = regression(folder, start, every)
    found = {"rebuilding": floor_of(*(made[name].to_numpy() for name in ("missed", "se", "n")), rng)}
    for death, part in made.groupby("death"):
        columns = (part[name].to_numpy() for name in ("missed", "se", "n"))
        found["rebuilding, death" if death else "rebuilding, progression"] = floor_of(*columns, rng)
    sizes = np.array([0.5 * sum(arm[0].size for arm in arms) for _, _, arms in trials(folder, start, every)])
    found["regression"] = floor_of(foretold, np.abs(foretold / scaled), sizes, rng)
    return pd.concat(found, axis=1)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--every", type=int, default=5)
    parser.add_argument("--start", type=int, default=1)
    parser.add_argument("--trials", type=int, default=30)
    parser.add_argument("--replicates", type=int, default=20)
    parser.add_argument("--shapes", type=Path, default=TABLE, help="kinds learnt without these trials")
    parser.add_argument("--regression", action="store_true", help="how well any rule could do")
    parser.add_argument("--floor", action="store_true", help="how narrow an honest interval could be")
    opt = parser.parse_args()
    if opt.floor:
        made = floors(opt.folder, opt.start, opt.every, opt.replicates, read_shapes(opt.shapes))
        sys.stdout.write(made.round(3).to_string() + "\n")
        return
    if opt.regression:
        missed, scaled = regression(opt.folder, opt.start, opt.every)
        means = [np.sqrt(np.mean(values**2)) for values in (missed, scaled)]
        sys.stdout.write(
            f"{missed.size} trials; rms error of the log ratio {means[0]:.3f}, over its se {means[1]:.2f}\n"
        )
        return
    kinds = read_shapes(opt.shapes)
    rng, rows = np.random.default_rng(0), []
    for number, (name, death, arms) in enumerate(trials(opt.folder, opt.start, opt.every)):
        if number == opt.trials:
            break
        rows += rows_of(name, death, arms, opt.replicates, rng, kinds)
    made = pd.DataFrame(rows)
    refused = made[made["measure"] == "refused"]
    known = made[made["measure"] != "refused"].astype({"held": float})
    known["event"] = np.where(known["death"].astype(bool), "death", "progression")
    both = pd.concat([known.assign(event="either"), known])
    by = both.groupby(["input", "measure", "event"], sort=False)
    view = pd.DataFrame(
        {
            "trials": by.size(),
            "holds the patients' own": 100 * by["held"].mean(),
            "mean error / se": by["error"].mean(),
            "rms error / se": by["error"].apply(lambda v: np.sqrt(np.mean(v**2))),
            "width": by["width"].median(),
            "error that the width claims": by["width"].apply(lambda v: np.sqrt(max(np.median(v) ** 2 - 1, 0.0))),
        }
    )
    sys.stdout.write(view.round(2).to_string() + f"\n{len(refused)} refused\n")


if __name__ == "__main__":
    main()
