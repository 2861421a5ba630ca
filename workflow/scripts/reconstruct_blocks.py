"""Rebuild some blocks of the ensembles of one study."""

from pathlib import Path
from typing import TYPE_CHECKING

from resurvey import tables, typedfiles
from resurvey.logs import log_to
from resurvey.reconstruct import blocks, curve_evidence, kinds

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
    which=snakemake.params.which,
    seed=snakemake.params.seed,
    partitions=snakemake.params.partitions,
    curves=curve_evidence.curves_of(typed["curves"], study, curves, Path("data/processed/figures")),
    given=curve_evidence.kmdata_of(snakemake.params.kmdata, study),
    shapes=kinds.read_shapes(*map(Path, snakemake.input.shapes)),
)
made = blocks.stacked(parts)
for name in blocks.PARTS:
    tables.write_parquet(getattr(made, name), Path(snakemake.output[name]))
