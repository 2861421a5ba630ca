"""Join the blocks of one study's ensembles, rebuilt by several jobs, to what one job would have made of them."""

from pathlib import Path
from typing import TYPE_CHECKING

from resurvey import results, tables, typedfiles
from resurvey.logs import log_to
from resurvey.reconstruct import blocks, curve_evidence, kinds
from resurvey.reconstruct.study import RebuiltStudy
from resurvey.reconstruct.study_tables import ensemble_curves

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

log_to(snakemake.log[0])
files = zip(*(snakemake.input[name] for name in blocks.PARTS), strict=True)
parts = [RebuiltStudy(*(tables.read_parquet(Path(path)) for path in part)) for part in files]
study, params = snakemake.wildcards.study, snakemake.params
typed = typedfiles.read(snakemake.input.typed)
curves = Path(next(iter(snakemake.input.curves), "")).parent
made = blocks.grown(
    blocks.unstacked(parts),
    typed,
    study,
    replicates=params.replicates,
    block=params.block,
    more=params.more,
    seed=params.seed,
    partitions=params.partitions,
    curves=curve_evidence.curves_of(typed["curves"], study, curves, Path("data/processed/figures")),
    given=curve_evidence.kmdata_of(params.kmdata, study),
    shapes=kinds.read_shapes(*map(Path, snakemake.input.shapes)),
)
tables.write_parquet(made.patients, Path(snakemake.output.patients))
results.write(results.ACCURACY, made.accuracy, Path(snakemake.output.accuracy))
results.write(results.FACTS, made.facts, Path(snakemake.output.facts))
results.write(results.CURVES, ensemble_curves(made.patients), Path(snakemake.output.curves))
