"""Numbers at risk read cell by cell: where the columns are known, each number is cut out and read by itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from resurvey.digitise import ocr
from resurvey.digitise.digitised import Panel, Word
from resurvey.digitise.ink import darkness
from resurvey.digitise.numbers import whole

INK = 0.25  # darkness from which a pixel counts as ink of a number
TALL = 20  # height in pixels to which numbers are enlarged before they are read
# A line of numbers has ink at this share of the columns at least, and in this share of the gaps between them at most.
AT_COLUMNS, IN_GAPS = 0.5, 0.35
FLATTEST, TALLEST = 0.3, 1.7  # height of a line of numbers, in heights of the labels of the time axis
LEAST = 4  # height in pixels of the smallest numbers
APART = 0.5  # gap between two numbers of one line, in heights of the numbers


@dataclass(frozen=True)
class Columns:
    """Times of the columns, their positions in pixels, and the distance between neighbours."""

    times: tuple[float, ...]
    places: np.ndarray
    spacing: float

    @classmethod
    def of(cls, panel: Panel, times: Sequence[float]) -> Columns:
        """Columns of the numbers under the time axis of a panel."""
        places = np.asarray(panel.x.pixel(np.array(times)), float)
        return cls(tuple(times), places, float(np.median(np.diff(places))))


@dataclass(frozen=True)
class Band:
    """A horizontal strip of a picture that holds a line of numbers: its first row, and the one after its last."""

    top: int
    bottom: int

    @property
    def y(self) -> float:
        """The vertical centre."""
        return (self.top + self.bottom - 1) / 2

    @property
    def height(self) -> int:
        """The height of the numbers, measured like that of a word."""
        return self.bottom - self.top - 1


def bands_of_numbers(picture: np.ndarray, top: float, label_height: float, columns: Columns) -> list[Band]:
    """Strips below a position in which ink stands at most columns and seldom between them, from the top."""
    first = max(0, round(top))
    dark = darkness(picture[first:]) > INK
    at = _inked(dark, columns.places, 0.3 * columns.spacing)
    between = _inked(dark, (columns.places[:-1] + columns.places[1:]) / 2, 0.06 * columns.spacing)
    filled = at.mean(axis=1) > 0
    edges = np.flatnonzero(np.diff(np.r_[0, filled.astype(np.int8), 0]))
    found = []
    for a, b in zip(edges[::2], edges[1::2], strict=True):
        right_height = max(LEAST, FLATTEST * label_height + 1) <= b - a <= TALLEST * label_height + 1
        if right_height and at[a:b].any(axis=0).mean() >= AT_COLUMNS and between[a:b].any(axis=0).mean() <= IN_GAPS:
            found.append(Band(first + int(a), first + int(b)))
    return found


def _inked(dark: np.ndarray, places: np.ndarray, reach: float) -> np.ndarray:
    """Whether each row of pixels has ink within a distance of each place."""
    sides = [(max(0, round(x - reach)), max(0, round(x + reach) + 1)) for x in places]
    return np.stack([dark[:, a:b].any(axis=1) for a, b in sides], axis=1)


def read_cells(picture: np.ndarray, band: Band, columns: Columns, wanted: Sequence[bool]) -> list[Word | None]:
    """The number at each column that is wanted, read by itself; None where there is no ink or no number."""
    runs = runs_of_ink(darkness(picture[band.top : band.bottom]) > INK, max(2.0, APART * band.height))
    return [
        _number(picture, band, near_runs(runs, place, columns)) if asked else None
        for place, asked in zip(columns.places, wanted, strict=True)
    ]


def runs_of_ink(dark: np.ndarray, apart: float) -> list[tuple[int, int]]:
    """First and last columns of stretches of ink that are separated by wider gaps."""
    inked = np.flatnonzero(dark.any(axis=0))
    breaks = np.flatnonzero(np.diff(inked) > apart)
    if not len(inked):
        return []
    return [
        (int(inked[a]), int(inked[b])) for a, b in zip(np.r_[0, breaks + 1], np.r_[breaks, len(inked) - 1], strict=True)
    ]


def near_runs(runs: Sequence[tuple[int, int]], place: float, columns: Columns) -> list[tuple[int, int]]:
    """Stretches of ink that belong to a column and no other, the nearest first."""
    off = [abs((left + right) / 2 - place) for left, right in runs]
    own = [k for k in range(len(runs)) if off[k] <= 0.45 * columns.spacing]
    narrow = [k for k in own if runs[k][1] - runs[k][0] < 0.95 * columns.spacing]
    return [runs[k] for k in sorted(narrow, key=lambda k: (round(off[k], 2), k))]


def _number(picture: np.ndarray, band: Band, runs: Sequence[tuple[int, int]]) -> Word | None:
    """The number in the first of several stretches of ink that is not in brackets."""
    for left, right in runs:
        text, score = ocr.read_enlarged(picture, Word("", left, band.top, right, band.bottom - 1), TALL)
        if text.startswith(("(", "[")):
            continue
        count = whole(text)
        return None if count is None else Word(text, left, band.top, right, band.bottom - 1, score)
    return None
