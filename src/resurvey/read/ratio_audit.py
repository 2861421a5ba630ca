"""Check ratios against their intervals and p values, separating misprints from other kinds of interval and test."""

from __future__ import annotations

import math
import re
from bisect import bisect_left, bisect_right
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import replace
from statistics import NormalDist

from resurvey.read.draft_places import part_of, row_of
from resurvey.read.objects import Doubt, Draft, Finding
from resurvey.read.share_audit import finding_of

# Tolerated distance of a ratio from the middle of its interval, in half-widths: where six or more are printed, where
# fewer are, and where many are off the middle (as profile-likelihood, exact and bootstrap intervals are).
OFF_ALONE, OFF_FEW, OFF_HABIT = 0.035, 0.07, 0.25
WIDE = 6.0
# Ratios off the middle to the same side, by this part of the distance, that make it the paper's kind of interval.
ALIKE, OF_OWN = 3, 0.3
# Largest tolerated difference between the z of the p value and that of the interval, in standard deviations.
Z_APART = 0.45
NORMAL = NormalDist()


def _off(draft: Draft) -> float:
    """Distance of a ratio from the middle of its interval on the log scale, in half-widths; 0 if unknown."""
    try:
        value, low, high = (float(draft.cells[name]) for name in ("value", "lower", "upper"))
        half = (math.log(high) - math.log(low)) / 2
        return abs(math.log(value) - (math.log(low) + math.log(high)) / 2) / half if half > 0 else 0.0
    except ValueError:
        return 0.0


def ratio_intervals(rows: list[dict[str, str]], by_id: dict[str, Draft]) -> list[Finding]:
    """Ratios off the middle of their intervals; in doubt where the paper's other intervals are off it too.

    Parameters
    ----------
    rows : list of dict
        Rows of the audit of ratios against intervals.
    by_id : dict of str to Draft
        All drafts by claim id.
    """
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
    told = {claim for one in found for claim in one.claim_ids}
    places = [_place(one, by_id) for one in found]
    held = Counter(places)
    # Two intervals of one row or paragraph are off the middle for one reason: another estimate or method, not two
    # misprints.
    kept = [
        one if one.verdict == "impossible" or held[place] == 1 else replace(one, doubt=Doubt.OTHER_METHOD)
        for one, place in zip(found, places, strict=True)
    ]
    others = [row for row in bad if not {row["claim_ids"]} & (told | wide) and off[row["claim_ids"]] > OFF_FEW]
    return [*kept, *(replace(finding_of(row, by_id), doubt=Doubt.OTHER_METHOD) for row in others)]


def _place(one: Finding, by_id: dict[str, Draft]) -> tuple[str, int] | str:
    """The table row or the paragraph of a finding."""
    draft = by_id[one.claim_ids[0]]
    return row_of(draft) or part_of(draft)


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


def ratio_p(rows: list[dict[str, str]], by_id: dict[str, Draft], one_sided: bool) -> list[Finding]:
    """Ratios whose intervals contradict their p values; in doubt where p may be that of another test.

    Parameters
    ----------
    rows : list of dict
        Rows of the audit of ratios against p values.
    by_id : dict of str to Draft
        All drafts by claim id.
    one_sided : bool
        Whether the paper speaks of one-sided tests.
    """
    found = []
    # An interval symmetric on the ratio scale implies a different standard error from one on the log scale.
    linear = _linear_habit([by_id[row["claim_ids"]] for row in rows])
    others = _of_other_tests(rows, by_id)
    for row in rows:
        if row["verdict"] != "discrepant" or row["claim_ids"] in linear:
            continue
        draft = by_id[row["claim_ids"]]
        if _z_apart(draft, one_sided) <= Z_APART or not _inside(draft):
            continue
        planned = re.search(r"inferior|interaction|trend", draft.claim.context) is not None
        other = planned or _off(draft) >= FAR_OFF or part_of(draft) in others
        found.append(replace(finding_of(row, by_id), doubt=Doubt.OTHER_METHOD if other else None))
    return found


# Distance from the middle, in half-widths, from which on the interval is not that of the ratio.
FAR_OFF = 0.6


def _inside(draft: Draft) -> bool:
    """Whether a ratio lies between its limits; where it does not, these and not p are wrong."""
    value, low, high = (float(draft.cells[name].lstrip("<>≤≥~")) for name in ("value", "lower", "upper"))
    return low <= value <= high


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
