"""Rounding of numbers for display that preserves the side of no effect on which they lie."""

from __future__ import annotations

from math import isfinite


def distinct_from_null(value: float, *, null: float = 1.0, digits: int = 2, most: int = 5) -> str:
    """Format a value with a number of decimals, or more if it would otherwise look equal to the null value.

    0.995 with a null value of 1 is `0.995`, not `1.00`.
    """
    if not isfinite(value):
        return "NE"
    for places in range(digits, most + 1):
        text = f"{value:.{places}f}"
        if float(text) != null or value == null:
            return text
    return f"{value:.{digits}f}"
