"""Senn et al. (2013), Statistical Methods in Medical Research 22, 169-189: glucose-lowering agents, change of HbA1c.

The contrasts are the data set Senn2013 as analysed by Rücker and Schwarzer in the package netmeta; results with more
digits than a paper prints were computed with it (version 3.3).
"""

import pandas as pd
import pytest

from resurvey.compare import decompose_q, network, node_split, prediction_intervals

ROWS = """
DeFronzo1995 metf plac -1.90 0.1414
Lewin2007 metf plac -0.82 0.0992
Willms1999 metf acar -0.20 0.3579
Willms1999 metf plac -1.20 0.3758
Willms1999 acar plac -1.00 0.4669
Davidson2007 rosi plac -1.34 0.1435
Wolffenbuttel1999 rosi plac -1.10 0.1141
Kipnes2001 piog plac -1.30 0.1268
Kerenyi2004 rosi plac -0.77 0.1078
Hanefeld2004 piog metf 0.16 0.0849
Derosa2004 piog rosi 0.10 0.1831
Baksi2004 rosi plac -1.30 0.1014
Rosenstock2008 rosi plac -1.09 0.2263
Zhu2003 rosi plac -1.50 0.1624
Yang2003 rosi metf -0.14 0.2239
Vongthavaravat2002 rosi sulf -1.20 0.1436
Oyama2008 acar sulf -0.40 0.1549
Costa1997 acar plac -0.80 0.1432
Hermansen2007 sita plac -0.57 0.1291
Garber2008 vild plac -0.70 0.1273
Alex1998 metf sulf -0.37 0.1184
Johnston1994 migl plac -0.74 0.1839
Johnston1998a migl plac -1.41 0.2235
Kim2007 rosi metf 0.00 0.2339
Johnston1998b migl plac -0.68 0.2828
Gonzalez-Ortiz2004 metf plac -0.40 0.4356
Stucci1996 benf plac -0.23 0.3467
Moulin2006 benf plac -1.01 0.1366
"""


@pytest.fixture(scope="module")
def senn():
    rows = [line.split() for line in ROWS.strip().splitlines()]
    table = pd.DataFrame(rows, columns=["study", "treatment", "comparator", "estimate", "se"])
    return network(table.astype({"estimate": float, "se": float}), method="DL")


def against_placebo(result, model):
    table = result.effects
    chosen = table[(table["model"] == model) & (table["comparator"] == "plac")]
    return chosen.set_index("treatment")[["estimate", "se"]]


def test_heterogeneity(senn):
    # netmeta: Q = 96.99, df = 18; I^2 = 81.4 % [72.0 %; 87.7 %]; tau^2 = 0.1087
    assert senn.q == pytest.approx(96.9855530053, abs=1e-8)
    assert senn.df == 18
    assert senn.i2 == pytest.approx(0.81440535, abs=1e-8)
    assert senn.heterogeneity["i2_lower"][0] == pytest.approx(0.71977201, abs=1e-8)
    assert senn.heterogeneity["i2_upper"][0] == pytest.approx(0.87708089, abs=1e-8)
    assert senn.tau2 == pytest.approx(0.1087169231, abs=1e-8)


def test_decomposition(senn):
    # Within designs 74.46 (df 11), between designs 22.53 (df 7, p 0.0021); full interaction, random: 2.19, p 0.9483
    q = decompose_q(senn).set_index("source")
    assert q.loc["within designs", ["q", "df"]].tolist() == [pytest.approx(74.4552817355), 11]
    assert q.loc["between designs", ["q", "df"]].tolist() == [pytest.approx(22.5302712697), 7]
    assert q.loc["between designs", "p"] == pytest.approx(0.002057014238)
    assert q.loc["between designs (random)", "q"] == pytest.approx(2.1940001321)


def test_common_effect_against_placebo(senn):
    table = against_placebo(senn, "common")
    assert table.loc["rosi"].tolist() == [pytest.approx(-1.20184201, abs=1e-8), pytest.approx(0.047662165, abs=1e-8)]
    assert table.loc["metf"].tolist() == [pytest.approx(-1.11411019, abs=1e-8), pytest.approx(0.059611478, abs=1e-8)]
    assert table.loc["piog"].tolist() == [pytest.approx(-1.06643311, abs=1e-8), pytest.approx(0.075847507, abs=1e-8)]


def test_random_effects_against_placebo(senn):
    table = against_placebo(senn, "random")
    assert table.loc["rosi"].tolist() == [pytest.approx(-1.23345575, abs=1e-8), pytest.approx(0.12780164, abs=1e-8)]
    assert table.loc["metf"].tolist() == [pytest.approx(-1.12677535, abs=1e-8), pytest.approx(0.15426658, abs=1e-8)]
    assert table.loc["acar"].tolist() == [pytest.approx(-0.84178494, abs=1e-8), pytest.approx(0.24582031, abs=1e-8)]


def test_p_scores(senn):
    # Rücker and Schwarzer (2015), BMC Medical Research Methodology 15, 58, report them to four digits.
    common = {
        "rosi": 0.9789, "metf": 0.8513, "piog": 0.7686, "migl": 0.6200, "benf": 0.5727, "acar": 0.4792, "vild": 0.3512,
        "sita": 0.2386, "sulf": 0.1395, "plac": 0.0,
    }  # fmt: skip
    random = {
        "rosi": 0.8934, "metf": 0.7818, "piog": 0.7746, "migl": 0.6137, "acar": 0.5203, "benf": 0.4358, "vild": 0.4232,
        "sita": 0.3331, "sulf": 0.2103, "plac": 0.0139,
    }  # fmt: skip
    ranking = senn.ranking.set_index(["model", "treatment"])["p_score"]
    for name, score in common.items():
        assert ranking["common", name] == pytest.approx(score, abs=6e-5)
    for name, score in random.items():
        assert ranking["random", name] == pytest.approx(score, abs=6e-5)
    assert ranking["random"].index.tolist() == list(random)


def test_prediction_interval_uses_t_with_the_degrees_of_q(senn):
    row = prediction_intervals(senn).set_index(["treatment", "comparator"]).loc[("acar", "plac")]
    assert row["lower"] == pytest.approx(-1.7058350611, abs=1e-8)


def test_node_split_of_acarbose_against_metformin(senn):
    row = node_split(senn, "common").set_index(["treatment", "comparator"]).loc[("acar", "metf")]
    assert row["proportion_direct"] == pytest.approx(0.10246980437)
    assert row["indirect"] == pytest.approx(0.29664434406)
    assert row["p"] == pytest.approx(0.7980876538)
