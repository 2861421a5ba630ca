"""Times of survival probabilities: `3-year`, `at 1, 3 and 5 years`, `1-, 3- and 5-year`, `at week 24`."""

from __future__ import annotations

import re

from resurvey.read.grammar import is_word, words_before
from resurvey.read.lexer import Line, Token
from resurvey.read.normal import WORDS
from resurvey.read.word_lists import UNITS, time_unit

# `the 16-week regimen`: how long a treatment takes.
OF_TREATMENT = re.compile(
    r"\s(?:regimen|cycle|schedule|course|treatment|therapy|period|infusion|program\w*|interval|chemotherapy|arm|group)s?\b",
    re.IGNORECASE,
)


def times_of(line: Line) -> list[tuple[int, str, str]]:
    """Times of survival probabilities as token, number, unit: `3-year`, `at 1, 3 and 5 years`, `1-, 3- and 5-year`."""
    found: list[tuple[int, str, str]] = []
    tokens = line.tokens
    for i, token in enumerate(tokens):
        if token.kind == "time" and not OF_TREATMENT.match(line.text, token.end):
            found += _hanging(line, i, token.unit)
            found.append((i, token.value, token.unit))
        elif token.kind == "num" and token.masked and (unit := _numbered_time(line, i)):
            found.append((i, token.value, unit))
        elif token.kind == "num" and token.unit in UNITS and not token.used and not token.op:
            chain = _chain_to_at(line, i) or _chain_to_endpoint(line, i)
            if chain:
                found += [(j, tokens[j].value, token.unit) for j in chain]
    seen: dict[int, tuple[int, str, str]] = {}
    for item in found:
        seen.setdefault(item[0], item)
    return [seen[i] for i in sorted(seen)]


# `the PFS rate at week 24`
NUMBERED_TIME = re.compile(r"\b(?:at|by|to|through|until) (?P<unit>week|month|year) $", re.IGNORECASE)


def _numbered_time(line: Line, i: int) -> str:
    match = NUMBERED_TIME.search(line.text, max(0, line.tokens[i].start - 16), line.tokens[i].start)
    return time_unit(match["unit"]) if match is not None and line.tokens[i].value.isdigit() else ""


BEFORE_SURVIVAL = re.compile(
    r"\s?(?:(?:overall|progression|disease|event|relapse|recurrence|failure|metastas[ie]s|local|cause|cancer|actuarial|"
    r"cumulative|estimated|distant|loco-?regional)\b|(?:surviv|PFS|OS|DFS|RFS|EFS|mortality|incidence|rates?\b))",
    re.IGNORECASE,
)


def before_survival(line: Line, i: int) -> bool:
    """`one year survival`, `12 month survival`: the number is the time of a survival probability."""
    after = i + 2 if line.tokens[i].extra == "word" else i + 1
    return after < len(line.tokens) and BEFORE_SURVIVAL.match(line.text[line.tokens[after].start :]) is not None


def _chain_to_endpoint(line: Line, i: int) -> list[int]:
    """`1 year overall survival`, `1, 3 and 5 years survival`: times directly before a survival, as if hyphenated."""
    token = line.tokens[i]
    if "." in token.value or token.number > 30 or token.op:
        return []
    following = i + 2 if token.extra == "word" else i + 1
    after = line.tokens[following].start if following < len(line.tokens) else len(line.text)
    if not BEFORE_SURVIVAL.match(line.text[after : after + 40]) or {"was", "were", "median"} & set(
        words_before(line, i, 2)
    ):
        return []
    return [*(j for j, *_ in _hanging(line, i, token.unit)), i]


def _hanging(line: Line, i: int, unit: str) -> list[tuple[int, str, str]]:
    """Numbers with a suspended hyphen before a time: `1-, 3-, and 5-year`, `3 and 5-year`."""
    found, j = [], i - 1
    while j >= 0 and (
        line.tokens[j].text.lower() in (",", "and", "-", "or", "/", "to", *WORDS) or line.tokens[j].kind == "num"
    ):
        token = line.tokens[j]
        if token.kind == "num":
            if token.unit not in ("", unit) or "." in token.value or token.number > 60 or token.used:
                break
            found.append((j, token.value, unit))
        elif token.text.lower() in WORDS:
            found.append((j, WORDS[token.text.lower()], unit))
        j -= 1
    return found if all(line.tokens[k + 1].text in ("-", ",", "and", "or", "/") for k, *_ in found) else []


def _chain_to_at(line: Line, i: int) -> list[int]:
    """Indices of the numbers in a list of times that begins with `at`; empty if there is no such list."""
    chain, j = [i], i - 1
    while j >= 0:
        token = line.tokens[j]
        if token.kind == "num" and not token.percent and token.unit in ("", line.tokens[i].unit):
            chain.append(j)
        elif j > 1 and is_word(token, "at") and _joined_to_a_number(line.tokens, j):
            # `at 5 and at 10 years`
            pass
        elif (
            is_word(token, "at", "after", "by", "through", "within")
            or _rate_of(line.tokens, j)
            or token.text.lower() == "beyond"
        ):
            return list(reversed(chain))
        elif token.text.lower() not in (",", "and", "or", "a", "the", "exactly", "of"):
            return []
        j -= 1
    return []


def _joined_to_a_number(tokens: list[Token], j: int) -> bool:
    return is_word(tokens[j - 1], "and", "or", ",") and tokens[j - 2].kind == "num"


def _rate_of(tokens: list[Token], j: int) -> bool:
    """`survival rates of 1 and 2 years`: the times of a rate after `of`."""
    return (
        j > 0 and is_word(tokens[j], "of") and tokens[j - 1].text.lower() in ("rate", "rates", "survival", "survivals")
    )
