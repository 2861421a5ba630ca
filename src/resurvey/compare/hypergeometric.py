r"""Random-effects odds ratios for rare events: exact conditional likelihood, integrated over the studies' effects.

Given both margins, the number of events in the treatment arm follows Fisher's non-central hypergeometric distribution,
so no study intercepts and no continuity correction are needed. The studies' log odds ratios are normally distributed
around the mean.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import log, pi, sqrt

import numpy as np
import pandas as pd
from numpy.polynomial.hermite import hermgauss
from numpy.typing import NDArray
from scipy.special import gammaln

from resurvey.compare.counts import read_counts
from resurvey.compare.estimates import Estimate, check_level, interval
from resurvey.errors import NotEstimable

Floats = NDArray[np.float64]
NODES = 31
LARGEST = 4.0  # upper bound of tau: one standard deviation is then a factor of 50 in the odds ratio


@dataclass(frozen=True)
class RareEvents:
    """Result of `hypergeometric`.

    Attributes
    ----------
    random, common : Estimate
        Log odds ratio with and without heterogeneity.
    tau2 : float
        Maximum-likelihood variance between studies.
    likelihood_ratio, p_heterogeneity : float
        Likelihood-ratio test of no heterogeneity; p from the equal mixture of 0 and chi-square with one degree of
        freedom.
    studies : int
        Number of informative studies.
    messages : tuple of str
    """

    random: Estimate
    common: Estimate
    tau2: float
    likelihood_ratio: float
    p_heterogeneity: float
    studies: int
    messages: tuple[str, ...]


@dataclass(frozen=True)
class _Study:
    """Possible numbers of treatment events given the margins, their log multiplicities, and the observed number."""

    events: Floats
    ways: Floats
    seen: float

    def log_likelihood(self, theta: Floats) -> Floats:
        """Log likelihood at the given log odds ratios."""
        terms = self.ways + np.multiply.outer(theta, self.events)
        top = terms.max(axis=-1)
        return self.seen * theta - top - np.log(np.exp(terms - top[..., None]).sum(axis=-1))

    def moments(self, theta: float) -> tuple[float, float]:
        """Mean and variance of the number of events at a log odds ratio."""
        terms = self.ways + theta * self.events
        chance = np.exp(terms - terms.max())
        chance /= chance.sum()
        mean = float(chance @ self.events)
        return mean, float(chance @ (self.events - mean) ** 2)


def hypergeometric(counts: pd.DataFrame, *, level: float = 0.95) -> RareEvents:
    """Pool odds ratios by the hypergeometric-normal model, by maximum likelihood.

    Parameters
    ----------
    counts : DataFrame
        As for `resurvey.compare.counts.count_effects`.
    level : float, default 0.95

    Returns
    -------
    RareEvents
        Standard errors are from the observed information; if tau2 is 0, the random estimate equals the common one.

    Raises
    ------
    InputError
        If counts are invalid; the message lists all faults.
    NotEstimable
        If no study is informative, or if in every study an arm has the fewest (or the most) events that are possible
        given the margins.

    References
    ----------
    .. [1] Stijnen, T., Hamza, T. H. and Özdemir, P. (2010). Statistics in Medicine 29, 3046-3067.
    """
    check_level(level)
    studies, messages = _studies(counts)
    low = sum(study.events[0] for study in studies)
    high = sum(study.events[-1] for study in studies)
    seen = sum(study.seen for study in studies)
    if not low < seen < high:
        raise NotEstimable("an arm has as few or as many events as it can in every study: the odds ratio is not finite")
    common, information = _common(studies)
    alone = interval(common, 1 / sqrt(information), level=level, label="conditional logistic")
    at_zero = _log_likelihood(studies, common, 0.0)
    theta, tau = _maximum(studies, common)
    ratio = max(0.0, float(2 * (_log_likelihood(studies, theta, tau) - at_zero)))
    if tau < 1e-4 or ratio == 0.0:
        return RareEvents(alone, alone, 0.0, 0.0, 1.0, len(studies), messages)
    from scipy.special import chdtrc

    made = interval(theta, _error(studies, theta, tau), level=level, label="hypergeometric-normal")
    return RareEvents(made, alone, tau**2, ratio, 0.5 * float(chdtrc(1, ratio)), len(studies), messages)


def _studies(counts: pd.DataFrame) -> tuple[list[_Study], tuple[str, ...]]:
    tables = read_counts(counts)
    made, silent = [], []
    for name, a, b, c, d in zip(tables.study, tables.a, tables.b, tables.c, tables.d, strict=True):
        n1, n2, m = a + b, c + d, a + c
        events = np.arange(max(0.0, m - n2), min(n1, m) + 1)
        if events.size < 2:
            silent.append(name)
            continue
        ways = _log_choose(n1, events) + _log_choose(n2, m - events)
        made.append(_Study(events, ways, float(a)))
    if not made:
        raise NotEstimable("no study has both an event and a patient without one: there is no ratio to pool")
    said = f"left out, as nobody or everybody has the event in both arms: {', '.join(silent)}"
    return made, (said,) if silent else ()


def _log_choose(n: float, k: Floats) -> Floats:
    return np.asarray(gammaln(n + 1) - gammaln(k + 1) - gammaln(n - k + 1))


def _common(studies: list[_Study]) -> tuple[float, float]:
    """Conditional maximum-likelihood estimate of the common log odds ratio, and its information."""
    theta, seen = 0.0, sum(study.seen for study in studies)
    for _ in range(200):
        moments = [study.moments(theta) for study in studies]
        information = sum(variance for _, variance in moments)
        step = (seen - sum(mean for mean, _ in moments)) / information
        theta += float(np.clip(step, -1.0, 1.0))
        if abs(step) < 1e-13:
            break
    return theta, information


def _log_likelihood(studies: list[_Study], theta: float, tau: float) -> float:
    """Log likelihood, integrated over the studies' effects by Gauss-Hermite quadrature around each study's mode."""
    if tau <= 0:
        return float(sum(study.log_likelihood(np.array(theta)) for study in studies))
    nodes, weights = hermgauss(NODES)
    total = 0.0
    for study in studies:
        mode = theta
        for _ in range(60):
            mean, variance = study.moments(mode)
            slope = study.seen - mean - (mode - theta) / tau**2
            step = slope / (variance + 1 / tau**2)
            mode += float(np.clip(step, -2.0, 2.0))
            if abs(step) < 1e-12:
                break
        spread = sqrt(2 / (study.moments(mode)[1] + 1 / tau**2))
        effect = mode + spread * nodes
        inside = study.log_likelihood(effect) - 0.5 * ((effect - theta) / tau) ** 2 + nodes**2
        top = float(inside.max())
        total += top + log(float(weights @ np.exp(inside - top)) * spread / (tau * sqrt(2 * pi)))
    return total


def _maximum(studies: list[_Study], start: float) -> tuple[float, float]:
    """Log odds ratio and tau at the maximum of the likelihood."""
    from scipy.optimize import minimize

    def worse(point: Floats) -> float:
        return -_log_likelihood(studies, float(point[0]), float(point[1]))

    best = (np.inf, start, 0.0)
    for tau in (0.2, 1.0):
        found = minimize(worse, np.array([start, tau]), bounds=[(None, None), (1e-6, LARGEST)], method="L-BFGS-B",
                         options={"ftol": 1e-14, "gtol": 1e-9})  # fmt: skip
        if found.fun < best[0] - 1e-9:
            best = (float(found.fun), float(found.x[0]), float(found.x[1]))
    return best[1], best[2]


def _error(studies: list[_Study], theta: float, tau: float) -> float:
    """Standard error of theta from the observed information of theta and tau, by central differences."""
    h = np.array([1e-3, 1e-3 * max(tau, 0.1)])
    at = np.array([theta, tau])

    def value(i: int, j: int, di: int, dj: int) -> float:
        point = at.copy()
        point[i] += di * h[i]
        point[j] += dj * h[j]
        return _log_likelihood(studies, float(point[0]), float(point[1]))

    information = np.zeros((2, 2))
    centre = _log_likelihood(studies, theta, tau)
    for i in range(2):
        information[i, i] = -(value(i, i, 1, 0) - 2 * centre + value(i, i, -1, 0)) / h[i] ** 2
    cross = value(0, 1, 1, 1) - value(0, 1, 1, -1) - value(0, 1, -1, 1) + value(0, 1, -1, -1)
    information[0, 1] = information[1, 0] = -cross / (4 * h[0] * h[1])
    return sqrt(float(np.linalg.inv(information)[0, 0]))
