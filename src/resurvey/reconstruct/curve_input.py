"""Checks of the input: points of a curve, numbers at risk, counts. Every repair is reported in words."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise
from statistics import median as middle_value

import numpy as np
from numpy.typing import ArrayLike, NDArray

from resurvey import steady
from resurvey.arrays import unmasked
from resurvey.errors import InconsistentReport, InputError
from resurvey.reconstruct.monotone import MonotoneCurve
from resurvey.reconstruct.placement import RiskTable

Floats = NDArray[np.float64]

MOST_PATIENTS = 2_000_000
#: How far (in survival) the curve may be adjusted to a printed number at risk, beyond its noise.
ROW_SLACK = 0.02
#: A last point this many times as late as the previous one, among at least this many points, is not of the curve.
FAR, FAR_POINTS = 2.0, 8
#: Values that end between 1.5 and this are rarely per cent: a cumulative hazard ends there.
LEAST_PER_CENT = 5.0
#: Largest standard deviation of points around a falling curve; a careless hand stays below 0.03.
MOST_NOISE = 0.15
#: Ratios between time units, used to name the likely confusion of units between a table and a curve.
UNIT_RATIOS = {
    "months against years": 12.0,
    "weeks against months": 365.25 / 12 / 7,
    "weeks against years": 365.25 / 7,
    "days against weeks": 7.0,
    "days against months": 365.25 / 12,
    "days against years": 365.25,
}


@dataclass(frozen=True)
class Points:
    """Digitised points ordered by time, with survival as a proportion (noise may still make it rise)."""

    time: Floats
    survival: Floats
    repairs: list[str] = field(default_factory=list)


def numbers(values: ArrayLike | None, name: str) -> Floats:
    """Convert to a vector of numbers; None becomes an empty vector.

    Raises
    ------
    InputError
        If a value is not a number, or the values are not a single vector; the message has the name.
    """
    if values is None:
        return np.empty(0)
    unmasked(values, name)
    try:
        array = np.asarray(values, dtype=float)
    except (TypeError, ValueError) as error:
        raise InputError(f"{name} must hold numbers only, found {_some(values)}: {error}") from None
    if array.ndim == 0:
        array = array.reshape(1)
    if array.ndim != 1:
        raise InputError(f"{name} must be one vector, found an array of shape {array.shape}")
    return array


def _some(values: object) -> str:
    text = repr(values)
    return text if len(text) <= 60 else text[:57] + "..."


def whole_number(value: object, name: str, *, least: int, most: int = MOST_PATIENTS) -> int:
    """A count given as a number without a fraction, from `least` to `most`.

    Raises
    ------
    InputError
        If it is not a whole number, or is outside its bounds.
    """
    try:
        number = steady.settled(float(value))  # type: ignore[arg-type]
    except (TypeError, ValueError):
        raise InputError(f"{name} must be a whole number, found {_some(value)}") from None
    if not np.isfinite(number) or number != round(number):
        raise InputError(f"{name} must be a whole number, found {value}")
    if not least <= number <= most:
        raise InputError(f"{name} must lie between {least} and {most}, found {int(number)}")
    return int(number)


def read_points(times: ArrayLike, survival: ArrayLike) -> Points:
    """Convert points to survival proportions in order of time, whatever their order, scale and direction.

    Raises
    ------
    InputError
        If lengths differ, no point is left, a time is clearly negative, the values are on no known scale, or they are
        event indicators of patients.
    """
    t, s = numbers(times, "times"), numbers(survival, "survival")
    if t.size != s.size:
        raise InputError(f"times and survival must have the same length, found {t.size} and {s.size}")
    repairs: list[str] = []
    whole = np.isfinite(t) & np.isfinite(s)
    if not whole.all():
        repairs.append(f"{int((~whole).sum())} of {t.size} points lack a coordinate and were left out")
        t, s = t[whole], s[whole]
    if t.size == 0:
        raise InputError("the curve has no point with both coordinates: give at least one (time, survival)")
    if t.size and (np.abs(t).max() > 1e9 or np.abs(s).max() > 1e9):
        raise InputError(f"a coordinate is beyond 1e9 ({max(np.abs(t).max(), np.abs(s).max()):.3g}): check the axes")
    _refuse_event_indicators(s)
    order = np.lexsort((-s, t))
    given_t, given_s = _without_far_point(t[order], s[order], repairs)
    t = _at_or_after_zero(given_t, repairs)
    s = _as_survival(_as_proportion(given_s, repairs), repairs)
    if t is given_t and s is given_s:
        return Points(t, s, repairs)
    order = np.lexsort((-s, t))
    return Points(t[order], s[order], repairs)


def _refuse_event_indicators(s: Floats) -> None:
    """Refuse values that are only 0 and 1, or 1 and 2, at four times and more: patients, not points of a curve."""
    values = set(s.tolist())
    if s.size >= 4 and values in ({0.0, 1.0}, {1.0, 2.0}):
        raise InputError(
            f"survival has only the values {min(values):g} and {max(values):g} at {s.size} times: this looks like the "
            "event indicator of individual patients, not like points of a curve"
        )


def refuse_scatter(noise: float) -> None:
    """Refuse points that scatter too widely around a falling curve to be clicks on one.

    Raises
    ------
    InputError
        If their standard deviation is more than `MOST_NOISE`.
    """
    if noise > MOST_NOISE:
        raise InputError(
            f"the points scatter around the nearest falling curve with a standard deviation of {noise:.2g}; points of "
            f"a curve scatter by less than {MOST_NOISE:g}: check that the two columns are time and survival"
        )


def _without_far_point(t: Floats, s: Floats, repairs: list[str]) -> tuple[Floats, Floats]:
    """Leave out a last point further from the previous one than the whole curve is long, and not at its level."""
    if t.size < FAR_POINTS or t[-2] <= 0 or t[-1] <= FAR * t[-2] or abs(s[-1] - s[-2]) <= 0.02 * np.abs(s).max():
        return t, s
    repairs.append(
        f"the last point ({t[-1]:g}, {s[-1]:g}) lies further from the one before ({t[-2]:g}, {s[-2]:g}) than the whole "
        "curve is long; it is a slip of the digitiser and was left out"
    )
    return t[:-1], s[:-1]


def _at_or_after_zero(t: Floats, repairs: list[str]) -> Floats:
    if t[0] >= 0:
        return t
    allowed = 0.03 * max(t[-1], 0.0)
    if t[0] < -allowed:
        raise InputError(
            f"a time is negative ({t[0]:g}) by more than 3 % of the curve's length ({t[-1]:g}): check the time axis"
        )
    repairs.append(f"{int((t < 0).sum())} points just left of time 0 (down to {t[0]:g}) were moved to time 0")
    return np.maximum(t, 0.0)


def _as_proportion(s: Floats, repairs: list[str]) -> Floats:
    top, bottom = float(s.max()), float(s.min())
    if top > 1.5:
        if top > 110 or bottom < -10:
            raise InputError(
                f"survival runs from {bottom:g} to {top:g}: neither proportions (0-1) nor per cent (0-100)"
            )
        if top < LEAST_PER_CENT:
            raise InputError(
                f"survival runs up to {top:g}: too high for a proportion, low for per cent, and usual for a cumulative "
                "hazard; give the points in proportions if they are survival or incidence in per cent"
            )
        s = s / 100.0
        repairs.append(f"survival was given in per cent (up to {top:g}) and was divided by 100")
        top, bottom = top / 100, bottom / 100
    if bottom < -0.1 or top > 1.1:
        raise InputError(
            f"survival runs from {bottom:g} to {top:g}, expected 0 to 1: check the calibration of the axis"
        )
    if top > 1 + 1e-9 or bottom < -1e-9:
        repairs.append(
            f"{int(((s > 1) | (s < 0)).sum())} points lay outside 0 to 1 (from {bottom:.4g} to {top:.4g}) "
            "and count as noise at the limit"
        )
    return s


def _as_survival(s: Floats, repairs: list[str]) -> Floats:
    """Convert survival or cumulative incidence to survival: an incidence starts low and rises."""
    tenth = max(s.size // 10, 1)
    first, last = middle_value(s[:tenth].tolist()), middle_value(s[-tenth:].tolist())
    rises = last > first + 0.02
    if first < 0.5 and (rises or first < 0.05) and last >= first - 0.02:
        repairs.append("the curve starts low and rises: read as cumulative incidence, survival is one minus it")
        return 1.0 - s
    if rises and last > first + 0.1:
        raise InputError(
            f"the curve rises from {first:.3g} to {last:.3g}, which neither a survival curve (from 1 downwards) nor "
            "a cumulative incidence (from 0 upwards) does: check the axes or the points"
        )
    return s


def read_table(
    n: int, at_risk_times: ArrayLike | None, at_risk: ArrayLike | None, repairs: list[str], conflicts: list[str]
) -> RiskTable:
    """The numbers at risk as a table from (0, n) on; rows that cannot be read are left out.

    Rows that contradict each other or n are replaced by the nearest counts that never rise (least squares); each is
    named in `conflicts`.

    Raises
    ------
    InputError
        If times and counts differ in number, or a row is not a time with a whole number of patients.
    """
    times, counts = numbers(at_risk_times, "at_risk_times"), numbers(at_risk, "at_risk")
    if times.size != counts.size:
        raise InputError(f"at_risk_times and at_risk must have the same length, found {times.size} and {counts.size}")
    legible = np.isfinite(times) & np.isfinite(counts)
    if not legible.all():
        repairs.append(f"{int((~legible).sum())} rows of the numbers at risk are not legible and were left out")
        times, counts = times[legible], counts[legible]
    for time, count in zip(times.tolist(), counts.tolist(), strict=True):
        if time < 0 or count < 0 or count != round(count) or count > MOST_PATIENTS:
            raise InputError(
                f"numbers at risk: row (time {time:g}, {count:g}) must have a time of 0 or later and a whole "
                f"number of patients between 0 and {MOST_PATIENTS}"
            )
    order = np.lexsort((-counts, times))
    if (times[1:] < times[:-1]).any():
        repairs.append("the numbers at risk were put in the order of time")
    times, counts = _one_row_a_time(times[order], counts[order], conflicts)
    if times.size == 0 or times[0] > 0:
        times, counts = np.concatenate(([0.0], times)), np.concatenate(([float(n)], counts))
    elif counts[0] != n:
        conflicts.append(f"numbers at risk: {counts[0]:g} at time 0 but n is {n}; n was kept")
        counts[0] = n
    return RiskTable(times, _never_rising(times, counts, n, conflicts))


def _one_row_a_time(times: Floats, counts: Floats, conflicts: list[str]) -> tuple[Floats, Floats]:
    first = np.concatenate(([True], times[1:] > times[:-1])) if times.size else np.empty(0, bool)
    if first.all():
        return times, counts.copy()
    distinct, place = times[first], np.cumsum(first) - 1
    mean = np.bincount(place, weights=counts) / np.bincount(place)
    for index in np.flatnonzero(np.bincount(place) > 1):
        given = counts[place == index]
        if given.min() != given.max():
            conflicts.append(
                f"numbers at risk: time {distinct[index]:g} is given {len(given)} times with different counts "
                f"({', '.join(f'{value:g}' for value in given)}); their mean was taken"
            )
    return distinct, np.round(mean)


def _never_rising(times: Floats, counts: Floats, n: int, conflicts: list[str]) -> Floats:
    if (counts[1:] <= counts[:-1]).all():
        return counts
    from scipy.optimize import isotonic_regression

    # n is known for certain: it outweighs every row
    weights = np.ones(counts.size)
    weights[0] = 1e9
    fitted = np.round(isotonic_regression(counts, weights=weights, increasing=False).x)
    fitted[0] = n
    fitted = np.minimum.accumulate(fitted)
    moved = np.flatnonzero(fitted != counts)
    rows = ", ".join(f"{counts[i]:g} at time {times[i]:g} (taken as {fitted[i]:g})" for i in moved[:6])
    conflicts.append(
        f"numbers at risk rise with time, which is impossible: {rows}{' and more' if moved.size > 6 else ''}"
    )
    return fitted


def check_units(points: Points, table: RiskTable) -> None:
    """Refuse a table and a curve whose times are plainly in different units.

    A curve may end after or before its table, but not by a factor of four, unless the table agrees with the curve as
    far as it goes.

    Raises
    ------
    InputError
        If they are; the message names the units that they seem to be in.
    """
    end, rows = float(points.time[-1]), table.time[(table.count > 0) & (table.time > 0)]
    if rows.size == 0 or end <= 0:
        return
    far, near = rows[-1] / end, end / rows[-1]
    if far <= 4 and near <= 3.5:
        return
    alive = float(np.interp(rows[-1], points.time, points.survival))
    followed = float(table.count[table.count > 0][-1]) / (table.count[0] * max(alive, 1e-9))
    if far > 4:
        # the table of a figure ends within its curve, so the true ratio is the next larger one
        name = min(UNIT_RATIOS, key=lambda key: (UNIT_RATIOS[key] < 0.98 * far, UNIT_RATIOS[key]))
    elif near > 3.5 and rows.size > 1 and followed < 0.4:
        name = max(UNIT_RATIOS, key=lambda key: (UNIT_RATIOS[key] <= 1.02 * near, UNIT_RATIOS[key]))
    else:
        return
    raise InputError(
        f"the curve ends at time {end:g} but the numbers at risk run to time {rows[-1]:g}: this looks like {name}; "
        "give both in one unit"
    )


def check_events(events: object | None, n: int) -> int | None:
    """The total number of events, or None if it was not given.

    Raises
    ------
    InputError
        If the total is not a whole number.
    InconsistentReport
        If it exceeds the number of patients.
    """
    if events is None or (isinstance(events, float) and np.isnan(events)):
        return None
    total = whole_number(events, "events", least=0)
    if total > n:
        raise InconsistentReport(f"events ({total}) exceed the patients (n = {n}): one of the two is of another arm")
    return total


def read_ticks(censor_times: ArrayLike | None, repairs: list[str]) -> Floats:
    """Censoring marks in order of time.

    Raises
    ------
    InputError
        If a mark is not a number or lies before time 0.
    """
    ticks = numbers(censor_times, "censor_times")
    good = np.isfinite(ticks)
    if not good.all():
        repairs.append(f"{int((~good).sum())} censoring marks without a time were left out")
    ticks = np.sort(ticks[good])
    if ticks.size and ticks[0] < 0:
        raise InputError(f"a censoring mark lies before time 0 ({ticks[0]:g}): check the time axis")
    return ticks


def read_median(median: object | None) -> tuple[float, float, float] | None:
    """Median and its lower and upper confidence limits; a limit that is not given or not reached is nan.

    Raises
    ------
    InputError
        If it is neither one number nor three, or not a time after 0.
    InconsistentReport
        If the median lies outside its interval.
    """
    if median is None:
        return None
    values = numbers(median, "median")  # type: ignore[arg-type]
    if values.size not in (1, 3):
        raise InputError(f"median must be one number or (median, lower, upper), found {_some(median)}")
    if not np.isfinite(values[0]):
        return None
    if values[0] <= 0:
        raise InputError(f"median must be a time after 0, found {values[0]:g}")
    lower, upper = (values[1], values[2]) if values.size == 3 else (np.nan, np.nan)
    if lower > values[0] or upper < values[0]:
        raise InconsistentReport(f"median {values[0]:g} lies outside its interval ({lower:g} to {upper:g})")
    return float(values[0]), float(lower), float(upper)


def read_landmarks(landmarks: object | None) -> tuple[tuple[float, float], ...]:
    """Printed survival rates as (time, proportion), in order of time.

    Raises
    ------
    InputError
        If they are not pairs of a time and a proportion.
    InconsistentReport
        If survival rises with time.
    """
    if landmarks is None:
        return ()
    try:
        rates = sorted((float(time), float(rate)) for time, rate in landmarks)  # type: ignore[attr-defined]
    except (TypeError, ValueError):
        raise InputError(f"landmarks must be pairs (time, survival), found {_some(landmarks)}") from None
    for time, rate in rates:
        if not (time >= 0 and 0 <= rate <= 1 and np.isfinite(time)):
            raise InputError(
                f"landmark ({time:g}, {rate:g}): the time must be 0 or later and the survival a proportion (0 to 1)"
            )
    for (one, high), (two, low) in pairwise(rates):
        if low > high + 0.01:
            raise InconsistentReport(f"landmarks rise from {high:g} at time {one:g} to {low:g} at time {two:g}")
    return tuple(rates)


def anchors(
    median: tuple[float, float, float] | None, landmarks: tuple[tuple[float, float], ...]
) -> list[tuple[str, float, float, float]]:
    """Printed points of the curve as (name, time, lowest survival, highest survival)."""
    known = [(f"survival {rate:g} at {time:g}", time, rate, rate) for time, rate in landmarks if time > 0]
    if median is not None:
        known.append((f"median {median[0]:g}", median[0], 0.5, 0.5))
    return known


def last_time(curve_end: float, table: RiskTable, ticks: Floats, given: object | None, conflicts: list[str]) -> float:
    """End of follow-up: the latest of the points, rows with patients at risk, marks, and the given end, if any.

    Raises
    ------
    InputError
        If the given end is not a time after 0, or the curve has no length.
    """
    reached = max(curve_end, float(table.time[table.count > 0].max()), float(ticks[-1]) if ticks.size else 0.0)
    if given is None:
        end = reached
    else:
        values = numbers(given, "end_of_follow_up")  # type: ignore[arg-type]
        if values.size != 1 or not np.isfinite(values[0]) or values[0] <= 0:
            raise InputError(f"end_of_follow_up must be a time after 0, found {_some(given)}")
        end = max(float(values[0]), reached)
        if values[0] < 0.98 * reached:
            conflicts.append(f"end of follow-up {values[0]:g} lies before the last point, row or mark ({reached:g})")
    if curve_end <= 0 or end <= 0:
        raise InputError("the curve has no length: its only points are at time 0; give points after 0")
    return end


def reconcile(table: RiskTable, curve: MonotoneCurve, end: float, conflicts: list[str]) -> RiskTable:
    """Numbers at risk that the curve allows: the ratio of patients at risk to survival can never rise.

    If the ratio rises by no more than the noise of the curve, the row is kept (the curve is adjusted). Otherwise the
    rows are replaced by the nearest possible counts (least squares on the log of the ratio) and named.
    """
    empty = np.flatnonzero(table.count == 0)
    if empty.size and curve.at(table.time[empty[0]]) - curve.at(np.array([end]))[0] > ROW_SLACK + 4 * curve.noise:
        conflicts.append(
            f"numbers at risk: nobody is left at time {table.time[empty[0]]:g}, but the curve falls on after it; the "
            "numbers at risk were kept"
        )
    alive = np.maximum(curve.at(np.nextafter(table.time, -np.inf)), 1e-9)
    ratio = table.count / (table.count[0] * alive)
    if (ratio[1:] <= ratio[:-1]).all():
        return table
    slack = ROW_SLACK + 4 * curve.noise + 1.0 / table.count[0]
    if (np.minimum.accumulate(ratio) >= ratio - slack / alive).all():
        return table
    return _compromise(table, alive, slack, conflicts)


def _compromise(table: RiskTable, alive: Floats, slack: float, conflicts: list[str]) -> RiskTable:
    from scipy.optimize import isotonic_regression

    n = table.count[0]
    ratio = np.maximum(table.count, 0.5) / (n * alive)
    weights = np.maximum(table.count, 0.5)
    weights[0] = 1e9
    fitted = steady.exp(isotonic_regression(steady.log(ratio), weights=weights, increasing=False).x)
    count = np.minimum.accumulate(np.floor(n * alive * np.minimum(fitted, 1.0) + 0.5))
    # rows within the noise of the curve stay as printed
    near = np.abs(count - table.count) <= slack * n
    count = np.minimum.accumulate(np.where(near, table.count, count))
    count[0] = n
    moved = np.flatnonzero(count != table.count)
    if moved.size:
        rows = ", ".join(
            f"{table.count[i]:g} at time {table.time[i]:g} (curve {alive[i]:.3g}, taken as {count[i]:g})"
            for i in moved[:6]
        )
        more = f" and {moved.size - 6} more" if moved.size > 6 else ""
        conflicts.append(
            f"numbers at risk and curve cannot both hold with n = {n:g}: {rows}{more}. Does the curve belong to "
            "another n or arm, or the table to another time unit?"
        )
    return RiskTable(table.time, count)


def legible_rows(at_risk_times: ArrayLike | None, at_risk: ArrayLike | None) -> RiskTable:
    """The rows as printed, in order of time, for the table of facts."""
    times, counts = numbers(at_risk_times, "at_risk_times"), numbers(at_risk, "at_risk")
    legible = np.isfinite(times) & np.isfinite(counts)
    order = np.lexsort((-counts[legible], times[legible]))
    return RiskTable(times[legible][order], counts[legible][order])
