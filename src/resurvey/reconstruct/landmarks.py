"""Printed survivals: the order of events and censorings before each is changed until it holds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from resurvey.reconstruct.hazard import Arm
    from resurvey.reconstruct.sample import Plan

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Marks = NDArray[np.bool_]

HALVINGS = 7
EXCHANGES = 8


@dataclass(frozen=True)
class Segment:
    """The patients of every replicate who leave between two times, and the survival that is wanted over them.

    Attributes
    ----------
    begin, end : float
        Its times.
    inside, is_event : ndarray of bool, shape (replicates, n)
        Patients in the segment, and those with an event, in the order of time.
    rank : ndarray of int, shape (replicates, n)
        Number of the event in the segment, from 0 (meaningful where `is_event`).
    earlier : ndarray, shape (replicates, most)
        Censorings in the segment before each event.
    valid : ndarray of bool, shape (replicates, most)
        Whether the replicate has that many events.
    censored : ndarray, shape (replicates, 1)
        Censorings in the segment.
    at_risk : ndarray, shape (replicates, most)
        Patients at risk at each event if no censoring went before; infinite where the replicate has no such event.
    target : ndarray, shape (replicates,)
        Wanted log ratio of survival at the end to survival at the begin.
    """

    begin: float
    end: float
    inside: Marks
    is_event: Marks
    rank: Ints
    earlier: Floats
    valid: Marks
    censored: Floats
    at_risk: Floats
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
    inside = (time > begin) & (time <= end)
    before = (time <= begin).sum(axis=1)
    running = np.cumsum(np.log(np.maximum(1 - event / (n - np.arange(n)), 1e-12)), axis=1)
    running = np.concatenate([np.zeros((size, 1)), running], axis=1)
    is_event = inside & (event > 0)
    rank = np.cumsum(is_event, axis=1) - 1
    count = is_event.sum(axis=1)
    most = int(count.max(initial=0))
    row, slot = np.nonzero(is_event)
    earlier = np.zeros((size, most))
    earlier[row, rank[row, slot]] = slot - before[row] - rank[row, slot]
    valid = np.arange(most) < count[:, None]
    return Segment(
        begin,
        end,
        inside,
        is_event,
        rank,
        earlier,
        valid,
        (inside.sum(axis=1) - count)[:, None].astype(float),
        np.where(valid, (n - before)[:, None] - np.arange(most), np.inf),
        np.log(max(wanted, 1e-9)) - running[np.arange(size), before],
    )


def _log_factor(left: Floats) -> Floats:
    """Log factor of survival of one event with `left` patients at risk."""
    return np.log1p(-1 / np.maximum(left, 1 + 1e-12))


def _log_survival(segment: Segment, earlier: Floats) -> Floats:
    return _log_factor(segment.at_risk - earlier).sum(axis=1)


def _leaned(segment: Segment) -> Floats:
    """Censorings before each event when all lean to one side as far as the wanted survival asks."""
    size = segment.earlier.shape[0]

    def lean(shift: Floats) -> Floats:
        later = segment.earlier + shift * (segment.censored - segment.earlier)
        return np.floor(np.where(shift > 0, later, segment.earlier * (1 + shift)) + 0.5)

    low, high, best = -np.ones((size, 1)), np.ones((size, 1)), np.zeros((size, 1))
    miss = np.abs(_log_survival(segment, segment.earlier) - segment.target)[:, None]
    for _ in range(HALVINGS):
        shift = 0.5 * (low + high)
        left = (_log_survival(segment, lean(shift)) - segment.target)[:, None]
        nearer = np.abs(left) < miss
        best, miss = np.where(nearer, shift, best), np.where(nearer, np.abs(left), miss)
        low, high = np.where(left > 0, shift, low), np.where(left > 0, high, shift)
    return lean(best)


def _refined(segment: Segment, earlier: Floats, tolerance: float) -> Floats:
    """Exchange single neighbours, the pair that comes nearest first, in replicates that still miss."""
    earlier = earlier.copy()
    for _ in range(EXCHANGES):
        left_over = _log_survival(segment, earlier) - segment.target
        rows = np.flatnonzero(np.abs(left_over) > 0.9 * tolerance)
        if not rows.size:
            break
        e, risk, valid = earlier[rows], segment.at_risk[rows], segment.valid[rows]
        most_here = np.broadcast_to(segment.censored[rows], e.shape)
        above = most_here.copy()
        above[:, :-1] = np.where(valid[:, 1:], e[:, 1:], most_here[:, :-1])
        below = np.concatenate([np.zeros((rows.size, 1)), e[:, :-1]], axis=1)
        now = _log_factor(risk - e)
        more = np.where(valid & (e < above), _log_factor(risk - e - 1) - now, np.inf)
        less = np.where(valid & (e > below), _log_factor(risk - e + 1) - now, np.inf)
        miss = np.abs(np.concatenate([more, less], axis=1) + left_over[rows, None])
        pick = np.argmin(miss, axis=1)
        better = miss[np.arange(rows.size), pick] < np.abs(left_over[rows])
        if not better.any():
            break
        most = e.shape[1]
        earlier[rows[better], pick[better] % most] += np.where(pick[better] < most, 1.0, -1.0)
    return earlier


def _placed(
    segment: Segment, earlier: Floats, time: Floats, event: Floats, rng: np.random.Generator
) -> tuple[Floats, Floats]:
    """Patients sorted by time, the k-th censoring of the segment behind as many events as the order asks for."""
    size, n = time.shape
    most = earlier.shape[1]
    bounds = np.full((size, most + 2), segment.end)
    bounds[:, 0] = segment.begin
    row, slot = np.nonzero(segment.is_event)
    bounds[row, segment.rank[row, slot] + 1] = time[row, slot]
    is_censor = segment.inside & ~segment.is_event
    row, slot = np.nonzero(is_censor)
    k = (np.cumsum(is_censor, axis=1) - 1)[row, slot]
    # events with at most k censorings before them go before the k-th; rows are set apart on one axis
    apart = (n + 2.0) * np.arange(size)
    steps = np.where(segment.valid, earlier, n + 1.0) + apart[:, None]
    gap = np.searchsorted(steps.ravel(), k + apart[row], side="right") - most * row
    lower, upper, own = bounds[row, gap], bounds[row, gap + 1], time[row, slot]
    anew = lower + (upper - lower) * (0.001 + 0.998 * rng.random(k.size))
    time = time.copy()
    time[row, slot] = np.where((own > lower) & (own < upper), own, anew)
    order = np.argsort(time, axis=1, kind="stable")
    return np.take_along_axis(time, order, axis=1), np.take_along_axis(event, order, axis=1)
