"""The whole report of a run: read, put into words, written in each format."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Mapping
from pathlib import Path
from typing import Any

from resurvey.provenance import file_digest
from resurvey.report.content import Appendix, page_document, paper_document
from resurvey.report.crate import Run, crate_metadata
from resurvey.report.docx import render_docx
from resurvey.report.html import render_html
from resurvey.report.inputs import Choices, read_results
from resurvey.report.pdf import typesetting
from resurvey.report.provenance_section import versions
from resurvey.report.workbook import render_workbook


def digests(paths: Iterable[Path]) -> dict[str, str]:
    """SHA-256 of every file, by its name as given; folders are left out."""
    return {path.as_posix(): file_digest(path) for path in sorted(set(paths)) if path.is_file()}


def report(
    files: Mapping[str, Any], choices: Choices, checked: Iterable[Path], place: Path
) -> Generator[tuple[str, bytes]]:
    """The report in every format, one after the other, so that the caller can let go of each.

    The PDF is typeset by a process of its own meanwhile, which ends with the iterator: take all, or close it.

    Parameters
    ----------
    files : mapping
        As `read_results` takes them.
    choices : Choices
    checked : iterable of Path
        Files whose checksums the report lists.
    place : Path
        Folder that the page will lie in.

    Yields
    ------
    (format, bytes)
        xlsx, docx, html, pdf.
    """
    results = read_results(files, choices, digests(checked))
    paper = paper_document(results, Appendix(choices.appendix), choices.templates)
    with typesetting(paper) as pdf:
        yield "xlsx", render_workbook(results)
        yield "docx", render_docx(paper)
        yield "html", render_html(page_document(results, choices.templates), place).encode("utf-8")
        yield "pdf", pdf()


def record(choices: Choices, checked: Iterable[Path], crate: Path, workflow: Path) -> str:
    """RO-Crate metadata of the run whose files lie in the folder of `crate` (the metadata file).

    Parameters
    ----------
    choices : Choices
    checked : iterable of Path
        Files read and made: those in the crate's folder are results, the others inputs.
    crate, workflow : Path
        The metadata file to be, and the copy of the Snakefile in its folder.
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
