"""Results of a time-varying network: its models and the tables made from them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from resurvey.compare.multivariate import MultivariateNetwork
from resurvey.compare.timed_arms import FirstStage
from resurvey.compare.timed_bases import Basis
from resurvey.compare.timed_curves import Curves
from resurvey.compare.timed_trials import Trial

ASSUMES = {
    "proportional": "one hazard ratio at all times; baseline of each trial free",
    "log-time": "log hazard ratio linear in log time; baseline of each trial free",
    "piecewise": "hazards constant within each piece, in every arm",
    "fractional-polynomial": "log hazards of every arm of the same powers of time",
    "royston-parmar": "log cumulative hazards of every arm splines in log time with the same knots",
    "log-hazard-spline": "log hazards of every arm splines in log time with the same knots",
}


@dataclass(frozen=True)
class TimeFit:
    """One fitted model.

    Attributes
    ----------
    name : str
        Name of the model, as requested.
    basis : Basis
    first : FirstStage
    network : MultivariateNetwork
    curves : Curves
        In the reference population.
    """

    name: str
    basis: Basis
    first: FirstStage
    network: MultivariateNetwork
    curves: Curves

    @property
    def parameters(self) -> int:
        """Number of coefficients, of baselines and of treatments."""
        return self.first.parameters + self.network.rank

    @property
    def aic(self) -> float:
        """AIC of the consistent common-effect model: first-stage deviance plus Q plus twice the parameters."""
        return -2 * self.first.log_likelihood + self.network.q + 2 * self.parameters


@dataclass(frozen=True)
class TimeNetwork:
    """Result of `time_network`.

    Attributes
    ----------
    fits : tuple of TimeFit
    hazard_ratios : DataFrame
        model, treatment, comparator, time, log_hr, se, hr, lower, upper, extrapolated.
    survival : DataFrame
        model, treatment, time, survival, lower, upper, extrapolated: in the reference population.
    summaries : DataFrame
        model, treatment, median, rmst and its difference from the reference, with limits, up to `horizon`.
    ranks : DataFrame
        model, treatment, time, of (hazard, survival), p_score.
    fit : DataFrame
        model, family, label, likelihood (full, partial), parameters, log_likelihood, aic, lowest, q, df, p,
        tau_level, assumes, note; a model that could not be fitted has the reason in `note`. AIC can only be compared
        between models with the same likelihood.
    powers : DataFrame
        order, powers, aic of every fractional polynomial that was tried.
    means : DataFrame
        See `resurvey.compare.timed_means.mean_network`.
    coefficients : DataFrame
        model, treatment, comparator, coefficient (0 is the level), estimate, se, tau.
    reference, population : str
    horizon : float
    messages : tuple of str
    """

    fits: tuple[TimeFit, ...]
    hazard_ratios: pd.DataFrame
    survival: pd.DataFrame
    summaries: pd.DataFrame
    ranks: pd.DataFrame
    fit: pd.DataFrame
    powers: pd.DataFrame
    means: pd.DataFrame
    coefficients: pd.DataFrame
    reference: str
    population: str
    horizon: float
    messages: tuple[str, ...]


def each_model(fits: Sequence[TimeFit], make: Callable[[Curves], pd.DataFrame]) -> pd.DataFrame:
    """The tables of all models, concatenated."""
    return pd.concat([make(fit.curves).assign(model=fit.name) for fit in fits], ignore_index=True).pipe(_model_first)


def _model_first(table: pd.DataFrame) -> pd.DataFrame:
    return table[["model", *(name for name in table.columns if name != "model")]]


def marked(table: pd.DataFrame, trials: Sequence[Trial], *others: str) -> pd.DataFrame:
    """The table with values beyond the follow-up of a treatment, or of `others`, marked as extrapolated."""
    ends: dict[str, float] = {}
    for trial in trials:
        for name in trial.treatments:
            ends[name] = max(ends.get(name, 0.0), trial.longest)
    limit = table["treatment"].map(ends).clip(upper=min((ends[name] for name in others), default=np.inf))
    return table.assign(extrapolated=table["time"] > limit * (1 + 1e-9))


def fit_table(fits: Sequence[TimeFit], refused: Mapping[str, str]) -> pd.DataFrame:
    """Fit statistics side by side; see `TimeNetwork.fit`."""
    rows = []
    for fit in fits:
        kind = "partial" if fit.first.partial else "full"
        rows.append({
            "model": fit.name, "family": fit.basis.family, "label": fit.basis.label, "likelihood": kind,
            "parameters": fit.parameters, "log_likelihood": fit.first.log_likelihood - fit.network.q / 2,
            "aic": fit.aic, "q": fit.network.q, "df": fit.network.df, "p": fit.network.p,
            "tau_level": float(np.sqrt(fit.network.tau2[0])), "assumes": ASSUMES[fit.basis.family], "note": "",
        })  # fmt: skip
    table = pd.DataFrame(rows)
    table["lowest"] = table["aic"] == table.groupby("likelihood")["aic"].transform("min")
    more = pd.DataFrame([{"model": name, "note": reason} for name, reason in refused.items()])
    return pd.concat([table, more], ignore_index=True) if len(more) else table


def coefficient_table(fits: Sequence[TimeFit], reference: str) -> pd.DataFrame:
    """Coefficients of every model: model, treatment, comparator, coefficient, estimate, se, tau."""
    rows = []
    for fit in fits:
        size = fit.basis.size
        errors = np.sqrt(np.diag(fit.network.covariance)).reshape(-1, size)
        for k, name in enumerate(fit.network.treatments[1:]):
            for c in range(size):
                known = np.isfinite(fit.network.estimate[k, c])
                rows.append({
                    "model": fit.name, "treatment": name, "comparator": reference, "coefficient": c,
                    "estimate": fit.network.estimate[k, c], "se": errors[k, c] if known else np.nan,
                    "tau": float(np.sqrt(fit.network.tau2[c])),
                })  # fmt: skip
    return pd.DataFrame(rows)
