"""What every function of numbers refuses alike: masked entries, and sizes that no arithmetic of floats survives."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from resurvey.errors import InputError

#: Beyond it, a square no longer fits a float with room for sums.
LARGEST = 1e100
#: Standard errors of one analysis further apart than this share no digits in a sum of their weights; those of any two
#: studies differ by less than a hundredth of it.
MOST_APART = 1e4
#: An estimate of more standard errors than this has fewer digits than it claims.
MOST_ERRORS = 1e12


def unmasked(values: ArrayLike, name: str = "values") -> ArrayLike:
    """The values, which must not be masked in part: the mask would be ignored, and what it hides counted.

    Raises
    ------
    InputError
        With the first entry that is masked.
    """
    if isinstance(values, np.ma.MaskedArray) and np.ma.is_masked(values):
        place = int(np.flatnonzero(np.ma.getmaskarray(values).ravel())[0])
        raise InputError(f"{name}: entry {place} is masked; leave masked entries out (`compressed`), and say so")
    return values


def check_size(name: str, value: float, *, least: float = 0.0) -> None:
    """Refuse a number too large, or too near 0 where `least` is given, for its square to be one.

    Raises
    ------
    InputError
        With the number and what is allowed.
    """
    if not least <= abs(value) <= LARGEST:
        allowed = f"at most {LARGEST:g}" if not least else f"between {least:g} and {LARGEST:g}"
        raise InputError(f"{name} is {value:g}, and must be {allowed} in size: no trial gives such a number")


def check_errors(estimates: NDArray[np.float64], errors: NDArray[np.float64], names: Sequence[str]) -> None:
    """Refuse standard errors that cannot stand in one sum of weights, or that no estimate has.

    Parameters
    ----------
    estimates, errors : (n,) ndarray
    names : sequence of str
        What each is called.

    Raises
    ------
    InputError
        With the one that is out of proportion.
    """
    large, small = (int(np.argmax(values)) for values in (np.abs(estimates), -errors))
    check_size(f"{names[large]}: estimate", float(estimates[large]))
    check_size(f"{names[int(np.argmax(errors))]}: se", float(errors.max()))
    check_size(f"{names[small]}: se", float(errors[small]), least=1 / LARGEST)
    sure = int(np.argmax(np.abs(estimates) / errors))
    if abs(estimates[sure]) > MOST_ERRORS * errors[sure]:
        raise InputError(
            f"{names[sure]}: estimate {estimates[sure]:g} with se {errors[sure]:g}: no study is as sure as that"
        )
    low, high = int(np.argmin(errors)), int(np.argmax(errors))
    if errors[high] > MOST_APART * errors[low]:
        raise InputError(
            f"{names[low]} has se {errors[low]:g}, {names[high]} has {errors[high]:g}: standard errors more than "
            f"{MOST_APART:,.0f} times apart are not of one kind; check the smaller one"
        )
