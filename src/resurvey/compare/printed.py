"""Comparisons that rest on printed ratios, rates and medians alone: Bucher, pooling, network, response rates."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import exp, isfinite
from typing import Any

import numpy as np
import pandas as pd

from resurvey.compare.bucher import bucher
from resurvey.compare.estimates import Estimate, from_interval
from resurvey.compare.network import network
from resurvey.compare.network_consistency import contributions, decompose_q, funnel, net_heat, node_split
from resurvey.compare.network_rank import league, p_scores, rank_probabilities
from resurvey.compare.outcome import Outcome, row
from resurvey.compare.pool import leave_one_out, pool
from resurvey.errors import InputError, NotEstimable
from resurvey.tables import Tables

Entry = Mapping[str, Any]


def _claim(table: pd.DataFrame, claim_id: str, name: str) -> pd.Series:
    found = table[table["claim_id"] == claim_id]
    if found.empty:
        raise InputError(f"there is no claim {claim_id!r} in {name}: check the comparison's entry in config.yaml")
    return found.iloc[0]


def treatment_of(typed: Tables, study_id: str, arm_id: str) -> str:
    """Treatment of an arm, from arms."""
    arms = typed["arms"]
    found = arms[(arms["study_id"] == study_id) & (arms["arm_id"] == arm_id) & (arms["treatment_id"] != "")]
    if found.empty:
        raise InputError(f"arm {arm_id!r} of study {study_id!r} has no treatment in arms.csv: fill treatment_id there")
    return str(found.iloc[0]["treatment_id"])


def read_ratio(typed: Tables, claim_id: str) -> dict[str, Any]:
    """One printed ratio on the log scale, with who is in the numerator.

    Returns
    -------
    dict
        claim_id, study, treatment, comparator (treatment ids), estimate, se (log scale), endpoint, population,
        data_cut, model, ci_level.

    Raises
    ------
    NotEstimable
        If neither an interval nor a p value gives a standard error.
    """
    claim = _claim(typed["hazard_ratios"], claim_id, "hazard_ratios.csv")
    level = float(claim["ci_level"]) / 100 if isfinite(claim["ci_level"]) else 0.95
    if not isfinite(claim["value"]):
        raise NotEstimable(f"{claim_id} prints no ratio: leave it out or name a claim that does")
    if not (isfinite(claim["lower"]) and isfinite(claim["upper"])):
        raise NotEstimable(f"{claim_id} prints a ratio without an interval: its standard error is unknown")
    estimate, se = from_interval(float(claim["value"]), float(claim["lower"]), float(claim["upper"]), level=level)
    return {
        "claim_id": claim_id,
        "study": claim["study_id"],
        "treatment": treatment_of(typed, claim["study_id"], claim["arm_id"]),
        "comparator": treatment_of(typed, claim["study_id"], claim["comparator_arm_id"]),
        "estimate": estimate,
        "se": se,
        "endpoint": claim["endpoint"],
        "population": claim["population"],
        "data_cut": claim["data_cut"],
        "model": claim["model"],
        "ci_level": level,
    }


def _oriented(effect: Mapping[str, Any], treatment: str, comparator: str) -> tuple[float, float]:
    """Log ratio of `treatment` against `comparator`, whichever way it was printed."""
    pair = (effect["treatment"], effect["comparator"])
    if pair == (treatment, comparator):
        return effect["estimate"], effect["se"]
    if pair == (comparator, treatment):
        return -effect["estimate"], effect["se"]
    raise InputError(f"{effect['claim_id']} compares {pair[0]} with {pair[1]}, not {treatment} with {comparator}")


def _ratio_row(entry: Entry, method: str, made: Estimate, **extra: Any) -> dict[str, Any]:
    values = (exp(made.estimate), exp(made.lower), exp(made.upper), made.p)
    return row(entry, method, "HR", *values, evidence="printed ratios", ci_level=made.level, **extra)


def compare_bucher(entry: Entry, typed: Tables) -> Outcome:
    """Two printed ratios through their common comparator."""
    top, middle, bottom = entry["path"]
    first, second = read_ratio(typed, entry["first"]), read_ratio(typed, entry["second"])
    ab = _oriented(first, top, middle)
    cb = _oriented(second, bottom, middle)
    made = bucher(ab, cb)
    legs = pd.DataFrame([first, second]).assign(role=["first", "second"])
    claims = f"{entry['first']};{entry['second']}"
    one = _ratio_row(
        entry, "Bucher", made, treatment=top, comparator=bottom, endpoint=first["endpoint"], claim_ids=claims
    )
    return Outcome(pd.DataFrame([one]), {"legs": legs})


def compare_pool(entry: Entry, typed: Tables) -> Outcome:
    """Ratios of the same comparison pooled, together and by named group."""
    effects = pd.DataFrame([read_ratio(typed, claim) for claim in entry["claims"]])
    effects["study"] = _unique_names(effects)
    groups = {"all": list(entry["claims"]), **entry.get("groups", {})}
    rows, studies, left_out = [], [], []
    for name, claims in groups.items():
        chosen = effects[effects["claim_id"].isin(claims)].reset_index(drop=True)
        if chosen.empty:
            raise InputError(f"group {name!r} of comparison {entry['id']!r} names no claim of its list")
        made = pool(chosen)
        common = {
            "population": name,
            "endpoint": chosen["endpoint"].iloc[0],
            "claim_ids": ";".join(chosen["claim_id"]),
            "note": "; ".join([f"{len(chosen)} ratios, tau2 {made.tau2:.4g}, I2 {made.i2:.0%}", *made.messages]),
        }
        rows.append(_ratio_row(entry, "common effect", made.common, **common))
        if len(chosen) > 1:
            rows.append(_ratio_row(entry, "random effects, REML, Hartung-Knapp", made.random, **common))
            limits = np.exp([made.random.estimate, made.prediction_lower, made.prediction_upper])
            rows.append(row(entry, "prediction interval", "HR", *limits, np.nan, evidence="printed ratios", **common))
            left_out.append(leave_one_out(chosen).assign(group=name))
        studies.append(made.studies.assign(group=name))
    tables = {"effects": effects, "studies": pd.concat(studies)}
    if left_out:
        tables["leave_one_out"] = pd.concat(left_out)
    return Outcome(pd.DataFrame(rows), tables)


def _unique_names(effects: pd.DataFrame) -> pd.Series:
    """Study names, with the population where a study gives several ratios."""
    several = effects["study"].duplicated(keep=False)
    return effects["study"].where(~several, effects["study"] + ", " + effects["population"])


def compare_network(entry: Entry, typed: Tables) -> Outcome:
    """A network of printed ratios against a reference, with everything a reviewer asks of one."""
    merge = entry.get("merge", {})
    contrasts = pd.DataFrame([read_ratio(typed, claim) for claim in entry["claims"]])
    for side in ("treatment", "comparator"):
        contrasts[side] = contrasts[side].map(lambda name: merge.get(name, name))
    made = network(contrasts[["study", "treatment", "comparator", "estimate", "se"]])
    if entry["reference"] not in set(made.effects["comparator"]):
        raise InputError(
            f"reference {entry['reference']!r} of {entry['id']!r} is not in the network: choose a node of it"
        )
    against = made.effects[made.effects["comparator"] == entry["reference"]]
    rows = []
    for _, effect in against.sort_values(["model", "treatment"]).iterrows():
        values = (*np.exp(effect[["estimate", "lower", "upper"]].to_numpy(dtype=float)), effect["p"])
        facts = {"treatment": effect["treatment"], "comparator": entry["reference"]}
        rows.append(
            row(
                entry,
                f"network, {effect['model']} effects",
                "HR",
                *values,
                evidence="printed ratios",
                endpoint=contrasts["endpoint"].iloc[0],
                claim_ids=";".join(entry["claims"]),
                note="; ".join(made.messages),
                **facts,
            )
        )
    tables = {"contrasts": contrasts, "effects": made.effects, "ranking": made.ranking}
    return Outcome(pd.DataFrame(rows), tables | _network_extras(made, entry.get("order", ())))


def _network_extras(made: Any, order: Sequence[str]) -> dict[str, pd.DataFrame]:
    """Everything beside the estimates; what a star or a single design cannot give is left out with a message in it."""
    makers = {
        "p_scores": lambda: p_scores(made),
        "ranks": lambda: rank_probabilities(made),
        "league_common": lambda: league(made, "common").reset_index(),
        "league_random": lambda: league(made, "random").reset_index(),
        "q": lambda: decompose_q(made),
        "node_split": lambda: node_split(made),
        "net_heat": lambda: net_heat(made).reset_index(),
        "contributions": lambda: contributions(made).reset_index(),
    }
    if order:
        makers["funnel"] = lambda: funnel(made, order=list(order))
    tables = {}
    for name, make in makers.items():
        try:
            tables[name] = make()
        except NotEstimable as error:
            tables[name] = pd.DataFrame({"message": [str(error)]})
    return tables


def compare_rates(entry: Entry, typed: Tables) -> Outcome:
    """Response rates side by side: exact intervals, differences with Newcombe's, no adjustment."""
    groups = [_rate(typed, claim) for claim in (entry["treatment"], *entry["comparators"])]
    rates = pd.DataFrame(groups)
    rows = []
    for rate in groups:
        values = (rate["percent"] / 100, rate["lower"], rate["upper"], np.nan)
        facts = {"treatment": rate["label"], "claim_ids": rate["claim_id"], "n_treatment": rate["total"]}
        rows.append(row(entry, "Clopper-Pearson", "proportion", *values, evidence="printed counts", **facts))
    for rate in groups[1:]:
        rows.append(_difference(entry, groups[0], rate))
    return Outcome(pd.DataFrame(rows), {"rates": rates})


def _rate(typed: Tables, claim_id: str) -> dict[str, Any]:
    from statsmodels.stats.proportion import proportion_confint

    claim = _claim(typed["proportions"], claim_id, "proportions.csv")
    total = claim["total"]
    if not isfinite(total):
        arms = typed["arms"]
        same = (arms["study_id"] == claim["study_id"]) & (arms["arm_id"] == claim["arm_id"])
        sizes = arms.loc[same & (arms["population"] == claim["population"]) & np.isfinite(arms["n"]), "n"]
        if sizes.empty:
            raise NotEstimable(f"{claim_id} prints a percentage without a total, and arms.csv has no size for it")
        total = sizes.iloc[0]
    count = claim["n"] if isfinite(claim["n"]) else round(total * claim["percent"] / 100)
    lower, upper = proportion_confint(count, total, method="beta")
    note = "" if isfinite(claim["n"]) else "count from the printed percentage and the size of the arm"
    return {
        "claim_id": claim_id,
        "label": f"{claim['study_id']} {claim['arm_id']}",
        "n": int(count),
        "total": int(total),
        "percent": 100 * count / total,
        "lower": lower,
        "upper": upper,
        "note": note,
    }


def _difference(entry: Entry, first: Mapping[str, Any], second: Mapping[str, Any]) -> dict[str, Any]:
    from scipy.stats import fisher_exact
    from statsmodels.stats.proportion import confint_proportions_2indep

    counts = (first["n"], first["total"], second["n"], second["total"])
    lower, upper = confint_proportions_2indep(*counts, method="newcomb", compare="diff")
    table = [[first["n"], first["total"] - first["n"]], [second["n"], second["total"] - second["n"]]]
    p = float(fisher_exact(table)[1])
    difference = first["n"] / first["total"] - second["n"] / second["total"]
    return row(
        entry,
        "Newcombe; p by Fisher",
        "difference in proportions",
        difference,
        lower,
        upper,
        p,
        evidence="printed counts",
        treatment=first["label"],
        comparator=second["label"],
        n_treatment=first["total"],
        n_comparator=second["total"],
        claim_ids=f"{first['claim_id']};{second['claim_id']}",
        note=second["note"],
    )


def compare_ratios(entry: Entry, typed: Tables) -> Outcome:
    """Printed ratios beside the ratio of the printed medians (its inverse is the hazard ratio of two exponentials)."""
    rows = []
    for pair in entry["pairs"]:
        first, second = (_claim(typed["medians"], claim, "medians.csv") for claim in pair["medians"])
        facts = {
            "treatment": treatment_of(typed, first["study_id"], first["arm_id"]),
            "comparator": treatment_of(typed, second["study_id"], second["arm_id"]),
            "endpoint": first["endpoint"],
            "population": pair["label"],
        }
        rows.append(_median_ratio(entry, first, second, facts))
        if "ratio" in pair:
            rows.append(_printed_ratio(entry, typed, pair["ratio"], facts))
    return Outcome(pd.DataFrame(rows), {})


def _median_ratio(entry: Entry, first: pd.Series, second: pd.Series, facts: Mapping[str, Any]) -> dict[str, Any]:
    claims = f"{first['claim_id']};{second['claim_id']}"
    a, b = first["value_months"], second["value_months"]
    if not (isfinite(a) and isfinite(b) and b > 0):
        note = "a median that was not reached has no ratio"
        return row(
            entry,
            "ratio of medians",
            "median ratio",
            *([np.nan] * 4),
            "printed medians",
            claim_ids=claims,
            note=note,
            **facts,
        )
    lower, upper = (
        first["value_months_min"] / second["value_months_max"],
        first["value_months_max"] / second["value_months_min"],
    )
    note = "limits are those of rounding, not of sampling; above 1 favours the first"
    return row(
        entry,
        "ratio of medians",
        "median ratio",
        a / b,
        lower,
        upper,
        np.nan,
        "printed medians",
        claim_ids=claims,
        note=note,
        **facts,
    )


def _printed_ratio(entry: Entry, typed: Tables, claim_id: str, facts: Mapping[str, Any]) -> dict[str, Any]:
    claim = _claim(typed["hazard_ratios"], claim_id, "hazard_ratios.csv")
    values = (claim["value"], claim["lower"], claim["upper"], claim["p"])
    return row(
        entry,
        "as printed",
        claim["measure"],
        *values,
        "printed ratios",
        claim_ids=claim_id,
        note=f"p {claim['p_text']}" if claim["p_text"] else "",
        **facts,
    )
