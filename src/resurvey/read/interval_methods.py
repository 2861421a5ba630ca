"""How a paper says that its intervals of medians and survival rates were made, and the rows this applies to."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace

from resurvey.read import sentences
from resurvey.read.normal import plain
from resurvey.read.objects import Claim, Document
from resurvey.read.sections import beside_other_work
from resurvey.read.word_lists import TIME_TO_EVENT

OF_INTERVALS = re.compile(r"\b(?i:confidence (?:intervals?|limits?)|standard errors?|variances?)\b|\bC\.?I\.?s?\b")
BROOKMEYER = re.compile(r"\bBrookmeyer")
GREENWOOD = re.compile(r"\bGreenwood")
SCALES = (
    ("log-log", re.compile(r"\b(?:complementary[ -])?log[ -]?\(?[-−]?\s?\(?log\b", re.IGNORECASE)),
    ("log", re.compile(r"\blog(?:arithmic)?[ -]transform|\blog scale\b", re.IGNORECASE)),
)
OF_MEDIANS = re.compile(r"\bmedians?\b", re.IGNORECASE)
OF_RATES = re.compile(r"\b(?:rates?|probabilit(?:y|ies)|proportions?|estimates? at|year survival)\b", re.IGNORECASE)
#: Intervals of ratios and proportions have methods of their own.
OTHER = re.compile(r"\b(?:hazard ratios?|odds ratios?|Cox|Clopper|binomial|Wilson|exact)\b", re.IGNORECASE)


def stated(document: Document) -> dict[str, str]:
    """The method of the intervals of medians (`median`) and of survival rates (`rate`), where exactly one is said.

    Parameters
    ----------
    document : Document
        As returned by `document(path)`.

    Returns
    -------
    dict of str to str
        A value of `ci_method` for each of the two; without a key where nothing, or more than one thing, is said.
    """
    found: dict[str, set[str]] = {"median": set(), "rate": set()}
    for paragraph in document.paragraphs:
        if beside_other_work(paragraph):
            continue
        text = plain(paragraph.text)
        for start, end in sentences.split(text):
            for kind, method in _of_sentence(text[start:end]).items():
                found[kind].add(method)
    return {kind: methods.pop() for kind, methods in found.items() if len(methods) == 1}


def _of_sentence(text: str) -> dict[str, str]:
    scale = next((name for name, pattern in SCALES if pattern.search(text)), "")
    brookmeyer, greenwood = BROOKMEYER.search(text) is not None, GREENWOOD.search(text) is not None
    if not (brookmeyer or greenwood or (scale and OF_INTERVALS.search(text) and not OTHER.search(text))):
        return {}
    medians, rates = OF_MEDIANS.search(text) is not None, OF_RATES.search(text) is not None
    made: dict[str, str] = {}
    if brookmeyer or (medians and (scale or greenwood)) or (scale and not rates):
        made["median"] = scale or ("Brookmeyer-Crowley" if brookmeyer else "Greenwood")
    if greenwood or (rates and scale) or (scale and not medians and not brookmeyer):
        made["rate"] = scale or "Greenwood"
    return made


def with_methods(claims: Iterable[Claim], document: Document) -> list[Claim]:
    """Claims in which every interval of a median or rate of the paper's own has the method the paper states."""
    methods = stated(document)
    return [_with(claim, methods.get(claim.kind, "")) for claim in claims]


def _with(claim: Claim, method: str) -> Claim:
    cells = claim.cells
    timed = cells.get("endpoint", "") in TIME_TO_EVENT and bool(cells.get("lower"))
    if not method or not timed or cells.get("cited") == "yes" or claim.beside_other_work:
        return claim
    return replace(claim, cells=cells | {"ci_method": method})
