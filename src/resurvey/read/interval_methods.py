"""How a paper says that its intervals were made, and the rows this applies to.

A sentence of the text speaks of the whole paper, the caption and notes of a table of the rows of that table.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from enum import StrEnum

from resurvey.read import sentences
from resurvey.read.normal import plain
from resurvey.read.objects import Claim, Document
from resurvey.read.paper_parts import beside_other_work
from resurvey.read.share_kinds import ShareKind
from resurvey.read.table_notes import unmarked
from resurvey.read.word_lists import RESPONSES, TIME_TO_EVENT

OF_INTERVALS = re.compile(r"\b(?i:confidence (?:intervals?|limits?)|standard errors?|variances?)\b|\bC\.?I\.?s?\b")
BROOKMEYER = re.compile(r"\bBrookmeyer")
GREENWOOD = re.compile(r"\bGreenwood")
SCALES = (
    ("log-log", re.compile(r"\b(?:complementary[ -])?log[ -]?[\[(]?[-−]?(?:minus[ -])?\s?[\[(]?log\b", re.IGNORECASE)),
    ("log", re.compile(r"\blog(?:arithmic)?[ -]transform|\blog scale\b", re.IGNORECASE)),
    ("plain", re.compile(r"\buntransformed\b|\blinear (?:scale|transform)|\bwithout transformation", re.IGNORECASE)),
)
OF_MEDIANS = re.compile(r"\bmedians?\b", re.IGNORECASE)
OF_RATES = re.compile(r"\b(?:rates?|probabilit(?:y|ies)|proportions?|estimates? at|year survival)\b", re.IGNORECASE)
#: Intervals of ratios and proportions have methods of their own.
OTHER = re.compile(r"\b(?:hazard ratios?|odds ratios?|Cox|Clopper|binomial|Wilson|exact)\b", re.IGNORECASE)
#: Methods for the interval of a proportion; `exact` alone may be a test.
OF_COUNTS = (
    (
        "Clopper-Pearson",
        re.compile(
            r"\bClopper|\bexact binomial|\bbinomial exact|\bexact method\b(?=.{0,80}\bbinomial)|"
            r"\bexact (?:(?:two|2)-sided )?(?:9\d(?:\.\d)? ?% ?)?(?:confidence|CIs?\b)",
            re.IGNORECASE,
        ),
    ),
    ("Wilson with continuity correction", re.compile(r"\bWilson\b.{0,40}\bcontinuity", re.IGNORECASE)),
    ("Wilson", re.compile(r"\bWilson(?:['’]s)?\b(?!.{0,40}\bcontinuity)|\bscore (?:method|interval|confidence)")),
    ("Agresti-Coull", re.compile(r"\bAgresti")),
    ("Jeffreys", re.compile(r"\bJeffreys\b")),
    ("mid-P", re.compile(r"\bmid[- ]?[Pp]\b")),
    ("Wald", re.compile(r"\bWald\b(?! (?:test|chi|χ|stat))|\bnormal approximation\b", re.IGNORECASE)),
)
#: Names that are of intervals of proportions and of nothing else.
ALONE = re.compile(r"\b(?:Clopper|Agresti-Coull|Wilson score)")
OF_RESPONSES = re.compile(
    r"\brespon[sd]|\b(?:ORR|DCR|CBR|CR|pCR)\b|\bremission|\bdisease control|\bclinical benefit", re.IGNORECASE
)
OF_ANY_SHARE = re.compile(
    r"\b(?:proportions?|percentages?|binary|dichotomous|categorical|incidences?)\b", re.IGNORECASE
)
OF_RATIOS = re.compile(
    r"\b(?:hazard|odds|risk|rate) ratios?\b|\brelative risks?\b|\bdifferences?\b|\bregression\b", re.IGNORECASE
)


class Scope(StrEnum):
    """What a stated method makes the intervals of."""

    MEDIAN = "medians of times to event"
    RATE = "survival rates"
    RESPONSE = "shares of responders"
    SHARE = "shares"


Methods = Mapping[Scope, str]


def stated(document: Document) -> Methods:
    """The method of each kind of interval that the text speaks of.

    Parameters
    ----------
    document : Document
        As returned by `document(path)`.

    Returns
    -------
    mapping of Scope to str
        A value of `ci_method`, empty where more than one is said; without a key where nothing is said.
    """
    return _agreed(paragraph.text for paragraph in document.paragraphs if not beside_other_work(paragraph))


def _agreed(texts: Iterable[str]) -> Methods:
    """The methods that some texts state; empty for a kind of which they state several."""
    found: dict[Scope, set[str]] = defaultdict(set)
    for text in texts:
        one = plain(text)
        for start, end in sentences.split(one):
            for scope, method in _of_sentence(one[start:end]):
                found[scope].add(method)
    return {scope: methods.pop() if len(methods) == 1 else "" for scope, methods in found.items()}


def _of_sentence(text: str) -> Iterator[tuple[Scope, str]]:
    yield from _of_survival(text)
    yield from _of_shares(text)


def _of_survival(text: str) -> Iterator[tuple[Scope, str]]:
    """Methods for medians and survival rates."""
    scale = next((name for name, pattern in SCALES if pattern.search(text)), "")
    brookmeyer, greenwood = BROOKMEYER.search(text) is not None, GREENWOOD.search(text) is not None
    if not (brookmeyer or greenwood or (scale and OF_INTERVALS.search(text) and not OTHER.search(text))):
        return
    medians, rates = OF_MEDIANS.search(text) is not None, OF_RATES.search(text) is not None
    if brookmeyer or (medians and (scale or greenwood)) or (scale and not rates):
        yield Scope.MEDIAN, scale or ("Brookmeyer-Crowley" if brookmeyer else "Greenwood")
    if greenwood or (rates and scale) or (scale and not medians and not brookmeyer):
        yield Scope.RATE, scale or "Greenwood"


def _of_shares(text: str) -> Iterator[tuple[Scope, str]]:
    """Methods for proportions: of responders where the sentence names only these."""
    if not OF_INTERVALS.search(text) and not ALONE.search(text):
        return
    responses, shares = OF_RESPONSES.search(text) is not None, OF_ANY_SHARE.search(text) is not None
    named = {name for name, pattern in OF_COUNTS if pattern.search(text)}
    if named == {"Wald"} and (OF_RATIOS.search(text) or not (responses or shares)):
        return
    for name in sorted(named):
        yield (Scope.RESPONSE if responses and not shares else Scope.SHARE), name


def with_methods(claims: Iterable[Claim], document: Document) -> list[Claim]:
    """Claims in which every interval of the paper's own has the method that its table, or else the paper, states."""
    paper = stated(document)
    of_tables = {table.id: _agreed((table.caption, unmarked(table.notes))) for table in document.tables}
    return [_with(claim, of_tables.get(_block(claim), {}), paper) for claim in claims]


def _block(claim: Claim) -> str:
    return claim.spans[0].block.partition(".")[0]


def _with(claim: Claim, table: Methods, paper: Methods) -> Claim:
    cells = claim.cells
    if not cells.get("lower") or cells.get("cited") == "yes" or claim.beside_other_work:
        return claim
    method = next((said[scope] for said in (table, paper) for scope in _scopes(claim) if scope in said), "")
    return replace(claim, cells=cells | {"ci_method": method}) if method else claim


def _scopes(claim: Claim) -> tuple[Scope, ...]:
    """The statements that apply to a claim, the most special first."""
    endpoint = claim.cells.get("endpoint", "")
    if claim.kind == "proportion":
        responders = claim.cells.get("kind") == ShareKind.RESPONSE or endpoint in RESPONSES
        return (Scope.RESPONSE, Scope.SHARE) if responders else (Scope.SHARE,)
    if endpoint not in TIME_TO_EVENT:
        return ()
    return {"median": (Scope.MEDIAN,), "rate": (Scope.RATE,)}.get(claim.kind, ())
