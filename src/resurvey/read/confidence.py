"""How often each rule is right: the share of its rows on the developers' papers that a person found right.

`confidence.csv` holds rule, rows judged, rows right and where the count comes from; a rule that was not judged itself
takes the count of the longest rule it begins with.
"""

from __future__ import annotations

import csv
from functools import cache
from importlib import resources

from resurvey.read.objects import Claim

UNJUDGED = 0.6


@cache
def table() -> dict[str, float]:
    """Share right by rule, a Laplace-smoothed count: (right + 1) / (judged + 2)."""
    text = resources.files("resurvey.read").joinpath("confidence.csv").read_text(encoding="utf-8")
    return {
        row["rule"]: (int(row["right"]) + 1) / (int(row["judged"]) + 2) for row in csv.DictReader(text.splitlines())
    }


def of(claim: Claim) -> float:
    """Confidence of a claim by its rule, rounded to two places."""
    known = table()
    rule = claim.rule
    while rule and rule not in known:
        rule = rule.rpartition("-")[0]
    return round(known.get(rule, UNJUDGED), 2)
