"""Advanced lung cancer of the North Central Cancer Treatment Group (Loprinzi et al., J Clin Oncol 1994, 12:601-607).

Expected numbers: R 4.2.2, survival (survfit, coxph, survdiff, cox.zph, survreg) and survRM2, on `survival::lung`;
sex 1 is male, 2 female. The first arm is female.
"""

import numpy as np
import pytest
from lifelines.datasets import load_lung

from resurvey.compare.pairwise import pairwise
from resurvey.survival import (
    compare_restricted_means,
    cox,
    cox_regression,
    fit_model,
    kaplan_meier,
    logrank,
    proportionality,
    quantile,
    survival_at,
)


@pytest.fixture(scope="module")
def lung():
    return load_lung().rename(columns={"status": "event"})


@pytest.fixture(scope="module")
def vectors(lung):
    return lung["time"].to_numpy(), lung["event"].to_numpy(), (lung["sex"] == 2).to_numpy()


@pytest.mark.parametrize(
    ("transform", "lower", "upper"), [("plain", 284, 361), ("log", 285, 363), ("log-log", 284, 361)]
)
def test_median_and_its_interval(vectors, transform, lower, upper):
    # survfit(Surv(time, status) ~ 1, conf.type = ...)
    median = quantile(*vectors[:2], transform=transform)
    assert (median.time, median.lower, median.upper) == (310, lower, upper)


@pytest.mark.parametrize(
    ("transform", "lower", "upper"),
    [
        ("plain", 0.33902858, 0.47945467),
        ("log", 0.34472158, 0.48583760),
        ("log-log", 0.33871427, 0.47838077),
    ],
)
def test_survival_at_one_year(vectors, transform, lower, upper):
    # summary(survfit(...), times = 365)
    row = survival_at(kaplan_meier(*vectors[:2]), [365], transform=transform).iloc[0]
    assert row["survival"] == pytest.approx(0.40924162, abs=5e-9)
    assert row["se"] == pytest.approx(0.03582364, abs=5e-9)
    assert (row["lower"], row["upper"]) == pytest.approx((lower, upper), abs=5e-9)


def test_cox_with_efron_and_breslow_ties(vectors):
    # coxph(Surv(time, status) ~ sex); R stops at a relative change of 1e-9 in the likelihood, hence 5e-9
    efron = cox(*vectors)
    assert efron.log_hr == pytest.approx(-0.5310235376, abs=5e-9)
    assert efron.se == pytest.approx(0.1671785832, abs=5e-10)
    assert (efron.hr, efron.lower, efron.upper) == pytest.approx((0.5880028186, 0.4237178304, 0.8159848132), abs=5e-9)
    assert efron.events == (53, 112)
    assert efron.log_likelihood == pytest.approx(-744.6, abs=0.05)
    assert cox(*vectors, ties="breslow").log_hr == pytest.approx(-0.5303965745, abs=5e-9)


def test_log_rank(vectors):
    # survdiff(Surv(time, status) ~ sex); with rho = 1 it prints 12.7
    test = logrank(*vectors)
    assert test.chi_square == pytest.approx(10.32674195, abs=5e-9)
    assert test.observed == (53, 112)
    assert test.expected == pytest.approx((73.41826097, 91.58173903), abs=5e-9)
    assert test.z < 0
    assert logrank(*vectors, weight=(1.0, 0.0)).chi_square == pytest.approx(12.7, abs=0.05)


def test_proportional_hazards(vectors):
    # cox.zph(coxph(Surv(time, status) ~ sex), transform = "km")
    test = proportionality(*vectors)
    assert test.chi_square == pytest.approx(2.8632351, abs=5e-7)
    assert test.p == pytest.approx(0.090625064, abs=5e-9)


def test_restricted_means(vectors):
    # survRM2::rmst2(tau = 965) and tau = 365
    at_965 = compare_restricted_means(*vectors, 965)
    assert (at_965.second.mean, at_965.second.se) == pytest.approx((324.04841906, 22.29793923), abs=5e-9)
    assert (at_965.first.mean, at_965.first.se) == pytest.approx((455.90408751, 32.91741569), abs=5e-9)
    assert at_965.difference == pytest.approx(131.85566845, abs=5e-9)
    limits = (at_965.difference_lower, at_965.difference_upper)
    assert limits == pytest.approx((53.93004532, 209.78129158), abs=5e-9)
    assert at_965.difference_p == pytest.approx(0.00091185948, abs=5e-12)
    at_365 = compare_restricted_means(*vectors, 365)
    assert at_365.difference == pytest.approx(55.97032434, abs=5e-9)
    limits = (at_365.difference_lower, at_365.difference_upper)
    assert limits == pytest.approx((26.65293638, 85.28771230), abs=5e-9)


def test_default_horizon_is_the_shorter_follow_up(vectors):
    assert compare_restricted_means(*vectors).horizon == 965


def test_regression_on_age_and_sex(lung):
    # coxph(Surv(time, status) ~ age + sex): age 0.017045 (0.009223) p 0.06459, sex -0.513219 (0.167458) p 0.00218
    table = cox_regression(lung, ["age", "sex"]).set_index("covariate")
    assert table.loc["age", ["log_hr", "se"]].tolist() == pytest.approx([0.017045, 0.009223], abs=5e-7)
    assert table.loc["sex", ["log_hr", "se"]].tolist() == pytest.approx([-0.513219, 0.167458], abs=5e-7)
    assert table.loc["sex", "p"] == pytest.approx(0.00218, abs=5e-6)


def test_weibull_likelihood(vectors):
    # survreg(Surv(time, status) ~ 1): loglik -1153.9, intercept 6.035, scale 0.759
    fit = fit_model(*vectors[:2], "weibull")
    assert fit.log_likelihood == pytest.approx(-1153.9, abs=0.05)
    assert np.log(fit.parameters["scale"]) == pytest.approx(6.035, abs=5e-4)
    assert 1 / fit.parameters["shape"] == pytest.approx(0.759, abs=5e-4)
    assert fit.aic == pytest.approx(2 * 2 - 2 * fit.log_likelihood)
    assert fit.bic == pytest.approx(2 * np.log(228) - 2 * fit.log_likelihood)


def test_pairwise_says_the_same(lung):
    result = pairwise(lung[lung["sex"] == 2], lung[lung["sex"] == 1], horizon=965)
    assert result.row("Cox (Efron)", "hazard ratio")["estimate"] == pytest.approx(0.5880028186, abs=5e-9)
    assert result.row("log-rank", "z")["p"] == pytest.approx(0.00131, abs=5e-6)
    difference = result.row("restricted mean", "difference")
    assert difference["p"] == pytest.approx(0.00091185948, abs=5e-12)
    deviate = result.row("proportional hazards (Grambsch-Therneau)", "z")
    assert deviate["estimate"] ** 2 == pytest.approx(2.8632351, abs=5e-7)
    assert result.log_hazard_ratio.missing_information == 0
