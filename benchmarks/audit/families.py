"""Sentences, comparisons and tables of patients of invented papers, each once right and once wrong.

A case is a small paper: its tables, the rule that must speak, and the verdicts that count as told. Right and wrong
differ in one cell. Numbers are random; nothing is taken from any paper.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from plant import Trial, printed, printed_p

from resurvey import tables2x2


@dataclass(frozen=True)
class Case:
    """An invented paper, the rule it is for, and whether something is wrong in it."""

    trial: Trial
    rule: str
    wrong: bool


Maker = Callable[[str, np.random.Generator, bool], Case]


def _start(name: str, sizes: tuple[int, ...] = (200, 200)) -> Trial:
    trial = Trial(name)
    trial.add("studies", study_id=name, acronym=name, design="randomised", source_id=name)
    for arm, n in zip("abc", sizes, strict=False):
        trial.add("arms", arm_id=arm, label=arm, n=str(n))
    return trial


def _medians(trial: Trial, rng: np.random.Generator, **cells: str) -> tuple[str, str]:
    """Two medians a, b with intervals, a the longer; their claims."""
    low = rng.uniform(4, 9)
    ids = []
    for arm, value in (("a", low * rng.uniform(1.6, 2.2)), ("b", low)):
        row = {"arm_id": arm, "endpoint": "PFS", "unit": "months", "value": f"{value:.1f}"}
        row |= {"lower": f"{value / 1.2:.1f}", "upper": f"{value * 1.2:.1f}"}
        ids.append(trial.add("medians", **row | cells)["claim_id"])
    return ids[0], ids[1]


def endpoint_of_a_sentence(name: str, rng: np.random.Generator, wrong: bool) -> Case:
    """Survival said to be longer, the numbers are of progression-free survival."""
    trial = _start(name)
    ids = _medians(trial, rng)
    said = "OS" if wrong else "PFS"
    trial.add("differences", arm_id="a", item="s", endpoint=said, direction="longer", claims=";".join(ids))
    return Case(trial, "stated-direction", wrong)


def group_of_a_sentence(name: str, rng: np.random.Generator, wrong: bool) -> Case:
    """A sentence about one subgroup, the numbers are of another."""
    trial = _start(name)
    ids = _medians(trial, rng, population="line 1")
    said = "line 2" if wrong else "line 1"
    cells = {"arm_id": "a", "item": "s", "endpoint": "PFS", "direction": "longer", "claims": ";".join(ids)}
    trial.add("differences", population=said, **cells)
    return Case(trial, "stated-direction", wrong)


def overall(name: str, rng: np.random.Generator, wrong: bool) -> Case:
    """A pair told apart by the p of three groups."""
    trial = _start(name, (100, 100, 100))
    ids = _medians(trial, rng)
    third = trial.add("medians", arm_id="c", endpoint="PFS", unit="months", value="5.0")["claim_id"]
    claims = ";".join([*ids, third] if wrong else ids)
    cells = {"arm_id": "all", "comparator_arm_id": ""} if wrong else {"arm_id": "a", "comparator_arm_id": "b"}
    trial.add("arms", arm_id="all", label="all", n="300")
    trial.add("p_values", item="s", endpoint="PFS", p="0.002", claims=claims, **cells)
    trial.add("differences", arm_id="a", item="s", endpoint="PFS", direction="longer", claims=";".join(ids))
    return Case(trial, "overall-p", wrong)


def _counts(trial: Trial, item: str, counts: tuple[int, int], size: int) -> str:
    ids = []
    for arm, n in zip("ab", counts, strict=True):
        cells = {"arm_id": arm, "kind": "baseline", "item": item, "n": str(n), "total": str(size)}
        ids.append(trial.add("proportions", **cells, percent=printed(100 * n / size, 1, "half up"))["claim_id"])
    return ";".join(ids)


def chance(name: str, rng: np.random.Generator, wrong: bool) -> Case:
    """A direction of two shares that differ by chance alone."""
    trial = _start(name)
    first = int(rng.integers(60, 140))
    claims = _counts(trial, "older", (first, first + (3 if wrong else 50)), 200)
    trial.add("differences", arm_id="a", item="age", endpoint="baseline", direction="lower", claims=claims)
    return Case(trial, "direction-chance", wrong)


def unsupported(name: str, rng: np.random.Generator, wrong: bool) -> Case:
    """Called significant without a p, where the counts say that it is not."""
    trial = _start(name)
    first = int(rng.integers(60, 120))
    claims = _counts(trial, "older", (first, first + (4 if wrong else 60)), 200)
    trial.add("p_values", arm_id="a", comparator_arm_id="b", item="age", p="", statement="significant", claims=claims)
    return Case(trial, "unsupported-significance", wrong)


def bound(name: str, rng: np.random.Generator, wrong: bool) -> Case:
    """0.001 printed for a p far below it."""
    trial = _start(name)
    first = int(rng.integers(40, 80))
    claims = _counts(trial, "older", (first, first + 60), 200)
    p = "0.001" if wrong else "<0.001"
    trial.add("p_values", arm_id="a", comparator_arm_id="b", item="age", p=p, claims=claims)
    return Case(trial, "contingency-p", wrong)


def house(name: str, rng: np.random.Generator, wrong: bool) -> Case:
    """One p by Fisher in a table of Pearson tests that names none."""
    trial = _start(name)
    for place in range(6):
        first = int(rng.integers(40, 120))
        counts = first, first + int(rng.integers(8, 20))
        claims = _counts(trial, f"variable {'uvwxyz'[place]}", counts, 200)
        values = tables2x2.p_values(np.array([counts, [200 - n for n in counts]]))
        test = "Fisher exact" if wrong and place == 0 else "Pearson chi-square"
        p = printed_p(values[test], "half up")
        trial.add("p_values", arm_id="a", comparator_arm_id="b", item="x", p=p, claims=claims)
    return Case(trial, "contingency-p", wrong)


def correction(name: str, rng: np.random.Generator, wrong: bool) -> Case:
    """Adjusted p that are no one multiple of the raw ones."""
    trial, k = _start(name), int(rng.integers(2, 5))
    for place, endpoint in enumerate(("PFS", "OS", "TTP")):
        raw = round(float(rng.uniform(0.01, 0.2)), 3)
        times = k + 2 if wrong and place == 0 else k
        cells = {"arm_id": "a", "comparator_arm_id": "b", "item": "x", "endpoint": endpoint}
        trial.add("p_values", **cells, p=f"{raw:.3f}")
        trial.add("p_values", **cells, p=f"{min(1.0, times * raw):.3f}", adjusted="yes")
    return Case(trial, "adjusted-multiple", wrong)


def medians_and_p(name: str, rng: np.random.Generator, wrong: bool) -> Case:
    """A p that two medians and their intervals cannot give, nearly."""
    from resurvey.audit.contrasts import medians_p

    trial = _start(name)
    ids = _medians(trial, rng)
    rows = [
        {f"{c}_months": float(row[c]) for c in ("value", "lower", "upper")}
        | {f"{c}_op": "=" for c in ("value", "lower", "upper")}
        | {"ci_level": 95.0}
        for row in trial.tables["medians"]
    ]
    p = medians_p(*rows) or 0.0
    printed_as = "0.40" if wrong else printed_p(min(1.0, p * rng.uniform(0.3, 3)), "half up")
    trial.add(
        "p_values", arm_id="a", comparator_arm_id="b", item="x", endpoint="PFS", p=printed_as, claims=";".join(ids)
    )
    return Case(trial, "medians-p", wrong and p < 0.02)


def missing(name: str, rng: np.random.Generator, wrong: bool) -> Case:
    """Unknown values in one group far more often than in the other."""
    trial = _start(name)
    some = int(rng.integers(2, 6))
    for arm, unknown in (("a", some + 25 if wrong else some + 1), ("b", some)):
        half = int(rng.integers(60, 100))
        for item, n in (("positive", half), ("negative", 200 - half - unknown), ("unknown", unknown)):
            cells = {"arm_id": arm, "kind": "baseline", "item": item, "n": str(n), "total": "200"}
            trial.add("proportions", **cells, percent=printed(n / 2, 1, "half up"), partition="receptor")
    return Case(trial, "missing-values", wrong)


def denominators(name: str, rng: np.random.Generator, wrong: bool) -> Case:
    """A variable of some in one table, of all in another, whose direction turns."""
    trial = _start(name)
    trial.add("arms", arm_id="all", label="all", n="400")
    early = (150, 100)
    had = (75, 55) if wrong else (90, 40)
    cells = {"arm_id": "all", "kind": "baseline"}
    trial.add("proportions", **cells, item="adjuvant", population="early", n=str(sum(had)), total=str(sum(early)))
    trial.add("proportions", **cells, item="early at diagnosis", n=str(sum(early)), total="400")
    for arm, n, able in zip("ab", had, early, strict=True):
        for item, count in (("adjuvant", n), ("early at diagnosis", able)):
            trial.add("proportions", arm_id=arm, kind="baseline", item=item, n=str(count), total="200")
    return Case(trial, "two-denominators", wrong)


def feature(name: str, rng: np.random.Generator, wrong: bool) -> Case:
    """Visceral and not visceral make up more than the metastatic patients."""
    trial = _start(name)
    base, some = int(rng.integers(150, 190)), int(rng.integers(60, 100))
    rest = (200 if wrong else base) - some
    for item, n in (("visceral", some), ("non-visceral", rest)):
        cells = {"item": item, "n": str(n), "total": str(some + rest), "partition": "visceral metastases"}
        trial.add("proportions", arm_id="a", kind="baseline", **cells)
    trial.add("proportions", arm_id="a", kind="baseline", item="metastatic disease", n=str(base), total="200")
    return Case(trial, "feature-base", wrong)


def cohort(name: str, rng: np.random.Generator, wrong: bool) -> Case:
    """A study larger or smaller than its two arms."""
    a, b = (int(n) for n in rng.integers(80, 300, 2))
    trial = _start(name, (a, b))
    whole = a + b + (int(rng.choice([-60, -7, 9, 80])) if wrong else 0)
    trial.add("arms", arm_id="all", label="all", n=str(whole))
    return Case(trial, "cohort-arms", wrong)


def threshold(name: str, rng: np.random.Generator, wrong: bool) -> Case:
    """More than three in one place, three or more in another."""
    trial, limit = _start(name), int(rng.integers(2, 9))
    for arm, sign in (("a", "≥"), ("b", ">" if wrong else ">=")):
        trial.add("proportions", arm_id=arm, kind="baseline", item=f"Sites {sign}{limit}", n="40", total="200")
    return Case(trial, "threshold", wrong)


def denied(name: str, rng: np.random.Generator, wrong: bool) -> Case:
    """No positive result, beside a p below 0.05."""
    trial = _start(name)
    ids = [
        trial.add("p_values", arm_id="a", comparator_arm_id="b", item="x", endpoint=e, p=p)["claim_id"]
        for e, p in (("PFS", "0.0067" if wrong else "0.21"), ("OS", "0.34"))
    ]
    trial.add("statements", kind="none", item="positive results", claims=";".join(ids))
    return Case(trial, "none-significant", wrong)


def lopsided(name: str, rng: np.random.Generator, wrong: bool) -> Case:
    """A digit lost from the lower limit of one median."""
    trial = _start(name)
    for place in range(7):
        value, width = rng.uniform(10, 20), rng.uniform(1.15, 1.4)
        lower = value / width if not (wrong and place == 3) else 1.0
        cells = {"arm_id": "a", "endpoint": "PFS", "unit": "months", "population": f"group {'pqrstuv'[place]}"}
        trial.add("medians", **cells, value=f"{value:.1f}", lower=f"{lower:.1f}", upper=f"{value * width:.1f}")
    return Case(trial, "median-lopsided", wrong)


def _sample(rng: np.random.Generator) -> tuple[np.ndarray, int]:
    n = int(rng.integers(20, 200))
    return np.round(rng.gamma(4.0, 5.0, n), 1), n


def standard_error(name: str, rng: np.random.Generator, wrong: bool) -> Case:
    """Standard deviation and standard error exchanged."""
    trial = _start(name)
    values, n = _sample(rng)
    sd, se = f"{values.std(ddof=1):.2f}", f"{values.std(ddof=1) / np.sqrt(n):.3f}"
    spread = {"sd": se, "se": sd} if wrong else {"sd": sd, "se": se}
    trial.add("measurements", arm_id="a", kind="mean", item="x", value=f"{values.mean():.2f}", n=str(n), **spread)
    return Case(trial, "mean-error", wrong)


def mean_interval(name: str, rng: np.random.Generator, wrong: bool) -> Case:
    """The interval of a mean around another value."""
    trial = _start(name)
    values, n = _sample(rng)
    mean, half = float(values.mean()), float(1.96 * values.std(ddof=1) / np.sqrt(n))
    shift = half * 1.3 * float(rng.choice([-1, 1])) if wrong else 0.0
    ends = {"lower": f"{mean + shift - half:.2f}", "upper": f"{mean + shift + half:.2f}"}
    sd = f"{values.std(ddof=1):.2f}"
    trial.add("measurements", arm_id="a", kind="mean", item="x", value=f"{mean:.2f}", sd=sd, n=str(n), **ends)
    return Case(trial, "mean-error", wrong)


def spread(name: str, rng: np.random.Generator, wrong: bool) -> Case:
    """A standard deviation larger than the range allows."""
    trial = _start(name)
    values, n = _sample(rng)
    low, high, mean = float(values.min()), float(values.max()), float(values.mean())
    sd = 1.1 * np.sqrt((high - mean) * (mean - low)) + 0.5 if wrong else values.std(ddof=1)
    cells = {"range_lower": f"{low:.1f}", "range_upper": f"{high:.1f}", "sd": f"{sd:.2f}", "n": str(n)}
    trial.add("measurements", arm_id="a", kind="mean", item="x", value=f"{mean:.2f}", **cells)
    return Case(trial, "mean-range", wrong)


def change(name: str, rng: np.random.Generator, wrong: bool) -> Case:
    """A change from baseline with the sign of the other direction."""
    trial = _start(name)
    before, n = _sample(rng)
    after = before - rng.normal(3.0, 1.0, n)
    ids = [
        trial.add("measurements", arm_id="a", kind="mean", item=item, value=f"{x.mean():.2f}", n=str(n))["claim_id"]
        for item, x in (("after", after), ("before", before))
    ]
    moved = float((after - before).mean()) * (-1 if wrong else 1)
    cells = {"value": f"{moved:.2f}", "n": str(n), "claims": ";".join(ids)}
    trial.add("measurements", arm_id="a", kind="change", item="change", **cells)
    return Case(trial, "change", wrong)


def person_time(name: str, rng: np.random.Generator, wrong: bool) -> Case:
    """A rate of other events or person-time."""
    trial = _start(name)
    events, years = int(rng.integers(5, 90)), float(rng.uniform(50, 900))
    rate = 100 * events / float(f"{years:.1f}") * (1.3 if wrong else 1.0)
    cells = {"unit": "per 100 person-years", "events": str(events), "person_time": f"{years:.1f}"}
    trial.add("measurements", arm_id="a", kind="rate", item="x", value=f"{rate:.2f}", **cells)
    return Case(trial, "person-time", wrong)


def incidence(name: str, rng: np.random.Generator, wrong: bool) -> Case:
    """A cumulative incidence above one minus Kaplan-Meier."""
    trial = _start(name)
    survival = float(rng.uniform(30, 80))
    value = (100 - survival) * (rng.uniform(1.05, 1.2) if wrong else rng.uniform(0.6, 1.0))
    cells = {"arm_id": "a", "time": "12", "time_unit": "months"}
    rate = trial.add("survival_rates", **cells, endpoint="TTP", value=f"{survival:.1f}", unit="%")["claim_id"]
    trial.add("measurements", **cells, kind="cumulative incidence", item="x", value=f"{value:.1f}", claims=rate)
    return Case(trial, "cumulative-incidence", wrong and value > 100 - survival + 0.2)


def number_needed(name: str, rng: np.random.Generator, wrong: bool) -> Case:
    """A number needed to treat that the two risks do not give."""
    trial = _start(name)
    some = int(rng.integers(20, 60))
    more = some + int(rng.integers(20, 60))
    claims = _counts(trial, "event", (more, some), 200)
    number = int(np.ceil(200 / (more - some) - 1e-9)) + (2 if wrong else 0)
    cells = {"kind": "number needed to treat", "item": "x", "value": str(number), "claims": claims}
    trial.add("measurements", arm_id="a", **cells)
    return Case(trial, "number-needed", wrong)


FAMILIES: dict[str, Maker] = {
    "sentence of another endpoint": endpoint_of_a_sentence,
    "sentence of another group": group_of_a_sentence,
    "p of all groups for a pair": overall,
    "direction within chance": chance,
    "significant, though the counts are not": unsupported,
    "0.001 for <0.001": bound,
    "one p by another test than its table": house,
    "adjusted p, no one multiple": correction,
    "p beside two medians": medians_and_p,
    "values missing in one group": missing,
    "one variable, two denominators": denominators,
    "parts beyond those who can have them": feature,
    "study and sum of its arms": cohort,
    "threshold with another sign": threshold,
    "none, beside a small p": denied,
    "lopsided interval": lopsided,
    "SD and SE exchanged": standard_error,
    "interval around another mean": mean_interval,
    "SD beyond its range": spread,
    "change, sign": change,
    "rate per person-time": person_time,
    "incidence above 1 - Kaplan-Meier": incidence,
    "number needed to treat": number_needed,
}
