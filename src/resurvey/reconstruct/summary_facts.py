"""From printed numbers to conditions: the grid of time, the prior on it, and one fact per number."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from resurvey import steady
from resurvey.errors import NotEstimable
from resurvey.reconstruct.hazard import LOG_LOG_2, Arm, Fact
from resurvey.reconstruct.prior import PRIOR, HazardPrior
from resurvey.reconstruct.survival_summary import SurvivalSummary

Floats = NDArray[np.float64]

EARLY_EDGES = (
    0.05,
    0.1,
    0.15,
    0.2,
    0.3,
    0.4,
    0.5,
    0.6,
    0.7,
    0.8,
    0.9,
    1.0,
    1.1,
    1.2,
    1.35,
    1.5,
    1.75,
    2.0,
    2.5,
    3.0,
    4.0,
)
EVEN_BINS = 16
NO_HAZARD = -25.0
MOST_VISITS = 14
# standard deviation of the log of a variance: because its transformation may not be log-log and, if that is known,
# because whole patients leave at single times while the grid spreads them
LIMITS_METHOD, LIMITS_STEP = 0.15, 0.03
# largest inferred follow-up, in medians
MOST_MEDIANS = 15.0
# standard deviation of the distance of the curve from a level that it crosses, in steps of one patient, 1 / n
CURVE_STEP = 0.416
# factor on the standard deviation of the departure of censoring if enrolment and cut-off are known
DATED = 0.35**0.5
LOG_TWO = steady.log(2.0)
WEEK = {"days": 7.0, "weeks": 1.0, "months": 7 / 30.4375, "years": 7 / 365.25}


def guess_scale(s: SurvivalSummary, end: float | None) -> tuple[float, float]:
    """Guess the median, and the standard deviation of its log, which is that of the level of the hazard.

    Raises
    ------
    NotEstimable
        If nothing determines the curve; the message says what is missing.
    """
    if s.median is not None:
        return s.median, PRIOR.level
    inner = [(t, v) for t, v in s.landmarks if 0.02 < v < 0.98]
    if inner:
        t, v = min(inner, key=lambda pair: abs(pair[1] - 0.5))
        return t * steady.log(2.0) / -steady.log(float(v)), 0.4
    if s.lower is not None:
        return s.lower * 1.25, 0.5
    if s.upper is not None:
        return s.upper * 0.8, 0.5
    if s.events is not None and s.at_risk_times is not None:
        share = [(t, y / s.n) for t, y in zip(s.at_risk_times, s.at_risk or (), strict=True) if t > 0 and 0 < y < s.n]
        if share:
            t, v = min(share, key=lambda pair: abs(pair[1] - 0.5))
            return t * steady.log(2.0) / (-steady.log(v) * max(s.events / s.n, 0.02)), 0.6
    if s.events is not None and end is not None:
        person_time = end * s.n * (0.5 if s.events < s.n else 0.3)
        return steady.log(2.0) * person_time / max(s.events, 0.5), 0.8
    where = f"{s.label}: " if s.label else ""
    raise NotEstimable(
        f"{where}n = {s.n} does not place a curve with what else is given: it needs a median or a limit of its "
        "interval, or a survival at a time, or the events together with numbers at risk or the longest follow-up"
    )


def end_of_follow_up(s: SurvivalSummary) -> tuple[float | None, bool]:
    """The longest follow-up, and whether it was printed rather than inferred."""
    if s.longest_follow_up is not None:
        return s.longest_follow_up, True
    if s.accrual is not None and s.follow_up_after_accrual is not None:
        return s.accrual + s.follow_up_after_accrual, True
    if s.at_risk_times is not None and s.at_risk is not None:
        empty = [t for t, y in zip(s.at_risk_times, s.at_risk, strict=True) if y == 0]
        alive = [t for t, y in zip(s.at_risk_times, s.at_risk, strict=True) if y > 0]
        if empty:
            return 0.5 * (max(alive, default=0.0) + empty[0]), False
    return None, False


def printed_times(s: SurvivalSummary) -> list[float]:
    """Every time at which something is printed."""
    times = [t for t, *_ in (*s.landmarks, *s.landmarks_about)] + [t for _, t in s.quantiles]
    times += [t for t in (s.lower, s.median, s.upper, s.median_follow_up) if t is not None]
    return times + list(s.at_risk_times or ())


def followed_to(s: SurvivalSummary) -> float:
    """The longest follow-up of a checked summary, printed or inferred."""
    end, _ = end_of_follow_up(s)
    return _inferred_end(s) if end is None else end


def _follow_up_for(share: float, prior: HazardPrior) -> float:
    """Follow-up, in medians, by which a share of patients has had the event under the mean hazard of a prior.

    Censoring is uniform over the last 70 % of follow-up.
    """
    u = MOST_MEDIANS * (np.arange(1, 601) / 600) ** 2
    width = np.diff(u, prepend=0.0)
    hazard = np.cumsum(steady.exp(np.interp(steady.log(u), steady.log(np.array(prior.nodes)), prior.shape)) * width)
    # a drop at the first scan ends long before the median of most arms
    left = max(LOG_TWO - prior.drop, 0.1)
    survival = steady.exp(-hazard * (left / np.interp(1.0, u, hazard)) - (LOG_TWO - left))
    area = np.cumsum(survival * width)
    gone = 1 - (area - np.interp(0.3 * u, np.append(0.0, u), np.append(0.0, area))) / (0.7 * u)
    return float(np.interp(share, np.maximum.accumulate(gone), u))


def _inferred_end(s: SurvivalSummary, prior: HazardPrior = PRIOR, alike: float | None = None) -> float:
    """An end after all printed times, within the bounds of the longest follow-up; `alike` is the end in its trial."""
    end = max(_unbounded_end(s, prior, alike), s.followed_at_least or 0.0)
    return end if s.followed_at_most is None else min(end, s.followed_at_most)


def _unbounded_end(s: SurvivalSummary, prior: HazardPrior, alike: float | None = None) -> float:
    """An end after all printed times, late enough for the printed share of events."""
    last = max(printed_times(s))
    if s.at_risk_times and s.at_risk and s.at_risk[-1] > 0:
        step = float(np.diff(s.at_risk_times).mean()) if len(s.at_risk_times) > 1 else last
        return max(last, s.at_risk_times[-1] + step * min(1.0, 0.2 + 3 * s.at_risk[-1] / s.n))
    return max(1.1 * last, _end_for_events(s, prior) if alike is None else alike)


def _end_for_events(s: SurvivalSummary, prior: HazardPrior) -> float:
    """The end by which the printed share of events has occurred under the mean hazard of a prior."""
    scale, _ = guess_scale(s, max(printed_times(s)))
    events = s.events if s.events is not None else s.events_about[0] if s.events_about is not None else 0.7 * s.n
    end = scale * _follow_up_for(min(events / s.n, 0.97), prior)
    if s.median_follow_up is not None:  # with even enrolment, nobody is followed for more than twice the median
        end = min(end, 2 * s.median_follow_up)
    return end


def _ends(summaries: Sequence[SurvivalSummary], prior: HazardPrior) -> list[tuple[float, bool]]:
    """The longest follow-up of each arm of a trial and whether it was printed; the arms are assumed to be similar."""
    known = [end_of_follow_up(s) for s in summaries]
    silent = [s for s, (end, _) in zip(summaries, known, strict=True) if end is None]
    alike = max((end for end, printed in known if end is not None and printed), default=None)
    if alike is None and len(silent) > 1 and not any(s.at_risk_times for s in silent):
        alike = steady.exp(float(np.mean([steady.log(_end_for_events(s, prior)) for s in silent])))
    return [
        (_inferred_end(s, prior, alike), False) if end is None else (end, printed)
        for s, (end, printed) in zip(summaries, known, strict=True)
    ]


def grid(s: SurvivalSummary, scale: float, end: float, visits: Floats) -> Floats:
    """Edges of the bins: dense where curves bend and around visits, with an edge at every printed time."""
    fixed = np.unique([0.0, end, *[t for t in printed_times(s) if 0 < t < end]])
    loose = np.concatenate([np.array(EARLY_EDGES) * scale, np.linspace(0, end, EVEN_BINS + 1)])
    loose = np.concatenate([visits, loose[loose > visits.max(initial=0.0)]])
    loose = loose[(loose > 0) & (loose < end)]
    loose = np.sort(loose[np.abs(loose[:, None] - fixed[None, :]).min(axis=1) > 0.003 * end])
    if loose.size:
        loose = loose[np.concatenate(([True], np.diff(loose) > 0.003 * end))]
    return np.sort(np.concatenate([fixed, loose]))


def visit_edges(period: float | None, end: float, prior: HazardPrior = PRIOR) -> Floats:
    """Edges that resolve the events found at visits every `period`, as long as visits can be distinguished."""
    if period is None:
        return np.empty(0)
    visit = np.arange(1, min(int(end / period), MOST_VISITS) + 1)
    centre, spread = visit + prior.late, prior.spread_at(visit)
    around = centre[:, None] + spread[:, None] * np.array([-1.5, -0.5, 0.5, 1.5])
    return np.concatenate([[0.5 * period], around.ravel() * period, (visit + 0.5) * period])


def scan_edges(scan: float, scale: float, prior: HazardPrior) -> Floats:
    """Edges that resolve the events found at the first scan, and those before it."""
    around = scan * (1 + prior.late + prior.drop_spread * np.array([-2.0, -1.0, 0.0, 1.0, 2.0]))
    early = np.array(EARLY_EDGES) * scale
    return np.concatenate([early[early < 0.97 * around[0]], around])


def periods(s: SurvivalSummary, end: float, prior: HazardPrior = PRIOR) -> list[tuple[float | None, float]]:
    """Candidate intervals between visits in the summary's unit (None: not tied to visits), and their prior shares."""
    if s.assessment_interval is not None:
        if s.assessment_interval == 0:
            return [(None, 1.0)]
        return [(None, 1 - prior.known_period_share), (s.assessment_interval, prior.known_period_share)]
    if s.time_unit is None:
        return [(None, 1.0)]
    found = [(w * WEEK[s.time_unit], p) for w, p in zip(prior.periods_weeks, prior.period_share, strict=True)]
    found = [(period, p) for period, p in found if end > 1.5 * period]
    return [(None, 1 - sum(p for _, p in found)), *found]


def arms_of(
    summaries: Sequence[SurvivalSummary],
    *,
    transform: str = "log-log",
    period: float | None = None,
    scan: float | None = None,
    prior: HazardPrior = PRIOR,
) -> tuple[Arm, ...]:
    """The grids, the prior and the facts of the arms of one trial.

    `period` is the interval between visits, if any, and `scan` the time of the first scan if the prior has a drop
    there.

    The mean hazards of the arms are proportional, so that each has its own median; the shared part of the departures is
    the same at the same time since entry.
    """
    scales = [guess_scale(s, end_of_follow_up(s)[0]) for s in summaries]
    ends = _ends(summaries, prior)
    common = steady.exp(float(np.mean([steady.log(scale) for scale, _ in scales])))
    longest = max(end for end, _ in ends)
    arms = []
    for s, end, scale in zip(summaries, ends, scales, strict=True):
        setting = _Setting(prior, transform, period, scan, *end, *scale, common, longest, len(summaries) > 1)
        arms.append(_arm_of(s, setting))
    return tuple(arms)


@dataclass(frozen=True)
class _Setting:
    """An arm within its trial: the end of its follow-up and its approximate median, and those of the trial."""

    prior: HazardPrior
    transform: str
    period: float | None
    scan: float | None
    end: float
    end_printed: bool
    scale: float
    level: float
    common_scale: float
    longest: float
    shares: bool


def _arm_of(s: SurvivalSummary, at: _Setting) -> Arm:
    prior = at.prior
    resolved = visit_edges(at.period, at.end, prior) if at.scan is None else scan_edges(at.scan, at.scale, prior)
    edges = grid(s, at.scale, at.end, resolved)
    middle = 0.5 * (edges[1:] + edges[:-1])
    own = prior.of_one_arm() if at.shares else prior
    mean_event, cov_event = own.event(middle, at.common_scale, at.level, at.end if at.end_printed else None)
    mean_event = mean_event + _faster(at, mean_event, middle)
    if at.period is not None:
        mean_event = mean_event + steady.log(prior.scheduled(edges, at.period))
    shared = prior.shared(middle, at.common_scale, at.longest) if at.shares else np.zeros((0, 2 * middle.size))
    if at.scan is not None:
        mean_event, part, by_size = prior.dropped(edges, at.scan, mean_event, at.scale)
        alike = prior.alike_drop if at.shares else 0.0
        own_drop, common_drop = (np.sqrt(v) * prior.drop_sd * by_size for v in (1 - alike, alike))
        cov_event = cov_event * np.outer(part, part) + np.outer(own_drop, own_drop)
        if at.shares:
            shared[:, : middle.size] *= part
            shared = np.vstack([shared, np.concatenate([common_drop, np.zeros(middle.size)])])
    if s.events == 0:
        mean_event, cov_event = np.full(middle.size, NO_HAZARD - steady.log(float(at.end))), 1e-6 * np.eye(middle.size)
        shared[:, : middle.size] = 0.0
    mean_censor, cov_censor, certain = _censoring(s, middle, at.end, own)
    shared[:, middle.size :] *= certain
    mean = np.concatenate([mean_event, mean_censor])
    blurs = _Blurs(s, edges, at.scale, at.period, prior)
    facts = list(_facts(s, edges, blurs, at.transform, prior))
    return Arm(float(s.n), edges, facts, mean, cov_event, cov_censor, prior, shared)


def _faster(at: _Setting, mean: Floats, middle: Floats) -> float:
    """Log of the ratio of an arm's hazard to the trial's that gives the arm its own median.

    With it, the arm's cumulative mean hazard at its own median equals the trial's at the trial's median.
    """
    if at.common_scale == at.scale:
        return 0.0

    def cumulative(upto: float) -> float:
        u = upto * (np.arange(200) + 0.5) / 200
        return float(steady.exp(np.interp(u, middle, mean)).mean() * upto)

    return steady.log(cumulative(at.common_scale) / cumulative(at.scale))


def read_by(arm: Arm, transform: str) -> Arm:
    """The same arm with the interval of its median interpreted by another transformation."""
    return replace(arm, facts=[replace(fact, transform=transform) for fact in arm.facts])


def _censoring(s: SurvivalSummary, middle: Floats, end: float, prior: HazardPrior) -> tuple[Floats, Floats, float]:
    """Prior of the log hazard of censoring: no censoring, from enrolment and cut-off, or the general shape.

    The third value returned is the factor on the standard deviation of the general departure.
    """
    if s.events == s.n:
        return np.full(middle.size, NO_HAZARD - steady.log(float(end))), 1e-6 * np.eye(middle.size), 0.0
    mean, cov = prior.censoring(middle, end)
    shortest = s.follow_up_after_accrual if s.follow_up_after_accrual is not None else s.shortest_follow_up
    if s.accrual and s.follow_up_after_accrual is not None:
        # uniform enrolment: the administrative hazard is 1 / (last - t) once the last patients enrolled reach the
        # cut-off; before that, there is drop-out only
        last = s.follow_up_after_accrual + s.accrual
        rate = (
            np.where(middle > s.follow_up_after_accrual, 1 / np.maximum(last - middle, 0.02 * last), 0.0) + 0.1 / last
        )
        return steady.log(rate), DATED**2 * cov, DATED
    if shortest is not None:
        mean = np.where(middle < shortest, mean - 2.0, mean)
    return mean, cov, 1.0


def _spread_of(held: float, low: float, high: float, s: SurvivalSummary) -> tuple[float, float]:
    """Log of Greenwood's sum derived from the interval of a survival, and its standard deviation.

    The limits are at a distance of z sqrt(sum) / H on the log-log scale, z sqrt(sum) on the log scale, and
    z sqrt(sum) S on the scale of survival itself.
    """
    if s.landmark_ci_method == "linear":
        width, off, scale = high - low, [s.survival_half_unit] * 2, 1 / held
    elif s.landmark_ci_method == "log":
        width, off, scale = steady.log(high / low), [s.survival_half_unit / v for v in (low, high)], 1.0
    else:
        width, scale = steady.log(-steady.log(low)) - steady.log(-steady.log(high)), -steady.log(held)
        off = [s.survival_half_unit / (v * -steady.log(v)) for v in (low, high)]
    rounding = float(np.hypot(off[0], off[1])) / np.sqrt(3)
    doubt = LIMITS_METHOD if s.landmark_ci_method is None else LIMITS_STEP
    return 2 * steady.log(width / (2 * s.z) * scale), float(np.hypot(doubt, 2 * rounding / width))


@dataclass(frozen=True)
class _Blurs:
    """Precision of the time of a crossing, as a standard deviation of the log of the cumulative hazard there.

    The curve crosses one half in a step of about 1 / n, and the printed time is rounded. If progression is found at
    visits, many patients have the same time, and the crossing is anywhere in their drop.
    """

    summary: SurvivalSummary
    edges: Floats
    scale: float
    period: float | None
    prior: HazardPrior

    def at(self, time: float, level: float = 0.5) -> float:
        """Standard deviation for a crossing of a level of survival printed at a time."""
        within = self.summary.time_half_unit
        steep = 1.3 / (self.scale if level == 0.5 else time)
        if self.period is not None:
            visit = np.array([max(round(time / self.period), 1)])
            within = max(within, float(self.prior.spread_at(visit)[0]) * self.period)
            around = np.linspace(time - within, time + within, 21)
            steep *= float(self.prior.scheduled(around, self.period).mean())
        step = CURVE_STEP / (level * -steady.log(level) * self.summary.n)
        return float(np.hypot(step, steep * within / np.sqrt(3)))


def _facts(s: SurvivalSummary, edges: Floats, blurs: _Blurs, transform: str, prior: HazardPrior) -> Iterator[Fact]:
    """Every printed number as a fact."""

    def place(t: float) -> int:
        return int(np.argmin(np.abs(edges - t)))

    last = edges.size - 1
    if s.median is not None:
        yield Fact("survival", place(s.median), LOG_LOG_2, blurs.at(s.median), crossing=True)
    for v, t in s.quantiles:
        if t <= edges[-1]:
            target = steady.log(-steady.log(v))
            yield Fact("survival", place(t), target, blurs.at(t, v), crossing=True)
    for limit, z in ((s.lower, s.z), (s.upper, -s.z)):
        if limit is not None:
            yield Fact("band", place(limit), LOG_LOG_2, blurs.at(limit), z, transform, crossing=True)
    for t, v in s.landmarks:
        least = max(0.5 * s.survival_half_unit, 0.2 / s.n)
        held = min(max(v, least), 1 - least)
        hazard = -steady.log(float(held))
        yield Fact("survival", place(t), steady.log(hazard), max(s.survival_half_unit / held, 0.3 / s.n) / hazard)
    for t, low, high in s.landmark_limits:
        held = dict(s.landmarks)[t]
        if t <= edges[-1] and 0 < held < 1:
            yield Fact("spread", place(t), *_spread_of(held, low, high, s), soft=True)
    for t, v, error in s.landmarks_about:
        if t <= edges[-1]:
            hazard = -steady.log(float(v))
            yield Fact("survival", place(t), steady.log(hazard), error / (v * hazard), soft=True)
    for t, y in zip(s.at_risk_times or (), s.at_risk or (), strict=True):
        if 0 < t <= edges[-1] and y > 0:
            yield Fact("at_risk", place(t), steady.log(float(y)), 0.3 / y)
    if s.events:
        yield Fact("events", last, float(s.events), 0.4)
    elif s.events is None and s.events_about is not None:
        yield Fact("events", last, *s.events_about, soft=True)
    if end_of_follow_up(s)[1] and not (s.at_risk_times and s.at_risk_times[-1] == edges[-1]):
        target, sd = (0.0, 0.5) if s.events == s.n else (prior.left_log, prior.left_sd)
        yield Fact("at_risk", last, target, sd, soft=True)
    if s.median_follow_up is not None and s.events != s.n and s.median_follow_up < edges[-1]:
        yield Fact("censoring", place(s.median_follow_up), LOG_LOG_2, 0.35, soft=True)
    if s.median_not_reached:
        yield Fact("survival", last, LOG_LOG_2 - 0.03, 0.02, at_most=True)
    for v in s.stays_above:
        yield Fact("survival", last, steady.log(-steady.log(v)) - 0.03, 0.02, at_most=True)
    if s.upper_not_reached:
        yield Fact("band", last, LOG_LOG_2 - 0.03, 0.02, -s.z, transform, at_most=True)
