"""The report as a tagged, byte-reproducible PDF: the document as JSON, typeset by Typst with `templates/paper.typ`."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from resurvey.errors import ResurveyError
from resurvey.figures.letters import Letters
from resurvey.report import typeset
from resurvey.report.document import Document, Figure, flat
from resurvey.report.paper import paper
from resurvey.report.template_files import template_text

TEMPLATE = "paper.typ"


def render_pdf(document: Document, own: Path | None = None) -> bytes:
    """The report as a PDF.

    Parameters
    ----------
    document : Document
    own : Path, optional
        Folder of a project's own templates.

    Returns
    -------
    bytes
        A tagged PDF (PDF/UA-1) without dates; long tables are in an appendix.

    Raises
    ------
    ResurveyError
        If Typst rejects the template; the message is from Typst.
    """
    with typesetting(document, own) as made:
        return made()


@contextmanager
def typesetting(document: Document, own: Path | None = None) -> Iterator[Callable[[], bytes]]:
    """Start typesetting in the background; the callable it yields waits for the PDF, as `render_pdf` does."""
    with tempfile.TemporaryDirectory() as folder:
        source, made = Path(folder) / TEMPLATE, Path(folder) / "made.pdf"
        letters = _written(document, source, own)
        # In a separate process, because memory used for typesetting is only released when the process ends.
        command = [sys.executable, "-m", typeset.__name__, str(source), str(made), json.dumps(letters.families)]
        with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as process:

            def wait() -> bytes:
                _, complaint = process.communicate()
                if process.returncode:
                    raise ResurveyError(f"the report could not be typeset as PDF by {TEMPLATE}: {complaint.strip()}")
                return made.read_bytes()

            try:
                yield wait
            finally:
                process.kill()  # has an effect only if something else failed in the meantime


def _written(document: Document, source: Path, own: Path | None) -> Letters:
    """Write the template, the document and its figures, and the fonts needed for its characters."""
    source.write_text(template_text(TEMPLATE, own), encoding="utf-8")
    letters = Letters()
    values = json.dumps(paper(document, lambda text: letters.legible(" ".join(text.splitlines()))), ensure_ascii=False)
    (source.parent / "paper.json").write_text(values, encoding="utf-8")
    for block in flat(document.blocks):
        if isinstance(block, Figure) and block.printed:
            (source.parent / f"{block.anchor}.svg").write_bytes(block.svg.read_bytes())
    (source.parent / "fonts").mkdir()
    for number, file in enumerate(letters.files):
        (source.parent / "fonts" / f"{number}-{file.name}").write_bytes(file.read_bytes())
    letters.warn()
    return letters
