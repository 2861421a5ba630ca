"""One- and two-stage designs for a proportion, as published.

Fleming, T. R. (1982). Biometrics 38, 143-151: p0 0.05, pA 0.20, two stages of 20: level 0.052, power 0.922. The design
for 0.2 against 0.4 in 15 and 10 patients is the worked example of an online calculator (medsci.cn, Fleming's phase II
procedure). A'Hern, R. P. (2001). Statistics in Medicine 20, 859-866: 78 patients for 0.1 against 0.2.
"""

import pytest

from resurvey.design import binomial_one_stage, fleming_one_stage, fleming_two_stage
from resurvey.errors import InputError


def test_two_stages_of_twenty():
    made = fleming_two_stage(0.05, 0.20, alpha=0.05, power=0.9, n=40, n1=20)
    assert (made.a1, made.r1, made.r) == (0, 4, 5)
    assert (round(made.alpha, 3), round(made.power, 3)) == (0.052, 0.922)


def test_fifteen_and_ten():
    made = fleming_two_stage(0.2, 0.4, alpha=0.05, power=0.8, n=25, n1=15)
    assert (made.n1, made.a1, made.r1, made.n, made.r) == (15, 3, 7, 25, 9)


def test_one_stage_is_the_smallest_that_has_level_and_power():
    made = binomial_one_stage(0.1, 0.2, alpha=0.05, power=0.8)
    assert (made.patients, made.critical) == (78, 13)
    assert made.alpha <= 0.05 and made.power >= 0.8
    below = binomial_one_stage(0.1, 0.2, alpha=0.05, power=0.8, method="lasting")
    assert (below.patients, below.critical) == (89, 15)
    with pytest.raises(InputError, match="method 'exact' is not known; choose one of ahern, lasting"):
        binomial_one_stage(0.1, 0.2, alpha=0.05, power=0.8, method="exact")


def test_the_normal_approximation_does_not_keep_its_power():
    made = fleming_one_stage(0.1, 0.2, alpha=0.05, power=0.8)
    assert (made.patients, made.critical) == (69, 12)
    assert made.power == pytest.approx(0.7504, abs=5e-5)


def test_a_first_stage_of_everybody_is_refused():
    with pytest.raises(InputError, match=r"n1 \(25\) must be below n \(25\)"):
        fleming_two_stage(0.2, 0.4, alpha=0.05, power=0.8, n=25, n1=25)
