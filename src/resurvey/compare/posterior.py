r"""Bayesian random-effects models without sampling: normal given tau, and tau is integrated out by quadrature.

Contrasts :math:`y = X \theta + \delta + e` with independent :math:`\delta_i \sim N(0, \tau^2)` and
:math:`e_i \sim N(0, v_i)`; the prior of theta is flat or normal. The posterior of tau is one-dimensional, and the
posterior of any other quantity is a mixture of normal distributions over tau.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.polynomial.legendre import leggauss
from numpy.typing import NDArray
from scipy.special import ndtr

from resurvey.compare.priors import TauPrior
from resurvey.errors import InputError, NotEstimable

Floats = NDArray[np.float64]
#: Edges of the panels of log tau, relative to the log of the typical standard error, and number of nodes per panel.
PANELS = np.concatenate((np.arange(-22.0, -6.0, 1.0), np.arange(-6.0, 6.0, 0.5), np.arange(6.0, 17.0, 1.0)))
NODES = 12
#: Nodes with less weight than this do not change a result in double precision.
NOTHING = 1e-18
#: If one node has more than this share of the weight, the quadrature does not resolve the posterior of tau.
NARROW = 0.4


@dataclass(frozen=True)
class Mixture:
    """A mixture of normal distributions; the weights of the components sum to 1.

    Attributes
    ----------
    weight, mean, sd : (nodes,) ndarray
    """

    weight: Floats
    mean: Floats
    sd: Floats

    @property
    def expectation(self) -> float:
        """Mean."""
        return float(self.weight @ self.mean)

    @property
    def standard_deviation(self) -> float:
        """Standard deviation."""
        return float(np.sqrt(self.weight @ (self.sd**2 + (self.mean - self.expectation) ** 2)))

    def below(self, value: float) -> float:
        """Probability of being at or below a value."""
        return float(self.weight @ ndtr((value - self.mean) / self.sd))

    def quantile(self, probability: float) -> float:
        """Quantile."""
        from scipy.optimize import brentq

        centre, reach = self.expectation, 8 * self.standard_deviation
        while self.below(centre - reach) > probability or self.below(centre + reach) < probability:
            reach *= 2
        return float(brentq(lambda x: self.below(x) - probability, centre - reach, centre + reach, xtol=1e-12))

    def interval(self, level: float = 0.95, kind: str = "central") -> tuple[float, float]:
        """Central (equal tails) or shortest interval."""
        return interval_of(self.quantile, level, kind)


def interval_of(quantile: Callable[[float], float], level: float, kind: str) -> tuple[float, float]:
    """Central or shortest interval of a unimodal distribution, from its quantiles.

    Raises
    ------
    InputError
        If the level is not strictly between 0 and 1, or the kind is unknown.
    """
    from scipy.optimize import minimize_scalar

    if not 0 < level < 1:
        raise InputError(f"level must be strictly between 0 and 1 (0.95, not 95), found {level!r}")
    if kind not in ("central", "shortest"):
        raise InputError(f"kind must be central or shortest, found {kind!r}")
    tail = (1 - level) / 2
    if kind == "central":
        return quantile(tail), quantile(1 - tail)
    found = minimize_scalar(
        lambda p: quantile(p + level) - quantile(p), bounds=(0.0, 2 * tail), method="bounded", options={"xatol": 1e-9}
    )
    edge = quantile(level) - quantile(0.0) if np.isfinite(quantile(0.0)) else np.inf
    lower = 0.0 if edge <= found.fun else float(found.x)
    return quantile(lower), quantile(lower + level)


@dataclass(frozen=True)
class Posterior:
    """Posterior of a random-effects model.

    Attributes
    ----------
    y, v : (n,) ndarray
        Independent contrasts and their sampling variances.
    x : (n, p) ndarray
        Design matrix.
    prior : TauPrior
    tau, weight : (nodes,) ndarray
        Quadrature nodes of tau and their posterior weights.
    mean : (nodes, p) ndarray
        Posterior mean of theta given tau.
    covariance : (nodes, p, p) ndarray
    log_evidence : float
        Log marginal likelihood (up to a constant where a prior is improper).
    effect_prior : tuple of (float, float) or None
        Prior mean and sd of each element of theta; None for a flat prior.
    """

    y: Floats
    v: Floats
    x: Floats
    prior: TauPrior
    tau: Floats
    weight: Floats
    mean: Floats
    covariance: Floats
    log_evidence: float
    effect_prior: tuple[float, float] | None

    def effect(self, direction: Floats, *, predictive: bool = False) -> Mixture:
        """Posterior of a linear function of theta; `predictive` adds tau^2 to the variance, for a new study."""
        kept = self.weight > NOTHING
        variance = np.einsum("i,nij,j->n", direction, self.covariance[kept], direction)
        extra = self.tau[kept] ** 2 if predictive else 0.0
        return Mixture(self.weight[kept], self.mean[kept] @ direction, np.sqrt(np.maximum(variance, 0.0) + extra))

    @property
    def tau_mean(self) -> float:
        """Posterior mean of tau."""
        return float(self.weight @ self.tau)

    @property
    def tau_sd(self) -> float:
        """Posterior standard deviation of tau."""
        return float(np.sqrt(self.weight @ (self.tau - self.tau_mean) ** 2))

    def tau_below(self, value: float) -> float:
        """Posterior probability that tau is at or below a value."""
        edges, running, density = self._panels
        x = np.log(value) if value > 0 else -np.inf
        if x <= edges[0]:
            return 0.0
        panel = min(int(np.searchsorted(edges, x, side="right")) - 1, edges.size - 2)
        if x >= edges[-1]:
            return 1.0
        nodes, weights = leggauss(NODES)
        half = (x - edges[panel]) / 2
        return float(running[panel] + half * weights @ density(edges[panel] + half * (nodes + 1)))

    def tau_quantile(self, probability: float) -> float:
        """Posterior quantile of tau; 0 at probability 0."""
        from scipy.optimize import brentq

        if probability <= 0:
            return 0.0
        edges, running, _ = self._panels
        if probability >= 1:
            return float(np.exp(edges[-1]))
        panel = min(int(np.searchsorted(running, probability, side="right")) - 1, edges.size - 2)
        low, high = edges[panel], edges[panel + 1]
        return float(np.exp(brentq(lambda x: self.tau_below(np.exp(x)) - probability, low, high, xtol=1e-13)))

    def tau_interval(self, level: float = 0.95, kind: str = "central") -> tuple[float, float]:
        """Central or shortest interval of tau."""
        return interval_of(self.tau_quantile, level, kind)

    @cached_property
    def _panels(self) -> tuple[Floats, Floats, Callable[[Floats], Floats]]:
        """Panel edges in log tau, the posterior probability below each, and the posterior density of log tau."""
        edges = _edges(self.v)
        by_panel = self.weight.reshape(-1, NODES).sum(axis=1)
        running = np.concatenate(([0.0], np.cumsum(by_panel)))

        def density(x: Floats) -> Floats:
            made = _conditional(self.y, self.v, self.x, np.exp(x), self.effect_prior)
            return np.exp(made[0] + self.prior.log_density(np.exp(x)) + x - self.log_evidence)

        return edges, running, density

    @cached_property
    def fit(self) -> Fit:
        """Deviance, leverage and DIC; see `Fit`."""
        return _fit(self)


@dataclass(frozen=True)
class Fit:
    """Model fit, with the study effects as parameters.

    Attributes
    ----------
    deviance : float
        Posterior mean of the residual deviance; close to the number of contrasts where the model fits.
    parameters : float
        Effective number of parameters, pD.
    dic : float
        deviance + pD.
    by_contrast, leverage : (n,) ndarray
        Contribution of each contrast to the deviance and to pD.

    References
    ----------
    .. [1] Spiegelhalter, D. J. et al. (2002). JRSS B 64, 583-639.
    .. [2] Dias, S. et al. (2013). Medical Decision Making 33, 607-617 (residual deviance of contrasts).
    """

    deviance: float
    parameters: float
    dic: float
    by_contrast: Floats
    leverage: Floats


def posterior(
    y: Floats, v: Floats, x: Floats, prior: TauPrior, *, effect_prior: tuple[float, float] | None = None
) -> Posterior:
    """Compute the posterior of tau and theta by quadrature.

    Parameters
    ----------
    y, v : (n,) ndarray
        Independent contrasts, and their sampling variances (above 0).
    x : (n, p) ndarray
        Design matrix of full rank.
    prior : TauPrior
    effect_prior : (mean, sd), optional
        Independent normal prior of each element of theta; flat by default.

    Raises
    ------
    InputError
        If the shapes of the arrays do not match, a value is not valid, or the sd of the effect prior is not above 0.
    NotEstimable
        If the posterior is improper: theta has a flat prior and is not identified, or tau has an improper prior and
        the contrasts outnumber the parameters by fewer than three.

    References
    ----------
    .. [1] Röver, C. (2020). Journal of Statistical Software 93(6), 1-51 (pairwise; the marginal likelihood, eq. 8-10).
    """
    y, v, x = (np.asarray(part, dtype=float) for part in (y, v, x))
    if x.ndim != 2 or y.shape != (len(x),) or v.shape != y.shape or not np.all(np.isfinite(np.column_stack((y, v, x)))):
        raise InputError(f"y and v must be vectors of the rows of x, all finite; found {y.shape}, {v.shape}, {x.shape}")
    if np.any(v <= 0):
        raise InputError("v must be above 0: a contrast has its standard error")
    if effect_prior is not None and not effect_prior[1] > 0:
        raise InputError(f"effect_prior must be (mean, sd) with an sd above 0, found {effect_prior}")
    if effect_prior is None and np.linalg.matrix_rank(x) < x.shape[1]:
        raise NotEstimable("the effects are not identified by the contrasts: give them a prior")
    if not prior.proper and y.size - x.shape[1] < 2:
        raise NotEstimable(
            f"a {prior.name} prior of tau is improper, and {y.size} contrasts for {x.shape[1]} effects give no "
            "posterior: take a proper one"
        )
    nodes, weights = leggauss(NODES)
    edges = _edges(v)
    half = np.diff(edges) / 2
    log_tau = (edges[:-1, None] + half[:, None] * (nodes + 1)).ravel()
    tau = np.exp(log_tau)
    log_likelihood, mean, covariance = _conditional(y, v, x, tau, effect_prior)
    log_density = log_likelihood + prior.log_density(tau) + log_tau
    top = float(log_density.max())
    mass = np.exp(log_density - top) * (half[:, None] * weights).ravel()
    total = float(mass.sum())
    if mass.max() > NARROW * total:
        raise NotEstimable(
            f"the prior {prior.name} is so narrow that it fixes tau: take a wider one, or a model with a given tau"
        )
    return Posterior(y, v, x, prior, tau, mass / total, mean, covariance, top + float(np.log(total)), effect_prior)


def _edges(v: Floats) -> Floats:
    """Edges of the quadrature panels in log tau."""
    return 0.5 * float(np.log(np.median(v))) + PANELS


def _conditional(
    y: Floats, v: Floats, x: Floats, tau: Floats, effect_prior: tuple[float, float] | None
) -> tuple[Floats, Floats, Floats]:
    """Log marginal likelihood at each tau, and mean and covariance of theta given tau."""
    w = 1 / (v + tau[:, None] ** 2)
    precision = np.einsum("np,ni,nq->ipq", x, w.T, x)
    right = (w * y) @ x
    constant = -0.5 * y.size * np.log(2 * np.pi)
    extra = np.zeros(tau.size)
    if effect_prior is not None:
        centre, sd = effect_prior
        precision = precision + np.eye(x.shape[1]) / sd**2
        right = right + centre / sd**2
        extra = extra - 0.5 * x.shape[1] * (np.log(2 * np.pi * sd**2) + (centre / sd) ** 2)
    covariance = np.linalg.inv(precision)
    mean = np.einsum("ipq,iq->ip", covariance, right)
    log_det = np.linalg.slogdet(precision)[1]
    quadratic = (w * y**2).sum(axis=1) - np.einsum("ip,ip->i", mean, right)
    free = 0.5 * x.shape[1] * np.log(2 * np.pi)
    return 0.5 * np.log(w).sum(axis=1) - 0.5 * quadratic - 0.5 * log_det + extra + constant + free, mean, covariance


def _fit(made: Posterior) -> Fit:
    """Deviance averaged over theta, the study effects and tau, and at their posterior means."""
    share = made.tau[:, None] ** 2 / (made.tau[:, None] ** 2 + made.v)  # weight of the contrast in the study effect
    fitted = made.mean @ made.x.T
    effect = share * made.y + (1 - share) * fitted
    spread = np.einsum("np,ipq,nq->in", made.x, made.covariance, made.x)
    variance = share * made.v + (1 - share) ** 2 * spread
    mean_deviance = made.weight @ (((made.y - effect) ** 2 + variance) / made.v)
    at_mean = (made.y - made.weight @ effect) ** 2 / made.v
    leverage = mean_deviance - at_mean
    total, parameters = float(mean_deviance.sum()), float(leverage.sum())
    return Fit(total, parameters, total + parameters, mean_deviance, leverage)


def study_effect(made: Posterior, place: int) -> Mixture:
    """Posterior of the effect in one study (a shrinkage estimate)."""
    kept = made.weight > NOTHING
    share = made.tau[kept] ** 2 / (made.tau[kept] ** 2 + made.v[place])
    own = made.x[place]
    fitted = made.mean[kept] @ own
    spread = np.einsum("i,nij,j->n", own, made.covariance[kept], own)
    variance = share * made.v[place] + (1 - share) ** 2 * spread
    return Mixture(made.weight[kept], share * made.y[place] + (1 - share) * fitted, np.sqrt(variance))
