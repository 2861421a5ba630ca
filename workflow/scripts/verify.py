"""Stop the run when an edition of the report could not be made, a finding has no ruling, or a ruling no check."""

from pathlib import Path
from typing import TYPE_CHECKING

from resurvey import not_made, results, tables, writing
from resurvey.audit import adjudication
from resurvey.errors import ResurveyError
from resurvey.logs import log_to

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

log_to(snakemake.log[0])
missing = not_made.read(Path(snakemake.input.failed))
if len(missing):
    raise ResurveyError(not_made.complaint(missing))
checks = results.read(results.CHECKS, Path(snakemake.input.checks))
rulings = tables.read_table(Path(snakemake.input.adjudications), text=adjudication.COLUMNS)
writing.write_text(adjudication.verify(checks, rulings), Path(snakemake.output[0]))
