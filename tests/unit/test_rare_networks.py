"""Rare events: beta-binomial regression against SciPy's distribution, and networks by Mantel and Haenszel."""

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from scipy.optimize import minimize
from scipy.special import expit
from scipy.stats import betabinom

from resurvey.compare.beta_binomial import beta_binomial
from resurvey.compare.counts import mantel_haenszel
from resurvey.compare.mantel_haenszel_network import mantel_haenszel_network
from resurvey.compare.network import network
from resurvey.errors import InputError, NotEstimable

COUNTS = pd.DataFrame(
    [("a", 3, 100, 9, 98), ("b", 0, 50, 4, 60), ("c", 1, 40, 0, 42), ("d", 12, 200, 30, 210), ("e", 0, 30, 0, 30)],
    columns=["study", "events", "patients", "comparator_events", "comparator_patients"],
)


def test_beta_binomial_regression_is_at_the_maximum_of_scipy_s_distribution():
    events = np.concatenate((COUNTS["events"], COUNTS["comparator_events"]))
    patients = np.concatenate((COUNTS["patients"], COUNTS["comparator_patients"]))
    mark = np.repeat([1, 0], 5)

    def minus(theta):
        mean, total = expit(theta[0] + theta[1] * mark), np.exp(theta[2])
        return -betabinom(patients, mean * total, (1 - mean) * total).logpmf(events).sum()

    best = minimize(
        minus, [-3.0, -0.5, 3.0], method="Nelder-Mead", options={"xatol": 1e-10, "fatol": 1e-12, "maxiter": 9999}
    )
    found = beta_binomial(COUNTS)
    assert found.estimate.estimate == pytest.approx(best.x[1], abs=1e-5)
    assert found.correlation == pytest.approx(1 / (1 + np.exp(best.x[2])), rel=1e-3)
    # the profile likelihood falls by half of chi-square's quantile near the limits
    fixed = lambda b: minimize(lambda t: minus([t[0], b, t[1]]), best.x[[0, 2]], method="Nelder-Mead").fun  # noqa: E731
    drop = [fixed(limit) - best.fun for limit in (found.estimate.lower, found.estimate.upper)]
    assert drop == pytest.approx([1.92, 1.92], abs=0.5)


def test_without_differences_between_studies_it_is_a_binomial_regression():
    same = pd.DataFrame([(str(i), 5, 100, 10, 100) for i in range(4)], columns=COUNTS.columns)
    found = beta_binomial(same)
    wanted = np.log(20 * 360 / (40 * 380)), np.sqrt(1 / 20 + 1 / 380 + 1 / 40 + 1 / 360)
    assert found.correlation < 1e-4
    assert (found.estimate.estimate, found.estimate.se) == pytest.approx(wanted, rel=1e-3)


def test_an_arm_without_events_in_any_study_has_no_odds_ratio():
    with pytest.raises(NotEstimable, match="the treatment arms have 0 events in 420 patients"):
        beta_binomial(COUNTS.assign(events=0))


def arms(rows):
    return pd.DataFrame(rows, columns=["study", "treatment", "events", "patients"])


TWO = arms([
    ("a", "X", 3, 100), ("a", "Y", 9, 98), ("b", "X", 0, 50), ("b", "Y", 4, 60), ("d", "X", 12, 200),
    ("d", "Y", 30, 210),
])  # fmt: skip
MORE = arms([("f", "Y", 20, 150), ("f", "Z", 12, 140), ("g", "X", 5, 90), ("g", "Z", 7, 95)])


def test_one_design_is_the_pool():
    found = mantel_haenszel_network(TWO)
    wanted = mantel_haenszel(COUNTS[COUNTS["study"].isin(["a", "b", "d"])]).estimate
    row = found.effects.set_index(["treatment", "comparator"]).loc[("X", "Y")]
    assert (row["estimate"], row["se"], row["p"]) == pytest.approx((wanted.estimate, wanted.se, wanted.p))
    assert found.df == 0


def test_designs_are_joined_by_least_squares():
    found = mantel_haenszel_network(pd.concat([TWO, MORE]))
    pools = {"XY": ["a", "b", "d"], "YZ": ["f"], "XZ": ["g"]}
    rows = []
    both = pd.concat([TWO, MORE])
    for pair, studies in pools.items():
        one = mantel_haenszel_network(both[both["study"].isin(studies)]).effects
        row = one.set_index(["treatment", "comparator"]).loc[(pair[0], pair[1])]
        rows.append((pair, pair[0], pair[1], row["estimate"], row["se"]))
    wanted = network(pd.DataFrame(rows, columns=["study", "treatment", "comparator", "estimate", "se"]))
    common = wanted.effects[wanted.effects["model"] == "common"]
    assert found.effects["estimate"].to_numpy() == pytest.approx(common["estimate"].to_numpy())
    assert (found.q, found.df) == (pytest.approx(wanted.q), 1)


FOUR = arms([
    ("h", "X", 9, 50), ("h", "Y", 14, 48), ("h", "Z", 7, 52), ("i", "X", 3, 40), ("i", "Y", 6, 44), ("i", "Z", 1, 39),
    ("j", "X", 4, 60), ("j", "Y", 3, 61), ("k", "X", 8, 90), ("k", "Y", 5, 80), ("k", "Z", 0, 70), ("k", "W", 6, 70),
])  # fmt: skip

NETMETA = [
    (("W", "X"), 0.1952311627050, 0.5295138831569),
    (("W", "Y"), -0.0246095522683, 0.5487078334716),
    (("W", "Z"), 0.9508492164342, 0.6729667951337),
    (("X", "Y"), -0.2198407149733, 0.3086714946418),
    (("X", "Z"), 0.7556180537293, 0.4652122865562),
    (("Y", "Z"), 0.9754587687025, 0.4466303022265),
]
NETMETA_Q = 2.6191830914383


def test_designs_of_several_arms_are_netmeta_s():
    """R 4.2, netmeta 2.9-0: netmetabin(pairwise(...), method = "MH", sm = "OR"); to 12 digits."""
    found = mantel_haenszel_network(FOUR)
    table = found.effects.set_index(["treatment", "comparator"])
    for pair, estimate, se in NETMETA:
        assert (table.loc[pair, "estimate"], table.loc[pair, "se"]) == pytest.approx((estimate, se), abs=1e-10)
    assert found.q == pytest.approx(NETMETA_Q, abs=1e-10)
    assert found.messages == (
        "arm Z of design W : X : Y : Z is left out: nobody or everybody has the event in its trials",
    )


def test_variances_do_not_ask_which_of_event_and_none_is_counted():
    other = mantel_haenszel_network(FOUR.assign(events=FOUR["patients"] - FOUR["events"]))
    found = mantel_haenszel_network(FOUR)
    assert other.effects["estimate"].to_numpy() == pytest.approx(-found.effects["estimate"].to_numpy())
    assert other.effects["se"].to_numpy() == pytest.approx(found.effects["se"].to_numpy())


def test_three_arms_of_large_studies_are_near_logistic_regression():
    rng, rows = np.random.default_rng(3), []
    for study in range(12):
        level = rng.normal(-3, 0.3)
        names = "XYZ" if study % 2 else ("XY", "XZ")[study % 4 // 2]
        rows += [
            (f"s{study}", n, rng.binomial(900, expit(level - 0.4 * (n == "Y") + 0.2 * (n == "Z"))), 900) for n in names
        ]
    table = arms(rows)
    found = mantel_haenszel_network(table).effects.set_index(["treatment", "comparator"])
    design = pd.get_dummies(table[["study", "treatment"]]).astype(float).drop(columns="treatment_X")
    fit = sm.GLM(np.column_stack((table["events"], table["patients"] - table["events"])), design,
                 family=sm.families.Binomial()).fit()  # fmt: skip
    for name in "YZ":
        row = found.loc[(name, "X")]
        assert row["estimate"] == pytest.approx(fit.params[f"treatment_{name}"], abs=0.03)
        assert row["se"] == pytest.approx(fit.bse[f"treatment_{name}"], rel=0.06)


def test_designs_without_events_are_left_out_by_name():
    silent = arms([("h", "Z", 0, 20), ("h", "W", 0, 20)])
    found = mantel_haenszel_network(pd.concat([TWO, silent]))
    assert "design W : Z (h) is left out: less than two of its arms" in " ".join(found.messages)
    with pytest.raises(NotEstimable, match="design W : Z"):
        mantel_haenszel_network(silent)


@pytest.mark.parametrize(
    ("table", "message"),
    [
        (TWO.drop(columns="events"), "arms lacks events"),
        (pd.concat([TWO, TWO.iloc[:1]]), "study 'a' has 'X' twice"),
        (TWO.iloc[:1], "study 'a' has one arm"),
    ],
)
def test_tables_that_are_none_are_refused(table, message):
    with pytest.raises(InputError, match=message):
        mantel_haenszel_network(table)


@pytest.mark.parametrize(
    ("events", "patients"),
    [(-2, 20), (2.5, 20), (21, 20), ("four", 20), (3, float("nan")), (3, "inf"), (0, 0), (None, 20)],
)
def test_counts_that_cannot_be_are_refused_with_their_arm(events, patients):
    rows = [("s1", "A", events, patients), ("s1", "B", 3, 20), ("s2", "A", 40, 20), ("s2", "B", 5, 20)]
    with pytest.raises(InputError, match=r"study 's1', 'A'.*study 's2', 'A'.*found 40.* of 20"):
        mantel_haenszel_network(pd.DataFrame(rows, columns=["study", "treatment", "events", "patients"]))
