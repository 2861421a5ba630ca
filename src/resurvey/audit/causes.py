"""Findings that have one cause: they rest on a number in common, or are one slip in the cells of one place."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import pandas as pd

from resurvey.audit.verdicts import OTHER_METHOD, needs_ruling
from resurvey.schema import CLAIM_TABLES

# What a number is of, besides its arm: two findings of one rule that differ in the arm alone are one slip of a place.
SUBJECT = ("locator", "population", "endpoint", "item", "grade", "kind", "time")
# What a set of categories is, besides its categories.
CATEGORIES = ("arm_id", "population", "partition")
# Rules about a choice, a definition or a plan: the numbers they rest on may be right, so they join nothing by them.
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
    """Names that belong together, each set known by its first name."""

    def __init__(self) -> None:
        self._parent: dict[str, str] = {}

    def root(self, name: str) -> str:
        while self._parent.setdefault(name, name) != name:
            name = self._parent[name]
        return name

    def join(self, first: str, second: str) -> None:
        self._parent[self.root(first)] = self.root(second)


def causes(checks: pd.DataFrame, tables: Mapping[str, pd.DataFrame] | None = None) -> pd.Series:
    """The first check of the cause each finding belongs to.

    Parameters
    ----------
    checks : DataFrame
        Rows of checks.csv.
    tables : mapping of str to DataFrame, optional
        The tables that were audited, raw or typed. With them, findings of one rule are also one cause where they differ
        in the arm alone and stand in the same places, and percentages of one set of categories are.

    Returns
    -------
    Series of str
        For every row that needs a ruling, by its index, the least check id of all findings that it is joined to by
        numbers in common. A wrong cell of a table breaks its percentage, its sum and its p: three checks, one cause.
    """
    found = checks[needs_ruling(checks)].sort_values("check_id", kind="stable")
    joined = _Joined()
    numbers = ~found["rule"].isin(ALONE) & ~((found["rule"] == "repeat-p") & (found["verdict"] == OTHER_METHOD))
    for check, ids in zip(found.loc[numbers, "check_id"], found.loc[numbers, "claim_ids"], strict=True):
        # A number joins its checks; names of claims and of checks never meet.
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
    """Rows of checks.csv with the column `cause`: the first check of a finding's cause, empty where there is none."""
    return checks.assign(cause=causes(checks, tables).reindex(checks.index).fillna(""))


def _subjects(tables: Mapping[str, pd.DataFrame], wanted: Iterable[str]) -> dict[str, dict[str, str]]:
    """Rows of the wanted claims, as text, each with the name of its table."""
    wanted = set(wanted)
    found: dict[str, dict[str, str]] = {}
    for name in CLAIM_TABLES:
        if name in tables and len(tables[name]):
            rows = tables[name][tables[name]["claim_id"].isin(wanted)]
            for row in rows.to_dict("records"):
                found[row["claim_id"]] = {key: str(value) for key, value in row.items()} | {"table": name}
    return found


def _slip(row: dict, about: dict[str, dict[str, str]]) -> str:
    """What findings of one slip share; empty where a finding stands alone."""
    claims = [about[claim] for claim in row["claim_ids"].split(";") if claim in about]
    place = f"{row['rule']}|{row['source_id']}|{row['study_id']}|{row['verdict']}"
    if len(claims) == 1 and claims[0].get("partition"):
        return "|".join([place, *(claims[0].get(name, "") for name in CATEGORIES)])
    if len(claims) < 2:
        return ""
    return "|".join([place, *sorted(_subject(claim) for claim in claims)])


def _subject(claim: dict[str, str]) -> str:
    return "/".join([claim["table"], *(claim.get(name, claim.get(f"{name}_text", "")) for name in SUBJECT)])
