"""Curves of an ensemble: survival with its total uncertainty, and restricted means over horizons."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from resurvey.compare.pairwise import match_replicates
from resurvey.compare.rubin import rubin, rubin_survival
from resurvey.errors import InputError, NotEstimable
from resurvey.survival.rmst import common_horizon
from resurvey.survival.stack import patient_stack


def ensemble_survival(patients: pd.DataFrame, times: ArrayLike, *, level: float = 0.95) -> pd.DataFrame:
    """Survival of one arm over its replicates, with sampling and rebuilding uncertainty together.

    Each replicate has its log-log interval; they are pooled by Rubin's rules on that scale.

    Parameters
    ----------
    patients : DataFrame, columns time, event, and replicate where there are several
    times : array_like
        Times not beyond the follow-up of any replicate.
    level : float, default 0.95
        Two-sided level.

    Returns
    -------
    DataFrame
        Columns time, survival, lower, upper (total), within_lower, within_upper (mean limits of the replicates,
        as if the patients had been seen).

    Raises
    ------
    InputError
        If the table holds no patients, or a time is beyond the follow-up.
    """
    curves = patient_stack(patients, "patients").curves
    reach = float(curves.reach.min())
    rows = []
    for time in np.atleast_1d(np.asarray(times, dtype=float)):
        if not 0 <= time <= reach:
            raise InputError(f"time {time:g} is not within 0 and {reach:g}, where the shortest replicate ends")
        values = curves.landmark(float(time), level=level)
        mean, low, high = (float(part.mean()) for part in values)
        try:
            pooled = rubin_survival(*values, level=level)
            limits = {"lower": pooled.lower, "upper": pooled.upper}
        except NotEstimable:  # no event yet in any replicate: the survival is 1 and has no variance
            limits = {"lower": low, "upper": high}
        within = {"within_lower": low, "within_upper": high}
        rows.append({"time": float(time), "survival": mean, **limits, **within})
    return pd.DataFrame(rows)


def restricted_means_over_ensemble(
    a: pd.DataFrame, b: pd.DataFrame, horizons: Iterable[float] | None = None, *, level: float = 0.95
) -> pd.DataFrame:
    """Difference of restricted means, first arm minus second, over a range of horizons and all replicates.

    Parameters
    ----------
    a, b : DataFrame, columns time, event, and replicate where there are several
        Patients of the first and the second arm, as for `pairwise`.
    horizons : iterable of float, optional
        Horizons; by default 20 equal steps up to the greatest that all replicates determine.
    level : float, default 0.95
        Two-sided level.

    Returns
    -------
    DataFrame
        Columns horizon, first, second, difference, lower, upper, p, missing_information; horizons before the first
        event are left out.

    Raises
    ------
    InputError
        As `pairwise`, and if a horizon is not above 0 or beyond the follow-up.
    NotEstimable
        If no horizon lies after an event.
    """
    first, second, _ = match_replicates(
        patient_stack(a, "first arm"), patient_stack(b, "second arm"), ("first arm", "second arm")
    )
    greatest = common_horizon(first.curves, second.curves)
    chosen = np.linspace(0, greatest, 21)[1:] if horizons is None else np.asarray(list(horizons), dtype=float)
    rows = []
    for tau in chosen:
        if not 0 < tau <= greatest:
            raise InputError(
                f"horizon {tau:g} is not above 0 and up to {greatest:g}, where the shortest replicate ends"
            )
        (m1, v1), (m2, v2) = (arm.curves.restricted_mean(float(tau)) for arm in (first, second))
        if not np.all(v1 + v2 > 0):
            continue
        pooled = rubin(m1 - m2, v1 + v2, level=level)
        row = {"horizon": float(tau), "first": float(m1.mean()), "second": float(m2.mean())}
        row |= {"difference": pooled.estimate, "lower": pooled.lower, "upper": pooled.upper, "p": pooled.p}
        rows.append(row | {"missing_information": pooled.missing_information})
    if not rows:
        raise NotEstimable("no horizon lies after an event of every replicate: choose later horizons")
    return pd.DataFrame(rows)
