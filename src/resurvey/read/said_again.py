"""Find quantities printed with different values in two parts of the paper: abstract and text, or text and table.

In unconfirmed drafts, endpoint and arm may be misread. A pair is therefore reported only if a misreading is unlikely:
one of the two numbers appears nowhere else in the paper, and the other is the only value printed in the body.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from resurvey.read.draft_places import part_of
from resurvey.read.normal import plain
from resurvey.read.objects import Document, Draft, Finding, Table
from resurvey.read.share_kinds import ShareKind
from resurvey.read.slips import same_rounded

NUMBER = re.compile(r"(?<![\w.])\d+(?:\.\d+)?(?![\w]|\.\d)")
SUMMARY = re.compile(r"\babstract\b|\bsummary\b", re.IGNORECASE)
# Sections that describe plans, or other work as well as the paper's own.
NO_RESULTS = re.compile(
    r"\b(?:discussion|conclusions?|comment|introduction|background|methods?|materials|design|statistic\w*|protocol)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Said:
    """One number of a draft, and the quantity it measures."""

    quantity: tuple[str, ...]
    value: str
    shown: str
    draft: Draft

    @property
    def block(self) -> str:
        """The paragraph or table that contains the number."""
        return part_of(self.draft)

    @property
    def locator(self) -> str:
        """Location of the number for the reader."""
        return self.draft.cells["locator"]


def contradictions(document: Document, drafts: Sequence[Draft]) -> list[Finding]:
    """Quantities that two parts of a paper print differently, each reported once, with both locations."""
    printed = _printed(document)
    parts = _parts(document)
    by_quantity: dict[tuple[str, ...], list[Said]] = defaultdict(list)
    for draft in drafts:
        if draft.cells["study_id"] and (said := _said(draft)) is not None:
            by_quantity[said.quantity].append(said)
    found = []
    for group in by_quantity.values():
        for one, others in (("abstract", ("text", "table")), ("text", ("table",))):
            first = [said for said in group if parts[said.block] == one]
            second = [said for said in group if parts[said.block] in others]
            found += _pair(first, second, printed, parts, (one, " or ".join(others)))
    return found


def _parts(document: Document) -> dict[str, str]:
    """Part of the paper for each block: abstract, text (with legends), table, or empty for sections without results."""
    parts = {}
    for block in document.blocks:
        path = " ".join(block.section)
        whole = "abstract" if SUMMARY.search(path) or SUMMARY.match(block.locator) else "text"
        parts[block.id] = "table" if isinstance(block, Table) else "" if NO_RESULTS.search(path) else whole
    return parts


def _pair(
    first: Sequence[Said],
    second: Sequence[Said],
    printed: dict[str, set[str]],
    parts: dict[str, str],
    names: tuple[str, str],
) -> list[Finding]:
    """Report the one value on each side that the other side does not print, if there is exactly one on both."""
    left, right = _unmatched(first, second), _unmatched(second, first)
    if len({said.value for said in left}) != 1 or len({said.value for said in right}) != 1:
        return []
    one, other = left[0], right[0]
    if _other_analysis(one.draft, other.draft):
        return []
    sides = {parts[said.block] for said in second}, {parts[said.block] for said in first}
    for said, side in zip((one, other), sides, strict=True):
        if any(parts[block] in side for block in printed.get(_bare(said.value), ())):
            return []
    words = (
        f"the {names[0]} prints {one.shown}, the {names[1]} {other.shown}, and neither number appears on the other side"
    )
    return [
        Finding(
            "said-again",
            "conflict",
            "major",
            (one.draft.claim_id, other.draft.claim_id),
            (one.locator, other.locator),
            f"{one.shown} and {other.shown}",
            "",
            words,
        )
    ]


def _unmatched(side: Sequence[Said], other: Sequence[Said]) -> list[Said]:
    """Numbers of one side that neither equal nor round to a number of the other."""
    values = {said.value for said in other}
    return [said for said in side if said.value not in values and not any(same_rounded(said.value, v) for v in values)]


def _bare(value: str) -> str:
    return value.lstrip("<>≤≥~=")


def _printed(document: Document) -> dict[str, set[str]]:
    """Every number of the document as printed, and the blocks that contain it."""
    places: dict[str, set[str]] = defaultdict(set)
    for block in document.blocks:
        texts: Iterable[str]
        if isinstance(block, Table):
            texts = [block.caption, block.notes, *(cell.text for row in block.grid for cell in row if cell is not None)]
        else:
            texts = [block.text]
        for text in texts:
            for match in NUMBER.finditer(plain(text)):
                places[match.group()].add(block.id)
    return places


def _other_analysis(one: Draft, other: Draft) -> bool:
    """Whether other numbers differ too, which suggests another population, cut or model, not a single misprint."""
    beside = [
        (one.cells.get(name, ""), other.cells.get(name, ""))
        for name in ("lower", "upper", "range_lower", "range_upper", "p", "n")
    ]
    both = [(a, b) for a, b in beside if a and b]
    return bool(both) and not any(a == b or same_rounded(a, b) for a, b in both)


def _said(draft: Draft) -> Said | None:
    """The quantity of a draft's number; None if it is not specified well enough for comparison."""
    cells = draft.cells
    endpoint, who = cells.get("endpoint", ""), (cells["study_id"], cells["arm_id"], cells["population"])
    if draft.table == "medians" and endpoint and cells["unit"]:
        return _of(
            draft, ("median", endpoint, cells["unit"], *who), f"median {endpoint} {cells['value']} {cells['unit']}"
        )
    if draft.table == "survival_rates" and endpoint and cells["time"]:
        time = f"{cells['time']} {cells['time_unit']}"
        return _of(draft, ("rate", endpoint, time, cells["unit"], *who), f"{endpoint} at {time} {cells['value']} %")
    if draft.table == "hazard_ratios" and endpoint:
        pair = (cells["comparator_arm_id"], cells["model"])
        return _of(
            draft,
            ("ratio", cells["measure"], endpoint, *pair, *who),
            f"{cells['measure']} of {endpoint} {cells['value']}",
        )
    if draft.table == "follow_up" and cells["item"] == "follow-up" and cells["statistic"] == "median":
        return _of(draft, ("follow-up", cells["unit"], *who), f"median follow-up {cells['value']} {cells['unit']}")
    if draft.table == "proportions" and endpoint and cells["kind"] == ShareKind.RESPONSE and cells["percent"]:
        return _of(draft, ("share", endpoint, *who), f"{endpoint} {cells['percent']} %", cells["percent"])
    return None


def _of(draft: Draft, quantity: tuple[str, ...], shown: str, value: str = "") -> Said | None:
    value = value or draft.cells["value"]
    return Said(quantity, value, shown, draft) if NUMBER.fullmatch(_bare(value)) else None
