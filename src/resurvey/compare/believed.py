"""Probabilistic bias analysis that a plan requests, as additional rows and a table of a comparison."""

from __future__ import annotations

from typing import Any

import pandas as pd

from resurvey.compare.outcome import Outcome, What, row
from resurvey.compare.printed_bias import FACTS, PrintedRatio, judged
from resurvey.compare.probabilistic_bias import BiasAnalysis, probabilistic_bias
from resurvey.plan import AnyComparison
from resurvey.results import Contrast, Quantity, Role


def with_beliefs(entry: AnyComparison, made: Outcome) -> Outcome:
    """Add the main hazard ratios corrected for the bias beliefs of the plan; without beliefs, return the input.

    Raises
    ------
    InputError
        If a prevalence can fall outside 0 to 1, or a strength can be 0 or less.
    """
    if entry.bias is None:
        return made
    asked = entry.bias
    parts, rows = [], []
    for line in judged(made.estimates):
        if line["quantity"] != Quantity.HAZARD_RATIO or line["refused"]:
            continue
        one = PrintedRatio(entry, line)
        found = probabilistic_bias(
            one.effect, asked.strength.belief(), asked.treated.belief(), asked.comparator.belief(),
            correlation=asked.correlation, draws=asked.draws, seed=asked.seed,
        )  # fmt: skip
        names = {"treatment": line["treatment"], "comparator": line["comparator"]}
        table = found.summary.assign(**names, seed=found.seed, draws=found.draws)
        parts.append(table[[*names, *found.summary.columns, "seed", "draws"]])
        rows.append(_row(one, found, line))
    if not rows:
        return made
    estimates = pd.concat([made.estimates, pd.DataFrame(rows)], ignore_index=True)
    return Outcome(estimates, {**made.tables, "bias_beliefs": pd.concat(parts, ignore_index=True)})


def _row(one: PrintedRatio, found: BiasAnalysis, line: dict[str, Any]) -> dict[str, Any]:
    both = found.summary.set_index("error").loc["both"]
    what = What("probabilistic bias analysis", "HR", Role.BIAS, Quantity.HAZARD_RATIO, Contrast.RATIO,
                variation="believed bias")  # fmt: skip
    note = f"{both['probability_below_0']:.1%} of {found.draws} draws (seed {found.seed}) below 1"
    values = (float(both["ratio"]), float(both["ratio_lower"]), float(both["ratio_upper"]), float("nan"))
    facts = {key: line[key] for key in FACTS if key in line}
    return row(one.entry, what, *values, str(line["evidence"]), note=f"{note}; of {line['method']}", **facts)
