"""From draws of the hazards to patients: whole numbers in each segment, times inside it, and the median put where it was printed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from resurvey.reconstruct.hazard import Arm, Fit, draw, paths, smooth_part

if TYPE_CHECKING:
    from resurvey.reconstruct.summary import SurvivalSummary

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

ROUNDS = 3
HALVINGS = 10
EVENT_OFFSETS = np.array([-12, -8, *range(-5, 6), 8, 12])
CENSOR_OFFSETS = np.array([-25, -16, -11, *range(-7, 8), 11, 16, 25])


@dataclass(frozen=True)
class Ensemble:
    """Patients of every replicate, sorted by time: arrays of shape (replicates, n); `placed` marks replicates whose median fits."""

    time: Floats
    event: Floats
    placed: NDArray[np.bool_]


@dataclass(frozen=True)
class Plan:
    """Knots (segment ends), what is printed there, and each replicate's hazards between them."""

    knots: Ints
    fixed_at_risk: Ints
    survival: Floats
    log_at_risk: Floats
    share: Floats


def ensemble(found: Fit, s: SurvivalSummary, size: int, transform: str, rng: np.random.Generator) -> Ensemble:
    """`size` replicates; those whose median and limits cannot be put in place are drawn again, a few times."""
    kept: list[Ensemble] = []
    wanted, spare = size, 1.1
    for round_ in range(ROUNDS):
        made = _batch(found, s, int(np.ceil(wanted * spare)) + 2, transform, rng)
        good = np.flatnonzero(made.placed)
        spare = min(1.05 / max(good.size / made.placed.size, 0.2), 4.0)
        last = round_ == ROUNDS - 1
        take = good[:wanted] if not last else np.concatenate([good, np.flatnonzero(~made.placed)])[:wanted]
        kept.append(Ensemble(made.time[take], made.event[take], made.placed[take]))
        wanted -= take.size
        if wanted <= 0:
            break
    return Ensemble(*(np.concatenate([getattr(part, name) for part in kept]) for name in ("time", "event", "placed")))


def _batch(found: Fit, s: SurvivalSummary, size: int, transform: str, rng: np.random.Generator) -> Ensemble:
    arm = found.arm
    state = draw(found, size, rng)
    plan = _plan(arm, s, state)
    leaving, events, late = _counts(plan, s, rng)
    time, event = _times(arm, state, plan, leaving, events, late, rng)
    time, event = _tune_landmarks(arm, plan, time, event, rng)
    made = _in_place(arm, s, plan, time, event, transform, rng)
    return Ensemble(made.time, made.event, made.placed & _meets_landmarks(s, made.time, made.event))


def _meets_landmarks(s: SurvivalSummary, time: Floats, event: Floats) -> NDArray[np.bool_]:
    """Replicates with the printed events and every printed survival within its rounding."""
    meets = np.ones(time.shape[0], dtype=bool)
    if s.events is not None:
        meets &= event.sum(axis=1) == s.events
    if s.landmarks:
        at = survival_at(time, event, [t for t, _ in s.landmarks])
        meets &= (np.abs(at - np.array([v for _, v in s.landmarks])) <= s.survival_rounding + 1e-9).all(axis=1)
    return meets


def survival_at(time: Floats, event: Floats, times: list[float]) -> Floats:
    """Product-limit survival of every row of sorted patients at `times`, shape (rows, times)."""
    size, n = time.shape
    survival = np.cumprod(1 - event / (n - np.arange(n)), axis=1)
    survival = np.concatenate([np.ones((size, 1)), survival], axis=1)
    return np.column_stack([survival[np.arange(size), (time <= t).sum(axis=1)] for t in times])


def _plan(arm: Arm, s: SurvivalSummary, state: Floats) -> Plan:
    """Segments between the printed times, with patients at risk and the share of events among those leaving."""
    path = paths(arm, state)
    last = arm.bins
    table = dict(zip(_places(arm, s.at_risk_times or ()), s.at_risk or (), strict=True)) if s.at_risk_times else {}
    landmarks = dict(zip(_places(arm, [t for t, _ in s.landmarks]), [v for _, v in s.landmarks], strict=True))
    knots = np.array(sorted({0, last, *table, *landmarks}))
    fixed = np.array([int(s.n) if k == 0 else int(table.get(k, -1)) for k in knots])
    survival = np.array([landmarks.get(k, np.nan) for k in knots])
    # events among those leaving: not the ratio of the hazards' sums, because the hazards change while patients leave
    gained = np.add.reduceat(path.event * path.at_risk_mid, knots[:-1], axis=1)
    lost = np.add.reduceat(path.censor * path.at_risk_mid, knots[:-1], axis=1)
    return Plan(knots, fixed, survival, path.log_at_risk[:, knots], gained / np.maximum(gained + lost, 1e-12))


def _places(arm: Arm, times) -> list[int]:
    return [int(np.argmin(np.abs(arm.edges - t))) for t in times]


def _counts(plan: Plan, s: SurvivalSummary, rng: np.random.Generator) -> tuple[Ints, Ints, Ints]:
    """Patients leaving and events in each segment, shape (replicates, segments), and events among those left at the end."""
    at_risk = _whole_at_risk(plan, s)
    size, knots = at_risk.shape
    leaving = -np.diff(at_risk, axis=1)
    events = np.zeros_like(leaving)
    used = np.zeros(size, dtype=np.int64)
    survival = np.ones(size)
    begin = 0
    for mark in [j for j in range(1, knots) if np.isfinite(plan.survival[j])]:
        block = slice(begin, mark)
        events[:, block] = _rounded(leaving[:, block] * plan.share[:, block], None, rng)
        for j in range(begin, mark - 1):
            survival = survival * _ratio(at_risk[:, j], leaving[:, j], events[:, j])
        used += events[:, begin : mark - 1].sum(axis=1)
        _fit_mark(plan, s, mark, at_risk, leaving, events, used, survival)
        survival = np.full(size, plan.survival[mark])
        used += events[:, mark - 1]
        begin = mark
    late = np.zeros(size, dtype=np.int64)
    if begin < knots - 1:
        block = slice(begin, knots - 1)
        if s.events is not None and plan.fixed_at_risk[-1] < 0:
            # fewer may be left at the end than was drawn, where the printed events ask for more to leave
            short = np.maximum(s.events - used - leaving[:, block].sum(axis=1), 0)
            leaving[:, -1] += np.minimum(short, at_risk[:, -1])
        expected, total = leaving[:, block] * plan.share[:, block], None
        if s.events is not None:
            total = np.clip(s.events - used, 0, leaving[:, block].sum(axis=1))
            expected = _shifted(leaving[:, block], plan.share[:, block], total)
        events[:, block] = _rounded(expected, total, rng)
    if s.events is not None:
        _add_up(s.events, leaving, events)
        late = np.clip(s.events - events.sum(axis=1), 0, s.n - leaving.sum(axis=1))
    return leaving, events, late


def _add_up(total: int, leaving: Ints, events: Ints) -> None:
    """Exchange events for censorings, the latest segments first, until no more events happen than were printed (in place).

    The same the other way round for too few. Only where a printed survival asked for another number is anything left to do.
    """
    for j in range(leaving.shape[1] - 1, -1, -1):
        over = np.clip(events.sum(axis=1) - total, 0, events[:, j])
        events[:, j] -= over
    for j in range(leaving.shape[1] - 1, -1, -1):
        under = np.clip(total - events.sum(axis=1), 0, leaving[:, j] - events[:, j])
        events[:, j] += under


def _whole_at_risk(plan: Plan, s: SurvivalSummary) -> Ints:
    """Patients at risk at the knots: as printed, otherwise the draw's to the nearest whole, never rising."""
    value = np.rint(np.exp(np.clip(plan.log_at_risk, -5, 20))).astype(np.int64)
    floor = np.maximum.accumulate(np.where(plan.fixed_at_risk >= 0, plan.fixed_at_risk, 0)[::-1])[::-1]
    if plan.fixed_at_risk[-1] < 0:
        most = s.n if s.events is None else s.n - s.events
        printed = plan.fixed_at_risk[plan.fixed_at_risk >= 0]
        value[:, -1] = np.clip(value[:, -1], min(1, most), min(most, printed[-1]))
    value = np.where(plan.fixed_at_risk >= 0, plan.fixed_at_risk, np.maximum(value, floor))
    value[:, :-1] = np.maximum(value[:, :-1], np.minimum(value[:, -1:], s.n))
    return np.minimum.accumulate(value, axis=1)


def _shifted(leaving: Ints, share: Floats, total: Ints) -> Floats:
    """Expected events with the odds of an event shifted alike in all segments, so that they add up to `total`."""
    odds = np.log(np.clip(share, 1e-9, 1 - 1e-9)) - np.log1p(-np.clip(share, 1e-9, 1 - 1e-9))
    low, high = np.full(total.size, -25.0), np.full(total.size, 25.0)
    for _ in range(24):
        shift = 0.5 * (low + high)
        more = (leaving / (1 + np.exp(-(odds + shift[:, None])))).sum(axis=1) < total
        low, high = np.where(more, shift, low), np.where(more, high, shift)
    return leaving / (1 + np.exp(-(odds + 0.5 * (low + high)[:, None])))


def _rounded(expected: Floats, total: Ints | None, rng: np.random.Generator) -> Ints:
    """Whole numbers with the running sum kept: each is its expectation rounded up or down, the sum is `total`."""
    running = np.cumsum(expected, axis=1)
    if total is not None and running.shape[1]:
        running[:, -1] = total
    start = rng.random((expected.shape[0], 1))
    whole = np.floor(running + start + 1e-9)
    if total is not None and running.shape[1]:
        whole[:, -1] = total
    return np.diff(np.concatenate([np.zeros((expected.shape[0], 1)), whole], axis=1), axis=1).astype(np.int64)


def _ratio(at_risk: Ints, leaving: Ints, events: Ints) -> Floats:
    """Survival over a segment with the censorings spread evenly between the events."""
    middle = at_risk - 0.5 * (leaving - events)
    return np.clip(1 - events / np.maximum(middle, 1), 0, 1)


def _fit_mark(
    plan: Plan, s: SurvivalSummary, mark: int, at_risk: Ints, leaving: Ints, events: Ints, used: Ints, survival: Floats
) -> None:
    """Choose events and censorings of the segment before a printed survival so that some order of them gives it (in place).

    With y at risk, d events and c censorings the ratio of survivals lies between (y - c - d) / (y - c), all censorings first, and
    (y - d) / y, all last.
    """
    j = mark - 1
    y = at_risk[:, j]
    wanted = np.clip(plan.survival[mark] / np.maximum(survival, 1e-9), 0, 1)
    slack = 0.9 * s.survival_rounding / np.maximum(survival, 1e-9)
    d0, c0 = events[:, j].copy(), leaving[:, j] - events[:, j]
    dd, dc = (grid.ravel() for grid in np.meshgrid(EVENT_OFFSETS, CENSOR_OFFSETS, indexing="ij"))
    d = d0[:, None] + dd
    pinned = plan.fixed_at_risk[mark] >= 0
    c = leaving[:, j, None] - d if pinned else c0[:, None] + dc
    after = y[:, None] - d - c
    floor = 0 if s.events is None else max(plan.fixed_at_risk[-1], 1 if s.events < s.n else 0)
    later = np.max(plan.fixed_at_risk[mark:], initial=0)
    possible = (d >= 0) & (c >= 0) & (after >= later)
    if s.events is not None:
        rest = s.events - used[:, None] - d
        possible &= (rest >= 0) & (rest <= after - floor)
    high = 1 - d / np.maximum(y, 1)[:, None]
    low = 1 - d / np.maximum(y[:, None] - c, np.maximum(d, 1))
    missed = np.maximum(low - wanted[:, None] - slack[:, None], 0) + np.maximum(
        wanted[:, None] - slack[:, None] - high, 0
    )
    # among the orders that give it, one with the censorings near their usual place is the more likely
    lean = np.abs(wanted[:, None] - 0.5 * (low + high)) / np.maximum(0.5 * (high - low), slack[:, None])
    cost = 0.1 * (np.abs(dd) + np.abs(c - c0[:, None])) + np.minimum(lean, 3) ** 2 + missed * 1e4 + ~possible * 1e9
    best = np.argmin(cost, axis=1)
    rows = np.arange(y.size)
    ok = possible[rows, best]
    events[:, j] = np.where(ok, d[rows, best], events[:, j])
    changed = np.where(ok, d[rows, best] + c[rows, best], leaving[:, j]) - leaving[:, j]
    leaving[:, j] += changed
    at_risk[:, mark] = at_risk[:, j] - leaving[:, j]
    if mark < leaving.shape[1]:
        # what left earlier or later is made up for in the segments that follow, up to the next printed number at risk
        follow = np.minimum.accumulate(np.minimum(at_risk[:, mark:], at_risk[:, mark, None]), axis=1)
        at_risk[:, mark:] = follow
        leaving[:, mark:] = -np.diff(follow, axis=1)


def _times(
    arm: Arm, state: Floats, plan: Plan, leaving: Ints, events: Ints, late: Ints, rng: np.random.Generator
) -> tuple[Floats, Floats]:
    """Times and marks, sorted, shape (replicates, n): inside a segment each kind follows its own smooth density."""
    size, n = leaving.shape[0], int(arm.n)
    smooth_event, smooth_censor = smooth_part(arm, state)
    mid = paths(arm, state).at_risk_mid
    slot = np.arange(n)
    run_event, run_censor = np.cumsum(events, axis=1), np.cumsum(leaving - events, axis=1)
    n_event, n_left = run_event[:, -1:], run_event[:, -1:] + run_censor[:, -1:]
    event = slot < n_event
    rank = np.where(event, slot, slot - n_event)
    segment = np.zeros((size, n), dtype=np.int64)
    for j in range(leaving.shape[1] - 1):
        segment += rank >= np.where(event, run_event[:, j, None], run_censor[:, j, None])
    at = rng.random((size, n))
    rows = np.arange(size)[:, None]
    time = np.empty((size, n))
    for kind, smooth in ((True, smooth_event), (False, smooth_censor)):
        mass = np.zeros((size, arm.bins + 1))
        np.cumsum(smooth * mid + 1e-12 * arm.width, axis=1, out=mass[:, 1:])
        mass /= mass[:, -1:]
        begin, end = mass[rows, plan.knots[segment]], mass[rows, plan.knots[segment + 1]]
        placed = _interpolate(begin + at * (end - begin), mass, np.broadcast_to(arm.edges, mass.shape))
        time = np.where(event == kind, placed, time)
    # strictly inside the segment, so that a printed number at risk counts them on the right side
    low, high = arm.edges[plan.knots[segment]], arm.edges[plan.knots[segment + 1]]
    gap = 1e-9 * arm.edges[-1]
    time = np.clip(time, low + gap, np.maximum(high - gap, low + 0.5 * gap))
    time = np.where(slot >= n_left, arm.edges[-1], time)
    # nobody left at the end: the last event is the longest follow-up
    emptied = np.flatnonzero(n_left[:, 0] == n)
    time[emptied, np.argmax(time[emptied], axis=1)] = arm.edges[-1]
    event = event | ((slot >= n_left) & (slot < n_left + late[:, None]))
    order = np.argsort(time, axis=1, kind="stable")
    return time[rows, order], event[rows, order].astype(float)


def _interpolate(x: Floats, xp: Floats, fp: Floats) -> Floats:
    """Row-wise linear interpolation in one call: rows are set apart on one axis."""
    low, high = xp[:, :1], xp[:, -1:]
    apart = 2.0 * np.arange(xp.shape[0])[:, None]
    scaled = (xp - low) / (high - low) + apart
    query = np.clip((x - low) / (high - low), 0, 1) + apart
    return np.interp(query.ravel(), scaled.ravel(), np.ascontiguousarray(fp).ravel()).reshape(x.shape)


def _tune_landmarks(
    arm: Arm, plan: Plan, time: Floats, event: Floats, rng: np.random.Generator
) -> tuple[Floats, Floats]:
    """Move censorings earlier or later among the events of the segment before a printed survival until it holds."""
    for mark in [j for j in range(1, plan.knots.size) if np.isfinite(plan.survival[j])]:
        begin, end = arm.edges[plan.knots[mark - 1]], arm.edges[plan.knots[mark]]
        before = (time < begin + 1e-12 * end).sum(axis=1) if mark > 1 else np.zeros(time.shape[0], dtype=np.int64)
        time, event = _tune(
            time,
            event,
            before,
            (time <= end).sum(axis=1) if end < arm.edges[-1] else None,
            end,
            begin,
            plan.survival[mark],
            rng,
        )
    return time, event


def _tune(time, event, before, through, end, begin, wanted, rng):
    size, n = time.shape
    through = np.full(size, n) if through is None else through
    y0 = n - np.arange(n)
    log_factor = np.log(np.maximum(1 - event / y0, 1e-12))
    running = np.concatenate([np.zeros((size, 1)), np.cumsum(log_factor, axis=1)], axis=1)
    rows = np.arange(size)
    target = np.log(max(wanted, 1e-9)) - running[rows, before]
    slot = np.arange(n)
    inside = (slot >= before[:, None]) & (slot < through[:, None])
    is_event = inside & (event > 0)
    rank = np.cumsum(is_event, axis=1) - 1
    count = is_event.sum(axis=1)
    most = int(count.max(initial=0))
    if most == 0:
        return time, event
    where = np.nonzero(is_event)
    earlier = np.zeros((size, most))
    earlier[where[0], rank[where]] = slot[where[1]] - before[where[0]] - rank[where]
    censored = (inside.sum(axis=1) - count)[:, None].astype(float)
    valid = np.arange(most) < count[:, None]
    at_risk = (n - before)[:, None] - np.arange(most)

    def moved(shift: Floats) -> Floats:
        up = earlier + shift[:, None] * (censored - earlier)
        down = earlier * (1 + shift[:, None])
        return np.floor(np.where(shift[:, None] > 0, up, down) + 0.5)

    def log_survival(shift: Floats) -> Floats:
        left = np.maximum(at_risk - moved(shift), 1.0)
        return np.where(valid, np.log(np.maximum(1 - 1 / left, 1e-12)), 0).sum(axis=1)

    low, high = -np.ones(size), np.ones(size)
    best, miss = np.zeros(size), np.abs(log_survival(np.zeros(size)) - target)
    for _ in range(HALVINGS):
        shift = 0.5 * (low + high)
        value = log_survival(shift)
        nearer = np.abs(value - target) < miss
        best, miss = np.where(nearer, shift, best), np.where(nearer, np.abs(value - target), miss)
        low, high = np.where(value > target, shift, low), np.where(value > target, high, shift)
    return _replaced(time, event, before, inside, is_event, rank, moved(best), count, begin, end, rng)


def _replaced(time, event, before, inside, is_event, rank, earlier, count, begin, end, rng):
    """Times with the k-th censoring of the segment put behind as many events as the new order asks for."""
    size, n = time.shape
    most = earlier.shape[1]
    event_time = np.full((size, most + 2), end)
    event_time[:, 0] = begin
    where = np.nonzero(is_event)
    event_time[where[0], rank[where] + 1] = time[where]
    is_censor = inside & ~is_event
    cens = np.nonzero(is_censor)
    k = (np.cumsum(is_censor, axis=1) - 1)[cens]
    # events before the k-th censoring (from 0): those with at most k censorings before them; rows are set apart on one axis
    padded = np.where(np.arange(most) < count[:, None], earlier, n + 1.0) + (n + 2.0) * np.arange(size)[:, None]
    gap = np.searchsorted(padded.ravel(), k + (n + 2.0) * cens[0], side="right") - most * cens[0]
    lower, upper = event_time[cens[0], gap], event_time[cens[0], gap + 1]
    own = time[cens]
    fits = (own > lower) & (own < upper)
    new = lower + (upper - lower) * (0.001 + 0.998 * rng.random(k.size))
    time = time.copy()
    time[cens] = np.where(fits, own, new)
    order = np.argsort(time, axis=1, kind="stable")
    rows = np.arange(size)[:, None]
    return time[rows, order], event[rows, order]


def limits(time: Floats, event: Floats, z: float, transform: str) -> tuple[Floats, Floats, Floats]:
    """Median and Brookmeyer-Crowley limits of every row of sorted patients; infinite where not reached.

    References
    ----------
    .. [1] Brookmeyer, R. and Crowley, J. (1982). Biometrics 38, 29-41.
    """
    n = time.shape[1]
    at_risk = n - np.arange(n)
    survival = np.cumprod(1 - event / at_risk, axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        root = np.sqrt(np.cumsum(event / (at_risk * np.maximum(at_risk - event, 1e-300)), axis=1))
        if transform == "log-log":
            hazard = -np.log(survival)
            half = np.log(np.log(2.0))
            low = np.log(hazard) + z * root / hazard >= half
            high = np.log(hazard) - z * root / hazard >= half
        elif transform == "log":
            reach = np.exp(np.minimum(z * root, 700.0))
            low, high = survival / reach <= 0.5, survival * reach <= 0.5
        else:
            low, high = survival * (1 - z * root) <= 0.5, survival * (1 + z * root) <= 0.5
    alive = survival > 1e-12
    low, high = (low | ~alive) & (survival < 1 - 1e-12), high & alive
    return _first(time, survival <= 0.5 + 1e-12), _first(time, low), _first(time, high)


def _first(time: Floats, reached: NDArray[np.bool_]) -> Floats:
    place = np.argmax(reached, axis=1)
    return np.where(reached.any(axis=1), time[np.arange(time.shape[0]), place], np.inf)


def _in_place(
    arm: Arm, s: SurvivalSummary, plan: Plan, time: Floats, event: Floats, transform: str, rng: np.random.Generator
) -> Ensemble:
    """Replicates with median and limits where they were printed; `placed` where that could be done."""
    median, _, upper = limits(time, event, s.z, transform)
    placed = np.ones(time.shape[0], dtype=bool)
    if s.median_not_reached:
        placed &= ~np.isfinite(median)
    if s.upper_not_reached:
        placed &= ~np.isfinite(upper)
    held = np.broadcast_to(arm.edges[plan.knots], (time.shape[0], plan.knots.size))
    stretch = stretch_to(s, time, event, held, transform, rng)
    return Ensemble(stretch.apply(time), event, placed & stretch.possible)


@dataclass(frozen=True)
class Stretch:
    """A monotone map of time for each replicate, from `source` to `goal` times; the identity where it is not `possible`."""

    source: Floats
    goal: Floats
    possible: NDArray[np.bool_]

    def apply(self, time: Floats) -> Floats:
        """Mapped times, shape as given; the last held time stays what it is to the bit."""
        use = np.flatnonzero(self.possible)
        if not use.size or not self.source.shape[1]:
            return time
        out = time.copy()
        last = self.goal[use, -1:]
        out[use] = np.where(time[use] >= last, time[use], _interpolate(time[use], self.source[use], self.goal[use]))
        return out


def stretch_to(
    s: SurvivalSummary, time: Floats, event: Floats, held: Floats, transform: str, rng: np.random.Generator
) -> Stretch:
    """Stretch time between the `held` times (replicates, k) so that median and limits fall where they were printed.

    A monotone map of time changes neither survival nor Greenwood's sum at any patient, so it moves the median and the limits
    with it; numbers at risk and landmarks stay as they are because their times are held.
    """
    size = time.shape[0]
    rebuilt = zip(limits(time, event, s.z, transform), (s.median, s.lower, s.upper), strict=True)
    moved = sorted(((a, b) for a, b in rebuilt if b is not None), key=lambda pair: pair[1])
    if not moved:
        return Stretch(np.empty((size, 0)), np.empty((size, 0)), np.ones(size, dtype=bool))
    source = np.column_stack([held, *(a for a, _ in moved)])
    jitter = 0.9 * s.time_rounding * (2 * rng.random((size, len(moved))) - 1)
    goal = np.column_stack([held, np.sort(np.array([b for _, b in moved]) + jitter, axis=1)])
    end = held.max(axis=1, keepdims=True)
    possible = np.isfinite(source).all(axis=1)
    order = np.argsort(np.where(np.isfinite(source), source, 2 * end), axis=1, kind="stable")
    x, y = np.take_along_axis(source, order, axis=1), np.take_along_axis(goal, order, axis=1)
    gap = 1e-9 * end
    possible &= (np.diff(y, axis=1) > gap).all(axis=1)
    possible &= (np.diff(np.where(np.isfinite(x), x, 0), axis=1) > gap).all(axis=1)
    return Stretch(x, y, possible)
