"""Find axes from tick labels: rows and columns of numbers that fit a linear scale."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import product

import numpy as np

from resurvey.digitise.digitised import Axis, Panel, Word
from resurvey.digitise.label_lines import Budget, LabelLine, fit_labels, refit
from resurvey.digitise.numbers import plain

MOST_GROUPS = 60
MOST_LINES = 80
# Maximum number of label-to-line comparisons in the search of one page, and the number charged for each pair of axes.
MOST_WORK = 60_000_000
A_PAIR = 1_000
# Distance, in text heights, from where the other labels put S = 0, beyond which a 0 in the corner is left out.
CORNER = 0.25


@dataclass(frozen=True)
class AxisSearch:
    """The panels found, and whether the search was completed."""

    panels: tuple[Panel, ...]
    whole: bool


_Pair = tuple[LabelLine, LabelLine]


def find_panels(words: Sequence[Word]) -> list[Panel]:
    """Pairs of a time axis and a survival axis that frame a plot, chosen by strength of support, in reading order."""
    return list(search_axes(words).panels)


def search_axes(words: Sequence[Word], budget: Budget | None = None) -> AxisSearch:
    """Panels as in `find_panels`, with a limit on the work done: a page of tables holds very many candidate lines."""
    budget = budget or Budget(MOST_WORK)
    numbers = [word for word in words if plain(word.text)]
    if not budget.spend(10 * len(numbers) ** 2):
        return AxisSearch((), False)
    across = _best(_fits(numbers, _rows(numbers), budget, horizontal=True))
    upward = _best(_fits(numbers, _columns(numbers), budget, horizontal=False))
    fits = [(x, without_corner(x, y)) for x, y in _chosen(across, upward, budget)]
    fits += _sharing(fits, across, upward, budget)
    owned = {id(word) for pair in fits for fit in pair for word in fit.words}
    panels = [_placed(_without(x, owned), _without(y, owned), fits) for x, y in fits]
    return AxisSearch(tuple(_reading_order(panels)), not budget.spent)


def _best(fits: Sequence[LabelLine]) -> list[LabelLine]:
    return sorted(fits, key=lambda fit: -round(fit.score, 6))[:MOST_LINES]


def _chosen(across: Sequence[LabelLine], upward: Sequence[LabelLine], budget: Budget) -> list[_Pair]:
    """Pairs that frame a plot of their own, using labels that no better-supported pair uses."""
    framing = ((i, j) for i, x in enumerate(across) for j, y in enumerate(upward) if _frames(x, y))
    pairs = sorted(((_support(across[i], upward[j]), i, j) for i, j in framing), reverse=True)
    panels: list[Panel] = []
    fits: list[_Pair] = []
    taken: set[int] = set()
    for _, i, j in pairs:
        if not budget.spend(A_PAIR * (1 + len(panels))):
            break
        used = {id(word) for word in (*across[i].words, *upward[j].words)}
        corner = {id(word) for word in across[i].words} & {id(word) for word in upward[j].words}
        panel = _panel(across[i], upward[j])
        if (used - corner) & taken or any(_same_place(panel, other) for other in panels):
            continue
        taken |= used
        if _credible(panel):
            fits.append((across[i], upward[j]))
        panels.append(panel)
    return fits


def _sharing(
    fits: Sequence[_Pair], across: Sequence[LabelLine], upward: Sequence[LabelLine], budget: Budget
) -> list[_Pair]:
    """Panels of a grid labelled only on its left and lower sides: each repeats the axes of a panel that has both."""
    found: list[_Pair] = []
    for x, y in fits:
        beside = [x, *(other for other in across if _repeats(x, other, horizontal=True))]
        above = [y, *(other for other in upward if _repeats(y, other, horizontal=False))]
        for pair in product(beside, above):
            if not budget.spend(A_PAIR * (len(fits) + len(found))):
                return found
            panel = _panel(*pair)
            if not any(_same_place(panel, _panel(*other)) for other in (*fits, *found)):
                found.append(pair)
    return found


def without_corner(across: LabelLine, upward: LabelLine) -> LabelLine:
    """Labels of the survival axis without a 0 that stands in the row of the time labels, below the end of its axis.

    Where one 0 in the corner serves both axes, it is level with the time labels; the others show where S = 0 lies.
    """
    last, word = upward.axis.labels[-1], upward.words[-1]
    if len(upward.words) < 4 or last.value != 0:
        return upward
    row = float(np.median([other.y for other in across.words]))
    others = refit(upward.axis, upward.axis.labels[:-1])
    if abs(word.y - row) > 0.5 * word.height or abs(float(others.pixel(0.0)) - last.pixel) <= CORNER * word.height:
        return upward
    return replace(upward, axis=others, words=upward.words[:-1])


def _repeats(fit: LabelLine, other: LabelLine, *, horizontal: bool) -> bool:
    """Whether nearly the same labels, at the same spacing, are repeated to the right of an axis or above it."""
    values, again = ({label.value for label in one.axis.labels} for one in (fit, other))
    if len(values & again) < max(3, 0.6 * len(values | again)):
        return False
    if abs(other.axis.slope / fit.axis.slope - 1) > 0.02:
        return False
    height = float(np.median([word.height for word in fit.words]))
    if horizontal:
        level = float(np.median([word.y for word in other.words]) - np.median([word.y for word in fit.words]))
        beyond = min(word.left for word in other.words) > max(word.left for word in fit.words)
    else:
        level = max(word.right for word in other.words) - max(word.right for word in fit.words)
        beyond = max(word.bottom for word in other.words) < min(word.bottom for word in fit.words)
    return bool(beyond and abs(level) < 0.6 * height)


def _placed(across: LabelLine, upward: LabelLine, fits: Sequence[_Pair]) -> Panel:
    """A panel; where it uses a neighbour's labels, the space reserved for labels is as wide as the neighbour's."""
    panel = _panel(across, upward)
    own_row = next(_panel(*pair) for pair in fits if pair[0].words == across.words)
    own_column = next(_panel(*pair) for pair in fits if pair[1].words == upward.words)
    if own_row.box == panel.box == own_column.box:
        return panel
    # Placed by value, not by the outermost labels, because the lowest label may not have been read.
    row = float(panel.y.pixel(own_row.y.value(own_row.row)))
    return replace(panel, row=row, column=float(panel.x.pixel(own_column.x.value(own_column.column))))


def _without(fit: LabelLine, owned: set[int]) -> LabelLine:
    """A fit without the stray labels that belong to another panel, where the row or column of labels continues."""
    kept = tuple(label for label, word in zip(fit.axis.stray, fit.strays, strict=True) if id(word) not in owned)
    return replace(fit, axis=replace(fit.axis, stray=kept))


def _credible(panel: Panel) -> bool:
    """Whether the axes rest on enough labels: a table of numbers suggests many spurious panels."""
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


def _panel(across: LabelLine, upward: LabelLine) -> Panel:
    xs = [label.pixel for label in across.axis.labels]
    top = float(upward.axis.pixel(1.0))
    bottom = max(label.pixel for label in upward.axis.labels)
    left = float(across.axis.pixel(0.0))
    row = min(word.top for word in across.words)
    column = max(word.right for word in upward.words)
    return Panel(across.axis, upward.axis, (left, top, max(xs), bottom), row, column)


def _support(across: LabelLine, upward: LabelLine) -> float:
    """Number of agreeing labels, less the gap between the two axes in units of the plot."""
    box = _panel(across, upward).box
    gap = abs(min(word.top for word in across.words) - box[3]) / max(box[3] - box[1], 1)
    aside = abs(box[0] - max(word.right for word in upward.words)) / max(box[2] - box[0], 1)
    return across.score + upward.score - 2.0 * gap - 2.0 * aside


def _frames(across: LabelLine, upward: LabelLine) -> bool:
    """Whether the labels lie below and to the left of the same plot."""
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
    """Groups by right edge, left edge and centre: labels may be aligned by any of them."""
    groups = []
    for key in (lambda word: word.right, lambda word: word.x, lambda word: word.left):
        groups += _grouped(words, key, 0.8)
    return groups


def _grouped(words: Sequence[Word], key: Callable[[Word], float], slack: float) -> list[list[Word]]:
    """Sets of words whose keys are close to that of one of their members, each set once."""
    groups = {}
    ordered = sorted(words, key=lambda word: (key(word), word.left, word.top))
    for word in ordered:
        near = tuple(i for i, other in enumerate(ordered) if abs(key(other) - key(word)) <= slack * word.height)
        if len(near) >= 2:
            groups[near] = [ordered[i] for i in near]
    largest = sorted(groups.items(), key=lambda item: (-len(item[0]), item[0]))
    return [group for _, group in largest[:MOST_GROUPS]]


def _fits(words: Sequence[Word], groups: Iterable[list[Word]], budget: Budget, *, horizontal: bool) -> list[LabelLine]:
    """Lines fitted to the groups; the labels left over in a group may belong to the axis of an adjacent panel."""
    found: dict[tuple[tuple[float, float], ...], LabelLine] = {}
    for group in groups:
        rest = group
        for _ in range(4):
            fit = fit_labels(rest, horizontal=horizontal, budget=budget)
            if fit is None:
                break
            key = tuple(sorted((word.x, word.y) for word in fit.words))
            if key not in found or found[key].score < fit.score:
                found[key] = fit
            rest = [word for word in rest if word not in fit.words]
    return list(found.values())
