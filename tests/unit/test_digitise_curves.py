"""Which curve is which and where it ends: ends under other curves, legends in lists, a 0 in the corner of two axes."""

from dataclasses import replace

import numpy as np
import pytest

from resurvey.digitise import digitise
from resurvey.digitise.axes import find_panels
from resurvey.digitise.digitised import Axis, Label, Panel, TracedCurve, Word
from resurvey.digitise.doubts import check_redraw
from resurvey.digitise.ends import under_others
from resurvey.digitise.levels import Steps
from resurvey.digitise.match import name_curves
from resurvey.digitise.raster import hidden_ends, longest_blank, tangled
from resurvey.digitise.region import Region
from resurvey.digitise.trace import Path
from resurvey.digitise.traced import Traced
from tests.made_figures import arm, draw

HEIGHT, WIDTH = 200, 400
BLACK, BLUE, RED = (20, 20, 20), (40, 90, 200), (200, 40, 40)


def curve(*levels, stop, colour=BLACK, dashed=False, shown=None, marks=()):
    """A curve of `levels` (from column, row) to `stop`, with its ink up to `shown` and marks in its ink."""
    columns = np.array([float(column) for column, _ in levels])
    rows = np.array([float(row) for _, row in levels])
    along = rows[np.searchsorted(columns, np.arange(stop), side="right") - 1].astype(int)
    ink = np.zeros((HEIGHT, WIDTH), np.float32)
    for column in range(shown or stop):
        ink[along[column] - 1 : along[column] + 1, column] = 1
    for column in marks:
        ink[along[-1] - 3 : along[-1] + 4, column : column + 2] = 1
    steps = Steps(columns, rows, float(stop - 1), 2.0, 0.0)
    grey = np.ptp(colour) < 20
    return Traced(Path(0, along, 1.0), steps, colour, bool(grey), dashed, 1.0, float(stop), 1.0, ink, ink > 0)


def region():
    blank = np.zeros((HEIGHT, WIDTH), dtype=bool)
    picture = np.full((HEIGHT, WIDTH, 3), 255, np.uint8)
    return Region(picture, np.array([255.0] * 3), ~blank, blank, blank, blank, 0, 0, (0, 10.0), 190.0)


def ends(*curves):
    return [(found.path.stop, found.assumed) for found in under_others(curves, region())]


def test_a_curve_onto_which_another_falls_runs_on_under_it():
    short = curve((0, 10), (60, 80), stop=150)
    assert ends(short, curve((0, 10), (152, 80), stop=330)) == [(330, 180), (330, 0)]
    # The other leaves the level: the first would be seen beyond, and ended somewhere before.
    assert ends(short, curve((0, 10), (152, 80), (250, 120), stop=330))[0] == ((149 + 250) // 2, (149 + 250) // 2 - 150)


def test_a_curve_that_falls_onto_another_runs_on_under_it():
    assert ends(curve((0, 10), (147, 80), stop=150), curve((0, 10), (60, 80), stop=330))[0] == (330, 180)


@pytest.mark.parametrize("other", [((0, 10), (250, 80)), ((0, 10), (152, 95)), ((0, 10), (60, 82))])
def test_a_curve_that_ends_apart_from_the_falls_of_another_has_ended(other):
    assert ends(curve((0, 10), (60, 80), stop=150), curve(*other, stop=330))[0] == (150, 0)


def test_the_gap_after_the_last_dash_is_bridged_for_a_broken_line_only():
    other = curve((0, 10), (158, 80), stop=330)
    assert ends(curve((0, 10), (60, 80), stop=150, dashed=True), other)[0] == (330, 180)
    assert ends(curve((0, 10), (60, 80), stop=150), other)[0] == (150, 0)


@pytest.mark.parametrize(("leaves", "doubtful"), [(330, True), (156, False), (150 + 20, True)])
def test_an_end_under_another_curve_is_doubted_where_it_would_be_hidden_for_long(leaves, doubtful):
    short = curve((0, 10), (60, 80), stop=150)
    over = curve((0, 10), (100, 81), (leaves, 120), stop=340)
    assert hidden_ends([short, over], region()) == ([0] if doubtful else [])


def test_marks_in_its_own_ink_show_how_far_a_hidden_curve_runs():
    short = curve((0, 10), (60, 80), stop=150, colour=BLUE, marks=(220, 348))
    (found, assumed), _ = ends(short, curve((0, 10), (152, 80), stop=330, colour=RED))
    assert found == pytest.approx(350, abs=1) and assumed == 0


def test_two_inks_that_mix_from_where_both_seem_to_end():
    first, second = (
        curve((0, 10), (60, 80), stop=150, colour=BLUE),
        curve((0, 10), (148, 81), stop=150, colour=RED),
    )
    for one in (first, second):
        one.anything[79:82, 150:320] = True
    assert [stop for stop, _ in ends(first, second)] == [320, 320]


def test_two_curves_of_one_ink_and_two_styles_are_not_tangled():
    solid, met = curve((0, 40), (100, 100), stop=300), ((0, 70), (150, 101), (240, 150))
    alike, dashed = curve(*met, stop=300), curve(*met, stop=300, dashed=True)
    assert tangled([solid, alike]) and not tangled([solid, dashed])
    assert tangled([solid, dashed, alike])  # of three, one more may be missed


def axis(values, first, apart):
    slope = (values[1] - values[0]) / apart
    labels = tuple(Label(first + (v - values[0]) / slope, v, f"{v:g}") for v in values)
    return Axis(values[0] - slope * first, slope, labels)


PANEL = Panel(axis([0, 6, 12, 18, 24], 100.0, 50.0), axis([0, 1], 200.0, -180.0), (100, 20, 300, 200), 205, 95)


def traced(name, colour, dashed):
    one = np.array([1.0])
    return TracedCurve(name, one * 0, one, one * 0, one[:0], colour=colour, dashed=dashed, coverage=1.0)


def page(entries, *, dashes=()):
    """A picture with a sample before each text (x, y), broken for the places in `dashes`."""
    picture = np.full((300, 420, 3), 255, np.uint8)
    for k, (_, x, y) in enumerate(entries):
        picture[y - 1 : y + 1, x - 40 : x - 12] = 0
        if k in dashes:
            picture[y - 1 : y + 1, x - 33 : x - 27] = picture[y - 1 : y + 1, x - 20 : x - 15] = 255
    words = [Word(text, x, y - 5, x + 40, y + 5, 1.0) for text, x, y in entries]
    for word in words:
        picture[round(word.top) : round(word.bottom), round(word.left) + 1 : round(word.right) : 4] = 0
    return picture, words


CURVES = [traced("1", (0, 0, 0), False), traced("2", (0, 0, 0), True)]


@pytest.mark.parametrize(
    "entries", [(("Alpha", 240, 60), ("Beta", 240, 76)), (("Alpha", 150, 250), ("Beta", 260, 250))]
)
def test_a_legend_is_a_list_of_texts_with_samples_in_the_plot_or_below_it(entries):
    picture, words = page(entries, dashes=(1,))
    named, legend = name_curves(CURVES, words, PANEL, picture)
    assert legend == ("Alpha", "Beta") and [one.name for one in named] == ["Alpha", "Beta"]


def test_a_note_beside_a_curve_is_no_entry_of_the_legend():
    picture, words = page((("Alpha", 240, 60), ("Beta", 240, 76), ("Note", 180, 140)), dashes=(1,))
    assert name_curves(CURVES, words, PANEL, picture)[1] == ("Alpha", "Beta")


def test_the_last_dash_of_a_sample_is_no_letter_of_its_text():
    picture, words = page((("Alpha", 240, 60), ("Beta", 240, 76)), dashes=(1,))
    taken = [words[0], Word("-Beta", 224.0, 71, 280, 81, 1.0)]
    assert name_curves(CURVES, taken, PANEL, picture)[1] == ("Alpha", "Beta")


def number(text, x, y):
    return Word(text, x - 8, y - 6, x + 8, y + 6, 1.0)


@pytest.mark.parametrize(("corner", "count"), [(312, 5), (304, 6)])
def test_a_zero_in_the_corner_is_a_time_where_the_other_labels_put_survival_elsewhere(corner, count):
    survival = [number(text, 40, 50 + 50 * k) for k, text in enumerate(("1.0", "0.8", "0.6", "0.4", "0.2"))]
    times = [number(str(t), 60 + 10 * t, 312) for t in range(6, 31, 6)]
    (panel,) = find_panels([*survival, number("0", 40, corner), *times])
    assert len(panel.y.labels) == count
    if count == 5:
        assert float(panel.y.pixel(0.0)) == pytest.approx(300, abs=0.5)


@pytest.mark.parametrize("limits", [False, True])
def test_broken_lines_around_a_solid_one_are_limits_only_where_they_change_with_it(tmp_path, limits):
    middle = arm("Placebo", 3, median=14)
    outer = [arm("Docetaxel", 4, median=40), arm("Arm C", 5, median=5)]
    if limits:  # as a program draws them: with every fall of the curve
        at, level = middle.corners.T
        outer = [replace(middle, corners=np.column_stack((at, level**power))) for power in (0.7, 1.4)]
    path = draw(tmp_path / "a.pdf", [outer[0], middle, outer[1]], colours="kkk", styles=("--", "-", "--"), risk=False)
    assert len(digitise(path).curves) == (1 if limits else 3)


def without(made, first, last):
    """The curve with nothing printed from one column to another."""
    anything = made.anything.copy()
    anything[:, first:last] = False
    return replace(made, anything=anything)


def test_a_level_that_no_ink_shows_is_doubted():
    whole, broken = curve((0, 10), (60, 40), stop=300), curve((0, 10), (60, 80), stop=300, dashed=True)
    names = [TracedCurve(name, *(np.array([0.0, 1.0]),) * 3) for name in "AB"]
    assert longest_blank([whole, without(broken, 100, 130)]) == (30 / 300, 1)
    doubted = check_redraw(names, 1.0, 0, (30 / 300, 1))
    assert (doubted.outcome, doubted.words) == (
        "doubtful",
        "drawn again, 100% of A falls on ink; 10% of B in one stretch does not",
    )
    # The gap between two dashes is none.
    assert longest_blank([whole, without(broken, 100, 111)])[0] == 0
    assert check_redraw(names, 1.0, 0, (0.0, 0)).outcome == "passed"


@pytest.mark.parametrize(("top", "bottom", "hidden"), [(40, 120, [0]), (75, 86, []), (20, 82, [])])
def test_a_curve_that_ends_at_the_side_of_an_inset_may_go_on_behind_it(top, bottom, hidden):
    made, plot = curve((0, 10), (60, 80), stop=200), region()
    plot.picture[top:bottom, 201] = 0  # else a stroke of censoring, or the fall of another curve onto this level
    assert hidden_ends([made], plot) == hidden
