"""Categories against their total, subgroups against the whole, and counts that stand for two things."""

from __future__ import annotations

import numpy as np
import pandas as pd

from resurvey.audit.context import Context
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
    frame = context["proportions"]
    frame = frame[(frame["partition"] != "") & (frame["n_op"] == "=")].reset_index(drop=True)
    ledger = Ledger("category-sum")
    if frame.empty:
        return ledger.frame()
    total, _ = denominators(context, frame)
    frame = frame.assign(whole=total)
    frame = frame[frame["whole"] > 0]
    complete = _complete_sets(context["proportions"])
    for key, group in frame.groupby(GROUP, sort=False):
        if len(group) > 1 and complete.get(key) == len(group):
            _judge_sum(ledger, key, group)
    return ledger.frame()


def _complete_sets(frame: pd.DataFrame) -> dict[tuple[str, ...], int]:
    named = frame[frame["partition"] != ""]
    return dict(named.groupby(GROUP, sort=False).size())


def _judge_sum(ledger: Ledger, key: tuple[str, ...], group: pd.DataFrame) -> None:
    source, study, _, _, _, partition = key
    added, totals = group["n"].sum(), group["whole"].unique()
    if len(totals) > 1:
        return
    whole = totals[0]
    verdict, severity, words = REPRODUCED, NONE, f"the categories of {partition} add up to {int(added)} of {int(whole)}"
    if added != whole:
        verdict, severity, more = _why_not(group, added, whole)
        words += more
    ledger.add(
        source,
        study,
        group["claim_id"],
        named=[group["claim_id"].min()],
        reported=" + ".join(group["n_text"]) + f" of {int(whole)}",
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
    """How far each percentage is from its count over `whole`, beyond its rounding (0 where it fits)."""
    counts = printed["n"].to_numpy(float) if n is None else np.full(len(printed), float(n))
    exact = 100 * counts / whole
    low, high = printed["percent_min"].to_numpy(float), printed["percent_max"].to_numpy(float)
    return np.maximum(0, np.maximum(low - exact, exact - high) - SLACK)


@register("percent-sum", "sum of the percentages of a set of categories = 100 within their rounding")
def check_percent_sum(context: Context) -> pd.DataFrame:
    """Percentages of exclusive and exhaustive categories must be able to add up to 100."""
    frame = context["proportions"]
    frame = frame[(frame["partition"] != "") & frame["percent_op"].isin(["=", "~"])]
    ledger = Ledger("percent-sum")
    complete = _complete_sets(context["proportions"])
    for key, group in frame.groupby(GROUP, sort=False):
        if len(group) > 1 and complete.get(key) == len(group):
            _judge_percents(ledger, key, group)
    return ledger.frame()


def _judge_percents(ledger: Ledger, key: tuple[str, ...], group: pd.DataFrame) -> None:
    source, study, _, _, _, partition = key
    printed = group["percent"].sum()
    half = (group["percent_max"] - group["percent_min"]).sum() / 2
    nearest = abs(printed - 100) <= half + SLACK
    # Digits cut off all the way down, or rounded up all the way, leave up to one unit a category.
    loose = abs(printed - 100) <= 2 * half + SLACK
    verdict = REPRODUCED if nearest else ROUNDING if loose else DISCREPANT
    counted = group["n"].notna().all() and (group["total_op"] == "=").all()
    allowed = f"{show(100 - half, 5)} to {show(100 + half, 5)}"
    words = f"the percentages of {partition} add up to {show(printed, 5)}; rounding allows {allowed}"
    if verdict == DISCREPANT and counted and group["n"].sum() != group["total"].iloc[0]:
        words += f"; their counts add up to {int(group['n'].sum())} of {int(group['total'].iloc[0])} too"
    ledger.add(
        source,
        study,
        group["claim_id"],
        named=[group["claim_id"].min()],
        reported=" + ".join(group["percent_text"]),
        recomputed=show(printed, 5),
        verdict=verdict,
        severity=NONE if verdict != DISCREPANT else MINOR,
        explanation=words,
    )
