"""Figures of a comparison, by its kind, with their captions."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial

import pandas as pd

from resurvey.figures import comparison, curve_plots
from resurvey.figures.captions import said
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
from resurvey.figures.gallery_shared import UNADJUSTED, Tables, bias_drawing, drawing_of, grade_words
from resurvey.figures.save import Drawing
from resurvey.figures.style import BESIDE
from resurvey.labels import Labels, brief
from resurvey.plan import AnyComparison, PatientComparison
from resurvey.results import Role


@dataclass(frozen=True)
class Shown:
    """What a plot shows in addition to curves: ticks at censoring times, the hazard ratio and its p value."""

    censoring: bool = True
    result: bool = True


EVERYTHING = Shown()
CURVES = ("curves", "risk", "censored")


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
        rebuilt = "that hold the uncertainty of the reconstruction (Rubin 1987)"
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
    named = {name: tables[name].assign(group=tables[name]["group"].map(names)) for name in CURVES if name in tables}
    counts = ["events", "at_risk", "censored"]
    risk = named["risk"].assign(**named["risk"][counts].round())
    row = tables["estimates"].iloc[0]
    endpoint = labels.endpoint(row["endpoint"])
    main = next(iter(ratios[ratios["role"] == Role.MAIN].to_dict("records")), None)
    strokes = named.get("censored") if shown.censoring else None
    figure = curve_plots.kaplan_meier(
        named["curves"],
        risk,
        ylabel=endpoint[0].upper() + endpoint[1:],
        notes={names["first"]: f"n {row['n_treatment']:.0f}", names["second"]: f"n {row['n_comparator']:.0f}"},
        result=said("curves", "short", row=main) if main and shown.result else "",
        censored=strokes,
        width=BESIDE,
    )
    return drawing_of(
        entry,
        "curves",
        "curves",
        f"{folder}/curves.csv",
        figure,
        **names,
        endpoint=endpoint,
        row=row.to_dict(),
        strokes=strokes is not None,
        ratio=said("curves", "ratio", main=main),
        grade=grade,
        between=_between(entry),
    )


def _hazards(entry: AnyComparison, tables: Tables, names: Mapping[str, str], grade: str, folder: str) -> Drawing:
    rmst = tables.get("rmst")
    return drawing_of(
        entry,
        "hazards",
        "hazards",
        f"{folder}/{'rmst' if rmst is not None else 'log_cumulative_hazard'}.csv",
        comparison.hazards_and_rmst(tables.get("log_cumulative_hazard"), rmst, names=names),
        **names,
        last=None if rmst is None else rmst.iloc[-1].to_dict(),
        grade=grade,
        assumed=(tables["estimates"]["evidence"] == "summary").any(),
    )
