"""Extrapolation of one group beyond its follow-up, as rows and tables of a comparison."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import pandas as pd

from resurvey.compare.extrapolation import AVERAGE, MODELS, Extrapolation, extrapolate
from resurvey.compare.groups import check_group, grade_of, group_of, label_of
from resurvey.compare.outcome import Outcome, What, doubts, row
from resurvey.plan import ExtrapolationComparison
from resurvey.results import Contrast, Model, Quantity, Role
from resurvey.survival.background import background
from resurvey.tables import Tables


def compare_beyond(entry: ExtrapolationComparison, typed: Tables, patients: Mapping[str, pd.DataFrame]) -> Outcome:
    """Extrapolate a group; the main estimate is the model-averaged restricted mean to the last horizon.

    Raises
    ------
    InputError
        If the group names an unknown study or arm, or the life table lacks an age of the cohort.
    NotEstimable
        If the group was not reconstructed, or no model can be fitted.
    """
    check_group(typed, entry.group)
    own = group_of(patients, entry.group)
    mortality = None
    if entry.life_table:
        mortality = background(_frame(entry.life_table), _frame(entry.cohort))
    external = pd.DataFrame([asdict(one) for one in entry.external]) if entry.external else None
    made = extrapolate(
        own, entry.times, entry.horizons, models=entry.models or MODELS, background=mortality,
        external=None if external is None else external.dropna(axis=1, how="all"),
    )  # fmt: skip
    facts = {
        "treatment": label_of(typed, entry.group), "comparator": "", "endpoint": entry.group.endpoint,
        "population": entry.group.population, "evidence": grade_of(patients, entry.group),
        "n_treatment": int((own["replicate"] == own["replicate"].iloc[0]).sum()),
    }  # fmt: skip
    tables = {
        "beyond_models": made.models, "beyond_survival": made.survival, "beyond_means": made.means,
        "beyond_hazards": made.hazards, "beyond_outside": made.outside,
    }  # fmt: skip
    return Outcome(pd.DataFrame(_rows(entry, made, facts)), {k: table for k, table in tables.items() if len(table)})


def _frame(rows: tuple[Any, ...]) -> pd.DataFrame:
    """Rows of the plan as a table, without the column sex if none is given."""
    table = pd.DataFrame([asdict(one) for one in rows])
    return table if table["sex"].any() else table.drop(columns="sex")


def _rows(entry: ExtrapolationComparison, made: Extrapolation, facts: Mapping[str, Any]) -> list[dict[str, Any]]:
    rows = []
    last = made.means["horizon"].max()
    for _, line in made.means.iterrows():
        main = line["model"] == AVERAGE and line["horizon"] == last
        what = What(
            f"{line['model']}, extrapolated", f"mean survival time to {line['horizon']:.4g} months",
            Role.MAIN if main else Role.SECONDARY, Quantity.RESTRICTED_MEAN, Contrast.TREATMENT, Model.PARAMETRIC,
            time_months=float(line["horizon"]), variation=str(line["model"]),
        )  # fmt: skip
        note = f"{line['observed']:.0%} of it within the follow-up"
        values = (float(line["mean"]), float(line["lower"]), float(line["upper"]), float("nan"))
        known = {**facts, **doubts(line["missing_information"], line["monte_carlo"], note)}
        rows.append(row(entry, what, *values, **known))
    for _, line in made.survival.iterrows():
        what = What(
            f"{line['model']}, extrapolated", f"survival at {line['time']:.4g} months", Role.SECONDARY,
            Quantity.SURVIVAL, Contrast.TREATMENT, Model.PARAMETRIC, time_months=float(line["time"]),
            variation=str(line["model"]),
        )  # fmt: skip
        note = "beyond the follow-up: the model's formula alone" if line["extrapolated"] else ""
        values = (float(line["survival"]), float(line["lower"]), float(line["upper"]), float("nan"))
        known = {**facts, **doubts(line["missing_information"], line["monte_carlo"], note)}
        rows.append(row(entry, what, *values, **known))
    return rows
