"""Estimates with confidence intervals, and normal and t quantiles, shared by the comparison methods."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import exp, inf, isfinite, log, sqrt

import numpy as np
import pandas as pd
from scipy.special import chdtrc, ndtr, stdtr, stdtrit

from resurvey.arrays import LARGEST, check_size
from resurvey.errors import InputError, NotEstimable
from resurvey.steady import critical_value

#: Its exponential is close to the largest float.
MOST_LOG = 709.7


@dataclass(frozen=True)
class Estimate:
    """An effect on its approximately normal scale (log for a ratio), with confidence interval and two-sided p.

    Attributes
    ----------
    estimate, se : float
        Point estimate and standard error (log scale for a ratio).
    lower, upper : float
        Limits of the two-sided confidence interval at `level`, on the same scale.
    p : float
        Two-sided p against no effect (0).
    level : float
        Confidence level of the interval.
    label : str
        Description of the comparison, if known.
    df : float or None
        Degrees of freedom of the t distribution used for the interval and p; None for the normal distribution.
    """

    estimate: float
    se: float
    lower: float
    upper: float
    p: float
    level: float = 0.95
    label: str = ""
    df: float | None = None

    @property
    def ratio(self) -> float:
        """The estimate as a ratio, exp(estimate)."""
        return exp_or_infinite(self.estimate)

    @property
    def ratio_lower(self) -> float:
        """Lower limit as a ratio."""
        return exp_or_infinite(self.lower)

    @property
    def ratio_upper(self) -> float:
        """Upper limit as a ratio."""
        return exp_or_infinite(self.upper)


def exp_or_infinite(value: float) -> float:
    """exp(value); infinite if it exceeds the largest float."""
    return exp(value) if value < MOST_LOG else inf


def check_level(level: float) -> float:
    """Return the level, or raise an error if it is not strictly between 0 and 1 (for example 95 instead of 0.95).

    Raises
    ------
    InputError
        If it is not strictly between 0 and 1.
    """
    if not (isinstance(level, int | float) and 0 < level < 1):
        raise InputError(f"level must be a confidence level strictly between 0 and 1 (0.95, not 95), found {level!r}")
    return float(level)


def interval(estimate: float, se: float, *, level: float = 0.95, df: float | None = None, label: str = "") -> Estimate:
    """Wald interval and p, from the normal distribution or from t with `df` degrees of freedom.

    Raises
    ------
    NotEstimable
        If the standard error is not a finite number above 0.
    """
    if not (isfinite(estimate) and isfinite(se) and se > 0):
        raise NotEstimable(
            f"{label or 'effect'}: estimate {estimate:g} with standard error {se:g} has no interval; an outcome "
            "without variation cannot be compared"
        )
    half = quantile(level, df) * se
    z = abs(estimate / se)
    p = 2 * float(ndtr(-z)) if df is None else 2 * float(stdtr(df, -z))
    return Estimate(estimate, se, estimate - half, estimate + half, p, level, label, df)


def degrees_of(effect: object) -> float | None:
    """Degrees of freedom of the interval of an estimate (attribute or column `df`); None for a normal interval.

    Raises
    ------
    InputError
        If `df` is not above 0.
    """
    if isinstance(effect, pd.DataFrame):
        effect = effect.iloc[0] if len(effect) == 1 else None
    df = effect.get("df") if isinstance(effect, Mapping | pd.Series) else getattr(effect, "df", None)
    if df is None or not isfinite(df):
        return None
    if not df > 0:
        raise InputError(f"df must be above 0, found {df}")
    return float(df)


def tail(statistic: float, df: float | None = None) -> float:
    """Lower tail probability of the normal distribution, or of t with `df` degrees of freedom."""
    return float(ndtr(statistic)) if df is None else float(stdtr(df, statistic))


def quantile(level: float, df: float | None = None) -> float:
    """Two-sided critical value at `level` of the normal distribution, or of t with `df` degrees of freedom."""
    return critical_value(level) if df is None else float(stdtrit(df, 0.5 + level / 2))


def chi_square_p(q: float, df: float) -> float:
    """Upper tail probability of chi-square; 1 if there are no degrees of freedom."""
    return float(chdtrc(df, q)) if df > 0 else 1.0


def from_interval(ratio: float | None, lower: float, upper: float, *, level: float = 0.95) -> tuple[float, float]:
    """Log ratio and its standard error from a printed ratio and interval.

    Parameters
    ----------
    ratio : float or None
        Printed ratio; None uses the geometric mean of the limits.
    lower, upper : float
        Limits of the interval, ratios greater than 0.
    level : float, default 0.95
        Two-sided level at which the interval was printed.

    Returns
    -------
    (float, float)
        log(ratio), and (log upper - log lower) / (2 z).

    Raises
    ------
    InputError
        If a number is not a ratio greater than 0, or the limits do not enclose the ratio.
    """
    check_level(level)
    centre = sqrt(lower * upper) if ratio is None and lower > 0 and upper > 0 else ratio
    for name, value in (("lower", lower), ("upper", upper), ("ratio", centre)):
        if value is None or not isfinite(value) or value <= 0:
            raise InputError(
                f"{name} must be a ratio greater than 0, found {value!r}: a ratio without its interval has no "
                "standard error; give both limits, or derive se from the number of events"
            )
    assert centre is not None
    if not lower < upper or not lower <= centre <= upper:
        raise InputError(f"the interval {lower} to {upper} is not around the ratio {centre}: check order and typing")
    return log(centre), (log(upper) - log(lower)) / (2 * quantile(level))


def as_effect(value: object, name: str) -> tuple[float, float]:
    """Validated estimate and se of a pair, a mapping, a table row or an object with these attributes.

    Raises
    ------
    InputError
        If the estimate is not finite or the standard error is not above 0; the message contains `name`.
    """
    if isinstance(value, pd.DataFrame):
        if len(value) != 1:
            raise InputError(
                f"{name} must be one effect, found a table of {len(value)} rows: choose one, or pool first"
            )
        value = value.iloc[0]
    if isinstance(value, Mapping | pd.Series):
        missing = [key for key in ("estimate", "se") if key not in value]
        if missing:
            raise InputError(f"{name} lacks {', '.join(missing)}: give estimate and se on the log scale")
        pair = (value["estimate"], value["se"])
    elif hasattr(value, "estimate") and hasattr(value, "se"):
        pair = (value.estimate, value.se)
    else:
        parts = tuple(value) if isinstance(value, Iterable) else ()
        if len(parts) != 2:
            raise InputError(f"{name} must be a pair (estimate, se) on the log scale, found {value!r}")
        pair = (parts[0], parts[1])
    try:
        estimate, se = float(pair[0]), float(pair[1])
    except (TypeError, ValueError):
        raise InputError(f"{name} must hold two numbers, found {pair!r}") from None
    if not isfinite(estimate):
        raise InputError(f"{name}: estimate must be a finite log ratio, found {estimate}")
    if not isfinite(se) or se <= 0:
        raise InputError(f"{name}: se must be finite and greater than 0, found {se}; a ratio needs its interval")
    check_size(f"{name}: estimate", estimate)
    check_size(f"{name}: se", se, least=1 / LARGEST)
    return estimate, se


def i_squared(q: float, df: int, level: float) -> tuple[float, float, float]:
    """I2 and its test-based interval (Higgins and Thompson 2002); the interval is 0 to 1 if df is too small."""
    if df < 1:
        return 0.0, 0.0, 1.0
    i2 = max(0.0, 1 - df / q) if q > 0 else 0.0
    if df < 2 and q <= df + 1:
        return i2, 0.0, 1.0
    if q > df + 1:
        se = 0.5 * (np.log(q) - np.log(df)) / (sqrt(2 * q) - sqrt(2 * df - 1))
    else:
        se = sqrt(1 / (2 * (df - 1)) * (1 - 1 / (3 * (df - 1) ** 2)))
    log_h = 0.5 * np.log(max(q, df) / df)
    h_low, h_high = np.exp(log_h - quantile(level) * se), np.exp(log_h + quantile(level) * se)
    lower, upper = (max(0.0, 1 - 1 / h**2) for h in (h_low, h_high))
    return i2, float(lower), float(upper)
