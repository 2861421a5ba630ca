"""Shared rules for running text: matches, the interval and p value that follow a number, clauses and lists."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Literal

from resurvey.read.lexer import Line, Token
from resurvey.read.objects import ClaimKind
from resurvey.read.word_lists import UNITS

REACH = 9
#: A confidence interval, a range, quartiles, or limits that no word names.
IntervalKind = Literal["ci", "range", "iqr", ""]


@dataclass
class Found:
    """A match of a rule in a line: kind and cells of a claim, and the tokens used, beginning with the value."""

    kind: ClaimKind
    cells: dict[str, str]
    tokens: list[int]
    rule: str
    notes: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Interval:
    """Limits after a number: tokens, level, and whether they are a confidence interval, a range or quartiles."""

    low: int
    high: int
    level: str
    kind: IntervalKind
    end: int
    lower: str
    upper: str
    unit: str = ""

    def other_unit(self, unit: str) -> bool:
        """Whether the limits are printed in a different unit of time from their value."""
        return self.unit in UNITS and unit in UNITS and self.unit != unit

    def note(self) -> str:
        """A note for the reviewer where the limits cannot be stored beside the value."""
        return f"the limits are printed in {self.unit}: {self.lower} to {self.upper}"


RANGES: dict[str, IntervalKind] = {
    "range": "range",
    "ranges": "range",
    "ranging": "range",
    "min-max": "range",
    "iqr": "iqr",
    "interquartile": "iqr",
    "quartile": "iqr",
    "quartiles": "iqr",
    "q1-q3": "iqr",
}
BRIDGE = {
    "(",
    "[",
    ",",
    ";",
    ":",
    "=",
    "of",
    "from",
    "was",
    "is",
    "were",
    "the",
    "a",
    "with",
    "per",
    "and",
    "years",
    "months",
    "year",
    "cycles",
    "courses",
    "weeks",
    "days",
    "age",
    "between",
    ")",
    "]",
    "interval",
    "intervals",
    "limits",
    "two-sided",
    "corresponding",
}


def is_word(token: Token, *words: str) -> bool:
    """Whether a token is one of the given words."""
    return token.text.lower() in words


def interval_after(line: Line, index: int, *, bare: bool = True) -> Interval | None:
    """The interval that follows the number at `index`.

    `bare` allows an unnamed interval in brackets (`31.0% (22.1-40.2)`); otherwise a level, `CI` or `range` is required.
    """
    tokens, level, bracket = line.tokens, "", False
    kind: IntervalKind = ""
    j = index + 1
    while j < len(tokens) and j <= index + REACH + (7 if bracket else 0):
        token = tokens[j]
        word = token.text.lower()
        if token.kind == "level":
            kind, level = "ci", token.value
        elif token.kind == "ci":
            kind = kind or "ci"
        elif word in RANGES:
            kind = RANGES[word]
        elif token.kind == "p" and not kind and any(t.kind == "level" for t in tokens[j + 1 : j + 4]):
            j += 1
            continue
        elif word == "/" and j == index + 1 and _per_units(tokens, j):
            j += 2
        elif word == "/" and not kind and j + 1 < len(tokens) and tokens[j + 1].kind in ("word", "name"):
            j += 1
        elif not kind and not bracket and _of_a_value(tokens[index]) and (opened := _named_behind(tokens, j)):
            j, bracket = opened, True
        elif not kind and not bracket and (named := _after_its_unit(tokens, index, j)):
            j = named
        elif token.kind == "num":
            break
        elif not kind and (past := _in_favour(tokens, j) or _per_step(tokens, index, j)):
            j = past
        elif word == "and" and not kind and _named_next(tokens, j):
            j += 1
            continue
        elif (
            (word not in BRIDGE and token.kind not in ("super", "cite"))
            or (word == ";" and not kind and not bracket and not _named_next(tokens, j))
            or (word == "and" and not kind)
        ):
            return None
        bracket = bracket or word in ("(", "[")
        j += 1
    if j >= len(tokens) or tokens[j].kind != "num" or tokens[j].used:
        return None
    if not (kind or (bare and bracket) or (bare and j == index + 2 and _dashed(tokens, index, j))):
        return None
    return _limits(line, index, j, kind, level)


def _of_a_value(token: Token) -> bool:
    """Whether a number is measured or estimated: it has a unit or decimals."""
    return bool(token.unit) or "." in token.value


def _in_favour(tokens: list[Token], start: int) -> int:
    """The last word of `0.6 in favour of drug A; 95% CI 0.5 to 0.9`; 0 if the words from `start` are others."""
    said = [token.text.lower() for token in tokens[start : start + 8]]
    if not FAVOURING.match(" ".join(said)):
        return 0
    return next((start + k - 1 for k, word in enumerate(said) if word in (";", ",", "(", "[")), 0)


FAVOURING = re.compile(r"(?:in )?favou?r(?:ing)?\b")


def _per_step(tokens: list[Token], index: int, start: int) -> int:
    """The mark before limits behind `1.20 per 10% increase in the fraction, 95% CI`; 0 if the words are others."""
    if start != index + 1 or tokens[start].text.lower() != "per":
        return 0
    ahead = range(start, min(start + 12, len(tokens) - 1))
    return next((j for j in ahead if tokens[j].text in (",", ";", "(") and tokens[j + 1].kind in ("level", "ci")), 0)


def _named_behind(tokens: list[Token], start: int) -> int:
    """Where an interval's bracket opens a few words on: `4.7 months for A (95% CI 3.1-6.4)`; 0 if nowhere.

    An abbreviation in brackets may come between: `0.99 for survival (OS) (95% CI 0.77-1.26)`.
    """
    short = {k + n for k in range(start, start + 7) for n in range(3) if _abbreviation_at(tokens, k)}
    for j in range(start, min(start + 7 + len(short), len(tokens) - 1)):
        if j in short:
            continue
        if tokens[j].text in ("(", "["):
            named = tokens[j + 1].kind in ("level", "ci") or tokens[j + 1].text.lower() in RANGES
            return j if named else 0
        if tokens[j].kind not in ("word", "name", "cite", "super"):
            return 0
    return 0


def _abbreviation_at(tokens: list[Token], k: int) -> bool:
    """Whether brackets at `k` hold one word only."""
    return [token.text for token in tokens[k : k + 3 : 2]] == ["(", ")"] and tokens[k + 1].kind in ("word", "name")


def _after_its_unit(tokens: list[Token], index: int, start: int) -> int:
    """The mark before a named interval that follows a unit in words: `3.4 MET hr per week; 95% CI, 0.7-6.1`; else 0."""
    if start != index + 1 or tokens[index].unit or "." not in tokens[index].value:
        return 0
    for j in range(start, min(start + 5, len(tokens) - 1)):
        if tokens[j].text in (";", ",", ":"):
            return j if j > start and tokens[j + 1].kind in ("level", "ci") else 0
        if tokens[j].kind != "word":
            return 0
    return 0


def _dashed(tokens: list[Token], index: int, low: int) -> bool:
    """`1.87, 1.13-3.08`: dash-joined limits that contain the value, directly after a comma."""
    joined = low + 2 < len(tokens) and tokens[low + 1].text == "-" and tokens[index + 1].text in (",", ";")
    return joined and "." in tokens[low].value and _plausible(tokens, index, low, low + 2)


def _per_units(tokens: list[Token], j: int) -> bool:
    """`0.90/1000 units`: a ratio per step of a covariate."""
    return j + 2 < len(tokens) and tokens[j + 1].kind == "num" and tokens[j + 2].text.lower().startswith("unit")


def _named_next(tokens: list[Token], j: int) -> bool:
    return j + 1 < len(tokens) and tokens[j + 1].kind in ("level", "ci")


def _limits(line: Line, index: int, low: int, kind: IntervalKind, level: str) -> Interval | None:
    tokens = line.tokens
    between = low + 1
    if between < len(tokens) and tokens[between].kind == "num" and tokens[between].op in ("-", "~"):
        high = between
    else:
        if between >= len(tokens) or tokens[between].text.lower() not in (
            "-",
            "to",
            ",",
            ";",
            "and",
            "--",
            "/",
            "through",
        ):
            return None
        if tokens[between].text in (",", ";", "and") and not kind and not _plausible(tokens, index, low, between + 1):
            return None
        high = between + 1
        if high < len(tokens) and tokens[high].text == "-" and tokens[between].text == "-":
            high += 1
    if (
        high < len(tokens)
        and high != between
        and tokens[high].text.upper().rstrip(".") in OPEN_ENDED
        and kind != "range"
    ):
        return Interval(low, high, level, kind or "ci", high, tokens[low].printed, "NR")
    if high >= len(tokens) or tokens[high].kind != "num" or tokens[high].used:
        return None
    first, second = tokens[low], tokens[high]
    upper = second.value.replace(",", "") if high == between else second.printed
    if first.percent and not tokens[index].percent and tokens[index].unit and not (kind == "ci" and level):
        return None
    if kind == "ci" and _times_sign(first):
        return None
    if first.unit and second.unit and first.unit != second.unit:
        return None
    return Interval(low, high, level, kind, high, first.printed, upper, second.unit or first.unit)


OPEN_ENDED = {"NR", "NE", "NA", "NC", "NOT", "INFINITY", "UNREACHED"}


def magnitude(text: str) -> float:
    """Value of a printed limit without its sign; NaN for NR and misprints."""
    digits = text.lstrip("<>≤≥~-")
    return float(digits) if digits.replace(".", "", 1).isdigit() else float("nan")


def _times_sign(token: Token) -> bool:
    return token.op in ("<", ">")


def _plausible(tokens: list[Token], value: int, low: int, high: int) -> bool:
    """Unnamed limits joined by a comma must contain the value."""
    if high >= len(tokens) or tokens[high].kind != "num":
        return False
    return (
        tokens[low].number <= tokens[value].number <= tokens[high].number and tokens[high].number > tokens[low].number
    )


def p_after(line: Line, index: int, reach: int = 8, *, past_numbers: bool = False) -> int | None:
    """Index of the p value that belongs to what ends at `index`: the next p before another number or ratio."""
    for j in range(index + 1, min(index + 1 + reach, len(line.tokens))):
        token = line.tokens[j]
        if token.kind == "p":
            return None if token.used or "inter" in token.extra.lower() or "trend" in token.extra.lower() else j
        if token.kind == "ratio" or (token.kind == "num" and not past_numbers and not token.masked):
            return None
    return None


def cells_of(interval: Interval | None, *, ci: bool | None = None, unit: str = "") -> dict[str, str]:
    """Cells of an interval: limits and level, or the range; empty if the limits are in another unit than the value."""
    if interval is None or interval.other_unit(unit):
        return {}
    if (interval.kind in ("range", "iqr")) if ci is None else not ci:
        return {"range_lower": interval.lower, "range_upper": interval.upper}
    return {"lower": interval.lower, "upper": interval.upper, "ci_level": interval.level}


def take(line: Line, *indices: int | None) -> list[int]:
    """Mark tokens as used, ignoring None."""
    taken = [i for i in indices if i is not None]
    for i in taken:
        line.tokens[i].used = True
    return taken


def words_before(line: Line, index: int, count: int) -> list[str]:
    """Lower-case words and punctuation before a token, nearest first."""
    return [token.text.lower() for token in reversed(line.tokens[max(0, index - count) : index])]


def words_after(line: Line, index: int, count: int) -> list[str]:
    """Lower-case words and punctuation after a token, nearest first."""
    return [token.text.lower() for token in line.tokens[index + 1 : index + 1 + count]]
