"""Printed data on the arms of network studies, used to complete the pairs of multi-arm studies."""

from __future__ import annotations

import numpy as np
import pandas as pd

from resurvey.compare.multi_arm import Completed, complete
from resurvey.plan import NetworkComparison
from resurvey.steady import critical_value
from resurvey.tables import Tables

#: Normal quantile of a 95 % interval, the level of printed medians.
Z = critical_value(0.95)


def completed(entry: NetworkComparison, typed: Tables, contrasts: pd.DataFrame) -> Completed:
    """Complete the contrasts to every pair of every study, from printed data on its arms and from the entry."""
    sides = (("arm", "treatment"), ("comparator_arm", "comparator"))
    nodes = {(line["study"], line[arm]): line[side] for line in contrasts.to_dict("records") for arm, side in sides}
    # a study with one ratio of two treatments needs nothing more
    several = contrasts.groupby("study")["claim_id"].transform("size") > 1
    by_arm = contrasts[["study", "arm", "comparator_arm", "estimate", "se"]]
    return complete(
        by_arm.rename(columns={"arm": "treatment", "comparator_arm": "comparator"}),
        _arms(entry, typed, contrasts[several | (contrasts["treatment"] == contrasts["comparator"])]),
        nodes=nodes,
        method={study: ask.method for study, ask in entry.multi_arm.items() if ask.method is not None},
        correlation={study: ask.correlation for study, ask in entry.multi_arm.items()},
    )


def _arms(entry: NetworkComparison, typed: Tables, contrasts: pd.DataFrame) -> pd.DataFrame:
    """Events and patients of each arm for the endpoint and data cut of its ratio; the control's error, if given."""
    rows = []
    for line in contrasts.drop_duplicates(["study", "comparator_arm", "arm"]).to_dict("records"):
        where = {name: line[name] for name in ("endpoint", "population", "data_cut")}
        ask = entry.multi_arm.get(line["study"])
        for arm in (line["arm"], line["comparator_arm"]):
            given = ask.control_se if ask is not None and arm == line["comparator_arm"] else None
            numbers = arm_counts(typed, line["study"], arm, **where)
            rows.append({"study": line["study"], "arm": arm, **numbers, "se": np.nan if given is None else given})
    made = pd.DataFrame(rows, columns=["study", "arm", "events", "patients", "se"])
    return made.groupby(["study", "arm"], sort=False, as_index=False).max()


def printed_levels(typed: Tables, contrasts: pd.DataFrame) -> pd.DataFrame:
    """Log hazard of each arm of a network implied by its printed median under a constant hazard.

    Columns study, treatment (node), estimate, se: log(log 2 / median), with the standard error from the median's
    interval or from the printed events. Arms without a median for the endpoint of their ratio, or without either
    source of error, are left out.
    """
    medians, rows = typed["medians"], []
    for line in contrasts.to_dict("records"):
        for arm, node in ((line["arm"], line["treatment"]), (line["comparator_arm"], line["comparator"])):
            own = medians[(medians["study_id"] == line["study"]) & (medians["arm_id"] == arm)]
            own = own[(own["population"] == line["population"]) & (own["endpoint"] == line["endpoint"])]
            own = own[(own["data_cut"].fillna("") == line["data_cut"]) & (own["value"] > 0)]
            if own.empty:
                continue
            row = own.iloc[0]
            ratio = row["upper"] / row["lower"] if row["lower"] > 0 else np.nan
            se = np.log(ratio) / (2 * Z) if np.isfinite(ratio) and ratio > 1 else row["events"] ** -0.5
            level = float(np.log(np.log(2) / row["value"]))
            rows.append({"study": line["study"], "treatment": node, "estimate": level, "se": float(se)})
    made = pd.DataFrame(rows, columns=["study", "treatment", "estimate", "se"]).drop_duplicates(["study", "treatment"])
    return made[np.isfinite(made["se"])].reset_index(drop=True)


def arm_counts(
    typed: Tables, study: str, arm: str, *, endpoint: str, population: str, data_cut: str
) -> dict[str, float]:
    """Events of an endpoint and patients of an arm, as printed with its median or curve, or in the table of arms."""
    counts = {"events": np.nan, "patients": np.nan}
    for name in ("medians", "curves"):
        rows = typed[name]
        here = (rows["study_id"] == study) & (rows["arm_id"] == arm) & (rows["population"] == population)
        rows = rows[here & (rows["endpoint"] == endpoint) & (rows["data_cut"].fillna("") == data_cut)]
        for column, count in (("events", "events"), ("n", "patients")):
            printed = rows[column].dropna()
            if np.isnan(counts[count]) and len(printed):
                counts[count] = float(printed.iloc[0])
    if np.isnan(counts["patients"]):
        arms = typed["arms"]
        here = (arms["study_id"] == study) & (arms["arm_id"] == arm) & (arms["population"] == population)
        sized = arms.loc[here, "n"].dropna()
        counts["patients"] = float(sized.iloc[0]) if len(sized) else np.nan
    return counts
