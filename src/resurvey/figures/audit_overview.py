"""The audit on one page: one mark per printed number."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import ceil
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from resurvey.cautions import FINDINGS
from resurvey.errors import InputError
from resurvey.figures.style import FAINT, INK, PAPER, SOFT, cut, new_figure, plain, styled

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Most serious first; a verdict is shown by position, symbol and colour.
VERDICT_MARKS: Mapping[str, tuple[str, str, bool]] = {
    "impossible": ("X", "#882255", True),
    "conflict": ("D", "#CC3311", True),
    "discrepant": ("^", "#D55E00", True),
    "other-method": ("P", "#E69F00", True),
    "rounding": ("o", "#56B4E9", True),
    "reproduced": ("s", "#0072B2", True),
    "uncheckable": ("s", "#8a8f94", False),
    "not checked": ("s", "#c4c8cc", False),
}
WORST_FIRST = tuple(VERDICT_MARKS)
STRIP = 4.1  # rows that a document needs in addition to its marks
ACROSS, PITCH = 60, 0.112  # marks in a row, and inches from row to row
SEVERITY_ORDER = ("conclusion", "major", "minor")


def worst_verdicts(checks: pd.DataFrame, claims: pd.DataFrame) -> pd.DataFrame:
    """Most serious verdict on every printed number over all checks that use it.

    Parameters
    ----------
    checks : DataFrame
        claim_ids (separated by `;`), verdict, severity.
    claims : DataFrame
        claim_id, source_id.

    Returns
    -------
    DataFrame
        claim_id, source_id, verdict (`not checked` where no check uses the number).

    Raises
    ------
    InputError
        If a verdict is unknown.
    """
    parts = checks[["claim_ids", "verdict"]].assign(claim_id=checks["claim_ids"].fillna("").str.split(";"))
    long = parts.explode("claim_id")
    order = {verdict: place for place, verdict in enumerate(WORST_FIRST)}
    unknown = set(long["verdict"]) - set(order)
    if unknown:
        raise InputError(f"verdict {sorted(unknown)[0]!r} is unknown: expected one of {', '.join(order)}")
    worst = long.assign(place=long["verdict"].map(order)).groupby("claim_id")["place"].min()
    place = claims["claim_id"].map(worst).fillna(order["not checked"]).astype(int)
    return claims[["claim_id", "source_id"]].assign(verdict=[WORST_FIRST[i] for i in place])


@styled
def audit_overview(verdicts: pd.DataFrame, *, names: Mapping[str, str], order: Sequence[str] = ()) -> Figure:
    """Plot one mark per printed number, by document and most serious verdict, with counts.

    Parameters
    ----------
    verdicts : DataFrame
        claim_id, source_id, verdict, as made by `worst_verdicts`.
    names : dict of str
        Short name of each document.
    order : sequence of str
        Documents in the order in which they are shown; any others follow.

    Raises
    ------
    InputError
        If there is no printed number.
    """
    if verdicts.empty:
        raise InputError("there is no printed number to draw")
    sources = [s for s in order if s in set(verdicts["source_id"])]
    sources += sorted(set(verdicts["source_id"]) - set(sources))
    sizes = verdicts.groupby("source_id").size()
    heights = [ceil(sizes[source] / ACROSS) for source in sources]
    present = [verdict for verdict in WORST_FIRST if verdict in set(verdicts["verdict"])]
    keys = ceil(len(present) / 4)
    rows = sum(heights) + STRIP * len(sources) + 2.4 * keys + 2.4
    figure = new_figure(PITCH * rows)
    figure.set_layout_engine("none")
    axes = figure.add_axes((0.005, 0.005, 0.99, 0.99))
    axes.set_axis_off()
    for place, verdict in enumerate(present):
        row, column = divmod(place, 4)
        x, y = column * ACROSS / 4, row * 2.4
        _marks(axes, np.array([x]), np.array([y]), verdict, 6.5)
        total = int((verdicts["verdict"] == verdict).sum())
        axes.text(x + 1.2, y, f"{verdict}: {total}", fontsize=8, fontweight="bold", va="center")
    top = keys * 2.4 + 0.6
    for source, height in zip(sources, heights, strict=True):
        _strip(axes, verdicts[verdicts["source_id"] == source], names.get(source, source), top)
        top += height + STRIP
    axes.set_xlim(-1, ACROSS)
    axes.set_ylim(rows - 1.2, -1.2)
    return figure


def _strip(axes: Axes, numbers: pd.DataFrame, name: str, top: float) -> None:
    """Draw the numbers of one document, most serious verdict first, in rows from left to right under their counts."""
    counts = numbers["verdict"].value_counts()
    said = [f"{counts[verdict]} {verdict}" for verdict in WORST_FIRST if verdict in counts]
    axes.axhline(top - 0.8, color=FAINT, lw=0.7)
    axes.text(-0.5, top + 0.2, plain(cut(name, 70)), fontsize=8, fontweight="bold", va="center")
    axes.text(ACROSS - 0.5, top + 0.2, f"{len(numbers)} numbers", fontsize=8, va="center", ha="right")
    axes.text(-0.5, top + 1.7, ", ".join(said), fontsize=7, va="center", color=SOFT)
    start = 0
    for verdict in WORST_FIRST:
        index = np.arange(start, start + int(counts.get(verdict, 0)))
        _marks(axes, index % ACROSS, top + 3.0 + index // ACROSS, verdict, 3.9)
        start += index.size


def _marks(axes: Axes, x: np.ndarray, y: np.ndarray, verdict: str, size: float) -> None:
    mark, colour, filled = VERDICT_MARKS[verdict]
    axes.plot(x, y, mark, ms=size, color=colour, mfc=colour if filled else PAPER, mew=0.7, ls="none", clip_on=False)


@styled
def findings_by_rule(checks: pd.DataFrame, *, most: int = 24) -> Figure:
    """Plot the checks that gave a finding, by rule and severity.

    Parameters
    ----------
    checks : DataFrame
        rule, verdict, severity.

    Raises
    ------
    InputError
        If no check is a finding.
    """
    found = checks[checks["verdict"].isin(FINDINGS)]
    if found.empty:
        raise InputError("every check came out: there is no finding to draw")
    severities = [s for s in (*SEVERITY_ORDER, "none") if s in set(found["severity"])]
    counts = found.groupby(["rule", "severity"]).size().unstack(fill_value=0).reindex(columns=severities)
    tried = checks.groupby("rule").size()
    counts = counts.assign(_total=counts.sum(axis=1)).sort_values(["_total"], ascending=False, kind="stable").head(most)
    looks = {
        "conclusion": ("#CC3311", "////"),
        "major": ("#E69F00", ""),
        "minor": ("#56B4E9", "\\\\\\\\"),
        "none": (FAINT, ""),
    }
    figure = new_figure(0.24 * len(counts) + 0.95)
    axes = figure.add_subplot()
    start = np.zeros(len(counts))
    y = np.arange(len(counts))
    for severity in severities:
        colour, hatch = looks[severity]
        axes.barh(
            y, counts[severity], left=start, height=0.68, color=colour, hatch=hatch, edgecolor=PAPER, label=severity
        )
        start = start + counts[severity].to_numpy()
    for place, (rule, total) in enumerate(counts["_total"].items()):
        axes.text(total, place, f"  {int(total)} of {int(tried[rule])}", va="center", fontsize=7.5, color=INK)
    axes.set_yticks(y, [plain(rule.replace("-", " ")) for rule in counts.index])
    axes.set_ylim(len(counts) - 0.5, -0.5)
    axes.set_xlim(0, start.max() * 1.18 + 0.5)
    axes.xaxis.get_major_locator().set_params(integer=True)
    axes.set_xlabel("Checks that did not come out (of all made)")
    axes.tick_params(axis="y", length=0)
    axes.legend(title="gravity", loc="lower right", alignment="left")
    return figure
