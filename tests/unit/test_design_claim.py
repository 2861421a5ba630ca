"""The table of a printed sample size, the search of assumptions, the verdict, and the figures' tables."""

import json

import numpy as np
import pytest

from resurvey.design import (
    READINGS,
    DesignClaim,
    SearchBounds,
    alpha_power_contour,
    alpha_power_map,
    check_claim,
    events_by_time,
    events_of_claimed_patients,
    implied_event_probability,
    implied_values,
    method_names,
    operating_characteristics,
    read_course,
    search_assumptions,
    simulated_characteristics,
    single_arm,
    verdict_on_claim,
)
from resurvey.errors import InputError

PICTURE = DesignClaim(5.78, 8, 0.05, 0.8, 32, 24, 0.05, events=64, patients=96)


@pytest.fixture(scope="module")
def table():
    return check_claim(PICTURE)


@pytest.fixture(scope="module")
def search():
    bounds = SearchBounds(methods=("log_hazard", "wu", "square_root_person_time"), event_proportions=(0.7, 0.8))
    return search_assumptions(PICTURE, bounds)


def test_one_row_each_method_sides_and_reading(table):
    assert list(table.columns[:8]) == [
        "method",
        "sides",
        "alpha",
        "power",
        "events",
        "patients",
        "reproduces_events",
        "reproduces_patients",
    ]
    assert len(table) == len(method_names()) * 2 * len(READINGS)
    assert not table.duplicated(["method", "sides", "reading"]).any()


def test_table_agrees_with_single_arm(table):
    row = table.query("method == 'swog' and sides == 2 and reading == 'per_patient'").iloc[0]
    design = single_arm(
        5.78,
        8,
        alpha=0.05,
        power=0.8,
        sides=2,
        accrual=32,
        follow_up=24,
        dropout=0.05,
        method="swog",
        reading="per_patient",
    )
    assert (row["events"], row["patients"]) == (design.events, design.patients)
    assert row["events_difference"] == design.events - 64


def test_which_formulas_give_64(table):
    plain = table[(table["reading"] == "additional") & table["reproduces_events"]]
    assert set(zip(plain["method"], plain["sides"], strict=True)) == {("wu", 1), ("square_root_person_time", 2)}
    assert not (table["reproduces_events"] & table["reproduces_patients"]).any()
    # 64 events need 71 patients by the plain reading: 64 / 0.9577 / 0.95.
    assert set(table.loc[table["reading"] == "additional", "patients_from_claimed_events"]) == {71}


def test_implied_alpha_and_power_of_the_usual_formula(table):
    row = table.query("method == 'log_hazard' and sides == 1 and reading == 'additional'").iloc[0]
    assert row["power_at_claimed_events"] == pytest.approx(0.8303247, abs=5e-8)
    assert row["alpha_implied"] == pytest.approx(0.039316, abs=5e-7)


def test_tolerance_widens_what_is_reproduced():
    close = check_claim(PICTURE, methods=["log_hazard"], readings=["additional"], tolerance=5)
    assert list(close["reproduces_events"]) == [True, False]  # 59 and 75


def test_without_claimed_numbers_the_columns_stay_empty():
    table = check_claim(DesignClaim(5.78, 8, 0.05, 0.8, 32, 24, 0.05, sides=1), methods=["log_hazard"])
    assert set(table["sides"]) == {1}
    assert table["reproduces_events"].isna().all() and table["patients_from_claimed_events"].isna().all()


def test_readings_that_make_no_sense_are_left_out():
    table = check_claim(DesignClaim(5.78, 8, 0.05, 0.8, 12, 24, sides=1), methods=["log_hazard"])
    assert "within_enrolment" not in set(table["reading"])


def test_a_landmark_nobody_reaches_leaves_its_row_empty():
    table = check_claim(DesignClaim(5.78, 8, 0.05, 0.8, 32, 24, sides=1, landmark=30), methods=["landmark_log"])
    by_reading = table.set_index("reading")["events"]
    assert by_reading.isna()["total"] and not by_reading.isna()["additional"]


def test_event_probability_implied_by_the_pair():
    found = implied_event_probability(PICTURE)
    divide = found[found["dropout_reading"] == "divide"].iloc[0]
    assert divide["lower"] == pytest.approx(64 / (96 * 0.95)) and divide["upper"] == pytest.approx(64 / (95 * 0.95))
    inside = set(
        zip(*(found.loc[found["inside"], c] for c in ("dropout_reading", "reading", "hypothesis")), strict=True)
    )
    assert ("divide", "end_of_enrolment", "average") in inside
    assert not any(reading == "additional" for _, reading, _ in inside)


def test_patients_fixed_first():
    # 96 patients are 3 a month over 32 months; by the last entry 63.54 events are expected if the median is 8.
    found = events_of_claimed_patients(PICTURE).set_index(["reading", "dropout_reading", "hypothesis"])
    row = found.loc[("end_of_enrolment", "none", "alternative")]
    assert row["events_raw"] == pytest.approx(63.539, abs=5e-4)
    assert row["entry_rate"] == 3 and row["reproduces_events"]


def test_search_finds_the_nearest_sets(search):
    best = search.both.iloc[0]
    assert (best["method"], best["sides"], best["reading"]) == ("wu", 1, "additional")
    assert best["assumed_share"] == 0.7 and best["departures"] == 1
    assert search.both_count == len(search.both)
    assert ((search.both["events"] == 64) & (search.both["patients"] == 96)).all()
    assert search.examined > search.events_count > search.both_count


def test_search_keeps_the_print_in_nearest(search):
    assert (search.nearest["alpha"] == 0.05).all() and (search.nearest["power"] == 0.8).all()
    assert search.nearest["assumed_share"].isna().all()
    assert search.nearest["distance"].is_monotonic_increasing


def test_search_finds_a_pair_made_by_single_arm():
    made = single_arm(6, 9, alpha=0.1, power=0.9, sides=2, accrual=20, follow_up=10, method="cube_root")
    claim = DesignClaim(6, 9, 0.1, 0.9, 20, 10, events=made.events, patients=made.patients)
    found = search_assumptions(claim, SearchBounds(methods=("cube_root", "log_hazard")))
    first = found.both.iloc[0]
    assert (first["method"], first["sides"]) == ("cube_root", 2)
    # No dropout is printed, so that no departure is left: leaving it out is what the paper says.
    assert first["departures"] == 0


def test_implied_values_bracket_the_claim():
    found = implied_values(PICTURE, methods=("log_hazard", "exact_chi_square"))
    row = found.query("method == 'log_hazard' and sides == 1").iloc[0]
    middle = (row["alternative_median_lower"] + row["alternative_median_upper"]) / 2
    assert single_arm(5.78, middle, alpha=0.05, power=0.8, sides=1).events == 64
    for end, events in (("power_lower", 63), ("power_upper", 64)):
        assert single_arm(5.78, 8, alpha=0.05, power=row[end], sides=1).events_raw == pytest.approx(events, rel=1e-9)
    for end, events in (("alpha_lower", 64), ("alpha_upper", 63)):
        assert single_arm(5.78, 8, alpha=row[end], power=0.8, sides=1).events_raw == pytest.approx(events, rel=1e-9)


def test_verdict_in_words(table, search):
    verdict = verdict_on_claim(PICTURE, table, search)
    assert verdict["verdict"] == "discrepant"
    assert verdict["verdict_events"] == "other-method"
    assert verdict["verdict_patients"] == "discrepant"
    assert "59 one-sided, 75 two-sided events; 64 is printed" in verdict["words"]
    assert "need 71 patients" in verdict["words"]
    assert verdict["nearest_assumption_sets"][0]["assumed_share"] == 0.7
    assert json.loads(json.dumps(verdict, allow_nan=False)) == verdict


def test_verdict_names_formulas_that_only_another_reading_brings_to_the_print(table):
    made = verdict_on_claim(PICTURE, table)["words"]
    proper = table[table["reproduces_events"].fillna(False).astype(bool) & ~table["misuse"].astype(bool)]
    assert set(proper["label"]) and all(label in made for label in proper["label"])
    assert "these formulas also give it: exponential, hazard, events under each hypothesis" in made


def test_verdict_of_a_claim_that_holds():
    made = single_arm(5.78, 8, alpha=0.05, power=0.8, sides=1, accrual=32, follow_up=24, dropout=0.05)
    claim = DesignClaim(5.78, 8, 0.05, 0.8, 32, 24, 0.05, sides=1, events=made.events, patients=made.patients)
    verdict = verdict_on_claim(claim, check_claim(claim))
    assert verdict["verdict"] == verdict["verdict_events"] == "reproduced"
    assert verdict["search"] is None


def test_verdict_of_events_alone():
    claim = DesignClaim(5.78, 8, 0.05, 0.8, 32, 24, events=58, sides=2)
    verdict = verdict_on_claim(claim, check_claim(claim, methods=["log_hazard"]))
    assert verdict["verdict"] == "discrepant" and verdict["verdict_patients"] is None
    assert "No formula examined" in verdict["words"]


def test_claims_that_cannot_be():
    with pytest.raises(InputError, match=r"claimed events \(97\) exceed claimed patients \(96\)"):
        DesignClaim(5.78, 8, 0.05, 0.8, 32, 24, events=97, patients=96)
    with pytest.raises(InputError, match="claimed events must be a whole number"):
        DesignClaim(5.78, 8, 0.05, 0.8, 32, 24, events=6.5)
    with pytest.raises(InputError, match="mix-up of units"):
        DesignClaim(173, 240, 0.05, 0.8, 32, 24)
    alone = DesignClaim(5.78, 8, 0.05, 0.8, 32, 24)
    for function in (search_assumptions, implied_event_probability, events_of_claimed_patients, implied_values):
        with pytest.raises(InputError, match="the claim needs"):
            function(alone)
    with pytest.raises(InputError, match="there is nothing to judge"):
        verdict_on_claim(alone, check_claim(alone, methods=["wu"]))


def test_operating_characteristics():
    curve = operating_characteristics(PICTURE, [4, 5.78, 8, 11], sides=(1,))
    for _, rows in curve.groupby("method"):
        assert rows["power"].is_monotonic_increasing
    at_null = curve[curve["true_median"] == 5.78]
    assert np.allclose(at_null["power"], 0.05)
    by_method = curve[curve["true_median"] == 8].set_index("method")["power"]
    assert by_method["log_hazard"] == pytest.approx(0.8303247, abs=5e-8)


def test_simulation_lies_on_the_exact_curve():
    rng = np.random.default_rng(20261121)
    points = simulated_characteristics(PICTURE, [5.78, 8], rng, trials=20_000, sides=(1,))
    exact = operating_characteristics(PICTURE, [5.78, 8], methods=("exact_chi_square",), sides=(1,))
    seen = points[points["method"] == "exact_chi_square"].sort_values("true_median")
    assert np.all(np.abs(seen["power"].to_numpy() - exact["power"].to_numpy()) < 4 * seen["monte_carlo_se"])


def test_events_by_time():
    curve = events_by_time(read_course(32, 24), 96, {"null": 5.78, "alternative": 8}, [0, 16, 32, 56])
    assert list(curve["entered"][:4]) == [0, 48, 96, 96]
    alternative = curve[curve["hypothesis"] == "alternative"].set_index("time")
    assert alternative.loc[32, "expected_events"] == pytest.approx(63.539, abs=5e-4)
    assert (curve["lower"] <= curve["expected_events"]).all() and (curve["expected_events"] <= curve["upper"]).all()


def test_map_and_contour_agree():
    contour = alpha_power_contour(PICTURE, [0.025, 0.05], methods=("log_hazard", "wu"), sides=1)
    for row in contour.itertuples():
        cell = alpha_power_map(PICTURE, [row.alpha], [row.power], method=row.method, sides=1).iloc[0]
        assert cell["events_raw"] == pytest.approx(64, rel=1e-9)
