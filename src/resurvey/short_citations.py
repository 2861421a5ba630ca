"""Short names of documents, from their citations."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

# Initials after an author's surname: `JS`, `J.-P.`.
INITIALS = re.compile(r"(?:[A-Z][.-]*){1,4}\.?")
LEADING_INITIALS = re.compile(r"(?:[A-Z]\.-?)+")


def short_citation(source: Mapping[str, Any], fallback: str) -> str:
    """Short citation, such as `Cao 2023`, from a citation and a year."""
    author = surname(str(source.get("citation", "")))
    year = whole(source.get("year", ""))
    return f"{author} {year}".strip() if author else fallback


def surname(citation: str) -> str:
    """Surname of the first author: all before the initials (`von Minckwitz G, ...`) or to the first capitalised word.

    Authors may be separated by commas or semicolons, and initials may come first (`J. Lim`).
    """
    first = re.split(r"[,;]|\bet al\b|\s&\s", citation)[0].split()
    while len(first) > 1 and LEADING_INITIALS.fullmatch(first[0]):
        first = first[1:]
    for place, word in enumerate(first[:5]):
        if place and INITIALS.fullmatch(word):
            return " ".join(first[:place]).rstrip(".:")
    # `van der Berg` is one surname.
    particles = next((place for place, word in enumerate(first[:4]) if not word.islower()), 0)
    return " ".join(first[: particles + 1]).rstrip(".:")


def whole(value: object) -> str:
    """A whole number without `.0`; other text unchanged; empty for a missing value."""
    text = "" if value is None or value != value else str(value)
    return text.removesuffix(".0")
