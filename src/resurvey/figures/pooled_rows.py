"""Rows of a forest plot from pooled results, and a description of heterogeneity."""

from __future__ import annotations

from collections.abc import Mapping
from math import exp, isfinite

import pandas as pd

from resurvey.figures.forest import RUNNING, interval_text
from resurvey.figures.style import p_text
from resurvey.results import Role

FEW = 5  # with fewer studies a random-effects interval needs a warning


def heterogeneity_words(row: pd.Series) -> str:
    """`Heterogeneity: τ² 0.084, I² 81 % (38 to 99), Q 16.2 on 3 df (p 0.001)` from a row of the table."""
    if not isfinite(row["tau2"]) or not row["df"] > 0:
        return "Heterogeneity: one study tells nothing of it"
    share = f"I² {100 * row['i2']:.0f} % ({100 * row['i2_lower']:.0f} to {100 * row['i2_upper']:.0f})"
    q = f"Q {row['q']:.3g} on {row['df']:.0f} df (p {p_text(float(row['p']))})"
    return f"Heterogeneity: τ² {row['tau2']:.3g}, {share}, {q}"


def few_words(row: pd.Series) -> str:
    """A warning where a random-effects interval is based on few studies; otherwise empty."""
    count = int(row["studies"])
    if not 1 < count < FEW:
        return ""
    said = {2: "Two", 3: "Three", 4: "Four"}[count]
    what = "random-effects interval (Hartung-Knapp) and prediction interval may be far too wide or too narrow"
    return f"{said} studies: τ² can hardly be estimated; {what}."


def pooled_rows(
    studies: pd.DataFrame,
    estimates: pd.DataFrame,
    names: Mapping[str, str],
    grade: str = "printed ratios",
    *,
    spread: pd.DataFrame | None = None,
    sizes: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Rows of a forest plot from pooled results, by group.

    Parameters
    ----------
    studies : DataFrame
        group, study, estimate, lower, upper (log scale), weight_random.
    estimates : DataFrame
        population (the group), method (the label), role, estimate, lower, upper (ratios).
    names : dict
        Labels of studies, by their name in `studies`.
    grade : str
        Evidence grade of the studies.
    spread : DataFrame, optional
        group, studies, tau2, q, df, p, i2, i2_lower, i2_upper: a note under each group.
    sizes : DataFrame, optional
        study, n, events behind the printed ratios.
    """
    made: list[dict[str, object]] = []
    groups = list(dict.fromkeys(studies["group"]))
    for group in groups:
        if len(groups) > 1:
            words = "All together" if group == "all" else str(group)[:1].upper() + str(group)[1:]
            made.append({"kind": "heading", "label": words, "estimate": float("nan")})
        for _, row in studies[studies["group"] == group].iterrows():
            ends = {key: exp(row[key]) for key in ("estimate", "lower", "upper")}
            label = names.get(str(row["study"]), str(row["study"]))
            made.append(
                {
                    "kind": "study",
                    "label": label,
                    "study": row["study"],
                    **ends,
                    "weight": row["weight_random"],
                    "evidence": grade,
                }
            )
        for _, row in estimates[estimates["population"] == group].iterrows():
            kind = "prediction" if row["role"] == Role.PREDICTION else "pooled"
            ends = {key: float(row[key]) for key in ("estimate", "lower", "upper")}
            words = str(row["method"])
            made.append({"kind": kind, "label": words[0].upper() + words[1:], "main": row["role"] == Role.MAIN, **ends})
        own = pd.DataFrame() if spread is None else spread[spread["group"] == group]
        if len(own):
            said = [heterogeneity_words(own.iloc[0]), few_words(own.iloc[0])]
            made += [{"kind": "note", "label": words} for words in said if words]
    table = pd.DataFrame(made)
    for column in ("estimate", "lower", "upper", "weight"):
        table[column] = pd.to_numeric(table.get(column))
    table["evidence"] = table["evidence"].where(table["evidence"].notna(), "")
    table["interval"] = interval_text(table).where(~table["kind"].isin(RUNNING), "")
    for key, column in (("patients", "n"), ("events", "events")):
        known = {} if sizes is None else dict(zip(sizes["study"], sizes[column], strict=True))
        table[key] = [_count(known.get(study)) for study in table["study"]]
    table["weight_text"] = [f"{100 * w:.1f} %" if isfinite(w) else "" for w in table["weight"]]
    return table


def _count(value: float | None) -> str:
    return "" if value is None or not isfinite(value) else f"{value:.0f}"
