"""Findings with a common cause: they depend on the same number, or are one error in the cells of one place."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import pandas as pd

from resurvey.audit.verdicts import OTHER_METHOD, needs_ruling
from resurvey.schema import CLAIM_TABLES

# What a number describes, apart from its arm: two findings of one rule that differ only in the arm are one error.
SUBJECT = ("locator", "population", "endpoint", "item", "grade", "kind", "time")
# Columns that identify a set of categories, apart from the categories themselves.
CATEGORIES = ("arm_id", "population", "partition")
# Rules about a choice, a definition or a plan: their numbers may be right, so sharing a number joins no findings.
ALONE = frozenset(
    {
        *("clock-choice", "clock-start", "test-choice", "unknown-choice", "two-denominators", "threshold", "overall-p"),
        *(
            "inclusion-exclusion",
            "number-role",
            "planned-test",
            "announced",
            "none-significant",
            "most-common",
            "sign-meaning",
        ),
    }
)


class _Joined:
    """Disjoint sets of names that belong together, each identified by its root."""

    def __init__(self) -> None:
        self._parent: dict[str, str] = {}

    def root(self, name: str) -> str:
        while self._parent.setdefault(name, name) != name:
            name = self._parent[name]
        return name

    def join(self, first: str, second: str) -> None:
        self._parent[self.root(first)] = self.root(second)


def causes(checks: pd.DataFrame, tables: Mapping[str, pd.DataFrame] | None = None) -> pd.Series:
    """Identify the cause of each finding by the first check that has this cause.

    Parameters
    ----------
    checks : DataFrame
        Rows of checks.csv.
    tables : mapping of str to DataFrame, optional
        The audited tables, raw or typed. If given, findings of one rule in the same places that differ only in the arm
        also share a cause, and so do percentages of one set of categories.

    Returns
    -------
    Series of str
        For every row that needs a ruling, by its index, the first check id, in sorted order, of all findings linked to
        it by common numbers. A wrong cell spoils its percentage, its sum and its p value: three checks, one cause.
    """
    found = checks[needs_ruling(checks)].sort_values("check_id", kind="stable")
    joined = _Joined()
    numbers = ~found["rule"].isin(ALONE) & ~((found["rule"] == "repeat-p") & (found["verdict"] == OTHER_METHOD))
    for check, ids in zip(found.loc[numbers, "check_id"], found.loc[numbers, "claim_ids"], strict=True):
        # A claim joins the checks that use it; claim ids and check ids never coincide.
        for claim in ids.split(";"):
            joined.join(f"claim {claim}", f"check {check}")
    about = _subjects(tables or {}, {claim for ids in found["claim_ids"] for claim in ids.split(";")})
    for row in found.to_dict("records") if about else []:
        subject = _slip(row, about)
        if subject:
            joined.join(f"slip {subject}", f"check {row['check_id']}")
    first: dict[str, str] = {}
    for check in found["check_id"]:
        first.setdefault(joined.root(f"check {check}"), check)
    return pd.Series([first[joined.root(f"check {c}")] for c in found["check_id"]], index=found.index, dtype=object)


def with_causes(checks: pd.DataFrame, tables: Mapping[str, pd.DataFrame] | None = None) -> pd.DataFrame:
    """Add to checks.csv the column `cause`: the first check with the same cause, empty where there is no finding."""
    return checks.assign(cause=causes(checks, tables).reindex(checks.index).fillna(""))


def _subjects(tables: Mapping[str, pd.DataFrame], wanted: Iterable[str]) -> dict[str, dict[str, str]]:
    """Rows of the requested claims, as text, each with the name of its table."""
    wanted = set(wanted)
    found: dict[str, dict[str, str]] = {}
    for name in CLAIM_TABLES:
        if name in tables and len(tables[name]):
            rows = tables[name][tables[name]["claim_id"].isin(wanted)]
            for row in rows.to_dict("records"):
                found[row["claim_id"]] = {key: str(value) for key, value in row.items()} | {"table": name}
    return found


def _slip(row: dict, about: dict[str, dict[str, str]]) -> str:
    """Key shared by the findings of one error; empty where a finding stands alone."""
    claims = [about[claim] for claim in row["claim_ids"].split(";") if claim in about]
    place = f"{row['rule']}|{row['source_id']}|{row['study_id']}|{row['verdict']}"
    if len(claims) == 1 and claims[0].get("partition"):
        return "|".join([place, *(claims[0].get(name, "") for name in CATEGORIES)])
    if len(claims) < 2:
        return ""
    return "|".join([place, *sorted(_subject(claim) for claim in claims)])


def _subject(claim: dict[str, str]) -> str:
    return "/".join([claim["table"], *(claim.get(name, claim.get(f"{name}_text", "")) for name in SUBJECT)])
