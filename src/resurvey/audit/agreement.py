"""Whether two printed versions of a quantity can be the same value: equal, equal up to the last digit, or neither."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from resurvey.audit.verdicts import CONFLICT, REPRODUCED, ROUNDING

SLACK = 1e-9
Floats = NDArray[np.float64]


def agreement(low: Floats, high: Floats, other_low: Floats, other_high: Floats) -> NDArray[np.object_]:
    """Give a verdict on pairs of printed numbers.

    Parameters
    ----------
    low, high, other_low, other_high : (k,) ndarray
        Range of values each printed number may stand for: half a unit of its last digit either way, the number itself
        for a count, an open end for a bound.

    Returns
    -------
    ndarray of object (str), shape (k,)
        `reproduced` when some value prints as both under rounding to nearest; `rounding` when the printed numbers
        differ only in the last digit, or when the coarser one was truncated or rounded up; `conflict` otherwise.

    Notes
    -----
    Rounding intervals are half open: 0.73 stands for 0.725 up to but not including 0.735, so 0.73 and 0.74 share no
    value and two numbers of the same precision agree only when they are equal. Counts are exact: 425 is not 426.
    """
    slack = SLACK * np.maximum(1.0, _largest(low, high, other_low, other_high))
    equal = _same(low, other_low, slack) & _same(high, other_high, slack)
    meet = (low < other_high - slack) & (other_low < high - slack)
    with np.errstate(invalid="ignore"):
        gap = np.maximum(low - other_high, other_low - high)
    near = gap < np.maximum(_half(low, high), _half(other_low, other_high)) - slack
    return np.select([equal | meet, near], [REPRODUCED, ROUNDING], default=CONFLICT).astype(object)


def agree(low: float, high: float, other_low: float, other_high: float) -> str:
    """`agreement` of one pair."""
    ends = (np.array([end], dtype=float) for end in (low, high, other_low, other_high))
    return str(agreement(*ends)[0])


def last_digit(low: Floats, high: Floats, other_low: Floats, other_high: Floats) -> NDArray[np.bool_]:
    """Whether two printed numbers have the same precision; if so, a difference is an error, not rounding."""
    width, other = _half(low, high), _half(other_low, other_high)
    return (width > 0) & (np.abs(width - other) <= 1e-6 * width)


def _same(first: Floats, second: Floats, slack: Floats) -> NDArray[np.bool_]:
    with np.errstate(invalid="ignore"):
        return (first == second) | (np.abs(first - second) <= slack)


def _half(low: Floats, high: Floats) -> Floats:
    """Half a unit of the last digit; 0 for a bound."""
    with np.errstate(invalid="ignore"):
        width = high - low
    return np.where(np.isfinite(width), width / 2, 0.0)


def _largest(*ends: Floats) -> Floats:
    return np.max([np.where(np.isfinite(end), np.abs(end), 0.0) for end in ends], axis=0)
