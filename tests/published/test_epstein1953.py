"""Epstein, B. and Sobel, M. (1953). Life testing. JASA 48, 486-502: the exact chi-square test of an exponential mean.

Numbers of events and attained power at one-sided 5 %, closed form (also Phadnis 2019, Contemp Clin Trials Commun 14).
"""

import pytest

from resurvey.design import power_given_events, single_arm


@pytest.mark.parametrize(
    ("ratio", "power", "events", "attained"),
    [(3 / 7, 0.8, 9, 0.8274186), (0.5, 0.8, 13, 0.8172106), (2 / 3, 0.9, 52, 0.9017706)],
)
@pytest.mark.parametrize("method", ["exact_chi_square", "exact_chi_square_smallest"])
def test_smallest_number_of_events(ratio, power, events, attained, method):
    # After exactly d events the power rises with d, so that the smallest d is also the one that keeps the power.
    design = single_arm(ratio, 1, alpha=0.05, power=power, sides=1, method=method)
    assert design.events == events
    assert design.nominal_power == pytest.approx(attained, abs=5e-8)
    assert power_given_events(ratio, 1, events=events - 1, alpha=0.05, sides=1, method=method) < power
