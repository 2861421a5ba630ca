"""Restricted means of the primary biliary cirrhosis trial, the worked example of survRM2 (Uno et al. 2014).

Uno, H. et al. Vignette of survRM2, `rmst2(time, status, arm, tau = 10)`, printed to three digits; times in years, death
as the event, 312 patients, arm 1 D-penicillamine.
"""

import pytest

from resurvey.survival import compare_restricted_means
from tests.published.pbc_trial import EVENT, PENICILLAMINE, TIME_YEARS

PRINTED = 5e-4


@pytest.fixture(scope="module")
def result():
    return compare_restricted_means(TIME_YEARS, EVENT, PENICILLAMINE, 10)


def test_the_data_are_those_of_the_vignette():
    assert (len(TIME_YEARS), int(PENICILLAMINE.sum()), int(EVENT.sum())) == (312, 158, 125)


def test_means_of_the_arms(result):
    first, second = result.first, result.second
    assert (first.mean, first.se, first.lower, first.upper) == pytest.approx((7.146, 0.283, 6.592, 7.701), abs=PRINTED)
    assert (second.mean, second.se) == pytest.approx((7.283, 0.295), abs=PRINTED)
    assert (first.lost, second.lost) == pytest.approx((2.854, 2.717), abs=PRINTED)


def test_difference(result):
    assert result.difference == pytest.approx(-0.13692276, abs=5e-9)
    limits = (result.difference_lower, result.difference_upper)
    assert limits == pytest.approx((-0.939, 0.665), abs=PRINTED)
    assert result.difference_p == pytest.approx(0.738, abs=PRINTED)


def test_ratios(result):
    assert (result.ratio, result.ratio_lower, result.ratio_upper) == pytest.approx((0.981, 0.878, 1.096), abs=PRINTED)
    assert result.ratio_p == pytest.approx(0.738, abs=PRINTED)
    lost = (result.lost_ratio, result.lost_ratio_lower, result.lost_ratio_upper)
    assert lost == pytest.approx((1.050, 0.787, 1.402), abs=PRINTED)
