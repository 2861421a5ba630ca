"""Open a paper: JATS, HTML, text, Markdown or PDF, recognised by content and file name."""

from __future__ import annotations

import importlib
from pathlib import Path

from resurvey.errors import InputError
from resurvey.read.objects import Document, Paragraph
from resurvey.read.sources.language import in_another_language

MAX_BYTES = 60_000_000
READERS = {
    "jats": ("resurvey.read.sources.jats", "read_jats"),
    "html": ("resurvey.read.sources.html_text", "read_html"),
    "text": ("resurvey.read.sources.plain_text", "read_text"),
    "pdf": ("resurvey.read.sources.pdf_document", "read_pdf"),
}
SUFFIXES = (".nxml", ".xml", ".html", ".htm", ".xhtml", ".txt", ".text", ".md", ".markdown", ".pdf")


def open_document(path: Path | str) -> Document:
    """The document read from a file.

    Raises
    ------
    InputError
        If the file is missing, not permitted to be read, too large, empty, of an unsupported type (DOCX, a scan, an
        archive), or not in English.
    """
    file = Path(path)
    if not file.is_file():
        raise InputError(f"{file}: no such file")
    if file.stat().st_size > MAX_BYTES:
        raise InputError(f"{file.name}: it is over {MAX_BYTES // 1_000_000} MB; give the paper without its supplements")
    try:
        content = file.read_bytes()
    except OSError as error:
        raise InputError(f"{file.name}: it could not be opened ({error.strerror or error})") from None
    return from_bytes(content, file.name)


def from_bytes(content: bytes, name: str) -> Document:
    """The document read from a file's content; the extension of `name` decides the type if the content does not.

    Raises
    ------
    InputError
        If nothing in it can be read as a paper, or it is not in English.
    """
    module, function = READERS[kind_of(content, name)]
    document: Document = getattr(importlib.import_module(module), function)(content, name)
    if not document.blocks:
        raise InputError(
            f"{name}: nothing in it could be read as a paper" + "".join(f"; {words}" for words in document.refused)
        )
    if in_another_language(block.text for block in document.blocks if isinstance(block, Paragraph)):
        raise InputError(
            f"{name}: it is not in English, the only language that is read; an English abstract can be "
            "given as a text file"
        )
    return document


def kind_of(content: bytes, name: str) -> str:
    """Return `jats`, `html`, `text` or `pdf`.

    Raises
    ------
    InputError
        For unsupported content: an archive or DOCX, an image, an empty file.
    """
    start = content[:4096].lstrip(b"\xef\xbb\xbf \t\r\n")
    lower = start.lower()
    if not start:
        raise InputError(f"{name}: the file is empty")
    if start.startswith(b"%PDF"):
        return "pdf"
    if start.startswith(b"PK\x03\x04") or start.startswith(b"\xd0\xcf\x11\xe0"):
        raise InputError(f"{name}: it is a DOCX, EPUB or archive; save the paper as PDF, HTML or plain text")
    if start.startswith((b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"II*\x00", b"MM\x00*")):
        raise InputError(f"{name}: it is a picture; a paper is read from JATS, HTML, text, or a PDF with a text layer")
    if b"<!doctype html" in lower or b"<html" in lower:
        return "html"
    if (
        b"<article" in lower
        or b"<pmc-articleset" in lower
        or start.startswith(b"<?xml")
        or name.lower().endswith((".nxml", ".xml"))
    ):
        return "jats"
    if name.lower().endswith((".html", ".htm", ".xhtml")):
        return "html"
    if name.lower().endswith(".pdf"):
        return "pdf"
    return "text"
