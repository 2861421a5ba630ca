"""Human rulings on checks that failed: which checks have no ruling, and which rulings no longer match a check."""

from __future__ import annotations

import pandas as pd

from resurvey.audit.verdicts import needs_ruling
from resurvey.errors import InconsistentReport

COLUMNS = ["check_id", "verdict", "ruling", "affects", "reason", "by"]
UNRULED = ["check_id", "problem", "explanation"]


def unruled(checks: pd.DataFrame, adjudications: pd.DataFrame) -> pd.DataFrame:
    """Checks without a ruling, and rulings that no longer match a check.

    A ruling is needed for `other-method`, `discrepant`, `conflict`, `impossible`, and for `rounding` where the same
    quantity is printed in two places to the same precision with different last digits (`verdicts.needs_ruling`).
    A ruling matches when its check exists and still has the verdict that was ruled on; a ruling on a check that is now
    reproduced is out of date.

    Parameters
    ----------
    checks : DataFrame
        Rows of checks.csv.
    adjudications : DataFrame
        Columns check_id, verdict, ruling, affects, reason, by.

    Returns
    -------
    DataFrame
        Columns check_id, problem, explanation; one row per problem, sorted; empty when every check is ruled on.
    """
    needed = checks[needs_ruling(checks)]
    ruled = dict(zip(adjudications["check_id"], adjudications["verdict"], strict=True))
    words = dict(zip(checks["check_id"], checks["explanation"], strict=True))
    now = dict(zip(checks["check_id"], checks["verdict"], strict=True))
    problems = [
        (check, f"no ruling on a verdict {verdict}", words[check])
        for check, verdict in zip(needed["check_id"], needed["verdict"], strict=True)
        if check not in ruled
    ]
    for check, verdict in ruled.items():
        if check not in now:
            problems.append((check, "the ruling is on a check that no longer exists", "remove it or rename it"))
        elif now[check] != verdict:
            problem = f"the ruling was on a verdict {verdict}, the check now says {now[check]}"
            problems.append((check, problem, words[check]))
    return pd.DataFrame(sorted(problems), columns=UNRULED)


def verify(checks: pd.DataFrame, adjudications: pd.DataFrame) -> str:
    """One line per verdict, provided that each discrepancy has a ruling and each ruling a check.

    Raises
    ------
    InconsistentReport
        Names every check without a ruling and every ruling without a check.
    """
    problems = unruled(checks, adjudications)
    if len(problems):
        lines = [f"  {row.check_id}: {row.problem} ({row.explanation})" for row in problems.itertuples()]
        advice = "rule on them in data/raw/adjudications.csv (the report is made, and shows them as not yet ruled on)"
        raise InconsistentReport(f"checks and rulings do not match ({len(lines)}); {advice}:\n" + "\n".join(lines))
    counts = checks["verdict"].value_counts()
    lines = [f"{verdict}: {counts[verdict]}" for verdict in sorted(counts.index)]
    lines.append(f"rulings: {len(adjudications)}, each of a check that still says what was ruled on")
    return "\n".join(lines) + "\n"
