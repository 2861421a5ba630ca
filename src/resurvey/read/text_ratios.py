"""Ratios of running text: hazard, odds and risk ratios with interval and p value."""

from __future__ import annotations

import math
import re

from resurvey.read.grammar import Found, Interval, cells_of, interval_after, magnitude, p_after, take
from resurvey.read.lexer import Line
from resurvey.read.outcomes import outcomes_in
from resurvey.read.rules import TextRule
from resurvey.read.word_lists import TIME_TO_EVENT, endpoints_in

# Words between a ratio and its value: `hazard ratio for death from any cause with A as compared with B, 0.71`.
REACH = 26
STOP = {".", "respectively"}


def ratios(line: Line) -> list[Found]:
    """All ratios of a line: first those with a ratio word, then further values with intervals beside them."""
    found: list[Found] = []
    for i, token in enumerate(line.tokens):
        if token.kind == "ratio" and not token.used:
            found += _after(line, i)
    if found or any(token.kind == "ratio" for token in line.tokens):
        found += _further(line, found)
    return found


def _after(line: Line, start: int) -> list[Found]:
    value, level = _value(line, start)
    if value is None:
        return []
    interval = interval_after(line, value)
    if interval is None and level is not None:
        return []
    if interval is None and (line.tokens[start].masked or not _stands_alone(line, start, value)):
        return []
    found = [_ratio(line, start, value, interval)]
    found += _list(line, start, value, interval)
    return found


def _value(line: Line, start: int) -> tuple[int | None, int | None]:
    """Index of the value: the first number that can be one; and index of a level before it."""
    level = None
    for j in range(start + 1, min(start + REACH, len(line.tokens))):
        token = line.tokens[j]
        if token.kind == "ratio" and j > start + 3:
            return None, None
        if token.kind in ("level", "ci") and j <= start + 6:
            level = j
        elif token.kind == "p" or token.text in STOP:
            return None, None
        elif token.kind == "num" and token.used and j <= start + 4:
            # `hazard ratio [HR], 0.41`: the value has been read with the first of the two words.
            return None, None
        elif token.kind == "num" and not token.used and not token.masked:
            if _critical(line, j):
                return None, None
            if token.unit or token.extra == "word" or token.op in ("<", ">", "≤", "≥"):
                continue
            if line.tokens[j - 1].kind in ("level", "ci") and interval_from(line, j):
                # The limits of a value printed before this word.
                return None, None
            if level is not None and interval_from(line, j):
                return None, None
            return (j, None) if token.number < 10_000 else (None, None)
    return None, None


# `a hazard ratio of 0.56 or less`, `the upper limit was less than 2.03`: a criterion.
CRITERION_BEFORE = re.compile(
    r"\b(?:(?:less|more|greater|lower|higher|smaller) than|below|above|exceed\w*|at least|at most) $"
)
CRITERION_AFTER = re.compile(r"\s?or (?:less|lower|more|greater|higher|smaller|below|better)\b")


def _critical(line: Line, j: int) -> bool:
    token = line.tokens[j]
    before, after = line.text[max(0, token.start - 24) : token.start].lower(), line.text[token.end : token.end + 14]
    return CRITERION_BEFORE.search(before) is not None or CRITERION_AFTER.match(after) is not None


def interval_from(line: Line, index: int) -> bool:
    """Whether a number is the first of two limits: another number follows at once, with no interval after it."""
    following = line.tokens[index + 1 : index + 3]
    return len(following) == 2 and following[0].text in ("-", "to") and interval_after(line, index) is None


def _stands_alone(line: Line, start: int, value: int) -> bool:
    """Whether a number is a ratio without an interval: a decimal, or a whole number after a sign, but not a year."""
    token, before = line.tokens[value], line.tokens[value - 1].text.lower()
    if "." in token.value:
        return value - start <= 14
    return before in ("=", ":", "of", "was") and value - start <= 4 and token.number < 100


def _ratio(line: Line, start: int, value: int, interval: Interval | None) -> Found:
    end = interval.end if interval else value
    p = p_after(line, end)
    if p is None:
        p = _p_between(line, value, end) or _p_before(line, start)
    return _found(line, line.tokens[start].extra, value, interval, p, "ratio-interval" if interval else "ratio-alone")


def _found(line: Line, measure: str, value: int, interval: Interval | None, p: int | None, rule: str) -> Found:
    cells = {"measure": measure, "value": line.tokens[value].printed} | cells_of(interval, ci=True)
    if p is not None:
        cells["p"] = line.tokens[p].printed
        rule += "-p"
    limits = (interval.low, interval.high) if interval else ()
    return Found("ratio", cells, take(line, value, *limits, p), rule)


def _p_between(line: Line, value: int, end: int) -> int | None:
    """`HR 0.76; P = .002; 95% CI 0.64-0.91`: the p value comes before the interval."""
    return next((j for j in range(value + 1, end) if line.tokens[j].kind == "p" and not line.tokens[j].used), None)


def _p_before(line: Line, start: int) -> int | None:
    for j in range(start - 1, max(-1, start - 4), -1):
        token = line.tokens[j]
        if token.kind == "p":
            opened = any(t.text in "([" for t in line.tokens[max(0, j - 2) : j])
            return j if opened and not token.used else None
        if token.text not in (",", ";"):
            return None
    return None


LIMIT = re.compile(r"\s?(?:to|-)\s?\d")


def _list(line: Line, start: int, value: int, interval: Interval | None) -> list[Found]:
    """`HRs of 0.9 and 0.8`: further bare values joined to the first."""
    if interval is not None:
        return []
    found, j = [], value + 1
    while j + 1 < len(line.tokens) and line.tokens[j].text.lower() in ("and", ",", "versus", "vs", "v"):
        nxt = j + 1
        if line.tokens[nxt].text.lower() == "and":
            nxt += 1
        if nxt >= len(line.tokens):
            break
        token = line.tokens[nxt]
        if token.kind != "num" or token.unit or token.used or "." not in token.value or token.number >= 100:
            break
        if LIMIT.match(line.text, token.end):
            # `HR 1.3, 0.6 to 2.5`: limits that no word names.
            break
        found.append(
            _found(line, line.tokens[start].extra, nxt, interval_after(line, nxt), None, TextRule.RATIO_LISTED)
        )
        j = found[-1].tokens[-1] + 1
    return found


# `a NNT of 3.0 (1.7-11.0)` beside a relative risk
NEEDED = re.compile(r"\b(?:NNTs?|NNHs?|numbers? needed)\b[^.;]{0,24}$", re.IGNORECASE)


def _further(line: Line, found: list[Found]) -> list[Found]:
    """Further values after a ratio word with an interval containing them and no unit: they share its measure."""
    first = next((i for i, token in enumerate(line.tokens) if token.kind == "ratio"), None)
    more: list[Found] = []
    if first is None:
        return more
    for i in line.free():
        token = line.tokens[i]
        if i < first or token.unit or token.op or token.extra == "word" or "." not in token.value:
            continue
        interval = interval_after(line, i)
        if interval is None or interval.kind in ("range", "iqr"):
            continue
        if NEEDED.search(line.text[: token.start][-40:]):
            continue
        low, high = line.tokens[interval.low], line.tokens[interval.high]
        inside = low.number <= token.number <= magnitude(interval.upper)
        if low.unit or high.unit or not (inside or interval.level):
            continue
        measure = next(line.tokens[k].extra for k in range(i, -1, -1) if line.tokens[k].kind == "ratio")
        more.append(_found(line, measure, i, interval, p_after(line, interval.end), "ratio-carried"))
    return more


def carried(line: Line, measure: str) -> list[Found]:
    """`survival was worse in the group without rash (1.30, 1.05-1.61, p=0.017)`: a ratio named in an earlier sentence.

    The value must be in the middle of its limits on the log scale, and a time-to-event endpoint named before it.
    """
    found: list[Found] = []
    for i in line.free():
        token = line.tokens[i]
        if token.unit or token.op or token.extra == "word" or "." not in token.value or not 0 < token.number < 50:
            continue
        interval = interval_after(line, i)
        if interval is None or interval.kind in ("range", "iqr") or not _centred(line, i, interval):
            continue
        before = line.text[max(0, token.start - 200) : token.start]
        named = any(name in TIME_TO_EVENT for *_, name in endpoints_in(before))
        if named and not NOT_A_RATIO.search(before[-60:]):
            found.append(_found(line, measure, i, interval, p_after(line, interval.end), "ratio-carried-over"))
    return found


# What may stand before an endpoint that has no further word of its own, as `distant` or `cancer` would be.
PLAIN_BEFORE = re.compile(
    r"(?:^|[(\[;:,.]|\b(?:in|for|on|of|the|and|or|to|both|median|improved?|improvement in|longer|shorter|better|"
    r"worse|poorer|superior|prolonged|reduced|increased|with|by|that|significantly|year|years|month|months)|\d-(?:year|month))\s*$",
    re.IGNORECASE,
)
TO_RATIO = re.compile(
    r"(?:\s?\([A-Za-z-]{2,8}\))?(?:\s(?:rates?|times?))?(?:\s(?:was|were|of|is))?[\s(\[,;:]*(?:(?:adjusted|stratified|"
    r"unadjusted|multivaria\w+|crude)\s)?",
    re.IGNORECASE,
)
# `7.0 months for A and 7.1 months for B (`: values of the endpoint between it and its ratio.
VALUES = re.compile(r"[^;]{0,40}?\d[^;]{0,150}[(\[,;]\s?")
MOST_WORDS = 20


def plainly_named(line: Line, value: int, endpoint: str) -> bool:
    """Whether the endpoint of a ratio is the only outcome named with it, directly before it or its group's values.

    Parameters
    ----------
    line : Line
        A sentence.
    value : int
        Index of the token of the ratio.
    endpoint : str
        The endpoint the ratio was given.
    """
    place = line.tokens[value].start
    words = [token.start for token in line.tokens if token.kind == "ratio" and token.start < place]
    named = [one for one in outcomes_in(line.text) if one[1] <= place and one[0] not in words]
    if not words or not named or named[-1][2] != endpoint:
        return False
    begin, end, _ = named[-1]
    if len(named) > 1 and named[-2][2] != endpoint and not re.search(r"\d", line.text[named[-2][1] : begin]):
        return False
    if not PLAIN_BEFORE.search(line.text[:begin]):
        return False
    between = line.text[end : next((word for word in words if word >= end), end)]
    few = len(re.findall(r"[A-Za-z]{3,}", between)) <= MOST_WORDS
    return TO_RATIO.fullmatch(between) is not None or (few and VALUES.fullmatch(between) is not None)


NOT_A_RATIO = re.compile(r"\b(?:median|mean|index|score|ratio of|volume|level|size)\b", re.IGNORECASE)


def _centred(line: Line, value: int, interval: Interval) -> bool:
    low, high = line.tokens[interval.low].number, magnitude(interval.upper)
    if (
        line.tokens[interval.low].unit
        or line.tokens[interval.high].unit
        or not 0 < low < line.tokens[value].number < high
    ):
        return False
    middle, half = math.log(low * high) / 2, math.log(high / low) / 2
    return abs(math.log(line.tokens[value].number) - middle) <= 0.25 * half
