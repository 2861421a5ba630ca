r"""Odds ratio for rare events by beta-binomial regression; arms without events need no correction.

The number of events in an arm is beta-binomial with mean :math:`\mathrm{logit}^{-1}(a + b x)` and a common
intra-class correlation, which represents the heterogeneity between studies.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt

import numpy as np
import pandas as pd
from scipy.special import betaln, expit

from resurvey.compare.counts import read_counts
from resurvey.compare.estimates import Estimate, interval
from resurvey.errors import NotEstimable

#: Intra-class correlation below which the binomial likelihood is used.
NONE = 1e-8


@dataclass(frozen=True)
class BetaBinomial:
    """Result of `beta_binomial`.

    Attributes
    ----------
    estimate : Estimate
        Log odds ratio.
    correlation : float
        Intra-class correlation within arms; 0 means binomial.
    log_likelihood : float
        Without the binomial coefficients.
    studies : int
    """

    estimate: Estimate
    correlation: float
    log_likelihood: float
    studies: int


def beta_binomial(counts: pd.DataFrame, *, level: float = 0.95) -> BetaBinomial:
    """Pool counts by beta-binomial regression.

    Arms are treated as independent: a study without events in either arm contributes to the event rate, but the pairing
    of arms within studies is ignored. If events are not rare, or the arms of studies differ much in size, methods that
    retain the pairing are better.

    Parameters
    ----------
    counts : DataFrame
        As for `count_effects`.
    level : float, default 0.95

    Raises
    ------
    InputError
        As in `count_effects`.
    NotEstimable
        If over all studies the treatment arms or the comparator arms have no events, or only events.

    References
    ----------
    .. [1] Kuss, O. (2015). Statistics in Medicine 34, 1097-1116.
    """
    from scipy.optimize import minimize

    t = read_counts(counts)
    events = np.concatenate((t.a, t.c))
    patients = np.concatenate((t.n1, t.n2))
    mark = np.repeat([1.0, 0.0], t.a.size)
    for side, name in ((1.0, "treatment"), (0.0, "comparator")):
        own = events[mark == side].sum(), patients[mark == side].sum()
        if own[0] == 0 or own[0] == own[1]:
            raise NotEstimable(f"the {name} arms have {own[0]:g} events in {own[1]:g} patients: no finite odds ratio")

    def minus(theta: np.ndarray) -> float:
        return -_log_likelihood(theta, events, patients, mark)

    level_of = [np.log(events[mark == s].sum() / (patients - events)[mark == s].sum()) for s in (0.0, 1.0)]
    starts = [np.array([level_of[0], level_of[1] - level_of[0], rho]) for rho in (-6.0, -3.0, -1.0)]
    found = min((minimize(minus, start, method="Nelder-Mead", options={"xatol": 1e-9, "fatol": 1e-11, "maxiter": 4000})
                 for start in starts), key=lambda one: one.fun)  # fmt: skip
    theta = found.x
    rho = float(expit(theta[2]))
    free = 2 if rho < NONE else 3
    information = _hessian(minus, theta)[:free, :free]
    solvable = np.isfinite(information).all() and np.linalg.matrix_rank(information) == free
    variance = float(np.linalg.inv(information)[1, 1]) if solvable else 0.0
    if not variance > 0:
        raise NotEstimable("the likelihood is flat at its maximum")
    made = interval(float(theta[1]), sqrt(variance), level=level, label="beta-binomial or")
    return BetaBinomial(made, 0.0 if rho < NONE else rho, -float(found.fun), int(t.a.size))


def _log_likelihood(theta: np.ndarray, events: np.ndarray, patients: np.ndarray, mark: np.ndarray) -> float:
    mean = np.clip(expit(theta[0] + theta[1] * mark), 1e-12, 1 - 1e-12)
    rho = float(expit(theta[2]))
    if rho < NONE:
        return float(events @ np.log(mean) + (patients - events) @ np.log1p(-mean))
    total = (1 - rho) / rho
    a, b = mean * total, (1 - mean) * total
    return float((betaln(events + a, patients - events + b) - betaln(a, b)).sum())


def _hessian(function, theta: np.ndarray) -> np.ndarray:  # type: ignore[no-untyped-def]
    step = 1e-3 * np.maximum(np.abs(theta), 1.0)
    size = theta.size
    out = np.zeros((size, size))
    for i in range(size):
        for j in range(size):
            e, f = np.zeros(size), np.zeros(size)
            e[i], f[j] = step[i], step[j]
            corners = (
                function(theta + e + f) - function(theta + e - f) - function(theta - e + f) + function(theta - e - f)
            )
            out[i, j] = corners / (4 * step[i] * step[j])
    return out
