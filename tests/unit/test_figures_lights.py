"""Lights for the risk of bias beside the studies of a forest, and the confidence in the cells of a league."""

import numpy as np
import pandas as pd
import pytest

from resurvey import plan
from resurvey.evidence_grade import confidence_of
from resurvey.figures.gallery_comparison import comparison_drawings
from resurvey.figures.lights import LIGHTS, lights_of
from resurvey.report.workbook import league_table
from resurvey.result_values import Risk
from resurvey.schema import ROB_2
from tests.unit.test_figures import words_of
from tests.unit.test_figures_gallery import ENTRY, LABELS, estimates


def judged(study, tool, endpoint="", **judgements):
    return pd.DataFrame(
        [
            {"study": study, "tool": tool, "domain": name.replace("_", " "), "judgement": value, "endpoint": endpoint}
            for name, value in judgements.items()
        ]
    )


def test_a_study_has_a_light_a_domain_in_the_order_of_its_tool():
    table = pd.concat(
        [
            judged("s", "RoB 2", randomisation="low", missing_data="high", overall="high"),
            judged("t", "ROBINS-I", confounding="serious", overall="serious"),
        ]
    )
    lights = lights_of(table, ["s, young", "t", "u"])
    assert lights.heads == (*"1234567", "O"), "of the longer tool; the whole is last"
    assert lights.judged["s, young"] == ("low", "", "high", "", "", "", "", "high")
    assert lights.judged["t"] == ("serious", "", "", "", "", "", "", "serious") and lights.judged["u"] == ()
    assert "RoB 2: 1 randomisation" in lights.words and "ROBINS-I: 1 confounding" in lights.words
    assert "+ low, × high, × serious" in lights.words and "moderate" not in lights.words


@pytest.mark.parametrize("order", [("", "OS"), ("OS", "")])
def test_a_judgement_of_the_endpoint_goes_before_that_of_all(order):
    parts = {"": judged("s", "RoB 2", overall="low"), "OS": judged("s", "RoB 2", "OS", overall="high")}
    lights = lights_of(pd.concat([parts[name] for name in order]), ["s"])
    assert lights.judged["s"][-1] == "high"


def test_none_are_drawn_where_nobody_judged():
    assert lights_of(None, ["s"]) is None and lights_of(pd.DataFrame(), ["s"]) is None
    assert lights_of(judged("x", "RoB 2", overall="low"), ["s"]) is None
    assert set(LIGHTS) == set(Risk), "every judgement has a light"


def test_a_forest_of_a_pool_has_the_lights_and_says_what_they_mean():
    legs = pd.DataFrame({"study": ["s", "t"], "treatment": "a", "comparator": "b", "estimate": [-0.5, 0.1], "se": 0.2})
    legs = legs.assign(n=120.0, events=np.nan, design="randomised")
    tables = {
        "estimates": pd.DataFrame([estimates(method="common effect", evidence="printed ratios")]),
        "studies": legs.assign(lower=-0.9, upper=0.7, weight_random=0.5, group="all"),
        "effects": legs,
    }
    entry = plan.comparison({**ENTRY, "kind": "pool", "claims": ["s-1", "t-1"]})

    def drawn(**more):
        return next(iter(comparison_drawings(entry, {**tables, **more}, LABELS, "x")))

    risks = judged("s", "RoB 2", **dict.fromkeys((name.replace(" ", "_") for name in ROB_2), "some concerns"))
    plain, lit = drawn(), drawn(risk_of_bias=risks)
    assert words_of(lit.figure).count("–") - words_of(plain.figure).count("–") == len(ROB_2)
    assert "Circles: risk of bias" in lit.caption and "Circles" not in plain.caption


def test_a_league_shows_the_confidence_that_was_judged_and_no_suggestion():
    cells = {"treatment": "a", "comparator": "b", "judged": "low", "suggested": ""}
    table = pd.DataFrame([cells | {"domain": "confidence"}, cells | {"domain": "imprecision", "judged": "no concerns"},
                          cells | {"domain": "confidence", "comparator": "c", "judged": ""}])  # fmt: skip
    assert confidence_of(table) == {frozenset("ab"): "low"} and confidence_of(None) == {}
    both = {"model": "random", "treatment": ["a", "b"], "comparator": ["b", "a"], "estimate": [-0.7, 0.7]}
    effects = pd.DataFrame({**both, "lower": [-1.0, 0.4], "upper": [-0.4, 1.0]})
    ranking = pd.DataFrame({"model": "random", "treatment": ["a", "b"], "p_score": [0.9, 0.1]})
    made = league_table({"effects": effects, "ranking": ranking, "confidence": table})
    assert made["b, confidence"].tolist() == ["low", ""] and made["a, confidence"].tolist() == ["", "low"]
    assert "b, confidence" not in league_table({"effects": effects, "ranking": ranking})
    entry = plan.comparison({**ENTRY, "kind": "network", "reference": "b", "claims": ["s-1"]})
    contrasts = pd.DataFrame({"study": ["s"], "treatment": ["a"], "comparator": ["b"], "se": [0.1]})
    random = {"model": "random effects", "evidence": "printed ratios", "treatment": "a", "comparator": "b"}
    tables = {"estimates": pd.DataFrame([estimates(**random)]), "contrasts": contrasts, "effects": effects}
    drawings = comparison_drawings(entry, {**tables, "ranking": ranking, "confidence": table}, LABELS, "x")
    league = next(one for one in drawings if one.name.endswith("league"))
    assert sum(words.endswith("\nlow") for words in words_of(league.figure)) == 2 and "CINeMA" in league.caption


def test_a_forest_of_counts_shows_events_of_patients_and_weights():
    entry = plan.comparison({**ENTRY, "kind": "counts", "pairs": [{"treatment": "a-1", "comparator": "b-1"}]})
    sizes = {"events": [12.0, 3.0], "patients": [100.0, 40.0], "comparator_events": [20.0, 6.0]}
    counts = pd.DataFrame({"study": ["s", "t"], **sizes, "comparator_patients": [99.0, 41.0], "estimate": [-0.5, -0.7]})
    counts = counts.assign(se=0.3, lower=-1.1, upper=0.1, weight_common=0.5, weight_random=[0.75, 0.25])
    pooled = estimates(
        method="common effect", evidence="printed counts", measure="odds ratio", population="all", note="n"
    )
    (drawing,) = comparison_drawings(entry, {"estimates": pd.DataFrame([pooled]), "counts": counts}, LABELS, "x")
    words = words_of(drawing.figure)
    assert {"12/100", "20/99", "3/40", "6/41", "75.0 %", "25.0 %"} <= set(words)
