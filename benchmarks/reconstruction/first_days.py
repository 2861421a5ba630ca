"""How many arms have events from the first day: trials of the KMDATA collection, and series of patients in lifelines.

    python first_days.py KMDATA_FOLDER

The mean hazard in the first tenth of an arm's median, over that of an even hazard with this median. Printed: the arms
in which it is at least four fifths. The share of the kind "day one" in hazard_shapes.csv rests on these.
"""

import argparse
import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "compare"))
import real_trials

from resurvey.survival import kaplan_meier, quantile

FIRST, EVEN = 0.1, 0.8


def start_of(time, mark):
    """Mean hazard in the first tenth of the median over an even one; not a number where the median is not reached."""
    median = quantile(time, mark).time
    if not np.isfinite(median):
        return np.nan
    return -np.log(float(kaplan_meier(time, mark).at([FIRST * median])[0])) / (FIRST * np.log(2))


def series():
    """Starts of the arms of patient series that were not randomised."""
    from lifelines import datasets

    known = [("load_lung", "time", "status", "sex"), ("load_larynx", "time", "death", "Stage_II"),
             ("load_lymphoma", "Time", "Censor", "Stage_group")]  # fmt: skip
    for name, time, event, arm in known:
        for _, rows in getattr(datasets, name)().dropna(subset=[time, event]).groupby(arm):
            mark = rows[event].to_numpy(float)
            order = np.lexsort((-mark, rows[time].to_numpy(float)))
            yield start_of(rows[time].to_numpy(float)[order], mark[order])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    opt = parser.parse_args()
    real_trials.MOST = np.inf
    found = {"progression": [], "death": [], "series of patients": [start for start in series() if np.isfinite(start)]}
    for _, death, arms in real_trials.trials(opt.folder, 0, 1):
        found["death" if death else "progression"] += [start_of(*arm) for arm in arms]
    for label, starts in found.items():
        sys.stdout.write(f"{label}: {sum(start >= EVEN for start in starts)} of {len(starts)} arms\n")


if __name__ == "__main__":
    main()
