"""Make a whole agree with its parts: it is followed at least as long as its parts, and has their events.

The parts here have their own printed numbers and are rebuilt separately (`resurvey.reconstruct.subgroups` rebuilds
parts with few printed numbers together with their whole).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from resurvey.errors import InconsistentReport, ResurveyError
from resurvey.reconstruct.printed_facts import ArmFacts
from resurvey.reconstruct.result import Reconstruction
from resurvey.reconstruct.summary import from_summary
from resurvey.reconstruct.summary_checks import checked
from resurvey.reconstruct.summary_facts import followed_to
from resurvey.reconstruct.survival_summary import SurvivalSummary

ALL = "all"
Key = tuple[str, str, str, str, str]


def is_part(part: ArmFacts, whole: ArmFacts) -> bool:
    """Whether a group is by its name a part of another: a population of the arm, or one of all arms."""
    if (part.endpoint, part.data_cut) != (whole.endpoint, whole.data_cut) or part.key == whole.key:
        return False
    arm = part.arm_id == whole.arm_id or whole.arm_id == ALL
    return arm and (part.population == whole.population or whole.population == ALL)


def followed_as_parts(facts: Sequence[ArmFacts]) -> dict[Key, SurvivalSummary]:
    """Changed summaries of wholes with a part whose follow-up is longer than that from the whole's own numbers."""
    ends = {one.key: _end(one.summary) for one in facts}
    changed = {}
    for whole in facts:
        longest = max((ends[part.key] for part in facts if is_part(part, whole)), default=0.0)
        if whole.summary is not None and 0.0 < ends[whole.key] < longest:
            changed[whole.key] = replace(whole.summary, followed_at_least=longest)
    return changed


def _end(summary: SurvivalSummary | None) -> float:
    """The longest follow-up; 0 if the numbers do not suffice for an arm (reported when it is rebuilt)."""
    if summary is None:
        return 0.0
    try:
        return followed_to(checked(summary))
    except (ResurveyError, ValueError):
        return 0.0


def whole_of_parts(
    whole: SurvivalSummary, parts: Mapping[str, Reconstruction], *, replicates: int, rng: np.random.Generator
) -> Reconstruction:
    """Rebuild a whole without printed events using the events and follow-up of its previously rebuilt parts.

    Events of the parts are summed in every replicate; patients in none of the parts have events at the rate of the
    parts. Replicates of the whole are ordered by these sums, so that replicate r of the whole belongs to replicate r of
    the parts. A whole with printed events is rebuilt from its own numbers alone.

    Parameters
    ----------
    whole : SurvivalSummary
    parts : mapping of name to Reconstruction
        Groups without common patients, with `replicates` replicates each.
    replicates : int
    rng : numpy.random.Generator

    Raises
    ------
    InconsistentReport
        If the parts have more patients, or more events, than the whole.
    """
    stacks = [part.stacked() for part in parts.values()]
    events = np.sum([event.sum(axis=1) for _, event in stacks], axis=0)
    listed = " + ".join(f"{name} {time.shape[1]}" for name, (time, _) in zip(parts, stacks, strict=True))
    n = sum(time.shape[1] for time, _ in stacks)
    if n > whole.n:
        raise InconsistentReport(f"the parts hold {n} patients ({listed}), the whole {whole.n}")
    if whole.events is not None:
        if whole.events < events.min():
            raise InconsistentReport(f"the parts have at least {events.min():g} events, the whole {whole.events}")
        return from_summary(whole, replicates=replicates, rng=rng)
    rest, rate = whole.n - n, float(events.mean()) / n
    expected = min(float(events.mean()) + rest * rate, whole.n - 0.5)
    sd = float(np.sqrt(events.var() + rest * rate * (1 - rate) + 0.25))
    ends = [float(time.max()) for time, _ in stacks]
    longest = max([*ends, whole.followed_at_least or 0.0])
    summary = replace(whole, events_about=(expected, sd), followed_at_least=longest)
    made = from_summary(summary, replicates=replicates, rng=rng)
    return _ordered(made, events)


def _ordered(made: Reconstruction, events: np.ndarray) -> Reconstruction:
    """The same replicates, reordered so that those with most events are where the parts have most."""
    time, event = made.stacked()
    own = np.argsort(event.sum(axis=1), kind="stable")
    order = np.empty(own.size, dtype=np.intp)
    order[np.argsort(events[: own.size], kind="stable")] = own
    return made.with_patients(time[order], event[order], order)
