"""Extract the curves of a region: those of every ink, without edges, rules and residues."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from resurvey.digitise.curve_likeness import is_curve
from resurvey.digitise.ends import under_others
from resurvey.digitise.layers import inks
from resurvey.digitise.new_ink import BELIEVED, COUNTED, Least
from resurvey.digitise.one_ink import MOST_CURVES, of_ink
from resurvey.digitise.region import Region
from resurvey.digitise.strokes import described
from resurvey.digitise.tails import with_tails
from resurvey.digitise.trace import PRIZE, falling_path
from resurvey.digitise.traced import ALONG, Traced, alike, beside, is_edge, marks_along, on_ink, residue, shadow

WELL_COVERED = 0.85  # coverage from which a curve is believed although the figure seems to name fewer
DASH_SHARE = 0.6  # usual share of a broken line's columns that hold its ink


def extract(
    region: Region, *, most: int | None = None, printed: int | None = None, taken: Sequence[Traced] = ()
) -> list[Traced]:
    """Curves of a region, at most `most`, in order of the ink they explain; those already `taken` are left out.

    `printed` is the number of curves according to the figure; if more are found, the weakest are dropped.
    """
    kept = _of_inks(region, most, printed, taken, BELIEVED)
    if printed is not None and len(kept) + len(taken) < printed:
        # The printed count is higher: a line with little ink of its own, such as a dotted one, may have been missed.
        more = _of_inks(region, most, printed, taken, COUNTED)
        kept = more if len(kept) < len(more) <= printed - len(taken) else kept
    return under_others(with_tails(kept, [*taken, *kept], region), region)


def _of_inks(
    region: Region, most: int | None, printed: int | None, taken: Sequence[Traced], least: Least
) -> list[Traced]:
    """The curves of all inks combined."""
    found: list[Traced] = []
    anything = _anything(region)
    for layer in inks(region.picture, region.paper, region.usable):
        found += of_ink(region, layer, anything, least)
    kept = _distinct(found, region, taken)[: most or MOST_CURVES]
    return kept if most else _believed(kept, region, printed)


def _believed(found: list[Traced], region: Region, printed: int | None) -> list[Traced]:
    """Curves except those that leave their ink to follow a rule or text, and weak ones beyond the printed number."""
    if printed is not None and len(found) > printed > 1:
        found = [curve for curve in found if marks_along(curve, found) <= ALONG]
    kept: list[Traced] = []
    for k, curve in enumerate(found):
        share = on_ink(curve) / (0.7 if curve.dashed else 1.0)
        extra_one = printed is not None and printed > 1 and k >= printed
        if k and (
            (extra_one and (share < 0.95 or _lesser(curve, kept[-1])))
            or share < 0.75
            or _leaps(curve, region)
            or _fragment(curve, kept)
        ):
            continue
        kept.append(curve)
    return kept


def _lesser(curve: Traced, other: Traced) -> bool:
    """Whether a curve explains clearly less ink than another and often leaves its own."""
    return _whole(curve) < 0.8 * _whole(other) and curve.coverage < WELL_COVERED


def _whole(curve: Traced) -> float:
    """Ink that a curve explains, with the gaps between its dashes filled."""
    return curve.own / (DASH_SHARE if curve.dashed else 1.0)


def _fragment(curve: Traced, kept: Sequence[Traced]) -> bool:
    """Whether a path is short and runs into another of the same ink, of which it is a piece."""
    longest = max(other.path.stop - other.path.start for other in kept)
    if curve.path.stop - curve.path.start > 0.6 * longest:
        return False
    end, row = curve.path.stop - 1, int(curve.path.rows[-1])
    for other in kept:
        if other.path.start <= end < other.path.stop - 0.1 * longest and alike(curve, other):
            after = other.path.rows[end - other.path.start : end - other.path.start + 4]
            if int(np.abs(after - row).min()) <= curve.steps.width + 2:
                return True
    return False


def _leaps(curve: Traced, region: Region) -> bool:
    """Whether a path crosses bare paper, or other ink and then a line to the end, to reach its longest level."""
    edges = np.r_[curve.steps.columns, curve.steps.end]
    lengths = np.diff(edges)
    longest = int(lengths.argmax())
    if lengths[longest] < 0.4 * region.shape[1] or curve.dashed:
        return False
    begin, row = int(edges[longest]), round(float(curve.steps.rows[longest]))
    first = slice(max(0, begin + 2), max(3, begin + 2 + int(0.15 * lengths[longest])))
    seen = curve.ink[max(0, row - 1) : row + 2, first].max(axis=0) > 0.3
    to_the_end = curve.steps.end > 0.97 * region.shape[1] and row < 0.5 * region.shape[0]
    return bool(seen.mean() < 0.4 or (to_the_end and len(lengths) <= 6))


def _anything(region: Region) -> np.ndarray:
    """How far each pixel may hide a curve: other ink, and straight lines, which may be crossed but not followed."""
    strength = (region.paper - region.picture.astype(np.float32)).max(axis=2)
    anything = np.clip(strength / 60.0, 0, 1)
    anything[region.posts] = 0.8
    anything[region.rules & ~region.posts] = 0.25
    return anything


def trace_through(region: Region, places: Sequence[tuple[float, float]]) -> Traced | None:
    """The path through given positions (column, row), in the ink found there."""
    layers = inks(region.picture, region.paper, region.usable)
    anything = _anything(region)
    gates = [(round(x), round(y)) for x, y in places]
    if not layers:
        return None
    layer = max(layers, key=lambda ink: _ink_at(ink.cover, gates))
    cover = layer.cover * ~region.text
    hidden = np.where(cover > 0.3, 0, np.maximum(anything, region.text * 0.9))
    late = round(0.06 * region.shape[1])
    path = falling_path(
        cover, hidden, region.start, 0.03 * region.shape[0] + 4, shut=region.posts, late=late, gates=gates
    )
    if path is None or path.gain < PRIZE * (len(gates) - 0.5):
        return None
    return described(path, layer, cover, cover, hidden, dashed=False)


def _ink_at(cover: np.ndarray, gates: Sequence[tuple[int, int]]) -> float:
    return sum(float(cover[max(0, y - 3) : y + 4, max(0, x - 2) : x + 3].max(initial=0.0)) for x, y in gates)


def _distinct(found: list[Traced], region: Region, taken: Sequence[Traced] = ()) -> list[Traced]:
    """Curves that run far enough and are not the edge, marks or residue of a curve that explains more."""
    kept: list[Traced] = list(taken)
    for curve in sorted(found, key=lambda curve: -curve.own * curve.coverage * curve.strength):
        if not is_curve(curve, region) or residue(curve, kept):
            continue
        edge = next((k for k in range(len(taken), len(kept)) if is_edge(kept[k], curve)), None)
        if edge is not None:
            kept[edge] = replace(curve, edges=(*kept[edge].edges, kept[edge].path))
            continue
        casts = next((k for k, other in enumerate(kept) if shadow(curve, other)), None)
        if casts is None:
            kept.append(curve)
        elif not alike(curve, kept[casts]) and beside(curve, kept[casts]):
            kept[casts] = replace(kept[casts], edges=(*kept[casts].edges, curve.path))
    return kept[len(taken) :]
