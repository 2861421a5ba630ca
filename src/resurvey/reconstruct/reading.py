"""Rebuild patients from a curve read from a figure, with the reading error represented in the ensemble."""

from __future__ import annotations

from typing import Any

import numpy as np

from resurvey.reconstruct.curve import from_curve
from resurvey.reconstruct.result import Reconstruction

# Largest number of readings drawn; replicates are divided among them.
READINGS = 10


def from_read_curve(
    times: np.ndarray,
    survival: np.ndarray,
    *,
    spread: float | None,
    rng: np.random.Generator,
    replicates: int = 1,
    **printed: Any,
) -> Reconstruction:
    """As `from_curve`; with a `spread`, the replicates come from curves perturbed by random reading errors.

    Errors of the two ends of the survival axis and of the scale of the time axis are drawn, each with the standard
    deviation `spread` (a proportion of the axis). They move the whole curve, as a misread tick mark does.

    Raises
    ------
    ResurveyError
        As for `from_curve`; a perturbed curve that contradicts what is printed is replaced by the curve as read.
    """
    base = from_curve(times, survival, replicates=replicates, rng=rng, **printed)
    if not spread or replicates < 2:
        return base
    time, event = base.stacked()
    if len(time) == 1:  # the curve determines its patients, so they differ by the reading error only
        time, event = np.repeat(time, replicates, axis=0), np.repeat(event, replicates, axis=0)
    time, event = time.copy(), event.copy()
    for part in np.array_split(np.arange(len(time)), min(READINGS, len(time)))[1:]:
        moved_times, moved = _moved(times, survival, spread, rng)
        try:
            made = from_curve(moved_times, moved, replicates=len(part), rng=rng, **printed)
        except ValueError:
            continue
        drawn_time, drawn_event = made.stacked()
        if drawn_time.shape[1] == time.shape[1]:
            share = np.arange(len(part)) % len(drawn_time)
            time[part], event[part] = drawn_time[share], drawn_event[share]
    return base.with_patients(time, event)


def _moved(
    times: np.ndarray, survival: np.ndarray, spread: float, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """A curve with random errors in both axes; it still starts at 1 and falls."""
    top, bottom, scale = rng.normal(0.0, spread, 3)
    moved = np.clip(survival + top * survival + bottom * (1 - survival), 0.0, 1.0)
    moved = np.where(survival >= 1.0, 1.0, moved)
    return times * (1 + scale), np.minimum.accumulate(moved)
