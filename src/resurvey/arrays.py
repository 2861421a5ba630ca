"""Input checks shared by all numerical functions: masked entries, and magnitudes beyond floating-point arithmetic."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from resurvey.errors import InputError

#: Largest magnitude whose square still fits a float, with room for sums.
LARGEST = 1e100
#: Standard errors in one analysis whose ratio exceeds this lose the smaller weight in a sum; the ratio between any two
#: real studies is less than a hundredth of it.
MOST_APART = 1e4
#: An estimate of more standard errors than this claims more digits than a float can hold.
MOST_ERRORS = 1e12
#: Most replicates, draws or simulated patients of one call: enough for three digits of a rare share.
MOST_DRAWS = 10_000_000
#: Most replicates of one call that are fitted one after the other.
MOST_REPLICATES = 100_000


def unmasked(values: ArrayLike, name: str = "values") -> ArrayLike:
    """Return the values, refusing masked entries: the mask would be ignored and the hidden values used.

    Raises
    ------
    InputError
        If an entry is masked; names the first one.
    """
    if isinstance(values, np.ma.MaskedArray) and np.ma.is_masked(values):
        place = int(np.flatnonzero(np.ma.getmaskarray(values).ravel())[0])
        raise InputError(f"{name}: entry {place} is masked; leave masked entries out (`compressed`), and say so")
    return values


def check_size(name: str, value: float, *, least: float = 0.0) -> None:
    """Refuse a number too large, or too close to 0 where `least` is given, for its square to be representable.

    Raises
    ------
    InputError
        Names the number and the range allowed.
    """
    if not least <= abs(value) <= LARGEST:
        allowed = f"at most {LARGEST:g}" if not least else f"between {least:g} and {LARGEST:g}"
        raise InputError(f"{name} is {value:g}, and must be {allowed} in size: no trial gives such a number")


def check_count(name: str, value: float, least: int, most: int) -> int:
    """Return a number of replicates, draws or patients as an integer.

    Raises
    ------
    InputError
        If it is not a whole number between `least` and `most`.
    """
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or not least <= value <= most:
        raise InputError(f"{name} must be a whole number from {least:,} to {most:,}, found {value!r}")
    return int(value)


def check_errors(estimates: NDArray[np.float64], errors: NDArray[np.float64], names: Sequence[str]) -> None:
    """Refuse standard errors that cannot be combined in one sum of weights, or that are impossible for an estimate.

    Parameters
    ----------
    estimates, errors : (n,) ndarray
    names : sequence of str
        Name of each estimate, for messages.

    Raises
    ------
    InputError
        Names the estimate that is out of proportion.
    """
    large, small = (int(np.argmax(values)) for values in (np.abs(estimates), -errors))
    check_size(f"{names[large]}: estimate", float(estimates[large]))
    check_size(f"{names[int(np.argmax(errors))]}: se", float(errors.max()))
    check_size(f"{names[small]}: se", float(errors[small]), least=1 / LARGEST)
    sure = int(np.argmax(np.abs(estimates) / errors))
    if abs(estimates[sure]) > MOST_ERRORS * errors[sure]:
        raise InputError(
            f"{names[sure]}: estimate {estimates[sure]:g} with se {errors[sure]:g}: no study is that precise"
        )
    low, high = int(np.argmin(errors)), int(np.argmax(errors))
    if errors[high] > MOST_APART * errors[low]:
        raise InputError(
            f"{names[low]} has se {errors[low]:g}, {names[high]} has {errors[high]:g}: standard errors more than "
            f"{MOST_APART:,.0f} times apart are not of one kind; check the smaller one"
        )
