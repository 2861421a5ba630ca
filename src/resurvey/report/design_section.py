"""The design check: a printed sample size recomputed, judged, and laid beside the trial's real course."""

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
    Column,
    Details,
    Heading,
    Paragraph,
    Row,
    Table,
    anchor,
    words,
)
from resurvey.report.drawings import figures_of
from resurvey.report.inputs import Results, rows
from resurvey.report.words import (
    VERDICT_TONES,
    VERDICT_WORDS,
    as_float,
    count,
    interval,
    number,
    p_value,
    percent,
    sentence,
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

# How the value of a statistic is written.
SHOWN: dict[str, Callable[[object], str]] = {"p": p_value, "percent": percent, "number": number}


def design(results: Results) -> Iterator[Block]:
    """The section of the design checks; nothing where the project lists none."""
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
        Row(
            (
                words(str(row["label"])),
                words("one" if as_float(row["sides"]) == 1 else "two"),
                words(f"{number(row['events'])} ({as_float(row['events_raw']):.2f})"),
                words(_yes(row["reproduces_events"])),
                words(number(row["patients"]) if as_float(row["patients"]) == as_float(row["patients"]) else ""),
                words(_yes(row["reproduces_patients"])),
                words(_share(row, "nominal_power")),
                words(_share(row, "actual_power")),
                words(_share(row, "actual_level")),
            )
        )
        for row in rows(proper)
    ]
    said = listed_claim(printed)
    return Table(
        anchor=anchor("tab-design", name),
        title=f"Sample size by every formula, with the printed assumptions ({said} printed)",
        columns=(
            Column("Formula", weight=2.6),
            Column("Sides", weight=0.6),
            Column("Events (before rounding)", "number", 1.2),
            Column("As printed", weight=0.7),
            Column("Patients", "number", 0.7),
            Column("As printed", weight=0.7),
            Column("Nominal power", "number", 0.7),
            Column("Actual power", "number", 0.7),
            Column("Actual level", "number", 0.7),
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
        Row(
            (
                words(str(row["label"])),
                words("one" if as_float(row["sides"]) == 1 else "two"),
                words(number(row["patients"])),
                words(number(row["rejects_from"])),
                words(_first_stage(row)),
                words(_yes(row["reproduces_all"])),
                words(_share(row, "actual_power")),
                words(_share(row, "actual_level")),
            )
        )
        for row in rows(table)
    ]
    return Table(
        anchor=anchor("tab-design", name),
        title=f"Every binomial design for the printed rates ({listed_claim(verdict.get('claimed', {}))} printed)",
        columns=(
            Column("Design", weight=2.4),
            Column("Sides", weight=0.6),
            Column("Patients", "number", 0.7),
            Column("Responses that reject, at least", "number", 0.9),
            Column("First stage", weight=1.4),
            Column("As printed", weight=0.7),
            Column("Power", "number", 0.7),
            Column("Level", "number", 0.7),
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
        columns=(
            Column("Assumptions", weight=4),
            Column("Events", "number", 0.6),
            Column("Patients", "number", 0.6),
            Column("Departs from the print in", weight=1.6),
        ),
        rows=tuple(
            Row(
                (
                    words(str(one["words"])),
                    words(number(one["events"])),
                    words(number(one["patients"])),
                    words(str(one["departures_text"] or "nothing")),
                )
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
        Row((words(said), words(percent(course[key]) if kind else number(course[key]))))
        for key, said, kind in COURSE
        if course.get(key) is not None
    ]
    ends = interval(course.get("printed_lower"), course.get("printed_upper"))
    if ends:
        made.append(Row((words(f"printed 95{NBSP}% interval of the median, months"), words(ends))))
    exact = interval(course.get("exponential_lower"), course.get("exponential_upper"))
    if exact:
        made.append(
            Row((words("interval that an exponential distribution with these events would give"), words(exact)))
        )
    ids = (str(course["claim_id"]),) if course.get("claim_id") else ()
    yield Heading(3, "What happened", anchor("course", name))
    yield Table(
        anchor=anchor("tab-course", name),
        title="The plan beside the trial's real course",
        columns=(Column("Quantity", weight=3), Column("Value", "number")),
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
        made.append(Row((words(statistic), words(show(test["value"])), words(spread))))
    yield Table(
        anchor=anchor("tab-tests", name),
        title="The test that the design foresees, carried out on rebuilt patients",
        columns=(Column("Statistic", weight=3), Column("Median", "number"), Column("90 % of them", "number", 1.4)),
        rows=tuple(made),
        note=words("Each replicate of the rebuilt patients was tested; the median and the range of the middle 90 % of "
                   f"replicates are shown. Source: results/design/{name}.json."),
    )  # fmt: skip


def asked(results: Results) -> str:
    """How many statements were checked, in words."""
    return sentence(count(len(results.choices.designs), "sample-size statement"))
