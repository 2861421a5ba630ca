"""The report as a neutral document: its sections in the reader's order."""

from __future__ import annotations

from resurvey.report.audit_section import audit
from resurvey.report.comparisons import comparisons
from resurvey.report.design_section import design
from resurvey.report.document import Block, Document
from resurvey.report.evidence import evidence
from resurvey.report.findings import findings
from resurvey.report.inputs import Results
from resurvey.report.limits import limits
from resurvey.report.methods import cited_references, methods
from resurvey.report.provenance import provenance
from resurvey.report.reconstruction import reconstruction

SECTIONS = (findings, evidence, audit, reconstruction, design, comparisons, limits, methods, provenance)


def report_document(results: Results) -> Document:
    """The whole report.

    Parameters
    ----------
    results : Results
        Tables of a run; those a project has not are empty, and their sections say so or are left out.

    Returns
    -------
    Document
        Every number in its words is read from `results`.
    """
    blocks: tuple[Block, ...] = tuple(block for section in SECTIONS for block in section(results))
    return Document(results.choices.title, results.choices.question, blocks, cited_references(blocks))
