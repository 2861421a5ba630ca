"""Networks of restricted mean survival times: differences and ratios at horizons common to the trials."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import ndtr

from resurvey.compare.estimates import quantile, tail
from resurvey.compare.multivariate import MultivariateNetwork, TrialEffects, multivariate_network
from resurvey.compare.timed_trials import Trial, against_first, drawn_vector, rubin_vector
from resurvey.errors import InputError, NotEstimable
from resurvey.montecarlo import of_draws

Floats = NDArray[np.float64]
Scale = Literal["difference", "ratio"]
COLUMNS = ["horizon", "scale", "model", "treatment", "comparator", "estimate", "se", "lower", "upper", "p", "tau2"]
COLUMNS += ["q", "df", "p_q", "p_score", "trials", "left_out", "note", "missing_information", "monte_carlo"]


def mean_effects(trial: Trial, horizon: float, scale: Scale) -> TrialEffects:
    """Contrasts of restricted means between a trial's arms up to a horizon, pooled over its replicates.

    Raises
    ------
    InputError
        If the horizon is not above 0, or is beyond the follow-up of an arm.
    """
    if not 0 < horizon <= trial.reach:
        raise InputError(f"trial {trial.name!r}: horizon {horizon:g} is not above 0 and up to {trial.reach:g}")
    parts = [arm.curves.restricted_mean(horizon) for arm in trial.arms]
    mean, variance = (np.stack([part[i] for part in parts], axis=1) for i in (0, 1))
    if scale == "ratio":
        mean, variance = np.log(mean), variance / mean**2
    centre, covariance = rubin_vector(mean, variance[:, :, None] * np.eye(len(parts)))
    return against_first(
        trial.name, trial.treatments, centre[:, None], covariance, drawn_vector(mean), trial.replicates
    )


def common_horizons(trials: Sequence[Trial]) -> tuple[float, ...]:
    """Half of the longest horizon that all trials reach, and that horizon."""
    greatest = min(min(trial.reach, trial.longest) for trial in trials)
    return (greatest / 2, greatest)


def mean_network(
    trials: Sequence[Trial], reference: str, horizons: Sequence[float], *, level: float = 0.95
) -> pd.DataFrame:
    """Compare the restricted means of all treatments with a reference, common and random effects, at each horizon.

    A trial that does not reach a horizon is left out at that horizon and named.

    Returns
    -------
    DataFrame
        horizon, scale (difference, or log ratio as `ratio`), model (common, random), treatment, comparator, estimate,
        se, lower, upper, p, tau2, q, df, p_q, p_score, trials, left_out, note, missing_information, monte_carlo; a
        horizon without a network has one row with the reason.

    Raises
    ------
    InputError
        If a horizon is not above 0.

    References
    ----------
    .. [1] Weir, I. R. et al. (2021). BMC Medical Research Methodology 21, 208 (multivariate restricted means).
    """
    rows: list[dict[str, object]] = []
    for horizon in horizons:
        if not (np.isfinite(horizon) and horizon > 0):
            raise InputError(f"horizon must be a time above 0, found {horizon!r}")
        near = horizon * (1 - 1e-12)
        used = [trial for trial in trials if trial.reach >= near]
        out = ", ".join(trial.name for trial in trials if trial.reach < near)
        said = {"trials": len(used), "left_out": out, "note": ""}
        for scale in ("difference", "ratio"):
            try:
                rows += _rows(used, reference, near, scale, level, {"horizon": horizon, "scale": scale, **said})
            except (InputError, NotEstimable) as reason:
                rows.append({"horizon": horizon, "scale": scale, **said, "note": str(reason)})
    return pd.DataFrame(rows, columns=COLUMNS)


def _rows(
    trials: Sequence[Trial], reference: str, horizon: float, scale: Scale, level: float, said: dict[str, object]
) -> list[dict[str, object]]:
    effects = [mean_effects(trial, horizon, scale) for trial in trials]
    rows: list[dict[str, object]] = []
    for model, between in (("common", "none"), ("random", "level")):
        made = multivariate_network(effects, reference, between=between)  # type: ignore[arg-type]
        scores = _scores(made)
        for k, name in enumerate(made.treatments[1:], start=1):
            estimate, se = float(made.estimate[k - 1, 0]), float(np.sqrt(made.covariance[k - 1, k - 1]))
            half = quantile(level, made.degrees) * se
            drawn = float(np.sqrt(made.drawn[k - 1, k - 1]))
            rows.append({
                **of_draws(drawn, se, made.replicates, quantile(level, made.degrees)),
                **said, "model": model, "treatment": name, "comparator": reference, "estimate": estimate, "se": se,
                "lower": estimate - half, "upper": estimate + half, "p": tail(-abs(estimate) / se, made.degrees) * 2,
                "tau2": float(made.tau2[0]), "q": made.q, "df": made.df, "p_q": made.p, "p_score": float(scores[k]),
            })  # fmt: skip
    return rows


def _scores(made: MultivariateNetwork) -> Floats:
    """P-scores: mean certainty that a treatment has the longer restricted mean."""
    value, covariance = made.padded
    flat, diagonal = value[:, 0], np.diag(covariance)
    error = np.sqrt(np.maximum(diagonal[:, None] + diagonal[None, :] - 2 * covariance, 0.0)) + np.eye(flat.size)
    better = ndtr((flat[:, None] - flat[None, :]) / error)
    np.fill_diagonal(better, 0.0)
    scores: Floats = better.sum(axis=1) / (flat.size - 1)
    return scores
