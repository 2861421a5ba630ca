"""One cell of a table: its numbers and their shape, such as `n(p)` for `12 (30%)`, `n(n-n)` for `0.71 (0.55-0.92)`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from resurvey.read.normal import plain
from resurvey.read.word_lists import time_unit

PIECE = re.compile(
    r"(?P<mark>(?<=\d)\+(?=\s?(?:[-,;)\]]|to\b|$))|(?:\^\s?)+[\w*†‡§¶#,]{1,6}(?:-[a-z](?![A-Za-z]))?|[*†‡§¶#]{1,3})"
    r"|(?P<level>(?:\s?\d{2}(?:\.\d)?\s?%\s?)?(?:C\.?I\.?\b|confidence interval|CrI\b)(?:\s?9\d\s?%)?\s?[:=,]?)"
    r"|(?P<label>\b(?:[as]?HR|a?OR|[ai]?RR|[nN]|median|mean|range|IQR|SD|SE)\s?[=:]|"
    r"\b(?:range|IQR|SD|SE|interquartile range|[as]?HR|a?OR|[ai]?RR|mean|median)\b[,:]?)"
    r"|(?P<p>\b[pP](?:[- ]?value)?\s?(?=[=<>≤≥]))"
    r"|(?P<nr>\b(?:NR|NE|N/R|N\.R\.?|NYR|not (?:yet )?(?:been )?reached|"
    r"not estimable|not evaluable|inf(?:inity)?|n\.r\.)(?![A-Za-z])|"
    r"∞|(?:(?<=[-,~])|(?<=[-,~] )|(?<=to ))N\.?A\.?(?![A-Za-z]))"
    r"|(?P<per>(?<=\d)\s?(?:/\s?(?:\d{1,3}-)?|per (?:\d{1,3}[- ])?)(?:years?|yrs?|y|months?|class|stage|grade|"
    r"unit|step|point|category|"
    r"level|fold|SD|decade|increase|increment|log)(?![A-Za-z]))"
    r"|(?P<unit>(?<=[\d )])(?:months?|mos?\.?|years?|yrs?\.?|weeks?|wks?\.?|days?)(?![A-Za-z]))"
    r"|(?P<num>(?P<op><=|>=|[<>≤≥]|(?<![\d%])(?<![\d%] )~|(?:(?<=[(\[,;:])|"
    r"(?<=[(\[,;:A-Za-z] )|(?<=\dto)|(?<= to)|^)[-+](?=[\d.]))?"
    r"\s?(?P<digits>\d{1,4}\.\d{1,4}\.\d{1,4}|\d{1,3}(?:,\d{3}(?!\d))+(?:\.\d{1,8})?|"
    r"(?<![\d.] )(?<!\d)\d{1,3}(?: \d{3}(?!\d))+(?=\s?(?:\(|$))|\d{1,12}(?:\.\d{1,8})?|\.\d{1,8})"
    r"(?P<power>\s?[x×]\s?10\s?\^?-\d{1,3}|"
    r"[eE]-\d{1,3})?(?P<pct>\s?%)?)"
    r"|(?P<to>(?:\b|(?<=\d))to\b|-{1,2}|~|/|±|\+/-|\+/−)"
    r"|(?P<other>[^\s])",
    re.IGNORECASE,
)
# `aOR`, `IRR`, `sHR`: adjusted odds, incidence rate and subdistribution hazard ratios.
PREFIX = re.compile(r"^[asi](?=hr|or|rr)")
SIGN = {"[": "(", "]": ")", "{": "(", "}": ")", ":": ",", "=": ""}
MAX_CELL_TEXT = 400


@dataclass(frozen=True)
class Number:
    """A number of a cell: as printed (without thousands separators), whether a percentage, its position in the text."""

    text: str
    percent: bool
    start: int
    end: int

    @property
    def value(self) -> float:
        """Its value without comparison sign; NaN for NR."""
        digits = self.text.lstrip("<>≤≥~=")
        return float("nan") if self.text == "NR" or not digits or digits.count(".") > 1 else float(digits)

    @property
    def whole(self) -> bool:
        """Whether it is printed as a whole number."""
        return self.text.lstrip("<>≤≥~").isdigit()


@dataclass(frozen=True)
class CellValue:
    """Numbers of a cell in order, their shape, a unit of time if printed, and whether other words occur."""

    shape: str
    numbers: tuple[Number, ...]
    unit: str = ""
    words: bool = False
    labels: str = ""


@lru_cache(maxsize=4096)
def parse(text: str) -> CellValue:
    """The numbers of a cell and their shape.

    Letters of a shape: `n` a number, `p` a percentage, `R` not reached, `P` the mark of a p value, `C` that of a
    confidence interval; brackets, `-`, `/`, `,` and `±` represent themselves. Any other words set `words` to true.
    """
    one = _without_statistics(plain(text)[:MAX_CELL_TEXT])
    # `24 (46%`: an unclosed bracket.
    one += ")" if one.count("(") == one.count(")") + 1 else ""
    shape: list[str] = []
    numbers: list[Number] = []
    unit, words, labels = "", False, ""
    for match in PIECE.finditer(one):
        if match["num"] is not None:
            numbers.append(_number(match))
            shape.append("p" if match["pct"] else "n")
        elif match["nr"] is not None:
            numbers.append(Number("NR", False, match.start(), match.end()))
            shape.append("R")
        elif match["p"] is not None:
            shape.append("P")
        elif match["level"] is not None:
            shape.append("C")
        elif match["to"] is not None:
            found = match["to"].lower()
            shape.append("/" if found == "/" else "±" if found in ("±", "+/-") else "-")
        elif match["unit"] is not None:
            unit = unit or time_unit(match["unit"])
        elif match["per"] is not None:
            labels, words = labels + " per", True
        elif match["label"] is not None:
            labels += " " + PREFIX.sub("", match["label"].lower())
        elif match["other"] is not None:
            sign = match["other"]
            if sign in "()[]{},;:=":
                shape.append(SIGN.get(sign, sign))
            elif sign not in ".'\"|\\^%·•":
                words = words or sign.isalpha()
                if not sign.isalpha():
                    shape.append("?")
    return CellValue(_tidy("".join(shape)), tuple(numbers), unit, words, labels)


# A test statistic, its degrees of freedom or a size of effect: `DF = 414`, `F(1,38) = 5.2`, `CMH statistic = 0.25`.
STATISTIC = (
    r"(?:(?i:d\.?f\.?)|[tzFQUWHrd]|[χΧX]\s?\^?2?|(?i:chi)[- ]?(?:squared?|2)|ES|(?i:effect size)|Cohen['’]?s d|"
    r"η\s?\^?2?|"
    r"(?i:[\w-]{1,12}\s)?(?i:statistics?|test))\s?(?:\(\s?\d{1,5}(?:,\s?\d{1,6})?\s?\))?\s?[=:]?\s?-?\d{1,6}(?:\.\d{1,8})?"
)
P_VALUE = r"[pP](?:[- ]?value)?\s?[=<>≤≥]\s?(?:0|1)?\.\d{1,8}"
NEXT = r"\s?[;,:]\s{1,4}"
LISTED = re.compile(
    rf"(?P<first>-?\d[^;a-zA-Z]{{2,40}}\))(?P<rest>{NEXT}(?:{STATISTIC}|{P_VALUE})"
    rf"(?:{NEXT}(?:{STATISTIC}|{P_VALUE})){{0,5}})|"
    rf"(?P<tests>(?:{STATISTIC}{NEXT}){{1,4}}){P_VALUE}"
)
ONE_P = re.compile(P_VALUE)


def _without_statistics(text: str) -> str:
    """A cell of results without those that no table of ours holds, blanked so that the rest keeps its position.

    Of `-2.1 (-4.3, 0.2); DF = 414, t = 1.81; p = 0.07; ES = -0.20` the estimate with its limits and the p value stay,
    of `χ2 = 4.3; p = 0.04` the p value.
    """
    match = LISTED.fullmatch(text.strip()) if ";" in text or "," in text else None
    if match is None:
        return text
    begin = len(text) - len(text.lstrip())
    start = begin + (match.end("first") if match["first"] else 0)
    kept = [(one.start(), one.end()) for one in ONE_P.finditer(text, start)]
    if len(kept) > 1:
        return text
    inside = set().union(*(range(*pair) for pair in kept))
    return text[:start] + "".join(char if k in inside else " " for k, char in enumerate(text[start:], start))


def _number(match: re.Match[str]) -> Number:
    power = re.sub(r"\s?[x×]\s?10\s?\^?", "e", match["power"], flags=re.IGNORECASE) if match["power"] else ""
    text = (match["op"] or "").strip() + match["digits"].replace(",", "").replace(" ", "") + power
    return Number(
        text, match["pct"] is not None, match.start("op") if match["op"] else match.start("digits"), match.end("digits")
    )


def _tidy(shape: str) -> str:
    for old, new in (
        ("()", ""),
        (";", ","),
        (",,", ","),
        ("(,", "("),
        (",)", ")"),
        ("C,", "C"),
        (",P", "P"),
        ("P,", "P"),
        ("(P", "P("),
    ):
        shape = shape.replace(old, new)
    return shape.strip(",").replace("P(n)", "Pn").replace("C(n-n)", "Cn-n").replace("--", "-").replace("(nn)", "(n-n)")


def is_numeric(text: str) -> bool:
    """Whether a cell consists of numbers, rather than being a label that contains some."""
    value = parse(text)
    return bool(value.numbers) and not value.words and "?" not in value.shape
