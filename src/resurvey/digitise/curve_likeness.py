"""Whether a traced path can be a curve: it runs far enough, falls along its ink and follows no rule or grid line."""

from __future__ import annotations

import numpy as np

from resurvey.digitise.region import Region
from resurvey.digitise.traced import Traced

# Smallest share of the plot's width that a curve must span, and of its columns that must show ink of its own.
LEAST_REACH = 0.12
LEAST_COVER = 0.28


def is_curve(curve: Traced, region: Region) -> bool:
    """Whether a path runs far enough, shows its ink, and falls where ink falls."""
    reach = (curve.path.stop - curve.path.start) / region.shape[1]
    return (
        reach >= LEAST_REACH
        and np.ptp(curve.path.rows) > max(3, 0.012 * region.shape[0])
        and curve.coverage >= LEAST_COVER
        and _line_share(curve, region) < 0.5
        and _bare_fall(curve)
        < max(0.15 * region.shape[0], (0.8 if curve.dashed else 0.6) * float(np.ptp(curve.path.rows)))
    )


def _bare_fall(curve: Traced) -> int:
    """Number of rows a path falls where no stroke falls, ignoring small steps."""
    rows, total = curve.path.rows, 0
    for k in np.flatnonzero(np.diff(rows) > 6):
        column = curve.path.columns[k]
        band = curve.ink[rows[k] : rows[k + 1], max(0, column - 1) : column + 3]
        total += int((band.max(axis=1) < 0.25).sum())
    return total


def _line_share(curve: Traced, region: Region) -> float:
    """Share of a path that runs along a line that begins before the path reaches it, such as a grid line."""
    rows, columns = curve.path.rows, curve.path.columns
    starts = np.flatnonzero(np.diff(rows) > 0) + 1
    along = 0
    for begin, end in zip(np.r_[0, starts], np.r_[starts, len(rows)], strict=True):
        before = columns[begin] - region.start[0]
        if end - begin < 0.08 * region.shape[1] or before < 0.04 * region.shape[1]:
            near_top = abs(rows[begin] - region.start[1]) < 4
            if not (end - begin > 0.5 * region.shape[1] and not near_top):
                continue
        row = rows[begin]
        band = curve.ink[max(0, row - 1) : row + 2, max(0, region.start[0]) : columns[begin]]
        if band.shape[1] < 5 or (band.max(axis=0) > 0.3).mean() > 0.35:
            along += end - begin
    return along / max(len(rows), 1)
