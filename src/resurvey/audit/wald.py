"""Relations between a ratio, its interval and its p value on the log scale, for arrays of printed intervals."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Floats = NDArray[np.float64]
SLACK = 1e-9
# A log-rank z may differ from the Wald z by this much beyond the systematic difference (see `score_factor`), because
# of tied times, strata and covariates.
Z_WINDOW = 0.1


@dataclass(frozen=True)
class Box:
    """Printed values and the ranges they may stand for: `low` to `high` by rounding to nearest, `unit` the last digit.

    `widened()` also admits truncation and rounding up.
    """

    value: Floats
    low: Floats
    high: Floats

    @classmethod
    def of(cls, frame: pd.DataFrame, column: str) -> Box:
        """Make a box from the columns `c`, `c_min`, `c_max` of a typed table."""
        return cls(*(frame[f"{column}{end}"].to_numpy(float) for end in ("", "_min", "_max")))

    def widened(self) -> Box:
        """Widen by one unit of the last digit either way, where the printed value is a plain number."""
        finite = np.isfinite(self.low) & np.isfinite(self.high)
        with np.errstate(invalid="ignore"):
            half = np.where(finite, (self.high - self.low) / 2, 0.0)
        return Box(self.value, self.low - half, self.high + half)


def quantile(level: Floats) -> Floats:
    """Normal quantile of a two-sided confidence level in per cent; 95 where none is printed."""
    from scipy.special import ndtri

    return ndtri(0.5 + np.where(np.isnan(level), 95.0, level) / 200)


def _log(values: Floats) -> Floats:
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.log(np.maximum(values, 1e-12))


def centre(lower: Box, upper: Box) -> tuple[Floats, Floats]:
    """Range of the geometric mean sqrt(L U) of the limits of an interval."""
    low, high = (np.maximum(first, 0) * np.maximum(second, 0) for first, second in _ends(lower, upper))
    return np.sqrt(low), np.sqrt(high)


def _ends(lower: Box, upper: Box) -> tuple[tuple[Floats, Floats], tuple[Floats, Floats]]:
    return (lower.low, upper.low), (lower.high, upper.high)


def standard_error(lower: Box, upper: Box, z: Floats) -> tuple[Floats, Floats]:
    """Range of the standard error of the log ratio, (ln U - ln L) / 2z."""
    least = (_log(upper.low) - _log(lower.high)) / (2 * z)
    return np.maximum(least, 1e-12), np.maximum((_log(upper.high) - _log(lower.low)) / (2 * z), 1e-12)


def z_range(value: Box, se: tuple[Floats, Floats]) -> tuple[Floats, Floats]:
    """Range of |ln ratio| / se."""
    low, high = _log(value.low), _log(value.high)
    least = np.where(low * high <= 0, 0.0, np.minimum(np.abs(low), np.abs(high)))
    return least / se[1], np.maximum(np.abs(low), np.abs(high)) / se[0]


def p_range(z: tuple[Floats, Floats], sides: int = 2) -> tuple[Floats, Floats]:
    """Range of the p value for a range of |z|."""
    from scipy.special import ndtr

    return sides * ndtr(-z[1]), sides * ndtr(-z[0])


def z_of_p(p: Floats, sides: int = 2) -> Floats:
    """|z| of a p value."""
    from scipy.special import ndtri

    return -ndtri(np.clip(p, 1e-300, 1.0) / sides)


def score_factor(value: Floats) -> Floats:
    """Log-rank z over Wald z for a hazard ratio h with equal arms, at most 1: 2 (1 - h) / ((1 + h) |ln h|)."""
    log = np.abs(_log(value))
    with np.errstate(invalid="ignore", divide="ignore"):
        factor = 2 * np.abs(1 - value) / ((1 + value) * log)
    return np.where(log < 1e-6, 1.0, np.clip(factor, 0.0, 1.0))


def meets(first: tuple[Floats, Floats], low: Floats, high: Floats) -> NDArray[np.bool_]:
    """Whether the range `first` and low..high share a value."""
    return (first[0] <= high + SLACK) & (low <= first[1] + SLACK)
