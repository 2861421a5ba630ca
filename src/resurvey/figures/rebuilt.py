"""A rebuilt arm against its printed results."""

from __future__ import annotations

from math import inf, isfinite
from typing import TYPE_CHECKING

import pandas as pd

from resurvey.errors import InputError
from resurvey.figures.style import (
    COLOURS,
    FAINT,
    INK,
    SOFT,
    fixed_figure,
    inches,
    number,
    percent_axis,
    styled,
    wrapped,
)
from resurvey.results import FactKind, Limit
from resurvey.ticks import time_ticks

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

FOOT = 0.8  # inches below the axes: ticks, label, legend
#: Size first, then the median and its limits, then the curve, then comparisons of two groups.
ORDER = (
    FactKind.PATIENTS,
    FactKind.EVENTS,
    FactKind.MEDIAN,
    FactKind.MEDIAN_LIMIT,
    FactKind.QUANTILE,
    FactKind.SURVIVAL,
    FactKind.AT_RISK,
    FactKind.RESTRICTED_MEAN,
    FactKind.LONGEST_FOLLOW_UP,
    FactKind.MEDIAN_FOLLOW_UP,
    FactKind.HAZARD_RATIO,
    FactKind.RATIO_LIMIT,
    FactKind.P,
    FactKind.DISTANCE,
)


@styled
def rebuilt_against_printed(curve: pd.DataFrame, facts: pd.DataFrame, *, ylabel: str) -> Figure:
    """Plot the rebuilt curve with its band and the printed facts and, beside it, the differences between them.

    Parameters
    ----------
    curve : DataFrame
        time, survival, lower, upper of one arm.
    facts : DataFrame
        fact (the label), kind, time, limit, printed, rebuilt, difference, holds of the same arm.
    ylabel : str

    Raises
    ------
    InputError
        If there is no curve, or no printed fact to draw beside it.
    """
    if curve.empty or facts.empty:
        raise InputError("an arm needs a curve and at least one printed fact to be drawn beside it")
    body = max(2.2, 0.2 + 0.24 * len(facts))
    figure = fixed_figure(body + FOOT + 0.28)
    left = figure.add_axes(inches(figure, 0.6, FOOT, 3.0, body))
    right = figure.add_axes(inches(figure, 4.95, FOOT, 1.05, body))
    _curve(left, curve, ylabel)
    _printed(left, facts, float(curve["time"].max()))
    place = "lower left" if curve["survival"].iloc[-1] > 0.5 else "upper right"
    left.legend(loc=place, borderaxespad=0.2, fontsize=7.5)
    _residuals(right, _in_order(facts))
    return figure


def _in_order(facts: pd.DataFrame) -> pd.DataFrame:
    place = facts["kind"].map({str(kind): index for index, kind in enumerate(ORDER)})
    return facts.assign(_place=place).sort_values("_place", kind="stable")


def fact_name(kind: object, time: float, limit: object) -> str:
    """Label of a fact beside a plot, such as `survival at 12` or `median, lower limit`."""
    if limit:
        whole = FactKind.MEDIAN if kind == FactKind.MEDIAN_LIMIT else FactKind.HAZARD_RATIO
        return f"{whole}, {limit} limit"
    return f"{kind} at {time:g}" if isfinite(time) else str(kind)


def _curve(axes: Axes, curve: pd.DataFrame, ylabel: str) -> None:
    axes.axhline(0.5, color=FAINT, lw=0.8, zorder=0.5)
    axes.fill_between(
        curve["time"], curve["lower"], curve["upper"], step="post", color=COLOURS[0], alpha=0.2, lw=0, label="90 % band"
    )
    axes.step(curve["time"], curve["survival"], where="post", color=COLOURS[0], label="reconstructed")
    percent_axis(axes, f"{ylabel} (%)", top=1.02)
    last = float(curve["time"].max())
    axes.set_xlim(0, last * 1.02)
    axes.set_xticks(time_ticks(last, 8))
    axes.set_xlabel("Time (months)")


def printed_value(facts: pd.DataFrame, kind: FactKind, limit: Limit = Limit.NONE) -> float | None:
    """The printed number of a kind of fact; None where there is none."""
    found = facts[(facts["kind"] == kind) & (facts["limit"] == limit)]
    return float(found["printed"].iloc[0]) if len(found) else None


def _printed(axes: Axes, facts: pd.DataFrame, last: float) -> None:
    median = printed_value(facts, FactKind.MEDIAN)
    low, high = (printed_value(facts, FactKind.MEDIAN_LIMIT, side) for side in (Limit.LOWER, Limit.UPPER))
    ink = COLOURS[1]
    if low is not None and isfinite(low):
        end = high if high is not None and isfinite(high) else inf
        axes.plot([low, min(end, last)], [0.5, 0.5], color=ink, lw=1.4, zorder=3, label="printed interval")
        axes.plot([low], [0.5], marker="|", ms=8, mew=1.4, color=ink, zorder=3)
        mark = {"marker": ">", "ms": 5} if end > last else {"marker": "|", "ms": 8, "mew": 1.4}
        axes.plot([min(end, last)], [0.5], color=ink, clip_on=False, zorder=3, **mark)
    if median is not None and isfinite(median):
        axes.plot([median], [0.5], "D", ms=6, color=ink, mec="white", zorder=4, label=f"printed median {median:.4g}")
    elif median is not None:
        axes.plot([], [], " ", label="printed median: not reached")
    points = printed_points(facts, FactKind.SURVIVAL)
    if points:
        axes.plot(
            *zip(*points, strict=True), "s", ms=6, color=INK, mec="white", zorder=4, label="printed survival", ls="none"
        )
    table = printed_points(facts, FactKind.AT_RISK)
    for time, count in table:
        axes.text(time, 0.01, f"{count:.0f}", ha="center", va="bottom", fontsize=7, color=SOFT)
    if table:
        axes.plot([], [], " ", label="grey numbers: printed at risk")


def printed_points(facts: pd.DataFrame, kind: FactKind) -> list[tuple[float, float]]:
    """Times and printed numbers of the facts of one kind."""
    rows = facts[facts["kind"] == kind]
    return list(zip(rows["time"].astype(float), rows["printed"].astype(float), strict=True))


def _residuals(axes: Axes, facts: pd.DataFrame) -> None:
    """Plot rebuilt minus printed in per cent of the printed value, one row per fact, with both numbers as text."""
    rows = facts.reset_index(drop=True)
    base = rows["printed"].abs().where(rows["printed"].abs() > 0)
    apart = (100 * rows["difference"] / base).where(lambda x: x.abs() < inf)
    # a p value may be ten times the printed one when all else agrees: it does not set the scale, and may lie outside it
    scaled = apart[rows["kind"] != FactKind.P].abs().max(skipna=True)
    reach = max(0.0 if pd.isna(scaled) else float(scaled), 0.5) * 1.35
    beyond = apart.abs() > reach
    axes.axvline(0, color=SOFT, lw=0.9)
    holds = rows["holds"].astype(bool)
    for mask, mark, face, label in (
        (holds, "o", COLOURS[2], "holds within rounding"),
        (~holds, "X", COLOURS[1], "does not hold"),
    ):
        mask = mask & ~beyond
        if mask.any():
            axes.plot(
                apart[mask], rows.index[mask], mark, color=face, ms=6, mec="white", mew=0.5, ls="none", label=label
            )
    for y in rows.index[beyond]:
        edge = 0.93 if apart[y] > 0 else -0.93
        axes.plot(edge * reach, y, ">" if edge > 0 else "<", color=COLOURS[1], ms=6, mec="white", mew=0.5, ls="none")
    for y, printed, rebuilt in zip(rows.index, rows["printed"], rows["rebuilt"], strict=True):
        if pd.isna(apart[y]):
            axes.text(
                0,
                y,
                " not reached in both " if rebuilt == printed else " no scale ",
                fontsize=7,
                va="center",
                color=SOFT,
                ha="center",
                backgroundcolor="white",
            )
        axes.annotate(
            f"{_shown(printed)} → {_shown(rebuilt)}",
            (1.02, y),
            xycoords=("axes fraction", "data"),
            va="center",
            fontsize=7,
            annotation_clip=False,
        )
    names = [fact_name(*parts) for parts in zip(rows["kind"], rows["time"], rows["limit"], strict=True)]
    for place in rows.index[rows["kind"] == FactKind.DISTANCE]:
        names[place] = rows.loc[place, "fact"]  # there are several, and no other column distinguishes them
    axes.set_yticks(rows.index, [wrapped(name, 20) for name in names], fontsize=7.5)
    axes.set_ylim(len(rows) - 0.4, -0.6)
    axes.set_xlim(-reach, reach)
    axes.set_xlabel("Reconstructed − printed\n(% of printed)")
    axes.set_title("printed → reconstructed", loc="right", fontsize=7.5, fontweight="normal", color=SOFT)
    axes.spines["left"].set_visible(False)
    axes.tick_params(axis="y", length=0)
    tall = axes.get_position().height * axes.figure.get_size_inches()[1]
    both = bool(holds.any() and not holds.all())
    place = {"loc": "upper center", "bbox_to_anchor": (0.5, -0.47 / tall)}
    axes.legend(**place, ncols=2 if both else 1, columnspacing=1.0, fontsize=7.5)


def _shown(value: float) -> str:
    if not isfinite(value):
        return number(value)
    return f"{value:.0f}" if value == round(value) and abs(value) >= 20 else f"{value:.4g}"
