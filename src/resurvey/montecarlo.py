"""Degrees of freedom of an estimate pooled over replicates, and the Monte Carlo error due to their number."""

from __future__ import annotations

from math import ceil, exp, inf, nan, pi, sqrt

from scipy.special import ndtri, stdtrit

#: Largest Monte Carlo error, as a share of the standard error, at which another draw would not matter.
ENOUGH = 0.1
#: How much larger than it seems the error is taken to be, because it is itself estimated from the replicates; and
#: replicates that are added at once at least, because a few are hardly worth the drawing anew of a block.
MARGIN, LEAST_MORE = 1.03, 20
#: A smaller between-replicate share of the variance would underflow to 0 when squared.
SMALLEST_SHARE = 1e-150


def barnard_rubin(total: float, inflated: float, replicates: int, complete_df: float) -> tuple[float, float]:
    """Degrees of freedom and fraction of missing information of a pooled estimate.

    Parameters
    ----------
    total, inflated : float
        Total variance, and the part of it due to the replicates: (1 + 1/m) times the variance between them.
    replicates : int
        Number of replicates m.
    complete_df : float
        Degrees of freedom that observed patients would give; may be infinite.

    References
    ----------
    .. [1] Barnard, J. and Rubin, D. B. (1999). Biometrika 86, 948-955.
    """
    if inflated == 0 or replicates < 2:
        return inf, 0.0
    share = inflated / total
    df = (replicates - 1) / share**2 if share > SMALLEST_SHARE else inf
    if complete_df < inf:
        observed = (complete_df + 1) / (complete_df + 3) * complete_df * (1 - share)
        df = 1 / (1 / df + 1 / observed) if observed > 0 else df
    r = share / (1 - share) if share < 1 else inf
    return df, float((r + 2 / (df + 3)) / (r + 1)) if r < inf else 1.0


def t_quantile(probability: float, df: float) -> float:
    """Quantile of Student's t; of the normal distribution for infinite `df`."""
    return float(ndtri(probability)) if df == inf else float(stdtrit(df, probability))


def limit_error(between: float, se: float, replicates: int, t: float) -> float:
    """Monte Carlo error of a confidence limit, as a share of the standard error `se`.

    The mean of m replicates has variance between / m. The sample variance of normal values has variance
    2 between^2 / (m - 1); its weight in a limit is t / (2 se). The result is 0 for one replicate.
    """
    if replicates < 2:
        return 0.0
    of_variance = t**2 * between**2 / (2 * se**2 * (replicates - 1))
    return sqrt(between / replicates + of_variance) / se


def of_draws(drawn: float, se: float, replicates: int, t: float) -> dict[str, float]:
    """Fraction of missing information and Monte Carlo error of an estimate that combines several pooled ones.

    Parameters
    ----------
    drawn : float
        Standard deviation of the estimate over other draws of as many replicates; 0 for observed patients.
    se : float
        Its standard error.
    replicates : int
        Number of replicates, the fewest of the parts; the error of a limit is then, if anything, too large.
    t : float
        Quantile by which the limits are made.

    Returns
    -------
    dict
        missing_information, (1 + 1/m) B / T, and monte_carlo, as `limit_error`; NaN where there is no standard error.
    """
    if not se > 0:
        return {"missing_information": nan, "monte_carlo": nan}
    between = drawn**2 * replicates
    missing = min((1 + 1 / replicates) * between / se**2, 1.0)
    return {"missing_information": missing, "monte_carlo": limit_error(between, se, replicates, t)}


def quantile_error(probability: float, replicates: int) -> float:
    """Monte Carlo error of a quantile of a normal sample, as a share of its standard deviation.

    References
    ----------
    .. [1] Serfling, R. J. (1980). Approximation Theorems of Mathematical Statistics. Wiley. Section 2.3.3.
    """
    density = exp(-(float(ndtri(probability)) ** 2) / 2) / sqrt(2 * pi)
    return sqrt(probability * (1 - probability) / replicates) / density


def replicates_wanted(error: float, have: int) -> int:
    """Number of replicates at which a Monte Carlo error, as a share of the standard error, would be `ENOUGH`.

    Parameters
    ----------
    error : float
        Largest error with `have` replicates; its square falls with their number. NaN counts as none.

    Returns
    -------
    int
        `have` if the error is small enough.
    """
    if not error > ENOUGH:
        return have
    return max(ceil(have * (MARGIN * error / ENOUGH) ** 2), have + LEAST_MORE)
