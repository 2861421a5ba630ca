"""Differences of medians and of landmark survival."""

import math

import numpy as np
import pytest

from resurvey.errors import InputError, NotEstimable
from resurvey.survival import compare_landmarks, compare_quantiles, kaplan_meier, survival_at
from resurvey.survival.difference import recovered_difference

RNG = np.random.default_rng(7)
FIRST = np.repeat([1, 0], 60)
TIME = RNG.exponential(10 + 5 * FIRST)
EVENT = (RNG.uniform(size=120) < 0.8).astype(int)


def test_symmetric_intervals_give_the_wald_interval():
    # 3 +- 1.96 * 0.5 and 1 +- 1.96 * 1.2: difference 2 +- 1.96 * 1.3
    both = np.array([[3, 3 - 0.98, 3 + 0.98], [1, 1 - 2.352, 1 + 2.352]])
    assert recovered_difference(*both.T) == pytest.approx((2, 2 - 2.548, 2 + 2.548))


def test_skewed_intervals_by_hand():
    # Zou and Donner, formula 2: lower = 2 - sqrt(1 + 16), upper = 2 + sqrt(9 + 4)
    assert recovered_difference(np.array([5, 3]), np.array([4, 1]), np.array([8, 7])) == pytest.approx(
        (2, 2 - 17**0.5, 2 + 13**0.5)
    )


def test_plain_landmark_is_wald():
    result = compare_landmarks(TIME, EVENT, FIRST, 5, transform="plain")
    arms = [survival_at(kaplan_meier(TIME[mark], EVENT[mark]), [5]).iloc[0] for mark in (FIRST > 0, FIRST < 1)]
    se = math.hypot(arms[0]["se"], arms[1]["se"])
    assert result.difference == pytest.approx(arms[0]["survival"] - arms[1]["survival"])
    assert result.upper - result.difference == pytest.approx(1.959964 * se, rel=1e-6)
    assert result.p == pytest.approx(math.erfc(abs(result.difference) / se / math.sqrt(2)), rel=1e-6)


@pytest.mark.parametrize("compare", [compare_quantiles, lambda *a, **k: compare_landmarks(*a, 6.0, **k)])
def test_swapping_the_arms(compare):
    result, swapped = compare(TIME, EVENT, FIRST), compare(TIME, EVENT, 1 - FIRST)
    assert (swapped.difference, swapped.lower, swapped.upper) == pytest.approx(
        (-result.difference, -result.upper, -result.lower)
    )
    assert swapped.ratio == pytest.approx(1 / result.ratio)
    assert swapped.p == pytest.approx(result.p)


def test_p_and_interval_agree():
    result = compare_landmarks(TIME, EVENT, FIRST, 6)
    edge = compare_landmarks(TIME, EVENT, FIRST, 6, level=1 - result.p)
    limit = edge.lower if result.difference > 0 else edge.upper
    assert limit == pytest.approx(0, abs=0.01)


def test_refusals():
    with pytest.raises(NotEstimable, match=r"survival of 0\.45: its quantile is not reached"):
        compare_quantiles([1, 2, 3, 4], [1, 0, 1, 1], [1, 1, 0, 0], 0.45)
    with pytest.raises(InputError, match="second arm: time 5 is not within the follow-up, 0 to 4"):
        compare_landmarks([1, 6, 3, 4], [1, 0, 1, 0], [1, 1, 0, 0], 5)
    with pytest.raises(NotEstimable, match="no event happens up to 1 in either arm"):
        compare_landmarks([2, 6, 3, 4], [1, 0, 1, 0], [1, 1, 0, 0], 1)
    with pytest.raises(NotEstimable, match="survival is 0 at 4"):
        compare_landmarks([1, 6, 3, 4], [1, 0, 1, 1], [1, 1, 0, 0], 4)
