"""Draw what is of all studies: the main estimate of every comparison in one forest, every rebuilt group on a page."""

from pathlib import Path
from typing import TYPE_CHECKING

from resurvey import results
from resurvey.figures.gallery_multiples import multiples_drawings
from resurvey.figures.gallery_overview import overview_drawings
from resurvey.figures.save import save
from resurvey.labels import Labels
from resurvey.logs import log_to

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

log_to(snakemake.log[0])
files = snakemake.input
labels = Labels.from_files(files.labels)
comparisons = results.read(results.ESTIMATES, Path(files.comparisons))
drawn = overview_drawings(comparisons, labels, files.comparisons)
if files.curves:
    curves = results.join(results.CURVES, [Path(path) for path in files.curves])
    drawn += multiples_drawings(curves, results.read(results.FACTS, Path(files.facts)), labels, files.facts)
save(drawn, Path(snakemake.output[0]))
