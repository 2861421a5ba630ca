"""Refine the axes of a picture: labels are moved to the tick marks or grid lines they belong to."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from resurvey.digitise.digitised import Axis, Label, Panel
from resurvey.digitise.label_lines import refit

# Share of the labels that must lie at a mark before the marks are accepted.
SHARE_AT_MARKS = 0.6
TICK_LENGTH = 9


@dataclass(frozen=True)
class _Marks:
    labels: tuple[Label, ...]
    found: int
    rms: float


def snap(panel: Panel, dark: np.ndarray) -> Panel:
    """The panel with its labels moved to printed ticks, where enough labels have one.

    Parameters
    ----------
    panel
        Axes estimated from the centres of the labels.
    dark
        Darkness of the picture, 0 (paper) to 1, height x width.
    """
    bottom, left = axis_lines(panel, dark)
    x = _snapped(panel.x, _profiles(dark, bottom, panel, horizontal=True))
    y = _snapped(panel.y, _profiles(dark.T, left, panel, horizontal=False))
    right = max(label.pixel for label in x.labels)
    box = (float(x.pixel(0.0)), float(y.pixel(1.0)), right, max(label.pixel for label in y.labels))
    return replace(panel, x=x, y=y, box=box)


def axis_lines(panel: Panel, dark: np.ndarray) -> tuple[tuple[int, int] | None, tuple[int, int] | None]:
    """First and last row of the time axis and first and last column of the survival axis, None where none is drawn."""
    left, _, right, bottom = panel.box
    xs = [label.pixel for label in panel.x.labels]
    ys = [label.pixel for label in panel.y.labels]
    rows = (int(bottom - 8), int(panel.row) + 1)
    aside = max(6.0, 0.08 * (right - left))
    columns = (int(max(panel.column, left - aside)), int(max(left, min(xs)) + 8))
    return (
        _line(dark, rows, (min(xs), max(xs)), last=True),
        _line(dark.T, columns, (min(ys), max(ys)), last=False),
    )


def anchored(panel: Panel, dark: np.ndarray) -> bool:
    """Whether S = 0, where it has no label, lies on the line of the time axis."""
    rows, _ = axis_lines(panel, dark)
    if rows is None or any(label.value == 0 for label in panel.y.labels):
        return False
    height = panel.box[3] - panel.box[1]
    return abs(float(panel.y.pixel(0.0)) - (rows[0] + rows[1]) / 2) <= max(1.5, 0.006 * height)


def _line(
    dark: np.ndarray, rows: tuple[int, int], across: tuple[float, float], *, last: bool
) -> tuple[int, int] | None:
    """The run of rows within `rows` that is dark for nearly the whole of `across`; the outermost of several."""
    first = max(0, rows[0])
    part = dark[first : max(first, rows[1]), max(0, int(across[0])) : int(across[1]) + 1]
    if part.size == 0:
        return None
    covered = (part > 0.35).mean(axis=1)
    level = max(0.75, 0.85 * float(covered.max()))
    full = np.flatnonzero(covered >= level)
    if not len(full):
        return None
    ends = np.split(full, np.flatnonzero(np.diff(full) > 1) + 1)
    chosen = ends[-1] if last else ends[0]
    return first + int(chosen[0]), first + int(chosen[-1])


def _profiles(dark: np.ndarray, line: tuple[int, int] | None, panel: Panel, *, horizontal: bool) -> list[np.ndarray]:
    """Darkness along the axis just outside its line, just inside, and across the plot (grid lines)."""
    left, top, right, bottom = panel.box
    near, far = (top, bottom) if horizontal else (left, right)
    limit = panel.row if horizontal else panel.column
    profiles = []
    if line is not None:
        outward = 1 if horizontal else -1
        edge = line[1] if horizontal else line[0]
        room = int(abs(limit - edge)) - 1
        reach = max(2, min(TICK_LENGTH, room))
        below = [edge + outward * step for step in range(1, reach + 1)]
        other = line[0] if horizontal else line[1]
        above = [other - outward * step for step in range(1, 5)]
        profiles += [_mean(dark, below[:2]), _mean(dark, below[: max(2, reach // 2)]), _mean(dark, below)]
        profiles += [_mean(dark, above[:3])]
    else:
        start = round(far if horizontal else near)
        steps = range(1, TICK_LENGTH) if horizontal else range(-TICK_LENGTH, 0)
        profiles += [_mean(dark, [start + step for step in steps])]
    inner = dark[max(0, int(near) + 3) : max(0, int(far) - 3)]
    if len(inner) > 10:
        profiles.append(np.median(np.abs(inner), axis=0))
    return profiles


def _mean(dark: np.ndarray, rows: list[int]) -> np.ndarray:
    kept = [row for row in rows if 0 <= row < len(dark)]
    return dark[kept].mean(axis=0) if kept else np.zeros(dark.shape[1])


def _snapped(axis: Axis, profiles: list[np.ndarray]) -> Axis:
    tries = [marks for profile in profiles if (marks := _marks(axis, profile)) is not None]
    if not tries:
        return axis
    best = min(tries, key=lambda marks: (-marks.found, round(marks.rms, 4)))
    moved = refit(axis, [label for label in best.labels if label.snapped])
    # A label without a tick stays where it is and contributes to the residual.
    return replace(moved, labels=tuple(best.labels))


def _marks(axis: Axis, profile: np.ndarray) -> _Marks | None:
    """Labels moved to the marks of a profile, if enough of them have a mark and the marks fit a line."""
    places = np.array([label.pixel for label in axis.labels])
    spacing = float(np.min(np.diff(np.sort(places)))) if len(places) > 1 else 20.0
    slack = min(max(3.0, 0.2 * spacing), 7.0)
    peaks = _peaks(profile)
    if not len(peaks):
        return None
    moved = []
    for label in axis.labels:
        predicted = float(axis.pixel(label.value))
        nearest = peaks[np.argmin(np.abs(peaks - predicted))]
        moved.append(replace(label, pixel=float(nearest), snapped=True) if abs(nearest - predicted) <= slack else label)
    at = [label for label in moved if label.snapped]
    if len(at) < max(2, SHARE_AT_MARKS * len(moved)):
        return None
    moved, rms = _consistent(axis, moved)
    at = [label for label in moved if label.snapped]
    if len(at) < max(2, SHARE_AT_MARKS * len(moved)) or rms > 0.8:
        return None
    return _Marks(tuple(moved), len(at), rms)


def _consistent(axis: Axis, labels: list[Label]) -> tuple[list[Label], float]:
    """Drop, one at a time, marks that do not lie on the line through the others."""
    current = list(labels)
    while True:
        at = [label for label in current if label.snapped]
        if len(at) < 2:
            return current, np.inf
        fit = refit(axis, at)
        off = np.array([abs(float(fit.pixel(label.value)) - label.pixel) for label in at])
        if off.max() <= 1.2 or len(at) <= 2:
            return current, float(np.sqrt(np.mean(off**2)))
        worst = at[int(off.argmax())]
        original = next(label for label in axis.labels if label.value == worst.value)
        current = [original if label is worst else label for label in current]


def _peaks(profile: np.ndarray) -> np.ndarray:
    """Centres of narrow rises of a profile above its surroundings, to a fraction of a pixel."""
    base = float(np.median(profile))
    height = float(profile.max()) - base
    if height < 0.08:
        return np.array([])
    level = base + 0.4 * height
    above = np.flatnonzero(profile > level)
    runs = np.split(above, np.flatnonzero(np.diff(above) > 1) + 1)
    centres = []
    for run in runs:
        if 0 < len(run) <= 7:
            around = np.arange(max(0, run[0] - 1), min(len(profile), run[-1] + 2))
            weight = np.clip(profile[around] - base, 0, None)
            centres.append(float((around * weight).sum() / weight.sum()))
    return np.array(centres)
