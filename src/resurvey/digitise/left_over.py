"""Unexplained ink: what remains of a plot after removing curves, marks, texts, legends, rules and ticks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from resurvey.digitise.extras import extra
from resurvey.digitise.region import Region
from resurvey.digitise.strokes import bridges, marks_at
from resurvey.digitise.trace import stroke
from resurvey.digitise.traced import Traced

# Distance, in text heights, within which the line sample of a legend text ends.
SAMPLE = 7.0
# A rule is at least this many times as long as thick, and at least this share of the plot's width or height.
RULE, RULE_LENGTH = 6.0, 0.08
# Share of the plot's height and width, from its edges, within which a short piece is a tick.
TICK = 0.03


@dataclass(frozen=True)
class _Pieces:
    """Connected pieces of ink: a label for each pixel, and the box of each piece (0 is the paper)."""

    labels: np.ndarray
    left: np.ndarray
    top: np.ndarray
    right: np.ndarray
    bottom: np.ndarray

    def marked(self, chosen: np.ndarray) -> np.ndarray:
        """Pixels of the chosen pieces."""
        chosen = chosen.copy()
        chosen[0] = False
        return chosen[self.labels]


def _pieces(mask: np.ndarray) -> _Pieces:
    cv2 = extra("cv2")
    _, labels, stats, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=8)
    left, top = stats[:, cv2.CC_STAT_LEFT], stats[:, cv2.CC_STAT_TOP]
    return _Pieces(labels, left, top, left + stats[:, cv2.CC_STAT_WIDTH], top + stats[:, cv2.CC_STAT_HEIGHT])


def left_over(traced: Sequence[Traced], region: Region) -> tuple[np.ndarray, float]:
    """Pixels with ink that belongs to no curve, censoring mark, line or text.

    Also returns the ink of marks per pixel of ink on a curve.
    """
    strength = (region.paper - region.picture.astype(np.float32)).max(axis=2)
    strongest = max((255 * curve.strength for curve in traced), default=255.0)
    ink = (strength > max(50.0, 0.45 * strongest)) & region.usable & ~region.text
    own = np.zeros(region.shape, dtype=bool)
    for curve in traced:
        own |= stroke(curve.path, region.shape, curve.steps.width / 2 + 2)
        for edge in curve.edges:
            own |= stroke(edge, region.shape, curve.steps.width / 2 + 2)
    rest = ink & ~own
    thick = max((curve.steps.width for curve in traced), default=1.0)
    marks = marks_at(own, rest.astype(np.float32), thick)
    share = float((marks & rest).sum() / max((ink & own).sum(), 1))
    rest &= ~marks
    rest &= ~_frames_of_text(rest, region.text)
    rest &= ~_of_legends(rest, region)
    rest[: max(0, round(region.start[1]) + 2)] = False
    rest[:, : max(0, region.start[0] + 3)] = False
    return rest, share


def unexplained(rest: np.ndarray, region: Region) -> float:
    """Share of the plot's columns that hold left-over ink, ignoring straight lines and ticks."""
    inner = (rest & ~straight_or_tick(rest, region))[:, max(0, region.start[0] + 3) :]
    return float(inner.any(axis=0).mean()) if inner.size else 0.0


def goes_on(rest: np.ndarray, traced: Sequence[Traced], region: Region) -> list[int]:
    """Curves after whose end there is more ink, level with it or below, that belongs to nothing else."""
    height, width = region.shape
    found = []
    for k, curve in enumerate(traced):
        row = int(curve.path.rows[-1])
        top = max(0, row - round(2 * curve.steps.width + 3))
        after = rest[top : row + round(0.25 * height), curve.path.stop + 2 : curve.path.stop + round(0.25 * width)]
        if after.size and int(after.any(axis=0).sum()) >= max(6, 0.025 * width):
            found.append(k)
    return found


def _of_legends(rest: np.ndarray, region: Region) -> np.ndarray:
    """Pieces of ink next to a text and no taller than it, such as legend samples or adjoining letters."""
    pieces = _pieces(rest)
    beside = np.zeros(len(pieces.left), dtype=bool)
    for x0, y0, x1, y1 in region.boxes:
        tall = max(y1 - y0, 6.0)
        level = (pieces.top >= y0 - 0.3 * tall) & (pieces.bottom <= y1 + 0.3 * tall + 1)
        before = (pieces.left >= x0 - SAMPLE * tall) & (pieces.right <= x0 + 1)
        after = (pieces.left >= x1 - 1) & (pieces.right <= x1 + SAMPLE * tall)
        near = (pieces.right >= x0 - tall) & (pieces.left <= x1 + tall)
        near &= (pieces.bottom >= y0 - tall) & (pieces.top <= y1 + tall)
        beside |= (level & (before | after)) | (near & (pieces.bottom - pieces.top <= 1.5 * tall))
    return pieces.marked(beside)


def straight_or_tick(rest: np.ndarray, region: Region) -> np.ndarray:
    """Pieces of ink that are table rules, dotted reference lines, sides of a frame, or ticks.

    A missed curve has both horizontal and falling strokes; a purely horizontal or vertical piece is not a curve.
    """
    height, width = region.shape
    pieces = _pieces((bridges(rest.astype(np.float32)) > 0) | rest)
    wide, tall = pieces.right - pieces.left, pieces.bottom - pieces.top
    thin = max(4.0, 0.012 * height)
    across = (tall <= thin) & (wide >= RULE * tall) & (wide >= RULE_LENGTH * width)
    upright = (wide <= thin) & (tall >= RULE * wide) & (tall >= RULE_LENGTH * height)
    at_side = (pieces.right <= region.start[0] + TICK * width + 4) | (pieces.left >= (1 - TICK) * width - 4)
    at_foot = pieces.top >= region.bottom - TICK * height - 4
    tick = (at_side & (tall <= thin)) | (at_foot & (wide <= thin))
    return pieces.marked(across | upright | tick) & rest


def _frames_of_text(rest: np.ndarray, text: np.ndarray) -> np.ndarray:
    """Pieces of ink whose box holds text: touching letters, or the frame around a legend or a note."""
    cv2 = extra("cv2")
    count, labels, stats, _ = cv2.connectedComponentsWithStats(rest.astype(np.uint8), connectivity=8)
    frames = np.zeros(count, dtype=bool)
    for k in range(1, count):
        left, top, width, height, area = stats[k]
        if width <= 20 or height <= 8 or area >= 0.5 * width * height:
            continue
        place = slice(top, top + height), slice(left, left + width)
        written = text[place].mean()
        frames[k] = written > 0.15 or (written > 0.02 and _is_frame(labels[place] == k))
    return frames[labels]


def _is_frame(piece: np.ndarray) -> bool:
    """Whether a piece of ink runs along all four sides of its box."""
    sides = (piece[:4].any(axis=0), piece[-4:].any(axis=0), piece[:, :4].any(axis=1), piece[:, -4:].any(axis=1))
    return all(side.mean() > 0.8 for side in sides)
