"""Set what printed numbers alone make of arms beside their digitised curves, study by study, in one table."""

from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from resurvey import results, typedfiles
from resurvey.compare.beside_curves import beside_curves
from resurvey.logs import log_to
from resurvey.reconstruct import curve_evidence, kinds

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

log_to(snakemake.log[0])
params = snakemake.params
shapes = kinds.read_shapes(*map(Path, snakemake.input.shapes))
made = []
for study, pieces, files in zip(params.studies, params.pieces, params.curves, strict=True):
    typed = typedfiles.read(pieces)
    curves = curve_evidence.curves_of(typed["curves"], study, Path(files[0]).parent, Path("data/processed/figures"))
    made += beside_curves(typed, study, curves, replicates=params.replicates, seed=params.seed, shapes=shapes).to_dict(
        "records"
    )
rows = pd.DataFrame(made, columns=results.BESIDE_CURVES.names)
results.write(results.BESIDE_CURVES, rows, Path(snakemake.output[0]))
