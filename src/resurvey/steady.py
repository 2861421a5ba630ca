"""Arithmetic that gives bit-identical results on every processor.

NumPy, SciPy and the C library choose at run time the variant of `exp`, `log` and matrix products that is fastest on the
processor; the variants differ in the last bit. Where a choice between candidates follows (a replicate is kept or drawn
again, a match is accepted or rejected), the last bit may change the choice. Additions, multiplications, divisions and
square roots of single numbers are defined to the last bit by IEEE 754; so is anything computed only from them in a
fixed order, as is everything in this module.
"""

from __future__ import annotations

from collections.abc import Callable
from statistics import NormalDist
from typing import overload

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]

PARTS = 64
LN2 = 0.693147180559945309417
# log 2 / PARTS as the sum of two terms, of which the first has few enough bits for exact products
LN2_HIGH = float.fromhex("0x1.62e42fee00000p-1") / PARTS
LN2_LOW = 1.9082149292705877e-10 / PARTS
LARGEST = 708.0


def _powers_of_two() -> Floats:
    """2 to the power of j / PARTS, by square roots, which are correctly rounded."""
    root, table = 2.0, np.ones(PARTS)
    step = PARTS
    while step > 1:
        root, step = float(np.sqrt(root)), step // 2
        for place in range(step, PARTS, 2 * step):
            table[place] = (table[place - step] if place > step else 1.0) * root
    return table


POWERS = _powers_of_two()
LEAST_OCTAVE = 1022
#: Integer powers of two, products with which are exact; the first exponent is -LEAST_OCTAVE.
OCTAVES = np.ldexp(1.0, np.arange(-LEAST_OCTAVE, 1024, dtype=np.int32))


#: Size of the pieces in which arrays are processed, so that intermediate results stay in the cache.
AT_A_TIME = 8192


def _in_pieces(function: Callable[[Floats], Floats], given: Floats) -> Floats:
    """Apply an elementwise function piece by piece, which takes a third of the time."""
    flat = given.ravel()
    out = np.empty(flat.size)
    for first in range(0, flat.size, AT_A_TIME):
        out[first : first + AT_A_TIME] = function(flat[first : first + AT_A_TIME])
    return out.reshape(given.shape)


@overload
def exp(x: float) -> float: ...
@overload
def exp(x: Floats) -> Floats: ...
def exp(x: Floats | float) -> Floats | float:
    """The exponential function, to two units in the last place; 0 and infinity beyond plus and minus 708.

    The argument is split into a multiple of log 2 / 64 and a remainder below 0.0055, for which six terms of the series
    suffice.
    """
    given = np.asarray(x, dtype=float)
    if given.size > AT_A_TIME:
        return _in_pieces(exp, given)
    held = np.fmin(np.fmax(given, -LARGEST), LARGEST)
    steps = np.rint(held * (PARTS / LN2))
    rest = held - steps * LN2_HIGH
    rest -= steps * LN2_LOW
    series = rest * (1 / 120)
    series += 1 / 24
    for term in (1 / 6, 0.5, 1.0):
        series *= rest
        series += term
    series *= rest
    whole = steps.astype(np.int64)
    base = POWERS.take(whole & (PARTS - 1))
    series *= base
    series += base
    out = series * OCTAVES.take((whole >> 6) + LEAST_OCTAVE)
    if not (held == given).all():
        out = np.where(np.isnan(given), np.nan, np.where(given > LARGEST, np.inf, np.where(given < -LARGEST, 0.0, out)))
    return out if out.ndim else float(out)


@overload
def log(x: float) -> float: ...
@overload
def log(x: Floats) -> Floats: ...
def log(x: Floats | float) -> Floats | float:
    """The natural logarithm, to two units in the last place; minus infinity at 0, NaN below.

    The mantissa is brought close to 1, where the series of the inverse hyperbolic tangent converges quickly.
    """
    given = np.asarray(x, dtype=float)
    if given.size > AT_A_TIME:
        return _in_pieces(log, given)
    mantissa, power = np.frexp(given)
    small = mantissa < 0.70710678118654752
    mantissa = np.where(small, 2 * mantissa, mantissa)
    power = (power - small).astype(float)
    with np.errstate(invalid="ignore", divide="ignore"):
        s = (mantissa - 1) / (mantissa + 1)
        square = s * s
        series = square * (1 / 23)
        series += 1 / 21
        for odd in (19, 17, 15, 13, 11, 9, 7, 5, 3):
            series *= square
            series += 1 / odd
        series *= square
        s *= 2
        series *= s
        series += power * (64 * LN2_LOW)
        series += s
        out = power * (64 * LN2_HIGH) + series
    if not ((given > 0) & (given < np.inf)).all():
        out = np.where(given > 0, np.where(np.isinf(given), np.inf, out), np.where(given == 0, -np.inf, np.nan))
    return out if out.ndim else float(out)


def power(x: Floats, exponent: Floats | float) -> Floats:
    """A positive number to any power."""
    with np.errstate(invalid="ignore"):
        return np.asarray(exp(np.asarray(exponent * log(np.asarray(x, dtype=float)))))


#: Number of terms of a matrix product that are computed before they are added up.
AT_ONCE = 300_000
#: Number of cells of a product that are processed together, few enough to stay in the cache.
IN_CACHE = 16_000


def product(a: Floats, b: Floats) -> Floats:
    """Product of two matrices, or of a matrix and a vector; terms are added in order, from first to last."""
    if a.ndim == 1:
        return product(a[None, :], b)[0]
    if b.ndim == 1:
        return product(a, b[:, None])[:, 0]
    if a.shape[0] * a.shape[1] * b.shape[1] <= AT_ONCE:
        # summation over the first of several axes also adds one row after another
        return np.add.reduce(np.ascontiguousarray(a.T)[:, :, None] * b[:, None, :], axis=0)
    out, columns = np.zeros((a.shape[0], b.shape[1])), np.ascontiguousarray(a.T)
    rows = max(IN_CACHE // b.shape[1], 1)
    terms = np.empty((rows, b.shape[1]))
    for first in range(0, len(out), rows):
        part = out[first : first + rows]
        for column, row in zip(columns[:, first : first + rows], b, strict=True):
            part += np.multiply(column[:, None], row, out=terms[: len(part)])
    return out


def cholesky(a: Floats) -> Floats:
    """Lower triangle L of a positive definite matrix, L L' = a.

    Raises
    ------
    numpy.linalg.LinAlgError
        If the matrix is not positive definite.
    """
    left, lower = np.array(a, dtype=float), np.zeros(a.shape)
    for k in range(len(left)):
        if not left[k, k] > 0:
            raise np.linalg.LinAlgError("the matrix is not positive definite")
        column = left[k:, k] / np.sqrt(left[k, k])
        lower[k:, k] = column
        left[k:, k:] -= column[:, None] * column
    return lower


def solve(a: Floats, b: Floats) -> Floats:
    """Solution x of a x = b for a positive definite matrix."""
    return _solved(cholesky(a), b)


def solve_with_log_determinant(a: Floats, b: Floats) -> tuple[Floats, float]:
    """Solution of a x = b for a positive definite matrix, and the logarithm of its determinant."""
    lower = cholesky(a)
    return _solved(lower, b), float(2 * np.asarray(log(np.diag(lower))).sum())


def _solved(lower: Floats, b: Floats) -> Floats:
    """Solution of L L' x = b, by forward and then backward substitution."""
    x = np.array(b, dtype=float)
    for k in range(len(lower)):
        x[k] /= lower[k, k]
        x[k + 1 :] -= np.multiply.outer(lower[k + 1 :, k], x[k])
    for k in range(len(lower) - 1, -1, -1):
        x[k] /= lower[k, k]
        x[:k] -= np.multiply.outer(lower[k, :k], x[k])
    return x


def expm1(x: Floats) -> Floats:
    """exp(x) - 1 without loss of precision near 0 (Kahan's correction by the logarithm)."""
    given = np.asarray(x, dtype=float)
    whole = np.asarray(exp(given))
    less = whole - 1
    with np.errstate(invalid="ignore", divide="ignore"):
        corrected = less * given / np.asarray(log(whole))
    plain = (whole == 0) | ~np.isfinite(corrected)
    return np.where(whole == 1, given, np.where(plain, less, corrected))


def log_add_exp(x: Floats | float, y: Floats) -> Floats:
    """log(exp(x) + exp(y)) without overflow."""
    low, high = np.minimum(x, y), np.maximum(x, y)
    gap = np.asarray(exp(low - high))
    # log(1 + gap), without loss of precision for a small gap
    whole = 1 + gap
    with np.errstate(invalid="ignore", divide="ignore"):
        added = np.where(whole == 1, gap, np.asarray(log(whole)) * gap / (whole - 1))
    return np.where(np.isfinite(high), high + added, high)


def symmetric_eigen(a: Floats, sweeps: int = 30) -> tuple[Floats, Floats]:
    """Eigenvalues and eigenvectors (columns) of a small symmetric matrix, by Jacobi rotations, unsorted."""
    left, axes = np.array(a, dtype=float), np.eye(len(a))
    for _ in range(sweeps):
        if np.abs(left - np.diag(np.diag(left))).max(initial=0.0) <= 1e-15 * np.abs(left).max(initial=0.0):
            break
        for i in range(len(left) - 1):
            for j in range(i + 1, len(left)):
                _rotate(left, axes, i, j)
    return np.diag(left).copy(), axes


def _rotate(left: Floats, axes: Floats, i: int, j: int) -> None:
    """The rotation that makes element i, j vanish (in place)."""
    if left[i, j] == 0:
        return
    slope = (left[j, j] - left[i, i]) / (2 * left[i, j])
    tangent = (1.0 if slope >= 0 else -1.0) / (abs(slope) + np.sqrt(slope * slope + 1))
    cosine = 1 / np.sqrt(tangent * tangent + 1)
    sine = tangent * cosine
    for lines in (left.T, axes.T, left):
        first, second = lines[i].copy(), lines[j].copy()
        lines[i], lines[j] = cosine * first - sine * second, sine * first + cosine * second


def normal_cdf(x: Floats) -> Floats:
    """Distribution function of the standard normal, to 1e-7.

    References
    ----------
    .. [1] Abramowitz, M. and Stegun, I. A. (1964). Handbook of Mathematical Functions, formula 7.1.26.
    """
    away = np.abs(np.asarray(x, dtype=float)) * np.sqrt(0.5)
    t = 1 / (1 + 0.3275911 * away)
    series = ((((1.061405429 * t - 1.453152027) * t + 1.421413741) * t - 0.284496736) * t + 0.254829592) * t
    tail = 0.5 * series * np.asarray(exp(-(away * away)))
    return np.where(np.asarray(x) < 0, tail, 1 - tail)


def normal_quantile(probability: float) -> float:
    """Quantile of the standard normal, to twelve decimals."""
    return round(NormalDist().inv_cdf(probability), 12)


def critical_value(level: float) -> float:
    """Normal quantile of a two-sided confidence level: 1.96 for 0.95."""
    return normal_quantile(0.5 + level / 2)


DIGITS = 10


def settled(value: float) -> float:
    """Round a number to ten significant digits, more than are ever printed, to remove differences in the last bits."""
    return float(f"{float(value):.{DIGITS}g}")


def settled_array(values: ArrayLike) -> Floats:
    """Round each number to ten significant digits; infinities and missing values are kept."""
    given = np.asarray(values, dtype=float)
    return np.array([settled(value) for value in given.ravel()], dtype=float).reshape(given.shape)
