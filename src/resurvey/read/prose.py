"""Claims of running text: each sentence is passed once through the rules, the most specific first."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise

from resurvey.read import no_results, sentences
from resurvey.read.arm_places import arms_of, sizes_beside
from resurvey.read.backgrounds import Background, of_others
from resurvey.read.grammar import Found
from resurvey.read.lexer import Line, lex
from resurvey.read.lexicon import Lexicon, arm_named
from resurvey.read.normal import WORDS, plain
from resurvey.read.objects import Claim, Paragraph, Span
from resurvey.read.outcomes import UNNAMED, outcomes_in
from resurvey.read.paper_parts import beside_other_work, in_methods
from resurvey.read.percent_subjects import name_subjects
from resurvey.read.rules import TextRule
from resurvey.read.share_kinds import ShareKind
from resurvey.read.share_words import CONNECTING, describe, link, sizes_said
from resurvey.read.text_censored import completed
from resurvey.read.text_counts import counts
from resurvey.read.text_designs import designs, joined, of_results
from resurvey.read.text_items import item_of
from resurvey.read.text_other import dates, differences, means, p_values, registries, years
from resurvey.read.text_percents import percentages
from resurvey.read.text_rates import named_in_order, rates
from resurvey.read.text_ratios import carried, plainly_named, ratios
from resurvey.read.text_shares import proportions
from resurvey.read.text_times import durations, medians
from resurvey.read.text_times_alone import times_alone
from resurvey.read.text_untimed import untimed
from resurvey.read.word_lists import DESIGN, RESPONSES, TIME_TO_EVENT, endpoints_in

RULES = (
    registries,
    dates,
    ratios,
    medians,
    durations,
    differences,
    means,
    proportions,
    rates,
    times_alone,
    untimed,
    percentages,
    counts,
    p_values,
)


def find(line: Line) -> list[Found]:
    """All matches of one sentence."""
    years(line)
    found: list[Found] = []
    if DESIGN.search(line.text) and not of_results(line):
        found += designs(line)
        if found:
            return found + registries(line)
    no_results.mask(line)
    for rule in RULES:
        found += rule(line)
    return found


# Counts that may be the denominators of shares behind them.
GROUPS = (
    TextRule.COUNT,
    TextRule.COUNT_ENTERED,
    TextRule.COUNT_VERB,
    TextRule.COUNT_LISTED,
    TextRule.COUNT_EQUALS,
    TextRule.COUNT_EQUALS_LISTED,
    TextRule.COUNT_OF_TOTAL,
)
# Values that the methods of a paper only plan, assume or define.
ALONE = (
    TextRule.PERCENT,
    TextRule.PERCENT_RANGE,
    TextRule.COUNT_LISTED,
    TextRule.DIFFERENCE,
    TextRule.MEAN,
    TextRule.TIME_ALONE,
    TextRule.FOLLOW_UP_OTHER,
)
NUMBER_WORD = re.compile(
    r"\b(?:" + "|".join(word for word in WORDS if word not in ("zero", "one")) + r")\b", re.IGNORECASE
)


# Sentences whose bare percentages are assumed or defined, wherever they stand.
SUPPOSED = re.compile(
    r"\bnon-?inferiority (?:analysis|margin|limit|design|was)\b|\b(?:was|were|is) defined (?:as|by)\b|"
    r"\bcriterion of\b|\b(?:entry|inclusion|exclusion|eligibility) criteria\b|"
    r"\bconsidered (?:important|clinically|meaningful)|\btypes? (?:I|1)(?:/II)? error",
    re.IGNORECASE,
)
BARE = (TextRule.PERCENT, TextRule.PERCENT_RANGE, TextRule.DIFFERENCE)
ASSUMED = ("median", "rate", "ratio", "proportion", "quantity", "arm")


def _without_plans(paragraph: Paragraph, line: Line, found: list[Found]) -> list[Found]:
    """What a line claims: a bare percentage, duration or difference in the methods is a threshold or a plan.

    The same applies to what a sentence of the methods assumes.
    """
    if not found:
        return []
    plain_methods = in_methods(paragraph) and "result" not in " ".join(paragraph.section).lower()
    planned = {*ASSUMED} if plain_methods and DESIGN.search(line.text) else set()
    supposed = {*BARE} if SUPPOSED.search(line.text) else set()
    alone = {*ALONE} if plain_methods else set()
    return [
        one
        for one in found
        if one.kind not in planned
        and one.rule not in supposed
        and one.rule not in alone
        and not (plain_methods and one.rule == TextRule.P_ALONE and one.cells["p"][:1] in "<≤>≥")
    ]


def _share_endpoints(line: Line, found: list[Found]) -> None:
    """`HRs of 0.9 and 0.8 for PFS and OS`: pair listed ratios with the endpoints after them, if equally many."""
    for k, one in enumerate(found):
        if one.kind != "ratio" or one.rule.startswith(TextRule.RATIO_LISTED):
            continue
        group = [one]
        for other in found[k + 1 :]:
            if other.kind != "ratio" or not other.rule.startswith(TextRule.RATIO_LISTED):
                break
            group.append(other)
        end = line.tokens[group[-1].tokens[-1]].end
        names = [
            name for begin, _, name in endpoints_in(line.text) if end <= begin < end + 80 and name in TIME_TO_EVENT
        ]
        if len(group) > 1 and len(names) == len(group):
            for member, name in zip(group, names, strict=True):
                member.cells["endpoint"] = name


def _ratios_in_order(line: Line, found: list[Found]) -> None:
    """`HRs for OS and RFS were 0.6 (...) and 0.5 (...), respectively`: endpoints and ratios in the same order."""
    listed = sorted((one for one in found if one.kind == "ratio"), key=lambda one: one.tokens[0])
    if len(listed) < 2 or "respectively" not in line.lower():
        return
    first = line.tokens[listed[0].tokens[0]].start
    names = named_in_order(line.text[:first])
    ends = [max(line.tokens[i].end for i in one.tokens) for one in listed]
    starts = [line.tokens[one.tokens[0]].start for one in listed]
    joints = [line.text[a:b] for a, b in zip(ends, starts[1:], strict=False)]
    if len(names) == len(listed) and all(RATIO_JOINT.fullmatch(joint) for joint in joints):
        for one, name in zip(listed, names, strict=True):
            one.cells["endpoint"] = name


RATIO_JOINT = re.compile(r"[\s)\]]*(?:,|and|, and)\s")


def _sizes_of_arms(found: list[Found], lexicon: Lexicon) -> None:
    """`(n = 45)` after anything but an arm is a count of that item."""
    for one in found:
        if one.kind == "arm" and not arm_named(one.cells.get("label", ""), lexicon):
            one.kind = "proportion"
            label = one.cells.pop("label", "")
            response = label if label in RESPONSES else ""
            response = response or next((name for *_, name in endpoints_in(label) if name in RESPONSES), "")
            if response:
                one.cells |= {"item": response, "kind": ShareKind.RESPONSE, "endpoint": response}
            elif label:
                one.cells["item"] = label.lower()


def _endpoints_of_p(line: Line, found: list[Found]) -> None:
    """A p value or a difference belongs to the endpoint of the value before it, unless another is named between them.

    In a list of subjects (`in survival (p=0.01), pain (p=0.02)`) an endpoint does not pass on to the next subject.
    """
    values = [one for one in found if one.kind in ("rate", "median", "proportion")]
    last = 0
    later = [one for one in found if one.kind in ("p", "difference")]
    for one in sorted(later, key=lambda one: line.tokens[one.tokens[0]].start):
        place = line.tokens[one.tokens[0]].start
        if one.kind == "p" and (behind := _endpoint_behind(line, one)):
            one.cells["endpoint"], last = behind, line.tokens[one.tokens[0]].end
            continue
        if one.kind == "p" and OF_OTHER.match(line.text, place + len(line.tokens[one.tokens[0]].value)):
            one.cells["endpoint"], last = "", line.tokens[one.tokens[0]].end
            continue
        before = [value for value in values if last <= line.tokens[value.tokens[0]].start < place]
        if before:
            nearest = _beside(line, before, place)
            between = line.text[line.tokens[max(nearest.tokens)].end : place]
            if not outcomes_in(between):
                one.cells["endpoint"] = nearest.cells.get("endpoint", "")
            if one.kind == "p" and BESIDE.fullmatch(between):
                one.rule = "p-alone-beside"
                one.cells |= {"item": nearest.cells["item"]} if nearest.cells.get("item") else {}
        elif one.kind == "p" and last and _own_subject(line.text[last:place]):
            one.cells["endpoint"] = ""
        last = line.tokens[one.tokens[0]].end if one.kind == "p" else last


# `41%; P = 0.07`, `6 (4%), p=0.3`: the p value stands directly behind the values it compares.
BESIDE = re.compile(r"[\s%)\]]*(?:months|years|weeks|days)?[\s,;:)(\[]*(?:[pP]\s?[=<>≤≥]?\s?)?")


# `(p = 0.02 for survival and p = 0.009 for the share free of cancer)`: what is named behind is not in our vocabulary.
OF_OTHER = re.compile(
    r"\s?for (?:the )?(?!interaction|trend|hetero|difference|comparison|superiority|non|log|both|all|each|group)"
    r"[a-z]{4,}"
)


def _p_in_order(line: Line, found: list[Found]) -> None:
    """`DFS and OS were better (P = 0.016 and P = 0.034, respectively)`: endpoints and p values in the same order."""
    listed = sorted((one for one in found if one.kind == "p"), key=lambda one: one.tokens[0])
    if len(listed) < 2 or "respectively" not in line.lower():
        return
    places = [line.tokens[one.tokens[0]] for one in listed]
    joints = [line.text[a.end : b.start] for a, b in pairwise(places)]
    names = named_in_order(line.text[: places[0].start])
    if len(names) == len(listed) and all(P_JOINT.fullmatch(joint) for joint in joints):
        for one, name in zip(listed, names, strict=True):
            one.cells["endpoint"] = name


P_JOINT = re.compile(r"\s?(?:,|and|, and)\s(?:[pP]\s?[=<>≤≥]?\s?)?")


def _beside(line: Line, values: list[Found], place: int) -> Found:
    """The value before a p value: the nearest that is not a part named in brackets closed before the p value."""
    ordered = sorted(values, key=lambda value: line.tokens[value.tokens[0]].start)[::-1]
    outside = (value for value in ordered if not _closed(line.text[line.tokens[value.tokens[0]].end : place]))
    return next(outside, ordered[0])


def _closed(text: str) -> bool:
    """Whether a text closes brackets that were opened before it."""
    depth = 0
    for bracket in re.findall(r"[()]", text):
        depth += 1 if bracket == "(" else -1
        if depth < 0:
            return True
    return False


def _own_subject(text: str) -> bool:
    """Whether the words between two p values name what the second compares, but no endpoint."""
    words = [word for word in re.findall(r"[a-z]{3,}", text.lower()) if CONNECTING.fullmatch(word) is None]
    return bool(words) and text.lstrip(" )]").startswith((",", "and ", ";")) and not endpoints_in(text)


def _carry_level(line: Line, found: list[Found]) -> None:
    """`14% (95% CI 10-18) v 15% (12-19)`: the first level printed applies to the later limits too."""
    level = ""
    for one in sorted(found, key=lambda one: line.tokens[one.tokens[0]].start):
        if one.kind in ("ratio", "rate", "median", "proportion", "difference") and one.cells.get("lower"):
            level = one.cells.get("ci_level") or level
            if level and not one.cells.get("ci_level"):
                one.cells["ci_level"] = level


def claims(paragraph: Paragraph, lexicon: Lexicon) -> list[Claim]:
    """Claims of one paragraph, in the order of their first number."""
    return [] if paragraph.kind == "title" else completed(joined(_sentences(paragraph, lexicon)))


def _sentences(paragraph: Paragraph, lexicon: Lexicon) -> Iterator[Claim]:
    measure = ""
    near: list[str] = []
    text = plain(paragraph.text)
    background = Background(paragraph.section, text)
    for start, end in sentences.split(text):
        known = background.holds(text[start:end])
        if (
            not any(char.isdigit() for char in text[start:end])
            and "median" not in text[start:end].lower()
            and NUMBER_WORD.search(text[start:end]) is None
        ):
            continue
        line = lex(text[start:end], start)
        for token in line.tokens:
            token.masked = token.masked or (token.kind == "ratio" and lexicon.means_other(token.text))
        first = carried(line, measure) if measure and not any(t.kind == "ratio" for t in line.tokens) else []
        found = first + _without_plans(paragraph, line, find(line))
        name_subjects(line, found)
        beside = sizes_beside(line, lexicon)
        found += [one for one, _ in beside]
        measure = next((one.cells["measure"] for one in reversed(found) if one.kind == "ratio"), measure)
        _share_endpoints(line, found)
        _ratios_in_order(line, found)
        _sizes_of_arms(found, lexicon)
        describe(line, found, lexicon)
        _carry_level(line, found)
        _endpoints_of_p(line, found)
        _p_in_order(line, found)
        for one in found:
            if one.rule == TextRule.P_ALONE and one.cells.get("endpoint"):
                # An endpoint that stands farther off is the less certain part of a p value: counted apart.
                one.rule = TextRule.P_ALONE_ENDPOINT
        own = {id(one): arm for one, arm in beside}
        arms = arms_of(line, found, lexicon) | {k: own[id(one)] for k, one in enumerate(found) if id(one) in own}
        arms = {k: arm for k, arm in arms.items() if not _divided(line, found[k])}
        said = sizes_said([one for one in found if one.rule in GROUPS or "total" in one.cells])
        for k, one in enumerate(found):
            if one.kind == "proportion":
                link(line, one, arms.get(k, ""), lexicon, said + near)
        near = (sizes_said(found) + near)[:12]
        order = sorted(range(len(found)), key=lambda k: line.tokens[found[k].tokens[0]].start)
        source = _cited(paragraph, line)
        for k in order:
            claim = _claim(paragraph, line, found[k], arms.get(k, ""), source, lexicon)
            yield of_others(claim) if known else claim


# `240 patients were randomised into two groups (A daily, B on alternate days)`: of all groups.
DIVIDED = re.compile(
    r"[^.;]{0,120}\b(?:randomi[sz]ed|divided|allocated|assigned|split)\b[^.;()]{0,20} (?:in)?to (?:one of )?"
    r"(?:two|three|four|\d)\b",
    re.IGNORECASE,
)


def _divided(line: Line, one: Found) -> bool:
    """Whether a count is of all patients, who are divided into groups behind it."""
    end = line.tokens[one.tokens[0]].end
    return one.kind == "proportion" and "percent" not in one.cells and DIVIDED.match(line.text, end) is not None


def _claim(paragraph: Paragraph, line: Line, found: Found, arm: str, source: str, lexicon: Lexicon) -> Claim:
    spans = tuple(
        Span(paragraph.id, line.offset + line.tokens[i].start, line.offset + line.tokens[i].end)
        for i in dict.fromkeys(found.tokens)
    )
    cells = {name: value for name, value in found.cells.items() if value}
    notes = list(found.notes)
    cells |= _words(line, found, cells, lexicon)
    if lexicon.other_endpoint(cells.get("endpoint", ""), line.text):
        del cells["endpoint"]
    if arm and found.rule != TextRule.SITES:
        cells["arm"] = arm
    if source:
        cells["cited"] = "yes"
        notes.append(f"beside a citation ({source}): probably another study's result")
    name = found.rule
    if found.kind == "ratio" and "interval" in name and plainly_named(line, found.tokens[0], cells.get("endpoint", "")):
        name += "-said"
    rule = f"text-{name}" + ("-elsewhere" if beside_other_work(paragraph) else "")
    return Claim(found.kind, cells, spans, rule, paragraph.locator, line.folded, tuple(notes))


BY_NAME = re.compile(
    r"\b[A-Z][a-z]{2,24}(?: and [A-Z][a-z]{2,24}| et al\.?|\s\w{1,3} al\.?)?,? \(?(?:19|20)\d{2}[a-z]?[);\]]"
)
OWN_STUDY = re.compile(
    r"\b(?:in|of|from) (?:our|this|the present|the current) (?:study|trial|analysis|series|cohort|population|"
    r"patients)\b|"
    r"\bour (?:results|data|findings|patients|study|trial)\b|\bwe (?:found|observed|identified|show)",
    re.IGNORECASE,
)


def _cited(paragraph: Paragraph, line: Line) -> str:
    """Whose results a sentence of the introduction or discussion tells, in words; empty where they are its own."""
    if not beside_other_work(paragraph) or OWN_STUDY.search(line.text):
        return ""
    cited = " ".join(token.text.strip("[]^ ") for token in line.tokens if token.kind == "cite")
    if cited:
        return f"reference {cited}"
    cites = any(token.kind == "cite" for token in line.tokens) or BY_NAME.search(line.text) is not None
    return "a work cited by its author" if cites else ""


def _words(line: Line, found: Found, cells: dict[str, str], lexicon: Lexicon) -> dict[str, str]:
    """Endpoint, item, kind and grade of a match, from the words around its number."""
    token = line.tokens[found.tokens[0]]
    ratios = {one.start for one in line.tokens if one.kind == "ratio" and not one.masked}
    names = [(begin, end, name) for begin, end, name in outcomes_in(line.text) if begin not in ratios]
    before = [name for _, end, name in names if end <= token.start]
    after = [name for begin, _, name in names if begin >= token.end]
    made: dict[str, str] = {}
    if found.kind == "ratio":
        own = [name for name in before if name in TIME_TO_EVENT or name in RESPONSES or name == UNNAMED]
        ahead = [name for name in after if name in TIME_TO_EVENT or name == UNNAMED]
        own = _not_overall(line.text, names, token.start) or own
        behind = _endpoint_behind(line, found)
        made["endpoint"] = behind or (own[-1] if own else ahead[0] if ahead else "")
        made["model"] = _model(line, token.start)
    elif found.kind == "arm":
        made["arm"] = arm_named(cells.get("label", ""), lexicon)
    elif found.kind in ("p", "difference", "quantity") and found.rule != TextRule.MEAN:
        made["item"] = item_of(line, found.tokens[0])
    return {name: value for name, value in made.items() if value and not cells.get(name)}


def _not_overall(text: str, names: list[tuple[int, int, str]], place: int) -> list[str]:
    """Endpoints before `PFS was prolonged, both overall (HR 0.57) and in women`: it means all patients there."""
    before = [(begin, name) for begin, end, name in names if end <= place and name in TIME_TO_EVENT]
    if len(before) < 2 or text[before[-1][0] :][:9].lower() != "overall (":
        return []
    return [name for _, name in before[:-1]]


BEHIND = re.compile(r"[\s)\]]{0,4}(?:for|in|on)\s(?:the )?")


def _endpoint_behind(line: Line, found: Found) -> str:
    """`were 1.30 (1.05-1.61) for overall survival and 1.09 for PFS`: the endpoint named directly after a ratio."""
    for end in (line.tokens[found.tokens[0]].end, max(line.tokens[i].end for i in found.tokens)):
        match = BEHIND.match(line.text, end)
        ahead = endpoints_in(line.text[match.end() :]) if match is not None else ()
        if ahead and ahead[0][0] == 0 and ahead[0][2] in TIME_TO_EVENT:
            return ahead[0][2]
    return ""


def _model(line: Line, place: int) -> str:
    begin = max(line.text.rfind(";", 0, place), place - 200, 0)
    near = line.text[begin:place].lower()
    if "stratum-adjusted" in near or "strata-adjusted" in near:
        return "stratified"
    if "multivaria" in near or ("adjusted" in near and "unadjusted" not in near):
        return "multivariable"
    if "unadjusted" in near or "univaria" in near:
        return "unadjusted"
    return "stratified" if "stratified" in near else ""


__all__ = ["claims", "find"]
