"""All rebuilt groups on a page: one small panel each, with its curve and printed results, worst first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, inf, isfinite
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from resurvey.errors import InputError
from resurvey.figures.rebuilt import fact_name, printed_points, printed_value
from resurvey.figures.style import COLOURS, FAINT, INK, PAPER, SOFT, WIDTH, cut, fixed_figure, plain, sensible, styled
from resurvey.results import FactKind, Limit

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

SHORT = {FactKind.HAZARD_RATIO: "HR", FactKind.RATIO_LIMIT: "HR", FactKind.MEDIAN_LIMIT: "median"}
SIDE = {Limit.LOWER: "low", Limit.UPPER: "up"}
#: Largest number of groups for each number of columns.
COLUMNS = ((6, 3), (20, 4), (40, 5), (72, 6), (inf, 7))
MOST = 84  # panels per page
BAND_POINTS, CURVE_POINTS = 31, 61
LINE, FOOT, EDGE, GAP = 0.079, 0.11, 0.06, 0.08  # inches of a panel: a line of its title, time axis, between panels
LEGEND, TALLEST = 0.32, 8.4  # legend, and height of an A4 page between its margins
LETTER = 0.0077  # inches per character and point of font size


@dataclass(frozen=True)
class Panel:
    """One rebuilt group.

    Attributes
    ----------
    title, arm, part : str
        Study and endpoint; treatment; population and data cut, where they must be stated.
    curve : DataFrame
        time, survival, lower, upper.
    facts : DataFrame
        Rows of facts.csv (kind, limit, printed, rebuilt, holds, binding), times in a column `time`.
    """

    title: str
    arm: str
    part: str
    curve: pd.DataFrame
    facts: pd.DataFrame

    @property
    def missed(self) -> pd.DataFrame:
        """Attainable printed facts that the group does not reproduce, largest deviation first."""
        rows = self.facts[self.facts["binding"].astype(bool) & ~self.facts["holds"].astype(bool)]
        base = rows["printed"].abs().where(rows["printed"].abs() > 0, 1.0)
        apart = (rows["rebuilt"] - rows["printed"]).abs() / base
        return rows.assign(off=apart.fillna(inf)).sort_values("off", ascending=False, kind="stable")

    @property
    def off(self) -> float:
        """Relative deviation of the worst fact from its printed value; 0 where all hold."""
        missed = self.missed
        return float(missed["off"].iloc[0]) if len(missed) else 0.0

    @property
    def verdict(self) -> str:
        """`6 of 6 hold`, or `5/6: median 8→8.4`."""
        possible = int(self.facts["binding"].astype(bool).sum())
        missed = self.missed
        if missed.empty:
            return f"{possible} of {possible} hold"
        row = missed.iloc[0]
        what = SHORT.get(row["kind"], fact_name(row["kind"], row["time"], ""))
        name = f"{what} {SIDE.get(row['limit'], '')}".strip()
        printed, rebuilt = sensible(row["printed"]), sensible(row["rebuilt"])
        if printed == rebuilt:
            printed, rebuilt = (f"{row[column]:.4g}" for column in ("printed", "rebuilt"))
        return f"{possible - len(missed)}/{possible}: {name} {printed}→{rebuilt}"


def worst_first(panels: Sequence[Panel]) -> list[Panel]:
    """The panels in the order in which they are shown: those with the largest deviation first, others as given."""
    return sorted(panels, key=lambda panel: -panel.off)


@styled
def small_multiples(panels: Sequence[Panel]) -> Figure:
    """Draw a page of panels, in the order given.

    Parameters
    ----------
    panels : sequence of Panel
        At most `MOST`.

    Raises
    ------
    InputError
        If there is no panel, or there are more than fit on a page.
    """
    if not panels:
        raise InputError("no group was rebuilt: there is nothing to draw")
    if len(panels) > MOST:
        raise InputError(f"{len(panels)} groups are too many for a page that can be read: give at most {MOST}")
    columns = min(len(panels), next(count for most, count in COLUMNS if len(panels) <= most))
    wide = (WIDTH - 2 * EDGE) / columns
    lines = ceil(len(panels) / columns)
    size = 6.0 if columns > 4 else 6.6
    step = LINE * size / 5.2
    rows = [panels[start : start + columns] for start in range(0, len(panels), columns)]
    heads = [step * max(len(_words(panel)) for panel in row) + 0.05 for row in rows]
    body = min(0.52 * wide, (TALLEST - LEGEND - sum(heads)) / lines - FOOT)
    tops = np.cumsum([0.0, *(head + body + FOOT for head in heads)])
    height = float(tops[-1]) + LEGEND
    figure = fixed_figure(height)
    # One axes for all panels, in inches from the upper left corner: seventy separate axes would take a minute.
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set_axis_off()
    axes.set_xlim(0, WIDTH)
    axes.set_ylim(height, 0)
    for index, panel in enumerate(panels):
        row, column = divmod(index, columns)
        place = _Place(EDGE + column * wide, float(tops[row]), wide - GAP, heads[row], body)
        _panel(axes, panel, place, size)
    _key(figure, height)
    return figure


@dataclass(frozen=True)
class _Place:
    """Upper left corner of a panel, and the size of its plot, in inches."""

    left: float
    top: float
    width: float
    head: float
    height: float

    def x(self, time: float | np.ndarray, last: float) -> np.ndarray:
        return self.left + self.width * np.minimum(np.asarray(time, dtype=float) / last, 1.03)

    def y(self, survival: float | np.ndarray) -> np.ndarray:
        return self.top + self.head + self.height * (1 - np.asarray(survival, dtype=float))


def _panel(axes: Axes, panel: Panel, place: _Place, size: float) -> None:
    last = max(float(panel.curve["time"].max()), 1e-9)
    right, base = place.left + place.width, float(place.y(0.0))
    _title(axes, panel, place, size)
    axes.plot([place.left, right], [place.y(0.5)] * 2, color=FAINT, lw=0.5, zorder=0.5)
    axes.plot([place.left, place.left, right], [place.y(1.0), base, base], color=SOFT, lw=0.5, zorder=1)
    band, curve = _thinned(panel.curve, BAND_POINTS), _thinned(panel.curve, CURVE_POINTS)
    low, high = (place.y(band[name].to_numpy()) for name in ("lower", "upper"))
    axes.fill_between(
        place.x(band["time"].to_numpy(), last), low, high, step="post", color=COLOURS[0], alpha=0.22, lw=0
    )
    x = place.x(curve["time"].to_numpy(), last)
    axes.step(x, place.y(curve["survival"].to_numpy()), where="post", color=COLOURS[0], lw=0.9, zorder=2)
    axes.text(place.left, base + 0.055, "0", fontsize=size - 0.8, color=SOFT, va="center")
    axes.text(right, base + 0.055, f"{last:.0f}", fontsize=size - 0.8, color=SOFT, ha="right", va="center")
    _printed(axes, panel, place, last)


def _thinned(curve: pd.DataFrame, most: int) -> pd.DataFrame:
    """At most `most` evenly spaced rows, including the first and the last; more would not be visible."""
    if len(curve) <= most:
        return curve
    return curve.iloc[np.unique(np.linspace(0, len(curve) - 1, most).round().astype(int))]


def _words(panel: Panel) -> list[tuple[str, str, str]]:
    """Lines above a panel with their colour and weight; no verdict is shown where all facts hold."""
    lines = [(panel.title, INK, "bold"), (panel.arm, INK, "normal"), (panel.part, INK, "normal")]
    return [line for line in lines if line[0]] + ([(panel.verdict, COLOURS[1], "normal")] if panel.off > 0 else [])


def _title(axes: Axes, panel: Panel, place: _Place, size: float) -> None:
    lines = _words(panel)
    step = LINE * size / 5.2
    top = place.top + place.head - 0.03 - step * (len(lines) - 0.5)
    for line, (words, colour, weight) in enumerate(lines):
        letters = 0.86 * size if words == panel.verdict else size  # numbers are not shortened
        room = int(place.width / (LETTER * letters * (1.12 if weight == "bold" else 1)))
        style = {"fontsize": letters, "color": colour, "fontweight": weight, "va": "center"}
        axes.text(place.left, top + line * step, plain(cut(words, room)), **style)


def _printed(axes: Axes, panel: Panel, place: _Place, last: float) -> None:
    ends = [printed_value(panel.facts, FactKind.MEDIAN_LIMIT, side) for side in (Limit.LOWER, Limit.UPPER)]
    low, high = (end if end is not None else float("nan") for end in ends)
    half = float(place.y(0.5))
    if isfinite(low):
        stop = high if isfinite(high) else last * 1.03
        axes.plot(place.x(np.array([low, stop]), last), [half, half], color=COLOURS[1], lw=0.9, zorder=3)
        if not isfinite(high):
            axes.plot(place.x(stop, last), [half], ">", color=COLOURS[1], ms=2.6, zorder=3)
    median = printed_value(panel.facts, FactKind.MEDIAN)
    if median is not None and isfinite(median):
        axes.plot(place.x(median, last), [half], "D", color=COLOURS[1], ms=3.4, mec=PAPER, mew=0.4, zorder=4)
    points = printed_points(panel.facts, FactKind.SURVIVAL)
    if points:
        times, rates = (np.array(column) for column in zip(*points, strict=True))
        axes.plot(place.x(times, last), place.y(rates), "s", color=INK, ms=2.8, mec=PAPER, mew=0.4, ls="none", zorder=4)


def _key(figure: Figure, height: float) -> None:
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    handles = [
        Line2D([], [], color=COLOURS[0], lw=1.1, label="reconstructed"),
        Patch(color=COLOURS[0], alpha=0.22, lw=0, label="90 % of replicates"),
        Line2D([], [], marker="D", color=COLOURS[1], lw=0.9, ms=4, label="printed median, interval"),
        Line2D([], [], marker="s", color=INK, ls="none", ms=3.5, label="printed survival"),
    ]
    figure.legend(handles=handles, loc="lower center", ncols=4, fontsize=7, borderaxespad=0.3)
