"""Compare a printed design for a proportion (response, or event-free at a given time) with every binomial design."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pandas as pd

from resurvey.design import arguments
from resurvey.design.binomial import (
    BinomialDesign,
    binomial_critical,
    binomial_one_stage,
    check_proportions,
    simon_designs,
    simon_of,
    upper_tail,
)
from resurvey.design.fleming import FlemingDesign, fleming_one_stage, fleming_two_stage, two_stage_rejection
from resurvey.errors import InputError, NotEstimable

COLUMNS = [
    *("method", "stages", "patients", "rejects_from", "first_patients", "futile_up_to", "active_from"),
    *(
        "actual_level",
        "actual_power",
        "expected_patients",
        "reproduces_patients",
        "reproduces_all",
        "label",
        "reference",
    ),
]
COUNTS = ("patients", "rejects_from", "first_patients", "futile_up_to", "active_from")
LABELS = {
    "ahern": ("exact one-stage, smallest n", "A'Hern, R. P. (2001). Statistics in Medicine 20, 859-866"),
    "lasting": ("exact one-stage, smallest n that all larger n bear out", "Fleming, T. R. (1982), exact; saw-tooth"),
    "fleming": ("one-stage by the normal approximation", "Fleming, T. R. (1982). Biometrics 38, 143-151"),
    "simon_optimal": ("two-stage, optimal", "Simon, R. (1989). Controlled Clinical Trials 10, 1-10"),
    "simon_minimax": ("two-stage, minimax", "Simon, R. (1989). Controlled Clinical Trials 10, 1-10"),
    "fleming_two_stage": ("two-stage, early stop either way", "Fleming, T. R. (1982). Biometrics 38, 143-151"),
}


@dataclass(frozen=True)
class ProportionClaim:
    """What a paper reports about a design for a proportion; rates as proportions, None where not reported.

    Attributes
    ----------
    null, alternative : float
        Proportions with the desired outcome, null < alternative.
    alpha, power : float
        Level (of a test with `sides` sides) and power.
    sides : {1, 2} or None
        None (not reported) is tried as one-sided first.
    patients : int, optional
        Total over all stages.
    rejects_from : int, optional
        Smallest total number of responses that rejects the null.
    first_patients, futile_up_to : int, optional
        Patients in the first stage, and the largest number of responses among them at which the trial stops for
        futility.
    """

    null: float
    alternative: float
    alpha: float
    power: float
    sides: int | None = None
    patients: int | None = None
    rejects_from: int | None = None
    first_patients: int | None = None
    futile_up_to: int | None = None

    def __post_init__(self) -> None:
        check_proportions(self.null, self.alternative, self.alpha, self.power)
        arguments.errors_and_sides(self.alpha, self.power, self.sides or 1)
        for name in ("patients", "first_patients"):
            if getattr(self, name) is not None:
                arguments.whole(f"claimed {name}", getattr(self, name))
        for name, most in (("rejects_from", self.patients), ("futile_up_to", self.first_patients)):
            value = getattr(self, name)
            if value is not None and most is not None and not 0 <= value <= most:
                raise InputError(f"claimed {name} is {value}: it must lie between 0 and {most} patients")
        if self.patients is not None and self.first_patients is not None and self.first_patients >= self.patients:
            raise InputError(
                f"the first stage has {self.first_patients} of {self.patients} patients: it must have fewer than all"
            )

    @property
    def sides_to_try(self) -> tuple[int, ...]:
        """The printed number of sides, or both."""
        return (1, 2) if self.sides is None else (self.sides,)


def check_proportion_claim(claim: ProportionClaim) -> pd.DataFrame:
    """Compute every named binomial design for the printed rates and error rates, and compare it with the printed one.

    Returns
    -------
    DataFrame
        `COLUMNS` and sides: one row per method and number of sides. `rejects_from` or more responses in total reject
        the null; `futile_up_to` and `active_from` stop the first stage; level and power are exact. `reproduces_all`
        compares everything printed about the design. Designs that would need more than 500 patients are omitted.
    """
    rows = []
    for sides in claim.sides_to_try:
        # A two-stage search takes seconds: two-sided designs, which are rarely planned, are tried only if printed.
        searched = sides == (claim.sides or 1)
        for method, design in _designs(claim, claim.alpha / sides, searched):
            label, reference = LABELS[method]
            row = {"method": method, "sides": sides, "label": label, "reference": reference, **design}
            rows.append(row | _beside(claim, row))
    kinds: dict[str, Any] = dict.fromkeys(COUNTS, "Int64") | dict.fromkeys(
        ("reproduces_patients", "reproduces_all"), "boolean"
    )
    return pd.DataFrame(rows, columns=[COLUMNS[0], "sides", *COLUMNS[1:]]).astype(kinds)


def _beside(claim: ProportionClaim, row: dict[str, Any]) -> dict[str, Any]:
    printed = {
        name: value
        for name in ("patients", "rejects_from", "first_patients", "futile_up_to")
        if (value := getattr(claim, name)) is not None
    }
    # A design that never stops for futility has no such number, so it cannot be the printed one.
    same = [pd.notna(row.get(name)) and row[name] == value for name, value in printed.items()]
    return {
        "reproduces_patients": row["patients"] == claim.patients if claim.patients is not None else pd.NA,
        "reproduces_all": all(same) if printed else pd.NA,
    }


def _designs(claim: ProportionClaim, tail: float, searched: bool) -> Iterator[tuple[str, dict[str, Any]]]:
    rates = (claim.null, claim.alternative)
    try:
        smallest = binomial_one_stage(*rates, alpha=tail, power=claim.power, largest=500)
    except NotEstimable:
        return
    yield "ahern", _one(smallest)
    yield "lasting", _one(binomial_one_stage(*rates, alpha=tail, power=claim.power, method="lasting", largest=500))
    yield "fleming", _one(fleming_one_stage(*rates, alpha=tail, power=claim.power))
    if searched and smallest.patients <= 120:  # a two-stage search above this would take minutes
        table = simon_designs(*rates, alpha=tail, power=claim.power, largest=int(1.35 * smallest.patients) + 6)
        for kind in ("optimal", "minimax"):
            found = simon_of(table, kind)
            yield (
                f"simon_{kind}",
                {
                    **{"stages": 2, "patients": found.n, "rejects_from": found.r + 1, "first_patients": found.n1},
                    **{"futile_up_to": found.r1, "actual_level": found.alpha, "actual_power": found.power},
                    "expected_patients": found.expected_patients,
                },
            )
    stages = (None, None) if claim.futile_up_to is None else (claim.patients, claim.first_patients)
    two = fleming_two_stage(*rates, alpha=tail, power=claim.power, n=stages[0], n1=stages[1])
    yield "fleming_two_stage", _two(two)


def _one(found: BinomialDesign) -> dict[str, Any]:
    return {
        **{"stages": 1, "patients": found.patients, "rejects_from": found.critical},
        **{"actual_level": found.alpha, "actual_power": found.power, "expected_patients": float(found.patients)},
    }


def _two(found: FlemingDesign) -> dict[str, Any]:
    return {
        **{"stages": 2, "patients": found.n, "rejects_from": found.r, "first_patients": found.n1},
        **{"futile_up_to": found.a1 if found.a1 >= 0 else pd.NA, "active_from": found.r1},
        **{"actual_level": found.alpha, "actual_power": found.power, "expected_patients": found.expected_null},
    }


def printed_characteristics(claim: ProportionClaim) -> tuple[int, float, float] | None:
    """Critical responses, exact one-sided level and power of the printed design; None if its size is not printed."""
    if claim.patients is None:
        return None
    tail = claim.alpha / (claim.sides or 1)
    if claim.first_patients is not None and claim.futile_up_to is not None and claim.rejects_from is not None:
        stages = (claim.first_patients, claim.futile_up_to, claim.patients, claim.rejects_from)
        level, power = (two_stage_rejection(*stages, p) for p in (claim.null, claim.alternative))
        return claim.rejects_from, level, power
    reject = claim.rejects_from or binomial_critical(claim.patients, claim.null, tail)
    level, power = (upper_tail(claim.patients, reject, p) for p in (claim.null, claim.alternative))
    return reject, level, power


def verdict_on_proportions(claim: ProportionClaim, table: pd.DataFrame) -> dict[str, Any]:
    """Judge a printed design for a proportion.

    Returns
    -------
    dict
        `verdict`: `reproduced` (a named design gives everything printed), `other-method` (none does, but the printed
        design meets the printed level and power), `discrepant`, or `uncheckable` (number of patients not printed);
        `words`, `methods` and, for the printed design, `rejects_from`, `actual_level` and `actual_power`.
    """
    attained = printed_characteristics(claim)
    if attained is None:
        return {"verdict": "uncheckable", "words": "no number of patients is printed", "methods": []}
    reject, level, power = attained
    hits = table[table["reproduces_all"].fillna(False).astype(bool)]
    if claim.first_patients is None:
        hits = hits[hits["stages"] == 1]  # a number of patients alone says nothing about stages
    keeps = level <= claim.alpha / (claim.sides or 1) + 1e-9 and power >= claim.power - 1e-9
    verdict = "reproduced" if len(hits) else "other-method" if keeps else "discrepant"
    usual = table.iloc[0] if len(table) else None
    words = [
        f"{claim.patients} patients with {reject} or more responses have an exact one-sided level of {level:.3f} and "
        f"a power of {power:.3f}"
    ]
    if len(hits):
        named = "; ".join(f"{row.label}, {row.sides}-sided" for row in hits.itertuples())
        words.insert(0, f"these formulas give the printed number: {named}")
    elif usual is not None:
        words.insert(0, f"the exact one-stage design needs {usual['patients']} patients; {claim.patients} are printed")
    return {
        "verdict": verdict,
        "words": "; ".join(words) + ".",
        "methods": list(hits["method"]),
        "rejects_from": reject,
        "actual_level": level,
        "actual_power": power,
    }
