"""Comparisons based on printed ratios alone: indirect (through a common comparator) and pooled."""

from __future__ import annotations

from math import exp, sqrt
from typing import Any

import numpy as np
import pandas as pd

from resurvey.compare.bayes_rows import pool_rows
from resurvey.compare.bucher import bucher
from resurvey.compare.claims import claim, table_of
from resurvey.compare.estimates import Estimate, interval
from resurvey.compare.meta_regression import group_difference
from resurvey.compare.outcome import Outcome, What, refused_row, row
from resurvey.compare.pool import Pooled, leave_one_out, pool
from resurvey.compare.ratios import mixed_endpoints, oriented, read_ratio, read_ratios
from resurvey.compare.small_studies import FEWEST, SmallStudies, egger, egger_table
from resurvey.compare.transitivity import messages, transitivity
from resurvey.errors import InputError, NotEstimable
from resurvey.plan import BucherComparison, Comparison, PoolComparison
from resurvey.results import Contrast, Model, Quantity, Role
from resurvey.tables import Tables

#: Name of the group of all studies of a pool.
WHOLE = "all"
RANDOM = "random effects, REML, Hartung-Knapp"


def ratio_row(entry: Comparison, what: What, made: Estimate, **extra: Any) -> dict[str, Any]:
    """The row of a ratio, from its log estimate."""
    values = (exp(made.estimate), exp(made.lower), exp(made.upper), made.p)
    return row(entry, what, *values, evidence="printed ratios", ci_level=made.level, **extra)


def ratio(method: str, role: Role, model: Model = Model.NONE) -> What:
    """Description of a hazard ratio by a given method."""
    return What(method, "HR", role, Quantity.HAZARD_RATIO, Contrast.RATIO, model)


def compare_bucher(entry: BucherComparison, typed: Tables) -> Outcome:
    """Compare two treatments through a common comparator, from two printed ratios; list how the two studies differ."""
    top, middle, bottom = entry.path
    first, second = read_ratio(typed, entry.first), read_ratio(typed, entry.second)
    made = bucher(oriented(first, top, middle), oriented(second, bottom, middle))
    legs = pd.DataFrame([first, second]).assign(role=["first", "second"])
    alike = transitivity(typed, legs)
    note = "; ".join([*mixed_endpoints(legs), *messages(alike)])
    facts = {"treatment": top, "comparator": bottom, "endpoint": first["endpoint"], "note": note}
    facts["population"] = first["population"]
    one = ratio_row(
        entry, ratio("Bucher", Role.MAIN, Model.BUCHER), made, claim_ids=f"{entry.first};{entry.second}", **facts
    )
    return Outcome(pd.DataFrame([one]), {"legs": legs, "transitivity": alike})


def compare_pool(entry: PoolComparison, typed: Tables) -> Outcome:
    """Pool ratios of the same comparison, overall and by named group; those that cannot be pooled give refused rows.

    Raises
    ------
    NotEstimable
        If none of the ratios can be pooled.
    """
    effects, reasons = read_ratios(typed, entry.claims)
    unread = reasons | {name: _why_not(typed, name) for name in entry.not_pooled}
    rows = [left_out(entry, typed, name, reason, "not pooled") for name, reason in unread.items()]
    if effects.empty:
        raise NotEstimable("no ratio of the list can be pooled: " + "; ".join(reasons.values()))
    effects["study"] = _unique_names(effects)
    first = effects.iloc[0]
    effects[["estimate", "se"]] = [
        oriented(line, first["treatment"], _against(line, first)) for _, line in effects.iterrows()
    ]
    groups = {WHOLE: entry.claims, **entry.groups}
    made, studies, alone, spread = {}, [], [], []
    for name, ids in groups.items():
        chosen = effects[effects["claim_id"].isin(ids)].reset_index(drop=True)
        if chosen.empty:
            reason = "; ".join(reasons[i] for i in ids if i in reasons)
            rows.append(refused_row(entry, _common(name), reason, "printed ratios", population=name))
            continue
        made[name] = pool(chosen)
        rows += _pooled_rows(entry, name, chosen, made[name])
        studies.append(made[name].studies.assign(group=name))
        spread.append(_heterogeneity(name, made[name]))
        alone += [leave_one_out(chosen).assign(group=name)] if len(chosen) > 1 else []
    named = {name: effects[effects["claim_id"].isin(ids)] for name, ids in groups.items() if name in made}
    rows += _between_groups(entry, {name: table for name, table in named.items() if name != WHOLE})
    bayes, beside = pool_rows(entry, effects.reset_index(drop=True), _facts(WHOLE, effects))
    rows += bayes
    rows.sort(key=lambda line: line["refused"])
    alike = transitivity(typed, effects.assign(study=effects["study"].str.split(", ").str[0]))
    tables = {"effects": effects, "studies": pd.concat(studies), "transitivity": alike}
    tables["heterogeneity"] = pd.DataFrame(spread)
    if alone:
        tables["leave_one_out"] = pd.concat(alone)
    tests = [_small_studies(name, effects[effects["claim_id"].isin(ids)]) for name, ids in groups.items()]
    if any(tests):
        tables["egger"] = egger_table([test for test in tests if test])
    return Outcome(pd.DataFrame(rows), tables | beside)


def _small_studies(name: str, chosen: pd.DataFrame) -> tuple[str, SmallStudies | str] | None:
    """Egger's test of a group with enough studies."""
    if len(chosen) < FEWEST:
        return None
    try:
        return name, egger(chosen)
    except NotEstimable as reason:
        return name, str(reason)


def _heterogeneity(name: str, made: Pooled) -> dict[str, Any]:
    """Heterogeneity of the ratios of a group; it cannot be assessed from a single ratio."""
    known = made.df > 0
    numbers = {"tau2": made.tau2, "q": made.q, "df": made.df, "p": made.p_q, "i2": made.i2}
    numbers |= {"i2_lower": made.i2_lower, "i2_upper": made.i2_upper}
    own = {key: value if known else np.nan for key, value in numbers.items()}
    return {"studies": len(made.studies), **own, "group": name, "interval_method": made.interval_method}


def _against(line: pd.Series, first: pd.Series) -> str:
    """The comparator of a ratio that has the pool's first treatment on one side."""
    return str(line["treatment"] if line["comparator"] == first["treatment"] else line["comparator"])


def _facts(name: str, chosen: pd.DataFrame) -> dict[str, Any]:
    """Fields common to all rows of a group of ratios."""
    return {
        "population": name,
        "treatment": chosen["treatment"].iloc[0],
        "comparator": " or ".join(dict.fromkeys(chosen["comparator"])),
        "endpoint": chosen["endpoint"].iloc[0],
        "claim_ids": ";".join(chosen["claim_id"]),
    }


def _pooled_rows(entry: PoolComparison, name: str, chosen: pd.DataFrame, made: Pooled) -> list[dict[str, Any]]:
    k = len(chosen)
    words = [f"{k} ratio{'s' if k > 1 else ''}, tau2 {made.tau2:.4g}, I2 {made.i2:.0%}, Q {made.q:.3g} on {made.df} df"]
    facts = _facts(name, chosen) | {"note": "; ".join([*words, *mixed_endpoints(chosen), *made.messages])}
    rows = [ratio_row(entry, _common(name, alone=k == 1), made.common, **facts)]
    whole = name == WHOLE
    random = ratio(RANDOM, Role.MAIN if whole else Role.SUBGROUP, Model.RANDOM)
    prediction = ratio("prediction interval", Role.PREDICTION, Model.RANDOM)
    if k == 1:
        reason = "one ratio: heterogeneity cannot be estimated"
        more = {key: value for key, value in facts.items() if key != "note"}
        return rows + [refused_row(entry, one, reason, "printed ratios", **more) for one in (random, prediction)]
    rows.append(ratio_row(entry, random, made.random, **facts))
    values = (exp(made.random.estimate), exp(made.prediction_lower), exp(made.prediction_upper), np.nan)
    rows.append(row(entry, prediction, *values, "printed ratios", **facts))
    return rows


def _common(group: str, *, alone: bool = False) -> What:
    """The common effect of a group; the main estimate where a single ratio leaves no random-effects estimate."""
    whole = Role.MAIN if alone else Role.SECONDARY
    return ratio("common effect", whole if group == WHOLE else Role.SUBGROUP, Model.COMMON)


def _between_groups(entry: PoolComparison, named: dict[str, pd.DataFrame]) -> list[dict[str, Any]]:
    """Ratio of the pooled ratios of two groups (for example, randomised against non-randomised), by both models."""
    if len(named) != 2:
        return []
    (one, a), (two, b) = named.items()
    facts: dict[str, Any] = {"population": f"{one} against {two}", "treatment": one, "comparator": two}
    facts["orientation"] = f"pooled ratio of {one} divided by that of {two}; 1 is agreement"
    rows = []
    for label, method, kind, model in (
        ("common effect", "EE", "normal", Model.COMMON),
        (RANDOM, "REML", "hartung-knapp", Model.RANDOM),
    ):
        words = f"difference between groups, {label}", "ratio of hazard ratios"
        what = What(*words, Role.SUBGROUP, Quantity.RATIO_OF_RATIOS, Contrast.RATIO, model)
        try:
            made = group_difference(a, b, method=method, interval_method=kind)
        except NotEstimable as error:
            if method != "EE":
                rows.append(refused_row(entry, what, str(error), "printed ratios", **facts))
                continue
            made = None
        apart = _common_difference(a, b) if made is None else made.coefficients[-1]
        note = "no heterogeneity within the groups is allowed for" if method == "EE" else ""
        if made is not None and method != "EE":
            normal = group_difference(a, b, method=method, interval_method="normal").coefficients[-1]
            note = (
                f"tau2 within groups {made.tau2:.4g}, t with {made.df} degrees of freedom; with a normal interval "
                f"{exp(normal.lower):.2f} to {exp(normal.upper):.2f}, p {normal.p:.2g}"
            )
        values = (exp(apart.estimate), exp(apart.lower), exp(apart.upper), apart.p)
        rows.append(row(entry, what, *values, "printed ratios", note=note, **facts))
    return rows


def _common_difference(first: pd.DataFrame, second: pd.DataFrame) -> Estimate:
    """Difference between two single studies, or between groups that leave no degrees of freedom."""
    one, two = (pool(group, method="EE").common for group in (first, second))
    return interval(one.estimate - two.estimate, sqrt(one.se**2 + two.se**2))


def _why_not(typed: Tables, claim_id: str) -> str:
    """Why a claim that prints no ratio is not pooled."""
    if table_of(typed, claim_id) != "p_values":
        raise InputError(
            f"not_pooled: {claim_id!r} is not in p_values.csv: list only claims that print a p value and no ratio"
        )
    found = claim(typed, "p_values", claim_id)
    names = [name for name in str(found["claims"]).split(";") if name]
    medians = typed["medians"].set_index("claim_id")["value_text"]
    shown = " against ".join(str(medians[name]) for name in names if name in medians.index)
    return (
        f"{found['population']}: only p {found['p_text'] or 'without digits'} is printed"
        + (f", with medians {shown}" if shown else "")
        + ", no ratio and no events: a ratio and its standard error cannot be derived"
    )


def left_out(entry: Comparison, typed: Tables, claim_id: str, reason: str, method: str) -> dict[str, Any]:
    """A refused row for a printed claim that cannot be used; `method` names the analysis it would have entered."""
    table = table_of(typed, claim_id)
    found = claim(typed, table, claim_id)
    facts: dict[str, Any] = {"population": f"{found['study_id']}, {found['population']}", "endpoint": found["endpoint"]}
    return refused_row(entry, ratio(method, Role.CONTEXT), reason, "printed ratios", claim_ids=claim_id, **facts)


def _unique_names(effects: pd.DataFrame) -> pd.Series:
    """Study names, with the population where a study contributes several ratios."""
    several = effects["study"].duplicated(keep=False)
    return effects["study"].where(~several, effects["study"] + ", " + effects["population"])
