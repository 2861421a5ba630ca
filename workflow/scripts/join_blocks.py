"""Join the blocks of one study's ensembles, rebuilt by several jobs, to what one job would have made."""

from pathlib import Path
from typing import TYPE_CHECKING

from resurvey import results, tables
from resurvey.logs import log_to
from resurvey.reconstruct import blocks
from resurvey.reconstruct.study import RebuiltStudy
from resurvey.reconstruct.study_tables import ensemble_curves

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

log_to(snakemake.log[0])
files = zip(*(snakemake.input[name] for name in blocks.PARTS), strict=True)
parts = [RebuiltStudy(*(tables.read_parquet(Path(path)) for path in part)) for part in files]
made = blocks.join_blocks(blocks.unstacked(parts))
tables.write_parquet(made.patients, Path(snakemake.output.patients))
results.write(results.ACCURACY, made.accuracy, Path(snakemake.output.accuracy))
results.write(results.FACTS, made.facts, Path(snakemake.output.facts))
results.write(results.CURVES, ensemble_curves(made.patients), Path(snakemake.output.curves))
