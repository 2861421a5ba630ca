"""Outcome models applied to a target population: g-computation, simulated treatment comparison.

A weighting method (`resurvey.compare.adjust`) models who is in the trial; the methods here model the outcome. Results
of both should be shown side by side: where they differ, at least one of the models is wrong.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from math import hypot, log, sqrt
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import expit, ndtr

from resurvey.arrays import MOST_DRAWS, check_count, check_size
from resurvey.compare.estimates import Estimate, as_effect, check_level, interval
from resurvey.errors import InputError, NotEstimable
from resurvey.survival import check_patients

if TYPE_CHECKING:
    from lifelines import CoxPHFitter

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class _OutcomeModel:
    """Regression coefficients and their sandwich covariance."""

    beta: Floats
    covariance: Floats
    link: str

    def mean(self, design: Floats) -> tuple[float, Floats]:
        """Average prediction over the rows of a design matrix, and its gradient in beta."""
        eta = design @ self.beta
        if self.link == "identity":
            return float(eta.mean()), design.mean(axis=0)
        p = expit(eta)
        return float(p.mean()), (design * (p * (1 - p))[:, None]).mean(axis=0)


def _fit(design: Floats, y: Floats, link: str, names: list[str]) -> _OutcomeModel:
    """Linear or logistic regression; sandwich covariance, scaled by n / (n - p)."""
    n, p = design.shape
    if n <= p or np.linalg.matrix_rank(design) < p:
        raise NotEstimable(
            f"the outcome model with {', '.join(names)} cannot be fitted to {n} patients: drop a covariate that is "
            "constant or implied by others"
        )
    if link == "identity":
        beta = np.asarray(np.linalg.lstsq(design, y, rcond=None)[0], dtype=np.float64)
        weight, residual = np.ones(n), y - design @ beta
    else:
        beta, weight, residual = _logistic(design, y, names)
    bread = np.linalg.inv((design * weight[:, None]).T @ design)
    score = design * residual[:, None]
    return _OutcomeModel(beta, bread @ (score.T @ score) @ bread * n / (n - p), link)


def _logistic(design: Floats, y: Floats, names: list[str]) -> tuple[Floats, Floats, Floats]:
    beta = np.zeros(design.shape[1])
    for _ in range(60):
        p = expit(design @ beta)
        weight = p * (1 - p)
        hessian = (design * weight[:, None]).T @ design
        if weight.max() < 1e-9 or np.linalg.cond(hessian) > 1e14:
            break
        step = np.linalg.solve(hessian, design.T @ (y - p))
        beta = beta + step * min(1.0, 5 / max(np.max(np.abs(design @ step)), 1e-12))
        if np.max(np.abs(design @ step)) < 1e-10:
            p = expit(design @ beta)
            return beta, p * (1 - p), y - p
    raise NotEstimable(
        f"the logistic model with {', '.join(names)} does not converge: covariates separate the responses"
    )


def covariates(table: pd.DataFrame, names: list[str], where: str) -> Floats:
    """The named columns as a matrix of finite numbers; an error names those that are not.

    Raises
    ------
    InputError
        If a column is missing, is listed twice, or is not numeric.
    """
    missing = [c for c in names if c not in table]
    if missing:
        raise InputError(f"{where} lacks the column {', '.join(missing)}")
    twice = [c for c in dict.fromkeys(names) if (table.columns == c).sum() > 1]
    if twice:
        raise InputError(f"{where} has more than one column {', '.join(map(repr, twice))}: rename or drop one")
    try:
        x = table[names].to_numpy(dtype=float)
    except (TypeError, ValueError):
        raise InputError(f"{where}: the covariates {', '.join(names)} must be numbers") from None
    if x.size == 0 or not np.all(np.isfinite(x)):
        raise InputError(f"{where}: the covariates {', '.join(names)} must be finite numbers in at least one row")
    for place, name in enumerate(names):
        check_size(f"{where}: covariate {name!r}", float(np.abs(x[:, place]).max()))
    return x


def survival_columns(table: pd.DataFrame, where: str) -> tuple[Floats, Floats]:
    """The columns time and event as checked arrays.

    Raises
    ------
    InputError
        If a column is missing, or does not hold times or event indicators.
    """
    missing = [c for c in ("time", "event") if c not in table]
    if missing:
        raise InputError(f"{where} lacks the column {', '.join(missing)}")
    try:
        return check_patients(table["time"], table["event"])
    except (TypeError, ValueError) as error:
        raise InputError(f"{where}: {error}") from None


def _response(patients: pd.DataFrame, measure: str) -> tuple[Floats, str]:
    if measure not in ("or", "rr", "rd", "md"):
        raise InputError(f"measure must be or, rr, rd or md, found {measure!r}")
    if "response" not in patients:
        raise InputError("patients lacks the column response")
    y = patients["response"].to_numpy(dtype=float)
    if not np.all(np.isfinite(y)) or (measure != "md" and not np.all((y == 0) | (y == 1))):
        wanted = "finite numbers" if measure == "md" else f"0 or 1 for {measure}"
        raise InputError(f"patients: response must be {wanted}")
    return y, "identity" if measure == "md" else "logit"


def g_computation(
    patients: pd.DataFrame,
    population: pd.DataFrame,
    comparator: object,
    *,
    measure: str = "or",
    anchored: bool = False,
    level: float = 0.95,
) -> Estimate:
    """Marginal effect in a target population: predict every member's outcome, average, then compare.

    Unanchored, the outcome model of one arm is averaged over `population` and compared with the comparator's mean.
    Anchored (patients has a column treated), the model has all interactions of treatment and covariates; A against C
    is averaged over `population`, and the published B against C is subtracted.

    Parameters
    ----------
    patients : DataFrame
        response (0/1, or any number for "md"), the covariates of `population`, and treated (0/1) when anchored.
    population : DataFrame, shape (m, p)
        Covariates of the target population: its patients, or draws (`simulate_population`).
    comparator : (estimate, se), or what `bucher` takes
        Unanchored: the comparator's log odds (or), log risk (rr), risk (rd) or mean (md). Anchored: B against C.
    measure : {"or", "rr", "rd", "md"}
    anchored : bool
    level : float

    Returns
    -------
    Estimate
        Treatment of `patients` against B; the standard error is by the delta method from the sandwich covariance of
        the model. The population's covariates are taken as known.

    References
    ----------
    .. [1] Remiro-Azócar, A., Heath, A. and Baio, G. (2022). Research Synthesis Methods 13, 716-744.
    """
    check_level(level)
    other, other_se = as_effect(comparator, "comparator")
    y, link = _response(patients, measure)
    names = list(population.columns)
    x, target = covariates(patients, names, "patients"), covariates(population, names, "population")
    if not anchored:
        model = _fit(_design(x, None), y, link, names)
        value, gradient = _transformed(model, _design(target, None), measure)
    else:
        z = _treated(patients)
        model = _fit(_design(x, z), y, link, names)
        one = _transformed(model, _design(target, np.ones(len(target))), measure)
        none = _transformed(model, _design(target, np.zeros(len(target))), measure)
        value, gradient = one[0] - none[0], one[1] - none[1]
    se = sqrt(float(gradient @ model.covariance @ gradient))
    return interval(value - other, hypot(se, other_se), level=level, label="g-computation")


def _design(x: Floats, treated: Floats | None) -> Floats:
    base = np.column_stack((np.ones(len(x)), x))
    return base if treated is None else np.column_stack((base, base * treated[:, None]))


def _treated(patients: pd.DataFrame) -> Floats:
    if "treated" not in patients:
        raise InputError("patients lacks the column treated (1 treatment of interest, 0 common comparator)")
    z = patients["treated"].to_numpy(dtype=float)
    if set(np.unique(z)) != {0.0, 1.0}:
        raise InputError(f"treated must be 0 or 1 with both present, found {sorted(set(z))[:4]}")
    return z


def _transformed(model: _OutcomeModel, design: Floats, measure: str) -> tuple[float, Floats]:
    """Average prediction on the scale of the measure, and its gradient."""
    mean, gradient = model.mean(design)
    if measure in ("rd", "md"):
        return mean, gradient
    if not 0 < mean < 1:
        raise NotEstimable(f"the average prediction is {mean:g}: it has no {measure}")
    if measure == "rr":
        return log(mean), gradient / mean
    return log(mean / (1 - mean)), gradient / (mean * (1 - mean))


def stc(
    patients: pd.DataFrame,
    targets: Mapping[str, float],
    comparator: object,
    *,
    measure: str = "or",
    anchored: bool = False,
    level: float = 0.95,
) -> Estimate:
    """Simulated treatment comparison: the outcome model evaluated at the target's mean covariates.

    For "or" this is a conditional effect (at the mean), not the marginal effect given by `g_computation`; for "md"
    the two agree. For "hr" use `stc_hazard_ratio`.

    Parameters and errors are as in `g_computation`, with `targets`, a mapping of covariate to mean, in place of
    `population`.

    Raises
    ------
    InputError
        If `targets` names no covariate.

    References
    ----------
    .. [1] Caro, J. J. and Ishak, K. J. (2010). PharmacoEconomics 28, 957-967.
    .. [2] Phillippo, D. M. et al. (2016). NICE DSU Technical Support Document 18, section 2.2.
    """
    if not targets:
        raise InputError("targets is empty: name at least one covariate and its mean in the target population")
    point = pd.DataFrame([dict(targets)])
    result = g_computation(patients, point, comparator, measure=measure, anchored=anchored, level=level)
    return interval(result.estimate, result.se, level=level, label="simulated treatment comparison")


def stc_hazard_ratio(
    patients: pd.DataFrame,
    targets: Mapping[str, float],
    comparator: object,
    *,
    level: float = 0.95,
) -> Estimate:
    """Anchored simulated treatment comparison of survival: a Cox model with covariates centred at the target.

    Estimand: the log hazard ratio of A against C **conditional** on covariates at the target's means, minus the
    published log hazard ratio of B against C. The published one is marginal; the two agree only where the covariates
    are hardly prognostic. There is no unanchored form: with different patients set at the target's means the ratio
    would be neither marginal nor conditional. `standardised_hazard_ratio` gives an unanchored marginal comparison.

    Parameters
    ----------
    patients : DataFrame
        time, event, treated (1 treatment A, 0 common comparator C) and the covariates of `targets`.
    targets : mapping of str to float
        Means in the target population.
    comparator : (estimate, se), or an object with `estimate` and `se`
        Published log hazard ratio of B against C.
    level : float

    Returns
    -------
    Estimate
        Log hazard ratio, treatment of `patients` against B.

    Raises
    ------
    InputError
        If a table is malformed, or the comparator is a table of patients.
    NotEstimable
        If the Cox model does not converge.

    References
    ----------
    .. [1] Phillippo, D. M. et al. (2016). NICE DSU Technical Support Document 18, section 2.2.
    """
    check_level(level)
    if isinstance(comparator, pd.DataFrame) and {"time", "event"} <= set(comparator.columns):
        raise InputError(
            "comparator is a table of patients: a Cox model with them at the target's means gives a ratio that is "
            "neither marginal nor conditional; use standardised_hazard_ratio, which averages over a population"
        )
    names = list(targets)
    for name in names:
        check_size(f"targets: {name!r}", float(targets[name]))
    x = covariates(patients, names, "patients") - np.array([float(targets[k]) for k in names])
    time, event = survival_columns(patients, "patients")
    columns = {f"x{i}": x[:, i] for i in range(len(names))}
    frame = pd.DataFrame({"time": time, "event": event, **columns})
    shift, extra = as_effect(comparator, "comparator")
    frame["treated"] = _treated(patients)
    for key in columns:
        frame[f"treated_{key}"] = frame["treated"] * frame[key]
    fitted = cox_fit(frame, names)
    estimate, se = float(fitted.params_["treated"]), float(fitted.standard_errors_["treated"])
    return interval(estimate - shift, hypot(se, extra), level=level, label="simulated treatment comparison")


def cox_fit(frame: pd.DataFrame, names: list[str]) -> CoxPHFitter:
    """Cox model (Efron ties) with all columns but time and event as covariates.

    Raises
    ------
    NotEstimable
        If the fit does not converge.
    """
    from lifelines import CoxPHFitter
    from lifelines.exceptions import ConvergenceError, ConvergenceWarning

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            warnings.simplefilter("error", ConvergenceWarning)
            return CoxPHFitter().fit(frame, "time", "event", fit_options={"precision": 1e-12})
    except (ConvergenceError, ConvergenceWarning, ValueError, TypeError, np.linalg.LinAlgError) as error:
        raise NotEstimable(
            f"the Cox model with {', '.join(names)} does not converge: drop a covariate that is constant, implied by "
            "others, or separates the events"
        ) from error


def simulate_population(
    means: Mapping[str, float],
    sds: Mapping[str, float] | None = None,
    *,
    like: pd.DataFrame | None = None,
    size: int = 10_000,
    rng: np.random.Generator | None = None,
) -> pd.DataFrame:
    """Draw covariates with published means from a Gaussian copula: normal where an sd is given, 0/1 otherwise.

    Parameters
    ----------
    means : mapping of str to float
        Mean, or proportion (0-1) for a 0/1 covariate.
    sds : mapping of str to float, optional
        Standard deviations of the continuous covariates.
    like : DataFrame, optional
        Patients whose rank correlations the draws reproduce; by default covariates are independent.
    size : int
    rng : numpy.random.Generator, optional
        By default with a fixed seed.

    Returns
    -------
    DataFrame, shape (size, p)

    Raises
    ------
    InputError
        If a standard deviation is not above 0, or a proportion is not between 0 and 1.
    """
    sds = {} if sds is None else sds
    names = list(means)
    check_count("size", size, 1, MOST_DRAWS)
    for name, value in {**means, **sds}.items():
        check_size(f"mean or sd of {name!r}", value)
    for name in names:
        if name in sds and not sds[name] > 0:
            raise InputError(f"sds: {name!r} must be above 0, found {sds[name]}")
        if name not in sds and not 0 <= means[name] <= 1:
            raise InputError(f"means: {name!r} has no sd, so it is a share, but {means[name]} is not within 0 to 1")
    correlation = np.eye(len(names))
    if like is not None:
        ranks = pd.DataFrame(covariates(like, names, "like"), columns=names).corr(method="spearman").fillna(0.0)
        correlation = 2 * np.sin(np.pi / 6 * ranks.to_numpy())
        np.fill_diagonal(correlation, 1.0)
    values, vectors = np.linalg.eigh(correlation)
    rng = np.random.default_rng(20_240_229) if rng is None else rng
    latent = rng.standard_normal((size, len(names))) @ (vectors * np.sqrt(np.maximum(values, 0.0))).T
    latent /= np.sqrt(np.maximum(np.sum(vectors**2 * np.maximum(values, 0.0), axis=1), 1e-12))
    drawn = {}
    for name, column in zip(names, latent.T, strict=True):
        drawn[name] = (
            means[name] + sds[name] * column if name in sds else (ndtr(column) > 1 - means[name]).astype(float)
        )
    return pd.DataFrame(drawn)
