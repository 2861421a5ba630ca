"""Make some of the bootstrap replicates of every standardised ratio of a batch of comparisons."""

from pathlib import Path
from typing import TYPE_CHECKING

from resurvey import plan, tables, typedfiles
from resurvey.compare.bootstrap import block_of
from resurvey.logs import log_to

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

log_to(snakemake.log[0])
params = snakemake.params
typed = typedfiles.read(snakemake.input.typed)
patients = {Path(path).stem: tables.read_parquet(Path(path)) for path in snakemake.input.patients}
entries = [plan.comparison(entry) for entry in params.entries]
made = block_of(entries, typed, patients, range(params.start, params.stop), params.seed)
tables.write_parquet(made, Path(snakemake.output[0]))
