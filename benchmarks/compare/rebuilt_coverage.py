"""Coverage of the pooled (Rubin) intervals when patients are really rebuilt from what a paper prints.

    python benchmarks/compare/rebuilt_coverage.py [--trials 40] [--replicates 50] [--out FILE.csv]

Two-arm trials are simulated, reduced to print, rebuilt, and compared again. Settings: patients an arm, the effect, and
whether events are seen at visits only. Inputs, from little to much:

- abstract: n, events, median and its interval, median follow-up;
- text: the same, survival at 6 and 12 months in per cent, numbers at risk every 6 months;
- curve: the curve at the resolution of a printed figure (600 by 400 pixels), numbers at risk every 6 months, events.

Times are printed to 0.1 months, survival to 0.1 per cent. Full-data coverage asks for the estimate that the patients
themselves give; that of the rebuilding alone uses the variance between replicates and nothing else.
"""

import argparse
import sys
import time
import warnings
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.special import stdtrit

from resurvey.compare import pairwise
from resurvey.errors import ResurveyError
from resurvey.reconstruct import SurvivalSummary, from_curve, from_summary
from resurvey.survival import kaplan_meier, quantile

SHAPE, MEDIAN = 1.2, 8.0
SHORTEST, LONGEST = 12.0, 30.0  # potential follow-up: 18 months of enrolment, 12 more to the cut-off
DROPOUT = 0.004  # hazard a month
HORIZON = 12.0
RISK_TIMES = np.arange(0.0, 30.0, 6.0)
PIXELS = (600, 400)
MEASURES = {"log HR": ("Cox (Efron)", "hazard ratio"), "RMST": ("restricted mean", "difference")}
INPUTS = ("abstract", "text", "curve")


@dataclass(frozen=True)
class Setting:
    """A kind of trial: patients an arm, hazard ratio before and after `delay` months, time between visits."""

    name: str
    n: int
    early: float
    late: float
    delay: float = 0.0
    visits: float = 0.0


SETTINGS = (
    Setting("100 an arm, ratio 0.7", 100, 0.7, 0.7),
    Setting("250 an arm, ratio 0.7", 250, 0.7, 0.7),
    Setting("150 an arm, ratio 0.7, visits every 6 weeks", 150, 0.7, 0.7, visits=1.38),
    Setting("150 an arm, no effect for 4 months, then 0.5", 150, 1.0, 0.5, delay=4.0),
)


def event_times(n, early, late, delay, rng):
    """Weibull times whose hazard is multiplied by `early` up to `delay` and by `late` after it."""
    rate = np.log(2) / MEDIAN**SHAPE
    hazard = rng.exponential(size=n)
    turn = early * rate * delay**SHAPE
    later = delay**SHAPE + np.maximum(hazard - turn, 0.0) / (late * rate)
    return np.where(hazard <= turn, hazard / (early * rate), later) ** (1 / SHAPE)


def arm(setting, treated, n, rng):
    """Patients of one arm: time, event."""
    ratios = (setting.early, setting.late) if treated else (1.0, 1.0)
    event = event_times(n, *ratios, setting.delay, rng)
    censored = np.minimum(rng.uniform(SHORTEST, LONGEST, n), rng.exponential(1 / DROPOUT, n))
    if setting.visits:
        event = np.ceil(event / setting.visits) * setting.visits
    return pd.DataFrame({"time": np.minimum(event, censored), "event": (event <= censored).astype(float)})


def printed_limits(patients):
    """Median and its log-log limits as printed; None where a limit is not reached."""
    median = quantile(patients["time"], patients["event"])
    values = (median.time, median.lower, median.upper)
    return [None if not np.isfinite(value) else round(float(value), 1) for value in values]


def median_follow_up(patients):
    """Reverse Kaplan-Meier, as printed; None where the last patients all have the event."""
    value = quantile(patients["time"], 1 - patients["event"]).time
    return round(value, 1) if np.isfinite(value) else None


def at_risk(patients):
    """Printed times within the follow-up and how many are at risk."""
    times = RISK_TIMES[patients["time"].max() >= RISK_TIMES]
    return times, (patients["time"].to_numpy()[:, None] >= times).sum(axis=0)


def summary_of(patients, kind):
    """What the abstract or the text prints of an arm."""
    median, lower, upper = printed_limits(patients)
    facts = {"n": len(patients), "events": int(patients["event"].sum()), "median_follow_up": median_follow_up(patients)}
    facts |= {"median": median, "lower": lower, "upper": upper}
    facts |= {"median_not_reached": median is None, "upper_not_reached": upper is None}
    if kind == "text":
        curve = kaplan_meier(patients["time"], patients["event"])
        facts["landmarks"] = [(t, round(float(curve.at([t])[0]), 3)) for t in (6.0, 12.0)]
        facts["at_risk_times"], facts["at_risk"] = at_risk(patients)
    return SurvivalSummary(**facts)


def rebuild(patients, kind, axis, replicates, rng):
    """The arm again, from print; both arms of a figure share its time axis, which is `axis` months long."""
    if kind != "curve":
        return from_summary(summary_of(patients, kind), replicates=replicates, rng=rng).patients
    curve = kaplan_meier(patients["time"], patients["event"])
    end = float(patients["time"].max())
    width, height = axis / PIXELS[0], 1 / PIXELS[1]
    grid = np.arange(0, PIXELS[0] + 1) * width
    grid = grid[grid <= end]
    seen = np.round(curve.at(grid) / height) * height
    times, count = at_risk(patients)
    known = {"n": len(patients), "events": int(patients["event"].sum()), "end_of_follow_up": end}
    made = from_curve(grid, seen, at_risk_times=times, at_risk=count, replicates=replicates, rng=rng, **known)
    return made.patients


def estimates(first, second):
    """Log hazard ratio and difference of restricted means: estimate, se, limits, between variance, df, replicates."""
    made = pairwise(first, second, horizon=HORIZON, weights=())
    found = {}
    for name, (method, measure) in MEASURES.items():
        row, spread = made.row(method, measure), made.ensemble
        of = spread[(spread["method"] == method) & (spread["measure"] == measure)].iloc[0]
        values = row[["estimate", "lower", "upper"]].to_numpy(dtype=float)
        values = np.log(values) if name == "log HR" else values
        spreads = {"between": of["between"], "missing": of["missing_information"], "m": of["replicates"]}
        found[name] = {"estimate": values[0], "lower": values[1], "upper": values[2], "se": row["se"], **spreads}
    return found


def truth(setting, rng):
    """What a trial of 200,000 patients an arm finds, under the same censoring."""
    found = estimates(arm(setting, True, 200_000, rng), arm(setting, False, 200_000, rng))
    return {name: values["estimate"] for name, values in found.items()}


def one_trial(setting, true, replicates, rng):
    """Rows of one simulated trial: the full data and each input, each measure."""
    groups = [arm(setting, treated, setting.n, rng) for treated in (True, False)]
    full = estimates(*groups)
    axis = max(float(group["time"].max()) for group in groups)
    rows = [_row(setting, "full data", name, full[name], full[name], true[name]) for name in MEASURES]
    for kind in INPUTS:
        try:
            found = estimates(*[rebuild(group, kind, axis, replicates, rng) for group in groups])
        except ResurveyError as reason:
            rows.append({"setting": setting.name, "input": kind, "measure": "", "failed": str(reason)})
            continue
        rows += [_row(setting, kind, name, found[name], full[name], true[name]) for name in MEASURES]
    return rows


def _row(setting, kind, name, found, full, true):
    alone = stdtrit(max(found["m"] - 1, 1), 0.975) * np.sqrt((1 + 1 / found["m"]) * found["between"])
    return {
        "setting": setting.name, "input": kind, "measure": name, "failed": "",
        "covers_truth": found["lower"] <= true <= found["upper"],
        "covers_full": found["lower"] <= full["estimate"] <= found["upper"],
        "rebuilding_covers_full": abs(found["estimate"] - full["estimate"]) <= alone,
        "error": found["estimate"] - full["estimate"], "off_truth": found["estimate"] - true,
        "se": found["se"], "full_se": full["se"], "between": found["between"], "missing": found["missing"],
    }  # fmt: skip


def table(rows):
    """Coverage and accuracy by setting, input and measure."""
    made = rows[rows["failed"] == ""]
    yes = {name: made[name].astype(float) for name in ("covers_truth", "covers_full", "rebuilding_covers_full")}
    by = made.assign(**yes).groupby(["setting", "input", "measure"], sort=False)
    view = pd.DataFrame({
        "trials": by.size(),
        "truth": 100 * by["covers_truth"].mean(),
        "full": 100 * by["covers_full"].mean(),
        "full, rebuilding alone": 100 * by["rebuilding_covers_full"].mean(),
        "se / spread": by["se"].mean() / by["off_truth"].apply(lambda v: np.sqrt(np.mean(v**2))),
        "rms error against full / full se": by["error"].apply(lambda v: np.sqrt(np.mean(v**2))) / by["full_se"].mean(),
        "sd between / rms error": np.sqrt(by["between"].mean()) / by["error"].apply(lambda v: np.sqrt(np.mean(v**2))),
        "mean error / full se": by["error"].mean() / by["full_se"].mean(),
        "width against full": by["se"].mean() / by["full_se"].mean(),
        "missing information": by["missing"].mean(),
    })  # fmt: skip
    return view


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--trials", type=int, default=40, help="a setting")
    parser.add_argument("--replicates", type=int, default=50)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path)
    args = parser.parse_args()
    warnings.simplefilter("error")
    begin, rows = time.process_time(), []
    for setting, seed in zip(SETTINGS, np.random.SeedSequence(args.seed).spawn(len(SETTINGS)), strict=True):
        rng = np.random.default_rng(seed)
        true = truth(setting, rng)
        for _ in range(args.trials):
            rows += one_trial(setting, true, args.replicates, rng)
    made = pd.DataFrame(rows)
    if args.out:
        made.to_csv(args.out, index=False)
    together = made.assign(setting="all")
    view = table(pd.concat([made, together], ignore_index=True))
    sys.stdout.write(view.round(3).to_string() + "\n")
    failed = made[made["failed"] != ""]
    sys.stdout.write(f"{len(failed)} arms or trials not rebuilt; {time.process_time() - begin:.0f} s of processor\n")
    for reason, count in failed["failed"].value_counts().items():
        sys.stdout.write(f"  {count} x {reason}\n")


if __name__ == "__main__":
    main()
