"""Altman, D. G. and Bland, J. M. (2011). How to obtain the P value from a confidence interval. BMJ 343, d2304."""

import numpy as np
import pytest

from resurvey.audit import wald
from resurvey.audit.handlers import alone


def test_worked_ratio():
    # Relative risk 0.81, 95 % interval 0.70 to 0.94: SE 0.075, z 2.81, P 0.005.
    row = {"endpoint": "OS", "measure": "RR", "value": "0.81", "lower": "0.70", "upper": "0.94", "p": "0.005"}
    checks = alone({"hazard_ratios": [row]}, ["ratio-p", "ratio-interval"])
    assert set(checks["verdict"]) == {"reproduced"}


def test_lopsided_interval_must_be_flagged():
    # A printed hazard ratio of 4.64 with 1.33 to 6.16 (CARDia trial): the width around 4.64 gives 2.1560 to 9.9858, the
    # geometric middle of the interval is 2.86.
    half = np.log(6.16 / 1.33) / 2
    assert 4.64 * np.exp([-half, half]) == pytest.approx([2.1560, 9.9858], abs=1e-4)
    low, high = wald.centre(wald.Box(*np.full((3, 1), 1.33)), wald.Box(*np.full((3, 1), 6.16)))
    assert low[0] == high[0] == pytest.approx(2.86, abs=0.005)
    row = {"endpoint": "OS", "measure": "HR", "value": "4.64", "lower": "1.33", "upper": "6.16"}
    assert alone({"hazard_ratios": [row]}, ["ratio-interval"])["verdict"].tolist() == ["discrepant"]


# Must not be flagged: a stratified ratio (AURA3: 0.30, 0.23 to 0.41, P < 0.001), an interval of 90 % said to be one, a
# one-sided p said to be one, an adjusted ratio.
@pytest.mark.parametrize(
    "cells",
    [
        {"value": "0.30", "lower": "0.23", "upper": "0.41", "p": "<0.001", "model": "stratified"},
        {"value": "0.81", "lower": "0.55", "upper": "1.21", "ci_level": "90", "p": "0.39"},
        {"value": "0.89", "lower": "0.73", "upper": "1.08", "p": "0.1166", "p_sided": "1"},
        {"value": "0.74", "lower": "0.61", "upper": "0.91", "p": "0.004", "model": "multivariable"},
    ],
)
def test_must_not_be_flagged(cells):
    checks = alone({"hazard_ratios": [{"endpoint": "PFS", "measure": "HR", **cells}]}, ["ratio-p", "ratio-interval"])
    assert set(checks["verdict"]) == {"reproduced"}
