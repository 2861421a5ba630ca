"""Figures of time-varying networks and of extrapolations: models side by side."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from resurvey.figures.gallery_shared import Tables, drawing_of, grade_words
from resurvey.figures.save import Drawing
from resurvey.figures.style import INK, SOFT, look, new_figure, percent_axis, styled
from resurvey.labels import Labels
from resurvey.plan import AnyComparison

COLUMNS = 2


@styled
def ratios_over_time(table: pd.DataFrame, names: dict[str, str]) -> Figure:
    """Plot hazard ratios of every treatment against the reference, one line per model, dotted beyond follow-up."""
    treatments = list(table["treatment"].unique())
    rows = int(np.ceil(len(treatments) / COLUMNS))
    figure = new_figure(2.5 * rows + 0.5)
    axes = figure.subplots(rows, min(COLUMNS, len(treatments)), squeeze=False, sharex=True, sharey=True).ravel()
    known = table[table["hr"].notna()]
    low, high = (float(np.clip(known["hr"].quantile(q), 0.05, 20)) for q in (0.01, 0.99))
    for ax, treatment in zip(axes, treatments, strict=False):
        for place, (model, own) in enumerate(known[known["treatment"] == treatment].groupby("model", sort=False)):
            seen = own[~own["extrapolated"]]
            ax.plot(seen["time"], seen["hr"], label=model, **look(place))
        ax.axhline(1.0, color="0.5", linewidth=0.8)
        ax.set_title(names.get(treatment, treatment), fontsize="medium", loc="left")
    for ax in axes[len(treatments) :]:
        ax.set_axis_off()
    _ratio_scale(axes[0], low, high)
    figure.supxlabel("Months")
    figure.supylabel("Hazard ratio against the reference")
    axes[0].legend(fontsize="x-small", frameon=False)
    return figure


def _ratio_scale(ax: Axes, low: float, high: float) -> None:
    """Set a logarithmic y axis for ratios."""
    ax.set_yscale("log")
    ticks = [tick for tick in (0.05, 0.1, 0.2, 0.35, 0.5, 0.7, 1.0, 1.4, 2.0, 3.0, 5.0, 10.0, 20.0)
             if min(low, 0.7) * 0.8 <= tick <= max(high, 1.4) * 1.2]  # fmt: skip
    ax.set_ylim(ticks[0] / 1.3, ticks[-1] * 1.3)
    ax.set_yticks(ticks, [f"{tick:g}" for tick in ticks])
    ax.minorticks_off()


@styled
def survival_of_models(table: pd.DataFrame) -> Figure:
    """Plot survival at the landmarks by every model; the last one, the average, is black and has its limits."""
    figure = new_figure(3.6)
    ax = figure.subplots()
    models = list(table["model"].unique())
    for place, model in enumerate(models):
        own = table[table["model"] == model]
        style = look(place) | {"lw": 1.0} if model != models[-1] else {"color": INK, "lw": 2.2, "marker": "o", "ms": 4}
        ax.plot([0, *own["time"]], [1, *own["survival"]], label=model, **style)
    seen = table.loc[~table["extrapolated"], "time"].max()
    if seen < table["time"].max():
        ax.axvline(seen, color=SOFT, lw=0.8, ls=(0, (3, 2)))
        ax.text(seen, 0.99, " beyond the follow-up →", fontsize=7.5, color=SOFT, va="top")
    last = table[table["model"] == models[-1]]
    ax.fill_between([0, *last["time"]], [1, *last["lower"]], [1, *last["upper"]], color="0.6", alpha=0.3, linewidth=0)
    percent_axis(ax, "Survival")
    ax.set_xlabel("Months")
    ax.legend(fontsize="x-small", frameon=False, ncols=2)
    return figure


def over_time_drawings(entry: AnyComparison, tables: Tables, labels: Labels, folder: str) -> Iterator[Drawing]:
    """Figures of hazard ratios over time."""
    if "over_time_ratios" not in tables:
        return
    table = tables["over_time_ratios"]
    names = {name: labels.treatment(name) for name in table["treatment"].unique()}
    yield drawing_of(
        entry,
        "over-time",
        "over-time",
        f"{folder}/over_time_ratios.csv",
        ratios_over_time(table, names),
        reference=labels.treatment(str(table["comparator"].iloc[0])),
        models=list(table["model"].unique()),
        panels=len(names),
        grade=grade_words(tables["estimates"]),
    )


def beyond_drawings(entry: AnyComparison, tables: Tables, labels: Labels, folder: str) -> Iterator[Drawing]:
    """Figures of extrapolated survival by model."""
    if "beyond_survival" not in tables:
        return
    table = tables["beyond_survival"]
    yield drawing_of(
        entry,
        "beyond",
        "beyond",
        f"{folder}/beyond_survival.csv",
        survival_of_models(table),
        models=list(table["model"].unique()),
        last=table.loc[~table["extrapolated"], "time"].max(),
        end=table["time"].max(),
        grade=grade_words(tables["estimates"]),
    )
