"""Means and spread, changes, rates, incidences and numbers needed to treat, by hand-computed values."""

import pytest

from resurvey import gate, tables
from resurvey.audit.handlers import alone
from resurvey.schema import TABLES
from tests.project import small_tables, write_tables


def row(kind, value, **cells):
    return {"kind": kind, "item": "thing", "value": value, **cells}


def only(rule, *rows, **more):
    return alone({"measurements": list(rows), **more}, [rule])["verdict"].tolist()


@pytest.mark.parametrize(
    ("sd", "se", "verdict"),
    [("10.0", "1.0", "reproduced"), ("10.0", "0.7", "discrepant"), ("1.0", "10.0", "discrepant")],
)
def test_standard_error_of_a_mean(sd, se, verdict):
    checks = alone({"measurements": [row("mean", "50.0", sd=sd, se=se, n="100")]}, ["mean-error"])
    assert checks["verdict"].tolist() == [verdict]
    assert ("exchanged" in checks["explanation"].iloc[0]) is (sd == "1.0")


@pytest.mark.parametrize(
    ("lower", "upper", "verdict"),
    [
        ("48.0", "52.0", "reproduced"),  # 1.96 * 10 / sqrt(100) = 1.96
        ("49.0", "53.0", "discrepant"),  # around 51
        ("51.0", "55.0", "impossible"),
        ("49.0", "51.0", "discrepant"),
        ("30.4", "69.6", "discrepant"),  # 1.96 * 10: of the values
    ],
)
def test_interval_of_a_mean(lower, upper, verdict):
    assert only("mean-error", row("mean", "50.0", sd="10.0", n="100", lower=lower, upper=upper)) == [verdict]


@pytest.mark.parametrize(
    ("value", "sd", "verdict"),
    [
        ("3.0", "1.5", "reproduced"),
        # at most sqrt(2.05 * 2.05 * 100 / 99) = 2.06, with the rounding of the range
        ("3.0", "2.1", "reproduced"),
        ("3.0", "2.2", "impossible"),
        ("5.5", "0.5", "impossible"),
        ("1.1", "1.0", "impossible"),  # at most sqrt(3.9 * 0.2 * 1.01) = 0.89
        ("1.0", "0.0", "reproduced"),
    ],
)
def test_the_spread_that_cannot_be(value, sd, verdict):
    cells = {"sd": sd, "n": "100", "range_lower": "1.0", "range_upper": "5.0"}
    assert only("mean-range", row("mean", value, **cells)) == [verdict]


@pytest.mark.parametrize(
    ("change", "n", "verdict"),
    [
        ("-4.0", "50", "reproduced"),
        ("4.0", "50", "discrepant"),
        ("-5.0", "50", "discrepant"),
        ("-5.0", "40", "uncheckable"),
    ],
)
def test_change_from_baseline(change, n, verdict):
    rows = [row("mean", "16.0", n="50"), row("mean", "20.0", n="50")]
    rows.append(row("change", change, n=n, claims="mine-measurements-001;mine-measurements-002"))
    assert only("change", *rows) == [verdict]


@pytest.mark.parametrize(
    ("value", "lower", "upper", "verdicts"),
    [
        ("5.0", "2.4", "9.2", ["reproduced", "reproduced"]),  # Garwood 4.795 and 18.39 events
        ("5.0", "2.7", "9.3", ["reproduced", "reproduced"]),  # log: 5 exp(-+0.62)
        ("5.0", "3.5", "7.0", ["reproduced", "discrepant"]),
        ("6.0", "", "", ["discrepant"]),
    ],
)
def test_rate_per_person_time(value, lower, upper, verdicts):
    cells = {"unit": "per 100 person-years", "events": "10", "person_time": "200", "lower": lower, "upper": upper}
    assert only("person-time", row("rate", value, **cells)) == verdicts


@pytest.mark.parametrize(("value", "verdict"), [("38.0", "reproduced"), ("45.0", "impossible")])
def test_incidence_with_competing_events(value, verdict):
    rate = {"endpoint": "PFS", "time": "12", "time_unit": "months", "value": "60.0", "unit": "%"}
    cells = {"time": "12", "time_unit": "months", "claims": "mine-survival-rates-001"}
    assert only("cumulative-incidence", row("cumulative incidence", value, **cells), survival_rates=[rate]) == [verdict]


def test_an_incidence_beside_two_survivals_is_two_checks():
    rate = {"endpoint": "PFS", "time": "12", "time_unit": "months", "value": "60.0", "unit": "%"}
    rates = [rate, rate | {"endpoint": "OS", "value": "70.0"}]
    cells = {"time": "12", "time_unit": "months", "claims": "mine-survival-rates-001; mine-survival-rates-002"}
    rows = [row("cumulative incidence", "38.0", **cells)]
    found = alone({"measurements": rows, "survival_rates": rates}, ["cumulative-incidence"])
    assert set(found["verdict"]) == {"reproduced", "impossible"} and found["check_id"].is_unique


@pytest.mark.parametrize(("second", "verdict"), [("40.0", "reproduced"), ("70.0", "impossible")])
def test_incidences_of_exclusive_events(second, verdict):
    cells = {"time": "12", "time_unit": "months"}
    rows = [row("cumulative incidence", "35.0", item="relapse", **cells)]
    rows.append(row("cumulative incidence", second, item="death", **cells))
    assert only("cumulative-incidence", *rows) == [verdict]


@pytest.mark.parametrize(
    ("value", "verdict"), [("10", "reproduced"), ("9", "discrepant"), ("12", "discrepant"), ("9.52", "reproduced")]
)
def test_number_needed_to_treat(value, verdict):
    # 42/200 and 21/200: 21.0 and 10.5 %, 1 / 0.105 = 9.52, rounded up 10
    counts = [{"kind": "response", "item": "x", "n": n, "total": "200"} for n in ("42", "21")]
    claims = "mine-proportions-001;mine-proportions-002"
    assert only("number-needed", row("number needed to treat", value, claims=claims), proportions=counts) == [verdict]
    counts[1]["n"] = "19"  # 1 / 0.115 = 8.7, rounded up 9
    assert only("number-needed", row("number needed to treat", "9", claims=claims), proportions=counts) == [
        "reproduced"
    ]
    counts[1]["n"] = "42"
    assert only("number-needed", row("number needed to treat", value, claims=claims), proportions=counts) == [
        "uncheckable"
    ]


def test_the_table_may_be_absent(tmp_path):
    write_tables(small_tables(), tmp_path)
    path = TABLES["measurements"].path_in(tmp_path)
    path.unlink(missing_ok=True)
    assert tables.read_raw(tmp_path)["measurements"].empty
    assert path not in gate.table_files(tmp_path)
    (tmp_path / "medians.csv").unlink()
    with pytest.raises(tables.TableFaults, match="the file is missing"):
        tables.read_raw(tmp_path)
