"""Every computed number of the run in one table."""

from pathlib import Path
from typing import TYPE_CHECKING

from resurvey import tables
from resurvey.logs import log_to
from resurvey.report.results import analysis_results

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

log_to(snakemake.log[0])
read = {name: tables.read_table(Path(snakemake.input[name])) for name in ("summary", "accuracy", "comparisons")}
designs = {Path(path).stem: tables.read_table(Path(path)) for path in snakemake.input.designs}
tables.write_csv(analysis_results(**read, designs=designs), Path(snakemake.output[0]))
