"""Checks of design arguments; error messages say what was found and what to do."""

from __future__ import annotations

import math

from resurvey.errors import InputError

# Above these ratios one of the two numbers is almost certainly in another unit (days, weeks or years, not months).
MEDIAN_OVER_TRIAL = 2.5
MEDIAN_OVER_LONGER_PART = 6.0
TRIAL_OVER_MEDIAN = 80.0
# No time, number of patients or rate of a trial is larger.
LARGEST = 1e15


def finite(name: str, value: float) -> float:
    """Return `value` as a float; raise an error if it is not a finite number.

    Raises
    ------
    InputError
        If it is not a finite number; the message names it.
    """
    try:
        number = float(value)
    except (TypeError, ValueError):
        raise InputError(f"{name} must be a number, found {value!r}") from None
    if not math.isfinite(number):
        raise InputError(f"{name} must be finite, found {number}: give the printed value or leave the argument out")
    if abs(number) > LARGEST:
        raise InputError(f"{name} is {number:g}: no trial has a number of this size; check its unit and digits")
    return number


def positive(name: str, value: float) -> float:
    """Return a finite number above 0.

    Raises
    ------
    InputError
        If it is not a number above 0.
    """
    number = finite(name, value)
    if number <= 0:
        raise InputError(f"{name} must be above 0, found {number:g}")
    return number


def weibull_shape(value: float) -> float:
    """Return the shape of a Weibull distribution, which for times of patients lies between 0.05 and 20.

    Raises
    ------
    InputError
        If it is not a number in this range.
    """
    number = positive("shape", value)
    if not 0.05 <= number <= 20:
        raise InputError(f"shape must lie between 0.05 and 20, found {number:g}: no hazard of patients is as steep")
    return number


def not_negative(name: str, value: float) -> float:
    """Return a finite number that is 0 or more.

    Raises
    ------
    InputError
        If it is not a number, or is below 0.
    """
    number = finite(name, value)
    if number < 0:
        raise InputError(f"{name} must not be negative, found {number:g}")
    return number


def proportion(name: str, value: float) -> float:
    """Return a number strictly between 0 and 1; the message suggests that a percentage may have been given.

    Raises
    ------
    InputError
        If it does not lie strictly between 0 and 1.
    """
    number = finite(name, value)
    if 0 < number < 1:
        return number
    hint = f": {number:g} looks like a percentage, give {number / 100:g}" if 1 <= number < 100 else ""
    raise InputError(f"{name} must lie strictly between 0 and 1, found {number:g}{hint}")


def dropout_proportion(value: float) -> float:
    """Return a dropout proportion in [0, 1); the message suggests that a percentage may have been given."""
    return 0.0 if finite("dropout", value) == 0 else proportion("dropout", value)


def whole(name: str, value: float, least: int = 1) -> int:
    """Return a whole number of at least `least`.

    Raises
    ------
    InputError
        If it is not a whole number, or is below the least.
    """
    number = finite(name, value)
    if number != int(number) or number < least:
        raise InputError(f"{name} must be a whole number of at least {least}, found {number:g}")
    return int(number)


def choice(name: str, value: str, allowed: object) -> str:
    """Return `value` if it is one of `allowed`; otherwise raise an error that lists them.

    Raises
    ------
    InputError
        If it is not one of the names; the message lists them.
    """
    names = list(allowed)  # type: ignore[call-overload]
    if value not in names:
        raise InputError(f"{name} {value!r} is not known; choose one of {', '.join(map(str, names))}")
    return value


def errors_and_sides(alpha: float, power: float | None, sides: int) -> None:
    """Check error rates: each within (0, 1), power above alpha, and 1 or 2 sides.

    Raises
    ------
    InputError
        If an error rate is not a proportion, sides is neither 1 nor 2, or the power is not above alpha.
    """
    proportion("alpha", alpha)
    if sides not in (1, 2):
        raise InputError(f"sides must be 1 or 2, found {sides!r}")
    if power is None:
        return
    proportion("power", power)
    if power <= alpha:
        raise InputError(
            f"power ({power:g}) must be above alpha ({alpha:g}): a test that ignores the data already has power alpha"
        )


def medians(null_median: float, alternative_median: float) -> None:
    """Check that two medians are positive, finite and different.

    Raises
    ------
    InputError
        If a median is not above 0, both are equal, or one is a million times the other.
    """
    null, alternative = positive("null_median", null_median), positive("alternative_median", alternative_median)
    if not 1e-6 <= alternative / null <= 1e6:
        raise InputError(f"medians of {null:g} and {alternative:g} cannot be in one unit: check both")
    if math.isclose(null, alternative, rel_tol=1e-9):
        raise InputError(
            f"null_median and alternative_median are both {null:g}: no sample size tells equal medians apart; "
            "give the historical value as null_median and the hoped-for value as alternative_median"
        )


def same_unit(null_median: float, alternative_median: float, accrual: float, follow_up: float) -> None:
    """Check that medians and trial times can plausibly be in one unit (not 240 days and 32 months).

    Raises
    ------
    InputError
        If the trial has no duration, or the median and the durations cannot be in one unit.
    """
    shorter, longer = sorted((null_median, alternative_median))
    total, part = accrual + follow_up, max(accrual, follow_up)
    advice = "give all times in one unit; if the numbers are right, pass check_units=False"
    if total <= 0:
        raise InputError("accrual and follow_up are both 0: a trial of no duration observes no events")
    if longer > MEDIAN_OVER_TRIAL * total or longer > MEDIAN_OVER_LONGER_PART * part:
        raise InputError(
            f"a median of {longer:g} with an accrual of {accrual:g} and a follow-up of {follow_up:g} looks like a "
            f"mix-up of units (days or weeks for months?); {advice}"
        )
    if total > TRIAL_OVER_MEDIAN * shorter:
        raise InputError(
            f"a median of {shorter:g} with an accrual of {accrual:g} and a follow-up of {follow_up:g} looks like a "
            f"mix-up of units (years for months?); {advice}"
        )
