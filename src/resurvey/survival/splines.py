"""Royston-Parmar models: natural cubic splines in log time on the hazard, odds or normal scale."""

from __future__ import annotations

from collections.abc import Callable
from math import log, pi

import numpy as np
from scipy.special import log_ndtr

from resurvey import steady
from resurvey.errors import InputError, NotEstimable
from resurvey.survival.families import Family, Times
from resurvey.survival.km import Floats

SCALES = ("hazard", "odds", "normal")
_INNER = {0: (), 1: (0.5,), 2: (1 / 3, 2 / 3), 3: (0.25, 0.5, 0.75)}


def spline_knots(event_times: Floats, inner: int) -> Floats:
    """Knots in log time: the first and last event times, and equally spaced centiles of the event times between them.

    Raises
    ------
    InputError
        If the number of inner knots is not between 0 and 3.
    NotEstimable
        If there are too few distinct event times for the knots.

    References
    ----------
    .. [1] Royston, P. and Parmar, M. K. B. (2002). Statistics in Medicine 21, 2175-2197. Section 2.4.
    """
    if inner not in _INNER:
        raise InputError(f"inner knots must be one of {', '.join(map(str, _INNER))}, found {inner!r}")
    logs = steady.log(event_times)
    knots = np.quantile(logs, (0.0, *_INNER[inner], 1.0))
    if np.any(np.diff(knots) < 1e-9):
        raise NotEstimable(
            f"{len(np.unique(event_times))} distinct event times are too few, or too tied, for {inner} inner knots"
        )
    return knots


def spline_basis(x: Floats, knots: Floats) -> tuple[Floats, Floats]:
    """Natural cubic spline basis of log time and its derivative, each of shape (n, inner knots + 2).

    Columns are 1, x, and for each inner knot k_j the function (x - k_j)+^3 - l_j (x - k_min)+^3 -
    (1 - l_j)(x - k_max)+^3 with l_j = (k_max - k_j) / (k_max - k_min), which is linear beyond the extreme knots.
    """
    low, high = knots[0], knots[-1]
    basis, slopes = np.zeros((x.size, knots.size)), np.zeros((x.size, knots.size))
    basis[:, 0], basis[:, 1], slopes[:, 1] = 1.0, x, 1.0
    for column, knot in enumerate(knots[1:-1], start=2):
        share = (high - knot) / (high - low)
        for place, weight in ((knot, 1.0), (low, -share), (high, share - 1.0)):
            beyond = np.maximum(x - place, 0.0)
            square = beyond * beyond
            basis[:, column] += weight * square * beyond
            slopes[:, column] += 3 * weight * square
    return basis, slopes


class _Spline(Times):
    """A spline for log cumulative hazard, log odds or normal deviates; the basis is computed once."""

    def __init__(self, t: Floats, knots: Floats, scale: str):
        super().__init__(t)
        basis, slopes = spline_basis(self.x, knots)
        self.basis, self.slopes = basis.T, slopes.T
        self.log_survival_of, self.log_density_of = _LINKS[scale]

    def log_survival(self, theta: Floats) -> Floats:
        return self.log_survival_of(steady.product(theta, self.basis))

    def log_density(self, theta: Floats) -> Floats:
        slope = steady.product(theta, self.slopes)
        # a decreasing spline is not a survival curve: -inf rejects it in the likelihood
        with np.errstate(divide="ignore", invalid="ignore"):
            rising = np.where(slope > 0, steady.log(slope), -np.inf)
        return rising - self.x + self.log_density_of(steady.product(theta, self.basis))


def royston_parmar(knots: Floats, scale: str) -> Family:
    """The Royston-Parmar family with given knots (in log time) on a scale.

    `hazard`: log H(t) is the spline; `odds`: log((1 - S) / S); `normal`: the standard normal deviate of 1 - S. With
    no inner knot these are the Weibull, the log-logistic and the log-normal model.

    Raises
    ------
    InputError
        If the scale is none of these.
    """
    if scale not in SCALES:
        raise InputError(f"scale must be one of {', '.join(SCALES)}, found {scale!r}")
    line = {"hazard": 1.0, "odds": 1.7, "normal": 1.0}[scale]
    names = tuple(f"gamma{i}" for i in range(len(knots)))
    inner = len(knots) - 2
    return Family(
        f"royston-parmar {scale}, {inner} knot{'s' if inner != 1 else ''}",
        names,
        at=lambda t: _Spline(t, knots, scale),
        start=lambda logs, rate: np.array([log(rate), line, *np.zeros(inner)]),
        rescale=lambda p, s: np.array([p[0] - p[1] * log(s), *p[1:]]),
        natural=lambda p: {name: float(v) for name, v in zip(names, p, strict=True)},
    )


def tail_slope(theta: Floats, knots: Floats) -> float:
    """Slope of the spline in log time beyond the last knot."""
    return float((spline_basis(np.array([knots[-1]]), knots)[1] @ theta)[0])


def _log_phi(eta: Floats) -> Floats:
    return -(eta**2) / 2 - 0.5 * log(2 * pi)


Link = tuple[Callable[[Floats], Floats], Callable[[Floats], Floats]]
#: log S and the log of -dS/d(eta) as functions of the spline eta.
_LINKS: dict[str, Link] = {
    "hazard": (lambda eta: -steady.exp(np.minimum(eta, 700)), lambda eta: eta - steady.exp(np.minimum(eta, 700))),
    "odds": (lambda eta: -steady.log_add_exp(0, eta), lambda eta: eta - 2 * steady.log_add_exp(0, eta)),
    "normal": (lambda eta: log_ndtr(-eta), _log_phi),
}
