"""Outcomes that a sentence names: the endpoints of the vocabulary, and those that it has no name for.

The endpoint of a number is the outcome named nearest to it. An outcome without a name in the vocabulary (`breast cancer
mortality`, `time to first fracture`) leaves the endpoint empty; it must not pass to an endpoint named further away.
"""

from __future__ import annotations

import re
from functools import lru_cache

from resurvey.read.word_lists import endpoints_in

UNNAMED = ""
_CAUSES = (
    r"(?:(?:(?:breast|prostate|lung|colorectal|gastric|ovarian|bladder|liver|skin|other)[- ]?)?(?:non-?)?cancers?|"
    r"cardiac|cardiovascular|disease|tumou?r|cause|leuk[a]?emia|lymphoma|melanoma|treatment|therapy|toxic(?:ity)?|drug|"
    r"transplant(?:ation)?|infection|procedure|relapse|progression|accidental)"
)
_EVENTS = r"(?:recurrences?|reoccurrences?|relapses?|failures?|progressions?|metastas[ie]s)\b(?![- ]free)"
OTHER = re.compile(
    rf"\b{_CAUSES}(?:[- ](?:related|specific|associated))? (?:mortality|deaths?)\b|"
    r"\b(?:mortality|deaths?) (?:(?:was|were) )?(?:from|due to|caused by|attribut(?:ed|able) to|related to|because of) "
    r"(?:the )?(?!any\b|all\b|whatever)[a-z-]+(?: cancers?| disease)?|"
    r"\b(?:fracture|amputation|symptom|pain|local(?: |-)control|colectomy|laryngectomy|dialysis|transplant|stroke|"
    r"infection|seizure|steroid|treatment|colostomy|larynx|bladder|biochemical|PSA|neurologic(?:al)?|intracranial)"
    r"(?:[- ](?:recurrence|relapse|failure|progression|event))?[- ]free survival|"
    r"\b(?:relapse|recurrence|disease|metastasis|cancer)[- ]free interval\b|\b(?:D?RFI|DFI|MFI|BCFI)\b|"
    r"\bincidence\b(?: of (?:the )?(?:[a-z-]+ ){0,2}[a-z-]{4,})?|"
    r"\btimes? to (?!(?:disease |tumou?r )?progression|treatment failure|death\b|the event)(?:the )?"
    r"(?:first |onset of |receipt of |next )?[a-z-]+"
    r"(?: (?:recurrence|fracture|event|treatment|deterioration|failure))?|"
    rf"\b(?:local|loco-?regional|regional|ipsilateral|contralateral|chest[- ]wall|in-breast|intracranial|biochemical|"
    rf"distant|brain|CNS|pelvic|nodal|breast)(?: (?:breast|brain|tumou?r|cancer|node|nodal))? {_EVENTS}|"
    r"\b(?:second primary|contralateral breast) cancers?\b",
    re.IGNORECASE,
)


# `30 deaths v 46 deaths`: a count of events, which names no outcome of what follows.
COUNTED = re.compile(r"\d (?:\w{3,12} )?$")
DEATHS = re.compile(r"deaths?\b", re.IGNORECASE)


@lru_cache(maxsize=512)
def outcomes_in(text: str) -> tuple[tuple[int, int, str], ...]:
    """Start, end and name of each outcome in a text, in order; the name of one outside the vocabulary is empty."""
    named = endpoints_in(text)
    others = [
        (match.start(), match.end(), UNNAMED)
        for match in OTHER.finditer(text)
        if not any(begin <= match.start() and match.end() <= end for begin, end, _ in named)
    ]
    kept = [
        one
        for one in named
        if not any(begin < one[1] and one[0] < end for begin, end, _ in others)
        and not (COUNTED.search(text, max(0, one[0] - 12), one[0]) and DEATHS.match(text, one[0]))
    ]
    return tuple(sorted([*kept, *others]))


def outcomes_before(text: str, place: int) -> tuple[tuple[int, int, str], ...]:
    """Outcomes of a text that end before a place, in order: one search of the text for all its places."""
    return tuple(one for one in outcomes_in(text) if one[1] <= place)
