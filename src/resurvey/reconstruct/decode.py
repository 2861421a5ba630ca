"""Numbers at risk read off an exact curve: a fall of S by the factor 1 - d / N names d and N.

Where no patient is censored between two points, the ratio of their survivals is the fraction (N - d) / N of whole
numbers, and enough digits leave only one such fraction with N no larger than what is left of the arm. Coordinates
taken from a vector figure carry those digits; clicks do not, and are left to the other sources.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from resurvey.reconstruct.monotone import Floats, MonotoneCurve
from resurvey.reconstruct.placement import RiskTable

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
    falls, start, count = falls[count > 0], start[count > 0], count[count > 0]
    when = curve.shoulder(curve.drop_times[falls])
    low, high, _ = _neighbours(table, when)
    times = _only_multiple(start, count, low, np.minimum(high, np.floor(n * level[falls] * (1 + 1e-9))))
    found = times > 0
    return _merge(table, when[found], (start * times)[found], (count * times)[found])


def _neighbours(table: RiskTable, when: Floats) -> tuple[Floats, Floats, Floats]:
    """Number at risk in the next and in the last row of the table at given times, and the time of that last row."""
    row = table.time.searchsorted(when, side="right")
    last = np.maximum(row - 1, 0)
    return np.concatenate((table.count, [0.0]))[row], table.count[last], table.time[last]


def _fractions(before: Floats, after: Floats, error: float, n: int) -> tuple[Floats, NDArray[np.int64]]:
    """Patients at risk and deaths of each fall; deaths 0 where no fraction, or more than one, fits the digits."""
    share = ((before - after) / before)[:, None]
    doubt = (2 * error / before)[:, None]
    # a fraction d / N is met by chance when its neighbours d / (N + 1) are as close as the error
    most = np.minimum(n, np.sqrt(CHANCE / (2 * doubt)))
    deaths = np.arange(1, min(MOST_DEATHS, max(int(((most + 1) * share).max()), 1)) + 1)
    at_risk = np.rint(deaths / share)
    good = (np.abs(deaths / at_risk - share) <= doubt) & (at_risk <= most)
    first = good.argmax(axis=1)
    count = np.where(good.any(axis=1), deaths[first], 0)
    return at_risk[np.arange(before.size), first], count


def _only_multiple(base: Floats, unit: NDArray[np.int64], low: Floats, high: Floats) -> NDArray[np.int64]:
    """How often what cancelled (2 of 200 reads as 1 of 100) is to be undone, where just one multiple is in reach.

    `base` and `unit` (falls,) are patients at risk and deaths of each fall; `low` and `high` bound the number at risk;
    what is at risk later, and what was left before, do so too. A fall with several multiples in reach gets 0: the rest
    of the reconstruction places it.
    """
    times = np.ones(base.size)
    for _ in range(3):
        later = np.maximum.accumulate((base * times)[::-1])[::-1]
        floor = np.maximum(low, np.concatenate((later[1:], [0.0])))
        left = np.where((times == 1) & (2 * base > high), base - unit, np.inf)
        high = np.minimum(high, np.minimum.accumulate(np.concatenate(([np.inf], left)))[:-1])
        times = np.maximum(np.ceil(floor / base), 1)
    return np.where(np.floor(high / base) == times, times, 0).astype(np.int64)


def _merge(table: RiskTable, when: Floats, start: Floats, count: NDArray[np.int64]) -> RiskTable:
    """Rows of both, without decoded rows that the printed ones or one another forbid."""
    low, high, last = _neighbours(table, when)
    fits = (start >= low) & (start <= high) & (when > last)
    when, start, count = when[fits], start[fits], count[fits]
    # those left after one fall bound the next one
    ceiling = np.minimum.accumulate(np.concatenate(([np.inf], start - count)))[:-1]
    fits = start <= ceiling
    time, counts = np.concatenate((table.time, when[fits])), np.concatenate((table.count, start[fits]))
    order = np.argsort(time, kind="stable")
    counts = np.minimum.accumulate(counts[order])
    return RiskTable(time[order], counts)
