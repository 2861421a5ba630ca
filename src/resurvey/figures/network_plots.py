"""A network of treatments: its graph, league table, ranks, funnel, consistency and contributions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import ceil, cos, exp, pi, sin
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from resurvey.errors import InputError
from resurvey.figures.lights import CONFIDENCE_COLOURS
from resurvey.figures.style import (
    BESIDE,
    COLOURS,
    FAINT,
    INK,
    MARKERS,
    PAPER,
    SOFT,
    ink_on,
    new_figure,
    plain,
    styled,
    wrapped,
)
from resurvey.labels import without_brackets
from resurvey.result_values import QSource
from resurvey.rounding import distinct_from_null
from resurvey.steady import critical_value

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

BETTER, WORSE = "#cfe3f2", "#f8dcc8"


@styled
def network_graph(contrasts: pd.DataFrame, *, names: Mapping[str, str], reference: str) -> Figure:
    """Plot treatments on a circle, with lines where studies compare them, wider for more precise comparisons.

    The area between the treatments of a study with more than two is shaded.

    Parameters
    ----------
    contrasts : DataFrame
        study, treatment, comparator, se (log scale).
    names : dict of str
        Labels of treatments.
    reference : str
        Treatment drawn at the top.

    Raises
    ------
    InputError
        If the network has no study.
    """
    if contrasts.empty:
        raise InputError("the network has no study: there is nothing to draw")
    nodes = sorted(set(contrasts["treatment"]) | set(contrasts["comparator"]), key=lambda t: (t != reference, t))
    angle = {node: pi / 2 - 2 * pi * i / len(nodes) for i, node in enumerate(nodes)}
    place = {node: (1.25 * cos(a), sin(a)) for node, a in angle.items()}
    figure = new_figure(3.6, BESIDE)
    figure.set_layout_engine("none")
    axes = figure.add_axes((0.02, 0.02, 0.96, 0.96))
    axes.set_axis_off()
    edges = contrasts.assign(
        pair=[tuple(sorted(p)) for p in zip(contrasts["treatment"], contrasts["comparator"], strict=True)]
    )
    for arms in many_armed(contrasts):
        corners = [place[node] for node in nodes if node in arms]
        axes.fill(*zip(*corners, strict=True), color=BETTER, zorder=0.5, lw=0)
    precision = edges.groupby("pair")["se"].apply(lambda se: float((1 / se**2).sum()))
    for (a, b), weight in precision.items():
        rows = edges[edges["pair"] == (a, b)]
        (x1, y1), (x2, y2) = place[a], place[b]
        axes.plot(
            [x1, x2],
            [y1, y2],
            color=COLOURS[5],
            lw=1 + 7 * (weight / precision.max()) ** 0.5,
            zorder=1,
            solid_capstyle="butt",
        )
        x, y = (x1 + x2) / 2, (y1 + y2) / 2
        axes.text(
            x,
            y,
            str(len(rows)),
            fontsize=8,
            ha="center",
            va="center",
            zorder=3,
            bbox={"boxstyle": "circle,pad=0.18", "fc": PAPER, "ec": SOFT, "lw": 0.6},
        )
    for node in nodes:
        _node(axes, node, place[node], angle[node], edges, names, node == reference)
    axes.set_xlim(-2.35, 2.35)
    axes.set_ylim(-1.3, 1.35)
    return figure


def many_armed(contrasts: pd.DataFrame) -> list[set[str]]:
    """The treatments of each study that compares more than two."""
    arms = [{*own["treatment"], *own["comparator"]} for _, own in contrasts.groupby("study", sort=True)]
    return [one for one in arms if len(one) > 2]


def _node(
    axes: Axes,
    node: str,
    place: tuple[float, float],
    angle: float,
    edges: pd.DataFrame,
    names: Mapping[str, str],
    first: bool,
) -> None:
    studies = edges.loc[(edges["treatment"] == node) | (edges["comparator"] == node), "study"].nunique()
    axes.plot(
        [place[0]],
        [place[1]],
        "s" if first else "o",
        ms=9 + 2.2 * studies**0.5,
        mec=PAPER,
        mew=1.2,
        zorder=2,
        color=COLOURS[1] if first else COLOURS[0],
    )
    level = abs(cos(angle)) < 0.3
    align = "center" if level else "left" if cos(angle) > 0 else "right"
    text = wrapped(without_brackets(names.get(node, node)), 30 if level else 20)
    axes.text(
        place[0] + 0.14 * np.sign(round(cos(angle), 6)) * (not level),
        place[1] + (0.13 * sin(angle)) * (1 if level else 0.6),
        text,
        fontsize=8,
        ha=align,
        va=("bottom" if sin(angle) > 0 else "top") if level else "center",
        fontweight="bold" if first else "normal",
        zorder=4,
    )


@styled
def league_table(
    effects: pd.DataFrame,
    order: Sequence[str],
    *,
    names: Mapping[str, str],
    confidence: Mapping[frozenset[str], str] | None = None,
) -> Figure:
    """Draw a league table: each cell is the row treatment against the column treatment.

    Parameters
    ----------
    effects : DataFrame
        treatment, comparator, estimate, lower, upper (log scale) of one model, for every ordered pair of connected
        treatments.
    order : sequence of str
        Treatments in the order of rows and columns.
    names : dict of str
    confidence : dict of str, optional
        Confidence in the estimate of each judged pair.

    Raises
    ------
    InputError
        If a pair of treatments has no effect, or more than one.
    """
    pairs = effects.set_index(["treatment", "comparator"])[["estimate", "lower", "upper"]]
    lacking = sorted(set(order) - {*effects["treatment"], *effects["comparator"]})
    if not order or lacking or not pairs.index.is_unique:
        raise InputError(
            f"a league table needs each pair of treatments once, of one model; without an effect: {', '.join(lacking)}"
        )
    n = len(order)
    figure = new_figure((0.56 if confidence else 0.46) * n + 0.75)
    figure.set_layout_engine("none")
    axes = figure.add_axes((0.005, 0.01, 0.99, 0.98))
    axes.set_axis_off()
    axes.text(
        0,
        -0.78,
        "Each cell: hazard ratio (95 % interval) of the treatment at the left against the treatment on top.",
        fontsize=9,
        fontweight="bold",
        va="center",
    )
    axes.text(
        0,
        -0.33,
        "Below 1: lower hazard with the treatment at the LEFT (blue, bold where the interval excludes 1; "
        "orange italics: higher).",
        fontsize=7.5,
        va="center",
    )
    size = 7.2 if n <= 7 else 6.4 if n <= 9 else 5.4
    for i in range(n):
        for j in range(n):
            pair = (order[i], order[j])
            limits = tuple(pairs.loc[pair]) if pair in pairs.index else None
            name = names.get(order[i], order[i]) if i == j else None
            _cell(axes, (i, j), name, limits, size, int(135 / n), (confidence or {}).get(frozenset(pair), ""))
    axes.set_xlim(0, n)
    axes.set_ylim(n, -1.1)
    return figure


def _cell(
    axes: Axes,
    place: tuple[int, int],
    name: str | None,
    limits: tuple[float, float, float] | None,
    size: float,
    width: int,
    confidence: str,
) -> None:
    """Draw a treatment's name, or a ratio with its interval and confidence; the estimate determines the colour."""
    from matplotlib.patches import Rectangle

    i, j = place
    face, weight, style = PAPER, "normal", "normal"
    if name is not None:
        face, weight, shown = FAINT, "bold", wrapped(without_brackets(name), max(width, 9))
        size *= 0.86
    elif limits is None:
        shown = wrapped("not linked", width)
    else:
        estimate, low, high = (exp(value) for value in limits)
        shown = f"{estimate:.2f}\n({distinct_from_null(low)} to {distinct_from_null(high)})"
        shown += f"\n{confidence}" if confidence else ""
        if limits[2] < 0:
            face, weight = BETTER, "bold"
        elif limits[1] > 0:
            face, style = WORSE, "italic"
    axes.add_patch(Rectangle((j, i), 1, 1, facecolor=face, edgecolor=SOFT, lw=0.5))
    if confidence:
        axes.add_patch(Rectangle((j, i), 0.06, 1, facecolor=CONFIDENCE_COLOURS[confidence], edgecolor="none"))
    axes.text(
        j + 0.5, i + 0.5, shown, ha="center", va="center", fontsize=size, fontweight=weight, fontstyle=style, color=INK
    )


@styled
def rank_plot(ranks: pd.DataFrame, *, names: Mapping[str, str], model: str = "random") -> Figure:
    """Plot the probability of each rank (bars) and of that rank or better (line), one panel per treatment, best first.

    Parameters
    ----------
    ranks : DataFrame
        model, treatment, rank, probability, sucra.
    names : dict of str
    model : {"random", "common"}

    Raises
    ------
    InputError
        If there are no ranks for the model.
    """
    rows = ranks[ranks["model"] == model]
    if rows.empty:
        raise InputError(f"there are no ranks of the {model} effects model")
    order = rows.groupby("treatment")["sucra"].first().sort_values(ascending=False, kind="stable")
    columns = min(3, len(order))
    lines = ceil(len(order) / columns)
    figure = new_figure(1.28 * lines + 0.45)
    grid = figure.add_gridspec(lines, columns)
    most = int(rows["rank"].max())
    for index, (treatment, sucra) in enumerate(order.items()):
        axes = figure.add_subplot(grid[divmod(index, columns)])
        one = rows[rows["treatment"] == treatment].sort_values("rank")
        axes.bar(one["rank"], one["probability"], color=COLOURS[0], width=0.75)
        axes.plot(one["rank"], one["probability"].cumsum(), "-o", ms=2.5, lw=1, color=COLOURS[1])
        name = wrapped(without_brackets(names.get(str(treatment), str(treatment))), 32)
        axes.set_title(f"{name}\nSUCRA {100 * sucra:.0f} %", fontsize=7.5)
        axes.set_ylim(0, 1.04)
        axes.set_xlim(0.4, most + 0.6)
        axes.set_xticks(range(1, most + 1))
        axes.set_yticks([0, 0.5, 1], ["0", "50", "100"] if index % columns == 0 else ["", "", ""])
        axes.tick_params(labelsize=7)
        if index >= len(order) - columns:
            axes.set_xlabel("Rank (1 = best)")
    figure.supylabel("Probability (%): bars of the rank, line of it or better", fontsize=8)
    return figure


@styled
def funnel_plot(funnel: pd.DataFrame, *, names: Mapping[str, str], level: float = 0.95) -> Figure:
    """Draw a comparison-adjusted funnel plot: deviation of each study from its comparison against its standard error.

    Parameters
    ----------
    funnel : DataFrame
        study, treatment, comparator, se, adjusted (log scale).
    names : dict of str
        Labels of treatments.

    Raises
    ------
    InputError
        If there are fewer than two studies.
    """
    if len(funnel) < 2:
        raise InputError("a funnel plot needs at least two studies")
    figure = new_figure(3.8)
    axes = figure.add_subplot()
    top = float(funnel["se"].max()) * 1.12
    axes.fill_betweenx(
        [0, top], [0, -critical_value(level) * top], [0, critical_value(level) * top], color=FAINT, alpha=0.5, lw=0
    )
    axes.axvline(0, color=SOFT, lw=0.9)
    pairs = list(dict.fromkeys(zip(funnel["treatment"], funnel["comparator"], strict=True)))
    for index, (a, b) in enumerate(pairs):
        rows = funnel[(funnel["treatment"] == a) & (funnel["comparator"] == b)]
        words = f"{without_brackets(names.get(a, a))} vs {without_brackets(names.get(b, b))}"
        filled = index < len(MARKERS)
        axes.plot(
            rows["adjusted"],
            rows["se"],
            MARKERS[index % len(MARKERS)],
            color=COLOURS[index % len(COLOURS)],
            mfc=COLOURS[index % len(COLOURS)] if filled else PAPER,
            ms=6,
            ls="none",
            label=wrapped(words, 52),
        )
    axes.set_ylim(top, 0)
    axes.set_xlabel("log ratio minus the direct estimate of its comparison (below 0: favours the first named)")
    axes.set_ylabel("Standard error of the log ratio")
    figure.legend(loc="outside lower center", ncols=2, fontsize=7)
    return figure


@styled
def net_heat_plot(heat: pd.DataFrame, *, names: Mapping[str, str]) -> Figure:
    """Plot how the fit of each design (row) changes when another (column) is detached.

    Parameters
    ----------
    heat : DataFrame
        design, detached, change; of several between-study variances (tau2_of) the first is drawn.
    names : dict of str

    Raises
    ------
    InputError
        If consistency cannot be assessed in the network.
    """
    if heat.empty:
        raise InputError("consistency cannot be assessed in this network: there is no heat to draw")
    if "tau2_of" in heat:
        heat = heat[heat["tau2_of"] == heat["tau2_of"].iloc[0]]
    wide = heat.pivot_table(index="design", columns="detached", values="change", aggfunc="first")
    least = critical_value(0.95) ** 2
    return _heat(wide, names, "Set apart", "Design", "Change in Q", diverging=True, digits=1, least=least)


def inconsistent(q: pd.DataFrame, heat: pd.DataFrame) -> bool:
    """Whether a net heat plot is informative: some design disagrees with others by more than expected by chance.

    Parameters
    ----------
    q : DataFrame
        source, q, df, p; the rows between designs.
    heat : DataFrame
        change: change in the Q of a design when another is detached; with one degree of freedom the 5 % point is 3.84.
    """
    between = q[(q["source"] == QSource.BETWEEN) & (q["df"] > 0)]
    return bool((between["p"] < 0.1).any() or heat["change"].abs().max() > critical_value(0.95) ** 2)


@styled
def contribution_plot(contributions: pd.DataFrame, *, names: Mapping[str, str], reference: str) -> Figure:
    """Plot the share of each direct comparison (column) in the network estimates against the reference (row).

    Parameters
    ----------
    contributions : DataFrame
        treatment, comparator, then one column a direct comparison "X : Y" (0-1).
    names : dict of str
    reference : str

    Raises
    ------
    InputError
        If there is no estimate against the reference.
    """
    rows = contributions[(contributions["treatment"] == reference) | (contributions["comparator"] == reference)]
    if rows.empty:
        raise InputError(f"no estimate is against {reference!r}: there are no contributions to draw")
    other = np.where(rows["treatment"] == reference, rows["comparator"], rows["treatment"])
    direct = [column for column in rows.columns if " : " in column]
    wide = 100 * rows[direct].set_index(pd.Index(other, name="estimate"))
    return _heat(
        wide,
        names,
        "Direct comparison",
        f"Estimate against\n{without_brackets(names.get(reference, reference))}",
        "Share (%)",
        diverging=False,
        digits=0,
        least=50.0,
    )


def _heat(
    wide: pd.DataFrame,
    names: Mapping[str, str],
    x: str,
    y: str,
    title: str,
    *,
    diverging: bool,
    digits: int,
    least: float,
) -> Figure:
    values = wide.to_numpy(dtype=float)
    most = max(float(np.nanmax(np.abs(values))), least)
    figure = new_figure(0.3 * len(wide) + 1.9)
    axes = figure.add_subplot()
    colours = (
        {"cmap": "PuOr_r", "vmin": -most, "vmax": most} if diverging else {"cmap": "Blues", "vmin": 0, "vmax": most}
    )
    mesh = axes.pcolormesh(values, edgecolors=PAPER, linewidth=0.8, **colours)
    faces = mesh.to_rgba(values)
    for (i, j), value in np.ndenumerate(values):
        if abs(value) >= 0.5 * 10**-digits:
            axes.text(
                j + 0.5,
                i + 0.5,
                f"{value:.{digits}f}".replace("-", "−"),
                ha="center",
                va="center",
                fontsize=7,
                color=ink_on(faces[i, j]),
            )
    axes.set_xticks(
        np.arange(wide.shape[1]) + 0.5,
        [_pair(c, names) for c in wide.columns],
        rotation=40,
        ha="right",
        rotation_mode="anchor",
        fontsize=6.8,
    )
    axes.set_yticks(np.arange(len(wide)) + 0.5, [_pair(r, names) for r in wide.index], fontsize=7)
    axes.set_ylim(len(wide), 0)
    axes.tick_params(length=0)
    axes.set_xlabel(x)
    axes.set_ylabel(y)
    axes.set_title(title, fontsize=8, loc="right", fontweight="normal")
    for spine in axes.spines.values():
        spine.set_visible(False)
    return figure


def _pair(words: object, names: Mapping[str, str]) -> str:
    return wrapped(" vs ".join(plain(without_brackets(names.get(part, part))) for part in str(words).split(" : ")), 38)
