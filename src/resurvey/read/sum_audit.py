"""Check sums of counts in a table: the arms against the column of all, the categories of a section against the size."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from resurvey.read.objects import Draft, Finding
from resurvey.read.slips import percent_fits, repairs

# Rows whose counts must add up before one that does not is a misprint, and what share of all rows.
LEAST, MOST = 4, 0.8
# The largest share of patients without data that explains categories below the size, and how many always do.
MISSING, FEW = 0.15, 3


@dataclass(frozen=True)
class Count:
    """A count of a table; `total` is 0 where no denominator was read for it."""

    n: int
    total: int
    table: str
    row: int
    column: int
    section: str
    draft: Draft


def sums(drafts: Sequence[Draft], told: set[str]) -> list[Finding]:
    """Rows and sections whose counts do not add up where those around them do.

    Parameters
    ----------
    drafts : sequence of Draft
        All drafts of a paper.
    told : set of str
        Ids of rows that another finding explains; sums that contain one are left out.
    """
    tables: dict[str, list[Count]] = defaultdict(list)
    for draft in drafts:
        if (
            draft.table == "proportions"
            and draft.claim.rule.startswith("table")
            and draft.cells.get("n", "").isdigit()
            and draft.claim.spans[0].block.count(".") == 2
        ):
            count = _count(draft)
            tables[count.table].append(count)
    found: list[Finding] = []
    for one in (one for counts in tables.values() for one in (*_rows(counts), *_sections(counts))):
        if not told & set(one.claim_ids):
            told = told | set(one.claim_ids)
            found.append(one)
    return found


def _count(draft: Draft) -> Count:
    table, row, column = draft.claim.spans[0].block.split(".")
    total = int(draft.cells["total"]) if draft.cells["total"].isdigit() else 0
    section = draft.cells.get("item", "").rpartition(", ")[0]
    return Count(int(draft.cells["n"]), total, table, int(row[1:]), int(column[1:]), section, draft)


def _rows(counts: Sequence[Count]) -> Iterator[Finding]:
    """Counts of arms that do not add up to that of all patients, in a table where those of the other rows do."""
    rows: dict[int, dict[int, Count]] = defaultdict(dict)
    for one in counts:
        rows[one.row][one.column] = one
    columns = Counter(tuple(sorted(row)) for row in rows.values())
    usual = max(columns, key=lambda key: (columns[key], key), default=())
    whole = [row for row in rows.values() if tuple(sorted(row)) == usual and any(one.n for one in row.values())]
    if len(usual) < 3 or len(whole) <= LEAST:
        return
    for at in (usual[0], usual[-1]):
        wrong = [row for row in whole if _of_arms(row, at) != row[at].n]
        told = len([row for row in whole if row not in wrong and sum(one.n > 0 for one in row.values()) > 2])
        if len(whole) - len(wrong) >= max(LEAST, MOST * len(whole)) and told >= LEAST:
            yield from (_of_row(row, at) for row in wrong if _one_slip([*row.values()], at))


def _of_arms(row: dict[int, Count], at: int) -> int:
    return sum(one.n for column, one in row.items() if column != at)


def _one_slip(row: Sequence[Count], at: int) -> bool:
    """Whether one wrong character in one of the counts makes them add up."""
    arms = [one.n for one in row if one.column != at]
    total = next(one.n for one in row if one.column == at)
    wanted = [(total, sum(arms)), *((n, total - sum(arms) + n) for n in arms)]
    return any(str(want) in set(repairs(str(n))) for n, want in wanted if want >= 0)


def _of_row(row: dict[int, Count], at: int) -> Finding:
    arms = [one for column, one in sorted(row.items()) if column != at]
    added = sum(one.n for one in arms)
    shown = f"{' + '.join(str(one.n) for one in arms)} = {row[at].n}"
    words = f"the counts of the groups are {added} together, the column of all has {row[at].n}; "
    words += "in the other rows of the table they agree"
    return _finding("row-sum", [*arms, row[at]], shown, str(added), words)


def _sections(counts: Sequence[Count]) -> Iterator[Finding]:
    """Categories that do not add up to the size of their column, where those of the other columns do."""
    sections: dict[str, dict[int, list[Count]]] = defaultdict(lambda: defaultdict(list))
    for one in counts:
        if one.section:
            sections[one.section][one.column].append(one)
    sizes = _sizes(counts)
    for section in sections.values():
        if len(section) < 2 or len({tuple(one.row for one in group) for group in section.values()}) > 1:
            continue
        apart = {column: sum(one.n for one in group) - sizes[column] for column, group in section.items()}
        wrong = [column for column, gap in apart.items() if gap]
        of_it = all(one.total in (0, sizes[column]) for column, group in section.items() for one in group)
        if len(wrong) != 1 or len(section[wrong[0]]) < 2 or not of_it or not all(sizes[column] for column in section):
            continue
        group, size, gap = section[wrong[0]], sizes[wrong[0]], apart[wrong[0]]
        # A row of which the others are the whole is a part of one of them.
        part = any(one.n == gap for one in group)
        repaired = any(str(one.n - gap) in set(repairs(str(one.n))) for one in group)
        if repaired and not part and not _of_sum(group) and (gap > 0 or -gap > max(FEW, MISSING * size)):
            yield _of_section(group, size)


def _of_sum(group: Sequence[Count]) -> bool:
    """Whether all percentages are of the sum of the categories: the size of the column was misread."""
    size = sum(one.n for one in group)
    told = [one.draft.cells for one in group if one.draft.cells.get("percent")]
    return bool(told) and all(percent_fits(cells["n"], cells["percent"], size) for cells in told)


def _sizes(counts: Sequence[Count]) -> dict[int, int]:
    """The denominator that most counts of each column have; 0 if they have none."""
    columns: dict[int, Counter[int]] = defaultdict(Counter)
    for one in counts:
        columns[one.column][one.total] += bool(one.total)
    return {column: totals.most_common(1)[0][0] for column, totals in columns.items()}


def _of_section(group: Sequence[Count], size: int) -> Finding:
    added = sum(one.n for one in group)
    shown = f"{' + '.join(str(one.n) for one in group)} = {added}"
    words = f"the categories are {added} patients together, the column has {size}; in the other columns they agree"
    return _finding("category-sum", group, shown, str(size), words)


def _finding(rule: str, counts: Sequence[Count], shown: str, recomputed: str, words: str) -> Finding:
    ids = tuple(one.draft.claim_id for one in counts)
    places = tuple(one.draft.cells["locator"] for one in counts)
    return Finding(rule, "discrepant", "major", ids, places, shown, recomputed, words)
