"""Wu, J. (2015). Sample size calculation for the one-sample log-rank test. Pharmaceutical Statistics 14, 26-33.

The example of section 4 (Mayo Clinic PBC data as historical control: Weibull shape 1.22, median 9 years; accrual 5
years, follow-up 3 years; one-sided 5 %; hazard ratio 1/1.75), printed sample size 88 at 80 % power; documented again
by the R package logRank1s with 100 and 117 patients at 85 and 90 % and the power of each.
"""

import pytest

from resurvey.design import single_arm

SHAPE = 1.22
ALTERNATIVE = 9 * 1.75 ** (1 / SHAPE)  # the median whose hazard ratio is 1 / 1.75


@pytest.mark.parametrize(
    ("power", "patients", "raw", "power_at_n"),
    [
        (0.80, 88, 87.315460720, 0.803),
        (0.85, 100, 99.724179741, 0.851),
        (0.90, 117, 116.508018137, 0.901),
    ],
)
def test_primary_biliary_cirrhosis(power, patients, raw, power_at_n):
    design = single_arm(
        9, ALTERNATIVE, alpha=0.05, power=power, sides=1, accrual=5, follow_up=3, method="wu", shape=SHAPE
    )
    assert design.patients == patients
    assert design.patients_raw == pytest.approx(raw, abs=5e-10)
    assert design.nominal_power == pytest.approx(power_at_n, abs=5e-4)
    assert design.hazard_ratio == pytest.approx(1 / 1.75, rel=1e-12)
