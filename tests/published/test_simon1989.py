"""Simon, R. (1989). Optimal two-stage designs for phase II clinical trials. Controlled Clinical Trials 10, 1-10.

Table 1 and 2 entries, as documented for ph2simon of the R package clinfun.
"""

import pytest

from resurvey.design import simon_two_stage


@pytest.mark.parametrize(
    ("null", "alternative", "power", "kind", "design", "expected", "early"),
    [
        (0.2, 0.4, 0.9, "optimal", (4, 19, 15, 54), 30.4349, 0.67329),
        (0.2, 0.4, 0.9, "minimax", (5, 24, 13, 45), 31.2263, 0.65589),
        (0.05, 0.25, 0.8, "optimal", (0, 9, 2, 17), 11.9580, None),
        (0.05, 0.25, 0.8, "minimax", (0, 12, 2, 16), None, None),
    ],
)
def test_tables(null, alternative, power, kind, design, expected, early):
    found = simon_two_stage(null, alternative, alpha=0.05, power=power, kind=kind, largest=60)
    assert (found.r1, found.n1, found.r, found.n) == design
    assert found.alpha <= 0.05 and found.power >= power
    if expected is not None:
        assert found.expected_patients == pytest.approx(expected, abs=5e-5)
    if early is not None:
        assert found.early_stop == pytest.approx(early, abs=5e-6)
