"""Probabilistic bias analysis: an estimate corrected for an unmeasured factor, given beliefs about that factor."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import ndtr

from resurvey.arrays import MOST_DRAWS, check_count
from resurvey.beliefs import Belief
from resurvey.compare.belief_quantiles import belief_quantiles
from resurvey.compare.estimates import as_effect, check_level, degrees_of, quantile
from resurvey.errors import InputError

Floats = NDArray[np.float64]
DRAWS = 20_000


@dataclass(frozen=True)
class BiasAnalysis:
    """Result of `probabilistic_bias`.

    Attributes
    ----------
    summary : DataFrame
        error (sampling: as observed; systematic; both), estimate (median), lower, upper, ratio, ratio_lower,
        ratio_upper, probability_below_0 (of the log ratio), widening (width of the interval divided by that of the
        observed interval).
    bias : DataFrame
        quantile, bias (ratio): quantiles of the drawn bias.
    draws, seed : int
    """

    summary: pd.DataFrame
    bias: pd.DataFrame
    draws: int
    seed: int


def probabilistic_bias(
    effect: object,
    strength: Belief,
    prevalence_treated: Belief,
    prevalence_comparator: Belief,
    *,
    correlation: float = 0.0,
    draws: int = DRAWS,
    seed: int = 1,
    level: float = 0.95,
) -> BiasAnalysis:
    r"""Correct an estimate for an unmeasured binary prognostic factor, given beliefs about its strength and prevalence.

    Each draw divides the ratio by :math:`(\gamma p_1 + 1 - p_1) / (\gamma p_0 + 1 - p_0)`; sampling error is added as
    a normal deviate (or t, where the interval is based on t).

    Parameters
    ----------
    effect : (estimate, se), or an object with `estimate` and `se`
        Log ratio, treatment against comparator.
    strength : Belief
        Belief about the ratio for the event, with against without the factor.
    prevalence_treated, prevalence_comparator : Belief
        Belief about the proportion of patients with the factor in each arm.
    correlation : float, default 0
        Rank correlation of the two prevalences (through normal scores), below 1.
    draws, seed : int
    level : float, default 0.95

    Raises
    ------
    InputError
        If a prevalence can be outside 0 to 1, a strength can be 0 or less, or an option is out of range.

    References
    ----------
    .. [1] Greenland, S. (2005). JRSS A 168, 267-306.
    .. [2] Lash, T. L. et al. (2014). International Journal of Epidemiology 43, 1969-1985.
    .. [3] Schneeweiss, S. (2006). Pharmacoepidemiology and Drug Safety 15, 291-303 (the bias factor).
    """
    estimate, se = as_effect(effect, "effect")
    check_level(level)
    _check(strength, prevalence_treated, prevalence_comparator, correlation, draws)
    rng = np.random.default_rng(seed)
    normal = rng.standard_normal((draws, 3))
    second = correlation * normal[:, 1] + np.sqrt(1 - correlation**2) * normal[:, 2]
    gamma, p1, p0 = (
        belief_quantiles(belief, _uniform(score))
        for belief, score in ((strength, normal[:, 0]), (prevalence_treated, normal[:, 1]),
                              (prevalence_comparator, second))
    )  # fmt: skip
    bias = np.log(gamma * p1 + 1 - p1) - np.log(gamma * p0 + 1 - p0)
    df = degrees_of(effect)
    chance = rng.standard_normal(draws) if df is None else rng.standard_t(df, draws)
    tail = (1 - level) / 2
    half = quantile(level, df) * se
    rows = [_row("sampling", np.array([estimate - half, estimate, estimate + half]), np.nan)]
    for name, drawn in (("systematic", estimate - bias), ("both", estimate - bias + se * chance)):
        rows.append(_row(name, np.quantile(drawn, [tail, 0.5, 1 - tail]), float(np.mean(drawn < 0))))
    for row in rows:
        row["widening"] = (float(row["upper"]) - float(row["lower"])) / (2 * half)  # type: ignore[arg-type]
    shares = [0.025, 0.25, 0.5, 0.75, 0.975]
    table = pd.DataFrame({"quantile": shares, "bias": np.exp(np.quantile(bias, shares))})
    return BiasAnalysis(pd.DataFrame(rows), table, draws, seed)


def _uniform(score: Floats) -> Floats:
    made: Floats = ndtr(score)
    return made


def _check(strength: Belief, treated: Belief, comparator: Belief, correlation: float, draws: int) -> None:
    if strength.range[0] < 0 or (strength.shape != "log-normal" and strength.range[0] <= 0):
        raise InputError(f"strength must be a ratio above 0, found {strength.numbers}")
    for name, belief in (("prevalence_treated", treated), ("prevalence_comparator", comparator)):
        low, high = belief.range
        if low < 0 or high > 1:
            raise InputError(f"{name} must stay within 0 to 1 (not log-normal), found {belief.numbers}")
    if not -1 < correlation < 1:
        raise InputError(f"correlation must be between -1 and 1, found {correlation!r}")
    check_count("draws", draws, 1000, MOST_DRAWS)


def _row(error: str, limits: Floats, below: float) -> dict[str, object]:
    low, middle, high = (float(value) for value in limits)
    ratio, lower, upper = (float(np.exp(value)) for value in (middle, low, high))
    return {"error": error, "estimate": middle, "lower": low, "upper": high, "ratio": ratio, "ratio_lower": lower,
            "ratio_upper": upper, "probability_below_0": below}  # fmt: skip
