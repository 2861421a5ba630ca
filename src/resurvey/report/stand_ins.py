"""Replacement for an edition that could not be made: a file of the same format that says why."""

from __future__ import annotations

import io
from datetime import datetime
from html import escape

PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Not made</title>
<meta http-equiv="Content-Security-Policy" content="default-src 'none'"></head><body><p>{}</p></body></html>
"""
TYPST = b'#set document(date: none)\n#set text(font: "Libertinus Serif")\n#sys.inputs.said'


def stand_in(kind: str, said: str) -> bytes:
    """A file of the given kind with one sentence; `kind` is html, library, rows, docx, pdf or xlsx."""
    writers = {"html": _html, "library": _script, "rows": _script, "docx": _docx, "pdf": _pdf, "xlsx": _xlsx}
    return writers[kind](said)


def _html(said: str) -> bytes:
    return PAGE.format(escape(said)).encode("utf-8")


def _script(said: str) -> bytes:
    return f"// {' '.join(said.split())}\n".encode()


def _docx(said: str) -> bytes:
    import docx

    from resurvey.report.docx import legible, settled

    word, stream = docx.Document(), io.BytesIO()
    word.core_properties.created = datetime(2000, 1, 1)
    word.add_paragraph(legible(said))
    word.save(stream)
    return settled(stream.getvalue())


def _pdf(said: str) -> bytes:
    import typst

    # Not tagged: a tagged PDF rejects characters that no font has, and a reason may contain any character.
    return bytes(typst.compile(TYPST, format="pdf", ignore_system_fonts=True, sys_inputs={"said": said}))


def _xlsx(said: str) -> bytes:
    import xlsxwriter

    stream = io.BytesIO()
    book = xlsxwriter.Workbook(stream, {"in_memory": True})
    book.set_properties({"created": datetime(2000, 1, 1)})
    book.add_worksheet("Not made").write_string(0, 0, said)
    book.close()
    return stream.getvalue()
