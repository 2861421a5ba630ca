"""Prior distributions for a proportion or a ratio."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from resurvey.arrays import unmasked
from resurvey.errors import InputError

Shape = Literal["uniform", "triangular", "trapezoidal", "beta", "log-normal"]
#: The parameters of each shape.
NUMBERS = {
    "uniform": ("low", "high"),
    "triangular": ("low", "mode", "high"),
    "trapezoidal": ("low", "lower mode", "upper mode", "high"),
    "beta": ("a", "b"),
    "log-normal": ("2.5 % limit", "97.5 % limit"),
}


@dataclass(frozen=True)
class Belief:
    """A prior distribution for a proportion or a ratio.

    Attributes
    ----------
    shape : {"uniform", "triangular", "trapezoidal", "beta", "log-normal"}
    numbers : tuple of float
        Parameters of the distribution, as named in `NUMBERS`.

    Raises
    ------
    InputError
        If the shape is unknown, or the numbers are too few, too many or not in order.
    """

    shape: Shape
    numbers: tuple[float, ...]

    def __post_init__(self) -> None:
        if self.shape not in NUMBERS:
            raise InputError(f"shape must be one of {', '.join(NUMBERS)}, found {self.shape!r}")
        unmasked(self.numbers, "numbers")
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

    @property
    def range(self) -> tuple[float, float]:
        """Smallest and largest possible value."""
        if self.shape == "beta":
            return 0.0, 1.0
        return (0.0, np.inf) if self.shape == "log-normal" else (self.numbers[0], self.numbers[-1])
