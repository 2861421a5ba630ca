"""Two rebuilt arms brought together so that the p value of the log-rank test printed between them holds, about."""

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

# By how much the normal deviate of a printed test may be off that of the two curves: ties and continuity corrections,
# and strata, which are seldom left out where a trial was stratified, and seldom named beside a p.
DOUBT = 0.25
# A test further off, in standard deviations of the deviates of random pairs, is not one of these curves.
TOO_FAR = 3.5
# Width of the window of a pair's own aim, in standard errors of the log ratio, and trials of pairs to estimate these.
WINDOW = 0.1
# Points of the distribution that the deviates aimed at are drawn from.
POINTS = 801


@dataclass(frozen=True)
class LogRankTest:
    """The p value of a log-rank test between two arms, printed without a ratio.

    Attributes
    ----------
    low, high : float
        The p lies between them: what the rounding of a printed value leaves, or 0 and 0.001 for `p < 0.001`.
    printed : float
        The printed number.
    sides : {1, 2}, default 2
        Sides of the test. A test of one side is taken to ask for the arm that the medians favour.
    """

    low: float
    high: float
    printed: float
    sides: int = 2

    def deviates(self) -> tuple[float, float]:
        """Least and greatest size of the normal deviate; infinite where p may be 0."""
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

    All else that is printed of the arms says how the normal deviate of the test is distributed: as over replicates
    paired at random, nearly normal. The printed p says its size, not its sign, and not to the digit, because the test
    may have had strata. Each pair is given a deviate drawn from that distribution cut to what p allows, on both sides
    of no difference where both are likely, and the partner whose ratio comes nearest to it. Both arms keep all that
    they satisfy on their own.

    Parameters
    ----------
    first, second : Reconstruction
    test : LogRankTest
    pairs : int, optional
        Number of pairs; by default the greater number of replicates.
    rng : numpy.random.Generator, optional

    Returns
    -------
    ReconstructedPair
        Its one fact is not binding: no patients need have the p of a test with strata.

    Raises
    ------
    InputError
        If p is no probability.
    NotEstimable
        If a replicate has no ratio, or the p is far from what all else that is printed gives.

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
    """Log ratios and their errors without the test: of replicates drawn together as they are, of others at random."""
    if first.shapes and first.shapes == second.shapes:
        return cox(Stack(*first.stacked()), Stack(*second.stacked()))
    random = paired_at_random(len(a), len(b), max(len(a), len(b)), rng)
    return cox(a.rows(random.i), b.rows(random.j))


def _aims(test: LogRankTest, deviates: Floats, pairs: int, rng: np.random.Generator) -> tuple[Floats, float]:
    """A deviate for each pair, and how far what p allows is off what random pairs have, in standard deviations.

    The density is that of a normal distribution with mean and spread of the random pairs, times the chance that a
    deviate of that size is printed as p.
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
            f"its p lies {off:.1f} standard deviations from what all else that is printed of the two arms gives"
        )
    density = printed * steady.exp(-0.5 * ((grid - mean) / spread) ** 2)
    running = np.cumsum(density) / density.sum()
    # one draw in each of as many equal parts, in random order: their mean hangs less on the draw
    places = (rng.permutation(pairs) + rng.random(pairs)) / pairs
    return np.interp(places, running, grid), off


def _p_of(a: Stack, b: Stack, sides: int) -> Floats:
    """p of the log-rank test of each pair."""
    time, event = np.hstack([a.time, b.time]), np.hstack([a.event, b.event])
    mark = np.zeros(time.shape, dtype=bool)
    mark[:, : a.time.shape[1]] = True
    z = stack_z(stack_risk_sets(time, event, mark), "logrank")
    return np.array([sides * NormalDist().cdf(-abs(value)) for value in z])
