"""Points clicked just before each drop of a curve instead of at its foot, detected from the numbers at risk."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from resurvey.reconstruct.curve_input import Points
from resurvey.reconstruct.placement import RiskTable

Floats = NDArray[np.float64]

#: Rows that must indicate clicks before the drops, with none indicating the opposite, for the points to be moved.
LEAST_ROWS = 2
#: A row is informative only if the two readings differ by this many patients and this many times its tolerance.
APART_PATIENTS, APART = 1.0, 2.0
#: Largest number of decimals that is recognised in typed survivals.
MOST_DIGITS = 5
#: With a larger share of points at the level of the previous one, the flat parts were clicked too, not only the drops.
FLAT_PARTS = 0.2


@dataclass(frozen=True)
class Evidence:
    """What the points and the numbers at risk say about where the clicks are.

    Attributes
    ----------
    before : int
        Rows that equal, within rounding, n S of the next point only, up to the first row that equals neither.
    after : int
        Rows that equal n S of the previous point only: the points are at the foot of the drops.
    shape : bool
        Whether the points look like one click per drop, the first of them at the level 1.
    """

    before: int
    after: int
    shape: bool

    @property
    def decided(self) -> bool:
        """Whether the points are before the drops."""
        return self.shape and self.before >= LEAST_ROWS and self.after == 0


def evidence(points: Points, table: RiskTable) -> Evidence:
    r"""Count the rows of the table that equal n S of the previous point or of the next one.

    While nobody is censored, N(t) = n S(t-) is a whole number of patients. If the clicks are at the foot of the drops,
    S(t-) is the level of the last point before t; if they are just before the drops, it is the level of the next one.
    """
    t, s, n = points.time, points.survival, float(table.count[0])
    rows = (table.time > 0) & (table.time < t[-1])
    place = np.searchsorted(t, table.time[rows], side="left")
    last = np.where(place > 0, s[np.maximum(place - 1, 0)], 1.0)
    following = s[np.minimum(place, t.size - 1)]
    tolerance = n * half_unit(s) + 1e-6
    counts = table.count[rows]
    off_last, off_next = np.abs(n * last - counts), np.abs(n * following - counts)
    tells = n * (last - following) > np.maximum(APART_PATIENTS - tolerance, APART * tolerance)
    before = tells & (off_next <= tolerance) & (off_last > tolerance)
    after = tells & (off_last <= tolerance) & (off_next > tolerance)
    neither = np.flatnonzero(tells & ~before & ~after)
    # after the first censoring, no row equals n S
    uncensored = slice(0, neither[0] if neither.size else tells.size)
    return Evidence(int(before[uncensored].sum()), int(after.sum()), _one_click_a_drop(points, n))


def _one_click_a_drop(points: Points, n: float) -> bool:
    """Whether the first click after time 0 is at the level 1 and few clicks are at the level of the previous one."""
    later = points.survival[points.time > 0.002 * points.time[-1]]
    if later.size < 3:
        return False
    flat = float(np.mean(later[:-1] - later[1:] < 0.5 / n))
    return bool(later[0] > 1 - 0.25 / n and flat <= FLAT_PARTS)


def half_unit(survival: Floats) -> float:
    """Half a unit of the last typed digit of the survivals."""
    for digits in range(1, MOST_DIGITS):
        if (np.abs(survival - np.round(survival, digits)) < 1e-9).all():
            return 0.5 * 10.0**-digits
    return 0.5 * 10.0**-MOST_DIGITS


def at_the_foot(points: Points, table: RiskTable, repairs: list[str]) -> Points:
    """The points, with the foot of each drop added if the numbers at risk show that they are before the drops.

    The curve is taken to fall at each point to the level of the next one; after the last point it is unknown.
    """
    if table.time.size < 2 or points.time.size < 3:
        return points
    found = evidence(points, table)
    if not found.decided:
        if found.shape and found.before and not found.after:
            repairs.append(
                "the points may have been clicked just before each drop (a number at risk equals n S of the next "
                "point, none that of the last): one is too few to tell, and they were taken as they stand"
            )
        return points
    repairs.append(
        f"the points were clicked just before each drop: {found.before} numbers at risk equal n S of the next point to "
        f"the digit and {found.after} that of the last; the curve was taken to fall at each point to the level of the "
        "next one. Click the foot of the drops to avoid this"
    )
    t, s = points.time, points.survival
    time = np.concatenate((t, t[:-1]))
    survival = np.concatenate((s, np.minimum(s[1:], s[:-1])))
    order = np.lexsort((-survival, time))
    return replace(points, time=time[order], survival=survival[order])
