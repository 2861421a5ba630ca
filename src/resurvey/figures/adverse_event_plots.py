"""Adverse events: by grade in one arm, and in two arms side by side with the risk difference."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from resurvey.errors import InputError
from resurvey.figures.style import COLOURS, FAINT, INK, PAPER, SOFT, new_figure, plain, styled, wrapped
from resurvey.proportion_limits import newcombe

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

GRADE_LOOKS = (("o", COLOURS[5], False), ("s", COLOURS[4], True), ("^", COLOURS[1], True), ("D", INK, True))


def adverse_events(proportions: pd.DataFrame, study_id: str) -> pd.DataFrame:
    """Counts of adverse events of a study by arm, event and grade, where the printed grades do not overlap.

    Returns
    -------
    DataFrame
        arm_id, item, grade, n, total, percent, claim_id; events with at least two grades, each listed once. Empty
        where no such events are printed for the study.
    """
    rows = proportions[(proportions["kind"] == "adverse_event") & (proportions["study_id"] == study_id)]
    rows = rows[rows["n"].notna() & rows["total"].notna() & rows["grade"].astype(str).str.fullmatch(r"[1-5](-[1-5])?")]
    rows = rows.drop_duplicates(["arm_id", "item", "grade"])
    grades = rows.groupby(["arm_id", "item"])["grade"].transform("nunique")
    rows = rows[grades >= 2]
    columns = ["arm_id", "item", "grade", "n", "total", "claim_id"]
    return rows[columns].assign(percent=100 * rows["n"] / rows["total"]).reset_index(drop=True)


@styled
def events_by_grade(events: pd.DataFrame) -> Figure:
    """Dot plot of the percentage of patients with each event, with one symbol per grade and the counts in columns.

    Parameters
    ----------
    events : DataFrame
        item, grade, n, total, percent of one arm.

    Raises
    ------
    InputError
        If there are no adverse events by grade.

    References
    ----------
    .. [1] Phillips, R. et al. (2022). Visualising harms in publications of randomised controlled trials. BMJ 377.
    """
    if events.empty:
        raise InputError("there are no adverse events by grade to draw")
    grades = sorted(events["grade"].unique())
    wide = events.pivot_table(index="item", columns="grade", values="percent", aggfunc="first")
    counts = events.pivot_table(index="item", columns="grade", values="n", aggfunc="first")
    order = wide.sum(axis=1).sort_values(ascending=False, kind="stable").index
    figure = new_figure(0.152 * len(order) + 0.95)
    grid = figure.add_gridspec(1, 2, width_ratios=[1, 0.11 * len(grades)])
    axes, table = figure.add_subplot(grid[0]), figure.add_subplot(grid[1])
    for y, item in enumerate(order):
        known = wide.loc[item].dropna()
        axes.plot([0, known.max()], [y, y], color=FAINT, lw=0.9, zorder=1)
    for index, grade in enumerate(grades):
        mark, colour, filled = GRADE_LOOKS[index % len(GRADE_LOOKS)]
        shown = wide.loc[order, grade]
        seen = (shown > 0).to_numpy()
        axes.plot(
            shown[seen],
            np.flatnonzero(seen),
            mark,
            color=colour,
            mfc=colour if filled else PAPER,
            mew=1.2,
            ms=4.8,
            ls="none",
            label=f"grade {grade}",
            zorder=2 + index,
        )
    axes.set_yticks(range(len(order)), [plain(item) for item in order], fontsize=7)
    axes.set_xlim(-0.8, min(wide.max().max() * 1.06, 102))
    axes.set_xlabel(f"Patients (%), n = {events['total'].max():.0f}")
    axes.legend(loc="lower right", fontsize=8)
    axes.grid(axis="x", color=FAINT, lw=0.5)
    _counts(table, counts.loc[order], grades)
    for one in (axes, table):
        one.set_ylim(len(order) - 0.4, -1.6)
        one.tick_params(axis="y", length=0)
    return figure


def _counts(axes: Axes, counts: pd.DataFrame, grades: Sequence[str]) -> None:
    axes.set_axis_off()
    axes.set_xlim(-0.5, len(grades) - 0.5)
    for x, grade in enumerate(grades):
        axes.text(x, -1.1, f"n: {grade}" if x == 0 else f"{grade}", fontsize=7, fontweight="bold", ha="center")
        for y, value in enumerate(counts[grade]):
            words = "" if value != value else f"{value:.0f}"
            axes.text(x, y, words, fontsize=6.8, ha="center", va="center", color=INK if value else SOFT)


@styled
def events_by_arm(events: pd.DataFrame, *, arms: Sequence[str], names: Mapping[str, str]) -> Figure:
    """Dot plot of two arms side by side, by grade, with the risk difference.

    Parameters
    ----------
    events : DataFrame
        arm_id, item, grade, n, total, percent.
    arms : (str, str)
        First and second arm; differences are first minus second.
    names : dict of str
        Labels of the arms by id.

    Raises
    ------
    InputError
        If the arms have no adverse event in common.
    """
    first, second = arms
    both = events[events["arm_id"] == first].merge(
        events[events["arm_id"] == second], on=["item", "grade"], suffixes=("_1", "_2")
    )
    if both.empty:
        raise InputError(f"arms {first} and {second} have no adverse event in common")
    grades = sorted(both["grade"].unique())
    ranks = (
        both.groupby("item")[["percent_1", "percent_2"]].sum().max(axis=1).sort_values(ascending=False, kind="stable")
    )
    order = list(ranks.index)
    figure = new_figure(0.27 * len(order) + 1.25)
    grid = figure.add_gridspec(1, 2 * len(grades), width_ratios=[1.25, 1] * len(grades))
    most = both[["percent_1", "percent_2"]].max().max()
    for index, grade in enumerate(grades):
        rows = both[both["grade"] == grade].set_index("item").reindex(order)
        left, right = figure.add_subplot(grid[2 * index]), figure.add_subplot(grid[2 * index + 1])
        _two_arms(left, rows, most)
        _difference(right, rows)
        left.set_title(f"Grade {grade}")
        left.set_yticks(range(len(order)), [plain(item) for item in order] if index == 0 else [""] * len(order))
        right.set_yticks([])
        for axes in (left, right):
            axes.set_ylim(len(order) - 0.4, -0.6)
            axes.tick_params(axis="y", length=0)
            axes.grid(axis="x", color=FAINT, lw=0.5)
    handles, _ = figure.axes[0].get_legend_handles_labels()
    figure.legend(handles, [wrapped(names.get(arm, arm), 60) for arm in arms], loc="outside lower center", ncols=2)
    return figure


def _two_arms(axes: Axes, rows: pd.DataFrame, most: float) -> None:
    y = np.arange(len(rows))
    axes.hlines(
        y,
        rows[["percent_1", "percent_2"]].min(axis=1),
        rows[["percent_1", "percent_2"]].max(axis=1),
        color=SOFT,
        lw=1,
        zorder=1,
    )
    axes.plot(rows["percent_1"], y, "o", color=COLOURS[0], ms=5.5, ls="none", label="1")
    axes.plot(rows["percent_2"], y, "s", color=COLOURS[1], mfc=PAPER, mew=1.3, ms=5, ls="none", label="2")
    axes.set_xlim(-1.5, most * 1.08)
    axes.set_xlabel("Patients (%)")


def _difference(axes: Axes, rows: pd.DataFrame) -> None:
    difference, low, high = newcombe(*(rows[column].to_numpy() for column in ("n_1", "total_1", "n_2", "total_2")))
    y = np.arange(len(rows))
    axes.axvline(0, color=SOFT, lw=0.9)
    axes.hlines(y, 100 * low, 100 * high, color=INK, lw=1)
    axes.plot(100 * difference, y, "D", color=INK, ms=3.8, ls="none")
    reach = np.nanmax(np.abs([low, high])) * 108
    axes.set_xlim(-reach, reach)
    axes.set_xlabel("Difference\n(percentage points)")
    axes.set_title("first − second", fontsize=7, fontweight="normal", color=SOFT, loc="center")
