"""Look up claims by id in the tables; an unknown id is an error that names it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache

import pandas as pd

from resurvey.errors import InputError
from resurvey.tables import Tables


def claim(typed: Tables, table: str, claim_id: str) -> pd.Series:
    """Return the row of a claim.

    Raises
    ------
    InputError
        If the table has no such claim; if another table has it, the message names that table.
    """
    rows = typed[table]
    found = (rows["claim_id"] == claim_id).to_numpy().nonzero()[0]
    if not found.size:
        other = table_of(typed, claim_id)
        where = f"it is in {other}.csv" if other else "no table has it"
        raise InputError(f"there is no claim {claim_id!r} in {table}.csv ({where})")
    return rows.iloc[found[0]]


def table_of(typed: Tables, claim_id: str) -> str:
    """Name of the table that contains a claim; empty if none does."""
    for name, rows in typed.items():
        if "claim_id" in rows.columns and (rows["claim_id"] == claim_id).any():
            return name
    return ""


def rulings(typed: Tables, claim_ids: Iterable[str]) -> list[str]:
    """Rulings in adjudications.csv on any of these claims, as text without repetition.

    `of_claim` defines which rulings concern a claim.
    """
    table = typed.get("adjudications")
    if table is None or table.empty:
        return []
    made = []
    for claim_id in claim_ids:
        named = table["check_id"].str.contains(of_claim(claim_id), regex=True)
        made += [f"audit: {line['ruling']}: {line['reason']}" for _, line in table[named].iterrows()]
    return list(dict.fromkeys(made))


@cache
def of_claim(claim: str) -> re.Pattern[str]:
    """Pattern that matches the id of a check on a claim.

    The id of a check consists of its rule, the source and the numbers of the claims that it compares, so it contains
    the source and the number of the claim's own id, in that order.
    """
    source, _, number = claim.partition("-")
    return re.compile(rf"-{re.escape(source)}-(?:.*-)?{re.escape(number)}(?:-|$)")


def treatment_of(typed: Tables, study_id: str, arm_id: str) -> str:
    """Treatment of an arm, from arms.csv.

    Raises
    ------
    InputError
        If arms.csv has no treatment for the arm.
    """
    arms = typed["arms"]
    for study, arm, treatment in zip(arms["study_id"], arms["arm_id"], arms["treatment_id"], strict=True):
        if (study, arm) == (study_id, arm_id) and treatment:
            return str(treatment)
    raise InputError(f"arm {arm_id!r} of study {study_id!r} has no treatment in arms.csv: fill treatment_id there")
