"""The result of the check in words and as a dictionary that can be written as JSON."""

from __future__ import annotations

from typing import Any

import pandas as pd

from resurvey.design.claim import DesignClaim, events_of_claimed_patients
from resurvey.design.course import DROPOUT_READINGS, READINGS
from resurvey.design.methods import METHODS
from resurvey.design.search import SearchResult
from resurvey.errors import InputError

PLAIN = {"reading": "additional", "dropout_reading": "divide", "hypothesis": "alternative"}
SET_COLUMNS = [
    "method",
    "sides",
    "alpha",
    "power",
    "null_median",
    "alternative_median",
    "landmark",
    "reading",
    "dropout",
    "dropout_reading",
    "hypothesis",
    "assumed_share",
    "event_probability",
    "events_raw",
    "events",
    "patients_raw",
    "patients",
    "departures",
    "departures_text",
]


def verdict_on_claim(
    claim: DesignClaim, table: pd.DataFrame, search: SearchResult | None = None, *, nearest: int = 8
) -> dict[str, Any]:
    """Judge a printed sample size from the table of `check_claim` and, if available, the search.

    Parameters
    ----------
    claim : DesignClaim
        With `events`, `patients` or both.
    table : DataFrame
        The result of `check_claim(claim)`.
    search : SearchResult, optional
    nearest : int, default 8
        Number of assumption sets to list.

    Returns
    -------
    dict
        `verdict` on the pair, `verdict_events` and `verdict_patients`: `reproduced` (by the usual formula for an
        exponential trial, with the printed assumptions), `other-method` (by another named formula or reading),
        `discrepant` (by none with the printed assumptions). Patients are judged given the claimed events or, where no
        events are printed, on their own. Also `words`, the formulas that give each number, `nearest_assumption_sets`,
        what was searched, `expected_of_claimed_patients` and `questions_for_authors`. Plain types only, None for a
        missing value.

    Raises
    ------
    InputError
        If the claim has neither events nor patients.
    """
    if claim.events is None and claim.patients is None:
        raise InputError("the claim needs events or patients: there is nothing to judge")
    proper = table[~table["misuse"].astype(bool)]
    plain = proper[(proper["reading"] == PLAIN["reading"]) & (proper["hypothesis"] == PLAIN["hypothesis"])]
    usual = plain[plain["method"] == "log_hazard"]
    events = None if claim.events is None else _verdict(usual, plain, proper, "reproduces_events")
    patients = None if claim.patients is None else _patients_verdict(claim, usual, plain, proper)
    same_row = proper[_true(proper, "reproduces_events") & _true(proper, "reproduces_patients")]
    pair = _pair_verdict(events, patients, same_row)
    return {
        "verdict": pair,
        "verdict_events": events,
        "verdict_patients": patients,
        "words": (
            _words_on_patients_alone(claim, usual, plain, proper)
            if claim.events is None
            else _words(claim, usual, plain, proper, same_row, search)
        ),
        "claimed": {"events": claim.events, "patients": claim.patients},
        "formulas_that_give_the_events": _names(plain, "reproduces_events"),
        "formulas_that_give_the_patients": _names(plain, "reproduces_patients"),
        "formulas_that_give_both": sorted(set(same_row["method"])),
        "nearest_assumption_sets": [] if search is None else _sets(search, nearest),
        "expected_of_claimed_patients": [] if claim.patients is None else _forward(claim),
        "search": None if search is None else _search_counts(search),
        "questions_for_authors": _questions(claim),
    }


def _true(table: pd.DataFrame, column: str) -> pd.Series:
    return table[column].fillna(False).astype(bool)


def _verdict(usual: pd.DataFrame, plain: pd.DataFrame, proper: pd.DataFrame, column: str) -> str:
    if _true(usual, column).any():
        return "reproduced"
    return "other-method" if _true(plain, column).any() or _true(proper, column).any() else "discrepant"


def _patients_verdict(claim: DesignClaim, usual: pd.DataFrame, plain: pd.DataFrame, proper: pd.DataFrame) -> str:
    """Whether the claimed patients follow from the claimed events, under the plain reading or another one."""
    if claim.events is None:
        return _verdict(usual, plain, proper, "reproduces_patients")
    if (plain["patients_from_claimed_events"] == claim.patients).any():
        return "reproduced"
    if (proper["patients_from_claimed_events"] == claim.patients).any():
        return "other-method"
    both = _true(proper, "reproduces_events") & _true(proper, "reproduces_patients")
    return "other-method" if both.any() else "discrepant"


def _pair_verdict(events: str | None, patients: str | None, same_row: pd.DataFrame) -> str:
    if events is None or patients is None:
        return events or patients or "uncheckable"
    if len(same_row):
        usual = same_row[(same_row["method"] == "log_hazard") & (same_row["reading"] == PLAIN["reading"])]
        return "reproduced" if len(usual) else "other-method"
    # A set that changes a printed assumption or adds one does not reproduce what the paper reports.
    return "discrepant"


def _names(table: pd.DataFrame, column: str) -> list[dict[str, Any]]:
    chosen = table[_true(table, column)]
    return [
        {"method": row.method, "sides": int(row.sides), "events_raw": float(row.events_raw)}
        | {"patients_raw": float(row.patients_raw)}
        for row in chosen.itertuples()
    ]


def _range(table: pd.DataFrame, column: str) -> str:
    values = table[column].dropna()
    return f"{int(values.min())} to {int(values.max())}" if len(values) else "no number"


def _words(
    claim: DesignClaim,
    usual: pd.DataFrame,
    plain: pd.DataFrame,
    proper: pd.DataFrame,
    same_row: pd.DataFrame,
    search: SearchResult | None,
) -> str:
    sizes = ", ".join(f"{int(r.events)} {'one' if r.sides == 1 else 'two'}-sided" for r in usual.itertuples())
    hits = plain[_true(plain, "reproduces_events")]
    parts = [
        f"The usual formula for an exponential median (log hazard) gives {sizes} events; {claim.events} is printed."
    ]
    others = _read_otherwise(hits, proper)
    if len(hits):
        parts.append(f"These formulas give the printed number of events: {_formulas(hits)}.")
    elif others.empty:
        parts.append("No formula examined gives the printed number of events with the printed error rates.")
    if len(others):
        parts.append(
            "With another reading of enrolment, follow-up or the hypothesis under which events are counted, "
            f"{'these formulas also give it' if len(hits) else 'these formulas give it'}: {_formulas(others)}."
        )
    if claim.patients is not None:
        parts += _words_on_patients(claim, plain, same_row, search)
    return " ".join(parts)


def _words_on_patients_alone(claim: DesignClaim, usual: pd.DataFrame, plain: pd.DataFrame, proper: pd.DataFrame) -> str:
    sizes = ", ".join(f"{int(r.patients)} {'one' if r.sides == 1 else 'two'}-sided" for r in usual.itertuples())
    hits = plain[_true(plain, "reproduces_patients")]
    others = _read_otherwise(hits, proper, "reproduces_patients")
    parts = [
        f"The usual formula for an exponential median (log hazard) gives {sizes} patients; {claim.patients} is printed."
    ]
    if len(hits):
        parts.append(f"These formulas give the printed number: {_formulas(hits, 'patients_raw')}.")
    elif others.empty:
        parts.append("No formula examined gives the printed number of patients with the printed error rates.")
    if len(others):
        parts.append(
            "With another reading of enrolment and follow-up, "
            f"{'these formulas also give it' if len(hits) else 'these formulas give it'}: "
            f"{_formulas(others, 'patients_raw')}."
        )
    return " ".join(parts)


def _formulas(hits: pd.DataFrame, number: str = "events_raw") -> str:
    return "; ".join(f"{r.label}, {r.sides}-sided ({getattr(r, number):.2f})" for r in hits.itertuples())


def _read_otherwise(hits: pd.DataFrame, proper: pd.DataFrame, column: str = "reproduces_events") -> pd.DataFrame:
    """Formulas that give the printed number only under another reading, without duplicates."""
    found = proper[_true(proper, column)].drop_duplicates(["method", "sides"])
    known = set(zip(hits["method"], hits["sides"], strict=True))
    return found[[key not in known for key in zip(found["method"], found["sides"], strict=True)]]


def _words_on_patients(
    claim: DesignClaim, plain: pd.DataFrame, same_row: pd.DataFrame, search: SearchResult | None
) -> list[str]:
    first = plain.iloc[0]
    parts = [
        f"Enrolment over {claim.accrual:g} and follow-up for {claim.follow_up:g} after it would show an event in "
        f"{100 * first['event_probability']:.0f} % of patients under the alternative, so that {claim.events} events "
        f"need {int(first['patients_from_claimed_events'])} patients, dropout included; {claim.patients} is printed."
    ]
    if len(same_row):
        parts.append(f"Both numbers follow from {_range(same_row, 'sides')}-sided {', '.join(set(same_row['label']))}.")
    else:
        parts.append("No row of the table gives both numbers.")
    if search is not None and search.both_count:
        best = search.both.iloc[0]
        parts.append(
            f"Of {search.examined} sets of assumptions searched, {search.both_count} give both (about "
            f"{search.both_by_chance:.0f} would by coincidence); the closest to the printed numbers is "
            f"{describe_set(best)}."
        )
    elif search is not None:
        parts.append(f"None of the {search.examined} sets of assumptions searched gives both.")
    return parts


def describe_set(row: pd.Series) -> str:
    """One assumption set in words."""
    parts = [
        METHODS[row["method"]].label,
        f"{'one' if row['sides'] == 1 else 'two'}-sided {row['alpha']:g}",
        f"power {row['power']:g}",
        f"medians {row['null_median']:.4g} and {row['alternative_median']:.4g}",
    ]
    if pd.notna(row["landmark"]):
        parts.append(f"landmark {row['landmark']:g}")
    if row["reading"]:
        parts.append(READINGS[row["reading"]])
    if pd.notna(row["assumed_share"]):
        parts.append(f"{100 * row['assumed_share']:.4g} % of patients assumed to have an event")
    elif row["hypothesis"]:
        parts.append(f"events counted under: {row['hypothesis']}")
    parts.append(DROPOUT_READINGS[row["dropout_reading"]])
    return "; ".join(parts) + f" ({row['events_raw']:.2f} events, {row['patients_raw']:.2f} patients)"


def _sets(search: SearchResult, count: int) -> list[dict[str, Any]]:
    chosen = search.both if search.both_count else search.nearest
    return [
        {name: _plain(row[name]) for name in SET_COLUMNS} | {"words": describe_set(row)}
        for _, row in chosen.head(count).iterrows()
    ]


def _plain(value: Any) -> Any:
    if value is None or pd.isna(value) or value == "":
        return None
    return value.item() if hasattr(value, "item") else value


def _forward(claim: DesignClaim) -> list[dict[str, Any]]:
    """Readings under which the claimed patients are expected to have the claimed events, plainest first."""
    table = events_of_claimed_patients(claim)
    hits = table[_true(table, "reproduces_events")]
    plainness = (hits["dropout_reading"].isin(["none", "divide", "multiply"]).astype(int)) * 2 + (
        hits["hypothesis"] == PLAIN["hypothesis"]
    ).astype(int)
    ordered = hits.assign(plainness=plainness).sort_values("plainness", ascending=False, kind="stable")
    columns = [c for c in table.columns if c != "reproduces_events"]
    return [{name: _plain(row[name]) for name in columns} for _, row in ordered.iterrows()]


def _search_counts(search: SearchResult) -> dict[str, Any]:
    return {
        "examined": search.examined,
        "give_events": search.events_count,
        "give_patients": search.patients_count,
        "give_both": search.both_count,
        "both_by_chance": search.both_by_chance,
    }


def _questions(claim: DesignClaim) -> list[str]:
    number = "patients" if claim.events is None else "events"
    asked = [f"Which formula or program gave the number of {number}, and on which scale was the test to be made?"]
    if claim.sides is None:
        asked.append("Is the significance level one-sided or two-sided?")
    if claim.patients is not None:
        asked += [
            "Does the follow-up begin at the last entry, at each patient's entry, or does it include enrolment?",
            "Which share of patients was expected to have an event by the analysis, and under which median?",
            "Is the dropout a flat allowance (divided or multiplied) or a rate, and over which time?",
        ]
    return [*asked, "At how many events, or at which date, was the primary analysis to be made?"]
