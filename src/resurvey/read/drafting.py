"""Draft rows of the tables of data/raw from claims: columns of the schema, empty where the paper gives no value."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from decimal import Decimal

from resurvey.read import confidence
from resurvey.read.objects import Claim, ClaimKind, Document, Draft
from resurvey.schema import TABLES

TABLE_OF: dict[ClaimKind, str] = {
    "ratio": "hazard_ratios",
    "median": "medians",
    "rate": "survival_rates",
    "proportion": "proportions",
    "p": "p_values",
    "follow_up": "follow_up",
    "difference": "differences",
    "design": "designs",
    "at_risk": "risk_tables",
    "arm": "arms",
    "quantity": "quantities",
    "trial": "ongoing_trials",
    "name": "names",
}
SHORT = {
    "hazard_ratios": "hr",
    "medians": "med",
    "survival_rates": "rate",
    "proportions": "prop",
    "p_values": "p",
    "follow_up": "fu",
    "differences": "diff",
    "designs": "des",
    "risk_tables": "risk",
    "arms": "arm",
    "quantities": "q",
    "ongoing_trials": "ong",
    "names": "name",
}


def drafts(claims: Iterable[Claim], source_id: str, study_id: str) -> list[Draft]:
    """Draft rows in the order of the claims, with consecutive ids and marks that stay the same on re-reading."""
    made: list[Draft] = []
    seen: Counter[str] = Counter()
    for number, claim in enumerate(claims, start=1):
        table = TABLE_OF[claim.kind]
        cells = _row(claim, table, source_id, study_id)
        base = mark(table, claim)
        seen[base] += 1
        cells["claim_id"] = f"{source_id}-d{number:04d}"
        made.append(Draft(cells["claim_id"], table, cells, claim, confidence.of(claim), f"{base}-{seen[base]}"))
    return made


def mark(table: str, claim: Claim) -> str:
    """A digest of table, numbers and surrounding words, which stays the same in a changed version of the paper."""
    numbers = "|".join(f"{name}={value}" for name, value in sorted(claim.cells.items()) if name in NUMBERS)
    return hashlib.blake2s(f"{table}|{numbers}|{claim.context}".encode(), digest_size=6).hexdigest()


NUMBERS = frozenset(
    [
        "value",
        "lower",
        "upper",
        "range_lower",
        "range_upper",
        "n",
        "total",
        "percent",
        "p",
        "time",
        "null_median",
        "alternative_median",
        "alpha",
        "power",
        "events",
        "patients",
        "registry_id",
    ]
)


def _row(claim: Claim, table: str, source_id: str, study_id: str) -> dict[str, str]:
    names = TABLES[table].names
    cells = dict.fromkeys(names, "")
    cited = claim.cells.get("cited") == "yes"
    cells |= {
        "source_id": source_id,
        "locator": claim.locator,
        "study_id": "" if cited else study_id,
        "arm_id": claim.cells.get("arm", ""),
        "population": claim.cells.get("population", ""),
    }
    cells |= {name: value for name, value in claim.cells.items() if name in names}
    cells |= {name: "all" for name in _of_the_study(claim) if name in names and not cells[name] and not cited}
    notes = list(claim.notes)
    if table == "designs":
        notes += _in_per_cent(cells)
    if claim.kind == "follow_up" and cells.get("unit") == "" and cells.get("statistic") != "date":
        notes.append("no unit printed beside it")
    cells["note"] = "; ".join(notes)
    return cells


def _in_per_cent(cells: dict[str, str]) -> list[str]:
    """A level and a power printed as proportions, in per cent as their columns want; how they are printed is noted."""
    notes = []
    for column in ("alpha", "power"):
        if re.fullmatch(r"0?\.\d+", cells.get(column, "")):
            printed = cells[column]
            cells[column] = f"{(100 * Decimal(printed)).normalize():f}"
            notes.append(f"{column} is printed as {printed}")
    return notes


def _of_the_study(claim: Claim) -> tuple[str, ...]:
    """Columns set to `all` because the claim concerns the study as a whole: design, names, registry number, dates."""
    if claim.kind == "follow_up" and claim.cells.get("statistic") == "date":
        return ("arm_id", "population")
    return ("population",) if claim.kind in ("design", "name", "trial") else ()


def source_row(document: Document, source_id: str) -> dict[str, str]:
    """The row of sources.csv for a document; its kind is taken from the title if stated, otherwise left to a person."""
    about = document.about
    citation = ". ".join(
        part for part in (about.get("authors", ""), about.get("title", ""), about.get("journal", "")) if part
    )
    cells = dict.fromkeys(TABLES["sources"].names, "")
    licence = about.get("licence", "").lower()
    short = next((name for word, name in LICENCES if word in licence), "")
    doi = about.get("doi", "")
    return cells | {
        "source_id": source_id,
        "kind": _worded(SOURCE_KINDS, about.get("title", "")),
        "citation": (citation + (f" {about['year']}" if about.get("year") else "")) or document.name,
        "doi": doi,
        "year": about.get("year", ""),
        "licence": short,
        "url": f"https://doi.org/{doi}" if doi else "",
    }


LICENCES = (
    ("noncommercial", "CC BY-NC"),
    ("non-commercial", "CC BY-NC"),
    ("by-nc", "CC BY-NC"),
    ("licenses/by/4", "CC BY 4.0"),
    ("attribution 4.0", "CC BY 4.0"),
    ("creative commons attribution", "CC BY"),
    ("creativecommons", "CC BY"),
)


# Patterns in a title that tell the kind of document and study; the first match applies.
SOURCE_KINDS = (
    ("review", r"\b(?:systematic|narrative)? ?review\b|\bmeta-?analysis"),
    ("cohort", r"\bcohort\b|\bretrospective|\bregistry\b"),
    ("trial", r"\btrial\b|\brandomi[sz]ed\b|\bphase [I1-4]{1,3}[ab]?\b"),
)
DESIGNS = (
    ("non-randomised", r"\bnon-?randomi[sz]ed\b"),
    ("randomised", r"\brandomi[sz]ed\b"),
    ("single arm", r"\bsingle[- ]arm\b"),
    ("retrospective cohort", r"\bretrospective\b"),
)


def _worded(choices: Sequence[tuple[str, str]], title: str) -> str:
    return next((name for name, pattern in choices if re.search(pattern, title, re.IGNORECASE)), "")


def study_row(document: Document, claims: Iterable[Claim], source_id: str, study_id: str) -> dict[str, str]:
    """The row of studies.csv: registry id and dates, where the paper prints exactly one."""
    cells = dict.fromkeys(TABLES["studies"].names, "")
    held = list(claims)
    dates = {
        column: {
            c.cells["value"]
            for c in held
            if c.kind == "follow_up" and c.cells.get("item") == item and not c.beside_other_work
        }
        for column, item in (
            ("enrolment_start", "enrolment start"),
            ("enrolment_end", "enrolment end"),
            ("data_cutoff", "data cut-off"),
        )
    }
    own = [c.cells["registry_id"] for c in held if c.kind == "trial" and not c.beside_other_work]
    return cells | {
        "study_id": study_id,
        "source_id": source_id,
        "acronym": study_id,
        "design": _worded(DESIGNS, document.about.get("title", "")),
        "registry_id": own[0] if len(set(own)) == 1 else "",
        **{column: values.pop() for column, values in dates.items() if len(values) == 1},
    }
