"""The report as format-independent documents: the printed dossier, and the complete HTML page."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from enum import StrEnum
from pathlib import Path

from resurvey.report.answer import answer
from resurvey.report.audit_section import audit, findings_appendix
from resurvey.report.comparisons_section import comparisons
from resurvey.report.design_section import design
from resurvey.report.document import Block, Document
from resurvey.report.dossier import dossier
from resurvey.report.evidence_section import evidence
from resurvey.report.inputs import Results
from resurvey.report.limits import limits
from resurvey.report.methods_section import cited_references, methods
from resurvey.report.provenance_section import provenance, record
from resurvey.report.reconstruction import reconstruction

Section = Callable[[Results], Iterable[Block]]
EVERYTHING: tuple[Section, ...] = (evidence, audit, reconstruction, design, comparisons)


class Appendix(StrEnum):
    """Appendix of the printed report."""

    NONE = "none"
    FINDINGS = "findings"
    ALL = "all"


def page_document(results: Results, own: Path | None = None) -> Document:
    """The HTML page: the answer, then all sections, with long parts collapsed.

    Parameters
    ----------
    results : Results
        Tables of a run. A table that the project does not have is empty; its section says so or is omitted.
    own : Path, optional
        Folder of a project's own templates.

    Returns
    -------
    Document
        Every number in its text is read from `results`.
    """
    return _document(results, answer(results, own), EVERYTHING, closing(results, own), (provenance,))


def paper_document(results: Results, appendix: Appendix = Appendix.NONE, own: Path | None = None) -> Document:
    """The dossier: the answer, the evidence, findings, each comparison, limits and methods.

    Parameters
    ----------
    results, own
        As for `page_document`.
    appendix : Appendix
        With `all`, every section of the page follows the answer instead.
    """
    if appendix == Appendix.ALL:
        return page_document(results, own)
    more: tuple[Section, ...] = (findings_appendix,) if appendix == Appendix.FINDINGS else ()
    opening = (*answer(results, own), *dossier(results, own))
    return _document(results, opening, (), closing(results, own), (record, *more))


def closing(results: Results, own: Path | None) -> tuple[Block, ...]:
    """The closing sections of both documents."""
    return (*limits(results, own), *methods(results, own))


def _document(
    results: Results,
    opening: Iterable[Block],
    sections: Iterable[Section],
    ending: Iterable[Block],
    last: Iterable[Section],
) -> Document:
    middle = (block for section in sections for block in section(results))
    blocks = (*opening, *middle, *ending, *(block for section in last for block in section(results)))
    return Document(results.choices.title, results.choices.question, blocks, cited_references(blocks))
