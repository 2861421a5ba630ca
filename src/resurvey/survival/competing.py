"""Competing events: Gray's test of cumulative incidences and Fine and Gray's regression on subdistribution hazards."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy.special import chdtrc

from resurvey.arrays import unmasked
from resurvey.errors import InputError, NotEstimable
from resurvey.survival.counting import AtRisk, CountingCox, cox_counting
from resurvey.survival.cox import Ties
from resurvey.survival.km import Floats, check_patients, kaplan_meier


@dataclass(frozen=True)
class GrayTest:
    """Gray's test that the cumulative incidence of a cause is the same in all groups.

    Attributes
    ----------
    chi_square, p : float
    df : int
        Number of groups minus one.
    groups : tuple of str
    scores : (groups,) ndarray
        Weighted excess of the subdistribution hazard in each group; positive: more events of the cause than expected.
    """

    chi_square: float
    p: float
    df: int
    groups: tuple[str, ...]
    scores: Floats


def _causes(time: ArrayLike, cause: ArrayLike, of: int) -> tuple[Floats, Floats]:
    marks = np.asarray(unmasked(cause, "cause"), dtype=float)
    if marks.ndim != 1 or not np.all(np.isfinite(marks)) or np.any(marks < 0) or np.any(marks != np.round(marks)):
        raise InputError("cause must be whole numbers: 0 for censored, 1, 2, ... for the causes")
    t, _ = check_patients(time, (marks > 0).astype(float))
    if of < 1 or not np.any(marks == of):
        raise NotEstimable(f"nobody has an event of cause {of}; causes found: {sorted(set(marks[marks > 0].tolist()))}")
    return t, marks


@dataclass(frozen=True)
class _Group:
    """One group at all event times.

    `survival` and `without` (one minus the incidence of the cause) are the values just before each time.
    `survival_after` is survival just after it, set to 1 where it is 0, because nobody in the group is then at risk.
    """

    risk: Floats
    this: Floats
    other: Floats
    survival: Floats
    survival_after: Floats
    without: Floats

    @property
    def density(self) -> Floats:
        """h = Y / S, patients at risk divided by survival; the incidence rises by 1 / h at an event."""
        return self.risk / np.where(self.survival > 0, self.survival, 1.0)


def _group(t: Floats, marks: Floats, of: int, at: Floats) -> _Group:
    risk = t.size - np.searchsorted(np.sort(t), at, side="left").astype(float)
    this, any_cause = (_counts(t[mark], at) for mark in (marks == of, marks > 0))
    safe = np.maximum(risk, 1.0)
    after = np.cumprod(1 - any_cause / safe)
    survival = np.concatenate(([1.0], after[:-1]))
    incidence = np.concatenate(([0.0], np.cumsum(survival * this / safe)[:-1]))
    return _Group(risk, this, any_cause - this, survival, np.where(after > 0, after, 1.0), 1 - incidence)


def _counts(times: Floats, at: Floats) -> Floats:
    ordered = np.sort(times)
    return (np.searchsorted(ordered, at, side="right") - np.searchsorted(ordered, at, side="left")).astype(float)


def gray_test(time: ArrayLike, cause: ArrayLike, group: ArrayLike, of: int = 1) -> GrayTest:
    r"""Compare the cumulative incidence of a cause between groups in the presence of competing causes.

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
        If the vectors are not a valid patient table, or there is only one group.
    NotEstimable
        If there is no event of the cause, or the variance of the scores is 0.

    Notes
    -----
    With :math:`h_k = Y_k / S_k(t-)` and :math:`R_k = h_k (1 - F_{1k}(t-))`, the score of group k (Gray 1988, section 2,
    with L = 1) is

    .. math:: z_k = \int R_k \left\{\frac{dF_{1k}}{1 - F_{1k}(t-)} - \frac{dN_1}{R_\cdot}\right\}

    A dot denotes the sum over the groups. Under the null hypothesis the incidence is :math:`F = \int dN_1 / h_\cdot`,
    and

    .. math::

        \sigma_{kk'} &= \sum_r \int a_{kr} a_{k'r} \frac{dF}{h_r} + \sum_r \int b_{2kr} b_{2k'r} \frac{dF_{2r}}{h_r}

        a_{kr} &= d_{kr} + b_{1kr}, \qquad d_{kr} = h_k \{I(k = r) - h_r / h_\cdot\}

        b_{jkr}(t) &= \left\{I(j = 1) - \frac{1 - F(t)}{S_r(t)}\right\} \int_{t+} \frac{d_{kr}}{1 - F(u-)}\, dF(u)

    The terms b account for the effect of an event on later scores: it lowers :math:`S_r` and so the weight of every
    later time. Where d events are tied, each integrand has the hypergeometric factor 1 - (d - 1) / (n - 1). For events
    of other causes n is :math:`Y_r`; for events of the cause it is :math:`h_\cdot S_r(t-)`, the total number at risk if
    every group had the survival of group r.

    References
    ----------
    .. [1] Gray, R. J. (1988). Annals of Statistics 16, 1141-1154.
    """
    t, marks = _causes(time, cause, of)
    label = np.asarray(unmasked(group, "group"))
    if label.shape != t.shape:
        raise InputError(f"group must name one of {t.size} patients each, found shape {label.shape}")
    names = np.unique(label)
    if names.size < 2:
        raise InputError(f"group has one value, {names[0]!r}: a test compares two or more groups")
    at = np.unique(t[marks > 0])
    groups = [_group(t[label == name], marks[label == name], of, at) for name in names]
    scores, covariance = _scores(groups)
    values, vectors = np.linalg.eigh(covariance)
    estimable = values > 1e-10 * max(values.max(initial=0.0), 1e-300)
    df = names.size - 1
    if estimable.sum() < df:
        raise NotEstimable("the groups' scores have no variance: no event of the cause while several are at risk")
    chi_square = float(((vectors[:, -df:].T @ scores) ** 2 / values[-df:]).sum())
    return GrayTest(chi_square, float(chdtrc(df, chi_square)), df, tuple(map(str, names)), scores)


def _scores(groups: Sequence[_Group]) -> tuple[Floats, Floats]:
    """Scores of the groups and their covariance, as in the notes of `gray_test`."""
    density = np.array([g.density for g in groups])
    whole = density.sum(axis=0)
    events = np.array([g.this for g in groups])
    weight = density * np.array([g.without for g in groups])
    total = weight.sum(axis=0)
    pooled = np.divide(events.sum(axis=0), total, out=np.zeros_like(total), where=total > 0)
    rise = np.divide(events.sum(axis=0), whole, out=np.zeros_like(whole), where=whole > 0)
    covariance = sum(_part(r, groups, density, whole, rise) for r in range(len(groups)))
    return (events - weight * pooled).sum(axis=1), np.asarray(covariance)


def _part(r: int, groups: Sequence[_Group], density: Floats, whole: Floats, rise: Floats) -> Floats:
    """Contribution of the events of group r to the covariance of the scores; `rise`: steps of the common incidence."""
    own = groups[r]
    after = 1 - np.cumsum(rise)
    before = np.concatenate(([1.0], after[:-1]))
    share = np.divide(density[r], whole, out=np.zeros_like(whole), where=whole > 0)
    d = density * (np.arange(len(groups))[:, None] == r) - density * share
    step = d * np.divide(rise, before, out=np.zeros_like(rise), where=before > 0)
    later = step.sum(axis=1, keepdims=True) - np.cumsum(step, axis=1)
    a = d + (1 - after / own.survival_after) * later
    b = -after / own.survival_after * later
    each = np.divide(1.0, density[r], out=np.zeros_like(whole), where=density[r] > 0)
    deaths = np.sum([g.this for g in groups], axis=0)
    first = rise * each * _tied(deaths, whole * own.survival)
    second = own.other * each**2 * _tied(own.other, own.risk)
    return (a * first) @ a.T + (b * second) @ b.T


def _tied(events: Floats, patients: Floats) -> Floats:
    """Hypergeometric factor (n - d) / (n - 1) of d events among n patients at one time; 1 for a single event."""
    several = (events > 1) & (patients > 1)
    return np.where(several, np.maximum(1 - (events - 1) / np.where(several, patients - 1, 1.0), 0.0), 1.0)


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

    Patients with a competing event stay at risk with a weight: the probability of remaining uncensored since that
    event. The censoring distribution is estimated from all patients together. Standard errors are robust, clustered by
    patient.

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
    x = np.asarray(unmasked(covariates, "covariates"), dtype=float)
    x = x[:, None] if x.ndim == 1 else x
    if len(x) != t.size:
        raise InputError(f"covariates must have a row for each of {t.size} patients, found {len(x)}")
    rows, who = subdistribution_rows(t, marks, of)
    return cox_counting(rows, x[who], names, patient=who, robust=True, ties=ties, level=level)


def subdistribution_rows(t: Floats, marks: Floats, of: int) -> tuple[AtRisk, NDArray[np.intp]]:
    """Rows at risk for the subdistribution hazard, and the patient to whom each row belongs.

    After a competing event a patient has one row for each interval in which the probability of remaining uncensored is
    constant, up to the last event of the cause.
    """
    free = kaplan_meier(t, (marks == 0).astype(float))
    drop = free.time[free.events > 0]
    last = float(t[marks == of].max())
    entry, end, event, weight, who = [np.zeros(t.size)], [t], [(marks == of).astype(float)], [np.ones(t.size)], []
    who.append(np.arange(t.size))
    # uncensored probability just before each time: at ties, events precede censorings
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
    """Values of a `cumulative_incidence` table at given times: time, incidence, se, lower, upper (0 before the first).

    Raises
    ------
    InputError
        If a time is negative or NaN, or the table has no rows or lacks a column.
    """
    if table.empty or not {"time", "incidence", "se", "lower", "upper"} <= set(table.columns):
        raise InputError(f"expected a table of `cumulative_incidence` with rows, found {table.shape[0]} rows of "
                         f"{', '.join(map(str, table.columns))}")  # fmt: skip
    at = np.atleast_1d(np.asarray(unmasked(times, "times"), dtype=float))
    if not np.all(np.isfinite(at)) or np.any(at < 0):
        raise InputError("times must be finite and not negative")
    place = np.searchsorted(table["time"].to_numpy(), at, side="right") - 1
    values = table[["incidence", "se", "lower", "upper"]].to_numpy()
    found = np.where(place[:, None] >= 0, values[np.maximum(place, 0)], 0.0)
    return pd.DataFrame(found, columns=["incidence", "se", "lower", "upper"]).assign(time=at)[
        ["time", "incidence", "se", "lower", "upper"]
    ]
