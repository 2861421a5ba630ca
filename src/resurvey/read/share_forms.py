"""Whether a share of running text was read rightly: its numbers printed as one, or confirmed by those around it."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence

from resurvey.read.objects import Draft
from resurvey.read.share_neighbours import counted, fits, tells
from resurvey.read.slips import denominators, misprint_fits

WHOLE = re.compile(r"(?<![\w.,])\d{1,3}(?:,\d{3})+(?![\w,])|(?<![\w.,])\d{1,6}(?![\w,]|\.\d)")
# Characters in which a denominator stands before its count.
NEAR = 200
# `12 of 15 patients (`: no number and no other bracket between a count and its percentage.
OPENS = re.compile(r"[^()\[\]\d;]{0,60}[(\[]\s?")
# `(131/202, 64.9%`
JOINED, OPENED = re.compile(r"\s?[,;:=]\s?"), re.compile(r"[(\[]\s?(?:n ?= ?)?$")
# `%)`, `%; 95% CI 50-90)`, but not `% versus 41%)`.
CLOSES = re.compile(r"\s?%?\s?(?:[,;:](?!\s?\d+(?:\.\d+)?\s?%(?! ?(?:CI|conf)))[^()]*)?[)\]]")
# `82% (`, `82% of patients, `
BEFORE = re.compile(r"\s?(?:%|per ?cent)?[^()\[\]\d;]{0,40}[(\[,:;]\s?(?:n ?= ?)?")
# `26 of 29)`, but not `26 of 29 in one group, 25 of 33 in the other)`.
PAIR = re.compile(r"\d+ ?(?:/|of|out of|from) ?\d+")
# `(34.9%) out of `, `(69.1% of a total of `
BEHIND = re.compile(
    r"\s?%?(?:[^()\[\]]{0,60}[)\]][^.;()\d]{0,40}(?:\bof|\bfrom|\bamong|/)|\s?(?:out )?of\b)\s?[^.;()\d]{0,20}"
)


def printed_as_one(draft: Draft, text: str) -> bool:
    """Whether count, denominator and percentage stand together, such as `12 of 15 (80%)` or `80% (12/15)`.

    Parameters
    ----------
    draft : Draft
        A share of running text.
    text : str
        Its paragraph.
    """
    spans = draft.claim.spans
    if len(spans) != 3 or not draft.cells["total"]:
        return False
    n, percent, total = spans
    first, last = min(n.start, total.start), max(n.end, total.end)
    if percent.start >= last:
        joined = JOINED.fullmatch(text, last, percent.start) and OPENED.search(text[:first])
        opened = OPENS.fullmatch(text, last, percent.start)
        return bool((opened or joined) and CLOSES.match(text, percent.end))
    if percent.end <= first:
        behind = re.split(r"[)\]]", text[last:], maxsplit=1)[0]
        return bool(BEFORE.fullmatch(text, percent.end, first)) and PAIR.search(behind) is None
    return bool(OPENS.fullmatch(text, n.end, percent.start) and BEHIND.fullmatch(text, percent.end, total.start))


def in_brackets(draft: Draft, text: str) -> bool:
    """Whether a count has its percentage in brackets behind it, or stands in brackets behind its percentage."""
    n, percent = draft.claim.spans[:2] if len(draft.claim.spans) > 1 else (None, None)
    if n is None or percent is None or n.block != percent.block:
        return False
    first, second = sorted((n, percent), key=lambda span: span.start)
    between = text[first.end : second.start]
    return BEFORE.fullmatch(between) is not None if first is percent else "(" in between or "[" in between


class Sentences:
    """The shares of running text by what confirms or explains them.

    Parameters
    ----------
    drafts : sequence of Draft
        All drafts of the paper.
    texts : mapping of str to str
        The text of each paragraph, by the id of its block.
    """

    def __init__(self, drafts: Sequence[Draft], texts: Mapping[str, str]):
        self.texts = texts
        self._sizes: dict[str, frozenset[int]] = {}
        self.paragraphs: dict[str, list[Draft]] = defaultdict(list)
        self.same: dict[tuple[str, str], list[Draft]] = defaultdict(list)
        for draft in drafts:
            if draft.table == "proportions" and counted(draft):
                self.same[draft.cells["n"], draft.cells["percent"]].append(draft)
                if draft.claim.in_text:
                    self.paragraphs[draft.claim.spans[0].block].append(draft)

    def confirmed(self, draft: Draft) -> bool:
        """Whether a share that misses its denominator was probably read rightly."""
        if len(draft.claim.spans) == 3:
            return printed_as_one(draft, self.texts.get(draft.claim.spans[0].block, ""))
        if self.explained(draft):
            return False
        n, percent, total = (draft.cells[name] for name in ("n", "percent", "total"))
        mates = any(self._agrees(one, draft) for one in self._mates(draft))
        return mates or misprint_fits(n, percent, int(total)) or self._right_after(draft)

    def _right_after(self, draft: Draft) -> bool:
        """Whether `of 135 patients` is followed by the count, with no other whole number between them."""
        text = self.texts.get(draft.claim.spans[0].block, "")
        start = draft.claim.spans[0].start
        before = [*WHOLE.finditer(text, max(0, start - NEAR), start)]
        return bool(before) and before[-1].group().replace(",", "") == draft.cells["total"]

    def explained(self, draft: Draft) -> bool:
        """Whether another denominator that is printed gives the percentage: the share was linked to a wrong one."""
        n, percent, total = (draft.cells[name] for name in ("n", "percent", "total"))
        if n == total or any(fits(one) for one in self.same[n, percent]):
            return True
        sizes = self._printed(draft.claim.spans[0].block) - {int(n), int(total)}
        return bool(sizes) and not sizes.isdisjoint(denominators(int(n), percent, max(sizes)))

    def _printed(self, block: str) -> frozenset[int]:
        """The whole numbers of a paragraph."""
        if block not in self._sizes:
            found = WHOLE.finditer(self.texts.get(block, ""))
            self._sizes[block] = frozenset(int(match.group().replace(",", "")) for match in found)
        return self._sizes[block]

    def of_its_arm(self, draft: Draft, total: int) -> bool:
        """Whether the paragraph shows that its shares are of the size of their arm, or speaks of no other share."""
        mates = self._mates(draft)
        confirmed = any(one.cells["total"] == str(total) and fits(one) and tells(one) for one in mates)
        alone = not any(not one.cells["total"] for one in mates)
        return alone or (confirmed and not any(not one.cells["total"] for one in mates if _beside(one, draft)))

    def _mates(self, draft: Draft) -> list[Draft]:
        return [one for one in self.paragraphs[draft.claim.spans[0].block] if one is not draft]

    def _agrees(self, one: Draft, draft: Draft) -> bool:
        return one.cells["total"] == draft.cells["total"] and tells(one) and fits(one)


def _beside(one: Draft, draft: Draft) -> bool:
    """Whether two shares stand in one sentence."""
    return one.claim.context == draft.claim.context
