"""Classify columns by their values (a counter, a time with a survival, group labels) if headings do not help."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

#: Smallest absolute rank correlation at which a column counts as falling (or rising) with another.
CLEAR = 0.5
#: Range of the points of a flat curve, as a share of the scale.
FLAT = 0.05


@dataclass(frozen=True)
class Shape:
    """What a pair of columns looks like: survival or incidence, on a scale of 1 or 100."""

    kind: str
    scale: int


def is_counter(values: Floats) -> bool:
    """Whether a column counts its rows: whole numbers, each one more than the last."""
    return values.size >= 3 and bool(np.isfinite(values).all() and (np.diff(values) == 1).all() and values[0] % 1 == 0)


def is_group(values: Floats) -> bool:
    """Whether a column labels groups by number: few whole numbers, each in one run of rows."""
    if values.size < 4 or not np.isfinite(values).all() or (values % 1 != 0).any():
        return False
    runs = 1 + int(np.count_nonzero(np.diff(values)))
    return runs == np.unique(values).size and 2 <= runs <= values.size // 2


def shape(time: Floats, survival: Floats) -> Shape | None:
    """What kind of curve two columns look like; None if they do not look like one."""
    whole = np.isfinite(time) & np.isfinite(survival)
    t, s = time[whole], survival[whole]
    if t.size == 0 or t.max() <= 0 or t.min() < -0.03 * t.max() or np.abs(t).max() > 1e6:
        return None
    scale = 1 if s.max() <= 1.1 else 100
    if s.max() > 110 or s.min() < -0.1 * scale:
        return None
    if t.size > 2 and _rank_correlation(np.arange(t.size, dtype=float), t) < 0:
        return None
    order = np.lexsort((-s, t))
    t, s = t[order], s[order]
    start = float(np.median(s[: max(s.size // 10, 1)]))
    falling = t.size < 3 or np.ptp(s) <= FLAT * scale or _rank_correlation(t, s) <= -CLEAR
    if start >= 0.5 * scale and falling:
        return Shape("survival", scale)
    if start <= 0.2 * scale and t.size >= 3 and _rank_correlation(t, s) >= CLEAR:
        return Shape("incidence", scale)
    return None


def _rank_correlation(x: Floats, y: Floats) -> float:
    """Spearman's rank correlation; 0 if one of the variables is constant."""
    if np.ptp(x) == 0 or np.ptp(y) == 0:
        return 0.0
    return float(np.corrcoef(_ranks(x), _ranks(y))[0, 1])


def _ranks(values: Floats) -> Floats:
    """Ranks from 1; tied values get their mean rank."""
    _, place, count = np.unique(values, return_inverse=True, return_counts=True)
    middle: Floats = np.cumsum(count) - (count - 1) / 2
    return middle[place]
