"""Meta-analysis of printed counts of a binary outcome, by every usual method for pairs of arms of the same study."""

from __future__ import annotations

from math import exp
from typing import Any

import pandas as pd

from resurvey.compare.beta_binomial import beta_binomial
from resurvey.compare.claims import claim, treatment_of
from resurvey.compare.counts import count_effects, inverse_variance, logistic, mantel_haenszel, peto
from resurvey.compare.estimates import Estimate
from resurvey.compare.hypergeometric import hypergeometric
from resurvey.compare.outcome import Outcome, What, refused_row, row
from resurvey.compare.rates import counted
from resurvey.errors import InputError, NotEstimable
from resurvey.plan import CountComparison
from resurvey.results import Contrast, Model, Quantity, Role
from resurvey.tables import Tables

EVIDENCE = "printed counts"
MEASURES = {
    "or": ("odds ratio", Quantity.ODDS_RATIO, Contrast.RATIO),
    "rr": ("risk ratio", Quantity.RISK_RATIO, Contrast.RATIO),
    "rd": ("risk difference", Quantity.PROPORTION, Contrast.DIFFERENCE),
}
RANDOM = "inverse variance, random effects, REML, Hartung-Knapp"


def compare_counts(entry: CountComparison, typed: Tables) -> Outcome:
    """Pool the counts of pairs of arms, and report the effect of each study.

    Raises
    ------
    InputError
        If a claim does not exist, the arms of a pair belong to different studies, or a study has two pairs.
    NotEstimable
        If a count is not printed, or no study is informative.
    """
    pairs = pd.DataFrame([_pair(typed, one.treatment, one.comparator) for one in entry.pairs])
    twice = sorted(set(pairs["study"][pairs["study"].duplicated()]))
    if twice:
        raise InputError(
            f"pairs: {', '.join(twice)} appears twice: its patients would count twice; give one pair a study"
        )
    facts = {
        "treatment": " or ".join(dict.fromkeys(pairs["treatment"])),
        "comparator": " or ".join(dict.fromkeys(pairs["comparator"])),
        "population": "all",
        "claim_ids": ";".join(pairs["claim_ids"]),
    }
    facts["orientation"] = f"{facts['treatment']} against {facts['comparator']}; above no difference: more of the event"
    effects, said = count_effects(pairs, measure=entry.measure)
    pooled = inverse_variance(pairs, measure=entry.measure)
    spread = f"tau2 {pooled.tau2:.3g}, I2 {pooled.i2:.0%}, Q {pooled.q:.3g} on {pooled.df} df"
    note = "; ".join([*said, spread if pooled.df else "one study: nothing is known of heterogeneity"])
    several = len(effects) > 1
    rows = [_row(entry, "inverse variance, common effect", Role.SECONDARY if several else Role.MAIN, Model.COMMON,
                 pooled.common, note, facts)]  # fmt: skip
    if several:
        rows.append(_row(entry, RANDOM, Role.MAIN, Model.RANDOM, pooled.random, note, facts))
        rows += _beside(entry, pairs, facts)
    counts = pairs[["study", "events", "patients", "comparator_events", "comparator_patients"]]
    return Outcome(pd.DataFrame(rows), {"counts": counts.merge(pooled.studies, on="study", how="left")})


def _pair(typed: Tables, treatment: str, comparator: str) -> dict[str, Any]:
    """Counts of both arms of a study."""
    first, second = (claim(typed, "proportions", name) for name in (treatment, comparator))
    if first["study_id"] != second["study_id"]:
        raise InputError(
            f"pairs: {treatment} is of study {first['study_id']}, {comparator} of {second['study_id']}: a pair is of "
            "one study; compare studies by `rates` or through a common comparator"
        )
    counts = [counted(typed, name) for name in (treatment, comparator)]
    return {
        "study": str(first["study_id"]),
        "treatment": treatment_of(typed, first["study_id"], first["arm_id"]),
        "comparator": treatment_of(typed, second["study_id"], second["arm_id"]),
        "events": counts[0][0], "patients": counts[0][1],
        "comparator_events": counts[1][0], "comparator_patients": counts[1][1],
        "claim_ids": f"{treatment};{comparator}",
    }  # fmt: skip


def _beside(entry: CountComparison, pairs: pd.DataFrame, facts: dict[str, Any]) -> list[dict[str, Any]]:
    """Rows for the same counts by methods that need no continuity correction."""
    makers = [("Mantel-Haenszel, common effect", Model.MANTEL_HAENSZEL,
               lambda: mantel_haenszel(pairs, measure=entry.measure).estimate)]  # fmt: skip
    if entry.measure == "or":
        makers += [
            ("Peto, common effect", Model.PETO, lambda: peto(pairs).estimate),
            ("logistic regression, common effect", Model.LOGISTIC, lambda: logistic(pairs).estimate),
            ("hypergeometric-normal, random effects", Model.HYPERGEOMETRIC, lambda: hypergeometric(pairs).random),
            ("beta-binomial, arms", Model.BETA_BINOMIAL, lambda: beta_binomial(pairs).estimate),
        ]
    rows = []
    for method, model, make in makers:
        try:
            rows.append(_row(entry, method, Role.SENSITIVITY, model, make(), "", facts))
        except NotEstimable as reason:
            rows.append(
                refused_row(entry, _what(entry, method, Role.SENSITIVITY, model), str(reason), EVIDENCE, **facts)
            )
    return rows


def _what(entry: CountComparison, method: str, role: Role, model: Model) -> What:
    name, quantity, contrast = MEASURES[entry.measure]
    return What(method, name, role, quantity, contrast, model, variation=method if role == Role.SENSITIVITY else "")


def _row(
    entry: CountComparison, method: str, role: Role, model: Model, made: Estimate, note: str, facts: dict[str, Any]
) -> dict[str, Any]:
    scale = float if entry.measure == "rd" else exp
    values = (scale(made.estimate), scale(made.lower), scale(made.upper), made.p)
    what = _what(entry, method, role, model)
    return row(entry, what, *values, EVIDENCE, ci_level=made.level, note=note, **facts)
