"""Findings that have one cause: they rest on a number in common, and fall together when it is put right."""

from __future__ import annotations

import pandas as pd

from resurvey.audit.verdicts import needs_ruling


def causes(checks: pd.DataFrame) -> pd.Series:
    """The first check of the cause each finding belongs to.

    Parameters
    ----------
    checks : DataFrame
        Rows of checks.csv.

    Returns
    -------
    Series of str
        For every row that needs a ruling, by its index, the least check id of all findings that it is joined to by
        numbers in common. A wrong cell of a table breaks its percentage, its sum and its p: three checks, one cause.
    """
    found = checks[needs_ruling(checks)].sort_values("check_id", kind="stable")
    parent: dict[str, str] = {}

    def root(name: str) -> str:
        while parent.setdefault(name, name) != name:
            name = parent[name]
        return name

    for check, ids in zip(found["check_id"], found["claim_ids"], strict=True):
        # A number joins its checks; names of claims and of checks never meet.
        for claim in ids.split(";"):
            parent[root(f"claim {claim}")] = root(f"check {check}")
    first: dict[str, str] = {}
    for check in found["check_id"]:
        first.setdefault(root(f"check {check}"), check)
    return pd.Series([first[root(f"check {check}")] for check in found["check_id"]], index=found.index, dtype=object)
