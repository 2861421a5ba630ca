"""Probabilistic bias analysis and interactions: limits by hand, their formulas, and metafor's test of moderators."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from resurvey import plan
from resurvey.beliefs import Belief
from resurvey.compare import bias_array, pool
from resurvey.compare.belief_quantiles import belief_quantiles
from resurvey.compare.believed import with_beliefs
from resurvey.compare.interactions import interaction, omnibus
from resurvey.compare.outcome import Outcome, What, row
from resurvey.compare.probabilistic_bias import probabilistic_bias
from resurvey.errors import InputError, NotEstimable
from resurvey.results import Contrast, Quantity, Role

U = np.linspace(0.0005, 0.9995, 1000)
EFFECT = (np.log(0.6), 0.1)
STRENGTH, HALF = Belief("log-normal", (1.2, 3.0)), Belief("uniform", (0.2, 0.5))


@pytest.mark.parametrize(
    ("belief", "other"),
    [
        (Belief("uniform", (0.2, 0.5)), stats.uniform(0.2, 0.3)),
        (Belief("triangular", (0.1, 0.2, 0.6)), stats.triang(0.2, loc=0.1, scale=0.5)),
        (Belief("trapezoidal", (0.1, 0.2, 0.4, 0.6)), stats.trapezoid(0.2, 0.6, loc=0.1, scale=0.5)),
        (Belief("beta", (2.0, 5.0)), stats.beta(2, 5)),
        (STRENGTH, stats.lognorm(np.log(3 / 1.2) / (2 * stats.norm.ppf(0.975)), scale=np.sqrt(3.6))),
    ],
)
def test_beliefs_are_scipy_s_distributions(belief, other):
    assert belief_quantiles(belief, U) == pytest.approx(other.ppf(U), abs=1e-9)
    assert belief.range[0] <= belief_quantiles(belief, U).min()
    assert belief_quantiles(belief, U).max() <= belief.range[1]


def test_a_belief_without_spread_is_the_array():
    near = [Belief("uniform", (value, value + 1e-9)) for value in (2.0, 0.4, 0.1)]
    found = probabilistic_bias(EFFECT, *near).summary.set_index("error")
    cell = bias_array(EFFECT, strengths=[2.0], prevalence_treated=[0.4], prevalence_comparator=[0.1]).iloc[0]
    assert found.loc["systematic", "ratio"] == pytest.approx(cell["ratio"])
    assert found.loc["both", "ratio_lower"] == pytest.approx(cell["ratio_lower"], rel=0.01)
    assert found.loc["sampling", "ratio_upper"] == pytest.approx(0.6 * np.exp(1.959964 * 0.1))


def test_equal_shares_move_nothing_and_draws_are_those_of_the_seed():
    same = probabilistic_bias(EFFECT, STRENGTH, HALF, HALF, correlation=0.999999)
    assert same.summary["widening"].iloc[1] < 0.01
    free = probabilistic_bias(EFFECT, STRENGTH, HALF, HALF)
    assert free.summary["estimate"].iloc[2] == pytest.approx(EFFECT[0], abs=0.01)
    assert free.summary["widening"].iloc[2] > 1.05
    pd.testing.assert_frame_equal(free.summary, probabilistic_bias(EFFECT, STRENGTH, HALF, HALF).summary)
    assert not free.summary.equals(probabilistic_bias(EFFECT, STRENGTH, HALF, HALF, seed=2).summary)


def test_an_interval_on_t_keeps_its_t():
    pooled = pool([(-0.3, 0.1), (-0.5, 0.15), (-0.1, 0.12)]).random
    near = [Belief("uniform", (value, value + 1e-9)) for value in (1.0, 0.4, 0.4)]
    found = probabilistic_bias(pooled, *near, draws=200_000).summary.set_index("error")
    assert found.loc["both", "upper"] == pytest.approx(pooled.upper, rel=0.05)
    assert found.loc["sampling", "upper"] == pytest.approx(pooled.upper)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Belief("normal", (0, 1)), "shape must be one of uniform"),
        (lambda: Belief("uniform", (0.5,)), "uniform has low, high; found"),
        (lambda: Belief("triangular", (0.5, 0.2, 0.9)), "must rise"),
        (lambda: Belief("beta", (0.0, 1.0)), "must rise"),
        (lambda: Belief("log-normal", (-1.0, 1.0)), "must rise"),
        (lambda: probabilistic_bias(EFFECT, Belief("uniform", (0.0, 2.0)), HALF, HALF), "strength must be a ratio"),
        (lambda: probabilistic_bias(EFFECT, STRENGTH, STRENGTH, HALF), "prevalence_treated must stay within 0 to 1"),
        (lambda: probabilistic_bias(EFFECT, STRENGTH, HALF, HALF, correlation=1.0), "correlation must be between"),
        (lambda: probabilistic_bias(EFFECT, STRENGTH, HALF, HALF, draws=10), "draws must be a whole number from 1,000"),
    ],
)
def test_what_cannot_be_believed_is_refused(make, message):
    with pytest.raises(InputError, match=message):
        make()


def test_a_plan_s_beliefs_correct_the_main_ratio():
    believed = {"strength": {"shape": "log-normal", "numbers": [1.2, 3.0]},
                "treated": {"shape": "uniform", "numbers": [0.3, 0.5]},
                "comparator": {"shape": "uniform", "numbers": [0.1, 0.2]}, "seed": 7}  # fmt: skip
    raw = {"id": "one", "kind": "bucher", "question": "?", "assumptions": ["a b"], "first": "a-1", "second": "b-1",
           "path": ["x", "y", "z"], "bias": believed}  # fmt: skip
    entry = plan.comparison(raw)
    assert plan.plain(entry)["bias"]["strength"] == believed["strength"]
    what = What("Bucher", "HR", Role.MAIN, Quantity.HAZARD_RATIO, Contrast.RATIO)
    line = row(entry, what, 0.6, 0.6 * np.exp(-0.196), 0.6 * np.exp(0.196), 0.01, "printed ratios", treatment="x")
    made = with_beliefs(entry, Outcome(pd.DataFrame([{**line, "comparator": "z"}])))
    last = made.estimates.iloc[-1]
    wanted = probabilistic_bias(EFFECT, STRENGTH, Belief("uniform", (0.3, 0.5)), Belief("uniform", (0.1, 0.2)), seed=7)
    assert last["estimate"] == pytest.approx(wanted.summary["ratio"].iloc[2], rel=1e-3)
    assert (last["role"], last["treatment"]) == (Role.BIAS, "x")
    assert set(made.tables["bias_beliefs"]["error"]) == {"sampling", "systematic", "both"}
    with pytest.raises(InputError, match="bias, strength: uniform: low, high must rise"):
        plan.comparison({**raw, "bias": {**believed, "strength": {"shape": "uniform", "numbers": [2.0, 1.0]}}})
    assert with_beliefs(plan.comparison({k: v for k, v in raw.items() if k != "bias"}), made) is made


EFFECTS = pd.DataFrame({
    "study": list("abcdefghi"), "estimate": [-0.3, -0.5, 0.1, -0.2, 0.4, 0.2, -0.1, 0.3, -0.6],
    "se": np.sqrt([0.02, 0.03, 0.04, 0.02, 0.05, 0.03, 0.04, 0.02, 0.06]),
})  # fmt: skip


def test_groups_of_studies_are_metafor_s_moderators():
    """metafor 3.8-1: rma(y, v, mods = ~ g, method = 'REML', test = 'knha')."""
    found = omnibus(EFFECTS, list("aaabbbccc"))
    assert found["f"] == pytest.approx(0.762585625283, rel=1e-6)
    assert found["p"] == pytest.approx(0.506879337864, rel=1e-6)
    assert found["tau2"] == pytest.approx(0.0904832773113, rel=1e-6)
    assert (found["df"], found["df_left"]) == (2, 6)


SUBGROUPS = pd.DataFrame(
    [("a", "x", -0.5, 0.1), ("a", "y", -0.2, 0.2), ("b", "x", -0.4, 0.2), ("b", "y", -0.3, 0.2), ("c", "x", -0.9, 0.2),
     ("d", "y", 0.1, 0.2), ("e", "x", -0.8, 0.1)],
    columns=["study", "subgroup", "estimate", "se"],
)  # fmt: skip


def test_differences_within_trials_are_not_mixed_with_those_between():
    found = interaction(SUBGROUPS, "x", "y")
    assert found.trials["difference"].tolist() == pytest.approx([-0.3, -0.1])
    assert found.within.random.estimate == pytest.approx(pool([(-0.3, np.hypot(0.1, 0.2)), (-0.1, np.hypot(0.2, 0.2))])
                                                         .random.estimate)  # fmt: skip
    assert found.between.coefficients[1].estimate < -0.8
    assert found.between.df == 1
    alone = interaction(SUBGROUPS[SUBGROUPS["study"].isin(["a", "b"])], "x", "y")
    assert alone.between is None and "between trials" in alone.message
    away = interaction(SUBGROUPS[~SUBGROUPS["study"].isin(["a", "b"])], "x", "y")
    assert away.within is None and "no trial has both" in away.message


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: interaction(SUBGROUPS.drop(columns="se"), "x", "y"), InputError, "effects lacks se"),
        (lambda: interaction(SUBGROUPS, "x", "z"), InputError, r"no effect is of subgroup 'z': there are \['x', 'y'\]"),
        (lambda: interaction(pd.concat([SUBGROUPS, SUBGROUPS.iloc[:1]]), "x", "y"), InputError, "'a' has subgroup 'x'"),
        (lambda: interaction(SUBGROUPS.iloc[[4, 5]], "x", "y"), NotEstimable, "no trial has both"),
        (lambda: omnibus(EFFECTS, ["a"] * 9), InputError, "two or more groups for each of 9"),
        (lambda: omnibus(EFFECTS, list("abcdefghi")), NotEstimable, "9 studies for 9 coefficients"),
    ],
)
def test_what_is_no_such_table_is_refused(call, error, message):
    with pytest.raises(error, match=message):
        call()
