"""Tell whether a text is in English, by its most frequent words and its letters."""

from __future__ import annotations

import re
from collections.abc import Iterable

# Words that are frequent in English and mean nothing, or are rare, in other languages of Latin script.
ENGLISH = frozenset({"the", "of", "and", "with", "were", "by", "that", "from", "this"})
WORD = re.compile(r"[^\W\d_]{2,}")
LATIN_OR_GREEK = "\u0400"
FEWEST_WORDS = 20
FEWEST_LETTERS = 20
SHARE_OF_ENGLISH = 0.04


def in_another_language(texts: Iterable[str]) -> bool:
    """Whether running text is clearly not English; a text of few different words is given the benefit of the doubt.

    In English about one word in six is one of the frequent words here, in other languages fewer than one in a hundred.
    """
    words = [word.lower() for text in texts for word in WORD.findall(text)]
    letters = sum(map(len, words))
    foreign = sum(letter >= LATIN_OR_GREEK for word in words for letter in word)
    if foreign >= FEWEST_LETTERS and 2 * foreign > letters:
        return True
    if len(set(words)) < FEWEST_WORDS:
        return False
    return sum(word in ENGLISH for word in words) < SHARE_OF_ENGLISH * len(words)
