"""Ink of a picture: how dark each pixel is relative to the paper."""

from __future__ import annotations

import numpy as np


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
