"""A treatment group standardised to the subgroup shares of a target population: printed shares, or a scenario."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from math import exp, isfinite
from typing import Any

import numpy as np
import pandas as pd

from resurvey.compare.adjust_effects import cox_stack
from resurvey.compare.claims import claim
from resurvey.compare.groups import Pair, check_group, group_of
from resurvey.compare.outcome import What, of_replicates
from resurvey.compare.pairwise import match_replicates
from resurvey.compare.rubin import EnsembleEstimate, rubin
from resurvey.compare.standardise import poststratify
from resurvey.errors import InputError, NotEstimable, ResurveyError
from resurvey.plan import Mix, RestOf
from resurvey.results import Contrast, Model, Quantity, Role
from resurvey.survival.rmst import common_horizon
from resurvey.survival.stack import PatientStack, patient_stack
from resurvey.tables import Tables

RESTRICTED_MEAN = What(
    "standardised",
    "difference in restricted mean",
    Role.STANDARDISED,
    Quantity.RESTRICTED_MEAN,
    Contrast.DIFFERENCE,
    Model.KAPLAN_MEIER,
)


def shares_of(mix: Mix, typed: Tables) -> tuple[dict[str, float], str]:
    """Shares of the subgroups in the target population, and their source, in words.

    Each share is a number (a scenario), the id of a claim in proportions.csv (its count is used), or a `RestOf`: the
    remainder of that claim's count after the other shares. Printed shares are rescaled to sum to 1, so a printed
    category `unknown` that is not listed is left out.

    Raises
    ------
    InputError
        If a claim does not exist or prints no count, or the counts exceed that of the claim in `RestOf`.
    """
    if mix.scenario:
        shares = dict(zip(mix.populations, mix.numbers, strict=True))
        return shares, "a scenario, no publication prints the mix"
    known = sum(_count(typed, share, mix) for share in mix.shares if isinstance(share, str))
    counts = [_left(typed, share, known, mix) if isinstance(share, RestOf) else _count(typed, str(share), mix)
              for share in mix.shares]  # fmt: skip
    total = sum(counts)
    if total <= 0:
        raise InputError(f"standardise {mix.name!r}: the counts of its shares add up to 0")
    made = {name: count / total for name, count in zip(mix.populations, counts, strict=True)}
    return made, f"printed counts ({', '.join(mix.claims)}), {total:g} patients"


def _left(typed: Tables, share: RestOf, known: float, mix: Mix) -> float:
    whole = _count(typed, share.rest_of, mix)
    if whole < known:
        raise InputError(
            f"standardise {mix.name!r}: {share.rest_of} counts {whole:g}, the other shares {known:g}: a rest cannot be "
            "negative"
        )
    return whole - known


def _count(typed: Tables, claim_id: str, mix: Mix) -> float:
    found = claim(typed, "proportions", claim_id)
    if not isfinite(found["n"]):
        raise InputError(f"standardise {mix.name!r}: {claim_id} prints no count in proportions.csv")
    return float(found["n"])


def standardised(
    pair: Pair, mix: Mix, typed: Tables, patients: Mapping[str, pd.DataFrame]
) -> tuple[list[dict[str, Any]], pd.DataFrame | None]:
    """Rows of one standardisation (hazard ratio, restricted mean, landmark survival, sample size) and its balance."""
    shares, source = shares_of(mix, typed)
    words = ", ".join(f"{name} {share:.0%}" for name, share in shares.items())
    note = f"target {words}: {source}; {mix.source}"
    group = pair.entry.treatment
    check_group(typed, group)
    try:
        strata = {name: group_of(patients, group, name) for name in shares}
        effect, balance, ess, n = weighted_ratio(strata, pair.second, shares)
        _check_size(ess, n, mix)
    except ResurveyError as error:
        asked = (_ratio_of(mix), _restricted(mix), _size_of(mix))
        return [pair.refused(what, str(error), claim_ids=ids_of(mix)) for what in asked], None
    facts: dict[str, Any] = {"note": note, "claim_ids": ids_of(mix)}
    values = (exp(effect.estimate), exp(effect.lower), exp(effect.upper), effect.p)
    how_pooled = f"{note}; robust variance, pooled by Rubin's rules"
    rows = [
        pair.row(_ratio_of(mix), *values, **{**facts, **of_replicates(effect, how_pooled)}),
        pair.row(_size_of(mix), ess, np.nan, np.nan, np.nan,
                 **{**facts, "note": f"of {n} patients ({ess / n:.0%}); {note}"}),
    ]  # fmt: skip
    rows += _direct(pair, strata, shares, mix, facts)
    weight = balance["after"] / balance["before"]  # weight of each patient of the subgroup; the mean over all is 1
    return rows, balance.assign(weight=weight, ess=ess, patients=n, target_from=source)


def method_of(mix: Mix) -> str:
    """Name of a standardisation in rows."""
    return f"standardised by {mix.name}" + (" (scenario)" if mix.scenario else "")


def ids_of(mix: Mix) -> str:
    """Claims from which the shares of a standardisation are taken, separated by `;`."""
    return ";".join(mix.claims)


def _ratio_of(mix: Mix) -> What:
    words = f"Cox, {method_of(mix)}", "HR"
    made = What(*words, Role.STANDARDISED, Quantity.HAZARD_RATIO, Contrast.RATIO, Model.WEIGHTED_COX)
    return replace(made, variation=mix.name)


def _size_of(mix: Mix) -> What:
    words = method_of(mix), "effective sample size"
    return What(*words, Role.STANDARDISED, Quantity.EFFECTIVE_SAMPLE_SIZE, variation=mix.name)


def _restricted(mix: Mix, end: float = np.nan) -> What:
    return replace(RESTRICTED_MEAN, method=method_of(mix), time_months=end, variation=mix.name)


def _survival(mix: Mix, time: float) -> What:
    measure = f"difference in survival at {time:g} months"
    return replace(_restricted(mix, time), measure=measure, quantity=Quantity.SURVIVAL)


def _check_size(ess: float, n: int, mix: Mix) -> None:
    if ess < mix.minimum_ess:
        raise NotEstimable(
            f"the effective sample size is {ess:.1f} of {n} patients, below the least allowed ({mix.minimum_ess:g}): "
            "the few patients of the subgroups that count cannot stand for the target population"
        )


def weighted_ratio(
    strata: Mapping[str, pd.DataFrame], second: pd.DataFrame, shares: Mapping[str, float]
) -> tuple[EnsembleEstimate, pd.DataFrame, float, int]:
    """Log hazard ratio of the weighted strata against the second group; balance, effective sample size and patients."""
    parts = [patient_stack(part, name) for name, part in strata.items()]
    parts.append(patient_stack(second, "the comparator"))
    replicates = max(part.replicates for part in parts)
    parts = [part.repeated(replicates) for part in parts]
    there = [part.time >= 0 for part in parts]
    sizes = np.array([real.sum(axis=1) for real in there[:-1]])
    made = poststratify(np.repeat(list(strata), sizes[:, 0]), shares)
    # The weights of `poststratify` (target share divided by share in the arm) in every replicate.
    weigh = [shares.get(name, 0.0) * sizes.sum(axis=0) / size for name, size in zip(strata, sizes, strict=True)]
    weights = np.concatenate([real * w[:, None] for real, w in zip(there, [*weigh, np.ones(replicates)], strict=True)],
                             axis=1)  # fmt: skip
    time, event = (np.concatenate([getattr(part, name) for part in parts], axis=1) for name in ("time", "event"))
    treated = np.zeros(time.shape)
    treated[:, : -parts[-1].time.shape[1]] = 1.0
    order = np.argsort(time, axis=1, kind="stable")
    columns = (np.take_along_axis(column, order, axis=1) for column in (time, event, treated, weights))
    log_hr, _, robust = cox_stack(*columns)
    return rubin(log_hr, robust**2), made.balance, float(made.ess), len(made.weights)


def _direct(
    pair: Pair, strata: Mapping[str, pd.DataFrame], shares: Mapping[str, float], target: Mix, facts: Mapping[str, Any]
) -> list[dict[str, Any]]:
    """Directly standardised restricted mean and survival: the stratum curves averaged by their shares."""
    used = {name: share for name, share in shares.items() if share > 0}
    arms = [match_replicates(patient_stack(strata[name], name), pair.stacks[1], (name, pair.labels[1]))[0]
            for name in used]  # fmt: skip
    other, mix = pair.stacks[1], np.array(list(used.values()))
    end = min([common_horizon(arm.curves, other.curves) for arm in arms])
    means = [arm.curves.restricted_mean(end) for arm in arms]
    mean, variance = other.curves.restricted_mean(end)
    made = rubin(mix @ np.array([m for m, _ in means]) - mean, mix**2 @ np.array([v for _, v in means]) + variance)
    rows = [pair.row(_restricted(target, end), made.estimate, made.lower, made.upper, made.p,
                     **{**facts, **of_replicates(made, f"up to {end:.4g} months; {facts['note']}")})]  # fmt: skip
    for time in pair.entry.landmarks:
        rows.append(_landmark(pair, arms, mix, _survival(target, time), facts))
    return rows


def _landmark(
    pair: Pair, arms: Sequence[PatientStack], mix: np.ndarray, what: What, facts: Mapping[str, Any]
) -> dict[str, Any]:
    time = what.time_months
    everyone = [*arms, pair.stacks[1]]
    if any(np.any(arm.curves.reach < time) for arm in everyone):
        return pair.refused(what, f"{time:g} months is beyond the follow-up of a subgroup or of the comparator",
                            claim_ids=facts["claim_ids"])  # fmt: skip
    values = [arm.curves.at(time) for arm in everyone]
    survival = np.array([s for s, _ in values])
    spread = np.array([np.where(s > 0, s**2 * np.where(np.isfinite(g), g, 0.0), 0.0) for s, g in values])
    weights = np.append(mix, -1.0)
    try:
        made = rubin(weights @ survival, weights**2 @ spread)
    except NotEstimable as reason:
        return pair.refused(what, str(reason), claim_ids=facts["claim_ids"])
    known = {**facts, **of_replicates(made, facts["note"])}
    return pair.row(what, made.estimate, made.lower, made.upper, made.p, **known)


def side_by_side(rows: Sequence[Mapping[str, Any]]) -> pd.DataFrame:
    """The naive hazard ratio above the standardised ones: method, HR, lower, upper, p, refused, ess, note."""
    ratios = [line for line in rows if line["model"] == Model.WEIGHTED_COX]
    sizes = [line["estimate"] for line in rows if line["quantity"] == Quantity.EFFECTIVE_SAMPLE_SIZE]
    naive = [(line, line["n_treatment"]) for line in rows if line["role"] == Role.MAIN]
    kept = []
    for line, size in [*naive, *zip(ratios, sizes, strict=True)]:
        values = {"HR": line["estimate"], **{key: line[key] for key in ("lower", "upper", "p", "refused")}}
        kept.append({"method": line["method"], **values, "ess": size, "note": line.get("note", "")})
    return pd.DataFrame(kept)
