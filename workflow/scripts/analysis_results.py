"""Every computed number of the run in one table."""

from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from resurvey import tables
from resurvey.logs import log_to
from resurvey.report.results import analysis_results

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

log_to(snakemake.log[0])
read = {name: pd.read_csv(snakemake.input[name]) for name in ("summary", "accuracy", "comparisons")}
designs = {Path(path).stem: pd.read_csv(path) for path in snakemake.input.designs}
tables.write_csv(analysis_results(**read, designs=designs), Path(snakemake.output[0]))
