"""Counts, percentages and denominators of running text."""

from __future__ import annotations

import re

from resurvey.read.grammar import Found, Interval, cells_of, interval_after, take, words_after, words_before
from resurvey.read.lexer import Line, Token
from resurvey.read.slips import one_slip_fits
from resurvey.read.word_lists import EVENTS, PATIENTS, UNITS

NOUN_GAP = 5
LABEL_STOP = {
    "to",
    "or",
    "and",
    "in",
    "of",
    "for",
    "versus",
    "vs",
    "either",
    "the",
    "with",
    "were",
    "was",
    "received",
    "receive",
    "receiving",
    "had",
    "than",
    "by",
    "from",
    "n",
    "patients",
}
ITEM_STOP = {
    "of",
    "in",
    "with",
    "the",
    "a",
    "an",
    "and",
    "or",
    "for",
    "who",
    "were",
    "was",
    "had",
    "to",
    "from",
    "as",
    "at",
    "by",
    "on",
    "that",
    "than",
    "is",
    "are",
    "respectively",
    "vs",
    "versus",
}


def proportions(line: Line) -> list[Found]:
    """All counts with percentages or denominators, the most complete forms first."""
    found: list[Found] = []
    for rule in (_percent_with_count, _count_of_total, _total_first, _count_with_percent, _labelled):
        for i in line.free():
            if not line.tokens[i].used and (made := rule(line, i)) is not None:
                found.append(made)
    return found


def _tok(line: Line, i: int) -> Token | None:
    return line.tokens[i] if 0 <= i < len(line.tokens) else None


def word_at(line: Line, i: int) -> str:
    token = _tok(line, i)
    return token.text.lower() if token else ""


def is_count(line: Line, i: int) -> bool:
    token = _tok(line, i)
    return (
        token is not None
        and token.kind == "num"
        and not token.used
        and not token.masked
        and "." not in token.value
        and not token.unit
        and token.op in ("",)
    )


def _is_percent(line: Line, i: int) -> bool:
    token = _tok(line, i)
    return token is not None and token.kind == "num" and token.percent and not token.used and token.op not in ("+", "-")


def make(line: Line, rule: str, *, n: int | None = None, total: int | None = None, percent: int | None = None) -> Found:
    cells: dict[str, str] = {}
    for name, i in (("n", n), ("total", total), ("percent", percent)):
        if i is not None:
            cells[name] = line.tokens[i].printed
    anchor = max(i for i in (n, total, percent) if i is not None)
    taken = take(line, n if n is not None else percent, *(i for i in (n, percent, total) if i is not None))
    interval = interval_after(line, anchor, bare=percent is not None)
    if (
        interval is not None
        and interval.kind in ("ci", "")
        and percent is not None
        and (_within(line, interval, percent) or _named_limits(line, interval))
    ):
        cells |= cells_of(interval, ci=True)
        taken += take(line, interval.low, interval.high)
        rule += "-interval"
    return Found("proportion", cells, list(dict.fromkeys(taken)), rule)


def _within(line: Line, interval: Interval, percent: int) -> bool:
    low, high = line.tokens[interval.low], line.tokens[interval.high]
    return (
        not (low.unit in UNITS or high.unit in UNITS)
        and low.number <= line.tokens[percent].number + 1
        and high.number <= 100
    )


def _named_limits(line: Line, interval: Interval) -> bool:
    """Limits that a level names are the interval's, wrong as they may be: `2.8% (95% CI 6.4-5.8)`."""
    low, high = line.tokens[interval.low], line.tokens[interval.high]
    return bool(interval.level) and {low.unit, high.unit} <= {"", "%"} and max(low.number, high.number) <= 100


def _skip_nouns(line: Line, j: int, most: int = NOUN_GAP) -> int:
    """The first place from `j` that is not a plain word, within `most` words."""
    steps = 0
    while steps < most and (token := _tok(line, j)) is not None and (token.kind in ("word", "name", "super", "cite")):
        if token.text.lower() in ("and", "or", "versus", "vs", "vs.", "v"):
            break
        j, steps = j + 1, steps + 1
    return j


def _open(line: Line, j: int) -> bool:
    return word_at(line, j) in ("(", "[")


def _count_of_total(line: Line, i: int) -> Found | None:
    """`70/100 (70.0%)`, `3 of 39 patients (8%)`, `four of the 28`, `x of y`."""
    if not is_count(line, i):
        return None
    j, slash = i + 1, False
    if word_at(line, j) == "/":
        j, slash = j + 1, True
    else:
        j = _skip_nouns(line, j, 3)
        joined = [t.text.lower() for t in line.tokens[i + 1 : j]]
        if not {"of", "from", "among"} & set(joined):
            return None
    if not is_count(line, j) or (slash and ({word_at(line, i - 1), word_at(line, j + 1)} & {"/", "-"})):
        return None
    n, total = line.tokens[i].number, line.tokens[j].number
    if n > total or total < 2 or (slash and total <= 5 and n <= 5 and not _has_percent(line, j)):
        return None
    percent = _has_percent(line, j)
    if percent is not None and OF_ALL.match(line.text[line.tokens[percent].end :]):
        percent = None
    if slash and total <= 5 and percent is not None and abs(100 * n / total - line.tokens[percent].number) > 1.01:
        return None
    if percent is None and not slash and not (total >= 6 and _patients_near(line, j)):
        return None
    return make(line, "n-of-N-percent" if percent is not None else "n-of-N", n=i, total=j, percent=percent)


# `390 patients out of 398 (58% of total study population)`: the percentage is of others.
OF_ALL = re.compile(
    r"\s?%?\s?of (?:the |all )?(?:total|whole|entire|overall|study|intention|randomi[sz]ed|\d)", re.IGNORECASE
)


def _has_percent(line: Line, j: int) -> int | None:
    k = _skip_nouns(line, j + 1)
    if word_at(line, k) in ("(", "[", ",", ";", ":", "="):
        k += 1
    if word_at(line, k) in ("(", "[", "="):
        k += 1
    return k if _is_percent(line, k) else None


def _patients_near(line: Line, j: int) -> bool:
    words = set(words_after(line, j, 4))
    return bool(words & (PATIENTS | EVENTS)) or word_at(line, j + 1) in AFTER_TOTAL


AFTER_TOTAL = {
    ")",
    "]",
    ",",
    ";",
    ".",
    "",
    "in",
    "with",
    "had",
    "were",
    "was",
    "who",
    "evaluable",
    "eligible",
    "assessable",
}


def _total_first(line: Line, i: int) -> Found | None:
    """`of 28 patients, four (14.3%)`: the denominator stands before."""
    if not is_count(line, i) or (
        word_at(line, i - 1) not in ("of", "among")
        and not (word_at(line, i - 1) == "the" and word_at(line, i - 2) in ("of", "among"))
    ):
        return None
    if i >= 2 and any(t.kind == "num" for t in line.tokens[max(0, i - 3) : i]):
        return None
    k = i + 1
    for k in range(i + 1, min(i + 14, len(line.tokens))):
        if line.tokens[k].kind == "num":
            break
    if not is_count(line, k) or not 1 <= line.tokens[k].number <= line.tokens[i].number or line.tokens[i].number < 4:
        return None
    percent = _has_percent(line, k)
    if percent is None or not (_near(line, k, i, percent) or _of_all_said(line, k, i, percent)):
        return None
    made = make(line, "of-N-n-percent", n=k, percent=percent)
    made.cells["total"] = line.tokens[i].printed
    return made


def _near(line: Line, n: int, total: int, percent: int) -> bool:
    return abs(100 * line.tokens[n].number / line.tokens[total].number - line.tokens[percent].number) <= 1.01


def _of_all_said(line: Line, n: int, total: int, percent: int) -> bool:
    """Whether `of 135 patients, 90 (76.2%)` leaves no other group the share could be of: a misprint then."""
    if {t.text.lower() for t in line.tokens} & {
        "arm",
        "arms",
        "group",
        "groups",
        "respectively",
        "versus",
        "vs",
        "vs.",
    }:
        return False
    slip = one_slip_fits(line.tokens[n].printed, line.tokens[percent].printed, line.tokens[total].number)
    return slip or n - total <= DIRECTLY


SEVERAL = {"arm", "arms", "group", "groups", "respectively", "versus", "vs", "vs."}
# Tokens from a denominator to the count right after it: `of 135 evaluable patients, 90`.
DIRECTLY = 6


def _percent_with_count(line: Line, i: int) -> Found | None:
    """`70.0% (70/100)`, `7.7% (3 of 39 patients)`, `15% (n = 23)`, `15% (23 patients)`, `15%, 23 of 41`."""
    if not _is_percent(line, i):
        return None
    j = i + 1
    opened = _open(line, j) or word_at(line, j) in (",", ";")
    if opened:
        j += 1
    if word_at(line, j) == "n" or word_at(line, j) == "no":
        j += 1
        if word_at(line, j) == "=":
            j += 1
        opened = True
    if not opened or not is_count(line, j):
        return None
    k = _skip_nouns(line, j + 1, 4)
    slash = word_at(line, j + 1) in ("/", "out")
    if slash:
        k = j + 2
    joined = [t.text.lower() for t in line.tokens[j + 1 : k]]
    if {"had", "have", "with", "achieved", "showed"} & set(joined):
        return None
    if is_count(line, k) and (slash or "of" in joined) and line.tokens[j].number <= line.tokens[k].number:
        return make(line, "percent-n-of-N", n=j, total=k, percent=i)
    bounded = set(words_before(line, i, 3)) & {"below", "above", "least", "than", "over", "under", "exceeding"}
    if (
        _open(line, i + 1)
        and not bounded
        and (word_at(line, j + 1) in (")", "]", ",", ";") or set(joined) & (PATIENTS | EVENTS))
    ):
        return make(line, "percent-n", n=j, percent=i)
    return None


VERBS = {"were", "was", "are", "is", "had", "have", "has", "showed", "received"}


def _count_with_percent(line: Line, i: int) -> Found | None:
    """`24 (24.0%)`, `24 [24.0%]`, `three patients (8.8%)`, with a denominator after it: `24 (24%) of 100 patients`."""
    if not is_count(line, i):
        return None
    k = _skip_nouns(line, i + 1, 6)
    between = {t.text.lower() for t in line.tokens[i + 1 : k]}
    if (VERBS | NOT_PATIENTS) & between or word_at(line, i - 1) == "/" or _compared(line, k + 1):
        return None
    label = word_at(line, i - 1) == "=" and word_at(line, i - 2) in ("n", "no")
    if _open(line, k) or (label and word_at(line, k) in (",", ";")):
        k += 1
    elif word_at(line, k) not in ("=",):
        return None
    if not _is_percent(line, k) or line.tokens[k].op in (">", "≥"):
        return None
    total = None
    j = k + 1
    if word_at(line, j) in (")", "]"):
        j += 1
    j += word_at(line, j) == "out"
    if word_at(line, j) == "of":
        j = _skip_nouns(line, j, 3)
        if is_count(line, j) and line.tokens[j].number >= line.tokens[i].number and line.tokens[j].number > 1:
            total = j
    return make(line, "n-percent-of-N" if total is not None else "n-percent", n=i, total=total, percent=k)


# `the two groups (32% v 31%)`, `one trial (6%)`: the number before counts no patients.
NOT_PATIENTS = {
    "groups",
    "arms",
    "modalities",
    "trial",
    "trials",
    "studies",
    "study",
    "treatments",
    "regimens",
    "methods",
}


def _compared(line: Line, k: int) -> bool:
    """Whether the percentage at `k` is the first of two in the brackets: `(94% versus 91%)`, `(84-89%)`."""
    after = 1 if _is_percent(line, k) else 0
    return bool(after) and word_at(line, k + 1) in ("versus", "vs", "vs.", "v", "-", "to") and _is_percent(line, k + 2)


def _labelled(line: Line, i: int) -> Found | None:
    """`(n = 45)`, `n=45`: the size of what stands before."""
    if not is_count(line, i) or word_at(line, i - 1) != "=" or word_at(line, i - 2) not in ("n", "no", "number"):
        return None
    made = make(line, "n-equals", n=i)
    made.kind, label = "arm", _label_before(line, i)
    made.cells |= {"label": label} if label else {}
    return made


def _label_before(line: Line, i: int) -> str:
    """The words a size stands behind: `randomised to maintenance olaparib (n = 136)`."""
    words: list[str] = []
    for token in reversed(line.tokens[max(0, i - 9) : i - 2]):
        if token.text in ("(", "["):
            if words:
                break
            continue
        if token.kind not in ("word", "name") or token.text.lower() in LABEL_STOP:
            break
        words.append(token.text)
        if len(words) == 4:
            break
    return " ".join(reversed(words))


def percentages(line: Line) -> list[Found]:
    """Percentages without a count, and ranges of them."""
    found = []
    for i in line.free():
        token = line.tokens[i]
        if token.used or not token.percent or token.op in ("+", "-"):
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
        found.append(make(line, "percent", percent=i))
    return found


def _threshold(line: Line, i: int) -> bool:
    """`10% or more of the patients`: a limit of what is shown, not a result."""
    cut = re.search(r"(?:cut-?offs?|margin)\b[^.;]{0,60}$", line.lower()[: line.tokens[i].start])
    return cut is not None or (
        word_at(line, i + 1) == "or" and word_at(line, i + 2) in ("greater", "more", "less", "higher", "lower", "fewer")
    )


CHANGED_BY = re.compile(r"\b(?:reduc|increas|decreas|lower|improv|declin|rais)\w{0,5}\b[^;]{0,90}\bby $")
CHANGES = {"reduction", "decrease", "increase", "improvement", "prolongation", "risk"}


def _change(line: Line, i: int) -> Found | None:
    """`a 66% reduction in the risk`: a difference."""
    after = words_after(line, i, 3)
    if word_at(line, i - 1) == "by" and CHANGED_BY.search(line.lower()[: line.tokens[i].start][-110:]):
        return Found("difference", {"value": line.tokens[i].printed, "unit": "%"}, take(line, i), "difference")
    k = 1 if after[:1] and after[0] in ("relative", "absolute", "estimated", "lower", "higher") else 0
    if len(after) <= k or after[k] not in CHANGES or (after[k] == "risk" and after[k + 1 : k + 2] != ["reduction"]):
        return None
    cells = {"value": line.tokens[i].printed, "unit": "%", "item": " ".join(after[: k + 2])}
    return Found("difference", cells, take(line, i), "difference")


def _measured_bound(line: Line, i: int) -> bool:
    """`(<1%)`, `in <1% of the patients` are results; `>10% weight loss` and `± 4%` are not."""
    token, before, after = line.tokens[i], word_at(line, i - 1), word_at(line, i + 1)
    if token.op in ("<", "≤", "~"):
        return before in ("(", "[", "in", "was", "of", "were") or after == "of"
    return token.op in (">", "≥") and (before in ("in", "was", "were") and after in ("of", ".", ",", ""))


def _range(line: Line, i: int) -> Found | None:
    """`12 to 40%`, `15-20%`: one row with two limits, never two values."""
    nxt = i + 2
    if word_at(line, i + 1) not in ("to", "-") or not _is_percent(line, nxt):
        return None
    if word_at(line, i - 1) in ("from",) and any(
        word in line.lower() for word in ("increase", "decrease", "rose", "fell", "improve", "reduc", "declin")
    ):
        return None
    if line.tokens[i].number >= line.tokens[nxt].number:
        return None
    cells = {"lower": line.tokens[i].printed, "upper": line.tokens[nxt].printed, "unit": "%"}
    return Found("quantity", cells, take(line, i, nxt), "range-percent")


def item_of(line: Line, index: int) -> str:
    """What is counted, in at most four words of the line: those after the number, else those before it.

    Those before it come first in `progression in 21 patients (44.7 %)`.
    """
    after: list[str] = []
    led = word_at(line, index - 1) in ("in", "by", "for") and line.tokens[index].kind == "num"
    if led and (before := _words_in_front(line, index)):
        return before
    for token in line.tokens[index + 1 : index + 14]:
        word = token.text.lower().rstrip(".")
        if token.text in (".", ";", ",") or (token.kind in ("num", "p", "time") and after):
            break
        if token.kind in ("word", "name") and word not in ITEM_STOP | SPREAD_WORDS and word not in PATIENTS:
            after.append(word)
        elif after and word in ("and", "versus", "vs", "than", "who"):
            break
        if len(after) == 4:
            break
    if after:
        return " ".join(after)
    return _words_in_front(line, index)


def _words_in_front(line: Line, index: int) -> str:
    words: list[str] = []
    for token in reversed(line.tokens[max(0, index - 9) : index]):
        word = token.text.lower().rstrip(".")
        if token.text in (";", ")", "]") or (token.text == "," and words):
            break
        if token.kind in ("word", "name") and word not in ITEM_STOP | SPREAD_WORDS and word not in PATIENTS:
            words.append(word)
    return " ".join(reversed(words[:4]))


SPREAD_WORDS = {"sd", "iqr", "range", "mean", "median", "ci"}
