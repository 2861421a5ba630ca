"""Product-limit curves of many replicates at once, with restricted mean, quantiles and landmark survival."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from resurvey.errors import InputError
from resurvey.survival.km import EXACT, Flat, Floats, check_flat, one_time
from resurvey.survival.risksets import PADDING, RiskSets, stack_risk_sets, time_order
from resurvey.survival.transforms import interval_limits


@dataclass(frozen=True)
class PatientStack:
    """Patients of one arm, one row per replicate; fillers have time `PADDING` and no event.

    Attributes
    ----------
    time, event : (replicates, n) ndarray
        Sorted within each replicate by time, events before censorings.
    """

    time: Floats
    event: Floats

    @property
    def replicates(self) -> int:
        """Number of replicates."""
        return len(self.time)

    @property
    def patients(self) -> Floats:
        """Number of patients in each replicate."""
        return (self.time != PADDING).sum(axis=1)

    @property
    def events(self) -> Floats:
        """Number of events in each replicate."""
        return self.event.sum(axis=1)

    @cached_property
    def curves(self) -> CurveStack:
        """Product-limit curve of each replicate."""
        return curve_stack(self)

    def repeated(self, replicates: int) -> PatientStack:
        """As many replicates as asked for: these, again and again in their order."""
        if replicates == self.replicates:
            return self
        again = np.arange(replicates) % self.replicates
        return PatientStack(self.time[again], self.event[again])


@dataclass(frozen=True)
class CurveStack:
    """Product-limit curves, shape (replicates, n): one column per patient, so that tied times are repeated.

    Attributes
    ----------
    time, survival : ndarray
        Times, and S just after each.
    greenwood : ndarray
        Running Greenwood sum; infinite where S is 0.
    hazard_variance : ndarray
        The Greenwood term d / (n (n - d)) of each distinct event time, in its first column; 0 elsewhere, and 0 where S
        reaches 0.
    last : (replicates,) ndarray
        Longest follow-up.
    """

    time: Floats
    survival: Floats
    greenwood: Floats
    hazard_variance: Floats
    last: Floats

    @property
    def reach(self) -> Floats:
        """Time up to which each curve is defined: its longest follow-up, or infinity once it has reached 0."""
        return np.where(self.survival[:, -1] <= 0, np.inf, self.last)

    def survival_at(self, times: Floats) -> Floats:
        """S of each replicate at many times, shape (replicates, times)."""
        values = np.empty((len(self.time), len(times)))
        for row, (own_times, survival) in enumerate(zip(self.time, self.survival, strict=True)):
            values[row] = np.append(1.0, survival)[np.searchsorted(own_times, times, side="right")]
        return values

    def at(self, time: float) -> tuple[Floats, Floats]:
        """S and the running Greenwood sum of each replicate at one time, each of shape (replicates,)."""
        place = (self.time <= time).sum(axis=1, keepdims=True)
        survival = np.concatenate((np.ones((len(self.time), 1)), self.survival), axis=1)
        greenwood = np.concatenate((np.zeros((len(self.time), 1)), self.greenwood), axis=1)
        return np.take_along_axis(survival, place, axis=1)[:, 0], np.take_along_axis(greenwood, place, axis=1)[:, 0]

    def landmark(self, time: float, *, level: float = 0.95, transform: str = "log-log") -> tuple[Floats, ...]:
        """S at one time and its confidence limits: three vectors of shape (replicates,)."""
        survival, greenwood = self.at(time)
        return survival, *interval_limits(survival, greenwood, level=level, transform=transform)

    def quantile(self, level: float = 0.5, *, flat: Flat = "midpoint") -> Floats:
        """Time at which S of each replicate reaches `level`, as `KaplanMeier.quantile`."""
        check_flat(flat)
        reached = self.survival <= level + EXACT
        start = _first_time(reached, self.time)
        if flat == "first":
            return start
        exact = _first_value(reached, self.survival) >= level - EXACT
        after = _first_time(self.survival < level - EXACT, self.time)
        end = np.where(np.isfinite(after), after, self.last)
        return np.where(exact & np.isfinite(start), (start + end) / 2, start)

    def quantile_interval(
        self, quantile: float = 0.5, *, level: float = 0.95, transform: str = "log-log"
    ) -> tuple[Floats, Floats]:
        """Brookmeyer-Crowley limits of a quantile: the range of times at which S(t) = quantile is not rejected."""
        lower, upper = interval_limits(self.survival, self.greenwood, level=level, transform=transform)
        return (
            _first_time(lower <= quantile + 1e-12, self.time),
            _first_time(upper < quantile - 1e-12, self.time),
        )

    def restricted_mean(self, horizon: float) -> tuple[Floats, Floats]:
        """Area under each curve up to `horizon`, and its Greenwood variance."""
        ends = np.concatenate((self.time[:, 1:], np.full((len(self.time), 1), np.inf)), axis=1)
        widths = np.maximum(np.minimum(ends, horizon) - np.clip(self.time, 0, horizon), 0.0)
        pieces = self.survival * widths
        area = pieces.sum(axis=1) + np.minimum(np.maximum(self.time[:, 0], 0.0), horizon)
        beyond = np.cumsum(pieces[:, ::-1], axis=1)[:, ::-1]
        inside = self.time <= horizon
        return area, (beyond**2 * self.hazard_variance * inside).sum(axis=1)


def _first_time(met: np.ndarray, time: Floats) -> Floats:
    """Time of the first column that meets a condition; infinite where none does."""
    place = met.argmax(axis=1)
    rows = np.arange(len(time))
    return np.where(met[rows, place], time[rows, place], np.inf)


def _first_value(met: np.ndarray, values: Floats) -> Floats:
    """Value of the first column that meets a condition; -infinity where none does."""
    place = met.argmax(axis=1)
    rows = np.arange(len(values))
    return np.where(met[rows, place], values[rows, place], -np.inf)


def curve_stack(stack: PatientStack) -> CurveStack:
    """Product-limit curve of every replicate."""
    t, e = stack.time, stack.event
    n = t.shape[1]
    new = np.ones(t.shape, dtype=bool)
    new[:, 1:] = t[:, 1:] != t[:, :-1]
    start = np.maximum.accumulate(np.where(new, np.arange(n), 0), axis=1)
    last = np.concatenate((new[:, 1:], np.ones((len(t), 1), dtype=bool)), axis=1)
    end = np.minimum.accumulate(np.where(last, np.arange(1, n + 1), n)[:, ::-1], axis=1)[:, ::-1]
    running = np.concatenate((np.zeros((len(t), 1)), np.cumsum(e, axis=1)), axis=1)
    deaths = np.take_along_axis(running, end, axis=1) - np.take_along_axis(running, start, axis=1)
    deaths = np.where(new & (t != PADDING), deaths, 0.0)  # a tie counts once, in its first column
    at_risk = (n - start).astype(float)
    survival = np.cumprod(1 - deaths / at_risk, axis=1)
    left = at_risk - deaths
    term = np.divide(deaths, at_risk * left, out=np.zeros_like(deaths), where=left > 0)
    greenwood = np.where(survival > 0, np.cumsum(term, axis=1), np.inf)
    return CurveStack(t, survival, greenwood, term, t[:, -1])


def patient_stack(patients: pd.DataFrame, arm: str) -> PatientStack:
    """Check the patient table of one arm and return it as arrays.

    Parameters
    ----------
    patients : DataFrame, columns time, event, and replicate where there are several
        One row per patient and replicate.
    arm : str
        Name of the arm in error messages.

    Raises
    ------
    InputError
        If a column is missing, there are no rows, or a cell is not a valid time or event indicator.
    """
    if not isinstance(patients, pd.DataFrame):
        raise InputError(f"{arm} must be a DataFrame with columns replicate, time, event, found {type(patients)}")
    missing = [name for name in ("time", "event") if name not in patients.columns]
    if missing:
        raise InputError(f"{arm} lacks the columns {missing}: found {list(patients.columns)}")
    if patients.empty:
        raise InputError(f"{arm} has no patients: rebuild them first, or leave this comparison out")
    time, event = (_numbers(patients[name], arm) for name in ("time", "event"))
    if np.any(time < 0):
        raise InputError(f"{arm}: time must not be negative, found {time[time < 0][0]:g}")
    if not np.all((event == 0) | (event == 1)):
        raise InputError(f"{arm}: event must be 0 or 1, found {event[(event != 0) & (event != 1)][0]:g}")
    replicate = np.zeros(len(patients), dtype=int)
    if "replicate" in patients.columns:
        if patients["replicate"].isna().any():
            raise InputError(f"{arm}: {int(patients['replicate'].isna().sum())} rows have no replicate number")
        replicate = pd.factorize(patients["replicate"], sort=True)[0]
    return _fill(replicate, one_time(time), event)


def _numbers(column: pd.Series, arm: str) -> Floats:
    """Convert a column to finite floats."""
    values = pd.to_numeric(column, errors="coerce").to_numpy(dtype=float)
    bad = ~np.isfinite(values)
    if bad.any():
        row = int(np.flatnonzero(bad)[0])
        raise InputError(f"{arm}, row {row}: {column.name} must be a finite number, found {column.iloc[row]!r}")
    return values


def _fill(replicate: np.ndarray, time: Floats, event: Floats) -> PatientStack:
    """Arrange patients in one row per replicate; shorter rows begin with fillers, which precede every time."""
    counts = np.bincount(replicate)
    width = int(counts.max())
    if np.all(counts == width) and np.all(np.diff(replicate) >= 0):
        t, e = time.reshape(-1, width), event.reshape(-1, width)
        order = time_order(t, e > 0)
        return PatientStack(np.take_along_axis(t, order, axis=1), np.take_along_axis(e, order, axis=1))
    order = np.lexsort((-event, time, replicate))
    offset = np.repeat(np.cumsum(counts) - counts, counts)
    column = np.arange(replicate.size) - offset + np.repeat(width - counts, counts)
    t, e = np.full((counts.size, width), PADDING), np.zeros((counts.size, width))
    t[replicate[order], column], e[replicate[order], column] = time[order], event[order]
    return PatientStack(t, e)


def pair_risk_sets(a: PatientStack, b: PatientStack) -> RiskSets:
    """Risk sets of first arm `a` and second arm `b`, paired by replicate."""
    time = np.concatenate((a.time, b.time), axis=1)
    event = np.concatenate((a.event, b.event), axis=1)
    first = np.zeros(time.shape, dtype=bool)
    first[:, : a.time.shape[1]] = True
    return stack_risk_sets(time, event, first)
