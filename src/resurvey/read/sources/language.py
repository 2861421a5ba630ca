"""Tell whether a text is in another language than English, by its most frequent words and its letters."""

from __future__ import annotations

import re
from collections.abc import Iterable

# Words that are frequent in English and mean nothing, or are rare, in other languages of Latin script.
ENGLISH = frozenset({"the", "of", "and", "with", "were", "by", "that", "from", "this"})
WORD = re.compile(r"[^\W\d_]{2,}")
# The same of other languages in which trials are published: German, French, Spanish, Portuguese, Italian, Dutch, the
# Scandinavian languages, Polish and Turkish.
OTHERS = frozenset(
    WORD.findall(
        "der die das und mit den dem von bei wurde wurden nicht les des du dans avec une pour chez los las del el una "
        "para pacientes dos da com em uma della delle di il nel nella gli het een van met bij och som av att og ikke "
        "til się nie oraz jest przez ve bir ile için olan"
    )
)
FIRST_OF_OTHER_SCRIPTS = "\u0400"  # after Latin and Greek
FEWEST_WORDS = 20
FEWEST_LETTERS = 20
LEAST_OF_ENGLISH = 0.04
LEAST_OF_OTHERS = 0.05


def in_another_language(texts: Iterable[str]) -> bool:
    """Whether running text is clearly not English; a text of few different words is given the benefit of the doubt.

    In English about one word in six is one of the frequent words here, in other languages fewer than one in a hundred.
    """
    words = [word.lower() for text in texts for word in WORD.findall(text)]
    foreign = sum(letter >= FIRST_OF_OTHER_SCRIPTS for word in words for letter in word)
    if foreign >= FEWEST_LETTERS and 2 * foreign > sum(map(len, words)):
        return True
    if len(set(words)) < FEWEST_WORDS:
        return False
    english, others = (sum(word in frequent for word in words) / len(words) for frequent in (ENGLISH, OTHERS))
    return english < LEAST_OF_ENGLISH and others >= LEAST_OF_OTHERS
