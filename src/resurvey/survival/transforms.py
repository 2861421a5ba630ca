"""Confidence limits for a survival probability on a choice of transformed scales."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import expit, logit

from resurvey.errors import InputError
from resurvey.steady import critical_value
from resurvey.survival.km import Floats


@dataclass(frozen=True)
class Transform:
    """A scale g for S: g, its inverse, and the factor that turns the square root of Greenwood's sum into se(g).

    The standard error of S is S sqrt(G), so that of g(S) is |g'(S)| S sqrt(G).
    """

    forward: Callable[[Floats], Floats]
    back: Callable[[Floats], Floats]
    factor: Callable[[Floats], Floats]
    decreasing: bool = False


def _arcsine_back(value: Floats) -> Floats:
    return np.sin(np.clip(value, 0, np.pi / 2)) ** 2


TRANSFORMS = {
    "plain": Transform(lambda s: s, lambda v: np.clip(v, 0, 1), lambda s: s),
    "log": Transform(np.log, lambda v: np.clip(np.exp(v), 0, 1), np.ones_like),
    "log-log": Transform(
        lambda s: np.log(-np.log(s)), lambda v: np.exp(-np.exp(v)), lambda s: 1 / np.abs(np.log(s)), decreasing=True
    ),
    "logit": Transform(logit, expit, lambda s: 1 / (1 - s)),
    "arcsine": Transform(lambda s: np.arcsin(np.sqrt(s)), _arcsine_back, lambda s: np.sqrt(s / (1 - s)) / 2),
}


def transform_of(name: str) -> Transform:
    """The transform with this name; an unknown name raises an error that lists the valid ones.

    Raises
    ------
    InputError
        If no transform has this name.
    """
    if name not in TRANSFORMS:
        raise InputError(f"transform must be one of {', '.join(TRANSFORMS)}, found {name!r}")
    return TRANSFORMS[name]


def interval_limits(
    survival: ArrayLike, greenwood: ArrayLike, *, level: float = 0.95, transform: str = "log-log"
) -> tuple[Floats, Floats]:
    """Pointwise confidence limits of survival probabilities.

    Parameters
    ----------
    survival, greenwood : array_like, one shape
        S, and the running Greenwood sum (the variance of S is S^2 times it).
    level : float, default 0.95
        Two-sided level.
    transform : {'plain', 'log', 'log-log', 'logit', 'arcsine'}
        Scale on which the interval is symmetric. The upper limit on the log scale is truncated at 1, both limits on the
        plain scale at 0 and 1.

    Returns
    -------
    (lower, upper) : ndarray, the same shape
        Where S is 1 (no event yet) both limits are 1. Where S is 0 Greenwood's variance does not exist, and the limits
        are 0 and 1, on every scale.

    Raises
    ------
    InputError
        If the level is not strictly between 0 and 1.

    References
    ----------
    .. [1] Borgan, O. and Liestol, K. (1990). Scandinavian Journal of Statistics 17, 35-41.
    """
    if not 0 < level < 1:
        raise InputError(f"level must be strictly between 0 and 1 (0.95, not 95), found {level!r}")
    scale = transform_of(transform)
    s, g = np.asarray(survival, dtype=float), np.asarray(greenwood, dtype=float)
    lower, upper = np.where(s >= 1, 1.0, 0.0), np.ones_like(s)
    inner = (s > 0) & (s < 1) & np.isfinite(g)
    centre = scale.forward(s[inner])
    half = critical_value(level) * scale.factor(s[inner]) * np.sqrt(g[inner])
    limits = scale.back(centre - half), scale.back(centre + half)
    lower[inner], upper[inner] = limits[::-1] if scale.decreasing else limits
    return lower, upper
