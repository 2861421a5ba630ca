"""A network of printed ratios, with the analyses that reviewers of a network meta-analysis expect."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from math import exp
from typing import Any

import pandas as pd

from resurvey.compare.bayes_rows import network_rows
from resurvey.compare.bridges import bridges, components
from resurvey.compare.judgements import confidence_table, overall_risks, risk_contributions
from resurvey.compare.network import effects_without, network, prediction_intervals
from resurvey.compare.network_consistency import contributions, decompose_q, funnel, net_heat, node_split
from resurvey.compare.network_rank import rank_probabilities
from resurvey.compare.network_result import Network
from resurvey.compare.outcome import Outcome, What, refused_row, row
from resurvey.compare.printed import left_out
from resurvey.compare.printed_arms import completed, printed_levels
from resurvey.compare.ratios import mixed_endpoints, read_ratios
from resurvey.compare.small_studies import FEWEST, egger_table, network_egger
from resurvey.compare.transitivity import messages, transitivity
from resurvey.errors import InputError, NotEstimable
from resurvey.plan import NetworkComparison
from resurvey.results import Contrast, Model, Quantity, Role
from resurvey.tables import Tables

MODELS = {"common": (Role.SECONDARY, Model.COMMON), "random": (Role.MAIN, Model.RANDOM)}


def compare_network(entry: NetworkComparison, typed: Tables, *, extras: bool = True) -> Outcome:
    """Compare the treatments of a network of printed ratios with a reference.

    Ratios that cannot be used, and treatments not connected to the reference, appear as refused rows with the reason.
    Without `extras` only the estimates and the contrasts are returned.

    Raises
    ------
    InputError
        If the reference is not a node, or a claim does not exist.
    NotEstimable
        If the ratios do not form a network (for example, because a multi-arm study lacks a pair).
    """
    contrasts, reasons = read_ratios(typed, entry.claims)
    if contrasts.empty:
        raise NotEstimable("no ratio of the list can be used: " + "; ".join(reasons.values()))
    for side in ("treatment", "comparator"):
        contrasts[side] = contrasts[side].map(lambda name: entry.merge.get(name, name))
    try:
        whole = completed(entry, typed, contrasts)
        made = network(whole.contrasts)
    except InputError as error:
        raise NotEstimable(str(error)) from None
    nodes = sorted({*contrasts["treatment"], *contrasts["comparator"]})
    if entry.reference not in nodes:
        raise InputError(f"reference {entry.reference!r} is not in the network: choose one of {', '.join(nodes)}")
    unused = [left_out(entry, typed, name, reason, "not in the network") for name, reason in reasons.items()]
    if not extras:
        return Outcome(pd.DataFrame(_rows(entry, made, contrasts, nodes, "")), {"contrasts": contrasts})
    alike = transitivity(typed, contrasts)
    said = [*made.messages, *whole.messages, *mixed_endpoints(contrasts), *reasons.values()]
    limits = [f"may not be used {use}" for use in entry.not_for]
    tables = {"contrasts": contrasts, "effects": made.effects, "ranking": made.ranking, "transitivity": alike}
    if len(whole.covariances):
        tables["multi_arm"] = whole.covariances
    beside, refused = _beside(made, entry.order)
    said_of = {
        "orientation": [made.orientation],
        "network": said,
        "transitivity": messages(alike),
        "not for": limits,
        "not made": [f"{name}: {reason}" for name, reason in refused.items()],
    }
    # What a reader must know before using the network.
    tables["messages"] = _messages(said_of)
    rows = _rows(entry, made, contrasts, nodes, "; ".join([*said, *limits]))
    tables |= _judged(entry, typed, made, str(contrasts["endpoint"].iloc[0]))
    if len(made.pieces) > 1:
        levels = printed_levels(typed, contrasts)
        tables |= {"components": components(made, levels), "bridges": bridges(made, levels, entry.reference)}
        said_of["network"].append("what may bridge the pieces without randomisation stands in bridges.csv")
        tables["messages"] = _messages(said_of)
    bayes, more = network_rows(entry, whole.contrasts, _facts(entry, contrasts))
    without = dict(_without_each(entry, made, contrasts, nodes))
    return Outcome(pd.DataFrame(rows + bayes + unused), tables | beside | more, without)


def _without_each(
    entry: NetworkComparison, made: Network, contrasts: pd.DataFrame, nodes: Sequence[str]
) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """The estimates without each study in turn, where the network stays connected."""
    for study in dict.fromkeys(contrasts["study"]):
        effects = effects_without(made, study, entry.reference)
        if effects is not None:
            left = contrasts[contrasts["study"] != study]
            yield study, _rows(entry, replace(made, effects=effects), left, nodes, "")


def _rows(
    entry: NetworkComparison, made: Network, contrasts: pd.DataFrame, nodes: Sequence[str], note: str
) -> list[dict[str, Any]]:
    against = made.effects[made.effects["comparator"] == entry.reference]
    facts = _facts(entry, contrasts)
    rows = []
    for effect in against.sort_values(["model", "treatment"]).to_dict("records"):
        values = (exp(effect["estimate"]), exp(effect["lower"]), exp(effect["upper"]), effect["p"])
        what = _what(str(effect["model"]))
        rows.append(row(entry, what, *values, "printed ratios", treatment=effect["treatment"], note=note, **facts))
    apart = [node for node in nodes if node != entry.reference and node not in set(against["treatment"])]
    parts = "; ".join(f"({i}) {', '.join(names)}" for i, names in enumerate(pieces_of(made), start=1))
    reason = f"no path of comparisons leads from it to {entry.reference}: the network is in pieces, {parts}"
    for model in MODELS:
        what = _what(model)
        rows += [refused_row(entry, what, reason, "printed ratios", treatment=node, **facts) for node in apart]
    return rows


def _facts(entry: NetworkComparison, contrasts: pd.DataFrame) -> dict[str, Any]:
    """Fields common to all rows of the network."""
    return {
        "comparator": entry.reference,
        "endpoint": contrasts["endpoint"].iloc[0],
        "population": "all",
        "claim_ids": ";".join(contrasts["claim_id"]),
    }


def _messages(said_of: Mapping[str, list[str]]) -> pd.DataFrame:
    """One row per message, by its kind."""
    return pd.DataFrame([{"kind": kind, "message": text} for kind, texts in said_of.items() for text in texts])


def _judged(entry: NetworkComparison, typed: Tables, made: Network, endpoint: str) -> dict[str, pd.DataFrame]:
    """Contributions by risk of bias and CINeMA domains, where judgements are given; Egger's test from ten studies."""
    risks = overall_risks(typed, endpoint)
    found = {"risk_contributions": risk_contributions(made, risks)} if risks else {}
    if risks or entry.id in set(typed.get("confidence", pd.DataFrame({"comparison_id": []}))["comparison_id"]):
        shares = found.get("risk_contributions", pd.DataFrame(columns=["treatment", "comparator", "risk", "share"]))
        found["confidence"] = confidence_table(made, typed, entry.id, shares, entry.important)
    if entry.order and len(made.effects) and sum(len(common.evidence.studies) for common, _ in made.pieces) >= FEWEST:
        try:
            found["egger"] = egger_table([("network", network_egger(made, entry.order))])
        except NotEstimable as reason:
            found["egger"] = egger_table([("network", str(reason))])
    return found


def pieces_of(made: Network) -> list[tuple[str, ...]]:
    """Treatments of each connected component."""
    return [common.evidence.treatments for common, _ in made.pieces]


def _what(model: str) -> What:
    """Label of a row; random effects are the main model, to be read where studies disagree."""
    role, made = MODELS[model]
    return What(f"network, {model} effects", "HR", role, Quantity.HAZARD_RATIO, Contrast.RATIO, made)


def _beside(made: Network, order: Sequence[str]) -> tuple[dict[str, pd.DataFrame], dict[str, str]]:
    """All tables beside the estimates and, by table, the reason where a star or a single design cannot give it."""
    makers = {
        "ranks": lambda: rank_probabilities(made),
        "q": lambda: decompose_q(made),
        "heterogeneity": lambda: made.heterogeneity,
        "prediction": lambda: prediction_intervals(made),
        "node_split": lambda: node_split(made),
        "net_heat": lambda: net_heat(made),
        "contributions": lambda: contributions(made).reset_index(drop=True),
    }
    if order:
        makers["funnel"] = lambda: funnel(made, order=list(order))
    tables, refused = {}, {}
    for name, make in makers.items():
        try:
            tables[name] = make()
        except (NotEstimable, InputError) as error:
            refused[name] = str(error)
    return tables, refused
