"""The worked example of maicplus (Chen et al. 2024), unanchored and anchored, three sets of covariates.

maicplus stops its optimiser early; its reference file also holds the same analyses with weights solved to machine
precision, which ours must equal.
"""

import json

import numpy as np
import pandas as pd
import pytest

from resurvey.compare import bucher, maic, maic_anchored, maic_unanchored, weighted_means
from tests.shared import shared_path

pytestmark = pytest.mark.shared
SETS = ["first_moments", "as_shipped_6", "all_7"]
SHARES = {"or": "OR", "rr": "RR", "rd": "RD"}


@pytest.fixture(scope="module")
def reference():
    return json.loads(shared_path("reference/maicplus_reference.json").read_text())


def patients(kind):
    folder = shared_path("reference/maicplus_inputs")
    table = pd.read_csv(folder / f"centered_ipd_{kind}.csv")
    for name in ("adtte", "adrs"):
        extra = pd.read_csv(folder / f"{name}_{kind}.csv").drop(columns="ARM")
        table = table.merge(extra, on="USUBJID", validate="1:1")
    names = {"TIME": "time", "EVENT": "event", "RESPONSE": "response"}
    return table.rename(columns=names).assign(treated=(table["ARM"] == "A").astype(int))


@pytest.fixture(scope="module")
def unanchored():
    other = pd.read_csv(shared_path("reference/maicplus_inputs") / "pseudo_ipd_sat.csv")
    responses = pd.DataFrame({"response": [1] * 280 + [0] * 120})
    return patients("sat"), other.rename(columns={"TIME": "time", "EVENT": "event"}), responses


@pytest.fixture(scope="module")
def anchored():
    return patients("twt")


def zeros(case):
    return dict.fromkeys(case["weights_exact"]["coefficients"], 0.0)


@pytest.mark.parametrize("kind", ["unanchored", "anchored"])
@pytest.mark.parametrize("name", SETS)
def test_weights(reference, unanchored, anchored, kind, name):
    case = reference[kind][name]
    result = maic(unanchored[0] if kind == "unanchored" else anchored, zeros(case))
    stored = pd.read_csv(shared_path("reference/maicplus_inputs") / f"weights_{kind}_{name}.csv")
    assert result.ess == pytest.approx(case["weights_exact"]["ess"], abs=1e-8)
    assert result.weights == pytest.approx(stored["exact_scaled"].to_numpy(), abs=1e-9)
    assert result.balance["smd_after"].abs().max() < 1e-10
    for moment, value in case["weights_exact"]["coefficients"].items():
        assert result.coefficients[moment] == pytest.approx(value, abs=1e-9)
    # maicplus itself, loosely
    assert result.ess == pytest.approx(case["weights"]["ess"], rel=1e-2)


@pytest.mark.parametrize("name", SETS)
def test_unanchored_survival(reference, unanchored, name):
    case = reference["unanchored"][name]
    ours, other, _ = unanchored
    result = maic_unanchored(ours, zeros(case), other, error="raw", replicates=0)
    wanted = case["survival"]["exact_weights"]
    assert result.adjusted.estimate == pytest.approx(wanted["log_hr"], abs=1e-8)
    assert result.adjusted.se == pytest.approx(wanted["se_naive"], abs=1e-8)
    assert result.naive.ratio == pytest.approx(wanted["unadjusted"]["est"], abs=1e-8)
    assert result.naive.p == pytest.approx(wanted["unadjusted"]["pval"], rel=1e-6)
    normalised = case["survival"]["maicplus_normalised"]
    sandwich = result.estimates.set_index("method").loc["sandwich"]
    assert sandwich["estimate"] == pytest.approx(normalised["log_hr"], abs=1e-3)
    assert sandwich["se"] == pytest.approx(normalised["se_robust"], abs=1e-3)


@pytest.mark.parametrize("measure", list(SHARES))
@pytest.mark.parametrize("name", SETS)
def test_unanchored_binary(reference, unanchored, name, measure):
    case = reference["unanchored"][name]
    ours, _, responses = unanchored
    result = maic_unanchored(ours, zeros(case), responses, measure=measure, error="sandwich", replicates=0)
    wanted = case["binary"][SHARES[measure]]["exact_weights_HC3"]
    shown = np.array([getattr(result.adjusted, k) for k in ("estimate", "lower", "upper")])
    shown = 100 * shown if measure == "rd" else np.exp(shown)
    assert shown == pytest.approx([wanted["adjusted"][k] for k in ("est", "ci_l", "ci_u")], abs=1e-8)
    naive = 100 * result.naive.estimate if measure == "rd" else result.naive.ratio
    assert naive == pytest.approx(wanted["unadjusted"]["est"], abs=1e-8)


@pytest.mark.parametrize("name", SETS)
def test_anchored(reference, anchored, name):
    case = reference["anchored"][name]
    for measure, key in (("hr", None), ("or", "OR"), ("rr", "RR")):
        block = case["survival"]["exact_weights"] if key is None else case["binary"][key]["exact_weights_HC3"]
        table = pd.DataFrame(block["summary"]).set_index("case")
        ratio = measure.upper()
        if measure == "hr":
            limits = np.log(table.loc["BC", ["LCL", "UCL"]].astype(float))
            anchor = (np.log(table.loc["BC", ratio]), (limits.iloc[1] - limits.iloc[0]) / 2 / 1.959963984540054)
        else:
            outside = weighted_means(
                [1] * 280 + [0] * 200 + [1] * 120 + [0] * 200, [1] * 480 + [0] * 320, measure=measure
            )
            anchor = (outside.estimate, outside.se_model)
        result = maic_anchored(anchored, zeros(case), anchor, measure=measure, error="sandwich", replicates=0)
        assert result.adjusted.ratio == pytest.approx(table.loc["adjusted_AB", ratio], abs=1e-7)
        assert result.adjusted.ratio_lower == pytest.approx(table.loc["adjusted_AB", "LCL"], abs=1e-5)
        assert result.adjusted.ratio_upper == pytest.approx(table.loc["adjusted_AB", "UCL"], abs=1e-5)


# maicplus's own test snapshot of the binary example: without the median of age. Its limits are of the same sandwich.
SNAPSHOT = ["AGE", "AGE_SQUARED", "SEX_MALE", "ECOG0", "SMOKE", "N_PR_THER_MEDIAN"]


def test_the_binary_snapshot(unanchored):
    ours, _, responses = unanchored
    targets = {f"{name}_CENTERED": 0.0 for name in SNAPSHOT}
    rr = maic_unanchored(ours, targets, responses, measure="rr", error="sandwich", replicates=0)
    assert rr.naive.ratio == pytest.approx(1.114286, abs=5e-7)
    assert rr.adjusted.ratio == pytest.approx(1.023627, abs=1e-6)
    assert (rr.adjusted.ratio_lower, rr.adjusted.ratio_upper) == pytest.approx((0.9123647, 1.148457), abs=2e-6)
    odds = maic_unanchored(ours, targets, responses, measure="or", error="sandwich", replicates=0)
    assert odds.naive.ratio == pytest.approx(1.519481, abs=5e-7)
    assert odds.adjusted.ratio == pytest.approx(1.08335, abs=5e-6)


def test_the_survival_snapshot_leg_by_leg(reference, anchored):
    # All seven covariates; A against C, before and after, and through C against B, 0.57180 from outside.
    case = reference["anchored"]["all_7"]
    limits = np.log([0.4811988934, 0.67946071964])
    outside = (np.log(0.57180044281), (limits[1] - limits[0]) / 2 / 1.959963984540054)
    result = maic_anchored(anchored, zeros(case), outside, error="sandwich", replicates=0)
    assert result.naive.ratio == pytest.approx(0.38765, abs=5e-6)
    assert result.adjusted.ratio == pytest.approx(0.23916, abs=5e-6)
    assert (result.adjusted.ratio_lower, result.adjusted.ratio_upper) == pytest.approx((0.15906, 0.35959), abs=5e-6)
    for shown, ours in ((0.22166, result.naive), (0.13675, result.adjusted)):
        assert np.exp(ours.estimate + outside[0]) == pytest.approx(shown, abs=5e-6)


def test_bootstrap_is_of_the_size_of_theirs(reference, unanchored):
    # 1,000 replicates: sd of the log hazard ratio 0.1467 (comparator not resampled in theirs, so ours is larger)
    ours, other, _ = unanchored
    case = reference["unanchored"]["as_shipped_6"]
    result = maic_unanchored(ours, zeros(case), other, error="bootstrap", replicates=300)
    theirs = reference["bootstrap_unanchored_as_shipped_6"]["survival_norm"]["sd_log_hr"]
    comparator = 0.0107121**0.5
    assert theirs * 0.9 < result.adjusted.se < np.hypot(theirs, comparator) * 1.15


def test_bucher(reference):
    for row in reference["bucher"]:
        result = bucher((row["ac_est"], row["ac_se"]), (row["bc_est"], row["bc_se"]))
        assert (result.estimate, result.se) == (pytest.approx(row["est"]), pytest.approx(row["se"]))
        assert (result.lower, result.p) == (pytest.approx(row["ci_l"]), pytest.approx(row["pval"]))
