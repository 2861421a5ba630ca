"""Rebuild the patients of every arm of one study, and say how well they fit what was printed."""

from pathlib import Path
from typing import TYPE_CHECKING

from resurvey import clean, tables
from resurvey.logs import log_to
from resurvey.reconstruct.study import ensemble_curves, rebuild_study

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

log_to(snakemake.log[0])
typed = clean.tidy(tables.read_raw(Path(snakemake.input.raw[0]).parent))
made = rebuild_study(
    typed,
    snakemake.wildcards.study,
    replicates=snakemake.params.replicates,
    seed=snakemake.params.seed,
    partitions=snakemake.params.partitions,
)
tables.write_parquet(made.patients, Path(snakemake.output.patients))
tables.write_csv(made.accuracy, Path(snakemake.output.accuracy))
tables.write_csv(made.facts, Path(snakemake.output.facts))
tables.write_csv(ensemble_curves(made.patients), Path(snakemake.output.curves))
