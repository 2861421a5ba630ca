"""Correct tables of invented trials, errors planted in them, and true but unusual numbers that must not be flagged.

The tables are made here: counts, percentages, intervals, p values, ratios, medians and adverse events of random trials,
printed under one of four rules of rounding. Nothing is taken from any paper.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction

import numpy as np

from resurvey import proportion_limits, tables2x2

ROUNDINGS = ("half up", "half even", "cut off", "up")
Tables = dict[str, list[dict[str, str]]]


def printed(value: Fraction | float, digits: int, rounding: str) -> str:
    """A number as printed under one of `ROUNDINGS`, by exact arithmetic."""
    exact = Fraction(value) if isinstance(value, float) else value
    sign, scaled = (-1 if exact < 0 else 1), abs(exact) * 10**digits
    floor = scaled.numerator // scaled.denominator
    rest = scaled - floor
    half = Fraction(1, 2)
    more = {
        "half up": rest >= half,
        "half even": rest > half or (rest == half and floor % 2 == 1),
        "cut off": False,
        "up": rest > 0,
    }[rounding]
    whole = sign * (floor + int(more))
    return f"{whole / 10**digits:.{digits}f}" if digits else str(whole)


def printed_p(p: float, rounding: str) -> str:
    """A p value as papers print it: three decimals, below 0.001 as a bound."""
    return "<0.001" if p < 0.001 else printed(p, 3, rounding)


@dataclass
class Trial:
    """Rows of one invented trial."""

    name: str
    tables: Tables = field(default_factory=dict)

    def add(self, table: str, **cells: str) -> dict[str, str]:
        """Append a row and give it back with its claim id."""
        rows = self.tables.setdefault(table, [])
        start = {"claim_id": f"{self.name}-{table.replace('_', '')}-{len(rows) + 1:04d}", "source_id": self.name}
        start |= {"locator": "Table 1", "study_id": self.name, "arm_id": "", "population": "all"}
        rows.append(start | cells)
        return rows[-1]


def make_trial(name: str, rng: np.random.Generator, rounding: str) -> Trial:
    """One trial of two arms: baseline, response, harms, ratios and medians, all correct."""
    trial = Trial(name)
    sizes = rng.integers(30, 500, 2)
    for arm, n in zip("ab", sizes, strict=True):
        trial.add("arms", arm_id=arm, label=arm, n=str(n))
    for variable in range(4):
        _baseline(trial, rng, rounding, sizes, variable)
    _response(trial, rng, rounding, sizes)
    _harms(trial, rng, rounding, sizes)
    for endpoint in ("PFS", "OS"):
        _survival(trial, rng, rounding, endpoint, int(sizes.sum()))
    return trial


def _share(n: int, total: int, rounding: str, digits: int = 1) -> str:
    return printed(Fraction(100 * int(n), int(total)), digits, rounding)


def _baseline(trial: Trial, rng: np.random.Generator, rounding: str, sizes: np.ndarray, variable: int) -> None:
    chances = rng.dirichlet(np.full(int(rng.integers(2, 4)), 3.0))
    counts = np.array([rng.multinomial(n, chances) for n in sizes])
    claims = []
    for category in range(len(chances)):
        for arm, n, total in zip("ab", counts[:, category], sizes, strict=True):
            row = trial.add(
                "proportions",
                arm_id=arm,
                kind="baseline",
                item=f"variable {variable} level {'xyz'[category]}",
                n=str(n),
                total=str(total),
                percent=_share(n, total, rounding),
                partition=f"variable {variable}",
            )
            claims.append(row["claim_id"])
    values = tables2x2.p_values(counts.T)
    if values:
        p, used = values["Pearson chi-square"], claims[:2] if len(chances) == 2 else claims
        trial.add(
            "p_values",
            arm_id="a",
            item=f"variable {variable}",
            comparator_arm_id="b",
            p=printed_p(p, rounding),
            test="chi-square",
            claims=";".join(used),
        )


def _response(trial: Trial, rng: np.random.Generator, rounding: str, sizes: np.ndarray) -> None:
    for arm, total in zip("ab", sizes, strict=True):
        method = str(rng.choice(["Clopper-Pearson", "Wilson", "Wald", "Agresti-Coull", "Jeffreys"]))
        n = rng.binomial(total, rng.uniform(0.2, 0.8))
        more = rng.binomial(total - n, 0.4)
        low, high = proportion_limits.interval(n, total, method=method)
        trial.add(
            "proportions",
            arm_id=arm,
            kind="response",
            endpoint="ORR",
            item="ORR",
            n=str(n),
            total=str(total),
            percent=_share(n, total, rounding),
            lower=printed(float(100 * low), 1, rounding),
            upper=printed(float(100 * high), 1, rounding),
            ci_level="95",
            ci_method=method,
        )
        trial.add(
            "proportions",
            arm_id=arm,
            kind="response",
            endpoint="DCR",
            item="DCR",
            n=str(n + more),
            total=str(total),
            percent=_share(n + more, total, rounding),
        )


EVENTS = ("nausea", "rash", "anaemia", "fatigue", "cough")


def _harms(trial: Trial, rng: np.random.Generator, rounding: str, sizes: np.ndarray) -> None:
    for arm, total in zip("ab", sizes, strict=True):
        for item in EVENTS:
            low, three, four, _ = rng.multinomial(total, [0.3, 0.08, 0.03, 0.59])
            for grade, n in (
                ("1-2", low),
                ("3", three),
                ("4", four),
                (">=3", three + four),
                ("any", low + three + four),
            ):
                trial.add(
                    "proportions",
                    arm_id=arm,
                    kind="adverse_event",
                    item=item,
                    grade=grade,
                    n=str(n),
                    total=str(total),
                    percent=_share(n, total, rounding),
                )


def _survival(trial: Trial, rng: np.random.Generator, rounding: str, endpoint: str, patients: int) -> None:
    from scipy.stats import norm

    scale = 2.5 if endpoint == "OS" else 1.0
    medians = scale * rng.uniform(5, 12, 2)
    for arm, median in zip("ab", medians, strict=True):
        width = np.exp(rng.uniform(0.1, 0.4))
        trial.add(
            "medians",
            arm_id=arm,
            endpoint=endpoint,
            value=printed(float(median), 1, rounding),
            unit="months",
            lower=printed(float(median / width), 1, rounding),
            upper=printed(float(median * width), 1, rounding),
        )
    gap = [float(row["value"]) for row in trial.tables["medians"][-2:]]
    claims = ";".join(row["claim_id"] for row in trial.tables["medians"][-2:])
    trial.add(
        "differences",
        arm_id="a",
        endpoint=endpoint,
        item="difference",
        value=f"{abs(gap[0] - gap[1]):.1f}",
        unit="months",
        direction="longer" if gap[0] > gap[1] else "shorter" if gap[0] < gap[1] else "similar",
        claims=claims,
    )
    for population in ("all", "older", "younger", "male", "female"):
        # The variance is about 4 over the events, and events are patients.
        log, se = (
            rng.normal(np.log(medians[1] / medians[0]), 0.1 if population == "all" else 0.35),
            2 / np.sqrt(rng.uniform(0.3, 0.8) * patients),
        )
        trial.add(
            "hazard_ratios",
            arm_id="a",
            comparator_arm_id="b",
            population=population,
            endpoint=endpoint,
            measure="HR",
            value=printed(float(np.exp(log)), 2, rounding),
            lower=printed(float(np.exp(log - 1.959964 * se)), 2, rounding),
            upper=printed(float(np.exp(log + 1.959964 * se)), 2, rounding),
            ci_level="95",
            p=printed_p(float(2 * norm.sf(abs(log) / se)), rounding),
            p_sided="2",
            test="Wald",
        )
