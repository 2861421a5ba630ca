"""The design equation, solved for size, power, alpha or the alternative median."""

from __future__ import annotations

import math
from dataclasses import replace
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from resurvey.design.methods import Method, Setting, effect_of
from resurvey.errors import NotEstimable

LARGEST = 2_000_000
Floats = NDArray[np.float64]


@lru_cache(maxsize=4096)
def _upper_quantile(tail: float) -> float:
    from scipy.special import ndtri

    return float(-ndtri(tail))


def round_up(value: float) -> int:
    """Round up to a whole number, with a tolerance for floating-point error."""
    return math.ceil(value - 1e-9 * max(1.0, abs(value)))


def required_size(method: Method, setting: Setting, *, alpha: float, power: float, sides: int) -> float:
    """Unrounded size (events or patients, whichever the method counts) that gives `power`.

    For an exact test, the continuous solution where there is one (chi-square), otherwise a whole number.
    """
    tail = alpha / sides
    if method.effect is not None:
        effect = effect_of(method, setting)
        z = _upper_quantile(tail) * effect.sd_null + _upper_quantile(1 - power) * effect.sd_alternative
        return (z / effect.shift) ** 2
    # No exact test here depends on the course of the trial; without it cached results can be reused.
    return _exact_size(method, replace(setting, course=None), tail, power)


@lru_cache(maxsize=4096)
def _exact_size(method: Method, setting: Setting, tail: float, power: float) -> float:
    if not method.discrete:
        return _smooth_size(method, setting, tail, power)
    return float(_discrete_size(method, setting, tail, power))


def _exact(method: Method, setting: Setting, size: float, tail: float) -> float:
    return float(_exact_powers(method, setting, np.array([size], dtype=float), tail)[0])


def _exact_powers(method: Method, setting: Setting, sizes: Floats, tail: float) -> Floats:
    assert method.exact is not None
    return method.exact(setting, sizes, tail)


def _smooth_size(method: Method, setting: Setting, tail: float, power: float) -> float:
    from scipy.optimize import brentq

    high = 1.0
    while _exact(method, setting, high, tail) < power:
        high *= 2
        if high > LARGEST:
            raise NotEstimable(f"method {method.name}: more than {LARGEST} events would be needed; check the medians")
    low = 1e-3
    if _exact(method, setting, low, tail) >= power:
        return low
    return float(brentq(lambda d: _exact(method, setting, d, tail) - power, low, high, xtol=1e-11))


def _discrete_size(method: Method, setting: Setting, tail: float, power: float) -> int:
    """Smallest size with the power, or the smallest such that every larger size has it too (power is a saw-tooth)."""
    guess = _sawtooth_guess(setting, tail, power, method)
    first = _first_with(method, setting, tail, power, guess)
    if not method.keeps:
        return first
    # The dips of the saw-tooth shrink like 1 / sqrt(size): the last one lies below twice the first size plus a margin.
    later = np.arange(first, 2.0 * first + 60)
    dips = later[_exact_powers(method, setting, later, tail) < power]
    return int(dips[-1]) + 1 if dips.size else first


def _sawtooth_guess(setting: Setting, tail: float, power: float, method: Method) -> int:
    shift = abs(math.log(setting.hazard_ratio))
    size = ((_upper_quantile(tail) + _upper_quantile(1 - power)) / shift) ** 2
    if size > LARGEST / 10:
        raise NotEstimable(f"method {method.name}: about {size:.0f} events would be needed; check the medians")
    return int(size)


def _first_with(method: Method, setting: Setting, tail: float, power: float, guess: int) -> int:
    start, end, last = 1, 2 * guess + 40, 20 * guess + 400
    while start < last:  # usually found in the first block; a block takes hardly longer than one size
        sizes = np.arange(start, min(end, last), dtype=float)
        enough = np.flatnonzero(_exact_powers(method, setting, sizes, tail) >= power)
        if enough.size:
            return int(sizes[enough[0]])
        start, end = end, 2 * end
    raise NotEstimable(f"method {method.name}: no size up to {last} reaches power {power:g}")


def power_at(method: Method, setting: Setting, size: float, *, alpha: float, sides: int) -> float:
    """Power of a given size (in the unit the method counts)."""
    from scipy.special import ndtr

    if method.effect is None:
        return _exact(method, setting, size, alpha / sides)
    effect = effect_of(method, setting)
    z = abs(effect.shift) * math.sqrt(size) - _upper_quantile(alpha / sides) * effect.sd_null
    return float(ndtr(z / effect.sd_alternative))


def alpha_at(method: Method, setting: Setting, size: float, *, power: float, sides: int) -> float:
    """Significance level (of a test with that many sides) at which a given size has the power."""
    from scipy.special import ndtr

    if method.effect is not None:
        effect = effect_of(method, setting)
        z = abs(effect.shift) * math.sqrt(size) - _upper_quantile(1 - power) * effect.sd_alternative
        return min(1.0, sides * float(ndtr(-z / effect.sd_null)))
    return min(1.0, sides * _smallest_level(method, setting, size, power))


def _smallest_level(method: Method, setting: Setting, size: float, power: float) -> float:
    """Smallest one-sided level at which an exact test of that size has the power (power increases with the level)."""
    low, high = 1e-12, 1 - 1e-12
    for _ in range(200):
        middle = math.sqrt(low * high) if low < 1e-3 else (low + high) / 2
        low, high = (low, middle) if _exact(method, setting, size, middle) >= power else (middle, high)
        if high - low < 1e-13 * high:
            break
    return high


def median_at(method: Method, setting: Setting, size: float, *, alpha: float, power: float, sides: int) -> float:
    """Alternative median that a given size detects with the power, on the same side of the null as in the setting.

    Raises
    ------
    NotEstimable
        If no median is detected with this power by that many events or patients.
    """
    from scipy.optimize import brentq

    longer = setting.alternative_median > setting.null_median

    def gap(log_ratio: float) -> float:
        median = setting.null_median * math.exp(log_ratio if longer else -log_ratio)
        other = replace(setting, alternative_median=median)
        return power_at(method, other, size, alpha=alpha, sides=sides) - power

    low, high = 1e-6, 0.05
    if gap(low) > 0:
        raise NotEstimable(
            f"method {method.name}: {size:g} detect every median that differs from {setting.null_median:g}"
        )
    while gap(high) < 0:
        high *= 1.5
        if high > 20:
            raise NotEstimable(f"method {method.name}: no median is detected with power {power:g} by {size:g}")
    root = float(brentq(gap, low, high, xtol=1e-12))
    return setting.null_median * math.exp(root if longer else -root)
