"""Patients censored, as running text counts them: a fact of the median of the same arm and endpoint.

`31 patients (38%) were censored` counts all without the event; `5 were censored because they changed treatment` only
some of them, which completes no median.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from resurvey.read.grammar import Found
from resurvey.read.lexer import Line
from resurvey.read.objects import Claim
from resurvey.read.share_groups import joins_groups
from resurvey.read.share_kinds import ShareKind
from resurvey.read.word_lists import TIME_TO_EVENT, endpoints_in

# `45 patients (38%) in the A arm were censored`: no other verb and no other number between them.
BEHIND = re.compile(
    r"[\s%)\]]*(?:per ?cent )?(?:(?!who\b|whose\b|had\b|died\b|progressed\b|were (?!censored|also censored))"
    r"[^\s\d.;:()]{1,24} ){0,12}?(?:censored|censorings?|censored observations)\b",
    re.IGNORECASE,
)
# `censored at the date of last contact: 31`, `patients censored (n = 31)`, `censored in 45`.
BEFORE = re.compile(
    r"\bcensored(?: (?:observations|patients|cases))?(?: [^\d.;:()]{1,60}?)?[:,]?\s?(?:\(?n ?= ?|[(\[])?$",
    re.IGNORECASE,
)
# Some of those censored: a reason of their own, or a clause that picks them out.
IN_PART = re.compile(
    r"\b(?:because|due to|owing|cross\w*|new|subsequent|other|another|started|starting|switch\w*|transplant\w*|lost|"
    r"withdr\w*|discontinu\w*|second|further|early|who|whose|before|without|missing|inadequate|no)\b",
    re.IGNORECASE,
)
# `75 events and 45 censored`: the other number is of those with the event.
OF_EVENTS = re.compile(r"\b(?:events?|deaths?|relapses?|recurrences?|progressions?)\b", re.IGNORECASE)
REACH = 130


def name_censored(line: Line, shares: Sequence[Found]) -> None:
    """Mark the shares of a sentence that are of patients censored; a count of all of them also as `censored`.

    Parameters
    ----------
    line : Line
        The sentence.
    shares : sequence of Found
        Its shares in order.
    """
    if "censored" not in line.lower():
        return
    places = [(line.tokens[i].start, line.tokens[j].end) for i, j in ((min(s.tokens), max(s.tokens)) for s in shares)]
    words = [_said(line.text[:begin][-REACH:], line.text[end : end + REACH]) for begin, end in places]
    for k in range(len(shares) - 2, -1, -1):
        # `45 in the A arm and 31 in the B arm were censored`
        between = line.text[places[k][1] : places[k + 1][0]]
        if not words[k] and joins_groups(between) and not OF_EVENTS.search(between):
            words[k] = words[k + 1]
    for one, said, (begin, _) in zip(shares, words, places, strict=True):
        if said:
            _mark(one, said, re.split(r"[;.]", line.text[:begin])[-1])


def _mark(one: Found, said: str, led: str) -> None:
    one.cells |= {"kind": ShareKind.FLOW, "item": "censored"}
    named = _endpoints(said) or _endpoints(led)
    if len(named) == 1:
        one.cells["endpoint"] = named.pop()
    if one.cells.get("n", "").isdigit() and not IN_PART.search(said):
        one.cells["censored"] = one.cells["n"]


def _endpoints(text: str) -> set[str]:
    return {name for *_, name in endpoints_in(text) if name in TIME_TO_EVENT}


def _said(before: str, after: str) -> str:
    """The words that say of a count that it is of patients censored, up to the end of their clause; or none."""
    behind, led = BEHIND.match(after), BEFORE.search(before)
    if behind is not None:
        return behind.group() + re.split(r"[.;]|\d", after[behind.end() :])[0]
    return led.group() + re.split(r"[.;,]|\d", after)[0] if led is not None else ""


def completed(claims: Sequence[Claim]) -> list[Claim]:
    """Give the medians of a paragraph the patients censored, where one count is of their arm and endpoint.

    Parameters
    ----------
    claims : sequence of Claim
        The claims of one paragraph.
    """
    made = list(claims)
    for count in [one for one in claims if one.kind == "proportion" and one.cells.get("censored")]:
        fits = [k for k, one in enumerate(made) if _of_the_same(one, count, claims)]
        if len(fits) == 1 and not made[fits[0]].cells.get("censored"):
            median = made[fits[0]]
            note = f"{count.cells['n']} patients censored, {count.locator}"
            cells = median.cells | {"censored": count.cells["n"]}
            made[fits[0]] = replace(median, cells=cells, notes=(*median.notes, note))
    return made


def _of_the_same(one: Claim, count: Claim, claims: Sequence[Claim]) -> bool:
    if one.kind != "median" or one.cells.get("endpoint") not in TIME_TO_EVENT:
        return False
    endpoints = {other.cells.get("endpoint") for other in claims if other.kind == "median"}
    same = count.cells.get("endpoint") == one.cells["endpoint"] or (
        not count.cells.get("endpoint") and len(endpoints) == 1
    )
    return same and count.cells.get("arm", "") == one.cells.get("arm", "")
