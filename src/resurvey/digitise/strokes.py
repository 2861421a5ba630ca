"""Strokes: a path described by the ink along it, its gaps and its censoring marks."""

from __future__ import annotations

import numpy as np

from resurvey.digitise.extras import extra
from resurvey.digitise.layers import Ink
from resurvey.digitise.levels import centred, line_width, steps_of
from resurvey.digitise.region import Region
from resurvey.digitise.trace import Path, covered, dash_gap
from resurvey.digitise.traced import Traced

AT_ZERO = 0.005  # survival regarded as zero; at least two and a half rows


def bridges(ink: np.ndarray) -> np.ndarray:
    """Gaps between dashes and dots, horizontally and vertically."""
    cv2 = extra("cv2")
    inked = (ink > 0.35).astype(np.uint8)
    gap = dash_gap(ink.shape[1])
    across = cv2.morphologyEx(inked, cv2.MORPH_CLOSE, np.ones((1, gap), np.uint8))
    down = cv2.morphologyEx(inked, cv2.MORPH_CLOSE, np.ones((gap, 1), np.uint8))
    return (across | down).astype(np.float32)


def marks_at(mask: np.ndarray, ink: np.ndarray, width: float) -> np.ndarray:
    """Small pieces of ink close to a stroke: its censoring marks."""
    cv2 = extra("cv2")
    reach = round(0.018 * len(ink) + 1.5 * width + 3)
    close = cv2.dilate(mask.astype(np.uint8), np.ones((2 * reach + 1, 2 * reach + 1), np.uint8)).astype(bool)
    touching = cv2.dilate(mask.astype(np.uint8), np.ones((5, 5), np.uint8)).astype(bool)
    count, labels, stats, _ = cv2.connectedComponentsWithStats(((ink > 0.2) & ~mask).astype(np.uint8), connectivity=8)
    touches = np.bincount(labels[touching], minlength=count) > 0
    outside = np.bincount(labels[~close], minlength=count) > 0
    small = stats[:, cv2.CC_STAT_WIDTH] < max(40, 4 * reach)
    marks = touches & ~outside & small
    marks[0] = False
    return marks[labels]


def to_zero(path: Path, region: Region) -> Path:
    """The path up to where it reaches S = 0: what follows is the axis."""
    at_zero = np.flatnonzero(path.rows >= zero_row(region))
    if not len(at_zero) or region.bottom > region.shape[0] + 4:
        return path
    return Path(path.start, path.rows[: int(at_zero[0]) + 1], path.gain)


def zero_row(region: Region) -> float:
    """The uppermost row regarded as S = 0."""
    return region.bottom - max(2.5, AT_ZERO * region.shape[0])


def described(
    path: Path, layer: Ink, cover: np.ndarray, left: np.ndarray, veil: np.ndarray, *, dashed: bool
) -> Traced | None:
    """A path with its steps, cut where its ink ends."""
    shown = covered(path, left)
    last = np.flatnonzero(shown > 0.4)
    if not len(last):
        return None
    path = Path(path.start, path.rows[: last[-1] + 1], path.gain)
    shown = covered(path, np.maximum(left, veil * 0.5))
    own = float((covered(path, left) > 0.4).sum())
    thick = line_width(path, left)
    steps = steps_of(path, cover, thick, veil)
    path = centred(path, cover, thick)
    coverage = float((shown > 0.3).mean())
    return Traced(
        path,
        steps,
        layer.colour,
        layer.grey,
        dashed,
        coverage,
        own,
        layer.strength,
        cover,
        np.maximum(cover, veil) > 0.2,
    )
