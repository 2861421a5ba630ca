"""What the notes of a table say of single cells and rows, by the marks that they explain."""

from __future__ import annotations

import re
from collections import defaultdict

from resurvey.read.normal import plain
from resurvey.read.slips import percent_fits

SYMBOLS = r"[*†‡§¶#]{1,3}"
# A mark behind a number or a label: `39 (40.6)^f`, `Fever^a,b`, `22 (21.4)^a-c`, `Age†`.
MARKED = re.compile(
    rf"\^\s?(?P<letters>[a-z](?:\s?[-,]\s?\^?\s?[a-z](?![a-z]))*)(?![a-z])|(?:\^\s?)?(?P<symbol>{SYMBOLS})"
)
# A mark before the text of its note: `^f n = 96 for MRSA`, `c) In 221 women`.
NOTE = re.compile(
    rf"\^\s?(?P<letter>[a-z])\)?|(?:^|(?<=[.;]\s))(?P<bracketed>[a-z])\)(?=\s)|(?:\^\s?)?(?P<symbol>{SYMBOLS})"
)
# A whole number that may be of patients: neither a percentage nor a part of a decimal.
SIZE = re.compile(r"(?<![\d.,])(?:\d{1,3}(?:,\d{3})+|\d{1,6})(?![\d,]*\d|\.\d|\s?%)")


def marks(text: str) -> frozenset[str]:
    """Footnote marks of a label or cell: letters, of which `a-c` is three, and symbols."""
    found: set[str] = set()
    for match in MARKED.finditer(plain(text)):
        if match["symbol"]:
            found.add(match["symbol"])
            continue
        first, *others = re.findall(r"[a-z]", match["letters"])
        through = len(others) == 1 and "-" in match["letters"]
        found |= {chr(k) for k in range(ord(first), ord(others[0]) + 1)} if through else {first, *others}
    return frozenset(found)


def explained(notes: str) -> dict[str, str]:
    """The text behind each mark of the notes, up to the next mark."""
    text = plain(notes)
    found = list(NOTE.finditer(text))
    said: dict[str, str] = defaultdict(str)
    for k, match in enumerate(found):
        end = found[k + 1].start() if k + 1 < len(found) else len(text)
        said[match["letter"] or match["bracketed"] or match["symbol"]] += " " + text[match.end() : end]
    return dict(said)


def unmarked(notes: str) -> str:
    """Notes without their marks, each in a sentence of its own."""
    return NOTE.sub(". ", plain(notes))


def size_giving(text: str, n: str, percent: str) -> str:
    """The only number of a note over which a count gives its percentage; empty if none or several do."""
    sizes = {match[0].replace(",", "") for match in SIZE.finditer(text)}
    fitting = [size for size in sizes if percent_fits(n, percent, float(size))]
    return fitting[0] if len(fitting) == 1 else ""
