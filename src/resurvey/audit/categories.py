"""Categories against their total, subgroups against the whole, and counts used for two different things."""

from __future__ import annotations

import numpy as np
import pandas as pd

from resurvey.audit.context import Context, grouped
from resurvey.audit.denominators import GROUP, denominators
from resurvey.audit.registry import register
from resurvey.audit.verdicts import (
    DISCREPANT,
    IMPOSSIBLE,
    MINOR,
    NONE,
    OTHER_METHOD,
    REPRODUCED,
    ROUNDING,
    Ledger,
)
from resurvey.reported import show

SLACK = 1e-9


@register("category-sum", "sum of n over a set of categories = N")
def check_category_sum(context: Context) -> pd.DataFrame:
    """Counts of exclusive and exhaustive categories must add up to their denominator."""
    frame = _sets(context)
    sums = frame.groupby(GROUP, sort=False).agg(
        added=("n", "sum"),
        counted=("n", "count"),
        rows=("n", "size"),
        whole=("whole", "first"),
        wholes=("whole", "nunique"),
    )
    usable = (sums["counted"] == sums["rows"]) & (sums["rows"] > 1) & (sums["wholes"] == 1)
    ledger = Ledger("category-sum")
    groups = grouped(frame, GROUP)
    for key, added, whole in zip(sums.index[usable], sums["added"][usable], sums["whole"][usable], strict=True):
        _judge_sum(ledger, groups[key], added, whole)
    return ledger.frame()


def _sets(context: Context) -> pd.DataFrame:
    """Rows of `proportions` that belong to a set of categories, with their denominator as `whole`."""
    frame = context["proportions"]
    frame = frame[frame["partition"] != ""].reset_index(drop=True)
    return frame.assign(whole=denominators(context, frame)[0])


def _judge_sum(ledger: Ledger, group: list[dict], added: float, whole: float) -> None:
    first = group[0]
    words = f"the categories of {first['partition']} add up to {int(added)} of {int(whole)}"
    verdict, severity = REPRODUCED, NONE
    if added != whole:
        verdict, severity, more = _why_not(pd.DataFrame(group), added, whole)
        words += more
    claims = [row["claim_id"] for row in group]
    ledger.judge(
        first,
        claims,
        named=[min(claims)],
        reported=" + ".join(row["n_text"] for row in group) + f" of {int(whole)}",
        recomputed=f"{int(added)}",
        verdict=verdict,
        severity=severity,
        explanation=words,
    )


def _why_not(group: pd.DataFrame, added: float, whole: float) -> tuple[str, str, str]:
    """Verdict, severity and reason when the counts do not add up."""
    printed = group[group["percent_op"] == "="]
    if len(printed) and added > 0 and (_misses(printed, added) <= SLACK).all() and (_misses(printed, whole) > 0).any():
        gap = f"{int(whole - added)} of {int(whole)} unknown are not shown" if added < whole else "not on the total"
        return OTHER_METHOD, NONE, f"; the percentages are of these {int(added)}, so {gap}"
    for _, row in printed.iterrows():
        other = round(row["percent"] * whole / 100)
        if other != row["n"] and added - row["n"] + other == whole and _misses(row.to_frame().T, whole, other)[0] <= 0:
            reason = (
                f"; with {other} ({row['percent_text']} %) in place of {row['n_text']} for {row['item']} they would"
            )
            return DISCREPANT, MINOR, reason
    if added > whole:
        return (
            IMPOSSIBLE,
            MINOR,
            f", {int(added - whole)} more than there are, though the categories exclude each other",
        )
    return DISCREPANT, MINOR, f", so {int(whole - added)} are in none of them and no unknown category is printed"


def _misses(printed: pd.DataFrame, whole: float, n: float | None = None) -> np.ndarray:
    """Distance of each percentage from its count over `whole`, beyond rounding (0 where it fits)."""
    counts = printed["n"].to_numpy(float) if n is None else np.full(len(printed), float(n))
    exact = 100 * counts / whole
    low, high = printed["percent_min"].to_numpy(float), printed["percent_max"].to_numpy(float)
    return np.maximum(0, np.maximum(low - exact, exact - high) - SLACK)


@register("percent-sum", "sum of the percentages of a set of categories = 100 within their rounding")
def check_percent_sum(context: Context) -> pd.DataFrame:
    """Percentages of exclusive and exhaustive categories must be able to add up to 100."""
    frame = context["proportions"]
    ledger = Ledger("percent-sum")
    for group in grouped(frame[frame["partition"] != ""], GROUP).values():
        if len(group) > 1 and all(row["percent_op"] in ("=", "~") for row in group):
            _judge_percents(ledger, group)
    return ledger.frame()


def _judge_percents(ledger: Ledger, group: list[dict]) -> None:
    first = group[0]
    printed = sum(row["percent"] for row in group)
    half = sum(row["percent_max"] - row["percent_min"] for row in group) / 2
    nearest = abs(printed - 100) <= half + SLACK
    # If every percentage is truncated, or every one rounded up, the sum may be off by up to one unit per category.
    loose = abs(printed - 100) <= 2 * half + SLACK
    verdict = REPRODUCED if nearest else ROUNDING if loose else DISCREPANT
    words = f"the percentages of {first['partition']} add up to {show(printed, 5)}"
    words += f"; rounding allows {show(100 - half, 5)} to {show(100 + half, 5)}"
    counted = all(row["n_op"] == "=" and row["total_op"] == "=" for row in group)
    added = sum(row["n"] for row in group) if counted else None
    if verdict == DISCREPANT and counted and added != first["total"]:
        words += f"; their counts add up to {int(added or 0)} of {int(first['total'])} too"
    claims = [row["claim_id"] for row in group]
    ledger.judge(
        first,
        claims,
        named=[min(claims)],
        reported=" + ".join(row["percent_text"] for row in group),
        recomputed=show(printed, 5),
        verdict=verdict,
        severity=NONE if verdict != DISCREPANT else MINOR,
        explanation=words,
    )
