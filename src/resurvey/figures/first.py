"""A figure that nobody sees, drawn so that the next one is drawn sooner."""

from __future__ import annotations

import pandas as pd

from resurvey.figures.save import as_both
from resurvey.figures.survival import kaplan_meier


def draw_first() -> None:
    """Load the drawing library, its fonts and the house style, and lay out the words that most figures hold.

    The first figure of a process costs a quarter of a second more than the same one again. Processes that are copies
    of one in which this was called have that behind them; what they draw is the same.
    """
    groups, times = ["one", "two"], [0.0, 6.0, 12.0, 18.0, 24.0]
    curves = pd.DataFrame(
        [(group, time, 1 - time / 30, 1 - time / 25, 1 - time / 40) for group in groups for time in times],
        columns=["group", "time", "survival", "lower", "upper"],
    )
    risk = pd.DataFrame(
        [(group, time, 90 - 3 * time, time, 10 + 2 * time) for group in groups for time in times],
        columns=["group", "time", "at_risk", "censored", "events"],
    )
    notes = dict.fromkeys(groups, "n 123, printed\u00a0median\u00a045.67")
    as_both(kaplan_meier(curves, risk, ylabel="Progression-free survival", notes=notes))
