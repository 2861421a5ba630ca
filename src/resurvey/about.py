"""Which rows of the raw tables a job is about: what it reads, and whose change makes it run again.

One function decides both, so that a job cannot read a row that it does not follow. Light: every start of a run asks.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import pandas as pd

    from resurvey.tables import Tables

# Tables that are small and give meaning to all studies: every job about a study depends on them.
SHARED = ("endpoints", "treatments")
# Tables that say what a study and its groups are, and which of them were rebuilt from a curve.
OF_STUDIES = ("studies", "arms", "curves")
# Words for whoever types the tables; what computes does not read them, so an edited note reruns no computation.
NOTE = "note"
# Columns that a row is found by, in the order of `Row`.
KEYS = ("study_id", "claim_id", "source_id", "check_id", "claims")


class Row(NamedTuple):
    """What a row of a table is found by; empty where its table has no such column.

    Attributes
    ----------
    table, study, claim, source, check : str
    listed : str
        Other claims that it names, separated by `;`.
    """

    table: str
    study: str
    claim: str
    source: str
    check: str
    listed: str


def key(table: str, cells: Mapping[str, str]) -> Row:
    """What a row of a table is found by."""
    return Row(table, *(cells.get(name, "") for name in KEYS))


@dataclass(frozen=True)
class About:
    """What entries of the config name, directly or through a claim.

    Attributes
    ----------
    studies, claims, sources : frozenset of str
    whole : tuple of str
        Tables of which all rows about these studies belong to it, claims that are not named among them.
    """

    studies: frozenset[str]
    claims: frozenset[str]
    sources: frozenset[str]
    whole: tuple[str, ...] = ()

    def has(self, row: Row) -> bool:
        """Whether a row belongs to it."""
        if row.table in SHARED:
            return True
        if row.table == "sources":
            return row.source in self.sources
        if row.table in (*OF_STUDIES, *self.whole):
            return row.study in self.studies
        if row.check:
            return any(_judges(row.check, claim) for claim in self.claims)
        return row.claim in self.claims


def about(entries: object, rows: Iterable[Row], whole: tuple[str, ...] = ()) -> About:
    """What entries of the config are about.

    Parameters
    ----------
    entries : mapping, list or text
        Part of a config; every text in it that is the id of a study or a claim counts, wherever it stands.
    rows : iterable of Row
        All rows of all tables.
    whole : tuple of str
        As in `About`.
    """
    known = list(rows)
    named = set(_texts(entries))
    claims = {row.claim for row in known if row.claim in named and row.claim}
    listed = {claim.strip() for row in known if row.claim in claims for claim in row.listed.split(";")}
    claims |= {row.claim for row in known if row.claim in listed and row.claim}
    studies = {row.study for row in known if row.study and (row.study in named or row.claim in claims)}
    sources = {row.source for row in known if row.table == "studies" and row.study in studies}
    return About(frozenset(studies), frozenset(claims), frozenset(sources), whole)


def only(tables: Tables, entries: object, whole: tuple[str, ...] = ()) -> Tables:
    """The rows of raw tables that entries of the config are about; every table stays, maybe without a row.

    Parameters
    ----------
    tables : dict of DataFrame
        Raw tables by name.
    entries, whole
        As for `about`.
    """
    keys = {name: list(_keys(name, frame)) for name, frame in tables.items()}
    chosen = about(entries, (row for rows in keys.values() for row in rows), whole)
    places = {name: [place for place, row in enumerate(rows) if chosen.has(row)] for name, rows in keys.items()}
    return {name: frame.iloc[places[name]] for name, frame in tables.items()}


def _keys(name: str, frame: pd.DataFrame) -> Iterator[Row]:
    """`key` of every row of a table; of its few columns alone, as a table has many."""
    kept = [column for column in KEYS if column in frame]
    for _, *cells in zip(frame.index, *(frame[column] for column in kept), strict=True):
        yield key(name, dict(zip(kept, cells, strict=True)))


def without_notes(tables: Tables) -> Tables:
    """The tables with their notes blank, for jobs that do not follow them."""
    return {name: frame.assign(note="") if NOTE in frame else frame for name, frame in tables.items()}


def _texts(value: object) -> Iterator[str]:
    """All texts inside a config entry."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for part in value.values():
            yield from _texts(part)
    elif isinstance(value, list | tuple):
        for part in value:
            yield from _texts(part)


def _judges(check: str, claim: str) -> bool:
    # Most claims have no number in common with a check, and looking for that is quicker than for the pattern.
    return claim.rpartition("-")[2] in check and bool(of_claim(claim).search(check))


@cache
def of_claim(claim: str) -> re.Pattern[str]:
    """What the id of a check has in it when it is about a claim.

    A check is named by its rule, the source and the numbers of the claims it compares, so that a claim is found by the
    words of its own id in that order.
    """
    source, _, number = claim.partition("-")
    return re.compile(rf"-{re.escape(source)}-(?:.*-)?{re.escape(number)}(?:-|$)")
