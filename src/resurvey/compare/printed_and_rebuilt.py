"""Printed results of a comparison beside those of the rebuilt patients: p values, ratios, directions, rates."""

from __future__ import annotations

from math import exp, isfinite
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import ndtr

from resurvey.compare.claims import claim, table_of
from resurvey.compare.groups import Pair
from resurvey.compare.outcome import What, of_replicates
from resurvey.compare.pairwise import PairwiseResult
from resurvey.compare.rubin import rubin_survival
from resurvey.errors import InputError, NotEstimable
from resurvey.results import Contrast, Model, Quantity, RestsOn, Role
from resurvey.survival.logrank import stack_z
from resurvey.tables import Tables

# `higher` and `lower` are not among them: they mean opposite things for survival and for a hazard.
BETTER = ("better", "longer", "doubled")
WORSE = ("worse", "shorter")
ALIKE = ("similar",)
EMPTY = (np.nan, np.nan, np.nan)


def printed_rows(pair: Pair, typed: Tables, claim_id: str, made: PairwiseResult) -> list[dict[str, Any]]:
    """Rows of one printed result of the comparison: the printed value, and how the rebuilt one differs from it.

    Raises
    ------
    InputError
        If the claim is not a p value, a ratio or a difference in words.
    """
    makers = {"p_values": _p_value, "hazard_ratios": _ratio, "differences": _direction}
    table = table_of(typed, claim_id)
    if table not in makers:
        where = f"it is in {table}.csv" if table else "no table has it"
        raise InputError(
            f"printed: claim {claim_id!r} is neither a p value, nor a ratio, nor a difference stated in words ({where})"
        )
    return makers[table](pair, claim(typed, table, claim_id), typed, made)


def ensemble_p(pair: Pair) -> np.ndarray:
    """Log-rank p value of each replicate, as if its patients had been observed."""
    z = stack_z(pair.sets, "logrank")
    return 2 * ndtr(-np.abs(z[np.isfinite(z)]))


def p_rows(pair: Pair, made: PairwiseResult) -> list[dict[str, Any]]:
    """Distribution of the p value of each test over the replicates: median and central 95 %."""
    rows = []
    logrank = ensemble_p(pair)
    below = f"; below 0.05 in {np.mean(logrank < 0.05):.0%} of {logrank.size} replicates" if logrank.size else ""
    for _, line in made.ensemble[made.ensemble["quantity"] == Quantity.P].iterrows():
        note = "median and middle 95 % of the p values of the replicates, each taken as if its patients had been seen"
        note += below if line["model"] == Model.LOG_RANK else ""
        values = (line["q50"], line["q025"], line["q975"], np.nan)
        words = (f"{line['method']}, unadjusted", "p over the ensemble")
        what = What(*words, Role.TEST, Quantity.P, model=Model(line["model"]))
        rows.append(pair.row(what, *values, note=note, rests_on=RestsOn.REPLICATES))
    return rows


def _p_value(pair: Pair, found: pd.Series, typed: Tables, made: PairwiseResult) -> list[dict[str, Any]]:
    p = ensemble_p(pair)
    note = f"printed p {found['p_text'] or 'without digits'}"
    if p.size and isfinite(found["p"]):
        note += (
            f"; of our p values over the ensemble {np.mean(p <= found['p']):.0%} are as small "
            f"(median {np.median(p):.3g}, middle 95 % {np.quantile(p, 0.025):.3g} to {np.quantile(p, 0.975):.3g})"
        )
    if found["note"]:
        note += f"; {found['note']}"
    values = (np.nan, np.nan, np.nan, found["p"])
    method = f"{found['test'] or 'test not named'}, as printed"
    what = What(method, "p", Role.PRINTED, Quantity.P, model=Model.PRINTED)
    return [pair.row(what, *values, evidence="printed", claim_ids=found["claim_id"], note=note)]


def _ratio(pair: Pair, found: pd.Series, typed: Tables, made: PairwiseResult) -> list[dict[str, Any]]:
    turned = _turned(pair, found["study_id"], found["arm_id"], found["claim_id"])
    value, lower, upper = (found[name] for name in ("value", "lower", "upper"))
    if turned:
        value, lower, upper = 1 / value, 1 / upper, 1 / lower
    level = found["ci_level"] / 100 if isfinite(found["ci_level"]) else 0.95
    words = [f"printed p {found['p_text']}"] if found["p_text"] else []
    words += [f"{found['model']} model"] if found["model"] else []
    words += ["inverted: printed for the opposite comparison"] if turned else []
    facts: dict[str, Any] = {"evidence": "printed ratios", "claim_ids": found["claim_id"], "ci_level": level}
    method = f"{found['test'] or 'ratio'}, as printed" + (f" ({found['model']})" if found["model"] else "")
    method = f"{method}, {found['claim_id']}"
    what = What(method, "HR", Role.PRINTED, Quantity.HAZARD_RATIO, Contrast.RATIO, Model.PRINTED)
    if not isfinite(value):
        return [pair.refused(what, "; ".join(["no ratio is printed", *words]), **facts)]
    shown = pair.row(what, value, lower, upper, found["p"], note="; ".join(words), **facts)
    return [shown, _printed_minus_rebuilt(pair, found, value, turned, made)]


def _printed_minus_rebuilt(
    pair: Pair, found: pd.Series, value: float, turned: bool, made: PairwiseResult
) -> dict[str, Any]:
    """Printed minus rebuilt ratio, with the limits allowed by the rounding of the printed one."""
    words = f"hazard ratio beside {found['claim_id']}", "printed minus rebuilt"
    what = What(*words, Role.PRINTED, Quantity.PRINTED_DIFFERENCE, Contrast.RATIO)
    facts = {"claim_ids": found["claim_id"]}
    if made.log_hazard_ratio is None:
        return pair.refused(what, "no finite hazard ratio was rebuilt", **facts)
    ours = exp(made.log_hazard_ratio.estimate)
    ends = sorted(1 / v if turned else v for v in (found["value_min"], found["value_max"]))
    within = ends[0] <= ours <= ends[1]
    spread = made.ensemble[(made.ensemble["quantity"] == Quantity.HAZARD_RATIO) & made.ensemble["start"].isna()]
    reached = bool(len(spread)) and spread.iloc[0]["q025"] <= value <= spread.iloc[0]["q975"]
    note = f"printed {value:.4g}, rebuilt {ours:.4g}: " + (
        "equal within the rounding of the printed value"
        if within
        else "differs by more than the rounding of the printed value"
    )
    if not within and made.replicates == 1:
        note += "; there is one replicate, so what else the curve allows is not seen"
    elif not within:
        where = "lies in" if reached else "is outside"
        note += f"; the printed value {where} the middle 95 % of the replicates' ratios"
    note += "" if within else "; the printed ratio may be stratified or adjusted, ours is not"
    known = of_replicates(made.log_hazard_ratio, note)
    return pair.row(what, value - ours, ends[0] - ours, ends[1] - ours, np.nan, **known, **facts)


def _turned(pair: Pair, study: str, arm: str, claim_id: str) -> bool:
    """Whether a claim's first arm is the comparator of this pair; an error where it is in neither group."""
    for turned, group in zip((False, True), pair.entry.patient_groups, strict=True):
        if (group.study, group.arm) == (study, arm):
            return turned
    raise InputError(f"printed: {claim_id} is about arm {arm!r} of study {study!r}, which is in neither group")


def _direction(pair: Pair, found: pd.Series, typed: Tables, made: PairwiseResult) -> list[dict[str, Any]]:
    """Whether the rebuilt patients bear out a direction that a paper states in words."""
    said = str(found["direction"])
    turned = _turned(pair, found["study_id"], found["arm_id"], found["claim_id"])
    what = What(f"direction stated in {found['claim_id']}", "direction", Role.PRINTED, Quantity.DIRECTION)
    facts = {"claim_ids": found["claim_id"]}
    z = stack_z(pair.sets, "logrank")
    z = z[np.isfinite(z)]
    if said not in (*BETTER, *WORSE, *ALIKE) or z.size == 0:
        why = "no event in either group" if z.size == 0 else f"{said!r} does not say whether of survival or of a hazard"
        return [pair.refused(what, why, **facts)]
    first_better = (said in BETTER) != turned
    agree = np.mean(ensemble_p(pair) >= 0.05) if said in ALIKE else np.mean((z < 0) == first_better)
    verdict = "borne out" if agree > 0.5 else "not borne out"
    who = pair.labels[1] if turned else pair.labels[0]
    unit = "have a log-rank p of 0.05 or more" if said in ALIKE else "agree with that direction"
    note = f"printed: {who} {said}; {verdict}: {agree:.0%} of replicates {unit}. {_figures(made, pair)}"
    return [pair.row(what, float(agree), *EMPTY, note=note, rests_on=RestsOn.REPLICATES, **facts)]


def _figures(made: PairwiseResult, pair: Pair) -> str:
    """Medians and landmark survival of both groups in words."""
    parts = []
    wanted = made.rows[made.rows["quantity"].isin([Quantity.MEDIAN, Quantity.SURVIVAL])]
    for (quantity, method), lines in wanted.groupby(["quantity", "method"], sort=False):
        values = [_value(lines, contrast) for contrast in (Contrast.TREATMENT, Contrast.COMPARATOR)]
        median = quantity == Quantity.MEDIAN
        shown = ["not reached" if not isfinite(v) else f"{v:.3g}" if median else f"{v:.0%}" for v in values]
        unit = "" if median else " months"
        parts.append(f"{method}{unit} {shown[0]} against {shown[1]}")
    return f"{pair.labels[0]} against {pair.labels[1]}: {'; '.join(parts)}"


def _value(lines: pd.DataFrame, contrast: Contrast) -> float:
    found = lines[lines["contrast"] == contrast]
    return float(found["estimate"].iloc[0]) if len(found) else float("nan")


def progressed_rows(pair: Pair, typed: Tables) -> list[dict[str, Any]]:
    """Proportions with an event within a number of months, as printed and as rebuilt, by group."""
    asked = pair.entry.progressed
    if asked is None:
        return []
    rows = []
    for claim_id in asked.claims:
        found = claim(typed, "proportions", claim_id)
        second = _turned(pair, found["study_id"], found["arm_id"], claim_id)
        rows += _progressed(pair, found, asked.within, int(second))
    return rows


def _progressed(pair: Pair, found: pd.Series, within: float, place: int) -> list[dict[str, Any]]:
    measure, how = f"proportion with an event within {within:g} months", "share progressed"
    facts = {"treatment": pair.labels[place], "comparator": "", "claim_ids": found["claim_id"], "n_comparator": np.nan,
             "n_treatment": pair.facts[("n_treatment", "n_comparator")[place]]}  # fmt: skip
    note = f"printed {found['percent_text']} %" + (f"; {found['note']}" if found["note"] else "")
    own = (Quantity.PROPORTION, (Contrast.TREATMENT, Contrast.COMPARATOR)[place])
    said = What(f"{how}, as printed", measure, Role.PRINTED, *own, Model.PRINTED, time_months=within)
    rebuilt = What(f"{how}, rebuilt", measure, Role.PRINTED, *own, Model.KAPLAN_MEIER, time_months=within)
    printed = pair.row(said, found["percent_prop"], *EMPTY,
                       **{**facts, "evidence": "printed", "note": note})  # fmt: skip
    curves = pair.stacks[place].curves
    try:
        if np.any(curves.reach < within):
            raise NotEstimable(f"{within:g} months is beyond the follow-up of some replicate")
        made = rubin_survival(*curves.landmark(within))
    except NotEstimable as reason:
        return [printed, pair.refused(rebuilt, str(reason), **facts)]
    ours = (1 - made.estimate, 1 - made.upper, 1 - made.lower)
    low, high = found["percent_prop_min"], found["percent_prop_max"]
    side = "agrees with" if low <= ours[2] and high >= ours[1] else "is outside"
    words = f"the printed share {side} our interval; a curve between printed points is assumed, not seen"
    return [printed, pair.row(rebuilt, *ours, np.nan, **{**facts, **of_replicates(made, words)})]
