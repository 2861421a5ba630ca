"""Limits: what this report cannot show."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from resurvey.plan import NetworkComparison, PoolComparison
from resurvey.report.document import Block, Bullets, Heading, Paragraph, Ref, Words, words
from resurvey.report.estimates import estimates_of, weighted_ratios
from resurvey.report.evidence import compared_studies
from resurvey.report.inputs import Results, rows
from resurvey.report.words import count, thousands


def limits(results: Results) -> Iterator[Block]:
    """The section of limits."""
    yield Heading(1, "Limits", "limits")
    yield Paragraph(words("What this report cannot show, however long one looks at it:"), lead=True)
    yield Bullets(tuple(_items(results)))


def _items(results: Results) -> Iterator[Words]:
    yield words(
        "A number that fits all others may still be wrong, and one that does not may be a slip of the pen without "
        "consequence. The audit finds contradictions, not causes."
    )
    sources = results.tables.get("sources", pd.DataFrame())
    second = [row for row in rows(sources) if row.get("read_as") in ("abstract", "elsewhere")]
    if second:
        yield words(
            f"{count(len(second), 'document')} of {thousands(len(sources))} were read as an abstract or as reported "
            "elsewhere, not in full. Their numbers may differ from the final publication."
        )
    graded = [row for row in rows(results.accuracy) if row["status"] == "rebuilt" and row["evidence"] == "summary"]
    if graded:
        yield words(
            f"{count(len(graded), 'group')} of patients were rebuilt from printed numbers alone. Their curves are "
            "possible ones. They may not be read beyond the last printed time, nor for details between printed points."
        )
    if any(entry.patient_groups for entry in results.choices.comparisons):
        weighted = any(weighted_ratios(estimates_of(results, entry.id)) for entry in results.choices.comparisons)
        yield words(
            "Groups of different studies differ in calendar time, earlier treatment, assessment schedules and "
            "patients. These differences were laid open",
            words(" (", Ref("tab-transitivity"), ")") if _shown(results) else None,
            " but adjusted for only where a study prints its results by subgroup, by weighting these to another mix"
            if weighted
            else " but not adjusted for",
            ": no document prints what an adjustment needs, patient by patient.",
        )
    pooled = [entry for entry in results.choices.comparisons if isinstance(entry, PoolComparison | NetworkComparison)]
    if pooled:
        yield words(
            "With few studies a comparison, differences among studies can hardly be told from chance, and a network "
            "without closed loops cannot test its own consistency."
        )
    yield words(
        "Many comparisons were made and none was corrected for their number. They are for weighing evidence, not for "
        "claiming significance."
    )
    yield words("No individual patient can be recognised in rebuilt data, and none should be sought there.")


def _shown(results: Results) -> bool:
    studies = results.tables.get("studies")
    return studies is not None and len(studies) > 0 and bool(compared_studies(results))
