"""Rows of censoring marks that OCR took for words: `HHH`, `+++`, `4111`."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np

from resurvey.digitise.digitised import Panel, Word
from resurvey.digitise.ink import darkness

# Characters that strokes and crosses on a horizontal line resemble, and those seldom found three times in a word.
LIKE_MARKS = re.compile(r"[HIl1|tTiLF4+±#\-—–_=~'\"`.,:;^ ]{2,}")
CROSSES = re.compile(r"[H+±#]")
INK = 0.3  # darkness from which a pixel counts as ink of a line
THROUGH = 0.9  # share of a word's width spanned by one unbroken line


def without_marks(words: Sequence[Word], picture: np.ndarray, panels: Sequence[Panel]) -> tuple[Word, ...]:
    """Words without those in a plot that are really rows of marks on a curve."""
    doubtful = [word for word in words if _within(word, panels) and LIKE_MARKS.fullmatch(word.text)]
    if not doubtful:
        return tuple(words)
    dark = darkness(picture)
    marks = {id(word) for word in doubtful if len(CROSSES.findall(word.text)) >= 3 or _runs_through(word, dark)}
    return tuple(word for word in words if id(word) not in marks)


def _within(word: Word, panels: Sequence[Panel]) -> bool:
    return word.upright and any(
        panel.box[0] < word.x < max(panel.box[2], panel.box[0]) and panel.box[1] - 3 < word.y < panel.box[3]
        for panel in panels
    )


def _runs_through(word: Word, dark: np.ndarray) -> bool:
    """Whether an unbroken horizontal line runs through the middle of a word, which does not happen with letters."""
    part = dark[max(0, int(word.top)) : int(word.bottom) + 1, max(0, int(word.left)) : int(word.right) + 1] > INK
    middle = part[int(0.2 * len(part)) : max(1, int(np.ceil(0.8 * len(part))))]
    return any(_longest(row) >= THROUGH * len(row) for row in middle if len(row))


def _longest(row: np.ndarray) -> int:
    """Length of the longest run of ink."""
    edges = np.flatnonzero(np.diff(np.r_[0, row.astype(np.int8), 0]))
    return int((edges[1::2] - edges[::2]).max(initial=0))
