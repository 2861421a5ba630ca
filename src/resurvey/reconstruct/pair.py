"""Pair the replicates of two rebuilt arms so that the hazard ratio printed between them holds."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from resurvey import steady
from resurvey.errors import InconsistentReport, InputError, NotEstimable
from resurvey.reconstruct.pairing import FAR, Stack, Target, choose, without_misses
from resurvey.reconstruct.ratio_refinement import refine_ratio
from resurvey.reconstruct.result import FactRow, Reconstruction, accuracy_table
from resurvey.reconstruct.summary_checks import decimals
from resurvey.results import FactKind, Limit

Floats = NDArray[np.float64]

# Distance in the log ratio that can easily be made up by shifting patients between their neighbours.
REACH = 0.003


@dataclass(frozen=True)
class HazardRatio:
    """A printed hazard ratio, first arm against second.

    Attributes
    ----------
    value : float
    lower, upper : float, optional
        Confidence limits at `ci_level`.
    p : float, optional
    ci_level : float, default 0.95
    rounding : float, optional
        Half a unit of the last printed digit; by default inferred from the numbers, assuming at least two decimals.
    limits_rounding : (float, float), optional
        The same for the lower and the upper limit, if their decimals differ from those of the ratio.
    p_rounding : float, optional
        The same for `p`; by default inferred from it, assuming at least two decimals.
    p_sided : {1, 2}, optional
        Sides of the test; by default 2, unless only a one-sided test agrees with the printed interval.
    stratified : bool, default False
        Whether the ratio comes from a model with strata or covariates; its limits and p then need not hold for the two
        groups.
    """

    value: float
    lower: float | None = None
    upper: float | None = None
    p: float | None = None
    ci_level: float = 0.95
    rounding: float | None = None
    limits_rounding: tuple[float, float] | None = None
    p_rounding: float | None = None
    p_sided: int | None = None
    stratified: bool = False

    @property
    def half_unit(self) -> float:
        """Half a unit of the last printed digit."""
        if self.rounding is not None:
            return self.rounding
        printed = [v for v in (self.value, self.lower, self.upper) if v is not None]
        return 0.5 * 10.0 ** -max(2, *(decimals(v) for v in printed))

    @property
    def limit_half_units(self) -> tuple[float, float]:
        """Half a unit of the last printed digit of the lower and the upper limit."""
        return self.limits_rounding or (self.half_unit, self.half_unit)

    @property
    def p_half_unit(self) -> float:
        """Half a unit of the last printed digit of `p`, which must have been printed."""
        assert self.p is not None, "no p is printed"
        return self.p_rounding if self.p_rounding is not None else 0.5 * 10.0 ** -max(2, decimals(self.p, 6))

    @property
    def z(self) -> float:
        """Normal quantile of the two-sided level."""
        return steady.critical_value(self.ci_level)

    @property
    def variances(self) -> tuple[float, float, float] | None:
        """Smallest, middle and largest variance of the log ratio that the rounded limits allow.

        None if the interval is missing, or so narrow that its width is within rounding.
        """
        if self.lower is None or self.upper is None:
            return None
        below, above = self.limit_half_units
        ends = [(self.lower + below, self.upper - above), (self.lower, self.upper)]
        ends.append((max(self.lower - below, 1e-9), self.upper + above))
        if any(not 0 < bottom < top for bottom, top in ends):
            return None
        least, middle, most = ((steady.log(top / bottom) / (2 * self.z)) ** 2 for bottom, top in ends)
        return least, middle, most

    @property
    def sides(self) -> int:
        """Sides of the test of `p`: as given, otherwise what agrees with the printed interval, two-sided first."""
        if self.p_sided is not None or self.p is None or self.variances is None:
            return self.p_sided or 2
        least, _, most = self.variances
        away = abs(steady.log(self.value))
        step = self.half_unit / self.value
        low, high = (NormalDist().cdf(-z) for z in ((away + step) / math.sqrt(least), max(away - step, 0) / most**0.5))
        half = self.p_half_unit
        return next((k for k in (2, 1) if k * low - half <= self.p <= k * high + half), 2)


@dataclass(frozen=True)
class ReconstructedPair:
    """Two arms with paired replicates: replicate r of `first` belongs to replicate r of `second`.

    Attributes
    ----------
    first, second : Reconstruction
    accuracy : DataFrame
        Rows of the printed hazard ratio, its limits and p, as in `Reconstruction.accuracy`.
    undetermined : list of str
        What could not be made to hold, in words.
    off : float
        Distance between the printed log ratio and that of replicates paired at random, in standard deviations of the
        latter.
    """

    first: Reconstruction
    second: Reconstruction
    accuracy: pd.DataFrame
    undetermined: list[str]
    off: float

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
    """Pair the replicates of two arms so that Cox's hazard ratio is the printed one, if possible.

    Each arm continues to satisfy its own printed numbers. The log ratio is nearly the sum of a contribution from each
    arm's replicate. Each replicate of the first arm is therefore given the partner whose contribution completes the
    printed value and whose events give the printed width of the interval; the exact ratio of the chosen pairs then
    corrects the choice. The remaining distance is made up by moving all patients by the same fraction of the way
    towards a neighbour in their own arm, later in one arm and earlier in the other. No rank within an arm changes, and
    no patient passes or leaves a time at which something is printed. Arms rebuilt from a curve are not shifted.

    Parameters
    ----------
    first, second : Reconstruction
        The ratio is first against second (below 1: lower hazard in the first arm). An arm with a single replicate is
        used in all pairs.
    hazard_ratio : HazardRatio or float
    pairs : int, optional
        Number of pairs; by default the larger number of replicates. With fewer, there is a choice of partners.
    rng : numpy.random.Generator, optional

    Raises
    ------
    InputError
        If the ratio, its limits or p are not valid numbers.
    InconsistentReport
        If the ratio lies outside its own interval.
    NotEstimable
        If an arm has no events, or no pair has events of both arms while both are at risk: no ratio can then be
        estimated.

    References
    ----------
    .. [1] Cox, D. R. (1972). Regression models and life-tables. Journal of the Royal Statistical Society B 34, 187-220.
    """
    printed = hazard_ratio if isinstance(hazard_ratio, HazardRatio) else HazardRatio(hazard_ratio)
    check_ratio(printed)
    rng = np.random.default_rng(0) if rng is None else rng
    pairs = pairs or max(first.n_replicates, second.n_replicates)
    own, (a, b) = stacks(first, second, pairs)
    kept = (first.printed, second.printed) if first.printed is not None and second.printed is not None else None
    target = _target(printed, REACH if kept else 0.0)
    chosen = choose(a, b, target, pairs, rng)
    a, b = a.rows(chosen.i), b.rows(chosen.j)
    if kept:
        chosen.log_hr, chosen.se = refine_ratio(a, b, chosen.log_hr, chosen.se, target, kept, rng)
    none = chosen.se >= FAR
    if none.all():
        raise NotEstimable("in no pair do both arms have events while both are at risk: no ratio can be estimated")
    log_hr, se = np.where(none, np.nan, chosen.log_hr), np.where(none, np.nan, chosen.se)
    within = [row.within for row in _rows(printed, log_hr, se)]
    conditions = [np.logical_and.reduce(within[: k + 1]) for k in range(len(within))]
    source = without_misses(pairs, conditions, rng)
    rows = _rows(printed, log_hr[source], se[source])
    undetermined = list(_shortfall(printed, steady.exp(log_hr[source]), chosen.i[source], chosen.j[source]))
    return ReconstructedPair(
        first.with_patients(a.time[source], a.event[source], own[0][chosen.i[source]]),
        second.with_patients(b.time[source], b.event[source], own[1][chosen.j[source]]),
        accuracy_table([row.record() for row in rows]),
        undetermined,
        chosen.off,
    )


def _target(hr: HazardRatio, reach: float) -> Target:
    low, high = steady.log(max(hr.value - hr.half_unit, 1e-6)), steady.log(hr.value + hr.half_unit)
    middle = 0.5 * (low + high)
    if hr.variances is None or hr.lower is None or hr.upper is None:
        return Target(low, middle, high, None, reach)
    below, above = hr.limit_half_units
    room = 0.05 * (high - low)
    aim = min(max(0.5 * (steady.log(hr.lower) + steady.log(hr.upper)), low + room), high - room)
    least = max(aim - steady.log(hr.lower + below), steady.log(hr.upper - above) - aim) / hr.z
    most = min(aim - steady.log(max(hr.lower - below, 1e-9)), steady.log(hr.upper + above) - aim) / hr.z
    return Target(low, aim, high, (least, most) if 0 < least < most else None, reach)


def check_ratio(hr: HazardRatio) -> None:
    """Refuse a ratio with invalid numbers, or one that lies outside its own interval.

    Raises
    ------
    InputError, InconsistentReport
        As `from_pair`.
    """
    values = {"hazard ratio": hr.value, "lower limit": hr.lower, "upper limit": hr.upper}
    faults = [
        f"{k} is {v!r}, expected a number greater than 0"
        for k, v in values.items()
        if v is not None and not _positive(v)
    ]
    if hr.p is not None and not (isinstance(hr.p, int | float) and 0 <= hr.p <= 1):
        faults.append(f"p is {hr.p!r}, expected a number between 0 and 1")
    halves = {"rounding": hr.rounding, "p_rounding": hr.p_rounding}
    if hr.limits_rounding is not None:
        halves |= dict(zip(("lower", "upper"), hr.limits_rounding, strict=True))
    faults += [
        f"half a unit of the last digit ({k}) is {v!r}, expected a number greater than 0"
        for k, v in halves.items()
        if v is not None and not _positive(v)
    ]
    if hr.p_sided not in (None, 1, 2):
        faults.append(f"p_sided is {hr.p_sided!r}, expected 1, 2 or None")
    if not 0.01 <= hr.ci_level <= 0.999999:
        faults.append(f"ci_level is {hr.ci_level!r}, expected a number between 0.01 and 0.999999")
    if faults:
        raise InputError("; ".join(faults))
    if (hr.lower is not None and hr.lower > hr.value) or (hr.upper is not None and hr.upper < hr.value):
        raise InconsistentReport(
            f"the hazard ratio {hr.value:g} lies outside its own interval ({hr.lower}, {hr.upper})"
        )


def _positive(v: object) -> bool:
    return isinstance(v, int | float | np.floating) and not isinstance(v, bool) and math.isfinite(v) and bool(v > 0)


def stacks(
    first: Reconstruction, second: Reconstruction, pairs: int
) -> tuple[tuple[NDArray[np.int64], NDArray[np.int64]], tuple[Stack, Stack]]:
    """The replicates of two arms from which pairs are chosen: their indices and their patients.

    Raises
    ------
    NotEstimable
        If an arm has no events in some replicate.
    """
    own = first.meeting(pairs), second.meeting(pairs)
    a, b = (Stack(*arm.stacked()).rows(rows) for arm, rows in zip((first, second), own, strict=True))
    for name, arm in (("first", a), ("second", b)):
        if not arm.event.any(axis=1).all():
            raise NotEstimable(f"the {name} arm has no events in some replicate: a hazard ratio cannot be estimated")
    return own, (a, b)


def _rows(hr: HazardRatio, log_hr: Floats, se: Floats) -> Iterator[FactRow]:
    """The printed numbers of the ratio, the most important first."""
    yield FactRow("hazard ratio", FactKind.HAZARD_RATIO, hr.value, steady.exp(log_hr), hr.half_unit)
    below, above = hr.limit_half_units
    for limit, printed, sign, half in ((Limit.LOWER, hr.lower, -1, below), (Limit.UPPER, hr.upper, 1, above)):
        if printed is not None:
            name, value = f"hazard ratio, {limit} limit", steady.exp(log_hr + sign * hr.z * se)
            kind, possible = FactKind.RATIO_LIMIT, not hr.stratified
            yield FactRow(name, kind, printed, value, half, limit=limit, binding=possible)
    if hr.p is not None:
        sides = hr.sides
        p = np.array([sides * NormalDist().cdf(-abs(v)) for v in log_hr / se])
        note = "read as one-sided" if sides == 1 else ""
        # if there is an interval, p adds no information for choosing patients: it is shown, but not counted
        possible = hr.variances is None and not hr.stratified
        yield FactRow("hazard ratio, p", FactKind.P, hr.p, p, hr.p_half_unit, note, binding=possible)


def _shortfall(hr: HazardRatio, ratios: Floats, i: NDArray[np.int64], j: NDArray[np.int64]) -> Iterator[str]:
    low, high = np.nanmin(ratios), np.nanmax(ratios)
    if low < hr.value - hr.half_unit or high > hr.value + hr.half_unit:
        yield (
            f"the printed hazard ratio {hr.value:g} is not met in every pair: everything else printed about "
            f"the two arms gives {low:.3f} to {high:.3f} (a stratified or adjusted ratio need not be that of the "
            "two curves)"
        )
    if np.isnan(ratios).any():
        yield f"{np.isnan(ratios).sum()} of {ratios.size} pairs have no hazard ratio: few events"
    distinct = np.unique(np.column_stack([i, j]), axis=0).shape[0]
    if 2 * distinct < i.size:
        yield f"few pairs meet the printed hazard ratio: {distinct} different ones stand for {i.size} replicates"
