"""How often each rule is right: the share of its rows that a person found right beside the paper.

`confidence.csv` holds rule, rows judged, rows right and where the count comes from; a rule that was not judged itself
takes the count of the longest rule it begins with. A rule of few judged rows leans on its family, `LEAN` rows of it:
rules that read the same shape of cell or sentence fail alike. A row whose own numbers contradict each other is one to
look at, whatever its rule.
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
    """The family of a rule, or nothing where it stands alone."""
    return next((name for name, pattern in FAMILIES if pattern.match(rule)), "")


@cache
def table() -> dict[str, float]:
    """Share right by rule: (right + LEAN times the family's share) / (judged + LEAN)."""
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
    """Confidence of a claim by its rule, rounded to two places."""
    if proves(claim) is False:
        return UNJUDGED
    known = table()
    rule = claim.rule
    while rule and rule not in known:
        rule = rule.rpartition("-")[0]
    return round(known.get(rule, UNJUDGED), 2)
