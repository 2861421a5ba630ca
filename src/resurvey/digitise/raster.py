"""A picture made into curves: panels from its words, values from its paths, and what the ink says of them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from resurvey.digitise.axes import find_panels
from resurvey.digitise.axis_ticks import snap
from resurvey.digitise.digitised import Panel, TracedCurve, Word
from resurvey.digitise.extract import Traced, marks_at, on_ink
from resurvey.digitise.extras import extra
from resurvey.digitise.ink import darkness
from resurvey.digitise.marks import censor_columns
from resurvey.digitise.region import Region
from resurvey.digitise.trace import stroke


def panels_of(picture: np.ndarray, words: Sequence[Word]) -> list[Panel]:
    """Calibrated panels of a picture."""
    dark = darkness(picture)
    return [snap(panel, dark) for panel in find_panels(words)]


def to_values(traced: Traced, region: Region, panel: Panel, name: str) -> TracedCurve:
    """A traced curve in time and survival, from (0, 1)."""
    times = np.asarray(panel.x.value(traced.steps.columns + region.left), float)
    survival = np.asarray(panel.y.value(traced.steps.rows + region.top), float)
    times = np.maximum.accumulate(np.clip(times, 0, None))
    survival = np.minimum.accumulate(np.clip(survival, 0, 1))
    end = max(float(panel.x.value(traced.steps.end + region.left)), times[-1])
    times = np.concatenate(([0.0], times, [end]))
    survival = np.concatenate(([1.0], survival, survival[-1:]))
    marks = np.asarray(panel.x.value(censor_columns(traced, region.shape[0]) + region.left), float)
    return TracedCurve(
        name,
        times,
        survival,
        _spread(traced, panel, len(times)),
        np.clip(marks, 0, end),
        colour=traced.colour,
        dashed=traced.dashed,
        coverage=traced.coverage,
    )


def _spread(traced: Traced, panel: Panel, count: int) -> np.ndarray:
    """Standard deviation of survival: of the middle of the stroke, of the axis, and more where gaps are bridged."""
    middle = 0.3 + 0.1 * traced.steps.width
    axis = panel.y.residual / 2
    bridged = 1.0 + 2.0 * (1.0 - traced.coverage)
    return np.full(count, abs(panel.y.slope) * bridged * float(np.hypot(middle, axis)))


def starts_of(traced: Sequence[Traced], region: Region) -> list[tuple[float, float]]:
    """First place of every path: share of the plot's width from time 0, and survival there."""
    height = max(region.bottom - region.start[1], 1)
    return [
        (
            (curve.path.start - region.start[0]) / region.shape[1],
            1 - (float(curve.steps.rows[0]) - region.start[1]) / height,
        )
        for curve in traced
    ]


def unexplained(traced: Sequence[Traced], region: Region) -> float:
    """Share of the plot's columns with ink that lies on no curve, is no mark close to one, no line and no text."""
    strength = (region.paper - region.picture.astype(np.float32)).max(axis=2)
    strongest = max((255 * curve.strength for curve in traced), default=255.0)
    ink = (strength > max(50.0, 0.45 * strongest)) & region.usable & ~region.text
    own = np.zeros(region.shape, dtype=bool)
    for curve in traced:
        own |= stroke(curve.path, region.shape, curve.steps.width / 2 + 2)
    rest = ink & ~own
    thick = max((curve.steps.width for curve in traced), default=1.0)
    rest &= ~marks_at(own, rest.astype(np.float32), thick)
    rest &= ~_frames_of_text(rest, region.text)
    rest[: max(0, round(region.start[1]) + 2)] = False
    inner = rest[:, max(0, region.start[0] + 3) :]
    return float(inner.any(axis=0).mean()) if inner.size else 0.0


def _frames_of_text(rest: np.ndarray, text: np.ndarray) -> np.ndarray:
    """Pieces of ink whose box holds text: the frame around a legend or a note."""
    cv2 = extra("cv2")
    count, labels, stats, _ = cv2.connectedComponentsWithStats(rest.astype(np.uint8), connectivity=8)
    frames = np.zeros(count, dtype=bool)
    for k in range(1, count):
        left, top, width, height, area = stats[k]
        wide = width > 20 and height > 8 and area < 0.5 * width * height
        frames[k] = wide and text[top : top + height, left : left + width].mean() > 0.15
    return frames[labels]


def hidden_ends(traced: Sequence[Traced], curves: Sequence[TracedCurve], region: Region) -> list[str]:
    """Curves that end where another curve's ink goes on, or where the plot ends without an axis that says so."""
    found = []
    for k, curve in enumerate(traced):
        end, row = curve.path.stop - 1, int(curve.path.rows[-1])
        if end >= curve.ink.shape[1] - 2 and not region.closed:
            found.append(curves[k].name)
            continue
        for j, other in enumerate(traced):
            after = np.arange(end + 3, min(end + 3 + max(6, round(0.02 * curve.ink.shape[1])), other.path.stop))
            after = after[after >= other.path.start]
            if j == k or len(after) < 4:
                continue
            off = np.abs(other.path.rows[after - other.path.start] - row)
            if float(np.median(off)) <= curve.steps.width + 2:
                found.append(curves[k].name)
                break
    return found


def redrawn(traced: Sequence[Traced], curves: Sequence[TracedCurve]) -> tuple[float, str]:
    """Smallest share of a curve's steps, drawn again, that falls on ink of its own or may be hidden; and its name."""
    return min(
        (min(1.0, on_ink(curve) / (0.6 if curve.dashed else 1.0)), named.name)
        for curve, named in zip(traced, curves, strict=False)
    )


def crossings(traced: Sequence[Traced], region: Region, panel: Panel) -> list[tuple[int, int, float]]:
    """Pairs of curves of one ink and style that meet after their start and part again, with the time they last meet."""
    found = []
    for i, first in enumerate(traced):
        for j in range(i):
            column = _meet(first, traced[j]) if _one_ink(first, traced[j]) else None
            if column is not None:
                found.append((j, i, float(panel.x.value(column + region.left))))
    return found


def _one_ink(a: Traced, b: Traced) -> bool:
    alike = max(abs(x - y) for x, y in zip(a.colour, b.colour, strict=True)) < 40
    return alike and a.dashed == b.dashed and 0.6 < a.steps.width / max(b.steps.width, 0.1) < 1.67


def _meet(a: Traced, b: Traced) -> int | None:
    """The last column at which two curves touch, if they were apart before and are so again after."""
    first, last = max(a.path.start, b.path.start), min(a.path.stop, b.path.stop)
    if last - first < 20:
        return None
    columns = np.arange(first, last)
    apart = np.abs(a.path.rows[columns - a.path.start] - b.path.rows[columns - b.path.start])
    clear = apart > a.steps.width + 4
    if not clear.any():
        return None
    touching = np.flatnonzero(~clear)
    touching = touching[(touching > int(np.argmax(clear))) & (touching < int(np.flatnonzero(clear)[-1]))]
    return int(columns[touching[-1]]) if len(touching) else None
