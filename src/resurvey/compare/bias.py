"""Bias analysis: how strong an unmeasured factor, or how large a bias, would change the conclusion.

All effects are on the log scale, treatment versus comparator, as everywhere in this package. If the confidence interval
of an effect uses the t distribution (the effect has `df`, as with Rubin's rules or Hartung-Knapp), so do all analyses
here.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import isfinite, log, sqrt
from numbers import Real

import numpy as np
import pandas as pd

from resurvey.compare.estimates import as_effect, check_level, degrees_of, exp_or_infinite, interval, quantile, tail
from resurvey.errors import InputError


def e_value(ratio: float) -> float:
    r"""E-value of a risk ratio: :math:`RR + \sqrt{RR (RR - 1)}` for RR above 1, with 1 / RR in place of RR below 1.

    The minimum strength of association, as a risk ratio, that an unmeasured factor must have with both treatment and
    outcome to explain away the observed ratio.

    Raises
    ------
    InputError
        If `ratio` is not a finite number above 0.

    References
    ----------
    .. [1] VanderWeele, T. J. and Ding, P. (2017). Annals of Internal Medicine 167, 268-274.
    """
    _check_ratio(ratio)
    away = max(ratio, 1 / ratio)
    return away + sqrt(away * (away - 1))


def _check_ratio(ratio: float) -> None:
    if not isinstance(ratio, Real) or not isfinite(ratio) or ratio <= 0:
        raise InputError(f"ratio must be a finite number above 0, found {ratio!r}")


def as_risk_ratio(ratio: float, *, measure: str = "hr", common: bool = True) -> float:
    """Approximate a hazard or odds ratio by a risk ratio (unchanged if the outcome is rare, below 15 %).

    Raises
    ------
    InputError
        If the measure is none of the three.

    References
    ----------
    .. [1] VanderWeele, T. J. and Ding, P. (2017). Annals of Internal Medicine 167, 268-274, Table 2.
    """
    if measure not in ("hr", "or", "rr"):
        raise InputError(f"measure must be hr, or or rr, found {measure!r}")
    _check_ratio(ratio)
    if measure == "rr" or not common:
        return ratio
    if measure == "or":
        return sqrt(ratio)
    # -expm1(x log .5) is 1 - 0.5^x without loss of precision for small x.
    return float(np.expm1(-log(2) * sqrt(ratio)) / np.expm1(-log(2) * sqrt(1 / ratio)))


def e_values(
    effect: object, *, measure: str = "hr", common: bool = True, null_ratio: float = 1.0, level: float = 0.95
) -> pd.DataFrame:
    """E-values of an estimate and of the confidence limit nearer to no effect.

    Parameters
    ----------
    effect : (estimate, se), or an object with `estimate` and `se`
        Log ratio.
    measure : {"hr", "or", "rr"}
    common : bool, default True
        Whether the outcome is common (more than 15 % by the end of follow-up), so that a hazard or odds ratio must
        be converted to a risk ratio.
    null_ratio : float, default 1
        True ratio to which bias would have to move the estimate (on the scale of `measure`).
    level : float

    Returns
    -------
    DataFrame
        of ("estimate", "nearer limit"), ratio, risk_ratio, e_value (1 for the limit if the interval includes the null).
    """
    estimate, se = as_effect(effect, "effect")
    half = quantile(check_level(level), degrees_of(effect)) * se
    null = as_risk_ratio(null_ratio, measure=measure, common=common)
    above = estimate > log(null_ratio)
    limit = estimate - half if above else estimate + half
    crosses = (limit <= log(null_ratio)) == above
    rows = []
    for name, value in (("estimate", estimate), ("nearer limit", limit)):
        risk = as_risk_ratio(exp_or_infinite(value), measure=measure, common=common)
        strength = 1.0 if name == "nearer limit" and crosses else e_value(risk / null)
        rows.append({"of": name, "ratio": exp_or_infinite(value), "risk_ratio": risk, "e_value": strength})
    return pd.DataFrame(rows)


def bias_needed(effect: object, *, level: float = 0.95) -> pd.DataFrame:
    """Bias that would change the conclusion.

    The bias is the factor by which the observed ratio exceeds the true ratio in the direction of the observed effect.

    Returns
    -------
    DataFrame
        question, log_bias, ratio_bias, already. The questions: how much bias moves the nearer confidence limit to no
        effect ("change the conclusion"), moves the estimate to no effect ("cross 1"), or gives a significant effect in
        the opposite direction ("reverse the conclusion"). Where no bias is needed, as when the interval already
        includes no effect, `log_bias` is 0 and `already` is True.
    """
    estimate, se = as_effect(effect, "effect")
    half = quantile(check_level(level), degrees_of(effect)) * se
    sign = 1.0 if estimate >= 0 else -1.0
    distances = {
        "change the conclusion": abs(estimate) - half,
        "cross 1": abs(estimate),
        "reverse the conclusion": abs(estimate) + half,
    }
    rows = []
    for name, distance in distances.items():
        log_bias = sign * max(distance, 0.0)
        ratio = exp_or_infinite(log_bias)
        rows.append({"question": name, "log_bias": log_bias, "ratio_bias": ratio, "already": distance <= 0})
    return pd.DataFrame(rows)


def bias_array(
    effect: object,
    *,
    strengths: Sequence[float] = (1.25, 1.5, 2.0, 3.0, 4.0),
    prevalence_treated: Sequence[float] = (0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0),
    prevalence_comparator: Sequence[float] = (0.5,),
    level: float = 0.95,
) -> pd.DataFrame:
    r"""Array analysis: the estimate corrected for an unmeasured binary prognostic factor.

    With strength :math:`\gamma` (ratio for the event, with versus without the factor) and prevalences
    :math:`p_1, p_0`, the observed ratio is the true ratio times
    :math:`(\gamma p_1 + 1 - p_1) / (\gamma p_0 + 1 - p_0)`. The formula is for risk ratios; for hazard ratios it is
    a good approximation while events are rare or the ratio is near 1, and overstates the bias later.

    Parameters
    ----------
    effect : (estimate, se), or an object with `estimate` and `se`
        Log ratio, treatment versus comparator.
    strengths : sequence of float
        Ratios above 0; a ratio above 1 means that the factor is harmful.
    prevalence_treated, prevalence_comparator : sequence of float
        Proportions (0-1) of patients with the factor.
    level : float

    Returns
    -------
    DataFrame
        strength, prevalence_treated, prevalence_comparator, bias (ratio), estimate, lower, upper (log scale),
        ratio, ratio_lower, ratio_upper, p, conclusion ("as observed", "not significant", "reversed").

    Raises
    ------
    InputError
        If a grid is empty or contains a number outside its range.

    References
    ----------
    .. [1] Schneeweiss, S. (2006). Pharmacoepidemiology and Drug Safety 15, 291-303 (array approach).
    .. [2] Lin, D. Y., Psaty, B. M. and Kronmal, R. A. (1998). Biometrics 54, 948-963.
    """
    estimate, se = as_effect(effect, "effect")
    check_level(level)
    df = degrees_of(effect)
    for name, values, low, high in (
        ("strengths", strengths, 0.0, np.inf),
        ("prevalence_treated", prevalence_treated, 0.0, 1.0),
        ("prevalence_comparator", prevalence_comparator, 0.0, 1.0),
    ):
        bad = [v for v in values if not (low <= v <= high and isfinite(v)) or (name == "strengths" and v == 0)]
        if len(values) == 0 or bad:
            wanted = "ratios above 0" if name == "strengths" else "shares from 0 to 1"
            raise InputError(f"{name} must be {wanted}, found {bad[0] if bad else 'none'}")
    observed = interval(estimate, se, level=level, df=df)
    rows = []
    for gamma in strengths:
        for p1 in prevalence_treated:
            for p0 in prevalence_comparator:
                bias = (gamma * p1 + 1 - p1) / (gamma * p0 + 1 - p0)
                # rounded: where the difference is 0, the rounding error differs between processors
                fixed = interval(round(estimate - log(bias), 12) + 0.0, se, level=level, df=df)
                rows.append({
                    "strength": gamma, "prevalence_treated": p1, "prevalence_comparator": p0, "bias": bias,
                    "estimate": fixed.estimate, "lower": fixed.lower, "upper": fixed.upper, "ratio": fixed.ratio,
                    "ratio_lower": fixed.ratio_lower, "ratio_upper": fixed.ratio_upper, "p": fixed.p,
                    "conclusion": _conclusion(fixed.lower, fixed.upper, observed.lower, observed.upper),
                })  # fmt: skip
    return pd.DataFrame(rows)


def _conclusion(lower: float, upper: float, observed_lower: float, observed_upper: float) -> str:
    def side(low: float, high: float) -> int:
        return 1 if low > 0 else -1 if high < 0 else 0

    now, before = side(lower, upper), side(observed_lower, observed_upper)
    if now == before:
        return "as observed"
    if now == 0:
        return "not significant"
    return "reversed" if before == -now else "significant"


def shifted_null(
    effect: object, margins: Sequence[float] = (1.0, 0.95, 0.9, 0.85, 0.8, 0.75, 0.7), *, level: float = 0.95
) -> pd.DataFrame:
    """Test shifted null hypotheses that allow for bias.

    A benefit counts only if the ratio is significantly below a margin below 1 (a harm: above its inverse). The margin
    is the ratio that bias alone could produce without any true effect.

    Parameters
    ----------
    effect : (estimate, se), or an object with `estimate` and `se`
        Log ratio.
    margins : sequence of float
        Ratios in (0, 1]; for an observed ratio above 1 their inverses are used.
    level : float
        Two-sided confidence level; `significant` is judged by a one-sided test at (1 - level) / 2.

    Returns
    -------
    DataFrame
        margin (as used), z, p_one_sided, significant. `attrs["tipping"]` is the margin at which significance is lost
        (the confidence limit nearer to 1, as a ratio).

    Raises
    ------
    InputError
        If there is no margin, or a margin is not above 0 and at most 1.

    References
    ----------
    .. [1] HTA Coordination Group (2024). Methodological guideline for quantitative evidence synthesis (shifted
       hypotheses for unanchored comparisons).
    """
    estimate, se = as_effect(effect, "effect")
    alpha, df = (1 - check_level(level)) / 2, degrees_of(effect)
    bad = [m for m in margins if not 0 < m <= 1]
    if len(margins) == 0 or bad:
        raise InputError(f"margins must be ratios above 0 and at most 1, found {bad[0] if bad else 'none'}")
    sign = 1.0 if estimate > 0 else -1.0
    rows = []
    for margin in margins:
        null = -sign * log(margin)
        # Rounded, so that an estimate equal to the margin has distance 0.
        z = round(estimate - null, 12) / se
        p = tail(-sign * z, df)
        rows.append({"margin": exp_or_infinite(null), "z": z, "p_one_sided": p, "significant": p < alpha})
    table = pd.DataFrame(rows)
    table.attrs["tipping"] = exp_or_infinite(estimate - sign * quantile(level, df) * se)
    return table
