"""Checks of proportional hazards: score test, log cumulative hazards, and piecewise hazard ratios."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import exp
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy.special import chdtrc, ndtr

from resurvey.errors import InputError, NotEstimable
from resurvey.steady import critical_value
from resurvey.survival.cox import Ties, check_level, efron_counts, stack_cox
from resurvey.survival.km import Floats, check_patients, kaplan_meier
from resurvey.survival.risksets import RiskSets, check_first, risk_sets

TimeScale = Literal["km", "rank", "identity", "log"]


@dataclass(frozen=True)
class ProportionalityTest:
    """Score test of a hazard ratio that is constant over time.

    Attributes
    ----------
    chi_square, p : float
        Score statistic on one degree of freedom, and its p.
    slope : float
        One-step estimate of the change in the log hazard ratio per unit of g(t); positive: the hazard ratio of the
        first arm versus the second increases.
    scale : str
        The time scale g.
    """

    chi_square: float
    p: float
    slope: float
    scale: str


def proportionality(
    time: ArrayLike,
    event: ArrayLike,
    first: ArrayLike,
    *,
    scale: TimeScale = "km",
    strata: ArrayLike | None = None,
    ties: Ties = "efron",
) -> ProportionalityTest:
    """Test proportional hazards by adding x g(t) to the Cox model (score test).

    Parameters
    ----------
    time, event, first : (n,) array_like
        Follow-up times, event indicators (1, 0) and indicators of the first arm (1, 0).
    scale : {'km', 'rank', 'identity', 'log'}
        g(t): 1 - S(t-) of all patients, the rank of the time among all times, the time, or its logarithm.
    strata, ties
        As for `cox`.

    Raises
    ------
    InputError
        If the vectors are not a table of two arms, the scale is unknown, or the scale is 'log' and a death is at time
        0.
    NotEstimable
        If the hazard ratio is not finite or all deaths have the same g(t).

    References
    ----------
    .. [1] Grambsch, P. M. and Therneau, T. M. (1994). Biometrika 81, 515-526.
    """
    sets = risk_sets(time, event, first, strata)
    g = _time_scale(sets, scale, time, event)
    log_hr, se = stack_cox(sets, ties)
    if not np.isfinite(se[0]):
        raise NotEstimable("the hazard ratio is not finite: an arm has no event while both are at risk")
    score, information = (float(part[0]) for part in stack_proportionality(sets, g, log_hr, ties))
    if not information > 0:
        raise NotEstimable("all events share one time (on this scale), so no change in time can be seen")
    chi_square = score**2 / information
    return ProportionalityTest(chi_square, float(chdtrc(1, chi_square)), score / information, scale)


def stack_proportionality(sets: RiskSets, g: Floats, log_hr: Floats, ties: Ties = "efron") -> tuple[Floats, Floats]:
    """Score for x g(t) and its information given the log hazard ratio, each of shape (replicates,)."""
    m1, m2 = efron_counts(sets, ties)
    with np.errstate(invalid="ignore", over="ignore"):
        hazard = m1 * np.exp(log_hr)[:, None]
        share = np.where(sets.death, hazard / np.where(hazard + m2 > 0, hazard + m2, 1.0), 0.0)
        variance = share * (1 - share)
        total = variance.sum(axis=1, keepdims=True)
        centred = g - np.divide(
            (variance * g).sum(axis=1, keepdims=True), total, where=total > 0, out=np.zeros_like(total)
        )
        residual = np.where(sets.death, sets.first - share, 0.0)
        score: Floats = (residual * centred).sum(axis=1)
        information: Floats = (variance * centred**2).sum(axis=1)
        return score, information


def _time_scale(sets: RiskSets, scale: TimeScale, time: ArrayLike, event: ArrayLike) -> Floats:
    """g(t) at each death."""
    if scale == "identity":
        return sets.time
    if scale == "log":
        if np.any(sets.time[sets.death] <= 0):
            raise InputError("scale 'log' needs events after time 0, found one at 0: use 'km', 'rank' or 'identity'")
        return np.where(sets.death, np.log(np.where(sets.death, sets.time, 1.0)), 0.0)
    if scale == "rank":
        t = np.sort(check_patients(time, event)[0])  # all times, also censored; ties share their mean rank
        before, upto = np.searchsorted(t, sets.time, side="left"), np.searchsorted(t, sets.time, side="right")
        return (before + upto + 1.0) / 2
    if scale == "km":
        curve = kaplan_meier(time, event)
        place = np.searchsorted(curve.time, sets.time, side="left")  # just before the death
        return 1 - np.concatenate(([1.0], curve.survival))[place]
    raise InputError(f"scale must be km, rank, identity or log, found {scale!r}")


def log_cumulative_hazards(time: ArrayLike, event: ArrayLike, first: ArrayLike, *, level: float = 0.95) -> pd.DataFrame:
    """Data for the log cumulative hazard plot, in which parallel curves support proportional hazards.

    Parameters
    ----------
    time, event, first : (n,) array_like
        Follow-up times, event indicators (1, 0) and indicators of the first arm (1, 0).
    level : float, default 0.95
        Two-sided level of the pointwise confidence limits.

    Returns
    -------
    DataFrame
        Columns arm ('first', 'second'), time, log_time, log_cumulative_hazard (log(-log S)), lower, upper; one row per
        event time with 0 < S < 1 and time above 0.

    Raises
    ------
    InputError
        If the vectors are not a table of two arms.
    NotEstimable
        If neither arm has such an event time.
    """
    check_level(level)
    t, e = check_patients(time, event)
    x = check_first(first, t.size)
    tables = [_one_log_hazard(name, t[m], e[m], level) for name, m in (("first", x), ("second", ~x))]
    filled = [table for table in tables if len(table)]
    if not filled:
        raise NotEstimable("neither arm has an event after time 0 with survival between 0 and 1")
    return pd.concat(filled, ignore_index=True)


def _one_log_hazard(name: str, time: Floats, event: Floats, level: float) -> pd.DataFrame:
    curve = kaplan_meier(time, event)
    keep = (curve.events > 0) & (curve.survival > 0) & (curve.time > 0)
    t, survival = curve.time[keep], curve.survival[keep]
    value = np.log(-np.log(survival))
    half = critical_value(level) * np.sqrt(curve.greenwood[keep]) / -np.log(survival)
    columns = {"time": t, "log_time": np.log(t), "log_cumulative_hazard": value}
    return pd.DataFrame({"arm": name, **columns, "lower": value - half, "upper": value + half})


def piecewise_ratios(
    time: ArrayLike,
    event: ArrayLike,
    first: ArrayLike,
    cuts: Sequence[float],
    *,
    ties: Ties = "efron",
    level: float = 0.95,
) -> pd.DataFrame:
    """Hazard ratio of the first arm versus the second in each time interval.

    Parameters
    ----------
    time, event, first : (n,) array_like
        Follow-up times, event indicators (1, 0) and indicators of the first arm (1, 0).
    cuts : sequence of float
        Boundaries between the intervals, increasing and above 0; a death at a cut belongs to the interval that ends
        there.
    ties, level
        As for `cox`.

    Returns
    -------
    DataFrame
        Columns start, end (infinite in the last), events_first, events_second, log_hr, se, hr, lower, upper, p, note;
        an interval without a finite hazard ratio has missing values and a note.

    Raises
    ------
    InputError
        If the vectors are not a table of two arms, or the cuts are not increasing and above 0.
    """
    check_level(level)
    limits = check_cuts(cuts)
    sets = risk_sets(time, event, first)
    z = critical_value(level)
    rows = []
    for start, end in pairwise(limits):
        piece = piece_of(sets, start, end)
        events = int((piece.death & piece.first).sum()), int((piece.death & ~piece.first).sum())
        row = {"start": max(start, 0.0), "end": end, "events_first": events[0], "events_second": events[1], "note": ""}
        log_hr, se = (float(part[0]) for part in stack_cox(piece, ties))
        if np.isfinite(se):
            row |= {"log_hr": log_hr, "se": se, "hr": exp(log_hr), "p": float(2 * ndtr(-abs(log_hr) / se))}
            row |= {"lower": exp(log_hr - z * se), "upper": exp(log_hr + z * se)}
        else:
            row["note"] = "no finite ratio: an arm has no event here while both are at risk"
        rows.append(row)
    columns = ["start", "end", "events_first", "events_second", "log_hr", "se", "hr", "lower", "upper", "p", "note"]
    return pd.DataFrame(rows, columns=columns)


def check_cuts(cuts: Sequence[float]) -> list[float]:
    """Check that the cuts increase and return all interval limits; the first is below 0, to include deaths at 0.

    Raises
    ------
    InputError
        If they are not finite, increasing times above 0.
    """
    inner = [float(cut) for cut in cuts]
    if not inner or not all(np.isfinite(inner)) or inner[0] <= 0 or any(np.diff(inner) <= 0):
        raise InputError(f"cuts must be finite times that rise from above 0, found {inner}")
    return [-1.0, *inner, float("inf")]


def piece_of(sets: RiskSets, start: float, end: float) -> RiskSets:
    """The risk sets of deaths after `start` and up to and including `end`."""
    inside = (sets.time > start) & (sets.time <= end)
    changed = {"death": sets.death & inside, "head": sets.head & inside}
    return RiskSets(**({name: getattr(sets, name) for name in RiskSets.__dataclass_fields__} | changed))
