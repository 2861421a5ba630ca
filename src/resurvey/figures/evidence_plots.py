"""The evidence in the documents: trials on one page, ongoing trials by strategy, timeline of studies."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from resurvey.errors import InputError
from resurvey.figures.style import (
    COLOURS,
    FAINT,
    INK,
    PAPER,
    SOFT,
    WIDTH,
    cut,
    fixed_figure,
    in_rows,
    inches,
    new_figure,
    plain,
    styled,
    wrapped,
)
from resurvey.labels import Labels, without_brackets
from resurvey.ticks import time_ticks

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

PHASES = ("I", "I/II", "II", "II/III", "III", "IV", "other")
STATUS_MARKS = (("o", True), ("o", False), ("s", True), ("s", False), ("D", True), ("D", False))


def median_pairs(
    medians: pd.DataFrame, p_values: pd.DataFrame, ratios: pd.DataFrame, labels: Labels, source: str
) -> pd.DataFrame:
    """Medians of two arms that a document prints in the same place, with the printed p value of their comparison.

    Parameters
    ----------
    medians, p_values, ratios : DataFrame
        Typed tables (ratios: hazard_ratios). The first arm is the one named first by a p value or ratio.
    labels : Labels
    source : str
        source_id of the document.

    Returns
    -------
    DataFrame
        endpoint, study, population, first, second (labels), first_months, second_months (infinite for not reached),
        first_lower, first_upper, second_lower, second_upper (printed confidence limits in months, NaN where there are
        none), p (as printed), claims. A pair printed in both the text and a table is listed once.
    """
    rows = medians[(medians["source_id"] == source) & (medians["arm_id"].fillna("") != "")]
    rows = rows[rows["value_months"].notna()]
    where = ["locator", "study_id", "population", "endpoint", "data_cut"]
    made: dict[tuple[str, ...], dict[str, object]] = {}
    leads = set(zip(ratios["study_id"], ratios["arm_id"], strict=True))
    for (locator, study, population, endpoint, _), pair in rows.fillna({"data_cut": ""}).groupby(where, sort=True):
        if pair["arm_id"].nunique() != 2 or len(pair) != 2:
            continue
        printed = _p(p_values, set(pair["claim_id"]))
        named = [arm for arm in pair["arm_id"] if (study, arm) in leads]
        lead = printed["arm"] or (named[0] if named else pair["arm_id"].iloc[0])
        pair = pair.sort_values("arm_id", key=lambda arms, lead=lead: arms != lead, kind="stable")
        key = (study, population, endpoint, *sorted(pair["arm_id"]))
        kept = made.get(key)
        # Locators of tables sort either last or first; a pair with a printed p value is preferred to one without.
        if kept and (kept["p"] or not printed["p"]) and not locator.startswith("Table"):
            continue
        made[key] = {
            "endpoint": endpoint,
            "study": labels.study(study),
            "population": population,
            "first": labels.arm(study, pair["arm_id"].iloc[0]),
            "second": labels.arm(study, pair["arm_id"].iloc[1]),
            "first_months": float(pair["value_months"].iloc[0]),
            "second_months": float(pair["value_months"].iloc[1]),
            **_limits(pair),
            "p": printed["p"] or (kept["p"] if kept else ""),
            "claims": ";".join(pair["claim_id"]),
        }
    return pd.DataFrame(list(made.values()))


def _limits(pair: pd.DataFrame) -> dict[str, float]:
    """Printed confidence limits of a pair; an upper limit that was not reached is infinite."""
    limits = {}
    for place, side in enumerate(("first", "second")):
        for end in ("lower", "upper"):
            column = f"{end}_months"
            limits[f"{side}_{end}"] = float(pair[column].iloc[place]) if column in pair else float("nan")
    return limits


def _p(p_values: pd.DataFrame, claims: set[str]) -> dict[str, str]:
    for ids, text, arm in zip(p_values["claims"], p_values["p_text"], p_values["arm_id"], strict=True):
        if claims <= set(str(ids).split(";")):
            return {"p": str(text) if str(text) != "nan" else "", "arm": str(arm)}
    return {"p": "", "arm": ""}


NAMES, P_WIDTH, ROW, FOOT = 2.75, 0.75, 0.245, 0.78  # inches: names, printed p value, a row, axis and legend
START = (0.06 - NAMES) / (WIDTH - NAMES - P_WIDTH)  # left edge of the names, in plot widths
SIDES = (
    ("first", {"marker": "o", "ms": 5.5}, -0.16),
    ("second", {"marker": "s", "ms": 5, "mfc": PAPER, "mew": 1.2}, 0.16),
)


@styled
def trials_on_a_page(pairs: pd.DataFrame, *, endpoints: Mapping[str, str]) -> Figure:
    """Plot the medians of both arms of every trial with their printed intervals, and the printed p value.

    Parameters
    ----------
    pairs : DataFrame
        As made by `median_pairs`.
    endpoints : dict of str
        Description of each endpoint.

    Raises
    ------
    InputError
        If no document prints medians of two arms in the same place.
    """
    if pairs.empty:
        raise InputError("no document prints two medians side by side: there is nothing to draw")
    blocks = [(endpoint, pairs[pairs["endpoint"] == endpoint]) for endpoint in dict.fromkeys(pairs["endpoint"])]
    blocks.sort(key=lambda block: -len(block[1]))
    rows = len(pairs) + 0.8 * len(blocks) + 0.7
    figure = fixed_figure(ROW * rows + FOOT)
    axes = figure.add_axes(inches(figure, NAMES, FOOT, WIDTH - NAMES - P_WIDTH, ROW * rows))
    columns = [f"{side}_{part}" for side in ("first", "second") for part in ("months", "lower", "upper")]
    values = pairs[[name for name in columns if name in pairs]].to_numpy(dtype=float)
    last = float(values[np.isfinite(values)].max())
    y = 0.7
    for endpoint, part in blocks:
        words = endpoints.get(endpoint, endpoint)
        axes.text(START, y, plain(words[0].upper() + words[1:]),
                  fontsize=8.5, fontweight="bold", va="center", transform=in_rows(axes))  # fmt: skip
        y += 0.8
        ordered = part.assign(_longest=part[["first_months", "second_months"]].replace(np.inf, np.nan).max(axis=1))
        for _, row in ordered.sort_values(["_longest", "study"], ascending=[False, True], kind="stable").iterrows():
            _pair(axes, row, y, last)
            y += 1
    axes.set_yticks([])
    axes.set_ylim(rows, 0)
    axes.set_xlim(0, last * 1.06)
    axes.set_xticks(time_ticks(last, 9))
    axes.set_xlabel("Median (months)")
    axes.text(1.03, 0.35, "printed p", fontsize=7.5, fontweight="bold", transform=in_rows(axes), va="center")
    axes.grid(axis="x", color=FAINT, lw=0.6)
    _two_marks(axes, bool(np.isfinite(pairs.get("first_lower", pd.Series(dtype=float))).any()))
    return figure


def _two_marks(axes: Axes, intervals: bool) -> None:
    what = " with printed interval" if intervals else ""
    axes.plot([], [], "o", ms=5.5, color=COLOURS[0], label=f"first named arm{what}")
    axes.plot([], [], "s", ms=5, color=COLOURS[1], mfc=PAPER, mew=1.2, label=f"second named arm{what}")
    axes.plot([], [], ">", ms=5, color=SOFT, label="not reached")
    axes.figure.legend(loc="lower right", ncols=3, fontsize=7.5, borderaxespad=0.3)


def _pair(axes: Axes, row: pd.Series, y: float, last: float) -> None:
    """Draw both medians of a trial, with its name and arms at the left, where no line crosses them."""
    edge = last * 1.05
    for (side, look, shift), colour in zip(SIDES, COLOURS[:2], strict=True):
        low, high = (float(row.get(f"{side}_{end}", np.nan)) for end in ("lower", "upper"))
        if np.isfinite(low):
            stop = min(high, edge) if high == high else edge
            axes.plot([low, stop], [y + shift] * 2, color=colour, lw=1.1, zorder=2, solid_capstyle="butt")
            if not np.isfinite(high):
                axes.plot([edge], [y + shift], ">", color=colour, ms=4, zorder=2, clip_on=False)
        median = float(row[f"{side}_months"])
        if np.isfinite(median):
            axes.plot([median], [y + shift], color=colour, zorder=3, ls="none", **look)
        else:
            axes.plot([edge], [y + shift], ">", color=colour, ms=6, zorder=3, clip_on=False)
    population = "" if row["population"] == "all" else f", {row['population']}"
    name, arms = f"{row['study']}{population}", f"{without_brackets(row['first'])} vs {without_brackets(row['second'])}"
    for words, shift, size, colour, most in ((name, -0.22, 7.5, INK, 44), (arms, 0.22, 5.8, SOFT, 60)):
        axes.text(START, y + shift, plain(cut(words, most)), fontsize=size, color=colour, va="center",
                  transform=in_rows(axes))  # fmt: skip
    axes.text(1.03, y, plain(row["p"] or "–"), fontsize=7.5, va="center", transform=in_rows(axes))


def phase_of(text: object) -> str:
    """The phase as one of `PHASES`; anything else is other."""
    found = re.match(r"^(?:phase\s*)?(I{1,3}|IV|[1-4])(?:\s*/\s*(I{1,3}|[1-4]))?$", str(text).strip(), re.IGNORECASE)
    if not found:
        return "other"
    roman = {"1": "I", "2": "II", "3": "III", "4": "IV"}
    parts = [roman.get(part.upper(), part.upper()) for part in found.groups() if part]
    words = "/".join(parts)
    return words if words in PHASES else "other"


@styled
def ongoing_by_strategy(trials: pd.DataFrame) -> Figure:
    """Plot registered trials by the strategy they test, with phase and status.

    Parameters
    ----------
    trials : DataFrame
        registry_id, phase, status, intervention, strategy, title.

    Raises
    ------
    InputError
        If there is no registered trial.
    """
    if trials.empty:
        raise InputError("there is no registered trial to draw")
    table = trials.assign(phase=trials["phase"].map(phase_of)).fillna("")
    present = [phase for phase in PHASES if phase in set(table["phase"])]
    states = list(
        dict.fromkeys(sorted(table["status"].replace("", "not stated"), key=lambda s: (s == "not stated", s)))
    )
    groups = table.groupby("strategy", sort=False)
    sizes = sorted(groups.groups, key=lambda name: (-len(groups.get_group(name)), name))
    figure = new_figure(0.235 * (len(table) + 1.25 * len(sizes)) + 0.75)
    axes = figure.add_subplot()
    y, ticks = 0.0, []
    for strategy in sizes:
        axes.text(-0.45, y, plain(cut(strategy, 78)), fontsize=8, fontweight="bold", va="center")
        y += 1
        for _, row in groups.get_group(strategy).iterrows():
            status = row["status"] or "not stated"
            mark, filled = STATUS_MARKS[states.index(status) % len(STATUS_MARKS)]
            colour = COLOURS[states.index(status) % len(COLOURS)]
            x = present.index(row["phase"])
            axes.plot([x], [y], mark, ms=7, color=colour, mfc=colour if filled else PAPER, mew=1.3)
            words = row["intervention"] or row["title"]
            axes.text(len(present) - 0.4, y, wrapped(cut(words, 120), 62), fontsize=7, va="center", linespacing=1)
            ticks.append((y, plain(row["registry_id"] or cut(row["title"], 22))))
            y += 1
        y += 0.25
    axes.set_yticks([place for place, _ in ticks], [text for _, text in ticks], fontsize=7.5)
    axes.set_ylim(y - 0.3, -0.7)
    axes.set_xlim(-0.5, len(present) + 5.6)
    axes.set_xticks(range(len(present)), present)
    axes.set_xlabel("Phase", loc="left")
    axes.tick_params(axis="y", length=0)
    for x in range(len(present)):
        axes.axvline(x, color=FAINT, lw=0.6, zorder=0)
    for index, status in enumerate(states):
        mark, filled = STATUS_MARKS[index % len(STATUS_MARKS)]
        colour = COLOURS[index % len(COLOURS)]
        axes.plot([], [], mark, ms=6.5, color=colour, mfc=colour if filled else PAPER, mew=1.3, label=plain(status))
    figure.legend(loc="outside lower right", ncols=4, fontsize=7.5, title="status as printed", alignment="left")
    return figure


def decimal_year(date: object) -> float:
    """A date (`2019`, `2019-06` or `2019-06-20`) as a decimal year; NaN where there is none."""
    parts = str(date).split("-")
    if not parts[0].isdigit():
        return float("nan")
    month = int(parts[1]) - 1 if len(parts) > 1 else 0
    day = int(parts[2]) - 1 if len(parts) > 2 else 0
    return int(parts[0]) + month / 12 + day / 365.25


def study_dates(studies: pd.DataFrame, sources: pd.DataFrame) -> pd.DataFrame:
    """Studies with a date: study, start, end, cutoff (decimal years), published (year of the document)."""
    years = dict(zip(sources["source_id"], pd.to_numeric(sources["year"], errors="coerce"), strict=True))
    table = pd.DataFrame(
        {
            "study_id": studies["study_id"],
            "study": studies["acronym"],
            "design": studies["design"].fillna(""),
            "start": studies["enrolment_start"].map(decimal_year),
            "end": studies["enrolment_end"].map(decimal_year),
            "cutoff": studies["data_cutoff"].map(decimal_year),
            "published": studies["source_id"].map(years),
        }
    )
    return table[table["start"].notna() | table["cutoff"].notna()].sort_values(
        "start", kind="stable", ignore_index=True
    )


@styled
def timeline(dates: pd.DataFrame) -> Figure:
    """Plot the enrolment periods of the studies as bars, with data cut-off and publication.

    Parameters
    ----------
    dates : DataFrame
        As made by `study_dates`.

    Raises
    ------
    InputError
        If no study has a date.
    """
    if dates.empty:
        raise InputError("no study has a date: there is nothing to draw")
    figure = new_figure(0.36 * len(dates) + 1.0)
    axes = figure.add_subplot()
    for y, row in dates.iterrows():
        if np.isfinite(row["start"]) and np.isfinite(row["end"]):
            axes.barh(
                y, row["end"] - row["start"], left=row["start"], height=0.42, color=COLOURS[5], edgecolor=INK, lw=0.6
            )
        if np.isfinite(row["cutoff"]):
            first = row["end"] if np.isfinite(row["end"]) else row["start"]
            axes.plot([first, row["cutoff"]], [y, y], color=INK, lw=1)
            axes.plot([row["cutoff"]], [y], "|", color=INK, ms=12, mew=2)
        if np.isfinite(row["published"]):
            axes.plot([row["published"] + 0.5], [y], "D", color=COLOURS[1], ms=6)
    axes.fill_between([], [], color=COLOURS[5], edgecolor=INK, lw=0.6, label="enrolment")
    axes.plot([], [], "|", color=INK, ms=12, mew=2, ls="none", label="data cut-off")
    axes.plot([], [], "D", color=COLOURS[1], ms=6, ls="none", label="publication read (year)")
    low = np.floor(np.nanmin(dates["start"]))
    high = np.ceil(np.nanmax(dates[["end", "cutoff", "published"]].to_numpy(dtype=float)) + 0.6)
    step = 1 if high - low <= 16 else 2
    axes.set_xticks(np.arange(low, high + 1, step), [f"{year:.0f}" for year in np.arange(low, high + 1, step)])
    axes.set_xlim(low - 0.2, high)
    axes.set_yticks(
        range(len(dates)), [f"{plain(s)}\n{plain(d)}" for s, d in zip(dates["study"], dates["design"], strict=True)]
    )
    axes.set_ylim(len(dates) - 0.4, -0.6)
    axes.set_xlabel("Calendar year (beginning of the year at the mark)")
    axes.grid(axis="x", color=FAINT, lw=0.6)
    axes.tick_params(axis="y", length=0)
    figure.legend(loc="outside upper right", ncols=3)
    return figure
