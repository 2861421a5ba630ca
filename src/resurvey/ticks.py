"""Round time points for axes and tables of patients at risk."""

from __future__ import annotations

# Steps in months, as usual in trials.
STEPS = (0.5, 1, 2, 3, 6, 12, 24, 36, 60, 120, 240, 600)


def time_ticks(last: float, most: int = 9) -> list[float]:
    """Round time points from 0 to `last`: multiples of 1, 2, 3, 6, 12, 24 ... months, at most `most` of them."""
    for step in STEPS:
        if last / step <= most - 1:
            return [step * i for i in range(int(last / step + 1e-9) + 1)]
    return [0.0, last]
