"""Axes from tick labels: rows and columns of numbers that lie on one line."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np

from resurvey.digitise.digitised import Axis, Label, Panel, Word
from resurvey.digitise.numbers import plain, readings

# Labels tried as ends of a line at most; a row of an axis has rarely more than 20.
MOST_LABELS = 40
MOST_GROUPS = 60


@dataclass(frozen=True)
class _Fit:
    axis: Axis
    words: tuple[Word, ...]
    strays: tuple[Word, ...]
    score: float


def find_panels(words: Sequence[Word]) -> list[Panel]:
    """Pairs of a time axis and a survival axis that frame a plot, the best supported first taken, in reading order."""
    numbers = [word for word in words if plain(word.text)]
    across = _fits(numbers, _rows(numbers), horizontal=True)
    upward = _fits(numbers, _columns(numbers), horizontal=False)
    pairs = sorted(
        ((_support(x, y), i, j) for i, x in enumerate(across) for j, y in enumerate(upward) if _frames(x, y)),
        reverse=True,
    )
    panels: list[Panel] = []
    fits: list[tuple[_Fit, _Fit]] = []
    taken: set[int] = set()
    for _, i, j in pairs:
        used = {id(word) for word in (*across[i].words, *upward[j].words)}
        corner = {id(word) for word in across[i].words} & {id(word) for word in upward[j].words}
        panel = _panel(across[i], upward[j])
        if (used - corner) & taken or any(_same_place(panel, other) for other in panels):
            continue
        taken |= used
        if _credible(panel):
            fits.append((across[i], upward[j]))
        panels.append(panel)
    owned = {id(word) for pair in fits for fit in pair for word in fit.words}
    return _reading_order([_panel(_without(x, owned), _without(y, owned)) for x, y in fits])


def _without(fit: _Fit, owned: set[int]) -> _Fit:
    """A fit whose stray labels are those of no other panel: beside it, the row or column of labels goes on."""
    kept = tuple(label for label, word in zip(fit.axis.stray, fit.strays, strict=True) if id(word) not in owned)
    return replace(fit, axis=replace(fit.axis, stray=kept))


def _credible(panel: Panel) -> bool:
    """Whether the axes rest on enough labels: a table of numbers frames many an accidental panel."""
    return len(panel.x.labels) >= 3 and _upright_scale(panel.y)


def _upright_scale(axis: Axis) -> bool:
    values = np.array([label.value for label in axis.labels])
    round_values = bool(np.all(np.abs(values * 40 - np.round(values * 40)) < 1e-6))
    return round_values and float(np.ptp(values)) >= 0.2 and (len(values) >= 3 or float(np.ptp(values)) >= 0.5)


def inside(inner: Panel, outer: Panel) -> bool:
    """Whether a panel lies within another, as an inset does."""
    a, b = inner.box, outer.box
    return a[0] > b[0] and a[1] >= b[1] - 5 and a[2] <= b[2] + 0.1 * (b[2] - b[0]) and a[3] < b[3] - 2


def _reading_order(panels: list[Panel]) -> list[Panel]:
    height = max((panel.box[3] - panel.box[1] for panel in panels), default=1)
    return sorted(panels, key=lambda panel: (round(panel.box[1] / max(height, 1) * 1.5), panel.box[0]))


def _same_place(a: Panel, b: Panel) -> bool:
    width = min(a.box[2], b.box[2]) - max(a.box[0], b.box[0])
    height = min(a.box[3], b.box[3]) - max(a.box[1], b.box[1])
    if width <= 0 or height <= 0 or inside(a, b) or inside(b, a):
        return False
    smaller = min((p.box[2] - p.box[0]) * (p.box[3] - p.box[1]) for p in (a, b))
    return width * height > 0.3 * smaller


def _panel(across: _Fit, upward: _Fit) -> Panel:
    xs = [label.pixel for label in across.axis.labels]
    top = float(upward.axis.pixel(1.0))
    bottom = max(label.pixel for label in upward.axis.labels)
    left = float(across.axis.pixel(0.0))
    row = min(word.top for word in across.words)
    column = max(word.right for word in upward.words)
    return Panel(across.axis, upward.axis, (left, top, max(xs), bottom), row, column)


def _support(across: _Fit, upward: _Fit) -> float:
    """Labels that agree, less the room between the two axes in units of the plot."""
    box = _panel(across, upward).box
    gap = abs(min(word.top for word in across.words) - box[3]) / max(box[3] - box[1], 1)
    aside = abs(box[0] - max(word.right for word in upward.words)) / max(box[2] - box[0], 1)
    return across.score + upward.score - 2.0 * gap - 2.0 * aside


def _frames(across: _Fit, upward: _Fit) -> bool:
    """Whether the labels stand below and left of one and the same plot."""
    box = _panel(across, upward).box
    width, height = box[2] - box[0], box[3] - box[1]
    if width <= 10 or height <= 10:
        return False
    row = float(np.median([word.y for word in across.words]))
    column = max(word.right for word in upward.words)
    tall = float(np.median([word.height for word in across.words]))
    return bool(
        box[3] - 0.8 * tall < row < box[3] + 0.45 * height
        and box[0] - 0.35 * width < column < box[0] + 0.04 * width + tall
        and upward.axis.pixel(0.5) < row
    )


def _rows(words: Sequence[Word]) -> list[list[Word]]:
    return _grouped(words, lambda word: word.y, 0.6)


def _columns(words: Sequence[Word]) -> list[list[Word]]:
    """Groups by right edge, left edge and centre: labels are aligned by any of them."""
    groups = []
    for key in (lambda word: word.right, lambda word: word.x, lambda word: word.left):
        groups += _grouped(words, key, 0.8)
    return groups


def _grouped(words: Sequence[Word], key: Callable[[Word], float], slack: float) -> list[list[Word]]:
    """Every set of words whose key is near that of one of them, each set once."""
    groups = {}
    ordered = sorted(words, key=lambda word: (key(word), word.left, word.top))
    for word in ordered:
        near = tuple(i for i, other in enumerate(ordered) if abs(key(other) - key(word)) <= slack * word.height)
        if len(near) >= 2:
            groups[near] = [ordered[i] for i in near]
    largest = sorted(groups.items(), key=lambda item: (-len(item[0]), item[0]))
    return [group for _, group in largest[:MOST_GROUPS]]


def _fits(words: Sequence[Word], groups: Iterable[list[Word]], *, horizontal: bool) -> list[_Fit]:
    """Lines through the groups; what is left of a group may hold the axis of a panel beside it."""
    found: dict[tuple[tuple[float, float], ...], _Fit] = {}
    for group in groups:
        rest = group
        for _ in range(4):
            fit = fit_labels(rest, horizontal=horizontal)
            if fit is None:
                break
            key = tuple(sorted((word.x, word.y) for word in fit.words))
            if key not in found or found[key].score < fit.score:
                found[key] = fit
            rest = [word for word in rest if word not in fit.words]
    return list(found.values())


def fit_labels(words: Sequence[Word], *, horizontal: bool) -> _Fit | None:
    """The line through most of the labels, with the reading of each that fits; None where there is no such line."""
    if not 2 <= len(words) <= MOST_LABELS:
        return None
    scales = ((1.0,),) if horizontal else ((1.0,), (100.0,))
    fits = [fit for (scale,) in scales if (fit := _ransac(words, horizontal, scale)) is not None]
    return max(fits, key=lambda fit: fit.score, default=None)


def _candidates(word: Word, horizontal: bool, scale: float) -> tuple[float, ...]:
    values = readings(word.text)
    if horizontal:
        # A time axis has its points more often than a reader of letters loses them all: 5 is not .5 here.
        digits = len(plain(word.text).rstrip("%"))
        return tuple(value for value in (values if digits > 1 else values[:1]) if value >= 0)
    if scale == 100:
        return tuple(value for value in values[:1] if 0 <= value <= 100)
    exact = "%" not in word.text
    return tuple(value for value in values if 0 <= value <= 1.0) if exact else ()


def _ransac(words: Sequence[Word], horizontal: bool, scale: float) -> _Fit | None:
    at = np.array([word.x if horizontal else word.y for word in words])
    heights = np.array([word.height for word in words])
    slack = np.maximum(2.0, 0.45 * heights)
    choices = [_candidates(word, horizontal, scale) for word in words]
    best: tuple[float, float, dict[int, float]] | None = None
    for i, j in combinations(range(len(words)), 2):
        if abs(at[i] - at[j]) < 1.5 * max(heights[i], heights[j]):
            continue
        for a in choices[i]:
            for b in choices[j]:
                slope = (b - a) / (at[j] - at[i])
                if (slope <= 0) if horizontal else (slope >= 0):
                    continue
                chosen, off = _agreeing(at, slack, choices, a - slope * at[i], slope)
                score = _score(words, chosen, 0.5 if horizontal else 0.8)
                if best is None or (round(score, 6), -round(off, 3)) > (round(best[0], 6), -round(best[1], 3)):
                    best = (score, off, chosen)
    if best is None or len(best[2]) < 2:
        return None
    return _line(words, at, best[2], best[0], scale)


def _agreeing(
    at: np.ndarray, slack: np.ndarray, choices: list[tuple[float, ...]], intercept: float, slope: float
) -> tuple[dict[int, float], float]:
    """Readings within the slack of a line, one a label, and the sum of their distances in pixels."""
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
    """A reading as printed counts more than one with a point put in; a label left out between others counts against."""
    total = 0.0
    for k, value in chosen.items():
        total += 1.0 if value == readings(words[k].text)[0] else pointed
    low = min((min(words[k].x, words[k].y) for k in chosen), default=0)
    high = max((max(words[k].x, words[k].y) for k in chosen), default=0)
    strays = sum(k not in chosen and low <= words[k].x <= high for k in range(len(words)))
    return total - 0.25 * strays


def _line(words: Sequence[Word], at: np.ndarray, chosen: dict[int, float], score: float, scale: float) -> _Fit:
    places = sorted(chosen, key=lambda k: at[k])
    pixels, values = at[places], np.array([chosen[k] for k in places]) / scale
    slope, intercept = np.polyfit(pixels, values, 1)
    labels = tuple(Label(float(at[k]), chosen[k] / scale, words[k].text) for k in places)
    left = [k for k in range(len(words)) if k not in chosen]
    strays = tuple(Label(float(at[k]), float(plain(words[k].text).rstrip("%")) / scale, words[k].text) for k in left)
    axis = Axis(float(intercept), float(slope), labels, strays, percent=scale == 100)
    return _Fit(axis, tuple(words[k] for k in places), tuple(words[k] for k in left), score)


def refit(axis: Axis, labels: Sequence[Label]) -> Axis:
    """The axis through other places of its labels."""
    slope, intercept = np.polyfit([label.pixel for label in labels], [label.value for label in labels], 1)
    return replace(axis, intercept=float(intercept), slope=float(slope), labels=tuple(labels))
