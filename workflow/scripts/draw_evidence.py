"""Draw the audit and what the documents themselves say: trials, ongoing trials, harms, dates."""

from pathlib import Path
from typing import TYPE_CHECKING

from resurvey import tables
from resurvey.about import without_notes
from resurvey.audit.context import read_typed
from resurvey.figures.gallery_evidence import evidence_drawings
from resurvey.figures.save import save
from resurvey.logs import log_to

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

log_to(snakemake.log[0])
files = snakemake.input
typed = without_notes({Path(path).stem: read_typed(Path(path)) for path in files.tables})
checks, claims = tables.read_table(Path(files.checks), text=["claim_ids"]), tables.read_table(Path(files.claims))
data = {"checks": files.checks} | {Path(path).stem: path for path in files.tables}
save(evidence_drawings(checks, claims, typed, snakemake.params.pages, data), Path(snakemake.output[0]))
