"""Parametric survival families: hazard and survival in unconstrained parameters, and what they mean."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import exp, gamma, inf, log, pi, sin

import numpy as np
from scipy.special import gammainc, gammaincc, gammaln, log_ndtr

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
        Of times t > 0.
    start : callable (log_times_of_events, rate) -> ndarray
        Starting theta for times scaled to about 1.
    rescale : callable (theta, s) -> ndarray
        theta when the unit of time is s times smaller (times are s times greater).
    natural : callable (theta) -> dict
        Natural parameters.
    mean : callable (theta) -> float, or None
        Mean survival time, infinite where it does not exist; None: by integration.
    """

    name: str
    parameters: tuple[str, ...]
    log_hazard: Callable[[Floats, Floats], Floats]
    log_survival: Callable[[Floats, Floats], Floats]
    start: Callable[[Floats, float], Floats]
    rescale: Callable[[Floats, float], Floats]
    natural: Callable[[Floats], dict[str, float]]
    mean: Callable[[Floats], float] | None = None


def _spread(logs: Floats) -> float:
    """Standard deviation of log times, kept away from 0 so that starts are feasible."""
    return max(float(np.std(logs)), 0.1)


def _exponential() -> Family:
    return Family(
        "exponential",
        ("rate",),
        lambda t, p: np.full_like(t, p[0]),
        lambda t, p: -np.exp(p[0]) * t,
        lambda logs, rate: np.array([log(rate)]),
        lambda p, s: np.array([p[0] - log(s)]),
        lambda p: {"rate": exp(p[0])},
        lambda p: exp(-p[0]),
    )


def _weibull() -> Family:
    def log_hazard(t: Floats, p: Floats) -> Floats:
        return p[0] - p[1] + np.expm1(p[0]) * (np.log(t) - p[1])

    return Family(
        "weibull",
        ("shape", "scale"),
        log_hazard,
        lambda t, p: -np.exp(np.exp(p[0]) * (np.log(t) - p[1])),
        lambda logs, rate: np.array([0.0, -log(rate)]),
        lambda p, s: np.array([p[0], p[1] + log(s)]),
        lambda p: {"shape": exp(p[0]), "scale": exp(p[1])},
        lambda p: exp(p[1]) * gamma(1 + exp(-p[0])),
    )


def _gompertz() -> Family:
    def log_survival(t: Floats, p: Floats) -> Floats:
        a = p[0]
        area = t * (1 + a * t / 2) if abs(a) < 1e-9 else np.expm1(a * t) / a
        return -np.exp(p[1]) * area

    return Family(
        "gompertz",
        ("shape", "rate"),
        lambda t, p: p[1] + p[0] * t,
        log_survival,
        lambda logs, rate: np.array([0.01, log(rate)]),
        lambda p, s: np.array([p[0] / s, p[1] - log(s)]),
        lambda p: {"shape": float(p[0]), "rate": exp(p[1])},
    )


def _log_logistic() -> Family:
    def odds(t: Floats, p: Floats) -> Floats:
        return np.exp(p[0]) * (np.log(t) - p[1])

    def mean(p: Floats) -> float:
        a = exp(p[0])
        return exp(p[1]) * (pi / a) / sin(pi / a) if a > 1 else inf

    return Family(
        "log-logistic",
        ("shape", "scale"),
        lambda t, p: p[0] + odds(t, p) - np.log(t) - np.logaddexp(0, odds(t, p)),
        lambda t, p: -np.logaddexp(0, odds(t, p)),
        lambda logs, rate: np.array([log(1.7 / _spread(logs)), float(np.mean(logs))]),
        lambda p, s: np.array([p[0], p[1] + log(s)]),
        lambda p: {"shape": exp(p[0]), "scale": exp(p[1])},
        mean,
    )


def _log_normal() -> Family:
    def z(t: Floats, p: Floats) -> Floats:
        return (np.log(t) - p[0]) * np.exp(-p[1])

    def log_hazard(t: Floats, p: Floats) -> Floats:
        return -np.log(t) - p[1] - _LOG_ROOT_2PI - z(t, p) ** 2 / 2 - log_ndtr(-z(t, p))

    return Family(
        "log-normal",
        ("mean_log", "sd_log"),
        log_hazard,
        lambda t, p: log_ndtr(-z(t, p)),
        lambda logs, rate: np.array([float(np.mean(logs)), log(_spread(logs))]),
        lambda p, s: np.array([p[0] + log(s), p[1]]),
        lambda p: {"mean_log": float(p[0]), "sd_log": exp(p[1])},
        lambda p: exp(p[0] + exp(2 * p[1]) / 2),
    )


def _generalised_gamma() -> Family:
    normal = _log_normal()

    def log_survival(t: Floats, p: Floats) -> Floats:
        q = p[2]
        if abs(q) < _NEARLY_NORMAL:
            return normal.log_survival(t, p[:2])
        tail = gammaincc if q > 0 else gammainc
        with np.errstate(over="ignore"):
            value = tail(q**-2, q**-2 * np.exp(q * (np.log(t) - p[0]) * np.exp(-p[1])))
        return np.log(np.maximum(value, 1e-300))

    def log_hazard(t: Floats, p: Floats) -> Floats:
        q = p[2]
        if abs(q) < _NEARLY_NORMAL:
            return normal.log_hazard(t, p[:2])
        w, k = (np.log(t) - p[0]) * np.exp(-p[1]), q**-2
        with np.errstate(over="ignore"):
            density = log(abs(q)) + k * log(k) - gammaln(k) - p[1] - np.log(t) + k * (q * w - np.exp(q * w))
        return density - log_survival(t, p)

    def mean(p: Floats) -> float:
        q, k, sigma = p[2], p[2] ** -2 if p[2] else inf, exp(p[1])
        if abs(q) < _NEARLY_NORMAL:
            return exp(p[0] + sigma**2 / 2)
        if k + sigma / q <= 0:
            return inf
        return float(np.exp(p[0] + (sigma / q) * log(q**2) + gammaln(k + sigma / q) - gammaln(k)))

    return Family(
        "generalised-gamma",
        ("mu", "sigma", "q"),
        log_hazard,
        log_survival,
        lambda logs, rate: np.array([float(np.mean(logs)), log(_spread(logs)), 0.5]),
        lambda p, s: np.array([p[0] + log(s), p[1], p[2]]),
        lambda p: {"mu": float(p[0]), "sigma": exp(p[1]), "q": float(p[2])},
        mean,
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
