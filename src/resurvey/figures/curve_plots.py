"""Survival curves with the extended risk table, log cumulative hazards, and restricted means by horizon."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import ceil
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from resurvey.errors import InputError
from resurvey.figures.style import (
    COLOURS,
    FAINT,
    INK,
    SOFT,
    WIDTH,
    cut,
    fixed_figure,
    in_rows,
    inches,
    look,
    percent_axis,
    plain,
    styled,
    wrapped,
)
from resurvey.ticks import time_ticks

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D

RISK_ROWS = (("at_risk", "At risk"), ("censored", "Censored"), ("events", "Events"))
# Inches: a row of the table, space for row labels, for a panel's title, and for the axis between curve and table.
ROW, LEFT, TITLE, AXIS = 0.15, 0.8, 0.24, 0.5
CHAR, BOLD = 0.058, 0.066  # inches per character at 7.5 points


def risk_table(patients: pd.DataFrame, times: Sequence[float]) -> pd.DataFrame:
    """Numbers at risk, and censored and with an event so far, averaged over replicates and rounded.

    Parameters
    ----------
    patients : DataFrame, columns replicate, time, event
        Patients of one arm.
    times : sequence of float

    Returns
    -------
    DataFrame
        time, at_risk, censored, events; whole numbers whose sum at each time is the size of the arm.

    Raises
    ------
    InputError
        If there are no patients.
    """
    if patients.empty:
        raise InputError("there are no patients: a table of numbers at risk needs at least one")
    grid = np.asarray(times, dtype=float)
    replicates = int(patients["replicate"].nunique())
    time = patients["time"].to_numpy(dtype=float)
    died = np.sort(time[patients["event"].to_numpy() == 1])
    everyone = np.sort(time)
    n = round(time.size / replicates)
    # Just before each time, so that patients who leave at that time still count as at risk.
    gone = np.rint(np.searchsorted(everyone, grid - 1e-9) / replicates).astype(int)
    events = np.minimum(np.rint(np.searchsorted(died, grid - 1e-9) / replicates).astype(int), gone)
    return pd.DataFrame({"time": grid, "at_risk": n - gone, "censored": gone - events, "events": events})


@styled
def kaplan_meier(
    curves: pd.DataFrame,
    risk: pd.DataFrame,
    *,
    ylabel: str,
    notes: Mapping[str, str] | None = None,
    grey: pd.DataFrame | None = None,
    grey_label: str = "",
    censored: pd.DataFrame | None = None,
    result: str = "",
    width: float = WIDTH,
) -> Figure:
    """Plot curves with bands and, below, the numbers at risk, censored and with an event so far.

    Parameters
    ----------
    curves : DataFrame
        group, time, survival, lower, upper (proportions); `panel` where there are several panels. Groups and panels
        are drawn in the order of the table.
    risk : DataFrame
        group, time, at_risk, censored, events, and `panel` as above; its times are the ticks of the axis.
    ylabel : str
        Label of the survival axis, without unit.
    notes : dict of str, optional
        Text after a group's name in the legend, by group or by `panel/group`.
    grey : DataFrame, optional
        time, survival of a reference curve, drawn in grey in every panel and labelled `grey_label`.
    censored : DataFrame, optional
        group, time (and `panel`) of censored patients, each shown as a tick on the curve.
    result : str, optional
        Hazard ratio and p value of the groups, printed in a free corner of a single panel.
    width : float
        Width of the figure in inches.

    Raises
    ------
    InputError
        If there is no curve.

    References
    ----------
    .. [1] Morris, T. P. et al. (2019). Proposals on Kaplan-Meier plots in medical research (KMunicate). BMJ Open 9.
    """
    if curves.empty:
        raise InputError("there is no curve to draw: give at least one group")
    curves = curves if "panel" in curves else curves.assign(panel="")
    risk = risk if "panel" in risk else risk.assign(panel="")
    panels = list(dict.fromkeys(curves["panel"]))
    groups = list(dict.fromkeys(curves["group"]))
    columns = 1 if len(panels) == 1 else 2
    lines = ceil(len(panels) / columns)
    most = max(risk.loc[risk["panel"] == panel, "group"].nunique() for panel in panels)
    table = ROW * most * (4.3 if len(groups) > 1 else 3)
    body = (2.9 if width == WIDTH else 1.95) if columns == 1 else 1.9
    line = (TITLE if any(panels) else 0.1) + body + AXIS + table
    # Names appear once above the panels; inside, they would overlap the curves.
    names = _names(groups, notes or {}, columns == 1, width)
    head = 0.06 + ROW * sum(1 + name.count("\n") for name in names) + (0.08 if names else 0)
    figure = fixed_figure(lines * line + head, width)
    across = width / columns - LEFT - 0.1
    last = float(curves["time"].max()) * 1.02
    first: Axes | None = None
    for index, panel in enumerate(panels):
        row, column = divmod(index, columns)
        foot = (lines - 1 - row) * line + 0.06
        left = column * width / columns + LEFT
        axes = figure.add_axes(inches(figure, left, foot + table + AXIS, across, body), sharey=first)
        below = figure.add_axes(inches(figure, left, foot, across, table), sharex=axes)
        first = first or axes
        shown, counted = curves[curves["panel"] == panel], risk[risk["panel"] == panel]
        if grey is not None:
            axes.step(
                grey["time"], grey["survival"], where="post", color=SOFT, lw=0.9, ls=(0, (1, 1)), label=grey_label
            )
        _curves(axes, shown, groups, {} if columns == 1 else notes or {}, last)
        if censored is not None:
            own = censored[censored["panel"] == panel] if "panel" in censored else censored
            _censoring_marks(axes, shown, own, groups)
        if result and columns == 1:
            _corner_text(axes, shown, result, last)
        axes.set_title(plain(panel))
        percent_axis(axes, wrapped(f"{ylabel} (%)", 44 if columns == 1 else 30) if column == 0 else "", top=1.02)
        axes.set_xticks(sorted(counted["time"].unique()))
        # One time axis for all panels, so that its ticks and the numbers below them lie within each panel.
        axes.set_xlim(0, last)
        axes.set_xlabel("Time (months)")
        _risk_rows(below, counted, groups, most, _letters(width, BOLD) if columns == 1 else 40)
    if names and first is not None:
        figure.legend(
            _samples(groups), names, loc="upper left", bbox_to_anchor=(LEFT / width, 1), borderaxespad=0.2, fontsize=7.5
        )
    return figure


def _letters(width: float, char: float) -> int:
    """Characters per line beside a legend sample of a curve."""
    return int((width - LEFT - 0.45) / char)


def _samples(groups: Sequence[str]) -> list[Line2D]:
    """A sample of each group's line, for a legend."""
    from matplotlib.lines import Line2D

    return [Line2D([], [], **look(index)) for index in range(len(groups))]


def _names(groups: Sequence[str], notes: Mapping[str, str], alone: bool, width: float) -> list[str]:
    """Text above the panels for each group; empty for a single group without notes."""
    if not alone:
        return [wrapped(group, 100) for group in groups] if len(groups) > 1 else []
    said = [", ".join(part for part in (str(group), notes.get(str(group), "")) if part) for group in groups]
    return [wrapped(words, _letters(width, CHAR)) for words in said] if len(groups) > 1 or notes else []


def free_corner(shown: pd.DataFrame, last: float) -> str:
    """The corner where a panel's curves and bands leave more room, `upper right` or `lower left`.

    Parameters
    ----------
    shown : DataFrame
        time, survival, and optionally lower, upper.
    last : float
        End of the time axis.
    """
    top = shown["upper"] if "upper" in shown else shown["survival"]
    bottom = shown["lower"] if "lower" in shown else shown["survival"]
    late, early = shown["time"] >= 0.5 * last, shown["time"] <= 0.5 * last
    above = 1 - float(top[late].max()) if late.any() else 1.0
    below = float(bottom[early].min()) if early.any() else 0.0
    return "upper right" if above >= below else "lower left"


def _corner_text(axes: Axes, shown: pd.DataFrame, words: str, last: float) -> None:
    upper = free_corner(shown, last) == "upper right"
    place = {"ha": "right", "va": "top"} if upper else {"ha": "left", "va": "bottom"}
    x, y = (0.99, 0.98) if upper else (0.02, 0.03)
    axes.text(x, y, plain(words), transform=axes.transAxes, fontsize=8, **place)


def _censoring_marks(axes: Axes, shown: pd.DataFrame, censored: pd.DataFrame, groups: list[str]) -> None:
    """Draw a short tick on the curve at each censoring time."""
    for group, curve in shown.groupby("group", sort=False):
        times = np.unique(censored.loc[censored["group"] == group, "time"].to_numpy(dtype=float))
        if not times.size:
            continue
        grid = curve["time"].to_numpy(dtype=float)
        at = curve["survival"].to_numpy(dtype=float)[np.maximum(grid.searchsorted(times, side="right") - 1, 0)]
        colour = look(groups.index(str(group)))["color"]
        axes.plot(times, at, "|", color=colour, ms=5, mew=0.7, ls="none", zorder=3)


def _curves(axes: Axes, shown: pd.DataFrame, groups: list[str], notes: Mapping[str, str], last: float) -> None:
    """Draw the curves of one panel; with several panels the legend has only the notes, as names stand above panels."""
    axes.axhline(0.5, color=FAINT, lw=0.8, zorder=0.5)
    for group, curve in shown.groupby("group", sort=False):
        style = look(groups.index(group))
        if {"lower", "upper"} <= set(curve.columns) and curve["lower"].notna().any():
            axes.fill_between(
                curve["time"], curve["lower"], curve["upper"], step="post", color=style["color"], alpha=0.18, lw=0
            )
        panel = shown["panel"].iloc[0]
        note = notes.get(f"{panel}/{group}", notes.get(str(group), ""))
        axes.step(curve["time"], curve["survival"], where="post", label=wrapped(note, 30), **style)
    if axes.get_legend_handles_labels()[1]:
        axes.legend(loc=free_corner(shown, last), borderaxespad=0.2, fontsize=7)


def _risk_rows(axes: Axes, counted: pd.DataFrame, groups: list[str], most: int, room: int) -> None:
    """Draw the extended risk table; its rows are tick labels, so that the layout reserves space for them."""
    several = len(groups) > 1
    labels: list[tuple[float, str, str]] = []
    y, size = 0.0, 7.5
    for group, rows in counted.groupby("group", sort=False):
        colour = COLOURS[groups.index(group) % len(COLOURS)] if several else INK
        if several:
            style = look(groups.index(group))
            axes.plot([0.0, 0.045], [y + 0.5] * 2, transform=in_rows(axes), lw=1.4, clip_on=False, **style)
            axes.text(
                0.055,
                y + 0.5,
                plain(cut(group, room)),
                transform=in_rows(axes),
                fontsize=size,
                fontweight="bold",
                color=colour,
                va="center",
            )
            y += 1.1
        for column, label in RISK_ROWS:
            labels.append((y + 0.5, label, colour))
            for time, count in zip(rows["time"], rows[column], strict=True):
                axes.text(time, y + 0.5, f"{int(count)}", ha="center", va="center", fontsize=size)
            y += 1
        y += 0.2 if several else 0
    axes.set_ylim(max(y, most * (4.3 if several else 3)), 0)
    axes.set_yticks([place for place, _, _ in labels], [label for _, label, _ in labels], fontsize=size)
    axes.tick_params(length=0, labelbottom=False, pad=15)
    for spine in axes.spines.values():
        spine.set_visible(False)


def log_cumulative_axes(axes: Axes, points: pd.DataFrame, names: Mapping[str, str]) -> None:
    """Draw log(-log S) against log time: parallel under proportional hazards, straight under a Weibull distribution.

    Parameters
    ----------
    axes : Axes
    points : DataFrame
        group, log_time (natural log of months), value; optional lower, upper.
    names : dict of str
        Labels of the groups.

    Raises
    ------
    InputError
        If there is no cumulative hazard.
    """
    if points.empty:
        raise InputError("there is no cumulative hazard to draw")
    for index, (group, rows) in enumerate(points.groupby("group", sort=False)):
        label = wrapped(names.get(str(group), group), 42)
        axes.step(rows["log_time"], rows["value"], where="post", label=label, **look(index))
    low, high = np.exp(points["log_time"].min()), np.exp(points["log_time"].max())
    ticks = [t for t in (0.1, 0.2, 0.5, 1, 2, 3, 6, 12, 24, 48, 96) if low * 0.98 <= t <= high * 1.02]
    axes.set_xticks(np.log(ticks), [f"{tick:g}" for tick in ticks])
    axes.set_xlabel("Time (months, log scale)")
    axes.set_ylabel("log(−log survival)")
    axes.legend(loc="lower left", bbox_to_anchor=(0, 1.0), fontsize=7, borderaxespad=0.1)


def rmst_axes(axes: Axes, rmst: pd.DataFrame, first: str, second: str, level: float) -> None:
    """Draw the difference in restricted mean survival time against the horizon, with its interval.

    Parameters
    ----------
    axes : Axes
    rmst : DataFrame
        horizon, estimate, lower, upper (months; first minus second).
    first, second : str
        Names of the groups.
    level : float

    Raises
    ------
    InputError
        If there is no restricted mean.
    """
    if rmst.empty:
        raise InputError("there is no restricted mean to draw")
    axes.axhline(0, color=SOFT, lw=0.9)
    band = {"color": COLOURS[0], "alpha": 0.18, "lw": 0, "label": f"{level:.0%} interval".replace("%", " %")}
    axes.fill_between(rmst["horizon"], rmst["lower"], rmst["upper"], **band)
    axes.plot(rmst["horizon"], rmst["estimate"], color=COLOURS[0], label="difference")
    for edge in ("lower", "upper"):
        axes.plot(rmst["horizon"], rmst[edge], color=COLOURS[0], lw=0.7, ls=(0, (3, 2)))
    low, high = min(float(rmst["lower"].min()), 0.0), max(float(rmst["upper"].max()), 0.0)
    margin = 0.24 * max(high - low, 1e-9)
    axes.set_ylim(low - margin, high + margin)
    axes.set_xlim(0, rmst["horizon"].max() * 1.02)
    axes.set_xticks(time_ticks(float(rmst["horizon"].max()), 8))
    axes.set_xlabel("Horizon (months)")
    axes.set_ylabel("Difference in restricted mean (months)")
    for y, va, text in ((0.985, "top", f"↑ longer with {first}"), (0.015, "bottom", f"↓ longer with {second}")):
        axes.text(0.02, y, wrapped(text, 44), transform=axes.transAxes, va=va, fontsize=7, color=SOFT)
    axes.legend(loc="lower left", bbox_to_anchor=(0, 1.0), ncols=2, fontsize=7, borderaxespad=0.1)
