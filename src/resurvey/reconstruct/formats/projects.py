"""Projects of digitising programs: WebPlotDigitizer (.json, .tar), Engauge (.dig), PlotDigitizer (.xml), plain JSON."""

from __future__ import annotations

import io
import json
import math
import tarfile
from collections.abc import Callable
from typing import Any
from xml.etree import ElementTree

import numpy as np

from resurvey.errors import InputError
from resurvey.reconstruct.formats.cells import Page, Row, decimal_marks, tidy
from resurvey.reconstruct.formats.column_names import heading
from resurvey.reconstruct.formats.columns import DigitisedCurve

MOST_JSON = 30_000_000
Transform = Callable[[np.ndarray], np.ndarray]


def curves_of_json(text: str, name: str) -> list[DigitisedCurve] | Page:
    """Data sets of a WebPlotDigitizer project (versions 3 and 4), or the rows of a plain JSON table.

    Raises
    ------
    InputError
        If the text is not JSON, or not in a known layout; the message says what it holds.
    """
    try:
        held = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InputError(f"{name}: it looks like JSON but cannot be read ({error})") from None
    try:
        if isinstance(held, dict) and isinstance(held.get("wpd"), dict):
            return _version_3(held["wpd"], name)
        if isinstance(held, dict) and "datasetColl" in held:
            return _version_4(held, name)
        return _page(held, name)
    except (KeyError, TypeError, AttributeError, IndexError, ValueError) as error:
        if isinstance(error, InputError):
            raise
        raise InputError(f"{name}: a project of WebPlotDigitizer that lacks what it should hold ({error!r})") from None


def _version_4(held: dict[str, Any], name: str) -> list[DigitisedCurve]:
    axes = {str(one.get("name", "")): one for one in held.get("axesColl", [])}
    made, notes = [], []
    for data in held["datasetColl"]:
        system = axes.get(str(data.get("axesName", "")), next(iter(axes.values()), {}))
        if not data.get("data"):
            continue
        if system.get("type", "XYAxes") != "XYAxes":
            notes.append(f"data set {data.get('name')!r} is on axes of the kind {system.get('type')} and was not read")
            continue
        made.append(_data_set(data, system, system.get("calibrationPoints", []), name))
    return _curves(made, notes, name)


def _version_3(held: dict[str, Any], name: str) -> list[DigitisedCurve]:
    if held.get("axesType", "XYAxes") != "XYAxes":
        raise InputError(f"{name}: a project of WebPlotDigitizer on axes of the kind {held['axesType']}, not X and Y")
    parameters = held.get("axesParameters") or {}
    sets = [data for data in held["dataSeries"] if data.get("data")]
    return _curves([_data_set(data, parameters, held.get("calibration") or [], name) for data in sets], [], name)


def _curves(made: list[tuple[str, np.ndarray]], notes: list[str], name: str) -> list[DigitisedCurve]:
    if not made:
        why = "; ".join(notes) or "it has no data set with points"
        raise InputError(f"{name}: a project of WebPlotDigitizer without a curve: {why}")
    return [DigitisedCurve(label, points[:, 0], points[:, 1], notes=tuple(notes)) for label, points in made]


def _data_set(
    data: dict[str, Any], system: dict[str, Any], calibration: list[Any], name: str
) -> tuple[str, np.ndarray]:
    """Name and points (time, survival) of a data set; points without a value are converted from pixels by the axes."""
    points = data["data"]
    label = str(data.get("name", ""))
    values = [point.get("value") for point in points]
    if all(isinstance(value, list) and len(value) >= 2 for value in values):
        return label, np.array([value[:2] for value in values], dtype=float)
    pixels = np.array([[point["x"], point["y"]] for point in points], dtype=float)
    if len(calibration) < 4:
        raise InputError(f"{name}: data set {label!r} has pixels only, and the axes are not calibrated")
    return label, _wpd_axes(system, calibration)(pixels)


def _wpd_axes(system: dict[str, Any], calibration: list[Any]) -> Transform:
    """Map from pixels to data by two points of each axis: dx is known for the first two points, dy for the others."""
    place = np.array([[point["px"], point["py"]] for point in calibration[:4]], dtype=float)
    x = _scale([float(calibration[0]["dx"]), float(calibration[1]["dx"])], bool(system.get("isLogX")))
    y = _scale([float(calibration[2]["dy"]), float(calibration[3]["dy"])], bool(system.get("isLogY")))
    along_x, along_y = place[1] - place[0], place[3] - place[2]
    if system.get("noRotation"):
        along_x, along_y = np.array([along_x[0], 0.0]), np.array([0.0, along_y[1]])

    def to_data(pixels: np.ndarray) -> np.ndarray:
        # each point is a sum of steps along the two axes
        steps = np.linalg.solve(np.column_stack((along_x, along_y)), (pixels - place[0]).T)
        share_x = steps[0]
        steps = np.linalg.solve(np.column_stack((along_x, along_y)), (pixels - place[2]).T)
        share_y = steps[1]
        u, v = x[0] + share_x * (x[1] - x[0]), y[0] + share_y * (y[1] - y[0])
        return np.column_stack((10**u if system.get("isLogX") else u, 10**v if system.get("isLogY") else v))

    return to_data


def _scale(values: list[float], log: bool) -> list[float]:
    return [math.log10(value) for value in values] if log else values


def text_of_tar(content: bytes, name: str) -> str:
    """The wpd.json of a WebPlotDigitizer .tar project.

    Raises
    ------
    InputError
        If the archive cannot be read, or its wpd.json is missing or too large.
    """
    try:
        with tarfile.open(fileobj=io.BytesIO(content), mode="r:*") as archive:
            for member in archive:
                if member.isfile() and member.name.rsplit("/", 1)[-1] == "wpd.json":
                    stream = archive.extractfile(member)
                    if stream is None or member.size > MOST_JSON:
                        raise InputError(f"{name}: wpd.json of {member.size:,} bytes is too large for a project")
                    return stream.read(MOST_JSON).decode("utf-8-sig")
    except (tarfile.TarError, OSError, EOFError, UnicodeDecodeError) as error:
        raise InputError(f"{name}: cannot be read as a tar archive ({error})") from None
    raise InputError(f"{name}: a tar archive without wpd.json is not a WebPlotDigitizer project; unpack it")


def _page(held: Any, name: str) -> Page:
    """Convert a list of records, a list of lists, or a mapping of columns to rows of cells."""
    if isinstance(held, dict) and held and all(isinstance(column, list) for column in held.values()):
        sizes = {key: len(column) for key, column in held.items()}
        if len(set(sizes.values())) != 1:
            raise InputError(f"{name}: JSON columns of different lengths: {sizes}")
        table = [list(held), *map(list, zip(*held.values(), strict=True))]
    elif isinstance(held, list) and held and all(isinstance(row, dict) for row in held):
        keys = list(dict.fromkeys(key for row in held for key in row))
        table = [keys, *([row.get(key) for key in keys] for row in held)]
    elif isinstance(held, list) and held and all(isinstance(row, list) for row in held):
        table = held
    else:
        what = f"an object with {', '.join(list(held)[:6])}" if isinstance(held, dict) else type(held).__name__
        raise InputError(f"{name}: JSON of no known layout ({what}); export the points as CSV with time and survival")
    rows = [Row(i, tuple("" if c is None else tidy(str(c)) for c in row)) for i, row in enumerate(table, start=1)]
    return Page(name, tuple(rows), where="row", decimals=decimal_marks(rows))


def curves_of_xml(content: bytes, name: str) -> list[DigitisedCurve]:
    """Curves of an Engauge document (.dig, from version 6.3) or a PlotDigitizer file (.xml).

    Raises
    ------
    InputError
        If the text is neither; the message says what it is.
    """
    if b"<!ENTITY" in content:
        raise InputError(f"{name}: the XML defines entities, which no digitising program does")
    try:
        root = ElementTree.fromstring(content)
    except ElementTree.ParseError as error:
        raise InputError(f"{name}: it looks like XML but cannot be read ({error})") from None
    if root.tag == "Document" and root.find(".//CurvePoints") is not None:
        return _engauge(root, name)
    points = root.findall(".//point")
    if points and "dx" in points[0].attrib:
        return [_plot_digitizer(root, points, name)]
    if root.tag.rsplit("}", 1)[-1].lower() in ("svg", "html"):
        kind = root.tag.rsplit("}", 1)[-1]
        raise InputError(f"{name}: it is {kind.upper()}, not a table of points; digitise the figure")
    raise InputError(f"{name}: XML of no known layout (root {root.tag}); export the points as CSV")


def _plot_digitizer(root: ElementTree.Element, points: list[ElementTree.Element], name: str) -> DigitisedCurve:
    try:
        values = np.array([[float(point.attrib["dx"]), float(point.attrib["dy"])] for point in points])
    except (KeyError, ValueError) as error:
        raise InputError(f"{name}: a point of PlotDigitizer without dx and dy ({error})") from None
    axes = root.find(".//axesnames")
    said = [heading(axes.attrib.get(axis, "") if axes is not None else "") for axis in ("x", "y")]
    unit = "%" if said[1].unit == "%" else ""
    return DigitisedCurve("", values[:, 0], values[:, 1], unit, said[0].unit if said[0].unit != "%" else "")


def _engauge(root: ElementTree.Element, name: str) -> list[DigitisedCurve]:
    systems = root.findall(".//CoordSystem") or [root]
    made = [
        (curve, system)
        for system in systems
        for curve in system.findall(".//Curve")
        if curve.attrib.get("CurveName") != "Axes" and curve.find(".//PositionScreen") is not None
    ]
    if not made:
        raise InputError(f"{name}: an Engauge document without a curve that has points")
    curves = []
    for curve, system in made:
        values = _engauge_axes(system, name)(_positions(curve, "PositionScreen", name))
        curves.append(DigitisedCurve(curve.attrib.get("CurveName", ""), values[:, 0], values[:, 1]))
    return curves


def _positions(curve: ElementTree.Element, tag: str, name: str) -> np.ndarray:
    try:
        found = [(float(one.attrib["X"]), float(one.attrib["Y"])) for one in curve.iter(tag)]
    except (KeyError, ValueError) as error:
        raise InputError(f"{name}: a point of Engauge without X and Y ({error})") from None
    return np.array(found, dtype=float).reshape(-1, 2)


def _engauge_axes(system: ElementTree.Element, name: str) -> Transform:
    """Map from pixels to data by the axis points: affine, by least squares if there are more than three."""
    coords = system.find(".//Coords")
    said = coords.attrib if coords is not None else {}
    if said.get("TypeString", "Cartesian") != "Cartesian":
        raise InputError(f"{name}: an Engauge document with {said['TypeString']} axes, not X and Y")
    log = [said.get(key) == "Log" for key in ("ScaleXThetaString", "ScaleYRadiusString")]
    axes = next((one for one in system.iter("Curve") if one.attrib.get("CurveName") == "Axes"), None)
    points = [] if axes is None else [point for point in axes.iter("Point") if point.find("PositionGraph") is not None]
    if len(points) < 3 or any(point.attrib.get("IsXOnly") == "True" for point in points):
        raise InputError(f"{name}: an Engauge document whose axes are not three points with X and Y; export it as CSV")
    screen = np.vstack([_positions(point, "PositionScreen", name) for point in points])
    graph = np.vstack([_positions(point, "PositionGraph", name) for point in points])
    for axis in (0, 1):
        graph[:, axis] = np.log10(graph[:, axis]) if log[axis] else graph[:, axis]
    design = np.column_stack((screen, np.ones(len(screen))))
    if np.linalg.matrix_rank(design) < 3:
        raise InputError(f"{name}: the axis points of the Engauge document lie on one line")
    affine = np.linalg.lstsq(design, graph, rcond=None)[0]

    def to_data(pixels: np.ndarray) -> np.ndarray:
        values = np.column_stack((pixels, np.ones(len(pixels)))) @ affine
        return np.column_stack([10 ** values[:, axis] if log[axis] else values[:, axis] for axis in (0, 1)])

    return to_data
