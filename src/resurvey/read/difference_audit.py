"""Check differences with limits: in the middle of them where the paper's others are, and against the p value."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace
from statistics import NormalDist

from resurvey.read.objects import Draft, Finding
from resurvey.read.slips import number_in, repairs

NORMAL = NormalDist()
# Distance of a difference from the middle of its limits, in half-widths, from which on it is a fault where the others
# of the paper lie nearer than the second; how many others, and what share of them.
OFF, NEAR, OTHERS, MOST = 0.2, 0.07, 3, 0.8
# Largest tolerated difference of the z of the p value from that of the limits, and its growth with z: with few patients
# limits are those of a t distribution, and p may be that of another test.
APART, GROWTH = 0.5, 0.15


def differences(drafts: Sequence[Draft]) -> list[Finding]:
    """Differences that their limits or p values contradict, where those of the paper's other differences agree."""
    rows = [draft for draft in drafts if draft.table == "differences" and _half(draft) > 0 and not _ratio(draft)]
    return [*_off_middle(rows), *_against_p([draft for draft in rows if number_in(draft.cells["p"]) is not None])]


def _off_middle(rows: Sequence[Draft]) -> Iterator[Finding]:
    off = {draft.claim_id: _off(draft) for draft in rows}
    near = sum(one < NEAR for one in off.values())
    if near < OTHERS or near < MOST * (len(rows) - 1):
        return
    for draft in rows:
        if OFF < off[draft.claim_id] <= 1 and _one_misprint(draft):
            low, high = _limits(draft)
            middle = f"{(low + high) / 2:.4g}"
            words = f"{draft.cells['lower']} to {draft.cells['upper']} has its middle at {middle}, printed "
            words += f"{draft.cells['value']}; the other differences of the paper are in the middle of their limits"
            yield _finding("difference-interval", draft, middle, words)


def _one_misprint(draft: Draft) -> bool:
    """Whether one misprint explains it; limits of a skewed cost or a bootstrap are off the middle for other reasons."""
    return any(
        _off(replace(draft, cells=draft.cells | {name: sign + text})) < NEAR
        for name in ("value", "lower", "upper")
        for sign, bare in [_signed(draft.cells[name])]
        for text in repairs(bare)
        if number_in(text) is not None and _half(replace(draft, cells=draft.cells | {name: sign + text})) > 0
    )


def _signed(text: str) -> tuple[str, str]:
    return ("-", text[1:]) if text.startswith("-") else ("", text)


def _ratio(draft: Draft) -> bool:
    """Whether value and limits are positive, and even on the log scale but not on their own: a ratio misread."""
    (low, high), value = _limits(draft), number_in(draft.cells["value"]) or 0.0
    if min(low, high, value) <= 0 or low == high:
        return False
    if (p := number_in(draft.cells["p"])) is not None and draft.cells["p"][:1].isdigit() and _z_of_ratio(draft, p):
        return True
    half = (math.log(high) - math.log(low)) / 2
    return abs(math.log(value) - (math.log(low) + math.log(high)) / 2) < NEAR * abs(half) < _off(draft) * abs(half)


def _z_of_ratio(draft: Draft, p: float) -> bool:
    """Whether a p value is that of value and limits taken as a ratio, and not as a difference."""
    (low, high), value = _limits(draft), number_in(draft.cells["value"]) or 1.0
    half = (math.log(high) - math.log(low)) / 2
    level = number_in(draft.cells["ci_level"]) or 95.0
    z = abs(math.log(value)) * NORMAL.inv_cdf(0.5 + level / 200) / half if half > 0 else math.inf
    return abs(z + NORMAL.inv_cdf(min(max(p, 1e-12), 1 - 1e-9) / 2)) <= APART and _contradicts(draft)


def _against_p(rows: Sequence[Draft]) -> Iterator[Finding]:
    wrong = [draft for draft in rows if _contradicts(draft)]
    # The p values of many rows that miss their limits test something else, such as an interaction.
    if len(wrong) > max(1, (1 - MOST) * len(rows)):
        return
    for draft in wrong:
        z = _z(draft)
        implied = f"{2 * (1 - NORMAL.cdf(z)):.2g}"
        words = f"{draft.cells['value']} with limits {draft.cells['lower']} to {draft.cells['upper']} gives p "
        words += f"{implied}, printed {draft.cells['p']}"
        yield _finding("difference-p", draft, implied, words)


def _contradicts(draft: Draft) -> bool:
    printed = draft.cells["p"]
    p = min(max(number_in(printed) or 0.0, 1e-12), 1 - 1e-9)
    z, told = _z(draft), -NORMAL.inv_cdf(p / 2)
    room = APART + GROWTH * max(z, told)
    if printed[:1] in "<≤":
        return z < told - room
    if printed[:1] in ">≥":
        return z > told + room
    return abs(z - told) > room


def _z(draft: Draft) -> float:
    """The absolute difference in standard errors, these from the width of the limits."""
    level = number_in(draft.cells["ci_level"]) or 95.0
    return abs(number_in(draft.cells["value"]) or 0.0) / (_half(draft) / NORMAL.inv_cdf(0.5 + level / 200))


def _limits(draft: Draft) -> tuple[float, float]:
    low, high = number_in(draft.cells["lower"]), number_in(draft.cells["upper"])
    return (low, high) if low is not None and high is not None else (0.0, 0.0)


def _half(draft: Draft) -> float:
    """Half the width of the limits; 0 where value or limits are missing or their level is not one of per cent."""
    low, high = _limits(draft)
    level = number_in(draft.cells["ci_level"])
    told = number_in(draft.cells["value"]) is not None and (level is None or 0 < level < 100)
    return (high - low) / 2 if told else 0.0


def _off(draft: Draft) -> float:
    """Distance of a difference from the middle of its limits beyond rounding, in half-widths; a sign may be implied."""
    low, high = _limits(draft)
    value = number_in(draft.cells["value"]) or 0.0
    unit = max(10.0 ** -len(draft.cells[name].partition(".")[2]) for name in ("value", "lower", "upper"))
    away = min(abs(sign * value - (low + high) / 2) for sign in (1, -1))
    return max(0.0, away - unit) / _half(draft)


def _finding(rule: str, draft: Draft, recomputed: str, words: str) -> Finding:
    shown = f"{draft.cells['value']} ({draft.cells['lower']} to {draft.cells['upper']})"
    if rule == "difference-p":
        shown += f", p {draft.cells['p']}"
    return Finding(rule, "discrepant", "major", (draft.claim_id,), (draft.cells["locator"],), shown, recomputed, words)
