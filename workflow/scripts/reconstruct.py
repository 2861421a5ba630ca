"""Rebuild the patients of every arm of a study or several, and say how well they fit what was printed."""

from pathlib import Path
from typing import TYPE_CHECKING

from resurvey import results, tables, typedfiles
from resurvey.logs import log_to
from resurvey.reconstruct import blocks, curve_evidence, kinds
from resurvey.reconstruct.study_tables import ensemble_curves

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

log_to(snakemake.log[0])
params, output = snakemake.params, snakemake.output
shapes = kinds.read_shapes(*map(Path, snakemake.input.shapes))
for number, study in enumerate(params.studies):
    curves = Path(next(iter(params.read["curves"][number]), "")).parent
    typed = typedfiles.read(params.read["pieces"][number])
    sources = {
        "seed": params.seed,
        "partitions": params.read["partitions"][number],
        "curves": curve_evidence.curves_of(typed["curves"], study, curves, Path("data/processed/figures")),
        "given": curve_evidence.kmdata_of(params.kmdata, study),
        "shapes": shapes,
    }
    asked = {"replicates": params.replicates, "block": params.block}
    parts = blocks.rebuild_blocks(typed, study, **asked, **sources)
    made = blocks.grown(parts, typed, study, more=params.more, **asked, **sources)
    tables.write_parquet(made.patients, Path(output.patients[number]))
    results.write(results.ACCURACY, made.accuracy, Path(output.accuracy[number]))
    results.write(results.FACTS, made.facts, Path(output.facts[number]))
    results.write(results.CURVES, ensemble_curves(made.patients), Path(output.curves[number]))
