"""All estimates in one table, comparison by comparison in the order of the config."""

from pathlib import Path
from typing import TYPE_CHECKING

from resurvey import tables
from resurvey.logs import log_to

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

log_to(snakemake.log[0])
tables.write_csv(
    tables.stack([Path(folder) / "estimates.csv" for folder in snakemake.input]), Path(snakemake.output[0])
)
