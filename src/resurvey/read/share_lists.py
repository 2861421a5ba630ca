"""Shares in lists: what each of several counts or percentages in a row refers to, in the order in which it is named."""

from __future__ import annotations

import re
from itertools import pairwise

from resurvey.read.grammar import Found
from resurvey.read.lexer import Line
from resurvey.read.share_kinds import ShareKind
from resurvey.read.text_items import ITEM_STOP
from resurvey.read.word_lists import PATIENTS, RESPONSES, endpoints_in

JOINED = re.compile(r"[\s%]{0,3}(?:,|and|, and|or)\s")
AGAINST = re.compile(r"[\s%]{0,3}(?:versus|vs\.?|v)\s")
# `pain, itch and rash were reported by 50%, 40% and 30%, respectively`: things, their verb, and as many percentages.
RESPECTIVELY = re.compile(r"[^.;]{0,60}\brespectively\b")
PREDICATE = re.compile(
    r"\s(?:was|were|is|are|had|have|occurred|developed|(?:experienced|reported|seen|observed|found|noted) in)\b"
    r"[^,;()]*$|\s?[(\[:]\s?$",
    re.IGNORECASE,
)
# Groups, not things, are listed: `in the A and B groups`, `for alfa and beta`.
OF_GROUPS = re.compile(
    r"\b(?:groups?|arms?|cohorts?|patients (?:in|on|with|given|treated)|at \d|years|months|weeks|days)\b", re.IGNORECASE
)
THING = re.compile(r"(?:,\s(?:and |or )?|\s(?:and|or)\s)")


def name_in_order(line: Line, shares: list[Found]) -> None:
    """Name the shares of a list in the order in which responses or other things are named before them.

    Parameters
    ----------
    line : Line
        The sentence.
    shares : list of Found
        Its shares, in order.
    """
    _in_order(line, shares)
    _in_pairs(line, shares)
    _things_in_order(line, shares)


def start_of(line: Line, one: Found) -> int:
    """Where a match begins in its sentence."""
    return min(line.tokens[i].start for i in one.tokens)


def end_of(line: Line, one: Found) -> int:
    """Where a match ends in its sentence."""
    return max(line.tokens[i].end for i in one.tokens)


def _in_order(line: Line, shares: list[Found]) -> None:
    """`RR and DCR were 61.7 and 89.4 %`: responses and percentages in the same order, if equally many."""
    k = 0
    while k < len(shares):
        run = [shares[k]]
        while k + len(run) < len(shares) and JOINED.fullmatch(
            line.text[end_of(line, run[-1]) : start_of(line, shares[k + len(run)])]
        ):
            run.append(shares[k + len(run)])
        before = line.text[max(0, start_of(line, run[0]) - 90) : start_of(line, run[0])]
        names = list(dict.fromkeys(name for *_, name in endpoints_in(before) if name in RESPONSES))
        if len(run) > 1 and len(names) == len(run):
            for one, name in zip(run, names, strict=True):
                one.cells |= {"kind": ShareKind.RESPONSE, "endpoint": name, "item": name}
        k += len(run)


def _in_pairs(line: Line, shares: list[Found]) -> None:
    """`ORR, stable disease were 4.4% versus 5.5%, 36.0% versus 39.6%`: one response for each pair, in order."""
    pairs = [
        pair
        for pair in pairwise(shares)
        if AGAINST.fullmatch(line.text[end_of(line, pair[0]) : start_of(line, pair[1])])
    ]
    for first in range(len(pairs)):
        run = [pairs[first]]
        while first + len(run) < len(pairs) and JOINED.fullmatch(
            line.text[end_of(line, run[-1][1]) : start_of(line, pairs[first + len(run)][0])]
        ):
            run.append(pairs[first + len(run)])
        before = line.text[max(0, start_of(line, run[0][0]) - 90) : start_of(line, run[0][0])]
        names = list(dict.fromkeys(name for *_, name in endpoints_in(before) if name in RESPONSES))
        if len(run) > 1 and len(names) == len(run):
            for pair, name in zip(run, names, strict=True):
                for one in pair:
                    one.cells |= {"kind": ShareKind.RESPONSE, "endpoint": name, "item": name}


def _things_in_order(line: Line, shares: list[Found]) -> None:
    """`pain, itch and rash occurred in 50%, 40% and 30%, respectively`: one thing each, or none."""
    for run in _runs(line, shares):
        behind = line.text[end_of(line, run[-1]) :]
        if (
            len(run) < 2
            or any(one.cells["kind"] == ShareKind.RESPONSE for one in run)
            or not RESPECTIVELY.match(behind)
        ):
            continue
        before = re.split(r"[;:](?!\s?$)|\.\s", line.text[: start_of(line, run[0])])[-1]
        things = THING.split(PREDICATE.sub("", before)) if PREDICATE.search(before) else []
        if len(things) < 2 or OF_GROUPS.search(f"{before} {behind[:80]}"):
            continue
        for k, one in enumerate(run):
            one.cells["item"] = _words(things[k]) if len(things) == len(run) else ""


def _runs(line: Line, shares: list[Found]) -> list[list[Found]]:
    """Shares that only a comma or `and` parts."""
    runs: list[list[Found]] = []
    for one in shares:
        if runs and JOINED.fullmatch(line.text[end_of(line, runs[-1][-1]) : start_of(line, one)]):
            runs[-1].append(one)
        else:
            runs.append([one])
    return runs


def _words(thing: str) -> str:
    words = re.findall(r"[a-z][\w/+-]*", thing.lower())
    return " ".join([word for word in words if word not in ITEM_STOP and word not in PATIENTS][-4:])
