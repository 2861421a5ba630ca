"""Rebuild patients of an arm without a curve from n, events, median, landmark survival rates and numbers at risk."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from resurvey import steady
from resurvey.errors import InputError
from resurvey.reconstruct.fit import Fit, fit
from resurvey.reconstruct.kinds import SHAPES, Shape
from resurvey.reconstruct.result import Reconstruction
from resurvey.reconstruct.sample import Ensemble, ensembles
from resurvey.reconstruct.summary_checks import TRANSFORMS, checked
from resurvey.reconstruct.summary_facts import arms_of, periods, read_by
from resurvey.reconstruct.summary_report import report
from resurvey.reconstruct.survival_summary import SurvivalSummary

Floats = NDArray[np.float64]

# prior frequency of each transformation of the band in publications
TRANSFORM_SHARE = {"log-log": 0.6, "log": 0.25, "linear": 0.15}
SMALLEST_SHARE = 0.03
LIKELY = 0.5
MOST_ROWS = 20_000_000
FITS_KEPT = 64


def from_summary(
    summary: SurvivalSummary,
    *,
    replicates: int = 200,
    rng: np.random.Generator | None = None,
    shapes: Sequence[Shape] | None = None,
) -> Reconstruction:
    """Rebuild an ensemble of patients from printed numbers.

    Parameters
    ----------
    summary : SurvivalSummary
        What was printed: any subset of numbers that determines a curve.
    replicates : int, default 200
        Members of the ensemble. Each has n patients and satisfies what was printed; they differ in everything else.
    rng : numpy.random.Generator, optional
        Source of randomness; by default a generator with a fixed seed.
    shapes : sequence of Shape, optional
        Kinds of hazards with their shares (`resurvey.reconstruct.kinds.read_shapes`); by default the package's table.

    Returns
    -------
    Reconstruction
        `evidence` is 'summary'.

    Raises
    ------
    InputError
        If a number is invalid; all faults are listed.
    InconsistentReport
        If the printed numbers cannot all hold; all faults are listed.
    NotEstimable
        If too little is printed to determine a curve; the message says what is missing.

    References
    ----------
    .. [1] Brookmeyer, R. and Crowley, J. (1982). A confidence interval for the median survival time. Biometrics 38,
           29-41.
    """
    return from_summaries([summary], replicates=replicates, rng=rng, shapes=shapes)[0]


def from_summaries(
    summaries: Sequence[SurvivalSummary],
    *,
    replicates: int = 200,
    rng: np.random.Generator | None = None,
    shapes: Sequence[Shape] | None = None,
) -> list[Reconstruction]:
    """Rebuild the arms of one trial together.

    They have the same visit schedule, similar follow-up and one source population: replicate r of every arm has the
    same kind of hazard and shares most of its departure from the mean of that kind. What is printed about one arm
    therefore informs the others. Each arm keeps its own printed numbers.

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
    arms = [checked(s) for s in summaries]
    if isinstance(replicates, bool) or not isinstance(replicates, int | np.integer) or replicates < 1:
        raise InputError(f"replicates is {replicates!r}, expected a whole number, 1 or more")
    for s in arms:
        if s.n * int(replicates) > MOST_ROWS:
            raise InputError(
                f"{replicates} replicates of {s.n} patients are {s.n * int(replicates)} rows: ask for at most "
                f"{MOST_ROWS // s.n} replicates"
            )
    if not arms:
        return []
    rng = np.random.default_rng(0) if rng is None else rng
    made = rebuilt(arms, int(replicates), rng, shapes)
    return [
        replace(report(s, end, ensemble, made.transform), shapes=made.kinds)
        for s, ensemble, end in zip(arms, made.ensembles, made.ends, strict=True)
    ]


@dataclass(frozen=True)
class RebuiltArms:
    """Replicates of the arms of a trial.

    Attributes
    ----------
    ensembles : list of Ensemble
    transform : str
        Transformation by which the intervals of medians were interpreted.
    ends : list of float
        End of follow-up of each arm.
    kinds : tuple of str
        Kind of hazard of each replicate, common to all arms.
    """

    ensembles: list[Ensemble]
    transform: str
    ends: list[float]
    kinds: tuple[str, ...]


def rebuilt(
    arms: Sequence[SurvivalSummary], size: int, rng: np.random.Generator, shapes: Sequence[Shape] | None = None
) -> RebuiltArms:
    """Draw replicates for the checked summaries of a trial's arms from each fit in proportion to its share."""
    fits, transform = weigh(arms, shapes)
    ends = [float(arm.edges[-1]) for arm in fits[0].fit.arms]
    running = np.cumsum([one.share for one in fits])
    upto = np.rint(size * running / running[-1]).astype(int)
    which = np.searchsorted(upto, rng.permutation(size), side="right")
    kinds = tuple(fits[number].kind for number in which)
    return RebuiltArms(_drawn(fits, arms, which, transform, rng), transform, ends, kinds)


@dataclass(frozen=True)
class Weighed:
    """The fit under one kind of hazard and one schedule of visits, and its posterior share."""

    fit: Fit
    kind: str
    period: float | None
    share: float


@dataclass
class _Tries:
    """Fits under kinds of hazards and visits: their period or, if the kind has a drop, the time of the first scan."""

    arms: Sequence[SurvivalSummary]
    transform: str
    best: Fit
    made: list[tuple[Shape, float | None, float, Fit]] = field(default_factory=list)

    def add(self, shape: Shape, visits: float | None, prior: float, found: Fit | None = None) -> None:
        """Add a fit with its prior share."""
        self.made.append((shape, visits, prior, self._fit(shape, visits) if found is None else found))

    def _fit(self, shape: Shape, visits: float | None) -> Fit:
        name = "scan" if shape.prior.drop else "period"
        return fit(arms_of(self.arms, transform=self.transform, prior=shape.prior, **{name: visits}), self.best)

    def add_scans(self, shape: Shape, prior: float, scans: Sequence[tuple[float, float]]) -> None:
        """Add a kind with a drop at the first scan: at the usual time of the scan and, if likely, at all times."""
        usual = max(scans, key=lambda one: one[1])[0]
        self.add(shape, usual, prior)
        if self.shares()[-1] >= SMALLEST_SHARE:
            known = {usual: self.made.pop()[-1]}
            whole = sum(share for _, share in scans)
            for scan, share in scans:
                self.add(shape, scan, prior * share / whole, known.get(scan))

    def shares(self) -> Floats:
        """Posterior share of each fit among all fits."""
        score = np.array([found.evidence for *_, found in self.made])
        score = score + steady.log(np.array([prior for _, _, prior, _ in self.made]))
        return _shares(np.where(np.isfinite(score), score, -1e9))

    def weighed(self) -> list[Weighed]:
        """The fits with a share large enough to matter; those of one kind with a drop are counted together."""
        share = self.shares()
        kept = share >= SMALLEST_SHARE
        for name in {shape.name for shape, *_ in self.made if shape.prior.drop}:
            own = np.array([shape.name == name for shape, *_ in self.made])
            kept |= own & (share[own].sum() >= SMALLEST_SHARE)
        share = np.where(kept, share, 0.0) / share[kept].sum()
        made = zip(self.made, share, strict=True)
        return [Weighed(found, shape.name, visits, float(one)) for (shape, visits, _, found), one in made if one > 0]


def weigh(arms: Sequence[SurvivalSummary], shapes: Sequence[Shape] | None = None) -> tuple[tuple[Weighed, ...], str]:
    """Fits under each kind of hazard and schedule of visits with their shares, and the transformation of intervals."""
    return _weigh(tuple(arms), SHAPES if shapes is None else tuple(shapes))


# more replicates of the same arms are drawn from the same fits: the blocks of an ensemble, and pairs drawn anew
@lru_cache(maxsize=FITS_KEPT)
def _weigh(arms: tuple[SurvivalSummary, ...], kinds: tuple[Shape, ...]) -> tuple[tuple[Weighed, ...], str]:
    known = next((s.assessment_interval for s in arms if s.assessment_interval is not None), None)
    death = None if known is None else known == 0
    if death:
        kinds = tuple(replace(shape, prior=shape.prior.of_deaths()) for shape in kinds)
    best, transform = _read(arms, kinds[0])
    schedules = periods(replace(arms[0], assessment_interval=known), float(best.arms[0].edges[-1]))
    tries = _Tries(arms, transform, best)
    for period, share in schedules:
        tries.add(kinds[0], period, share * kinds[0].share(death), best if period is None else None)
    # the other kinds only under the schedule that the usual kind makes likely: all combinations would be many fits
    likely = tries.shares()
    period = schedules[int(np.argmax(likely))][0] if likely.max() > LIKELY else None
    scans = [(visits, share) for visits, share in schedules if visits is not None]
    others = [shape for shape in kinds[1:] if shape.share(death) > 0]
    for shape in others:
        if not shape.prior.drop:
            tries.add(shape, known or period, shape.share(death))
    for shape in others:
        if shape.prior.drop and scans:
            tries.add_scans(shape, shape.share(death), scans)
    return tuple(tries.weighed()), transform


def _read(arms: Sequence[SurvivalSummary], usual: Shape) -> tuple[Fit, str]:
    """The fit under the usual kind with the best transformation of the medians' intervals, common to all arms."""
    first, *transforms = _transforms(arms)
    plain = {first: fit(arms_of(arms, transform=first, prior=usual.prior))}
    for name in transforms:
        plain[name] = fit([read_by(arm, name) for arm in plain[first].arms], plain[first])
    transform = max(plain, key=lambda name: plain[name].evidence + steady.log(TRANSFORM_SHARE[name]))
    return plain[transform], transform


def _shares(score: Floats) -> Floats:
    share = steady.exp(score - score.max())
    return share / share.sum()


def _transforms(arms: Sequence[SurvivalSummary]) -> list[str]:
    named = [s.ci_method for s in arms if s.ci_method]
    if named:
        return named[:1]
    return list(TRANSFORMS) if any(s.lower is not None or s.upper is not None for s in arms) else ["log-log"]


def _drawn(
    fits: Sequence[Weighed],
    arms: Sequence[SurvivalSummary],
    which: NDArray[np.intp],
    transform: str,
    rng: np.random.Generator,
) -> list[Ensemble]:
    """Draw each replicate from the fit that `which` gives."""
    made = [Ensemble.empty(which.size, s.n) for s in arms]
    for number, one in enumerate(fits):
        rows = np.flatnonzero(which == number)
        if rows.size:
            for whole, part in zip(made, ensembles(one.fit, arms, rows.size, transform, rng), strict=True):
                whole.put(rows, part)
    return made
