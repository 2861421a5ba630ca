"""Printed survivals: the order of events and censorings before each is changed until it holds."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from resurvey.reconstruct.hazard import Arm
    from resurvey.reconstruct.sample import Plan

Floats = NDArray[np.float64]

Ints = NDArray[np.int64]

HALVINGS = 10


def tune_landmarks(
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
    # events before the k-th censoring (from 0): those with at most k censorings before them; rows are set apart on one
    # axis
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
