"""Inks of a plot: pixels of one colour, however much paper is mixed into them."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from resurvey.digitise.extras import extra

LEAST_FALL = 26.0  # levels below the paper from which a pixel counts as ink
LEAST_STRENGTH = 50.0  # smallest fall below the paper of a curve's stroke
RADIUS = 0.36  # how far a pixel may be from its ink in the colour plane
APART = 0.20  # smallest distance between inks


@dataclass(frozen=True)
class Ink:
    """One ink: its colour, and how much of it covers each pixel."""

    colour: tuple[int, int, int]
    cover: np.ndarray
    grey: bool
    strength: float


def inks(picture: np.ndarray, paper: np.ndarray, usable: np.ndarray) -> list[Ink]:
    """Inks of a region, the commonest first.

    Mixing with paper moves a pixel's fall below the paper along a ray; dividing by the mean fall leaves the ray's
    direction, a point in a plane, in which black and all greys are the origin.

    Parameters
    ----------
    picture
        Region, height x width x 3.
    paper
        Colour of the paper.
    usable
        Pixels that can belong to curves.
    """
    fall = paper - picture.astype(np.float32)
    strength = fall.max(axis=2)
    inked = (strength > LEAST_FALL) & usable
    place = _plane(fall)
    ridge = inked & _ridge(strength)
    centres = _centres(place[ridge & (strength > 1.6 * LEAST_FALL)], place, ridge)
    if not centres:
        return []
    distance = np.stack([np.hypot(place[..., 0] - c[0], place[..., 1] - c[1]) for c in centres])
    nearest = distance.argmin(axis=0)
    near = distance.min(axis=0) < RADIUS
    found = []
    owned = _without_fringes([inked & near & (nearest == k) for k in range(len(centres))], strength, ridge)
    for centre, own in zip(centres, owned, strict=True):
        grey = bool(np.hypot(*centre) < 0.12)
        layers = _by_darkness(strength, own, ridge) if grey else [(own, None)]
        for pixels, full in layers:
            made = _ink(picture, strength, pixels, pixels & ridge, full, grey=grey)
            if made is not None:
                found.append(made)
    strongest = max((ink.strength for ink in found), default=0.0)
    lines = [ink for ink in found if ink.strength > 0.6 * strongest or not _area(ink.cover)]
    return sorted(lines, key=lambda ink: -float((ink.cover > 0.5).sum()))


def _area(cover: np.ndarray) -> bool:
    """Whether an ink fills areas, as confidence bands do, rather than drawing lines."""
    cv2 = extra("cv2")
    mask = (cover > 0.3).astype(np.uint8)
    side = max(9, round(0.024 * len(cover)))
    opened = cv2.morphologyEx(mask, cv2.MORPH_OPEN, np.ones((side, side), np.uint8))
    return bool(opened.sum() > 0.4 * mask.sum())


def _without_fringes(owned: list[np.ndarray], strength: np.ndarray, ridge: np.ndarray) -> list[np.ndarray]:
    """Assign inks that only fringe another (a compression artefact) to the ink they fringe."""
    cv2 = extra("cv2")
    order = sorted(range(len(owned)), key=lambda k: -float((strength * ridge * owned[k]).sum()))
    masks = [mask.copy() for mask in owned]
    for place, k in enumerate(order):
        pixels = int(masks[k].sum())
        for stronger in order[:place]:
            if not pixels or not masks[stronger].any():
                continue
            around = cv2.dilate(masks[stronger].astype(np.uint8), np.ones((5, 5), np.uint8)).astype(bool)
            if (masks[k] & around).sum() > 0.72 * pixels:
                masks[stronger] |= masks[k] & around
                masks[k] = np.zeros_like(masks[k])
                break
    return masks


def _plane(fall: np.ndarray) -> np.ndarray:
    mean = np.maximum(fall.mean(axis=2), 6.0)
    red, green, blue = fall[..., 0], fall[..., 1], fall[..., 2]
    return np.stack([(red - blue) / (1.414 * mean), (red - 2 * green + blue) / (2.449 * mean)], axis=2)


def _ridge(strength: np.ndarray) -> np.ndarray:
    """Pixels darker than those a few away on both sides, vertically or horizontally: lines, not areas."""
    height, width = strength.shape
    step = 0.35 * strength
    found = np.zeros((height, width), dtype=bool)
    for reach in (3, 8):
        padded = np.pad(strength, reach, mode="edge")
        up, down = padded[:height, reach : reach + width], padded[2 * reach :, reach : reach + width]
        left, right = padded[reach : reach + height, :width], padded[reach : reach + height, 2 * reach :]
        found |= (strength - np.maximum(up, down) > step) | (strength - np.maximum(left, right) > step)
    return found


def _centres(points: np.ndarray, place: np.ndarray, ridge: np.ndarray) -> list[tuple[float, float]]:
    """Clusters of points in the colour plane whose pixels spread over enough of the region's width."""
    if len(points) < 20:
        return []
    cell = 0.06
    edges = np.arange(-2.4, 2.4 + cell, cell)
    counts, _, _ = np.histogram2d(points[:, 0].clip(-2.39, 2.39), points[:, 1].clip(-2.39, 2.39), bins=(edges, edges))
    smooth = extra("cv2").GaussianBlur(counts.astype(np.float32), (5, 5), 1.0)
    width = ridge.shape[1]
    found: list[tuple[float, float]] = []
    for _ in range(24):
        i, j = np.unravel_index(int(smooth.argmax()), smooth.shape)
        if smooth[i, j] <= 0:
            break
        centre = np.array([edges[i] + cell / 2, edges[j] + cell / 2])
        near = np.hypot(*(points - centre).T) < 0.12
        if near.any():
            centre = points[near].mean(axis=0)
        distance = np.hypot(edges[:-1, None] + cell / 2 - centre[0], edges[None, :-1] + cell / 2 - centre[1])
        smooth[distance < APART] = 0
        smooth[i, j] = 0
        pixels = ridge & (np.hypot(place[..., 0] - centre[0], place[..., 1] - centre[1]) < 0.15)
        columns = int(pixels.any(axis=0).sum())
        close = any(np.hypot(centre[0] - a, centre[1] - b) < APART for a, b in found)
        if not close and columns >= 0.10 * width and pixels.sum() >= 0.15 * width:
            found.append((float(centre[0]), float(centre[1])))
        if len(found) == 8:
            break
    return found


def _by_darkness(strength: np.ndarray, own: np.ndarray, ridge: np.ndarray) -> list[tuple[np.ndarray, float | None]]:
    """Greys separated by the darkness of horizontal strokes, if it falls into clear groups."""
    flat = _level_strokes(strength, own)
    values = strength[flat & ridge]
    if len(values) < 40:
        return [(own, None)]
    counts, edges = np.histogram(values, bins=np.arange(0, 264, 8))
    smooth = np.convolve(counts, [0.25, 0.5, 0.25], mode="same")
    peaks = _separate_peaks(smooth, least=max(12.0, 0.06 * ridge.shape[1]))
    if len(peaks) < 2:
        return [(own, None)]
    levels = sorted((float(edges[p]) + 4 for p in peaks), reverse=True)
    cuts = [(a + b) / 2 for a, b in pairwise(levels)]
    found: list[tuple[np.ndarray, float | None]] = []
    darkest = _largest_near(strength * own)
    for k, level in enumerate(levels):
        upper = cuts[k - 1] if k else np.inf
        lower = cuts[k] if k < len(cuts) else 0.0
        found.append((own & (darkest <= upper) & (darkest > lower), level))
    return found


def _level_strokes(strength: np.ndarray, own: np.ndarray) -> np.ndarray:
    """Pixels of horizontal strokes at least seven long, the darkest row of each."""
    line = (own & (strength > LEAST_FALL)).astype(np.uint8)
    kernel = np.ones((1, 7), dtype=np.uint8)
    opened = extra("cv2").morphologyEx(line, extra("cv2").MORPH_OPEN, kernel).astype(bool)
    up, down = np.roll(strength, 1, axis=0), np.roll(strength, -1, axis=0)
    return opened & (strength >= up) & (strength >= down)


def _separate_peaks(smooth: np.ndarray, least: float) -> list[int]:
    """Peaks separated by a valley below a third of the lower peak."""
    order = np.argsort(-smooth, kind="stable")
    kept: list[int] = []
    for place in order:
        if smooth[place] < least:
            break
        if all(_valley(smooth, place, other) < 0.33 * min(smooth[place], smooth[other]) for other in kept):
            kept.append(int(place))
    return kept[:4]


def _valley(smooth: np.ndarray, a: int, b: int) -> float:
    low, high = sorted((a, b))
    return float(smooth[low : high + 1].min()) if high - low >= 3 else float(smooth[[a, b]].min())


def _largest_near(values: np.ndarray) -> np.ndarray:
    """Largest value in the 3 x 3 neighbourhood: the core of the stroke to which a pixel belongs."""
    return extra("cv2").dilate(values.astype(np.float32), np.ones((3, 3), dtype=np.uint8))


def _ink(
    picture: np.ndarray, strength: np.ndarray, own: np.ndarray, core: np.ndarray, full: float | None, *, grey: bool
) -> Ink | None:
    if core.sum() < 15:
        return None
    values = strength[core]
    full = float(np.percentile(values, 75)) if full is None else full
    if full < LEAST_STRENGTH:
        return None
    cover = np.where(own, np.clip((strength / full - 0.2) / 0.6, 0, 1), 0).astype(np.float32)
    dark = core & (strength >= 0.85 * full)
    pixels = picture[dark if dark.any() else core]
    colour = tuple(int(v) for v in np.round(np.median(pixels, axis=0)))
    return Ink(colour, cover, grey, float(full / 255))  # type: ignore[arg-type]
