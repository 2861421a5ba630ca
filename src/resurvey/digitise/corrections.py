"""Corrections made by a person, from the review page's JSON or from a project of another digitising program."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ElementTree
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from resurvey.errors import InputError

FORMAT = "resurvey-digitise-corrections-1"
MOST_BYTES = 5_000_000
Pair = tuple[float, float]


@dataclass(frozen=True)
class Corrections:
    """Corrections of one panel; positions are in pixels of the picture.

    x, y
        Ticks as (pixel, value); survival as a proportion. Two or more ticks replace the axis that was found.
    curves
        Number of curves, or None to determine it automatically.
    through
        For each curve to be traced with guidance, positions it passes through.
    points
        For each curve read entirely by hand, its points in order.
    masks
        Boxes (left, top, right, bottom) that contain no curves.
    swaps
        (first curve, second curve, x pixel): the two curves are exchanged after that position.
    cells
        (row, column, number or None) for numbers at risk.
    names
        Names of curves by curve number.
    reviewed
        Whether a person has reviewed and confirmed the reading.
    panel
        The panel the corrections belong to, where a figure has several.
    """

    x: tuple[Pair, ...] = ()
    y: tuple[Pair, ...] = ()
    curves: int | None = None
    through: tuple[tuple[Pair, ...], ...] = ()
    points: tuple[tuple[Pair, ...], ...] = ()
    masks: tuple[tuple[float, float, float, float], ...] = ()
    swaps: tuple[tuple[int, int, float], ...] = ()
    cells: tuple[tuple[int, int, int | None], ...] = ()
    names: tuple[tuple[int, str], ...] = ()
    reviewed: bool = False
    panel: int | None = None

    def as_json(self) -> dict[str, Any]:
        """The corrections as a JSON object for saving."""
        return {"format": FORMAT, **asdict(self)}


def read_corrections(path: Path) -> Corrections:
    """Read corrections from our JSON, a WebPlotDigitizer project (JSON) or a PlotDigitizer project (XML).

    Raises
    ------
    InputError
        If the file is none of these, or a field is invalid; the message names the field.
    """
    try:
        if path.stat().st_size > MOST_BYTES:
            raise InputError(f"{path.name}: more than {MOST_BYTES:,} bytes, too large for corrections")
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path.name}: cannot be read as text ({error})") from None
    if text.lstrip().startswith("<"):
        return _plotdigitizer(text, path.name)
    try:
        content = json.loads(text)
    except (json.JSONDecodeError, RecursionError) as error:
        raise InputError(f"{path.name}: no JSON ({error})") from None
    if not isinstance(content, dict):
        raise InputError(f"{path.name}: expected an object of corrections")
    if "axesColl" in content or "dataSeries" in content or "wpd" in content:
        return _webplotdigitizer(content, path.name)
    return from_json(content, path.name)


def from_json(content: Mapping[str, Any], name: str) -> Corrections:
    """Corrections from a parsed JSON object, with every field checked.

    Raises
    ------
    InputError
        If a field is unknown or invalid; the message names it.
    """
    if content.get("format") != FORMAT:
        raise InputError(f"{name}: format is {content.get('format')!r}, expected {FORMAT!r}")
    known = set(Corrections.__dataclass_fields__) | {"format", "file"}
    unknown = sorted(set(content) - known)
    if unknown:
        raise InputError(f"{name}: unknown fields {', '.join(unknown)}; known are {', '.join(sorted(known))}")
    count = content.get("curves")
    if count is not None and not (isinstance(count, int) and 1 <= count <= 12):
        raise InputError(f"{name}: curves is {count!r}, expected a whole number from 1 to 12")
    panel = content.get("panel")
    if panel is not None and not (isinstance(panel, int) and 1 <= panel <= 100):
        raise InputError(f"{name}: panel is {panel!r}, expected a whole number from 1")
    made = Corrections(
        x=_pairs(content.get("x"), f"{name}: x"),
        y=_pairs(content.get("y"), f"{name}: y"),
        curves=count,
        through=tuple(_pairs(part, f"{name}: through") for part in _list(content.get("through"), f"{name}: through")),
        points=tuple(_pairs(part, f"{name}: points") for part in _list(content.get("points"), f"{name}: points")),
        masks=tuple(_row(part, 4, f"{name}: masks") for part in _list(content.get("masks"), f"{name}: masks")),  # type: ignore[misc]
        swaps=tuple(
            (int(a), int(b), c)
            for a, b, c in (_row(part, 3, f"{name}: swaps") for part in _list(content.get("swaps"), f"{name}: swaps"))
        ),
        cells=tuple(_cell(part, f"{name}: cells") for part in _list(content.get("cells"), f"{name}: cells")),
        names=tuple(_name(part, f"{name}: names") for part in _list(content.get("names"), f"{name}: names")),
        reviewed=content.get("reviewed") is True,
        panel=panel,
    )
    for axis, label in ((made.x, "x"), (made.y, "y")):
        if axis and (len(axis) < 2 or len({pixel for pixel, _ in axis}) < 2 or len({v for _, v in axis}) < 2):
            raise InputError(f"{name}: {label} needs two ticks at different pixels with different values")
    return made


def _list(value: Any, where: str) -> list[Any]:
    if value is None:
        return []
    if not isinstance(value, list) or len(value) > 20_000:
        raise InputError(f"{where}: expected a list")
    return value


def _row(value: Any, count: int, where: str) -> tuple[float, ...]:
    if not isinstance(value, list) or len(value) != count or not all(_number(v) for v in value):
        raise InputError(f"{where}: {value!r}, expected {count} numbers")
    return tuple(float(v) for v in value)


def _number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and abs(value) < 1e9 and value == value


def _pairs(value: Any, where: str) -> tuple[Pair, ...]:
    return tuple((a, b) for a, b in (_row(part, 2, where) for part in _list(value, where)))


def _cell(value: Any, where: str) -> tuple[int, int, int | None]:
    good = isinstance(value, list) and len(value) == 3 and all(isinstance(v, int) for v in value[:2])
    if not good or not (value[2] is None or (isinstance(value[2], int) and value[2] >= 0)):
        raise InputError(f"{where}: {value!r}, expected [row, column, whole number or null]")
    return value[0], value[1], value[2]


def _name(value: Any, where: str) -> tuple[int, str]:
    if not (isinstance(value, list) and len(value) == 2 and isinstance(value[0], int) and isinstance(value[1], str)):
        raise InputError(f"{where}: {value!r}, expected [curve number, name]")
    return value[0], value[1][:200]


def _webplotdigitizer(content: Mapping[str, Any], name: str) -> Corrections:
    """A project of WebPlotDigitizer 4 or 5: the calibration of its first XY axes and its data sets."""
    try:
        axes = next(axes for axes in content["axesColl"] if axes.get("type") == "XYAxes")
        ticks = axes["calibrationPoints"]
        x = tuple((float(tick["px"]), float(tick["dx"])) for tick in ticks[:2])
        y = tuple((float(tick["py"]), float(tick["dy"])) for tick in ticks[2:4])
        sets = [
            tuple((float(point["x"]), float(point["y"])) for point in chosen.get("data", []))
            for chosen in content["datasetColl"]
        ]
        names = tuple((k, str(chosen.get("name", ""))) for k, chosen in enumerate(content["datasetColl"]))
    except (KeyError, TypeError, ValueError, StopIteration) as error:
        raise InputError(f"{name}: no XY axes with calibration in this WebPlotDigitizer project ({error})") from None
    points = tuple(tuple(sorted(part)) for part in sets if len(part) > 1)
    named = tuple(
        (k, label) for k, (_, label) in enumerate(n for n, part in zip(names, sets, strict=True) if len(part) > 1)
    )
    return _checked(Corrections(x=x, y=_proportions(y), points=points, names=named, reviewed=True), name)


def _plotdigitizer(text: str, name: str) -> Corrections:
    """A project of PlotDigitizer (XML): four calibration points and one curve."""
    if "<!ENTITY" in text:
        raise InputError(f"{name}: the XML declares entities, which are not followed")
    try:
        root = ElementTree.fromstring(text)
        point = root.find("calibpoints")
        assert point is not None
        g = {key: float(value) for key, value in point.attrib.items() if _is_float(value)}
        x = ((g["minXaxisX"], g["aX1"]), (g["maxXaxisX"], g["aX2"]))
        y = ((g["minYaxisY"], g["aY1"]), (g["maxYaxisY"], g["aY2"]))
        points = tuple(sorted((float(p.get("x", "")), float(p.get("y", ""))) for p in root.findall("point")))
    except (ElementTree.ParseError, AssertionError, KeyError, ValueError) as error:
        raise InputError(f"{name}: no PlotDigitizer project with calibration points ({error})") from None
    return _checked(Corrections(x=x, y=_proportions(y), points=(points,) if points else (), reviewed=True), name)


def _is_float(value: str) -> bool:
    try:
        float(value)
    except ValueError:
        return False
    return True


def _proportions(ticks: tuple[Pair, ...]) -> tuple[Pair, ...]:
    """Ticks of a percentage axis as proportions."""
    scale = 100.0 if max((abs(value) for _, value in ticks), default=0) > 1.5 else 1.0
    return tuple((pixel, value / scale) for pixel, value in ticks)


def _checked(made: Corrections, name: str) -> Corrections:
    """Apply the same checks as for the JSON of the review page."""
    return from_json(json.loads(json.dumps(made.as_json())), name)
