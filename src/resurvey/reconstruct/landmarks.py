"""Make printed survival rates hold by changing the order of events and censorings before each of them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from resurvey import steady
from resurvey.reconstruct.hazard import Arm
from resurvey.reconstruct.stretch import by_time

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Marks = NDArray[np.bool_]

HALVINGS = 7
EXCHANGES = 8
#: Steps in which censorings are shifted earlier or later: as fine as the halvings allow.
LEANS = 2 ** (HALVINGS - 1)


@dataclass(frozen=True)
class Plan:
    """Knots (segment ends), the numbers printed there, and each replicate's hazards between them."""

    knots: Ints
    fixed_at_risk: Ints
    survival: Floats
    log_at_risk: Floats
    share: Floats


@dataclass(frozen=True)
class Segment:
    """The patients of every replicate who leave between two times, and the target survival over that segment.

    Attributes
    ----------
    begin, end : float
        Start and end of the segment.
    inside, is_event : (replicates, n) ndarray of bool
        Patients in the segment, and those with an event, in order of time.
    event_row, event_time, rank : (events of all replicates,) ndarray
        Replicate and time of each event, and its position in the segment, from 0.
    earlier : (replicates, most) ndarray of int
        Censorings in the segment before each event.
    valid : (replicates, most) ndarray of bool
        Whether the replicate has that many events.
    censored : (replicates, 1) ndarray of int
        Censorings in the segment.
    at_risk : (replicates, most) ndarray of int
        Patients at risk at each event if no censoring preceded it; above n if the replicate has no such event.
    log_factor : ndarray
        Log factor of survival of one event by the number of patients at risk; 0 beyond n.
    target : (replicates,) ndarray
        Target log ratio of survival at the end to survival at the beginning.
    """

    begin: float
    end: float
    inside: Marks
    is_event: Marks
    event_row: Ints
    event_time: Floats
    rank: Ints
    earlier: Ints
    valid: Marks
    censored: Ints
    at_risk: Ints
    log_factor: Floats
    target: Floats


def tune_landmarks(
    arm: Arm, plan: Plan, time: Floats, event: Floats, tolerance: float, rng: np.random.Generator
) -> tuple[Floats, Floats]:
    """Move censorings earlier or later among the events before each printed survival until it holds to `tolerance`."""
    for mark in [j for j in range(1, plan.knots.size) if np.isfinite(plan.survival[j])]:
        begin, end = arm.edges[plan.knots[mark - 1]], arm.edges[plan.knots[mark]]
        segment = _segment(time, event, float(begin), float(end), float(plan.survival[mark]))
        if segment.earlier.shape[1]:
            order = _refined(segment, _leaned(segment), tolerance / max(float(plan.survival[mark]), tolerance))
            time, event = _placed(segment, order, time, event, rng)
    return time, event


def _segment(time: Floats, event: Floats, begin: float, end: float, wanted: float) -> Segment:
    size, n = time.shape
    after = time > begin
    inside = after & (time <= end)
    before = n - after.sum(axis=1)
    is_event = inside & (event > 0)
    count = is_event.sum(axis=1)
    most = int(count.max(initial=0))
    # positions in the flat array: several times faster to find than rows and columns
    place = np.flatnonzero(is_event)
    row, rank = _numbered(count)
    earlier = np.zeros((size, most), dtype=np.int64)
    earlier[row, rank] = place - n * row - before[row] - rank
    valid = np.arange(most) < count[:, None]
    return Segment(
        begin,
        end,
        inside,
        is_event,
        row,
        time.take(place),
        rank,
        earlier,
        valid,
        (inside.sum(axis=1) - count)[:, None],
        np.where(valid, (n - before)[:, None] - np.arange(most), 2 * n + 1),
        _log_factors(n),
        steady.log(max(wanted, 1e-9)) - _log_survival(event[:, : before.max(initial=0)], before, n),
    )


def _log_survival(event: Floats, before: Ints, n: int) -> Floats:
    """Log survival after the first `before` patients of each row."""
    if not event.shape[1]:
        return np.zeros(before.size)
    steps = steady.log(np.maximum(1 - 1 / (n - np.arange(event.shape[1])), 1e-12))
    running = np.cumsum(event * steps, axis=1)
    return np.where(before > 0, running[np.arange(before.size), before - 1], 0.0)


def _numbered(count: Ints) -> tuple[Ints, Ints]:
    """Row of each entry, and its position in the row from 0, where a row has `count` entries."""
    row = np.arange(count.size).repeat(count)
    return row, np.arange(row.size) - (np.cumsum(count) - count)[row]


def _log_factors(n: int) -> Floats:
    """Log factor of survival of one event by the number of patients at risk, 0 to 2 n + 2; 0 above n."""
    return np.concatenate((steady.log(1 - 1 / np.maximum(np.arange(n + 1), 1 + 1e-12)), np.zeros(n + 2)))


def _leaned(segment: Segment) -> Ints:
    """Censorings before each event after shifting all of them earlier or later as the target survival requires."""
    size = segment.earlier.shape[0]
    later = segment.censored - segment.earlier

    def lean(shift: Ints) -> Ints:
        room = np.where(shift > 0, later, segment.earlier)
        return segment.earlier + ((shift * room + LEANS // 2) >> (HALVINGS - 1))

    low, high, best = np.full((size, 1), -LEANS), np.full((size, 1), LEANS), np.zeros((size, 1), dtype=np.int64)
    miss = np.full((size, 1), np.inf)
    for _ in range(HALVINGS):
        shift = (low + high) // 2
        reached = segment.log_factor.take(segment.at_risk - lean(shift)).sum(axis=1)
        left = (reached - segment.target)[:, None]
        nearer = np.abs(left) < miss
        best, miss = np.where(nearer, shift, best), np.where(nearer, np.abs(left), miss)
        low, high = np.where(left > 0, shift, low), np.where(left > 0, high, shift)
    return lean(best)


def _refined(segment: Segment, earlier: Ints, tolerance: float) -> Ints:
    """Exchange single neighbours, best exchange first, in replicates that still miss the target."""
    earlier = earlier.copy()
    rows = np.arange(earlier.shape[0])
    for _ in range(EXCHANGES):
        left = segment.at_risk[rows] - earlier[rows]
        now = segment.log_factor.take(left)
        miss = now.sum(axis=1) - segment.target[rows]
        off = np.abs(miss) > 0.9 * tolerance
        rows, left, now, miss = rows[off], left[off], now[off], miss[off]
        if not rows.size:
            break
        e, valid = earlier[rows], segment.valid[rows]
        above = np.broadcast_to(segment.censored[rows], e.shape).copy()
        above[:, :-1] = np.where(valid[:, 1:], e[:, 1:], above[:, :-1])
        below = np.concatenate([np.zeros((rows.size, 1), dtype=np.int64), e[:, :-1]], axis=1)
        more = np.where(valid & (e < above), segment.log_factor.take(left - 1) - now, np.inf)
        less = np.where(valid & (e > below), segment.log_factor.take(left + 1) - now, np.inf)
        then = np.abs(np.concatenate([more, less], axis=1) + miss[:, None])
        pick = np.argmin(then, axis=1)
        # if no exchange reduces the distance, none will later
        better = then[np.arange(rows.size), pick] < np.abs(miss)
        rows, pick = rows[better], pick[better]
        most = e.shape[1]
        earlier[rows, pick % most] += np.where(pick < most, 1, -1)
    return earlier


def _placed(
    segment: Segment, earlier: Ints, time: Floats, event: Floats, rng: np.random.Generator
) -> tuple[Floats, Floats]:
    """Patients sorted by time, with the k-th censoring of the segment after as many events as the order requires."""
    size, n = time.shape
    most = earlier.shape[1]
    bounds = np.full((size, most + 2), segment.end)
    bounds[:, 0] = segment.begin
    bounds[segment.event_row, segment.rank + 1] = segment.event_time
    place = np.flatnonzero(segment.inside & ~segment.is_event)
    row, k = _numbered(segment.censored[:, 0])
    # events with at most k censorings before them precede the k-th; rows are kept apart on one axis by an offset
    apart = (n + 2) * np.arange(size)
    steps = np.where(segment.valid, earlier, n + 1) + apart[:, None]
    gap = np.searchsorted(steps.ravel(), k + apart[row], side="right") - most * row
    gap += (most + 2) * row
    lower, upper, own = bounds.take(gap), bounds.take(gap + 1), time.take(place)
    anew = lower + (upper - lower) * (0.001 + 0.998 * rng.random(k.size))
    time = time.copy()
    time.put(place, np.where((own > lower) & (own < upper), own, anew))
    return by_time(time, event)
