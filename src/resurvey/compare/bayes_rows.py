"""Result rows and tables of the Bayesian pools and networks that a plan requests."""

from __future__ import annotations

from collections.abc import Mapping
from math import exp, nan
from typing import Any

import pandas as pd

from resurvey.compare.bayes import bayes_network, bayes_pool
from resurvey.compare.outcome import What, refused_row, row
from resurvey.compare.priors import TauPrior, empirical, half_cauchy, half_normal, log_normal, uniform
from resurvey.errors import NotEstimable
from resurvey.plan import Bayes, NetworkComparison, PoolComparison
from resurvey.results import Contrast, Model, Quantity, Role

Rows = list[dict[str, Any]]
Tables = dict[str, pd.DataFrame]
EVIDENCE = "printed ratios"
PAIR = ("treatment", "comparator")


def prior_of(ask: Bayes) -> TauPrior:
    """Prior of tau that a plan specifies."""
    if ask.prior == "empirical":
        return empirical(ask.source, ask.outcome, ask.comparison)
    if ask.prior == "log-normal":
        assert ask.location is not None, "the plan has checked that"
        return log_normal(ask.location, ask.scale)
    if ask.prior == "half-cauchy":
        return half_cauchy(ask.scale)
    return uniform(ask.scale) if ask.prior == "uniform" else half_normal(ask.scale)


def _effect_prior(ask: Bayes) -> tuple[float, float] | None:
    return None if ask.effect_sd is None else (0.0, ask.effect_sd)


def _what(role: Role, name: str) -> What:
    """Description of a row: the same comparison, with a Bayesian model as a variation of the method."""
    method = f"Bayesian, {name}"
    return What(method, "HR", role, Quantity.HAZARD_RATIO, Contrast.RATIO, Model.BAYESIAN, variation=method)


def pool_rows(entry: PoolComparison, effects: pd.DataFrame, facts: Mapping[str, Any]) -> tuple[Rows, Tables]:
    """Rows for the pooled effect and for a new study, and the tables of a Bayesian pool."""
    if entry.bayes is None:
        return [], {}
    prior = prior_of(entry.bayes)
    try:
        made = bayes_pool(effects, prior=prior, effect_prior=_effect_prior(entry.bayes))
    except NotEstimable as reason:
        return [refused_row(entry, _what(Role.SENSITIVITY, prior.name), str(reason), EVIDENCE, **facts)], {}
    tau = made.tau.iloc[0]
    note = f"median of tau {tau['median']:.3g} (95 % credible interval {tau['lower']:.3g} to {tau['upper']:.3g})"
    rows = [
        _row(entry, _what(role, f"{name} prior"), line, dict(facts) | {"note": note})
        for role, name, line in (
            (Role.SENSITIVITY, prior.name, made.effects.iloc[0]),
            (Role.PREDICTION, f"a new study, {prior.name}", made.effects.iloc[1]),
        )
    ]
    fit = made.posterior.fit
    tables = {
        "bayes_studies": made.studies,
        "bayes_tau": made.tau.assign(
            piece=1, deviance=fit.deviance, parameters=fit.parameters, dic=fit.dic, contrasts=len(made.studies),
            prior=prior.name,
        ),
        "bayes_priors": made.priors.drop(columns="direction").assign(**{name: facts[name] for name in PAIR}),
    }  # fmt: skip
    return rows, tables


def network_rows(entry: NetworkComparison, contrasts: pd.DataFrame, facts: Mapping[str, Any]) -> tuple[Rows, Tables]:
    """Rows for each treatment versus the reference, and the tables of a Bayesian network."""
    if entry.bayes is None:
        return [], {}
    prior = prior_of(entry.bayes)
    try:
        made = bayes_network(contrasts, prior=prior, effect_prior=_effect_prior(entry.bayes))
    except NotEstimable as reason:
        return [refused_row(entry, _what(Role.SENSITIVITY, prior.name), str(reason), EVIDENCE, **facts)], {}
    against = made.effects[made.effects["comparator"] == entry.reference]
    rows = [
        _row(entry, _what(Role.SENSITIVITY, f"{prior.name} prior"), line, {**facts, "treatment": line["treatment"]})
        for _, line in against.sort_values("treatment").iterrows()
    ]
    tables = {
        "bayes_effects": made.effects,
        "bayes_tau": made.tau.assign(prior=prior.name),
        "bayes_ranking": made.ranking,
        "bayes_ranks": made.ranks,
        "bayes_priors": made.priors(entry.reference),
    }
    if len(made.node_splits):
        tables["bayes_node_split"] = made.node_splits
    return rows, tables


def _row(entry: PoolComparison | NetworkComparison, what: What, line: pd.Series, facts: Mapping[str, Any]) -> Any:
    """Row with the median and credible limits as ratios, no p, and the probability of a ratio below 1 in the note."""
    said = f"posterior probability of a ratio below 1: {line['probability_below_0']:.3g}"
    note = "; ".join(part for part in (str(facts.get("note", "")), said) if part)
    values = (exp(line["median"]), exp(line["lower"]), exp(line["upper"]), nan)
    return row(entry, what, *values, EVIDENCE, **{**facts, "note": note})
