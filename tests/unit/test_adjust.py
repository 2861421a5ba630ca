"""Weights, weighted effects, standardisation: solutions worked by hand, independent solvers, and every refusal."""

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize
from scipy.special import expit, logit

from resurvey.compare import (
    cox_standardised_survival,
    g_computation,
    hull_check,
    leave_one_moment_out,
    mahalanobis,
    maic,
    maic_anchored,
    maic_bootstrap,
    maic_unanchored,
    max_ess_weights,
    poststratify,
    simulate_population,
    standardised_hazard_ratio,
    standardised_survival,
    stc,
    stc_hazard_ratio,
    trimmed,
    weighted_cox,
    weighted_means,
    weighted_survival,
    with_second_moments,
)
from resurvey.errors import InputError, NotEstimable
from resurvey.survival import cox, kaplan_meier


@pytest.fixture(scope="module")
def trial():
    """Two arms, two covariates that matter, one of them more for the treated."""
    rng = np.random.default_rng(7)
    n = 400
    age, positive, treated = rng.normal(60, 8, n), rng.integers(0, 2, n), np.repeat([1, 0], n // 2)
    hazard = np.exp(0.04 * (age - 60) + 0.5 * positive + treated * (-0.5 + 0.3 * positive))
    time, censored = rng.exponential(1 / hazard), rng.uniform(0.2, 3, n)
    response = (rng.random(n) < expit(-0.2 - 0.04 * (age - 60) + 0.6 * treated)).astype(float)
    columns = {"age": age, "positive": positive, "treated": treated, "response": response}
    return pd.DataFrame(columns | {"time": np.minimum(time, censored), "event": (time <= censored).astype(float)})


@pytest.fixture(scope="module")
def other():
    rng = np.random.default_rng(8)
    time, censored = rng.exponential(0.8, 150), rng.uniform(0.2, 3, 150)
    event = (time <= censored).astype(float)
    return pd.DataFrame({"time": np.minimum(time, censored), "event": event, "response": rng.integers(0, 2, 150)})


TARGETS = {"age": 63.0, "positive": 0.7}


class TestMaic:
    def test_one_binary_covariate_by_hand(self):
        # 3 of 4 positive, target one half: weights 4/2/3 and 4/2/1; ESS = 16 / (3 x 4/9 + 4).
        result = maic(pd.DataFrame({"x": [1, 1, 1, 0]}), {"x": 0.5})
        assert result.weights == pytest.approx([2 / 3, 2 / 3, 2 / 3, 2])
        assert result.ess == pytest.approx(3)
        assert result.coefficients["x"] == pytest.approx(math.log((2 / 3) / 2))

    def test_raw_weights_are_one_at_the_target(self):
        frame = pd.DataFrame({"x": [0.0, 1.0, 2.0, 3.0]})
        result = maic(frame, {"x": 1.0})
        assert result.raw_weights[1] == pytest.approx(1)
        assert result.raw_weights / result.raw_weights.mean() == pytest.approx(result.weights)

    def test_no_shift_leaves_all_weights_at_one(self, trial):
        result = maic(trial, trial[["age", "positive"]].mean().to_dict())
        assert result.weights == pytest.approx(1)
        assert result.ess == pytest.approx(len(trial))

    def test_balance_is_exact(self, trial):
        result = maic(trial, TARGETS)
        assert result.weights.mean() == pytest.approx(1)
        assert result.balance["smd_after"].abs().max() < 1e-10
        assert result.balance.set_index("moment").loc["age", "target"] == 63
        assert result.ess == pytest.approx(result.weights.sum() ** 2 / (result.weights**2).sum())

    def test_agrees_with_a_general_optimiser(self, trial):
        x = trial[["age", "positive"]].to_numpy() - [63, 0.7]
        best = minimize(
            lambda a: np.exp(x @ a).sum(), [0, 0], jac=lambda a: np.exp(x @ a) @ x, method="BFGS", tol=1e-12
        )
        assert maic(trial, TARGETS).coefficients.to_numpy() == pytest.approx(best.x, abs=1e-6)

    def test_second_moments(self, trial):
        table, targets = with_second_moments(trial, {"age": 62.0, "positive": 0.6}, {"age": 6.0})
        result = maic(table, targets)
        w, age = result.weights / result.weights.sum(), trial["age"].to_numpy()
        assert w @ age == pytest.approx(62)
        assert w @ (age - 62) ** 2 == pytest.approx(36)

    def test_implied_moments_are_harmless(self, trial):
        table = trial.assign(negative=1 - trial["positive"], half=0.5)
        result = maic(table, {**TARGETS, "negative": 0.3, "half": 0.5})
        assert result.weights == pytest.approx(maic(trial, TARGETS).weights)

    def test_a_target_of_all_keeps_only_those_patients(self, trial):
        result = maic(trial, {"positive": 1.0, "age": 61.0})
        assert (result.weights[trial["positive"] == 0] == 0).all()
        assert result.weights @ trial["age"] / len(trial) == pytest.approx(61)
        assert "extreme value" in result.messages[0]

    def test_little_overlap_is_told_or_refused(self, trial):
        assert any("less than a fifth" in m for m in maic(trial, {"age": 75.0}).messages)
        with pytest.raises(NotEstimable, match="is below the limit of 100: the populations overlap too little on age"):
            maic(trial, {"age": 75.0}, minimum_ess=100)

    def test_summary(self, trial):
        values = maic(trial, TARGETS).summary.set_index("statistic")["value"]
        assert values["patients"] == 400
        assert values["minimum"] <= values["median"] <= values["maximum"]

    @given(st.integers(0, 10_000), st.integers(1, 5))
    @settings(max_examples=25, deadline=None)
    def test_any_reachable_target_is_reached(self, seed, p):
        rng = np.random.default_rng(seed)
        x = rng.standard_normal((40, p)) * 10.0 ** rng.integers(-3, 4, p)
        share = rng.dirichlet(np.ones(40))
        frame = pd.DataFrame(x, columns=[f"x{i}" for i in range(p)])
        targets = dict(zip(frame, share @ x, strict=True))
        entropy, flat = maic(frame, targets), max_ess_weights(frame, targets)
        for result in (entropy, flat):
            assert result.balance["smd_after"].abs().max() < 1e-10
            assert (result.weights >= 0).all()
        assert flat.ess >= entropy.ess * (1 - 1e-9)
        assert flat.ess >= 1 / (share @ share) * (1 - 1e-9)


class TestMaximumEss:
    def test_by_hand_with_zero_weights(self):
        # Least squares: w linear in x and not negative. Target 0.25 on 0, 1, 2: w = (a, b, 0), a + b = 3, b = 0.75.
        result = max_ess_weights(pd.DataFrame({"x": [0.0, 1.0, 2.0]}), {"x": 0.25})
        assert result.weights == pytest.approx([2.25, 0.75, 0])
        assert result.ess == pytest.approx(9 / (2.25**2 + 0.75**2))

    def test_agrees_with_a_general_solver(self):
        rng = np.random.default_rng(3)
        x = rng.standard_normal((25, 2))
        goal = np.array([0.9, -0.6])
        rule = [
            {"type": "eq", "fun": lambda w: w.sum() - 25},
            {"type": "eq", "fun": lambda w: w @ (x - goal)},
        ]
        start = np.ones(25)
        found = minimize(
            lambda w: w @ w, start, jac=lambda w: 2 * w, bounds=[(0, None)] * 25, constraints=rule, method="SLSQP",
            options={"ftol": 1e-14, "maxiter": 500},
        )  # fmt: skip
        frame = pd.DataFrame(x, columns=["a", "b"])
        result = max_ess_weights(frame, {"a": 0.9, "b": -0.6})
        assert result.weights == pytest.approx(found.x, abs=1e-5)
        assert (result.weights == 0).sum() > 0
        assert result.ess > maic(frame, {"a": 0.9, "b": -0.6}).ess


class TestHull:
    square = pd.DataFrame({"x": [0.0, 0.0, 1.0, 1.0], "y": [0.0, 1.0, 0.0, 1.0]})
    triangle = pd.DataFrame({"x": [0.0, 0.0, 1.0], "y": [0.0, 1.0, 0.0], "z": [0.0, 1.0, 5.0]})

    def test_inside(self):
        check = hull_check(self.square, {"x": 0.2, "y": 0.9})
        assert check.inside and check.conflicting == ()

    def test_one_moment_out_of_range_is_named(self):
        message = r"no weights can match x \(target 1.4; patients 0 to 1\): .* outside the convex hull.* x = 1\."
        with pytest.raises(NotEstimable, match=message):
            maic(self.square, {"x": 1.4, "y": 0.5})

    def test_two_moments_that_only_conflict_together(self):
        check = hull_check(self.triangle, {"x": 0.8, "y": 0.8})
        assert not check.inside
        assert check.conflicting == ("x", "y")
        assert "together" in check.message
        with pytest.raises(NotEstimable, match=r"x .* and y .* together"):
            max_ess_weights(self.triangle, {"x": 0.8, "y": 0.8})

    def test_edge_of_the_hull(self):
        assert maic(self.triangle, {"x": 0.5, "y": 0.5}).weights == pytest.approx([0, 1.5, 1.5], abs=1e-9)
        assert max_ess_weights(self.triangle, {"x": 0.5, "y": 0.5}).weights == pytest.approx([0, 1.5, 1.5])

    def test_constant_column_off_target(self):
        with pytest.raises(NotEstimable, match=r"x .target 1; patients 0 to 0"):
            maic(pd.DataFrame({"x": [0, 0, 0]}), {"x": 1.0})

    def test_mahalanobis_of_one_moment_is_the_t_test(self):
        x = np.array([1.0, 2.0, 4.0, 7.0])
        result = mahalanobis(pd.DataFrame({"x": x}), {"x": 1.0})
        t = (x.mean() - 1) / (x.std(ddof=1) / 2)
        assert result["f"] == pytest.approx(t**2)
        assert (result["df1"], result["df2"]) == (1, 3)

    def test_mahalanobis_refuses_implied_moments(self):
        with pytest.raises(NotEstimable, match="singular"):
            mahalanobis(self.square.assign(z=1 - self.square["x"]), {"x": 0.5, "z": 0.5})


class TestMaicInput:
    @pytest.mark.parametrize(
        ("patients", "targets", "message"),
        [
            (pd.DataFrame({"x": [1, 2]}), {}, "targets is empty"),
            (pd.DataFrame({"x": [1, 2]}), {"y": 1}, "lacks the column y"),
            (pd.DataFrame({"x": ["a", "b"]}), {"x": 1}, "code categories as 0/1"),
            (pd.DataFrame({"x": [1, np.nan, np.nan]}), {"x": 1}, "'x' has 2 empty"),
            (pd.DataFrame({"x": [1, 2]}), {"x": math.nan}, "'x' must be a finite mean"),
            (pd.DataFrame({"x": []}), {"x": 1}, "at least one row"),
            (pd.DataFrame({"x": [1, 2]}), {"x": "many"}, "targets must hold numbers"),
            (pd.DataFrame({"x": [1, 2]}), [1], "targets must map columns to means, found list"),
        ],
    )
    def test_refuses(self, patients, targets, message):
        with pytest.raises(InputError, match=message):
            maic(patients, targets)

    def test_second_moments_refuse(self):
        frame = pd.DataFrame({"x": [1.0, 2.0]})
        with pytest.raises(InputError, match="without a mean"):
            with_second_moments(frame, {}, {"x": 1})
        with pytest.raises(InputError, match="must be above 0, found -1"):
            with_second_moments(frame, {"x": 1}, {"x": -1})


class TestWeightedCox:
    def test_three_patients_by_hand(self):
        # r / (2 r + 1) x 1 / (r + 1) x 1 is largest where r + 1 = r (2 r + 1): r = 1 / sqrt(2).
        result = weighted_cox([1, 2, 3], [1, 1, 1], [1, 0, 1])
        assert math.exp(result.estimate) == pytest.approx(1 / math.sqrt(2))

    def test_no_finite_maximum(self):
        # All treated are dead before the first untreated dies.
        with pytest.raises(NotEstimable, match="no finite maximum"):
            weighted_cox([1, 2], [1, 1], [1, 0])

    @pytest.mark.parametrize("tied", [False, True])
    def test_agrees_with_lifelines(self, trial, tied):
        from lifelines import CoxPHFitter

        frame = trial[["time", "event", "treated"]].copy()
        frame["time"] = np.ceil(frame["time"] * 10) / 10 if tied else frame["time"]
        fitted = CoxPHFitter().fit(frame, "time", "event")
        ours = weighted_cox(frame["time"], frame["event"], frame["treated"])
        assert ours.estimate == pytest.approx(fitted.params_["treated"], abs=1e-6)
        assert ours.se_model == pytest.approx(fitted.standard_errors_["treated"], abs=1e-6)

    def test_robust_error_of_weights_agrees_with_lifelines(self, trial):
        from lifelines import CoxPHFitter

        frame = trial[["time", "event", "treated"]].assign(w=maic(trial, TARGETS).weights)
        fitted = CoxPHFitter().fit(frame, "time", "event", weights_col="w", robust=True)
        ours = weighted_cox(frame["time"], frame["event"], frame["treated"], frame["w"])
        assert ours.estimate == pytest.approx(fitted.params_["treated"], abs=1e-6)
        assert ours.se_robust == pytest.approx(fitted.standard_errors_["treated"], rel=1e-4)

    def test_scaling_all_weights_changes_only_the_model_error(self, trial):
        one = weighted_cox(trial["time"], trial["event"], trial["treated"])
        four = weighted_cox(trial["time"], trial["event"], trial["treated"], np.full(len(trial), 4.0))
        assert four.estimate == pytest.approx(one.estimate)
        assert four.se_robust == pytest.approx(one.se_robust)
        assert four.se_model == pytest.approx(one.se_model / 2)

    def test_weight_zero_is_absence(self, trial):
        w = (np.arange(len(trial)) % 3 > 0).astype(float)
        part = trial[w > 0]
        ours = weighted_cox(trial["time"].round(1), trial["event"], trial["treated"], w)
        wanted = weighted_cox(part["time"].round(1), part["event"], part["treated"])
        assert (ours.estimate, ours.se_robust) == (pytest.approx(wanted.estimate), pytest.approx(wanted.se_robust))

    @pytest.mark.parametrize(
        ("treated", "weights", "error", "message"),
        [
            ([1, 0], None, InputError, "one value a patient"),
            ([1, 0, 2], None, InputError, "treated must be 0 or 1, found 2"),
            ([1, 0, 1], [1, -1, 1], InputError, "not negative"),
            ([1, 1, 1], None, NotEstimable, "treated = 0"),
            ([1, 1, 0], None, NotEstimable, "no events among patients with treated = 0"),
        ],
    )
    def test_refuses(self, treated, weights, error, message):
        with pytest.raises(error, match=message):
            weighted_cox([1, 2, 3], [1, 1, 0], treated, weights)


class TestWeightedMeans:
    y, z = [1, 1, 0, 0, 1, 0, 0, 0], [1, 1, 1, 1, 0, 0, 0, 0]

    def test_unweighted_by_hand(self):
        # 2 of 4 against 1 of 4.
        ratio = weighted_means(self.y, self.z, measure="or")
        assert ratio.estimate == pytest.approx(math.log(3))
        assert ratio.se_model == pytest.approx(math.sqrt(1 / 2 + 1 / 2 + 1 / 1 + 1 / 3))
        assert weighted_means(self.y, self.z, measure="rr").estimate == pytest.approx(math.log(2))
        difference = weighted_means(self.y, self.z, measure="rd")
        assert difference.estimate == pytest.approx(0.25)
        assert difference.se_model == pytest.approx(math.sqrt(0.25 / 4 + 0.1875 / 4))
        # HC3: residuals over 1 - 1/4.
        assert difference.se_robust == pytest.approx(math.sqrt(0.25 / 4 + 0.1875 / 4) / 0.75)

    def test_mean_difference(self):
        result = weighted_means([1.0, 2.0, 3.0, 0.0, 2.0], [1, 1, 1, 0, 0], measure="md")
        assert result.estimate == pytest.approx(1)
        assert result.se_model == pytest.approx(math.sqrt(1 / 3 + 2 / 2))

    @pytest.mark.parametrize(
        ("y", "measure", "error", "message"),
        [
            ([1, 1, 1, 0], "or", NotEstimable, "treated = 1: all or no patients respond, so the odds ratio"),
            ([1, 1, 1, 0], "rr", NotEstimable, "risk ratio is 0 or infinite; use rd"),
            ([1, 2, 1, 0], "or", InputError, "response must be 0 or 1 for or, found 2"),
            ([1, 0, 1, 0], "hr", InputError, "measure must be or, rr, rd or md"),
            ([1, math.nan, 1, 0], "md", InputError, "finite numbers"),
        ],
    )
    def test_refuses(self, y, measure, error, message):
        with pytest.raises(error, match=message):
            weighted_means(y, [1, 1, 0, 0], measure=measure)


class TestAdjustedEffects:
    def test_unanchored_without_shift_is_the_naive_effect(self, trial, other):
        arm = trial[trial["treated"] == 1]
        result = maic_unanchored(arm, arm[["age", "positive"]].mean().to_dict(), other, replicates=0)
        assert result.adjusted.estimate == pytest.approx(result.naive.estimate)
        assert result.adjusted.se == pytest.approx(result.naive.se)
        both = pd.concat([arm, other])
        plain = weighted_cox(both["time"], both["event"], np.repeat([1, 0], [len(arm), len(other)]))
        assert result.naive.estimate == pytest.approx(plain.estimate)

    def test_four_errors_and_percentile(self, trial, other):
        arm = trial[trial["treated"] == 1]
        result = maic_unanchored(arm, TARGETS, other, replicates=120, rng=np.random.default_rng(1))
        table = result.estimates.set_index("method")
        names = ["unadjusted", "ess-scaled", "raw", "sandwich", "bootstrap", "bootstrap percentile"]
        assert table.index.tolist() == names
        assert table.loc["raw", "se"] < table.loc["ess-scaled", "se"]
        assert table.loc["bootstrap", "se"] == pytest.approx(table.loc["sandwich", "se"], rel=0.35)
        assert result.adjusted.se == table.loc["ess-scaled", "se"]
        again = maic_unanchored(arm, TARGETS, other, replicates=120, rng=np.random.default_rng(1))
        pd.testing.assert_frame_equal(result.estimates, again.estimates)

    @pytest.mark.parametrize("measure", ["or", "rr", "rd", "md"])
    def test_other_measures(self, trial, other, measure):
        arm = trial[trial["treated"] == 1]
        result = maic_unanchored(arm, TARGETS, other, measure=measure, error="sandwich", replicates=60)
        w = np.concatenate((maic(arm, TARGETS).weights, np.ones(len(other))))
        y = np.concatenate((arm["response"], other["response"]))
        z = np.repeat([1, 0], [len(arm), len(other)])
        wanted = weighted_means(y, z, w, measure=measure)
        assert result.adjusted.estimate == pytest.approx(wanted.estimate)
        assert result.adjusted.se == pytest.approx(wanted.se_robust)

    def test_anchored_takes_off_the_published_effect(self, trial):
        with_anchor = maic_anchored(trial, TARGETS, (0.2, 0.15), replicates=0)
        none = maic_anchored(trial, TARGETS, (0.0, 1e-12), replicates=0)
        assert with_anchor.adjusted.estimate == pytest.approx(none.adjusted.estimate - 0.2)
        assert with_anchor.adjusted.se == pytest.approx(math.hypot(none.adjusted.se, 0.15))

    def test_anchored_bootstrap(self, trial):
        result = maic_anchored(trial, TARGETS, (0.2, 0.15), replicates=100, error="bootstrap")
        assert result.adjusted.se > 0.15
        assert result.adjusted.se == pytest.approx(result.estimates.set_index("method").loc["sandwich", "se"], rel=0.35)

    @pytest.mark.parametrize("blocks", [[(0, 120)], [(0, 30), (30, 60), (60, 90), (90, 120)], [(0, 1), (1, 120)]])
    def test_replicates_are_the_same_in_any_blocks(self, trial, other, blocks):
        arm = trial[trial["treated"] == 1]
        whole = maic_unanchored(arm, TARGETS, other, replicates=120, rng=np.random.default_rng(1))
        drawn = np.concatenate(
            [maic_bootstrap(arm, TARGETS, other, block=part, rng=np.random.default_rng(1)) for part in blocks]
        )
        joined = maic_unanchored(arm, TARGETS, other, error="bootstrap", drawn=drawn)
        assert joined.estimates.to_csv() == whole.estimates.to_csv()
        assert np.unique(drawn).size == 120

    def test_anchored_replicates_are_the_same_in_blocks(self, trial):
        whole = maic_anchored(trial, TARGETS, (0.2, 0.15), replicates=60)
        drawn = np.concatenate([maic_bootstrap(trial, TARGETS, block=part) for part in [(0, 25), (25, 60)]])
        assert maic_anchored(trial, TARGETS, (0.2, 0.15), drawn=drawn).estimates.to_csv() == whole.estimates.to_csv()

    def test_a_failed_replicate_keeps_its_place_in_a_block(self, other):
        arm = pd.DataFrame({"x": [0.0] * 17 + [1.0] * 3, "time": np.arange(1.0, 21), "event": [1, 0] * 10})
        drawn = maic_bootstrap(arm, {"x": 0.3}, other, block=(0, 200))
        assert drawn.size == 200
        assert 0 < np.isnan(drawn).sum() < 200
        result = maic_unanchored(arm, {"x": 0.3}, other, drawn=drawn)
        assert f"{np.isnan(drawn).sum()} of 200 bootstrap replicates had no estimate" in result.messages[-1]

    @pytest.mark.parametrize("block", [(5, 5), (-1, 4)])
    def test_a_block_that_is_none_is_refused(self, trial, block):
        with pytest.raises(InputError, match="expected \\(start, stop\\)"):
            maic_bootstrap(trial, TARGETS, block=block)

    def test_too_few_estimates_from_elsewhere_are_refused(self, trial):
        with pytest.raises(InputError, match="from 100 to"):
            maic_anchored(trial, TARGETS, (0.2, 0.15), error="bootstrap", drawn=[0.1, 0.2])

    def test_replicates_without_a_solution_are_counted(self, other):
        arm = pd.DataFrame({"x": [0.0] * 17 + [1.0] * 3, "time": np.arange(1.0, 21), "event": [1, 0] * 10})
        result = maic_unanchored(arm, {"x": 0.3}, other, replicates=200)
        assert any("of 200 bootstrap replicates had no estimate" in m for m in result.messages)

    @pytest.mark.parametrize(
        ("change", "message"),
        [
            ({"measure": "irr"}, "measure must be one of hr"),
            ({"error": "robust"}, "error must be one of ess-scaled"),
            ({"error": "bootstrap", "replicates": 10}, "from 100 to"),
            ({"level": 95}, r"0\.95, not 95"),
        ],
    )
    def test_refuses_options(self, trial, other, change, message):
        with pytest.raises(InputError, match=message):
            maic_unanchored(trial, TARGETS, other, **change)

    def test_refuses_tables(self, trial, other):
        with pytest.raises(InputError, match="comparator lacks the column event"):
            maic_unanchored(trial, TARGETS, other[["time"]])
        with pytest.raises(InputError, match="patients lacks the column response"):
            maic_unanchored(trial.drop(columns="response"), TARGETS, other, measure="or")
        with pytest.raises(InputError, match="lacks the column treated"):
            maic_anchored(trial.drop(columns="treated"), TARGETS, (0.1, 0.1))
        with pytest.raises(InputError, match="comparator: se must be"):
            maic_anchored(trial, TARGETS, (0.1, 0.0))
        with pytest.raises(InputError, match="patients: time and event must be numbers"):
            maic_unanchored(trial.assign(time="5.1 m"), TARGETS, other)

    def test_an_outcome_without_variation(self, trial, other):
        with pytest.raises(NotEstimable, match="standard error 0 has no interval"):
            maic_unanchored(trial.assign(response=0), TARGETS, other.assign(response=0), measure="rd", replicates=0)


class TestSensitivity:
    def test_leave_one_moment_out(self, trial, other):
        arm = trial[trial["treated"] == 1]
        table = leave_one_moment_out(arm, TARGETS, other)
        assert table["left_out"].tolist() == ["", "age", "positive"]
        alone = maic_unanchored(arm, {"positive": 0.7}, other, replicates=0)
        assert table["estimate"][1] == pytest.approx(alone.adjusted.estimate)
        assert table["ess"][1] > table["ess"][0]
        anchored = leave_one_moment_out(trial, TARGETS, (0.1, 0.1), anchored=True)
        assert anchored["se"].min() > 0.1

    def test_a_row_says_why_it_is_empty(self, trial, other):
        table = leave_one_moment_out(trial[trial["treated"] == 1], {"age": 63.0, "positive": 1.5}, other)
        assert "no weights can match positive" in table["note"][0]
        assert table["note"][2] == "" and table["estimate"][2] < 10

    def test_leave_one_out_of_one(self, trial, other):
        with pytest.raises(InputError, match="at least two, found 1"):
            leave_one_moment_out(trial, {"age": 63.0}, other)

    @pytest.mark.parametrize("measure", ["hr", "md"])
    def test_trimming(self, trial, other, measure):
        arm = trial[trial["treated"] == 1]
        weights = maic(arm, TARGETS)
        table = trimmed(weights, arm, other, measure=measure)
        whole = maic_unanchored(arm, TARGETS, other, measure=measure, error="sandwich", replicates=0).adjusted
        assert table["estimate"][0] == pytest.approx(whole.estimate)
        assert table["ess"].is_monotonic_increasing
        assert table["cut"].is_monotonic_decreasing

    def test_trimming_refuses(self, trial, other):
        weights = maic(trial, TARGETS)
        with pytest.raises(InputError, match="400 weights for 150 patients"):
            trimmed(weights, other, other)
        with pytest.raises(InputError, match="quantiles must be above 0"):
            trimmed(weights, trial, other, quantiles=(95,))

    def test_weighted_curve_by_hand(self):
        # 3 of 4 in weight survive 1; then 1 of 3 dies.
        table = weighted_survival([1, 2, 3], [1, 1, 0], [1, 1, 2])
        assert table["survival"].tolist() == [pytest.approx(0.75), pytest.approx(0.5), pytest.approx(0.5)]
        # Effective numbers at risk 16 / 6 and 9 / 5.
        assert table["se"][0] == pytest.approx(0.75 * math.sqrt(0.25 / (16 / 6 * 0.75)))

    def test_equal_weights_are_kaplan_meier(self, trial):
        table = weighted_survival(trial["time"], trial["event"], np.full(len(trial), 2.5))
        plain = kaplan_meier(trial["time"], trial["event"])
        assert table["survival"].to_numpy() == pytest.approx(plain.survival)
        assert (table["se"] ** 2 / table["survival"] ** 2).to_numpy()[:300] == pytest.approx(plain.greenwood[:300])

    def test_weighted_curve_refuses(self):
        with pytest.raises(InputError, match="none negative and not all 0"):
            weighted_survival([1, 2], [1, 1], [0, 0])


class TestStrata:
    frame = pd.DataFrame(
        {"time": [1.0, 2, 3, 4, 2, 4, 6, 8], "event": [1, 1, 1, 1, 1, 1, 1, 0], "stratum": list("aaaabbbb")}
    )

    def test_poststratify_is_maic_on_indicators(self, trial):
        strata = trial["positive"].map({0: "no", 1: "yes"})
        result = poststratify(strata, {"yes": 0.7, "no": 0.3})
        assert result.weights == pytest.approx(maic(trial, {"positive": 0.7}).weights)
        assert result.balance["difference"].abs().max() < 1e-12

    def test_curve_is_the_mixture(self):
        result = standardised_survival(self.frame, {"a": 0.25, "b": 0.75})
        # At 2: a 1/2, b 3/4.
        assert result.at(2) == pytest.approx(0.25 * 0.5 + 0.75 * 0.75)
        row = result.curve.set_index("time").loc[2.0]
        assert row["se"] == pytest.approx(math.sqrt(0.25**2 * 0.5 * 0.5 / 4 + 0.75**2 * 0.75 * 0.25 / 4))
        assert row["lower"] < row["survival"] < row["upper"]
        # 1 for one month, then 0.25 x 3/4 + 0.75 for the second.
        assert result.restricted_mean(2) == pytest.approx(1 + 0.9375)
        assert result.median == 4

    def test_one_stratum_is_kaplan_meier(self):
        result = standardised_survival(self.frame, {"b": 1.0})
        curve = kaplan_meier([2, 4, 6, 8], [1, 1, 1, 0])
        assert result.curve["survival"].to_numpy() == pytest.approx(curve.at(result.curve["time"]))
        assert result.horizon == 8

    def test_the_curve_ends_with_the_shortest_stratum(self):
        frame = self.frame.assign(event=[1, 1, 1, 0, 1, 1, 1, 0])
        result = standardised_survival(frame, {"a": 0.5, "b": 0.5})
        assert result.horizon == 4
        assert "stratum a is followed only to 4" in result.messages[0]
        with pytest.raises(NotEstimable, match="beyond 4"):
            result.at(5)

    @pytest.mark.parametrize(
        ("shares", "error", "message"),
        [
            ({"a": 0.5, "b": 0.4}, InputError, "must sum to 1, found 0.9"),
            ({"a": 50, "b": 50}, InputError, "'a' must be a share"),
            ({"a": 0.5, "c": 0.5}, NotEstimable, "no patients in stratum c"),
            ({}, InputError, "must sum to 1"),
        ],
    )
    def test_refuses(self, shares, error, message):
        with pytest.raises(error, match=message):
            standardised_survival(self.frame, shares)

    def test_refuses_missing_strata(self):
        with pytest.raises(InputError, match="1 patients have no stratum"):
            poststratify(pd.Series(["a", None]), {"a": 1.0})
        with pytest.raises(InputError, match="lacks the column stratum"):
            standardised_survival(self.frame.drop(columns="stratum"), {"a": 1.0})

    def test_stratum_that_the_target_lacks(self):
        result = poststratify(pd.Series(list("aab")), {"a": 1.0})
        assert result.weights.tolist() == [1.5, 1.5, 0]
        assert "stratum b get weight 0" in result.messages[0]


class TestOutcomeModels:
    def test_saturated_model_is_direct_standardisation(self, trial):
        arm = trial[trial["treated"] == 1]
        population = pd.DataFrame({"positive": [1] * 7 + [0] * 3})
        rates = arm.groupby("positive")["response"].mean()
        wanted = 0.7 * rates[1] + 0.3 * rates[0]
        assert g_computation(arm, population, (0.0, 1e-9), measure="rd").estimate == pytest.approx(wanted)
        assert g_computation(arm, population, (0.1, 1e-9), measure="or").estimate == pytest.approx(logit(wanted) - 0.1)
        assert g_computation(arm, population, (0.0, 1e-9), measure="rr").estimate == pytest.approx(math.log(wanted))

    def test_delta_error_of_one_mean(self, trial):
        arm = trial[trial["treated"] == 1]
        population = pd.DataFrame({"positive": [1]})
        part = arm.loc[arm["positive"] == 1, "response"]
        result = g_computation(arm, population, (0.0, 1e-9), measure="rd")
        wanted = part.std(ddof=0) / math.sqrt(len(part)) * math.sqrt(len(arm) / (len(arm) - 2))
        assert result.se == pytest.approx(wanted)

    def test_linear_stc_and_g_computation_agree(self, trial):
        y = trial.assign(response=3 + 0.2 * trial["age"] + trial["treated"] * (1 - 0.1 * trial["age"]))
        population = pd.DataFrame({"age": [60.0, 66.0]})
        marginal = g_computation(y, population, (0.5, 1e-9), measure="md", anchored=True)
        at_mean = stc(y, {"age": 63.0}, (0.5, 1e-9), measure="md", anchored=True)
        assert marginal.estimate == pytest.approx(1 - 6.3 - 0.5)
        assert at_mean.estimate == pytest.approx(marginal.estimate)

    def test_logistic_agrees_with_statsmodels(self, trial):
        import statsmodels.api as sm

        arm = trial[trial["treated"] == 0]
        fitted = sm.Logit(arm["response"], sm.add_constant(arm[["age", "positive"]])).fit(disp=0)
        wanted = fitted.params @ [1, 63, 0.7]
        assert stc(arm, TARGETS, (0.0, 1e-9)).estimate == pytest.approx(wanted, abs=1e-6)

    def test_hazard_ratio_anchored_without_covariate_effect_of_centring(self, trial):
        # The treatment coefficient moves with the target along the interaction.
        zero = stc_hazard_ratio(trial, {"positive": 0.0}, (0.0, 1e-9)).estimate
        one = stc_hazard_ratio(trial, {"positive": 1.0}, (0.0, 1e-9)).estimate
        half = stc_hazard_ratio(trial, {"positive": 0.5}, (0.3, 1e-9)).estimate
        assert half == pytest.approx((zero + one) / 2 - 0.3, abs=1e-6)

    def test_hazard_ratio_unanchored_is_withdrawn(self, trial, other):
        with pytest.raises(InputError, match="neither marginal nor conditional; use standardised_hazard_ratio"):
            stc_hazard_ratio(trial[trial["treated"] == 1], {"age": 70.0}, other)

    def test_standardised_hazard_ratio_of_a_known_truth(self):
        # strong prognostic factor, no effect of treatment: after standardisation the marginal ratio is 1
        rng = np.random.default_rng(5)
        here, there = rng.binomial(1, 0.3, 250), rng.binomial(1, 0.7, 250)
        tables = []
        for x in (here, there):
            death, loss = rng.exponential(10 * np.exp(-1.2 * x)), rng.exponential(25, x.size)
            tables.append(pd.DataFrame({"time": np.minimum(death, loss), "event": death <= loss, "x": x}))
        made = standardised_hazard_ratio(tables[0], tables[1][["x"]], tables[1], replicates=50)
        assert made.estimate == pytest.approx(0.0, abs=3 * made.se)
        assert made.se == pytest.approx(0.12, abs=0.045)
        crude = cox(*(np.r_[tables[0][c], tables[1][c]] for c in ("time", "event")), np.repeat([1, 0], 250))
        assert crude.log_hr < made.estimate - 0.2  # the arms' mixes differ

    def test_standardised_to_itself_it_is_cox(self):
        # with a covariate that tells nothing, the population makes no difference
        rng = np.random.default_rng(6)
        a, b = (
            pd.DataFrame({"time": rng.exponential(scale, 500), "event": 1, "x": rng.normal(size=500)})
            for scale in (14, 10)
        )
        made = standardised_hazard_ratio(a, b[["x"]], b, replicates=50)
        plain = cox(np.r_[a["time"], b["time"]], np.ones(1000), np.repeat([1, 0], 500))
        assert made.estimate == pytest.approx(plain.log_hr, abs=0.03)
        assert made.se == pytest.approx(plain.se, rel=0.35)

    def test_cox_standardised_curve(self, trial):
        arm = trial[trial["treated"] == 1]
        old, young = (
            cox_standardised_survival(arm, pd.DataFrame({"age": [a]}), [0, 0.5, 1.0])["survival"] for a in (75.0, 50.0)
        )
        assert old[0] == young[0] == 1
        assert (old[1:] < young[1:]).all()
        both = cox_standardised_survival(arm, pd.DataFrame({"age": [75.0, 50.0]}), [0, 0.5, 1.0])["survival"]
        assert both.to_numpy() == pytest.approx((old + young).to_numpy() / 2)
        with pytest.raises(NotEstimable, match="between 0 and the longest"):
            cox_standardised_survival(arm, pd.DataFrame({"age": [75.0]}), [99.0])

    def test_simulated_population_has_the_moments(self):
        like = pd.DataFrame({"age": np.arange(100.0), "positive": (np.arange(100) > 50).astype(float)})
        drawn = simulate_population({"age": 60, "positive": 0.3}, {"age": 8}, like=like, size=20_000)
        assert drawn["age"].mean() == pytest.approx(60, abs=0.3)
        assert drawn["age"].std() == pytest.approx(8, abs=0.3)
        assert drawn["positive"].mean() == pytest.approx(0.3, abs=0.02)
        assert drawn.corr().iloc[0, 1] > 0.4

    @pytest.mark.parametrize(
        ("call", "error", "message"),
        [
            (
                lambda t: maic(pd.concat([t, t[["age"]]], axis=1), {"age": 60}),
                InputError,
                "more than one column 'age'",
            ),
            (
                lambda t: stc(pd.concat([t, t[["age"]]], axis=1), {"age": 60}, (0, 1)),
                InputError,
                "more than one column 'age'",
            ),
            (lambda t: stc(t, {}, (0, 1)), InputError, "targets is empty"),
            (lambda t: stc(t, {"z": 1}, (0, 1)), InputError, "patients lacks the column z"),
            (lambda t: stc(t, TARGETS, (0, 1), measure="hr"), InputError, "measure must be or, rr"),
            (lambda t: stc(t.assign(k=1.0), {"k": 1.0}, (0, 1)), NotEstimable, "cannot be fitted"),
            (lambda t: stc(t.assign(k=t["response"]), {"k": 1.0}, (0, 1)), NotEstimable, "separate the responses"),
            (lambda t: stc(t.drop(columns="treated"), TARGETS, (0, 1), anchored=True), InputError, "column treated"),
            (lambda t: stc(t.drop(columns="response"), TARGETS, (0, 1)), InputError, "lacks the column response"),
            (lambda t: stc(t.assign(response=2), TARGETS, (0, 1)), InputError, "response must be 0 or 1"),
            (lambda t: stc_hazard_ratio(t.assign(k=1.0), {"k": 1.0}, (0, 1)), NotEstimable, "does not converge"),
            (lambda t: stc_hazard_ratio(t.drop(columns="time"), TARGETS, (0, 1)), InputError, "lacks the column time"),
            (lambda t: stc_hazard_ratio(t.assign(event=2), TARGETS, (0, 1)), InputError, "event must be 0"),
            (lambda t: stc(t.assign(age="old"), TARGETS, (0, 1)), InputError, "age, positive must be numbers"),
            (lambda t: simulate_population({"age": 60}), InputError, "is a share, but 60"),
            (lambda t: simulate_population({"age": 60}, {"age": 0}), InputError, "must be above 0"),
        ],
    )
    def test_refuses(self, trial, call, error, message):
        with pytest.raises(error, match=message):
            call(trial)
