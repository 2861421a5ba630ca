"""Rebuild the patients of every arm of one study, and say how well they fit what was printed."""

from pathlib import Path
from typing import TYPE_CHECKING

from resurvey import results, tables, typedfiles
from resurvey.logs import log_to
from resurvey.reconstruct import blocks, kinds, sources
from resurvey.reconstruct.study_tables import ensemble_curves

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

log_to(snakemake.log[0])
study = snakemake.wildcards.study
curves = Path(next(iter(snakemake.input.curves), "")).parent
typed = typedfiles.read(snakemake.input.typed)
parts = blocks.rebuild_blocks(
    typed,
    study,
    replicates=snakemake.params.replicates,
    block=snakemake.params.block,
    seed=snakemake.params.seed,
    partitions=snakemake.params.partitions,
    curves=sources.curves_of(typed["curves"], study, curves, Path("data/processed/figures")),
    given=sources.kmdata_of(snakemake.params.kmdata, study),
    shapes=kinds.read_shapes(*map(Path, snakemake.input.shapes)),
)
made = blocks.join_blocks(parts)
tables.write_parquet(made.patients, Path(snakemake.output.patients))
results.write(results.ACCURACY, made.accuracy, Path(snakemake.output.accuracy))
results.write(results.FACTS, made.facts, Path(snakemake.output.facts))
results.write(results.CURVES, ensemble_curves(made.patients), Path(snakemake.output.curves))
