"""Draw what is of all studies: the main estimate of every comparison in one forest, every rebuilt group on a page."""

from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from resurvey import plan, results
from resurvey.cautions import cautions, endpoints_of, marks_of, rests_on
from resurvey.evidence_grade import Bases
from resurvey.figures.gallery_multiples import multiples_drawings
from resurvey.figures.gallery_overview import overview_drawings
from resurvey.figures.save import save
from resurvey.labels import Labels
from resurvey.logs import log_to
from resurvey.tables import read_table

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

log_to(snakemake.log[0])
files = snakemake.input
labels = Labels.from_files(files.labels)
comparisons = results.read(results.ESTIMATES, Path(files.comparisons))
entries = [plan.comparison(entry) for entry in snakemake.params.comparisons]
accuracy = results.read(results.ACCURACY, Path(files.accuracy))
resting = {entry.id: rests_on(entry, comparisons, accuracy) for entry in entries}
typed = {Path(path).stem: read_table(Path(path)) for path in files.typed}
found = cautions(entries, resting, results.read(results.CHECKS, Path(files.checks)), endpoints_of(typed.values()))
nothing = pd.DataFrame()
bases = Bases.from_tables(comparisons, typed.get("studies", nothing), typed.get("hazard_ratios", nothing))
grades = {entry.id: bases.grade(entry) for entry in entries}
drawn = overview_drawings(comparisons, labels, files.comparisons, grades, marks_of(found))
if files.curves:
    curves = results.join(results.CURVES, [Path(path) for path in files.curves])
    drawn += multiples_drawings(curves, results.read(results.FACTS, Path(files.facts)), labels, files.facts)
save(drawn, Path(snakemake.output[0]))
