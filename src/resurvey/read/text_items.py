"""What a number of running text counts, in at most four words of its line."""

from __future__ import annotations

from resurvey.read.lexer import Line
from resurvey.read.text_shares import word_at
from resurvey.read.word_lists import PATIENTS

ITEM_STOP = {
    "of",
    "in",
    "with",
    "the",
    "a",
    "an",
    "and",
    "or",
    "for",
    "who",
    "were",
    "was",
    "had",
    "to",
    "from",
    "as",
    "at",
    "by",
    "on",
    "that",
    "than",
    "is",
    "are",
    "respectively",
    "vs",
    "versus",
}
# Words that join or locate numbers and say nothing about what is counted.
ITEM_STOP |= {"compared", "group", "groups", "arm", "arms", "table", "figure", "fig", "figs", "those", "these", "each"}
ITEM_STOP |= {"both", "all", "total", "them", "between", "among", "per", "cent", "percent", "out", "while", "whereas"}
ITEM_STOP |= {
    "v",
    "n",
    "after",
    "which",
    "whom",
    "there",
    "found",
    "observed",
    "seen",
    "reported",
    "noted",
    "respective",
}


def item_of(line: Line, index: int) -> str:
    """What is counted, in at most four words of the line: those after the number, otherwise those before it.

    Words before the number take precedence in `progression in 21 patients (44.7 %)`.
    """
    after: list[str] = []
    led = word_at(line, index - 1) in ("in", "by", "for") or _behind_its_noun(line, index)
    led = led and line.tokens[index].kind == "num"
    if led and (before := _words_in_front(line, index)):
        return before
    for token in line.tokens[index + 1 : index + 14]:
        word = token.text.lower().rstrip(".")
        if token.text in (".", ";", ",") or (token.kind in ("num", "p", "time") and after):
            break
        if token.kind in ("word", "name") and word not in ITEM_STOP | SPREAD_WORDS and word not in PATIENTS:
            after.append(word)
        elif after and word in ("and", "versus", "vs", "than", "who"):
            break
        if len(after) == 4:
            break
    if after:
        return " ".join(after)
    return _words_in_front(line, index)


def _behind_its_noun(line: Line, index: int) -> bool:
    """`neutropenia (6%)`: a number that opens brackets directly behind a word."""
    opened = word_at(line, index - 1) in ("(", "[", ":") and index > 1
    return opened and line.tokens[index - 2].kind in ("word", "name")


def _words_in_front(line: Line, index: int) -> str:
    words: list[str] = []
    for token in reversed(line.tokens[max(0, index - 9) : index]):
        word = token.text.lower().rstrip(".")
        if token.text in (";", ")", "]") or (token.text == "," and words):
            break
        if token.kind in ("word", "name") and word not in ITEM_STOP | SPREAD_WORDS and word not in PATIENTS:
            words.append(word)
    return " ".join(reversed(words[:4]))


SPREAD_WORDS = {"sd", "iqr", "range", "mean", "median", "ci"}
