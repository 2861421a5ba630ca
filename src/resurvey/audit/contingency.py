"""Printed p values of comparisons of counts: which test reproduces them, and from which counts."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from resurvey import tables2x2
from resurvey.audit.context import Context, records, standard_name
from resurvey.audit.denominators import GROUP, denominators
from resurvey.audit.implied import implied_pairs
from resurvey.audit.registry import register
from resurvey.audit.verdicts import (
    CONCLUSION,
    DISCREPANT,
    MAJOR,
    MINOR,
    NONE,
    OTHER_METHOD,
    REPRODUCED,
    ROUNDING,
    UNCHECKABLE,
    Ledger,
)
from resurvey.reported import show

SPELLINGS = {
    "fisher": "Fisher exact",
    "exact": "Fisher exact",
    "yates": "Yates chi-square",
    "continuity": "Yates chi-square",
    "likelihood": "likelihood-ratio chi-square",
    "trend": "trend",
    "armitage": "trend",
    "mid": "Fisher mid-P",
    "chi": "Pearson chi-square",
    "pearson": "Pearson chi-square",
}
# Tests that a reader expects when none is named.
USUAL = ("Pearson chi-square", "Fisher exact", "Yates chi-square")
# Tests compared to see whether significance depends on the choice of test.
CHOICES = ("Pearson chi-square", "Yates chi-square", "Fisher exact")
SLACK = 1e-9


@dataclass(frozen=True)
class Cell:
    """A count in a group, as far as it is known."""

    claim: str
    item: str
    group: tuple[str, str, str]
    n: float
    total: float
    kind: str
    # The count that the printed percentage implies, where it differs from the printed count.
    other: float
    # The sum of the printed categories of its set, where the percentage is of that sum rather than of the total.
    known: float


@register(
    "contingency-p",
    "p of the table of counts by Pearson, Yates, Fisher, likelihood ratio, trend, N-1, unpooled z",
    "Agresti 2013, 3.2",
)
def check_contingency(context: Context) -> pd.DataFrame:
    """Every printed p value that compares counts, recomputed by every standard test."""
    frame = context["p_values"]
    frame = frame[frame["p_op"].isin(["=", "<", "<=", ">", ">=", "~"]) & (frame["claims"] != "")]
    ledger = Ledger("contingency-p")
    if frame.empty or context["proportions"].empty:
        return ledger.frame()
    cells = _cells(context)
    wanted = []
    for record in records(frame):
        claims = [claim.strip() for claim in record["claims"].split(";")]
        if all(claim in cells for claim in claims) and len(claims) > 1:
            wanted.append((record, [cells[claim] for claim in claims]))
    house = _house_tests(wanted)
    for record, own in wanted:
        _judge(ledger, record, own, house.get(_table_of(record), ""))
    return ledger.frame()


# A table follows one test when that test gives at least this number and this share of its p values.
FOLLOWED, SHARE = 4, 0.75


def _table_of(record: dict) -> tuple[str, str]:
    return record["source_id"], record["locator"].split(",")[0]


def _house_tests(wanted: list[tuple[dict, list[Cell]]]) -> dict[tuple[str, str], str]:
    """The usual test that reproduces nearly all p values of a table that names no test, if there is one."""
    fits: dict[tuple[str, str], list[set[str]]] = {}
    for record, own in wanted:
        tables = [] if record["test"] or record["p_op"] != "=" else _tables(own)
        values = _match(record, tables[0][1], "")[1] if tables else {}
        fitting = {name for name in USUAL if name in values and _fits(record, values[name], False)}
        if fitting:
            fits.setdefault(_table_of(record), []).append(fitting)
    house = {}
    for table, found in fits.items():
        test = max(USUAL, key=lambda name: sum(name in fitting for fitting in found))
        count = sum(test in fitting for fitting in found)
        if len(found) >= FOLLOWED and SHARE * len(found) <= count and _alone(test, found):
            house[table] = test
    return house


def _alone(test: str, found: list[set[str]]) -> bool:
    """Whether at least two p values of the table are reproduced by this test and by no other usual test."""
    return sum(fitting == {test} for fitting in found) > 1


def _cells(context: Context) -> dict[str, Cell]:
    frame = context["proportions"]
    total, _ = denominators(context, frame)
    pairs = implied_pairs(context)
    own = np.where(frame["n_op"] == "=", frame["n"], np.nan).astype(float)
    percent = np.where(frame["percent_op"] == "=", frame["percent"], np.nan).astype(float)
    with np.errstate(invalid="ignore"):
        low = np.ceil(frame["percent_min"].to_numpy(float) * total / 100 - SLACK)
        high = np.floor(frame["percent_max"].to_numpy(float) * total / 100 + SLACK)
    # A percentage determines the count only where exactly one whole number fits it.
    fitted = np.where((low == high) & ~np.isnan(percent), low, np.nan)
    n = np.where(np.isnan(own), fitted, own)
    names = [f"{a} {b} {c}".strip() for a, b, c in zip(frame["endpoint"], frame["item"], frame["grade"], strict=True)]
    groups = zip(frame["study_id"], frame["arm_id"], frame["population"], strict=True)
    made = {}
    columns = zip(frame["claim_id"], names, groups, n, total, frame["kind"], fitted, _known(frame, total), strict=True)
    for claim, item, group, count, size, kind, other, known in columns:
        if claim in pairs:
            count, size = pairs[claim]
        made[claim] = Cell(claim, item, group, count, size, kind, other if other != count else float("nan"), known)
    return made


def _known(frame: pd.DataFrame, total: np.ndarray) -> np.ndarray:
    """Sum of the categories of each row's set, where the printed percentage is of that sum; NaN elsewhere."""
    sums = frame["n"].groupby([frame[column] for column in GROUP]).transform("sum").to_numpy(float)
    with np.errstate(invalid="ignore", divide="ignore"):
        exact = 100 * frame["n"].to_numpy(float) / sums
    fits = (frame["percent_min"].to_numpy(float) <= exact) & (exact <= frame["percent_max"].to_numpy(float))
    return np.where((frame["partition"] != "") & fits & (sums != total), sums, np.nan)


def _judge(ledger: Ledger, record: dict, cells: list[Cell], house: str) -> None:
    tables = _tables(cells)
    named = standard_name(record["test"], SPELLINGS)
    found = [(label, *_match(record, table, named)) for label, table in tables]
    usable = [entry for entry in found if entry[2]]
    if not usable:
        _note(ledger, record, cells, UNCHECKABLE, NONE, "", "no whole counts and denominators are printed to test")
        return
    hits = [(label, hit, values) for label, hit, values in usable if hit]
    if hits:
        label, (test, loose), values = hits[0]
        verdict, severity = _verdict(test, loose, named), NONE
        words = f"{test} of {label} gives {show(values[test], 3)}, printed {record['p_text']}"
        words += "; fits when digits were cut off or rounded up" if loose else ""
        words += (
            f"; the named test ({named}) gives {show(values[named], 3)}"
            if verdict == OTHER_METHOD and named in values
            else ""
        )
        if house and not named and test != house and verdict != OTHER_METHOD and house in values:
            verdict, severity = OTHER_METHOD, MINOR
            words += f"; the other p values of this table are by {house}, which gives {show(values[house], 3)}"
        _note(ledger, record, cells, verdict, severity, f"p {show(values[test], 3)} ({test})", words + _choice(values))
        return
    label, _, values = usable[0]
    test = named if named in values else next(iter(values))
    words = f"no standard test of {label} gives {record['p_text']}: " + _list(values)
    if _is_bound(record, values[test]):
        words += f"; as a bound, <{record['p_text']}, it would be right"
    words += _from_other_counts(record, cells, named)
    severity = _gravity(record, values[test], cells)
    _note(ledger, record, cells, DISCREPANT, severity, f"p {show(values[test], 3)} ({test})", words + _choice(values))


def _note(
    ledger: Ledger, record: dict, cells: list[Cell], verdict: str, severity: str, recomputed: str, words: str
) -> None:
    ledger.judge(
        record,
        [record["claim_id"], *(cell.claim for cell in cells)],
        named=[record["claim_id"]],
        reported=f"p {record['p_text']}",
        recomputed=recomputed,
        verdict=verdict,
        severity=severity,
        explanation=words,
    )


def _tables(cells: list[Cell], *, other: bool = False) -> list[tuple[str, np.ndarray]]:
    """Contingency tables the cells may represent: one category against the rest, or all categories of each group."""
    groups: dict[tuple[str, str, str], list[Cell]] = {}
    for cell in cells:
        groups.setdefault(cell.group, []).append(cell)
    if len(groups) < 2 or len({len(part) for part in groups.values()}) > 1:
        return []
    columns = list(groups.values())
    counts = np.array([[_count(cell, other) for cell in part] for part in columns]).T
    if np.isnan(counts).any():
        return []
    if counts.shape[0] > 1:
        return [(" against ".join("/".join(f"{n:.0f}" for n in column) for column in counts.T), counts)]
    totals = np.array([part[0].total for part in columns], dtype=float)
    known = np.array([part[0].known for part in columns], dtype=float)
    sets = [np.where(np.isnan(known), totals, known)] if not np.isnan(known).all() else []
    return [_against_rest(counts[0], sizes) for sizes in (*sets, totals) if (counts[0] <= sizes).all()]


def _against_rest(counts: np.ndarray, sizes: np.ndarray) -> tuple[str, np.ndarray]:
    words = " against ".join(f"{n:.0f}/{size:.0f}" for n, size in zip(counts, sizes, strict=True))
    return words, np.vstack([counts, sizes - counts])


def _count(cell: Cell, other: bool) -> float:
    return cell.other if other and cell.other == cell.other else cell.n


def _match(record: dict, table: np.ndarray, named: str) -> tuple[tuple[str, bool] | None, dict[str, float]]:
    """The first test that gives the printed p value (and whether only loosely), and the p values of all tests."""
    values = {name: p for name, p in tables2x2.p_values(table).items() if p == p}
    if record["p_sided"] == "1":
        values = {name: p / 2 for name, p in values.items()}
    others = [name for name in values if name != named]
    # Try the named test under every rounding rule before any other test.
    attempts = [(named, loose) for loose in (False, True) if named in values]
    attempts += [(name, False) for name in others] + [(name, True) for name in others if name in USUAL]
    for name, loose in attempts:
        if _fits(record, values[name], loose):
            return (name, loose), values
    return None, values


def _fits(record: dict, p: float, loose: bool) -> bool:
    low, high, half = record["p_min"], record["p_max"], 0.0
    if record["p_op"] in ("<", "<="):
        return p <= high + SLACK
    if record["p_op"] in (">", ">="):
        return p >= low - SLACK
    if loose and not _is_bound(record, p):
        half = (high - low) / 2 - SLACK
    return low - half - SLACK <= p <= high + half + SLACK


def _is_bound(record: dict, p: float) -> bool:
    """Whether p is printed as the smallest value its digits allow (0.001) where `below` that value is meant."""
    unit = record["p_max"] - record["p_min"]
    return bool(record["p_op"] == "=" and abs(record["p"] - unit) <= SLACK and p < record["p_min"] - SLACK)


def _verdict(test: str, loose: bool, named: str) -> str:
    expected = test == named if named else test in USUAL
    if not expected:
        return OTHER_METHOD
    return ROUNDING if loose else REPRODUCED


def _list(values: dict[str, float]) -> str:
    return ", ".join(f"{name} {show(p, 3)}" for name, p in values.items() if name in CHOICES or len(values) < 4)


def _choice(values: dict[str, float]) -> str:
    """Clause on how significance at 0.05 depends on the choice of test; empty when it does not."""
    chosen = {name: values[name] for name in CHOICES if name in values}
    if len({p < 0.05 for p in chosen.values()}) < 2:
        return ""
    below = [f"{name} {show(p, 3)}" for name, p in chosen.items() if p < 0.05]
    above = [f"{name} {show(p, 3)}" for name, p in chosen.items() if p >= 0.05]
    return f"; significance at 0.05 depends on the test: {', '.join(below)}, but {', '.join(above)}"


def _from_other_counts(record: dict, cells: list[Cell], named: str) -> str:
    """Clause on whether the counts implied by the printed percentages would give the printed p value."""
    if not any(cell.other == cell.other for cell in cells):
        return ""
    for label, table in _tables(cells, other=True):
        hit, values = _match(record, table, named)
        if hit:
            return (
                f"; with the counts that the percentages stand for ({label}) {hit[0]} gives {show(values[hit[0]], 3)}"
            )
    return ""


@register("test-choice", "whether p < 0.05 by Pearson, Yates and Fisher alike", "Agresti 2013, 3.5")
def check_test_choice(context: Context) -> pd.DataFrame:
    """Comparisons of outcomes whose significance at 0.05 depends on the choice of test."""
    frame = context["p_values"]
    frame = frame[frame["p_op"].isin(["=", "<", "<="]) & (frame["claims"] != "")]
    ledger = Ledger("test-choice")
    if frame.empty or context["proportions"].empty:
        return ledger.frame()
    cells = _cells(context)
    for record in records(frame):
        here = [cells[claim] for claim in map(str.strip, record["claims"].split(";")) if claim in cells]
        tables = _tables(here) if len(here) > 1 and any(cell.kind != "baseline" for cell in here) else []
        if not tables:
            continue
        label, table = tables[0]
        hit, values = _match(record, table, standard_name(record["test"], SPELLINGS))
        words = _choice(values)
        if hit and words:
            words = f"for {label}" + words.removeprefix(";")
            _note(ledger, record, here, OTHER_METHOD, CONCLUSION, _list(values), words)
    return ledger.frame()


def _gravity(record: dict, p: float, cells: list[Cell]) -> str:
    flips = (record["p_min"] > 0.05 and p < 0.05) or (record["p_max"] < 0.05 and p > 0.05)
    if not flips:
        return MINOR
    return MAJOR if all(cell.kind == "baseline" for cell in cells) else CONCLUSION
