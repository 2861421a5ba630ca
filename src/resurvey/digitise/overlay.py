"""The curves as read, drawn over the figure."""

from __future__ import annotations

import numpy as np

from resurvey.digitise.digitised import Digitised, TracedCurve
from resurvey.digitise.extras import extra

COLOURS = ((213, 94, 0), (0, 114, 178), (0, 158, 115), (204, 121, 167), (230, 159, 0), (86, 180, 233))


def overlay(picture: np.ndarray, made: Digitised) -> np.ndarray:
    """The figure in grey with curves, ticks and censoring marks in colour (RGB)."""
    cv2 = extra("cv2")
    grey = picture.astype(np.float32).mean(axis=2, keepdims=True)
    canvas = np.ascontiguousarray(np.repeat(140 + 0.45 * grey, 3, axis=2).clip(0, 255).astype(np.uint8))
    if made.axes is None:
        return canvas
    for k, curve in enumerate(made.curves):
        colour = COLOURS[k % len(COLOURS)]
        points = np.round(corners(curve, made) * 16).clip(-1e6, 1e6).astype(np.int32)
        cv2.polylines(canvas, [points], False, colour, 1, cv2.LINE_AA, 4)
        for x, y in _marks(curve, made):
            cv2.circle(canvas, (round(x), round(y)), 4, colour, 1, cv2.LINE_AA)
    for label in made.axes.x.labels:
        cv2.drawMarker(canvas, (round(label.pixel), round(made.axes.box[3])), (0, 0, 0), cv2.MARKER_CROSS, 9)
    for label in made.axes.y.labels:
        cv2.drawMarker(canvas, (round(made.axes.box[0]), round(label.pixel)), (0, 0, 0), cv2.MARKER_CROSS, 9)
    return canvas


def overlay_png(picture: np.ndarray, made: Digitised) -> bytes:
    """The overlay as a PNG."""
    return png(overlay(picture, made))


def png(picture: np.ndarray) -> bytes:
    """A picture as PNG bytes."""
    _, data = extra("cv2").imencode(".png", picture[:, :, ::-1])
    return bytes(data.tobytes())


def corners(curve: TracedCurve, made: Digitised) -> np.ndarray:
    """Corners of the step function in pixels, k x 2."""
    assert made.axes is not None
    x = np.asarray(made.axes.x.pixel(curve.times))
    y = np.asarray(made.axes.y.pixel(curve.survival))
    return np.stack([np.repeat(x, 2)[1:], np.repeat(y, 2)[:-1]], axis=1)


def _marks(curve: TracedCurve, made: Digitised) -> list[tuple[float, float]]:
    assert made.axes is not None
    place = np.searchsorted(curve.times, curve.censor_times, side="right") - 1
    levels = curve.survival[np.clip(place, 0, None)]
    x, y = made.axes.x.pixel(curve.censor_times), made.axes.y.pixel(levels)
    return list(zip(np.asarray(x).tolist(), np.asarray(y).tolist(), strict=True))
