"""Normalise dashes, blanks, decimal points and signs one character at a time, so that a text keeps its length."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

DASHES = "‐‑‒–—―−﹣-⁃˗➖"
BLANKS = "\u00a0\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000\t\n\r\x0b\x0c"
POINTS = "·∙⋅•‧・"
SIGNS = {"＜": "<", "＞": ">", "⩽": "≤", "⩾": "≥", "≦": "≤", "≧": "≥", "﹤": "<", "﹥": ">", "＝": "=", "％": "%"}
SIGNS |= {
    "（": "(",
    "）": ")",
    "，": ",",
    "；": ";",
    "：": ":",
    "∶": ":",
    "∼": "~",
    "〜": "~",
    "～": "~",
    "≈": "~",
    "′": "'",
}
SIGNS |= {"’": "'", "‘": "'", "“": '"', "”": '"', "／": "/", "∕": "/", "⁄": "/", "＋": "+", "．": "."}
_TABLE = str.maketrans(
    {**dict.fromkeys(DASHES, "-"), **dict.fromkeys(BLANKS, " "), **SIGNS}
    | {chr(0xFF10 + digit): str(digit) for digit in range(10)}
)
_POINT = re.compile(rf"(?<=\d)[{POINTS}](?=\d)|(?<![\w.])[{POINTS}](?=\d)")
#: A comma that can only be a decimal one (0,64), and one where the text writes its decimals so (8,4 months, 6,2-10,1).
_ZERO_COMMA = re.compile(r"(?<![\w.,^\[])0,\d{2,4}(?![\w,]|\.\d)")
_COMMA = re.compile(r"(?<![\w.,^\[])\d{1,3},\d{1,2}(?![\w,]|\.\d)")
_COMMA_OF_DECIMALS = re.compile(
    rf"{_COMMA.pattern}(?=\s?%|[ -](?:months?|years?|weeks?)\b|\s?(?:-|to)\s?\d{{1,3}},\d{{1,2}}(?!\d))"
)
#: `> or = 3`, `P < /= 0.05`: a sign spelt out, as bibliographic databases print it.
_OR_EQUAL = re.compile(r"(?P<sign>[<>])\s{0,2}(?:/|or)\s{0,2}=")
_DECIMAL_POINT = re.compile(r"\d\.\d")
_ZERO_WIDTH = "\u200b\u200c\u200d\u2060\ufeff\u00ad"
_SQUEEZE = re.compile(r"\s+")

WORDS = {
    word: str(value)
    for value, word in enumerate(
        [
            "zero",
            "one",
            "two",
            "three",
            "four",
            "five",
            "six",
            "seven",
            "eight",
            "nine",
            "ten",
            "eleven",
            "twelve",
            "thirteen",
            "fourteen",
            "fifteen",
            "sixteen",
            "seventeen",
            "eighteen",
            "nineteen",
            "twenty",
        ]
    )
} | {"thirty": "30", "forty": "40", "fifty": "50", "sixty": "60", "seventy": "70", "eighty": "80", "ninety": "90"}


@lru_cache(maxsize=4096)
def plain(text: str) -> str:
    """The text normalised, one character for each character; decimal commas become points."""
    one = _POINT.sub(".", text.translate(_TABLE))
    one = one.replace("+/-", "  ±")
    if "=" in one:
        one = _OR_EQUAL.sub(lambda match: f"{match['sign']}=".rjust(len(match.group())), one)
    return _with_points(one) if "," in one else one


def _with_points(text: str) -> str:
    """Decimal commas as points: where a zero stands before them, or where the text has no other decimals."""
    zeros = _ZERO_COMMA.search(text) is not None
    if _DECIMAL_POINT.search(text):
        return _ZERO_COMMA.sub(_pointed, text) if zeros else text
    return _COMMA.sub(_pointed, _ZERO_COMMA.sub(_pointed, text)) if zeros or _COMMA_OF_DECIMALS.search(text) else text


def _pointed(match: re.Match[str]) -> str:
    return match.group().replace(",", ".")


def squeeze(text: str) -> str:
    """Printed text with single blanks, without zero-width and control characters."""
    kept = "".join(char for char in text if char not in _ZERO_WIDTH and (char >= " " or char in "\t\n\r"))
    return _SQUEEZE.sub(" ", kept).strip()


def fold(text: str) -> str:
    """Lower-case letters and digits with single blanks: for comparing words, never numbers."""
    base = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    return " ".join(re.findall(r"[a-z0-9]+", base))


def slug(text: str, most: int = 48) -> str:
    """An id of lower case letters, digits and underscores."""
    return fold(text).replace(" ", "_")[:most].strip("_")
