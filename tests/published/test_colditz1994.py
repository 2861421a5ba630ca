"""Colditz et al. (1994), JAMA 271, 698-702: BCG vaccine against tuberculosis, 13 trials (counts in their Table 1).

Expected values: metafor 3.8 on the log risk ratios. Its searches for ML, REML, EB and PM stop when tau2 changes by less
than about 1e-5; ours go to rounding error, hence the wider tolerance there.
"""

import json

import numpy as np
import pandas as pd
import pytest

from resurvey.compare import leave_one_out, pool
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
