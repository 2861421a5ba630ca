"""Numbers at risk of few pixels: each cell is compared with digits drawn in the typeface that fits the whole table."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np

from resurvey.digitise.digit_shapes import FACES, PARTS, Face, Shapes, Type, about, drawn, types_of
from resurvey.digitise.digitised import Word
from resurvey.digitise.ink import darkness
from resurvey.digitise.risk_cells import INK, Band, Columns, near_runs, runs_of_ink

REACH = 0.3  # distance of a number from the middle of its ink that is tried, in advances
ROWS = 1  # the same of a row from the middle of its band, in pixels
BEST = 3  # digits of each place that are combined to candidates
MOST_DIGITS = 5
RANKED = 2  # rows, those of most ink, by which types are compared
REFINED = 3  # types whose sizes are refined
FEWEST_DIGITS, WORSE = (
    4,
    1.5,
)  # digits of labels that tell typefaces apart, and how much worse than the best one may fit
SIDE = 6  # pixels left and right of a cell in which its digits may stand
APART = 0.75  # gap between numbers, in heights of the numbers
UNLIKE = 0.35  # share of ink left from which no typeface fits
PER_DIGIT = 0.4
LIGHTEST, DARKEST = 0.4, 1.3  # darkness of full ink that is believed, black being 1


@dataclass(frozen=True)
class ShapedCell:
    """Counts that a cell may hold, the likeliest first.

    `misfits` are what each leaves of the cell's ink, in squared darkness and in mean digits of the table.
    """

    counts: tuple[int, ...]
    misfits: tuple[float, ...]


@dataclass(frozen=True)
class ShapedTable:
    """Cells by row and column (None where there is no ink), the type, and the share of the ink it does not explain."""

    cells: tuple[tuple[ShapedCell | None, ...], ...]
    type: Type
    unexplained: float


@dataclass(frozen=True)
class _Line:
    """A row of numbers: the ink of its cells side by side, where in it each is, and the digits if they are known."""

    ink: np.ndarray
    runs: tuple[tuple[int, int] | None, ...]
    known: tuple[str, ...] = ()

    @property
    def energy(self) -> float:
        """Squared darkness of the cells."""
        return sum(self.energy_of(run) for run in self.runs if run)

    def energy_of(self, run: tuple[int, int]) -> float:
        """Squared darkness of a cell."""
        return float((self.ink[:, run[0] - 1 : run[1] + 2] ** 2).sum())


@dataclass(frozen=True)
class _Match:
    """Agreement of a row with a type, at each quarter of a pixel: 10 digits x down x across.

    `product` is that of the row's ink and a drawn digit, `own` that of the digit and itself.
    """

    product: np.ndarray
    own: np.ndarray
    advance: float
    wide: int

    def cost(self, gain: float) -> np.ndarray:
        """Change of squared error when a digit is drawn at each place."""
        return gain * gain * self.own - 2 * gain * self.product

    @property
    def rows(self) -> slice:
        """Quarter rows about the middle of the row's band."""
        middle = self.product.shape[1] // 2
        return slice(middle - ROWS * PARTS, middle + ROWS * PARTS + 1)


@dataclass(frozen=True)
class _Fit:
    """How a type fits some rows: share of the ink left, darkness of full ink, and the quarter row of each."""

    unexplained: float
    gain: float
    rows: tuple[int, ...]
    digits: float = 1.0

    @property
    def badness(self) -> float:
        """The share left, larger for more digits a cell, as many narrow ones fit anything."""
        return round(self.unexplained * (1 + PER_DIGIT * self.digits), 4)


def read_shapes(
    picture: np.ndarray,
    bands: Sequence[Band],
    columns: Columns,
    hints: Sequence[Sequence[Sequence[int]]],
    labels: Sequence[Word] = (),
) -> ShapedTable | None:
    """The numbers of a table, compared with drawn digits; None if it has no cells.

    Parameters
    ----------
    picture
        The picture, height x width x 3.
    bands
        Rows of the table.
    columns
        Its columns.
    hints
        Counts that were read otherwise, by row and column; they are candidates too.
    labels
        Labels of the time axis that are whole numbers; the typefaces that fit them are preferred.
    """
    dark = darkness(picture)
    height = round(float(np.median([band.bottom - band.top for band in bands])))
    window = height + 2 + (height + 1) % 2
    lines = [_line(dark, band, columns, window) for band in bands]
    if not any(run for line in lines for run in line.runs):
        return None
    fullest = sorted(range(len(lines)), key=lambda k: (-round(lines[k].energy, 3), k))[:RANKED]
    some = [lines[k] for k in sorted(fullest)]
    likely = _best(some, types_of(height, _faces(dark, labels)), window)[:REFINED]
    if not likely:
        return None
    chosen = _best(some, (near for kind in likely for near in about(kind)), window)[0]
    return _read(lines, drawn(chosen, window), chosen, hints)


def _best(lines: Sequence[_Line], types: Iterable[Type], window: int) -> list[Type]:
    """Types from the one that fits some rows best."""
    ranked = [(_fit(lines, drawn(kind, window)).badness, k, kind) for k, kind in enumerate(types)]
    return [kind for _, _, kind in sorted(ranked, key=lambda one: one[:2])]


def _faces(dark: np.ndarray, labels: Sequence[Word]) -> list[Face]:
    """Typefaces and renderings, without those that fit the labels clearly worse than the best."""
    every: list[Face] = [(face, way) for face in FACES for way in ("hinted", "smooth")]  # type: ignore[misc]
    if not labels:
        return every
    top, bottom = (round(float(np.median([getattr(word, side) for word in labels]))) for side in ("top", "bottom"))
    level = [word for word in labels if abs(word.top - top) <= 1 and abs(word.bottom - bottom) <= 1]
    if sum(len(word.text) for word in level) < FEWEST_DIGITS:
        return every
    height = bottom + 1 - top
    window = height + 2 + (height + 1) % 2
    runs = [(round(word.left), round(word.right)) for word in level]
    line = _beside(dark, Band(top, bottom + 1), runs, window, [word.text for word in level])
    left = {
        face: min(
            (round(_fit([line], drawn(kind, window)).unexplained, 4) for kind in types_of(height, [face])), default=1.0
        )
        for face in every
    }
    least = min(left.values())
    return [face for face in every if left[face] <= WORSE * least] if least < UNLIKE else every


def _line(dark: np.ndarray, band: Band, columns: Columns, window: int) -> _Line:
    part = dark[band.top : band.bottom]
    every = runs_of_ink(part > INK * min(1.0, float(np.percentile(part.max(axis=0), 95))), APART * (band.height + 1))
    near = [near_runs(every, place, columns) for place in columns.places]
    return _beside(dark, band, [found[0] if found else None for found in near], window)


def _beside(
    dark: np.ndarray, band: Band, runs: Sequence[tuple[int, int] | None], window: int, known: Sequence[str] = ()
) -> _Line:
    """The cells of a band side by side, with paper about them for windows a pixel and more above and below."""
    reach = window // 2 + ROWS + 1
    strip = np.pad(dark, ((reach, reach), (SIDE, SIDE)))[round(band.y) : round(band.y) + 2 * reach + 1]
    pieces, at = [strip[:, :0]], 0
    places: list[tuple[int, int] | None] = []
    for run in runs:
        if run is None:
            places.append(None)
            continue
        pieces.append(strip[:, run[0] : run[1] + 2 * SIDE + 1])
        places.append((at + SIDE, at + SIDE + run[1] - run[0]))
        at += pieces[-1].shape[1]
    return _Line(np.hstack(pieces), tuple(places), tuple(known))


def _match(line: _Line, shapes: Shapes) -> _Match:
    """Products of every window of a row with every drawn digit."""
    tall, wide = shapes.ink.shape[3:]
    windows = np.lib.stride_tricks.sliding_window_view(line.ink, (tall, wide))
    down, across = windows.shape[:2]
    flat = shapes.ink.reshape(-1, tall * wide)
    products = (windows.reshape(down * across, -1) @ flat.T).reshape(down, across, PARTS, PARTS, 10)
    own = np.broadcast_to((flat**2).sum(axis=1).reshape(PARTS, PARTS, 10), products.shape)
    return _Match(_by_quarters(products), _by_quarters(own), shapes.advance, wide)


def _by_quarters(values: np.ndarray) -> np.ndarray:
    """Values by row, column, phase across, phase down and digit, as digit x quarters down x quarters across."""
    down, across = values.shape[:2]
    return values.transpose(4, 0, 3, 1, 2).reshape(10, down * PARTS, across * PARTS)


def _fit(lines: Sequence[_Line], shapes: Shapes) -> _Fit:
    """How well the best digits of a type, or the known ones, explain the ink of some rows."""
    matches = [_match(line, shapes) for line in lines]
    gain = 1.0
    for _ in range(2):
        lows = [_lowest(line, match, gain) for line, match in zip(lines, matches, strict=True)]
        products, own = (sum(low[k] for low in lows) for k in (1, 2))
        gain = float(np.clip(products / max(own, 1e-9), LIGHTEST, DARKEST))
    left = gain * gain * own - 2 * gain * products
    cells = sum(run is not None for line in lines for run in line.runs)
    return _Fit(
        1 + left / max(sum(line.energy for line in lines), 1e-9),
        gain,
        tuple(low[0] for low in lows),
        sum(low[3] for low in lows) / max(cells, 1),
    )


def _lowest(line: _Line, match: _Match, gain: float) -> tuple[int, float, float, float]:
    """The quarter row in which a row fits best; products, own strengths and number of the digits chosen there."""
    rows = match.rows
    cost, products, own = match.cost(gain)[:, rows], match.product[:, rows], match.own[:, rows]
    best = None if line.known else _least(cost, products, own)
    totals = []
    for k, run in enumerate(line.runs):
        if run is None:
            continue
        if best is None:
            digits = [int(digit) for digit in line.known[k]]
            at = _places(run, match, len(digits))
            sums = [sum(value[digit][:, at[:, j]] for j, digit in enumerate(digits)) for value in (cost, products, own)]
            totals.append(_at_least(np.stack(sums), len(digits)))
        else:
            ways = [
                _at_least(np.stack([value[:, at].sum(axis=2) for value in best]), at.shape[1])
                for at in (_places(run, match, count) for count in _digit_counts(run, match.advance))
            ]
            totals.append(_lower(ways))
    total = np.sum(totals, axis=0)
    row = int(np.round(total[0], 4).argmin())
    return (rows.start or 0) + row, float(total[1, row]), float(total[2, row]), float(total[3, row])


def _least(cost: np.ndarray, products: np.ndarray, own: np.ndarray) -> list[np.ndarray]:
    """Cost, product and own strength of the cheapest digit at each place."""
    digit = cost.argmin(axis=0)[None]
    return [np.take_along_axis(values, digit, axis=0)[0] for values in (cost, products, own)]


def _at_least(sums: np.ndarray, digits: int) -> np.ndarray:
    """Of sums by kind, row and shift, those at the shift of the lowest cost, and the number of digits: kind x row."""
    shift = sums[0].argmin(axis=1)
    return np.vstack([sums[:, np.arange(sums.shape[1]), shift], np.full(sums.shape[1], digits)])


def _lower(ways: Sequence[np.ndarray]) -> np.ndarray:
    """For each row, the way of the lowest cost."""
    first, *others = ways
    for other in others:
        first = np.where(other[0] < first[0], other, first)
    return first


def _places(run: tuple[int, int], match: _Match, count: int) -> np.ndarray:
    """Quarter columns of the digits of a cell, shifts x digits."""
    reach = round(REACH * match.advance * PARTS)
    middle = PARTS * ((run[0] + run[1]) / 2 - (match.wide - 1) / 2) + PARTS // 2
    offsets = (np.arange(count) - (count - 1) / 2) * match.advance * PARTS
    at = np.round(middle + np.arange(-reach, reach + 1)[:, None] + offsets[None, :]).astype(int)
    return np.clip(at, 0, match.product.shape[2] - 1)


def _digit_counts(run: tuple[int, int], advance: float) -> list[int]:
    """Numbers of digits that ink of a width may be."""
    most = (run[1] - run[0] + 1 + 0.35 * advance) / advance
    return sorted({min(MOST_DIGITS, max(1, round(most - 0.35))), min(MOST_DIGITS, max(1, round(most + 0.15)))})


def _read(
    lines: Sequence[_Line], shapes: Shapes, chosen: Type, hints: Sequence[Sequence[Sequence[int]]]
) -> ShapedTable:
    fit = _fit(lines, shapes)
    raw = []
    for line, row, told in zip(lines, fit.rows, hints, strict=True):
        match = _match(line, shapes)
        cost = match.cost(fit.gain)[:, row]
        raw.append(
            [
                _candidates(run, match, cost, line.energy_of(run), hint) if run else []
                for run, hint in zip(line.runs, told, strict=True)
            ]
        )
    digits = sum(len(str(cell[0][1])) for cells in raw for cell in cells if cell)
    unit = max(sum(line.energy for line in lines) / max(digits, 1), 1e-6)
    cells = tuple(tuple(_shaped(cell, unit) if cell else None for cell in cells) for cells in raw)
    return ShapedTable(cells, chosen, round(fit.unexplained, 3))


def _shaped(cell: Sequence[tuple[float, int]], unit: float) -> ShapedCell:
    return ShapedCell(tuple(value for _, value in cell), tuple(round(left / unit, 4) for left, _ in cell))


def _candidates(
    run: tuple[int, int], match: _Match, cost: np.ndarray, energy: float, hints: Sequence[int]
) -> list[tuple[float, int]]:
    """Counts that a cell may hold, with the squared error each leaves at its best place, the lowest first."""
    found: dict[int, float] = {}
    for count in _digit_counts(run, match.advance):
        each = cost[:, _places(run, match, count)]  # digit x shift x place
        likely = [np.argsort(each[:, :, k].min(axis=1), kind="stable")[:BEST].tolist() for k in range(count)]
        wanted = {*product(*likely), *(tuple(map(int, str(hint))) for hint in hints if len(str(hint)) == count)}
        for told in wanted:
            if count > 1 and told[0] == 0:
                continue
            value = int("".join(map(str, told)))
            lowest = float(np.sum([each[digit, :, k] for k, digit in enumerate(told)], axis=0).min())
            found[value] = min(found.get(value, np.inf), lowest)
    return sorted((round(energy + lowest, 4), value) for value, lowest in found.items())
