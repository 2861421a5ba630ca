"""Split a paragraph into sentences at the full stops that end them, in one pass."""

from __future__ import annotations

import re

END = re.compile(r"[.!?](?:[\"')\]]|\s?\[[\d,;\s-]{1,40}\]|\^[\w,-]{1,12}){0,3}\s+(?=[\"'(\[]?[A-Z0-9•≥])")
SHORT = re.compile(
    r"(?:\b(?:vs|al|fig|figs|e\.g|i\.e|no|nos|approx|(?-i:[Dd]r|St)|resp|"
    r"cf|ca|eq|ref|refs|tab|mo|yr|inc|ltd|suppl|min|max|s\.d|"
    r"s\.e|i\.v|p\.o|b\.i\.d|dept|univ|prof|conf|[A-Z]))\.$",
    re.IGNORECASE,
)
# `in arm B. At 1 year`: the letter is a name and ends the sentence.
LETTERED = re.compile(r"\b(?:[Aa]rms?|[Gg]roups?|[Cc]ohorts?|[Ss]tage|[Vv]itamin|and|versus|vs\.?) [A-E]\.$")
# The longest sentences of papers have 1,500 characters. It bounds what is asked of the whole sentence at each number.
MAX_SENTENCE = 3000


def split(text: str) -> list[tuple[int, int]]:
    """Start and end of each sentence. Text over `MAX_SENTENCE` characters is not a real sentence: cut at a blank."""
    bounds, start = [], 0
    for match in END.finditer(text):
        stop = match.start() + 1
        if LETTERED.search(text, max(start, stop - 12), stop):
            bounds.append((start, match.end()))
            start = match.end()
            continue
        if SHORT.search(text, max(start, stop - 12), stop) and not text[
            match.end() : match.end() + 4
        ].lower().startswith(("the ", "in ")):
            continue
        bounds.append((start, match.end()))
        start = match.end()
    if start < len(text):
        bounds.append((start, len(text)))
    return [piece for bound in bounds for piece in _pieces(text, *bound)]


def _pieces(text: str, start: int, end: int) -> list[tuple[int, int]]:
    made = []
    while end - start > MAX_SENTENCE:
        cut = text.rfind(" ", start + 1, start + MAX_SENTENCE)
        cut = start + MAX_SENTENCE if cut <= start else cut
        made.append((start, cut))
        start = cut
    return [*made, (start, end)]
