"""Read the curves of one figure, with what a person corrected, and set them beside what is printed."""

from pathlib import Path
from typing import TYPE_CHECKING

from resurvey import typedfiles
from resurvey.digitise import Reader, read_corrections
from resurvey.digitise.outputs import write_figure
from resurvey.digitise.typed_numbers import printed_of
from resurvey.folders import made_anew
from resurvey.logs import log_to

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

log_to(snakemake.log[0])
fixed = read_corrections(Path(snakemake.input.corrections[0])) if snakemake.input.corrections else None
figure = Path(snakemake.input.figure)
typed_files = Path(next(iter(snakemake.input.at_risk), "")).parent
printed = printed_of(typedfiles.read(snakemake.input.typed), figure.name, typed_files)
reader = Reader(figure)
made = reader.read(corrections=fixed, printed=printed, strict=False)
with made_anew(Path(snakemake.output.folder)) as folder:
    write_figure(made, reader.page.picture, folder, fixed)
