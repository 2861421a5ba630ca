"""The log-rank test, weighted log-rank tests and their maximum, for one table or a stack of replicates."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import ndtr, ndtri

from resurvey.errors import InputError, NotEstimable
from resurvey.survival.km import Floats
from resurvey.survival.risksets import RiskSets, risk_sets

Weight = str | tuple[float, float]
NAMED_WEIGHTS = ("logrank", "gehan", "tarone-ware", "peto-peto")
MAXCOMBO_WEIGHTS: tuple[Weight, ...] = ((0.0, 0.0), (0.0, 1.0), (1.0, 0.0), (1.0, 1.0))
#: Numbers processed in one block, few enough to fit in the processor's cache.
IN_CACHE = 32_768


@dataclass(frozen=True)
class LogRank:
    """A log-rank or weighted log-rank test of the first arm versus the second.

    Attributes
    ----------
    observed, expected : tuple of float
        (Weighted) numbers of events in the first and the second arm, observed and expected under equal hazards.
    variance : float
        Hypergeometric variance of observed minus expected events in the first arm.
    z : float
        (O1 - E1) / sqrt(V); negative: fewer events in the first arm than expected.
    chi_square, p : float
        z squared, and the two-sided p on one degree of freedom.
    weight : str
        The weight, in words.
    """

    observed: tuple[float, float]
    expected: tuple[float, float]
    variance: float
    z: float
    chi_square: float
    p: float
    weight: str


@dataclass(frozen=True)
class MaxCombo:
    """The largest of several weighted log-rank statistics, in absolute value.

    Attributes
    ----------
    z : float
        The component of largest absolute value, with its sign (negative: fewer events in the first arm than expected).
    p : float
        Two-sided p, from the joint normal distribution of the components.
    weight : str
        The weight of that component, in words.
    components : tuple of float
        z of every component.
    """

    z: float
    p: float
    weight: str
    components: tuple[float, ...]


def logrank(
    time: ArrayLike,
    event: ArrayLike,
    first: ArrayLike,
    *,
    weight: Weight = "logrank",
    strata: ArrayLike | None = None,
) -> LogRank:
    r"""Test equal hazards of two arms by a weighted log-rank test.

    :math:`U = \sum_j w_j (d_{1j} - d_j n_{1j} / n_j)`, with hypergeometric variance
    :math:`V = \sum_j w_j^2 d_j (n_{1j}/n_j)(n_{2j}/n_j)(n_j - d_j)/(n_j - 1)`; both are summed over strata.

    Parameters
    ----------
    time, event, first : (n,) array_like
        Follow-up times, event indicators (1, 0) and indicators of the first arm (1, 0).
    weight : {'logrank', 'gehan', 'tarone-ware', 'peto-peto'} or (rho, gamma)
        1; n; sqrt(n); the pooled survival of Peto and Peto (its n + 1 form, at the time); or Fleming and
        Harrington's S(t-)^rho (1 - S(t-))^gamma with the pooled product-limit S.
    strata : (n,) array_like, optional
        Stratum of each patient.

    Returns
    -------
    LogRank

    Raises
    ------
    InputError
        If the vectors are not a table of two arms, or the weight is not one of those above.
    NotEstimable
        If no event happens while both arms are at risk.

    References
    ----------
    .. [1] Mantel, N. (1966). Cancer Chemotherapy Reports 50, 163-170.
    .. [2] Fleming, T. R. and Harrington, D. P. (1991). Counting Processes and Survival Analysis. Wiley. Section 7.2.
    .. [3] Klein, J. P. and Moeschberger, M. L. (2003). Survival Analysis, 2nd ed. Springer. Section 7.3.
    """
    sets = risk_sets(time, event, first, strata)
    observed, expected, variance = (float(part[0]) for part in _sums(sets, weight))
    total = float((_weights(sets, weight) * sets.head * (sets.d1 + sets.d2))[0].sum())
    if not variance > 0:
        raise NotEstimable(NO_INFORMATION)
    z = (observed - expected) / np.sqrt(variance)
    return LogRank(
        (observed, total - observed),
        (expected, total - expected),
        variance,
        float(z),
        float(z**2),
        float(2 * ndtr(-abs(z))),
        weight_name(weight),
    )


def maxcombo(
    time: ArrayLike,
    event: ArrayLike,
    first: ArrayLike,
    *,
    weights: Sequence[Weight] = MAXCOMBO_WEIGHTS,
    strata: ArrayLike | None = None,
) -> MaxCombo:
    """Test equal hazards by the largest of several weighted log-rank statistics.

    The components are jointly normal under equal hazards, with covariances sum_j w_j w'_j v_j; p is the probability
    that the largest absolute component is at least as large as observed.

    Parameters
    ----------
    time, event, first, strata
        As for `logrank`.
    weights : sequence of weights
        Components, as for `logrank`; by default Fleming-Harrington (0,0), (0,1), (1,0) and (1,1).

    Raises
    ------
    InputError, NotEstimable
        As `logrank`.

    References
    ----------
    .. [1] Lin, R. S. et al. (2020). Statistics in Biopharmaceutical Research 12, 187-198.
    .. [2] Karrison, T. G. (2016). Stata Journal 16, 678-690.
    """
    z, p = stack_maxcombo(risk_sets(time, event, first, strata), weights, points=32768)
    if not np.isfinite(p[0]):
        raise NotEstimable(NO_INFORMATION)
    best = int(np.argmax(np.abs(z[0])))
    return MaxCombo(float(z[0, best]), float(p[0]), weight_name(weights[best]), tuple(float(v) for v in z[0]))


NO_INFORMATION = (
    "the log-rank test has no variance: no event happens while both arms are at risk, so these patients say nothing "
    "about the difference; check that the arms overlap in time and that events are marked 1"
)


def weight_name(weight: Weight) -> str:
    """A weight in words."""
    if isinstance(weight, str):
        return weight
    return f"Fleming-Harrington ({weight[0]:g}, {weight[1]:g})"


def stack_z(sets: RiskSets, weight: Weight = "logrank") -> Floats:
    """z of each replicate, shape (replicates,); NaN where the variance of a replicate is 0."""
    observed, expected, variance = _sums(sets, weight)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(variance > 0, (observed - expected) / np.sqrt(variance), np.nan)


def stack_maxcombo(
    sets: RiskSets, weights: Sequence[Weight] = MAXCOMBO_WEIGHTS, *, points: int = 1024
) -> tuple[Floats, Floats]:
    """Components z, shape (replicates, weights), and p of the maximum, shape (replicates,).

    Raises
    ------
    InputError
        If no weight is given.
    """
    if not weights:
        raise InputError("maxcombo needs at least one weight")
    w = np.stack([_weights(sets, weight) for weight in weights], axis=1)
    excess, variance = _excess(sets), _variance(sets)
    u = np.einsum("rwk,rk->rw", w, excess)
    cov = np.einsum("rwk,rvk,rk->rwv", w, w, variance, optimize=True)
    sd = np.sqrt(np.diagonal(cov, axis1=1, axis2=2))
    known = np.all(sd > 0, axis=1)
    z, p = np.full(u.shape, np.nan), np.full(len(u), np.nan)
    z[known] = u[known] / sd[known]
    correlation = cov[known] / (sd[known][:, :, None] * sd[known][:, None, :])
    p[known] = max_abs_normal_p(np.abs(z[known]).max(axis=1), correlation, points=points)
    return z, p


def max_abs_normal_p(c: Floats, correlation: Floats, *, points: int = 1024) -> Floats:
    r"""P(max |Z_i| >= c) of standard normal vectors, for each of a stack of correlation matrices.

    The probability of the union is :math:`\sum_i P(|Z_i| \ge c)\, E[1 / N \mid |Z_i| \ge c]`, N being how many
    components exceed c. The expectations lie between 1/k and 1 and are averaged over a fixed lattice, so that even very
    small p are accurate to a relative error below 1 % and the same input always gives the same p.

    Parameters
    ----------
    c : (r,) ndarray
        Bounds, not negative.
    correlation : (r, k, k) ndarray
        Correlation matrices, possibly singular.
    points : int
        Points of the lattice.

    References
    ----------
    .. [1] Naiman, D. Q. and Priebe, C. E. (2001). Journal of Computational and Graphical Statistics 10, 296-328.
    """
    bounds, k = np.asarray(c, dtype=float), correlation.shape[1]
    lattice = _lattice(points, k + 1).T
    normal, last = ndtri(lattice[:k]), lattice[k]
    few = max(IN_CACHE // (k * points), 1)
    parts = [slice(first, first + few) for first in range(0, len(bounds), few)]
    found = [_union(bounds[part, None], correlation[part], normal, last) for part in parts]
    return np.minimum(np.concatenate(found), 1.0) if found else np.empty(0)


def _union(bound: Floats, correlation: Floats, normal: Floats, last: Floats) -> Floats:
    """The sum in `max_abs_normal_p` at bounds (r, 1), from a lattice of normals (k, p) and of uniforms (p,)."""
    k = len(normal)
    free = np.einsum("rij,jp->rip", np.linalg.cholesky(correlation + 1e-10 * np.eye(k)), normal)
    tail = ndtr(-bound)
    beyond = -ndtri(last * tail)  # a draw of |Z_i| conditional on exceeding the bound
    total = np.zeros(len(bound))
    for i in range(k):
        z = free + (beyond - free[:, i])[:, None] * correlation[:, :, i, None]
        exceeding = (np.abs(z) >= bound[:, :, None] * (1 - 1e-9)).sum(axis=1)
        total += 2 * tail[:, 0] * (1 / np.maximum(exceeding, 1)).mean(axis=1)
    return total


def _lattice(points: int, dimensions: int) -> Floats:
    """A Richtmyer lattice in the open unit cube: multiples of square roots of primes, modulo 1."""
    primes = [n for n in range(2, 20 * dimensions + 20) if all(n % m for m in range(2, n))][:dimensions]
    lattice: Floats = (np.arange(1, points + 1)[:, None] * np.sqrt(np.array(primes, dtype=float)) + 0.5) % 1.0
    return lattice


def _excess(sets: RiskSets) -> Floats:
    """d1 - d n1 / n at each distinct event time, 0 in other columns."""
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(sets.head, sets.d1 - (sets.d1 + sets.d2) * sets.n1 / (sets.n1 + sets.n2), 0.0)


def _variance(sets: RiskSets) -> Floats:
    """Hypergeometric variance of d1 at each distinct event time, 0 in other columns."""
    n, d = sets.n1 + sets.n2, sets.d1 + sets.d2
    with np.errstate(invalid="ignore", divide="ignore"):
        value = d * (sets.n1 / n) * (sets.n2 / n) * (n - d) / (n - 1)
    return np.where(sets.head & (n > 1), value, 0.0)


def _weights(sets: RiskSets, weight: Weight) -> Floats:
    """Weight of each column."""
    n = sets.n1 + sets.n2
    if weight == "logrank":
        return np.ones(n.shape)
    if weight == "gehan":
        return n
    if weight == "tarone-ware":
        return np.sqrt(n)
    if weight == "peto-peto":
        factor = np.where(sets.head, 1 - (sets.d1 + sets.d2) / (n + 1), 1.0)
        return _within_strata_cumprod(factor, sets)
    if isinstance(weight, tuple) and len(weight) == 2 and all(np.isfinite(v) and v >= 0 for v in weight):
        return sets.survival ** weight[0] * np.maximum(1 - sets.survival, 0.0) ** weight[1]
    raise InputError(f"weight must be one of {', '.join(NAMED_WEIGHTS)} or a pair (rho, gamma) >= 0, found {weight!r}")


def _within_strata_cumprod(factor: Floats, sets: RiskSets) -> Floats:
    """Running product along each row, restarted at each stratum (recognised by survival returning to 1)."""
    out: Floats = np.cumprod(factor, axis=1, dtype=np.float64)
    begins = np.zeros(factor.shape, dtype=bool)
    begins[:, 1:] = sets.head[:, 1:] & (sets.survival[:, 1:] == 1.0)
    if not begins.any():
        return out
    before = np.concatenate((np.ones((len(out), 1)), out[:, :-1]), axis=1)
    place = np.maximum.accumulate(np.where(begins, np.arange(out.shape[1]), 0), axis=1)
    since: Floats = out / np.take_along_axis(before, place, axis=1)
    return since


def _sums(sets: RiskSets, weight: Weight) -> tuple[Floats, Floats, Floats]:
    """Weighted observed and expected events of the first arm and the variance, each of shape (replicates,)."""
    w = _weights(sets, weight)
    observed = (w * np.where(sets.head, sets.d1, 0.0)).sum(axis=1)
    excess = (w * _excess(sets)).sum(axis=1)
    return observed, observed - excess, (w**2 * _variance(sets)).sum(axis=1)
