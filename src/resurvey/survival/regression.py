"""Cox regression on several covariates."""

from __future__ import annotations

import warnings
from collections.abc import Sequence

import numpy as np
import pandas as pd

from resurvey.errors import InputError, NotEstimable
from resurvey.survival.cox import check_level
from resurvey.survival.km import check_patients


def cox_regression(
    patients: pd.DataFrame, covariates: Sequence[str], *, strata: Sequence[str] = (), level: float = 0.95
) -> pd.DataFrame:
    """Hazard ratios of several covariates by Cox regression with Efron's method for ties (uses lifelines).

    Parameters
    ----------
    patients : DataFrame
        Columns time, event (1, 0), the covariates (numeric; code a category as 0 and 1), and the strata.
    covariates : sequence of str
        Columns of the linear predictor.
    strata : sequence of str
        Columns whose combinations each have their own baseline hazard.
    level : float, default 0.95
        Two-sided level.

    Returns
    -------
    DataFrame
        Columns covariate, log_hr, se, hr, lower, upper, p; hr is per unit of the covariate.

    Raises
    ------
    InputError
        If a column is missing or holds values that are not finite numbers, or no covariate is named.
    NotEstimable
        If the fit does not converge (collinear covariates, or a covariate that separates the events).
    """
    from lifelines import CoxPHFitter
    from lifelines.exceptions import ConvergenceError, ConvergenceWarning

    check_level(level)
    _check(patients, covariates, strata)
    table = patients[["time", "event", *covariates, *strata]].reset_index(drop=True)
    try:
        with warnings.catch_warnings():
            # lifelines only warns of separation and non-convergence, but its estimates are then meaningless
            warnings.simplefilter("error", category=ConvergenceWarning)
            model = CoxPHFitter(alpha=1 - level)
            fit = model.fit(table, "time", "event", strata=list(strata) or None, fit_options={"precision": 1e-12})
    except (ConvergenceError, ConvergenceWarning, np.linalg.LinAlgError) as reason:
        raise NotEstimable(
            f"the Cox regression on {', '.join(covariates)} has no maximum ({str(reason).splitlines()[0]}): leave out "
            "collinear covariates and those that separate patients with events from those without"
        ) from None
    summary = fit.summary
    columns = {"coef": "log_hr", "se(coef)": "se", "exp(coef)": "hr"}
    out = summary[list(columns)].rename(columns=columns).reset_index()
    limits = np.exp(fit.confidence_intervals_.to_numpy())
    return out.assign(lower=limits[:, 0], upper=limits[:, 1], p=summary["p"].to_numpy())


def _check(patients: pd.DataFrame, covariates: Sequence[str], strata: Sequence[str]) -> None:
    """Raise an error if a column is missing or not numeric."""
    if not covariates:
        raise InputError("covariates is empty: name at least one column")
    missing = [name for name in ("time", "event", *covariates, *strata) if name not in patients.columns]
    if missing:
        raise InputError(f"patients lacks the columns {missing}: found {list(patients.columns)}")
    check_patients(patients["time"], patients["event"])
    for name in covariates:
        values = pd.to_numeric(patients[name], errors="coerce").to_numpy(dtype=float)
        if not np.all(np.isfinite(values)):
            row = int(np.flatnonzero(~np.isfinite(values))[0])
            raise InputError(
                f"covariate {name}, row {row}: expected a finite number, found {patients[name].iloc[row]!r}"
            )
        if np.ptp(values) == 0:
            raise InputError(f"covariate {name} is {values[0]:g} for every patient: it cannot have a hazard ratio")
    for name in strata:
        if patients[name].isna().any():
            raise InputError(f"stratum {name} has {int(patients[name].isna().sum())} missing labels")
