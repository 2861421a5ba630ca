"""Parametric fits to each group in some of its replicates: the best-fitting distribution and the mean it implies."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np
import pandas as pd

from resurvey.compare.groups import Pair
from resurvey.compare.outcome import What
from resurvey.errors import ResurveyError
from resurvey.results import Contrast, Model, Quantity, RestsOn, Role
from resurvey.survival.families import FAMILIES
from resurvey.survival.parametric import fit_model
from resurvey.survival.stack import PatientStack

# Splines cost ten times as much as the standard families, so they are fitted to fewer replicates.
SPLINES = ("spline-hazard-1", "spline-odds-1", "spline-normal-1")
REPLICATES = 10
SPLINE_REPLICATES = 3
SIDES = {"first": Contrast.TREATMENT, "second": Contrast.COMPARATOR}
NUMBERS = ("aic", "bic", "median", "mean")
# Significant digits of the median and mean that agree on every processor. The likelihood of this family is flat near
# its maximum, and SciPy's incomplete gamma function, which it uses, differs between processors in its last bits.
STABLE_DIGITS = {"generalised-gamma": 3}
COLUMNS = ["group", "model", "replicates", "fitted", "parameters"]
COLUMNS += [f"{name}{end}" for name in NUMBERS for end in ("", "_low", "_high")] + ["lowest_aic", "status", "note"]


def model_table(pair: Pair) -> pd.DataFrame:
    """Fit the standard families and one-knot splines to both groups.

    Returns
    -------
    DataFrame
        group ('first', 'second'), model, replicates (tried), fitted, parameters; aic, bic, median and mean (months),
        each averaged over the replicates and with the minimum and maximum; lowest_aic: share of the replicates in which
        the model has the lowest AIC among the standard families. A model fitted in no more than half of the
        replicates has status `refused` and the reason. Sorted by group and AIC. AIC is comparable only between models
        of the same group fitted to the same replicates.
    """
    parts = []
    for name, stack in zip(("first", "second"), pair.stacks, strict=True):
        fits = _fits_of(stack)
        shares = _lowest(fits)
        rows = [{**_row(model, made), "lowest_aic": shares.get(model, np.nan)} for model, made in fits.items()]
        table = pd.DataFrame(rows).assign(group=name)
        parts.append(table.sort_values("aic", kind="stable", na_position="last"))
    return pd.concat(parts, ignore_index=True).reindex(columns=COLUMNS)


def model_rows(pair: Pair, table: pd.DataFrame) -> list[dict[str, Any]]:
    """Rows with the mean survival time implied by the family that most often has the lowest AIC in each group."""
    rows = []
    for name, label in zip(("first", "second"), pair.labels, strict=True):
        usable = table[(table["group"] == name) & (table["status"] == "estimated") & table["model"].isin(FAMILIES)]
        words = f"parametric, lowest AIC most often, {name} group", "mean survival time"
        what = What(*words, Role.SECONDARY, Quantity.MEAN, SIDES[name], Model.PARAMETRIC)
        facts: dict[str, Any] = {"treatment": label, "comparator": "", "n_comparator": np.nan}
        if usable.empty:
            rows.append(pair.refused(what, "no parametric family could be fitted: see models.csv", **facts))
            continue
        best = usable.sort_values("lowest_aic", ascending=False, kind="stable").iloc[0]
        said = f"{best['model']}, mean AIC {best['aic']:.1f}, lowest in {best['lowest_aic']:.0%} of replicates"
        note = f"{said}; limits are the least and greatest over {best['replicates']} fits, no confidence interval"
        if not np.isfinite(best["mean"]):
            rows.append(pair.refused(what, f"{said}; its mean is infinite", **facts))
            continue
        note += f"; {best['note']}" if best["note"] else ""
        values = (best["mean"], best["mean_low"], best["mean_high"], np.nan)
        facts["rests_on"] = RestsOn.REPLICATES
        rows.append(pair.row(what, *values, note=f"{note}; the tail is extrapolated", **facts))
    return rows


def _fits_of(stack: PatientStack) -> dict[str, list[Any]]:
    """Results of each model in each chosen replicate; the reason instead if the fit fails."""
    made: dict[str, list[Any]] = {}
    for models, wanted in ((tuple(FAMILIES), REPLICATES), (SPLINES, SPLINE_REPLICATES)):
        chosen = np.unique(np.linspace(0, stack.replicates - 1, wanted).round().astype(int))
        for index in chosen:
            real = stack.time[index] >= 0
            numbers = _fit_all(stack.time[index][real].tobytes(), stack.event[index][real].tobytes(), models)
            for model, value in zip(models, numbers, strict=True):
                made.setdefault(model, []).append(value)
    return made


def _lowest(fits: dict[str, list[Any]]) -> dict[str, float]:
    """Share of replicates in which each standard family has the lowest AIC."""
    names = [name for name in FAMILIES if name in fits]
    aic = np.array([[fit["aic"] if isinstance(fit, dict) else np.inf for fit in fits[name]] for name in names])
    winner = aic.argmin(axis=0)
    return {name: float(np.mean(winner == i)) for i, name in enumerate(names)}


@lru_cache(maxsize=1024)
def _fit_all(time: bytes, event: bytes, models: Sequence[str]) -> tuple[Any, ...]:
    """Fits of one replicate, cached because the same group is used in many comparisons."""
    return tuple(_fit(np.frombuffer(time), np.frombuffer(event), model) for model in models)


def _fit(time: np.ndarray, event: np.ndarray, model: str) -> dict[str, float] | str:
    try:
        fit = fit_model(time, event, model)
        numbers = {name: float(getattr(fit, name)) for name in NUMBERS}
        if digits := STABLE_DIGITS.get(model):
            numbers |= {name: float(f"{numbers[name]:.{digits}g}") for name in ("median", "mean")}
        return {"parameters": len(fit.theta), **numbers}
    except ResurveyError as reason:
        return str(reason)


def _row(model: str, fits: Sequence[Any]) -> dict[str, Any]:
    known = [fit for fit in fits if isinstance(fit, dict)]
    base = {"model": model, "replicates": len(fits), "fitted": len(known)}
    reasons = [fit for fit in fits if isinstance(fit, str)]
    if len(known) <= len(fits) / 2:
        return {**base, "status": "refused", "note": reasons[0]}
    values: dict[str, Any] = {"parameters": int(known[0]["parameters"])}
    for name in NUMBERS:
        every = np.array([fit[name] for fit in known])
        finite = every[np.isfinite(every)]
        values |= {name: finite.mean() if finite.size else np.inf}
        values |= {f"{name}_low": np.fmin.reduce(every), f"{name}_high": np.fmax.reduce(every)}
    infinite = sum(not np.isfinite(fit["mean"]) for fit in known)
    notes = [f"{len(reasons)} replicates could not be fitted: {reasons[0]}"] if reasons else []
    notes += [f"the mean is infinite in {infinite} of {len(known)} replicates, left out"] if infinite else []
    return {**base, **values, "status": "estimated", "note": "; ".join(notes)}
