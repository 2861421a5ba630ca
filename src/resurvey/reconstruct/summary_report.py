"""What was printed beside what was rebuilt from a summary, and what nobody could know."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from resurvey.reconstruct.result import Reconstruction, accuracy_table
from resurvey.reconstruct.sample import Ensemble
from resurvey.reconstruct.stretch import limits, survival_at
from resurvey.reconstruct.summary_facts import end_of_follow_up

if TYPE_CHECKING:
    from resurvey.reconstruct.summary import SurvivalSummary

Floats = NDArray[np.float64]
METHOD = (
    "smoothest event and censoring hazards that satisfy the printed numbers, drawn with their sampling and shape "
    "uncertainty; whole patients placed so that every printed number holds where it can"
)


def report(s: SurvivalSummary, end: float, made: Ensemble, transform: str) -> Reconstruction:
    """The reconstruction with its table of facts."""
    size, n = made.time.shape
    patients = pd.DataFrame(
        {
            "replicate": np.repeat(np.arange(size), n),
            "time": made.time.ravel(),
            "event": made.event.astype(np.int64).ravel(),
        }
    )
    accuracy = accuracy_table(list(_facts(s, made, transform)))
    return Reconstruction(
        patients,
        accuracy,
        [],
        list(_undetermined(s, end, accuracy)),
        "summary",
        f"{METHOD}; interval of the median read as {transform}",
    )


def _row(fact: str, printed: float, rebuilt: Floats, tolerance: float, note: str = "") -> dict[str, object]:
    finite = rebuilt[np.isfinite(rebuilt)]
    mean = float(finite.mean()) if finite.size else float("inf")
    within = np.abs(rebuilt - printed) <= tolerance * (1 + 1e-6) + 1e-9
    if not within.all():
        note = f"{note}; " if note else ""
        note += f"holds in {int(within.sum())} of {within.size} replicates"
    return {
        "fact": fact,
        "printed": printed,
        "rebuilt": mean,
        "difference": mean - printed,
        "holds": bool(within.all()),
        "note": note,
    }


def _facts(s: SurvivalSummary, made: Ensemble, transform: str) -> Iterator[dict[str, object]]:
    time, event = made.time, made.event
    size, n = time.shape
    yield _row("n", s.n, np.full(size, float(n)), 0)
    if s.events is not None:
        yield _row("events", s.events, event.sum(axis=1), 0)
    median, lower, upper = limits(time, event, s.z, transform)
    for name, printed, rebuilt in (("median", s.median, median), ("lower", s.lower, lower), ("upper", s.upper, upper)):
        if printed is not None:
            yield _row(name, printed, rebuilt, s.time_half_unit, "" if name == "median" else f"{transform} limit")
    for name, flag, rebuilt in (("median", s.median_not_reached, median), ("upper", s.upper_not_reached, upper)):
        if flag:
            kept = ~np.isfinite(rebuilt)
            note = "not reached" if kept.all() else f"not reached in {int(kept.sum())} of {size} replicates"
            shown = float("inf") if kept.all() else float(rebuilt[~kept].mean())
            yield {
                "fact": name,
                "printed": float("inf"),
                "rebuilt": shown,
                "difference": 0.0 if kept.all() else float("nan"),
                "holds": bool(kept.all()),
                "note": note,
            }
    for t, v in s.landmarks:
        yield _row(f"survival at {t:g}", v, survival_at(time, event, [t])[:, 0], s.survival_half_unit)
    for t, y in zip(s.at_risk_times or (), s.at_risk or (), strict=True):
        yield _row(f"at risk at {t:g}", y, (time >= t).sum(axis=1).astype(float), 0)
    if s.longest_follow_up is not None:
        yield _row("longest follow-up", s.longest_follow_up, time.max(axis=1), max(s.time_half_unit, 0.05))
    if s.median_follow_up is not None and (event == 0).any():
        follow = limits(time, 1 - event, s.z, transform)[0]
        finite = follow[np.isfinite(follow)]
        mean = float(finite.mean()) if finite.size else float("inf")
        yield {
            "fact": "median follow-up",
            "printed": s.median_follow_up,
            "rebuilt": mean,
            "difference": mean - s.median_follow_up,
            "holds": bool(finite.size and abs(mean / s.median_follow_up - 1) < 0.15),
            "note": "reverse Kaplan-Meier median, a soft condition (definitions differ): holds within 15 %",
        }


def _undetermined(s: SurvivalSummary, end: float, accuracy: pd.DataFrame) -> Iterator[str]:
    yield "the shape of the curve between the printed points: replicates differ there"
    if not end_of_follow_up(s)[1]:
        yield f"the longest follow-up was not printed: {end:.4g} was inferred"
    if s.events is None:
        yield "the number of events was not printed: it differs between replicates"
    elif s.events < s.n and s.at_risk_times is None:
        yield "when patients were censored: no numbers at risk were printed"
    missed = accuracy.loc[~accuracy["holds"], "fact"].tolist()
    if missed:
        yield f"an arrangement of whole patients that meets every printed number was not found for: {', '.join(missed)}"
