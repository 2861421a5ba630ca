"""Tell once a place what does not agree there, but more likely because of the reading than of a misprint."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

from resurvey.errors import plural
from resurvey.read.misread import OF_LIMITS
from resurvey.read.objects import Doubt, Doubtful, Draft, Finding

WORDS = {
    Doubt.MISREAD: "rows around them miss in the same way, so that the table or sentence was probably misread",
    Doubt.UNCONFIRMED: "nothing around them confirms that their numbers belong together",
    Doubt.OTHER_PATIENTS: "fewer patients, or another group than that of the heading, would explain them",
    Doubt.OTHER_METHOD: "another method than the usual one would explain them",
}
WHAT = {
    "percentage": ("percentage does not fit its denominator", "percentages do not fit their denominators"),
    "ratio-interval": ("ratio is off the middle of its interval", "ratios are off the middle of their intervals"),
    "ratio-p": ("p value does not fit the interval", "p values do not fit the intervals"),
    "difference-p": ("p value does not fit the limits", "p values do not fit the limits"),
    "difference-interval": ("difference is off the middle", "differences are off the middle of their limits"),
    "repeat": ("row is printed otherwise elsewhere", "rows are printed otherwise elsewhere"),
}
OTHERWISE = ("value lies outside its limits", "values lie outside their limits")
SHOWN = 3
TEXT = "Running text"


def doubtful(found: Sequence[Finding], by_id: Mapping[str, Draft]) -> list[Doubtful]:
    """Findings that are in doubt, joined by place, rule and reason, in the order of the paper.

    Parameters
    ----------
    found : sequence of Finding
        Findings with a doubt.
    by_id : mapping of str to Draft
        All drafts by claim id.
    """
    groups: dict[tuple[str, str, Doubt], list[Finding]] = defaultdict(list)
    for one in found:
        if one.doubt is not None:
            groups[place_of(one, by_id), "limits" if one.rule in OF_LIMITS else one.rule, one.doubt].append(one)
    return [_joined(place, rule, doubt, group) for (place, rule, doubt), group in groups.items()]


def place_of(one: Finding, by_id: Mapping[str, Draft]) -> str:
    """The table of a finding, as printed, or the running text."""
    draft = by_id.get(one.claim_ids[0]) if one.claim_ids else None
    in_table = draft is not None and draft.claim.in_table and one.locators
    return one.locators[0].partition(",")[0] if in_table else TEXT


def _joined(place: str, rule: str, doubt: Doubt, group: Sequence[Finding]) -> Doubtful:
    ids = tuple(dict.fromkeys(claim for one in group for claim in one.claim_ids))
    shown = tuple(dict.fromkeys(one.reported for one in group))
    what = WHAT.get(rule, OTHERWISE)[len(group) > 1]
    more = f" and {plural(len(shown) - SHOWN, 'other')}" if len(shown) > SHOWN else ""
    words = f"{len(group)} {what} ({', '.join(shown[:SHOWN])}{more}): {WORDS[doubt]}"
    return Doubtful(rule, doubt, place, ids, shown, words)
