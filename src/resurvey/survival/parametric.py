"""Maximum likelihood fits of parametric survival models to one arm, and their comparison by AIC and BIC."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from math import inf, log
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from resurvey import steady
from resurvey.arrays import unmasked
from resurvey.errors import InputError, NotEstimable
from resurvey.survival.background import Background
from resurvey.survival.cure import CURE_MODELS, cure_family, excess_family
from resurvey.survival.families import FAMILIES, Family
from resurvey.survival.km import Floats, check_patients
from resurvey.survival.splines import SCALES, royston_parmar, spline_knots, tail_slope

#: Value of minus the log likelihood where it is undefined.
IMPOSSIBLE = 1e12
#: Fractions of a Newton step tried in one call.
SHRINK = 0.5 ** np.arange(8.0)
#: A curvature below this share of the largest is too small to be reliable.
FLAT = 1e-9
#: Grid points per call in the search for a quantile.
POINTS = 65
#: Minus log likelihood of one theta, shape (k,), or of several, shape (m, k).
Likelihood = Callable[[Floats], Floats]
#: Models that `fit_models` fits: the standard families, and splines on three scales with one to three inner knots.
ALL_MODELS = (*FAMILIES, *(f"spline-{scale}-{knots}" for scale in SCALES for knots in (1, 2, 3)))


@dataclass(frozen=True)
class ParametricFit:
    """A parametric survival model of one arm.

    Attributes
    ----------
    model : str
        Name of the model, as in `ALL_MODELS`.
    parameters : dict of str to float
        Natural parameters, in the unit of the times.
    theta, covariance : ndarray
        Unconstrained parameters (logarithms of positive ones) and their covariance (inverse observed information).
    log_likelihood, aic, bic : float
        From the full density of the times, as flexsurv and survreg report them; BIC uses the number of patients.
    n, events : int
        Patients and events.
    longest : float
        Longest follow-up; beyond it everything is extrapolated.
    family : Family
        The distribution.
    knots : ndarray
        Knots of a spline in log time, empty otherwise.
    """

    model: str
    parameters: dict[str, float]
    theta: Floats
    covariance: Floats
    log_likelihood: float
    aic: float
    bic: float
    n: int
    events: int
    longest: float
    family: Family
    knots: Floats

    def survival(self, times: ArrayLike) -> Floats:
        """Survival at `times` (1 at and before 0)."""
        t = np.asarray(unmasked(times, "times"), dtype=float)
        inside = np.where(t > 0, t, 1.0)
        with np.errstate(over="ignore"):  # a cumulative hazard that overflows is a survival of 0
            value = steady.exp(self.family.log_survival(inside.ravel(), self.theta)).reshape(t.shape)
        return np.where(t > 0, value, 1.0)

    def hazard(self, times: ArrayLike) -> Floats:
        """Hazard at `times` above 0, per unit of time.

        Raises
        ------
        InputError
            If a time is not above 0.
        """
        t = np.asarray(unmasked(times, "times"), dtype=float)
        if np.any(t <= 0):
            raise InputError(f"hazard needs times above 0, found {t[t <= 0].ravel()[0]:g}")
        with np.errstate(over="ignore"):
            return steady.exp(self.family.log_hazard(t.ravel(), self.theta)).reshape(t.shape)

    def quantile(self, survival: float = 0.5) -> float:
        """Time at which survival equals `survival`; infinite where the model never reaches it.

        Raises
        ------
        InputError
            If `survival` is not strictly between 0 and 1.
        """
        if not 0 < survival < 1:
            raise InputError(f"survival must be strictly between 0 and 1, found {survival!r}")
        if self.family.quantile is not None:
            return self.family.quantile(self.theta, survival)
        return self._searched(survival)

    def _searched(self, survival: float) -> float:
        """Time at which survival equals `survival`, by successive grid refinement in log time."""
        target = log(survival)

        def reached(x: Floats) -> NDArray[np.bool_]:
            with np.errstate(over="ignore"):
                return np.asarray(self.family.log_survival(steady.exp(x), self.theta) <= target)

        wide = log(self.longest) + np.arange(-200.0, 201.0)
        place = int(reached(wide).argmax())
        if not place:
            return inf
        low, high = wide[place - 1 : place + 1]
        while high - low > 1e-13 * max(abs(high), 1.0):
            x = np.linspace(low, high, POINTS)
            place = max(int(reached(x).argmax()), 1)
            low, high = x[place - 1], x[place]
        return float(steady.exp(float(low + high) / 2))

    @property
    def median(self) -> float:
        """Median survival time."""
        return self.quantile(0.5)

    def restricted_mean(self, horizon: float) -> float:
        """Area under the model's curve from 0 to `horizon`.

        Raises
        ------
        InputError
            If the horizon is not a time above 0.
        """
        if not (np.isfinite(horizon) and horizon > 0):
            raise InputError(f"horizon must be a time greater than 0, found {horizon!r}")
        nodes, weights = _gauss()
        # intervals that narrow towards 0, where the hazard may be infinite
        ends = horizon * np.array([0.0, 1e-6, 1e-4, 1e-3, 1e-2, 0.1, 0.3, 0.6, 1.0])
        half, middle = np.diff(ends) / 2, (ends[1:] + ends[:-1]) / 2
        return float(((self.survival(middle[:, None] + half[:, None] * nodes) * weights).sum(axis=1) * half).sum())

    @property
    def mean(self) -> float:
        """Unrestricted mean survival time, infinite where it does not exist. Usually largely an extrapolation."""
        if self.family.mean is not None:
            return self.family.mean(self.theta)
        if self._heavy_tail():
            return inf
        end = self.quantile(1e-14)
        if end <= self.longest:
            return self.restricted_mean(end)
        area = self.restricted_mean(self.longest) + self._area(self.longest, end)
        if "odds" not in self.model:
            return area
        # on the odds scale the tail falls as a power of time, so the area beyond `end` is not negligible
        return area + end * 1e-14 / (tail_slope(self.theta, self.knots) - 1)

    def _heavy_tail(self) -> bool:
        """Whether the area under the whole curve is infinite."""
        if self.model == "gompertz":
            return bool(self.theta[0] < 0)
        slope = tail_slope(self.theta, self.knots)
        return slope <= (1.0 if "odds" in self.model else 0.0)

    def _area(self, start: float, end: float) -> float:
        """Area under the curve between two times above 0, integrated in log time."""
        nodes, weights = _gauss()
        ends = np.linspace(log(start), log(end), 41)
        half, middle = np.diff(ends) / 2, (ends[1:] + ends[:-1]) / 2
        x = middle[:, None] + half[:, None] * nodes
        return float(((self.survival(steady.exp(x)) * steady.exp(x) * weights).sum(axis=1) * half).sum())


@cache
def _gauss() -> tuple[Floats, Floats]:
    """Gauss-Legendre nodes and weights on (-1, 1)."""
    return np.polynomial.legendre.leggauss(64)


def fit_model(time: ArrayLike, event: ArrayLike, model: str, *, background: Background | None = None) -> ParametricFit:
    """Fit one parametric model to one arm by maximum likelihood.

    Parameters
    ----------
    time, event : (n,) array_like
        Follow-up times and event indicators; events must lie after time 0.
    model : str
        One of `ALL_MODELS`, or of `resurvey.survival.cure.CURE_MODELS`: exponential (rate), weibull (shape, scale:
        S = exp(-(t/scale)^shape)), gompertz (shape, rate: h = rate exp(shape t)), log-logistic (shape, scale),
        log-normal (mean_log, sd_log), generalised-gamma (Prentice's mu, sigma, q), spline-SCALE-K with SCALE hazard,
        odds or normal and K inner knots, 0 to 3, or mixture-FAMILY and non-mixture-FAMILY, whose last parameter is the
        cured share.
    background : Background, optional
        Background mortality. The model is then for the excess hazard, and its survival is relative survival; the
        likelihood omits background survival, which does not depend on the parameters.

    Raises
    ------
    InputError
        If the vectors are not a patient table, the model is unknown, or an event lies at time 0.
    NotEstimable
        If there are fewer distinct event times than parameters, or no maximum of the likelihood is found.

    References
    ----------
    .. [1] Latimer, N. (2011). NICE DSU Technical Support Document 14.
    .. [2] Prentice, R. L. (1974). Biometrika 61, 539-544.
    .. [3] Royston, P. and Parmar, M. K. B. (2002). Statistics in Medicine 21, 2175-2197.
    """
    t, e = check_patients(time, event)
    _check_events(t, e)
    unit = float(t.sum() / e.sum())
    scaled = t / unit
    family, knots = _family(model, scaled[e == 1])
    distinct = len(np.unique(t[e == 1]))
    if distinct < len(family.parameters):
        raise NotEstimable(f"{model} has {len(family.parameters)} parameters, but there are {distinct} event times")
    dead, censored = scaled[e == 1], scaled[(e == 0) & (scaled > 0)]
    fitted = family if background is None else excess_family(family, background.hazard(t[e == 1]) * unit)

    log_likelihood = fitted.log_likelihood(dead, censored)

    def minus_log_likelihood(theta: Floats) -> Floats:
        with np.errstate(over="ignore", invalid="ignore"):
            value = -log_likelihood(theta)
        return np.where(np.isfinite(value), value, IMPOSSIBLE)

    theta = _minimise(minus_log_likelihood, family.start(steady.log(dead), 1.0), model)
    if family.degenerate and family.degenerate(theta):
        raise NotEstimable(f"{model}: the likelihood has no maximum, it rises towards a degenerate distribution")
    minus, _, information = _derivatives(minus_log_likelihood, theta)
    if not _is_a_bowl(information):
        raise NotEstimable(f"{model}: the likelihood is flat at its maximum, so its parameters are not determined")
    return _result(model, family, knots, theta, information, minus, t, e, unit)


def fit_models(arms: Mapping[Any, tuple[ArrayLike, ArrayLike]], models: Sequence[str] = ALL_MODELS) -> pd.DataFrame:
    """Fit several models to each arm separately and tabulate their log likelihood, AIC and BIC.

    Parameters
    ----------
    arms : mapping of label to (time, event)
        Patients of each arm.
    models : sequence of str
        Models, as for `fit_model`.

    Returns
    -------
    DataFrame
        Columns arm, model, parameters (their number), log_likelihood, aic, bic, median, mean, note; sorted by arm and
        AIC. A model that cannot be fitted has missing values and the reason in `note`. AIC and BIC compare models
        within an arm, not between arms.

    Raises
    ------
    InputError
        If there is no arm, an arm is not a patient table, or a model is unknown.
    """
    if not arms:
        raise InputError("arms is empty: give at least one arm")
    tables = []
    for label, (time, event) in arms.items():
        t, e = check_patients(time, event)
        rows = [{"arm": label, "model": model, **_row(t, e, model)} for model in models]
        tables.append(pd.DataFrame(rows).sort_values("aic", kind="stable", na_position="last"))
    columns = ["arm", "model", "parameters", "log_likelihood", "aic", "bic", "median", "mean", "note"]
    return pd.concat(tables, ignore_index=True)[columns]


def _row(t: Floats, e: Floats, model: str) -> dict[str, object]:
    """The table row of one model, or the reason why it could not be fitted."""
    numbers = ("parameters", "log_likelihood", "aic", "bic", "median", "mean")
    try:
        fit = fit_model(t, e, model)
    except NotEstimable as reason:
        return dict.fromkeys(numbers, float("nan")) | {"note": str(reason)}
    values = (len(fit.theta), fit.log_likelihood, fit.aic, fit.bic, fit.median, fit.mean)
    note = "" if np.isfinite(fit.mean) else "the mean is infinite: the curve does not come down to 0, or too slowly"
    return dict(zip(numbers, values, strict=True)) | {"note": note}


def _check_events(t: Floats, e: Floats) -> None:
    """Raise an error for an arm without events, or for an event at time 0, where the density is undefined."""
    if not e.sum() > 0:
        raise NotEstimable(f"no events among {t.size} patients: a parametric model needs at least one")
    if np.any(t[e == 1] <= 0):
        raise InputError(
            f"{int((t[e == 1] <= 0).sum())} events at time 0 have no density: set them to half of the unit in which "
            "times were recorded"
        )


def _family(model: str, event_times: Floats) -> tuple[Family, Floats]:
    """The family with this name; the knots of a spline are placed at centiles of the event times."""
    if model in FAMILIES:
        return FAMILIES[model], np.empty(0)
    if model in CURE_MODELS:
        return cure_family(model), np.empty(0)
    kind, _, rest = model.partition("-")
    scale, _, knots = rest.rpartition("-")
    if kind != "spline" or scale not in SCALES or knots not in {"0", "1", "2", "3"}:
        raise InputError(f"model must be one of {', '.join((*ALL_MODELS, *CURE_MODELS))}, found {model!r}")
    place = spline_knots(event_times, int(knots))
    return royston_parmar(place, scale), place


def _minimise(function: Likelihood, start: Floats, model: str) -> Floats:
    """Minimise from a starting value by Newton steps; if these fail, by BFGS, then by Nelder-Mead."""
    theta, arrived = _newton(function, _descend(function, start))
    if arrived:
        return theta
    from scipy.optimize import minimize

    ways: list[Callable[[Floats], Floats]] = [
        lambda theta: minimize(function, start, method="BFGS", options={"gtol": 1e-4}).x,
        lambda theta: minimize(function, theta, method="Nelder-Mead", options={"xatol": 1e-7, "fatol": 1e-10}).x,
    ]
    for way in ways:
        theta, arrived = _newton(function, way(theta))
        if arrived:
            return theta
    raise NotEstimable(f"{model}: the likelihood did not reach a maximum; leave this model out for this arm")


def _descend(function: Likelihood, theta: Floats, *, steps: int = 25) -> Floats:
    """Damped Newton steps from the starting value; each needs two vectorised calls of the function."""
    for _ in range(steps):
        value, gradient, hessian = _local(function, theta)
        if value >= IMPOSSIBLE or not np.all(np.isfinite(hessian)) or np.abs(hessian).max() > IMPOSSIBLE:
            break
        step = _downhill(hessian, gradient)
        if (gradient * step).sum() < 1e-6:
            break
        tried = theta - SHRINK[:, None] * step
        values = function(tried)
        if not values.min() < value:
            break
        theta = tried[values.argmin()]
    return theta


def _downhill(hessian: Floats, gradient: Floats) -> Floats:
    """Newton step; where the Hessian is not clearly positive definite, a modified step that is a descent direction."""
    if _clearly_a_bowl(hessian):
        return steady.solve(hessian, gradient)
    curvature, axes = steady.symmetric_eigen(hessian)
    curvature = np.maximum(np.abs(curvature), FLAT * np.abs(curvature).max())
    return steady.product(axes, steady.product(axes.T, gradient) / curvature)


def _clearly_a_bowl(hessian: Floats) -> bool:
    """Whether the Hessian is positive definite and not nearly flat in any direction.

    Uses Cholesky; eigenvalues take ten times as long and are needed only where this fails.
    """
    try:
        return bool(np.diag(steady.cholesky(hessian)).min() ** 2 > FLAT * np.abs(hessian).max())
    except np.linalg.LinAlgError:
        return False


def _is_a_bowl(hessian: Floats) -> bool:
    """Whether the Hessian is positive definite, so that a Newton step can be solved for."""
    try:
        steady.cholesky(hessian)
    except np.linalg.LinAlgError:
        return False
    return True


def _local(function: Likelihood, theta: Floats) -> tuple[float, Floats, Floats]:
    """Value, gradient and Hessian by finite differences, accurate enough for a step."""
    h = _steps(theta, 1e-4)
    size, k = h.diagonal(), theta.size
    i, j = np.triu_indices(k, 1)
    both = h[i] + h[j]
    values = function(np.concatenate((theta[None], theta + h, theta - h, theta + both, theta - both)))
    centre, up, down = values[0], values[1 : k + 1], values[k + 1 : 2 * k + 1]
    above, below = np.split(values[2 * k + 1 :], 2)
    hessian = np.diag((up - 2 * centre + down) / size**2)
    mixed = (above + below - up[i] - up[j] - down[i] - down[j] + 2 * centre) / (2 * size[i] * size[j])
    hessian[i, j] = hessian[j, i] = mixed
    return float(centre), (up - down) / (2 * size), hessian


def _newton(function: Likelihood, theta: Floats, *, steps: int = 30) -> tuple[Floats, bool]:
    """Newton steps by finite differences, and whether they converged."""
    for _ in range(steps):
        value, gradient, hessian = _derivatives(function, theta)
        if not np.abs(hessian).max() < IMPOSSIBLE or not _is_a_bowl(hessian):
            return theta, False
        step = steady.solve(hessian, gradient)
        if (gradient * step).sum() < 1e-11:  # twice the possible gain in log likelihood
            return theta - step, True
        while function(theta - step) > value and np.abs(step).max() > 1e-12:
            step = step / 2
        theta = theta - step
    return theta, bool((gradient * step).sum() < 1e-7)


def _steps(theta: Floats, size: float) -> Floats:
    return np.diag(size * np.maximum(np.abs(theta), 1.0))


def _derivatives(function: Likelihood, theta: Floats) -> tuple[float, Floats, Floats]:
    """Value, gradient and Hessian by central differences, in one call."""
    near, steps = _steps(theta, 6e-6), _steps(theta, 1e-4)
    size = steps.diagonal()
    i, j = np.triu_indices(theta.size, 1)
    a, b = steps[i], steps[j]
    parts = (np.zeros((1, theta.size)), 2 * steps, -2 * steps, a + b, a - b, b - a, -a - b, near, -near)
    values = function(theta + np.concatenate(parts))
    centre, *rest = np.split(values, np.cumsum([len(part) for part in parts[:-1]]))
    hessian = np.diag((rest[0] - 2 * centre + rest[1]) / (4 * size**2))
    hessian[i, j] = hessian[j, i] = (rest[2] - rest[3] - rest[4] + rest[5]) / (4 * size[i] * size[j])
    return float(centre[0]), (rest[6] - rest[7]) / (2 * near.diagonal()), hessian


def _result(
    model: str,
    family: Family,
    knots: Floats,
    theta: Floats,
    information: Floats,
    minus: float,
    t: Floats,
    e: Floats,
    unit: float,
) -> ParametricFit:
    """Convert the fit back to the time unit of the data."""
    shifted = knots + log(unit) if knots.size else knots
    original = royston_parmar(shifted, model.split("-")[1]) if knots.size else family
    jacobian = np.column_stack(
        [
            (family.rescale(theta + h, unit) - family.rescale(theta - h, unit)) / (2 * h.sum())
            for h in _steps(theta, 1e-6)
        ]
    )
    final, k, events = family.rescale(theta, unit), theta.size, int(e.sum())
    log_likelihood = -minus - events * log(unit)
    return ParametricFit(
        model,
        original.natural(final),
        final,
        jacobian @ np.linalg.inv(information) @ jacobian.T,
        log_likelihood,
        2 * k - 2 * log_likelihood,
        k * log(t.size) - 2 * log_likelihood,
        int(t.size),
        events,
        float(t.max()),
        original,
        shifted,
    )
