"""Find misprinted shares of a table that were given no denominator because they miss that of their column."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence

from resurvey.read.objects import Draft, Finding
from resurvey.read.slips import one_slip_fits, percent_fits

# Shares of a column that must fit its denominator, and how many at least, before one that misses it is a misprint.
MOST, LEAST = 0.8, 4
# One of this many shares of the section may be misprinted itself.
EXCEPTION = 6
# The smallest share of patients with data that is thought of before a misprint.
FEWEST = 0.7


def misprinted_cells(drafts: Sequence[Draft]) -> list[Finding]:
    """Shares that one wrong character separates from the denominator of their column, where all around them fits.

    Patients without data would make the other categories of the section miss it too, and another group the other
    columns of the row: both must fit.
    """
    shares = [draft for draft in drafts if _is_share(draft)]
    columns: dict[tuple[str, str], list[Draft]] = defaultdict(list)
    for draft in shares:
        columns[_column(draft)].append(draft)
    totals = {column: _total(group) for column, group in columns.items()}
    found = []
    for draft in shares:
        total = totals[_column(draft)]
        if not total or draft.cells["total"] or _fits(draft, total):
            continue
        section = [one for one in columns[_column(draft)] if one is not draft and _section(one) == _section(draft)]
        beside = [one for one in shares if one is not draft and _row(one) == _row(draft)]
        above = [_fits(one, total) for one in section]
        across = [_fits(one, totals[_column(one)]) for one in beside]
        around = bool(above or across) and all(across) and above.count(False) <= len(above) // EXCEPTION
        slip = one_slip_fits(draft.cells["n"], draft.cells["percent"], total)
        if around and slip and not _fewer_explain([draft, *section], total):
            found.append(_finding(draft, total))
    return found


def _is_share(draft: Draft) -> bool:
    cells = draft.cells
    counted = cells.get("n", "").isdigit() and cells.get("percent", "").replace(".", "", 1).isdigit()
    return draft.table == "proportions" and draft.claim.rule.startswith("table") and counted


def _total(group: Sequence[Draft]) -> int:
    """The denominator that a column gives to most of its shares; 0 if it gives none to enough of them."""
    told = [draft for draft in group if int(draft.cells["n"]) and float(draft.cells["percent"]) not in (0, 100)]
    totals = Counter(draft.cells["total"] for draft in told if draft.cells["total"].isdigit())
    if not totals:
        return 0
    total = int(totals.most_common(1)[0][0])
    good = sum(_fits(draft, total) for draft in told)
    return total if good >= LEAST and good >= MOST * len(told) else 0


def _fits(draft: Draft, total: int) -> bool:
    return percent_fits(draft.cells["n"], draft.cells["percent"], total)


def _fewer_explain(section: Sequence[Draft], total: int) -> bool:
    """Whether fewer patients, those with data, give every percentage of a section, rounded as usual."""
    told = [(int(one.cells["n"]), one.cells["percent"]) for one in section]
    least = max(FEWEST * total, *(n for n, _ in told), 1)
    return any(all(_rounds(n, percent, size) for n, percent in told) for size in range(int(least), total))


def _rounds(n: int, percent: str, total: int) -> bool:
    half = 0.5 * 10.0 ** -len(percent.partition(".")[2])
    return abs(100 * n / total - float(percent)) <= half + 1e-9


def _column(draft: Draft) -> tuple[str, str]:
    block = draft.claim.spans[0].block
    return block.partition(".")[0], block.rpartition(".c")[2]


def _row(draft: Draft) -> str:
    return draft.claim.spans[0].block.rpartition(".c")[0]


def _section(draft: Draft) -> str:
    return draft.cells.get("item", "").rpartition(", ")[0]


def _finding(draft: Draft, total: int) -> Finding:
    n, percent = draft.cells["n"], draft.cells["percent"]
    exact = f"{100 * int(n) / total:.1f}"
    words = f"{n} of {total}, the denominator of the other shares of the column, are {exact} %, printed {percent} %"
    ids, places = (draft.claim_id,), (draft.cells["locator"],)
    return Finding("percentage", "discrepant", "major", ids, places, f"{n} ({percent} %)", exact, words)
