"""Results of digitising a figure: axes, curves, numbers at risk, checks and a verdict."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import numpy as np

Verdict = Literal["sure", "check", "refused"]
Outcome = Literal["passed", "doubtful", "failed", "open"]


@dataclass(frozen=True)
class Word:
    """A piece of text and its box, in pixels (or points) with y pointing down."""

    text: str
    left: float
    top: float
    right: float
    bottom: float
    score: float = 1.0
    upright: bool = True

    @property
    def x(self) -> float:
        """Horizontal centre of the box."""
        return (self.left + self.right) / 2

    @property
    def y(self) -> float:
        """Vertical centre of the box."""
        return (self.top + self.bottom) / 2

    @property
    def height(self) -> float:
        """Height of the letters, perpendicular to the reading direction."""
        return self.bottom - self.top if self.upright else self.right - self.left


@dataclass(frozen=True)
class Label:
    """A tick label: its position along the axis and the value it shows."""

    pixel: float
    value: float
    text: str
    snapped: bool = False


@dataclass(frozen=True)
class Axis:
    """A calibrated linear axis: value = intercept + slope * pixel."""

    intercept: float
    slope: float
    labels: tuple[Label, ...]
    stray: tuple[Label, ...] = ()
    percent: bool = False

    def value(self, pixel: np.ndarray | float) -> np.ndarray | float:
        """Values at given pixels."""
        return self.intercept + self.slope * np.asarray(pixel, float)

    def pixel(self, value: np.ndarray | float) -> np.ndarray | float:
        """Pixels of given values."""
        return (np.asarray(value, float) - self.intercept) / self.slope

    @property
    def residual(self) -> float:
        """Largest distance of a label from the line fitted to all labels, in pixels."""
        if not self.labels:
            return 0.0
        return max(abs(float(self.pixel(label.value)) - label.pixel) for label in self.labels)

    @property
    def error(self) -> float:
        """Standard error of a position at the axis's ends, as a share of its length; infinite with fewer than 3 labels.

        Based on the labels at ticks where most labels have one, otherwise on all labels.
        """
        ticks = [label for label in self.labels if label.snapped]
        used = ticks if len(ticks) >= max(3, 0.6 * len(self.labels)) else self.labels
        if len(used) < 3:
            return float("inf")
        pixels = np.array([label.pixel for label in used])
        off = pixels - np.asarray(self.pixel(np.array([label.value for label in used])))
        ends = np.array([self.labels[0].pixel, self.labels[-1].pixel])
        spread = float(((pixels - pixels.mean()) ** 2).sum())
        lever = np.sqrt(1 / len(used) + (ends - pixels.mean()) ** 2 / spread).max()
        return float(np.sqrt((off**2).sum() / (len(used) - 2)) * lever / abs(ends[1] - ends[0]))

    @property
    def snapped(self) -> int:
        """Number of labels that lie at a printed tick."""
        return sum(label.snapped for label in self.labels)


@dataclass(frozen=True)
class Panel:
    """A pair of axes and the box (left, top, right, bottom) of the plot they span, in pixels."""

    x: Axis
    y: Axis
    box: tuple[float, float, float, float]
    row: float
    column: float
    given: bool = False


@dataclass(frozen=True)
class RiskRow:
    """A printed row of numbers at risk: None marks an unreadable cell, `flagged` a cell that cannot be right."""

    label: str
    times: tuple[float, ...]
    counts: tuple[int | None, ...]
    flagged: tuple[bool, ...]
    colour: tuple[int, int, int] | None = None
    kind: str = "at risk"


@dataclass(frozen=True)
class TracedCurve:
    """A curve as traced.

    `times` and `survival` are the corners of a step function from (0, 1); `uncertainty` is the standard deviation of
    the survival there, from the width of the line, the axes' residuals and the gaps bridged.
    """

    name: str
    times: np.ndarray
    survival: np.ndarray
    uncertainty: np.ndarray
    censor_times: np.ndarray = field(default_factory=lambda: np.array([]))
    colour: tuple[int, int, int] = (0, 0, 0)
    dashed: bool = False
    coverage: float = 1.0
    risk: int | None = None


@dataclass(frozen=True)
class Check:
    """One check of the reading, its outcome and the sentence that reports it."""

    name: str
    outcome: Outcome
    words: str


@dataclass(frozen=True)
class Digitised:
    """A figure (or a panel of one) as read.

    `verdict` is `sure` (every check passed), `check` (a person should review it; `reason` says what) or
    `refused` (no curves are returned; `reason` says why).
    """

    file: str
    kind: Literal["vector", "raster", "none"]
    verdict: Verdict
    reason: str
    panel: int = 1
    panels: int = 1
    time_unit: str = ""
    axes: Panel | None = None
    curves: tuple[TracedCurve, ...] = ()
    at_risk: tuple[RiskRow, ...] = ()
    legend: tuple[str, ...] = ()
    checks: tuple[Check, ...] = ()
    size: tuple[int, int] = (0, 0)
