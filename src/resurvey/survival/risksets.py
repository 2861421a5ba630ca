"""Risk sets of many replicates at once, shared by log-rank tests and Cox models."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from resurvey.arrays import unmasked
from resurvey.errors import InputError
from resurvey.survival.km import Floats, check_patients

#: Time of a filler, which pads a replicate with fewer patients and is never at risk.
PADDING = -1.0


@dataclass(frozen=True)
class RiskSets:
    """Risk sets at the event times of two arms, one row per replicate.

    All arrays have shape (replicates, k). A column is one death; rows with fewer deaths are padded with columns in
    which `death` is False. Tied deaths are adjacent, and `head` marks the first of each tie, so that sums over `head`
    run over distinct event times and sums over `death` over deaths. Strata follow one another along k.

    Attributes
    ----------
    time : ndarray of float
        Time of the death.
    death, head, first : ndarray of bool
        Whether the column is a death; is the first of its tie; is in the first arm.
    n1, n2 : ndarray of float
        Numbers at risk just before the time in the first and the second arm.
    d1, d2 : ndarray of float
        Deaths in each arm at the time.
    rank : ndarray of float
        Index of the death within its tie, from 0 (Efron's l).
    survival : ndarray of float
        Pooled product-limit survival just before the time, within the stratum.
    """

    time: Floats
    death: NDArray[np.bool_]
    head: NDArray[np.bool_]
    first: NDArray[np.bool_]
    n1: Floats
    n2: Floats
    d1: Floats
    d2: Floats
    rank: Floats
    survival: Floats


def risk_sets(time: ArrayLike, event: ArrayLike, first: ArrayLike, strata: ArrayLike | None = None) -> RiskSets:
    """Risk sets of one table of patients, as `RiskSets` with one replicate.

    Parameters
    ----------
    time, event, first : (n,) array_like
        Follow-up times, event indicators, and indicators of the first arm (1 or True; 0 or False is the second arm).
    strata : (n,) array_like, optional
        Label of the stratum of each patient.

    Raises
    ------
    InputError
        If the vectors are not a patient table or an arm has no patients.
    """
    t, e = check_patients(time, event)
    x = check_first(first, t.size)
    if strata is None:
        return stack_risk_sets(t[None, :], e[None, :], x[None, :])
    label = np.asarray(unmasked(strata, "strata"))
    if label.shape != t.shape:
        raise InputError(f"strata must have one label a patient ({t.size}), found shape {label.shape}")
    if np.any(pd.isna(label)):
        raise InputError(f"strata has {int(pd.isna(label).sum())} missing labels: every patient needs a stratum")
    parts = [np.flatnonzero(label == value) for value in pd.unique(label)]
    return join_strata([stack_risk_sets(t[None, rows], e[None, rows], x[None, rows]) for rows in parts])


def check_first(first: ArrayLike, n: int) -> NDArray[np.bool_]:
    """Check the indicators of the first arm and return them as bool.

    Raises
    ------
    InputError
        If there is not one indicator, 0 or 1, for each patient, or an arm is empty.
    """
    x = np.asarray(unmasked(first, "first"))
    if x.shape != (n,):
        raise InputError(f"first must mark each of the {n} patients, found shape {x.shape}")
    if x.dtype != bool:
        if not np.all(np.isin(x, (0, 1))):
            raise InputError(f"first must be 1 (first arm) or 0 (second arm), found {x[~np.isin(x, (0, 1))][0]!r}")
        x = x.astype(bool)
    if x.all() or not x.any():
        raise InputError(f"the {'second' if x.all() else 'first'} arm has no patients: two arms are compared")
    return x


def join_strata(parts: Sequence[RiskSets]) -> RiskSets:
    """Concatenate the risk sets of several strata of the same replicates."""
    fields = RiskSets.__dataclass_fields__
    return RiskSets(**{name: np.concatenate([getattr(part, name) for part in parts], axis=1) for name in fields})


def stack_risk_sets(time: Floats, event: Floats, first: NDArray[np.bool_]) -> RiskSets:
    """Risk sets of a stack of replicates, shape (replicates, n), in one stratum; time `PADDING` marks a filler."""
    order = time_order(time, event > 0)
    dead = np.take_along_axis(event > 0, order, axis=1)
    deaths = dead.sum(axis=1)
    death = np.arange(max(int(deaths.max(initial=0)), 1)) < deaths[:, None]

    def at_deaths(sorted_values: NDArray, filler: float) -> NDArray:
        out = np.full(death.shape, filler, dtype=sorted_values.dtype)
        out[death] = sorted_values[dead]
        return out

    x: NDArray[np.bool_] = np.take_along_axis(first, order, axis=1)
    upto = np.cumsum(x, axis=1, dtype=float)
    # Fillers sort first, so every patient at or after the position of a death was at risk.
    n1 = at_deaths(upto[:, -1:] - upto + x, 1.0)
    everyone = at_deaths(np.broadcast_to(np.arange(dead.shape[1], 0.0, -1.0), dead.shape), 2.0)
    t = at_deaths(np.take_along_axis(time, order, axis=1), PADDING)
    return _with_ties(t, death, at_deaths(x, False), n1, everyone - n1)


def time_order(time: Floats, dead: NDArray[np.bool_]) -> NDArray[np.intp]:
    """Sort order of each row by time, with deaths before censorings at tied times."""
    # The order of two patients censored at the same time does not matter. Rows are mostly two arms, each in order: a
    # stable sort merges them.
    order = np.argsort(time, axis=1, kind="stable")
    t, e = np.take_along_axis(time, order, axis=1), np.take_along_axis(dead, order, axis=1)
    # Sorting by two keys takes five times as long and is needed only where a death is tied.
    tied = np.flatnonzero(((t[:, 1:] == t[:, :-1]) & (e[:, 1:] | e[:, :-1])).any(axis=1))
    if tied.size:
        order[tied] = np.lexsort((~dead[tied], time[tied]), axis=1)
    return order


def _with_ties(t: Floats, death: NDArray[np.bool_], first: NDArray[np.bool_], n1: Floats, n2: Floats) -> RiskSets:
    """Risk sets of deaths in order of time; tied deaths share the risk set of the first of them."""
    d1, d2 = (death & first).astype(float), (death & ~first).astype(float)
    new = np.ones(t.shape, dtype=bool)
    new[:, 1:] = (t[:, 1:] != t[:, :-1]) | ~death[:, 1:]
    rank = np.zeros(t.shape)
    if not new.all():
        start = np.maximum.accumulate(np.where(new, np.arange(t.shape[1]), 0), axis=1)
        rank = np.arange(t.shape[1]) - start.astype(float)
        n1, n2 = np.take_along_axis(n1, start, axis=1), np.take_along_axis(n2, start, axis=1)
        d1, d2 = _tie_sums(d1, new, start), _tie_sums(d2, new, start)
    head = death & new
    survival = np.ones(t.shape)
    survival[:, 1:] = np.cumprod(np.where(head, 1 - (d1 + d2) / (n1 + n2), 1.0), axis=1)[:, :-1]
    if not new.all():
        survival = np.take_along_axis(survival, start, axis=1)
    return RiskSets(t, death, head, first, n1, n2, d1, d2, rank, survival)


def _tie_sums(mark: Floats, new: NDArray[np.bool_], start: NDArray[np.intp]) -> Floats:
    """Sum of `mark` over the tie of each column; `new` marks the first column of a tie, and `start` is its index."""
    width = mark.shape[1]
    before = np.concatenate((np.zeros((len(mark), 1)), np.cumsum(mark, axis=1)), axis=1)
    opens = np.where(new, np.arange(width), width)
    following = np.concatenate((opens[:, 1:], np.full((len(mark), 1), width)), axis=1)
    end = np.minimum.accumulate(following[:, ::-1], axis=1)[:, ::-1]
    return np.take_along_axis(before, end, axis=1) - np.take_along_axis(before, start, axis=1)
