"""What print alone makes of trials whose curves were digitised: a validation on the project's own data.

    python benchmarks/reconstruction/against_curves.py [--replicates 200] [--seed 1]

Every trial and endpoint of `data/raw` with digitised curves of two arms, and medians of the same look at both, is
rebuilt from its abstract alone (n, events, median and interval: no ratio, no follow-up, no survival at a time), and
from the points on the curves. Beside both stands the printed ratio, which neither was told.
"""

import argparse
import sys
from pathlib import Path

import numpy as np
import pandas as pd

from resurvey import clean, tables
from resurvey.compare.rubin import rubin
from resurvey.errors import ResurveyError
from resurvey.reconstruct import SurvivalSummary, from_curve, from_summaries
from resurvey.reconstruct.curve_evidence import curves_of
from resurvey.reconstruct.printed_between import hazard_ratio_of, printed_ratios
from resurvey.reconstruct.printed_facts import gather
from resurvey.survival.cox import stack_cox
from resurvey.survival.stack import PatientStack, pair_risk_sets

RAW = Path(__file__).parents[2] / "data" / "raw"
DIGITISED = ", digitised"
ABSTRACT = ("n", "events", "median", "lower", "upper", "ci_level", "time_rounding", "assessment_interval",
            "median_not_reached", "upper_not_reached", "label")  # fmt: skip
HORIZON = 12.0


def pooled(first, second):
    """Log hazard ratio and difference of restricted means of two stacks, pooled over their replicates."""
    log_hr, se = stack_cox(pair_risk_sets(first, second))
    horizon = min(HORIZON, *(float(arm.curves.reach.min()) for arm in (first, second)))
    (m1, v1), (m2, v2) = (arm.curves.restricted_mean(horizon) for arm in (first, second))
    return rubin(log_hr, se**2), rubin(m1 - m2, v1 + v2), horizon


def of_curves(typed, rows, study, replicates):
    """Both arms from the points of their curves."""
    curves = curves_of(typed["curves"], study, RAW / "curves")
    for _, row in rows.iterrows():
        events = int(row["events"]) if np.isfinite(row["events"]) else None
        curve = curves[row["claim_id"]]
        made = from_curve(curve.times, curve.survival, n=int(row["n"]), events=events, replicates=replicates)
        yield PatientStack(*(np.asarray(part, dtype=float) for part in made.stacked()))


def rows_of(typed, replicates, seed):
    """A row a trial and endpoint."""
    table = typed["curves"]
    table = table[table["data_cut"].str.endswith(DIGITISED)]
    for (study, endpoint, cut), rows in table.groupby(["study_id", "endpoint", "data_cut"], sort=True):
        known = {facts.arm_id: facts.summary for facts in gather(typed, study)
                 if (facts.endpoint, facts.data_cut) == (endpoint, cut.removesuffix(DIGITISED))
                 and facts.population == "all" and facts.summary is not None}  # fmt: skip
        names = [name for name in rows["arm_id"] if name in known]
        if len(names) != 2:
            continue
        ratios = [row for row in printed_ratios(typed["hazard_ratios"], study)
                  if (row["endpoint"], row["data_cut"]) == (endpoint, cut.removesuffix(DIGITISED))
                  and {row["arm_id"], row["comparator_arm_id"]} == set(names)]  # fmt: skip
        printed = hazard_ratio_of(ratios[0]) if ratios else None
        if ratios:
            names = [ratios[0]["arm_id"], ratios[0]["comparator_arm_id"]]
        rows = rows.set_index("arm_id").loc[names].reset_index()
        summaries = [SurvivalSummary(**{key: getattr(known[name], key) for key in ABSTRACT}) for name in names]
        row = {"trial": study, "endpoint": endpoint, "arms": " v ".join(names)}
        row["printed"] = f"{printed.value:.2f} ({printed.lower:.2f}-{printed.upper:.2f})" if printed else ""
        try:
            arms = from_summaries(summaries, replicates=replicates, rng=np.random.default_rng(seed))
        except ResurveyError as reason:
            yield row | {"abstract": str(reason)}
            continue
        stacks = {
            "abstract": [PatientStack(*(np.asarray(part, dtype=float) for part in made.stacked())) for made in arms],
            "curves": list(of_curves(typed, rows, study, 1)),
        }
        for label, both in stacks.items():
            ratio, area, horizon = pooled(*both)
            low, middle, high = np.exp([ratio.lower, ratio.estimate, ratio.upper])
            row[label] = f"{middle:.2f} ({low:.2f}-{high:.2f})"
            row[f"RMST, {label}"] = f"{area.estimate:.2f} ({area.lower:.2f} to {area.upper:.2f})"
            row["months"] = round(horizon, 1)
        yield row


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--replicates", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    opt = parser.parse_args()
    typed = clean.tidy(tables.read_raw(RAW))
    made = pd.DataFrame(list(rows_of(typed, opt.replicates, opt.seed)))
    with pd.option_context("display.width", 250, "display.max_columns", None, "display.max_colwidth", 60):
        sys.stdout.write(made.to_string(index=False) + "\n")


if __name__ == "__main__":
    main()
