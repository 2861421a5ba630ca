"""Extrapolation of one arm beyond its follow-up: several models, their average, and comparison with external data.

Each quantity is estimated in a subset of the replicates, with a delta-method standard error, and pooled by Rubin's
rules.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
import pandas as pd
from scipy.special import ndtr

from resurvey.compare.estimates import quantile
from resurvey.compare.rubin import rubin
from resurvey.errors import InputError, NotEstimable
from resurvey.montecarlo import of_draws, replicates_wanted
from resurvey.survival.background import Background
from resurvey.survival.cox import check_level
from resurvey.survival.cure import CURE_MODELS, cured_share
from resurvey.survival.families import FAMILIES
from resurvey.survival.km import Floats
from resurvey.survival.parametric import ParametricFit, fit_model
from resurvey.survival.stack import PatientStack, patient_stack

MODELS = (*FAMILIES, "spline-hazard-1", "spline-odds-1", "spline-normal-1", "mixture-weibull", "non-mixture-weibull")
REPLICATES = 10
AVERAGE = "average"
#: Survival is kept this far from 0 and 1, where log(-log S) is infinite.
EDGE = 1e-12
POINTS = 400
HAZARDS = ["model", "time", "hazard", "lower", "upper"]


@dataclass(frozen=True)
class Extrapolation:
    """Result of `extrapolate`.

    Attributes
    ----------
    models : DataFrame
        model, cure, parameters, aic, bic (means over replicates), weight (Akaike weight in the average), replicates,
        fitted, cured, cured_lower, cured_upper, status (estimated, refused), note.
    survival : DataFrame
        model, time, survival, lower, upper, missing_information, monte_carlo, extrapolated (beyond the shortest
        follow-up).
    means : DataFrame
        model, horizon, mean, lower, upper, missing_information, monte_carlo, observed (share of the mean within the
        follow-up).
    hazards : DataFrame
        model, time, hazard, lower, upper: hazards of the models, of the `observed` events by interval (the only rows
        with limits), and of the background mortality if given.
    outside : DataFrame
        model, time, survival, external, difference, z, p, inside (the model's survival lies within the external
        limits).
    """

    models: pd.DataFrame
    survival: pd.DataFrame
    means: pd.DataFrame
    hazards: pd.DataFrame
    outside: pd.DataFrame


@dataclass(frozen=True)
class _Pooled:
    """Values pooled over replicates, each of shape (n,).

    `variance` is the total one, `missing` the fraction of missing information, `drawn` the variance over other draws of
    as many replicates, B / m.
    """

    value: Floats
    variance: Floats
    missing: Floats
    drawn: Floats
    replicates: int

    @property
    def se(self) -> Floats:
        """Standard errors; 0 where there is none."""
        return np.sqrt(np.nan_to_num(self.variance))

    def errors(self, level: float) -> Floats:
        """Monte Carlo errors as shares of the standard errors, the larger of that of the estimate and of a limit."""
        found = [
            of_draws(float(drawn), float(se), self.replicates, quantile(level))["monte_carlo"]
            for drawn, se in zip(np.sqrt(self.drawn), self.se, strict=True)
        ]
        return np.array(found)


@dataclass(frozen=True)
class _Fits:
    """Fits of a model in the replicates in which it could be fitted, and its background mortality."""

    name: str
    fits: tuple[ParametricFit, ...]
    tried: int
    reason: str
    background: Background | None

    def pooled(self, of: Callable[[ParametricFit], Floats], level: float) -> _Pooled:
        """Elementwise mean over replicates, with its variance by Rubin's rules."""
        values = np.array([of(fit) for fit in self.fits])
        variances = np.array([_variance(of, fit) for fit in self.fits])
        rows = []
        for value, variance in zip(values.T, variances.T, strict=True):
            if not np.all(np.isfinite(value)) or not np.all(np.isfinite(variance)) or not variance.mean() > 0:
                rows.append((float(np.mean(value)), np.nan, 0.0, 0.0))
                continue
            total = rubin(value, variance, level=level)
            rows.append((total.estimate, total.se**2, total.missing_information, total.between / len(self.fits)))
        value, variance, missing, drawn = np.array(rows).reshape(-1, 4).T
        return _Pooled(value, variance, missing, drawn, len(self.fits))


def _variance(of: Callable[[ParametricFit], Floats], fit: ParametricFit) -> Floats:
    """Delta-method variance, with derivatives by central differences."""
    steps = 1e-5 * np.maximum(np.abs(fit.theta), 1.0)
    columns = []
    for i, step in enumerate(steps):
        move = np.zeros(fit.theta.size)
        move[i] = step
        up, down = (of(replace(fit, theta=fit.theta + side * move)) for side in (1, -1))
        columns.append((up - down) / (2 * step))
    slopes = np.array(columns)
    made: Floats = np.einsum("pn,pq,qn->n", slopes, fit.covariance, slopes)
    return made


def extrapolate(
    patients: pd.DataFrame,
    times: Sequence[float],
    horizons: Sequence[float],
    *,
    models: Sequence[str] = MODELS,
    background: Background | None = None,
    external: pd.DataFrame | None = None,
    replicates: int = REPLICATES,
    level: float = 0.95,
) -> Extrapolation:
    """Fit models to an arm, and compare their survival at landmarks and their restricted means up to horizons.

    Parameters
    ----------
    patients : DataFrame
        time, event, and replicate if there are several reconstructions.
    times : sequence of float
        Landmarks, within the follow-up and beyond it.
    horizons : sequence of float
        Horizons of the restricted means; for lifetime means, a time at which no patient is still alive.
    models : sequence of str
        As for `fit_model`.
    background : Background, optional
        Background mortality of the general population. The models then describe the excess hazard; all results refer to
        overall survival.
    external : DataFrame, optional
        Survival from an external source: time, survival, and lower, upper (limits at `level`) or n (patients).
    replicates : int, default 10
        Number of replicates that are fitted at first, evenly spaced among all; then as many as it takes for no other
        choice of them to move an estimate or a limit by more than a tenth of its standard error, if there are so many.
    level : float, default 0.95

    Raises
    ------
    InputError
        If patients, times, horizons, models or external data are invalid.
    NotEstimable
        If no model can be fitted.

    References
    ----------
    .. [1] Latimer, N. (2011). NICE DSU Technical Support Document 14.
    .. [2] Rutherford, M. J. et al. (2020). NICE DSU Technical Support Document 21.
    .. [3] Buckland, S. T. et al. (1997). Biometrics 53, 603-618 (averaging).
    """
    check_level(level)
    at, ends = _rising("times", times), _rising("horizons", horizons)
    stack = patient_stack(patients, "patients")
    known = None if external is None else _external(external, level)
    while True:
        made = _extrapolated(stack, at, ends, models, background, known, replicates, level)
        error = np.fmax(made.survival["monte_carlo"].max(), made.means["monte_carlo"].max())
        wanted = min(replicates_wanted(float(error), replicates), stack.replicates)
        if wanted <= replicates:
            return made
        replicates = wanted


def _extrapolated(
    stack: PatientStack,
    at: Floats,
    ends: Floats,
    models: Sequence[str],
    background: Background | None,
    external: pd.DataFrame | None,
    replicates: int,
    level: float,
) -> Extrapolation:
    """The models fitted to a number of replicates."""
    made = [_fits(stack, name, background, replicates) for name in models]
    able = [one for one in made if len(one.fits) > one.tried / 2]
    if not able:
        raise NotEstimable("no model could be fitted: " + "; ".join(f"{one.name}: {one.reason}" for one in made))
    reach = float(min(stack.curves.last.min(), stack.curves.reach.min()))
    weights = _weights(able)
    curves = {one.name: one.pooled(lambda fit, one=one: _log_log(one, fit, at), level) for one in able}  # type: ignore[misc]
    areas = {one.name: one.pooled(lambda fit, one=one: _means(one, fit, ends), level) for one in able}  # type: ignore[misc]
    survival = _survival_table(curves, weights, at, level).assign(extrapolated=lambda t: t["time"] > reach * (1 + 1e-9))
    inside = {one.name: float(np.mean([_means(one, fit, np.array([reach]))[0] for fit in one.fits])) for one in able}
    return Extrapolation(
        models=_model_table(made, weights, level),
        survival=survival,
        means=_mean_table(areas, weights, ends, inside, level),
        hazards=_hazard_table(able, stack, at, background, level),
        outside=_outside(survival, external, level),
    )


def _rising(name: str, values: Sequence[float]) -> Floats:
    at = np.asarray(list(values), dtype=float)
    if not at.size or not np.all(np.isfinite(at)) or at[0] <= 0 or np.any(np.diff(at) <= 0):
        raise InputError(f"{name} must be finite times that rise from above 0, found {list(values)}")
    return at


def _fits(stack: PatientStack, name: str, background: Background | None, wanted: int) -> _Fits:
    if wanted < 1:
        raise InputError(f"replicates must be 1 or more, found {wanted}")
    wanted = min(wanted, stack.replicates)
    chosen = np.unique(np.linspace(0, stack.replicates - 1, wanted).round().astype(int))
    fits, reason = [], ""
    for index in chosen:
        real = stack.time[index] >= 0
        try:
            time, event = stack.time[index][real], stack.event[index][real]
            fits.append(fit_model(time, event, name, background=background))
        except NotEstimable as error:
            reason = reason or str(error)
    return _Fits(name, tuple(fits), int(chosen.size), reason, background)


def _survival(one: _Fits, fit: ParametricFit, at: Floats) -> Floats:
    """Overall survival: that of the model times that of the background."""
    own: Floats = fit.survival(at)
    return own if one.background is None else own * one.background.survival(at)


def _log_log(one: _Fits, fit: ParametricFit, at: Floats) -> Floats:
    inner = np.clip(_survival(one, fit, at), EDGE, 1 - EDGE)
    made: Floats = np.log(-np.log(inner))
    return made


def _means(one: _Fits, fit: ParametricFit, ends: Floats) -> Floats:
    if one.background is None:
        return np.array([fit.restricted_mean(float(end)) for end in ends])
    # quadratically spaced: a fine grid near 0, where hazards may be high
    made = []
    for end in ends:
        grid = end * np.linspace(0.0, 1.0, POINTS + 1) ** 2
        middle, width = (grid[1:] + grid[:-1]) / 2, np.diff(grid)
        edge = _survival(one, fit, grid)
        simpson = (edge[:-1] + edge[1:] + 4 * _survival(one, fit, middle)) / 6
        made.append(float((simpson * width).sum()))
    return np.array(made)


def _weights(able: Sequence[_Fits]) -> dict[str, float]:
    """Akaike weights from the mean AIC over replicates."""
    aic = np.array([np.mean([fit.aic for fit in one.fits]) for one in able])
    share = np.exp(-(aic - aic.min()) / 2)
    return dict(zip([one.name for one in able], share / share.sum(), strict=True))


def _averaged(values: Mapping[str, _Pooled], weights: Mapping[str, float]) -> _Pooled:
    """Model average, and its variance including the differences between models (Buckland et al., formula 9).

    Another draw moves the models together, as they are fitted to the same replicates.
    """
    kept = {name: one for name, one in values.items() if np.all(np.isfinite(one.value))}
    share = np.array([weights[name] for name in kept])
    share = share / share.sum()
    means = np.array([one.value for one in kept.values()])
    variances = np.nan_to_num(np.array([one.variance for one in kept.values()]))
    centre = share @ means
    error = share @ np.sqrt(variances + (means - centre) ** 2)
    missing = share @ np.array([one.missing for one in kept.values()])
    drawn = share @ np.sqrt(np.array([one.drawn for one in kept.values()]))
    return _Pooled(centre, error**2, missing, drawn**2, min(one.replicates for one in kept.values()))


def _survival_table(
    curves: Mapping[str, _Pooled], weights: Mapping[str, float], at: Floats, level: float
) -> pd.DataFrame:
    half = quantile(level)
    tables = []
    for name, one in {**curves, AVERAGE: _averaged(curves, weights)}.items():
        low, middle, high = (np.exp(-np.exp(one.value + side * half * one.se)) for side in (1, 0, -1))
        tables.append(pd.DataFrame({"model": name, "time": at, "survival": middle, "lower": low, "upper": high,
                                    "missing_information": one.missing, "monte_carlo": one.errors(level)}))  # fmt: skip
    return pd.concat(tables, ignore_index=True)


def _mean_table(
    areas: Mapping[str, _Pooled],
    weights: Mapping[str, float],
    ends: Floats,
    inside: Mapping[str, float],
    level: float,
) -> pd.DataFrame:
    half, tables = quantile(level), []
    seen = {**inside, AVERAGE: sum(weights[name] * value for name, value in inside.items())}
    for name, one in {**areas, AVERAGE: _averaged(areas, weights)}.items():
        error = half * np.sqrt(one.variance)
        tables.append(pd.DataFrame({
            "model": name, "horizon": ends, "mean": one.value, "lower": one.value - error, "upper": one.value + error,
            "missing_information": one.missing, "monte_carlo": one.errors(level),
            "observed": np.minimum(seen[name] / one.value, 1.0),
        }))  # fmt: skip
    return pd.concat(tables, ignore_index=True)


def _model_table(made: Sequence[_Fits], weights: Mapping[str, float], level: float) -> pd.DataFrame:
    rows = []
    for one in made:
        row: dict[str, object] = {"model": one.name, "cure": one.name in CURE_MODELS, "replicates": one.tried,
                                  "fitted": len(one.fits), "note": one.reason}  # fmt: skip
        if one.name not in weights:
            rows.append({**row, "status": "refused"})
            continue
        aic, bic = (float(np.mean([getattr(fit, name) for fit in one.fits])) for name in ("aic", "bic"))
        row |= {"parameters": one.fits[0].theta.size, "aic": aic, "bic": bic, "weight": weights[one.name]}
        if one.name in CURE_MODELS:
            shares = np.array([cured_share(fit.theta, fit.covariance, quantile(level)) for fit in one.fits])
            logit = one.pooled(lambda fit: fit.theta[-1:], level)
            half = quantile(level) * np.sqrt(logit.variance[0])
            low, high = (1 / (1 + np.exp(-(logit.value[0] + side * half))) for side in (-1, 1))
            row |= {"cured": float(shares[:, 0].mean()), "cured_lower": float(low), "cured_upper": float(high)}
        rows.append({**row, "status": "estimated"})
    columns = ["model", "cure", "parameters", "aic", "bic", "weight", "replicates", "fitted", "cured", "cured_lower"]
    table = pd.DataFrame(rows).reindex(columns=[*columns, "cured_upper", "status", "note"])
    return table.sort_values("aic", kind="stable", na_position="last", ignore_index=True)


def _hazard_table(
    able: Sequence[_Fits], stack: PatientStack, at: Floats, background: Background | None, level: float
) -> pd.DataFrame:
    """Hazards of the models at the times, and observed hazards between the times."""
    floor = np.zeros(at.size) if background is None else background.hazard(at)
    tables = [_observed(stack, at, level)]
    for one in able:
        own = np.mean([fit.hazard(at) for fit in one.fits], axis=0)
        tables.append(pd.DataFrame({"model": one.name, "time": at, "hazard": own + floor}))
    if background is not None:
        tables.append(pd.DataFrame({"model": "background", "time": at, "hazard": floor}))
    return pd.concat(tables, ignore_index=True).reindex(columns=HAZARDS)


def _observed(stack: PatientStack, at: Floats, level: float) -> pd.DataFrame:
    """Events divided by time at risk in each interval, as means over replicates, at the interval midpoints."""
    rows = []
    for start, end in pairwise(np.concatenate(([0.0], at))):
        inside = (stack.time > start) & (stack.time <= end) & (stack.event > 0)
        risk = float(np.clip(np.where(stack.time >= 0, stack.time, 0.0) - start, 0.0, end - start).sum(axis=1).mean())
        events = float(inside.sum(axis=1).mean())
        if not (risk > 0 and events > 0):
            continue
        rate, error = events / risk, quantile(level) / np.sqrt(events)
        limits = {"lower": rate * np.exp(-error), "upper": rate * np.exp(error)}
        rows.append({"model": "observed", "time": (start + end) / 2, "hazard": rate, **limits})
    return pd.DataFrame(rows, columns=HAZARDS)


def _outside(survival: pd.DataFrame, known: pd.DataFrame | None, level: float) -> pd.DataFrame:
    columns = ["model", "time", "survival", "external", "difference", "z", "p", "inside"]
    if known is None:
        return pd.DataFrame(columns=columns)
    half, rows = quantile(level), []
    for _, own in survival.groupby("model", sort=False):
        for line in known.itertuples():
            same = own[np.isclose(own["time"], line.time)]
            if same.empty:
                raise InputError(
                    f"external, time {line.time:g}: give it among `times`, where models have their survival"
                )
            row = same.iloc[0]
            model, error = _on_log_log(row["survival"], row["lower"], row["upper"], half)
            there, spread = _on_log_log(line.survival, line.lower, line.upper, half)
            total = np.hypot(error, spread)
            z = (model - there) / total if total > 0 else np.nan
            rows.append({
                "model": row["model"], "time": line.time, "survival": row["survival"], "external": line.survival,
                "difference": row["survival"] - line.survival, "z": -z, "p": float(2 * ndtr(-abs(z))),
                "inside": bool(line.lower <= row["survival"] <= line.upper),
            })  # fmt: skip
    return pd.DataFrame(rows, columns=columns)


def _on_log_log(value: float, lower: float, upper: float, half: float) -> tuple[float, float]:
    inner = np.clip([value, lower, upper], EDGE, 1 - EDGE)
    centre, low, high = np.log(-np.log(inner))
    return float(centre), float(low - high) / (2 * half)


def _external(external: pd.DataFrame, level: float) -> pd.DataFrame:
    """External survival with its limits: as given, or Wilson limits from the number of patients.

    References
    ----------
    .. [1] Wilson, E. B. (1927). JASA 22, 209-212.
    """
    if not {"time", "survival"} <= set(external) or not ({"lower", "upper"} <= set(external) or "n" in external):
        raise InputError(f"external needs time, survival, and lower and upper or n; found {list(external)}")
    table = external.astype(float).reset_index(drop=True)
    if not {"lower", "upper"} <= set(table):
        z, s, n = quantile(level), table["survival"], table["n"]
        middle, spread = (s + z**2 / (2 * n)) / (1 + z**2 / n), z * np.sqrt(s * (1 - s) / n + z**2 / (4 * n**2))
        table = table.assign(lower=middle - spread / (1 + z**2 / n), upper=middle + spread / (1 + z**2 / n))
    good = (table["lower"] <= table["survival"]) & (table["survival"] <= table["upper"])
    good &= (table["lower"] >= 0) & (table["upper"] <= 1) & (table["time"] > 0)
    if not good.all():
        row = int(np.flatnonzero(~good)[0])
        raise InputError(f"external, row {row}: needs 0 <= lower <= survival <= upper <= 1 at a time above 0")
    return table
