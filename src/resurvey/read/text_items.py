"""What a number of running text counts, in at most four words of its line."""

from __future__ import annotations

import re
from itertools import dropwhile

from resurvey.read.lexer import Line
from resurvey.read.text_shares import word_at
from resurvey.read.word_lists import COMPARATIVES, PATIENTS

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
    "they",
    "respective",
}


def item_of(line: Line, index: int) -> str:
    """What is counted, in at most four words of the line: those after the number, otherwise those before it.

    Words before the number take precedence in `progression in 21 patients (44.7 %)`.
    """
    after: list[str] = []
    sized = word_at(line, index - 1) == "=" and word_at(line, index - 2) in ("n", "no")
    led = sized or word_at(line, index - 1) in ("in", "by", "for") or _behind_its_noun(line, index)
    led = (led and line.tokens[index].kind == "num") or line.tokens[index].kind == "p"
    front = _before_its_group(line, index) if led else index
    before = _words_in_front(line, front) if led else ""
    if before or front != index:
        return before
    if line.tokens[index].kind == "p" and line.tokens[index - 1].text in (";", ","):
        # `(81% v 73%; P = 0.01), while`: what follows the brackets is another matter.
        return ""
    if _of_one_group(line, index):
        return _words_in_front(line, index)
    # `a boost (2661 patients) or no boost`: what follows the brackets is another group.
    opened = index > 1 and word_at(line, index - 1) in ("(", "[") and not line.tokens[index].percent
    enclosed = (opened and not line.tokens[index - 2].percent) or _named_in_brackets(line, index)
    depth = 0
    group = GROUP_BEHIND.match(line.text, line.tokens[index].end)
    for token in line.tokens[index + 1 : index + 20]:
        if group is not None and token.start < group.end():
            # `18 women (0.9%) in the alfa arm had pain`: the name of the group is not what is counted.
            continue
        word = token.text.lower().rstrip(".")
        depth += (token.text in ("(", "[")) - (token.text in (")", "]"))
        if depth > 0:
            # `75 women (a rate of 9%) were randomised`: brackets explain the number.
            continue
        if (depth < 0 and enclosed) or (token.kind == "num" and token.percent):
            break
        if token.text in (".", ";", ",", ":") or (token.kind in ("num", "p", "time") and after) or sized:
            break
        if not after and word in ("versus", "vs", "v", "compared", "than"):
            break
        if token.kind in ("word", "name") and word not in ITEM_STOP | SPREAD_WORDS and word not in PATIENTS:
            after.append(word)
        elif after and word in ("and", "versus", "vs", "than", "who"):
            break
        if len(after) == 4:
            break
    return " ".join(after) or _words_in_front(line, index) or _sex_counted(line, index)


GROUP_BEHIND = re.compile(
    r"\s?(?:%|per ?cent|/\s?\d+)?\)?(?:\s(?:patients|women|men|participants|subjects|cases|children))?"
    r"(?:\s?\([^()]*\))?"
    r"\s(?:in|on|from|of) (?:the )?[^\s;,.()\d]{1,24}(?: (?!group|arm)[^\s;,.()\d]{1,24}){0,3} (?:group|arm)\b",
    re.IGNORECASE,
)


# `3% for A versus 6% for B`: the words behind the number name a group.
GROUP_NEXT = re.compile(
    r"\s?(?:%|per ?cent)?\)?\s(?:for|in|with|on|among) [^;,.()\d]{1,50}?"
    r"\s?(?:\([^()]*\) )?,?\s?(?:and|versus|vs\.?|v|(?:as )?compared (?:with|to)|than)\s[\d.]{1,6}\s?(?:%|per ?cent)",
    re.IGNORECASE,
)


def _of_one_group(line: Line, index: int) -> bool:
    return line.tokens[index].percent and GROUP_NEXT.match(line.text, line.tokens[index].end) is not None


def _sex_counted(line: Line, index: int) -> str:
    """`34 men and 6 women`: the sex is what is counted, where nothing else is."""
    counted = word_at(line, index + 1)
    return counted if counted in SEXES else ""


def _behind_its_noun(line: Line, index: int) -> bool:
    """`neutropenia (6%)`: a number that opens brackets directly behind a word."""
    if index < 2 or word_at(line, index - 1) not in ("(", "[", ":"):
        return False
    before = line.tokens[index - 2]
    return before.kind in ("word", "name") or (before.kind == "num" and before.unit not in ("", "%"))


def _named_in_brackets(line: Line, index: int) -> bool:
    """`(TamRT; 317 women)`: a count behind a name, in brackets that are still open."""
    return NAMED_IN.search(line.text[: line.tokens[index].start][-40:]) is not None


NAMED_IN = re.compile(r"[(\[](?=[^()\[\]]*[A-Za-z])[^()\[\]\d%]{1,36}[;:,] ?$")
# `three cases in the untreated group (1.5%)`: the name of the group is not what is counted.
IN_GROUP = re.compile(
    r"(?:\b(?:in|with|for|on|of|among|by|to|between)\s(?:the |an? |both )?"
    r"(?:(?!(?:in|with|for|on|of|among|by|to|than|between|was|were|is|are|had) )[\w/+-]+ ){0,6}?"
    r"(?:group|arm|groups|arms|cohort)"
    r"(?:,? (?:as )?(?:compared|versus|vs\.?|v|than|and)(?= (?:in|with|for|on|to)\b))?\s?)+"
    r"(?:[(\[]|(?:was|were|:))\s?$",
    re.IGNORECASE,
)


# `dry mouth was more common with alfa than with beta (50%`: groups that are not called so.
MORE_IN = re.compile(
    r"\b(?:was|were|is|are)(?: \w+ly)? (?:(?:more|less) \w+|higher|lower|greater|similar|comparable|better|worse)\s"
    r"(?:with|for|in|on|after|among)\s[^();,.]{1,60}[(\[]\s?$",
    re.IGNORECASE,
)


# How far before a number the name of its group may begin.
BACK = 200


def _before_its_group(line: Line, index: int) -> int:
    """The token before which what is counted is named: that of the preposition, where a group comes between."""
    end = line.tokens[index].start
    begin = max(0, end - BACK)
    match = MORE_IN.search(line.text, begin, end) or IN_GROUP.search(line.text, begin, end)
    if match is None:
        return index
    return next(k for k in range(index, -1, -1) if k == 0 or line.tokens[k - 1].start < match.start())


def _words_in_front(line: Line, index: int) -> str:
    words: list[str] = []
    for token in reversed(line.tokens[max(0, index - 9) : index]):
        word = token.text.lower().rstrip(".")
        if token.text in (";", ")", "]") or (token.text == "," and words):
            break
        if token.kind in ("word", "name") and word not in ITEM_STOP | SPREAD_WORDS and word not in PATIENTS:
            words.append(word)
    # `nausea was significantly more frequent`
    words = list(dropwhile(lambda word: word in COMPARED, words))
    return " ".join(reversed(words[:4]))


COMPARED = COMPARATIVES | {
    "better",
    "worse",
    "frequent",
    "common",
    "slightly",
    "markedly",
    "statistically",
    "different",
}


SEXES = {"men", "women", "males", "females", "boys", "girls"}
SPREAD_WORDS = {
    "age",
    "aged",
    "ages",
    "older",
    "younger",
    "daily",
    "weekly",
    "grade",
    "grades",
    "standard",
    "deviation",
    "error",
}
SPREAD_WORDS |= {"rate", "rates", "annualized", "annualised", "sd", "iqr", "range", "mean", "median", "ci"}
