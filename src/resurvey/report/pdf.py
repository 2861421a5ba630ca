"""The report as PDF: the document as JSON, set by Typst with `templates/paper.typ`; tagged, the same bytes always."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import resources
from pathlib import Path

from resurvey.errors import ResurveyError
from resurvey.figures.letters import Letters
from resurvey.report import typeset
from resurvey.report.document import Document, Figure, flat
from resurvey.report.paper import paper

TEMPLATE = "paper.typ"


def render_pdf(document: Document, own: Path | None = None) -> bytes:
    """The report on paper.

    Parameters
    ----------
    document : Document
    own : Path, optional
        Folder of a project's own templates.

    Returns
    -------
    bytes
        A tagged PDF (PDF/UA-1) without dates; long tables stand in an appendix.

    Raises
    ------
    ResurveyError
        If Typst refuses the template; the message is Typst's.
    """
    with typesetting(document, own) as made:
        return made()


@contextmanager
def typesetting(document: Document, own: Path | None = None) -> Iterator[Callable[[], bytes]]:
    """Start typesetting in the background; the callable that is returned waits for the PDF, as `render_pdf`."""
    with tempfile.TemporaryDirectory() as folder:
        source, made = Path(folder) / TEMPLATE, Path(folder) / "made.pdf"
        letters = _written(document, source, own)
        # In a process of its own: the memory that typesetting takes is not given back within one.
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
                process.kill()  # of use only where something else failed meanwhile


def _written(document: Document, source: Path, own: Path | None) -> Letters:
    """Write the template, the document and its drawings; the fonts that its letters need."""
    template = resources.files("resurvey.report").joinpath("templates", TEMPLATE).read_text(encoding="utf-8")
    if own and (own / TEMPLATE).is_file():
        template = (own / TEMPLATE).read_text(encoding="utf-8")
    source.write_text(template, encoding="utf-8")
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
