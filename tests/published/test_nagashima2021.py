"""Nagashima, K. et al. (2021). Pharmaceutical Statistics 20, 499-511: landmark survival on transformed scales.

Numbers of rashnu's web calculator (onesurvyr) and of the vignette of the R package SampleSizeSingleArmSurvival.
"""

import math

import pytest

from resurvey.design import single_arm


def median_of(survival: float, time: float) -> float:
    """Exponential median with that survival at that time."""
    return math.log(2) * time / -math.log(survival)


def patients(s0, s1, time, accrual, follow_up, method):
    design = single_arm(
        median_of(s0, time),
        median_of(s1, time),
        alpha=0.05,
        power=0.8,
        sides=1,
        accrual=accrual,
        follow_up=follow_up,
        landmark=time,
        method=method,
        check_units=False,  # a survival of 0.90 or 0.96 at 18 months is a median of many years
    )
    return design.patients


@pytest.mark.parametrize(
    ("method", "n"),
    [
        ("landmark_arcsine", 37),
        ("landmark_log_log", 33),
        ("landmark_logit", 42),
        ("landmark_log", 56),
        ("landmark_log_both", 44),  # rashnu calls it SWOG-log
        ("landmark_identity", 33),
    ],
)
def test_rashnu_thirty_against_fifty_per_cent_at_twelve(method, n):
    assert patients(0.30, 0.50, 12, 24, 12, method) == n


@pytest.mark.parametrize(("s0", "s1", "accrual", "n"), [(0.90, 0.96, 24, 107), (0.80, 0.85, 36, 356)])
def test_vignette_of_sample_size_single_arm_survival(s0, s1, accrual, n):
    assert patients(s0, s1, 18, accrual, 24, "arcsine") == n
