"""Parametric survival families: hazard and survival in unconstrained parameters, and their natural parameters."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from math import exp, gamma, inf, log, log1p, pi, sin
from typing import Any

import numpy as np
from scipy.special import gammainc, gammaincc, gammainccinv, gammaincinv, gammaln, log_ndtr

from resurvey import steady
from resurvey.survival.km import Floats

_LOG_ROOT_2PI = 0.5 * log(2 * pi)
_NEARLY_NORMAL = 1e-4  # |Q| below this is treated as log-normal, because the gamma form loses precision there


class Times:
    """A family at given times t > 0, shape (n,); quantities that do not depend on the parameters are computed once.

    The methods take one theta, shape (k,), or several, shape (m, k), and return one row per theta. A family defines
    `log_survival` and either `log_hazard` or `log_density`, whichever is cheaper; the other is derived.
    """

    def __init__(self, t: Floats):
        self.t = t

    @cached_property
    def x(self) -> Floats:
        """Log times."""
        return np.asarray(steady.log(self.t))

    def log_survival(self, theta: Floats) -> Floats:
        """Log of S(t).

        Raises
        ------
        NotImplementedError
            If the family does not define it.
        """
        raise NotImplementedError

    def log_hazard(self, theta: Floats) -> Floats:
        """Log of the hazard at t."""
        return self.log_density(theta) - self.log_survival(theta)

    def log_density(self, theta: Floats) -> Floats:
        """Log of the density at t."""
        return self.log_hazard(theta) + self.log_survival(theta)


@dataclass(frozen=True)
class Family:
    """A parametric survival distribution in unconstrained parameters theta.

    Attributes
    ----------
    name : str
        Name, as users write it.
    parameters : tuple of str
        Natural parameters.
    at : callable (t) -> Times
        The family at times t > 0, shape (n,).
    start : callable (log_times_of_events, rate) -> ndarray
        Starting theta for times scaled to about 1.
    rescale : callable (theta, s) -> ndarray
        theta for a time unit s times smaller (times s times as large).
    natural : callable (theta) -> dict
        Natural parameters.
    quantile : callable (theta, survival) -> float, or None
        Time at which survival equals `survival`, infinite where it is never reached; None: found by search.
    mean : callable (theta) -> float, or None
        Mean survival time, infinite where it does not exist; None: by integration.
    degenerate : callable (theta) -> bool, or None
        Whether the distribution is so near its limit that the likelihood has no maximum; None: never.
    """

    name: str
    parameters: tuple[str, ...]
    at: Callable[[Floats], Times]
    start: Callable[[Floats, float], Floats]
    rescale: Callable[[Floats, float], Floats]
    natural: Callable[[Floats], dict[str, float]]
    quantile: Callable[[Floats, float], float] | None = None
    mean: Callable[[Floats], float] | None = None
    degenerate: Callable[[Floats], bool] | None = None

    def log_survival(self, t: Floats, theta: Floats) -> Floats:
        """Log of S at times t > 0."""
        return self.at(t).log_survival(theta)

    def log_hazard(self, t: Floats, theta: Floats) -> Floats:
        """Log of the hazard at times t > 0."""
        return self.at(t).log_hazard(theta)

    def log_likelihood(self, dead: Floats, censored: Floats) -> Callable[[Floats], Floats]:
        """Log likelihood of times of death and of censoring, all above 0, as a function of theta."""
        deaths, censorings = self.at(dead), self.at(censored)

        def total(theta: Floats) -> Floats:
            found: Floats = deaths.log_density(theta).sum(axis=-1) + censorings.log_survival(theta).sum(axis=-1)
            return found

        return total


def _part(p: Floats, i: int) -> Floats:
    """The i-th parameter of one theta or of several, shaped to broadcast against times."""
    part: Floats = p[..., i, None]
    return part


def _spread(logs: Floats) -> float:
    """Standard deviation of log times, at least 0.1 so that starting values are feasible."""
    return max(float(np.std(logs)), 0.1)


def _time(log_time: float) -> float:
    return float(steady.exp(float(log_time)))


class _Exponential(Times):
    def log_hazard(self, theta: Floats) -> Floats:
        return _part(theta, 0) + np.zeros_like(self.t)

    def log_survival(self, theta: Floats) -> Floats:
        return -steady.exp(_part(theta, 0)) * self.t


class _Weibull(Times):
    def _log_area(self, theta: Floats) -> Floats:
        return steady.exp(_part(theta, 0)) * (self.x - _part(theta, 1))

    def log_hazard(self, theta: Floats) -> Floats:
        return _part(theta, 0) + self._log_area(theta) - self.x

    def log_survival(self, theta: Floats) -> Floats:
        return -steady.exp(self._log_area(theta))

    def log_density(self, theta: Floats) -> Floats:
        area = self._log_area(theta)
        return _part(theta, 0) + area - self.x - steady.exp(area)


class _Gompertz(Times):
    def log_hazard(self, theta: Floats) -> Floats:
        return _part(theta, 1) + _part(theta, 0) * self.t

    def log_survival(self, theta: Floats) -> Floats:
        a, t = _part(theta, 0), self.t
        flat = np.abs(a) < 1e-9
        area = np.where(flat, t * (1 + a * t / 2), steady.expm1(a * t) / np.where(flat, 1.0, a))
        return -steady.exp(_part(theta, 1)) * area


def _gompertz_quantile(p: Floats, survival: float) -> float:
    a, area = float(p[0]), -log(survival) * exp(-p[1])
    if abs(a) < 1e-9:
        return area * (1 - a * area / 2)
    return log1p(a * area) / a if a * area > -1 else inf


class _LogLogistic(Times):
    def _odds(self, theta: Floats) -> Floats:
        """Log odds of having died."""
        return steady.exp(_part(theta, 0)) * (self.x - _part(theta, 1))

    def log_survival(self, theta: Floats) -> Floats:
        return -steady.log_add_exp(0, self._odds(theta))

    def log_hazard(self, theta: Floats) -> Floats:
        odds = self._odds(theta)
        return _part(theta, 0) + odds - self.x - steady.log_add_exp(0, odds)

    def log_density(self, theta: Floats) -> Floats:
        odds = self._odds(theta)
        return _part(theta, 0) + odds - self.x - 2 * steady.log_add_exp(0, odds)


def _log_logistic_mean(p: Floats) -> float:
    a = exp(p[0])
    return exp(p[1]) * (pi / a) / sin(pi / a) if a > 1 else inf


class _LogNormal(Times):
    def _z(self, theta: Floats) -> Floats:
        return (self.x - _part(theta, 0)) * steady.exp(-_part(theta, 1))

    def log_density(self, theta: Floats) -> Floats:
        return -self.x - _part(theta, 1) - _LOG_ROOT_2PI - self._z(theta) ** 2 / 2

    def log_survival(self, theta: Floats) -> Floats:
        return log_ndtr(-self._z(theta))


def _log_normal_quantile(p: Floats, survival: float) -> float:
    return _time(p[0] - exp(p[1]) * steady.normal_quantile(survival))


def _shape(p: Floats) -> tuple[Floats, np.ndarray]:
    """Prentice's q, replaced by 1 where it is too near 0 to divide by, and a mask of those places."""
    q = _part(p, 2)
    near = np.abs(q) < _NEARLY_NORMAL
    return np.where(near, 1.0, q), near


#: Largest |q| of a generalised gamma distribution. Beyond it the density has a sharp edge: the likelihood rises along a
#: ridge, and where a search stops there hangs on the last bits.
MOST_SKEWED = 10.0


class _GeneralisedGamma(Times):
    @cached_property
    def normal(self) -> _LogNormal:
        """The log-normal, the limit at q = 0."""
        return _LogNormal(self.t)

    def _w(self, theta: Floats) -> Floats:
        return (self.x - _part(theta, 0)) * steady.exp(-_part(theta, 1))

    def log_survival(self, theta: Floats) -> Floats:
        q, near = _shape(theta)
        k = q**-2
        with np.errstate(over="ignore"):
            value = _gamma_tail(q, k, k * steady.exp(q * self._w(theta)))
        found = np.asarray(steady.log(np.maximum(value, 1e-300)))
        return np.where(near, self.normal.log_survival(theta[..., :2]), found) if near.any() else found

    def log_density(self, theta: Floats) -> Floats:
        q, near = _shape(theta)
        w, k = self._w(theta), q**-2
        with np.errstate(over="ignore"):
            scale = steady.log(np.abs(q)) + k * steady.log(k) - gammaln(k) - _part(theta, 1)
            found = scale - self.x + k * (q * w - steady.exp(q * w))
        return np.where(near, self.normal.log_density(theta[..., :2]), found) if near.any() else found


def _gamma_tail(q: Floats, k: Floats, x: Floats) -> Floats:
    if np.all(q > 0):  # both tails are costly, and a fit seldom needs both
        return np.asarray(gammaincc(k, x))
    if np.all(q < 0):
        return np.asarray(gammainc(k, x))
    return np.where(q > 0, gammaincc(k, x), gammainc(k, x))


def _generalised_gamma_quantile(p: Floats, survival: float) -> float:
    q = float(p[2])
    if abs(q) < _NEARLY_NORMAL:
        return _log_normal_quantile(p, survival)
    k = q**-2
    value = float((gammainccinv if q > 0 else gammaincinv)(k, survival))
    return _time(p[0] + exp(p[1]) / q * log(value / k)) if value > 0 else (0.0 if q > 0 else inf)


def _generalised_gamma_mean(p: Floats) -> float:
    q, k, sigma = p[2], p[2] ** -2 if p[2] else inf, exp(p[1])
    if abs(q) < _NEARLY_NORMAL:
        return exp(p[0] + sigma**2 / 2)
    if k + sigma / q <= 0:
        return inf
    return _time(p[0] + (sigma / q) * log(q**2) + gammaln(k + sigma / q) - gammaln(k))


def _shifted(*powers: float) -> Callable[[Floats, float], Floats]:
    """Rescaling that adds a multiple of log(s) to each parameter; `powers` are the multiples."""
    return lambda p, s: p + np.array(powers) * log(s)


_STANDARD: tuple[dict[str, Any], ...] = (
    {
        "name": "exponential",
        "parameters": ("rate",),
        "at": _Exponential,
        "start": lambda logs, rate: np.array([log(rate)]),
        "rescale": _shifted(-1),
        "natural": lambda p: {"rate": exp(p[0])},
        "quantile": lambda p, survival: -log(survival) * exp(-p[0]),
        "mean": lambda p: exp(-p[0]),
    },
    {
        "name": "weibull",
        "parameters": ("shape", "scale"),
        "at": _Weibull,
        "start": lambda logs, rate: np.array([0.0, -log(rate)]),
        "rescale": _shifted(0, 1),
        "natural": lambda p: {"shape": exp(p[0]), "scale": exp(p[1])},
        "quantile": lambda p, survival: _time(p[1] + exp(-p[0]) * log(-log(survival))),
        "mean": lambda p: exp(p[1]) * gamma(1 + exp(-p[0])),
    },
    {
        "name": "gompertz",
        "parameters": ("shape", "rate"),
        "at": _Gompertz,
        "start": lambda logs, rate: np.array([0.01, log(rate)]),
        "rescale": lambda p, s: np.array([p[0] / s, p[1] - log(s)]),
        "natural": lambda p: {"shape": float(p[0]), "rate": exp(p[1])},
        "quantile": _gompertz_quantile,
    },
    {
        "name": "log-logistic",
        "parameters": ("shape", "scale"),
        "at": _LogLogistic,
        "start": lambda logs, rate: np.array([log(1.7 / _spread(logs)), float(np.mean(logs))]),
        "rescale": _shifted(0, 1),
        "natural": lambda p: {"shape": exp(p[0]), "scale": exp(p[1])},
        "quantile": lambda p, survival: _time(p[1] + exp(-p[0]) * log((1 - survival) / survival)),
        "mean": _log_logistic_mean,
    },
    {
        "name": "log-normal",
        "parameters": ("mean_log", "sd_log"),
        "at": _LogNormal,
        "start": lambda logs, rate: np.array([float(np.mean(logs)), log(_spread(logs))]),
        "rescale": _shifted(1, 0),
        "natural": lambda p: {"mean_log": float(p[0]), "sd_log": exp(p[1])},
        "quantile": _log_normal_quantile,
        "mean": lambda p: exp(p[0] + exp(2 * p[1]) / 2),
    },
    {
        "name": "generalised-gamma",
        "parameters": ("mu", "sigma", "q"),
        "at": _GeneralisedGamma,
        "start": lambda logs, rate: np.array([float(np.mean(logs)), log(_spread(logs)), 0.5]),
        "rescale": _shifted(1, 0, 0),
        "natural": lambda p: {"mu": float(p[0]), "sigma": exp(p[1]), "q": float(p[2])},
        "quantile": _generalised_gamma_quantile,
        "mean": _generalised_gamma_mean,
        "degenerate": lambda p: bool(abs(p[2]) > MOST_SKEWED),
    },
)
#: The standard families of TSD 14, by name.
FAMILIES: dict[str, Family] = {own["name"]: Family(**own) for own in _STANDARD}
