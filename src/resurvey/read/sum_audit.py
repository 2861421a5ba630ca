"""Check sums of counts in a table: the arms against the column of all, the categories of a section against the size."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from resurvey.read.draft_places import position_of, section_of
from resurvey.read.objects import Draft, Finding, Position
from resurvey.read.slips import percent_fits, repairs

# Rows whose counts must add up before one that does not is a misprint, and what share of all rows.
LEAST, MOST = 4, 0.8
# Columns that are added up at most.
ARMS = 6
# The share of patients without data from which on categories below the size are a misprint, where those of the other
# columns are below it by no more than the second share, or by a few.
MISSING, FEWER, FEW = 0.15, 0.03, 3


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
            and draft.claim.in_table
            and draft.cells.get("n", "").isdigit()
            and (position := position_of(draft)) is not None
        ):
            count = _count(draft, position)
            tables[count.table].append(count)
    found: list[Finding] = []
    for one in (one for counts in tables.values() for one in (*_rows(counts), *_sections(counts))):
        if not told & set(one.claim_ids):
            told = told | set(one.claim_ids)
            found.append(one)
    return found


def _count(draft: Draft, position: Position) -> Count:
    table, row, column = position
    total = int(draft.cells["total"]) if draft.cells["total"].isdigit() else 0
    return Count(int(draft.cells["n"]), total, table, row, column, section_of(draft), draft)


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
    for at, arms in _groupings(usual):
        wrong = [row for row in whole if _of_arms(row, arms) != row[at].n]
        right = [row for row in whole if _of_arms(row, arms) == row[at].n]
        told = sum(sum(row[column].n > 0 for column in arms) > 1 for row in right)
        if len(right) >= max(LEAST, MOST * len(whole)) and told >= LEAST:
            yield from (_of_row(row, at, arms) for row in wrong if _one_slip(row, at, arms))


def _groupings(columns: Sequence[int]) -> Iterator[tuple[int, tuple[int, ...]]]:
    """A column that may hold the sum of two or more columns right before it or right after it."""
    for k, at in enumerate(columns):
        yield from ((at, tuple(columns[start:k])) for start in range(max(0, k - ARMS), k - 1))
        yield from ((at, tuple(columns[k + 1 : end])) for end in range(k + 3, min(len(columns), k + 1 + ARMS) + 1))


def _of_arms(row: dict[int, Count], arms: Sequence[int]) -> int:
    return sum(row[column].n for column in arms)


def _one_slip(row: dict[int, Count], at: int, arms: Sequence[int]) -> bool:
    """Whether one misprint in one of the counts makes them add up."""
    gap = row[at].n - _of_arms(row, arms)
    wanted = [(row[at].n, row[at].n - gap), *((row[column].n, row[column].n + gap) for column in arms)]
    return any(str(want) in set(repairs(str(n))) for n, want in wanted if want >= 0)


def _of_row(row: dict[int, Count], at: int, arms: Sequence[int]) -> Finding:
    counts = [row[column] for column in arms]
    added = sum(one.n for one in counts)
    shown = f"{' + '.join(str(one.n) for one in counts)} = {row[at].n}"
    words = f"the counts of the groups are {added} together, the column of all has {row[at].n}; "
    words += "in the other rows of the table they agree"
    return _finding("row-sum", [*counts, row[at]], shown, str(added), words)


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
        wrong = [column for column, gap in apart.items() if gap > 0 or -gap > _missing(sizes[column])]
        if _each_fits(section.get(wrong[0], ()) if wrong else ()):
            continue
        of_it = all(one.total in (0, sizes[column]) for column, group in section.items() for one in group)
        if len(wrong) != 1 or len(section[wrong[0]]) < 2 or not of_it or not all(sizes[column] for column in section):
            continue
        group, size, gap = section[wrong[0]], sizes[wrong[0]], apart[wrong[0]]
        # A row of which the others are the whole is a part of one of them.
        part = any(one.n == gap for one in group)
        repaired = any(str(one.n - gap) in set(repairs(str(one.n))) for one in group)
        if size == 100 and abs(gap) <= FEW:
            # Percentages without their sign, rounded.
            continue
        exact = gap < 0 or not any(other for column, other in apart.items() if column != wrong[0])
        if repaired and exact and not part and not _of_sum(group) and (gap > 0 or -gap > MISSING * size):
            yield _of_section(group, size)


def _each_fits(group: Sequence[Count]) -> bool:
    """Whether the percentages show that no count of a section is a misprint."""
    told = [(one.draft.cells["n"], one.draft.cells.get("percent", ""), one.total) for one in group if one.n]
    return bool(told) and all(percent and percent_fits(n, percent, total) for n, percent, total in told)


def _missing(size: int) -> float:
    """Patients without data that explain why categories are fewer than the size of a column."""
    return max(FEW, FEWER * size)


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
    words = f"the categories are {added} patients together, the column has {size}; those of the other columns agree"
    return _finding("category-sum", group, shown, str(size), words)


def _finding(rule: str, counts: Sequence[Count], shown: str, recomputed: str, words: str) -> Finding:
    ids = tuple(one.draft.claim_id for one in counts)
    places = tuple(one.draft.cells["locator"] for one in counts)
    return Finding(rule, "discrepant", "major", ids, places, shown, recomputed, words)
