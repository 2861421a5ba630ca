"""Plans, citations, clocks and unknown values of invented papers, each once right and once wrong (see `families`)."""

from __future__ import annotations

import numpy as np
from families import Case, Maker
from plant import Trial, printed, printed_p

from resurvey import tables2x2


def _start(name: str, design: str = "randomised", arms: str = "ab") -> Trial:
    trial = Trial(name)
    trial.add("studies", study_id=name, acronym=name.upper(), design=design, source_id=name)
    for arm in arms:
        trial.add("arms", arm_id=arm, label=arm, n="200")
    return trial


def _median(trial: Trial, arm: str, value: float, **cells: str) -> str:
    row = {"arm_id": arm, "endpoint": "PFS", "unit": "months", "value": f"{value:.1f}"}
    return trial.add("medians", **row | cells)["claim_id"]


def _plan(trial: Trial, null: float, alternative: float, **cells: str) -> None:
    row = {"arm_id": "a", "endpoint": "PFS", "unit": "months"}
    row |= {"null_median": f"{null:.1f}", "alternative_median": f"{alternative:.1f}"}
    trial.add("designs", **row | cells)


def planned_test(name: str, rng: np.random.Generator, wrong: bool) -> Case:
    """A trial of two arms whose only printed p is one of a subgroup."""
    trial = _start(name)
    low = rng.uniform(4, 8)
    _plan(trial, low, 1.5 * low)
    claims = ";".join([_median(trial, "a", 1.6 * low), _median(trial, "b", low)])
    group = "younger" if wrong else "all"
    cells = {"arm_id": "a", "comparator_arm_id": "b", "endpoint": "PFS", "item": "PFS", "p": "0.03"}
    trial.add("p_values", population=group, comparator_population=group, claims=claims, **cells)
    return Case(trial, "planned-test", wrong)


def planned_test_of_one_arm(name: str, rng: np.random.Generator, wrong: bool) -> Case:
    """A single arm planned against a historical value: compared with it, or with a part of itself only."""
    trial = _start(name, "single arm", "a")
    low = rng.uniform(4, 8)
    _plan(trial, low, 1.5 * low)
    _median(trial, "a", 1.6 * low)
    other = "a" if wrong else ""
    trial.add("p_values", arm_id="a", comparator_arm_id=other, endpoint="PFS", item="PFS", p="0.03")
    return Case(trial, "planned-test", wrong)


def announced(name: str, rng: np.random.Generator, wrong: bool) -> Case:
    """An endpoint of the methods that has no result."""
    trial = _start(name)
    _median(trial, "a", rng.uniform(4, 8))
    trial.add("statements", kind="planned", item="secondary endpoint", endpoint="OS" if wrong else "PFS")
    return Case(trial, "announced", wrong)


def comparison_announced(name: str, rng: np.random.Generator, wrong: bool) -> Case:
    """A comparison of the methods of which only the two medians are printed."""
    trial = _start(name)
    claims = ";".join([_median(trial, "a", rng.uniform(8, 12)), _median(trial, "b", rng.uniform(4, 7))])
    if not wrong:
        cells = {"arm_id": "a", "comparator_arm_id": "b", "endpoint": "PFS", "item": "PFS"}
        trial.add("p_values", p="0.01", claims=claims, **cells)
    trial.add("statements", kind="planned", item="log-rank test", endpoint="PFS", value="comparison")
    return Case(trial, "announced", wrong)


def boundary(name: str, rng: np.random.Generator, wrong: bool) -> Case:
    """The alternative of the sample size called the boundary."""
    trial = _start(name, "single arm", "a")
    low = rng.uniform(4, 8)
    _plan(trial, low, 1.5 * low)
    value = f"{(1.5 if wrong else 1.25) * low:.1f}"
    trial.add("statements", kind="role", item="boundary", endpoint="PFS", value=value)
    return Case(trial, "number-role", wrong)


def historical(name: str, rng: np.random.Generator, wrong: bool) -> Case:
    """A historical control that is not the null value: another by one unit of its last digit."""
    trial = _start(name, "single arm", "a")
    low = round(rng.uniform(4, 8), 1)
    _plan(trial, low, 1.5 * low)
    value = f"{low + (0.1 if wrong else 0):.1f}"
    trial.add("statements", kind="role", item="historical control", endpoint="PFS", value=value)
    return Case(trial, "number-role", wrong)


def _cited(name: str, study: str) -> tuple[Trial, str]:
    """A review that cites a document about `study`, and that document."""
    trial, document = Trial(name), f"{name}c"
    for source in (name, document):
        trial.add("sources", source_id=source, citation=source, year="2020", kind="trial")
    for known in dict.fromkeys((name, study)):
        trial.add("studies", study_id=known, acronym=known.upper(), design="randomised", source_id=document)
    for arm in "ab":
        trial.add("arms", arm_id=arm, label=arm, n="200", study_id=study, source_id=document)
    return trial, document


def study_cited(name: str, rng: np.random.Generator, wrong: bool) -> Case:
    """A sentence about one trial that carries the reference of another."""
    other = f"{name}x"
    trial, document = _cited(name, other)
    trial.tables["studies"] = [row for row in trial.tables["studies"] if row["study_id"] == other]
    trial.add("studies", study_id=name, acronym=name.upper(), design="randomised", source_id=name)
    trial.add("statements", kind="cites", item="reference", value=document, study_id=name if wrong else other)
    return Case(trial, "cited-study", wrong)


def value_cited(name: str, rng: np.random.Generator, wrong: bool) -> Case:
    """A median cited to a document that prints another by one unit of the last digit but one."""
    trial, document = _cited(name, name)
    value = round(rng.uniform(5, 20), 1)
    _median(trial, "a", value, source_id=document)
    claim = _median(trial, "a", value + (0.2 if wrong else 0))
    trial.add("statements", kind="cites", item="reference", value=document, claims=claim)
    return Case(trial, "cited-value", wrong)


def clock(name: str, rng: np.random.Generator, wrong: bool) -> Case:
    """One endpoint counted from two starts."""
    trial = _start(name)
    for start in ("randomisation", "diagnosis" if wrong else "randomisation"):
        trial.add("statements", kind="clock", item="PFS", endpoint="PFS", value=start)
    return Case(trial, "clock-start", wrong)


def mean(name: str, rng: np.random.Generator, wrong: bool) -> Case:
    """A mean that a second document calls a median."""
    trial, document = _cited(name, name)
    value = rng.uniform(5, 20)
    _median(trial, "a", value, source_id=document)
    cells = {"arm_id": "a", "item": "PFS, restricted mean", "statistic": "mean", "unit": "months"}
    trial.add("follow_up", value=f"{1.4 * value:.1f}", source_id=document, **cells)
    _median(trial, "a", (1.4 if wrong else 1.0) * value)
    return Case(trial, "mean-as-median", wrong)


def control(name: str, rng: np.random.Generator, wrong: bool) -> Case:
    """The control median of another trial beside the right treated median and p."""
    trial, document = _cited(name, name)
    value = round(rng.uniform(5, 12), 1)
    for source, cut in ((document, "primary"), (name, "")):
        shift = 0.5 if wrong and source == name else 0.0
        claims = [_median(trial, "a", 1.5 * value, source_id=source, data_cut=cut)]
        claims += [_median(trial, "b", value + shift, source_id=source, data_cut=cut)]
        cells = {"arm_id": "a", "comparator_arm_id": "b", "endpoint": "PFS", "item": "PFS", "p": "0.021"}
        trial.add("p_values", claims=";".join(claims), source_id=source, data_cut=cut, **cells)
    # The review speaks of a second study, so it is the one that cites.
    trial.add("studies", study_id=f"{name}y", acronym="SECOND", design="randomised", source_id=name)
    trial.add("arms", study_id=f"{name}y", arm_id="a", label="a", n="90")
    return Case(trial, "across", wrong)


def unknown(name: str, rng: np.random.Generator, wrong: bool) -> Case:
    """A p below 0.05 only as long as the unknown count among the others."""
    trial = _start(name)
    missing = (60, 20) if wrong else (20, 20)
    while True:
        first = int(rng.integers(60, 75))
        second = int(first + rng.integers(16, 40))
        counts = [first, second]
        every = _pearson(counts, [200, 200])
        known = _pearson(counts, [200 - missing[0], 200 - missing[1]])
        if every < 0.05 and (known >= 0.05) == wrong:
            break
    ids = []
    for arm, n, left in zip("ab", counts, missing, strict=True):
        for item, count in (("old", n), ("young", 200 - n - left), ("unknown", left)):
            cells = {"arm_id": arm, "kind": "baseline", "item": item, "n": str(count), "total": "200"}
            cells |= {"percent": printed(count / 2, 1, "half up"), "partition": "age"}
            claim = trial.add("proportions", **cells)["claim_id"]
            ids += [claim] if item == "old" else []
    cells = {"arm_id": "a", "comparator_arm_id": "b", "item": "age"}
    trial.add("p_values", p=printed_p(every, "half up"), claims=";".join(ids), **cells)
    return Case(trial, "unknown-choice", wrong)


def _pearson(counts: list[int], sizes: list[int]) -> float:
    table = np.array([counts, [size - count for size, count in zip(sizes, counts, strict=True)]])
    return tables2x2.p_values(table)["Pearson chi-square"]


def beside(name: str, rng: np.random.Generator, wrong: bool) -> Case:
    """A sentence about a pair, and beside it the p of three groups, though the pair has its own."""
    trial = _start(name, arms="abc")
    ids = [_median(trial, arm, rng.uniform(low, low + 2)) for arm, low in (("a", 10), ("b", 6), ("c", 7))]
    where = {"locator": "Results", "item": "a against b"}
    trial.add("differences", arm_id="a", endpoint="PFS", direction="longer", claims=";".join(ids[:2]), **where)
    pair = {"arm_id": "a", "comparator_arm_id": "b", "endpoint": "PFS", "claims": ";".join(ids[:2])}
    trial.add("p_values", item="pair", p="0.02", **pair)
    if wrong:
        trial.add("p_values", arm_id="all", endpoint="PFS", p="0.004", claims=";".join(ids), **where)
    else:
        trial.add("p_values", p="0.02", **pair | where)
    return Case(trial, "overall-p", wrong)


def one_percentage(name: str, rng: np.random.Generator, wrong: bool) -> Case:
    """One percentage too low for the total that all others of its group give."""
    trial = _start(name, arms="")
    size = int(rng.integers(150, 400))
    for place in range(6):
        n = int(rng.integers(0.2 * size, 0.8 * size))
        share = 100 * n / size - (rng.uniform(1.0, 3.0) if wrong and place == 3 else 0)
        cells = {"kind": "baseline", "item": f"feature {place}", "n": str(n)}
        trial.add("proportions", percent=printed(share, 1, "half up"), **cells)
    return Case(trial, "implied-total", wrong)


def authors(name: str, rng: np.random.Generator, wrong: bool) -> Case:
    """Authors of the text and of the reference they point to."""
    trial = _start(name)
    surnames = ["Abel", "Berg", "Carlsen", "Dumont", "Eklund"]
    first, second = (surnames[i] for i in rng.choice(len(surnames), 2, replace=False))
    trial.add("names", kind="reference", entity="reference_7", printed=f"{first} and colleagues")
    trial.add("names", kind="reference", entity="reference_7", printed=f"{second if wrong else first} A, Moe B, 2011")
    return Case(trial, "name", wrong)


def design_word(name: str, rng: np.random.Generator, wrong: bool) -> Case:
    """A cohort called a randomised trial."""
    trial = _start(name, "retrospective cohort")
    word = "randomised trial" if wrong else "retrospective study"
    trial.add("names", kind="trial", entity="design", printed=f"{'small' if rng.random() < 0.5 else 'large'} {word}")
    return Case(trial, "design-word", wrong)


def evaluable(name: str, rng: np.random.Generator, wrong: bool) -> Case:
    """More responders among all than among those who could be evaluated."""
    trial = _start(name)
    able, n = int(rng.integers(150, 190)), int(rng.integers(40, 90))
    for group, size, count in (("evaluable", able, n), ("all", 200, n + (int(rng.integers(1, 9)) if wrong else 0))):
        share = printed(100 * count / size, 1, "half up")
        cells = {"kind": "response", "endpoint": "ORR", "item": "ORR", "n": str(count), "total": str(size)}
        trial.add("proportions", arm_id="a", population=group, percent=share, **cells)
    return Case(trial, "evaluable-response", wrong)


def sign(name: str, rng: np.random.Generator, wrong: bool) -> Case:
    """A dash that stands for negative in one column and for not tested in another."""
    trial = _start(name)
    for place, meaning in enumerate(("negative", "not tested" if wrong else "negative")):
        trial.add("statements", kind="sign", item="dash, Table 1", value=meaning, locator=f"Table 1, column {place}")
    return Case(trial, "sign-meaning", wrong)


ANNOUNCED: dict[str, Maker] = {
    "planned test of two arms not reported": planned_test,
    "planned test of one arm not reported": planned_test_of_one_arm,
    "endpoint announced, not printed": announced,
    "comparison announced, not printed": comparison_announced,
    "alternative called the boundary": boundary,
    "historical control, last digit": historical,
    "reference of another trial": study_cited,
    "number not in the cited document": value_cited,
    "two starts of one clock": clock,
    "mean called a median": mean,
    "control median of another trial": control,
    "significant by the unknown": unknown,
    "p of all groups beside a pair": beside,
    "one percentage below the common total": one_percentage,
    "authors of another reference": authors,
    "cohort called a randomised trial": design_word,
    "responders who were not evaluable": evaluable,
    "one dash for two things": sign,
}
