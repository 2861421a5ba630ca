"""Ink of a picture: how dark each pixel is relative to the paper."""

from __future__ import annotations

import numpy as np

FAINT = 30  # grey levels below the paper up to which a pixel may be noise of compression
GREY = 9.0  # angle in degrees (see `apart`) below which a colour counts as black or grey


def paper_colour(picture: np.ndarray, box: tuple[float, float, float, float] | None = None) -> np.ndarray:
    """The commonest colour (of the box), taken as that of the paper or of the panel's background."""
    part = picture
    if box is not None:
        left, top, right, bottom = (max(0, int(v)) for v in box)
        part = picture[top:bottom, left:right]
        part = part if part.size else picture
    coarse = (part.reshape(-1, 3).astype(np.int32) + 4) >> 3
    codes = coarse[:, 0] * 4096 + coarse[:, 1] * 64 + coarse[:, 2]
    values, counts = np.unique(codes, return_counts=True)
    chosen = part.reshape(-1, 3)[codes == values[counts.argmax()]]
    return chosen.mean(axis=0)


def darkness(picture: np.ndarray, paper: np.ndarray | None = None) -> np.ndarray:
    """Darkness from 0 (paper) to 1 (black): the largest fall below the paper over the three channels."""
    base = np.array([255.0, 255.0, 255.0]) if paper is None else paper
    fall = (base - picture.astype(np.float32)) / np.maximum(base, 60.0)
    return np.clip(fall.max(axis=2), 0.0, 1.0)


def apart(a: np.ndarray | tuple[int, int, int], b: np.ndarray | tuple[int, int, int]) -> float:
    """Angle in degrees between what two inks take from white paper.

    Thin strokes and small letters fade towards the paper; that changes the length of this vector but not its direction.
    """
    x, y = 255.0 - np.asarray(a, float), 255.0 - np.asarray(b, float)
    lengths = float(np.linalg.norm(x) * np.linalg.norm(y))
    return float(np.degrees(np.arccos(min(1.0, float(x @ y) / lengths)))) if lengths else 90.0


def letters_colour(parts: list[np.ndarray]) -> tuple[int, int, int] | None:
    """Colour of the ink of letters, from all their pixels; None for black and grey, or if there are none.

    Parameters
    ----------
    parts
        The letters' boxes, cut from a picture: height x width x 3.
    """
    pixels = np.concatenate([part.reshape(-1, 3) for part in parts]).astype(float) if parts else np.empty((0, 3))
    if not len(pixels):
        return None
    fall = np.clip(np.percentile(pixels, 95, axis=0) - pixels, 0, None)
    fall = fall[fall.max(axis=1) > FAINT]
    if not len(fall):
        return None
    total = fall.sum(axis=0)
    ink = 255 - total / total.max() * np.percentile(fall.max(axis=1), 98)
    if apart(ink, (0, 0, 0)) < GREY:
        return None
    return round(float(ink[0])), round(float(ink[1])), round(float(ink[2]))
