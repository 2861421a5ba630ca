"""VanderWeele and Ding (2017), Annals of Internal Medicine 167, 268-274, and packages that follow it."""

import math

import pytest

from resurvey.compare import e_value, e_values

Z = 1.959963984540054


def test_smoking_and_lung_cancer():
    # Hammond and Horn: risk ratio 10.73 (8.02, 14.36); E-value 10.73 + sqrt(10.73 x 9.73) = 20.9; limit 15.5
    se = (math.log(14.36) - math.log(8.02)) / (2 * Z)
    table = e_values((math.log(10.73), se), measure="rr").set_index("of")["e_value"]
    assert round(table["estimate"], 1) == 20.9
    assert round(table["nearer limit"], 1) == 15.5


def test_documentation_of_tipr():
    assert e_value(0.9) == pytest.approx(1.462475, abs=5e-7)
    assert e_value(1.3) == pytest.approx(1.9245, abs=5e-6)


def test_hazard_ratio_of_a_common_outcome():
    # EValue, evalues.HR(0.56, 0.46, 0.69, rare = FALSE): risk ratio about 0.670, E-value about 2.349
    se = (math.log(0.69) - math.log(0.46)) / (2 * Z)
    table = e_values((math.log(0.56), se), measure="hr", common=True).set_index("of")
    assert table.loc["estimate", "risk_ratio"] == pytest.approx(0.670, abs=5e-4)
    assert table.loc["estimate", "e_value"] == pytest.approx(2.349, abs=1e-3)
