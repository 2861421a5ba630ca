"""Figures of a comparison, by its kind, with their captions."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial

import pandas as pd

from resurvey.figures import comparison, curve_plots
from resurvey.figures.gallery_network import network_drawings
from resurvey.figures.gallery_over_time import beyond_drawings, over_time_drawings
from resurvey.figures.gallery_printed import (
    bucher_drawings,
    counts_drawings,
    pool_drawings,
    rates_drawings,
    ratios_drawings,
)
from resurvey.figures.gallery_ratios import ratio_forest, ratio_rows
from resurvey.figures.gallery_shared import UNADJUSTED, Tables, bias_drawing, drawing_of, grade_words, said_of
from resurvey.figures.save import Drawing
from resurvey.figures.style import BESIDE, number, p_text
from resurvey.labels import Labels, brief
from resurvey.plan import AnyComparison, PatientComparison
from resurvey.results import Role


@dataclass(frozen=True)
class Shown:
    """What a plot shows in addition to curves: ticks at censoring times, the hazard ratio and its p value."""

    censoring: bool = True
    result: bool = True


EVERYTHING = Shown()


def comparison_drawings(
    entry: AnyComparison, tables: Tables, labels: Labels, folder: str, shown: Shown = EVERYTHING
) -> Iterator[Drawing]:
    """Figures of one comparison; a figure is left out where its table is missing.

    Parameters
    ----------
    entry : comparison
    tables : dict of DataFrame
        Tables of the comparison by name, including `estimates`. Nothing is drawn for a refused comparison.
    labels : Labels
    folder : str
        Folder of the tables, used for the data names in captions.
    shown : Shown
    """
    there = {name: table for name, table in tables.items() if len(table)}
    if "estimates" not in there or there["estimates"]["refused"].all():
        return  # refused: its section in the report says why
    makers: dict[str, Callable[..., Iterator[Drawing]]] = {
        "patients": partial(_patients, shown=shown),
        "bucher": bucher_drawings,
        "pool": pool_drawings,
        "network": network_drawings,
        "rates": rates_drawings,
        "counts": counts_drawings,
        "ratios": ratios_drawings,
        "over-time": over_time_drawings,
        "extrapolation": beyond_drawings,
    }
    yield from makers[entry.kind](entry, there, labels, folder)


def _between(entry: AnyComparison) -> str:
    """Caveat on the comparability of the two groups, in words."""
    if isinstance(entry, PatientComparison) and entry.treatment.study == entry.comparator.study:
        return (
            "Both groups are of one study: where it was not randomised, differences between them are in the estimate."
        )
    return UNADJUSTED


def _groups(estimates: pd.DataFrame) -> tuple[str, str]:
    first = estimates.iloc[0]
    return brief(str(first["treatment"])), brief(str(first["comparator"]))


def _patients(entry: AnyComparison, tables: Tables, labels: Labels, folder: str, *, shown: Shown) -> Iterator[Drawing]:
    estimates = tables["estimates"]
    first, second = _groups(estimates)
    names = {"first": first, "second": second}
    ratios = ratio_rows(estimates)
    grade = grade_words(estimates)
    if {"curves", "risk"} <= set(tables):
        yield _curves(entry, tables, names, labels, ratios, grade, folder, shown)
    if len(ratios) > 1:
        rebuilt = "that hold the uncertainty of the rebuilding (Rubin 1987)"
        yield ratio_forest(entry, ratios, (first, second), rebuilt, f"{grade} {_between(entry)}", folder)
    if {"log_cumulative_hazard", "rmst"} & set(tables):
        yield _hazards(entry, tables, names, grade, folder)
    if "bias_array" in tables:
        yield bias_drawing(entry, tables, names, grade, folder)


def _curves(
    entry: AnyComparison,
    tables: Tables,
    names: Mapping[str, str],
    labels: Labels,
    ratios: pd.DataFrame,
    grade: str,
    folder: str,
    shown: Shown,
) -> Drawing:
    curves = tables["curves"].assign(group=tables["curves"]["group"].map(names))
    risk = tables["risk"].assign(group=tables["risk"]["group"].map(names))
    risk["events"] = risk["events"].round()
    risk["at_risk"] = risk["at_risk"].round()
    risk["censored"] = risk["censored"].round()
    row, (first, second) = tables["estimates"].iloc[0], names.values()
    endpoint = labels.endpoint(row["endpoint"])
    known = ratios[ratios["role"] == Role.MAIN]
    ratio = (
        ""
        if known.empty
        else (
            f" {known.iloc[0]['method']}: hazard ratio {said_of(known.iloc[0])}, p {p_text(float(known.iloc[0]['p']))}."
        )
    )
    result = "" if known.empty or not shown.result else _in_short(known.iloc[0])
    strokes = tables.get("censored") if shown.censoring else None
    ended = ""
    if strokes is not None:
        strokes = strokes.assign(group=strokes["group"].map(names))
        ended = " Stroke: end of a patient's follow-up, where a digitised curve tells it."
    notes = {first: f"n {row['n_treatment']:.0f}", second: f"n {row['n_comparator']:.0f}"}
    ylabel = endpoint[0].upper() + endpoint[1:]
    return drawing_of(
        entry,
        "curves",
        "survival curves",
        f"Kaplan-Meier estimates ({endpoint}) of rebuilt patients: {names['first']}, n = "
        f"{row['n_treatment']:.0f}, against "
        f"{names['second']}, n = {row['n_comparator']:.0f}. Line: median of the replicates; band: middle 90 % "
        "of them; table: "
        f"patients at risk, censored and with an event so far, means over replicates.{ended}{ratio} {grade} "
        f"{_between(entry)}",
        f"Survival curves of {names['first']} and {names['second']} with bands and a table of numbers.{ratio}",
        f"{folder}/curves.csv",
        curve_plots.kaplan_meier(
            curves, risk, ylabel=ylabel, notes=notes, result=result, censored=strokes, width=BESIDE
        ),
    )


def _in_short(row: pd.Series) -> str:
    """`HR 0.45 (95 % CI 0.31 to 0.64), p <0.001`, as journals print it in the plot."""
    limits = f"95 % CI {number(row['lower'])} to {number(row['upper'])}"
    return f"HR {number(row['estimate'])} ({limits}), p {p_text(float(row['p']))}"


def _shape_words(estimates: pd.DataFrame) -> str:
    if not (estimates["evidence"] == "summary").any():
        return ""
    return " The shape between printed points is assumed, so departures from proportionality are suggestive only."


def _hazards(entry: AnyComparison, tables: Tables, names: Mapping[str, str], grade: str, folder: str) -> Drawing:
    rmst = tables.get("rmst")
    last = (
        ""
        if rmst is None
        else (
            f" At {rmst['horizon'].iloc[-1]:.1f} months the difference is {number(rmst['estimate'].iloc[-1])} "
            f"months ({number(rmst['lower'].iloc[-1])} to {number(rmst['upper'].iloc[-1])})."
        )
    )
    return drawing_of(
        entry,
        "hazards",
        "shape of the hazards, and restricted mean over the horizon",
        f"Left: log-cumulative hazards of {names['first']} and {names['second']} against log time; a constant "
        "distance speaks "
        "for proportional hazards, straight lines for Weibull. Right: difference in restricted mean time, "
        "first minus second, "
        "up to each horizon that all replicates determine, with 95 % interval (pooled by Rubin's "
        f"rules).{last} {grade}{_shape_words(tables['estimates'])}",
        f"Two panels: log-cumulative hazards, and difference in restricted mean over the horizon.{last}",
        f"{folder}/{'rmst' if rmst is not None else 'log_cumulative_hazard'}.csv",
        comparison.hazards_and_rmst(tables.get("log_cumulative_hazard"), rmst, names=names),
    )
