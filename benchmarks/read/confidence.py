"""The share right of each rule: rows judged by reading (`judged.csv`), and rows whose numbers prove each other.

usage: python benchmarks/read/confidence.py PAPERS > src/resurvey/read/confidence.csv

A row proves itself where its count over its printed denominator gives its percentage, where its interval holds its
value (for a ratio within a quarter of a half-width of the middle on the log scale), or where its range holds its
median. A row that fails counts against its rule, though some are misprints of the paper: the share is a lower bound.
"""

from __future__ import annotations

import csv
import sys
from collections import Counter
from pathlib import Path

from resurvey.errors import ResurveyError
from resurvey.read import claims, document
from resurvey.read.contradictions import proves
from resurvey.read.objects import Claim
from resurvey.read.sources import SUFFIXES

HERE = Path(__file__).parent


def base(rule: str, known: set[str]) -> str:
    """The longest judged rule that a rule begins with, or the rule itself."""
    short = rule.removesuffix("-elsewhere")
    while short and short not in known:
        short = short.rpartition("-")[0]
    return short or rule.removesuffix("-elsewhere")


def proved(found: list[Claim], known: set[str]) -> tuple[Counter[str], Counter[str]]:
    """Rows that can prove themselves, and those that do, by rule."""
    could: Counter[str] = Counter()
    did: Counter[str] = Counter()
    for claim in found:
        answer = proves(claim)
        if answer is not None:
            could[base(claim.rule, known)] += 1
            did[base(claim.rule, known)] += answer
    return could, did


def main() -> None:
    """Write the table to standard output."""
    with (HERE / "judged.csv").open(encoding="utf-8", newline="") as stream:
        judged = {row["rule"]: (int(row["judged"]), int(row["right"])) for row in csv.DictReader(stream)}
    could: Counter[str] = Counter()
    did: Counter[str] = Counter()
    files = sorted(path for path in Path(sys.argv[1]).rglob("*") if path.suffix.lower() in SUFFIXES)
    for path in files:
        try:
            more = proved(claims(document(path)), set(judged))
        except ResurveyError as error:
            sys.stderr.write(f"{error}\n")
            continue
        could.update(more[0])
        did.update(more[1])
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(["rule", "judged", "right", "source"])
    for rule in sorted(set(judged) | set(could)):
        read, right = judged.get(rule, (0, 0))
        words = f"{read} by reading; {could[rule]} by arithmetic; {len(files)} developers' papers"
        writer.writerow([rule, read + could[rule], right + did[rule], words])


if __name__ == "__main__":
    main()
