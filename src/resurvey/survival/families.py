"""Parametric survival families: hazard and survival in unconstrained parameters, and what they mean."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import exp, gamma, inf, log, pi, sin

import numpy as np
from scipy.special import gammainc, gammaincc, gammaln, log_ndtr

from resurvey import steady
from resurvey.survival.km import Floats

_LOG_ROOT_2PI = 0.5 * log(2 * pi)
_NEARLY_NORMAL = 1e-4  # |Q| below this is the log-normal: the gamma form loses its digits there


@dataclass(frozen=True)
class Family:
    """A parametric survival distribution in unconstrained parameters theta.

    Attributes
    ----------
    name : str
        As users write it.
    parameters : tuple of str
        Natural parameters.
    log_hazard, log_survival : callable (t, theta) -> ndarray
        Of times t > 0, shape (n,), at theta of shape (k,), or at many, shape (m, k): then a row a theta.
    start : callable (log_times_of_events, rate) -> ndarray
        Starting theta for times scaled to about 1.
    rescale : callable (theta, s) -> ndarray
        theta when the unit of time is s times smaller (times are s times greater).
    natural : callable (theta) -> dict
        Natural parameters.
    mean : callable (theta) -> float, or None
        Mean survival time, infinite where it does not exist; None: by integration.
    log_density : callable (t, theta) -> ndarray, or None
        Of times t > 0, where it is cheaper than the sum of log hazard and log survival; None: that sum.
    """

    name: str
    parameters: tuple[str, ...]
    log_hazard: Callable[[Floats, Floats], Floats]
    log_survival: Callable[[Floats, Floats], Floats]
    start: Callable[[Floats, float], Floats]
    rescale: Callable[[Floats, float], Floats]
    natural: Callable[[Floats], dict[str, float]]
    mean: Callable[[Floats], float] | None = None
    log_density: Callable[[Floats, Floats], Floats] | None = None

    def log_likelihood(self, dead: Floats, censored: Floats, theta: Floats) -> Floats:
        """Log likelihood of times of death and of censoring, all above 0; one number a theta."""
        if self.log_density is None:
            deaths = self.log_hazard(dead, theta) + self.log_survival(dead, theta)
        else:
            deaths = self.log_density(dead, theta)
        total: Floats = deaths.sum(axis=-1) + self.log_survival(censored, theta).sum(axis=-1)
        return total


def _part(p: Floats, i: int) -> Floats:
    """The i-th parameter of one theta or of many, shaped to stand beside times."""
    part: Floats = p[..., i, None]
    return part


def _spread(logs: Floats) -> float:
    """Standard deviation of log times, kept away from 0 so that starts are feasible."""
    return max(float(np.std(logs)), 0.1)


def _exponential() -> Family:
    return Family(
        "exponential",
        ("rate",),
        lambda t, p: _part(p, 0) + np.zeros_like(t),
        lambda t, p: -steady.exp(_part(p, 0)) * t,
        lambda logs, rate: np.array([log(rate)]),
        lambda p, s: np.array([p[0] - log(s)]),
        lambda p: {"rate": exp(p[0])},
        lambda p: exp(-p[0]),
    )


def _weibull() -> Family:
    def log_hazard(t: Floats, p: Floats) -> Floats:
        shape, scale = _part(p, 0), _part(p, 1)
        return shape - scale + steady.expm1(shape) * (steady.log(t) - scale)

    return Family(
        "weibull",
        ("shape", "scale"),
        log_hazard,
        lambda t, p: -steady.exp(steady.exp(_part(p, 0)) * (steady.log(t) - _part(p, 1))),
        lambda logs, rate: np.array([0.0, -log(rate)]),
        lambda p, s: np.array([p[0], p[1] + log(s)]),
        lambda p: {"shape": exp(p[0]), "scale": exp(p[1])},
        lambda p: exp(p[1]) * gamma(1 + exp(-p[0])),
    )


def _gompertz() -> Family:
    def log_survival(t: Floats, p: Floats) -> Floats:
        a = _part(p, 0)
        flat = np.abs(a) < 1e-9
        area = np.where(flat, t * (1 + a * t / 2), steady.expm1(a * t) / np.where(flat, 1.0, a))
        return -steady.exp(_part(p, 1)) * area

    return Family(
        "gompertz",
        ("shape", "rate"),
        lambda t, p: _part(p, 1) + _part(p, 0) * t,
        log_survival,
        lambda logs, rate: np.array([0.01, log(rate)]),
        lambda p, s: np.array([p[0] / s, p[1] - log(s)]),
        lambda p: {"shape": float(p[0]), "rate": exp(p[1])},
    )


def _log_logistic() -> Family:
    def odds(t: Floats, p: Floats) -> Floats:
        return steady.exp(_part(p, 0)) * (steady.log(t) - _part(p, 1))

    def mean(p: Floats) -> float:
        a = exp(p[0])
        return exp(p[1]) * (pi / a) / sin(pi / a) if a > 1 else inf

    return Family(
        "log-logistic",
        ("shape", "scale"),
        lambda t, p: _part(p, 0) + odds(t, p) - steady.log(t) - steady.log_add_exp(0, odds(t, p)),
        lambda t, p: -steady.log_add_exp(0, odds(t, p)),
        lambda logs, rate: np.array([log(1.7 / _spread(logs)), float(np.mean(logs))]),
        lambda p, s: np.array([p[0], p[1] + log(s)]),
        lambda p: {"shape": exp(p[0]), "scale": exp(p[1])},
        mean,
    )


def _log_normal() -> Family:
    def z(t: Floats, p: Floats) -> Floats:
        return (steady.log(t) - _part(p, 0)) * steady.exp(-_part(p, 1))

    def log_density(t: Floats, p: Floats) -> Floats:
        return -steady.log(t) - _part(p, 1) - _LOG_ROOT_2PI - z(t, p) ** 2 / 2

    return Family(
        "log-normal",
        ("mean_log", "sd_log"),
        lambda t, p: log_density(t, p) - log_ndtr(-z(t, p)),
        lambda t, p: log_ndtr(-z(t, p)),
        lambda logs, rate: np.array([float(np.mean(logs)), log(_spread(logs))]),
        lambda p, s: np.array([p[0] + log(s), p[1]]),
        lambda p: {"mean_log": float(p[0]), "sd_log": exp(p[1])},
        lambda p: exp(p[0] + exp(2 * p[1]) / 2),
        log_density,
    )


def _shape(p: Floats) -> tuple[Floats, np.ndarray]:
    """Prentice's q, 1 where it is too near 0 to divide by, and where that is."""
    q = _part(p, 2)
    near = np.abs(q) < _NEARLY_NORMAL
    return np.where(near, 1.0, q), near


def _generalised_gamma() -> Family:
    normal = _log_normal()
    normal_density = normal.log_density or normal.log_hazard

    def tail(q: Floats, k: Floats, x: Floats) -> Floats:
        if np.all(q > 0):  # both tails are dear, and a fit seldom needs both
            return np.asarray(gammaincc(k, x))
        if np.all(q < 0):
            return np.asarray(gammainc(k, x))
        return np.where(q > 0, gammaincc(k, x), gammainc(k, x))

    def log_survival(t: Floats, p: Floats) -> Floats:
        q, near = _shape(p)
        k = q**-2
        with np.errstate(over="ignore"):
            value = tail(q, k, k * steady.exp(q * (steady.log(t) - _part(p, 0)) * steady.exp(-_part(p, 1))))
        found = steady.log(np.maximum(value, 1e-300))
        return np.where(near, normal.log_survival(t, p[..., :2]), found) if near.any() else found

    def log_density(t: Floats, p: Floats) -> Floats:
        q, near = _shape(p)
        w, k = (steady.log(t) - _part(p, 0)) * steady.exp(-_part(p, 1)), q**-2
        with np.errstate(over="ignore"):
            scale = steady.log(np.abs(q)) + k * steady.log(k) - gammaln(k) - _part(p, 1)
            found = scale - steady.log(t) + k * (q * w - steady.exp(q * w))
        return np.where(near, normal_density(t, p[..., :2]), found) if near.any() else found

    def mean(p: Floats) -> float:
        q, k, sigma = p[2], p[2] ** -2 if p[2] else inf, exp(p[1])
        if abs(q) < _NEARLY_NORMAL:
            return exp(p[0] + sigma**2 / 2)
        if k + sigma / q <= 0:
            return inf
        return float(steady.exp(float(p[0] + (sigma / q) * log(q**2) + gammaln(k + sigma / q) - gammaln(k))))

    return Family(
        "generalised-gamma",
        ("mu", "sigma", "q"),
        lambda t, p: log_density(t, p) - log_survival(t, p),
        log_survival,
        lambda logs, rate: np.array([float(np.mean(logs)), log(_spread(logs)), 0.5]),
        lambda p, s: np.array([p[0] + log(s), p[1], p[2]]),
        lambda p: {"mu": float(p[0]), "sigma": exp(p[1]), "q": float(p[2])},
        mean,
        log_density,
    )


#: The standard families of TSD 14, by name.
FAMILIES: dict[str, Family] = {
    family.name: family
    for family in (
        _exponential(),
        _weibull(),
        _gompertz(),
        _log_logistic(),
        _log_normal(),
        _generalised_gamma(),
    )
}
