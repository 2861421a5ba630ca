"""Parts of the reading of a figure: marks taken for words, boxes in a plot, ticks beside labels, cells read twice."""

from dataclasses import replace

import numpy as np
import pytest

from resurvey.digitise.boxes import boxes_in
from resurvey.digitise.digitised import Axis, Label, Panel, RiskRow, TracedCurve, Word
from resurvey.digitise.doubts import check_half
from resurvey.digitise.legend_samples import sample_boxes
from resurvey.digitise.levels import Steps, steps_of
from resurvey.digitise.mark_words import without_marks
from resurvey.digitise.marks import censor_columns
from resurvey.digitise.match import _one_colour
from resurvey.digitise.numbers import plain, whole
from resurvey.digitise.risk_readings import united
from resurvey.digitise.risk_rows import PlacedRow, placed_rows
from resurvey.digitise.sheets import over
from resurvey.digitise.trace import Path
from resurvey.digitise.traced import Traced, residue


def axis(values, first=100.0, apart=50.0, step=None):
    step = step or values[1] - values[0]
    slope = step / apart
    labels = tuple(Label(first + (v - values[0]) / slope, v, f"{v:g}") for v in values)
    return Axis(values[0] - slope * first, slope, labels)


PANEL = Panel(axis([0, 6, 12, 18, 24]), axis([0, 1], 200.0, -180.0), (100, 20, 300, 200), 205, 95)


def word(text, x, y, *, tall=8.0, score=1.0, wide=None):
    wide = 0.6 * tall * len(text) if wide is None else wide
    return Word(text, x - wide / 2, y - tall / 2, x + wide / 2, y + tall / 2, score)


@pytest.mark.parametrize(
    ("text", "number"),
    [("0.6 -", "0.6"), ("60-", "60"), ("80.", "80"), ("- 0", "0"), ("-6", "-6"), ("12-24", ""), ("1,035", "1035")],
)
def test_a_tick_beside_a_label_is_no_part_of_it(text, number):
    assert plain(text) == number
    assert whole("50 (4)") == 50


def picture_with(line):
    """A white picture with five upright strokes, and a line through them if wanted."""
    picture = np.full((220, 320, 3), 255, np.uint8)
    for x in range(150, 200, 10):
        picture[56:65, x] = 0
    if line:
        picture[60, 145:205] = 0
    return picture


@pytest.mark.parametrize(
    ("text", "line", "kept"),
    [("HIHI", True, False), ("HHHH", False, False), ("IIII", False, True), ("4111", True, False), ("Arm", True, True)],
)
def test_a_row_of_marks_is_no_word(text, line, kept):
    read = Word(text, 148, 55, 194, 65)
    title = Word("HHHH", 150, 5, 190, 15)  # above the plot: a word whatever it looks like
    found = without_marks([read, title], picture_with(line), [PANEL])
    assert title in found and (read in found) is kept


def test_a_box_within_a_plot_and_a_curve_that_is_none():
    ink = np.zeros((200, 300), dtype=bool)
    ink[20, 100:201] = ink[120, 60:201] = True  # the lower side goes on to the left, as a curve that meets it does
    ink[20:121, 100] = ink[20:121, 200] = True
    ink[40:42, 120:180] = True
    assert boxes_in(ink) == [(100, 20, 200, 120)]
    ink[20:121, 200] = False
    assert boxes_in(ink) == []


def test_a_last_fall_goes_on_behind_another_curve():
    ink, hidden = np.zeros((100, 60), np.float32), np.zeros((100, 60), np.float32)
    ink[20:22, :40] = 1
    ink[20:90, 38:40] = 1
    ink[45:60] = 0
    path = Path(0, np.full(40, 20), 40.0)
    assert float(steps_of(path, ink, 2.0, hidden).rows[-1]) == pytest.approx(43, abs=2)
    hidden[44:61] = 1
    steps = steps_of(path, ink, 2.0, hidden)
    assert isinstance(steps, Steps) and float(steps.rows[-1]) == pytest.approx(88.5, abs=1.5)


def test_of_two_readings_of_a_label_the_surer_counts():
    upright, turned = word("24", 200, 215, score=1.0), word("2", 200, 215, score=0.6)
    side, misread = word("0.8", 90, 60, score=1.0), word("0.08", 90, 60, score=0.7)
    assert {one.text for one in over([turned, side], [upright, misread])} == {"24", "0.8"}


def line_of(cells, y, **options):
    return [word(str(cell), 100 + 50 * k, y, **options) for k, cell in enumerate(cells) if cell is not None]


def test_a_label_that_was_not_read_has_its_column():
    panel = Panel(axis([0, 6, 18], step=6), PANEL.y, PANEL.box, 205, 95)
    (placed,) = placed_rows(panel, line_of([90, 80, 70, 60, 50], 240))
    assert placed.row.times == (0, 6, 12, 18, 24) and placed.row.counts == (90, 80, 70, 60, 50)
    (placed,) = placed_rows(panel, line_of([90, 80, None, 60], 240))
    assert placed.row.times == (0, 6, 18)


def test_small_letters_count_only_where_the_reader_is_sure():
    (placed,) = placed_rows(PANEL, line_of([90, 80, 70], 240, tall=4.0, score=0.8))
    assert placed.row.flagged[:3] == (True, True, True)
    (placed,) = placed_rows(PANEL, line_of([90, 80, 70], 240, tall=4.0, score=0.99))
    assert not any(placed.row.flagged)


def placed(counts, kind="at risk", y=240.0, tall=8.0, scores=None):
    times = tuple(6.0 * k for k in range(len(counts)))
    clear = (False,) * len(counts)
    row = RiskRow("A", times, tuple(counts), clear, kind=kind)
    return PlacedRow(y, row, (tall,) * len(counts), scores or (0.9,) * len(counts))


@pytest.mark.parametrize(
    ("one", "two", "counts", "flagged"),
    [
        ((90, 80, None), (90, None, 60), (90, 80, 60), ()),  # what one reading lacks the other has
        ((90, 86, 60), (90, 36, 60), (90, 86, 60), ()),  # 36 would be below the 60 that follows
        ((90, 36, 60), (90, 86, 60), (90, 86, 60), ()),
        ((90, 80, 60), (90, 86, 60), (90, 80, 60), (1,)),  # both can stand there
        ((90, 96, 60), (90, 99, 60), (90, 96, 60), (1,)),  # neither can
    ],
)
def test_two_readings_of_a_row(one, two, counts, flagged):
    (made,) = united([placed(one)], [placed(two, y=241.0)])
    assert made.row.counts == counts
    assert tuple(k for k, bad in enumerate(made.row.flagged) if bad) == flagged


def test_a_row_that_one_reading_has_alone():
    made = united([placed((90, 80)), placed((50, 40), y=280.0)], [placed((70, 60), y=260.0)])
    assert [one.row.counts for one in made] == [(90, 80), (70, 60), (50, 40)]


def legend(ink, texts):
    """A sample of a line, of its own length, before each text."""
    for x0, y0, _, y1 in texts:
        ink[(y0 + y1) // 2, x0 - 30 : x0 - 6] = True
    return ink


def test_samples_of_a_legend_are_told_from_a_curve_beside_its_name():
    texts = [(200, 20, 250, 30), (200, 40, 240, 50)]
    ink = legend(np.zeros((120, 300), dtype=bool), texts)
    assert sorted(sample_boxes(ink, texts)) == [(170, 25, 194, 26), (170, 45, 194, 46)]
    ink[25, 20:194] = True  # a curve that ends before the first text is no sample, and so the other is none
    assert sample_boxes(ink, texts) == []
    assert sample_boxes(legend(np.zeros((120, 300), dtype=bool), texts[:1]), texts[:1]) == []


def traced(rows, *, grey, own, width=4.0, start=0):
    rows = np.asarray(rows)
    path = Path(start, rows, float(own))
    steps = Steps(np.array([0.0]), np.array([float(rows[0])]), float(len(rows) - 1), width, 0.0)
    ink = np.zeros((200, 400), np.float32)
    colour = (20, 20, 20) if grey else (40, 110, 170)
    return Traced(path, steps, colour, grey, grey, 1.0, float(own), 0.8, ink, ink > 0)


def test_what_is_left_of_marks_along_coloured_curves_is_no_curve():
    high, low = np.full(200, 40), np.full(200, 90)
    curves = [traced(high, grey=False, own=200), traced(low, grey=False, own=200)]
    now_one_now_the_other = np.r_[high[:90] + 5, low[90:] - 5]
    assert residue(traced(now_one_now_the_other, grey=True, own=70), curves)
    assert not residue(traced(now_one_now_the_other, grey=True, own=120), curves)  # as much ink as dashes show
    assert not residue(traced(np.full(200, 65), grey=True, own=70), curves)
    assert not residue(traced(now_one_now_the_other, grey=False, own=70), curves)


@pytest.mark.parametrize("fall", [0, 12])
def test_marks_on_both_sides_of_a_line_and_beside_a_fall(fall):
    ink = np.zeros((120, 200), np.float32)
    ink[49:51, :100] = ink[49 + fall : 51 + fall, 100:] = 1
    ink[49 : 51 + fall, 99:101] = 1
    true = [20, 45, 70, 102, 130, 160]
    for x in true:
        level = 50 if x < 100 else 50 + fall
        ink[level - 6 : level + 6, x] = 1
    path = Path(0, np.r_[np.full(100, 50), np.full(100, 50 + fall)], 200.0)
    curve = Traced(path, steps_of(path, ink, 2.0), (0, 0, 0), True, False, 1.0, 200.0, 1.0, ink, ink > 0)
    found = censor_columns(curve, 120)
    assert len(found) == len(true) and np.abs(found - true).max() < 1.5


@pytest.mark.parametrize(
    ("level", "end", "outcome"), [(0.503, 14.0, "doubtful"), (0.503, 11.0, "passed"), (0.52, 14.0, "passed")]
)
def test_a_long_level_at_a_half_is_doubted(level, end, outcome):
    curve = TracedCurve("A", np.array([0.0, 10, end]), np.array([1.0, level, level]), np.zeros(3))
    check = check_half([curve], PANEL)  # a pixel is 0.0056 of survival, the axis 24 long
    assert check.outcome == outcome and ("A: a long level at 0.5" in check.words) is (outcome == "doubtful")
    held = check_half([curve], PANEL, steady=True).outcome
    assert held == ("open" if outcome == "doubtful" else outcome)
    assert check_half([replace(curve, colour=(200, 30, 30))], PANEL).outcome == "passed"  # such a line is not red


def test_a_mark_of_a_thick_pen_is_one():
    ink = np.zeros((160, 300), np.float32)
    ink[74:86, :] = 1
    ink[73, 30] = ink[86, 30] = ink[73, 80] = ink[86, 80] = 1  # roughness
    for x in (50, 120, 200):
        ink[66:94, x - 3 : x + 3] = 1
    path = Path(0, np.full(300, 80), 300.0)
    curve = Traced(path, steps_of(path, ink, 12.0), (0, 0, 0), True, False, 1.0, 300.0, 1.0, ink, ink > 0)
    assert censor_columns(curve, 300) == pytest.approx([49.5, 119.5, 199.5], abs=0.6)


def test_two_inks_of_nearly_one_darkness_are_two_entries_of_a_legend():
    assert not _one_colour((88, 104, 159), (28, 118, 111))  # blue and green, no channel 61 apart
    assert _one_colour((88, 104, 159), (120, 132, 177))  # the same ink, paler
