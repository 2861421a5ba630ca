"""What printed numbers alone make of arms whose curves were digitised: a validation on the project's own data.

Arms that have both are rebuilt twice: from all that is printed of each arm, without the ratio or test between them; and
from the points of the curve. The printed ratio, which neither was told, stands beside both.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from math import floor, nan

import numpy as np
import pandas as pd

from resurvey.compare.rubin import EnsembleEstimate, rubin
from resurvey.errors import NotEstimable, ResurveyError
from resurvey.reconstruct import SurvivalSummary, from_summaries
from resurvey.reconstruct.arm_curve import Curve, from_curve_row
from resurvey.reconstruct.kinds import Shape
from resurvey.reconstruct.printed_between import printed_ratios
from resurvey.reconstruct.printed_facts import ArmFacts, gather, risk_rows
from resurvey.reconstruct.result import Reconstruction
from resurvey.results import BESIDE_CURVES, Quantity, Reference
from resurvey.seeds import generator
from resurvey.survival.cox import stack_cox
from resurvey.survival.rmst import common_horizon
from resurvey.survival.stack import PatientStack, pair_risk_sets
from resurvey.tables import Tables

#: Restricted means end, in whole months, when fewer than this share of the patients of a curve are at risk.
AT_RISK = 0.1
GROUP = ["endpoint", "population", "data_cut"]


@dataclass(frozen=True)
class Both:
    """One arm: the row of its curve, its patients from the curve and, where its printed numbers suffice, from those."""

    row: pd.Series
    curve: PatientStack
    summary: PatientStack | None


def beside_curves(
    typed: Tables,
    study_id: str,
    curves: Mapping[str, Curve],
    *,
    replicates: int,
    seed: int,
    shapes: Sequence[Shape] | None = None,
    told: Sequence[str] | None = None,
) -> pd.DataFrame:
    """Set what printed numbers alone make of the arms of a study beside their digitised curves.

    Parameters
    ----------
    typed : dict of DataFrame
        Tables as made by `resurvey.clean.tidy`.
    study_id : str
    curves : mapping of claim id to Curve
        Points of the rows of the table curves.
    replicates, seed : int
        As for `resurvey.reconstruct.study.rebuild_study`.
    shapes : sequence of Shape, optional
        Kinds of hazards, as for `from_summary`.
    told : sequence of str, optional
        Attributes of `SurvivalSummary` that are used; all that are printed by default.

    Returns
    -------
    DataFrame
        Rows of `results.BESIDE_CURVES`. For each pair of arms with curves of one analysis its hazard ratio and the
        difference of its restricted means, and the restricted mean of each arm with printed numbers. The reference is
        the printed ratio, or the curve where none is printed. A ratio that is printed of arms whose numbers do not
        suffice stands beside the curves alone, with a note; a curve that contradicts what is printed has a note alone.
    """
    rows = typed["curves"][typed["curves"]["study_id"] == study_id]
    printed = {
        (facts.arm_id, facts.endpoint, facts.population, facts.data_cut): facts for facts in gather(typed, study_id)
    }
    ratios = printed_ratios(typed["hazard_ratios"], study_id)
    made: list[dict[str, object]] = []
    for (endpoint, population, _), group in rows.groupby(GROUP, sort=True, dropna=False):
        cut = _printed_cut(group.iloc[0])
        facts = {arm: printed.get((arm, endpoint, population, cut)) for arm in group["arm_id"]}
        own = [row for row in ratios if _is_of(row, str(endpoint), str(population), cut)]
        if not any(one is not None and one.summary is not None for one in facts.values()) and not own:
            continue
        stream = (study_id, str(endpoint), str(population), cut)
        summaries, reason = _from_print(facts, stream, replicates, seed, shapes, told)
        arms = []
        for _, row in group.iterrows():
            try:
                arms.append(_both(typed, row, curves, summaries, replicates, seed))
            except ResurveyError as error:
                note = f"the digitised curve {row['file']} was not used: {error}"
                made.append(_row(Quantity.RESTRICTED_MEAN, (row,), cut, None, None, note=note))
        made += _rows_of(arms, own, cut, reason)
    return pd.DataFrame(made, columns=BESIDE_CURVES.names)


def _printed_cut(row: pd.Series) -> str:
    """The data cut of the printed numbers that belong to a curve."""
    return str(row["printed_cut"] or row["data_cut"])


def _is_of(ratio: pd.Series, endpoint: str, population: str, cut: str) -> bool:
    same = (ratio["endpoint"], ratio["population"], ratio["data_cut"]) == (endpoint, population, cut)
    return same and (ratio["comparator_population"] or population) == population


def _from_print(
    facts: Mapping[str, ArmFacts | None],
    stream: tuple[str, ...],
    replicates: int,
    seed: int,
    shapes: Sequence[Shape] | None,
    told: Sequence[str] | None,
) -> tuple[dict[str, PatientStack], str]:
    """The arms that print enough, drawn together from their own numbers; or the reason why there are none."""
    known = {arm: one.summary for arm, one in facts.items() if one is not None and one.summary is not None}
    if not known:
        return {}, "too little is printed of these arms at this analysis to rebuild them without the curves"
    used = [_told(summary, told) for summary in known.values()]
    rng = generator(seed, "beside curves", *stream)
    try:
        made = from_summaries(used, replicates=replicates, rng=rng, shapes=shapes)
    except ResurveyError as error:
        return {}, str(error)
    return {arm: _stack(one) for arm, one in zip(known, made, strict=True)}, ""


def _told(summary: SurvivalSummary, told: Sequence[str] | None) -> SurvivalSummary:
    """The summary with only the named facts; events implied by a ratio are never among them."""
    if told is None:
        return replace(summary, events_about=None)
    return SurvivalSummary(**{name: getattr(summary, name) for name in told})


def _both(
    typed: Tables,
    row: pd.Series,
    curves: Mapping[str, Curve],
    summaries: Mapping[str, PatientStack],
    replicates: int,
    seed: int,
) -> Both:
    where = {name: row[name] for name in ("study_id", "arm_id", "population", "endpoint", "data_cut")}
    curve = curves[row["claim_id"]]
    made = from_curve_row(
        row,
        curve,
        risk_rows(typed["risk_tables"], where),
        replicates=replicates if curve.spread else 1,
        rng=generator(seed, "beside curves", row["claim_id"]),
    )
    return Both(row, _stack(made), summaries.get(row["arm_id"]))


def _stack(made: Reconstruction) -> PatientStack:
    return PatientStack(*(np.asarray(part, dtype=float) for part in made.stacked()))


def _rows_of(arms: Sequence[Both], ratios: Sequence[pd.Series], cut: str, reason: str) -> Iterator[dict[str, object]]:
    """Rows of one analysis: its pairs of arms, then each arm."""
    for first, second in combinations(arms, 2):
        names = {first.row["arm_id"], second.row["arm_id"]}
        ratio = next((row for row in ratios if {row["arm_id"], row["comparator_arm_id"]} == names), None)
        if ratio is not None and ratio["arm_id"] != first.row["arm_id"]:
            first, second = second, first
        yield from _pair_rows(first, second, ratio, cut, reason)
    for arm in arms:
        if arm.summary is not None:
            horizon = _horizon([arm])
            means = (_mean(stack, horizon) for stack in (arm.summary, arm.curve))
            yield _row(Quantity.RESTRICTED_MEAN, (arm.row,), cut, *means, time=horizon)


def _pair_rows(
    first: Both, second: Both, ratio: pd.Series | None, cut: str, reason: str
) -> Iterator[dict[str, object]]:
    rows = (first.row, second.row)
    from_curves = _log_ratio(first.curve, second.curve)
    if first.summary is None or second.summary is None:
        if ratio is not None:
            said = reason or "too little is printed of one of these arms to rebuild it without its curve"
            yield _row(Quantity.HAZARD_RATIO, rows, cut, None, from_curves, ratio=ratio, note=said)
        return
    from_print = _log_ratio(first.summary, second.summary)
    yield _row(Quantity.HAZARD_RATIO, rows, cut, from_print, from_curves, ratio=ratio)
    horizon = _horizon([first, second])
    pairs = ((first.summary, second.summary), (first.curve, second.curve))
    areas = (_difference(one, other, horizon) for one, other in pairs)
    yield _row(Quantity.RESTRICTED_MEAN, rows, cut, *areas, time=horizon)


def _horizon(arms: Sequence[Both]) -> float:
    """Whole months in which a tenth of the patients of every curve are at risk; less where a replicate ends before."""
    stacks = [stack for arm in arms for stack in (arm.curve, arm.summary) if stack is not None]
    reach = min(common_horizon(stack.curves, stack.curves) for stack in stacks)
    thin = min(float(np.quantile(arm.curve.time, 1 - AT_RISK, axis=1, method="lower").min()) for arm in arms)
    horizon = min(reach, thin)
    return float(floor(horizon)) if horizon >= 1 else horizon


def _log_ratio(first: PatientStack, second: PatientStack) -> EnsembleEstimate | None:
    first, second = _as_many(first, second)
    log_hr, se = stack_cox(pair_risk_sets(first, second))
    known = np.isfinite(se)
    return _pooled(log_hr[known], se[known] ** 2) if known.any() else None


def _difference(first: PatientStack, second: PatientStack, horizon: float) -> EnsembleEstimate | None:
    first, second = _as_many(first, second)
    (m1, v1), (m2, v2) = (arm.curves.restricted_mean(horizon) for arm in (first, second))
    return _pooled(m1 - m2, v1 + v2)


def _mean(stack: PatientStack, horizon: float) -> EnsembleEstimate | None:
    return _pooled(*stack.curves.restricted_mean(horizon))


def _pooled(values: np.ndarray, variances: np.ndarray) -> EnsembleEstimate | None:
    """The estimate over the replicates; None where no event gives it a variance."""
    try:
        return rubin(values, variances)
    except NotEstimable:
        return None


def _as_many(first: PatientStack, second: PatientStack) -> tuple[PatientStack, PatientStack]:
    most = max(first.replicates, second.replicates)
    return first.repeated(most), second.repeated(most)


def _row(
    quantity: Quantity,
    arms: Sequence[pd.Series],
    cut: str,
    summary: EnsembleEstimate | None,
    curve: EnsembleEstimate | None,
    *,
    ratio: pd.Series | None = None,
    time: float = nan,
    note: str = "",
) -> dict[str, object]:
    """One row; ratios are estimated on the log scale, on which their error is given, too."""
    log = quantity == Quantity.HAZARD_RATIO
    printed = [nan] * 3 if ratio is None else [float(ratio[name]) for name in ("value", "lower", "upper")]
    reference = np.log(printed[0]) if ratio is not None else nan if curve is None else curve.estimate
    refused = summary is None or not np.isfinite(reference)
    return {
        **{name: arms[0][name] for name in ("study_id", "endpoint", "population", "arm_id")},
        "data_cut": cut,
        "comparator_arm_id": arms[1]["arm_id"] if len(arms) > 1 else "",
        "quantity": quantity,
        "time_months": time,
        **dict(zip(("printed", "printed_lower", "printed_upper"), printed, strict=True)),
        **_numbers("summary", summary, log),
        **_numbers("curve", curve, log),
        "reference": Reference.CURVE if ratio is None else Reference.PRINTED,
        "error": nan if summary is None else summary.estimate - reference,
        "holds": not refused and summary is not None and bool(summary.lower <= reference <= summary.upper),
        "refused": refused,
        "claim_ids": ";".join([*(row["claim_id"] for row in arms), *([] if ratio is None else [ratio["claim_id"]])]),
        "note": note or ("no event gives it a variance" if refused else ""),
    }


def _numbers(name: str, pooled: EnsembleEstimate | None, log: bool) -> dict[str, float]:
    values = [nan] * 3 if pooled is None else [pooled.estimate, pooled.lower, pooled.upper]
    columns = (name, f"{name}_lower", f"{name}_upper")
    return {column: float(np.exp(value) if log else value) for column, value in zip(columns, values, strict=True)}
