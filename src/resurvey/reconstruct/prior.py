"""Prior knowledge of the shape of hazards: a few constants and their sources."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from resurvey import steady

Floats = NDArray[np.float64]

# after this many visits, the events of neighbouring visits overlap
VISITS_KNOWN = 60
# nodes of the smooth departures shared by the arms of a trial: in the log of time over the median for the event, and in
# time over the longest follow-up for censoring
LOG_2 = steady.log(2.0)
PLACES = tuple(-3.0 + 0.45 * k for k in range(12))
CENSOR_PLACES = tuple(0.2 * k for k in range(6))
COMMON = 2 + len(PLACES) + 1 + len(CENSOR_PLACES)


@dataclass(frozen=True)
class HazardPrior:
    """Gaussian prior of the log hazards of an event and of censoring.

    The constants describe oncology trials in general, not any one trial. They were estimated by maximum marginal
    likelihood (Laplace) from the patients of 113 arms of the KMDATA collection, every second arm of the benchmark, and
    rounded. The last four nodes of `shape` and `wiggle` were then adjusted by the distance of the rebuilt curves on the
    same arms, whose tails had been too low. benchmarks/reconstruction/SUMMARY.md says to what extent the other half was
    left untouched. Hazards rise steeply until the first visits, are highest near the median and fall slowly afterwards;
    arms followed for many medians start lower.

    What the arms of a trial have in common was estimated from sets of two arms
    (benchmarks/reconstruction/learn_shared.py).

    Attributes
    ----------
    nodes, shape : tuple of float
        Log of the event hazard times the median, piecewise linear in the log of time over the median.
    tilt, usual_follow_up : tuple of float, float
        Change of `shape` per unit of log(longest follow-up / median) above `usual_follow_up`.
    level, slope : float
        Standard deviation of the level (given the median) and of a slope in log time.
    wiggle, wiggle_length : float
        Standard deviation, and length scale in log time, of the smooth departure.
    early, early_length : float
        Standard deviation of a departure at the start, which decays over `early_length` medians.
    rough, rough_length : float
        The same as `wiggle` for short bursts of events that no schedule explains.
    overdispersion : float
        Factor on the sampling variance of the cumulative hazards.
    apart, death_apart : float
        Factors on the standard deviation of what an arm's log hazards do not share with the other arms of its trial, in
        draws around the best state: in general, and where the event is known to be death. Trials drawn from the prior
        itself are missed by as much as draws without a factor claim (benchmarks/reconstruction/own_prior.py); arms of
        real trials differ more in progression than `alike`, learnt on progression and death together, says, and less in
        deaths. Set by the log ratios of half of the real trials; deaths keep the prior's own spread, for shapes unlike
        those of these trials.
    censor_nodes, censor_shape, censor_level, censor_wiggle, censor_length, censor_rough, censor_rough_length
        The same for censoring; time is over the longest follow-up.
    left_log, left_sd : float
        Mean and standard deviation of the log of the patients still followed at the longest follow-up.
    periods_weeks, period_share : tuple of float
        Customary intervals between visits, and the share of arms whose events cluster after visits.
    known_period_share : float
        That share if the interval is printed.
    unscheduled : float
        Share of the hazard that is spread evenly between visits.
    alike, alike_slope, alike_censoring : float
        Share of the variance of a departure from the mean, at the same time since entry, that the arms of one trial
        have in common: for the early and the smooth departure of the event, for its slope, and for censoring.
    drop, drop_sd, drop_spread, alike_drop : float
        For a kind with a drop at the first scan: the cumulative hazard of the drop, the standard deviation of its log,
        that of its time as a share of the time of the scan, and the share of the variance of its size that the arms of
        a trial have in common. A drop of 0 means no drop.
    late, spread, spread_growth : float
        Delay after a visit, standard deviation at the start, and its growth with the square root of the visit number,
        in periods.
    """

    nodes: tuple[float, ...] = (0.05, 0.12, 0.25, 0.4, 0.7, 1.0, 1.5, 2.2, 3.5, 6.0)
    shape: tuple[float, ...] = (-2.57, -1.28, -0.71, -0.55, -0.23, 0.0, -0.37, -0.47, -0.83, -1.61)
    level: float = 0.1
    slope: float = 0.1
    wiggle: float = 0.27
    wiggle_length: float = 0.5
    early: float = 1.06
    early_length: float = 0.19
    rough: float = 0.4
    rough_length: float = 0.03
    overdispersion: float = 1.0
    apart: float = 1.6
    death_apart: float = 1.0
    tilt: tuple[float, ...] = (-0.5, -0.45, -0.35, -0.15, -0.03, 0.0, -0.05, -0.1, -0.2, -0.1)
    usual_follow_up: float = 1.3
    censor_nodes: tuple[float, ...] = (0.02, 0.1, 0.3, 0.5, 0.7, 0.85, 0.97)
    censor_shape: tuple[float, ...] = (-1.05, -1.0, -0.73, 0.02, 0.79, 1.36, 2.14)
    censor_level: float = 0.4
    censor_wiggle: float = 0.72
    censor_length: float = 0.25
    censor_rough: float = 0.37
    censor_rough_length: float = 0.08
    left_log: float = 0.4
    left_sd: float = 0.7
    periods_weeks: tuple[float, ...] = (6.0, 8.0, 9.0, 12.0)
    period_share: tuple[float, ...] = (0.16, 0.1, 0.09, 0.1)
    known_period_share: float = 0.75
    unscheduled: float = 0.4
    alike: float = 0.9
    alike_slope: float = 0.5
    alike_censoring: float = 0.95
    drop: float = 0.0
    drop_sd: float = 0.5
    drop_spread: float = 0.1
    alike_drop: float = 0.7
    late: float = 0.037
    spread: float = 0.06
    spread_growth: float = 0.038

    def event(
        self, time: Floats, scale: float, level: float | None = None, end: float | None = None
    ) -> tuple[Floats, Floats]:
        """Mean (bins,) and covariance (bins, bins) of the log hazard of an event; `scale` is the (guessed) median."""
        u = np.maximum(time / scale, 1e-4)
        x = steady.log(u)
        mean = np.interp(x, steady.log(np.array(self.nodes)), self.shape) - steady.log(float(scale))
        if end is not None:
            longer = np.clip(steady.log(float(end / scale)) - self.usual_follow_up, -1.3, 1.3)
            mean = mean + longer * np.interp(x, steady.log(np.array(self.nodes)), self.tilt)
        damp = steady.exp(-u / self.early_length)
        distance = x[:, None] - x[None, :]
        cov = np.full(distance.shape, (self.level if level is None else level) ** 2)
        cov = cov + self.wiggle**2 * steady.exp(-0.5 * (distance / self.wiggle_length) ** 2)
        cov = cov + self.slope**2 * x[:, None] * x[None, :]
        cov = cov + self.rough**2 * steady.exp(-0.5 * (distance / self.rough_length) ** 2)
        cov = cov + self.early**2 * damp[:, None] * damp[None, :]
        return mean, cov

    def of_deaths(self) -> HazardPrior:
        """The prior where the event is known to be death."""
        return replace(self, apart=self.death_apart)

    def of_one_arm(self) -> HazardPrior:
        """The prior of the components that an arm does not share with the others of its trial."""
        left, slope, censoring = (
            float(np.sqrt(1 - share)) for share in (self.alike, self.alike_slope, self.alike_censoring)
        )
        return replace(
            self,
            slope=slope * self.slope,
            wiggle=left * self.wiggle,
            early=left * self.early,
            censor_level=censoring * self.censor_level,
            censor_wiggle=censoring * self.censor_wiggle,
        )

    def shared(self, time: Floats, scale: float, end: float) -> Floats:
        """Loadings of the departures from the mean that the arms of one trial have in common, shape (COMMON, 2 bins).

        Rows multiply independent standard normals; columns are the log hazards of the event and of censoring in the
        bins at `time`. `scale` and `end` are those of the trial. The resulting covariance is the share of that from
        `event` and `censoring` given by `alike`, `alike_slope` and `alike_censoring`.
        """
        u = np.maximum(time / scale, 1e-4)
        x = steady.log(u)
        rows = np.zeros((COMMON, 2, time.size))
        rows[0, 0] = np.sqrt(self.alike_slope) * self.slope * x
        rows[1, 0] = np.sqrt(self.alike) * self.early * steady.exp(-u / self.early_length)
        first = 2 + len(PLACES)
        rows[2:first, 0] = np.sqrt(self.alike) * self.wiggle * _smooth(x, PLACES, self.wiggle_length)
        rows[first, 1] = np.sqrt(self.alike_censoring) * self.censor_level
        smooth = _smooth(time / end, CENSOR_PLACES, self.censor_length)
        rows[first + 1 :, 1] = np.sqrt(self.alike_censoring) * self.censor_wiggle * smooth
        return rows.reshape(COMMON, 2 * time.size)

    def censoring(self, time: Floats, end: float) -> tuple[Floats, Floats]:
        """Mean and covariance of the log hazard of censoring at `time`; `end` is the longest follow-up."""
        v = time / end
        mean = np.interp(v, self.censor_nodes, self.censor_shape) - steady.log(float(end))
        distance = v[:, None] - v[None, :]
        cov = self.censor_level**2 + self.censor_wiggle**2 * steady.exp(-0.5 * (distance / self.censor_length) ** 2)
        return mean, cov + self.censor_rough**2 * steady.exp(-0.5 * (distance / self.censor_rough_length) ** 2)

    def dropped(self, edges: Floats, scan: float, mean: Floats, scale: float) -> tuple[Floats, Floats, Floats]:
        """The mean log hazard with the drop at the first scan, and the quantities it depends on.

        The smooth hazard is reduced so that the cumulative hazard at `scale` (the median or a guess) is unchanged.

        Returns
        -------
        tuple of (bins,) ndarray
            Mean log hazard; the smooth share of each bin's hazard; the derivative of the log hazard with respect
            to the log of the size of the drop.
        """
        width = np.diff(edges)
        bump = np.diff(steady.normal_cdf((edges - scan * (1 + self.late)) / (self.drop_spread * scan)))
        before = float(steady.normal_cdf(np.array([(scale / scan - 1 - self.late) / self.drop_spread]))[0])
        left = max(LOG_2 - self.drop * before, 0.1)
        smooth = steady.exp(mean) * (left / LOG_2)
        hazard = smooth + self.drop * bump / width
        part = smooth / hazard
        return steady.log(hazard), part, (1 - part) - part * (self.drop * before / left)

    def spread_at(self, visit: Floats | NDArray[np.int64]) -> Floats:
        """Standard deviation, in periods, of the events found at the k-th visit."""
        return np.sqrt(self.spread**2 + visit * self.spread_growth**2)

    def scheduled(self, edges: Floats, period: float) -> Floats:
        """Factor on the hazard in each bin if progression is assessed every `period`; its mean over a period is 1.

        A share `unscheduled` of the hazard is spread evenly; the rest is found shortly after each visit, with more
        spread at later visits.
        """
        visits = np.arange(1, min(max(int(np.ceil(edges[-1] / period)) + 2, 2), VISITS_KNOWN + 1))
        place = (edges[:, None] / period - visits - self.late) / self.spread_at(visits)
        found = np.diff(steady.normal_cdf(place).sum(axis=1)) * period / np.diff(edges)
        found = np.where(edges[1:] > (VISITS_KNOWN - 1) * period, 1.0, found)
        return self.unscheduled + (1 - self.unscheduled) * found


def _smooth(x: Floats, places: tuple[float, ...], length: float) -> Floats:
    """Loadings at `x`, shape (places, x), of a smooth departure with unit variance on independent standard normals."""
    at = np.array(places)
    apart = at[:, None] - at[None, :]
    root = steady.cholesky(steady.exp(-0.5 * (apart / length) ** 2) + 1e-6 * np.eye(at.size))
    return np.array([np.interp(x, at, column) for column in root.T])


PRIOR = HazardPrior()
