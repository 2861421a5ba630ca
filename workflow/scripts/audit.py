"""Recompute every printed number and write the verdicts, their summary and a page a paper."""

from pathlib import Path
from typing import TYPE_CHECKING

from resurvey import audit, results, typedfiles, writing
from resurvey.audit import pages
from resurvey.audit.causes import with_causes
from resurvey.logs import log_to

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

log_to(snakemake.log[0])
typed = typedfiles.read(snakemake.input.typed)
checks = with_causes(audit.run(typed), typed)
results.write(results.CHECKS, checks, Path(snakemake.output.checks))
claims = pages.places(typed)
results.write(results.SUMMARY, pages.summary(checks, claims), Path(snakemake.output.summary))
citations = dict(zip(typed["sources"]["source_id"], typed["sources"]["citation"], strict=True))
for source, path in zip(snakemake.params.sources, snakemake.output.pages, strict=True):
    text = pages.page(source, checks, claims, typed["adjudications"], citations.get(source, ""))
    writing.write_text(text, Path(path))
