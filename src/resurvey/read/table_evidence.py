"""How well the sizes that different places offer explain the printed percentages, as log odds.

A count and its percentage leave a range of denominators, the narrower the more digits are printed. A size within it is
worth the more the narrower the range is; a size outside it counts against its place, as misprints are rare.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from resurvey.read.size_places import MADE_OF_COUNTS, OF_SOME_ROWS, OUTSIDE, PRINTED, PRIOR, SizePlace, Source
from resurvey.read.slips import magnitude, percent_fits
from resurvey.read.table_found import Found
from resurvey.read.table_sizes import Offers, counted, section_of

# Shares of printed percentages taken to be misprinted, and to be cut off or rounded up; half the range of the logarithm
# of sizes that could be printed; the log odds that a place needs; and the worth of categories that add up to a size.
MISPRINTED, CUT, WITHIN, NEEDED, ADDS_UP = 0.02, 0.1, 1.0, 1.1, 4.0
# What percentages without any count are worth: they may be of something else than patients.
UNCOUNTED = -1.0
# What the same place explains in other sections and columns counts within these limits.
AGAINST, FOR = -4.0, 8.0
# Share of the percentages of a group of rows that its denominator must explain.
ENOUGH = 0.5
# Share of the counts without percentages that must not exceed it, and of the percentages of a section that a row above
# it must explain in all columns.
MOST = 0.8


@dataclass(frozen=True)
class Choice:
    """The place chosen for a group of shares."""

    source: Source
    score: float


def fits(one: Found, size: str) -> bool:
    """Whether a count over a size gives its percentage."""
    return percent_fits(one.cells["n"], one.cells["percent"], float(size))


def told(one: Found) -> bool:
    """Whether a share says something about its denominator: a count above 0 with its percentage."""
    return {"n", "percent"} <= set(one.cells) and magnitude(one.cells["n"]) > 0


@lru_cache(maxsize=1 << 16)
def weight(n: str, percent: str, size: str) -> float:
    """Log odds for a size from one count and its percentage, either of which may be empty or broken."""
    if math.isnan(magnitude(n)) or math.isnan(magnitude(percent)):
        return 0.0
    value, unit = magnitude(percent), 10.0 ** -len(percent.partition(".")[2])
    chance = 1.0 if percent[:1] in "<≤>≥" else min(1.0, unit / max(value, unit) / (2 * WITHIN))
    if not percent_fits(n, percent, float(size)):
        return math.log(MISPRINTED / max(1 - chance, MISPRINTED))
    if magnitude(n) == 0:
        return 0.0
    rounded = abs(100 * magnitude(n) / float(size) - value) <= unit / 2 + 1e-9
    return max(0.0, math.log((1 - MISPRINTED - CUT) / chance)) if rounded else max(0.0, math.log(CUT / chance))


class Evidence:
    """The shares of a table with what every place offers them."""

    def __init__(self, shares: list[Found], offers: Offers):
        self.shares, self.offers = shares, offers
        self.sources: dict[int, list[Source]] = defaultdict(list)
        self.parts: dict[tuple[tuple[object, ...], int], list[int]] = defaultdict(list)
        self.sections: dict[tuple[object, ...], list[int]] = defaultdict(list)
        for source, sizes in offers.items():
            for k in sizes:
                self.sources[k].append(source)
        self._in_sections: dict[tuple[Source, tuple[object, ...]], float] = {}
        self.telling = {k for k, one in enumerate(shares) if told(one)}
        for k, one in enumerate(shares):
            self.parts[section_of(one), one.column].append(k)
            self.sections[section_of(one)].append(k)
        self.sums: dict[int, Counter[int]] = defaultdict(Counter)
        for (_, column), part in self.parts.items():
            self.sums[column][self._sum(part)] += 1
        self.of_part = {key: self.of(part, added=True) for key, part in self.parts.items()}
        self.of_section: dict[tuple[object, ...], dict[Source, float]] = defaultdict(lambda: defaultdict(float))
        self.of_column: dict[int, dict[Source, float]] = defaultdict(lambda: defaultdict(float))
        for (section, column), scores in self.of_part.items():
            for source, score in scores.items():
                self.of_section[section][source] += score
                self.of_column[column][source] += score

    def of(self, part: Sequence[int], *, added: bool = False) -> dict[Source, float]:
        """Log odds of each place from the percentages of some shares; `added` if they are the rows of one section."""
        seen: dict[Source, dict[tuple[str, str, str], float]] = defaultdict(dict)
        for k in part:
            cells = self.shares[k].cells
            for source in self.sources[k]:
                key = (cells.get("n", ""), cells.get("percent", ""), self.offers[source][k])
                if key not in seen[source]:
                    seen[source][key] = weight(*key)
        total = self._sum(part) if added else 0
        column = self.shares[part[0]].column
        return {
            source: sum(scores.values()) + self._adds_up(source, {key[2] for key in scores}, total, column)
            for source, scores in seen.items()
        }

    def _sum(self, part: Iterable[int]) -> int:
        counts = [
            int(self.shares[k].cells["n"]) for k in part if counted(self.shares[k]) and self.shares[k].row.section
        ]
        return sum(counts) if len(counts) > 1 else 0

    def _adds_up(self, source: Source, sizes: set[str], total: int, column: int) -> float:
        """What it is worth that the categories of a section add up to a size."""
        if not total or sizes != {str(total)} or source.kind in MADE_OF_COUNTS:
            return 0.0
        return ADDS_UP if source.kind != SizePlace.SUMS or self.sums[column][total] > 1 else 0.0

    def best(self, key: tuple[tuple[object, ...], int], part: Sequence[int]) -> Choice | None:
        """The place whose sizes the shares of a section in one column have, judged with what it says elsewhere."""
        own, (section, column) = self.of(part, added=True), key
        whole = self.of_part[key]
        scores = {}
        for source, score in own.items():
            around = 0.0
            if source.kind == SizePlace.ABOVE and self._explains_section(source, section) < MOST:
                continue
            if source.kind not in OF_SOME_ROWS:
                around += _within(self.of_section[section].get(source, 0.0) - whole.get(source, 0.0))
                around += _within(self.of_column[column].get(source, 0.0) - whole.get(source, 0.0))
            scores[source] = score + around
        return self._chosen(part, scores, ENOUGH)

    def of_rows(self, rows: Sequence[int], least: float) -> Choice | None:
        """The place whose sizes a few rows have in all their columns."""
        scores, held = {}, set(rows)
        for source, score in self.of(rows).items():
            columns = {self.shares[k].column for k in self.offers[source].keys() & held}
            around = [_within(self.of_column[column].get(source, 0.0), most=-AGAINST) for column in columns]
            scores[source] = score + (sum(around) / len(around) if source.kind not in OF_SOME_ROWS else 0.0)
        return self._chosen(rows, scores, least)

    def _chosen(self, part: Sequence[int], scores: dict[Source, float], least: float) -> Choice | None:
        kinds = Counter(source.kind for source in scores)
        bare = 0.0 if any("n" in self.shares[k].cells for k in part) else UNCOUNTED
        rows = set(part)
        found = [
            # rounded, so that no choice hangs on the last bits of a logarithm
            Choice(source, round(score + PRIOR[source.kind] - math.log(kinds[source.kind]) + bare, 9))
            for source, score in scores.items()
            if 2 * len(self.offers[source].keys() & rows) >= len(rows)
            and (self._explains(source, rows) >= least or self._one_missed(source, part))
        ]
        best = max(found, key=lambda one: one.score, default=None)
        if best is None or best.score < NEEDED or self._rivalled(best, found, part):
            return None
        return best

    def _one_missed(self, source: Source, part: Sequence[int]) -> bool:
        """Whether a column has one percentage only, which a place misses that explains those of the other columns."""
        if sum(told(self.shares[k]) for k in part) != 1 or source.kind not in PRINTED:
            return False
        section = section_of(self.shares[part[0]])
        return len(self.sections[section]) > 2 * len(part) and self._explains_section(source, section) >= MOST

    def _explains_section(self, source: Source, section: tuple[object, ...]) -> float:
        """Share of the percentages of a section that the sizes of a place explain in all columns."""
        key = (source, section)
        if key not in self._in_sections:
            self._in_sections[key] = self._explains(source, set(self.sections[section]))
        return self._in_sections[key]

    def _rivalled(self, best: Choice, found: list[Choice], part: Sequence[int]) -> bool:
        """Whether another size from elsewhere in the paper explains the percentages about as well."""
        if best.source.kind not in OUTSIDE:
            return False
        mine = self.offers[best.source]
        return any(
            best.score - one.score < NEEDED
            and any(self.offers[one.source].get(k, mine.get(k)) != mine.get(k) for k in part)
            for one in found
            if one.source.kind in OUTSIDE
            and (one.source.kind is best.source.kind or best.source.kind is SizePlace.SAID)
        )

    def _explains(self, source: Source, part: set[int]) -> float:
        """Share of the percentages that the sizes of a place explain; without any, whether they exceed most counts.

        Of a long table most places offer a size to few rows, so that only these are looked at.
        """
        sizes = self.offers[source]
        offered = sizes.keys() & part
        telling = offered & self.telling
        if telling:
            return sum(fits(self.shares[k], sizes[k]) for k in telling) / len(telling)
        counts = [magnitude(self.shares[k].cells.get("n", "0")) <= float(sizes[k]) for k in offered]
        return float(sum(counts) >= MOST * len(counts))


def _within(score: float, most: float = FOR) -> float:
    return max(AGAINST, min(most, score))
