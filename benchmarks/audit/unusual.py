"""True numbers of unusual making, which a check must not flag."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
from plant import ROUNDINGS, Trial, printed, printed_p

from resurvey import proportion_limits, tables2x2


def make_unusual(name: str, rng: np.random.Generator) -> Trial:
    """Stratified and adjusted ratios, 90 % intervals, one-sided p, truncation, mid-P, small denominators."""
    trial = Trial(name)
    for arm in "ab":
        trial.add("arms", arm_id=arm, label=arm)
    for place in range(12):
        _ratio(trial, rng, place)
    for place in range(6):
        _small(trial, rng, place)
    for place in range(4):
        _mid_p(trial, rng, place)
        _exact_test(trial, rng, place)
    return trial


def _ratio(trial: Trial, rng: np.random.Generator, place: int) -> None:
    from scipy.stats import norm

    kind = ("stratified", "multivariable", "ninety", "one-sided", "log-rank", "truncated")[place % 6]
    log, se = rng.normal(-0.2, 0.35), rng.uniform(0.08, 0.35)
    z = {"ninety": 1.644854}.get(kind, 1.959964)
    rounding = "cut off" if kind == "truncated" else str(rng.choice(ROUNDINGS[:2]))
    # A log-rank or stratified z differs a little from the Wald z of the printed interval.
    shift = rng.normal(0, 0.03) if kind in ("stratified", "log-rank") else 0.0
    sides = 1 if kind == "one-sided" else 2
    p = sides * norm.sf(max(0.0, abs(log) / se + shift))
    model = {"stratified": "stratified", "multivariable": "multivariable"}.get(kind, "")
    trial.add(
        "hazard_ratios",
        arm_id="a",
        comparator_arm_id="b",
        population=f"group {place}",
        endpoint="PFS",
        measure="HR",
        value=printed(float(np.exp(log)), 2, rounding),
        lower=printed(float(np.exp(log - z * se)), 2, rounding),
        upper=printed(float(np.exp(log + z * se)), 2, rounding),
        ci_level="90" if kind == "ninety" else "95",
        p=printed_p(float(p), rounding),
        p_sided="1" if kind == "one-sided" else "",
        model=model,
        test="log-rank" if kind == "log-rank" else "",
    )


def _small(trial: Trial, rng: np.random.Generator, place: int) -> None:
    total = int(rng.integers(3, 12))
    n = int(rng.integers(0, total + 1))
    trial.add(
        "proportions",
        arm_id="a",
        population=f"small {place}",
        kind="response",
        endpoint="ORR",
        item="ORR",
        n=str(n),
        total=str(total),
        percent=printed(Fraction(100 * n, total), int(rng.integers(0, 2)), str(rng.choice(ROUNDINGS))),
    )


def _mid_p(trial: Trial, rng: np.random.Generator, place: int) -> None:
    total = int(rng.integers(20, 200))
    n = int(rng.binomial(total, 0.4))
    low, high = proportion_limits.interval(n, total, method="mid-P")
    trial.add(
        "proportions",
        arm_id="a",
        population=f"mid {place}",
        kind="response",
        endpoint="ORR",
        item="ORR",
        n=str(n),
        total=str(total),
        percent=printed(Fraction(100 * n, total), 1, "half up"),
        lower=printed(float(100 * low), 1, "half up"),
        upper=printed(float(100 * high), 1, "half up"),
        ci_level="95",
        ci_method="mid-P",
    )


def _exact_test(trial: Trial, rng: np.random.Generator, place: int) -> None:
    sizes = rng.integers(10, 60, 2)
    counts = rng.binomial(sizes, 0.4)
    values = tables2x2.p_values(np.array([counts, sizes - counts]))
    if not values:
        return
    test = str(rng.choice(list(values)))
    claims = [
        trial.add(
            "proportions",
            arm_id=arm,
            population=f"exact {place}",
            kind="response",
            endpoint="ORR",
            item="ORR",
            n=str(n),
            total=str(total),
            percent=printed(Fraction(100 * int(n), int(total)), 1, "half up"),
        )["claim_id"]
        for arm, n, total in zip("ab", counts, sizes, strict=True)
    ]
    # The test is named for half of them.
    trial.add(
        "p_values",
        arm_id="a",
        population=f"exact {place}",
        comparator_arm_id="b",
        item="ORR",
        endpoint="ORR",
        p=printed_p(values[test], "half up"),
        test=test if place % 2 else "",
        claims=";".join(claims),
    )
