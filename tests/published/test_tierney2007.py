"""Tierney, J. F. et al. (2007). Practical methods for incorporating summary time-to-event data. Trials 8, 16."""

import numpy as np
import pytest

from resurvey.audit import wald
from resurvey.audit.handlers import alone


def test_z_of_a_printed_p():
    # Method 7 uses the z score of the p value: p 0.075 has z 1.78.
    assert wald.z_of_p(np.array([0.075]))[0] == pytest.approx(1.78, abs=0.005)


def test_ratio_and_interval_from_the_variance():
    # Bladder cancer, curve method: HR 0.88 from V = 128.81, interval 0.74 to 1.05.
    se = 1 / np.sqrt(128.81)
    limits = np.exp(np.log(0.88) + np.array([-1, 1]) * wald.quantile(np.array([95.0]))[0] * se)
    assert limits == pytest.approx([0.74, 1.05], abs=0.005)
    checks = alone(
        {"hazard_ratios": [{"endpoint": "OS", "measure": "HR", "value": "0.88", "lower": "0.74", "upper": "1.05"}]}
    )
    checks = checks.set_index("rule")
    assert checks.loc["ratio-interval", "verdict"] == "reproduced"
    # 4 over the variance of the log ratio, 4 V = 515, lies in the range that the printed digits leave.
    low, high = checks.loc["ratio-events", "recomputed"].removesuffix(" events").split(" to ")
    assert float(low) < 4 * 128.81 < float(high)
