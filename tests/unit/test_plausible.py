"""The gate's plausibility: slips of the typist stop, and what is marked as printed so passes."""

import copy

import pytest

from resurvey import tables
from resurvey.commands.init import worked_arm
from resurvey.tables import TableFaults
from tests.project import Rows, claim, small_tables, write_tables


def faults(rows: Rows, folder) -> list[str]:
    write_tables(rows, folder)
    try:
        tables.read_raw(folder)
    except TableFaults as error:
        return [str(fault) for fault in error.faults]
    return []


def changed(rows: Rows, table: str, place: int, **cells: str) -> Rows:
    made = copy.deepcopy(rows)
    made[table][place] |= cells
    return made


def lung() -> Rows:
    """The worked arm with its design, follow-up, ratio and curves."""
    rows = worked_arm()
    place = {key: rows["arms"][0][key] for key in ("source_id", "locator", "study_id", "arm_id", "population")}
    rows["designs"] = [
        {"claim_id": "loprinzi1994-des-001", **place, "endpoint": "OS", "unit": "months", "alpha": "5", "power": "80"}
        | {"null_median": "9", "alternative_median": "13.5", "events": "50", "patients": "60"}
    ]
    rows["follow_up"] = [
        {"claim_id": "loprinzi1994-fu-001", **place, "item": "follow-up", "statistic": "median", "value": "20"}
        | {"unit": "months"}
    ]
    rows["hazard_ratios"] = [
        {"claim_id": "loprinzi1994-hr-001", **place, "population": "women", "comparator_arm_id": "all_patients"}
        | {"comparator_population": "men", "endpoint": "OS", "measure": "HR", "value": "0.59", "lower": "0.42"}
        | {"upper": "0.82", "n": "228", "events": "165"}
    ]
    rows["risk_tables"] = [
        {"claim_id": "loprinzi1994-risk-001", **place, "endpoint": "OS", "time": "0", "time_unit": "days"}
        | {"n_at_risk": "228"}
    ]
    rows["differences"] = [{"claim_id": "loprinzi1994-diff-001", **place, "item": "women against men"}]
    return rows


SLIPS = {
    "an arm of 238 with medians of 228": ("arms", 0, {"n": "238"}),
    "women 190 against 90": ("arms", 2, {"n": "190"}),
    "more patients in a median than in its arm": ("medians", 1, {"n": "183"}),
    "200 events of 138 patients": ("medians", 1, {"events": "200"}),
    "parts 120 + 53 above the whole's 165": ("medians", 1, {"events": "120"}),
    "whole 50 below men's 112": ("medians", 0, {"events": "50"}),
    "events above patients of a ratio": ("hazard_ratios", 0, {"events": "265"}),
    "ratio 0": ("hazard_ratios", 0, {"value": "0", "lower": "", "upper": ""}),
    "a logarithm in place of a ratio": ("hazard_ratios", 0, {"value": "-0.31", "lower": "-0.48", "upper": "-0.14"}),
    "the lower limit of a log ratio": ("hazard_ratios", 0, {"value": "0.10", "lower": "-0.05", "upper": "0.25"}),
    "a group against itself": ("hazard_ratios", 0, {"comparator_population": "women"}),
    "survival below 0": ("survival_rates", 0, {"value": "-40.9"}),
    "survival above 100": ("survival_rates", 0, {"value": "409"}),
    "a proportion with the unit %": ("survival_rates", 0, {"value": "0.409"}),
    "per cent with the unit proportion": ("survival_rates", 0, {"unit": "proportion"}),
    "a limit of survival above 100": ("survival_rates", 0, {"lower": "35", "upper": "104"}),
    "a time below 0": ("survival_rates", 0, {"time": "-1"}),
    "median 0": ("medians", 0, {"value": "0", "lower": "0"}),
    "median below 0": ("medians", 0, {"value": "-5", "lower": "-6"}),
    "no event and a median": ("medians", 0, {"events": "0"}),
    "a median after 900 months": ("medians", 0, {"unit": "years"}),
    "one arm's days typed as months": ("medians", 1, {"unit": "months"}),
    "unit blank": ("medians", 1, {"unit": ""}),
    "unit mo.": ("medians", 1, {"unit": "mo."}),
    "unit fortnights": ("medians", 1, {"unit": "fortnights"}),
    "unit of survival time": ("survival_rates", 0, {"time_unit": "yr."}),
    "unit of follow-up blank": ("follow_up", 0, {"unit": ""}),
    "unit of follow-up wrong": ("follow_up", 0, {"unit": "mths"}),
    "follow-up in words": ("follow_up", 0, {"value": "not stated"}),
    "unit of a design": ("designs", 0, {"unit": "Monate"}),
    "alpha as a proportion": ("designs", 0, {"alpha": "0.05"}),
    "power as a proportion": ("designs", 0, {"power": "0.8"}),
    "more events than patients of a design": ("designs", 0, {"events": "70"}),
    "a count above its total": ("proportions", 0, {"n": "238"}),
    "a proportion as its percentage": ("proportions", 0, {"percent": "0.605"}),
    "more at risk than patients": ("risk_tables", 0, {"n_at_risk": "282"}),
    "negative time at risk": ("risk_tables", 0, {"time": "-3"}),
    "a difference without its unit": ("differences", 0, {"value": "3", "unit": ""}),
    "a difference in mo.": ("differences", 0, {"value": "3", "unit": "mo."}),
}


def test_the_worked_arm_has_no_fault(tmp_path):
    assert faults(lung(), tmp_path) == []
    assert faults(worked_arm(), tmp_path) == []


@pytest.mark.parametrize("slip", SLIPS)
def test_a_slip_stops_at_the_gate(tmp_path, slip):
    table, place, cells = SLIPS[slip]
    found = faults(changed(lung(), table, place, **cells), tmp_path)
    assert found
    assert all(".csv, row " in text and "column " in text for text in found)


@pytest.mark.parametrize(
    ("table", "place", "cells"),
    [
        ("medians", 1, {"events": "200"}),
        ("hazard_ratios", 0, {"value": "0", "lower": "", "upper": ""}),
        ("survival_rates", 0, {"value": "-40.9"}),
        ("medians", 0, {"value": "0", "lower": "0"}),
        ("proportions", 0, {"n": "238"}),
    ],
)
def test_what_is_printed_so_can_be_typed(tmp_path, table, place, cells):
    assert faults(changed(lung(), table, place, note="sic: printed so", **cells), tmp_path) == []


@pytest.mark.parametrize("unit", ["", "mo.", "fortnights"])
def test_a_number_that_could_not_be_used_is_not_dropped_for_a_note(tmp_path, unit):
    assert any("column unit" in text for text in faults(changed(lung(), "medians", 1, unit=unit, note="sic"), tmp_path))


@pytest.mark.parametrize(
    ("table", "column"), [("survival_rates", "value"), ("survival_rates", "time"), ("proportions", "percent")]
)
def test_not_reached_is_no_survival_and_no_percentage(tmp_path, table, column):
    found = faults(changed(lung(), table, 0, note="sic", **{column: "NR"}), tmp_path)
    assert any(f"column {column}, value 'NR': this number cannot be 'not reached'" in text for text in found)


def test_the_audit_reads_what_the_gate_stops(tmp_path):
    write_tables(changed(lung(), "medians", 1, events="200"), tmp_path)
    assert len(tables.read_raw(tmp_path, plausible=False)["medians"]) == 3
    write_tables(changed(lung(), "medians", 1, unit="mo."), tmp_path)
    with pytest.raises(TableFaults, match="could not be used"):
        tables.read_raw(tmp_path, plausible=False)


def test_a_curve_of_more_patients_than_its_arm_is_stopped(tmp_path):
    rows = lung()
    place = {key: rows["arms"][1][key] for key in ("source_id", "locator", "study_id", "arm_id", "population")}
    curve = {"claim_id": "loprinzi1994-curve-001", **place, "file": "men.csv", "endpoint": "OS", "n": "238"}
    rows["curves"] = [curve | {"time_unit": "days", "survival_unit": "%"}]
    (tmp_path / "curves").mkdir()
    (tmp_path / "curves/men.csv").write_text("time,survival\n0,100\n100,90\n200,70\n")
    found = faults(rows, tmp_path)
    assert any("curves/curves.csv, row 2, column n, value '238': more patients than the 138" in text for text in found)


def test_numbers_of_other_groups_say_nothing(tmp_path):
    rows = small_tables()
    rows["medians"].append(
        claim(
            "med-009", arm_id="new", population="young", endpoint="PFS", value="9", unit="months", n="40", events="30"
        )
    )
    assert faults(rows, tmp_path) == []


def test_sizes_of_wider_sets_than_the_whole_are_no_fault(tmp_path):
    rows = small_tables()
    rows["arms"].append(claim("arm-009", arm_id="new", population="randomised", treatment_id="new", n="103"))
    assert faults(rows, tmp_path) == []
    rows["arms"][-1]["population"] = "young"
    assert "more patients than the 100 of the whole arm" in faults(rows, tmp_path)[0]


def test_a_duration_of_response_has_fewer_patients_than_the_arm(tmp_path):
    rows = small_tables()
    rows["endpoints"].append({"endpoint": "age", "label": "age", "family": "baseline"})
    rows["medians"].append(claim("med-009", arm_id="new", endpoint="age", value="54", unit="years", n="101"))
    rows["medians"].append(claim("med-010", arm_id="new", endpoint="age", value="0.5", unit="", n="99"))
    assert faults(rows, tmp_path) == []


def test_the_median_in_other_units_is_the_one_that_stops(tmp_path):
    rows = lung()
    rows["medians"] = [row | {"unit": "months", "lower": "", "upper": ""} for row in rows["medians"]]
    for row, value in zip(rows["medians"], ("0.4", "9", "10"), strict=True):
        row["value"] = value
    apart = [fault for fault in faults(rows, tmp_path) if "is the unit right?" in fault]
    assert len(apart) == 1
    assert "value '0.4': 0.4 months beside a usual 9 months of this endpoint and study" in apart[0]
