"""A number as text that does not hide on which side of no effect it lies."""

from __future__ import annotations

from math import isfinite


def distinct_from_null(value: float, *, null: float = 1.0, digits: int = 2, most: int = 5) -> str:
    """The value with so many decimals; with more where it would else be printed as the null it differs from.

    0.995 against a null of 1 is `0.995`, not `1.00`.
    """
    if not isfinite(value):
        return "NE"
    for places in range(digits, most + 1):
        text = f"{value:.{places}f}"
        if float(text) != null or value == null:
            return text
    return f"{value:.{digits}f}"
