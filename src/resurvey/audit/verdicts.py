"""The words of a verdict, how grave it is, and the shape of a row of `checks.csv`."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from typing import TypeAlias

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
# Gravest first: the order in which a page and a summary list them.
VERDICTS = (IMPOSSIBLE, CONFLICT, DISCREPANT, OTHER_METHOD, ROUNDING, UNCHECKABLE, REPRODUCED)
FLAGS = (IMPOSSIBLE, CONFLICT, DISCREPANT)
# `rounding` of severity `none` needs no ruling: some rule of rounding reproduces the print up to its last digit. Where
# two places print one quantity to the same precision and differ in the last digit, it has a severity and needs one.
# `uncheckable` needs none: it is a hint or a gap, never a finding.
RULED = (*FLAGS, OTHER_METHOD)

# `none`: nothing hangs on it. `minor`: a digit or a label. `major`: a number that readers use or pool.
# `conclusion`: a stated conclusion (significant or not, better or worse, met or not) would change.
CONCLUSION, MAJOR, MINOR, NONE = "conclusion", "major", "minor", "none"
SEVERITIES = (CONCLUSION, MAJOR, MINOR, NONE)
MAX_ID = 64


def needs_ruling(checks: pd.DataFrame) -> pd.Series:
    """Which rows of checks.csv a person must rule on."""
    slip = (checks["verdict"] == ROUNDING) & (checks["severity"] != NONE)
    return checks["verdict"].isin(RULED) | slip


Strings: TypeAlias = Sequence[str] | np.ndarray | pd.Series


def check_id(rule: str, claims: Sequence[str]) -> str:
    """A name of a check that follows from its rule and claims alone, so that a ruling keeps matching it.

    The longest common document prefix is said once (`repeat-liang2024-med-011-med-047`); a name beyond 64 characters
    is cut and closed with a digest of the whole.
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

    `named` are the claims the check is called after (at most a few), where `claims` lists every number it rests on.
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
    """No checks, with the columns of `checks.csv`."""
    return pd.DataFrame({column: pd.Series(dtype=object) for column in COLUMNS})


class Ledger:
    """Collects single checks of a rule and gives them back as rows; for rules that come a few at a time."""

    def __init__(self, rule: str):
        self.rule = rule
        self._kept: list[dict[str, object]] = []

    def add(
        self,
        source: str,
        study: str,
        claims: Iterable[str],
        *,
        reported: str,
        recomputed: str,
        verdict: str,
        severity: str = NONE,
        explanation: str,
        named: Iterable[str] | None = None,
    ) -> None:
        """Note one check."""
        ids = list(dict.fromkeys(claims))
        self._kept.append(
            {
                "source": source,
                "study": study,
                "claims": ids,
                "reported": reported,
                "recomputed": recomputed,
                "verdict": verdict,
                "severity": severity,
                "explanation": explanation,
                "named": ids if named is None else list(named),
            }
        )

    def frame(self) -> pd.DataFrame:
        """All noted checks as rows of `checks.csv`."""
        if not self._kept:
            return empty()
        columns = {name: [note[name] for note in self._kept] for name in self._kept[0]}
        return rows(self.rule, **columns)  # type: ignore[arg-type]
