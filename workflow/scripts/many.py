"""Read a batch of papers, or digitise a batch of figures; each file is a row, also where it failed."""

from pathlib import Path
from typing import TYPE_CHECKING

from resurvey import many
from resurvey.folders import made_anew
from resurvey.logs import log_to

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

log_to(snakemake.log[0])
files = list(zip(map(Path, snakemake.input), snakemake.params.names, strict=True))
with made_anew(Path(snakemake.output.folder)) as folder:
    many.process(snakemake.wildcards.kind, files, folder)
