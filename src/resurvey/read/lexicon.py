"""The paper's own terms: arms with their sizes, abbreviations, one-sided tests."""

from __future__ import annotations

import itertools
import re
from collections import Counter
from dataclasses import dataclass, field
from functools import cached_property, lru_cache

from resurvey.read.arm_words import FILLER, NOT_ARMS, STOP
from resurvey.read.normal import fold, plain, slug
from resurvey.read.objects import Cell, Claim, Document, Span, Table
from resurvey.read.paper_parts import beside_other_work
from resurvey.read.table_hints import SIZE, is_size_label, size_in
from resurvey.read.word_lists import endpoints_in

ARM_WORD = r"(?:arms?|groups?|cohorts?)"
# `the vandetanib arm`, `placebo group`, `arm A`, `Group 1`: at most four words before the noun.
NAMED = re.compile(
    rf"(?:\b(?:in|[Tt]he|of|to|and|versus|vs\.?|for|with|than)\s)(?P<name>[A-Za-z0-9α-ω][\w+/.α-ω-]{{0,30}}(?:\s(?:plus|"
    rf"\+|and|with|alone|[A-Za-z0-9][\w+/-]{{0,24}})){{0,3}}?)[\s-](?P<noun>{ARM_WORD})\b"
)
LETTERED = re.compile(r"\b(?P<noun>[Aa]rms?|[Gg]roups?|[Cc]ohorts?)\s(?P<name>[A-E]\b|[1-5]\b|I{1,3}\b)(?!/\d)")
SIZED = re.compile(
    r"(?P<name>[A-Za-z][\w+/-]{1,30}(?:\s(?:plus|\+|and|alone|"
    r"[A-Za-z][\w+/-]{0,24})){0,3})\s?[(\[]\s?[nN]\s?=\s?(?P<n>\d{1,3}(?:,\d{3})?|"
    r"\d{1,5})\b"
)
# `Of 92 men in the alfa group and 55 men in the beta group`.
COUNTED_IN = re.compile(
    r"\b(?P<n>\d{1,3}(?:,\d{3})+|\d{1,5})\s(?:patients|men|women|subjects|participants|children)\sin\s(?:the\s)?"
    r"(?P<name>[A-Za-z][\w+/-]{0,30}(?:\s[\w+/-]{1,24}){0,3})\s(?:group|arm)\b"
)
NOTED = re.compile(
    r"(?P<name>[A-Za-z][\w+/-]{0,30}(?:\s(?:\+|[A-Za-z0-9][\w+/-]{0,24})){0,4})\s?[,(:\[]\s?[nN]\s?=\s?"
    r"(?P<n>\d{1,3}(?:,\d{3})+|\d{1,5})\b"
)


@dataclass(frozen=True)
class Arm:
    """An arm of the paper: id, label as printed, and normalised words that name it."""

    arm_id: str
    label: str
    words: tuple[str, ...]

    @cached_property
    def pattern(self) -> re.Pattern[str]:
        """A pattern for the printed variants of the label."""
        return _pattern(self.label)


AN_OUTCOME = re.compile(r"surviv|free|progress|respon|remission|death|relapse|recurr|failure|control|benefit")


@dataclass(frozen=True)
class Lexicon:
    """Arms of a paper by id, abbreviations it defines, whether it mentions one-sided tests, and sizes it prints.

    `sizes` are those of arms, `totals` of all patients, `said` of any group, in text and headings.
    """

    arms: tuple[Arm, ...] = ()
    short: dict[str, frozenset[str]] = field(default_factory=dict)
    one_sided: bool = False
    sizes: dict[str, tuple[str, ...]] = field(default_factory=dict)
    totals: tuple[str, ...] = ()
    said: frozenset[str] = frozenset()

    def means_other(self, word: str) -> bool:
        """Whether the paper defines an abbreviation of a ratio only as something else."""
        said = self.short.get(word.rstrip("s"), frozenset())
        ratios = ("hazard", "odds ratio", "relative risk", "risk ratio", "rate ratio", "relative hazard")
        return bool(said) and not any(ratio in long for long in said for ratio in ratios)

    def other_endpoint(self, name: str, text: str) -> bool:
        """Whether a text names an endpoint only by an abbreviation that the paper defines as something else."""
        said = self.short.get(name, frozenset())
        if not said or any(AN_OUTCOME.search(long) for long in said):
            return False
        return all(text[begin:end].upper() == name for begin, end, found in endpoints_in(text) if found == name)


@dataclass
class _Names:
    """Names of groups while a document is read, by folded words: how often each is mentioned, and where."""

    mentioned: Counter[str] = field(default_factory=Counter)
    with_size: Counter[str] = field(default_factory=Counter)
    called_arm: Counter[str] = field(default_factory=Counter)
    in_heads: Counter[str] = field(default_factory=Counter)
    labels: dict[str, str] = field(default_factory=dict)

    def arms(self) -> tuple[Arm, ...]:
        """The names mentioned at least three times (twice with a size), the most frequent first."""
        known = {key for key, count in self.mentioned.items() if count + self.with_size[key] >= 3}
        if sum(count >= 2 for count in self.called_arm.values()) >= 2:
            # A paper that uses `arm` for two or more names uses `groups` for subgroups.
            known = {
                key
                for key in known
                if self.called_arm[key] or self.in_heads[key] or LETTERED.fullmatch(self.labels[key])
            }
        ordered = sorted(known, key=lambda key: (-self.mentioned[key], key))[:MOST_ARMS]
        return tuple(Arm(slug(self.labels[key]), self.labels[key], (key,)) for key in ordered)


MOST_ARMS = 12
# `progression-free survival (PFS)`: what a paper defines an abbreviation as.
DEFINED = re.compile(r"(?P<long>[A-Za-z][\w-]{2,24}(?: [\w-]{1,24}){0,5}) [(\[](?P<short>[A-Z][A-Za-z0-9/-]{1,9})[)\]]")


def learn(document: Document) -> Lexicon:
    """The lexicon of a document: names mentioned at least three times (twice with a size) are arms."""
    names = _Names()
    texts = [plain(paragraph.text) for paragraph in document.paragraphs]
    for text in texts:
        _names_in_text(text, names)
    for table in document.tables:
        _names_in_heads(table, names)
    arms = names.arms()
    return Lexicon(
        arms,
        _abbreviations(texts),
        any("one-sided" in text.lower() or "1-sided" in text.lower() for text in texts),
        _sizes_of_arms(document, Lexicon(arms)),
        _sizes_of_all(document),
        _sizes_of_any(document),
    )


def _names_in_text(text: str, names: _Names) -> None:
    for match in NAMED.finditer(text):
        for name in _listed(match["name"], match["noun"]):
            _note(name, 1, names.mentioned, names.labels)
            if match["noun"].startswith("arm"):
                _note(name, 1, names.called_arm, {})
    for match in LETTERED.finditer(text):
        _count(_lettered(match), 2, names.mentioned, names.labels)
    for match in SIZED.finditer(text):
        _note(match["name"], 1, names.with_size, names.labels)


def _names_in_heads(table: Table, names: _Names) -> None:
    """Names of columns with a size in or below their heading, and of lettered arms."""
    for cell in (cell for row in table.grid[: max(table.heads, 1)] for cell in row[1:] if cell is not None):
        if re.search(r"\b[nN]\s?=\s?\d", plain(cell.text)):
            _note_head(_of_dose(table, cell), names)
        for match in LETTERED.finditer(plain(cell.text)):
            _count(_lettered(match), 2, names.mentioned, names.labels)
    for label in _over_sizes(table):
        _note_head(label, names)


def _note_head(label: str, names: _Names) -> None:
    _note(label, 2, names.mentioned, names.labels)
    _note(label, 1, names.in_heads, {})


def _lettered(match: re.Match[str]) -> str:
    return f"{match['noun'].lower().rstrip('s')} {match['name']}"


def _abbreviations(texts: list[str]) -> dict[str, frozenset[str]]:
    """What a paper defines each abbreviation as, in lower case."""
    short: dict[str, set[str]] = {}
    for text in texts:
        for match in DEFINED.finditer(text):
            short.setdefault(match["short"], set()).add(match["long"].lower())
    return {word: frozenset(longs) for word, longs in short.items()}


# A dose and how often it is given, which names an arm only behind its drug: `25 mg`, `3 mg/kg every 2 weeks`.
DOSE = re.compile(
    r"(?:(?:low|high|medium|mid|full|half|standard)[- ]dose|"
    r"\d[\d.,]{0,8}(?:\s?[-/]\s?\d[\d.,]{0,8})?\s?(?:mg|g|mcg|µg|μg|ug|mL|ml|Gy|cGy|IU|U|units?|MBq|ppm|%)"
    r"(?:\s?/\s?(?:kg|m\^?2|day|d|week|w|h|dose|mL|ml)){0,3}"
    r"(?:[ ,]{1,2}(?:once|twice|daily|weekly|monthly|[obqt]\.?i?\.?d\.?|q\d{0,2}[hdw]|every \d{1,2} (?:weeks?|days?|"
    r"hours?)|(?:per|a) (?:day|week))){0,3})"
)


def under_drug(outer: str, inner: str) -> str:
    """A heading that is only a dose, behind the one above it that names the drug; empty for other headings."""
    drug, dose = strip_size(outer), strip_size(inner)
    return f"{drug} {dose}" if DOSE.fullmatch(dose) and re.search(r"[A-Za-z]{3}", drug) else ""


def _of_dose(table: Table, cell: Cell) -> str:
    """The name of a column of the headings without its size, behind the drug above it if it is a dose."""
    above = [row[cell.column] for row in table.grid[: cell.row]]
    over = [other.text for other in above if other is not None and other.columns > 1 and other.column > 0]
    return (under_drug(over[-1], cell.text) if over else "") or strip_size(cell.text)


def _sizes_of_arms(document: Document, lexicon: Lexicon) -> dict[str, tuple[str, ...]]:
    """Sizes printed for each arm in table headings and text, in the order of the paper."""
    found: dict[str, dict[str, None]] = {}
    for table in document.tables:
        below = _sizes_in_rows(table)
        for c, column in enumerate(zip(*(row[1:] for row in table.grid[: table.heads + 1]), strict=False), start=1):
            # A title over the whole row says nothing of one column.
            texts = [cell.text for cell in column if cell is not None and cell.column > 0]
            doses = [whole for pair in itertools.pairwise(texts) if (whole := under_drug(*pair))]
            arm = next((named for text in doses or texts if (named := arm_named(text, lexicon))), "")
            size = next((size_in(text) for text in reversed(texts) if "=" in text and size_in(text)), "")
            if arm and (size := size or below.get(c, "")):
                found.setdefault(arm, {})[size] = None
    for paragraph in document.paragraphs:
        for match in SIZED.finditer(plain(paragraph.text)):
            if arm := arm_named(match["name"], lexicon):
                found.setdefault(arm, {})[match["n"].replace(",", "")] = None
    return {arm: tuple(sizes) for arm, sizes in found.items()}


def sizes_noted(text: str, lexicon: Lexicon) -> dict[str, tuple[str, ...]]:
    """Sizes printed for arms in a caption or note: `intervention group, n = 827; control group, n = 1,320`."""
    found: dict[str, dict[str, None]] = {}
    for match in COUNTED_IN.finditer(plain(text)):
        if arm := arm_named(match["name"], lexicon):
            found.setdefault(arm, {})[match["n"].replace(",", "")] = None
    for match in NOTED.finditer(plain(text)):
        words = re.split(r"\band\b|\bthe\b|\bin\b|\bof\b|\bfor\b", match["name"])[-1]
        if arm := arm_named(words, lexicon):
            found.setdefault(arm, {})[match["n"].replace(",", "")] = None
    return {arm: tuple(sizes) for arm, sizes in found.items()}


def _over_sizes(table: Table) -> list[str]:
    """Headings whose size is printed in a row of its own below them: `Placebo` over `(n = 401)`."""
    found = []
    grid = table.grid[: table.heads + 1]
    for upper, lower in itertools.pairwise(grid):
        for above, below in zip(upper[1:], lower[1:], strict=False):
            if (
                above is None
                or below is None
                or above.columns > 1
                or not SIZE.fullmatch(plain(below.text).strip(" ()"))
            ):
                continue
            found.append(strip_size(above.text))
    return found


def _sizes_in_rows(table: Table) -> dict[int, str]:
    """Sizes by column from one of the first rows below the headings, labelled so: `Patients treated | 12 | 12`."""
    found: dict[int, str] = {}
    for row in table.grid[table.heads : table.heads + 3]:
        if not row or row[0] is None or not is_size_label(row[0].text):
            continue
        for c, cell in enumerate(row[1:], start=1):
            text = plain(cell.text).replace(",", "").strip() if cell is not None else ""
            if text.isdigit() and int(text) > 0:
                found.setdefault(c, text)
    return found


ALL = re.compile(
    r"\b(?P<n>\d{1,3}(?:,\d{3})+|\d{2,5})\s(?:\w{1,14}\s){0,2}(?:patients|participants|women|men|subjects|individuals|"
    r"cases)\s(?:were|was|who were)?\s?(?:\w{1,14}\s){0,2}(?:randomi[sz]ed|enrolled|included|recruited|registered|"
    r"analy[sz]ed|assigned|evaluable|eligible|entered|treated|allocated)\b",
    re.IGNORECASE,
)


def _sizes_of_all(document: Document) -> tuple[str, ...]:
    """Numbers of patients randomised, enrolled, treated or analysed, outside the introduction and discussion."""
    found: dict[str, None] = {}
    for paragraph in document.paragraphs:
        if not beside_other_work(paragraph):
            found |= {match["n"].replace(",", ""): None for match in ALL.finditer(plain(paragraph.text))}
    for table in document.tables:
        sizes = _sizes_in_rows(table)
        found |= dict.fromkeys(sizes.values()) if len(sizes) == 1 else {}
    return tuple(found)[:8]


ANY = re.compile(
    r"\b[nN]\s?=\s?(?P<n>\d{1,3}(?:,\d{3})+|\d{1,6})\b(?![.%])|"
    r"(?<![\d.,])(?P<counted>\d{1,3}(?:,\d{3})+|\d{2,6})\s(?:\w{1,14}\s){0,2}(?:patients|participants|women|men|subjects|"
    r"individuals|cases|children|infants|eyes|men|boys|girls|couples)\b"
)


def _sizes_of_any(document: Document) -> frozenset[str]:
    """Sizes printed for any group of patients, outside the introduction and discussion."""
    texts = [paragraph.text for paragraph in document.paragraphs if not beside_other_work(paragraph)]
    for table in document.tables:
        texts += [table.caption, table.notes]
        texts += [cell.text for row in table.grid[: table.heads + 1] for cell in row if cell is not None]
    return frozenset().union(*(sizes_said(text) for text in texts))


def sizes_said(text: str) -> frozenset[str]:
    """Sizes that a text prints for whatever group: `n = 45`, `526 patients who completed the study`."""
    return frozenset((match["n"] or match["counted"]).replace(",", "") for match in ANY.finditer(plain(text)))


def _listed(name: str, noun: str) -> list[str]:
    """`the A and B groups` names two arms, `the A and B group` one."""
    return re.split(r"\s(?:and|versus|vs\.?)\s", name) if noun.endswith("s") else [name]


def names(document: Document, lexicon: Lexicon) -> list[Claim]:
    """The paper's name for each arm, with its first occurrence, for the table of names."""
    found = []
    for arm in lexicon.arms:
        for paragraph in document.paragraphs:
            match = arm.pattern.search(plain(paragraph.text))
            if match is not None and paragraph.kind != "title" and paragraph.text != document.about.get("title"):
                span = Span(paragraph.id, match.start(), match.end())
                cells = {"kind": "arm", "entity": arm.arm_id, "printed": paragraph.text[match.start() : match.end()]}
                found.append(Claim("name", cells, (span,), "text-name", paragraph.locator, fold(arm.label)))
                break
    return found


# `(mean (SD), N (%) or median (25Q-75Q))`: how the numbers of a column are given.
STATISTICS = re.compile(
    r"[(\[]\s?(?=[^)\]]*(?:mean|median))(?:(?:mean|median|SD|SE|SEM|IQR|range|[nN]|[nN]o\.|number|%|25Q|75Q|or|and)|"
    r"[-\s,/;±()\[\]]){1,30}[)\]]"
)


@lru_cache(maxsize=4096)
def strip_size(text: str) -> str:
    """A column heading without size, percent and brackets: the name of the group."""
    one = STATISTICS.sub(" ", plain(text).replace("\n", " "))
    one = re.sub(r"[(\[]?\s?\b[nN](?:o|umber)?\.?\s?=\s?[\d,. ]{1,9}\s?(?:patients|pts)?\s?[)\]]?", " ", one)
    one = re.sub(
        r"\^[\w*†‡§]{1,4}|[,;:]?\s?(?:\b(?:[nN]o?\.?|[Nn]umber)\s?)?[(\[]\s?(?:%|[Pp]er ?cent(?:age)?)\s?[)\]]|"
        r"\b[nN]o?\.?\s?[,/]?\s?%|[(\[]\s?\d{2,5}\s?(?:patients|pts)?\s?[)\]]",
        " ",
        one,
    )
    one = re.sub(
        r"[,;:-]?\s?[(\[]?\b(?:(?:no\.|number|n)(?: of)? )?(?:events?|deaths|responders|n)\s?/\s?"
        r"(?:(?:no\.|number)(?: of)? )?"
        r"(?:patients|pts|N|total)\b[)\]]?(?:\s?[(\[]\s?%\s?[)\]])?\s*$",
        " ",
        one,
        flags=re.IGNORECASE,
    )
    one = re.sub(r"(?:,\s?)?\b(?:[Nn]o\.|[Nn]umber|[nN])\s?(?:of (?:patients|pts))?\s*$|(?:,\s*)?%\s*$", " ", one)
    return " ".join(one.split()).strip(" ,;:-")


def _note(name: str, weight: int, counted: Counter[str], labels: dict[str, str]) -> None:
    if LETTERED.search(name):
        return
    words = name.split()
    while words and words[0].lower() in STOP:
        words = words[1:]
    while words and words[-1].lower() in ("arm", "group", "arms", "groups", "and", "with", "plus", "+"):
        words = words[:-1]
    if (
        not words
        or words[0].lower() in NOT_ARMS
        or words[-1].lower() in NOT_ARMS
        or len(words) > 5
        or {"or", "controlled", "versus", "vs"} & {w.lower() for w in words}
        or any(w.lower() in STOP - {"and", "with"} and not (len(w) == 1 and w.isupper()) for w in words)
    ):
        return
    _count(" ".join(words), weight, counted, labels)


def _count(label: str, weight: int, counted: Counter[str], labels: dict[str, str]) -> None:
    key = fold(label)
    if not key or key.isdigit():
        return
    counted[key] += weight
    labels.setdefault(key, label)


# The grade of events beside the name of an arm: `Alfa, grade 3-4`, `All grades, beta`.
GRADES = re.compile(
    r"[,(]?\s?\b(?:(?:any|all|total)[- ]grades?|grades?\s?[<>≥≤]?\s?(?:[1-5]|I{1,3}V?|IV|V)"
    r"(?:\s?(?:[-/,]|to|or|and|\+)\s?"
    r"(?:[1-5]|I{1,3}V?|IV|V)?)*(?:\s?or (?:higher|worse|more))?)\b\s?[,)]?",
    re.IGNORECASE,
)


def arm_named(text: str, lexicon: Lexicon) -> str:
    """The arm named by a heading, apart from filler words; a lettered arm may also be at the start or in brackets."""
    name = GRADES.sub(" ", strip_size(text))
    words = [word for word in fold(name).split() if word not in FILLER]
    for arm in lexicon.arms:
        if words and words == [word for word in arm.words[0].split() if word not in FILLER]:
            return arm.arm_id
    lettered = {slug(f"{m['noun'].rstrip('s')} {m['name']}") for m in LETTERED.finditer(name)}
    known = lettered & {arm.arm_id for arm in lexicon.arms}
    return known.pop() if len(lettered) == 1 and known else ""


JOIN = re.compile(r"\s*(?:\+|/|\bplus\b|\band\b|\bwith\b)\s*|[\s-]+")


def _pattern(label: str) -> re.Pattern[str]:
    """A pattern for a label in which `plus`, `+`, `and` and hyphens are interchangeable."""
    words = [re.escape(word) for word in JOIN.split(plain(label)) if word]
    return re.compile(r"(?<![\w])" + r"(?:\s?(?:\+|/|-|plus|and|with)\s?|\s)".join(words) + r"(?![\w])", re.IGNORECASE)
