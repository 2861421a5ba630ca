"""Verdicts, their severities, and the structure of a row of `checks.csv`."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NotRequired, TypeAlias, TypedDict, Unpack

import numpy as np
import pandas as pd

COLUMNS = [
    "check_id",
    "rule",
    "source_id",
    "study_id",
    "claim_ids",
    "reported",
    "recomputed",
    "verdict",
    "severity",
    "explanation",
]
REPRODUCED, ROUNDING, OTHER_METHOD = "reproduced", "rounding", "other-method"
DISCREPANT, CONFLICT, IMPOSSIBLE, UNCHECKABLE = "discrepant", "conflict", "impossible", "uncheckable"
# Most serious first: the order in which pages and summaries list them.
VERDICTS = (IMPOSSIBLE, CONFLICT, DISCREPANT, OTHER_METHOD, ROUNDING, UNCHECKABLE, REPRODUCED)
FLAGS = (IMPOSSIBLE, CONFLICT, DISCREPANT)
# `rounding` of severity `none` needs no ruling: some rounding rule reproduces the printed number up to its last digit.
# Where one quantity is printed twice to the same precision with different last digits, it has a severity and needs a
# ruling. `uncheckable` needs no ruling: it is a hint or a gap, never a finding.
RULED = (*FLAGS, OTHER_METHOD)

# `none`: no consequence. `minor`: a digit or a label. `major`: a number that readers use or pool.
# `conclusion`: a stated conclusion (significant or not, better or worse, met or not) would change.
CONCLUSION, MAJOR, MINOR, NONE = "conclusion", "major", "minor", "none"
SEVERITIES = (CONCLUSION, MAJOR, MINOR, NONE)
MAX_ID = 64


def needs_ruling(checks: pd.DataFrame) -> pd.Series:
    """Whether each row of checks.csv needs a ruling by a person."""
    slip = (checks["verdict"] == ROUNDING) & (checks["severity"] != NONE)
    return checks["verdict"].isin(RULED) | slip


Strings: TypeAlias = Sequence[str] | np.ndarray | pd.Series


def check_id(rule: str, claims: Sequence[str]) -> str:
    """Id of a check, determined only by its rule and claims, so that rulings keep matching it.

    The longest common document prefix is given once (`repeat-liang2024-med-011-med-047`); an id of more than 64
    characters is cut and ends with a digest of the whole.
    """
    head = claims[0] if claims else "all"
    document = head.split("-", 1)[0] + "-"
    tail = [claim.removeprefix(document) for claim in claims[1:]]
    name = "-".join([rule, head, *tail])
    if len(name) <= MAX_ID:
        return name
    digest = hashlib.blake2s(name.encode(), digest_size=4).hexdigest()
    return f"{name[: MAX_ID - 9]}-{digest}"


def rows(
    rule: str,
    *,
    source: Strings,
    study: Strings,
    claims: Sequence[Sequence[str]],
    reported: Strings,
    recomputed: Strings,
    verdict: Strings,
    severity: Strings,
    explanation: Strings,
    named: Sequence[Sequence[str]] | None = None,
) -> pd.DataFrame:
    """Rows of `checks.csv` from columns of equal length.

    `named` gives the claims used in the check id (at most a few); `claims` lists every number the check depends on.
    """
    called = claims if named is None else named
    return pd.DataFrame(
        {
            "check_id": [check_id(rule, list(ids)) for ids in called],
            "rule": rule,
            "source_id": list(source),
            "study_id": list(study),
            "claim_ids": [";".join(ids) for ids in claims],
            "reported": list(reported),
            "recomputed": list(recomputed),
            "verdict": list(verdict),
            "severity": list(severity),
            "explanation": list(explanation),
        },
        columns=COLUMNS,
        dtype=object,
    )


def empty() -> pd.DataFrame:
    """An empty table with the columns of `checks.csv`."""
    return pd.DataFrame({column: pd.Series(dtype=object) for column in COLUMNS})


class Check(TypedDict):
    """What a rule says of the numbers that it compares; `named` are the claims that name the check (by default all)."""

    reported: str
    recomputed: str
    verdict: str
    explanation: str
    severity: NotRequired[str]
    named: NotRequired[Iterable[str] | None]


class Ledger:
    """Collects the checks of a rule one by one and returns them as rows."""

    def __init__(self, rule: str):
        self.rule = rule
        self._kept: list[dict[str, object]] = []

    def judge(
        self,
        record: Mapping[Any, Any] | pd.Series,
        claims: Iterable[str] | None = None,
        **check: Unpack[Check],
    ) -> None:
        """Record one check of a row's document and study, and of its own claim if no other claims are given."""
        own = [str(record["claim_id"])] if claims is None else claims
        self.add(str(record["source_id"]), str(record["study_id"]), own, **check)

    def add(self, source: str, study: str, claims: Iterable[str], **check: Unpack[Check]) -> None:
        """Record one check of a document, a study and claims."""
        ids = list(dict.fromkeys(claims))
        named = check.pop("named", None)
        place = {"source": source, "study": study, "claims": ids}
        self._kept.append({**place, "severity": NONE, **check, "named": ids if named is None else list(named)})

    def frame(self) -> pd.DataFrame:
        """All recorded checks as rows of `checks.csv`."""
        if not self._kept:
            return empty()
        columns = {name: [note[name] for note in self._kept] for name in self._kept[0]}
        return rows(self.rule, **columns)  # type: ignore[arg-type]
