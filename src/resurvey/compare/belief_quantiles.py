"""Quantiles of beliefs. They need SciPy, so they are kept apart from `resurvey.beliefs`, which every run loads."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.special import betaincinv, ndtri

from resurvey.beliefs import Belief

Floats = NDArray[np.float64]
Z = float(ndtri(0.975))


def belief_quantiles(belief: Belief, uniform: Floats) -> Floats:
    """Compute quantiles of a belief at given probabilities.

    Parameters
    ----------
    belief : Belief
    uniform : ndarray
        Probabilities between 0 and 1; the result has the same shape.
    """
    if belief.shape == "beta":
        quantiles: Floats = betaincinv(*belief.numbers, uniform)
        return quantiles
    if belief.shape == "log-normal":
        low, high = np.log(belief.numbers)
        return np.exp((low + high) / 2 + (high - low) / (2 * Z) * ndtri(uniform))
    low, high = belief.numbers[0], belief.numbers[-1]
    middle = belief.numbers[1:-1] or (low, high)
    return _trapezoid(uniform, low, middle[0], middle[-1], high)


def _trapezoid(u: Floats, a: float, b: float, c: float, d: float) -> Floats:
    """Quantiles of the trapezoidal distribution; the uniform and triangular distributions are special cases."""
    height = 2 / (d + c - a - b)
    rise, flat = height * (b - a) / 2, height * (c - b)
    up = a + np.sqrt(np.maximum(u, 0) * 2 * (b - a) / height)
    level = b + (u - rise) / height
    down = d - np.sqrt(np.maximum(1 - u, 0) * 2 * (d - c) / height)
    return np.where(u < rise, up, np.where(u <= rise + flat, level, down))
