"""Whether the words of a share speak of the patients' way through the trial, or of what they were at its start.

A share whose words say neither this nor a response nor an adverse event keeps an empty kind: the paper does not say.
"""

from __future__ import annotations

import re

from resurvey.read.grammar import Found
from resurvey.read.lexer import Line
from resurvey.read.rules import TextRule
from resurvey.read.share_groups import joins_groups
from resurvey.read.share_kinds import ShareKind

_PEOPLE = r"(?:patients|women|men|participants|subjects|individuals|cases|children|adults|people|volunteers)"
_PASSED = (
    r"(?:randomi[sz]ed|assigned|allocated|enrol?led|included|recruited|registered|entered|accrued|screened|excluded|"
    r"analy[sz]ed|evaluated|evaluable|assessable|eligible|ineligible|treated|studied|withdrawn|lost to follow-?up|"
    r"invited|consented|followed(?: up)?|available for|missing|discontinued|offered|switched|crossed over)"
)
_WENT = (
    r"(?:completed|withdrew|discontinued|dropped out|declined|refused|crossed over|consented|received|started|entered|"
    r"participated|stopped|agreed|enrolled|remained (?:in|on)|(?:did not|never) (?:receive|complete|start|attend)|"
    r"failed to (?:complete|attend))"
)
# Between the number and its verb stands no other verb and no clause of its own: `97 patients with stage II disease`.
_OWN = r"(?: (?!who\b|that\b|had\b|have\b|was\b|were\b|and\b|or\b|did\b)[^\s.;:,()\d]{1,24}){0,7}?"
AFTER = re.compile(
    rf"[\s%)\]]*(?:(?:per ?cent )?(?:of (?:the |all |these |those )?))?{_OWN}"
    rf" (?:(?:were|was|have been|had been|are|will be) (?:\w+ ){{0,2}}?{_PASSED}|{_WENT})\b",
    re.IGNORECASE,
)
# `359 treated patients`, `208 eligible women`, `12 (5%) lost to follow-up`, `9 withdrawals`.
BESIDE = re.compile(
    rf"[\s%)\]]*(?:{_PASSED}(?: [\w-]+){{0,2}} {_PEOPLE}\b|lost to follow-?up\b|(?:drop-?outs?|withdrawals?|"
    r"discontinuations?)\b)",
    re.IGNORECASE,
)
# `we enrolled 120`, `was given to 34`, `the drop-out rate in the control arm was 12%`.
BEFORE = re.compile(
    r"(?:\b(?:we|trial|study|and|investigators|centres|centers) (?:\w+ly )?(?:enrol?led|included|recruited|"
    r"randomi[sz]ed|screened|analy[sz]ed|registered|accrued|treated|assigned|evaluated)"
    r"(?: a total of| data (?:from|of)| only)?|"
    r"\b(?:treatment|therapy|medication|study) (?:ended|was (?:stopped|discontinued|withdrawn|interrupted|ended))\b"
    r"[^.;,:%\d]{0,60}?|"
    r"\b(?:completed|discontinued|stopped|received|declined|refused|administered|given|offered) (?:by|to|in)|"
    r"\b(?:drop-?outs?|withdrawals?|attrition|discontinuations?|retention|recruitment|enrol?lment|participation|"
    r"accrual|loss(?:es)? to follow-?up|lost to follow-?up|exclusions?|cross-?overs?)(?: rates?)?"
    r"(?: (?:was|were|of|is|in)\b)?[^.;,:%\d]{0,40}?)[\s(:]*$",
    re.IGNORECASE,
)
SIZED = (TextRule.COUNT_EQUALS, TextRule.COUNT_EQUALS_LISTED, TextRule.COUNT_LISTED, TextRule.COUNT_OF_ARM)
DIVIDED = re.compile(r"\b(?:randomi[sz]ed|randomly|assigned|allocated|divided|enrol?led|recruited|included)\b", re.I)
AT_START = re.compile(
    r"(?:^|[.;:] )at (?:baseline|(?:study )?entry|enrol?ment)\b(?!.*\bfrom\b)|"
    r"\bbaseline (?:characteristics|demographics)\b",
    re.IGNORECASE,
)
OF_A_SEX = re.compile(
    r"[\s%)\]]*(?:(?:of (?:the )?)?(?:patients|participants|subjects) )?(?:were )?(?:fe)?male\b(?! (?:patients|sex))|"
    r"[\s%)\]]*(?:patients |participants |subjects )?were (?:fe)?males?\b",
    re.IGNORECASE,
)
CUT = re.compile(r"[.;](?!\d)|,\s(?=while|whereas|but)")
# The farthest that the words of a share are looked for on either side of it.
REACH = 160


def name_flow(line: Line, shares: list[Found], followers: set[int]) -> None:
    """Give the kind `flow` or `baseline` to shares without a kind whose words say it.

    Parameters
    ----------
    line : Line
        The sentence.
    shares : list of Found
        Its shares in order; those of other kinds are left as they are.
    followers : set of int
        `id` of the shares that are of the same as the one before them.
    """
    ends = [max(line.tokens[i].end for i in one.tokens) for one in shares]
    starts = [min(line.tokens[i].start for i in one.tokens) for one in shares]
    for k, one in enumerate(shares):
        if one.cells["kind"]:
            continue
        begin = max(ends[k - 1] if k else 0, starts[k] - REACH)
        stop = min([*starts[k + 1 : k + 2], len(line.text), ends[k] + REACH])
        one.cells["kind"] = _kind(line, one, line.text[begin : starts[k]], line.text[ends[k] : stop])
        if not one.cells["kind"] and id(one) in followers:
            one.cells["kind"] = shares[k - 1].cells["kind"] if shares[k - 1].cells["kind"] in OWN else ShareKind.UNSAID
    for k in range(len(shares) - 2, -1, -1):
        later = shares[k + 1].cells["kind"]
        if not shares[k].cells["kind"] and later in OWN and joins_groups(line.text[ends[k] : starts[k + 1]]):
            shares[k].cells["kind"] = later


OWN = (ShareKind.FLOW, ShareKind.BASELINE)


def _kind(line: Line, one: Found, before: str, after: str) -> ShareKind:
    near, own = CUT.split(before)[-1], CUT.split(after)[0]
    if AT_START.search(f"{near} {own}") or OF_A_SEX.match(own):
        return ShareKind.BASELINE
    if AFTER.match(own) or BESIDE.match(own) or BEFORE.search(near):
        return ShareKind.FLOW
    sized = one.rule in SIZED and "percent" not in one.cells
    entered = one.rule == TextRule.COUNT_ENTERED
    return ShareKind.FLOW if entered or (sized and _divided(line, one)) else ShareKind.UNSAID


def _divided(line: Line, one: Found) -> bool:
    """`were randomised to alfa (n = 45) or beta (n = 43)`: the size of a group."""
    begin = line.tokens[one.tokens[0]].start
    return DIVIDED.search(line.text, max(0, begin - 600), begin) is not None
