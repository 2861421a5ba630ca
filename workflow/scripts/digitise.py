"""Read the curves of one figure, with what a person corrected."""

from pathlib import Path
from typing import TYPE_CHECKING

from resurvey.digitise import Reader, read_corrections
from resurvey.digitise.outputs import write_figure
from resurvey.folders import made_anew
from resurvey.logs import log_to

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

log_to(snakemake.log[0])
fixed = read_corrections(Path(snakemake.input.corrections[0])) if snakemake.input.corrections else None
reader = Reader(Path(snakemake.input.figure))
made = reader.read(corrections=fixed)
with made_anew(Path(snakemake.output.folder)) as folder:
    write_figure(made, reader.page.picture, folder, fixed)
