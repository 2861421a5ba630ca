"""Fleming's single- and multi-stage designs for a proportion, with their actual error rates."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from resurvey.design import arguments
from resurvey.design.binomial import BinomialDesign, check_proportions, pmf, upper_tail
from resurvey.design.equation import round_up
from resurvey.errors import InputError

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class FlemingDesign:
    """Two stages: after `n1` patients stop for futility with at most `a1` responses, for activity with at least `r1`.

    After all `n` reject the null with at least `r` responses. `alpha` and `power` are exact; `expected_null` and
    `expected_alternative` are expected numbers of patients.
    """

    n1: int
    a1: int
    r1: int
    n: int
    r: int
    alpha: float
    power: float
    expected_null: float
    expected_alternative: float


def _quantiles(alpha: float, power: float) -> tuple[float, float]:
    from scipy.special import ndtri

    return float(-ndtri(alpha)), float(ndtri(power))


def _nearest(value: float) -> int:
    """Nearest whole number, halves up."""
    return math.floor(value + 0.5)


def fleming_one_stage(null: float, alternative: float, *, alpha: float, power: float) -> BinomialDesign:
    r"""Single-stage design by the normal approximation, with exact error rates.

    :math:`n = ((z_\beta \sqrt{p_1 q_1} + z_\alpha \sqrt{p_0 q_0}) / (p_1 - p_0))^2`, rejecting with at least :math:`[n
    p_0 + z_\alpha \sqrt{n p_0 q_0}] + 1` responses; the bracket is rounded to the nearest whole number.

    References
    ----------
    .. [1] Fleming, T. R. (1982). Biometrics 38, 143-151.
    """
    check_proportions(null, alternative, alpha, power)
    n = _size(null, alternative, alpha, power)
    r = _reject(n, n, null, alpha)
    return BinomialDesign(null, alternative, n, r, upper_tail(n, r, null), upper_tail(n, r, alternative))


def _size(null: float, alternative: float, alpha: float, power: float) -> int:
    z, beta = _quantiles(alpha, power)
    root = beta * math.sqrt(alternative * (1 - alternative)) + z * math.sqrt(null * (1 - null))
    return round_up((root / (alternative - null)) ** 2)


def _reject(seen: int, total: int, null: float, alpha: float) -> int:
    """Smallest number of responses among `seen` patients that rejects."""
    z, _ = _quantiles(alpha, 0.5)
    return _nearest(seen * null + z * math.sqrt(total * null * (1 - null))) + 1


def fleming_two_stage(
    null: float,
    alternative: float,
    *,
    alpha: float,
    power: float,
    n: int | None = None,
    n1: int | None = None,
) -> FlemingDesign:
    r"""Two-stage design that may stop early for futility or for activity.

    Parameters
    ----------
    null, alternative : float
        Response proportions, null < alternative.
    alpha, power : float
        One-sided level and power of the single-stage design it is based on; the result has the actual ones.
    n, n1 : int, optional
        Patients in total and in the first stage; by default the size of the single-stage design (rounded to an even
        number), and half of it.

    Raises
    ------
    InputError
        If a proportion, an error rate or a number of patients is out of range.

    Notes
    -----
    With :math:`\tilde p = (\sqrt{N p_0} + z_\alpha \sqrt{1 - p_0})^2 / (N + z_\alpha^2)` the first stage is stopped for
    futility at :math:`[n_1 \tilde p - z_\alpha \sqrt{N \tilde p (1 - \tilde p)}]` responses or fewer.

    References
    ----------
    .. [1] Fleming, T. R. (1982). Biometrics 38, 143-151. Section 3.
    """
    check_proportions(null, alternative, alpha, power)
    total = 2 * math.ceil(_size(null, alternative, alpha, power) / 2) if n is None else arguments.whole("n", n, 2)
    first = total // 2 if n1 is None else arguments.whole("n1", n1)
    if first >= total:
        raise InputError(f"n1 ({first}) must be below n ({total})")
    z, _ = _quantiles(alpha, power)
    tilde = (math.sqrt(total * null) + z * math.sqrt(1 - null)) ** 2 / (total + z**2)
    accept = _nearest(first * tilde - z * math.sqrt(total * tilde * (1 - tilde)))
    reject, last = _reject(first, total, null, alpha), _reject(total, total, null, alpha)
    accept = max(accept, -1)
    attained = [_characteristics(first, accept, reject, total, last, p) for p in (null, alternative)]
    return FlemingDesign(
        n1=first,
        a1=accept,
        r1=reject,
        n=total,
        r=last,
        alpha=attained[0][0],
        power=attained[1][0],
        expected_null=attained[0][1],
        expected_alternative=attained[1][1],
    )


def two_stage_rejection(n1: int, futile: int, n: int, r: int, p: float) -> float:
    """Probability of rejection if the first stage can stop only for futility (as in Simon's design)."""
    return _characteristics(n1, futile, n1 + 1, n, r, p)[0]


def _characteristics(n1: int, a1: int, r1: int, n: int, r: int, p: float) -> tuple[float, float]:
    """Probability of rejection, and expected number of patients."""
    first: Floats = pmf(n1, p)
    going = np.arange(a1 + 1, min(r1, n1 + 1))
    early = float(first[r1:].sum())
    later = sum(float(first[x]) * upper_tail(n - n1, max(r - int(x), 0), p) for x in going)
    return early + later, n1 + (n - n1) * float(first[going].sum())
