"""Curves of a drawing: axes from its words and tick lines, curves directly from the lines, without loss."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from resurvey.digitise.axes import AxisSearch, search_axes
from resurvey.digitise.digitised import Axis, Label, Panel, TracedCurve
from resurvey.digitise.drawing import Drawing, Stroke
from resurvey.digitise.label_lines import refit

# Tolerance (share of the axes) for a curve's start at (0, 1), and the smallest share that it must span.
START = 0.025
LEAST_REACH = 0.05
# Maximum length of a censoring mark, as a share of the plot.
MARK = 0.05
# Distance, in units of the drawing, within which two positions are the same.
SAME = 0.05


@dataclass(frozen=True)
class _Style:
    colour: tuple[int, int, int]
    width: float
    dashed: bool


def panels_of(drawing: Drawing) -> AxisSearch:
    """Panels of a drawing, with labels moved to their tick lines."""
    search = search_axes(drawing.words)
    return replace(search, panels=tuple(_snapped(panel, drawing.strokes) for panel in search.panels))


def _snapped(panel: Panel, strokes: Sequence[Stroke]) -> Panel:
    straight = [stroke for stroke in strokes if len(stroke.points) == 2 and stroke.stroked]
    x = _snap(panel.x, _ticks(straight, upright=True), near=panel.row, reach=panel.box[3] - panel.box[1])
    y = _snap(panel.y, _ticks(straight, upright=False), near=panel.column, reach=panel.box[2] - panel.box[0])
    right = max(label.pixel for label in x.labels)
    box = (float(x.pixel(0.0)), float(y.pixel(1.0)), right, max(label.pixel for label in y.labels))
    return replace(panel, x=x, y=y, box=box)


def _ticks(straight: Sequence[Stroke], *, upright: bool) -> list[tuple[float, float, float]]:
    """Straight lines as (position along the axis, first and last position across it)."""
    along, across = (0, 1) if upright else (1, 0)
    found = []
    for stroke in straight:
        (a, b) = stroke.points[:, along]
        (c, d) = sorted(stroke.points[:, across])
        if abs(a - b) < 0.02 * max(d - c, 1e-9) and d > c:
            found.append((float(a + b) / 2, float(c), float(d)))
    return found


def _snap(axis: Axis, ticks: list[tuple[float, float, float]], *, near: float, reach: float) -> Axis:
    """Labels moved to tick lines of the kind (equal length and position) that serves most of them."""
    kinds: dict[tuple[float, float], list[float]] = defaultdict(list)
    for place, first, last in ticks:
        if min(abs(first - near), abs(last - near)) < 0.25 * abs(reach):
            kinds[(round(first, 1), round(last, 1))].append(place)
    spacing = float(np.min(np.diff(np.sort([label.pixel for label in axis.labels]))))
    best: tuple[int, float, list[Label]] = (0, 0.0, [])
    for places in kinds.values():
        marks = np.array(sorted(set(places)))
        moved = [
            replace(label, pixel=float(nearest), snapped=True)
            for label in axis.labels
            if abs((nearest := marks[np.argmin(np.abs(marks - label.pixel))]) - label.pixel) < 0.3 * spacing
        ]
        if len(moved) < max(2, 0.6 * len(axis.labels)) or len({label.pixel for label in moved}) < len(moved):
            continue
        off = refit(axis, moved).residual
        if off < 0.01 * spacing + 0.3 and (len(moved), -off) > (best[0], -best[1]):
            best = (len(moved), off, moved)
    return refit(axis, best[2]) if best[2] else axis


def curves_of(drawing: Drawing, panel: Panel) -> list[TracedCurve]:
    """Curves drawn as lines in a panel, exact to the precision of the file; pieces of one style are joined."""
    groups: dict[_Style, list[np.ndarray]] = defaultdict(list)
    for stroke in drawing.strokes:
        if stroke.stroked and not stroke.closed and _within(stroke, panel):
            groups[_Style(stroke.colour, round(stroke.width, 2), stroke.dashed)].append(stroke.points)
    found = [(style, line) for style, pieces in groups.items() for line in pieces if _is_curve(line, panel)]
    if not found:  # split into pieces, as publishers do
        found = [
            (style, chain)
            for style, pieces in groups.items()
            for chain in _chains(pieces, panel)
            if _is_curve(chain, panel) and _stepped(chain, panel)
        ]
    kept = _without_bounds(_without_copies(found))
    owners = _owners(_marks(drawing, panel), kept, panel)
    return [_curve(style, points, panel, owners[k], k) for k, (style, points) in enumerate(kept)]


def _within(stroke: Stroke, panel: Panel) -> bool:
    left, top, right, bottom = stroke.box
    x0, y1, _, _ = panel.box
    low = max(panel.box[3], float(panel.y.pixel(0.0)))
    width, height = panel.box[2] - x0, panel.box[3] - y1
    return left > x0 - 0.03 * width and right < x0 + 1.6 * width and top > y1 - 0.03 * height and bottom < low + 2


def _is_curve(points: np.ndarray, panel: Panel) -> bool:
    """Whether a line starts at (0, 1), never goes backwards or upwards, and is more than a straight horizontal line."""
    span = panel.box[2] - panel.box[0]
    height = panel.box[3] - panel.box[1]
    steps = np.diff(points, axis=0)
    falls = bool(np.all(steps[:, 0] > -1e-3 * span) and np.all(steps[:, 1] > -1e-3 * height))
    starts = abs(points[0, 0] - panel.box[0]) < START * span and abs(points[0, 1] - panel.box[1]) < START * height
    reach = np.ptp(points[:, 0]) > LEAST_REACH * span
    return bool(falls and starts and reach and np.ptp(points[:, 1]) > 1e-3 * height and len(points) > 2)


def _stepped(chain: np.ndarray, panel: Panel) -> bool:
    """Whether a chain of pieces has enough falls and length not to be a frame or a row of marks."""
    reach = np.ptp(chain[:, 0]) > 0.3 * (panel.box[2] - panel.box[0])
    return bool(reach) and len(np.unique(np.round(chain[:, 1], 2))) >= 6


def _chains(pieces: list[np.ndarray], panel: Panel) -> list[np.ndarray]:
    """Pieces joined end to start, if the next lies ahead within the gap of a dash."""
    gap = 0.02 * (panel.box[2] - panel.box[0])
    left = [points if points[0, 0] <= points[-1, 0] else points[::-1] for points in pieces]
    left = [points if np.all(np.diff(points[:, 1]) >= 0) or len(points) > 2 else points[::-1] for points in left]
    chains: list[np.ndarray] = []
    start = np.array(panel.box[:2])
    while left and len(chains) < 8:
        first = min(range(len(left)), key=lambda k: float(np.abs(left[k][0] - start).sum()))
        chain = [left.pop(first)]
        while left:
            end = chain[-1][-1]
            ahead = [
                (float(np.hypot(*(points[0] - end))), k)
                for k, points in enumerate(left)
                if points[0, 0] >= end[0] - 1e-6 and points[0, 1] >= end[1] - 1e-6
            ]
            distance, k = min(ahead, default=(np.inf, -1))
            if distance > gap:
                break
            chain.append(left.pop(k))
        chains.append(np.vstack(chain))
    return chains


def _without_copies(found: list[tuple[_Style, np.ndarray]]) -> list[tuple[_Style, np.ndarray]]:
    kept: list[tuple[_Style, np.ndarray]] = []
    for style, points in found:
        if not any(len(points) == len(other) and np.allclose(points, other, atol=1e-3) for _, other in kept):
            kept.append((style, points))
    return kept


def _without_bounds(found: list[tuple[_Style, np.ndarray]]) -> list[tuple[_Style, np.ndarray]]:
    """Curves without confidence limits: two lines of one colour and style enclosing another of that colour.

    Limits change only where their curve falls; two broken lines that fall by themselves are curves of other arms.
    """
    drop: set[int] = set()
    for k, (style, middle) in enumerate(found):
        limits = [
            j
            for j, (other, _) in enumerate(found)
            if j != k and other.colour == style.colour and (other.dashed, other.width) != (style.dashed, style.width)
        ]
        for upper in limits:
            for lower in limits:
                if upper < lower and found[upper][0] == found[lower][0]:
                    pair = (found[upper][1], found[lower][1])
                    around = _between(middle, *pair) or _between(middle, *pair[::-1])
                    if around and all(_changes_with(line, middle) for line in pair):
                        drop |= {upper, lower}
    return [curve for k, curve in enumerate(found) if k not in drop]


def _changes_with(limit: np.ndarray, middle: np.ndarray) -> bool:
    """Whether nearly all falls of a line stand where another falls."""
    own, theirs = (line[1:, 0][np.diff(line[:, 1]) > SAME] for line in (limit, middle))
    if not len(theirs):
        return not len(own)
    return bool(np.mean([np.abs(theirs - column).min() <= SAME for column in own] or [True]) > 0.9)


def _between(middle: np.ndarray, upper: np.ndarray, lower: np.ndarray) -> bool:
    at = np.linspace(middle[0, 0], min(middle[-1, 0], upper[-1, 0], lower[-1, 0]), 60)[1:]
    return bool(
        np.mean((_level(upper, at) <= _level(middle, at) + 0.05) & (_level(lower, at) >= _level(middle, at) - 0.05))
        > 0.97
    )


def _level(points: np.ndarray, at: np.ndarray) -> np.ndarray:
    """Rows of a line at given columns, after any fall there."""
    place = np.searchsorted(points[:, 0], at, side="right") - 1
    return points[np.clip(place, 0, len(points) - 1), 1]


def _marks(drawing: Drawing, panel: Panel) -> list[tuple[float, float, tuple[int, int, int]]]:
    """Centres of short vertical lines and small symbols within the plot: censoring marks if they lie on a curve."""
    most = MARK * (panel.box[3] - panel.box[1])
    found = []
    for stroke in drawing.strokes:
        left, top, right, bottom = stroke.box
        tall, wide = bottom - top, right - left
        small = 0 < max(tall, wide) <= most and panel.box[0] - 1 <= left
        upright = len(stroke.points) == 2 and wide < 0.1 * tall
        symbol = len(stroke.points) > 3 and abs(wide - tall) < 0.3 * max(wide, tall)
        if small and (upright or symbol) and (stroke.stroked or stroke.filled):
            found.append(((left + right) / 2, (top + bottom) / 2, stroke.colour))
    return found


def _owners(
    marks: list[tuple[float, float, tuple[int, int, int]]], curves: list[tuple[_Style, np.ndarray]], panel: Panel
) -> list[list[float]]:
    """Horizontal positions of each curve's marks: those that lie on it, matched by colour where possible.

    In some files a symbol that is used many times loses its colour; it is then assigned to the nearest curve.
    """
    slack = 0.01 * (panel.box[3] - panel.box[1])
    owned: list[list[float]] = [[] for _ in curves]
    for x, y, colour in marks:
        off = [_distance(points, x, y) for _, points in curves]
        near = [k for k, distance in enumerate(off) if distance <= slack]
        same = [k for k in near if curves[k][0].colour == colour]
        if same or near:
            owned[min(same or near, key=lambda k: (round(off[k], 6), k))].append(x)
    return owned


def _curve(style: _Style, points: np.ndarray, panel: Panel, marks: list[float], number: int) -> TracedCurve:
    times = np.maximum.accumulate(np.asarray(panel.x.value(points[:, 0]), float).clip(0))
    survival = np.minimum.accumulate(np.asarray(panel.y.value(points[:, 1]), float).clip(0, 1))
    keep = np.concatenate(([True], (np.diff(times) > 0) | (np.diff(survival) < 0)))
    times, survival = times[keep], survival[keep]
    if times[0] > 0 or survival[0] < 1:
        times, survival = np.concatenate(([0.0], times)), np.concatenate(([1.0], survival))
    spread = np.full(len(times), abs(panel.y.slope) * 0.01)
    censored = np.unique(np.round(np.asarray(panel.x.value(np.array(marks, dtype=float)), float), 9).clip(0))
    return TracedCurve(str(number + 1), times, survival, spread, censored, style.colour, style.dashed)


def _distance(points: np.ndarray, x: float, y: float) -> float:
    """Vertical distance of a position from a line, including falls there; infinite beyond its ends."""
    if not points[0, 0] - 1 <= x <= points[-1, 0] + 1:
        return float("inf")
    before = int(np.clip(np.searchsorted(points[:, 0], x - 1e-6, side="left") - 1, 0, len(points) - 1))
    after = int(np.clip(np.searchsorted(points[:, 0], x + 1e-6, side="right") - 1, 0, len(points) - 1))
    low, high = points[before : after + 1, 1].min(), points[before : after + 1, 1].max()
    return float(max(low - y, y - high, 0.0))
