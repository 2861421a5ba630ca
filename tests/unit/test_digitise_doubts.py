"""What makes a reading `sure` or `check`, searches that end, and scans made straight."""

import importlib.util
from dataclasses import replace

import numpy as np
import pytest
from matplotlib.figure import Figure
from PIL import Image

from resurvey.digitise import digitise, digitise_all, retrace
from resurvey.digitise.axes import MOST_WORK, search_axes
from resurvey.digitise.axis_ticks import anchored
from resurvey.digitise.digitised import Axis, Label, Panel, TracedCurve, Word
from resurvey.digitise.doubts import (
    check_again,
    check_axis,
    check_count,
    check_crossing,
    check_ends,
    check_ink,
    check_start,
)
from resurvey.digitise.extract import extract
from resurvey.digitise.label_lines import Budget, fit_labels, least_squares
from resurvey.digitise.left_over import left_over, unexplained
from resurvey.digitise.match import Meeting, survival_at
from resurvey.digitise.print_checks import Printed, hazard_ratio, read_printed
from resurvey.digitise.raster import to_values
from resurvey.digitise.region import Region, cut_out
from resurvey.digitise.retrace import Unlike, traced_at_sizes
from resurvey.digitise.straighten import skew_of
from resurvey.errors import InputError
from tests.made_figures import arm, draw, rmse

NEEDED = ("cv2", "rapidocr", "onnxruntime", "pdfplumber", "pypdfium2", "svgelements")
pytestmark = pytest.mark.skipif(
    any(importlib.util.find_spec(name) is None for name in NEEDED),
    reason="the extra resurvey[digitise] is not installed",
)

ARMS = [arm("Placebo", 1, median=9.0), arm("Docetaxel", 2, median=20.0, n=80)]

NAMED = [TracedCurve(name, np.array([0.0]), np.array([1.0]), np.array([0.0])) for name in "AB"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("doubts")


def table_of_numbers(columns, rows):
    return [
        Word(str(7 * i * j % 100), 20.0 * i, 12.0 * j, 20.0 * i + 15, 12.0 * j + 10)
        for i in range(columns)
        for j in range(rows)
    ]


def test_a_page_of_numbers_is_searched_so_far_and_no_further():
    words = table_of_numbers(40, 60)
    first, again = (search_axes(list(words), Budget(MOST_WORK // 20)) for _ in range(2))
    assert not first.whole and first == again


def test_too_many_numbers_are_not_searched_at_all():
    assert search_axes(table_of_numbers(60, 60)).panels == () and not search_axes(table_of_numbers(60, 60)).whole


def test_a_spent_budget_finds_no_line():
    row = [Word(str(v), 50.0 * v, 0, 50.0 * v + 9, 9) for v in range(6)]
    assert fit_labels(row, horizontal=True).axis.slope == pytest.approx(1 / 50)
    small = Budget(10)
    assert fit_labels(row, horizontal=True, budget=small) is None and small.spent


def test_least_squares_by_hand():
    # Mean (1, 2); sums of products 4 and squares 2: slope 2, intercept 0.
    assert least_squares([0, 1, 2], [0, 2, 4]) == (2.0, 0.0)


def axis_of(offsets, *, snapped=True):
    labels = tuple(Label(100.0 * k + off, float(k), str(k), snapped) for k, off in enumerate(offsets))
    return Axis(0.0, 0.01, labels)


def test_standard_error_at_the_ends_of_an_axis_by_hand():
    # Offsets (1, -1, 1, -1) from a line through four places 0, 100, 200, 300, sum of squares 4, two degrees of
    # freedom: s = sqrt(2); at an end sqrt(1/4 + 150^2/50000) nearly; over 300 px.
    axis = axis_of([1, -1, 1, -1])
    lever = np.sqrt(0.25 + (150 - 0.5) ** 2 / ((np.array([1, 99, 201, 299]) - 150) ** 2).sum())
    assert axis.error == pytest.approx(np.sqrt(2) * lever / 298, rel=0.02)
    assert axis_of([0, 0]).error == float("inf")


@pytest.mark.parametrize(
    ("axis", "outcome"),
    [
        (axis_of([0.2, -0.2, 0.1, 0, 0]), "passed"),
        (axis_of([8, -8, 8, -8, 8]), "doubtful"),
        (axis_of([0.5, -0.5, 0.2, 0, 0.3], snapped=False), "passed"),  # five labels that agree need no ticks
        (axis_of([0.5, -0.5, 0.2, 0], snapped=False), "doubtful"),
        (axis_of([0, 0]), "doubtful"),
    ],
)
def test_an_axis_is_judged_by_its_standard_error(axis, outcome):
    assert check_axis(axis, "time", vector=False).outcome == outcome


def test_little_ink_may_be_left_over_where_nothing_counts_the_curves():
    assert check_ink(0.05, counted=True).outcome == "passed"
    assert check_ink(0.05, counted=False).outcome == "doubtful"
    assert check_ink(0.15, counted=True).outcome == "doubtful"


def test_a_first_step_may_lie_under_another_curve_but_a_late_start_not():
    assert check_start(NAMED[:1], [(0.005, 0.9)]).outcome == "passed"
    assert check_start(NAMED[:1], [(0.03, 0.9)]).outcome == "doubtful"
    assert check_start(NAMED[:1], [(0.06, 1.0)]).outcome == "passed"
    assert check_start(NAMED[:1], [(0.06, 0.95)]).outcome == "doubtful"
    assert check_start(NAMED[:1], [(0.08, 1.0)]).outcome == "doubtful"


def test_ends_are_doubted_where_more_ink_follows():
    assert check_ends(NAMED, [], []).outcome == "passed"
    assert check_ends(NAMED, [], [1]).words == "B: more ink follows the end of the curve"


def test_curves_that_meet_or_end_in_one_stroke_are_doubted_by_name():
    assert check_crossing(NAMED, [], []).outcome == "passed"
    assert check_crossing(NAMED, [], [(0, 1)]).words == "curves of one ink run or end in one stroke: A and B"
    assert "A and B at 10;" in check_crossing(NAMED, [Meeting(0, 1, 10.0, 1)], []).words
    assert "A and B 3 times, last at 10;" in check_crossing(NAMED, [Meeting(0, 1, 10.0, 3)], []).words


def test_a_second_tracing_that_differs_is_doubted_with_the_difference():
    assert check_again(NAMED, Unlike(2, 0.01, 0.01)).outcome == "passed"
    assert "1 curve instead of 2" in check_again(NAMED, Unlike(1, 0.0, 0.0)).words
    assert "B elsewhere, by 0.050 of survival" in check_again(NAMED, Unlike(2, 0.05, 0.0, at=1)).words
    ends = check_again(NAMED, Unlike(2, 0.0, 0.2))
    assert "the end of A elsewhere, by 20% of its length" in ends.words and ends.outcome == "open"


def one_fall():
    """A plot of one curve from (0, 1), level to column 119, then on row 121 to column 300; axes of pixels."""
    ink = np.zeros((220, 320), dtype=bool)
    ink[5:7, :120] = ink[5:122, 118:120] = ink[120:122, 118:300] = True
    labels = tuple(Label(float(k), float(k), str(k), True) for k in (0, 100, 200, 300))
    down = Axis(1.0, -1 / 214, tuple(replace(label, value=1 - label.pixel / 214) for label in labels[:3]))
    return region_of(ink), Panel(Axis(0.0, 1.0, labels), down, (0, 0, 300, 214), 220, -5)


def test_a_plot_traced_again_shows_the_same_curve():
    made = traced_at_sizes(*one_fall(), most=None, printed=None)
    assert len(made.traced) == 1 and made.unlike.same(1)
    assert made.unlike.level < 0.005 and made.unlike.end < 0.01


@pytest.mark.parametrize("missed", [1, 2])
def test_the_size_that_shows_the_curves_that_are_counted_is_taken_in_its_own_pixels(monkeypatch, missed):
    region, panel = one_fall()
    own = traced_at_sizes(region, panel, most=None, printed=None)
    sizes = iter(range(3))  # the plot's own, and those at which it is traced again

    def found(part, **known):
        return extract(part, **known) if next(sizes) >= missed else []

    monkeypatch.setattr(retrace, "extract", found)
    made = traced_at_sizes(region, panel, most=None, printed=1)
    assert made.region.shape != region.shape and made.unlike == Unlike(0, 0.0, 0.0)
    here, there = (to_values(one.traced[0], one.region, one.panel, "1") for one in (own, made))
    for at in (50.0, 200.0, 280.0):
        assert survival_at(there, np.array([at])) == pytest.approx(survival_at(here, np.array([at])), abs=0.004)
    assert there.times[-1] == pytest.approx(here.times[-1], abs=1.5)
    assert there.times[np.argmin(there.survival > 0.9)] == pytest.approx(118.5, abs=1)


def test_the_next_label_at_another_distance_makes_an_axis_doubtful():
    axis = axis_of([0, 0, 0, 0])
    assert check_axis(axis, "time", vector=False).outcome == "passed"
    nearer = replace(axis, stray=(Label(370.0, 4.0, "4"),))
    assert "4 continues it at another distance" in check_axis(nearer, "time", vector=False).words
    # A number of another panel, or one that is not the next, says nothing of this axis.
    for other in (Label(600.0, 4.0, "4"), Label(370.0, 7.0, "7"), Label(402.0, 4.0, "4")):
        assert check_axis(replace(axis, stray=(other,)), "time", vector=False).outcome == "passed"
    # The 0 in the corner is that of the other axis, or stands aside for it.
    begun = replace(axis, labels=tuple(Label(100.0 * k, float(k), str(k), True) for k in (1, 2, 3, 4)))
    for corner, outcome in ((Label(30.0, 0.0, "0"), "passed"), (Label(470.0, 5.0, "5"), "doubtful")):
        assert check_axis(replace(begun, stray=(corner,)), "time", vector=False).outcome == outcome


def region_of(picture, boxes=()):
    height = len(picture)
    none = np.zeros(picture.shape, dtype=bool)
    colours = np.repeat(255 - 200 * picture[..., None].astype(np.uint8), 3, axis=2)
    paper = np.full(3, 255.0)
    return Region(colours, paper, ~none, none, none, none, 0, 0, (0, 5.0), height - 1.0, True, tuple(boxes))


def test_rules_and_ticks_are_explained_and_the_steps_of_a_missed_curve_not():
    ink = np.zeros((200, 300), dtype=bool)
    ink[40:42, 150:290] = True  # the rule of a table
    ink[60:180:6, 200:202] = True  # a dotted reference line
    ink[100:101, 0:8] = ink[192:200, 120:121] = True  # ticks that point inwards
    region = region_of(ink)
    assert unexplained(ink, region) == 0
    stairs = np.zeros_like(ink)
    for k in range(10):
        stairs[50 + 10 * k : 52 + 10 * k, 30 + 12 * k : 43 + 12 * k] = True
        stairs[50 + 10 * k : 62 + 10 * k, 41 + 12 * k : 43 + 12 * k] = True
    assert unexplained(stairs, region_of(stairs)) > 0.3


def test_samples_of_a_legend_are_explained():
    ink = np.zeros((200, 300), dtype=bool)
    ink[50:52, 160:180] = True
    region = region_of(ink, [(185.0, 45.0, 240.0, 56.0)])
    assert not left_over([], region)[0].any()
    assert left_over([], region_of(ink))[0].any()


def test_tangled_curves_need_something_that_counts_them():
    curves = [TracedCurve(name, *(np.array([0.0, 1.0]),) * 3) for name in "AB"]
    assert check_count(curves, [], ["A", "B"], None, tangled=True).outcome == "passed"
    assert check_count(curves, [], [], None, tangled=True).outcome == "doubtful"
    assert check_count(curves, [], [], None).outcome == "open"


def test_an_axis_of_two_labels_needs_its_zero_on_the_time_axis():
    dark = np.zeros((300, 400))
    dark[260:262, 50:380] = 1
    x = Axis(-0.5, 0.01, tuple(Label(50.0 + 80 * k, 0.8 * k, str(k)) for k in range(5)))
    y = Axis(1.0835, -1 / 240.0, (Label(20.0, 1.0, "1"), Label(140.0, 0.5, "0.5")))
    panel = Panel(x, y, (50.0, 20.0, 370.0, 260.0), 268.0, 40.0)
    assert anchored(panel, dark) and not anchored(panel, np.roll(dark, 6, axis=0))
    both = tuple(replace(label, snapped=True) for label in y.labels)
    assert check_axis(replace(y, labels=both), "survival", vector=False, anchored=True).outcome == "passed"
    assert check_axis(replace(y, labels=both), "survival", vector=False).outcome == "doubtful"


def rotated(path, degrees, target):
    with Image.open(path) as picture:
        turned = picture.convert("RGB").rotate(degrees, resample=Image.Resampling.BICUBIC, fillcolor="white")
        turned.save(target)
    return target


@pytest.mark.parametrize("degrees", [1.2, -1.2])
def test_a_scan_that_lies_askew_is_made_straight(folder, degrees):
    path = rotated(draw(folder / "straight.png", ARMS), degrees, folder / f"askew{degrees}.png")
    made = digitise(path)
    assert made.axes.x.snapped == len(made.axes.x.labels) and made.axes.y.snapped == len(made.axes.y.labels)
    curves = {curve.name: curve for curve in made.curves}
    for truth in ARMS:
        assert rmse(curves[truth.name], truth, truth.time.max()) < 0.012


def test_a_straight_picture_is_left_as_it_is():
    dark = np.zeros((300, 400))
    dark[260, 50:380], dark[20:261, 50] = 1, 1
    x = Axis(-0.5, 0.01, tuple(Label(50.0 + 80 * k, 0.8 * k, str(k)) for k in range(5)))
    y = Axis(1.1, -1 / 240, tuple(Label(20.0 + 60 * k, 1 - k / 4, str(k)) for k in range(5)))
    assert skew_of(dark, Panel(x, y, (50.0, 20.0, 370.0, 260.0), 268.0, 40.0)) is None


def test_letters_of_a_blurred_text_are_no_curve_and_marks_on_a_line_no_text():
    picture = np.full((200, 300, 3), 255, dtype=np.uint8)
    x = Axis(-0.1, 0.01, tuple(Label(10.0 + 70 * k, 0.7 * k, str(k)) for k in range(5)))
    y = Axis(1.1, -1 / 180, tuple(Label(10.0 + 45 * k, 1 - k / 4, str(k)) for k in range(5)))
    panel = Panel(x, y, (10.0, 10.0, 290.0, 190.0), 195.0, 5.0)
    picture[40:50, 100:200] = 180  # a blurred line of letters, its middle rows full
    picture[44:46, 100:200] = 60
    picture[100:102, 10:290] = 60  # a curve, with marks that are read as letters
    picture[96:106, 100:200:8] = 60
    words = [Word("Median survival", 100, 40, 199, 49), Word("HHHHHH", 100, 96, 199, 105)]
    region = cut_out(picture, panel, words)
    assert region.text[45 - region.top, 150 - region.left]
    assert not region.text[101 - region.top, 150 - region.left]


def test_a_curve_that_reaches_zero_ends_there(folder):
    # All of the first arm die by month 20; the axis goes on to 36.
    truth = arm("Short", 5, median=4.0, n=40, horizon=200.0)
    assert truth.corners[-1, 1] == 0 and truth.time.max() < 33
    made = digitise(draw(folder / "zero.png", [truth], risk=False, legend=False))
    (curve,) = made.curves
    assert curve.times[-1] == pytest.approx(truth.time.max(), abs=0.4) and curve.survival[-1] < 0.02


def test_dashes_that_go_on_after_a_crossing_are_followed(folder):
    figure = Figure(figsize=(6, 5))
    axes = figure.add_subplot()
    solid = np.array([(0, 1), (5, 0.8), (10, 0.6), (20, 0.5), (30, 0.45), (36, 0.45)])
    dashed = np.array([(0, 1), (4, 0.7), (9, 0.62), (15, 0.5), (21, 0.4), (26, 0.25), (32, 0.2)])
    axes.step(*solid.T, where="post", color="k", lw=1.2)
    axes.step(*dashed.T, where="post", color="k", lw=1.2, ls=":")
    axes.set(xlim=(0, 36), ylim=(0, 1.03), xticks=range(0, 37, 6), yticks=np.linspace(0, 1, 6), xlabel="Months")
    figure.savefig(folder / "tails.png", dpi=100)
    ends = sorted(float(curve.times[-1]) for curve in digitise(folder / "tails.png").curves)
    assert ends == [pytest.approx(32, abs=0.7), pytest.approx(36, abs=0.5)]


def panels(path, rows, columns, *, incidence=False):
    figure = Figure(figsize=(4 * columns, 3.4 * rows))
    truths = [arm("A", 10 * k, median=9.0) for k in range(rows * columns)]
    for axes, truth in zip(np.ravel(figure.subplots(rows, columns)), truths, strict=True):
        x, y = truth.corners.T
        axes.step(x, 1 - y if incidence else y, where="post", color="tab:blue")
        axes.set(xlim=(0, 36), ylim=(0, 1.03), xticks=range(0, 37, 6), yticks=np.linspace(0, 1, 6), xlabel="Months")
    figure.tight_layout()
    figure.savefig(path, dpi=120)
    return truths


def test_three_panels_of_a_picture_are_sure(folder):
    truths = panels(folder / "three.png", 1, 3)
    made = digitise_all(folder / "three.png")
    assert [m.verdict for m in made] == ["sure"] * 3, [m.reason for m in made]
    for reading, truth in zip(made, truths, strict=True):
        assert rmse(reading.curves[0], truth, truth.time.max()) < 0.012


def test_incidence_is_read_when_it_is_said(folder):
    (truth,) = panels(folder / "rises.png", 1, 1, incidence=True)
    assert digitise(folder / "rises.png").verdict == "refused"
    made = digitise(folder / "rises.png", incidence=True)
    assert made.verdict == "sure", made.reason
    assert rmse(made.curves[0], truth, truth.time.max()) < 0.012


def test_what_a_paper_prints_is_set_beside_the_curves(folder):
    path = draw(folder / "printed.png", ARMS)
    placebo = ARMS[0]
    median = placebo.corners[np.flatnonzero(placebo.corners[:, 1] <= 0.5)[0], 0]
    right = [
        Printed("Placebo", "median", f"{median:.1f}"),
        Printed("Placebo", "survival", f"{100 * placebo.survival(12.0):.0f}%", 12.0),
        Printed("Docetaxel", "n", "80"),
        Printed("1", "hazard ratio", "0.5", other="Placebo"),
    ]
    assert digitise(path, printed=right).verdict == "sure"
    wrong = [
        Printed("Placebo", "median", "14.2"),
        Printed("Placebo", "survival", "0.90", 12.0),
        Printed("Docetaxel", "n", "90"),
        Printed("Docetaxel", "hazard ratio", "2.1", other="Placebo"),
        Printed("Placebo", "median", "NR"),
    ]
    # The same arms in a drawing, which is read in a tenth of the time.
    path = draw(folder / "printed.pdf", ARMS)
    made = digitise(path, printed=wrong)
    assert made.verdict == "check"
    for words in (
        "printed 14.2, the curve",
        "printed 0.90, the curve 0.",
        "printed 90, at risk at 0 80",
        "printed 2.1",
    ):
        assert words in made.reason
    with pytest.raises(InputError, match=r"no curve 'Nobody'.*'Docetaxel'"):
        digitise(path, printed=[Printed("Nobody", "n", "1")])


def test_printed_numbers_of_a_file_are_checked_all_at_once(tmp_path):
    path = tmp_path / "printed.csv"
    path.write_text("curve,quantity,time,value,other\nA,median,,8.2,\nA,survival,12,71%,\nA,hazard ratio,,0.70,B\n")
    assert [one.quantity for one in read_printed(path)] == ["median", "survival", "hazard ratio"]
    path.write_text("curve,quantity,time,value,other\nA,mean,,8.2,\nA,survival,,71%,\nA,hazard ratio,,0.70,\nA,n,,x,\n")
    with pytest.raises(InputError, match=r"line 2.*\n.*line 3.*\n.*line 4.*\n.*line 5"):
        read_printed(path)


def test_hazard_ratio_of_exponential_curves():
    times = np.linspace(0, 30, 301)
    fast, slow = (TracedCurve("x", times, np.exp(-rate * times), np.full(301, 0.002)) for rate in (0.06, 0.05))
    # Peto's one step is near the ratio of the rates where that is near one.
    assert hazard_ratio(fast, slow, 100, 100) == pytest.approx(1.2, rel=0.02)
