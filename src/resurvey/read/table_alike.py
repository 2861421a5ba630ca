"""Tell apart the claims of a table that would have the same words: no table prints one quantity twice on purpose.

`Partial response` at the end of two cycles, or a median beside each of two unnamed groups, differ in a heading or a
section that says nothing the reader knows. These words go into the population of a time or a ratio, and into what a
share counts; without them the rows would contradict each other once they are confirmed.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace

from resurvey.read.lexicon import Lexicon, arm_named, strip_size
from resurvey.read.normal import fold
from resurvey.read.objects import Claim
from resurvey.read.table_found import Found
from resurvey.read.table_places import Layout

COMPARED = frozenset({"ratio", "median", "rate", "proportion"})
# Columns that say what a number is, as opposed to its value.
WORDS = (
    "arm",
    "comparator_arm_id",
    "population",
    "comparator_population",
    "endpoint",
    "measure",
    "model",
    "kind",
    "item",
    "grade",
    "time",
    "time_unit",
    "cited",
)
# Letters of a population or an item at most.
MOST = 90


def told_apart(made: Sequence[tuple[Found, Claim]], layout: Layout, lexicon: Lexicon) -> Iterator[Claim]:
    """The claims of a table in their order, those of the same words with what tells their places apart."""
    groups: dict[tuple[str, ...], list[int]] = defaultdict(list)
    for k, (_, claim) in enumerate(made):
        if claim.kind in COMPARED:
            groups[claim.kind, *(claim.cells.get(name, "") for name in WORDS)].append(k)
    words: dict[int, list[str]] = {}
    for group in groups.values():
        if len(group) > 1:
            places = [_headings(made[k][0], layout, lexicon) for k in group]
            shared = set.intersection(*({fold(part) for part in parts} for parts in places))
            own = [[part for part in parts if fold(part) not in shared] for parts in places]
            words |= {k: parts for k, parts in zip(group, own, strict=True) if parts}
    for k, (_, claim) in enumerate(made):
        yield _with(claim, words[k]) if k in words else claim


def _headings(found: Found, layout: Layout, lexicon: Lexicon) -> list[str]:
    """Section, label and headings of a place without sizes, and without those that only name an arm."""
    parts = (*found.row.section, found.row.label, *layout.heads[found.column])
    names = dict.fromkeys(" ".join(strip_size(part).split()) for part in parts)
    return [name for name in names if fold(name) and not arm_named(name, lexicon)]


def _with(claim: Claim, words: Sequence[str]) -> Claim:
    if claim.kind == "proportion" and not claim.cells.get("endpoint"):
        return replace(claim, cells=claim.cells | {"item": _explained(claim.cells.get("item", ""), words)})
    told = [claim.cells.get("population", ""), *(word.lower() for word in words)]
    return replace(claim, cells=claim.cells | {"population": _shortened(", ".join(_of_their_own(told)))})


def _explained(item: str, words: Sequence[str]) -> str:
    """What is counted, with words in brackets behind it: the section stands first, `Sex, male (cycle 3)`."""
    own = [word for word in _of_their_own(words) if fold(word) not in fold(item)]
    if not item or not own:
        return item or _shortened("; ".join(own))
    return f"{item} ({_shortened('; '.join(own).replace(', ', '; '))})"


def _of_their_own(parts: Sequence[str]) -> list[str]:
    """Parts that say something that no earlier one says."""
    kept: list[str] = []
    for part in parts:
        if part and not any(fold(part) in fold(other) for other in kept):
            kept.append(part)
    return kept


def _shortened(text: str) -> str:
    return text if len(text) <= MOST else text[:MOST].rsplit(" ", 1)[0]
