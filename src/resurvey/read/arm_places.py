"""Assign arms to the matches of a sentence from where the arms are named; empty where the sentence is ambiguous."""

from __future__ import annotations

import re

from resurvey.read.grammar import Found, take
from resurvey.read.lexer import Line
from resurvey.read.lexicon import LETTERED, Lexicon
from resurvey.read.normal import slug
from resurvey.read.rules import TextRule


def mentions(line: Line, lexicon: Lexicon) -> list[tuple[int, int, str]]:
    """Positions of arm names in a line as start, end and arm id, taking the longest name at each position."""
    found = [(m.start(), m.end(), arm.arm_id) for arm in lexicon.arms for m in arm.pattern.finditer(line.text)]
    found += [(m.start(), m.end(), slug(f"{m['noun'].rstrip('s')} {m['name']}")) for m in LETTERED.finditer(line.text)]
    found += _both_lettered(line)
    found.sort(key=lambda item: (item[0], -item[1]))
    kept: list[tuple[int, int, str]] = []
    for item in found:
        if not kept or item[0] >= kept[-1][1]:
            kept.append(item)
    return kept


BETWEEN = r"\s?(?:,|and|or|vs\.?|versus)\s?(?:and )?"


def _both_lettered(line: Line) -> list[tuple[int, int, str]]:
    """`arms A and B`, `groups 1, 2 and 3`: one noun serves several arms."""
    found = []
    for match in re.finditer(
        rf"\b(?P<noun>[Aa]rm|[Gg]roup|[Cc]ohort)(?:s\s|\s(?=[A-E]\b))(?P<names>[A-E](?:{BETWEEN}[A-E]\b){{1,4}}|"
        rf"[1-5](?:{BETWEEN}[1-5]\b){{1,4}})",
        line.text,
    ):
        for name in re.finditer(r"[A-E1-5]\b", match["names"]):
            found.append(
                (
                    match.start("names") + name.start(),
                    match.start("names") + name.end(),
                    slug(f"{match['noun']} {name.group()}"),
                )
            )
    return found


def arms_of(line: Line, found: list[Found], lexicon: Lexicon) -> dict[int, str]:
    """The arm of each match of a line, where the wording is unambiguous.

    If the line names one arm, it applies to all values. If arms and values of a kind are equally many, they are paired
    in order. Otherwise a value takes the arm named between it and the next value. All other matches have no arm.
    """
    places = [place for place in mentions(line, lexicon) if not _of_another_number(line.text, place)]
    if not places:
        return {}
    arms: dict[int, str] = {}
    for kind in dict.fromkeys(one.kind for one in found):
        if kind in ("ratio", "p", "difference", "design", "trial", "arm"):
            continue
        chosen = sorted(
            (k for k, one in enumerate(found) if one.kind == kind and one.rule != TextRule.DATE),
            key=lambda k: line.tokens[found[k].tokens[0]].start,
        )
        group = {k: found[k] for k in chosen}
        if kind == "proportion":
            # A count that no rule read may be what an arm beside it belongs to.
            group |= {-1 - i: Found(kind, {}, [i], "unread") for i in line.free() if line.tokens[i].whole}
        keys = sorted(group, key=lambda k: line.tokens[group[k].tokens[0]].start)
        arms |= _assign(line, [group[k] for k in keys], keys, places) if keys else {}
    return {k: arm for k, arm in arms.items() if k >= 0}


# `PCR-B: 33`, `placebo-controlled`: the name belongs to a number of its own or is part of a compound word.
OWN_NUMBER = re.compile(r"\s?[:=]\s?\d|-controlled\b|-matched\b")


def _of_another_number(text: str, place: tuple[int, int, str]) -> bool:
    return OWN_NUMBER.match(text, place[1]) is not None


def sizes_beside(line: Line, lexicon: Lexicon) -> list[tuple[Found, str]]:
    """`(134 simvastatin, 135 placebo)`, `(PCR-B: 33, PCR: 32)`: counts directly beside their arms, at least two."""
    counts = [i for i in line.free() if line.tokens[i].whole and line.tokens[i].extra != "word"]
    places = mentions(line, lexicon) if len(counts) > 1 else []
    for beside in (_before_its_arm, _behind_its_arm):
        pairs = [(i, place[2]) for i in counts for place in places if beside(line, i, place)]
        if len({arm for _, arm in pairs}) > 1 and len({i for i, _ in pairs}) == len(pairs):
            return [
                (Found("proportion", {"n": line.tokens[i].printed}, take(line, i), TextRule.COUNT_OF_ARM), arm)
                for i, arm in pairs
            ]
    return []


def _before_its_arm(line: Line, i: int, place: tuple[int, int, str]) -> bool:
    between = line.text[line.tokens[i].end : place[0]] if line.tokens[i].end <= place[0] else "-"
    return AFTER_NUMBER.fullmatch(between) is not None and ENDS_ITEM.match(line.text, place[1]) is not None


def _behind_its_arm(line: Line, i: int, place: tuple[int, int, str]) -> bool:
    between = line.text[place[1] : line.tokens[i].start] if place[1] <= line.tokens[i].start else "-"
    return BEFORE_NUMBER.fullmatch(between) is not None and ENDS_ITEM.match(line.text, line.tokens[i].end) is not None


AFTER_NUMBER = re.compile(r"\s(?:on |in |to |for |received |receiving )?(?:the )?")
BEFORE_NUMBER = re.compile(r"\s?[:=]\s?")
ENDS_ITEM = re.compile(r"\s?(?:arm|group)?\s?(?:[,;)\].]|and\b|$)")


def _assign(line: Line, group: list[Found], keys: list[int], places: list[tuple[int, int, str]]) -> dict[int, str]:
    """Arms for the values of one kind: over the whole line, otherwise clause by clause."""
    made = _assign_clause(line, group, keys, places)
    if made or ";" not in line.text:
        return made
    begin = 0
    for stop in [*(k for k, char in enumerate(line.text) if char == ";"), len(line.text)]:
        inside = [k for k, one in enumerate(group) if begin <= line.tokens[one.tokens[0]].start < stop]
        near = [place for place in places if begin <= place[0] < stop]
        if inside and near and (inside != list(range(len(group))) or near != places):
            made |= _assign_clause(line, [group[k] for k in inside], [keys[k] for k in inside], near)
        begin = stop
    return made


def _assign_clause(
    line: Line, group: list[Found], keys: list[int], places: list[tuple[int, int, str]]
) -> dict[int, str]:
    distinct = list(dict.fromkeys(arm for *_, arm in places))
    starts = [line.tokens[one.tokens[0]].start for one in group]
    ends = [max(line.tokens[i].end for i in one.tokens) for one in group]
    if len(distinct) == 1:
        return _of_one_arm(line, keys, starts, ends, places)
    if between := _in_turns(line.text, starts, ends, places):
        return {key: arm for key, arm in zip(keys, between, strict=True) if arm}
    if (
        len(distinct) == len(group)
        and not _parted(line.text, starts, places)
        and (
            "respectively" in line.lower()
            or " v" in line.lower()
            or " than " in line.lower()
            or "compared" in line.lower()
        )
    ):
        first = COMPARED_FIRST.search(line.text[: places[0][0]]) is not None and places[-1][1] <= starts[0]
        return dict(zip(keys, distinct[::-1] if first else distinct, strict=True))
    if len(distinct) == 2 and _in_pairs(line.text, starts, ends, places):
        return {key: distinct[k % 2] for k, key in enumerate(keys)}
    return {}


# `Compared with patients in the A arm, those in the B arm had more infections (5.1% v 2.7%)`: B comes first.
COMPARED_FIRST = re.compile(r"\bCompared (?:with|to)\b[^,;.]{0,50}$")


def _parted(text: str, starts: list[int], places: list[tuple[int, int, str]]) -> bool:
    """Whether a semicolon separates all arms from all values, so that they belong to different statements."""
    return ";" in text[places[-1][1] : starts[0]] or ";" in text[starts[-1] : places[0][0]]


PAIRED = re.compile(r"[\s%)\]a-z]{0,16}\b(?:vs\.?|versus|v)\s[\s(\[]{0,2}", re.IGNORECASE)


def _in_pairs(text: str, starts: list[int], ends: list[int], places: list[tuple[int, int, str]]) -> bool:
    """`in the A arm compared with the B arm (4.5% v 0.7%, 3.0% v 0%)`: two arms, then pairs of values in that order."""
    if len(starts) % 2 or len(places) != 2 or places[1][1] > starts[0]:
        return False
    joints = [PAIRED.fullmatch(text[end:start]) is not None for end, start in zip(ends, starts[1:], strict=False)]
    compared = COMPARED.search(text[places[0][1] : places[1][0]]) is not None
    return compared and all(joint == (k % 2 == 0) for k, joint in enumerate(joints))


COMPARED = re.compile(r"\b(?:than|vs|versus|v|compared|against|over|as (?:in|with|for))\b", re.IGNORECASE)
NEGATED = re.compile(
    r"\b(?:before|without|not (?:given|receiving|treated with)|prior to|than|non)[\s-](?:the )?$", re.IGNORECASE
)
OTHER_VALUE = re.compile(r"\band (?:one|two|three|four|five|six|seven|eight|nine|ten|\d)", re.IGNORECASE)
LINKED = re.compile(r"[^,;:]{0,40}\b(?:in|for|with|of|on|among|receiving|given|by)\b[^,;:(\d]{0,40}")


def _of_one_arm(
    line: Line, keys: list[int], starts: list[int], ends: list[int], places: list[tuple[int, int, str]]
) -> dict[int, str]:
    """A single arm: assigned to the value a preposition links to it, or to the only value if nothing is compared."""
    made: dict[int, str] = {}
    if len(keys) > 1 and "respectively" in line.lower():
        return made
    for begin, end, arm in places:
        if NEGATED.search(line.text[max(0, begin - 24) : begin]) or _one_of_two(line.text, begin, end):
            continue
        before = [k for k, stop in enumerate(ends) if stop <= begin]
        between = line.text[ends[before[-1]] : begin] if before else ""
        if before and LINKED.fullmatch(between) and not (COMPARED.search(between) or OTHER_VALUE.search(between)):
            made[keys[before[-1]]] = arm
        elif (
            len(keys) == 1 and end <= starts[0] and not COMPARED.search(line.text) and not _of_all(line, starts[0], end)
        ):
            made[keys[0]] = arm
    return made


def _of_all(line: Line, start: int, end: int) -> bool:
    """`the efficacy of A combined with B in 668 women`: a size that no `A arm` before it claims."""
    token = next(token for token in line.tokens if token.start == start)
    return token.whole and ARM_NOUN.match(line.text, end) is None


ARM_NOUN = re.compile(r"[\s-](?:treatment )?(?:arms?|groups?|cohorts?|patients|recipients)\b", re.IGNORECASE)


def _one_of_two(text: str, begin: int, end: int) -> bool:
    """`in the A and B arms`, of which only one is known: the values of both cannot be told apart."""
    following = re.match(r"(?:\s(?:and|or|versus|vs\.?|v)\s(?:the )?[\w+/-]{1,24})?\s(?:arms|groups)\b", text[end:])
    joined = re.search(r"[\w+/-]\s(?:and|or|versus|vs\.?|v)\s(?:the )?$", text[:begin]) is not None
    if following is None and re.search(r"[\w+/-]\sor\s(?:the )?$", text[:begin]) is not None:
        # `assigned to A or placebo for a mean of 3 years`
        return True
    return following is not None and (joined or len(following.group().split()) > 1)


def _in_turns(text: str, starts: list[int], ends: list[int], places: list[tuple[int, int, str]]) -> list[str]:
    """The arm of each value where values and arms alternate; empty where they do not.

    `90% and 70% in the A arm, 80% and 60% in the B arm`, or each arm before its values. A value outside the list
    directly before an arm has no arm, such as the 3 in `3 patients (2 in the A arm and 1 in the B arm)`.
    """
    first = next((k for k, (begin, *_) in enumerate(places) if begin >= starts[0]), len(places))
    after = _arm_after(text, starts, ends, places[first:])
    if any(after):
        return after
    return _arm_before(text, starts, ends, places)


def _arm_after(text: str, starts: list[int], ends: list[int], places: list[tuple[int, int, str]]) -> list[str]:
    made = [""] * len(starts)
    last, tied = -1, True
    for begin, _, arm in places:
        before = [k for k, end in enumerate(ends) if end <= begin and k > last]
        if not before:
            if last >= 0 and made[last] == arm:
                continue
            return []
        run = [before[-1]]
        while run[0] - 1 in before and JOINED.fullmatch(text[ends[run[0] - 1] : starts[run[0]]]):
            run.insert(0, run[0] - 1)
        if len(before) > len(run) and (len(run) > 1 or not LINKED.fullmatch(text[ends[run[-1]] : begin])):
            return []
        tied = tied and LINKED.fullmatch(text[ends[run[-1]] : begin]) is not None
        for k in run:
            made[k] = arm
        last = before[-1]
    return made if (made[-1] or tied) and len(set(made) - {""}) > 1 else []


def _arm_before(text: str, starts: list[int], ends: list[int], places: list[tuple[int, int, str]]) -> list[str]:
    if not places or places[0][0] > starts[0]:
        return []
    made: list[str] = []
    for k, start in enumerate(starts):
        _, stop, arm = [place for place in places if place[0] <= start][-1]
        first = not k or starts[k - 1] < stop
        if COMPARED.search(text[stop:start]) if first else not JOINED.fullmatch(text[ends[k - 1] : start]):
            return []
        made.append(arm)
    for (begin, _, arm), (stop, _, following) in zip(places, [*places[1:], END], strict=True):
        if arm != following and not any(begin <= start < stop for start in starts):
            return []
    return made


END = (10**9, 10**9, "")
JOINED = re.compile(r"[\s%)\]]{0,4}(?:,|and|or|/|, and)?[\s(\[]{0,3}")
