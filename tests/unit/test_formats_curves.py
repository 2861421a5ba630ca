"""Digitised curves as the programs write them, and as people pass them on."""

import io
import json
import tarfile

import numpy as np
import openpyxl
import pytest

from resurvey.errors import InputError
from resurvey.reconstruct.formats import chosen, proportions, read_curves

T, S = [0, 1.5, 3.2, 5.75, 9.1], [1, 0.95, 0.83, 0.61, 0.4]
PAIR = list(zip(T, S, strict=True))
SECOND = [(0, 1), (2.5, 0.9), (4.25, 0.7), (8.5, 0.55)]


def lines(pairs, form="{0},{1}"):
    return "".join(form.format(*pair) + "\n" for pair in pairs)


def counted(form="{0},{1},{2}"):
    return lines([(i, *pair) for i, pair in enumerate(PAIR, start=1)], form)


def comma(text):
    return text.replace(".", ",")


@pytest.fixture
def curves(tmp_path):
    def read(content, name="curve.csv", **options):
        file = tmp_path / name
        file.write_bytes(content if isinstance(content, bytes) else content.encode())
        return read_curves(file, **options)

    return read


ONE_CURVE = {
    "guyot": "k,TK,SK\n" + counted(),
    "guyot of survHE": "k\tTK\tSK\n" + counted("{0}\t{1}\t{2}"),
    "id and units": "ID,Time (months),Survival (%)\n"
    + lines([(i, t, 100 * s) for i, (t, s) in enumerate(PAIR)], "{},{},{}"),
    "no heading, three columns": counted(),
    "no heading, counter from nought": lines([(i, *pair) for i, pair in enumerate(PAIR)], "{},{},{}"),
    "no heading, counter last": lines([(*pair, i) for i, pair in enumerate(PAIR, start=1)], "{},{},{}"),
    "row names of R": '"","time","sur"\n' + counted('"{0}",{1},{2}'),
    "row names without a heading": '"time" "sur"\n' + counted('"{0}" {1} {2}'),
    "row names read again": '"X","time","sur"\n' + counted(),
    "unnamed index of pandas": "Unnamed: 0,time,survival\n" + lines([(i, *p) for i, p in enumerate(PAIR)], "{},{},{}"),
    "quoted decimal commas": comma(lines(PAIR, '"{0}"|"{1}"')).replace("|", ","),
    "quoted decimal commas with heading": "time,survival\n" + comma(lines(PAIR, '"{0}"|"{1}"')).replace("|", ","),
    "semicolons": "x;y\n" + comma(lines(PAIR, "{0};{1}")),
    "semicolons with points": "x;y\n" + lines(PAIR, "{0};{1}"),
    "tabs with decimal commas": comma(lines(PAIR, "{0}\t{1}")),
    "blanks": lines(PAIR, "  {0}   {1}"),
    "blanks with decimal commas": comma(lines(PAIR, "{0}  {1}")),
    "comma and blank": lines(PAIR, "{0}, {1}"),
    "bars": "time|survival\n" + lines(PAIR, "{0}|{1}"),
    "trailing dividers": "time,survival,\n" + lines(PAIR, "{0},{1},"),
    "trailing dividers, no heading": lines(PAIR, "{0};{1};;"),
    "per cent signs": "time,survival\n" + lines([(t, f"{100 * s:g}%") for t, s in PAIR]),
    "Windows line ends": ("time,survival\n" + lines(PAIR)).replace("\n", "\r\n"),
    "old Macintosh line ends": ("time,survival\n" + lines(PAIR)).replace("\n", "\r"),
    "line ends doubled": ("time,survival\n" + lines(PAIR)).replace("\n", "\n\n"),
    "comments": "# digitised by A. Author\n# Figure 2\ntime,survival\n"
    + lines(PAIR[:2])
    + "# later\n"
    + lines(PAIR[2:]),
    "a title": "Overall survival, arm A\ntime,survival\n" + lines(PAIR),
    "another language": "Zeit (Monate);\u00dcberleben\n" + comma(lines(PAIR, "{0};{1}")),
    "unknown words": "abscissa,ordinate\n" + lines(PAIR),
    "survival before time": "survival,time\n" + lines([(s, t) for t, s in PAIR]),
    "survival before time, no heading": lines([(s, t) for t, s in PAIR]),
    "Engauge": "x,Curve1\n" + lines(PAIR),
    "Engauge, gnuplot heading": "#x\tCurve1\n" + lines(PAIR, "{0}\t{1}"),
    "interval beside it": "time,survival,lower,upper\n"
    + lines([(t, s, s - 0.1, s + 0.1) for t, s in PAIR], "{},{},{},{}"),
    "missing coordinates": "time,survival\n" + lines(PAIR) + "12,\nNA,NA\n",
    "thousands of days": "days,survival\n" + lines([(f'"{t * 1000:,.1f}"', s) for t, s in PAIR]),
    "JSON records": json.dumps([{"time": t, "survival": s} for t, s in PAIR]),
    "JSON columns": json.dumps({"time": T, "survival": S}),
    "a row of units": "Time,Survival\nmonths,proportion\n".replace("proportion", "") + lines(PAIR),
    "told to Excel": "sep=;\nx;y\n" + lines(PAIR, "{0};{1}"),
    "single quotes": "'time','survival'\n" + lines(PAIR, "'{0}','{1}'"),
    "scientific": "time,survival\n" + lines([(f"{t:.3e}", f"{s:.2E}") for t, s in PAIR]),
    "survfit": "time,n.risk,n.event,survival\n" + lines([(t, 9, 1, s) for t, s in PAIR], "{},{},{},{}"),
    "words for points": "point,time,surv\n" + lines([(f"p{i}", *p) for i, p in enumerate(PAIR)], "{},{},{}"),
    "JSON pairs": json.dumps(PAIR),
    "R's print of survfit": " time n.risk n.event survival std.err lower 95% CI upper 95% CI\n"
    + lines([(t, 9, 1, s, 0.01, s - 0.1, s + 0.1) for t, s in PAIR], "{:6} {:6} {:6} {:8} {:8} {:8.2f} {:8.2f}"),
    "xyscan, errors of zero": "# xyscan\n# Format: x y -dx +dx -dy +dy\n"
    + lines([(*p, 0, 0, 0, 0) for p in PAIR], "{}\t{}\t{}\t{}\t{}\t{}"),
    "a numbered title between blanks": "Line #1\n" + lines(PAIR, "{0}  {1}"),
    "Origin": "A(X)\tB(Y)\n" + lines(PAIR, "{0}\t{1}"),
    "a whole number among three decimals": lines([(f"{t:.3f}" if t else "0", s) for t, s in PAIR]),
    "minus as in print": "time,survival\n" + lines(PAIR).replace("0,1\n", "\u22120,1\n", 1),
}


@pytest.mark.parametrize("kind", ONE_CURVE)
def test_one_curve(kind, curves):
    (curve,) = curves(ONE_CURVE[kind])
    np.testing.assert_allclose(curve.times, np.multiply(T, 1000 if kind == "thousands of days" else 1))
    assert curve.unit == ("%" if kind in ("id and units", "per cent signs") else "")
    np.testing.assert_allclose(proportions(curve, "", "x").survival, S)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252", "utf-32"])
def test_every_encoding(encoding, curves):
    text = "Zeit (Jahre);\u00dcberleben\n" + comma(lines(PAIR, "{0};{1}"))
    (curve,) = curves(text.encode(encoding))
    assert curve.times.tolist() == T and curve.survival.tolist() == S
    assert curve.time_unit == "years"


def long(name="curve", names=("A", "B")):
    rows = [(i, t, s, names[k]) for k, pairs in enumerate((PAIR, SECOND)) for i, (t, s) in enumerate(pairs, start=1)]
    return f"id,time,St,{name}\n" + lines(rows, "{},{},{},{}")


def wide(head, divider=","):
    rows = [
        (*(PAIR[i] if i < len(PAIR) else ("", "")), *(SECOND[i] if i < len(SECOND) else ("", ""))) for i in range(5)
    ]
    return head + "".join(divider.join(map(str, row)) + "\n" for row in rows)


TWO_CURVES = {
    "SurvdigitizeR": (long(names=(1, 2)), "1", "2"),
    "a grouping column": (long(), "A", "B"),
    "a grouping column of names": (long("treatment", ("T-DM1", "L + C")), "T-DM1", "L + C"),
    "a grouping column without a known heading": (long("which", ("new", "old")), "new", "old"),
    "a grouping column and no heading": (long().split("\n", 1)[1], "A", "B"),
    "a grouping number and no heading": (long(names=(1, 2)).split("\n", 1)[1], "1", "2"),
    "pairs": (wide("time_A,surv_A,time_B,surv_B\n"), "A", "B"),
    "pairs out of order": (
        "time_A,time_B,surv_A,surv_B\n"
        + "".join(f"{t},{u},{s},{v}\n" for (t, s), (u, v) in zip(PAIR[:4], SECOND, strict=True)), "A", "B"),
    "numbered pairs": (wide("x1,y1,x2,y2\n"), "1", "2"),
    "pairs without a heading": (wide(""), "curve 2", "curve 4"),
    "WebPlotDigitizer": (wide("arm A,,arm B,\nX,Y,X,Y\n"), "arm A", "arm B"),
    "WebPlotDigitizer, semicolons": (comma(wide("arm A;;arm B;\nX;Y;X;Y\n", ";")), "arm A", "arm B"),
    "names above pairs": (wide("arm A,,arm B,\n"), "arm A", "arm B"),
    "one time, two curves": (
        "x,ArmA,ArmB\n" + lines([(t, s, "") for t, s in PAIR] + [(t, "", s) for t, s in SECOND], "{},{},{}"),
        "ArmA", "ArmB"),
    "Engauge, one after another": ("x,Curve1\n" + lines(PAIR) + "\nx,Curve2\n" + lines(SECOND), "Curve1", "Curve2"),
    "blank sections": (lines(PAIR) + "\n" + lines(SECOND), "curve 1", "curve 2"),
    "commented sections": ("# Arm A\n" + lines(PAIR) + "# Arm B\n" + lines(SECOND), "Arm A", "Arm B"),
    "GetData": (
        "Line #1\n" + lines(PAIR, "{0}\t{1}") + "\nLine #2\n" + lines(SECOND, "{0}\t{1}"), "Line #1", "Line #2"),
    "names in brackets": ("[Arm A]\n" + lines(PAIR) + "[Arm B]\n" + lines(SECOND), "Arm A", "Arm B"),
    "alternating rows": (
        "time,surv,arm\n"
        + lines(sorted([(t, s, "A") for t, s in PAIR] + [(t, s, "B") for t, s in SECOND]), "{},{},{}"),
        "A", "B"),
    "a gap between pairs": (
        "Arm A,,,Arm B,\nx,y,,x,y\n"
        + lines([(*PAIR[i], "", *(SECOND[i] if i < 4 else ("", ""))) for i in range(5)], "{},{},{},{},{}"),
        "Arm A", "Arm B"),
    "a heading and titles": (
        "time,survival\n# Arm A\n" + lines(PAIR) + "# Arm B\n" + lines(SECOND), "Arm A", "Arm B"),
}  # fmt: skip


@pytest.mark.parametrize("kind", TWO_CURVES)
def test_two_curves(kind, curves):
    text, first, second = TWO_CURVES[kind]
    one, other = curves(text)
    assert (one.name, other.name) == (first, second)
    size = 4 if kind == "pairs out of order" else 5
    assert one.times.tolist() == T[:size] and one.survival.tolist() == S[:size]
    assert list(zip(other.times, other.survival, strict=True)) == SECOND
    assert chosen([one, other], second.upper(), "x") == [other]
    with pytest.raises(InputError, match="x has no curve 'third'; its curves are"):
        chosen([one, other], "third", "x")


def wpd(version, pixels=False):
    """A project whose axes run over 100 pixels for 10 months and 200 pixels for survival 0 to 1."""

    def points(pairs):
        made = [{"x": 50 + 10 * t, "y": 300 - 200 * s, "value": [t, s]} for t, s in pairs]
        return [{key: one[key] for key in ("x", "y")} for one in made] if pixels else made

    marks = [(50, 300, "0", "0"), (150, 300, "10", "0"), (50, 300, "0", "0"), (50, 100, "10", "1")]
    calibration = [{"px": px, "py": py, "dx": dx, "dy": dy, "dz": None} for px, py, dx, dy in marks]
    sets = [{"name": name, "axesName": "XY", "data": points(pairs)} for name, pairs in (("A", PAIR), ("B", SECOND))]
    if version == 3:
        held = {"version": [3, 8], "axesType": "XYAxes", "axesParameters": {"isLogX": False, "isLogY": False}}
        return json.dumps({"wpd": {**held, "calibration": calibration, "dataSeries": sets}})
    axes = [{"name": "XY", "type": "XYAxes", "isLogX": False, "isLogY": False, "calibrationPoints": calibration}]
    empty = {"name": "Default Dataset", "axesName": "XY", "data": []}
    return json.dumps({"version": [4, 2], "axesColl": axes, "datasetColl": [empty, *sets], "measurementColl": []})


def tar_of(text):
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as archive:
        for name, content in (("figure/info.json", "{}"), ("figure/wpd.json", text)):
            member = tarfile.TarInfo(name)
            member.size = len(content.encode())
            archive.addfile(member, io.BytesIO(content.encode()))
    return stream.getvalue()


def dig(scale="Linear"):
    """An Engauge document with the axes of `wpd`."""

    def point(x, y, graph=""):
        return f'<Point><PositionScreen X="{x}" Y="{y}"/>{graph}</Point>'

    def curve(name, pairs):
        return f'<Curve CurveName="{name}"><CurvePoints>' + "".join(
            point(50 + 10 * t, 300 - 200 * s) for t, s in pairs) + "</CurvePoints></Curve>"  # fmt: skip

    axes = "".join(
        point(x, y, f'<PositionGraph X="{u}" Y="{v}"/>')
        for x, y, u, v in ((50, 300, 0, 0), (150, 300, 10, 0), (50, 100, 0, 1))
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<!DOCTYPE engauge>\n<Document VersionNumber="12.1"><CoordSystem>'
        f'<Coords TypeString="Cartesian" ScaleXThetaString="{scale}" ScaleYRadiusString="Linear"/>'
        f'<Curve CurveName="Axes"><CurvePoints>{axes}</CurvePoints></Curve><CurvesGraphs>'
        f'{curve("A", PAIR)}{curve("B", SECOND)}<Curve CurveName="C"><CurvePoints/></Curve>'
        "</CurvesGraphs></CoordSystem></Document>"
    )


PROJECTS = {
    "WebPlotDigitizer 4": wpd(4),
    "WebPlotDigitizer 4, pixels only": wpd(4, pixels=True),
    "WebPlotDigitizer 3": wpd(3),
    "WebPlotDigitizer 3, pixels only": wpd(3, pixels=True),
    "WebPlotDigitizer .tar": tar_of(wpd(4)),
    "Engauge .dig": dig(),
}


@pytest.mark.parametrize("kind", PROJECTS)
def test_projects(kind, curves):
    one, other = curves(PROJECTS[kind], "any.csv")
    assert (one.name, other.name) == ("A", "B")
    np.testing.assert_allclose(np.column_stack((one.times, one.survival)), PAIR, atol=1e-12)
    np.testing.assert_allclose(np.column_stack((other.times, other.survival)), SECOND, atol=1e-12)


def test_plot_digitizer(curves):
    points = "".join(f"<point n='{i}' x='1' y='2' dx='{t}' dy='{100 * s}' />\n" for i, (t, s) in enumerate(PAIR))
    (curve,) = curves(
        "<?xml version = '1.0'  encoding = 'ISO-8859-1'  standalone = 'yes' ?>\n<data>\n<image file='a.png' />\n"
        f"<axesnames x='Time (months)'  y='OS (%)' />\n{points}</data>\n"
    )
    assert curve.times.tolist() == T and (curve.unit, curve.time_unit) == ("%", "months")
    np.testing.assert_allclose(proportions(curve, "", "x").survival, S)


def workbook(sheets):
    book = openpyxl.Workbook()
    book.remove(book.active)
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(row)
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def test_a_workbook_by_its_first_sheet_or_the_named_one(curves):
    content = workbook({"one": [("time", "survival"), *PAIR], "two": [("time", "survival"), *SECOND]})
    (curve,) = curves(content, "book.xlsx")
    assert curve.times.tolist() == T and curve.survival.tolist() == S
    assert curve.notes == ("the sheet 'one' was read; the file also has two",)
    (second,) = curves(content, "book.xlsx", sheet="two")
    assert list(zip(second.times, second.survival, strict=True)) == SECOND and second.notes == ()
    with pytest.raises(InputError, match="has no sheet 'three'; its sheets are one, two"):
        curves(content, "book.xlsx", sheet="three")
    with pytest.raises(InputError, match="not a workbook"):
        curves(lines(PAIR), sheet="one")


def test_a_date_that_excel_made_is_refused_by_its_cell(curves):
    import datetime

    content = workbook({"one": [("time", "survival"), (0, 1), (datetime.date(2026, 4, 3), 0.9)]})
    with pytest.raises(InputError, match="row 3, column 1: Excel made a date of it"):
        curves(content, "book.xlsx")


REFUSED = {
    "empty": ("", "the file is empty"),
    "words": ("a,b\nc,d\n", "no line has two numbers"),
    "a cell that is no number": ("0,1\n2,abc\n3,0.5\n", "line 2, column 2 holds 'abc', not a number"),
    "several": ("0,1\n2,abc\nl,0.5\n4,O.4\n", "3 faults"),
    "a letter for a digit": ("time,survival\n0,1\n2,0.9O\n", r"line 3, column 2 holds '0\.9O'"),
    "one more column than headings": ("time,survival\n0,1,0\n1.5,0.95,0\n3,0.8,0\n", "line 2: 3 cells .*heading has 2"),
    "one more column in one row": ("time,survival\n0,1\n1.5,0.95\n3,0.8,0\n", "line 4: 3 cells"),
    "a row with a cell less": ("id,time,survival\n1,0,1\n2,0.95\n3,3,0.8\n", "line 3: 2 cells"),
    "loose decimal commas, heading": ("time,survival\n0,00,1,00\n1,50,0,95\n", "may separate four columns or"),
    "loose decimal commas": ("0,00,1,00\n1,50,0,95\n3,20,0,83\n", "may separate four columns or"),
    "a decimal comma among points": ('t,s\n0.0,100.0\n"0.38","97,8"\n0.75,94.9\n', "line 3, column 2 holds '97,8'"),
    "a comma of two meanings among points": (
        'time,survival\n0,1\n0.5,0.95\n"1,500",0.8\n', "line 4, column 1 holds '1,500', which may be 1500 or 1.500"
    ),
    "a point of two meanings among commas": (
        "time;survival\n0;1\n0,5;0,95\n1.500;0,8\n", "line 4, column 1 holds '1.500', which may be 1500 or 1.500"
    ),
    "commas of two meanings": ('0;"1,000"\n"1,500";"1,000"\n', "may be a decimal mark or separate"),
    "four columns of nothing": ("5,7,1,3\n8,2,9,1\n4,4,4,9\n1,9,2,2\n", "plainly a time and a survival"),
    "an object": ('{"a": {"b": 1}}', "JSON of no known layout"),
    "broken JSON": ('{"a": ', "looks like JSON but cannot be read"),
    "other XML": ("<a><b/></a>", "XML of no known layout"),
    "a drawing": ('<svg xmlns="http://www.w3.org/2000/svg"/>', "it is SVG"),
    "entities": ('<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>', "defines entities"),
    "event indicators": ("time,event\n1,1\n2,0\n3,1\n4,1\n5,0\n", "by its heading event is something else .an event"),
    "a cumulative hazard": ("time,cumhaz\n0,0\n2,0.2\n4,0.5\n", "by its heading cumhaz is something else"),
    "serial dates": ("time,survival\n0,1\n45323,0.97\n3.75,0.9\n", r"line 3, column 1 holds '45323': .*2024-02-01"),
    "points between thousands": ("time;survival\n0;100\n500;98\n1.000;97\n2.000;93\n", "holds '1.000' beside whole"),
    "dates": ("time,survival\n2024-02-01,1\n2024-05-02,0.9\n", "found 1; in line 2, time holds '2024-02-01'"),
    "a PDF": (b"%PDF-1.7 ...", "a PDF document, not a table of points; digitise the figure"),
    "a picture": (b"\x89PNG\r\n\x1a\n\x00", "a PNG picture"),
    "old Excel": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "old Excel"),
    "a broken archive": (b"PK\x03\x04rest", "a damaged archive or workbook"),
    "bytes": (bytes(range(256)) * 4, "binary file"),
    "a tar without a project": (b"\x1f\x8b\x08\x00", "cannot be read as a tar archive"),
}  # fmt: skip


@pytest.mark.parametrize("kind", REFUSED)
def test_what_cannot_be_read_is_refused_by_name(kind, curves):
    content, words = REFUSED[kind]
    with pytest.raises(InputError, match=words) as caught:
        curves(content, "input.csv")
    assert str(caught.value).startswith("input.csv")


def test_no_file_and_a_folder(tmp_path):
    for path in (tmp_path / "absent.csv", tmp_path):
        with pytest.raises(InputError, match="cannot be read"):
            read_curves(path)


def test_columns_that_the_caller_names(curves):
    text = "a,b,c\n" + lines([(t, s, s**2) for t, s in PAIR], "{},{},{}")
    assert [curve.name for curve in curves(text)] == ["b", "c"]
    for wanted in ("c", "3"):
        (curve,) = curves(text, time_column="a", survival_column=wanted)
        assert curve.survival.tolist() == [s**2 for s in S]
    with pytest.raises(InputError, match="no single column of numbers is 'd'; the columns are a, b, c"):
        curves(text, survival_column="d")
    with pytest.raises(InputError, match="one column was named, and the other may be b, c"):
        curves(text, time_column="a")


def test_a_unit_that_the_values_cannot_have(curves):
    (curve,) = curves(lines(PAIR))
    with pytest.raises(InputError, match="its unit is proportion, not %"):
        proportions(curve, "%", "x")
    (percent,) = curves(lines([(t, 100 * s) for t, s in PAIR]))
    with pytest.raises(InputError, match="so these are not proportions"):
        proportions(percent, "proportion", "x")
    (said,) = curves("time,survival (%)\n" + lines(PAIR))
    assert proportions(said, "", "x").survival.tolist() == S and "heading says %" in proportions(said, "", "x").notes[0]
    (rising,) = curves("time,incidence (%)\n" + lines([(t, 1 - s) for t, s in PAIR]))
    with pytest.raises(InputError, match="give --survival-unit"):
        proportions(rising, "", "x")


@pytest.mark.parametrize("seed", range(20))
def test_honest_clicks_in_any_order_and_with_noise(seed, curves):
    rng = np.random.default_rng(seed)
    times = np.sort(rng.uniform(0, 60, 80))
    survival = np.exp(-times / 40) + rng.normal(0, 0.01, 80)
    shuffled = times + rng.normal(0, 1.5, 80)
    text = lines(list(zip(shuffled.round(4), survival.round(4), strict=True)))
    (curve,) = curves(text)
    assert curve.times.tolist() == shuffled.round(4).tolist() and curve.survival.tolist() == survival.round(4).tolist()
