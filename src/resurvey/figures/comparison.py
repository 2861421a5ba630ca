"""Two groups of patients: unmeasured bias, hazards and restricted means; response rates."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from resurvey.errors import InputError
from resurvey.figures.curve_plots import log_cumulative_axes, rmst_axes
from resurvey.figures.style import (
    COLOURS,
    FAINT,
    INK,
    PAPER,
    SOFT,
    cut,
    fixed_figure,
    in_rows,
    inches,
    ink_on,
    new_figure,
    plain,
    styled,
    wrapped,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


@styled
def bias_array_plot(array: pd.DataFrame, *, first: str, second: str) -> Figure:
    """Plot the ratio corrected for an unmeasured factor, by its strength and its prevalence in the first group.

    Parameters
    ----------
    array : DataFrame
        strength, prevalence_treated, prevalence_comparator, ratio, conclusion; only one comparator prevalence is drawn.
    first, second : str
        Names of the groups.

    Raises
    ------
    InputError
        If the array is empty.
    """
    if array.empty:
        raise InputError("the bias array is empty")
    share = sorted(array["prevalence_comparator"].unique())[0]
    rows = array[array["prevalence_comparator"] == share]
    ratio = rows.pivot_table(index="strength", columns="prevalence_treated", values="ratio")
    verdict = rows.pivot_table(index="strength", columns="prevalence_treated", values="conclusion", aggfunc="first")
    values = np.log(ratio.to_numpy())
    # half the colour range: stronger colours would make the numbers hard to read, and the sign is what matters
    most = 1.6 * max(np.abs(values).max(), np.log(1.2))
    body = 0.4 * len(ratio)
    figure = fixed_figure(body + 1.05)
    axes = figure.add_axes(inches(figure, 0.75, 0.78, 6.15, body))
    mesh = axes.pcolormesh(values, cmap="PuOr_r", vmin=-most, vmax=most, edgecolors=PAPER, linewidth=0.6)
    faces = mesh.to_rgba(values)
    changed = (verdict != "as observed").to_numpy()
    for (i, j), value in np.ndenumerate(ratio.to_numpy()):
        axes.text(
            j + 0.5,
            i + 0.5,
            f"{value:.2f}" + ("*" if changed[i, j] else ""),
            ha="center",
            va="center",
            fontsize=7.5,
            color=ink_on(faces[i, j]),
            fontstyle="italic" if changed[i, j] else "normal",
        )
    _boundary(axes, changed, color=INK, lw=2.2)
    axes.set_xticks(np.arange(ratio.shape[1]) + 0.5, [f"{100 * p:g}" for p in ratio.columns])
    axes.set_yticks(np.arange(len(ratio)) + 0.5, [f"{s:g}" for s in ratio.index])
    axes.tick_params(length=0)
    axes.set_xlabel(f"Prevalence of the factor with {plain(cut(first, 60))} (%); {100 * share:g} % with the comparator")
    axes.set_ylabel("Strength\n(hazard ratio of the factor)")
    axes.set_title("corrected hazard ratio", loc="right", fontsize=8, fontweight="normal")
    axes.set_title(f"against {plain(cut(second, 60))}", loc="left", fontsize=8)
    from matplotlib.lines import Line2D

    line = Line2D([], [], color=INK, lw=2.2, label="conclusion changes across this line (*: no longer as observed)")
    figure.legend(handles=[line], loc="lower left", fontsize=7.5)
    return figure


def _boundary(axes: Axes, inside: np.ndarray, **style: object) -> None:
    """Draw lines between adjacent cells that differ."""
    for i, j in zip(*np.nonzero(inside[:, 1:] != inside[:, :-1]), strict=True):
        axes.plot([j + 1, j + 1], [i, i + 1], solid_capstyle="projecting", **style)
    for i, j in zip(*np.nonzero(inside[1:] != inside[:-1]), strict=True):
        axes.plot([j, j + 1], [i + 1, i + 1], solid_capstyle="projecting", **style)


@styled
def hazards_and_rmst(
    points: pd.DataFrame | None, rmst: pd.DataFrame | None, *, names: Mapping[str, str], level: float = 0.95
) -> Figure:
    """Plot log cumulative hazards of two groups, and their difference in restricted means by horizon, side by side.

    Parameters
    ----------
    points : DataFrame, optional
        group, log_time, value.
    rmst : DataFrame, optional
        horizon, estimate, lower, upper (first minus second).
    names : dict of str
        Names of the groups `first` and `second`.

    Raises
    ------
    InputError
        If neither table has a row.
    """
    parts = [part for part in (points, rmst) if part is not None and len(part)]
    if not parts:
        raise InputError("neither log-cumulative hazards nor restricted means are there to draw")
    figure = new_figure(3.5)
    grid = figure.add_gridspec(1, len(parts))
    column = 0
    if points is not None and len(points):
        log_cumulative_axes(figure.add_subplot(grid[0]), points, names)
        column = 1
    if rmst is not None and len(rmst):
        rmst_axes(
            figure.add_subplot(grid[column]), rmst, names.get("first", "first"), names.get("second", "second"), level
        )
    return figure


@styled
def response_rates(rates: pd.DataFrame) -> Figure:
    """Plot response rates with exact intervals.

    Parameters
    ----------
    rates : DataFrame
        label, n, total, percent, lower, upper (limits as proportions).

    Raises
    ------
    InputError
        If there is no rate.
    """
    if rates.empty:
        raise InputError("there is no rate to draw")
    figure = new_figure(0.42 * len(rates) + 0.75)
    axes = figure.add_subplot()
    y = np.arange(len(rates))
    axes.hlines(y, 100 * rates["lower"], 100 * rates["upper"], color=INK, lw=1.1)
    axes.plot(rates["percent"], y, "s", color=COLOURS[0], ms=6, ls="none")
    for place, (_, row) in zip(y, rates.iterrows(), strict=True):
        limits = f"[{100 * row['lower']:.1f}, {100 * row['upper']:.1f}]"
        words = f"{row['n']:.0f}/{row['total']:.0f}   {row['percent']:.1f} % {limits}"
        axes.text(1.02, place, words, transform=in_rows(axes), fontsize=7.5, va="center")
    axes.set_yticks(y, [wrapped(label, 44) for label in rates["label"]])
    axes.set_ylim(len(rates) - 0.4, -0.6)
    axes.set_xlim(0, 100)
    axes.set_xlabel("Patients with the outcome (%)")
    axes.tick_params(axis="y", length=0)
    axes.grid(axis="x", color=FAINT, lw=0.6)
    axes.spines["left"].set_color(SOFT)
    return figure
