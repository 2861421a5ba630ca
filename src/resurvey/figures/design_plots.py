"""Single-arm designs: power by true median, events over calendar time, alpha against power, events by formula."""

from __future__ import annotations

from collections.abc import Mapping
from math import log
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from resurvey.errors import InputError
from resurvey.figures.style import (
    COLOURS,
    FAINT,
    INK,
    MARKERS,
    PAPER,
    SOFT,
    look,
    new_figure,
    percent_axis,
    plain,
    styled,
    wrapped,
)
from resurvey.ticks import time_ticks

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

HYPOTHESES = {"null": "null median", "alternative": "alternative median", "observed": "observed median"}


@styled
def operating_characteristics(
    curves: pd.DataFrame, simulated: pd.DataFrame | None, *, claim: Mapping[str, float]
) -> Figure:
    """Plot power against the true median by formula, overlaid with simulated trials.

    Parameters
    ----------
    curves : DataFrame
        method, label, sides, true_median, power.
    simulated : DataFrame, optional
        method, sides, true_median, power, lower, upper.
    claim : dict
        null_median, alternative_median, alpha, power as printed (alpha and power as proportions).

    Raises
    ------
    InputError
        If there is no power curve.
    """
    if curves.empty:
        raise InputError("there is no power curve to draw")
    sides = sorted(curves["sides"].unique())
    methods = list(dict.fromkeys(curves["method"]))
    figure = new_figure(4.1)
    grid = figure.add_gridspec(1, len(sides))
    first = None
    for column, side in enumerate(sides):
        axes = figure.add_subplot(grid[column], sharey=first)
        first = first or axes
        for index, method in enumerate(methods):
            rows = curves[(curves["method"] == method) & (curves["sides"] == side)]
            axes.plot(rows["true_median"], rows["power"], lw=1.2, label=plain(rows["label"].iloc[0]), **look(index))
        if simulated is not None and len(simulated):
            _simulated(axes, simulated[simulated["sides"] == side], methods)
        for x, words in ((claim["null_median"], "null"), (claim["alternative_median"], "alternative")):
            axes.axvline(x, color=SOFT, lw=0.8, ls=(0, (3, 2)))
            axes.text(x, 1.015, f"{words} {x:g}", fontsize=7, color=SOFT, ha="center", va="bottom")
        for y, words in ((claim["power"], "printed power"), (claim["alpha"], "printed α")):
            axes.axhline(y, color=FAINT, lw=0.9, zorder=0)
            axes.text(curves["true_median"].max(), y, words, fontsize=6.5, color=SOFT, ha="right", va="bottom")
        axes.set_title(f"{'one' if side == 1 else 'two'}-sided", pad=14)
        axes.set_xlabel("True median (months)")
        axes.set_xlim(curves["true_median"].min(), curves["true_median"].max())
        percent_axis(axes, "Probability of rejecting the null (%)" if column == 0 else "")
    handles, labels = figure.axes[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=2, fontsize=7.5)
    return figure


def _simulated(axes: Axes, rows: pd.DataFrame, methods: list[str]) -> None:
    for index, method in enumerate(methods):
        shown = rows[rows["method"] == method]
        axes.plot(
            shown["true_median"],
            shown["power"],
            MARKERS[index % len(MARKERS)],
            ms=3.6,
            ls="none",
            color=COLOURS[index % len(COLOURS)],
            mfc=PAPER,
            mew=0.9,
            zorder=4,
        )


@styled
def events_over_time(
    events: pd.DataFrame, *, planned: float | None, observed: float | None, cut_off: float | None, accrual: float | None
) -> Figure:
    """Plot expected events against calendar time under each median, with the printed numbers marked.

    Parameters
    ----------
    events : DataFrame
        hypothesis, median, time, expected_events, lower, upper, entered.
    planned, observed : float, optional
        Printed numbers of events in the plan and at the analysis.
    cut_off, accrual : float, optional
        Months from the first entry to the data cut-off and to the last entry.

    Raises
    ------
    InputError
        If there are no expected events.
    """
    if events.empty:
        raise InputError("there are no expected events to draw")
    figure = new_figure(3.5)
    axes = figure.add_subplot()
    for index, (name, rows) in enumerate(events.groupby("hypothesis", sort=False)):
        words = f"{HYPOTHESES.get(str(name), str(name))} {rows['median'].iloc[0]:g} months"
        axes.fill_between(rows["time"], rows["lower"], rows["upper"], color=COLOURS[index], alpha=0.13, lw=0)
        axes.plot(rows["time"], rows["expected_events"], label=words, **look(index))
    last = events.groupby("hypothesis", sort=False).get_group(events["hypothesis"].iloc[0])
    axes.plot(last["time"], last["entered"], color=SOFT, lw=0.9, ls=(0, (1, 1.5)), label="patients entered")
    if planned is not None:
        axes.axhline(planned, color=INK, lw=0.8, ls=(0, (4, 3)))
        axes.text(0.3, planned + 1, f"planned: {planned:g} events", fontsize=7.5, va="bottom")
    for x, words in ((accrual, "last entry"), (cut_off, "cut-off")):
        if x is not None:
            axes.axvline(x, color=SOFT, lw=0.8, ls=(0, (3, 2)))
            axes.text(x - 0.3, 1.5, words, fontsize=7.5, color=SOFT, rotation=90, ha="right", va="bottom")
    if observed is not None and cut_off is not None:
        axes.plot(
            [cut_off],
            [observed],
            "D",
            ms=7,
            color=COLOURS[3],
            mec=INK,
            zorder=5,
            label=f"printed: {observed:g} events at the cut-off",
        )
    end = float(events["time"].max())
    axes.set_xlim(0, end)
    axes.set_xticks(time_ticks(end, 10))
    axes.set_ylim(0, None)
    axes.set_xlabel("Months since the first entry")
    axes.set_ylabel("Events (patients)")
    figure.legend(loc="outside lower center", ncols=3, fontsize=7.5)
    return figure


@styled
def alpha_power(
    grid: pd.DataFrame, contours: pd.DataFrame | None, *, claimed: float, printed: Mapping[str, float]
) -> Figure:
    """Plot the events required by a formula over alpha and power, with the contour of the claimed number.

    Parameters
    ----------
    grid : DataFrame
        method, sides, alpha, power, events_raw.
    contours : DataFrame, optional
        method, label, alpha, power: the same contour for other formulas.
    claimed : float
        Printed number of events.
    printed : dict
        alpha, power as printed.

    Raises
    ------
    InputError
        If the grid is smaller than 2 by 2.
    """
    wide = grid.pivot_table(index="power", columns="alpha", values="events_raw")
    if wide.shape[0] < 2 or wide.shape[1] < 2:
        raise InputError("the map of alpha and power needs a grid of at least 2 by 2")
    figure = new_figure(3.9)
    axes = figure.add_subplot()
    levels = [20, 30, 40, 50, 60, 80, 100, 120, 150]
    filled = axes.contourf(
        wide.columns, wide.index, wide.to_numpy(), levels=[0, *levels, 400], cmap="Blues", alpha=0.75
    )
    filled.set_edgecolor("face")
    lines = axes.contour(wide.columns, wide.index, wide.to_numpy(), levels=levels, colors=SOFT, linewidths=0.5)
    axes.clabel(lines, fmt="%d", fontsize=6.5)
    low, high = float(wide.index.min()), float(wide.index.max())
    if contours is not None:
        for index, (_, rows) in enumerate(contours.groupby("method", sort=False)):
            style = look(index) | ({"color": INK} if index == 0 else {})
            shown = rows[(rows["power"] >= low) & (rows["power"] <= high)]
            axes.plot(
                shown["alpha"],
                shown["power"],
                lw=2 if index == 0 else 1.3,
                **style,
                label=wrapped(f"{claimed:g} events: {rows['label'].iloc[0]}", 50),
            )
    for alpha, words, mark in (
        (printed["alpha"], "printed, one-sided", "o"),
        (printed["alpha"] / 2, "printed, two-sided", "s"),
    ):
        axes.plot(
            [alpha],
            [printed["power"]],
            mark,
            ms=8,
            color=COLOURS[1],
            mec=PAPER,
            mew=1.2,
            zorder=5,
            ls="none",
            label=f"{words} ({100 * alpha:g} %, {100 * printed['power']:g} %)",
        )
    axes.set_xlim(wide.columns.min(), wide.columns.max())
    axes.set_ylim(low, high)
    from matplotlib.ticker import PercentFormatter

    axes.xaxis.set_major_formatter(PercentFormatter(1.0, symbol="", decimals=None))
    axes.yaxis.set_major_formatter(PercentFormatter(1.0, symbol="", decimals=0))
    axes.set_xlabel("α, in one tail (%)")
    axes.set_ylabel("Power (%)")
    figure.legend(loc="outside lower center", ncols=2, fontsize=7)
    return figure


@styled
def events_by_method(table: pd.DataFrame, *, claimed: float | None, claimed_patients: float | None = None) -> Figure:
    """Plot events and patients by every formula, one- and two-sided, beside the printed numbers.

    Parameters
    ----------
    table : DataFrame
        Rows of `check_claim`: label, sides, events, patients, reading.
    claimed, claimed_patients : float, optional

    Raises
    ------
    InputError
        If no formula gives a number of events.
    """
    rows = table[table["events"].notna()]
    if rows.empty:
        raise InputError("no formula gives a number of events")
    labels = list(dict.fromkeys(rows["label"]))
    names = [wrapped(label, 50) for label in labels]
    # A two-line label gets the space of one and a half lines.
    ends = np.cumsum([1 + 0.5 * name.count("\n") for name in names])
    middles = ends - np.diff(ends, prepend=0.0) / 2
    figure = new_figure(0.145 * float(ends[-1]) + 0.95)
    grid = figure.add_gridspec(1, 2)
    left, right = figure.add_subplot(grid[0]), figure.add_subplot(grid[1])
    place = dict(zip(labels, middles.tolist(), strict=True))
    looks = {1: ("o", COLOURS[0], True), 2: ("s", COLOURS[1], False)}
    for side, part in rows.groupby("sides", sort=True):
        mark, colour, filled = looks.get(int(side), ("D", INK, True))
        shift = -0.22 if side == 1 else 0.22
        one = part.drop_duplicates("label")
        style = {"color": colour, "mfc": colour if filled else PAPER, "ms": 4.2, "mew": 1.0, "ls": "none"}
        left.plot(one["events"], one["label"].map(place) + shift, mark, label=f"{side}-sided", **style)
        _readings(right, part, place, shift, colour, "-" if filled else (0, (2, 1.2)))
    for axes, value, words in ((left, claimed, "events"), (right, claimed_patients, "patients")):
        if value is not None:
            axes.axvline(value, color=INK, lw=0.9, ls=(0, (4, 3)))
            axes.set_title(f"printed: {value:g} {words}", fontsize=8)
        axes.set_xlabel(words.capitalize() + ("" if axes is left else " (strokes: readings)"))
        _log_counts(axes)
        axes.set_ylim(float(ends[-1]) + 0.1, -0.1)
        axes.grid(axis="both", color=FAINT, lw=0.5)
        axes.tick_params(axis="y", length=0)
    left.set_yticks(middles, names, fontsize=7)
    right.set_yticks(middles, [""] * len(labels))
    figure.legend(loc="outside lower center", ncols=2)
    return figure


def _readings(
    axes: Axes, part: pd.DataFrame, place: Mapping[str, float], shift: float, colour: str, line: object
) -> None:
    """Draw the patients under each interpretation of accrual as ticks joined by a line: markers would overlap."""
    for label, own in part[part["patients"].notna()].groupby("label", sort=False):
        y = place[str(label)] + shift
        axes.plot([own["patients"].min(), own["patients"].max()], [y, y], color=colour, lw=0.8, ls=line)
        axes.plot(own["patients"], [y] * len(own), "|", color=colour, ms=6, mew=1.3)


def _log_counts(axes: Axes) -> None:
    """Set a log axis with round counts, so that two-arm formulas do not compress the others."""
    from matplotlib.ticker import FixedFormatter, FixedLocator, NullLocator

    axes.set_xscale("log")
    low, high = axes.get_xlim()
    ticks: list[int] = []
    for tick in (10, 20, 40, 60, 100, 150, 200, 300, 400, 600, 1000):
        # A seventh of the axis apart, or the labels touch.
        if low <= tick <= high and (not ticks or log(tick / ticks[-1]) > log(high / low) / 7):
            ticks.append(tick)
    axes.xaxis.set_major_locator(FixedLocator(ticks))
    axes.xaxis.set_major_formatter(FixedFormatter([str(t) for t in ticks]))
    axes.xaxis.set_minor_locator(NullLocator())


def records(verdict: Mapping[str, Any], key: str) -> pd.DataFrame | None:
    """A list of records from the verdict as a table, with empty cells as NaN; None where there is no list."""
    found = verdict.get(key)
    return pd.DataFrame(found).replace({None: np.nan}) if found else None
