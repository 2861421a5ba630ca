"""Pignon et al. (2000), Lancet 355, 949-955: chemotherapy in head and neck cancer, 65 trials, O - E and V of log-rank.

The log hazard ratio is (O - E) / V with variance 1 / V. Expected values: metafor 3.8 on the same data.
"""

import numpy as np
import pandas as pd
import pytest

from resurvey.compare import pool

O_MINUS_E = """
-1.8 11.8 -7.4 -5.6 0.4 1.8 -0.2 -3.9 0.0 -0.8 2.2 -3.3 -0.6 -9.2 6.3 2.6 -2.0 -2.1 7.2 2.7 1.2 0.4 -3.6 -0.3
-4.2 1.6 -5.7 -8.5 -7.5 -6.5 -5.7 -4.0 -2.9 5.4 -8.1 -1.1 0.6 4.6 -7.1 1.8 -4.3 -17.9 1.2 -3.1 2.1 -4.4 -2.0
-12.0 4.5 -25.3 -6.8 -2.4 2.0 -4.3 5.4 2.1 -13.5 -8.7 -2.2 -0.8 -14.3 -5.1 -13.3 -16.8 -5.3
"""
VARIANCE = """
14.5 57.1 80.6 8.5 6.4 8.7 5.0 30.2 7.8 125.9 27.9 13.5 63.1 29.7 16.6 36.6 25.8 18.1 19.8 22.2 9.0 11.9 33.2
13.4 92.2 19.6 20.2 47.4 24.8 15.9 46.5 5.2 25.8 9.2 46.6 6.7 9.0 5.9 16.4 8.0 8.4 14.1 40.0 6.7 5.5 7.0 9.9
10.4 45.6 121.2 4.6 66.2 24.3 41.2 79.4 11.9 16.6 31.7 11.2 12.2 30.0 28.3 21.9 29.8 12.3
"""


@pytest.fixture(scope="module")
def trials():
    o_e, v = (np.array(text.split(), dtype=float) for text in (O_MINUS_E, VARIANCE))
    assert o_e.size == v.size == 65
    return pd.DataFrame({"estimate": o_e / v, "se": 1 / np.sqrt(v)})


def test_common_effect(trials):
    # Pignon: "pooled hazard ratio of death 0.90 (95 % CI 0.85-0.94)"
    result = pool(trials, method="DL", interval_method="normal")
    assert result.common.estimate == pytest.approx(-0.1107981750, abs=1e-10)
    assert result.common.se == pytest.approx(0.0237336276, abs=1e-10)
    assert (round(result.common.ratio, 2), round(result.common.ratio_lower, 2)) == (0.90, 0.85)
    assert round(result.common.ratio_upper, 2) == 0.94
    assert result.q == pytest.approx(123.670769, abs=1e-6)
    assert result.i2 == pytest.approx(0.482497, abs=1e-6)


def test_dersimonian_laird(trials):
    result = pool(trials, method="DL", interval_method="normal")
    assert result.random.estimate == pytest.approx(-0.1349421163, abs=1e-10)
    assert result.random.se == pytest.approx(0.0360909838, abs=1e-10)
    assert result.tau2 == pytest.approx(0.0346304472, abs=1e-10)


def test_reml_with_hartung_knapp(trials):
    # metafor stops its search when tau2 changes by less than 1e-5, 3e-6 from the maximum that we solve for.
    plain = pool(trials, interval_method="normal")
    assert plain.random.estimate == pytest.approx(-0.1342815862, abs=2e-6)
    assert plain.random.se == pytest.approx(0.0355559509, abs=2e-6)
    assert plain.tau2 == pytest.approx(0.0325621639, abs=4e-6)
    result = pool(trials)
    assert result.random.se == pytest.approx(0.0395675293, abs=2e-6)
    assert result.random.lower == pytest.approx(-0.21332681, abs=4e-6)
    assert result.random.upper == pytest.approx(-0.05523636, abs=4e-6)
    assert result.prediction_lower == pytest.approx(-0.50333614, abs=2e-5)
    assert result.prediction_upper == pytest.approx(0.23477297, abs=2e-5)


def test_paule_mandel(trials):
    # metafor's search for this root, too, stops a little short of it.
    assert pool(trials, method="PM").tau2 == pytest.approx(0.0578220404, abs=1e-6)
