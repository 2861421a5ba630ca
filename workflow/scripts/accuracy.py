"""One table of all rebuilt arms, one of all printed facts beside their rebuilt values."""

from pathlib import Path
from typing import TYPE_CHECKING

from resurvey import tables
from resurvey.logs import log_to

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

log_to(snakemake.log[0])
for name in ("accuracy", "facts"):
    tables.write_csv(tables.stack([Path(path) for path in snakemake.input[name]]), Path(snakemake.output[name]))
