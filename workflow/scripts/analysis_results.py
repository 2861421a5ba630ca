"""Every computed number of the run in one table."""

from pathlib import Path
from typing import TYPE_CHECKING

from resurvey import results
from resurvey.logs import log_to
from resurvey.report.analysis_results import analysis_results

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

log_to(snakemake.log[0])
kinds = {"summary": results.SUMMARY, "accuracy": results.ACCURACY, "comparisons": results.ESTIMATES}
read = {name: results.read(table, Path(snakemake.input[name])) for name, table in kinds.items()}
designs = {Path(path).stem: results.read(results.DESIGN, Path(path)) for path in snakemake.input.designs}
results.write(results.ANALYSIS, analysis_results(**read, designs=designs), Path(snakemake.output[0]))
