"""A trial's phase, design, registry number and status as printed, against its own record."""

from __future__ import annotations

import re

import pandas as pd

from resurvey.audit.context import Context, records
from resurvey.audit.naming import REGISTRY, phase_of
from resurvey.audit.registry import register
from resurvey.audit.verdicts import CONFLICT, MAJOR, MINOR, NONE, REPRODUCED, UNCHECKABLE, Ledger

DESIGNS = {
    "randomised": re.compile(r"\brandomi[sz]ed\b(?! (?:retrospective|registry))", re.IGNORECASE),
    "single arm": re.compile(r"\bsingle[- ]arm\b", re.IGNORECASE),
    "non-randomised": re.compile(r"\bnon-?randomi[sz]ed\b", re.IGNORECASE),
    "retrospective cohort": re.compile(r"\bretrospective\b", re.IGNORECASE),
}


def design_of(text: str) -> str:
    """The design stated in a name; empty where it states none or several."""
    said = [name for name, pattern in DESIGNS.items() if pattern.search(text)]
    if "non-randomised" in said and "randomised" in said:
        said.remove("randomised")
    return said[0] if len(said) == 1 else ""


@register("design-word", "the design a document gives a study against the study's own record")
def check_design(context: Context) -> pd.DataFrame:
    """A study called randomised (or single-arm, or retrospective) that is not, according to its own publication."""
    ledger = Ledger("design-word")
    studies = {record["study_id"]: record for record in records(context["studies"])}
    for record in records(context["names"].query("kind == 'trial'")):
        said, own = design_of(record["printed"]), studies.get(record["study_id"], {}).get("design", "")
        if said and own in DESIGNS:
            same = said == own
            ledger.judge(
                record,
                reported=record["printed"],
                recomputed=own,
                verdict=REPRODUCED if same else CONFLICT,
                severity=NONE if same else MAJOR,
                explanation=f"called {record['printed']!r} ({record['locator']}); the study is recorded as {own}",
            )
    return ledger.frame()


@register("phase", "the phase printed in a table against the phase of the study")
def check_phase(context: Context) -> pd.DataFrame:
    """Phases printed in names or in the notes of a registry table, against the phase in the study's own record."""
    ledger = Ledger("phase")
    studies = {record["study_id"]: record for record in records(context["studies"])}
    names = context["names"]
    listed = [(r, r["printed"], "names") for r in records(names[names["kind"] == "trial"])]
    listed += [(r, r["phase"], "ongoing") for r in records(context["ongoing_trials"]) if r["phase"]]
    for record, printed, _ in listed:
        known = studies.get(record["study_id"], {}).get("phase", "")
        if phase_of(printed) and phase_of(known):
            _judge_phase(ledger, record, printed, known)
    return ledger.frame()


def _judge_phase(ledger: Ledger, record: dict, printed: str, known: str) -> None:
    same = phase_of(printed) == phase_of(known)
    words = f"printed as {printed!r}, the study is recorded as phase {known}"
    ledger.judge(
        record,
        reported=printed,
        recomputed=known,
        verdict=REPRODUCED if same else CONFLICT,
        severity=NONE if same else MINOR,
        explanation=words,
    )


@register("registry", "a registry number printed with a trial is that of the study's own record")
def check_registry(context: Context) -> pd.DataFrame:
    """Registry numbers in names of trials, against the record of the study."""
    ledger = Ledger("registry")
    studies = {record["study_id"]: record for record in records(context["studies"])}
    names = context["names"]
    for record in records(names[names["kind"] == "trial"]):
        printed = REGISTRY.search(record["printed"])
        known = REGISTRY.search(studies.get(record["study_id"], {}).get("registry_id", ""))
        if printed and known:
            same = printed.group(0) == known.group(0)
            ledger.judge(
                record,
                reported=printed.group(0),
                recomputed=known.group(0),
                verdict=REPRODUCED if same else CONFLICT,
                severity=NONE if same else MAJOR,
                explanation=f"{record['printed']}, the study is registered as {known.group(0)}",
            )
    return ledger.frame()


@register("listed-as-ongoing", "a trial listed as ongoing whose results the same document prints; a hint")
def check_ongoing(context: Context) -> pd.DataFrame:
    """A registry number listed as ongoing that also names a trial whose results the document prints."""
    ledger = Ledger("listed-as-ongoing")
    listed = {record["registry_id"]: record for record in records(context["ongoing_trials"])}
    results = set(zip(context["medians"]["source_id"], context["medians"]["study_id"], strict=True))
    for record in records(context["names"]):
        found = REGISTRY.search(record["printed"])
        row = listed.get(found.group(0)) if found else None
        if row and row["source_id"] == record["source_id"] and (record["source_id"], record["study_id"]) in results:
            ledger.judge(
                record,
                [record["claim_id"], row["claim_id"]],
                reported=f"{row['registry_id']} {row['status']}",
                recomputed="results printed",
                verdict=UNCHECKABLE,
                severity=MINOR,
                explanation=f"{row['registry_id']} is listed as ongoing; it is {record['study_id']}, with results",
            )
    return ledger.frame()
