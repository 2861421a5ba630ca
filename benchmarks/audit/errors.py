"""Errors of typists and editors, planted one at a time, and whether each leaves what rounding can explain.

`leaves` is decided here, by exact arithmetic and without the audit's checks: an error stays inside the logic when some
rule of rounding prints the altered number from the unaltered ones.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from math import log

import numpy as np
from plant import ROUNDINGS, Trial, printed

from resurvey import proportion_limits

Row = dict[str, str]


@dataclass(frozen=True)
class Planted:
    """One planted error: its kind, the claim it sits in, and whether it leaves the interval logic."""

    kind: str
    claim: str
    leaves: bool


def _swap_digit(text: str, rng: np.random.Generator) -> str:
    places = [i for i, c in enumerate(text) if c.isdigit()]
    at = int(rng.choice(places))
    new = str(rng.choice([d for d in "0123456789" if d != text[at]]))
    return text[:at] + new + text[at + 1 :]


def _transpose(text: str, rng: np.random.Generator) -> str:
    pairs = [i for i in range(len(text) - 1) if text[i].isdigit() and text[i + 1].isdigit() and text[i] != text[i + 1]]
    if not pairs:
        return _swap_digit(text, rng)
    at = int(rng.choice(pairs))
    return text[:at] + text[at + 1] + text[at] + text[at + 2 :]


def _drop(text: str, rng: np.random.Generator) -> str:
    digits = [i for i, c in enumerate(text) if c.isdigit()]
    whole = text.split(".")[0]
    allowed = [i for i in digits if not (len(whole) == 1 and i == 0)]
    if len(digits) < 2 or not allowed:
        return _swap_digit(text, rng)
    at = int(rng.choice(allowed))
    return (text[:at] + text[at + 1 :]).rstrip(".")


TYPING: dict[str, Callable[[str, np.random.Generator], str]] = {
    "digit swapped": _swap_digit,
    "digits transposed": _transpose,
    "digit dropped": _drop,
}


def _digits(text: str) -> int:
    return len(text.split(".")[1]) if "." in text else 0


def _prints(exact: Fraction | float, text: str) -> bool:
    """Whether some rule of rounding prints `exact` as `text` (as a number: 5.10 and 5.1 differ in precision only)."""
    return any(float(printed(exact, _digits(text), rule)) == float(text) for rule in ROUNDINGS)


def _percent_fits(n: str, total: str, percent: str) -> bool:
    return int(n) <= int(total) and _prints(Fraction(100 * int(n), int(total)), percent)


def plant_percent(trial: Trial, row: Row, kind: str, rng: np.random.Generator) -> Planted | None:
    """A typing error in a percentage."""
    new = TYPING[kind](row["percent"], rng)
    if float(new) > 100 or float(new) == float(row["percent"]):
        return None
    row["percent"] = new
    return Planted(f"percentage, {kind}", row["claim_id"], not _percent_fits(row["n"], row["total"], new))


def plant_count(trial: Trial, row: Row, rng: np.random.Generator) -> Planted | None:
    """Another count: off by a few, or digits transposed."""
    n = int(row["n"])
    new = (
        int(_transpose(row["n"], rng)) if n > 11 and rng.random() < 0.5 else n + int(rng.choice([-3, -2, -1, 1, 2, 3]))
    )
    if new == n or not 0 <= new <= int(row["total"]):
        return None
    row["n"] = str(new)
    added = bool(row.get("partition") or row.get("grade"))
    return Planted("count changed", row["claim_id"], added or not _percent_fits(row["n"], row["total"], row["percent"]))


def plant_total(trial: Trial, row: Row, rng: np.random.Generator) -> Planted | None:
    """Another denominator in one row."""
    total = int(row["total"])
    new = int(_transpose(row["total"], rng)) if rng.random() < 0.5 else total + int(rng.choice([-10, -5, 5, 10]))
    if new == total or new < max(1, int(row["n"])):
        return None
    row["total"] = str(new)
    return Planted("denominator changed", row["claim_id"], not _percent_fits(row["n"], row["total"], row["percent"]))


def plant_other_row(trial: Trial, row: Row, rng: np.random.Generator) -> Planted | None:
    """The percentage of another row."""
    rows = trial.tables["proportions"]
    new = rows[int(rng.integers(len(rows)))]["percent"]
    if float(new) == float(row["percent"]):
        return None
    row["percent"] = new
    return Planted("percentage of another row", row["claim_id"], not _percent_fits(row["n"], row["total"], new))


def plant_arms(trial: Trial, row: Row, rng: np.random.Generator) -> Planted | None:
    """Count and percentage of the two arms exchanged in one row of the table."""
    same = ("item", "grade", "kind")
    rows = trial.tables["proportions"]
    other = next(
        r for r in rows if r is not row and all(r.get(c) == row.get(c) for c in same) and r["arm_id"] != row["arm_id"]
    )
    if row["n"] == other["n"] or int(row["n"]) > int(other["total"]) or int(other["n"]) > int(row["total"]):
        return None
    for cell in ("n", "percent"):
        row[cell], other[cell] = other[cell], row[cell]
    added = bool(row.get("partition") or row.get("grade"))
    fits = all(_percent_fits(r["n"], r["total"], r["percent"]) for r in (row, other))
    return Planted("arm labels exchanged", row["claim_id"], added or not fits)


def _unit(text: str) -> float:
    return 10.0 ** -_digits(text)


def _box(text: str) -> tuple[float, float]:
    """All values that some rule of rounding prints as `text`."""
    return float(text) - _unit(text), float(text) + _unit(text)


def _ratio_leaves(row: Row) -> bool:
    """Whether ratio, interval and two-sided Wald p cannot all be prints of one estimate (corners of the box)."""
    from scipy.stats import norm

    (v0, v1), (a0, a1), (b0, b1) = (_box(row[c]) for c in ("value", "lower", "upper"))
    if min(v0, a0, b0) <= 0:
        return False
    if v1 * v1 < a0 * b0 or v0 * v0 > a1 * b1:
        return True
    narrow, wide = max(log(b0 / a1), 1e-9) / 3.919928, log(b1 / a0) / 3.919928
    small = 0.0 if v0 <= 1 <= v1 else min(abs(log(v0)), abs(log(v1)))
    least, most = 2 * norm.sf(max(abs(log(v0)), abs(log(v1))) / narrow), 2 * norm.sf(small / wide)
    text = row["p"]
    if text.startswith("<"):
        return bool(least >= float(text[1:]))
    low, high = _box(text)
    return bool(most < low or least > high)


def plant_ratio(trial: Trial, row: Row, column: str, kind: str, rng: np.random.Generator) -> Planted | None:
    """A typing error in a ratio, a limit or its p."""
    text = row[column]
    if text.startswith("<"):
        return None
    new = TYPING[kind](text, rng)
    if float(new) == float(text) or (column == "p" and not 0 <= float(new) <= 1) or float(new) <= 0:
        return None
    altered = row | {column: new}
    if float(altered["lower"]) > float(altered["upper"]):
        return None
    row[column] = new
    name = {"value": "ratio", "lower": "ratio limit", "upper": "ratio limit", "p": "ratio p"}[column]
    return Planted(f"{name}, {kind}", row["claim_id"], _ratio_leaves(row))


def plant_foreign_limit(trial: Trial, row: Row, rng: np.random.Generator) -> Planted | None:
    """A limit of another interval."""
    rows = trial.tables["hazard_ratios"]
    end = str(rng.choice(["lower", "upper"]))
    new = rows[int(rng.integers(len(rows)))][end]
    altered = row | {end: new}
    if new == row[end] or float(altered["lower"]) > float(altered["upper"]):
        return None
    row[end] = new
    return Planted("limit of another interval", row["claim_id"], _ratio_leaves(row))


def plant_p(trial: Trial, row: Row, kind: str, rng: np.random.Generator) -> Planted | None:
    """A typing error in the p of a comparison of counts."""
    text = row["p"]
    if text.startswith("<"):
        return None
    new = TYPING[kind](text, rng)
    if not 0 <= float(new) <= 1 or abs(float(new) - float(text)) < 2.5 * 10.0 ** -min(_digits(text), _digits(new)):
        return None
    row["p"] = new
    return Planted(f"p of counts, {kind}", row["claim_id"], True)


def plant_limit(trial: Trial, row: Row, rng: np.random.Generator) -> Planted | None:
    """A typing error in a limit of a proportion."""
    end, kind = str(rng.choice(["lower", "upper"])), str(rng.choice(list(TYPING)))
    new = TYPING[kind](row[end], rng)
    altered = row | {end: new}
    if float(new) > 100 or float(new) == float(row[end]) or float(altered["lower"]) > float(altered["upper"]):
        return None
    row[end] = new
    low, high = proportion_limits.interval(int(row["n"]), int(row["total"]), method=row["ci_method"])
    exact = 100 * float(low if end == "lower" else high)
    return Planted("limit of a proportion", row["claim_id"], not _prints(exact, new))


def plant_median(trial: Trial, row: Row, rng: np.random.Generator) -> Planted | None:
    """A median with digits transposed, swapped or dropped."""
    kind = str(rng.choice(list(TYPING)))
    new = TYPING[kind](row["value"], rng)
    if float(new) == float(row["value"]):
        return None
    row["value"] = new
    half = _unit(new)
    below = float(new) + half < float(row["lower"]) - _unit(row["lower"])
    above = float(new) - half > float(row["upper"]) + _unit(row["upper"])
    return Planted("median outside its interval", row["claim_id"], below or above)


def plant_difference(trial: Trial, row: Row, rng: np.random.Generator) -> Planted | None:
    """A stated difference with a digit swapped."""
    new = _swap_digit(row["value"], rng)
    medians = {r["claim_id"]: r for r in trial.tables["medians"]}
    first, second = (float(medians[c]["value"]) for c in row["claims"].split(";"))
    if float(new) == float(row["value"]):
        return None
    row["value"] = new
    return Planted("stated difference", row["claim_id"], abs(abs(first - second) - float(new)) > 0.2 + 1e-9)
