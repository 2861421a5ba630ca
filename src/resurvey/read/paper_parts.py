"""Which part of a paper a paragraph belongs to, by the titles of its sections."""

from __future__ import annotations

import re

from resurvey.read.objects import Paragraph

OTHER_WORK = re.compile(r"\b(?:discussion|introduction|background|conclusions?|comment)\b", re.IGNORECASE)
METHODS = re.compile(
    r"\b(?:methods?|sample size|materials|design|statistic\w*|eligibility|procedures?|protocol)\b", re.IGNORECASE
)


def in_abstract(paragraph: Paragraph) -> bool:
    """Whether a paragraph is of the abstract, whatever the title of its part there."""
    return "Abstract" in paragraph.section


def beside_other_work(paragraph: Paragraph) -> bool:
    """Whether a paragraph is of the introduction or discussion, which speak of other work as well."""
    return OTHER_WORK.search(" ".join(paragraph.section)) is not None and not in_abstract(paragraph)


def in_methods(paragraph: Paragraph) -> bool:
    """Whether a paragraph is of the methods."""
    return METHODS.search(" ".join(paragraph.section)) is not None and not in_abstract(paragraph)
