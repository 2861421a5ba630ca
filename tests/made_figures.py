"""Figures of survival made by the tests themselves, with the truth behind them."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure


@dataclass(frozen=True)
class Arm:
    """An arm as it is drawn: patients' times and events, and the corners of its curve."""

    name: str
    time: np.ndarray
    event: np.ndarray
    corners: np.ndarray

    def survival(self, at):
        """Survival at times."""
        place = np.searchsorted(self.corners[:, 0], at, side="right") - 1
        return self.corners[place, 1]

    def at_risk(self, at):
        """Patients at risk at times."""
        return [int((self.time >= t).sum()) for t in at]


def arm(name, seed, *, median, n=60, horizon=36.0):
    """An arm with exponential survival and uniform censoring."""
    rng = np.random.default_rng(seed)
    death = rng.exponential(median / np.log(2), n)
    censored = rng.uniform(0.4 * horizon, horizon, n)
    time, event = np.minimum(death, censored), death <= censored
    level, corners = 1.0, [(0.0, 1.0)]
    for t in np.unique(time[event]):
        level *= 1 - ((time == t) & event).sum() / (time >= t).sum()
        corners.append((t, level))
    return Arm(name, time, event, np.array([*corners, (time.max(), level)]))


def draw(
    path,
    arms,
    *,
    colours=("tab:blue", "tab:red"),
    styles=("-", "-"),
    percent=False,
    risk=True,
    marks="",
    dpi=130,
    legend=True,
    unit="months",
    horizon=36.0,
    step=6.0,
    **options,
):
    """Draw the arms into a file of any kind that matplotlib writes."""
    figure = Figure(figsize=(6, 5))
    axes = figure.add_axes((0.17, 0.34, 0.78, 0.62))
    scale = 100 if percent else 1
    for chosen, colour, style in zip(arms, colours, styles, strict=False):
        x, y = chosen.corners.T
        axes.step(x, scale * y, where="post", color=colour, linestyle=style, label=chosen.name, linewidth=1.5)
        if marks:
            lost = np.sort(chosen.time[~chosen.event])
            axes.plot(lost, scale * chosen.survival(lost), marks, color=colour, markersize=7)
    ticks = np.arange(0, horizon + step / 2, step)
    axes.set(xlim=(0, horizon), ylim=(0, 1.03 * scale), xticks=ticks, xlabel=f"Time ({unit})")
    axes.set(yticks=np.linspace(0, scale, 6), ylabel="Survival (%)" if percent else "Survival probability")
    axes.spines[["top", "right"]].set_visible(False)
    if legend:
        axes.legend(loc="upper right", frameon=False)
    if risk:
        figure.text(0.02, 0.2, "No. at risk", weight="bold")
        for k, chosen in enumerate(arms):
            figure.text(0.02, 0.15 - 0.05 * k, chosen.name)
            for t, count in zip(ticks, chosen.at_risk(ticks), strict=True):
                place = axes.transData.transform((t, 0))[0] / figure.bbox.width
                figure.text(place, 0.15 - 0.05 * k, str(count), ha="center")
    figure.savefig(path, dpi=dpi, **options)
    return Path(path)


def rmse(curve, truth, end):
    """Root mean squared error of survival over a grid of times."""
    at = np.linspace(0, end, 101)[1:]
    place = np.searchsorted(curve.times, at, side="right") - 1
    return float(np.sqrt(np.mean((curve.survival[place] - truth.survival(at)) ** 2)))
