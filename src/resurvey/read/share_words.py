"""What a proportion in running text refers to: kind, endpoint, grade and item, from the words of its own clause.

Its kind is empty where its words name none. A proportion without words of its own (`33 % v 36 %`) refers to the same
thing as the one before it.
"""

from __future__ import annotations

import re
from itertools import pairwise

from resurvey.read.arm_places import mentions
from resurvey.read.grammar import Found
from resurvey.read.lexer import Line
from resurvey.read.lexicon import Lexicon
from resurvey.read.rules import TextRule
from resurvey.read.share_flow import name_flow
from resurvey.read.share_groups import VERB, compares, joins_groups, next_in_list
from resurvey.read.share_harms import (
    ADVERSE,
    ASSESSED,
    REASON,
    SEVERAL,
    SUFFERED,
    grade_near,
    graded,
    harm_named,
    harms_named,
    own_part,
)
from resurvey.read.share_kinds import ShareKind
from resurvey.read.share_lists import name_in_order
from resurvey.read.slips import magnitude, percent_fits
from resurvey.read.text_censored import name_censored
from resurvey.read.text_items import SEXES, item_of
from resurvey.read.text_progression import name_progressors
from resurvey.read.word_lists import COMPARATIVES, GRADE, HARMS, PATIENTS, RESPONSES, TIME_TO_EVENT, endpoints_in

# `five patients had a partial response`, `12 (30 %) achieved CR`, `3 complete responses`.
DIRECT = re.compile(
    r"[^.;,\w]{0,3}(?:\(?\d{1,3}(?:\.\d)?\s?%\)?\s)?(?:of (?:the )?\d{1,4} )?(?:\w{1,14} )?"
    r"(?:patients?|women|men|participants|subjects|cases)?\s?(?:had|have|achieved|with|showed|exhibited|attained|obtained|"
    r"experienced)\s(?:an? |the |confirmed |documented )*$",
    re.IGNORECASE,
)
CAUSE = re.compile(
    r"(?:due to|because of|attributed to|attributable to|after|until|reason\w*)[^,;]{0,24}$", re.IGNORECASE
)
SHORT = re.compile(DIRECT.pattern.removesuffix("$") + r"(?-i:(?P<name>SD|PD)\b)", re.IGNORECASE)
CONNECTING = re.compile(
    r"versus|and|patients?|groups?|arms?|the|with|compared|for|respectively|days?|receiving|treated|assigned|those|among|"
    r"than|who|were|was|had|both|also|from|out|participants|subjects|women|men|them|these|one|two|respective|treatment|"
    r"table|figure|fig|cases|number|percent|per|cent|showed"
)
# `30 % for A and rash, 19 % ...`: words that belong to the proportion before.
OF_THE_LAST = re.compile(
    r"^[\s)\]%]*(?:(?:of )?(?:(?:the )?patients (?:who )?(?:(?:were )?(?:treated|given) )?)?"
    r"(?:for|with|in|after|among|by|at|on|receiving|received|assigned)\b[^\d]*(?:,|;|\band\b|\bto\b|\bversus\b|\bvs\b|\bv\b))(?:\s?and\b)?",
    re.IGNORECASE,
)
BEST = re.compile(r"best (?:overall |objective |tumou?r )?response", re.IGNORECASE)


# `grade 1 (24 %), 2 (67 %) and 3 (9 %)`: the digit directly before the brackets.
LISTED_GRADE = re.compile(r"[\s,]([1-5]) ?\(\s?$")


def describe(line: Line, found: list[Found], lexicon: Lexicon) -> None:
    """Fill in kind, endpoint, grade and item of all proportions of a sentence, in order."""
    shares = sorted(
        (one for one in found if one.kind == "proportion"), key=lambda one: line.tokens[one.tokens[0]].start
    )
    places = mentions(line, lexicon) if shares else []
    last: dict[str, str] = {}
    outside: list[dict[str, str]] = []
    followers: set[int] = set()
    one_grade = len({match.group().lower() for match in GRADE.finditer(line.text)}) == 1
    for k, one in enumerate(shares):
        begin = _end(line, shares[k - 1]) if k else 0
        end = line.tokens[shares[k + 1].tokens[0]].start if k + 1 < len(shares) else len(line.text)
        before = line.text[begin : _start(line, one)]
        after = line.text[_end(line, one) : end]
        closed = False
        for bracket in re.finditer(r"[()]", before):
            # A proportion after brackets takes up the one before them: `19% (6% complete) with A v 36% with B`.
            if bracket.group() == "(":
                own = _own_words(line, begin, begin + bracket.start(), places)
                outside.append({} if own else last)
            elif outside and (former := outside.pop()):
                closed, last = former != last, former
        if k and _is_size(line, one, before):
            one.cells.setdefault("kind", ShareKind.UNSAID)
            continue
        if (
            direct := _direct(after)
            or _inside(line, one)
            or _part(line, after)
            or _named_for(line.text[_end(line, one) :])
        ):
            made = {"kind": ShareKind.RESPONSE, "endpoint": direct, "item": direct}
        else:
            made = _described(line, one, before, after)
            outer = begin + before.rfind(")") + 1 if closed else begin
            alone = not _own_words(line, outer, _start(line, one), places) or (k > 0 and _of_groups(before, last, made))
            if "percent" in one.cells and _names_a_group(line, made["item"], places):
                made["item"] = ""
            alone = alone and made["item"] not in SEXES and not _own_clause(line, one, before, after, places)
            harmed = last.get("kind") == ShareKind.ADVERSE_EVENT and HARMS.search(before[-80:])
            if not made["kind"] and harmed:
                made |= {"kind": ShareKind.ADVERSE_EVENT, "grade": last["grade"]}
            named = any(name in RESPONSES for *_, name in endpoints_in(before))
            if last and alone and not named and (last["kind"] or not made["kind"]):
                made = dict(last)
                followers.add(id(one))
        if made["kind"] == ShareKind.ADVERSE_EVENT:
            if (listed := LISTED_GRADE.search(before)) and GRADE.search(line.text):
                made["grade"] = listed[1]
            if not made.get("grade") and one_grade and not _new_statement(before):
                made["grade"] = last.get("grade", "")
            if last.get("kind") == ShareKind.ADVERSE_EVENT and not made.get("item"):
                made["item"] = last["item"]
        one.cells.setdefault("kind", ShareKind.UNSAID)
        one.cells |= {name: value for name, value in made.items() if value and not one.cells.get(name)}
        if one.cells["kind"] == ShareKind.RESPONSE and one.rule in (TextRule.PERCENT, f"{TextRule.PERCENT}-interval"):
            one.rule += "-response"
        last = {name: one.cells.get(name, "") for name in ("kind", "endpoint", "grade", "item")}
    name_progressors(line, shares)
    _sized_behind(line, shares, found)
    _from_next(line, shares, places)
    name_in_order(line, shares)
    name_flow(line, shares, followers)
    name_censored(line, shares)
    _of_the(line, shares, places)


# `pCR was seen in 10% of patients with trait A, 13% with trait B and 33% with trait C`
WITH_TRAIT = re.compile(r"[\s%]*(?:of (?:the )?patients )?with [^;.%]{1,40}?(?:,|,? and)\s")


def _names_a_group(line: Line, item: str, places: list[tuple[int, int, str]]) -> bool:
    """Whether the words found for what is counted are those of a group: `18% with placebo`."""
    named = {word for begin, end, _ in places for word in re.findall(r"[\w+-]+", line.text[begin:end].lower())}
    return bool(item) and set(re.findall(r"[\w+-]+", item)) <= named | OF_A_GROUP


# Words of groups and of comparisons, which alone name nothing that is counted.
OF_A_GROUP = COMPARATIVES | {"placebo", "control", "controls", "comparison", "usual", "care", "standard"}
OF_A_GROUP |= {"treatment", "treated", "a", "b", "alone", "but"}


def _new_statement(before: str) -> bool:
    """Whether a `;` with a verb behind it parts a proportion from the one before: `; the rates of these were 8%`."""
    return ";" in before and VERB.search(before.rpartition(";")[2]) is not None


def _of_groups(before: str, last: dict[str, str], made: dict[str, str]) -> bool:
    """Whether a proportion is that of another group: `65% in the A group and 49% in the B group`."""
    known = bool(last.get("kind")) and not made["kind"]
    response = last.get("kind") == ShareKind.RESPONSE and not made["kind"]
    listed = response and (next_in_list(before) or WITH_TRAIT.fullmatch(before) is not None)
    return compares(before) or listed or (known and joins_groups(before))


# `44 patients (3%) had undergone surgery`: the patients counted are the subject of a clause of their own.
CLAUSE = re.compile(
    r"[\s%)\]]*(?:(?:patients|women|men|participants|subjects|cases)\s)?(?:had|have|were|was|underwent|received|required|died|remained|discontinued|withdrew|refused|who|whose|experienced|developed|"
    r"achieved|showed|completed)\b"
)
# `...; 91% of patients completed`: a statement of its own.
OF_PATIENTS = re.compile(
    r"\s?(?:%|per ?cent)?\sof (?:the |all )?(?:patients|women|men|participants|subjects)\s(?!in\b|with\b|on\b)"
)
# `33 patients received alfa, 31 received beta`: a count with a verb of its own.
DOING = re.compile(
    r"\s(?:(?:patients|women|men|participants|subjects|cases) )?"
    r"(?:received|underwent|had|to|were (?:randomi[sz]ed|assigned)) "
)
COUNTED = re.compile(r"\s(?:patients|women|men|participants|subjects|cases)\s")
# `382 (23%) with negative tumours, 1217 (73%) with positive tumours`: each names what it counts.
WITH = re.compile(r"[\s%)\]]*(?:of (?:the )?patients )?(?:with|had|having)\s")


def _own_clause(line: Line, one: Found, before: str, after: str, places: list[tuple[int, int, str]]) -> bool:
    """Whether a proportion of patients has its own words behind it, as others before it have theirs."""
    counted = "n" in one.cells and (any(word in PATIENTS for word in _words(line, one)) or COUNTED.match(after))
    clause = counted and CLAUSE.match(after) is not None and before.rstrip()[-4:].endswith((",", ";", "and", "but"))
    clause = clause or (bool(before) and set(one.cells) <= {"n"} and DOING.match(after) is not None)
    clause = clause or (before.rstrip()[-1:] == ";" and OF_PATIENTS.match(after) is not None)
    listed = WITH.match(before) is not None and WITH.match(after) is not None and not places
    return bool(clause) or (listed and "n" in one.cells and "total" not in one.cells)


def _words(line: Line, one: Found) -> list[str]:
    """The words between the numbers of a proportion."""
    first, last = min(one.tokens), max(one.tokens)
    return [token.text.lower() for token in line.tokens[first : last + 1] if token.kind == "word"]


def _is_size(line: Line, one: Found, before: str) -> bool:
    """`fatigue (37 [10%]) in 359 treated patients`: the size of the group behind a list of its proportions."""
    return one.rule.startswith(TextRule.COUNT) and before != "" and BEHIND_LIST.fullmatch(before) is not None


BEHIND_LIST = re.compile(r"[\s%)\]]*[)\]]\s(?:in|among|of) (?:the |all )?")


def _inside(line: Line, one: Found) -> str:
    """The response between a count and its percentage: `2 PR (5.3%)`, `16 SD (42.1%)`."""
    if one.rule != TextRule.COUNT_PERCENT:
        return ""
    text = line.text[line.tokens[one.tokens[0]].end : line.tokens[max(one.tokens)].start]
    named = [name for *_, name in endpoints_in(text) if name in RESPONSES] or re.findall(r"\b(?:SD|PD)\b", text)
    return named[0] if len(named) == 1 else ""


SIZED_BEHIND = re.compile(r"[\s%)\]]{0,3}(?:for|in|of|among) (?:the |all )?$")
# `23.2% of 203 women`: the size is only that of the percentage.
DIRECTLY_OF = re.compile(r"\s?%?\sof (?:the |all )?")
COUNTED_BEHIND = re.compile(r"[\s%)\]]{0,3}[(\[]$")


def _sized_behind(line: Line, shares: list[Found], found: list[Found]) -> None:
    """`23% (95% CI 13-37) for 52 patients`, `30% (16-49) (10 of 33 patients)`: one proportion given in two parts."""
    joined: list[Found] = []
    for one, after in list(pairwise(shares)):
        between = line.text[_end(line, one) : _start(line, after)]
        if "percent" not in one.cells or {"n", "total"} & set(one.cells) or "percent" in after.cells:
            continue
        number = line.tokens[after.tokens[0]].number
        if after.rule.startswith(TextRule.COUNT) and SIZED_BEHIND.fullmatch(between) and number > 3:
            one.cells["total"] = after.cells["n"]
            if DIRECTLY_OF.fullmatch(between):
                one.tokens += after.tokens
                joined.append(after)
        elif after.rule == TextRule.COUNT_OF_TOTAL and COUNTED_BEHIND.fullmatch(between) and _gives_it(after, one):
            one.cells |= {name: after.cells[name] for name in ("n", "total")}
            one.tokens += after.tokens
            joined.append(after)
    for one in joined:
        shares.remove(one)
        found.remove(one)


def _gives_it(count: Found, share: Found) -> bool:
    """Whether a count and its denominator give a percentage printed before them."""
    return percent_fits(count.cells["n"], share.cells["percent"], float(count.cells["total"]))


# `Among these 32 patients, 8 had a response`: the size of the group, not a part of it.
WHOLE = re.compile(r"\b(?:among|of) (?:these |the |all )?$", re.IGNORECASE)
# Longer than anything that it matches.
REACH = 30


def _from_next(line: Line, shares: list[Found], places: list[tuple[int, int, str]]) -> None:
    """`31 patients (60 %) in arm A and 27 (63 %) in arm B had a grade 3 event`: the first refers to the same event."""
    for k in range(len(shares) - 2, -1, -1):
        one, after = shares[k], shares[k + 1]
        between = (_end(line, one), _start(line, after))
        same = set(one.cells) & {"n", "percent", "total"} == set(after.cells) & {"n", "percent", "total"}
        whole = WHOLE.search(line.text[: _start(line, one)][-REACH:]) is not None
        if not one.cells["kind"] and after.cells["kind"] and not whole and same and between[0] < between[1]:
            begin = _end(line, shares[k - 1]) if k else 0
            bare = not _own_words(line, *between, places, of_the_last=False)
            if bare and not _own_words(line, begin, _start(line, one), places):
                one.cells |= {k: after.cells[k] for k in ("kind", "endpoint", "grade", "item") if after.cells.get(k)}


def _start(line: Line, one: Found) -> int:
    return min(line.tokens[i].start for i in one.tokens)


def _end(line: Line, one: Found) -> int:
    return max(line.tokens[i].end for i in one.tokens)


# `(70%) compared with castration (58%)`, `(20%) than at 135 mg (15%)`: only the other group is named.
COMPARATOR = re.compile(
    r"[\s%)\]]*,?\s?(?:as )?(?:compared (?:with|to)|versus|vs\.?|v|than|against)\s[^,;()]{1,60}\s?[(\[]\s?",
    re.IGNORECASE,
)
IN_BRACKETS = re.compile(r"\([^()]*\)")


def _own_words(
    line: Line, begin: int, end: int, places: list[tuple[int, int, str]], *, of_the_last: bool = True
) -> bool:
    """Whether words before a proportion say what it refers to, other than arms and connecting words."""
    text = line.text[begin:end]
    for start, stop, _ in reversed(places):
        if begin <= start < stop <= end:
            text = text[: start - begin] + " " + text[stop - begin :]
    text = IN_BRACKETS.sub(" ", text)
    if of_the_last and COMPARATOR.fullmatch(text):
        return False
    if of_the_last:
        text = OF_THE_LAST.sub(" ", text, count=1)
    return any(
        CONNECTING.fullmatch(word) is None for word in re.findall(r"[a-z]{3,}|\bc?[tnm]\d[a-z]?\b", text.lower())
    )


def _described(line: Line, one: Found, before: str, after: str) -> dict[str, str]:
    made = {"item": _outcome_before(before) or item_of(line, one.tokens[0])}
    near = before[-160:]
    following = re.split(r"[,;.]|\band\b", after, maxsplit=1)[0]
    response = _response(one, near, following)
    scope = f"{near} {following}"
    if response:
        return {"kind": ShareKind.RESPONSE, "endpoint": response, "item": response}
    own = own_part(near)
    grade = grade_near(own, "" if following == after and OF_THE_NEXT.search(after) else following)
    scope = f"{own} {following}"
    wider = f"{own} {REASON.split(after, maxsplit=1)[0]}"
    several = harms_named(line.text) >= SEVERAL
    suffered = HARMS.search(wider) and (several or ADVERSE.search(line.text) or SUFFERED.search(wider))
    harm = (suffered or graded(scope)) and not (CAUSE.search(near.rpartition(",")[2]) or ASSESSED.search(wider))
    if harm and one.rule != TextRule.COUNT_EQUALS:
        return made | {"kind": ShareKind.ADVERSE_EVENT, "grade": grade} | harm_named(own, following)
    return made | {"kind": ShareKind.UNSAID}


# `in 26% (grade 1: 28%; ...`: the grade is that of the next number.
OF_THE_NEXT = re.compile(rf"(?:{GRADE.pattern})[\s:=(]*$", GRADE.flags)


def _outcome_before(before: str) -> str:
    """`survival was 52%`: the endpoint that a percentage without a time is said of."""
    named = [(begin, end) for begin, end, name in endpoints_in(before) if name in TIME_TO_EVENT]
    if not named or not SAID.fullmatch(before[named[-1][1] :]):
        return ""
    return before[named[-1][0] : named[-1][1]].lower()


SAID = re.compile(r"(?: rates?)? (?:was|were|of)\s?")


def _direct(after: str) -> str:
    """The response named directly after a proportion: `had a partial response`, `complete responses`."""
    ahead = [(begin, name) for begin, _, name in endpoints_in(after[:90]) if name in RESPONSES]
    if ahead and "(" in after[: ahead[0][0]] and after.rstrip().endswith((",", ":", "=", "in")):
        # `64% (complete response, 9%)`: the brackets hold a part with a number of its own.
        return ""
    if ahead and (not after[: ahead[0][0]].strip(" ()[]%.") or DIRECT.match(after[: ahead[0][0]] or " ")):
        return ahead[0][1]
    short = SHORT.match(after)
    return short["name"] if short is not None else ""


# `23.5% vs 11.8% for ORR`: the response of both is named behind them.
NAMED_FOR = re.compile(r"[\s%]{0,3}(?:(?:vs\.?|versus|v|and)\s[\d.]{1,5}\s?%\s?)?for (?:the )?")


def _named_for(text: str) -> str:
    match = NAMED_FOR.match(text)
    named = endpoints_in(text[match.end() : match.end() + 60]) if match is not None else ()
    return named[0][2] if named and named[0][0] == 0 and named[0][2] in RESPONSES else ""


PART = re.compile(
    r"%?\s(?P<what>complete|partial)\b(?! (?:blood|resection|excision|cytoreduction|data))", re.IGNORECASE
)


def _part(line: Line, after: str) -> str:
    """`responses in 19% (6% complete plus 13% partial)`: the part of the responses that a percentage counts."""
    match = PART.match(after)
    if match is None or not any(name in RESPONSES for *_, name in endpoints_in(line.text)):
        return ""
    return "CR" if match["what"].lower() == "complete" else "PR"


def _response(one: Found, before: str, following: str) -> str:
    """The response a proportion counts: named before it in the clause, otherwise after it."""
    before = BEST.sub("best result", before)
    outside = IN_BRACKETS.sub(lambda match: " " * len(match.group()), before)
    if any(name in RESPONSES for *_, name in endpoints_in(outside)):
        # `an objective response (complete [CR] or partial [PR])`: the brackets explain the response before them.
        before = outside
    named = [
        (begin, name)
        for begin, _, name in endpoints_in(before)
        if name in RESPONSES and not CAUSE.search(before[:begin])
    ]
    only_count = "percent" not in one.cells and "total" not in one.cells
    if only_count and not re.search(r"\b(?:in|by|for|of|were|was|:)\s?[(]?$", before):
        return ""
    if only_count and re.search(r"\b(?:of|among|in|for) the$", before.rstrip()):
        return ""
    if named:
        return named[-1][1]
    inside = [name for *_, name in endpoints_in(following) if name in RESPONSES]
    return inside[0] if inside and not only_count else ""


def link(line: Line, one: Found, arm: str, lexicon: Lexicon, before: list[str]) -> None:
    """The denominator of a count and percentage, if exactly one size printed nearby gives the percentage.

    Sizes of its arm are tried first, then all known sizes: groups named earlier in the paragraph, sizes of arms, and
    patients randomised, treated or analysed.
    """
    cells = one.cells
    if "total" in cells or not cells.get("n", "").isdigit() or "percent" not in cells or "lower" in cells:
        return
    # A count of one digit fits many sizes.
    if cells["percent"].strip("<>≤≥") in ("0", "100") or cells["n"] == "0":
        return
    own = lexicon.sizes.get(arm, ())
    every = (*before, *lexicon.totals, *(size for sizes in lexicon.sizes.values() for size in sizes))
    for sizes in (own, every) if own else (every,):
        fits = [n for n in dict.fromkeys(sizes) if int(n) >= int(cells["n"]) and _gives(cells, int(n))]
        if len(fits) == 1:
            cells["total"] = fits[0]
            one.rule += "-linked"
            one.notes.append(f"{fits[0]} is printed elsewhere, the only size that gives this percentage")
        if fits:
            return


def _gives(cells: dict[str, str], total: int) -> bool:
    """Whether a count over a total rounds to the printed percentage."""
    digits = len(cells["percent"].partition(".")[2])
    return total > 0 and abs(100 * int(cells["n"]) / total - magnitude(cells["percent"])) <= 0.5 * 10.0**-digits + 1e-9


def sizes_said(found: list[Found]) -> list[str]:
    """Counts of a sentence that may be denominators later: counts without a percentage, and printed totals."""
    plain_counts = [
        one.cells["n"]
        for one in found
        if one.kind in ("proportion", "arm") and one.cells.get("n", "").isdigit() and "percent" not in one.cells
    ]
    counts = [one.cells["n"] for one in found if one.kind == "proportion" and one.cells.get("n", "").isdigit()]
    totals = [one.cells["total"] for one in found if one.kind == "proportion" and one.cells.get("total", "").isdigit()]
    return [n for n in dict.fromkeys([*plain_counts, *totals, *counts]) if int(n) > 3]


def _said_alike(one: Found, other: Found) -> bool:
    return all(one.cells.get(name) == other.cells.get(name) for name in ("kind", "endpoint", "item", "grade"))


# `75 women (an accrual rate of 9.5%)`: the rate has another denominator.
NOT_OF_ALL = re.compile(
    r"\b(?:accrual|response to invitation|participation|annual|annuali[sz]ed) (?:\w+ )?rates?\b[^%]{0,12}$",
    re.IGNORECASE,
)


def _of_the(line: Line, shares: list[Found], places: list[tuple[int, int, str]]) -> None:
    """`RR of the 47 patients was 61.7 %`: the only group of the sentence is the denominator of its percentages."""
    if len({arm for *_, arm in places}) > 1 or re.search(r"\bof (?:which|whom|these)\b", line.text):
        return
    groups = [
        one
        for one in shares
        if set(one.cells) & {"n"}
        and "percent" not in one.cells
        and re.search(r"\b(?:of|among|in) (?:the|all)?\s?$", line.text[: _start(line, one)].lower())
    ]
    bare = [one for one in shares if "percent" in one.cells and not {"n", "total"} & set(one.cells)]
    if any(
        _said_alike(one, after) and joins_groups(line.text[_end(line, one) : _start(line, after)])
        for one, after in pairwise(bare)
    ):
        # Each percentage is of one of the groups, not of all patients.
        return
    bare = [one for one in bare if not NOT_OF_ALL.search(line.text[: _start(line, one)][-40:])]
    if len(groups) == 1 and bare and all(_start(line, one) > _start(line, groups[0]) for one in bare):
        for one in bare:
            one.cells["total"] = groups[0].cells["n"]
