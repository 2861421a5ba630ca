"""Lifetimes of two groups of flies, the `waltons` data that lifelines ships.

The variance is Greenwood's (R: survfit, print(rmean = 10), squared); the one that lifelines 0.30.3 returns, 0.516436,
is not, and a factor of 34 too great.
"""

import pytest
from lifelines.datasets import load_waltons

from resurvey.survival import restricted_mean


def test_restricted_mean_and_its_variance():
    flies = load_waltons()
    group = flies[flies["group"] == "miR-137"]
    result = restricted_mean(group["T"], group["E"], 10)
    assert result.mean == pytest.approx(9.794117647, abs=5e-10)
    assert result.se**2 == pytest.approx(0.0151892937, abs=5e-11)
