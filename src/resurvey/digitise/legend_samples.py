"""Line samples in a legend, which belong to no curve even where they are level with one."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from resurvey.digitise.extras import extra

# In text heights: how far before its text a sample may begin, its smallest width, and its distance from the text.
BEFORE, LEAST_WIDTH, SAMPLE_GAP = 8.0, 0.8, 4.0
BROKEN = 0.2  # share of a sample's length that may be missing at an end of a broken line
ALIGNED = 3.0  # pixels by which the starts of texts, and the ends of samples, in one legend may differ
Box = tuple[float, ...]


def sample_boxes(ink: np.ndarray, texts: Sequence[Box]) -> list[tuple[int, int, int, int]]:
    """Boxes (left, top, right, bottom) of samples that precede, at equal distance, two or more texts in a column.

    Parameters
    ----------
    ink
        Whether each pixel of the plot holds ink, height x width.
    texts
        Boxes of the texts in the plot, in its pixels.
    """
    below = [text for text in texts if any(_under_each_other(text, other) for other in texts if other != text)]
    if not below:
        return []
    count, _, stats, _ = extra("cv2").connectedComponentsWithStats(ink.astype(np.uint8), connectivity=8)
    every = [(x, y, x + wide, y + tall) for x, y, wide, tall, _ in stats[1:count].tolist()]
    pieces = [piece for piece in every if not any(_within(piece, text) for text in texts)]
    samples = [(text, sample) for text in below if (sample := _sample(text, pieces)) is not None]
    return [
        sample
        for text, sample in samples
        if any(_under_each_other(text, other) and _alike(sample, shown) for other, shown in samples if other != text)
    ]


def _within(piece: tuple[int, int, int, int], text: Box) -> bool:
    """Whether the centre of a piece of ink lies in a text, so that it is a letter."""
    return text[0] <= (piece[0] + piece[2]) / 2 <= text[2] and text[1] <= (piece[1] + piece[3]) / 2 <= text[3]


def _under_each_other(one: Box, other: Box) -> bool:
    tall = max(one[3] - one[1], other[3] - other[1], 6.0)
    return abs(one[0] - other[0]) <= ALIGNED and 0.7 * tall < abs(one[1] - other[1]) < 5 * tall


def _sample(text: Box, pieces: Sequence[tuple[int, int, int, int]]) -> tuple[int, int, int, int] | None:
    """The sample lying wholly before a text and level with it; None if there is none or it is not a line."""
    tall = max(text[3] - text[1], 6.0)
    inside = [
        (left, top, right, bottom)
        for left, top, right, bottom in pieces
        if left >= text[0] - BEFORE * tall
        and right <= text[0]
        and top >= text[1] - 0.4 * tall
        and bottom <= text[3] + 0.4 * tall + 1
    ]
    if not inside:
        return None
    left, top, right, bottom = zip(*inside, strict=True)
    wide = max(right) - min(left)
    near = text[0] - max(right) <= SAMPLE_GAP * tall
    return (min(left), min(top), max(right), max(bottom)) if wide >= LEAST_WIDTH * tall and near else None


def _alike(one: Box, other: Box) -> bool:
    """Whether two samples begin and end under each other."""
    # A broken line may begin or end with a gap.
    slack = max(ALIGNED, BROKEN * max(one[2] - one[0], other[2] - other[0]))
    return abs(one[0] - other[0]) <= slack and abs(one[2] - other[2]) <= slack
