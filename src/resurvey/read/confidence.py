"""Estimate how often each rule is right: the share of its rows that a person, checking the paper, judged correct.

`confidence.csv` holds rule, rows judged, rows right and the source of the count; a rule that was not judged takes the
count of the longest judged rule that is a prefix of its name. The share of a rule with few judged rows is shrunk
towards that of its family with a weight of `LEAN` rows, because rules that read the same kind of cell or sentence fail
in similar ways. A row whose own numbers contradict each other needs review, whatever its rule.
"""

from __future__ import annotations

import csv
import re
from functools import cache
from importlib import resources

from resurvey.read.contradictions import proves
from resurvey.read.objects import Claim

UNJUDGED = 0.6
LEAN = 4
FAMILIES = tuple(
    (name, re.compile(pattern))
    for name, pattern in (
        ("table shares", r"table-(?:n-|percent-(?:n-N|limits|sign)|size-)"),
        ("table counts", r"table-(?:count|split)"),
        ("table percentages", r"table-percent"),
        ("table values", r"table-(?:median|mean|rate|ratio|difference|p-)"),
        ("text shares, count and total", r"text-(?:of-N-)?(?:n-|percent-)(?:percent-|n-)?(?:linked|of-N)"),
        ("text shares", r"text-(?:n-|of-N|percent|range-percent)"),
        ("text times", r"text-(?:median|time|range-time|follow|rate|mean)"),
        ("text ratios", r"text-(?:ratio|difference|p-)"),
        ("text identities", r"text-(?:date|registry|name)"),
    )
)


def family(rule: str) -> str:
    """The family of a rule, or an empty string if it has none."""
    return next((name for name, pattern in FAMILIES if pattern.match(rule)), "")


@cache
def table() -> dict[str, float]:
    """Share right for each rule: (right + LEAN times the family's share) / (judged + LEAN)."""
    text = resources.files("resurvey.read").joinpath("confidence.csv").read_text(encoding="utf-8")
    counts = {row["rule"]: (int(row["judged"]), int(row["right"])) for row in csv.DictReader(text.splitlines())}
    judged: dict[str, int] = {}
    right: dict[str, int] = {}
    for rule, (many, good) in counts.items():
        name = family(rule)
        judged[name] = judged.get(name, 0) + many
        right[name] = right.get(name, 0) + good
    shares = {name: (right[name] + 1) / (judged[name] + 2) for name in judged}
    return {rule: (good + LEAN * shares[family(rule)]) / (many + LEAN) for rule, (many, good) in counts.items()}


def of(claim: Claim) -> float:
    """Confidence in a claim from its rule, rounded to two decimals."""
    if proves(claim) is False:
        return UNJUDGED
    known = table()
    rule = claim.rule
    while rule and rule not in known:
        rule = rule.rpartition("-")[0]
    return round(known.get(rule, UNJUDGED), 2)
