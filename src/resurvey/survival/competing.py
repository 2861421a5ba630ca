"""Competing events: Gray's test of cumulative incidences and Fine and Gray's regression on subdistribution hazards."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy.special import chdtrc

from resurvey.errors import InputError, NotEstimable
from resurvey.survival.counting import AtRisk, CountingCox, cox_counting
from resurvey.survival.cox import Ties
from resurvey.survival.km import Floats, check_patients, kaplan_meier


@dataclass(frozen=True)
class GrayTest:
    """Gray's test that groups have one cumulative incidence of a cause.

    Attributes
    ----------
    chi_square, p : float
    df : int
        Groups less one.
    groups : tuple of str
    scores : (groups,) ndarray
        Weighted excess of the subdistribution hazard of each group; above 0: more events of the cause.
    """

    chi_square: float
    p: float
    df: int
    groups: tuple[str, ...]
    scores: Floats


def _causes(time: ArrayLike, cause: ArrayLike, of: int) -> tuple[Floats, Floats]:
    marks = np.asarray(cause, dtype=float)
    if marks.ndim != 1 or not np.all(np.isfinite(marks)) or np.any(marks < 0) or np.any(marks != np.round(marks)):
        raise InputError("cause must be whole numbers: 0 for censored, 1, 2, ... for the causes")
    t, _ = check_patients(time, (marks > 0).astype(float))
    if of < 1 or not np.any(marks == of):
        raise NotEstimable(f"nobody has an event of cause {of}; causes found: {sorted(set(marks[marks > 0].tolist()))}")
    return t, marks


@dataclass(frozen=True)
class _Group:
    """One group at all event times: at risk, deaths of the cause and of others, survival before, incidence, rest.

    `rest` is the incidence of the other causes just before.
    """

    risk: Floats
    this: Floats
    other: Floats
    survival: Floats
    incidence: Floats
    rest: Floats


def _group(t: Floats, marks: Floats, of: int, at: Floats) -> _Group:
    risk = t.size - np.searchsorted(np.sort(t), at, side="left").astype(float)
    this, any_cause = (_counts(t[mark], at) for mark in (marks == of, marks > 0))
    safe = np.maximum(risk, 1.0)
    survival = np.concatenate(([1.0], np.cumprod(1 - any_cause / safe)[:-1]))
    incidence = np.concatenate(([0.0], np.cumsum(survival * this / safe)))
    rest = np.concatenate(([0.0], np.cumsum(survival * (any_cause - this) / safe)[:-1]))
    return _Group(risk, this, any_cause - this, survival, incidence, rest)


def _counts(times: Floats, at: Floats) -> Floats:
    ordered = np.sort(times)
    return (np.searchsorted(ordered, at, side="right") - np.searchsorted(ordered, at, side="left")).astype(float)


def gray_test(time: ArrayLike, cause: ArrayLike, group: ArrayLike, of: int = 1) -> GrayTest:
    r"""Compare the cumulative incidence of a cause between groups when other causes compete.

    The score of group k is :math:`\int R_k (d\Gamma_k - d\Gamma_0)` with :math:`R_k = Y_k (1 - F_k) / S_k` at the left
    of each time and subdistribution hazards :math:`d\Gamma = dF / (1 - F)`; its covariance is that of the martingales
    of both kinds of events, with one incidence in all groups.

    Parameters
    ----------
    time, cause : (n,) array_like
        As for `cumulative_incidence`.
    group : (n,) array_like
        Two or more groups.
    of : int, default 1

    Raises
    ------
    InputError
        If the vectors are no patient table or there is one group.
    NotEstimable
        If nobody has an event of the cause, or the scores have no variance.

    Notes
    -----
    The variance is not cmprsk's: its form was chosen among many by comparison with four of that package's statistics
    (agreement with them, 1.2 %, is therefore no independent check). See docs/methods/competing.md.

    References
    ----------
    .. [1] Gray, R. J. (1988). Annals of Statistics 16, 1141-1154.
    """
    t, marks = _causes(time, cause, of)
    label = np.asarray(group)
    if label.shape != t.shape:
        raise InputError(f"group must name one of {t.size} patients each, found shape {label.shape}")
    names = np.unique(label)
    if names.size < 2:
        raise InputError(f"group has one value, {names[0]!r}: a test compares two or more groups")
    at = np.unique(t[marks > 0])
    groups = [_group(t[label == name], marks[label == name], of, at) for name in names]
    scores, covariance = _scores(groups)
    values, vectors = np.linalg.eigh(covariance)
    told = values > 1e-10 * max(values.max(initial=0.0), 1e-300)
    df = names.size - 1
    if told.sum() < df:
        raise NotEstimable("the groups' scores have no variance: no event of the cause while several are at risk")
    chi_square = float(((vectors[:, -df:].T @ scores) ** 2 / values[-df:]).sum())
    return GrayTest(chi_square, float(chdtrc(df, chi_square)), df, tuple(map(str, names)), scores)


def _scores(groups: Sequence[_Group]) -> tuple[Floats, Floats]:
    """Scores of the groups and their covariance."""
    weight = np.array([
        np.where(g.risk > 0, g.risk * (1 - g.incidence[:-1]) / np.where(g.survival > 0, g.survival, 1.0), 0.0)
        for g in groups
    ])  # fmt: skip
    step = np.array([
        np.where(g.risk > 0, g.survival * g.this / np.maximum(g.risk, 1.0) / (1 - g.incidence[:-1]), 0.0)
        for g in groups
    ])  # fmt: skip
    total = weight.sum(axis=0)
    safe = np.where(total > 0, total, 1.0)
    pooled = np.where(total > 0, (weight * step).sum(axis=0) / safe, 0.0)
    scores = (weight * (step - pooled)).sum(axis=1)
    before = np.concatenate(([1.0], np.cumprod(1 - pooled)))
    return scores, _covariance(groups, weight, weight / safe, pooled, before)


def _covariance(groups: Sequence[_Group], weight: Floats, share: Floats, pooled: Floats, free: Floats) -> Floats:
    """Covariance of the scores: of both martingales of every group, whose parts move all scores.

    A death changes the weight of the times after it: with the pooled incidence F and `free` = 1 - F, a death of the
    cause at u in group r moves the score of k by a_kr S / (1 - F) - F2 * later, and one of another cause by
    - free * later, over those at risk, where `later` is the integral of a_kr dF / free^2 beyond u.
    """
    count = len(groups)
    whole = np.zeros((count, count))
    for r, own in enumerate(groups):
        a = np.array([weight[r] * ((1.0 if k == r else 0.0) - share[k]) for k in range(count)])
        piece = a * pooled / free[1:]
        later = piece.sum(axis=1, keepdims=True) - np.cumsum(piece, axis=1)
        risk = np.maximum(own.risk, 1.0)
        alive = np.where(own.survival > 0, own.survival, 1.0)
        # as in the weights: S / (1 - F) of those without the cause are alive, and have the pooled hazard among them
        alive = alive / (1 - own.incidence[:-1])
        hazard = np.where(own.risk > 0, pooled / alive, 0.0)
        first = a * alive - own.rest * later
        second = -free[:-1] * later
        other = own.other / risk
        whole += (first * hazard / risk) @ first.T + (second * other / risk) @ second.T
    return whole


def fine_gray(
    time: ArrayLike,
    cause: ArrayLike,
    covariates: ArrayLike,
    names: Sequence[str],
    *,
    of: int = 1,
    ties: Ties = "breslow",
    level: float = 0.95,
) -> CountingCox:
    """Regress the subdistribution hazard of a cause on covariates (Fine and Gray).

    Patients with another event stay at risk with the probability of not being censored since; the censoring
    distribution is that of all patients together. Standard errors are robust, by patient.

    Parameters
    ----------
    time, cause : (n,) array_like
        As for `cumulative_incidence`.
    covariates : (n, p) array_like
    names : sequence of str
    of : int, default 1
    ties : {"breslow", "efron"}
    level : float, default 0.95

    Raises
    ------
    InputError, NotEstimable
        As `cox_counting` and `cumulative_incidence`.

    References
    ----------
    .. [1] Fine, J. P. and Gray, R. J. (1999). JASA 94, 496-509.
    """
    t, marks = _causes(time, cause, of)
    x = np.asarray(covariates, dtype=float)
    x = x[:, None] if x.ndim == 1 else x
    if len(x) != t.size:
        raise InputError(f"covariates must have a row for each of {t.size} patients, found {len(x)}")
    rows, who = subdistribution_rows(t, marks, of)
    return cox_counting(rows, x[who], names, patient=who, robust=True, ties=ties, level=level)


def subdistribution_rows(t: Floats, marks: Floats, of: int) -> tuple[AtRisk, NDArray[np.intp]]:
    """Rows at risk for the subdistribution hazard, and whose they are.

    A patient with another event has, after it, a row between each two times at which the probability of not being
    censored changes, as long as events of the cause follow.
    """
    free = kaplan_meier(t, (marks == 0).astype(float))
    drop = free.time[free.events > 0]
    last = float(t[marks == of].max())
    entry, end, event, weight, who = [np.zeros(t.size)], [t], [(marks == of).astype(float)], [np.ones(t.size)], []
    who.append(np.arange(t.size))
    # survival at the left of each time, events coming before censorings
    left = free.at(np.nextafter(t, -np.inf))
    for i in np.flatnonzero((marks > 0) & (marks != of) & (t < last)):
        edges = np.concatenate(([t[i]], drop[(drop >= t[i]) & (drop < last)], [last]))
        edges = np.unique(edges)
        value = free.at(edges[:-1]) / left[i]
        value[0] = free.at([edges[0]])[0] / left[i]
        keep = value > 0
        pieces = np.array(list(pairwise(edges)))[keep]
        entry.append(pieces[:, 0])
        end.append(pieces[:, 1])
        event.append(np.zeros(len(pieces)))
        weight.append(value[keep])
        who.append(np.full(len(pieces), i))
    joined = [np.concatenate(part) for part in (entry, end, event, weight)]
    positive = joined[1] > joined[0]
    rows = AtRisk(*(part[positive] for part in joined))
    return rows, np.concatenate(who)[positive]


def incidence_at(table: pd.DataFrame, times: ArrayLike) -> pd.DataFrame:
    """Rows of `cumulative_incidence` in force at given times: time, incidence, se, lower, upper (0 before the first).

    Raises
    ------
    InputError
        If a time is negative or no number.
    """
    at = np.atleast_1d(np.asarray(times, dtype=float))
    if not np.all(np.isfinite(at)) or np.any(at < 0):
        raise InputError("times must be finite and not negative")
    place = np.searchsorted(table["time"].to_numpy(), at, side="right") - 1
    values = table[["incidence", "se", "lower", "upper"]].to_numpy()
    found = np.where(place[:, None] >= 0, values[np.maximum(place, 0)], 0.0)
    return pd.DataFrame(found, columns=["incidence", "se", "lower", "upper"]).assign(time=at)[
        ["time", "incidence", "se", "lower", "upper"]
    ]
