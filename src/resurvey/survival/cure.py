r"""Cure models, in which some patients never have the event: mixture or non-mixture (bounded cumulative hazard)."""

from __future__ import annotations

from dataclasses import replace
from math import inf

import numpy as np

from resurvey import steady
from resurvey.errors import InputError
from resurvey.survival.families import FAMILIES, Family, Times
from resurvey.survival.km import Floats

KINDS = ("mixture", "non-mixture")
#: Survival families for the uncured patients.
UNCURED = ("exponential", "weibull", "log-normal", "log-logistic")
CURE_MODELS = tuple(f"{kind}-{name}" for kind in KINDS for name in UNCURED)


def cure_family(model: str) -> Family:
    r"""The family of a cure model; the logit of the cured share is the last parameter, after those of the uncured.

    Mixture: :math:`S = \pi + (1 - \pi) S_u`. Non-mixture: :math:`S = \pi^{1 - S_u}`, with a cumulative hazard bounded
    by :math:`-\log \pi`.

    Parameters
    ----------
    model : str
        One of `CURE_MODELS`.

    Raises
    ------
    InputError
        If it is not one of them.

    References
    ----------
    .. [1] Boag, J. W. (1949). Journal of the Royal Statistical Society B 11, 15-53 (mixture).
    .. [2] Yakovlev, A. Y. and Tsodikov, A. D. (1996). Stochastic Models of Tumor Latency. World Scientific.
    .. [3] Rutherford, M. J. et al. (2020). NICE DSU Technical Support Document 21.
    """
    if model not in CURE_MODELS:
        raise InputError(f"model must be one of {', '.join(CURE_MODELS)}, found {model!r}")
    kind, _, name = model.rpartition("mixture-")
    base, curve = FAMILIES[name], _Bounded if kind else _Mixture
    return Family(
        model,
        (*base.parameters, "cured"),
        at=lambda t: curve(base.at(t)),
        start=lambda logs, rate: np.append(base.start(logs, 1.5 * rate), -0.5),
        rescale=lambda p, s: np.append(base.rescale(p[:-1], s), p[-1]),
        natural=lambda p: {**base.natural(p[:-1]), "cured": _of_logit(p[-1])},
        mean=lambda p: inf,
    )


class _Mixture(Times):
    """Mixture cure model: log S = log(pi + (1 - pi) S_u), where `base` gives S_u at the same times."""

    def __init__(self, base: Times):
        super().__init__(base.t)
        self.base = base

    def log_survival(self, theta: Floats) -> Floats:
        logit = theta[..., -1, None]
        found: Floats = steady.log_add_exp(logit, self.base.log_survival(theta[..., :-1]))
        return found - steady.log_add_exp(0, logit)

    def log_density(self, theta: Floats) -> Floats:
        return self.base.log_density(theta[..., :-1]) - steady.log_add_exp(0, theta[..., -1, None])


class _Bounded(_Mixture):
    """Non-mixture cure model: log S = (1 - S_u) log pi, with -log pi = log(1 + exp(-logit))."""

    def log_survival(self, theta: Floats) -> Floats:
        bound = steady.log_add_exp(0, -theta[..., -1, None])
        return bound * steady.expm1(self.base.log_survival(theta[..., :-1]))

    def log_density(self, theta: Floats) -> Floats:
        bound = np.asarray(steady.log(steady.log_add_exp(0, -theta[..., -1, None])))
        return self.base.log_density(theta[..., :-1]) + bound + self.log_survival(theta)


def cured_share(theta: Floats, covariance: Floats, half: float) -> tuple[float, float, float]:
    """Cured share with confidence limits from the logit scale; `half` is the normal quantile."""
    logit, se = float(theta[-1]), float(np.sqrt(covariance[-1, -1]))
    low, middle, high = (_of_logit(logit + side * half * se) for side in (-1, 0, 1))
    return middle, low, high


def _of_logit(logit: float) -> float:
    """The share with this logit; 0 where the logit is so low that its exponential overflows."""
    return 1 / (1 + steady.exp(float(-logit)))


def excess_family(family: Family, background: Floats) -> Family:
    """Turn a family into an excess hazard model, given the background hazard at each time, in the order of the times.

    Likelihood of relative survival: the hazard at a death is the sum of excess and background hazard. Background
    survival does not depend on the parameters and is omitted. The parameters mean the same as in `family`.
    """

    log_background = np.where(background > 0, steady.log(np.maximum(background, 1e-300)), -700.0)
    return replace(family, at=lambda t: _Excess(family.at(t), log_background))


class _Excess(Times):
    """Excess hazard model at given times; the background hazard is added to the hazard."""

    def __init__(self, base: Times, log_background: Floats):
        super().__init__(base.t)
        self.base, self.log_background = base, log_background

    def log_survival(self, theta: Floats) -> Floats:
        return self.base.log_survival(theta)

    def log_hazard(self, theta: Floats) -> Floats:
        return steady.log_add_exp(self.base.log_hazard(theta), self.log_background)
