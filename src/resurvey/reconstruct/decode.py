"""Numbers at risk read off an exact curve: a fall of S by the factor 1 - d / N names d and N.

Where no patient is censored between two points, the ratio of their survivals is the fraction (N - d) / N of whole
numbers, and enough digits leave only one such fraction with N no larger than what is left of the arm. Coordinates
taken from a vector figure carry those digits; clicks do not, and are left to the other sources.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from resurvey.reconstruct.monotone import Floats, MonotoneCurve
from resurvey.reconstruct.place import RiskTable

MOST_DEATHS = 60
#: Factors that bring one to eleven decimals before the point.
TENS = np.array([[10.0**decimals] for decimals in range(1, 12)])
#: A fraction counts as found when a chance one within its error is rarer than this.
CHANCE = 0.02


def digits_error(survival: Floats) -> float:
    """Half a unit of the last digit the survivals were given with (at least 5e-13)."""
    rounded = np.rint(survival * TENS) / TENS
    met = np.flatnonzero((np.abs(survival - rounded) < 1e-13).all(axis=1))
    return 0.5 * 10.0 ** -(int(met[0]) + 1) if met.size else 5e-13


def exact_rows(curve: MonotoneCurve, table: RiskTable, n: int) -> RiskTable:
    """The table with a row just before each fall of an exact curve whose number at risk its digits tell."""
    if not curve.exact:
        return table
    level = np.concatenate(([1.0], 1.0 - np.cumsum(curve.drops)))
    falls = np.flatnonzero((curve.drops > 1e-9) & (level[1:] > 1e-9))
    if falls.size == 0:
        return table
    error = digits_error(level)
    start, count = _fractions(level[falls], level[falls + 1], error, n)
    when = curve.shoulder(curve.drop_times[falls])
    row = np.searchsorted(table.time, when, side="right")
    low, high = np.append(table.count, 0.0)[row], table.count[np.maximum(row - 1, 0)]
    start, count = _only_multiple(start, count, low, np.minimum(high, np.floor(n * level[falls] * (1 + 1e-9))))
    found = count > 0
    return _merge(table, when[found], start[found], count[found])


def _fractions(before: Floats, after: Floats, error: float, n: int) -> tuple[Floats, NDArray[np.int64]]:
    """Patients at risk and deaths of each fall; deaths 0 where no fraction, or more than one, fits the digits."""
    deaths = np.arange(1, MOST_DEATHS + 1)
    share = (before - after) / before
    doubt = 2 * error / before
    at_risk = np.round(deaths[None, :] / share[:, None])
    fits = np.abs(deaths[None, :] / at_risk - share[:, None]) <= doubt[:, None]
    # a fraction with the numerator d is met by chance when its neighbours d / (N + 1) are as close as the error
    sure = 2 * doubt[:, None] * at_risk**2 / deaths[None, :] < CHANCE / deaths[None, :]
    good = fits & sure & (at_risk <= n) & (at_risk >= deaths)
    first = np.argmax(good, axis=1)
    rows = np.arange(before.size)
    count = np.where(good.any(axis=1), deaths[first], 0)
    return np.where(count > 0, at_risk[rows, first], 0.0), count


def _only_multiple(
    start: Floats, count: NDArray[np.int64], low: Floats, high: Floats
) -> tuple[Floats, NDArray[np.int64]]:
    """Undo what cancelled (2 of 200 reads as 1 of 100) where just one multiple lies between what bounds it.

    `low` and `high` (falls,) bound the number at risk; what is at risk later, and what was left before, do so too. A
    fall with several multiples in reach is dropped: the rest of the reconstruction places it.
    """
    base, unit = start.copy(), count.copy()
    seen = count > 0
    times = np.where(seen, 1, 0)
    for _ in range(3):
        later = np.append(np.maximum.accumulate((base * times)[::-1])[::-1][1:], 0.0)
        floor = np.maximum(low, later)
        sure = seen & (times == 1) & (2 * base > high)
        left = np.where(sure, base - unit, np.inf)
        high = np.minimum(high, np.minimum.accumulate(np.concatenate(([np.inf], left)))[:-1])
        least = np.ceil(np.where(seen, floor / np.where(seen, base, 1), 0))
        times = np.where(seen, np.maximum(least, 1), 0)
    most = np.floor(np.where(seen, high / np.where(seen, base, 1), 0))
    single = seen & (most == times)
    return np.where(single, base * times, 0.0), np.where(single, unit * times, 0).astype(np.int64)


def _merge(table: RiskTable, when: Floats, start: Floats, count: NDArray[np.int64]) -> RiskTable:
    """Rows of both, without decoded rows that the printed ones or one another forbid."""
    row = np.searchsorted(table.time, when, side="right")
    low, high = np.append(table.count, 0.0)[row], table.count[np.maximum(row - 1, 0)]
    fits = (start >= low) & (start <= high) & (when > 0) & ~np.isin(when, table.time)
    when, start, count = when[fits], start[fits], count[fits]
    # those left after one fall bound the next one
    ceiling = np.minimum.accumulate(np.concatenate(([np.inf], start - count)))[:-1]
    fits = start <= ceiling
    time, counts = np.concatenate((table.time, when[fits])), np.concatenate((table.count, start[fits]))
    order = np.argsort(time, kind="stable")
    counts = np.minimum.accumulate(counts[order])
    return RiskTable(time[order], counts)
