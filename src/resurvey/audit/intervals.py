"""Printed confidence intervals of proportions, and the standard method that reproduces them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd

from resurvey import proportion_limits
from resurvey.audit.context import Context, records, standard_name
from resurvey.audit.denominators import denominators
from resurvey.audit.registry import register
from resurvey.audit.verdicts import (
    DISCREPANT,
    IMPOSSIBLE,
    MAJOR,
    MINOR,
    NONE,
    OTHER_METHOD,
    REPRODUCED,
    ROUNDING,
    UNCHECKABLE,
    Ledger,
)
from resurvey.reported import show

SLACK = 1e-7
Fits = Callable[[dict[str, Any], tuple[float, float]], bool]
SPELLINGS = {
    "clopper": "Clopper-Pearson",
    "exact": "Clopper-Pearson",
    "binomial": "Clopper-Pearson",
    "agresti": "Agresti-Coull",
    "jeffrey": "Jeffreys",
    "mid": "mid-P",
    "continuity": "Wilson with continuity correction",
    "wilson": "Wilson",
    "score": "Wilson",
    "wald": "Wald",
    "normal": "Wald",
}


@register(
    "binomial-interval",
    "limits of x/N by Clopper-Pearson, Wilson, Wald, Agresti-Coull, Jeffreys, score with continuity, mid-P",
    "Newcombe 1998; Brown, Cai and DasGupta 2001",
)
def check_binomial_interval(context: Context) -> pd.DataFrame:
    """Every printed interval of a proportion, recomputed by every method from the counts it may stand for."""
    frame = context["proportions"]
    frame = frame[(frame["lower_op"] == "=") & (frame["upper_op"] == "=")].reset_index(drop=True)
    ledger = Ledger("binomial-interval")
    if frame.empty:
        return ledger.frame()
    total, _ = denominators(context, frame)
    counts = [_counts(record, size) for record, size in zip(records(frame), total, strict=True)]
    limits = _all_limits(frame, total, counts)
    for row, record in enumerate(records(frame)):
        _judge_interval(ledger, record, total[row], counts[row], limits[row])
    return ledger.frame()


def _counts(record: dict[str, Any], total: float) -> list[int]:
    """Whole counts that a row may stand for: the printed one, or those its percentage admits."""
    if not total > 0:
        return []
    if record["n_op"] == "=":
        return [int(record["n"])] if record["n"] <= total else []
    if record["percent_op"] not in ("=", "~"):
        return []
    low, high = float(record["percent_min"]) * total / 100, float(record["percent_max"]) * total / 100
    return list(range(max(0, int(np.ceil(low - SLACK))), min(int(total), int(high + SLACK)) + 1))[:200]


def _all_limits(
    frame: pd.DataFrame, total: np.ndarray, counts: list[list[int]]
) -> list[list[dict[str, tuple[float, float]]]]:
    """Limits in per cent, by row, count and method; computed for all rows at once."""
    row = np.array([r for r, ks in enumerate(counts) for _ in ks], dtype=int)
    x = np.array([k for ks in counts for k in ks], dtype=float)
    found: list[list[dict[str, tuple[float, float]]]] = [[] for _ in counts]
    if not row.size:
        return found
    level = frame["ci_level"].fillna(95.0).to_numpy(float)[row] / 100
    computed = {
        name: proportion_limits.interval(x, total[row], level=level, method=name) for name in proportion_limits.METHODS
    }
    for place, r in enumerate(row):
        found[r].append({name: (100 * low[place], 100 * high[place]) for name, (low, high) in computed.items()})
    return found


def _judge_interval(
    ledger: Ledger,
    record: dict[str, Any],
    total: float,
    counts: list[int],
    limits: list[dict[str, tuple[float, float]]],
) -> None:
    printed = f"{record['percent_text'] or record['n_text']} ({record['lower_text']}-{record['upper_text']})"
    if record["percent_op"] in ("=", "~") and not _holds(record):
        words = f"the estimate {record['percent_text']} % lies outside its own interval"
        verdict, severity, recomputed = IMPOSSIBLE, MAJOR, ""
    elif not counts:
        words = "no count and denominator are printed from which the interval could be computed"
        verdict, severity, recomputed = UNCHECKABLE, NONE, ""
    else:
        verdict, severity, recomputed, words = _match(record, total, counts, limits)
    ledger.judge(
        record,
        reported=printed,
        recomputed=recomputed,
        verdict=verdict,
        severity=severity,
        explanation=words,
    )


def _holds(record: dict[str, Any]) -> bool:
    return bool(record["lower_min"] <= record["percent_max"] and record["percent_min"] <= record["upper_max"])


def _match(
    record: dict[str, Any], total: float, counts: list[int], limits: list[dict[str, tuple[float, float]]]
) -> tuple[str, str, str, str]:
    """Verdict, severity, recomputed limits and explanation; the named method is tried first, then all others."""
    named = standard_name(str(record["ci_method"]), SPELLINGS)
    for name, fits, rule in _attempts(named):
        for k, by_method in zip(counts, limits, strict=True):
            if fits(record, by_method[name]):
                low, high = by_method[name]
                verdict = _matched_verdict(name, named, rule)
                words = f"{name} of {k}/{int(total)} gives {show(low)} to {show(high)} %{rule}"
                if verdict == OTHER_METHOD:
                    words += f"; the named method ({named}) gives " + _span(by_method[named])
                return verdict, NONE, f"{show(low)}-{show(high)} ({name})", words
    k, by_method = counts[len(counts) // 2], limits[len(counts) // 2]
    name = named or "Clopper-Pearson"
    words = f"no standard method gives this interval for {k}/{int(total)}: {name} gives {_span(by_method[name])}"
    return DISCREPANT, MINOR, f"{_span(by_method[name])} ({name})", words


def _attempts(named: str) -> list[tuple[str, Fits, str]]:
    """Methods and rounding rules to try in turn: the named method under every rule before any other method."""
    ways: list[tuple[Fits, str]] = [(_nearest, ""), (_within_a_unit, ", digits cut off or rounded up")]
    others = [name for name in proportion_limits.METHODS if name != named]
    own = [(named, fits, rule) for fits, rule in ways if named]
    return own + [(name, fits, rule) for fits, rule in ways for name in others]


def _matched_verdict(name: str, named: str, rule: str) -> str:
    if named and name != named:
        return OTHER_METHOD
    return ROUNDING if rule else REPRODUCED


def _span(limits: tuple[float, float]) -> str:
    return f"{show(limits[0])} to {show(limits[1])}"


def _nearest(record: dict[str, Any], limits: tuple[float, float]) -> bool:
    return all(
        float(record[f"{end}_min"]) - SLACK <= limit <= float(record[f"{end}_max"]) + SLACK
        for end, limit in zip(("lower", "upper"), limits, strict=True)
    )


def _within_a_unit(record: dict[str, Any], limits: tuple[float, float]) -> bool:
    return all(
        abs(float(record[end]) - limit) < float(record[f"{end}_max"]) - float(record[f"{end}_min"]) - SLACK
        for end, limit in zip(("lower", "upper"), limits, strict=True)
    )
