"""What is known of the shape of hazards before a number is read: a few constants, and where they come from."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class HazardPrior:
    """Gaussian prior of the two log hazards.

    Attributes
    ----------
    nodes, shape : tuple of float
        log hazard of an event times the median, at log of time over the median: piecewise linear.
    level, wiggle, wiggle_length, early, early_length
        Standard deviation of the level, of the smooth departure and its length on the log time scale, and of the departure before
        the first assessments, which dies out over `early_length` medians.
    censor_nodes, censor_shape : tuple of float
        log hazard of censoring times the longest follow-up, at time over the longest follow-up.
    censor_level, censor_wiggle, censor_length
        The same for censoring.
    left_log, left_sd : float
        log of the patients still followed at the longest follow-up, and its standard deviation.
    """

    nodes: tuple[float, ...] = (0.05, 0.15, 0.25, 0.4, 0.7, 1.0, 1.5, 2.2, 3.5, 6.0)
    shape: tuple[float, ...] = (-1.9, -0.95, -0.65, -0.45, -0.25, -0.08, -0.2, -0.35, -0.7, -1.1)
    level: float = 0.3
    wiggle: float = 0.4
    wiggle_length: float = 0.6
    early: float = 0.6
    early_length: float = 0.25
    censor_nodes: tuple[float, ...] = (0.05, 0.3, 0.5, 0.75, 0.95)
    censor_shape: tuple[float, ...] = (-0.8, -0.5, 0.1, 0.9, 1.9)
    censor_level: float = 0.8
    censor_wiggle: float = 0.7
    censor_length: float = 0.3
    left_log: float = 0.4
    left_sd: float = 0.7

    def event(self, time: Floats, scale: float, level: float | None = None) -> tuple[Floats, Floats]:
        """Mean (bins,) and covariance (bins, bins) of the log hazard of an event at `time`; `scale` is the median or a guess of it."""
        u = np.maximum(time / scale, 1e-4)
        x = np.log(u)
        mean = np.interp(x, np.log(self.nodes), self.shape) - np.log(scale)
        damp = np.exp(-u / self.early_length)
        distance = x[:, None] - x[None, :]
        cov = (self.level if level is None else level) ** 2
        cov = cov + self.wiggle**2 * np.exp(-0.5 * (distance / self.wiggle_length) ** 2)
        cov = cov + self.early**2 * damp[:, None] * damp[None, :]
        return mean, cov

    def censoring(self, time: Floats, end: float) -> tuple[Floats, Floats]:
        """Mean and covariance of the log hazard of censoring at `time`; `end` is the longest follow-up."""
        v = time / end
        mean = np.interp(v, self.censor_nodes, self.censor_shape) - np.log(end)
        distance = v[:, None] - v[None, :]
        return mean, self.censor_level**2 + self.censor_wiggle**2 * np.exp(-0.5 * (distance / self.censor_length) ** 2)


PRIOR = HazardPrior()
