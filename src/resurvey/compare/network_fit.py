"""One model fitted to one connected network: weighted least squares on its graph, and the between-study variance."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.linalg import eigh
from scipy.special import ndtr

from resurvey.compare.estimates import quantile
from resurvey.compare.network_data import Evidence, Study, centred_inverse

Floats = NDArray[np.float64]
MODELS = ("common", "random")


@dataclass(frozen=True)
class Fit:
    """One model fitted to one connected network.

    Attributes
    ----------
    evidence : Evidence
    tau2 : float
        Between-study variance used in the fit (0 in the common-effect model).
    covariance : (n, n) ndarray
        Pseudo-inverse of the network's Laplacian; Var(i against j) = C_ii + C_jj - 2 C_ij.
    effects, se : (n, n) ndarray
        Row treatment against column treatment.
    laplacian : (n, n) ndarray
        Sum of the studies' Laplacians; the negative off-diagonal elements are the weights of the comparisons.
    q : float
        Weighted sum of squared deviations of the contrasts from the fit.
    """

    evidence: Evidence
    tau2: float
    covariance: Floats
    effects: Floats
    se: Floats
    laplacian: Floats
    q: float


def fit(evidence: Evidence, tau2: float) -> Fit:
    """Fit by weighted least squares on the graph, at a given between-study variance."""
    n = len(evidence.treatments)
    i, j, effect, variance = evidence.pairs
    weight = 1 / (variance + tau2)
    # without two-arm studies bincount would return integers
    between = np.bincount(i * n + j, weight, n * n).reshape(n, n).astype(float)
    laplacian = -(between + between.T)
    laplacian += np.diag(-laplacian.sum(axis=1))
    right = (np.bincount(i, weight * effect, n) - np.bincount(j, weight * effect, n)).astype(float)
    weights = [study.laplacian(tau2) for study in evidence.several]
    for study, own in zip(evidence.several, weights, strict=True):
        laplacian[np.ix_(study.arms, study.arms)] += own
        right[study.arms] += -(own * study.effects).sum(axis=1)
    covariance = centred_inverse(laplacian)
    level_of = covariance @ right
    effects = level_of[:, None] - level_of[None, :]
    diagonal = np.diag(covariance)
    se = np.sqrt(np.maximum(diagonal[:, None] + diagonal[None, :] - 2 * covariance, 0.0))
    np.fill_diagonal(se, 0.0)
    q = float(weight @ (effect - effects[i, j]) ** 2) + sum(
        float(-0.5 * np.sum(own * (study.effects - effects[np.ix_(study.arms, study.arms)]) ** 2))
        for study, own in zip(evidence.several, weights, strict=True)
    )
    return Fit(evidence, tau2, covariance, effects, se, laplacian, q)


def network_tau2(evidence: Evidence, method: str) -> float:
    """Between-study variance of a connected network; 0 where there are no degrees of freedom."""
    if evidence.degrees < 1:
        return 0.0
    return _moment_tau2(fit(evidence, 0.0)) if method == "DL" else _likelihood_tau2(evidence, method == "REML")


def moment_terms(common: Fit) -> tuple[float, int, float]:
    """Q, its degrees of freedom, and the coefficient of tau2 in E(Q)."""
    i, j, _, variance = common.evidence.pairs
    left = float(np.sum(1 / variance - (common.se[i, j] / variance) ** 2))
    for study in common.evidence.several:
        own = study.laplacian()
        inside = common.covariance[np.ix_(study.arms, study.arms)]
        left += 0.5 * float(np.trace(own) - np.sum((own @ inside) * own.T))
    return common.q, common.evidence.degrees, left


def _moment_tau2(common: Fit) -> float:
    q, df, factor = moment_terms(common)
    return max(0.0, (q - df) / factor)


def independent_contrasts(evidence: Evidence) -> tuple[Floats, Floats, Floats]:
    """Contrasts against each study's first arm, rotated within studies so that all are independent.

    Returns y, design X (a column for each treatment but the first), and sampling variances v; with between-study
    variance tau2 the variances are v + tau2.
    """
    size, n = sum(s.arms.size - 1 for s in evidence.studies), len(evidence.treatments)
    y, design, variances = np.zeros(size), np.zeros((size, n)), np.zeros(size)
    i, j, effect, variance = evidence.pairs
    start = effect.size
    rows = np.arange(start)
    design[rows, j], design[rows, i] = 1.0, -1.0
    y[:start], variances[:start] = -effect, variance
    for study in evidence.several:
        stop = start + study.arms.size - 1
        rows = np.arange(start, stop)
        design[rows, study.arms[1:]], design[rows, study.arms[0]] = 1.0, -1.0
        y[rows], design[rows], variances[rows] = _rotate(study, design[rows])
        start = stop
    return y, design[:, 1:], variances


def _rotate(study: Study, design: Floats) -> tuple[Floats, Floats, Floats]:
    """Diagonalise the sampling covariance and the tau2 pattern of a multi-arm study simultaneously."""
    # Where the pairs do not add up because of rounding, they are replaced by the arm means that fit all pairs best.
    own = study.laplacian()
    means = centred_inverse(own) @ -(own * study.effects).sum(axis=1)
    to_first = study.variances[0, 1:]
    sampling = 0.5 * (to_first[:, None] + to_first[None, :] - study.variances[1:, 1:])
    pattern = 0.5 * (np.eye(to_first.size) + 1)  # variance tau2; covariance tau2 / 2 where an arm is shared
    values, vectors = eigh(sampling, pattern)
    return vectors.T @ (means[1:] - means[0]), vectors.T @ design, values


def _likelihood_tau2(evidence: Evidence, restricted: bool) -> float:
    """Global maximum of the (restricted) likelihood, among 0 and all roots of the score found on a grid."""
    from scipy.optimize import brentq

    y, design, variances = independent_contrasts(evidence)

    def parts(t: float) -> tuple[float, float]:
        w = 1 / (variances + t)
        wx = w[:, None] * design
        information = design.T @ wx
        inverse = np.linalg.inv(information)
        residual = w * (y - design @ (inverse @ (wx.T @ y)))
        trace = w.sum() - (np.sum((wx.T @ wx) * inverse) if restricted else 0.0)
        log_dets = (np.linalg.slogdet(information)[1] if restricted else 0.0) - np.log(w).sum()
        return float(residual @ residual - trace), float(log_dets + residual @ y)

    top = 10 * float(variances.max() + np.max(np.abs(y)) ** 2)
    grid = np.concatenate(([0.0], np.geomspace(1e-6 * float(variances.min()), top, 40)))
    signs = np.array([parts(t)[0] for t in grid])
    turns = np.flatnonzero((signs[:-1] > 0) & (signs[1:] <= 0))
    roots = [float(brentq(lambda t: parts(t)[0], grid[i], grid[i + 1], xtol=1e-15, rtol=1e-13)) for i in turns]
    return min([0.0, *roots], key=lambda t: parts(t)[1])


def effect_table(model: str, piece: Fit, level: float, comparator: str = "") -> pd.DataFrame:
    """Every ordered pair of one fit as rows; only those against `comparator`, where one is given."""
    n = len(piece.evidence.treatments)
    row, column = np.nonzero(~np.eye(n, dtype=bool))
    if comparator:
        against = np.array([piece.evidence.treatments[place] == comparator for place in column], dtype=bool)
        row, column = row[against], column[against]
    estimate, se = piece.effects[row, column], piece.se[row, column]
    names = np.array(piece.evidence.treatments, dtype=object)
    half = quantile(level) * se
    return pd.DataFrame({
        "model": model, "treatment": names[row], "comparator": names[column], "estimate": estimate, "se": se,
        "lower": estimate - half, "upper": estimate + half, "p": 2 * ndtr(-np.abs(estimate) / se),
    })  # fmt: skip
