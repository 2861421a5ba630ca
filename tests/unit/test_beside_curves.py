"""Printed numbers beside digitised curves: the table, its sentence, and where there is nothing to say."""

import math
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from resurvey import clean, results, tables
from resurvey.compare.beside_curves import beside_curves
from resurvey.reconstruct.arm_curve import Curve
from resurvey.report.content import page_document, paper_document
from resurvey.report.document import Bullets, Table
from resurvey.report.inputs import Choices, Results
from resurvey.report.print_and_curve import beside_curves as told
from resurvey.results import BESIDE_CURVES, Quantity, Reference
from resurvey.schema import TABLES
from tests.project import claim, small_tables, write_tables
from tests.report_project import small_results

CUT = "2020, digitised"


def exponential(median, end=30.0, points=60):
    times = np.linspace(0.0, end, points)
    return Curve(times, 0.5 ** (times / median))


CURVES = {"alpha2020-curve-001": exponential(11.8), "alpha2020-curve-002": exponential(6.9)}


def curve_row(number, arm, n, cut=CUT, **cells):
    row = claim(f"curve-{number:03}", arm_id=arm, data_cut=cut, file=f"{arm}.csv", endpoint="PFS", n=str(n))
    return row | {"time_unit": "months", "survival_unit": "proportion", "axis_max": "30"} | cells


def rows(*curves, **changes):
    """The small tables with curves of both arms, whose numbers are printed without a data cut."""
    made = small_tables()
    made["curves"] = list(curves) or [curve_row(1, "new", 100, ""), curve_row(2, "old", 98, "")]
    return made | changes


def typed(made):
    blank = {
        name: pd.DataFrame(made.get(name, []), columns=table.names, dtype=object).fillna("")
        for name, table in TABLES.items()
    }
    return clean.tidy(blank)


def beside(made, **options):
    return beside_curves(typed(made), "alpha", CURVES, **({"replicates": 20, "seed": 1} | options))


@pytest.fixture(scope="module")
def made():
    return beside(rows())


def test_both_are_rebuilt_without_the_printed_ratio(made):
    ratio = made[made["quantity"] == Quantity.HAZARD_RATIO].iloc[0]
    assert (ratio["arm_id"], ratio["comparator_arm_id"], ratio["reference"]) == ("new", "old", Reference.PRINTED)
    assert (ratio["printed"], ratio["printed_lower"], ratio["printed_upper"]) == (0.55, 0.39, 0.77)
    # the points are exponential curves with these medians
    assert ratio["curve"] == pytest.approx(6.9 / 11.8, rel=0.05)
    assert ratio["error"] == pytest.approx(math.log(ratio["summary"] / 0.55))
    assert ratio["holds"] == (ratio["summary_lower"] <= 0.55 <= ratio["summary_upper"])
    other = rows()
    other["hazard_ratios"] = [other["hazard_ratios"][0] | {"value": "0.95", "lower": "0.67", "upper": "1.33"}]
    assert beside(other).iloc[0]["summary"] == ratio["summary"]


def test_means_of_both_and_of_each_reach_to_where_a_tenth_of_each_curve_is_at_risk(made):
    means = made[made["quantity"] == Quantity.RESTRICTED_MEAN]
    assert means["comparator_arm_id"].tolist() == ["old", "", ""]
    assert set(means["reference"]) == {Reference.CURVE}
    end = math.floor(6.9 * math.log2(10))
    assert end - 5 < means["time_months"].tolist()[0] <= end  # earlier than the curve alone, because of censoring
    old = means[means["arm_id"] == "old"].iloc[0]
    rate = math.log(2) / 6.9
    assert old["curve"] == pytest.approx((1 - math.exp(-rate * old["time_months"])) / rate, rel=0.03)


def test_a_ratio_printed_the_other_way_round_is_answered_that_way():
    turned = rows(curve_row(2, "old", 98, ""), curve_row(1, "new", 100, ""))
    assert beside(turned).iloc[0][["arm_id", "comparator_arm_id"]].tolist() == ["new", "old"]


def test_without_a_printed_ratio_the_curve_is_what_it_is_set_beside():
    ratio = beside(rows(hazard_ratios=[])).iloc[0]
    assert ratio["reference"] == Reference.CURVE
    assert math.isnan(ratio["printed"])
    assert ratio["error"] == pytest.approx(math.log(ratio["summary"] / ratio["curve"]))


def test_a_curve_with_a_cut_of_its_own_names_the_one_of_the_print():
    cut = {"data_cut": "2020"}
    named = rows(curve_row(1, "new", 100, printed_cut="2020"), curve_row(2, "old", 98, printed_cut="2020"))
    for name in ("medians", "hazard_ratios"):
        named[name] = [row | cut for row in named[name]]
    found = beside(named)
    assert len(found) == 4
    assert set(found["data_cut"]) == {"2020"}
    assert len(beside(named | {"curves": [row | {"printed_cut": ""} for row in named["curves"]]})) == 0


def test_a_printed_cut_of_nothing_is_a_fault(tmp_path):
    write_tables(rows(curve_row(1, "new", 100, printed_cut="2021")), tmp_path)
    with pytest.raises(tables.TableFaults) as error:
        tables.read_raw(tmp_path)
    (fault,) = error.value.faults
    assert (fault.row, fault.column, fault.value) == (2, "printed_cut", "2021")
    assert "known: none" in str(fault)


def test_a_ratio_of_arms_that_print_too_little_stands_beside_the_curves_alone():
    few = rows(medians=[])
    found = beside(few)
    assert found["refused"].tolist() == [True]
    assert found.iloc[0]["curve"] == pytest.approx(6.9 / 11.8, rel=0.05)
    assert "too little is printed" in found.iloc[0]["note"]
    assert told(Results(Choices("", ""), beside_curves=found)) == ()


def test_a_curve_that_contradicts_its_row_says_so():
    found = beside(rows(curve_row(1, "new", 100, "", events="200"), curve_row(2, "old", 98, "")))
    assert found["refused"].tolist() == [True, False]
    assert "the digitised curve new.csv was not used" in found.iloc[0]["note"]
    assert found.iloc[1]["arm_id"] == "old"


def test_curves_without_events_have_no_ratio(monkeypatch):
    flat = Curve(np.array([0.0, 30.0]), np.array([1.0, 1.0]))
    monkeypatch.setitem(CURVES, "alpha2020-curve-001", flat)
    monkeypatch.setitem(CURVES, "alpha2020-curve-002", flat)
    found = beside(rows(hazard_ratios=[]))
    assert found["refused"].all()
    assert set(found["note"]) == {"no event gives it a variance"}


def test_what_nothing_is_printed_of_has_no_row():
    assert beside(rows(medians=[], hazard_ratios=[])).empty


def test_one_arm_has_its_mean_alone():
    found = beside(rows(curve_row(1, "new", 100, "")))
    assert found["quantity"].tolist() == [Quantity.RESTRICTED_MEAN]
    (sentence,) = [block for block in told(Results(Choices("", ""), beside_curves=found)) if isinstance(block, Bullets)]
    assert len(sentence.items) == 1


def line(quantity, summary, reference, holds, comparator="old"):
    ratio = quantity == Quantity.HAZARD_RATIO
    scale = math.log if ratio else float
    row = dict.fromkeys(BESIDE_CURVES.names, "") | {"study_id": "alpha", "endpoint": "PFS", "population": "all"}
    row |= {"arm_id": "new", "comparator_arm_id": comparator, "quantity": quantity, "time_months": 12.0}
    row |= {"printed": reference if ratio else math.nan, "printed_lower": math.nan, "printed_upper": math.nan}
    row |= {"summary": summary, "summary_lower": summary / 4, "summary_upper": summary * 4}
    row |= {"curve": reference, "curve_lower": reference / 2, "curve_upper": reference * 2}
    row |= {"reference": Reference.PRINTED if ratio else Reference.CURVE, "holds": holds, "refused": False}
    return row | {"error": scale(summary) - scale(reference)}


def test_the_sentences_count_what_holds(tmp_path):
    lines = [
        line(Quantity.HAZARD_RATIO, 0.5, 0.55, True),
        line(Quantity.HAZARD_RATIO, 1.1, 0.9, False),  # on the other side of 1, so nearer to it is no excuse
        line(Quantity.HAZARD_RATIO, 1.1, 1.21, True),
        line(Quantity.RESTRICTED_MEAN, 2.0, 1.5, True),
        line(Quantity.RESTRICTED_MEAN, 8.0, 9.0, False, comparator=""),
    ]
    results.write(BESIDE_CURVES, pd.DataFrame(lines), tmp_path / "beside_curves.csv")
    back = results.read(BESIDE_CURVES, tmp_path / "beside_curves.csv")
    blocks = told(Results(Choices("", ""), beside_curves=back))
    said = [
        "".join(item).replace("\u00a0", " ") for block in blocks if isinstance(block, Bullets) for item in block.items
    ]
    # errors on the log scale 0.0953, 0.2007 and 0.0953; widths log 16 and log 4
    assert said == [
        "Hazard ratio: 2 of 3 intervals hold the printed one. Estimates are off by 14 % on average, 1 of 3 away from "
        "no difference; intervals are 2.00 times as wide as from the curves (median, log scale).",
        "Difference in restricted means: the interval holds that of the curves; the error is 0.50 months.",
        "Restricted mean of a group: the interval does not hold that of its curve; the error is 1 months.",
    ]


def test_both_documents_have_it_where_there_is_something(made, tmp_path):
    run = small_results(tmp_path)
    for document in (page_document, paper_document):
        for table, there in ((made, True), (made[:0], False)):
            blocks = document(replace(run, beside_curves=table)).blocks
            assert any(isinstance(one, Table) and one.anchor == "tab-beside-curves" for one in blocks) == there
