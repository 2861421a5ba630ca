"""A monotone curve through noisy points: stray points are removed, noise is estimated, and true steps are kept."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from statistics import median

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

#: Share of the stretch between two points over which the curve falls, up to the later one: a click marks the foot of a
#: step more often than its top. The points of an exact curve are trusted more than noisy ones.
FALL_NOISY, FALL_EXACT = 0.6, 0.3
EXACT = 1e-7
#: A point this far (in survival) from its monotone neighbours is a stray click, never a step.
STRAY = 0.03


@dataclass(frozen=True)
class MonotoneCurve:
    """Knots (time, survival) from (0, 1) on, times strictly increasing; between them the curve is straight.

    `noise` is the standard deviation of the points around the curve in survival units; 0 means that the points
    were monotone to the last digit. `drops` are the falls between neighbouring points, at `drop_times`.
    """

    time: Floats
    survival: Floats
    noise: float
    strays: int
    drop_times: Floats
    drops: Floats

    @property
    def end(self) -> float:
        """Time of the last point."""
        return float(self.time[-1])

    @property
    def exact(self) -> bool:
        """Whether the points were monotone to the last digit."""
        return self.noise < EXACT

    def shoulder(self, times: Floats) -> Floats:
        """Start of the fall that ends at each of the given points."""
        place = np.searchsorted(self.time, times)
        return self.time[np.maximum(place - 1, 0)]

    def at(self, times: Floats | float) -> Floats:
        """Survival at `times`, linear between knots and constant after the last."""
        return np.asarray(np.interp(times, self.time, self.survival))


def distinct(values: Floats) -> Floats:
    """Distinct values in rising order."""
    ordered = np.sort(values)
    return ordered[np.concatenate(([True], ordered[1:] > ordered[:-1]))]


def monotone_curve(time: Floats, survival: Floats) -> MonotoneCurve:
    """Least-squares non-increasing curve through points ordered by time.

    References
    ----------
    .. [1] Barlow, R. E., Bartholomew, D. J., Bremner, J. M. and Brunk, H. D. (1972). Statistical Inference under
       Order Restrictions. Wiley. Chapter 1 (pool adjacent violators).
    """
    from scipy.optimize import isotonic_regression

    keep = ~stray_points(time, survival)
    t, s = time[keep], survival[keep]
    fit = isotonic_regression(s, increasing=False)
    blocks = len(fit.blocks) - 1
    residual = s - fit.x
    noise = math.sqrt((residual**2).sum() / max(s.size - blocks, 1)) if blocks < s.size else 0.0
    knots, values = np.concatenate(([0.0], t)), np.concatenate(([1.0], np.minimum(np.maximum(fit.x, 0.0), 1.0)))
    drops = np.maximum(values[:-1] - values[1:], 0.0)
    knots, values = _falls(knots, values, FALL_EXACT if noise < EXACT else FALL_NOISY)
    return MonotoneCurve(knots, values, noise, time.size - t.size, t, drops)


def _falls(time: Floats, survival: Floats, share: float) -> tuple[Floats, Floats]:
    """Knots of a curve that is flat after each point and falls over the last `share` of the way to the next."""
    if (time[1:] == time[:-1]).any():
        time, survival = _vertical(time, survival)
    # points and, between them, the shoulders of the falls
    knots, values = np.empty(2 * time.size - 1), np.empty(2 * time.size - 1)
    knots[::2], values[::2], values[1::2] = time, survival, survival[:-1]
    knots[1::2] = np.minimum(time[1:] - share * (time[1:] - time[:-1]), np.nextafter(time[1:], -np.inf))
    distinct = np.concatenate((knots[1:] > knots[:-1], [True]))
    return knots[distinct], values[distinct]


def _vertical(time: Floats, survival: Floats) -> tuple[Floats, Floats]:
    """Turn points at the same time into a vertical step: the highest just before that time, the lowest at it."""
    later = time[1:] > time[:-1]
    first, foot = np.concatenate(([True], later)), np.concatenate((later, [True]))
    top = first & ~foot
    times = np.concatenate((np.nextafter(time[top], -np.inf), time[foot]))
    levels = np.concatenate((survival[top], survival[foot]))
    order = np.argsort(times, kind="stable")
    keep = times[order] >= 0
    return times[order][keep], levels[order][keep]


def stray_points(time: Floats, survival: Floats) -> NDArray[np.bool_]:
    """Find points that lie off the curve formed by their neighbours.

    A low point is stray if the points after it are higher, and a high point is stray if the points before it are lower,
    in both cases by more than the noise. A true drop, even the last one, is neither.
    """
    n = survival.size
    stray = np.zeros(n, dtype=bool)
    if n < 4:
        return stray
    smooth = _middle_of_five(survival)
    off = np.abs(survival - smooth)
    ranked = np.sort(off)
    spread = 1.4826 * float(ranked[(n - 1) // 2] + ranked[n // 2]) / 2
    limit = max(STRAY, 6 * spread)
    for k in np.flatnonzero(off > limit):
        before, after = survival[max(k - 3, 0) : k].tolist(), survival[k + 1 : k + 4].tolist()
        near = smooth[max(k - 2, 0) : k + 3].tolist()
        low = after and survival[k] < min(median(after), *near) - limit
        high = before and survival[k] > max(median(before), *near) + limit
        stray[k] = bool(low or high)
    return stray


def _middle_of_five(values: Floats) -> Floats:
    """Running median of five, with the first and last values repeated at the ends.

    It is computed by clipping the middle value to the two inner order statistics of the other four.
    """
    padded = np.concatenate((values[:1], values[:1], values, values[-1:], values[-1:]))
    a, b, d, e = padded[:-4], padded[1:-3], padded[3:-1], padded[4:]
    one = np.maximum(np.minimum(a, b), np.minimum(d, e))
    two = np.minimum(np.maximum(a, b), np.maximum(d, e))
    return np.maximum(np.minimum(one, two), np.minimum(np.maximum(one, two), values))


def anchored(
    curve: MonotoneCurve, anchors: list[tuple[str, float, float, float]], conflicts: list[str], slack: float = 0.03
) -> MonotoneCurve:
    """Draw the curve through printed points (name, time, lowest, highest survival) that lie within its noise.

    Bounding a least-squares monotone curve from both sides of a point gives the least-squares monotone curve through
    that point. A printed point further away than `slack` is not used, but named in `conflicts`.
    """
    time, survival = curve.time, curve.survival
    for name, when, low, high in anchors:
        if when > time[-1]:
            continue
        there = float(np.interp(when, time, survival))
        reach = 0.01 * time[-1]
        before, after = np.interp([when - reach, when + reach], time, survival)
        if before < low - slack or after > high + slack:
            conflicts.append(f"{name}: the curve has {there:.3g} there, further off than its noise; the curve was kept")
            continue
        level = float(np.clip(there, low, high))
        place = int(np.searchsorted(time, when))
        time, survival = np.insert(time, place, when), np.insert(survival, place, level)
        survival[:place] = np.maximum(survival[:place], level)
        survival[place:] = np.minimum(survival[place:], level)
    return replace(curve, time=time, survival=survival)
