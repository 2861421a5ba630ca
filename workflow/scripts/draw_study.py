"""Draw the rebuilt arms of each study, side by side and beside what was printed, into a folder of its own."""

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
labels = Labels.from_tables({Path(path).stem: tables.read_table(Path(path)) for path in files.get("labels", [])})
studies = zip(files.curves, files.facts, files.accuracy, files.patients, snakemake.output.folders, strict=True)
for curves, facts, accuracy, patients, folder in studies:
    study = StudyResults(
        curves=results.read(results.CURVES, Path(curves)),
        facts=results.read(results.FACTS, Path(facts)),
        accuracy=results.read(results.ACCURACY, Path(accuracy)),
        patients=tables.read_parquet(Path(patients)),
    )
    save(study_drawings(study, labels, {"curves": curves, "facts": facts}), Path(folder))
