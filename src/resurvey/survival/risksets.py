"""Risk sets of many replicates at once: the one preparation that log-rank tests and Cox models share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from resurvey.errors import InputError
from resurvey.survival.km import Floats, check_patients

#: Time of a row that only fills up a replicate with fewer patients: it is never at risk.
PADDING = -1.0


@dataclass(frozen=True)
class RiskSets:
    """Risk sets at the event times of two arms, a row a replicate.

    All arrays have shape (replicates, k). A column is one death; rows with fewer deaths are filled with columns in
    which `death` is False. Tied deaths stand side by side, and `head` marks the first of each tie, so that sums over
    `head` run over distinct event times and sums over `death` over deaths. Strata lie one after another in k.

    Attributes
    ----------
    time : ndarray of float
        Time of the death.
    death, head, first : ndarray of bool
        Whether the column is a death; the first of its tie; in the first arm.
    n1, n2 : ndarray of float
        Patients of the first and the second arm at risk just before the time.
    d1, d2 : ndarray of float
        Deaths of each arm at the time.
    rank : ndarray of float
        Number of the death within its tie, from 0 (Efron's l).
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
    time, event, first : array-like, shape (n,)
        Follow-up times, event marks, and marks of the first arm (1 or True; 0 or False is the second arm).
    strata : array-like, shape (n,), optional
        Label of the stratum of each patient.

    Raises
    ------
    InputError
        If the vectors are no patient table or an arm has no patients.
    """
    t, e = check_patients(time, event)
    x = check_first(first, t.size)
    if strata is None:
        return stack_risk_sets(t[None, :], e[None, :], x[None, :])
    label = np.asarray(strata)
    if label.shape != t.shape:
        raise InputError(f"strata must have one label a patient ({t.size}), found shape {label.shape}")
    if np.any(pd.isna(label)):
        raise InputError(f"strata has {int(pd.isna(label).sum())} missing labels: every patient needs a stratum")
    parts = [np.flatnonzero(label == value) for value in pd.unique(label)]
    return join_strata([stack_risk_sets(t[None, rows], e[None, rows], x[None, rows]) for rows in parts])


def check_first(first: ArrayLike, n: int) -> NDArray[np.bool_]:
    """The marks of the first arm as bool; refused when an arm is empty or a mark is neither 0 nor 1."""
    x = np.asarray(first)
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
    """Put the risk sets of several strata of the same replicates side by side."""
    fields = RiskSets.__dataclass_fields__
    return RiskSets(**{name: np.concatenate([getattr(part, name) for part in parts], axis=1) for name in fields})


def stack_risk_sets(time: Floats, event: Floats, first: NDArray[np.bool_]) -> RiskSets:
    """Risk sets of a stack of replicates, shape (replicates, n), in one stratum; time `PADDING` marks a filler."""
    order = np.lexsort((-event, time), axis=1)
    t: Floats = np.take_along_axis(time, order, axis=1)
    e: Floats = np.take_along_axis(event, order, axis=1)
    x: NDArray[np.bool_] = np.take_along_axis(first, order, axis=1)
    here = t != PADDING
    n1, n2 = _remaining(x & here), _remaining(~x & here)
    start = _tie_starts(t)
    n1, n2 = np.take_along_axis(n1, start, axis=1), np.take_along_axis(n2, start, axis=1)
    d1, d2 = _tie_sums((e > 0) & x, t), _tie_sums((e > 0) & ~x, t)
    rank = np.arange(t.shape[1]) - start  # deaths come first within a tie, so the place in the tie is Efron's l
    head = (rank == 0) & (e > 0)
    with np.errstate(invalid="ignore", divide="ignore"):
        after = np.cumprod(np.where(head, 1 - (d1 + d2) / (n1 + n2), 1.0), axis=1)
    survival: Floats = np.take_along_axis(np.concatenate((np.ones((len(t), 1)), after), axis=1), start, axis=1)
    return _deaths_only(RiskSets(t, e > 0, head, x, n1, n2, d1, d2, rank.astype(float), survival))


def _remaining(mark: NDArray[np.bool_]) -> Floats:
    """How many marked rows stand at or after each place of a row."""
    return np.cumsum(mark[:, ::-1], axis=1)[:, ::-1].astype(float)


def _tie_starts(t: Floats) -> NDArray[np.intp]:
    """Place of the first of the tied times each sorted time belongs to."""
    new = np.ones(t.shape, dtype=bool)
    new[:, 1:] = t[:, 1:] != t[:, :-1]
    return np.maximum.accumulate(np.where(new, np.arange(t.shape[1]), 0), axis=1)


def _tie_ends(t: Floats) -> NDArray[np.intp]:
    """Place after the last of the tied times each sorted time belongs to."""
    last = np.ones(t.shape, dtype=bool)
    last[:, :-1] = t[:, 1:] != t[:, :-1]
    end = np.where(last, np.arange(1, t.shape[1] + 1), t.shape[1])
    return np.minimum.accumulate(end[:, ::-1], axis=1)[:, ::-1]


def _tie_sums(mark: NDArray[np.bool_], t: Floats) -> Floats:
    """Number of marked rows in the tie each sorted time belongs to."""
    running: Floats = np.concatenate((np.zeros((len(t), 1)), np.cumsum(mark, axis=1, dtype=float)), axis=1)
    upto: Floats = np.take_along_axis(running, _tie_ends(t), axis=1)
    before: Floats = np.take_along_axis(running, _tie_starts(t), axis=1)
    return upto - before


def _deaths_only(sets: RiskSets) -> RiskSets:
    """Drop censored columns: move deaths to the front of each row, in order, and cut what no row needs."""
    order = np.argsort(~sets.death, axis=1, kind="stable")[:, : max(int(sets.death.sum(axis=1).max()), 1)]
    return RiskSets(**{n: np.take_along_axis(getattr(sets, n), order, axis=1) for n in RiskSets.__dataclass_fields__})
