"""What an abstract alone makes of trials whose curves were digitised: the hardest question on the project's own data.

    python benchmarks/reconstruction/against_curves.py [--replicates 200] [--seed 1]

As the step `beside_curves` of the pipeline, which uses all that is printed of each arm; here only what an abstract
prints (n, events, median and interval: no follow-up, no survival at a time, and as there no ratio).
"""

import argparse
import sys
from pathlib import Path

import pandas as pd

from resurvey import clean, tables
from resurvey.compare.beside_curves import beside_curves
from resurvey.reconstruct.curve_evidence import curves_of

RAW = Path(__file__).parents[2] / "data" / "raw"
ABSTRACT = ("n", "events", "median", "lower", "upper", "ci_level", "time_rounding", "assessment_interval",
            "median_not_reached", "upper_not_reached", "label")  # fmt: skip
SHOWN = ["study_id", "endpoint", "arm_id", "comparator_arm_id", "quantity", "time_months", "printed", "summary",
         "summary_lower", "summary_upper", "curve", "curve_lower", "curve_upper", "error", "holds"]  # fmt: skip


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--replicates", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    opt = parser.parse_args()
    typed = clean.tidy(tables.read_raw(RAW))
    table = typed["curves"]
    options = {"replicates": opt.replicates, "seed": opt.seed, "told": ABSTRACT}
    made = [
        row
        for study in dict.fromkeys(table["study_id"])
        for row in beside_curves(typed, study, curves_of(table, study, RAW / "curves"), **options).to_dict("records")
    ]
    with pd.option_context("display.width", 250, "display.max_columns", None, "display.precision", 3):
        sys.stdout.write(pd.DataFrame(made)[SHOWN].to_string(index=False) + "\n")


if __name__ == "__main__":
    main()
