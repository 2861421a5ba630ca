"""Draw the audit and what the documents themselves say: trials, ongoing trials, harms, dates."""

from pathlib import Path
from typing import TYPE_CHECKING

from resurvey import clean, results, store
from resurvey.figures.gallery_evidence import evidence_drawings
from resurvey.figures.save import save
from resurvey.logs import log_to

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

log_to(snakemake.log[0])
files = snakemake.input
typed = store.read(files.typed)
checks = results.read(results.CHECKS, Path(files.checks))
data = {"checks": files.checks} | {Path(path).stem: path for path in snakemake.params.tables}
save(evidence_drawings(checks, clean.claims(typed), typed, snakemake.params.pages, data), Path(snakemake.output[0]))
