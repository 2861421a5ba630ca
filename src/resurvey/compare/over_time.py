"""A network of rebuilt patients with time-varying hazard ratios, as rows and tables of a comparison."""

from __future__ import annotations

from collections.abc import Mapping
from math import exp
from typing import Any

import pandas as pd

from resurvey.compare.groups import check_group, grade_of, group_of
from resurvey.compare.outcome import Outcome, What, doubts, refused_row, row
from resurvey.compare.timed_network import MODELS, time_network
from resurvey.compare.timed_results import TimeNetwork
from resurvey.errors import InputError, NotEstimable
from resurvey.plan import Group, TimedComparison
from resurvey.results import Contrast, Model, Quantity, Role
from resurvey.tables import Tables

Rows = list[dict[str, Any]]


def compare_over_time(entry: TimedComparison, typed: Tables, patients: Mapping[str, pd.DataFrame]) -> Outcome:
    """Compare over time; the main estimate is the difference in restricted mean survival time at the last horizon.

    Raises
    ------
    InputError
        If a group names a study or an arm that no table has, or the reference is not a treatment of any group.
    NotEstimable
        If a group was not rebuilt, two arms of a study are the same treatment, or no model can be fitted.
    """
    for group in entry.groups:
        check_group(typed, group)
    nodes = [_node(entry, typed, group) for group in entry.groups]
    arms = [f"{node} of {group.study}" for node, group in zip(nodes, entry.groups, strict=True)]
    twice = sorted({arm for arm in arms if arms.count(arm) > 1})
    if twice:
        raise NotEstimable(f"two arms of one study count as one treatment: {', '.join(twice)}; leave one of them out")
    if entry.reference not in nodes:
        raise InputError(
            f"reference {entry.reference!r} is not a treatment of the groups, {', '.join(sorted({*nodes}))}"
        )
    parts = [
        group_of(patients, group).assign(study=group.study, treatment=node)
        for group, node in zip(entry.groups, nodes, strict=True)
    ]
    made = time_network(
        pd.concat(parts, ignore_index=True), reference=entry.reference, models=entry.models or MODELS,
        population=entry.population, between=entry.between, horizon=entry.horizon,
        horizons=entry.horizons or None, cuts=entry.cuts or None,
    )  # fmt: skip
    grades = {grade_of(patients, group) for group in entry.groups}
    facts = {
        "comparator": entry.reference, "endpoint": entry.groups[0].endpoint, "population": "all",
        "evidence": "summary" if "summary" in grades else "curve",
    }  # fmt: skip
    rows = _mean_rows(entry, made, facts) + _ratio_rows(entry, made, facts)
    away = sorted({*nodes} - {*made.hazard_ratios["treatment"], entry.reference})
    what = What("network over time", "none", Role.MAIN, Quantity.NOTHING)
    evidence = facts.pop("evidence")
    rows += [refused_row(entry, what, "; ".join(made.messages), evidence, treatment=name, **facts) for name in away]
    return Outcome(pd.DataFrame(rows), _tables(made))


def _node(entry: TimedComparison, typed: Tables, group: Group) -> str:
    arms = typed["arms"]
    found = arms[(arms["study_id"] == group.study) & (arms["arm_id"] == group.arm)]
    treatment = str(found.iloc[0]["treatment_id"])
    return entry.merge.get(treatment, treatment)


def _mean_rows(entry: TimedComparison, made: TimeNetwork, facts: Mapping[str, Any]) -> Rows:
    """Differences in restricted means, common and random effects; the main one is random, at the last horizon."""
    rows: Rows = []
    last = made.means["horizon"].max()
    for _, line in made.means.iterrows():
        random, ratio = line["model"] == "random", line["scale"] == "ratio"
        main = random and not ratio and line["horizon"] == last
        name = f"network of restricted means, {line['model']} effects"
        what = What(
            name, f"restricted mean {'ratio' if ratio else 'difference'} to {line['horizon']:.4g} months",
            Role.MAIN if main else Role.SECONDARY, Quantity.RESTRICTED_MEAN,
            Contrast.RATIO if ratio else Contrast.DIFFERENCE, Model.RANDOM if random else Model.COMMON,
            time_months=float(line["horizon"]),
        )  # fmt: skip
        if not isinstance(line["treatment"], str):
            what = What("network of restricted means", "none", Role.SECONDARY, Quantity.RESTRICTED_MEAN)
            own = {key: value for key, value in facts.items() if key != "evidence"}
            rows.append(refused_row(entry, what, str(line["note"]), str(facts["evidence"]), **own))
            continue
        middle, low, high = (float(line[name]) for name in ("estimate", "lower", "upper"))
        if ratio:
            middle, low, high = exp(middle), exp(low), exp(high)
        p = float(line["p"])
        note = f"left out, as they end before: {line['left_out']}" if line["left_out"] else ""
        known = {**facts, **doubts(line["missing_information"], line["monte_carlo"], note)}
        rows.append(row(entry, what, middle, low, high, p, treatment=line["treatment"], **known))
    return rows


def _ratio_rows(entry: TimedComparison, made: TimeNetwork, facts: Mapping[str, Any]) -> Rows:
    """Hazard ratios of each model at each quarter of the horizon; only one under proportional hazards."""
    rows: Rows = []
    times = made.hazard_ratios["time"].unique()
    wanted = {times[len(times) * k // 4 - 1] for k in (1, 2, 3)}
    for fit in made.fits:
        own = made.hazard_ratios[made.hazard_ratios["model"] == fit.name]
        fixed = fit.basis.family == "proportional"
        own = own.groupby("treatment", sort=False).head(1) if fixed else own[own["time"].isin(wanted)]
        for _, line in own.iterrows():
            at = float("nan") if fixed else float(line["time"])
            measure = "HR" if fixed else f"HR at {at:.4g} months"
            model = Model.COX if fixed else Model.OVER_TIME
            what = What(f"network over time, {fit.name}", measure, Role.SECONDARY, Quantity.HAZARD_RATIO,
                        Contrast.RATIO, model, time_months=at, variation=fit.name)  # fmt: skip
            note = "beyond the follow-up: the model's formula alone" if line["extrapolated"] else fit.basis.label
            if line["hr"] != line["hr"]:
                less = {key: value for key, value in facts.items() if key != "evidence"}
                reason = "no trial informs this time, or the spline falls there and has no hazard"
                rows.append(
                    refused_row(entry, what, reason, str(facts["evidence"]), treatment=line["treatment"], **less)
                )
                continue
            values = (float(line["hr"]), float(line["lower"]), float(line["upper"]), float("nan"))
            known = {**facts, **doubts(line["missing_information"], line["monte_carlo"], note)}
            rows.append(row(entry, what, *values, treatment=line["treatment"], **known))
    return rows


def _tables(made: TimeNetwork) -> dict[str, pd.DataFrame]:
    tables = {
        "over_time_ratios": made.hazard_ratios, "over_time_survival": made.survival,
        "over_time_summaries": made.summaries, "over_time_ranks": made.ranks, "over_time_fit": made.fit,
        "over_time_powers": made.powers, "over_time_means": made.means, "over_time_coefficients": made.coefficients,
    }  # fmt: skip
    tables["over_time_ratios"] = made.hazard_ratios[
        [
            *("model", "treatment", "comparator", "time", "log_hr", "se", "hr", "lower", "upper", "extrapolated"),
            *("missing_information", "monte_carlo"),
        ]
    ]
    said = [
        {"kind": "population", "message": f"survival is that of the arm of {made.reference} in {made.population}"},
        *({"kind": "network", "message": text} for text in made.messages),
    ]
    return {name: table for name, table in tables.items() if len(table)} | {"messages": pd.DataFrame(said)}
