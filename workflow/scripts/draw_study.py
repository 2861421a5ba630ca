"""Draw the rebuilt arms of one study, side by side and beside what was printed."""

from pathlib import Path
from typing import TYPE_CHECKING

from resurvey import results, tables
from resurvey.figures.gallery import StudyResults, study_drawings
from resurvey.figures.labels import Labels
from resurvey.figures.save import save
from resurvey.logs import log_to

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

log_to(snakemake.log[0])
files = snakemake.input
results = StudyResults(
    curves=results.read(results.CURVES, Path(files.curves)),
    facts=results.read(results.FACTS, Path(files.facts)),
    accuracy=results.read(results.ACCURACY, Path(files.accuracy)),
    patients=tables.read_parquet(Path(files.patients)),
)
labels = Labels.from_tables({Path(path).stem: tables.read_table(Path(path)) for path in files.get("labels", [])})
save(study_drawings(results, labels, {"curves": files.curves, "facts": files.facts}), Path(snakemake.output[0]))
