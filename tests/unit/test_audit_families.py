"""Families of checks on comparisons, tables of patients and words: each on what must and what must not pass."""

import pytest

from resurvey.audit.causes import causes
from resurvey.audit.contrasts import medians_p
from resurvey.audit.handlers import alone

ARMS = [{"arm_id": name, "label": name, "n": "100"} for name in "abc"]
ENDPOINTS = [
    {"endpoint": name, "label": name, "family": "time_to_event", "clock_start": clock, "event": "death"}
    for name, clock in (("PFS", "entry"), ("OS", "entry"), ("OS from T-DM1", "later"))
]


def checks(rule, **tables):
    return alone({"arms": ARMS, **tables}, [rule])


def only(rule, **tables):
    return checks(rule, **tables)["verdict"].tolist()


def median(value, arm="a", lower="", upper="", **cells):
    row = {"endpoint": "PFS", "arm_id": arm, "value": value, "lower": lower, "upper": upper, "unit": "months"}
    return row | cells


def said(direction="longer", **cells):
    claims = "mine-medians-001;mine-medians-002"
    return {"item": "sentence", "endpoint": "PFS", "arm_id": "a", "direction": direction, "claims": claims} | cells


def test_p(p, **cells):
    row = {"item": "x", "endpoint": "PFS", "arm_id": "a", "comparator_arm_id": "b", "p": p}
    return row | {"claims": "mine-medians-001;mine-medians-002"} | cells


test_p.__test__ = False


def count(n, arm, total="100", **cells):
    row = {"kind": "baseline", "item": "old", "arm_id": arm, "n": n, "total": total}
    return row | cells


# A claim and the numbers it is checked by.


@pytest.mark.parametrize(
    ("cells", "verdict"),
    [
        ({}, "reproduced"),
        ({"direction": "shorter"}, "discrepant"),
        ({"endpoint": "OS"}, "uncheckable"),
        ({"endpoint": "survival"}, "uncheckable"),
        ({"endpoint": "OS from T-DM1"}, "uncheckable"),
        ({"endpoint": "efficacy"}, "reproduced"),
        ({"population": "line 1"}, "uncheckable"),
        ({"arm_id": "c"}, "uncheckable"),
        ({"arm_id": "b", "direction": "shorter"}, "discrepant"),
        ({"direction": "shorter", "population": "line 1"}, "uncheckable"),
    ],
)
def test_a_sentence_is_checked_by_its_own_endpoint_and_group(cells, verdict):
    medians = [median("12"), median("8", "b")]
    assert only("stated-direction", endpoints=ENDPOINTS, medians=medians, differences=[said(**cells)]) == [verdict]


def test_a_sentence_about_all_is_not_checked_by_a_subgroup():
    medians = [median("12", population="line 1"), median("8", "b", population="line 1")]
    assert only("stated-direction", medians=medians, differences=[said()]) == ["uncheckable"]
    assert only("stated-direction", medians=medians, differences=[said(population="line 1")]) == ["reproduced"]
    two = [median("12", population="primary"), median("8", population="secondary")]
    assert only("stated-direction", medians=two, differences=[said(population="primary")]) == ["reproduced"]


def test_a_ratio_of_another_endpoint_decides_nothing():
    ratio = {"measure": "HR", "endpoint": "PFS", "arm_id": "a", "comparator_arm_id": "b", "value": "0.7"}
    sentence = said("better", claims="mine-hazard-ratios-001")
    assert only("stated-direction", hazard_ratios=[ratio], differences=[sentence]) == ["reproduced"]
    assert only("stated-direction", hazard_ratios=[ratio], differences=[sentence | {"endpoint": "OS"}]) == [
        "uncheckable"
    ]


# Which p.


def test_the_p_of_all_groups_is_none_of_a_pair():
    medians = [median("12"), median("8", "b"), median("9", "c")]
    overall = test_p(
        "0.001", arm_id="all", comparator_arm_id="", claims=";".join(f"mine-medians-00{i}" for i in (1, 2, 3))
    )
    assert only("overall-p", medians=medians, p_values=[overall], differences=[said()]) == ["uncheckable"]
    own = test_p("0.02")
    assert only("overall-p", medians=medians, p_values=[overall, own], differences=[said()]) == []
    named = overall | {"arm_id": "a", "comparator_arm_id": "b"}
    assert only("overall-p", medians=medians, p_values=[named]) == ["uncheckable"]


@pytest.mark.parametrize(
    ("counts", "statement", "verdict"),
    [
        (("53", "54"), "significant", "discrepant"),
        (("20", "60"), "significant", "reproduced"),
        (("20", "60"), "not significant", "discrepant"),
        (("40", "54"), "significant", "uncheckable"),  # Pearson 0.048, Fisher 0.066
        (("53", "54"), "not significant", "reproduced"),
    ],
)
def test_significant_without_a_p(counts, statement, verdict):
    rows = [count(n, arm) for n, arm in zip(counts, "ab", strict=True)]
    p = test_p("", statement=statement, claims="mine-proportions-001;mine-proportions-002")
    assert only("unsupported-significance", proportions=rows, p_values=[p]) == [verdict]


def test_significant_without_anything():
    assert only("unsupported-significance", p_values=[test_p("", statement="significant", claims="")]) == [
        "uncheckable"
    ]
    assert only("unsupported-significance", p_values=[test_p("", statement="not significant", claims="")]) == []
    assert only("unsupported-significance", p_values=[test_p("0.03", statement="significant", claims="")]) == []


def test_a_direction_that_chance_explains():
    rows = [count("53", "a"), count("54", "b")]
    sentence = said("lower", claims="mine-proportions-001;mine-proportions-002")
    assert only("direction-chance", proportions=rows, differences=[sentence]) == ["uncheckable"]
    assert only("direction-chance", proportions=[count("20", "a"), count("54", "b")], differences=[sentence]) == []
    tested = test_p("0.9", claims=sentence["claims"])
    assert only("direction-chance", proportions=rows, differences=[sentence], p_values=[tested]) == []


def test_p_of_two_medians_by_hand():
    # se = ln(11.8 / 8.2) / 3.92 = 0.0928 and ln(7.3 / 4.7) / 3.92 = 0.1123; z = ln(10 / 6) / 0.1457 = 3.51
    rows = [{"value_months": 10, "lower_months": 8.2, "upper_months": 11.8}, {"value_months": 6, "lower_months": 4.7}]
    rows[1]["upper_months"] = 7.3
    rows = [row | {f"{c}_op": "=" for c in ("value", "lower", "upper")} | {"ci_level": 95.0} for row in rows]
    assert medians_p(*rows) == pytest.approx(0.00045, rel=0.05)
    rows[0]["upper_op"] = "NR"
    assert medians_p(*rows) is None


@pytest.mark.parametrize(
    ("p", "verdict"), [("0.0006", "reproduced"), ("<0.001", "reproduced"), ("0.06", "uncheckable")]
)
def test_p_beside_two_medians(p, verdict):
    medians = [median("10", "a", "8.2", "11.8"), median("6", "b", "4.7", "7.3")]
    assert only("medians-p", medians=medians, p_values=[test_p(p)]) == [verdict]


@pytest.mark.parametrize(
    ("adjusted", "verdict", "words"),
    [
        (("0.001", "0.44", "0.06"), "reproduced", "2 times throughout"),
        (("0.002", "0.66", "0.09"), "reproduced", "3 times throughout"),
        (("0.001", "0.44", "0.09"), "uncheckable", "no one multiple"),
        (("0.003", "0.99", "0.15"), "reproduced", "5 times throughout"),
    ],
)
def test_adjusted_p_are_multiples(adjusted, verdict, words):
    rows = []
    for endpoint, raw, other in zip(("OS", "PFS", "TTP"), ("0.0006", "0.22", "0.03"), adjusted, strict=True):
        cells = {"endpoint": endpoint, "claims": ""}
        rows += [test_p(raw, **cells), test_p(other, adjusted="yes", **cells)]
    found = checks("adjusted-multiple", p_values=rows)
    assert found["verdict"].tolist() == [verdict]
    assert words in found["explanation"].iloc[0]


def test_one_comparison_by_two_clocks():
    rows = [test_p("0.0006", endpoint="OS", claims=""), test_p("0.78", endpoint="OS from T-DM1", claims="")]
    found = checks("clock-choice", endpoints=ENDPOINTS, p_values=rows)
    assert found[["verdict", "severity"]].to_numpy().tolist() == [["other-method", "conclusion"]]
    rows[1]["p"] = "0.01"
    assert only("clock-choice", endpoints=ENDPOINTS, p_values=rows) == ["reproduced"]


def contingency(p, *tables):
    """p of several two by two tables of one printed table."""
    counts, rows = [], []
    for place, ((a, b), text) in enumerate(zip(tables, p, strict=True)):
        counts += [count(str(a), "a", item=f"x{place}"), count(str(b), "b", item=f"x{place}")]
        ids = f"mine-proportions-{2 * place + 1:03d};mine-proportions-{2 * place + 2:03d}"
        rows.append(test_p(text, item=f"x{place}", endpoint="", claims=ids, locator="Table 1"))
    return only("contingency-p", proportions=counts, p_values=rows)


def test_a_bound_is_no_value():
    # 20 against 60 of 100: p far below 0.001
    assert contingency(["<0.001"], (20, 60)) == ["reproduced"]
    assert contingency(["0.001"], (20, 60)) == ["discrepant"]
    assert contingency(["0.000"], (20, 60)) == ["reproduced"]


def test_a_table_keeps_to_its_test():
    # Pearson 0.0473, 0.0637, 0.0771, 0.2003, 0.0819; Fisher of the first 0.0652
    tables = [(40, 54), (50, 37), (30, 42), (60, 51), (33, 45)]
    assert contingency(["0.047", "0.064", "0.077", "0.200", "0.082"], *tables) == ["reproduced"] * 5
    mixed = contingency(["0.065", "0.064", "0.077", "0.200", "0.082"], *tables)
    assert mixed == ["other-method", *["reproduced"] * 4]
    # Two p make no habit.
    assert contingency(["0.065", "0.064"], *tables[:2]) == ["reproduced"] * 2


# Tables of patients.


@pytest.mark.parametrize(
    ("first", "second", "verdicts"),
    [
        (("120", "61"), ("150", "47"), ["uncheckable"]),  # 19 and 3 of 200
        (("120", "75"), ("118", "79"), ["reproduced"]),
        (("200", "0"), ("100", "100"), []),
    ],
)
def test_values_missing_in_one_group(first, second, verdicts):
    rows = []
    for arm, (yes, no) in (("a", first), ("b", second)):
        rows += [count(n, arm, "200", item=i, partition="stage") for i, n in (("yes", yes), ("no", no))]
    assert only("missing-values", proportions=rows) == verdicts


def test_values_called_unknown():
    def rows(a, b):
        made = []
        for arm, unknown in (("a", a), ("b", b)):
            made += [count(str(255 - unknown), arm, "255", item="known", partition="stage")]
            made += [count(str(unknown), arm, "255", item="Unknown", partition="stage")]
        return made

    assert only("missing-values", proportions=rows(19, 3)) == ["uncheckable"]
    assert only("missing-values", proportions=rows(19, 15)) == ["reproduced"]


def test_one_variable_on_two_denominators():
    rows = [
        count("253", "all", "398", item="trastuzumab: yes", population="early disease"),
        count("76", "a", "194", item="trastuzumab: yes"),
        count("63", "b", "177", item="trastuzumab: yes"),
        count("398", "all", "555", item="early"),
        count("147", "a", "194", item="early"),
        count("117", "b", "177", item="early"),
    ]
    found = checks("two-denominators", proportions=rows)
    assert found["verdict"].tolist() == ["conflict"]
    assert "76/147 (51.7 %) and 63/117 (53.8 %)" in found["explanation"].iloc[0]
    rows[4]["n"], rows[5]["n"] = "100", "110"
    assert only("two-denominators", proportions=rows) == ["uncheckable"]
    assert only("two-denominators", proportions=rows[1:]) == []


@pytest.mark.parametrize(("metastatic", "verdict"), [("94", "discrepant"), ("100", None)])
def test_only_metastatic_patients_have_metastases(metastatic, verdict):
    rows = [
        count("66", "a", item="visceral", partition="visceral metastases"),
        count("34", "a", item="non-visceral", partition="visceral metastases"),
        count(metastatic, "a", item="metastatic disease"),
    ]
    assert only("feature-base", proportions=rows) == ([verdict] if verdict else [])
    rows[1]["n"] = "28"
    assert only("feature-base", proportions=rows) == (["reproduced"] if verdict else [])


STUDY = {"study_id": "mine", "acronym": "M", "design": "randomised", "source_id": "mine"}


@pytest.mark.parametrize(
    ("whole", "arms", "verdicts"),
    [
        ("494", ("373", "184"), ["impossible"]),
        ("557", ("373", "184"), ["reproduced"]),
        ("600", ("373", "184"), ["conflict"]),
        ("494", ("373", "184", "90"), []),
    ],
)
def test_a_study_is_the_sum_of_its_arms(whole, arms, verdicts):
    rows = [{"arm_id": name, "label": name, "n": n} for name, n in zip("abc", arms, strict=False)]
    rows.append({"arm_id": "all", "label": "all", "n": whole})
    assert alone({"studies": [STUDY], "arms": rows}, ["cohort-arms"])["verdict"].tolist() == verdicts


# Words.


@pytest.mark.parametrize(
    ("first", "second", "verdicts"),
    [
        ("Number of sites >3", "Number of sites ≥3", ["conflict"]),
        ("Number of sites >=3", "Number of sites ≥3", []),
        ("Number of sites >3", "Number of sites <3", []),
        ("Age >50", "Number of sites ≥50", []),
    ],
)
def test_more_than_is_not_at_least(first, second, verdicts):
    rows = [count("10", "a", item=first), count("10", "b", item=second)]
    assert only("threshold", proportions=rows) == verdicts


@pytest.mark.parametrize(("p", "verdict"), [("0.0067", "discrepant"), ("0.33", "reproduced"), ("<0.001", "discrepant")])
def test_no_positive_result(p, verdict):
    sentence = {"kind": "none", "item": "positive results", "claims": "mine-p-values-001"}
    assert only("none-significant", p_values=[test_p(p, claims="")], statements=[sentence]) == [verdict]


def test_plan_and_conduct():
    plan = {"endpoint": "PFS", "test": "log-rank", "null_median": "5.78", "alternative_median": "8.0", "unit": "months"}
    plan |= {"accrual": "32", "follow_up": "24"}
    dates = [
        {"item": "enrolment start", "statistic": "date", "value": "2019-06"},
        {"item": "enrolment end", "statistic": "date", "value": "2021-09"},
        {"item": "follow-up", "statistic": "median", "value": "11.4", "unit": "months"},
    ]
    assert only("plan-conduct", designs=[plan], follow_up=dates) == ["uncheckable"] * 2
    plan |= {"accrual": "27", "follow_up": "12"}
    assert only("plan-conduct", designs=[plan], follow_up=dates) == ["reproduced"] * 2


PLAN = {"endpoint": "PFS", "null_median": "5.78", "alternative_median": "8.0", "unit": "months"}
SINGLE = [{"study_id": "mine", "acronym": "MINE", "design": "single arm", "source_id": "mine"}]


@pytest.mark.parametrize(
    ("cells", "single", "verdicts"),
    [
        ({}, False, ["reproduced"]),
        # A subgroup's p is not the primary analysis, and two arms are not a group against a fixed value.
        ({"population": "line 1"}, False, ["discrepant"]),
        ({}, True, ["discrepant"]),
        ({"comparator_arm_id": ""}, True, ["reproduced"]),
        ({"endpoint": "OS"}, False, ["discrepant"]),
    ],
)
def test_the_planned_test_is_reported(cells, single, verdicts):
    tables = {"designs": [PLAN], "medians": [median("11.8")], "p_values": [test_p("0.03", claims="") | cells]}
    studies = {"studies": SINGLE} if single else {}
    assert only("planned-test", **tables, **studies) == verdicts


def test_a_plan_alone_is_not_silence():
    assert only("planned-test", designs=[PLAN]) == []


@pytest.mark.parametrize(
    ("role", "value", "verdicts"),
    [
        ("historical control", "5.78", ["reproduced"]),
        ("historical control", "5.87", ["conflict"]),
        ("null", "8.0", ["conflict"]),
        ("target", "8.0", ["reproduced"]),
        ("boundary", "8.0", ["conflict"]),
        ("boundary", "7.1", ["reproduced"]),
        ("boundary", "5.0", ["conflict"]),
        ("anything else", "8.0", []),
    ],
)
def test_the_role_of_a_number(role, value, verdicts):
    said_role = {"kind": "role", "endpoint": "PFS", "item": role, "value": value}
    assert only("number-role", designs=[PLAN], statements=[said_role]) == verdicts


@pytest.mark.parametrize(
    ("cells", "verdict"),
    [
        ({"endpoint": "PFS"}, "reproduced"),
        ({"endpoint": "OS"}, "discrepant"),
        ({"endpoint": "PFS", "population": "line 1"}, "discrepant"),
        ({"endpoint": "PFS", "value": "comparison"}, "discrepant"),
        ({"endpoint": "", "claims": "mine-medians-001"}, "reproduced"),
        ({"endpoint": ""}, "discrepant"),
    ],
)
def test_what_is_announced_is_printed(cells, verdict):
    announced = {"kind": "planned", "item": "an analysis"} | cells
    assert only("announced", medians=[median("6.2")], statements=[announced]) == [verdict]


def test_a_word_about_significance_is_a_comparison():
    announced = {"kind": "planned", "item": "an analysis", "endpoint": "PFS", "value": "comparison"}
    words = test_p("", claims="", statement="not significant")
    assert only("announced", medians=[median("6.2")], p_values=[words], statements=[announced]) == ["reproduced"]


@pytest.mark.parametrize(("boundary", "verdicts"), [("8.0", ["conflict"]), ("7.2", ["reproduced"])])
def test_boundary_and_alternative(boundary, verdicts):
    plan = {"endpoint": "PFS", "null_median": "5.78", "alternative_median": "8.0", "unit": "months"}
    met = {"kind": "primary_endpoint_met", "endpoint": "PFS", "item": "crossed"}
    met["claims"] = "mine-medians-001;mine-quantities-001"
    limit = {"kind": "threshold", "item": "boundary", "value": boundary, "unit": "months"}
    assert (
        only("number-role", medians=[median("11.8")], designs=[plan], statements=[met], quantities=[limit]) == verdicts
    )


@pytest.mark.parametrize(("lower", "upper", "verdicts"), [("1", "8.4", ["uncheckable"]), ("7", "9.2", [])])
def test_a_lopsided_interval(lower, upper, verdicts):
    sisters = [median("10", "a", "8.5", "11.9"), median("6", "a", "4.9", "7.3"), median("9", "a", "7.2", "11.1")]
    sisters += [median("12", "a", "9.8", "14.6"), median("7", "a", "5.5", "8.8"), median("8", "a", lower, upper)]
    medians = [row | {"population": f"group {place}"} for place, row in enumerate(sisters)]
    assert only("median-lopsided", medians=medians) == verdicts


def test_patients_left_out_of_an_analysis():
    arms = [{"arm_id": name, "label": name, "n": n} for name, n in (("a", "255"), ("b", "299"))]

    def rows(first, second):
        cells = {"population": "safety", "kind": "adverse_event"}
        return [count("40", "a", first, **cells), count("60", "b", second, **cells)]

    found = alone({"arms": arms, "proportions": rows("236", "296")}, ["analysed-patients"])
    assert found["verdict"].tolist() == ["uncheckable"]
    assert "19 of 255 (a) and 3 of 299 (b), p 0.0001" in found["explanation"].iloc[0]
    assert alone({"arms": arms, "proportions": rows("250", "294")}, ["analysed-patients"])["verdict"].tolist() == [
        "reproduced"
    ]
    assert alone({"arms": arms, "proportions": rows("255", "299")}, ["analysed-patients"]).empty


def test_medians_far_beyond_the_follow_up_are_told_once():
    followed = {"item": "follow-up", "statistic": "median", "value": "41", "unit": "months", "arm_id": "all"}
    arms = [*ARMS, {"arm_id": "all", "label": "all"}]
    tables = {"arms": arms, "follow_up": [followed], "medians": [median("74"), median("102", "b")]}
    assert alone(tables, ["median-follow-up"])["verdict"].tolist() == ["uncheckable"]
    tables["medians"] = [median("50")]
    assert alone(tables, ["median-follow-up"]).empty


@pytest.mark.parametrize(("lower", "upper", "verdicts"), [("1", "19", ["uncheckable"]), ("2", "14", [])])
def test_an_uneven_interval_beside_even_ones(lower, upper, verdicts):
    even = [("10", "8", "12"), ("9", "8", "10"), ("7", "5", "9"), ("10", "7", "13"), ("6", "4", "8"), ("11", "9", "13")]
    rows = [median(value, "a", low, high) for value, low, high in [*even, ("8", lower, upper)]]
    medians = [row | {"population": f"group {place}"} for place, row in enumerate(rows)]
    assert only("median-lopsided", medians=medians) == verdicts


def test_follow_up_after_the_last_enrolment():
    plan = {"endpoint": "PFS", "null_median": "5.78", "unit": "months", "follow_up": "24"}
    dates = [
        {"item": "enrolment end", "statistic": "date", "value": "2021-09"},
        {"item": "data cut-off", "statistic": "date", "value": "2022-08-31"},
    ]
    found = checks("plan-conduct", designs=[plan], follow_up=dates)
    assert found["verdict"].tolist() == ["uncheckable"]
    assert "planned 24 months, done 11.5 months" in found["explanation"].iloc[0]


@pytest.mark.parametrize(
    ("first", "second", "verdicts"),
    [
        ("more than 3 brain metastases", "Brain metastases ≥3", ["conflict"]),
        ("at least 3 brain metastases", "Brain metastases ≥3", []),
        ("3 or more brain metastases", "Number of brain metastases >=3", []),
        ("Age (years) ≥50", "older than 50 years", ["conflict"]),
        ("Age (years) <50", "younger than 50 years", []),
    ],
)
def test_thresholds_in_words(first, second, verdicts):
    assert only("threshold", proportions=[count("10", "a", item=first), count("10", "b", item=second)]) == verdicts


@pytest.mark.parametrize(
    ("kind", "first", "second", "verdict"),
    [
        ("drug", "trastuzumab emtansine (T-DM1)", "T-DM1", "reproduced"),
        ("trial", "PUFFIN (YO29296)", "PUFFIN", "reproduced"),
        ("trial", "SePHER Study", "SePHER", "reproduced"),
        ("unit", "decreased neutrophil count", "Neutrophil count decreased", "reproduced"),
        ("drug", "trastuzumab emtansine (T-DM1)", "trastuzumab deruxtecan (T-DXd)", "uncheckable"),
    ],
)
def test_two_names_of_one_thing(kind, first, second, verdict):
    rows = [{"kind": kind, "entity": "thing", "printed": printed} for printed in (first, second)]
    assert only("name", names=rows) == [verdict]


@pytest.mark.parametrize(("number", "verdict"), [("NCT00073528", "reproduced"), ("NCT00073582", "conflict")])
def test_registry_numbers(number, verdict):
    study = STUDY | {"registry_id": "NCT00073528"}
    row = {"kind": "trial", "entity": "thing", "printed": f"EGF30008 ({number})"}
    assert alone({"studies": [study], "names": [row]}, ["registry"])["verdict"].tolist() == [verdict]


def test_findings_of_one_cause():
    # One wrong cell breaks its percentage and the sum of its set.
    rows = [count("76", "a", item="yes", partition="p", percent="76.0"), count("34", "a", item="no", partition="p")]
    rows[1]["percent"] = "24.0"
    found = alone({"arms": ARMS, "proportions": rows})
    joined = causes(found)
    assert len(joined) > 1
    assert joined.nunique() == 1
    apart = alone({"arms": ARMS, "proportions": [count("30", arm, percent="31.0", item=arm) for arm in "ab"]})
    assert causes(apart).nunique() == 2


@pytest.mark.parametrize(
    ("received", "verdict"), [("2022-10-01", "reproduced"), ("2022-08", "reproduced"), ("2022-05", "impossible")]
)
def test_dates_in_their_order(received, verdict):
    items = ("enrolment start", "2019-06"), ("enrolment end", "2021-09"), ("data cut-off", "2022-08-31")
    items = (*items, ("manuscript received", received))
    rows = [{"item": item, "statistic": "date", "value": value} for item, value in items]
    assert sorted(only("calendar-order", follow_up=rows)) == sorted(["reproduced", "reproduced", verdict])


# Responses of the evaluable and of all.


def response(n, total, population="all", percent="", **cells):
    row = {"kind": "response", "endpoint": "ORR", "item": "ORR", "arm_id": "a", "population": population}
    return row | {"n": n, "total": total, "percent": percent} | cells


@pytest.mark.parametrize(
    ("able", "every", "verdict"),
    [
        (response("30", "60", "evaluable"), response("30", "80"), "reproduced"),
        (response("30", "60", "response evaluable"), response("33", "80"), "discrepant"),
        (response("30", "60", "evaluable"), response("28", "80"), "impossible"),
        (response("30", "90", "evaluable"), response("30", "80"), "impossible"),
        (response("", "60", "evaluable", "50.0"), response("", "80", percent="37.5"), "reproduced"),
        (response("", "60", "evaluable", "50.0"), response("", "80", percent="45.0"), "discrepant"),
        (response("", "", "evaluable", "50.0"), response("", "", percent="55.0"), "discrepant"),
    ],
)
def test_responses_of_the_evaluable_and_of_all(able, every, verdict):
    arms = [{"arm_id": "a", "label": "a"}]
    assert alone({"arms": arms, "proportions": [able, every]}, ["evaluable-response"])["verdict"].tolist() == [verdict]


@pytest.mark.parametrize(
    ("item", "verdict"),
    [("non-visceral", "discrepant"), ("no", "uncheckable"), ("No visceral metastases", "uncheckable")],
)
def test_no_metastases_in_a_site_holds_of_those_who_have_none(item, verdict):
    rows = [count("66", "a", item="visceral", partition="visceral"), count("34", "a", item=item, partition="visceral")]
    rows.append(count("94", "a", item="metastatic disease"))
    assert only("feature-base", proportions=rows) == [verdict]


@pytest.mark.parametrize(("endpoint", "verdicts"), [("OS", ["impossible"]), ("OS from T-DM1", [])])
def test_a_median_from_entry_is_no_longer_than_the_study(endpoint, verdicts):
    dates = [
        {"item": item, "statistic": "date", "value": value}
        for item, value in (("enrolment start", "2020-01-01"), ("data cut-off", "2022-01-01"))
    ]
    times = [median("40", endpoint=endpoint)]
    assert only("follow-up-span", endpoints=ENDPOINTS, medians=times, follow_up=dates) == verdicts
