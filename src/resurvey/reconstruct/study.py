"""Rebuild all arms of one study together from the typed tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from resurvey.errors import NotEstimable, ResurveyError
from resurvey.reconstruct.arm_curve import Curve, from_curve_row
from resurvey.reconstruct.kinds import SHAPES, Shape
from resurvey.reconstruct.pair import HazardRatio, ReconstructedPair, from_pair
from resurvey.reconstruct.pair_by_test import LogRankTest, from_log_rank
from resurvey.reconstruct.printed_between import hazard_ratio_of, printed_ratios, printed_tests
from resurvey.reconstruct.printed_facts import KEY, ArmFacts, gather, risk_rows
from resurvey.reconstruct.ratio_events import with_implied_events
from resurvey.reconstruct.result import Reconstruction
from resurvey.reconstruct.study_tables import Key, RebuiltStudy, StudyArm, assembled
from resurvey.reconstruct.subgroups import from_subgroups
from resurvey.reconstruct.summary import from_summaries
from resurvey.reconstruct.wholes import ALL, followed_as_parts, whole_of_parts
from resurvey.seeds import generator
from resurvey.tables import Tables, settled

Partition = Sequence[str] | Mapping[str, Any]


def rebuild_study(
    typed: Tables,
    study_id: str,
    *,
    replicates: int,
    seed: int,
    block: int = 0,
    partitions: Sequence[Partition] = (),
    curves: Mapping[str, Curve] | None = None,
    given: Mapping[Key, Reconstruction] | None = None,
    shapes: Sequence[Shape] | None = None,
) -> RebuiltStudy:
    """Rebuild every arm, population and endpoint of a study for which a median is printed.

    Subgroups that make up an arm are rebuilt together so that they add up to it. Arms between which a hazard ratio is
    printed are then paired so that it holds; if only the p of a log-rank test is printed, they are paired so that it
    holds approximately. An arm that cannot be rebuilt has a row with the reason and is never omitted.

    Parameters
    ----------
    typed : dict of DataFrame
        Tables as made by `resurvey.clean.tidy`.
    study_id : str
    replicates : int
        Replicates of the ensemble, at least 1.
    seed : int
        The project's seed; each arm or jointly drawn group has its own random stream.
    block : int, default 0
        Number of this block in a longer ensemble; each block has its own random streams. Arms that were `given` and are
        not paired by a ratio are in the first block only.
    partitions : sequence of (sequence of str, or mapping)
        Sets of populations that together make up the whole arm; or `{"whole": arm, "arms": [arm, ...]}` for arms
        without common patients that belong to an arm comprising them.
    curves : mapping of claim id to Curve, optional
        Digitised points for rows of the table curves; such an arm is rebuilt from its curve and everything printed.
    given : mapping of key to Reconstruction, optional
        Arms rebuilt by others, used unchanged.
    shapes : sequence of Shape, optional
        Kinds of hazards, as for `from_summary`.
    """
    typed = settled(typed)
    known = {facts.key: StudyArm(facts) for facts in gather(typed, study_id)}
    for key, taken in (given or {}).items():
        known[key] = StudyArm(ArmFacts(*key, summary=None, reason=""), taken)
    ratios = [(row, hazard_ratio_of(row)) for row in printed_ratios(typed["hazard_ratios"], study_id)]
    for row, ratio in ratios:
        _count_events(known, row, ratio)
    for key, summary in followed_as_parts([arm.facts for arm in known.values()]).items():
        known[key].facts = replace(known[key].facts, summary=summary)
    draws = _Draws(replicates, seed, block, shapes)
    _rebuild_curves(known, typed, study_id, curves or {}, draws)
    of_arms = [one for one in partitions if isinstance(one, Mapping)]
    for populations in partitions:
        if not isinstance(populations, Mapping):
            _rebuild_parts(known, tuple(populations), draws)
    arms = [known[key] for key in sorted(known)]
    wholes = _wholes(known, of_arms, ratios)
    tests = printed_tests(typed, study_id)
    compared = _compared_endpoints(typed, study_id) | {row["endpoint"] for row, _ in tests}
    for group in _together([arm for arm in arms if arm.made is None and arm.facts.key not in wholes]):
        spare = SPARE if any(arm.facts.endpoint in compared for arm in group) else 1
        for arm, (found, reason) in zip(group, _rebuilt(group, spare, draws), strict=True):
            arm.made, arm.reason, arm.alone = found, reason, found is not None
    for row, ratio in ratios:
        _pair(known, row, ratio, draws)
    for row, test in tests:
        _pair_by_test(known, row, test, draws)
    for arm in arms:
        arm.made = _cut(arm.made, replicates)
    for key, parts in wholes.items():
        _rebuild_whole(known, key, parts, draws)
    if block:
        arms = [arm for arm in arms if arm.facts.key not in (given or {}) or arm.paired]
    return assembled(arms, [shape.name for shape in (SHAPES if shapes is None else shapes)])


@dataclass(frozen=True)
class _Draws:
    """Number of replicates, and the random streams from which they are drawn.

    Streams are named by claims, not by arms, so that renaming an arm changes no result.
    """

    replicates: int
    seed: int
    block: int
    shapes: Sequence[Shape] | None = None

    def stream(self, *names: str) -> np.random.Generator:
        # the first block has the same streams as an ensemble without blocks
        return generator(self.seed, *names, *([f"block {self.block}"] if self.block else []))


# A printed ratio chooses among replicates. Arms with a ratio get this multiple of the replicates to choose from, and
# a larger multiple (up to a maximum number of patients) if too few pairs meet the ratio. If the ratio is further away
# than TOO_FAR standard deviations of the log ratio of random pairs, the larger multiple would not help either.
SPARE, MORE, MOST_PATIENTS, TOO_FAR = 2, 8, 2_000_000, 3.5


def _rebuild_curves(
    known: dict[Key, StudyArm], typed: Tables, study_id: str, curves: Mapping[str, Curve], draws: _Draws
) -> None:
    """Rebuild arms with a digitised curve from the curve and everything else printed about them."""
    rows = typed["curves"][typed["curves"]["study_id"] == study_id]
    for _, row in rows.iterrows():
        key: Key = (study_id, row["arm_id"], row["population"], row["endpoint"], row["data_cut"])
        typed_at_risk = risk_rows(typed["risk_tables"], dict(zip(("study_id", *KEY), key, strict=True)))
        claims = (row["claim_id"], *typed_at_risk["claim_id"])
        arm = known.setdefault(key, StudyArm(ArmFacts(*key, summary=None, reason="", claims=claims)))
        summary = arm.facts.summary
        median = (summary.median, summary.lower, summary.upper) if summary and summary.median else None
        try:
            arm.made = from_curve_row(
                row,
                curves[row["claim_id"]],
                typed_at_risk,
                events=getattr(summary, "events", None),
                median=None if median is None else tuple(np.nan if part is None else part for part in median),
                landmarks=list(summary.landmarks) if summary and summary.landmarks else None,
                replicates=draws.replicates,
                rng=draws.stream("curve", row["claim_id"]),
            )
        except ResurveyError as error:
            arm.not_used.append(f"the digitised curve {row['file']} ({row['claim_id']}) was not used: {error}")
        else:
            arm.facts = replace(arm.facts, claims=tuple(dict.fromkeys((*arm.facts.claims, row["claim_id"]))))


def _compared_endpoints(typed: Tables, study_id: str) -> set[str]:
    """Endpoints for which a ratio between two arms of the study is printed."""
    rows = typed["hazard_ratios"]
    printed = (rows["study_id"] == study_id) & np.isfinite(rows["value"])
    return set(rows.loc[printed & rows["arm_id"].ne(rows["comparator_arm_id"]), "endpoint"])


def _together(arms: Sequence[StudyArm]) -> list[list[StudyArm]]:
    """Groups of arms to draw together: same trial, endpoint, population and data cut; an arm of all arms is alone.

    Within a group they are ordered by their numbers, so that no draw depends on a name.
    """
    groups: dict[tuple[str, ...], list[StudyArm]] = {}
    for arm in arms:
        study, name, *rest = arm.facts.key
        alone = arm.facts.summary is None or name == ALL
        groups.setdefault((study, name if alone else "", *rest), []).append(arm)
    return [sorted(group, key=_order) for _, group in sorted(groups.items())]


def _order(arm: StudyArm) -> tuple[float, float, str]:
    summary = arm.facts.summary
    return (summary.n, summary.median or 0.0, arm.facts.arm_id) if summary else (0.0, 0.0, arm.facts.arm_id)


def _rebuilt(group: Sequence[StudyArm], times: int, draws: _Draws) -> list[tuple[Reconstruction | None, str]]:
    """Rebuild the arms of a group, or give reasons; if they cannot be drawn together, each is drawn separately."""
    if len(group) > 1:
        try:
            return [(made, "") for made in _drawn(group, times, "reconstruct", draws)]
        except ResurveyError:
            pass  # each arm then gives its own reason
    return [_one(arm, times, draws) for arm in group]


def _one(arm: StudyArm, times: int, draws: _Draws) -> tuple[Reconstruction | None, str]:
    if arm.facts.summary is None:
        return None, arm.facts.reason
    try:
        return _drawn([arm], times, "reconstruct", draws)[0], ""
    except ResurveyError as error:
        return None, str(error)


def _drawn(group: Sequence[StudyArm], times: int, purpose: str, draws: _Draws) -> list[Reconstruction]:
    """Rebuild the arms of a trial from their summaries, with `times` as many replicates as requested."""
    summaries = [arm.facts.summary for arm in group if arm.facts.summary is not None]
    facts = group[0].facts
    study, _, *rest = facts.key
    rng = draws.stream(purpose, study, *(facts.claims[:1] if len(group) == 1 else []), *rest)
    return from_summaries(summaries, replicates=draws.replicates * times, rng=rng, shapes=draws.shapes)


def _rebuild_parts(known: dict[Key, StudyArm], populations: tuple[str, ...], draws: _Draws) -> None:
    """Rebuild the named populations of every arm and endpoint together with the whole, if all have a summary."""
    for key, whole in known.items():
        keys = [(key[0], key[1], population, key[3], key[4]) for population in populations]
        if key[2] != "all" or any(part not in known for part in keys) or whole.facts.summary is None:
            continue
        if any(known[part].made is not None for part in keys):
            continue  # A part with its own curve is better known than its share of the whole.
        summaries = [known[part].facts.summary for part in keys]
        parts = {name: found for name, found in zip(populations, summaries, strict=True) if found is not None}
        if len(parts) < len(keys):
            continue
        try:
            rng = draws.stream("subgroups", *whole.facts.claims[:1], *populations)
            made = from_subgroups(parts, whole.facts.summary, replicates=draws.replicates, rng=rng)
        except ResurveyError as error:
            # The parts are still rebuilt, each separately; the reason is recorded with them.
            for part in keys:
                known[part].not_used.append(f"not rebuilt with the whole: {error}")
            continue
        for name, part in zip(populations, keys, strict=True):
            known[part].made = made.parts[name]


def _wholes(
    known: dict[Key, StudyArm], partitions: Sequence[Mapping[str, Any]], ratios: Sequence[tuple[pd.Series, HazardRatio]]
) -> dict[Key, list[Key]]:
    """Arms that comprise others and are rebuilt after them, with their parts; not those with a printed ratio."""
    compared = {arm.facts.key for row, _ in ratios for arm in _both(known, row) or ()}
    found = {}
    for partition in partitions:
        for key, whole in known.items():
            if key[1] != partition["whole"] or whole.made is not None or whole.facts.summary is None or key in compared:
                continue
            parts = [(key[0], arm, *key[2:]) for arm in partition["arms"]]
            found[key] = [part for part in parts if part in known]
    return found


def _rebuild_whole(known: dict[Key, StudyArm], key: Key, parts: Sequence[Key], draws: _Draws) -> None:
    """Rebuild an arm that comprises others, with their events; rebuild it separately if they contradict it."""
    whole = known[key]
    made = {part[1]: found for part in parts if (found := known[part].made) is not None}
    if made and whole.facts.summary is not None:
        try:
            rng = draws.stream("whole", *whole.facts.claims[:1])
            whole.made = whole_of_parts(whole.facts.summary, made, replicates=draws.replicates, rng=rng)
            return
        except ResurveyError as error:
            note = f"not rebuilt from its parts: {error}"
            whole.made, whole.reason = _one(whole, 1, draws)
            whole.made = whole.made and _noted(whole.made, [note])
            return
    whole.made, whole.reason = _one(whole, 1, draws)


def _both(known: dict[Key, StudyArm], row: pd.Series) -> tuple[StudyArm, StudyArm] | None:
    """The two groups of patients that a printed ratio compares, if both are known and differ."""
    rest = (row["endpoint"], row["data_cut"])
    first = known.get((row["study_id"], row["arm_id"], row["population"], *rest))
    other = row["comparator_population"] or row["population"]
    second = known.get((row["study_id"], row["comparator_arm_id"], other, *rest))
    return None if first is None or second is None or first is second else (first, second)


def _count_events(known: dict[Key, StudyArm], row: pd.Series, ratio: HazardRatio) -> None:
    """Give groups without printed events the number that the interval of the ratio between them implies."""
    both = _both(known, row)
    if both is None or any(arm.facts.summary is None or arm.facts.summary.events_about for arm in both):
        return
    first, second = (arm.facts.summary for arm in both)
    try:
        counted = with_implied_events(first, second, ratio)  # type: ignore[arg-type]
    except ResurveyError:
        return  # an invalid summary is refused, with its reason, where it is rebuilt
    for arm, summary in zip(both, counted, strict=True):
        arm.facts = replace(arm.facts, summary=summary)


def _pair(known: dict[Key, StudyArm], row: pd.Series, ratio: HazardRatio, draws: _Draws) -> None:
    """Pair the replicates of two groups so that their printed ratio holds; each group is paired once."""
    both = _both(known, row)
    if both is None or any(arm.paired for arm in both):
        return
    first, second = both
    if first.made is None or second.made is None:
        return
    rng = draws.stream("pair", row["claim_id"])
    try:
        made = from_pair(first.made, second.made, ratio, pairs=draws.replicates, rng=rng)
        if not made.holds and made.off < TOO_FAR:
            made = _paired_anew(both, ratio, draws, rng) or made
    except ResurveyError as error:
        note = f"the printed ratio of {row['claim_id']} could not be honoured: {error}"
        first.made, second.made = _noted(first.made, [note]), _noted(second.made, [note])
        return
    _joined(both, made, row["claim_id"])


def _joined(both: tuple[StudyArm, StudyArm], made: ReconstructedPair, claim_id: str) -> None:
    """Give two arms their paired replicates, and add the printed comparison to their facts."""
    for arm, rebuilt in zip(both, (made.first, made.second), strict=True):
        facts = pd.concat([rebuilt.accuracy, made.accuracy.assign(claim_id=claim_id)], ignore_index=True)
        arm.made = _noted(replace(rebuilt, accuracy=facts), made.undetermined)
        arm.paired = True


def _pair_by_test(known: dict[Key, StudyArm], row: pd.Series, test: LogRankTest, draws: _Draws) -> None:
    """Pair the replicates of two groups with a printed log-rank p and no ratio; each group is paired once."""
    both = _both(known, row)
    if both is None or any(arm.paired for arm in both):
        return
    first, second = (arm.made for arm in both)
    if first is None or second is None or {first.evidence, second.evidence} == {"curve"}:
        return
    try:
        made = from_log_rank(first, second, test, pairs=draws.replicates, rng=draws.stream("test", row["claim_id"]))
    except ResurveyError as error:
        note = f"the printed log-rank test of {row['claim_id']} could not be honoured: {error}"
        for arm in both:
            arm.made = arm.made and _noted(arm.made, [note])
        return
    _joined(both, made, row["claim_id"])


def _paired_anew(
    both: tuple[StudyArm, StudyArm], ratio: HazardRatio, draws: _Draws, rng: np.random.Generator
) -> ReconstructedPair | None:
    """The pair made from many more replicates; None if neither arm can have more, or a replicate has no events."""
    fresh = [arm for arm in both if arm.alone and arm.facts.summary is not None]
    patients = sum(arm.facts.summary.n for arm in fresh if arm.facts.summary)
    times = min(MORE, len(fresh) * MOST_PATIENTS // max(patients * draws.replicates, 1))
    if not fresh or times <= SPARE:
        return None
    groups = [fresh] if both[0].facts.population == both[1].facts.population else [[arm] for arm in fresh]
    more = {
        arm.facts.key: made
        for group in groups
        for arm, made in zip(group, _drawn(group, times, "reconstruct more", draws), strict=True)
    }
    first, second = (more.get(arm.facts.key, arm.made) for arm in both)
    assert first is not None and second is not None, "only arms that were rebuilt are paired"
    try:
        return from_pair(first, second, ratio, pairs=draws.replicates, rng=rng)
    except NotEstimable:
        return None


def _noted(made: Reconstruction, notes: Sequence[str]) -> Reconstruction:
    return replace(made, undetermined=[*made.undetermined, *notes])


def _cut(made: Reconstruction | None, replicates: int) -> Reconstruction | None:
    """The requested number of an arm's replicates if it has more, preferably those that meet everything printed."""
    if made is None or made.n_replicates <= replicates:
        return made
    time, event = made.stacked()
    kept = made.meeting(replicates)[:replicates]
    return made.with_patients(time[kept], event[kept], kept)
