"""Learn the kinds of hazards, and how frequent each is, from patients: the table hazard_shapes.csv of the package.

    python learn_shapes.py KMDATA_FOLDER [--least 0.05] [--without-every 5 --start 1] [--out FILE.csv]

Arms of at least 40 patients whose median is reached, times in medians; endpoints of death and others apart; the sets of
the lifelines package beside the collection. Events and time at risk in ten intervals are Poisson counts, whose log
rates have a Gaussian prior in each kind; shares and means are found by EM (Laplace approximation), means being held
back by six arms' worth of the shape they start from. The usual kind keeps the mean it was learnt with before, and the
early drop a mean of its own: the collection has too few of either to move them. `--least` is the smallest share of a
kind: what a collection of published trials lacks may still be met. `--without-every 5 --start 1` leaves out those
on which `benchmarks/compare/real_trials.py` with `--every 5 --start 1` judges.

Printed: shares, and the log score of trials held apart (half of them learn, the other half are scored, and the other
way round), of one kind alone and of all.
"""

from __future__ import annotations

import argparse
import csv
import sys
from itertools import pairwise
from pathlib import Path

import numpy as np

from resurvey.reconstruct.formats import read_kmdata, read_kmdata_key
from resurvey.reconstruct.kinds import COLUMNS
from resurvey.reconstruct.prior import PRIOR

NODES = np.array(PRIOR.nodes)
LOG_NODES = np.log(NODES)
EDGES = np.concatenate([[0.0], np.sqrt(NODES[1:] * NODES[:-1]), [8.0]])
HELD_BACK, FIXED = 6.0, ("usual", "early drop")
ROUNDS = 12


def weibull(shape):
    """Log hazard, times the median, of a Weibull distribution."""
    return np.log(shape * np.log(2)) + (shape - 1) * LOG_NODES


#: Mean to start from, and the standard deviations of slope, start and smooth departure.
KINDS = {
    "usual": (np.array(PRIOR.shape), (0.1, 1.06, 0.27)),
    "falling": (weibull(0.7), (0.2, 0.6, 0.25)),
    "steady": (weibull(1.0), (0.1, 0.6, 0.25)),
    "rising": (weibull(1.6), (0.25, 0.6, 0.25)),
    "gathered": (np.array([-3.0, -1.2, -0.9, -0.1, -0.3, -0.2, -0.3, -0.4, -0.6, -0.9]), (0.15, 1.2, 0.4)),
    "early drop": (np.array([-1.2, 0.1, 0.5, 0.1, -0.5, -0.6, -0.7, -0.8, -0.9, -1.1]), (0.15, 1.0, 0.5)),
    "plateau": (np.array([-1.6, -0.8, -0.3, 0.0, 0.0, -0.3, -1.1, -1.8, -2.4, -3.0]), (0.15, 0.8, 0.3)),
}


def covariance(spreads):
    """Prior covariance at the nodes."""
    slope, early, wiggle = spreads
    apart, damp = LOG_NODES[:, None] - LOG_NODES, np.exp(-NODES / PRIOR.early_length)
    cov = PRIOR.level**2 + wiggle**2 * np.exp(-0.5 * (apart / PRIOR.wiggle_length) ** 2)
    cov = cov + slope**2 * np.outer(LOG_NODES, LOG_NODES) + 0.15**2 * np.eye(NODES.size)
    return cov + early**2 * np.outer(damp, damp)


def median_of(time, event):
    """Product-limit median; not a number where it is not reached."""
    order = np.lexsort((1 - event, time))
    survival = np.cumprod(1 - event[order] / (time.size - np.arange(time.size)))
    reached = np.flatnonzero(survival <= 0.5 + 1e-12)
    return time[order][reached[0]] if reached.size else np.nan


def counted(time, event):
    """Events and time at risk in each interval, in medians; None where the arm is small or its median not reached."""
    median = median_of(time, event)
    if time.size < 40 or not np.isfinite(median) or median <= 0:
        return None
    u = time / median
    events = np.histogram(u[event > 0], EDGES)[0].astype(float)
    return events, np.array([np.clip(u, a, b).sum() - a * u.size for a, b in pairwise(EDGES)])


def collected(folder, without, start):
    """Trial, whether the event is death, and counts of every arm of the collection."""
    key = read_kmdata_key(folder / "kmdata_key.rda").set_index("name")
    paths = sorted(folder.glob("*.rda"))
    judged = set(paths[start::without]) if without else set()
    for path in [path for path in paths if path not in judged]:
        name = path.stem if path.stem in key.index else path.stem.removeprefix("X")
        if name not in key.index:
            continue
        for arm in read_kmdata(path).values():
            found = counted(arm.patients["time"].to_numpy(float), arm.patients["event"].to_numpy(float))
            if found:
                yield str(key.loc[name, "ClinicalTrial"]), "OS" in str(key.loc[name, "Outcome"]), found


def of_lifelines():
    """The same of sets of patients in the lifelines package; all are times to death, relapse or failure."""
    from lifelines import datasets

    known = [("load_lung", "time", "status", "sex", True), ("load_gbsg2", "time", "cens", "horTh", False),
             ("load_leukemia", "t", "status", "Rx", False), ("load_waltons", "T", "E", "group", True)]  # fmt: skip
    for name, time, event, arm, death in known:
        table = getattr(datasets, name)().dropna(subset=[time, event, arm])
        for _, rows in table.groupby(arm):
            found = counted(rows[time].to_numpy(float), rows[event].to_numpy(float))
            if found:
                yield f"lifelines {name}", death, found


def laplace(events, exposure, mean, cov):
    """Log evidence of the counts, and the log rates at its mode."""
    inverse, f = np.linalg.inv(cov), mean.copy()
    for _ in range(25):
        rate = exposure * np.exp(f)
        step = np.linalg.solve(np.diag(rate) + inverse, events - rate - inverse @ (f - mean))
        f = f + np.clip(step, -1, 1)
        if np.abs(step).max() < 1e-6:
            break
    rate = exposure * np.exp(f)
    away = f - mean
    size = np.linalg.slogdet(cov)[1] + np.linalg.slogdet(np.diag(rate) + inverse)[1]
    return float((events * f - rate).sum() - 0.5 * away @ inverse @ away - 0.5 * size), f


def learnt(arms, names):
    """Means, shares and responsibilities by EM."""
    mean, share = {name: KINDS[name][0].copy() for name in names}, np.full(len(names), 1 / len(names))
    cov = {name: covariance(KINDS[name][1]) for name in names}
    for _ in range(ROUNDS):
        fits = [[laplace(*counts, mean[name], cov[name]) for name in names] for counts in arms]
        weight = np.array([[evidence for evidence, _ in row] for row in fits]) + np.log(share)
        weight = np.exp(weight - weight.max(axis=1, keepdims=True))
        weight /= weight.sum(axis=1, keepdims=True)
        share = np.maximum(weight.mean(axis=0), 1e-6)
        for place, name in enumerate(names):
            if name not in FIXED:
                rates = sum(w * row[place][1] for w, row in zip(weight[:, place], fits, strict=True))
                mean[name] = (HELD_BACK * KINDS[name][0] + rates) / (HELD_BACK + weight[:, place].sum())
    return mean, share, weight


def log_score(arms, names, mean, share):
    """Log score of arms under a mixture."""
    cov = {name: covariance(KINDS[name][1]) for name in names}
    total = 0.0
    for counts in arms:
        parts = np.array([laplace(*counts, mean[name], cov[name])[0] for name in names]) + np.log(share)
        total += parts.max() + np.log(np.exp(parts - parts.max()).sum())
    return total


def held_apart(arms, trials):
    """Log score of one kind and of all, each half of the trials scored by what the other taught."""
    half = {trial: place % 2 for place, trial in enumerate(sorted(set(trials)))}
    scores = {}
    for label, names in (("one kind", ["usual"]), ("all kinds", list(KINDS))):
        scores[label] = 0.0
        for side in (0, 1):
            train = [arm for arm, trial in zip(arms, trials, strict=True) if half[trial] != side]
            test = [arm for arm, trial in zip(arms, trials, strict=True) if half[trial] == side]
            mean, share, _ = learnt(train, names)
            scores[label] += log_score(test, names, mean, share)
    return scores


def shared_out(share, least):
    """Shares to three decimals, none below `least`, adding up to 1."""
    out = np.maximum(share, least)
    out = np.round(out / out.sum(), 3)
    out[0] += 1 - out.sum()
    return np.round(out, 3)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--least", type=float, default=0.05)
    parser.add_argument("--without-every", type=int, default=0)
    parser.add_argument("--start", type=int, default=1)
    parser.add_argument("--out", type=Path)
    opt = parser.parse_args()
    found = [*collected(opt.folder, opt.without_every, opt.start), *of_lifelines()]
    names, shares = list(KINDS), {}
    for label, death in (("progression", False), ("death", True)):
        own = [(trial, counts) for trial, is_death, counts in found if is_death == death]
        trials, arms = [trial for trial, _ in own], [counts for _, counts in own]
        shares[label] = learnt(arms, names)[1]
        said = {label: round(score, 1) for label, score in held_apart(arms, trials).items()}
        sys.stdout.write(f"{label}: {len(arms)} arms of {len(set(trials))} trials; log score of trials apart {said}\n")
        sys.stdout.write(f"  {dict(zip(names, shares[label].round(3).tolist(), strict=True))}\n")
    mean, _, weight = learnt([counts for *_, counts in found], names)
    rounded = {label: shared_out(share, opt.least) for label, share in shares.items()}
    rows = []
    for place, name in enumerate(names):
        said = (
            f"KMDATA collection and sets of lifelines: {weight[:, place].sum():.0f} of {len(found)} arms; before the "
            f"least share of {opt.least:g}: progression {shares['progression'][place]:.3f}, "
            f"death {shares['death'][place]:.3f}"
        )
        values = [rounded["progression"][place], rounded["death"][place], *KINDS[name][1], *np.round(mean[name], 2)]
        rows.append([name, *(f"{value:g}" for value in values), said])
    if opt.out:
        with opt.out.open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerows([COLUMNS, *rows])


if __name__ == "__main__":
    main()
