"""Colditz et al. (1994), JAMA 271, 698-702: BCG vaccine against tuberculosis, 13 trials (counts in their Table 1).

Expected values: metafor 3.8 on the log risk ratios. Its searches for ML, REML, EB and PM stop when tau2 changes by less
than about 1e-5; ours go to rounding error, hence the wider tolerance there.
"""

import json

import numpy as np
import pandas as pd
import pytest

from resurvey.compare import leave_one_out, pool
from resurvey.compare.meta_regression import meta_regression
from tests.shared import shared_path

# cases and non-cases, vaccinated and control
COUNTS = [
    (4, 119, 11, 128), (6, 300, 29, 274), (3, 228, 11, 209), (62, 13536, 248, 12619), (33, 5036, 47, 5761),
    (180, 1361, 372, 1079), (8, 2537, 10, 619), (505, 87886, 499, 87892), (29, 7470, 45, 7232), (17, 1699, 65, 1600),
    (186, 50448, 141, 27197), (5, 2493, 3, 2338), (27, 16886, 29, 17825),
]  # fmt: skip
KINDS = {"z": "normal", "knha": "hartung-knapp", "adhoc": "hartung-knapp-adhoc"}
EXACT = {"EE", "DL", "HE", "HS", "SJ"}


@pytest.fixture(scope="module")
def trials():
    a, b, c, d = np.array(COUNTS, dtype=float).T
    estimate = np.log(a / (a + b) / (c / (c + d)))
    return pd.DataFrame({"estimate": estimate, "se": np.sqrt(1 / a - 1 / (a + b) + 1 / c - 1 / (c + d))})


def test_reml_with_hartung_knapp(trials):
    result = pool(trials)
    assert result.random.estimate == pytest.approx(-0.7145323484, abs=1e-7)
    assert pool(trials, interval_method="normal").random.se == pytest.approx(0.1797815318, abs=1e-7)
    assert result.tau2 == pytest.approx(0.3132433260, abs=2e-7)
    assert result.q == pytest.approx(152.23300808, abs=1e-7)
    assert result.random.lower == pytest.approx(-1.1084437230, abs=1e-7)
    assert result.random.upper == pytest.approx(-0.3206209737, abs=1e-7)
    assert result.random.p == pytest.approx(0.00192002, abs=1e-8)


def test_interval_of_tau2_by_q_profile(trials):
    # metafor's confint: 0.1197 to 1.1115; I2 81.92 to 97.68 % (root search to about 1e-5)
    result = pool(trials)
    assert result.tau2_lower == pytest.approx(0.11969531, abs=5e-5)
    assert result.tau2_upper == pytest.approx(1.11148626, abs=5e-5)
    assert result.i2_lower == pytest.approx(0.8191772, abs=5e-5)
    assert result.i2_upper == pytest.approx(0.9767809, abs=5e-5)


@pytest.mark.shared
def test_all_estimators_and_intervals_of_metafor(trials):
    reference = json.loads(shared_path("reference/metafor_reference.json").read_text())
    for key, wanted in reference["fits"].items():
        method, kind = key.split("_")
        result = pool(trials, method=method, interval_method=KINDS[kind])
        random = result.common if method == "EE" else result.random
        tolerance = 1e-8 if method in EXACT else 5e-5 if method == "PM" else 2e-7
        for name in ("estimate", "se", "lower", "upper", "p"):
            assert getattr(random, name) == pytest.approx(wanted[name], abs=tolerance), (key, name)
        assert result.tau2 == pytest.approx(wanted["tau2"], abs=tolerance), key
        assert result.tau2_se == pytest.approx(wanted["se_tau2"] or 0.0, abs=tolerance), key
        assert 100 * result.i2 == pytest.approx(wanted["I2_percent"], abs=100 * tolerance), key
        if wanted["prediction_lower"] is not None:
            assert result.prediction_lower == pytest.approx(wanted["prediction_lower"], abs=2 * tolerance), key
            assert result.prediction_upper == pytest.approx(wanted["prediction_upper"], abs=2 * tolerance), key


@pytest.mark.shared
def test_leave_one_out_and_few_studies(trials):
    reference = json.loads(shared_path("reference/metafor_reference.json").read_text())
    out = leave_one_out(trials)
    for row, wanted in zip(out.itertuples(), reference["leave_one_out_REML_knha"], strict=True):
        assert row.estimate == pytest.approx(wanted["estimate"], abs=1e-6)
        assert row.lower == pytest.approx(wanted["lower"], abs=1e-6)
        assert row.tau2 == pytest.approx(wanted["tau2"], abs=1e-5)
    for few in reference["few_studies"].values():
        some = trials.iloc[[i - 1 for i in few["rows"]]]
        for kind in ("knha", "adhoc"):
            result = pool(some, interval_method=KINDS[kind])
            assert result.random.lower == pytest.approx(few[f"REML_{kind}"]["lower"], abs=1e-5)
            assert result.prediction_upper == pytest.approx(few[f"REML_{kind}"]["prediction_upper"], abs=1e-5)


LATITUDE = [44, 55, 42, 52, 13, 44, 19, 13, 27, 42, 18, 33, 33]
YEAR = [1948, 1949, 1960, 1977, 1973, 1953, 1973, 1980, 1968, 1961, 1974, 1969, 1976]
# metafor 3.8-1, rma(yi, vi, mods = ~ ablat): tau2, constant, slope, their standard errors; its search stops near 1e-5
BY_LATITUDE = {
    "REML": (0.07635469470566, 0.25146429437429, -0.02910166092801, 0.24910366638913, 0.00719555475708),
    "ML": (0.03435895746641, 0.28210013987976, -0.02950927120385, 0.18719840098314, 0.00548811835572),
    "DL": (0.06330050242642, 0.25954371243402, -0.02922873875519, 0.23230747339269, 0.00673301083957),
    "PM": (0.14213126335464, 0.22191619990638, -0.02856453054105, 0.31747308510782, 0.00907017215563),
}


@pytest.mark.parametrize("method", BY_LATITUDE)
def test_meta_regression_on_latitude(trials, method):
    made = meta_regression(trials, LATITUDE, method=method, interval_method="normal")
    constant, slope = made.coefficients
    found = (made.tau2, constant.estimate, slope.estimate, constant.se, slope.se)
    assert found == pytest.approx(BY_LATITUDE[method], abs=1e-9 if method == "DL" else 2e-5)
    assert (made.q, made.df) == (pytest.approx(30.73309001074926), 11)


def test_meta_regression_with_knapp_and_hartung(trials):
    # rma(yi, vi, mods = ~ ablat + year, test = "knha")
    made = meta_regression(trials, np.column_stack((LATITUDE, YEAR)), names=["latitude", "year"])
    latitude = made.coefficients[1]
    assert latitude.label == "latitude"
    assert (latitude.estimate, latitude.se) == pytest.approx((-0.02801127521297, 0.01134572678126), abs=1e-7)
    assert (latitude.p, latitude.lower) == pytest.approx((0.03316821528127, -0.05329112985832), abs=1e-6)
    assert made.tau2 == pytest.approx(0.11078735154601, abs=1e-5)


def test_prediction_with_one_degree_less_and_the_unscaled_error(trials):
    # Higgins, Thompson and Spiegelhalter (2009), equation 10 with k - 2 = 11
    made, plain = pool(trials, prediction="k-2"), pool(trials, interval_method="normal")
    half = 2.200985160082949 * np.hypot(np.sqrt(made.tau2), plain.random.se)
    assert made.prediction_upper - made.random.estimate == pytest.approx(half)
    assert (made.prediction_df, pool(trials).prediction_df, plain.prediction_df) == (11, 12, np.inf)
    two = pool(trials.iloc[:2], prediction="k-2")
    assert (two.prediction_lower, two.prediction_upper) == (-np.inf, np.inf)
