"""Prepare a file for reading: a picture and words, a drawing if there is one, and the scale between the two."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from resurvey.digitise import eps, ocr, pdf_drawings, svg
from resurvey.digitise.axes import MOST_WORK, find_panels, search_axes
from resurvey.digitise.digitised import Word
from resurvey.digitise.drawing import Drawing
from resurvey.digitise.label_lines import Budget
from resurvey.digitise.numbers import plain
from resurvey.digitise.picture import read_picture
from resurvey.errors import InputError

PICTURES = (".png", ".jpg", ".jpeg", ".tif", ".tiff", ".bmp", ".gif", ".webp")
VECTORS = (".svg", ".pdf", ".eps", ".ps")
MOST_PAGES = 60
# Search budget of a document, in pages; and the number of words above which a picture is a page of text, read once.
DOCUMENT = 3
MOST_WORDS = 400
# Factors by which small pictures are enlarged if no axes are found, and the largest side after enlargement.
ENLARGED, LARGEST = (2, 3), 2_800
# Grey levels between paper and darkest ink below which a picture holds nothing to read.
FAINTEST = 20
# Pixels per point at which a page is drawn: enough for a line half a point wide.
SCALE = 3.0


@dataclass(frozen=True)
class Page:
    """One page: its words in pixels of its picture, and its drawing (in units of `scale` pixels) if it is vector."""

    picture: np.ndarray
    words: tuple[Word, ...]
    drawing: Drawing | None = None
    scale: float = 1.0


def read_page(path: Path, page: int | None) -> Page:
    """The page of a file that holds a figure: the one asked for, or the first with axes.

    Raises
    ------
    InputError
        If the file is missing, of an unknown type, broken or too large, or has no such page.
    """
    if not path.is_file():
        raise InputError(f"{path}: no such file")
    kind = path.suffix.lower()
    if kind in PICTURES:
        if page not in (None, 1):
            raise InputError(f"{path.name}: a picture has one page, not page {page}")
        picture = read_picture(path)
        return Page(picture, tuple(words_of(picture)))
    if kind == ".svg":
        return _drawn(svg.read_svg(path, path.name))
    if kind in (".eps", ".ps"):
        return _of_pdf(eps.as_pdf(path), page, path.name)
    if kind == ".pdf":
        if path.stat().st_size > pdf_drawings.MOST_BYTES:
            raise InputError(
                f"{path.name}: {path.stat().st_size:,} bytes; at most {pdf_drawings.MOST_BYTES:,} are read"
            )
        return _of_pdf(path.read_bytes(), page, path.name)
    raise InputError(f"{path.name}: unknown kind {kind!r}; known are {', '.join((*PICTURES, *VECTORS))}")


def _of_pdf(data: bytes, page: int | None, name: str) -> Page:
    count = pdf_drawings.page_count(data, name)
    if page is not None and not 1 <= page <= count:
        raise InputError(f"{name} has {count} pages, no page {page}")
    budget = Budget(DOCUMENT * MOST_WORK)
    crowded = []
    for number in [page] if page is not None else range(1, min(count, MOST_PAGES) + 1):
        try:
            drawing = pdf_drawings.page_drawing(data, number, name)
        except pdf_drawings.CrowdedPageError:
            if count == 1 or page is not None:
                return _as_picture(data, number, name)
            crowded.append(number)
            continue
        if count == 1 or page is not None or search_axes(drawing.words, budget).panels:
            return _rendered(drawing, data, number, name)
        if budget.spent:
            raise InputError(f"{name}: too many numbers to search up to page {number}; name the page (--page)")
    passed = f" (too many lines to search: page {', '.join(map(str, crowded))})" if crowded else ""
    raise InputError(f"{name}: no page of {count} holds axes as text{passed}; name the page of the figure (--page)")


def _as_picture(data: bytes, number: int, name: str) -> Page:
    """A page of too many lines, read as the picture they paint."""
    picture = pdf_drawings.page_picture(data, number, SCALE, name)
    return Page(picture, tuple(words_of(picture)))


def _rendered(drawing: Drawing, data: bytes, number: int, name: str) -> Page:
    picture = pdf_drawings.page_picture(data, number, SCALE, name)
    scale = picture.shape[1] / drawing.size[0]
    return _with_words(drawing, picture, scale)


def _drawn(drawing: Drawing) -> Page:
    picture, scale = svg.painted(drawing)
    return _with_words(drawing, picture, scale)


def _with_words(drawing: Drawing, picture: np.ndarray, scale: float) -> Page:
    """Words of the file itself, or read from the picture if those give no axes (letters drawn as outlines)."""
    if find_panels(drawing.words):
        return Page(picture, tuple(scaled(word, scale) for word in drawing.words), drawing, scale)
    read = words_of(picture)
    words = tuple(scaled(word, 1 / scale) for word in read)
    return Page(picture, tuple(read), replace(drawing, words=words), scale)


def words_of(picture: np.ndarray) -> list[Word]:
    """Words of a picture; if they give no axes, also words that run upwards, and then small words enlarged."""
    if np.ptp(picture) < FAINTEST:
        return []
    words = ocr.read_words(picture)
    if find_panels(words) or len(words) > MOST_WORDS:
        return words
    turned = over(ocr.read_turned(picture), words)
    if find_panels(turned):
        return turned
    for factor in ENLARGED:
        if factor * max(picture.shape[:2]) <= LARGEST:
            found = _words_enlarged(picture, factor)
            if found:
                return found
    return words


def _words_enlarged(picture: np.ndarray, factor: int) -> list[Word]:
    """Words of the enlarged picture, horizontal or running upwards, if they give axes; otherwise none."""
    larger = ocr.enlarged(picture, factor)
    read = [scaled(word, 1 / factor) for word in ocr.read_words(larger)]
    if find_panels(read):
        return read
    again = over([scaled(word, 1 / factor) for word in ocr.read_turned(larger)], read)
    return again if find_panels(again) else []


def over(chosen: list[Word], words: list[Word]) -> list[Word]:
    """Chosen numbers, plus other words that lie elsewhere or are numbers read with a higher score."""
    numbers = [word for word in chosen if plain(word.text)]
    surer = [word for word in words if plain(word.text) and _surest(word, numbers)]
    numbers = [word for word in numbers if not any(_overlap(word, other) for other in surer)]
    clear = [word for word in words if not any(_overlap(word, other) for other in [*numbers, *surer])]
    return numbers + surer + clear


def _surest(word: Word, others: list[Word]) -> bool:
    scores = [other.score for other in others if _overlap(word, other)]
    return bool(scores) and word.score > max(scores)


def _overlap(a: Word, b: Word) -> bool:
    return min(a.right, b.right) >= max(a.left, b.left) and min(a.bottom, b.bottom) >= max(a.top, b.top)


def scaled(word: Word, factor: float) -> Word:
    """A word converted to other units."""
    return replace(
        word, left=word.left * factor, top=word.top * factor, right=word.right * factor, bottom=word.bottom * factor
    )
