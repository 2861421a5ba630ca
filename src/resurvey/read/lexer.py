"""Tokens of a sentence: numbers with sign, percent and unit; levels, p values, ratio words, words that mask numbers."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cached_property

from resurvey.read.normal import WORDS, fold, plain
from resurvey.read.word_lists import MASKING, RATIOS, TRIALISTS, time_unit

NUMBER = (
    r"\d{1,3},\d{1,2}(?=\s?%)|"
    r"\d{1,4}\.\d{1,4}\.\d{1,4}|"
    r"(?:\d{1,3}(?:,\d{3}(?!\d))+|\d{1,3}(?: \d{3})?(?: 000)(?![\d.%])|"
    r"\d{1,3}(?: \d{3})(?![\d.%])(?= (?:\(\d{1,3}(?:\.\d)?%\) of |"
    r"(?:\w{1,14} )?(?:patients|women|men|persons|cases|participants|subjects|people|"
    r"individuals|adults|children|deaths|controls)))|\d{1,12})"
    r"(?:\.\d{1,8})?|\.\d{1,8}"
)
UNIT = (
    r"mm ?Hg|[cm]m\^?[23]\b|months?|mos?\b|years?|yrs?\b|weeks?|wks?\b|days?|hours?|mg|"
    r"g/d[lL]|kg|g\b|ml|mL|µg|μg|Gy|cGy|mm|cm|ng|U/L|IU|fractions?|"
    r"cycles?|courses?|points?|mmol|nmol|pmol|pg|mGy|kJ|m2|m\^2|fold|times\b|"
    r"h\b|hrs?\b|hours?|minutes?|mins?\b|seconds?|litres?|liters?|L\b"
)
INTERVAL_WORDS = (
    r"(?:(?:nominal|two-sided|2-sided|one-sided|1-sided|exact|bootstrap(?:ped)?|simultaneous|repeated|adjusted) )?"
    r"(?:[Cc]onfid\w{1,8} ?(?:[Ii]nterval|[Ll]imit|[Ll]evel)s?|[Cc]redib\w{1,6} [Ii]ntervals?|C\.?I\.?s?(?![A-Za-z])|"
    r"CrIs?\b|CLs?\b|"
    r"(?:conf|confidence) ?int(?:erval)?\.?)"
)
_RATIO = "|".join(f"(?P<ratio{name}>{pattern})" for name, pattern in RATIOS)
MASTER = re.compile(
    rf"(?P<cite>\[\d{{1,3}}\[\d{{1,3}}\]\]|(?:(?<=[a-z,;.)])\d{{1,3}}-)?\[\s?\^?\d{{1,3}}(?:\s?[,;-]\s?\[?\d{{1,3}}\]?){{0,30}}\s?\]"
    rf"(?:-\[?\d{{1,3}}\]?|,\s?\d{{1,2}}(?=[ .;,])){{0,9}})"
    rf"|(?P<super>\^[-+]?[\w*†‡§¶#]{{1,6}})"
    rf"|(?P<level>(?P<levelvalue>\d{{2}}(?:\.\d{{1,3}})?)"
    rf"(?:\s?%|\s?per ?cent\b)?\s?[-,(\[]{{0,2}}\s?(?P<levelwords>{INTERVAL_WORDS}|Cl\b)"
    rf"(?:\s?[\[(]\s?C\.?I\.?\s?[\])])?)"
    rf"|(?P<turned>\b{INTERVAL_WORDS}\s?[(=:,]?\s?(?P<turnedvalue>9\d(?:\.\d)?)(?:\s?%|\s?per ?cent\b)\)?)"
    rf"|(?P<ci>\b{INTERVAL_WORDS})"
    rf"|(?P<p>(?<![\w.&])[pP](?P<pwhat>[ -]?(?:for )?(?:trend(?: by [a-z]{{2,12}})?|"
    rf"inter(?:action)?(?: by [a-z]{{2,12}})?|"
    rf"values?|het(?:erogeneity)?|log-?rank|one-sided|two-sided|adj(?:usted)?)){{0,2}}"
    rf"(?:\s?\([^()]{{0,30}}\))?\s{{0,6}}(?:was |of |is |were )?(?P<psign><=|"
    rf">=|[=<>≤≥]|(?<=was |were)|(?<=of )|(?<=is ))\s?(?P<pvalue>\d(?:\.\d{{1,4}})?\s?[x×]\s?10\s?\^?-\d{{1,3}}|"
    rf"\d(?:\.\d{{1,3}})?[eE]-\d{{1,3}}|0?\.000 \d{{1,3}}(?![\d.])|0?\.\d{{1,12}}|"
    rf"0,\d{{2,4}}|0|1(?:\.0{{1,4}})?(?![\d.]*\d)))"
    rf"|(?P<registry>\b[A-Z]{{2,6}}\d{{4,14}}(?:-[a-z]{{3,20}})?\b)"
    rf"|(?<![A-Za-z])(?:{_RATIO})(?![A-Za-z])"
    rf"|(?P<hyphentime>(?:(?P<tnum>\d{{1,3}}(?:\.\d)?)|(?P<tword>(?i:one|"
    rf"two|three|four|five|six|seven|eight|nine|ten|twelve)))[- ]?-(?P<tunit>years?|"
    rf"months?|weeks?|days?|yrs?|mo)\b)"
    rf"|(?P<name>(?!(?:of|was|were|to|and|is|with|HR|OR|RR|CI)\d{{1,3}}\.\d)[A-Za-z][A-Za-z]{{0,20}}(?:-[A-Za-z]{{1,20}}){{0,2}}[-/+*]?\d[\w+/]{{0,20}}(?:-\w{{1,20}}){{0,3}}|"
    rf"\d{{1,3}}-[A-Za-z]\w{{1,20}}(?:-\w{{1,20}}){{0,2}}|"
    rf"\d{{1,3}}(?!(?:{UNIT})\b)(?:[A-Zb-df-z]|e(?![-+]?\d))[A-Za-z]{{0,12}}\d{{0,4}}\b)"
    rf"|(?P<num>(?P<op>(?:<=|>=|[<>≤≥~])\s?|(?:(?<=\s)|(?<=[(\[])|"
    rf"^)[-+](?=\.?\d))?(?P<digits>{NUMBER})(?P<pct>\s?%|\s?per ?cent\b|"
    rf"\s?percent(?:age)?(?: |-)points?\b|\s?percent\b(?! predicted))?(?:[ -]?(?P<unit>{UNIT})(?![\w]))?)"
    rf"|(?P<word>vs\.|[A-Za-zÀ-žα-ωµ](?:[A-Za-zÀ-ž'α-ω]|\.(?=[A-Za-z])){{0,40}}(?:-[A-Za-zÀ-ž]{{1,40}}){{0,4}})"
    rf"|(?P<sep>[()\[\]{{}},;:=/|+±-]|\.{{1,3}})",
)
DECIMAL_COMMA = re.compile(r"\d{1,3},\d{1,2}")


@dataclass
class Token:
    """One token; `used` once a claim includes it."""

    kind: str
    text: str
    start: int
    end: int
    value: str = ""
    op: str = ""
    unit: str = ""
    extra: str = ""
    used: bool = False
    masked: bool = False

    @property
    def number(self) -> float:
        """The token's value; NaN for other tokens and for misprints with two decimal points."""
        if DECIMAL_COMMA.fullmatch(self.value):
            return float(self.value.replace(",", "."))
        if self.value.count(".") > 1:
            return float("nan")
        return float(self.value.replace(",", "").replace(" ", "")) if self.value else float("nan")

    @property
    def percent(self) -> bool:
        """Whether the token has a percent sign."""
        return self.unit == "%"

    @property
    def whole(self) -> bool:
        """Whether the token is a plain whole number."""
        return self.kind == "num" and "." not in self.value and not self.op and not self.unit

    @property
    def printed(self) -> str:
        """The number for a table cell: sign and digits, without thousands separators, with a decimal point."""
        if DECIMAL_COMMA.fullmatch(self.value):
            return f"{self.op}{self.value.replace(',', '.')}"
        return f"{self.op}{self.value.replace(',', '').replace(' ', '')}"


@dataclass
class Line:
    """A sentence or a cell as tokens, with its text."""

    text: str
    tokens: list[Token] = field(default_factory=list)
    offset: int = 0

    def free(self) -> list[int]:
        """Indices of numbers that are not yet part of a claim."""
        return [i for i, token in enumerate(self.tokens) if token.kind == "num" and not token.used and not token.masked]

    @cached_property
    def folded(self) -> str:
        """The text normalised for comparison."""
        return fold(self.text)

    def lower(self) -> str:
        """The text in lower case."""
        return self.text.lower()


def lex(text: str, offset: int = 0) -> Line:
    """Tokens of a text: of a sentence, whose length `sentences.split` bounds."""
    one = plain(text)
    line = Line(one, [_token(match) for match in MASTER.finditer(one)], offset)
    _number_words(line)
    _share_units(line)
    _mask(line)
    return line


def _token(match: re.Match[str]) -> Token:
    kind = str(match.lastgroup)
    found, start, end = match.group(), match.start(), match.end()
    if match["num"] is not None:
        unit = "%" if match["pct"] else unit_of(match["unit"] or "")
        return Token(
            "num",
            found,
            match.start("op") if match["op"] else match.start("digits"),
            match.end("digits"),
            match["digits"],
            SPELT.get((match["op"] or "").strip(), (match["op"] or "").strip()),
            unit,
        )
    if match["level"] is not None:
        return Token("level", found, start, end, match["levelvalue"])
    if match["turned"] is not None:
        return Token("level", found, start, end, match["turnedvalue"])
    if match["p"] is not None:
        sign = SPELT.get(match["psign"], match["psign"])
        return Token(
            "p",
            found,
            match.start("pvalue"),
            match.end("pvalue"),
            _power(match["pvalue"]).replace(",", ".").replace(" ", ""),
            sign,
            "",
            match["pwhat"] or "",
        )
    if match["hyphentime"] is not None:
        return Token(
            "time", found, start, end, match["tnum"] or WORDS[match["tword"].lower()], "", time_unit(match["tunit"])
        )
    for name, _ in RATIOS:
        if match[f"ratio{name}"] is not None:
            return Token("ratio", found, start, end, extra=name)
    return Token(kind, found, start, end)


#: Signs of two characters as one; a number printed after `=` has no sign.
SPELT = {"=": "", "<=": "≤", ">=": "≥"}


def unit_of(text: str) -> str:
    """A printed unit in standard form: times in full, others as printed."""
    word = text.strip()
    clock = {"h": "hours", "hr": "hours", "hrs": "hours", "hour": "hours", "min": "minutes", "mins": "minutes"}
    return time_unit(word) or clock.get(word, "mmHg" if word.replace(" ", "") == "mmHg" else word)


def _power(text: str) -> str:
    """Read `3 x 10^-5` as `3e-5`."""
    return re.sub(r"\s?[x×]\s?10\s?\^?", "e", text)


def _number_words(line: Line) -> None:
    """Read a number word as a number if a noun of patients or events, or `of`, follows closely; include its unit."""
    _tens(line)
    _hundreds(line)
    for i, token in enumerate(line.tokens):
        word = token.text.lower()
        if token.kind == "word" and (
            word in WORDS or ("-" in word and word.split("-")[0] in WORDS and word.split("-")[1] in WORDS)
        ):
            following = line.tokens[i + 1 : i + 4]
            unit = _spelt_unit(following)
            if word in ("one", "zero") and not unit and not _counted(following):
                continue
            value = WORDS.get(word) or str(int(WORDS[word.split("-")[0]]) + int(WORDS[word.split("-")[1]]))
            line.tokens[i] = Token("num", token.text, token.start, token.end, value, "", unit, "word")


def _spelt_unit(following: list[Token]) -> str:
    """The unit directly after a number word: `eight cycles`, `three years`."""
    word = following[0].text.lower() if following else ""
    if word in ("percent", "%") or (word == "per" and len(following) > 1 and following[1].text.lower() == "cent"):
        return "%"
    return time_unit(word) if len(word) > 2 and time_unit(word) else word if word in ("cycles", "courses") else ""


def _tens(line: Line) -> None:
    """Read `ninety three` as one number, like `ninety-three`."""
    tokens = line.tokens
    for i in range(len(tokens) - 1, 0, -1):
        first, second = tokens[i - 1].text.lower(), tokens[i].text.lower()
        if first in TENS and second in WORDS and 0 < int(WORDS[second]) < 10:
            text = f"{tokens[i - 1].text}-{tokens[i].text}"
            tokens[i - 1 : i + 1] = [Token("word", text, tokens[i - 1].start, tokens[i].end)]


TENS = frozenset(word for word, value in WORDS.items() if int(value) >= 20)


def _hundreds(line: Line) -> None:
    """Read `two hundred and seven` as one number."""
    tokens = line.tokens
    i = 1
    while i < len(tokens):
        if tokens[i - 1].kind == "word" and tokens[i - 1].text.lower().endswith("-hundred"):
            head = tokens[i - 1]
            cut = head.end - len("-hundred")
            tokens[i - 1 : i] = [
                Token("word", head.text[: -len("-hundred")], head.start, cut),
                Token("word", "hundred", cut + 1, head.end),
            ]
        before = tokens[i - 1]
        if tokens[i].text.lower() not in ("hundred", "thousand") or before.text.lower() not in ("a", *WORDS):
            i += 1
            continue
        size = 1000 if tokens[i].text.lower() == "thousand" else 100
        value, last = size * int(WORDS.get(before.text.lower(), "1")), i
        tail = i + 2 if i + 2 < len(tokens) and tokens[i + 1].text.lower() == "and" else i + 1
        parts = tokens[tail].text.lower().split("-") if tail < len(tokens) else []
        own = tail + 1 < len(tokens) and tokens[tail + 1].text.lower() == "hundred"
        if parts and not own and all(part in WORDS for part in parts):
            value, last = value + sum(int(WORDS[part]) for part in parts), tail
        first = i - 1
        thousands = tokens[first - 1] if first else before
        if size == 100 and thousands.extra == "word" and thousands.number >= 1000 and thousands.number % 1000 == 0:
            first, value = first - 1, value + int(thousands.number)
        start = tokens[first].start
        text = line.text[start : tokens[last].end]
        tokens[first : last + 1] = [Token("num", text, start, tokens[last].end, str(value), "", "", "word")]
        i = first + 1


def _counted(following: list[Token]) -> bool:
    return any(
        token.text.lower() in ("patient", "patients", "death", "case", "woman", "man", "of", "event", "(")
        for token in following
    )


def _share_units(line: Line) -> None:
    """`9 and 3%`, `20.1 and 8.3 months`, `8.4 v 6.1 months`: the unit of the last number applies to the whole list."""
    tokens = line.tokens
    for i in range(len(tokens) - 1, -1, -1):
        if tokens[i].kind != "num" or not tokens[i].unit:
            continue
        j, gap = i - 1, 0
        while j >= 0 and gap <= 3:
            token = tokens[j]
            if token.kind == "num":
                if (not gap and j < i - 1) or (j and tokens[j - 1].text in ("/", "=")):
                    break
                if j == i - 2 and tokens[i - 1].text == "," and token.whole and "." not in tokens[i].value:
                    # `a score of 90 to 100, 18% had`: a comma alone ends a phrase.
                    break
                if token.unit or (token.extra == "word" and tokens[i].unit != "%"):
                    break
                if gap and tokens[i].unit not in ("cycles", "points", "times", "fold"):
                    if tokens[i].unit == "%" and token.number > 100:
                        break
                    token.unit = tokens[i].unit
                gap, j = 0, j - 1
                continue
            if token.text.lower() not in LINKS:
                break
            gap, j = gap + 1, j - 1


LINKS = {
    "and",
    "or",
    ",",
    "to",
    "-",
    "versus",
    "vs",
    "vs.",
    "v",
    "v.",
    "/",
    ";",
    "±",
    "compared",
    "with",
    "than",
    "against",
    "for",
}
LIST = {"and", "or", ",", "to", "-", "/", "through", "&", "≥", "+"}


# Things numbered beyond 40: studies, and the groups that run them.
NUMBERED = TRIALISTS | {"study", "trial", "protocol", "version", "week", "day"}
# A performance status from 0 to 100; other scales and stages end below 40.
KARNOFSKY = re.compile(r"\bkarnofsky\b|\bKPS\b", re.IGNORECASE)
# Words after which numbers are never counts, even before a percentage in brackets.
GRADED = frozenset(["grade", "grades", "stage", "stages", "ps", "cycles", "days", "weeks", "months"])


def _mask(line: Line) -> None:
    """Mask numbers used as names: `grade 3-4`, `days 1, 8 and 15`, `Table 2`, including lists of them."""
    tokens = line.tokens
    most = 100 if KARNOFSKY.search(line.text) else 40
    for i, token in enumerate(tokens[:-1]):
        if token.kind not in ("word", "name") or token.text.lower().rstrip(".") not in MASKING:
            continue
        if token.text.lower() in ("v", "v.") and (not i or tokens[i - 1].kind not in ("word", "name")):
            continue
        j = i + 1
        of_score = token.text.lower() in ("ps", "status", "score", "grade")
        if of_score and j + 1 < len(tokens) and tokens[j].text.lower() == "of":
            j += 1
        if j + 1 < len(tokens) and tokens[j].text == ")" and i and tokens[i - 1].text == "(":
            # `performance status (PS) 2`
            j += 1
        while j < len(tokens) and (tokens[j].kind == "num" or tokens[j].text.lower() in LIST):
            after = tokens[j]
            if after.kind == "num":
                shared = j + 3 < len(tokens) and tokens[j + 1].text == "(" and tokens[j + 2].percent
                if shared and j > i + 1 and token.text.lower() not in GRADED:
                    break
                if (
                    any(char == "%" or char.isalpha() for char in after.text)
                    or "." in after.value
                    or (after.number > most and token.text.lower().rstrip(".") not in NUMBERED)
                ):
                    break
                after.masked = True
                if shared and tokens[j + 3].text == ")":
                    j += 3
            elif after.text in (",", "and") and token.text.lower() in (
                "group",
                "arm",
                "groups",
                "arms",
                "patients",
                "study",
                "score",
                "scores",
                "status",
            ):
                break
            j += 1
