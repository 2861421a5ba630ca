"""Figures of a network of treatments, with their captions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from math import exp

import numpy as np
import pandas as pd

from resurvey.evidence_grade import confidence_of
from resurvey.figures import forest, network_plots
from resurvey.figures.gallery_shared import HR, Tables, drawing_of
from resurvey.figures.pooled_rows import heterogeneity_words
from resurvey.figures.save import Drawing
from resurvey.figures.style import p_text
from resurvey.labels import Labels, without_brackets
from resurvey.plan import NetworkComparison
from resurvey.results import Model, Quantity, Role
from resurvey.steady import critical_value

FUNNEL = 10  # with fewer studies asymmetry cannot be distinguished from chance (Sterne 2011, BMJ 343)


def network_drawings(entry: NetworkComparison, tables: Tables, labels: Labels, folder: str) -> Iterator[Drawing]:
    """Figures of a network comparison, from the available tables."""
    reference, estimates = entry.reference, _network_rows(tables["estimates"])
    contrasts = tables["contrasts"]
    nodes = {*contrasts["treatment"], *contrasts["comparator"]}
    names = {name: labels.treatment(name) for name in {*nodes, reference}}
    bare = {name: without_brackets(words) for name, words in names.items()}
    yield _graph(entry, contrasts, names, bare, folder)
    if estimates["estimate"].notna().any():
        yield _network_forest(entry, estimates, tables.get("heterogeneity"), bare, folder)
    if "effects" in tables and "ranking" in tables:
        yield _league(entry, tables, names, folder)
    if "ranks" in tables:
        yield _ranks(entry, tables["ranks"], names, bare, folder)
    if "node_split" in tables:
        yield from _node_split(entry, tables["node_split"], bare, folder)
    if "funnel" in tables and (tables["funnel"]["adjusted"].abs() > 1e-9).sum() >= FUNNEL:
        figure, count = network_plots.funnel_plot(tables["funnel"], names=names), len(tables["funnel"])
        yield drawing_of(entry, "funnel", "funnel", f"{folder}/funnel.csv", figure, count=count)
    heat, q = tables.get("net_heat"), tables.get("q")
    if heat is not None and q is not None and "change" in heat and network_plots.inconsistent(q, heat):
        figure, designs = network_plots.net_heat_plot(heat, names=names), heat["design"].nunique()
        yield drawing_of(entry, "net-heat", "net-heat", f"{folder}/net_heat.csv", figure, designs=designs)
    if "contributions" in tables:
        shares = tables["contributions"]
        figure = network_plots.contribution_plot(shares, names=names, reference=reference)
        said = {"against": bare[reference], "direct": shares.shape[1] - 2}
        yield drawing_of(entry, "contributions", "contributions", f"{folder}/contributions.csv", figure, **said)


def _network_rows(estimates: pd.DataFrame) -> pd.DataFrame:
    """The estimates of the network itself, without those of sensitivity and bias analyses."""
    own = estimates["role"].isin([Role.MAIN, Role.SECONDARY]) & (estimates["quantity"] == Quantity.HAZARD_RATIO)
    return estimates[own & ~estimates["refused"]]


def _graph(
    entry: NetworkComparison, contrasts: pd.DataFrame, names: Mapping[str, str], bare: Mapping[str, str], folder: str
) -> Drawing:
    return drawing_of(
        entry,
        "graph",
        "graph",
        f"{folder}/contrasts.csv",
        network_plots.network_graph(contrasts, names=names, reference=entry.reference),
        nodes=len({*contrasts["treatment"], *contrasts["comparator"]}),
        studies=contrasts["study"].nunique(),
        several=bool(network_plots.many_armed(contrasts)),
        direct=[(a, b, len(rows)) for (a, b), rows in contrasts.groupby(["treatment", "comparator"], sort=True)],
        names=bare,
    )


def _network_forest(
    entry: NetworkComparison,
    estimates: pd.DataFrame,
    spread: pd.DataFrame | None,
    names: Mapping[str, str],
    folder: str,
) -> Drawing:
    parts = []
    notes = [] if spread is None else [heterogeneity_words(row) for _, row in spread.iterrows()]
    for model, rows in estimates.groupby("model", sort=False):
        shown = rows[rows["estimate"].notna()].sort_values("estimate", kind="stable")
        label = [names.get(str(t), str(t)) for t in shown["treatment"]]
        words = str(model)
        parts.append(pd.DataFrame([{"kind": "heading", "label": words[0].upper() + words[1:], "estimate": np.nan}]))
        parts.append(shown.assign(kind="study", label=label))
        if model == Model.RANDOM and notes:
            parts.append(pd.DataFrame([{"kind": "note", "label": said, "estimate": np.nan} for said in notes]))
    rows = pd.concat(parts, ignore_index=True)
    for column in ("estimate", "lower", "upper"):
        rows[column] = pd.to_numeric(rows[column])
    rows["evidence"] = rows["evidence"].fillna("")
    rows["interval"] = forest.interval_text(rows).where(~rows["kind"].isin(forest.RUNNING), "")
    against = names[entry.reference]
    figure = forest.forest(
        rows,
        left=[forest.Column("label", "Treatment")],
        right=[HR],
        xlabel=f"Hazard ratio against {against}",
        better=("lower: treatment", "lower: reference"),
        size=forest.HALF,
    )
    random = estimates[estimates["model"] == Model.RANDOM]
    return drawing_of(
        entry,
        "network-forest",
        "forest",
        f"{folder}/estimates.csv",
        figure,
        against=against,
        random=random.to_dict("records"),
        names=names,
    )


def _league(entry: NetworkComparison, tables: Tables, names: Mapping[str, str], folder: str) -> Drawing:
    effects, ranking = tables["effects"], tables["ranking"]
    confidence = confidence_of(tables.get("confidence"))
    model = "random" if "random" in set(effects["model"]) else "common"
    effects = effects[effects["model"] == model]
    order = [str(name) for name in ranking.loc[ranking["model"] == model, "treatment"]]
    linked = _pairs(effects)
    return drawing_of(
        entry,
        "league",
        "league",
        f"{folder}/effects.csv",
        network_plots.league_table(effects, order, names=names, confidence=confidence),
        model=model,
        clear=int((effects["upper"] < 0).sum()),
        linked=len(linked),
        alone=len(linked - _pairs(tables["contrasts"])),
        judged=bool(confidence),
        count=len(order),
        best=without_brackets(names.get(order[0], order[0])),
    )


def _pairs(rows: pd.DataFrame) -> set[frozenset[str]]:
    return {frozenset(pair) for pair in zip(rows["treatment"], rows["comparator"], strict=True)}


def _ranks(
    entry: NetworkComparison, ranks: pd.DataFrame, names: Mapping[str, str], bare: Mapping[str, str], folder: str
) -> Drawing:
    model = "random" if "random" in set(ranks["model"]) else str(ranks["model"].iloc[0])
    scores = ranks[ranks["model"] == model].groupby("treatment")["sucra"].first()
    return drawing_of(
        entry,
        "ranks",
        "ranks",
        f"{folder}/ranks.csv",
        network_plots.rank_plot(ranks, names=names, model=model),
        model=model,
        scores=list(scores.sort_values(ascending=False, kind="stable").items()),
        names=bare,
    )


def _node_split(
    entry: NetworkComparison, table: pd.DataFrame, names: Mapping[str, str], folder: str
) -> Iterator[Drawing]:
    both = table[table["direct"].notna() & table["indirect"].notna()]
    if both.empty:
        return
    parts = []
    for _, row in both.iterrows():
        words = " vs ".join(names.get(str(row[side]), str(row[side])) for side in ("treatment", "comparator"))
        parts.append({"kind": "heading", "label": f"{words} (p {p_text(float(row['p']))})", "estimate": np.nan})
        for source, se in (("direct", "direct_se"), ("indirect", "indirect_se"), ("estimate", "se")):
            middle, half = float(row[source]), critical_value(0.95) * float(row[se])
            limits = {"estimate": exp(middle), "lower": exp(middle - half), "upper": exp(middle + half)}
            name = "network" if source == "estimate" else source
            kind = "pooled" if source == "estimate" else "study"
            parts.append(
                {
                    "kind": kind,
                    "label": name,
                    "evidence": "printed ratios" if kind == "study" else "",
                    "main": False,  # several comparisons: a line at the first would cross the others
                    **limits,
                }
            )
    rows = pd.DataFrame(parts)
    rows["evidence"] = rows["evidence"].fillna("")
    rows["interval"] = forest.interval_text(rows).where(rows["kind"] != "heading", "")
    figure = forest.forest(
        rows,
        left=[forest.Column("label", "Comparison")],
        right=[HR],
        xlabel="Hazard ratio (log scale)",
        better=("lower hazard: first named", "lower hazard: second named"),
    )
    yield drawing_of(entry, "node-split", "node-split", f"{folder}/node_split.csv", figure, count=len(both))
