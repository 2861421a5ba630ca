"""Final correction of a log ratio: patients are shifted between their neighbours until the printed ratio is met."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from resurvey.reconstruct.pairing import Stack, Target, cox
from resurvey.reconstruct.result import Printed

Floats = NDArray[np.float64]

FIRST, MOST = 0.3, 0.95  # fraction of the way to the neighbour: the first trial, and the largest
SECANTS = 8
# number of random trials, their largest distance from the best fraction, and the largest miss that is worth trying
TRIES, SPREAD, STAIR = 60, 0.25, 0.01


def refine_ratio(
    a: Stack,
    b: Stack,
    log_hr: Floats,
    se: Floats,
    target: Target,
    kept: tuple[Printed, Printed],
    rng: np.random.Generator,
) -> tuple[Floats, Floats]:
    """Shift the patients (in place) in those rows of two stacks whose log ratio misses its window.

    All patients of the first arm move the same fraction of the way towards the next patient of their arm, and those of
    the second arm towards the previous one, or the other way round. The fraction is found by the secant method, because
    the log ratio is nearly linear in it. In a small arm the log ratio is a step function with steps wider than the
    window: separate fractions for each patient, near the best one, are then tried at random.

    Returns
    -------
    (log_hr, se)
        Of the rows after shifting; unchanged where no shift came nearer.
    """
    open_ = np.flatnonzero(~target.meets(log_hr))
    if not open_.size:
        return log_hr, se
    shifts = _Shifts.of(a, b, log_hr[open_], se[open_], kept, open_)
    before, value_before = np.zeros(open_.size), shifts.log_hr.copy()
    # moving the first arm to later times lowers its hazard
    now = np.where(value_before > target.aim, FIRST, -FIRST)
    active = np.arange(open_.size)
    for _ in range(SECANTS):
        value = shifts.tried(active, now[active], -now[active], target.aim)
        slope = (value - value_before[active]) / (now[active] - before[active])
        step = np.divide(target.aim - value, slope, out=np.zeros_like(slope), where=np.abs(slope) > 1e-9)
        before[active], value_before[active] = now[active], value
        now[active] = np.clip(now[active] + step, -MOST, MOST)
        active = active[~target.meets(value) & (now[active] != before[active])]
        if not active.size:
            break
    active = np.flatnonzero(~target.meets(shifts.log_hr) & (np.abs(shifts.log_hr - target.aim) < STAIR))
    for _ in range(TRIES):
        if not active.size:
            break
        part_a, part_b = (_scattered(shifts.part[active, k], arm.time.shape[1], rng) for k, arm in enumerate((a, b)))
        shifts.tried(active, part_a, part_b, target.aim)
        active = active[~target.meets(shifts.log_hr[active])]
    log_hr, se = log_hr.copy(), se.copy()
    a.time[open_], b.time[open_], log_hr[open_], se[open_] = *shifts.times, shifts.log_hr, shifts.se
    return log_hr, se


def _scattered(part: Floats, n: int, rng: np.random.Generator) -> Floats:
    """A separate fraction for each patient near the common one, such that neighbours never pass each other."""
    own = part[:, None] + SPREAD * (2 * rng.random((part.size, n)) - 1)
    # all in one direction, or at most half-way if some move up and some down
    low = np.where(part > SPREAD, 0.0, np.where(part < -SPREAD, -MOST, -0.49))[:, None]
    high = np.where(part > SPREAD, MOST, np.where(part < -SPREAD, 0.0, 0.49))[:, None]
    return np.clip(own, low, high)


@dataclass
class _Shifts:
    """Rows of both arms that are being shifted, and the best shift found for each."""

    rooms: tuple[_Room, _Room]
    times: tuple[Floats, Floats]
    part: Floats
    log_hr: Floats
    se: Floats

    @classmethod
    def of(
        cls, a: Stack, b: Stack, log_hr: Floats, se: Floats, kept: tuple[Printed, Printed], rows: NDArray[np.int64]
    ) -> _Shifts:
        rooms = (_Room.of(a.rows(rows), kept[0]), _Room.of(b.rows(rows), kept[1]))
        times = (rooms[0].arm.time.copy(), rooms[1].arm.time.copy())
        return cls(rooms, times, np.zeros((rows.size, 2)), log_hr.copy(), se.copy())

    def tried(self, rows: NDArray[np.int64], part_a: Floats, part_b: Floats, aim: float) -> Floats:
        """Log ratios with these fractions; a shift is kept where it comes nearer to the aim than any before."""
        moved = self.rooms[0].moved(rows, part_a), self.rooms[1].moved(rows, part_b)
        value, error = cox(*moved)
        nearer = np.abs(value - aim) < np.abs(self.log_hr[rows] - aim)
        took = rows[nearer]
        for best, arm in zip(self.times, moved, strict=True):
            best[took] = arm.time[nearer]
        for k, part in enumerate((part_a, part_b)):  # the next fractions are scattered around the mean of these
            self.part[took, k] = part.reshape(rows.size, -1).mean(axis=1)[nearer]
        self.log_hr[took], self.se[took] = value[nearer], error[nearer]
        return value


@dataclass(frozen=True)
class _Room:
    """An arm's rows, and how far each patient may move up and down."""

    arm: Stack
    up: Floats
    down: Floats

    @classmethod
    def of(cls, arm: Stack, printed: Printed) -> _Room:
        time = arm.time
        above = np.concatenate([time[:, 1:], time[:, -1:]], axis=1)
        below = np.concatenate([np.zeros_like(time[:, :1]), time[:, :-1]], axis=1)
        held = np.zeros(time.shape, dtype=bool)
        held[:, -1] = True  # the longest follow-up is fixed
        for pin in printed.times:
            above = np.where((time < pin) & (above > pin), pin, above)
            below = np.where((time > pin) & (below < pin), pin, below)
            near = np.abs(time - pin) <= printed.within * (1 + 1e-6) + 1e-9
            # a median may lie between a death and the next patient
            held |= near | np.concatenate([np.zeros_like(near[:, :1]), near[:, :-1]], axis=1)
        return cls(arm, np.where(held, 0.0, above - time), np.where(held, 0.0, time - below))

    def moved(self, rows: NDArray[np.int64], part: Floats) -> Stack:
        """Move patients the fraction `part` (common or separate) of the way to the next one (negative: previous)."""
        way = part.reshape(rows.size, -1)
        shift = np.where(way > 0, way * self.up[rows], way * self.down[rows])
        return Stack(self.arm.time[rows] + shift, self.arm.event[rows])
