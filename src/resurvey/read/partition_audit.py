"""Check categories of a section whose percentages are of their own sum, as those of the other columns are."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence

from resurvey.read.cell_audit import Share, share_of
from resurvey.read.objects import Draft, Finding
from resurvey.read.slips import percent_fits, repairs

# Largest distance from 100 of the sum of percentages, in half units of each.
ROUNDED = 1.0


def partitions(drafts: Sequence[Draft]) -> list[Finding]:
    """Shares of a section that alone miss the sum of its counts, where another column of the same rows agrees."""
    sections: dict[tuple[str, str], dict[int, list[Share]]] = defaultdict(lambda: defaultdict(list))
    for draft in drafts:
        if (share := share_of(draft)) and share.section:
            sections[share.table, share.section][share.column].append(share)
    found: list[Finding] = []
    for columns in sections.values():
        rows = {column: [one.row for one in group] for column, group in columns.items()}
        good = {column for column, group in columns.items() if len(group) > 1 and _all_fit(group)}
        for column, group in columns.items():
            alike = any(rows[other] == rows[column] for other in good if other != column)
            if alike and len(group) > 1 and column not in good:
                found += _misprinted(group)
    return found


def _misprinted(group: Sequence[Share]) -> Iterator[Finding]:
    size = sum(one.n for one in group)
    wrong = [one for one in group if not _fits(one, size)]
    known = [one for one in group if one.total and one.fits(0)]
    if len(wrong) == 1 and wrong[0] not in known and len(group) - len(known) > 0:
        yield _finding(wrong[0], size)
        return
    unit = max(10.0 ** -len(one.percent.partition(".")[2]) for one in group)
    if abs(sum(float(one.percent) for one in group) - 100) > ROUNDED * unit * len(group):
        return
    counts = [one for one in group if one not in known and _repaired(one, group)]
    if counts:
        yield _of_several(counts, group)


def _of_several(counts: Sequence[Share], group: Sequence[Share]) -> Finding:
    """A count that makes the section disagree with its percentages; with two categories it may be either."""
    shown = "; ".join(f"{one.n} ({one.percent} %)" for one in group)
    size = sum(one.n for one in group)
    words = f"the percentages are 100 % together, but no number of patients has them; the counts are {size} together"
    ids = tuple(claim for one in counts for claim in one.claim_ids)
    places = tuple(one.locator for one in counts)
    return Finding("percentage", "discrepant", "major", ids, places, shown, "", words)


def _repaired(share: Share, group: Sequence[Share]) -> int:
    """The count, one wrong character away, with which all percentages of a section are of the sum; 0 if none."""
    rest = [one for one in group if one is not share]
    for text in repairs(str(share.n)):
        if text.isdigit() and int(text):
            size = int(text) + sum(one.n for one in rest)
            if percent_fits(text, share.percent, size) and all(_fits(one, size) for one in rest):
                return int(text)
    return 0


def _all_fit(group: Sequence[Share]) -> bool:
    size = sum(one.n for one in group)
    return size > 0 and all(_fits(one, size) for one in group)


def _fits(share: Share, size: int) -> bool:
    return percent_fits(str(share.n), share.percent, size)


def _finding(share: Share, size: int) -> Finding:
    exact = f"{100 * share.n / size:.1f}"
    words = (
        f"the categories of this section are percentages of their sum, here {size}, of which {share.n} are {exact} %, "
    )
    words += f"printed {share.percent} %"
    shown = f"{share.n} ({share.percent} %)"
    return Finding("percentage", "discrepant", "major", share.claim_ids, (share.locator,), shown, exact, words)
