"""A PDF as a document: headings, paragraphs and tables built from the lines of its pages."""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence

from resurvey.errors import InputError
from resurvey.read.normal import squeeze
from resurvey.read.objects import Document
from resurvey.read.sources.build import Builder, Grid
from resurvey.read.sources.pdf_layout import (
    FIGURE,
    Piece,
    at_edge,
    body_type,
    columns_of,
    gutters,
    pieces_of,
    repeated_texts,
    split_at,
)
from resurvey.read.sources.pdf_order import regions_of
from resurvey.read.sources.pdf_tables import find_tables
from resurvey.read.sources.pdf_text import Page, mend_signs, pages_of
from resurvey.read.sources.plain_text import LAST, TOP

# Characters per page; a lower average indicates a scan with only page numbers as text.
LEAST_TEXT = 60
RUN_IN = re.compile(
    r"^(?P<name>Background|Objectives?|Aims?|Purpose|Methods|Methods "
    r"and results|Patients and methods|Materials and methods|Results|"
    r"Findings|Conclusions?|Interpretation)\s?[:.]?\s(?=[A-Z0-9])"
)


def read_pdf(content: bytes, name: str) -> Document:
    """A document from a PDF.

    Raises
    ------
    InputError
        If the file is broken, is locked by a password, or has no text layer (a scan).
    """
    pages = pages_of(content, name)
    letters = sum(len(word.text) for page in pages for word in page.words)
    if letters < LEAST_TEXT * max(1, len(pages)):
        raise InputError(
            f"{name}: it has no text layer (a scan or pictures of pages); give JATS, HTML, or a PDF with text"
        )
    build = Builder(name, "PDF")
    compose(mend_signs(pages), build)
    return build.document()


def compose(pages: Sequence[Page], build: Builder) -> None:
    """Fill a document: running heads removed, tables first, the rest as paragraphs in reading order."""
    repeated = repeated_texts(pages)
    body, font = body_type(pages)
    writer = Writer(build, body, font)
    inner = [[word for word in page.words if not at_edge(word, page, repeated)] for page in pages]
    for page, words, gutter in zip(pages, inner, gutters(pages, inner), strict=True):
        tables, left = find_tables(words, page, gutter, body)
        for region in regions_of(left):
            for column in columns_of(split_at(pieces_of(region), gutter), gutter):
                writer.column(column)
        for table in tables:
            writer.table(table)
    writer.finish()


class Writer:
    """Combines lines into paragraphs under their headings."""

    def __init__(self, build: Builder, body: float, font: str):
        self.build, self.body, self.font = build, body, font
        self.path: list[str] = []
        self.parts: list[str] = []
        self.kind = "text"
        self.done = False
        self.started = False

    def column(self, pieces: list[Piece]) -> None:
        """Lines of one column in order."""
        if not pieces:
            return
        left = sorted(piece.x0 for piece in pieces)[len(pieces) // 10]
        right = sorted(piece.x1 for piece in pieces)[-(len(pieces) // 10) - 1]
        lines: list[Piece | None] = [*_lines(pieces), None]
        last: Piece | None = None
        for line, following in itertools.pairwise(lines):
            if line is not None:
                self._line(line, last, following, left, right)
            last = line

    def _line(self, line: Piece, last: Piece | None, following: Piece | None, left: float, right: float) -> None:
        text = line.text
        gap = last is not None and line.top - last.bottom > 0.75 * line.size
        if self._heading(line, text, last, following, gap):
            return
        short_before = (
            last is not None and last.x1 < right - 3 * line.size and self.parts and self.parts[-1].endswith((".", ":"))
        )
        indented = line.x0 > left + 0.7 * line.size and last is not None and last.x0 <= left + 0.5 * line.size
        resized = last is not None and abs(last.size - line.size) > 0.8
        if FIGURE.match(text) and (last is None or gap or resized or line.bold):
            self._flush()
            self.kind = "caption"
        elif self.parts and (
            short_before
            or (indented and self.parts[-1].rstrip()[-1:] in ".:?!")
            or (gap and self.parts[-1].rstrip()[-1:] in ".:?!")
            or resized
        ):
            self._flush()
        self.parts.append(text)

    def _heading(self, line: Piece, text: str, last: Piece | None, following: Piece | None, gap: bool) -> bool:
        plain = re.sub(r"^\d{1,2}(?:\.\d{1,2})*\.?\s+", "", text).strip(" .:")
        known = TOP.match(plain)
        alone = following is None or following.font != line.font or abs(following.size - line.size) > 0.4
        distinct = line.bold or text.isupper() or (alone and (line.size > self.body + 0.8 or line.font != self.font))
        short = len(plain.split()) <= 12 and len(plain) < 100 and plain[:1].isupper() and not plain.endswith((",", ";"))
        if known and len(plain) < 40:
            self._flush()
            self.done = self.done or bool(LAST.match(plain))
            if not LAST.match(plain):
                self.done = False
            self.path = [plain.capitalize()]
            return True
        if (
            distinct
            and short
            and (last is None or gap or abs(last.size - line.size) > 0.4 or line.font != last.font)
            and re.search(r"[^\W\d_]{4}", plain)
            and not re.search(r"\d{3,}|=", plain)
            and (not self.parts or self.parts[-1].rstrip()[-1:] in ".:?!")
        ):
            self._flush()
            if not self.build.about.get("title") and line.size > self.body + 2:
                self.build.about["title"] = plain
            self.path = [*self.path[:1], plain]
            return True
        return False

    def table(self, table: tuple[str, str, Grid, str]) -> None:
        """Add a table."""
        self._flush(keep_open=True)
        label, caption, grid, notes = table
        self.build.table(label, caption, grid, notes, tuple(self.path))

    def _flush(self, *, keep_open: bool = False) -> None:
        text = squeeze(_unbroken(self.parts))
        if keep_open and text and text[-1] not in ".:?!":
            return
        self.parts = []
        kind, self.kind = self.kind, "text"
        if not text or self.done:
            return
        if kind == "caption":
            label = FIGURE.match(text)
            self.build.paragraph((f"{label.group() if label else 'Figure'} legend",), text, "caption")
            return
        section = tuple(self.path)
        run_in = RUN_IN.match(text)
        if run_in and (not section or section[0].lower() in ("abstract", "summary", "aims")):
            section = ("Abstract", run_in["name"])
        self.build.paragraph(section, text)

    def finish(self) -> None:
        """Write what remains."""
        self._flush()


def _lines(pieces: list[Piece]) -> list[Piece]:
    """Pieces at the same height in a column as one line."""
    made: list[Piece] = []
    for piece in pieces:
        if made and abs(made[-1].middle - piece.middle) < 0.5 * piece.size and piece.x0 >= made[-1].x1 - 1:
            made[-1] = Piece([*made[-1].words, *piece.words])
        else:
            made.append(piece)
    return made


def _unbroken(parts: Sequence[str]) -> str:
    text = ""
    for part in parts:
        if re.search(r"[a-z]-$", text) and part[:1].islower():
            text = text[:-1] + part
        elif re.search(r"[\w)]-$|–$", text):
            text += part
        else:
            text += (" " if text else "") + part
    return text
