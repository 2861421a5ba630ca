"""Ratios, intervals and p on the log scale."""

import numpy as np
import pytest

from resurvey.audit import wald
from resurvey.audit.handlers import alone


def ratio(value, lower, upper, p="", **cells):
    row = {"measure": "HR", "endpoint": "PFS", "value": value, "lower": lower, "upper": upper, "p": p, **cells}
    rules = ["ratio-interval", "ratio-p", "ratio-events", "non-inferiority-p"]
    return alone({"hazard_ratios": [row]}, rules).set_index("rule")


def test_coherent_ratio():
    checks = ratio("0.926", "0.559", "1.533", "0.765")
    assert checks.loc["ratio-interval", "verdict"] == "reproduced"
    assert checks.loc["ratio-p", "verdict"] == "reproduced"


def test_lopsided_interval_and_p_tell_what_would_fit():
    checks = ratio("1.23", "1.00", "1.67", "0.049", ci_level="95")
    assert checks.loc["ratio-interval", "verdict"] == "discrepant"
    assert "end at 1.513" in checks.loc["ratio-interval", "explanation"]
    assert checks.loc["ratio-p", "verdict"] == "discrepant"
    assert "ratio of 1.292" in checks.loc["ratio-p", "explanation"]


def test_ratio_outside_its_interval_is_impossible():
    assert ratio("0.50", "0.60", "0.90").loc["ratio-interval", "verdict"] == "impossible"


def test_interval_with_one_and_small_p_touches_the_conclusion():
    row = ratio("0.88", "0.71", "1.09", "<0.0001").loc["ratio-p"]
    assert (row["verdict"], row["severity"]) == ("discrepant", "conclusion")


@pytest.mark.parametrize(
    ("cells", "verdict"),
    [
        ({"p": "0.39", "ci_level": "90"}, "reproduced"),
        ({"p": "0.39"}, "other-method"),  # reproduced as an interval of 90 %
        ({"p": "0.20", "ci_level": "90", "p_sided": "1"}, "reproduced"),
        ({"p": "0.20", "ci_level": "90"}, "other-method"),  # one-sided, unsaid
        ({"p": "0.20", "ci_level": "90", "p_sided": "2"}, "discrepant"),
        ({"p": "0.39", "ci_level": "95", "p_sided": "2"}, "discrepant"),
    ],
)
def test_levels_and_sides(cells, verdict):
    assert ratio("0.81", "0.55", "1.21", **cells).loc["ratio-p", "verdict"] == verdict


def test_log_rank_p_beside_a_wald_interval():
    cells = {"value": "0.528", "lower": "0.422", "upper": "0.661", "ci_level": "95"}
    assert (
        ratio(cells["value"], cells["lower"], cells["upper"], "0.00000005", test="log-rank").loc["ratio-p", "verdict"]
        == "reproduced"
    )


def test_non_inferiority_p_is_tested_against_its_margin():
    checks = ratio("0.88", "0.71", "1.09", "<0.0001", test="non-inferiority, margin 1.35")
    assert "ratio-p" not in checks.index
    assert checks.loc["non-inferiority-p", "verdict"] == "reproduced"
    assert (
        ratio("0.88", "0.71", "1.09", "0.4", test="non-inferiority").loc["non-inferiority-p", "verdict"]
        == "uncheckable"
    )


def test_printed_from_one_estimate_is_never_flagged():
    rng = np.random.default_rng(20)
    level = rng.choice([90.0, 95.0, 99.0], 400)
    log, se, digits = rng.normal(0, 0.7, 400), rng.uniform(0.05, 0.6, 400), rng.integers(2, 4, 400)
    z = wald.quantile(level)
    p = wald.p_range((np.abs(log) / se,) * 2)[0]
    rows = [
        {
            "measure": "HR",
            "endpoint": "PFS",
            "value": f"{np.exp(log[i]):.{digits[i]}f}",
            "lower": f"{np.exp(log[i] - z[i] * se[i]):.{digits[i]}f}",
            "upper": f"{np.exp(log[i] + z[i] * se[i]):.{digits[i]}f}",
            "ci_level": f"{level[i]:g}",
            "p": f"{p[i]:.3f}" if p[i] >= 0.001 else "<0.001",
        }
        for i in range(400)
        if np.exp(log[i] - z[i] * se[i]) > 0.01
    ]
    checks = alone({"hazard_ratios": rows}, ["ratio-interval", "ratio-p"])
    assert len(checks) > 700
    assert set(checks["verdict"]) == {"reproduced"}


def test_width_beyond_the_patients():
    row = ratio("0.50", "0.45", "0.56", n="100").loc["ratio-events"]
    assert row["verdict"] == "impossible"
    assert ratio("0.50", "0.45", "0.56", n="1100").loc["ratio-events", "verdict"] == "reproduced"
    assert ratio("0.50", "0.45", "0.56", events="1300").loc["ratio-events", "verdict"] == "reproduced"


def test_medians_are_a_hint_only():
    medians = [
        {"endpoint": "PFS", "value": "9.7", "unit": "months", "population": "one"},
        {"endpoint": "PFS", "value": "12.3", "unit": "months", "population": "two"},
    ]
    row = {"measure": "HR", "endpoint": "PFS", "value": "0.926", "lower": "0.559", "upper": "1.533"}
    row |= {"population": "one", "comparator_population": "two"}
    check = (
        alone({"medians": medians, "hazard_ratios": [row]}, ["ratio-medians"]).query("rule == 'ratio-medians'").iloc[0]
    )
    assert check["verdict"] == "uncheckable"
    assert "opposite ways" in check["explanation"]


def test_score_factor_by_hand():
    # h = 0.5: 2 (0.5) / (1.5 ln 2) = 0.9618
    assert wald.score_factor(np.array([0.5, 1.0, 2.0])) == pytest.approx([0.9618, 1.0, 0.9618], abs=1e-4)
