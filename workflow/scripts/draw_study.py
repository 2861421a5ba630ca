"""Draw the rebuilt arms of a study or several, side by side and beside what was printed."""

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
for number, target in enumerate(snakemake.output.folders):
    curves, facts = files.curves[number], files.facts[number]
    study = StudyResults(
        curves=results.read(results.CURVES, Path(curves)),
        facts=results.read(results.FACTS, Path(facts)),
        accuracy=results.read(results.ACCURACY, Path(files.accuracy[number])),
        patients=tables.read_parquet(Path(files.patients[number])),
    )
    labels = Labels.from_files(snakemake.params.labels[number])
    save(study_drawings(study, labels, {"curves": curves, "facts": facts}), Path(target))
