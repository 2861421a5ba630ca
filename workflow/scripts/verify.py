"""Stop the run when a check that did not come out has no ruling, or a ruling no check."""

from pathlib import Path
from typing import TYPE_CHECKING

from resurvey import tables
from resurvey.audit import adjudication
from resurvey.audit.verdicts import COLUMNS
from resurvey.logs import log_to

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

log_to(snakemake.log[0])
checks = tables.read_table(Path(snakemake.input.checks), text=COLUMNS)
rulings = tables.read_table(Path(snakemake.input.adjudications), text=adjudication.COLUMNS)
tables.write_text(adjudication.verify(checks, rulings), Path(snakemake.output[0]))
