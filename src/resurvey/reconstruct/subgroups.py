"""Rebuild subgroups that together make up the whole."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from resurvey import steady
from resurvey.arrays import MOST_REPLICATES, check_count
from resurvey.errors import InconsistentReport, InputError, NotEstimable
from resurvey.reconstruct.ratio_events import forecast_events
from resurvey.reconstruct.result import Reconstruction
from resurvey.reconstruct.sample import Ensemble, shifted
from resurvey.reconstruct.stretch import crossings, limits, stretch_to, survival_at
from resurvey.reconstruct.summary import rebuilt
from resurvey.reconstruct.summary_checks import checked
from resurvey.reconstruct.summary_report import report
from resurvey.reconstruct.survival_summary import SurvivalSummary

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

REST = "rest"
CANDIDATES = 16
SOFT = 0.04
OF_THE_REST = (
    "nothing is printed about these patients: "
    "their number, events and survival are those of the whole minus the named parts"
)


@dataclass(frozen=True)
class ReconstructedSubgroups:
    """Parts that add up, and their union.

    Attributes
    ----------
    parts : dict of str to Reconstruction
        By name, with 'rest' for patients of the whole who are in none of the named parts. Replicate r of every part
        belongs to replicate r of the whole.
    whole : Reconstruction
        The union of the parts, compared with what was printed about the whole.
    """

    parts: dict[str, Reconstruction]
    whole: Reconstruction


@dataclass
class _Part:
    """A part's summary, its replicates, the transformation of its interval, and each replicate's kind of hazard."""

    summary: SurvivalSummary
    made: Ensemble
    transform: str
    end: float
    kinds: tuple[str, ...]


def _part(summary: SurvivalSummary, replicates: int, rng: np.random.Generator) -> _Part:
    made = rebuilt([summary], replicates, rng)
    return _Part(summary, made.ensembles[0], made.transform, made.ends[0], made.kinds)


def from_subgroups(
    parts: Mapping[str, SurvivalSummary],
    whole: SurvivalSummary,
    *,
    replicates: int = 200,
    rng: np.random.Generator | None = None,
) -> ReconstructedSubgroups:
    """Rebuild subgroups so that their patients and events add up to the whole and their union has the whole's curve.

    Every part satisfies its own printed numbers. Replicates of the parts are combined so that the union agrees best
    with the whole, and time is then stretched between the printed times of the parts until the whole's median and
    limits are in place.

    Parameters
    ----------
    parts : mapping of name to SurvivalSummary
        Disjoint subgroups. If they do not make up the whole, the other patients become a part named 'rest'.
    whole : SurvivalSummary
    replicates : int, default 200
    rng : numpy.random.Generator, optional

    Raises
    ------
    InputError
        If `replicates` is out of range, there are no parts, or one is named 'rest'.
    InconsistentReport
        If patients or events of the parts cannot add up to the whole.
    """
    rng = np.random.default_rng(0) if rng is None else rng
    check_count("replicates", replicates, 1, MOST_REPLICATES)
    if not parts or REST in parts:
        raise InputError(f"parts must have at least one subgroup, none of them named {REST!r}, found {sorted(parts)}")
    whole = checked(replace(whole, label=whole.label or "whole"))
    known = {name: checked(_inheriting(part, whole, name)) for name, part in parts.items()}
    _check_sums(known, whole)
    made_whole = rebuilt([whole], min(replicates, 50), rng).ensembles[0]
    known = _with_events(known, whole)
    made = {name: _part(part, replicates, rng) for name, part in known.items()}
    rest = _rest(known, made, whole, made_whole)
    if rest is not None:
        made[REST] = _part(rest, replicates, rng)
    return _together(made, _with_sum(whole, made), replicates, rng)


def _inheriting(part: SurvivalSummary, whole: SurvivalSummary, name: str) -> SurvivalSummary:
    """A part with the whole's longest follow-up and visit schedule unless it has its own."""
    return replace(
        part,
        label=part.label or name,
        longest_follow_up=whole.longest_follow_up if part.longest_follow_up is None else part.longest_follow_up,
        assessment_interval=whole.assessment_interval if part.assessment_interval is None else part.assessment_interval,
        ci_method=part.ci_method or whole.ci_method,
    )


def _check_sums(parts: dict[str, SurvivalSummary], whole: SurvivalSummary) -> None:
    faults = []
    n = sum(part.n for part in parts.values())
    listed = " + ".join(f"{name} {part.n}" for name, part in parts.items())
    if n > whole.n:
        faults.append(
            f"the parts hold {n} patients ({listed}), the whole {whole.n}: they overlap or belong to another population"
        )
    events = [part.events for part in parts.values()]
    seen = sum(e for e in events if e is not None)
    room = sum(part.n for part in parts.values() if part.events is None) + max(whole.n - n, 0)
    if whole.events is not None and seen > whole.events:
        faults.append(f"the parts have {seen} events, the whole {whole.events}")
    elif whole.events is not None and whole.events - seen > room:
        faults.append(
            f"the whole has {whole.events} events, the parts {seen}, and only {room} patients are left for the others"
        )
    if faults:
        raise InconsistentReport("; ".join(faults))


def _with_events(parts: dict[str, SurvivalSummary], whole: SurvivalSummary) -> dict[str, SurvivalSummary]:
    """Divide the whole's remaining events among the parts that print none."""
    silent = [name for name, part in parts.items() if part.events is None]
    if whole.events is None:
        return _with_inferred_events(parts, whole)
    if not silent:
        return parts
    rest = whole.n - sum(part.n for part in parts.values())
    left = whole.events - sum(part.events for part in parts.values() if part.events is not None)
    rate = whole.events / whole.n
    sizes = np.array([parts[name].n for name in silent] + [rest])
    foretold = np.array([_expected(parts[name], rate) for name in silent] + [rest * rate])
    # the odds of an event are multiplied equally until the events add up: no part gets more events than patients
    expected = shifted(sizes[None], (foretold / np.maximum(sizes, 1))[None], np.array([left]))[0]
    upto = np.rint(np.cumsum(expected)).astype(int)
    share = np.diff(np.concatenate([[0], upto]))
    return parts | {name: replace(parts[name], events=int(e)) for name, e in zip(silent, share, strict=False)}


def _expected(part: SurvivalSummary, rate: float) -> float:
    """Events predicted by a part's own numbers (fewer for a longer median); at the whole's rate if it has none."""
    if part.events_about is not None:
        return part.events_about[0]
    try:
        return steady.exp(forecast_events(part)[0])
    except NotEstimable:
        return part.n * rate


def _with_inferred_events(parts: dict[str, SurvivalSummary], whole: SurvivalSummary) -> dict[str, SurvivalSummary]:
    """Divide the whole's inferred events among parts without any, at its rate and with proportional uncertainty."""
    if whole.events_about is None:
        return parts
    expected, sd = whole.events_about
    return {
        name: part
        if part.events is not None or part.events_about is not None
        else replace(part, events_about=(expected * part.n / whole.n, sd * part.n / whole.n))
        for name, part in parts.items()
    }


def _rest(
    parts: dict[str, SurvivalSummary], made: dict[str, _Part], whole: SurvivalSummary, made_whole: Ensemble
) -> SurvivalSummary | None:
    """Summary of the patients in none of the parts: approximately, survival of the whole minus that of the parts."""
    n = whole.n - sum(part.n for part in parts.values())
    if n == 0:
        return None
    known = all(part.events is not None for part in parts.values())
    events = (
        whole.events - sum(part.events or 0 for part in parts.values()) if whole.events is not None and known else None
    )
    times = sorted(
        {t for t in (whole.lower, whole.median, whole.upper, *(t for t, _ in whole.landmarks)) if t is not None}
    )
    left = whole.n * survival_at(made_whole.time, made_whole.event, times).mean(axis=0) if times else np.empty(0)
    for part in made.values():
        if times:
            left = left - part.summary.n * survival_at(part.made.time, part.made.event, times).mean(axis=0)
    value = np.minimum.accumulate(np.clip(left / n, 0.02, 0.98))
    landmarks = () if events in (0, n) else tuple(zip(times, value.tolist(), strict=True))
    return checked(
        SurvivalSummary(
            n=n,
            events=events,
            landmarks=landmarks,
            survival_rounding=max(SOFT, 0.5 / n),
            longest_follow_up=whole.longest_follow_up or float(made_whole.time.max()),
            assessment_interval=whole.assessment_interval,
            time_unit=whole.time_unit,
            label=REST,
        )
    )


def _with_sum(whole: SurvivalSummary, made: dict[str, _Part]) -> SurvivalSummary:
    """The whole with the sum of the parts' events if only the parts print theirs."""
    events = [part.summary.events for part in made.values()]
    if whole.events is None and all(e is not None for e in events):
        return replace(whole, events=int(sum(e for e in events if e is not None)))
    return whole


def _together(
    made: dict[str, _Part], whole: SurvivalSummary, size: int, rng: np.random.Generator
) -> ReconstructedSubgroups:
    """Combine replicates, stretch time to the whole, and report on all."""
    chosen = _combined(made, whole, size, rng)
    picked = {name: (part.made.time[chosen[name]], part.made.event[chosen[name]]) for name, part in made.items()}
    time, event = _union(picked)
    transform = whole.ci_method or next(iter(made.values())).transform
    held = np.column_stack(list(_held(made, picked, whole, time)))
    held = np.sort(np.where(np.isfinite(held), held, 0.0), axis=1)
    stretch = stretch_to(whole, crossings(whole, time, event, transform), _apart(held), rng)
    parts = {}
    for name, part in made.items():
        t, e = picked[name]
        moved = Ensemble(stretch.apply(t), e, stretch.possible)
        parts[name] = report(part.summary, part.end, moved, part.transform)
        parts[name] = replace(parts[name], shapes=tuple(part.kinds[row] for row in chosen[name]))
        if name == REST:
            parts[name] = replace(parts[name], repairs=[OF_THE_REST])
    time, event = _union({name: (stretch.apply(t), e) for name, (t, e) in picked.items()})
    union = report(whole, max(part.end for part in made.values()), Ensemble(time, event, stretch.possible), transform)
    return ReconstructedSubgroups(parts, union)


def _combined(made: dict[str, _Part], whole: SurvivalSummary, size: int, rng: np.random.Generator) -> dict[str, Ints]:
    """For each replicate of the whole, the replicate of each part: the best of several random combinations."""
    best: dict[str, Ints] = {}
    cost = np.full(size, np.inf)
    for _ in range(CANDIDATES):
        trial = {name: rng.permutation(size) for name in made}
        time, event = _union(
            {name: (part.made.time[trial[name]], part.made.event[trial[name]]) for name, part in made.items()}
        )
        value = _misfit(whole, time, event)
        better = value < cost
        best = {name: np.where(better, trial[name], best.get(name, trial[name])) for name in made}
        cost = np.where(better, value, cost)
    return best


def _misfit(whole: SurvivalSummary, time: Floats, event: Floats) -> Floats:
    """Distance of a union from the whole: log times of median and limits, survival, patients at risk."""
    value = np.zeros(time.shape[0])
    for rebuilt_, printed in zip(
        limits(time, event, whole.z, whole.ci_method or "log-log"),
        (whole.median, whole.lower, whole.upper),
        strict=True,
    ):
        if printed:
            value += np.minimum(np.abs(steady.log(np.where(rebuilt_ > 0, rebuilt_, 1e-9) / printed)) / 0.05, 20) ** 2
    if whole.landmarks:
        at = survival_at(time, event, [t for t, _ in whole.landmarks])
        value += (((at - np.array([v for _, v in whole.landmarks])) / 0.02) ** 2).sum(axis=1)
    for t, y in zip(whole.at_risk_times or (), whole.at_risk or (), strict=True):
        value += (((time >= t).sum(axis=1) - y) / max(0.02 * whole.n, 1.0)) ** 2
    return value


def _union(parts: Mapping[str, tuple[Floats, Floats]]) -> tuple[Floats, Floats]:
    """All patients of the parts, sorted by time, events before censorings at tied times."""
    time = np.hstack([t for t, _ in parts.values()])
    event = np.hstack([e for _, e in parts.values()])
    order = np.lexsort((-event, time), axis=1)
    return np.take_along_axis(time, order, axis=1), np.take_along_axis(event, order, axis=1)


def _held(
    made: dict[str, _Part], picked: Mapping[str, tuple[Floats, Floats]], whole: SurvivalSummary, time: Floats
) -> Iterator[Floats]:
    """Times that may not move: 0, the ends, all printed times, and the events around the parts' medians and limits."""
    size = time.shape[0]
    yield np.zeros(size)
    yield time.max(axis=1)
    for when in sorted({t for t, _ in whole.landmarks} | set(whole.at_risk_times or ())):
        yield np.full(size, when)
    for name, part in made.items():
        s = part.summary
        t, e = picked[name]
        if name != REST:
            for when in sorted({t for t, _ in s.landmarks} | set(s.at_risk_times or ()) | {part.end}):
                yield np.full(size, when)
        for now, _ in crossings(s, t, e, part.transform):
            yield from _events_around(t, e, now)


def _events_around(time: Floats, event: Floats, at: Floats) -> tuple[Floats, Floats]:
    """The last event at or before a time of each row, and the first at or after it.

    A median in the middle of a level stretch of the curve stays in place only if both ends of the stretch do.
    """
    seen = event > 0
    before = np.where(seen & (time <= at[:, None]), time, -np.inf).max(axis=1)
    after = np.where(seen & (time >= at[:, None]), time, np.inf).min(axis=1)
    return before, after


def _apart(held: Floats) -> Floats:
    """Held times of each row, with repeated ones replaced so that all rows have the same length and times are distinct.

    The replacements are just before the end of the row, where nothing has to move past them.
    """
    out = held.copy()
    for row in out:
        distinct = np.unique(row)
        keep = distinct[np.concatenate(([True], np.diff(distinct) > 1e-6 * row[-1]))]
        filler = row[-1] * (1 - 1e-5 * np.arange(1, row.size - keep.size + 1))
        row[:] = np.sort(np.concatenate([keep, filler]))
    return out
