"""Survival of an arm standardised to another population: by strata, or by a Cox model of its covariates."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import sqrt

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from resurvey.compare.adjust import Weights, effective_sample_size
from resurvey.compare.estimates import check_level, quantile
from resurvey.compare.outcome_models import covariates, cox_fit, survival_columns
from resurvey.errors import InputError, NotEstimable
from resurvey.survival import kaplan_meier
from resurvey.survival.km import crossing
from resurvey.tables import counted

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class StandardisedSurvival:
    """Survival curve of one arm as expected in a target population.

    Attributes
    ----------
    curve : DataFrame
        time, survival, se, lower, upper (log-log limits) at the event times, from 0 to `horizon`.
    horizon : float
        Last time up to which every stratum of the target is followed.
    median : float
        Time at which survival reaches one half (the midpoint of the interval on which it is exactly one half);
        infinite where survival stays above one half.
    messages : tuple of str
    """

    curve: pd.DataFrame
    horizon: float
    median: float
    messages: tuple[str, ...] = field(default=())

    def at(self, time: float) -> float:
        """Survival at a time up to `horizon`.

        Raises
        ------
        NotEstimable
            If the time is beyond the follow-up of any stratum.
        """
        if not 0 <= time <= self.horizon:
            raise NotEstimable(f"time {time:g} is beyond {self.horizon:g}, to which all strata are followed")
        place = int(np.searchsorted(self.curve["time"], time, side="right")) - 1
        return float(self.curve["survival"].iloc[place])

    def restricted_mean(self, tau: float) -> float:
        """Mean survival time up to `tau`, which may not exceed `horizon`."""
        self.at(tau)
        time, survival = self.curve["time"].to_numpy(), self.curve["survival"].to_numpy()
        edges = np.append(time[time < tau], tau)
        return float(np.sum(np.diff(edges) * survival[: edges.size - 1]))


def poststratify(strata: pd.Series, proportions: Mapping[str, float]) -> Weights:
    """Weights (mean 1) that give the strata the proportions of a target population.

    This is the exact solution of `maic` with the stratum indicators as covariates.

    Parameters
    ----------
    strata : Series, shape (n,)
        Stratum of each patient.
    proportions : mapping
        Share of each stratum in the target population; the shares must sum to 1.

    Raises
    ------
    InputError
        If shares are not between 0 and 1 or do not sum to 1, or a patient's stratum is missing.
    NotEstimable
        If a stratum with a share above 0 has no patients.
    """
    share = _check_proportions(proportions)
    values = pd.Series(strata).reset_index(drop=True)
    if values.isna().any():
        raise InputError(f"strata: {int(values.isna().sum())} patients have no stratum; leave them out, and say so")
    counts = counted(values)
    lacking = [str(k) for k, v in share.items() if v > 0 and counts.get(k, 0) == 0]
    if lacking:
        raise NotEstimable(f"no patients in stratum {', '.join(lacking)}, which the target population has")
    n = len(values)
    weights = values.map(lambda s: share.get(s, 0.0) * n / counts[s]).to_numpy(dtype=float)
    outside = [str(k) for k in counts.index if share.get(k, 0.0) == 0]
    note = (f"patients of stratum {', '.join(outside)} get weight 0: the target has none",) if outside else ()
    rows = []
    for stratum in dict.fromkeys([*share, *counts.index]):
        before, target = counts.get(stratum, 0) / n, share.get(stratum, 0.0)
        after = float(weights[(values == stratum).to_numpy()].sum() / n)
        spread = sqrt(before * (1 - before)) or 1.0
        rows.append({
            "moment": str(stratum), "before": before, "after": after, "target": target, "difference": after - target,
            "smd_before": (before - target) / spread, "smd_after": (after - target) / spread,
        })  # fmt: skip
    ess = effective_sample_size(weights)
    return Weights(weights, ess, pd.DataFrame(rows), pd.Series(dtype=float), weights, "poststratification", note)


def standardised_survival(
    patients: pd.DataFrame, proportions: Mapping[str, float], *, stratum: str = "stratum", level: float = 0.95
) -> StandardisedSurvival:
    r"""Directly standardised survival: :math:`S(t) = \sum_s p_s S_s(t)` with the target's shares p.

    Parameters
    ----------
    patients : DataFrame
        time, event, and the stratum column.
    proportions : mapping
        Share of each stratum in the target population (taken as known).
    stratum : str
        Name of the stratum column.
    level : float

    Returns
    -------
    StandardisedSurvival
        With Greenwood variances within strata, and limits on the log-log scale.

    Raises
    ------
    InputError, NotEstimable
        See `poststratify` and `resurvey.survival.kaplan_meier`.

    References
    ----------
    .. [1] Kaplan, E. L. and Meier, P. (1958). Journal of the American Statistical Association 53, 457-481.
    .. [2] Ghali, W. A. et al. (2001). JAMA 286, 1494-1497 (adjusted curves, corrected group prognosis).
    """
    lacking = [c for c in ("time", "event", stratum) if c not in patients]
    if lacking:
        raise InputError(f"patients lacks the column {', '.join(lacking)}")
    share = {k: v for k, v in _check_proportions(proportions).items() if v > 0}
    poststratify(patients[stratum], proportions)
    curves = {}
    for name in share:
        rows = patients[patients[stratum] == name]
        curves[name] = kaplan_meier(rows["time"], rows["event"])
    ends = {k: c.time[-1] if c.survival[-1] > 0 else np.inf for k, c in curves.items()}
    horizon = min(ends.values())
    if not np.isfinite(horizon):
        horizon = max(float(c.time[-1]) for c in curves.values())
    times = np.unique(np.concatenate([[0.0], *[c.time[c.events > 0] for c in curves.values()]]))
    times = times[times <= horizon]
    survival, variance = np.zeros(times.size), np.zeros(times.size)
    for name, c in curves.items():
        own = c.at(times)
        place = np.searchsorted(c.time, times, side="right")
        green = np.concatenate(([0.0], np.where(np.isfinite(c.greenwood), c.greenwood, 0.0)))[place]
        survival += share[name] * own
        variance += share[name] ** 2 * own**2 * green
    median = crossing(times, survival, end=float(horizon))
    shortest = min(ends, key=lambda k: ends[k])
    longest = max(float(c.time[-1]) for c in curves.values())
    note = f"stratum {shortest} is followed only to {horizon:g}: the curve ends there" if horizon < longest else ""
    table = _log_log_limits(times, survival, np.sqrt(variance), check_level(level))
    return StandardisedSurvival(table, float(horizon), median, (note,) if note else ())


def _log_log_limits(times: Floats, survival: Floats, se: Floats, level: float) -> pd.DataFrame:
    inside = (survival > 0) & (survival < 1) & (se > 0)
    lower, upper = survival.copy(), survival.copy()
    s = survival[inside]
    half = quantile(level) * se[inside] / (s * np.abs(np.log(s)))
    lower[inside], upper[inside] = s ** np.exp(half), s ** np.exp(-half)
    return pd.DataFrame({"time": times, "survival": survival, "se": se, "lower": lower, "upper": upper})


def _check_proportions(proportions: Mapping[str, float]) -> dict[str, float]:
    share = {k: float(v) for k, v in proportions.items()}
    bad = [k for k, v in share.items() if not 0 <= v <= 1]
    if bad:
        raise InputError(f"proportions: {bad[0]!r} must be a share from 0 to 1, found {share[bad[0]]}")
    if not share or abs(sum(share.values()) - 1) > 1e-6:
        raise InputError(f"proportions must sum to 1, found {sum(share.values()):.6g} (divide percentages by 100)")
    return share


def cox_standardised_survival(patients: pd.DataFrame, population: pd.DataFrame, times: object) -> pd.DataFrame:
    """Survival of one arm in a target population: mean of the Cox model curves of its members (g-computation).

    Both coefficients and baseline hazard use Efron's method for ties.

    Parameters
    ----------
    patients : DataFrame
        time, event and the covariates of `population`.
    population : DataFrame, shape (m, p)
        Covariates of the target population.
    times : array_like
        Times at which survival is estimated, none beyond the longest follow-up of the patients.

    Returns
    -------
    DataFrame
        time, survival. For limits, bootstrap the patients.

    Raises
    ------
    NotEstimable
        If a time is beyond the longest follow-up, or the Cox model is singular.
    """
    names = list(population.columns)
    grid = np.atleast_1d(np.asarray(times, dtype=float))
    x, target = covariates(patients, names, "patients"), covariates(population, names, "population")
    t, e = survival_columns(patients, "patients")
    if grid.size == 0 or np.any(grid < 0) or np.any(grid > t.max()):
        raise NotEstimable(f"times must lie between 0 and the longest follow-up, {t.max():g}")
    if np.linalg.matrix_rank(x - x.mean(axis=0)) < x.shape[1]:
        raise NotEstimable(f"the Cox model with {', '.join(names)} is singular: drop a constant or implied covariate")
    frame = pd.DataFrame(x, columns=names).assign(time=t, event=e)
    centre = x.mean(axis=0)  # covariates far from 0 would make exp overflow; the curve does not depend on the centre
    beta = cox_fit(frame, names).params_[names].to_numpy()
    steps, cumulative = efron_baseline(t, e, (x - centre) @ beta)
    hazard = np.concatenate(([0.0], cumulative))[np.searchsorted(steps, grid, side="right")]
    relative = np.exp((target - centre) @ beta)
    return pd.DataFrame({"time": grid, "survival": np.exp(-hazard[:, None] * relative).mean(axis=1)})


def efron_baseline(time: Floats, event: Floats, log_relative: Floats) -> tuple[Floats, Floats]:
    r"""Baseline cumulative hazard at the distinct event times, consistent with Efron's coefficients.

    At a time with d deaths it increases by :math:`\sum_{l=0}^{d-1} 1 / (R - (l / d) D)`, where R and D are the sums
    of the relative hazards of the patients at risk and of those who die; Breslow's :math:`d / R` goes with Breslow's
    coefficients.

    Parameters
    ----------
    time, event, log_relative : (n,) ndarray
        Time, event indicator (1 event) and linear predictor of each patient.

    References
    ----------
    .. [1] Efron, B. (1977). Journal of the American Statistical Association 72, 557-565.
    .. [2] Therneau, T. M. and Grambsch, P. M. (2000). Modeling Survival Data. Springer. Section 10.2.
    """
    relative = np.exp(log_relative)
    at = np.unique(time[event > 0])
    jumps = np.zeros(at.size)
    for place, when in enumerate(at):
        dying = relative[(time == when) & (event > 0)]
        fractions = np.arange(dying.size) / dying.size
        jumps[place] = np.sum(1 / (relative[time >= when].sum() - fractions * dying.sum()))
    return at, np.cumsum(jumps)
