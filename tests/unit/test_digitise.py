"""Figures read into curves: made figures with known truth, corrections, refusals."""

import contextlib
import importlib.util
import io
import json
import shutil
import subprocess
import sys
import zlib
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest

from resurvey.cli import main
from resurvey.digitise import digitise, digitise_all, pdf_drawings, sheets
from resurvey.digitise.axes import find_panels
from resurvey.digitise.corrections import FORMAT, Corrections, read_corrections
from resurvey.digitise.digitised import Word
from resurvey.digitise.numbers import plain, readings, whole
from resurvey.digitise.offers import offers
from resurvey.digitise.outputs import curve_table, summary
from resurvey.digitise.trace import falling_path
from resurvey.errors import InputError
from resurvey.tables import write_csv
from tests.made_figures import arm, draw, rmse

NEEDED = ("cv2", "rapidocr", "onnxruntime", "pdfplumber", "pypdfium2", "svgelements")
pytestmark = pytest.mark.skipif(
    any(importlib.util.find_spec(name) is None for name in NEEDED),
    reason="the extra resurvey[digitise] is not installed",
)

ARMS = [arm("Placebo", 1, median=9.0), arm("Docetaxel", 2, median=20.0, n=80)]


def by_name(made):
    return {curve.name: curve for curve in made.curves}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("figures")


@pytest.fixture(scope="module")
def coloured(folder):
    return draw(folder / "coloured.png", ARMS)


@pytest.fixture(scope="module")
def read(coloured):
    return digitise(coloured)


class Commanded(NamedTuple):
    """What `resurvey digitise` made of a file that is no picture and of the coloured one."""

    status: int
    said: str
    folder: Path

    @property
    def home(self):
        return self.folder / "coloured"


@pytest.fixture(scope="module")
def commanded(coloured, folder):
    (folder / "broken.png").write_bytes(b"no picture")
    said = io.StringIO()
    with contextlib.redirect_stdout(said):
        status = main(["digitise", str(folder / "broken.png"), str(coloured), "--into", str(folder / "out")])
    return Commanded(status, said.getvalue(), folder / "out")


@pytest.mark.parametrize(
    ("text", "values"),
    [("0.8", (0.8,)), ("08", (8.0, 0.8, 0.08)), ("1O", (10.0, 1.0, 0.1)), ("25%", (25.0, 2.5, 0.25)), ("·5", (0.5,))],
)
def test_labels_and_what_a_lost_point_makes_of_them(text, values):
    assert readings(text) == pytest.approx(values)


def test_words_are_no_numbers_and_cells_keep_their_first_number():
    assert plain("months") == "" and plain("o") == "0" and plain("1,234") == "1234"
    assert whole("50 (4)") == 50 and whole("12.5") is None and whole("NR") is None


def words_at(values, places, *, across):
    return [
        Word(str(value), x - 8, y - 5, x + 8, y + 5)
        for value, (x, y) in zip(values, [(p, 300.0) if across else (40.0, p) for p in places], strict=True)
    ]


def test_axes_from_words_alone_with_a_label_misread():
    across = words_at([0, 6, 12, "l8", 24], [60, 110, 160, 210, 260], across=True)
    upward = words_at(["1.0", "0.8", "06", "0.4", "0.2", "0.0"], [50, 98, 146, 194, 242, 290], across=False)
    (panel,) = find_panels([*across, *upward])
    assert panel.x.value(185.0) == pytest.approx(15.0)
    assert panel.y.value(146.0) == pytest.approx(0.6)
    assert not panel.x.stray and not panel.y.stray


def test_no_axes_in_a_table_of_numbers():
    table = [
        Word(str(n), x, y, x + 15, y + 10)
        for y in (10, 40, 70)
        for x, n in zip((10, 60, 110), (41, 23, 9), strict=True)
    ]
    assert find_panels(table) == []


def test_falling_path_bridges_dashes_and_never_climbs():
    ink = np.zeros((40, 60), dtype=np.float32)
    ink[5, 0:20], ink[5:26, 20], ink[25, 20:60] = 1, 1, 1
    ink[25, 30:34] = 0
    ink[2, 40:60] = 1  # a legend above
    path = falling_path(ink, np.zeros_like(ink), (0, 5.0), 3.0)
    assert path.rows[10] == 5 and path.rows[40] == 25 and path.stop == 60
    assert np.all(np.diff(path.rows) >= 0)


def test_coloured_curves_of_a_picture(read):
    assert read.verdict == "sure", read.reason
    assert read.time_unit == "months" and read.kind == "raster"
    found = by_name(read)
    assert set(found) == {"Placebo", "Docetaxel"}
    for truth in ARMS:
        curve = found[truth.name]
        assert rmse(curve, truth, truth.time.max()) < 0.006
        assert curve.times[-1] == pytest.approx(truth.time.max(), abs=0.4)
        assert np.all(np.diff(curve.survival) <= 0) and curve.survival[0] == 1.0


def test_numbers_at_risk_by_arm(read):
    ticks = np.arange(0, 37, 6.0)
    for truth in ARMS:
        row = read.at_risk[by_name(read)[truth.name].risk]
        assert list(row.counts) == truth.at_risk(ticks) and not any(row.flagged)


def test_two_readings_are_the_same(read, commanded, tmp_path):
    for curve in read.curves:
        write_csv(curve_table(curve), tmp_path / "curve.csv")
        assert (tmp_path / "curve.csv").read_bytes() == (commanded.home / f"{curve.name.lower()}.csv").read_bytes()
    assert json.loads((commanded.home / "digitised.json").read_text()) == json.loads(json.dumps(summary(read)))


def test_black_solid_and_dashed_curves_on_a_percent_axis(folder):
    path = draw(folder / "black.png", ARMS, colours="kk", styles=("-", "--"), percent=True, dpi=150)
    made = digitise(path)
    found = by_name(made)
    assert made.axes.y.percent and set(found) == {"Placebo", "Docetaxel"}
    assert found["Docetaxel"].dashed and not found["Placebo"].dashed
    assert max(rmse(found[truth.name], truth, truth.time.max()) for truth in ARMS) < 0.012


@pytest.mark.parametrize("kind", ["pdf", "svg", "eps"])
def test_vector_files_are_read_without_loss(folder, kind):
    if kind == "eps" and shutil.which("gs") is None:
        pytest.skip("Ghostscript is not on this machine")
    made = digitise(draw(folder / f"vector.{kind}", ARMS))
    assert made.kind == "vector" and made.verdict == "sure", made.reason
    found = by_name(made)
    assert max(rmse(found[truth.name], truth, truth.time.max()) for truth in ARMS) < 0.0005


def test_labels_that_run_upwards_in_a_pdf(folder):
    from matplotlib.figure import Figure

    figure = Figure(figsize=(5, 4))
    axes = figure.add_subplot()
    axes.step(*ARMS[0].corners.T, where="post", color="black")
    axes.set(xlim=(0, 36), ylim=(0, 1.05), xticks=range(0, 37, 6), xlabel="Months")
    axes.tick_params(axis="y", labelrotation=90)
    figure.savefig(folder / "upright.pdf")
    made = digitise(folder / "upright.pdf")
    assert rmse(made.curves[0], ARMS[0], ARMS[0].time.max()) < 0.0005


def test_vector_marks_of_censoring(folder):
    made = digitise(draw(folder / "marks.pdf", ARMS, marks="|"))
    for truth in ARMS:
        lost = np.sort(truth.time[~truth.event])
        assert by_name(made)[truth.name].censor_times == pytest.approx(lost, abs=0.01)


def test_figures_of_a_paper_are_offered(folder):
    (line,) = offers(draw(folder / "paper.pdf", ARMS))
    assert "page 1: a figure with 1 pair of axes" in line and "resurvey digitise" in line and "--page 1" in line
    assert offers(folder / "coloured.png") == []


def test_two_panels_are_two_figures(folder):
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 4))
    for k, truth in enumerate(ARMS):
        axes = figure.add_subplot(1, 2, k + 1)
        axes.step(*truth.corners.T, where="post", color="tab:green")
        axes.set(xlim=(0, 36), ylim=(0, 1.05), xticks=range(0, 37, 6), xlabel="Months")
    figure.savefig(folder / "panels.pdf")
    made = digitise_all(folder / "panels.pdf")
    assert [m.panels for m in made] == [2, 2]
    for reading, truth in zip(made, ARMS, strict=True):
        assert rmse(reading.curves[0], truth, truth.time.max()) < 0.0005


@pytest.mark.parametrize("shared", [False, True])
@pytest.mark.parametrize(("rows", "columns"), [(2, 2), (1, 3), (3, 1)])
def test_panels_in_rows_and_columns_have_no_broken_axis(folder, rows, columns, shared):
    from matplotlib.figure import Figure

    figure = Figure(figsize=(4.5 * columns, 4 * rows))
    truths = [arm(f"panel {k}", 70 + k, median=8.0 + 4 * k) for k in range(rows * columns)]
    for axes, truth in zip(figure.subplots(rows, columns, sharex=shared, sharey=shared).ravel(), truths, strict=True):
        axes.step(*truth.corners.T, where="post", color="tab:green")
        axes.set(xlim=(0, 36), ylim=(0, 1.05), xticks=range(0, 37, 6), xlabel="Months")
    path = folder / f"grid{rows}{columns}{shared}.pdf"
    figure.savefig(path)
    made = digitise_all(path)
    assert [m.verdict for m in made] == ["sure"] * len(truths)
    assert all(not m.axes.x.stray and not m.axes.y.stray for m in made)
    for reading, truth in zip(made, truths, strict=True):
        # Up to just before the end: a curve may fall to 0 there, and on the drop itself a last bit decides the level.
        assert rmse(reading.curves[0], truth, 0.999 * truth.time.max()) < 0.0005


def test_labels_that_start_anew_are_no_break():
    from resurvey.digitise.doubts import check_axis
    from resurvey.digitise.label_lines import fit_labels

    # The panel on the right may have no survival labels of its own, and so be none.
    row = words_at([0, 6, 12, 18, 0, 6, 12, 18], [50, 100, 150, 200, 300, 350, 400, 450], across=True)
    axis = fit_labels(row, horizontal=True).axis
    assert len(axis.stray) == 4 and check_axis(axis, "time", vector=False).outcome != "failed"


def test_no_curve_where_there_is_none(folder):
    from matplotlib.figure import Figure

    figure = Figure(figsize=(5, 4))
    axes = figure.add_subplot()
    rng = np.random.default_rng(0)
    axes.plot(rng.uniform(0, 36, 40), rng.uniform(0, 1, 40), "o")
    axes.set(xlim=(0, 36), ylim=(0, 1), xticks=range(0, 37, 6))
    figure.savefig(folder / "dots.png", dpi=110)
    made = digitise(folder / "dots.png")
    assert made.verdict == "refused" and not made.curves and "no curve" in made.reason


def png_header(width, height):
    import struct
    import zlib

    def chunk(name, body):
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"\0" * 100)) + chunk(b"IEND", b"")
    )


def svg_of(body):
    return b'<svg xmlns="http://www.w3.org/2000/svg" width="100" height="100">' + body + b"</svg>"


def many_uses(depth):
    """Groups each of which uses the one before ten times."""
    first = b'<g id="l0"><path d="M0 0L1 1"/></g>'
    return first + b"".join(b'<g id="l%d">' % (k + 1) + b'<use href="#l%d"/>' % k * 10 + b"</g>" for k in range(depth))


FORMS = b"/XObject<</F 5 0 R>>"
ITSELF = (
    b"<</Type/XObject/Subtype/Form/BBox[0 0 9 9]/Resources<<%b>>/Length 11>>\nstream\n/F Do /F Do\nendstream" % FORMS
)


def pdf_of(drawing, box=b"0 0 500 500", resources=b"", form=b""):
    """A PDF of one page that carries out compressed instructions."""
    body = zlib.compress(drawing, 9)
    parts = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[%b]/Contents 4 0 R/Resources<<%b>>>>" % (box, resources),
        b"<</Filter/FlateDecode/Length %d>>\nstream\n%b\nendstream" % (len(body), body),
        form,
    ]
    objects = b"".join(b"%d 0 obj\n%b\nendobj\n" % (k + 1, part) for k, part in enumerate(parts))
    return b"%PDF-1.4\n" + objects + b"trailer<</Size 5/Root 1 0 R>>\n%%EOF"


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("flat.pdf", pdf_of(b"", b"0 0 0 0"), "not a figure|cannot be read"),
        ("itself.pdf", pdf_of(b"/F Do", resources=FORMS, form=ITSELF), "drawings within drawings"),
        ("bomb.pdf", pdf_of(b"0 0 m 1 1 l S\n" * 800_000), "more than 10,000,000 bytes of drawing"),
        ("huge.png", png_header(200_000, 200_000), "too large|at most"),
        ("dot.png", png_header(1, 1), "too few"),
        ("strip.png", png_header(30_000, 70), "too narrow a strip"),
        ("short.png", png_header(300, 300), "broken|cannot be read"),
        ("words.png", b"no picture", "not a picture"),
        ("empty.jpg", b"", "not a picture"),
        ("words.pdf", b"%PDF-1.4 nothing", "cannot be read"),
        ("bomb.svg", b'<!DOCTYPE s [<!ENTITY a "aa">]><svg>&a;</svg>', "entities"),
        ("words.svg", b"<svg", "cannot be read|no lines"),
        ("itself.svg", svg_of(b'<g id="a"><use href="#a"/></g>'), "those of each use counted"),
        ("long.svg", svg_of(b'<path d="M0 0 ' + b"L1 1 " * 700_000 + b'"/>'), "3,000,000 letters"),
        ("laughs.svg", svg_of(many_uses(8)), "those of each use counted"),
        (
            "crowded.svg",
            svg_of(b'<path stroke="black" d="' + b"M0 0L1 1" * 60_001 + b'"/>'),
            "60,000 lines, those of each use",
        ),
        ("figure.xyz", b"", "unknown kind"),
    ],
)
def test_files_that_cannot_be_read_are_refused_in_words(tmp_path, name, content, words):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(InputError, match=words):
        digitise(tmp_path / name)


def test_a_page_of_too_many_lines_is_read_as_a_picture(tmp_path, monkeypatch):
    seen = []
    monkeypatch.setattr(sheets.ocr, "read_words", lambda picture: seen.append(picture.shape) or [])
    monkeypatch.setattr(sheets.ocr, "read_turned", lambda _picture: [])
    monkeypatch.setattr(pdf_drawings, "MOST_STROKES", 10)
    path = tmp_path / "crowded.pdf"
    path.write_bytes(pdf_of(b"90 90 m 200 200 l S\n" * 11))
    page = sheets.read_page(path, None)
    assert page.drawing is None and seen[0] == page.picture.shape and np.ptp(page.picture) == 255
    assert offers(path) == [
        f"page 1: very many lines that may be a figure: resurvey digitise {path} --page 1 --into figures"
    ]


def test_a_picture_without_ink_is_not_searched_for_letters(monkeypatch):
    monkeypatch.setattr(sheets.ocr, "read_words", lambda _picture: pytest.fail("searched"))
    assert sheets.words_of(np.full((90, 90, 3), 255, dtype=np.uint8)) == []


def test_command_writes_what_reconstruct_takes(commanded, tmp_path, capsys):
    home = commanded.home
    assert {path.name for path in home.iterdir()} >= {
        "placebo.csv",
        "placebo-at-risk.csv",
        "docetaxel.csv",
        "docetaxel-at-risk.csv",
        "arms.csv",
        "overlay.png",
        "review.html",
        "digitised.json",
    }
    assert json.loads((home / "digitised.json").read_text())["verdict"] == "sure"
    assert main(["reconstruct", str(home), "--output", str(tmp_path / "patients")]) == 0
    rebuilt = np.loadtxt(tmp_path / "patients" / "placebo.csv", delimiter=",", skiprows=1)
    assert len(rebuilt) == 60
    capsys.readouterr()


def test_a_file_that_cannot_be_read_is_a_row_and_the_rest_goes_on(commanded):
    assert commanded.status == 0
    table = (commanded.folder / "digitised.csv").read_text()
    assert "refused" in table and "sure" in table
    assert "1 sure, 0 check, 1 refused" in commanded.said


def save(path, **fields):
    path.write_text(json.dumps({"format": FORMAT, **fields}))
    return path


def test_corrected_axes_move_every_value_and_names_and_cells_are_mended_and_boxes_masked(coloured, read, tmp_path):
    x = [[label.pixel, 2 * label.value] for label in read.axes.x.labels]
    file = save(tmp_path / "c.json", x=x, names=[[0, "first"]], cells=[[0, 1, 7]], masks=[[0, 0, 5, 5]])
    made = digitise(coloured, corrections=file)
    assert made.curves[0].name == "first"
    assert made.curves[0].times[-1] == pytest.approx(2 * read.curves[0].times[-1], rel=0.01)
    assert made.at_risk[0].counts[1] == 7


def test_places_along_a_curve_choose_it(coloured, read, tmp_path):
    lower = by_name(read)["Placebo"]
    places = [
        [float(read.axes.x.pixel(t)), float(read.axes.y.pixel(s))]
        for t, s in zip(lower.times, lower.survival, strict=True)
    ]
    file = save(tmp_path / "c.json", through=[places[5:30:5]], curves=1)
    made = digitise(coloured, corrections=file)
    assert len(made.curves) == 1
    assert rmse(made.curves[0], ARMS[0], ARMS[0].time.max()) < 0.008


def test_swap_exchanges_what_follows(coloured, read):
    at = float(read.axes.x.pixel(18.0))
    made = digitise(coloured, corrections=Corrections(swaps=((0, 1, at),)))
    end = sorted(curve.survival[-1] for curve in made.curves)
    assert end[0] <= min(curve.survival[-1] for curve in read.curves) + 1e-9
    assert made.curves[0].survival[-1] < made.curves[1].survival[-1]


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"format": "other"}, "format"),
        ({"x": [[1, 2]]}, "two ticks"),
        ({"x": "here"}, "expected a list"),
        ({"curves": 0}, "curves is 0"),
        ({"masks": [[1, 2, 3]]}, "4 numbers"),
        ({"cells": [[0, 0, -1]]}, "cells"),
        ({"tick": []}, "unknown fields tick"),
    ],
)
def test_wrong_corrections_are_named(tmp_path, fields, words):
    with pytest.raises(InputError, match=words):
        read_corrections(save(tmp_path / "c.json", **fields))


def test_projects_of_other_programs_are_corrections(tmp_path):
    ticks = [{"px": 100, "py": 400, "dx": "0", "dy": "0"}, {"px": 400, "py": 400, "dx": "30", "dy": "0"}]
    ticks += [{"px": 100, "py": 400, "dx": "0", "dy": "0"}, {"px": 100, "py": 100, "dx": "0", "dy": "100"}]
    data = [{"x": 100, "y": 100}, {"x": 250, "y": 250}]
    project = {
        "version": [4, 2],
        "axesColl": [{"name": "XY", "type": "XYAxes", "calibrationPoints": ticks}],
        "datasetColl": [{"name": "Placebo", "data": data}],
    }
    (tmp_path / "wpd.json").write_text(json.dumps(project))
    made = read_corrections(tmp_path / "wpd.json")
    assert made.x == ((100, 0), (400, 30)) and made.y == ((400, 0), (100, 1))
    assert made.points == (((100, 100), (250, 250)),) and made.names == ((0, "Placebo"),)
    (tmp_path / "plot.xml").write_text(
        '<doc><calibpoints minXaxisX="100" aX1="0" maxXaxisX="400" aX2="30" minYaxisY="400" aY1="0" maxYaxisY="100" '
        'aY2="1"/><point n="1" x="100" y="100"/><point n="2" x="250" y="250"/></doc>'
    )
    same = read_corrections(tmp_path / "plot.xml")
    assert (same.x, same.y, same.points) == (made.x, made.y, made.points)


def test_points_read_by_hand_need_no_tracing(coloured):
    fixed = Corrections(
        x=((100, 0), (400, 30)), y=((400, 0), (100, 1)), points=(((100, 100), (250, 250), (400, 340)),), reviewed=True
    )
    made = digitise(coloured, corrections=fixed)
    assert made.curves[0].times == pytest.approx([0, 0, 15, 30])
    assert made.curves[0].survival == pytest.approx([1, 1, 0.5, 0.2])
    assert made.verdict == "sure" and made.reason == "confirmed by a person"


def test_the_core_imports_without_the_extra_and_names_it(tmp_path):
    code = (
        "import sys\n"
        f"sys.modules.update(dict.fromkeys({NEEDED!r}))\n"
        "import resurvey.digitise\n"
        "from resurvey.errors import InputError\n"
        "try: resurvey.digitise.digitise(sys.argv[1])\n"
        "except InputError as error: print(error)\n"
    )
    (tmp_path / "a.svg").write_text("<svg/>")
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "a.svg")], capture_output=True, text=True, check=True
    )
    assert "resurvey[digitise]" in done.stdout


def test_crossing_curves_of_one_ink_are_told_apart_by_their_numbers_at_risk():
    from resurvey.digitise.digitised import RiskRow, TracedCurve
    from resurvey.digitise.match import Meeting, exchanged, settle_crossings

    times = np.array([0.0, 5, 10, 15, 20, 30])

    def curve(name, levels):
        return TracedCurve(name, times, np.array(levels), np.full(6, 0.002))

    early, late = curve("early", [1, 0.5, 0.4, 0.38, 0.37, 0.36]), curve("late", [1, 0.9, 0.41, 0.1, 0.05, 0.02])
    shown = (0.0, 10.0, 20.0)
    none = (False,) * 3
    rows = [RiskRow("early", shown, (100, 40, 36), none), RiskRow("late", shown, (100, 60, 4), none)]
    wrong = [exchanged(early, late, 10.0), exchanged(late, early, 10.0)]
    once, often = Meeting(0, 1, 10.0, 1), Meeting(0, 1, 10.0, 3)
    settled, undecided = settle_crossings(wrong, [once], rows)
    assert settled[0].survival[-1] == early.survival[-1] and settled[1].survival[-1] == late.survival[-1]
    assert undecided == []
    assert settle_crossings(wrong, [once], [])[1] == [once]
    assert settle_crossings(wrong, [often], rows)[1] == [often]


def test_crowded_numbers_are_parted_where_the_gaps_jump():
    from resurvey.digitise.ocr import _between_numbers, _cut

    # Digits two pixels apart, numbers five, where six tenths of the height would be seven.
    gaps = np.array([1, 1, 2, 1, 1, 5, 1, 2, 1, 5, 1, 1, 2, 1])
    least = _between_numbers(gaps, 12.0)
    starts, ends = _cut(gaps, least)
    assert 2 < least < 5 and list(starts) == [0, 6, 10] and list(ends) == [5, 9, 14]
    assert _between_numbers(np.array([1, 1, 2, 2, 1]), 12.0) == pytest.approx(7.2)


def test_a_label_cut_short_does_not_make_months_of_tenths():
    across = words_at([0, 5, 1, 15, 20], [50, 100, 150, 200, 250], across=True)
    upward = words_at(["1.0", "0.5", "0.0"], [50, 170, 290], across=False)
    (panel,) = find_panels([*across, *upward])
    assert panel.x.value(200.0) == pytest.approx(15.0)


def test_a_broken_axis_is_told():
    from resurvey.digitise.doubts import check_axis

    across = words_at([0, 6, 12, 18, 60, 66, 72], [50, 100, 150, 200, 250, 300, 350], across=True)
    upward = words_at(["1.0", "0.5", "0.0"], [50, 170, 290], across=False)
    panel = next(p for p in find_panels([*across, *upward]) if p.x.labels[0].value == 0)
    found = check_axis(panel.x, "time", vector=False)
    assert found.outcome == "failed" and "broken" in found.words
    assert check_axis(panel.y, "survival", vector=False).outcome != "failed"
