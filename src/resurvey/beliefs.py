"""Distributions of what is believed of a share or of a ratio."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.special import betaincinv, ndtri

from resurvey.errors import InputError

Floats = NDArray[np.float64]
Shape = Literal["uniform", "triangular", "trapezoidal", "beta", "log-normal"]
#: How many numbers each shape has, and what they are.
NUMBERS = {
    "uniform": ("low", "high"),
    "triangular": ("low", "mode", "high"),
    "trapezoidal": ("low", "lower mode", "upper mode", "high"),
    "beta": ("a", "b"),
    "log-normal": ("2.5 % limit", "97.5 % limit"),
}
Z = float(ndtri(0.975))


@dataclass(frozen=True)
class Belief:
    """A distribution of a share or of a ratio.

    Attributes
    ----------
    shape : {"uniform", "triangular", "trapezoidal", "beta", "log-normal"}
    numbers : tuple of float
        As `NUMBERS` names them.

    Raises
    ------
    InputError
        If the shape is unknown, or the numbers are not as many or not in order.
    """

    shape: Shape
    numbers: tuple[float, ...]

    def __post_init__(self) -> None:
        if self.shape not in NUMBERS:
            raise InputError(f"shape must be one of {', '.join(NUMBERS)}, found {self.shape!r}")
        wanted = NUMBERS[self.shape]
        if len(self.numbers) != len(wanted) or not np.all(np.isfinite(self.numbers)):
            raise InputError(f"{self.shape} has {', '.join(wanted)}; found {self.numbers}")
        if self.shape == "beta":
            good = min(self.numbers) > 0
        else:
            good = bool(np.all(np.diff(self.numbers) >= 0)) and self.numbers[0] < self.numbers[-1]
            good &= self.shape != "log-normal" or self.numbers[0] > 0
        if not good:
            raise InputError(f"{self.shape}: {', '.join(wanted)} must rise (of beta and log-normal be above 0), found "
                             f"{self.numbers}")  # fmt: skip

    def draws(self, uniform: Floats) -> Floats:
        """Quantiles at uniform numbers."""
        if self.shape == "beta":
            made: Floats = betaincinv(*self.numbers, uniform)
            return made
        if self.shape == "log-normal":
            low, high = np.log(self.numbers)
            return np.exp((low + high) / 2 + (high - low) / (2 * Z) * ndtri(uniform))
        low, high = self.numbers[0], self.numbers[-1]
        middle = self.numbers[1:-1] or (low, high)
        return _trapezoid(uniform, low, middle[0], middle[-1], high)

    @property
    def range(self) -> tuple[float, float]:
        """Least and greatest value that it can take."""
        if self.shape == "beta":
            return 0.0, 1.0
        return (0.0, np.inf) if self.shape == "log-normal" else (self.numbers[0], self.numbers[-1])


def _trapezoid(u: Floats, a: float, b: float, c: float, d: float) -> Floats:
    """Quantiles of the trapezoidal distribution, of which uniform and triangular are limits."""
    height = 2 / (d + c - a - b)
    rise, flat = height * (b - a) / 2, height * (c - b)
    up = a + np.sqrt(np.maximum(u, 0) * 2 * (b - a) / height)
    level = b + (u - rise) / height
    down = d - np.sqrt(np.maximum(1 - u, 0) * 2 * (d - c) / height)
    return np.where(u < rise, up, np.where(u <= rise + flat, level, down))
