"""Find the figures of a PDF paper by their axes and suggest them for digitising."""

from __future__ import annotations

import re
from pathlib import Path
from shlex import quote

from resurvey.digitise import pdf_drawings
from resurvey.digitise.axes import find_panels
from resurvey.digitise.extras import extra
from resurvey.errors import InputError

MOST_PAGES = 60
ABOUT = re.compile(r"\bfig(ure|\.)|at\s+risk|kaplan|surviv", re.IGNORECASE)
# Smallest size of a picture that may be a figure, as a share of the page's width and height.
LARGE = 0.3


def offers(path: Path) -> list[str]:
    """One line for each page of a PDF that holds a figure with axes, or a large picture that may be a figure.

    The list is empty for other files, if the optional libraries are missing, or if the PDF cannot be read.
    """
    if path.suffix.lower() != ".pdf":
        return []
    try:
        return [f"page {page}: {words}: {_command(path, page)}" for page, words in _pages(path.read_bytes(), path.name)]
    except (InputError, OSError):
        return []


def _command(path: Path, page: int) -> str:
    return f"resurvey digitise {quote(str(path))} --page {page} --into figures"


def _pages(data: bytes, name: str) -> list[tuple[int, str]]:
    library = extra("pypdfium2")
    try:
        document = library.PdfDocument(data)
    except library.PdfiumError:
        return []
    try:
        likely = [k + 1 for k in range(min(len(document), MOST_PAGES)) if _about_survival(document[k])]
    finally:
        document.close()
    found = []
    for page in likely:
        try:
            drawing = pdf_drawings.page_drawing(data, page, name)
        except pdf_drawings.CrowdedPageError:
            found.append((page, "very many lines that may be a figure"))
            continue
        panels = find_panels(drawing.words)
        if panels:
            found.append((page, f"a figure with {len(panels)} pair{'s' if len(panels) > 1 else ''} of axes"))
        elif pdf_drawings.large_pictures(data, page, LARGE, name):
            found.append((page, "a picture that may be a figure"))
    return found


def _about_survival(page: object) -> bool:
    text = page.get_textpage().get_text_range()  # type: ignore[attr-defined]
    return bool(ABOUT.search(text)) or len(text.strip()) < 200
