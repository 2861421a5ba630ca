"""Names: a drug, trial, arm or reference named differently in two places of a document; phase and registry numbers."""

from __future__ import annotations

import re
from dataclasses import dataclass
from difflib import SequenceMatcher

import pandas as pd

from resurvey.audit.context import Context, grouped
from resurvey.audit.drug_names import Drugs
from resurvey.audit.registry import register
from resurvey.audit.verdicts import CONFLICT, MAJOR, MINOR, NONE, REPRODUCED, UNCHECKABLE, Ledger

# Names at least this similar are taken as spellings of one name.
ALIKE = 0.8
OPPOSITE = (
    ({"positive", "pos"}, {"negative", "neg"}),
    ({"without"}, {"with"}),
    ({"primary"}, {"secondary"}),
)
ROMAN = {"i": "1", "ii": "2", "iii": "3", "iv": "4"}
PHASE = re.compile(r"(?:phase\s*)?\b(i{1,3}|iv|[1-4])\s*([ab])?\b", re.IGNORECASE)
REGISTRY = re.compile(r"\bNCT\d{8}\b")
CLASSES = frozenset(
    [
        "chemotherapy",
        "taxane",
        "endocrine",
        "et",
        "ct",
        "ht",
        "ai",
        "inhibitor",
        "antibody",
        "therapy",
        "regimen",
    ]
)
STOPS = frozenset(
    ["group", "arm", "plus", "and", "with", "combined", "monotherapy", "alone", "therapy", "coupled", "study", "trial"]
)


def plain(text: str) -> str:
    """A name in lower case without hyphens, spaces and brackets."""
    return re.sub(r"[^a-z0-9+]", "", text.lower())


def forms(text: str) -> set[str]:
    """Forms of a name: the whole, the part outside brackets and the part inside; each may be used alone."""
    inside = re.findall(r"\(([^()]+)\)", text)
    outside = re.sub(r"\([^()]*\)", " ", text)
    bare = [re.sub(r"\b(study|trial)\b", " ", part, flags=re.IGNORECASE) for part in (outside, *inside)]
    return {plain(part) for part in (text, *bare) if len(plain(part)) > 2}


def words_of(text: str) -> set[str]:
    """Informative words of a name."""
    return {word for word in re.findall(r"[a-z0-9+]+", text.lower()) if word not in STOPS}


def phase_of(text: str) -> str:
    """`1`, `2`, `3` or `4` for a phase in Roman or Arabic numerals (`phase Ib` is 1); empty when none is stated."""
    found = PHASE.fullmatch(text.strip())
    return ROMAN.get(found.group(1).lower(), found.group(1)) if found else ""


@register("name", "printed names of one thing: same, spelt alike, another known thing's, or words that contradict")
def check_names(context: Context) -> pd.DataFrame:
    """Every name of an entity against the first one printed for it in the document; each contradiction once."""
    ledger = Ledger("name")
    known = Known.of(context)
    frame = context["names"].assign(about=_about(context["names"]))
    for group in grouped(frame, ["source_id", "about", "entity"]).values():
        first, *others = sorted(group, key=lambda record: record["claim_id"])
        clashing: dict[str, list[dict]] = {}
        for record in others:
            judged = _compare(_kind(first, record), first, record, known)
            if judged[0] == CONFLICT:
                clashing.setdefault(judged[2], []).append(record)
            else:
                _note_name(ledger, first, [record], judged)
        agreeing = [first, *(row for row in others if not any(row in rows for rows in clashing.values()))]
        for records_of in clashing.values():
            same = [row for row in agreeing if row is not first and _is_same(first, row, known)]
            _note_name(
                ledger, first, records_of, _compare(_kind(first, records_of[0]), first, records_of[0], known), same
            )
    return ledger.frame()


def _about(names: pd.DataFrame) -> pd.Series:
    """Kind of entity; a trial and the reference cited for it count as the same kind."""
    return names["kind"].replace("reference", "trial")


def _kind(first: dict, second: dict) -> str:
    return "reference" if "reference" in (first["kind"], second["kind"]) else str(first["kind"])


def _is_same(first: dict, second: dict, known: Known) -> bool:
    return _compare(_kind(first, second), first, second, known)[0] == REPRODUCED


@dataclass(frozen=True)
class Known:
    """Names that a review uses for its drugs and trials.

    Attributes
    ----------
    drugs : Drugs
        Names of drugs and their classes.
    words : frozenset of str
        The longer words in names of drugs.
    classes : frozenset of str
        Words in names of drug classes.
    trials : dict of str to str
        Studies by acronym, normalised by `plain`; a registry number in place of an acronym is not a name.
    registered : dict of str to str
        Registry numbers of the studies.
    """

    drugs: Drugs
    words: frozenset[str]
    classes: frozenset[str]
    trials: dict[str, str]
    registered: dict[str, str]

    @classmethod
    def of(cls, context: Context) -> Known:
        """Collect the names from the treatments and studies of a review."""
        treatments, studies = context["treatments"], context["studies"]
        words = {word for cell in treatments["components"] for word in re.findall(r"[a-z]{6,}", cell.lower())}
        classes = {word for cell in treatments["classes"] for word in re.findall(r"[a-z0-9]+", cell.lower())}
        pairs = list(zip(studies["study_id"], studies["acronym"], studies["registry_id"], strict=True))
        trials = {form: study for study, name, _ in pairs if not REGISTRY.search(name) for form in forms(name)}
        registered = {study: found[0] for study, _, number in pairs if (found := REGISTRY.search(number))}
        return cls(Drugs.of(treatments), frozenset(words), CLASSES | classes, trials, registered)

    def trial(self, text: str) -> str:
        """The study that a name refers to, by the whole name, one of its forms, or an acronym contained in it."""
        for form in [plain(text), *sorted(forms(text))]:
            if form in self.trials:
                return self.trials[form]
        words = {word for word in map(plain, text.split()) if len(word) > 4 or re.search(r"[a-z]+\d", word)}
        named = {self.trials[word] for word in words if word in self.trials}
        return named.pop() if len(named) == 1 else ""


def _note_name(
    ledger: Ledger, first: dict, others: list[dict], judged: tuple[str, str, str], same: list[dict] | None = None
) -> None:
    verdict, severity, why = judged
    second = others[0]
    what = f"{first['kind']} {first['entity'].removeprefix(first['kind'] + '_')}"
    alike = [first, *(same or [])]
    places = [f"{rows[0]['printed']!r} ({'; '.join(row['locator'] for row in rows)})" for rows in (alike, others)]
    ledger.judge(
        second,
        [row["claim_id"] for row in (*alike, *others)],
        named=[first["claim_id"], second["claim_id"]],
        reported=second["printed"],
        recomputed=first["printed"],
        verdict=verdict,
        severity=severity,
        explanation=f"the {what} is called {places[0]} and {places[1]}: {why}",
    )


def _compare(kind: str, first: dict, second: dict, known: Known) -> tuple[str, str, str]:
    """Verdict, severity and reason for two names of one entity."""
    a, b = first["printed"], second["printed"]
    if plain(a) == plain(b):
        return REPRODUCED, NONE, "the same name"
    if kind in ("drug", "trial", "unit") and forms(a) & forms(b):
        return REPRODUCED, NONE, "the same name, in one place with a second one"
    if kind in ("unit", "arm") and words_of(a) == words_of(b) and _negated(a) == _negated(b):
        return REPRODUCED, NONE, "the same words in another order"
    if kind == "trial" and phase_of(a) and phase_of(b):
        same = phase_of(a) == phase_of(b)
        return (REPRODUCED, NONE, "the same phase") if same else (CONFLICT, MINOR, "two phases of one trial")
    clash = _trials_clash(kind, a, b, known) or _clash(kind, a, b, known) or _citation_clash(kind, a, b, known)
    if clash:
        return CONFLICT, MAJOR, clash
    why = _agreement(kind, first, second, known)
    if why:
        return REPRODUCED, NONE, why
    if SequenceMatcher(None, plain(a), plain(b)).ratio() >= ALIKE:
        return UNCHECKABLE, NONE, "spelt differently"
    return UNCHECKABLE, NONE, "other words, which may mean the same"


def _trials_clash(kind: str, a: str, b: str, known: Known) -> str:
    one, other = known.trial(a), known.trial(b)
    if one and other and one != other:
        return f"two different trials ({one}, {other})"
    if kind == "reference" and (known.trials.get(plain(a)) or known.trials.get(plain(b))) and one != other:
        # The title of a reference need not name its trial, but should share at least one word with it.
        return "" if words_of(a) & words_of(b) else "a trial and a reference of another name"
    return ""


AUTHORS = re.compile(r"^([A-Z][\w'’-]+)(?: [A-Z]{1,3})?(?:,| et al| and colleagues)")
YEAR = re.compile(r"\b(?:19|20)\d\d\b")


def _citation_clash(kind: str, a: str, b: str, known: Known) -> str:
    """Why a citation and its reference cannot be the same document: different drugs, first authors or years."""
    if kind != "reference":
        return ""
    drugs = [known.drugs.held(text) for text in (a, b)]
    if all(drugs) and not drugs[0] & drugs[1]:
        return f"different drugs ({', '.join(sorted(drugs[0] | drugs[1]))})"
    authors = [found.group(1).lower() if (found := AUTHORS.search(text)) else "" for text in (a, b)]
    if all(authors) and authors[0] != authors[1]:
        return f"different first authors ({', '.join(authors)})"
    years = [set(YEAR.findall(text)) for text in (a, b)]
    if all(len(found) == 1 for found in years) and years[0] != years[1]:
        return f"different years ({', '.join(sorted(years[0] | years[1]))})"
    return ""


def _agreement(kind: str, first: dict, second: dict, known: Known) -> str:
    """Why two different names mean the same entity; empty where nothing known supports this."""
    a, b = first["printed"], second["printed"]
    if kind in ("trial", "reference"):
        one, other = known.trial(a), known.trial(b)
        if one and one == other:
            return "the same trial by another name"
        numbers = {found[0] for text in (a, b) if (found := REGISTRY.search(text))}
        authors = {found.group(1).lower() if (found := AUTHORS.search(text)) else "" for text in (a, b)}
        if kind == "reference" and len(authors) == 1 and "" not in authors:
            return "the same first author"
        if len(numbers) == 1 and numbers == {known.registered.get(first["study_id"], "")} and (one or other):
            return "the acronym and the registry number of one trial"
    if kind == "drug" and known.drugs.named(a) & known.drugs.named(b):
        return "the same drug by another name"
    if kind in ("drug", "trial", "reference") and _abbreviates(a, b):
        return "an abbreviation of the other"
    if kind in ("drug", "arm") and known.drugs.rest(a) == known.drugs.rest(b):
        drugs = [known.drugs.held(text) for text in (a, b)]
        if drugs[0] and drugs[0] == drugs[1] and known.drugs.kinds(a) == known.drugs.kinds(b):
            return "the same drugs"
        if known.drugs.kinds(a) and known.drugs.kinds(a) == known.drugs.kinds(b):
            return "the same classes of drugs"
    return ""


def _abbreviates(a: str, b: str) -> bool:
    """Whether a form of one name consists of the initials and numbers of the other: DB03, DESTINY-Breast03."""
    return bool(_letters(a) & _initials(b) or _letters(b) & _initials(a))


def _parts(text: str) -> list[str]:
    """A name as a whole, without its brackets, and the text inside them."""
    return [text, re.sub(r"\([^()]*\)", " ", text), *re.findall(r"\(([^()]+)\)", text)]


def _pieces(text: str) -> list[str]:
    """Words and numbers of a name, numbers without leading zeros."""
    return [word.lstrip("0") or "0" for word in re.findall(r"[a-z]+|\d+", text.lower())]


def _letters(text: str) -> set[str]:
    """Forms of a name that may be an abbreviation: its parts joined into one word of at least three characters."""
    return {joined for part in _parts(text) if len(joined := "".join(_pieces(part))) > 2}


def _initials(text: str) -> set[str]:
    """First letters of the words of a name, with its numbers, for names of more than two words or numbers."""
    named = map(_pieces, _parts(text))
    return {"".join(w if w.isdigit() else w[0] for w in words) for words in named if len(words) > 2}


def _clash(kind: str, a: str, b: str, known: Known) -> str:
    """Why two descriptions of an arm are incompatible; empty when they are compatible."""
    if kind != "arm":
        return ""
    first, second = words_of(a), words_of(b)
    for one, other in OPPOSITE:
        if (first & one and second & other and not first & other) or (
            second & one and first & other and not second & other
        ):
            return f"one says {', '.join(sorted(one))}, the other {', '.join(sorted(other))}"
    if _negated(a) != _negated(b) and (known.words | {"line"}) & first & second:
        return "one says no, the other does not"
    letters = [re.search(r"\b(?:luminal|cohort|group|subgroup) ([a-z]\d?)\b", text.lower()) for text in (a, b)]
    if all(letters) and letters[0].group(1) != letters[1].group(1):  # type: ignore[union-attr]
        return "they are two different groups"
    left, right = first & known.words, second & known.words
    # A class (chemotherapy, taxane) may stand for any of its drugs.
    if not (first | second) & known.classes and left - right and right - left:
        return f"different drugs ({', '.join(sorted(left ^ right))})"
    return ""


def _negated(text: str) -> bool:
    return bool(re.search(r"\b(no|without|naive|naïve)\b", text.lower()))


@register("few-or-none", "two statements of one document about the same absence: the same word")
def check_few_or_none(context: Context) -> pd.DataFrame:
    """Two places that disagree on whether any patients had something: none in one, few in the other."""
    ledger = Ledger("few-or-none")
    frame = context["statements"]
    said = frame[(frame["kind"] == "none") & (frame["endpoint"] != "")]
    for group in grouped(said, ["source_id", "study_id", "endpoint"]).values():
        first, *others = sorted(group, key=lambda record: record["claim_id"])
        for record in others:
            if _shares_subject(first["item"], record["item"]) and first["value_text"] and record["value_text"]:
                _judge_absence(ledger, first, record)
    return ledger.frame()


def _shares_subject(first: str, second: str) -> bool:
    common = {word for word in words_of(first) & words_of(second) if len(word) > 5}
    return bool(common - {"patients", "treatment", "related"})


def _judge_absence(ledger: Ledger, first: dict, second: dict) -> None:
    a, b = first["value_text"].lower(), second["value_text"].lower()
    same = a == b or {a, b} <= {"no", "none", "0"}
    ledger.judge(
        second,
        [first["claim_id"], second["claim_id"]],
        reported=b,
        recomputed=a,
        verdict=REPRODUCED if same else CONFLICT,
        severity=NONE if same else MAJOR,
        explanation=f"{first['item']}: {a!r} ({first['locator']}), {b!r} ({second['locator']})",
    )
