"""Curves of one ink: several ways to take them for solid and broken lines, of which the best is kept."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from resurvey.digitise.curve_likeness import is_curve
from resurvey.digitise.extras import extra
from resurvey.digitise.layers import Ink
from resurvey.digitise.new_ink import Least, is_new
from resurvey.digitise.region import Region
from resurvey.digitise.strokes import bridges, described, marks_at, to_zero
from resurvey.digitise.styles import styles_of
from resurvey.digitise.trace import BARE, falling_path, stroke
from resurvey.digitise.traced import Traced

MOST_CURVES = 6
BARE_DASHED = 0.25  # cost of a column without ink for a broken line
BEHIND = 0.8  # how far a traced stroke may hide another curve
MIDDLE = 0.6  # rows from the middle of a traced stroke within which another curve may run under it
BRIDGED = 0.9  # how far the gap between dashes may hide a broken line
CURVE = 0.06  # cost of a further curve, as a share of the columns it must explain
LEAST_BROKEN = 0.08  # share of the columns that broken lines must leave inked


def of_ink(region: Region, layer: Ink, anything: np.ndarray, least: Least) -> list[Traced]:
    """Curves of one ink, as solid and broken lines of one or two styles, whichever leaves least ink over."""
    cover = layer.cover * ~region.text
    hidden = np.where(cover > 0.3, 0, np.maximum(anything, region.text * 0.9))
    solid, pieces = _by_size(cover, region)
    whole = _peel(region, layer, cover, hidden, False, [], least)
    ways = [whole, *(_broken_ways(region, layer, cover, whole[1], hidden, whole[0], least) if whole[0] else [])]
    if pieces.sum() > 0.05 * cover.sum() and _spread(pieces) > 0.2 * region.shape[1]:
        found, rest = _peel(region, layer, solid, np.maximum(hidden, 0.5 * pieces), False, [], least)
        ways += _broken_ways(region, layer, cover, np.maximum(pieces, rest), hidden, found, least)
    return min(ways, key=lambda way: _left_over(way, region))[0]


def _broken_ways(
    region: Region,
    layer: Ink,
    cover: np.ndarray,
    remains: np.ndarray,
    hidden: np.ndarray,
    solid: list[Traced],
    least: Least,
) -> list[tuple[list[Traced], np.ndarray]]:
    """Broken lines in what the solid ones leave: all of one style, or one of two styles before the other."""
    if _spread(remains) <= LEAST_BROKEN * region.shape[1]:
        return []
    veil = np.maximum(hidden, (cover - remains).clip(0))
    none = np.zeros(region.shape, dtype=bool)
    styles = styles_of(remains)
    orders = [[none]] if styles is None else [[none], [styles.short, none], [styles.long, none]]
    ways = []
    for others in orders:
        found, left = list(solid), remains
        for other in others:
            shown = np.where(other, 0, left)
            behind = np.maximum(veil, remains - shown)
            more, _ = _peel(region, layer, shown, behind, True, found, least)
            found += more
            left = _without(left, more)
        ways.append((found, left))
    return ways


def _without(ink: np.ndarray, curves: Sequence[Traced]) -> np.ndarray:
    """Ink without the strokes and marks of curves."""
    left = ink
    for curve in curves:
        mask = stroke(curve.path, left.shape, curve.steps.width / 2 + 1.0)
        mask |= marks_at(mask, left, curve.steps.width)
        left = np.where(mask, 0, left)
    return left


def _left_over(way: tuple[list[Traced], np.ndarray], region: Region) -> float:
    """Columns with ink that no curve explains, plus a penalty for each curve, and for its columns without ink.

    The ink of paths that cannot be curves, such as rules, remains unexplained.
    """
    found, rest = way
    rest = rest.copy()
    for path in found:
        if not is_curve(path, region):
            near = stroke(path.path, region.shape, path.steps.width / 2 + 1.0)
            rest[near] = np.maximum(rest, path.ink)[near]
    rest[: max(0, round(region.start[1]))] = 0
    broken = sum((1 - curve.own / len(curve.path.rows)) * len(curve.path.rows) for curve in found if not curve.dashed)
    return float(_spread(rest)) + 0.5 * broken + CURVE * region.shape[1] * len(found)


def _by_size(cover: np.ndarray, region: Region) -> tuple[np.ndarray, np.ndarray]:
    """Ink in long pieces and ink in short ones (dashes, dots); pieces cut by a grid line count as one."""
    cv2 = extra("cv2")
    width = region.shape[1]
    inked = (cover > 0.35).astype(np.uint8)
    bridged = cv2.morphologyEx(inked, cv2.MORPH_CLOSE, np.ones((3, 9), np.uint8)) & ~region.usable
    count, labels, stats, _ = cv2.connectedComponentsWithStats(inked | bridged, connectivity=8)
    if count < 2:
        return cover, np.zeros_like(cover)
    extent = np.maximum(stats[:, cv2.CC_STAT_WIDTH], stats[:, cv2.CC_STAT_HEIGHT])
    small = extent < max(10, 0.075 * width)
    small[0] = False
    near = cv2.dilate(labels.astype(np.float32), np.ones((3, 3), np.uint8)).astype(int)
    short = small[near] & (cover > 0)
    return np.where(short, 0, cover), np.where(short, cover, 0)


def _spread(cover: np.ndarray) -> int:
    return int((cover > 0.4).any(axis=0).sum())


def _peel(
    region: Region, layer: Ink, cover: np.ndarray, hidden: np.ndarray, dashed: bool, before: list[Traced], least: Least
) -> tuple[list[Traced], np.ndarray]:
    """Remove paths one after another while they explain enough new ink; return them with the remaining ink."""
    left, veil = cover.copy(), hidden.copy()
    under = np.zeros(region.shape, dtype=bool)
    for curve in before:
        under |= stroke(curve.path, region.shape, MIDDLE)
        veil[stroke(curve.path, region.shape, curve.steps.width / 2 + 1.0)] = BEHIND
    found: list[Traced] = []
    for _ in range(MOST_CURVES):
        bridged = np.maximum(veil, BRIDGED * bridges(left)) if dashed else veil
        made = _one(region, layer, left, bridged, cover, under, dashed)
        if made is None or not is_new(made, left, under, found + before, region, dashed, least):
            break
        found.append(made)
        mask = stroke(made.path, left.shape, made.steps.width / 2 + 1.0)
        under |= stroke(made.path, left.shape, MIDDLE)
        mask |= marks_at(mask, left, made.steps.width)
        left = np.where(mask, 0, left)
        veil = np.where(mask, np.maximum(veil, BEHIND), veil)
    return found, left


def _one(
    region: Region,
    layer: Ink,
    left: np.ndarray,
    veil: np.ndarray,
    cover: np.ndarray,
    under: np.ndarray,
    dashed: bool,
) -> Traced | None:
    width = region.shape[1]
    path = falling_path(
        left,
        veil,
        region.start,
        slack=0.03 * region.shape[0] + 4,
        shut=region.posts,
        under=under,
        late=round(0.06 * width),
        bare=BARE_DASHED if dashed else BARE,
    )
    if path is None:
        return None
    # The axis is grey, so only a grey curve can appear to continue along it.
    path = to_zero(path, region) if layer.grey else path
    return described(path, layer, cover, left, veil, dashed=dashed)
