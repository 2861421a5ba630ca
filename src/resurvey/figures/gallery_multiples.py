"""The page of all rebuilt groups against their printed results."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from resurvey.figures.multiples import MOST, Panel, small_multiples, worst_first
from resurvey.figures.save import Drawing
from resurvey.figures.style import listed
from resurvey.labels import Labels, without_brackets, without_number

KEY = ["study_id", "arm_id", "population", "endpoint", "data_cut"]


def multiples_drawings(curves: pd.DataFrame, facts: pd.DataFrame, labels: Labels, data: str) -> Iterator[Drawing]:
    """Small multiples of all rebuilt groups, `MOST` per page; none where no group was rebuilt.

    Parameters
    ----------
    curves : DataFrame
        Rows of curves.csv of all studies.
    facts : DataFrame
        Rows of facts.csv of all studies.
    labels : Labels
    data : str
        Name of the file of facts.
    """
    own = dict(iter(facts.fillna(dict.fromkeys(KEY, "")).rename(columns={"time_months": "time"}).groupby(KEY)))
    filled = curves.fillna(dict.fromkeys(KEY, ""))
    panels = worst_first(
        [_panel(key, curve, own[key], labels) for key, curve in filled.groupby(KEY, sort=True) if key in own]
    )
    for page, start in enumerate(range(0, len(panels), MOST), start=1):
        yield _page(panels[start : start + MOST], panels, page, data)


def _panel(key: tuple[str, ...], curve: pd.DataFrame, facts: pd.DataFrame, labels: Labels) -> Panel:
    study, arm, population, endpoint, cut = key
    part = "" if population == "all" else labels.population(population)
    words = ", ".join(word for word in (part, cut) if word)
    given = without_number(without_brackets(labels.arm(study, arm)))
    return Panel(labels.study(study), f"{endpoint}, {given}", words, curve, facts)


def _page(shown: list[Panel], panels: list[Panel], page: int, data: str) -> Drawing:
    several = len(panels) > len(shown)
    missed = [panel for panel in panels if panel.off > 0]
    count = f"{len(panels)} groups were" if len(panels) > 1 else "one group was"
    held = "every printed fact that it could have holds" if not missed else _worst(missed)
    return Drawing(
        name="reconstruction-multiples" + (f"-{page}" if page > 1 else ""),
        section="reconstruction",
        title="Every rebuilt group against what was printed of it" + (f", page {page}" if several else ""),
        caption=f"In all {count} rebuilt; {held}. A panel a group, {_order(missed)}: rebuilt survival from 0 to 100 % "
        "over months (median of the replicates, band of the middle 90 % of them), the printed median with its interval "
        "at one half, and printed survival. In orange, where not all hold: of the facts that patients of such groups "
        "can have (size, events, median and limits, survival, numbers at risk, ratio and its limits) how many hold "
        "within their rounding in all replicates, and the one that is furthest off, printed → rebuilt. Agreement with "
        "the print does not show that the curve between the printed points is right.",
        alt=f"{len(shown)} small survival curves with printed facts on them; {held}.",
        data=data,
        figure=small_multiples(shown),
    )


def _order(missed: list[Panel]) -> str:
    return "those furthest off first" if missed else "in the order of studies"


def _worst(missed: list[Panel]) -> str:
    """How many groups miss a printed result, and the names of the worst."""
    share = np.array([panel.off for panel in missed])
    worst = [
        ", ".join(word for word in (panel.title, panel.arm, panel.part) if word) + f" ({panel.verdict})"
        for panel in missed[:2]
    ]
    most = f"by up to {100 * share.max():.2g} %" if np.isfinite(share).all() else "one of them without bound"
    return f"in {len(missed)} something that could hold does not, {most}: most of all {listed(worst)}"
