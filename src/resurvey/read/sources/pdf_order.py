"""Reading order of a page: it is cut at white space, into columns where they stand side by side, else into bands."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from statistics import median

from resurvey.read.sources.pdf_text import Word

# A column is at least as wide as this, in points, and three lines of it stand beside the next.
NARROWEST, LINES_BESIDE = 60.0, 3
# White space between columns, in points and in heights of a letter.
LEAST_GAP, LEAST_HEIGHTS = 5.0, 0.45
# Cuts into bands tried in a region, the widest white space first; depth of cuts.
BANDS_TRIED, DEEPEST = 8, 8
# A page of more words is no printed page, and is not cut.
MOST_WORDS = 6_000


def regions_of(words: Sequence[Word], depth: int = DEEPEST) -> list[list[Word]]:
    """Words of a page by regions in reading order, each a column or what no white space divides."""
    if len(words) > MOST_WORDS:
        return [list(words)]
    columns = _columns(words)
    if columns is None and depth:
        bands = _bands(words)
        return [region for band in bands for region in regions_of(band, depth - 1)] if bands else [list(words)]
    if columns is None:
        return [list(words)]
    return [region for column in columns for region in regions_of(column, depth - 1)] if depth else columns


def _columns(words: Sequence[Word]) -> list[list[Word]] | None:
    """The words left and right of the widest white space from top to bottom; None if there is none."""
    if len(words) < 4 * LINES_BESIDE:
        return None
    size = median(word.size for word in words)
    gaps = _gaps(words, lambda w: w.x0, lambda w: w.x1, max(LEAST_GAP, LEAST_HEIGHTS * size))
    for _, x in gaps:
        left, right = [w for w in words if w.x1 <= x], [w for w in words if w.x1 > x]
        if all(_width(side) >= NARROWEST for side in (left, right)) and _beside(left, right) >= LINES_BESIDE:
            return [left, right]
    return None


def _bands(words: Sequence[Word]) -> list[list[Word]] | None:
    """The words above and below the widest white space from side to side of which one part has columns."""
    for _, y in _gaps(words, lambda w: w.top, lambda w: w.bottom, 0.5)[:BANDS_TRIED]:
        above, below = [w for w in words if w.bottom <= y], [w for w in words if w.bottom > y]
        if _columns(above) is not None or _columns(below) is not None:
            return [above, below]
    return None


def _gaps(
    words: Sequence[Word], start: Callable[[Word], float], end: Callable[[Word], float], least: float
) -> list[tuple[float, float]]:
    """Width and beginning of the white stretches over which no word lies, the widest first."""
    found = []
    reach = float("inf")
    for word in sorted(words, key=start):
        if start(word) - reach >= least:
            found.append((start(word) - reach, reach))
        reach = end(word) if reach == float("inf") else max(reach, end(word))
    return sorted(found, key=lambda gap: (-gap[0], gap[1]))


def _width(words: Sequence[Word]) -> float:
    return max(w.x1 for w in words) - min(w.x0 for w in words) if words else 0.0


def _beside(left: Sequence[Word], right: Sequence[Word]) -> int:
    """Lines of the left side that have words of the right side at their height."""
    heights = [{round(w.middle / w.size) for w in side if w.size > 0} for side in (left, right)]
    return len(heights[0] & heights[1])
