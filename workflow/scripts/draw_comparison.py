"""Draw comparisons each by its kind into a folder of its own."""

from pathlib import Path
from typing import TYPE_CHECKING

from resurvey import plan, results
from resurvey.figures.gallery_comparison import Shown, comparison_drawings
from resurvey.figures.save import save
from resurvey.labels import Labels
from resurvey.logs import log_to

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

log_to(snakemake.log[0])
files = snakemake.input
labels = Labels.from_files(files.labels)
entries = [plan.comparison(entry) for entry in snakemake.params.entries]
shown = Shown(**snakemake.params.shown)
for entry, folder, target in zip(entries, files.comparisons, snakemake.output.folders, strict=True):
    made = results.read_folder(Path(folder))
    save(comparison_drawings(entry, made, labels, folder, shown), Path(target))
