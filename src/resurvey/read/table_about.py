"""What a table as a whole reports, from its caption and notes."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from resurvey.read.objects import Table
from resurvey.read.table_hints import hints
from resurvey.read.word_lists import TIME_TO_EVENT, endpoints_in

MEASURES = ("hr", "or", "rr")


@dataclass(frozen=True)
class About:
    """What a table as a whole reports."""

    tags: frozenset[str]
    ratios: str
    harms: bool
    baseline: bool
    response: bool
    endpoint: str


EFFECT = re.compile(r"\beffect(?: size)?s?\b|\bestimates?\b", re.IGNORECASE)


@lru_cache(maxsize=256)
def effects_said(caption: str, notes: str) -> tuple[str, bool]:
    """The ratio that effect sizes are said to be, and whether they are differences.

    `Effect sizes: continuous variables as mean difference, categorised variables as odds ratios` says both.
    """
    said = [part for part in re.split(r"(?<=[.;])\s", f"{caption}. {notes}") if EFFECT.search(part)]
    tags = frozenset().union(*(hints(part) for part in said))
    ratio = next((name for name in MEASURES if name in tags), "")
    return ratio, any(re.search(r"\bdifferences?\b", part, re.IGNORECASE) for part in said)


@lru_cache(maxsize=256)
def about_table(label: str, caption: str, notes: str) -> About:
    """Tags of a caption and of those notes that describe the data."""
    says = " ".join(
        part
        for part in re.split(r"(?<=[.;])(?<!\b[Nn]\.)(?<!\b[Nn]o\.)\s", notes)
        if re.match(
            r"(?:(?:\^\s?)?[\w*†‡§¶] ?)?(?:all |the )?(?:data|values?|numbers?|results?|figures)\s(?:are|"
            r"is|given|represent|shown|expressed|in )|.{0,40}unless (?:\w+ )?otherwise|"
            r"(?:the )?(?:median|mean|numbers?|medians|means)\b.{0,90}\b(?:is|are) (?:shown|given|presented|reported)",
            part,
            re.IGNORECASE,
        )
    )[:300]
    tags = hints(caption) | hints(says)
    ratios = next((name for name in MEASURES if name in tags), "")
    lower = caption.lower()
    if not ratios and re.search(r"\bcox\b|proportional hazards?|hazards? model", lower):
        ratios = "hr"
    if not ratios and "logistic" in lower:
        ratios = "or"
    names = [name for *_, name in endpoints_in(caption)]
    timed = [name for name in names if name in TIME_TO_EVENT]
    harms = bool(re.search(r"adverse|toxic|side[- ]effect|safety|complication|\bmorbidit|\bae\b|\baes\b", lower))
    baseline = bool(re.search(r"baseline|characteristic|demograph|clinicopatholog|features", lower))
    return About(
        tags,
        ratios,
        harms,
        baseline,
        bool(re.search(r"respon[sd]", lower)),
        timed[0] if len(set(timed)) == 1 else "",
    )


def of_table(table: Table) -> About:
    """What a table reports."""
    return about_table(table.label, table.caption, table.notes)
