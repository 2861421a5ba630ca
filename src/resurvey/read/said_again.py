"""The same quantity printed with another number elsewhere in the paper: abstract against text, text against table.

On drafts nobody has confirmed, endpoint and arm may be misread. So a pair is told only where the reading cannot easily
be wrong: one of the two numbers stands nowhere else in the paper, the other is all the body prints of that quantity.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from resurvey.read.audit_words import same_rounded
from resurvey.read.normal import plain
from resurvey.read.objects import Document, Draft, Finding, Table

NUMBER = re.compile(r"(?<![\w.])\d+(?:\.\d+)?(?![\w]|\.\d)")
SUMMARY = re.compile(r"\babstract\b|\bsummary\b", re.IGNORECASE)
# Where a paper speaks of what it planned, or of other work as well as of its own.
NO_RESULTS = re.compile(
    r"\b(?:discussion|conclusions?|comment|introduction|background|methods?|materials|design|statistic\w*|protocol)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Said:
    """One number of a draft, and what it is a number of."""

    quantity: tuple[str, ...]
    value: str
    shown: str
    draft: Draft

    @property
    def block(self) -> str:
        """The paragraph or the table it stands in."""
        return self.draft.claim.spans[0].block.partition(".")[0]

    @property
    def locator(self) -> str:
        """How a person finds it."""
        return self.draft.cells["locator"]


def contradictions(document: Document, drafts: Sequence[Draft]) -> list[Finding]:
    """Quantities that two parts of a paper print differently, each once, with both places."""
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
    """Part of the paper by block: abstract, text (legends too), table, or none of them, where no results stand."""
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
    """The one value of each side that the other side does not print, where there is just one on both."""
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
        f"the {names[0]} prints {one.shown}, the {names[1]} {other.shown}, and neither number stands on the other side"
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
    """Numbers of one side that no number of the other is, or is the rounding of."""
    values = {said.value for said in other}
    return [said for said in side if said.value not in values and not any(same_rounded(said.value, v) for v in values)]


def _bare(value: str) -> str:
    return value.lstrip("<>≤≥~=")


def _printed(document: Document) -> dict[str, set[str]]:
    """Every number of the document as printed, and the blocks it stands in."""
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
    """Whether the numbers beside the value differ too: another population, cut or model, and no slip of one number."""
    beside = [
        (one.cells.get(name, ""), other.cells.get(name, ""))
        for name in ("lower", "upper", "range_lower", "range_upper", "p", "n")
    ]
    both = [(a, b) for a, b in beside if a and b]
    return bool(both) and not any(a == b or same_rounded(a, b) for a, b in both)


def _said(draft: Draft) -> Said | None:
    """What a draft is a number of; None where it does not say enough to be compared."""
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
    if draft.table == "proportions" and endpoint and cells["kind"] == "response" and cells["percent"]:
        return _of(draft, ("share", endpoint, *who), f"{endpoint} {cells['percent']} %", cells["percent"])
    return None


def _of(draft: Draft, quantity: tuple[str, ...], shown: str, value: str = "") -> Said | None:
    value = value or draft.cells["value"]
    return Said(quantity, value, shown, draft) if NUMBER.fullmatch(_bare(value)) else None
