"""Sensitivity of a population-adjusted comparison to single moments and patients, and its weighted survival curve."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from resurvey.arrays import unmasked
from resurvey.compare.adjust import Weights, effective_sample_size
from resurvey.compare.adjust_effects import weighted_cox, weighted_means
from resurvey.compare.adjust_maic import maic_anchored, maic_unanchored
from resurvey.errors import InputError, NotEstimable
from resurvey.survival import check_patients


def leave_one_moment_out(
    patients: pd.DataFrame, targets: Mapping[str, float], comparator: Any, *, anchored: bool = False, **options: Any
) -> pd.DataFrame:
    """Repeat the adjustment, leaving out each moment in turn.

    Parameters
    ----------
    patients, targets, comparator : as in `maic_unanchored` or `maic_anchored`
    anchored : bool
        Whether to use `maic_anchored` rather than `maic_unanchored`.
    **options
        Passed to that function (measure, error, level); there is no bootstrap unless `replicates` is given.

    Returns
    -------
    DataFrame
        left_out ("" for none), ess, estimate, se, lower, upper, p, note (the reason if a row has no estimate).

    Raises
    ------
    InputError
        If there are fewer than two moments.
    """
    if len(targets) < 2:
        raise InputError(f"leaving a moment out needs at least two, found {len(targets)}")
    adjust = maic_anchored if anchored else maic_unanchored
    rows = []
    for name in ("", *targets):
        kept = {k: v for k, v in targets.items() if k != name}
        row: dict[str, object] = {"left_out": name}
        try:
            result = adjust(patients, kept, comparator, **{"replicates": 0, **options})
        except NotEstimable as reason:
            rows.append(
                row | dict.fromkeys(("ess", "estimate", "se", "lower", "upper", "p"), np.nan) | {"note": str(reason)}
            )
            continue
        shown = {k: getattr(result.adjusted, k) for k in ("estimate", "se", "lower", "upper", "p")}
        rows.append(row | {"ess": result.weights.ess} | shown | {"note": ""})
    return pd.DataFrame(rows)


def trimmed(
    weights: Weights,
    patients: pd.DataFrame,
    comparator: pd.DataFrame,
    *,
    measure: str = "hr",
    quantiles: tuple[float, ...] = (1.0, 0.99, 0.95, 0.9),
) -> pd.DataFrame:
    """Unanchored effect with the weights truncated at a quantile, to show the influence of patients with large weights.

    Truncated weights no longer balance the moments.

    Parameters
    ----------
    weights : Weights
        Of `patients`, in their order.
    patients, comparator : DataFrame
        time and event (hr), or response.
    measure : {"hr", "or", "rr", "rd", "md"}
    quantiles : tuple of float
        Quantiles at which the weights are truncated; 1 leaves them unchanged.

    Returns
    -------
    DataFrame
        quantile, cut (largest weight after truncation), ess, estimate, se_robust.

    Raises
    ------
    InputError
        If a quantile is not above 0 and at most 1, or the weights do not belong to the patients.

    References
    ----------
    .. [1] Lee, B. K., Lessler, J. and Stuart, E. A. (2011). PLoS ONE 6, e18174 (trimming).
    """
    bad = [q for q in quantiles if not 0 < q <= 1]
    if bad:
        raise InputError(f"quantiles must be above 0 and at most 1, found {bad[0]}")
    if len(patients) != weights.n:
        raise InputError(f"{weights.n} weights for {len(patients)} patients: they must be the same patients")
    both = pd.concat([patients, comparator], ignore_index=True)
    treated = np.repeat([1, 0], [len(patients), len(comparator)])
    rows = []
    for q in quantiles:
        cut = float(np.quantile(weights.weights, q))
        w = np.minimum(weights.weights, cut)
        full = np.concatenate((w / w.mean(), np.ones(len(comparator))))
        if measure == "hr":
            effect = weighted_cox(both["time"], both["event"], treated, full)
        else:
            effect = weighted_means(both["response"], treated, full, measure=measure)
        shown = {"estimate": effect.estimate, "se_robust": effect.se_robust}
        rows.append({"quantile": q, "cut": cut, "ess": effective_sample_size(w), **shown})
    return pd.DataFrame(rows)


def weighted_survival(time: ArrayLike, event: ArrayLike, weights: ArrayLike) -> pd.DataFrame:
    """Weighted Kaplan-Meier curve.

    The curve is that of `survival.kaplan_meier_late` with the weights as counts. The standard error differs, because
    estimated weights are not numbers of patients.

    Returns
    -------
    DataFrame
        time, survival, at_risk and events (sums of weights), and se: a weighted Greenwood standard error that treats
        the weights as fixed, with terms d / (n (n - d)), where n is the effective number at risk and d / n the weighted
        proportion of events (Xie and Liu 2005).

    Raises
    ------
    InputError
        If an array is malformed, or weights are negative or all 0.

    References
    ----------
    .. [1] Xie, J. and Liu, C. (2005). Statistics in Medicine 24, 3089-3110.
    """
    t, e = check_patients(time, event)
    w = np.asarray(unmasked(weights, "weights"), dtype=float)
    if w.shape != t.shape or not np.all(np.isfinite(w)) or np.any(w < 0) or w.sum() <= 0:
        raise InputError("weights must be one number a patient, none negative and not all 0")
    distinct, place = np.unique(t[w > 0], return_inverse=True)
    w, e = w[w > 0], e[w > 0]

    def remaining(values: np.ndarray) -> np.ndarray:
        return np.cumsum(np.bincount(place, weights=values)[::-1])[::-1]

    at_risk, events = remaining(w), np.bincount(place, weights=w * e)
    share = events / at_risk
    effective = at_risk**2 / remaining(w**2)
    survival = np.cumprod(1 - share)
    with np.errstate(divide="ignore", invalid="ignore"):
        green = np.cumsum(share / (effective * (1 - share)))
    se = np.where(survival > 1e-12, survival * np.sqrt(np.where(np.isfinite(green), green, 0.0)), 0.0)
    return pd.DataFrame({"time": distinct, "survival": survival, "at_risk": at_risk, "events": events, "se": se})
