"""Whether the words between two percentages only name the groups compared, so that both say the same thing."""

from __future__ import annotations

import re

from resurvey.read.outcomes import outcomes_in
from resurvey.read.word_lists import HARMS

_GROUP = r"(?:for|in|with|of|on|among|after|by|receiving|given|at) [^;:()]{1,70}?"
_NAME = r"(?!and\b|or\b)[\w+/-]+(?: (?:\+ )?(?!and\b|or\b|v\b|vs\b)[\w+/-]+){0,2}?"
_AGAINST = r"(?:(?:as )?compared (?:with|to)|as against|versus|vs\.?|v|than|against)"
# `42% for A compared with 53% for B`, `29% versus the A arm, 41%`, `30% in A and 36% in B`, `(70%) than in B (58%)`.
BETWEEN = re.compile(
    rf"[\s%)\]]*(?:per ?cent\b)?(?:(?:events?|patients|women|men|cases)[\s)\]]*)?"
    rf"(?:\s?(?:\([^()]*\)|\[[^\[\]]*\]))?(?:,?\s?{_GROUP}(?:\s?\([^()]{{0,30}}\))?|\s{_NAME})?,?\s?"
    rf"(?:{_AGAINST}(?: (?!and\b)[^;:()]{{1,70}}?)?|and(?: (?:{_GROUP}))?|and)[\s,:=(\[]*",
    re.IGNORECASE,
)
# A verb makes a statement of its own of the words: `30% in A and 12% of these had died`.
VERB = re.compile(
    r"\b(?:was|were|is|are|had|have|has|did|showed|experienced|developed|achieved|died|reported|required|received "
    r"(?!the |an?\b)|occurred|underwent|who)\b",
    re.IGNORECASE,
)


# `of the patients who received A and 2% of those who received B`: names of groups.
GIVEN = re.compile(
    r"\s(?:who )?(?:(?:had )?received|were (?:given|treated with|(?:randomly )?assigned to(?: receive)?))\s",
    re.IGNORECASE,
)


# `55% (27 of 49) was higher than in the A group, 32%`
HIGHER = re.compile(
    r"\s(?:was|were) (?:significantly |much |slightly )?(?:higher|lower|greater|less|better|worse) than\s"
)


def joins_groups(between: str) -> bool:
    """Whether words between two percentages compare groups and name nothing that is counted.

    Parameters
    ----------
    between : str
        The text from the end of one percentage to the next.
    """
    between = HIGHER.sub(" than ", GIVEN.sub(" receiving ", between))
    if BETWEEN.fullmatch(between) is None or VERB.search(between):
        return False
    return not outcomes_in(between) and HARMS.search(between) is None


# `(alfa, 26%; beta, 22%)`
NEXT_GROUP = re.compile(rf"[\s%)\]]*;\s{_NAME},?\s", re.IGNORECASE)


def next_in_list(between: str) -> bool:
    """Whether a `;` and a name alone join two percentages: the next group of a list."""
    return NEXT_GROUP.fullmatch(between) is not None and not outcomes_in(between) and HARMS.search(between) is None


def compares(between: str) -> bool:
    """Whether a comparison (`versus`, `than`) joins them, rather than `and` alone."""
    return joins_groups(between) and re.search(rf"\b{_AGAINST}(?!\w)", between, re.IGNORECASE) is not None
