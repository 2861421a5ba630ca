"""Tables behind the figures of two groups: curves, numbers at risk, log cumulative hazards, restricted means, bias."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from resurvey.compare.bias import bias_array, bias_needed, e_values, shifted_null
from resurvey.compare.groups import Pair
from resurvey.compare.outcome import RowMaker, What, of_replicates
from resurvey.compare.rubin import EnsembleEstimate, rubin
from resurvey.results import Contrast, Model, Quantity, Role
from resurvey.steady import settled
from resurvey.survival.rmst import common_horizon
from resurvey.survival.stack import PatientStack
from resurvey.ticks import time_ticks

HORIZONS = 25
RISK_TIMES = 8
BAND = 0.9
GROUPS = ("first", "second")


def curve_table(stacks: Sequence[PatientStack]) -> pd.DataFrame:
    """Median curve and central range of each group's replicates: group, time, survival, lower, upper."""
    parts = []
    for name, stack in zip(GROUPS, stacks, strict=True):
        grid = np.linspace(0.0, float(stack.curves.last.max()), 121)
        curves = stack.curves.survival_at(grid)
        low, middle, high = np.quantile(curves, [(1 - BAND) / 2, 0.5, (1 + BAND) / 2], axis=0)
        parts.append(pd.DataFrame({"group": name, "time": grid, "survival": middle, "lower": low, "upper": high}))
    return pd.concat(parts, ignore_index=True)


def risk_table(stacks: Sequence[PatientStack]) -> pd.DataFrame:
    """Numbers at risk just before a few times, and censored and with an event up to them; means over the replicates."""
    end = max(float(stack.curves.last.max()) for stack in stacks)
    parts = []
    for name, stack in zip(GROUPS, stacks, strict=True):
        for time in time_ticks(end, RISK_TIMES):
            gone = (stack.time >= 0) & (stack.time <= time)
            parts.append(
                {
                    "group": name,
                    "time": time,
                    "at_risk": float((stack.time >= time).sum(axis=1).mean()),
                    "censored": float((gone & (stack.event == 0)).sum(axis=1).mean()),
                    "events": float((gone & (stack.event == 1)).sum(axis=1).mean()),
                }
            )
    return pd.DataFrame(parts)


def censored_table(stacks: Sequence[PatientStack]) -> pd.DataFrame:
    """Censoring times, for groups rebuilt from a digitised curve.

    A group rebuilt from summary numbers has none: its censoring times in the replicates are not based on printed data.
    """
    known = [(name, stack) for name, stack in zip(GROUPS, stacks, strict=True) if len(stack.time) == 1]
    ended = [(name, np.unique(stack.time[(stack.event == 0) & (stack.time >= 0)])) for name, stack in known]
    return pd.DataFrame([(name, time) for name, times in ended for time in times], columns=["group", "time"])


def hazard_table(curves: pd.DataFrame) -> pd.DataFrame:
    """Log cumulative hazard against log time: group, log_time, value."""
    inside = curves[(curves["survival"] > 0) & (curves["survival"] < 1) & (curves["time"] > 0)]
    values = np.log(-np.log(inside["survival"]))
    return pd.DataFrame({"group": inside["group"], "log_time": np.log(inside["time"]), "value": values})


def restricted_difference(stacks: Sequence[PatientStack], horizon: float) -> EnsembleEstimate | None:
    """Difference in restricted means, first minus second, up to one horizon; None where no event occurs before it."""
    (mean_a, var_a), (mean_b, var_b) = (stack.curves.restricted_mean(horizon) for stack in stacks)
    if not np.all(var_a + var_b > 0):
        return None
    return rubin(mean_a - mean_b, var_a + var_b)


def rmst_table(stacks: Sequence[PatientStack]) -> pd.DataFrame:
    """Difference in restricted means by horizon: horizon, estimate, lower, upper, p."""
    end = common_horizon(*(stack.curves for stack in stacks))
    rows = []
    for horizon in np.linspace(end / HORIZONS, end, HORIZONS):
        made = restricted_difference(stacks, float(horizon))
        if made is not None:
            rows.append({"horizon": horizon, **{k: getattr(made, k) for k in ("estimate", "lower", "upper", "p")}})
    return pd.DataFrame(rows, columns=["horizon", "estimate", "lower", "upper", "p"])


def rmst_rows(pair: Pair, times: Sequence[float]) -> list[dict[str, Any]]:
    """Difference in restricted means up to each landmark; a landmark beyond the follow-up is refused."""
    end = common_horizon(*(stack.curves for stack in pair.stacks))
    rows = []
    for time in times:
        what = replace(RESTRICTED_MEAN, measure=f"difference up to {time:g} months", time_months=float(time))
        if time > end:
            reason = f"{time:g} months is beyond {end:.3g} months, the follow-up of every replicate of both groups"
            rows.append(pair.refused(what, reason))
            continue
        made = restricted_difference(pair.stacks, float(time))
        if made is None:
            rows.append(pair.refused(what, f"no event up to {time:g} months in some replicate: no variance"))
        else:
            rows.append(pair.row(what, made.estimate, made.lower, made.upper, made.p, **of_replicates(made)))
    return rows


def bias_tables(effect: object) -> dict[str, pd.DataFrame]:
    """Bias analysis of a log hazard ratio: e_values, bias_needed, bias_array, shifted_null."""
    shifted = shifted_null(effect)
    return {
        "e_values": e_values(effect),
        "bias_needed": bias_needed(effect),
        "bias_array": bias_array(effect),
        "shifted_null": shifted.assign(tipping=shifted.attrs["tipping"]),
    }


RESTRICTED_MEAN = What(
    "restricted mean, unadjusted",
    "difference",
    Role.SECONDARY,
    Quantity.RESTRICTED_MEAN,
    Contrast.DIFFERENCE,
    Model.KAPLAN_MEIER,
)


def _bias(method: str, words: str, quantity: Quantity) -> What:
    return What(method, f"{method} {words}", Role.BIAS, quantity)


E_VALUES = {
    "estimate": _bias("E-value", "of the estimate", Quantity.E_VALUE),
    "nearer limit": _bias("E-value", "of the nearer limit", Quantity.E_VALUE_LIMIT),
}
BIAS_NEEDED = {
    "change the conclusion": _bias("bias needed", "to change the conclusion", Quantity.BIAS_TO_CHANGE),
    "cross 1": _bias("bias needed", "to cross 1", Quantity.BIAS_TO_CROSS),
    "reverse the conclusion": _bias("bias needed", "to reverse the conclusion", Quantity.BIAS_TO_REVERSE),
}
ARRAY = _bias("array analysis", "share of cells with another conclusion", Quantity.ARRAY_SHARE)
TIPPING = _bias("shifted null", "margin at which significance is lost", Quantity.TIPPING_MARGIN)


def bias_rows(
    pair: RowMaker, tables: dict[str, pd.DataFrame], effect: EnsembleEstimate | None = None
) -> list[dict[str, Any]]:
    """The bias analysis as rows; all are refused, with the reason, where there is no ratio.

    An `effect` pooled over replicates gives its Monte Carlo error to what is a smooth function of it or of a limit: as
    a share of the standard error it is the same on any scale (delta method). The share of cells is none, and has none.
    """
    if not tables:
        reason = "no finite hazard ratio, so nothing can be said of its bias"
        return [pair.refused(what, reason) for what in (*E_VALUES.values(), *BIAS_NEEDED.values(), ARRAY, TIPPING)]
    empty = (np.nan, np.nan, np.nan)
    known = {} if effect is None else of_replicates(effect)
    rows = []
    for _, line in tables["e_values"].iterrows():
        ratio, risk = settled(line["ratio"]), settled(line["risk_ratio"])
        note = f"hazard ratio {ratio:.3g}, as a risk ratio {risk:.3g} (outcome taken as common)"
        rows.append(pair.row(E_VALUES[line["of"]], line["e_value"], *empty, **{**known, "note": note}))
    for _, line in tables["bias_needed"].iterrows():
        note = "as a factor of the hazard ratio, in the direction that flatters"
        if line["already"]:
            note = "none is needed: the interval includes 1 as it stands"
        rows.append(pair.row(BIAS_NEEDED[line["question"]], line["ratio_bias"], *empty, **{**known, "note": note}))
    array = tables["bias_array"]
    changed = array["conclusion"] != "as observed"
    note = (
        f"{int(changed.sum())} of {len(array)} combinations of strength ({array['strength'].min():g} to "
        f"{array['strength'].max():g}) and prevalence in the treated (0 to 1; in the comparator "
        f"{array['prevalence_comparator'].iloc[0]:g}); corrected ratios from {settled(array['ratio'].min()):.3g} to "
        f"{settled(array['ratio'].max()):.3g}"
    )
    rows.append(pair.row(ARRAY, float(changed.mean()), *empty, note=note))
    shifted = tables["shifted_null"]
    kept = shifted[shifted["significant"]]
    note = (
        f"still significant against a null of {kept['margin'].iloc[-1]:.3g}"
        if len(kept)
        else "not significant against 1"
    )
    rows.append(pair.row(TIPPING, float(shifted["tipping"].iloc[0]), *empty, **{**known, "note": note}))
    return rows
