"""A page of lines and words, independent of the file format."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from resurvey.digitise.digitised import Word

Colour = tuple[int, int, int]
MOST_STROKES = 60_000


@dataclass(frozen=True)
class Stroke:
    """A drawn line: its points (k x 2, y down), colour, width, and whether it is dashed, closed or filled."""

    points: np.ndarray
    colour: Colour
    width: float = 1.0
    dashed: bool = False
    closed: bool = False
    filled: bool = False
    stroked: bool = True

    @property
    def box(self) -> tuple[float, float, float, float]:
        """Left, top, right, bottom."""
        low, high = self.points.min(axis=0), self.points.max(axis=0)
        return float(low[0]), float(low[1]), float(high[0]), float(high[1])


@dataclass(frozen=True)
class Drawing:
    """Lines and words of a page of a given width and height."""

    strokes: tuple[Stroke, ...]
    words: tuple[Word, ...]
    size: tuple[float, float]


def colour_of(value: object) -> Colour:
    """A colour as three bytes from grey, RGB or CMYK numbers between 0 and 1; black for anything else."""
    numbers = [value] if isinstance(value, (int, float)) else list(value) if isinstance(value, (list, tuple)) else []
    if not all(isinstance(number, (int, float)) for number in numbers):
        return 0, 0, 0
    parts = [min(1.0, max(0.0, float(number))) for number in numbers]
    if len(parts) == 1:
        parts = parts * 3
    elif len(parts) == 4:
        cyan, magenta, yellow, black = parts
        parts = [(1 - part) * (1 - black) for part in (cyan, magenta, yellow)]
    if len(parts) != 3:
        return 0, 0, 0
    return round(parts[0] * 255), round(parts[1] * 255), round(parts[2] * 255)
