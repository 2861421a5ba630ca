"""From draws of the hazards to patients: whole numbers in each segment, times within it, and medians as printed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from resurvey import steady
from resurvey.reconstruct.fit import Fit, draw
from resurvey.reconstruct.hazard import Arm, Paths, paths
from resurvey.reconstruct.landmarks import Plan, tune_landmarks
from resurvey.reconstruct.stretch import by_time, crossings, limits, quantile_times, stretch_to, survival_at
from resurvey.reconstruct.survival_summary import SurvivalSummary

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

ROUNDS = 4
MOST_SPARE = 6.0
EVENT_OFFSETS = np.array([-12, -8, *range(-5, 6), 8, 12])
CENSOR_OFFSETS = np.array([-25, -16, -11, *range(-7, 8), 11, 16, 25])
# offsets up to this are tried first; cost of one patient more or fewer, relative to a missed survival
NEAR_OFFSET = 2
OFFSET_COST = 0.1


@dataclass(frozen=True)
class Ensemble:
    """Patients of every replicate, sorted by time, arrays (replicates, n); `placed` where everything printed holds."""

    time: Floats
    event: Floats
    placed: NDArray[np.bool_]

    @classmethod
    def empty(cls, size: int, n: int) -> Ensemble:
        """Uninitialised arrays for `size` replicates."""
        return cls(np.empty((size, n)), np.empty((size, n)), np.zeros(size, dtype=bool))

    def put(self, rows: Ints, other: Ensemble, chosen: Ints | slice = slice(None)) -> None:
        """Replace some replicates by those of another ensemble."""
        self.time[rows], self.event[rows] = other.time[chosen], other.event[chosen]
        self.placed[rows] = other.placed[chosen]


def ensembles(
    found: Fit, arms: Sequence[SurvivalSummary], size: int, transform: str, rng: np.random.Generator
) -> list[Ensemble]:
    """`size` replicates of each arm of a trial, drawn together.

    A replicate that cannot be made to meet the printed numbers in every arm is redrawn a few times. Any left over are
    combined from arms that succeeded in different draws or, if there are none, kept as drawn.
    """
    made = [Ensemble.empty(size, s.n) for s in arms]
    open_, spare = np.arange(size), 1.1
    for round_ in range(ROUNDS):
        tries = int(np.ceil(open_.size * spare)) + 2
        tried = _batch(found, arms, tries, transform, rng)
        good = np.flatnonzero(np.logical_and.reduce([one.placed for one in tried]))[: open_.size]
        hopeless = good.size < 0.02 * tries
        spare = min(1.05 / max(good.size / tries, 0.1), MOST_SPARE)
        for whole, one in zip(made, tried, strict=True):
            whole.put(open_[: good.size], one, good)
        open_ = open_[good.size :]
        if hopeless or round_ == ROUNDS - 1:
            for whole, one in zip(made, tried, strict=True):
                whole.put(open_, one, _next_best(one.placed, good, open_.size))
            break
        if not open_.size:
            break
    return made


def _next_best(placed: NDArray[np.bool_], used: Ints, count: int) -> Ints:
    """Draws of one arm for replicates that no draw placed in all arms: placed before unplaced, unused before used."""
    free = np.ones(placed.size, dtype=bool)
    free[used] = False
    order = np.argsort(2 * ~placed + ~free, kind="stable")
    best = order[: max(int(placed.sum()), 1)] if placed.any() else order
    return np.resize(best, count)


def _batch(
    found: Fit, arms: Sequence[SurvivalSummary], size: int, transform: str, rng: np.random.Generator
) -> list[Ensemble]:
    states = draw(found, size, rng)
    return [_patients(arm, s, state, transform, rng) for arm, s, state in zip(found.arms, arms, states, strict=True)]


def _patients(arm: Arm, s: SurvivalSummary, state: Floats, transform: str, rng: np.random.Generator) -> Ensemble:
    """Patients of one arm for each of its states."""
    path = paths(arm, state)
    plan = _plan(arm, s, path)
    leaving, events, late = _counts(plan, s, rng)
    time, event = _times(arm, path, plan, leaving, events, late, rng)
    time, event = tune_landmarks(arm, plan, time, event, s.survival_half_unit, rng)
    kept_above = [*s.stays_above, *([0.5] if s.median_not_reached else [])]
    if kept_above:
        printed = [t for t, _ in s.landmarks] + [t for _, t in s.quantiles]
        since = max([0.0, *printed, *(t for t in (s.median, s.upper) if t is not None)])
        _keep_above(max(kept_above), time, event, since)
    made = _in_place(arm, s, plan, time, event, transform, rng)
    return Ensemble(made.time, made.event, made.placed & _meets_landmarks(s, made.time, made.event))


def _keep_above(level: float, time: Floats, event: Floats, since: float) -> None:
    """If the last events among few patients bring the curve down to a level, exchange them with earlier censorings.

    Only event indicators after `since` (the last printed survival or crossing) are exchanged, so that numbers at risk
    and printed survivals do not change.
    """
    n = time.shape[1]
    kept = 1 - 1.0 / (n - np.arange(n))
    for row in np.flatnonzero(np.prod(np.where(event > 0, kept, 1.0), axis=1) <= level + 1e-9):
        marks = event[row]
        free = np.flatnonzero((marks == 0) & (time[row] > since))  # censored, and may become events
        last = int(np.flatnonzero(marks)[-1])
        reached = np.prod(kept[marks > 0])
        while reached <= level + 1e-9:
            free = free[: np.searchsorted(free, last)]
            if not free.size:
                break
            marks[last], marks[free[-1]] = 0.0, 1.0
            reached = reached / kept[last] * kept[free[-1]] if kept[last] > 0 else np.prod(kept[marks > 0])
            free = free[:-1]
            last -= 1  # between the two exchanged patients there were only events


def _meets_landmarks(s: SurvivalSummary, time: Floats, event: Floats) -> NDArray[np.bool_]:
    """Replicates with the printed events and every printed survival within its rounding."""
    meets = np.ones(time.shape[0], dtype=bool)
    if s.events is not None:
        meets &= event.sum(axis=1) == s.events
    if s.landmarks:
        at = survival_at(time, event, [t for t, _ in s.landmarks])
        meets &= (np.abs(at - np.array([v for _, v in s.landmarks])) <= s.survival_half_unit + 1e-9).all(axis=1)
    return meets


def _plan(arm: Arm, s: SurvivalSummary, path: Paths) -> Plan:
    """Segments between the printed times, with patients at risk and the share of events among those leaving."""
    last = arm.bins
    table = dict(zip(_places(arm, s.at_risk_times or ()), s.at_risk or (), strict=True)) if s.at_risk_times else {}
    landmarks = dict(zip(_places(arm, [t for t, _ in s.landmarks]), [v for _, v in s.landmarks], strict=True))
    # where survival is known approximately, patients leave as drawn: the drawn curve there is that of the patients
    about = _places(arm, [t for t, *_ in s.landmarks_about])
    knots = np.array(sorted({0, last, *table, *landmarks, *about}))
    fixed = np.array([int(s.n) if k == 0 else int(table.get(k, -1)) for k in knots])
    survival = np.array([landmarks.get(k, np.nan) for k in knots])
    # share of events among those leaving: not the ratio of summed hazards, because hazards change while patients leave
    gained = np.add.reduceat(path.event * path.at_risk_mid, knots[:-1], axis=1)
    lost = np.add.reduceat(path.censor * path.at_risk_mid, knots[:-1], axis=1)
    return Plan(knots, fixed, survival, path.log_at_risk[:, knots], gained / np.maximum(gained + lost, 1e-12))


def _places(arm: Arm, times) -> list[int]:
    return [int(np.argmin(np.abs(arm.edges - t))) for t in times]


def _counts(plan: Plan, s: SurvivalSummary, rng: np.random.Generator) -> tuple[Ints, Ints, Ints]:
    """Patients leaving and events in each segment, (replicates, segments), and events among those left at the end."""
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
            # fewer patients may remain at the end than drawn if the printed events require more to leave
            short = np.maximum(s.events - used - leaving[:, block].sum(axis=1), 0)
            leaving[:, -1] += np.minimum(short, at_risk[:, -1])
        expected, total = leaving[:, block] * plan.share[:, block], None
        if s.events is not None:
            total = np.clip(s.events - used, 0, leaving[:, block].sum(axis=1))
            expected = shifted(leaving[:, block], plan.share[:, block], total)
        events[:, block] = _rounded(expected, total, rng)
    if s.events is not None:
        _add_up(s.events, leaving, events)
        late = np.clip(s.events - events.sum(axis=1), 0, s.n - leaving.sum(axis=1))
    return leaving, events, late


def _add_up(total: int, leaving: Ints, events: Ints) -> None:
    """Exchange events for censorings (in place), latest segments first, until there are as many events as printed.

    The reverse is done if there are too few. This is needed only if a printed survival required another number.
    """
    for j in range(leaving.shape[1] - 1, -1, -1):
        over = np.clip(events.sum(axis=1) - total, 0, events[:, j])
        events[:, j] -= over
    for j in range(leaving.shape[1] - 1, -1, -1):
        under = np.clip(total - events.sum(axis=1), 0, leaving[:, j] - events[:, j])
        events[:, j] += under


def _whole_at_risk(plan: Plan, s: SurvivalSummary) -> Ints:
    """Patients at risk at the knots: as printed, otherwise the drawn number rounded, never rising."""
    value = np.rint(steady.exp(np.clip(plan.log_at_risk, -5, 20))).astype(np.int64)
    floor = np.maximum.accumulate(np.where(plan.fixed_at_risk >= 0, plan.fixed_at_risk, 0)[::-1])[::-1]
    if plan.fixed_at_risk[-1] < 0:
        most = s.n if s.events is None else s.n - s.events
        printed = plan.fixed_at_risk[plan.fixed_at_risk >= 0]
        value[:, -1] = np.clip(value[:, -1], min(1, most), min(most, printed[-1]))
    value = np.where(plan.fixed_at_risk >= 0, plan.fixed_at_risk, np.maximum(value, floor))
    value[:, :-1] = np.maximum(value[:, :-1], np.minimum(value[:, -1:], s.n))
    return np.minimum.accumulate(value, axis=1)


def shifted(leaving: Ints, share: Floats, total: Ints) -> Floats:
    """Expected events with the odds of an event multiplied equally in all segments so that they add up to `total`."""
    if leaving.shape[1] == 1:
        return total[:, None].astype(float)
    share = np.clip(share, 1e-9, 1 - 1e-9)
    against = (1 - share) / share
    low, high = np.full(total.size, -25.0), np.full(total.size, 25.0)
    for _ in range(24):
        shift = 0.5 * (low + high)
        more = (leaving / (1 + against * steady.exp(-shift)[:, None])).sum(axis=1) < total
        low, high = np.where(more, shift, low), np.where(more, high, shift)
    return leaving / (1 + against * steady.exp(-0.5 * (low + high))[:, None])


def _rounded(expected: Floats, total: Ints | None, rng: np.random.Generator) -> Ints:
    """Round each expectation up or down such that the running sum is preserved; the sum is `total`."""
    running = np.cumsum(expected, axis=1)
    if total is not None and running.shape[1]:
        running[:, -1] = total
    start = rng.random((expected.shape[0], 1))
    whole = np.floor(running + start + 1e-9)
    if total is not None and running.shape[1]:
        whole[:, -1] = total
    return np.diff(np.concatenate([np.zeros((expected.shape[0], 1)), whole], axis=1), axis=1).astype(np.int64)


def _ratio(at_risk: Ints, leaving: Ints, events: Ints) -> Floats:
    """Survival over a segment if censorings are spread evenly between the events."""
    middle = at_risk - 0.5 * (leaving - events)
    return np.clip(1 - events / np.maximum(middle, 1), 0, 1)


def _fit_mark(
    plan: Plan, s: SurvivalSummary, mark: int, at_risk: Ints, leaving: Ints, events: Ints, used: Ints, survival: Floats
) -> None:
    """Choose events and censorings (in place) in the segment before a printed survival so that some order gives it.

    With y at risk, d events and c censorings, the ratio of survivals lies between (y - c - d) / (y - c) (all censorings
    first) and (y - d) / y (all censorings last).
    """
    j = mark - 1
    wanted = np.clip(plan.survival[mark] / np.maximum(survival, 1e-9), 0, 1)
    slack = 0.9 * s.survival_half_unit / np.maximum(survival, 1e-9)
    given = (at_risk[:, j], events[:, j], leaving[:, j] - events[:, j], used, wanted, slack)
    near = np.abs(EVENT_OFFSETS) <= NEAR_OFFSET, np.abs(CENSOR_OFFSETS) <= NEAR_OFFSET
    died, lost, cost = _cheapest(plan, s, mark, given, EVENT_OFFSETS[near[0]], CENSOR_OFFSETS[near[1]])
    # more distant choices cost more than this: they are tried only if no near one is cheaper
    far = np.flatnonzero(cost >= OFFSET_COST * (NEAR_OFFSET + 1))
    if far.size:
        found = _cheapest(plan, s, mark, tuple(column[far] for column in given), EVENT_OFFSETS, CENSOR_OFFSETS)
        died[far], lost[far], cost[far] = found
    ok = np.isfinite(cost)
    events[:, j] = np.where(ok, died, events[:, j])
    leaving[:, j] = np.where(ok, died + lost, leaving[:, j])
    at_risk[:, mark] = at_risk[:, j] - leaving[:, j]
    if mark < leaving.shape[1]:
        # patients who leave earlier or later are compensated in later segments, up to the next printed number at risk
        follow = np.minimum.accumulate(np.minimum(at_risk[:, mark:], at_risk[:, mark, None]), axis=1)
        at_risk[:, mark:] = follow
        leaving[:, mark:] = -np.diff(follow, axis=1)


def _cheapest(
    plan: Plan,
    s: SurvivalSummary,
    mark: int,
    given: tuple[NDArray[Any], ...],
    event_offsets: Ints,
    censor_offsets: Ints,
) -> tuple[Ints, Ints, Floats]:
    """Events, censorings and cost of the best choice of offsets in each replicate; infinite cost if none is possible.

    `given` are patients at risk, usual events and censorings, earlier events, target survival and its tolerance, each
    (replicates,).
    """
    # axes: replicate, events, censorings; with a printed number at risk the events determine the censorings
    y, d0, c0, used, aim, reach = (column[:, None, None] for column in given)
    d = d0 + event_offsets[:, None]
    c = d0 + c0 - d if plan.fixed_at_risk[mark] >= 0 else c0 + censor_offsets
    left = y - c
    floor = 0 if s.events is None else max(plan.fixed_at_risk[-1], 1 if s.events < s.n else 0)
    fits, least = d >= 0, d + np.max(plan.fixed_at_risk[mark:], initial=0)
    if s.events is not None:
        fits, least = fits & (d <= s.events - used), np.maximum(least, s.events - used + floor)
    possible = fits & (c >= 0) & (left >= least)
    high = 1 - d / np.maximum(y, 1)
    low = 1 - d / np.maximum(left, np.maximum(d, 1))
    missed = np.maximum(low - (aim + reach), 0) + np.maximum(aim - reach - high, 0)
    # among the orders that give it, those with the censorings near their usual place are more likely
    lean = np.abs(2 * aim - (low + high)) / np.maximum(high - low, 2 * reach)
    moved = OFFSET_COST * (np.abs(event_offsets)[:, None] + np.abs(c - c0))
    cost = np.where(possible, moved + np.minimum(lean, 3) ** 2 + missed * 1e4, np.inf).reshape(len(possible), -1)
    rows, best = np.arange(len(cost)), np.argmin(cost, axis=1)
    which = (rows, *np.unravel_index(best, possible.shape[1:]))
    return np.broadcast_to(d, possible.shape)[which], np.broadcast_to(c, possible.shape)[which], cost[rows, best]


def _times(
    arm: Arm, path: Paths, plan: Plan, leaving: Ints, events: Ints, late: Ints, rng: np.random.Generator
) -> tuple[Floats, Floats]:
    """Sorted times and event indicators, shape (replicates, n); in a segment each kind follows its smooth density."""
    size, n = leaving.shape[0], int(arm.n)
    mass = _mass(arm, path)
    # cells by kind (events, then censorings), replicate and segment: how many leave, and between which levels
    count = np.concatenate((events, leaving - events)).ravel()
    level = mass[:, plan.knots]
    begin, width = level[:, :-1].ravel(), np.diff(level, axis=1).ravel()
    apart = 2.0 * np.arange(2 * size)[:, None]
    wanted = begin.repeat(count) + rng.random(int(count.sum())) * width.repeat(count)
    # in rising order within each cell, which makes them faster to look up and merge
    wanted = np.sort(wanted + np.broadcast_to(apart, (2 * size, leaving.shape[1])).ravel().repeat(count))
    found = np.interp(wanted, (mass + apart).ravel(), np.tile(arm.edges, 2 * size))
    # strictly inside the segment, so that a printed number at risk counts them on the correct side
    gap = 1e-9 * arm.edges[-1]
    low, high = arm.edges[plan.knots[:-1]], arm.edges[plan.knots[1:]]
    first, last = np.tile(low + gap, 2 * size), np.tile(np.maximum(high - gap, low + 0.5 * gap), 2 * size)
    found = np.minimum(np.maximum(found, first.repeat(count)), last.repeat(count))
    n_event, n_left = events.sum(axis=1), leaving.sum(axis=1)
    slot = np.arange(n)
    happens, leaves = slot < n_event[:, None], slot < n_left[:, None]
    time = np.full((size, n), arm.edges[-1])
    time.put(np.flatnonzero(happens), found[: n_event.sum()])
    time.put(np.flatnonzero(leaves & ~happens), found[n_event.sum() :])
    # nobody remains at the end: the last event is the longest follow-up
    emptied = np.flatnonzero(n_left == n)
    time[emptied, np.argmax(time[emptied], axis=1)] = arm.edges[-1]
    event = happens | (~leaves & (slot < (n_left + late)[:, None]))
    return by_time(time, event.astype(float))


def _mass(arm: Arm, path: Paths) -> Floats:
    """Cumulative share (0 to 1) at the edges, of events (first rows) and of censorings, (2 replicates, bins + 1)."""
    mass = np.zeros((2 * path.at_risk_mid.shape[0], arm.bins + 1))
    density = np.concatenate([path.smooth[:, kind] * path.at_risk_mid for kind in range(2)])
    np.cumsum(density + 1e-12 * arm.width, axis=1, out=mass[:, 1:])
    mass /= mass[:, -1:]
    return mass


def _in_place(
    arm: Arm, s: SurvivalSummary, plan: Plan, time: Floats, event: Floats, transform: str, rng: np.random.Generator
) -> Ensemble:
    """Move the median and its limits to where they were printed; `placed` where that was possible."""
    placed = np.ones(time.shape[0], dtype=bool)
    if s.median_not_reached or s.upper_not_reached:
        median, _, upper = limits(time, event, s.z, transform)
        placed &= ~(s.median_not_reached & np.isfinite(median)) & ~(s.upper_not_reached & np.isfinite(upper))
    if s.stays_above:
        placed &= ~np.isfinite(quantile_times(time, event, [max(s.stays_above)])[:, 0])
    held = np.broadcast_to(arm.edges[plan.knots], (time.shape[0], plan.knots.size))
    stretch = stretch_to(s, crossings(s, time, event, transform), held, rng)
    moved, placed = stretch.apply(time), placed & stretch.possible
    # If a curve stays at one half, the median is the middle of a stretch whose ends moved by different factors.
    off = placed & _median_off(s, moved, event, transform)
    if off.any():
        again = stretch_to(s, crossings(s, moved[off], event[off], transform), held[off], rng)
        moved[off] = again.apply(moved[off])
        placed[off] &= again.possible & ~_median_off(s, moved[off], event[off], transform)
    return Ensemble(moved, event, placed)


def _median_off(s: SurvivalSummary, time: Floats, event: Floats, transform: str) -> NDArray[np.bool_]:
    """Replicates whose median differs from the printed one by more than its rounding."""
    if s.median is None:
        return np.zeros(time.shape[0], dtype=bool)
    return np.abs(limits(time, event, s.z, transform)[0] - s.median) > s.time_half_unit
