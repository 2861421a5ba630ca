"""Patients who had progressed by a time that the sentence names: the drop of a curve at the first scan."""

from __future__ import annotations

import re

from resurvey.read.grammar import Found
from resurvey.read.lexer import Line
from resurvey.read.share_kinds import ShareKind
from resurvey.read.word_lists import time_unit

# `at the first assessment (week 8), 23 of 100 patients (23%) had progressed`.
BY_THEN = re.compile(
    r"\b(?:at|by|within|before|during|after) (?:the )?(?:first )?"
    r"(?:(?P<n>\d{1,2}(?:\.\d)?) (?P<u>weeks?|months?|days?)\b|"
    r"(?P<w>week|month|day) (?P<m>\d{1,3})\b)|\((?:at )?(?:(?P<n2>\d{1,2}(?:\.\d)?)[ -](?P<u2>weeks?|months?)|"
    r"(?P<w2>week|month) (?P<m2>\d{1,3}))\)",
    re.IGNORECASE,
)
PROGRESSED = re.compile(
    r"(?<!without )(?<!without disease )\b(?:progressed|(?:disease |tumou?r )?progression|progressive disease)\b"
    r"(?![- ]free)",
    re.IGNORECASE,
)
EARLY = re.compile(r"\b(?:first|early|initial|week|weeks)\b", re.IGNORECASE)


def name_progressors(line: Line, shares: list[Found]) -> None:
    """Patients who had progressed by a time the sentence names, as at the first scan: of kind `progression`."""
    stamps = {_stamp(match) for match in BY_THEN.finditer(line.text)}
    if len(stamps) != 1 or not EARLY.search(line.text):
        return
    (time, unit) = stamps.pop()
    for one in shares:
        begin, end = _place(line, one)
        near = line.text[max(0, begin - 60) : begin] + " | " + re.split(r"[;.]", line.text[end : end + 60])[0]
        if PROGRESSED.search(near) and {"percent", "total"} & set(one.cells):
            one.cells |= {
                "kind": ShareKind.PROGRESSION,
                "endpoint": "PFS",
                "item": "progression",
                "time": time,
                "time_unit": unit,
            }


def _place(line: Line, one: Found) -> tuple[int, int]:
    tokens = [line.tokens[i] for i in one.tokens]
    return min(token.start for token in tokens), max(token.end for token in tokens)


def _stamp(match: re.Match[str]) -> tuple[str, str]:
    number = match["n"] or match["m"] or match["n2"] or match["m2"]
    return number, time_unit(match["u"] or match["w"] or match["u2"] or match["w2"])
