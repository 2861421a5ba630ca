"""Two rebuilt arms brought together so that the hazard ratio printed between them holds."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from statistics import NormalDist

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from resurvey.errors import InconsistentReport, InputError, NotEstimable
from resurvey.reconstruct.result import Reconstruction, accuracy_table
from resurvey.reconstruct.summary_checks import decimals

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

REFINEMENTS = 4
PARTNERS = 6
REUSE = 0.15
CACHED = 25_000  # patients whose risk sets are made at once


@dataclass(frozen=True)
class HazardRatio:
    """A printed hazard ratio, first arm against second.

    Attributes
    ----------
    value : float
    lower, upper : float, optional
        Limits at `ci_level`.
    p : float, optional
        Two-sided p.
    ci_level : float, default 0.95
    rounding : float, optional
        Half a unit of the last printed digit; by default inferred from the numbers, at least two decimals.
    """

    value: float
    lower: float | None = None
    upper: float | None = None
    p: float | None = None
    ci_level: float = 0.95
    rounding: float | None = None

    @property
    def half_unit(self) -> float:
        """Half a unit of the last printed digit."""
        if self.rounding is not None:
            return self.rounding
        printed = [v for v in (self.value, self.lower, self.upper) if v is not None]
        return 0.5 * 10.0 ** -max(2, *(decimals(v) for v in printed))


@dataclass(frozen=True)
class ReconstructedPair:
    """Two arms whose replicates belong together: replicate r of `first` with replicate r of `second`.

    Attributes
    ----------
    first, second : Reconstruction
    accuracy : DataFrame
        Rows of the printed hazard ratio, its limits and p, as in `Reconstruction.accuracy`.
    undetermined : list of str
        What could not be brought to hold, in words.
    """

    first: Reconstruction
    second: Reconstruction
    accuracy: pd.DataFrame
    undetermined: list[str]

    @property
    def holds(self) -> bool:
        """Whether the printed hazard ratio holds in every replicate."""
        return bool(self.accuracy["holds"].iloc[0])


def from_pair(
    first: Reconstruction,
    second: Reconstruction,
    hazard_ratio: HazardRatio | float,
    *,
    pairs: int | None = None,
    rng: np.random.Generator | None = None,
) -> ReconstructedPair:
    """Pair the replicates of two arms so that Cox's hazard ratio is the printed one, where that can be.

    Both arms keep all that they satisfy on their own: replicates are chosen and paired, not changed. Log ratios are
    nearly a sum of a part of each arm's replicate, so each replicate of the first arm is given the partner whose part
    completes the printed value; the exact ratio of the chosen pairs then corrects the choice.

    Parameters
    ----------
    first, second : Reconstruction
        The ratio is first against second (below 1: fewer events in the first arm). An arm with a single replicate is
        used in all pairs.
    hazard_ratio : HazardRatio or float
    pairs : int, optional
        Number of pairs; by default the greater number of replicates. Fewer leave a choice of partners for each.
    rng : numpy.random.Generator, optional

    Raises
    ------
    InputError
        If the ratio, its limits or p cannot be numbers of that kind.
    InconsistentReport
        If the ratio lies outside its own interval.
    NotEstimable
        If an arm has no events, so that no ratio can be estimated.

    References
    ----------
    .. [1] Cox, D. R. (1972). Regression models and life-tables. Journal of the Royal Statistical Society B 34, 187-220.
    """
    printed = hazard_ratio if isinstance(hazard_ratio, HazardRatio) else HazardRatio(hazard_ratio)
    _check(printed)
    rng = np.random.default_rng(0) if rng is None else rng
    a, b = _stack(first), _stack(second)
    for name, (_, event) in (("first", a), ("second", b)):
        if not event.any(axis=1).all():
            raise NotEstimable(f"the {name} arm has no events in some replicate: a hazard ratio cannot be estimated")
    i, j, log_hr, se = _paired(a, b, printed, pairs or max(len(a[0]), len(b[0])), rng)
    accuracy = accuracy_table(list(_facts(printed, log_hr, se)))
    return ReconstructedPair(
        _chosen(first, a, i), _chosen(second, b, j), accuracy, list(_shortfall(printed, log_hr, i, j))
    )


def _check(hr: HazardRatio) -> None:
    values = {"hazard ratio": hr.value, "lower limit": hr.lower, "upper limit": hr.upper}
    faults = [
        f"{k} is {v!r}, expected a number greater than 0"
        for k, v in values.items()
        if v is not None and not _positive(v)
    ]
    if hr.p is not None and not (isinstance(hr.p, int | float) and 0 <= hr.p <= 1):
        faults.append(f"p is {hr.p!r}, expected a number between 0 and 1")
    if not 0 < hr.ci_level < 1:
        faults.append(f"ci_level is {hr.ci_level!r}, expected a number between 0 and 1")
    if faults:
        raise InputError("; ".join(faults))
    if (hr.lower is not None and hr.lower > hr.value) or (hr.upper is not None and hr.upper < hr.value):
        raise InconsistentReport(
            f"the hazard ratio {hr.value:g} lies outside its own interval ({hr.lower}, {hr.upper})"
        )


def _positive(v: object) -> bool:
    return isinstance(v, int | float | np.floating) and not isinstance(v, bool) and math.isfinite(v) and bool(v > 0)


def _stack(arm: Reconstruction) -> tuple[Floats, Floats]:
    """Times and marks as arrays (replicates, n)."""
    shape = (arm.n_replicates, arm.n)
    return arm.patients["time"].to_numpy(float).reshape(shape), arm.patients["event"].to_numpy(float).reshape(shape)


def _cox(a: tuple[Floats, Floats], b: tuple[Floats, Floats], i: Ints, j: Ints) -> tuple[Floats, Floats]:
    """Log hazard ratio and standard error of each pair (a[i], b[j])."""
    from resurvey.survival.cox import stack_cox
    from resurvey.survival.risksets import stack_risk_sets

    mark = np.zeros((1, a[0].shape[1] + b[0].shape[1]), dtype=bool)
    mark[:, : a[0].shape[1]] = True
    made = []
    # A block of pairs whose arrays stay in the processor's cache takes a third of the time of all at once.
    for block in np.array_split(np.arange(i.size), math.ceil(i.size * mark.size / CACHED)):
        time = np.hstack([a[0][i[block]], b[0][j[block]]])
        event = np.hstack([a[1][i[block]], b[1][j[block]]])
        sets = stack_risk_sets(time, event, np.broadcast_to(mark, time.shape))
        made.append(stack_cox(sets, tolerance=1e-8))
    log_hr, se = (np.concatenate(part) for part in zip(*made, strict=True))
    return log_hr, se


def _paired(
    a: tuple[Floats, Floats], b: tuple[Floats, Floats], hr: HazardRatio, pairs: int, rng: np.random.Generator
) -> tuple[Ints, Ints, Floats, Floats]:
    """Indices of the pairs, and their log hazard ratio and standard error."""
    size, other = a[0].shape[0], b[0].shape[0]
    i = rng.permutation(np.resize(np.arange(size), max(size, pairs)))[:pairs]
    part_b, _ = _cox(a, b, np.full(other, i[0]), np.arange(other))
    part_b = part_b - np.median(part_b)
    j = rng.permutation(np.resize(np.arange(other), max(other, pairs)))[:pairs]
    log_hr, se = _cox(a, b, i, j)
    part_a = log_hr - part_b[j]
    low, high = np.log(max(hr.value - hr.half_unit, 1e-6)), np.log(hr.value + hr.half_unit)
    aim = low + (high - low) * (0.1 + 0.8 * rng.random(pairs))
    tried = np.zeros((pairs, other), dtype=bool)
    tried[np.arange(pairs), j] = True
    for _ in range(REFINEMENTS):
        open_ = np.flatnonzero((log_hr < low) | (log_hr > high))
        if not open_.size or tried[open_].all():
            break
        used = np.bincount(np.delete(j, open_), minlength=other).astype(float)
        cost = np.abs(part_a[open_, None] + part_b - aim[open_, None]) / (high - low) + REUSE * used
        cost = np.where(tried[open_], np.inf, cost + 0.01 * rng.random(cost.shape))
        trial = np.argsort(cost, axis=1)[:, :PARTNERS]
        tried[open_[:, None], trial] = True
        value, error = _cox(a, b, np.repeat(i[open_], trial.shape[1]), trial.ravel())
        value, error = value.reshape(trial.shape), error.reshape(trial.shape)
        pick = np.argmin(np.abs(value - aim[open_, None]), axis=1)
        rows = np.arange(open_.size)
        # what the sum of parts missed for these pairs corrects the part of the first arm
        part_a[open_] += np.median(value - (part_a[open_, None] + part_b[trial]), axis=1)
        nearer = np.abs(value[rows, pick] - aim[open_]) < np.abs(log_hr[open_] - aim[open_])
        take = open_[nearer]
        j[take] = trial[rows, pick][nearer]
        log_hr[take], se[take] = value[rows, pick][nearer], error[rows, pick][nearer]
    return _without_misses(i, j, log_hr, se, low, high, rng)


def _without_misses(
    i: Ints, j: Ints, log_hr: Floats, se: Floats, low: float, high: float, rng: np.random.Generator
) -> tuple[Ints, Ints, Floats, Floats]:
    """Pairs that still miss give way to pairs that hold, where at least a third do (fewer are too narrow)."""
    good = np.flatnonzero((log_hr >= low) & (log_hr <= high))
    bad = np.flatnonzero((log_hr < low) | (log_hr > high))
    if bad.size and good.size * 3 >= i.size:
        stand_in = rng.choice(good, bad.size, replace=bad.size > good.size)
        for array in (i, j, log_hr, se):
            array[bad] = array[stand_in]
    return i, j, log_hr, se


def _chosen(arm: Reconstruction, stack: tuple[Floats, Floats], index: Ints) -> Reconstruction:
    """The arm with its replicates in the order of the pairs."""
    n = stack[0].shape[1]
    patients = pd.DataFrame(
        {
            "replicate": np.repeat(np.arange(index.size), n),
            "time": stack[0][index].ravel(),
            "event": stack[1][index].astype(np.int64).ravel(),
        }
    )
    return replace(arm, patients=patients)


def _facts(hr: HazardRatio, log_hr: Floats, se: Floats) -> Iterator[dict[str, object]]:
    z = NormalDist().inv_cdf(0.5 + hr.ci_level / 2)
    p = np.array([2 * NormalDist().cdf(-abs(v)) for v in log_hr / se])
    rows = [
        ("hazard ratio", hr.value, np.exp(log_hr), hr.half_unit),
        ("hazard ratio, lower limit", hr.lower, np.exp(log_hr - z * se), hr.half_unit),
        ("hazard ratio, upper limit", hr.upper, np.exp(log_hr + z * se), hr.half_unit),
        ("hazard ratio, p", hr.p, p, 0.5 * 10.0 ** -decimals(hr.p, 6) if hr.p is not None else 0.0),
    ]
    for name, printed, value, tolerance in rows:
        if printed is None:
            continue
        within = np.abs(value - printed) <= tolerance * (1 + 1e-6)
        note = "" if within.all() else f"holds in {int(within.sum())} of {within.size} replicates"
        yield {
            "fact": name,
            "printed": printed,
            "rebuilt": float(value.mean()),
            "difference": float(value.mean() - printed),
            "holds": bool(within.all()),
            "note": note,
        }


def _shortfall(hr: HazardRatio, log_hr: Floats, i: Ints, j: Ints) -> Iterator[str]:
    low, high = np.exp(log_hr.min()), np.exp(log_hr.max())
    if low < hr.value - hr.half_unit or high > hr.value + hr.half_unit:
        yield (
            f"the printed hazard ratio {hr.value:g} is not met in every pair: all else that was printed of the two "
            f"arms gives {low:.3f} to {high:.3f} (a stratified or adjusted ratio need not be that of the two curves)"
        )
    distinct = np.unique(np.column_stack([i, j]), axis=0).shape[0]
    if 2 * distinct < i.size:
        yield f"few pairs meet the printed hazard ratio: {distinct} different ones stand for {i.size} replicates"
