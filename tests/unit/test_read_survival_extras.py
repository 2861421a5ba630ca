"""What abstracts print beside medians: quartiles, early progressors, methods of intervals."""

from __future__ import annotations

import pytest

from resurvey.read import claims, draft
from resurvey.read.sources import from_bytes
from tests.made_papers import jats, results, table


def rows(name: str, *sentences: str, methods: str = "") -> list[dict[str, str]]:
    body = (f"<sec><title>Statistical methods</title><p>{methods}</p></sec>" if methods else "") + results(*sentences)
    made = draft(claims(from_bytes(jats(body).encode(), "made.nxml")), "made")
    return [row.cells for row in made if row.table == name]


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


@pytest.mark.parametrize(
    ("methods", "response", "other"),
    [
        ("Confidence intervals of response rates were those of Clopper and Pearson.", "Clopper-Pearson", ""),
        ("Exact 95% CIs were calculated for the response rate.", "Clopper-Pearson", ""),
        ("Exact binomial confidence intervals were computed for proportions.", "Clopper-Pearson", "Clopper-Pearson"),
        ("The 95% CIs of proportions were computed by the Wilson score method.", "Wilson", "Wilson"),
        (
            "Wilson intervals with continuity correction (95% CI) are given.",
            *2 * ("Wilson with continuity correction",),
        ),
        ("Percentages have 95% CIs by the Agresti-Coull method.", "Agresti-Coull", "Agresti-Coull"),
        ("Percentages have 95% CIs by the normal approximation.", "Wald", "Wald"),
        ("Fisher's exact test was used and 95% CIs are given.", "", ""),
        ("Odds ratios have 95% CIs by the Wald method.", "", ""),
        ("Exact 95% CIs of the response rate; Wilson score CIs of the response rate.", "", ""),
        ("Medians and 95% CIs by Brookmeyer and Crowley.", "", ""),
    ],
)
def test_the_stated_method_for_shares_goes_with_those_that_have_limits(methods, response, other):
    said = (
        "The objective response rate was 42.5% (51 of 120; 95% CI 33.5-51.9).",
        "Nausea occurred in 30 of 120 patients (25.0%; 95% CI 17.5-33.7).",
        "Vomiting occurred in 12 of 120 patients (10.0%).",
    )
    found = {row["percent"]: row["ci_method"] for row in rows("proportions", *said, methods=methods)}
    assert found == {"42.5": response, "25.0": other, "10.0": ""}


@pytest.mark.parametrize(
    ("said", "median", "rate", "share"),
    [
        (
            "<sup>a</sup>Method of Brookmeyer and Crowley. <sup>b</sup>Clopper-Pearson.",
            *("Brookmeyer-Crowley", "log"),
            "Clopper-Pearson",
        ),
        ("CIs of survival rates on the log-log scale.", "", "log-log", ""),
        ("CIs of survival rates on the log-log scale. CIs of survival rates on a linear scale.", "", "", ""),
        ("", "", "log", ""),
    ],
)
def test_a_note_of_a_table_speaks_of_its_rows_and_before_the_text(said, median, rate, share):
    body = [
        ["", "Alfa (n = 120)"],
        ["Median OS, months (95% CI)", "12.1 (9.0-15.3)"],
        ["2-year OS, % (95% CI)", "40 (31-49)"],
    ]
    body += [["Objective response, n (%, 95% CI)", "51 (42.5, 33.5-51.9)"]]
    text = "<sec><title>Statistical methods</title><p>CIs of survival rates used a log transformation.</p></sec>"
    paper = jats(
        text + results("The 3-year OS rate was 30% (95% CI 21-39).") + table(body, caption="Efficacy", notes=said)
    )
    made = draft(claims(from_bytes(paper.encode(), "made.nxml")))
    of = {
        (d.table, d.cells.get("value") or d.cells.get("percent")): d.cells["ci_method"]
        for d in made
        if "ci_method" in d.cells
    }
    assert of[("medians", "12.1")] == median
    assert of[("survival_rates", "40")] == rate
    assert of[("proportions", "42.5")] == share
    assert of[("survival_rates", "30")] == "log"
