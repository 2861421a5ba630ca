"""Type every raw table: printed text kept, values, rounding intervals, months and proportions beside it."""

from pathlib import Path
from typing import TYPE_CHECKING

from resurvey import clean, tables, typedfiles
from resurvey.logs import log_to

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

log_to(snakemake.log[0])
typed = typedfiles.read(snakemake.input.typed)
for name, path in zip(typed, snakemake.output.tables, strict=True):
    tables.write_csv(typed[name], Path(path), digits=tables.TYPED_DIGITS)
tables.write_csv(clean.claims(typed), Path(snakemake.output.claims))
