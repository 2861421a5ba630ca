"""Convert a traced path to a step function with subpixel precision."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from resurvey.digitise.trace import Path


@dataclass(frozen=True)
class Steps:
    """Corners of a step function in pixels: at `columns` the level becomes `rows`; `end` is its last column."""

    columns: np.ndarray
    rows: np.ndarray
    end: float
    width: float
    gaps: float


def line_width(path: Path, ink: np.ndarray) -> float:
    """Thickness of the path's horizontal strokes, in pixels: the sum of ink across them."""
    sums = []
    for column, row in zip(path.columns, path.rows, strict=True):
        top, bottom = _run(ink[:, column], row)
        if bottom > top:
            sums.append(float(ink[top:bottom, column].sum()))
    if not sums:
        return 1.0
    return float(np.clip(np.percentile(sums, 30), 0.8, 12.0))


def _run(column: np.ndarray, row: int, level: float = 0.25) -> tuple[int, int]:
    """The run of ink (first, one past last) that contains a row or its neighbours; empty if there is none."""
    height = len(column)
    for start in (row, row - 1, row + 1):
        if 0 <= start < height and column[start] > level:
            break
    else:
        return row, row
    top = bottom = start
    while top > 0 and column[top - 1] > level:
        top -= 1
    while bottom + 1 < height and column[bottom + 1] > level:
        bottom += 1
    return top, bottom + 1


def steps_of(path: Path, ink: np.ndarray, width: float, hidden: np.ndarray | None = None) -> Steps:
    """Levels and drops of a path.

    A level is the centre of the ink across a stroke, averaged over its columns; a drop is placed at the centre of its
    vertical stroke, or midway through the gap where none is visible. Where another curve hides this one, the path
    itself is the level.
    """
    centre = _centres(path, ink, width)
    if hidden is not None:
        centre = _through_hidden(path, centre, np.maximum(ink, hidden), width)
    known = np.flatnonzero(np.isfinite(centre))
    if len(known) < 2:
        return Steps(np.array([float(path.start)]), np.array([float(path.rows[0])]), float(path.stop - 1), width, 1.0)
    levels = _plateaus(known, centre[known])
    columns, rows = [float(path.start)], [levels[0][2]]
    for (_, end, before), (begin, _, after) in pairwise(levels):
        if after <= rows[-1]:
            continue
        columns.append(path.start + _drop(path, ink, end, begin, before, after))
        rows.append(after)
    gaps = 1.0 - len(known) / len(path.rows)
    last = path.start + float(max(known[-1], _last_inked(path, ink)))
    fallen = float(path.rows[round(last) - path.start])
    if fallen > rows[-1] + 2 * width + 2:  # steps too short to show a level of their own
        columns.append(last - width / 2)
        rows.append(max(fallen, fallen + _reach(_band(ink, round(last), width)[round(fallen) + 1 :]) - width / 2))
    other = ink if hidden is None else np.maximum(ink, hidden)
    foot = _last_fall(ink, other, round(last), rows[-1], width)
    if foot is not None:
        columns.append(last - width / 2 + 0.5)
        rows.append(foot)
    return Steps(np.array(columns), np.array(rows), last, width, gaps)


def centred(path: Path, ink: np.ndarray, width: float) -> Path:
    """The path moved to the middle of its stroke where that is horizontal."""
    centre = _centres(path, ink, width)
    rows = np.where(np.isfinite(centre), np.round(np.nan_to_num(centre)), path.rows).astype(int)
    return Path(path.start, np.maximum.accumulate(rows), path.gain)


def _through_hidden(path: Path, centre: np.ndarray, anything: np.ndarray, width: float) -> np.ndarray:
    """Rows of the path inserted for long stretches that run under other ink without a stroke of their own."""
    unknown = np.isnan(centre)
    edges = np.flatnonzero(np.diff(np.concatenate(([0], unknown.astype(np.int8), [0]))))
    filled = centre.copy()
    for begin, end in zip(edges[::2], edges[1::2], strict=True):
        rows, columns = path.rows[begin:end], path.columns[begin:end]
        if end - begin > 2 * width + 3 and (anything[rows, columns] > 0.3).mean() > 0.6:
            filled[begin:end] = rows
    return filled


def _last_fall(ink: np.ndarray, other: np.ndarray, column: int, row: float, width: float) -> float | None:
    """Row at which a stroke falling from the end of a path ends, as with an event of the last patient; otherwise None.

    Where the stroke passes under `other` ink, it is assumed to continue behind it.
    """
    band, crossed = _band(ink, column, width), _band(other, column, width)
    down = _reach(band[round(row) + 1 :], crossed[round(row) + 1 :])
    up = _reach(band[: round(row)][::-1])
    return row + down - width / 2 if down > max(2 * width + 3, 2 * up + 3, 6) else None


def _band(ink: np.ndarray, column: int, width: float) -> np.ndarray:
    """Rows that hold ink at a column, or before it within the width of a stroke."""
    return ink[:, max(0, column - max(1, round(width))) : column + 2].max(axis=1) > 0.35


def _reach(band: np.ndarray, crossed: np.ndarray | None = None, gap: int = 6) -> int:
    """How far ink continues, bridging the gaps between dashes and those filled by other ink."""
    reach = free = 0
    for place in range(len(band)):
        if band[place]:
            reach, free = place + 1, 0
        elif crossed is None or not crossed[place]:
            free += 1
        if free > gap:
            break
    return reach


def _last_inked(path: Path, ink: np.ndarray) -> int:
    inked = np.flatnonzero(ink[path.rows, path.columns] > 0.4)
    return int(inked[-1]) if len(inked) else 0


def _centres(path: Path, ink: np.ndarray, width: float) -> np.ndarray:
    """Centre of the stroke in each column; NaN where the stroke is vertical, crossed or missing."""
    most = 1.5 * width + 2.0
    centre = np.full(len(path.rows), np.nan)
    for k, (column, row) in enumerate(zip(path.columns, path.rows, strict=True)):
        top, bottom = _run(ink[:, column], row)
        if bottom > top and bottom - top <= most:
            weight = ink[top:bottom, column]
            centre[k] = float((np.arange(top, bottom) * weight).sum() / weight.sum())
    return centre


def _plateaus(known: np.ndarray, centre: np.ndarray) -> list[tuple[int, int, float]]:
    """Runs of one level as (first column, last column, level), made monotone by pooling neighbours."""
    change = np.flatnonzero(np.abs(np.diff(centre)) > 0.3) + 1
    runs = [
        (int(part[0]), int(part[-1]), float(np.median(values)), len(part))
        for part, values in zip(np.split(known, change), np.split(centre, change), strict=True)
    ]
    pooled: list[tuple[int, int, float, int]] = []
    for run in runs:
        pooled.append(run)
        while len(pooled) > 1 and pooled[-1][2] <= pooled[-2][2] + 0.05:
            first, second = pooled[-2], pooled.pop()
            total = first[3] + second[3]
            level = (first[2] * first[3] + second[2] * second[3]) / total
            pooled[-1] = (first[0], second[1], level, total)
    return [(first, last, level) for first, last, level, _ in pooled]


def _drop(path: Path, ink: np.ndarray, end: int, begin: int, before: float, after: float) -> float:
    """Column (from the path's start) of the vertical stroke between two levels."""
    if begin - end <= 1:
        return (end + begin) / 2
    between = ink[:, path.start + end : path.start + begin + 1]
    top, bottom = round(before + 1), round(after - 1)
    if bottom - top >= 1:
        weight = between[top : bottom + 1].mean(axis=0)
        if weight.max() > 0.3:
            peak = int(weight.argmax())
            near = np.arange(max(0, peak - 3), min(len(weight), peak + 4))
            return end + float((near * weight[near]).sum() / weight[near].sum())
    falls = np.flatnonzero(np.diff(path.rows[end : begin + 1]) > 0)
    inked = ink[path.rows[end : begin + 1], path.start + np.arange(end, begin + 1)] > 0.3
    if len(falls) and inked.mean() > 0.6:
        return end + float(falls.mean()) + 0.5
    return (end + begin) / 2
