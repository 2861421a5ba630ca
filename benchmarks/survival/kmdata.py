"""Run every method on the patients of published figures: does anything fail, and does Cox agree with lifelines?

Usage: OMP_NUM_THREADS=1 python benchmarks/survival/kmdata.py FOLDER_OF_RDA_FILES [every]
"""

import sys
import time
import warnings
from collections import Counter
from pathlib import Path

import numpy as np
import pandas as pd
import rdata
from lifelines import CoxPHFitter

from resurvey.compare.pairwise import pairwise
from resurvey.survival import fit_models

# The collection's key lies among its sets.
KEY = "kmdata_key.rda"


def patients(path: Path) -> pd.DataFrame:
    """Columns time, event, arm of one figure."""
    table = next(iter(rdata.read_rda(path).values()))
    return table[["time", "event", "arm"]].astype({"time": float, "event": float})


def main() -> None:
    warnings.simplefilter("ignore")
    every = int(sys.argv[2]) if len(sys.argv) > 2 else 1
    counts, worst, spans = Counter(), 0.0, []
    figures = [path for path in sorted(Path(sys.argv[1]).glob("*.rda")) if path.name != KEY]
    for path in figures[::every]:
        table = patients(path)
        labels = sorted(table["arm"].unique(), key=str)
        if len(labels) != 2:
            counts["figures left out: not two arms"] += 1
            continue
        counts["figures"] += 1
        a, b = (table[table["arm"] == label] for label in labels)
        result = pairwise(a, b)
        counts["pairwise rows"] += len(result.rows)
        counts["pairwise rows without a number (the note says why)"] += int(result.rows["estimate"].isna().sum())
        both = table.assign(first=(table["arm"] == labels[0]).astype(float))[["time", "event", "first"]]
        fit = CoxPHFitter().fit(both, "time", "event", fit_options={"precision": 1e-12})
        worst = max(worst, abs(fit.params_["first"] - result.log_hazard_ratio.estimate))
        start = time.process_time()
        positive = {
            str(k): (np.maximum(arm["time"], 0.01), arm["event"]) for k, arm in zip(labels, (a, b), strict=True)
        }
        models = fit_models(positive)
        spans.append((time.process_time() - start) / 2)
        counts["parametric fits"] += len(models)
        for row in models[models["aic"].isna()].itertuples():
            counts[f"not fitted: {row.model}"] += 1
    for label, count in sorted(counts.items()):
        sys.stdout.write(f"| {label} | {count} |\n")
    sys.stdout.write(f"| greatest difference of the log HR from lifelines | {worst:.1e} |\n")
    sys.stdout.write(f"| seconds for 15 models of an arm, median | {np.median(spans):.2f} |\n")


if __name__ == "__main__":
    main()
