"""Styles of broken lines in one ink: dashes told from dots, and long dashes from short ones."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from resurvey.digitise.extras import extra

INKED = 0.35  # cover from which a pixel belongs to a dash
LEAST_RATIO = 1.5  # smallest ratio of the median lengths of two styles
LEAST_PIECES = 4  # fewest dashes of a style
LEAST_LENGTH = 0.04  # smallest length of all dashes of a style, as a share of the plot's width
NEAR = 1.12  # dashes whose length is within this factor of the boundary may be of either style


@dataclass(frozen=True)
class Styles:
    """Pixels that surely belong to short dashes (or dots), and those that surely belong to long ones."""

    short: np.ndarray
    long: np.ndarray


def styles_of(ink: np.ndarray) -> Styles | None:
    """Two styles of broken line in an ink; None if the lengths of its dashes show only one.

    Only level pieces show their length. Pieces of falls, crossings and joined dashes belong to neither style.
    The boundary is the one that explains most of the variance of the logarithms of length (Otsu's).

    Parameters
    ----------
    ink
        Cover from 0 to 1 of what is left of an ink once its solid lines are removed, height x width.
    """
    cv2 = extra("cv2")
    count, labels, stats, _ = cv2.connectedComponentsWithStats((ink > INKED).astype(np.uint8), connectivity=8)
    wide, tall = stats[:, cv2.CC_STAT_WIDTH], stats[:, cv2.CC_STAT_HEIGHT]
    level = wide >= tall
    level[0] = False
    if not level.any():
        return None
    level &= tall <= 1.5 * float(np.median(tall[level])) + 1
    lengths = wide[level].astype(float)
    boundary = _boundary(lengths, LEAST_LENGTH * ink.shape[1])
    if boundary is None:
        return None
    inked = (ink > INKED).astype(np.uint8)
    runs = cv2.morphologyEx(inked, cv2.MORPH_OPEN, np.ones((1, int(boundary * NEAR) + 1), np.uint8)).astype(bool)
    long = np.bincount(labels[runs], minlength=count) > 0
    long[0] = False
    return Styles((level & (wide < boundary / NEAR))[labels], long[labels])


def _boundary(lengths: np.ndarray, least: float) -> float | None:
    """Length that best separates two groups of pieces; None if there are not two."""
    values = np.unique(lengths)
    best: tuple[float, float] | None = None
    for low, high in pairwise(values.tolist()):
        short, long = lengths[lengths <= low], lengths[lengths >= high]
        enough = min(len(short), len(long)) >= LEAST_PIECES and min(short.sum(), long.sum()) >= least
        if not enough or np.median(long) < LEAST_RATIO * np.median(short):
            continue
        gap = float(np.log(long).mean() - np.log(short).mean())
        between = round(len(short) * len(long) * gap**2, 6)
        if best is None or between > best[0]:
            best = between, float(np.sqrt(low * high))
    return best[1] if best else None
