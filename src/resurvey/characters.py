"""Code points that no text of a paper has, or that make a text look like another one."""

from __future__ import annotations

import re
import unicodedata

#: Controls (C0 but for tab and line ends, DEL and C1), breaks of line and paragraph, embeddings and overrides of the
#: direction of writing, annotations, the letter that stands for a lost one, a mark of byte order within text, halves of
#: pairs, and non-characters. Marks of direction and joiners are left: Arabic, Hebrew, Persian and emoji are written
#: with them.
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
    """What is odd in a text, with its place; empty where nothing is.

    Parameters
    ----------
    text : str

    Returns
    -------
    str
        The first odd code point, what it is, and which character of the text.
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
