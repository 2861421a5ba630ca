"""Compare a batch of KMDATA sets with their published hazard ratios."""

from pathlib import Path
from typing import TYPE_CHECKING

from resurvey import tables
from resurvey.logs import log_to
from resurvey.reconstruct import bulk
from resurvey.reconstruct.formats import read_kmdata_key

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

log_to(snakemake.log[0])
made = bulk.compare_files(list(snakemake.input.sets), read_kmdata_key(snakemake.input.key))
tables.write_csv(made, Path(snakemake.output[0]))
