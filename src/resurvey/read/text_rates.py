"""Survival probabilities at given times: `3-year OS was 61%`, lists of times with lists of percentages."""

from __future__ import annotations

import re
from collections import deque
from itertools import pairwise

from resurvey.read.grammar import Found, Interval, cells_of, interval_after, take, words_after, words_before
from resurvey.read.lexer import Line
from resurvey.read.outcomes import UNNAMED, outcomes_before, outcomes_in
from resurvey.read.share_groups import joins_groups
from resurvey.read.text_rate_times import times_of
from resurvey.read.word_lists import TIME_TO_EVENT, endpoints_in

# `a 29% survival rate at 1 year`, `26.5% response rate`: the endpoint directly behind the value, or a list of values.
NAMED_BEHIND = re.compile(
    r"\s?%?(?:\s(?:and|or|versus|vs\.?|v)\s[\d.]{1,5}\s?%)?\s(?:(?:\d|one|two|three|five)-year )?"
)


# `at 8 weeks, 23% had progressed`: those with the event, not those without it.
HAD_EVENT = re.compile(
    r"\s?%?[^.;,%\d]{0,50}?\b(?:had (?:already )?(?:progressed|died|relapsed|progressive disease|disease progression)|"
    r"(?<!not )progressed|were dead|(?:had|have|with) died)\b",
    re.IGNORECASE,
)


# `Improvements in absolute OS rates were 10% at 6 months and 15% at 12 months`: differences of rates.
IMPROVED = re.compile(
    r"\b(?:differences?|improvements?|increases?|gains?|benefits?|reductions?) in (?:\w+[ -]){0,4}?"
    r"(?:OS|PFS|DFS|survival)(?: rates?)? (?:was|were|of) [^;.]{0,60}$",
    re.IGNORECASE,
)
# `the 5-year mortality in the two groups was 19% and 15%`: the dead, not the living.
OF_DEATHS = re.compile(
    r"\b(?:mortality|death rates?)\b(?![^;.]*\b(?:surviv\w*|alive|free)\b)[^;.()]{0,80}?"
    r"(?:was|were|of|:|\()\s?(?:[\d.]{1,5}\s?%\s?(?:and|v|vs\.?|versus|to)\s)?$",
    re.IGNORECASE,
)


def _named_behind(line: Line, i: int) -> str:
    match = NAMED_BEHIND.match(line.text, line.tokens[i].end)
    behind = endpoints_in(line.text[match.end() : match.end() + 60]) if match is not None else ()
    return behind[0][2] if behind and behind[0][0] == 0 else ""


ALIVE = (
    "survival",
    "free",
    "alive",
    "surviv",
    "control",
    "incidence",
    "relapse",
    "recurrence",
    "failure",
    "mortality",
    "progression",
    "free rate",
)


# Groups of controls, which say nothing of a disease under control.
CONTROLS = re.compile(
    r"\bcontrols?(?:led)?\b(?= (?:groups?|arms?|patients?|subjects|women|men|cohort|"
    r"condition|intervention|and|or|vs|versus|at|in"
    r"|on|trial|study)\b| \(|[^a-z ])|\bcontrolled\b|-controlled\b"
)
# `was less than 5%`, `exceeded 10%`: a bound.
BOUND = re.compile(
    r"\b(?:(?:less|more|greater|fewer|higher|lower|larger|smaller) than|exceed(?:s|ed|ing)?|at least|at most|"
    r"above|below) $"
)
# `a 66% relative risk reduction`
CHANGE_BEHIND = re.compile(
    r"\s?(?:%|per ?cent)?\s?(?:(?:relative|absolute|estimated|overall|significant) )*(?:risk )?"
    r"(?:increase|decrease|improvement|reduction|difference|gain)\b",
    re.IGNORECASE,
)


def rates(line: Line) -> list[Found]:
    """Survival probabilities: `3-year OS was 61% (95% CI 55-67)`, `OS at 1, 3 and 5 years was 90, 70 and 61%`."""
    times = times_of(line)
    names = [one for one in outcomes_in(line.text) if one[2] in TIME_TO_EVENT or one[2] == UNNAMED]
    spoken = CONTROLS.sub(" ", line.lower())
    if not times or not (names or any(word in spoken for word in ALIVE)):
        return []
    for i, *_ in times:
        line.tokens[i].masked = True
    values = [i for i in line.free() if line.tokens[i].percent and not _is_limit(line, i)]
    values = [i for i in values if not _in_range(line, i) and words_after(line, i, 2) != ["(", "from"]]
    values = [i for i in values if not CHANGE_BEHIND.match(line.text, line.tokens[i].end) and line.tokens[i].op != "-"]
    values = [i for i in values if not re.search(r"\bmargin\b[^;]{0,40}$", line.text[: line.tokens[i].start])]
    values = [
        i for i in values if not BOUND.search(line.text[max(0, line.tokens[i].start - 24) : line.tokens[i].start])
    ]
    values = [i for i in values if not _counted(line, i) and _survives(line, i, times)]
    values = [i for i in values if not IMPROVED.search(line.text[: line.tokens[i].start])]
    values = [i for i in values if not OF_DEATHS.search(line.text[: line.tokens[i].start])]
    values = [i for i in values if not HAD_EVENT.match(line.text, line.tokens[i].end)]
    values = _before_another_subject(line, values, times)
    if not values:
        return []
    pairs = _paired(line, values, times)
    found = []
    for i, (number, unit), sure in pairs:
        if line.tokens[i].used:
            continue
        interval = interval_after(line, i)
        if interval is not None and interval.kind in ("range", "iqr"):
            interval = None
        limits = (interval.low, interval.high) if interval else ()
        if event := event_before(line.text[: line.tokens[i].start]):
            found.append(_by_time(line, i, event, (number, unit), interval))
            continue
        behind = _named_behind(line, i)
        name = behind if behind in TIME_TO_EVENT else _endpoint_of(line, names, i)
        cells = {"endpoint": name, "time": number, "time_unit": unit, "value": line.tokens[i].printed, "unit": "%"}
        taken = take(line, i, *limits)
        rule = ("rate-interval" if interval else "rate") if sure else "rate-loose"
        if sure and len({time[1:] for time in times}) == 1 and _said(line, i, name, found):
            rule += "-said"
        found.append(Found("rate", cells | cells_of(interval, ci=True), taken, rule))
    made = [one for one in found if one.kind == "rate"]
    outer = [one for one in made if not _bracketed(line, made[0], one)]
    _name_rates(line, names, outer)
    for one in made:
        if one not in outer:
            # `76% (ER+ 87%, ER- 53%) and 54% (...)`: parts of the value before the brackets.
            one.cells["endpoint"] = [main for main in outer if main.tokens[0] < one.tokens[0]][-1].cells["endpoint"]
    return found


def _bracketed(line: Line, first: Found, one: Found) -> bool:
    """Whether a value stands in brackets that were opened behind the first value."""
    between = line.text[line.tokens[first.tokens[0]].end : line.tokens[one.tokens[0]].start]
    return between.count("(") > between.count(")")


# `5-year OS was 60%`, `OS rates at 5 years were 60%`, `survival (5-year: 60%`
_SAID = re.compile(
    r"(?: \([A-Z]{2,6}\))?(?: rates?| probabilit(?:y|ies)| estimates?)?"
    r"(?: at (?:\w+|\d{1,3})[ -](?:years?|months?|weeks?))?(?: (?:was|were|of|is))?[ :=,(]{0,3}",
    re.IGNORECASE,
)


def _said(line: Line, i: int, name: str, found: list[Found]) -> bool:
    """Whether a value stands directly behind its endpoint, or is that of another group than the value before it."""
    place = line.tokens[i].start
    named = outcomes_before(line.text, place)
    if named and named[-1][2] == name and name in TIME_TO_EVENT and _SAID.fullmatch(line.text[named[-1][1] : place]):
        return True
    last = found[-1] if found else None
    if last is None or not last.rule.endswith("-said") or last.cells.get("endpoint") != name:
        return False
    return joins_groups(line.text[max(line.tokens[k].end for k in last.tokens) : place])


# `a relapse rate of 86% v 63% at 2 years`: those with the event. `relapse-free`, `patients with relapse` are none.
_SIDE = re.compile(
    r"(?P<alive>surviv\w*|\bfree\b|freedom|\balive\b|"
    r"\b(?:local|tumou?r|disease|pelvic|locoregional|loco-regional|regional|long-term) control\b|"
    r"\b[a-z]?(?:OS|[A-Z]{1,3}FS|TTP|TTF)\b|respon\w+|"
    r"remissions?)|"
    r"(?P<event>\b(?:(?!(?:the|an?|of|and|or|in|with|at|was|were|for|to|both|rates?)\b)[a-z][a-z-]+ ){0,2}"
    r"(?<!with )(?<!after )(?<!before )(?<!without )(?<!at )(?<!following )(?<!since )(?<!of )"
    r"\b(?:relapses?|reoccurrences?|recurrences?|mortality|failures?|incidence(?: of (?:[a-z-]+ ){0,2}[a-z-]{4,})?)\b"
    r"(?![- ]free))",
    re.IGNORECASE,
)


def event_before(text: str) -> str:
    """The event whose share the next percentage is, if the last outcome named is an event and no survival."""
    last = deque(_SIDE.finditer(text), maxlen=1)
    return (last[0]["event"] or "").lower() if last else ""


def _by_time(line: Line, i: int, event: str, time: tuple[str, str], interval: Interval | None) -> Found:
    """The share with an event by a time: no survival, so it stands among the proportions, with its time."""
    limits = (interval.low, interval.high) if interval else ()
    cells = {"percent": line.tokens[i].printed, "item": event, "time": time[0], "time_unit": time[1]}
    return Found("proportion", cells | cells_of(interval, ci=True), take(line, i, *limits), "percent-by-time")


# `(64% and 69%), and objective tumour responses (59% and 60%)`: what follows the brackets has a subject of its own.
NEXT_SUBJECT = re.compile(r"\)[,;]?\s(?:and |or |as were |but )?(?P<words>[^();]{3,90}?)\s?\($")


def _before_another_subject(line: Line, values: list[int], times: list[tuple[int, str, str]]) -> list[int]:
    """Values of a list up to the brackets of a subject that is no survival; later ones only after a new time."""
    kept: list[int] = []
    stopped = False
    for i in values:
        begin = line.tokens[kept[-1]].end if kept else 0
        between = line.text[begin : line.tokens[i].start]
        match = NEXT_SUBJECT.search(between) if kept else None
        timed = any(begin <= line.tokens[j].start < line.tokens[i].start for j, *_ in times)
        if match is not None and not timed and OTHER_OUTCOME.search(match["words"]):
            stopped = True
        stopped = stopped and not timed
        if not stopped:
            kept.append(i)
    return kept


OTHER_OUTCOME = re.compile(
    r"respon|remission|toxic|adverse|complicat|tumou?r|quality of life|\bQo?L\b|function|symptom|\bpain\b",
    re.IGNORECASE,
)


def _in_range(line: Line, i: int) -> bool:
    """Whether a percentage is one end of a range (`58 to 75%`), which forms a row of its own."""
    for joint, other in ((i + 1, i + 2), (i - 1, i - 2)):
        low, high = sorted((i, other))
        joints = ("-", "to", "and") if low >= 0 and words_before(line, low, 1) == ["between"] else ("-", "to")
        if not 0 <= other < len(line.tokens) or joint < 0 or line.tokens[joint].text.lower() not in joints:
            continue
        ranged = "from" not in words_before(line, low, 1) or "rang" in line.text[: line.tokens[low].start][-16:].lower()
        if line.tokens[other].kind == "num" and line.tokens[other].percent and ranged:
            return line.tokens[low].number < line.tokens[high].number
    return False


def _survives(line: Line, i: int, times: list[tuple[int, str, str]]) -> bool:
    """Whether the nearest endpoint before a percentage is survival, with a time in the same clause."""
    place = line.tokens[i].start
    begin, end = line.text.rfind(";", 0, place) + 1, line.text.find(";", place)
    end = len(line.text) if end < 0 else end
    if line.text.count("(", begin, place) != line.text.count(")", begin, place):
        begin = line.text.rfind("(", 0, place)
        begin = line.text.rfind(";", 0, begin) + 1
    near = [one for one in outcomes_in(line.text[begin:place]) if one[2] != UNNAMED]
    name = _named_behind(line, i) or (near[-1][2] if near else "")
    if name and name not in TIME_TO_EVENT:
        return False
    return any(begin <= line.tokens[j].start < end for j, *_ in times) or not any(
        line.tokens[j].start > begin for j, *_ in times
    )


def _is_limit(line: Line, i: int) -> bool:
    """Whether the number is a limit of another number's interval, judged by the level or bracket before it."""
    before = words_before(line, i, 2)
    back = line.tokens[max(0, i - 3) : i]
    return any(t.kind in ("level", "ci") for t in back) or bool(
        before
        and before[0] == "-"
        and i >= 2
        and line.tokens[i - 2].kind == "num"
        and any(t.kind in ("level", "ci") for t in line.tokens[max(0, i - 6) : i])
    )


def _counted(line: Line, i: int) -> bool:
    """Whether a percentage is beside its count (`12 (30%)`): a proportion, not a survival estimate."""
    before = line.tokens[max(0, i - 2) : i]
    return len(before) == 2 and before[1].text in ("(", "[") and before[0].kind == "num" and before[0].whole


def _paired(
    line: Line, values: list[int], times: list[tuple[int, str, str]]
) -> list[tuple[int, tuple[str, str], bool]]:
    """Each value with its time, and whether the pairing is certain.

    Times and values occur in runs: `at 2 and 3 years 45% and 38%; 2-year OS 61%`, or values first: `61% at 3 years`.
    """
    stamps = {j: (number, unit) for j, number, unit in times}
    if len(set(stamps.values())) == 1:
        return [(i, next(iter(stamps.values())), True) for i in values]
    marks = sorted([*stamps, *values])
    first_is_value = marks[0] in values
    groups: list[tuple[list[int], list[int]]] = []
    for mark in marks:
        leads = (mark in values) == first_is_value
        if not groups or (leads and groups[-1][1]):
            groups.append(([], []))
        groups[-1][0 if leads else 1].append(mark)
    pairs: list[tuple[int, tuple[str, str], bool]] = []
    for lead, follow in groups:
        some, own = (lead, follow) if first_is_value else (follow, lead)
        pairs += _pair_run(line, some, [stamps[j] for j in own], times)
    return sorted(pairs)


def _pair_run(
    line: Line, values: list[int], stamps: list[tuple[str, str]], times: list[tuple[int, str, str]]
) -> list[tuple[int, tuple[str, str], bool]]:
    distinct = list(dict.fromkeys(stamps))
    if not values:
        return []
    if len(distinct) == 1:
        return [(i, distinct[0], True) for i in values]
    if distinct and len(values) == len(distinct):
        return [(i, stamp, True) for i, stamp in zip(values, distinct, strict=True)]
    if len(values) == 2 * len(distinct) and _in_versus(line, values):
        return [(i, distinct[n // 2], True) for n, i in enumerate(values)]
    if distinct and len(values) % len(distinct) == 0:
        # `68.5, 41.4 v 56.8, 26.2%`: the order of times and groups is ambiguous unless each part is a separate list.
        apart = all(len(run) == len(distinct) for run in _runs(line, values))
        by_group = [distinct[n % len(distinct)] for n in range(len(values))]
        by_time = [distinct[n * len(distinct) // len(values)] for n in range(len(values))]
        order = by_time if _rises(line, values, len(distinct)) and len(values) == 2 * len(distinct) else by_group
        return [(i, stamp, apart and order is by_group) for i, stamp in zip(values, order, strict=True)]
    return [(i, _nearest(i, times), False) for i in values]


def _rises(line: Line, values: list[int], times: int) -> bool:
    """Whether survival would rise, or events fall, with time if every `times` values were one group's: they are not."""
    sign = -1 if event_before(line.text[: line.tokens[values[0]].start]) else 1
    numbers = [sign * line.tokens[i].number for i in values]
    return any(b > a for k, (a, b) in enumerate(pairwise(numbers)) if (k + 1) % times)


def _in_versus(line: Line, values: list[int]) -> bool:
    """Whether values form pairs: `96% v 87% and 87% v 75%`, two groups at each time."""
    joints = [{t.text.lower() for t in line.tokens[a + 1 : b]} - {"%", ")", "("} for a, b in pairwise(values)]
    against = {"vs", "vs.", "versus", "v"}
    return all(bool(words & against) == (k % 2 == 0) for k, words in enumerate(joints))


def _runs(line: Line, values: list[int]) -> list[list[int]]:
    """Values in separate lists: words other than `and` between two of them end a list."""
    runs = [[values[0]]]
    for before, after in pairwise(values):
        between = {token.text.lower() for token in line.tokens[before + 1 : after]}
        if between <= {",", "and", "or", "%"}:
            runs[-1].append(after)
        else:
            runs.append([after])
    return runs


def _nearest(i: int, times: list[tuple[int, str, str]]) -> tuple[str, str]:
    before = [item for item in times if item[0] < i]
    _, number, unit = before[-1] if before else times[0]
    after = [item for item in times if item[0] > i]
    if before and after and after[0][0] - i <= 2 < i - before[-1][0]:
        _, number, unit = after[0]
    return number, unit


def _name_rates(line: Line, names: list[tuple[int, int, str]], found: list[Found]) -> None:
    """`5-year OS and DFS were 51% and 34%`: endpoints and values in the same order, for each time and each group."""
    if len(found) < 2:
        return
    first = line.tokens[found[0].tokens[0]].start
    near = next((begin for begin, end, _ in names if end <= first and first - end < 110), first)
    listed = named_in_order(line.text[near:first])
    times = list(dict.fromkeys((one.cells["time"], one.cells["time_unit"]) for one in found))
    if len(listed) < 2 or len(found) % (len(listed) * len(times)):
        return
    runs = _runs(line, [one.tokens[0] for one in found])
    if len(times) == 1 and len(runs) == len(listed) and len({len(run) for run in runs}) == 1 and len(runs[0]) > 1:
        # `OS and DSS of these groups were 71, 59 and 42%, and 86, 81 and 71%`: one list per endpoint.
        order = [name for name in listed for _ in runs[0]] if len(runs[0]) != len(listed) else listed * len(runs)
    else:
        order = [listed[k // len(times) % len(listed)] for k in range(len(found))]
    for k, (one, name) in enumerate(zip(found, order, strict=True)):
        one.cells["endpoint"] = name
        if len(times) > 1:
            one.cells["time"], one.cells["time_unit"] = times[k % len(times)]
        if len(found) > len(listed):
            one.rule = "rate-loose"


def _endpoint_of(line: Line, names: list[tuple[int, int, str]], i: int) -> str:
    place = line.tokens[i].start
    before = [name for _, end, name in names if end <= place]
    after = [name for begin, _, name in names if begin > place]
    return before[-1] if before else after[0] if after else ""


ABBREVIATION = re.compile(r"\b[A-Z][A-Za-z]?[A-Z]{1,4}\d?\b")


def named_in_order(text: str) -> list[str]:
    """Endpoints of a list in order; an abbreviation not in the vocabulary (`OS and SBP`) is kept as it is."""
    known = [(begin, end, name) for begin, end, name in endpoints_in(text) if name in TIME_TO_EVENT]
    others = [
        (m.start(), m.end(), m.group())
        for m in ABBREVIATION.finditer(text)
        if m.group() not in ("CI", "SD", "IQR", "HR") and not any(b <= m.start() < e for b, e, _ in known)
    ]
    chain: list[tuple[int, int, str]] = []
    for item in sorted(known + others):
        if chain and not LISTED.fullmatch(text[chain[-1][1] : item[0]]):
            if any(one in known for one in chain) and len(chain) > 1:
                break
            chain = []
        chain.append(item)
    return list(dict.fromkeys(name for *_, name in chain)) if any(one in known for one in chain) else []


LISTED = re.compile(
    r"\s?(?:,|and|, and|or|/)\s?(?:the )?(?:(?:\d{1,2}|one|two|three|five|ten)-(?:year|month) )?|"
    r"[- ]?(?:rates?|probabilit(?:y|ies))?\s?\([^()]{1,24}\),?\s?(?:and )?"
)
