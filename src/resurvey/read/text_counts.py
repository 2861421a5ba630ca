"""Numbers with a noun of patients, events or sites: `100 patients were enrolled`, `45 deaths`, lists of them."""

from __future__ import annotations

import re

from resurvey.read.grammar import Found, take, words_after, words_before
from resurvey.read.lexer import Line
from resurvey.read.rules import TextRule
from resurvey.read.text_shares import is_count, make, word_at
from resurvey.read.word_lists import EVENTS, MONTHS, PATIENTS, SITES


def counts(line: Line) -> list[Found]:
    """A number with a noun of patients or events: `100 patients were enrolled`, `45 deaths`; sites are quantities."""
    found = []
    for i in line.free():
        if not is_count(line, i):
            continue
        if _said_again(line, i):
            line.tokens[i].masked = True
            continue
        noun = _noun_of(line, i)
        if noun in SITES:
            cells = {"value": line.tokens[i].printed, "kind": "sites", "item": noun}
            found.append(Found("quantity", cells, take(line, i), TextRule.SITES))
        elif noun:
            entered = ENTERED.match(line.text, line.tokens[i].end) is not None
            found.append(make(line, TextRule.COUNT_ENTERED if entered else TextRule.COUNT, n=i))
        elif _distributed(line, i):
            found.append(make(line, TextRule.COUNT_LISTED, n=i))
        elif _acts(line, i):
            found.append(make(line, TextRule.COUNT_VERB, n=i))
        elif _censored(line, i):
            found.append(make(line, "n-censored", n=i))
        elif _beside_size(line, i):
            found.append(make(line, TextRule.COUNT_EQUALS_LISTED, n=i))
        elif OF_RESPONSE.match(line.text, line.tokens[i].end) and line.tokens[i].extra != "word":
            found.append(make(line, "n-response", n=i))
    found += _listed(line, [one for one in found if one.kind == "proportion"])
    return found + _summed(line, found)


# `1 CR, 5 PR, 19 SD and 9 PD`: counts of responses, which need no noun.
OF_RESPONSE = re.compile(r"\s(?:(?:c?CR|PR|SD|PD|NC)s?\b(?![-+])|(?:complete|partial) (?:response|remission)s?\b)")
# `1491 women were enrolled`, `40 eligible patients with stage II disease were randomised`: what became of them.
ENTERED = re.compile(
    r"\s(?:(?!and\b|or\b)[\w-]+ ){0,3}?(?:patients|women|men|participants|subjects|individuals|cases)"
    r"(?: [^.;:,()\d]{1,60}?)? (?:were|was|have been|had been) (?:\w+ ){0,1}(?:randomi[sz]ed|assigned|allocated|"
    r"enrolled|included|recruited|registered|entered|accrued|analy[sz]ed|evaluable|eligible|treated|studied|assessable)\b",
    re.IGNORECASE,
)
ACTS = {"had", "were", "was", "received", "died", "who", "did", "remained", "discontinued", "withdrew", "experienced"}
ACTS |= {"developed", "achieved", "completed", "underwent", "progressed", "relapsed", "have", "are", "responded"}
ACTS |= {"assigned", "randomised", "randomized", "allocated", "because", "due"}
LEADS = {",", "and", ";", "whom", "which", "only", "but", "while", "", "these", "those", "whereas", "."}


def _acts(line: Line, i: int) -> bool:
    """`of whom 760 had scans`, `and 320 to receive placebo`: a number whose verb applies to patients."""
    before, after = word_at(line, i - 1), word_at(line, i + 1)
    acts = after in ACTS or (after == "to" and word_at(line, i + 2) == "receive")
    if after == "to" and before in (*LEADS, ":", "(") and _assigned(line, i):
        return True
    if not acts or before not in LEADS or word_at(line, i - 2) in ("grade", "grades", "and"):
        return False
    text = f" {line.lower()} "
    return line.tokens[i].extra != "word" and any(
        f" {noun}" in text for noun in ("patient", "whom", "participant", "women", "cases")
    )


ASSIGNED = re.compile(r"\b(?:randomi[sz]ed|randomly (?:assigned|allocated)|assigned|allocated)\b[^.]{0,160}$")


def _assigned(line: Line, i: int) -> bool:
    """`were randomly assigned: 112 to high-dose therapy and 110 to standard therapy`."""
    following = line.tokens[i + 2 : i + 3]
    named = bool(following) and following[0].kind in ("word", "name")
    return named and line.tokens[i].number > 3 and ASSIGNED.search(line.lower()[: line.tokens[i].start]) is not None


def _summed(line: Line, found: list[Found]) -> list[Found]:
    """`107 patients: 46 had limited disease and 61 extensive`: a number that adds up with another to a third."""
    counted = [int(one.cells["n"]) for one in found if one.kind == "proportion" and one.cells.get("n", "").isdigit()]
    more: list[Found] = []
    for i in line.free():
        number = int(line.tokens[i].number) if is_count(line, i) and word_at(line, i - 1) in ("and", ",") else 0
        if number and any(number + other in counted and number + other > other for other in counted):
            more.append(make(line, TextRule.COUNT_LISTED, n=i))
    return more


# `31 were censored`, `(31 censored)`, `censored at the date of last contact: 31`: patients, whom no noun need name.
CENSORED_NEXT = re.compile(r"\s(?:were |was )?censored\b")
CENSORED_LED = re.compile(r"\bcensored(?: [a-z -]{1,60})?: ?$")


def _censored(line: Line, i: int) -> bool:
    before, after = line.lower()[: line.tokens[i].start], line.lower()[line.tokens[i].end :]
    return CENSORED_NEXT.match(after) is not None or CENSORED_LED.search(before) is not None


def _beside_size(line: Line, i: int) -> bool:
    """`(n = 420 vs. 243)`: the second of two sizes."""
    equals = word_at(line, i - 3) == "=" and word_at(line, i - 4) in ("n", "no")
    return equals and word_at(line, i - 1) in ("vs", "vs.", "versus", "v", "and")


def _said_again(line: Line, i: int) -> bool:
    """`eight tumours (8/74, 10.8%)`: the count is repeated, with its denominator, in the brackets after it."""
    for k in range(i + 1, min(i + 6, len(line.tokens) - 2)):
        if line.tokens[k].text in ("(", "["):
            again = line.tokens[k + 1]
            return again.used and again.value == line.tokens[i].value and word_at(line, k + 2) in ("/", "of")
        if line.tokens[k].kind not in ("word", "name"):
            return False
    return False


# `the planned 525 events`, `an accrual target of 400 patients`, `one in five patients`.
PLANNED = re.compile(
    r"(?:\bplanned|\btarget of|\bone in|\bone out of|\bgoal (?:of|was|is)|\b(?:aim\w*|plan\w*|need\w*|required) to "
    r"(?:recruit|include|enroll?|randomi[sz]e)) $"
)
# `three metastatic sites` are no hospitals.
OF_DISEASE = {"metastatic", "tumor", "tumour", "disease", "involved", "organ", "injection", "lesion", "anatomic"}
# Words that may stand before `sites` of a trial; `two mirror-image sites` are of something else.
OF_TRIALS = {
    "study",
    "clinical",
    "participating",
    "trial",
    "trials",
    "recruiting",
    "recruitment",
    "international",
    "us",
    "uk",
    "investigational",
    "investigative",
    "research",
    "hospital",
    "academic",
    "community",
    "medical",
    "active",
    "different",
    "european",
    "north",
    "american",
    "canadian",
    "enrolling",
    "enrollment",
    "enrolment",
    "of",
    "the",
    "cancer",
}
# `32 male and 41 female`: nouns of their own where nothing follows them.
SEXES = {"male", "female"}
NOT_COUNTED = {"(", ")", ",", ";", ".", "of", "and", "in", "represents", "because", "per", "or", "=", "for"}
NOT_COUNTED |= {"hypotheses", "comparisons", "questions", "million", "billion", "thousand"}
KINDS_OF = {
    "markers",
    "marker",
    "biopsies",
    "subgroups",
    "groups",
    "arms",
    "types",
    "categories",
    "criteria",
    "analyses",
    "status",
    "rate",
    "rates",
    "free",
    "per",
}


def _noun_of(line: Line, i: int) -> str:
    """The noun a number counts: within three words, or after `of the`; directly after a number word."""
    if word_at(line, i - 1) in ("than", "least", "most", "every", "per", "under") or PLANNED.search(
        line.lower()[: line.tokens[i].start]
    ):
        return ""
    words = words_after(line, i, 4)
    noun = next((w for w in words if w in PATIENTS or w in EVENTS), "")
    noun = noun or (words[0] if words and words[0] in SEXES else "")
    if not noun:
        return ""
    between = words[: words.index(noun)]
    if any(token.kind == "num" for token in line.tokens[i + 1 : i + 2 + len(between)]):
        # `100 comprised two cases`: the noun is that of the nearer number.
        return ""
    plus = line.text[line.tokens[i].end : line.tokens[i].end + 1] == "+"
    if plus or (noun == "patient" and line.tokens[i].number != 1):
        # `IHC 1+/2+ tumours`, `two patient domains`
        return ""
    if noun in SITES and (set(between) & OF_DISEASE or (noun == "sites" and not set(between) <= OF_TRIALS)):
        return ""
    if between == ["of", "the"]:
        return noun
    if line.tokens[i].extra == "word" and len(between) > 1:
        return ""
    after = word_at(line, i + len(between) + 2)
    return "" if set(between) & NOT_COUNTED or after in KINDS_OF else noun


def _listed(line: Line, found: list[Found]) -> list[Found]:
    """`five, nine and two of the patients`: numbers in a list share the noun of the last."""
    more: list[Found] = []
    for one in found:
        j = one.tokens[0] - 1
        while j > 0 and line.tokens[j].text.lower() in (",", "and", "or"):
            while j > 0 and line.tokens[j].text.lower() in (",", "and", "or"):
                j -= 1
            if not is_count(line, j) or 1950 <= line.tokens[j].number <= 2050:
                break
            more.append(make(line, TextRule.COUNT_LISTED, n=j))
            j -= 1
    return more


def _distributed(line: Line, i: int) -> bool:
    """`301 in arm A and 297 in arm B`, `(150 in each)`: a number that shares the noun of another."""
    words = words_after(line, i, 4)
    if any(token.kind == "num" for token in line.tokens[i + 1 : i + 5]):
        return False
    here = bool(words) and words[0] in ("in", "to", "with", "had") and word_at(line, i - 1) not in (":", "/")
    nouns = {t.text.lower() for t in line.tokens} & (PATIENTS | EVENTS)
    token = line.tokens[i]
    year = 1900 <= token.number <= 2100 and words[:1] != ["patients"]
    before = words_before(line, i, 2)
    dated = set(before) & {"in", "since", "until", "during", "of", "between", *MONTHS}
    return (
        here
        and bool(nouns)
        and not (year and dated)
        and bool(set(words) & {"arm", "group", "each", "arms", "groups", "cohort", "the"})
    )
