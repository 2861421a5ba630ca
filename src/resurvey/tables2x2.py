"""Tests of a contingency table, implemented for small arrays: Pearson, Yates, Fisher, likelihood ratio, trend."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from resurvey.errors import InputError

Floats = NDArray[np.float64]


def _table(counts: ArrayLike) -> Floats:
    table = np.asarray(counts, dtype=float)
    if table.ndim != 2 or min(table.shape) < 2:
        raise InputError(f"a contingency table needs at least two rows and two columns, found shape {table.shape}")
    if np.any(~np.isfinite(table)) or np.any(table < 0):
        raise InputError(f"counts must be finite and not negative, found {table[~(table >= 0)].ravel()[:1]}")
    return table


def _chi2(statistic: float, freedom: int) -> float:
    from scipy.special import chdtrc

    return float(chdtrc(freedom, statistic))


def _expected(table: Floats) -> Floats:
    return np.outer(table.sum(axis=1), table.sum(axis=0)) / table.sum()


def _freedom(table: Floats) -> int:
    return (table.shape[0] - 1) * (table.shape[1] - 1)


def _is_testable(table: Floats) -> bool:
    return bool((table.sum(axis=0) > 0).all() and (table.sum(axis=1) > 0).all())


def pearson(table: Floats) -> float:
    """Pearson's chi-square: sum (O - E)^2 / E."""
    expected = _expected(table)
    return _chi2(float(((table - expected) ** 2 / expected).sum()), _freedom(table))


def yates(table: Floats) -> float:
    """Chi-square with continuity correction (2 by 2): sum (|O - E| - 1/2)^2 / E, never below 0."""
    expected = _expected(table)
    gap = np.maximum(0, np.abs(table - expected) - 0.5)
    return _chi2(float((gap**2 / expected).sum()), 1)


def likelihood_ratio(table: Floats) -> float:
    """Likelihood-ratio chi-square: 2 sum O ln(O / E)."""
    expected = _expected(table)
    with np.errstate(divide="ignore", invalid="ignore"):
        terms = np.where(table > 0, table * np.log(table / expected), 0.0)
    return _chi2(float(max(0.0, 2 * terms.sum())), _freedom(table))


def n_minus_one(table: Floats) -> float:
    """Pearson's chi-square times (N - 1) / N (Campbell 2007; linear-by-linear for 2 by 2 in SPSS)."""
    expected, size = _expected(table), table.sum()
    return _chi2(float(((table - expected) ** 2 / expected).sum() * (size - 1) / size), _freedom(table))


def unpooled(table: Floats) -> float:
    """z test of two proportions with separate variances (2 by 2, columns are groups)."""
    from scipy.special import ndtr

    n = table.sum(axis=0)
    p = table[0] / n
    variance = (p * (1 - p) / n).sum()
    return float(2 * ndtr(-abs(p[0] - p[1]) / np.sqrt(variance))) if variance > 0 else float("nan")


def trend(table: Floats) -> float:
    """Linear-by-linear association with scores 1, 2, ... : (N - 1) r^2 (Mantel 1963)."""
    a, b = np.arange(table.shape[0], dtype=float), np.arange(table.shape[1], dtype=float)
    size = table.sum()
    u, v = a - (table.sum(axis=1) @ a) / size, b - (table.sum(axis=0) @ b) / size
    spread = (table.sum(axis=1) @ u**2) * (table.sum(axis=0) @ v**2)
    return _chi2(float((size - 1) * (u @ table @ v) ** 2 / spread), 1) if spread > 0 else float("nan")


def _hypergeometric(table: Floats) -> tuple[Floats, int]:
    """Probabilities of all tables with these margins, and the index of this one (2 by 2)."""
    from scipy.special import gammaln

    (a, _), row, column = table[0], table.sum(axis=1), table.sum(axis=0)
    size, first = table.sum(), column[0]
    least, most = int(max(0, row[0] + first - size)), int(min(row[0], first))
    x = np.arange(least, most + 1, dtype=float)

    def choose(n: float | Floats, k: float | Floats) -> Floats:
        return gammaln(np.add(n, 1)) - gammaln(np.add(k, 1)) - gammaln(np.subtract(n, k) + 1)

    log = choose(row[0], x) + choose(row[1], first - x) - choose(size, first)
    return np.exp(log), int(a) - least


def fisher(table: Floats) -> float:
    """Fisher's exact test, two-sided: total probability of all tables no more likely than this one (2 by 2)."""
    chance, here = _hypergeometric(table)
    return float(min(1.0, chance[chance <= chance[here] * (1 + 1e-7)].sum()))


def fisher_mid_p(table: Floats) -> float:
    """Fisher's exact test with half the probability of the tables exactly as likely as this one (2 by 2)."""
    chance, here = _hypergeometric(table)
    same = np.isclose(chance, chance[here], rtol=1e-7)
    return float(min(1.0, chance[(chance < chance[here]) & ~same].sum() + chance[same].sum() / 2))


TWO_BY_TWO = {
    "Pearson chi-square": pearson,
    "Fisher exact": fisher,
    "Yates chi-square": yates,
    "likelihood-ratio chi-square": likelihood_ratio,
    "N-1 chi-square": n_minus_one,
    "unpooled z": unpooled,
    "Fisher mid-P": fisher_mid_p,
}
LARGER = {"Pearson chi-square": pearson, "likelihood-ratio chi-square": likelihood_ratio, "trend": trend}


def p_values(counts: ArrayLike) -> dict[str, float]:
    """p values of all tests applicable to the shape of the table, by name of the test.

    Parameters
    ----------
    counts : (categories, groups) array_like

    Returns
    -------
    dict
        Empty if a margin is zero, since no test is then defined.

    Raises
    ------
    InputError
        If there are fewer than two rows or columns, or a count is negative or not finite.

    References
    ----------
    .. [1] Agresti, A. (2013). Categorical Data Analysis, 3rd ed., sections 3.2 and 3.5.
    """
    table = _table(counts)
    if not _is_testable(table):
        return {}
    tests = TWO_BY_TWO if table.shape == (2, 2) else LARGER
    return {name: test(table) for name, test in tests.items()}
