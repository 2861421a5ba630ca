"""Figures of a network of treatments, with their captions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from math import exp

import numpy as np
import pandas as pd

from resurvey.evidence_grade import confidence_of
from resurvey.figures import forest, network_plots
from resurvey.figures.gallery_shared import HR, Tables, drawing_of, said_of
from resurvey.figures.pooled_rows import heterogeneity_words
from resurvey.figures.save import Drawing
from resurvey.figures.style import many, p_text
from resurvey.labels import Labels, without_brackets
from resurvey.plan import NetworkComparison
from resurvey.results import Model, Quantity, Role
from resurvey.steady import critical_value

FUNNEL = 10  # with fewer studies asymmetry cannot be distinguished from chance (Sterne 2011, BMJ 343)


def network_drawings(entry: NetworkComparison, tables: Tables, labels: Labels, folder: str) -> Iterator[Drawing]:
    """Figures of a network comparison, from the available tables."""
    reference, estimates = entry.reference, _network_rows(tables["estimates"])
    names = {
        t: labels.treatment(t)
        for t in {*tables["contrasts"]["treatment"], *tables["contrasts"]["comparator"], reference}
    }
    grade = "Evidence grade printed ratios: nothing was rebuilt."
    yield _graph(entry, tables["contrasts"], names, grade, folder)
    if estimates["estimate"].notna().any():
        yield _network_forest(entry, estimates, tables.get("heterogeneity"), names, grade, folder)
    if "effects" in tables and "ranking" in tables:
        yield _league(entry, tables, names, grade, folder)
    if "ranks" in tables:
        yield _ranks(entry, tables["ranks"], names, grade, folder)
    if "node_split" in tables:
        yield from _node_split(entry, tables["node_split"], names, grade, folder)
    if "funnel" in tables and (tables["funnel"]["adjusted"].abs() > 1e-9).sum() >= FUNNEL:
        yield _funnel(entry, tables["funnel"], names, grade, folder)
    heat, q = tables.get("net_heat"), tables.get("q")
    if heat is not None and q is not None and "change" in heat and network_plots.inconsistent(q, heat):
        figure = network_plots.net_heat_plot(tables["net_heat"], names=names)
        yield drawing_of(
            entry,
            "net-heat",
            "net heat",
            "Change in Q of the design in the row when the design in the column is given an effect of its own "
            "(Krahn 2013). Large positive values mark where the evidence disagrees; the colours are darkest from 3.84 "
            f"on, which chance exceeds in one of twenty. {grade}",
            f"Heat map of {tables['net_heat']['design'].nunique()} designs.",
            f"{folder}/net_heat.csv",
            figure,
        )
    if "contributions" in tables:
        yield _contributions(entry, tables["contributions"], names, reference, grade, folder)


def _network_rows(estimates: pd.DataFrame) -> pd.DataFrame:
    """The estimates of the network itself, without those of sensitivity and bias analyses."""
    own = estimates["role"].isin([Role.MAIN, Role.SECONDARY]) & (estimates["quantity"] == Quantity.HAZARD_RATIO)
    return estimates[own & ~estimates["refused"]]


def _graph(
    entry: NetworkComparison, contrasts: pd.DataFrame, names: Mapping[str, str], grade: str, folder: str
) -> Drawing:
    nodes = {*contrasts["treatment"], *contrasts["comparator"]}
    said = "; ".join(
        f"{without_brackets(names[a])} and {without_brackets(names[b])} in {len(rows)}"
        for (a, b), rows in contrasts.groupby(["treatment", "comparator"], sort=True)
    )
    return drawing_of(
        entry,
        "graph",
        "the network",
        f"{len(nodes)} treatments compared in {many(contrasts['study'].nunique(), 'study', 'studies')}. Lines: direct "
        "comparisons, as wide as the "
        "square root of their precision, with the number of ratios on them; symbols grow with the number of "
        "studies; square: the "
        f"reference. {grade} A line says that a comparison was made, not that its studies are alike.",
        f"Graph of {len(nodes)} treatments; direct comparisons: {said}.",
        f"{folder}/contrasts.csv",
        network_plots.network_graph(contrasts, names=names, reference=entry.reference),
    )


def _network_forest(
    entry: NetworkComparison,
    estimates: pd.DataFrame,
    spread: pd.DataFrame | None,
    names: Mapping[str, str],
    grade: str,
    folder: str,
) -> Drawing:
    parts = []
    notes = [] if spread is None else [heterogeneity_words(row) for _, row in spread.iterrows()]
    for model, rows in estimates.groupby("model", sort=False):
        shown = rows[rows["estimate"].notna()].sort_values("estimate", kind="stable")
        label = [without_brackets(names.get(str(t), str(t))) for t in shown["treatment"]]
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
    against = without_brackets(names[entry.reference])
    figure = forest.forest(
        rows,
        left=[forest.Column("label", "Treatment")],
        right=[HR],
        xlabel=f"Hazard ratio against {against}",
        better=("lower: treatment", "lower: reference"),
        size=forest.HALF,
    )
    random = estimates[estimates["model"] == Model.RANDOM]
    said = "; ".join(
        f"{without_brackets(names.get(str(r['treatment']), str(r['treatment'])))} {said_of(r)}"
        for _, r in random.iterrows()
    )
    return drawing_of(
        entry,
        "forest",
        "each treatment against the reference",
        f"Network estimates against {against}, common and random effects (graph-theoretical / weighted least "
        "squares network "
        f"meta-analysis, multi-arm correlation kept), best first, 95 % intervals. {grade} Order is not proof "
        "of superiority; see "
        "the league table for other pairs.",
        f"Forest plot against {against}; random effects: {said}.",
        f"{folder}/estimates.csv",
        figure,
    )


def _league(entry: NetworkComparison, tables: Tables, names: Mapping[str, str], grade: str, folder: str) -> Drawing:
    effects, ranking, compared = tables["effects"], tables["ranking"], _pairs(tables["contrasts"])
    confidence = confidence_of(tables.get("confidence"))
    model = "random" if "random" in set(effects["model"]) else "common"
    effects = effects[effects["model"] == model]
    order = [str(name) for name in ranking.loc[ranking["model"] == model, "treatment"]]
    linked = _pairs(effects)
    clear = int((effects["upper"] < 0).sum())
    best = without_brackets(names.get(order[0], order[0]))
    return drawing_of(
        entry,
        "league",
        f"league table, {model} effects",
        "League table: each cell is the hazard ratio (95 % interval) of the treatment at the LEFT against the "
        "treatment on TOP; "
        f"below 1 is a lower hazard with the one at the left. {model.capitalize()} effects, sorted by P-score. "
        f"In {many(clear, 'ordered pair')} the interval lies below 1. {grade} {_indirect(linked, compared)}"
        + (" Edge and last line: confidence in the estimate as reviewers judged it (CINeMA)." if confidence else ""),
        f"Square table of {len(order)} treatments, row against column, best P-score first ({best}); "
        f"{many(clear, 'interval')} below 1.",
        f"{folder}/effects.csv",
        network_plots.league_table(effects, order, names=names, confidence=confidence),
    )


def _pairs(rows: pd.DataFrame) -> set[frozenset[str]]:
    return {frozenset(pair) for pair in zip(rows["treatment"], rows["comparator"], strict=True)}


def _indirect(linked: set[frozenset[str]], compared: set[frozenset[str]]) -> str:
    """In words, how many pairs in the league table no study compared directly."""
    alone = len(linked - compared)
    if not alone:
        return "Each pair was compared in a study."
    return f"Of {many(len(linked), 'pair')} {alone} {'rests' if alone == 1 else 'rest'} on indirect evidence alone."


def _ranks(entry: NetworkComparison, ranks: pd.DataFrame, names: Mapping[str, str], grade: str, folder: str) -> Drawing:
    model = "random" if "random" in set(ranks["model"]) else str(ranks["model"].iloc[0])
    scores = (
        ranks[ranks["model"] == model].groupby("treatment")["sucra"].first().sort_values(ascending=False, kind="stable")
    )
    said = "; ".join(
        f"{without_brackets(names.get(str(t), str(t)))} {100 * value:.0f} %" for t, value in scores.items()
    )
    return drawing_of(
        entry,
        "ranks",
        "ranks",
        f"Probability of each rank (bars) and of it or better (line), {model} effects, from draws of the joint "
        "normal distribution of the estimates (Salanti 2011); SUCRA in the titles. "
        f"{grade} Ranks say nothing of the size of differences, nor of the quality of the evidence behind them.",
        f"A panel a treatment; SUCRA: {said}.",
        f"{folder}/ranks.csv",
        network_plots.rank_plot(ranks, names=names, model=model),
    )


def _node_split(
    entry: NetworkComparison, table: pd.DataFrame, names: Mapping[str, str], grade: str, folder: str
) -> Iterator[Drawing]:
    both = table[table["direct"].notna() & table["indirect"].notna()]
    if both.empty:
        return
    parts = []
    for _, row in both.iterrows():
        words = " vs ".join(
            without_brackets(names.get(str(row[side]), str(row[side]))) for side in ("treatment", "comparator")
        )
        parts.append({"kind": "heading", "label": f"{words} (p {p_text(float(row['p']))})", "estimate": np.nan})
        for source, se in (("direct", "direct_se"), ("indirect", "indirect_se"), ("estimate", "se")):
            middle, half = float(row[source]), critical_value(0.95) * float(row[se])
            limits = {"estimate": exp(middle), "lower": exp(middle - half), "upper": exp(middle + half)}
            name = "network" if source == "estimate" else source
            kind = "pooled" if source == "estimate" else "study"
            parts.append(
                {"kind": kind, "label": name, "evidence": "printed ratios" if kind == "study" else "", **limits}
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
    yield drawing_of(
        entry,
        "node-split",
        "direct against indirect evidence",
        f"Direct, indirect and network estimates of {many(len(both), 'comparison')} with both kinds of evidence (node "
        "splitting, "
        f"Dias 2010), with the p of their difference; 95 % intervals. {grade} A large p does not show consistency.",
        f"Forest plot of direct and indirect estimates of {many(len(both), 'comparison')}.",
        f"{folder}/node_split.csv",
        figure,
    )


def _funnel(
    entry: NetworkComparison, table: pd.DataFrame, names: Mapping[str, str], grade: str, folder: str
) -> Drawing:
    return drawing_of(
        entry,
        "funnel",
        "comparison-adjusted funnel",
        "Deviation of each study from the direct estimate of its comparison against its standard error; "
        "shaded: where 95 % of "
        "studies of one comparison are expected. Comparisons with a single study lie at 0 and say nothing. "
        f"{grade}",
        f"Funnel plot of {len(table)} studies.",
        f"{folder}/funnel.csv",
        network_plots.funnel_plot(table, names=names),
    )


def _contributions(
    entry: NetworkComparison, table: pd.DataFrame, names: Mapping[str, str], reference: str, grade: str, folder: str
) -> Drawing:
    return drawing_of(
        entry,
        "contributions",
        "which comparisons carry the estimates",
        f"Share of each direct comparison (column) in the network estimate of each treatment against "
        f"{without_brackets(names[reference])} (row), in per cent; rows add up to 100 (streams of evidence, "
        "Papakonstantinou "
        f"2018). {grade}",
        f"Heat map of contributions of {table.shape[1] - 2} direct comparisons.",
        f"{folder}/contributions.csv",
        network_plots.contribution_plot(table, names=names, reference=reference),
    )
