"""One table of all files of all batches, in their order."""

from pathlib import Path
from typing import TYPE_CHECKING

from resurvey import many, tables
from resurvey.logs import log_to

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

log_to(snakemake.log[0])
tables.write_csv(tables.stack([Path(folder) / many.ROWS for folder in snakemake.input]), Path(snakemake.output[0]))
