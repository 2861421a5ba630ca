"""Coverage of pooled intervals over many shapes of hazards, sizes and inputs, as papers print them.

    python benchmarks/compare/shapes.py [--trials 20] [--replicates 40] [--sizes 60 300]
        [--shapes NAME ... | --others | --fresh] [--inputs abstract ...] [--unanchored] [--deaths] [--seed 1]
        [--out FILE.csv]

Two-arm trials with known hazards are simulated, reduced to print, rebuilt and compared. `paired` rebuilds both arms as
those of one trial, `unanchored` each by itself. Inputs, from little to much:

- abstract: n, events, median and its interval;
- follow-up: the same and the median follow-up;
- landmarks: the abstract, and survival at 6 and 12 months;
- risk table: the abstract, and numbers at risk every 6 months;
- rates: the abstract, median follow-up, survival at 6 and 12 months and numbers at risk every 6 months;
- early: the abstract and the share of patients with the event by 8 weeks;
- test: the abstract and the p of the log-rank test (paired only);
- ratio: the abstract and the printed hazard ratio with its interval (paired only).

Every trial has streams of its own, so that two versions of the method are tried on the same trials.

Truth is what 100,000 patients an arm give under the same censoring. Widths are beside those of the patients
themselves; `band` is the share of arms whose 90 % band of restricted means holds that of the patients.
"""

import argparse
import sys
import time as clock
import warnings
from pathlib import Path

import numpy as np
import pandas as pd

from resurvey.compare.rubin import rubin
from resurvey.errors import ResurveyError
from resurvey.reconstruct import (
    HazardRatio,
    LogRankTest,
    SurvivalSummary,
    from_log_rank,
    from_pair,
    from_summaries,
    from_summary,
)
from resurvey.survival import cox, kaplan_meier, logrank, quantile
from resurvey.survival.cox import stack_cox
from resurvey.survival.risksets import stack_risk_sets
from resurvey.survival.stack import PatientStack

SHORTEST, LONGEST, DROPOUT = 9.0, 27.0, 0.005
HORIZON = 12.0
RISK_TIMES = np.arange(0.0, 27.0, 6.0)
FIRST_COUNT = 56 / 30.4375
MEASURES = ("log HR", "RMST", "S(6)", "S(12)")
GRID = np.linspace(0.0, 80.0, 16001)


def _weibull(shape, median):
    return np.log(2) * (GRID / median) ** shape


def _mixed(*parts):
    """Cumulative hazard of a mixture: (share, cumulative hazard) of each part; what is missing never has the event."""
    survival = sum(share * np.exp(-hazard) for share, hazard in parts)
    return -np.log(np.maximum(survival + 1 - sum(share for share, _ in parts), 1e-12))


def _log_normal(median, sd):
    from scipy.special import log_ndtr

    with np.errstate(divide="ignore"):
        return -log_ndtr(-(np.log(GRID) - np.log(median)) / sd)


def _piecewise(*steps):
    """Hazards (from, rate) that hold until the next."""
    rate = np.zeros_like(GRID)
    for start, value in steps:
        rate = np.where(start <= GRID, value, rate)
    return np.concatenate(([0.0], np.cumsum(rate[1:] * np.diff(GRID))))


def _gompertz(rate, growth):
    return rate / growth * (np.exp(growth * GRID.clip(0, 60)) - 1)


def _frailty(rate, variance):
    """Even hazards whose levels differ between patients by a gamma distribution."""
    return np.log1p(variance * rate * GRID) / variance


def _exponentiated(shape, power, scale):
    """Hazards that rise and then fall (Mudholkar and Srivastava)."""
    with np.errstate(divide="ignore"):
        return -np.log(np.maximum(1 - (1 - np.exp(-((GRID / scale) ** shape))) ** power, 1e-12))


def _inverse_gaussian(mean, precision):
    """The time at which a random walk with a drift reaches a barrier."""
    from scipy.special import ndtr

    time = np.maximum(GRID, 1e-9)
    root = np.sqrt(precision / time)
    reached = ndtr(root * (time / mean - 1)) + np.exp(2 * precision / mean) * ndtr(-root * (time / mean + 1))
    return -np.log(np.maximum(1 - reached, 1e-12))


def _bathtub(early, level, growth):
    return 2 * early * (1 - np.exp(-GRID / 2)) + level * GRID + 0.5 * growth * GRID**2


def _worn(rate, log_ratio, length):
    """An even hazard times a ratio that goes to 1."""
    ratio = np.exp(log_ratio * np.exp(-GRID / length))
    return np.concatenate(([0.0], np.cumsum(rate * ratio[1:] * np.diff(GRID))))


def _drop(share, at, later):
    """A share has the event around the first scan, the others later."""
    return _mixed((share, _weibull(8.0, at)), (1 - share, later))


#: Cumulative hazard of the first and the second arm, months; and the time between visits (0: dated on the day).
SHAPES = {
    "exponential": (_weibull(1, 9), _weibull(1, 6), 0.0),
    "Weibull 0.6": (_weibull(0.6, 9), _weibull(0.6, 6), 0.0),
    "Weibull 0.8": (_weibull(0.8, 9), _weibull(0.8, 6), 0.0),
    "Weibull 1.3": (_weibull(1.3, 9), _weibull(1.3, 6.5), 0.0),
    "Weibull 1.8": (_weibull(1.8, 9), _weibull(1.8, 7), 0.0),
    "log-normal": (_log_normal(9, 0.9), _log_normal(6.5, 0.9), 0.0),
    "early drop": (_drop(0.25, 1.8, _weibull(1, 12)), _drop(0.35, 1.8, _weibull(1, 9)), 0.0),
    "early drop, one arm": (_drop(0.05, 1.8, _weibull(1, 9)), _drop(0.3, 1.8, _weibull(1, 9)), 0.0),
    "visits every 6 weeks": (_weibull(1.1, 8), _weibull(1.1, 5), 1.38),
    "visits every 9 weeks": (_weibull(1.1, 9), _weibull(1.1, 6), 2.07),
    "cure 40 v 20 %": (_mixed((0.6, _weibull(1.2, 6))), _mixed((0.8, _weibull(1.2, 6))), 0.0),
    "late plateau": (_piecewise((0, 0.09), (12, 0.02)), _piecewise((0, 0.13), (12, 0.03)), 0.0),
    "crossing": (_piecewise((0, 0.13), (4, 0.05)), _piecewise((0, 0.08), (4, 0.11)), 0.0),
    "delayed effect": (_piecewise((0, 0.1), (4, 0.05)), _piecewise((0, 0.1)), 0.0),
    "vanishing effect": (_piecewise((0, 0.04), (5, 0.12)), _piecewise((0, 0.1), (5, 0.12)), 0.0),
    "flat start, then steep": (_piecewise((0, 0.01), (4, 0.13)), _piecewise((0, 0.015), (3, 0.16)), 0.0),
}

#: Others, simulated once and after the method was built.
OTHERS = {
    "Weibull 0.7": (_weibull(0.7, 7), _weibull(0.7, 5), 0.0),
    "early drop 15 v 25 %": (_drop(0.15, 2.1, _weibull(1, 11)), _drop(0.25, 2.1, _weibull(1, 8)), 0.0),
    "early drop 40 v 47 %": (_drop(0.40, 2.8, _weibull(1.1, 14)), _drop(0.47, 2.8, _weibull(1.1, 11)), 0.0),
    "early drop 30 %, both": (_drop(0.3, 1.4, _weibull(0.9, 12)), _drop(0.3, 1.4, _weibull(0.9, 8)), 0.0),
    "cure 30 v 10 %": (_mixed((0.7, _weibull(1, 5))), _mixed((0.9, _weibull(1, 5))), 0.0),
    "crossing late": (_piecewise((0, 0.1), (6, 0.04)), _piecewise((0, 0.07), (6, 0.12)), 0.0),
    "effect from month 2": (_piecewise((0, 0.12), (2, 0.06)), _piecewise((0, 0.12)), 0.0),
    "effect until month 8": (_piecewise((0, 0.05), (8, 0.12)), _piecewise((0, 0.1), (8, 0.12)), 0.0),
    "log-logistic": (np.log1p((GRID / 8) ** 1.5), np.log1p((GRID / 5.5) ** 1.5), 0.0),
    "Gompertz": (_gompertz(0.03, 0.08), _gompertz(0.045, 0.08), 0.0),
    "visits every 8 weeks": (_weibull(0.9, 7), _weibull(0.9, 5), 1.84),
    "visits every 12 weeks": (_weibull(1.3, 11), _weibull(1.3, 8), 2.76),
    "exponential, no effect": (_weibull(1, 7), _weibull(1, 7), 0.0),
    "early drop seen at visits": (_drop(0.25, 1.5, _weibull(1, 10)), _drop(0.35, 1.5, _weibull(1, 7)), 1.38),
}

#: Of other families, simulated once and after everything else was settled.
FRESH = {
    "gamma frailty": (_frailty(0.09, 1.5), _frailty(0.14, 1.5), 0.0),
    "fast and slow": (
        _mixed((0.25, _weibull(1, 1.2)), (0.75, _weibull(1, 13))),
        _mixed((0.35, _weibull(1, 1.2)), (0.65, _weibull(1, 10))),
        0.0,
    ),
    "exponentiated Weibull": (_exponentiated(0.7, 2.5, 4.0), _exponentiated(0.7, 2.5, 2.8), 0.0),
    "inverse Gaussian": (_inverse_gaussian(13, 12), _inverse_gaussian(9, 8), 0.0),
    "bathtub": (_bathtub(0.05, 0.02, 0.0012), _bathtub(0.08, 0.03, 0.0018), 0.0),
    "linear rise": (_weibull(2, 10), _weibull(2, 8), 0.0),
    "Weibull 0.5": (_weibull(0.5, 8), _weibull(0.5, 5), 0.0),
    "early drop 20 %, visits": (_drop(0.2, 1.84, _weibull(1.1, 11)), _drop(0.28, 1.84, _weibull(1.1, 8)), 1.84),
    "drop in one arm, then even": (_drop(0.1, 1.4, _weibull(1, 8)), _drop(0.35, 1.4, _weibull(1, 8)), 0.0),
    "cure 25 %, both": (_mixed((0.75, _weibull(1, 7))), _mixed((0.75, _weibull(1, 4.5))), 0.0),
    "cure late, 35 v 15 %": (_mixed((0.65, _log_normal(6, 0.7))), _mixed((0.85, _log_normal(5.5, 0.7))), 0.0),
    "crossing Weibulls": (_weibull(0.75, 8.5), _weibull(1.4, 7.5), 0.0),
    "delay 3 months, then 0.55": (_piecewise((0, 0.11), (3, 0.0605)), _piecewise((0, 0.11)), 0.0),
    "effect wears off": (_worn(0.1, -1.0, 5.0), _worn(0.1, 0.0, 5.0), 0.0),
    "harm first, then benefit": (_piecewise((0, 0.12), (2, 0.045)), _piecewise((0, 0.06), (2, 0.1)), 0.0),
    "short, visits every 6 weeks": (_weibull(1.1, 5), _weibull(1.1, 3), 1.38),
    "long, visits every 12 weeks": (_weibull(1.0, 20), _weibull(1.0, 14), 2.76),
    "rare, no effect": (_weibull(1.2, 18), _weibull(1.2, 18), 0.0),
}
KNOWN = SHAPES | OTHERS | FRESH


def patients(hazard, visits, n, rng):
    """Sorted times and marks of one arm."""
    at = rng.exponential(size=n)
    event = np.where(at < hazard[-1], np.interp(at, hazard, GRID), np.inf)
    if visits:
        event = np.ceil(event / visits) * visits
    censored = np.minimum(rng.uniform(SHORTEST, LONGEST, n), rng.exponential(1 / DROPOUT, n))
    mark = (event <= censored).astype(float)
    time = np.minimum(event, censored)
    order = np.lexsort((-mark, time))
    return time[order], mark[order]


def printed(time, mark, kind, death=False):
    """What is printed of an arm."""
    found = quantile(time, mark)
    median, lower, upper = (
        None if not np.isfinite(value) else round(float(value), 1) for value in (found.time, found.lower, found.upper)
    )
    facts = {"n": time.size, "events": int(mark.sum()), "median": median, "lower": lower, "upper": upper}
    facts |= {"median_not_reached": median is None, "upper_not_reached": upper is None, "time_rounding": 0.05}
    facts["assessment_interval"] = 0.0 if death else None
    follow = quantile(time, 1 - mark).time
    if kind in ("follow-up", "rates") and np.isfinite(follow):
        facts["median_follow_up"] = round(float(follow), 1)
    if kind == "early":
        share = float(np.mean((time <= FIRST_COUNT) & (mark > 0)))
        if 0 < share < 1:
            facts["landmarks_about"] = [(FIRST_COUNT, 1 - share, float(np.hypot(0.15 * share, 0.5 / time.size)))]
    if kind in ("rates", "landmarks"):
        curve = kaplan_meier(time, mark)
        facts["landmarks"] = [(t, round(float(curve.at([t])[0]), 3)) for t in (6.0, 12.0)]
    if kind in ("rates", "risk table"):
        times = RISK_TIMES[time.max() >= RISK_TIMES]
        facts["at_risk_times"], facts["at_risk"] = times, (time[:, None] >= times).sum(axis=0)
    return SurvivalSummary(**facts)


def stacked(made):
    time, mark = (np.asarray(part, dtype=float) for part in made.stacked())
    return time, mark


def measured(first, second):
    """Estimates and variances of every measure, by replicate; stacks of (time, mark), shape (replicates, n)."""
    (t1, e1), (t2, e2) = first, second
    mark = np.zeros((len(t1), t1.shape[1] + t2.shape[1]), dtype=bool)
    mark[:, : t1.shape[1]] = True
    log_hr, se = stack_cox(stack_risk_sets(np.hstack([t1, t2]), np.hstack([e1, e2]), mark), tolerance=1e-8)
    curves = [PatientStack(time, event).curves for time, event in (first, second)]
    found = {"log HR": (log_hr, se**2)}
    horizon = min(HORIZON, *(float(curve.reach.min()) for curve in curves))
    (m1, v1), (m2, v2) = (curve.restricted_mean(horizon) for curve in curves)
    found["RMST"] = (m1 - m2, v1 + v2)
    for when in (6.0, 12.0):
        parts = [greenwood(*arm, when) for arm in (first, second)]
        found[f"S({when:g})"] = (parts[0][0] - parts[1][0], parts[0][1] + parts[1][1])
    return found


def greenwood(time, event, when):
    """Survival at a time and its variance, by replicate."""
    n = time.shape[1]
    left = n - np.arange(n)
    before = (time <= when) & (event > 0)
    survival = np.prod(np.where(before, 1 - 1 / left, 1.0), axis=1)
    spread = np.where(before, 1 / (left * np.maximum(left - 1.0, 0.5)), 0.0).sum(axis=1)
    return survival, np.maximum(survival**2 * spread, 1e-8)


# Inputs that are printed between two arms.
PAIRS = ("ratio", "test")


def rebuilt(arms, kind, replicates, rng, paired, death=False):
    """Both arms again."""
    summaries = [printed(*arm, "abstract" if kind in PAIRS else kind, death) for arm in arms]
    if kind in PAIRS:
        data = [np.concatenate([arm[part] for arm in arms]) for part in (0, 1)]
        data.append(np.repeat([1, 0], [arms[0][0].size, arms[1][0].size]))
        both = from_summaries(summaries, replicates=2 * replicates, rng=rng)
        if kind == "ratio":
            made = cox(*data)
            ratio = HazardRatio(round(made.hr, 2), round(made.lower, 2), round(made.upper, 2), rounding=0.005)
            pair = from_pair(*both, ratio, pairs=replicates, rng=rng)
        else:
            p = logrank(*data).p
            test = LogRankTest(p - 0.0005, p + 0.0005, p) if p > 0.001 else LogRankTest(0.0, 0.001, 0.001)
            pair = from_log_rank(*both, test, pairs=replicates, rng=rng)
        return [stacked(pair.first), stacked(pair.second)]
    if paired:
        return [stacked(made) for made in from_summaries(summaries, replicates=replicates, rng=rng)]
    return [stacked(from_summary(s, replicates=replicates, rng=rng)) for s in summaries]


def single(arm):
    """One arm as a stack of one replicate."""
    return arm[0][None], arm[1][None]


def trial(name, n, kinds, replicates, seed, true, death=False):
    """Rows of one simulated trial."""
    first, second, visits = KNOWN[name]
    rng = np.random.default_rng([*seed, 0])
    arms = [patients(hazard, visits, n, rng) for hazard in (first, second)]
    full = measured(*(single(arm) for arm in arms))
    width = {measure: np.sqrt(full[measure][1][0]) for measure in MEASURES}
    base = {"shape": name, "n": n}
    rows = []
    for measure in MEASURES:
        off = (full[measure][0][0] - true[measure]) / width[measure]
        known = {"input": "full data", "measure": measure, "held": abs(off) <= 1.96, "width": 1.0, "error": off}
        rows.append(base | known)
    for kind, paired in kinds:
        rng = np.random.default_rng([*seed, 1])
        label = kind if kind in PAIRS else f"{kind}, {'paired' if paired else 'unanchored'}"
        try:
            made = rebuilt(arms, kind, replicates, rng, paired, death)
        except ResurveyError as reason:
            rows.append(base | {"input": label, "measure": "refused", "reason": str(reason)})
            continue
        found = measured(*made)
        for measure in MEASURES:
            value, variance = found[measure]
            known = np.isfinite(value) & np.isfinite(variance)
            pooled = rubin(value[known], variance[known])
            rows.append(base | {
                "input": label, "measure": measure, "held": pooled.lower <= true[measure] <= pooled.upper,
                "of_full": pooled.lower <= full[measure][0][0] <= pooled.upper,
                "width": (pooled.upper - pooled.lower) / (3.92 * width[measure]),
                "error": (pooled.estimate - true[measure]) / width[measure], "missing": pooled.missing_information,
            })  # fmt: skip
        for arm, again in zip(arms, made, strict=True):
            area = PatientStack(*again).curves.restricted_mean(HORIZON)[0]
            own = PatientStack(*single(arm)).curves.restricted_mean(HORIZON)[0][0]
            low, high = np.quantile(area, [0.05, 0.95], method="weibull")
            rows.append(base | {"input": label, "measure": "band", "held": low <= own <= high})
    return rows


def truth(name, rng):
    """Every measure with many patients."""
    first, second, visits = KNOWN[name]
    arms = [patients(hazard, visits, 100_000, rng) for hazard in (first, second)]
    return {measure: float(value[0][0]) for measure, value in measured(*(single(arm) for arm in arms)).items()}


def table(made):
    """Coverage (per cent), mean error and width by shape and input, for each measure."""
    known = made[made["measure"] != "refused"].assign(held=lambda rows: rows["held"].astype(float))
    by = known.groupby(["measure", "input", "shape"], sort=False)
    return pd.DataFrame(
        {
            "trials": by.size(),
            "coverage": 100 * by["held"].mean(),
            "error / full se": by["error"].mean(),
            "width / full": by["width"].median(),
            "missing": by["missing"].mean(),
        }
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--trials", type=int, default=20)
    parser.add_argument("--replicates", type=int, default=40)
    parser.add_argument("--sizes", type=int, nargs="+", default=[60, 300])
    parser.add_argument("--shapes", nargs="+", default=list(SHAPES))
    parser.add_argument("--others", action="store_true", help="the shapes that were kept apart")
    parser.add_argument("--fresh", action="store_true", help="the shapes of other families")
    parser.add_argument("--inputs", nargs="+", default=["abstract", "follow-up", "rates", "ratio"])
    parser.add_argument("--unanchored", action="store_true", help="rebuild each arm by itself, too")
    parser.add_argument("--deaths", action="store_true", help="say that the event is death")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path)
    args = parser.parse_args()
    warnings.simplefilter("error")
    begin, rows = clock.process_time(), []
    kinds = [(kind, True) for kind in args.inputs]
    kinds += [(kind, False) for kind in args.inputs if args.unanchored and kind not in PAIRS]
    names = list(OTHERS if args.others else FRESH if args.fresh else args.shapes)
    seeds = {name: (args.seed, list(KNOWN).index(name)) for name in names}
    true = {name: truth(name, np.random.default_rng(seeds[name])) for name in names}
    # a trial of every shape and size at a time: what is written is balanced whenever the run is broken off
    for number in range(args.trials):
        for n in args.sizes:
            for name in names:
                rows += trial(name, n, kinds, args.replicates, (*seeds[name], n, number), true[name], args.deaths)
        if args.out:
            pd.DataFrame(rows).to_csv(args.out, index=False)
    made = pd.DataFrame(rows)
    view = table(made)
    with pd.option_context("display.width", 160, "display.max_rows", None):
        sys.stdout.write(view["coverage"].unstack("input").round(0).to_string() + "\n\n")
        sys.stdout.write(view["width / full"].unstack("input").round(2).to_string() + "\n\n")
        sys.stdout.write(view["error / full se"].unstack("input").round(2).to_string() + "\n\n")
        all_shapes = made[made["measure"] != "refused"].assign(held=lambda r: r["held"].astype(float))
        sys.stdout.write(
            (100 * all_shapes.groupby(["measure", "input", "n"])["held"].mean()).unstack().round(1).to_string()
        )
    refused = (made["measure"] == "refused").sum()
    sys.stdout.write(f"\n{refused} not rebuilt; {clock.process_time() - begin:.0f} s of processor\n")


if __name__ == "__main__":
    main()
