"""Gather the batches of KMDATA sets into one table, and sum it up on one page."""

from pathlib import Path
from typing import TYPE_CHECKING

from resurvey import tables
from resurvey.logs import log_to
from resurvey.reconstruct import bulk
from resurvey.reconstruct.formats import read_kmdata_key

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

log_to(snakemake.log[0])
gathered = tables.stack([Path(path) for path in snakemake.input.batches]).sort_values("set_id", ignore_index=True)
tables.write_csv(gathered, Path(snakemake.output.table))
typed = tables.read_table(Path(snakemake.output.table))
tables.write_csv(bulk.summarise(typed, read_kmdata_key(snakemake.input.key)), Path(snakemake.output.summary))
