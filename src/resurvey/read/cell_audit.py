"""Find misprinted shares of a table by their neighbours: the other shares of the column, the section and the row.

A share that was read without a denominator, or not read at all because no denominator can give it, is a misprint where
the shares around it agree with the size of their column and it alone departs. Patients without data make the other
categories of the section depart too, or the other groups of the row; they are not reported.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from resurvey.read.draft_places import column_of, position_of, section_of
from resurvey.read.normal import plain
from resurvey.read.objects import Document, Draft, Finding, Position, Table
from resurvey.read.share_neighbours import CONFIRMED, weight
from resurvey.read.slips import denominators, fewer_patients, misprint_fits, percent_fits
from resurvey.read.supposed import without_supposed
from resurvey.read.table_hints import size_in

# Shares of a column that must fit its denominator, and how many at least, before one that misses it is a misprint.
MOST, LEAST = 0.8, 4
# One of this many shares of the section may be misprinted itself, and one of this many of the whole table.
EXCEPTION, OF_TABLE = 6, 12
# The smallest share of patients with data that is thought of before a misprint.
FEWEST = 0.7
# `12 (40.0)`, `12 (40 %)`, with a mark of a footnote.
PRINTED = re.compile(r"(\d{1,5}) ?[(\[] ?(\d{1,4}(?:\.\d{1,3})?) ?%? ?[)\]] ?%?(?:\^?[a-z*†‡§#])?")


@dataclass(frozen=True)
class Share:
    """A count and a percentage in one place of a table, `turned` if the percentage is printed first.

    `total` is 0 where no denominator was read for it.
    """

    n: int
    percent: str
    total: int
    table: str
    row: int
    column: int
    section: str
    claim_ids: tuple[str, ...]
    locator: str
    turned: bool = False

    @property
    def telling(self) -> bool:
        """Whether the percentage depends on the denominator."""
        return self.n > 0 and float(self.percent) not in (0, 100)

    def fits(self, total: int) -> bool:
        """Whether the percentage is that of the denominator read for it, or else of `total`."""
        return percent_fits(str(self.n), self.percent, self.total or total)


def misprinted_cells(document: Document, drafts: Sequence[Draft]) -> list[Finding]:
    """Shares that miss the denominator of their column where all around them fits."""
    tables: dict[str, list[Share]] = defaultdict(list)
    read = {position for draft in drafts for span in draft.claim.spans if (position := span.position)}
    sizes: dict[tuple[str, int | None], Counter[int]] = defaultdict(Counter)
    for draft in drafts:
        if share := share_of(draft):
            tables[share.table].append(share)
        elif draft.table == "proportions" and draft.cells["total"].isdigit() and draft.claim.in_table:
            sizes[column_of(draft)][int(draft.cells["total"])] += 1
    found: list[Finding] = []
    for table in document.tables:
        if shares := tables.get(table.id):
            counts = {
                column: sizes[table.id, column] or _of_head(table, column) for column in {one.column for one in shares}
            }
            found += _of_table([*shares, *_unread(table, shares, read)], counts)
            found += _over(table, shares, read)
    return found


def _of_head(table: Table, column: int) -> Counter[int]:
    """The size in the heading of a column: `Drug A (n = 44)`."""
    cells = [row[column] for row in table.grid[: max(1, table.heads)] if column < len(row)]
    found = [size_in(cell.text) for cell in cells if cell is not None]
    return Counter(int(size) for size in found if size.isdigit() and int(size))


def _of_table(shares: Sequence[Share], counts: Mapping[int, Counter[int]]) -> Iterator[Finding]:
    """Findings of one table; `counts` are the denominators of the counts without percentages, by column."""
    totals = _totals(shares, counts)
    told = [one for one in shares if totals[one.column] > 0 and (one.telling or one.n > totals[one.column])]
    wrong = [one for one in told if not one.fits(totals[one.column])]
    sections: dict[tuple[int, str], list[Share]] = defaultdict(list)
    rows: dict[int, list[Share]] = defaultdict(list)
    for one in shares:
        rows[one.row].append(one)
        if one.section:
            sections[one.column, one.section].append(one)
    rare = len(wrong) * OF_TABLE <= len(told)
    for share in wrong:
        total = totals[share.column]
        if share.total:
            continue
        section = [one for one in sections[share.column, share.section] if one is not share]
        beside = [one for one in rows[share.row] if one is not share and one.telling]
        above = [one.fits(total) for one in section]
        across = [one.fits(totals[one.column]) for one in beside if one.total or totals[one.column]]
        around = bool(above or across or rare) and all(across) and above.count(False) <= len(above) // EXCEPTION
        fewer = _fewer([share, *section], total)
        slip = misprint_fits(str(share.n), share.percent, total)
        likely = slip or any(share.percent == one.percent or share.n == one.n for one in beside) or not share.claim_ids
        if fewer_patients(str(share.n), share.percent, total):
            continue
        if around and likely and (not fewer or (rare and slip and not section and across)):
            yield _finding(share, total, fewer)


def _over(table: Table, shares: Sequence[Share], read: set[Position]) -> Iterator[Finding]:
    """Percentages above 100 in a row of shares."""
    for share in {one.row: one for one in shares}.values():
        for column, cell in enumerate(table.grid[share.row]):
            match = PRINTED.fullmatch(plain(cell.text).strip()) if cell is not None else None
            unread = Position(table.id, share.row, column) not in read
            if match and unread and not share.turned and float(match[2]) > 100:
                shown = f"{match[1]} ({match[2]} %)"
                place = share.locator.rpartition(", ")[0]
                words = f"{match[2]} % of patients are impossible; the other groups of the row have {share.percent} %"
                yield Finding("percentage", "impossible", "major", (), (place,), shown, "", words)


def share_of(draft: Draft) -> Share | None:
    """A count with a percentage, read in a table; None for another draft."""
    cells, position = draft.cells, position_of(draft)
    counted = cells.get("n", "").isdigit() and cells.get("percent", "").replace(".", "", 1).isdigit()
    if draft.table != "proportions" or position is None or not counted:
        return None
    return Share(
        int(cells["n"]),
        cells["percent"],
        int(cells["total"]) if cells["total"].isdigit() else 0,
        *position,
        section_of(draft),
        without_supposed((draft.claim_id,)),
        cells["locator"],
        draft.claim.percent_first,
    )


def _unread(table: Table, shares: Sequence[Share], read: set[Position]) -> Iterator[Share]:
    """Cells that look like the shares around them and were not read, as their percentage or count is too large."""
    rows = {one.row for one in shares}
    columns = Counter(one.column for one in shares)
    for column, count in columns.items():
        if count < LEAST:
            continue
        head = next(one for one in shares if one.column == column).locator.rpartition(", ")[2]
        for r in range(max(1, table.heads), len(table.grid)):
            cell, label = table.grid[r][column], table.grid[r][0]
            match = PRINTED.fullmatch(plain(cell.text).strip()) if cell is not None and label is not None else None
            if match and r in rows and float(match[2]) > 100:
                continue
            if match and label and Position(table.id, r, column) not in read and {r - 1, r, r + 1} & rows:
                place = f"{table.locator}, {plain(label.text)}, {head}"
                yield Share(int(match[1]), match[2], 0, table.id, r, column, f"row {r}", (), place)


def _totals(shares: Sequence[Share], counts: Mapping[int, Counter[int]]) -> dict[int, int]:
    """The denominator that each column gives to most of its shares; 0 if it gives none to enough of them.

    A column of few shares is believed where those of the table do fit.
    """
    columns: dict[int, list[Share]] = defaultdict(list)
    for one in shares:
        columns[one.column].append(one)
    best = {column: _commonest(group, counts.get(column, Counter())) for column, group in columns.items()}
    told = [one for one in shares if one.telling and best[one.column]]
    fitting = [one for one in told if one.fits(best[one.column])]
    whole = len(fitting)
    shown = sum(weight(one.percent) for one in fitting) >= CONFIRMED
    good = shown and ((whole >= LEAST and whole >= MOST * len(told)) or whole == len(told) - 1)
    return {column: total if good and _most_fit(columns[column], total) else 0 for column, total in best.items()}


def _commonest(group: Sequence[Share], counts: Counter[int]) -> int:
    totals = Counter(one.total for one in group if one.telling and one.total) or counts
    return totals.most_common(1)[0][0] if totals else 0


def _most_fit(group: Sequence[Share], total: int) -> bool:
    told = [one for one in group if one.telling]
    fitting = sum(one.fits(total) for one in told)
    return total > 0 and (fitting >= MOST * len(told) or len(told) - fitting <= 1 + (fitting >= LEAST))


def _fewer(section: Sequence[Share], total: int) -> int:
    """The largest number of patients below the total that gives every percentage of a section, rounded; 0 if none."""
    least = int(max(FEWEST * total, *(one.n for one in section), 1))
    sizes = range(total - 1, least - 1, -1)
    return next((size for size in sizes if all(_rounds(one, size) for one in section)), 0)


def _rounds(one: Share, total: int) -> bool:
    half = 0.5 * 10.0 ** -len(one.percent.partition(".")[2])
    return abs(100 * one.n / total - float(one.percent)) <= half + 1e-9


def _finding(share: Share, total: int, fewer: int) -> Finding:
    exact = f"{100 * share.n / total:.1f}"
    words = f"{share.n} of {total}, the denominator of the other shares of the column, are {exact} %, printed "
    words += f"{share.percent} %"
    if fewer:
        words += f" (or only {fewer} patients had data here)"
    verdict = "impossible" if _none(share) else "discrepant"
    shown = f"{share.n} ({share.percent} %)"
    return Finding("percentage", verdict, "major", share.claim_ids, (share.locator,), shown, exact, words)


def _none(share: Share) -> bool:
    """Whether no number of patients at all gives the percentage."""
    return float(share.percent) > 100 or not denominators(share.n, share.percent, MANY)


# More patients than any trial has.
MANY = 100_000
