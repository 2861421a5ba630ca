"""Forest plots with text columns, as usual in meta-analyses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isfinite, sqrt
from typing import TYPE_CHECKING

import pandas as pd

from resurvey.errors import InputError
from resurvey.figures.lights import Lights, draw_lights
from resurvey.figures.style import (
    BESIDE,
    COLOURS,
    INK,
    PAPER,
    SOFT,
    WIDTH,
    favours,
    new_figure,
    number,
    plain,
    ratio_axis,
    styled,
    wrapped,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

LEAST = 14  # characters below which no column is wrapped
NARROW = 1.3  # inches: smallest plot width beside other columns
EDGE, LEGEND = 0.06, 0.3  # inches: margin, room for the legend
LEADING = 1.2  # height of a line in font sizes


@dataclass(frozen=True)
class Size:
    """Size of a forest plot: inches per row, font size in points, inches per character, least and total width,
    and the room above a heading in rows."""

    row: float = 0.18
    font: float = 7.5
    char: float = 0.061
    bold: float = 0.071
    plot: float = 2.3
    width: float = WIDTH
    gap: float = 0.35

    @property
    def line(self) -> float:
        """Height of a further line of a row, in rows: of a small row it is nearly a whole one."""
        return max(0.82, LEADING * self.font / 72 / self.row)

    @property
    def run(self) -> int:
        """Characters per line over the full width."""
        return round(RUN * self.width / WIDTH)

    @property
    def favours(self) -> int:
        """Letters of a line of the words below the axis."""
        return round(FAVOURS * self.width / WIDTH)


USUAL = Size()
#: For a forest plot beside another figure.
HALF = Size(row=0.155, char=0.0575, bold=0.067, plot=1.1, width=BESIDE)
#: Fits thirty rows on two thirds of a page, in the usual font.
SMALL = Size(row=0.131, font=7.7, char=0.0575, bold=0.068, plot=1.3, gap=0.2)
BAND = "#E69F00"
# Marker and whether it is filled, by evidence: shape and fill distinguish them, never colour alone.
EVIDENCE_MARKS: Mapping[str, tuple[str, bool]] = {
    "printed ratios": ("s", True),
    "curve": ("o", True),
    "summary": ("o", False),
    "printed medians": ("^", False),
    "printed counts": ("D", True),
}
OTHER_MARK = ("s", False)
ENDS = ("lower", "upper", "band_low", "band_high", "other")
#: Kinds of rows with text over the full width, and their characters per line.
RUNNING, RUN = ("heading", "subheading", "note"), 96
#: Characters per line of the text below the axis.
FAVOURS = 34
GRADE_WORDS: Mapping[str, str] = {
    "summary": "patients reconstructed from printed numbers",
    "curve": "patients reconstructed from a digitised curve",
}


@dataclass(frozen=True)
class Column:
    """A text column: column name in the rows, heading, alignment."""

    key: str
    heading: str
    align: str = "left"


def _colour(evidence: str) -> str:
    return COLOURS[1] if evidence == "printed medians" else COLOURS[0]


def interval_text(rows: pd.DataFrame) -> pd.Series:
    """`estimate [lower, upper]` of each row."""

    def words(row: pd.Series) -> str:
        if not isfinite(row["estimate"]):
            return "not estimable"
        limits = ", ".join(number(row[side]) for side in ("lower", "upper"))
        known = pd.notna(row["lower"]) or pd.notna(row["upper"])
        return f"{number(row['estimate'])} [{limits}]" if known else number(row["estimate"])

    return rows.apply(words, axis=1)


def mark_of(evidence: str) -> tuple[str, bool]:
    """Marker and fill of an evidence grade."""
    return EVIDENCE_MARKS.get(evidence, OTHER_MARK)


@styled
def forest(
    rows: pd.DataFrame,
    *,
    left: Sequence[Column],
    right: Sequence[Column],
    xlabel: str,
    better: tuple[str, str],
    size: Size = USUAL,
    band: str = "",
    lights: Lights | None = None,
) -> Figure:
    """Draw a forest plot.

    Parameters
    ----------
    rows : DataFrame
        From top to bottom: `kind` (heading, subheading, study, pooled, prediction, note), estimate, lower, upper
        (ratios), optional `weight` (symbol area), `evidence` (symbol shape),
        `band_low` and `band_high` (a thin band under the interval), `other` (a ratio of medians, drawn as an open
        triangle), `main` (true for the pooled row at which the dashed line is drawn; by default the first), and the
        text of the columns. A heading or note shows only the first column; an interval with a missing limit is drawn
        as an open end without an arrow.
    left, right : sequence of Column
        Text columns on either side.
    xlabel : str
    better : (str, str)
        What an estimate to the left and to the right of no effect favours.
    size : Size
    band : str
        Meaning of the thin bands, for the legend.
    lights : Lights, optional
        Risk of bias, drawn to the right of the rows whose `study` it contains.

    Raises
    ------
    InputError
        If no row has a finite estimate.
    """
    shown = rows[pd.to_numeric(rows["estimate"]).map(isfinite)] if len(rows) else rows
    if shown.empty:
        raise InputError("no row has an estimate: a forest plot needs at least one")
    rows = rows.reset_index(drop=True)
    beside = lights.width if lights else 0.0
    columns = _fit([*left, *right], rows, size, beside)
    lefts, rights = columns[: len(left)], columns[len(left) :]
    before, after = sum(column.width for column in lefts), sum(column.width for column in rights)
    places, y = _places(rows, columns, size)
    below = max(wrapped(side, size.favours).count("\n") for side in better)
    foot = (0.62 if xlabel else 0.37) + 0.12 * below
    height = size.row * (y + 1.1) + foot + LEGEND
    figure = new_figure(height, size.width)
    figure.set_layout_engine("none")
    axes = []
    for start, width in (
        (EDGE, before),
        (EDGE + before, size.width - 2 * EDGE - before - after - beside),
        (size.width - EDGE - after - beside, after),
        (size.width - EDGE - beside, beside),
    ):
        across = size.width
        box = (start / across, (foot + LEGEND) / height, max(width, 0.01) / across, size.row * (y + 1.1) / height)
        axes.append(figure.add_axes(box))
        axes[-1].set_ylim(y, -1.1)
    axes[0].set_zorder(1)  # a note may extend over the plot
    _text(axes[0], rows, places, lefts, size)
    _text(axes[2], rows, places, rights, size)
    _plot(axes[1], rows, places)
    axes[3].set_axis_off()
    if lights:
        draw_lights(axes[3], rows, places, lights, size.font)
    axes[1].set_xlabel(xlabel, labelpad=17 + 9 * below)
    favours(axes[1], *better, letters=size.favours)
    _legend(figure, rows, band)
    return figure


@dataclass(frozen=True)
class _Sized:
    """A column with its width in inches and its characters per line."""

    column: Column
    width: float
    wrap: int


def _fit(columns: Sequence[Column], rows: pd.DataFrame, size: Size, beside: float) -> list[_Sized]:
    """Set columns as wide as their longest line, and wrap them so that the plot and the lights keep their width."""
    rows = rows[~rows["kind"].isin(RUNNING)]
    wraps = [max(_letters(rows, column), 1) for column in columns]
    wide = [_longest(rows, column, wrap, size) for column, wrap in zip(columns, wraps, strict=True)]
    room = size.width - 2 * EDGE - max(size.plot - 0.7 * beside, min(size.plot, NARROW)) - beside
    while sum(wide) > room and max(wraps) > LEAST:
        # Narrow the column with the longest lines by two characters at a time while it is legible, text columns first.
        index = max(range(len(columns)), key=lambda place: (_may_wrap(columns[place], wraps[place]), wraps[place]))
        wraps[index] = max(wraps[index] - 2, LEAST)
        wide[index] = _longest(rows, columns[index], wraps[index], size)
    return [_Sized(*parts) for parts in zip(columns, wide, wraps, strict=True)]


def _may_wrap(column: Column, wrap: int) -> bool:
    """Whether a column contains words in lines long enough to be wrapped."""
    return column.align == "left" and wrap > LEAST


def _letters(rows: pd.DataFrame, column: Column) -> int:
    return max(len(str(cell)) for cell in [*rows[column.key].fillna(""), column.heading])


def _longest(rows: pd.DataFrame, column: Column, wrap: int, size: Size) -> float:
    bold = rows["kind"] == "pooled"
    cells = [(str(cell), b) for cell, b in zip(rows[column.key].fillna(""), bold, strict=True)]
    lines = [(len(line), b) for cell, b in [*cells, (column.heading, True)] for line in wrapped(cell, wrap).split("\n")]
    return max(length * (size.bold if b else size.char) for length, b in lines) + 0.16


def _places(rows: pd.DataFrame, columns: Sequence[_Sized], size: Size) -> tuple[list[float], float]:
    """Vertical position of each row, and the end of the last one, in row heights."""
    places: list[float] = []
    y = 0.6
    for _, row in rows.iterrows():
        running = row["kind"] in RUNNING
        cells = [(row[c.column.key], size.run if running else c.wrap) for c in columns if pd.notna(row[c.column.key])]
        count = max((wrapped(cell, wrap).count("\n") + 1 for cell, wrap in cells), default=1)
        y += size.gap if row["kind"] == "heading" and places else 0
        places.append(y + (count - 1) * size.line / 2)
        y += 1.07 + (count - 1) * size.line
    return places, y


def _text(axes: Axes, rows: pd.DataFrame, places: Sequence[float], columns: Sequence[_Sized], size: Size) -> None:
    axes.set_axis_off()
    axes.set_xlim(0, sum(sized.width for sized in columns) or 1)
    start = 0.0
    for index, sized in enumerate(columns):
        column, width = sized.column, sized.width
        x = {"left": start, "right": start + width - 0.04, "center": start + width / 2}[column.align]
        style = {"ha": column.align, "va": "center", "fontsize": size.font}
        axes.text(x, -0.55, plain(column.heading), fontweight="bold", **style)
        for y, (_, row) in zip(places, rows.iterrows(), strict=True):
            running = row["kind"] in RUNNING
            if pd.isna(row[column.key]) or (running and index):
                continue
            bold = "bold" if row["kind"] in ("heading", "pooled") else "normal"
            words = wrapped(row[column.key], size.run if running else sized.wrap)
            colour = SOFT if row["kind"] == "note" else INK
            behind = {"bbox": {"fc": PAPER, "ec": "none", "pad": 0.6}} if running else {}
            axes.text(x, y, words, fontweight=bold, color=colour, **style, **behind)
        start += width
    if columns:
        axes.axhline(0.05, color=SOFT, lw=0.7)


def _plot(axes: Axes, rows: pd.DataFrame, places: Sequence[float]) -> None:
    drawn = rows[~rows["kind"].isin(RUNNING)]
    ratio_axis(axes, *_range(drawn))
    low, high = axes.get_xlim()
    pooled = rows[rows["kind"] == "pooled"]
    main = pooled[pooled["main"].eq(True)] if "main" in pooled else pooled
    for estimate in main["estimate"].head(1):
        axes.axvline(estimate, color=COLOURS[1], lw=0.8, ls=(0, (4, 3)), zorder=0.6)
    weights = pd.to_numeric(rows["weight"]) if "weight" in rows else pd.Series(float("nan"), index=rows.index)
    most = weights[rows["kind"] == "study"].max()
    for y, (index, row) in zip(places, rows.iterrows(), strict=True):
        if row["kind"] in RUNNING or not isfinite(row["estimate"]):
            continue
        if isfinite(row.get("band_low", float("nan"))):
            ends = [max(row["band_low"], low), min(row["band_high"], high)]
            axes.plot(ends, [y + 0.3, y + 0.3], color=BAND, lw=2.6, zorder=1.5, solid_capstyle="butt")
        if isfinite(row.get("other", float("nan"))):
            marker, _ = EVIDENCE_MARKS["printed medians"]
            axes.plot([row["other"]], [y + 0.28], marker, ms=5, color=COLOURS[1], mew=1.1, mfc=PAPER, zorder=3.5)
        if row["kind"] == "pooled":
            _diamond(axes, row, y, low, high)
        elif row["kind"] == "prediction":
            _bar(axes, row, y, low, high)
        else:
            weight = weights[index]
            area = 0.35 if not isfinite(weight) else max(weight / most, 0.04)
            _study(axes, row, y, low, high, area)
    axes.axhline(0.05, color=SOFT, lw=0.7)
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)


def _range(drawn: pd.DataFrame) -> tuple[float, float]:
    """Axis limits that include all estimates, and all intervals except extremely long ones."""
    points = drawn["estimate"].astype(float)
    ends = pd.concat([drawn[name].astype(float) for name in ENDS if name in drawn])
    shown = [*points[points.map(isfinite)], *ends[(ends > 0.04) & (ends < 25)], 1.0]
    return min(shown), max(shown)


def _study(axes: Axes, row: pd.Series, y: float, low: float, high: float, area: float) -> None:
    marker, filled = mark_of(str(row.get("evidence", "") or ""))
    ends = [float(row["lower"]), float(row["upper"])]
    if any(end == end for end in ends):
        start, stop = (ends[0] if ends[0] == ends[0] else low), (ends[1] if ends[1] == ends[1] else high)
        axes.plot([max(start, low), min(stop, high)], [y, y], color=INK, lw=1.0, zorder=2, solid_capstyle="butt")
        for end, edge, arrow in ((start, low, "<"), (stop, high, ">")):
            if (end < edge) if arrow == "<" else (end > edge):
                axes.plot([edge], [y], arrow, color=INK, ms=4, clip_on=False, zorder=2)
    size = 10.5 * sqrt(area)
    colour = _colour(str(row.get("evidence", "") or ""))
    axes.plot(
        [row["estimate"]],
        [y],
        marker,
        ms=max(size, 2.5),
        color=colour,
        mec=colour,
        mew=1.2,
        mfc=colour if filled else PAPER,
        zorder=3,
    )


def _diamond(axes: Axes, row: pd.Series, y: float, low: float, high: float) -> None:
    from matplotlib.patches import Polygon

    start, stop = max(row["lower"], low), min(row["upper"], high)
    corners = [(start, y), (row["estimate"], y - 0.36), (stop, y), (row["estimate"], y + 0.36)]
    axes.add_patch(Polygon(corners, closed=True, facecolor=COLOURS[1], edgecolor=INK, lw=0.7, zorder=3))


def _bar(axes: Axes, row: pd.Series, y: float, low: float, high: float) -> None:
    axes.plot(
        [max(row["lower"], low), min(row["upper"], high)],
        [y, y],
        color=COLOURS[1],
        lw=4,
        alpha=0.55,
        zorder=2,
        solid_capstyle="butt",
    )
    for end, edge, arrow in ((row["lower"], low, "<"), (row["upper"], high, ">")):
        if (end < edge) if arrow == "<" else (end > edge):
            axes.plot([edge], [y], arrow, color=COLOURS[1], ms=5, clip_on=False)


def _legend(figure: Figure, rows: pd.DataFrame, band: str = "") -> None:
    """Legend of the symbols of evidence, the pooled estimate, the prediction interval and the band."""
    from matplotlib.lines import Line2D

    grades = [str(e) for e in rows.get("evidence", pd.Series(dtype=str)).dropna().unique() if str(e)]
    if not grades:
        return
    if "other" in rows and rows["other"].notna().any() and "printed medians" not in grades:
        grades.append("printed medians")
    handles = []
    for grade in grades:
        marker, filled = mark_of(grade)
        handles.append(
            Line2D(
                [],
                [],
                marker=marker,
                ls="none",
                ms=6,
                color=_colour(grade),
                mew=1.2,
                mfc=_colour(grade) if filled else PAPER,
                label=plain(GRADE_WORDS.get(grade, grade)),
            )
        )
    if (rows["kind"] == "pooled").any():
        handles.append(Line2D([], [], marker="D", ls="none", ms=6, color=COLOURS[1], mec=INK, label="pooled"))
    if (rows["kind"] == "prediction").any():
        handles.append(Line2D([], [], color=COLOURS[1], lw=4, alpha=0.55, label="prediction interval"))
    if band:
        handles.append(Line2D([], [], color=BAND, lw=2.6, label=band))
    figure.legend(handles=handles, loc="lower left", ncols=5, fontsize=7.7, borderaxespad=0.4)
