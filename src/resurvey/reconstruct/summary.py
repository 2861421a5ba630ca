"""Patients behind an arm that was printed without a curve: from n, events, median, landmark rates, numbers at risk."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from resurvey import steady
from resurvey.errors import InputError
from resurvey.reconstruct.hazard import Fit, fit, opposite_normals
from resurvey.reconstruct.kinds import SHAPES, Shape
from resurvey.reconstruct.prior import COMMON
from resurvey.reconstruct.result import Reconstruction
from resurvey.reconstruct.sample import Ensemble, ensemble
from resurvey.reconstruct.summary_checks import TRANSFORMS, checked
from resurvey.reconstruct.summary_facts import arm_of, periods, read_by
from resurvey.reconstruct.summary_report import report
from resurvey.reconstruct.survival_summary import SurvivalSummary

Floats = NDArray[np.float64]

# how often each transformation of the band is met with in print, before its fit is looked at
TRANSFORM_SHARE = {"log-log": 0.6, "log": 0.25, "linear": 0.15}
SMALLEST_SHARE = 0.03
LIKELY = 0.5
MOST_ROWS = 20_000_000


def from_summary(
    summary: SurvivalSummary,
    *,
    replicates: int = 200,
    rng: np.random.Generator | None = None,
    shapes: Sequence[Shape] | None = None,
    trial: Trial | None = None,
) -> Reconstruction:
    """Rebuild an ensemble of patients from printed numbers.

    Parameters
    ----------
    summary : SurvivalSummary
        What was printed; any subset that places the curve.
    replicates : int, default 200
        Members of the ensemble; each has n patients and satisfies what was printed, and they differ where it is silent.
    rng : numpy.random.Generator, optional
        Source of randomness; by default a fixed seed.
    shapes : sequence of Shape, optional
        Kinds of hazards with their shares (`resurvey.reconstruct.kinds.read_shapes`); by default those of the package.
    trial : Trial, optional
        What the arm shares with others of its trial; see `from_summaries`.

    Returns
    -------
    Reconstruction
        `evidence` is 'summary'.

    Raises
    ------
    InputError
        A number that cannot be one; all faults are listed.
    InconsistentReport
        Printed numbers that cannot all hold; all faults are listed.
    NotEstimable
        Too little to place a curve; the message says what is missing.

    References
    ----------
    .. [1] Brookmeyer, R. and Crowley, J. (1982). A confidence interval for the median survival time. Biometrics 38,
           29-41.
    """
    s = checked(summary)
    if isinstance(replicates, bool) or not isinstance(replicates, int | np.integer) or replicates < 1:
        raise InputError(f"replicates is {replicates!r}, expected a whole number, 1 or more")
    if s.n * int(replicates) > MOST_ROWS:
        raise InputError(
            f"{replicates} replicates of {s.n} patients are {s.n * int(replicates)} rows: ask for at most "
            f"{MOST_ROWS // s.n} replicates"
        )
    rng = np.random.default_rng(0) if rng is None else rng
    made, transform, end = rebuilt(s, int(replicates), rng, shapes, trial)
    return report(s, end, made, transform)


def from_summaries(
    summaries: Sequence[SurvivalSummary],
    *,
    replicates: int = 200,
    rng: np.random.Generator | None = None,
    shapes: Sequence[Shape] | None = None,
) -> list[Reconstruction]:
    """Rebuild the arms of one trial together.

    They are seen by one schedule and recruited from one population: replicate r of every arm has the same kind of
    hazard, and a part of its departure from the mean of that kind in common. Each arm keeps its own printed numbers.

    Parameters
    ----------
    summaries : sequence of SurvivalSummary
    replicates, rng, shapes
        As `from_summary`.

    Returns
    -------
    list of Reconstruction
        In the order of `summaries`.

    Raises
    ------
    InputError, InconsistentReport, NotEstimable
        As `from_summary`.
    """
    rng = np.random.default_rng(0) if rng is None else rng
    trial = Trial.drawn(replicates, rng)
    return [from_summary(s, replicates=replicates, rng=rng, shapes=shapes, trial=trial) for s in summaries]


@dataclass(frozen=True)
class Trial:
    """What the arms of one trial share in each replicate.

    Attributes
    ----------
    kind : (replicates,) ndarray
        Between 0 and 1, evenly spread: which kind of hazard and schedule of visits.
    common : (replicates, COMMON) ndarray
        Standard normals of the departure from the mean of that kind.
    """

    kind: Floats
    common: Floats

    @classmethod
    def drawn(cls, replicates: int, rng: np.random.Generator) -> Trial:
        """For a number of replicates."""
        half = (replicates + 1) // 2
        kind = (rng.permutation(half) + rng.random(half)) / half
        return cls(np.concatenate([kind, kind])[:replicates], opposite_normals(replicates, COMMON, rng))


def rebuilt(
    s: SurvivalSummary,
    size: int,
    rng: np.random.Generator,
    shapes: Sequence[Shape] | None = None,
    trial: Trial | None = None,
) -> tuple[Ensemble, str, float]:
    """Replicates of a checked summary, the transformation its interval was read by, and the end of follow-up."""
    fits, transform = weigh(s, shapes)
    made = _drawn(fits, s, size, transform, rng, trial)
    return made, transform, float(fits[0][0].arm.edges[-1])


def weigh(s: SurvivalSummary, shapes: Sequence[Shape] | None = None) -> tuple[list[tuple[Fit, float]], str]:
    """Fits under each kind of hazard and schedule of visits with their shares, and how the interval was read."""
    usual, *others = SHAPES if shapes is None else shapes
    first, *transforms = _transforms(s)
    plain = {first: fit(arm_of(s, transform=first, prior=usual.prior))}
    for name in transforms:
        plain[name] = fit(read_by(plain[first].arm, name), plain[first])
    transform = max(plain, key=lambda name: plain[name].evidence + steady.log(TRANSFORM_SHARE[name]))
    best = plain[transform]
    death = None if s.assessment_interval is None else s.assessment_interval == 0

    def under(shape: Shape, period: float | None) -> Fit:
        if shape is usual and period is None:
            return best
        return fit(arm_of(s, transform=transform, period=period, prior=shape.prior), best)

    schedules = periods(s, float(best.arm.edges[-1]))
    fits = [under(usual, period) for period, _ in schedules]
    score = _scores(fits, [share * usual.share(death) for _, share in schedules])
    # the others under the schedule that the usual kind makes likely: every one under each would be many fits
    likely = _shares(score)
    period = schedules[int(np.argmax(likely))][0] if likely.max() > LIKELY else None
    others = [shape for shape in others if shape.share(death) > 0]
    fits += [under(shape, s.assessment_interval or period) for shape in others]
    score = np.concatenate([score, _scores(fits[len(schedules) :], [shape.share(death) for shape in others])])
    share = _shares(score)
    share = np.where(share < SMALLEST_SHARE, 0.0, share)
    share /= share.sum()
    return [(found, float(p)) for found, p in zip(fits, share, strict=True) if p > 0], transform


def _scores(fits: Sequence[Fit], prior: Sequence[float]) -> Floats:
    """Log of the share of each fit, up to a constant; far below all others where it has none."""
    score = np.array([found.evidence for found in fits]) + steady.log(np.array(prior, dtype=float))
    return np.where(np.isfinite(score), score, -1e9)


def _shares(score: Floats) -> Floats:
    share = steady.exp(score - score.max())
    return share / share.sum()


def _transforms(s: SurvivalSummary) -> list[str]:
    if s.ci_method:
        return [s.ci_method]
    return list(TRANSFORMS) if s.lower is not None or s.upper is not None else ["log-log"]


def _drawn(
    fits: list[tuple[Fit, float]],
    s: SurvivalSummary,
    size: int,
    transform: str,
    rng: np.random.Generator,
    trial: Trial | None,
) -> Ensemble:
    """Replicates from each fit in proportion to its share, in random order."""
    running = np.cumsum([share for _, share in fits])
    if trial is None:
        upto = np.rint(size * running / running[-1]).astype(int)
        which = np.searchsorted(upto, rng.permutation(size), side="right")
    else:
        which = np.minimum(np.searchsorted(running / running[-1], trial.kind, side="right"), len(fits) - 1)
    time, event, placed = np.empty((size, s.n)), np.empty((size, s.n)), np.zeros(size, dtype=bool)
    for number, (found, _) in enumerate(fits):
        rows = np.flatnonzero(which == number)
        if rows.size:
            common = None if trial is None else trial.common[rows]
            made = ensemble(found, s, rows.size, transform, rng, common)
            time[rows], event[rows], placed[rows] = made.time, made.event, made.placed
    return Ensemble(time, event, placed)
