"""Medians, dates, harms, relations and words: each rule on numbers that must and must not pass."""

import pytest

from resurvey.audit.adverse_events import grade_key, item_key
from resurvey.audit.dates import months_between, period
from resurvey.audit.group_sizes import complements
from resurvey.audit.handlers import alone


def only(rule, tables, column="verdict"):
    return alone(tables, [rule])[column].tolist()


def median(value, lower="", upper="", **cells):
    return {"endpoint": "PFS", "value": value, "lower": lower, "upper": upper, "unit": "months", **cells}


@pytest.mark.parametrize(
    ("row", "verdict"),
    [
        (median("11.8", "8.4", "15.1"), "reproduced"),
        (median("17.8", "13.8", "NR"), "reproduced"),
        (median("NR", "29.0", "NR"), "reproduced"),
        (median("NR", "29.0", "31.0"), "impossible"),
        (median("16.0", "8.4", "15.1"), "impossible"),
        (median("5", "NR", "NR"), "impossible"),
        (median("51", range_lower="24", range_upper="69"), "reproduced"),
        (median("21", range_lower="24", range_upper="69"), "impossible"),
    ],
)
def test_median_in_its_interval(row, verdict):
    assert only("median-interval", {"medians": [row]}) == [verdict]


@pytest.mark.parametrize(
    ("value", "rate", "verdict"),
    [("9.7", "62", "impossible"), ("9.7", "43", "reproduced"), ("15", "43", "impossible"), ("12", "52", "reproduced")],
)
def test_landmark_and_median_on_one_side_of_half(value, rate, verdict):
    survival = {"endpoint": "PFS", "time": "1", "time_unit": "year", "value": rate, "unit": "%"}
    assert only("landmark-median", {"medians": [median(value)], "survival_rates": [survival]}) == [verdict]


def test_clocks_and_events():
    rows = [median("11.8", events="66"), median("25", events="70", endpoint="OS")]
    assert only("clock-order", {"medians": rows}) == ["reproduced"]
    assert only("event-order", {"medians": rows}) == ["impossible"]
    rows[1]["value"] = "10"
    assert only("clock-order", {"medians": rows}) == ["impossible"]


def test_median_of_a_whole_lies_between_its_parts():
    def parts(whole):
        names = {"all": whole, "hormone receptor positive": "9.7", "hormone receptor negative": "12.3"}
        return {"medians": [median(value, population=name) for name, value in names.items()]}

    assert only("median-of-parts", parts("11.8")) == ["reproduced"]
    assert only("median-of-parts", parts("13.0")) == ["discrepant"]
    assert complements("primary resistant", "secondary resistant")


def test_medians_in_several_units_are_compared_in_one():
    def parts(whole, unit):
        medians = [
            ("all", whole, unit),
            ("line 1, ER positive", "10.2", "months"),
            ("line 1, ER negative", "280", "days"),
        ]
        rows = [median(value, population=name, unit=unit) for name, value, unit in medians]
        return only("median-of-parts", {"medians": rows})

    assert parts("9.9", "months") == parts("300", "days") == parts("43", "weeks") == parts("0.83", "years")
    assert parts("9.9", "months") == ["reproduced"]
    assert parts("280", "months") == parts("0.5", "years") == ["discrepant"]
    assert parts("NR", "") == ["discrepant"]


def test_complements_go_by_name():
    assert complements("primary resistant", "secondary resistant")
    assert not complements("line 1", "line 2")


def test_dates():
    start, cut = period("2019-06-20"), period("2022-08")
    low, high = months_between(start, cut)
    assert (round(low, 1), round(high, 1)) == (37.4, 38.4)
    assert period("soon") is None
    rows = [
        {"item": "enrolment start", "statistic": "date", "value": "2019-06-20"},
        {"item": "data cut-off", "statistic": "date", "value": "2022-08-31"},
        {"item": "follow-up", "statistic": "median", "value": "20.1", "range_upper": "38.2", "unit": "months"},
        {"item": "treatment duration", "statistic": "median", "value": "9.3", "range_upper": "39.0", "unit": "months"},
    ]
    assert only("follow-up-dates", {"follow_up": rows}) == ["reproduced", "impossible"]
    assert only("treatment-follow-up", {"follow_up": rows}) == ["impossible"]
    rows[3]["range_upper"] = "38.2"
    assert only("treatment-follow-up", {"follow_up": rows}) == ["reproduced"]


def response(item, percent="", n="", total=""):
    return {"kind": "response", "endpoint": item, "item": item, "percent": percent, "n": n, "total": total}


def test_responders_are_among_those_who_benefit():
    assert only("response-order", {"proportions": [response("ORR", "48"), response("CBR", "28")]}) == ["impossible"]
    assert only("response-order", {"proportions": [response("ORR", "28"), response("CBR", "48")]}) == ["reproduced"]
    rows = [
        response("CR", n="7", total="100"),
        response("PR", n="63", total="100"),
        response("ORR", n="70", total="100"),
    ]
    assert set(only("response-order", {"proportions": rows})) == {"reproduced"}
    rows[2]["n"] = "71"
    assert "impossible" in only("response-order", {"proportions": rows})


OTHERS = ("VGPR", "sCR", "n-PR", "CRi", "CR/CR-i", "very good partial response", "minor response")


@pytest.mark.parametrize("other", OTHERS)
def test_responders_beside_complete_and_partial_ones_leave_no_sum(other):
    rows = [response(name, n=n, total="100") for name, n in (("CR", "10"), ("PR", "20"), ("ORR", "48"))]
    rows += [response("DCR", n="60", total="100"), response("pCR", n="5", total="100")]
    assert "impossible" in only("response-order", {"proportions": rows})
    rows.append(response("", n="18", total="100") | {"item": other})
    assert "impossible" not in only("response-order", {"proportions": rows})


def test_counts_within_their_total():
    assert only("count-bound", {"proportions": [response("ORR", n="12", total="10")]}) == ["impossible"]
    assert only("count-bound", {"medians": [median("5", n="20", events="21")]}) == ["impossible"]
    assert only("count-bound", {"medians": [median("5", n="20", events="20")]}) == []


def test_subgroups_within_the_whole():
    def arm(population, n):
        return {"population": population, "label": population, "n": n}

    arms = [arm("all", "100"), arm("receptor positive", "35"), arm("receptor negative", "65")]
    assert set(only("subgroup-size", {"arms": arms})) == {"reproduced"}
    arms[2]["n"] = "70"
    assert only("subgroup-size", {"arms": arms}).count("impossible") == 1
    arms.append(arm("randomised", "120"))
    assert only("subgroup-size", {"arms": arms}).count("impossible") == 1


def test_excluded_part_has_another_size():
    arms = [
        {"population": "brain metastases", "label": "x", "n": "24"},
        {"population": "brain evaluable", "label": "x", "n": "203"},
    ]
    row = {"kind": "progression", "item": "new", "n": "6", "total": "203", "population": "without brain metastases"}
    found = alone({"arms": arms, "proportions": [row]}, ["excluded-part"]).iloc[0]
    assert found["verdict"] == "discrepant"
    assert "179 are left" in found["explanation"]
    row["total"] = "179"
    assert only("excluded-part", {"arms": arms, "proportions": [row]}) == []


def test_inclusion_exclusion_of_two_overlapping_groups():
    counts = {"A": "353", "B": "258", "both": "244", "one of them": "109"}
    rows = [
        {"claim_id": f"mine-prop-{place}", "kind": "baseline", "item": item, "n": n}
        for place, (item, n) in enumerate(counts.items())
    ]
    claims = ";".join(row["claim_id"] for row in rows)
    said = [{"kind": "overlap", "item": "A and B", "claims": claims}]
    assert only("inclusion-exclusion", {"proportions": rows, "statements": said}) == ["discrepant"]
    rows[3]["n"] = "123"
    assert only("inclusion-exclusion", {"proportions": rows, "statements": said}) == ["reproduced"]
    assert only("inclusion-exclusion", {"proportions": rows}) == []


def test_flow():
    rows = [
        {"kind": "flow", "item": item, "n": n}
        for item, n in (("screened", "108"), ("enrolled", "100"), ("treated", "99"))
    ]
    assert only("patient-flow", {"proportions": rows}) == ["reproduced", "reproduced"]
    rows[1]["n"] = "110"
    assert "impossible" in only("patient-flow", {"proportions": rows})


def event(item, grade, n, **cells):
    return {"kind": "adverse_event", "item": item, "grade": grade, "n": n, **cells}


def test_keys_of_events_and_grades():
    assert item_key("decreased neutrophil count") == item_key("Neutrophil count decreased")
    assert item_key("Diarrhoea") == item_key("diarrhea")
    assert item_key("sites <3") != item_key("sites ≥3")
    assert [grade_key(text) for text in ("≥3", "III-IV", "", "3 or 4")] == [">=3", "3-4", "any", "3-4"]


def test_grades_add_up_and_nest():
    rows = [event("rash", "1-2", "44"), event("rash", "3", "53"), event("Rash", "4", "3"), event("rash", "≥3", "56")]
    assert only("grade-sum", {"proportions": rows}) == ["reproduced"]
    rows[3]["n"] = "55"
    assert only("grade-sum", {"proportions": rows}) == ["discrepant"]
    rows[3]["n"] = "50"
    assert "impossible" in only("grade-sum", {"proportions": rows})


def test_patients_that_are_events():
    counts = {"rash": "12", "nausea": "5", "cough": "1", "fever": "24"}
    rows = [event(item, "3-4", n) for item, n in counts.items()]
    assert only("patients-or-events", {"proportions": [*rows, event("any toxicity", "3-4", "42")]}) == ["discrepant"]
    assert only("patients-or-events", {"proportions": [*rows, event("any toxicity", "3-4", "36")]}) == ["reproduced"]
    assert only("any-event-bound", {"proportions": [*rows, event("any toxicity", "3-4", "20")]}) == ["impossible"]


def test_most_common_and_none():
    rows = [event("nausea", "1-2", "60"), event("rash", "1-2", "41"), event("cough", "1-2", "5")]
    said = {"kind": "most_common", "endpoint": "adverse events", "item": "nausea; rash"}
    assert only("most-common", {"proportions": rows, "statements": [said]}) == ["reproduced"]
    said["item"] = "nausea; cough"
    assert only("most-common", {"proportions": rows, "statements": [said]}) == ["discrepant"]
    none = {"kind": "none", "endpoint": "adverse events", "item": "grade 4 rash"}
    assert only("none-statement", {"proportions": [event("rash", "4", "0")], "statements": [none]}) == ["reproduced"]
    assert only("none-statement", {"proportions": [event("rash", "4", "2")], "statements": [none]}) == ["discrepant"]
    assert only("none-statement", {"statements": [none]}) == ["uncheckable"]


def difference(first, second, **said):
    rows = [median(first), median(second)]
    said = {"endpoint": "PFS", "item": "gain", "unit": "months", "claims": "mine-medians-001;mine-medians-002", **said}
    return {"medians": rows, "differences": [said]}


@pytest.mark.parametrize(
    ("value", "verdict"), [("6.3", "reproduced"), ("6.4", "reproduced"), ("6.5", "rounding"), ("6.6", "discrepant")]
)
def test_stated_difference(value, verdict):
    assert only("stated-difference", difference("18.7", "12.4", value=value, direction="longer")) == [verdict]


@pytest.mark.parametrize(
    ("first", "second", "word", "verdict"),
    [
        ("9.6", "6.8", "longer", "reproduced"),
        ("9.6", "6.8", "worse", "discrepant"),
        ("6.8", "9.6", "worse", "reproduced"),
        ("NR", "30.9", "better", "reproduced"),
        ("11.8", "5.5", "doubled", "reproduced"),
        ("6.8", "6.4", "similar", "reproduced"),
        ("9.6", "6.4", "similar", "uncheckable"),
    ],
)
def test_stated_direction(first, second, word, verdict):
    assert only("stated-direction", difference(first, second, direction=word)) == [verdict]


def test_direction_of_harms_and_ratios():
    harms = [{"kind": "adverse_event", "item": "AE", "percent": p} for p in ("28", "16")]
    said = {"endpoint": "AE", "item": "AE", "direction": "worse", "claims": "mine-proportions-001;mine-proportions-002"}
    assert only("stated-direction", {"proportions": harms, "differences": [said]}) == ["reproduced"]
    ratio = {"measure": "HR", "endpoint": "OS", "value": "0.74", "lower": "0.61", "upper": "0.91"}
    said = {"item": "mortality", "endpoint": "OS", "direction": "higher", "claims": "mine-hazard-ratios-001"}
    assert only("stated-direction", {"hazard_ratios": [ratio], "differences": [said]}) == ["discrepant"]


@pytest.mark.parametrize(
    ("p", "word", "verdict"),
    [
        ("0.03", "significant", "reproduced"),
        ("0.06", "significant", "discrepant"),
        ("0.067", "trend", "reproduced"),
        ("0.004", "not significant", "discrepant"),
        ("<0.001", "significant", "reproduced"),
    ],
)
def test_significance_words(p, word, verdict):
    assert only("significance-word", {"p_values": [{"item": "PFS", "p": p, "statement": word}]}) == [verdict]


def test_endpoint_met():
    boundary = {"kind": "threshold", "item": "boundary", "value": "8.0", "unit": "months"}
    said = {"kind": "primary_endpoint_met", "item": "met", "claims": "mine-medians-001;mine-quantities-001"}
    tables = {"medians": [median("11.8", "8.4", "15.1")], "quantities": [boundary], "statements": [said]}
    assert only("endpoint-met", tables) == ["reproduced"]
    boundary["value"] = "12.0"
    assert only("endpoint-met", tables) == ["discrepant"]


def test_a_gain_whose_p_is_not_small_is_a_hint():
    tables = difference("8.3", "5.7", direction="longer")
    tables["p_values"] = [{"item": "PFS", "p": "0.051", "claims": "mine-medians-002;mine-medians-001"}]
    assert only("direction-p", tables) == ["uncheckable"]
    tables["p_values"][0]["p"] = "0.01"
    assert only("direction-p", tables) == ["reproduced"]
