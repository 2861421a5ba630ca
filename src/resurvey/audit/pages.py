"""Reader-facing output of the audit: a summary table, and a Markdown page per paper."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from resurvey import inert
from resurvey.audit.causes import causes
from resurvey.audit.verdicts import (
    CONFLICT,
    DISCREPANT,
    IMPOSSIBLE,
    NONE,
    OTHER_METHOD,
    REPRODUCED,
    ROUNDING,
    SEVERITIES,
    UNCHECKABLE,
    VERDICTS,
    needs_ruling,
)
from resurvey.schema import CLAIM_TABLES

SUMMARY = [
    "source_id",
    "claims",
    "checked_claims",
    "checks",
    "reproduced",
    "rounding",
    "other_method",
    "discrepant",
    "conflict",
    "impossible",
    "uncheckable",
    "conclusion",
]
MEANING = {
    IMPOSSIBLE: "no data can have it",
    CONFLICT: "the same quantity is printed differently elsewhere",
    DISCREPANT: "no standard method reproduces it",
    OTHER_METHOD: "reproduced by a standard method the paper does not name",
    ROUNDING: "reproduced up to its last digit",
    UNCHECKABLE: "hints, and numbers that nothing printed can check",
    REPRODUCED: "came out",
}


def places(tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """List every extracted row of raw or typed tables, with columns claim_id, source_id, locator."""
    columns = ["claim_id", "source_id", "locator"]
    parts = [tables[name][columns] for name in CLAIM_TABLES if name in tables and len(tables[name])]
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=columns)


def summary(checks: pd.DataFrame, claims: pd.DataFrame) -> pd.DataFrame:
    """Counts of numbers extracted, checked and by verdict; one row per document and one for the total.

    Parameters
    ----------
    checks : DataFrame
        Rows of checks.csv.
    claims : DataFrame
        Columns source_id and claim_id of every extracted row.

    Returns
    -------
    DataFrame
        Columns `SUMMARY`: `claims` (rows extracted), `checked_claims` (those in a check that could be made), checks by
        verdict, and `conclusion` (findings that affect a stated conclusion).
    """
    made = checks[checks["verdict"] != UNCHECKABLE]
    touched = set().union(*(ids.split(";") for ids in made["claim_ids"])) if len(made) else set()
    sources = sorted(set(claims["source_id"]) | set(checks["source_id"]))
    lines = [
        _summary_row(source, checks[checks["source_id"] == source], claims[claims["source_id"] == source], touched)
        for source in sources
    ]
    lines.append(_summary_row("all", checks, claims, touched))
    return pd.DataFrame(lines, columns=SUMMARY)


def _summary_row(source: str, checks: pd.DataFrame, claims: pd.DataFrame, touched: set[str]) -> dict[str, object]:
    counts = checks["verdict"].value_counts()
    row: dict[str, object] = {verdict.replace("-", "_"): int(counts.get(verdict, 0)) for verdict in VERDICTS}
    grave = checks["severity"].eq("conclusion") & needs_ruling(checks)
    return row | {
        "source_id": source,
        "claims": len(claims),
        "checked_claims": int(claims["claim_id"].isin(touched).sum()),
        "checks": len(checks),
        "conclusion": int(grave.sum()),
    }


def page(
    source_id: str, checks: pd.DataFrame, claims: pd.DataFrame, adjudications: pd.DataFrame, citation: str = ""
) -> str:
    """Audit of one paper in Markdown: findings by severity with their rulings, then everything that was checked.

    Parameters
    ----------
    source_id : str
        The document.
    checks, adjudications : DataFrame
        Rows of checks.csv (with or without `cause`) and adjudications.csv, for any documents.
    claims : DataFrame
        At least claim_id and locator (`clean.claims`).
    citation : str
        Printed under the title.
    """
    own = checks[checks["source_id"] == source_id]
    place = dict(zip(claims["claim_id"], claims["locator"], strict=True)) if "locator" in claims else {}
    rulings = {row["check_id"]: row for row in adjudications.to_dict("records")}
    findings = own[needs_ruling(own)]
    lines = [f"# Audit of {source_id}", "", *([_cell(citation), ""] if citation else []), *_counts(own), ""]
    lines += ["## Findings", ""]
    if findings.empty:
        lines += ["Every check that could be made was reproduced.", ""]
    joined = causes(own) if "cause" not in own else findings["cause"]
    if joined.nunique() < len(findings):
        several = f"{len(findings)} checks that need a ruling, of {joined.nunique()} causes"
        lines += [f"{several}: checks that rest on one number, or are one slip of one place, fall together.", ""]
    first = dict(zip(own.loc[joined.index, "check_id"], joined, strict=True))
    for severity in SEVERITIES:
        graded = findings[findings["severity"] == severity]
        if len(graded):
            lines += [f"### {_heading(severity)}", ""]
            lines += [
                line
                for verdict in VERDICTS
                for line in _findings(graded[graded["verdict"] == verdict], place, rulings, first)
            ]
    lines += ["## Everything that was checked", ""]
    for verdict in VERDICTS:
        part = own[own["verdict"] == verdict]
        if len(part):
            lines += [f"### {verdict}: {MEANING[verdict]} ({len(part)})", "", *_table(part, place), ""]
    return "\n".join(lines)


def _counts(own: pd.DataFrame) -> list[str]:
    counts = own["verdict"].value_counts()
    lines = ["| verdict | meaning | checks |", "|---|---|---|"]
    lines += [f"| {verdict} | {MEANING[verdict]} | {counts.get(verdict, 0)} |" for verdict in reversed(VERDICTS)]
    return lines


def _heading(severity: str) -> str:
    return {
        "conclusion": "A stated conclusion is affected",
        "major": "A number that readers use is wrong or doubtful",
        "minor": "A digit or a label",
        NONE: "Without consequence",
    }[severity]


def _findings(
    part: pd.DataFrame, place: dict[str, str], rulings: dict[str, dict], causes_of: dict[str, str]
) -> list[str]:
    lines = []
    for row in part.itertuples():
        first = row.claim_ids.split(";")[0]
        lines.append(
            f"- **{row.verdict}** `{row.check_id}` ({_cell(place.get(first, first))}): {_cell(row.explanation)}."
        )
        cause = causes_of.get(row.check_id, row.check_id)
        if cause != row.check_id:
            lines.append(f"  - One cause with `{cause}`.")
        ruling = rulings.get(row.check_id)
        if ruling:
            affects = f" Affects: {_cell(ruling['affects'])}." if ruling["affects"] else ""
            lines.append(f"  - Ruling: {ruling['ruling']}. {_cell(ruling['reason'])}{affects} ({_cell(ruling['by'])})")
        else:
            lines.append("  - Not yet ruled on.")
    return [*lines, ""] if lines else []


def _table(part: pd.DataFrame, place: dict[str, str]) -> list[str]:
    lines = ["| check | where | printed | recomputed | why |", "|---|---|---|---|---|"]
    for row in part.itertuples():
        first = row.claim_ids.split(";")[0]
        cells = (f"`{row.check_id}`", place.get(first, first), row.reported, row.recomputed, row.explanation)
        lines.append("| " + " | ".join(_cell(cell) for cell in cells) + " |")
    return lines


def _cell(text: object) -> str:
    """Text for a table cell: no vertical bars, no line breaks, no active HTML or links."""
    return inert.markdown(str(text).replace("|", "/").replace("\n", " ").replace("\r", " "))
