"""The design section: a printed sample size recomputed, judged, and compared with the trial as conducted."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pandas as pd

from resurvey.report.document import (
    NBSP,
    Badge,
    Block,
    Bullets,
    Cite,
    Claims,
    Details,
    Heading,
    Paragraph,
    Row,
    Table,
    anchor,
    columns,
    words,
)
from resurvey.report.drawings import figures_of
from resurvey.report.inputs import Results, rows
from resurvey.report.words import (
    VERDICT_TONES,
    VERDICT_WORDS,
    as_float,
    interval,
    number,
    p_value,
    percent,
    thousands,
)

PLAIN_READING = {"reading": "additional", "hypothesis": "alternative"}
COURSE = (
    ("patients", "patients enrolled", ""),
    ("events", "events at the analysis", ""),
    ("accrual", "enrolment, months", ""),
    ("cut_off", "first enrolment to data cut-off, months", ""),
    ("expected_null", "events expected by then if the null median were true", ""),
    ("expected_alternative", "events expected by then if the alternative median were true", ""),
    ("expected_observed", "events expected by then at the printed median", ""),
    ("observed_median", "printed median, months", ""),
    ("time_of_planned_events_alternative", "months until the planned events under the alternative", ""),
    ("power_at_events", "power of the plan with the events that happened", "percent"),
)

# Format of the value of each statistic.
SHOWN: dict[str, Callable[[object], str]] = {"p": p_value, "percent": percent, "number": number}


def design(results: Results) -> Iterator[Block]:
    """The design section; empty if the project lists no design checks."""
    if not results.choices.designs:
        return
    yield Heading(1, "The design check", "design")
    yield Paragraph(
        words(
            "A trial without a control group plans its size from a median it wants to rule out, one it hopes for, an "
            "error "
            "rate and a power. The printed statement was recomputed by every formula in use for that, one-sided and "
            "two-sided, and with every usual reading of enrolment, follow-up and dropout ",
            Cite(("wu2015", "lawless2003")),
            ".",
        )
    )
    for entry in results.choices.designs:
        yield from _check(results, entry.id)


def _check(results: Results, name: str) -> Iterator[Block]:
    verdict = results.verdicts.get(name, {})
    table = results.designs.get(name, pd.DataFrame())
    claim = results.claim.get(str(verdict.get("claim_id", "")), {})
    title = results.labels.study(claim["study_id"]) if claim else name
    yield Heading(2, title, anchor("design", name))
    if not verdict:
        yield Paragraph(words("The run holds no result of this check."))
        return
    said = str(verdict.get("verdict", ""))
    yield Paragraph(
        words(
            "Verdict: ",
            Badge(said, VERDICT_TONES.get(said, "plain")),
            f", {VERDICT_WORDS.get(said, '')}. ",
            f"Events alone: {verdict.get('verdict_events') or 'not printed'}; patients as their consequence: "
            f"{verdict.get('verdict_patients') or 'not printed'}. ",
            Claims((str(verdict["claim_id"]),), "The statement's row") if verdict.get("claim_id") else None,
            ".",
        ),
        lead=True,
    )
    yield Paragraph(words(str(verdict.get("words", ""))))
    claims = (str(verdict["claim_id"]),) if verdict.get("claim_id") else ()
    yield from figures_of(results, f"design-{name}", claims)
    if not table.empty:
        yield (_binomial if "rejects_from" in table else _formulas)(name, table, verdict, claims)
    yield from _sets(name, verdict)
    yield from _course(results, name, verdict)
    yield from _tests(name, verdict)
    if verdict.get("questions_for_authors"):
        yield Heading(3, "Questions for the authors", anchor("questions", name))
        yield Bullets(tuple(words(text) for text in verdict["questions_for_authors"]), ordered=True)


def _formulas(name: str, table: pd.DataFrame, verdict: Mapping[str, Any], claims: tuple[str, ...]) -> Table:
    proper = table[~table["misuse"].astype(bool)] if "misuse" in table else table
    for column, value in PLAIN_READING.items():
        if column in proper:
            proper = proper[proper[column] == value]
    printed = verdict.get("claimed", {})
    made = [
        Row.of(
            str(row["label"]),
            "one" if as_float(row["sides"]) == 1 else "two",
            f"{number(row['events'])} ({as_float(row['events_raw']):.2f})",
            _yes(row["reproduces_events"]),
            number(row["patients"]) if as_float(row["patients"]) == as_float(row["patients"]) else "",
            _yes(row["reproduces_patients"]),
            _share(row, "nominal_power"),
            _share(row, "actual_power"),
            _share(row, "actual_level"),
        )
        for row in rows(proper)
    ]
    said = listed_claim(printed)
    return Table(
        anchor=anchor("tab-design", name),
        title=f"Sample size by every formula, with the printed assumptions ({said} printed)",
        columns=columns(
            "Formula:2.6 | Sides:0.6 | Events (before rounding):1.2:number | As printed:0.7"
            " | Patients:0.7:number | As printed:0.7 | Nominal power:0.7:number | Actual power:0.7:number"
            " | Actual level:0.7:number"
        ),
        rows=tuple(made),
        note=words("Follow-up taken to follow the last enrolment and events counted under the alternative; the other "
                   f"readings are in results/design/{name}.csv. Nominal power is the formula's own for the rounded "
                   "number; actual power and one-sided level are those of the test that it plans, exact where the test "
                   "is made after a number of events, else simulated (the error is in the table's file)."),
        claims=claims,
    )  # fmt: skip


def _share(row: Mapping[str, Any], name: str) -> str:
    value = as_float(row.get(name))
    return "" if value != value else f"{value:.3f}"


def _binomial(name: str, table: pd.DataFrame, verdict: Mapping[str, Any], claims: tuple[str, ...]) -> Table:
    made = [
        Row.of(
            str(row["label"]),
            "one" if as_float(row["sides"]) == 1 else "two",
            number(row["patients"]),
            number(row["rejects_from"]),
            _first_stage(row),
            _yes(row["reproduces_all"]),
            _share(row, "actual_power"),
            _share(row, "actual_level"),
        )
        for row in rows(table)
    ]
    return Table(
        anchor=anchor("tab-design", name),
        title=f"Every binomial design for the printed rates ({listed_claim(verdict.get('claimed', {}))} printed)",
        columns=columns(
            "Design:2.4 | Sides:0.6 | Patients:0.7:number | Responses that reject, at least:0.9:number"
            " | First stage:1.4 | As printed:0.7 | Power:0.7:number | Level:0.7:number"
        ),
        rows=tuple(made),
        note=words(f"Level and power are exact. Source: results/design/{name}.csv."),
        claims=claims,
    )


def _first_stage(row: Mapping[str, Any]) -> str:
    patients, futile = as_float(row.get("first_patients")), as_float(row.get("futile_up_to"))
    if patients != patients:
        return ""
    return f"{patients:.0f} patients" + ("" if futile != futile else f", stop with {futile:.0f} or fewer")


def listed_claim(printed: Mapping[str, Any]) -> str:
    """`64 events and 96 patients`."""
    return " and ".join(f"{printed[part]} {part}" for part in ("events", "patients") if printed.get(part) is not None)


def _yes(value: object) -> str:
    return "yes" if str(value).lower() == "true" else "no"


def _sets(name: str, verdict: Mapping[str, Any]) -> Iterator[Block]:
    search, sets = verdict.get("search"), verdict.get("nearest_assumption_sets", [])
    if not sets:
        return
    table = Table(
        anchor=anchor("tab-sets", name),
        title="Sets of assumptions that come closest to the printed numbers",
        columns=columns("Assumptions:4 | Events:0.6:number | Patients:0.6:number | Departs from the print in:1.6"),
        rows=tuple(
            Row.of(
                str(one["words"]),
                number(one["events"]),
                number(one["patients"]),
                str(one["departures_text"] or "nothing"),
            )
            for one in sets
        ),
        note=words(
            (
                f"{thousands(search['examined'])} sets were searched; {thousands(search['give_both'])} give both "
                f"numbers, about {number(search['both_by_chance'], 0)} would by coincidence. "
                if search
                else ""
            )
            + f"That a set fits does not show that it was used. Source: results/design/{name}.json."
        ),
        wide=True,
    )
    yield Details("Which assumptions would give the printed numbers?", (table,))


def _course(results: Results, name: str, verdict: Mapping[str, Any]) -> Iterator[Block]:
    course = verdict.get("course")
    if not course:
        return
    made = [
        Row.of(said, percent(course[key]) if kind else number(course[key]))
        for key, said, kind in COURSE
        if course.get(key) is not None
    ]
    ends = interval(course.get("printed_lower"), course.get("printed_upper"))
    if ends:
        made.append(Row.of(f"printed 95{NBSP}% interval of the median, months", ends))
    exact = interval(course.get("exponential_lower"), course.get("exponential_upper"))
    if exact:
        made.append(Row.of("interval that an exponential distribution with these events would give", exact))
    ids = (str(course["claim_id"]),) if course.get("claim_id") else ()
    yield Heading(3, "What happened", anchor("course", name))
    yield Table(
        anchor=anchor("tab-course", name),
        title="The plan beside the trial's real course",
        columns=columns("Quantity:3 | Value:1:number"),
        rows=tuple(made),
        note=words(
            f"Expected numbers assume exponential times and even enrolment. Source: results/design/{name}.json."
        ),
        claims=ids,
    )


def _tests(name: str, verdict: Mapping[str, Any]) -> Iterator[Block]:
    tests = verdict.get("tests") or []
    if not tests:
        return
    made = []
    for test in tests:
        statistic = str(test["statistic"])
        kind = "p" if statistic.endswith(" p") else "percent" if statistic.startswith("share") else "number"
        show = SHOWN[kind]
        spread = f"{show(test['low'])} to {show(test['high'])}" if show(test["low"]) != show(test["high"]) else ""
        made.append(Row.of(statistic, show(test["value"]), spread))
    yield Table(
        anchor=anchor("tab-tests", name),
        title="The test that the design foresees, carried out on reconstructed patients",
        columns=columns("Statistic:3 | Median:1:number | 90 % of them:1.4:number"),
        rows=tuple(made),
        note=words("Each replicate of the reconstructed patients was tested; shown are the median and the range of the "
                   f"middle 90 % of replicates. Source: results/design/{name}.json."),
    )  # fmt: skip
