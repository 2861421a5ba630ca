"""From a monotone curve and counts to patients: solve for the risk sets, choose whole numbers, place them in time.

Everything rests on one identity. With S the survival curve and G the survival of follow-up (one minus the share
censored), the number at risk just before t is N(t) = n S(t-) G(t-), deaths are dD = n G (-dS) and censorings are
dC = n S (-dG). A printed number at risk fixes G at its time. Between two of them, censoring occurs at a constant rate
or at the censoring marks. After the last one, G follows a one-parameter path whose parameter is determined by the
printed total of events or by the end of follow-up.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from resurvey import steady
from resurvey.reconstruct.monotone import MonotoneCurve, distinct

Floats = NDArray[np.float64]

#: After the last row of a table, the censoring hazard continues at this multiple of that in the last gap.
TAIL_HAZARD = 2.0
#: A gap whose expected deaths are this close to a whole number keeps that number, whatever the carried remainder.
SURE = 0.04
#: Relative standard deviation of the deaths predicted in this way after the last row.
TAIL_DOUBT = 0.3


@dataclass(frozen=True)
class RiskTable:
    """Numbers at risk just before each time, from (0, n) on: times strictly increase, counts never rise."""

    time: Floats
    count: Floats


@dataclass(frozen=True)
class Frame:
    """An arm divided at every relevant time.

    `knot` (k,) times; `survival` (k,) the curve there; `gap` (k - 1,) the row of the table a stretch belongs to;
    `edge` (rows + 1,) the positions of the table's times, and of the end, among the knots; `entering` (rows,) patients
    at risk at the start of each gap.
    """

    knot: Floats
    survival: Floats
    gap: NDArray[np.intp]
    edge: NDArray[np.intp]
    entering: Floats
    ticks: Floats

    @property
    def gaps(self) -> int:
        """Number of gaps."""
        return int(self.entering.size)

    @cached_property
    def leaving(self) -> Floats:
        """Patients who leave in each gap, by death or censoring."""
        return self.entering - np.concatenate((self.entering[1:], [0.0]))

    @cached_property
    def fall(self) -> Floats:
        """Fall of the curve over each stretch, shape (k - 1,)."""
        return self.survival[:-1] - self.survival[1:]

    @cached_property
    def bounds(self) -> tuple[Floats, Floats]:
        """Earliest and latest time of a patient in each gap: at or after the row's, before the next row's."""
        first, last = np.nextafter(self.knot[self.edge[:-1]], np.inf), self.knot[self.edge[1:]]
        first[0] = max(self.knot[0], 0.0)
        return np.minimum(first, last), last


def frame(curve: MonotoneCurve, table: RiskTable, end: float, ticks: Floats) -> Frame:
    """Divide the arm at the points of the curve, the rows of the table, the censoring marks and the end.

    A row counts patients with a time at or after its own, so it is divided just before its time. A censoring mark is a
    step and is divided on both sides, as is the end, where all remaining patients are censored.
    """
    rows = int(table.time.searchsorted(end, side="right"))
    count = table.count[:rows]
    before = np.nextafter(table.time[:rows], -np.inf)
    before[0] = min(curve.time[0], 0.0)
    ends = [math.nextafter(end, -math.inf), end]
    cuts: list[Floats] = [curve.time[: curve.time.searchsorted(end)], before, np.array(ends)]
    if ticks.size:
        cuts += [ticks, np.nextafter(ticks, -np.inf)]
    knot = distinct(np.concatenate(cuts))
    edge = np.concatenate((knot.searchsorted(before), [knot.size - 1]))
    gap = np.repeat(np.arange(rows), edge[1:] - edge[:-1])
    return Frame(knot, curve.at(knot), gap, edge, count, ticks)


def follow_up_profile(arm: Frame) -> tuple[Floats, Floats]:
    """Share (0 to 1) of a gap's fall of G completed at the start and at the end of each stretch, (k - 1,) each.

    Censoring occurs at a constant rate in a gap, or at the marks if the gap has any; all marks of a gap stand for the
    same number of patients. dG = -dC / (n S).
    """
    weight = (arm.knot[1:] - arm.knot[:-1]) / np.maximum((arm.survival[1:] + arm.survival[:-1]) / 2, 1e-3)
    if arm.ticks.size:
        at = np.searchsorted(arm.knot, np.unique(arm.ticks)) - 1
        copies = np.diff(np.append(np.searchsorted(arm.ticks, np.unique(arm.ticks)), arm.ticks.size))
        marked = np.bincount(arm.gap[at], minlength=arm.gaps) > 0
        weight = np.where(marked[arm.gap], 0.0, weight)
        weight[at] = copies / np.maximum(arm.survival[at], 1e-9)
    total = np.bincount(arm.gap, weights=weight, minlength=arm.gaps)
    done = np.concatenate(([0.0], (weight / np.maximum(total, 1e-300)[arm.gap]).cumsum()))
    return done[:-1] - arm.gap, done[1:] - arm.gap


def open_path(u: Floats, theta: float, shape: float = 1.0) -> Floats:
    """G on an open stretch, u from 0 to 1: 1 - theta u^shape up to theta = 1, then 1 - u^(shape / theta)."""
    return 1.0 - min(theta, 1.0) * steady.power(np.maximum(u, 0.0), shape / max(theta, 1.0))


def solve_open_path(u: Floats, drop: Floats, deaths: float) -> float:
    """The theta for which an open stretch has `deaths` deaths, or the nearest possible one.

    `drop` (k - 1,) is the number of deaths between the places `u` (k,) if nobody were censored.
    """

    def expected(theta: float) -> float:
        g = open_path(u, theta)
        return float((drop * (g[1:] + g[:-1])).sum() / 2)

    most, at_one = float(drop.sum()), expected(1.0)
    if deaths >= at_one:
        return min(max((most - deaths) / max(most - at_one, 1e-12), 0.0), 1.0)
    low, high = 0.0, 6.0  # log theta; above exp(6) nearly all patients are censored at once
    for _ in range(20):
        middle = (low + high) / 2
        low, high = (middle, high) if expected(steady.exp(middle)) > deaths else (low, middle)
    return steady.exp((low + high) / 2)


@dataclass(frozen=True)
class Followed:
    """G at both ends of every stretch, `start` and `stop` (k - 1,), and the open last gap.

    `tail` are the stretches of the last gap, `place` (their number + 1,) runs from 0 to 1 along its censoring, and
    `drop` holds its deaths if nobody were censored.
    """

    start: Floats
    stop: Floats
    at_rows: Floats
    tail: slice
    place: Floats
    drop: Floats


def followed(arm: Frame) -> Followed:
    """G as determined by the numbers at risk; the last gap is left open."""
    n, last = arm.entering[0], arm.gaps - 1
    level = np.maximum(arm.survival[arm.edge[:-1]], 1e-12)
    rows = np.minimum(np.minimum.accumulate(arm.entering / (n * level)), 1.0)
    begun, done = follow_up_profile(arm)
    fall = (rows - np.concatenate((rows[1:], [0.0])))[arm.gap]
    at_row = rows[arm.gap]
    start, stop = at_row - fall * begun, at_row - fall * done
    tail = slice(int(arm.edge[last]), None)
    drop = n * rows[last] * arm.fall[tail]
    return Followed(start, stop, rows, tail, np.concatenate((begun[tail], [1.0])), drop)


def foreseen_theta(arm: Frame, known: Followed) -> float:
    """Share censored before the end in the open last gap if the censoring hazard of the previous gap continues."""
    last = arm.gaps - 1
    patients = max(arm.entering[last] * arm.survival[-1] / max(arm.survival[arm.edge[last]], 1e-12), 1.0)
    most = 1.0 - 1.0 / max(patients, 1.0)
    in_tail = arm.ticks[arm.ticks >= arm.knot[arm.edge[last]]]
    if in_tail.size:
        # a mark stands for one patient, unless the events or the numbers at risk imply more
        level = np.interp(in_tail, arm.knot, arm.survival)
        fall = float(np.sum(1 / np.maximum(level, 1e-9))) / (arm.entering[0] * max(known.at_rows[last], 1e-12))
        return float(min(fall, most))
    if last == 0:
        return most
    start, stop = arm.knot[arm.edge[last - 1]], arm.knot[arm.edge[last]]
    before, at = (max(float(row), 1e-12) for row in known.at_rows[-2:])
    hazard = max(steady.log(float(before / at)), 0.0) / max(stop - start, 1e-12)
    return float(min(max(1.0 - steady.exp(-TAIL_HAZARD * hazard * (arm.knot[-1] - stop)), 0.0), most))


@dataclass(frozen=True)
class Flow:
    """Expected deaths and censorings in each stretch (not rounded); `expected` (gaps,) has the deaths of each gap."""

    deaths: Floats
    censored: Floats
    expected: Floats


def flow(arm: Frame, known: Followed, path: Floats) -> Flow:
    """Expected deaths and censorings of every stretch.

    `path` is G on the open last gap, relative to its start, at the places of `known`; all remaining patients leave at
    the end.
    """
    n = arm.entering[0]
    start, stop = known.start.copy(), known.stop.copy()
    open_G = known.at_rows[-1] * path
    start[known.tail], stop[known.tail] = open_G[:-1], open_G[1:]
    start[-1], stop[-1] = open_G[-2], 0.0
    deaths = n * (start + stop) / 2 * arm.fall
    deaths[-1] = n * start[-1] * arm.fall[-1]
    censored = n * (arm.survival[1:] + arm.survival[:-1]) / 2 * (start - stop)
    censored[-1] = n * arm.survival[-1] * start[-1]
    expected = np.bincount(arm.gap, weights=deaths, minlength=arm.gaps).astype(float)
    return Flow(deaths, censored, expected)


def whole_deaths(
    expected: Floats, leaving: Floats, level: Floats, noise: float, total: int | None, carried: float = 0.0
) -> NDArray[np.int64]:
    """Whole numbers of deaths per gap that follow the curve at every row and have the printed total, if any.

    The distance to a printed total is spread over the gaps by least squares: the errors of the curve at the rows
    are independent; those of the shape of censoring grow with the share censored in a gap. The running sum is then
    rounded, so that errors do not accumulate.
    """
    target = expected
    if total is not None:
        doubt = _doubt(expected, leaving, level, noise)
        for _ in range(3):
            share = np.where((leaving > 0) | (target > 0), doubt, 0.0)
            target = np.maximum(target + share * (total - target.sum()) / max(share.sum(), 1e-12), 0.0)
    deaths = _running_round(target, leaving, carried)
    return deaths if total is None else _meet_total(deaths, target, leaving, total)


def _doubt(expected: Floats, leaving: Floats, level: Floats, noise: float) -> Floats:
    """Covariance of the deaths of each gap with their total, shape (gaps,).

    With errors e of the log of the curve at the rows, the error of the deaths of gap i is N_i (e_i+1 - e_i), so that an
    error enters the total with the change of N at its row.
    """
    entering = leaving[::-1].cumsum()[::-1]
    curve = (max(noise, 1e-5) / np.maximum(level, 0.02)) ** 2
    curve[0] = 0.0
    at_risk = np.maximum(entering - leaving / 2, 0.5)
    in_total = curve * (np.concatenate(([0.0], at_risk)) - np.concatenate((at_risk, [0.0])))
    shape = (0.15 * expected * np.maximum(leaving - expected, 0.0) / np.maximum(entering, 1.0)) ** 2
    return at_risk * (in_total[1:] - in_total[:-1]) + shape + 1e-9


def _running_round(target: Floats, leaving: Floats, carried: float) -> NDArray[np.int64]:
    deaths = []
    for value, most in zip(target.tolist(), leaving.tolist(), strict=True):
        nearest = int(value + 0.5)
        if abs(value - nearest) < SURE and abs(carried) < 0.6 and nearest <= most:
            deaths.append(nearest)
            continue
        deaths.append(min(max(math.floor(carried + value + 0.5), 0), int(most)))
        carried += value - deaths[-1]
    return np.array(deaths, dtype=np.int64)


def _meet_total(deaths: NDArray[np.int64], target: Floats, leaving: Floats, total: int) -> NDArray[np.int64]:
    """Add or remove deaths where it matters least until the total is met (it never exceeds the number leaving)."""
    while (missing := total - int(deaths.sum())) != 0:
        sign = 1 if missing > 0 else -1
        room = leaving - deaths if sign > 0 else deaths.astype(float)
        gain = np.where(room > 0, sign * (target - deaths) / np.sqrt(np.maximum(target, 0.25)), -np.inf)
        best = int(np.argmax(gain))
        deaths[best] += sign * (1 if abs(missing) < 50 else int(min(abs(missing) // 8 + 1, room[best])))
    return deaths


def times_in_gaps(arm: Frame, amount: Floats, count: NDArray[np.int64], u: Floats | None = None) -> Floats:
    """Times of `count` patients per gap, at the half-way levels of the running amount (or at levels `u`).

    The amount of a gap is scaled to its count; in a gap with patients but no amount, they are spread evenly.
    """
    total = np.bincount(arm.gap, weights=amount, minlength=count.size)
    empty = total <= 1e-9
    if (empty & (count > 0)).any():
        amount = np.where(empty[arm.gap], arm.knot[1:] - arm.knot[:-1], amount)
        total = np.bincount(arm.gap, weights=amount, minlength=count.size)
    scale = np.divide(count, total, out=np.zeros(count.size), where=total > 0)
    running = np.concatenate(([0.0], (amount * scale[arm.gap]).cumsum()))
    levels = np.arange(0.5, int(count.sum())) if u is None else u
    return _within_gap(arm, np.interp(levels, running, arm.knot), count)


def _within_gap(arm: Frame, times: Floats, count: NDArray[np.int64]) -> Floats:
    """Keep every patient in the same gap: at or after the row's time, before the next row's.

    A step has two knots one rounding error apart; patients on it get the later one, which is the given time.
    """
    above = arm.knot[np.minimum(arm.knot.searchsorted(times, side="right"), arm.knot.size - 1)]
    times = np.where(np.abs(above - times) <= 4 * np.spacing(np.abs(above)), above, times)
    first, last = arm.bounds
    return np.minimum(np.maximum(times, first.repeat(count)), last.repeat(count))


def settle(arm: Frame, died: Floats, lost: Floats, deaths: NDArray[np.int64]) -> Floats:
    """Move each death to where the curve crosses half-way between the survival before and after it.

    The levels are those of the patients' own product-limit curve. Among all times for this order of deaths and
    censorings, the result is the least-squares one, because the least-squares curve on a lattice of levels is the
    least-squares monotone curve rounded to it. Every death stays in its gap.
    """
    died = np.sort(died)
    after = levels_after(died, lost)
    half_way = (np.concatenate(([1.0], after[:-1])) + after) / 2
    return _within_gap(arm, np.interp(-half_way, -arm.survival, arm.knot), deaths)


def at_points(arm: Frame, died: Floats, points: Floats, shoulders: Floats) -> Floats:
    """Move the last death of each fall of an exact curve to the point where the fall ends, within its gap."""
    died = np.sort(died)
    last = died.searchsorted(points, side="right") - 1
    starts = arm.knot[arm.edge[:-1]]
    inside = (last >= 0) & (died[last] > shoulders)
    inside &= starts.searchsorted(died[last]) == starts.searchsorted(points)
    died[last[inside]] = points[inside]
    return died


def levels_after(died: Floats, lost: Floats) -> Floats:
    """Product-limit survival just after each death, in order of time."""
    # at tied times deaths come first, as they do here before a stable sort
    order = np.concatenate((died, lost)).argsort(kind="stable")
    at_risk = order.size - np.flatnonzero(order < died.size)
    kept: Floats = 1.0 - 1.0 / at_risk
    return kept.cumprod()


def pin(arm: Frame, died: Floats, lost: Floats, when: float, level: float, crossing: bool) -> Floats:
    """Move deaths around a printed time so that survival there is the printed one; each death stays in its gap.

    With `crossing`, the first death at or below the level is moved to the time itself (a median); otherwise the number
    of deaths up to that time is the one whose level is nearest (a landmark).
    """
    died = np.sort(died)
    row = int(np.searchsorted(arm.knot[arm.edge[:-1]], when, side="left")) - 1
    low, high = arm.knot[arm.edge[row]], arm.knot[arm.edge[row + 1]]
    first = int(np.searchsorted(died, low, side="right")) if row else 0
    last = int(np.searchsorted(died, high, side="right"))
    after = np.concatenate(([1.0], levels_after(died, lost)))
    if crossing:
        reached = np.flatnonzero(after <= level + 1e-9)
        if not reached.size or not first < reached[0] <= last:
            return died
        until = int(reached[0])
        died[until - 1] = when
    else:
        until = int(np.clip(np.argmin(np.abs(after - level)), first, last))
    died[first:until] = np.minimum(died[first:until], when)
    died[until:last] = np.maximum(died[until:last], min(np.nextafter(when, np.inf), high))
    return died


def tail_deaths(arm: Frame, foreseen: float, counted: float, noise: float) -> float:
    """Deaths after the last row from which its censoring is solved: between the predicted and the counted number.

    The count is informative about censoring if the curve falls there by more than its noise, and not otherwise.
    """
    level = max(float(arm.survival[-1]), 0.02)
    count_error = 2 * (0.7 * arm.entering[-1] * max(noise, 1e-3) / level) ** 2 + 0.3
    doubt = (TAIL_DOUBT * foreseen) ** 2
    return foreseen + doubt / (doubt + count_error) * (counted - foreseen)
