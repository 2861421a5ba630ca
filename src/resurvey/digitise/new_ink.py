"""Ink that a path explains and no earlier path did: whether it is enough for a curve of its own."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from resurvey.digitise.region import Region
from resurvey.digitise.trace import Path, covered, dash_gap, stroke
from resurvey.digitise.traced import Traced

LITTLE_FALL = 0.03  # share of the plot's height up to which a path hardly falls
SOLID_GAP = 0.012  # share of the plot's width up to which a solid line may be interrupted


@dataclass(frozen=True)
class Least:
    """New ink a path must explain: shares of the plot's width (first and later paths), and of its own length."""

    first: float
    later: float
    broken: float
    solid: float = 0.45


BELIEVED = Least(0.10, 0.14, 0.3)
COUNTED = Least(0.08, 0.08, 0.15)


def is_new(
    made: Traced,
    left: np.ndarray,
    under: np.ndarray,
    before: list[Traced],
    region: Region,
    dashed: bool,
    least: Least,
) -> bool:
    """Whether a path explains enough of the ink left, and shows its own wherever it is not `under` another."""
    enough = (least.later if before else least.first) * region.shape[1]
    share = least.broken if dashed else least.solid
    hidden = int(under[made.path.rows, made.path.columns].sum())
    seen = len(made.path.rows) - hidden
    if _adrift(made.path, left, under, dashed=dashed):
        return False
    if made.own < share * seen or made.own + inked_falls(made.path, left) < max(enough, 12.0):
        return False
    return hidden < 0.5 * len(made.path.rows) or _apart(made, left, before) >= max(enough, 12.0)


def _adrift(path: Path, left: np.ndarray, under: np.ndarray, *, dashed: bool) -> bool:
    """Whether a path hardly falls along ink, and crosses bare paper to its level, as to a table's rule or a legend.

    A curve that leaves another at a level begins at the other's stroke.
    """
    height, width = left.shape
    inked = covered(path, left) > 0.3
    little = max(8, LITTLE_FALL * height)
    if not inked.any() or inked_falls(path, left) >= little:
        return False
    if np.ptp(np.percentile(path.rows[inked], (25, 75))) >= little:
        return False
    bare = ~inked & ~under[path.rows, path.columns]
    middle = int(np.median(np.flatnonzero(inked)))
    edges = np.flatnonzero(np.diff(np.concatenate(([0], bare[:middle].astype(np.int8), [0]))))
    longest = int((edges[1::2] - edges[::2]).max(initial=0))
    return longest > (1.5 * dash_gap(width) if dashed else max(4, SOLID_GAP * width))


def _apart(made: Traced, left: np.ndarray, before: list[Traced]) -> float:
    """Ink of a path, in its columns and falls, that lies apart from earlier curves by more than a stroke."""
    clear = left.copy()
    for curve in before:
        clear[stroke(curve.path, left.shape, curve.steps.width + 1)] = 0
    return float((covered(made.path, clear) > 0.4).sum()) + inked_falls(made.path, clear)


def inked_falls(path: Path, ink: np.ndarray) -> int:
    """Rows with ink along the falls of a path, in the columns beside each fall."""
    total = 0
    for k in np.flatnonzero(np.diff(path.rows) > 1).tolist():
        column = int(path.columns[k])
        fall = ink[path.rows[k] + 1 : path.rows[k + 1], max(0, column - 1) : column + 3]
        total += int((fall.max(axis=1) > 0.4).sum())
    return total
