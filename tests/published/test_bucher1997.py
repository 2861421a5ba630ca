"""Adjusted indirect comparisons with published steps: the tests of maicplus, and the worked example of NICE TSD 18."""

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


def test_tsd18_last_step():
    # Phillippo et al. (2016), Appendix D: d_AC -3.4247 (0.3215) less the MAIC d_AB gives d_BC -0.039 (0.52)
    d_ab = (-3.4247278791 + 0.0388034591, math.sqrt(0.5192296602**2 - 0.3215135854**2))
    result = bucher((-3.4247278791, 0.3215135854), d_ab)
    assert result.estimate == pytest.approx(-0.0388034591, abs=1e-9)
    assert result.se == pytest.approx(0.5192296602, abs=1e-9)
