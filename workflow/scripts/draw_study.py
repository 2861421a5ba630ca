"""Draw the rebuilt arms of a study, side by side and beside what was printed."""

from pathlib import Path
from typing import TYPE_CHECKING

from resurvey import results, tables
from resurvey.figures.gallery import StudyResults, study_drawings
from resurvey.figures.save import save
from resurvey.labels import Labels
from resurvey.logs import log_to

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

log_to(snakemake.log[0])
files = snakemake.input
study = StudyResults(
    curves=results.read(results.CURVES, Path(files.curves)),
    facts=results.read(results.FACTS, Path(files.facts)),
    accuracy=results.read(results.ACCURACY, Path(files.accuracy)),
    patients=tables.read_parquet(Path(files.patients)),
)
sources = {"curves": files.curves, "facts": files.facts}
save(study_drawings(study, Labels.from_files(files.labels), sources), Path(snakemake.output[0]))
