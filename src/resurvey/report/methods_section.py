"""The methods section with references, in the order of the workflow; the text is in `templates/methods.md.j2`."""

from __future__ import annotations

import csv
from importlib import resources
from pathlib import Path

from resurvey.report.document import Block, Cite, Reference, inlines
from resurvey.report.inputs import Results, rows
from resurvey.report.templating import render


def known_references() -> dict[str, Reference]:
    """Every reference that the report may cite, by key."""
    text = resources.files("resurvey.report").joinpath("references.csv").read_text(encoding="utf-8")
    return {row["key"]: Reference(**row) for row in csv.DictReader(text.splitlines())}


def methods(results: Results, own: Path | None = None) -> tuple[Block, ...]:
    """The methods section; `own` is a folder of a project's own templates."""
    kinds = {entry.kind for entry in results.choices.comparisons}
    arms = rows(results.accuracy)
    context = {
        "replicates": results.choices.replicates,
        "rebuilt": any(row["status"] == "rebuilt" for row in arms),
        "curves": any(row["evidence"] == "curve" for row in arms),
        "summaries": any(row["evidence"] == "summary" for row in arms),
        "paired": bool(len(results.facts)) and bool((results.facts["claim_id"].fillna("") != "").any()),
        "designs": bool(results.choices.designs),
        "kinds": kinds,
        "printed": bool(kinds & {"bucher", "pool", "network"}),
        "counted": bool(kinds & {"rates", "ratios"}),
    }
    return render("methods.md.j2", context, {}, own)


def cited_references(blocks: tuple[Block, ...]) -> tuple[Reference, ...]:
    """The references cited in the text, in order of first citation."""
    known = known_references()
    keys = [key for part in inlines(blocks) if isinstance(part, Cite) for key in part.keys]
    return tuple(known[key] for key in dict.fromkeys(keys))
