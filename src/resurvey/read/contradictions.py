"""Find contradictions in drafts: within a row, within a table, and between repeats of one quantity.

Rules that compare rows of different groups are applied only after a person has confirmed arm, population and endpoint,
because on drafts they give many false findings. The arithmetic is that of `resurvey.audit`; this module distinguishes
misprints from a paper's conventions.
"""

from __future__ import annotations

import math
import re
from bisect import bisect_left, bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from statistics import NormalDist

from resurvey.read.audit_words import broken_numbers, misprinted_text, response_sums, reversed_limits
from resurvey.read.cell_audit import misprinted_cells
from resurvey.read.difference_audit import differences
from resurvey.read.draft_places import part_of, position_of, row_of
from resurvey.read.normal import plain
from resurvey.read.objects import Claim, Document, Draft, Finding
from resurvey.read.p_audit import impossible_p
from resurvey.read.partition_audit import partitions
from resurvey.read.repeat_audit import repeats
from resurvey.read.said_again import contradictions
from resurvey.read.share_audit import finding_of, percentages, unlinked
from resurvey.read.share_kinds import ShareKind
from resurvey.read.slips import percent_fits
from resurvey.read.sum_audit import sums
from resurvey.schema import TABLES

RULES = ("percentage", "ratio-interval", "ratio-p", "median-interval", "binomial-interval", "count-bound")
AUDITED = ("hazard_ratios", "medians", "proportions")
# Tolerated distance of a ratio from the middle of its interval, in half-widths: where six or more are printed, where
# fewer are, and where many are off the middle (as profile-likelihood, exact and bootstrap intervals are).
OFF_ALONE, OFF_FEW, OFF_HABIT = 0.035, 0.07, 0.25
WIDE = 6.0
# Ratios off the middle to the same side, by this part of the distance, that make it the paper's kind of interval.
ALIKE, OF_OWN = 3, 0.3
# Largest tolerated difference between the z of the p value and that of the interval, in standard deviations.
Z_APART = 0.45
NORMAL = NormalDist()
# Findings of one of these rules in one table from which on the columns were misread.
OF_LIMITS = ("limits", "median-interval", "binomial-interval")
OF_COLUMNS = ("limits", "median-interval", "ratio-p")
MISREAD = 4


def findings(document: Document, drafts: Sequence[Draft]) -> list[Finding]:
    """All inconsistencies, most serious first; each cause is reported once, with all its locations."""
    by_id = {draft.claim_id: draft for draft in drafts}
    rows = [*_checked(drafts)]
    one_sided = any(
        "one-sided" in paragraph.text.lower() or "one-tailed" in paragraph.text.lower()
        for paragraph in document.paragraphs
    )
    found: list[Finding] = []
    found += percentages([row for row in rows if row["rule"] == "percentage"], by_id, drafts) + unlinked(drafts)
    found += misprinted_cells(document, drafts) + partitions(drafts)
    found += _ratio_intervals([row for row in rows if row["rule"] == "ratio-interval"], by_id)
    found += _ratio_p([row for row in rows if row["rule"] == "ratio-p"], by_id, one_sided)
    found += [
        finding_of(row, by_id)
        for row in rows
        if row["rule"] in ("median-interval", "binomial-interval", "count-bound")
        and row["verdict"] in ("impossible", "discrepant")
        and _serious(row, by_id)
    ]
    found += reversed_limits(drafts) + repeats(drafts) + response_sums(drafts) + broken_numbers(document)
    found += misprinted_text(document, drafts)
    found += contradictions(document, drafts) + differences(drafts) + [*impossible_p(document)]
    found += sums(drafts, {claim for one in found for claim in one.claim_ids})
    return _once(_without_misread(_without_joined(_without_broken(found), document, by_id), by_id))


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


def _without_joined(found: list[Finding], document: Document, by_id: dict[str, Draft]) -> list[Finding]:
    """No findings of limits where the cell prints a decimal comma or a ratio, which was read as limits."""
    grids = {table.id: table.grid for table in document.tables}

    def joined(one: Finding) -> bool:
        spans = by_id[one.claim_ids[0]].claim.spans if one.rule in OF_LIMITS and one.claim_ids else ()
        for table, row, column in (position for span in spans if (position := span.position)):
            cell = grids[table][row][column]
            if cell is not None and JOINED.search(plain(cell.text)):
                return True
        return False

    return [one for one in found if not joined(one)]


def _without_misread(found: list[Finding], by_id: dict[str, Draft]) -> list[Finding]:
    """No findings of limits or p values where one table or the text gives many: the reading, not the paper, is wrong.

    Limits of a difference beside the values it compares, or the p value of an interaction, miss in every row; pairs of
    values with pairs of limits (`-8.5/-3.2; 95% CI -10.6, -6.4/-4.5, -1.9`) in every sentence.
    """
    tables = [(one.rule, _place_of(one, by_id)) for one in found]
    held = Counter(tables)
    return [
        one
        for one, place in zip(found, tables, strict=True)
        if not (place[1] and one.rule in OF_COLUMNS and held[place] >= MISREAD)
    ]


def _place_of(one: Finding, by_id: dict[str, Draft]) -> str:
    """The table of a finding, or `text`; empty if it is of no row."""
    draft = by_id.get(one.claim_ids[0]) if one.claim_ids else None
    if draft is None:
        return ""
    return "text" if position_of(draft) is None else part_of(draft)


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


# Ratios.


def _off(draft: Draft) -> float:
    """Distance of a ratio from the middle of its interval on the log scale, in half-widths; 0 if unknown."""
    try:
        value, low, high = (float(draft.cells[name]) for name in ("value", "lower", "upper"))
        half = (math.log(high) - math.log(low)) / 2
        return abs(math.log(value) - (math.log(low) + math.log(high)) / 2) / half if half > 0 else 0.0
    except ValueError:
        return 0.0


def _ratio_intervals(rows: list[dict[str, str]], by_id: dict[str, Draft]) -> list[Finding]:
    off = {row["claim_ids"]: _off(by_id[row["claim_ids"]]) for row in rows}
    bad = [row for row in rows if row["verdict"] in ("discrepant", "impossible")]
    habit = len([row for row in bad if off[row["claim_ids"]] < OFF_HABIT]) >= max(3, 0.2 * len(rows))
    least = OFF_HABIT if habit else OFF_ALONE if len(rows) >= 6 else OFF_FEW
    apart = sorted(_side(by_id[claim]) * distance for claim, distance in off.items())
    # With few events the interval is seldom a Wald interval and need not be symmetric.
    wide = {row["claim_ids"] for row in bad if _width(by_id[row["claim_ids"]]) > WIDE}
    # Ratios clearly off the middle on the log scale, discrepant or not, show how the paper constructs its intervals.
    symmetric = _linear_habit([by_id[claim] for claim, apart in off.items() if apart > OFF_ALONE])
    found = [
        finding_of(row, by_id)
        for row in bad
        if row["verdict"] == "impossible"
        or (
            off[row["claim_ids"]] > (OFF_HABIT if row["claim_ids"] in wide else least)
            and row["claim_ids"] not in symmetric
            and not _like_others(by_id[row["claim_ids"]], apart)
        )
    ]
    rows_of = [row_of(by_id[one.claim_ids[0]]) for one in found]
    held = Counter(rows_of)
    # Two intervals of one row are off the middle for one reason: another estimate or method, not two misprints.
    return [
        one
        for one, place in zip(found, rows_of, strict=True)
        if one.verdict == "impossible" or not place or held[place] == 1
    ]


def _like_others(draft: Draft, apart: Sequence[float]) -> bool:
    """Whether other ratios of the paper lie off the middle to the same side by as much or a part of it.

    Exact and profile-likelihood intervals are lopsided, the more so the fewer the events. `apart` are the signed
    distances of all ratios in order, the ratio's own among them.
    """
    own = _side(draft) * _off(draft)
    if own == 0:
        return False
    alike = len(apart) - bisect_left(apart, OF_OWN * own) if own > 0 else bisect_right(apart, OF_OWN * own)
    return alike > ALIKE


def _side(draft: Draft) -> int:
    """1 or -1 for a ratio above or below the middle of its interval on the log scale, 0 at it."""
    try:
        value, low, high = (float(draft.cells[name]) for name in ("value", "lower", "upper"))
        middle = (math.log(low) + math.log(high)) / 2
        above = math.log(value) - middle
    except ValueError:
        return 0
    return (above > 0) - (above < 0)


def _width(draft: Draft) -> float:
    """The upper limit divided by the lower; 1 if unknown."""
    try:
        return float(draft.cells["upper"]) / float(draft.cells["lower"])
    except (ValueError, ZeroDivisionError):
        return 1.0


def _linear_habit(drafts: list[Draft]) -> set[str]:
    """Ratios at the middle of their interval on the natural scale, if at least three: a convention of the paper."""
    even = set()
    for draft in drafts:
        try:
            value, low, high = (float(draft.cells[name]) for name in ("value", "lower", "upper"))
        except ValueError:
            continue
        unit = 10.0 ** -len(draft.cells["value"].partition(".")[2])
        if abs(value - (low + high) / 2) <= 1.01 * unit:
            even.add(draft.claim_id)
    return even if len(even) >= 3 else set()


def _ratio_p(rows: list[dict[str, str]], by_id: dict[str, Draft], one_sided: bool) -> list[Finding]:
    found = []
    # An interval symmetric on the ratio scale implies a different standard error from one on the log scale.
    linear = _linear_habit([by_id[row["claim_ids"]] for row in rows])
    others = _of_other_tests(rows, by_id)
    for row in rows:
        if row["verdict"] != "discrepant" or row["claim_ids"] in linear:
            continue
        draft = by_id[row["claim_ids"]]
        if part_of(draft) in others:
            continue
        apart = _z_apart(draft, one_sided)
        if apart > Z_APART and _off(draft) < 0.6 and not re.search(r"inferior|interaction|trend", draft.claim.context):
            found.append(finding_of(row, by_id))
    return found


def _of_other_tests(rows: list[dict[str, str]], by_id: dict[str, Draft]) -> set[str]:
    """Tables most of whose p values do not match their ratios and so test something else, such as an interaction."""
    verdicts: dict[str, list[str]] = defaultdict(list)
    for row in rows:
        draft = by_id[row["claim_ids"]]
        if draft.claim.in_table:
            verdicts[part_of(draft)].append(row["verdict"])
    return {
        table for table, given in verdicts.items() if len(given) >= 4 and 2 * given.count("discrepant") > len(given)
    }


def _z_apart(draft: Draft, one_sided: bool) -> float:
    """Distance between the |z| of the p value and that of the interval; the smaller of one- and two-sided p."""
    cells = draft.cells
    try:
        value, low, high, p = (float(cells[name].lstrip("<>≤≥~")) for name in ("value", "lower", "upper", "p"))
        level = float(cells.get("ci_level") or 95)
        se = (math.log(high) - math.log(low)) / (2 * NORMAL.inv_cdf(0.5 + level / 200))
        z = abs(math.log(value)) / se
    except (ValueError, ZeroDivisionError):
        return 0.0
    p = min(max(p, 1e-15), 1 - 1e-12)
    candidates = [abs(-NORMAL.inv_cdf(p / 2) - z)]
    if one_sided:
        candidates += [abs(-NORMAL.inv_cdf(p) - z), abs(NORMAL.inv_cdf(p) - z)]
    if cells["p"][:1] in "<≤" and -NORMAL.inv_cdf(p / 2) <= z + Z_APART:
        return 0.0
    if cells["p"][:1] in ">≥" and -NORMAL.inv_cdf(p / 2) >= z - Z_APART:
        return 0.0
    return min(candidates)


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
