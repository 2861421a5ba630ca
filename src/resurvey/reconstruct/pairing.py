"""Choose pairs of replicates of two arms so that the ratio and the width of its interval are as printed."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from resurvey.survival.cox import stack_cox
from resurvey.survival.risksets import stack_risk_sets

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

REFINEMENTS = 4
PARTNERS = 6
REUSE = 0.15
# The error of a variance is measured in widths of its window, or in 2 % of the variance if that is wider, and counts
# for at most five of these, so that an unattainable printed width does not worsen the ratio.
NARROWEST, MOST_WIDTHS = 0.02, 5.0
MOST_USES = 5  # of one replicate, so that an unattainable ratio does not leave only a few extreme replicates
RATIO_SHARE, OTHER_SHARE = 1 / 5, 1 / 3
FAR = 30.0  # stands for the log ratio and its standard error if they are not finite
CACHED = 25_000  # patients whose risk sets are computed at once


@dataclass
class Stack:
    """Patients of every replicate of an arm, arrays (replicates, n), each row sorted by time."""

    time: Floats
    event: Floats

    def __len__(self) -> int:
        return self.time.shape[0]

    def rows(self, index: Ints) -> Stack:
        """The replicates of `index`, in that order."""
        return Stack(self.time[index], self.event[index])


@dataclass(frozen=True)
class Target:
    """Target of a pair.

    Attributes
    ----------
    low, aim, high : float
        Range in which the log ratio rounds to the printed one, and the best value in it: the middle of the confidence
        interval if one is printed.
    se : (float, float), optional
        Standard errors for which both limits of a ratio at `aim` round to the printed ones.
    reach : float
        How far from the window a log ratio may remain, because it can be moved there afterwards.
    aims : (pairs,) ndarray, optional
        A separate target log ratio for each pair, with a window as wide as that from `low` to `high`.
    """

    low: float
    aim: float
    high: float
    se: tuple[float, float] | None = None
    reach: float = 0.0
    aims: Floats | None = None

    def meets(self, log_hr: Floats) -> NDArray[np.bool_]:
        """Whether the log ratio is within its window."""
        return (log_hr >= self.low) & (log_hr <= self.high)


@dataclass
class Pairs:
    """Replicate i of the first arm with replicate j of the second, and the log ratio with its standard error.

    `off` is the distance between random pairs and the target, in standard deviations of their log ratio.
    """

    i: Ints
    j: Ints
    log_hr: Floats
    se: Floats
    off: float = 0.0


def cox(a: Stack, b: Stack) -> tuple[Floats, Floats]:
    """Log hazard ratio, first arm against second, and its standard error, for each row of two stacks of equal length.

    Rows without a finite ratio (an arm has no event while both are at risk) have `FAR` for both, so that they can be
    used in calculations but are chosen only if there is no alternative.
    """
    mark = np.zeros((1, a.time.shape[1] + b.time.shape[1]), dtype=bool)
    mark[:, : a.time.shape[1]] = True
    made = []
    # In blocks whose arrays fit into the processor's cache, this takes a third of the time of all pairs at once.
    for block in np.array_split(np.arange(len(a)), math.ceil(len(a) * mark.size / CACHED)):
        time, event = np.hstack([a.time[block], b.time[block]]), np.hstack([a.event[block], b.event[block]])
        sets = stack_risk_sets(time, event, np.broadcast_to(mark, time.shape))
        made.append(stack_cox(sets, tolerance=1e-8))
    log_hr, se = (np.concatenate(part) for part in zip(*made, strict=True))
    none = ~np.isfinite(log_hr)
    return np.where(none, FAR, log_hr), np.where(none, FAR, se)


def choose(a: Stack, b: Stack, target: Target, pairs: int, rng: np.random.Generator) -> Pairs:
    """Give each replicate of the first arm a partner of the second with which the target is met, or nearly met.

    The log ratio and its variance are both nearly the sum of a contribution from each arm's replicate. The sums predict
    which partners are worth trying, and their errors correct the next choice.
    """
    other = len(b)
    chosen = paired_at_random(len(a), other, max(len(a), pairs), rng)
    part_b, variance_b = _cox_squared(a, b, np.full(other, chosen.i[0]), np.arange(other))
    part_b, variance_b = part_b - np.median(part_b), variance_b - np.median(variance_b)
    chosen.log_hr, chosen.se = cox(a.rows(chosen.i), b.rows(chosen.j))
    off = abs(target.aim - np.median(chosen.log_hr)) / max(float(np.std(chosen.log_hr)), 1e-9)
    part_a, variance_a = chosen.log_hr - part_b[chosen.j], chosen.se**2 - variance_b[chosen.j]
    kept = _completable(target.aim - part_a, part_b)[:pairs]
    chosen = Pairs(chosen.i[kept], chosen.j[kept], chosen.log_hr[kept], chosen.se[kept], off)
    part_a, variance_a = part_a[kept], variance_a[kept]
    aim = _Aim.drawn(target, pairs, rng, variance_a, variance_b)
    tried = np.zeros((pairs, other), dtype=bool)
    tried[np.arange(pairs), chosen.j] = True
    uses, most = np.bincount(chosen.j, minlength=other), math.ceil(MOST_USES * pairs / other)
    for _ in range(REFINEMENTS):
        open_ = np.flatnonzero(~aim.settled(chosen.log_hr, chosen.se**2))
        if not open_.size or tried[open_].all():
            break
        cost = aim.distance(part_a[open_, None] + part_b, variance_a[open_, None] + variance_b, open_) + REUSE * uses
        cost = np.where(tried[open_] | (uses >= most), np.inf, cost + 0.01 * rng.random(cost.shape))
        trial = np.argsort(cost, axis=1, kind="stable")[:, :PARTNERS]
        tried[open_[:, None], trial] = True
        value, variance = _cox_squared(a, b, np.repeat(chosen.i[open_], trial.shape[1]), trial.ravel())
        value, variance = value.reshape(trial.shape), variance.reshape(trial.shape)
        distance = aim.distance(value, variance, open_)
        # the error of the sums for these pairs corrects the contribution of the first arm
        part_a[open_] += np.median(value - (part_a[open_, None] + part_b[trial]), axis=1)
        now = aim.distance(chosen.log_hr[open_, None], chosen.se[open_, None] ** 2, open_)[:, 0]
        for row, pair in enumerate(open_):
            for pick in np.argsort(distance[row], kind="stable"):
                partner = trial[row, pick]
                if distance[row, pick] >= now[row]:
                    break
                if uses[partner] < most:
                    uses[chosen.j[pair]] -= 1
                    uses[partner] += 1
                    chosen.j[pair], chosen.log_hr[pair] = partner, value[row, pick]
                    chosen.se[pair] = math.sqrt(variance[row, pick])
                    break
    return chosen


def without_misses(pairs: int, meets: Sequence[NDArray[np.bool_]], rng: np.random.Generator) -> Ints:
    """Source of each pair: pairs that miss a condition are replaced by pairs that meet it, if there are enough.

    `meets` says which pairs meet each of several increasingly strict conditions. A fifth of the pairs must meet the
    first (the ratio itself), a third the others (its limits and p). If fewer do, the condition is dropped.
    """
    source = np.arange(pairs)
    for met, share in zip(meets, [RATIO_SHARE] + [OTHER_SHARE] * len(meets), strict=False):
        good, bad = np.unique(source[met[source]]), np.flatnonzero(~met[source])
        if bad.size and good.size >= share * pairs:
            source[bad] = rng.choice(good, bad.size, replace=bad.size > good.size)
    return source


def _completable(wanted: Floats, part_b: Floats) -> Ints:
    """Order the replicates of the first arm by how far the value they need lies outside what the second arm offers."""
    least, most = np.quantile(part_b, [0.05, 0.95])
    return np.argsort(np.maximum(np.maximum(least - wanted, wanted - most), 0.0), kind="stable")


def paired_at_random(size: int, other: int, pairs: int, rng: np.random.Generator) -> Pairs:
    """Pair at random, using every replicate equally often."""
    i = rng.permutation(np.resize(np.arange(size), max(size, pairs)))[:pairs]
    j = rng.permutation(np.resize(np.arange(other), max(other, pairs)))[:pairs]
    return Pairs(i, j, np.empty(pairs), np.empty(pairs))


def _cox_squared(a: Stack, b: Stack, i: Ints, j: Ints) -> tuple[Floats, Floats]:
    log_hr, se = cox(a.rows(i), b.rows(j))
    return log_hr, se**2


@dataclass(frozen=True)
class _Aim:
    """The target log ratio of each pair, and the target variance if the replicates can attain it."""

    log_hr: Floats
    window: float
    variance: tuple[float, float] | None

    @classmethod
    def drawn(
        cls, target: Target, pairs: int, rng: np.random.Generator, variance_a: Floats, variance_b: Floats
    ) -> _Aim:
        width = target.high - target.low
        if target.aims is not None:
            return cls(target.aims, width, None)
        if target.se is None:
            return cls(target.aim + 0.8 * width * (rng.random(pairs) - 0.5), max(width, 2 * target.reach), None)
        # if no replicates attain the variance (a stratified or adjusted ratio), choosing would only favour extremes
        least, most = np.quantile(variance_a, [0.02, 0.98]) + np.quantile(variance_b, [0.02, 0.98])
        variance = (target.se[0] ** 2, target.se[1] ** 2)
        within = variance[0] <= most and variance[1] >= least
        return cls(np.full(pairs, target.aim), max(width, 2 * target.reach), variance if within else None)

    def distance(self, log_hr: Floats, variance: Floats, rows: Ints) -> Floats:
        """Distance of pairs from their target, in windows; shape (rows, partners)."""
        away: Floats = np.abs(log_hr - self.log_hr[rows, None]) / self.window
        if self.variance is not None:
            least, most = self.variance
            middle = 0.5 * (least + most)
            scale = max(most - least, NARROWEST * middle)
            away = away + np.minimum(np.abs(variance - middle) / scale, MOST_WIDTHS)
        return away

    def settled(self, log_hr: Floats, variance: Floats) -> NDArray[np.bool_]:
        """Pairs that need no other partner."""
        near = np.abs(log_hr - self.log_hr) <= 0.5 * self.window
        if self.variance is not None:
            near &= (variance >= self.variance[0]) & (variance <= self.variance[1])
        return near
