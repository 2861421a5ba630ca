"""Matching-adjusted indirect comparison, anchored or unanchored, with four standard errors.

The standard errors are: conventional with weights scaled to the effective sample size (the default: see
benchmarks/compare), conventional with the raw weights, sandwich, and bootstrap. Bootstrap replicates can be computed in
blocks, on any machine.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from math import hypot
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from resurvey.arrays import MOST_REPLICATES, check_count, unmasked
from resurvey.compare.adjust import Weights, effective_sample_size, entropy_solution, maic
from resurvey.compare.adjust_effects import MEASURES, WeightedEffect, check_groups, cox_sorted, means_effect
from resurvey.compare.estimates import Estimate, as_effect, check_level, interval
from resurvey.errors import InputError, NotEstimable
from resurvey.survival import check_patients

Floats = NDArray[np.float64]
ERRORS = ("ess-scaled", "raw", "sandwich", "bootstrap")


@dataclass(frozen=True)
class AdjustedEffect:
    """Result of `maic_unanchored` and `maic_anchored`.

    Attributes
    ----------
    naive, adjusted : Estimate
        Before and after weighting (log scale for hr, or, rr); `adjusted` has the requested standard error.
    estimates : DataFrame
        method, estimate, se, lower, upper, p. Rows: unadjusted, each of the four standard errors, bootstrap percentile
        limits.
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


def maic_unanchored(
    patients: pd.DataFrame,
    targets: Mapping[str, float],
    comparator: pd.DataFrame,
    *,
    measure: str = "hr",
    error: str = "ess-scaled",
    replicates: int = 1000,
    rng: np.random.Generator | None = None,
    drawn: ArrayLike | None = None,
    level: float = 0.95,
    minimum_ess: float = 0.0,
) -> AdjustedEffect:
    """Compare weighted trial patients with the (reconstructed) patients of another study without a common arm.

    The comparison assumes that `targets` includes all prognostic factors and effect modifiers.

    Parameters
    ----------
    patients : DataFrame
        Columns named in `targets`, and time and event (hr) or response.
    targets : mapping of str to float
        Means in the comparator's population.
    comparator : DataFrame
        time and event, or response, of the comparator's patients; their weights are 1.
    measure : {"hr", "or", "rr", "rd", "md"}
    error : {"ess-scaled", "raw", "sandwich", "bootstrap"}
        Standard error of `adjusted`.
    replicates : int, default 1000
        Bootstrap replicates (0: no bootstrap). In each replicate both sets of patients are resampled and the weights
        are estimated again.
    rng : numpy.random.Generator, optional
        By default a generator with a fixed seed. Each replicate has its own stream, spawned from this generator.
    drawn : array_like, optional
        Replicate estimates already computed by `maic_bootstrap` (all blocks concatenated); no replicates are then drawn
        here.
    level, minimum_ess : float

    Returns
    -------
    AdjustedEffect
        First treatment (`patients`) versus the comparator.

    Raises
    ------
    InputError, NotEstimable
        See `maic`, `weighted_cox` and `weighted_means`.
    """
    estimates = None if drawn is None else np.asarray(unmasked(drawn, "drawn"), dtype=float)
    _check_options(measure, error, replicates if estimates is None else estimates.size, level)
    weights, effect, z, replicate = _unanchored(patients, targets, comparator, measure, minimum_ess)
    ones = np.ones(z.size - weights.n)
    rows = {
        "unadjusted": effect(np.ones(z.size)),
        "mean-1": effect(np.concatenate((weights.weights, ones))),
        "ess-scaled": effect(np.concatenate((weights.weights * weights.ess / weights.n, ones))),
        "raw": effect(np.concatenate((weights.raw_weights, ones))),
    }
    estimates = _bootstrapped(replicate, (0, replicates), rng) if estimates is None else estimates
    return _assemble(rows, estimates, weights, measure, error, level, None)


def maic_anchored(
    patients: pd.DataFrame,
    targets: Mapping[str, float],
    comparator: object,
    *,
    measure: str = "hr",
    error: str = "ess-scaled",
    replicates: int = 1000,
    rng: np.random.Generator | None = None,
    drawn: ArrayLike | None = None,
    level: float = 0.95,
    minimum_ess: float = 0.0,
) -> AdjustedEffect:
    """Compare A with B through C: A versus C in the weighted patients, minus the published effect of B versus C.

    Parameters
    ----------
    patients : DataFrame
        Both arms of the A versus C trial: columns named in `targets`, treated (1 for A, 0 for C), and time and event
        (hr) or response. One set of weights is estimated for both arms together.
    targets : mapping of str to float
        Means in the population of the B versus C trial.
    comparator : (estimate, se), or any effect that `bucher` accepts
        B versus C, on the log scale for hr, or and rr.
    measure, error, replicates, rng, drawn, level, minimum_ess : as in `maic_unanchored`

    Returns
    -------
    AdjustedEffect
        A versus B.

    Raises
    ------
    InputError, NotEstimable
        See `maic`, `weighted_cox` and `weighted_means`.
    """
    estimates = None if drawn is None else np.asarray(unmasked(drawn, "drawn"), dtype=float)
    _check_options(measure, error, replicates if estimates is None else estimates.size, level)
    anchor = as_effect(comparator, "comparator")
    weights, effect, z, replicate = _anchored(patients, targets, measure, minimum_ess)
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
    estimates = _bootstrapped(replicate, (0, replicates), rng) if estimates is None else estimates
    return _assemble(rows, estimates, weights, measure, error, level, anchor)


def maic_bootstrap(
    patients: pd.DataFrame,
    targets: Mapping[str, float],
    comparator: pd.DataFrame | None = None,
    *,
    measure: str = "hr",
    block: tuple[int, int] = (0, 1000),
    rng: np.random.Generator | None = None,
) -> Floats:
    """Compute a block of bootstrap replicates of a MAIC, so that blocks can be run separately and concatenated.

    Parameters
    ----------
    patients, targets, measure
        As for `maic_unanchored` or `maic_anchored`.
    comparator : DataFrame, optional
        Patients of the other study, for an unanchored comparison. None: `patients` holds both arms (column treated).
    block : (start, stop)
        Replicate numbers, counted from 0; `stop` is excluded. Each replicate has its own random stream, so the result
        for a replicate does not depend on which others are computed.
    rng : numpy.random.Generator, optional
        A new generator with the same seed for every block. By default a generator with a fixed seed.

    Returns
    -------
    ndarray, shape (stop - start,)
        On the log scale for hr, or and rr; NaN where a replicate has no estimate. For an anchored comparison, before
        the comparator's estimate is subtracted. All blocks concatenated form the argument `drawn` of `maic_unanchored`
        and `maic_anchored`.

    Raises
    ------
    InputError, NotEstimable
        As in those functions; also InputError if the block is invalid.
    """
    start, stop = block if len(block) == 2 else (0, 0)
    if not 0 <= start < stop:
        raise InputError(f"block is {block!r}, expected (start, stop) with 0 <= start < stop")
    _check_options(measure, "raw", stop, 0.95)
    if comparator is None:
        replicate = _anchored(patients, targets, measure, 0.0).replicate
    else:
        replicate = _unanchored(patients, targets, comparator, measure, 0.0).replicate
    return _bootstrapped(replicate, (start, stop), rng)


def maic_replicate(
    patients: pd.DataFrame, targets: Mapping[str, float], comparator: pd.DataFrame, *, measure: str = "hr"
) -> Callable[[np.random.Generator], float]:
    """Return a function that draws one bootstrap replicate of an unanchored MAIC from a random generator.

    Parameters
    ----------
    patients, targets, comparator, measure
        As for `maic_unanchored`.

    Returns
    -------
    callable
        Takes a generator and returns an estimate, on the log scale for hr, or and rr. It raises NotEstimable if the
        resampled patients give no estimate.

    Raises
    ------
    InputError, NotEstimable
        As in `maic_unanchored`.
    """
    _check_options(measure, "raw", 0, 0.95)
    return _unanchored(patients, targets, comparator, measure, 0.0).replicate


class _Prepared(NamedTuple):
    """Weights of a comparison, its effect as a function of the weights, the groups, and one bootstrap replicate."""

    weights: Weights
    effect: Callable[[Floats], WeightedEffect]
    z: Floats
    replicate: Callable[[np.random.Generator], float]


def _unanchored(
    patients: pd.DataFrame, targets: Mapping[str, float], comparator: pd.DataFrame, measure: str, minimum_ess: float
) -> _Prepared:
    own, other = _outcome(patients, measure, "patients"), _outcome(comparator, measure, "comparator")
    weights = maic(patients, targets, minimum_ess=minimum_ess)
    z = np.concatenate((np.ones(own.shape[1]), np.zeros(other.shape[1])))
    effect = _estimator(measure, np.concatenate((own, other), axis=1), z)
    others = other.shape[1]

    def replicate(rng: np.random.Generator) -> float:
        base = np.bincount(rng.integers(0, weights.n, weights.n), minlength=weights.n).astype(float)
        new = _resampled_weights(patients, targets, weights, base)
        counts = np.bincount(rng.integers(0, others, others), minlength=others).astype(float)
        return effect(np.concatenate((new, counts))).estimate

    return _Prepared(weights, effect, z, replicate)


def _anchored(patients: pd.DataFrame, targets: Mapping[str, float], measure: str, minimum_ess: float) -> _Prepared:
    outcome = _outcome(patients, measure, "patients")
    if "treated" not in patients:
        raise InputError(
            "patients lacks the column treated (1 for the treatment of interest, 0 for the common comparator)"
        )
    z, _ = check_groups(patients["treated"], None, len(patients))
    weights = maic(patients, targets, minimum_ess=minimum_ess)
    effect = _estimator(measure, outcome, z)
    places = [np.flatnonzero(z == group) for group in (0, 1)]

    def replicate(rng: np.random.Generator) -> float:
        chosen = np.concatenate([own[rng.integers(0, own.size, own.size)] for own in places])
        base = np.bincount(chosen, minlength=z.size).astype(float)
        return effect(_resampled_weights(patients, targets, weights, base)).estimate

    return _Prepared(weights, effect, z, replicate)


def _check_options(measure: str, error: str, replicates: int, level: float) -> None:
    check_level(level)
    if measure not in MEASURES:
        raise InputError(f"measure must be one of {', '.join(MEASURES)}, found {measure!r}")
    if error not in ERRORS:
        raise InputError(f"error must be one of {', '.join(ERRORS)}, found {error!r}")
    check_count("replicates", replicates, 100 if error == "bootstrap" else 0, MOST_REPLICATES)


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
    """The effect as a function of the weights alone; the times are sorted only once."""
    if measure != "hr":
        return lambda w: means_effect(outcome[0], z, w, measure)
    order = np.argsort(outcome[0], kind="stable")
    t, e, group = outcome[0][order], outcome[1][order], z[order]
    return lambda w: cox_sorted(t, e, group, w[order])


def _resampled_weights(patients: pd.DataFrame, targets: Mapping[str, float], weights: Weights, base: Floats) -> Floats:
    """Weights (mean 1) of a bootstrap sample given as counts, starting from the solution in the original sample."""
    names = list(targets)
    active = weights.weights > 0
    if not base[active].any():
        raise NotEstimable("no patient with a weight is among the resampled ones")
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


def _bootstrapped(
    replicate: Callable[[np.random.Generator], float], block: tuple[int, int], rng: np.random.Generator | None
) -> Floats:
    """Replicate estimates of a block, each from its own random stream; NaN where there is none."""
    rng = np.random.default_rng(20_240_229) if rng is None else rng
    start, stop = (check_count("block", end, 0, MOST_REPLICATES) for end in block)

    def estimate(stream: np.random.Generator) -> float:
        try:
            return replicate(stream)
        except NotEstimable:
            return np.nan

    return np.array([estimate(stream) for stream in rng.spawn(stop)[start:]])


def _assemble(
    rows: dict[str, WeightedEffect], estimates: Floats, weights: Weights, measure: str, error: str,
    level: float, anchor: tuple[float, float] | None,
) -> AdjustedEffect:  # fmt: skip
    shift, extra = anchor if anchor is not None else (0.0, 0.0)
    drawn = estimates[~np.isnan(estimates)]
    failed = estimates.size - drawn.size
    messages = [f"{failed} of {estimates.size} bootstrap replicates had no estimate and are left out"] if failed else []

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
