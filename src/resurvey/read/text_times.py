"""Times and survival in running text: medians, follow-up, survival probabilities."""

from __future__ import annotations

import re

from resurvey.read.grammar import RANGES, Found, Interval, cells_of, interval_after, take, words_after, words_before
from resurvey.read.lexer import Line
from resurvey.read.rules import TextRule
from resurvey.read.text_rate_times import before_survival
from resurvey.read.text_rates import named_in_order
from resurvey.read.word_lists import EVENTS, PATIENTS, TIME_TO_EVENT, UNITS, endpoints_in, time_unit

AT = {
    "at",
    "after",
    "within",
    "every",
    "over",
    "than",
    "until",
    "by",
    "least",
    "beyond",
    "up",
    "<",
    ">",
    "≥",
    "≤",
    "for",
    "aged",
    "last",
    "first",
    "next",
    "past",
    "previous",
    "minimum",
    "maximum",
}
FOLLOW = ("follow-up", "follow up", "followup", "followed", "observation")
TREATMENT = ("duration of treatment", "treatment duration", "duration of therapy", "exposure", "time on treatment")
NOT_REACHED = (
    "not reached",
    "not been reached",
    "not yet reached",
    "not yet been reached",
    "not estimable",
    "not attained",
    "unreached",
)


def medians(line: Line) -> list[Found]:
    """Medians: `median PFS was 8.4 months (95% CI 7.1-9.9) v 6.1 months`, and lists with `respectively`."""
    text = line.lower()
    starts = [
        i for i, token in enumerate(line.tokens) if token.text.lower() in ("median", "medians", "mpfs", "mos", "mst")
    ]
    found: list[Found] = []
    for number, start in enumerate(starts):
        stop = starts[number + 1] if number + 1 < len(starts) else len(line.tokens)
        found += _of_median(line, start, stop)
    if starts:
        found += _not_reached(line, starts, text)
    return found


def _of_median(line: Line, start: int, stop: int) -> list[Found]:
    chosen = [i for i in line.free() if start < i < stop and _is_value(line, i, start)]
    found = []
    for i in chosen:
        if line.tokens[i].used:
            continue
        made = _median(line, start, i)
        if made is None:
            break
        found.append(made)
    _spread_endpoints(line, start, stop, found)
    return found


# `shorter survival (3.6 months less)`: a difference.
HOW_MUCH = re.compile(r"\s(?:months?|years?|weeks?|days?) (?:less|more|longer|shorter|earlier|later)\b", re.IGNORECASE)


def _is_value(line: Line, i: int, start: int) -> bool:
    """Whether a number after `median` can be the median: a time, one with an interval, or directly after `was`."""
    token = line.tokens[i]
    before = words_before(line, i, 1)
    if token.percent:
        ranged = interval_after(line, i, bare=False)
        return ranged is not None and ranged.kind in ("range", "iqr")
    if before and before[0] in AT and not (before[0] == "for" and i - start < 4):
        return False
    if token.op in ("+", "-") and token.unit in UNITS:
        return False
    if (before and before[0] in RANGES) or line.tokens[i - 1].kind in ("level", "ci"):
        return False
    if token.unit in UNITS and i + 1 < len(line.tokens) and before_survival(line, i):
        return False
    if OF_RATES.search(line.text[: token.start]) or "difference" in words_before(line, i, 2):
        return False
    if (
        token.op in ("≥", "≤")
        or HOW_MUCH.match(line.text, token.end)
        or LASTING & set(words_before(line, i, 2))
        or OR_MORE.match(line.text, token.end)
    ):
        return False
    if token.unit in UNITS or token.unit in ("cycles", "courses", "fractions", "points"):
        return "mean" not in words_before(line, i, 4) and not _changed(line, start, i)
    if token.unit:
        if any(name in TIME_TO_EVENT for *_, name in endpoints_in(line.text[line.tokens[start].start : token.start])):
            # `median survival in patients with a pressure of 90 mm Hg`, `a 4 cm margin`: not the endpoint.
            return False
        return i - start < 14 and not {"than", "mean", "sd"} & set(words_before(line, i, 2))
    if token.extra == "word" or (token.whole and set(words_after(line, i, 2)) & COUNTED):
        return False
    return interval_after(line, i) is not None or (i - start <= 6 and bool(before) and before[0] in SAYS)


# `a median of 14.2 months, and 45 patients were censored`: a count behind the median.
COUNTED = {*(PATIENTS - {"patient"}), *EVENTS, "were", "had", "died"}
# `median survival rates of 1 and 2 years`: the time of a rate.
OF_RATES = re.compile(r"\brates? (?:of|at) (?:\d{1,2}(?:,| and) (?:and )?){0,3}$", re.IGNORECASE)
# `responses lasting 6 months or more`: a threshold, not a median.
LASTING = {"lasted", "lasting", "exceeding", "exceeded"}
OR_MORE = re.compile(
    r"\s?(?:months?|years?|weeks?|days?) (?:or (?:more|longer|less|shorter)|"
    r"(?:old|of age) (?:or|and) (?:older|over|above|younger))\b",
    re.IGNORECASE,
)
CHANGED = re.compile(
    r"\b(?:increased|improved|prolonged|extended|reduced|decreased|shortened|longer|shorter) by\b|"
    r"\b(?:benefit|gain|prolongation|advantage|improvement|difference|increase) of\b"
)


def _changed(line: Line, start: int, i: int) -> bool:
    """`median OS was improved by 3.6 months in women and 1.1 months in men`: a difference, not a median."""
    between = line.text[line.tokens[start].start : line.tokens[i].start].lower()
    if DIFFERENCE_IN.search(line.text[: line.tokens[start].start].lower()) and between.rstrip().endswith(" of"):
        return True
    return bool(CHANGED.search(between)) and " from " not in between and " to " not in between


# `a difference in median survival of 6 weeks`
DIFFERENCE_IN = re.compile(r"\b(?:difference|improvement|increase|gain|prolongation|benefit)s? in (?:the )?$")
SAYS = {"was", "of", "is", "were", "(", "=", ":", "median", "-", "and", "to"}


def _median(line: Line, start: int, i: int) -> Found | None:
    token = line.tokens[i]
    if (span := _range_of_times(line, i)) is not None:
        return span
    interval = interval_after(line, i)
    unit = token.unit
    if not unit and interval is not None:
        unit = line.tokens[interval.high].unit or line.tokens[interval.low].unit or _unit_after(line, interval.end)
    subject = COMPARED_IN.sub(" ", " ".join(t.text for t in line.tokens[start:i]).lower())
    near = COMPARED_IN.sub(" ", line.lower()[max(0, token.start - 90) : token.end + 40])
    name = _subject(line, start, i)
    is_time = unit in UNITS
    if unit and not is_time and name in TIME_TO_EVENT:
        name = ""
    if not is_time and not interval and token.value.isdigit() and not name and unit not in ("cycles", "courses"):
        return None
    cells = {"value": token.printed, "unit": unit, **cells_of(interval, unit=unit)}
    notes = [interval.note()] if interval is not None and interval.other_unit(unit) else []
    limits = (interval.low, interval.high) if interval else ()
    taken = take(line, i, *limits)
    ranged = {"iqr", "interquartile", "range"} & set(subject.split()) or CENSORED_LIMIT.search(line.text)
    if interval is not None and interval.kind == "" and ranged:
        cells = {k: v for k, v in cells.items() if k in ("value", "unit")} | cells_of(interval, ci=False, unit=unit)
    elif interval is not None and interval.kind == "":
        # Brackets without a label: an interval after a time to event, a range after anything else.
        named = any(one.kind == "level" for one in line.tokens[start : interval.low])
        cells |= cells_of(interval, ci=name in TIME_TO_EVENT or named, unit=unit)
        if name not in TIME_TO_EVENT and not named:
            cells.pop("lower", None), cells.pop("upper", None), cells.pop("ci_level", None)
    followed = [subject.rfind(word) for word in FOLLOW if word in subject]
    if followed and name in TIME_TO_EVENT and re.search(r"\d", subject[max(followed) :]):
        # `a follow-up of 46 months, ... and progression-free survival (6 v 7 months)`: the later subject.
        return Found("median", cells | {"endpoint": name}, taken, TextRule.TIME_ALONE, notes)
    bracketed = FOLLOWED.search(line.text[: line.tokens[start].start]) is not None
    if followed or (not name and is_time and (bracketed or any(word in near for word in FOLLOW))):
        said = FOLLOW_SAID.search(line.text[: token.start]) is not None and is_time
        rule = "follow-up-said" if said else "follow-up"
        return Found("follow_up", cells | {"item": "follow-up", "statistic": "median"}, taken, rule, notes)
    if any(word in subject for word in TREATMENT):
        return Found(
            "follow_up", cells | {"item": "treatment duration", "statistic": "median"}, taken, "follow-up", notes
        )
    if name in TIME_TO_EVENT and interval is not None and interval.kind == "iqr" and "range_lower" in cells:
        # Quartiles of a time to event are points of its curve, not the spread of a sample.
        cells |= {"lower_quartile": cells.pop("range_lower"), "upper_quartile": cells.pop("range_upper")}
    return Found("median", cells | {"endpoint": name}, taken, _rule_of(line, start, i, name, interval), notes)


# `a median follow-up of 30 months`, `median duration of follow-up was 30 months`
FOLLOW_SAID = re.compile(
    r"\bmedian (?:(?:duration|length|time) of )?(?:\w+ ){0,2}(?:follow[- ]?up|observation)(?: time| period| duration)?"
    r"(?: (?:for|of|in|among) (?!\d)(?:\w+ ){1,4}?)?(?: ?(?:was|of|is|:|,|\(|=))? ?(?:about |approximately |only )?$",
    re.IGNORECASE,
)


def _rule_of(line: Line, start: int, i: int, name: str, interval: Interval | None) -> str:
    """The rule of a median: whether it has limits, and whether its endpoint stands between `median` and the number."""
    rule = "median-interval" if interval else "median"
    if name not in TIME_TO_EVENT:
        return f"{rule}-other"
    if interval is not None and interval.kind == "" and not any(t.kind == "level" for t in line.tokens[: interval.low]):
        return f"{rule}-bare"
    said = endpoints_in(line.text[line.tokens[start].start : line.tokens[i].start])
    return f"{rule}-said" if name in {one for *_, one in said} and line.tokens[i].unit in UNITS else rule


# `median durations (maintenance v follow-up) of 25 v 12 weeks`: names of groups.
COMPARED_IN = re.compile(r"\([^()]*\bv(?:s\.?|ersus)? [^()]*\)")


def _range_of_times(line: Line, i: int) -> Found | None:
    """`a median of 3-6 months`: a range is one row with two limits, not two values."""
    following = line.tokens[i + 1 : i + 3]
    if len(following) < 2 or following[0].text.lower() not in ("-", "to") or following[1].kind != "num":
        return None
    first, second = line.tokens[i], following[1]
    if "from" in words_before(line, i, 1) or second.unit not in UNITS or not first.number < second.number:
        return None
    cells = {"lower": first.printed, "upper": second.printed, "unit": second.unit}
    return Found("quantity", cells, take(line, i, i + 2), "range-time")


def _unit_after(line: Line, end: int) -> str:
    for token in line.tokens[end + 1 : end + 4]:
        if unit := time_unit(token.text):
            return unit
        if token.text not in (")", "]", "+"):
            break
    return ""


# `17.3 (0.4-96.9+) months`: a range whose longest time is censored.
CENSORED_LIMIT = re.compile(r"\d\s?\+\s?[)\]]")
# `PFS (11 v 9 months) and TFS (15 v 11 months)`: an endpoint that the vocabulary lacks.
OTHER_ENDPOINT = re.compile(
    r"\b([A-Z]{1,4}FS|TT[A-Z]{1,2})\s?\(\s?(?:[\d.]{1,6}\s?(?:months|years|weeks|days)?\s(?:v|vs\.?|versus|and)\s)?$"
)
FAR = 600
ABBREVIATED = {"mst": "OS", "mos": "OS", "mpfs": "PFS"}


def _subject(line: Line, start: int, i: int) -> str:
    """What the median refers to: the nearest endpoint before the number, any in the line, or another known item."""
    first, last = line.tokens[start].start, line.tokens[i].start
    inside = endpoints_in(line.text[max(first, last - FAR) : last])
    named = [name for *_, name in inside if name in TIME_TO_EVENT]
    if line.tokens[start].text.lower() in ABBREVIATED and not named:
        return ABBREVIATED[line.tokens[start].text.lower()]
    other = OTHER_ENDPOINT.search(line.text[:last])
    if other is not None and not endpoints_in(other[1]):
        return other[1]
    if named:
        return named[-1]
    words = line.text[first:last].lower()
    for key, name in (("age", "age"), ("time to", ""), ("duration of response", "DoR"), ("survival", "OS")):
        if f" {key}" in f" {words}":
            return name or _time_to(words)
    if any(word in words for word in FOLLOW + TREATMENT):
        return ""
    before = [name for _, end, name in endpoints_in(line.text) if end <= last and name in TIME_TO_EVENT]
    tail = [name for begin, _, name in endpoints_in(line.text) if begin >= last and name in TIME_TO_EVENT]
    phrase = AFTER_SUBJECT.split(IN_BRACKETS.sub(" ", re.sub(r"^\W*medians?\b", " ", words)))[0]
    inner = [word for word in phrase.split() if word.isalpha() and word not in NO_SUBJECT]
    # `survival did not differ (median in group A, 11.1 months)`: brackets of an endpoint that name a group.
    of_group = bool(before) and line.text[:first].rstrip().endswith("(") and not MEASURED & set(inner)
    if inner and inner[0] not in NO_ITEM and inner not in NOTHING_NAMED and not of_group:
        return " ".join(inner[:4])
    if before and FOLLOWED.search(line.text[:first]):
        # `long-term survival follow-up in these patients (median, 56 months)`
        return ""
    return before[-1] if before else tail[0] if tail else ""


FOLLOWED = re.compile(r"\b(?:follow(?:ed)?[ -]?up|monitored|observed for)\b[^.;]{0,130}\(\s?$", re.IGNORECASE)
IN_BRACKETS = re.compile(r"\([^()]*\)")
AFTER_SUBJECT = re.compile(r"(?<![\w-])\d|[(;:,=\[]|\b(?:was|were|is|not|than|fell|rose|increased|decreased)\b")
MEASURED = frozenset(
    [
        "age",
        "number",
        "dose",
        "duration",
        "cycles",
        "time",
        "times",
        "score",
        "level",
        "levels",
        "count",
        "size",
        "interval",
    ]
)
NO_ITEM = frozenset(["survival", "value", "values"])
NOTHING_NAMED = (["time"], ["times"], ["duration"], ["durations"])
NO_SUBJECT = frozenset(
    [
        "being",
        "was",
        "of",
        "the",
        "were",
        "a",
        "for",
        "in",
        "is",
        "with",
        "vs",
        "versus",
        "and",
        "compared",
        "than",
        "to",
        "months",
        "years",
        "weeks",
        "days",
        "v",
        "respectively",
        "by",
        "or",
    ]
)


def _time_to(words: str) -> str:
    tail = words.split("time to", 1)[1].split()
    kept: list[str] = []
    for word in tail[:5]:
        if word in ("was", "were", "in", "for", "with", "is") or not word[0].isalpha():
            break
        if word == "of" and kept[-1:] not in (["progression"], ["deterioration"], ["worsening"]):
            break
        kept.append(word.rstrip(",;:)"))
        if not word[-1].isalpha():
            break
    return "time to " + " ".join(kept) if kept else ""


def _spread_endpoints(line: Line, start: int, stop: int, found: list[Found]) -> None:
    """`median PFS and OS were 8.4 and 20.1 months`: endpoints and numbers in the same order, if equally many."""
    medians = [one for one in found if one.kind == "median"]
    if len(medians) < 2:
        return
    first = line.tokens[start].start
    until = line.tokens[medians[0].tokens[0]].start
    names = named_in_order(line.text[first:until])
    order = names if len(names) == len(medians) else _order_of(line, medians, names)
    for one, name in zip(medians, order, strict=False):
        one.cells["endpoint"] = name


def _order_of(line: Line, medians: list[Found], names: list[str]) -> list[str]:
    """Two endpoints by the joints of more values: `5 v 6 and 10 v 12 months`, or `5 and 10 with A; 6 and 12 with B`."""
    if len(names) != 2 or len(medians) % 2:
        return []
    ends = [max(line.tokens[i].end for i in one.tokens) for one in medians]
    starts = [line.tokens[one.tokens[0]].start for one in medians]
    between = [line.text[a:b].lower() for a, b in zip(ends, starts[1:], strict=False)]
    against = [re.search(r"\b(?:v|vs|versus)\b", words) is not None for words in between]
    if len(medians) == 4 and against == [True, False, True]:
        return [names[0], names[0], names[1], names[1]]
    joined = [re.fullmatch(r"[\s)\]a-z%]{0,12}\band\s", words) is not None for words in between]
    return names * (len(medians) // 2) if joined == [k % 2 == 0 for k in range(len(between))] else []


def _not_reached(line: Line, starts: list[int], text: str) -> list[Found]:
    """Medians reported as not reached, with the limits printed for them."""
    where = next((text.find(words) for words in NOT_REACHED if words in text), -1)
    if where < 0 or re.search(r"(?:-|\bto)\s?$", text[:where]):
        return []
    names = [name for begin, _, name in endpoints_in(line.text) if begin < where and name in TIME_TO_EVENT]
    before = [i for i in starts if line.tokens[i].start < where]
    if not names or not before:
        return []
    word = next((i for i, token in enumerate(line.tokens) if token.start >= where), None)
    if word is None or word - before[-1] > 24:
        return []
    last = next(
        (
            i
            for i in range(word, len(line.tokens))
            if line.tokens[i].text.lower() in ("reached", "estimable", "attained", "unreached")
        ),
        word,
    )
    interval = interval_after(line, last)
    limits = (
        (interval.low, interval.high) if interval and line.tokens[interval.low].end - line.tokens[last].end < 40 else ()
    )
    cells = cells_of(interval) if limits else {}
    return [
        Found(
            "median",
            {"endpoint": names[-1], "value": "NR", "unit": ""} | cells,
            [word, *take(line, *limits)],
            "median-not-reached",
        )
    ]


# `follow-up of 3 years of adjuvant treatment`
OF_SOMETHING = re.compile(r"\s?(?:months|years|weeks)'? of (?!(?:\w+ )?(?:follow|observation))", re.IGNORECASE)


# `the follow-up telephone survey`, `follow-up treatment`: what is done then, which takes no time of follow-up.
_NO_NOUN = (
    r"(?![- ](?:\w+ )?(?:surveys?|interviews?|visits?|assessments?|questionnaires?|treatments?|therapy|calls?|scans?|"
    r"sessions?|examinations?)\b)"
)
FOLLOW_UP_NEXT = re.compile(
    rf"(?:[- ]?(?:months?|years?|weeks?|days?|mo|mos|yrs?|y)\b\.?)?'?"
    rf"\s(?:(?:of|median|mean|minimum|maximum|total|additional|complete|long-term|the) )*"
    rf"(?:follow[- ]?up|observation)\b{_NO_NOUN}",
    re.IGNORECASE,
)
FOLLOW_UP_LED = re.compile(
    rf"\b(?:follow(?:ed)?[- ]?up|followed(?![- ]up)|observation)\b{_NO_NOUN}[^\d.;()]{{0,60}}[\s(]*[<>≤≥~]?$",
    re.IGNORECASE,
)


def _of_follow_up(before: str, after: str) -> bool:
    """Whether a time is that of the follow-up: directly before the word, or behind it without a number between."""
    if before.lower().endswith("first "):
        # `the first 2 years of follow-up`: a part of it.
        return False
    return FOLLOW_UP_NEXT.match(after) is not None or FOLLOW_UP_LED.search(before) is not None


def durations(line: Line) -> list[Found]:
    """Follow-up that is not a median: `followed for at least 24 months`, `a minimum follow-up of 3 years`."""
    found: list[Found] = []
    if not any(word in line.lower() for word in FOLLOW):
        return found
    for i in line.free():
        token = line.tokens[i]
        if token.used or token.unit not in UNITS:
            continue
        if words_before(line, i, 1) == ["±"]:
            token.masked = True
            continue
        near = " ".join([*reversed(words_before(line, i, 7)), *words_after(line, i, 4)])
        if not _of_follow_up(line.text[: token.start][-120:], line.text[token.end :]):
            continue
        if (
            "every" in near
            or "each" in near
            or {"aged", "ages"} & set(words_before(line, i, 4))
            or OF_SOMETHING.match(line.text, token.end)
        ):
            continue
        interval = interval_after(line, i)
        limits = (interval.low, interval.high) if interval else ()
        statistic = (
            "median"
            if "median" in near
            else "mean"
            if "mean" in near
            else "minimum"
            if "least" in near or "minimum" in near
            else "maximum"
            if "maximum" in near
            else "duration"
        )
        cells = {"item": "follow-up", "statistic": statistic, "value": token.printed, "unit": token.unit} | cells_of(
            interval, unit=token.unit
        )
        found.append(Found("follow_up", cells, take(line, i, *limits), TextRule.FOLLOW_UP_OTHER))
    return found
