"""Fit lines through labels: which numbers of a row or column, in which reading, are ticks of one linear axis."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from math import fsum

import numpy as np

from resurvey.digitise.digitised import Axis, Label, Word
from resurvey.digitise.numbers import plain, readings

# Maximum number of labels in one row or column; an axis rarely has more than 20.
MOST_LABELS = 40
# A comparison made singly takes as long as this many made in bulk.
COUNTED_OUT = 50


class Budget:
    """Work that a search may still do, counted in comparisons so that the same input always stops at the same place."""

    def __init__(self, work: int) -> None:
        self.left = work

    def spend(self, work: int) -> bool:
        """Use some of the budget; return whether enough was left."""
        self.left -= work
        return self.left >= 0

    @property
    def spent(self) -> bool:
        """Whether more was requested than was available."""
        return self.left < 0


@dataclass(frozen=True)
class LabelLine:
    """An axis, the words that are its labels, the other words of their group, and the strength of support."""

    axis: Axis
    words: tuple[Word, ...]
    strays: tuple[Word, ...]
    score: float


@dataclass(frozen=True)
class _Readings:
    """Every reading of every label: which label, its value, and its weight."""

    label: np.ndarray
    value: np.ndarray
    weight: np.ndarray


def fit_labels(words: Sequence[Word], *, horizontal: bool, budget: Budget | None = None) -> LabelLine | None:
    """The line through most of the labels, with the reading of each that fits; None if there is no such line.

    Parameters
    ----------
    words
        Numbers of a row (horizontal) or a column.
    horizontal
        Whether values grow to the right, as times do, or upwards, as survival does.
    budget
        Work that may be done; once it is used up, no line is found.
    """
    if not 2 <= len(words) <= MOST_LABELS:
        return None
    budget = budget or Budget(10**9)
    scales = (1.0,) if horizontal else (1.0, 100.0)
    fits = [fit for scale in scales if (fit := _best_line(words, horizontal, scale, budget)) is not None]
    return max(fits, key=lambda fit: fit.score, default=None)


def _candidates(word: Word, horizontal: bool, scale: float) -> tuple[float, ...]:
    values = readings(word.text)
    if horizontal:
        # OCR rarely loses every decimal point of a time axis, so 5 is not read as .5 here.
        digits = len(plain(word.text).rstrip("%"))
        return tuple(value for value in (values if digits > 1 else values[:1]) if value >= 0)
    if scale == 100:
        return tuple(value for value in values[:1] if 0 <= value <= 100)
    exact = "%" not in word.text
    return tuple(value for value in values if 0 <= value <= 1.0) if exact else ()


def _best_line(words: Sequence[Word], horizontal: bool, scale: float, budget: Budget) -> LabelLine | None:
    """Of the lines through two readings, the one that most labels agree with and, among ties, the closest.

    All lines are first ranked by their best possible score; only those that could still win are scored in full.
    """
    at = np.array([word.x if horizontal else word.y for word in words])
    heights = np.array([word.height for word in words])
    slack = np.maximum(2.0, 0.45 * heights)
    choices = [_candidates(word, horizontal, scale) for word in words]
    every = _all_readings(words, choices, 0.5 if horizontal else 0.8)
    intercepts, slopes = _lines_through_two(every, at, heights, rising=horizontal)
    if not len(slopes) or not budget.spend(len(slopes) * len(every.value)):
        return None
    reach = _could_reach(every, at, slack, intercepts, slopes)
    best: tuple[float, float, dict[int, float]] | None = None
    for k in np.argsort(-reach, kind="stable"):
        if best is not None and round(float(reach[k]), 6) < round(best[0], 6):
            break
        if not budget.spend(COUNTED_OUT * len(every.value)):
            return None
        chosen, off = _agreeing(at, slack, choices, float(intercepts[k]), float(slopes[k]))
        score = _score(words, chosen, 0.5 if horizontal else 0.8)
        if best is None or (round(score, 6), -round(off, 3)) > (round(best[0], 6), -round(best[1], 3)):
            best = (score, off, chosen)
    if best is None or len(best[2]) < 2:
        return None
    return _line(words, at, best[2], best[0], scale)


def _all_readings(words: Sequence[Word], choices: Sequence[tuple[float, ...]], pointed: float) -> _Readings:
    label = [k for k, values in enumerate(choices) for _ in values]
    value = [value for values in choices for value in values]
    first = [readings(words[k].text)[0] for k in label]
    weight = [1.0 if a == b else pointed for a, b in zip(value, first, strict=True)]
    return _Readings(np.array(label, dtype=int), np.array(value), np.array(weight))


def _lines_through_two(
    every: _Readings, at: np.ndarray, heights: np.ndarray, *, rising: bool
) -> tuple[np.ndarray, np.ndarray]:
    """Intercepts and slopes of the lines, in the axis's direction, through two readings of labels that are apart."""
    i, j = np.triu_indices(len(every.value), 1)
    a, b = every.label[i], every.label[j]
    apart = (a != b) & (np.abs(at[a] - at[b]) >= 1.5 * np.maximum(heights[a], heights[b]))
    i, j, a, b = i[apart], j[apart], a[apart], b[apart]
    slope = (every.value[j] - every.value[i]) / (at[b] - at[a])
    right = slope > 0 if rising else slope < 0
    return (every.value[i] - slope * at[a])[right], slope[right]


def _could_reach(
    every: _Readings, at: np.ndarray, slack: np.ndarray, intercepts: np.ndarray, slopes: np.ndarray
) -> np.ndarray:
    """For each line, the score of all readings within its tolerance; two readings of equal value are counted twice."""
    off = np.abs((every.value[None, :] - intercepts[:, None]) / slopes[:, None] - at[every.label][None, :])
    counted = np.where(off <= slack[every.label][None, :], every.weight[None, :], 0.0)
    first = np.flatnonzero(np.r_[True, np.diff(every.label) > 0])
    return np.maximum.reduceat(counted, first, axis=1).sum(axis=1)


def _agreeing(
    at: np.ndarray, slack: np.ndarray, choices: list[tuple[float, ...]], intercept: float, slope: float
) -> tuple[dict[int, float], float]:
    """Readings within the tolerance of a line, one per label, and the sum of their distances in pixels."""
    chosen: dict[int, float] = {}
    total = 0.0
    for k, values in enumerate(choices):
        near = [(abs((value - intercept) / slope - at[k]), value) for value in values]
        distance, value = min(near, default=(np.inf, 0.0))
        if distance <= slack[k] and value not in chosen.values():
            chosen[k] = value
            total += distance
    return chosen, total


def _score(words: Sequence[Word], chosen: dict[int, float], pointed: float) -> float:
    """Score a line: readings as printed outweigh those with an inserted point; skipped labels count against it."""
    total = 0.0
    for k, value in chosen.items():
        total += 1.0 if value == readings(words[k].text)[0] else pointed
    low = min((min(words[k].x, words[k].y) for k in chosen), default=0)
    high = max((max(words[k].x, words[k].y) for k in chosen), default=0)
    strays = sum(k not in chosen and low <= words[k].x <= high for k in range(len(words)))
    return total - 0.25 * strays


def _line(words: Sequence[Word], at: np.ndarray, chosen: dict[int, float], score: float, scale: float) -> LabelLine:
    places = sorted(chosen, key=lambda k: at[k])
    pixels, values = at[places], np.array([chosen[k] for k in places]) / scale
    slope, intercept = least_squares(pixels, values)
    labels = tuple(Label(float(at[k]), chosen[k] / scale, words[k].text) for k in places)
    left = [k for k in range(len(words)) if k not in chosen]
    strays = tuple(Label(float(at[k]), float(plain(words[k].text).rstrip("%")) / scale, words[k].text) for k in left)
    axis = Axis(intercept, slope, labels, strays, percent=scale == 100)
    return LabelLine(axis, tuple(words[k] for k in places), tuple(words[k] for k in left), score)


def refit(axis: Axis, labels: Sequence[Label]) -> Axis:
    """The axis refitted to other positions of its labels."""
    slope, intercept = least_squares([label.pixel for label in labels], [label.value for label in labels])
    return replace(axis, intercept=intercept, slope=slope, labels=tuple(labels))


def least_squares(pixels: Iterable[float], values: Iterable[float]) -> tuple[float, float]:
    """Slope and intercept of the least-squares line, summed exactly so that results agree across processors."""
    pairs = list(zip(map(float, pixels), map(float, values), strict=True))
    x, y = (fsum(column) / len(pairs) for column in zip(*pairs, strict=True))
    slope = fsum((a - x) * (b - y) for a, b in pairs) / fsum((a - x) ** 2 for a, _ in pairs)
    return slope, y - slope * x
