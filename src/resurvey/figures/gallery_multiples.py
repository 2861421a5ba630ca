"""The page of all rebuilt groups against their printed results."""

from __future__ import annotations

from collections.abc import Iterator
from math import inf

import pandas as pd

from resurvey.figures.captions import drawing, said
from resurvey.figures.multiples import MOST, Panel, small_multiples, worst_first
from resurvey.figures.save import Drawing
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
    missed = [panel for panel in panels if panel.off > 0]
    facts = {"missed": missed, "most": max((panel.off for panel in missed), default=0.0), "infinite": inf}
    return drawing(
        "multiples",
        "reconstruction-multiples" + (f"-{page}" if page > 1 else ""),
        data,
        small_multiples(shown),
        several=len(panels) > len(shown),
        page=page,
        count=len(panels),
        shown=len(shown),
        missed=missed,
        held=said("multiples", "held", **facts),
    )
