"""Compare what was rebuilt from a summary with what was printed, and report what is undetermined."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from resurvey.reconstruct.result import FactRow, Reconstruction, accuracy_table, not_found, stacked_patients
from resurvey.reconstruct.sample import Ensemble
from resurvey.reconstruct.stretch import limits, quantile_times, survival_at
from resurvey.reconstruct.summary_facts import end_of_follow_up, printed_times
from resurvey.reconstruct.survival_summary import SurvivalSummary
from resurvey.results import FactKind, Limit

Floats = NDArray[np.float64]
METHOD = (
    "smoothest event and censoring hazards that satisfy the printed numbers, drawn with their sampling and shape "
    "uncertainty; whole patients placed so that every printed number holds where it can"
)


def report(s: SurvivalSummary, end: float, made: Ensemble, transform: str) -> Reconstruction:
    """The reconstruction with its table of facts."""
    printed = PrintedSummary(s, transform)
    accuracy = accuracy_table([row.record() for row in printed.rows(made.time, made.event)])
    return Reconstruction(
        stacked_patients(made.time, made.event),
        accuracy,
        [],
        list(_undetermined(s, end, accuracy)),
        "summary",
        f"{METHOD}; interval of the median read as {transform}",
        printed,
    )


@dataclass(frozen=True)
class PrintedSummary:
    """The printed numbers of a checked summary, with the interval of its median interpreted by `transform`."""

    summary: SurvivalSummary
    transform: str

    @property
    def times(self) -> tuple[float, ...]:
        """Times at which something printed holds."""
        return tuple(sorted(set(printed_times(self.summary))))

    @property
    def within(self) -> float:
        """Half a unit of the last digit of a printed time."""
        return self.summary.time_half_unit

    def rows(self, time: Floats, event: Floats) -> list[FactRow]:
        """Every printed number in replicates of shape (replicates, n), each sorted by time."""
        return list(_facts(self.summary, time, event, self.transform))


_MEDIAN = {
    "median": (FactKind.MEDIAN, Limit.NONE),
    "lower": (FactKind.MEDIAN_LIMIT, Limit.LOWER),
    "upper": (FactKind.MEDIAN_LIMIT, Limit.UPPER),
}


def _facts(s: SurvivalSummary, time: Floats, event: Floats, transform: str) -> Iterator[FactRow]:
    size, n = time.shape
    yield FactRow("n", FactKind.PATIENTS, s.n, np.full(size, float(n)), 0)
    if s.events is not None:
        yield FactRow("events", FactKind.EVENTS, s.events, event.sum(axis=1), 0)
    rebuilt = dict(zip(("median", "lower", "upper"), limits(time, event, s.z, transform), strict=True))
    for name, printed in (("median", s.median), ("lower", s.lower), ("upper", s.upper)):
        if printed is not None:
            kind, limit = _MEDIAN[name]
            note = f"{transform} limit" if limit else ""
            yield FactRow(name, kind, printed, rebuilt[name], s.time_half_unit, note, limit=limit)
    levels = [v for v, _ in s.quantiles]
    for (v, t), when in zip(s.quantiles, quantile_times(time, event, levels).T, strict=True):
        yield FactRow(f"survival reaches {v:g}", FactKind.QUANTILE, t, when, s.time_half_unit)
    for v, when in zip(s.stays_above, quantile_times(time, event, list(s.stays_above)).T, strict=True):
        yield FactRow(f"survival reaches {v:g}", FactKind.QUANTILE, np.inf, when, 0, "not reached")
    for name, flag in (("median", s.median_not_reached), ("upper", s.upper_not_reached)):
        if flag:
            kind, limit = _MEDIAN[name]
            yield FactRow(name, kind, np.inf, rebuilt[name], 0, "not reached", limit=limit)
    at = survival_at(time, event, [t for t, _ in s.landmarks]) if s.landmarks else np.empty((size, 0))
    for (t, v), value in zip(s.landmarks, at.T, strict=True):
        yield FactRow(f"survival at {t:g}", FactKind.SURVIVAL, v, value, s.survival_half_unit, time=float(t))
    for t, y in zip(s.at_risk_times or (), s.at_risk or (), strict=True):
        left = (time >= t).sum(axis=1).astype(float)
        yield FactRow(f"at risk at {t:g}", FactKind.AT_RISK, y, left, 0, time=float(t))
    if s.longest_follow_up is not None:
        within = max(s.time_half_unit, 0.05)
        kind = FactKind.LONGEST_FOLLOW_UP
        yield FactRow("longest follow-up", kind, s.longest_follow_up, time.max(axis=1), within)
    if s.median_follow_up is not None and (event == 0).any():
        follow = limits(time, 1 - event, s.z, transform)[0]
        note = "reverse Kaplan-Meier median, a soft condition (definitions differ): holds within 15 %"
        kind = FactKind.MEDIAN_FOLLOW_UP
        yield FactRow("median follow-up", kind, s.median_follow_up, follow, 0, note, usual=0.15)


def _undetermined(s: SurvivalSummary, end: float, accuracy: pd.DataFrame) -> Iterator[str]:
    yield "the shape of the curve between the printed points: replicates differ there"
    if not end_of_follow_up(s)[1]:
        yield f"the longest follow-up was not printed: {end:.4g} was inferred"
    about = [t for t, *_ in s.landmarks_about if t <= end]
    if about:
        times = ", ".join(f"{t:g}" for t in about)
        yield f"survival at {times} is known only about (an earlier analysis, or counts): replicates differ there"
    if s.events is None and s.events_about is not None:
        expected, sd = s.events_about
        yield (
            f"the number of events was not printed: the interval of a printed ratio implies {expected:.0f} (standard "
            f"deviation {sd:.0f}), and it differs between replicates"
        )
    elif s.events is None:
        yield "the number of events was not printed: it differs between replicates"
    elif s.events < s.n and s.at_risk_times is None:
        yield "when patients were censored: no numbers at risk were printed"
    yield from not_found(accuracy)
