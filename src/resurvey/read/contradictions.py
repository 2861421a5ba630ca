"""Find contradictions in drafts: within a row, within a table, and between repeats of one quantity.

Rules that compare rows of different groups are applied only after a person has confirmed arm, population and endpoint,
because on drafts they give many false findings. The arithmetic is that of `resurvey.audit`; this module distinguishes
misprints from a paper's conventions.
"""

from __future__ import annotations

import math
import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from resurvey.read.audit_words import broken_numbers, misprinted_text, response_sums, reversed_limits
from resurvey.read.cell_audit import misprinted_cells
from resurvey.read.difference_audit import differences
from resurvey.read.misread import OF_LIMITS, misread
from resurvey.read.normal import plain
from resurvey.read.objects import Claim, Document, Doubt, Doubtful, Draft, Finding
from resurvey.read.p_audit import impossible_p
from resurvey.read.partition_audit import partitions
from resurvey.read.ratio_audit import OFF_HABIT, ratio_intervals, ratio_p
from resurvey.read.reading_doubts import doubtful
from resurvey.read.repeat_audit import repeats
from resurvey.read.said_again import contradictions
from resurvey.read.share_audit import finding_of, percentages, unlinked
from resurvey.read.share_forms import Sentences
from resurvey.read.share_kinds import ShareKind
from resurvey.read.slips import percent_fits
from resurvey.read.sum_audit import sums
from resurvey.read.supposed import supposed, without_supposed
from resurvey.schema import TABLES

RULES = ("percentage", "ratio-interval", "ratio-p", "median-interval", "binomial-interval", "count-bound")
AUDITED = ("hazard_ratios", "medians", "proportions")


@dataclass(frozen=True)
class Audit:
    """What does not agree in a paper: findings, and what is more likely the fault of the reading, told once a place."""

    findings: list[Finding]
    doubts: list[Doubtful]


def findings(document: Document, drafts: Sequence[Draft]) -> list[Finding]:
    """All inconsistencies, most serious first; each cause is reported once, with all its locations."""
    return audit(document, drafts).findings


def audit(document: Document, drafts: Sequence[Draft]) -> Audit:
    """All inconsistencies of a paper and its drafts, those in doubt apart.

    Parameters
    ----------
    document : Document
        The paper.
    drafts : sequence of Draft
        Its rows.
    """
    every = [*drafts, *supposed(document, drafts)]
    by_id = {draft.claim_id: draft for draft in every}
    found = _judged(_found(document, every, by_id), document, by_id)
    sure = _once([one for one in found if one.doubt is None])
    told = {claim for one in sure for claim in one.claim_ids}
    doubted = [one for one in found if one.doubt is not None and not told & set(one.claim_ids)]
    doubts = [replace(one, claim_ids=without_supposed(one.claim_ids)) for one in doubtful(_once(doubted), by_id)]
    return Audit([replace(one, claim_ids=without_supposed(one.claim_ids)) for one in sure], doubts)


def _found(document: Document, drafts: Sequence[Draft], by_id: dict[str, Draft]) -> list[Finding]:
    """What each rule finds, some of it in doubt."""
    rows = [*_checked(drafts)]
    texts = {paragraph.id: plain(paragraph.text) for paragraph in document.paragraphs}
    one_sided = any("one-sided" in text.lower() or "one-tailed" in text.lower() for text in texts.values())
    sentences = Sentences(drafts, texts)
    found: list[Finding] = []
    found += percentages([row for row in rows if row["rule"] == "percentage"], by_id, drafts, sentences)
    found += unlinked(drafts, sentences)
    found += misprinted_cells(document, drafts) + partitions(drafts)
    found += ratio_intervals([row for row in rows if row["rule"] == "ratio-interval"], by_id)
    found += ratio_p([row for row in rows if row["rule"] == "ratio-p"], by_id, one_sided)
    doubted = {claim for one in found if one.doubt is not None for claim in one.claim_ids}
    found += [
        replace(one, doubt=Doubt.UNCONFIRMED) if set(one.claim_ids) & doubted else one
        for row in rows
        if row["rule"] in ("median-interval", "binomial-interval", "count-bound")
        and row["verdict"] in ("impossible", "discrepant")
        and _serious(row, by_id)
        for one in [finding_of(row, by_id)]
    ]
    found += reversed_limits(drafts) + repeats(drafts, texts) + response_sums(drafts) + broken_numbers(document)
    found += misprinted_text(document, drafts)
    found += contradictions(document, drafts) + differences(drafts) + [*impossible_p(document)]
    return found + sums(drafts, {claim for one in found if one.doubt is None for claim in one.claim_ids})


def _judged(found: list[Finding], document: Document, by_id: dict[str, Draft]) -> list[Finding]:
    """Findings with the doubts that several of them together, or the printed cell, raise."""
    return misread(_joined(_without_broken(found), document, by_id), by_id)


def _without_broken(found: list[Finding]) -> list[Finding]:
    """A broken number (`2.2-2-9`) is reported as such, and not again as a value outside the limits read from it."""
    broken = {(place, one.reported) for one in found if one.rule == "broken-number" for place in one.locators}
    return [
        one
        for one in found
        if one.rule not in ("median-interval", "limits")
        or not any(place in one.locators and _limits_in(one.reported) in text for place, text in broken)
    ]


# Two whole numbers joined by a comma or colon without a blank: `96 (38,2)`, `36:48:16`.
JOINED = re.compile(r"(?<![.\d])\d+(?:,\d{1,2}|:\d+)(?![.\d])")


def _joined(found: list[Finding], document: Document, by_id: dict[str, Draft]) -> list[Finding]:
    """Limits are in doubt where the cell prints a decimal comma or a ratio, which was read as limits."""
    grids = {table.id: table.grid for table in document.tables}

    def joined(one: Finding) -> bool:
        spans = by_id[one.claim_ids[0]].claim.spans if one.rule in OF_LIMITS and one.claim_ids else ()
        for table, row, column in (position for span in spans if (position := span.position)):
            cell = grids[table][row][column]
            if cell is not None and JOINED.search(plain(cell.text)):
                return True
        return False

    return [replace(one, doubt=Doubt.MISREAD) if joined(one) else one for one in found]


def _limits_in(reported: str) -> str:
    """The limits in a reported value: `2.2-2` from `2.7 (2.2-2)`."""
    return reported.partition("(")[2].strip(")") or reported


def _checked(drafts: Iterable[Draft]) -> list[dict[str, str]]:
    """Audit rows (as in checks.csv) for drafts, each in its own group so that no rule can combine two of them."""
    import pandas as pd

    from resurvey.audit import run
    from resurvey.tables import TableFaults

    kept: dict[str, list[dict[str, str]]] = defaultdict(list)
    for draft in drafts:
        if draft.table in AUDITED:
            cells = dict(draft.cells)
            cells |= {
                "population": draft.claim_id,
                "arm_id": "",
                "study_id": cells["study_id"] or "cited",
                "partition": "",
                "note": "sic",
            }
            if draft.table == "medians":
                cells["endpoint"] = cells["endpoint"] or "time"
            if draft.table == "proportions":
                cells |= {"item": cells["item"] or "item", "kind": cells["kind"] or ShareKind.BASELINE, "endpoint": ""}
            kept[draft.table].append(cells)
    while kept:
        frames = {name: pd.DataFrame(rows, columns=TABLES[name].names, dtype=object) for name, rows in kept.items()}
        try:
            checks: list[dict[str, str]] = run(frames, rules=RULES).to_dict("records")
        except TableFaults as faults:
            bad = {(fault.file.removesuffix(".csv"), fault.row) for fault in faults.faults}
            if not any(row for _, row in bad):
                return []
            kept = {
                name: [cells for k, cells in enumerate(rows) if (name, k) not in bad] for name, rows in kept.items()
            }
            kept = {name: rows for name, rows in kept.items() if rows}
            continue
        return checks
    return []


def _serious(row: dict[str, str], by_id: dict[str, Draft]) -> bool:
    """A median outside its limits is a misprint; limits of a proportion matter only if it lies outside them."""
    draft = by_id[row["claim_ids"].split(";")[0]]
    if row["rule"] != "binomial-interval":
        return True
    cells = draft.cells
    try:
        low, high, percent = (
            float(cells["lower"]),
            float(cells["upper"]),
            100 * float(cells["n"]) / float(cells["total"]),
        )
    except (ValueError, ZeroDivisionError):
        return False
    return not low - 0.6 <= percent <= high + 0.6


ORDER = {"impossible": 0, "conflict": 1, "discrepant": 2}


def _once(found: list[Finding]) -> list[Finding]:
    """Merge repeats of the same wrong numbers into one finding; of two rules for one row keep the more serious."""
    merged: dict[tuple[str, str], Finding] = {}
    for one in found:
        key = (one.rule, one.reported)
        if key in merged and one.claim_ids:
            old = merged[key]
            merged[key] = Finding(
                old.rule,
                old.verdict,
                old.severity,
                tuple(dict.fromkeys(old.claim_ids + one.claim_ids)),
                tuple(dict.fromkeys(old.locators + one.locators)),
                old.reported,
                old.recomputed,
                old.explanation,
            )
        else:
            merged[key] = one
    kept: list[Finding] = []
    taken: set[str] = set()
    for one in sorted(
        merged.values(), key=lambda f: (ORDER.get(f.verdict, 9), f.rule not in ("ratio-interval", "repeat"))
    ):
        if one.claim_ids and set(one.claim_ids) <= taken:
            continue
        taken |= set(one.claim_ids)
        kept.append(one)
    return kept


def proves(claim: Claim) -> bool | None:
    """Whether the numbers of a claim confirm each other; None if there are too few to tell.

    A count over its denominator must give the percentage; an interval or range must contain its value and, for a ratio,
    the value must be near the middle on the log scale.
    """
    cells = claim.cells
    try:
        if {"n", "total", "percent"} <= set(cells):
            return percent_fits(cells["n"], cells["percent"], float(cells["total"]))
        for low, high in (("lower", "upper"), ("range_lower", "range_upper")):
            value = cells.get("value") or cells.get("percent")
            if value and {low, high} <= set(cells):
                least, middle, most = (float(text.lstrip("<>≤≥~")) for text in (cells[low], value, cells[high]))
                if claim.kind != "ratio":
                    return least <= middle <= most
                half = (math.log(most) - math.log(least)) / 2
                return abs(math.log(middle) - (math.log(least) + math.log(most)) / 2) <= OFF_HABIT * half
    except (ValueError, ZeroDivisionError):
        return None
    return None
