"""Read a paper into draft tables: `document(path)`, `claims(document)`, `draft(claims)`.

Reading is by rules alone: no language model, no network access, no downloads. The same paper always gives identical
rows.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from resurvey.read.objects import Cell, Claim, Document, Draft, Finding, Paragraph, Span, Table
from resurvey.read.sources import open_document as document

__all__ = ["Cell", "Claim", "Document", "Draft", "Finding", "Paragraph", "Span", "Table", "claims", "document", "draft"]


def claims(document: Document) -> list[Claim]:
    """All numerical claims of a document, in the order of the document.

    Parameters
    ----------
    document : Document
        As returned by `document(path)`.

    Returns
    -------
    list of Claim
        Numbers as printed, with their spans, the rule that found each claim and notes on uncertainty.
    """
    from resurvey.read import interval_methods, lexicon, prose, table_claims

    known = lexicon.learn(document)
    found: list[Claim] = []
    for block in document.blocks:
        found += table_claims.claims(block, known) if isinstance(block, Table) else prose.claims(block, known)
    return interval_methods.with_methods(found, document) + lexicon.names(document, known)


def draft(claims: Iterable[Claim], source_id: str = "paper", study_id: str = "") -> list[Draft]:
    """Draft rows of the tables of data/raw, all unconfirmed.

    Parameters
    ----------
    claims : iterable of Claim
        As returned by `claims(document)`.
    source_id, study_id : str
        Ids of the document and of the study it reports; `study_id` defaults to `source_id`.

    Returns
    -------
    list of Draft
        In the order of the claims.
    """
    from resurvey.read import drafting

    return drafting.drafts(claims, source_id, study_id or source_id)


def read(path: Path) -> tuple[Document, list[Claim]]:
    """A document and its claims."""
    opened = document(path)
    return opened, claims(opened)
