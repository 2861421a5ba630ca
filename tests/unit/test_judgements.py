"""Risk of bias and confidence beside numbers, and small-study effects: by hand, against R, and through a plan."""

import numpy as np
import pandas as pd
import pytest

from resurvey import clean, plan, results, tables
from resurvey.compare import network
from resurvey.compare.carry_out import carry_out
from resurvey.compare.judgements import confidence_table, overall_risks, risk_contributions
from resurvey.compare.small_studies import egger, egger_table, network_egger
from resurvey.errors import InputError, NotEstimable
from resurvey.results import Concern, Risk
from tests.project import claim, small_tables, write_tables

Y = [-0.3, -0.5, 0.1, -0.2, 0.4, 0.2, -0.1, 0.3, -0.6, -0.8]
SE = [0.12, 0.17, 0.2, 0.14, 0.22, 0.17, 0.2, 0.14, 0.24, 0.35]
COLUMNS = ["study", "treatment", "comparator", "estimate", "se"]
LOOP = pd.DataFrame(
    [("s1", "A", "B", -0.30, 0.15), ("s2", "A", "B", -0.35, 0.30), ("s3", "B", "C", -0.20, 0.18),
     ("s4", "A", "C", -0.60, 0.16)], columns=COLUMNS,
)  # fmt: skip


def test_egger_s_test_is_metafor_s():
    """metafor 3.8-1: regtest(y, sei = s, model = 'lm'), and R's lm with weights."""
    found = egger(list(zip(Y, SE, strict=True)))
    assert (found.t, found.p, found.df) == (pytest.approx(-0.427383714304), pytest.approx(0.680370693831), 8)
    assert (found.slope, found.se) == (pytest.approx(-1.0456092924184), pytest.approx(2.44653518003))
    assert found.limit == pytest.approx(0.0703829830734)


def test_nine_studies_are_too_few_and_equal_ones_tell_nothing():
    with pytest.raises(NotEstimable, match="9 studies: small-study effects are looked for with 10"):
        egger(list(zip(Y, SE, strict=True))[:9])
    with pytest.raises(NotEstimable, match="standard errors are alike"):
        egger([(y, 0.2) for y in Y])


def rows_of(slope, pairs, seed=1):
    rng, rows = np.random.default_rng(seed), []
    for number in range(12):
        one, two = pairs[number % len(pairs)]
        se = 0.08 + 0.03 * number
        level = {"A": -0.5, "B": -0.2, "C": 0.0}
        rows.append((f"s{number}", one, two, level[one] - level[two] + slope * se + rng.normal(0, 0.02 * se), se))
    return pd.DataFrame(rows, columns=COLUMNS)


def test_of_one_comparison_a_network_s_test_is_that_of_the_pool():
    rows = rows_of(-1.0, ["AB"])
    ours, plain = network_egger(network(rows), ["A", "B"]), egger(rows)
    assert (ours.slope, ours.t, ours.p) == pytest.approx((plain.slope, plain.t, plain.p))


def test_a_network_s_slope_is_found_whichever_way_a_contrast_is_printed():
    rows = rows_of(-1.2, ["AB", "BC", "AC"])
    turned = rows.copy()
    turned.loc[::2, ["treatment", "comparator"]] = rows.loc[::2, ["comparator", "treatment"]].to_numpy()
    turned.loc[::2, "estimate"] *= -1
    for table in (rows, turned):
        found = network_egger(network(table), ["A", "B", "C"])
        assert found.slope == pytest.approx(-1.2, abs=0.05)
        assert (found.df, found.studies) == (8, 12)
    assert network_egger(network(rows), ["C", "B", "A"]).slope == pytest.approx(1.2, abs=0.05)
    with pytest.raises(InputError, match="order lacks C"):
        network_egger(network(rows), ["A", "B"])
    assert egger_table([("all", "too few")])["note"].tolist() == ["too few"]


def judged(*rows, **more):
    table = pd.DataFrame(rows, columns=["study_id", "endpoint", "tool", "domain", "judgement", "by"])
    return {"risk_of_bias": table, **more}


def test_the_endpoint_s_own_row_counts_and_without_an_overall_one_the_worst():
    typed = judged(
        ("s1", "", "RoB 2", "overall", "low", "x"), ("s1", "PFS", "RoB 2", "overall", "high", "x"),
        ("s2", "", "RoB 2", "deviations", "some concerns", "x"), ("s2", "", "RoB 2", "randomisation", "low", "x"),
        ("s3", "OS", "RoB 2", "overall", "high", "x"), ("s4", "", "ROBINS-I", "overall", "serious", "x"),
    )  # fmt: skip
    assert overall_risks(typed, "PFS") == {"s1": Risk.HIGH, "s2": Risk.SOME, "s4": Risk.SERIOUS}
    assert overall_risks(typed, "OS")["s1"] == Risk.LOW
    assert overall_risks({}, "PFS") == {}


def test_contributions_by_risk_by_hand():
    """A against B directly: 4/5 of the weight of A : B is s1's (1 / .0225 against 1 / .09)."""
    made = network(LOOP)
    assert made.tau2 == 0
    shares = risk_contributions(made, {"s1": Risk.LOW, "s2": Risk.HIGH, "s3": Risk.LOW})
    assert shares.groupby(["treatment", "comparator"])["share"].sum().to_numpy() == pytest.approx(1.0)
    own = shares[(shares["treatment"] == "A") & (shares["comparator"] == "B")].set_index("risk")["share"]
    direct = own[Risk.HIGH] / 0.2
    assert own[Risk.LOW] == pytest.approx(0.8 * direct + (1 - direct) / 2)
    assert own[Risk.NO_INFORMATION] == pytest.approx((1 - direct) / 2)


def test_domains_are_suggested_where_numbers_tell():
    made = network(LOOP)
    shares = risk_contributions(made, dict.fromkeys(("s1", "s2", "s3", "s4"), Risk.HIGH))
    typed = {"confidence": pd.DataFrame([("net", "B", "A", "indirectness", "some concerns", "older", "x")], columns=[
        "comparison_id", "treatment", "comparator", "domain", "judgement", "reason", "by"])}  # fmt: skip
    table = confidence_table(made, typed, "net", shares, 1.25).set_index(["treatment", "comparator", "domain"])
    assert table.loc[("A", "B", "within-study bias"), "suggested"] == Concern.MAJOR
    assert table.loc[("A", "B", "indirectness"), ["judged", "reason", "by"]].tolist() == ["some concerns", "older", "x"]
    assert table.loc[("A", "C", "imprecision"), "suggested"] == Concern.NONE
    effect = made.effects.set_index(["model", "treatment", "comparator"]).loc[("random", "B", "C")]
    assert 0 < effect["upper"] < np.log(1.25)
    assert table.loc[("B", "C", "imprecision"), "suggested"] == Concern.SOME
    assert table.loc[("A", "B", "incoherence"), "suggested"] == Concern.NONE
    narrow = confidence_table(made, {}, "net", shares.iloc[:0], 1.01).set_index(["treatment", "comparator", "domain"])
    assert narrow.loc[("B", "C", "imprecision"), "suggested"] == Concern.MAJOR
    assert ("A", "B", "within-study bias") not in narrow.index


def raw_tables(folder, *risks, confidence=()):
    rows = small_tables()
    rows["studies"].append({"study_id": "beta", "acronym": "BETA", "design": "randomised", "source_id": "alpha2020"})
    rows["treatments"].append({"treatment_id": "mid", "label": "mid", "components": "mid", "classes": "x"})
    rows["arms"] += [{**claim(f"arm-02{i}", arm_id=arm, treatment_id=arm, n="50"), "study_id": "beta"}
                     for i, arm in enumerate(("old", "mid"))]  # fmt: skip
    ratio = {"endpoint": "PFS", "measure": "HR", "ci_level": "95", "arm_id": "mid", "comparator_arm_id": "old",
             "value": "0.80", "lower": "0.60", "upper": "1.07"}  # fmt: skip
    rows["hazard_ratios"].append({**claim("hr-002", **ratio), "study_id": "beta"})
    rows["risk_of_bias"], rows["confidence"] = list(risks), list(confidence)
    write_tables(rows, folder)
    return tables.read_raw(folder)


RISK = {"study_id": "alpha", "tool": "RoB 2", "domain": "overall", "judgement": "high", "by": "a reviewer"}
SURE = {"comparison_id": "net", "treatment": "new", "comparator": "mid", "domain": "confidence", "judgement": "low",
        "reason": "two trials", "by": "a reviewer"}  # fmt: skip


def test_judgements_stand_beside_the_numbers_of_a_comparison(tmp_path):
    typed = clean.tidy(raw_tables(tmp_path, RISK, confidence=[SURE]))
    entry = plan.comparison({"id": "net", "kind": "network", "question": "?", "assumptions": ["a b"],
                             "claims": ["alpha2020-hr-001", "alpha2020-hr-002"], "reference": "old"})  # fmt: skip
    made = carry_out(entry, typed, {})
    contrasts = made.tables["contrasts"].set_index("study")["risk_of_bias"]
    assert contrasts.to_dict() == {"alpha": "high", "beta": ""}
    assert made.tables["risk_of_bias"]["judgement"].tolist() == ["high"]
    assert set(made.tables["risk_contributions"]["risk"]) == {Risk.HIGH, Risk.NO_INFORMATION}
    sure = made.tables["confidence"].set_index("domain").loc["confidence"]
    assert sure["judged"] == "low"
    for name, table in made.tables.items():
        results.write(results.COMPARISON[name], table, tmp_path / f"{name}.csv")
    plain = carry_out(entry, {**typed, "risk_of_bias": typed["risk_of_bias"].iloc[:0],
                              "confidence": typed["confidence"].iloc[:0]}, {})  # fmt: skip
    assert not {"risk_of_bias", "risk_contributions", "confidence"} & set(plain.tables)


@pytest.mark.parametrize(
    ("risk", "sure", "message"),
    [
        ({"judgement": "serious"}, {}, "does not go with tool 'RoB 2'.*expected one of low, some concerns, high"),
        ({"domain": "confounding"}, {}, "does not go with tool 'RoB 2'"),
        ({"tool": "ROBINS-I", "judgement": "high"}, {}, "does not go with tool 'ROBINS-I'"),
        ({"tool": "Cochrane"}, {}, "expected one of RoB 2, ROBINS-I"),
        ({"study_id": "gamma"}, {}, "gamma"),
        ({"by": ""}, {}, "by"),
        ({}, {"domain": "imprecision", "judgement": "low"}, "does not go with domain 'imprecision'"),
        ({}, {"judgement": "no concerns"}, "does not go with domain 'confidence'"),
    ],
)
def test_judgements_that_are_none_stop_at_the_gate(tmp_path, risk, sure, message):
    with pytest.raises(InputError, match=f"(?s){message}"):
        tables.check(raw_tables(tmp_path, {**RISK, **risk}, confidence=[{**SURE, **sure}]))
