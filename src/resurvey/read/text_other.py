"""Other statements of a text: p values alone, differences, sample sizes, dates, registry numbers, doses, thresholds."""

from __future__ import annotations

import re

from resurvey.read.grammar import Found, cells_of, interval_after, p_after, take, words_after, words_before
from resurvey.read.lexer import Line
from resurvey.read.outcomes import outcomes_in
from resurvey.read.percent_subjects import of_people
from resurvey.read.rules import TextRule
from resurvey.read.word_lists import MONTHS, REGISTRY, UNITS

THRESHOLD = re.compile(
    r"\b(?:consider|regard|deem|defin|set at|significance level|"
    r"level of significance|being (?:statistically )?significant|"
    r"(?:denot|indicat|represent)\w* (?:a )?(?:statistical\w* )?signific|were reported as|nominal|alpha|"
    r"will use|threshold|"
    r"statistical significance (?:was|level)|cut-?off)",
    re.IGNORECASE,
)
LEVELS = {"0.05", ".05", "0.01", ".01", "0.1", ".1", "0.025", "0.001", "0.2", ".2"}
TESTS = (
    ("stratified log-rank", r"stratified log-?rank"),
    ("log-rank", r"log-?rank"),
    ("Fisher", r"fisher"),
    ("chi-square", r"chi-?squared?|χ\s?\^?2|pearson"),
    ("Wilcoxon", r"wilcoxon|mann-?whitney"),
    ("t test", r"\bt[- ]test"),
    ("Kruskal-Wallis", r"kruskal"),
    ("analysis of variance", r"\banova\b|analysis of variance"),
    ("McNemar", r"mcnemar"),
    ("Cochran-Mantel-Haenszel", r"mantel"),
    ("interaction", r"interaction"),
    ("trend", r"(?:test|p|value)s? for (?:a )?(?:linear )?trend|trend test|linear trend"),
)
TEST = re.compile("|".join(f"(?P<t{i}>{pattern})" for i, (_, pattern) in enumerate(TESTS)), re.IGNORECASE)
_MONTH = "|".join(name.title() + "|" + name[:3].title() + r"\.?" for name in MONTHS) + r"|Sept\.?"
DATE = re.compile(
    rf"\b(?:(?P<d1>\d{{1,2}})(?:st|nd|rd|th)?\s(?:of )?)?(?P<month>{_MONTH})\s?(?:(?P<d2>\d{{1,2}})(?:st|"
    rf"nd|rd|th)?,?\s)?,?\s?(?P<year>(?:19|20)\d{{2}})\b"
)
# `28/12/2010`: day, month, year; ambiguous if the first number is below 13 in all dates.
DAY_DATE = re.compile(r"(?<![\d/.-])(?P<d1>\d{1,2})[/.](?P<number>0?[1-9]|1[0-2])[/.](?P<year>(?:19|20)\d{2})(?!\d)")
JOINED = re.compile(
    r"[\s,]*(?:and|to|until|till|through|-)[\s,]*(?:ended |closed |ending )?(?:in |on )?", re.IGNORECASE
)
ENROLMENT = re.compile(
    r"\b(?:enrol|recruit|accru|randomi[sz]|randomly|register|entered|includ|underwent|treated|diagnosed|admitted|assigned|"
    r"allocated|stud(?:y|ied)|trial|consecutive|evaluated|hospitali[sz]ed|consent|reviewed)",
    re.IGNORECASE,
)
CUTOFF = re.compile(
    r"\b(?:(?:data|analysis|clinical)[ -]cut(?:[ -]?off)?|cut-?off date|data(?:base)? (?:lock|freeze)|as of)",
    re.IGNORECASE,
)


def test_in(text: str) -> str:
    """The test named in a text; empty if none."""
    match = TEST.search(text)
    return TESTS[int(match.lastgroup[1:])][0] if match else ""  # type: ignore[index]


def _nearest_test(text: str, place: int) -> str:
    """The last test named before a p value, otherwise the first after it."""
    matches = list(TEST.finditer(text))
    before = [match for match in matches if match.start() < place]
    match = before[-1] if before else matches[0] if matches else None
    return TESTS[int(match.lastgroup[1:])][0] if match is not None else ""  # type: ignore[index]


P_NOTE = re.compile(
    r"\bp\b|\bp-?values?\b|compar|calculated|derived|using|analy[sz]ed|assessed|tested|\btest\b", re.IGNORECASE
)


MARKED = re.compile(
    r"[*†‡§¶]+\s?(?:the |adjusted |by )?(?:[\w'-]+ ){0,3}(?:[\w'^-]+ )?(?:test|analysis|method)", re.IGNORECASE
)


def only_test_in(notes: str) -> str:
    """The test that the notes of a table name for its p values; empty if they name several or only define a word."""
    if "=" in notes or ":" in notes:
        notes = re.sub(r"\b[\w-]{1,12}\s?[=:]\s?[^.;,]{0,60}", " ", notes)
    if MARKED.search(notes):
        return ""
    found = {TESTS[int(match.lastgroup[1:])][0] for match in TEST.finditer(notes)}  # type: ignore[index]
    return found.pop() if len(found) == 1 and P_NOTE.search(notes) else ""


def p_values(line: Line) -> list[Found]:
    """Printed p values without a ratio; the significance level in the methods is not included."""
    found = []
    for i, token in enumerate(line.tokens):
        if token.kind != "p" or token.used:
            continue
        around = line.text[max(0, token.start - 110) : token.end + 70]
        if token.value.rstrip("0") in LEVELS and THRESHOLD.search(around):
            continue
        near = line.text[max(0, token.start - 90) : token.end + 40]
        what = token.extra.lower()
        test = (
            "interaction"
            if "inter" in what
            else "trend"
            if "trend" in what
            else "log-rank"
            if "rank" in what
            else _nearest_test(near, token.start - max(0, token.start - 90))
        )
        if test in ("interaction", "trend") and not what and test not in _own_words(line.text, token.start, token.end):
            test = ""
        names = [name for begin, _, name in outcomes_in(line.text) if begin < token.start]
        cells = {"endpoint": names[-1] if names else "", "p": token.printed, "test": test}
        sides = {side for side in ("one-sided", "two-sided") if side in near.lower()}
        if sides == {"one-sided"}:
            cells["p_sided"] = "1"
        elif sides == {"two-sided"}:
            cells["p_sided"] = "2"
        found.append(Found("p", cells, take(line, i), TextRule.P_ALONE))
        found += [
            Found("p", cells | {"p": line.tokens[j].printed}, take(line, j), "p-alone-list") for j in _p_list(line, i)
        ]
    return found


def _p_list(line: Line, i: int) -> list[int]:
    """`(P = 0.102, 0.098 and 0.089, respectively)`: further p values without their letter."""
    more: list[int] = []
    if "respectively" not in line.lower():
        return more
    j = i + 1
    while j + 1 < len(line.tokens) and line.tokens[j].text.lower() in (",", "and"):
        j += line.tokens[j + 1].text.lower() == "and"
        token = line.tokens[j + 1] if j + 1 < len(line.tokens) else line.tokens[j]
        if token.kind != "num" or token.unit or token.used or "." not in token.value or token.number >= 1:
            break
        more.append(j + 1)
        j += 2
    return more


def _own_words(text: str, start: int, end: int) -> str:
    """The words of a p value in a list: from the `;` before it to the next punctuation mark."""
    before = text[max(0, start - 90) : start].rpartition(";")[2]
    return (before + re.split(r"[;,)]", text[end : end + 40])[0]).lower()


DIRECTIONS = (
    ("similar", r"\bsimilar\b|\bcomparable\b|\bno (?:significant )?difference"),
    ("longer", r"\blonger\b|\bprolonged\b"),
    ("shorter", r"\bshorter\b"),
    ("doubled", r"\bdoubled\b|\btwice\b"),
    ("higher", r"\bhigher\b|\bgreater\b|\bmore frequent"),
    ("lower", r"\blower\b|\bfewer\b|\bless frequent"),
    ("better", r"\bbetter\b|\bsuperior\b|\bimproved\b"),
    ("worse", r"\bworse\b|\binferior\b"),
)
DIRECTION = re.compile("|".join(f"(?P<d{i}>{pattern})" for i, (_, pattern) in enumerate(DIRECTIONS)), re.IGNORECASE)


DIFFERENCE = re.compile(
    r"\b(?:difference|risk reduction)\s$|\b(?:difference|improvement|increase|gain|prolongation|(?<!clinical )benefit|"
    r"reduction|decrease)s?\b(?! (?:rate|in dose))(?:\s[A-Za-z][\w-]{0,23}){0,10}"
    r"\s?(?:of|was|were|:|,|=|\()\s?(?:approximately |about |only )?$",
    re.IGNORECASE,
)


# `a reduction of 43% and 51%`: the first of two changes.
LISTED = re.compile(r"[\d.]{1,6}\s?% (?:and|or) $")


# `no difference in the rate: 1.5% (n = 46) in one group`: the share of that group.
OF_GROUP = re.compile(
    r"\s?%?\s?(?:\(n\s?=|(?:in|with|for) (?:the )?[^.;,()]{1,40}?(?:group|arm)s? (?:vs\.?|versus|v|compared)\s)",
    re.IGNORECASE,
)
# `treatment difference (95% CI) was 1.3%`
HEADED = re.compile(r"\s?\(9\d\s?% ?CI\)", re.IGNORECASE)


def differences(line: Line) -> list[Found]:
    """Numerical differences: `a difference of 2.3 months`, `absolute improvement 11.2% (95% CI 3-19)`."""
    found = []
    for i in line.free():
        token = line.tokens[i]
        before = line.text[: token.start]
        measured = token.percent or token.unit in UNITS or interval_after(line, i, bare=False) is not None
        from_to = words_after(line, i, 2) == ["(", "from"] and not {"at", "after"} & set(words_before(line, i, 1))
        stated = from_to or (
            OF_GROUP.match(line.text, token.end) is None
            and DIFFERENCE.search(HEADED.sub("", LISTED.sub("", before[-160:]))) is not None
        )
        stated = stated or _measured_change(line, i)
        stated = stated and not (token.op in ("<", ">", "≤", "≥") and (token.unit in UNITS or token.percent))
        if token.used or not measured or not stated:
            continue
        if set(words_after(line, i, 3)) & {"vs", "vs.", "versus", "v", "compared"}:
            continue
        interval = None if from_to else interval_after(line, i)
        limits = (interval.low, interval.high) if interval else ()
        p = p_after(line, interval.end if interval else i)
        if p is None and interval is not None:
            p = next(
                (j for j in range(i + 1, interval.low) if line.tokens[j].kind == "p" and not line.tokens[j].used), None
            )
        cells = {"value": token.printed, "unit": token.unit, "direction": ""}
        if p is not None:
            cells["p"] = line.tokens[p].printed
        names = [name for begin, _, name in outcomes_in(line.text) if begin < token.start]
        found.append(
            Found(
                "difference",
                cells | {"endpoint": names[-1] if names else ""} | cells_of(interval, ci=True),
                take(line, i, *limits, p),
                "difference",
            )
        )
    return found


CHANGE_BEFORE = re.compile(
    r"\b(?:difference|increase|decrease|reduction|improvement|change)s?\b[^.;()\d]{1,50}$", re.IGNORECASE
)
OTHER_SUBJECT = re.compile(r"\b(?:ratio|median|mean|rate|surviv\w*)\b", re.IGNORECASE)


def _measured_change(line: Line, i: int) -> bool:
    """Whether named limits follow a change with its unit: `increase for arm A 3.0 mmHg (p=0.05, 95% CI -0.04, 6.1)`."""
    before = CHANGE_BEFORE.search(line.text[max(0, line.tokens[i].start - 70) : line.tokens[i].start])
    if before is None or OTHER_SUBJECT.search(before.group()) or line.tokens[i].unit in UNITS:
        return False
    return interval_after(line, i, bare=False) is not None


def dates(line: Line) -> list[Found]:
    """Dates of enrolment and of the data cut-off."""
    found, text = [], line.text
    matches = list(DATE.finditer(text)) or _day_dates(text)
    cutoff = CUTOFF.search(text)
    for number, match in enumerate(matches):
        item = ""
        before = text[max(0, match.start() - 60) : match.start()].lower()
        if cutoff and CUTOFF.search(before):
            item = "data cut-off"
        elif ENROLMENT.search(text):
            item = _side_of_enrolment(text, matches, number)
        if not item:
            continue
        tokens = [i for i, t in enumerate(line.tokens) if match.start() <= t.start < match.end()]
        take(line, *tokens)
        found.append(
            Found(
                "follow_up",
                {"item": item, "statistic": "date", "value": _iso(match), "unit": ""},
                tokens,
                TextRule.DATE,
            )
        )
    for match in matches:
        take(line, *[i for i, t in enumerate(line.tokens) if match.start() <= t.start < match.end()])
    return found


def _side_of_enrolment(text: str, matches: list[re.Match[str]], number: int) -> str:
    """Start or end of enrolment, where a date is one of two that a word joins; nothing for any other date."""

    def joined(first: int) -> bool:
        if not 0 <= first < len(matches) - 1:
            return False
        return JOINED.fullmatch(text[matches[first].end() : matches[first + 1].start()]) is not None

    return "enrolment start" if joined(number) else "enrolment end" if joined(number - 1) else ""


def _day_dates(text: str) -> list[re.Match[str]]:
    """Numeric dates, if at least one shows that the day comes first."""
    matches = list(DAY_DATE.finditer(text))
    return matches if any(int(match["d1"]) > 12 for match in matches) else []


def _iso(match: re.Match[str]) -> str:
    if match.re is DAY_DATE:
        return f"{match['year']}-{int(match['number']):02d}-{int(match['d1']):02d}"
    month = next(i + 1 for i, name in enumerate(MONTHS) if name.startswith(match["month"].lower().rstrip(".")[:3]))
    day = match["d1"] or match["d2"]
    return f"{match['year']}-{month:02d}" + (f"-{int(day):02d}" if day and 1 <= int(day) <= 31 else "")


def registries(line: Line) -> list[Found]:
    """Registry numbers of trials."""
    found = []
    for match in REGISTRY.finditer(line.text):
        tokens = [i for i, t in enumerate(line.tokens) if match.start() <= t.start < match.end()]
        take(line, *tokens)
        if tokens:
            found.append(Found("trial", {"registry_id": match.group()}, tokens, "registry"))
    return found


def years(line: Line) -> None:
    """Mask numbers that are calendar years, which are not counts."""
    for i in line.free():
        token = line.tokens[i]
        if token.whole and 1950 <= token.number <= 2050 and len(token.value) == 4:
            near = set(words_before(line, i, 3)) | set(words_after(line, i, 2))
            if not near & {"patients", "women", "men", "n", "participants", "subjects", "cases"}:
                token.masked = True


SPREAD = {"sd", "s.d", "s.d.", "se", "s.e", "s.e.", "sem", "deviation", "error", "±"}


# What is averaged: `mean number of liver metastases was`, `room occupying time in the two groups were 59.7 ± 25.2`.
MEAN_OF = re.compile(
    r"(?:\b(?:mean|average)\s|(?:^|[;.,(]|\band\b)\s?(?:the |baseline )?(?=[^;.,()]*(?:±|$)))"
    r"(?P<what>(?!was\b|were\b|of\b)[A-Za-z][A-Za-z0-9/ -]{2,70}?)"
    r"(?=\s?(?:±|\(|was\b|were\b|is\b|in\b|at\b|among\b|between\b|,|from\b|with\b|of (?:\d|$)))",
    re.IGNORECASE,
)
NOT_WHAT = {"the", "a", "an", "no", "there", "score±s", "levels", "mean", "average", "and", "baseline"}
POWER_OF_TEN = re.compile(r"(?:\s?±\s?[\d.]+)?\s?(?:\([^()]{1,30}\)\s?)?[×x]\s?10\s?\^?\s?(?P<power>\d{1,2})")


# `10-year EFS and OS of 29 ± 6.5%` is a survival rate, `60.3% (720/1194)` a share.
AS_RATE = re.compile(r"\b\d{1,2}-(?:year|month)\b[^.;]{0,60}\b(?:surviv\w*|OS|[PDEFR]FS)\b(?:[^.;]|\.(?=\d)){0,60}$")
OF_TOTAL = re.compile(r"\s?%?\s?\(\d{1,6}\s?/\s?\d{1,6}\)")


# `70% (± standard deviation [SD], 28%)`, `55.7 (SD 14)`: a mean and its deviation, named behind it.
DEVIATES = re.compile(
    r"\s?%?\s?\(\s?(?:±\s?(?:(?:standard )?(?:deviation|error)|SD|SE)?|SD|S\.D\.|standard deviation)"
    r"(?:\s?[\[(](?:SD|SE)[\])])?\s?[,:=±]?\s?(?P<spread>\d{1,4}(?:\.\d{1,3})?)",
    re.IGNORECASE,
)
# `mean (SD) 6.7 (7.5) points`, `mean [SD] age, 63.4 years [7.2]`
MEAN_SD = re.compile(
    r"\bmeans? ?[(\[ ±]{1,3}(?:SD|S\.D\.|SE|SEM|standard deviation)[)\]]?"
    r"(?: [a-z]{2,16}){0,3}[,:]?(?: was| were| of)? ?$",
    re.IGNORECASE,
)
SPREAD_IN = re.compile(r"\s?(?:%|years?)?\s?[(\[]\s?\d{1,4}(?:\.\d{1,3})?\s?(?:%|years?)?\s?[)\]]")


def means(line: Line) -> list[Found]:
    """Means with what is printed beside them: `81.7 ± 11.8`, `mean age 59.8 years`; the spread is given in the note."""
    found = []
    for i in line.free():
        token = line.tokens[i]
        following = line.tokens[i + 1 : i + 3]
        if token.used:
            continue
        if token.percent and (AS_RATE.search(line.text[: token.start]) or OF_TOTAL.match(line.text, token.end)):
            continue
        if len(following) == 2 and following[0].text == "±" and following[1].kind == "num":
            take(line, i + 2)
            found.append(_mean(line, i, [f"printed with {following[1].value} beside it (standard deviation or error)"]))
        elif deviates := DEVIATES.match(line.text, token.end):
            spread = [j for j, other in enumerate(line.tokens) if other.start == deviates.start("spread")]
            take(line, *spread)
            note = f"printed with {deviates['spread']} beside it (standard deviation or error)"
            found.append(_mean(line, i, [note]))
        elif MEAN_SD.search(line.text, max(0, token.start - 60), token.start) and SPREAD_IN.match(line.text, token.end):
            spread = [j for j in (i + 2, i + 3) if j < len(line.tokens) and line.tokens[j].kind == "num"][:1]
            take(line, *spread)
            found.append(
                _mean(line, i, [f"printed with {line.tokens[spread[0]].value} beside it (standard deviation)"])
            )
        elif set(words_before(line, i, 2)) & SPREAD:
            token.masked = True
        elif token.percent and (words_before(line, i, 1) == ["by"] or of_people(line, i)):
            continue
        elif (
            ("mean" in words_before(line, i, 6) or (_of_means(line, i) and interval_after(line, i)))
            and not token.used
            and (token.unit in UNITS or "." in token.value or token.percent)
            and not token.op
            and not {"over", "to", "at", "after", "by"} & set(words_before(line, i, 1))
        ):
            found.append(_mean(line, i, []))
    return found


def _of_means(line: Line, i: int) -> bool:
    """Whether a line reports means: it says so before the number and mentions no median."""
    before = line.text[: line.tokens[i].start].lower()
    return " mean " in f" {before}" and "median" not in before


PERCENT_SIGN = re.compile(r"\s?(?:%|per ?cent)")


def _same_mean(line: Line, i: int) -> bool:
    """Whether a mean is of what is named before it: no value of another unit stands between them."""
    named = [match.end() for match in MEAN_OF.finditer(line.text, 0, line.tokens[i].start)]
    between = [t for t in line.tokens[:i] if t.kind == "num" and named and t.start >= named[-1] and not t.percent]
    units = {t.unit for t in between if t.unit} | ({line.tokens[i].unit} - {""})
    return len(units) < 2


def _next_of_people(line: Line, i: int) -> bool:
    later = [k for k in range(i + 1, min(i + 4, len(line.tokens))) if line.tokens[k].kind == "num"]
    return bool(later) and line.tokens[later[0]].percent and of_people(line, later[0])


def _mean(line: Line, i: int, notes: list[str]) -> Found:
    interval = interval_after(line, i)
    limits = (interval.low, interval.high) if interval else ()
    token = line.tokens[i]
    cells = {"value": token.printed, "unit": token.unit} | {
        k.removeprefix("range_"): v for k, v in cells_of(interval).items() if k != "ci_level"
    }
    if power := POWER_OF_TEN.match(line.text, token.end):
        cells["unit"] = f"10^{power['power']}"
    named = [match["what"] for match in MEAN_OF.finditer(line.text, 0, token.start)]
    words = [word for word in (named[-1] if named else "").split() if word.lower() not in NOT_WHAT]
    cells["item"] = " ".join(words[:5]).lower() if _same_mean(line, i) else ""
    if cells["unit"] == "%" and not PERCENT_SIGN.match(line.text, token.end) and _next_of_people(line, i):
        # `mean age was 59 and 77% were women`: the sign is that of the other number.
        cells["unit"] = ""
    return Found("quantity", cells, take(line, i, *limits), TextRule.MEAN, notes)
