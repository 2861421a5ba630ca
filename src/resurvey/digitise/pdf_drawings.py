"""Pages of a PDF as drawings (pdfplumber) and as pictures (pypdfium2)."""

from __future__ import annotations

import io
import logging
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from resurvey.digitise.digitised import Word
from resurvey.digitise.drawing import MOST_STROKES, Drawing, Stroke, colour_of
from resurvey.digitise.extras import extra
from resurvey.errors import InputError

MOST_BYTES = 60_000_000
MOST_CONTENT = 10_000_000  # bytes of the instructions that draw a page
MOST_FORMS = 10_000
MOST_SIDE = 2000  # in points; a poster is up to 3400 long, which no figure in a paper is


class CrowdedPageError(InputError):
    """A page of more lines than are read one by one; it can be read as a picture."""


@contextmanager
def _complaints(name: str) -> Iterator[None]:
    """Turn any exception a library raises on a broken file into one plain error."""
    logging.getLogger("pdfminer").setLevel(logging.CRITICAL)  # the library logs a message about every broken object
    try:
        yield
    except InputError:
        raise
    except (MemoryError, RecursionError) as error:
        raise InputError(f"{name}: the PDF is too complex ({type(error).__name__})") from None
    except Exception as error:
        raise InputError(f"{name}: the PDF cannot be read ({type(error).__name__}: {error})") from None


def _data(source: Path | bytes, name: str) -> bytes:
    data = source if isinstance(source, bytes) else source.read_bytes()
    if len(data) > MOST_BYTES:
        raise InputError(f"{name}: {len(data):,} bytes; at most {MOST_BYTES:,} are read")
    return data


def page_count(source: Path | bytes, name: str) -> int:
    """Number of pages.

    Raises
    ------
    InputError
        If the file is not a PDF, is broken, or is locked by a password.
    """
    with _complaints(name):
        document = extra("pypdfium2").PdfDocument(_data(source, name))
        try:
            return len(document)
        finally:
            document.close()


def page_picture(source: Path | bytes, page: int, scale: float, name: str) -> np.ndarray:
    """A page (from 1) as RGB, at `scale` pixels per point.

    Raises
    ------
    InputError
        If the PDF is broken, locked by a password or too large.
    """
    with _complaints(name):
        document = extra("pypdfium2").PdfDocument(_data(source, name))
        try:
            chosen = document[page - 1]
            width, height = chosen.get_size()
            scale = min(scale, 3600 / max(width, height, 1))
            return np.asarray(chosen.render(scale=scale).to_pil().convert("RGB"))
        finally:
            document.close()


def page_drawing(source: Path | bytes, page: int, name: str) -> Drawing:
    """Lines and words of a page (from 1), in points with y pointing down.

    Raises
    ------
    CrowdedPageError
        If the page has too many lines to be read one by one.
    InputError
        If the PDF is broken, locked by a password or too large, or the page is too large.
    """
    data = _data(source, name)
    with _complaints(name), extra("pdfplumber").open(io.BytesIO(data), pages=[page]) as document:
        sheet = document.pages[0]
        _refuse_long(sheet, f"{name}, page {page}")
        _refuse_nested(sheet, f"{name}, page {page}")
        width, height = float(sheet.width), float(sheet.height)
        if max(width, height) > 20 * MOST_SIDE or min(width, height) < 1:
            raise InputError(f"{name}: a page of {width:.0f} x {height:.0f} points is not a figure")
        _refuse_crowded(_object_count(data, page), f"{name}, page {page}")
        objects = [*sheet.lines, *sheet.curves, *sheet.rects]
        _refuse_crowded(len(objects), f"{name}, page {page}")
        strokes = [_stroke(item) for item in objects]
        return Drawing(tuple(s for s in strokes if s is not None), tuple(_words(sheet)), (width, height))


def _object_count(data: bytes, page: int) -> int:
    """Number of lines, letters and forms of a page (from 1), counted by the faster library."""
    library = extra("pypdfium2")
    document = library.PdfDocument(data)
    try:
        return int(library.raw.FPDFPage_CountObjects(document[page - 1]))
    finally:
        document.close()


def _refuse_crowded(count: int, name: str) -> None:
    if count > MOST_STROKES:
        raise CrowdedPageError(f"{name}: {count:,} lines; at most {MOST_STROKES:,} are read one by one")


def _refuse_long(sheet: Any, name: str) -> None:
    """Refuse a page whose instructions, decompressed, are too many, before they are carried out."""
    resolve = extra("pdfminer.pdftypes").resolve1
    left = MOST_CONTENT
    for part in sheet.page_obj.contents:
        raw = getattr(resolve(part), "rawdata", None) or b""
        try:
            left -= len(zlib.decompressobj().decompress(raw, left + 1))
        except zlib.error:  # not compressed, or in another way
            left -= len(raw)
        if left < 0:
            raise InputError(f"{name}: more than {MOST_CONTENT:,} bytes of drawing; a figure has far fewer")


def _refuse_nested(sheet: Any, name: str) -> None:
    """Refuse a page with a form that draws itself, or with very many forms, which a library would follow for ever."""
    resolve = extra("pdfminer.pdftypes").resolve1
    waiting, count = [resolve(sheet.page_obj.resources)], 0
    while waiting:
        resources = waiting.pop()
        named = resolve(resources.get("XObject")) if isinstance(resources, dict) else None
        for form in (named or {}).values():
            count += 1
            if count > MOST_FORMS:
                raise InputError(f"{name}: more than {MOST_FORMS:,} drawings within drawings")
            waiting.append(resolve(getattr(resolve(form), "attrs", {}).get("Resources")))


def _stroke(item: dict[str, Any]) -> Stroke | None:
    points = np.array(item.get("pts") or [], dtype=float)
    if points.ndim != 2 or len(points) < 2 or not np.isfinite(points).all():
        return None
    dash = item.get("dash")
    pattern = dash[0] if isinstance(dash, (list, tuple)) and dash else dash
    stroked, filled = bool(item.get("stroke")), bool(item.get("fill"))
    colour = item.get("stroking_color") if stroked else item.get("non_stroking_color")
    return Stroke(
        points,
        colour_of(colour),
        float(item.get("linewidth") or 0.0),
        dashed=bool(pattern),
        closed=bool(len(points) > 3 and np.allclose(points[0], points[-1])) or item.get("object_type") == "rect",
        filled=filled,
        stroked=stroked,
    )


def _words(sheet: Any) -> Iterator[Word]:
    level = sheet.filter(lambda item: item["object_type"] != "char" or bool(item["upright"]))
    for word in level.extract_words(use_text_flow=False, x_tolerance=1.5, keep_blank_chars=False):
        places = (float(word[side]) for side in ("x0", "top", "x1", "bottom"))
        left, top, right, bottom = places
        yield Word(str(word["text"]), left, top, right, bottom)
    yield from _turned_words([char for char in sheet.chars if not char["upright"] and str(char["text"]).strip()])


def _turned_words(chars: list[dict[str, Any]]) -> Iterator[Word]:
    """Letters that run upwards joined into words, each from its lowest letter."""
    line: list[dict[str, Any]] = []
    for char in [*sorted(chars, key=lambda char: (round(char["x0"]), -char["bottom"])), None]:
        if line and (char is None or not _goes_on(line[-1], char)):
            yield Word(
                "".join(str(one["text"]) for one in line),
                min(float(one["x0"]) for one in line),
                float(line[-1]["top"]),
                max(float(one["x1"]) for one in line),
                float(line[0]["bottom"]),
                upright=False,
            )
            line = []
        if char is not None:
            line.append(char)


def _goes_on(last: dict[str, Any], char: dict[str, Any]) -> bool:
    """Whether a letter is just above another in the same line of upward text."""
    gap = float(last["top"]) - float(char["bottom"])
    size = float(last["x1"]) - float(last["x0"])
    return abs(float(last["x0"]) - float(char["x0"])) < 0.3 * size and -0.3 * size < gap < 0.2 * size


def large_pictures(source: Path | bytes, page: int, share: float, name: str) -> int:
    """Number of pictures on a page (from 1) filling a given share of its width and half that share of its height.

    Raises
    ------
    InputError
        If the PDF is broken, locked by a password or too large.
    """
    with _complaints(name), extra("pdfplumber").open(io.BytesIO(_data(source, name)), pages=[page]) as document:
        sheet = document.pages[0]
        wide, tall = share * float(sheet.width), share / 2 * float(sheet.height)
        return sum(item["x1"] - item["x0"] > wide and item["bottom"] - item["top"] > tall for item in sheet.images)
