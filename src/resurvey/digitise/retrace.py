"""Trace a plot again at another size: curves that depend on the size of a pixel are not sure.

A reduced picture holds the same curves, but thresholds fall on other grey levels and the cheapest path
meets other ties. Where a reading hangs on such a choice (a faint curve, a dash taken for a mark, two lines that
touch), the second reading differs; where the ink decides, it is the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy.optimize import linear_sum_assignment

from resurvey.digitise.digitised import Axis, Label, Panel
from resurvey.digitise.extract import extract
from resurvey.digitise.extras import extra
from resurvey.digitise.region import Region
from resurvey.digitise.traced import Traced

# Size at which a plot is traced again. Enlarging it by 1.25 tells hardly more and takes twice as long.
FACTOR = 0.8
ENLARGED = 1.25  # size at which it is traced once more where neither shows the number of curves that is known
SAME_LEVEL = 0.02  # largest difference in survival of curves that are the same
END_WEIGHT = 0.2  # of a difference in ends beside one in levels, when curves are paired


@dataclass(frozen=True)
class Unlike:
    """How far a tracing at another size differs from the first.

    `count` is the number of curves found there; `level` is the largest root mean squared difference of survival of a
    pair of curves, `end` the largest difference of their ends as a share of the longer one; `at` and `ends` are the
    curves (from 0) in which they occur.
    """

    count: int
    level: float
    end: float
    at: int = 0
    ends: int = 0

    def same(self, count: int) -> bool:
        """Whether the other size shows as many curves, on the same levels; their ends may differ."""
        return self.count == count and self.level <= SAME_LEVEL


@dataclass(frozen=True)
class _Line:
    """A curve in shares of the plot's width and height."""

    columns: np.ndarray
    rows: np.ndarray
    stop: float

    def level(self, at: np.ndarray) -> np.ndarray:
        place = np.searchsorted(self.columns, at, side="right") - 1
        return np.where(place < 0, 0.0, self.rows[np.clip(place, 0, None)])


@dataclass(frozen=True)
class Tracing:
    """Curves traced in a plot at one size: region and panel are in the pixels of that size.

    `unlike` says how far another size differs from it.
    """

    region: Region
    panel: Panel
    traced: list[Traced]
    unlike: Unlike | None = None


def traced_at_sizes(region: Region, panel: Panel, *, most: int | None, printed: int | None) -> Tracing:
    """Trace a plot at its own size and at another; `most` and `printed` as in `extract`.

    Where the number of curves is known and the plot's own size shows another, the first size that shows it is taken.
    The two then differ, which `unlike` says.
    """
    wanted = most or printed
    own = Tracing(region, panel, extract(region, most=most, printed=printed))
    reduced = _at_size(own, FACTOR, most, printed)
    if wanted is None or len(own.traced) == wanted:
        return replace(own, unlike=_compared(own, reduced))
    if len(reduced.traced) == wanted:
        return replace(reduced, unlike=_compared(reduced, own))
    enlarged = _at_size(own, ENLARGED, most, printed)
    if len(enlarged.traced) == wanted:
        return replace(enlarged, unlike=_compared(enlarged, own))
    return replace(own, unlike=_compared(own, reduced))


def _at_size(own: Tracing, factor: float, most: int | None, printed: int | None) -> Tracing:
    region = resized(own.region, factor)
    return Tracing(region, _resized_panel(own, region), extract(region, most=most, printed=printed))


def _compared(one: Tracing, other: Tracing) -> Unlike:
    return _unlike(_lines(one.traced, one.region), _lines(other.traced, other.region))


def _resized_panel(own: Tracing, region: Region) -> Panel:
    """The panel in pixels of a region at another size."""
    across, down = (new / old for new, old in zip(region.shape[::-1], own.region.shape[::-1], strict=True))
    x, y = _resized_axis(own.panel.x, region.left, across), _resized_axis(own.panel.y, region.top, down)
    return replace(own.panel, x=x, y=y)


def _resized_axis(axis: Axis, corner: float, factor: float) -> Axis:
    """An axis whose pixels from a corner on are enlarged by a factor; centres of pixels lie at whole numbers."""
    shift = (0.5 - corner) / factor + corner - 0.5

    def moved(labels: tuple[Label, ...]) -> tuple[Label, ...]:
        return tuple(replace(label, pixel=(label.pixel - shift) * factor) for label in labels)

    return replace(
        axis,
        intercept=axis.intercept + axis.slope * shift,
        slope=axis.slope / factor,
        labels=moved(axis.labels),
        stray=moved(axis.stray),
    )


def resized(region: Region, factor: float) -> Region:
    """A region with its picture, masks and positions at another size."""
    cv2 = extra("cv2")
    height, width = region.shape
    size = max(2, round(width * factor)), max(2, round(height * factor))
    across, down = size[0] / width, size[1] / height

    def mask(pixels: np.ndarray) -> np.ndarray:
        return cv2.resize(pixels.astype(np.uint8), size, interpolation=cv2.INTER_NEAREST) > 0

    return replace(
        region,
        picture=cv2.resize(region.picture, size, interpolation=cv2.INTER_AREA if factor < 1 else cv2.INTER_CUBIC),
        usable=mask(region.usable),
        text=mask(region.text),
        rules=mask(region.rules),
        posts=mask(region.posts),
        start=(round(region.start[0] * across), region.start[1] * down),
        bottom=region.bottom * down,
        boxes=tuple((x0 * across, y0 * down, x1 * across, y1 * down) for x0, y0, x1, y1 in region.boxes),
    )


def _lines(traced: Sequence[Traced], region: Region) -> list[_Line]:
    width = region.shape[1]
    top, height = region.start[1], max(region.bottom - region.start[1], 1.0)
    return [
        _Line(curve.steps.columns / width, (curve.steps.rows - top) / height, curve.path.stop / width)
        for curve in traced
    ]


def _unlike(first: Sequence[_Line], second: Sequence[_Line]) -> Unlike:
    """Compare two tracings, curve by curve; one that the second lacks does not count, as the number tells."""
    if not first or not second:
        return Unlike(len(second), 0.0, 0.0)
    level = np.array([[_apart(one, other) for other in second] for one in first])
    end = np.array([[abs(one.stop - other.stop) / max(one.stop, other.stop) for other in second] for one in first])
    rows, columns = linear_sum_assignment(np.round(level + END_WEIGHT * end, 9))
    levels, ends = level[rows, columns], end[rows, columns]
    worst, moved = int(levels.argmax()), int(ends.argmax())
    return Unlike(len(second), float(levels[worst]), float(ends[moved]), int(rows[worst]), int(rows[moved]))


def _apart(one: _Line, other: _Line) -> float:
    """Root mean squared difference of two curves over their common length, as survival."""
    at = np.linspace(0, min(one.stop, other.stop), 101)[1:]
    return float(np.sqrt(((one.level(at) - other.level(at)) ** 2).mean()))
