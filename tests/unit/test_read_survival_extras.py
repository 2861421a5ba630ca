"""What abstracts print beside medians: quartiles, early progressors, methods of intervals."""

from __future__ import annotations

import pytest

from resurvey.read import claims, draft
from resurvey.read.sources import from_bytes
from tests.made_papers import jats, results


def rows(table: str, *sentences: str, methods: str = "") -> list[dict[str, str]]:
    body = (f"<sec><title>Statistical methods</title><p>{methods}</p></sec>" if methods else "") + results(*sentences)
    made = draft(claims(from_bytes(jats(body).encode(), "made.nxml")), "made")
    return [row.cells for row in made if row.table == table]


def test_quartiles_of_a_time_to_event_are_points_of_its_curve():
    (row,) = rows("medians", "Median OS was 24.3 months (IQR 10.1-not reached).")
    assert (row["value"], row["lower_quartile"], row["upper_quartile"]) == ("24.3", "10.1", "NR")
    assert (row["range_lower"], row["range_upper"]) == ("", "")
    (row,) = rows("follow_up", "Median follow-up was 24.3 months (IQR 10.1-33.0).")
    assert (row["range_lower"], row["range_upper"]) == ("10.1", "33.0")


@pytest.mark.parametrize(
    ("sentence", "expected"),
    [
        (
            "At the first assessment (week 8), 23 of 100 patients (23%) had progressed.",
            [("progression", "PFS", "23", "100", "8", "weeks")],
        ),
        ("By 8 weeks, 23% of patients had progressed.", [("progression", "PFS", "", "", "8", "weeks")]),
        (
            "Progression within the first 6 weeks occurred in 12 patients (10%).",
            [("progression", "PFS", "12", "", "6", "weeks")],
        ),
        ("At 6 weeks 40% were free of progression.", []),
        ("Progressive disease was the best response in 12 of 100 patients (12%).", []),
    ],
)
def test_patients_who_progressed_by_a_named_time(sentence, expected):
    found = [row for row in rows("proportions", sentence) if row["kind"] == "progression"]
    names = ("kind", "endpoint", "n", "total", "time", "time_unit")
    assert [tuple(row[name] for name in names) for row in found] == expected


def test_those_with_the_event_are_no_survival_rate():
    assert [row["value"] for row in rows("survival_rates", "At 2 years, 23% had died and 45% were alive.")] == ["45"]


@pytest.mark.parametrize(
    ("methods", "median", "rate"),
    [
        ("Confidence intervals of medians were those of Brookmeyer and Crowley.", "Brookmeyer-Crowley", ""),
        ("Standard errors of survival rates were calculated with Greenwood's formula.", "", "Greenwood"),
        ("Confidence intervals for Kaplan-Meier estimates used the log-log transformation.", "log-log", "log-log"),
        ("Medians with the method of Brookmeyer and Crowley with log-log transformation.", "log-log", ""),
        ("Confidence intervals of hazard ratios came from a Cox model on the log scale.", "", ""),
        ("Medians: Brookmeyer and Crowley. Confidence intervals of medians used a log transformation.", "", ""),
        ("Survival was estimated by the Kaplan-Meier method.", "", ""),
    ],
)
def test_the_stated_method_of_intervals_goes_with_the_rows_it_concerns(methods, median, rate):
    said = "Median OS was 12.1 months (95% CI 9.0-15.3). The 2-year OS rate was 40% (95% CI 31-49)."
    assert [row["ci_method"] for row in rows("medians", said, methods=methods)] == [median]
    assert [row["ci_method"] for row in rows("survival_rates", said, methods=methods)] == [rate]


def test_a_median_without_limits_or_of_another_thing_has_no_method():
    methods = "Confidence intervals of medians were those of Brookmeyer and Crowley."
    assert [row["ci_method"] for row in rows("medians", "Median OS was 12.1 months.", methods=methods)] == [""]
    assert [row["ci_method"] for row in rows("medians", "Median age was 61 years (range 30-80).", methods=methods)] == [
        ""
    ]
