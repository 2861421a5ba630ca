"""What headings, labels, captions and notes say about the numbers below or beside them."""

from __future__ import annotations

import re
from functools import lru_cache

from resurvey.read.normal import WORDS, plain
from resurvey.read.word_lists import time_unit

# One pattern with named groups; a text may match several.
PATTERNS: tuple[tuple[str, str], ...] = (
    (
        "n_pct",
        r"\b(?:n|no\.?|number|count|events?|patients|pts)\b[^a-z%\d]{0,4}(?:of "
        r"(?:patients|pts|events|cases|subjects|women))?[^a-z%]{0,3}\(\s?(?:%|"
        r"per ?cent|percentage)\s?\)|\bn\s?,?\s?\[?%\]?|\bno\.?\s?[(/,]\s?%|"
        r", %\)|number \(per ?cent|\bn \(percent",
    ),
    ("paren_pct", r"\w[^a-z%]{0,4}[(\[]\s?%\s?[)\]]\s?$"),
    ("pct_n", r"%\s?\(\s?(?:n|no\.?|number)[^a-z]|percent(?:age)?\s?\(\s?n"),
    (
        "p",
        r"(?<![a-z])p(?:[- ]?values?\b|\s?[*†‡§^]|\s?$|[- ]?trend|"
        r"\s?\()|\bp[- ]?interaction|\bsignificance\b|^p\b|\bp for\b|\bFDR\b|\bq[- ]?values?\b",
    ),
    ("hr", r"\bhazards? ratio|(?<![A-Za-z])(?-i:[asm]?HRs?|[ascCm]HR|Hr)(?![A-Za-z])|\brelative hazard|\bH\.R\."),
    ("or", r"\bodds ratio|(?<![A-Za-z])(?-i:a?ORs?)(?![A-Za-z])"),
    ("rr", r"\brelative risk|\brisk ratio|\brate ratio|(?<![A-Za-z])(?-i:a?RR)(?=\s?(?:\(95|$|,|\[95|or\b))"),
    ("ci", r"\bconfidence|\bc\.?i\.?\b|\bcredib"),
    ("lower", r"\blower\b|\blow\b"),
    ("upper", r"\bupper\b|\bhigh\b(?!.*level)"),
    ("median", r"(?<![<>≤≥])(?<![<>≤≥] )\bmedians?\b(?! split)|\bmed\.?\b(?! onc)|\b(?-i:MST|mOS|mPFS)\b"),
    ("mean", r"\bmeans?\b|(?<!daily )(?<!weekly )(?<!monthly )\baverage\b(?! of \d|\s?[<>≤≥]| risk)"),
    ("sd", r"\bs\.?d\.?\b|\bstandard deviation"),
    ("se", r"\bs\.?e\.?m?\.?\b|\bstandard error"),
    ("range", r"\brange\b|\bmin(?:imum)?\s?[-,/]\s?max"),
    ("iqr", r"\biqr\b|\binterquartile|\bquartile|\bq1\b"),
    ("pct", r"(?<![\d.])(?<![\d.]\s)%|\bper ?cent\b|\bpercentage\b"),
    (
        "n",
        r"\b(?:n|number|nos|nb)\b|\bno\.|^#$|\bcount\b|\bcases\b|"
        r"\bpatients\b|\bpts\b|\bevents?\b|\bdeaths\b|\bsubjects\b|\bfrequency\b",
    ),
    (
        "rate",
        r"\b(?:survival|recurrence|control|relapse|incidence|progression[- "
        r"]free|dfs|pfs|os|failure)\b[^,;]{0,30}\brates?\b|\brates?\b|"
        r"\bprobability|\bestimate|\bsurvival\b.{0,30}%",
    ),
    (
        "notsurvival",
        r"\bcoefficient|\bspearman|\bpearson|\bcorrelation|\bkappa|"
        r"\bβ\b|\bbeta(?=\s*(?:$|,|\(\s?(?:9\d|se|sd|ci)|coefficient))|\bcost|\bqaly|\bauc\b|\bstatistic|\bchi|\bscore\b|\bsensitivity|\bspecificity",
    ),
)
HINT = [(name, re.compile(pattern, re.IGNORECASE)) for name, pattern in PATTERNS]
SIZE = re.compile(
    r"(?<![A-Za-z])(?:[nN]|[Nn]o\.?(?: of patients)?)\s?[=:]\s?(?P<a>\d{1,3}(?:[, "
    r"]\d{3})+(?!\d)|\d{1,6})(?!\d|\.\d|\s?%)|[(\[]\s?(?P<b>\d{1,3}(?:,\d{3})|"
    r"\d{1,6})\s?(?:patients|pts|women|men|subjects|cases|participants|events)\s?[)\]]|"
    r"(?<![A-Za-z])n\.\s?(?P<d>\d{2,5})(?![\d.])|[(\[]\s?[nN]\s(?P<e>\d{2,6})\s?[)\]]|"
    r"^(?P<c>\d{2,5}) (?:patients|women|men|subjects)$"
)
TIME = re.compile(
    r"(?<![\w.<>≤≥])(?<![<>≤≥]\s)(?P<n>\d{1,3}(?:\.\d)?|"
    + "|".join(WORDS)
    + r")[- ]{0,3}(?P<unit>years?|yrs?|months?|mos?|weeks?|wks?|days?)\b\.?",
    re.IGNORECASE,
)
# A unit is set off (`(months)`, `, years`, `in days`), ends the text, or precedes times; `Day 1` is not a unit.
TIME_HEAD = re.compile(
    r"(?:[(\[,]\s?|\bin | - )(?P<unit>years?|months?|weeks?|days?|yrs?|mos?|wks?)\b(?!\s?\d)|"
    r"(?<!\d)(?<!\d[ -])\b(?P<last>years|months|weeks|days|yrs?|mo)\.?\s?$|^(?P<first>years|months|weeks|days)\b",
    re.IGNORECASE,
)


@lru_cache(maxsize=4096)
@lru_cache(maxsize=4096)
def hints(text: str) -> frozenset[str]:
    """Tags of what a text says about numbers: `n_pct`, `p`, `hr`, `ci`, `median`, `range`, `pct`, `n` ..."""
    one = plain(text).strip()[:400]
    return frozenset(name for name, pattern in HINT if pattern.search(one))


def size_in(text: str) -> str:
    """The size printed in a heading or label (`n = 45`, `(45 patients)`); empty if none or several."""
    found = sizes_in(text)
    return found[0] if len(found) == 1 else ""


@lru_cache(maxsize=4096)
def sizes_in(text: str) -> tuple[str, ...]:
    """All different sizes printed in a text."""
    found = [match["a"] or match["b"] or match["c"] or match["d"] or match["e"] for match in SIZE.finditer(plain(text))]
    sizes = [size.replace(",", "").replace(" ", "") for size in found]
    return tuple(dict.fromkeys(size for size in sizes if size.strip("0")))


def time_in(text: str) -> tuple[str, str]:
    """The time named in a heading or label (`5-yr OS`, `at 24 months`): number and unit; blank if none or several."""
    found = {(WORDS.get(m["n"].lower(), m["n"]), time_unit(m["unit"])) for m in TIME.finditer(plain(text))}
    return found.pop() if len(found) == 1 else ("", "")


@lru_cache(maxsize=4096)
def unit_in(text: str) -> str:
    """The unit of time named in a heading or label (`Median OS, months`); empty if none."""
    match = TIME_HEAD.search(plain(text)) or re.search(
        r"\((?P<unit>yrs?|mos?|wks?|[my]|d)\.?\)", plain(text), re.IGNORECASE
    )
    unit = next((found for found in match.groups() if found), "") if match else ""
    return {"m": "months", "y": "years", "d": "days"}.get(unit.lower(), time_unit(unit))


SIZE_LABEL = re.compile(
    r"(?:total )?(?:n|no\.|number|patients|total|all|all patients|"
    r"total patients|evaluable|subjects|cases)(?: of)?(?: evaluable| enrolled| included| eligible| analy[sz]ed|"
    r" assessable| treated| randomi[sz]ed)?(?: patients| pts\.?|"
    r" subjects| cases| women)?(?: \(n\)|, n)?",
    re.IGNORECASE,
)


@lru_cache(maxsize=4096)
def is_size_label(text: str) -> bool:
    """Whether a label names the size of the groups and nothing else: `No. of patients`, `Patients treated (n)`."""
    one = text.strip(" ,:")
    return SIZE_LABEL.fullmatch(one) is not None or SIZE_LABEL.fullmatch(one.strip(" ,:()")) is not None
