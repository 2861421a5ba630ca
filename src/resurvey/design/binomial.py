"""Exact binomial designs for a proportion: one stage, and Simon's two stages."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from resurvey.design import arguments
from resurvey.errors import InputError, NotEstimable

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


def upper_tails(n: Ints, responses: Ints, p: float) -> Floats:
    """P(B(n, p) >= responses) for each pair, for 0 <= responses <= n + 1."""
    from scipy.special import bdtrc

    tail: Floats = bdtrc(np.maximum(responses - 1, 0), n, p)
    return np.where(responses == 0, 1.0, tail)


def upper_tail(n: int, responses: int, p: float) -> float:
    """P(B(n, p) >= responses)."""
    return float(upper_tails(np.array([n]), np.array([responses]), p)[0])


def quantiles(probability: float, n: int, p: Floats) -> Floats:
    """Smallest number of responses x with P(B(n, p) <= x) >= `probability`, for each p."""
    from scipy.special import bdtr

    below = np.asarray(bdtr(np.arange(n), n, p[:, None])) < probability
    return below.sum(axis=1).astype(float)


def binomial_criticals(n: Ints, p: float, alpha: float) -> Ints:
    """Smallest number of responses that rejects p at level alpha, for each n; n + 1 if none does.

    By vectorised bisection: the tail probability decreases with the number of responses.
    """
    keeps, rejects = np.zeros_like(n), n + 1  # P(B >= 0) = 1 never rejects, P(B >= n + 1) = 0 always does
    bound = alpha * (1 + 1e-12)
    while np.any(rejects - keeps > 1):
        middle = (keeps + rejects) // 2
        enough = upper_tails(n, middle, p) <= bound
        keeps, rejects = np.where(enough, keeps, middle), np.where(enough, np.minimum(middle, rejects), rejects)
    return rejects


def binomial_critical(n: int, p: float, alpha: float) -> int:
    """Smallest number of responses that rejects p at level alpha; n + 1 if none does."""
    return int(binomial_criticals(np.array([n]), p, alpha)[0])


def binomial_powers(n: Ints, null: float, alternative: float, alpha: float) -> Floats:
    """Power of the one-stage test for each size n, null < alternative."""
    return upper_tails(n, binomial_criticals(n, null, alpha), alternative)


@dataclass(frozen=True)
class BinomialDesign:
    """One-stage exact design: reject if at least `critical` of `patients` respond; `alpha` and `power` are exact."""

    null: float
    alternative: float
    patients: int
    critical: int
    alpha: float
    power: float


def check_proportions(null: float, alternative: float, alpha: float, power: float) -> None:
    """Check the proportions and error rates of a design.

    Raises
    ------
    InputError
        If one is not a proportion, or the alternative is not above the null.
    """
    arguments.proportion("null", null)
    arguments.proportion("alternative", alternative)
    arguments.errors_and_sides(alpha, power, 1)
    if alternative <= null:
        raise InputError(
            f"alternative ({alternative:g}) must be above null ({null:g}): count what is wanted, say responses"
        )


ONE_STAGE = ("ahern", "lasting")
KINDS = ("optimal", "minimax")


def binomial_one_stage(
    null: float, alternative: float, *, alpha: float, power: float, method: str = "ahern", largest: int = 2000
) -> BinomialDesign:
    """One-stage exact binomial design (one-sided).

    Parameters
    ----------
    null, alternative : float
        Response proportions, null < alternative.
    alpha, power : float
        One-sided level and power.
    method : {"ahern", "lasting"}
        The smallest n with this level and power, as in A'Hern's published tables; or the smallest n such that every
        larger n has them too (power is a saw-tooth function of n).
    largest : int
        Largest n considered.

    Raises
    ------
    InputError, NotEstimable
        If a proportion or error rate is out of range; if no n up to `largest` is enough.

    References
    ----------
    .. [1] A'Hern, R. P. (2001). Statistics in Medicine 20, 859-866.
    """
    check_proportions(null, alternative, alpha, power)
    arguments.choice("method", method, ONE_STAGE)
    enough = np.flatnonzero(binomial_powers(np.arange(1, largest + 1), null, alternative, alpha) >= power)
    if not enough.size:
        raise NotEstimable(f"no n up to {largest} has power {power:g} for {null:g} against {alternative:g}")
    first = int(enough[0]) + 1
    if method == "lasting":
        later = np.arange(first, 2 * first + 60)
        dips = later[binomial_powers(later, null, alternative, alpha) < power]
        first = int(dips[-1]) + 1 if dips.size else first
    critical = binomial_critical(first, null, alpha)
    return BinomialDesign(
        null, alternative, first, critical, upper_tail(first, critical, null), upper_tail(first, critical, alternative)
    )


@dataclass(frozen=True)
class SimonDesign:
    """Two-stage design: stop after `n1` if there are at most `r1` responses; reject the null with more than `r` of `n`.

    `expected_patients` and `early_stop` (a probability) are under the null; `alpha` and `power` are the actual ones.
    """

    kind: str
    r1: int
    n1: int
    r: int
    n: int
    expected_patients: float
    early_stop: float
    alpha: float
    power: float


def simon_designs(null: float, alternative: float, *, alpha: float, power: float, largest: int = 100) -> pd.DataFrame:
    """Best two-stage design (smallest expected sample size under the null) for each total n.

    Returns
    -------
    DataFrame
        r1, n1, r, n, expected_patients, early_stop, alpha, power; one row per feasible n, in order of n.

    References
    ----------
    .. [1] Simon, R. (1989). Controlled Clinical Trials 10, 1-10.
    """
    check_proportions(null, alternative, alpha, power)
    largest = arguments.whole("largest", largest, 2)
    rows = []
    # Two stages can use alpha more efficiently than one, so totals slightly below the one-stage n are included.
    for n in range(max(2, _one_stage(null, alternative, alpha, power, largest) * 3 // 4), largest + 1):
        best = _best_for_total(n, null, alternative, alpha, power)
        if best is not None:
            rows.append(best)
    columns = ["r1", "n1", "r", "n", "expected_patients", "early_stop", "alpha", "power"]
    return pd.DataFrame(rows, columns=columns)


def _one_stage(null: float, alternative: float, alpha: float, power: float, largest: int) -> int:
    enough = np.flatnonzero(binomial_powers(np.arange(2, largest + 1), null, alternative, alpha) >= power)
    if enough.size:
        return int(enough[0]) + 2
    raise NotEstimable(f"no n up to {largest} has power {power:g} for {null:g} against {alternative:g}: raise largest")


def _best_for_total(n: int, null: float, alternative: float, alpha: float, power: float) -> tuple | None:
    best: tuple | None = None
    for n1 in range(1, n):
        found = _best_for_stages(n1, n, null, alternative, alpha, power)
        if found is not None and (best is None or found[4] < best[4] - 1e-12):
            best = found
    return best


def _best_for_stages(n1: int, n: int, null: float, alternative: float, alpha: float, power: float) -> tuple | None:
    """For each r1 the smallest r that keeps alpha; then the largest r1 that keeps the power."""
    from scipy.special import bdtr

    reject0, reject1 = (_rejections(n1, n, p) for p in (null, alternative))
    # Column r: reject with more than r responses; the probability decreases with r, so count the r that are too low.
    r = np.sum(reject0 > alpha, axis=1)
    r1 = np.arange(n1 + 1)
    inside = r < n
    if not inside.any():
        return None
    place = np.minimum(r, n - 1)
    reached = reject1[r1, place]
    good = np.flatnonzero(inside & (reached >= power) & (r1 < n1))
    if good.size == 0:
        return None
    k = int(good[-1])
    stop = float(bdtr(k, n1, null))
    return k, n1, int(r[k]), n, n1 + (1 - stop) * (n - n1), stop, float(reject0[k, place[k]]), float(reached[k])


def _rejections(n1: int, n: int, p: float) -> np.ndarray:
    """P(more than r1 in stage 1 and more than r in all), shape (n1 + 1, n): rows r1 = 0.., columns r = 0..n-1."""
    from scipy.special import bdtrc

    x1 = np.arange(n1 + 1)
    chances = pmf(n1, p)
    need = np.arange(n)[None, :] - x1[:, None]  # more than `need` responses in stage 2
    n2 = n - n1
    more = np.concatenate((bdtrc(np.arange(n2), n2, p), [0.0, 1.0]))  # more than 0.. n2; the last entry is for need < 0
    tail = more[np.where(need < 0, n2 + 1, np.minimum(need, n2))]
    joint = chances[:, None] * tail
    beyond = np.cumsum(joint[::-1], axis=0)[::-1]  # sum over x1 >= row
    return np.vstack([beyond[1:], np.zeros((1, n))])


def pmf(n: int, p: float) -> np.ndarray:
    """Probability of 0 to n responses, shape (n + 1,)."""
    from scipy.special import gammaln, xlog1py, xlogy

    x = np.arange(n + 1)
    return np.exp(gammaln(n + 1) - gammaln(x + 1) - gammaln(n - x + 1) + xlogy(x, p) + xlog1py(n - x, -p))


def simon_two_stage(
    null: float, alternative: float, *, alpha: float, power: float, kind: str = "optimal", largest: int = 100
) -> SimonDesign:
    """Simon's optimal (smallest expected size under the null) or minimax (smallest maximum size) two-stage design.

    Parameters
    ----------
    null, alternative : float
        Response proportions, null < alternative.
    alpha, power : float
        One-sided level and power, both exact.
    kind : {"optimal", "minimax"}
    largest : int, default 100
        Largest total n considered; the optimum is over n up to this bound.

    References
    ----------
    .. [1] Simon, R. (1989). Controlled Clinical Trials 10, 1-10.
    """
    arguments.choice("kind", kind, KINDS)
    return simon_of(simon_designs(null, alternative, alpha=alpha, power=power, largest=largest), kind)


def simon_of(table: pd.DataFrame, kind: str) -> SimonDesign:
    """The optimal or minimax design from a table made by `simon_designs`.

    Raises
    ------
    NotEstimable
        If no design up to the largest size meets both error rates.
    """
    arguments.choice("kind", kind, KINDS)
    if table.empty:
        raise NotEstimable("no two-stage design up to the largest n looked at: raise largest")
    row = table.loc[table["expected_patients"].idxmin()] if kind == "optimal" else table.iloc[0]
    counts = {name: int(row[name]) for name in ("r1", "n1", "r", "n")}
    expected, early_stop = float(row["expected_patients"]), float(row["early_stop"])
    return SimonDesign(
        kind,
        counts["r1"],
        counts["n1"],
        counts["r"],
        counts["n"],
        expected_patients=expected,
        early_stop=early_stop,
        alpha=float(row["alpha"]),
        power=float(row["power"]),
    )
