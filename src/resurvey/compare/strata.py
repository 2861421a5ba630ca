"""Two groups of rebuilt patients compared within strata: stratified log-rank test and Cox ratio over the replicates."""

from __future__ import annotations

from collections.abc import Mapping
from math import exp
from typing import Any

import numpy as np
import pandas as pd

from resurvey.compare.groups import Pair, group_of
from resurvey.compare.outcome import What, of_replicates
from resurvey.compare.pairwise import match_replicates
from resurvey.compare.rubin import EnsembleEstimate, rubin
from resurvey.compare.sensitivity import log_hazard_ratio
from resurvey.errors import InputError, NotEstimable
from resurvey.plan import Strata
from resurvey.results import Contrast, Model, Quantity, Role
from resurvey.survival.logrank import NO_INFORMATION, stack_z
from resurvey.survival.risksets import RiskSets, join_strata
from resurvey.survival.stack import PatientStack, pair_risk_sets, patient_stack

Stacks = tuple[PatientStack, PatientStack]
SIDES = ("treatment", "comparator")


def stratified(
    pair: Pair, strata: Strata, patients: Mapping[str, pd.DataFrame]
) -> tuple[list[dict[str, Any]], pd.DataFrame]:
    """Compare both groups within strata that were rebuilt for each of them.

    In each replicate the log-rank sums and the log partial likelihood are added over the strata, each with its own
    baseline; the estimates are then pooled by Rubin's rules.

    Parameters
    ----------
    pair : Pair
        The whole groups.
    strata : Strata
        Disjoint populations that were reconstructed for both groups.
    patients : mapping of DataFrame
        Rebuilt patients by study id.

    Returns
    -------
    rows : list of dict
        Log-rank z and Cox ratio, or refused rows with the reason.
    table : DataFrame
        One row per stratum: strata, stratum, n and mean events of both groups, estimate, lower, upper, p (ratio), note.

    References
    ----------
    .. [1] Mantel, N. (1966). Cancer Chemotherapy Reports 50, 163-170.
    .. [2] Kalbfleisch, J. D. and Prentice, R. L. (2002). The Statistical Analysis of Failure Time Data, 2nd ed. Wiley.
       Section 4.4 (strata in the Cox model).
    """
    by = f"stratified by {strata.name}"
    test = What(f"log-rank, {by}", "z", Role.TEST, Quantity.Z, model=Model.STRATIFIED_LOG_RANK, variation=strata.name)
    words = f"Cox (Efron), {by}", "HR"
    cox = What(
        *words, Role.SECONDARY, Quantity.HAZARD_RATIO, Contrast.RATIO, Model.STRATIFIED_COX, variation=strata.name
    )
    try:
        stacks = {name: _stacks(pair, name, patients) for name in strata.populations}
        note = _coverage(pair, stacks)
    except (NotEstimable, InputError) as reason:
        return [pair.refused(what, str(reason)) for what in (test, cox)], pd.DataFrame()
    sets = {name: pair_risk_sets(*both) for name, both in stacks.items()}
    table = pd.DataFrame([_line(strata.name, name, stacks[name], sets[name]) for name in stacks])
    events = float(table[[f"events_{side}" for side in SIDES]].sum().sum())
    joined, rows = join_strata(list(sets.values())), []
    for what, estimate, shown in ((test, _logrank, float), (cox, _ratio, exp)):
        try:
            made = estimate(joined, max(events - 1, 1.0))
        except NotEstimable as reason:
            rows.append(pair.refused(what, str(reason)))
            continue
        ends = (shown(made.estimate), shown(made.lower), shown(made.upper))
        rows.append(pair.row(what, *ends, made.p, **of_replicates(made, note)))
    return rows, table


def _stacks(pair: Pair, population: str, patients: Mapping[str, pd.DataFrame]) -> Stacks:
    groups = [patient_stack(group_of(patients, group, population), population) for group in pair.entry.patient_groups]
    return match_replicates(groups[0], groups[1], pair.labels)[:2]


def _coverage(pair: Pair, stacks: Mapping[str, Stacks]) -> str:
    """How many patients of the groups the strata contain; an error where they cannot be strata."""
    replicates = {both[0].replicates for both in stacks.values()}
    if len(replicates) > 1:
        raise NotEstimable(
            f"the strata have {' and '.join(map(str, sorted(replicates)))} replicates: rebuild all alike"
        )
    held = [sum(int(both[i].patients[0]) for both in stacks.values()) for i in range(2)]
    whole = [pair.facts["n_treatment"], pair.facts["n_comparator"]]
    if held[0] > whole[0] or held[1] > whole[1]:
        raise NotEstimable(
            f"the strata {', '.join(stacks)} hold {held[0]} and {held[1]} patients, the groups {whole[0]} and "
            f"{whole[1]}: they overlap, or belong to other groups"
        )
    own = "each stratum was rebuilt from what is printed of it"
    if held == whole:
        return f"{len(stacks)} strata with all patients; {own}"
    return f"{len(stacks)} strata with {held[0]} of {whole[0]} and {held[1]} of {whole[1]} patients; {own}"


def _line(strata: str, name: str, stacks: Stacks, sets: RiskSets) -> dict[str, Any]:
    """Result within one stratum."""
    line: dict[str, Any] = {"strata": strata, "stratum": name}
    for side, stack in zip(SIDES, stacks, strict=True):
        line |= {f"n_{side}": int(stack.patients[0]), f"events_{side}": float(stack.events.mean())}
    try:
        made = _ratio(sets, max(line["events_treatment"] + line["events_comparator"] - 1, 1.0))
    except NotEstimable as reason:
        return {**line, **dict.fromkeys(("estimate", "lower", "upper", "p"), np.nan), "note": str(reason)}
    ends = {key: exp(getattr(made, key)) for key in ("estimate", "lower", "upper")}
    return {**line, **ends, "p": made.p, "note": ""}


def _ratio(sets: RiskSets, complete_df: float) -> EnsembleEstimate:
    return log_hazard_ratio(sets, complete_df=complete_df)


def _logrank(sets: RiskSets, complete_df: float) -> EnsembleEstimate:
    z = stack_z(sets)
    known = np.isfinite(z)
    if known.mean() <= 0.5:
        raise NotEstimable(NO_INFORMATION)
    return rubin(z[known], np.ones(int(known.sum())), complete_df=complete_df)
