"""Check percentages against counts and denominators, separating misprints from missing data or another group."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence

from resurvey.read.draft_places import column_of, row_of
from resurvey.read.objects import Draft, Finding
from resurvey.read.share_neighbours import Neighbours, counted, fits, one_misprint
from resurvey.read.slips import denominators, fewer_patients, misprint_fits, percent_fits


def finding_of(row: dict[str, str], by_id: dict[str, Draft]) -> Finding:
    """A row of checks.csv as a finding, with the locations of its drafts."""
    ids = tuple(claim for claim in row["claim_ids"].split(";") if claim in by_id)
    severity = row["severity"] if row["severity"] != "none" else "minor"
    return Finding(
        row["rule"],
        row["verdict"],
        severity,
        ids,
        tuple(by_id[i].cells["locator"] for i in ids),
        row["reported"],
        row["recomputed"],
        row["explanation"],
    )


def percentages(rows: list[dict[str, str]], by_id: dict[str, Draft], drafts: Sequence[Draft]) -> list[Finding]:
    """A cell whose percentage misses while its row fits is a misprint; a row that misses as a whole is not."""
    verdict = {row["claim_ids"].split(";")[0]: row["verdict"] for row in rows}
    bad = [row for row in rows if row["verdict"] in ("discrepant", "impossible")]
    rowwise: dict[tuple[str, int] | None, list[str]] = defaultdict(list)
    for draft in drafts:
        if draft.claim_id in verdict and draft.claim.in_table:
            rowwise[row_of(draft)].append(draft.claim_id)
    around = Neighbours(drafts)
    missed = {row["claim_ids"].split(";")[0] for row in bad}
    found = []
    for row in bad:
        draft = by_id[row["claim_ids"].split(";")[0]]
        if not draft.claim.in_table:
            found.append(finding_of(row, by_id))
            continue
        beside = [claim for claim in rowwise[row_of(draft)] if claim != draft.claim_id]
        fitting = sum(verdict[claim] in ("reproduced", "rounding") for claim in beside)
        if beside and fitting * 2 < len(beside):
            continue
        if row["verdict"] == "discrepant" and not beside and _missing_explains(draft) and not around.alone(draft):
            continue
        if not beside and not draft.claim.beside_its_total and not one_misprint(draft):
            continue
        if row["verdict"] == "discrepant" and _of_fewer(draft):
            continue
        if around.explain(draft) or _fewer_in_row(draft, [by_id[claim] for claim in beside if claim in missed]):
            continue
        found.append(finding_of(row, by_id))
    return _by_denominator(_without_estimates(found, by_id), by_id)


def _of_fewer(draft: Draft) -> bool:
    """Whether patients without data explain a share whose denominator stands in a heading, not beside it."""
    cells = draft.cells
    own = draft.claim.beside_its_total or not (cells["total"].isdigit() and counted(draft))
    return not own and fewer_patients(cells["n"], cells["percent"], int(cells["total"]))


def _fewer_in_row(draft: Draft, missed: Sequence[Draft]) -> bool:
    """Whether a smaller number of patients gives another percentage of the row that misses its denominator too."""
    total = draft.cells["total"]
    group = [draft, *(one for one in missed if one.cells["total"] == total)]
    sizes = range(math.ceil(FEWEST * float(total)), math.ceil(float(total)))
    return len(group) > 1 and any(
        all(percent_fits(one.cells["n"], one.cells["percent"], size) for one in group) for size in sizes
    )


# The smallest share of patients with data that is thought of before two misprints of one row.
FEWEST = 0.7


def _without_estimates(found: list[Finding], by_id: dict[str, Draft]) -> list[Finding]:
    """No findings for percentages of running text that several rows print above their crude shares: `43.8% (7/17)`.

    Kaplan-Meier estimates with the number of events exceed the crude share wherever patients were censored; a misprint
    seldom goes the same way twice, and mostly one wrong character explains it.
    """
    above = [one for one in found if _estimated(by_id[one.claim_ids[0]])]
    return [one for one in found if one not in above] if len(above) >= ESTIMATES else found


# Percentages above the crude share, each with the number of events, that are estimates.
ESTIMATES = 2


def _estimated(draft: Draft) -> bool:
    n, percent, total = (draft.cells[name] for name in ("n", "percent", "total"))
    if draft.claim.in_table or not (counted(draft) and total.isdigit()) or int(n) > int(total):
        return False
    return float(percent) > 100 * int(n) / int(total) and not misprint_fits(n, percent, int(total))


def _by_denominator(found: list[Finding], by_id: dict[str, Draft]) -> list[Finding]:
    """Merge mismatches in one column that another whole denominator explains: the size in the heading is wrong."""
    columns: dict[tuple[str, int | None], list[Finding]] = defaultdict(list)
    for one in found:
        columns[column_of(by_id[one.claim_ids[0]])].append(one)
    kept: list[Finding] = []
    for group in columns.values():
        rows = [by_id[one.claim_ids[0]].cells for one in group]
        total = float(rows[0]["total"])
        others = [
            size
            for size in range(math.ceil(0.8 * total), math.floor(1.2 * total) + 1)
            if size != total and all(percent_fits(cells["n"], cells["percent"], size) for cells in rows)
        ]
        if len(group) == 1 or len({cells["total"] for cells in rows}) > 1 or not others:
            kept += group
            continue
        ids = tuple(claim for one in group for claim in one.claim_ids)
        places = tuple(place for one in group for place in one.locators)
        known = f"{others[0]}" if len(others) == 1 else f"{others[0]} to {others[-1]}"
        words = f"{len(group)} percentages of this column are of {known}, not of the {total:g} of its head"
        shown = "; ".join(one.reported for one in group[:3])
        kept.append(Finding("percentage", "discrepant", "major", ids, places, shown, known, words))
    return kept


def _missing_explains(draft: Draft) -> bool:
    """Whether a smaller denominator (excluding patients without data) gives the percentage."""
    cells = draft.cells
    n, total, value = float(cells["n"]), float(cells["total"]), cells["percent"]
    half = 0.5 * 10.0 ** -len(value.partition(".")[2])
    percent = float(value)
    if percent <= half or n == 0:
        return False
    least, most = math.ceil(100 * n / (percent + half) - 1e-9), math.floor(100 * n / (percent - half) + 1e-9)
    return least <= most and 0.5 * total <= least < total


# Proportions whose denominator is not printed beside them.


def unlinked(drafts: Sequence[Draft]) -> list[Finding]:
    """Proportions in text, without a denominator, that fit no number of patients, or not that of their arm."""
    sentences: dict[tuple[str, str], list[Draft]] = defaultdict(list)
    for draft in drafts:
        if draft.table == "proportions" and draft.claim.in_text and counted(draft):
            sentences[(draft.cells["locator"], draft.claim.context)].append(draft)
    sizes = {
        int(draft.cells[name])
        for draft in drafts
        if draft.table in ("proportions", "arms")
        for name in ("n", "total")
        if draft.cells.get(name, "").isdigit()
    }
    arms = _sizes_of_arms(drafts)
    found: list[Finding] = []
    for group in sentences.values():
        for draft in group:
            if not draft.cells["total"] and not draft.cells["lower"] and draft.cells["study_id"]:
                found += (
                    _impossible(draft)
                    or _adding_up(draft, group)
                    or _of_its_arm(draft, arms, sizes)
                    or _of_its_sentence(draft, group, sizes)
                )
    return found


def _sizes_of_arms(drafts: Sequence[Draft]) -> dict[str, set[int]]:
    """Denominators of an arm confirmed by percentages, and sizes printed for it."""
    sizes: dict[str, set[int]] = defaultdict(set)
    for draft in drafts:
        cells = draft.cells
        if draft.table == "arms" and cells["arm_id"] and cells["n"].isdigit():
            sizes[cells["arm_id"]].add(int(cells["n"]))
        if draft.table == "proportions" and cells["arm_id"] and cells["total"].isdigit() and fits(draft):
            sizes[cells["arm_id"]].add(int(cells["total"]))
    return sizes


def _impossible(draft: Draft) -> list[Finding]:
    """`16 (93%)`: no denominator fits, as 16/17 is 94.1 % and 16/18 is 88.9 %.

    A small number of a small group counts something else (`three visits (87%)`).
    """
    n, percent = int(draft.cells["n"]), draft.cells["percent"]
    if float(percent) == 0 or denominators(n, percent, MOST):
        return []
    if n < SMALL and 100 * n / float(percent) < SMALL:
        return []
    near = round(100 * n / float(percent))
    shown = ", ".join(f"{n}/{total} is {100 * n / total:.1f} %" for total in (near, near + 1) if total >= n)
    return [_told(draft, "impossible", "", f"no whole number of patients has {n} as {percent} % of it ({shown})")]


def _adding_up(draft: Draft, group: Sequence[Draft]) -> list[Finding]:
    """A proportion that misses the total of its sentence's counts, which gives all the other percentages."""
    mates = [one for one in group if one.cells["arm_id"] == draft.cells["arm_id"]]
    total = sum(int(one.cells["n"]) for one in mates)
    if float(draft.cells["percent"]) >= 100:
        return []
    others = [one for one in mates if one is not draft]
    if others and all(one.cells["total"] == str(total) and fits(one) for one in others):
        return _missed(draft, total, "the sum of this count and those beside it")
    return []


def _of_its_arm(draft: Draft, arms: dict[str, set[int]], sizes: set[int]) -> list[Finding]:
    """A proportion that one wrong character separates from a size of its arm, and that fits no other printed size."""
    n, percent = draft.cells["n"], draft.cells["percent"]
    near = [
        total
        for total in sorted(arms.get(draft.cells["arm_id"], ()))
        if int(n) <= total and misprint_fits(n, percent, total)
    ]
    if not near or sizes & set(denominators(int(n), percent, max(sizes))):
        return []
    return _missed(draft, near[-1], "a size of its arm")


def _of_its_sentence(draft: Draft, group: Sequence[Draft], sizes: set[int]) -> list[Finding]:
    """A proportion that one wrong character separates from the denominator shared by all others in its sentence."""
    n, percent = draft.cells["n"], draft.cells["percent"]
    others = [one for one in group if one is not draft]
    totals = {one.cells["total"] for one in others}
    arms = {one.cells["arm_id"] for one in group}
    if len(totals) != 1 or len(arms) != 1 or not all(fits(one) for one in others):
        return []
    total = int(totals.pop())
    explained = sizes & set(denominators(int(n), percent, max(sizes)))
    if explained or int(n) > total or not misprint_fits(n, percent, total):
        return []
    return _missed(draft, total, "the denominator of all other shares of the sentence")


def _missed(draft: Draft, total: int, what: str) -> list[Finding]:
    n, percent = draft.cells["n"], draft.cells["percent"]
    if percent_fits(n, percent, total):
        return []
    exact = f"{100 * int(n) / total:.1f}"
    return [_told(draft, "discrepant", exact, f"{n} of {total}, {what}, are {exact} %, printed {percent} %")]


def _told(draft: Draft, verdict: str, recomputed: str, words: str) -> Finding:
    shown = f"{draft.cells['n']} ({draft.cells['percent']} %)"
    ids, places = (draft.claim_id,), (draft.cells["locator"],)
    return Finding("percentage", verdict, "major", ids, places, shown, recomputed, words)


# More patients than any trial in this field has; a count that may be of something else than patients.
MOST, SMALL = 100_000, 10
