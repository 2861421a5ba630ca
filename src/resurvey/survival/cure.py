r"""Cure models: a share of patients who never have the event, as a mixture or by a bounded cumulative hazard."""

from __future__ import annotations

from dataclasses import replace
from math import exp, inf

import numpy as np

from resurvey import steady
from resurvey.errors import InputError
from resurvey.survival.families import FAMILIES, Family
from resurvey.survival.km import Floats

KINDS = ("mixture", "non-mixture")
#: Families of the patients who are not cured.
UNCURED = ("exponential", "weibull", "log-normal", "log-logistic")
CURE_MODELS = tuple(f"{kind}-{name}" for kind in KINDS for name in UNCURED)


def cure_family(model: str) -> Family:
    r"""The family of a cure model, with the logit of the cured share behind the parameters of the others.

    Mixture: :math:`S = \pi + (1 - \pi) S_u`. Non-mixture: :math:`S = \pi^{1 - S_u}`, whose cumulative hazard is
    bounded by :math:`-\log \pi`.

    Parameters
    ----------
    model : str
        One of `CURE_MODELS`.

    Raises
    ------
    InputError
        If it is none.

    References
    ----------
    .. [1] Boag, J. W. (1949). Journal of the Royal Statistical Society B 11, 15-53 (mixture).
    .. [2] Yakovlev, A. Y. and Tsodikov, A. D. (1996). Stochastic Models of Tumor Latency. World Scientific.
    .. [3] Rutherford, M. J. et al. (2020). NICE DSU Technical Support Document 21.
    """
    if model not in CURE_MODELS:
        raise InputError(f"model must be one of {', '.join(CURE_MODELS)}, found {model!r}")
    kind = "non-mixture" if model.startswith("non-") else "mixture"
    base = FAMILIES[model.removeprefix(f"{kind}-")]
    log_survival = _mixture if kind == "mixture" else _bounded

    def density(t: Floats, p: Floats) -> Floats:
        own = p[..., :-1]
        value = base.log_hazard(t, own) + base.log_survival(t, own)
        logit = p[..., -1, None]
        if kind == "mixture":
            return value - steady.log_add_exp(0, logit)
        # -log(pi) = log(1 + exp(-logit))
        bound = steady.log_add_exp(0, -logit)
        return value + steady.log(bound) + log_survival(base, t, p)

    return Family(
        model,
        (*base.parameters, "cured"),
        lambda t, p: density(t, p) - log_survival(base, t, p),
        lambda t, p: log_survival(base, t, p),
        lambda logs, rate: np.append(base.start(logs, 1.5 * rate), -0.5),
        lambda p, s: np.append(base.rescale(p[:-1], s), p[-1]),
        lambda p: {**base.natural(p[:-1]), "cured": 1 / (1 + exp(-p[-1]))},
        lambda p: inf,
        density,
    )


def _mixture(base: Family, t: Floats, p: Floats) -> Floats:
    """log(pi + (1 - pi) S_u)."""
    logit = p[..., -1, None]
    made: Floats = steady.log_add_exp(logit, base.log_survival(t, p[..., :-1])) - steady.log_add_exp(0, logit)
    return made


def _bounded(base: Family, t: Floats, p: Floats) -> Floats:
    """(1 - S_u) log pi."""
    bound = steady.log_add_exp(0, -p[..., -1, None])
    made: Floats = bound * steady.expm1(base.log_survival(t, p[..., :-1]))
    return made


def cured_share(theta: Floats, covariance: Floats, half: float) -> tuple[float, float, float]:
    """Cured share with its limits, on the logit scale; `half` is the normal quantile."""
    logit, se = float(theta[-1]), float(np.sqrt(covariance[-1, -1]))
    low, middle, high = (1 / (1 + np.exp(-(logit + side * half * se))) for side in (-1, 0, 1))
    return middle, low, high


def excess_family(family: Family, background: Floats) -> Family:
    """The family as one of excess hazards: deaths at times whose background hazards are given, in their order.

    The likelihood of relative survival: a death has the hazard of both, and the background's survival, which no
    parameter changes, is left out. Parameters mean what they do in `family`.
    """

    def density(t: Floats, p: Floats) -> Floats:
        log_background = np.where(background > 0, steady.log(np.maximum(background, 1e-300)), -700.0)
        hazard = steady.log_add_exp(family.log_hazard(t, p), log_background)
        made: Floats = hazard + family.log_survival(t, p)
        return made

    return replace(family, log_density=density)
