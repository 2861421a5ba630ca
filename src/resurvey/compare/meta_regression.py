"""Mixed-effects meta-regression of effects on study characteristics, and comparison of two groups of studies."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from resurvey.compare.estimates import Estimate, check_level, chi_square_p, interval
from resurvey.compare.pool import INTERVALS, read_effects
from resurvey.errors import InputError, NotEstimable

Floats = NDArray[np.float64]
METHODS = ("REML", "ML", "DL", "PM", "EE")


@dataclass(frozen=True)
class MetaRegression:
    """Result of `meta_regression`.

    Attributes
    ----------
    coefficients : tuple of Estimate
        The intercept, then one coefficient per column of the design; log scale for ratios, intervals by
        `interval_method`.
    tau2 : float
        Residual between-study variance.
    q, df, p_q : float
        Residual Cochran's Q, its degrees of freedom (studies minus coefficients) and p.
    method, interval_method : str
    """

    coefficients: tuple[Estimate, ...]
    tau2: float
    q: float
    df: int
    p_q: float
    method: str
    interval_method: str


def meta_regression(
    effects: object,
    design: ArrayLike,
    *,
    names: Sequence[str] = (),
    method: str = "REML",
    interval_method: str = "hartung-knapp",
    level: float = 0.95,
) -> MetaRegression:
    r"""Regress the effects of independent studies on their characteristics, with residual heterogeneity.

    The model is :math:`y = \beta_0 + x \beta + u + e`, where u has variance tau2 and e has the studies' own variances.

    Parameters
    ----------
    effects : DataFrame or sequence of (estimate, se)
        As for `pool`.
    design : (studies,) or (studies, p) array_like
        Study characteristics; an intercept is added.
    names : sequence of str, optional
        Names of the columns of the design.
    method : {"REML", "ML", "DL", "PM", "EE"}
        Estimator of tau2.
    interval_method : {"hartung-knapp", "hartung-knapp-adhoc", "normal"}
        Interval of the coefficients: t with studies minus coefficients degrees of freedom and the standard error scaled
        by the residuals (Knapp and Hartung); the same with a scale factor of at least 1; or normal.
    level : float, default 0.95

    Raises
    ------
    InputError
        If the design does not fit the effects, or an option is unknown.
    NotEstimable
        If there are no more studies than coefficients, or a column is a linear combination of others.

    References
    ----------
    .. [1] Knapp, G. and Hartung, J. (2003). Statistics in Medicine 22, 2693-2710.
    .. [2] Viechtbauer, W. and others (2015). Psychological Methods 20, 360-374 (tests of moderators).
    """
    check_level(level)
    for name, value, allowed in (("method", method, METHODS), ("interval_method", interval_method, INTERVALS)):
        if value not in allowed:
            raise InputError(f"{name} must be one of {', '.join(allowed)}, found {value!r}")
    _, y, v = read_effects(effects)
    x = _design(design, y.size)
    tau2 = residual_tau2(y, v, x, method)
    beta, covariance, left = _fit(y, v, x, tau2)
    df = y.size - x.shape[1]
    scale, degrees = 1.0, None
    if interval_method != "normal":
        scale, degrees = left / df, float(df)
        scale = max(1.0, scale) if interval_method == "hartung-knapp-adhoc" or scale < 1e-12 else scale
    errors = np.sqrt(np.diag(covariance) * scale)
    labels = ["constant", *(names or [f"x{i + 1}" for i in range(x.shape[1] - 1)])]
    q = _fit(y, v, x, 0.0)[2]
    return MetaRegression(
        coefficients=tuple(
            interval(float(b), float(se), level=level, df=degrees, label=label)
            for b, se, label in zip(beta, errors, labels, strict=True)
        ),
        tau2=tau2,
        q=q,
        df=df,
        p_q=chi_square_p(q, df),
        method=method,
        interval_method=interval_method,
    )


def group_difference(
    first: pd.DataFrame, second: pd.DataFrame, *, method: str = "REML", interval_method: str = "hartung-knapp"
) -> MetaRegression:
    """Pooled effect of the first group of studies minus that of the second, with the same tau2 in both groups.

    The last coefficient is the difference. Not estimable with one study in each group, because heterogeneity cannot be
    estimated.
    """
    together = pd.concat([first, second], ignore_index=True)
    marks = np.repeat([1.0, 0.0], [len(first), len(second)])
    return meta_regression(together, marks, names=["first less second"], method=method, interval_method=interval_method)


def _design(design: ArrayLike, studies: int) -> Floats:
    x = np.asarray(design, dtype=float)
    x = x[:, None] if x.ndim == 1 else x
    if x.ndim != 2 or len(x) != studies or not np.all(np.isfinite(x)):
        raise InputError(f"design must have a row of finite numbers for each of {studies} studies, found {x.shape}")
    full = np.column_stack((np.ones(studies), x))
    if studies <= full.shape[1]:
        raise NotEstimable(
            f"{studies} studies for {full.shape[1]} coefficients: nothing is left to estimate heterogeneity from"
        )
    if np.linalg.matrix_rank(full) < full.shape[1]:
        raise NotEstimable("a column of the design is constant or implied by the others: leave it out")
    return full


def _fit(y: Floats, v: Floats, x: Floats, tau2: float) -> tuple[Floats, Floats, float]:
    """Weighted least squares: coefficients, their covariance, and the residual weighted sum of squares."""
    w = 1 / (v + tau2)
    covariance: Floats = np.linalg.inv((x * w[:, None]).T @ x).astype(np.float64)
    beta = covariance @ (x.T @ (w * y))
    return beta, covariance, float(w @ (y - x @ beta) ** 2)


def residual_tau2(y: Floats, v: Floats, x: Floats, method: str) -> float:
    """Residual between-study variance given a design (including the intercept); 0 under EE."""
    from scipy.optimize import brentq

    if method == "EE":
        return 0.0
    if method in ("REML", "ML"):
        return _likelihood(y, v, x, restricted=method == "REML")
    df = y.size - x.shape[1]
    q = _fit(y, v, x, 0.0)[2]
    if q <= df:
        return 0.0
    if method == "DL":
        w = 1 / v
        return (q - df) / float(np.trace(_projection(w, x)))
    high = float(np.var(y) + v.max())
    while _fit(y, v, x, high)[2] > df:
        high *= 4
    return float(brentq(lambda t: _fit(y, v, x, t)[2] - df, 0.0, high, xtol=1e-15, rtol=1e-14))


def _projection(w: Floats, x: Floats) -> Floats:
    """W - W X (X' W X)^-1 X' W."""
    wx = w[:, None] * x
    return np.diag(w) - wx @ np.linalg.solve(x.T @ wx, wx.T)


def _likelihood(y: Floats, v: Floats, x: Floats, *, restricted: bool) -> float:
    """Global maximum of the (restricted) likelihood, compared over 0 and all roots of the score bracketed by a grid."""
    from scipy.optimize import brentq

    def score(t: float) -> float:
        p = _projection(1 / (v + t), x)
        trace = np.trace(p) if restricted else np.sum(1 / (v + t))
        return float(np.sum((p @ y) ** 2) - trace)

    def minus_twice(t: float) -> float:
        w = 1 / (v + t)
        _, covariance, left = _fit(y, v, x, t)
        free = -float(np.linalg.slogdet(covariance)[1]) if restricted else 0.0
        return float(-np.log(w).sum()) + free + left

    grid = np.concatenate(([0.0], np.geomspace(1e-6 * float(v.min()), 10 * float(np.var(y) + v.max()), 80)))
    signs = np.array([score(t) for t in grid])
    turns = np.flatnonzero((signs[:-1] > 0) & (signs[1:] <= 0))
    roots = [float(brentq(score, grid[i], grid[i + 1], xtol=1e-16, rtol=1e-14)) for i in turns]
    return min([0.0, *roots], key=minus_twice)
