"""Tails: ink of a curve that goes on after a gap or a stretch under another curve."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from resurvey.digitise.layers import Ink
from resurvey.digitise.one_ink import MIDDLE
from resurvey.digitise.region import Region
from resurvey.digitise.strokes import described, marks_at, to_zero, zero_row
from resurvey.digitise.trace import Path, covered, falling_path, stroke
from resurvey.digitise.traced import Traced

# How far away a tail may begin (share of width and height), and the cost of a pixel without ink on the way.
TAIL_GAP, TAIL_FALL = 0.08, 0.2
BARE_TAIL, FALL_TAIL = 0.12, 0.12
TAIL_INK = 0.35  # share of its columns that must show ink


def with_tails(curves: Sequence[Traced], every: Sequence[Traced], region: Region) -> list[Traced]:
    """Extend curves where left-over ink of theirs continues after their end, as dashes do after a crossing."""
    found, others = list(curves), list(every)
    for _ in range(len(found)):
        tails = [(k, tail) for k, curve in enumerate(found) if (tail := _tail(curve, others, region)) is not None]
        if not tails:
            break
        k, longer = max(tails, key=lambda item: (round(item[1].path.gain - found[item[0]].path.gain, 6), -item[0]))
        others = [longer if other is found[k] else other for other in others]
        found[k] = longer
    return found


def _tail(curve: Traced, every: Sequence[Traced], region: Region) -> Traced | None:
    """The curve with its tail; None if no tail is worth adding."""
    height, width = region.shape
    end, row = curve.path.stop - 1, int(curve.path.rows[-1])
    if end >= width - 6 or row >= zero_row(region):
        return None
    left, hidden = curve.ink.copy(), np.zeros(region.shape, dtype=np.float32)
    under = np.zeros(region.shape, dtype=bool)
    for other in every:
        if other is not curve:
            under |= stroke(other.path, region.shape, MIDDLE)
        mask = stroke(other.path, region.shape, other.steps.width / 2 + 1.5)
        mask |= marks_at(mask, left, other.steps.width)
        left[mask] = 0
        hidden[mask] = 0.8
    left[:, : end + 1] = 0
    left[round(zero_row(region) - 2 * curve.steps.width) :] = 0  # close to zero, the curve cannot be told from the axis
    path = falling_path(
        left,
        hidden,
        (end + 1, float(row)),
        slack=curve.steps.width + 1,
        shut=region.posts,
        under=under,
        late=round(0.01 * width),
        bare=BARE_TAIL,
        fall_bare=FALL_TAIL,
    )
    if path is None:
        return None
    path = to_zero(path, region) if curve.grey else path
    own = np.flatnonzero(covered(path, left) > 0.4)
    seen = ~under[path.rows, path.columns]
    if len(own) < max(8, 0.03 * width) or len(own) < TAIL_INK * seen[own[0] : own[-1] + 1].sum():
        return None
    before = slice(0, own[0])
    bare, fallen = int(seen[before].sum()), int(np.diff(path.rows[: own[0] + 1])[seen[before]].sum())
    if path.start - end + bare > TAIL_GAP * width or fallen > TAIL_FALL * height:
        return None
    rows = np.concatenate((curve.path.rows, np.full(path.start - end - 1, row), path.rows[: own[-1] + 1]))
    whole = Path(curve.path.start, np.maximum.accumulate(rows), curve.path.gain + path.gain)
    ink = Ink(curve.colour, curve.ink, curve.grey, curve.strength)
    return described(whole, ink, curve.ink, curve.ink, np.maximum(hidden, curve.anything * 0.5), dashed=curve.dashed)
