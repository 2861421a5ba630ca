"""The frame that rules draw around a table: its edges, and where it ends."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

from resurvey.read.sources.pdf_layout import PROSE, Piece
from resurvey.read.sources.pdf_rules import Rule

# Lines that a caption may have before the first rule of its table.
MOST_LINES = 10
# Rules closer together than this, in points, are one double rule.
DOUBLE = 4.0
# Lines of running text in a column that are no cell of a table.
TEXT_LINES = 3


@dataclass(frozen=True)
class Frame:
    """A table between its rules: left and right edge, its first rule, and its others of the same width.

    `head` is the rule below the headings where there are three or more, `bottom` the last where there are two or more;
    `inner` are shorter rules within.
    """

    x0: float
    x1: float
    top: float
    head: float | None
    bottom: float | None
    inner: tuple[Rule, ...] = ()


def frame_below(caption: Piece, rules: Sequence[Rule], ends: Sequence[float]) -> Frame | None:
    """The frame of the table below a caption; `ends` are the heights at which something else begins."""
    end = next((y for y in ends if y > caption.bottom), float("inf"))
    near = [
        rule
        for rule in rules
        if caption.bottom - 0.3 * caption.size < rule.y < end
        and rule.x0 < caption.x0 + 12
        and rule.x1 > caption.x0 + 90
    ]
    if not near or near[0].y - caption.bottom > MOST_LINES * caption.size:
        return None
    return _framed(near[0], near, rules)


def frame_beside(caption: Piece, rules: Sequence[Rule], ends: Sequence[float], gutter: float | None) -> Frame | None:
    """The frame of a table whose caption stands in a narrow column at its left."""
    end = next((y for y in ends if y > caption.bottom), float("inf"))
    near = [rule for rule in rules if caption.top - caption.size < rule.y < end and rule.x0 > caption.x1 - 2]
    near = [rule for rule in near if rule.x1 - rule.x0 > 150 and (gutter is None or rule.x0 < gutter < rule.x1)]
    if not near or abs(near[0].y - caption.top) > caption.size or near[0].x0 - caption.x0 > 200:
        return None
    return _framed(near[0], near, rules)


def _framed(first: Rule, rules: Sequence[Rule], page_rules: Sequence[Rule]) -> Frame:
    same = [rule.y for rule in rules if abs(rule.x0 - first.x0) < 6 and abs(rule.x1 - first.x1) < 6]
    apart = [same[0], *(y for before, y in itertools.pairwise(same) if y - before > DOUBLE)]
    head, bottom = (apart[1] if len(apart) > 2 else None), (apart[-1] if len(apart) > 1 else None)
    within = [rule for rule in page_rules if rule.x0 > first.x0 - 6 and rule.x1 < first.x1 + 6]
    inner = tuple(rule for rule in within if rule.y >= first.y and rule.x1 - rule.x0 < first.x1 - first.x0 - 12)
    return Frame(first.x0, first.x1, apart[0], head, bottom, inner)


def running_text(pieces: Sequence[Piece], body: float) -> list[Piece]:
    """First lines of at least three lines of running text, one below the other in the size of the body."""
    found: list[Piece] = []
    stack: dict[int, list[Piece]] = {}
    for piece in pieces:
        if piece.size < body - 0.4 or not PROSE.search(piece.text):
            continue
        column = stack.setdefault(round(piece.x0 / 20), [])
        if column and piece.top - column[-1].bottom > piece.size:
            column.clear()
        column.append(piece)
        if len(column) == TEXT_LINES:
            found.append(column[0])
    return sorted(found, key=lambda piece: piece.top)
