"""Code points that never occur in the text of a paper, or that make one text look like another."""

from __future__ import annotations

import re
import unicodedata

#: Control characters (C0 except tab and line ends, DEL and C1), line and paragraph separators, directional embeddings,
#: overrides and isolates, annotations, the replacement character, a byte-order mark within text, unpaired surrogates
#: and noncharacters. Directional marks and joiners are allowed: Arabic, Hebrew, Persian and emoji need them.
_ODD = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u206f\ufff9-\ufffd\ufeff\ud800-\udfff"
    "\ufdd0-\ufdef\ufffe\uffff"
    + "".join(f"{chr(plane + 0xFFFE)}{chr(plane + 0xFFFF)}" for plane in range(0x10000, 0x110000, 0x10000))
    + "]"
)
_NAMES = (
    ("\ud800", "\udfff", "half of a pair of codes"),
    ("\u202a", "\u202e", "changes the direction of writing"),
    ("\u2066", "\u206f", "changes the direction of writing"),
    ("\ufffd", "\ufffd", "stands where a letter was lost when the file was saved"),
    ("\u2028", "\u2029", "breaks the line"),
)


def odd(text: str) -> str:
    """Describe the first unexpected code point of a text; empty where there is none.

    Parameters
    ----------
    text : str

    Returns
    -------
    str
        The code point, its description, and its position in the text.
    """
    found = _ODD.search(text)
    if not found:
        return ""
    letter = found[0]
    return f"character {found.start() + 1} is U+{ord(letter):04X}, which {_words(letter)}"


def _words(letter: str) -> str:
    for first, last, words in _NAMES:
        if first <= letter <= last:
            return f"is {words}" if words.startswith("half") else words
    return "is a control character" if unicodedata.category(letter) == "Cc" else "is not a character"
