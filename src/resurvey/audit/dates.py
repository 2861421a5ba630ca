"""Follow-up and treatment against the calendar: enrolment, cut-off, durations and ranges."""

from __future__ import annotations

import pandas as pd

from resurvey.audit.context import Context, grouped, records
from resurvey.audit.registry import register
from resurvey.audit.verdicts import DISCREPANT, IMPOSSIBLE, MAJOR, MINOR, NONE, REPRODUCED, UNCHECKABLE, Ledger
from resurvey.reported import show
from resurvey.vocabulary import DAYS_PER_MONTH

Span = tuple[pd.Timestamp, pd.Timestamp]


def period(text: str) -> Span | None:
    """First and last day that a printed date (`2019`, `2019-06`, `2019-06-20`) may stand for."""
    try:
        whole = pd.Period(text, freq={4: "Y", 7: "M", 10: "D"}.get(len(text), "D"))
    except ValueError:
        return None
    return whole.start_time.normalize(), whole.end_time.normalize()


def months_between(start: Span, end: Span) -> tuple[float, float]:
    """Minimum and maximum number of months from one printed date to another."""
    return tuple((a - b).days / DAYS_PER_MONTH for a, b in ((end[0], start[1]), (end[1], start[0])))  # type: ignore[return-value]


@register("follow-up-dates", "longest follow-up <= cut-off minus first enrolment; enrolment lasts from start to end")
def check_dates(context: Context) -> pd.DataFrame:
    """Durations printed in months, against the dates that bound them."""
    ledger = Ledger("follow-up-dates")
    frame = context["follow_up"]
    for group in grouped(frame, ["source_id", "study_id"]).values():
        known = _dates(group)
        for record in group:
            _judge_longest(ledger, record, known)
            _judge_enrolment(ledger, record, known)
    return ledger.frame()


def _dates(group: list[dict]) -> dict[str, tuple[Span, str]]:
    """Printed dates of a study (enrolment start and end, data cut-off), the most precise version of each."""
    found: dict[str, tuple[Span, str]] = {}
    for record in [row for row in group if row["statistic"] == "date"]:
        span = period(record["value_text"])
        item = record["item"]
        if span and (item not in found or _length(span) < _length(found[item][0])):
            found[item] = (span, record["claim_id"])
    return found


def _length(span: Span) -> int:
    return (span[1] - span[0]).days


def _judge_longest(ledger: Ledger, record: dict, known: dict[str, tuple[Span, str]]) -> None:
    longest = record["range_upper_months_min"]
    if longest != longest or not {"enrolment start", "data cut-off"} <= set(known):
        return
    most = months_between(known["enrolment start"][0], known["data cut-off"][0])[1]
    wrong = longest > most + 0.1
    words = f"the longest {record['item']} is {record['range_upper_text']} {record['unit']}; "
    words += f"first enrolment and cut-off are {show(most, 3)} months apart"
    ledger.judge(
        record,
        [record["claim_id"], known["enrolment start"][1], known["data cut-off"][1]],
        named=[record["claim_id"]],
        reported=record["range_upper_text"],
        recomputed=f"at most {show(most, 3)}",
        verdict=IMPOSSIBLE if wrong else REPRODUCED,
        severity=MAJOR if wrong else NONE,
        explanation=words,
    )


def _judge_enrolment(ledger: Ledger, record: dict, known: dict[str, tuple[Span, str]]) -> None:
    ends = {"enrolment start", "enrolment end"}
    if record["item"] != "enrolment duration" or not ends <= set(known):
        return
    least, most = months_between(known["enrolment start"][0], known["enrolment end"][0])
    # Whole months are often counted as calendar months, which may add one.
    fits = record["value_months_min"] <= most + 1 and record["value_months_max"] >= least - 1
    ledger.judge(
        record,
        [record["claim_id"], *(known[end][1] for end in sorted(ends))],
        named=[record["claim_id"]],
        reported=record["value_text"],
        recomputed=f"{show(least, 3)}-{show(most, 3)}",
        verdict=REPRODUCED if fits else DISCREPANT,
        severity=NONE if fits else MINOR,
        explanation=f"they are {show(least, 3)} to {show(most, 3)} months apart, printed {record['value_text']}",
    )


@register("treatment-follow-up", "median and longest treatment <= median and longest follow-up of the same patients")
def check_treatment(context: Context) -> pd.DataFrame:
    """Patients cannot be treated for longer than they are followed up."""
    ledger = Ledger("treatment-follow-up")
    frame = context["follow_up"]
    place = ["source_id", "study_id", "arm_id", "population", "data_cut"]
    for group in grouped(frame, place).values():
        treated = [row for row in group if row["item"] == "treatment duration"]
        followed = [row for row in group if row["item"] == "follow-up"]
        for first in treated[:1]:
            for second in followed[:1]:
                _judge_treatment(ledger, first, second)
    return ledger.frame()


def _judge_treatment(ledger: Ledger, treated: dict, followed: dict) -> None:
    longer = (
        treated["value_months_min"] > followed["value_months_max"] and treated["statistic"] == followed["statistic"]
    )
    longest = treated["range_upper_months_min"] > followed["range_upper_months_max"]
    wrong = bool(longer or longest)
    words = f"treatment {treated['value_text']} (to {treated['range_upper_text'] or '?'}) and follow-up "
    words += f"{followed['value_text']} (to {followed['range_upper_text'] or '?'}) {followed['unit']}"
    ledger.judge(
        treated,
        [treated["claim_id"], followed["claim_id"]],
        reported=treated["value_text"],
        recomputed=f"at most {followed['value_text']}",
        verdict=IMPOSSIBLE if wrong else REPRODUCED,
        severity=MAJOR if wrong else NONE,
        explanation=words + ("; nobody is treated longer than followed" if wrong else ", in the only possible order"),
    )


# Follow-up may begin before enrolment where patients are identified retrospectively.
LOOKING_BACK = ("retrospective cohort", "registry", "laboratory", "field", "basket")
SPAN_ROOM = 0.5
ENDS = {"enrolment start": "enrolment_start", "data cut-off": "data_cutoff"}


@register("follow-up-span", "median follow-up and every median time <= cut-off minus first enrolment")
def check_span(context: Context) -> pd.DataFrame:
    """No follow-up can exceed the time from the first enrolment to the data cut-off."""
    ledger = Ledger("follow-up-span")
    studies = {record["study_id"]: record for record in records(context["studies"])}
    followed = grouped(context["follow_up"], ["source_id", "study_id"])
    medians = grouped(_entered(context), ["source_id", "study_id"])
    for place in dict.fromkeys([*followed, *medians]):
        study = studies.get(place[1], {})
        known = _known_dates(followed.get(place, []), study, place[0])
        if set(ENDS) <= set(known):
            back = study.get("design", "") in LOOKING_BACK
            times = [
                row for row in followed.get(place, []) if row["item"] == "follow-up" and row["statistic"] != "date"
            ]
            for record in [*times, *medians.get(place, [])]:
                _judge_span(ledger, record, known, back)
    return ledger.frame()


def _entered(context: Context) -> pd.DataFrame:
    """Reached medians of times that begin at study entry or later."""
    frame = context["medians"]
    return frame[
        (frame["value_op"] == "=") & frame["value_months"].notna() & frame["endpoint"].isin(_from_entry(context))
    ]


def _from_entry(context: Context) -> set[str]:
    kinds = context["endpoints"]
    if kinds.empty:
        return {"PFS", "OS", "TTP", "DFS", "EFS", "DoR"}
    timed = (kinds["family"] == "time_to_event") & kinds["clock_start"].isin(["entry", "response"])
    return set(kinds.loc[timed, "endpoint"])


def _known_dates(group: list[dict], study: dict, source: str) -> dict[str, tuple[Span, str]]:
    """Dates printed in the document, and those of the row of the study where it was extracted from this document."""
    found = _dates([row for row in group if row["data_cut"] in ("", study.get("data_cut", ""))])
    if study.get("source_id") == source:
        for item, column in ENDS.items():
            span = period(study[column]) if study[column] else None
            if span and item not in found:
                found[item] = (span, "")
    return found


def _judge_span(ledger: Ledger, record: dict, known: dict[str, tuple[Span, str]], back: bool) -> None:
    if record["value_months_min"] != record["value_months_min"]:
        return
    most = months_between(known["enrolment start"][0], known["data cut-off"][0])[1]
    longer = record["value_months_min"] > most + SPAN_ROOM
    what = record.get("item") or record["endpoint"]
    words = f"median {what} is {record['value_text']} {record['unit']}; "
    words += f"first enrolment and cut-off are {show(most, 3)} months apart"
    words += "; patients found afterwards may have been followed before" if longer and back else ""
    verdict = REPRODUCED if not longer else UNCHECKABLE if back else IMPOSSIBLE
    claims = [claim for item in ENDS if (claim := known[item][1])]
    ledger.judge(
        record,
        [record["claim_id"], *claims],
        named=[record["claim_id"]],
        reported=f"{record['value_text']} {record['unit']}",
        recomputed=f"at most {show(most, 3)} months",
        verdict=verdict,
        severity={REPRODUCED: NONE, UNCHECKABLE: MINOR}.get(verdict, MAJOR),
        explanation=words,
    )


# A median this many times the median follow-up depends on the few patients enrolled first.
FAR = 1.5


@register("median-follow-up", "median time beside the median follow-up of the same patients; a hint", "Schemper 1996")
def check_median_follow_up(context: Context) -> pd.DataFrame:
    """A median far beyond the median follow-up depends on the few patients followed so long; never a finding."""
    ledger = Ledger("median-follow-up")
    frame = context["follow_up"]
    frame = frame[(frame["item"] == "follow-up") & (frame["statistic"] == "median") & frame["value_months"].notna()]
    followed = grouped(frame, ["source_id", "study_id", "data_cut"])
    far: dict[str, tuple[dict, list[dict]]] = {}
    for record in records(_entered(context)):
        rows = followed.get((record["source_id"], record["study_id"], record["data_cut"]), [])
        own = [row for row in rows if row["arm_id"] == record["arm_id"]]
        rows = own or [row for row in rows if row["arm_id"] in ("", "all")]
        if rows and record["value_months"] > FAR * rows[0]["value_months"]:
            far.setdefault(rows[0]["claim_id"], (rows[0], []))[1].append(record)
    for row, medians in far.values():
        _note_far(ledger, row, medians)
    return ledger.frame()


def _note_far(ledger: Ledger, followed: dict, medians: list[dict]) -> None:
    shown = ", ".join(dict.fromkeys(f"{row['endpoint']} {row['value_text']}" for row in medians))
    words = f"median follow-up {followed['value_text']} {followed['unit']}, medians {shown}"
    ledger.judge(
        followed,
        [followed["claim_id"], *(row["claim_id"] for row in medians)],
        named=[followed["claim_id"]],
        reported=f"{followed['value_text']} {followed['unit']}",
        recomputed="",
        verdict=UNCHECKABLE,
        severity=MINOR,
        explanation=words + ": they rest on the few patients who were followed that long",
    )


@register("longest-follow-up", "a median time that is reached <= the longest follow-up; median follow-up <= longest")
def check_longest(context: Context) -> pd.DataFrame:
    """A curve ends at the longest follow-up, so no median can lie beyond it."""
    ledger = Ledger("longest-follow-up")
    frame = context["follow_up"]
    frame = frame[(frame["item"] == "follow-up") & frame["range_upper_months_max"].notna()]
    longest = grouped(frame, ["source_id", "study_id", "data_cut"])
    for record in records(_entered(context)):
        rows = longest.get((record["source_id"], record["study_id"], record["data_cut"]), [])
        rows = [row for row in rows if row["arm_id"] in ("", "all", record["arm_id"])]
        if rows:
            _judge_beyond(ledger, record, max(rows, key=lambda row: row["range_upper_months_max"]))
    return ledger.frame()


def _judge_beyond(ledger: Ledger, record: dict, followed: dict) -> None:
    beyond = record["value_months_min"] > followed["range_upper_months_max"]
    words = f"median {record['endpoint']} {record['value_text']} {record['unit']}, longest follow-up "
    words += f"{followed['range_upper_text']} {followed['unit']}"
    ledger.judge(
        record,
        [record["claim_id"], followed["claim_id"]],
        reported=record["value_text"],
        recomputed=f"at most {followed['range_upper_text']} {followed['unit']}",
        verdict=IMPOSSIBLE if beyond else REPRODUCED,
        severity=MAJOR if beyond else NONE,
        explanation=words + (": no curve extends that far" if beyond else ""),
    )
