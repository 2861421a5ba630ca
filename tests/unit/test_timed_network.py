"""Networks over time: each stage against an independent fit, the truth of simulated trials, and real curves."""

from dataclasses import replace
from functools import partial

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm

from resurvey.compare import network
from resurvey.compare.multivariate import TrialEffects, multivariate_network
from resurvey.compare.rubin import rubin
from resurvey.compare.timed_arms import arm_counts, by_arm, cox_trial, royston_parmar_arms
from resurvey.compare.timed_bases import fractional_polynomial, log_time, piecewise, proportional, spline
from resurvey.compare.timed_curves import hazard_curves, spline_curves
from resurvey.compare.timed_means import mean_network
from resurvey.compare.timed_network import time_network
from resurvey.compare.timed_trials import counts_in, drawn_vector, interval_edges, read_trials, rubin_vector
from resurvey.errors import InputError, NotEstimable
from resurvey.montecarlo import limit_error, of_draws
from resurvey.reconstruct.formats import read_kmdata
from resurvey.survival import compare_restricted_means, cox, fit_model, restricted_mean
from resurvey.survival.stack import patient_stack
from tests.published.test_freireich1963 import TRIAL
from tests.shared import shared_path

#: Scale and shape of Weibull times by treatment: hazard ratios against A are powers of time.
TRUTH = {"A": (10.0, 1.0), "B": (14.0, 1.3), "C": (18.0, 0.8)}
DESIGN = {"s1": "AB", "s2": "AC", "s3": "ABC", "s4": "BC"}


def simulated(seed=1, patients=300, design=DESIGN, replicates=1):
    rng = np.random.default_rng(seed)
    tables = []
    for study, arms in design.items():
        for arm in arms:
            scale, shape = TRUTH[arm]
            time, end = scale * rng.weibull(shape, (replicates, patients)), rng.uniform(10, 40, (replicates, patients))
            tables.append(pd.DataFrame({
                "study": study, "treatment": arm, "replicate": np.repeat(np.arange(replicates), patients),
                "time": np.minimum(time, end).ravel(), "event": (time <= end).astype(int).ravel(),
            }))  # fmt: skip
    return pd.concat(tables, ignore_index=True)


@pytest.fixture(scope="module")
def made():
    return time_network(simulated(), reference="A")


def ground(patients):
    trials = read_trials(patients)
    edges = interval_edges(trials, 60)
    counts = arm_counts(trials, edges)
    return trials, edges, counts, (edges[1:] + edges[:-1]) / 2, sum(events[0] for events, _ in counts)


def random_contrasts(seed):
    rng = np.random.default_rng(seed)
    rows, effects = [], []
    for number in range(12):
        arms = sorted(rng.choice(list("ABCDE"), 3 if number % 4 == 0 else 2, replace=False))
        if number < 4:
            arms = ["ABCDE"[number], "ABCDE"[number + 1]]
        level, variance = rng.normal(0, 0.5, len(arms)), rng.uniform(0.01, 0.05, len(arms))
        own = level[1:] - level[0]
        covariance = np.diag(variance[1:]) + variance[0]
        effects.append(TrialEffects(f"s{number}", tuple(arms), own[:, None], covariance))
        for i in range(len(arms)):
            for j in range(i + 1, len(arms)):
                error = np.sqrt(variance[i] + variance[j])
                rows.append((f"s{number}", arms[i], arms[j], level[i] - level[j], error))
    return pd.DataFrame(rows, columns=["study", "treatment", "comparator", "estimate", "se"]), effects


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_one_coefficient_is_the_network_of_ratios(seed):
    contrasts, effects = random_contrasts(seed)
    whole = network(contrasts)
    for model, between in (("common", "none"), ("random", "level")):
        one = multivariate_network(effects, "A", between=between)
        wanted = whole.effects[(whole.effects["model"] == model) & (whole.effects["comparator"] == "A")]
        wanted = wanted.set_index("treatment").loc[list(one.treatments[1:])]
        assert one.estimate[:, 0] == pytest.approx(wanted["estimate"].to_numpy(), abs=2e-5)
        assert np.sqrt(np.diag(one.covariance)) == pytest.approx(wanted["se"].to_numpy(), abs=2e-5)
    assert (one.q, one.df) == (pytest.approx(whole.q), whole.df)
    assert one.tau2[0] == pytest.approx(whole.tau2, rel=1e-3)


def test_two_coefficients_of_one_comparison_are_least_squares_with_a_full_covariance():
    rng = np.random.default_rng(4)
    covariances = [np.array([[0.04, 0.01 * k], [0.01 * k, 0.02]]) for k in (-2, -1, 0, 1)]
    effects = [TrialEffects(f"s{i}", ("A", "B"), rng.normal(0, 0.3, (1, 2)), v) for i, v in enumerate(covariances)]
    weights = [np.linalg.inv(v) for v in covariances]
    total = np.linalg.inv(sum(weights))
    wanted = total @ sum(w @ e.effects[0] for w, e in zip(weights, effects, strict=True))
    one = multivariate_network(effects, "A", between="none")
    assert one.estimate[0] == pytest.approx(wanted)
    assert one.covariance == pytest.approx(total)
    assert one.df == 6


def test_variances_of_each_coefficient_are_found():
    rng = np.random.default_rng(5)
    effects = [
        TrialEffects(f"s{i}", ("A", "B"), np.array([[rng.normal(0, 0.5), rng.normal(0, 0.2)]]), 1e-4 * np.eye(2))
        for i in range(60)
    ]
    one = multivariate_network(effects, "A", between="each")
    assert np.sqrt(one.tau2) == pytest.approx([0.5, 0.2], rel=0.25)
    assert one.tau2 == pytest.approx(np.vstack([e.effects for e in effects]).var(axis=0, ddof=1), rel=0.01)


def test_intervals_rest_on_t_where_trials_differ():
    apart = [TrialEffects(f"s{i}", ("A", "B"), np.array([[y]]), np.array([[0.01]])) for i, y in enumerate((-1, 0, 0.8))]
    assert multivariate_network(apart, "A").degrees == 2.0
    assert multivariate_network(apart, "A", between="none").degrees is None
    alike = [TrialEffects(f"s{i}", ("A", "B"), np.array([[0.1]]), np.array([[0.01]])) for i in range(3)]
    assert multivariate_network(alike, "A").degrees is None


def test_a_coefficient_that_no_trial_informs_is_empty_and_the_others_stand():
    told, lacking = np.array([[0.1, 0.2]]), np.array([[0.3, np.nan]])
    effects = [TrialEffects("s1", ("A", "B"), told, np.eye(2)), TrialEffects("s2", ("A", "C"), lacking, np.eye(2))]
    one = multivariate_network(effects, "A", between="none")
    assert one.estimate[0] == pytest.approx([0.1, 0.2])
    assert one.estimate[1, 0] == pytest.approx(0.3)
    assert np.isnan(one.estimate[1, 1])
    assert one.rank == 3


def test_pieces_are_named():
    effects = [TrialEffects("s1", ("A", "B"), np.zeros((1, 1)), np.eye(1)),
               TrialEffects("s2", ("C", "D"), np.zeros((1, 1)), np.eye(1))]  # fmt: skip
    with pytest.raises(NotEstimable, match=r"2 pieces that no trial links: \(1\) A, B; \(2\) C, D"):
        multivariate_network(effects, "A")
    with pytest.raises(InputError, match="'X' is not a treatment"):
        multivariate_network(effects[:1], "X")
    with pytest.raises(InputError, match="between must be one of"):
        multivariate_network(effects[:1], "A", between="some")


def test_counts_by_interval_by_hand():
    patients = pd.DataFrame({"study": "s", "treatment": ["A"] * 3 + ["B"], "time": [1.0, 2.5, 4.0, 3.0],
                             "event": [1, 0, 1, 1]})  # fmt: skip
    arm = read_trials(patients)[0].arms[0]
    events, exposure = counts_in(arm, np.array([0.0, 1.0, 2.0, 4.0]))
    assert events.tolist() == [[1, 0, 1]]
    assert exposure.tolist() == [[3.0, 2.0, 2.5]]


def test_rubin_of_a_vector_by_hand():
    centre, total = rubin_vector(np.array([[1.0, 0.0], [3.0, 2.0]]), np.array([np.eye(2), 3 * np.eye(2)]))
    assert centre.tolist() == [2.0, 1.0]
    assert total == pytest.approx(2 * np.eye(2) + 1.5 * np.full((2, 2), 2.0))


def test_log_time_of_one_trial_is_r_s_coxph():
    """R 4.2 survival 3.5-3: coxph(Surv(t, e) ~ x + tt(x), tt = x log t, ties = 'efron') on Freireich's trial."""
    time, event, first = TRIAL
    names = np.where(first == 1, "b", "a")
    trial = read_trials(pd.DataFrame({"study": "s", "treatment": names, "time": time, "event": event}))[0]
    one = np.array([1.0])
    theta, covariance, likelihood, arrived = cox_trial(trial, log_time(one, one))  # centred at log 1
    assert arrived.all()
    assert theta[0] == pytest.approx([-2.179383540, 0.283609484], abs=1e-8)
    wanted = [[1.6980792543, -0.6981278403], [-0.6981278403, 0.3208203937]]
    assert covariance[0] == pytest.approx(np.array(wanted), abs=1e-8)
    assert likelihood[0] == pytest.approx(-84.87354255, abs=1e-7)


def test_a_ratio_without_time_is_cox():
    patients = simulated(design={"s": "AB"}, patients=80)
    trial = read_trials(patients)[0]
    theta, covariance, likelihood, _ = cox_trial(trial, proportional())
    wanted = cox(patients["time"], patients["event"], patients["treatment"] == "B")
    assert theta[0, 0] == pytest.approx(wanted.log_hr, abs=1e-9)
    assert np.sqrt(covariance[0, 0, 0]) == pytest.approx(wanted.se, abs=1e-9)
    assert likelihood[0] == pytest.approx(wanted.log_likelihood)


@pytest.mark.parametrize("powers", [(0.0,), (-0.5, 1.0), (1.0, 1.0)])
def test_arms_are_poisson_regressions(powers):
    trials, edges, counts, middle, weights = ground(simulated(patients=100))
    basis = fractional_polynomial(powers, middle, weights)
    first = by_arm(trials, basis, edges, counts)
    events, exposure = counts[1]
    at = exposure[0] > 0
    model = sm.GLM(events[0][at], basis(middle)[at], family=sm.families.Poisson(), offset=np.log(exposure[0][at]))
    wanted = model.fit(tol=1e-12)
    theta, covariance, _ = first.arms["s1", "B"]
    assert theta == pytest.approx(wanted.params, rel=1e-6)
    assert covariance == pytest.approx(wanted.cov_params(), rel=1e-5)


def test_two_stages_are_near_the_one_stage_model():
    """All trials in one Poisson regression: a baseline a trial, effects a treatment."""
    trials, edges, counts, middle, weights = ground(simulated())
    basis = fractional_polynomial((0.0,), middle, weights)
    first = by_arm(trials, basis, edges, counts)
    two = multivariate_network(first.effects, "A", between="none")
    rows, died, time = [], [], []
    labels = [(trial.name, treatment) for trial in trials for treatment in trial.treatments]
    for (study, treatment), (events, exposure) in zip(labels, counts, strict=True):
        own = np.array([study == trial.name for trial in trials], dtype=float)
        effect = np.array([treatment == name for name in "BC"], dtype=float)
        rows.append(np.kron(np.concatenate((own, effect)), basis(middle)))
        died.append(events[0])
        time.append(exposure[0])
    x, y, offset = np.vstack(rows), np.concatenate(died), np.concatenate(time)
    wanted = sm.GLM(y[offset > 0], x[offset > 0], family=sm.families.Poisson(), offset=np.log(offset[offset > 0])).fit()
    assert two.estimate.ravel() == pytest.approx(wanted.params[8:], abs=0.01)
    assert np.sqrt(np.diag(two.covariance)) == pytest.approx(wanted.bse[8:], rel=0.02)
    # the constants of the Poisson likelihood are not in ours
    ours = -2 * first.log_likelihood + two.q
    theta = wanted.params
    full = -2 * float(y @ (x @ theta) - offset @ np.exp(x @ theta))
    assert ours == pytest.approx(full, abs=0.1)


def test_a_spline_without_knots_is_weibull_and_comparable_by_likelihood():
    patients = simulated(patients=150)
    trials, edges, counts, middle, weights = ground(patients)
    first = royston_parmar_arms(trials, spline("royston-parmar", 0, middle, weights))
    fits = [fit_model(own["time"], own["event"], "weibull") for _, own in patients.groupby(["study", "treatment"])]
    assert first.log_likelihood == pytest.approx(sum(fit.log_likelihood for fit in fits), abs=1e-6)
    assert first.arms["s1", "B"][0][1] == pytest.approx(fits[1].parameters["shape"], abs=1e-6)
    # the log hazard of a Weibull is linear in log time: the likelihood in intervals is nearly that of the times
    counted = by_arm(trials, fractional_polynomial((0.0,), middle, weights), edges, counts)
    assert counted.log_likelihood == pytest.approx(first.log_likelihood, abs=1.0)


def test_pieces_are_ratios_of_rates():
    trials, edges, _, _, _ = ground(simulated(patients=100))
    edges = np.union1d(edges, [6.0])
    counts = arm_counts(trials, edges)
    first = by_arm(trials, piecewise([6.0]), edges, counts)
    own = trials[0].arms
    died = [float(arm.event[0][arm.time[0] > 6].sum()) for arm in own]
    risk = [float(np.maximum(arm.time[0] - 6, 0).sum()) for arm in own]
    wanted = np.log(died[1] / risk[1]) - np.log(died[0] / risk[0])
    assert first.effects[0].effects[0, 1] == pytest.approx(wanted)
    assert first.effects[0].covariance[1, 1] == pytest.approx(1 / died[0] + 1 / died[1])


def test_restricted_means_of_one_trial():
    patients = simulated(design={"s": "AB"}, patients=90)
    table = mean_network(read_trials(patients), "A", [12.0])
    wanted = compare_restricted_means(patients["time"], patients["event"], patients["treatment"] == "B", 12.0)
    rows = table[table["model"] == "common"].set_index("scale")
    assert rows.loc["difference", "estimate"] == pytest.approx(wanted.difference)
    assert rows.loc["difference", "se"] == pytest.approx(wanted.difference_se)
    assert np.exp(rows.loc["ratio", "lower"]) == pytest.approx(wanted.ratio_lower)


def test_a_trial_that_ends_before_a_horizon_is_left_out_by_name():
    patients = simulated(patients=60)
    patients.loc[(patients["study"] == "s3") & (patients["time"] > 15), ["event"]] = 0
    patients.loc[patients["study"] == "s3", "time"] = patients.loc[patients["study"] == "s3", "time"].clip(upper=15)
    table = mean_network(read_trials(patients), "A", [14.0, 18.0, 500.0])
    assert set(table.loc[table["horizon"] == 14.0, "left_out"]) == {""}
    assert set(table.loc[table["horizon"] == 18.0, "left_out"]) == {"s3"}
    assert "empty" in table.loc[table["horizon"] == 500.0, "note"].iloc[0]


def test_models_find_the_true_ratios(made):
    for name in ("log-time", "fp-1", "fp-2", "royston-parmar-1", "log-hazard-spline-1"):
        rows = made.hazard_ratios[made.hazard_ratios["model"] == name]
        inside = rows[(rows["time"] > 3) & (rows["time"] < 25)]
        scale, shape = (inside["treatment"].map(lambda arm, i=i: TRUTH[arm][i]).to_numpy() for i in (0, 1))
        truth = shape / scale * (inside["time"].to_numpy() / scale) ** (shape - 1) * 10.0
        assert np.all(np.abs(inside["log_hr"] - np.log(truth)) < 3.5 * inside["se"]), name


def test_fit_statistics_choose_the_true_kind(made):
    fit = made.fit.set_index("model")
    assert fit.loc["log-time", "aic"] < fit.loc["proportional", "aic"] - 20
    assert fit.loc["fp-1", "label"] == "powers 0"
    assert fit.loc["fp-1", "lowest"] and fit.loc["log-time", "lowest"]
    assert made.powers[made.powers["order"] == 1]["powers"].iloc[0] == "0"
    assert len(made.powers) == 8 + 36


def test_survival_and_means_of_the_reference_are_those_of_its_arm(made):
    patients = simulated()
    own = patients[(patients["study"] == made.population) & (patients["treatment"] == "A")]
    truth = np.exp(-made.survival["time"] / 10)
    for name, rows in made.survival[made.survival["treatment"] == "A"].groupby("model"):
        assert np.abs(rows["survival"] - truth[rows.index]).max() < 0.06, name
    summary = made.summaries.set_index(["model", "treatment"])
    # the hazard by interval gives back the product-limit curve
    tau = made.horizon
    wanted = restricted_mean(own["time"], own["event"], tau).mean
    assert summary.loc[("proportional", "A"), "rmst"] == pytest.approx(wanted, rel=0.01)
    for model in made.fit["model"]:
        row = summary.loc[(model, "B")]
        assert row["difference_lower"] < 2.84 < row["difference_upper"]  # the integral of the true curves to 38.3


def test_errors_by_the_delta_method_are_those_of_draws(made):
    fit = next(one for one in made.fits if one.name == "fp-1")
    curves, rng = fit.curves, np.random.default_rng(7)
    place, k = 40, 1
    moves = rng.multivariate_normal(np.zeros(6), curves.effect_covariance + 1e-12 * np.eye(6), 4000)
    base = rng.multivariate_normal(np.zeros(2), curves.base_covariance, 4000)
    surface = curves.log_cumulative
    linear = moves[:, 2:4] @ surface.by_effect[k, place] + base @ surface.by_base[k, place]
    assert linear.std() == pytest.approx(curves.errors(surface)[k, place], rel=0.04)


@pytest.mark.parametrize("name", ["fp-2", "piecewise", "royston-parmar-1", "log-time"])
def test_derivatives_are_those_of_small_moves(made, name):
    fit = next(one for one in made.fits if one.name == name)
    step, size = 1e-5, fit.basis.size
    moved = fit.network.estimate.copy()
    moved[0, size - 1] += step
    network = replace(fit.network, estimate=moved)
    edges = np.concatenate(([0.0], fit.curves.time))
    if name == "log-time":
        start = np.exp(fit.curves.log_cumulative.value[0])
        curves = [
            hazard_curves(
                one, fit.basis, edges, (np.diff(start, prepend=0.0) / np.diff(edges), *[np.eye(start.size)] * 2), True
            )
            for one in (fit.network, network)
        ]
    else:
        base = fit.first.arms[made.population, "A"]
        make = spline_curves if name == "royston-parmar-1" else partial(hazard_curves, rates=False)
        curves = [make(one, fit.basis, edges, base) for one in (fit.network, network)]
    for surface in ("log_hr", "log_cumulative"):
        before, after = (getattr(one, surface) for one in curves)
        assert (after.value - before.value)[1] / step == pytest.approx(
            before.by_effect[1, :, -1], rel=1e-3, abs=2e-4
        ), surface
    means = [one.means(made.horizon)[0] for one in curves]
    slope = (means[1] - means[0])[1] / step
    wide = np.zeros((fit.curves.effect_covariance.shape[0],) * 2)
    wide[2 * size - 1, 2 * size - 1] = 1.0
    only = replace(curves[0], effect_covariance=wide, base_covariance=0 * curves[0].base_covariance)
    assert abs(slope) == pytest.approx(np.sqrt(only.means(made.horizon)[1][1, 1]), rel=0.02)


def test_ranks_turn_over_where_the_hazards_cross(made):
    rows = made.ranks[(made.ranks["model"] == "log-time") & (made.ranks["of"] == "hazard")]
    scores = rows.pivot(index="time", columns="treatment", values="p_score")
    assert scores["B"].iloc[0] > scores["C"].iloc[0]
    assert scores["C"].iloc[-1] > scores["B"].iloc[-1]
    assert scores.sum(axis=1).to_numpy() == pytest.approx(1.5, abs=1e-9)


def test_replicates_widen_what_one_of_them_says():
    several = simulated(replicates=6, patients=120)
    one = several[several["replicate"] == 0]
    wide = time_network(several, reference="A", models=["log-time", "fp-1", "royston-parmar-1"])
    narrow = time_network(one, reference="A", models=["log-time", "fp-1", "royston-parmar-1"])
    mean = lambda table: table.coefficients["se"].mean()  # noqa: E731
    assert mean(wide) > 1.1 * mean(narrow)


def test_another_draw_moves_a_coefficient_by_its_weights_in_the_trials():
    """Two trials of one contrast, variances 0.1 and 0.3: weights 3/4 and 1/4 of means with variances 0.02 and 0.08."""
    drawn = [
        TrialEffects(name, ("A", "B"), np.array([[effect]]), np.array([[within]]), np.array([[between]]), replicates)
        for name, effect, within, between, replicates in (("s1", 0.2, 0.1, 0.02, 30), ("s2", 0.4, 0.3, 0.08, 20))
    ]
    made = multivariate_network(drawn, "A", between="none")
    assert made.drawn[0, 0] == pytest.approx(0.75**2 * 0.02 + 0.25**2 * 0.08)
    assert made.replicates == 20
    seen = multivariate_network([replace(one, drawn=None, replicates=1) for one in drawn], "A", between="none")
    assert (seen.drawn[0, 0], seen.replicates) == (0.0, 1)
    turned = multivariate_network(drawn, "B", between="none")
    assert turned.drawn[0, 0] == pytest.approx(made.drawn[0, 0])


def test_the_error_of_a_combined_estimate_by_hand():
    assert drawn_vector(np.array([[1.0], [3.0], [5.0]]))[0, 0] == pytest.approx(4 / 3)
    assert drawn_vector(np.array([[1.0, 2.0]])).tolist() == [[0.0, 0.0], [0.0, 0.0]]
    known = of_draws(0.05, 0.4, 20, 1.96)  # B = 20 x 0.0025 = 0.05; T = 0.16
    assert known["missing_information"] == pytest.approx(1.05 * 0.05 / 0.16)
    assert known["monte_carlo"] == pytest.approx(np.sqrt(0.0025 + 1.96**2 * 0.05**2 / (2 * 0.16 * 19)) / 0.4)
    assert of_draws(0.0, 0.4, 1, 1.96) == {"missing_information": 0.0, "monte_carlo": 0.0}


def test_of_one_trial_the_error_is_that_of_rubins_rules():
    trial = simulated(patients=60, replicates=8, design={"s1": "AB"})
    made = time_network(trial, reference="A", models=["proportional", "royston-parmar-1"], horizons=[8.0])
    means = made.means[(made.means["model"] == "common") & (made.means["scale"] == "difference")].iloc[0]
    stacks = {name: patient_stack(own, name) for name, own in trial.groupby("treatment")}
    (a, var_a), (b, var_b) = (stacks[name].curves.restricted_mean(8.0) for name in "AB")
    pooled = rubin(b - a, var_a + var_b)
    assert means["se"] == pytest.approx(pooled.se)
    assert means["monte_carlo"] == pytest.approx(limit_error(pooled.between, pooled.se, 8, 1.959964), rel=1e-6)
    for _, own in made.hazard_ratios.groupby("model"):
        assert own["monte_carlo"].between(0.05, 1.0).all() and own["missing_information"].between(0.05, 1.0).all()
    one = time_network(trial[trial["replicate"] == 0], reference="A", models=["fp-1"])
    assert (one.hazard_ratios["monte_carlo"] == 0).all() and (one.means["monte_carlo"] == 0).all()


def test_what_is_beyond_the_follow_up_is_marked(made):
    far = time_network(simulated(), reference="A", models=["fp-1"], horizon=80.0)
    assert far.hazard_ratios["extrapolated"].any()
    assert not made.hazard_ratios.loc[made.hazard_ratios["time"] < 30, "extrapolated"].any()


def test_a_piece_without_the_reference_is_left_out_and_named():
    design = {"s1": "AB", "s2": "CC"}
    patients = simulated(design={"s1": "AB", "s2": "AC"}, patients=60)
    patients.loc[(patients["study"] == "s2") & (patients["treatment"] == "A"), "treatment"] = "D"
    found = time_network(patients, reference="A", models=["proportional"])
    assert found.messages == ("C, D: no chain of trials links them with A; left out",)
    assert design and set(found.hazard_ratios["treatment"]) == {"B"}


def test_a_model_that_cannot_be_fitted_says_why():
    patients = simulated(design={"s1": "AB"}, patients=40)
    patients.loc[(patients["treatment"] == "B"), "event"] = 0
    with pytest.raises(NotEstimable, match=r"proportional: .*s1 has no maximum"):
        time_network(patients, reference="A", models=["proportional"])
    both = simulated(design={"s1": "AB"}, patients=40)
    both.loc[(both["treatment"] == "B") & (both["time"] < 8), "event"] = 0
    table = time_network(both, reference="A", models=["proportional", "piecewise"], cuts=[7.0, 12.0])
    ratio = table.hazard_ratios[(table.hazard_ratios["model"] == "piecewise")]
    assert ratio.loc[ratio["time"] < 7, "hr"].isna().all()
    assert ratio.loc[(ratio["time"] > 7) & (ratio["time"] < 30), "hr"].notna().all()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda p: p.drop(columns="time"), "lacks time"),
        (lambda p: p[p["treatment"] == "A"], "has one treatment, A"),
        (lambda p: p.assign(treatment=p["treatment"].where(p.index != 3, "")), "row 3: treatment is empty"),
        (lambda p: p.iloc[:0], "is empty"),
        (lambda p: pd.concat([p, p[p["treatment"] == "B"].assign(replicate=1),
                              p[p["treatment"] == "B"].assign(replicate=2),
                              p[p["treatment"] == "A"].assign(replicate=1)]), "different numbers of replicates"),
    ],
)  # fmt: skip
def test_tables_that_are_none_are_refused(change, message):
    with pytest.raises(InputError, match=message):
        time_network(change(simulated(design={"s1": "AB"}, patients=30)), reference="A")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"reference": "X"}, "reference 'X' is not a treatment"),
        ({"population": "s9"}, "population 's9' is not a study with an arm of 'A'"),
        ({"models": ["weibull"]}, "found 'weibull'"),
        ({"models": ["royston-parmar-7"]}, "inner knots must be 0 to 3, found 7"),
        ({"cuts": [5.0, 3.0]}, "cuts must be finite times that rise"),
        ({"horizon": -1.0}, "horizon must be a time above 0"),
        ({"horizons": [0.0]}, "horizon must be a time above 0"),
        ({"between": "some"}, "between must be one of"),
    ],
)
def test_options_that_are_none_are_refused(options, message):
    with pytest.raises(InputError, match=message):
        time_network(simulated(design={"s1": "AB"}, patients=60), **{"reference": "A", **options})


#: Progression-free survival after first-line treatment of lung cancer: file, and what its arms are called there.
LUNG = {
    "Checkmate017_2B": {"d1": "docetaxel", "nivolumab": "nivolumab"},
    "Checkmate057_1C": {"d1": "docetaxel", "nivolumab": "nivolumab"},
    "REVEL_3": {"placebo_docetaxel": "docetaxel", "ramucirumab_docetaxel": "ramucirumab + docetaxel"},
    "LUMELung1_2A": {"docetaxel_placebo": "docetaxel", "docetaxel_nintedanib": "nintedanib + docetaxel"},
    "PROSE_2B": {"chemo": "docetaxel", "erlotinib": "erlotinib"},
    "MARQUEE_2B": {"erlotinib_placebo": "erlotinib", "erlotinib_tivantinib": "tivantinib + erlotinib"},
    "METlung_3A": {"placebo_erlotinib": "erlotinib", "onaturzumab_erlotinib": "onartuzumab + erlotinib"},
}


def test_models_part_in_a_network_of_real_curves():
    """Immunotherapy starts late: its ratio falls in time, which one ratio for all times cannot show."""
    folder = shared_path("kmdata")
    tables = []
    for name, arms in LUNG.items():
        found = read_kmdata(folder / f"{name}.rda")
        tables += [found[arm].patients.assign(study=name, treatment=label) for arm, label in arms.items()]
    made = time_network(pd.concat(tables, ignore_index=True), reference="docetaxel", horizon=18.0)
    assert len(made.fits) == 7
    ratios = made.hazard_ratios[made.hazard_ratios["treatment"] == "nivolumab"].set_index(["model", "time"])["hr"]
    one = ratios.loc["proportional"].iloc[0]
    # printed: 0.62 in CheckMate 017, 0.92 in CheckMate 057
    assert 0.62 < one < 0.92
    for model in ("log-time", "piecewise", "fp-2", "royston-parmar-1", "log-hazard-spline-1"):
        assert ratios.loc[model].iloc[0] > 1.0 > 0.75 > ratios.loc[model].loc[9.0:12.0].max(), model
    fit = made.fit.set_index("model")
    assert fit.loc["log-time", "aic"] < fit.loc["proportional", "aic"] - 20
    # printed: REVEL 0.76, LUME-Lung 1 0.79; both near proportional
    alone = made.hazard_ratios.set_index(["model", "treatment"]).loc["proportional"]["hr"].groupby("treatment").first()
    assert alone["ramucirumab + docetaxel"] == pytest.approx(0.76, abs=0.03)
    assert alone["nintedanib + docetaxel"] == pytest.approx(0.79, abs=0.06)
