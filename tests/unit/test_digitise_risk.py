"""Numbers at risk: lines of numbers found by their ink, cells read one by one, readings united, what is no row."""

import importlib.util
from dataclasses import replace

import numpy as np
import pytest

from resurvey.digitise.digitised import Axis, Label, Panel, TracedCurve, Word
from resurvey.digitise.doubts import check_risk
from resurvey.digitise.from_file import Reader
from resurvey.digitise.ink import apart, letters_colour
from resurvey.digitise.match import assign_rows, name_curves
from resurvey.digitise.numbers import whole
from resurvey.digitise.risk_cells import Band, Columns, bands_of_numbers, read_cells
from resurvey.digitise.risk_readings import rows_at_risk, united
from resurvey.digitise.risk_rows import PlacedRow, RiskRow, placed_rows
from tests.made_figures import arm, draw

needs_letters = pytest.mark.skipif(
    any(importlib.util.find_spec(name) is None for name in ("cv2", "rapidocr", "onnxruntime")),
    reason="the extra resurvey[digitise] is not installed",
)
LABELS = tuple(Label(100.0 + 50 * k, 6.0 * k, f"{6 * k}") for k in range(5))
TIME = Axis(-12.0, 0.12, LABELS)
SURVIVAL = Axis(200 / 180, -1 / 180, (Label(20.0, 1.0, "1"), Label(200.0, 0.0, "0")))
PANEL = Panel(TIME, SURVIVAL, (100, 20, 300, 200), 205, 95)
COLUMNS = Columns.of(PANEL, [label.value for label in LABELS])


def word(text, x, y, *, tall=8.0, score=1.0):
    wide = 0.6 * tall * len(text)
    return Word(text, x - wide / 2, y - tall / 2, x + wide / 2, y + tall / 2, score)


def line_of(cells, y, **options):
    return [word(str(cell), 100 + 50 * k, y, **options) for k, cell in enumerate(cells) if cell is not None]


def under_the_axis():
    """A blank picture with two lines of cells, a line of text that runs on, and a rule."""
    picture = np.full((320, 340, 3), 255, np.uint8)
    for top, columns in ((240, (100, 150, 200, 250, 300)), (260, (100, 150, 200))):
        for x in columns:
            picture[top : top + 9, x - 7 : x + 8] = 60
    picture[222:230, 110:290] = 60
    picture[280, 60:330] = 60
    return picture


def test_lines_of_numbers_are_found_by_their_ink():
    found = bands_of_numbers(under_the_axis(), 212.0, 8.0, COLUMNS)
    assert found == [Band(240, 249), Band(260, 269)]
    assert (found[0].y, found[0].height) == (244.0, 8)
    assert bands_of_numbers(under_the_axis(), 212.0, 30.0, COLUMNS) == []  # too small beside labels of such a height


@pytest.fixture(scope="module")
def figure(tmp_path_factory):
    """Two made arms and the figure's reading."""
    arms = [arm("Placebo", 1, median=9.0), arm("Docetaxel", 2, median=20.0, n=80)]
    path = draw(tmp_path_factory.mktemp("risk") / "figure.png", arms, dpi=110)
    return arms, Reader(path)


@needs_letters
def test_a_row_that_the_readings_of_the_page_miss_is_read_cell_by_cell(figure, monkeypatch):
    arms, reader = figure
    panel = reader.outer[0]
    low = max(word.y for word in reader.page.words if whole(word.text) is not None)
    names = tuple(w for w in reader.page.words if w.x < panel.box[0] or w.y < low - 5)
    monkeypatch.setattr("resurvey.digitise.risk_readings._enlarged_words", lambda panel, page: [])
    rows = rows_at_risk(panel, replace(reader.page, words=names))
    assert [row.label for row in rows] == ["Placebo", "Docetaxel"]
    for row, one in zip(rows, arms, strict=True):
        assert list(row.counts) == one.at_risk(row.times) and not any(row.flagged)


@needs_letters
def test_only_the_cells_asked_for_are_read(figure):
    arms, reader = figure
    panel, picture = reader.outer[0], reader.page.picture
    columns = Columns.of(panel, np.arange(0.0, 37.0, 6.0))
    first, _ = bands_of_numbers(picture, panel.row + 10, 11.0, columns)
    cells = read_cells(picture, first, columns, [True, False, True] + [False] * 4)
    counts = arms[0].at_risk(columns.times)
    assert [None if cell is None else int(cell.text) for cell in cells] == [counts[0], None, counts[2]] + [None] * 4


def placed(counts, *, tall=8.0, score=0.9, kind="at risk", y=240.0):
    times = tuple(6.0 * k for k in range(len(counts)))
    row = RiskRow("A", times, tuple(counts), (False,) * len(counts), kind=kind)
    return PlacedRow(y, row, (tall,) * len(counts), (score,) * len(counts))


@pytest.mark.parametrize(
    ("readings", "counts", "flagged"),
    [
        (((90, 80, 60), (90, 86, 60), (90, 86, 60)), (90, 86, 60), ()),  # two of three
        (((90, 80, 60), (90, 86, 60), (90, 83, 60)), (90, 80, 60), (1,)),  # three of three
        (((90, 80, 60), (90, 86, 60), (90, None, 60)), (90, 80, 60), (1,)),
        (((90, 30, 60), (90, 86, 60), (90, None, 60)), (90, 86, 60), ()),  # 30 would be below the 60 that follows
    ],
)
def test_three_readings_of_a_row(readings, counts, flagged):
    (made,) = united(*[[placed(one)] for one in readings])
    assert made.row.counts == counts
    assert tuple(k for k, bad in enumerate(made.row.flagged) if bad) == flagged


@pytest.mark.parametrize(
    ("count", "score", "flagged"),
    [(1, 0.99, True), (2, 0.93, True), (2, 0.96, False), (3, 0.85, True), (3, 0.93, False)],
)
def test_small_letters_need_readings_that_agree(count, score, flagged):
    one, other = placed((90, None), tall=4.0), placed((90, 80), score=score, tall=4.0)
    (made,) = united([one], *[[other]] * count)
    assert made.row.counts == (90, 80) and made.row.flagged[1] is flagged


def test_small_letters_between_equal_counts_can_be_nothing_else():
    one, two = placed((90, 0, None, None), tall=4.0, score=0.99), placed((90, 0, 0, 0), tall=4.0, score=0.99)
    (made,) = united([one], [two])
    assert made.row.counts == (90, 0, 0, 0) and not any(made.row.flagged)


def test_a_table_of_other_counts_is_no_row_and_a_number_no_name():
    assert placed_rows(PANEL, line_of([None, 10, 98, 108, None], 240)) == []  # alive, dead, total
    (row,) = placed_rows(PANEL, [word("95", 50, 240), *line_of([97, 27, 10, 6, 1], 240)])
    assert row.row.label == "" and row.row.counts[:5] == (97, 27, 10, 6, 1)


def test_a_row_that_rises_from_nothing_counts_events():
    (rising,) = placed_rows(PANEL, line_of([0, 5, 9, 12, 14], 240))
    assert rising.row.kind == "events" and not any(rising.row.flagged)
    (none,) = placed_rows(PANEL, line_of([0, 0, 0, 0, 0], 240))
    assert none.row.kind == "at risk"


def faded(colour, share):
    """An ink as small letters show it: mixed with paper."""
    return tuple(round(255 - share * (255 - value)) for value in colour)


def letters(colour):
    """A box of letters of an ink: strokes, and edges that are faded."""
    part = np.full((9, 30, 3), 255, np.uint8)
    part[2:8, 2:28:3] = faded(colour, 0.6)
    part[2:8, 3:28:3] = faded(colour, 0.25)
    return part


@pytest.mark.parametrize("ink", [(0, 70, 139), (200, 16, 46), (66, 181, 64), (239, 192, 0)])
def test_faded_letters_have_the_colour_of_their_ink(ink):
    found = letters_colour([letters(ink)])
    assert apart(found, ink) < 3
    assert letters_colour([letters((40, 40, 40))]) is None and letters_colour([]) is None


def test_a_row_in_a_curves_ink_is_that_curves():
    blue, green = (0, 70, 139), (66, 181, 64)
    times = np.array([0.0, 10, 20])
    curves = [
        TracedCurve(name, times, np.array([1.0, 0.9, level]), np.zeros(3), colour=colour)
        for name, colour, level in (("1", green, 0.85), ("2", blue, 0.8))
    ]
    rows = [
        RiskRow("High", (0.0, 10.0), (100, 70), (False, False), letters_colour([letters(blue)])),
        RiskRow("Control", (0.0, 10.0), (100, 72), (False, False)),
    ]
    given, ambiguous = assign_rows(curves, rows)
    assert [curve.name for curve in given] == ["Control", "High"] and not ambiguous


def test_a_name_that_small_letters_spell_wrongly_still_counts():
    times = np.array([0.0, 10, 20])
    curves = [TracedCurve(n, times, np.array([1.0, 0.9, 0.8]), np.zeros(3)) for n in ("Observation", "Placebo")]
    rows = [RiskRow(n, (0.0, 10.0), (100, 70), (False, False)) for n in ("Flacebo", "Olaservatien")]
    given, _ = assign_rows(curves, rows)
    assert [curve.risk for curve in given] == [1, 0]


def test_words_in_the_ink_of_one_curve_name_it():
    picture = np.full((220, 340, 3), 255, np.uint8)
    picture[60:69, 150:180] = letters((0, 70, 139))
    picture[100:109, 150:180] = letters((0, 0, 0))
    words = [Word("High", 150, 60, 179, 68), Word("HR", 150, 100, 179, 108)]
    times = np.array([0.0, 10, 20])
    curves = [
        TracedCurve(name, times, np.array([1.0, 0.9, 0.8]), np.zeros(3), colour=colour)
        for name, colour in (("1", (66, 181, 64)), ("2", (0, 70, 139)))
    ]
    named, legend = name_curves(curves, words, PANEL, picture)
    assert [curve.name for curve in named] == ["1", "High"] and legend == ("High",)


def flat(name, *, level=0.8, end=20.0, **options):
    times = np.array([0.0, 10, end])
    return TracedCurve(name, times, np.array([1.0, 0.9, level]), np.zeros(3), **options)


def test_rows_that_could_be_exchanged_are_joined_to_no_curve():
    rows = [RiskRow(name, (0.0, 10.0), (100, count), (False, False)) for name, count in (("A", 70), ("B", 72))]
    given, ambiguous = assign_rows([flat("1"), flat("2")], rows)
    assert ambiguous and [(curve.name, curve.risk) for curve in given] == [("1", None), ("2", None)]
    said = check_risk(given, rows, ambiguous)
    assert said.outcome == "open" and "1 and 2 equally well" in said.words
    # A third curve whose row fits no other is joined, and names that a person or the legend gave decide.
    third = RiskRow("C", (0.0, 10.0, 20.0, 30.0), (100, 80, 40, 30), (False,) * 4)
    given, _ = assign_rows([flat("1"), flat("2"), flat("3", end=40.0)], [*rows, third])
    assert [curve.risk for curve in given] == [None, None, 2]
    given, ambiguous = assign_rows([flat("Arm B"), flat("Arm A")], [replace(r, label=f"Arm {r.label}") for r in rows])
    assert not ambiguous and [curve.risk for curve in given] == [1, 0]


def legend(*samples):
    """A picture with entries of a legend, each a sample of ink and dashes, and letters as blocks; and their words."""
    picture = np.full((220, 340, 3), 255, np.uint8)
    words = []
    for k, (ink, dashed, text, joined) in enumerate(samples):
        y = 30 + 20 * k
        picture[y - 1 : y + 2, 200:230] = ink
        if dashed:
            picture[y - 1 : y + 2, 208:213] = 255
            picture[y - 1 : y + 2, 221:226] = 255
        for letter in range(len(text)):
            picture[y - 5 : y + 6, 240 + 8 * letter : 246 + 8 * letter] = 0
        words.append(Word(text, 200 if joined else 240, y - 5, 240 + 8 * len(text), y + 5))
    return picture, words


def test_a_sample_read_as_part_of_the_first_word_still_names_its_curve():
    blue, red = (68, 86, 148), (162, 58, 46)
    curves = [flat("1", colour=blue), flat("2", colour=red, dashed=True)]
    picture, words = legend((blue, False, "Control", True), (red, True, "Placebo", True))
    named, entries = name_curves(curves, words, PANEL, picture)
    assert [curve.name for curve in named] == ["Control", "Placebo"] and entries == ("Control", "Placebo")


def test_a_grey_sample_names_no_coloured_curve():
    blue, red, grey = (68, 86, 148), (200, 112, 106), (154, 154, 154)
    picture, words = legend((blue, False, "Control", False), (grey, False, "Placebo", False))
    named, _ = name_curves([flat("1", colour=blue), flat("2", colour=red)], words[1:], PANEL, picture)
    assert [curve.name for curve in named] == ["1", "2"]  # a grey sample names no red curve by its likeness
    dark = (30, 30, 30)
    picture, words = legend((dark, False, "Control", False), (dark, True, "Placebo", False))
    named, _ = name_curves([flat("1", colour=dark), flat("2", colour=dark, dashed=True)], words, PANEL, picture)
    assert [curve.name for curve in named] == ["Control", "Placebo"]
