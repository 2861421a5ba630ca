"""Two public calculators for exponential single-arm designs.

MD Anderson, Nsurvival (log hazard; the same as surv1samp of the R package desmon), and SWOG / CRAB, One Arm Survival
(cube root, events under each hypothesis). One-sided 5 %.
"""

import pytest

from resurvey.design import single_arm


def test_nsurvival_example_three_against_seven():
    # MD Anderson documentation: median 3 v 7, accrual 3, follow-up 6, power 80 %: "9 events, n 17".
    design = single_arm(3, 7, alpha=0.05, power=0.8, sides=1, accrual=3, follow_up=6, method="log_hazard")
    assert (design.events, design.patients) == (9, 17)
    assert design.patients_raw == pytest.approx(16.48511824, abs=5e-9)
    assert design.events_raw == pytest.approx(8.61183947, abs=5e-9)


def test_desmon_six_against_twelve():
    design = single_arm(6, 12, alpha=0.05, power=0.8, sides=1, accrual=12, follow_up=12, method="log_hazard")
    assert design.patients_raw == pytest.approx(20.12772517, abs=5e-9)
    assert design.events_raw == pytest.approx(12.86818285, abs=5e-9)


@pytest.mark.parametrize(
    ("null", "alternative", "accrual", "follow_up", "power", "raw", "patients"),
    [
        (3, 7, 3, 6, 0.8, 13.32701459, 14),
        (6, 12, 12, 12, 0.8, 17.70624756, 18),
        (6, 9, 24, 12, 0.9, 60.75341636, 61),
    ],
)
def test_swog_cube_root(null, alternative, accrual, follow_up, power, raw, patients):
    design = single_arm(
        null, alternative, alpha=0.05, power=power, sides=1, accrual=accrual, follow_up=follow_up, method="swog"
    )
    assert design.patients_raw == pytest.approx(raw, abs=5e-9)
    assert design.patients == patients
