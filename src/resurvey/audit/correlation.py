"""A correlation coefficient, its degrees of freedom and its p value, against each other."""

from __future__ import annotations

from math import inf, isfinite, sqrt

from resurvey.audit.verdicts import DISCREPANT, REPRODUCED
from resurvey.errors import InputError
from resurvey.reported import Reported, overlaps, parse, show


def correlation_p(r: float, df: float, *, sides: int = 2) -> float:
    """p value of a Pearson correlation: Student's t, r sqrt(df / (1 - r^2)), on df degrees of freedom (Fisher 1915).

    Parameters
    ----------
    r : float
        Between -1 and 1.
    df : float
        Number of pairs minus two, above 0.
    sides : {2, 1}
        One-sided in the direction of r.
    """
    from scipy.special import stdtr

    statistic = inf if abs(r) >= 1 else abs(r) * sqrt(df / (1 - r * r))
    return sides * float(stdtr(df, -statistic))


def judge_correlation(r: str, df: str, p: str, *, sides: int = 2) -> tuple[str, str]:
    """Verdict on a printed correlation and its p value, with the reason, allowing for the rounding of both.

    Raises
    ------
    InputError
        If r is not between -1 and 1, df is not above 0, or p is not between 0 and 1.
    """
    value, freedom, printed = parse(r), parse(df), parse(p)
    _check("r", value, -1, 1)
    _check("df", freedom, 0, inf)
    _check("p", printed, 0, 1)
    if freedom.value <= 0:
        raise InputError(f"df is {df!r}: expected more than 0, the number of pairs minus two")
    near = 0.0 if value.lower <= 0 <= value.upper else min(abs(value.lower), abs(value.upper))
    far = min(max(abs(value.lower), abs(value.upper)), 1.0)
    low, high = (correlation_p(size, freedom.value, sides=sides) for size in (far, near))
    verdict = REPRODUCED if overlaps((low, high), (printed.lower, printed.upper)) else DISCREPANT
    exact = correlation_p(value.value, freedom.value, sides=sides)
    why = f"r {r} on {df} degrees of freedom gives p {show(exact)}; rounding allows {show(low)} to {show(high)}"
    return verdict, why


def _check(name: str, given: Reported, low: float, high: float) -> None:
    if not isfinite(given.value) or not low <= given.value <= high:
        raise InputError(f"{name} is {given.text!r}: expected a number from {low:g} to {high:g}, as printed")
