"""The thirteen networks that ship with netmeta (Rücker and Schwarzer 2014 and its documentation), against its results.

Agreement is to 1e-8 for common effect and DerSimonian-Laird; REML is compared with the likelihood that keeps the
covariance within multi-arm studies (netmeta, given contrasts, drops it).
"""

import json

import numpy as np
import pandas as pd
import pytest

from resurvey.compare import decompose_q, network, node_split, prediction_intervals
from tests.shared import shared_path

pytestmark = pytest.mark.shared
NAMES = [
    "Senn2013", "Woods2010", "Dong2013", "Baker2009", "Dogliotti2014", "Franchini2012", "Gurusamy2011", "Linde2015",
    "Linde2016", "Stowe2010", "dietaryfat", "parkinson", "smokingcessation",
]  # fmt: skip
COLUMNS = {"studlab": "study", "treat1": "treatment", "treat2": "comparator", "TE": "estimate", "seTE": "se"}
SPLIT = {
    "prop_direct": "proportion_direct", "direct_seTE": "direct_se", "indirect_seTE": "indirect_se", "p": "p",
    "direct_TE": "direct", "indirect_TE": "indirect", "diff_TE": "difference", "z": "z",
}  # fmt: skip
SIGNED = {"direct_TE", "indirect_TE", "diff_TE", "z"}


@pytest.fixture(scope="module")
def reference():
    sets = json.loads(shared_path("reference/netmeta_reference.json").read_text())["datasets"]
    return {s["dataset"]: s for s in sets}


@pytest.fixture(scope="module")
def fitted(reference):
    kept = {}

    def fit(name, method):
        if (name, method) not in kept:
            contrasts = pd.DataFrame(reference[name]["contrasts"]).rename(columns=COLUMNS)
            kept[name, method] = network(contrasts, method=method, small_values=reference[name]["small_values"])
        return kept[name, method]

    return fit


def close(ours, theirs, names, tolerance=1e-8):
    wanted = np.array([[theirs[a][b] for b in names] for a in names], dtype=float)
    assert np.nanmax(np.abs(ours - wanted)) < tolerance


@pytest.mark.parametrize("name", NAMES)
def test_leagues_and_p_scores(reference, fitted, name):
    result, wanted = fitted(name, "DL"), reference[name]["fits"]["DL"]
    for place, model in enumerate(("common", "random")):
        fit = result.pieces[0][place]
        names = fit.evidence.treatments
        close(fit.effects, wanted[model]["TE"], names)
        close(fit.se, wanted[model]["seTE"], names)
        ranking = result.ranking[result.ranking["model"] == model].set_index("treatment")["p_score"]
        for treatment, score in wanted[model]["P_score"].items():
            assert ranking[treatment] == pytest.approx(score, abs=1e-8)
        table = result.effects[result.effects["model"] == model].set_index(["treatment", "comparator"])
        for (a, b), row in table.iterrows():
            assert row["lower"] == pytest.approx(wanted[model]["lower"][a][b], abs=1e-8)
            assert row["upper"] == pytest.approx(wanted[model]["upper"][a][b], abs=1e-8)


@pytest.mark.parametrize("name", NAMES)
def test_heterogeneity_and_inconsistency(reference, fitted, name):
    result, wanted = fitted(name, "DL"), reference[name]["fits"]["DL"]
    assert result.tau2 == pytest.approx(wanted["tau2"], abs=1e-8)
    assert result.q == pytest.approx(wanted["Q"], abs=1e-8)
    assert (result.df, result.p_q) == (wanted["df_Q"], pytest.approx(wanted["p_Q"], abs=1e-8))
    whole = result.heterogeneity.iloc[0]
    for ours, theirs in (("i2", "I2"), ("i2_lower", "I2_lower"), ("i2_upper", "I2_upper")):
        assert whole[ours] == pytest.approx(wanted[theirs], abs=1e-8)
    parts = decompose_q(result).set_index("source")
    for row in wanted["Q_decomposition"]["total"]:
        ours = parts.loc[row["_row"].lower()]
        assert (ours["df"], ours["q"]) == (row["df"], pytest.approx(row["Q"], abs=1e-8))
        assert ours["p"] == pytest.approx(row["pval"], abs=1e-8)
    interaction = wanted["Q_decomposition"]["full_interaction_random"][0]
    assert parts.loc["between designs (random)", "q"] == pytest.approx(interaction["Q"], abs=1e-8)
    assert parts.loc["between designs (random)", "tau2"] ** 0.5 == pytest.approx(interaction["tau.within"], abs=1e-8)


@pytest.mark.parametrize("name", NAMES)
def test_prediction_limits(reference, fitted, name):
    wanted = reference[name]["fits"]["DL"]["random"]
    for row in prediction_intervals(fitted(name, "DL")).itertuples():
        limits = (
            wanted["lower_predict"][row.treatment][row.comparator],
            wanted["upper_predict"][row.treatment][row.comparator],
        )
        assert (row.lower, row.upper) == (pytest.approx(limits[0], abs=1e-8), pytest.approx(limits[1], abs=1e-8))


@pytest.mark.parametrize("model", ["common", "random"])
@pytest.mark.parametrize("name", NAMES)
def test_node_splits(reference, fitted, name, model):
    ours = node_split(fitted(name, "DL"), model).set_index(["treatment", "comparator"]).T.to_dict()
    for wanted in reference[name]["fits"]["DL"]["split"][model]:
        a, b = wanted["comparison"].split(":")
        row, turned = (ours[a, b], 1) if (a, b) in ours else (ours[b, a], -1)
        assert row["studies"] == wanted["k"]
        for theirs, column in SPLIT.items():
            if wanted[theirs] is None:
                assert np.isnan(row[column]) and row["note"]
            else:
                sign = turned if theirs in SIGNED else 1
                # Indirect evidence is a small difference where nearly all is direct: relative to its size.
                assert sign * row[column] == pytest.approx(wanted[theirs], abs=1e-8, rel=1e-8)


@pytest.mark.parametrize("name", NAMES)
def test_reml_keeps_the_covariance_of_multi_arm_studies(reference, fitted, name):
    result, wanted = fitted(name, "REML"), reference[name]["fits"]["REML_full"]
    fit = result.pieces[0][1]
    assert result.tau2 == pytest.approx(wanted["tau2"], abs=1e-8)
    close(fit.effects, wanted["random"]["TE"], fit.evidence.treatments)
    close(fit.se, wanted["random"]["seTE"], fit.evidence.treatments)


def test_linde_reml_is_not_the_one_without_covariance(reference, fitted):
    assert reference["Linde2016"]["fits"]["REML"]["tau2"] == pytest.approx(0.0307, abs=5e-5)
    assert fitted("Linde2016", "REML").tau2 == pytest.approx(0.0183, abs=5e-5)
