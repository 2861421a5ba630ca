"""Networks in pieces: what they are called, what bridges them, and with what grade."""

import numpy as np
import pandas as pd
import pytest

from resurvey.compare import network
from resurvey.compare.bridges import Strength, Way, bridges, components
from resurvey.compare.meta_regression import meta_regression
from resurvey.errors import InputError

CONTRASTS = pd.DataFrame(
    [("s1", "A", "B", -0.3, 0.15), ("s2", "A", "B", -0.2, 0.2), ("s3", "C", "D", 0.1, 0.2), ("s4", "C", "D", 0.2, 0.2)],
    columns=["study", "treatment", "comparator", "estimate", "se"],
)
ARMS = pd.DataFrame(
    [("s1", "A", -2.3, 0.1), ("s1", "B", -2.0, 0.1), ("s2", "A", -2.2, 0.1), ("s2", "B", -2.1, 0.1),
     ("s3", "C", -1.8, 0.1), ("s3", "D", -1.9, 0.1), ("s4", "C", -1.7, 0.12), ("s4", "D", -1.9, 0.1),
     ("x1", "E", -1.5, 0.1), ("x2", "B", -2.0, 0.1)],
    columns=["study", "treatment", "estimate", "se"],
)  # fmt: skip


@pytest.fixture(scope="module")
def made():
    return network(CONTRASTS)


def crossed(table, treatment):
    return table[(table["treatment"] == treatment) & (table["way"] != Way.MATCHED)].iloc[0]


def test_pieces_and_single_arms_are_named(made):
    table = components(made, ARMS)
    assert table["treatments"].tolist() == ["A; B", "C; D", "E"]
    assert table["piece"].tolist() == [1, 2, 0]
    assert table["single_arms"].tolist() == ["x2", "", "x1"]
    assert components(made)["single_arms"].tolist() == ["", ""]


def test_a_bridge_is_the_difference_of_levels_and_the_way_from_the_anchors(made):
    own = ARMS[ARMS["treatment"].isin(["B", "C"])]
    mark = (own["treatment"] == "C").astype(float)
    levels = meta_regression(own[["study", "estimate", "se"]], mark, interval_method="hartung-knapp-adhoc")
    table = bridges(made, ARMS, "B")
    c, d = crossed(table, "C"), crossed(table, "D")
    assert (c["anchor"], c["other_anchor"]) == ("B", "C")
    assert (c["estimate"], c["se"]) == pytest.approx((levels.coefficients[1].estimate, levels.coefficients[1].se))
    assert c["upper"] == pytest.approx(levels.coefficients[1].upper)
    step = made.effects.set_index(["model", "treatment", "comparator"]).loc[("random", "D", "C")]
    assert d["estimate"] == pytest.approx(c["estimate"] + step["estimate"])
    assert d["se"] == pytest.approx(np.hypot(c["se"], step["se"]))
    assert set(table["grade"]) == {Strength.BASELINES, Strength.ADJUSTED}
    assert c["way"] == Way.SINGLE_ARM  # x2 is a single arm
    assert crossed(bridges(made, ARMS[ARMS["study"] != "x2"], "B"), "C")["way"] == Way.BASELINE


def test_from_the_anchor_to_another_reference(made):
    to_a, to_b = (crossed(bridges(made, ARMS, name, tau=0.2), "C") for name in ("A", "B"))
    step = made.effects.set_index(["model", "treatment", "comparator"]).loc[("random", "B", "A")]
    assert to_a["estimate"] == pytest.approx(to_b["estimate"] + step["estimate"])


def test_with_a_given_spread_by_hand(made):
    row = crossed(bridges(made, ARMS, "B", tau=0.2), "E")
    variance = 0.05 / 3 + 0.05
    assert row["estimate"] == pytest.approx(-1.5 - np.mean([-2.0, -2.1, -2.0]))
    assert row["se"] == pytest.approx(np.sqrt(variance))
    assert row["upper"] == pytest.approx(row["estimate"] + 1.959964 * row["se"], abs=1e-6)


def test_too_few_arms_are_refused_with_what_would_help(made):
    few = ARMS[ARMS["study"].isin(["s1", "x1"])].query("treatment in ('B', 'E')")
    row = crossed(bridges(made, few, "B"), "E")
    assert row["refused"]
    assert "give tau" in row["note"]
    none = crossed(bridges(made, ARMS[ARMS["treatment"] != "C"].query("treatment != 'D'"), "B"), "C")
    assert "no arm of C has a level" in none["note"]


def test_a_bridge_has_the_coverage_it_says():
    """Levels vary between trials: intervals with the spread given hold the truth."""
    rng, held = np.random.default_rng(6), []
    for _ in range(400):
        level = {study: rng.normal(-2, 0.3) for study in ("s1", "s2", "s3", "s4")}
        effect = {"A": -0.3, "B": 0.0, "C": 0.2, "D": 0.0}
        arms, rows = [], []
        for study, pair in (("s1", "AB"), ("s2", "AB"), ("s3", "CD"), ("s4", "CD")):
            seen = {arm: level[study] + effect[arm] + rng.normal(0, 0.1) for arm in pair}
            arms += [(study, arm, value, 0.1) for arm, value in seen.items()]
            rows.append((study, pair[0], pair[1], seen[pair[0]] - seen[pair[1]], np.hypot(0.1, 0.1)))
        one = network(pd.DataFrame(rows, columns=CONTRASTS.columns))
        table = bridges(one, pd.DataFrame(arms, columns=ARMS.columns), "B", tau=0.3)
        row = crossed(table, "C")
        held.append(row["lower"] <= 0.2 <= row["upper"])
    assert np.mean(held) > 0.92


def test_a_whole_network_needs_no_bridge():
    assert bridges(network(CONTRASTS.iloc[:2]), ARMS.iloc[:4], "A").empty


def test_what_is_no_table_of_arms_is_refused(made):
    with pytest.raises(InputError, match="arms lacks se"):
        bridges(made, ARMS.drop(columns="se"), "A")
    with pytest.raises(InputError, match="row 0: estimate and se must be numbers, se above 0"):
        bridges(made, ARMS.assign(se=0.0), "A")
    with pytest.raises(InputError, match="'Z' is not in the network"):
        bridges(made, ARMS, "Z")
