"""Adverse events among the proportions of a sentence: whether one is meant, its name and its grade."""

from __future__ import annotations

import re
from functools import lru_cache

from resurvey.read.word_lists import GRADE, HARMS, grade_in

ADVERSE = re.compile(
    r"(?:treatment|drug)-related|\badverse|\btoxic|\bside[- ]effects?|\bgrades?\s?[≥>]?\s?[1-5]|\bS?AEs?\b",
    re.IGNORECASE,
)
# `neutropenia occurred in 11 patients`, `eight patients developed a rash`.
SUFFERED = re.compile(
    r"\b(?:occur\w*|develop\w*|experienc\w*|(?:was|were) (?:observed|reported|seen|noted)|incidences?|"
    r"(?:more|less) (?:frequent|common|severe|often)\w*|uncommon|common|infrequent|rare)\b",
    re.IGNORECASE,
)
ASSESSED = re.compile(r"\b(?:assess|evalu)able for\b[^,]*$|\bdata\b[^,]{0,30}\bavailable\b", re.IGNORECASE)
# Harms named in one sentence that make a list of adverse events of it.
SEVERAL = 3
REASON = re.compile(r"[,;.]|\b(?:until|or|because|due|unless|without|before|after)\b")
# A grade of what a tumour is, not of what a patient suffered.
OF_TUMOUR = re.compile(
    r"[^.;,]{0,20}\b(?:tumou?rs?|cancers?|carcinomas?|gliomas?|astrocytomas?|lymphomas?|sarcomas?|disease|histolog\w*|"
    r"differentiat\w*|nuclear|lesions?|dysplasia|neoplasia|CIN|PIN|varices|reflux|evidence|recommendation)\b",
    re.IGNORECASE,
)
TUMOUR_GRADE = re.compile(
    r"\b(?:histolog\w*|nuclear|tumou?r|gleason|pathologic\w*|edmondson|fuhrman|nottingham)\W+$", re.IGNORECASE
)


def graded(text: str) -> bool:
    """Whether a text names a grade of an event: `grade 3 or 4 weight changes`."""
    return any(
        match["any"] is None
        and not OF_TUMOUR.match(text, match.end())
        and not TUMOUR_GRADE.search(text[: match.start()])
        for match in GRADE.finditer(text)
    )


@lru_cache(maxsize=8)
def harms_named(text: str) -> int:
    """How many different adverse events a sentence names: asked once for each of its shares."""
    return len({match.group().lower() for match in HARMS.finditer(text)})


def grade_near(before: str, after: str) -> str:
    """The last grade named before a number, otherwise the first after it."""
    matches = list(GRADE.finditer(before))
    return grade_in(before[matches[-1].start() :]) if matches else grade_in(after)


def own_part(near: str) -> str:
    """The words after the last `;`, unless it stands in brackets that are still open: `events (AEs; 46%`."""
    head, _, tail = near.rpartition(";")
    opened = head.count("(") + head.count("[") > head.count(")") + head.count("]")
    return near if opened and not re.search(r"\d", head[head.rfind("(") :]) else tail


# What an adverse event is called; `adverse`, `toxic`, `increased` and their like name none.
HARM = re.compile(
    rf"(?:\b\w{{2,14}}(?:ile|al|ic|ory|ar|ive|ous|ed) )?\b(?:\w{{0,12}})(?:{HARMS.pattern})\w*", re.IGNORECASE
)
NO_NAME = re.compile(
    r"\b(?:adverse|toxic\w*|increased|decreased|elevat\w*|cardiac|s?AEs?|treatment\w*|serious|severe)\b", re.IGNORECASE
)


def harm_named(before: str, after: str) -> dict[str, str]:
    """The item of an adverse event: the one that its clause names, if it names exactly one."""
    named = {match.group().lower() for match in HARM.finditer(before) if not NO_NAME.search(match.group())}
    after = after.partition("(")[0]
    named = named or {match.group().lower() for match in HARM.finditer(after) if not NO_NAME.search(match.group())}
    return {"item": named.pop()} if len(named) == 1 else {}
