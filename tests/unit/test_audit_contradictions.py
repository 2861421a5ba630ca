"""Contradictions that a paper may really print, each beside the case that must pass."""

import pytest

from resurvey.audit.agreement import agree
from resurvey.audit.group_sizes import complements, exclusive
from resurvey.audit.handlers import alone
from resurvey.audit.verdicts import needs_ruling

ARMS = [{"arm_id": name, "label": name, "n": n} for name, n in (("a", "100"), ("b", "120"))]


def only(rule, column="verdict", **tables):
    return alone(tables, [rule])[column].tolist()


def rate(time, value, lower="", upper="", **cells):
    row = {"endpoint": "PFS", "time": time, "time_unit": "months", "value": value, "unit": "%", "arm_id": "a"}
    return row | {"lower": lower, "upper": upper} | cells


def risk(time, n, arm="a"):
    return {"endpoint": "PFS", "time": time, "time_unit": "months", "n_at_risk": n, "arm_id": arm}


def median(value, lower="", upper="", **cells):
    return {"endpoint": "PFS", "value": value, "lower": lower, "upper": upper, "unit": "months", **cells}


def hr(value, lower="", upper="", **cells):
    row = {"measure": "HR", "endpoint": "PFS", "arm_id": "a", "comparator_arm_id": "b", "value": value}
    return row | {"lower": lower, "upper": upper} | cells


# Two printings of one quantity.


@pytest.mark.parametrize(
    ("first", "second", "verdict"),
    [
        ((0.725, 0.735), (0.735, 0.745), "rounding"),  # 0.73 and 0.74
        ((0.725, 0.735), (0.745, 0.755), "conflict"),  # 0.73 and 0.75
        ((0.725, 0.735), (0.725, 0.735), "reproduced"),
        ((0.7295, 0.7305), (0.725, 0.735), "reproduced"),  # 0.730 and 0.73
        ((0.7345, 0.7355), (0.725, 0.735), "reproduced"),  # 0.735 and 0.73: both print 0.7347
        ((0.7375, 0.7385), (0.725, 0.735), "rounding"),  # 0.738 and 0.73: cut off
        ((0.7405, 0.7415), (0.725, 0.735), "conflict"),  # 0.741 and 0.73
        ((425, 425), (426, 426), "conflict"),  # counts
        ((425, 425), (425, 425), "reproduced"),
        ((float("-inf"), 0.05), (0.05, float("inf")), "conflict"),  # below and above
        ((float("inf"),) * 2, (float("inf"),) * 2, "reproduced"),  # not reached
    ],
)
def test_agreement_of_two_prints(first, second, verdict):
    assert agree(*first, *second) == verdict
    assert agree(*second, *first) == verdict


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ({"hazard_ratios": [hr("0.73"), hr("0.74")]}, [("rounding", "minor")]),
        ({"hazard_ratios": [hr("0.73"), hr("0.730")]}, [("reproduced", "none")]),
        ({"hazard_ratios": [hr("0.73"), hr("0.738")]}, [("rounding", "none")]),
        ({"medians": [median("13.8"), median("13.9")]}, [("rounding", "minor")]),
        ({"medians": [median("13.8"), median("14")]}, [("reproduced", "none")]),
        ({"medians": [median("12"), median("365", unit="days")]}, [("reproduced", "none")]),
        ({"arms": [{"n": "425"}, {"n": "426"}]}, [("conflict", "minor")]),
        ({"arms": [{"n": "425"}, {"n": "425"}]}, [("reproduced", "none")]),
    ],
)
def test_the_same_number_in_two_places(rows, expected):
    tables = {"arms": ARMS, **{name: [dict(row) for row in given] for name, given in rows.items()}}
    checks = alone(tables, ["repeat"])
    found = list(zip(checks["verdict"], checks["severity"], strict=True))
    assert found == expected
    assert needs_ruling(checks).tolist() == [expected[0] != ("reproduced", "none") and expected[0][1] != "none"]


def test_percentages_of_the_same_precision_must_be_equal():
    rows = [{"kind": "response", "item": "ORR", "arm_id": "a", "percent": percent} for percent in ("14", "15")]
    assert only("repeat", arms=ARMS, proportions=rows) == ["rounding"]


def test_p_of_one_comparison_on_two_sides_of_the_level():
    rows = [
        {"endpoint": "PFS", "item": "PFS", "arm_id": "a", "comparator_arm_id": "b", "p": p} for p in ("0.05", "0.06")
    ]
    checks = alone({"arms": ARMS, "p_values": rows}, ["repeat-p"])
    assert checks["verdict"].tolist() == ["rounding"]


def test_the_size_of_a_group_is_no_matter_of_follow_up():
    rows = [{"n": "699", "source_id": "citing"}, {"n": "524", "source_id": "trial", "data_cut": ""}]
    rows.append({"n": "10", "source_id": "citing", "study_id": "elsewhere", "arm_id": ""})
    assert only("across", arms=[{"arm_id": "all", **row} if "arm_id" not in row else row for row in rows]) == [
        "conflict"
    ]


def test_p_of_curves_and_p_of_rates_are_two_quantities():
    start = {"endpoint": "PFS", "item": "PFS", "arm_id": "a", "comparator_arm_id": "b"}
    rates = [rate("6", "50.0"), rate("6", "40.0", arm_id="b")]
    rows = [start | {"p": "0.006"}, start | {"p": "0.05", "claims": "mine-survival-rates-001;mine-survival-rates-002"}]
    assert only("repeat-p", arms=ARMS, survival_rates=rates, p_values=rows) == []


# Survival at a time and numbers at risk.


@pytest.mark.parametrize(
    ("row", "verdicts"),
    [
        (rate("6", "50.0", "55.0", "65.0"), ["impossible"]),
        (rate("6", "60.0", "55.0", "65.0"), ["reproduced"]),
        (rate("6", "55.0", "55.0", "65.0"), ["reproduced"]),
        (rate("6", "-40.9"), ["impossible"]),
        (rate("6", "140"), ["impossible"]),
        (rate("6", "0.409"), ["discrepant"]),
        (rate("6", "0.409", unit="proportion"), []),
        (rate("6", "40.9"), []),
    ],
)
def test_a_rate_and_its_interval(row, verdicts):
    assert only("rate-interval", arms=ARMS, survival_rates=[row]) == verdicts


@pytest.mark.parametrize(
    ("row", "verdict"),
    [
        # sqrt(0.5 * 0.5 / 100) = 5.0 points: 40 to 60 is the narrowest
        (rate("6", "50.0", "40.2", "59.8", n="100"), "reproduced"),
        (rate("6", "50.0", "47.0", "53.0", n="100"), "impossible"),
        (rate("6", "50.0", "47.0", "53.0"), "discrepant"),  # n of the arm
        (rate("6", "50.0", "47.0", "53.0", n="1100"), "reproduced"),
        (rate("6", "96.0", "89.7", "98.5", n="100"), "reproduced"),  # log-log
        (rate("6", "50.0", "41.8", "58.2", n="100", ci_level="90"), "reproduced"),
    ],
)
def test_an_interval_needs_its_patients(row, verdict):
    assert only("rate-width", arms=ARMS, survival_rates=[row]) == [verdict]


def test_survival_does_not_rise():
    assert only("rate-order", arms=ARMS, survival_rates=[rate("6", "50.0"), rate("12", "60.0")]) == ["impossible"]
    assert only("rate-order", arms=ARMS, survival_rates=[rate("6", "50.0"), rate("12", "50.0")]) == ["reproduced"]
    years = rate("1", "0.60", time_unit="years", unit="proportion")
    assert only("rate-order", arms=ARMS, survival_rates=[rate("6", "50.0"), years]) == ["impossible"]


def test_numbers_at_risk():
    falling = [risk("0", "100"), risk("6", "60"), risk("12", "30")]
    rising = [risk("0", "100"), risk("6", "60"), risk("12", "90")]
    assert only("risk-order", arms=ARMS, risk_tables=falling) == ["reproduced"]
    assert only("risk-order", arms=ARMS, risk_tables=rising) == ["impossible"]
    assert only("risk-start", arms=ARMS, risk_tables=falling) == ["reproduced"]
    assert only("risk-start", arms=ARMS, risk_tables=[risk("0", "98")]) == ["discrepant"]
    assert only("risk-start", arms=ARMS, risk_tables=[risk("0", "110")]) == ["conflict"]
    exchanged = [risk("0", "120"), risk("0", "100", "b")]
    checks = alone({"arms": ARMS, "risk_tables": exchanged}, ["risk-start"])
    assert checks["verdict"].tolist() == ["conflict"] * 2
    assert "exchanged" in checks["explanation"].iloc[0]


@pytest.mark.parametrize(
    ("time", "at_risk", "verdict"),
    [
        ("7", "60", "reproduced"),
        ("7", "62", "reproduced"),
        ("7", "70", "discrepant"),
        # At 6 months itself those are at risk whose event is found on that day: 100 * 0.6^(2/3) = 71 with visits
        # every 2 months, and as many as chance adds.
        ("6", "61", "reproduced"),
        ("6", "75", "uncheckable"),
        ("6", "84", "discrepant"),
    ],
)
def test_at_risk_are_those_without_an_event(time, at_risk, verdict):
    rows = [risk("0", "100"), risk(time, at_risk)]
    assert only("risk-survival", arms=ARMS, risk_tables=rows, survival_rates=[rate("6", "60.0")]) == [verdict]
    half = ["discrepant" if int(at_risk) > 52 else "reproduced"]
    assert only("risk-survival", arms=ARMS, risk_tables=rows, medians=[median("5.0", arm_id="a")]) == half


def test_the_case_that_passed_without_a_check():
    tables = {
        "studies": [{"study_id": "mine", "acronym": "M", "design": "single arm", "source_id": "mine"}],
        "arms": ARMS,
        "survival_rates": [rate("6", "50.0", "55.0", "65.0"), rate("12", "60.0")],
        "risk_tables": [risk(t, n) for t, n in (("0", "100"), ("6", "80"), ("12", "90"), ("18", "30"))],
        "follow_up": [
            {"item": "enrolment start", "statistic": "date", "value": "2018-01"},
            {"item": "data cut-off", "statistic": "date", "value": "2020-10"},
            {"item": "follow-up", "statistic": "median", "value": "48", "unit": "months"},
        ],
    }
    checks = alone(tables)
    wrong = set(checks.loc[checks["verdict"].isin(["impossible", "discrepant"]), "rule"])
    assert wrong == {"rate-interval", "rate-order", "risk-order", "risk-survival", "follow-up-span"}


# The calendar.


@pytest.mark.parametrize(
    ("design", "months", "verdict"),
    [
        ("single arm", "33.0", "reproduced"),
        ("single arm", "48", "impossible"),
        ("retrospective cohort", "48", "uncheckable"),
    ],
)
def test_follow_up_fits_between_its_dates(design, months, verdict):
    study = {"study_id": "mine", "acronym": "M", "design": design, "source_id": "mine"}
    study |= {"enrolment_start": "2018-01", "data_cutoff": "2020-10"}
    rows = [{"item": "follow-up", "statistic": "median", "value": months, "unit": "months"}]
    assert only("follow-up-span", studies=[study], follow_up=rows) == [verdict]
    assert only("follow-up-span", studies=[study], medians=[median(months)]) == [verdict]
    elsewhere = study | {"source_id": "other"}
    assert only("follow-up-span", studies=[elsewhere], follow_up=rows) == []


def test_no_median_beyond_the_longest_follow_up():
    rows = [{"item": "follow-up", "statistic": "median", "value": "20", "range_upper": "38.2", "unit": "months"}]
    assert only("longest-follow-up", medians=[median("40")], follow_up=rows) == ["impossible"]
    assert only("longest-follow-up", medians=[median("38")], follow_up=rows) == ["reproduced"]
    assert only("longest-follow-up", medians=[median("3.1", unit="years")], follow_up=rows) == ["reproduced"]
    assert only("longest-follow-up", medians=[median("NR")], follow_up=rows) == []


# Groups and their parts.


@pytest.mark.parametrize(
    ("first", "second", "whole", "apart"),
    [
        ("male", "female", True, True),
        ("age <65", "age >=65", True, True),
        ("age < 65 years", "age ≥65 years", True, True),
        ("age <65", "age >=70", False, False),
        ("visceral disease", "no visceral disease", True, True),
        ("non-visceral", "visceral", True, True),
        ("premenopausal", "postmenopausal", False, True),
        ("line 1", "line 2", False, False),
    ],
)
def test_parts_by_their_names(first, second, whole, apart):
    assert complements(first, second) is whole
    assert complements(second, first) is whole
    assert exclusive(second, first) is apart


@pytest.mark.parametrize(
    ("male", "female", "whole", "verdict"),
    [
        ("70", "55", "100", "impossible"),
        ("60", "40", "100", "reproduced"),
        ("60", "38", "100", "uncheckable"),
    ],
)
def test_subgroups_against_the_whole(male, female, whole, verdict):
    names = {"all": whole, "male": male, "female": female}
    rows = [hr("0.7", n=n, population=name) for name, n in names.items()]
    assert only("parts-sum", arms=ARMS, hazard_ratios=rows) == [verdict]
    rows = [median("9", n=n, population=name) for name, n in names.items()]
    assert only("parts-sum", medians=rows) == [verdict]


def test_events_of_all_patients_are_all_events():
    names = {"all": ("100", "80"), "male": ("60", "40"), "female": ("40", "30")}
    rows = [median("9", n=n, events=events, population=name) for name, (n, events) in names.items()]
    assert only("parts-sum", medians=rows) == ["reproduced", "discrepant"]
    rows[2]["events"] = "40"
    assert only("parts-sum", medians=rows) == ["reproduced"] * 2


@pytest.mark.parametrize(
    ("row", "verdicts"),
    [
        (median("9", arm_id="a", n="238"), ["conflict"]),
        (median("9", arm_id="a", n="90"), ["uncheckable"]),
        (median("9", arm_id="a", n="100"), []),
        (median("9", arm_id="a", n="190", population="women"), ["impossible"]),
        (median("9", arm_id="a", n="90", population="women"), []),
        (median("9", arm_id="a", events="138"), ["impossible"]),
        (median("9", arm_id="a", events="100"), []),
    ],
)
def test_results_of_more_than_there_are(row, verdicts):
    assert only("group-size", arms=ARMS, medians=[row]) == verdicts


def test_only_responders_have_a_duration_of_response():
    responders = {"kind": "response", "item": "ORR", "endpoint": "ORR", "arm_id": "a", "n": "40", "total": "100"}
    row = median("9", endpoint="DoR", arm_id="a", n="41")
    assert only("response-duration", arms=ARMS, proportions=[responders], medians=[row]) == ["impossible"]
    row["n"] = "40"
    assert only("response-duration", arms=ARMS, proportions=[responders], medians=[row]) == ["reproduced"]


def test_medians_of_parts_in_one_unit():
    def parts(*values):
        names = ("all", "hormone receptor positive", "hormone receptor negative")
        return [median(value, unit=unit, population=name) for name, (value, unit) in zip(names, values, strict=True)]

    days = ("11", "months"), ("300", "days"), ("400", "days")
    years = ("11", "months"), ("0.5", "years"), ("0.6", "years")
    assert only("median-of-parts", medians=parts(*days)) == ["reproduced"]
    assert only("median-of-parts", medians=parts(*years)) == ["discrepant"]


# Ratios.


def test_a_ratio_the_other_way_round():
    medians = [median("20", "18", "23", arm_id="a"), median("10", "8", "12", arm_id="b")]
    checks = alone({"arms": ARMS, "medians": medians, "hazard_ratios": [hr("1.8", "1.4", "2.3")]}, ["ratio-medians"])
    assert checks[["verdict", "severity"]].to_numpy().tolist() == [["discrepant", "conclusion"]]
    medians[1]["upper"] = "19"
    checks = alone({"arms": ARMS, "medians": medians, "hazard_ratios": [hr("1.8", "1.4", "2.3")]}, ["ratio-medians"])
    assert checks["verdict"].tolist() == ["uncheckable"]


def test_events_of_the_medians_bound_the_width_of_the_ratio():
    medians = [median("20", arm_id="a", events="30"), median("10", arm_id="b", events="40")]
    narrow = {"arms": ARMS, "medians": medians, "hazard_ratios": [hr("0.70", "0.55", "0.89")]}
    assert only("ratio-events", **narrow) == ["impossible"]
    narrow["hazard_ratios"] = [hr("0.70", "0.43", "1.14")]
    assert only("ratio-events", **narrow) == ["reproduced"]


def test_limits_in_descending_order_are_told_once():
    row = hr("0.55", "0.75", "0.40", p="0.0002", note="sic")
    checks = alone({"arms": ARMS, "hazard_ratios": [row]})
    assert checks.loc[checks["verdict"] != "reproduced", "rule"].tolist() == ["ratio-interval"]
    assert "descending order" in checks.set_index("rule").loc["ratio-interval", "explanation"]


def test_a_p_of_nothing():
    rows = [{"item": "x", "p": p} for p in ("0.000", "0.001", "<0.001")]
    assert only("p-range", p_values=rows) == ["impossible"]
