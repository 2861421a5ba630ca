"""One table of all rebuilt arms, one of all printed facts beside their rebuilt values."""

from pathlib import Path
from typing import TYPE_CHECKING

from resurvey import results
from resurvey.logs import log_to

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

log_to(snakemake.log[0])
for name, table in (("accuracy", results.ACCURACY), ("facts", results.FACTS)):
    rows = results.join(table, [Path(path) for path in snakemake.input[name]])
    results.write(table, rows, Path(snakemake.output[name]))
