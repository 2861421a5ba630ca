"""Counts, percentages and denominators of running text."""

from __future__ import annotations

import re

from resurvey.read.grammar import Found, Interval, cells_of, interval_after, take, words_after, words_before
from resurvey.read.lexer import Line, Token
from resurvey.read.no_results import of_something_else
from resurvey.read.rules import TextRule
from resurvey.read.slips import one_slip_fits, percent_fits
from resurvey.read.word_lists import EVENTS, NAMED_SHARE, OF_TWO, PARTS, PATIENTS, SITES, UNITS

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


def proportions(line: Line) -> list[Found]:
    """All counts with percentages or denominators, the most complete forms first."""
    found: list[Found] = []
    for rule in (_percent_with_count, _count_of_total, _total_first, _count_with_percent, _labelled):
        for i in line.free():
            if not line.tokens[i].used and (made := rule(line, i)) is not None:
                found.append(made)
    return found


def token_at(line: Line, i: int) -> Token | None:
    return line.tokens[i] if 0 <= i < len(line.tokens) else None


def word_at(line: Line, i: int) -> str:
    token = token_at(line, i)
    return token.text.lower() if token else ""


def is_count(line: Line, i: int) -> bool:
    token = token_at(line, i)
    return (
        token is not None
        and token.kind == "num"
        and not token.used
        and not token.masked
        and "." not in token.value
        and not token.unit
        and not token.op
    )


def is_percent(line: Line, i: int) -> bool:
    token = token_at(line, i)
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
    """Limits with a named level belong to the interval even if they are wrong: `2.8% (95% CI 6.4-5.8)`."""
    low, high = line.tokens[interval.low], line.tokens[interval.high]
    return bool(interval.level) and {low.unit, high.unit} <= {"", "%"} and max(low.number, high.number) <= 100


def _skip_nouns(line: Line, j: int, most: int = NOUN_GAP) -> int:
    """The first position from `j` that is not a plain word, within `most` words."""
    steps = 0
    while steps < most and (token := token_at(line, j)) is not None and token.kind in NOUNS:
        if token.text.lower() in ("and", "or", "versus", "vs", "vs.", "v"):
            break
        j, steps = j + 1, steps + 1
    return j


NOUNS = ("word", "name", "super", "cite", "registry")


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
        if not {"of", "from", "among"} & set(joined) or (SITES | PARTS) & set(joined):
            return None
    above = slash or word_at(line, i + 1) != "of"
    if not is_count(line, j) or (slash and ({word_at(line, i - 1), word_at(line, j + 1)} & {"/", "-"})):
        return None
    if of_something_else(line, i, j, slash=slash):
        return None
    n, total = line.tokens[i].number, line.tokens[j].number
    if (
        (n > total and (above or _has_percent(line, j) is None))
        or total < 2
        or (slash and total <= 5 and n <= 5 and not _has_percent(line, j))
    ):
        return None
    percent = _has_percent(line, j)
    if percent is None and not slash:
        percent = _percent_behind(line, i, j)
    if percent is not None and (OF_ALL.match(line.text[line.tokens[percent].end :]) or _bounds(line, percent)):
        percent = None
    if slash and total <= 5 and percent is not None and abs(100 * n / total - line.tokens[percent].number) > 1.01:
        return None
    if percent is None and not slash and not (total >= 6 and _patients_near(line, j)):
        return None
    return make(
        line, "n-of-N-percent" if percent is not None else TextRule.COUNT_OF_TOTAL, n=i, total=j, percent=percent
    )


def _percent_behind(line: Line, n: int, total: int) -> int | None:
    """`51 of 84 couples assigned to treatment completed it (61%)`: the next number, if the counts give it."""
    k = next((k for k in range(total + 1, min(total + 14, len(line.tokens))) if line.tokens[k].kind == "num"), None)
    if k is None or not is_percent(line, k) or not _open(line, k - 1):
        return None
    fits = percent_fits(line.tokens[n].printed, line.tokens[k].printed, line.tokens[total].number)
    return k if fits else None


def _bounds(line: Line, i: int) -> bool:
    """Whether a percentage is one of several: `11/39 villages had 80%-99% coverage`, `10/20 (24.3%, 42.4%)`."""
    joined = word_at(line, i + 1) in ("-", "to") or (
        word_at(line, i + 1) == "and" and word_at(line, i - 1) == "between"
    )
    listed = word_at(line, i + 1) == "," and _open(line, i - 1)
    return is_percent(line, i + 2) and (listed or (joined and not _open(line, i - 1)))


# `390 patients out of 398 (58% of total study population)`: the percentage has another denominator.
OF_ALL = re.compile(
    r"\s?%?\s?of (?:the |all )?(?:total|whole|entire|overall|study|intention|randomi[sz]ed|\d)", re.IGNORECASE
)


def _has_percent(line: Line, j: int) -> int | None:
    k = _skip_nouns(line, j + 1)
    if word_at(line, k) in ("(", "[", ",", ";", ":", "="):
        k += 1
    if word_at(line, k) in ("(", "[", "="):
        k += 1
    bounded = word_at(line, k - 1) == "than"
    return k if is_percent(line, k) and not bounded else None


def _patients_near(line: Line, j: int) -> bool:
    words = set(words_after(line, j, 4))
    again = word_at(line, j + 1) in ("or", "and", "versus", "vs", "vs.") and word_at(line, j + 3) == "of"
    return again or bool(words & (PATIENTS | EVENTS)) or word_at(line, j + 1) in AFTER_TOTAL


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
    """`of 28 patients, four (14.3%)`: the denominator comes first."""
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
    if percent is not None and OWN_TOTAL.match(line.text, line.tokens[percent].end):
        return None
    if percent is None or not (_near(line, k, i, percent) or _of_all_said(line, k, i, percent)):
        return None
    made = make(line, "of-N-n-percent", n=k, percent=percent)
    made.cells["total"] = line.tokens[i].printed
    return made


# `4 (4%) of the 99 patients, as did 5 (6%) of the 82`: the second count has its own denominator behind it.
OWN_TOTAL = re.compile(r"\s?%?\)\sof (?:the )?\d")


def _near(line: Line, n: int, total: int, percent: int) -> bool:
    return abs(100 * line.tokens[n].number / line.tokens[total].number - line.tokens[percent].number) <= 1.01


def _of_all_said(line: Line, n: int, total: int, percent: int) -> bool:
    """Whether `of 135 patients, 90 (76.2%)` can only be a proportion of that group, so a mismatch is a misprint."""
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
# Tokens from a denominator to the count directly after it: `of 135 evaluable patients, 90`.
DIRECTLY = 6


def _percent_with_count(line: Line, i: int) -> Found | None:
    """`70.0% (70/100)`, `7.7% (3 of 39 patients)`, `15% (n = 23)`, `15% (23 patients)`, `15%, 23 of 41`."""
    if not is_percent(line, i) or (word_at(line, i - 1) in ("-", "to") and word_at(line, i + 3) in (")", "]")):
        # `25-50% (6)`: a range and a citation.
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
        k = j + 2 + (word_at(line, j + 2) == "of")
    joined = [t.text.lower() for t in line.tokens[j + 1 : k]]
    if {"had", "have", "with", "achieved", "showed"} & set(joined):
        return None
    if is_count(line, k) and (slash or "of" in joined) and _of_all(line, j, k, i):
        if word_at(line, i + 1) == ";" and not _near(line, j, k, i):
            # `the completion rate was 91.6%; 10 of 120 subjects did not`: another clause.
            return None
        return make(line, "percent-n-of-N", n=j, total=k, percent=i)
    bounded = set(words_before(line, i, 3)) & {"below", "above", "least", "than", "over", "under", "exceeding"}
    inside = _open(line, i - 1) and bool(set(joined) & PATIENTS)
    if (
        (_open(line, i + 1) or inside)
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
    if _fraction(line, i) or ("least" in words_before(line, i, 2) and not between & (PATIENTS | EVENTS)):
        return None
    label = word_at(line, i - 1) == "=" and word_at(line, i - 2) in ("n", "no")
    # `refused (83, 14%)`: both numbers in one pair of brackets.
    label = label or (_open(line, i - 1) and is_percent(line, i + 2) and word_at(line, i + 3) in (")", "]"))
    if _open(line, k) or (label and word_at(line, k) in (",", ";")):
        k += 1
    elif word_at(line, k) != "=":
        return None
    if not is_percent(line, k) or line.tokens[k].op in (">", "≥") or _parts_of_all(line, i, k):
        return None
    if OF_TWO.match(line.text, line.tokens[k].end):
        return None
    if label and NAMED_SHARE.match(line.text, line.tokens[k].end):
        return None
    if _divided(line, k):
        return None
    total = None
    j = k + 1
    if word_at(line, j) in (")", "]"):
        j += 1
    j += word_at(line, j) == "out"
    if word_at(line, j) == "of":
        j = _skip_nouns(line, j, 3)
        if is_count(line, j) and line.tokens[j].number > 1 and _of_all(line, i, j, k):
            total = j
    return make(line, "n-percent-of-N" if total is not None else TextRule.COUNT_PERCENT, n=i, total=total, percent=k)


IN_WORDS = frozenset([2, 3, 4, 5, 6, 7, 8, 9, 10, 20, 100])


def _fraction(line: Line, i: int) -> bool:
    """`seven in ten (69.2%)`, `one in four`: the share in words; `2x the dose (5.4%)`: a factor."""
    if word_at(line, i + 1) in ("×", "x", "times"):
        return True
    before, here, after = token_at(line, i - 2), line.tokens[i], token_at(line, i + 2)
    above = word_at(line, i + 1) == "in" and after is not None and after.kind == "num" and after.number in IN_WORDS
    below = word_at(line, i - 1) == "in" and before is not None and before.kind == "num" and here.number in IN_WORDS
    return above or below


def _divided(line: Line, k: int) -> bool:
    """`724 patients (51% with limited and 49% with extensive disease)`: two shares in one pair of brackets."""
    close = next((j for j in range(k, min(k + 16, len(line.tokens))) if line.tokens[j].text in (")", "]")), k)
    inside = line.tokens[k + 1 : close]
    stated = any(token.kind in ("level", "ci", "p") for token in inside)
    return not stated and word_at(line, k + 1) in ("with", "had", "were", "in") and any(t.percent for t in inside)


def _of_all(line: Line, n: int, total: int, percent: int) -> bool:
    """Whether a count can be of a total: it is not larger, or one wrong character in it makes it so (`724 of 278`)."""
    count, size = line.tokens[n], line.tokens[total]
    return count.number <= size.number or one_slip_fits(count.printed, line.tokens[percent].printed, size.number)


def _parts_of_all(line: Line, n: int, k: int) -> bool:
    """`73 patients with stage III (22%) or IV (78%) disease`: parts of all patients counted, 100% in all."""
    if k - n < 4:
        return False
    later = [j for j in range(k + 1, len(line.tokens) - 1) if is_percent(line, j) and _open(line, j - 1)]
    counted = any(is_count(line, j) for j in range(k + 1, later[-1] if later else k))
    total = line.tokens[k].number + sum(line.tokens[j].number for j in later)
    return bool(later) and not counted and abs(total - 100) <= 1


# `the two groups (32% v 31%)`, `one trial (6%)`, `three times higher (87%)`: the number before the bracket does not
# count patients.
NOT_PATIENTS = {
    "times",
    "fold",
    "half",
    "third",
    "fourth",
    "fifth",
    "sixth",
    "tenth",
    "quarter",
    "quarters",
    "thirds",
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
    "months",
    "weeks",
    "days",
    "years",
    "log",
    "logs",
}


def _compared(line: Line, k: int) -> bool:
    """Whether the percentage at `k` is the first of two in the brackets: `(94% versus 91%)`, `(84-89%)`."""
    after = 1 if is_percent(line, k) else 0
    return bool(after) and word_at(line, k + 1) in ("versus", "vs", "vs.", "v", "-", "to") and is_percent(line, k + 2)


def _labelled(line: Line, i: int) -> Found | None:
    """`(n = 45)`, `n=45`: the size of the group named before it."""
    if not is_count(line, i) or word_at(line, i - 1) != "=" or word_at(line, i - 2) not in ("n", "no", "number"):
        return None
    made = make(line, TextRule.COUNT_EQUALS, n=i)
    made.kind, label = "arm", _label_before(line, i)
    made.cells |= {"label": label} if label else {}
    return made


def _words_up_to(line: Line, end: int) -> str:
    """At most four words directly before a position."""
    words: list[str] = []
    for token in reversed(line.tokens[max(0, end - 4) : end]):
        if token.kind not in ("word", "name") or token.text.lower() in LABEL_STOP:
            break
        words.append(token.text)
    return " ".join(reversed(words))


SCHEDULE = {
    "daily",
    "weekly",
    "monthly",
    "twice",
    "once",
    "day",
    "d",
    "/",
    "continuously",
    "orally",
    "dose",
    "doses",
    "per",
}


def _label_before(line: Line, i: int) -> str:
    """The words before a size: `randomised to maintenance olaparib (n = 136)`."""
    words: list[str] = []
    if word_at(line, i - 3) in (";", ",") and word_at(line, i - 5) not in ("(", ";", ","):
        # `sorafenib (400 mg twice daily; n=362)`: the name stands before the brackets.
        opened = next((j for j in range(i - 4, max(0, i - 14), -1) if _open(line, j)), None)
        named = [token for token in line.tokens[opened + 1 : i - 3] if token.kind == "num"] if opened else []
        sized = opened and any(word_at(line, j) in ("n", "no") for j in range(opened, i - 3))
        if opened and named and not sized:
            return _words_up_to(line, opened)
    # `CR, N = 4`: a comma may come between.
    last = i - 3 if word_at(line, i - 3) == "," and word_at(line, i - 5) in ("(", ";", ",") else i - 2
    for token in reversed(line.tokens[max(0, i - 9) : last]):
        if token.text in ("(", "["):
            if words:
                break
            continue
        if not words and (token.text.lower() in SCHEDULE or (token.kind == "num" and token.unit)):
            # `anastrozole 1 mg daily (n = 121)`: the name stands before the dose.
            continue
        if token.kind not in ("word", "name") or token.text.lower() in LABEL_STOP:
            break
        words.append(token.text)
        if len(words) == 4:
            break
    return " ".join(reversed(words))
