"""Numbers at risk derived from an exact curve: a fall of S by the factor 1 - d / N identifies d and N.

If no patient is censored between two points, the ratio of their survivals is the fraction (N - d) / N of whole
numbers. With enough digits, only one such fraction fits with N no larger than the number of patients left.
Coordinates taken from a vector figure have enough digits; clicked points do not, and rely on the other sources.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from resurvey.reconstruct.monotone import Floats, MonotoneCurve
from resurvey.reconstruct.placement import RiskTable

MOST_DEATHS = 60
#: Factors that turn one to eleven decimals into whole numbers.
TENS = np.array([[10.0**decimals] for decimals in range(1, 12)])
#: A fraction is accepted if the probability that one fits by chance is below this.
CHANCE = 0.02


def digits_error(survival: Floats) -> float:
    """Half a unit of the last given digit of the survivals (at least 5e-13)."""
    rounded = np.rint(survival * TENS) / TENS
    met = np.flatnonzero((np.abs(survival - rounded) < 1e-13).all(axis=1))
    return 0.5 * 10.0 ** -(int(met[0]) + 1) if met.size else 5e-13


def exact_rows(curve: MonotoneCurve, table: RiskTable, n: int) -> RiskTable:
    """The table with a row added just before each fall of an exact curve whose digits identify the number at risk."""
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
    """Number at risk in the next and in the latest row of the table at given times, and the time of the latest row."""
    row = table.time.searchsorted(when, side="right")
    last = np.maximum(row - 1, 0)
    return np.concatenate((table.count, [0.0]))[row], table.count[last], table.time[last]


def _fractions(before: Floats, after: Floats, error: float, n: int) -> tuple[Floats, NDArray[np.int64]]:
    """Patients at risk and deaths at each fall, in lowest terms; deaths are 0 if no fraction fits the digits."""
    share = ((before - after) / before)[:, None]
    doubt = (2 * error / before)[:, None]
    # a fraction d / N may fit by chance if its neighbours d / (N + 1) are within the error
    most = np.minimum(n, np.sqrt(CHANCE / (2 * doubt)))
    deaths = np.arange(1, min(MOST_DEATHS, max(int(((most + 1) * share).max()), 1)) + 1)
    at_risk = np.rint(deaths / share)
    good = (np.abs(deaths / at_risk - share) <= doubt) & (at_risk <= most)
    first = good.argmax(axis=1)
    count = np.where(good.any(axis=1), deaths[first], 0)
    return at_risk[np.arange(before.size), first], count


def _only_multiple(base: Floats, unit: NDArray[np.int64], low: Floats, high: Floats) -> NDArray[np.int64]:
    """Factor by which a reduced fraction must be expanded (2 of 200 appears as 1 of 100), if only one is possible.

    `base` and `unit` (falls,) are patients at risk and deaths at each fall; `low` and `high` bound the number at risk,
    as do the numbers at risk at later falls and the numbers left after earlier ones. A fall with several possible
    multiples gets 0: the rest of the reconstruction places it.
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
    """Rows of both, without decoded rows that contradict the printed ones or one another."""
    low, high, last = _neighbours(table, when)
    fits = (start >= low) & (start <= high) & (when > last)
    when, start, count = when[fits], start[fits], count[fits]
    # the patients left after one fall bound the number at risk at the next
    ceiling = np.minimum.accumulate(np.concatenate(([np.inf], start - count)))[:-1]
    fits = start <= ceiling
    time, counts = np.concatenate((table.time, when[fits])), np.concatenate((table.count, start[fits]))
    order = np.argsort(time, kind="stable")
    counts = np.minimum.accumulate(counts[order])
    return RiskTable(time[order], counts)
