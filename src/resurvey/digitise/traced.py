"""A traced path with its properties, and rules that decide whether two paths are different curves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from resurvey.digitise.levels import Steps
from resurvey.digitise.trace import Path

# A grey path is residue of other curves' marks and lines if at most the first share of its columns shows ink and at
# least the second share lies along a coloured curve.
RESIDUE, ALONG = 0.5, 0.8
# Length, as a share of the plot's width, that dashes and the gaps between them do not reach.
DASHES = 0.03


@dataclass(frozen=True)
class Traced:
    """A curve of a region: its path and steps in pixels, and how well ink supports it.

    `edges` are paths in other inks along its sides; `assumed` is the number of last columns that no ink supports,
    where the curve is taken to run on under another.
    """

    path: Path
    steps: Steps
    colour: tuple[int, int, int]
    grey: bool
    dashed: bool
    coverage: float
    own: float
    strength: float
    ink: np.ndarray
    anything: np.ndarray
    edges: tuple[Path, ...] = ()
    assumed: int = 0


def on_ink(curve: Traced) -> float:
    """Share of a redrawn curve's steps that falls on its ink or where it may be hidden."""
    on = _inked(curve)
    return float(on.mean()) if len(on) else 0.0


def blank(curve: Traced) -> float:
    """The longest stretch of a redrawn curve that no ink supports, as a share of its length.

    A stretch shorter than a few dashes does not count.
    """
    on = _inked(curve)
    longest = int(np.diff(np.flatnonzero(np.concatenate(([True], on, [True])))).max()) - 1
    return longest / len(on) if longest > DASHES * curve.ink.shape[1] else 0.0


def _inked(curve: Traced) -> np.ndarray:
    """Whether each column of a redrawn curve has ink within a pixel of its level, or may hide it."""
    columns = np.arange(int(curve.steps.columns[0]), int(curve.steps.end) + 1)
    place = np.searchsorted(curve.steps.columns, columns, side="right") - 1
    rows = np.round(curve.steps.rows[np.clip(place, 0, None)]).astype(int)
    columns = np.clip(columns, 0, curve.ink.shape[1] - 1)
    on = np.zeros(len(columns), dtype=bool)
    for shift in (-1, 0, 1):
        on |= curve.anything[np.clip(rows + shift, 0, len(curve.ink) - 1), columns]
    return on


def shadow(curve: Traced, other: Traced) -> bool:
    """Whether a path follows another's stroke without ink of its own."""
    first, last = max(curve.path.start, other.path.start), min(curve.path.stop, other.path.stop)
    if last <= first:
        return False
    columns = np.arange(first, last)
    rows = curve.path.rows[columns - curve.path.start]
    theirs = other.path.rows[columns - other.path.start]
    before = np.concatenate((theirs[:1], theirs[:-1]))
    reach = _reach(curve, other)
    near = (rows > np.minimum(theirs, before) - reach) & (rows < np.maximum(theirs, before) + reach)
    shown = curve.ink[rows, columns] > 0.4
    if not alike(curve, other) and beside(curve, other):
        return True
    alone = shown & ~near
    # A broken line shows ink in only some of its columns.
    length = 1.5 * curve.own if curve.dashed else float(len(curve.path.rows))
    beyond = max(0, curve.path.stop - last)
    own = int(alone.sum()) + (beyond if beyond > 0.05 * len(curve.path.rows) else 0)
    if own >= 0.45 * length:
        return False
    same = alike(curve, other)
    faint = curve.strength < 0.75 * other.strength or curve.own < (0.4 if curve.dashed else 0.75) * len(curve.path.rows)
    return own < (0.30 if same or faint else 0.02) * length


def residue(curve: Traced, kept: Sequence[Traced]) -> bool:
    """Whether a grey path of little ink stays within the marks of coloured curves, possibly of several in turn."""
    return curve.own < RESIDUE * len(curve.path.rows) and marks_along(curve, kept) > ALONG


def marks_along(curve: Traced, kept: Sequence[Traced]) -> float:
    """Share of a grey path that stays within the marks of coloured curves; 0 for other paths."""
    others = [other for other in kept if not other.grey]
    if not curve.grey or not others:
        return 0.0
    near = np.zeros(len(curve.path.rows), dtype=bool)
    for other in others:
        first, last = max(curve.path.start, other.path.start), min(curve.path.stop, other.path.stop)
        columns = np.arange(first, max(first, last))
        off = np.abs(curve.path.rows[columns - curve.path.start] - other.path.rows[columns - other.path.start])
        near[columns - curve.path.start] |= off <= 1.5 * other.steps.width + 4
    return float(near.mean())


def is_edge(grey: Traced, coloured: Traced) -> bool:
    """Whether a grey path is only the edge of a coloured one whose colour is named in a legend."""
    return grey.grey and not coloured.grey and beside(coloured, grey)


def _reach(a: Traced, b: Traced) -> float:
    return (a.steps.width + b.steps.width) / 2 + 2


def beside(curve: Traced, other: Traced) -> bool:
    """Whether two paths run side by side throughout, as the edge or shade of one line in another ink does."""
    columns = np.arange(max(curve.path.start, other.path.start), min(curve.path.stop, other.path.stop))
    reach = _reach(curve, other)
    longest = max(len(curve.path.rows), len(other.path.rows))
    if len(columns) < 0.95 * longest:
        return False
    first, second = curve.path.rows[columns - curve.path.start], other.path.rows[columns - other.path.start]
    # The horizontal tolerance applies too, since a fall of one lies next to that of the other.
    aside = round(2 * reach)
    ahead = [second[np.clip(np.arange(len(second)) + shift, 0, len(second) - 1)] for shift in range(-aside, aside + 1)]
    low, high = np.minimum.reduce(ahead) - reach, np.maximum.reduce(ahead) + reach
    return bool(((first >= low) & (first <= high)).mean() > 0.98)


def alike(a: Traced, b: Traced) -> bool:
    """Whether two inks are the same, or one lies between the other and paper."""
    return a.grey == b.grey and float(np.abs(np.subtract(a.colour, b.colour)).max()) < 40
