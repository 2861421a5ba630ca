"""Digits of few pixels, read by their shapes, and the likeliest row of counts."""

import numpy as np
import pytest

pytest.importorskip("cv2")
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from resurvey.digitise.digit_shapes import NARROWEST, PARTS, Type, drawn, types_of
from resurvey.digitise.digitised import RiskRow
from resurvey.digitise.risk_cells import Band, Columns
from resurvey.digitise.risk_rows import PlacedRow
from resurvey.digitise.risk_sequence import likeliest
from resurvey.digitise.risk_shapes import read_shapes
from resurvey.digitise.risk_small import Told, by_shapes
from resurvey.digitise.sheets import Page

TIMES = (0.0, 6.0, 12.0, 18.0, 24.0)
COLUMNS = Columns(TIMES, np.array([40.3, 80.1, 120.6, 160.2, 200.7]), 40.0)
COUNTS = [[600, 425, 183, 95, 8], [250, 137, 46, 9, 0]]
NOTHING = [[()] * 5] * 2


def table(counts, *, points=5.8, family="DejaVu Sans"):
    """Rows of small numbers, drawn at 80 dots an inch, and their bands."""
    figure = Figure(figsize=(3, 0.75), dpi=80)
    canvas = FigureCanvasAgg(figure)
    for k, row in enumerate(counts):
        for at, count in zip(COLUMNS.places, row, strict=True):
            figure.text(at / 240, 0.7 - 0.35 * k, str(count), ha="center", va="top", fontsize=points, family=family)
    canvas.draw()
    picture = np.asarray(canvas.buffer_rgba())[:, :, :3].copy()
    inked = np.flatnonzero(np.r_[False, (picture.min(axis=2) < 190).any(axis=1), False].astype(np.int8))
    breaks = np.flatnonzero(np.diff(inked) > 1)
    first, last = inked[np.r_[0, breaks + 1]] - 1, inked[np.r_[breaks, len(inked) - 1]]
    return picture, [Band(int(a), int(b)) for a, b in zip(first, last, strict=True)]


@pytest.mark.parametrize("family", ["DejaVu Sans", "DejaVu Serif"])
def test_digits_of_six_pixels_are_read_by_their_shapes(family):
    picture, bands = table(COUNTS, family=family, points=7.2)
    assert max(band.bottom - band.top for band in bands) <= 6
    read = read_shapes(picture, bands, COLUMNS, NOTHING)
    assert [[cell.counts[0] for cell in row] for row in read.cells] == COUNTS
    assert read.type.face == family.replace(" ", "")
    assert read.unexplained < 0.03


def test_a_table_without_ink_has_no_shapes():
    assert read_shapes(np.full((40, 240, 3), 255, np.uint8), [Band(10, 15)], COLUMNS, [[()] * 5]) is None


def test_shapes_move_with_their_phase_and_every_type_is_wide_enough():
    shapes = drawn(Type("DejaVuSans", 6.5, "smooth", 0.0), 9)
    assert shapes.ink.shape[:4] == (PARTS, PARTS, 10, 9)
    rows = np.arange(9)[:, None]
    centres = [float((shapes.ink[2, j, 8] * rows).sum() / shapes.ink[2, j, 8].sum()) for j in range(PARTS)]
    assert np.allclose(np.diff(centres), 1 / PARTS, atol=0.03)
    faces = [("DejaVuSans", "hinted"), ("Aileron", "smooth")]
    assert all(drawn(kind, 7).advance >= NARROWEST - 0.2 for kind in types_of(4, faces))


def test_the_likeliest_row_does_not_rise():
    # Alone 9, 5, 8 are cheapest; in a row 8 after 5 is not possible, and 7 costs less than 3 in the last cell.
    found = likeliest([[9], [5, 7], [8, 7, 3]], [[0.0], [0.0, 0.02], [0.0, 0.01, 0.5]])
    assert found.counts == (9, 7, 7)
    assert found.cost == pytest.approx(0.03)
    # With 5 in the second cell the third must be 3, and with 3 there the second is best 5: 0.5 in place of 0.03.
    assert found.margins == (float("inf"), pytest.approx(0.47), pytest.approx(0.47))


def test_counts_of_events_do_not_fall_and_cells_without_candidates_are_passed_over():
    found = likeliest([[0], [], [4, 9], [7]], [[0.0], [], [0.3, 0.0], [0.0]], falling=False)
    assert found.counts == (0, None, 4, 7)
    assert found.margins[1] == 0.0


def rows_of(told, counts=COUNTS, old=None):
    picture, bands = table(counts)
    rows = [PlacedRow(band.y, RiskRow("", TIMES, (1,) * 5, (True,) * 5), (4.0,) * 5, (0.5,) * 5) for band in bands]
    return by_shapes(Page(picture, ()), COLUMNS, bands, told, rows if old is None else old, [])


def test_rows_of_small_digits_are_corrected_and_a_contradiction_is_flagged():
    told = [[Told((n, n)) for n in row] for row in COUNTS]
    told[0][2] = Told((133,))  # one reading by letters is outvoted by the shape
    found = rows_of(told)
    assert [list(row.row.counts) for row in found] == COUNTS
    assert not any(any(row.row.flagged) for row in found)


def test_a_row_that_letters_did_not_show_is_found():
    found = rows_of([[Told()] * 5] * 2, old=[])
    assert [list(row.row.counts) for row in found] == COUNTS


def test_a_table_settled_by_letters_is_left_as_it_is():
    found = rows_of([[Told((1, 1), settled=True)] * 5] * 2)
    assert [row.row.counts for row in found] == [(1,) * 5] * 2


def test_ink_that_is_no_digits_changes_nothing():
    picture, bands = table(COUNTS)
    noise = np.random.default_rng(1).integers(0, 256, (*picture.shape[:2], 1), dtype=np.uint8)
    rows = [PlacedRow(bands[0].y, RiskRow("", TIMES, (1,) * 5, (True,) * 5), (4.0,) * 5, (0.5,) * 5)]
    page = Page(np.repeat(noise, 3, axis=2), ())
    assert by_shapes(page, COLUMNS, bands[:1], [[Told()] * 5], rows, []) == rows
