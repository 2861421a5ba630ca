"""Extract the curves of a region by ink and line style, each time taking the path that explains most remaining ink."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from resurvey.digitise.ends import under_others
from resurvey.digitise.extras import extra
from resurvey.digitise.layers import Ink, inks
from resurvey.digitise.levels import centred, line_width, steps_of
from resurvey.digitise.region import Region
from resurvey.digitise.trace import BARE, PRIZE, Path, covered, dash_gap, falling_path, stroke
from resurvey.digitise.traced import Traced, alike, beside, is_edge, on_ink, residue, shadow

MOST_CURVES = 6
# Smallest share of the plot's width that a curve must span, and of its columns that must show ink of its own.
LEAST_REACH = 0.12
LEAST_COVER = 0.28
BARE_DASHED = 0.25  # cost of a column without ink for a broken line
BRIDGED = 0.9  # how far the gap between dashes may hide a broken line
DASH_SHARE = 0.6  # usual share of a broken line's columns that hold its ink
AT_ZERO = 0.005  # survival regarded as zero; at least two and a half rows
# A tail: how far away it may begin (share of width and height), and the cost of a pixel without ink on the way.
TAIL_GAP, TAIL_FALL = 0.08, 0.2
BARE_TAIL, FALL_TAIL = 0.12, 0.12
TAIL_INK = 0.35  # share of its columns that must show ink


@dataclass(frozen=True)
class _Least:
    """New ink a path must explain: shares of the plot's width (first and later paths), and of its own length."""

    first: float
    later: float
    broken: float
    solid: float = 0.45


BELIEVED = _Least(0.10, 0.14, 0.3)
COUNTED = _Least(0.08, 0.08, 0.15)


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
    region: Region, most: int | None, printed: int | None, taken: Sequence[Traced], least: _Least
) -> list[Traced]:
    """The curves of all inks combined."""
    found: list[Traced] = []
    anything = _anything(region)
    for layer in inks(region.picture, region.paper, region.usable):
        found += _of_ink(region, layer, anything, least)
    kept = _distinct(found, region, taken)[: most or MOST_CURVES]
    return kept if most else _believed(kept, region, printed)


def _believed(found: list[Traced], region: Region, printed: int | None) -> list[Traced]:
    """Curves except those that leave their ink to follow a rule or text, and weak ones beyond the printed number."""
    kept: list[Traced] = []
    for k, curve in enumerate(found):
        share = on_ink(curve) / (0.7 if curve.dashed else 1.0)
        extra_one = printed is not None and printed > 1 and k >= printed
        weak = extra_one and (share < 0.95 or _whole(curve) < 0.8 * _whole(kept[-1]))
        if k and (weak or share < 0.75 or _leaps(curve, region) or _fragment(curve, kept)):
            continue
        kept.append(curve)
    return kept


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
    return _described(path, layer, cover, cover, hidden, dashed=False)


def _ink_at(cover: np.ndarray, gates: Sequence[tuple[int, int]]) -> float:
    return sum(float(cover[max(0, y - 3) : y + 4, max(0, x - 2) : x + 3].max(initial=0.0)) for x, y in gates)


def _distinct(found: list[Traced], region: Region, taken: Sequence[Traced] = ()) -> list[Traced]:
    """Curves that run far enough and are not the edge, marks or residue of a curve that explains more."""
    kept: list[Traced] = list(taken)
    for curve in sorted(found, key=lambda curve: -curve.own * curve.coverage * curve.strength):
        if not _is_curve(curve, region) or residue(curve, kept):
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


def _is_curve(curve: Traced, region: Region) -> bool:
    reach = (curve.path.stop - curve.path.start) / region.shape[1]
    return (
        reach >= LEAST_REACH
        and np.ptp(curve.path.rows) > max(3, 0.012 * region.shape[0])
        and curve.coverage >= LEAST_COVER
        and _line_share(curve, region) < 0.5
        and _bare_fall(curve)
        < max(0.15 * region.shape[0], (0.8 if curve.dashed else 0.6) * float(np.ptp(curve.path.rows)))
    )


def _bare_fall(curve: Traced) -> int:
    """Number of rows a path falls where no stroke falls, ignoring small steps."""
    rows, total = curve.path.rows, 0
    for k in np.flatnonzero(np.diff(rows) > 6):
        column = curve.path.columns[k]
        band = curve.ink[rows[k] : rows[k + 1], max(0, column - 1) : column + 3]
        total += int((band.max(axis=1) < 0.25).sum())
    return total


def _line_share(curve: Traced, region: Region) -> float:
    """Share of a path that runs along a line that begins before the path reaches it, such as a grid line."""
    rows, columns = curve.path.rows, curve.path.columns
    starts = np.flatnonzero(np.diff(rows) > 0) + 1
    along = 0
    for begin, end in zip(np.r_[0, starts], np.r_[starts, len(rows)], strict=True):
        before = columns[begin] - region.start[0]
        if end - begin < 0.08 * region.shape[1] or before < 0.04 * region.shape[1]:
            near_top = abs(rows[begin] - region.start[1]) < 4
            if not (end - begin > 0.5 * region.shape[1] and not near_top):
                continue
        row = rows[begin]
        band = curve.ink[max(0, row - 1) : row + 2, max(0, region.start[0]) : columns[begin]]
        if band.shape[1] < 5 or (band.max(axis=0) > 0.3).mean() > 0.35:
            along += end - begin
    return along / max(len(rows), 1)


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
    if end >= width - 6 or row >= _zero(region):
        return None
    left, hidden = curve.ink.copy(), np.zeros(region.shape, dtype=np.float32)
    for other in every:
        mask = stroke(other.path, region.shape, other.steps.width / 2 + 1.5)
        mask |= marks_at(mask, left, other.steps.width)
        left[mask] = 0
        hidden[mask] = 0.8
    left[:, : end + 1] = 0
    left[round(_zero(region) - 2 * curve.steps.width) :] = 0  # close to zero, the curve cannot be told from the axis
    path = falling_path(
        left,
        hidden,
        (end + 1, float(row)),
        slack=curve.steps.width + 1,
        shut=region.posts,
        late=round(0.01 * width),
        bare=BARE_TAIL,
        fall_bare=FALL_TAIL,
    )
    if path is None:
        return None
    path = _to_zero(path, region) if curve.grey else path
    own = np.flatnonzero(covered(path, left) > 0.4)
    if len(own) < max(8, 0.03 * width) or len(own) < TAIL_INK * (own[-1] - own[0] + 1):
        return None
    if path.start + own[0] - end > TAIL_GAP * width or path.rows[own[0]] - row > TAIL_FALL * height:
        return None
    rows = np.concatenate((curve.path.rows, np.full(path.start - end - 1, row), path.rows[: own[-1] + 1]))
    whole = Path(curve.path.start, np.maximum.accumulate(rows), curve.path.gain + path.gain)
    ink = Ink(curve.colour, curve.ink, curve.grey, curve.strength)
    return _described(whole, ink, curve.ink, curve.ink, np.maximum(hidden, curve.anything * 0.5), dashed=curve.dashed)


def _of_ink(region: Region, layer: Ink, anything: np.ndarray, least: _Least) -> list[Traced]:
    """Curves of one ink, either as one style or as solid then dashed strokes, whichever leaves less ink over."""
    cover = layer.cover * ~region.text
    hidden = np.where(cover > 0.3, 0, np.maximum(anything, region.text * 0.9))
    solid, pieces = _by_size(cover, region)
    ways = [_peel(region, layer, cover, hidden, False, [], least)]
    if pieces.sum() > 0.05 * cover.sum() and _spread(pieces) > 0.2 * region.shape[1]:
        found, rest = _peel(region, layer, solid, np.maximum(hidden, 0.5 * pieces), False, [], least)
        remains = np.maximum(pieces, rest)
        more, rest = _peel(region, layer, remains, np.maximum(hidden, (cover - remains).clip(0)), True, found, least)
        ways.append((found + more, rest))
    return min(ways, key=lambda way: _left_over(way, region))[0]


def _left_over(way: tuple[list[Traced], np.ndarray], region: Region) -> float:
    """Columns with ink that the curves leave unexplained, plus a penalty for each curve that often leaves its ink."""
    found, rest = way
    rest = rest.copy()
    rest[: max(0, round(region.start[1]))] = 0
    broken = sum((1 - curve.own / len(curve.path.rows)) * len(curve.path.rows) for curve in found if not curve.dashed)
    return float(_spread(rest)) + 0.5 * broken + 0.03 * region.shape[1] * len(found)


def _by_size(cover: np.ndarray, region: Region) -> tuple[np.ndarray, np.ndarray]:
    """Ink in long pieces and ink in short ones (dashes, dots); pieces cut by a grid line count as one."""
    cv2 = extra("cv2")
    width = region.shape[1]
    inked = (cover > 0.35).astype(np.uint8)
    bridged = cv2.morphologyEx(inked, cv2.MORPH_CLOSE, np.ones((3, 9), np.uint8)) & ~region.usable
    count, labels, stats, _ = cv2.connectedComponentsWithStats(inked | bridged, connectivity=8)
    if count < 2:
        return cover, np.zeros_like(cover)
    extent = np.maximum(stats[:, cv2.CC_STAT_WIDTH], stats[:, cv2.CC_STAT_HEIGHT])
    small = extent < max(10, 0.075 * width)
    small[0] = False
    near = cv2.dilate(labels.astype(np.float32), np.ones((3, 3), np.uint8)).astype(int)
    short = small[near] & (cover > 0)
    return np.where(short, 0, cover), np.where(short, cover, 0)


def _spread(cover: np.ndarray) -> int:
    return int((cover > 0.4).any(axis=0).sum())


def _peel(
    region: Region, layer: Ink, cover: np.ndarray, hidden: np.ndarray, dashed: bool, before: list[Traced], least: _Least
) -> tuple[list[Traced], np.ndarray]:
    """Remove paths one after another while they explain enough new ink; return them with the remaining ink."""
    left, veil = cover.copy(), hidden.copy()
    found: list[Traced] = []
    for _ in range(MOST_CURVES):
        bridged = np.maximum(veil, BRIDGED * bridges(left)) if dashed else veil
        made = _one(region, layer, left, bridged, cover, dashed)
        if made is None or not _new(made, found + before, region, dashed, least):
            break
        found.append(made)
        mask = stroke(made.path, left.shape, made.steps.width / 2 + 1.0)
        mask |= marks_at(mask, left, made.steps.width)
        left = np.where(mask, 0, left)
        veil = np.where(mask, np.maximum(veil, 0.8), veil)
    return found, left


def bridges(ink: np.ndarray) -> np.ndarray:
    """Gaps between dashes and dots, horizontally and vertically."""
    cv2 = extra("cv2")
    inked = (ink > 0.35).astype(np.uint8)
    gap = dash_gap(ink.shape[1])
    across = cv2.morphologyEx(inked, cv2.MORPH_CLOSE, np.ones((1, gap), np.uint8))
    down = cv2.morphologyEx(inked, cv2.MORPH_CLOSE, np.ones((gap, 1), np.uint8))
    return (across | down).astype(np.float32)


def marks_at(mask: np.ndarray, ink: np.ndarray, width: float) -> np.ndarray:
    """Small pieces of ink close to a stroke: its censoring marks."""
    cv2 = extra("cv2")
    reach = round(0.018 * len(ink) + 1.5 * width + 3)
    close = cv2.dilate(mask.astype(np.uint8), np.ones((2 * reach + 1, 2 * reach + 1), np.uint8)).astype(bool)
    touching = cv2.dilate(mask.astype(np.uint8), np.ones((5, 5), np.uint8)).astype(bool)
    count, labels, stats, _ = cv2.connectedComponentsWithStats(((ink > 0.2) & ~mask).astype(np.uint8), connectivity=8)
    touches = np.bincount(labels[touching], minlength=count) > 0
    outside = np.bincount(labels[~close], minlength=count) > 0
    small = stats[:, cv2.CC_STAT_WIDTH] < max(40, 4 * reach)
    marks = touches & ~outside & small
    marks[0] = False
    return marks[labels]


def _one(
    region: Region, layer: Ink, left: np.ndarray, veil: np.ndarray, cover: np.ndarray, dashed: bool
) -> Traced | None:
    width = region.shape[1]
    path = falling_path(
        left,
        veil,
        region.start,
        slack=0.03 * region.shape[0] + 4,
        shut=region.posts,
        late=round(0.06 * width),
        bare=BARE_DASHED if dashed else BARE,
    )
    if path is None:
        return None
    # The axis is grey, so only a grey curve can appear to continue along it.
    path = _to_zero(path, region) if layer.grey else path
    return _described(path, layer, cover, left, veil, dashed=dashed)


def _to_zero(path: Path, region: Region) -> Path:
    """The path up to where it reaches S = 0: what follows is the axis."""
    at_zero = np.flatnonzero(path.rows >= _zero(region))
    if not len(at_zero) or region.bottom > region.shape[0] + 4:
        return path
    return Path(path.start, path.rows[: int(at_zero[0]) + 1], path.gain)


def _zero(region: Region) -> float:
    """The uppermost row regarded as S = 0."""
    return region.bottom - max(2.5, AT_ZERO * region.shape[0])


def _described(
    path: Path, layer: Ink, cover: np.ndarray, left: np.ndarray, veil: np.ndarray, *, dashed: bool
) -> Traced | None:
    """A path with its steps, cut where its ink ends."""
    shown = covered(path, left)
    last = np.flatnonzero(shown > 0.4)
    if not len(last):
        return None
    path = Path(path.start, path.rows[: last[-1] + 1], path.gain)
    shown = covered(path, np.maximum(left, veil * 0.5))
    own = float((covered(path, left) > 0.4).sum())
    thick = line_width(path, left)
    steps = steps_of(path, cover, thick, veil)
    path = centred(path, cover, thick)
    coverage = float((shown > 0.3).mean())
    return Traced(
        path,
        steps,
        layer.colour,
        layer.grey,
        dashed,
        coverage,
        own,
        layer.strength,
        cover,
        np.maximum(cover, veil) > 0.2,
    )


def _new(made: Traced, before: list[Traced], region: Region, dashed: bool, least: _Least) -> bool:
    """Whether a path explains enough ink that no earlier path explained."""
    enough = (least.later if before else least.first) * region.shape[1]
    share = least.broken if dashed else least.solid
    return made.own >= max(enough, 12.0) and made.own >= share * len(made.path.rows)
