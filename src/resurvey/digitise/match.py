"""Match curves to printed rows and names: by colour, by legend, and by fit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from difflib import SequenceMatcher
from itertools import permutations

import numpy as np

from resurvey.digitise.digitised import Panel, RiskRow, TracedCurve, Word
from resurvey.digitise.ink import apart, letters_colour
from resurvey.digitise.legend_samples import BEFORE, LEAST_WIDTH, SAMPLE_GAP

# A pixel's colour may differ this much from a curve's, in the largest of three channels.
NEAR_COLOUR = 60
# Angles in degrees (see `ink.apart`) up to which two colours are one ink, and from which they are two.
SAME_INK, OTHER_INK = 10.0, 20.0
LEVEL = 0.45  # extent down of a stroke of a sample, in text heights, above which it is a letter
ALIKE_NAMES = 0.6  # share of letters in common from which two names may be the same
# Difference in misfit (see `misfit`) needed to prefer one assignment to another.
CLEARLY = 4.0
AS_WELL = 1.0  # difference in cost below which two assignments of rows to curves fit equally well


@dataclass(frozen=True)
class Meeting:
    """Two curves (numbers from 0) of one ink and style that meet, last at a time, and part again."""

    first: int
    second: int
    at: float
    times: int


def survival_at(curve: TracedCurve, times: np.ndarray) -> np.ndarray:
    """Survival of a step function just before given times."""
    place = np.searchsorted(curve.times, times, side="left") - 1
    return np.where(place < 0, 1.0, curve.survival[np.clip(place, 0, None)])


def misfit(curve: TracedCurve, row: RiskRow, slack: float = 0.02) -> float:
    """Misfit of a row to a curve: excess over n(0) S(t) per 100 patients, plus 10 per count contrary to its end."""
    cells = [(t, n) for t, n, bad in zip(row.times, row.counts, row.flagged, strict=True) if n is not None and not bad]
    if len(cells) < 2 or row.kind != "at risk":
        return 0.0
    times, counts = np.array([t for t, _ in cells]), np.array([n for _, n in cells], dtype=float)
    first = counts[0] if times[0] == 0 else np.nan
    if not np.isfinite(first) or first <= 0:
        return 0.0
    end = float(curve.times[-1])
    most = first * np.minimum(1.0, survival_at(curve, times) + slack) + 1
    over = np.clip(counts - most, 0, None) / first
    span = max(row.times)
    later = (times > end + 0.03 * span) & (counts > 0)
    running = (times < end - 0.03 * span) & (counts == 0)
    return float(100 * over.sum() + 10.0 * later.sum() + 10.0 * running.sum())


def assign_rows(curves: Sequence[TracedCurve], rows: Sequence[RiskRow]) -> tuple[list[TracedCurve], bool]:
    """Curves with the row each belongs to, and whether another assignment would fit as well.

    Only rows of numbers at risk are used. Colours of row names decide if present, otherwise names and the fit. Curves
    that could be exchanged keep their name and have no row: the order of rows says nothing of that of curves.
    """
    usable = [k for k, row in enumerate(rows) if row.kind == "at risk"]
    if not usable or not curves or len(curves) > 6 or len(usable) > 8:
        return list(curves), False
    count = min(len(curves), len(usable))
    costs = {(i, k): _cost(curve, rows[k]) for i, curve in enumerate(curves) for k in usable}
    scores = []
    for chosen in permutations(usable, count):
        for places in [tuple(range(count))] if count == len(curves) else permutations(range(len(curves)), count):
            pairs = list(zip(places, chosen, strict=True))
            scores.append((round(sum(costs[pair] for pair in pairs), 3), _disorder(pairs), pairs))
    best, *others = sorted(scores)
    ambiguous = bool(others) and others[0][0] - best[0] < AS_WELL
    given = dict(best[2])
    loose = {i for i in given if _could_differ(i, given, costs, len(curves), usable)}
    given = {i: k for i, k in given.items() if i not in loose}
    return [
        replace(curve, risk=given.get(i), name=(rows[given[i]].label or curve.name) if i in given else curve.name)
        for i, curve in enumerate(curves)
    ], ambiguous


def _could_differ(
    i: int, given: Mapping[int, int], costs: Mapping[tuple[int, int], float], count: int, rows: Sequence[int]
) -> bool:
    """Whether a curve fits another row as well (with that row's curve on its own), or a free curve fits its row."""
    own = given[i]
    free_rows = [k for k in rows if k not in given.values()]
    free_curves = [j for j in range(count) if j not in given]
    losses = [costs[i, k] - costs[i, own] for k in free_rows]
    losses += [costs[j, own] - costs[i, own] for j in free_curves]
    losses += [costs[i, k] + costs[j, own] - costs[i, own] - costs[j, k] for j, k in given.items() if j != i]
    return any(round(loss, 3) < AS_WELL for loss in losses)


def _cost(curve: TracedCurve, row: RiskRow) -> float:
    """Cost of assigning a row to a curve: by fit, by colour and by name."""
    return misfit(curve, row) - 30 * _coloured(curve, row) - 8 * _same_name(curve.name, row.label)


def settle_crossings(
    curves: Sequence[TracedCurve], crossed: Sequence[Meeting], rows: Sequence[RiskRow]
) -> tuple[list[TracedCurve], list[Meeting]]:
    """Try both ways through each crossing of curves of one ink; keep the one that clearly fits the numbers at risk.

    Returns the curves and the meetings that remain undecided. Pairs that meet more than once always remain so: numbers
    at risk identify the end of each curve but not the middle.
    """
    found, undecided = list(curves), []
    for met in crossed:
        i, j = met.first, met.second
        other = list(found)
        other[i], other[j] = exchanged(found[i], found[j], met.at), exchanged(found[j], found[i], met.at)
        kept, changed = best_misfit(found, rows), best_misfit(other, rows)
        clear = kept is not None and changed is not None and abs(kept - changed) >= CLEARLY
        if met.times > 1 or not clear:
            undecided.append(met)
        if clear and changed < kept:  # type: ignore[operator]
            found = other
    return found, undecided


def best_misfit(curves: Sequence[TracedCurve], rows: Sequence[RiskRow]) -> float | None:
    """Misfit of the best-fitting assignment of rows to curves; None unless there is a row for each curve."""
    usable = [row for row in rows if row.kind == "at risk"]
    if len(usable) != len(curves) or not 0 < len(curves) <= 6:
        return None
    cost = [[misfit(curve, row) for row in usable] for curve in curves]
    orders = permutations(range(len(usable)))
    return min(sum(cost[i][k] for i, k in enumerate(order)) for order in orders)


def exchanged(head: TracedCurve, tail: TracedCurve, at: float) -> TracedCurve:
    """The first curve up to a time, and the second from then on."""
    before, after = head.times < at, tail.times >= at
    times = np.concatenate((head.times[before], [at], tail.times[after]))
    level = tail.survival[max(0, int(np.searchsorted(tail.times, at, side="right")) - 1)]
    survival = np.minimum.accumulate(np.concatenate((head.survival[before], [level], tail.survival[after])))
    spread = np.concatenate((head.uncertainty[before], head.uncertainty[:1], tail.uncertainty[after]))
    marks = np.concatenate((head.censor_times[head.censor_times < at], tail.censor_times[tail.censor_times >= at]))
    return replace(head, times=times, survival=survival, uncertainty=spread, censor_times=marks)


def _disorder(pairs: list[tuple[int, int]]) -> int:
    """Number of pairs that are not in the order in which the curves are named, numbered or drawn."""
    order = [k for _, k in sorted(pairs)]
    return sum(a > b for i, a in enumerate(order) for b in order[i + 1 :])


def near_colour(a: tuple[int, int, int], b: tuple[int, int, int], slack: int = NEAR_COLOUR) -> bool:
    """Whether two colours may be the same ink."""
    return max(abs(x - y) for x, y in zip(a, b, strict=True)) <= slack


def _one_colour(a: tuple[int, int, int], b: tuple[int, int, int]) -> bool:
    return near_colour(a, b) and apart(a, b) <= SAME_INK


def _coloured(curve: TracedCurve, row: RiskRow) -> float:
    """1 if a row's name is written in the ink of a curve, -0.5 if in clearly another, otherwise 0."""
    if row.colour is None or np.ptp(curve.colour) < 50:
        return 0.0
    off = apart(curve.colour, row.colour)
    return 1.0 if off <= SAME_INK else -0.5 if off >= OTHER_INK else 0.0


def _same_name(a: str, b: str) -> float:
    """1 if one name holds the other, otherwise how alike their letters are, if at all, as small ones are misread."""
    short, long = sorted((_letters(a), _letters(b)), key=len)
    if len(short) < 3:
        return 0.0
    alike = SequenceMatcher(None, short, long, autojunk=False).ratio()
    return 1.0 if short in long else alike if alike >= ALIKE_NAMES else 0.0


def _letters(text: str) -> str:
    return "".join(letter for letter in text.lower() if letter.isalnum())


def name_curves(
    curves: Sequence[TracedCurve], words: Sequence[Word], panel: Panel, picture: np.ndarray
) -> tuple[list[TracedCurve], tuple[str, ...]]:
    """Name curves by the words of the legend to the right of a sample of the curve's ink, or written in that ink.

    Also returns the entries of the legend (see `_listed`).
    """
    names: dict[int, str] = {}
    entries: list[Word] = []
    shown: list[tuple[int, int, int]] = []
    greys = any(np.ptp(curve.colour) <= 50 for curve in curves)
    for word, (colour, dashed) in _sampled(words, panel, picture):
        coloured = bool(np.ptp(colour) > 50)
        # A colour names one curve, however many lines its text has; grey next to coloured curves is a rule or text.
        if not any(_one_colour(colour, other) for other in shown) if coloured else greys:
            entries.append(word)
            shown += [colour] if coloured else []
        alike = [
            k
            for k, curve in enumerate(curves)
            if k not in names
            and near_colour(curve.colour, colour)
            and (not (coloured or np.ptp(curve.colour) > 50) or apart(curve.colour, colour) < OTHER_INK)
            and (np.ptp(curve.colour) > 50 or curve.dashed == dashed)
        ]
        if len(alike) == 1 or (alike and np.ptp(colour) > 50):
            names[alike[0]] = word.text
    in_ink = _written_in_ink(curves, names, _phrases(words, panel)[0], picture)
    names |= in_ink
    named = [replace(curve, name=names.get(k, curve.name)) for k, curve in enumerate(curves)]
    listed = [word.text for word in _listed(entries, len(curves))]
    return named, tuple(dict.fromkeys([*listed, *in_ink.values()]))


def _written_in_ink(
    curves: Sequence[TracedCurve], names: dict[int, str], lines: Sequence[Word], picture: np.ndarray
) -> dict[int, str]:
    """Names of curves that have none yet, from phrases without a sample that are written in the ink of one curve."""
    found: dict[int, str] = {}
    for word in lines:
        letters = sum(letter.isalpha() for letter in word.text)
        if letters < max(2, 0.6 * len(word.text)) or _sample(word, picture) is not None:
            continue
        part = picture[max(0, int(word.top)) : int(word.bottom) + 1, max(0, int(word.left)) : int(word.right) + 1]
        colour = letters_colour([part])
        alike = [
            k
            for k, curve in enumerate(curves)
            if colour is not None and np.ptp(curve.colour) >= 50 and apart(curve.colour, colour) <= SAME_INK
        ]
        if len(alike) == 1 and alike[0] not in names:
            found.setdefault(alike[0], word.text)
    return found


def _sampled(
    words: Sequence[Word], panel: Panel, picture: np.ndarray
) -> list[tuple[Word, tuple[tuple[int, int, int], bool]]]:
    """Phrases with the sample to the left of each: those in and next to the plot, and lists of several below it."""
    inside, below = [
        [(word, sample) for word in found if (sample := _sample(word, picture)) is not None]
        for found in ([_after_sample(word, picture) for word in group] for group in _phrases(words, panel))
    ]
    return inside + below if len(_largest_list([word for word, _ in below])) > 1 else inside


def _listed(entries: Sequence[Word], curves: int) -> Sequence[Word]:
    """Entries of a legend: the longest list, under each other or in a row.

    Phrases written here and there, each beside a line, are entries only if there are as many as curves: elsewhere
    they may be notes that happen to stand beside a curve.
    """
    group = _largest_list(entries)
    return group if len(group) > 1 or len(entries) not in (1, curves) else entries


def _largest_list(entries: Sequence[Word]) -> list[Word]:
    groups = [[other for other in entries if _in_list(word, other)] for word in entries]
    return max(groups, key=len, default=[])


def _in_list(one: Word, other: Word) -> bool:
    """Whether two phrases begin under each other or stand in one row."""
    slack = 0.6 * max(one.height, other.height, 6.0)
    return abs(one.left - other.left) <= slack or abs(one.y - other.y) <= slack


def _after_sample(word: Word, picture: np.ndarray) -> Word:
    """The phrase without its sample, where that was read as part of its first word or as a dash or dot before it."""
    if not any(letter.isalpha() for letter in word.text[1:]):
        return word
    top, bottom, left = int(max(0, word.top)), int(word.bottom) + 1, int(max(0, word.left))
    part = picture[top:bottom, left : int(word.right) + 1].astype(float)
    if part.size == 0:
        return word
    dark = (np.median(picture.reshape(-1, 3), axis=0) - part).max(axis=2) > 60
    first = _after_stroke(dark, max(word.height, 6.0))
    if first is None and not word.text[0].isalnum():
        first = _after_gap(dark[:, : round(4 * max(word.height, 6))], word.height)
    if first is None:
        return word
    return replace(word, text=word.text.lstrip("-–—−_=~.·•*'\" "), left=float(left + first))


def _after_stroke(dark: np.ndarray, tall: float) -> int | None:
    """The column of the first letter after a level stroke, or the dashes of one, at the left end of a box."""
    inked: np.ndarray = np.asarray(dark.any(axis=0))
    extent = np.where(inked, dark.shape[0] - dark.argmax(axis=0) - dark[::-1].argmax(axis=0), 0)
    letters = np.flatnonzero(extent > max(LEVEL * tall, 4.0))
    if not len(letters):
        return None
    paper = np.flatnonzero(np.logical_not(inked[: letters[0]]))
    stroke = np.flatnonzero(inked[: paper[-1]]) if len(paper) else np.array([])
    if not len(stroke) or paper[-1] - stroke[-1] < 0.25 * tall:
        return None
    long = stroke[-1] - stroke[0] + 1 >= LEAST_WIDTH * tall and len(stroke) > 0.5 * tall
    return int(paper[-1]) + 1 if long else None


def _after_gap(dark: np.ndarray, tall: float) -> int | None:
    """The column after the widest gap in the ink."""
    inked = np.flatnonzero(dark.any(axis=0))
    gaps = np.diff(inked)
    return int(inked[int(gaps.argmax()) + 1]) if len(gaps) and gaps.max() >= 0.25 * tall else None


def _phrases(words: Sequence[Word], panel: Panel) -> tuple[list[Word], list[Word]]:
    """Words of a line, joined where they follow each other closely: in and next to the plot, and below its labels."""
    x0, y1, x_last, y_last = panel.box
    near = [word for word in words if x0 < word.x < x_last + 0.5 * (x_last - x0) and word.upright]
    inside = [word for word in near if y1 - 0.15 * (y_last - y1) < word.y < y_last]
    below = [word for word in near if panel.row < word.y < panel.row + 0.6 * (y_last - y1)]
    return _joined(inside), _joined(below)


def _joined(words: Sequence[Word]) -> list[Word]:
    joined: list[Word] = []
    for word in sorted(words, key=lambda word: (round(word.y / max(word.height, 1)), word.left)):
        last = joined[-1] if joined else None
        if last and abs(last.y - word.y) < 0.5 * word.height and 0 <= word.left - last.right < 1.0 * word.height:
            joined[-1] = replace(
                last, text=f"{last.text} {word.text}", right=word.right, bottom=max(last.bottom, word.bottom)
            )
        else:
            joined.append(word)
    return [word for word in joined if any(letter.isalpha() for letter in word.text)]


def _sample(word: Word, picture: np.ndarray) -> tuple[tuple[int, int, int], bool] | None:
    """Colour of a horizontal stroke just left of a phrase, and whether it is broken; None if there is none."""
    height = max(word.height, 6)
    left, right = int(max(0, word.left - BEFORE * height)), int(max(0, word.left - 0.15 * height))
    top, bottom = int(max(0, word.y - 0.45 * height)), int(word.y + 0.45 * height) + 1
    part = picture[top:bottom, left:right].astype(float)
    if part.size == 0 or part.shape[1] < 6:
        return None
    fall = (np.median(picture.reshape(-1, 3), axis=0) - part).max(axis=2)
    row = int(np.argmax((fall > 60).sum(axis=1)))
    inked = (fall[max(0, row - 1) : row + 2].max(axis=0)) > 60
    near = np.flatnonzero(inked)
    if not len(near) or part.shape[1] - near[-1] > SAMPLE_GAP * height:
        return None
    start = near[-1]
    gap = max(8, round(height))
    while start > 0 and inked[max(0, start - gap) : start].any():
        start -= 1
    length = near[-1] - start + 1
    share = inked[start : near[-1] + 1].mean()
    thin = (fall > 60)[:, start : near[-1] + 1].mean() < 0.75
    if length < 0.9 * height or not thin:
        return None
    dark = fall[row, start : near[-1] + 1]
    pixels = part[row, start : near[-1] + 1][dark >= 0.8 * dark.max()]
    colour = np.median(pixels, axis=0)
    return (int(colour[0]), int(colour[1]), int(colour[2])), bool(share < 0.9)
