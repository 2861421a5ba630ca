"""From a paper to draft tables: `document(path)`, `claims(document)`, `draft(claims)`.

Rules only: no language model, no network, nothing downloaded. The same paper gives the same rows, byte for byte.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from resurvey.read.objects import Cell, Claim, Document, Draft, Finding, Paragraph, Span, Table
from resurvey.read.sources import open_document as document

__all__ = ["Cell", "Claim", "Document", "Draft", "Finding", "Paragraph", "Span", "Table", "claims", "document", "draft"]


def claims(document: Document) -> list[Claim]:
    """Everything a document says in numbers, in the order it says it.

    Parameters
    ----------
    document : Document
        As `document(path)` gives it.

    Returns
    -------
    list of Claim
        Numbers as printed, with their spans, the rule that found each and what is uncertain.
    """
    from resurvey.read import lexicon, prose, table_claims

    known = lexicon.learn(document)
    found: list[Claim] = []
    for block in document.blocks:
        found += table_claims.claims(block, known) if isinstance(block, Table) else prose.claims(block, known)
    return found + lexicon.names(document, known)


def draft(claims: Iterable[Claim], source_id: str = "paper", study_id: str = "") -> list[Draft]:
    """Draft rows of the tables of data/raw, none of them confirmed.

    Parameters
    ----------
    claims : iterable of Claim
        As `claims(document)` gives them.
    source_id, study_id : str
        Ids of the document and of the study it reports; the study's is the document's where not given.

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
