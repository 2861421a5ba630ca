"""Percentages of running text without a count: proportions, changes, ranges; thresholds are excluded."""

from __future__ import annotations

import re

from resurvey.read.grammar import Found, cells_of, interval_after, p_after, take, words_after
from resurvey.read.lexer import Line
from resurvey.read.rules import TextRule
from resurvey.read.text_shares import is_percent, make, word_at


def percentages(line: Line) -> list[Found]:
    """Percentages without a count, and ranges of them."""
    found = []
    for i in line.free():
        token = line.tokens[i]
        if token.used or not token.percent or token.op in ("+", "-") or _limit(line, i):
            continue
        if (span := _range(line, i)) is not None:
            found.append(span)
            continue
        if (token.op and not _measured_bound(line, i)) or _threshold(line, i):
            continue
        if (change := _change(line, i)) is not None:
            found.append(change)
            continue
        if token.number > 100:
            found.append(Found("quantity", {"value": token.printed, "unit": "%"}, take(line, i), "percent-over-100"))
            continue
        if INDEX.search(line.text, max(0, token.start - 125), token.start) and not OF_PATIENTS.search(
            line.text[max(0, token.start - 3) : token.end + 6]
        ):
            cells = {"value": token.printed, "unit": "%", "kind": "laboratory", "item": _rate_of_what(line, i)}
            found.append(Found("quantity", cells, take(line, i), "percent-index"))
            continue
        if YEARLY.search(line.text, max(0, token.start - 40), token.start) or PER_YEAR.match(line.text, token.end):
            cells = {
                "value": token.printed,
                "unit": "% per year",
                "kind": "epidemiology",
                "item": _rate_of_what(line, i),
            }
            found.append(Found("quantity", cells, take(line, i), "percent-per-year"))
            continue
        found.append(make(line, TextRule.PERCENT, percent=i))
    return found


# `37% at 3 months (95% CI: 21-54%)`: limits whose value stands farther off.
LIMITS = re.compile(
    r"(?:\bC\.?I\.?|\bCrI|\bconfidence (?:intervals?|limits?))\b[^()\[\]a-z]{0,24}(?:to |and )?[-−+ ]*$"
)


def _limit(line: Line, i: int) -> bool:
    return LIMITS.search(line.text, max(0, line.tokens[i].start - 45), line.tokens[i].start) is not None


# `annualized rate, 0.30%`, `1.2% per year`: a rate of person-time, with no count of patients below it.
YEARLY = re.compile(r"\bannual(?:i[sz]ed)? (?:\w+ )?(?:rates?|incidence)(?:,| was| were| of|:| \()? ?$", re.IGNORECASE)
PER_YEAR = re.compile(r"\s?(?:%|per ?cent)?\s?(?:per|a|/)\s?(?:patient-|person-)?(?:year|annum)\b", re.IGNORECASE)


# `the Ki-67 index fell from 55 to 22.5%`: a value of an index, not a share of patients.
INDEX = re.compile(
    r"(?<!with )(?<!high )(?<!low )\b(?:Ki-?67|labell?ing index|ejection fraction|LVEF|h[a]?ematocrit|"
    r"relative dose[- ]intensity)"
    r"(?: (?:index|levels?|values?|expression))?(?: \([A-Za-z]{2,6}\))? "
    r"(?:was|were|is|fell|rose|decreased|increased|declined|remained|"
    r"changed|dropped)\b(?:[^;.]|\.(?=\d)){0,110}$",
    re.IGNORECASE,
)
OF_PATIENTS = re.compile(r"^in |% (?:of|in)\b")


def _rate_of_what(line: Line, i: int) -> str:
    named = re.findall(r"[a-z][a-z-]{2,}", line.text[max(0, line.tokens[i].start - 40) : line.tokens[i].start].lower())
    return " ".join(named[-4:]) or "rate"


# `weight loss of more than 5%`, `did not exceed 15%`, `at least a 50% decrease`.
BOUND = re.compile(
    r"\b(?:(?:more|less|greater|fewer|higher|lower|larger|smaller) than|over|exceed(?:s|ed|ing)?|"
    r"at least|at most|up to|in excess of|below|above|"
    r"time to)(?: an?)?\s?$"
)
CUT_OFF = re.compile(r"(?:cut-?offs?|margin)\b[^.;]{0,60}$")
# Longer than anything that either of them matches.
REACH = 100


def _threshold(line: Line, i: int) -> bool:
    """`10% or more of the patients`: a threshold, not a result."""
    before = line.text[: line.tokens[i].start][-REACH:].lower()
    if BOUND.search(before) is not None or CUT_OFF.search(before) is not None:
        return True
    return word_at(line, i + 1) == "or" and word_at(line, i + 2) in (
        "greater",
        "more",
        "less",
        "higher",
        "lower",
        "fewer",
    )


CHANGED_BY = re.compile(
    r"\b(?:reduc|increas|decreas|lower|improv|declin|rais|prolong|extend|shorten|delay|"
    r"enhanc|attenuat|augment|diminish|elevat|boost|inhibit|suppress)\w{0,5}\b[^;]{0,90}\bby $"
)
LISTED_BEFORE = re.compile(r"[\d.]{1,5}\s?%? (?:and|or|v|vs\.?|versus) $")
# `a 47% (P=0.03) and 19% (P=0.26) respective reduction in risk`, `2% and 11% improvement`.
LISTED_CHANGE = re.compile(
    r"\s?%?(?:\s?\([^()]{1,40}\))?(?:\s?(?:and|or|,|to|vs\.?|versus)\s[\d.]{1,6}\s?%(?:\s?\([^()]{1,40}\))?){0,4}\s"
    r"(?:respective |relative |absolute |significant |statistically significant )*"
    r"(?P<what>(?:reduction|decrease|increase|improvement|decline)s? (?:in|of) (?:the )?(?:\w{2,20} ?){1,3})",
    re.IGNORECASE,
)
# `50% fewer visits`: how much less, not how many.
COMPARING = {"more", "fewer", "lower", "higher", "greater", "longer", "shorter"}
# `a 66% relative risk reduction`
RISK_BEHIND = re.compile(r"\s?(?:%|per ?cent)?\s(?:relative |absolute )?risk reduction\b", re.IGNORECASE)
CHANGES = {
    "improvements",
    "difference",
    "reductions",
    "decline",
    "reduction",
    "decrease",
    "increase",
    "improvement",
    "prolongation",
    "risk",
}


def _change(line: Line, i: int) -> Found | None:
    """`a 66% reduction in the risk`: a difference."""
    after = words_after(line, i, 3)
    led = LISTED_BEFORE.sub("", line.lower()[: line.tokens[i].start][-120:])
    if led.endswith("by ") and CHANGED_BY.search(led[-110:]):
        return _changed(line, i, {})
    if (listed := LISTED_CHANGE.match(line.text[line.tokens[i].end :])) is not None:
        return _changed(line, i, {"item": listed["what"].lower()})
    if after[:1] and after[0] in COMPARING:
        return _changed(line, i, {"item": " ".join(after)})
    if RISK_BEHIND.match(line.text, line.tokens[i].end):
        return _changed(line, i, {"item": "risk reduction"})
    k = 1 if after[:1] and after[0] in ("relative", "absolute", "estimated", "lower", "higher") else 0
    if len(after) <= k or after[k] not in CHANGES or (after[k] == "risk" and after[k + 1 : k + 2] != ["reduction"]):
        return None
    words = [word for word in after[: k + 2] if word[0].isalpha()]
    return _changed(line, i, {"item": " ".join(words)})


def _changed(line: Line, i: int, words: dict[str, str]) -> Found:
    """A change in per cent, with its interval and p value where they follow."""
    interval = interval_after(line, i, bare=False)
    interval = interval if interval is not None and interval.kind == "ci" else None
    p = p_after(line, interval.end) if interval else None
    cells = {"value": line.tokens[i].printed, "unit": "%"} | words | cells_of(interval, ci=True)
    if p is not None:
        cells["p"] = line.tokens[p].printed
    limits = (interval.low, interval.high) if interval else ()
    return Found("difference", cells, take(line, i, *limits, p), TextRule.DIFFERENCE)


def _measured_bound(line: Line, i: int) -> bool:
    """`(<1%)`, `in <1% of the patients` are results; `>10% weight loss` and `± 4%` are not."""
    token, before, after = line.tokens[i], word_at(line, i - 1), word_at(line, i + 1)
    if token.op in ("<", "≤", "~"):
        if before in ("(", "["):
            # `(<30% residual stenosis)` defines something, `(<1%)` is a result.
            return not re.match(r"\s?%?\s(?!(?:of|in|for|with|and|v|vs|versus)\b)[a-z]", line.text[token.end :])
        return before in ("in", "was", "of", "were") or after == "of"
    return token.op in (">", "≥") and (before in ("in", "was", "were") and after in ("of", ".", ",", ""))


def _range(line: Line, i: int) -> Found | None:
    """`12 to 40%`, `15-20%`: one row with two limits, not two values."""
    nxt = i + 2
    joint = ("to", "-", "and") if word_at(line, i - 1) == "between" else ("to", "-")
    if word_at(line, i + 1) not in joint or not is_percent(line, nxt):
        return None
    if word_at(line, i - 1) == "from" and any(
        word in line.lower() for word in ("increase", "decrease", "rose", "fell", "improve", "reduc", "declin")
    ):
        return None
    if line.tokens[i].number >= line.tokens[nxt].number:
        return None
    cells = {"lower": line.tokens[i].printed, "upper": line.tokens[nxt].printed, "unit": "%"}
    return Found("quantity", cells, take(line, i, nxt), TextRule.PERCENT_RANGE)
