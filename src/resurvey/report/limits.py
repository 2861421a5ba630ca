"""The limits section: what this report cannot show; the text is in `templates/limits.md.j2`."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from resurvey.plan import NetworkComparison, PoolComparison
from resurvey.report.document import Block
from resurvey.report.estimate_rows import estimates_of, weighted_ratios, within_one_study
from resurvey.report.evidence_section import compared_studies
from resurvey.report.inputs import Results, rows
from resurvey.report.templating import render


def limits(results: Results, own: Path | None = None) -> tuple[Block, ...]:
    """The limits section; `own` is a folder of a project's own templates."""
    entries = results.choices.comparisons
    sources = results.tables.get("sources", pd.DataFrame())
    rebuilt = [row for row in rows(results.accuracy) if row["status"] == "rebuilt"]
    context = {
        "second": sum(row.get("read_as") in ("abstract", "elsewhere") for row in rows(sources)),
        "sources": len(sources),
        "summaries": sum(row["evidence"] == "summary" for row in rebuilt),
        "patients": any(entry.patient_groups and not within_one_study(entry) for entry in entries),
        "transitivity": len(results.tables.get("studies", ())) > 0 and bool(compared_studies(results)),
        "weighted": any(weighted_ratios(estimates_of(results, entry.id)) for entry in entries),
        "comparisons": len(entries),
        "rebuilt": len(rebuilt),
        "pooled": any(isinstance(entry, PoolComparison | NetworkComparison) for entry in entries),
        "network": any(isinstance(entry, NetworkComparison) for entry in entries),
    }
    return render("limits.md.j2", context, {}, own)
