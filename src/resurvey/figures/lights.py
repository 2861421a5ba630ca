"""Judgements of reviewers in figures: risk-of-bias lights of studies, colours for confidence."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from resurvey.figures.style import COLOURS, INK, PAPER, SOFT, ink_on
from resurvey.result_values import Risk
from resurvey.schema import ROB_2, ROBINS_I

if TYPE_CHECKING:
    from matplotlib.axes import Axes

#: Colour and sign of each judgement, as in RevMan and robvis: the sign alone is sufficient.
LIGHTS: Mapping[Risk, tuple[str, str]] = {
    Risk.LOW: ("#009E73", "+"),
    Risk.SOME: ("#F0E442", "–"),
    Risk.MODERATE: ("#F0E442", "–"),
    Risk.HIGH: ("#D55E00", "×"),
    Risk.SERIOUS: ("#D55E00", "×"),
    Risk.CRITICAL: ("#7A1F1F", "!"),
    Risk.NO_INFORMATION: ("#B8BDC3", "?"),
}
#: Domains of each tool in order; the last is the overall judgement.
DOMAINS: dict[str, Sequence[str]] = {"RoB 2": ROB_2, "ROBINS-I": ROBINS_I}
WHOLE = "overall"
STEP = 0.17  # inches from light to light
#: Colour of each level of confidence in an estimate, as in CINeMA.
CONFIDENCE_COLOURS: Mapping[str, str] = {
    "high": "#009E73",
    "moderate": COLOURS[0],
    "low": "#E69F00",
    "very low": COLOURS[1],
}


@dataclass(frozen=True)
class Lights:
    """Judgements of the studies of a forest plot.

    Attributes
    ----------
    heads : tuple of str
        Number of each domain, and `O` for the overall judgement.
    judged : dict of tuple of str
        Judgements of each study in these domains; empty where there is none.
    words : str
        Meaning of the domains and signs.
    """

    heads: tuple[str, ...]
    judged: Mapping[str, tuple[str, ...]]
    words: str

    @property
    def width(self) -> float:
        """Width in inches."""
        return STEP * len(self.heads) + 0.1


def lights_of(table: pd.DataFrame | None, studies: Iterable[object]) -> Lights | None:
    """Lights of the given studies; None where none of them was judged.

    Parameters
    ----------
    table : DataFrame, optional
        study, tool, domain, judgement, endpoint. A judgement for the endpoint takes precedence over one for all
        endpoints; of two tools the first in `DOMAINS` is shown.
    studies : iterable of str
    """
    if table is None or table.empty:
        return None
    wanted = {str(study) for study in studies}
    own = table[table["study"].isin({study.split(", ")[0] for study in wanted})].fillna("")
    own = own.sort_values("endpoint", kind="stable")  # empty endpoints sort first, so that the specific one is kept
    cells = {(row.study, row.tool, row.domain): str(row.judgement) for row in own.itertuples()}
    tool_of = {study: tool for tool in reversed(DOMAINS) for study in own.loc[own["tool"] == tool, "study"]}
    if not tool_of:
        return None
    tools = [tool for tool in DOMAINS if tool in tool_of.values()]
    longest = max(len(DOMAINS[tool]) - 1 for tool in tools)
    judged = {}
    for study in sorted(wanted):
        tool = tool_of.get(study.split(", ")[0])
        names = [*DOMAINS[tool][:-1], *[""] * (longest - len(DOMAINS[tool]) + 1), WHOLE] if tool else []
        judged[study] = tuple(cells.get((study.split(", ")[0], tool, name), "") for name in names)
    heads = (*(str(number) for number in range(1, longest + 1)), "O")
    return Lights(heads, judged, _words(tools, {cell for line in judged.values() for cell in line if cell}))


def _words(tools: Sequence[str], found: set[str]) -> str:
    domains = "; ".join(
        f"{tool}: {', '.join(f'{place} {name}' for place, name in enumerate(DOMAINS[tool][:-1], start=1))}, O {WHOLE}"
        for tool in tools
    )
    signs = ", ".join(f"{LIGHTS[risk][1]} {risk}" for risk in LIGHTS if risk in found)
    return f"Circles: risk of bias as reviewers judged it ({domains}; {signs})."


def draw_lights(axes: Axes, rows: pd.DataFrame, places: Sequence[float], lights: Lights, font: float) -> None:
    """Draw a circle with a sign for each judgement, beside the row of its study."""
    from matplotlib.colors import to_rgb

    axes.set_xlim(0, lights.width)
    across = [0.1 + STEP * (place + 0.5) for place in range(len(lights.heads))]
    for x, head in zip(across, lights.heads, strict=True):
        axes.text(x, -0.55, head, ha="center", va="center", fontsize=font, fontweight="bold")
    axes.axhline(0.05, color=SOFT, lw=0.7)
    for y, study, kind in zip(places, rows["study"], rows["kind"], strict=True):
        for x, judgement in zip(across, lights.judged.get(str(study), ()), strict=False) if kind == "study" else ():
            if not judgement:
                continue
            colour, sign = LIGHTS[Risk(judgement)]
            axes.plot([x], [y], "o", ms=9, color=colour, mec=INK, mew=0.4)
            ink = PAPER if ink_on(to_rgb(colour)) == PAPER else INK
            axes.text(x, y, sign, ha="center", va="center_baseline", fontsize=7.5, fontweight="bold", color=ink)
