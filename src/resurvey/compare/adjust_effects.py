"""Weighted effects for population-adjusted comparisons: hazard ratio, odds and risk ratio, differences; four errors.

The four standard errors of a MAIC are conventional on weights scaled to the effective sample size (the default: see
benchmarks/compare), conventional on the raw weights, sandwich, and bootstrap.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from math import exp, hypot, log, sqrt

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from resurvey.compare.adjust import Weights, effective_sample_size, entropy_solution, maic
from resurvey.compare.estimates import Estimate, as_effect, check_level, interval
from resurvey.errors import InputError, NotEstimable
from resurvey.survival import check_patients

Floats = NDArray[np.float64]
MEASURES = ("hr", "or", "rr", "rd", "md")
ERRORS = ("ess-scaled", "raw", "sandwich", "bootstrap")


@dataclass(frozen=True)
class WeightedEffect:
    """Effect of treated (1) against not (0) under weights: estimate, model-based and robust standard error."""

    estimate: float
    se_model: float
    se_robust: float


@dataclass(frozen=True)
class AdjustedEffect:
    """Result of `maic_unanchored` and `maic_anchored`.

    Attributes
    ----------
    naive, adjusted : Estimate
        Before and after weighting (log scale for hr, or, rr); `adjusted` has the standard error asked for.
    estimates : DataFrame
        method, estimate, se, lower, upper, p: unadjusted; the four standard errors; bootstrap percentile limits.
    weights : Weights
    measure : str
    messages : tuple of str
    """

    naive: Estimate
    adjusted: Estimate
    estimates: pd.DataFrame
    weights: Weights
    measure: str
    messages: tuple[str, ...] = field(default=())


def weighted_cox(
    time: ArrayLike, event: ArrayLike, treated: ArrayLike, weights: ArrayLike | None = None
) -> WeightedEffect:
    """Log hazard ratio of one binary covariate under case weights: Efron's ties, robust (Lin-Wei) variance.

    Parameters
    ----------
    time, event, treated : array-like, shape (n,)
        Times (not negative), marks (1 event), group (1 against 0).
    weights : array-like, shape (n,), optional
        Case weights, not negative. Default 1.

    Raises
    ------
    InputError
        On malformed arrays.
    NotEstimable
        If a group is empty or without events, or the ratio has no finite maximum.

    References
    ----------
    .. [1] Efron, B. (1977). Journal of the American Statistical Association 72, 557-565.
    .. [2] Lin, D. Y. and Wei, L. J. (1989). Journal of the American Statistical Association 84, 1074-1078.
    """
    t, e = check_patients(time, event)
    z, w = _check_groups(treated, weights, t.size)
    order = np.argsort(t, kind="stable")
    return _cox_sorted(t[order], e[order], z[order], w[order])


def _check_groups(treated: ArrayLike, weights: ArrayLike | None, n: int) -> tuple[Floats, Floats]:
    z = np.asarray(treated, dtype=float)
    w = np.ones(n) if weights is None else np.asarray(weights, dtype=float)
    if z.shape != (n,) or w.shape != (n,):
        raise InputError(f"treated and weights must have one value a patient ({n}), found {z.shape} and {w.shape}")
    if not np.all((z == 0) | (z == 1)):
        raise InputError(f"treated must be 0 or 1, found {z[(z != 0) & (z != 1)][0]}")
    if not np.all(np.isfinite(w)) or np.any(w < 0):
        raise InputError("weights must be finite and not negative")
    for group in (0, 1):
        if not np.any(w[z == group] > 0):
            raise NotEstimable(f"no patient with a weight above 0 has treated = {group}")
    return z, w


def _cox_sorted(t: Floats, e: Floats, z: Floats, w: Floats) -> WeightedEffect:
    if not w.all():
        there = w > 0
        t, e, z, w = t[there], e[there], z[there], w[there]
    first = np.concatenate(([True], t[1:] != t[:-1]))
    starts, group = np.flatnonzero(first), np.cumsum(first) - 1
    at_risk = [np.cumsum(part[::-1])[::-1][starts] for part in (w * z, w * (1 - z))]
    dying = [np.bincount(group, part) for part in (w * e * z, w * e * (1 - z))]
    if dying[0].sum() == 0 or dying[1].sum() == 0:
        empty = 1 if dying[0].sum() == 0 else 0
        raise NotEstimable(f"no events among patients with treated = {empty}: the hazard ratio has no finite estimate")
    deaths = np.bincount(group, e).astype(np.intp)
    rep = np.repeat(np.arange(starts.size), deaths)
    turn = np.arange(rep.size) - np.repeat(np.cumsum(deaths) - deaths, deaths)
    share = turn / deaths[rep]  # Efron: the r-th of d tied deaths leaves r / d of them out of the risk set
    a, b = (risk[rep] - share * dead[rep] for risk, dead in zip(at_risk, dying, strict=True))
    mean_weight = (dying[0] + dying[1])[rep] / deaths[rep]
    beta, p, information = _maximise(a, b, mean_weight, float(dying[0].sum()))
    residual = _score_residuals(beta, p, a, b, mean_weight, share, rep, deaths, group, e, z)
    return WeightedEffect(beta, 1 / sqrt(information), float(np.sqrt(np.sum((w * residual) ** 2))) / information)


def _maximise(a: Floats, b: Floats, weight: Floats, observed: float) -> tuple[float, Floats, float]:
    """Newton for one parameter; the score is monotone, so steps are only kept from overshooting."""
    beta = 0.0
    for _ in range(100):
        p = a * exp(beta) / (a * exp(beta) + b)
        score, information = observed - float(weight @ p), float(weight @ (p * (1 - p)))
        if information < 1e-12 * observed or abs(beta) > 30:
            break
        step = score / information
        if abs(step) < 1e-12:
            return beta, p, information
        beta += max(-2.0, min(2.0, step))
    raise NotEstimable(
        "the hazard ratio has no finite maximum: the groups are never at risk together when events occur"
    )


def _score_residuals(
    beta: float, p: Floats, a: Floats, b: Floats, weight: Floats, share: Floats, rep: NDArray[np.intp],
    deaths: NDArray[np.intp], group: NDArray[np.intp], e: Floats, z: Floats,
) -> Floats:  # fmt: skip
    """Each patient's part of the score (Lin and Wei), with Efron's fractions for patients who die at a tied time."""
    k = deaths.size
    hazard = weight / (a * exp(beta) + b)
    mean_p = np.bincount(rep, p, minlength=k) / np.maximum(deaths, 1)
    up_to, up_to_p = (np.cumsum(np.bincount(rep, part, minlength=k))[group] for part in (hazard, hazard * p))
    tied, tied_p = (np.bincount(rep, share * part, minlength=k)[group] for part in (hazard, hazard * p))
    expected = z * (up_to - e * tied) - (up_to_p - e * tied_p)
    return e * (z - mean_p[group]) - np.exp(beta * z) * expected


def weighted_means(
    response: ArrayLike, treated: ArrayLike, weights: ArrayLike | None = None, *, measure: str = "or"
) -> WeightedEffect:
    """Effect on a binary or continuous response under weights: log odds ratio, log risk ratio, or a difference.

    Parameters
    ----------
    response : array-like, shape (n,)
        0/1 for "or", "rr" and "rd"; any number for "md".
    treated, weights : as in `weighted_cox`
    measure : {"or", "rr", "rd", "md"}

    Returns
    -------
    WeightedEffect
        Robust standard error with the HC3 correction (residuals over 1 - leverage).

    Raises
    ------
    InputError, NotEstimable
        On malformed arrays; where a group has all or no responses, so that a log ratio is infinite.

    References
    ----------
    .. [1] MacKinnon, J. G. and White, H. (1985). Journal of Econometrics 29, 305-325 (HC3).
    """
    y = np.asarray(response, dtype=float)
    if y.ndim != 1 or y.size == 0 or not np.all(np.isfinite(y)):
        raise InputError("response must be a vector of finite numbers")
    z, w = _check_groups(treated, weights, y.size)
    if measure not in ("or", "rr", "rd", "md"):
        raise InputError(f"measure must be or, rr, rd or md, found {measure!r}")
    if measure != "md" and not np.all((y == 0) | (y == 1)):
        raise InputError(f"response must be 0 or 1 for {measure}, found {y[(y != 0) & (y != 1)][0]}")
    return _means_effect(y, z, w, measure)


def _means_effect(y: Floats, z: Floats, w: Floats, measure: str) -> WeightedEffect:
    values, model, robust = [], 0.0, 0.0
    for group in (1, 0):
        part = z == group
        value, own_model, own_robust = _one_mean(y[part], w[part], measure, group)
        values.append(value)
        model, robust = model + own_model, robust + own_robust
    return WeightedEffect(values[0] - values[1], sqrt(model), sqrt(robust))


def _one_mean(y: Floats, w: Floats, measure: str, group: int) -> tuple[float, float, float]:
    """Transformed mean of one group with its model-based and robust variance."""
    total = w.sum()
    mean = float(w @ y / total)
    leverage = np.minimum(w / total, 1 - 1e-12)
    robust = float(np.sum((w * (y - mean) / (1 - leverage)) ** 2)) / total**2
    if measure == "md":
        return mean, float(w @ (y - mean) ** 2 / max(total - 1, 1e-12)) / total, robust
    if measure == "rd":
        return mean, mean * (1 - mean) / total, robust
    if not 0 < mean < 1:
        kind = "odds" if measure == "or" else "risk"
        raise NotEstimable(
            f"treated = {group}: all or no patients respond, so the {kind} ratio is 0 or infinite; use rd"
        )
    slope = 1 / (mean * (1 - mean)) if measure == "or" else 1 / mean
    value = log(mean / (1 - mean)) if measure == "or" else log(mean)
    return value, mean * (1 - mean) / total * slope**2, robust * slope**2


def maic_unanchored(
    patients: pd.DataFrame,
    targets: Mapping[str, float],
    comparator: pd.DataFrame,
    *,
    measure: str = "hr",
    error: str = "ess-scaled",
    replicates: int = 1000,
    rng: np.random.Generator | None = None,
    level: float = 0.95,
    minimum_ess: float = 0.0,
) -> AdjustedEffect:
    """Compare weighted trial patients with the (rebuilt) patients of another study that has no common arm.

    Rests on the assumption that all prognostic factors and effect modifiers are among `targets`.

    Parameters
    ----------
    patients : DataFrame
        Columns named in `targets`, and time, event (hr) or response.
    targets : mapping of str to float
        Means in the comparator's population.
    comparator : DataFrame
        time, event or response of the comparator's patients; their weights are 1.
    measure : {"hr", "or", "rr", "rd", "md"}
    error : {"ess-scaled", "raw", "sandwich", "bootstrap"}
        Standard error of `adjusted`.
    replicates : int, default 1000
        Bootstrap replicates (0 leaves the bootstrap out); both sets of patients are drawn anew and the weights solved
        anew in each.
    rng : numpy.random.Generator, optional
        Default: of fixed seed.
    level, minimum_ess : float

    Returns
    -------
    AdjustedEffect
        First treatment (`patients`) against the comparator.

    Raises
    ------
    InputError, NotEstimable
        See `maic`, `weighted_cox` and `weighted_means`.
    """
    _check_options(measure, error, replicates, level)
    own, other = _outcome(patients, measure, "patients"), _outcome(comparator, measure, "comparator")
    weights = maic(patients, targets, minimum_ess=minimum_ess)
    outcome = np.concatenate((own, other), axis=1)
    z = np.concatenate((np.ones(own.shape[1]), np.zeros(other.shape[1])))
    ones = np.ones(other.shape[1])
    effect = _estimator(measure, outcome, z)
    rows = {
        "unadjusted": effect(np.ones(z.size)),
        "mean-1": effect(np.concatenate((weights.weights, ones))),
        "ess-scaled": effect(np.concatenate((weights.weights * weights.ess / weights.n, ones))),
        "raw": effect(np.concatenate((weights.raw_weights, ones))),
    }
    rng = np.random.default_rng(20_240_229) if rng is None else rng

    def replicate() -> float:
        base = np.bincount(rng.integers(0, weights.n, weights.n), minlength=weights.n).astype(float)
        new = _resampled_weights(patients, targets, weights, base)
        counts = np.bincount(rng.integers(0, ones.size, ones.size), minlength=ones.size).astype(float)
        return effect(np.concatenate((new, counts))).estimate

    drawn, messages = _bootstrap(replicate, replicates)
    return _assemble(rows, drawn, messages, weights, measure, error, level, None)


def maic_anchored(
    patients: pd.DataFrame,
    targets: Mapping[str, float],
    comparator: object,
    *,
    measure: str = "hr",
    error: str = "ess-scaled",
    replicates: int = 1000,
    rng: np.random.Generator | None = None,
    level: float = 0.95,
    minimum_ess: float = 0.0,
) -> AdjustedEffect:
    """Compare A with B through C: A against C in weighted patients, less the published B against C.

    Parameters
    ----------
    patients : DataFrame
        Both arms of the trial with patients: columns named in `targets`, treated (1 for A, 0 for C), and time, event
        (hr) or response. One set of weights is solved for both arms together.
    targets : mapping of str to float
        Means in the population of the B against C trial.
    comparator : (estimate, se), or what `bucher` takes
        B against C, on the log scale for hr, or and rr.
    measure, error, replicates, rng, level, minimum_ess : as in `maic_unanchored`

    Returns
    -------
    AdjustedEffect
        A against B.

    Raises
    ------
    InputError, NotEstimable
        See `maic`, `weighted_cox` and `weighted_means`.
    """
    _check_options(measure, error, replicates, level)
    anchor = as_effect(comparator, "comparator")
    outcome = _outcome(patients, measure, "patients")
    if "treated" not in patients:
        raise InputError(
            "patients lacks the column treated (1 for the treatment of interest, 0 for the common comparator)"
        )
    z, _ = _check_groups(patients["treated"], None, len(patients))
    weights = maic(patients, targets, minimum_ess=minimum_ess)
    effect = _estimator(measure, outcome, z)
    scaled = weights.weights.copy()
    for group in (0, 1):
        part = z == group
        scaled[part] *= effective_sample_size(scaled[part]) / scaled[part].sum()
    rows = {
        "unadjusted": effect(np.ones(z.size)),
        "mean-1": effect(weights.weights),
        "ess-scaled": effect(scaled),
        "raw": effect(weights.raw_weights),
    }
    rng = np.random.default_rng(20_240_229) if rng is None else rng
    places = [np.flatnonzero(z == group) for group in (0, 1)]

    def replicate() -> float:
        chosen = np.concatenate([own[rng.integers(0, own.size, own.size)] for own in places])
        base = np.bincount(chosen, minlength=z.size).astype(float)
        return effect(_resampled_weights(patients, targets, weights, base)).estimate

    drawn, messages = _bootstrap(replicate, replicates)
    return _assemble(rows, drawn, messages, weights, measure, error, level, anchor)


def _check_options(measure: str, error: str, replicates: int, level: float) -> None:
    check_level(level)
    if measure not in MEASURES:
        raise InputError(f"measure must be one of {', '.join(MEASURES)}, found {measure!r}")
    if error not in ERRORS:
        raise InputError(f"error must be one of {', '.join(ERRORS)}, found {error!r}")
    if replicates < 0 or (error == "bootstrap" and replicates < 100):
        raise InputError(f"replicates must be 0 or more, and at least 100 for a bootstrap error, found {replicates}")


def _outcome(table: pd.DataFrame, measure: str, name: str) -> Floats:
    """Outcome columns as rows: time and event, or response."""
    wanted = ["time", "event"] if measure == "hr" else ["response"]
    missing = [c for c in wanted if c not in table]
    if missing:
        raise InputError(f"{name} lacks the column {', '.join(missing)} that measure {measure!r} needs")
    try:
        values = table[wanted].to_numpy(dtype=float).T
    except (TypeError, ValueError):
        raise InputError(f"{name}: {' and '.join(wanted)} must be numbers") from None
    if measure == "hr":
        check_patients(*values)
    elif values.size == 0 or not np.all(np.isfinite(values)):
        raise InputError(f"{name}: response must be finite numbers")
    elif measure != "md" and not np.all((values == 0) | (values == 1)):
        raise InputError(f"{name}: response must be 0 or 1 for {measure}")
    return values


def _estimator(measure: str, outcome: Floats, z: Floats) -> Callable[[Floats], WeightedEffect]:
    """The effect as a function of the weights alone; times are sorted once."""
    if measure != "hr":
        return lambda w: _means_effect(outcome[0], z, w, measure)
    order = np.argsort(outcome[0], kind="stable")
    t, e, group = outcome[0][order], outcome[1][order], z[order]
    return lambda w: _cox_sorted(t, e, group, w[order])


def _resampled_weights(patients: pd.DataFrame, targets: Mapping[str, float], weights: Weights, base: Floats) -> Floats:
    """Weights (mean 1) of a bootstrap sample given as counts, started from the solution in the whole sample."""
    names = list(targets)
    active = weights.weights > 0
    x = patients[names].to_numpy(dtype=float)
    spread = x[active].std(axis=0)
    used = spread > 1e-12
    centred = (x[:, used] - np.array([targets[k] for k in names], dtype=float)[used]) / spread[used]
    start = weights.coefficients.to_numpy()[used] * spread[used]
    _, w, solved = entropy_solution(centred[active], base[active], start)
    if not solved:
        raise NotEstimable("the targets lie outside the convex hull of the resampled patients")
    full = np.zeros(weights.n)
    full[active] = w * weights.n
    return full


def _bootstrap(replicate: Callable[[], float], replicates: int) -> tuple[Floats, list[str]]:
    drawn, failed = [], 0
    for _ in range(replicates):
        try:
            drawn.append(replicate())
        except NotEstimable:
            failed += 1
    if failed:
        note = f"{failed} of {replicates} bootstrap replicates had no estimate and are left out"
        return np.array(drawn), [note]
    return np.array(drawn), []


def _assemble(
    rows: dict[str, WeightedEffect], drawn: Floats, messages: list[str], weights: Weights, measure: str, error: str,
    level: float, anchor: tuple[float, float] | None,
) -> AdjustedEffect:  # fmt: skip
    shift, extra = anchor if anchor is not None else (0.0, 0.0)

    def as_estimate(estimate: float, se: float, label: str) -> Estimate:
        return interval(estimate - shift, hypot(se, extra), level=level, label=label)

    naive = as_estimate(rows["unadjusted"].estimate, rows["unadjusted"].se_model, "unadjusted")
    centre = rows["mean-1"]
    table = {
        "ess-scaled": as_estimate(centre.estimate, rows["ess-scaled"].se_model, "conventional on ESS-scaled weights"),
        "raw": as_estimate(rows["raw"].estimate, rows["raw"].se_model, "conventional on raw weights"),
        "sandwich": as_estimate(centre.estimate, centre.se_robust, "sandwich"),
    }
    if drawn.size >= 50:
        spread = float(drawn.std(ddof=1))
        table["bootstrap"] = as_estimate(centre.estimate, spread, f"bootstrap ({drawn.size})")
        if anchor is None:
            lower, upper = np.quantile(drawn, [(1 - level) / 2, (1 + level) / 2])
            p = min(1.0, 2 * (min(np.sum(drawn <= 0), np.sum(drawn >= 0)) + 1) / (drawn.size + 1))
            percentile = Estimate(centre.estimate, spread, float(lower), float(upper), float(p), level, "percentile")
            table["bootstrap percentile"] = percentile
    if error not in table:
        raise NotEstimable("too few bootstrap replicates have an estimate: use another standard error")
    keys = ("estimate", "se", "lower", "upper", "p")
    lines = [
        {"method": name, **{k: getattr(e, k) for k in keys}} for name, e in [("unadjusted", naive), *table.items()]
    ]
    notes = (*weights.messages, *messages)
    return AdjustedEffect(naive, table[error], pd.DataFrame(lines), weights, measure, notes)
