"""6-mercaptopurine against placebo in acute leukaemia (Freireich et al. 1963; Gehan 1965), the textbook example.

Klein and Moeschberger (2003), Survival Analysis, 2nd ed.: Table 4.1A (product-limit estimates of the 6-MP arm).
The tests and the Cox models are those that R and Stata print for these data (survdiff 16.8; Wilcoxon 13.46; Tarone-Ware
15.12; Peto-Peto 14.08; coxph Efron -1.5721 (0.4124), Breslow -1.5092 (0.4096)).
"""

import numpy as np
import pytest

from resurvey.survival import compare_quantiles, cox, kaplan_meier, logrank, survival_at

MP_TIME = [6, 6, 6, 6, 7, 9, 10, 10, 11, 13, 16, 17, 19, 20, 22, 23, 25, 32, 32, 34, 35]
MP_EVENT = [1, 1, 1, 0, 1, 0, 1, 0, 0, 1, 1, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0]
PLACEBO_TIME = [1, 1, 2, 2, 3, 4, 4, 5, 5, 8, 8, 8, 8, 11, 11, 12, 12, 15, 17, 22, 23]
TRIAL = (np.array(MP_TIME + PLACEBO_TIME), np.array(MP_EVENT + [1] * 21), np.repeat([1, 0], 21))


def test_product_limit_table():
    # Table 4.1A: time, S, standard error
    printed = [
        (6, 0.857, 0.0764),
        (7, 0.807, 0.0869),
        (10, 0.753, 0.0963),
        (13, 0.690, 0.1068),
        (16, 0.627, 0.1141),
        (22, 0.538, 0.1282),
        (23, 0.448, 0.1346),
    ]
    table = survival_at(kaplan_meier(MP_TIME, MP_EVENT), [row[0] for row in printed])
    assert table["survival"].tolist() == pytest.approx([row[1] for row in printed], abs=5e-4)
    # the book rounds 0.09635 down to 0.0963, hence 6e-5
    assert table["se"].tolist() == pytest.approx([row[2] for row in printed], abs=6e-5)


@pytest.mark.parametrize(
    ("weight", "chi_square"), [("logrank", 16.79), ("gehan", 13.46), ("tarone-ware", 15.12), ("peto-peto", 14.08)]
)
def test_family_of_tests(weight, chi_square):
    assert logrank(*TRIAL, weight=weight).chi_square == pytest.approx(chi_square, abs=5e-3)


@pytest.mark.parametrize(("ties", "log_hr", "se"), [("efron", -1.5721, 0.4124), ("breslow", -1.5092, 0.4096)])
def test_cox(ties, log_hr, se):
    fit = cox(*TRIAL, ties=ties)
    assert (fit.log_hr, fit.se) == pytest.approx((log_hr, se), abs=5e-5)


def test_medians():
    contrast = compare_quantiles(*TRIAL)
    assert contrast.first[0] == 23
    assert contrast.second[0] == 8
    assert contrast.difference == 15
    assert contrast.first[2] == contrast.upper == float("inf")
