"""Survival percentages without a time: `DFS was 94% v 98%`. The time is left for the reader, never guessed."""

from __future__ import annotations

import re

from resurvey.read.grammar import Found, cells_of, interval_after, take
from resurvey.read.lexer import Line
from resurvey.read.outcomes import outcomes_before
from resurvey.read.share_groups import joins_groups
from resurvey.read.word_lists import TIME_TO_EVENT

# `DFS 94%`, `overall survival (OS) rates were 51%`, `survival was estimated at 60%`.
SAID = re.compile(
    r"(?: \([A-Z]{2,6}\))?(?: rates?| probabilit(?:y|ies)| estimates?)?"
    r"(?: (?:in|for) (?:the |all )?(?:two|three|four|both|treatment) (?:groups|arms))?(?: (?:was|were|of|is|at))?"
    r"(?: (?:only|about|approximately|estimated (?:at|to be)))?[ :=,(]{0,3}",
    re.IGNORECASE,
)
LISTED = re.compile(r"\s?%?\s?(?:,|and|, and)\s")
OF_THE_DEAD = re.compile(r"deaths?|mortality", re.IGNORECASE)


def untimed(line: Line) -> list[Found]:
    """Percentages said of a survival endpoint in a sentence that gives them no time."""
    found: list[Found] = []
    for i in line.free():
        token = line.tokens[i]
        if token.used or not token.percent or token.op:
            continue
        name = _said_of(line.text, token.start) or (_carried(line, found[-1], i) if found else "")
        if not name:
            continue
        interval = interval_after(line, i)
        interval = interval if interval is not None and interval.kind in ("ci", "") else None
        limits = (interval.low, interval.high) if interval else ()
        cells = {"endpoint": name, "value": token.printed, "unit": "%"} | cells_of(interval, ci=True)
        note = "no time is printed in this sentence"
        found.append(Found("rate", cells, take(line, i, *limits), "rate-untimed", [note]))
    return found


def _said_of(text: str, place: int) -> str:
    named = outcomes_before(text, place)
    if not named or named[-1][2] not in TIME_TO_EVENT:
        return ""
    begin, end, name = named[-1]
    said = SAID.fullmatch(text, end, place) is not None and OF_THE_DEAD.fullmatch(text, begin, end) is None
    return name if said else ""


def _carried(line: Line, last: Found, i: int) -> str:
    between = line.text[max(line.tokens[k].end for k in last.tokens) : line.tokens[i].start]
    listed = "respectively" in line.lower() and LISTED.fullmatch(between) is not None
    return last.cells["endpoint"] if listed or joins_groups(between) else ""
