"""Bucher et al. (1997), Journal of Clinical Epidemiology 50, 683-691, as tested in the package maicplus."""

import math

import pytest

from resurvey.compare import bucher


def test_maicplus_at_90_percent():
    # maicplus, test-bucher.R: log 1.1 (0.2) against log 1.3 (0.18)
    result = bucher((math.log(1.1), 0.2), (math.log(1.3), 0.18), level=0.90)
    assert result.estimate == pytest.approx(-0.1670540846631661, abs=1e-15)
    assert result.se == pytest.approx(0.2690724809414742, abs=1e-15)
    assert result.lower == pytest.approx(-0.6096389308525855, abs=1e-12)
    assert result.upper == pytest.approx(0.2755307615262484, abs=1e-12)
    assert result.p == pytest.approx(0.5346972582218587, abs=1e-12)
