"""Tests of contingency tables against scipy, and the verdicts they lead to."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from resurvey import tables2x2
from resurvey.audit.handlers import alone
from resurvey.errors import InputError

CELL = st.integers(0, 60)


@settings(max_examples=25, deadline=None)
@given(a=CELL, b=CELL, c=CELL, d=CELL)
def test_against_scipy(a, b, c, d):
    from scipy.stats import chi2_contingency, fisher_exact

    table = np.array([[a, b], [c, d]], dtype=float)
    found = tables2x2.p_values(table)
    if not (table.sum(axis=0).all() and table.sum(axis=1).all()):
        assert found == {}
        return
    assert found["Pearson chi-square"] == pytest.approx(chi2_contingency(table, correction=False).pvalue, abs=1e-12)
    assert found["Yates chi-square"] == pytest.approx(chi2_contingency(table, correction=True).pvalue, abs=1e-12)
    assert found["Fisher exact"] == pytest.approx(fisher_exact(table).pvalue, abs=1e-7)
    likelihood = chi2_contingency(table, correction=False, lambda_="log-likelihood").pvalue
    assert found["likelihood-ratio chi-square"] == pytest.approx(likelihood, abs=1e-12)


def test_three_categories_by_hand():
    found = tables2x2.p_values([[87, 81], [45, 33], [62, 63]])
    assert set(found) == {"Pearson chi-square", "likelihood-ratio chi-square", "trend"}
    assert found["Pearson chi-square"] == pytest.approx(0.5243, abs=5e-4)


@pytest.mark.parametrize(("counts", "match"), [([[1, 2]], "two rows"), ([[1, -2], [3, 4]], "not negative")])
def test_refuses(counts, match):
    with pytest.raises(InputError, match=match):
        tables2x2.p_values(counts)


def compare(p, *groups, test="", percents=("", "")):
    rows = [
        {"kind": "response", "item": "ORR", "n": n, "total": total, "percent": percent, "arm_id": f"g{place}"}
        for place, ((n, total), percent) in enumerate(zip(groups, percents, strict=True))
    ]
    claims = ";".join(f"mine-proportions-{place + 1:03d}" for place in range(len(groups)))
    arms = [{"arm_id": f"g{place}", "label": "group"} for place in range(len(groups))]
    checks = alone(
        {"arms": arms, "proportions": rows, "p_values": [{"item": "ORR", "p": p, "claims": claims, "test": test}]}
    )
    return checks[checks["rule"].isin(["contingency-p", "test-choice"])].set_index("rule")


def test_named_test_reproduces_and_choice_is_told():
    checks = compare("0.04", ("8", "29"), ("3", "36"), test="chi-square")
    assert checks.loc["contingency-p", "verdict"] == "reproduced"
    assert checks.loc["test-choice", "severity"] == "conclusion"
    assert "Fisher exact 0.051" in checks.loc["test-choice", "explanation"]


def test_other_test_than_the_named_one():
    checks = compare("0.051", ("8", "29"), ("3", "36"), test="chi-square")
    assert checks.loc["contingency-p", "verdict"] == "other-method"


def test_no_test_reproduces_and_significance_flips():
    checks = compare("0.126", ("40", "255"), ("68", "299"), percents=("15.7", "20.7"))
    row = checks.loc["contingency-p"]
    assert (row["verdict"], row["severity"]) == ("discrepant", "conclusion")
    assert "40/255 against 62/299" in row["explanation"]


def test_bounds_and_missing_counts():
    assert compare("<0.001", ("94", "255"), ("164", "299")).loc["contingency-p", "verdict"] == "reproduced"
    assert compare(">0.5", ("94", "255"), ("164", "299")).loc["contingency-p", "verdict"] == "discrepant"


def test_implied_denominators_feed_the_test():
    arms = [
        {"arm_id": "a", "population": "all", "label": "a", "n": "43"},
        {"arm_id": "b", "population": "all", "label": "b", "n": "37"},
    ]
    response = [
        {"kind": "response", "endpoint": e, "item": e, "percent": p, "arm_id": arm}
        for arm, e, p in (("a", "ORR", "8.3"), ("b", "ORR", "27.6"), ("a", "CBR", "36.1"), ("b", "CBR", "69"))
    ]
    response.append({"kind": "response", "item": "not evaluable", "n": "15"})
    p = {"item": "CBR", "p": "0.008", "claims": "mine-proportions-003;mine-proportions-004"}
    checks = alone({"arms": arms, "proportions": response, "p_values": [p]}, ["implied-denominators", "contingency-p"])
    checks = checks.set_index("rule")
    assert "3/36" in checks.loc["implied-denominators", "explanation"]
    assert checks.loc["contingency-p", "verdict"] == "reproduced"
    assert "20/29" in checks.loc["contingency-p", "explanation"]
