"""Pair the replicates of two rebuilt arms so that the p value of a printed log-rank test holds approximately."""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from resurvey import steady
from resurvey.errors import InputError, NotEstimable
from resurvey.reconstruct.pair import ReconstructedPair, stacks
from resurvey.reconstruct.pairing import FAR, Stack, Target, choose, cox, paired_at_random
from resurvey.reconstruct.result import FactRow, Reconstruction, accuracy_table
from resurvey.results import FactKind
from resurvey.survival.logrank import stack_z
from resurvey.survival.risksets import stack_risk_sets

Floats = NDArray[np.float64]

# By how much the normal deviate of a printed test may differ from that of the two curves: because of ties, continuity
# corrections, and strata, which are usually included if a trial was stratified, but seldom mentioned beside a p.
DOUBT = 0.25
# A test further away than this, in standard deviations of the deviates of random pairs, is not of these curves.
TOO_FAR = 3.5
# Width of the window around the target of each pair, in standard errors of the log ratio.
WINDOW = 0.1
# Grid points of the distribution from which the target deviates are drawn.
POINTS = 801


@dataclass(frozen=True)
class LogRankTest:
    """The p value of a log-rank test between two arms, printed without a ratio.

    Attributes
    ----------
    low, high : float
        Bounds of p: the rounding interval of a printed value, or 0 and 0.001 for `p < 0.001`.
    printed : float
        The printed number.
    sides : {1, 2}, default 2
        Sides of the test. A one-sided test is taken to be in favour of the arm that the random pairs favour.
    """

    low: float
    high: float
    printed: float
    sides: int = 2

    def deviates(self) -> tuple[float, float]:
        """Smallest and largest absolute normal deviate; the latter is infinite if p may be 0."""
        low, high = (min(max(p / self.sides, 0.0), 0.5) for p in (self.low, self.high))
        return -steady.normal_quantile(high), math.inf if low <= 0 else -steady.normal_quantile(low)


def from_log_rank(
    first: Reconstruction,
    second: Reconstruction,
    test: LogRankTest,
    *,
    pairs: int | None = None,
    rng: np.random.Generator | None = None,
) -> ReconstructedPair:
    """Pair the replicates of two arms so that their log-rank tests agree with the printed p.

    Everything else that is printed about the arms determines the distribution of the normal deviate of the test, which
    is nearly normal over replicates paired at random. The printed p gives its absolute value but not its sign, and only
    approximately, because the test may have been stratified. Each pair is given a target deviate drawn from that
    distribution restricted to what p allows, in both directions if both are likely, and the partner whose ratio comes
    nearest to it. Each arm continues to satisfy its own printed numbers.

    Parameters
    ----------
    first, second : Reconstruction
    test : LogRankTest
    pairs : int, optional
        Number of pairs; by default the larger number of replicates.
    rng : numpy.random.Generator, optional

    Returns
    -------
    ReconstructedPair
        Its only fact is not binding: the p of a stratified test need not hold for these patients.

    Raises
    ------
    InputError
        If p is not a probability.
    NotEstimable
        If a replicate has no ratio, or p is far from what everything else printed implies.

    References
    ----------
    .. [1] Parmar, M. K. B., Torri, V. and Stewart, L. (1998). Extracting summary statistics to perform meta-analyses of
           the published literature for survival endpoints. Statistics in Medicine 17, 2815-2834; equations 5 to 7.
    """
    if not 0 <= test.low <= test.high <= 1 or test.sides not in (1, 2):
        raise InputError(
            f"p between {test.low!r} and {test.high!r}, {test.sides!r} sides: expected 0 <= low <= high <= 1 and 1 or 2"
        )
    rng = np.random.default_rng(0) if rng is None else rng
    pairs = pairs or max(first.n_replicates, second.n_replicates)
    own, (a, b) = stacks(first, second, pairs)
    log_hr, se = _usual(first, second, a, b, rng)
    if (se >= FAR).any():
        raise NotEstimable("in some pair no ratio can be estimated: few events")
    deviates, off = _aims(test, log_hr / se, pairs, rng)
    width = WINDOW * float(se.mean())
    aims = deviates * float(se.mean())
    middle = float(np.median(aims))
    target = Target(middle - width / 2, middle, middle + width / 2, aims=aims)
    chosen = choose(a, b, target, pairs, rng)
    a, b = a.rows(chosen.i), b.rows(chosen.j)
    row = FactRow(
        "log-rank test, p",
        FactKind.P,
        test.printed,
        _p_of(a, b, test.sides),
        max(test.high - test.printed, test.printed - test.low),
        "a soft condition: a test with strata, or rounding to whole patients, differs",
        binding=False,
    )
    return ReconstructedPair(
        first.with_patients(a.time, a.event, own[0][chosen.i]),
        second.with_patients(b.time, b.event, own[1][chosen.j]),
        accuracy_table([row.record()]),
        [],
        off,
    )


def _usual(
    first: Reconstruction, second: Reconstruction, a: Stack, b: Stack, rng: np.random.Generator
) -> tuple[Floats, Floats]:
    """Log ratios and standard errors without the test: of replicates as drawn if together, otherwise at random."""
    if first.shapes and first.shapes == second.shapes:
        return cox(Stack(*first.stacked()), Stack(*second.stacked()))
    random = paired_at_random(len(a), len(b), max(len(a), len(b)), rng)
    return cox(a.rows(random.i), b.rows(random.j))


def _aims(test: LogRankTest, deviates: Floats, pairs: int, rng: np.random.Generator) -> tuple[Floats, float]:
    """A target deviate for each pair, and the distance of what p allows from random pairs, in standard deviations.

    The density is that of a normal distribution with the median and standard deviation of the random pairs, times the
    probability that a deviate of that size is printed as p.
    """
    mean, spread = float(np.median(deviates)), max(float(np.std(deviates)), 1e-3)
    least, most = test.deviates()
    reach = max(least + 4 * DOUBT, abs(mean) + 6 * spread) if math.isinf(most) else most + 4 * DOUBT
    grid = np.linspace(-reach, reach, POINTS)
    size = np.sign(mean) * grid if test.sides == 1 else np.abs(grid)
    printed = steady.normal_cdf((size - least) / DOUBT)
    if math.isfinite(most):
        printed = printed - steady.normal_cdf((size - most) / DOUBT)
    likely = grid[printed >= 0.5 * printed.max()]
    off = float(np.abs(likely - mean).min()) / spread
    if off > TOO_FAR:
        raise NotEstimable(
            f"its p lies {off:.1f} standard deviations from what everything else printed about the two arms gives"
        )
    density = printed * steady.exp(-0.5 * ((grid - mean) / spread) ** 2)
    running = np.cumsum(density) / density.sum()
    # stratified sampling, in random order: the mean of the draws varies less
    places = (rng.permutation(pairs) + rng.random(pairs)) / pairs
    return np.interp(places, running, grid), off


def _p_of(a: Stack, b: Stack, sides: int) -> Floats:
    """p of the log-rank test of each pair."""
    time, event = np.hstack([a.time, b.time]), np.hstack([a.event, b.event])
    mark = np.zeros(time.shape, dtype=bool)
    mark[:, : a.time.shape[1]] = True
    z = stack_z(stack_risk_sets(time, event, mark), "logrank")
    return np.array([sides * NormalDist().cdf(-abs(value)) for value in z])
