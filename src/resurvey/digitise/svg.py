"""Read SVG files as drawings, and paint drawings as pictures to read letters drawn as outlines."""

from __future__ import annotations

import io
import re
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np

from resurvey.digitise.digitised import Word
from resurvey.digitise.drawing import MOST_STROKES, Colour, Drawing, Stroke
from resurvey.digitise.extras import extra
from resurvey.errors import InputError

MOST_BYTES = 20_000_000
CURVE_POINTS = 6
MOST_ELEMENTS = 5 * MOST_STROKES
MOST_LETTERS = 3_000_000  # letters of all paths; a figure has some ten thousand


def read_svg(source: Path | bytes, name: str) -> Drawing:
    """Lines and words of an SVG file.

    Raises
    ------
    InputError
        If the file is not an SVG, declares entities, or is too large.
    """
    data = source if isinstance(source, bytes) else source.read_bytes()
    if len(data) > MOST_BYTES:
        raise InputError(f"{name}: {len(data):,} bytes; at most {MOST_BYTES:,} are read")
    if b"<!ENTITY" in data:
        raise InputError(f"{name}: the SVG declares entities, which are not followed")
    data = _plain_styles(data)
    try:
        _refuse_many(data, name)
        root = extra("svgelements").SVG.parse(io.BytesIO(data), reify=True, ppi=72)
        items = []
        for item in root.elements():
            items.append(item)
            if len(items) > MOST_ELEMENTS:
                raise InputError(f"{name}: more than {MOST_ELEMENTS:,} elements")
        strokes, words = _contents(items)
        size = float(root.width), float(root.height)
    except InputError:
        raise
    except (MemoryError, RecursionError) as error:
        raise InputError(f"{name}: the SVG is too complex ({type(error).__name__})") from None
    except Exception as error:
        raise InputError(f"{name}: the SVG cannot be read ({type(error).__name__}: {error})") from None
    if not strokes:
        raise InputError(f"{name}: the SVG has no lines")
    return Drawing(tuple(strokes), tuple(words), size)


def _refuse_many(data: bytes, name: str) -> None:
    """Refuse a drawing of too many elements or too long paths before it is built, each `use` counted in full."""
    root = ElementTree.fromstring(data)
    named = {element.get("id"): element for element in root.iter() if element.get("id")}
    waiting, count, letters, lines = [root], 0, 0, 0
    while waiting:
        element = waiting.pop()
        count += 1
        path = element.get("d", "")
        letters += len(path) + len(element.get("points", ""))
        lines += path.count("M") + path.count("m")
        if count > MOST_ELEMENTS:
            raise InputError(f"{name}: more than {MOST_ELEMENTS:,} elements, those of each use counted")
        if letters > MOST_LETTERS:
            raise InputError(f"{name}: paths of more than {MOST_LETTERS:,} letters")
        if lines > MOST_STROKES:
            raise InputError(
                f"{name}: more than {MOST_STROKES:,} lines, those of each use counted: save the figure as a PNG"
            )
        waiting += element
        if element.tag.rpartition("}")[2] == "use":
            link = element.get("href") or element.get("{http://www.w3.org/1999/xlink}href") or ""
            waiting += [named[link[1:]]] if link[1:] in named else []


def _plain_styles(data: bytes) -> bytes:
    """Rewrite style sheets with one class before a list of elements (as written by svglite) for the elements alone."""
    text = data.decode("utf-8", "replace")
    text = re.sub(r"<!\[CDATA\[|\]\]>", "", text)
    text = re.sub(r"<path(?=[\s/>])(?![^>]*\sd=\"[^\"])", '<path d="M 0 0" ', re.sub(r'\sd=""', "", text))

    def rewritten(match: re.Match[str]) -> str:
        body = re.sub(r"\.svglite\s+(?=[a-z])", "", match.group(2))
        return f"{match.group(1)}{body}{match.group(3)}"

    return re.sub(r"(<style[^>]*>)(.*?)(</style>)", rewritten, text, flags=re.DOTALL).encode()


def _contents(items: list[Any]) -> tuple[list[Stroke], list[Word]]:
    elements = extra("svgelements")
    strokes: list[Stroke] = []
    words: list[Word] = []
    for item in items:
        if isinstance(item, elements.Text):
            word = _word(item)
            if word is not None:
                words.append(word)
        elif isinstance(item, elements.Shape):
            strokes += _strokes(item, elements)
    return strokes, words


def _strokes(item: Any, elements: Any) -> list[Stroke]:
    stroke, fill = _colour(item.stroke), _colour(item.fill)
    if stroke is None and fill is None:
        return []
    dashes = str(item.values.get("stroke-dasharray") or "none")
    found = []
    for part in elements.Path(item).as_subpaths():
        points, closed = _points(elements.Path(part), elements)
        if len(points) >= 2:
            found.append(
                Stroke(
                    np.array(points),
                    stroke or fill or (0, 0, 0),
                    float(item.stroke_width or 1.0),
                    dashed=bool(re.search(r"[1-9]", dashes)),
                    closed=closed,
                    filled=fill is not None and closed,
                    stroked=stroke is not None,
                )
            )
    return found


def _points(path: Any, elements: Any) -> tuple[list[tuple[float, float]], bool]:
    points: list[tuple[float, float]] = []
    closed = False
    for segment in path:
        if isinstance(segment, elements.Close):
            closed = True
        elif isinstance(segment, (elements.Move, elements.Line)):
            points.append((float(segment.end.x), float(segment.end.y)))
        else:
            for share in np.linspace(0, 1, CURVE_POINTS)[1:]:
                point = segment.point(float(share))
                points.append((float(point.x), float(point.y)))
    return points, closed


def _colour(value: Any) -> Colour | None:
    if value is None or value.value is None or (value.alpha is not None and value.alpha < 20):
        return None
    return int(value.red), int(value.green), int(value.blue)


def _word(item: Any) -> Word | None:
    text = (item.text or "").strip()
    if not text:
        return None
    size = float(item.font_size or 10.0)
    matrix = item.transform
    scale = float(np.hypot(matrix.a, matrix.b)) or 1.0
    upright = abs(matrix.b) < abs(matrix.a)
    size *= scale
    x, y = float(item.x or 0), float(item.y or 0)
    x, y = matrix.a * x + matrix.c * y + matrix.e, matrix.b * x + matrix.d * y + matrix.f
    given = re.search(r"[\d.]+", str(item.values.get("textLength") or ""))
    length = float(given.group()) * scale if given else 0.55 * size * len(text)
    anchor = {"middle": 0.5, "end": 1.0}.get(str(item.anchor), 0.0)
    if upright:
        left = x - anchor * length
        return Word(text, left, y - 0.72 * size, left + length, y)
    low = y + anchor * length
    return Word(text, x - 0.72 * size, low - length, x, low, upright=False)


def painted(drawing: Drawing, longest: int = 1800) -> tuple[np.ndarray, float]:
    """The drawing as a picture with the given longest side, and the number of pixels per unit."""
    cv2 = extra("cv2")
    width, height = (max(1.0, side) for side in drawing.size)
    scale = min(longest / max(width, height), 8.0)
    canvas = np.full((max(1, round(height * scale)), max(1, round(width * scale)), 3), 255, dtype=np.uint8)
    run: list[Stroke] = []
    for stroke in [*drawing.strokes, None]:
        if run and (stroke is None or not stroke.filled or stroke.colour != run[0].colour):
            _fill(canvas, run, scale)
            run = []
        if stroke is None:
            break
        if stroke.filled:
            run.append(stroke)
        if stroke.stroked:
            thick = max(1, round(stroke.width * scale))
            points = np.round(np.clip(stroke.points * scale, -9e4, 9e4) * 16).astype(np.int32)
            cv2.polylines(canvas, [points], stroke.closed, stroke.colour, thick, cv2.LINE_AA, 4)
    return canvas, scale


def _fill(canvas: np.ndarray, run: list[Stroke], scale: float) -> None:
    """Consecutive outlines of one colour, filled by the even-odd rule so that letters keep their holes."""
    cv2 = extra("cv2")
    shapes = [np.round(np.clip(stroke.points * scale, -9e4, 9e4) * 16).astype(np.int32) for stroke in run]
    cv2.fillPoly(canvas, shapes, run[0].colour, cv2.LINE_AA, 4)
