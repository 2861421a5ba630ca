"""Names: a drug, trial, arm or reference that two places of a document call differently; phase and registry."""

from __future__ import annotations

import re
from dataclasses import dataclass
from difflib import SequenceMatcher

import pandas as pd

from resurvey.audit.context import Context, grouped, records
from resurvey.audit.registry import register
from resurvey.audit.verdicts import CONFLICT, MAJOR, MINOR, NONE, REPRODUCED, UNCHECKABLE, Ledger

# Names this alike are spellings of one name.
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
    """A name without case, hyphens, spaces and brackets."""
    return re.sub(r"[^a-z0-9+]", "", text.lower())


def forms(text: str) -> set[str]:
    """A name as a whole, without what stands in brackets, and what stands there: each may be used alone."""
    inside = re.findall(r"\(([^()]+)\)", text)
    outside = re.sub(r"\([^()]*\)", " ", text)
    bare = [re.sub(r"\b(study|trial)\b", " ", part, flags=re.IGNORECASE) for part in (outside, *inside)]
    return {plain(part) for part in (text, *bare) if len(plain(part)) > 2}


def words_of(text: str) -> set[str]:
    """Telling words of a name."""
    return {word for word in re.findall(r"[a-z0-9+]+", text.lower()) if word not in STOPS}


def phase_of(text: str) -> str:
    """`1`, `2`, `3` or `4` for a phase in Roman or Arabic digits (`phase Ib` is 1); empty when none is said."""
    found = PHASE.fullmatch(text.strip())
    return ROMAN.get(found.group(1).lower(), found.group(1)) if found else ""


@register("name", "printed names of one thing: same, spelt alike, another known thing's, or words that contradict")
def check_names(context: Context) -> pd.DataFrame:
    """Every name of a thing against the first that the same document prints for it."""
    ledger = Ledger("name")
    frame = context["names"]
    words = Words.of(context["treatments"])
    trials = _trials(context["studies"])
    for group in grouped(frame, ["source_id", "kind", "entity"]).values():
        first, *others = sorted(group, key=lambda record: record["claim_id"])
        for record in others:
            _judge_name(ledger, first, record, words, trials)
    return ledger.frame()


@dataclass(frozen=True)
class Words:
    """Words that the treatments of a review use: drug names, and names of classes of drugs."""

    drugs: frozenset[str]
    classes: frozenset[str]

    @classmethod
    def of(cls, treatments: pd.DataFrame) -> Words:
        """Drug names are the longer words of components; class words those of classes beside the usual ones."""
        drugs = {word for cell in treatments["components"] for word in re.findall(r"[a-z]{6,}", cell.lower())}
        classes = {word for cell in treatments["classes"] for word in re.findall(r"[a-z0-9]+", cell.lower())}
        return cls(frozenset(drugs), CLASSES | classes)


def _trials(studies: pd.DataFrame) -> dict[str, str]:
    """Studies by acronym; a registry number as acronym is a number, not a name."""
    pairs = zip(studies["study_id"], studies["acronym"], strict=True)
    return {plain(acronym): study for study, acronym in pairs if not REGISTRY.search(acronym)}


def _judge_name(ledger: Ledger, first: dict, second: dict, words: Words, trials: dict[str, str]) -> None:
    a, b = first["printed"], second["printed"]
    verdict, severity, why = _compare(first["kind"], a, b, words, trials)
    what = f"{first['kind']} {first['entity'].removeprefix(first['kind'] + '_')}"
    ledger.add(
        second["source_id"],
        second["study_id"],
        [first["claim_id"], second["claim_id"]],
        reported=b,
        recomputed=a,
        verdict=verdict,
        severity=severity,
        explanation=f"the {what} is called {a!r} ({first['locator']}) and {b!r} ({second['locator']}): {why}",
    )


def _compare(kind: str, a: str, b: str, words: Words, trials: dict[str, str]) -> tuple[str, str, str]:
    """Verdict, severity and reason for two names of one thing."""
    if plain(a) == plain(b):
        return REPRODUCED, NONE, "the same name"
    if kind in ("drug", "trial", "unit") and forms(a) & forms(b):
        return REPRODUCED, NONE, "the same name, in one place with a second one"
    if kind == "unit" and words_of(a) == words_of(b):
        return REPRODUCED, NONE, "the same words in another order"
    if kind == "trial" and phase_of(a) and phase_of(b):
        same = phase_of(a) == phase_of(b)
        return (REPRODUCED, NONE, "the same phase") if same else (CONFLICT, MINOR, "two phases of one trial")
    known = trials.get(plain(a)), trials.get(plain(b))
    if all(known) and known[0] != known[1]:
        return CONFLICT, MAJOR, f"two different trials ({known[0]}, {known[1]})"
    if kind == "reference" and known[0] != known[1] and not (words_of(a) & words_of(b)):
        return CONFLICT, MAJOR, "a trial and a reference of another name"
    clash = _clash(kind, a, b, words)
    if clash:
        return CONFLICT, MAJOR, clash
    if SequenceMatcher(None, plain(a), plain(b)).ratio() >= ALIKE:
        return UNCHECKABLE, NONE, "spelt differently"
    return UNCHECKABLE, NONE, "other words, which may mean the same"


def _clash(kind: str, a: str, b: str, words: Words) -> str:
    """Why two descriptions of an arm cannot both hold; empty when they can."""
    if kind != "arm":
        return ""
    first, second = words_of(a), words_of(b)
    for one, other in OPPOSITE:
        if (first & one and second & other and not first & other) or (
            second & one and first & other and not second & other
        ):
            return f"one says {', '.join(sorted(one))}, the other {', '.join(sorted(other))}"
    if _negated(a) != _negated(b) and (words.drugs | {"line"}) & first & second:
        return "one says no, the other does not"
    letters = [re.search(r"\b(?:luminal|cohort|group|subgroup) ([a-z]\d?)\b", text.lower()) for text in (a, b)]
    if all(letters) and letters[0].group(1) != letters[1].group(1):  # type: ignore[union-attr]
        return "they are two different groups"
    left, right = first & words.drugs, second & words.drugs
    # A class (chemotherapy, taxane) may stand for any of its drugs.
    if not (first | second) & words.classes and left - right and right - left:
        return f"different drugs ({', '.join(sorted(left ^ right))})"
    return ""


def _negated(text: str) -> bool:
    return bool(re.search(r"\b(no|without|naive|naïve)\b", text.lower()))


@register("phase", "the phase printed in a table against the phase of the study")
def check_phase(context: Context) -> pd.DataFrame:
    """Phases printed as names or in the notes of a registry table, against the phase of the study's own record."""
    ledger = Ledger("phase")
    studies = {record["study_id"]: record for record in records(context["studies"])}
    names = context["names"]
    listed = [(r, r["printed"], "names") for r in records(names[names["kind"] == "trial"])]
    listed += [(r, r["phase"], "ongoing") for r in records(context["ongoing_trials"]) if r["phase"]]
    for record, printed, _ in listed:
        known = studies.get(record["study_id"], {}).get("phase", "")
        if phase_of(printed) and phase_of(known):
            _judge_phase(ledger, record, printed, known)
    return ledger.frame()


def _judge_phase(ledger: Ledger, record: dict, printed: str, known: str) -> None:
    same = phase_of(printed) == phase_of(known)
    words = f"printed as phase {printed}, the study is recorded as phase {known}"
    ledger.add(
        record["source_id"],
        record["study_id"],
        [record["claim_id"]],
        reported=printed,
        recomputed=known,
        verdict=REPRODUCED if same else CONFLICT,
        severity=NONE if same else MINOR,
        explanation=words,
    )


@register("registry", "a registry number printed with a trial is that of the study's own record")
def check_registry(context: Context) -> pd.DataFrame:
    """Registry numbers in names of trials, against the record of the study."""
    ledger = Ledger("registry")
    studies = {record["study_id"]: record for record in records(context["studies"])}
    names = context["names"]
    for record in records(names[names["kind"] == "trial"]):
        printed = REGISTRY.search(record["printed"])
        known = REGISTRY.search(studies.get(record["study_id"], {}).get("registry_id", ""))
        if printed and known:
            same = printed.group(0) == known.group(0)
            ledger.add(
                record["source_id"],
                record["study_id"],
                [record["claim_id"]],
                reported=printed.group(0),
                recomputed=known.group(0),
                verdict=REPRODUCED if same else CONFLICT,
                severity=NONE if same else MAJOR,
                explanation=f"{record['printed']}, the study is registered as {known.group(0)}",
            )
    return ledger.frame()


@register("listed-as-ongoing", "a trial listed as ongoing whose results the same document prints; a hint")
def check_ongoing(context: Context) -> pd.DataFrame:
    """A registry number among the ongoing trials that is also a name of a trial with printed results."""
    ledger = Ledger("listed-as-ongoing")
    listed = {record["registry_id"]: record for record in records(context["ongoing_trials"])}
    results = set(zip(context["medians"]["source_id"], context["medians"]["study_id"], strict=True))
    for record in records(context["names"]):
        found = REGISTRY.search(record["printed"])
        row = listed.get(found.group(0)) if found else None
        if row and row["source_id"] == record["source_id"] and (record["source_id"], record["study_id"]) in results:
            ledger.add(
                record["source_id"],
                record["study_id"],
                [record["claim_id"], row["claim_id"]],
                reported=f"{row['registry_id']} {row['status']}",
                recomputed="results printed",
                verdict=UNCHECKABLE,
                severity=MINOR,
                explanation=f"{row['registry_id']} is listed as ongoing; it is {record['study_id']}, with results",
            )
    return ledger.frame()


@register("few-or-none", "two statements of one document about the same absence: the same word")
def check_few_or_none(context: Context) -> pd.DataFrame:
    """Two places that say how many patients had something: none in one, few in the other."""
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
    ledger.add(
        second["source_id"],
        second["study_id"],
        [first["claim_id"], second["claim_id"]],
        reported=b,
        recomputed=a,
        verdict=REPRODUCED if same else CONFLICT,
        severity=NONE if same else MAJOR,
        explanation=f"{first['item']}: {a!r} ({first['locator']}), {b!r} ({second['locator']})",
    )
