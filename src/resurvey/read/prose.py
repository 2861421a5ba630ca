"""Claims of running text: each sentence goes through the rules once, the most specific first."""

from __future__ import annotations

import re
from collections.abc import Iterator

from resurvey.read import sentences
from resurvey.read.grammar import Found
from resurvey.read.lexer import Line, lex
from resurvey.read.lexicon import Lexicon, arm_named, arms_of
from resurvey.read.normal import plain
from resurvey.read.objects import Claim, Paragraph, Span
from resurvey.read.text_other import dates, designs, differences, means, p_values, registries, years
from resurvey.read.text_ratios import ratios
from resurvey.read.text_shares import counts, item_of, percentages, proportions
from resurvey.read.text_times import durations, medians, rates, times_alone
from resurvey.read.word_lists import DESIGN, ELSEWHERE, HARMS, RESPONSES, TIME_TO_EVENT, UNITS, endpoints_in, grade_in

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
    percentages,
    counts,
    p_values,
)


def find(line: Line) -> list[Found]:
    """All finds of one sentence."""
    years(line)
    found: list[Found] = []
    if DESIGN.search(line.text):
        found += designs(line)
        if found:
            return found + registries(line)
    for rule in RULES:
        found += rule(line)
    return found


METHODS = re.compile(r"\b(?:methods?|materials|design|statistic\w*|eligibility|procedures?|protocol)\b", re.IGNORECASE)


def _said_in_methods(paragraph: Paragraph, found: Found) -> bool:
    """A mere percentage, duration or difference of the methods is a threshold or a plan: it stays in the page."""
    path = " ".join(paragraph.section)
    alone = found.rule in ("percent", "follow-up-other", "difference", "range-percent", "mean", "time-alone", "n-list")
    return alone and bool(METHODS.search(path)) and "Abstract" not in path and "result" not in path.lower()


def _share_endpoints(line: Line, found: list[Found]) -> None:
    """`HRs of 0.9 and 0.8 for PFS and OS`: ratios of a list and the endpoints after it, when as many."""
    for k, one in enumerate(found):
        if one.kind != "ratio" or one.rule.startswith("ratio-list"):
            continue
        group = [one]
        for other in found[k + 1 :]:
            if other.kind != "ratio" or not other.rule.startswith("ratio-list"):
                break
            group.append(other)
        end = line.tokens[group[-1].tokens[-1]].end
        names = [
            name for begin, _, name in endpoints_in(line.text) if end <= begin < end + 80 and name in TIME_TO_EVENT
        ]
        if len(group) > 1 and len(names) == len(group):
            for member, name in zip(group, names, strict=True):
                member.cells["endpoint"] = name


def claims(paragraph: Paragraph, lexicon: Lexicon) -> Iterator[Claim]:
    """Claims of one paragraph, in order of their first number."""
    if paragraph.kind == "title":
        return
    text = plain(paragraph.text)
    for start, end in sentences.split(text):
        if (
            not any(char.isdigit() for char in text[start:end])
            and "median" not in text[start:end].lower()
            and not any(
                f" {w} " in text[start:end].lower()
                for w in ("two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")
            )
        ):
            continue
        line = lex(text[start:end], start)
        for token in line.tokens:
            token.masked = token.masked or (token.kind == "ratio" and lexicon.means_other(token.text))
        found = [one for one in find(line) if not _said_in_methods(paragraph, one)]
        _share_endpoints(line, found)
        arms = arms_of(line, found, lexicon)
        order = sorted(range(len(found)), key=lambda k: line.tokens[found[k].tokens[0]].start)
        for k in order:
            yield _claim(paragraph, line, found[k], arms.get(k, ""), lexicon)


def _claim(paragraph: Paragraph, line: Line, found: Found, arm: str, lexicon: Lexicon) -> Claim:
    spans = tuple(
        Span(paragraph.id, line.offset + line.tokens[i].start, line.offset + line.tokens[i].end)
        for i in dict.fromkeys(found.tokens)
    )
    cells = {name: value for name, value in found.cells.items() if value}
    notes = list(found.notes)
    cells |= _words(line, found, cells, lexicon)
    if arm:
        cells["arm"] = arm
    if _cited(paragraph, line):
        cells["cited"] = "yes"
        notes.append("beside a citation in a section that tells of other work: probably another study's result")
    section = (
        "other" if ELSEWHERE.search(" ".join(paragraph.section)) and "Abstract" not in paragraph.section else "own"
    )
    rule = f"text-{found.rule}" + ("" if section == "own" else "-elsewhere")
    return Claim(found.kind, cells, spans, rule, paragraph.locator, line.folded, tuple(notes))


def _cited(paragraph: Paragraph, line: Line) -> bool:
    elsewhere = bool(ELSEWHERE.search(" ".join(paragraph.section))) and "Abstract" not in paragraph.section
    return elsewhere and any(token.kind == "cite" for token in line.tokens)


def _words(line: Line, found: Found, cells: dict[str, str], lexicon: Lexicon) -> dict[str, str]:
    """Endpoint, item, kind and grade of a find, from the words around its number."""
    token = line.tokens[found.tokens[0]]
    names = [(begin, end, name) for begin, end, name in endpoints_in(line.text)]
    before = [name for _, end, name in names if end <= token.start]
    after = [name for begin, _, name in names if begin >= token.end]
    made: dict[str, str] = {}
    if found.kind == "ratio":
        own = [name for name in before if name in TIME_TO_EVENT or name in RESPONSES]
        ahead = [name for name in after if name in TIME_TO_EVENT]
        made["endpoint"] = own[-1] if own else ahead[0] if ahead else ""
        made["model"] = _model(line, token.start)
    elif found.kind == "arm":
        made["arm"] = arm_named(cells.get("label", ""), lexicon)
    elif found.kind == "proportion":
        made |= _share_words(line, found, [n for n in before if n in RESPONSES], [n for n in after if n in RESPONSES])
    elif found.kind in ("p", "difference", "quantity"):
        made["item"] = item_of(line, found.tokens[0])
    return {name: value for name, value in made.items() if value and not cells.get(name)}


def _model(line: Line, place: int) -> str:
    begin = max(line.text.rfind(";", 0, place), place - 200, 0)
    near = line.text[begin:place].lower()
    if "multivaria" in near or ("adjusted" in near and "unadjusted" not in near):
        return "multivariable"
    if "unadjusted" in near or "univaria" in near:
        return "unadjusted"
    return "stratified" if "stratified" in near else ""


def _share_words(line: Line, found: Found, before: list[str], after: list[str]) -> dict[str, str]:
    made: dict[str, str] = {}
    index = found.tokens[0]
    place = line.tokens[index].start
    near = line.text[max(0, place - 110) : place + 90]
    made["item"] = item_of(line, index)
    response = before[-1] if before else after[0] if after else ""
    if HARMS.search(near) and (grade_in(near) or "adverse" in near.lower() or "toxic" in near.lower()):
        made |= {"kind": "adverse_event", "grade": grade_in(near)}
    elif response:
        made |= {"kind": "response", "endpoint": response, "item": response}
    else:
        made["kind"] = "flow"
    return made


__all__ = ["UNITS", "claims", "find"]
