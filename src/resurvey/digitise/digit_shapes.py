"""Shapes of small digits: common typefaces drawn at a size of a few pixels, at every quarter of a pixel."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Literal

import numpy as np
from matplotlib import get_data_path
from matplotlib.ft2font import FT2Font, LoadFlags
from matplotlib.path import Path as Outline
from PIL import ImageFont

from resurvey.digitise.extras import extra

Rendering = Literal["hinted", "smooth"]
Face = tuple[str, Rendering]

# Typefaces that come with Matplotlib (as Verdana, a serif of its kind, Times) and with Pillow (as Helvetica).
FACES = ("DejaVuSans", "DejaVuSerif", "STIXGeneral", "Aileron")
# Heights of a digit, less that of its rows of ink, that are tried, in pixels; and the blur, in pixels.
LOWER, HIGHER = 0.9, 1.3
NARROWEST = 3.0  # distance between digits in pixels from which they can be told apart
FINER = (-0.2, -0.1, 0.0, 0.1, 0.2)  # sizes about a chosen one, in pixels, less it
BLURS = (0.0, 0.5)
PARTS = 4  # phases to a pixel at which a shape is drawn, in either direction
FINE = 8  # points to a pixel at which an outline is filled; a multiple of the phases
BITS = 4  # of a coordinate, behind the point, when an outline is filled
REFERENCE = 200  # size in pixels at which the proportions of a typeface are measured


@dataclass(frozen=True)
class Type:
    """How digits are drawn: typeface, size of the em in pixels, hinted to the pixels or smooth, and blur in pixels."""

    face: str
    size: float
    rendering: Rendering
    blur: float


@dataclass(frozen=True)
class Shapes:
    """Drawn digits of one type.

    `ink` holds the darkness of each digit at each phase, phases across x phases down x 10 x height x width; `advance`
    is the distance from one digit to the next, in pixels.
    """

    ink: np.ndarray
    advance: float


def types_of(height: float, faces: Sequence[Face]) -> Iterator[Type]:
    """Every type of some faces whose digits have about a height in pixels."""
    for face, rendering in faces:
        advance, tall = _proportions(face)
        # Hinting rounds the size, so that each rounded one is tried with two distances between the digits.
        least = max(NARROWEST / advance, (height - LOWER) / tall)
        sizes = np.arange(np.ceil(2 * least) / 2, (height + HIGHER) / tall + 0.01, 0.5)
        for size in sizes - 0.25 if rendering == "hinted" else sizes:
            yield from (Type(face, float(size), rendering, blur) for blur in BLURS)


def about(chosen: Type) -> Iterator[Type]:
    """Types of nearly the same size."""
    yield from (replace(chosen, size=chosen.size + step) for step in FINER)


@lru_cache(maxsize=512)
def drawn(chosen: Type, height: int) -> Shapes:
    """The ten digits of a type in windows of a given (odd) height, about one advance wide.

    Parameters
    ----------
    chosen
        The typeface, size and rendering.
    height
        Height of the windows in pixels; digits are centred in them, by the middle of the 0.
    """
    advance = _proportions(chosen.face)[0] * chosen.size
    width = max(3, 2 * round((advance - 1) / 2) + 1)
    outlines = [_outline(chosen, digit) for digit in range(10)]
    zero = np.concatenate(outlines[0])
    middle = (zero[:, 1].max() + zero[:, 1].min()) / 2
    ink = np.zeros((PARTS, PARTS, 10, height, width), dtype=np.float32)
    for digit, outline in enumerate(outlines):
        for i in range(PARTS):
            for j in range(PARTS):
                across = width / 2 - advance / 2 + (i - PARTS // 2) / PARTS
                down = height / 2 - middle + (j - PARTS // 2) / PARTS
                ink[i, j, digit] = _filled(outline, across, down, height, width, chosen.blur)
    return Shapes(ink, advance)


def _font(face: str) -> FT2Font:
    if face == FACES[-1]:
        return FT2Font(ImageFont.load_default(REFERENCE).path)  # type: ignore[union-attr]
    return FT2Font(Path(get_data_path()) / "fonts" / "ttf" / f"{face}.ttf")


def _outline(chosen: Type, digit: int) -> list[np.ndarray]:
    """Closed lines about a digit, in pixels to the right of and below its origin."""
    font = _font(chosen.face)
    font.set_size(chosen.size, 72)
    font.load_char(ord(str(digit)), flags=LoadFlags.DEFAULT if chosen.rendering == "hinted" else LoadFlags.NO_HINTING)
    return [line * (1, -1) for line in Outline(*font.get_path()).to_polygons()]


@lru_cache
def _proportions(face: str) -> tuple[float, float]:
    """Distance between digits and the height of a 0, in ems."""
    font = _font(face)
    font.set_size(REFERENCE, 72)
    widest = max(font.load_char(ord(str(digit)), flags=LoadFlags.NO_HINTING).horiAdvance for digit in range(10)) / 64
    zero = np.concatenate(_outline(Type(face, REFERENCE, "smooth", 0.0), 0))
    return widest / REFERENCE, float(np.ptp(zero[:, 1])) / REFERENCE


def _filled(
    outline: Sequence[np.ndarray], across: float, down: float, height: int, width: int, blur: float
) -> np.ndarray:
    """Share of each pixel of a window that lies within an outline moved there."""
    cv2 = extra("cv2")
    margin = 2 if blur else 0
    wide, tall = width + 2 * margin, height + 2 * margin
    sheet = np.zeros((tall * FINE, wide * FINE), np.uint8)
    by = np.array([across + margin, down + margin])
    corners = [(line + by) * FINE - 0.5 for line in outline]
    cv2.fillPoly(sheet, [np.round(line * 2**BITS).astype(np.int32) for line in corners], 1, shift=BITS)
    ink = sheet.reshape(tall, FINE, wide, FINE).mean(axis=(1, 3), dtype=np.float32)
    return cv2.GaussianBlur(ink, (0, 0), blur)[margin:-margin, margin:-margin] if blur else ink
