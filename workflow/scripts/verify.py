"""Stop the run when a check that did not come out has no ruling, or a ruling no check."""

from pathlib import Path
from typing import TYPE_CHECKING

from resurvey import files, results, tables
from resurvey.audit import adjudication
from resurvey.logs import log_to

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

log_to(snakemake.log[0])
checks = results.read(results.CHECKS, Path(snakemake.input.checks))
rulings = tables.read_table(Path(snakemake.input.adjudications), text=adjudication.COLUMNS)
files.write_text(adjudication.verify(checks, rulings), Path(snakemake.output[0]))
