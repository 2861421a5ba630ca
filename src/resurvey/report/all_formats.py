"""The complete report of a run: read the results, compose the text, write each format."""

from __future__ import annotations

import logging
from collections.abc import Callable, Generator, Iterable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

from resurvey.errors import ResurveyError
from resurvey.provenance import file_digest
from resurvey.report.content import Appendix, page_document, paper_document
from resurvey.report.crate import Run, crate_metadata
from resurvey.report.document import Document
from resurvey.report.docx import render_docx
from resurvey.report.html import library_script, render_html, rows_script
from resurvey.report.inputs import Choices, read_results
from resurvey.report.pdf import typesetting
from resurvey.report.provenance_section import versions
from resurvey.report.workbook import render_workbook

Made = TypeVar("Made")
logger = logging.getLogger(__name__)


def digests(paths: Iterable[Path]) -> dict[str, str]:
    """SHA-256 of every file, keyed by its path as given; folders are skipped."""
    return {path.as_posix(): file_digest(path) for path in sorted(set(paths)) if path.is_file()}


@dataclass(frozen=True)
class Edition:
    """The report in one format.

    Attributes
    ----------
    kind : str
        xlsx, docx, html, library and rows (the script files that the page loads) or pdf.
    content : bytes
        Empty if it could not be made.
    failure : str
        Why it could not be made; empty if it was made.
    """

    kind: str
    content: bytes
    failure: str = ""


def report(files: Mapping[str, Any], choices: Choices, checked: Iterable[Path], place: Path) -> Generator[Edition]:
    """Make the report in every format, one at a time, so that the caller can release each before the next.

    The editions are independent: if one cannot be made, its `failure` says why and the others are still made. The PDF
    is typeset in a separate process, which ends with the iterator: exhaust the iterator or close it.

    Parameters
    ----------
    files : mapping
        As for `read_results`.
    choices : Choices
    checked : iterable of Path
        Files whose checksums the report lists.
    place : Path
        Folder in which the page will be placed.

    Yields
    ------
    Edition
        xlsx, docx, html, library, rows, pdf.
    """
    results, own = read_results(files, choices, digests(checked)), choices.templates
    with ExitStack() as stack:

        @cache
        def paper() -> Document:
            return paper_document(results, Appendix(choices.appendix), own)

        @cache
        def page() -> Document:
            return page_document(results, own)

        def begun() -> Callable[[], bytes]:
            return stack.enter_context(typesetting(paper(), own))

        typeset, failure = _tried(begun)  # started first, because it takes longest and runs in parallel
        yield _edition("xlsx", lambda: render_workbook(results))
        yield _edition("docx", lambda: render_docx(paper(), own))
        yield _edition("html", lambda: render_html(page(), place, own).encode("utf-8"))
        yield _edition("library", lambda: library_script().encode("ascii"))
        yield _edition("rows", lambda: rows_script(page(), own).encode("ascii"))
        yield _edition("pdf", typeset) if typeset else Edition("pdf", b"", failure)


def _edition(kind: str, make: Callable[[], bytes]) -> Edition:
    content, failure = _tried(make)
    return Edition(kind, b"", failure) if content is None else Edition(kind, content)


def _tried(make: Callable[[], Made]) -> tuple[Made | None, str]:
    """Make one edition and return it with an empty message; if it fails, return None and the reason."""
    try:
        return make(), ""
    except Exception as error:
        logger.exception("an edition of the report could not be made")
        return None, f"{error}" if isinstance(error, ResurveyError) else f"{type(error).__name__}: {error}"


def record(choices: Choices, checked: Iterable[Path], crate: Path, workflow: Path) -> str:
    """RO-Crate metadata of the run whose files are in the folder of `crate` (the metadata file).

    Parameters
    ----------
    choices : Choices
    checked : iterable of Path
        Files read and written: those in the folder of the crate are results, the others inputs.
    crate, workflow : Path
        The metadata file to be written, and the copy of the Snakefile in its folder.
    """
    root = crate.parent
    found = digests(checked)
    outputs = {Path(name).relative_to(root).as_posix(): value for name, value in found.items() if _within(name, root)}
    inputs = {name: value for name, value in found.items() if not _within(name, root)}
    run = Run(
        title=choices.title,
        question=choices.question,
        workflow=workflow.relative_to(root).as_posix(),
        inputs=inputs,
        outputs={name: value for name, value in outputs.items() if name != workflow.relative_to(root).as_posix()},
        versions=versions(),
    )
    return crate_metadata(run)


def _within(name: str, root: Path) -> bool:
    return Path(name).is_relative_to(root)
