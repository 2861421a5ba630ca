"""Bayesian networks by quadrature: against the pool, the frequentist network, sampling, and their own symmetries."""

import numpy as np
import pandas as pd
import pytest

from resurvey.compare import network
from resurvey.compare.bayes import bayes_network, bayes_pool
from resurvey.compare.priors import half_normal, log_normal, log_t, uniform
from resurvey.errors import InputError, NotEstimable

COLUMNS = ["study", "treatment", "comparator", "estimate", "se"]


def table(rows):
    return pd.DataFrame(rows, columns=COLUMNS)


LOOP = table(
    [
        ("s1", "A", "B", -0.30, 0.15), ("s2", "A", "B", -0.55, 0.20), ("s3", "B", "C", -0.20, 0.18),
        ("s4", "A", "C", -0.20, 0.16), ("s5", "A", "C", -0.60, 0.22), ("s6", "B", "C", 0.10, 0.25),
    ]
)  # fmt: skip
THREE = table([("m1", "A", "B", -0.30, 0.15), ("m1", "A", "C", -0.50, 0.16), ("m1", "B", "C", -0.20, 0.14)])


def pair(made, one, two):
    return made.effects.set_index(["treatment", "comparator"]).loc[(one, two)]


def test_one_comparison_is_the_pool():
    rows = LOOP.iloc[:2]
    made, pooled = bayes_network(rows), bayes_pool(rows)
    effect = pooled.effects.iloc[0]
    found = pair(made, "A", "B")
    for name in ("mean", "sd", "median", "lower", "upper"):
        assert found[name] == pytest.approx(effect[name], abs=1e-10)
    assert found["prediction_lower"] == pytest.approx(pooled.effects["lower"].iloc[1], abs=1e-9)
    assert made.tau["median"].iloc[0] == pytest.approx(pooled.tau["median"].iloc[0])


@pytest.mark.parametrize("extra", [None, THREE])
def test_with_tau_near_nothing_it_is_the_common_effect_model(extra):
    rows = LOOP if extra is None else pd.concat([LOOP, extra], ignore_index=True)
    made = bayes_network(rows, prior=half_normal(1e-6))
    common = network(rows).effects
    common = common[common["model"] == "common"].set_index(["treatment", "comparator"])
    for row in made.effects.itertuples():
        wanted = common.loc[(row.treatment, row.comparator)]
        assert (row.mean, row.sd, row.lower, row.upper) == pytest.approx(
            (wanted["estimate"], wanted["se"], wanted["lower"], wanted["upper"]), abs=1e-6
        )


def test_given_tau_it_is_the_random_effects_model():
    # a prior with all its mass at REML's tau
    rows = pd.concat([LOOP, THREE], ignore_index=True)
    reml = network(rows, method="REML")
    tau = max(reml.tau2**0.5, 0.15)
    made = bayes_network(rows, prior=log_normal(np.log(tau), 0.1, of="tau"))
    from resurvey.compare.network_fit import effect_table, fit

    wanted = effect_table("random", fit(reml.pieces[0][0].evidence, tau**2), 0.95).set_index(
        ["treatment", "comparator"]
    )
    for row in made.effects.itertuples():
        found = wanted.loc[(row.treatment, row.comparator)]
        assert (row.mean, row.sd) == pytest.approx((found["estimate"], found["se"]), abs=2e-3)


def test_names_and_orientation_do_not_matter():
    rows = pd.concat([LOOP, THREE], ignore_index=True)
    other = rows.rename(columns={"treatment": "comparator", "comparator": "treatment"})[COLUMNS]
    other = other.assign(estimate=-other["estimate"]).replace({"A": "z"})
    first, second = bayes_network(rows), bayes_network(other)
    for one, two in (("A", "B"), ("B", "C"), ("A", "C")):
        names = tuple("z" if name == "A" else name for name in (one, two))
        assert pair(first, one, two)["median"] == pytest.approx(pair(second, *names)["median"], abs=1e-9)
    assert first.ranking["sucra"].tolist() == pytest.approx(second.ranking["sucra"].tolist())
    assert first.tau["dic"].iloc[0] == pytest.approx(second.tau["dic"].iloc[0], abs=1e-8)


def test_ranks_agree_with_sucra_and_add_up():
    made = bayes_network(LOOP)
    ranks = made.ranks
    assert ranks.groupby("treatment")["probability"].sum().tolist() == pytest.approx([1, 1, 1])
    assert ranks.groupby("rank")["probability"].sum().tolist() == pytest.approx([1, 1, 1])
    mean_rank = (ranks["rank"] * ranks["probability"]).groupby(ranks["treatment"]).sum()
    exact = made.ranking.set_index("treatment")["sucra"]
    for name in "ABC":
        assert (3 - mean_rank[name]) / 2 == pytest.approx(exact[name], abs=2e-3)
    turned = bayes_network(LOOP, small_values="undesirable").ranking.set_index("treatment")["sucra"]
    assert (turned + exact).tolist() == pytest.approx([1, 1, 1])


def test_node_splits_against_the_frequentist_ones_given_tau():
    tau = 0.12
    made = bayes_network(LOOP, prior=log_normal(np.log(tau), 0.1, of="tau")).node_splits
    assert len(made) == 3
    # every loop of three has one inconsistency: all splits ask for the same, up to its sign
    assert made["difference"].abs().round(6).nunique() == 1
    w = 1 / (LOOP["se"] ** 2 + tau**2)
    direct = {
        key: (np.average(part["estimate"], weights=w[part.index]), 1 / w[part.index].sum())
        for key, part in LOOP.groupby(["treatment", "comparator"])
    }
    gap = direct["A", "B"][0] - (direct["A", "C"][0] - direct["B", "C"][0])
    spread = sum(value for _, value in direct.values())
    row = made.set_index(["treatment", "comparator"]).loc[("B", "A")]
    assert (row["difference"], row["sd"]) == pytest.approx((-gap, spread**0.5), abs=4e-3)


def test_node_splits_with_a_study_of_three_arms_run_and_stay_finite():
    rows = pd.concat([LOOP, THREE], ignore_index=True)
    made = bayes_network(rows).node_splits
    assert len(made) == 3 and np.all(np.isfinite(made[["difference", "sd", "lower", "upper", "p"]]))


def test_a_star_has_no_split_and_its_tau_is_the_prior_s():
    star = LOOP.iloc[[0, 2]]
    made = bayes_network(star, prior=half_normal(0.5))
    assert made.node_splits.empty
    assert made.tau["median"].iloc[0] == pytest.approx(0.5 * 0.6744897501960817, abs=1e-8)


def test_pieces_stay_apart():
    rows = pd.concat([LOOP, table([("t", "X", "Y", 0.1, 0.2)])], ignore_index=True)
    made = bayes_network(rows)
    assert len(made.pieces) == 2 and len(made.effects) == 8
    assert made.priors("X")["treatment"].unique().tolist() == ["Y"]
    with pytest.raises(InputError, match="reference 'Q' is not in the network"):
        made.priors("Q")


def test_against_a_long_run_of_a_sampler():
    """Random-walk Metropolis on log tau, effects drawn given it."""
    made = bayes_network(LOOP, prior=half_normal(0.5))
    post = made.pieces[0].posterior
    rng, x, draws = np.random.default_rng(11), np.log(0.2), []

    def target(value):
        tau = np.exp(value)
        w = 1 / (post.v + tau**2)
        precision = (post.x * w[:, None]).T @ post.x
        mean = np.linalg.solve(precision, post.x.T @ (w * post.y))
        left = w @ (post.y - post.x @ mean) ** 2
        return 0.5 * (np.log(w).sum() - left - np.linalg.slogdet(precision)[1]) - tau**2 / 0.5 + value

    at = target(x)
    for _ in range(6_000):
        step = x + 1.2 * rng.normal()
        new = target(step)
        if np.log(rng.random()) < new - at:
            x, at = step, new
        draws.append(x)
    tau = np.exp(draws[1000:])
    assert made.tau["mean"].iloc[0] == pytest.approx(tau.mean(), abs=0.025)
    assert made.tau["upper"].iloc[0] == pytest.approx(np.quantile(tau, 0.975), abs=0.09)


@pytest.mark.parametrize("prior", [half_normal(0.7), log_normal(-2.56, 1.74), log_t(-3.44, 2.44), uniform(2.0)])
def test_proper_priors_have_mass_one(prior):
    x = np.linspace(-60, 40, 400_001)
    with np.errstate(over="ignore"):
        density = np.exp(prior.log_density(np.exp(x)) + x)
    assert np.sum((density[1:] + density[:-1]) / 2 * np.diff(x)) == pytest.approx(1.0, abs=2e-4)


def test_a_prior_that_fixes_tau_is_refused():
    with pytest.raises(NotEstimable, match="so narrow that it fixes tau"):
        bayes_network(LOOP, prior=log_normal(-2.0, 1e-4))


@pytest.mark.parametrize("small", ["wanted", ""])
def test_small_values_are_one_of_two(small):
    with pytest.raises(InputError, match="small_values must be"):
        bayes_network(LOOP, small_values=small)
