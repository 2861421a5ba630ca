"""Check percentages against counts and denominators, separating misprints from missing data or another group."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import replace

from resurvey.read.draft_places import column_of, part_of, row_of
from resurvey.read.objects import Doubt, Draft, Finding
from resurvey.read.share_forms import Sentences
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


def percentages(
    rows: list[dict[str, str]], by_id: dict[str, Draft], drafts: Sequence[Draft], sentences: Sentences
) -> list[Finding]:
    """A cell whose percentage misses while its row fits is a misprint; a row that misses as a whole is in doubt."""
    verdict = {row["claim_ids"].split(";")[0]: row["verdict"] for row in rows}
    around = Neighbours(drafts)
    rowwise: dict[tuple[str, int] | None, list[str]] = defaultdict(list)
    for draft in drafts:
        if draft.claim_id in verdict and draft.claim.in_table:
            rowwise[row_of(draft)].append(draft.claim_id)
    found = []
    for row in rows:
        draft = by_id[row["claim_ids"].split(";")[0]]
        if row["verdict"] not in ("discrepant", "impossible"):
            continue
        if not draft.claim.in_table:
            doubt = None if sentences.confirmed(draft) else Doubt.UNCONFIRMED
        else:
            beside = [claim for claim in rowwise[row_of(draft)] if claim != draft.claim_id]
            doubt = _doubt(draft, row["verdict"], {claim: verdict[claim] for claim in beside}, by_id, around)
        found.append(replace(finding_of(row, by_id), doubt=doubt))
    kept = [one for one in found if one.doubt is None]
    told = _by_denominator(_with_estimates(_without_habits(kept, by_id, around), by_id), by_id)
    return [*told, *(one for one in found if one.doubt is not None)]


def _doubt(
    draft: Draft, verdict: str, beside: dict[str, str], by_id: dict[str, Draft], around: Neighbours
) -> Doubt | None:
    """Why a share of a table that misses its denominator is no misprint; None if it is one.

    Parameters
    ----------
    draft : Draft
        The share.
    verdict : str
        How it misses.
    beside : dict of str to str
        The verdicts of the other shares of its row, by claim id.
    by_id : dict of str to Draft
        All drafts by claim id.
    around : Neighbours
        The shares of the paper by table, column and row.
    """
    fitting = sum(one in GOOD for one in beside.values())
    missed = [by_id[claim] for claim, one in beside.items() if one not in GOOD]
    if (beside and fitting * 2 < len(beside)) or around.column_misread(draft):
        return Doubt.MISREAD
    if verdict == "discrepant" and not beside and _missing_explains(draft) and not around.alone(draft):
        return Doubt.OTHER_PATIENTS
    if not beside and not draft.claim.beside_its_total and not one_misprint(draft):
        return Doubt.UNCONFIRMED
    if verdict == "discrepant" and _of_fewer(draft, complete=around.complete(draft)):
        return Doubt.OTHER_PATIENTS
    several = verdict == "discrepant" and missed and all(map(_missing_explains, (draft, *missed)))
    if several or around.explain(draft) or _fewer_in_row(draft, missed):
        return Doubt.OTHER_PATIENTS
    return None if around.confirm(draft) else Doubt.UNCONFIRMED


GOOD = ("reproduced", "rounding")


def _of_fewer(draft: Draft, *, complete: bool) -> bool:
    """Whether patients without data explain a share whose denominator stands in a heading, not beside it.

    Where the rest of its row and column is `complete`, only a few are thought of.
    """
    cells = draft.cells
    own = draft.claim.beside_its_total or not (cells["total"].isdigit() and counted(draft))
    return not own and fewer_patients(cells["n"], cells["percent"], int(cells["total"]), complete=complete)


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


def _with_estimates(found: list[Finding], by_id: dict[str, Draft]) -> list[Finding]:
    """Percentages of running text that several rows print above their crude shares (`43.8% (7/17)`) are in doubt.

    Kaplan-Meier estimates with the number of events exceed the crude share wherever patients were censored; a misprint
    seldom goes the same way twice, and mostly one wrong character explains it.
    """
    above = [one for one in found if _estimated(by_id[one.claim_ids[0]])]
    if len(above) < ESTIMATES:
        return found
    return [replace(one, doubt=Doubt.OTHER_METHOD) if one in above else one for one in found]


def _without_habits(found: list[Finding], by_id: dict[str, Draft], around: Neighbours) -> list[Finding]:
    """Where many percentages of a table miss, or several by a few patients, its denominators are in doubt."""
    table_of = {one.claim_ids[0]: part_of(by_id[one.claim_ids[0]]) for one in found}
    missing = Counter(table_of.values())
    nearly = Counter(table_of[one.claim_ids[0]] for one in found if _by_a_few(by_id[one.claim_ids[0]]))
    doubted = {
        table
        for table, count in missing.items()
        if table.startswith("t")
        and (nearly[table] >= SEVERAL or (count >= MANY and MANY * count > len(around.tables[table])))
    }
    return [replace(one, doubt=Doubt.OTHER_PATIENTS) if table_of[one.claim_ids[0]] in doubted else one for one in found]


# Percentages of a table that miss, and one of so many of all of them, from which on they are one doubt; those that a
# denominator within a few patients, or this share of them, would give.
MANY, SEVERAL, A_FEW, PART = 4, 3, 2, 0.02


def _by_a_few(draft: Draft) -> bool:
    """Whether a denominator a little above or below that of a share gives its percentage."""
    n, percent, total = (draft.cells[name] for name in ("n", "percent", "total"))
    if not (total.isdigit() and counted(draft)) or draft.claim.beside_its_total:
        return False
    most = int(total) + max(A_FEW, math.floor(PART * int(total)))
    return any(size >= 2 * int(total) - most for size in denominators(int(n), percent, most))


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
        if one.doubt is None:
            columns[column_of(by_id[one.claim_ids[0]])].append(one)
    kept = [one for one in found if one.doubt is not None]
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


def unlinked(drafts: Sequence[Draft], sentences: Sentences) -> list[Finding]:
    """Proportions in text, without a denominator, that fit no number of patients, or not that of their arm."""
    groups: dict[tuple[str, str], list[Draft]] = defaultdict(list)
    for draft in drafts:
        if draft.table == "proportions" and draft.claim.in_text and counted(draft):
            groups[(draft.cells["locator"], draft.claim.context)].append(draft)
    sizes = {
        int(draft.cells[name])
        for draft in drafts
        if draft.table in ("proportions", "arms")
        for name in ("n", "total")
        if draft.cells.get(name, "").isdigit()
    }
    arms = _sizes_of_arms(drafts)
    found: list[Finding] = []
    for group in groups.values():
        for draft in group:
            if not draft.cells["total"] and not draft.cells["lower"] and draft.cells["study_id"]:
                found += (
                    _impossible(draft)
                    or _adding_up(draft, group)
                    or _of_its_arm(draft, arms, sizes, sentences)
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


def _of_its_arm(draft: Draft, arms: dict[str, set[int]], sizes: set[int], sentences: Sentences) -> list[Finding]:
    """A proportion that one wrong character separates from a size of its arm, and that fits no other printed size."""
    n, percent = draft.cells["n"], draft.cells["percent"]
    near = [
        total
        for total in sorted(arms.get(draft.cells["arm_id"], ()))
        if int(n) <= total and misprint_fits(n, percent, total)
    ]
    if not near or sizes & set(denominators(int(n), percent, max(sizes))):
        return []
    found = _missed(draft, near[-1], "a size of its arm")
    sure = sentences.of_its_arm(draft, near[-1])
    return found if sure else [replace(one, doubt=Doubt.UNCONFIRMED) for one in found]


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
